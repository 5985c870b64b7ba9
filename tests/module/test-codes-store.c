/*
 * The codes that the world outside the module raises: the store's files, other processes, memory. Every
 * condition is made to happen; none is injected.
 */
#include "test-codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"

#define LIMIT 15

static const char no_mount[] = "mounts are not allowed here";
static const char no_root[] = "only root can do this";

static CK_OBJECT_HANDLE object;
static CK_BYTE bulk[256 * 1024]; /* more than the space that the log keeps */

static const char *in_store(const char *name)
{
    static char path[8192];

    snprintf(path, sizeof path, "%s/%s", store_path(), name);
    return path;
}

#define DATABASE in_store("token-0.db")
#define ROOT_KEY in_store("root.key")

/* ---- Calls --------------------------------------------------------------------------------------------- */

static CK_RV create(const char *label, bool token, bool hidden, size_t size)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_DATA);
    add_bool(&t, CKA_TOKEN, token);
    add_bool(&t, CKA_PRIVATE, hidden);
    add_text(&t, CKA_LABEL, label);
    add_bytes(&t, CKA_VALUE, bulk, size);
    return create_object(the_session, &t, &object);
}

static CK_RV create_large(void)
{
    return create("large", true, false, sizeof bulk);
}

static CK_RV create_small(void)
{
    return create("small", true, false, 16);
}

static CK_RV open_it(void)
{
    return open_session(the_slot, CKF_RW_SESSION, &the_session);
}

static CK_RV token_info(void)
{
    CK_TOKEN_INFO info;

    return p11->C_GetTokenInfo(the_slot, &info);
}

static CK_RV init_it(void)
{
    return init_token(the_slot, SO_PIN, "again");
}

static CK_RV list_slots(void)
{
    CK_ULONG count = 0;

    return p11->C_GetSlotList(CK_FALSE, NULL, &count);
}

static CK_RV login_user(void)
{
    return login(the_session, CKU_USER, USER_PIN);
}

static CK_RV get_value(void)
{
    CK_ATTRIBUTE value = {CKA_VALUE, bulk, sizeof bulk};

    return p11->C_GetAttributeValue(the_session, object, &value, 1);
}

static CK_RV destroy_it(void)
{
    return p11->C_DestroyObject(the_session, object);
}

/* ---- Preparations -------------------------------------------------------------------------------------- */

static void begin(void)
{
    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    the_session = open_rw();
    ok(login_user());
}

static const char *disk_full(void)
{
    if (!move_to_small_disk(store_path(), 2048)) {
        return no_mount;
    }
    begin();
    ck_assert(fill_disk(store_path()));
    return NULL;
}

static const char *file_at_its_limit(void)
{
    ck_assert(limit_file_size(sizeof bulk / 2));
    return NULL;
}

static const char *permissions(void)
{
    return heed_permissions() ? NULL : "the kernel keeps root's permissions";
}

static const char *store_not_writable(void)
{
    ck_assert(take_mode(store_path(), 0222));
    ck_assert(permissions() == NULL);
    begin();
    return NULL;
}

static const char *store_mounted_read_only(void)
{
    if (!mount_read_only(store_path())) {
        return no_mount;
    }
    begin();
    return NULL;
}

/* A slot's number stands before anything of the token is read. */
static void find_slot(void)
{
    CK_ULONG count = 1;

    ok(initialise());
    ck_assert(p11->C_GetSlotList(CK_FALSE, &the_slot, &count) == CKR_BUFFER_TOO_SMALL || count == 1);
    ck_assert(count >= 1);
    count = 8;
    CK_SLOT_ID slots[8];
    ok(p11->C_GetSlotList(CK_FALSE, slots, &count));
    the_slot = slots[0];
}

static const char *database_unreadable(void)
{
    ck_assert(chmod(DATABASE, 0) == 0);
    find_slot();
    return permissions();
}

static const char *root_key_unreadable(void)
{
    ck_assert(chmod(ROOT_KEY, 0) == 0);
    ck_assert(permissions() == NULL);
    find_slot();
    return NULL;
}

static const char *store_unreadable(void)
{
    const char *reason = permissions();

    ok(initialise());
    ck_assert(chmod(store_path(), 0) == 0);
    return reason;
}

static const char *database_empty(void)
{
    ck_assert(cut_file(DATABASE, 0));
    find_slot();
    return NULL;
}

static const char *database_cut(void)
{
    ck_assert(cut_file(DATABASE, 16));
    find_slot();
    return NULL;
}

static const char *root_key_cut(void)
{
    ck_assert(cut_file(ROOT_KEY, 7));
    find_slot();
    return NULL;
}

static const char *anybody_writes(void)
{
    ck_assert(chmod(store_path(), 0777) == 0);
    return NULL;
}

static const char *anybody_writes_database(void)
{
    ck_assert(chmod(DATABASE, 0666) == 0);
    find_slot();
    return NULL;
}

static const char *strangers_store(void)
{
    if (geteuid() != 0) {
        return no_root;
    }
    ck_assert(give_away(store_path(), 12345));
    return NULL;
}

static const char *other_root_key(void)
{
    ck_assert(damage_file(ROOT_KEY, 0, 32));
    find_slot();
    return NULL;
}

static const char *no_root_key(void)
{
    ck_assert(unlink(ROOT_KEY) == 0);
    find_slot();
    return NULL;
}

/* Its sealed bytes fill whole pages of the file, so the middle of them is nothing else's. */
static const char *record_damaged(void)
{
    begin();
    ok(create_large());
    ok(p11->C_Finalize(NULL));
    ck_assert(file_size(DATABASE) > (off_t)sizeof bulk);
    ck_assert(damage_file(DATABASE, file_size(DATABASE) / 2, 8));
    begin(); /* a search leaves it out, but the handle, which is computed, still means it */
    return NULL;
}

/* ---- Other processes ----------------------------------------------------------------------------------- */

static void destroys(void *label)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;

    child_expect(CKR_OK, initialise());
    child_holds(find_token(TOKEN_LABEL, &the_slot));
    child_expect(CKR_OK, open_session(the_slot, CKF_RW_SESSION, &the_session));
    child_expect(CKR_OK, login_user());
    add_text(&t, CKA_LABEL, label);
    child_expect(CKR_OK, p11->C_FindObjectsInit(the_session, t.list, t.count));
    child_expect(CKR_OK, p11->C_FindObjects(the_session, found, 2, &count));
    child_holds(count == 1);
    child_expect(CKR_OK, p11->C_FindObjectsFinal(the_session));
    child_expect(CKR_OK, p11->C_DestroyObject(the_session, found[0]));
    child_expect(CKR_OK, p11->C_Finalize(NULL));
}

static const char *destroyed_elsewhere(void)
{
    ok(create_small());
    child_run(destroys, (void *)(uintptr_t) "small");
    return NULL;
}

static const char *key_destroyed_elsewhere(void)
{
    struct template t = {.count = 0};

    add_bool(&t, CKA_TOKEN, true);
    add_text(&t, CKA_LABEL, "key");
    object = import_aes(the_session, 16, &t);
    child_run(destroys, (void *)(uintptr_t) "key");
    return NULL;
}

static CK_RV encrypt_with(CK_SESSION_HANDLE session)
{
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};

    return p11->C_EncryptInit(session, &ecb, object);
}

static CK_RV encrypt(void)
{
    return encrypt_with(the_session);
}

static CK_RV wrap(void)
{
    CK_MECHANISM key_wrap = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_OBJECT_HANDLE wrapped = import_aes(the_session, 16, NULL);
    CK_ULONG length = sizeof bulk;

    return p11->C_WrapKey(the_session, &key_wrap, object, wrapped, bulk, &length);
}

/* Nobody waits: the sessions are counted, not timed. */
static void begin_without_waiting(void)
{
    char reserved[] = "session_wait_ms=0";
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = reserved};

    ok(p11->C_Initialize(&args));
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    the_session = open_rw();
    ok(login_user());
    object = import_aes(the_session, 16, NULL);
}

static void hold(int count)
{
    for (int i = 0; i < count; i++) {
        ok(encrypt_with(open_rw()));
    }
}

static const char *sessions_taken(void)
{
    begin_without_waiting();
    hold(LIMIT);
    return NULL;
}

static int go[2], ready[2];

/* Ends with the pipe's other end: with the test's process. */
static void holds_sessions(void)
{
    char byte = 0;

    close(go[1]);
    close(ready[0]);
    begin_without_waiting();
    hold(LIMIT - 7);
    _exit(write(ready[1], &byte, 1) == 1 && read(go[0], &byte, 1) >= 0 ? 0 : 1);
}

static const char *sessions_taken_by_two(void)
{
    char byte;

    ck_assert(pipe(go) == 0 && pipe(ready) == 0);
    if (fork() == 0) {
        holds_sessions();
    }
    close(go[0]);
    close(ready[1]);
    ck_assert_msg(read(ready[0], &byte, 1) == 1, "the other process failed");
    begin_without_waiting();
    hold(7);
    return NULL;
}

/* ---- Memory -------------------------------------------------------------------------------------------- */

enum { MUCH = 64 << 20 };

static CK_BYTE *much;

static const char *no_memory(void)
{
    much = calloc(1, MUCH);
    ck_assert(much != NULL);
    /* First use allocates what stays; only the call in question is to fail. */
    ok(create_small());
    return limit_memory(MUCH / 2) ? NULL : "a sanitizer needs all the address space there is";
}

static CK_RV create_much(void)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_DATA);
    add_bool(&t, CKA_TOKEN, false);
    add_bytes(&t, CKA_VALUE, much, MUCH);
    return create_object(the_session, &t, &object);
}

/* ---- The table ----------------------------------------------------------------------------------------- */

#define NO_SPACE   "Insufficient storage space."
#define NO_SIZE    "Invalid file size."
#define NO_WRITE   "Failed to write the key file."
#define NO_SESSION "The number of key operation sessions has reached the limit."
#define NO_ENTITY  "The entity does not exist."
#define ABNORMAL   "Device environment or input parameter abnormal."
#define NO_MALLOC  "Malloc failed."

static const struct situation situations[] = {
    {"disk full", setup_loaded, disk_full, create_large, CKR_DEVICE_MEMORY, 12000004, NO_SPACE, true},
    {"file as large as it may be", setup_user, file_at_its_limit, create_large, CKR_DEVICE_ERROR, 12000004,
     NO_WRITE, true},
    {"store not writable", setup_loaded, store_not_writable, create_small, CKR_TOKEN_WRITE_PROTECTED,
     12000004, NO_WRITE, true},
    {"store mounted read-only", setup_loaded, store_mounted_read_only, create_small,
     CKR_TOKEN_WRITE_PROTECTED, 12000004, NO_WRITE, true},
    {"database unreadable", setup_loaded, database_unreadable, init_it, CKR_DEVICE_ERROR, 12000004,
     "Failed to open the key file.", false},
    {"root key unreadable", setup_loaded, root_key_unreadable, init_it, CKR_DEVICE_ERROR, 12000004,
     "Failed to open the key file.", false},
    {"store unreadable", setup_loaded, store_unreadable, list_slots, CKR_DEVICE_ERROR, 12000004,
     "Failed to read the store's directory.", false},
    {"database empty", setup_loaded, database_empty, init_it, CKR_DEVICE_ERROR, 12000004, NO_SIZE, false},
    {"database cut", setup_loaded, database_cut, init_it, CKR_DEVICE_ERROR, 12000004, NO_SIZE, false},
    {"root key cut", setup_loaded, root_key_cut, init_it, CKR_DEVICE_ERROR, 12000004, NO_SIZE, false},

    {"sixteenth session", setup_loaded, sessions_taken, encrypt, CKR_SESSION_COUNT, 12000010, NO_SESSION,
     true},
    {"sixteenth session of two processes", setup_loaded, sessions_taken_by_two, encrypt, CKR_SESSION_COUNT,
     12000010, NO_SESSION, true},

    {"object destroyed by another process: get", setup_user, destroyed_elsewhere, get_value,
     CKR_OBJECT_HANDLE_INVALID, 12000011, NO_ENTITY, true},
    {"object destroyed by another process: destroy", setup_user, destroyed_elsewhere, destroy_it,
     CKR_OBJECT_HANDLE_INVALID, 12000011, NO_ENTITY, true},
    {"key destroyed by another process", setup_user, key_destroyed_elsewhere, encrypt, CKR_KEY_HANDLE_INVALID,
     12000011, NO_ENTITY, true},
    {"wrapping key destroyed by another process", setup_user, key_destroyed_elsewhere, wrap,
     CKR_WRAPPING_KEY_HANDLE_INVALID, 12000011, NO_ENTITY, true},

    {"store that anybody writes", setup_loaded, anybody_writes, initialise, CKR_GENERAL_ERROR, 12000012,
     ABNORMAL, false},
    {"store of another user", setup_loaded, strangers_store, initialise, CKR_GENERAL_ERROR, 12000012,
     ABNORMAL, false},
    {"database that anybody writes", setup_loaded, anybody_writes_database, open_it, CKR_TOKEN_NOT_RECOGNIZED,
     12000012, ABNORMAL, false},
    {"another root key: open", setup_loaded, other_root_key, open_it, CKR_TOKEN_NOT_RECOGNIZED, 12000012,
     ABNORMAL, false},
    {"another root key: information", setup_loaded, other_root_key, token_info, CKR_TOKEN_NOT_RECOGNIZED,
     12000012, ABNORMAL, false},
    {"no root key", setup_loaded, no_root_key, open_it, CKR_TOKEN_NOT_RECOGNIZED, 12000012, ABNORMAL, false},
    {"record damaged", setup_loaded, record_damaged, get_value, CKR_DEVICE_ERROR, 12000012, ABNORMAL, true},

    {"no memory", setup_user, no_memory, create_much, CKR_HOST_MEMORY, 12000014, NO_MALLOC, true},
};

START_TEST(situation)
{
    if (!is_reference()) {
        situation_check(&situations[_i]);
    }
}
END_TEST

int main(int argc, char **argv)
{
    return situations_run(argc, argv, "codes of the store", situation,
                          (int)(sizeof situations / sizeof situations[0]));
}
