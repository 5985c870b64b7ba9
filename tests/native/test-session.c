/*
 * The life of OH_Huks_* sessions: what begins, keeps and ends one, how many there can be, threads and forks.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "native.h"

#define LIMIT 15

static uint8_t message[1000];
static uint8_t out[4096];

static void fill_message(void)
{
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 31 + i / 256);
    }
}

static set *ecdsa(uint32_t purpose)
{
    return SET(ALG(ECC), PURPOSE(purpose), DIGEST(SHA256));
}

static void make_key(const char *alias, uint32_t alg, uint32_t bits, uint32_t purpose)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME(alias), SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = alg}, SIZE(bits), PURPOSE(purpose)),
        NULL));
}

/* ---- Handles ------------------------------------------------------------------------------------------- */

START_TEST(handles)
{
    struct session all[5];
    uint8_t bytes[16];
    uint8_t challenge[32];
    blob token = ROOM(challenge);
    blob handle = {7, bytes};
    uint32_t number;

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(401, TEXT_BUFFER, OH_Huks_InitSession(NAME("key"), ecdsa(SIGN), &handle, NULL));
    handle.size = 16;
    OK(OH_Huks_InitSession(NAME("key"), ecdsa(SIGN), &handle, &token));
    ck_assert_uint_eq(handle.size, 8);
    ck_assert_uint_eq(token.size, 0); /* nothing to authenticate */
    OK(OH_Huks_AbortSession(&handle, ecdsa(SIGN)));
    for (int i = 0; i < 5; i++) {
        OK(begin(&all[i], "key", ecdsa(SIGN)));
        memcpy(&number, all[i].bytes, 4);
        ck_assert_uint_ne(number, 0);
        memcpy(&number, all[i].bytes + 4, 4);
        ck_assert_uint_eq(number, 0);
        for (int j = 0; j < i; j++) {
            ck_assert_mem_ne(all[i].bytes, all[j].bytes, 8);
        }
    }
    for (int i = 0; i < 5; i++) {
        OK(stop(&all[i]));
    }
}
END_TEST

START_TEST(unknown_handles)
{
    struct session s;
    uint8_t zero[8] = {0};
    blob in = {10, message};
    blob room = ROOM(out);
    set *params = ecdsa(SIGN);

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(12000011, TEXT_ENTITY, begin(&s, "no key", params));
    OK(begin(&s, "key", params));
    s.bytes[0] ^= 0x5a;
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, message, 10, out, &(uint32_t){sizeof out}));
    OK(stop(&s)); /* nothing to end is no error */
    s.bytes[0] ^= 0x5a;
    s.handle.size = 7;
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    s.handle.size = 8;
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_UpdateSession(&(blob){8, zero}, params, &in, &room));
    OK(feed(&s, message, 10)); /* all that time ours was alive */
    OK(stop(&s));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    OK(stop(&s));
}
END_TEST

/* What a caller does wrong before the session is looked at does not end it. */
START_TEST(null_pointers_end_nothing)
{
    struct session s;
    blob in = {10, message};
    blob room = ROOM(out);
    blob wrong = {10, NULL};
    set *params = ecdsa(SIGN);
    set *strange = SET({.tag = 0x2000ffff, .uint32Param = 1});

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NULL, params, &room, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NAME("key"), NULL, &room, NULL));
    EXPECT(401, TEXT_NULL, OH_Huks_InitSession(NAME("key"), params, NULL, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_InitSession(&wrong, params, &room, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_InitSession(NAME("key"), strange, &room, NULL));
    OK(begin(&s, "key", params));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(NULL, params, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(&s.handle, NULL, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(&s.handle, params, NULL, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_UpdateSession(&s.handle, params, &in, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_UpdateSession(&s.handle, params, &wrong, &room));
    EXPECT(401, TEXT_INVALID, OH_Huks_UpdateSession(&s.handle, params, &in, &wrong));
    EXPECT(401, TEXT_INVALID, OH_Huks_UpdateSession(&s.handle, strange, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(NULL, params, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(&s.handle, NULL, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(&s.handle, params, NULL, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_FinishSession(&s.handle, params, &in, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_FinishSession(&s.handle, strange, &in, &room));
    EXPECT(401, TEXT_NULL, OH_Huks_AbortSession(NULL, params));
    EXPECT(401, TEXT_NULL, OH_Huks_AbortSession(&s.handle, NULL));
    EXPECT(401, TEXT_INVALID, OH_Huks_AbortSession(&s.handle, strange));
    OK(finish(&s, message, 10, out, &(uint32_t){sizeof out}));
}
END_TEST

/* More than one call may bring ends nothing either. */
START_TEST(too_much_ends_nothing)
{
    static uint8_t large[(8 << 20) + 1];
    struct session s;

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    OK(begin(&s, "key", ecdsa(SIGN)));
    EXPECT(401, TEXT_INVALID, feed(&s, large, sizeof large));
    EXPECT(401, TEXT_INVALID, finish(&s, large, sizeof large, out, &(uint32_t){sizeof out}));
    OK(feed(&s, large, sizeof large - 1));
    OK(finish(&s, message, 10, out, &(uint32_t){sizeof out}));
}
END_TEST

/* No call of one session touches another. */
START_TEST(side_by_side)
{
    uint8_t first[100], second[100];
    uint32_t sizes[2] = {sizeof first, sizeof second};
    struct session a, b, v;

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN | VERIFY);
    OK(begin(&a, "key", ecdsa(SIGN)));
    OK(begin(&b, "key", ecdsa(SIGN)));
    OK(feed(&a, message, 100));
    OK(feed(&b, message, 50));
    EXPECT(401, TEXT_INVALID, feed(&a, NULL, 0)); /* the end of one */
    OK(feed(&b, message + 50, 50));
    OK(begin(&a, "key", ecdsa(SIGN)));
    OK(finish(&b, message + 100, 100, second, &sizes[1]));
    OK(finish(&a, message, 200, first, &sizes[0]));
    for (int i = 0; i < 2; i++) {
        OK(begin(&v, "key", ecdsa(VERIFY)));
        OK(feed(&v, message, 200));
        OK(finish(&v, i == 0 ? first : second, sizes[i], NULL, &(uint32_t){0}));
    }
}
END_TEST

/* Deleting a key leaves begun operations alone. */
START_TEST(key_deleted_meanwhile)
{
    struct session s;

    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    OK(begin(&s, "key", ecdsa(SIGN)));
    OK(OH_Huks_DeleteKeyItem(NAME("key"), NULL));
    OK(finish(&s, message, 10, out, &(uint32_t){sizeof out}));
    EXPECT(12000011, TEXT_ENTITY, begin(&s, "key", ecdsa(SIGN)));
}
END_TEST

/* ---- How many ------------------------------------------------------------------------------------------ */

static void begin_many(struct session *sessions, int count)
{
    for (int i = 0; i < count; i++) {
        OK(begin(&sessions[i], "key", ecdsa(SIGN)));
    }
}

static void makes_signing_key(void)
{
    set *params = SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY));

    CHILD(OH_Huks_GenerateKeyItem(NAME("key"), params, NULL).errorCode == 0);
}

START_TEST(sixteenth)
{
    struct session all[LIMIT], more;

    configure("session_wait_ms = 0\n");
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN | VERIFY);
    begin_many(all, LIMIT);
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", ecdsa(SIGN)));
    OK(stop(&all[3])); /* each way to an end gives one back */
    OK(begin(&all[3], "key", ecdsa(SIGN)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", ecdsa(SIGN)));
    OK(finish(&all[7], message, 10, out, &(uint32_t){sizeof out}));
    OK(begin(&all[7], "key", ecdsa(SIGN)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", ecdsa(SIGN)));
    EXPECT(401, TEXT_BUFFER, finish(&all[9], message, 10, out, &(uint32_t){3}));
    OK(begin(&all[9], "key", ecdsa(VERIFY)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", ecdsa(SIGN)));
    EXPECT(401, TEXT_INVALID, feed(&all[0], NULL, 0));
    OK(begin(&all[0], "key", ecdsa(SIGN)));
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", ecdsa(SIGN)));
    /* What fails to begin holds none; making keys needs none. */
    make_key("other", OH_HUKS_ALG_AES, 128, ENCRYPT);
    OK(stop(&all[1]));
    for (int i = 0; i < 3; i++) {
        EXPECT(12000011, TEXT_ENTITY, begin(&more, "no key", ecdsa(SIGN)));
        EXPECT(401, TEXT_INVALID, begin(&more, "key", SET(ALG(ECC), PURPOSE(SIGN))));
    }
    OK(begin(&all[1], "key", ecdsa(SIGN)));
    for (int i = 0; i < LIMIT; i++) {
        OK(stop(&all[i]));
    }
}
END_TEST

static int ready[2], go[2];

static void holds_eight(void)
{
    struct session all[8];
    char byte = 0;

    for (int i = 0; i < 8; i++) {
        CHILD(begin(&all[i], "key", ecdsa(SIGN)).errorCode == 0);
    }
    close(go[1]);
    CHILD(write(ready[1], &byte, 1) == 1);
    CHILD(read(go[0], &byte, 1) >= 0);
}

/* The service sees somebody's end a moment later than the kernel. */
static struct OH_Huks_Result begin_after(struct session *session)
{
    struct OH_Huks_Result begun = begin(session, "key", ecdsa(SIGN));

    for (int tries = 0; native_served() && begun.errorCode == 12000010 && tries < 10000; tries++) {
        (void)usleep(1000);
        begun = begin(session, "key", ecdsa(SIGN));
    }
    return begun;
}

START_TEST(sixteenth_of_two_processes)
{
    struct session all[8], more;
    char byte = 0;
    pid_t child;

    configure("session_wait_ms = 0\n");
    in_child(makes_signing_key); /* the store is there before anybody counts */
    ck_assert(pipe(ready) == 0 && pipe(go) == 0);
    child = fork();
    if (child == 0) {
        holds_eight();
        _exit(0); /* without giving anything back */
    }
    ck_assert(read(ready[0], &byte, 1) == 1);
    begin_many(all, 7);
    EXPECT(12000010, TEXT_LIMIT, begin(&more, "key", ecdsa(SIGN)));
    ck_assert(write(go[1], &byte, 1) == 1);
    child_ended(child);
    OK(begin_after(&all[7])); /* the dead hold nothing */
    for (int i = 0; i < 8; i++) {
        OK(stop(&all[i]));
    }
}
END_TEST

/* Who lies idle may lose his session to somebody who waits, and finds it gone. */
START_TEST(idle_ones_go)
{
    struct session all[2], more;
    int gone;

    configure("session_limit = 2\nsession_idle_s = 1\nsession_wait_ms = 60000\n");
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    OK(begin(&all[0], "key", ecdsa(SIGN)));
    OK(begin(&all[1], "key", ecdsa(SIGN)));
    OK(begin(&more, "key", ecdsa(SIGN)));
    gone = feed(&all[0], message, 10).errorCode != 0 ? 0 : 1;
    EXPECT(12000011, TEXT_ENTITY, feed(&all[gone], message, 10));
    EXPECT(12000011, TEXT_ENTITY, finish(&all[gone], message, 10, out, &(uint32_t){sizeof out}));
    OK(stop(&all[gone]));
    OK(finish(&all[1 - gone], message, 10, out, &(uint32_t){sizeof out}));
    OK(finish(&more, message, 10, out, &(uint32_t){sizeof out}));
}
END_TEST

/* ---- Threads and forks --------------------------------------------------------------------------------- */

enum { THREADS = 20, ROUNDS = 20 };

static struct {
    set *sign, *verify, *make;
    struct session shared;
} work;

/* More threads than sessions: some wait, none fails. */
static void *signs_often(void *argument)
{
    uint8_t signature[100];
    uint8_t text[4] = {0};
    uintptr_t wrong = 0;

    memcpy(text, &argument, 1);
    for (int i = 0; i < ROUNDS; i++) {
        struct session s;
        uint32_t size = sizeof signature;
        uint32_t nothing = 0;

        wrong += begin(&s, "key", work.sign).errorCode != 0;
        wrong += finish(&s, text, 4, signature, &size).errorCode != 0;
        wrong += begin(&s, "key", work.verify).errorCode != 0;
        wrong += feed(&s, text, 4).errorCode != 0;
        wrong += finish(&s, signature, size, NULL, &nothing).errorCode != 0;
    }
    return (void *)wrong;
}

static void *uses_shared(void *argument)
{
    uintptr_t wrong = 0;

    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        struct session mine = work.shared;
        int32_t code;

        mine.handle.data = mine.bytes;
        code = feed(&mine, message, 10).errorCode;
        wrong += code != 0 && code != 12000011; /* busy reads as unknown */
    }
    return (void *)wrong;
}

static void crew(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    void *wrong;

    for (uintptr_t i = 0; i < THREADS; i++) {
        ck_assert(pthread_create(&threads[i], NULL, body, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert(pthread_join(threads[i], &wrong) == 0);
        ck_assert_uint_eq((uintptr_t)wrong, 0);
    }
}

START_TEST(threads)
{
    configure("session_wait_ms = 60000\n");
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN | VERIFY);
    work.sign = ecdsa(SIGN);
    work.verify = ecdsa(VERIFY);
    crew(signs_often);
    OK(begin(&work.shared, "key", work.sign));
    crew(uses_shared);
    OK(stop(&(struct session){.handle = {8, work.shared.bytes}, .params = work.sign}));
}
END_TEST

/* Keys come and go under each thread's own aliases, and all replace one that is everybody's. */
static void *makes_keys(void *argument)
{
    const uint8_t name[] = {'t', (uint8_t)(uintptr_t)argument};
    const blob mine = {sizeof name, (uint8_t *)(uintptr_t)name};
    struct session session;
    uint8_t bytes[256] = {0};
    uintptr_t wrong = 0;

    for (int i = 0; i < ROUNDS / 2; i++) {
        struct OH_Huks_KeyAliasSet *aliases = NULL;
        blob key = ROOM(bytes);

        wrong += OH_Huks_GenerateKeyItem(&mine, work.make, NULL).errorCode != 0;
        wrong += OH_Huks_ExportPublicKeyItem(&mine, NULL, &key).errorCode != 0 || key.size != 91;
        wrong += OH_Huks_GenerateKeyItem(NAME("everybody's"), work.make, NULL).errorCode != 0;
        wrong += OH_Huks_IsKeyItemExist(NAME("everybody's"), NULL).errorCode != 0;
        key = (blob)ROOM(bytes);
        wrong += OH_Huks_ExportPublicKeyItem(NAME("everybody's"), NULL, &key).errorCode != 0;
        wrong += begin(&session, "everybody's", work.sign).errorCode != 0;
        wrong += stop(&session).errorCode != 0;
        wrong += OH_Huks_ListAliases(work.make, &aliases).errorCode != 0 || aliases == NULL;
        OH_Huks_FreeKeyAliasSet(aliases);
        wrong += OH_Huks_DeleteKeyItem(&mine, NULL).errorCode != 0;
        wrong += OH_Huks_IsKeyItemExist(&mine, NULL).errorCode != 12000011;
    }
    return (void *)wrong;
}

START_TEST(threads_make_keys)
{
    struct OH_Huks_KeyAliasSet *aliases = NULL;

    configure("session_wait_ms = 60000\n");
    work.make = SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY));
    work.sign = ecdsa(SIGN);
    crew(makes_keys);
    OK(OH_Huks_ListAliases(no_params(), &aliases));
    ck_assert_uint_eq(aliases->aliasesCnt, 1);
    OH_Huks_FreeKeyAliasSet(aliases);
}
END_TEST

static struct session before_fork;

static void goes_on_alone(void)
{
    struct session own;

    CHILD(feed(&before_fork, message, 10).errorCode == 12000011); /* the parent's */
    CHILD(finish(&before_fork, message, 10, out, &(uint32_t){sizeof out}).errorCode == 12000011);
    CHILD(stop(&before_fork).errorCode == 0); /* nothing to end, and the parent keeps it */
    CHILD(begin(&own, "key", ecdsa(SIGN)).errorCode == 0);
    CHILD(finish(&own, message, 10, out, &(uint32_t){sizeof out}).errorCode == 0);
}

START_TEST(forks)
{
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    OK(begin(&before_fork, "key", ecdsa(SIGN)));
    OK(feed(&before_fork, message, 10));
    in_child(goes_on_alone);
    OK(finish(&before_fork, message, 10, out, &(uint32_t){sizeof out}));
    ck_assert(true);
}
END_TEST

/* A derivation and an agreement, before and after their update, are the parent's alone, too. */
static struct session derivations[2], agreements[2];
static uint8_t peer_bytes[32];

static set *hkdf(void)
{
    return SET(ALG(HKDF), PURPOSE(DERIVE), DIGEST(SHA256), NUMBER(DERIVE_KEY_SIZE, 32));
}

static void derives_alone(void)
{
    struct session own;
    set *keeping = SET(ALG(AES), SIZE(256), PURPOSE(ENCRYPT), BYTES(KEY_ALIAS, "child's", 7),
                       NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT));

    for (int i = 0; i < 2; i++) {
        CHILD(feed(&derivations[i], NULL, 0).errorCode == 12000011);
        CHILD(finish(&agreements[i], NULL, 0, out, &(uint32_t){sizeof out}).errorCode == 12000011);
    }
    CHILD(begin(&own, "derives", hkdf()).errorCode == 0);
    CHILD(feed(&own, NULL, 0).errorCode == 0);
    own.params = keeping;
    CHILD(finish(&own, NULL, 0, out, &(uint32_t){sizeof out}).errorCode == 0);
}

START_TEST(forks_while_deriving)
{
    set *agree = SET(ALG(X25519), PURPOSE(AGREE));
    blob peer = ROOM(peer_bytes);
    uint8_t secrets[2][32];

    make_key("derives", OH_HUKS_ALG_AES, 256, DERIVE);
    make_key("agrees", OH_HUKS_ALG_X25519, 256, AGREE);
    OK(OH_Huks_ExportPublicKeyItem(NAME("agrees"), NULL, &peer));
    for (int i = 0; i < 2; i++) {
        OK(begin(&derivations[i], "derives", hkdf()));
        OK(begin(&agreements[i], "agrees", agree));
    }
    OK(feed(&derivations[1], NULL, 0));
    OK(feed(&agreements[1], peer_bytes, 32));
    in_child(derives_alone);
    OK(OH_Huks_IsKeyItemExist(NAME("child's"), NULL));
    OK(feed(&derivations[0], NULL, 0));
    OK(feed(&agreements[0], peer_bytes, 32));
    for (int i = 0; i < 2; i++) {
        OK(finish(&derivations[i], NULL, 0, secrets[i], &(uint32_t){32}));
    }
    ck_assert_mem_eq(secrets[0], secrets[1], 32);
    for (int i = 0; i < 2; i++) {
        OK(finish(&agreements[i], NULL, 0, secrets[i], &(uint32_t){32}));
    }
    ck_assert_mem_eq(secrets[0], secrets[1], 32);
}
END_TEST

static atomic_bool over;

/* In and out of sessions, and with one open at any instant. */
static void *is_busy(void *argument)
{
    uintptr_t wrong = 0;
    uint8_t signature[100];

    (void)argument;
    while (!atomic_load(&over)) {
        struct session s;
        uint32_t size = sizeof signature;

        wrong += begin(&s, "key", work.sign).errorCode != 0;
        wrong += feed(&s, message, 10).errorCode != 0;
        wrong += finish(&s, message, 10, signature, &size).errorCode != 0;
    }
    return (void *)wrong;
}

/* Whatever threads were doing at that instant: the child has none of their locks, and none of their sessions.
 */
START_TEST(forks_among_busy_threads)
{
    enum { BUSY = 3, FORKS = 20 };
    const char *sanitizer = getenv("HUKS_SANITIZER");
    pthread_t busy[BUSY];
    void *wrong;

    if (sanitizer != NULL && *sanitizer != '\0') {
        return; /* the sanitizers' own allocators do not survive a fork among busy threads */
    }
    configure("session_wait_ms = 60000\n");
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    work.sign = ecdsa(SIGN);
    OK(begin(&before_fork, "key", work.sign));
    for (int i = 0; i < BUSY; i++) {
        ck_assert(pthread_create(&busy[i], NULL, is_busy, NULL) == 0);
    }
    for (int i = 0; i < FORKS; i++) {
        in_child(goes_on_alone);
    }
    atomic_store(&over, true);
    for (int i = 0; i < BUSY; i++) {
        ck_assert(pthread_join(busy[i], &wrong) == 0);
        ck_assert_uint_eq((uintptr_t)wrong, 0);
    }
    OK(finish(&before_fork, message, 10, out, &(uint32_t){sizeof out}));
}
END_TEST

static void is_grandchild(void)
{
    struct session own;

    CHILD(feed(&before_fork, message, 10).errorCode == 12000011);
    CHILD(begin(&own, "key", work.sign).errorCode == 0);
    CHILD(finish(&own, message, 10, out, &(uint32_t){sizeof out}).errorCode == 0);
}

static void is_child(void)
{
    struct session own = {0};

    CHILD(begin(&own, "key", work.sign).errorCode == 0);
    before_fork = own;
    before_fork.handle.data = before_fork.bytes;
    in_child(is_grandchild);
    CHILD(finish(&own, message, 10, out, &(uint32_t){sizeof out}).errorCode == 0);
}

START_TEST(forks_again)
{
    make_key("key", OH_HUKS_ALG_ECC, 256, SIGN);
    work.sign = ecdsa(SIGN);
    OK(begin(&before_fork, "key", work.sign));
    in_child(is_child);
    OK(finish(&before_fork, message, 10, out, &(uint32_t){sizeof out}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native sessions");
    TCase *tcase = native_tcase(suite, "sessions");

    fill_message();
    tcase_add_test(tcase, handles);
    tcase_add_test(tcase, unknown_handles);
    tcase_add_test(tcase, null_pointers_end_nothing);
    tcase_add_test(tcase, too_much_ends_nothing);
    tcase_add_test(tcase, side_by_side);
    tcase_add_test(tcase, key_deleted_meanwhile);
    tcase_add_test(tcase, sixteenth);
    tcase_add_test(tcase, sixteenth_of_two_processes);
    tcase_add_test(tcase, idle_ones_go);
    tcase_add_test(tcase, threads);
    tcase_add_test(tcase, threads_make_keys);
    tcase_add_test(tcase, forks);
    tcase_add_test(tcase, forks_while_deriving);
    tcase_add_test(tcase, forks_among_busy_threads);
    tcase_add_test(tcase, forks_again);
    return native_run(suite);
}
