/*
 * The sealed stream of a backup: its form and reasons are in backup_stream.h.
 */
#include "service/backup_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERSION       1u
#define SALT_SIZE     32u
#define HEADER_SIZE   96u
#define VERIFIED_SIZE (HEADER_SIZE - CRYPTO_SHA256_SIZE)
#define CHUNK_SIZE    65536u
#define AAD_SIZE      (13 + CRYPTO_SHA256_SIZE + 8 + 1)

static const uint8_t magic[8] = {'H', 'U', 'K', 'S', 'B', 'K', 'U', 'P'};

static void put32(uint8_t *to, uint32_t n)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(n >> (8 * i));
    }
}

static void put64(uint8_t *to, uint64_t n)
{
    put32(to, (uint32_t)n);
    put32(to + 4, (uint32_t)(n >> 32));
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static uint64_t get64(const uint8_t *from)
{
    return (uint64_t)get32(from) | (uint64_t)get32(from + 4) << 32;
}

/* ---- what both ends know ---- */

struct seal {
    struct crypto *crypto;
    struct secret keys; /* chunk key ‖ header key */
    uint8_t header[HEADER_SIZE];
    uint64_t number; /* of the next chunk */
};

static huks_rc derive(struct seal *seal, struct bytes passphrase)
{
    static const char info[] = "huks backup 1";
    AUTO(secret_free) struct secret digested = {0};
    AUTO(secret_free) struct secret stretched = {0};
    struct bytes salt = bytes_of(seal->header + 16, SALT_SIZE);
    HUKS_TRY(secret_alloc(&digested, CRYPTO_SHA256_SIZE));
    HUKS_TRY(secret_alloc(&stretched, CRYPTO_SHA256_SIZE));
    HUKS_TRY(secret_alloc(&seal->keys, (size_t)2 * CRYPTO_SEAL_KEY_SIZE));
    HUKS_TRY(crypto_hmac_sha256(seal->crypto, salt, &passphrase, 1, digested.data));
    HUKS_TRY(crypto_scrypt(seal->crypto, secret_bytes(&digested), salt, get32(seal->header + 12),
                           stretched.data, stretched.size));
    return crypto_hkdf_sha256(seal->crypto, secret_bytes(&stretched), BYTES_NONE,
                              bytes_of(info, sizeof(info) - 1), seal->keys.data, seal->keys.size);
}

static huks_rc verify_header(const struct seal *seal, uint8_t verifier[CRYPTO_SHA256_SIZE])
{
    const struct bytes head = bytes_of(seal->header, VERIFIED_SIZE);
    return crypto_hmac_sha256(seal->crypto,
                              bytes_of(seal->keys.data + CRYPTO_SEAL_KEY_SIZE, CRYPTO_SEAL_KEY_SIZE), &head,
                              1, verifier);
}

static void bind(const struct seal *seal, bool last, uint8_t aad[AAD_SIZE])
{
    memcpy(aad, "HUKS backup 1", 13);
    memcpy(aad + 13, seal->header + VERIFIED_SIZE, CRYPTO_SHA256_SIZE);
    put64(aad + 13 + CRYPTO_SHA256_SIZE, seal->number);
    aad[AAD_SIZE - 1] = last ? 1 : 0;
}

/* ---- writing ---- */

struct stream_writer {
    struct seal seal;
    struct stream_output output;
    struct secret chunk;
    size_t used;
};

void stream_writer_free(struct stream_writer *writer)
{
    if (writer != NULL) {
        secret_free(&writer->seal.keys);
        secret_free(&writer->chunk);
        free(writer);
    }
}

static huks_rc begin(struct stream_writer *writer, struct bytes passphrase, uint32_t log2n, uint64_t made)
{
    struct seal *seal = &writer->seal;
    memcpy(seal->header, magic, sizeof(magic));
    put32(seal->header + 8, VERSION);
    put32(seal->header + 12, log2n < STREAM_LOG2N_MIN   ? STREAM_LOG2N_MIN
                             : log2n > STREAM_LOG2N_MAX ? STREAM_LOG2N_MAX
                                                        : log2n);
    HUKS_TRY(crypto_random(seal->crypto, seal->header + 16, SALT_SIZE));
    put64(seal->header + 48, made);
    HUKS_TRY(secret_alloc(&writer->chunk, CHUNK_SIZE));
    HUKS_TRY(derive(seal, passphrase));
    HUKS_TRY(verify_header(seal, seal->header + VERIFIED_SIZE));
    return writer->output.write(seal->header, HEADER_SIZE, writer->output.argument);
}

huks_rc stream_writer_new(struct crypto *crypto, struct bytes passphrase, uint32_t log2n, uint64_t made,
                          const struct stream_output *output, struct stream_writer **out)
{
    struct stream_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return error_no_memory();
    }
    writer->seal.crypto = crypto;
    writer->output = *output;
    huks_rc rc = begin(writer, passphrase, log2n, made);
    if (rc != HUKS_OK) {
        stream_writer_free(writer);
        return rc;
    }
    *out = writer;
    return HUKS_OK;
}

static huks_rc put_chunk(struct stream_writer *writer, bool last)
{
    AUTO(buffer_free) struct buffer sealed = {0};
    uint8_t aad[AAD_SIZE];
    uint8_t size[4];
    bind(&writer->seal, last, aad);
    put32(size, (uint32_t)(writer->used + CRYPTO_SEAL_OVERHEAD));
    HUKS_TRY(buffer_append(&sealed, size, sizeof(size)));
    HUKS_TRY(crypto_seal(writer->seal.crypto, writer->seal.keys.data, BYTES_OF(aad),
                         bytes_of(writer->chunk.data, writer->used), &sealed));
    writer->seal.number++;
    writer->used = 0;
    return writer->output.write(sealed.data, sealed.size, writer->output.argument);
}

huks_rc stream_write(struct stream_writer *writer, const void *data, size_t size)
{
    const uint8_t *from = data;
    while (size > 0) {
        if (writer->used == CHUNK_SIZE) {
            HUKS_TRY(put_chunk(writer, false)); /* only when more comes: the last one is full, too */
        }
        size_t piece = CHUNK_SIZE - writer->used < size ? CHUNK_SIZE - writer->used : size;
        memcpy(writer->chunk.data + writer->used, from, piece);
        writer->used += piece;
        from += piece;
        size -= piece;
    }
    return HUKS_OK;
}

huks_rc stream_finish(struct stream_writer *writer)
{
    return put_chunk(writer, true);
}

/* ---- reading ---- */

struct stream_reader {
    struct seal seal;
    struct stream_input input;
    struct secret chunk;
    size_t used;
    uint64_t position;
    bool last;
};

void stream_reader_free(struct stream_reader *reader)
{
    if (reader != NULL) {
        secret_free(&reader->seal.keys);
        secret_free(&reader->chunk);
        free(reader);
    }
}

uint64_t stream_position(const struct stream_reader *reader)
{
    return reader->position;
}

static huks_rc damaged(const struct stream_reader *reader, const char *how)
{
    return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_FILE, "backup: it is %s at byte %" PRIu64, how,
                        reader->position);
}

huks_rc stream_malformed(const struct stream_reader *reader)
{
    return damaged(reader, "not as it should be");
}

static huks_rc take(struct stream_reader *reader, void *data, size_t size, size_t *got)
{
    *got = 0;
    huks_rc rc = reader->input.read(data, size, got, reader->input.argument);
    reader->position += *got;
    return rc;
}

static huks_rc read_header(struct stream_reader *reader, struct bytes passphrase, uint64_t *made)
{
    struct seal *seal = &reader->seal;
    uint8_t verifier[CRYPTO_SHA256_SIZE];
    size_t got;
    HUKS_TRY(take(reader, seal->header, HEADER_SIZE, &got));
    if (got < sizeof(magic) || memcmp(seal->header, magic, sizeof(magic)) != 0) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_FILE, "backup: this file is none");
    }
    if (got < HEADER_SIZE) {
        return damaged(reader, "cut off");
    }
    if (get32(seal->header + 8) != VERSION) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_FILE,
                           "backup: it is of a newer form than this program");
    }
    uint32_t log2n = get32(seal->header + 12);
    if (log2n < STREAM_LOG2N_MIN || log2n > STREAM_LOG2N_MAX) {
        return damaged(reader, "damaged");
    }
    HUKS_TRY(derive(seal, passphrase));
    HUKS_TRY(verify_header(seal, verifier));
    if (!crypto_equal(verifier, sizeof(verifier), seal->header + VERIFIED_SIZE, sizeof(verifier))) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PIN, "passphrase: it does not open this backup");
    }
    *made = get64(seal->header + 48);
    return HUKS_OK;
}

huks_rc stream_reader_new(struct crypto *crypto, struct bytes passphrase, const struct stream_input *input,
                          uint64_t *made, struct stream_reader **out)
{
    struct stream_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        return error_no_memory();
    }
    reader->seal.crypto = crypto;
    reader->input = *input;
    huks_rc rc = read_header(reader, passphrase, made);
    if (rc != HUKS_OK) {
        stream_reader_free(reader);
        return rc;
    }
    *out = reader;
    return HUKS_OK;
}

/* false: it does not open as that. */
static huks_rc open_chunk(struct stream_reader *reader, struct bytes sealed, bool last, bool *opened)
{
    uint8_t aad[AAD_SIZE];
    secret_free(&reader->chunk);
    bind(&reader->seal, last, aad);
    huks_rc rc =
        crypto_unseal(reader->seal.crypto, reader->seal.keys.data, BYTES_OF(aad), sealed, &reader->chunk);
    *opened = rc == HUKS_OK;
    return rc == HUKS_E_MEMORY ? rc : HUKS_OK;
}

static huks_rc get_chunk(struct stream_reader *reader)
{
    AUTO(memory_free_ptr) uint8_t *sealed = NULL;
    uint8_t head[4];
    size_t got;
    HUKS_TRY(take(reader, head, sizeof(head), &got));
    uint32_t size = get32(head);
    if (got < sizeof(head)) {
        return damaged(reader, "cut off");
    }
    if (size < CRYPTO_SEAL_OVERHEAD || size > CHUNK_SIZE + CRYPTO_SEAL_OVERHEAD) {
        return damaged(reader, "damaged");
    }
    sealed = malloc(size);
    if (sealed == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(take(reader, sealed, size, &got));
    if (got < size) {
        return damaged(reader, "cut off");
    }
    bool opened = false;
    HUKS_TRY(open_chunk(reader, bytes_of(sealed, size), false, &opened));
    if (!opened) {
        HUKS_TRY(open_chunk(reader, bytes_of(sealed, size), true, &opened));
        reader->last = opened;
    }
    if (!opened) {
        return damaged(reader, "damaged");
    }
    error_clear();
    reader->seal.number++;
    reader->used = 0;
    return HUKS_OK;
}

huks_rc stream_read(struct stream_reader *reader, void *data, size_t size)
{
    uint8_t *to = data;
    while (size > 0) {
        if (reader->used == reader->chunk.size) {
            if (reader->last) {
                return stream_malformed(reader);
            }
            HUKS_TRY(get_chunk(reader));
            continue;
        }
        size_t left = reader->chunk.size - reader->used;
        size_t piece = left < size ? left : size;
        memcpy(to, reader->chunk.data + reader->used, piece);
        reader->used += piece;
        to += piece;
        size -= piece;
    }
    return HUKS_OK;
}

huks_rc stream_end(struct stream_reader *reader)
{
    uint8_t more;
    size_t got;
    if (reader->seal.number == 0) {
        HUKS_TRY(get_chunk(reader)); /* of an empty stream */
    }
    if (reader->used != reader->chunk.size || !reader->last) {
        return stream_malformed(reader);
    }
    HUKS_TRY(take(reader, &more, 1, &got));
    return got == 0 ? HUKS_OK : damaged(reader, "longer than it was made");
}
