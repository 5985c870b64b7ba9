/* AES: every mode against libcrypto, parts of odd sizes, lengths, bad input, the rules of operations. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "witness.h"

enum { MOST = 2048 };

struct mode {
    const char *id;
    CK_MECHANISM_TYPE type;
    const char *name; /* OpenSSL's, without the key size */
    bool padded;      /* the mechanism pads                  */
    bool blocks;      /* takes whole blocks only             */
    CK_ULONG tag;     /* bytes behind the ciphertext (GCM)   */
};

static const struct mode modes[] = {
    {"cipher/ECB", CKM_AES_ECB, "ECB", false, true, 0},
    {"cipher/CBC", CKM_AES_CBC, "CBC", false, true, 0},
    {"cipher/CBC_PAD", CKM_AES_CBC_PAD, "CBC", true, false, 0},
    {"cipher/CTR", CKM_AES_CTR, "CTR", false, false, 0},
    {"cipher/GCM", CKM_AES_GCM, "GCM", false, false, 16},
};

enum { MODES = sizeof modes / sizeof modes[0], SIZES = 3 };
static const CK_ULONG key_sizes[SIZES] = {16, 24, 32};

struct ciphering {
    const struct mode *mode;
    CK_MECHANISM mechanism;
    CK_GCM_PARAMS gcm;
    CK_AES_CTR_PARAMS ctr;
    CK_BYTE iv[16];
    CK_BYTE aad[21];
    CK_ULONG key_size;
    CK_BYTE key_value[32];
    CK_OBJECT_HANDLE key;
    CK_BYTE plain[MOST];
};

static void begin(struct ciphering *c, const struct mode *mode, CK_ULONG key_size)
{
    memset(c, 0, sizeof *c);
    c->mode = mode;
    c->key_size = key_size;
    fill_pattern(c->key_value, sizeof c->key_value, 1);
    fill_pattern(c->iv, sizeof c->iv, 101);
    fill_pattern(c->aad, sizeof c->aad, 50);
    fill_pattern(c->plain, sizeof c->plain, 200);
    c->mechanism = (CK_MECHANISM){mode->type, c->iv, sizeof c->iv};
    if (mode->type == CKM_AES_ECB) {
        c->mechanism.pParameter = NULL;
        c->mechanism.ulParameterLen = 0;
    } else if (mode->type == CKM_AES_CTR) {
        c->ctr.ulCounterBits = 128;
        memcpy(c->ctr.cb, c->iv, sizeof c->iv);
        c->mechanism.pParameter = &c->ctr;
        c->mechanism.ulParameterLen = sizeof c->ctr;
    } else if (mode->type == CKM_AES_GCM) {
        c->gcm = (CK_GCM_PARAMS){c->iv, 12, 96, c->aad, sizeof c->aad, 128};
        c->mechanism.pParameter = &c->gcm;
        c->mechanism.ulParameterLen = sizeof c->gcm;
    }
    c->key = import_aes(the_session, key_size, NULL);
}

static CK_ULONG witness_cipher(struct ciphering *c, CK_ULONG length, CK_BYTE *out)
{
    char name[32];
    struct cipher cipher = {name,
                            {c->key_value, c->key_size},
                            {c->iv, c->mode->tag > 0 ? 12 : 16},
                            {c->aad, sizeof c->aad},
                            c->mode->padded};

    snprintf(name, sizeof name, "AES-%d-%s", (int)c->key_size * 8, c->mode->name);
    return witness_encrypt(&cipher, (struct bytes){c->plain, length}, out);
}

static CK_ULONG encrypted_length(const struct mode *mode, CK_ULONG length)
{
    return mode->padded ? length / 16 * 16 + 16 : length + mode->tag;
}

static CK_ULONG encrypt_once(struct ciphering *c, CK_ULONG length, CK_BYTE *out)
{
    CK_ULONG room = MOST + 32;

    ok(p11->C_EncryptInit(the_session, &c->mechanism, c->key));
    ok(p11->C_Encrypt(the_session, c->plain, length, out, &room));
    return room;
}

START_TEST(one_call_agrees_with_libcrypto)
{
    static const CK_ULONG lengths[] = {16, 32, 160, 1024, 1, 15, 17, 333};
    struct ciphering c;
    CK_BYTE out[MOST + 32];
    CK_BYTE want[MOST + 32];
    CK_BYTE back[MOST + 32];

    begin(&c, &modes[_i / SIZES], key_sizes[_i % SIZES]);
    for (size_t i = 0; i < (c.mode->blocks ? 4 : 8); i++) {
        CK_ULONG length = encrypt_once(&c, lengths[i], out);
        CK_ULONG room = sizeof back;

        ck_assert_uint_eq(length, encrypted_length(c.mode, lengths[i]));
        ck_assert_uint_eq(witness_cipher(&c, lengths[i], want), length);
        ck_assert_msg(memcmp(out, want, length) == 0, "%s: %lu bytes differ from libcrypto's", c.mode->id,
                      lengths[i]);
        ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
        ok(p11->C_Decrypt(the_session, out, length, back, &room));
        ck_assert_uint_eq(room, lengths[i]);
        ck_assert(memcmp(back, c.plain, room) == 0);
    }
}
END_TEST

typedef CK_RV (*update_function)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
typedef CK_RV (*final_function)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *);

static CK_ULONG in_parts(update_function update, final_function final, const CK_BYTE *in, CK_ULONG length,
                         CK_BYTE *out, CK_ULONG out_room)
{
    static const CK_ULONG parts[] = {1, 3, 17, 15, 16, 31, 64, 100, 0, 7};
    CK_ULONG done = 0;
    CK_ULONG written = 0;
    CK_ULONG room;

    for (size_t i = 0; done < length; i = (i + 1) % (sizeof parts / sizeof parts[0])) {
        CK_ULONG part = parts[i] < length - done ? parts[i] : length - done;

        room = out_room - written;
        ok(update(the_session, (CK_BYTE *)(uintptr_t)in + done, part, out + written, &room));
        done += part;
        written += room;
    }
    room = out_room - written;
    ok(final(the_session, out + written, &room));
    return written + room;
}

START_TEST(parts_equal_one_call)
{
    struct ciphering c;
    CK_BYTE once[MOST + 32];
    CK_BYTE parts[MOST + 64];
    CK_BYTE back[MOST + 64];
    CK_ULONG plain_length;
    CK_ULONG length;

    begin(&c, &modes[_i], 32);
    plain_length = c.mode->blocks ? 1024 : 1001;
    length = encrypt_once(&c, plain_length, once);
    ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    ck_assert_uint_eq(
        in_parts(p11->C_EncryptUpdate, p11->C_EncryptFinal, c.plain, plain_length, parts, sizeof parts),
        length);
    ck_assert(memcmp(once, parts, length) == 0);
    ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
    ck_assert_uint_eq(in_parts(p11->C_DecryptUpdate, p11->C_DecryptFinal, once, length, back, sizeof back),
                      plain_length);
    ck_assert(memcmp(back, c.plain, plain_length) == 0);
}
END_TEST

START_TEST(lengths_of_one_call)
{
    struct ciphering c;
    CK_BYTE out[MOST + 32];
    CK_BYTE back[MOST];
    CK_ULONG want;
    CK_ULONG length = 0;

    begin(&c, &modes[_i], 16);
    want = encrypted_length(c.mode, 64);
    memset(out, 0xee, sizeof out);
    ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    ok(p11->C_Encrypt(the_session, c.plain, 64, NULL, &length));
    ck_assert_uint_ge(length, want);
    length = want - 1;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_Encrypt(the_session, c.plain, 64, out, &length));
    ck_assert_uint_ge(length, want);
    ck_assert_uint_eq(out[0], 0xee);
    length = want;
    ok(p11->C_Encrypt(the_session, c.plain, 64, out, &length));
    ck_assert_uint_eq(length, want);
    ck_assert_uint_eq(out[want], 0xee);
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Encrypt(the_session, c.plain, 64, out, &length));

    ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
    length = 0;
    ok(p11->C_Decrypt(the_session, out, want, NULL, &length));
    ck_assert_uint_ge(length, 64);
    length = 1;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_Decrypt(the_session, out, want, back, &length));
    ck_assert_uint_ge(length, 64);
    length = 64 + 16;
    ok(p11->C_Decrypt(the_session, out, want, back, &length));
    ck_assert_uint_eq(length, 64);
    ck_assert(memcmp(back, c.plain, 64) == 0);
}
END_TEST

START_TEST(lengths_of_updates)
{
    struct ciphering c;
    CK_BYTE out[256];
    CK_BYTE once[MOST];
    CK_ULONG length = 0;
    CK_ULONG written = 0;
    CK_ULONG total;

    begin(&c, &modes[_i], 16);
    total = encrypt_once(&c, 48, once);
    ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    ok(p11->C_EncryptUpdate(the_session, c.plain, 48, NULL, &length));
    ck_assert_uint_ge(length, 32);
    length = 1;
    expect_id(c.mode->tag > 0 ? "cipher/gcm-update-length" : "cipher/update-length", CKR_BUFFER_TOO_SMALL,
              p11->C_EncryptUpdate(the_session, c.plain, 48, out, &length));
    if (is_reference() && c.mode->tag > 0) {
        return;
    }
    length = sizeof out;
    ok(p11->C_EncryptUpdate(the_session, c.plain, 48, out, &length)); /* the failed ones took nothing */
    written = length;
    length = 0;
    ok(p11->C_EncryptFinal(the_session, NULL, &length));
    ck_assert_uint_ge(length + written, total);
    length = sizeof out - written;
    ok(p11->C_EncryptFinal(the_session, out + written, &length));
    ck_assert_uint_eq(written + length, total);
    ck_assert(memcmp(out, once, total) == 0);
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_EncryptFinal(the_session, out, &length));
}
END_TEST

struct wrong_length {
    const char *id;
    CK_MECHANISM_TYPE type;
    bool decrypt;
    CK_ULONG length;
    CK_RV want;
};

static const struct wrong_length wrong_lengths[] = {
    {"cipher/ecb-17", CKM_AES_ECB, false, 17, CKR_DATA_LEN_RANGE},
    {"cipher/cbc-15", CKM_AES_CBC, false, 15, CKR_DATA_LEN_RANGE},
    {"cipher/ecb-decrypt-17", CKM_AES_ECB, true, 17, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {"cipher/cbc-decrypt-31", CKM_AES_CBC, true, 31, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {"cipher/cbc-pad-decrypt-17", CKM_AES_CBC_PAD, true, 17, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {"cipher/cbc-pad-decrypt-0", CKM_AES_CBC_PAD, true, 0, CKR_ENCRYPTED_DATA_LEN_RANGE},
    {"cipher/gcm-decrypt-15", CKM_AES_GCM, true, 15, CKR_ENCRYPTED_DATA_LEN_RANGE},
};

START_TEST(length_that_cannot_be)
{
    const struct wrong_length *row = &wrong_lengths[_i];
    struct ciphering c;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    const struct mode *mode = modes;

    while (mode->type != row->type) {
        mode++;
    }
    begin(&c, mode, 16);
    if (row->decrypt) {
        ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
        expect_id(row->id, row->want, p11->C_Decrypt(the_session, c.plain, row->length, out, &length));
        expect(CKR_OPERATION_NOT_INITIALIZED,
               p11->C_Decrypt(the_session, c.plain, row->length, out, &length));
    } else {
        ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
        expect_id(row->id, row->want, p11->C_Encrypt(the_session, c.plain, row->length, out, &length));
        expect(CKR_OPERATION_NOT_INITIALIZED,
               p11->C_Encrypt(the_session, c.plain, row->length, out, &length));
    }
}
END_TEST

START_TEST(unfinished_block)
{
    struct ciphering c;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;

    begin(&c, &modes[1], 16);
    ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    ok(p11->C_EncryptUpdate(the_session, c.plain, 17, out, &length));
    ck_assert_uint_eq(length, 16);
    length = sizeof out;
    expect(CKR_DATA_LEN_RANGE, p11->C_EncryptFinal(the_session, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_EncryptFinal(the_session, out, &length));
    ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
    length = sizeof out;
    ok(p11->C_DecryptUpdate(the_session, c.plain, 17, out, &length));
    length = sizeof out;
    expect(CKR_ENCRYPTED_DATA_LEN_RANGE, p11->C_DecryptFinal(the_session, out, &length));
}
END_TEST

START_TEST(bad_padding)
{
    struct ciphering c;
    CK_BYTE cipher[48];
    CK_BYTE out[48];
    CK_ULONG length;

    begin(&c, &modes[2], 16);
    ck_assert_uint_eq(encrypt_once(&c, 30, cipher), 32);
    cipher[15] ^= 0xff; /* turns the last byte of the padding */
    length = sizeof out;
    ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
    expect_id("cipher/bad-padding", CKR_ENCRYPTED_DATA_INVALID,
              p11->C_Decrypt(the_session, cipher, 32, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Decrypt(the_session, cipher, 32, out, &length));
}
END_TEST

START_TEST(bad_tag)
{
    struct ciphering c;
    CK_BYTE cipher[64];
    CK_BYTE out[64];
    CK_ULONG length;

    begin(&c, &modes[4], 16);
    for (int spoil = 0; spoil < 3; spoil++) {
        CK_ULONG total = encrypt_once(&c, 30, cipher);

        if (spoil == 0) {
            cipher[total - 1] ^= 1;
        } else if (spoil == 1) {
            cipher[0] ^= 1;
        } else {
            c.aad[0] ^= 1;
        }
        memset(out, 0xee, sizeof out);
        length = sizeof out;
        ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
        expect_id("cipher/bad-tag", CKR_ENCRYPTED_DATA_INVALID,
                  p11->C_Decrypt(the_session, cipher, total, out, &length));
        for (size_t i = 0; i < sizeof out; i++) {
            ck_assert_msg(out[i] == 0xee || out[i] == 0, "unauthenticated plaintext came out");
        }
        expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Decrypt(the_session, cipher, total, out, &length));
    }
}
END_TEST

START_TEST(gcm_variants)
{
    struct ciphering c;
    CK_BYTE first[64];
    CK_BYTE out[64];
    CK_BYTE back[64];
    CK_ULONG length;

    /* Tags are cut from the full one. */
    begin(&c, &modes[4], 32);
    encrypt_once(&c, 20, first);
    c.gcm.ulTagBits = 96;
    ck_assert_uint_eq(encrypt_once(&c, 20, out), 32);
    ck_assert(memcmp(first, out, 32) == 0);
    length = sizeof back;
    ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
    ok(p11->C_Decrypt(the_session, out, 32, back, &length));
    ck_assert_uint_eq(length, 20);

    /* No associated data, and nothing to encrypt. */
    c.gcm = (CK_GCM_PARAMS){c.iv, 12, 96, NULL, 0, 128};
    length = sizeof out;
    ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    ok(p11->C_Encrypt(the_session, c.plain, 0, out, &length));
    ck_assert_uint_eq(length, 16);
    ok(p11->C_DecryptInit(the_session, &c.mechanism, c.key));
    length = sizeof back;
    expect_id("cipher/gcm-nothing", CKR_OK, p11->C_Decrypt(the_session, out, 16, back, &length));
}
END_TEST

/* RFC 3686 style counters: the low bits count and wrap around without touching the rest. */
START_TEST(counter_of_few_bits)
{
    struct ciphering c;
    CK_BYTE out[64];

    begin(&c, &modes[3], 16);
    memset(c.ctr.cb + 12, 0, 4);
    c.ctr.ulCounterBits = 32;
    memcpy(c.iv, c.ctr.cb, 16);
    ck_assert_uint_eq(encrypt_once(&c, 40, out), 40);
    {
        CK_BYTE want[64];

        ck_assert_uint_eq(witness_cipher(&c, 40, want), 40);
        ck_assert(memcmp(out, want, 40) == 0);
    }
}
END_TEST

struct bad_parameter {
    const char *id;
    CK_MECHANISM_TYPE type;
    CK_ULONG length; /* of the parameter given */
    int change; /* 1: zero counter bits, 2: 129 counter bits, 3: tag of 13 bits, 4: tag of 136 bits, 5: no IV
                 */
    CK_RV want;
};

static const struct bad_parameter bad_parameters[] = {
    {"cipher/cbc-no-iv", CKM_AES_CBC, 0, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/cbc-short-iv", CKM_AES_CBC, 15, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/cbc-long-iv", CKM_AES_CBC, 17, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/cbc-pad-short-iv", CKM_AES_CBC_PAD, 8, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/ctr-none", CKM_AES_CTR, 0, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/ctr-short", CKM_AES_CTR, 16, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/ctr-0-bits", CKM_AES_CTR, sizeof(CK_AES_CTR_PARAMS), 1, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/ctr-129-bits", CKM_AES_CTR, sizeof(CK_AES_CTR_PARAMS), 2, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/gcm-none", CKM_AES_GCM, 0, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/gcm-short", CKM_AES_GCM, 8, 0, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/gcm-tag-13-bits", CKM_AES_GCM, sizeof(CK_GCM_PARAMS), 3, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/gcm-tag-136-bits", CKM_AES_GCM, sizeof(CK_GCM_PARAMS), 4, CKR_MECHANISM_PARAM_INVALID},
    {"cipher/gcm-no-iv", CKM_AES_GCM, sizeof(CK_GCM_PARAMS), 5, CKR_MECHANISM_PARAM_INVALID},
};

START_TEST(parameter_is_refused)
{
    const struct bad_parameter *row = &bad_parameters[_i];
    struct ciphering c;
    CK_BYTE long_iv[17] = {0};
    const struct mode *mode = modes;

    while (mode->type != row->type) {
        mode++;
    }
    begin(&c, mode, 16);
    if (row->type == CKM_AES_CBC) {
        c.mechanism.pParameter = long_iv;
    }
    c.mechanism.ulParameterLen = row->length;
    if (row->length == 0) {
        c.mechanism.pParameter = NULL;
    }
    switch (row->change) {
    case 1:
        c.ctr.ulCounterBits = 0;
        break;
    case 2:
        c.ctr.ulCounterBits = 129;
        break;
    case 3:
        c.gcm.ulTagBits = 13;
        break;
    case 4:
        c.gcm.ulTagBits = 136;
        break;
    case 5:
        c.gcm.pIv = NULL;
        c.gcm.ulIvLen = 0;
        break;
    default:
        break;
    }
    expect_id(row->id, row->want, p11->C_EncryptInit(the_session, &c.mechanism, c.key));
}
END_TEST

START_TEST(keys_that_may_not)
{
    struct template no_decrypt = {.count = 0};
    struct template no_cipher = {.count = 0};
    CK_MECHANISM rsa = {CKM_RSA_PKCS, NULL, 0};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_OBJECT_HANDLE aes;
    CK_BYTE iv[16] = {0};

    add_bool(&no_decrypt, CKA_DECRYPT, false);
    add_bool(&no_cipher, CKA_DECRYPT, false);
    add_bool(&no_cipher, CKA_ENCRYPT, false);
    aes = import_aes(the_session, 16, &no_cipher);
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, p11->C_EncryptInit(the_session, &ecb, aes));
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, p11->C_DecryptInit(the_session, &ecb, aes));
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED,
           p11->C_DecryptInit(the_session, &rsa, import_rsa(the_session, &no_decrypt).private_key));
    aes = import_aes(the_session, 16, NULL);
    expect_id("cipher/aes-with-rsa", CKR_KEY_TYPE_INCONSISTENT, p11->C_EncryptInit(the_session, &rsa, aes));
    ecb = (CK_MECHANISM){CKM_AES_CBC, iv, sizeof iv};
    expect_id("cipher/rsa-with-aes", CKR_KEY_TYPE_INCONSISTENT,
              p11->C_EncryptInit(the_session, &ecb, import_rsa(the_session, NULL).public_key));
}
END_TEST

START_TEST(states)
{
    struct ciphering c;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;

    begin(&c, &modes[2], 16);
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Encrypt(the_session, c.plain, 16, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_EncryptUpdate(the_session, c.plain, 16, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_EncryptFinal(the_session, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_Decrypt(the_session, c.plain, 16, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DecryptUpdate(the_session, c.plain, 16, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DecryptFinal(the_session, out, &length));
    ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    expect(CKR_OPERATION_ACTIVE, p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    ok(p11->C_EncryptUpdate(the_session, c.plain, 16, out, &length));
    length = sizeof out;
    ok(p11->C_EncryptFinal(the_session, out, &length)); /* undisturbed */
}
END_TEST

/* design.md 8: the operation keeps what it needs; its key may go. */
START_TEST(key_destroyed_meanwhile)
{
    struct ciphering c;
    CK_BYTE once[64];
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;

    begin(&c, &modes[1], 16);
    encrypt_once(&c, 32, once);
    ok(p11->C_EncryptInit(the_session, &c.mechanism, c.key));
    ok(p11->C_DestroyObject(the_session, c.key));
    ok(p11->C_Encrypt(the_session, c.plain, 32, out, &length));
    ck_assert(length == 32 && memcmp(once, out, 32) == 0);
    expect_id("cipher/bad-key-handle", CKR_KEY_HANDLE_INVALID,
              p11->C_EncryptInit(the_session, &c.mechanism, c.key));
}
END_TEST

static Suite *cipher_suite(void)
{
    Suite *suite = suite_create("cipher");
    TCase *tcase = add_tcase(suite, "aes", setup_user);

    tcase_add_loop_test(tcase, one_call_agrees_with_libcrypto, 0, MODES * SIZES);
    tcase_add_loop_test(tcase, parts_equal_one_call, 0, MODES);
    tcase_add_loop_test(tcase, lengths_of_one_call, 0, MODES);
    tcase_add_loop_test(tcase, lengths_of_updates, 0, MODES);
    tcase_add_loop_test(tcase, length_that_cannot_be, 0, 7);
    tcase_add_test(tcase, unfinished_block);
    tcase_add_test(tcase, bad_padding);
    tcase_add_test(tcase, bad_tag);
    tcase_add_test(tcase, gcm_variants);
    tcase_add_test(tcase, counter_of_few_bits);
    tcase_add_loop_test(tcase, parameter_is_refused, 0, 13);

    tcase = add_tcase(suite, "rules", setup_user);
    tcase_add_test(tcase, keys_that_may_not);
    tcase_add_test(tcase, states);
    tcase_add_test(tcase, key_destroyed_meanwhile);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, cipher_suite());
}
