/*
 * Derivations from a secret key's value: by hashing, by passwords' functions, by putting bytes together.
 */
#include "crypto/derive.h"

#include <string.h>

#include "crypto/kdf.h"
#include "crypto/opdata.h"

/* Room for what is wanted: `usual` bytes unless the spec says otherwise. */
static huks_rc derive_room(const struct crypto_derive_spec *spec, size_t usual, size_t most,
                           struct secret *out)
{
    size_t size = spec->size != 0 ? spec->size : usual;
    return size == 0 || size > most ? derive_bad_size() : secret_alloc(out, size);
}

/* Nothing of a derivation that failed is given. */
static huks_rc derive_made(huks_rc rc, struct secret *out)
{
    if (rc != HUKS_OK) {
        secret_free(out);
    }
    return rc;
}

huks_rc derive_hkdf(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                    struct secret *out)
{
    const struct digest_row *row = NULL;
    uint8_t extracted[DIGEST_SIZE_MAX];
    struct bytes base = secret_bytes(&key->value);
    if (!spec->extract && !spec->expand) {
        return op_missing_param("HKDF step");
    }
    HUKS_TRY(digest_get(crypto, spec->digest, &row));
    size_t size = spec->size != 0 ? spec->size : row->size;
    if (size > (spec->expand ? 255 * (size_t)row->size : row->size)) {
        return derive_bad_size();
    }
    HUKS_TRY(secret_alloc(out, size));
    huks_rc rc = HUKS_OK;
    if (spec->extract) {
        rc = kdf_hkdf_extract(crypto, row, spec->salt, base, extracted);
        base = bytes_of(extracted, row->size);
    }
    if (rc == HUKS_OK && spec->expand) {
        rc = kdf_hkdf_expand(crypto, row, base, spec->info, out->data, size);
    } else if (rc == HUKS_OK) {
        memcpy(out->data, extracted, size);
    }
    memory_cleanse(extracted, sizeof(extracted));
    if (rc != HUKS_OK) {
        secret_free(out);
    }
    return rc;
}

/* ---- passwords ---- */

huks_rc derive_pbkdf2(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                      struct secret *out)
{
    const struct digest_row *row = NULL;
    if (spec->iterations == 0) {
        return op_missing_param("number of iterations");
    }
    HUKS_TRY(digest_get(crypto, spec->digest, &row));
    HUKS_TRY(derive_room(spec, row->size, SIZE_MAX, out));
    return derive_made(kdf_pbkdf2(crypto, row, secret_bytes(&key->value), spec->salt, spec->iterations,
                                  out->data, out->size),
                       out);
}

huks_rc derive_pbkdf1(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                      struct secret *out)
{
    const struct digest_row *row = NULL;
    if (spec->iterations == 0) {
        return op_missing_param("number of iterations");
    }
    HUKS_TRY(digest_get(crypto, spec->digest, &row));
    HUKS_TRY(derive_room(spec, row->size, row->size, out));
    return derive_made(kdf_pbkdf1(crypto, row, secret_bytes(&key->value), spec->salt, spec->iterations,
                                  out->data, out->size),
                       out);
}

huks_rc derive_pkcs12(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                      struct secret *out)
{
    const struct digest_row *row = NULL;
    if (spec->iterations == 0) {
        return op_missing_param("number of iterations");
    }
    HUKS_TRY(digest_get(crypto, spec->digest, &row));
    HUKS_TRY(derive_room(spec, row->size, 1024, out));
    return derive_made(kdf_pkcs12(crypto, row, secret_bytes(&key->value), spec->salt, spec->iterations,
                                  spec->id, out->data, out->size),
                       out);
}

/* ---- the value's hash (PKCS#11, SHA-1 key derivation and its kin) ---- */

huks_rc derive_hash(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                    struct secret *out)
{
    const struct digest_row *row = NULL;
    uint8_t hash[DIGEST_SIZE_MAX] = {0};
    struct bytes value = secret_bytes(&key->value);
    if (spec->digest == HUKS_DIGEST_SHAKE128 || spec->digest == HUKS_DIGEST_SHAKE256) {
        /* As long as one wants, else twice the strength. */
        HUKS_TRY(derive_room(spec, spec->digest == HUKS_DIGEST_SHAKE128 ? 32 : 64, SIZE_MAX, out));
        return derive_made(kdf_shake(crypto, spec->digest, value, out->data, out->size), out);
    }
    HUKS_TRY(digest_get_any(crypto, spec->digest, &row));
    HUKS_TRY(derive_room(spec, row->size, row->size, out));
    huks_rc rc = digest_pieces(crypto, row, &value, 1, hash);
    memcpy(out->data, hash, out->size);
    memory_cleanse(hash, sizeof(hash));
    return derive_made(rc, out);
}

/* ---- putting bytes together ---- */

/* Shorter ones are cut at the end; no byte comes from nowhere. */
huks_rc derive_join(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                    struct secret *out)
{
    (void)crypto;
    const struct bytes pieces[] = {spec->salt, secret_bytes(&key->value), spec->info};
    size_t whole = 0, done = 0;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        if (pieces[i].size > SIZE_MAX - whole) {
            return derive_bad_size();
        }
        whole += pieces[i].size;
    }
    HUKS_TRY(derive_room(spec, whole, whole, out));
    for (size_t i = 0; i < ARRAY_SIZE(pieces) && done < out->size; i++) {
        size_t size = pieces[i].size < out->size - done ? pieces[i].size : out->size - done;
        if (size != 0) {
            memcpy(out->data + done, pieces[i].data, size);
        }
        done += size;
    }
    return HUKS_OK;
}

huks_rc derive_xor(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                   struct secret *out)
{
    (void)crypto;
    size_t both = key->value.size < spec->info.size ? key->value.size : spec->info.size;
    HUKS_TRY(derive_room(spec, both, both, out));
    for (size_t i = 0; i < out->size; i++) {
        out->data[i] = key->value.data[i] ^ spec->info.data[i];
    }
    return HUKS_OK;
}

/* Bits from `offset` on, the value's first following its last. */
huks_rc derive_extract(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                       struct secret *out)
{
    (void)crypto;
    size_t size = key->value.size;
    const uint8_t *value = key->value.data;
    if (spec->offset / 8 >= size) {
        return op_wrong_param("bit position");
    }
    HUKS_TRY(derive_room(spec, 0, size, out));
    size_t first = spec->offset / 8, shift = spec->offset % 8;
    for (size_t i = 0; i < out->size; i++) {
        unsigned pair = (unsigned)value[(first + i) % size] << 8 | value[(first + i + 1) % size];
        out->data[i] = (uint8_t)(pair >> (8 - shift));
    }
    return HUKS_OK;
}

/* ---- data, encrypted with the key ---- */

static void derive_op_free(struct crypto_op **op)
{
    crypto_op_free(*op);
}

/* The beginning of what comes out; `info` is what goes in, `salt` the IV. */
huks_rc derive_encrypt(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                       struct secret *out)
{
    const struct crypto_spec cipher = {
        .method = CRYPTO_CIPHER, .direction = CRYPTO_ENCRYPT, .mode = spec->mode, .iv = spec->salt};
    AUTO(derive_op_free) struct crypto_op *op = NULL;
    HUKS_TRY(crypto_op_new(crypto, &op));
    HUKS_TRY(crypto_op_begin(op, key, &cipher));
    if (spec->info.size == 0 || crypto_op_size(op, CRYPTO_ONCE, spec->info.size) != spec->info.size) {
        return op_wrong_param("data length"); /* of whole blocks, as nothing pads it */
    }
    size_t wanted = spec->size != 0 ? spec->size : spec->info.size, size = spec->info.size;
    if (wanted > size) {
        return derive_bad_size();
    }
    HUKS_TRY(secret_alloc(out, size));
    huks_rc rc = crypto_op_once(op, spec->info, out->data, &size);
    if (rc == HUKS_OK) {
        secret_shrink(out, wanted);
    }
    return derive_made(rc, out);
}
