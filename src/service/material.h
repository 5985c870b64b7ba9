/*
 * HUKS's key material (huks-semantics 4.2): a header of 32-bit numbers as this machine writes them, then
 * big-endian integers of the sizes that the header names, without gaps. The structs are those of
 * native_huks_type.h. Two forms: of a private key, and of a public one, whose private sizes are 0.
 */
#ifndef HUKS_SERVICE_MATERIAL_H
#define HUKS_SERVICE_MATERIAL_H

#include "crypto/key.h"
#include "param/rules.h"

/*
 * The key that `bytes` are the material of: by `kind` a public key, a private key alone, or a pair, whose
 * public half has to be the private one's. Algorithm and size in bits are those of the param set; a header
 * that says otherwise, parts that are missing, too long or no key: 401 "Invalid key information.".
 */
HUKS_MUST_USE huks_rc material_read(struct crypto *crypto, uint32_t alg, uint32_t bits,
                                    enum rules_import kind, struct bytes bytes, struct crypto_key **out);

/* A private key's material, or its public half's. `out` is allocated here. */
HUKS_MUST_USE huks_rc material_write(struct crypto_key *key, bool public, struct secret *out);

/* A key from parts named by tags, on the curve or in the group of its size. Parts that make no key: 401. */
HUKS_MUST_USE huks_rc material_build(struct crypto *crypto, enum crypto_key_class class, uint32_t alg,
                                     uint32_t bits, struct param_list *parts, struct crypto_key **out);
/* 401 "Invalid key information." */
HUKS_MUST_USE huks_rc material_invalid(void);

#endif
