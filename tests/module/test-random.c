/* C_GenerateRandom and C_SeedRandom. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

enum { MUCH = 1 << 20 };

START_TEST(draws_differ)
{
    static CK_BYTE draws[200][32];

    for (int i = 0; i < 200; i++) {
        ok(p11->C_GenerateRandom(the_session, draws[i], sizeof draws[i]));
        for (int j = 0; j < i; j++) {
            ck_assert(memcmp(draws[i], draws[j], sizeof draws[i]) != 0);
        }
    }
}
END_TEST

/* A million bytes: each value within six standard deviations of its share (a fair source fails once in 10⁶
 * runs). */
START_TEST(much_and_even)
{
    CK_BYTE *bytes = malloc(MUCH);
    int counts[256] = {0};

    ck_assert(bytes != NULL);
    memset(bytes, 0, MUCH);
    ok(p11->C_GenerateRandom(the_session, bytes, MUCH));
    for (size_t i = 0; i < MUCH; i++) {
        counts[bytes[i]]++;
    }
    for (int i = 0; i < 256; i++) {
        ck_assert_msg(abs(counts[i] - MUCH / 256) < 6 * 64, "value %d came %d times", i, counts[i]);
    }
    free(bytes);
}
END_TEST

START_TEST(only_the_asked_bytes)
{
    CK_BYTE bytes[64];

    for (size_t length = 1; length < 33; length++) {
        memset(bytes, 0xee, sizeof bytes);
        ok(p11->C_GenerateRandom(the_session, bytes, length));
        for (size_t i = length; i < sizeof bytes; i++) {
            ck_assert_uint_eq(bytes[i], 0xee);
        }
    }
}
END_TEST

START_TEST(without_login)
{
    CK_BYTE byte;

    ok(p11->C_Logout(the_session));
    ok(p11->C_GenerateRandom(open_ro(), &byte, 1));
}
END_TEST

START_TEST(seeding)
{
    CK_BYTE seed[32] = {1};
    CK_BYTE first[32];
    CK_BYTE second[32];

    ok(p11->C_SeedRandom(the_session, seed, sizeof seed));
    ok(p11->C_GenerateRandom(the_session, first, sizeof first));
    ok(p11->C_SeedRandom(the_session, seed, sizeof seed));
    ok(p11->C_GenerateRandom(the_session, second, sizeof second));
    ck_assert(memcmp(first, second, sizeof first) != 0); /* a seed adds, it never decides */
}
END_TEST

START_TEST(calls_that_must_fail)
{
    CK_BYTE byte;

    expect(CKR_ARGUMENTS_BAD, p11->C_GenerateRandom(the_session, NULL, 8));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_GenerateRandom(NO_HANDLE, &byte, 1));
    expect(CKR_ARGUMENTS_BAD, p11->C_SeedRandom(the_session, NULL, 8));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_SeedRandom(NO_HANDLE, &byte, 1));
}
END_TEST

static Suite *random_suite(void)
{
    Suite *suite = suite_create("random");
    TCase *tcase = add_tcase(suite, "random", setup_user);

    tcase_add_test(tcase, draws_differ);
    tcase_add_test(tcase, much_and_even);
    tcase_add_test(tcase, only_the_asked_bytes);
    tcase_add_test(tcase, without_login);
    tcase_add_test(tcase, seeding);
    tcase_add_test(tcase, calls_that_must_fail);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, random_suite());
}
