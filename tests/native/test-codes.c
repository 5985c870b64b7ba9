/*
 * The codes that the world outside the library raises, through the native door: what is made true first,
 * what is called then, code and exact text. Nothing is injected. What calls raise by themselves, test-key.c
 * and test-session.c have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "huks/huks_user_auth.h"

#include "conditions.h"
#include "native.h"

#define DATABASE in_store("token-0.db")
#define ROOT_KEY in_store("root.key")

static const char no_mount[] = "mounts are not allowed here";
static const char no_root[] = "only root can do this";
static const char no_room[] = "a sanitizer needs all the address space there is";

static uint8_t bulk[9 * 1024]; /* close to the largest key */
static set *aes, *ecc, *signing, *large;

/* ---- Calls --------------------------------------------------------------------------------------------- */

static struct OH_Huks_Result generate(void)
{
    return OH_Huks_GenerateKeyItem(NAME("new"), aes, NULL);
}

/* More than the space that the log keeps. */
static struct OH_Huks_Result generate_large(void)
{
    struct OH_Huks_Result result = {0, "", NULL};
    char name[4] = "";

    for (int i = 0; result.errorCode == 0 && i < 80; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        result = OH_Huks_GenerateKeyItem(NAME(name), large, NULL);
    }
    return result;
}

static struct OH_Huks_Result exists(void)
{
    return OH_Huks_IsKeyItemExist(NAME("key"), NULL);
}

static struct OH_Huks_Result delete_key(void)
{
    return OH_Huks_DeleteKeyItem(NAME("key"), NULL);
}

static struct OH_Huks_Result list(void)
{
    struct OH_Huks_KeyAliasSet *aliases = NULL;

    return OH_Huks_ListAliases(no_params(), &aliases);
}

static struct OH_Huks_Result init(void)
{
    static struct session session;

    return begin(&session, "key", signing);
}

/* ---- Preparations -------------------------------------------------------------------------------------- */

static const char *nothing(void)
{
    return NULL;
}

/* What this process sees of files and may do with them is not the service's, which also looks at its places
 * first. */
static const char *elsewhere(void)
{
    return native_served() ? "files are the service's affair" : NULL;
}

static const char *disk_full(void)
{
    if (elsewhere() != NULL) {
        return elsewhere();
    }
    if (!move_to_small_disk(native_store(), 2048)) {
        return no_mount;
    }
    OK(exists());
    ck_assert(fill_disk(native_store()));
    return NULL;
}

static const char *file_at_its_limit(void)
{
    if (elsewhere() != NULL) {
        return elsewhere();
    }
    OK(exists());
    ck_assert(limit_file_size(32 * 1024));
    return NULL;
}

static const char *permissions(void)
{
    if (elsewhere() != NULL) {
        return elsewhere();
    }
    return heed_permissions() ? NULL : "the kernel keeps root's permissions";
}

static const char *store_not_writable(void)
{
    ck_assert(take_mode(native_store(), 0222));
    return permissions();
}

static const char *store_mounted_read_only(void)
{
    if (elsewhere() != NULL) {
        return elsewhere();
    }
    return mount_read_only(native_store()) ? NULL : no_mount;
}

static const char *no_store_to_be_made(void)
{
    configure("store = /proc/no-such-place/store\n");
    unsetenv("HUKS_STORE");
    return elsewhere();
}

static const char *database_unreadable(void)
{
    ck_assert(chmod(DATABASE, 0) == 0);
    return permissions();
}

static const char *root_key_unreadable(void)
{
    ck_assert(chmod(ROOT_KEY, 0) == 0);
    return permissions();
}

static const char *store_unreadable(void)
{
    ck_assert(chmod(native_store(), 0) == 0);
    return permissions();
}

static const char *database_empty(void)
{
    ck_assert(cut_file(DATABASE, 0));
    return NULL;
}

static const char *database_cut(void)
{
    ck_assert(cut_file(DATABASE, 16));
    return NULL;
}

static const char *root_key_cut(void)
{
    ck_assert(cut_file(ROOT_KEY, 7));
    return NULL;
}

static const char *anybody_writes(void)
{
    ck_assert(chmod(native_store(), 0777) == 0);
    return elsewhere();
}

static const char *anybody_writes_database(void)
{
    ck_assert(chmod(DATABASE, 0666) == 0);
    return NULL;
}

static const char *strangers_store(void)
{
    if (geteuid() != 0) {
        return no_root;
    }
    ck_assert(give_away(native_store(), 12345));
    return elsewhere();
}

static const char *other_root_key(void)
{
    ck_assert(damage_file(ROOT_KEY, 0, 32));
    return NULL;
}

static const char *no_root_key(void)
{
    ck_assert(unlink(ROOT_KEY) == 0);
    return NULL;
}

static void deletes(void)
{
    CHILD(delete_key().errorCode == 0);
}

static const char *deleted_elsewhere(void)
{
    OK(exists());
    in_child(deletes);
    return NULL;
}

static struct OH_Huks_Result collect(void)
{
    static uint8_t part[1 << 20];
    struct session session;
    struct OH_Huks_Result result = begin(&session, "edwards", signing);

    for (int i = 0; i < 4 && result.errorCode == 0; i++) {
        result = feed(&session, part, sizeof part);
    }
    return result;
}

/* First use allocates what stays; then nothing large can be had. */
static const char *no_memory_for_data(void)
{
    OK(OH_Huks_GenerateKeyItem(NAME("edwards"), SET(ALG(ED25519), SIZE(256), PURPOSE(SIGN)), NULL));
    signing = SET(ALG(ED25519), PURPOSE(SIGN));
    OK(generate());
    return limit_memory(512 << 10) ? NULL : no_room;
}

/* ---- Who must authenticate -------------------------------------------------------------------------------
 */

#define NO_CREDENTIAL "The credential does not exist."
#define NO_PASSWORD   "The device password is required but not set."
#define REFUSED       "The authentication token verification failed."
#define TOO_LATE      "This authentication token timed out."
#define VOIDED        "This credential is invalidated permanently."

static uint8_t auth_token[HUKS_AUTH_TOKEN_SIZE], challenge[HUKS_AUTH_CHALLENGE_SIZE];

static struct OH_Huks_Result generate_bound(uint32_t access, uint32_t challenge_type)
{
    return OH_Huks_GenerateKeyItem(NAME("bound"),
                                   SET(ALG(HMAC), SIZE(256), PURPOSE(MAC), DIGEST(SHA256), LEVEL(DE),
                                       NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, access),
                                       NUMBER(CHALLENGE_TYPE, challenge_type), NUMBER(AUTH_TIMEOUT, 1)),
                                   NULL);
}

static struct OH_Huks_Result bind_to_no_pin(void)
{
    return generate_bound(1, 0);
}

static struct OH_Huks_Result demand_a_password(void)
{
    return OH_Huks_GenerateKeyItem(
        NAME("bound"), SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT), TRUTH(IS_DEVICE_PASSWORD_SET, true)), NULL);
}

static void authenticate(const uint8_t *asked)
{
    const struct Huks_UserAuthRequest request = {
        .authType = OH_HUKS_USER_AUTH_TYPE_PIN,
        .pin = {4, (uint8_t *)(uintptr_t) "1234"},
        .challenge = {asked == NULL ? 0 : HUKS_AUTH_CHALLENGE_SIZE, (uint8_t *)(uintptr_t)asked},
    };
    blob token = ROOM(auth_token);

    OK(Huks_UserAuth_Authenticate(&request, &token));
}

static const char *pin_is_set(void)
{
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    return NULL;
}

/* Begins on the bound key, and shows the token that is there, after `late` milliseconds. */
static struct OH_Huks_Result use_bound(bool answered, long late)
{
    static uint8_t mac[32];
    struct session session;
    blob given = ROOM(challenge), in = {4, (uint8_t *)(uintptr_t) "data"}, out = ROOM(mac);

    authenticate(NULL);
    const struct timespec nap = {late / 1000, late % 1000 * 1000000};
    (void)nanosleep(&nap, NULL);
    session.handle = (blob)ROOM(session.bytes);
    OK(OH_Huks_InitSession(NAME("bound"), SET(ALG(HMAC), PURPOSE(MAC), DIGEST(SHA256), LEVEL(DE)),
                           &session.handle, &given));
    if (answered) {
        authenticate(challenge);
    }
    return OH_Huks_FinishSession(&session.handle,
                                 SET(ALG(HMAC), BYTES(AUTH_TOKEN, auth_token, sizeof auth_token)), &in, &out);
}

static struct OH_Huks_Result use_unanswered(void)
{
    OK(generate_bound(4, 0));
    return use_bound(false, 0);
}

static struct OH_Huks_Result use_answered(void)
{
    OK(generate_bound(4, 0));
    return use_bound(true, 0);
}

static struct OH_Huks_Result use_late(void)
{
    OK(generate_bound(4, 2));
    return use_bound(false, 1300);
}

static struct OH_Huks_Result use_after_clearing(void)
{
    authenticate(NULL); /* opens what dies with the PIN */
    OK(generate_bound(1, 0));
    OK(Huks_UserAuth_ClearPin(NAME("1234")));
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    return use_bound(true, 0);
}

/* ---- The table ----------------------------------------------------------------------------------------- */

#define NO_SPACE  "Insufficient storage space."
#define NO_SIZE   "Invalid file size."
#define NO_WRITE  "Failed to write the key file."
#define NO_OPEN   "Failed to open the key file."
#define NO_MALLOC "Malloc failed."

static const struct situation {
    const char *name;
    const char *(*prepare)(void);
    struct OH_Huks_Result (*act)(void);
    int32_t code;
    const char *text;
} situations[] = {
    {"disk full", disk_full, generate_large, 12000004, NO_SPACE},
    {"file as large as it may be", file_at_its_limit, generate_large, 12000004, NO_WRITE},
    {"store not writable: generate", store_not_writable, generate, 12000004, NO_WRITE},
    {"store not writable: delete", store_not_writable, delete_key, 12000004, NO_WRITE},
    {"store not writable: read", store_not_writable, exists, 0, "Success."},
    {"store mounted read-only", store_mounted_read_only, generate, 12000004, NO_WRITE},
    {"no place for a store", no_store_to_be_made, generate, 12000004,
     "Failed to make the store's directory."},
    {"database unreadable: exist", database_unreadable, exists, 12000004, NO_OPEN},
    {"database unreadable: list", database_unreadable, list, 12000004, NO_OPEN},
    {"database unreadable: init", database_unreadable, init, 12000004, NO_OPEN},
    {"database unreadable: generate", database_unreadable, generate, 12000004, NO_OPEN},
    {"root key unreadable", root_key_unreadable, exists, 12000004, NO_OPEN},
    {"store unreadable", store_unreadable, exists, 12000004, "Failed to read the store's directory."},
    {"database empty", database_empty, exists, 12000004, NO_SIZE},
    {"database cut", database_cut, exists, 12000004, NO_SIZE},
    {"root key cut", root_key_cut, exists, 12000004, NO_SIZE},

    {"key deleted by another process: init", deleted_elsewhere, init, 12000011, TEXT_ENTITY},
    {"key deleted by another process: delete", deleted_elsewhere, delete_key, 12000011, TEXT_ENTITY},

    {"store that anybody writes", anybody_writes, exists, 12000012, TEXT_ABNORMAL},
    {"store of another user", strangers_store, exists, 12000012, TEXT_ABNORMAL},
    {"database that anybody writes", anybody_writes_database, exists, 12000012, TEXT_ABNORMAL},
    {"another root key", other_root_key, exists, 12000012, TEXT_ABNORMAL},
    {"no root key", no_root_key, exists, 12000012, TEXT_ABNORMAL},

    {"no memory: collected data", no_memory_for_data, collect, 12000014, NO_MALLOC},

    {"bound to a PIN that is not set", nothing, bind_to_no_pin, 12000013, NO_CREDENTIAL},
    {"no device password", nothing, demand_a_password, 12000016, NO_PASSWORD},
    {"token of another challenge", pin_is_set, use_unanswered, 12000008, REFUSED},
    {"token of an hour ago", pin_is_set, use_late, 12000009, TOO_LATE},
    {"PIN cleared since", pin_is_set, use_after_clearing, 12000007, VOIDED},
    {"token that fits", pin_is_set, use_answered, 0, "Success."},

    {"nothing wrong", nothing, exists, 0, "Success."},
};

static void makes_store(void)
{
    CHILD(OH_Huks_GenerateKeyItem(NAME("key"), ecc, NULL).errorCode == 0);
}

START_TEST(situation)
{
    const struct situation *row = &situations[_i];
    const char *reason;

    memset(bulk, 7, sizeof bulk);
    aes = SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT));
    ecc = SET(ALG(ECC), SIZE(256), PURPOSE(SIGN));
    signing = SET(ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256));
    large = SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT), BYTES(INFO, bulk, sizeof bulk));
    in_child(makes_store); /* our own engine opens what it finds */
    reason = row->prepare();
    if (reason != NULL) {
        condition_skip(row->name, reason);
        return;
    }
    answer(__FILE__, __LINE__, row->name, row->code, row->text, row->act());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native codes");
    TCase *tcase = native_tcase(suite, "codes");

    tcase_add_loop_test(tcase, situation, 0, (int)(sizeof situations / sizeof situations[0]));
    return native_run(suite);
}
