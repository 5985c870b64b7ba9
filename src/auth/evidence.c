/*
 * Proofs of the user's presence that this process remembers, until logout: what rules with a time window use.
 */
#include <string.h>

#include "auth/credential.h"
#include "auth/inside.h"

struct auth_moment auth_now(const struct auth *auth)
{
    uint64_t skew = atomic_load_explicit(&auth->skew_ms, memory_order_relaxed);
    return (struct auth_moment){auth->boot, moment_boottime_ms() + skew};
}

static struct auth_evidence *slot(struct auth *auth, uint32_t type)
{
    for (size_t i = 0; i < AUTH_TYPES; i++) {
        if (auth_kinds[i] == type) {
            return &auth->last[i];
        }
    }
    return NULL;
}

void auth_remember(struct auth *auth, const struct auth_evidence *evidence)
{
    struct auth_evidence *last = slot(auth, evidence->type);
    if (last == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&auth->mutex);
    bool older =
        last->type != 0 && last->when.boot == evidence->when.boot && last->when.ms > evidence->when.ms;
    if (!older) {
        *last = *evidence;
    }
    (void)pthread_mutex_unlock(&auth->mutex);
}

void evidence_forget(struct auth *auth)
{
    memset(auth->last, 0, sizeof auth->last);
}

huks_rc auth_last(struct auth *auth, uint32_t type, struct auth_evidence *evidence)
{
    const struct auth_evidence *last = slot(auth, type);
    *evidence = (struct auth_evidence){.type = 0};
    if (last != NULL) {
        HUKS_TRY(auth_sync(auth, true));
        (void)pthread_mutex_lock(&auth->mutex);
        if (last->type != 0 && last->secure_uid == auth->secure_uid) {
            *evidence = *last;
        }
        (void)pthread_mutex_unlock(&auth->mutex);
    }
    return evidence->type != 0 ? HUKS_OK : error_raise(HUKS_E_AUTH_FAILED, ABOUT_LOGIN, NULL);
}

huks_rc evidence_of_pin(struct auth *auth, uint64_t secure_uid, const uint8_t salt[PIN_SALT_SIZE],
                        struct auth_evidence *evidence)
{
    *evidence = (struct auth_evidence){
        .when = auth_now(auth),
        .type = OH_HUKS_USER_AUTH_TYPE_PIN,
        .trust_level = AUTH_TRUST_3,
        .token_type = AUTH_TOKEN_LOCAL,
        .user_id = AUTH_USER_ID,
        .secure_uid = secure_uid,
    };
    HUKS_TRY(credential_pin_enrolled_id(auth, secure_uid, &evidence->enrolled_id));
    return credential_pin_id(auth, salt, &evidence->credential_id);
}
