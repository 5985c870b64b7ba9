/*
 * Key derivation functions over a secret. See kdf.h.
 *
 * They are a few lines each over digest.h, whose HMAC states are copied instead of set up again: PBKDF2
 * runs several times faster than through EVP_KDF, and every digest of the table serves.
 */
#include "crypto/kdf.h"

#include <string.h>

static void kdf_put_u32(uint8_t out[4], uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

static huks_rc kdf_too_long(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_SIZE, "key size");
}

static huks_rc kdf_mac(const struct hmac_key *key, struct digest *running, const struct bytes *pieces,
                       size_t count, uint8_t *out)
{
    HUKS_TRY(hmac_begin(key, running));
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(digest_update(running, pieces[i]));
    }
    return hmac_finish(key, running, out);
}

huks_rc kdf_hkdf_extract(struct crypto *crypto, const struct digest_row *row, struct bytes salt,
                         struct bytes key, uint8_t *out)
{
    AUTO(hmac_key_free) struct hmac_key prepared = {0};
    AUTO(digest_free) struct digest running = {0};
    /* An absent salt is a string of zeros, which is what HMAC makes of an empty key. */
    HUKS_TRY(hmac_key_set(crypto, &prepared, row, salt));
    return kdf_mac(&prepared, &running, &key, 1, out);
}

huks_rc kdf_hkdf_expand(struct crypto *crypto, const struct digest_row *row, struct bytes key,
                        struct bytes info, uint8_t *out, size_t size)
{
    AUTO(hmac_key_free) struct hmac_key prepared = {0};
    AUTO(digest_free) struct digest running = {0};
    uint8_t block[DIGEST_SIZE_MAX];
    if (size > 255 * (size_t)row->size) {
        return kdf_too_long();
    }
    HUKS_TRY(hmac_key_set(crypto, &prepared, row, key));
    huks_rc rc = HUKS_OK;
    for (size_t done = 0, step = 0; rc == HUKS_OK && done < size; done += row->size) {
        uint8_t counter = (uint8_t)(++step);
        struct bytes pieces[] = {bytes_of(block, step == 1 ? 0 : row->size), info, bytes_of(&counter, 1)};
        rc = kdf_mac(&prepared, &running, pieces, ARRAY_SIZE(pieces), block);
        if (rc == HUKS_OK) {
            memcpy(out + done, block, size - done < row->size ? size - done : row->size);
        }
    }
    memory_cleanse(block, sizeof(block));
    return rc;
}

/* One block of PBKDF2: the exclusive or of the iterated MACs. */
static huks_rc kdf_pbkdf2_block(const struct hmac_key *prepared, struct digest *running, struct bytes salt,
                                uint32_t number, uint32_t iterations, uint8_t sum[DIGEST_SIZE_MAX])
{
    uint8_t counter[4], mac[DIGEST_SIZE_MAX];
    kdf_put_u32(counter, number);
    struct bytes first[] = {salt, BYTES_OF(counter)};
    HUKS_TRY(kdf_mac(prepared, running, first, ARRAY_SIZE(first), mac));
    memcpy(sum, mac, prepared->row->size);
    struct bytes next = bytes_of(mac, prepared->row->size);
    huks_rc rc = HUKS_OK;
    for (uint32_t i = 1; rc == HUKS_OK && i < iterations; i++) {
        rc = kdf_mac(prepared, running, &next, 1, mac);
        for (size_t j = 0; j < prepared->row->size; j++) {
            sum[j] ^= mac[j];
        }
    }
    memory_cleanse(mac, sizeof(mac));
    return rc;
}

huks_rc kdf_pbkdf2(struct crypto *crypto, const struct digest_row *row, struct bytes password,
                   struct bytes salt, uint32_t iterations, uint8_t *out, size_t size)
{
    AUTO(hmac_key_free) struct hmac_key prepared = {0};
    AUTO(digest_free) struct digest running = {0};
    uint8_t sum[DIGEST_SIZE_MAX];
    uint32_t number = 0;
    if (size / row->size >= UINT32_MAX) {
        return kdf_too_long();
    }
    HUKS_TRY(hmac_key_set(crypto, &prepared, row, password));
    huks_rc rc = HUKS_OK;
    for (size_t done = 0; rc == HUKS_OK && done < size; done += row->size) {
        rc = kdf_pbkdf2_block(&prepared, &running, salt, ++number, iterations, sum);
        if (rc == HUKS_OK) {
            memcpy(out + done, sum, size - done < row->size ? size - done : row->size);
        }
    }
    memory_cleanse(sum, sizeof(sum));
    return rc;
}

huks_rc kdf_counter(struct crypto *crypto, const struct digest_row *row, bool counter_first,
                    struct bytes shared, struct bytes info, uint8_t *out, size_t size)
{
    uint8_t counter[4], block[DIGEST_SIZE_MAX];
    uint32_t number = 0;
    if (size / row->size >= UINT32_MAX) {
        return kdf_too_long();
    }
    huks_rc rc = HUKS_OK;
    for (size_t done = 0; rc == HUKS_OK && done < size; done += row->size) {
        kdf_put_u32(counter, ++number);
        struct bytes count = BYTES_OF(counter);
        struct bytes pieces[] = {counter_first ? count : shared, counter_first ? shared : count, info};
        rc = digest_pieces(crypto, row, pieces, ARRAY_SIZE(pieces), block);
        if (rc == HUKS_OK) {
            memcpy(out + done, block, size - done < row->size ? size - done : row->size);
        }
    }
    memory_cleanse(block, sizeof(block));
    return rc;
}
