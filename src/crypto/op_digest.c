/*
 * Digests as operations, their saved state, and HMAC.
 */
#include <string.h>

#include "crypto/opdata.h"

/* ---- digests ---- */

static huks_rc digest_op_begin(struct crypto_op *op, const struct crypto_spec *spec)
{
    const struct digest_row *row = digest_find(spec->digest);
    if (!digest_there(op->crypto, row)) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "digest algorithm");
    }
    op->sink = OP_STREAM;
    op->hashed = row;
    return digest_begin(op->crypto, &op->digest, row);
}

static huks_rc digest_op_update(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size)
{
    (void)out;
    *size = 0;
    return digest_update(&op->digest, in);
}

static huks_rc digest_op_finish(struct crypto_op *op, uint8_t *out, size_t *size)
{
    *size = op->hashed->size;
    return digest_finish(&op->digest, out);
}

static size_t digest_op_size(const struct crypto_op *op, enum crypto_step step, size_t in_size)
{
    (void)in_size;
    return step == CRYPTO_UPDATE ? 0 : op->hashed->size;
}

const struct op_method op_digest = {
    .directions = OP_DIRECTION(CRYPTO_HASH),
    .begin = digest_op_begin,
    .update = digest_op_update,
    .finish = digest_op_finish,
    .size = digest_op_size,
};

huks_rc crypto_op_digest_key(struct crypto_op *op, const struct crypto_key *key)
{
    if (op->method != &op_digest || (op->state != OP_READY && op->state != OP_RUNNING)) {
        return error_raise(HUKS_E_ARGUMENT, ABOUT_NOTHING, NULL);
    }
    if (key->class != CRYPTO_SECRET) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key type");
    }
    op->state = OP_RUNNING;
    return digest_update(&op->digest, secret_bytes(&key->value));
}

/* ---- a digest's state as bytes ---- */

/* The caller seals it; this format lives as long as a libcrypto. */
struct digest_saved {
    uint32_t version, id, size, used;
    union digest_state state;
};
#define DIGEST_SAVED_VERSION 1

huks_rc crypto_op_save(const struct crypto_op *op, struct secret *state)
{
    if (op->method != &op_digest || op->digest.row == NULL || op->digest.row->state_size == 0) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_FUNCTION, "saving this operation's state");
    }
    HUKS_TRY(secret_alloc(state, sizeof(struct digest_saved)));
    struct digest_saved saved = {DIGEST_SAVED_VERSION, op->digest.row->id, op->digest.row->state_size,
                                 op->state == OP_RUNNING, op->digest.state};
    memcpy(state->data, &saved, sizeof(saved));
    memory_cleanse(&saved, sizeof(saved));
    return HUKS_OK;
}

/* The count of buffered bytes indexes a buffer: whatever the seal says, it is looked at. */
static bool digest_saved_sane(const struct digest_row *row, const union digest_state *state)
{
    switch (row->state_size) {
    case sizeof(MD5_CTX):
        return state->md5.num < MD5_CBLOCK;
    case sizeof(SHA_CTX):
        return state->sha1.num < SHA_CBLOCK;
    case sizeof(SHA256_CTX):
        return state->sha256.num < SHA256_CBLOCK &&
               state->sha256.md_len == (row->id == OH_HUKS_DIGEST_SHA224 ? 28u : 32u);
    default:
        return state->sha512.num < SHA512_CBLOCK &&
               state->sha512.md_len == (row->id == OH_HUKS_DIGEST_SHA384 ? 48u : 64u);
    }
}

huks_rc crypto_op_restore(struct crypto_op *op, struct bytes state)
{
    struct digest_saved saved;
    crypto_op_reset(op);
    if (state.size != sizeof(saved)) {
        return op_wrong_param("saved state");
    }
    memcpy(&saved, state.data, sizeof(saved));
    const struct digest_row *row = digest_find(saved.id);
    huks_rc rc = HUKS_OK;
    if (saved.version != DIGEST_SAVED_VERSION || row == NULL || row->state_size == 0 ||
        saved.size != row->state_size || !digest_saved_sane(row, &saved.state)) {
        rc = op_wrong_param("saved state");
    } else {
        const struct crypto_spec spec = {
            .method = CRYPTO_DIGEST, .direction = CRYPTO_HASH, .digest = row->id};
        rc = crypto_op_begin(op, NULL, &spec);
    }
    if (rc == HUKS_OK) {
        op->digest.state = saved.state;
        op->state = saved.used ? OP_RUNNING : OP_READY;
    }
    memory_cleanse(&saved, sizeof(saved));
    return rc;
}
