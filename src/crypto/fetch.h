/*
 * Algorithms that are fetched by name: one number for each, one table, one slot in the context. A slot is
 * filled at first use and read with one atomic load afterwards.
 */
#ifndef HUKS_CRYPTO_FETCH_H
#define HUKS_CRYPTO_FETCH_H

#include <stdbool.h>

#include <openssl/types.h>

struct crypto;

/* Ciphers of one key size and mode: FETCH_CIPHER(AES, 256, GCM) names AES-256-GCM. */
#define FETCH_CIPHERS(X)                                                                                     \
    X(AES_128_ECB, "AES-128-ECB")                                                                            \
    X(AES_192_ECB, "AES-192-ECB")                                                                            \
    X(AES_256_ECB, "AES-256-ECB")                                                                            \
    X(AES_128_CBC, "AES-128-CBC")                                                                            \
    X(AES_192_CBC, "AES-192-CBC")                                                                            \
    X(AES_256_CBC, "AES-256-CBC")                                                                            \
    X(AES_128_CTR, "AES-128-CTR")                                                                            \
    X(AES_192_CTR, "AES-192-CTR")                                                                            \
    X(AES_256_CTR, "AES-256-CTR")                                                                            \
    X(AES_128_OFB, "AES-128-OFB")                                                                            \
    X(AES_192_OFB, "AES-192-OFB")                                                                            \
    X(AES_256_OFB, "AES-256-OFB")                                                                            \
    X(AES_128_CFB, "AES-128-CFB")                                                                            \
    X(AES_192_CFB, "AES-192-CFB")                                                                            \
    X(AES_256_CFB, "AES-256-CFB")                                                                            \
    X(AES_128_CFB8, "AES-128-CFB8")                                                                          \
    X(AES_192_CFB8, "AES-192-CFB8")                                                                          \
    X(AES_256_CFB8, "AES-256-CFB8")                                                                          \
    X(AES_128_CFB1, "AES-128-CFB1")                                                                          \
    X(AES_192_CFB1, "AES-192-CFB1")                                                                          \
    X(AES_256_CFB1, "AES-256-CFB1")                                                                          \
    X(AES_128_CTS, "AES-128-CBC-CTS")                                                                        \
    X(AES_192_CTS, "AES-192-CBC-CTS")                                                                        \
    X(AES_256_CTS, "AES-256-CBC-CTS")                                                                        \
    X(AES_128_XTS, "AES-128-XTS")                                                                            \
    X(AES_256_XTS, "AES-256-XTS")                                                                            \
    X(AES_128_GCM, "AES-128-GCM")                                                                            \
    X(AES_192_GCM, "AES-192-GCM")                                                                            \
    X(AES_256_GCM, "AES-256-GCM")                                                                            \
    X(AES_128_CCM, "AES-128-CCM")                                                                            \
    X(AES_192_CCM, "AES-192-CCM")                                                                            \
    X(AES_256_CCM, "AES-256-CCM")                                                                            \
    X(AES_128_WRAP, "AES-128-WRAP")                                                                          \
    X(AES_192_WRAP, "AES-192-WRAP")                                                                          \
    X(AES_256_WRAP, "AES-256-WRAP")                                                                          \
    X(AES_128_WRAP_PAD, "AES-128-WRAP-PAD")                                                                  \
    X(AES_192_WRAP_PAD, "AES-192-WRAP-PAD")                                                                  \
    X(AES_256_WRAP_PAD, "AES-256-WRAP-PAD")                                                                  \
    X(CHACHA20, "ChaCha20")                                                                                  \
    X(CHACHA20_POLY1305, "ChaCha20-Poly1305")                                                                \
    X(DES3_ECB, "DES-EDE3-ECB")                                                                              \
    X(DES3_CBC, "DES-EDE3-CBC")                                                                              \
    X(DES3_OFB, "DES-EDE3-OFB")                                                                              \
    X(DES3_CFB, "DES-EDE3-CFB")                                                                              \
    X(DES3_CFB8, "DES-EDE3-CFB8")                                                                            \
    X(CAMELLIA_128_ECB, "CAMELLIA-128-ECB")                                                                  \
    X(CAMELLIA_192_ECB, "CAMELLIA-192-ECB")                                                                  \
    X(CAMELLIA_256_ECB, "CAMELLIA-256-ECB")                                                                  \
    X(CAMELLIA_128_CBC, "CAMELLIA-128-CBC")                                                                  \
    X(CAMELLIA_192_CBC, "CAMELLIA-192-CBC")                                                                  \
    X(CAMELLIA_256_CBC, "CAMELLIA-256-CBC")                                                                  \
    X(CAMELLIA_128_CTR, "CAMELLIA-128-CTR")                                                                  \
    X(CAMELLIA_192_CTR, "CAMELLIA-192-CTR")                                                                  \
    X(CAMELLIA_256_CTR, "CAMELLIA-256-CTR")                                                                  \
    X(ARIA_128_ECB, "ARIA-128-ECB")                                                                          \
    X(ARIA_192_ECB, "ARIA-192-ECB")                                                                          \
    X(ARIA_256_ECB, "ARIA-256-ECB")                                                                          \
    X(ARIA_128_CBC, "ARIA-128-CBC")                                                                          \
    X(ARIA_192_CBC, "ARIA-192-CBC")                                                                          \
    X(ARIA_256_CBC, "ARIA-256-CBC")                                                                          \
    X(ARIA_128_CTR, "ARIA-128-CTR")                                                                          \
    X(ARIA_192_CTR, "ARIA-192-CTR")                                                                          \
    X(ARIA_256_CTR, "ARIA-256-CTR")                                                                          \
    X(SM4_ECB, "SM4-ECB")                                                                                    \
    X(SM4_CBC, "SM4-CBC")                                                                                    \
    X(SM4_CTR, "SM4-CTR")                                                                                    \
    X(SM4_OFB, "SM4-OFB")                                                                                    \
    X(SM4_CFB, "SM4-CFB")                                                                                    \
    X(SM4_GCM, "SM4-GCM")                                                                                    \
    X(SM4_CCM, "SM4-CCM")

/* Those of the legacy provider, which is loaded when the first of them is wanted. */
#define FETCH_LEGACY_CIPHERS(X)                                                                              \
    X(SEED_ECB, "SEED-ECB")                                                                                  \
    X(SEED_CBC, "SEED-CBC")                                                                                  \
    X(RC2_ECB, "RC2-ECB")                                                                                    \
    X(RC2_CBC, "RC2-CBC")                                                                                    \
    X(RC4, "RC4")                                                                                            \
    X(CAST5_ECB, "CAST5-ECB")                                                                                \
    X(CAST5_CBC, "CAST5-CBC")                                                                                \
    X(BF_ECB, "BF-ECB")                                                                                      \
    X(BF_CBC, "BF-CBC")

/* Digests that have no low-level form here. */
#define FETCH_DIGESTS(X)                                                                                     \
    X(SHA3_224, "SHA3-224")                                                                                  \
    X(SHA3_256, "SHA3-256")                                                                                  \
    X(SHA3_384, "SHA3-384")                                                                                  \
    X(SHA3_512, "SHA3-512")                                                                                  \
    X(BLAKE2B_512, "BLAKE2B-512")                                                                            \
    X(SM3, "SM3")                                                                                            \
    X(RIPEMD160, "RIPEMD-160")                                                                               \
    X(SHAKE128, "SHAKE-128")                                                                                 \
    X(SHAKE256, "SHAKE-256")

#define FETCH_MACS(X) X(HMAC, "HMAC") X(POLY1305, "POLY1305") X(BLAKE2BMAC, "BLAKE2BMAC")

#define FETCH_KDFS(X)                                                                                        \
    X(SCRYPT, "SCRYPT")                                                                                      \
    X(HKDF, "HKDF")                                                                                          \
    X(PBKDF2, "PBKDF2")                                                                                      \
    X(TLS1_PRF, "TLS1-PRF")                                                                                  \
    X(PKCS12KDF, "PKCS12KDF")
#define FETCH_LEGACY_KDFS(X) X(PBKDF1, "PBKDF1")

/* Key types; the generators, importers and their operations follow from them. */
#define FETCH_KEYS(X)                                                                                        \
    X(RSA, "RSA")                                                                                            \
    X(EC, "EC")                                                                                              \
    X(DSA, "DSA")                                                                                            \
    X(DH, "DH")                                                                                              \
    X(DHX, "DHX")                                                                                            \
    X(X25519, "X25519")                                                                                      \
    X(X448, "X448")                                                                                          \
    X(ED25519, "ED25519")                                                                                    \
    X(ED448, "ED448")                                                                                        \
    X(SM2, "SM2")                                                                                            \
    X(ML_DSA_44, "ML-DSA-44")                                                                                \
    X(ML_DSA_65, "ML-DSA-65")                                                                                \
    X(ML_DSA_87, "ML-DSA-87")                                                                                \
    X(ML_KEM_512, "ML-KEM-512")                                                                              \
    X(ML_KEM_768, "ML-KEM-768")                                                                              \
    X(ML_KEM_1024, "ML-KEM-1024")                                                                            \
    X(SLH_DSA_SHA2_128S, "SLH-DSA-SHA2-128s")                                                                \
    X(SLH_DSA_SHAKE_128S, "SLH-DSA-SHAKE-128s")                                                              \
    X(SLH_DSA_SHA2_128F, "SLH-DSA-SHA2-128f")                                                                \
    X(SLH_DSA_SHAKE_128F, "SLH-DSA-SHAKE-128f")                                                              \
    X(SLH_DSA_SHA2_192S, "SLH-DSA-SHA2-192s")                                                                \
    X(SLH_DSA_SHAKE_192S, "SLH-DSA-SHAKE-192s")                                                              \
    X(SLH_DSA_SHA2_192F, "SLH-DSA-SHA2-192f")                                                                \
    X(SLH_DSA_SHAKE_192F, "SLH-DSA-SHAKE-192f")                                                              \
    X(SLH_DSA_SHA2_256S, "SLH-DSA-SHA2-256s")                                                                \
    X(SLH_DSA_SHAKE_256S, "SLH-DSA-SHAKE-256s")                                                              \
    X(SLH_DSA_SHA2_256F, "SLH-DSA-SHA2-256f")                                                                \
    X(SLH_DSA_SHAKE_256F, "SLH-DSA-SHAKE-256f")

#define FETCH_NUMBER(id, name) FETCH_##id,
enum fetch {
    FETCH_CIPHERS(FETCH_NUMBER) FETCH_LEGACY_CIPHERS(FETCH_NUMBER) FETCH_CIPHER_END,
    FETCH_DIGESTS(FETCH_NUMBER) FETCH_DIGEST_END,
    FETCH_MACS(FETCH_NUMBER) FETCH_MAC_END,
    FETCH_KDFS(FETCH_NUMBER) FETCH_LEGACY_KDFS(FETCH_NUMBER) FETCH_KDF_END,
    FETCH_KEYS(FETCH_NUMBER) FETCH_COUNT
};
#undef FETCH_NUMBER

/*
 * NULL when this OpenSSL lacks the algorithm (or memory is short); nothing is recorded. The result lives
 * as long as the context.
 */
EVP_CIPHER *fetch_cipher(struct crypto *crypto, enum fetch which);
EVP_MD *fetch_digest(struct crypto *crypto, enum fetch which);
EVP_MAC *fetch_mac(struct crypto *crypto, enum fetch which);
EVP_KDF *fetch_kdf(struct crypto *crypto, enum fetch which);
bool fetch_key(struct crypto *crypto, enum fetch which);
/* Whatever it is. */
bool fetch_there(struct crypto *crypto, enum fetch which);
/* The name of a key type as the guest provider knows it. */
const char *fetch_key_name(enum fetch which);
void fetch_release(struct crypto *crypto);

#endif
