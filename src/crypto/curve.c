/*
 * The elliptic curves, and how EC_PARAMS names them. See curve.h.
 */
#include "crypto/asn1.h"

#include <openssl/objects.h>
#include <string.h>
#include <strings.h>

#include "crypto/curve.h"
#include "crypto/op.h"

const struct curve_row curve_rows[] = {
    {HUKS_CURVE_P256, OH_HUKS_ALG_ECC, "prime256v1", "secp256r1", 256, 256, true, 8,
     {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}},
    {HUKS_CURVE_P384, OH_HUKS_ALG_ECC, "secp384r1", "P-384", 384, 384, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x22}},
    {HUKS_CURVE_P521, OH_HUKS_ALG_ECC, "secp521r1", "P-521", 521, 521, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x23}},
    {HUKS_CURVE_P224, OH_HUKS_ALG_ECC, "secp224r1", "P-224", 224, 224, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x21}},
    {HUKS_CURVE_P192, OH_HUKS_ALG_ECC, "prime192v1", "secp192r1", 192, 192, true, 8,
     {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x01}},
    {HUKS_CURVE_SM2, OH_HUKS_ALG_SM2, "SM2", "sm2p256v1", 256, 256, true, 8,
     {0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D}},
    {HUKS_CURVE_SECP160K1, OH_HUKS_ALG_ECC, "secp160k1", NULL, 160, 161, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x09}},
    {HUKS_CURVE_SECP160R1, OH_HUKS_ALG_ECC, "secp160r1", NULL, 160, 161, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x08}},
    {HUKS_CURVE_SECP160R2, OH_HUKS_ALG_ECC, "secp160r2", NULL, 160, 161, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x1E}},
    {HUKS_CURVE_SECP192K1, OH_HUKS_ALG_ECC, "secp192k1", NULL, 192, 192, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x1F}},
    {HUKS_CURVE_SECP224K1, OH_HUKS_ALG_ECC, "secp224k1", NULL, 224, 225, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x20}},
    {HUKS_CURVE_SECP256K1, OH_HUKS_ALG_ECC, "secp256k1", NULL, 256, 256, true, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x0A}},
    {HUKS_CURVE_BRAINPOOL_P160R1, OH_HUKS_ALG_ECC, "brainpoolP160r1", NULL, 160, 160, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x01}},
    {HUKS_CURVE_BRAINPOOL_P160T1, OH_HUKS_ALG_ECC, "brainpoolP160t1", NULL, 160, 160, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x02}},
    {HUKS_CURVE_BRAINPOOL_P192R1, OH_HUKS_ALG_ECC, "brainpoolP192r1", NULL, 192, 192, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x03}},
    {HUKS_CURVE_BRAINPOOL_P192T1, OH_HUKS_ALG_ECC, "brainpoolP192t1", NULL, 192, 192, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x04}},
    {HUKS_CURVE_BRAINPOOL_P224R1, OH_HUKS_ALG_ECC, "brainpoolP224r1", NULL, 224, 224, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x05}},
    {HUKS_CURVE_BRAINPOOL_P224T1, OH_HUKS_ALG_ECC, "brainpoolP224t1", NULL, 224, 224, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x06}},
    {HUKS_CURVE_BRAINPOOL_P256R1, OH_HUKS_ALG_ECC, "brainpoolP256r1", NULL, 256, 256, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07}},
    {HUKS_CURVE_BRAINPOOL_P256T1, OH_HUKS_ALG_ECC, "brainpoolP256t1", NULL, 256, 256, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x08}},
    {HUKS_CURVE_BRAINPOOL_P320R1, OH_HUKS_ALG_ECC, "brainpoolP320r1", NULL, 320, 320, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x09}},
    {HUKS_CURVE_BRAINPOOL_P320T1, OH_HUKS_ALG_ECC, "brainpoolP320t1", NULL, 320, 320, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0A}},
    {HUKS_CURVE_BRAINPOOL_P384R1, OH_HUKS_ALG_ECC, "brainpoolP384r1", NULL, 384, 384, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0B}},
    {HUKS_CURVE_BRAINPOOL_P384T1, OH_HUKS_ALG_ECC, "brainpoolP384t1", NULL, 384, 384, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0C}},
    {HUKS_CURVE_BRAINPOOL_P512R1, OH_HUKS_ALG_ECC, "brainpoolP512r1", NULL, 512, 512, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0D}},
    {HUKS_CURVE_BRAINPOOL_P512T1, OH_HUKS_ALG_ECC, "brainpoolP512t1", NULL, 512, 512, true, 9,
     {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0E}},
    {HUKS_CURVE_SECT163K1, OH_HUKS_ALG_ECC, "sect163k1", NULL, 163, 163, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x01}},
    {HUKS_CURVE_SECT163R2, OH_HUKS_ALG_ECC, "sect163r2", NULL, 163, 163, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x0F}},
    {HUKS_CURVE_SECT233K1, OH_HUKS_ALG_ECC, "sect233k1", NULL, 233, 232, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x1A}},
    {HUKS_CURVE_SECT233R1, OH_HUKS_ALG_ECC, "sect233r1", NULL, 233, 233, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x1B}},
    {HUKS_CURVE_SECT283K1, OH_HUKS_ALG_ECC, "sect283k1", NULL, 283, 281, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x10}},
    {HUKS_CURVE_SECT283R1, OH_HUKS_ALG_ECC, "sect283r1", NULL, 283, 282, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x11}},
    {HUKS_CURVE_SECT409K1, OH_HUKS_ALG_ECC, "sect409k1", NULL, 409, 407, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x24}},
    {HUKS_CURVE_SECT409R1, OH_HUKS_ALG_ECC, "sect409r1", NULL, 409, 409, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x25}},
    {HUKS_CURVE_SECT571K1, OH_HUKS_ALG_ECC, "sect571k1", NULL, 571, 570, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x26}},
    {HUKS_CURVE_SECT571R1, OH_HUKS_ALG_ECC, "sect571r1", NULL, 571, 570, false, 5,
     {0x2B, 0x81, 0x04, 0x00, 0x27}},
    {HUKS_CURVE_ED25519, OH_HUKS_ALG_ED25519, "edwards25519", "ED25519", 256, 0, true, 3,
     {0x2B, 0x65, 0x70}},
    {HUKS_CURVE_ED448, HUKS_ALG_ED448, "edwards448", "ED448", 448, 0, true, 3,
     {0x2B, 0x65, 0x71}},
    {HUKS_CURVE_X25519, OH_HUKS_ALG_X25519, "curve25519", "X25519", 256, 0, true, 3,
     {0x2B, 0x65, 0x6E}},
    {HUKS_CURVE_X448, HUKS_ALG_X448, "curve448", "X448", 448, 0, true, 3,
     {0x2B, 0x65, 0x6F}},
    {HUKS_CURVE_ED25519, OH_HUKS_ALG_ED25519, "edwards25519", NULL, 256, 0, true, 9,
     {0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01}},
    {HUKS_CURVE_X25519, OH_HUKS_ALG_X25519, "curve25519", NULL, 256, 0, true, 10,
     {0x2B, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01}},
    {0, 0, NULL, NULL, 0, 0, false, 0, {0}},
};

const struct curve_row *curve_by_id(uint32_t id)
{
    for (const struct curve_row *row = curve_rows; row->id != 0; row++) {
        if (row->id == id) {
            return row;
        }
    }
    return NULL;
}

const struct curve_row *curve_by_size(uint32_t alg, uint32_t bits)
{
    for (const struct curve_row *row = curve_rows; row->id != 0; row++) {
        if (row->alg == alg && (bits == 0 || row->bits == bits)) {
            return row;
        }
    }
    return NULL;
}

static const struct curve_row *curve_by_oid(struct bytes oid)
{
    for (const struct curve_row *row = curve_rows; row->id != 0; row++) {
        if (row->oid_size == oid.size && memcmp(row->oid, oid.data, oid.size) == 0) {
            return row;
        }
    }
    return NULL;
}

static bool curve_is_named(const char *name, struct bytes given)
{
    return name != NULL && strlen(name) == given.size &&
           strncasecmp(name, (const char *)given.data, given.size) == 0;
}

static const struct curve_row *curve_by_name(struct bytes name)
{
    for (const struct curve_row *row = curve_rows; row->id != 0; row++) {
        if (curve_is_named(row->name, name) || curve_is_named(row->alias, name)) {
            return row;
        }
    }
    return NULL;
}

static huks_rc curve_unknown(void)
{
    return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "elliptic curve");
}

/* OpenSC 0.23 asks for curve25519 with a length octet that is one too great. No DER, but what people have. */
static bool curve_is_opensc(struct bytes ec_params)
{
    static const uint8_t sent[] = {0x13, 0x0B, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9'};
    return bytes_equal(ec_params, BYTES_OF(sent));
}

huks_rc curve_parse(struct crypto *crypto, struct bytes ec_params, const struct curve_row **out)
{
    if (curve_is_opensc(ec_params)) {
        *out = curve_by_id(HUKS_CURVE_X25519);
        return HUKS_OK;
    }
    AUTO(asn1_forget) struct asn1_kept kept = {0};
    const ASN1_TYPE *any = asn1_read(&kept, ASN1_ITEM_rptr(ASN1_ANY), ec_params);
    *out = NULL;
    switch (any != NULL ? any->type : V_ASN1_UNDEF) {
    case V_ASN1_OBJECT:
        *out = curve_by_oid(bytes_of(OBJ_get0_data(any->value.object), OBJ_length(any->value.object)));
        return *out != NULL ? HUKS_OK : curve_unknown();
    case V_ASN1_PRINTABLESTRING:
        *out = curve_by_name(asn1_bytes(any->value.printablestring));
        return *out != NULL ? HUKS_OK : curve_unknown();
    case V_ASN1_SEQUENCE:
        return crypto != NULL ? curve_parse_explicit(crypto, ec_params, out) : curve_unknown();
    default:
        return kept.starved ? error_no_memory()
                            : error_raise(HUKS_E_INVALID_PARAM, ABOUT_ATTRIBUTE, "EC parameters");
    }
}

void curve_write(const struct curve_row *curve, struct der_writer *writer)
{
    ASN1_STRING name = asn1_view(V_ASN1_PRINTABLESTRING, bytes_of(curve->name, strlen(curve->name)));
    ASN1_TYPE any = {.type = V_ASN1_PRINTABLESTRING, .value.printablestring = &name};
    if (curve_is_weierstrass(curve)) {
        any = (ASN1_TYPE){.type = V_ASN1_OBJECT, .value.object = OBJ_nid2obj(OBJ_sn2nid(curve->name))};
    }
    uint8_t *at = writer->start;
    int size = i2d_ASN1_TYPE(&any, NULL);
    writer->full = size <= 0 || (size_t)size > writer->capacity || i2d_ASN1_TYPE(&any, &at) != size;
    writer->size = writer->full ? 0 : (size_t)size;
}

uint32_t crypto_curve_alg(struct crypto *crypto, struct bytes ec_params, uint32_t *bits)
{
    const struct curve_row *row = NULL;
    if (curve_parse(crypto, ec_params, &row) != HUKS_OK) {
        error_clear();
        return 0;
    }
    if (bits != NULL) {
        *bits = row->bits;
    }
    return row->alg;
}

bool crypto_has_curve(struct crypto *crypto, uint32_t curve)
{
    const struct curve_row *row = curve_by_id(curve);
    return row != NULL && curve_present(crypto, row);
}
