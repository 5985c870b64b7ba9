/* Messages, PKCS #11 3.0: many of them encrypted and decrypted in one operation, with nonces that are given
 * or made, tags apart from the data, and nothing shown before a tag is right. */
#include "newer.h"

#include <string.h>

#include "witness.h"

enum { SIZE = 61, TAG = 16, NONCE = 12, KINDS = 3 };

struct fixture {
    CK_MECHANISM mechanism;
    CK_OBJECT_HANDLE key;
    CK_BYTE key_value[32];
    CK_BYTE plain[SIZE], aad[20];
    CK_BYTE nonce[16], tag[16];
    union {
        struct gcm_message gcm;
        struct ccm_message ccm;
        struct chacha_message chacha;
    };
    void *parameter;
    CK_ULONG parameter_size;
};

static CK_OBJECT_HANDLE import_chacha(const CK_BYTE *value)
{
    struct template more = {.count = 0};

    add_bool(&more, CKA_ENCRYPT, true);
    add_bool(&more, CKA_DECRYPT, true);
    return import_secret(the_session, NEW_CKK_CHACHA20, value, 32, &more);
}

/* GCM, CCM, ChaCha20-Poly1305. */
static void prepare(struct fixture *f, int kind)
{
    memset(f, 0, sizeof *f);
    fill_pattern(f->key_value, sizeof f->key_value, 0);
    fill_pattern(f->plain, sizeof f->plain, 9);
    fill_pattern(f->aad, sizeof f->aad, 77);
    fill_pattern(f->nonce, sizeof f->nonce, 200);
    switch (kind) {
    case 0:
        f->gcm = (struct gcm_message){f->nonce, NONCE, 0, NO_GENERATE, f->tag, TAG * 8};
        f->parameter = &f->gcm;
        f->parameter_size = sizeof f->gcm;
        f->mechanism.mechanism = CKM_AES_GCM;
        break;
    case 1:
        f->ccm = (struct ccm_message){SIZE, f->nonce, NONCE, 0, NO_GENERATE, f->tag, TAG};
        f->parameter = &f->ccm;
        f->parameter_size = sizeof f->ccm;
        f->mechanism.mechanism = NEW_CKM_AES_CCM;
        break;
    default:
        f->chacha = (struct chacha_message){f->nonce, NONCE * 8, f->tag};
        f->parameter = &f->chacha;
        f->parameter_size = sizeof f->chacha;
        f->mechanism.mechanism = NEW_CKM_CHACHA20_POLY1305;
        break;
    }
    f->key =
        kind == 2 ? import_chacha(f->key_value) : import_secret(the_session, CKK_AES, f->key_value, 32, NULL);
}

static void encrypt_init(struct fixture *f)
{
    ok(newer->C_MessageEncryptInit(the_session, &f->mechanism, f->key));
}

static void decrypt_init(struct fixture *f)
{
    ok(newer->C_MessageDecryptInit(the_session, &f->mechanism, f->key));
}

static CK_RV encrypt(struct fixture *f, CK_BYTE *out, CK_ULONG *length)
{
    return newer->C_EncryptMessage(the_session, f->parameter, f->parameter_size, f->aad, sizeof f->aad,
                                   f->plain, SIZE, out, length);
}

static CK_RV decrypt(struct fixture *f, const CK_BYTE *encrypted, CK_BYTE *out, CK_ULONG *length)
{
    return newer->C_DecryptMessage(the_session, f->parameter, f->parameter_size, f->aad, sizeof f->aad,
                                   encrypted, SIZE, out, length);
}

static CK_RV encrypt_next(struct fixture *f, CK_ULONG from, CK_ULONG size, CK_BYTE *out, CK_ULONG *length,
                          bool last)
{
    return newer->C_EncryptMessageNext(the_session, f->parameter, f->parameter_size, f->plain + from, size,
                                       out, length, last ? NEW_CKF_END_OF_MESSAGE : 0);
}

static CK_RV encrypt_begin(struct fixture *f)
{
    return newer->C_EncryptMessageBegin(the_session, f->parameter, f->parameter_size, f->aad, sizeof f->aad);
}

static CK_RV decrypt_begin(struct fixture *f)
{
    return newer->C_DecryptMessageBegin(the_session, f->parameter, f->parameter_size, f->aad, sizeof f->aad);
}

static CK_RV decrypt_next(struct fixture *f, const CK_BYTE *part, CK_ULONG size, CK_BYTE *out,
                          CK_ULONG *length, bool last)
{
    return newer->C_DecryptMessageNext(the_session, f->parameter, f->parameter_size, part, size, out, length,
                                       last ? NEW_CKF_END_OF_MESSAGE : 0);
}

/* What libcrypto makes of the same message: the ciphertext, and behind it the tag. */
static void expected(const struct fixture *f, int kind, CK_BYTE out[SIZE + TAG])
{
    const char *const names[KINDS] = {"AES-256-GCM", "AES-256-CCM", "ChaCha20-Poly1305"};
    const struct cipher cipher = {
        names[kind], {f->key_value, 32}, {f->nonce, NONCE}, {f->aad, sizeof f->aad}, false};

    ck_assert_uint_eq(witness_encrypt(&cipher, (struct bytes){f->plain, SIZE}, out), SIZE + TAG);
}

static CK_ULONG sessions_held(void)
{
    struct huks_limits limits;

    ok(huks->GetLimits(the_slot, &limits));
    return limits.mine;
}

NEWER_TEST(mechanisms_say_so)
{
    const CK_FLAGS both = NEW_CKF_MESSAGE_ENCRYPT | NEW_CKF_MESSAGE_DECRYPT | NEW_CKF_MULTI_MESSAGE;
    const CK_MECHANISM_TYPE types[] = {CKM_AES_GCM, NEW_CKM_AES_CCM, NEW_CKM_CHACHA20_POLY1305};
    CK_MECHANISM_INFO info;

    for (size_t i = 0; i < 3; i++) {
        ok(p11->C_GetMechanismInfo(the_slot, types[i], &info));
        ck_assert_uint_eq(info.flags & both, both);
    }
    ok(p11->C_GetMechanismInfo(the_slot, CKM_AES_CBC, &info));
    ck_assert_uint_eq(info.flags & both, 0);
}

NEWER_TEST(as_libcrypto_makes_it)
{
    struct fixture f;
    CK_BYTE out[SIZE], want[SIZE + TAG], back[SIZE];
    CK_ULONG length = 0;

    prepare(&f, _i);
    expected(&f, _i, want);
    encrypt_init(&f);
    ok(encrypt(&f, NULL, &length));
    ck_assert_uint_eq(length, SIZE);
    memset(f.tag, 0, sizeof f.tag);
    ok(encrypt(&f, out, &length));
    ck_assert_uint_eq(length, SIZE);
    ck_assert_mem_eq(out, want, SIZE);
    ck_assert_mem_eq(f.tag, want + SIZE, TAG);
    ok(newer->C_MessageEncryptFinal(the_session));

    decrypt_init(&f);
    length = sizeof back;
    ok(decrypt(&f, want, back, &length));
    ck_assert_uint_eq(length, SIZE);
    ck_assert_mem_eq(back, f.plain, SIZE);
    /* In place. */
    ok(decrypt(&f, want, want, &length));
    ck_assert_mem_eq(want, f.plain, SIZE);
    ok(newer->C_MessageDecryptFinal(the_session));
}

NEWER_TEST(in_parts)
{
    struct fixture f;
    CK_BYTE out[SIZE], want[SIZE + TAG], back[SIZE];
    CK_ULONG length, made = 0;
    const CK_ULONG cuts[] = {0, 7, 7, 32, SIZE};

    prepare(&f, _i);
    expected(&f, _i, want);
    encrypt_init(&f);
    ok(encrypt_begin(&f));
    for (int i = 0; i < 4; i++) {
        length = SIZE - made;
        ok(encrypt_next(&f, cuts[i], cuts[i + 1] - cuts[i], out + made, &length, i == 3));
        made += length;
    }
    ck_assert_uint_eq(made, SIZE);
    ck_assert_mem_eq(out, want, SIZE);
    ck_assert_mem_eq(f.tag, want + SIZE, TAG);
    ok(newer->C_MessageEncryptFinal(the_session));

    /* Nothing of the plaintext is shown before the tag is known, which may come with the last part. */
    decrypt_init(&f);
    memset(f.tag, 0, sizeof f.tag);
    ok(decrypt_begin(&f));
    for (int i = 0; i < 3; i++) {
        length = sizeof back;
        ok(decrypt_next(&f, want + cuts[i], cuts[i + 1] - cuts[i], back, &length, false));
        ck_assert_uint_eq(length, 0);
    }
    memcpy(f.tag, want + SIZE, TAG);
    length = 0;
    ok(decrypt_next(&f, want + 32, SIZE - 32, NULL, &length, true));
    ck_assert_uint_eq(length, SIZE);
    length = SIZE - 1;
    expect(CKR_BUFFER_TOO_SMALL, decrypt_next(&f, want + 32, SIZE - 32, back, &length, true));
    ck_assert_uint_eq(length, SIZE);
    ok(decrypt_next(&f, want + 32, SIZE - 32, back, &length, true));
    ck_assert_uint_eq(length, SIZE);
    ck_assert_mem_eq(back, f.plain, SIZE);
    ok(newer->C_MessageDecryptFinal(the_session));
}

NEWER_TEST(wrong_tag)
{
    struct fixture f;
    CK_BYTE want[SIZE + TAG], back[SIZE];
    CK_ULONG length = sizeof back;

    prepare(&f, _i);
    expected(&f, _i, want);
    memcpy(f.tag, want + SIZE, TAG);
    decrypt_init(&f);
    f.tag[3] ^= 1;
    memset(back, 0xee, sizeof back);
    expect(CKR_AEAD_DECRYPT_FAILED, decrypt(&f, want, back, &length));
    ck_assert(memcmp(back, f.plain, SIZE) != 0);
    f.tag[3] ^= 1;
    f.aad[0] ^= 1;
    length = sizeof back;
    expect(CKR_AEAD_DECRYPT_FAILED, decrypt(&f, want, back, &length));
    f.aad[0] ^= 1;
    want[5] ^= 1;
    length = sizeof back;
    ok(decrypt_begin(&f));
    length = sizeof back;
    expect(CKR_AEAD_DECRYPT_FAILED, decrypt_next(&f, want, SIZE, back, &length, true));
    /* The message is over, the process is not. */
    expect(CKR_OPERATION_NOT_INITIALIZED, decrypt_next(&f, want, SIZE, back, &length, true));
    want[5] ^= 1;
    length = sizeof back;
    ok(decrypt(&f, want, back, &length));
    ck_assert_mem_eq(back, f.plain, SIZE);
    ok(newer->C_MessageDecryptFinal(the_session));
}

NEWER_TEST(short_buffer)
{
    struct fixture f;
    CK_BYTE out[SIZE], first[16];
    CK_ULONG length = SIZE - 1;

    prepare(&f, 0);
    f.gcm.generator = GENERATE;
    encrypt_init(&f);
    memcpy(first, f.nonce, NONCE);
    expect(CKR_BUFFER_TOO_SMALL, encrypt(&f, out, &length));
    ck_assert_uint_eq(length, SIZE);
    ck_assert_mem_eq(first, f.nonce, NONCE); /* no nonce was spent on it */
    ok(encrypt_begin(&f));
    length = 9;
    expect(CKR_BUFFER_TOO_SMALL, encrypt_next(&f, 0, 10, out, &length, false));
    ck_assert_uint_eq(length, 10);
    ok(encrypt_next(&f, 0, 10, out, &length, false));
    ok(newer->C_SessionCancel(the_session, NEW_CKF_MESSAGE_ENCRYPT));
}

/* Messages without data still have a tag. */
NEWER_TEST(empty_message)
{
    struct fixture f;
    CK_BYTE want[TAG], none[1];
    CK_ULONG length = 0;

    prepare(&f, 0);
    encrypt_init(&f);
    ok(newer->C_EncryptMessage(the_session, f.parameter, f.parameter_size, f.aad, sizeof f.aad, NULL, 0, NULL,
                               &length));
    ck_assert_uint_eq(length, 0);
    memcpy(want, f.tag, TAG);
    memset(f.tag, 0, TAG);
    ok(encrypt_begin(&f));
    length = sizeof none;
    ok(newer->C_EncryptMessageNext(the_session, f.parameter, f.parameter_size, NULL, 0, none, &length,
                                   NEW_CKF_END_OF_MESSAGE));
    ck_assert_uint_eq(length, 0);
    ck_assert_mem_eq(f.tag, want, TAG);
    ok(newer->C_MessageEncryptFinal(the_session));
    decrypt_init(&f);
    length = sizeof none;
    ok(newer->C_DecryptMessage(the_session, f.parameter, f.parameter_size, f.aad, sizeof f.aad, NULL, 0, none,
                               &length));
    ck_assert_uint_eq(length, 0);
    f.tag[0] ^= 1;
    expect(CKR_AEAD_DECRYPT_FAILED, newer->C_DecryptMessage(the_session, f.parameter, f.parameter_size, f.aad,
                                                            sizeof f.aad, NULL, 0, none, &length));
    ok(newer->C_MessageDecryptFinal(the_session));
}

NEWER_TEST(order_of_calls)
{
    struct fixture f;
    CK_BYTE out[SIZE];
    CK_ULONG length = sizeof out;

    prepare(&f, 0);
    expect(CKR_OPERATION_NOT_INITIALIZED, encrypt(&f, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, encrypt_begin(&f));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_MessageEncryptFinal(the_session));
    expect(CKR_ARGUMENTS_BAD, newer->C_MessageEncryptInit(the_session, NULL, f.key));
    encrypt_init(&f);
    expect(CKR_OPERATION_ACTIVE, newer->C_MessageEncryptInit(the_session, &f.mechanism, f.key));
    expect(CKR_OPERATION_NOT_INITIALIZED, encrypt_next(&f, 0, 5, out, &length, false));
    /* The plain functions have nothing to do with it. */
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Encrypt(the_session, f.plain, SIZE, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_EncryptUpdate(the_session, f.plain, SIZE, out, &length));
    expect(CKR_ARGUMENTS_BAD, p11->C_EncryptInit(the_session, NULL, f.key));
    ok(encrypt_begin(&f));
    expect(CKR_OPERATION_ACTIVE, encrypt_begin(&f));
    expect(CKR_OPERATION_ACTIVE, encrypt(&f, out, &length));
    expect(CKR_OPERATION_ACTIVE, newer->C_MessageEncryptFinal(the_session));
    ok(encrypt_next(&f, 0, SIZE, out, &length, true));
    ok(newer->C_MessageEncryptFinal(the_session));
    /* A NULL mechanism ends it, unfinished message and all. */
    encrypt_init(&f);
    ok(encrypt_begin(&f));
    ok(newer->C_MessageEncryptInit(the_session, NULL, f.key));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_MessageEncryptFinal(the_session));
    ck_assert_uint_eq(sessions_held(), 0);
}

/* One key-operation session from Init to Final, whatever the messages do. */
NEWER_TEST(one_session_for_all_messages)
{
    struct fixture f;
    CK_BYTE out[SIZE];
    CK_ULONG length = sizeof out;

    prepare(&f, 0);
    encrypt_init(&f);
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(sessions_held(), 1);
        length = sizeof out;
        ok(encrypt(&f, out, &length));
        ok(encrypt_begin(&f));
        length = sizeof out;
        ok(encrypt_next(&f, 0, SIZE, out, &length, true));
        f.gcm.tag_bits = 7;
        expect(CKR_MECHANISM_PARAM_INVALID, encrypt(&f, out, &length));
        f.gcm.tag_bits = TAG * 8;
    }
    decrypt_init(&f);
    ck_assert_uint_eq(sessions_held(), 2);
    ok(newer->C_MessageEncryptFinal(the_session));
    ck_assert_uint_eq(sessions_held(), 1);
    ok(newer->C_MessageDecryptFinal(the_session));
    ck_assert_uint_eq(sessions_held(), 0);
    encrypt_init(&f);
    ok(p11->C_CloseSession(the_session));
    ck_assert_uint_eq(sessions_held(), 0);
}

NEWER_TEST(cancelling_picks_by_flag)
{
    struct fixture f;
    CK_BYTE out[SIZE];
    CK_ULONG length = sizeof out;

    prepare(&f, 0);
    encrypt_init(&f);
    decrypt_init(&f);
    ok(newer->C_SessionCancel(the_session, 0));
    ok(newer->C_SessionCancel(the_session, CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_VERIFY | CKF_DIGEST));
    ck_assert_uint_eq(sessions_held(), 2);
    ok(newer->C_SessionCancel(the_session, NEW_CKF_MESSAGE_ENCRYPT));
    ck_assert_uint_eq(sessions_held(), 1);
    expect(CKR_OPERATION_NOT_INITIALIZED, encrypt(&f, out, &length));
    ok(newer->C_SessionCancel(the_session, NEW_CKF_MESSAGE_DECRYPT));
    ck_assert_uint_eq(sessions_held(), 0);
}

NEWER_TEST(parameters_that_are_wrong)
{
    struct fixture f;
    CK_BYTE out[SIZE];
    CK_ULONG length = sizeof out;

    prepare(&f, 0);
    f.mechanism.pParameter = f.parameter;
    f.mechanism.ulParameterLen = 5;
    expect(CKR_MECHANISM_PARAM_INVALID, newer->C_MessageEncryptInit(the_session, &f.mechanism, f.key));
    f.mechanism.ulParameterLen = f.parameter_size; /* as the standard's own example does */
    encrypt_init(&f);
    ck_assert_uint_eq(sessions_held(), 1);
    expect(CKR_MECHANISM_PARAM_INVALID,
           newer->C_EncryptMessage(the_session, NULL, 0, NULL, 0, f.plain, SIZE, out, &length));
    expect(CKR_MECHANISM_PARAM_INVALID,
           newer->C_EncryptMessage(the_session, f.parameter, 3, NULL, 0, f.plain, SIZE, out, &length));
    f.gcm.iv = NULL;
    expect(CKR_MECHANISM_PARAM_INVALID, encrypt(&f, out, &length));
    f.gcm.iv = f.nonce;
    f.gcm.tag = NULL;
    expect(CKR_MECHANISM_PARAM_INVALID, encrypt(&f, out, &length));
    f.gcm.tag = f.tag;
    f.gcm.generator = 5;
    expect(CKR_MECHANISM_PARAM_INVALID, encrypt(&f, out, &length));
    f.gcm.generator = GENERATE;
    f.gcm.iv_fixed_bits = NONCE * 8; /* nothing left to be generated */
    expect(CKR_MECHANISM_PARAM_INVALID, encrypt(&f, out, &length));
    f.gcm.generator = GENERATE_RANDOM;
    f.gcm.iv_fixed_bits = 1; /* fewer than 96 random bits would come twice */
    expect(CKR_MECHANISM_PARAM_INVALID, encrypt(&f, out, &length));
    f.gcm.generator = NO_GENERATE;
    expect(CKR_ARGUMENTS_BAD, newer->C_EncryptMessage(the_session, f.parameter, f.parameter_size, NULL, 4,
                                                      f.plain, SIZE, out, &length));
    expect(CKR_ARGUMENTS_BAD, newer->C_EncryptMessage(the_session, f.parameter, f.parameter_size, NULL, 0,
                                                      NULL, SIZE, out, &length));
    expect(CKR_ARGUMENTS_BAD, newer->C_EncryptMessage(the_session, f.parameter, f.parameter_size, NULL, 0,
                                                      f.plain, SIZE, out, NULL));
    ok(encrypt_begin(&f));
    expect(CKR_ARGUMENTS_BAD, newer->C_EncryptMessageNext(the_session, f.parameter, f.parameter_size, f.plain,
                                                          SIZE, out, &length, 2));
    ok(encrypt(&f, out, &length)); /* the wrong call ended the message, not the process */
    ok(newer->C_MessageEncryptFinal(the_session));
    f.mechanism = (CK_MECHANISM){CKM_AES_CBC, NULL, 0};
    expect(CKR_MECHANISM_INVALID, newer->C_MessageEncryptInit(the_session, &f.mechanism, f.key));
}

NEWER_TEST(ccm_wants_its_length_first)
{
    struct fixture f;
    CK_BYTE out[SIZE];
    CK_ULONG length = sizeof out;

    prepare(&f, 1);
    f.ccm.data_size = SIZE - 1;
    encrypt_init(&f);
    expect(CKR_DATA_LEN_RANGE, encrypt(&f, out, &length));
    f.ccm.data_size = SIZE;
    length = sizeof out;
    ok(encrypt(&f, out, &length));
    ok(newer->C_MessageEncryptFinal(the_session));
}

NEWER_TEST(what_the_key_must_permit)
{
    struct fixture f;
    struct template more = {.count = 0};

    prepare(&f, 0);
    add_bool(&more, CKA_ENCRYPT, false);
    f.key = import_secret(the_session, CKK_AES, f.key_value, 32, &more);
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, newer->C_MessageEncryptInit(the_session, &f.mechanism, f.key));
    decrypt_init(&f);
    ok(p11->C_Logout(the_session));
    expect(CKR_OPERATION_NOT_INITIALIZED, newer->C_MessageDecryptFinal(the_session));
    ck_assert_uint_eq(sessions_held(), 0);
}

/* ---- nonces that are made here ---- */

enum { MANY = 600 };

static CK_BYTE seen[2 * MANY][16];
static int seen_count;

static bool is_new(const CK_BYTE *nonce, size_t size)
{
    for (int i = 0; i < seen_count; i++) {
        if (memcmp(seen[i], nonce, size) == 0) {
            return false;
        }
    }
    memcpy(seen[seen_count++], nonce, size);
    return true;
}

static CK_RV next_nonce(struct fixture *f, CK_ULONG generator, CK_ULONG fixed_bits)
{
    CK_BYTE out[SIZE];
    CK_ULONG length = sizeof out;

    f->gcm.generator = generator;
    f->gcm.iv_fixed_bits = fixed_bits;
    return encrypt(f, out, &length);
}

NEWER_TEST(generated_nonces_never_repeat)
{
    const CK_ULONG generators[] = {GENERATE, GENERATE_COUNTER, GENERATE_RANDOM, GENERATE_COUNTER_XOR};
    const CK_BYTE fixed[4] = {0xde, 0xad, 0xbe, 0xef};
    CK_ULONG generator = generators[_i], bits = generator == GENERATE_RANDOM ? 0 : 32;
    struct fixture f;

    prepare(&f, 0);
    seen_count = 0;
    for (int round = 0; round < 2; round++) { /* a second process with the key goes on where the first was */
        encrypt_init(&f);
        for (int i = 0; i < MANY / 2; i++) {
            memset(f.nonce, 0x55, NONCE);
            memcpy(f.nonce, fixed, 4);
            ok(next_nonce(&f, generator, bits));
            ck_assert(bits == 0 || memcmp(f.nonce, fixed, 4) == 0);
            ck_assert_msg(is_new(f.nonce, NONCE), "nonce %d came twice", i);
        }
        ok(newer->C_MessageEncryptFinal(the_session));
    }
    /* A copy of the key, and an object with the same value, are the same key. */
    ok(p11->C_CopyObject(the_session, f.key, NULL, 0, &f.key));
    for (int round = 0; round < 2; round++) {
        encrypt_init(&f);
        for (int i = 0; i < 50; i++) {
            memset(f.nonce, 0x55, NONCE);
            memcpy(f.nonce, fixed, 4);
            ok(next_nonce(&f, generator, bits));
            ck_assert(is_new(f.nonce, NONCE));
        }
        ok(newer->C_MessageEncryptFinal(the_session));
        f.key = import_secret(the_session, CKK_AES, f.key_value, 32, NULL);
    }
}

/* 3.2, section 6.13: the counter starts at zero, XOR lays it over what the caller brings. */
NEWER_TEST(counters_count)
{
    struct fixture f;

    prepare(&f, 0);
    encrypt_init(&f);
    for (unsigned i = 0; i < 260; i++) {
        CK_BYTE want[NONCE] = {1, 2, 3, 4, 0, 0, 0, 0, 0, 0, (CK_BYTE)(i >> 8), (CK_BYTE)i};

        memset(f.nonce, 0x77, NONCE);
        memcpy(f.nonce, want, 4);
        ok(next_nonce(&f, GENERATE_COUNTER, 32));
        ck_assert_mem_eq(f.nonce, want, NONCE);
    }
    for (unsigned i = 0; i < 260; i++) {
        CK_BYTE want[NONCE] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0xff, 0x0f};

        memcpy(f.nonce, want, NONCE);
        want[10] ^= (CK_BYTE)(i >> 8);
        want[11] ^= (CK_BYTE)i;
        ok(next_nonce(&f, GENERATE_COUNTER_XOR, 32));
        ck_assert_mem_eq(f.nonce, want, NONCE);
    }
    ok(newer->C_MessageEncryptFinal(the_session));
}

/* All generators at once in the few nonces that a long fixed part leaves: each is given once, then none. */
NEWER_TEST(few_nonces_are_all_given_once)
{
    struct fixture f;
    const CK_ULONG generators[] = {GENERATE, GENERATE_COUNTER, GENERATE_COUNTER_XOR};
    CK_RV rv = CKR_OK;
    int given = 0;

    prepare(&f, 0);
    seen_count = 0;
    encrypt_init(&f);
    for (int i = 0; i < 900 && given < 256; i++) {
        memset(f.nonce, 0x42, NONCE);
        rv = next_nonce(&f, generators[i % 3], NONCE * 8 - 8);
        if (rv == CKR_OK) {
            ck_assert(is_new(f.nonce, NONCE));
            given++;
        }
    }
    ck_assert_int_eq(given, 256);
    for (int i = 0; i < 3; i++) {
        memset(f.nonce, 0x42, NONCE);
        expect(CKR_FUNCTION_FAILED, next_nonce(&f, generators[i], NONCE * 8 - 8));
    }
    memset(f.nonce, 0x43, NONCE); /* another fixed part has its own */
    ok(next_nonce(&f, GENERATE_COUNTER, NONCE * 8 - 8));
    ok(newer->C_MessageEncryptFinal(the_session));
}

struct nonce_worker {
    CK_OBJECT_HANDLE key;
    CK_BYTE made[4][100][NONCE];
};

static void draw(struct worker *w)
{
    struct nonce_worker *all = w->context;
    CK_BYTE nonce[NONCE], tag[TAG], in[1] = {0}, out[1];
    struct gcm_message gcm = {nonce, NONCE, 0, GENERATE_COUNTER, tag, TAG * 8};
    CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
    CK_SESSION_HANDLE session;

    must(w, open_session(the_slot, CKF_RW_SESSION, &session));
    must(w, newer->C_MessageEncryptInit(session, &mechanism, all->key));
    for (int i = 0; i < 100; i++) {
        CK_ULONG length = 1;

        must(w, newer->C_EncryptMessage(session, &gcm, sizeof gcm, NULL, 0, in, 1, out, &length));
        memcpy(all->made[w->index][i], nonce, NONCE);
    }
    must(w, newer->C_MessageEncryptFinal(session));
}

NEWER_TEST(threads_share_the_counter)
{
    static struct nonce_worker all;
    struct fixture f;

    prepare(&f, 0);
    all.key = f.key;
    crew_run(4, draw, &all);
    seen_count = 0;
    for (int t = 0; t < 4; t++) {
        for (int i = 0; i < 100; i++) {
            ck_assert(is_new(all.made[t][i], NONCE));
            ck_assert_int_lt(all.made[t][i][NONCE - 1] + 256 * all.made[t][i][NONCE - 2], 400);
        }
    }
}

static Suite *message_suite(void)
{
    Suite *suite = suite_create("message");
    TCase *tcase = add_tcase(suite, "messages", newer_user);

    tcase_add_test(tcase, mechanisms_say_so);
    tcase_add_loop_test(tcase, as_libcrypto_makes_it, 0, KINDS);
    tcase_add_loop_test(tcase, in_parts, 0, KINDS);
    tcase_add_loop_test(tcase, wrong_tag, 0, KINDS);
    tcase_add_test(tcase, short_buffer);
    tcase_add_test(tcase, empty_message);
    tcase_add_test(tcase, order_of_calls);
    tcase_add_test(tcase, one_session_for_all_messages);
    tcase_add_test(tcase, cancelling_picks_by_flag);
    tcase_add_test(tcase, parameters_that_are_wrong);
    tcase_add_test(tcase, ccm_wants_its_length_first);
    tcase_add_test(tcase, what_the_key_must_permit);

    tcase = add_tcase(suite, "nonces", newer_user);
    tcase_add_loop_test(tcase, generated_nonces_never_repeat, 0, 4);
    tcase_add_test(tcase, counters_count);
    tcase_add_test(tcase, few_nonces_are_all_given_once);
    tcase_add_test(tcase, threads_share_the_counter);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, message_suite());
}
