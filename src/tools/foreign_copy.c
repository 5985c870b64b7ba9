/* One object's way from another token into ours. See foreign.h. */
#include "tools/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of PKCS #11 3.0 and 3.2, and not in every <p11-kit/pkcs11.h>. */
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210bUL
#endif
#ifndef CKA_PARAMETER_SET
#define CKA_PARAMETER_SET 0x61dUL
#endif
#ifndef CKA_ENCAPSULATE
#define CKA_ENCAPSULATE          0x633UL
#define CKA_DECAPSULATE          0x634UL
#define CKA_ENCAPSULATE_TEMPLATE (CKF_ARRAY_ATTRIBUTE | 0x62aUL)
#define CKA_DECAPSULATE_TEMPLATE (CKF_ARRAY_ATTRIBUTE | 0x62bUL)
#endif
#ifndef CKA_SEED
#define CKA_SEED 0x637UL
#endif

/* ---- which attributes ---- */

enum {
    DATA = 1 << CKO_DATA,
    CERT = 1 << CKO_CERTIFICATE,
    PUB = 1 << CKO_PUBLIC_KEY,
    PRIV = 1 << CKO_PRIVATE_KEY,
    SEC = 1 << CKO_SECRET_KEY,
    DOM = 1 << CKO_DOMAIN_PARAMETERS,
    KEY = PUB | PRIV | SEC,
    ALL = DATA | CERT | KEY | DOM
};

#define NAMED(NAME) CKA_##NAME, "CKA_" #NAME

/*
 * What a new object takes over, after PKCS #11's own lists (chapter 4, and the key objects of chapter 6). Not
 * there: what the token says of itself (LOCAL, ALWAYS_SENSITIVE …), what follows from the value, and TRUSTED.
 */
static const struct row {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    unsigned classes;
    unsigned values; /* classes whose value it is part of: comes with the wrapped key, if that is wrapped */
} rows[] = {
    {NAMED(PRIVATE), ALL, 0},
    {NAMED(MODIFIABLE), ALL, 0},
    {NAMED(COPYABLE), ALL, 0},
    {NAMED(DESTROYABLE), ALL, 0},
    {NAMED(LABEL), ALL, 0},
    {NAMED(APPLICATION), DATA, 0},
    {NAMED(OBJECT_ID), DATA, 0},
    {NAMED(CERTIFICATE_TYPE), CERT, 0},
    {NAMED(CERTIFICATE_CATEGORY), CERT, 0},
    {NAMED(ISSUER), CERT, 0},
    {NAMED(SERIAL_NUMBER), CERT, 0},
    {NAMED(URL), CERT, 0},
    {NAMED(HASH_OF_SUBJECT_PUBLIC_KEY), CERT, 0},
    {NAMED(HASH_OF_ISSUER_PUBLIC_KEY), CERT, 0},
    {NAMED(JAVA_MIDP_SECURITY_DOMAIN), CERT, 0},
    {NAMED(NAME_HASH_ALGORITHM), CERT, 0},
    {NAMED(AC_ISSUER), CERT, 0},
    {NAMED(OWNER), CERT, 0},
    {NAMED(ATTR_TYPES), CERT, 0},
    {NAMED(SUBJECT), CERT | PUB | PRIV, 0},
    {NAMED(ID), CERT | KEY, 0},
    {NAMED(START_DATE), CERT | KEY, 0},
    {NAMED(END_DATE), CERT | KEY, 0},
    {NAMED(KEY_TYPE), KEY | DOM, 0},
    {NAMED(ALLOWED_MECHANISMS), KEY, 0},
    {NAMED(DERIVE), KEY, 0},
    {NAMED(ENCRYPT), PUB | SEC, 0},
    {NAMED(VERIFY), PUB | SEC, 0},
    {NAMED(VERIFY_RECOVER), PUB, 0},
    {NAMED(WRAP), PUB | SEC, 0},
    {NAMED(DECRYPT), PRIV | SEC, 0},
    {NAMED(SIGN), PRIV | SEC, 0},
    {NAMED(SIGN_RECOVER), PRIV, 0},
    {NAMED(ENCAPSULATE), PUB, 0},
    {NAMED(DECAPSULATE), PRIV, 0},
    {NAMED(UNWRAP), PRIV | SEC, 0},
    {NAMED(SENSITIVE), PRIV | SEC, 0},
    {NAMED(EXTRACTABLE), PRIV | SEC, 0},
    {NAMED(WRAP_WITH_TRUSTED), PRIV | SEC, 0},
    {NAMED(ALWAYS_AUTHENTICATE), PRIV, 0},
    {NAMED(VALUE), DATA | CERT | PUB | PRIV | SEC, PRIV | SEC},
    {NAMED(MODULUS), PUB | PRIV, PRIV},
    {NAMED(PUBLIC_EXPONENT), PUB | PRIV, PRIV},
    {NAMED(PRIVATE_EXPONENT), PRIV, PRIV},
    {NAMED(PRIME_1), PRIV, PRIV},
    {NAMED(PRIME_2), PRIV, PRIV},
    {NAMED(EXPONENT_1), PRIV, PRIV},
    {NAMED(EXPONENT_2), PRIV, PRIV},
    {NAMED(COEFFICIENT), PRIV, PRIV},
    {NAMED(EC_PARAMS), PUB | PRIV | DOM, PRIV},
    {NAMED(EC_POINT), PUB, 0},
    {NAMED(PARAMETER_SET), PUB | PRIV, PRIV},
    {NAMED(SEED), PRIV, PRIV},
    {NAMED(PRIME), PUB | PRIV | DOM, PRIV},
    {NAMED(SUBPRIME), PUB | PRIV | DOM, PRIV},
    {NAMED(BASE), PUB | PRIV | DOM, PRIV},
};

_Static_assert(ARRAY_SIZE(rows) <= FOREIGN_ATTRIBUTES, "an object has room for every row");

/* Templates bind what a key may do to others. Without them it could do more: such a key is not taken. */
static const struct {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
} bonds[] = {
    {NAMED(WRAP_TEMPLATE)},        {NAMED(UNWRAP_TEMPLATE)},      {NAMED(DERIVE_TEMPLATE)},
    {NAMED(ENCAPSULATE_TEMPLATE)}, {NAMED(DECAPSULATE_TEMPLATE)},
};

bool foreign_knows(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type)
{
    if (class >= 32 || (1U << class & ALL) == 0) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].type == type && (rows[i].classes & 1U << class) != 0) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(bonds); i++) {
        if (bonds[i].type == type) {
            return true;
        }
    }
    return false;
}

const CK_ATTRIBUTE *foreign_attribute(const struct foreign_object *object, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < object->count; i++) {
        if (object->attributes[i].type == type) {
            return &object->attributes[i];
        }
    }
    return NULL;
}

void foreign_object_free(struct foreign_object *object)
{
    for (size_t i = 0; i < object->count; i++) {
        memory_cleanse(object->attributes[i].pValue, object->attributes[i].ulValueLen);
        free(object->attributes[i].pValue);
    }
    object->count = 0;
}

/* ---- reading ---- */

/* Bytes of an attribute; 0: it has none. What else the module answers is in *rv. */
static CK_ULONG size_of(struct foreign *from, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type, CK_RV *rv)
{
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    *rv = from->p11->C_GetAttributeValue(from->session, handle, &attribute, 1);
    if (*rv == CKR_ATTRIBUTE_TYPE_INVALID || *rv == CKR_ATTRIBUTE_SENSITIVE) {
        *rv = CKR_OK;
        return 0;
    }
    return *rv == CKR_OK && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION ? attribute.ulValueLen : 0;
}

/* SoftHSM2 can't tell dates of private objects: the rest of the object is no worse for that, but it is said.
 */
static void unreadable(struct foreign_object *object, const struct row *row, CK_RV rv)
{
    char room[24];
    snprintf(object->lacks, sizeof(object->lacks), "without its %s: C_GetAttributeValue answers %s",
             row->name, foreign_answer(rv, room));
}

static huks_rc take(struct foreign *from, struct foreign_object *object, const struct row *row)
{
    CK_RV rv;
    CK_ULONG size = size_of(from, object->handle, row->type, &rv);
    if (rv != CKR_OK) {
        unreadable(object, row, rv);
    }
    if (size == 0) {
        return HUKS_OK;
    }
    CK_ATTRIBUTE *attribute = &object->attributes[object->count];
    *attribute = (CK_ATTRIBUTE){row->type, calloc(1, size), size};
    if (attribute->pValue == NULL) {
        return error_no_memory();
    }
    rv = from->p11->C_GetAttributeValue(from->session, object->handle, attribute, 1);
    if (rv != CKR_OK || attribute->ulValueLen > size) {
        unreadable(object, row, rv);
        memory_cleanse(attribute->pValue, size);
        free(attribute->pValue);
        return HUKS_OK;
    }
    object->count++;
    return HUKS_OK;
}

static bool says(struct foreign *from, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};
    CK_RV rv = from->p11->C_GetAttributeValue(from->session, handle, &attribute, 1);
    return rv == CKR_OK && attribute.ulValueLen == sizeof(value) ? value != CK_FALSE : otherwise;
}

static void stay(struct foreign_object *object, const char *why)
{
    snprintf(object->stays, sizeof(object->stays), "%s", why);
}

static void look_at_secrecy(struct foreign *from, struct foreign_object *object)
{
    if ((1U << object->class & (PRIV | SEC)) == 0) {
        return;
    }
    object->wrapped = says(from, object->handle, CKA_SENSITIVE, true);
    if (!says(from, object->handle, CKA_EXTRACTABLE, false)) {
        stay(object, "it was made never to leave (CKA_EXTRACTABLE is false)");
    } else if (object->wrapped && says(from, object->handle, CKA_WRAP_WITH_TRUSTED, false)) {
        stay(object, "only a key that its SO trusts may wrap it (CKA_WRAP_WITH_TRUSTED)");
    }
}

static void look_at_bonds(struct foreign *from, struct foreign_object *object)
{
    CK_RV rv;
    for (size_t i = 0; i < ARRAY_SIZE(bonds); i++) {
        if (size_of(from, object->handle, bonds[i].type, &rv) > 0) {
            snprintf(object->stays, sizeof(object->stays), "what its %s binds would be free here",
                     bonds[i].name);
        }
    }
}

/*
 * An object is here if one has its class, label and ID, and what may be known of its value. Of an object
 * without any of these but the class nobody can say that.
 */
static huks_rc look_for_it(struct foreign *from, struct foreign *own, struct foreign_object *object)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_LABEL,   CKA_ID,       CKA_KEY_TYPE, CKA_APPLICATION,
                                              CKA_MODULUS, CKA_EC_POINT, CKA_VALUE};
    CK_ATTRIBUTE template[ARRAY_SIZE(types) + 3] = {{CKA_CLASS, &object->class, sizeof(object->class)}};
    AUTO(memory_free_ptr) CK_OBJECT_HANDLE *found = NULL;
    CK_ULONG size = 1;
    size_t count = 0;
    CK_BBOOL yes = CK_TRUE;
    bool named = false;
    bool secret = (1U << object->class & (PRIV | SEC)) != 0;
    template[size++] = (CK_ATTRIBUTE){CKA_TOKEN, &yes, sizeof(yes)};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        const CK_ATTRIBUTE *attribute = foreign_attribute(object, types[i]);
        if (attribute != NULL && !(types[i] == CKA_VALUE && secret)) {
            template[size++] = *attribute;
            named = named || types[i] != CKA_KEY_TYPE;
        }
    }
    CK_BYTE check[3];
    CK_ATTRIBUTE check_value = {CKA_CHECK_VALUE, check, sizeof(check)};
    if (object->class == CKO_SECRET_KEY &&
        from->p11->C_GetAttributeValue(from->session, object->handle, &check_value, 1) == CKR_OK &&
        check_value.ulValueLen == sizeof(check)) {
        template[size++] = check_value;
        named = true;
    }
    if (!named) {
        return HUKS_OK;
    }
    HUKS_TRY(foreign_find(own, template, size, &found, &count));
    object->here = count > 0;
    return HUKS_OK;
}

huks_rc foreign_read(struct foreign *from, struct foreign *own, CK_OBJECT_HANDLE handle,
                     struct foreign_object *object)
{
    CK_ATTRIBUTE class = {CKA_CLASS, &object->class, sizeof(object->class)};
    *object = (struct foreign_object){.handle = handle};
    CK_RV rv = from->p11->C_GetAttributeValue(from->session, handle, &class, 1);
    if (rv != CKR_OK || object->class >= 32 || (1U << object->class & ALL) == 0) {
        stay(object, "huksctl does not take objects of this class");
        return HUKS_OK;
    }
    look_at_secrecy(from, object);
    look_at_bonds(from, object);
    if (says(from, handle, CKA_TRUSTED, false)) {
        snprintf(object->lacks, sizeof(object->lacks), "without its CKA_TRUSTED: here the SO gives that");
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        /* A modulus names a key; the rest of its value waits until the key goes over. */
        bool waits = (rows[i].values & 1U << object->class) != 0 && rows[i].type != CKA_MODULUS;
        if ((rows[i].classes & 1U << object->class) != 0 && !waits) {
            HUKS_TRY(take(from, object, &rows[i]));
        }
    }
    return look_for_it(from, own, object);
}

/* ---- the passage ---- */

#define FILLING 8 /* the block of AES key wrap */

/* Wraps there, or here unwraps and does what the repair of fillings needs. */
static CK_RV make_passage_key(struct foreign *module, bool wraps, struct bytes key, CK_OBJECT_HANDLE *handle)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE, there = wraps, here = !wraps;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_PRIVATE, &no, sizeof(no)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},
        {CKA_EXTRACTABLE, &no, sizeof(no)},
        {CKA_WRAP, &there, sizeof(there)},
        {CKA_UNWRAP, &here, sizeof(here)},
        {CKA_ENCRYPT, &here, sizeof(here)},
        {CKA_DECRYPT, &here, sizeof(here)},
        {CKA_VALUE, (void *)(uintptr_t)key.data, key.size},
    };
    return module->p11->C_CreateObject(module->session, template, ARRAY_SIZE(template), handle);
}

huks_rc foreign_passage_make(struct foreign *from, struct foreign *own, struct bytes key,
                             struct foreign_passage *passage)
{
    if (make_passage_key(own, false, key, &passage->own) != CKR_OK) {
        return error_code();
    }
    if (make_passage_key(from, true, key, &passage->from) != CKR_OK) {
        passage->from = 0; /* then no key leaves wrapped, and each says so */
    }
    return HUKS_OK;
}

/*
 * How keys are wrapped there, and what may open that here: before PKCS #11 3.0 one number stood for two ways
 * of padding, and SoftHSM2 took the other one.
 */
static const struct way {
    CK_MECHANISM_TYPE wrap, open[2];
} ways[] = {
    {CKM_AES_KEY_WRAP_KWP, {CKM_AES_KEY_WRAP_KWP, 0}},
    {CKM_AES_KEY_WRAP_PAD, {CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD}},
    {CKM_AES_KEY_WRAP, {CKM_AES_KEY_WRAP, 0}},
};

static CK_RV wrap_by(struct foreign *from, const struct foreign_passage *passage, CK_MECHANISM_TYPE type,
                     CK_OBJECT_HANDLE key, struct buffer *wrapped)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_ULONG size = 0;
    CK_RV rv = from->p11->C_WrapKey(from->session, &mechanism, passage->from, key, NULL, &size);
    if (rv != CKR_OK) {
        return rv;
    }
    if (buffer_reserve(wrapped, size + 1) != HUKS_OK) {
        return CKR_HOST_MEMORY;
    }
    rv = from->p11->C_WrapKey(from->session, &mechanism, passage->from, key, wrapped->data, &size);
    wrapped->size = rv == CKR_OK ? size : 0;
    return rv;
}

/* ---- making ---- */

/* What is wrong with one object is its own fate; a store that can't be written is everybody's. */
static huks_rc refused(struct foreign_object *object, CK_OBJECT_HANDLE *made)
{
    huks_rc rc = error_code();
    char message[128];
    *made = 0;
    if (rc != HUKS_E_NOT_SUPPORTED && rc != HUKS_E_MISSING_PARAM && rc != HUKS_E_INVALID_PARAM &&
        rc != HUKS_E_CRYPTO && rc != HUKS_E_ALIAS_EXISTS) {
        return rc;
    }
    error_message(message, sizeof(message));
    snprintf(object->stays, sizeof(object->stays), "refused here: error %d: %s", (int)rc, message);
    return HUKS_OK;
}

/* The object's attributes with class and place; `values`: what is known of its value, too. */
static CK_ULONG fill(struct foreign_object *object, bool values, CK_BBOOL *on_token, CK_ATTRIBUTE *template)
{
    CK_ULONG size = 0;
    template[size++] = (CK_ATTRIBUTE){CKA_CLASS, &object->class, sizeof(object->class)};
    template[size++] = (CK_ATTRIBUTE){CKA_TOKEN, on_token, sizeof(*on_token)};
    for (size_t i = 0; i < object->count; i++) {
        if (values || object->attributes[i].type != CKA_MODULUS) {
            template[size++] = object->attributes[i];
        }
    }
    return size;
}

static huks_rc open_wrapped(struct foreign *own, const struct foreign_passage *passage, const struct way *way,
                            const struct buffer *wrapped, struct secret *plain)
{
    HUKS_TRY(secret_alloc(plain, wrapped->size));
    for (size_t i = 0; i < ARRAY_SIZE(way->open) && way->open[i] != 0; i++) {
        CK_MECHANISM mechanism = {way->open[i], NULL, 0};
        CK_ULONG size = plain->size;
        if (own->p11->C_DecryptInit(own->session, &mechanism, passage->own) == CKR_OK &&
            own->p11->C_Decrypt(own->session, wrapped->data, wrapped->size, plain->data, &size) == CKR_OK) {
            secret_shrink(plain, size);
            return HUKS_OK;
        }
    }
    return error_code();
}

static CK_RV unwrap_opened(struct foreign *own, const struct foreign_passage *passage, struct bytes plain,
                           struct foreign_object *object, CK_OBJECT_HANDLE *made)
{
    AUTO(buffer_free) struct buffer wrapped = {0};
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
    CK_ATTRIBUTE template[FOREIGN_ATTRIBUTES + 2];
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG count = fill(object, false, &yes, template), size = plain.size + 2 * FILLING;
    if (buffer_reserve(&wrapped, size) != HUKS_OK) {
        return CKR_HOST_MEMORY;
    }
    CK_RV rv = own->p11->C_EncryptInit(own->session, &mechanism, passage->own);
    if (rv == CKR_OK) {
        rv = own->p11->C_Encrypt(own->session, (CK_BYTE *)(uintptr_t)plain.data, plain.size, wrapped.data,
                                 &size);
    }
    return rv == CKR_OK ? own->p11->C_UnwrapKey(own->session, &mechanism, passage->own, wrapped.data, size,
                                                template, count, made)
                        : rv;
}

/* Are the bytes from `size` on nothing but filling? */
static bool filled(struct bytes plain, size_t size)
{
    uint8_t rest = 0;
    for (size_t i = size; i < plain.size; i++) {
        rest |= plain.data[i];
    }
    return rest == 0;
}

/*
 * SoftHSM2 fills up with zeros what it wraps, also where the mechanism would keep the length. A secret key's
 * length is known; a private key is DER, which is read in one length only.
 */
static huks_rc unwrap_filled(struct foreign *own, const struct foreign_passage *passage, struct bytes plain,
                             CK_ULONG length, struct foreign_object *object, CK_OBJECT_HANDLE *made)
{
    CK_RV rv = CKR_WRAPPED_KEY_INVALID;
    if (length > 0 && length <= plain.size && plain.size - length < FILLING && filled(plain, length)) {
        plain.size = length;
    }
    size_t least =
        object->class == CKO_PRIVATE_KEY && plain.size > FILLING ? plain.size - FILLING : plain.size;
    for (size_t size = plain.size; size >= least && size > 0 && filled(plain, size); size--) {
        rv = unwrap_opened(own, passage, bytes_of(plain.data, size), object, made);
        if (rv != CKR_WRAPPED_KEY_INVALID) {
            break;
        }
    }
    return rv == CKR_OK ? HUKS_OK : refused(object, made);
}

static huks_rc copy_wrapped(struct foreign *from, struct foreign *own, const struct foreign_passage *passage,
                            struct foreign_object *object, CK_OBJECT_HANDLE *made)
{
    AUTO(buffer_free) struct buffer wrapped = {0};
    AUTO(secret_free) struct secret plain = {0};
    CK_RV first = CKR_OK;
    char room[24];
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        CK_RV rv = wrap_by(from, passage, ways[i].wrap, object->handle, &wrapped);
        if (rv == CKR_OK) {
            CK_ULONG length = 0;
            CK_ATTRIBUTE value_len = {CKA_VALUE_LEN, &length, sizeof(length)};
            if (from->p11->C_GetAttributeValue(from->session, object->handle, &value_len, 1) != CKR_OK) {
                length = 0;
            }
            huks_rc rc = open_wrapped(own, passage, &ways[i], &wrapped, &plain);
            return rc == HUKS_OK ? unwrap_filled(own, passage, secret_bytes(&plain), length, object, made)
                                 : refused(object, made);
        }
        /* What is told is why a way that there is does not serve. */
        first = first == CKR_OK || first == CKR_MECHANISM_INVALID ? rv : first;
    }
    snprintf(object->stays, sizeof(object->stays), "C_WrapKey answers %s", foreign_answer(first, room));
    return HUKS_OK;
}

/* The parts of a value that is told, for as long as the object is made of them. */
struct parts {
    struct secret values[16];
    size_t count;
};
static void parts_free(struct parts *parts)
{
    while (parts->count > 0) {
        secret_free(&parts->values[--parts->count]);
    }
}

static huks_rc take_part(struct foreign *from, struct foreign_object *object, const struct row *row,
                         struct parts *parts, CK_ATTRIBUTE *attribute)
{
    char room[24];
    CK_RV rv;
    CK_ULONG size = size_of(from, object->handle, row->type, &rv);
    *attribute = (CK_ATTRIBUTE){row->type, NULL, 0};
    if (rv == CKR_OK && size > 0 && parts->count < ARRAY_SIZE(parts->values)) {
        struct secret *value = &parts->values[parts->count];
        HUKS_TRY(secret_alloc(value, size));
        parts->count++;
        *attribute = (CK_ATTRIBUTE){row->type, value->data, size};
        rv = from->p11->C_GetAttributeValue(from->session, object->handle, attribute, 1);
        rv = rv == CKR_OK && attribute->ulValueLen > size ? CKR_GENERAL_ERROR : rv;
    }
    if (rv != CKR_OK) {
        snprintf(object->stays, sizeof(object->stays), "C_GetAttributeValue answers %s for its %s",
                 foreign_answer(rv, room), row->name);
    }
    return HUKS_OK;
}

static huks_rc copy_told(struct foreign *from, struct foreign *own, struct foreign_object *object,
                         CK_OBJECT_HANDLE *made)
{
    AUTO(parts_free) struct parts parts = {0};
    CK_ATTRIBUTE template[FOREIGN_ATTRIBUTES + 2];
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG size = fill(object, true, &yes, template);
    for (size_t i = 0; i < ARRAY_SIZE(rows) && object->stays[0] == '\0'; i++) {
        if ((rows[i].values & 1U << object->class) != 0 && rows[i].type != CKA_MODULUS) {
            HUKS_TRY(take_part(from, object, &rows[i], &parts, &template[size]));
            size += template[size].pValue != NULL;
        }
    }
    if (object->stays[0] != '\0') {
        return HUKS_OK;
    }
    CK_RV rv = own->p11->C_CreateObject(own->session, template, size, made);
    return rv == CKR_OK ? HUKS_OK : refused(object, made);
}

huks_rc foreign_copy(struct foreign *from, struct foreign *own, const struct foreign_passage *passage,
                     struct foreign_object *object, CK_OBJECT_HANDLE *made)
{
    *made = 0;
    return object->wrapped ? copy_wrapped(from, own, passage, object, made)
                           : copy_told(from, own, object, made);
}
