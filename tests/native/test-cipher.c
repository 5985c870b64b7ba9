/*
 * Block ciphers through OH_Huks_* sessions, with bare OpenSSL on the other side of each; parts, rooms,
 * nonces, tags and lengths.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static uint8_t message[1000];
static uint8_t out[1 << 18];
static const uint8_t iv[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t known[32] = {200, 13, 14, 75, 6, 17, 8, 90, 1, 99, 2,  3,  40, 5,  6,  7,
                                  8,   90, 10, 11, 2, 13, 4, 15, 6, 17, 18, 19, 20, 21, 22, 23};

static void fill_message(void)
{
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 31 + i / 256);
    }
}

/* ---- Block ciphers ------------------------------------------------------------------------------------- */

static const struct cipher {
    const char *openssl;
    uint32_t alg, bits, mode, padding;
    uint32_t tag; /* bytes; AEAD alone */
    size_t size;  /* of the message */
} ciphers[] = {
#define ROW(openssl, alg, bits, mode, padding, tag, size)                                                    \
    {                                                                                                        \
        openssl, OH_HUKS_ALG_##alg, bits, OH_HUKS_MODE_##mode, OH_HUKS_PADDING_##padding, tag, size          \
    }
    ROW("AES-128-ECB", AES, 128, ECB, NONE, 0, 992),   ROW("AES-192-ECB", AES, 192, ECB, PKCS7, 0, 1000),
    ROW("AES-256-ECB", AES, 256, ECB, PKCS7, 0, 0),    ROW("AES-128-CBC", AES, 128, CBC, NONE, 0, 16),
    ROW("AES-192-CBC", AES, 192, CBC, PKCS7, 0, 1000), ROW("AES-256-CBC", AES, 256, CBC, PKCS7, 0, 992),
    ROW("AES-256-CBC", AES, 256, CBC, PKCS7, 0, 0),    ROW("AES-128-CTR", AES, 128, CTR, NONE, 0, 1000),
    ROW("AES-192-CTR", AES, 192, CTR, NONE, 0, 1),     ROW("AES-256-CTR", AES, 256, CTR, NONE, 0, 992),
    ROW("AES-128-GCM", AES, 128, GCM, NONE, 16, 1),    ROW("AES-192-GCM", AES, 192, GCM, NONE, 16, 992),
    ROW("AES-256-GCM", AES, 256, GCM, NONE, 16, 1000), ROW("AES-256-GCM", AES, 256, GCM, NONE, 16, 0),
    ROW("AES-128-CCM", AES, 128, CCM, NONE, 16, 1000), ROW("AES-192-CCM", AES, 192, CCM, NONE, 4, 1),
    ROW("AES-256-CCM", AES, 256, CCM, NONE, 8, 992),   ROW("AES-256-CCM", AES, 256, CCM, NONE, 16, 0),
    ROW("AES-256-CCM", AES, 256, CCM, NONE, 10, 100),  ROW("SM4-ECB", SM4, 128, ECB, NONE, 0, 992),
    ROW("SM4-ECB", SM4, 128, ECB, PKCS7, 0, 1000),     ROW("SM4-CBC", SM4, 128, CBC, NONE, 0, 32),
    ROW("SM4-CBC", SM4, 128, CBC, PKCS7, 0, 1000),     ROW("SM4-CTR", SM4, 128, CTR, NONE, 0, 1000),
    ROW("SM4-CFB", SM4, 128, CFB, NONE, 0, 1000),      ROW("SM4-OFB", SM4, 128, OFB, NONE, 0, 1000),
    ROW("DES-EDE3-ECB", 3DES, 192, ECB, NONE, 0, 992), ROW("DES-EDE3-CBC", 3DES, 192, CBC, NONE, 0, 1000),
    ROW("DES-EDE-ECB", 3DES, 128, ECB, NONE, 0, 8),    ROW("DES-EDE-CBC", 3DES, 128, CBC, NONE, 0, 992),
    ROW("DES-EDE3-ECB", DES, 64, ECB, NONE, 0, 992),   ROW("DES-EDE3-CBC", DES, 64, CBC, NONE, 0, 992),
};

static bool is_aead(const struct cipher *c)
{
    return c->tag != 0;
}

static bool is_des(const struct cipher *c)
{
    return c->alg == OH_HUKS_ALG_DES || c->alg == OH_HUKS_ALG_3DES;
}

static uint32_t nonce_size(const struct cipher *c)
{
    return c->mode == OH_HUKS_MODE_CCM ? 7 : 12;
}

/* Both directions at OpenSSL; a ciphertext's tag stands behind it. 0 when the tag is wrong. */
static size_t openssl_cipher(const struct cipher *c, bool encrypts, const uint8_t *in, size_t size,
                             uint8_t *to)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, c->openssl, NULL);
    EVP_CIPHER_CTX *with = EVP_CIPHER_CTX_new();
    bool ccm = c->mode == OH_HUKS_MODE_CCM;
    uint8_t key[32]; /* DES is triple DES with three times the same key */
    int none, first = 0, last = 0;
    int text = (int)(encrypts ? size : size - c->tag);
    void *tag = encrypts ? NULL : (void *)(uintptr_t)(in + text);

    for (int i = 0; i < 32; i++) {
        key[i] = known[c->alg == OH_HUKS_ALG_DES ? i % 8 : i];
    }
    ck_assert(cipher != NULL && EVP_CipherInit_ex2(with, cipher, NULL, NULL, encrypts, NULL) == 1);
    if (is_aead(c)) {
        ck_assert(EVP_CIPHER_CTX_ctrl(with, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce_size(c), NULL) == 1);
        ck_assert((!ccm && encrypts) ||
                  EVP_CIPHER_CTX_ctrl(with, EVP_CTRL_AEAD_SET_TAG, (int)c->tag, tag) == 1);
    }
    ck_assert(EVP_CipherInit_ex2(with, NULL, key, iv, encrypts, NULL) == 1);
    EVP_CIPHER_CTX_set_padding(with, c->padding == OH_HUKS_PADDING_PKCS7);
    if (is_aead(c)) {
        ck_assert(!ccm || EVP_CipherUpdate(with, NULL, &none, NULL, text) == 1);
        ck_assert(EVP_CipherUpdate(with, NULL, &none, (const uint8_t *)"header", 6) == 1);
    }
    ck_assert(EVP_CipherUpdate(with, to, &first, in, text) == 1);
    ck_assert((ccm && !encrypts) || EVP_CipherFinal_ex(with, to + first, &last) == 1);
    if (is_aead(c) && encrypts) {
        ck_assert(EVP_CIPHER_CTX_ctrl(with, EVP_CTRL_AEAD_GET_TAG, (int)c->tag, to + first + last) == 1);
        last += (int)c->tag;
    }
    EVP_CIPHER_CTX_free(with);
    EVP_CIPHER_free(cipher);
    return (size_t)first + (size_t)last;
}

static set *use(const struct cipher *c, uint32_t purpose, const uint8_t *nonce, const uint8_t *tag)
{
    param params[10] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = c->alg},
                        PURPOSE(purpose),
                        {.tag = OH_HUKS_TAG_BLOCK_MODE, .uint32Param = c->mode},
                        {.tag = OH_HUKS_TAG_PADDING, .uint32Param = c->padding}};
    uint32_t count = 4;

    if (is_aead(c)) {
        params[count++] = (param)BYTES(ASSOCIATED_DATA, "header", 6);
        params[count++] = (param)NUMBER(AE_TAG_LEN, c->tag);
        if (nonce != NULL) {
            params[count++] = (param)BYTES(NONCE, nonce, nonce_size(c));
        }
        if (tag != NULL) {
            params[count++] = (param)BYTES(AE_TAG, tag, c->tag);
        }
    } else if (c->mode != OH_HUKS_MODE_ECB) {
        params[count++] = (param)BYTES(IV, iv, is_des(c) ? 8 : 16);
    }
    return make_set(params, count);
}

/* All of the input in parts of so many bytes; returns what came out. */
static uint32_t run(struct session *s, const uint8_t *in, size_t size, size_t part, uint8_t *to, size_t room)
{
    uint32_t written = 0;
    size_t done = 0;
    uint32_t here;

    for (; size - done > part; done += part) {
        here = (uint32_t)(room - written);
        OK(update(s, in + done, part, to + written, &here));
        ck_assert_uint_le(here, part + 15);
        written += here;
    }
    here = (uint32_t)(room - written);
    OK(finish(s, in + done, size - done, to + written, &here));
    EXPECT(12000011, TEXT_ENTITY, finish(s, in, 1, to, &(uint32_t){16})); /* over */
    return written + here;
}

static void import(const struct cipher *c)
{
    OK(OH_Huks_ImportKeyItem(
        NAME("key"),
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = c->alg}, SIZE(c->bits), PURPOSE(ENCRYPT | DECRYPT)),
        &(blob){c->bits / 8, (uint8_t *)(uintptr_t)known}));
}

START_TEST(both_ways)
{
    static const size_t parts[] = {1000, 300, 17, 16, 1};
    const struct cipher *c = &ciphers[_i];
    uint8_t wanted[1200], hidden[1200], plain[1200];
    size_t wanted_size;

    import(c);
    wanted_size = openssl_cipher(c, true, message, c->size, wanted);
    for (int i = 0; i < COUNT(parts); i++) {
        struct session s;

        if (c->size > 100 && parts[i] == 1) {
            continue;
        }
        OK(begin(&s, "key", use(c, ENCRYPT, iv, NULL)));
        ck_assert_uint_eq(run(&s, message, c->size, parts[i], hidden, sizeof hidden), wanted_size);
        ck_assert_mem_eq(hidden, wanted, wanted_size);
        OK(begin(&s, "key", use(c, DECRYPT, iv, hidden + wanted_size - c->tag)));
        ck_assert_uint_eq(run(&s, hidden, wanted_size - c->tag, parts[i], plain, sizeof plain), c->size);
        ck_assert_mem_eq(plain, message, c->size);
    }
    ck_assert_uint_eq(openssl_cipher(c, false, hidden, wanted_size, plain), c->size);
    ck_assert_mem_eq(plain, message, c->size);
}
END_TEST

/* ---- Nonces and tags ----------------------------------------------------------------------------------- */

#define GCM ROW("AES-256-GCM", AES, 256, GCM, NONE, 16, 100)
#define CCM ROW("AES-256-CCM", AES, 256, CCM, NONE, 16, 100)
static const struct cipher aead[] = {GCM, CCM};

/* Without a nonce one is made, and comes behind the tag. */
START_TEST(makes_nonces)
{
    const struct cipher *c = &aead[_i];
    uint32_t nonce = nonce_size(c);
    uint8_t first[200], second[200], plain[200];
    uint32_t room = 100 + 16 + nonce - 1;
    struct session s;

    import(c);
    OK(begin(&s, "key", use(c, ENCRYPT, NULL, NULL)));
    ck_assert_uint_eq(run(&s, message, 100, 30, first, sizeof first), 100 + 16 + nonce);
    OK(begin(&s, "key", use(c, ENCRYPT, NULL, NULL)));
    ck_assert_uint_eq(run(&s, message, 100, 100, second, sizeof second), 100 + 16 + nonce);
    ck_assert_mem_ne(first + 116, second + 116, nonce);
    ck_assert_mem_ne(first, second, 100);
    OK(begin(&s, "key", use(c, DECRYPT, first + 116, first + 100)));
    ck_assert_uint_eq(run(&s, first, 100, 100, plain, sizeof plain), 100);
    ck_assert_mem_eq(plain, message, 100);
    OK(begin(&s, "key", use(c, ENCRYPT, NULL, NULL)));
    EXPECT(401, TEXT_BUFFER, finish(&s, message, 100, plain, &room)); /* the nonce needs its room */
}
END_TEST

/* GCM's plaintext comes out as it goes, and the end says whether it was genuine; the last part stays in. */
START_TEST(gcm_releases)
{
    const struct cipher *c = &aead[0];
    uint8_t hidden[200], plain[100] = {0}, wiped[50] = {0};
    uint32_t room;
    struct session s;

    import(c);
    ck_assert_uint_eq(openssl_cipher(c, true, message, 100, hidden), 116);
    hidden[107] ^= 1;
    OK(begin(&s, "key", use(c, DECRYPT, iv, hidden + 100)));
    room = 50;
    OK(update(&s, hidden, 50, plain, &room));
    ck_assert_uint_eq(room, 50);
    ck_assert_mem_eq(plain, message, 50);
    room = 50;
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, hidden + 50, 50, plain + 50, &room));
    ck_assert_mem_eq(plain + 50, wiped, 50);
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, plain, &(uint32_t){100}));
}
END_TEST

START_TEST(ccm_releases_nothing)
{
    const struct cipher *c = &aead[1];
    uint8_t hidden[200], plain[100] = {0}, wiped[100] = {0};
    uint32_t room;
    struct session s;

    import(c);
    ck_assert_uint_eq(openssl_cipher(c, true, message, 100, hidden), 116);
    hidden[107] ^= 1;
    OK(begin(&s, "key", use(c, DECRYPT, iv, hidden + 100)));
    room = 100;
    OK(update(&s, hidden, 50, plain, &room));
    ck_assert_uint_eq(room, 0);
    room = 100;
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, hidden + 50, 50, plain, &room));
    ck_assert_mem_eq(plain, wiped, 100);
}
END_TEST

/* Associated data, nonce and tag all count. */
START_TEST(wrong_tags)
{
    const struct cipher *c = &aead[_i];
    uint8_t hidden[200], nonce[16];
    param params[] = {ALG(AES),
                      PURPOSE(DECRYPT),
                      PADDING(NONE),
                      NUMBER(BLOCK_MODE, c->mode),
                      BYTES(NONCE, iv, nonce_size(c)),
                      BYTES(AE_TAG, hidden + 100, 16)};
    struct session s;

    import(c);
    ck_assert_uint_eq(openssl_cipher(c, true, message, 100, hidden), 116);
    OK(begin(&s, "key", make_set(params, 6))); /* no associated data */
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, hidden, 100, out, &(uint32_t){sizeof out}));
    memcpy(nonce, iv, sizeof nonce);
    nonce[3] ^= 1;
    OK(begin(&s, "key", use(c, DECRYPT, nonce, hidden + 100)));
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, hidden, 100, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(c, DECRYPT, iv, hidden + 100))); /* a ciphertext cut short */
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, hidden, 99, out, &(uint32_t){sizeof out}));
}
END_TEST

/* ---- Rooms and lengths --------------------------------------------------------------------------------- */

static const struct room {
    const char *name;
    uint32_t alg, bits, mode, padding;
    uint32_t purpose;
    uint32_t in, room; /* Finish's input, and what it asks for */
} rooms[] = {
#define ROOMS(alg, bits, mode, padding, purpose, in, room)                                                   \
    {                                                                                                        \
#alg " " #mode " " #padding, OH_HUKS_ALG_##alg, bits, OH_HUKS_MODE_##mode,                           \
            OH_HUKS_PADDING_##padding, purpose, in, room                                                     \
    }
    ROOMS(AES, 128, CBC, NONE, ENCRYPT, 32, 48),  ROOMS(AES, 128, ECB, NONE, ENCRYPT, 16, 32),
    ROOMS(AES, 128, CBC, PKCS7, ENCRYPT, 32, 64), ROOMS(AES, 128, ECB, PKCS7, ENCRYPT, 1, 32),
    ROOMS(SM4, 128, CBC, PKCS7, ENCRYPT, 15, 32), ROOMS(3DES, 192, CBC, NONE, ENCRYPT, 16, 24),
    ROOMS(AES, 128, CTR, NONE, ENCRYPT, 33, 33),  ROOMS(SM4, 128, OFB, NONE, ENCRYPT, 5, 5),
    ROOMS(AES, 128, GCM, NONE, ENCRYPT, 33, 49),  ROOMS(AES, 128, CCM, NONE, ENCRYPT, 33, 49),
    ROOMS(AES, 128, CBC, NONE, DECRYPT, 32, 32),  ROOMS(AES, 128, CTR, NONE, DECRYPT, 7, 7),
};

START_TEST(asks_for_room)
{
    const struct room *row = &rooms[_i];
    const bool tagged = row->mode == OH_HUKS_MODE_GCM || row->mode == OH_HUKS_MODE_CCM;
    const struct cipher c = {"", row->alg, row->bits, row->mode, row->padding, tagged ? 16 : 0, 0};
    uint32_t room = row->room - 1;
    struct session s;

    import(&c);
    OK(begin(&s, "key", use(&c, row->purpose, iv, NULL)));
    answer(__FILE__, __LINE__, row->name, 401, TEXT_BUFFER, finish(&s, message, row->in, out, &room));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, message, row->in, out, &(uint32_t){sizeof out})); /* lost */
    room = row->room;
    OK(begin(&s, "key", use(&c, row->purpose, iv, NULL)));
    answer(__FILE__, __LINE__, row->name, 0, "Success.", finish(&s, message, row->in, out, &room));
    ck_assert_uint_le(room, row->room);
    if (row->mode != OH_HUKS_MODE_CCM) { /* an update, too: for what goes in */
        OK(begin(&s, "key", use(&c, row->purpose, iv, NULL)));
        room = row->in - 1;
        EXPECT(401, TEXT_BUFFER, update(&s, message, row->in, out, &room));
        EXPECT(12000011, TEXT_ENTITY, finish(&s, message, row->in, out, &(uint32_t){sizeof out}));
    }
    OK(begin(&s, "key", use(&c, row->purpose, iv, NULL)));
    EXPECT(401, TEXT_INVALID, update(&s, NULL, 0, out, &(uint32_t){sizeof out})); /* an empty part */
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(&c, row->purpose, iv, NULL)));
    EXPECT(401, TEXT_INVALID, finish(&s, message, row->in, NULL, &(uint32_t){0}));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
}
END_TEST

/* Blocks that earlier parts left over come out with a later one: then that one's room is not enough. */
START_TEST(late_blocks)
{
    const struct cipher c = ROW("", AES, 128, CBC, NONE, 0, 0);
    uint32_t room = 17;
    struct session s;

    import(&c);
    OK(begin(&s, "key", use(&c, ENCRYPT, NULL, NULL)));
    room = 15;
    OK(update(&s, message, 15, out, &room));
    ck_assert_uint_eq(room, 0);
    room = 17;
    EXPECT(401, TEXT_BUFFER, update(&s, message, 17, out, &room));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
}
END_TEST

START_TEST(wrong_lengths)
{
    static const struct cipher none = ROW("", AES, 128, CBC, NONE, 0, 0),
                               padded = ROW("", AES, 128, CBC, PKCS7, 0, 0);
    static const struct cipher des = ROW("", 3DES, 192, ECB, NONE, 0, 0);
    struct session s;

    import(&none);
    OK(begin(&s, "key", use(&none, ENCRYPT, NULL, NULL)));
    EXPECT(401, TEXT_INVALID, finish(&s, message, 15, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(&none, ENCRYPT, NULL, NULL)));
    OK(update(&s, message, 17, out, &(uint32_t){sizeof out}));
    EXPECT(401, TEXT_INVALID, finish(&s, message, 14, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(&none, DECRYPT, NULL, NULL)));
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, message, 15, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(&padded, DECRYPT, NULL, NULL)));
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, message, 31, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(&padded, DECRYPT, NULL, NULL)));
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, message, 32, out, &(uint32_t){sizeof out})); /* no padding */
    OK(begin(&s, "key", use(&padded, DECRYPT, NULL, NULL)));
    EXPECT(12000006, TEXT_CRYPTO, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    import(&des);
    OK(begin(&s, "key", use(&des, ENCRYPT, NULL, NULL)));
    EXPECT(401, TEXT_INVALID, finish(&s, message, 12, out, &(uint32_t){sizeof out}));
}
END_TEST

/* CCM collects its message, and 100 KiB of it at most. */
START_TEST(much_for_ccm)
{
    static uint8_t large[100 << 10];
    const struct cipher *c = &aead[1];
    uint32_t room = sizeof out;
    struct session s;

    import(c);
    OK(begin(&s, "key", use(c, ENCRYPT, iv, NULL)));
    OK(update(&s, large, sizeof large, out, &room));
    ck_assert_uint_eq(room, 0);
    room = sizeof out;
    OK(finish(&s, NULL, 0, out, &room));
    ck_assert_uint_eq(room, sizeof large + 16);
    OK(begin(&s, "key", use(c, ENCRYPT, iv, NULL)));
    OK(update(&s, large, sizeof large, out, &(uint32_t){sizeof out}));
    EXPECT(12000012, TEXT_ABNORMAL, update(&s, large, 1, out, &(uint32_t){sizeof out}));
    EXPECT(12000011, TEXT_ENTITY, finish(&s, NULL, 0, out, &(uint32_t){sizeof out}));
    OK(begin(&s, "key", use(c, ENCRYPT, iv, NULL)));
    OK(update(&s, large, sizeof large, out, &(uint32_t){sizeof out}));
    EXPECT(12000012, TEXT_ABNORMAL, finish(&s, large, 1, out, &(uint32_t){sizeof out}));
}
END_TEST

/* ---- Old ciphers --------------------------------------------------------------------------------------- */

START_TEST(old_ciphers_switched_off)
{
    static const struct cipher old[] = {ROW("", 3DES, 192, ECB, NONE, 0, 0),
                                        ROW("", DES, 64, ECB, NONE, 0, 0)};
    struct session s;

    configure("legacy_mechanisms = false\n");
    for (int i = 0; i < COUNT(old); i++) {
        EXPECT(12000001, "The algorithm is not supported.",
               OH_Huks_GenerateKeyItem(NAME("new"),
                                       SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = old[i].alg},
                                           SIZE(old[i].bits), PURPOSE(ENCRYPT)),
                                       NULL));
        import(&old[i]);
        EXPECT(12000001, "The algorithm is not supported.",
               begin(&s, "key", use(&old[i], ENCRYPT, NULL, NULL)));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native ciphers");
    TCase *tcase = native_tcase(suite, "ciphers");

    fill_message();
    tcase_add_loop_test(tcase, both_ways, 0, COUNT(ciphers));
    tcase_add_loop_test(tcase, makes_nonces, 0, COUNT(aead));
    tcase_add_test(tcase, gcm_releases);
    tcase_add_test(tcase, ccm_releases_nothing);
    tcase_add_loop_test(tcase, wrong_tags, 0, COUNT(aead));
    tcase_add_loop_test(tcase, asks_for_room, 0, COUNT(rooms));
    tcase_add_test(tcase, late_blocks);
    tcase_add_test(tcase, wrong_lengths);
    tcase_add_test(tcase, much_for_ccm);
    tcase_add_test(tcase, old_ciphers_switched_off);
    return native_run(suite);
}
