/*
 * Derivations, for the files of this folder only: one function a method, and the table of them in derive.c.
 */
#ifndef HUKS_CRYPTO_DERIVE_H
#define HUKS_CRYPTO_DERIVE_H

#include "crypto/keydata.h"
#include "crypto/op.h"

/* `key` fits the method's row in the table; `out` is empty and stays so on failure. */
typedef huks_rc derive_function(struct crypto *crypto, struct crypto_key *key, const struct crypto_derive_spec *spec,
                                struct secret *out);

/* derive_secret.c */
derive_function derive_hkdf, derive_pbkdf2, derive_pbkdf1, derive_pkcs12, derive_hash, derive_join, derive_xor,
    derive_extract, derive_encrypt;
/* derive_prf.c */
derive_function derive_kbkdf, derive_prf, derive_prf_plus, derive_prf_extend;
/* derive_tls.c */
derive_function derive_tls_prf;

huks_rc derive_bad_size(void); /* 12000003 ABOUT_KEY_SIZE */

#endif
