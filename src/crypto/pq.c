/*
 * ML-DSA and SLH-DSA signatures, pure and pre-hash (FIPS 204, 5.2 to 5.4; FIPS 205, 10.2 to 10.3).
 *
 * OpenSSL has the pure ones. Of a pre-hash signature it signs what the standards build around the hash, which
 * it takes as it is ("message encoding" 0).
 */
#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/opdata.h"

#define PQ_OID_MAX 16
/* 1 ‖ length of the context ‖ context ‖ OID of the hash ‖ hash */
#define PQ_MESSAGE_MAX (2 + PQ_CONTEXT_MAX + PQ_OID_MAX + DIGEST_SIZE_MAX)

static size_t pq_signature_size(const struct crypto_op *op)
{
    static const struct {
        uint32_t alg, set;
        size_t size;
    } sizes[] = {
        {HUKS_ALG_ML_DSA, HUKS_ML_DSA_44, 2420},
        {HUKS_ALG_ML_DSA, HUKS_ML_DSA_65, 3309},
        {HUKS_ALG_ML_DSA, HUKS_ML_DSA_87, 4627},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_128S, 7856},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_128S, 7856},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_128F, 17088},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_128F, 17088},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_192S, 16224},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_192S, 16224},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_192F, 35664},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_192F, 35664},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_256S, 29792},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_256S, 29792},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHA2_256F, 49856},
        {HUKS_ALG_SLH_DSA, HUKS_SLH_DSA_SHAKE_256F, 49856},
    };
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        if (sizes[i].alg == op->key->alg && sizes[i].set == op->key->bits) {
            return sizes[i].size;
        }
    }
    return 0;
}

static huks_rc pq_init(struct crypto_op *op, const OSSL_PARAM *params)
{
    OSSL_LIB_CTX *lib = crypto_lib(op->crypto);
    /* A new one each time: parameters stay in a context. */
    EVP_MD_CTX_free(op->eddsa);
    op->eddsa = lib != NULL ? EVP_MD_CTX_new() : NULL;
    op->eddsa_ready = false;
    if (op->eddsa == NULL) {
        return error_no_memory();
    }
    int done = op->direction == CRYPTO_SIGN
                   ? EVP_DigestSignInit_ex(op->eddsa, NULL, NULL, lib, NULL, op->key->pkey, params)
                   : EVP_DigestVerifyInit_ex(op->eddsa, NULL, NULL, lib, NULL, op->key->pkey, params);
    return done == 1 ? HUKS_OK : crypto_refused();
}

/* Which hash stands in the message: of the mechanism, or of what the caller hashed. */
static huks_rc pq_begin_hash(struct crypto_op *op, const struct crypto_spec *spec)
{
    op->hash_of_input = NULL;
    if (!spec->prehash) {
        return op_begin_input(op, OH_HUKS_DIGEST_NONE);
    }
    bool hashed_here = spec->digest != OH_HUKS_DIGEST_NONE;
    HUKS_TRY(digest_get(op->crypto, hashed_here ? spec->digest : spec->hash_of_input, &op->hash_of_input));
    return op_begin_input(op, spec->digest);
}

static huks_rc pq_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    ERROR_GUARD;
    if (spec->label.size > PQ_CONTEXT_MAX) {
        return op_wrong_param("context");
    }
    HUKS_TRY(pq_begin_hash(op, spec));
    op->pq_context_size = (uint8_t)spec->label.size;
    if (spec->label.size != 0) {
        memcpy(op->pq_context, spec->label.data, spec->label.size);
    }
    int deterministic = spec->hedge == CRYPTO_DETERMINISTIC ? 1 : 0, raw = 0;
    OSSL_PARAM params[3];
    size_t count = 0;
    if (op->direction == CRYPTO_SIGN) {
        params[count++] = OSSL_PARAM_construct_int("deterministic", &deterministic);
    }
    params[count++] = spec->prehash ? OSSL_PARAM_construct_int("message-encoding", &raw)
                                    : OSSL_PARAM_construct_octet_string("context-string", op->pq_context,
                                                                        op->pq_context_size);
    params[count] = OSSL_PARAM_construct_end();
    return pq_init(op, params);
}

/* ---- what is signed ---- */

struct pq_message {
    uint8_t bytes[PQ_MESSAGE_MAX];
    struct bytes view;
};

static size_t pq_write_oid(const struct digest_row *hash, uint8_t out[PQ_OID_MAX])
{
    /* OpenSSL's name for its number: "SHAKE-128" is none of the short ones. */
    int nid = hash->id == HUKS_DIGEST_SHAKE128   ? NID_shake128
              : hash->id == HUKS_DIGEST_SHAKE256 ? NID_shake256
                                                 : OBJ_txt2nid(hash->name);
    const ASN1_OBJECT *oid = nid != NID_undef ? OBJ_nid2obj(nid) : NULL;
    int size = oid != NULL ? i2d_ASN1_OBJECT(oid, NULL) : 0;
    if (size <= 0 || size > PQ_OID_MAX) {
        return 0;
    }
    return i2d_ASN1_OBJECT(oid, &out) == size ? (size_t)size : 0;
}

/* FIPS 204, algorithm 4, and FIPS 205, algorithm 23: M'. */
static huks_rc pq_wrap_hash(const struct crypto_op *op, struct bytes hash, struct pq_message *message)
{
    uint8_t *at = message->bytes;
    *at++ = 1;
    *at++ = op->pq_context_size;
    memcpy(at, op->pq_context, op->pq_context_size);
    at += op->pq_context_size;
    size_t oid = pq_write_oid(op->hash_of_input, at);
    if (oid == 0) {
        return op_wrong_param("digest algorithm");
    }
    at += oid;
    memcpy(at, hash.data, hash.size);
    at += hash.size;
    message->view = bytes_of(message->bytes, (size_t)(at - message->bytes));
    return HUKS_OK;
}

static huks_rc pq_message_of(const struct crypto_op *op, struct bytes in, struct pq_message *message)
{
    if (op->hash_of_input == NULL) {
        message->view = in.data != NULL ? in : bytes_of("", 0);
        return HUKS_OK;
    }
    return in.size == op->hash_of_input->size ? pq_wrap_hash(op, in, message) : op_bad_data_size(op);
}

static huks_rc pq_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    struct pq_message message;
    message.view = BYTES_NONE;
    HUKS_TRY(pq_message_of(op, in, &message));
    *size = pq_signature_size(op);
    return EVP_DigestSign(op->eddsa, out, size, message.view.data, message.view.size) == 1 ? HUKS_OK
                                                                                           : crypto_refused();
}

static huks_rc pq_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    ERROR_GUARD;
    struct pq_message message;
    message.view = BYTES_NONE;
    HUKS_TRY(pq_message_of(op, in, &message));
    if (signature.size != pq_signature_size(op)) {
        return op_bad_signature_size();
    }
    return EVP_DigestVerify(op->eddsa, signature.data, signature.size, message.view.data,
                            message.view.size) == 1
               ? HUKS_OK
               : op_bad_signature();
}

static size_t pq_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : pq_signature_size(op);
}

const struct op_method op_pq = {
    .directions = OP_SIGNING,
    .algs = {HUKS_ALG_ML_DSA, HUKS_ALG_SLH_DSA},
    .begin = pq_begin,
    .run = pq_run,
    .run_verify = pq_run_verify,
    .size = pq_size,
};
