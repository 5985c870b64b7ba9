/*
 * Building, signing and armouring certificates. See certificate.h.
 */
#include "crypto/certificate.h"

#include <stdio.h>
#include <string.h>

#include "crypto/asn1.h"
#include "crypto/op.h"

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

/* HUKS's attestation extension (huks-semantics 4.6). */
#define ATTESTATION_OID "1.3.6.1.4.1.2011.2.376.1.3"

/* ---- the structures; their templates stand at the end ---- */

struct asn1_validity {
    ASN1_TIME *from, *to;
};

struct asn1_tbs {
    ASN1_INTEGER *version, *serial;
    X509_ALGOR *signature;
    X509_NAME *issuer;
    struct asn1_validity *validity;
    X509_NAME *subject;
    const struct asn1_public_info *key;
    STACK_OF(X509_EXTENSION) * extensions;
};

struct asn1_certificate {
    struct asn1_tbs *tbs;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
};
DECLARE_ASN1_ITEM(asn1_certificate)
DECLARE_ASN1_ITEM(asn1_tbs)

struct asn1_claim {
    int32_t level;
    ASN1_OBJECT *type;
    ASN1_TYPE *value;
};
DECLARE_ASN1_ITEM(asn1_claim)

/* ---- what a certificate is made of, freed together ---- */

struct making {
    struct asn1_kept kept; /* the subject's key and the issuer's certificate, as they were read */
    struct asn1_validity validity;
    X509_NAME *subject;
    STACK_OF(X509_EXTENSION) * extensions;
    const struct asn1_public_info *key;
    const struct asn1_certificate *issuer; /* NULL: itself */
};

static void making_free(struct making *making)
{
    ASN1_TIME_free(making->validity.from);
    ASN1_TIME_free(making->validity.to);
    X509_NAME_free(making->subject);
    sk_X509_EXTENSION_pop_free(making->extensions, X509_EXTENSION_free);
    asn1_forget(&making->kept);
}

static void octets_free(ASN1_OCTET_STRING **octets)
{
    ASN1_OCTET_STRING_free(*octets);
}

static void object_free(ASN1_OBJECT **object)
{
    ASN1_OBJECT_free(*object);
}

/* ---- names and times ---- */

static bool name_add(X509_NAME *name, int nid, const char *text)
{
    return X509_NAME_add_entry_by_NID(name, nid, V_ASN1_PRINTABLESTRING, (const unsigned char *)text, -1, -1,
                                      0) == 1;
}

static bool make_name(const struct crypto_certificate *certificate, struct making *making)
{
    making->subject = X509_NAME_new();
    return making->subject != NULL && name_add(making->subject, NID_commonName, certificate->name) &&
           (certificate->number == NULL || name_add(making->subject, NID_serialNumber, certificate->number));
}

/* Until 2049 two digits of the year are written, as RFC 5280 (4.1.2.5) demands. */
static bool make_time(const struct date *date, ASN1_TIME **out)
{
    static const char endless[] = "99991231235959Z";
    char text[48];
    snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", date->year, date->month, date->day, date->hour,
             date->minute, date->second);
    *out = ASN1_TIME_new();
    return *out != NULL && ASN1_TIME_set_string_X509(*out, date->year != 0 ? text : endless) == 1;
}

/* ---- extensions ---- */

/* Takes over the extension. */
static bool extension_add(struct making *making, X509_EXTENSION *extension)
{
    if (extension == NULL || sk_X509_EXTENSION_push(making->extensions, extension) == 0) {
        X509_EXTENSION_free(extension);
        return false;
    }
    return true;
}

static bool add_usage(struct making *making, uint32_t usage, bool critical)
{
    if (usage == 0) {
        return true; /* RFC 5280, 4.2.1.3: one bit at least; OpenSSL refuses a chain with none */
    }
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    bool set = bits != NULL;
    for (int bit = 0; set && bit < 8; bit++) {
        set = (usage >> bit & 1) == 0 || ASN1_BIT_STRING_set_bit(bits, bit, 1) == 1;
    }
    bool added = set && extension_add(making, X509V3_EXT_i2d(NID_key_usage, critical, bits));
    ASN1_BIT_STRING_free(bits);
    return added;
}

static bool add_constraints(struct making *making, int below)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool added = false;
    if (constraints != NULL) {
        constraints->ca = 1;
        constraints->pathlen = ASN1_INTEGER_new();
        added = constraints->pathlen != NULL && ASN1_INTEGER_set(constraints->pathlen, below) == 1 &&
                extension_add(making, X509V3_EXT_i2d(NID_basic_constraints, 1, constraints));
    }
    BASIC_CONSTRAINTS_free(constraints);
    return added;
}

/* A key's identifier is the SHA-1 of its bits (RFC 5280, 4.2.1.2). */
static huks_rc key_identifier(struct crypto *crypto, const struct asn1_public_info *key, uint8_t out[20])
{
    return crypto_sha1(crypto, asn1_bytes(key->key), out);
}

static bool add_identifiers(struct making *making, uint8_t own[20], uint8_t issuer[20])
{
    ASN1_OCTET_STRING subject = asn1_view(V_ASN1_OCTET_STRING, bytes_of(own, 20));
    ASN1_OCTET_STRING above = asn1_view(V_ASN1_OCTET_STRING, bytes_of(issuer, 20));
    AUTHORITY_KEYID authority = {.keyid = &above};
    return extension_add(making, X509V3_EXT_i2d(NID_subject_key_identifier, 0, &subject)) &&
           (making->issuer == NULL ||
            extension_add(making, X509V3_EXT_i2d(NID_authority_key_identifier, 0, &authority)));
}

static huks_rc add_ca_extensions(struct crypto *crypto, const struct crypto_certificate *certificate,
                                 struct making *making)
{
    uint8_t own[20], issuer[20];
    HUKS_TRY(key_identifier(crypto, making->key, own));
    HUKS_TRY(key_identifier(crypto, making->issuer != NULL ? making->issuer->tbs->key : making->key, issuer));
    bool added = add_constraints(making, certificate->below) && add_usage(making, certificate->usage, true) &&
                 add_identifiers(making, own, issuer);
    return added ? HUKS_OK : error_no_memory();
}

/* An empty list: HUKS has it as a place to be filled. */
static bool add_no_distribution_points(struct making *making)
{
    CRL_DIST_POINTS *none = CRL_DIST_POINTS_new();
    bool added = none != NULL && extension_add(making, X509V3_EXT_i2d(NID_crl_distribution_points, 0, none));
    CRL_DIST_POINTS_free(none);
    return added;
}

/* ---- claims ---- */

static void types_free(ASN1_SEQUENCE_ANY **types)
{
    sk_ASN1_TYPE_pop_free(*types, ASN1_TYPE_free);
}

/* Takes over the type. */
static bool type_add(ASN1_SEQUENCE_ANY *types, ASN1_TYPE *type)
{
    if (type == NULL || sk_ASN1_TYPE_push(types, type) == 0) {
        ASN1_TYPE_free(type);
        return false;
    }
    return true;
}

static bool claim_add(ASN1_SEQUENCE_ANY *types, const struct crypto_claim *given)
{
    static const int string_types[] = {
        [CRYPTO_CLAIM_OCTETS] = V_ASN1_OCTET_STRING, [CRYPTO_CLAIM_TEXT] = V_ASN1_UTF8STRING};
    AUTO(object_free) ASN1_OBJECT *type = OBJ_txt2obj(given->oid, 1);
    ASN1_STRING string;
    ASN1_TYPE value = {.type = V_ASN1_BOOLEAN, .value.boolean = 0xff};
    if (given->kind != CRYPTO_CLAIM_TRUE) {
        value.type = string_types[given->kind];
        string = asn1_view(value.type, given->value);
        value.value.asn1_string = &string;
    }
    struct asn1_claim claim = {.level = (int32_t)given->level, .type = type, .value = &value};
    return type != NULL && type_add(types, ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(asn1_claim), &claim, NULL));
}

static ASN1_TYPE *version_type(void)
{
    ASN1_TYPE *type = ASN1_TYPE_new();
    ASN1_INTEGER *version = ASN1_INTEGER_new();
    if (type == NULL || version == NULL || ASN1_INTEGER_set(version, 0) != 1) {
        ASN1_TYPE_free(type);
        ASN1_INTEGER_free(version);
        return NULL;
    }
    ASN1_TYPE_set(type, V_ASN1_INTEGER, version);
    return type;
}

static bool is_text(struct bytes text)
{
    size_t at = 0;
    while (at < text.size) {
        unsigned long letter;
        int size = UTF8_getc(text.data + at, (int)(text.size - at), &letter);
        if (size <= 0) {
            return false;
        }
        at += (size_t)size;
    }
    return true;
}

static huks_rc check_claims(const struct crypto_claim *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (claims[i].value.size > INT32_MAX / 2 ||
            (claims[i].kind == CRYPTO_CLAIM_TEXT && !is_text(claims[i].value))) {
            return error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "identifier");
        }
    }
    return HUKS_OK;
}

static bool add_claims(struct making *making, const struct crypto_claim *claims, size_t count)
{
    AUTO(types_free) ASN1_SEQUENCE_ANY *types = sk_ASN1_TYPE_new_null();
    AUTO(octets_free) ASN1_OCTET_STRING *packed = NULL;
    AUTO(object_free) ASN1_OBJECT *oid = OBJ_txt2obj(ATTESTATION_OID, 1);
    bool made = types != NULL && oid != NULL && type_add(types, version_type());
    for (size_t i = 0; made && i < count; i++) {
        made = claim_add(types, &claims[i]);
    }
    return made && ASN1_item_pack(types, ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY), &packed) != NULL &&
           extension_add(making, X509_EXTENSION_create_by_OBJ(NULL, oid, 0, packed));
}

static huks_rc add_extensions(struct crypto *crypto, const struct crypto_certificate *certificate,
                              struct making *making)
{
    making->extensions = sk_X509_EXTENSION_new_null();
    if (making->extensions == NULL) {
        return error_no_memory();
    }
    if (certificate->below >= 0) {
        return add_ca_extensions(crypto, certificate, making);
    }
    HUKS_TRY(check_claims(certificate->claims, certificate->claim_count));
    bool added = add_usage(making, certificate->usage, false) && add_no_distribution_points(making) &&
                 add_claims(making, certificate->claims, certificate->claim_count);
    return added ? HUKS_OK : error_no_memory();
}

/* ---- signing ---- */

static void op_free(struct crypto_op **op)
{
    crypto_op_free(*op);
}

static huks_rc sign(struct crypto *crypto, struct crypto_key *signer, struct bytes tbs,
                    struct secret *signature)
{
    const struct crypto_spec spec = {
        .method = crypto_key_alg(signer) == OH_HUKS_ALG_RSA ? CRYPTO_RSA_PKCS1 : CRYPTO_ECDSA,
        .direction = CRYPTO_SIGN,
        .digest = OH_HUKS_DIGEST_SHA256,
        .der = true,
        .data_size = CRYPTO_SIZE_UNKNOWN,
    };
    AUTO(op_free) struct crypto_op *op = NULL;
    HUKS_TRY(crypto_op_new(crypto, &op));
    HUKS_TRY(crypto_op_begin(op, signer, &spec));
    size_t size = crypto_op_size(op, CRYPTO_ONCE, tbs.size);
    HUKS_TRY(secret_alloc(signature, size));
    HUKS_TRY(crypto_op_once(op, tbs, signature->data, &size));
    secret_shrink(signature, size);
    return HUKS_OK;
}

static huks_rc write_certificate(struct crypto *crypto, const struct crypto_certificate *certificate,
                                 struct making *making, struct secret *out)
{
    bool rsa = crypto_key_alg(certificate->signer) == OH_HUKS_ALG_RSA;
    ASN1_TYPE null = {.type = V_ASN1_NULL};
    X509_ALGOR algorithm = {
        .algorithm = OBJ_nid2obj(rsa ? NID_sha256WithRSAEncryption : NID_ecdsa_with_SHA256),
        .parameter = rsa ? &null : NULL,
    };
    const uint8_t two = 2;
    uint8_t digits[8];
    for (size_t i = 0; i < sizeof(digits); i++) {
        digits[i] = (uint8_t)(certificate->serial >> (8 * (sizeof(digits) - 1 - i)));
    }
    ASN1_INTEGER version = asn1_number(bytes_of(&two, 1)), serial = asn1_number(BYTES_OF(digits));
    struct asn1_tbs tbs = {
        .version = &version,
        .serial = &serial,
        .signature = &algorithm,
        .issuer = making->issuer != NULL ? making->issuer->tbs->subject : making->subject,
        .validity = &making->validity,
        .subject = making->subject,
        .key = making->key,
        .extensions = making->extensions,
    };
    AUTO(secret_free) struct secret signed_part = {0};
    AUTO(secret_free) struct secret signature = {0};
    HUKS_TRY(asn1_write(ASN1_ITEM_rptr(asn1_tbs), &tbs, &signed_part));
    HUKS_TRY(sign(crypto, certificate->signer, secret_bytes(&signed_part), &signature));
    ASN1_BIT_STRING bits = asn1_view(V_ASN1_BIT_STRING, secret_bytes(&signature));
    const struct asn1_certificate whole = {.tbs = &tbs, .algorithm = &algorithm, .signature = &bits};
    return asn1_write(ASN1_ITEM_rptr(asn1_certificate), &whole, out);
}

static huks_rc unreadable(const struct making *making)
{
    return making->kept.starved ? error_no_memory() : error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
}

static huks_rc read_given(const struct crypto_certificate *certificate, struct making *making)
{
    making->key = asn1_read(&making->kept, ASN1_ITEM_rptr(asn1_public_info), certificate->public_info);
    if (making->key == NULL) {
        return unreadable(making);
    }
    if (certificate->issuer.data != NULL) {
        making->issuer = asn1_read(&making->kept, ASN1_ITEM_rptr(asn1_certificate), certificate->issuer);
        return making->issuer != NULL ? HUKS_OK : unreadable(making);
    }
    return HUKS_OK;
}

huks_rc crypto_certificate_make(struct crypto *crypto, const struct crypto_certificate *certificate,
                                struct buffer *der)
{
    ERROR_GUARD;
    AUTO(making_free) struct making making = {0};
    AUTO(secret_free) struct secret whole = {0};
    if (crypto_lib(crypto) == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(read_given(certificate, &making));
    if (!make_name(certificate, &making) || !make_time(&certificate->from, &making.validity.from) ||
        !make_time(&certificate->to, &making.validity.to)) {
        return error_no_memory();
    }
    HUKS_TRY(add_extensions(crypto, certificate, &making));
    HUKS_TRY(write_certificate(crypto, certificate, &making, &whole));
    return buffer_append(der, whole.data, whole.size);
}

/* ---- PEM ---- */

huks_rc crypto_certificate_pem(struct bytes der, struct buffer *pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "\n-----END CERTIFICATE-----";
    size_t coded = (der.size + 2) / 3 * 4;
    HUKS_TRY(buffer_append(pem, begin, sizeof(begin) - 1));
    HUKS_TRY(buffer_reserve(pem, pem->size + coded + 1)); /* and a NUL */
    pem->size += (size_t)EVP_EncodeBlock(pem->data + pem->size, der.data, (int)der.size);
    return buffer_append(pem, end, sizeof(end) - 1);
}

/* ---- templates: last, for clang-format loses its way in them ---- */

/* clang-format off */
ASN1_SEQUENCE(asn1_validity) = {
    ASN1_SIMPLE(struct asn1_validity, from, ASN1_TIME),
    ASN1_SIMPLE(struct asn1_validity, to, ASN1_TIME),
} static_ASN1_SEQUENCE_END_name(struct asn1_validity, asn1_validity)

ASN1_SEQUENCE(asn1_tbs) = {
    ASN1_EXP(struct asn1_tbs, version, ASN1_INTEGER, 0),
    ASN1_SIMPLE(struct asn1_tbs, serial, ASN1_INTEGER),
    ASN1_SIMPLE(struct asn1_tbs, signature, X509_ALGOR),
    ASN1_SIMPLE(struct asn1_tbs, issuer, X509_NAME),
    ASN1_SIMPLE(struct asn1_tbs, validity, asn1_validity),
    ASN1_SIMPLE(struct asn1_tbs, subject, X509_NAME),
    ASN1_SIMPLE(struct asn1_tbs, key, asn1_public_info),
    ASN1_EXP_SEQUENCE_OF_OPT(struct asn1_tbs, extensions, X509_EXTENSION, 3),
} ASN1_SEQUENCE_END_name(struct asn1_tbs, asn1_tbs)

ASN1_SEQUENCE(asn1_certificate) = {
    ASN1_SIMPLE(struct asn1_certificate, tbs, asn1_tbs),
    ASN1_SIMPLE(struct asn1_certificate, algorithm, X509_ALGOR),
    ASN1_SIMPLE(struct asn1_certificate, signature, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END_name(struct asn1_certificate, asn1_certificate)

ASN1_SEQUENCE(asn1_claim) = {
    ASN1_EMBED(struct asn1_claim, level, INT32),
    ASN1_SIMPLE(struct asn1_claim, type, ASN1_OBJECT),
    ASN1_SIMPLE(struct asn1_claim, value, ASN1_ANY),
} ASN1_SEQUENCE_END_name(struct asn1_claim, asn1_claim)
