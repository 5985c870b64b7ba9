/*
 * The public half of a private key as a key of its own: the same OpenSSL key, seen as what it may show.
 */
#include "crypto/keydata.h"

#include <stdlib.h>
#include <string.h>

huks_rc crypto_key_public(struct crypto_key *key, struct crypto_key **out)
{
    if (key->class == CRYPTO_PUBLIC) {
        *out = crypto_key_ref(key);
        return HUKS_OK;
    }
    if (key->class != CRYPTO_PRIVATE) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    struct crypto_key *public = calloc(1, sizeof(*public));
    if (public == NULL || EVP_PKEY_up_ref(key->pkey) != 1) {
        free(public);
        return error_no_memory();
    }
    public->refs = 1;
    public->class = CRYPTO_PUBLIC;
    public->alg = key->alg;
    public->bits = key->bits;
    public->order_size = key->order_size;
    public->crypto = key->crypto;
    public->type = key->type;
    public->curve = key->curve;
    public->pkey = key->pkey;
    memcpy(public->point, key->point, key->point_size);
    public->point_size = key->point_size;
    *out = public;
    return HUKS_OK;
}
