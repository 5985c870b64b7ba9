/*
 * Who is in front of this machine: PIN, fingers and faces of the native door's token, and auth tokens.
 *
 * This is not part of OpenHarmony's native API, where the system does it: on Linux a program does, or huksctl. The
 * calls are about the token that huks/native_huks_api.h keeps its keys on. They may be made from any thread.
 *
 * A key made with OH_HUKS_TAG_USER_AUTH_TYPE is used in three steps: OH_Huks_InitSession gives a challenge;
 * Huks_UserAuth_Authenticate makes an auth token of it, if the user is there; the token goes into the parameter set
 * (OH_HUKS_TAG_AUTH_TOKEN) of the first OH_Huks_UpdateSession or OH_Huks_FinishSession. A key whose challenge type is
 * NONE takes the token of any recent authentication.
 *
 * The PIN also opens what is stored at levels CE and ECE: until it was given in this process (or
 * where there is none), calls on such keys answer 201.
 *
 * Fingers and faces are asked for through PAM: services huks-fingerprint and huks-face, in a program of their own
 * (huks-auth-helper) that the calling process does not notice. Enrolling one means that the token takes it from now
 * on; what the reader itself knows is the reader's (fprintd-enroll). They need a PIN, and go when it is cleared.
 *
 * Kinds of authentication are OH_HUKS_USER_AUTH_TYPE_PIN, _FINGERPRINT and _FACE. A PIN is a blob of any bytes, 255 at
 * most, no fewer than `pin_min` of the configuration. Wrong ones are counted over all processes: after `pin_tries` the
 * token's PIN is locked (Huks_UserAuth_GetState says so) until its security officer, if it has one, sets another.
 *
 * Any call can also return 12000004 (a store file can't be read or written), 12000012 (the store or the platform is
 * not as it should be), 12000014 (no memory) and, where the configuration
 * names a service, 12000005 (nobody answers there, or not any more: the next call tries again, and sessions, PINs and
 * what was authenticated before are forgotten).
 */
#ifndef HUKS_USER_AUTH_H
#define HUKS_USER_AUTH_H

#include "huks/native_huks_type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The library hides everything that is not declared here. */
#if defined __GNUC__
#pragma GCC visibility push(default)
#endif

#define HUKS_AUTH_TOKEN_SIZE      280
#define HUKS_AUTH_CHALLENGE_SIZE  32
#define HUKS_CREDENTIAL_NAME_SIZE 65 /* 64 bytes of UTF-8 and NUL */

/* ---- the PIN ---- */

struct Huks_UserAuthState {
    uint32_t enrolled;   /* mask of the kinds that have a credential */
    uint32_t unlocked;   /* 1: ECE is open in this process; 0: it waits for the PIN (CE: for the first time) */
    uint32_t pinFailed;  /* 1: a wrong PIN was given since the last right one */
    uint32_t pinLastTry; /* 1: the next wrong one locks it */
    uint32_t pinLocked;  /* 1: no PIN is tested any more */
};

/* A store without a token has nothing enrolled and is unlocked. 401 state is NULL. */
struct OH_Huks_Result Huks_UserAuth_GetState(struct Huks_UserAuthState *state);

/*
 * Sets the first PIN of a token that has none; makes the token when there is none. Afterwards CE and ECE wait for it,
 * here too. A new secure user id is drawn.
 * 401 NULL · 12000003 too short or too long · 12000008 there is a PIN, or a security officer, whose business it is.
 */
struct OH_Huks_Result Huks_UserAuth_SetPin(const struct OH_Huks_Blob *pin);

/*
 * Another PIN for the same user: keys stay valid, fingers and faces stay enrolled.
 * 401 NULL · 12000003 the new one is too short or too long · 12000008 the old one is wrong or locked ·
 * 12000013 there is none.
 */
struct OH_Huks_Result Huks_UserAuth_ChangePin(const struct OH_Huks_Blob *oldPin, const struct OH_Huks_Blob *newPin);

/*
 * Removes the PIN, and with it every finger and face. CE and ECE are open to every process of the store then; keys
 * made with OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD are void for good (12000007).
 * 401 NULL · 12000008 wrong or locked · 12000013 there is none.
 */
struct OH_Huks_Result Huks_UserAuth_ClearPin(const struct OH_Huks_Blob *pin);

/* ---- fingers and faces ---- */

/*
 * What a reader or PAM module has to say: HUKS_AUTH_TALK_MESSAGE is to be shown; a question wants an answer, at most
 * `capacity` bytes with the NUL, and _SECRET_QUESTION one that is not shown. Returns 1 when it answered, else 0. Called
 * in the thread of the call that it belongs to.
 */
enum Huks_UserAuthTalkKind {
    HUKS_AUTH_TALK_MESSAGE = 0,
    HUKS_AUTH_TALK_QUESTION = 1,
    HUKS_AUTH_TALK_SECRET_QUESTION = 2
};
typedef int32_t (*Huks_UserAuthTalk)(const char *text, uint32_t kind, char *answer, uint32_t capacity, void *context);

/* A request to have the user in front of the reader or to test his PIN. Zero what is not used. */
struct Huks_UserAuthRequest {
    uint32_t authType;             /* one kind; to authenticate also _FINGERPRINT | _FACE: whichever says yes */
    struct OH_Huks_Blob pin;       /* with kind PIN, and to enrol; else data NULL */
    struct OH_Huks_Blob challenge; /* 32 bytes, of OH_Huks_InitSession; data NULL: zeros */
    uint64_t requestId;            /* for Huks_UserAuth_Cancel; 0: can't be cancelled */
    Huks_UserAuthTalk talk;        /* NULL: messages are dropped, questions get no answer */
    void *context;                 /* the talk's */
};

/*
 * Enrols the finger or face in front of the reader under a name, 1 to 64 bytes of UTF-8 without control characters that
 * no other of its kind has. request->pin is the PIN, request->authType one kind. The enrolled id of that kind becomes
 * another one: keys made with OH_HUKS_AUTH_ACCESS_INVALID_NEW_BIO_ENROLL for it are void for good (12000007).
 * `id` may be NULL. The names are NUL-terminated.
 * 401 NULL, kind, name · 12000003 the name is taken, or 32 of the kind are enrolled · 12000008 PIN wrong or locked, or
 * the reader refuses · 12000013 there is no PIN · 12000015 reader, PAM service or helper are missing, died or took
 * longer than `auth_timeout_ms`, or the request was cancelled.
 */
struct OH_Huks_Result Huks_UserAuth_Enroll(const struct Huks_UserAuthRequest *request, const char *name, uint64_t *id);

struct Huks_Credential {
    uint64_t id;
    uint32_t authType;
    uint32_t reserved;                    /* 0 */
    uint64_t enrolledAt;                  /* seconds since 1970; 0 for the PIN */
    char name[HUKS_CREDENTIAL_NAME_SIZE]; /* "PIN" for the PIN */
    char account[HUKS_CREDENTIAL_NAME_SIZE]; /* the user name that PAM is asked for; "" for the PIN */
};

/*
 * All credentials, the PIN's first. `count` is the room in `list` on entry and how many there are on return; with
 * `list` NULL they are only counted.
 * 401 count is NULL, or the room too small ("Insufficient buffer size."; count is set).
 */
struct OH_Huks_Result Huks_UserAuth_List(struct Huks_Credential *list, uint32_t *count);

/*
 * Removes a finger or face. No key becomes void by it.
 * 401 NULL · 12000008 PIN wrong or locked · 12000011 no finger or face has this id · 12000013 there is no PIN.
 */
struct OH_Huks_Result Huks_UserAuth_Remove(const struct OH_Huks_Blob *pin, uint64_t id);

/* ---- authenticating ---- */

/*
 * Asks for the user, and makes an auth token of the challenge when he is there: HUKS_AUTH_TOKEN_SIZE bytes. The right
 * PIN also opens CE and ECE for this process. `authToken` may be NULL, for that alone.
 * 401 NULL, kind, no room, a PIN without kind PIN or kind PIN without it, a challenge of another size · 12000008 PIN
 * wrong or locked, or finger or face refused · 12000013 nothing of the kind is enrolled · 12000015 as for enrolling.
 */
struct OH_Huks_Result Huks_UserAuth_Authenticate(const struct Huks_UserAuthRequest *request,
                                                 struct OH_Huks_Blob *authToken);

/* Ends the requests of this id that wait for a finger or face in other threads; they answer 12000015. 401 id 0. */
struct OH_Huks_Result Huks_UserAuth_Cancel(uint64_t requestId);

/*
 * As a device whose screen is locked: ECE is closed until the PIN is given again, CE stays open, and what was
 * authenticated is forgotten. Where there is no PIN nothing changes.
 */
struct OH_Huks_Result Huks_UserAuth_Lock(void);

#if defined __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
