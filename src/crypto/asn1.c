/*
 * Templates for OpenSSL's ASN.1 library, and reading and writing by them. See asn1.h.
 */
#include "crypto/asn1.h"

#include <limits.h>

#include <openssl/asn1t.h>

#include "crypto/number.h"

/* ---- reading ---- */

void asn1_forget(struct asn1_kept *kept)
{
    while (kept->count != 0) {
        const ASN1_ITEM *item = kept->at[--kept->count].item;
        ASN1_VALUE *value = kept->at[kept->count].value;
        if (item == ASN1_ITEM_rptr(ASN1_INTEGER) || item == ASN1_ITEM_rptr(ASN1_OCTET_STRING) ||
            item == ASN1_ITEM_rptr(ASN1_BIT_STRING)) {
            ASN1_STRING_clear_free((ASN1_STRING *)value);
        } else {
            ASN1_item_free(value, item);
        }
    }
}

/*
 * The library takes BER: other forms of a length, strings in pieces, bytes that follow. What it has read is
 * therefore written again, and only what comes out the same was DER.
 */
static bool asn1_is_der(struct asn1_kept *kept, const ASN1_ITEM *item, const ASN1_VALUE *value,
                        struct bytes der)
{
    unsigned char *again = NULL;
    int size = ASN1_item_i2d(value, &again, item);
    bool same = size > 0 && (size_t)size == der.size && CRYPTO_memcmp(again, der.data, der.size) == 0;
    kept->starved = kept->starved || size < 0;
    OPENSSL_clear_free(again, size > 0 ? (size_t)size : 0);
    return same;
}

const void *asn1_read(struct asn1_kept *kept, const ASN1_ITEM *item, struct bytes der)
{
    ERROR_GUARD;
    /* The first error is the reason, those on top of it say where it was met; the host's own lie below. */
    bool quiet = ERR_peek_error() == 0;
    const unsigned char *at = der.data;
    if (der.size == 0 || der.size > INT_MAX || kept->count == ARRAY_SIZE(kept->at)) {
        return NULL;
    }
    ASN1_VALUE *value = ASN1_item_d2i(NULL, &at, (long)der.size, item);
    if (value == NULL) {
        kept->starved = kept->starved || (quiet && ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    kept->at[kept->count].item = item;
    kept->at[kept->count++].value = value;
    return asn1_is_der(kept, item, value, der) ? value : NULL;
}

bool asn1_unwrap(struct asn1_kept *kept, const ASN1_ITEM *item, struct bytes der, struct bytes *content)
{
    const ASN1_STRING *string = asn1_read(kept, item, der);
    if (string == NULL || (item == ASN1_ITEM_rptr(ASN1_BIT_STRING) && !asn1_bits(string, content))) {
        return false;
    }
    *content = asn1_bytes(string);
    return true;
}

struct bytes asn1_encoding(struct asn1_kept *kept, const ASN1_TYPE *any)
{
    if (any == NULL || kept->count == ARRAY_SIZE(kept->at)) {
        return BYTES_NONE;
    }
    ERROR_GUARD;
    ASN1_STRING *packed = ASN1_item_pack((void *)(uintptr_t)any, ASN1_ITEM_rptr(ASN1_ANY), NULL);
    if (packed == NULL) {
        kept->starved = true;
        return BYTES_NONE;
    }
    kept->at[kept->count].item = ASN1_ITEM_rptr(ASN1_OCTET_STRING);
    kept->at[kept->count++].value = (ASN1_VALUE *)packed;
    return asn1_bytes(packed);
}

struct bytes asn1_bytes(const ASN1_STRING *string)
{
    return string != NULL ? bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string))
                          : BYTES_NONE;
}

bool asn1_unsigned(const ASN1_INTEGER *integer, struct bytes *magnitude)
{
    *magnitude = asn1_bytes(integer);
    return integer != NULL && ASN1_STRING_type(integer) == V_ASN1_INTEGER;
}

bool asn1_bits(const ASN1_BIT_STRING *string, struct bytes *content)
{
    *content = asn1_bytes(string);
    return string != NULL && (string->flags & 7) == 0;
}

bool asn1_read_unsigned(struct asn1_kept *kept, struct bytes der, struct bytes *magnitude)
{
    return asn1_unsigned(asn1_read(kept, ASN1_ITEM_rptr(ASN1_INTEGER), der), magnitude);
}

/* ---- writing ---- */

ASN1_STRING asn1_view(int type, struct bytes content)
{
    return (ASN1_STRING){
        .length = (int)content.size,
        .type = type,
        .data = (unsigned char *)(uintptr_t)content.data,
        .flags = type == V_ASN1_BIT_STRING ? ASN1_STRING_FLAG_BITS_LEFT : 0,
    };
}

ASN1_INTEGER asn1_number(struct bytes magnitude)
{
    return asn1_view(V_ASN1_INTEGER, number_trim(magnitude));
}

huks_rc asn1_write(const ASN1_ITEM *item, const void *value, struct secret *out)
{
    ERROR_GUARD;
    int size = ASN1_item_i2d(value, NULL, item);
    if (size <= 0) {
        return error_no_memory();
    }
    HUKS_TRY(secret_alloc(out, (size_t)size));
    unsigned char *at = out->data;
    return ASN1_item_i2d(value, &at, item) == size ? HUKS_OK : error_no_memory();
}

huks_rc crypto_der_octet_string(struct bytes raw, struct buffer *der)
{
    ERROR_GUARD;
    unsigned char *encoded = NULL;
    if (raw.size > INT_MAX / 2) {
        return error_no_memory();
    }
    ASN1_OCTET_STRING octets = asn1_view(V_ASN1_OCTET_STRING, raw);
    int size = i2d_ASN1_OCTET_STRING(&octets, &encoded);
    huks_rc rc = size > 0 ? buffer_append(der, encoded, (size_t)size) : error_no_memory();
    OPENSSL_free(encoded);
    return rc;
}

/* ---- templates: last, for clang-format loses its way in them ---- */

static void asn1_cleanse(const ASN1_STRING *string)
{
    if (string != NULL) {
        memory_cleanse((void *)(uintptr_t)ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
    }
}

/* Templates free their fields without cleansing: this happens before. */
static int asn1_private_info_cb(int operation, ASN1_VALUE **value, const ASN1_ITEM *item, void *argument)
{
    (void)item;
    (void)argument;
    if (operation == ASN1_OP_FREE_PRE) {
        asn1_cleanse(((struct asn1_private_info *)*value)->key);
    }
    return 1;
}

static int asn1_ec_private_cb(int operation, ASN1_VALUE **value, const ASN1_ITEM *item, void *argument)
{
    (void)item;
    (void)argument;
    if (operation == ASN1_OP_FREE_PRE) {
        asn1_cleanse(((struct asn1_ec_private *)*value)->value);
    }
    return 1;
}

static int asn1_rsa_private_cb(int operation, ASN1_VALUE **value, const ASN1_ITEM *item, void *argument)
{
    (void)item;
    (void)argument;
    for (size_t i = 0; operation == ASN1_OP_FREE_PRE && i < ASN1_RSA_NUMBERS; i++) {
        asn1_cleanse(((struct asn1_rsa_private *)*value)->numbers[i]);
    }
    return 1;
}

static int asn1_pq_both_cb(int operation, ASN1_VALUE **value, const ASN1_ITEM *item, void *argument)
{
    (void)item;
    (void)argument;
    if (operation == ASN1_OP_FREE_PRE) {
        asn1_cleanse(((struct asn1_pq_both *)*value)->seed);
        asn1_cleanse(((struct asn1_pq_both *)*value)->expanded);
    }
    return 1;
}

static int asn1_pq_private_cb(int operation, ASN1_VALUE **value, const ASN1_ITEM *item, void *argument)
{
    (void)item;
    (void)argument;
    const struct asn1_pq_private *choice = (const struct asn1_pq_private *)*value;
    if (operation == ASN1_OP_FREE_PRE && choice->type == ASN1_PQ_SEED) {
        asn1_cleanse(choice->as.seed);
    } else if (operation == ASN1_OP_FREE_PRE && choice->type == ASN1_PQ_EXPANDED) {
        asn1_cleanse(choice->as.expanded);
    }
    return 1;
}

/* clang-format off */
ASN1_SEQUENCE(asn1_public_info) = {
    ASN1_SIMPLE(struct asn1_public_info, algorithm, X509_ALGOR),
    ASN1_SIMPLE(struct asn1_public_info, key, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END_name(struct asn1_public_info, asn1_public_info)

ASN1_SEQUENCE_cb(asn1_private_info, asn1_private_info_cb) = {
    ASN1_EMBED(struct asn1_private_info, version, INT32),
    ASN1_SIMPLE(struct asn1_private_info, algorithm, X509_ALGOR),
    ASN1_SIMPLE(struct asn1_private_info, key, ASN1_OCTET_STRING),
    ASN1_IMP_SEQUENCE_OF_OPT(struct asn1_private_info, attributes, ASN1_ANY, 0),
    ASN1_OPT(struct asn1_private_info, public, ASN1_ANY),
} ASN1_SEQUENCE_END_cb(struct asn1_private_info, asn1_private_info)

ASN1_SEQUENCE(asn1_rsa_public) = {
    ASN1_SIMPLE(struct asn1_rsa_public, n, ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_public, e, ASN1_INTEGER),
} ASN1_SEQUENCE_END_name(struct asn1_rsa_public, asn1_rsa_public)

ASN1_SEQUENCE_cb(asn1_rsa_private, asn1_rsa_private_cb) = {
    ASN1_EMBED(struct asn1_rsa_private, version, INT32),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[0], ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[1], ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[2], ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[3], ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[4], ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[5], ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[6], ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_rsa_private, numbers[7], ASN1_INTEGER),
} ASN1_SEQUENCE_END_cb(struct asn1_rsa_private, asn1_rsa_private)

ASN1_SEQUENCE_cb(asn1_ec_private, asn1_ec_private_cb) = {
    ASN1_EMBED(struct asn1_ec_private, version, INT32),
    ASN1_SIMPLE(struct asn1_ec_private, value, ASN1_OCTET_STRING),
    ASN1_EXP_OPT(struct asn1_ec_private, params, ASN1_ANY, 0),
    ASN1_EXP_OPT(struct asn1_ec_private, point, ASN1_BIT_STRING, 1),
} ASN1_SEQUENCE_END_cb(struct asn1_ec_private, asn1_ec_private)

ASN1_SEQUENCE_cb(asn1_pq_both, asn1_pq_both_cb) = {
    ASN1_SIMPLE(struct asn1_pq_both, seed, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct asn1_pq_both, expanded, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_cb(struct asn1_pq_both, asn1_pq_both)

ASN1_CHOICE_cb(asn1_pq_private, asn1_pq_private_cb) = {
    ASN1_IMP(struct asn1_pq_private, as.seed, ASN1_OCTET_STRING, 0),
    ASN1_SIMPLE(struct asn1_pq_private, as.expanded, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct asn1_pq_private, as.both, asn1_pq_both),
} ASN1_CHOICE_END_cb(struct asn1_pq_private, asn1_pq_private, type)

ASN1_SEQUENCE(asn1_ec_field) = {
    ASN1_SIMPLE(struct asn1_ec_field, type, ASN1_OBJECT),
    ASN1_SIMPLE(struct asn1_ec_field, params, ASN1_ANY),
} static_ASN1_SEQUENCE_END_name(struct asn1_ec_field, asn1_ec_field)

ASN1_SEQUENCE(asn1_ec_curve) = {
    ASN1_SIMPLE(struct asn1_ec_curve, a, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct asn1_ec_curve, b, ASN1_OCTET_STRING),
    ASN1_OPT(struct asn1_ec_curve, seed, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct asn1_ec_curve, asn1_ec_curve)

ASN1_SEQUENCE(asn1_ec_params) = {
    ASN1_EMBED(struct asn1_ec_params, version, INT32),
    ASN1_SIMPLE(struct asn1_ec_params, field, asn1_ec_field),
    ASN1_SIMPLE(struct asn1_ec_params, curve, asn1_ec_curve),
    ASN1_SIMPLE(struct asn1_ec_params, base, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct asn1_ec_params, order, ASN1_INTEGER),
    ASN1_OPT(struct asn1_ec_params, cofactor, ASN1_INTEGER),
    ASN1_OPT(struct asn1_ec_params, hash, X509_ALGOR),
} ASN1_SEQUENCE_END_name(struct asn1_ec_params, asn1_ec_params)

ASN1_SEQUENCE(asn1_dsa_params) = {
    ASN1_SIMPLE(struct asn1_ffc_params, p, ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_ffc_params, q, ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_ffc_params, g, ASN1_INTEGER),
} ASN1_SEQUENCE_END_name(struct asn1_ffc_params, asn1_dsa_params)

ASN1_SEQUENCE(asn1_dh_params) = {
    ASN1_SIMPLE(struct asn1_ffc_params, p, ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_ffc_params, g, ASN1_INTEGER),
    ASN1_OPT(struct asn1_ffc_params, length, ASN1_INTEGER),
} ASN1_SEQUENCE_END_name(struct asn1_ffc_params, asn1_dh_params)

ASN1_SEQUENCE(asn1_dhx_params) = {
    ASN1_SIMPLE(struct asn1_ffc_params, p, ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_ffc_params, g, ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_ffc_params, q, ASN1_INTEGER),
    ASN1_OPT(struct asn1_ffc_params, cofactor, ASN1_INTEGER),
    ASN1_OPT(struct asn1_ffc_params, validation, ASN1_ANY),
} ASN1_SEQUENCE_END_name(struct asn1_ffc_params, asn1_dhx_params)
