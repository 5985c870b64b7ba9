/* libcrypto as the tests' witness, OpenSSL 3.0 API only. */
#include "witness.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "keys.h"

struct bytes unwrapped(struct bytes point)
{
    if (point.length > 2 && point.data[0] == 0x04) {
        size_t header = point.data[1] == 0x81 ? 3 : 2;
        size_t inner = point.data[1] == 0x81 ? point.data[2] : point.data[1];

        if (header + inner == point.length && (point.data[1] < 0x80 || point.data[1] == 0x81)) {
            return (struct bytes){point.data + header, inner};
        }
    }
    return point;
}

static EVP_PKEY *from_builder(const char *type, OSSL_PARAM_BLD *builder, int selection)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1) {
        (void)EVP_PKEY_fromdata(context, &key, selection, params);
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static EVP_PKEY *rsa_key(void)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(rsa_modulus, sizeof rsa_modulus, NULL);
    BIGNUM *e = BN_bin2bn(rsa_public_exponent, sizeof rsa_public_exponent, NULL);
    BIGNUM *d = BN_bin2bn(rsa_private_exponent, sizeof rsa_private_exponent, NULL);
    EVP_PKEY *key;

    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d);
    key = from_builder("RSA", builder, EVP_PKEY_KEYPAIR);
    BN_free(n);
    BN_free(e);
    BN_free(d);
    return key;
}

static EVP_PKEY *ec_public(const struct curve *curve, struct bytes point)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    struct bytes raw = unwrapped(point);

    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, raw.data, raw.length);
    return from_builder("EC", builder, EVP_PKEY_PUBLIC_KEY);
}

static int openssl_padding(enum rsa_padding padding)
{
    static const int numbers[] = {RSA_NO_PADDING, RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING,
                                  RSA_PKCS1_OAEP_PADDING};

    return numbers[padding];
}

/* Raw and DigestInfo signatures: recover what is under the padding and compare. */
static bool recovers(EVP_PKEY *key, enum rsa_padding padding, struct bytes data, struct bytes signature)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    CK_BYTE back[512];
    size_t length = sizeof back;
    bool same = EVP_PKEY_verify_recover_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, openssl_padding(padding)) == 1 &&
                EVP_PKEY_verify_recover(context, back, &length, signature.data, signature.length) == 1 &&
                length == data.length && memcmp(back, data.data, length) == 0;

    EVP_PKEY_CTX_free(context);
    return same;
}

bool witness_rsa_verifies(enum rsa_padding padding, const char *hash, const char *mgf, int salt,
                          struct bytes data, struct bytes signature)
{
    EVP_PKEY *key = rsa_key();
    EVP_PKEY_CTX *context;
    CK_BYTE digest[EVP_MAX_MD_SIZE];
    bool good = false;

    if (hash == NULL && padding != RSA_PSS) {
        good = recovers(key, padding, data, signature);
        EVP_PKEY_free(key);
        return good;
    }
    if (hash != NULL) {
        data = (struct bytes){digest, witness_digest(hash, data, digest)};
    }
    context = EVP_PKEY_CTX_new(key, NULL);
    good = EVP_PKEY_verify_init(context) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(context, openssl_padding(padding)) == 1 &&
           EVP_PKEY_CTX_set_signature_md(context, EVP_get_digestbyname(hash == NULL ? mgf : hash)) == 1 &&
           (padding != RSA_PSS || (EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_get_digestbyname(mgf)) == 1 &&
                                   EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1)) &&
           EVP_PKEY_verify(context, signature.data, signature.length, data.data, data.length) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

static bool verifies_der(EVP_PKEY *key, struct bytes digest, struct bytes signature)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    ECDSA_SIG *parts = ECDSA_SIG_new();
    int half = (int)(signature.length / 2);
    unsigned char *der = NULL;
    int length;
    bool good;

    ECDSA_SIG_set0(parts, BN_bin2bn(signature.data, half, NULL),
                   BN_bin2bn(signature.data + half, half, NULL));
    length = i2d_ECDSA_SIG(parts, &der);
    good = EVP_PKEY_verify_init(context) == 1 &&
           EVP_PKEY_verify(context, der, (size_t)length, digest.data, digest.length) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(parts);
    EVP_PKEY_CTX_free(context);
    return good;
}

bool witness_ec_verifies(const struct curve *curve, struct bytes point, const char *hash, struct bytes data,
                         struct bytes signature)
{
    EVP_PKEY *key = ec_public(curve, point);
    CK_BYTE digest[EVP_MAX_MD_SIZE];
    bool good;

    if (hash != NULL) {
        data = (struct bytes){digest, witness_digest(hash, data, digest)};
    }
    good = key != NULL && verifies_der(key, data, signature);
    EVP_PKEY_free(key);
    return good;
}

bool witness_ed25519_verifies(struct bytes point, struct bytes data, struct bytes signature)
{
    struct bytes raw = unwrapped(point);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.data, raw.length);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature.data, signature.length, data.data, data.length) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

size_t witness_digest(const char *hash, struct bytes data, CK_BYTE *out)
{
    unsigned int length = 0;

    return EVP_Digest(data.data, data.length, out, &length, EVP_get_digestbyname(hash), NULL) == 1 ? length
                                                                                                   : 0;
}

size_t witness_hmac(const char *hash, struct bytes key, struct bytes data, CK_BYTE *out)
{
    unsigned int length = 0;

    return HMAC(EVP_get_digestbyname(hash), key.data, (int)key.length, data.data, data.length, out,
                &length) == NULL
               ? 0
               : length;
}

static bool prepare_rsa_cipher(EVP_PKEY_CTX *context, enum rsa_padding padding, const char *hash,
                               const char *mgf, struct bytes label)
{
    void *copy;

    if (EVP_PKEY_CTX_set_rsa_padding(context, openssl_padding(padding)) != 1) {
        return false;
    }
    if (padding != RSA_OAEP) {
        return true;
    }
    if (EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_get_digestbyname(hash)) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_get_digestbyname(mgf)) != 1) {
        return false;
    }
    if (label.length == 0) {
        return true;
    }
    copy = OPENSSL_memdup(label.data, label.length);
    return EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, (int)label.length) == 1;
}

size_t witness_rsa_encrypt(enum rsa_padding padding, const char *hash, const char *mgf, struct bytes label,
                           struct bytes data, CK_BYTE *out)
{
    EVP_PKEY *key = rsa_key();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    size_t length = sizeof rsa_modulus;
    bool good = EVP_PKEY_encrypt_init(context) == 1 &&
                prepare_rsa_cipher(context, padding, hash, mgf, label) &&
                EVP_PKEY_encrypt(context, out, &length, data.data, data.length) == 1;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good ? length : 0;
}

size_t witness_rsa_decrypt(enum rsa_padding padding, const char *hash, const char *mgf, struct bytes label,
                           struct bytes data, CK_BYTE *out)
{
    EVP_PKEY *key = rsa_key();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    size_t length = sizeof rsa_modulus;
    bool good = EVP_PKEY_decrypt_init(context) == 1 &&
                prepare_rsa_cipher(context, padding, hash, mgf, label) &&
                EVP_PKEY_decrypt(context, out, &length, data.data, data.length) == 1;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good ? length : 0;
}

size_t witness_encrypt(const struct cipher *cipher, struct bytes data, CK_BYTE *out)
{
    const EVP_CIPHER *type = EVP_get_cipherbyname(cipher->name);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool aead = (EVP_CIPHER_get_flags(type) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0;
    bool ccm = EVP_CIPHER_get_mode(type) == EVP_CIPH_CCM_MODE;
    int length = 0;
    int last = 0;
    size_t total = 0;
    bool good = EVP_EncryptInit_ex(context, type, NULL, NULL, NULL) == 1;

    if (aead) {
        good =
            good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)cipher->iv.length, NULL) == 1;
    }
    if (ccm) { /* tag and data length go into its first block */
        good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, NULL) == 1;
    }
    good = good && EVP_EncryptInit_ex(context, NULL, NULL, cipher->key.data, cipher->iv.data) == 1 &&
           EVP_CIPHER_CTX_set_padding(context, cipher->padding ? 1 : 0) == 1;
    if (ccm) {
        good = good && EVP_EncryptUpdate(context, NULL, &length, NULL, (int)data.length) == 1;
    }
    if (aead && cipher->aad.length > 0) {
        good =
            good && EVP_EncryptUpdate(context, NULL, &length, cipher->aad.data, (int)cipher->aad.length) == 1;
    }
    length = 0;
    if (data.length > 0) {
        good = good && EVP_EncryptUpdate(context, out, &length, data.data, (int)data.length) == 1;
    }
    good = good && EVP_EncryptFinal_ex(context, out + length, &last) == 1;
    total = (size_t)length + (size_t)last;
    if (aead) {
        good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + total) == 1;
        total += 16;
    }
    EVP_CIPHER_CTX_free(context);
    return good ? total : 0;
}

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, CK_BYTE *secret, size_t *length)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    bool good = peer != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 && EVP_PKEY_derive(context, secret, length) == 1;

    EVP_PKEY_CTX_free(context);
    return good;
}

bool witness_ecdh(const struct curve *curve, struct bytes module_point, CK_BYTE *own_point,
                  size_t *own_point_length, CK_BYTE *secret, size_t *secret_length)
{
    EVP_PKEY *own = EVP_EC_gen(curve->name);
    EVP_PKEY *peer = ec_public(curve, module_point);
    bool good = own != NULL &&
                EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_PUB_KEY, own_point, *own_point_length,
                                                own_point_length) == 1 &&
                agree(own, peer, secret, secret_length);

    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return good;
}

bool witness_x25519(struct bytes module_point, CK_BYTE own_point[32], CK_BYTE secret[32])
{
    struct bytes raw = unwrapped(module_point);
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, raw.data, raw.length);
    size_t point_length = 32;
    size_t secret_length = 32;
    bool good = own != NULL && EVP_PKEY_get_raw_public_key(own, own_point, &point_length) == 1 &&
                agree(own, peer, secret, &secret_length) && secret_length == 32;

    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return good;
}
