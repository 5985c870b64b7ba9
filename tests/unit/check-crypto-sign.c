/*
 * Signatures, MACs and asymmetric encryption: known answers, what plain OpenSSL says to ours, parts,
 * short buffers, changed bits, wrong keys.
 */
#include "check-crypto.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* A key and what was made with it, from OpenSSL's test data (Apache-2.0). */
static const char rsa_2048[] =
    "308204bc020100300d06092a864886f70d0101010500048204a6308204a20201000282010100cd0081ea7b2ae1ea06d59f7c"
    "73d9ffb94a09615c2e4ba7c636cef08dd3533ec3185525b015c769b99a77d6725bf9c3532a9b6e5f6627d5fb85160768d3dd"
    "a9cbd35974511717dc3d309d2fc47ee41f97e32adb7f9dd864a1c4767a666ecd71bc1aacf5e7517f4b38594fea9b05e42d5a"
    "da9912008013e45316a4d9bb8ed086b88d28758bacaf922d46a868b485d239c9baeb0e2b64592710f42b2d1ea0a4b4802c0b"
    "ecab328f8a68b0073bdb546feea9809d2849912b390c1532bc7e29c7658f8175fae46f34332ff87bcab3e40649b98577869d"
    "a0ea718353f0722754886913648760d122be676e0fc483dd20ffc31bda96a31966c9aa2e75ad03de47e1c44f020301000102"
    "82010060297ac7991b167a06d6b24758b8cbe208beb9b2d9ec9738bd80f90a2e35005dd7ce292d9e29ba885bd316fef1f209"
    "13bc0ac90d6b0808b2414d82104441d8624a33ce0233c8f780a48b375aff02d76712228a702484db3f9ebecccfbbee1709db"
    "a182800d949e9e4216e0bff3558388f8bd90da373a1d82743ec3fbdd1427fd16825a657a316912e8695365117ca2f845c909"
    "405fcac55f895fc15d20386c26ee78c9e99075029a178a6c1e4cf0c200e8a9cfb27e9d156f86e6c2adc22b1a84a1cd5ca5b2"
    "790875d79407c84b352395cb81cc3fed5bb043b69ede0c07204550025cee8c5f440170b6120bb48e0f747bcd8f522110850d"
    "f043c428dfd187053102818100f6f961b47cbc035d3aedebc7de850a956b65ecdb9cf60764063f15aa48553c58d972fe6675"
    "056e35ddfdc37bf3b9f2f622ee271337256849c9bef2176fe8f7c3f8bb91ba374dd53baf3dec814d2bdec10c1fdc88cdd168"
    "76f26b1edfa3f094197edf4d42ff1fb2971103b898ca859c427287086a842ab410bb69cf2d35af6be302818100d47e724a7f"
    "f41048b270c2524a4101878b73159bb73d3dbc187b220e635b3534f96e243a184d93f860b6bfbb6b71c1ed9a1e1f45858302"
    "3c301e96a692c1a08b53d0ec9ca910100d80451e3b7dc6a01bac4aecef8df798846bc235a08cbba2cf4c06804cc11219e956"
    "08c714e3f1430d491fadbba32a5751a04f97745834c9a502818021f2452bb9b95dfd028c914bf799f1ca77e89a95d50d3c16"
    "d384f8455f8bd7af9eb3dfa3d591d9842def235f7630a8e48c088ff6642e101794535a933e1e976fa8509fc728b2da0c4a1a"
    "08d7fcf37abaae1ff3001aca1dc1bbb05d9dffbaa1a09f7fb1eef38237d9ebccc722b9338436dde7119112798c26809c1a8d"
    "ec4320610281801f7510aa62c2d8de4a3c53282781f41e02d0e8b402ae78432e449c48110161a11403f02d01880a8dcc9381"
    "52d79721a4711a607ac4471ebf964810f95be47a45e60499e29f4c9773c83773404f606637728c2d0351bb03c326c8bb73a7"
    "21e7fa5440ea2172bba1465fcc30dcb0d9f89930e815aa1f7f9729a857e00e0338dd590281804d1f0d756fe77e01099a652f"
    "50a88b7b685dc5bf00981d5d2376fd0c6fe29cd5b638734479305a73ad3c1599d39eae3bae035fbd6fed07c28de705933879"
    "a06e48e6a603686ed8e2560a5f6af1f2c24faf4aa960e382186f15eedce9a2491ae730680dd4cf778b70faa86826ab322347"
    "7cc91377b19a6d5a2eaea219760beed5";
static const char rsa_signature[] =
    "c09d402423cbf233d26cae21f954547bc43fe80fd41360a0336cfdbe9aedad05bef6fd2eaee6cd60089a52482d4809a23814"
    "9520df3bdde4cb9e23d9307b05c0a6f327052325a29adf2cc95b66523be7024e2a585c3d4db15dfbe146efe0ecdc0402e33f"
    "e5d40324ee96c5c3edd374a15cdc0f5d84aa243c0f07e188c6518fbfceae158a9943be398e31097da81b62074f626eff738b"
    "e6160741d5a26957a482b3251fd85d8df78b98148459de10aa93305dbb4a5230aa1da291a9b0e481918f99b7638d72bb687f"
    "97661d304ae145d64a474437a4ef39d7b8059332ddeb07e92bf6e0e3acaf8afedc93795e4511737ec1e7aab6d5bc9466afc9"
    "50c1c17b48ad";
static const char rsa_encrypted[] =
    "550af55a2904e7b9762352f8fb7fa235a9cb053aacb2d5fcb8ca48453cb2ee3619746c701abf2d4cc67003471a187900b05a"
    "a812bd25ed05c675dfc8c97a24a7bf49bd6214992cad766d05a9a2b57b74f26a737e0237b8b76c45f1f226a836d7cfbc75ba"
    "999bdbe48dbc09227aa46c88f21dccba7840141ad5a5d71fd122e6bd6ac3e564780dfe623fc1ca9b995a6037bf0bbd43b205"
    "a84ac5444f34202c05ce9113087176432476576de6ffff9a52ea57c08be3ec2f49676cb8e12f762ac71fa3c321e00ac98891"
    "0c85ff52f93825666ce0d40ffaa0592078919d4493f46d95ccf76364c6d57760dd0b64805f9afc76a2365a5575ca301d5103"
    "f0ea76cb9a78";
static const char rsa_oaep[] =
    "458708dfbd42a1297ce7a9c86c7087ab80b1754810929b89c5107ca55368587686986fce94d86cc1595b3fb736223a656ec0"
    "f34d18ba1cc5665593610f56c58e26b272d584f3d983a5c91085700755aebd921fb280bba3eda7046ec07b43e7298e52d59e"
    "dc92be4639a8ce08b2f85976ecf6d98cc469eeb9d5d8e2a32ea8a6626edafe1038b3df455668a9f3c77cad8b92fb872e0005"
    "8c3d2a7ede1a1f03fc5622084ae04d9d24f6bf0995c58d35b93b699b9763595e123f2ab0863cc9229eb290e2ede7715c7a8f"
    "39e0b9a3e2e1b56ebb62f1cbfbb5986fb212ebd785b83d01d968b11d1756c7337f70c1f1a63bff03608e24f3a2fd44e67f83"
    "2a8701c5d5af";
static const char rsa_pss_no_salt[] =
    "4de433d5844043ef08d354da03cb29068780d52706d7d1e4d50efb7d58c9d547d83a747ddd0635a96b28f854e50145518482"
    "cb49e963054621b53c60c498d07c16e9c2789c893cf38d4d86900de71bde463bd2761d1271e358c7480a1ac0bab930ddf396"
    "02ad1bc165b5d7436b516b7a7858e8eb7ab1c420eeb482f4d207f0e462b1724959320a084e13848d11d10fb593e66bf680bf"
    "6d3f345fc3e9c3de60abbac37e1c6ec80a268c8d9fc49626c679097aa690bc1aa662b95eb8db70390861aa0898229f9349b4"
    "b5fdd030d4928c47084708a933144be23bd3c6e661b85b2c0ef9ed36d498d5b7320e8194d363d4ad478c059bae804181965e"
    "0b81b663158a";
static const char sm2_private[] =
    "308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420d09156733017bdad809fd9bbd8c6"
    "93f60230593169b6f94aaf1c8ee138cc99b5a14403420004393a2ad9e27e43acaaab85a19d3b85591e14406157175addd37b"
    "f77ff0caf9ed37fcf3a8b4f55c038523261fca6636afe6a7afa2a1482a606f5cb3a18b2e2a1e";
static const char sm2_signature[] =
    "3046022100ab1db64de7c40edbde6651c9b8ebdb804673db836e5d5c7fe15dcf9ed2725037022100eba714451ff69b0bb930"
    "b379e192e7cd5fa6e3c41c7fbd8303b799ab54a54621";
static const char sm2_encrypted[] =
    "30818a0220466be2ef5c11782ec77864a0055417f407a5afc11d653c6bce69e417bb1d05b6022062b572e21ff0ddf5c726bd"
    "3f9ff2eae56e6294713a607e9b9525628965f62cc804203c1b5713b5db2728eb7bf775e44f4689fc32668bdc564f52ea45b0"
    "9e8df2a5f40422084a9d0cc2997092b7d3c404fce95956eb604d732b2307a8e5b8900ed6608ca5b197";
static const char rsa_rejected[] =
    "4cbb988d6a46228379132b0b5f8c249b3860043848c93632fb982c807c7c82fffc7a9ef83f4908f890373ac181ffea6381e1"
    "03bcaa27e65638b6ecebef38b59ed4226a9d12af675cfcb634d8c40e7a7aff";

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct crypto_key *private_key(uint32_t alg, struct bytes encoded)
{
    struct crypto_key *key = NULL;
    ck_assert_int_eq(crypto_key_decode(crypto, CRYPTO_PRIVATE, alg, encoded, &key), HUKS_OK);
    return key;
}

static huks_rc sign(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                    struct bytes in, uint8_t *out, size_t *size)
{
    struct crypto_spec signing = *spec;
    signing.direction = CRYPTO_SIGN;
    HUKS_TRY(crypto_op_begin(op, key, &signing));
    return crypto_op_once(op, in, out, size);
}

static huks_rc verify(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                      struct bytes in, struct bytes signature)
{
    struct crypto_spec verifying = *spec;
    verifying.direction = CRYPTO_VERIFY;
    HUKS_TRY(crypto_op_begin(op, key, &verifying));
    return crypto_op_verify_once(op, in, signature);
}

/* In parts, each shorter than the last. */
static huks_rc sign_parts(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                          struct bytes in, uint8_t *out, size_t *size)
{
    struct crypto_spec signing = *spec;
    signing.direction = CRYPTO_SIGN;
    HUKS_TRY(crypto_op_begin(op, key, &signing));
    while (in.size != 0) {
        size_t none = 0, step = in.size / 2 + 1;
        HUKS_TRY(crypto_op_update(op, bytes_of(in.data, step), NULL, &none));
        ck_assert_uint_eq(none, 0);
        in = bytes_of(in.data + step, in.size - step);
    }
    size_t less = 1;
    ck_assert_int_eq(crypto_op_finish(op, out, &less), HUKS_E_MEMORY);
    ck_assert_int_eq(error_about(), ABOUT_BUFFER);
    ck_assert_uint_le(less, *size);
    return crypto_op_finish(op, out, size);
}

/* What every kind of signature must do. */
static void signature_cycle(struct crypto_key *key, const struct crypto_spec *spec, struct bytes in)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *public = crypto_key_class(key) == CRYPTO_SECRET ? crypto_key_ref(key)
                                                                                      : public_half(key);
    uint8_t signature[2048], other[2048];
    size_t size = sizeof(signature), told;
    for (int round = 0; round < 2; round++) {
        size = sizeof(signature);
        ck_assert_int_eq(sign(op, key, spec, in, signature, &size), HUKS_OK);
        ck_assert_int_eq(verify(op, public, spec, in, bytes_of(signature, size)), HUKS_OK);
        ck_assert_int_eq(verify(op, key, spec, in, bytes_of(signature, size)), HUKS_OK);
    }
    /* The size told is enough; exactly that many bytes, or up to it, are made. */
    struct crypto_spec signing = *spec;
    signing.direction = CRYPTO_SIGN;
    ck_assert_int_eq(crypto_op_begin(op, key, &signing), HUKS_OK);
    told = crypto_op_size(op, CRYPTO_ONCE, in.size);
    ck_assert_uint_ge(told, size);
    ck_assert_uint_eq(crypto_op_size(op, CRYPTO_UPDATE, in.size), 0);
    size_t none = 0;
    ck_assert_int_eq(crypto_op_once(op, in, NULL, &none), HUKS_E_MEMORY);
    ck_assert_uint_eq(none, told);
    ck_assert_int_eq(crypto_op_once(op, in, other, &told), HUKS_OK);
    ck_assert_int_eq(verify(op, public, spec, in, bytes_of(other, told)), HUKS_OK);
    /* Parts. */
    told = sizeof(other);
    ck_assert_int_eq(sign_parts(op, key, spec, in, other, &told), HUKS_OK);
    ck_assert_int_eq(verify(op, public, spec, in, bytes_of(other, told)), HUKS_OK);
    struct crypto_spec verifying = *spec;
    verifying.direction = CRYPTO_VERIFY;
    ck_assert_int_eq(crypto_op_begin(op, public, &verifying), HUKS_OK);
    none = 0;
    ck_assert_int_eq(crypto_op_update(op, bytes_of(in.data, 5), NULL, &none), HUKS_OK);
    ck_assert_int_eq(crypto_op_update(op, bytes_of(in.data + 5, in.size - 5), NULL, &none), HUKS_OK);
    ck_assert_int_eq(crypto_op_verify(op, bytes_of(other, told)), HUKS_OK);
    /* Another message, another signature, other sizes. */
    uint8_t message[256] = {0};
    memcpy(message, in.data, in.size);
    message[0] ^= 1;
    ck_assert_int_eq(verify(op, public, spec, bytes_of(message, in.size), bytes_of(signature, size)),
                     HUKS_E_CRYPTO);
    ck_assert_int_eq(error_about(), ABOUT_SIGNATURE);
    for (size_t i = 0; i < size; i += 5) {
        memcpy(other, signature, size);
        other[i] ^= 0x04;
        ck_assert_int_eq(verify(op, public, spec, in, bytes_of(other, size)), HUKS_E_CRYPTO);
        ck_assert(error_about() == ABOUT_SIGNATURE);
    }
    memcpy(other, signature, size);
    ck_assert_int_eq(verify(op, public, spec, in, BYTES_NONE), HUKS_E_CRYPTO);
    ck_assert_int_eq(error_about(), ABOUT_SIGNATURE_LEN);
    ck_assert_int_eq(verify(op, public, spec, in, bytes_of(other, size - 1)), HUKS_E_CRYPTO);
    ck_assert_int_eq(verify(op, public, spec, in, bytes_of(other, sizeof(other))), HUKS_E_CRYPTO);
    ck_assert_int_eq(error_about(), ABOUT_SIGNATURE_LEN);
    /* A public key makes none. */
    if (crypto_key_class(key) == CRYPTO_PRIVATE) {
        ck_assert_int_eq(crypto_op_begin(op, public, &signing), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_KEY_TYPE);
    }
}

static const uint32_t digests[] = {
    OH_HUKS_DIGEST_MD5,     OH_HUKS_DIGEST_SHA1,     OH_HUKS_DIGEST_SHA224,  OH_HUKS_DIGEST_SHA256,
    OH_HUKS_DIGEST_SHA384,  OH_HUKS_DIGEST_SHA512,   HUKS_DIGEST_SHA512_224, HUKS_DIGEST_SHA512_256,
    HUKS_DIGEST_SHA3_224,   HUKS_DIGEST_SHA3_256,    HUKS_DIGEST_SHA3_384,   HUKS_DIGEST_SHA3_512,
    OH_HUKS_DIGEST_SM3,     HUKS_DIGEST_RIPEMD160,
};
static const char *const digest_names[] = {"MD5",        "SHA1",       "SHA224",   "SHA256",   "SHA384",
                                           "SHA512",     "SHA512-224", "SHA512-256", "SHA3-224", "SHA3-256",
                                           "SHA3-384",   "SHA3-512",   "SM3",      "RIPEMD160"};

/* Our signature under plain OpenSSL's eyes. */
static void assert_openssl_verifies(struct crypto_key *key, const char *digest, int padding, struct bytes in,
                                    struct bytes signature)
{
    AUTO(secret_free) struct secret info = {0};
    ck_assert_int_eq(crypto_key_encode(key, CRYPTO_PUBLIC, &info), HUKS_OK);
    const uint8_t *at = info.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)info.size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;
    EVP_MD *md = digest != NULL ? EVP_MD_fetch(NULL, digest, NULL) : NULL;
    ck_assert_ptr_nonnull(pkey);
    ck_assert_int_eq(EVP_DigestVerifyInit(context, &inner, md, NULL, pkey), 1);
    if (padding != 0) {
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(inner, padding), 1);
    }
    ck_assert_int_eq(EVP_DigestVerify(context, signature.data, signature.size, in.data, in.size), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    EVP_MD_free(md);
}

START_TEST(rsa_with_digest)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = private_key(OH_HUKS_ALG_RSA, hex(rsa_2048));
    struct crypto_spec spec = {.method = CRYPTO_RSA_PKCS1, .digest = digests[_i]};
    uint8_t signature[256];
    size_t size = sizeof(signature);
    signature_cycle(key, &spec, text("a message of several words"));
    ck_assert_int_eq(sign(op, key, &spec, text("abc"), signature, &size), HUKS_OK);
    if (digests[_i] != HUKS_DIGEST_RIPEMD160 && digests[_i] != OH_HUKS_DIGEST_SM3) {
        assert_openssl_verifies(key, digest_names[_i], RSA_PKCS1_PADDING, text("abc"), BYTES_OF(signature));
    }
    for (size_t salt = 0; salt < 4; salt++) {
        static const size_t salts[] = {CRYPTO_SALT_DIGEST, CRYPTO_SALT_MAX, 0, 11};
        spec =
            (struct crypto_spec){.method = CRYPTO_RSA_PSS, .digest = digests[_i], .salt_size = salts[salt]};
        if (digests[_i] == OH_HUKS_DIGEST_SM3) {
            spec.direction = CRYPTO_SIGN; /* OpenSSL has no PSS with it, or has */
            huks_rc rc = crypto_op_begin(op, key, &spec);
            ck_assert(rc == HUKS_OK ||
                      (rc == HUKS_E_NOT_SUPPORTED && error_about() == ABOUT_MECHANISM_PARAM));
            return;
        }
        signature_cycle(key, &spec, text("a message of several words"));
        size = sizeof(signature);
        ck_assert_int_eq(sign(op, key, &spec, text("abc"), signature, &size), HUKS_OK);
        assert_openssl_verifies(key, digest_names[_i], RSA_PKCS1_PSS_PADDING, text("abc"),
                                BYTES_OF(signature));
    }
    /* The hash given instead of the message verifies as the same signature. */
    uint8_t hash[64];
    struct crypto_spec hashing = {.method = CRYPTO_DIGEST, .direction = CRYPTO_HASH, .digest = digests[_i]};
    size_t hash_size = sizeof(hash);
    ck_assert_int_eq(crypto_op_begin(op, NULL, &hashing), HUKS_OK);
    ck_assert_int_eq(crypto_op_once(op, text("abc"), hash, &hash_size), HUKS_OK);
    spec.digest = OH_HUKS_DIGEST_NONE;
    spec.hash_of_input = digests[_i];
    ck_assert_int_eq(verify(op, key, &spec, bytes_of(hash, hash_size), BYTES_OF(signature)), HUKS_OK);
    ck_assert_int_eq(verify(op, key, &spec, bytes_of(hash, hash_size - 1), BYTES_OF(signature)),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
    spec.method = CRYPTO_RSA_PKCS1;
    signature_cycle(key, &spec, bytes_of(hash, hash_size));
}
END_TEST

START_TEST(rsa_answers)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = private_key(OH_HUKS_ALG_RSA, hex(rsa_2048));
    uint8_t out[256],
        info[35] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14};
    size_t size = sizeof(out);
    memcpy(info + 15, "0123456789ABCDEF1234", 20);
    struct crypto_spec spec = {.method = CRYPTO_RSA_PKCS1};
    ck_assert_int_eq(sign(op, key, &spec, BYTES_OF(info), out, &size), HUKS_OK);
    ck_assert(bytes_equal(BYTES_OF(out), hex(rsa_signature)));
    spec.direction = CRYPTO_SIGN_RECOVER;
    size = sizeof(out);
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_OK);
    ck_assert_int_eq(crypto_op_once(op, BYTES_OF(info), out, &size), HUKS_OK);
    ck_assert(bytes_equal(BYTES_OF(out), hex(rsa_signature)));
    /* Recovered into a buffer of exactly its size, though the modulus is larger. */
    spec.direction = CRYPTO_VERIFY_RECOVER;
    size = 35;
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_OK);
    ck_assert_int_eq(crypto_op_once(op, hex(rsa_signature), out, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(out, size), BYTES_OF(info)));
    size = 34;
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_OK);
    ck_assert_int_eq(crypto_op_once(op, hex(rsa_signature), out, &size), HUKS_E_MEMORY);
    ck_assert_uint_eq(size, 35);
    ck_assert_int_eq(crypto_op_once(op, hex(rsa_signature), out, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(out, size), BYTES_OF(info)));

    spec = (struct crypto_spec){
        .method = CRYPTO_RSA_PSS, .hash_of_input = OH_HUKS_DIGEST_SHA256, .salt_size = 0};
    size = sizeof(out);
    ck_assert_int_eq(sign(op, key, &spec, text("0123456789ABCDEF0123456789ABCDEF"), out, &size), HUKS_OK);
    ck_assert(bytes_equal(BYTES_OF(out), hex(rsa_pss_no_salt)));
}
END_TEST

static huks_rc crypt(struct crypto_op *op, struct crypto_key *key, const struct crypto_spec *spec,
                     bool encrypt, struct bytes in, uint8_t *out, size_t *size)
{
    struct crypto_spec given = *spec;
    given.direction = encrypt ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT;
    HUKS_TRY(crypto_op_begin(op, key, &given));
    return crypto_op_once(op, in, out, size);
}

START_TEST(rsa_decrypts)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = private_key(OH_HUKS_ALG_RSA, hex(rsa_2048));
    struct crypto_spec spec = {.method = CRYPTO_RSA_PKCS1};
    uint8_t out[256], changed[256];
    size_t size = 11;
    ck_assert_int_eq(crypt(op, key, &spec, false, hex(rsa_encrypted), out, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(out, size), text("Hello World")));
    spec = (struct crypto_spec){.method = CRYPTO_RSA_OAEP, .digest = OH_HUKS_DIGEST_SHA1};
    size = sizeof(out);
    ck_assert_int_eq(crypt(op, key, &spec, false, hex(rsa_oaep), out, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(out, size), text("Hello World")));
    memcpy(changed, hex(rsa_oaep).data, 256);
    changed[200] ^= 1;
    size = sizeof(out);
    ck_assert_int_eq(crypt(op, key, &spec, false, BYTES_OF(changed), out, &size), HUKS_E_CRYPTO);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT);
}
END_TEST

START_TEST(rsa_implicit_rejection)
{
    /* A wrong padding gives a message all the same: the same at every try, another for another ciphertext. */
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = private_key(OH_HUKS_ALG_RSA, hex(rsa_2048));
    struct crypto_spec spec = {.method = CRYPTO_RSA_PKCS1};
    uint8_t cipher[256], first[256], again[256];
    size_t first_size = sizeof(first), again_size = sizeof(again), different = 0;
    memcpy(cipher, hex(rsa_encrypted).data, 256);
    cipher[255] ^= 1;
    ck_assert_int_eq(crypt(op, key, &spec, false, BYTES_OF(cipher), first, &first_size), HUKS_OK);
    ck_assert_int_eq(crypt(op, key, &spec, false, BYTES_OF(cipher), again, &again_size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(first, first_size), bytes_of(again, again_size)));
    ck_assert(!bytes_equal(bytes_of(first, first_size), text("Hello World")));
    /* What OpenSSL 3.5 makes of this very ciphertext. */
    ck_assert(bytes_equal(bytes_of(first, first_size), hex(rsa_rejected)));
    for (int i = 0; i < 20; i++) {
        cipher[100] ^= (uint8_t)(i + 1);
        again_size = sizeof(again);
        ck_assert_int_eq(crypt(op, key, &spec, false, BYTES_OF(cipher), again, &again_size), HUKS_OK);
        ck_assert_uint_le(again_size, 245);
        different += again_size != first_size;
    }
    ck_assert_uint_gt(different, 10);
    /* What everybody can see is said: wrong size, not below the modulus. */
    again_size = sizeof(again);
    ck_assert_int_eq(crypt(op, key, &spec, false, bytes_of(cipher, 255), again, &again_size),
                     HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT_LEN);
    memset(cipher, 0xFF, sizeof(cipher));
    again_size = sizeof(again);
    ck_assert_int_eq(crypt(op, key, &spec, false, BYTES_OF(cipher), again, &again_size), HUKS_E_CRYPTO);
    /* Every padding that can be wrong, each made on purpose by the raw operation. */
    static const struct {
        uint8_t first, second;
        size_t zero; /* where the separator is */
        bool fine;
    } blocks[] = {{0, 2, 10, true},   {0, 2, 9, false}, {0, 2, 255, true}, {0, 1, 100, false},
                  {1, 2, 100, false}, {0, 2, 0, false}, {0, 2, 200, true}};
    struct crypto_spec raw = {.method = CRYPTO_RSA_RAW};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        uint8_t block[256];
        size_t size = sizeof(cipher);
        memset(block, 0x77, sizeof(block));
        block[0] = blocks[i].first;
        block[1] = blocks[i].second;
        if (blocks[i].zero != 0) {
            block[blocks[i].zero] = 0;
        }
        ck_assert_int_eq(crypt(op, key, &raw, true, BYTES_OF(block), cipher, &size), HUKS_OK);
        size = sizeof(again);
        ck_assert_int_eq(crypt(op, key, &spec, false, BYTES_OF(cipher), again, &size), HUKS_OK);
        bool same = size == 255 - blocks[i].zero && memcmp(again, block + blocks[i].zero + 1, size) == 0;
        ck_assert_msg(same == blocks[i].fine, "block %zu", i);
    }
}
END_TEST

START_TEST(rsa_encrypts)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = private_key(OH_HUKS_ALG_RSA, hex(rsa_2048));
    AUTO(key_free) struct crypto_key *public = public_half(key);
    uint8_t plain[256], cipher[256], out[256];
    memset(plain, 0x55, sizeof(plain));
    struct crypto_spec specs[40] = {{.method = CRYPTO_RSA_PKCS1}};
    size_t rooms[40] = {245}, count = 1;
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        specs[count] = (struct crypto_spec){.method = CRYPTO_RSA_OAEP, .digest = digests[i]};
        rooms[count++] = 256 - 2 - 2 * crypto_digest_size(digests[i]);
        specs[count] = (struct crypto_spec){.method = CRYPTO_RSA_OAEP,
                                            .digest = digests[i],
                                            .label = text("label"),
                                            .mgf_digest = digests[(i + 3) % 12]};
        rooms[count++] = 256 - 2 - 2 * crypto_digest_size(digests[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const size_t sizes[] = {0, 1, rooms[i] - 1, rooms[i]};
        for (size_t j = 0; j < 4; j++) {
            size_t size = sizeof(cipher);
            ck_assert_int_eq(crypt(op, public, &specs[i], true, bytes_of(plain, sizes[j]), cipher, &size),
                             HUKS_OK);
            ck_assert_uint_eq(size, 256);
            size = sizes[j];
            ck_assert_int_eq(crypt(op, key, &specs[i], false, BYTES_OF(cipher), out, &size), HUKS_OK);
            ck_assert(bytes_equal(bytes_of(out, size), bytes_of(plain, sizes[j])));
        }
        size_t size = sizeof(cipher);
        ck_assert_int_eq(crypt(op, public, &specs[i], true, bytes_of(plain, rooms[i] + 1), cipher, &size),
                         HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
        ck_assert_int_eq(crypt(op, public, &specs[i], false, BYTES_OF(cipher), out, &size),
                         HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_KEY_TYPE);
    }
    /* A label is part of the ciphertext. */
    size_t size = sizeof(cipher);
    ck_assert_int_eq(crypt(op, public, &specs[2], true, text("x"), cipher, &size), HUKS_OK);
    specs[2].label = text("lebal");
    ck_assert_int_eq(crypt(op, key, &specs[2], false, BYTES_OF(cipher), out, &size), HUKS_E_CRYPTO);
    /* Raw: padded with zeros in front; nothing at or above the modulus. */
    struct crypto_spec raw = {.method = CRYPTO_RSA_RAW};
    size = sizeof(cipher);
    ck_assert_int_eq(crypt(op, public, &raw, true, bytes_of(plain, 100), cipher, &size), HUKS_OK);
    size = sizeof(out);
    ck_assert_int_eq(crypt(op, key, &raw, false, BYTES_OF(cipher), out, &size), HUKS_OK);
    ck_assert(out[155] == 0 && memcmp(out + 156, plain, 100) == 0);
    memset(plain, 0xFF, sizeof(plain));
    ck_assert_int_eq(crypt(op, public, &raw, true, BYTES_OF(plain), cipher, &size), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
    signature_cycle(key, &raw, text("raw input"));
}
END_TEST

START_TEST(small_keys)
{
    /* A 512-bit key has no room for large hashes. */
    AUTO(op_free) struct crypto_op *op = new_op();
    struct crypto_keygen keygen = {.alg = OH_HUKS_ALG_RSA, .size_bits = 512};
    AUTO(key_free) struct crypto_key *key = generate(&keygen);
    struct crypto_spec spec = {
        .method = CRYPTO_RSA_PKCS1, .digest = OH_HUKS_DIGEST_SHA512, .direction = CRYPTO_SIGN};
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_KEY_SIZE);
    spec.method = CRYPTO_RSA_PSS;
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_KEY_SIZE);
    spec.digest = OH_HUKS_DIGEST_SHA1;
    spec.salt_size = 100;
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_MECHANISM_PARAM);
    spec = (struct crypto_spec){.method = CRYPTO_RSA_OAEP, .digest = OH_HUKS_DIGEST_SHA256};
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_KEY_SIZE);
    spec.digest = OH_HUKS_DIGEST_NONE;
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_E_MISSING_PARAM);
    spec.digest = 4711;
    ck_assert_int_eq(crypto_op_begin(op, key, &spec), HUKS_E_NOT_SUPPORTED);
    ck_assert_int_eq(error_about(), ABOUT_MECHANISM_PARAM);
}
END_TEST

static const struct {
    uint32_t curve_alg;
    const char *oid;
} curves[] = {
    {OH_HUKS_ALG_ECC, "06082a8648ce3d030101"},     {OH_HUKS_ALG_ECC, "06052b81040021"},
    {OH_HUKS_ALG_ECC, "06082a8648ce3d030107"},     {OH_HUKS_ALG_ECC, "06052b81040022"},
    {OH_HUKS_ALG_ECC, "06052b81040023"},           {OH_HUKS_ALG_ECC, "06052b8104000a"},
    {OH_HUKS_ALG_ECC, "06092b2403030208010107"},   {OH_HUKS_ALG_ECC, "06092b240303020801010d"},
    {OH_HUKS_ALG_ECC, "06052b81040008"},           {OH_HUKS_ALG_ECC, "06052b81040027"},
    {OH_HUKS_ALG_SM2, "06082a811ccf5501822d"},
};

START_TEST(ecdsa)
{
    struct crypto_keygen keygen = {.alg = curves[_i].curve_alg, .ec_params = hex(curves[_i].oid)};
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = generate(&keygen);
    bool sm2 = curves[_i].curve_alg == OH_HUKS_ALG_SM2;
    uint8_t signature[256];
    for (int der = 0; der < 2; der++) {
        struct crypto_spec spec = {.method = CRYPTO_ECDSA, .der = der};
        signature_cycle(key, &spec, text("01234567890123456789012345678901"));
        for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
            if (sm2 && digests[i] != OH_HUKS_DIGEST_SM3) {
                continue;
            }
            spec.digest = digests[i];
            signature_cycle(key, &spec, text("a message of several words"));
            size_t size = sizeof(signature);
            ck_assert_int_eq(sign(op, key, &spec, text("abc"), signature, &size), HUKS_OK);
            if (der && !sm2) {
                assert_openssl_verifies(key, digest_names[i], 0, text("abc"), bytes_of(signature, size));
            }
        }
    }
    /* An input of any length is a hash value to ECDSA, but not to SM2. */
    struct crypto_spec spec = {.method = CRYPTO_ECDSA};
    if (!sm2) {
        signature_cycle(key, &spec, text("01234567890123456789"));
        signature_cycle(key, &spec, text("0123456789012345678901234567890123456789012345678901234567890123"));
    } else {
        size_t size = sizeof(signature);
        ck_assert_int_eq(sign(op, key, &spec, text("short"), signature, &size), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_DATA_LEN);
        spec.digest = OH_HUKS_DIGEST_SHA1;
        ck_assert_int_eq(sign(op, key, &spec, text("short"), signature, &size), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_MECHANISM_PARAM);
    }
}
END_TEST

START_TEST(ecdsa_answers)
{
    /* RFC 6979, A.2.5, P-256 with SHA-256, message "sample". */
    static const char point[] = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    static const char signature[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                                    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    AUTO(op_free) struct crypto_op *op = new_op();
    struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(key_free) struct crypto_key *key = NULL;
    AUTO(key_free) struct crypto_key *private = NULL;
    AUTO(secret_free) struct secret computed = {0};
    struct crypto_spec spec = {.method = CRYPTO_ECDSA, .digest = OH_HUKS_DIGEST_SHA256};
    ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_EC_PARAMS, hex("06082a8648ce3d030107")), HUKS_OK);
    ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_EC_POINT, hex(point)), HUKS_OK);
    ck_assert_int_eq(
        param_list_add_bytes(&list, HUKS_TAG_VALUE,
                             hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")),
        HUKS_OK);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    param_list_free(&list);
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PUBLIC, OH_HUKS_ALG_ECC, set, &key), HUKS_OK);
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PRIVATE, OH_HUKS_ALG_ECC, set, &private), HUKS_OK);
    ck_assert_int_eq(crypto_key_part(private, HUKS_TAG_EC_POINT, &computed), HUKS_OK);
    ck_assert(bytes_equal(secret_bytes(&computed), hex(point)));
    ck_assert_int_eq(verify(op, key, &spec, text("sample"), hex(signature)), HUKS_OK);
    ck_assert_int_eq(verify(op, key, &spec, text("simple"), hex(signature)), HUKS_E_CRYPTO);
    /* Zeros are no signature. */
    uint8_t zeros[64] = {0};
    ck_assert_int_eq(verify(op, key, &spec, text("sample"), BYTES_OF(zeros)), HUKS_E_CRYPTO);
}
END_TEST

START_TEST(sm2_answers)
{
    /* GM/T 0003.5, A.2 */
    AUTO(op_free) struct crypto_op *op = new_op();
    struct param_list list = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(key_free) struct crypto_key *key = NULL;
    AUTO(key_free) struct crypto_key *other = private_key(OH_HUKS_ALG_SM2, hex(sm2_private));
    ck_assert_int_eq(param_list_add_bytes(&list, HUKS_TAG_EC_PARAMS, hex("06082a811ccf5501822d")), HUKS_OK);
    ck_assert_int_eq(
        param_list_add_bytes(&list, HUKS_TAG_VALUE,
                             hex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")),
        HUKS_OK);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    param_list_free(&list);
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PRIVATE, OH_HUKS_ALG_ECC, set, &key), HUKS_OK);
    ck_assert_uint_eq(crypto_key_alg(key), OH_HUKS_ALG_SM2);
    struct crypto_spec spec = {.method = CRYPTO_ECDSA, .digest = OH_HUKS_DIGEST_SM3};
    ck_assert_int_eq(verify(op, key, &spec, text("message digest"),
                            hex("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
                                "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa")),
                     HUKS_OK);
    spec.label = text("somebody else");
    ck_assert_int_eq(verify(op, key, &spec, text("message digest"),
                            hex("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
                                "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa")),
                     HUKS_E_CRYPTO);
    spec = (struct crypto_spec){.method = CRYPTO_ECDSA, .der = true};
    ck_assert_int_eq(verify(op, other, &spec,
                            hex("d7ad397f6ffa5d4f7f11e7217f241607dc30618c236d2c09c1b9ea8fdadee2e8"),
                            hex(sm2_signature)),
                     HUKS_OK);
    uint8_t out[256], back[256];
    size_t size = 34;
    spec = (struct crypto_spec){.method = CRYPTO_SM2};
    ck_assert_int_eq(crypt(op, other, &spec, false, hex(sm2_encrypted), out, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(out, size), text("The floofy bunnies hop at midnight")));
    size = sizeof(out);
    ck_assert_int_eq(crypt(op, other, &spec, true, text("hello"), out, &size), HUKS_OK);
    out[size - 1] ^= 1;
    size_t back_size = sizeof(back);
    ck_assert_int_eq(crypt(op, other, &spec, false, bytes_of(out, size), back, &back_size), HUKS_E_CRYPTO);
    ck_assert_int_eq(error_about(), ABOUT_CIPHERTEXT);
    out[size - 1] ^= 1;
    back_size = 5;
    ck_assert_int_eq(crypt(op, other, &spec, false, bytes_of(out, size), back, &back_size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(back, back_size), text("hello")));
    ck_assert_int_eq(crypt(op, other, &spec, true, BYTES_NONE, out, &size), HUKS_E_INVALID_PARAM);
}
END_TEST

START_TEST(eddsa)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    struct crypto_keygen keygen = {.alg = _i == 0 ? (uint32_t)OH_HUKS_ALG_ED25519 : (uint32_t)HUKS_ALG_ED448};
    AUTO(key_free) struct crypto_key *key = generate(&keygen);
    struct crypto_spec spec = {.method = CRYPTO_EDDSA};
    uint8_t signature[114];
    size_t size = sizeof(signature);
    signature_cycle(key, &spec, text("a message of several words"));
    ck_assert_int_eq(sign(op, key, &spec, BYTES_NONE, signature, &size), HUKS_OK);
    ck_assert_int_eq(verify(op, key, &spec, BYTES_NONE, bytes_of(signature, size)), HUKS_OK);
    assert_openssl_verifies(key, NULL, 0, text(""), bytes_of(signature, size));
    /* Contexts and pre-hashing work or are truthfully refused; plain signatures work again afterwards. */
    struct crypto_spec others[] = {{.method = CRYPTO_EDDSA, .prehash = true},
                                   {.method = CRYPTO_EDDSA, .label = text("context")},
                                   {.method = CRYPTO_EDDSA, .prehash = true, .label = text("context")}};
    for (size_t i = 0; i < 3; i++) {
        size = sizeof(signature);
        huks_rc rc = sign(op, key, &others[i], text("abc"), signature, &size);
        ck_assert(rc == HUKS_OK || (rc == HUKS_E_NOT_SUPPORTED && error_about() == ABOUT_MECHANISM_PARAM));
        if (rc == HUKS_OK) {
            signature_cycle(key, &others[i], text("a message of several words"));
            ck_assert_int_eq(verify(op, key, &spec, text("abc"), bytes_of(signature, size)), HUKS_E_CRYPTO);
        }
        size = sizeof(signature);
        ck_assert_int_eq(sign(op, key, &spec, text("abc"), signature, &size), HUKS_OK);
        ck_assert_int_eq(verify(op, key, &spec, text("abc"), bytes_of(signature, size)), HUKS_OK);
    }
}
END_TEST

START_TEST(eddsa_answers)
{
    /* RFC 8032, 7.1, test 2; deterministic, so byte for byte. */
    struct param_list list = {0};
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(key_free) struct crypto_key *key = NULL;
    AUTO(secret_free) struct secret point = {0};
    struct crypto_spec spec = {.method = CRYPTO_EDDSA};
    uint8_t signature[64], message[] = {0x72};
    size_t size = sizeof(signature);
    ck_assert_int_eq(
        param_list_add_bytes(&list, HUKS_TAG_VALUE,
                             hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")),
        HUKS_OK);
    ck_assert_int_eq(param_list_build(&list, &set), HUKS_OK);
    param_list_free(&list);
    ck_assert_int_eq(crypto_key_build(crypto, CRYPTO_PRIVATE, OH_HUKS_ALG_ED25519, set, &key), HUKS_OK);
    ck_assert_int_eq(crypto_key_part(key, HUKS_TAG_EC_POINT, &point), HUKS_OK);
    ck_assert(bytes_equal(secret_bytes(&point),
                          hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")));
    ck_assert_int_eq(sign(op, key, &spec, BYTES_OF(message), signature, &size), HUKS_OK);
    ck_assert(bytes_equal(BYTES_OF(signature),
                          hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
}
END_TEST

START_TEST(dsa)
{
    struct crypto_keygen keygen = {.alg = OH_HUKS_ALG_DSA, .size_bits = 1024};
    AUTO(key_free) struct crypto_key *key = generate(&keygen);
    for (int der = 0; der < 2; der++) {
        struct crypto_spec spec = {.method = CRYPTO_DSA, .der = der};
        signature_cycle(key, &spec, text("01234567890123456789"));
        for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i += 3) {
            spec.digest = digests[i];
            signature_cycle(key, &spec, text("a message of several words"));
        }
    }
}
END_TEST

/* ---- MACs ---- */

static const struct {
    enum crypto_method method;
    uint32_t alg, digest;
    const char *key, *iv, *message, *mac;
} macs[] = {
    {CRYPTO_HMAC, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA1, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
     "4869205468657265", "b617318655057264e28bc0b6fb378c8ef146be00"},
    {CRYPTO_HMAC, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
     "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {CRYPTO_HMAC, HUKS_ALG_GENERIC, OH_HUKS_DIGEST_SHA512, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
     "4869205468657265",
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914"
     "eeb61f170"
     "2e696c203a126854"},
    {CRYPTO_HMAC, OH_HUKS_ALG_HMAC, OH_HUKS_DIGEST_MD5, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
     "4869205468657265", "9294727a3638bb1c13f48ef8158bfc9d"},
    {CRYPTO_HMAC, OH_HUKS_ALG_HMAC, HUKS_DIGEST_SHA3_256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
     "4869205468657265", "ba85192310dffa96e2a3a40e69774351140bb7185e1202cdcc917589f95e16bb"},
    /* A key longer than a block (RFC 4231, 6): 131 bytes of aa are written as such below. */
    {CRYPTO_CMAC, OH_HUKS_ALG_AES, 0, "2b7e151628aed2a6abf7158809cf4f3c", "",
     "6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9dd04a287c"},
    {CRYPTO_CMAC, OH_HUKS_ALG_AES, 0, "2b7e151628aed2a6abf7158809cf4f3c", "", "",
     "bb1d6929e95937287fa37d129b756746"},
    {CRYPTO_CMAC, OH_HUKS_ALG_AES, 0, "2b7e151628aed2a6abf7158809cf4f3c", "",
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
     "dfa66747de9ae63030ca32611497c827"},
    {CRYPTO_CMAC, OH_HUKS_ALG_AES, 0, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "",
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f244"
     "5df4f9b17"
     "ad2b417be66c3710",
     "e1992190549f6ed5696a2c056c315410"},
    {CRYPTO_CMAC, OH_HUKS_ALG_3DES, 0, "8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5", "",
     "6bc1bee22e409f96e93d7e117393172aae2d8a57", "743ddbe0ce2dc2ed"},
    {CRYPTO_POLY1305, HUKS_ALG_POLY1305, 0,
     "85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b", "",
     "43727970746f6772617068696320466f72756d2052657365617263682047726f7570",
     "a8061dc1305136c6c22b8baf0c0127a9"},
    {CRYPTO_GMAC, OH_HUKS_ALG_AES, 0, "77be63708971c4e240d1cb79e8d77feb", "e0e00f19fed7ba0136a797f3",
     "7a43ec1d9c0a5a78a0b16533a6213cab", "209fcc8d3675ed938e9c7166709dd946"},
};

START_TEST(mac_answers)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    AUTO(key_free) struct crypto_key *key = secret_key(macs[_i].alg, hex(macs[_i].key));
    struct crypto_spec spec = {.method = macs[_i].method, .digest = macs[_i].digest, .iv = hex(macs[_i].iv)};
    struct bytes expected = hex(macs[_i].mac), message = hex(macs[_i].message);
    uint8_t mac[64];
    for (int round = 0; round < 2; round++) {
        size_t size = sizeof(mac);
        ck_assert_int_eq(sign(op, key, &spec, message, mac, &size), HUKS_OK);
        ck_assert(bytes_equal(bytes_of(mac, size), expected));
        ck_assert_int_eq(verify(op, key, &spec, message, expected), HUKS_OK);
    }
    if (message.size > 5) {
        signature_cycle(key, &spec, message);
    }
    /* Cut, as the general mechanisms do. */
    spec.tag_size = 8;
    size_t size = sizeof(mac);
    ck_assert_int_eq(sign(op, key, &spec, message, mac, &size), HUKS_OK);
    ck_assert(bytes_equal(bytes_of(mac, size), bytes_of(expected.data, 8)));
    ck_assert_int_eq(verify(op, key, &spec, message, bytes_of(expected.data, 8)), HUKS_OK);
    if (expected.size > 8) {
        ck_assert_int_eq(verify(op, key, &spec, message, expected), HUKS_E_CRYPTO);
        ck_assert_int_eq(error_about(), ABOUT_SIGNATURE_LEN);
    }
    spec.tag_size = 65;
    ck_assert_int_eq(verify(op, key, &spec, message, expected), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_MECHANISM_PARAM);
}
END_TEST

START_TEST(hmac_all)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    uint8_t long_key[131], mac[64];
    memset(long_key, 0xAA, sizeof(long_key));
    AUTO(key_free) struct crypto_key *key = secret_key(OH_HUKS_ALG_HMAC, BYTES_OF(long_key));
    struct bytes message = text("Test Using Larger Than Block-Size Key - Hash Key First");
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        struct crypto_spec spec = {.method = CRYPTO_HMAC, .digest = digests[i]};
        uint8_t expected[EVP_MAX_MD_SIZE];
        size_t size = sizeof(mac), expected_size = 0;
        signature_cycle(key, &spec, message);
        ck_assert_int_eq(sign(op, key, &spec, message, mac, &size), HUKS_OK);
        ck_assert_ptr_nonnull(EVP_Q_mac(NULL, "HMAC", NULL, digest_names[i], NULL, long_key, sizeof(long_key),
                                        message.data, message.size, expected, sizeof(expected),
                                        &expected_size));
        ck_assert(bytes_equal(bytes_of(mac, size), bytes_of(expected, expected_size)));
    }
}
END_TEST

START_TEST(wrong_keys)
{
    AUTO(op_free) struct crypto_op *op = new_op();
    struct crypto_keygen keygen = {.alg = OH_HUKS_ALG_ECC, .size_bits = 256};
    AUTO(key_free) struct crypto_key *ec = generate(&keygen);
    AUTO(key_free)
    struct crypto_key *aes = secret_key(OH_HUKS_ALG_AES, hex("000102030405060708090a0b0c0d0e0f"));
    AUTO(key_free) struct crypto_key *rsa = private_key(OH_HUKS_ALG_RSA, hex(rsa_2048));
    static const enum crypto_method methods[] = {
        CRYPTO_RSA_PKCS1, CRYPTO_RSA_PSS, CRYPTO_RSA_OAEP, CRYPTO_RSA_RAW, CRYPTO_DSA,     CRYPTO_EDDSA,
        CRYPTO_SM2,       CRYPTO_HMAC,    CRYPTO_CMAC,     CRYPTO_GMAC,    CRYPTO_POLY1305};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        bool crypts = methods[i] == CRYPTO_RSA_OAEP || methods[i] == CRYPTO_SM2;
        struct crypto_spec spec = {.method = methods[i], .digest = OH_HUKS_DIGEST_SHA256,
                                   .direction = crypts ? CRYPTO_ENCRYPT : CRYPTO_SIGN};
        ck_assert_int_eq(crypto_op_begin(op, ec, &spec), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_KEY_TYPE);
    }
    struct crypto_spec spec = {.method = CRYPTO_ECDSA, .direction = CRYPTO_SIGN};
    ck_assert_int_eq(crypto_op_begin(op, rsa, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(crypto_op_begin(op, aes, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_KEY_TYPE);
    spec.direction = CRYPTO_ENCRYPT;
    ck_assert_int_eq(crypto_op_begin(op, ec, &spec), HUKS_E_INVALID_PARAM);
    ck_assert_int_eq(error_about(), ABOUT_PURPOSE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crypto signatures");
    TCase *tcase = tcase_create("signatures");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, rsa_with_digest, 0, COUNT(digests));
    tcase_add_test(tcase, rsa_answers);
    tcase_add_test(tcase, rsa_decrypts);
    tcase_add_test(tcase, rsa_implicit_rejection);
    tcase_add_test(tcase, rsa_encrypts);
    tcase_add_test(tcase, small_keys);
    tcase_add_loop_test(tcase, ecdsa, 0, COUNT(curves));
    tcase_add_test(tcase, ecdsa_answers);
    tcase_add_test(tcase, sm2_answers);
    tcase_add_loop_test(tcase, eddsa, 0, 2);
    tcase_add_test(tcase, eddsa_answers);
    tcase_add_test(tcase, dsa);
    tcase_add_loop_test(tcase, mac_answers, 0, COUNT(macs));
    tcase_add_test(tcase, hmac_all);
    tcase_add_test(tcase, wrong_keys);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}
