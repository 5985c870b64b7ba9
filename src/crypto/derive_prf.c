/*
 * Derivations by a pseudo-random function: SP 800-108 in its three modes, and IKE's.
 *
 * OpenSSL's KBKDF knows one order of fields and one width of numbers; PKCS#11 lets the caller say both, so
 * the rounds are put together here, over the MACs of this folder.
 */
#include "crypto/derive.h"

#include <string.h>

#include "crypto/opdata.h"

/* ---- a pseudo-random function under one key ---- */

struct prf {
    struct crypto_op *op;
    struct crypto_key *key;
    struct crypto_spec spec;
    size_t size; /* bytes that it gives */
};

static void prf_close(struct prf *prf)
{
    crypto_op_free(prf->op);
    crypto_key_unref(prf->key);
}

static huks_rc prf_start(struct prf *prf)
{
    return crypto_op_begin(prf->op, prf->key, &prf->spec);
}

static huks_rc prf_feed(struct prf *prf, struct bytes piece)
{
    size_t none = 0;
    return crypto_op_update(prf->op, piece, NULL, &none);
}

static huks_rc prf_end(struct prf *prf, uint8_t *out)
{
    size_t size = prf->size;
    return crypto_op_finish(prf->op, out, &size);
}

static huks_rc prf_run(struct prf *prf, const struct bytes *pieces, size_t count, uint8_t *out)
{
    HUKS_TRY(prf_start(prf));
    for (size_t i = 0; i < count; i++) {
        HUKS_TRY(prf_feed(prf, pieces[i]));
    }
    return prf_end(prf, out);
}

static huks_rc prf_open(struct crypto *crypto, const struct crypto_prf *which, struct crypto_key *key,
                        struct prf *prf)
{
    prf->spec =
        (struct crypto_spec){.method = which->method, .direction = CRYPTO_SIGN, .digest = which->digest};
    prf->key = crypto_key_ref(key);
    HUKS_TRY(crypto_op_new(crypto, &prf->op));
    HUKS_TRY(prf_start(prf));
    prf->size = crypto_op_size(prf->op, CRYPTO_FINISH, 0);
    return prf->size <= DIGEST_SIZE_MAX ? HUKS_OK : derive_bad_size();
}

static void prf_key_unref(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

/*
 * Data as a key. A block cipher's key has one size: other data become one as RFC 4434 (XCBC) and RFC 4615
 * (CMAC) say, the MAC under a key of zeros; XCBC fills up what is too short.
 */
static huks_rc prf_open_data(struct crypto *crypto, const struct crypto_prf *which, struct bytes data,
                             struct prf *prf)
{
    uint8_t block[DIGEST_SIZE_MAX] = {0};
    AUTO(prf_key_unref) struct crypto_key *key = NULL;
    if (which->method == CRYPTO_HMAC) {
        HUKS_TRY(crypto_key_decode(crypto, CRYPTO_SECRET, HUKS_ALG_GENERIC, data, &key));
        return prf_open(crypto, which, key, prf);
    }
    if (data.size == 16 || (which->method == CRYPTO_XCBC_MAC && data.size < 16)) {
        memcpy(block, data.data, data.size);
    } else {
        AUTO(prf_close) struct prf zero = {0};
        AUTO(prf_key_unref) struct crypto_key *zero_key = NULL;
        HUKS_TRY(crypto_key_decode(crypto, CRYPTO_SECRET, OH_HUKS_ALG_AES, bytes_of(block, 16), &zero_key));
        HUKS_TRY(prf_open(crypto, which, zero_key, &zero));
        HUKS_TRY(prf_run(&zero, &data, 1, block));
    }
    huks_rc rc = crypto_key_decode(crypto, CRYPTO_SECRET, OH_HUKS_ALG_AES, bytes_of(block, 16), &key);
    memory_cleanse(block, sizeof(block));
    return rc == HUKS_OK ? prf_open(crypto, which, key, prf) : rc;
}

/* A secret that is no block cipher's key yet, say a pre-shared one, becomes it as data do. */
static huks_rc prf_open_secret(struct crypto *crypto, const struct crypto_prf *which, struct crypto_key *key,
                               struct prf *prf)
{
    bool generic = key->alg == HUKS_ALG_GENERIC || key->alg == OH_HUKS_ALG_HMAC;
    bool data = generic && which->method != CRYPTO_HMAC;
    return data ? prf_open_data(crypto, which, secret_bytes(&key->value), prf)
                : prf_open(crypto, which, key, prf);
}

/* ---- SP 800-108 ---- */

struct kbkdf {
    const struct crypto_derive_spec *spec;
    struct prf prf;
    uint64_t keys_bits, blocks_bits; /* what is made, in the two ways of counting it */
    uint8_t chain[DIGEST_SIZE_MAX];  /* A(i) of the double pipeline                   */
    uint8_t block[DIGEST_SIZE_MAX];  /* K(i)                                          */
    uint32_t round;                  /* i of what is in `block`                       */
};

static void kbkdf_close(struct kbkdf *kbkdf)
{
    prf_close(&kbkdf->prf);
    memory_cleanse(kbkdf, sizeof(*kbkdf));
}

static huks_rc kbkdf_feed_number(struct kbkdf *kbkdf, const struct crypto_kbkdf_field *field, uint64_t number)
{
    uint8_t digits[8];
    for (size_t i = 0; i < field->width; i++) {
        digits[field->little_endian ? i : field->width - 1u - i] = (uint8_t)(number >> (8 * i));
    }
    return prf_feed(&kbkdf->prf, bytes_of(digits, field->width));
}

/* What the mode puts in the iteration variable's place. */
static huks_rc kbkdf_feed_iteration(struct kbkdf *kbkdf, const struct crypto_kbkdf_field *field)
{
    switch (kbkdf->spec->kbkdf) {
    case CRYPTO_KBKDF_COUNTER:
        return kbkdf_feed_number(kbkdf, field, kbkdf->round);
    case CRYPTO_KBKDF_FEEDBACK:
        return prf_feed(&kbkdf->prf,
                        kbkdf->round == 1 ? kbkdf->spec->salt : bytes_of(kbkdf->block, kbkdf->prf.size));
    default:
        return prf_feed(&kbkdf->prf, bytes_of(kbkdf->chain, kbkdf->prf.size));
    }
}

/* The fields in their order; the pipeline's first A is made of those that do not change. */
static huks_rc kbkdf_feed(struct kbkdf *kbkdf, bool changing)
{
    for (size_t i = 0; i < kbkdf->spec->field_count; i++) {
        const struct crypto_kbkdf_field *field = &kbkdf->spec->fields[i];
        switch (field->kind) {
        case KBKDF_ITERATION:
            HUKS_TRY(changing ? kbkdf_feed_iteration(kbkdf, field) : HUKS_OK);
            break;
        case KBKDF_COUNTER:
            HUKS_TRY(changing ? kbkdf_feed_number(kbkdf, field, kbkdf->round) : HUKS_OK);
            break;
        case KBKDF_KEYS_SIZE:
            HUKS_TRY(kbkdf_feed_number(kbkdf, field, kbkdf->keys_bits));
            break;
        case KBKDF_BLOCKS_SIZE:
            HUKS_TRY(kbkdf_feed_number(kbkdf, field, kbkdf->blocks_bits));
            break;
        default:
            HUKS_TRY(prf_feed(&kbkdf->prf, field->bytes));
            break;
        }
    }
    return HUKS_OK;
}

/* A(1) = PRF(what does not change), A(i) = PRF(A(i−1)). */
static huks_rc kbkdf_next_chain(struct kbkdf *kbkdf)
{
    HUKS_TRY(prf_start(&kbkdf->prf));
    HUKS_TRY(kbkdf->round == 1 ? kbkdf_feed(kbkdf, false)
                               : prf_feed(&kbkdf->prf, bytes_of(kbkdf->chain, kbkdf->prf.size)));
    return prf_end(&kbkdf->prf, kbkdf->chain);
}

static huks_rc kbkdf_next(struct kbkdf *kbkdf)
{
    kbkdf->round++;
    if (kbkdf->spec->kbkdf == CRYPTO_KBKDF_PIPELINE) {
        HUKS_TRY(kbkdf_next_chain(kbkdf));
    }
    HUKS_TRY(prf_start(&kbkdf->prf));
    HUKS_TRY(kbkdf_feed(kbkdf, true));
    return prf_end(&kbkdf->prf, kbkdf->block);
}

/* How much there is to make; more blocks than the narrowest counter can number would begin anew. */
static huks_rc kbkdf_measure(struct kbkdf *kbkdf, const size_t *sizes, size_t count)
{
    uint64_t blocks = 0, keys = 0, most = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] == 0 || sizes[i] > UINT32_MAX) {
            return derive_bad_size();
        }
        keys += sizes[i];
        blocks += (sizes[i] + kbkdf->prf.size - 1) / kbkdf->prf.size;
    }
    for (size_t i = 0; i < kbkdf->spec->field_count; i++) {
        const struct crypto_kbkdf_field *field = &kbkdf->spec->fields[i];
        bool counts = field->kind == KBKDF_COUNTER ||
                      (field->kind == KBKDF_ITERATION && kbkdf->spec->kbkdf == CRYPTO_KBKDF_COUNTER);
        if (counts && field->width < 4) {
            uint64_t limit = ((uint64_t)1 << (8 * field->width)) - 1;
            most = limit < most ? limit : most;
        }
    }
    kbkdf->keys_bits = keys * 8;
    kbkdf->blocks_bits = blocks * kbkdf->prf.size * 8;
    return blocks <= most ? HUKS_OK : derive_bad_size();
}

huks_rc derive_kbkdf(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                     struct secret *out)
{
    AUTO(kbkdf_close) struct kbkdf kbkdf = {.spec = spec};
    HUKS_TRY(prf_open(crypto, &spec->prf, key, &kbkdf.prf));
    const size_t one = spec->size != 0 ? spec->size : kbkdf.prf.size;
    const size_t *sizes = spec->size_count != 0 ? spec->sizes : &one;
    size_t count = spec->size_count != 0 ? spec->size_count : 1, done = 0;
    HUKS_TRY(kbkdf_measure(&kbkdf, sizes, count));
    HUKS_TRY(secret_alloc(out, (size_t)(kbkdf.keys_bits / 8)));
    for (size_t i = 0; i < count; i++) {
        for (size_t made = 0; made < sizes[i]; made += kbkdf.prf.size) {
            huks_rc rc = kbkdf_next(&kbkdf);
            if (rc != HUKS_OK) {
                secret_free(out);
                return rc;
            }
            size_t size = sizes[i] - made < kbkdf.prf.size ? sizes[i] - made : kbkdf.prf.size;
            memcpy(out->data + done, kbkdf.block, size);
            done += size;
        }
    }
    return HUKS_OK;
}

/* ---- IKE ---- */

/* The seeds as one key. */
static huks_rc prf_open_seeds(struct crypto *crypto, const struct crypto_derive_spec *spec, struct prf *prf)
{
    AUTO(secret_free) struct secret joined = {0};
    size_t whole = 0, at = 0;
    for (size_t i = 0; i < CRYPTO_SEEDS_MAX; i++) {
        if (spec->seeds[i].size > UINT32_MAX) {
            return op_wrong_param("seed");
        }
        whole += spec->seeds[i].size;
    }
    HUKS_TRY(secret_alloc(&joined, whole));
    for (size_t i = 0; i < CRYPTO_SEEDS_MAX; i++) {
        if (spec->seeds[i].size != 0) {
            memcpy(joined.data + at, spec->seeds[i].data, spec->seeds[i].size);
            at += spec->seeds[i].size;
        }
    }
    return prf_open_data(crypto, &spec->prf, secret_bytes(&joined), prf);
}

huks_rc derive_prf(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                   struct secret *out)
{
    uint8_t block[DIGEST_SIZE_MAX] = {0};
    AUTO(prf_close) struct prf prf = {0};
    struct bytes value = secret_bytes(&key->value);
    HUKS_TRY(spec->data_as_key ? prf_open_seeds(crypto, spec, &prf)
                               : prf_open_secret(crypto, &spec->prf, key, &prf));
    size_t size = spec->size != 0 ? spec->size : prf.size;
    if (size > prf.size || (spec->whole && size != prf.size)) {
        return derive_bad_size();
    }
    huks_rc rc = prf_run(&prf, spec->data_as_key ? &value : spec->seeds,
                         spec->data_as_key ? 1 : CRYPTO_SEEDS_MAX, block);
    rc = rc == HUKS_OK ? secret_set(out, block, size) : rc;
    memory_cleanse(block, sizeof(block));
    return rc;
}

/*
 * Blocks that each feed on the one before, the first on `first`: with a number behind the seeds that counts
 * from 1 (IKEv2), or as they are (IKEv1).
 */
static huks_rc derive_chain(struct prf *prf, const struct crypto_derive_spec *spec, struct bytes first,
                            bool numbered, struct secret *out)
{
    uint8_t block[DIGEST_SIZE_MAX] = {0}, number = 0;
    size_t size = spec->size;
    if (size == 0 || size > 255 * prf->size) {
        return derive_bad_size();
    }
    HUKS_TRY(secret_alloc(out, size));
    huks_rc rc = HUKS_OK;
    for (size_t done = 0; rc == HUKS_OK && done < size; done += prf->size) {
        struct bytes pieces[CRYPTO_SEEDS_MAX + 2];
        pieces[0] = number == 0 ? first : bytes_of(block, prf->size);
        memcpy(pieces + 1, spec->seeds, sizeof(spec->seeds));
        number++;
        pieces[CRYPTO_SEEDS_MAX + 1] = numbered ? bytes_of(&number, 1) : BYTES_NONE;
        rc = prf_run(prf, pieces, ARRAY_SIZE(pieces), block);
        if (rc == HUKS_OK) {
            memcpy(out->data + done, block, size - done < prf->size ? size - done : prf->size);
        }
    }
    memory_cleanse(block, sizeof(block));
    if (rc != HUKS_OK) {
        secret_free(out);
    }
    return rc;
}

huks_rc derive_prf_plus(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                        struct secret *out)
{
    AUTO(prf_close) struct prf prf = {0};
    HUKS_TRY(prf_open_secret(crypto, &spec->prf, key, &prf));
    return derive_chain(&prf, spec, BYTES_NONE, true, out);
}

/* Without seeds, a key that is long enough is only cut, and a longer one's chain begins with a zero (B). */
huks_rc derive_prf_extend(struct crypto *crypto, struct crypto_key *key,
                          const struct crypto_derive_spec *spec, struct secret *out)
{
    static const uint8_t zero[1];
    AUTO(prf_close) struct prf prf = {0};
    bool seeded = false;
    for (size_t i = 0; i < CRYPTO_SEEDS_MAX; i++) {
        seeded = seeded || spec->seeds[i].size != 0;
    }
    HUKS_TRY(prf_open_secret(crypto, &spec->prf, key, &prf));
    if (!seeded && spec->size != 0 && spec->size <= prf.size) {
        return spec->size <= key->value.size ? secret_set(out, key->value.data, spec->size)
                                             : derive_bad_size();
    }
    return derive_chain(&prf, spec, seeded ? BYTES_NONE : BYTES_OF(zero), false, out);
}
