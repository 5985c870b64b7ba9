/*
 * TLS's pseudo-random function up to version 1.2: as a derivation, and as the MAC of "finished" messages.
 */
#include "crypto/derive.h"

#include <string.h>

#include "crypto/kdf.h"
#include "crypto/opdata.h"

/* The PRF's hash, by the name that it has in OpenSSL: one for 1.0 and 1.1, any for 1.2. */
static huks_rc tls_hash(struct crypto *crypto, uint32_t digest, const char **name)
{
    const struct digest_row *row = NULL;
    if (digest == HUKS_DIGEST_MD5_SHA1) {
        *name = "MD5-SHA1";
        return HUKS_OK;
    }
    HUKS_TRY(digest_get(crypto, digest, &row));
    *name = row->name;
    return HUKS_OK;
}

huks_rc derive_tls_prf(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                       struct secret *out)
{
    const char *name = NULL;
    struct bytes seeds[CRYPTO_SEEDS_MAX + 1];
    size_t whole = 0;
    seeds[0] = spec->label;
    memcpy(seeds + 1, spec->seeds, sizeof(spec->seeds));
    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
        if (seeds[i].size > KDF_SEED_SIZE_MAX - whole) {
            return op_wrong_param("length of label and seed");
        }
        whole += seeds[i].size;
    }
    if (spec->size == 0) {
        return derive_bad_size();
    }
    HUKS_TRY(tls_hash(crypto, spec->digest, &name));
    HUKS_TRY(secret_alloc(out, spec->size));
    huks_rc rc =
        kdf_tls_prf(crypto, name, secret_bytes(&key->value), seeds, ARRAY_SIZE(seeds), out->data, out->size);
    if (rc != HUKS_OK) {
        secret_free(out);
    }
    return rc;
}

/* ---- the MAC: PRF(secret, label ‖ hash of the handshake) ---- */

#define TLS_MAC_MAX 64

static huks_rc tls_mac_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    static const char *const labels[] = {"server finished", "client finished"};
    const char *name = NULL;
    HUKS_TRY(tls_hash(op->crypto, spec->digest, &name));
    HUKS_TRY(op_begin_input(op, OH_HUKS_DIGEST_NONE));
    if (spec->tag_size == 0 || spec->tag_size > TLS_MAC_MAX) {
        return op_wrong_param("MAC size");
    }
    op->tag_size = spec->tag_size;
    op->tls_hash = name;
    op->tls_label = labels[spec->from_client];
    return HUKS_OK;
}

static huks_rc tls_mac_run(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    const struct bytes seeds[] = {bytes_of(op->tls_label, strlen(op->tls_label)), in};
    if (in.size > KDF_SEED_SIZE_MAX - seeds[0].size) {
        return op_bad_data_size(op);
    }
    *size = op->tag_size;
    return kdf_tls_prf(op->crypto, op->tls_hash, secret_bytes(&op->key->value), seeds, ARRAY_SIZE(seeds), out,
                       op->tag_size);
}

static huks_rc tls_mac_verify(struct crypto_op *op, struct bytes in, struct bytes signature)
{
    uint8_t made[TLS_MAC_MAX];
    size_t size = sizeof(made);
    if (signature.size != op->tag_size) {
        return op_bad_signature_size();
    }
    HUKS_TRY(tls_mac_run(op, in, made, &size));
    bool same = crypto_equal(made, size, signature.data, signature.size);
    memory_cleanse(made, sizeof(made));
    return same ? HUKS_OK : op_bad_signature();
}

static size_t tls_mac_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : op->tag_size;
}

const struct op_method op_tls_mac = {
    .directions = OP_SIGNING,
    .algs = {OP_ANY_SECRET},
    .begin = tls_mac_begin,
    .run = tls_mac_run,
    .run_verify = tls_mac_verify,
    .size = tls_mac_size,
};
