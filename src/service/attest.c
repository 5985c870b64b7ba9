/*
 * A key's own certificate: which keys have one, and what it claims. See attest.h.
 *
 * HUKS's level of a claim says who vouches for it. What the asker brings, the challenge and identifiers, is
 * LOW here: no secure world has verified it. What the token knows of its key is HIGH.
 */
#include "service/attest.h"

#include <string.h>

#include "service/attest_authority.h"

enum level { LEVEL_LOW = 0, LEVEL_HIGH = 2 };

#define YEARS 10

void attestation_free(struct attestation *attestation)
{
    for (size_t i = 0; i < ARRAY_SIZE(attestation->certificates); i++) {
        buffer_free(&attestation->certificates[i]);
    }
    attestation->count = 0;
}

huks_rc attestation_pem(struct bytes certificate, struct buffer *pem)
{
    return crypto_certificate_pem(certificate, pem);
}

/* ---- which keys ---- */

bool attest_knows(uint32_t alg)
{
    return alg == OH_HUKS_ALG_RSA || alg == OH_HUKS_ALG_ECC || alg == OH_HUKS_ALG_SM2 ||
           alg == OH_HUKS_ALG_X25519 || alg == OH_HUKS_ALG_ED25519;
}

static bool curve_attested(const struct crypto_key *key)
{
    switch (crypto_key_curve(key)) {
    case HUKS_CURVE_NONE: /* RSA */
    case HUKS_CURVE_P256:
    case HUKS_CURVE_P384:
    case HUKS_CURVE_P521:
    case HUKS_CURVE_SM2:
    case HUKS_CURVE_X25519:
    case HUKS_CURVE_ED25519:
        return true;
    default:
        return false;
    }
}

/* HUKS's keys never leave. One that may, or was made so that it might have, is no such key. */
static bool stays_here(const struct item *item)
{
    const OH_Huks_ParamSet *params = item_params(item);
    bool made_here = param_bool(params, HUKS_TAG_LOCAL, false);
    return !param_bool(params, HUKS_TAG_EXTRACTABLE, false) &&
           (!made_here || param_bool(params, HUKS_TAG_NEVER_EXTRACTABLE, true));
}

static huks_rc check_key(const struct item *item, const struct crypto_key *key)
{
    if (!curve_attested(key)) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "elliptic curve");
    }
    return stays_here(item) ? HUKS_OK
                            : error_raise(HUKS_E_INVALID_PARAM, ABOUT_PURPOSE,
                                          "key: only one that never leaves is attested");
}

/* ---- claims ---- */

/* OBJECT IDENTIFIERs of HUKS's claims: of the key, of the system, and of groups. */
#define OID(tail) "1.3.6.1.4.1.2011.2.376.2." tail

#define CLAIMS_MAX 24
struct claims {
    struct crypto_claim at[CLAIMS_MAX];
    size_t count;
    uint8_t numbers[CLAIMS_MAX][4]; /* what the claims that are numbers view */
};

static void claim(struct claims *claims, enum level level, const char *oid, enum crypto_claim_kind kind,
                  struct bytes value)
{
    claims->at[claims->count++] = (struct crypto_claim){(uint32_t)level, oid, kind, value};
}

static void claim_number(struct claims *claims, const char *oid, uint32_t number)
{
    uint8_t *bytes = claims->numbers[claims->count];
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(number >> (8 * i));
    }
    claim(claims, LEVEL_HIGH, oid, CRYPTO_CLAIM_OCTETS, bytes_of(bytes, 4));
}

/* What the asker says, in HUKS's order. */
static const struct given {
    uint32_t tag;
    const char *oid;
    enum crypto_claim_kind kind;
    bool identifies; /* not in an anonymous chain */
} givens[] = {
    {OH_HUKS_TAG_ATTESTATION_ID_ALIAS, OID("1.2"), CRYPTO_CLAIM_OCTETS, false},
    {HUKS_TAG_ATTESTATION_ID_BRAND, OID("2.4.4"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_DEVICE, OID("2.4.5"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_PRODUCT, OID("2.4.6"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_SERIAL, OID("2.4.3"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_IMEI, OID("2.4.1"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_MEID, OID("2.4.2"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_MANUFACTURER, OID("2.4.7"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_MODEL, OID("2.4.8"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_SOCID, OID("2.4.9"), CRYPTO_CLAIM_TEXT, true},
    {HUKS_TAG_ATTESTATION_ID_UDID, OID("2.4.10"), CRYPTO_CLAIM_TEXT, true},
    {OH_HUKS_TAG_ATTESTATION_ID_SEC_LEVEL_INFO, OID("2.2.5"), CRYPTO_CLAIM_OCTETS, false},
    {OH_HUKS_TAG_ATTESTATION_ID_VERSION_INFO, OID("2.2.4"), CRYPTO_CLAIM_OCTETS, false},
};

/* Groups of purpose, padding and digest that have a name. */
#define SIGNS      (OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY)
#define CRYPTS     (OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT)
#define ANY_DIGEST UINT32_MAX
static const struct group {
    uint32_t alg, purposes, padding, digest;
    const char *oid;
} groups[] = {
    {OH_HUKS_ALG_RSA, SIGNS, OH_HUKS_PADDING_PSS, OH_HUKS_DIGEST_SHA256, OID("4.1.3")},
    {OH_HUKS_ALG_ECC, SIGNS, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_SHA256, OID("4.1.5")},
    {OH_HUKS_ALG_SM2, SIGNS, OH_HUKS_PADDING_NONE, OH_HUKS_DIGEST_SM3, OID("4.1.5")},
    {OH_HUKS_ALG_RSA, CRYPTS, OH_HUKS_PADDING_OAEP, OH_HUKS_DIGEST_SHA256, OID("4.2.3")},
    {OH_HUKS_ALG_RSA, CRYPTS, OH_HUKS_PADDING_OAEP, ANY_DIGEST, OID("4.2.2")},
};

/* What the key may do, both halves together, and how. */
struct use {
    uint32_t alg, purposes, padding, digest;
};

static const struct group *group_of(const struct use *use)
{
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        const struct group *group = &groups[i];
        if (group->alg == use->alg && (use->purposes & group->purposes) != 0 &&
            (use->purposes & ~group->purposes) == 0 && group->padding == use->padding &&
            (group->digest == ANY_DIGEST || group->digest == use->digest)) {
            return group;
        }
    }
    return NULL;
}

static struct use use_of(const struct item *private, const struct item *public)
{
    const OH_Huks_ParamSet *params = item_params(private);
    uint32_t purposes = item_purposes(private) | (public != NULL ? item_purposes(public) : 0);
    return (struct use){
        .alg = item_alg(private),
        .purposes = purposes & HUKS_PURPOSE_NATIVE_MASK,
        .padding = param_u32(params, OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_NONE),
        .digest = param_u32(params, OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE),
    };
}

static void claim_given(struct claims *claims, const struct attest_request *request)
{
    claim(claims, LEVEL_LOW, OID("1.4"), CRYPTO_CLAIM_OCTETS, request->challenge);
    for (size_t i = 0; i < ARRAY_SIZE(givens); i++) {
        struct bytes value = param_bytes(request->set, givens[i].tag);
        if (value.data != NULL && !(givens[i].identifies && request->anonymous)) {
            claim(claims, givens[i].tag == OH_HUKS_TAG_ATTESTATION_ID_ALIAS ? LEVEL_HIGH : LEVEL_LOW,
                  givens[i].oid, givens[i].kind, value);
        }
    }
}

static void claim_key(struct claims *claims, const struct item *item, const struct use *use)
{
    const OH_Huks_ParamSet *params = item_params(item);
    const struct group *group = group_of(use);
    claim_number(claims, OID("1.11"), param_u32(params, OH_HUKS_TAG_KEY_SECURE_SIGN_TYPE, 0));
    claim_number(claims, OID("1.5"), param_u32(params, OH_HUKS_TAG_KEY_FLAG, 0));
    if (group != NULL) {
        claim(claims, LEVEL_HIGH, group->oid, CRYPTO_CLAIM_TRUE, BYTES_NONE);
        return;
    }
    claim_number(claims, OID("1.1"), use->purposes);
    claim_number(claims, OID("1.8"), use->digest);
    if (use->alg != OH_HUKS_ALG_RSA && use->alg != OH_HUKS_ALG_SM2) {
        claim_number(claims, OID("1.9"), use->padding);
    }
}

static uint32_t key_usage(uint32_t purposes)
{
    static const struct {
        uint32_t purposes, usage;
    } usages[] = {
        {SIGNS, CRYPTO_USAGE_SIGNATURE},
        {CRYPTS | OH_HUKS_KEY_PURPOSE_WRAP | OH_HUKS_KEY_PURPOSE_UNWRAP, CRYPTO_USAGE_KEY_ENCIPHERMENT},
        {OH_HUKS_KEY_PURPOSE_DERIVE | OH_HUKS_KEY_PURPOSE_AGREE, CRYPTO_USAGE_KEY_AGREEMENT},
    };
    uint32_t usage = 0;
    for (size_t i = 0; i < ARRAY_SIZE(usages); i++) {
        usage |= (purposes & usages[i].purposes) != 0 ? usages[i].usage : 0;
    }
    return usage;
}

/* ---- the certificate ---- */

static void key_free(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

static huks_rc make_certificate(struct item *private, const struct use *use, const struct claims *claims,
                                const struct crypto_key *key, const struct issuer *issuer, struct buffer *out)
{
    AUTO(secret_free) struct secret public = {0};
    struct date now = attest_now();
    HUKS_TRY(crypto_key_encode(key, CRYPTO_PUBLIC, &public));
    const struct crypto_certificate certificate = {
        .public_info = secret_bytes(&public),
        .name = "A Keymaster Key",
        .serial = 1,
        .from = now,
        .to = date_add_years(now, YEARS),
        .issuer = bytes_of(issuer->chain[0].data, issuer->chain[0].size),
        .signer = issuer->key,
        .usage = key_usage(use->purposes),
        .below = -1,
        .claims = claims->at,
        .claim_count = claims->count,
    };
    return crypto_certificate_make(private->token->engine->crypto, &certificate, out);
}

huks_rc attest_key(struct item *private, struct item *public, const struct attest_request *request,
                   struct attestation *out)
{
    AUTO(key_free) struct crypto_key *key = NULL;
    AUTO(issuer_free) struct issuer issuer = {0};
    struct claims claims = {.count = 0};
    struct use use = use_of(private, public);
    if (item_class(private) != HUKS_CLASS_PRIVATE_KEY || !attest_knows(item_alg(private))) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm");
    }
    HUKS_TRY(item_key(private, &key));
    HUKS_TRY(check_key(private, key));
    HUKS_TRY(issuer_get(private->token, request->anonymous, &issuer));
    claim_given(&claims, request);
    claim_key(&claims, private, &use);
    HUKS_TRY(make_certificate(private, &use, &claims, key, &issuer, &out->certificates[0]));
    for (out->count = 1; out->count <= issuer.count; out->count++) {
        struct buffer moved = issuer.chain[out->count - 1];
        issuer.chain[out->count - 1] = (struct buffer){0};
        out->certificates[out->count] = moved;
    }
    return HUKS_OK;
}
