/*
 * The log as a program's owner meets it: off until asked for, a line per failing call at error, every call at
 * debug, and never a secret.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem */
#endif

#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- What was written ------------------------------------------------------------------------------------
 */

static char *log_path(void)
{
    static char path[4096];

    snprintf(path, sizeof path, "%s/log", test_directory());
    return path;
}

struct text {
    char *bytes;
    size_t length;
};

static struct text text_of(const char *path)
{
    struct text text = {calloc(1, 1), 0};
    FILE *file = fopen(path, "re");
    char part[4096];
    size_t got;

    while (file != NULL && (got = fread(part, 1, sizeof part, file)) > 0) {
        text.bytes = realloc(text.bytes, text.length + got + 1);
        ck_assert(text.bytes != NULL);
        memcpy(text.bytes + text.length, part, got);
        text.length += got;
        text.bytes[text.length] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static unsigned lines_in(const struct text *text)
{
    unsigned lines = 0;

    for (size_t i = 0; i < text->length; i++) {
        lines += text->bytes[i] == '\n';
    }
    return lines;
}

static bool has(const struct text *text, const char *words)
{
    return strstr(text->bytes, words) != NULL;
}

/* Ends in these words, and has no other line than its last. */
static void one_line(struct text text, const char *end)
{
    size_t length = strlen(end);

    ck_assert_msg(lines_in(&text) == 1 && text.length > length + 1 &&
                      memcmp(text.bytes + text.length - 1 - length, end, length) == 0,
                  "expected one line that ends in \"%s\", got:\n%.1500s", end, text.bytes);
    free(text.bytes);
}

/* ---- Configurations --------------------------------------------------------------------------------------
 */

/* HUKS_LOG may be set for a whole run of tests: these have their own. */
static void setup_quiet(void)
{
    unsetenv("HUKS_LOG");
    setup_loaded();
    unlink(log_path());
}

static void start(const char *configuration)
{
    char text[4096];
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = text};

    snprintf(text, sizeof text, "%s", configuration);
    ok(p11->C_Initialize(&args));
    ck_assert(find_token(TOKEN_LABEL, &the_slot));
    the_session = open_rw();
}

static void start_with_file(const char *level)
{
    char text[4096 + 64];

    snprintf(text, sizeof text, "log_level=%s log_target=\"%s\"", level, log_path());
    start(text);
}

/* Sends what `body` writes to stderr to a file, and gives that. */
static struct text stderr_of(void (*body)(void))
{
    char path[4096 + 8];
    int saved = dup(STDERR_FILENO);
    int file;

    snprintf(path, sizeof path, "%s.stderr", log_path());
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert(saved >= 0 && file >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO);
    body();
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(file);
    return text_of(path);
}

#define FAILURE_MESSAGE "12000011: The entity does not exist."

static void a_failure(void)
{
    CK_ULONG size;

    ok(p11->C_GenerateRandom(the_session, (CK_BYTE *)&size, sizeof size));
    expect(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(the_session, NO_HANDLE, &size));
}

/* ---- Levels and targets ----------------------------------------------------------------------------------
 */

static void run_without_configuration(void)
{
    start("");
    a_failure();
    ok(p11->C_Finalize(NULL));
}

START_TEST(off_by_default)
{
    struct text text;

    if (is_reference()) {
        return;
    }
    text = stderr_of(run_without_configuration);
    ck_assert_msg(text.length == 0, "written without being asked:\n%.1500s", text.bytes);
    free(text.bytes);
    start_with_file("off");
    a_failure();
    ck_assert_msg(access(log_path(), F_OK) != 0, "a log that is off makes a file");
}
END_TEST

START_TEST(a_line_per_failing_call)
{
    char end[256];
    struct text text;
    struct stat status;
    CK_SESSION_HANDLE session = NO_HANDLE;

    if (is_reference()) {
        return;
    }
    start_with_file("error");
    text = text_of(log_path());
    ck_assert_msg(text.length == 0, "successes at error:\n%.1500s", text.bytes);
    free(text.bytes);
    a_failure();
    snprintf(end, sizeof end, " error: C_GetObjectSize session 0x%lx: CKR_OBJECT_HANDLE_INVALID, %s",
             the_session, FAILURE_MESSAGE);
    one_line(text_of(log_path()), end);
    ck_assert(stat(log_path(), &status) == 0 && (status.st_mode & 0777) == 0600);

    /* A call without a session, and one that could not even enter. */
    expect(CKR_SLOT_ID_INVALID, p11->C_OpenSession(NO_HANDLE, CKF_SERIAL_SESSION, NULL, NULL, &session));
    expect(CKR_SESSION_HANDLE_INVALID, p11->C_CloseSession(NO_HANDLE));
    text = text_of(log_path());
    ck_assert_uint_eq(lines_in(&text), 3);
    ck_assert_msg(
        has(&text, " error: C_OpenSession: CKR_SLOT_ID_INVALID, 12000011: ") &&
            has(&text, " error: C_CloseSession session 0x7ffffff0: CKR_SESSION_HANDLE_INVALID, 12000011: "),
        "%.1500s", text.bytes);
    ck_assert_msg(!has(&text, "slot 0x"), "arguments at error:\n%.1500s", text.bytes);
    free(text.bytes);
}
END_TEST

static void run_to_stderr(void)
{
    start("log_level=error log_target=stderr");
    a_failure();
    ok(p11->C_Finalize(NULL));
}

START_TEST(to_stderr)
{
    if (!is_reference()) {
        one_line(stderr_of(run_to_stderr), "CKR_OBJECT_HANDLE_INVALID, " FAILURE_MESSAGE);
    }
}
END_TEST

static void run_to_syslog(void)
{
    start("log_level=error log_target=syslog");
    a_failure();
    ok(p11->C_Finalize(NULL));
}

START_TEST(to_syslog)
{
    struct text text;

    if (is_reference()) {
        return;
    }
    text = stderr_of(run_to_syslog);
    ck_assert_msg(text.length == 0, "%.1500s", text.bytes);
    free(text.bytes);
}
END_TEST

START_TEST(the_environment_overrides)
{
    char variable[4096 + 16];
    struct text text;

    if (is_reference()) {
        return;
    }
    snprintf(variable, sizeof variable, "error:%s", log_path());
    ck_assert(setenv("HUKS_LOG", variable, 1) == 0);
    start("log_level=off log_target=stderr");
    a_failure();
    one_line(text_of(log_path()), "CKR_OBJECT_HANDLE_INVALID, " FAILURE_MESSAGE);
    ok(p11->C_Finalize(NULL));

    ck_assert(setenv("HUKS_LOG", "debug", 1) == 0); /* the level alone: the target is the configuration's */
    start_with_file("error");
    text = text_of(log_path());
    ck_assert_msg(has(&text, " debug: C_OpenSession "), "%.1500s", text.bytes);
    free(text.bytes);
    ok(p11->C_Finalize(NULL));

    unlink(log_path());
    ck_assert(setenv("HUKS_LOG", "off", 1) == 0);
    start_with_file("debug");
    a_failure();
    ck_assert(access(log_path(), F_OK) != 0);
}
END_TEST

static void run_unwritable(void)
{
    start("log_level=error log_target=/nonexistent/directory/log");
    a_failure();
    ok(p11->C_Finalize(NULL));
}

/* No log is a reason to fail. */
START_TEST(a_target_that_cannot_be_opened)
{
    if (!is_reference()) {
        one_line(stderr_of(run_unwritable), "CKR_OBJECT_HANDLE_INVALID, " FAILURE_MESSAGE);
    }
}
END_TEST

/* ---- Debug -----------------------------------------------------------------------------------------------
 */

static CK_BYTE aes_value[32];
static CK_BYTE data_value[40];
static CK_BYTE plain[48];
static CK_BYTE iv[16];
static CK_BYTE wrong_pin[] = "wrong-secret-7";
static CK_BYTE new_pin[] = "newer-secret-9";
static CK_BYTE private_value[32];
static CK_BYTE derived_value[32];
static CK_BYTE seed[24];
static CK_BYTE drawn[32];

static void sign_and_verify(void)
{
    struct template derive = {.count = 0};
    struct pair pair;
    CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    CK_BYTE point[80];
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, 0, point};
    CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &params, sizeof params};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE derived;

    add_bool(&derive, CKA_DERIVE, true);
    add_bool(&derive, CKA_SENSITIVE, false);
    add_bool(&derive, CKA_EXTRACTABLE, true);
    pair = generate_ec(the_session, CURVE_P256, &derive);
    ck_assert_uint_eq(
        get_bytes(the_session, pair.private_key, CKA_VALUE, private_value, sizeof private_value), 32);
    ok(p11->C_SignInit(the_session, &ecdsa, pair.private_key));
    ok(p11->C_Sign(the_session, plain, sizeof plain, NULL, &length));
    ok(p11->C_Sign(the_session, plain, sizeof plain, signature, &length));
    ok(p11->C_VerifyInit(the_session, &ecdsa, pair.public_key));
    ok(p11->C_VerifyUpdate(the_session, plain, sizeof plain));
    signature[0] ^= 1;
    expect(CKR_SIGNATURE_INVALID, p11->C_VerifyFinal(the_session, signature, length));
    params.ulPublicDataLen = get_bytes(the_session, pair.public_key, CKA_EC_POINT, point, sizeof point);
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    add_ulong(&t, CKA_VALUE_LEN, 32);
    add_bool(&t, CKA_SENSITIVE, false);
    add_bool(&t, CKA_EXTRACTABLE, true);
    ok(p11->C_DeriveKey(the_session, &ecdh, pair.private_key, t.list, t.count, &derived));
    ck_assert_uint_eq(get_bytes(the_session, derived, CKA_VALUE, derived_value, sizeof derived_value), 32);
}

static void encrypt_and_wrap(void)
{
    CK_MECHANISM cbc = {CKM_AES_CBC_PAD, iv, sizeof iv};
    CK_MECHANISM key_wrap = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    CK_BYTE out[128];
    CK_BYTE back[128];
    CK_ULONG length = sizeof out;
    CK_ULONG room = sizeof back;
    struct template open = {.count = 0};
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE key;
    CK_OBJECT_HANDLE mac;
    CK_OBJECT_HANDLE unwrapped;

    add_bool(&open, CKA_WRAP, true);
    add_bool(&open, CKA_UNWRAP, true);
    add_bool(&open, CKA_EXTRACTABLE, true);
    add_bytes(&open, CKA_LABEL, "a label", 7);
    key = import_secret(the_session, CKK_AES, aes_value, sizeof aes_value, &open);
    mac = import_secret(the_session, CKK_GENERIC_SECRET, aes_value, sizeof aes_value, NULL);
    ok(p11->C_EncryptInit(the_session, &cbc, key));
    ok(p11->C_Encrypt(the_session, plain, sizeof plain, out, &length));
    ok(p11->C_DecryptInit(the_session, &cbc, key));
    ok(p11->C_Decrypt(the_session, out, length, back, &room));
    ck_assert(room == sizeof plain && memcmp(back, plain, room) == 0);
    out[length - 1] ^= 1;
    ok(p11->C_DecryptInit(the_session, &cbc, key));
    room = sizeof back;
    (void)p11->C_Decrypt(the_session, out, length, back, &room); /* fails, but for luck */
    ok(p11->C_SignInit(the_session, &hmac, mac));
    ok(p11->C_SignUpdate(the_session, plain, sizeof plain));
    length = sizeof out;
    ok(p11->C_SignFinal(the_session, out, &length));
    length = sizeof out;
    ok(p11->C_WrapKey(the_session, &key_wrap, key, key, out, &length));
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_AES);
    ok(p11->C_UnwrapKey(the_session, &key_wrap, key, out, length, t.list, t.count, &unwrapped));
    expect(CKR_WRAPPED_KEY_INVALID, p11->C_UnwrapKey(the_session, &key_wrap, key, aes_value, sizeof aes_value,
                                                     t.list, t.count, &unwrapped));
}

static void objects_and_digests(void)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    struct template t = {.count = 0};
    CK_ATTRIBUTE wrong = {CKA_CLASS, data_value, sizeof data_value};
    CK_OBJECT_HANDLE object;
    CK_OBJECT_HANDLE none;
    CK_BYTE digest[32];
    CK_ULONG length = sizeof digest;

    add_bytes(&t, CKA_VALUE, data_value, sizeof data_value);
    object = make_data(the_session, "a label", &t);
    ok(p11->C_SetAttributeValue(the_session, object, t.list, 1));
    ck_assert_uint_eq(find_object(the_session, &t), object);
    expect(CKR_ATTRIBUTE_VALUE_INVALID, p11->C_CreateObject(the_session, &wrong, 1, &none));
    ok(p11->C_DigestInit(the_session, &sha));
    ok(p11->C_Digest(the_session, plain, sizeof plain, digest, &length));
    ok(p11->C_SeedRandom(the_session, seed, sizeof seed));
    ok(p11->C_GenerateRandom(the_session, drawn, sizeof drawn));
    ok(p11->C_DestroyObject(the_session, object));
}

static void pins(void)
{
    ok(p11->C_Logout(the_session));
    expect(CKR_PIN_INCORRECT, p11->C_Login(the_session, CKU_USER, wrong_pin, sizeof wrong_pin - 1));
    ok(p11->C_SetPIN(the_session, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN), new_pin,
                     sizeof new_pin - 1));
    expect(CKR_PIN_INCORRECT,
           p11->C_SetPIN(the_session, wrong_pin, sizeof wrong_pin - 1, new_pin, sizeof new_pin - 1));
    ok(login(the_session, CKU_SO, SO_PIN));
    ok(p11->C_InitPIN(the_session, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN)));
    ok(p11->C_Logout(the_session));
    ok(p11->C_CloseSession(the_session));
    ok(init_token(the_slot, SO_PIN, TOKEN_LABEL));
}

static void scenario(void)
{
    start_with_file("debug");
    fill_pattern(aes_value, sizeof aes_value, 101);
    fill_pattern(data_value, sizeof data_value, 33);
    fill_pattern(plain, sizeof plain, 65); /* letters: it would be printed as they are */
    fill_pattern(iv, sizeof iv, 150);
    fill_pattern(seed, sizeof seed, 200);
    ok(login(the_session, CKU_USER, USER_PIN));
    sign_and_verify();
    encrypt_and_wrap();
    objects_and_digests();
    pins();
}

/* One line for the call, in these words. */
static void shows(const struct text *text, const char *words)
{
    ck_assert_msg(has(text, words), "\"%s\" is not in the log:\n%.1500s", words, text->bytes);
}

START_TEST(debug_shows_the_calls)
{
    struct text text;

    if (is_reference() || is_served()) { /* the calls are in the service's log */
        return;
    }
    scenario();
    text = text_of(log_path());
    shows(&text, " debug: C_Initialize: CKR_OK\n");
    shows(&text, " debug: C_OpenSession slot 0x");
    shows(&text, ", user CKU_USER: CKR_OK\n");
    shows(&text, ", user CKU_USER: CKR_PIN_INCORRECT, 12000008: ");
    shows(&text, ", mechanism CKM_ECDSA_SHA256, key 0x");
    shows(&text, ", data 48, signature query of 64: CKR_OK\n");
    shows(&text, ", data 48, signature 64: CKR_OK\n");
    shows(&text, ", signature 64: CKR_SIGNATURE_INVALID, 12000006: ");
    shows(&text, ", mechanism CKM_AES_CBC_PAD[16], key 0x");
    shows(&text, ", data 48, encrypted 64: CKR_OK\n");
    shows(&text, " CKA_VALUE[32]");
    shows(&text, ", mechanism CKM_AES_KEY_WRAP, wrapping key 0x");
    shows(&text, ", wrapped 40: CKR_OK\n");
    shows(&text, ", template {CKA_CLASS[40]}, object 0x");
    shows(&text, " debug: C_InitToken slot 0x");
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        ck_assert_msg(byte == '\n' || (byte >= ' ' && byte < 0x7f), "byte 0x%02x in the log", byte);
    }
    free(text.bytes);
}
END_TEST

/* ---- Secrets ---------------------------------------------------------------------------------------------
 */

/* A part of 6 bytes is enough to find a secret by, and too long to be met by chance. */
enum { PART = 6 };

static bool found(const struct text *text, const void *words, size_t length)
{
    return memmem(text->bytes, text->length, words, length) != NULL;
}

static bool in_hex(const struct text *text, const CK_BYTE *part, const char *digits, const char *between)
{
    char hex[8 * PART];
    size_t length = 0;

    for (size_t i = 0; i < PART; i++) {
        length += (size_t)snprintf(hex + length, sizeof hex - length, "%s%c%c", i == 0 ? "" : between,
                                   digits[part[i] >> 4], digits[part[i] & 15]);
    }
    return found(text, hex, length);
}

static bool in_base64(const struct text *text, const CK_BYTE *part)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char base64[PART / 3 * 4];

    for (size_t i = 0; i < PART / 3; i++) {
        unsigned three = (unsigned)part[3 * i] << 16 | (unsigned)part[3 * i + 1] << 8 | part[3 * i + 2];

        for (unsigned k = 0; k < 4; k++) {
            base64[4 * i + k] = digits[three >> (18 - 6 * k) & 63];
        }
    }
    return found(text, base64, sizeof base64);
}

/* Every part of it, so that base64 is found at whatever place its groups begin. */
static const char *form_found(const struct text *text, const CK_BYTE *secret, size_t length)
{
    for (size_t i = 0; i + PART <= length; i++) {
        if (found(text, secret + i, PART)) {
            return "as it is";
        }
        if (in_hex(text, secret + i, "0123456789abcdef", "") ||
            in_hex(text, secret + i, "0123456789ABCDEF", "") ||
            in_hex(text, secret + i, "0123456789abcdef", ":") ||
            in_hex(text, secret + i, "0123456789abcdef", " ")) {
            return "in hex";
        }
        if (in_base64(text, secret + i)) {
            return "in base64";
        }
    }
    return NULL;
}

START_TEST(no_secret_is_written)
{
    const struct {
        const char *name;
        const void *bytes;
        size_t length;
    } secrets[] = {
        {"the SO's PIN", SO_PIN, strlen(SO_PIN)},
        {"the user's PIN", USER_PIN, strlen(USER_PIN)},
        {"a wrong PIN", wrong_pin, sizeof wrong_pin - 1},
        {"a new PIN", new_pin, sizeof new_pin - 1},
        {"a secret key", aes_value, sizeof aes_value},
        {"a private key", private_value, sizeof private_value},
        {"a derived key", derived_value, sizeof derived_value},
        {"an attribute's value", data_value, sizeof data_value},
        {"plaintext", plain, sizeof plain},
        {"a mechanism's parameter", iv, sizeof iv},
        {"a seed", seed, sizeof seed},
        {"random bytes", drawn, sizeof drawn},
    };
    struct text text;

    if (is_reference()) {
        return;
    }
    scenario();
    text = text_of(log_path());
    ck_assert_msg(lines_in(&text) > 50, "the scenario left %u lines", lines_in(&text));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        const char *form = form_found(&text, secrets[i].bytes, secrets[i].length);

        ck_assert_msg(form == NULL, "%s is in the log, %s", secrets[i].name, form);
    }
    free(text.bytes);
}
END_TEST

/* The search finds what it is to find. */
START_TEST(the_search_finds)
{
    static const CK_BYTE secret[] = "user-secret-1";
    static char innocent[] = "user CKU_USER";
    static char lines[][40] = {
        "PIN user-secret-1 given",       "75 73 65 72 2d 73 65 63 72 65 74",
        "x=757365722d7365637265742d31;", "2D7365637265742D31",
        "73:65:63:72:65:74:2d:31",       "dXNlci1zZWNyZXQtMQ==",
        "AHVzZXItc2VjcmV0LTEA",          "pin=secret-",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const struct text text = {lines[i], strlen(lines[i])};

        ck_assert_msg(form_found(&text, secret, sizeof secret - 1) != NULL, "not found: %s", lines[i]);
    }
    ck_assert(form_found(&(struct text){innocent, strlen(innocent)}, secret, sizeof secret - 1) == NULL);
}
END_TEST

static Suite *log_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = add_tcase(suite, "levels and targets", setup_quiet);

    tcase_add_test(tcase, off_by_default);
    tcase_add_test(tcase, a_line_per_failing_call);
    tcase_add_test(tcase, to_stderr);
    tcase_add_test(tcase, to_syslog);
    tcase_add_test(tcase, the_environment_overrides);
    tcase_add_test(tcase, a_target_that_cannot_be_opened);

    tcase = add_tcase(suite, "debug", setup_quiet);
    tcase_add_test(tcase, debug_shows_the_calls);
    tcase_add_test(tcase, no_secret_is_written);
    tcase_add_test(tcase, the_search_finds);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, log_suite());
}
