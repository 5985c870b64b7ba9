/*
 * Reading and writing key material by a table of its structs. See material.h.
 */
#include "service/material.h"

#include <string.h>

#include "param/tags.h"

/* ---- the structs ---- */

enum part {
    PART_NONE,
    PART_N,
    PART_E,
    PART_D,
    PART_X,
    PART_Y,
    PART_PRIVATE,
    PART_PUBLIC,
    PART_P,
    PART_Q,
    PART_G,
    PARTS
};
#define HAS(part) (1u << PART_##part)

#define FIELDS_MAX 5

/* Parts stand in the header and behind it in the same order; PART_NONE is a word of no meaning. */
static const struct layout {
    uint32_t alg;
    bool public;
    uint8_t count;
    uint8_t parts[FIELDS_MAX];
    uint16_t needs;      /* what must be there …             */
    uint16_t needs_pair; /* … in a pair, too                 */
    uint16_t most;       /* bytes of a part; 0: of the key   */
} layouts[] = {
#define CURVE_POINTS(alg)                                                                                    \
    {alg, false, 3, {PART_X, PART_Y, PART_PRIVATE}, HAS(PRIVATE), HAS(X) | HAS(Y), 66},                      \
        {alg, true, 3, {PART_X, PART_Y, PART_NONE}, HAS(X) | HAS(Y), 0, 66},
#define TWO_VALUES(alg)                                                                                      \
    {alg, false, 3, {PART_PUBLIC, PART_PRIVATE, PART_NONE}, HAS(PRIVATE), HAS(PUBLIC), 0},                   \
        {alg, true, 3, {PART_PUBLIC, PART_PRIVATE, PART_NONE}, HAS(PUBLIC), 0, 0},
    {OH_HUKS_ALG_RSA, false, 3, {PART_N, PART_E, PART_D}, HAS(N) | HAS(D), HAS(E), 0},
    {OH_HUKS_ALG_RSA, true, 3, {PART_N, PART_E, PART_NONE}, HAS(N) | HAS(E), 0, 0},
    {OH_HUKS_ALG_DSA,
     false,
     5,
     {PART_PRIVATE, PART_PUBLIC, PART_P, PART_Q, PART_G},
     HAS(PRIVATE) | HAS(P) | HAS(Q) | HAS(G),
     HAS(PUBLIC),
     0},
    {OH_HUKS_ALG_DSA,
     true,
     5,
     {PART_PRIVATE, PART_PUBLIC, PART_P, PART_Q, PART_G},
     HAS(PUBLIC) | HAS(P) | HAS(Q) | HAS(G),
     0,
     0},
    CURVE_POINTS(OH_HUKS_ALG_ECC) CURVE_POINTS(OH_HUKS_ALG_ECDH) CURVE_POINTS(OH_HUKS_ALG_SM2)
        TWO_VALUES(OH_HUKS_ALG_DH) TWO_VALUES(OH_HUKS_ALG_X25519) TWO_VALUES(OH_HUKS_ALG_ED25519)};

/* keyAlg and keySize, and the sizes. */
struct header {
    uint32_t alg, bits;
    uint32_t sizes[FIELDS_MAX];
};
_Static_assert(sizeof(struct header) == sizeof(OH_Huks_KeyMaterialRsa) + 8 &&
                   sizeof(OH_Huks_KeyMaterialDsa) == 28,
               "a header is its words and nothing else");

static size_t header_size(const struct layout *layout)
{
    return (2 + (size_t)layout->count) * sizeof(uint32_t);
}

static const struct layout *layout_find(uint32_t alg, bool public)
{
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        if (layouts[i].alg == alg && layouts[i].public == public) {
            return &layouts[i];
        }
    }
    return NULL;
}

huks_rc material_invalid(void)
{
    return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_KEY_INFO);
}

/* ---- reading ---- */

struct parts {
    struct bytes at[PARTS];
};

static huks_rc read_parts(const struct layout *layout, uint32_t bits, struct bytes bytes, struct parts *parts)
{
    struct header header = {0};
    size_t at = header_size(layout);
    size_t most = layout->most != 0 ? layout->most : layout->alg == OH_HUKS_ALG_RSA ? bits / 8 : bytes.size;
    if (bytes.size < at) {
        return material_invalid();
    }
    memcpy(&header, bytes.data, at);
    if (header.alg != layout->alg || header.bits != bits) {
        return material_invalid();
    }
    for (size_t i = 0; i < layout->count; i++) {
        size_t size = layout->parts[i] != PART_NONE ? header.sizes[i] : 0;
        if (size > most || size > bytes.size - at) {
            return material_invalid();
        }
        parts->at[layout->parts[i]] = bytes_of(bytes.data + at, size);
        at += size;
    }
    return at == bytes.size ? HUKS_OK : material_invalid();
}

static huks_rc check_parts(const struct layout *layout, enum rules_import kind, const struct parts *parts)
{
    uint32_t needs = layout->needs | (kind == RULES_IMPORT_PAIR ? layout->needs_pair : 0u);
    for (uint32_t part = PART_N; part < PARTS; part++) {
        if ((needs >> part & 1) != 0 && parts->at[part].size == 0) {
            return material_invalid();
        }
    }
    /* Nobody hands out a private key as a public one on purpose. */
    return layout->public && parts->at[PART_PRIVATE].size != 0 ? material_invalid() : HUKS_OK;
}

/* The uncompressed point of coordinates that may lack leading zeros. */
#define COORDINATE_MAX 66
struct point {
    uint8_t bytes[1 + 2 * COORDINATE_MAX];
    size_t size;
};

static bool point_make(const struct parts *parts, uint32_t bits, struct point *point)
{
    size_t half = (bits + 7) / 8;
    if (half > COORDINATE_MAX || parts->at[PART_X].size > half || parts->at[PART_Y].size > half) {
        return false;
    }
    *point = (struct point){.bytes = {4}, .size = 1 + 2 * half};
    memcpy(point->bytes + 1 + half - parts->at[PART_X].size, parts->at[PART_X].data, parts->at[PART_X].size);
    memcpy(point->bytes + 1 + 2 * half - parts->at[PART_Y].size, parts->at[PART_Y].data,
           parts->at[PART_Y].size);
    return true;
}

/* The tag that a part of the material is a part of the key under; 0: none by itself. */
static uint32_t part_tag(uint32_t alg, enum rules_import kind, uint32_t part)
{
    static const uint32_t tags[PARTS] = {
        [PART_N] = HUKS_TAG_MODULUS,     [PART_E] = HUKS_TAG_PUBLIC_EXPONENT,
        [PART_P] = HUKS_TAG_PRIME,       [PART_D] = HUKS_TAG_PRIVATE_EXPONENT,
        [PART_G] = HUKS_TAG_BASE,        [PART_Q] = HUKS_TAG_SUBPRIME,
        [PART_PRIVATE] = HUKS_TAG_VALUE,
    };
    if (part == PART_PUBLIC) {
        bool raw = alg == OH_HUKS_ALG_X25519 || alg == OH_HUKS_ALG_ED25519;
        return raw ? HUKS_TAG_EC_POINT : kind == RULES_IMPORT_PUBLIC ? HUKS_TAG_VALUE : 0;
    }
    return tags[part];
}

static huks_rc name_parts(uint32_t alg, uint32_t bits, enum rules_import kind, const struct parts *parts,
                          struct point *point, struct param_list *list)
{
    for (uint32_t part = PART_N; part < PARTS; part++) {
        uint32_t tag = part_tag(alg, kind, part);
        if (tag != 0 && parts->at[part].size != 0) {
            HUKS_TRY(param_list_put_bytes(list, tag, parts->at[part]));
        }
    }
    if (parts->at[PART_X].size == 0 && parts->at[PART_Y].size == 0) {
        return HUKS_OK;
    }
    return point_make(parts, bits, point)
               ? param_list_put_bytes(list, HUKS_TAG_EC_POINT, bytes_of(point->bytes, point->size))
               : material_invalid();
}

static void key_free(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

huks_rc material_build(struct crypto *crypto, enum crypto_key_class class, uint32_t alg, uint32_t bits,
                       struct param_list *parts, struct crypto_key **out)
{
    AUTO(crypto_domain_free) struct crypto_domain domain = {0};
    AUTO(param_set_free) OH_Huks_ParamSet *set = NULL;
    AUTO(key_free) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_domain_of_size(crypto, alg, bits, &domain));
    const struct {
        uint32_t tag;
        const struct buffer *value;
    } shared[] = {
        {HUKS_TAG_EC_PARAMS, &domain.ec_params},
        {HUKS_TAG_PRIME, &domain.prime},
        {HUKS_TAG_BASE, &domain.base},
    };
    for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
        if (shared[i].value->size != 0) {
            HUKS_TRY(param_list_put_bytes(parts, shared[i].tag,
                                          bytes_of(shared[i].value->data, shared[i].value->size)));
        }
    }
    HUKS_TRY(param_list_build(parts, &set));
    huks_rc rc = crypto_key_build(crypto, class, alg, set, &key);
    if (rc == HUKS_E_INVALID_PARAM || rc == HUKS_E_MISSING_PARAM) {
        return material_invalid();
    }
    HUKS_TRY(rc);
    if (crypto_key_alg(key) != alg || crypto_key_bits(key) != bits) {
        return material_invalid();
    }
    *out = key;
    key = NULL;
    return HUKS_OK;
}

/* What the key's other half came to, against what was given for it. Leading zeros mean nothing. */
static huks_rc check_public_value(struct crypto_key *key, struct bytes given)
{
    AUTO(key_free) struct crypto_key *public = NULL;
    AUTO(secret_free) struct secret value = {0};
    HUKS_TRY(crypto_key_public(key, &public));
    HUKS_TRY(crypto_key_part(public, HUKS_TAG_VALUE, &value));
    while (given.size > 0 && given.data[0] == 0) {
        given = bytes_of(given.data + 1, given.size - 1);
    }
    return bytes_equal(given, secret_bytes(&value)) ? HUKS_OK : material_invalid();
}

huks_rc material_read(struct crypto *crypto, uint32_t alg, uint32_t bits, enum rules_import kind,
                      struct bytes bytes, struct crypto_key **out)
{
    const struct layout *layout = layout_find(alg, kind == RULES_IMPORT_PUBLIC);
    AUTO(param_list_free) struct param_list list = {0};
    AUTO(key_free) struct crypto_key *key = NULL;
    struct parts parts = {0};
    struct point point;
    if (layout == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    HUKS_TRY(read_parts(layout, bits, bytes, &parts));
    HUKS_TRY(check_parts(layout, kind, &parts));
    HUKS_TRY(name_parts(alg, bits, kind, &parts, &point, &list));
    HUKS_TRY(material_build(crypto, layout->public ? CRYPTO_PUBLIC : CRYPTO_PRIVATE, alg, bits, &list, &key));
    if (kind != RULES_IMPORT_PUBLIC && parts.at[PART_PUBLIC].size != 0 &&
        part_tag(alg, kind, PART_PUBLIC) == 0) {
        HUKS_TRY(check_public_value(key, parts.at[PART_PUBLIC]));
    }
    *out = key;
    key = NULL;
    return HUKS_OK;
}

/* ---- writing ---- */

struct written {
    struct secret at[FIELDS_MAX];
};

static void written_free(struct written *written)
{
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        secret_free(&written->at[i]);
    }
}

/* x or y of the uncompressed point. */
static huks_rc write_coordinate(const struct crypto_key *key, bool second, struct secret *out)
{
    AUTO(secret_free) struct secret point = {0};
    HUKS_TRY(crypto_key_part(key, HUKS_TAG_EC_POINT, &point));
    if (point.size % 2 == 0) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    size_t half = point.size / 2;
    return secret_set(out, point.data + 1 + (second ? half : 0), half);
}

static huks_rc write_part(const struct crypto_key *key, struct crypto_key *public, uint32_t part,
                          struct secret *out)
{
    switch (part) {
    case PART_NONE:
        return HUKS_OK;
    case PART_X:
    case PART_Y:
        return write_coordinate(key, part == PART_Y, out);
    case PART_PUBLIC:
        return crypto_key_part(public, part_tag(crypto_key_alg(key), RULES_IMPORT_PUBLIC, part), out);
    case PART_PRIVATE:
        return crypto_key_class(key) == CRYPTO_PRIVATE ? crypto_key_part(key, HUKS_TAG_VALUE, out) : HUKS_OK;
    default:
        return crypto_key_part(key, part_tag(0, RULES_IMPORT_PAIR, part), out);
    }
}

huks_rc material_write(struct crypto_key *key, bool public, struct secret *out)
{
    const struct layout *layout = layout_find(crypto_key_alg(key), public);
    AUTO(written_free) struct written written = {0};
    AUTO(key_free) struct crypto_key *half = NULL;
    struct header header = {.alg = crypto_key_alg(key), .bits = crypto_key_bits(key)};
    if (layout == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm");
    }
    HUKS_TRY(crypto_key_public(key, &half));
    size_t size = header_size(layout);
    for (size_t i = 0; i < layout->count; i++) {
        HUKS_TRY(write_part(public ? half : key, half, layout->parts[i], &written.at[i]));
        header.sizes[i] = (uint32_t)written.at[i].size;
        size += written.at[i].size;
    }
    HUKS_TRY(secret_alloc(out, size));
    size_t at = header_size(layout);
    memcpy(out->data, &header, at);
    for (size_t i = 0; i < layout->count; i++) {
        if (written.at[i].size != 0) {
            memcpy(out->data + at, written.at[i].data, written.at[i].size);
            at += written.at[i].size;
        }
    }
    return HUKS_OK;
}
