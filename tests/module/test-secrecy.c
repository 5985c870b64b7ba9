/*
 * What a thief finds: in a copy of the store's files, in the store without its root key or without a PIN, and
 * in a core dump of a process that has a key open. The needles are planted by one process, used by another,
 * and looked for by a third, which is the test.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem */
#endif
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing of these stands in a process that did not plant them: they are made from a number. */
struct needles {
    CK_BYTE value[32], secret_id[24], label[24], data[24], public_label[24];
};

static struct needles needles(void)
{
    struct needles n;
    memset(&n, 0, sizeof n);
    CK_BYTE *bytes = (CK_BYTE *)&n;
    uint32_t state = 0x2545f491;

    for (size_t i = 0; i < sizeof n; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (CK_BYTE)(state >> 24);
    }
    return n;
}

static void plant(void *context)
{
    const struct needles *n = context;
    struct template key = {.count = 0};
    struct template data = {.count = 0};
    struct template public = {.count = 0};
    CK_OBJECT_HANDLE object;

    child_expect(CKR_OK, initialise());
    child_holds(find_token(TOKEN_LABEL, &the_slot));
    child_expect(CKR_OK, open_session(the_slot, CKF_RW_SESSION, &the_session));
    child_expect(CKR_OK, login(the_session, CKU_USER, USER_PIN));
    add_ulong(&key, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&key, CKA_KEY_TYPE, CKK_AES);
    add_bool(&key, CKA_TOKEN, true);
    add_bool(&key, CKA_ENCRYPT, true);
    add_bytes(&key, CKA_ID, n->secret_id, sizeof n->secret_id);
    add_bytes(&key, CKA_LABEL, n->label, sizeof n->label);
    add_bytes(&key, CKA_VALUE, n->value, sizeof n->value);
    child_expect(CKR_OK, create_object(the_session, &key, &object));
    add_ulong(&data, CKA_CLASS, CKO_DATA);
    add_bool(&data, CKA_TOKEN, true);
    add_bool(&data, CKA_PRIVATE, true);
    add_bytes(&data, CKA_LABEL, n->label, sizeof n->label);
    add_bytes(&data, CKA_VALUE, n->data, sizeof n->data);
    child_expect(CKR_OK, create_object(the_session, &data, &object));
    add_ulong(&public, CKA_CLASS, CKO_DATA);
    add_bool(&public, CKA_TOKEN, true);
    add_bool(&public, CKA_PRIVATE, false);
    add_bytes(&public, CKA_LABEL, n->public_label, sizeof n->public_label);
    child_expect(CKR_OK, create_object(the_session, &public, &object));
    child_expect(CKR_OK, p11->C_Finalize(NULL));
}

static void begin_stolen(void)
{
    struct needles n = needles();

    setup_loaded();
    child_run(plant, &n);
}

/* ---- Files ------------------------------------------------------------------------------------------------
 */

static size_t holds_bytes(const char *path, const void *needle, size_t size)
{
    struct stat status;
    size_t found = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = NULL;

    ck_assert(fd >= 0 && fstat(fd, &status) == 0);
    bytes = malloc((size_t)status.st_size + 1);
    ck_assert(bytes != NULL && read(fd, bytes, (size_t)status.st_size) == status.st_size);
    (void)close(fd);
    for (const char *at = bytes;
         (at = memmem(at, (size_t)(bytes + status.st_size - at), needle, size)) != NULL; at++) {
        found++;
    }
    free(bytes);
    return found;
}

static void expect_nowhere(const char *what, const void *needle, size_t size)
{
    DIR *dir = opendir(store_path());
    size_t files = 0;

    ck_assert(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[PATH_MAX + 300];
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", store_path(), entry->d_name);
        ck_assert_msg(holds_bytes(path, needle, size) == 0, "%s is in %s", what, entry->d_name);
        files++;
    }
    (void)closedir(dir);
    ck_assert(files >= 2);
}

START_TEST(files_show_nothing)
{
    struct needles n = needles();

    if (is_reference()) {
        return; /* the standard asks nothing of files */
    }
    expect_nowhere("a key", n.value, 16);
    expect_nowhere("half a key", n.value + 16, 16);
    expect_nowhere("an id", n.secret_id, sizeof n.secret_id);
    expect_nowhere("a label", n.label, sizeof n.label);
    expect_nowhere("private data", n.data, sizeof n.data);
    expect_nowhere("a PIN", USER_PIN, strlen(USER_PIN));
    expect_nowhere("the SO's PIN", SO_PIN, strlen(SO_PIN));
}
END_TEST

/* ---- Without the root key, without the PIN
 * ----------------------------------------------------------------- */

static CK_ULONG count_label(const CK_BYTE *label, size_t size)
{
    struct template t = {.count = 0};

    add_bytes(&t, CKA_LABEL, label, size);
    return count_objects(the_session, &t);
}

START_TEST(no_pin_no_private_object)
{
    struct needles n = needles();

    ok(initialise());
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    the_session = open_rw();
    ck_assert_uint_eq(count_label(n.label, sizeof n.label), 0);
    ck_assert_uint_eq(count_label(n.public_label, sizeof n.public_label), 1);
    ck_assert_uint_eq(count_objects(the_session, NULL), 1);
    ok(login(the_session, CKU_USER, USER_PIN));
    ck_assert_uint_eq(count_label(n.label, sizeof n.label), 2);
}
END_TEST

/* No PIN can even be tried: there is nothing to compare it with. */
START_TEST(no_root_key_nothing)
{
    char path[PATH_MAX + 32];

    if (is_reference()) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/root.key", store_path());
    ck_assert(unlink(path) == 0);
    ok(initialise());
    ck_assert(!find_token(TOKEN_LABEL, &the_slot));
    CK_SLOT_ID slots[2];
    CK_ULONG count = 2;
    ok(p11->C_GetSlotList(CK_FALSE, slots, &count));
    the_slot = slots[0];
    expect(CKR_TOKEN_NOT_RECOGNIZED, open_session(the_slot, CKF_RW_SESSION, &the_session));
    expect(CKR_TOKEN_NOT_RECOGNIZED, init_token(the_slot, SO_PIN, "anew"));
}
END_TEST

/* ---- Memory
 * ------------------------------------------------------------------------------------------------ */

static int orders[2], answers[2];

static void wait_for_order(void)
{
    char byte;

    child_holds(write(STDOUT_FILENO, "r", 1) == 1 && read(STDIN_FILENO, &byte, 1) == 1);
}

/* This program started anew, so that nothing of the test's own memory is in it: it knows the key by its
 * class. */
static int use_key(void)
{
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG count = 0;
    CK_BYTE block[16] = {0};
    CK_ULONG length = sizeof block;

    child_expect(CKR_OK, initialise());
    child_holds(find_token(TOKEN_LABEL, &the_slot));
    child_expect(CKR_OK, open_session(the_slot, 0, &the_session));
    child_expect(CKR_OK, login(the_session, CKU_USER, USER_PIN));
    child_expect(CKR_OK, p11->C_FindObjectsInit(the_session, &wanted, 1));
    child_expect(CKR_OK, p11->C_FindObjects(the_session, &key, 1, &count));
    child_expect(CKR_OK, p11->C_FindObjectsFinal(the_session));
    child_holds(count == 1);
    wait_for_order(); /* it could be opened */
    child_expect(CKR_OK, p11->C_EncryptInit(the_session, &ecb, key));
    wait_for_order(); /* at work */
    child_expect(CKR_OK, p11->C_Encrypt(the_session, block, sizeof block, block, &length));
    child_expect(CKR_OK, p11->C_Logout(the_session));
    wait_for_order(); /* closed */
    child_expect(CKR_OK, p11->C_Finalize(NULL));
    wait_for_order(); /* over */
    return EXIT_SUCCESS;
}

struct mapping {
    unsigned long from, to;
    bool readable, dumped;
};

static bool search(int memory, const struct mapping *mapping, const void *needle, size_t size)
{
    static char block[1 << 20];
    const size_t overlap = 64;

    for (unsigned long at = mapping->from; at < mapping->to; at += sizeof block - overlap) {
        size_t wanted = mapping->to - at < sizeof block ? mapping->to - at : sizeof block;
        ssize_t got = pread(memory, block, wanted, (off_t)at);
        if (got <= 0) {
            return false; /* vvar and the like */
        }
        if (memmem(block, (size_t)got, needle, size) != NULL) {
            return true;
        }
    }
    return false;
}

/* How many mappings hold the bytes: all of them, or those that a core dump would have. */
static size_t in_memory(pid_t process, const void *needle, size_t size, bool dumped_only)
{
    char path[64];
    char line[PATH_MAX + 128];
    struct mapping mapping = {0, 0, false, true};
    size_t found = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)process);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof path, "/proc/%d/smaps", (int)process);
    FILE *maps = fopen(path, "re");
    ck_assert(memory >= 0 && maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char permissions[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, permissions) == 3) {
            mapping = (struct mapping){from, to, permissions[0] == 'r', true};
        } else if (strncmp(line, "VmFlags:", 8) == 0) { /* the last line of each mapping */
            mapping.dumped = strstr(line, " dd") == NULL;
            if (mapping.readable && (mapping.dumped || !dumped_only)) {
                found += search(memory, &mapping, needle, size);
            }
        }
    }
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

static void go_on(void)
{
    char byte;

    ck_assert(write(orders[1], "g", 1) == 1 && read(answers[0], &byte, 1) == 1);
}

START_TEST(memory_forgets)
{
    struct needles n = needles();
    const char *sanitizer = getenv("HUKS_SANITIZER");
    char byte;
    int status = -1;

    if (is_reference() || (sanitizer != NULL && sanitizer[0] != '\0' && strcmp(sanitizer, "no") != 0 &&
                           strcmp(sanitizer, "none") != 0)) {
        return; /* sanitizers keep what was freed */
    }
    ck_assert(pipe(orders) == 0 && pipe(answers) == 0);
    pid_t child = fork();
    if (child == 0) {
        if (dup2(orders[0], STDIN_FILENO) >= 0 && dup2(answers[1], STDOUT_FILENO) >= 0) {
            (void)execl(harness_program(), harness_program(), "--use", (char *)NULL);
        }
        _exit(127);
    }
    ck_assert(child > 0 && read(answers[0], &byte, 1) == 1);
    ck_assert_uint_eq(in_memory(child, n.value, sizeof n.value, false), 0);
    ck_assert_uint_eq(in_memory(child, n.data, sizeof n.data, false), 0); /* nobody asked for it */
    go_on();
    if (is_served()) {
        ck_assert_uint_eq(in_memory(child, n.value, sizeof n.value, false), 0); /* it never came here */
    } else {
        /* Our copy lies in a page that no dump has; OpenSSL's prepared one is in the heap until the logout.
         */
        ck_assert(in_memory(child, n.value, sizeof n.value, false) >
                  in_memory(child, n.value, sizeof n.value, true));
    }
    go_on();
    ck_assert_uint_eq(in_memory(child, n.value, sizeof n.value, false), 0);
    go_on();
    ck_assert_uint_eq(in_memory(child, n.value, 16, false), 0);
    ck_assert_uint_eq(in_memory(child, n.label, sizeof n.label, false), 0);
    ck_assert(write(orders[1], "g", 1) == 1);
    ck_assert(waitpid(child, &status, 0) == child && status == 0);
}
END_TEST

static Suite *secrecy_suite(void)
{
    Suite *suite = suite_create("secrecy");
    TCase *tcase = add_tcase(suite, "a stolen store", begin_stolen);

    tcase_add_test(tcase, files_show_nothing);
    tcase_add_test(tcase, no_pin_no_private_object);
    tcase_add_test(tcase, no_root_key_nothing);
    tcase_add_test(tcase, memory_forgets);
    return suite;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--use") == 0) {
        return harness_load() ? use_key() : EXIT_FAILURE;
    }
    return harness_run(argc, argv, secrecy_suite());
}
