/*
 * Derivations that make several keys at once: TLS's key block, and SP 800-108's additional keys. All of them
 * are made, or none.
 */
#include <stdlib.h>

#include "pkcs11/derivation.h"

/* ---- TLS's key block, sections 6.39.6 and 6.40.6 ---- */

#define BLOCK_ATTRIBUTES_MAX 64

/* Attributes that the cipher keys of a template have for themselves: the MAC keys' are given. */
static bool block_own(CK_ATTRIBUTE_TYPE type)
{
    static const CK_ATTRIBUTE_TYPE own[] = {CKA_KEY_TYPE, CKA_VALUE_LEN, CKA_ENCRYPT, CKA_DECRYPT,
                                            CKA_SIGN,     CKA_VERIFY,    CKA_WRAP,    CKA_UNWRAP,
                                            CKA_DERIVE,   CKA_HUKS_ALIAS};
    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        if (own[i] == type) {
            return true;
        }
    }
    return false;
}

struct block_template {
    CK_ATTRIBUTE list[BLOCK_ATTRIBUTES_MAX];
    CK_ULONG count;
};

static const CK_BBOOL block_true = CK_TRUE;
static const CK_KEY_TYPE block_generic = CKK_GENERIC_SECRET;

static void block_add(struct block_template *to, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG size)
{
    for (CK_ULONG i = 0; i < to->count; i++) {
        if (to->list[i].type == type) {
            return;
        }
    }
    to->list[to->count++] = (CK_ATTRIBUTE){type, (CK_VOID_PTR)(uintptr_t)value, size};
}

/* MAC keys are "flagged as valid for signing, verification and derivation", the others for the cipher's work. */
static CK_RV block_template(const CK_ATTRIBUTE *template, CK_ULONG count, bool mac,
                            struct block_template *out)
{
    static const CK_ATTRIBUTE_TYPE uses[2][3] = {{CKA_ENCRYPT, CKA_DECRYPT, CKA_DERIVE},
                                                 {CKA_SIGN, CKA_VERIFY, CKA_DERIVE}};
    if (template == NULL && count != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "template pointer");
    }
    if (count > BLOCK_ATTRIBUTES_MAX - 8) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "template: too many attributes of a secret key");
    }
    out->count = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        if (!mac || !block_own(template[i].type)) {
            out->list[out->count++] = template[i];
        }
    }
    if (mac) {
        block_add(out, CKA_KEY_TYPE, &block_generic, sizeof(block_generic));
    }
    for (size_t i = 0; i < ARRAY_SIZE(uses[0]); i++) {
        block_add(out, uses[mac ? 1 : 0][i], &block_true, sizeof(block_true));
    }
    return CKR_OK;
}

static CK_RV block_draft(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count,
                         bool mac, size_t size, struct p11_draft *draft)
{
    struct block_template list;
    size_t wanted = 0;
    P11_TRY(block_template(template, count, mac, &list));
    P11_TRY(p11_derivation_draft(derivation, list.list, list.count, draft, &wanted));
    return wanted == 0 || wanted == size ? CKR_OK
                                         : p11_fail(CKR_TEMPLATE_INCONSISTENT, "key size for this mechanism");
}

/* In the order of RFC 5246, 6.3: MAC keys, cipher keys, IVs, the client's first. */
enum {
    BLOCK_CLIENT_MAC,
    BLOCK_SERVER_MAC,
    BLOCK_CLIENT_KEY,
    BLOCK_SERVER_KEY,
    BLOCK_CLIENT_IV,
    BLOCK_SERVER_IV,
    BLOCK_PIECES
};
#define BLOCK_KEYS 4

static void block_drafts_free(struct p11_draft (*drafts)[BLOCK_KEYS])
{
    for (size_t i = 0; i < BLOCK_KEYS; i++) {
        p11_draft_free(&(*drafts)[i]);
    }
}

CK_RV p11_derive_block(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    const struct p11_key_block *block = &derivation->block;
    const size_t sizes[BLOCK_PIECES] = {block->mac_size, block->mac_size, block->key_size,
                                        block->key_size, block->iv_size,  block->iv_size};
    AUTO(block_drafts_free) struct p11_draft drafts[BLOCK_KEYS] = {0};
    struct operate_piece pieces[BLOCK_PIECES] = {0};
    size_t places[BLOCK_PIECES], used = 0;
    for (size_t i = 0; i < BLOCK_PIECES; i++) {
        places[i] = BLOCK_PIECES;
        if (sizes[i] == 0) {
            continue;
        }
        struct operate_piece *piece = &pieces[used];
        piece->size = sizes[i];
        if (i < BLOCK_KEYS) {
            P11_TRY(block_draft(derivation, template, count, i < BLOCK_CLIENT_KEY, sizes[i], &drafts[i]));
            piece->draft = &drafts[i].draft;
        } else {
            piece->out = i == BLOCK_CLIENT_IV ? block->out->pIVClient : block->out->pIVServer;
        }
        places[i] = used++;
    }
    P11_TRY(p11_derivation_pieces(derivation, pieces, used));
    CK_OBJECT_HANDLE *const handles[BLOCK_KEYS] = {&block->out->hClientMacSecret,
                                                   &block->out->hServerMacSecret, &block->out->hClientKey,
                                                   &block->out->hServerKey};
    for (size_t i = 0; i < BLOCK_KEYS; i++) {
        *handles[i] =
            places[i] != BLOCK_PIECES ? (CK_OBJECT_HANDLE)pieces[places[i]].handle : CK_INVALID_HANDLE;
    }
    return CKR_OK;
}

/* ---- SP 800-108's additional keys, section 6.42.5 ---- */

struct several {
    struct p11_draft *drafts;
    struct operate_piece *pieces;
    size_t count;
};

static void several_free(struct several *several)
{
    for (size_t i = 0; several->drafts != NULL && i < several->count; i++) {
        p11_draft_free(&several->drafts[i]);
    }
    free(several->drafts);
    free(several->pieces);
}

/* Only the last of one key may leave its length to the mechanism. */
static CK_RV several_draft(struct p11_derivation *derivation, struct several *several, size_t number,
                           const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct operate_piece *piece = &several->pieces[number];
    piece->draft = &several->drafts[number].draft;
    derivation->wants_size = several->count > 1;
    return p11_derivation_draft(derivation, template, count, &several->drafts[number], &piece->size);
}

CK_RV p11_derive_additional(struct p11_derivation *derivation, const CK_ATTRIBUTE *template, CK_ULONG count,
                            CK_OBJECT_HANDLE *key)
{
    AUTO(several_free) struct several several = {.count = 1 + derivation->additional_count};
    several.drafts = calloc(several.count, sizeof(*several.drafts));
    several.pieces = calloc(several.count, sizeof(*several.pieces));
    if (several.drafts == NULL || several.pieces == NULL) {
        return p11_rv(error_no_memory(), P11_AT_DERIVE);
    }
    P11_TRY(several_draft(derivation, &several, 0, template, count));
    for (CK_ULONG i = 0; i < derivation->additional_count; i++) {
        const CK_DERIVED_KEY *more = &derivation->additional[i];
        CK_RV rv = several_draft(derivation, &several, i + 1, more->pTemplate, more->ulAttributeCount);
        if (rv != CKR_OK) {
            *more->phKey = CK_INVALID_HANDLE; /* whose template it was */
            return rv;
        }
    }
    P11_TRY(p11_derivation_pieces(derivation, several.pieces, several.count));
    *key = (CK_OBJECT_HANDLE)several.pieces[0].handle;
    for (CK_ULONG i = 0; i < derivation->additional_count; i++) {
        *derivation->additional[i].phKey = (CK_OBJECT_HANDLE)several.pieces[i + 1].handle;
    }
    return CKR_OK;
}
