/*
 * MACs through OH_Huks_* sessions: HMAC, SM3 and CMAC, as OpenSSL makes them.
 */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static uint8_t message[1000];
static const uint8_t known[32] = {200, 13, 14, 75, 6, 17, 8, 90, 1, 99, 2,  3,  40, 5,  6,  7,
                                  8,   90, 10, 11, 2, 13, 4, 15, 6, 17, 18, 19, 20, 21, 22, 23};

static const struct mac {
    const char *name;
    uint32_t key, bits; /* the key's algorithm */
    uint32_t word;      /* of Init */
    uint32_t digest;
    const char *openssl; /* digest, or CMAC's cipher */
    uint32_t size;
} macs[] = {
    {"HMAC SHA-1", OH_HUKS_ALG_HMAC, 160, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA1, "SHA1", 20},
    {"HMAC SHA-224", OH_HUKS_ALG_HMAC, 8, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA224, "SHA224", 28},
    {"HMAC SHA-256", OH_HUKS_ALG_HMAC, 256, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA256, "SHA256", 32},
    {"HMAC SHA-384", OH_HUKS_ALG_HMAC, 192, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA384, "SHA384", 48},
    {"HMAC SHA-512", OH_HUKS_ALG_HMAC, 256, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA512, "SHA512", 64},
    {"HMAC SM3", OH_HUKS_ALG_HMAC, 256, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SM3, "SM3", 32},
    {"SM3", OH_HUKS_ALG_SM3, 256, OH_HUKS_ALG_SM3, OH_HUKS_DIGEST_SM3, "SM3", 32},
    {"HMAC of an AES key", OH_HUKS_ALG_AES, 256, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA256, "SHA256", 32},
    {"CMAC of an AES key", OH_HUKS_ALG_AES, 256, OH_HUKS_ALG_CMAC, OH_HUKS_DIGEST_NONE, "AES-256-CBC", 16},
    {"CMAC of a 3DES key", OH_HUKS_ALG_3DES, 192, OH_HUKS_ALG_CMAC, OH_HUKS_DIGEST_NONE, "DES-EDE3-CBC", 8},
};

static void openssl_mac(const struct mac *row, size_t size, uint8_t *to)
{
    bool cmac = row->word == OH_HUKS_ALG_CMAC;
    EVP_MAC *mac = EVP_MAC_fetch(NULL, cmac ? "CMAC" : "HMAC", NULL);
    EVP_MAC_CTX *with = EVP_MAC_CTX_new(mac);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(cmac ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST,
                                         (char *)(uintptr_t)row->openssl, 0),
        OSSL_PARAM_construct_end()};
    size_t made = 0;

    ck_assert(EVP_MAC_init(with, known, row->bits / 8, params) == 1 &&
              EVP_MAC_update(with, message, size) == 1 && EVP_MAC_final(with, to, &made, 64) == 1);
    ck_assert_uint_eq(made, row->size);
    EVP_MAC_CTX_free(with);
    EVP_MAC_free(mac);
}

static set *macking(const struct mac *row)
{
    param params[] = {{.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = row->word},
                      PURPOSE(MAC),
                      {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = row->digest}};

    return make_set(params, row->word == OH_HUKS_ALG_CMAC ? 2 : 3);
}

START_TEST(macs_as_openssl)
{
    static const size_t sizes[] = {0, 1, 8, 16, 17, 1000};
    const struct mac *row = &macs[_i];
    uint8_t wanted[64], made[64];
    uint32_t room;
    struct session s;

    OK(OH_Huks_ImportKeyItem(
        NAME("key"),
        SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = row->key}, SIZE(row->bits), PURPOSE(MAC)),
        &(blob){row->bits / 8, (uint8_t *)(uintptr_t)known}));
    for (int i = 0; i < COUNT(sizes); i++) {
        openssl_mac(row, sizes[i], wanted);
        room = sizeof made;
        OK(begin(&s, "key", macking(row)));
        OK(finish(&s, message, sizes[i], made, &room));
        ck_assert_uint_eq(room, row->size);
        ck_assert_mem_eq(made, wanted, row->size);
        if (sizes[i] < 2) {
            continue;
        }
        OK(begin(&s, "key", macking(row)));
        room = 64;
        OK(update(&s, message, 1, made, &room));
        ck_assert_uint_eq(room, 0);
        OK(feed(&s, message + 1, sizes[i] - 1));
        room = row->size;
        OK(finish(&s, NULL, 0, made, &room)); /* exactly the room */
        ck_assert_mem_eq(made, wanted, row->size);
    }
    OK(begin(&s, "key", macking(row)));
    room = row->size - 1;
    EXPECT(401, TEXT_BUFFER, finish(&s, message, 1000, made, &room));
    OK(begin(&s, "key", macking(row)));
    EXPECT(401, TEXT_INVALID, feed(&s, NULL, 0)); /* an empty part is for Finish */
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 1));
}
END_TEST

/* A MAC wants to be told its algorithm at each step. */
START_TEST(macs_need_their_algorithm)
{
    set *bare = SET(PURPOSE(MAC), DIGEST(SHA256));
    uint8_t made[32];
    struct session s;

    OK(OH_Huks_GenerateKeyItem(NAME("key"), SET(ALG(HMAC), SIZE(256), PURPOSE(MAC)), NULL));
    OK(begin(&s, "key", macking(&macs[2])));
    s.params = bare;
    EXPECT(401, TEXT_ABSENT, feed(&s, message, 10));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    OK(begin(&s, "key", macking(&macs[2])));
    OK(feed(&s, message, 10));
    s.params = bare;
    EXPECT(401, TEXT_ABSENT, finish(&s, NULL, 0, made, &(uint32_t){sizeof made}));
    EXPECT(12000011, TEXT_ENTITY, feed(&s, message, 10));
    OK(begin(&s, "key", macking(&macs[2])));
    s.params = bare;
    OK(stop(&s));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native MACs");
    TCase *tcase = native_tcase(suite, "MACs");

    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 31 + i / 256);
    }
    tcase_add_loop_test(tcase, macs_as_openssl, 0, COUNT(macs));
    tcase_add_test(tcase, macs_need_their_algorithm);
    return native_run(suite);
}
