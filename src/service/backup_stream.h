/*
 * The outer form of a backup: a header, and a stream of bytes in chunks that are sealed under a passphrase.
 * What the bytes mean is backup.h's. All integers are little-endian.
 *
 *   header, 96 bytes
 *     "HUKSBKUP"
 *     u32 1             version of this form
 *     u32 log2n         cost of the passphrase: scrypt with N = 2^log2n, r = 8, p = 1
 *     salt[32]
 *     u64 made          seconds since 1970
 *     u64 0             reserved
 *     verifier[32]      HMAC-SHA-256 under the header key of what stands before
 *   chunks, up to the end of the file
 *     u32 size          of the sealed chunk
 *     sealed            nonce[12], AES-256-GCM of 1 to 65,536 bytes, tag[16]; additional data:
 *                       "HUKS backup 1", verifier[32], u64 number of the chunk from 0, u8 1 in the last
 * chunk, else 0
 *
 *   HMAC-SHA-256(salt, passphrase) → scrypt with the salt → HKDF-SHA-256, info "huks backup 1"
 *     → chunk key[32], header key[32]
 *
 * So a wrong passphrase is told from damage, and chunks can't be changed, exchanged, left out or cut off
 * without notice, nor moved between backups.
 */
#ifndef HUKS_SERVICE_BACKUP_STREAM_H
#define HUKS_SERVICE_BACKUP_STREAM_H

#include "crypto/crypto.h"

#define STREAM_LOG2N_MIN 10u
#define STREAM_LOG2N_MAX 20u /* 1 GiB: a header that asks for more means to hurt */

/* Where the sealed bytes go to, and come from: the caller's file. */
struct stream_output {
    huks_rc (*write)(const void *data, size_t size, void *argument);
    void *argument;
};
struct stream_input {
    huks_rc (*read)(void *data, size_t size, size_t *got, void *argument); /* *got < size: the end */
    void *argument;
};

struct stream_writer;
/* `log2n` is brought within its bounds. */
HUKS_MUST_USE huks_rc stream_writer_new(struct crypto *crypto, struct bytes passphrase, uint32_t log2n,
                                        uint64_t made, const struct stream_output *output,
                                        struct stream_writer **out);
HUKS_MUST_USE huks_rc stream_write(struct stream_writer *writer, const void *data, size_t size);
/* Seals and writes the last chunk. Without it the backup is none. */
HUKS_MUST_USE huks_rc stream_finish(struct stream_writer *writer);
void stream_writer_free(struct stream_writer *writer);

struct stream_reader;
/*
 * Reads the header. Not a backup, or of a newer form: 12000003 saying so; a passphrase that does not open it
 * (or a damaged header): 12000003 ABOUT_PIN.
 */
HUKS_MUST_USE huks_rc stream_reader_new(struct crypto *crypto, struct bytes passphrase,
                                        const struct stream_input *input, uint64_t *made,
                                        struct stream_reader **out);
/* Exactly `size` bytes; damaged, cut off or too short: 12000003 saying where. */
HUKS_MUST_USE huks_rc stream_read(struct stream_reader *reader, void *data, size_t size);
/* Nothing may be left: that was the last chunk's last byte, and nothing follows it. */
HUKS_MUST_USE huks_rc stream_end(struct stream_reader *reader);
/* Bytes of the file read so far. */
uint64_t stream_position(const struct stream_reader *reader);
void stream_reader_free(struct stream_reader *reader);

/* For what is sealed well and makes no sense. */
HUKS_MUST_USE huks_rc stream_malformed(const struct stream_reader *reader);

#endif
