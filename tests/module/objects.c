/* Templates, keys and objects of the module tests. */
#include "objects.h"

#include <string.h>

#include "harness.h"
#include "keys.h"

const struct curve curves[] = {
    {"P-224", {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x21}, 7, 28},
    {"P-256", {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 10, 32},
    {"P-384", {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22}, 7, 48},
    {"P-521", {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23}, 7, 66},
    {"secp256k1", {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a}, 7, 32},
};
const size_t curves_count = sizeof curves / sizeof curves[0];

/* The printable string: SoftHSM2 2.6.1 and its users know Ed25519 by it, the standard allows it. */
const CK_BYTE ed25519_params[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
const size_t ed25519_params_len = sizeof ed25519_params;

/* ---- Templates --------------------------------------------------------------------------------------- */

static CK_ULONG place_of(struct template *t, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG place = 0;

    while (place < t->count && t->list[place].type != type) {
        place++;
    }
    if (place == t->count) {
        ck_assert(t->count < sizeof t->list / sizeof t->list[0]);
        t->count++;
    }
    t->list[place].type = type;
    return place;
}

void add_bool(struct template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
    CK_ULONG i = place_of(t, type);

    t->values[i].truth = value ? CK_TRUE : CK_FALSE;
    t->list[i].pValue = &t->values[i].truth;
    t->list[i].ulValueLen = sizeof(CK_BBOOL);
}

void add_ulong(struct template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    CK_ULONG i = place_of(t, type);

    t->values[i].number = value;
    t->list[i].pValue = &t->values[i].number;
    t->list[i].ulValueLen = sizeof(CK_ULONG);
}

void add_bytes(struct template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t length)
{
    CK_ULONG i = place_of(t, type);

    t->list[i].pValue = (void *)(uintptr_t)value;
    t->list[i].ulValueLen = length;
}

void add_text(struct template *t, CK_ATTRIBUTE_TYPE type, const char *value)
{
    add_bytes(t, type, value, strlen(value));
}

void add_all(struct template *t, const struct template *more)
{
    for (CK_ULONG i = 0; more != NULL && i < more->count; i++) {
        add_bytes(t, more->list[i].type, more->list[i].pValue, more->list[i].ulValueLen);
    }
}

void remove_attribute(struct template *t, CK_ATTRIBUTE_TYPE type)
{
    struct template rest = {.count = 0};

    for (CK_ULONG i = 0; i < t->count; i++) {
        CK_ATTRIBUTE *a = &t->list[i];
        bool inside = (char *)a->pValue >= (char *)t && (char *)a->pValue < (char *)(t + 1);

        if (a->type == type) {
            continue;
        }
        if (inside && a->ulValueLen == sizeof(CK_ULONG)) {
            add_ulong(&rest, a->type, *(CK_ULONG *)a->pValue);
        } else if (inside) {
            add_bool(&rest, a->type, *(CK_BBOOL *)a->pValue == CK_TRUE);
        } else {
            add_bytes(&rest, a->type, a->pValue, a->ulValueLen);
        }
    }
    t->count = 0;
    for (CK_ULONG i = 0; i < rest.count; i++) {
        CK_ATTRIBUTE *a = &rest.list[i];
        bool inside = (char *)a->pValue >= (char *)&rest && (char *)a->pValue < (char *)(&rest + 1);

        if (inside && a->ulValueLen == sizeof(CK_ULONG)) {
            add_ulong(t, a->type, *(CK_ULONG *)a->pValue);
        } else if (inside) {
            add_bool(t, a->type, *(CK_BBOOL *)a->pValue == CK_TRUE);
        } else {
            add_bytes(t, a->type, a->pValue, a->ulValueLen);
        }
    }
}

/* ---- Objects ------------------------------------------------------------------------------------------- */

CK_RV create_object(CK_SESSION_HANDLE session, struct template *t, CK_OBJECT_HANDLE *object)
{
    *object = CK_INVALID_HANDLE;
    return p11->C_CreateObject(session, t->list, t->count, object);
}

CK_OBJECT_HANDLE make_data(CK_SESSION_HANDLE session, const char *label, const struct template *more)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, CKO_DATA);
    add_bool(&t, CKA_TOKEN, false);
    add_bool(&t, CKA_PRIVATE, false);
    add_text(&t, CKA_LABEL, label);
    add_text(&t, CKA_VALUE, "some data");
    add_all(&t, more);
    ok(create_object(session, &t, &object));
    return object;
}

CK_OBJECT_HANDLE import_secret(CK_SESSION_HANDLE session, CK_KEY_TYPE type, const void *value, size_t length,
                               const struct template *more)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, type);
    add_bool(&t, CKA_TOKEN, false);
    add_bool(&t, CKA_SIGN, true);
    add_bool(&t, CKA_VERIFY, true);
    if (type == CKK_AES) {
        add_bool(&t, CKA_ENCRYPT, true);
        add_bool(&t, CKA_DECRYPT, true);
        add_bool(&t, CKA_WRAP, true);
        add_bool(&t, CKA_UNWRAP, true);
    }
    add_bytes(&t, CKA_VALUE, value, length);
    add_all(&t, more);
    ok(create_object(session, &t, &object));
    return object;
}

CK_OBJECT_HANDLE import_aes(CK_SESSION_HANDLE session, size_t length, const struct template *more)
{
    CK_BYTE value[32];

    fill_pattern(value, sizeof value, 1);
    return import_secret(session, CKK_AES, value, length, more);
}

void rsa_public_template(struct template *t)
{
    add_ulong(t, CKA_CLASS, CKO_PUBLIC_KEY);
    add_ulong(t, CKA_KEY_TYPE, CKK_RSA);
    add_bool(t, CKA_TOKEN, false);
    add_bool(t, CKA_PRIVATE, false);
    add_bool(t, CKA_VERIFY, true);
    add_bool(t, CKA_ENCRYPT, true);
    add_bool(t, CKA_WRAP, true);
    add_bytes(t, CKA_MODULUS, rsa_modulus, sizeof rsa_modulus);
    add_bytes(t, CKA_PUBLIC_EXPONENT, rsa_public_exponent, sizeof rsa_public_exponent);
}

void rsa_private_template(struct template *t)
{
    add_ulong(t, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(t, CKA_KEY_TYPE, CKK_RSA);
    add_bool(t, CKA_TOKEN, false);
    add_bool(t, CKA_SIGN, true);
    add_bool(t, CKA_DECRYPT, true);
    add_bool(t, CKA_UNWRAP, true);
    add_bytes(t, CKA_MODULUS, rsa_modulus, sizeof rsa_modulus);
    add_bytes(t, CKA_PUBLIC_EXPONENT, rsa_public_exponent, sizeof rsa_public_exponent);
    add_bytes(t, CKA_PRIVATE_EXPONENT, rsa_private_exponent, sizeof rsa_private_exponent);
    add_bytes(t, CKA_PRIME_1, rsa_prime_1, sizeof rsa_prime_1);
    add_bytes(t, CKA_PRIME_2, rsa_prime_2, sizeof rsa_prime_2);
    add_bytes(t, CKA_EXPONENT_1, rsa_exponent_1, sizeof rsa_exponent_1);
    add_bytes(t, CKA_EXPONENT_2, rsa_exponent_2, sizeof rsa_exponent_2);
    add_bytes(t, CKA_COEFFICIENT, rsa_coefficient, sizeof rsa_coefficient);
}

void ec_public_template(struct template *t)
{
    add_ulong(t, CKA_CLASS, CKO_PUBLIC_KEY);
    add_ulong(t, CKA_KEY_TYPE, CKK_EC);
    add_bool(t, CKA_TOKEN, false);
    add_bool(t, CKA_PRIVATE, false);
    add_bool(t, CKA_VERIFY, true);
    add_bytes(t, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    add_bytes(t, CKA_EC_POINT, ec_point_der, sizeof ec_point_der);
}

void ec_private_template(struct template *t)
{
    add_ulong(t, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(t, CKA_KEY_TYPE, CKK_EC);
    add_bool(t, CKA_TOKEN, false);
    add_bool(t, CKA_SIGN, true);
    add_bool(t, CKA_DERIVE, true);
    add_bytes(t, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    add_bytes(t, CKA_VALUE, ec_private, sizeof ec_private);
}

static struct pair import_pair(CK_SESSION_HANDLE session, struct template *public_template,
                               struct template *private_template, const struct template *more_private)
{
    struct pair pair;

    ok(create_object(session, public_template, &pair.public_key));
    add_all(private_template, more_private);
    ok(create_object(session, private_template, &pair.private_key));
    return pair;
}

struct pair import_rsa(CK_SESSION_HANDLE session, const struct template *more_private)
{
    struct template public_template = {.count = 0};
    struct template private_template = {.count = 0};

    rsa_public_template(&public_template);
    rsa_private_template(&private_template);
    return import_pair(session, &public_template, &private_template, more_private);
}

struct pair import_ec(CK_SESSION_HANDLE session, const struct template *more_private)
{
    struct template public_template = {.count = 0};
    struct template private_template = {.count = 0};

    ec_public_template(&public_template);
    ec_private_template(&private_template);
    return import_pair(session, &public_template, &private_template, more_private);
}

static struct pair generate_pair(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, const CK_BYTE *params,
                                 CK_ULONG params_len, bool derive, const struct template *more_private)
{
    struct template public_template = {.count = 0};
    struct template private_template = {.count = 0};
    CK_MECHANISM mechanism = {type, NULL, 0};
    struct pair pair = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};

    add_bool(&public_template, CKA_TOKEN, false);
    add_bool(&public_template, CKA_PRIVATE, false);
    add_bool(&public_template, CKA_VERIFY, true);
    add_bytes(&public_template, CKA_EC_PARAMS, params, params_len);
    add_bool(&private_template, CKA_TOKEN, false);
    add_bool(&private_template, CKA_SIGN, true);
    if (derive) {
        add_bool(&private_template, CKA_DERIVE, true);
    }
    add_all(&private_template, more_private);
    ok(p11->C_GenerateKeyPair(session, &mechanism, public_template.list, public_template.count,
                              private_template.list, private_template.count, &pair.public_key,
                              &pair.private_key));
    return pair;
}

struct pair generate_ec(CK_SESSION_HANDLE session, const struct curve *curve,
                        const struct template *more_private)
{
    return generate_pair(session, CKM_EC_KEY_PAIR_GEN, curve->params, curve->params_len, true, more_private);
}

struct pair generate_ed25519(CK_SESSION_HANDLE session)
{
    return generate_pair(session, CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519_params, ed25519_params_len, false,
                         NULL);
}

CK_OBJECT_HANDLE generate_aes(CK_SESSION_HANDLE session, CK_ULONG bytes, const struct template *more)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    struct template t = {.count = 0};

    add_bool(&t, CKA_TOKEN, false);
    add_bool(&t, CKA_ENCRYPT, true);
    add_bool(&t, CKA_DECRYPT, true);
    add_ulong(&t, CKA_VALUE_LEN, bytes);
    add_all(&t, more);
    ok(p11->C_GenerateKey(session, &mechanism, t.list, t.count, &key));
    return key;
}

/* ---- Looking ------------------------------------------------------------------------------------------- */

static CK_ULONG find_some(CK_SESSION_HANDLE session, struct template *t, CK_OBJECT_HANDLE *first)
{
    CK_OBJECT_HANDLE found[16];
    CK_ULONG count;
    CK_ULONG total = 0;

    ok(p11->C_FindObjectsInit(session, t == NULL ? NULL : t->list, t == NULL ? 0 : t->count));
    do {
        count = 0;
        ok(p11->C_FindObjects(session, found, 16, &count));
        if (total == 0 && count > 0) {
            *first = found[0];
        }
        total += count;
    } while (count > 0);
    ok(p11->C_FindObjectsFinal(session));
    return total;
}

CK_ULONG count_objects(CK_SESSION_HANDLE session, struct template *t)
{
    CK_OBJECT_HANDLE first;

    return find_some(session, t, &first);
}

CK_OBJECT_HANDLE find_object(CK_SESSION_HANDLE session, struct template *t)
{
    CK_OBJECT_HANDLE first = CK_INVALID_HANDLE;

    ck_assert_uint_eq(find_some(session, t, &first), 1);
    return first;
}

bool get_bool(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = 2;
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    ok(p11->C_GetAttributeValue(session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, sizeof value);
    ck_assert(value == CK_TRUE || value == CK_FALSE);
    return value == CK_TRUE;
}

CK_ULONG get_ulong(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG value = 0;
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    ok(p11->C_GetAttributeValue(session, object, &attribute, 1));
    ck_assert_uint_eq(attribute.ulValueLen, sizeof value);
    return value;
}

CK_ULONG get_bytes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_BYTE *value,
                   CK_ULONG room)
{
    CK_ATTRIBUTE attribute = {type, value, room};

    ok(p11->C_GetAttributeValue(session, object, &attribute, 1));
    return attribute.ulValueLen;
}

bool has_mechanism(CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_INFO info;
    CK_RV rv = p11->C_GetMechanismInfo(the_slot, type, &info);

    ck_assert_msg(rv == CKR_OK || rv == CKR_MECHANISM_INVALID, "C_GetMechanismInfo: %s", ckr_name(rv));
    return rv == CKR_OK;
}

void fill_pattern(CK_BYTE *buffer, size_t length, unsigned shift)
{
    for (size_t i = 0; i < length; i++) {
        buffer[i] = (CK_BYTE)(i * 7 + shift);
    }
}
