/*
 * Deriving new items: from an item, one or several at once, and from a password.
 */
#include <stdlib.h>
#include <string.h>

#include "service/operate.h"
#include "service/permit.h"
#include "service/private.h"

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/* A new secret key of some of the bytes that came out, or a data object with them as its value. */
static huks_rc keep_piece(struct token *token, struct operate_piece *piece, uint8_t *bytes, size_t size)
{
    const OH_Huks_Param *class = param_list_find(&piece->draft->params, HUKS_TAG_OBJECT_CLASS);
    if (class != NULL && class->uint32Param == HUKS_CLASS_DATA) {
        HUKS_TRY(param_list_put_bytes(&piece->draft->params, HUKS_TAG_VALUE, bytes_of(bytes, size)));
        return item_create(token, piece->draft, STORE_ALIAS_UNIQUE, &piece->handle);
    }
    const OH_Huks_Param *alg = param_list_find(&piece->draft->params, OH_HUKS_TAG_ALGORITHM);
    crypto_key_parity(alg != NULL ? alg->uint32Param : 0, bytes, size);
    return item_import(token, CRYPTO_SECRET, bytes_of(bytes, size), piece->draft, STORE_ALIAS_UNIQUE,
                       &piece->handle);
}

/* All pieces or none: what was made already is taken back. */
static huks_rc keep_pieces(struct token *token, struct operate_piece *pieces, size_t count,
                           struct secret *derived)
{
    huks_rc rc = HUKS_OK;
    size_t at = 0, made = 0;
    for (; rc == HUKS_OK && made < count; made++) {
        struct operate_piece *piece = &pieces[made];
        size_t size = count == 1 ? derived->size : piece->size;
        if (piece->draft != NULL) {
            rc = keep_piece(token, piece, derived->data + at, size);
        }
        at += size;
    }
    if (rc == HUKS_OK) {
        at = 0;
        for (size_t i = 0; i < count; i++) {
            if (pieces[i].out != NULL) {
                memcpy(pieces[i].out, derived->data + at, pieces[i].size);
            }
            at += pieces[i].size;
        }
        return HUKS_OK;
    }
    pieces[made - 1].handle = 0;
    for (size_t i = 0; i < made; i++) {
        if (pieces[i].handle != 0) {
            huks_rc undone = item_destroy(token, pieces[i].handle);
            rc = undone != HUKS_OK ? undone : rc; /* what is left behind is the greater trouble */
        }
        pieces[i].handle = 0;
    }
    return rc;
}

huks_rc operate_derive_pieces(struct token *token, struct item *base, const struct crypto_derive_spec *spec,
                              struct guard **awaited, struct operate_piece *pieces, size_t count)
{
    AUTO(secret_free) struct secret derived = {0};
    AUTO(memory_free_ptr) size_t *sizes = calloc(count, sizeof(*sizes));
    struct crypto_derive_spec whole = *spec;
    if (sizes == NULL) {
        return error_no_memory();
    }
    whole.size = 0;
    for (size_t i = 0; i < count; i++) {
        static const struct item_draft for_the_caller;
        HUKS_TRY(permit_derived(base, pieces[i].draft != NULL ? pieces[i].draft : &for_the_caller));
        pieces[i].handle = 0;
        sizes[i] = pieces[i].size;
        if (sizes[i] > UINT32_MAX) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
        }
        whole.size += sizes[i];
    }
    if (count > 1) {
        whole.sizes = sizes;
        whole.size_count = count;
    }
    HUKS_TRY(operate_derive_bytes(token, base, &whole, awaited, &derived));
    return keep_pieces(token, pieces, count, &derived);
}

huks_rc operate_derive(struct token *token, struct item *base, const struct crypto_derive_spec *spec,
                       struct guard **awaited, struct item_draft *draft, uint64_t *handle)
{
    struct operate_piece piece = {.draft = draft, .size = spec->size};
    huks_rc rc = operate_derive_pieces(token, base, spec, awaited, &piece, 1);
    *handle = piece.handle;
    return rc;
}

huks_rc operate_derive_password(struct token *token, struct bytes password,
                                const struct crypto_derive_spec *spec, struct item_draft *draft,
                                struct bytes_out iv, uint64_t *handle)
{
    struct crypto *crypto = token->engine->crypto;
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    AUTO(secret_free) struct secret derived = {0};
    AUTO(secret_free) struct secret start = {0};
    struct operate_piece piece = {.draft = draft};
    HUKS_TRY(crypto_key_decode(crypto, CRYPTO_SECRET, HUKS_ALG_GENERIC, password, &key));
    HUKS_TRY(crypto_derive(crypto, key, spec, &derived));
    if (iv.size != 0 && spec->method == CRYPTO_PKCS12) {
        struct crypto_derive_spec for_iv = *spec;
        for_iv.id = 2;
        for_iv.size = iv.size;
        HUKS_TRY(crypto_derive(crypto, key, &for_iv, &start));
    } else if (iv.size != 0) {
        /* PKCS#5's first scheme gives key and IV end to end (RFC 8018, 6.1). */
        HUKS_TRY(secret_set(&start, derived.data + derived.size - iv.size, iv.size));
        secret_shrink(&derived, derived.size - iv.size);
    }
    HUKS_TRY(keep_pieces(token, &piece, 1, &derived));
    if (iv.size != 0) {
        memcpy(iv.data, start.data, iv.size);
    }
    *handle = piece.handle;
    return HUKS_OK;
}
