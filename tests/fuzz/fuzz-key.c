/*
 * Encoded keys of anybody's: SubjectPublicKeyInfo and PKCS #8. What is taken can be written again, and what
 * is written is read as the same.
 */
#include "fuzz.h"

#include <string.h>

#include "crypto/key.h"

static struct crypto *crypto(void)
{
    static struct crypto *only;
    fuzz_must(only != NULL || crypto_open(&only) == HUKS_OK, "no crypto engine");
    return only;
}

size_t fuzz_seed(unsigned number, uint8_t seed[FUZZ_ROOM])
{
    static const struct {
        uint32_t alg, bits;
    } keys[] = {{OH_HUKS_ALG_ECC, 256},     {OH_HUKS_ALG_ECC, 521},    {OH_HUKS_ALG_SM2, 256},
                {OH_HUKS_ALG_ED25519, 256}, {OH_HUKS_ALG_X25519, 256}, {OH_HUKS_ALG_RSA, 1024},
                {OH_HUKS_ALG_DH, 2048}};
    size_t which = number / 2;
    if (which >= sizeof keys / sizeof keys[0]) {
        return 0;
    }
    struct crypto_key *key = NULL;
    AUTO(secret_free) struct secret encoded = {0};
    const struct crypto_keygen spec = {.alg = keys[which].alg, .size_bits = keys[which].bits};
    bool private = number % 2 != 0;
    fuzz_must(crypto_key_generate(crypto(), &spec, &key) == HUKS_OK &&
                  crypto_key_encode(key, private ? CRYPTO_PRIVATE : CRYPTO_PUBLIC, &encoded) == HUKS_OK &&
                  encoded.size < FUZZ_ROOM,
              "no seed");
    crypto_key_unref(key);
    seed[0] = private;
    memcpy(seed + 1, encoded.data, encoded.size);
    return encoded.size + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crypto_key *key = NULL, *again = NULL;
    AUTO(secret_free) struct secret encoded = {0};
    if (size == 0) {
        return 0;
    }
    enum crypto_key_class class = data[0] & 1 ? CRYPTO_PRIVATE : CRYPTO_PUBLIC;
    if (crypto_key_decode(crypto(), class, 0, bytes_of(data + 1, size - 1), &key) != HUKS_OK) {
        return 0;
    }
    fuzz_must(crypto_key_class(key) == class && crypto_key_alg(key) != 0, "another class");
    fuzz_must(crypto_key_encode(key, class, &encoded) == HUKS_OK, "it can't be written");
    fuzz_must(crypto_key_decode(crypto(), class, crypto_key_alg(key), secret_bytes(&encoded), &again) ==
                  HUKS_OK,
              "what was written can't be read");
    fuzz_must(crypto_key_bits(again) == crypto_key_bits(key), "another size");
    crypto_key_unref(again);
    crypto_key_unref(key);
    return 0;
}
