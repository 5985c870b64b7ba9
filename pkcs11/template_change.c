/*
 * Templates that change what exists: C_SetAttributeValue and C_CopyObject.
 */
#include "pkcs11/template_read.h"

/* SENSITIVE only up, EXTRACTABLE and COPYABLE only down, TRUSTED only by the SO. */
static CK_RV change_allowed(struct p11_session *session, struct item *item, const struct attribute_row *row,
                            const CK_ATTRIBUTE *attribute)
{
    if (row->kind != KIND_BOOL) {
        return CKR_OK;
    }
    bool wanted = false;
    P11_TRY(template_bool(attribute, &wanted));
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
                          CK_ULONG count, struct template_reading *reading)
{
    const OH_Huks_ParamSet *params = item_params(item);
    static const struct p11_making copying = {.use = P11_COPY};
    struct p11_draft *draft = reading->draft;
    *reading = (struct template_reading){
        .making = &copying,
        .draft = draft,
        .use = use,
        .purposes = attribute_purposes(item),
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
        P11_TRY(template_read_one(session, reading, &template[i]));
    }
    if ((reading->class_bit & C_KEY) != 0 && reading->purposes != attribute_purposes(item)) {
        P11_TRY_HUKS(param_list_put_u32(&draft->draft.params, OH_HUKS_TAG_PURPOSE, template_purposes(reading)), P11_AT_CREATE);
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

static bool trusted_by_so(const struct p11_session *session, struct item *item)
{
    return p11_attribute_bool(item, CKA_TRUSTED, CK_FALSE) && token_role(session->token) != AUTH_SO;
}

/* What the SO trusted was a key with these purposes: one that could decrypt, too, would give away what it wraps. */
static CK_RV keep_trust(const struct p11_session *session, struct item *item, const struct template_reading *reading)
{
    bool gains = (reading->purposes & ~attribute_purposes(item)) != 0;
    return gains && trusted_by_so(session, item)
               ? p11_fail(CKR_ATTRIBUTE_READ_ONLY, "purposes of a key that is CKA_TRUSTED: only the SO adds some")
               : CKR_OK;
}

CK_RV p11_draft_changes(struct p11_session *session, struct item *item, const CK_ATTRIBUTE *template, CK_ULONG count,
                        struct p11_draft *out)
{
    struct template_reading reading = {.draft = out};
    P11_TRY(read_changes(session, item, A_SET, template, count, &reading));
    return keep_trust(session, item, &reading);
}

CK_RV p11_draft_copy(struct p11_session *session, struct item *source, const CK_ATTRIBUTE *template, CK_ULONG count,
                     struct p11_draft *out)
{
    AUTO(p11_draft_free) struct p11_draft changes = {0};
    struct template_reading reading = {.draft = &changes};
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
    if (trusted_by_so(session, source)) { /* nobody but the SO makes an object that is trusted */
        P11_TRY_HUKS(param_list_put_bool(&out->draft.params, HUKS_TAG_TRUSTED, false), P11_AT_CREATE);
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
    return template_place(session, &reading);
}
