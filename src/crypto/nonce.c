/*
 * Nonces that never come twice for a key. See nonce.h.
 *
 * A history holds the streams that were begun with a key. A stream is a base and a count: its nonces are
 * base + i, or base XOR i, for every i below the count, where i lies in the last 64 bits or fewer. So it is
 * known of any nonce whether a stream has given it out, and one that was is passed over.
 */
#include "crypto/nonce.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/context.h"
#include "crypto/keydata.h"
#include "crypto/opdata.h"

#define NONCE_RANDOM_BITS 96
#define NONCE_STREAMS_MAX 256

struct nonce_stream {
    bool xor ;
    uint8_t size; /* bytes of the nonce                    */
    uint8_t bits; /* of i: the counter's width, at most 64 */
    enum crypto_generator generator;
    size_t fixed_bits;
    uint8_t base[CRYPTO_NONCE_MAX];
    uint64_t count; /* nonces given out or passed over       */
    bool spent;     /* count went once round                 */
};

struct nonce_history {
    struct nonce_history *next;
    uint8_t id[CRYPTO_SHA256_SIZE];
    size_t refs; /* keys that point here */
    bool lasting;
    struct nonce_stream *streams;
    size_t used, capacity;
};

/* ---- nonces as numbers ---- */

static uint64_t low_mask(unsigned bits)
{
    return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static uint64_t low_get(const uint8_t *nonce, size_t size, unsigned bits)
{
    uint64_t low = 0;
    for (size_t i = size > 8 ? size - 8 : 0; i < size; i++) {
        low = low << 8 | nonce[i];
    }
    return low & low_mask(bits);
}

static void low_set(uint8_t *nonce, size_t size, unsigned bits, uint64_t low)
{
    uint64_t mask = low_mask(bits);
    for (size_t i = 0; i < 8 && i < size; i++) {
        uint8_t part = (uint8_t)(mask >> (8 * i));
        uint8_t *at = &nonce[size - 1 - i];
        *at = (uint8_t)((*at & ~part) | ((low >> (8 * i)) & part));
    }
}

/* The leading bits of `from` over `to`. */
static void lead_copy(uint8_t *to, const uint8_t *from, size_t bits)
{
    memcpy(to, from, bits / 8);
    if (bits % 8 != 0) {
        uint8_t mask = (uint8_t)(0xFF00u >> (bits % 8));
        to[bits / 8] = (uint8_t)((from[bits / 8] & mask) | (to[bits / 8] & ~mask));
    }
}

static bool lead_equal(const uint8_t *a, const uint8_t *b, size_t bits)
{
    if (memcmp(a, b, bits / 8) != 0) {
        return false;
    }
    uint8_t mask = (uint8_t)(0xFF00u >> (bits % 8));
    return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

/* ---- streams ---- */

static void stream_nonce(const struct nonce_stream *stream, uint64_t i, uint8_t *nonce)
{
    uint64_t base = low_get(stream->base, stream->size, stream->bits);
    memcpy(nonce, stream->base, stream->size);
    low_set(nonce, stream->size, stream->bits, stream->xor ? base ^ i : base + i);
}

static bool stream_gave(const struct nonce_stream *stream, const uint8_t *nonce, size_t size)
{
    if (stream->size != size || !lead_equal(stream->base, nonce, 8 * size - stream->bits)) {
        return false;
    }
    uint64_t base = low_get(stream->base, size, stream->bits), low = low_get(nonce, size, stream->bits);
    uint64_t i = stream->xor ? base ^ low : (low - base) & low_mask(stream->bits);
    return stream->spent || i < stream->count;
}

static bool given(const struct nonce_history *history, const struct nonce_stream *by, const uint8_t *nonce,
                  size_t size)
{
    for (size_t i = 0; i < history->used; i++) {
        if (&history->streams[i] != by && stream_gave(&history->streams[i], nonce, size)) {
            return true;
        }
    }
    return false;
}

static bool stream_fits(const struct nonce_stream *stream, const struct crypto_nonce *how,
                        const uint8_t *nonce, size_t size)
{
    size_t bits = how->generator == CRYPTO_NONCE_XOR ? 8 * size : how->fixed_bits;
    return stream->generator == how->generator && stream->size == size &&
           stream->fixed_bits == how->fixed_bits && lead_equal(stream->base, nonce, bits);
}

static huks_rc none_left(void)
{
    return error_raise(HUKS_E_CRYPTO, ABOUT_ENGINE, NULL);
}

/* Room for one more stream; NULL: there is none, recorded. */
static struct nonce_stream *history_grow(struct nonce_history *history)
{
    huks_rc rc = HUKS_OK;
    if (history->used < history->capacity) {
        return &history->streams[history->used++];
    }
    if (history->used == NONCE_STREAMS_MAX) {
        rc = none_left();
        return NULL;
    }
    size_t capacity = history->capacity == 0 ? 2 : history->capacity * 2;
    struct nonce_stream *grown = memory_resize(history->streams, capacity, sizeof(*grown));
    if (grown == NULL) {
        rc = error_no_memory();
        (void)rc;
        return NULL;
    }
    history->streams = grown;
    history->capacity = capacity;
    return &history->streams[history->used++];
}

/* A new stream; NULL: recorded. */
static struct nonce_stream *stream_begin(struct crypto *crypto, struct nonce_history *history,
                                         const struct crypto_nonce *how, const uint8_t *nonce, size_t size)
{
    size_t free_bits = 8 * size - how->fixed_bits;
    struct nonce_stream stream = {
        .xor = how->generator == CRYPTO_NONCE_XOR,
        .size = (uint8_t)size,
        .bits = (uint8_t)(free_bits < 64 ? free_bits : 64),
        .generator = how->generator,
        .fixed_bits = how->fixed_bits,
    };
    if (how->generator == CRYPTO_NONCE_ANY && crypto_random(crypto, stream.base, size) != HUKS_OK) {
        return NULL;
    }
    lead_copy(stream.base, nonce, stream.xor ? 8 * size : how->fixed_bits);
    struct nonce_stream *place = history_grow(history);
    if (place != NULL) {
        *place = stream;
    }
    return place;
}

static huks_rc stream_next(const struct nonce_history *history, struct nonce_stream *stream, uint8_t *nonce)
{
    uint8_t next[CRYPTO_NONCE_MAX];
    while (!stream->spent) {
        stream_nonce(stream, stream->count, next);
        stream->count = (stream->count + 1) & low_mask(stream->bits);
        stream->spent = stream->count == 0;
        if (!given(history, stream, next, stream->size)) {
            memcpy(nonce, next, stream->size);
            return HUKS_OK;
        }
    }
    return none_left();
}

static huks_rc random_next(struct crypto *crypto, const struct nonce_history *history,
                           const struct crypto_nonce *how, uint8_t *nonce, size_t size)
{
    uint8_t drawn[CRYPTO_NONCE_MAX];
    do {
        HUKS_TRY(crypto_random(crypto, drawn, size));
        lead_copy(drawn, nonce, how->fixed_bits);
    } while (given(history, NULL, drawn, size));
    memcpy(nonce, drawn, size);
    return HUKS_OK;
}

/* Under the lock. */
static huks_rc history_next(struct crypto *crypto, struct nonce_history *history,
                            const struct crypto_nonce *how, uint8_t *nonce, size_t size)
{
    if (how->generator == CRYPTO_NONCE_RANDOM) {
        return random_next(crypto, history, how, nonce, size);
    }
    struct nonce_stream *stream = NULL;
    for (size_t i = 0; i < history->used && stream == NULL; i++) {
        stream = stream_fits(&history->streams[i], how, nonce, size) ? &history->streams[i] : NULL;
    }
    if (stream == NULL) {
        stream = stream_begin(crypto, history, how, nonce, size);
    }
    return stream != NULL ? stream_next(history, stream, nonce) : error_code();
}

/* ---- whose history ---- */

/* The key's value under a secret of this context: a dump of the table tells nothing about keys. */
static huks_rc history_id(struct crypto_key *key, uint8_t id[CRYPTO_SHA256_SIZE])
{
    struct crypto *crypto = key->crypto;
    const struct bytes piece = secret_bytes(&key->value);
    if (crypto->nonce_key.size == 0) {
        HUKS_TRY(secret_alloc(&crypto->nonce_key, CRYPTO_SHA256_SIZE));
        huks_rc rc = crypto_random(crypto, crypto->nonce_key.data, crypto->nonce_key.size);
        if (rc != HUKS_OK) {
            secret_free(&crypto->nonce_key);
            return rc;
        }
    }
    return crypto_hmac_sha256(crypto, secret_bytes(&crypto->nonce_key), &piece, 1, id);
}

/* Under the lock: the key's, found or begun; NULL: recorded. */
static struct nonce_history *history_of(struct crypto_key *key)
{
    uint8_t id[CRYPTO_SHA256_SIZE];
    if (key->nonces != NULL) {
        return key->nonces;
    }
    if (history_id(key, id) != HUKS_OK) {
        return NULL;
    }
    struct nonce_history *history = key->crypto->nonces[id[0] % NONCE_BUCKETS];
    while (history != NULL && memcmp(history->id, id, sizeof(id)) != 0) {
        history = history->next;
    }
    if (history == NULL) {
        history = calloc(1, sizeof(*history));
        if (history == NULL) {
            huks_rc rc = error_no_memory();
            (void)rc;
            return NULL;
        }
        memcpy(history->id, id, sizeof(id));
        history->next = key->crypto->nonces[id[0] % NONCE_BUCKETS];
        key->crypto->nonces[id[0] % NONCE_BUCKETS] = history;
    }
    history->refs++;
    key->nonces = history;
    return history;
}

huks_rc crypto_nonce_make(struct crypto_key *key, const struct crypto_nonce *how, uint8_t *nonce, size_t size)
{
    if (key->class != CRYPTO_SECRET) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "key type");
    }
    if (size == 0 || size > CRYPTO_NONCE_MAX || how->fixed_bits >= 8 * size) {
        return op_wrong_param("fixed part of the nonce");
    }
    if (how->generator == CRYPTO_NONCE_RANDOM && 8 * size - how->fixed_bits < NONCE_RANDOM_BITS) {
        return op_wrong_param("fixed part of the nonce");
    }
    if (how->generator == CRYPTO_NONCE_GIVEN || how->generator > CRYPTO_NONCE_XOR) {
        return op_wrong_param("nonce generator");
    }
    pthread_mutex_lock(&key->crypto->nonce_lock);
    struct nonce_history *history = history_of(key);
    huks_rc rc = history == NULL ? error_code() : HUKS_OK;
    if (history != NULL) {
        history->lasting = history->lasting || how->lasting;
        rc = history_next(key->crypto, history, how, nonce, size);
    }
    pthread_mutex_unlock(&key->crypto->nonce_lock);
    return rc;
}

static void history_free(struct nonce_history *history)
{
    free(history->streams);
    free(history);
}

void nonce_release(struct crypto *crypto, struct nonce_history *history)
{
    if (history == NULL) {
        return;
    }
    pthread_mutex_lock(&crypto->nonce_lock);
    if (--history->refs == 0 && !history->lasting) {
        struct nonce_history **link = &crypto->nonces[history->id[0] % NONCE_BUCKETS];
        while (*link != history) {
            link = &(*link)->next;
        }
        *link = history->next;
        history_free(history);
    }
    pthread_mutex_unlock(&crypto->nonce_lock);
}

void nonce_free_all(struct crypto *crypto)
{
    for (size_t i = 0; i < NONCE_BUCKETS; i++) {
        while (crypto->nonces[i] != NULL) {
            struct nonce_history *history = crypto->nonces[i];
            crypto->nonces[i] = history->next;
            history_free(history);
        }
    }
    secret_free(&crypto->nonce_key);
}
