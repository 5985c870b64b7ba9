/*
 * The user as the engine's UserIAM knows him: which credentials are enrolled, and proofs that he was there.
 *
 * A token has one user. His PIN is the user PIN (auth.h); fingers and faces are enrolled beside it, several
 * each, with names, as long as there is a PIN. Kinds of authentication are HUKS's bits
 * (OH_HUKS_USER_AUTH_TYPE_PIN, _FINGERPRINT, _FACE).
 *
 * What changes which number:
 *                                   secure user id   PIN's enrolled id   finger's, face's enrolled id
 *   first PIN set                   drawn            new                 -
 *   PIN changed (old one known)     stays            stays               stays
 *   PIN cleared, or set by the SO
 *   over one that was set           another, or none another, or none    stays; but the credentials are gone
 *   finger (face) enrolled          stays            stays               finger's (face's) is another one
 *   finger (face) removed           stays            stays               stays
 *
 * Who authenticated, how and when is a struct auth_evidence: it is what rules are checked against, whether it
 * came from auth_authenticate(), from the memory of this process (auth_last()) or out of a token (token.h).
 */
#ifndef HUKS_AUTH_USER_H
#define HUKS_AUTH_USER_H

#include "auth/auth.h"
#include "auth/moment.h"

#define AUTH_CHALLENGE_SIZE 32
#define AUTH_USER_ID        100 /* HUKS's number for the first user of a device; a token's only one */
#define AUTH_TYPES          3   /* PIN, fingerprint, face */
#define AUTH_NAME_SIZE      65  /* of a finger or face: 64 bytes of UTF-8 and NUL */
#define AUTH_CREDENTIALS    32  /* fingers at most, and faces */

/* Trust levels of authenticators, as UserIAM counts them. */
enum { AUTH_TRUST_1 = 10000, AUTH_TRUST_2 = 20000, AUTH_TRUST_3 = 30000, AUTH_TRUST_4 = 40000 };
/* Where a token comes from. */
enum { AUTH_TOKEN_LOCAL = 0, AUTH_TOKEN_LOCAL_RESIGNED = 1, AUTH_TOKEN_COAUTH = 2 };

/* Now, in this token's boot. */
struct auth_moment auth_now(const struct auth *auth);

/* ---- what is enrolled ---- */

/*
 * HUKS's check when a key is bound: each kind in the mask has a credential. Not so: 12000013 (ABOUT_PIN for
 * the PIN, else ABOUT_NOTHING); a bit that is no kind: 12000001 ABOUT_ATTRIBUTE (_TUI_PIN beside others is
 * passed over).
 */
HUKS_MUST_USE huks_rc auth_require_enrolled(struct auth *auth, uint32_t types);

/* What a bound key keeps of its user: the secure id, and the enrolled id of each kind that is enrolled. */
struct auth_binding {
    uint64_t secure_uid;
    uint32_t count;
    struct {
        uint32_t type; /* OH_HUKS_USER_AUTH_TYPE_* */
        uint64_t enrolled_id;
    } entries[AUTH_TYPES];
};
/* No user PIN, and so no secure id: 12000013 ABOUT_PIN. Current over all processes. */
HUKS_MUST_USE huks_rc auth_binding(struct auth *auth, struct auth_binding *binding);

struct auth_credential {
    uint64_t id;
    uint32_t type;
    uint64_t made; /* seconds of the wall clock, for people; 0 for the PIN */
    char name[AUTH_NAME_SIZE];
    char account[AUTH_NAME_SIZE]; /* whose finger, in the words of PAM; "" for the PIN */
};
/* All, the PIN's first. `*list` is malloc'ed. */
HUKS_MUST_USE huks_rc auth_credentials(struct auth *auth, struct auth_credential **list, size_t *count);

/* ---- proofs ---- */

struct auth_evidence {
    uint8_t challenge[AUTH_CHALLENGE_SIZE];
    struct auth_moment when;
    uint32_t type; /* one OH_HUKS_USER_AUTH_TYPE_*; 0: of a kind they don't have */
    uint32_t trust_level, auth_mode, security_level, token_type;
    int32_t user_id;
    uint64_t secure_uid, enrolled_id;
    uint64_t credential_id; /* 0: nobody knows which of several fingers it was */
};

/* How the user is asked, and what for. */
struct auth_request {
    /*
     * One kind, or FINGERPRINT | FACE: what is enrolled of them, one after the other, until one says yes. PIN
     * stands alone.
     */
    uint32_t types;
    struct bytes pin; /* for PIN; else absent */
    /* PIN: log in as the user as well (auth_login()'s answers). */
    bool unlock;
    /* 32 bytes, or NULL: zeros. */
    const uint8_t *challenge;
    /* Names the request for auth_cancel(): a session of the caller's. */
    uint64_t owner;
    /*
     * Messages of the reader ("Place your finger …") and questions of a PAM module. A question is answered
     * into `answer` (capacity bytes, NUL-terminated); false: no answer. NULL: messages are dropped, questions
     * get none.
     */
    bool (*talk)(const char *text, bool question, bool echo, char *answer, size_t capacity, void *argument);
    void *argument;
};

/*
 * Asks for the user and tells who was there. What it found is auth_last()'s from then on. No lock is held
 * while a PIN is stretched or a finger awaited.
 *   PIN: as auth_verify().
 *   None of the kinds is enrolled: 12000013. Finger or face refused: 12000008 ABOUT_FINGER.
 *   Reader, service or helper missing, dead, or silent for auth_timeout_ms, and auth_cancel(): 12000015.
 */
HUKS_MUST_USE huks_rc auth_authenticate(struct auth *auth, const struct auth_request *request,
                                        struct auth_evidence *evidence);

/*
 * Ends authentications that are running for this owner in other threads: they fail with 12000015. Owner 0:
 * all, and none begins any more, since the engine is closing; they fail with 12000018 ABOUT_SHUTDOWN.
 */
void auth_cancel(struct auth *auth, uint64_t owner);

/*
 * The last proof of this kind in this process: from a login (PIN), auth_authenticate() or auth_remember().
 * None, forgotten at logout, or of a user who cleared his PIN since: 12000008 ABOUT_LOGIN.
 */
HUKS_MUST_USE huks_rc auth_last(struct auth *auth, uint32_t type, struct auth_evidence *evidence);
/* A proof that came in a token and is to serve until logout, unless a later one of its kind is known. */
void auth_remember(struct auth *auth, const struct auth_evidence *evidence);

/* ---- enrolling ---- */

/*
 * Enrols a finger or face: whoever the PIN's owner has put in front of the reader. request->types is one of
 * the two kinds, request->pin the user PIN. PAM is asked for the account of this process, and from then on
 * for that account's. The PIN is tested first (answers as auth_verify()); then as auth_authenticate(). `name`
 * is 1 to 64 bytes of UTF-8 without control characters (12000018) that no other of the kind has (12000003);
 * more than AUTH_CREDENTIALS of a kind: 12000003. The PIN cleared meanwhile: 12000008 ABOUT_LOGIN.
 */
HUKS_MUST_USE huks_rc auth_enroll(struct auth *auth, const struct auth_request *request, struct bytes name,
                                  uint64_t *id);
/* Removes a finger or face, after a test of the user PIN. No such id (the PIN's is none): 12000011
 * ABOUT_OBJECT. */
HUKS_MUST_USE huks_rc auth_unenroll(struct auth *auth, struct bytes pin, uint64_t id);

#endif
