/* Configuration, held operations and numbers for the tests of the session limit. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

CK_OBJECT_HANDLE the_key;

static CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
static CK_BYTE block[16];

CK_RV start_module(char *configuration)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = configuration};
    CK_RV rv = p11->C_Initialize(&args);

    if (rv == CKR_OK && !find_token(TOKEN_LABEL, &the_slot)) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    return rv == CKR_OK ? open_session(the_slot, CKF_RW_SESSION, &the_session) : rv;
}

void start_limited(const char *configuration)
{
    struct template t = {.count = 0};
    char text[256];

    snprintf(text, sizeof text, "%s", configuration);
    ok(start_module(text));
    add_bool(&t, CKA_TOKEN, true);
    add_bool(&t, CKA_PRIVATE, false);
    the_key = import_aes(the_session, 16, &t);
}

CK_RV join_limited(const char *configuration)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};
    CK_ULONG count = 0;
    char text[256];
    CK_RV rv;

    snprintf(text, sizeof text, "%s", configuration);
    rv = start_module(text);
    if (rv == CKR_OK) {
        rv = p11->C_FindObjectsInit(the_session, &attribute, 1);
    }
    if (rv == CKR_OK) {
        rv = p11->C_FindObjects(the_session, &the_key, 1, &count);
    }
    if (rv == CKR_OK) {
        rv = p11->C_FindObjectsFinal(the_session);
    }
    return rv == CKR_OK && count != 1 ? CKR_KEY_HANDLE_INVALID : rv;
}

CK_RV encrypt_begin(CK_SESSION_HANDLE session)
{
    return p11->C_EncryptInit(session, &ecb, the_key);
}

CK_RV encrypt_end(CK_SESSION_HANDLE session)
{
    CK_BYTE out[16];
    CK_ULONG length = sizeof out;

    return p11->C_Encrypt(session, block, sizeof block, out, &length);
}

unsigned hold(CK_SESSION_HANDLE *sessions, unsigned count, CK_RV *rv)
{
    for (unsigned i = 0; i < count; i++) {
        *rv = open_session(the_slot, 0, &sessions[i]);
        if (*rv == CKR_OK) {
            *rv = encrypt_begin(sessions[i]);
        }
        if (*rv != CKR_OK) {
            return i;
        }
    }
    return count;
}

void must_hold_all(CK_SESSION_HANDLE *sessions, unsigned count)
{
    CK_RV rv = CKR_OK;
    unsigned held = hold(sessions, count, &rv);

    ck_assert_msg(held == count, "%u of %u could begin, then %s", held, count, ckr_name(rv));
}

void end_all(const CK_SESSION_HANDLE *sessions, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ok(encrypt_end(sessions[i]));
        ok(p11->C_CloseSession(sessions[i]));
    }
}

struct huks_limits limits(void)
{
    struct huks_limits numbers = {0, 0, 0, 0};

    ok(huks->GetLimits(the_slot, &numbers));
    return numbers;
}

void full(void)
{
    struct huks_error error = {-1, CKR_CANCEL, "?"};
    CK_SESSION_HANDLE session = open_ro();
    CK_SESSION_INFO info;

    expect(CKR_SESSION_COUNT, encrypt_begin(session));
    ok(huks->GetLastError(&error));
    ck_assert_int_eq(error.code, 12000010);
    ck_assert_uint_eq(error.rv, CKR_SESSION_COUNT);
    ck_assert_str_eq((const char *)error.message, LIMIT_MESSAGE);
    ok(p11->C_GetSessionInfo(session, &info));
    ck_assert_uint_eq(info.ulDeviceError, 12000010);
    ok(p11->C_CloseSession(session));
}

void expect_fifteen(void)
{
    CK_SESSION_HANDLE sessions[LIMIT];

    in_use_is(0);
    must_hold_all(sessions, LIMIT);
    in_use_is(LIMIT);
    end_all(sessions, LIMIT);
    in_use_is(0);
}

double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void pause_ms(long ms)
{
    const struct timespec length = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&length, NULL);
}

static const struct limit_test *tests;

START_TEST(each)
{
    if (!is_reference()) { /* it limits nothing */
        const char *verbosity = getenv("CK_VERBOSITY");
        if (verbosity != NULL && strcmp(verbosity, "verbose") == 0) {
            fprintf(stderr, "%d: %s\n", _i, tests[_i].name);
        }
        tests[_i].run();
    }
}
END_TEST

int limit_run(int argc, char **argv, const char *name, const struct limit_test *rows, int count)
{
    Suite *suite = suite_create(name);

    tests = rows;
    tcase_add_loop_test(add_tcase(suite, name, setup_loaded), each, 0, count);
    return harness_run(argc, argv, suite);
}
