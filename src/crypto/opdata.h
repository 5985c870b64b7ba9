/*
 * An operation's inside, for the files of this folder only.
 *
 * Input goes one of three ways, which the method chooses when it begins: into a hash in front of the
 * method (signatures with a digest), into a collecting buffer (methods that need the whole message), or
 * to the method itself as it comes. So a method is either `run` over one whole input, or update and
 * finish; short buffers, parts, and results that wait for a larger buffer are op.c's business alone.
 */
#ifndef HUKS_CRYPTO_OPDATA_H
#define HUKS_CRYPTO_OPDATA_H

#include "crypto/digest.h"
#include "crypto/keydata.h"
#include "crypto/op.h"

enum op_state {
    OP_IDLE,
    OP_READY,   /* begun, no input yet                                 */
    OP_RUNNING, /* input has come in parts                             */
    OP_HELD,    /* the result is there and waits for a larger buffer   */
    OP_ENDED,   /* the result, or an error, has been given             */
};

enum op_sink { OP_STREAM, OP_HASH, OP_COLLECT };

#define OP_DIRECTION(d) (1u << (d))
#define OP_ENCRYPTING   (OP_DIRECTION(CRYPTO_ENCRYPT) | OP_DIRECTION(CRYPTO_DECRYPT))
#define OP_SIGNING      (OP_DIRECTION(CRYPTO_SIGN) | OP_DIRECTION(CRYPTO_VERIFY))
#define OP_RECOVERING   (OP_DIRECTION(CRYPTO_SIGN_RECOVER) | OP_DIRECTION(CRYPTO_VERIFY_RECOVER))

#define OP_ANY_SECRET 1 /* in `algs`: every secret key will do */
struct op_method {
    uint32_t directions;
    uint32_t algs[16]; /* algorithms of keys; none: takes no key */
    /* Checks the spec, sets `sink`, `exact` and what the method remembers, prepares the context. */
    huks_rc (*begin)(struct crypto_op *op, const struct crypto_spec *spec);
    /* Sinks OP_HASH and OP_COLLECT. `out` has at least the bytes that `size` tells. */
    huks_rc (*run)(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size);
    huks_rc (*run_verify)(struct crypto_op *op, struct bytes in, struct bytes signature);
    /* Sink OP_STREAM; there is room enough. `verify` absent: the result is compared with the signature. */
    huks_rc (*update)(struct crypto_op *op, struct bytes in, uint8_t *out, size_t *size);
    huks_rc (*finish)(struct crypto_op *op, uint8_t *out, size_t *size);
    huks_rc (*verify)(struct crypto_op *op, struct bytes signature);
    /* `in_size`: for OP_STREAM the new input, else all of it. */
    size_t (*size)(const struct crypto_op *op, enum crypto_step step, size_t in_size);
};

/* What a kept EVP_PKEY_CTX was set up for: the same again needs no call. */
struct op_pkey_use {
    enum crypto_method method;
    enum crypto_direction direction;
    const struct digest_row *digest, *mgf;
    size_t salt_size;
};

#define PQ_CONTEXT_MAX 255 /* FIPS 204 and 205 */

struct cipher_row;
struct crypto_op {
    struct crypto *crypto;
    const struct op_method *method;
    enum op_state state;
    enum op_sink sink;
    enum crypto_direction direction;
    enum crypto_method which;
    bool exact; /* `size` tells what is written, not only a bound */

    /* The key of the operation, or of the last one: the contexts below are prepared for it. */
    struct crypto_key *key;

    struct digest digest;            /* CRYPTO_DIGEST, and the hash in front of a signature */
    const struct digest_row *hashed; /* which; OP_COLLECT: NULL                                   */

    EVP_CIPHER_CTX *cipher;              /* holds `key` for cipher_row, when that is set */
    const struct cipher_row *cipher_row;
    const struct cipher_row *cipher_made; /* what it was last made for, whatever the key   */
    bool cipher_encrypts, cipher_padded;
    bool wrap_fills;       /* key wrap with PKCS#7 padding                               */
    bool cipher_other_key; /* XCBC-MAC: what it holds was made from `key`                */
    size_t cipher_iv_size;
    uint32_t cipher_key_bits; /* RC2 */
    size_t pending;      /* bytes in the cipher's own buffer                         */
    uint64_t room;       /* CTR: bytes until the counter would repeat                */
    size_t tag_size;
    bool tag_given, tag_apart;
    uint8_t tag[64];     /* AEAD: given, cut off or made apart; CMAC: the input's last block */
    size_t data_size;    /* CCM */
    uint8_t iv[16];      /* what has to be remembered until the input is complete */
    uint8_t iv_size;
    struct secret aad;   /* CCM; hybrid wrapping: label or shared data */

    uint8_t subkeys[2][16]; /* CMAC: for a whole last block, and for a filled one; of cipher_row and `key` */
    bool subkeys_ready;

    EVP_PKEY_CTX *pkey; /* for `key` and pkey_use */
    struct op_pkey_use pkey_use;
    EVP_MD_CTX *eddsa; /* for `key` */
    enum crypto_direction eddsa_direction;
    bool eddsa_ready, eddsa_used;
    bool eddsa_plain; /* no context, no prehash: may be used again */
    uint8_t pq_context[PQ_CONTEXT_MAX];
    uint8_t pq_context_size;
    EVP_MAC_CTX *mac; /* for `key`, mac_fetch and the hash of this name */
    enum fetch mac_fetch;
    const char *mac_name;
    size_t mac_size; /* before truncation */
    bool mac_keyed;

    const char *tls_hash, *tls_label;
    struct crypto_spec inner; /* hybrid wrapping: of the asymmetric step; its views are of `aad` */

    size_t salt_size;
    const struct digest_row *mgf, *hash_of_input;
    bool der;

    uint8_t *collected; /* own growth, so that no copy of it is left behind */
    size_t collected_size, collected_capacity;
    struct secret held;
};

/* The context for key operations, initialised anew unless it was made for the same use; NULL: recorded. */
EVP_PKEY_CTX *op_pkey(struct crypto_op *op, const struct op_pkey_use *use);
bool op_pkey_same(const struct crypto_op *op, const struct op_pkey_use *use);
/* The context failed to be set up: the next begin makes it anew. */
void op_pkey_drop(struct crypto_op *op);

huks_rc op_wrong_param(const char *words);   /* 12000003 ABOUT_MECHANISM_PARAM */
huks_rc op_missing_param(const char *words); /* 12000002 ABOUT_MECHANISM_PARAM */
huks_rc op_wrong_key_size(void);
huks_rc op_bad_signature(void);
huks_rc op_bad_signature_size(void);
huks_rc op_bad_ciphertext(void);
huks_rc op_bad_data_size(const struct crypto_op *op); /* by direction: DATA_LEN or CIPHERTEXT_LEN */
/* Makes the hash in front of the method, for spec->digest; NONE: collects. */
huks_rc op_begin_input(struct crypto_op *op, uint32_t digest);

extern const struct op_method op_digest, op_rsa_pkcs1, op_rsa_pss, op_rsa_oaep, op_rsa_raw, op_ecdsa, op_dsa,
    op_eddsa, op_pq, op_sm2, op_hmac, op_cmac, op_gmac, op_poly1305, op_cipher, op_aead, op_key_wrap,
    op_cbc_mac, op_xcbc_mac, op_blake2_mac, op_tls_mac,
    op_rsa_x931, op_rsa_aes_wrap, op_ecdh_aes_wrap;

#endif
