/*
 * Hash functions. See digest.h. The only file that calls OpenSSL's low-level, "deprecated" functions.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/op.h"
#include "param/tags.h"

static void digest_md5_init(union digest_state *state)
{
    MD5_Init(&state->md5);
}

static int digest_md5_update(union digest_state *state, const void *data, size_t size)
{
    return MD5_Update(&state->md5, data, size);
}

static void digest_md5_final(union digest_state *state, uint8_t *out)
{
    MD5_Final(out, &state->md5);
}

static void digest_sha1_init(union digest_state *state)
{
    SHA1_Init(&state->sha1);
}

static int digest_sha1_update(union digest_state *state, const void *data, size_t size)
{
    return SHA1_Update(&state->sha1, data, size);
}

static void digest_sha1_final(union digest_state *state, uint8_t *out)
{
    SHA1_Final(out, &state->sha1);
}

static void digest_sha224_init(union digest_state *state)
{
    SHA224_Init(&state->sha256);
}

static void digest_sha256_init(union digest_state *state)
{
    SHA256_Init(&state->sha256);
}

static int digest_sha256_update(union digest_state *state, const void *data, size_t size)
{
    return SHA256_Update(&state->sha256, data, size);
}

static void digest_sha256_final(union digest_state *state, uint8_t *out)
{
    SHA256_Final(out, &state->sha256);
}

static void digest_sha384_init(union digest_state *state)
{
    SHA384_Init(&state->sha512);
}

static void digest_sha512_init(union digest_state *state)
{
    SHA512_Init(&state->sha512);
}

static int digest_sha512_update(union digest_state *state, const void *data, size_t size)
{
    return SHA512_Update(&state->sha512, data, size);
}

static void digest_sha512_final(union digest_state *state, uint8_t *out)
{
    SHA512_Final(out, &state->sha512);
}

/* SHA-512/t differs in its initial value (FIPS 180-4, 5.3.6) and in being cut. */
static void digest_sha512_t_init(union digest_state *state, const uint64_t initial[8])
{
    SHA512_Init(&state->sha512);
    for (size_t i = 0; i < 8; i++) {
        state->sha512.h[i] = initial[i];
    }
}

static void digest_sha512_224_init(union digest_state *state)
{
    static const uint64_t initial[8] = {0x8C3D37C819544DA2, 0x73E1996689DCD4D6, 0x1DFAB7AE32FF9C82,
                                        0x679DD514582F9FCF, 0x0F6D2B697BD44DA8, 0x77E36F7304C48942,
                                        0x3F9D85A86A1D36C8, 0x1112E6AD91D692A1};
    digest_sha512_t_init(state, initial);
}

static void digest_sha512_256_init(union digest_state *state)
{
    static const uint64_t initial[8] = {0x22312194FC2BF72C, 0x9F555FA3C84C64C2, 0x2393B86B6F53B151,
                                        0x963877195940EABD, 0x96283EE2A88EFFE3, 0xBE5E1E2553863992,
                                        0x2B0199FC2C85B8AA, 0x0EB72DDC81C52CA2};
    digest_sha512_t_init(state, initial);
}

static void digest_sha512_224_final(union digest_state *state, uint8_t *out)
{
    uint8_t whole[SHA512_DIGEST_LENGTH];
    SHA512_Final(whole, &state->sha512);
    memcpy(out, whole, 28);
}

static void digest_sha512_256_final(union digest_state *state, uint8_t *out)
{
    uint8_t whole[SHA512_DIGEST_LENGTH];
    SHA512_Final(whole, &state->sha512);
    memcpy(out, whole, 32);
}

/* DigestInfo ::= SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING } up to the hash value (RFC 8017, 9.2). */
#define DIGEST_INFO_NIST(number, size)                                                                       \
    19,                                                                                                      \
    {                                                                                                        \
        0x30, 17 + (size), 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, (number), \
            0x05, 0x00, 0x04, (size)                                                                         \
    }
#define DIGEST_EVP(fetch) 0, FETCH_##fetch, NULL, NULL, NULL

const struct digest_row digest_rows[] = {
    {OH_HUKS_DIGEST_MD5,
     "MD5",
     16,
     64,
     sizeof(MD5_CTX),
     0,
     digest_md5_init,
     digest_md5_update,
     digest_md5_final,
     18,
     {0x30, 0x20, 0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x05, 0x05, 0x00, 0x04,
      0x10}},
    {OH_HUKS_DIGEST_SHA1,
     "SHA1",
     20,
     64,
     sizeof(SHA_CTX),
     0,
     digest_sha1_init,
     digest_sha1_update,
     digest_sha1_final,
     15,
     {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14}},
    {OH_HUKS_DIGEST_SHA224, "SHA224", 28, 64, sizeof(SHA256_CTX), 0, digest_sha224_init, digest_sha256_update,
     digest_sha256_final, DIGEST_INFO_NIST(4, 28)},
    {OH_HUKS_DIGEST_SHA256, "SHA256", 32, 64, sizeof(SHA256_CTX), 0, digest_sha256_init, digest_sha256_update,
     digest_sha256_final, DIGEST_INFO_NIST(1, 32)},
    {OH_HUKS_DIGEST_SHA384, "SHA384", 48, 128, sizeof(SHA512_CTX), 0, digest_sha384_init,
     digest_sha512_update, digest_sha512_final, DIGEST_INFO_NIST(2, 48)},
    {OH_HUKS_DIGEST_SHA512, "SHA512", 64, 128, sizeof(SHA512_CTX), 0, digest_sha512_init,
     digest_sha512_update, digest_sha512_final, DIGEST_INFO_NIST(3, 64)},
    {HUKS_DIGEST_SHA512_224, "SHA512-224", 28, 128, sizeof(SHA512_CTX), 0, digest_sha512_224_init,
     digest_sha512_update, digest_sha512_224_final, DIGEST_INFO_NIST(5, 28)},
    {HUKS_DIGEST_SHA512_256, "SHA512-256", 32, 128, sizeof(SHA512_CTX), 0, digest_sha512_256_init,
     digest_sha512_update, digest_sha512_256_final, DIGEST_INFO_NIST(6, 32)},
    {HUKS_DIGEST_SHA3_224, "SHA3-224", 28, 144, DIGEST_EVP(SHA3_224), DIGEST_INFO_NIST(7, 28)},
    {HUKS_DIGEST_SHA3_256, "SHA3-256", 32, 136, DIGEST_EVP(SHA3_256), DIGEST_INFO_NIST(8, 32)},
    {HUKS_DIGEST_SHA3_384, "SHA3-384", 48, 104, DIGEST_EVP(SHA3_384), DIGEST_INFO_NIST(9, 48)},
    {HUKS_DIGEST_SHA3_512, "SHA3-512", 64, 72, DIGEST_EVP(SHA3_512), DIGEST_INFO_NIST(10, 64)},
    {OH_HUKS_DIGEST_SM3,
     "SM3",
     32,
     64,
     DIGEST_EVP(SM3),
     18,
     {0x30, 0x30, 0x30, 0x0C, 0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x83, 0x11, 0x05, 0x00, 0x04,
      0x20}},
    {HUKS_DIGEST_RIPEMD160,
     "RIPEMD160",
     20,
     64,
     DIGEST_EVP(RIPEMD160),
     15,
     {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x24, 0x03, 0x02, 0x01, 0x05, 0x00, 0x04, 0x14}},
    /* at the lengths of FIPS 204 and 205 */
    {HUKS_DIGEST_SHAKE128, "SHAKE-128", 32, 168, DIGEST_EVP(SHAKE128), 0, {0}},
    {HUKS_DIGEST_SHAKE256, "SHAKE-256", 64, 136, DIGEST_EVP(SHAKE256), 0, {0}},
    {HUKS_DIGEST_BLAKE2B_512, "BLAKE2B-512", 64, 128, DIGEST_EVP(BLAKE2B_512), 0, {0}},
    /* BLAKE2b with a size: no name of its own, so nothing but a digest by itself can use it */
    {HUKS_DIGEST_BLAKE2B_160, NULL, 20, 128, DIGEST_EVP(BLAKE2B_512), 0, {0}},
    {HUKS_DIGEST_BLAKE2B_256, NULL, 32, 128, DIGEST_EVP(BLAKE2B_512), 0, {0}},
    {HUKS_DIGEST_BLAKE2B_384, NULL, 48, 128, DIGEST_EVP(BLAKE2B_512), 0, {0}},
    {0, NULL, 0, 0, 0, 0, NULL, NULL, NULL, 0, {0}},
};

const struct digest_row *digest_find(uint32_t id)
{
    /* A dozen rows, the common ones early: no index pays here. */
    for (const struct digest_row *row = digest_rows; row->size != 0; row++) {
        if (row->id == id) {
            return row;
        }
    }
    return NULL;
}

const struct digest_row *digest_by_size(size_t size)
{
    for (const struct digest_row *row = digest_rows; row->size != 0; row++) {
        if (row->size == size) {
            return row;
        }
    }
    return NULL;
}

/* BLAKE2b gives any size from OpenSSL 3.2 on, 64 bytes alone before. */
static bool digest_takes_size(const EVP_MD *md)
{
    const OSSL_PARAM *known = EVP_MD_settable_ctx_params(md);
    return known != NULL && OSSL_PARAM_locate_const(known, OSSL_DIGEST_PARAM_SIZE) != NULL;
}

bool digest_there(struct crypto *crypto, const struct digest_row *row)
{
    if (row == NULL || row->state_size != 0) {
        return row != NULL;
    }
    const EVP_MD *md = fetch_digest(crypto, row->fetch);
    return md != NULL && (row->name != NULL || digest_takes_size(md));
}

huks_rc digest_get_any(struct crypto *crypto, uint32_t id, const struct digest_row **out)
{
    *out = digest_find(id);
    return digest_there(crypto, *out)
               ? HUKS_OK
               : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
}

huks_rc digest_get(struct crypto *crypto, uint32_t id, const struct digest_row **out)
{
    HUKS_TRY(digest_get_any(crypto, id, out));
    return (*out)->name != NULL
               ? HUKS_OK
               : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
}

/* A context that failed half-way is not used again: OpenSSL 3.5 copies into it without a look. */
static huks_rc digest_broken(struct digest *digest)
{
    EVP_MD_CTX_free(digest->evp);
    digest->evp = NULL;
    digest->evp_md = NULL;
    return crypto_refused();
}

static huks_rc digest_begin_evp(struct crypto *crypto, struct digest *digest, const struct digest_row *row)
{
    ERROR_GUARD;
    EVP_MD *md = fetch_digest(crypto, row->fetch);
    if (md == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "digest algorithm");
    }
    if (digest->evp == NULL && (digest->evp = EVP_MD_CTX_new()) == NULL) {
        return error_no_memory();
    }
    size_t size = row->size;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_size_t(OSSL_DIGEST_PARAM_SIZE, &size),
        OSSL_PARAM_construct_end(),
    };
    /* The size stays with a context, so that it is to be told for the usual one too. */
    bool sized = row->fetch == FETCH_BLAKE2B_512 && digest_takes_size(md);
    if (EVP_DigestInit_ex2(digest->evp, digest->evp_md == md ? NULL : md, sized ? params : NULL) != 1) {
        return digest_broken(digest);
    }
    digest->evp_md = md;
    return HUKS_OK;
}

huks_rc digest_begin(struct crypto *crypto, struct digest *digest, const struct digest_row *row)
{
    digest->row = NULL;
    if (row->state_size != 0) {
        row->init(&digest->state);
    } else {
        HUKS_TRY(digest_begin_evp(crypto, digest, row));
    }
    digest->row = row;
    return HUKS_OK;
}

huks_rc digest_update(struct digest *digest, struct bytes data)
{
    if (data.size == 0) {
        return HUKS_OK;
    }
    if (digest->row->state_size != 0) {
        digest->row->update(&digest->state, data.data, data.size);
        return HUKS_OK;
    }
    return EVP_DigestUpdate(digest->evp, data.data, data.size) == 1 ? HUKS_OK : crypto_refused();
}

huks_rc digest_finish(struct digest *digest, uint8_t *out)
{
    const struct digest_row *row = digest->row;
    unsigned int size = 0;
    digest->row = NULL;
    if (row->state_size != 0) {
        row->final(&digest->state, out);
        return HUKS_OK;
    }
    bool any_size = (EVP_MD_get_flags(digest->evp_md) & EVP_MD_FLAG_XOF) != 0;
    int done = any_size ? EVP_DigestFinalXOF(digest->evp, out, row->size)
                        : EVP_DigestFinal_ex(digest->evp, out, &size);
    return done == 1 ? HUKS_OK : crypto_refused();
}

huks_rc digest_copy(struct digest *to, const struct digest *from)
{
    to->row = NULL;
    if (from->row->state_size != 0) {
        to->state = from->state;
    } else {
        ERROR_GUARD;
        if (to->evp == NULL && (to->evp = EVP_MD_CTX_new()) == NULL) {
            return error_no_memory();
        }
        if (EVP_MD_CTX_copy_ex(to->evp, from->evp) != 1) {
            return digest_broken(to);
        }
        to->evp_md = from->evp_md;
    }
    to->row = from->row;
    return HUKS_OK;
}

void digest_reset(struct digest *digest)
{
    if (digest->row == NULL) {
        return;
    }
    if (digest->row->state_size != 0) {
        memory_cleanse(&digest->state, digest->row->state_size);
    } else if (digest->evp != NULL) {
        EVP_MD_CTX_reset(digest->evp);
        digest->evp_md = NULL;
    }
    digest->row = NULL;
}

void digest_free(struct digest *digest)
{
    memory_cleanse(&digest->state, sizeof(digest->state));
    EVP_MD_CTX_free(digest->evp);
    *digest = (struct digest){0};
}

huks_rc digest_pieces(struct crypto *crypto, const struct digest_row *row, const struct bytes *pieces,
                      size_t count, uint8_t *out)
{
    AUTO(digest_free) struct digest digest = {0};
    HUKS_TRY(digest_begin(crypto, &digest, row));
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(digest_update(&digest, pieces[i]));
    }
    return digest_finish(&digest, out);
}

/* ---- what op.h answers about digests ---- */

size_t crypto_digest_size(uint32_t digest)
{
    const struct digest_row *row = digest_find(digest);
    return row != NULL ? row->size : 0;
}

bool crypto_has_digest(struct crypto *crypto, uint32_t digest)
{
    return digest_there(crypto, digest_find(digest));
}

uint32_t crypto_digest_of_info(struct bytes info)
{
    for (size_t i = 0; i < ARRAY_SIZE(digest_rows); i++) {
        const struct digest_row *row = &digest_rows[i];
        if (row->info_size != 0 && info.size == (size_t)row->info_size + row->size &&
            memcmp(info.data, row->info, row->info_size) == 0) {
            return row->id;
        }
    }
    return OH_HUKS_DIGEST_NONE;
}

uint32_t crypto_digest_by_size(size_t size)
{
    const struct digest_row *row = size >= 16 ? digest_by_size(size) : NULL;
    return row != NULL ? row->id : OH_HUKS_DIGEST_NONE;
}
