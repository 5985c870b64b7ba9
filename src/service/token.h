/*
 * A token and the slot it is in: information, initialisation, PINs, login, presence of sessions.
 */
#ifndef HUKS_SERVICE_TOKEN_H
#define HUKS_SERVICE_TOKEN_H

#include "auth/auth.h"
#include "service/engine.h"

uint64_t token_slot_id(const struct token *token); /* the serial's low 31 bits, the next free on a clash */
struct engine *token_engine(const struct token *token);

struct token_info {
    bool present;      /* false: the free slot once the store has tokens (an empty slot) */
    bool initialized;
    bool recognized;   /* false: it can't be opened, and nothing else is known; see token_recognized() */
    int32_t fault;     /* why not */
    enum error_about fault_about;
    bool writable;
    bool login_required;
    struct auth_state pins;
    char label[33];    /* UTF-8, NUL-terminated, without padding */
    char serial[17];
    uint32_t pin_min, pin_max;
    uint32_t sessions, rw_sessions; /* this process */
};
HUKS_MUST_USE huks_rc token_info(struct token *token, struct token_info *info);
/*
 * HUKS_OK for a token that is recognised; else why it is not: 12000004 and 12000014 where a file could not be
 * read or memory was short, which may pass; 12000012 ABOUT_TOKEN for damage, a newer format, a foreign root key.
 */
HUKS_MUST_USE huks_rc token_recognized(const struct token_info *info);

/*
 * C_InitToken. On an initialised token the SO PIN is tested first (12000008). Sessions of any process on it:
 * 12000018 with ABOUT_TOKEN. `label` is UTF-8, at most 32 bytes, without padding.
 */
HUKS_MUST_USE huks_rc token_init(struct token *token, struct bytes so_pin, struct bytes label);
/* Makes a token without PINs in a free slot; 12000017 when there is one by now, which stays as it is. */
HUKS_MUST_USE huks_rc token_init_first(struct token *token, struct bytes label);

HUKS_MUST_USE huks_rc token_login(struct token *token, enum auth_who who, struct bytes pin);
HUKS_MUST_USE huks_rc token_verify(struct token *token, enum auth_who who, struct bytes pin);
void token_logout(struct token *token); /* ends private session objects and private keys' operations, too */
enum auth_who token_role(const struct token *token);
HUKS_MUST_USE huks_rc token_set_pin(struct token *token, enum auth_who who, struct bytes old_pin,
                                    struct bytes new_pin);
HUKS_MUST_USE huks_rc token_init_pin(struct token *token, struct bytes new_pin);
/* May private objects be seen and made now? (user logged in, or the token has no user PIN) */
bool token_private_open(const struct token *token);
/* The same of one storage level (HUKS's number) alone: a native door that was locked has CE open and ECE not. */
bool token_level_open(const struct token *token, uint32_t level);

/*
 * A door's session began or ended: the first holds the token against C_InitToken, the last lets go.
 * `session` names the owner of session objects; they are destroyed with it. Not initialised: 12000012
 * ABOUT_TOKEN.
 */
HUKS_MUST_USE huks_rc token_session_opened(struct token *token, uint64_t session, bool read_write);
void token_session_closed(struct token *token, uint64_t session, bool read_write);

#endif
