/*
 * AttestKeyItem and AnonAttestKeyItem: HUKS's checks around an attestation (huks-semantics 3.8).
 */
#include "service/aliased.h"
#include "service/native.h"
#include "service/private.h"

/* The private half; the other one, if there is one, in *public. */
static struct item *private_half(const struct aliased *aliased, struct item **public)
{
    struct item *private = NULL;
    *public = NULL;
    for (size_t i = 0; i < aliased->count; i++) {
        if (item_class(aliased->items[i]) == HUKS_CLASS_PRIVATE_KEY) {
            private = aliased->items[i];
        } else {
            *public = aliased->items[i];
        }
    }
    return private;
}

huks_rc native_attest(struct engine *engine, struct bytes alias, const OH_Huks_ParamSet *set, bool anonymous,
                      struct attestation *out)
{
    struct token *token;
    struct item *public;
    AUTO(aliased_free) struct aliased aliased = {0};
    const struct attest_request request = {
        .challenge = param_bytes(set, OH_HUKS_TAG_ATTESTATION_CHALLENGE), .set = set, .anonymous = anonymous};
    HUKS_TRY(aliased_open_keys(engine, alias, set, &token, &aliased));
    if (request.challenge.data == NULL) {
        return error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ABSENT);
    }
    if (request.challenge.size == 0 || request.challenge.size > ATTEST_CHALLENGE_MAX) {
        return error_illegal(ABOUT_ATTRIBUTE,
                             request.challenge.size == 0 ? ILLEGAL_ARGUMENT : ILLEGAL_BUFFER);
    }
    struct item *private = private_half(&aliased, &public);
    if (private == NULL || !attest_knows(item_alg(private))) {
        return error_illegal(ABOUT_KEY_TYPE, ILLEGAL_ARGUMENT);
    }
    huks_rc rc = attest_key(private, public, &request, out);
    return rc == HUKS_E_INVALID_PARAM && error_about() == ABOUT_ATTRIBUTE
               ? error_illegal(ABOUT_ATTRIBUTE, ILLEGAL_ARGUMENT)
               : rc;
}
