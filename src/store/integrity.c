/*
 * The set hash: notices records that were removed or put back behind the engine's back. It is the sum,
 * modulo 2^256, of HMACs over (id, version) of every record, so that a change costs one subtraction and one
 * addition whatever the number of records; it is sealed together with their count, bound to the next free
 * id. (MSet-Add-Hash of Clarke et al., ASIACRYPT 2003, whose sums have to stay secret.)
 *
 * Its keys come from class DE, which is open whenever the token is.
 */
#include "store/inside.h"

#include <string.h>

#define PLAIN_SIZE (8 + 32)

static huks_rc need_keys(const struct open_keys *open)
{
    return open->of[STORE_DE] != NULL ? HUKS_OK : error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
}

static void bind(uint64_t next, uint8_t aad[16])
{
    memcpy(aad, "HUKS set", 8);
    put_u64(aad + 8, next);
}

huks_rc set_hash_load(struct crypto *crypto, const struct open_keys *open, struct db *db,
                      struct set_hash *set)
{
    AUTO(buffer_free) struct buffer sealed = {0};
    AUTO(secret_free) struct secret plain = {0};
    uint8_t aad[16];
    *set = (struct set_hash){0};
    HUKS_TRY(need_keys(open));
    const uint8_t *key = open_key(open, STORE_DE, CLASS_KEY_SET_SEAL);
    HUKS_TRY(db->backend->state_get(db, &set->next, &sealed));
    if (sealed.size == 0 && set->next == 1) {
        set->known = true; /* nothing was ever stored here */
        return HUKS_OK;
    }
    bind(set->next, aad);
    huks_rc rc = crypto_unseal(crypto, key, BYTES_OF(aad), bytes_of(sealed.data, sealed.size), &plain);
    if (rc == HUKS_E_MEMORY) {
        return rc;
    }
    if (rc == HUKS_OK && plain.size == PLAIN_SIZE) {
        set->known = true;
        set->count = get_u64(plain.data);
        for (size_t i = 0; i < 8; i++) {
            set->sum[i] = get_u32(plain.data + 8 + 4 * i);
        }
    }
    error_clear();
    return HUKS_OK;
}

huks_rc set_hash_store(struct crypto *crypto, const struct open_keys *open, struct db *db,
                       const struct set_hash *set)
{
    static const uint8_t unknown = 0xFF;
    AUTO(buffer_free) struct buffer sealed = {0};
    AUTO(secret_free) struct secret plain = {0};
    uint8_t aad[16];
    if (!set->known) {
        /* Work goes on; store_check() keeps saying that the set hash is lost. */
        return db->backend->state_put(db, set->next, bytes_of(&unknown, 1));
    }
    HUKS_TRY(need_keys(open));
    const uint8_t *key = open_key(open, STORE_DE, CLASS_KEY_SET_SEAL);
    HUKS_TRY(secret_alloc(&plain, PLAIN_SIZE));
    put_u64(plain.data, set->count);
    for (size_t i = 0; i < 8; i++) {
        put_u32(plain.data + 8 + 4 * i, set->sum[i]);
    }
    bind(set->next, aad);
    HUKS_TRY(crypto_seal(crypto, key, BYTES_OF(aad), secret_bytes(&plain), &sealed));
    return db->backend->state_put(db, set->next, bytes_of(sealed.data, sealed.size));
}

static huks_rc element(const struct open_keys *open, uint64_t id, uint64_t version, uint32_t limbs[8])
{
    uint8_t number[16], mac[CRYPTO_SHA256_SIZE];
    HUKS_TRY(need_keys(open));
    put_u64(number, id);
    put_u64(number + 8, version);
    const struct bytes piece = BYTES_OF(number);
    HUKS_TRY(crypto_hmac(open->of[STORE_DE]->set, &piece, 1, mac));
    for (size_t i = 0; i < 8; i++) {
        limbs[i] = get_u32(mac + 4 * i);
    }
    return HUKS_OK;
}

huks_rc set_hash_add(const struct open_keys *open, struct set_hash *set, uint64_t id, uint64_t version)
{
    uint32_t limbs[8];
    uint64_t carry = 0;
    HUKS_TRY(element(open, id, version, limbs));
    for (size_t i = 0; i < 8; i++) {
        carry += (uint64_t)set->sum[i] + limbs[i];
        set->sum[i] = (uint32_t)carry;
        carry >>= 32;
    }
    set->count++;
    return HUKS_OK;
}

huks_rc set_hash_subtract(const struct open_keys *open, struct set_hash *set, uint64_t id, uint64_t version)
{
    uint32_t limbs[8];
    uint64_t borrow = 0;
    HUKS_TRY(element(open, id, version, limbs));
    for (size_t i = 0; i < 8; i++) {
        uint64_t difference = (uint64_t)set->sum[i] - limbs[i] - borrow;
        set->sum[i] = (uint32_t)difference;
        borrow = difference >> 63;
    }
    set->count--;
    return HUKS_OK;
}
