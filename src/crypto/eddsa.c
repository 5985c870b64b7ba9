/*
 * EdDSA: Ed25519 and Ed448, and their pre-hash and context forms where this OpenSSL has them (3.2).
 */
#include "crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/opdata.h"

#define EDDSA_CONTEXT_MAX 255

static size_t eddsa_signature_size(const struct crypto_op *op)
{
    return 2 * (size_t)op->key->type->raw_size;
}

static const char *eddsa_instance(const struct crypto_op *op, const struct crypto_spec *spec)
{
    bool small = op->key->alg == OH_HUKS_ALG_ED25519;
    if (spec->prehash) {
        return small ? "Ed25519ph" : "Ed448ph";
    }
    /* Ed448 takes a context as it is; Ed25519 with one is another scheme (RFC 8032, 5.1). */
    return !small ? "Ed448" : spec->label.size != 0 ? "Ed25519ctx" : "Ed25519";
}

/* Instances and contexts are parameters that OpenSSL before 3.2 does not know. */
static bool eddsa_has_instances(EVP_MD_CTX *context)
{
    const OSSL_PARAM *known = EVP_PKEY_CTX_settable_params(EVP_MD_CTX_get_pkey_ctx(context));
    return known != NULL && OSSL_PARAM_locate_const(known, "instance") != NULL;
}

static huks_rc eddsa_init(struct crypto_op *op, const OSSL_PARAM *params)
{
    OSSL_LIB_CTX *lib = crypto_lib(op->crypto);
    int done = 0;
    if (lib == NULL || (op->eddsa == NULL && (op->eddsa = EVP_MD_CTX_new()) == NULL)) {
        return error_no_memory();
    }
    op->eddsa_ready = false;
    if (op->direction == CRYPTO_SIGN) {
        done = EVP_DigestSignInit_ex(op->eddsa, NULL, NULL, lib, NULL, op->key->pkey, params);
    } else {
        done = EVP_DigestVerifyInit_ex(op->eddsa, NULL, NULL, lib, NULL, op->key->pkey, params);
    }
    op->eddsa_ready = done == 1;
    op->eddsa_plain = params == NULL;
    op->eddsa_direction = op->direction;
    return done == 1 ? HUKS_OK : crypto_refused();
}

static huks_rc eddsa_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    bool plain = !spec->prehash && spec->label.size == 0;
    if (spec->label.size > EDDSA_CONTEXT_MAX) {
        return op_wrong_param("context");
    }
    HUKS_TRY(op_begin_input(op, OH_HUKS_DIGEST_NONE));
    if (plain && op->eddsa != NULL && op->eddsa_ready && op->eddsa_plain &&
        op->eddsa_direction == op->direction) {
        return HUKS_OK;
    }
    ERROR_GUARD;
    /* A new one each time that it is for something else: parameters stay in a context. */
    EVP_MD_CTX_free(op->eddsa);
    op->eddsa = NULL;
    op->eddsa_used = false;
    HUKS_TRY(eddsa_init(op, NULL));
    if (plain) {
        return HUKS_OK;
    }
    if (!eddsa_has_instances(op->eddsa)) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM, "EdDSA context");
    }
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("instance", (char *)(uintptr_t)eddsa_instance(op, spec), 0),
        OSSL_PARAM_construct_octet_string(
            "context-string", spec->label.size != 0 ? (void *)(uintptr_t)spec->label.data : (void *)"",
            spec->label.size),
        OSSL_PARAM_construct_end(),
    };
    return eddsa_init(op, params);
}

/* 3.4 and later want a new start for each message, and earlier ones allow it. */
static huks_rc eddsa_again(struct crypto_op *op)
{
    int done = 1;
    if (op->eddsa_used && op->eddsa_plain) {
        /* No key, no digest: the same again, in the context that the first time chose. */
        done = op->direction == CRYPTO_SIGN ? EVP_DigestSignInit_ex(op->eddsa, NULL, NULL, NULL, NULL, NULL, NULL)
                                            : EVP_DigestVerifyInit_ex(op->eddsa, NULL, NULL, NULL, NULL, NULL, NULL);
    }
    op->eddsa_used = true;
    return done == 1 ? HUKS_OK : crypto_refused();
}

static struct bytes eddsa_message(struct bytes in)
{
    return in.data != NULL ? in : bytes_of("", 0);
}

static huks_rc eddsa_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    ERROR_GUARD;
    struct bytes message = eddsa_message(in);
    HUKS_TRY(eddsa_again(op));
    *size = eddsa_signature_size(op);
    return EVP_DigestSign(op->eddsa, out, size, message.data, message.size) == 1 ? HUKS_OK : crypto_refused();
}

static huks_rc eddsa_run_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    ERROR_GUARD;
    struct bytes message = eddsa_message(in);
    if (signature.size != eddsa_signature_size(op)) {
        return op_bad_signature_size();
    }
    HUKS_TRY(eddsa_again(op));
    return EVP_DigestVerify(op->eddsa, signature.data, signature.size, message.data, message.size) == 1
               ? HUKS_OK
               : op_bad_signature();
}

static size_t eddsa_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : eddsa_signature_size(op);
}

const struct op_method op_eddsa = {
    .directions = OP_SIGNING,
    .algs = {OH_HUKS_ALG_ED25519, HUKS_ALG_ED448},
    .begin = eddsa_begin,
    .run = eddsa_run,
    .run_verify = eddsa_run_verify,
    .size = eddsa_size,
};
