/*
 * HUKS's algorithm table (huks-semantics 3.2), row by row.
 *
 * A purpose that no row of an algorithm names is forbidden to it. PKCS5 padding, AES-512 and AES-OFB have
 * names in the native header and no place here.
 */
#include "param/algorithm.h"

#include <stddef.h>

#include "common/memory.h"
#include "param/tags.h"

#define ENCRYPT OH_HUKS_KEY_PURPOSE_ENCRYPT
#define DECRYPT OH_HUKS_KEY_PURPOSE_DECRYPT
#define DERIVE  OH_HUKS_KEY_PURPOSE_DERIVE
#define UNWRAP  OH_HUKS_KEY_PURPOSE_UNWRAP
#define MAC     OH_HUKS_KEY_PURPOSE_MAC
#define AGREE   OH_HUKS_KEY_PURPOSE_AGREE

#define DIGEST(name)  (1u << OH_HUKS_DIGEST_##name)
#define PADDING(name) (1u << OH_HUKS_PADDING_##name)
#define MODE(name)    (UINT64_C(1) << OH_HUKS_MODE_##name)

#define SHA2      (DIGEST(SHA256) | DIGEST(SHA384) | DIGEST(SHA512))
#define SHA       (DIGEST(SHA1) | DIGEST(SHA224) | SHA2)
#define AES_MODES (MODE(CBC) | MODE(CTR) | MODE(ECB) | MODE(GCM) | MODE(CCM))
#define SM4_MODES (MODE(CBC) | MODE(CTR) | MODE(ECB) | MODE(CFB) | MODE(OFB))
#define DES_MODES (MODE(CBC) | MODE(ECB))
#define BLOCK_PAD (PADDING(NONE) | PADDING(PKCS7))
#define RSA_PAD   (PADDING(NONE) | PADDING(PKCS1_V1_5))

#define SECRET   ALGORITHM_SYMMETRIC
#define BYTES    ALGORITHM_WHOLE_BYTES
#define NOIMPORT ALGORITHM_NO_WRAP_IMPORT

/* clang-format off */
static const struct algorithm table[] = {
    /* RSA: ISO 9796-2 passes as a signature's padding; rules_check_init() refuses it then */
    {OH_HUKS_ALG_RSA, PURPOSE_CIPHER, ALGORITHM_RSA_SIZES, {512, 768, 1024, 2048, 3072, 4096},
     DIGEST(MD5) | DIGEST(NONE) | SHA, RSA_PAD | PADDING(OAEP), 0},
    {OH_HUKS_ALG_RSA, PURPOSE_SIGN, ALGORITHM_RSA_SIZES, {512, 768, 1024, 2048, 3072, 4096},
     DIGEST(MD5) | DIGEST(NONE) | SHA, RSA_PAD | PADDING(PSS) | PADDING(ISO_IEC_9796_2), 0},
    {OH_HUKS_ALG_AES, PURPOSE_CIPHER, SECRET, {128, 192, 256}, 0, BLOCK_PAD, AES_MODES},
    {OH_HUKS_ALG_AES, DERIVE, SECRET, {128, 192, 256}, SHA2, BLOCK_PAD, AES_MODES},
    {OH_HUKS_ALG_AES, MAC, SECRET, {256}, DIGEST(SHA256), BLOCK_PAD, AES_MODES},
    {OH_HUKS_ALG_SM4, PURPOSE_CIPHER, SECRET, {128}, 0, BLOCK_PAD, SM4_MODES},
    {OH_HUKS_ALG_SM4, DERIVE, SECRET, {128}, DIGEST(SM3), BLOCK_PAD, SM4_MODES},
    {HUKS_ALG_DES, PURPOSE_CIPHER, SECRET, {64}, 0, PADDING(NONE), DES_MODES},
    {HUKS_ALG_DES, DERIVE, SECRET, {64}, 0, PADDING(NONE), DES_MODES},
    {HUKS_ALG_DES, MAC, SECRET, {64}, 0, PADDING(NONE), DES_MODES},
    {HUKS_ALG_3DES, PURPOSE_CIPHER, SECRET, {128, 192}, 0, PADDING(NONE), DES_MODES},
    {HUKS_ALG_3DES, DERIVE, SECRET, {128, 192}, 0, PADDING(NONE), DES_MODES},
    {HUKS_ALG_3DES, MAC, SECRET, {128, 192}, 0, PADDING(NONE), DES_MODES},
    {OH_HUKS_ALG_HMAC, MAC, SECRET | BYTES, {0}, SHA | DIGEST(SM3), 0, 0},
    {OH_HUKS_ALG_SM3, MAC, SECRET | BYTES, {0}, DIGEST(SM3), 0, 0},
    {OH_HUKS_ALG_ECC, PURPOSE_SIGN | AGREE | UNWRAP, NOIMPORT, {224, 256, 384, 521}, DIGEST(NONE) | SHA, 0, 0},
    {OH_HUKS_ALG_ECDH, AGREE, 0, {224, 256, 384, 521}, 0, 0, 0},
    {OH_HUKS_ALG_SM2, PURPOSE_CIPHER | PURPOSE_SIGN | AGREE | UNWRAP, NOIMPORT, {256},
     DIGEST(SM3) | DIGEST(NONE), 0, 0},
    {OH_HUKS_ALG_DSA, PURPOSE_SIGN, BYTES, {0}, DIGEST(NONE) | SHA, 0, 0},
    {OH_HUKS_ALG_DH, AGREE, 0, {2048, 3072, 4096}, 0, 0, 0},
    {OH_HUKS_ALG_X25519, AGREE | UNWRAP | PURPOSE_SIGN, NOIMPORT, {256}, 0, 0, 0},
    {OH_HUKS_ALG_ED25519, PURPOSE_SIGN | AGREE, 0, {256}, 0, 0, 0},
    {HUKS_ALG_ML_DSA, PURPOSE_SIGN, NOIMPORT, {HUKS_ML_DSA_44, HUKS_ML_DSA_65, HUKS_ML_DSA_87}, 0, 0, 0},
    {HUKS_ALG_ML_KEM, PURPOSE_WRAP, 0, {HUKS_ML_KEM_768, HUKS_ML_KEM_1024}, 0, 0, 0},
};
/* clang-format on */

const struct algorithm *algorithm_find(uint32_t alg, uint32_t purposes)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (table[i].alg == alg && (purposes & ~table[i].purposes) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

bool algorithm_has_size(const struct algorithm *row, uint32_t bits)
{
    if ((row->flags & ALGORITHM_WHOLE_BYTES) != 0) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(row->sizes) && row->sizes[i] != 0; i++) {
        if (row->sizes[i] == bits) {
            return true;
        }
    }
    return (row->flags & ALGORITHM_RSA_SIZES) != 0 && bits >= 1024 && bits <= 2048 && bits % 8 == 0;
}

bool algorithm_has_digest(const struct algorithm *row, uint32_t digest)
{
    return row->digests == 0 || (digest < 32 && (row->digests >> digest & 1) != 0);
}

bool algorithm_has_padding(const struct algorithm *row, uint32_t padding)
{
    return row->paddings == 0 || (padding < 32 && (row->paddings >> padding & 1) != 0);
}

bool algorithm_knows_padding(uint32_t alg, uint32_t padding)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (table[i].alg == alg && algorithm_has_padding(&table[i], padding)) {
            return true;
        }
    }
    return false;
}

bool algorithm_has_mode(const struct algorithm *row, uint32_t mode)
{
    return row->modes == 0 || (mode < 64 && (row->modes >> mode & 1) != 0);
}

bool algorithm_pads(uint32_t padding, uint32_t mode)
{
    return padding != OH_HUKS_PADDING_PKCS7 || mode == OH_HUKS_MODE_CBC || mode == OH_HUKS_MODE_ECB;
}
