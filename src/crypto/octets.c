/*
 * OCTET STRING around bytes and back: the form in which PKCS #11 gives an EC point.
 */
#include "crypto/context.h"

#include <limits.h>

#include <openssl/asn1.h>

#include "crypto/crypto.h"

static void octets_free(ASN1_OCTET_STRING **octets)
{
    ASN1_OCTET_STRING_free(*octets);
}

static void der_free(unsigned char **der)
{
    OPENSSL_free(*der);
}

huks_rc crypto_der_octet_string(struct bytes raw, struct buffer *der)
{
    AUTO(octets_free) ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    AUTO(der_free) unsigned char *encoded = NULL;
    if (raw.size > INT_MAX || octets == NULL || ASN1_OCTET_STRING_set(octets, raw.data, (int)raw.size) != 1) {
        return error_no_memory();
    }
    int size = i2d_ASN1_OCTET_STRING(octets, &encoded);
    return size > 0 ? buffer_append(der, encoded, (size_t)size) : error_no_memory();
}
