/*
 * Operations: encrypt, decrypt, sign, verify, recover, digest, and the one-call derivations.
 *
 * A door fills a `struct crypto_spec` on its stack and begins; the spec's views need to live only for the
 * call. `struct crypto_op` is made once per session and kind and used again and again: the contexts in it
 * are re-initialised in the cheapest way that OpenSSL offers, so that a running service allocates nothing.
 * One op is used by one thread at a time. Which function serves which method is a table in op.c: adding an
 * algorithm is one row.
 *
 * Output: `*size` is the capacity on entry and the bytes written on return. Too little room is 12000014
 * (ABOUT_BUFFER) with `*size` set to what is needed; the operation goes on and the call may be repeated.
 * Every other error ends the operation: the door then calls crypto_op_reset().
 */
#ifndef HUKS_CRYPTO_OP_H
#define HUKS_CRYPTO_OP_H

#include "crypto/crypto.h"
#include "crypto/key.h"

enum crypto_method {
    CRYPTO_NONE,
    CRYPTO_DIGEST,      /* no key                                                             */
    CRYPTO_RSA_PKCS1,   /* sign, verify, recover: DigestInfo given (digest 0) or hashed here;
                           encrypt, decrypt                                                   */
    CRYPTO_RSA_PSS,     /* digest 0: input is the hash value, its algorithm in `hash_of_input` */
    CRYPTO_RSA_OAEP,
    CRYPTO_RSA_X931,    /* sign, verify: hash, its identifier and CC given (digest 0) or made here */
    CRYPTO_RSA_RAW,     /* X.509: raw modular operation, input left-padded with zeros          */
    CRYPTO_ECDSA,       /* also SM2 signatures: by the key's algorithm                         */
    CRYPTO_DSA,
    CRYPTO_EDDSA,
    CRYPTO_SM2,         /* encrypt, decrypt                                                    */
    CRYPTO_HMAC,
    CRYPTO_CMAC,
    CRYPTO_GMAC,
    CRYPTO_CBC_MAC,     /* FIPS 113: half a block unless `tag_size` says otherwise             */
    CRYPTO_XCBC_MAC,
    CRYPTO_BLAKE2_MAC,  /* keyed BLAKE2b of the digest's size                                  */
    CRYPTO_TLS_MAC,     /* of "finished" messages, by the PRF of the digest                    */
    CRYPTO_POLY1305,
    CRYPTO_CIPHER,      /* block and stream ciphers by key algorithm and `mode`; padding PKCS7 or NONE */
    CRYPTO_AEAD,        /* GCM, CCM by `mode`; ChaCha20-Poly1305 by the key's algorithm        */
    CRYPTO_KEY_WRAP,    /* AES-KW, AES-KWP: one-shot encrypt/decrypt; KW pads when `padding` is PKCS7 */
    CRYPTO_RSA_AES_WRAP,  /* OAEP of a passing AES key of `passing_bits`, which wraps by KWP     */
    CRYPTO_ECDH_AES_WRAP, /* the same with a key agreed on: `kdf`, `cofactor`, `info`            */
    CRYPTO_ML_DSA,
    CRYPTO_SLH_DSA,
    /* derivations, crypto_derive() only */
    CRYPTO_ECDH,        /* EC, X25519, X448, SM2 by the key                                    */
    CRYPTO_DH,
    CRYPTO_HKDF,
    CRYPTO_PBKDF2,
    CRYPTO_ML_KEM,      /* crypto/kem.h only                                                   */
    CRYPTO_PBKDF1,
    CRYPTO_PKCS12,      /* PKCS#12's function of a password, for what `id` says                */
    CRYPTO_HASH_OF_KEY, /* the digest of the value; SHAKE: of the size wanted                  */
    CRYPTO_JOIN,        /* salt ‖ value ‖ info                                                 */
    CRYPTO_XOR,         /* value ⊕ info                                                        */
    CRYPTO_EXTRACT,     /* the value's bits from `offset` on                                   */
    CRYPTO_ENCRYPT_DATA, /* `info`, encrypted by `mode` with `salt` as IV                      */
    CRYPTO_KBKDF,       /* SP 800-108                                                          */
    CRYPTO_PRF,         /* prf(value, seeds), or prf(seeds, value) by `data_as_key`            */
    CRYPTO_PRF_PLUS,    /* RFC 7296, 2.13: prf+(value, seeds)                                  */
    CRYPTO_PRF_EXTEND,  /* RFC 2409, appendix B and 5.5                                        */
    CRYPTO_TLS_PRF,     /* of value, label and seeds                                           */
    CRYPTO_METHOD_COUNT
};

enum crypto_direction { CRYPTO_ENCRYPT, CRYPTO_DECRYPT, CRYPTO_SIGN, CRYPTO_VERIFY, CRYPTO_SIGN_RECOVER,
                        CRYPTO_VERIFY_RECOVER, CRYPTO_HASH };

/* What follows a key agreement. */
enum crypto_kdf { CRYPTO_KDF_NONE, CRYPTO_KDF_X963, CRYPTO_KDF_SP800 };

/* May a signature be random, must it, or must it not? */
enum crypto_hedge { CRYPTO_HEDGED, CRYPTO_DETERMINISTIC };

struct crypto_spec {
    enum crypto_method method;
    enum crypto_direction direction;
    uint32_t digest; /* OH_HUKS_DIGEST_* / HUKS_DIGEST_*; OH_HUKS_DIGEST_NONE: input is already hashed */
    uint32_t hash_of_input; /* PSS with digest NONE: which hash the input is; RSA PKCS#1 signatures
                               with digest NONE: makes its DigestInfo here; NONE: input is one;
                               ML-DSA, SLH-DSA with prehash and digest NONE                      */
    uint32_t mgf_digest;    /* PSS, OAEP; NONE: as digest                                       */
    uint32_t padding;       /* CRYPTO_CIPHER: OH_HUKS_PADDING_NONE or PKCS7                     */
    uint32_t mode;          /* OH_HUKS_MODE_* / HUKS_MODE_*                                     */
    size_t salt_size;       /* PSS: bytes; CRYPTO_SALT_DIGEST, CRYPTO_SALT_MAX                  */
    size_t tag_size;        /* AEAD: bytes; MAC: truncated length, 0: whole                     */
    size_t data_size;       /* CCM: total plaintext bytes, CRYPTO_SIZE_UNKNOWN: collect          */
    uint32_t counter_bits;  /* CTR, ChaCha20: of the counter in `iv`                            */
    uint32_t key_bits;      /* RC2: effective bits of the key; 0: all                           */
    struct bytes iv;        /* IV or nonce                                                      */
    uint8_t iv_room[16];    /* for an `iv` that the door puts together                          */
    struct bytes aad;
    struct bytes tag;       /* AEAD decrypt, native door: the tag; ciphertext then carries none and
                               plaintext streams out. Absent: the tag is the ciphertext's tail and
                               nothing is released before it is verified.                       */
    bool tag_apart;         /* AEAD: the output is the ciphertext alone; its tag is asked for with
                               crypto_op_tag(), and given before the last step of a decryption
                               with crypto_op_set_tag(). Nothing is released before it is verified. */
    struct bytes label;     /* OAEP label; EdDSA/ML-DSA context; SM2 user id                    */
    uint32_t passing_bits;  /* RSA_AES_WRAP, ECDH_AES_WRAP                                      */
    enum crypto_kdf kdf;    /* ECDH_AES_WRAP                                                    */
    struct bytes info;      /* ECDH_AES_WRAP: shared data                                       */
    bool cofactor;          /* ECDH_AES_WRAP                                                    */
    bool prehash;           /* Ed25519ph and friends                                            */
    bool from_client;       /* TLS_MAC: whose "finished"                                        */
    enum crypto_hedge hedge; /* ML-DSA, SLH-DSA signatures                                      */
    bool der;               /* ECDSA/DSA/SM2 signatures as DER (native) instead of raw r‖s      */
};
#define CRYPTO_SALT_DIGEST  ((size_t)-1)
#define CRYPTO_SALT_MAX     ((size_t)-2)
#define CRYPTO_SIZE_UNKNOWN ((size_t)-1)

struct crypto_op;
HUKS_MUST_USE huks_rc crypto_op_new(struct crypto *crypto, struct crypto_op **out);
void crypto_op_free(struct crypto_op *op); /* NULL is fine */

/*
 * Begins. `key` is NULL for digests; a reference is taken. Key of the wrong algorithm or class: 12000003
 * ABOUT_KEY_TYPE; key size outside the method's: 12000003 ABOUT_KEY_SIZE; wrong IV, tag or salt length:
 * 12000003 ABOUT_MECHANISM_PARAM; absent but mandatory: 12000002 ABOUT_MECHANISM_PARAM; digest or mode that
 * this OpenSSL lacks: 12000001 ABOUT_MECHANISM (the digest as a whole) or ABOUT_MECHANISM_PARAM.
 */
HUKS_MUST_USE huks_rc crypto_op_begin(struct crypto_op *op, struct crypto_key *key,
                                      const struct crypto_spec *spec);

/* One part. `out` may be NULL with *size 0 where the operation gives nothing back (sign, verify, digest). */
HUKS_MUST_USE huks_rc crypto_op_update(struct crypto_op *op, struct bytes in, void *out, size_t *size);
/* The end: cipher's last block, AEAD's tag, signature, MAC or digest. */
HUKS_MUST_USE huks_rc crypto_op_finish(struct crypto_op *op, void *out, size_t *size);
/* update and finish in one; with no earlier update it is the hot path. */
HUKS_MUST_USE huks_rc crypto_op_once(struct crypto_op *op, struct bytes in, void *out, size_t *size);
/*
 * Verification's end, after updates or in one with `in`. Mismatch: 12000006 ABOUT_SIGNATURE; a length that
 * can't be: 12000006 ABOUT_SIGNATURE_LEN.
 */
HUKS_MUST_USE huks_rc crypto_op_verify(struct crypto_op *op, struct bytes signature);
HUKS_MUST_USE huks_rc crypto_op_verify_once(struct crypto_op *op, struct bytes in, struct bytes signature);

/*
 * The tag of `tag_apart`: a view of what the encryption that has ended made, valid until the next begin; and
 * what a decryption is to be verified by. A size other than the spec's: 12000003 ABOUT_MECHANISM_PARAM.
 */
struct bytes crypto_op_tag(const struct crypto_op *op);
HUKS_MUST_USE huks_rc crypto_op_set_tag(struct crypto_op *op, struct bytes tag);

/* Does this method work on parts as they come? (CKM_RSA_PKCS, CKM_ECDSA … collect them until the end.) */
bool crypto_op_multipart(const struct crypto_op *op);

/* What a method that works on the whole of its input has of it so far; a view until the next call. */
struct bytes crypto_op_collected(const struct crypto_op *op);

enum crypto_step { CRYPTO_UPDATE, CRYPTO_FINISH, CRYPTO_ONCE };
/* Bytes that the step with `in_size` more input writes: exact, or an upper bound where padding decides. */
size_t crypto_op_size(const struct crypto_op *op, enum crypto_step step, size_t in_size);

/*
 * Ends the operation: its data are wiped. Contexts, and the key they are prepared for, stay for the next
 * begin, which with the same key costs next to nothing. Any time, any state.
 */
void crypto_op_reset(struct crypto_op *op);
/*
 * Reset, and lets the last key go with everything that was prepared from it. To be called where a key must
 * leave memory: at logout, when the key is destroyed, when a session has nothing more to do.
 */
void crypto_op_forget(struct crypto_op *op);

/* Adds a secret key's value to a running digest (C_DigestKey). */
HUKS_MUST_USE huks_rc crypto_op_digest_key(struct crypto_op *op, const struct crypto_key *key);
/*
 * A running digest's state as bytes, sealed by the caller, and back. 12000001 ABOUT_FUNCTION ("saving this
 * operation's state") where the algorithm's state can't be taken out of OpenSSL.
 */
HUKS_MUST_USE huks_rc crypto_op_save(const struct crypto_op *op, struct secret *state);
HUKS_MUST_USE huks_rc crypto_op_restore(struct crypto_op *op, struct bytes state);

/* ---- derivations ---- */

/* A pseudo-random function: HMAC of a digest, CMAC, XCBC-MAC. */
struct crypto_prf {
    enum crypto_method method;
    uint32_t digest;
};

/* SP 800-108: what each round feeds to the PRF, in this order. */
enum crypto_kbkdf { CRYPTO_KBKDF_COUNTER, CRYPTO_KBKDF_FEEDBACK, CRYPTO_KBKDF_PIPELINE };
struct crypto_kbkdf_field {
    enum {
        KBKDF_ITERATION, /* the counter, K(i−1) or A(i)                                  */
        KBKDF_COUNTER,
        KBKDF_KEYS_SIZE, /* bits of all keys together                                    */
        KBKDF_BLOCKS_SIZE, /* bits of all blocks that are made for them                  */
        KBKDF_BYTES,
    } kind;
    uint8_t width;       /* of a number, in bytes: 1 to 8                                */
    bool little_endian;
    struct bytes bytes;
};

#define CRYPTO_SEEDS_MAX 5
struct crypto_derive_spec {
    enum crypto_method method;
    uint32_t digest;
    enum crypto_kdf kdf;     /* ECDH: what follows the raw secret                               */
    bool cofactor;           /* ECDH with cofactor                                              */
    struct bytes
        peer; /* ECDH: raw point, or DER OCTET STRING of it, or SPKI; DH: public value (big-endian) or SPKI */
    struct bytes info;       /* HKDF info; X9.63 shared data                                    */
    struct bytes salt;       /* HKDF, PBKDF2                                                    */
    bool extract, expand;    /* HKDF steps                                                      */
    uint32_t iterations;     /* passwords                                                       */
    uint32_t id;             /* PKCS12: 1 a key, 2 an IV, 3 a MAC key                           */
    uint32_t mode;           /* ENCRYPT_DATA                                                    */
    size_t offset;           /* EXTRACT: bits                                                   */
    bool data_as_key;        /* PRF                                                             */
    bool whole;              /* PRF: the size wanted, if one is, must be the PRF's              */
    struct crypto_prf prf;   /* KBKDF, PRF, PRF_PLUS, PRF_EXTEND                                */
    enum crypto_kbkdf kbkdf; /* KBKDF; `salt` is the IV of feedback                             */
    const struct crypto_kbkdf_field *fields;
    size_t field_count;
    struct bytes label;      /* TLS_PRF                                                         */
    struct bytes seeds[CRYPTO_SEEDS_MAX]; /* one after the other                                */
    /*
     * KBKDF: keys that are made together. Each begins with a block of its own; what comes out is `size` bytes,
     * key after key. None: one key of `size` bytes.
     */
    const size_t *sizes;
    size_t size_count;
    size_t size;             /* bytes wanted; 0: the method's natural size (shared secret, hash) */
    bool tail;               /* a shared secret longer than size keeps its last bytes (PKCS#11 cuts
                                leading bytes) instead of its first (HUKS)                      */
};
/* Base key `key`; PBKDF2's password is the key's value. Bad peer key: 12000003 ABOUT_PUBLIC_POINT. */
HUKS_MUST_USE huks_rc crypto_derive(struct crypto *crypto, struct crypto_key *key,
                                    const struct crypto_derive_spec *spec, struct secret *out);

/* ---- what there is ---- */

/* Does the installed OpenSSL have it? (digest, cipher mode of an algorithm, curve, key algorithm) */
bool crypto_has_digest(struct crypto *crypto, uint32_t digest);
bool crypto_has_cipher(struct crypto *crypto, uint32_t alg, uint32_t mode);
bool crypto_has_key_alg(struct crypto *crypto, uint32_t alg);
bool crypto_has_curve(struct crypto *crypto, uint32_t curve); /* enum huks_curve */
/*
 * Could a key of `alg` (0: no key) begin an operation of the spec's method, digest and mode here? Method
 * CRYPTO_NONE: can such a key be made? For lists of what is on offer: nothing else of the spec is looked at.
 */
bool crypto_offers(struct crypto *crypto, uint32_t alg, const struct crypto_spec *spec);
/* Bytes a digest gives; 0 for an unknown one. */
size_t crypto_digest_size(uint32_t digest);
/* The digest of a DigestInfo in DER, exactly as PKCS#1 has it; NONE: it is none. */
uint32_t crypto_digest_of_info(struct bytes info);
/* The digest that HUKS takes a hash value of this size for (16, 20, 28, 32, 48, 64 bytes); NONE: no such. */
uint32_t crypto_digest_by_size(size_t size);

#endif
