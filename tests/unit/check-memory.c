/* Byte views, buffers, and the arena of secrets. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/memory.h"

/* Under a sanitizer mlock() says yes and does nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED false
#endif

START_TEST(views)
{
    uint8_t data[3] = {1, 2, 3};
    uint8_t same[3] = {1, 2, 3};

    ck_assert(bytes_equal(BYTES_OF(data), BYTES_OF(same)));
    same[2] = 4;
    ck_assert(!bytes_equal(BYTES_OF(data), BYTES_OF(same)));
    ck_assert(!bytes_equal(BYTES_OF(data), bytes_of(data, 2)));
    ck_assert(bytes_equal(BYTES_NONE, BYTES_NONE));
    ck_assert(bytes_equal(BYTES_NONE, bytes_of(data, 0)));
}
END_TEST

START_TEST(buffers_grow)
{
    AUTO(buffer_free) struct buffer buffer = {0};

    for (uint32_t i = 0; i < 10000; i++) {
        ck_assert_int_eq(buffer_append(&buffer, &i, sizeof(i)), HUKS_OK);
    }
    ck_assert_uint_eq(buffer.size, 40000);
    for (uint32_t i = 0; i < 10000; i++) {
        ck_assert_int_eq(memcmp(buffer.data + i * 4, &i, 4), 0);
    }
    ck_assert_int_eq(buffer_append(&buffer, NULL, 0), HUKS_OK);
    ck_assert_uint_eq(buffer.size, 40000);
    ck_assert_int_eq(buffer_reserve(&buffer, 10), HUKS_OK);
    ck_assert_uint_eq(buffer.size, 40000);
    buffer_free(&buffer);
    ck_assert_ptr_null(buffer.data);
    ck_assert_int_eq(buffer_reserve(&buffer, 0), HUKS_OK);
    ck_assert_ptr_nonnull(buffer.data);
}
END_TEST

START_TEST(buffers_refuse_the_impossible)
{
    AUTO(buffer_free) struct buffer buffer = {0};

    ck_assert_int_eq(buffer_append(&buffer, "x", 1), HUKS_OK);
    ck_assert_int_eq(buffer_append(&buffer, "x", SIZE_MAX), HUKS_E_MEMORY);
    ck_assert_int_eq(error_about(), ABOUT_ALLOCATION);
    ck_assert_uint_eq(buffer.size, 1);
    ck_assert_int_eq(buffer.data[0], 'x');
}
END_TEST

START_TEST(cleansing)
{
    uint8_t data[64];

    memset(data, 0x5A, sizeof(data));
    memory_cleanse(data + 1, 62);
    ck_assert_int_eq(data[0], 0x5A);
    ck_assert_int_eq(data[63], 0x5A);
    for (size_t i = 1; i < 63; i++) {
        ck_assert_int_eq(data[i], 0);
    }
    memory_cleanse(NULL, 0);
    memory_cleanse(NULL, 5);
}
END_TEST

START_TEST(texts)
{
    AUTO(memory_free_ptr) char *copy = text_copy("a text");
    AUTO(memory_free_ptr) char *empty = text_copy("");
    AUTO(memory_free_ptr) char *made = text_format("%s/%d%.*s", "token", 12, 2, "-wal");
    ck_assert_str_eq(copy, "a text");
    ck_assert_str_eq(empty, "");
    ck_assert_str_eq(made, "token/12-w");
    uint64_t *numbers = memory_resize(NULL, 3, sizeof(*numbers));
    ck_assert_ptr_nonnull(numbers);
    numbers[2] = 7;
    ck_assert_ptr_null(memory_resize(numbers, SIZE_MAX / 4, 8)); /* and they are as they were */
    uint64_t *more = memory_resize(numbers, 300, sizeof(*more));
    ck_assert_ptr_nonnull(more);
    ck_assert_uint_eq(more[2], 7);
    free(more);
}
END_TEST

START_TEST(peeking)
{
    uint64_t number = 0x1122334455667788u, copy = 0;
    ck_assert(memory_peek((uintptr_t)&number, &copy, sizeof(copy)));
    ck_assert_uint_eq(copy, number);
    ck_assert(!memory_peek(0, &copy, sizeof(copy)));
    ck_assert(!memory_peek(4096, &copy, sizeof(copy)));
    ck_assert(!memory_peek(UINTPTR_MAX - 3, &copy, sizeof(copy)));
    ck_assert(!memory_peek((uintptr_t)&number, &copy, SIZE_MAX));

    long size = sysconf(_SC_PAGESIZE);
    uint8_t *pages = mmap(NULL, 2 * (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(pages != MAP_FAILED);
    ck_assert_int_eq(munmap(pages + size, (size_t)size), 0);
    ck_assert(memory_peek((uintptr_t)pages + (uintptr_t)size - 8, &copy, sizeof(copy)));
    ck_assert(!memory_peek((uintptr_t)pages + (uintptr_t)size - 4, &copy, sizeof(copy)));
    (void)munmap(pages, (size_t)size); // cppcheck-suppress doubleFree ; the other half

    /* Neither descriptors are left open, nor are any needed for long. */
    int before = open("/dev/null", O_RDONLY), after;
    ck_assert(memory_peek((uintptr_t)&number, &copy, sizeof(copy)));
    after = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(after, before + 1);
    (void)close(after);
    (void)close(before);
}
END_TEST

START_TEST(free_ptr)
{
    char *text = strdup("words");

    memory_free_ptr(&text);
    ck_assert_ptr_null(text);
    memory_free_ptr(&text);
}
END_TEST

static const size_t sizes[] = {1,    16,   31,   32,   33,    64,     65,     127,  128,
                               200,  256,  500,  512,  1000,  1024,   2047,   2048, 4000,
                               4096, 4097, 8192, 9000, 65536, 100000, 1 << 20};

/* One assertion for all bytes: Check's own work for each would be most of the test's. */
static bool holds_only(const struct secret *secret, uint8_t byte)
{
    size_t alike = 0;
    while (alike < secret->size && secret->data[alike] == byte) {
        alike++;
    }
    return alike == secret->size;
}

START_TEST(secrets_of_every_size)
{
    struct secret secrets[ARRAY_SIZE(sizes)] = {0};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        ck_assert_int_eq(secret_alloc(&secrets[i], sizes[i]), HUKS_OK);
        ck_assert_uint_eq(secrets[i].size, sizes[i]);
        ck_assert(holds_only(&secrets[i], 0));
        memset(secrets[i].data, (int)i + 1, sizes[i]);
    }
    ck_assert_uint_eq(secret_arena_stats().secrets, ARRAY_SIZE(sizes));
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        ck_assert(holds_only(&secrets[i], (uint8_t)(i + 1)));
        ck_assert_ptr_eq(secret_bytes(&secrets[i]).data, secrets[i].data);
        ck_assert_uint_eq(secret_bytes(&secrets[i]).size, sizes[i]);
        secret_free(&secrets[i]);
        ck_assert_ptr_null(secrets[i].data);
        secret_free(&secrets[i]);
    }
    ck_assert_uint_eq(secret_arena_stats().secrets, 0);
    secret_arena_release();
    ck_assert_uint_eq(secret_arena_stats().mapped, 0);
}
END_TEST

START_TEST(empty_is_not_absent)
{
    AUTO(secret_free) struct secret secret = {0};

    ck_assert_ptr_null(secret_bytes(&secret).data);
    ck_assert_int_eq(secret_alloc(&secret, 0), HUKS_OK);
    ck_assert_ptr_nonnull(secret.data);
    ck_assert_uint_eq(secret.size, 0);
    secret_free(&secret);
    ck_assert_ptr_null(secret.data);
    ck_assert_int_eq(secret_set(&secret, NULL, 0), HUKS_OK);
    ck_assert_ptr_nonnull(secret.data);
    secret_free(&secret);
    ck_assert_int_eq(secret_set(&secret, "abc", 3), HUKS_OK);
    secret_shrink(&secret, 0);
    ck_assert_ptr_nonnull(secret.data);
    ck_assert_uint_eq(secret.size, 0);
    ck_assert_uint_eq(secret_arena_stats().secrets, 0);
}
END_TEST

START_TEST(setting_again)
{
    AUTO(secret_free) struct secret secret = {0};

    ck_assert_int_eq(secret_set(&secret, "first", 5), HUKS_OK);
    ck_assert_int_eq(secret_set(&secret, "second", 6), HUKS_OK);
    ck_assert_int_eq(memcmp(secret.data, "second", 6), 0);
    /* out of itself */
    ck_assert_int_eq(secret_set(&secret, secret.data + 2, 4), HUKS_OK);
    ck_assert_int_eq(memcmp(secret.data, "cond", 4), 0);
    ck_assert_int_eq(secret_alloc(&secret, 100), HUKS_OK);
    ck_assert_int_eq(secret.data[0], 0);
    ck_assert_uint_eq(secret_arena_stats().secrets, 1);
}
END_TEST

START_TEST(what_is_freed_is_gone)
{
    struct secret secret = {0};
    struct secret holds_the_chunk = {0};
    struct secret again = {0};

    ck_assert_int_eq(secret_alloc(&holds_the_chunk, 100), HUKS_OK);
    ck_assert_int_eq(secret_alloc(&secret, 100), HUKS_OK);
    memset(secret.data, 0xAA, 100);
    secret_shrink(&secret, 150); /* never grows */
    ck_assert_uint_eq(secret.size, 100);
    secret_shrink(&secret, 40);
    ck_assert_uint_eq(secret.size, 40);
    ck_assert_int_eq(secret.data[39], 0xAA);
    uint8_t *place = secret.data;
    secret_free(&secret);
    ck_assert_int_eq(secret_alloc(&again, 128), HUKS_OK);
    ck_assert_ptr_eq(again.data, place);
    for (size_t i = 0; i < 128; i++) {
        ck_assert_int_eq(again.data[i], 0);
    }
    secret_free(&again);
    secret_free(&holds_the_chunk);
}
END_TEST

START_TEST(many_secrets_and_back)
{
    enum { MANY = 20000 };
    struct secret *secrets = calloc(MANY, sizeof(*secrets));

    ck_assert_ptr_nonnull(secrets);
    srand(7);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++) {
            size_t size = (size_t)(rand() % 300);
            ck_assert_int_eq(secret_alloc(&secrets[i], size), HUKS_OK);
            memset(secrets[i].data, (int)(i & 0xFF), size);
        }
        for (size_t i = 0; i < MANY; i++) {
            size_t victim = (i * 7919) % MANY;
            ck_assert(holds_only(&secrets[victim], (uint8_t)(victim & 0xFF)));
            secret_free(&secrets[victim]);
        }
        ck_assert_uint_eq(secret_arena_stats().secrets, 0);
        /* one empty chunk of each class may stay */
        ck_assert_uint_le(secret_arena_stats().mapped, 8 * 65536);
    }
    free(secrets);
    secret_arena_release();
    ck_assert_uint_eq(secret_arena_stats().mapped, 0);
}
END_TEST

START_TEST(release_keeps_what_lives)
{
    AUTO(secret_free) struct secret secret = {0};

    ck_assert_int_eq(secret_set(&secret, "alive", 5), HUKS_OK);
    secret_arena_release();
    ck_assert_int_eq(memcmp(secret.data, "alive", 5), 0);
    ck_assert_uint_gt(secret_arena_stats().mapped, 0);
}
END_TEST

START_TEST(impossible_sizes)
{
    struct secret secret = {0};

    ck_assert_int_eq(secret_set(&secret, "kept", 4), HUKS_OK);
    ck_assert_int_eq(secret_alloc(&secret, SIZE_MAX), HUKS_E_MEMORY);
    ck_assert_int_eq(error_about(), ABOUT_ALLOCATION);
    ck_assert_int_eq(secret_alloc(&secret, SIZE_MAX / 4), HUKS_E_MEMORY);
    ck_assert_int_eq(memcmp(secret.data, "kept", 4), 0); /* a failure changes nothing */
    secret_free(&secret);
}
END_TEST

/* Does the mapping that holds `address` carry the flag (two letters of VmFlags)? */
static bool has_flag(const void *address, const char *flag)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false;
    bool found = false;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        uintptr_t low, high;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &low, &high) == 2) {
            inside = (uintptr_t)address >= low && (uintptr_t)address < high;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, flag) != NULL;
        }
    }
    (void)fclose(file);
    return found;
}

START_TEST(pages_are_protected)
{
    AUTO(secret_free) struct secret small = {0};
    AUTO(secret_free) struct secret large = {0};

    ck_assert_int_eq(secret_set(&small, "s", 1), HUKS_OK);
    ck_assert_int_eq(secret_alloc(&large, 100000), HUKS_OK);
    ck_assert(has_flag(small.data, " dd")); /* don't dump */
    ck_assert(has_flag(small.data, " wf")); /* wipe on fork */
    ck_assert(has_flag(large.data, " dd"));
    ck_assert(has_flag(large.data, " wf"));
    struct rlimit limit;
    if (!SANITIZED && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= 1 << 20) {
        ck_assert_uint_eq(secret_arena_stats().locked, secret_arena_stats().mapped);
        ck_assert(has_flag(small.data, " lo"));
    }
}
END_TEST

START_TEST(no_lock_is_no_failure)
{
    AUTO(secret_free) struct secret secret = {0};
    struct rlimit none = {0, 0};

    ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    errno = 0;
    ck_assert_int_eq(secret_set(&secret, "s", 1), HUKS_OK);
    ck_assert_int_eq(errno, 0);
}
END_TEST

START_TEST(a_child_sees_nothing_and_can_go_on)
{
    struct secret small = {0};
    struct secret large = {0};
    int status;
    pid_t child;

    ck_assert_int_eq(secret_set(&small, "small", 5), HUKS_OK);
    ck_assert_int_eq(secret_alloc(&large, 50000), HUKS_OK);
    memset(large.data, 0x77, 50000);
    secret_fork_prepare();
    child = fork();
    if (child == 0) {
        struct secret own = {0};
        secret_fork_child();
        if (small.data[0] != 0 || large.data[0] != 0 || large.data[49999] != 0) {
            _exit(1);
        }
        if (secret_set(&own, "own", 3) != HUKS_OK || memcmp(own.data, "own", 3) != 0) {
            _exit(2);
        }
        secret_free(&small);
        secret_free(&large);
        secret_free(&own);
        if (secret_arena_stats().secrets != 0) {
            _exit(3);
        }
        secret_arena_release();
        if (secret_arena_stats().mapped != 0) {
            _exit(4);
        }
        _exit(0);
    }
    secret_fork_parent();
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_int_eq(memcmp(small.data, "small", 5), 0);
    ck_assert_int_eq(large.data[49999], 0x77);
    secret_free(&small);
    secret_free(&large);
}
END_TEST

static void *churn(void *argument)
{
    unsigned seed = *(unsigned *)argument;

    for (int i = 0; i < 20000; i++) {
        struct secret secret = {0};
        size_t size = (size_t)(rand_r(&seed) % 600);
        if (secret_alloc(&secret, size) != HUKS_OK) {
            return argument;
        }
        if (size != 0) {
            if (secret.data[0] != 0 || secret.data[size - 1] != 0) {
                return argument;
            }
            memset(secret.data, 0xFF, size);
        }
        secret_free(&secret);
    }
    return NULL;
}

START_TEST(threads)
{
    pthread_t thread[4];
    unsigned seed[4] = {1, 2, 3, 4};

    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&thread[i], NULL, churn, &seed[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(thread[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(secret_arena_stats().secrets, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, views);
    tcase_add_test(tests, buffers_grow);
    tcase_add_test(tests, buffers_refuse_the_impossible);
    tcase_add_test(tests, cleansing);
    tcase_add_test(tests, texts);
    tcase_add_test(tests, peeking);
    tcase_add_test(tests, free_ptr);
    tcase_add_test(tests, secrets_of_every_size);
    tcase_add_test(tests, empty_is_not_absent);
    tcase_add_test(tests, setting_again);
    tcase_add_test(tests, what_is_freed_is_gone);
    tcase_add_test(tests, many_secrets_and_back);
    tcase_add_test(tests, release_keeps_what_lives);
    tcase_add_test(tests, impossible_sizes);
    tcase_add_test(tests, pages_are_protected);
    tcase_add_test(tests, no_lock_is_no_failure);
    tcase_add_test(tests, a_child_sees_nothing_and_can_go_on);
    tcase_add_test(tests, threads);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
