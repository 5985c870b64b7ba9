/*
 * Hash functions: the table of them, and running digests that need no allocation.
 *
 * MD5, SHA-1 and SHA-2 run on OpenSSL's low-level contexts: a third of the time of EVP for short input,
 * their state can be copied with a struct assignment (HMAC keys) and taken out as bytes
 * (C_GetOperationState), and no ENGINE stands in between. The others run on an EVP_MD_CTX.
 */
#ifndef HUKS_CRYPTO_DIGEST_H
#define HUKS_CRYPTO_DIGEST_H

#include "crypto/context.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

#define DIGEST_SIZE_MAX  64
#define DIGEST_BLOCK_MAX 168 /* SHAKE128 */

union digest_state {
    MD5_CTX md5;
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
};

struct digest_row {
    uint32_t id;
    const char *name; /* as OpenSSL knows it, for parameters; NULL: only by its size */
    uint8_t size, block;
    uint16_t state_size; /* of the low-level context; 0: EVP */
    enum fetch fetch;    /* EVP only */
    void (*init)(union digest_state *state);
    int (*update)(union digest_state *state, const void *data, size_t size);
    void (*final)(union digest_state *state, uint8_t *out);
    uint8_t info_size; /* DigestInfo up to the hash value (PKCS#1); 0: no algorithm identifier is defined */
    uint8_t info[19];
};

/* NULL for an unknown number and for NONE. */
const struct digest_row *digest_find(uint32_t id);
/* Has this OpenSSL the row's (NULL: no) digest? */
bool digest_there(struct crypto *crypto, const struct digest_row *row);
/* The row of what this OpenSSL has: else 12000001 ABOUT_MECHANISM_PARAM "digest algorithm". */
huks_rc digest_get_any(struct crypto *crypto, uint32_t id, const struct digest_row **out);
/* The same, of digests that OpenSSL's other algorithms know by name. */
huks_rc digest_get(struct crypto *crypto, uint32_t id, const struct digest_row **out);
/* The row of a digest by its size, as HUKS finds the algorithm of a value that it is given; NULL: none. */
const struct digest_row *digest_by_size(size_t size);
/* The table, ended by a row with size 0. */
extern const struct digest_row digest_rows[];

/* Zero-initialise; digest_free() at the end, digest_begin() any number of times in between. */
struct digest {
    const struct digest_row *row; /* NULL: not running */
    union digest_state state;
    EVP_MD_CTX *evp;
    EVP_MD *evp_md; /* what `evp` was last initialised with */
};
HUKS_MUST_USE huks_rc digest_begin(struct crypto *crypto, struct digest *digest,
                                   const struct digest_row *row);
HUKS_MUST_USE huks_rc digest_update(struct digest *digest, struct bytes data);
/* Writes row->size bytes; the digest is then not running. */
HUKS_MUST_USE huks_rc digest_finish(struct digest *digest, uint8_t *out);
HUKS_MUST_USE huks_rc digest_copy(struct digest *to, const struct digest *from);
/* Wipes the state; the context stays for the next begin. */
void digest_reset(struct digest *digest);
void digest_free(struct digest *digest);
HUKS_MUST_USE huks_rc digest_pieces(struct crypto *crypto, const struct digest_row *row,
                                    const struct bytes *pieces, size_t count, uint8_t *out);

#endif
