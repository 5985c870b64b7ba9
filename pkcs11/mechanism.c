/*
 * The mechanism table's readers: finding a row, listing what is offered, and which keys fit a row. The rows
 * stand in files by family (mechanism_asymmetric.c, mechanism_cipher.c, …), which are listed here.
 */
#include <stdatomic.h>

#include "pkcs11/mechanism_row.h"
#include "pkcs11/module.h"
#include "pkcs11/template.h"

static const struct p11_mechanism_table *const tables[] = {
    &p11_mechanisms_asymmetric,
    &p11_mechanisms_hash,
    &p11_mechanisms_cipher,
    &p11_mechanisms_derive,
    &p11_mechanisms_pq,
};

const struct p11_mechanism *p11_mechanism_row(size_t number)
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if (number < tables[i]->count) {
            return &tables[i]->rows[number];
        }
        number -= tables[i]->count;
    }
    return NULL;
}

/* ---- finding ---- */

/*
 * A hash table of the rows, filled at first use and never changed. Whoever comes early fills it too: all
 * insert the same rows in the same order, so each row finds its own place again. No lock, that a fork could
 * leave behind.
 */
#define SLOTS P11_MECHANISM_SLOTS
static _Atomic(const struct p11_mechanism *) slots[SLOTS];
static atomic_bool slots_filled;

static size_t slot_first(CK_MECHANISM_TYPE type)
{
    return ((uint32_t)type * 0x9E3779B1u) >> 21;
}

static void slots_fill(void)
{
    const struct p11_mechanism *row;
    for (size_t number = 0; (row = p11_mechanism_row(number)) != NULL; number++) {
        const struct p11_mechanism *there = NULL;
        size_t slot = slot_first(row->type);
        while (!atomic_compare_exchange_strong(&slots[slot], &there, row) && there != row) {
            slot = (slot + 1) % SLOTS;
            there = NULL;
        }
    }
    atomic_store(&slots_filled, true);
}

static bool weak_allowed(void)
{
    return engine_config(p11_engine())->legacy_mechanisms;
}

/* Not switched off by configuration, and there in this OpenSSL. */
static bool row_offered(const struct p11_mechanism *row)
{
    const struct crypto_spec spec = {.method = row->method, .digest = row->digest, .mode = row->mode};
    return (!row->legacy || weak_allowed()) && operation_offered(p11_engine(), row->alg, &spec);
}

/* Asked once a module. A "no" is not kept: it may have been for want of memory. */
static bool slot_offered(size_t slot, const struct p11_mechanism *row)
{
    atomic_bool *known = &p11_module()->offered[slot];
    if (atomic_load_explicit(known, memory_order_relaxed)) {
        return true;
    }
    bool offered = row_offered(row);
    atomic_store_explicit(known, offered, memory_order_relaxed);
    return offered;
}

/* The place of a row that is there. */
static inline const struct p11_mechanism *row_find(CK_MECHANISM_TYPE type, size_t *place)
{
    if (!atomic_load_explicit(&slots_filled, memory_order_acquire)) {
        slots_fill();
    }
    const struct p11_mechanism *row;
    for (size_t slot = slot_first(type);
         (row = atomic_load_explicit(&slots[slot], memory_order_relaxed)) != NULL; slot = (slot + 1) % SLOTS) {
        if (row->type == type) {
            *place = slot;
            return row;
        }
    }
    return NULL;
}

const struct p11_mechanism *p11_mechanism_known(CK_MECHANISM_TYPE type)
{
    size_t slot;
    return row_find(type, &slot);
}

const struct p11_mechanism *p11_mechanism_find(CK_MECHANISM_TYPE type)
{
    size_t slot;
    const struct p11_mechanism *row = row_find(type, &slot);
    return row != NULL && slot_offered(slot, row) ? row : NULL;
}

CK_MECHANISM_TYPE p11_mechanism_type(const struct p11_mechanism *mechanism)
{
    return mechanism->type;
}

CK_RV p11_mechanism_list(CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
    const struct p11_mechanism *row;
    CK_ULONG total = 0;
    for (size_t number = 0; (row = p11_mechanism_row(number)) != NULL; number++) {
        if (row_offered(row)) {
            if (list != NULL && total < *count) {
                list[total] = row->type;
            }
            total++;
        }
    }
    CK_ULONG room = *count;
    *count = total;
    return list == NULL || room >= total ? CKR_OK : p11_fail(CKR_BUFFER_TOO_SMALL, "mechanism list");
}

/*
 * RSA below 2048 bits verifies, decrypts and unwraps what there is of old, and does not make anything new,
 * unless configuration says so.
 */
#define RSA_STRONG 2048
#define RSA_MAKING                                                                                           \
    (CKF_SIGN | CKF_SIGN_RECOVER | CKF_MESSAGE_SIGN | CKF_ENCRYPT | CKF_WRAP | CKF_ENCAPSULATE |             \
     CKF_GENERATE_KEY_PAIR)

CK_ULONG p11_mechanism_min(const struct p11_mechanism *row)
{
    bool generates = row->alg == OH_HUKS_ALG_RSA && (row->flags & CKF_GENERATE_KEY_PAIR) != 0;
    return generates && !weak_allowed() ? RSA_STRONG : row->min;
}

CK_RV p11_mechanism_strength(const struct item *item, CK_FLAGS flag, enum p11_where where)
{
    bool weak = item_alg(item) == OH_HUKS_ALG_RSA &&
                param_u32(item_params(item), OH_HUKS_TAG_KEY_SIZE, RSA_STRONG) < RSA_STRONG;
    return weak && (flag & RSA_MAKING) != 0 && !weak_allowed()
               ? p11_rv(error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size"), where)
               : CKR_OK;
}

CK_RV p11_mechanism_info(CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
    const struct p11_mechanism *row = p11_mechanism_find(type);
    if (row == NULL) {
        return p11_failf(CKR_MECHANISM_INVALID, "mechanism %s", p11_mechanism_name(type));
    }
    *info = (CK_MECHANISM_INFO){
        .ulMinKeySize = p11_mechanism_min(row), .ulMaxKeySize = row->max, .flags = p11_mechanism_flags(row)};
    return CKR_OK;
}

bool p11_mechanism_allowed(struct item *item, CK_MECHANISM_TYPE type)
{
    struct bytes allowed = param_bytes(item_params(item), HUKS_TAG_ALLOWED_MECHANISMS);
    if (allowed.data == NULL) {
        return true;
    }
    for (size_t i = 0; i + 4 <= allowed.size; i += 4) {
        const uint8_t *at = allowed.data + i;
        uint32_t one = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        if (one == type) {
            return true;
        }
    }
    return false;
}

/* ---- which keys fit a row ---- */

/* Algorithms that stand in one row's stead: curves of one family, secrets of any kind for MACs and KDFs. */
static const uint32_t stands_for[][2] = {
    {OH_HUKS_ALG_HMAC, HUKS_ALG_GENERIC}, {OH_HUKS_ALG_HMAC, OH_HUKS_ALG_HKDF},
    {OH_HUKS_ALG_ECC, OH_HUKS_ALG_ECDH},  {OH_HUKS_ALG_ED25519, HUKS_ALG_ED448},
    {OH_HUKS_ALG_X25519, HUKS_ALG_X448},  {OH_HUKS_ALG_HMAC, OH_HUKS_ALG_SM3},
};

/* Derivations that start from any secret, whatever it is a key of. */
static const enum crypto_method any_secret[] = {
    CRYPTO_HKDF,  CRYPTO_HASH_OF_KEY, CRYPTO_JOIN,     CRYPTO_XOR,        CRYPTO_EXTRACT,
    CRYPTO_KBKDF, CRYPTO_PRF,         CRYPTO_PRF_PLUS, CRYPTO_PRF_EXTEND, CRYPTO_TLS_PRF,
};

/* Keys of the HMAC types are for their own hash; generic secrets are for any. */
static bool hmac_key_fits(const struct p11_mechanism *row, const struct item *item)
{
    CK_KEY_TYPE type = p11_key_type(item);
    return type == CKK_GENERIC_SECRET || type == CKK_HKDF || type == row->key_type;
}

bool p11_mechanism_fits(const struct p11_mechanism *row, const struct item *item)
{
    uint32_t alg = item_alg(item);
    bool fits = alg == row->alg;
    for (size_t i = 0; i < ARRAY_SIZE(stands_for) && !fits; i++) {
        fits = stands_for[i][0] == row->alg && stands_for[i][1] == alg;
    }
    for (size_t i = 0; i < ARRAY_SIZE(any_secret) && !fits; i++) {
        fits = any_secret[i] == row->method && item_class(item) == HUKS_CLASS_SECRET_KEY;
    }
    if (row->type == CKM_ECDH1_DERIVE) { /* section 6.3.17: Montgomery keys too */
        fits = fits || alg == OH_HUKS_ALG_X25519 || alg == HUKS_ALG_X448;
    }
    if (row->shape == SHAPE_PUBLIC_KEY) {
        fits = item_class(item) == HUKS_CLASS_PRIVATE_KEY;
    }
    if (alg == OH_HUKS_ALG_SM3) { /* HUKS's keys for the MAC of one hash */
        fits = fits && row->method == CRYPTO_HMAC && row->digest == OH_HUKS_DIGEST_SM3;
    }
    return fits &&
           ((row->method != CRYPTO_HMAC && row->method != CRYPTO_BLAKE2_MAC) || hmac_key_fits(row, item));
}
