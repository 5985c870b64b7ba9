/*
 * Templates into drafts: one pass over the caller's attributes against the attribute table, then the
 * defaults, the computed attributes, and the rules that concern several attributes at once.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/attribute.h"

/* Bytes that a draft's params view and that are not the caller's. */
struct chunk {
    struct chunk *next;
    _Alignas(max_align_t) uint8_t bytes[];
};

/* NULL when there is no memory. */
static uint8_t *chunk_new(struct p11_draft *draft, size_t size)
{
    struct chunk *chunk = malloc(sizeof(*chunk) + size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next = draft->chunks;
    draft->chunks = chunk;
    return chunk->bytes;
}

static CK_RV no_memory(void)
{
    return p11_rv(error_no_memory(), P11_AT_CREATE);
}

void p11_draft_free(struct p11_draft *draft)
{
    param_list_free(&draft->draft.params);
    buffer_free(&draft->scratch);
    while (draft->chunks != NULL) {
        struct chunk *chunk = draft->chunks;
        draft->chunks = chunk->next;
        free(chunk);
    }
}

/* ---- what a template says ---- */

/* Collected while a template is read; turned into params at the end. */
struct reading {
    const struct p11_making *making;
    struct p11_draft *draft;
    uint32_t class_bit;
    uint32_t use;           /* A_CREATE, A_GENERATE, A_IMPORT, or what a copy may change */
    uint32_t purposes;      /* the bits now … */
    bool token, private_object, sensitive, extractable;
    bool has_private, has_level;
    uint32_t level;
};

static CK_RV value_error(const CK_ATTRIBUTE *attribute)
{
    return p11_failf(CKR_ATTRIBUTE_VALUE_INVALID, "attribute %s", p11_attribute_name(attribute->type));
}

static CK_RV take_bool(const CK_ATTRIBUTE *attribute, bool *out)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof(CK_BBOOL)) {
        return value_error(attribute);
    }
    CK_BBOOL value = *(const CK_BBOOL *)attribute->pValue;
    if (value != CK_TRUE && value != CK_FALSE) {
        return value_error(attribute);
    }
    *out = value == CK_TRUE;
    return CKR_OK;
}

static CK_RV take_number(const CK_ATTRIBUTE *attribute, CK_ULONG *out)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof(CK_ULONG)) {
        return value_error(attribute);
    }
    memcpy(out, attribute->pValue, sizeof(*out));
    return CKR_OK;
}

static const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].type == type) {
            return &template[i];
        }
    }
    return NULL;
}

/* The same attribute twice is a contradiction even when both say the same. */
static CK_RV template_check(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "template pointer");
    }
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].pValue == NULL && template[i].ulValueLen != 0) {
            return value_error(&template[i]);
        }
        if (template_find(template, i, template[i].type) != NULL) {
            return p11_failf(CKR_TEMPLATE_INCONSISTENT, "attribute %s, given twice",
                             p11_attribute_name(template[i].type));
        }
    }
    return CKR_OK;
}

/* ---- one attribute ---- */

static CK_RV put_mechanisms(struct reading *reading, const CK_ATTRIBUTE *attribute)
{
    if (attribute->ulValueLen % sizeof(CK_MECHANISM_TYPE) != 0) {
        return value_error(attribute);
    }
    size_t count = attribute->ulValueLen / sizeof(CK_MECHANISM_TYPE);
    const CK_MECHANISM_TYPE *types = attribute->pValue;
    uint8_t *packed = chunk_new(reading->draft, count * 4 + 1);
    if (packed == NULL) {
        return no_memory();
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned byte = 0; byte < 4; byte++) {
            packed[i * 4 + byte] = (uint8_t)(types[i] >> (8 * byte));
        }
    }
    return p11_rv(param_list_put_bytes(&reading->draft->draft.params, HUKS_TAG_ALLOWED_MECHANISMS,
                                       bytes_of(packed, count * 4)),
                  P11_AT_CREATE);
}

static CK_RV put_nested(struct reading *reading, const CK_ATTRIBUTE *attribute, uint32_t tag)
{
    AUTO(buffer_free) struct buffer packed = {0};
    P11_TRY(nested_pack(attribute, &packed));
    uint8_t *kept = chunk_new(reading->draft, packed.size + 1);
    if (kept == NULL) {
        return no_memory();
    }
    if (packed.size > 0) {
        memcpy(kept, packed.data, packed.size);
    }
    return p11_rv(param_list_put_bytes(&reading->draft->draft.params, tag, bytes_of(kept, packed.size)),
                  P11_AT_CREATE);
}

static CK_RV put_number(struct reading *reading, const CK_ATTRIBUTE *attribute, uint32_t tag)
{
    CK_ULONG value = 0;
    P11_TRY(take_number(attribute, &value));
    struct param_list *params = &reading->draft->draft.params;
    if ((tag & HUKS_TAG_TYPE_MASK) == OH_HUKS_TAG_TYPE_ULONG) {
        return p11_rv(param_list_put_u64(params, tag, value), P11_AT_CREATE);
    }
    if ((uint64_t)value > UINT32_MAX) {
        return value_error(attribute);
    }
    return p11_rv(param_list_put_u32(params, tag, (uint32_t)value), P11_AT_CREATE);
}

static CK_RV put_bytes(struct reading *reading, const CK_ATTRIBUTE *attribute, const struct attribute_row *row)
{
    struct bytes value = bytes_of(attribute->pValue == NULL ? "" : attribute->pValue, attribute->ulValueLen);
    if (row->kind == KIND_DATE && value.size != 0 && value.size != sizeof(CK_DATE)) {
        return value_error(attribute);
    }
    if (row->type == CKA_HUKS_ALIAS && (value.size == 0 || value.size > 128)) {
        return value_error(attribute);
    }
    return p11_rv(param_list_put_bytes(&reading->draft->draft.params, row->tag, value), P11_AT_CREATE);
}

static CK_RV put_purpose(struct reading *reading, const CK_ATTRIBUTE *attribute, const struct attribute_row *row)
{
    bool value = false;
    P11_TRY(take_bool(attribute, &value));
    uint32_t bit = attribute_purpose(row, reading->draft->class);
    reading->purposes = value ? reading->purposes | bit : reading->purposes & ~bit;
    return CKR_OK;
}

/* Attributes that the reading itself wants to know, stored or not. */
static CK_RV take_special(struct reading *reading, const CK_ATTRIBUTE *attribute, bool *done)
{
    CK_ULONG number = 0;
    bool boolean = false;
    *done = true;
    switch (attribute->type) {
    case CKA_CLASS:
    case CKA_KEY_TYPE:
        return CKR_OK; /* read before the others */
    case CKA_TOKEN:
        return take_bool(attribute, &reading->token);
    case CKA_PRIVATE:
        reading->has_private = true;
        return take_bool(attribute, &reading->private_object);
    case CKA_SENSITIVE:
        return take_bool(attribute, &reading->sensitive);
    case CKA_EXTRACTABLE:
        return take_bool(attribute, &reading->extractable);
    case CKA_VALUE_LEN:
        return take_number(attribute, &reading->draft->value_len);
    case CKA_MODULUS_BITS:
        return take_number(attribute, &reading->draft->modulus_bits);
    case CKA_VALUE_BITS:
        return take_number(attribute, &number);
    case CKA_PRIME_BITS:
        return put_number(reading, attribute, HUKS_TAG_PRIME_BITS);
    case CKA_HUKS_STORAGE_LEVEL:
        P11_TRY(take_number(attribute, &number));
        if (number > OH_HUKS_AUTH_STORAGE_LEVEL_ECE) {
            return value_error(attribute);
        }
        reading->has_level = true;
        reading->level = (uint32_t)number;
        return CKR_OK;
    case CKA_HUKS_KEY_OVERRIDE:
        P11_TRY(take_bool(attribute, &boolean));
        reading->draft->alias_rule = boolean ? STORE_ALIAS_REPLACE : STORE_ALIAS_UNIQUE;
        return CKR_OK;
    default:
        *done = false;
        return CKR_OK;
    }
}

static CK_RV put_bool(struct reading *reading, const struct p11_session *session, const CK_ATTRIBUTE *attribute,
                      const struct attribute_row *row)
{
    bool value = false;
    P11_TRY(take_bool(attribute, &value));
    if (value && (row->flags & A_SO) != 0 && token_role(session->token) != AUTH_SO) {
        return p11_failf(CKR_ATTRIBUTE_READ_ONLY, "attribute %s: only the SO sets it",
                         p11_attribute_name(attribute->type));
    }
    return p11_rv(param_list_put_bool(&reading->draft->draft.params, row->tag, value), P11_AT_CREATE);
}

static CK_RV read_one(struct p11_session *session, struct reading *reading, const CK_ATTRIBUTE *attribute)
{
    const struct attribute_row *row = attribute_find_in(attribute->type, reading->class_bit);
    if (row == NULL) {
        return p11_failf(CKR_ATTRIBUTE_TYPE_INVALID, "attribute %s of this object class",
                         p11_attribute_name(attribute->type));
    }
    if ((row->flags & reading->use) == 0) {
        return p11_failf(CKR_ATTRIBUTE_READ_ONLY, "attribute %s in this call", p11_attribute_name(attribute->type));
    }
    bool done = false;
    P11_TRY(take_special(reading, attribute, &done));
    if (done) {
        return CKR_OK;
    }
    switch (row->kind) {
    case KIND_BOOL:
        return put_bool(reading, session, attribute, row);
    case KIND_ULONG:
        return put_number(reading, attribute, row->tag);
    case KIND_PURPOSE:
        return put_purpose(reading, attribute, row);
    case KIND_MECHANISMS:
        return put_mechanisms(reading, attribute);
    case KIND_TEMPLATE:
        return put_nested(reading, attribute, row->tag);
    default:
        return put_bytes(reading, attribute, row);
    }
}

/* ---- class and key type ---- */

static CK_RV known_or_given(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type, CK_ULONG known,
                            CK_ULONG fallback, CK_ULONG *out)
{
    const CK_ATTRIBUTE *given = template_find(template, count, type);
    *out = known != CK_UNAVAILABLE_INFORMATION ? known : fallback;
    if (given == NULL) {
        return *out != CK_UNAVAILABLE_INFORMATION
                   ? CKR_OK
                   : p11_failf(CKR_TEMPLATE_INCOMPLETE, "attribute %s", p11_attribute_name(type));
    }
    CK_ULONG value = 0;
    P11_TRY(take_number(given, &value));
    if (known != CK_UNAVAILABLE_INFORMATION && value != known) {
        return p11_failf(CKR_TEMPLATE_INCONSISTENT, "attribute %s for this mechanism", p11_attribute_name(type));
    }
    *out = value;
    return CKR_OK;
}

/* Mechanisms that make generic secrets make keys of the HMAC types and, from passwords, any secret key. */
static CK_ULONG fixed_key_type(const struct p11_making *making)
{
    bool open = making->mechanism == CKM_GENERIC_SECRET_KEY_GEN || making->mechanism == CKM_PKCS5_PBKD2;
    return open ? CK_UNAVAILABLE_INFORMATION : making->key_type;
}

static CK_RV read_kind(struct reading *reading, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    const struct p11_making *making = reading->making;
    struct p11_draft *draft = reading->draft;
    P11_TRY(known_or_given(template, count, CKA_CLASS, making->class,
                           making->use == P11_DERIVE ? CKO_SECRET_KEY : CK_UNAVAILABLE_INFORMATION, &draft->class));
    reading->class_bit = attribute_class_bit(draft->class);
    if (reading->class_bit == 0) {
        return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "attribute CKA_CLASS");
    }
    if ((reading->class_bit & (C_KEY | C_DOM)) == 0) {
        draft->key_type = CK_UNAVAILABLE_INFORMATION;
        return CKR_OK;
    }
    CK_ULONG fallback = making->use == P11_DERIVE ? CKK_GENERIC_SECRET : CK_UNAVAILABLE_INFORMATION;
    if (making->use == P11_GENERATE) {
        fallback = making->key_type;
    }
    P11_TRY(known_or_given(template, count, CKA_KEY_TYPE, fixed_key_type(making), fallback, &draft->key_type));
    if (p11_alg_of_key_type(draft->key_type) == 0) {
        return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "attribute CKA_KEY_TYPE");
    }
    if (making->mechanism == CKM_GENERIC_SECRET_KEY_GEN &&
        p11_alg_of_key_type(draft->key_type) != OH_HUKS_ALG_HMAC) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_KEY_TYPE for this mechanism");
    }
    return CKR_OK;
}

/* ---- what follows ---- */

/* Section 4.6: what a certificate of each type must have. */
static CK_RV check_certificate(const struct param_list *params)
{
    static const struct {
        CK_CERTIFICATE_TYPE type;
        CK_ATTRIBUTE_TYPE who;
        uint32_t tag;
    } types[] = {
        {CKC_X_509, CKA_SUBJECT, HUKS_TAG_SUBJECT},
        {CKC_X_509_ATTR_CERT, CKA_OWNER, HUKS_TAG_OWNER},
        {CKC_WTLS, CKA_SUBJECT, HUKS_TAG_SUBJECT},
    };
    uint32_t type = param_list_find(params, HUKS_TAG_CERTIFICATE_TYPE)->uint32Param;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].type != type) {
            continue;
        }
        if (param_list_find(params, types[i].tag) == NULL) {
            return p11_failf(CKR_TEMPLATE_INCOMPLETE, "attribute %s", p11_attribute_name(types[i].who));
        }
        bool has_value =
            param_list_find(params, HUKS_TAG_VALUE) != NULL || param_list_find(params, HUKS_TAG_URL) != NULL;
        return has_value ? CKR_OK : p11_fail(CKR_TEMPLATE_INCOMPLETE, "attribute CKA_VALUE");
    }
    return p11_fail(CKR_ATTRIBUTE_VALUE_INVALID, "attribute CKA_CERTIFICATE_TYPE");
}

static CK_RV check_mandatory(const struct reading *reading)
{
    size_t count;
    const struct attribute_row *rows = attribute_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if ((rows[i].classes & reading->class_bit) != 0 && (rows[i].flags & A_MUST) != 0 &&
            param_list_find(&reading->draft->draft.params, rows[i].tag) == NULL) {
            return p11_failf(CKR_TEMPLATE_INCOMPLETE, "attribute %s", p11_attribute_name(rows[i].type));
        }
    }
    return reading->class_bit == C_CERT ? check_certificate(&reading->draft->draft.params) : CKR_OK;
}

/* PRIVATE and the storage level say the same thing in two languages. */
static CK_RV settle_level(struct reading *reading)
{
    bool device = reading->level == OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    if (reading->has_level && reading->has_private && device == reading->private_object) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attributes CKA_PRIVATE and CKA_HUKS_STORAGE_LEVEL");
    }
    if (reading->has_level && !reading->has_private) {
        reading->private_object = !device;
    }
    if (!reading->has_level) {
        reading->level = reading->private_object ? OH_HUKS_AUTH_STORAGE_LEVEL_CE : OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    }
    return CKR_OK;
}

static CK_RV put_secrecy(struct reading *reading)
{
    const struct p11_making *making = reading->making;
    struct param_list *params = &reading->draft->draft.params;
    bool generated = making->use == P11_GENERATE;
    bool always = reading->sensitive && (generated || (making->use == P11_DERIVE && making->always_sensitive_base));
    bool never =
        !reading->extractable && (generated || (making->use == P11_DERIVE && making->never_extractable_base));
    P11_TRY_HUKS(param_list_put_bool(params, HUKS_TAG_SENSITIVE, reading->sensitive), P11_AT_CREATE);
    P11_TRY_HUKS(param_list_put_bool(params, HUKS_TAG_EXTRACTABLE, reading->extractable), P11_AT_CREATE);
    P11_TRY_HUKS(param_list_put_bool(params, HUKS_TAG_ALWAYS_SENSITIVE, always), P11_AT_CREATE);
    return p11_rv(param_list_put_bool(params, HUKS_TAG_NEVER_EXTRACTABLE, never), P11_AT_CREATE);
}

/* HUKS has one purpose for making and checking a MAC. */
static uint32_t with_mac(const struct reading *reading)
{
    bool mac = reading->draft->class == CKO_SECRET_KEY &&
               p11_alg_of_key_type(reading->draft->key_type) == OH_HUKS_ALG_HMAC &&
               (reading->purposes & OH_HUKS_KEY_PURPOSE_SIGN) != 0;
    return mac ? reading->purposes | OH_HUKS_KEY_PURPOSE_MAC : reading->purposes & ~(uint32_t)OH_HUKS_KEY_PURPOSE_MAC;
}

static CK_RV put_key_attributes(struct reading *reading)
{
    const struct p11_making *making = reading->making;
    struct p11_draft *draft = reading->draft;
    struct param_list *params = &draft->draft.params;
    P11_TRY_HUKS(param_list_put_u32(params, HUKS_TAG_KEY_TYPE, (uint32_t)draft->key_type), P11_AT_CREATE);
    P11_TRY_HUKS(param_list_put_u32(params, OH_HUKS_TAG_ALGORITHM, p11_alg_of_key_type(draft->key_type)),
                 P11_AT_CREATE);
    P11_TRY_HUKS(param_list_put_bool(params, HUKS_TAG_LOCAL, making->use == P11_GENERATE), P11_AT_CREATE);
    if ((reading->class_bit & C_KEY) == 0) {
        return CKR_OK;
    }
    P11_TRY_HUKS(param_list_put_u32(params, OH_HUKS_TAG_PURPOSE, with_mac(reading)), P11_AT_CREATE);
    if (making->use == P11_GENERATE) {
        P11_TRY_HUKS(param_list_put_u64(params, HUKS_TAG_KEY_GEN_MECHANISM, making->mechanism), P11_AT_CREATE);
    }
    return (reading->class_bit & (C_PRIV | C_SEC)) != 0 ? put_secrecy(reading) : CKR_OK;
}

static CK_RV put_place(struct p11_session *session, struct reading *reading)
{
    struct p11_draft *draft = reading->draft;
    struct param_list *params = &draft->draft.params;
    const OH_Huks_Param *ask = param_list_find(params, HUKS_TAG_ALWAYS_AUTHENTICATE);
    if (ask != NULL && ask->boolParam && !reading->private_object) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attributes CKA_ALWAYS_AUTHENTICATE and CKA_PRIVATE");
    }
    P11_TRY(p11_session_may_write(session, reading->token, reading->private_object));
    draft->draft.on_token = reading->token;
    draft->draft.owner = session->handle;
    P11_TRY_HUKS(param_list_put_u32(params, HUKS_TAG_OBJECT_CLASS, (uint32_t)draft->class), P11_AT_CREATE);
    P11_TRY_HUKS(param_list_put_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, reading->level), P11_AT_CREATE);
    return p11_rv(param_list_put_bool(params, HUKS_TAG_PRIVATE, reading->private_object), P11_AT_CREATE);
}

static uint32_t use_flag(enum p11_template_use use)
{
    return use == P11_CREATE ? A_CREATE : use == P11_GENERATE ? A_GENERATE : A_IMPORT;
}

/* The template read, the defaults known; level and place are settled by the caller. */
static CK_RV read_template(struct p11_session *session, const struct p11_making *making,
                           const CK_ATTRIBUTE *template, CK_ULONG count, struct p11_draft *draft,
                           struct reading *reading)
{
    *reading = (struct reading){.making = making, .draft = draft, .use = use_flag(making->use)};
    draft->alias_rule = STORE_ALIAS_UNIQUE;
    P11_TRY(template_check(template, count));
    P11_TRY(read_kind(reading, template, count));
    bool secret = (reading->class_bit & (C_PRIV | C_SEC)) != 0;
    reading->private_object = secret;
    reading->sensitive = secret;
    reading->purposes = p11_default_purposes(draft->key_type, draft->class);
    for (CK_ULONG i = 0; i < count; i++) {
        P11_TRY(read_one(session, reading, &template[i]));
    }
    return making->use == P11_CREATE ? check_mandatory(reading) : CKR_OK;
}

static CK_RV finish_template(struct p11_session *session, struct reading *reading)
{
    if ((reading->class_bit & (C_KEY | C_DOM)) != 0) {
        P11_TRY(put_key_attributes(reading));
    }
    return put_place(session, reading);
}

/* ---- templates that another key adds ---- */

struct merging {
    struct p11_draft *draft;
    CK_ATTRIBUTE *merged;
    CK_ULONG count, room;
};

/* Section 4.9: what the other key's template says holds; the caller's may say the same, not otherwise. */
static CK_RV merge_one(const CK_ATTRIBUTE *added, void *argument)
{
    struct merging *merging = argument;
    const CK_ATTRIBUTE *given = template_find(merging->merged, merging->count, added->type);
    if (given != NULL) {
        return bytes_equal(bytes_of(given->pValue, given->ulValueLen), bytes_of(added->pValue, added->ulValueLen))
                   ? CKR_OK
                   : p11_failf(CKR_TEMPLATE_INCONSISTENT, "attribute %s, by the other key's template",
                               p11_attribute_name(added->type));
    }
    uint8_t *kept = chunk_new(merging->draft, added->ulValueLen + 1);
    if (kept == NULL) {
        return no_memory();
    }
    if (added->ulValueLen > 0) {
        memcpy(kept, added->pValue, added->ulValueLen);
    }
    if (merging->count < merging->room) {
        merging->merged[merging->count++] = (CK_ATTRIBUTE){added->type, kept, added->ulValueLen};
    }
    return CKR_OK;
}

static CK_RV count_one(const CK_ATTRIBUTE *added, void *argument)
{
    (void)added;
    CK_ULONG *count = argument;
    (*count)++;
    return CKR_OK;
}

/* The caller's template, or one of both in the draft's own memory. */
static CK_RV merge_added(struct p11_draft *draft, struct bytes added, const CK_ATTRIBUTE **template, CK_ULONG *count)
{
    CK_ULONG more = 0;
    P11_TRY(nested_each(added, count_one, &more));
    if (more == 0) {
        return CKR_OK;
    }
    P11_TRY(template_check(*template, *count));
    uint8_t *room = chunk_new(draft, (*count + more) * sizeof(CK_ATTRIBUTE));
    if (room == NULL) {
        return no_memory();
    }
    struct merging merging = {draft, (CK_ATTRIBUTE *)(void *)room, *count, *count + more};
    if (*count > 0) {
        memcpy(merging.merged, *template, *count * sizeof(CK_ATTRIBUTE));
    }
    P11_TRY(nested_each(added, merge_one, &merging));
    *template = merging.merged;
    *count = merging.count;
    return CKR_OK;
}

CK_RV p11_draft_make(struct p11_session *session, const struct p11_making *making, const CK_ATTRIBUTE *template,
                     CK_ULONG count, struct p11_draft *out)
{
    struct reading reading;
    P11_TRY(merge_added(out, making->added, &template, &count));
    P11_TRY(read_template(session, making, template, count, out, &reading));
    P11_TRY(settle_level(&reading));
    return finish_template(session, &reading);
}

/* ---- pairs ---- */

/* The pair's alias is one: given in either template it holds for both. */
static CK_RV share_alias(struct p11_draft out[2])
{
    const OH_Huks_Param *public = param_list_find(&out[0].draft.params, HUKS_TAG_ALIAS);
    const OH_Huks_Param *private = param_list_find(&out[1].draft.params, HUKS_TAG_ALIAS);
    if (public != NULL && private != NULL) {
        return bytes_equal(param_blob(public), param_blob(private))
                   ? CKR_OK
                   : p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_HUKS_ALIAS of a key pair");
    }
    if (public != NULL) {
        return p11_rv(param_list_put(&out[1].draft.params, public), P11_AT_CREATE);
    }
    return private == NULL ? CKR_OK : p11_rv(param_list_put(&out[0].draft.params, private), P11_AT_CREATE);
}

/* The level is the private key's; the public key stays readable, whatever its pair's level. */
static CK_RV share_level(struct reading readings[2])
{
    struct reading *public = &readings[0], *private = &readings[1];
    if (public->has_level && private->has_level && public->level != private->level) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_HUKS_STORAGE_LEVEL of a key pair");
    }
    if (public->has_level && !private->has_level) {
        private->has_level = true;
        private->level = public->level;
    }
    P11_TRY(settle_level(private));
    public->level = private->level;
    return CKR_OK;
}

CK_RV p11_draft_pair(struct p11_session *session, const struct p11_making *making_public,
                     const CK_ATTRIBUTE *public_template, CK_ULONG public_count,
                     const struct p11_making *making_private, const CK_ATTRIBUTE *private_template,
                     CK_ULONG private_count, struct p11_draft out[2])
{
    struct reading readings[2];
    P11_TRY(read_template(session, making_public, public_template, public_count, &out[0], &readings[0]));
    P11_TRY(read_template(session, making_private, private_template, private_count, &out[1], &readings[1]));
    P11_TRY(share_alias(out));
    P11_TRY(share_level(readings));
    P11_TRY(finish_template(session, &readings[0]));
    return finish_template(session, &readings[1]);
}

/* ---- changes to what exists ---- */

/* SENSITIVE only up, EXTRACTABLE and COPYABLE only down, TRUSTED only by the SO. */
static CK_RV change_allowed(struct p11_session *session, struct item *item, const struct attribute_row *row,
                            const CK_ATTRIBUTE *attribute)
{
    if (row->kind != KIND_BOOL) {
        return CKR_OK;
    }
    bool wanted = false;
    P11_TRY(take_bool(attribute, &wanted));
    bool now = p11_attribute_bool(item, row->type, CK_FALSE) == CK_TRUE;
    if (wanted == now) {
        return CKR_OK;
    }
    bool wrong_way = ((row->flags & A_UP) != 0 && !wanted) || ((row->flags & A_DOWN) != 0 && wanted);
    bool not_yours = (row->flags & A_SO) != 0 && wanted && token_role(session->token) != AUTH_SO;
    if (wrong_way || not_yours) {
        return p11_failf(CKR_ATTRIBUTE_READ_ONLY, "attribute %s: it can't change this way",
                         p11_attribute_name(attribute->type));
    }
    return CKR_OK;
}

/* Reads a template of changes over an item's present state. */
static CK_RV read_changes(struct p11_session *session, struct item *item, uint32_t use, const CK_ATTRIBUTE *template,
                          CK_ULONG count, struct reading *reading)
{
    const OH_Huks_ParamSet *params = item_params(item);
    static const struct p11_making copying = {.use = P11_COPY};
    struct p11_draft *draft = reading->draft;
    *reading = (struct reading){
        .making = &copying,
        .draft = draft,
        .use = use,
        .purposes = item_purposes(item),
        .token = item_on_token(item),
        .private_object = item_private(item),
        .sensitive = param_bool(params, HUKS_TAG_SENSITIVE, true),
        .extractable = param_bool(params, HUKS_TAG_EXTRACTABLE, false),
        .level = param_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, 0),
    };
    draft->class = (CK_OBJECT_CLASS)item_class(item);
    draft->key_type = p11_key_type(item);
    draft->alias_rule = STORE_ALIAS_UNIQUE;
    reading->class_bit = attribute_class_bit(draft->class);
    P11_TRY(template_check(template, count));
    for (CK_ULONG i = 0; i < count; i++) {
        const struct attribute_row *row = attribute_find_in(template[i].type, reading->class_bit);
        if (row != NULL && (row->flags & use) != 0) {
            P11_TRY(change_allowed(session, item, row, &template[i]));
        }
        P11_TRY(read_one(session, reading, &template[i]));
    }
    if ((reading->class_bit & C_KEY) != 0) {
        P11_TRY_HUKS(param_list_put_u32(&draft->draft.params, OH_HUKS_TAG_PURPOSE, with_mac(reading)), P11_AT_CREATE);
    }
    if ((reading->class_bit & (C_PRIV | C_SEC)) != 0) {
        bool was_extractable = param_bool(params, HUKS_TAG_EXTRACTABLE, false);
        bool was_sensitive = param_bool(params, HUKS_TAG_SENSITIVE, true);
        if (reading->sensitive != was_sensitive) {
            P11_TRY_HUKS(param_list_put_bool(&draft->draft.params, HUKS_TAG_SENSITIVE, reading->sensitive),
                         P11_AT_CREATE);
        }
        if (reading->extractable != was_extractable) {
            P11_TRY_HUKS(param_list_put_bool(&draft->draft.params, HUKS_TAG_EXTRACTABLE, reading->extractable),
                         P11_AT_CREATE);
        }
    }
    return CKR_OK;
}

CK_RV p11_draft_changes(struct p11_session *session, struct item *item, const CK_ATTRIBUTE *template, CK_ULONG count,
                        struct p11_draft *out)
{
    struct reading reading = {.draft = out};
    return read_changes(session, item, A_SET, template, count, &reading);
}

CK_RV p11_draft_copy(struct p11_session *session, struct item *source, const CK_ATTRIBUTE *template, CK_ULONG count,
                     struct p11_draft *out)
{
    AUTO(p11_draft_free) struct p11_draft changes = {0};
    struct reading reading = {.draft = &changes};
    P11_TRY(read_changes(session, source, A_SET | A_COPY, template, count, &reading));
    if (item_private(source) && !reading.private_object) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_PRIVATE: a private object's copy stays private");
    }
    if (!reading.has_level && reading.private_object != item_private(source)) {
        reading.level = OH_HUKS_AUTH_STORAGE_LEVEL_CE;
    }
    if ((reading.level == OH_HUKS_AUTH_STORAGE_LEVEL_DE) == reading.private_object) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attributes CKA_PRIVATE and CKA_HUKS_STORAGE_LEVEL");
    }
    P11_TRY_HUKS(param_list_add_set(&out->draft.params, item_params(source)), P11_AT_CREATE);
    bool named = param_list_find(&changes.draft.params, HUKS_TAG_ALIAS) != NULL;
    if (!named) {
        param_list_remove(&out->draft.params, HUKS_TAG_ALIAS);
    }
    for (size_t i = 0; i < changes.draft.params.count; i++) {
        P11_TRY_HUKS(param_list_put(&out->draft.params, &changes.draft.params.params[i]), P11_AT_CREATE);
    }
    out->class = changes.class;
    out->key_type = changes.key_type;
    out->alias_rule = changes.alias_rule;
    out->chunks = changes.chunks; /* the copied params view them */
    changes.chunks = NULL;
    reading.draft = out;
    return put_place(session, &reading);
}
