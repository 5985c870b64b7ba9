/*
 * Templates into drafts of new objects: class and key type, defaults, computed attributes, pairs, and the
 * rules that concern several attributes at once.
 */
#include <string.h>

#include "pkcs11/template_read.h"
#include "service/guard.h"

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
    P11_TRY(template_number(given, &value));
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

static CK_RV read_kind(struct template_reading *reading, const CK_ATTRIBUTE *template, CK_ULONG count)
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
    CK_ULONG fallback = making->use != P11_DERIVE     ? CK_UNAVAILABLE_INFORMATION
                        : making->usual_key_type != 0 ? making->usual_key_type
                                                      : CKK_GENERIC_SECRET;
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

/* Section 4.7: whoever is trusted is known by a hash, not by name and number alone. */
static CK_RV check_trust(const struct param_list *params)
{
    bool trusted = false;
    size_t count;
    const struct attribute_row *rows = attribute_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const OH_Huks_Param *given =
            rows[i].kind == KIND_TRUST && (rows[i].classes & C_TRUST) != 0 ? param_list_find(params, rows[i].tag) : NULL;
        trusted = trusted || (given != NULL && given->uint32Param != CKT_TRUST_UNKNOWN &&
                              given->uint32Param != CKT_NOT_TRUSTED);
    }
    if (trusted && param_list_find(params, HUKS_TAG_HASH_OF_CERTIFICATE) == NULL) {
        return p11_fail(CKR_TEMPLATE_INCOMPLETE, "attribute CKA_HASH_OF_CERTIFICATE");
    }
    if (trusted && param_list_find(params, HUKS_TAG_NAME_HASH_ALGORITHM) == NULL) {
        return p11_fail(CKR_TEMPLATE_INCOMPLETE, "attribute CKA_NAME_HASH_ALGORITHM");
    }
    return CKR_OK;
}

static CK_RV check_mandatory(const struct template_reading *reading)
{
    size_t count;
    const struct attribute_row *rows = attribute_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if ((rows[i].classes & reading->class_bit) != 0 && (rows[i].flags & A_MUST) != 0 &&
            param_list_find(&reading->draft->draft.params, rows[i].tag) == NULL) {
            return p11_failf(CKR_TEMPLATE_INCOMPLETE, "attribute %s", p11_attribute_name(rows[i].type));
        }
    }
    return reading->class_bit == C_CERT    ? check_certificate(&reading->draft->draft.params)
           : reading->class_bit == C_TRUST ? check_trust(&reading->draft->draft.params)
                                           : CKR_OK;
}

/* PRIVATE and the storage level say the same thing in two languages. */
static CK_RV settle_level(struct template_reading *reading)
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

static CK_RV check_secrecy(const struct template_reading *reading)
{
    const struct p11_making *making = reading->making;
    bool less_sensitive = making->sensitive_base && !reading->sensitive;
    bool more_extractable = !making->extractable_base && reading->extractable;
    bool differs =
        making->sensitive_base != reading->sensitive || making->extractable_base != reading->extractable;
    if (making->secrecy == P11_SECRECY_FREE ||
        (making->secrecy == P11_SECRECY_BOUND && !less_sensitive && !more_extractable) || !differs) {
        return CKR_OK;
    }
    return p11_failf(CKR_TEMPLATE_INCONSISTENT, "attribute %s, by the base key's",
                     making->sensitive_base != reading->sensitive ? "CKA_SENSITIVE" : "CKA_EXTRACTABLE");
}

static CK_RV put_secrecy(struct template_reading *reading)
{
    const struct p11_making *making = reading->making;
    P11_TRY(check_secrecy(reading));
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

/* CKA_ALWAYS_AUTHENTICATE by itself: the PIN, for every use. */
static CK_RV put_always(struct param_list *params)
{
    static const struct {
        uint32_t tag, value;
    } rule[] = {
        {OH_HUKS_TAG_USER_AUTH_TYPE, OH_HUKS_USER_AUTH_TYPE_PIN},
        {OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, OH_HUKS_AUTH_ACCESS_ALWAYS_VALID},
        {OH_HUKS_TAG_CHALLENGE_TYPE, OH_HUKS_CHALLENGE_TYPE_NORMAL},
    };
    static const uint32_t details[] = {
        OH_HUKS_TAG_USER_AUTH_TYPE, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, OH_HUKS_TAG_CHALLENGE_TYPE,
        OH_HUKS_TAG_CHALLENGE_POS,  OH_HUKS_TAG_AUTH_TIMEOUT,
    };
    for (size_t i = 0; i < ARRAY_SIZE(details); i++) {
        if (param_list_find(params, details[i]) != NULL) {
            return CKR_OK; /* the template says itself what it wants */
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(rule); i++) {
        P11_TRY_HUKS(param_list_put_u32(params, rule[i].tag, rule[i].value), P11_AT_CREATE);
    }
    return CKR_OK;
}

/* Who must authenticate: HUKS's attributes and the standard's one, which must agree. */
static CK_RV put_rule(struct template_reading *reading)
{
    struct param_list *params = &reading->draft->draft.params;
    if (reading->has_always && reading->always) {
        P11_TRY(put_always(params));
    }
    P11_TRY_HUKS(guard_check_rule(params), P11_AT_CREATE);
    if (reading->class_bit != C_PRIV) {
        return CKR_OK;
    }
    const OH_Huks_Param *challenge = param_list_find(params, OH_HUKS_TAG_CHALLENGE_TYPE);
    bool each_use = challenge != NULL && challenge->uint32Param != OH_HUKS_CHALLENGE_TYPE_NONE;
    if (reading->has_always && reading->always != each_use) {
        return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_ALWAYS_AUTHENTICATE against the auth rule");
    }
    return each_use && !reading->private_object
               ? p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_PRIVATE of a key that asks at every use")
               : CKR_OK;
}

static CK_RV put_key_attributes(struct template_reading *reading)
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
    P11_TRY_HUKS(param_list_put_u32(params, OH_HUKS_TAG_PURPOSE, template_purposes(reading)), P11_AT_CREATE);
    if (making->allowed.data != NULL) {
        if (param_list_find(params, HUKS_TAG_ALLOWED_MECHANISMS) != NULL) {
            return p11_fail(CKR_TEMPLATE_INCONSISTENT, "attribute CKA_ALLOWED_MECHANISMS for this mechanism");
        }
        P11_TRY_HUKS(param_list_put_bytes(params, HUKS_TAG_ALLOWED_MECHANISMS, making->allowed),
                     P11_AT_CREATE);
    }
    if (making->use == P11_GENERATE) {
        P11_TRY_HUKS(param_list_put_u64(params, HUKS_TAG_KEY_GEN_MECHANISM, making->mechanism), P11_AT_CREATE);
    }
    if ((reading->class_bit & (C_PRIV | C_SEC)) == 0) {
        return CKR_OK;
    }
    P11_TRY(put_secrecy(reading));
    return put_rule(reading);
}

static uint32_t use_flag(enum p11_template_use use)
{
    return use == P11_CREATE ? A_CREATE : use == P11_GENERATE ? A_GENERATE : A_IMPORT;
}

/* The template read, the defaults known; level and place are settled by the caller. */
static CK_RV read_template(struct p11_session *session, const struct p11_making *making,
                           const CK_ATTRIBUTE *template, CK_ULONG count, struct p11_draft *draft,
                           struct template_reading *reading)
{
    *reading = (struct template_reading){.making = making, .draft = draft, .use = use_flag(making->use)};
    draft->alias_rule = STORE_ALIAS_UNIQUE;
    P11_TRY(template_check(template, count));
    P11_TRY(read_kind(reading, template, count));
    bool secret = (reading->class_bit & (C_PRIV | C_SEC)) != 0;
    reading->private_object = secret;
    reading->sensitive = secret;
    if (making->inherits || making->secrecy == P11_SECRECY_SAME) {
        reading->sensitive = making->sensitive_base;
        reading->extractable = making->extractable_base;
    }
    reading->purposes = p11_default_purposes(draft->key_type, draft->class);
    for (CK_ULONG i = 0; i < count; i++) {
        P11_TRY(template_read_one(session, reading, &template[i]));
    }
    return making->use == P11_CREATE ? check_mandatory(reading) : CKR_OK;
}

static CK_RV finish_template(struct p11_session *session, struct template_reading *reading)
{
    if ((reading->class_bit & (C_KEY | C_DOM)) != 0) {
        P11_TRY(put_key_attributes(reading));
    }
    return template_place(session, reading);
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
    uint8_t *kept = template_chunk(merging->draft, added->ulValueLen + 1);
    if (kept == NULL) {
        return template_no_memory();
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
    uint8_t *room = template_chunk(draft, (*count + more) * sizeof(CK_ATTRIBUTE));
    if (room == NULL) {
        return template_no_memory();
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
    struct template_reading reading;
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
static CK_RV share_level(struct template_reading readings[2])
{
    struct template_reading *public = &readings[0], *private = &readings[1];
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
    struct template_reading readings[2];
    P11_TRY(read_template(session, making_public, public_template, public_count, &out[0], &readings[0]));
    P11_TRY(read_template(session, making_private, private_template, private_count, &out[1], &readings[1]));
    P11_TRY(share_alias(out));
    P11_TRY(share_level(readings));
    P11_TRY(finish_template(session, &readings[0]));
    return finish_template(session, &readings[1]);
}
