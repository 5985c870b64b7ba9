/*
 * Keys that know who must authenticate: every kind of authentication, everything that voids a key, every kind
 * of challenge, every way an authentication may fit or not, and everything that happens meanwhile, as one
 * table.
 *
 * What each row must answer comes from judge(), a model that knows the published rules and none of the code.
 * Both doors are asked, each over an engine of its own on one store, with tokens that the engine's own issuer
 * made. Only the clock is the test's: evidence is dated, nobody sleeps.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/door.h"
#include "auth/credential.h"
#include "auth/token.h"
#include "huks/native_huks_api.h"
#include "huks/native_huks_param.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/module.h"
#include "pkcs11/vendor.h"
#include "service/private.h"
#include "service/user.h"

#define PIN         "user-pin"
#define NEW_PIN     "other-pin"
#define SO_PIN      "so-pin-1"
#define WINDOW      30 /* seconds */
#define BY_FINGER   1u
#define BY_FACE     2u
#define BY_PIN      4u
#define BY_CLEARING 1u
#define BY_NEW_BODY 2u
#define NEVER       4u
#define NORMAL      0u
#define CUSTOM      1u
#define WITHOUT     2u
#define RULES_MAX   128
#define AUTH_FAILED 12000008
#define TIMED_OUT   12000009
#define VOID        12000007

/* ---- the table ------------------------------------------------------------------------------------------
 */

struct rule {
    uint32_t types, access, challenge;
};

enum event {
    NOTHING,
    NEW_FINGER,
    NEW_FACE,
    FINGER_REMOVED,
    FACE_REMOVED,
    PIN_CHANGED,
    PIN_CLEARED,
    REBOOT,
    OTHER_USER,
    EVENTS
};
static const char *const event_names[EVENTS] = {
    "nothing",     "a new finger", "a new face",   "a finger removed", "a face removed",
    "PIN changed", "PIN cleared",  "another boot", "another user",
};

/* How the authentication fits the operation. */
enum fit { FITS, FITS_ONE_SLOT, OTHER_CHALLENGE, TOO_OLD, FOUNDS };
static const char *const fit_names[] = {"fits", "fits one slot", "another challenge", "too old"};

/* Was the user seen before the event, or after it? */
enum identity { BEFORE, AFTER, IDENTITIES };

struct row {
    struct rule rule;
    enum event event;
    enum fit fit;
    enum identity identity;
    uint32_t type; /* of the authentication */
};

/* What the published rules say; `pkcs11` finds void keys out first, the native door last. */
static int32_t judge(const struct row *row, bool pkcs11)
{
    const struct rule *rule = &row->rule;
    bool cleared = row->event == PIN_CLEARED;
    bool new_body = (row->event == NEW_FINGER && (rule->types & BY_FINGER) != 0) ||
                    (row->event == NEW_FACE && (rule->types & BY_FACE) != 0);
    bool voided =
        ((rule->access & BY_CLEARING) != 0 && cleared) || ((rule->access & BY_NEW_BODY) != 0 && new_body);
    if (pkcs11 && voided) {
        return VOID;
    }
    if (rule->challenge == WITHOUT) {
        if (row->fit == TOO_OLD || row->event == REBOOT) {
            return TIMED_OUT;
        }
    } else if (row->fit == OTHER_CHALLENGE || (row->fit == FITS_ONE_SLOT && rule->challenge == NORMAL)) {
        return AUTH_FAILED;
    }
    if ((row->type & rule->types) == 0) {
        return AUTH_FAILED;
    }
    if (rule->access == NEVER && row->event == OTHER_USER) {
        return VOID;
    }
    return voided ? VOID : 0;
}

/* What may void a key that takes these kinds. */
static bool legal(uint32_t types, uint32_t access)
{
    if (access == NEVER) {
        return true;
    }
    uint32_t may = BY_CLEARING | ((types & (BY_FINGER | BY_FACE)) != 0 ? BY_NEW_BODY : 0);
    return access != 0 && (access & ~may) == 0;
}

static struct rule rules[RULES_MAX];
static size_t rule_count;

static void make_rules(void)
{
    for (uint32_t types = 1; types <= 7; types++) {
        for (uint32_t access = 1; access <= NEVER; access++) {
            for (uint32_t challenge = NORMAL; challenge <= WITHOUT && legal(types, access); challenge++) {
                rules[rule_count++] = (struct rule){types, access, challenge};
            }
        }
    }
}

/* ---- the world ------------------------------------------------------------------------------------------
 */

static char top[256];
static CK_SESSION_HANDLE session;
static CK_SLOT_ID slot;
static struct auth *issuer;       /* the native door's: says who was there */
static struct token *native_side; /* its token */

static CK_UTF8CHAR *utf8(const char *text)
{
    return (CK_UTF8CHAR *)(uintptr_t)text;
}

static void p11_ok(const char *what, CK_RV rv)
{
    CK_HUKS_ERROR error;
    p11_vendor_functions.GetLastError(&error);
    ck_assert_msg(rv == CKR_OK, "%s: 0x%lx, %ld: %s", what, rv, error.code, (const char *)error.message);
}
#define P11(call) p11_ok(#call, call)

static void engine_ok(const char *what, huks_rc rc)
{
    char text[300];
    ck_assert_msg(rc == HUKS_OK, "%s: %d: %s", what, rc, error_message(text, sizeof text));
}
#define OK(call) engine_ok(#call, call)

static void remove_store(void)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", top);
    ck_assert_int_eq(system(command), 0);
}

static void make_store(void)
{
    const char *root = getenv("TMPDIR");
    char path[600];
    snprintf(top, sizeof top, "%s/check-auth-states-XXXXXX", root != NULL ? root : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(path, sizeof path, "%s/huks.conf", top);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "scrypt_log2n = 10\npin_tries = 20\n");
    fclose(file);
    setenv("HUKS_CONF", path, 1);
    snprintf(path, sizeof path, "%s/store", top);
    setenv("HUKS_STORE", path, 1);
    setenv("HOME", top, 1);
    setenv("HUKS_AUTH_HELPER", "/nonexistent/reader", 1); /* no finger is read here */
}

static void log_in_natively(const char *pin)
{
    OK(token_login(native_side, AUTH_USER, bytes_of(pin, strlen(pin))));
}

static void open_doors(void)
{
    struct engine *engine = NULL;
    CK_ULONG count = 1;
    CK_UTF8CHAR label[32];
    memset(label, ' ', sizeof label);
    memcpy(label, "HUKS", 4);
    P11(C_Initialize(NULL));
    P11(C_GetSlotList(CK_FALSE, &slot, &count));
    P11(C_InitToken(slot, utf8(SO_PIN), strlen(SO_PIN), label));
    P11(C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    P11(C_Login(session, CKU_SO, utf8(SO_PIN), strlen(SO_PIN)));
    P11(C_InitPIN(session, utf8(PIN), strlen(PIN)));
    P11(C_Logout(session));
    P11(C_Login(session, CKU_USER, utf8(PIN), strlen(PIN)));
    OK(door_engine(&engine));
    OK(engine_native_token(engine, false, &native_side));
    issuer = native_side->auth;
    log_in_natively(PIN);
}

/* ---- what is enrolled ------------------------------------------------------------------------------------
 */

struct bodies {
    uint32_t type;
    int more; /* +1: another one enrolled, -1: one removed, 0: at least two */
};

/* As the engine's own enrolment writes it, without a reader. */
static huks_rc change_bodies(struct store_token *token, void *argument)
{
    const struct bodies *change = argument;
    struct credentials credentials;
    (void)token;
    HUKS_TRY(credentials_read(issuer, &credentials));
    struct credential_kind *kind = credentials_kind(&credentials, change->type);
    if (change->more < 0) {
        kind->count--;
    }
    for (int i = 0; change->more >= 0 && (i < change->more || (change->more == 0 && kind->count < 2)); i++) {
        struct auth_credential *one = &kind->list[kind->count++];
        *one = (struct auth_credential){.id = ++kind->enrolled_id, .type = change->type, .name = "one"};
    }
    return credentials_write(issuer, &credentials);
}

static void bodies(uint32_t type, int more)
{
    struct bodies change = {type, more};
    OK(store_meta_change(atomic_load(&native_side->db), change_bodies, &change));
}

/* Who he is to the engine: as it was, and as it is. */
struct identities {
    uint64_t secure_uid, finger, face, pin;
};

static struct identities identify(void)
{
    struct identities who = {0};
    struct credentials credentials;
    OK(auth_secure_uid(issuer, &who.secure_uid));
    OK(credential_pin_enrolled_id(issuer, who.secure_uid, &who.pin));
    OK(credentials_read(issuer, &credentials));
    who.finger = credentials_kind(&credentials, BY_FINGER)->enrolled_id;
    who.face = credentials_kind(&credentials, BY_FACE)->enrolled_id;
    return who;
}

static void happen(enum event event)
{
    switch (event) {
    case NEW_FINGER:
        bodies(BY_FINGER, 1);
        break;
    case NEW_FACE:
        bodies(BY_FACE, 1);
        break;
    case FINGER_REMOVED:
        bodies(BY_FINGER, -1);
        break;
    case FACE_REMOVED:
        bodies(BY_FACE, -1);
        break;
    case PIN_CHANGED:
        P11(C_SetPIN(session, utf8(PIN), strlen(PIN), utf8(NEW_PIN), strlen(NEW_PIN)));
        P11(C_SetPIN(session, utf8(NEW_PIN), strlen(NEW_PIN), utf8(PIN), strlen(PIN)));
        break;
    case PIN_CLEARED:
        P11(C_Logout(session));
        P11(C_Login(session, CKU_SO, utf8(SO_PIN), strlen(SO_PIN)));
        P11(C_InitPIN(session, utf8(PIN), strlen(PIN)));
        P11(C_Logout(session));
        P11(C_Login(session, CKU_USER, utf8(PIN), strlen(PIN)));
        token_logout(native_side);
        log_in_natively(PIN);
        break;
    default: /* the evidence says it */
        break;
    }
}

/* ---- keys ------------------------------------------------------------------------------------------------
 */

static struct OH_Huks_ParamSet *make_set(const struct OH_Huks_Param *params, uint32_t count)
{
    struct OH_Huks_ParamSet *set = NULL;
    ck_assert_int_eq(OH_Huks_InitParamSet(&set).errorCode, 0);
    ck_assert_int_eq(OH_Huks_AddParams(set, params, count).errorCode, 0);
    ck_assert_int_eq(OH_Huks_BuildParamSet(&set).errorCode, 0);
    return set;
}
#define SET(...)                                                                                             \
    make_set((const struct OH_Huks_Param[]){__VA_ARGS__},                                                    \
             (uint32_t)(sizeof((const struct OH_Huks_Param[]){__VA_ARGS__}) / sizeof(struct OH_Huks_Param)))
#define U32(name, value)                                                                                     \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_##name, .uint32Param = (value)                                                    \
    }

static struct OH_Huks_Blob alias_of(size_t index)
{
    static char text[16];
    int length = snprintf(text, sizeof text, "key-%zu", index);
    return (struct OH_Huks_Blob){(uint32_t)length, (uint8_t *)text};
}

static uint32_t position_of(size_t index)
{
    return (uint32_t)(index % 4);
}

static CK_OBJECT_HANDLE handles[RULES_MAX];

static CK_OBJECT_HANDLE find(size_t index)
{
    struct OH_Huks_Blob alias = alias_of(index);
    CK_ATTRIBUTE label = {CKA_LABEL, alias.data, alias.size};
    CK_OBJECT_HANDLE object = 0;
    CK_ULONG found = 0;
    P11(C_FindObjectsInit(session, &label, 1));
    P11(C_FindObjects(session, &object, 1, &found));
    P11(C_FindObjectsFinal(session));
    ck_assert_uint_eq(found, 1);
    return object;
}

static void make_keys(void)
{
    for (size_t i = 0; i < rule_count; i++) {
        struct OH_Huks_Blob alias = alias_of(i);
        struct OH_Huks_ParamSet *set =
            SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
                U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(USER_AUTH_TYPE, rules[i].types),
                U32(KEY_AUTH_ACCESS_TYPE, rules[i].access), U32(CHALLENGE_TYPE, rules[i].challenge),
                U32(CHALLENGE_POS, position_of(i)), U32(AUTH_TIMEOUT, WINDOW));
        struct OH_Huks_Result result = OH_Huks_GenerateKeyItem(&alias, set, NULL);
        ck_assert_msg(result.errorCode == 0, "rule %u/%u/%u: %d: %s", rules[i].types, rules[i].access,
                      rules[i].challenge, result.errorCode, result.errorMsg);
        OH_Huks_FreeParamSet(&set);
    }
}

/* ---- uses -------------------------------------------------------------------------------------------------
 */

static void issue(const struct row *row, size_t index, const struct identities *who,
                  const uint8_t challenge[AUTH_CHALLENGE_SIZE], uint8_t token[AUTH_TOKEN_SIZE])
{
    size_t first = position_of(index) * 8u;
    struct auth_evidence evidence = {
        .when = auth_now(issuer),
        .type = row->type,
        .trust_level = AUTH_TRUST_3,
        .user_id = AUTH_USER_ID + (row->event == OTHER_USER),
        .secure_uid = who->secure_uid,
        .enrolled_id = row->type == BY_PIN      ? who->pin
                       : row->type == BY_FINGER ? who->finger
                                                : who->face,
        .credential_id = 7,
    };
    memcpy(evidence.challenge, challenge, AUTH_CHALLENGE_SIZE);
    if (row->fit == OTHER_CHALLENGE || row->fit == FITS_ONE_SLOT) {
        for (size_t i = 0; i < AUTH_CHALLENGE_SIZE; i++) {
            bool kept = row->fit == FITS_ONE_SLOT && i >= first && i < first + 8;
            evidence.challenge[i] ^= kept ? 0 : 0x5a;
        }
    }
    evidence.when.ms += row->fit == TOO_OLD ? -(uint64_t)(WINDOW + 600) * 1000 : 0;
    evidence.when.boot += row->event == REBOOT;
    OK(auth_token_issue(issuer, &evidence, token));
}

static const char data[] = "data to be authenticated";

static int32_t use_natively(const struct row *row, size_t index, const struct identities *who)
{
    uint8_t challenge[AUTH_CHALLENGE_SIZE] = {0}, token[AUTH_TOKEN_SIZE], mac[32], number[8];
    struct OH_Huks_Blob alias = alias_of(index), handle = {sizeof number, number};
    struct OH_Huks_Blob given = {sizeof challenge, challenge}, out = {sizeof mac, mac};
    struct OH_Huks_Blob in = {sizeof data, (uint8_t *)(uintptr_t)data};
    struct OH_Huks_ParamSet *init =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(CHALLENGE_POS, position_of(index)));
    struct OH_Huks_Result result = OH_Huks_InitSession(&alias, init, &handle, &given);
    ck_assert_msg(result.errorCode == 0, "Init: %d: %s", result.errorCode, result.errorMsg);
    ck_assert_uint_eq(given.size, row->rule.challenge == WITHOUT ? 0 : AUTH_CHALLENGE_SIZE);
    issue(row, index, who, challenge, token);
    struct OH_Huks_ParamSet *finish =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = {sizeof token, token}});
    int32_t code = OH_Huks_FinishSession(&handle, finish, &in, &out).errorCode;
    OH_Huks_FreeParamSet(&init);
    OH_Huks_FreeParamSet(&finish);
    return code;
}

static int32_t last_code(void)
{
    CK_HUKS_ERROR error;
    p11_vendor_functions.GetLastError(&error);
    return (int32_t)error.code;
}

static int32_t use_by_pkcs11(const struct row *row, size_t index, const struct identities *who)
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t challenge[AUTH_CHALLENGE_SIZE] = {0}, token[AUTH_TOKEN_SIZE], mac[32];
    CK_ULONG length = sizeof challenge;
    CK_RV rv = C_SignInit(session, &hmac, handles[index]);
    if (rv != CKR_OK) {
        ck_assert_uint_eq(rv, CKR_KEY_FUNCTION_NOT_PERMITTED);
        return last_code();
    }
    P11(p11_vendor_functions.GetChallenge(session, CKF_SIGN, challenge, &length));
    ck_assert_uint_eq(length, row->rule.challenge == WITHOUT ? 0 : AUTH_CHALLENGE_SIZE);
    issue(row, index, who, challenge, token);
    rv = p11_vendor_functions.SetAuthToken(session, CKF_SIGN, token, sizeof token);
    int32_t code = last_code();
    ck_assert_uint_eq(rv, code == 0      ? CKR_OK
                          : code == VOID ? CKR_KEY_FUNCTION_NOT_PERMITTED
                                         : CKR_USER_NOT_LOGGED_IN);
    if (code != 0) {
        P11(C_SignInit(session, NULL, 0)); /* it is still pending: a refused token changes nothing */
        return code;
    }
    length = sizeof mac;
    P11(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length));
    return 0;
}

/* ---- the test
 * ---------------------------------------------------------------------------------------------- */

static size_t rows_tried;

static void try_row(const struct row *row, size_t index, const struct identities *who)
{
    int32_t native = use_natively(row, index, who), pkcs11 = use_by_pkcs11(row, index, who);
    ck_assert_msg(native == judge(row, false) && pkcs11 == judge(row, true),
                  "types %u, access %u, challenge %u, after %s, by %u seen %s it, %s: natively %d for %d, "
                  "by PKCS #11 %d for %d",
                  row->rule.types, row->rule.access, row->rule.challenge, event_names[row->event], row->type,
                  row->identity == BEFORE ? "before" : "after", fit_names[row->fit], native,
                  judge(row, false), pkcs11, judge(row, true));
    rows_tried++;
}

static void try_rule(enum event event, size_t index, const struct identities who[IDENTITIES])
{
    struct row row = {.rule = rules[index], .event = event};
    for (row.fit = FITS; row.fit < FOUNDS; row.fit++) {
        for (row.identity = BEFORE; row.identity < IDENTITIES; row.identity++) {
            for (row.type = BY_FINGER; row.type <= BY_PIN; row.type <<= 1) {
                try_row(&row, index, &who[row.identity]);
            }
        }
    }
}

static void try_event(enum event event)
{
    struct identities who[IDENTITIES];
    bodies(BY_FINGER, 0);
    bodies(BY_FACE, 0);
    make_keys();
    who[BEFORE] = identify();
    happen(event);
    who[AFTER] = identify();
    for (size_t i = 0; i < rule_count; i++) {
        handles[i] = find(i);
    }
    for (size_t i = 0; i < rule_count; i++) {
        try_rule(event, i, who);
    }
}

START_TEST(every_state_answers_as_published)
{
    for (enum event event = NOTHING; event < EVENTS; event++) {
        try_event(event);
    }
    printf("check-auth-states: %zu rows, each through both doors\n", rows_tried);
    ck_assert_uint_eq(rows_tried, rule_count * EVENTS * FOUNDS * IDENTITIES * 3);
    ck_assert_uint_gt(rows_tried, 4000);
}
END_TEST

/* ---- tokens where they don't belong
 * ------------------------------------------------------------------------- */

static const struct rule normal_pin = {BY_PIN, NEVER, NORMAL}, windowed_pin = {BY_PIN, NEVER, WITHOUT};

static size_t rule_index(const struct rule *wanted)
{
    for (size_t i = 0; i < rule_count; i++) {
        if (memcmp(&rules[i], wanted, sizeof *wanted) == 0) {
            return i;
        }
    }
    ck_abort_msg("no such rule");
}

static int32_t finish_with(uint8_t number[8], const uint8_t token[AUTH_TOKEN_SIZE])
{
    uint8_t mac[32];
    struct OH_Huks_Blob handle = {8, number}, out = {sizeof mac, mac};
    struct OH_Huks_Blob in = {sizeof data, (uint8_t *)(uintptr_t)data};
    struct OH_Huks_ParamSet *finish =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC),
            {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = {AUTH_TOKEN_SIZE, (uint8_t *)(uintptr_t)token}});
    int32_t code = OH_Huks_FinishSession(&handle, finish, &in, &out).errorCode;
    OH_Huks_FreeParamSet(&finish);
    return code;
}

static void begin_natively(size_t index, uint8_t number[8], uint8_t challenge[AUTH_CHALLENGE_SIZE])
{
    struct OH_Huks_Blob alias = alias_of(index), handle = {8, number},
                        given = {AUTH_CHALLENGE_SIZE, challenge};
    struct OH_Huks_ParamSet *init =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(CHALLENGE_POS, position_of(index)));
    struct OH_Huks_Result result = OH_Huks_InitSession(&alias, init, &handle, &given);
    ck_assert_msg(result.errorCode == 0, "Init: %d: %s", result.errorCode, result.errorMsg);
    OH_Huks_FreeParamSet(&init);
}

static int32_t sign_with(size_t index, const uint8_t token[AUTH_TOKEN_SIZE])
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    P11(C_SignInit(session, &hmac, find(index)));
    (void)p11_vendor_functions.SetAuthToken(session, 0, (CK_BYTE *)(uintptr_t)token, AUTH_TOKEN_SIZE);
    int32_t code = last_code();
    P11(C_SignInit(session, NULL, 0));
    return code;
}

START_TEST(tokens_serve_once_and_here)
{
    size_t index = rule_index(&normal_pin), windowed = rule_index(&windowed_pin);
    struct row row = {.rule = normal_pin, .type = BY_PIN, .identity = AFTER};
    uint8_t first[8], second[8], challenge[AUTH_CHALLENGE_SIZE], other[AUTH_CHALLENGE_SIZE];
    uint8_t token[AUTH_TOKEN_SIZE];
    bodies(BY_FINGER, 0);
    bodies(BY_FACE, 0);
    make_keys();
    struct identities who = identify();

    begin_natively(index, first, challenge);
    begin_natively(index, second, other);
    ck_assert(memcmp(challenge, other, sizeof challenge) != 0);
    issue(&row, index, &who, challenge, token);
    ck_assert_int_eq(finish_with(second, token), AUTH_FAILED); /* another operation's */
    ck_assert_int_eq(finish_with(first, token), 0);
    begin_natively(index, first, challenge);
    ck_assert_int_eq(finish_with(first, token), AUTH_FAILED); /* spent: the next challenge is another one */
    ck_assert_int_eq(sign_with(index, token), AUTH_FAILED);

    /* Of a key without a challenge: while it is young, and no longer. */
    issue(&row, windowed, &who, challenge, token);
    ck_assert_int_eq(sign_with(windowed, token), 0);
    ck_assert_int_eq(sign_with(windowed, token), 0);
    row.fit = TOO_OLD;
    issue(&row, windowed, &who, challenge, token);
    ck_assert_int_eq(sign_with(windowed, token), TIMED_OUT);
    begin_natively(windowed, first, challenge);
    ck_assert_int_eq(finish_with(first, token), TIMED_OUT);
    row.fit = FITS;

    /* Any bit of one that is good. */
    issue(&row, windowed, &who, challenge, token);
    for (size_t bit = 0; bit < 8u * AUTH_TOKEN_SIZE; bit += 37) {
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(sign_with(windowed, token), AUTH_FAILED);
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_eq(sign_with(windowed, token), 0);

    /* Of another token's service: it has a key of its own. */
    struct auth *here = issuer;
    struct engine *engine = native_side->engine;
    struct token *slots[8];
    size_t count = 0;
    OK(engine_slots(engine, slots, 8, &count));
    for (size_t i = 0; i < count; i++) {
        if (slots[i] != native_side) {
            OK(token_init(slots[i], bytes_of("so-pin-2", 8), bytes_of("elsewhere", 9)));
            OK(token_require(slots[i]));
            issuer = slots[i]->auth;
        }
    }
    ck_assert_ptr_ne(issuer, here);
    issue(&row, windowed, &who, challenge, token);
    issuer = here;
    ck_assert_int_eq(sign_with(windowed, token), AUTH_FAILED);
    begin_natively(windowed, first, challenge);
    ck_assert_int_eq(finish_with(first, token), AUTH_FAILED);
}
END_TEST

START_TEST(sticky_and_absent)
{
    size_t index = rule_index(&normal_pin);
    uint8_t number[8], challenge[AUTH_CHALLENGE_SIZE], mac[32];
    struct OH_Huks_Blob handle = {8, number}, out = {sizeof mac, mac};
    struct OH_Huks_Blob in = {sizeof data, (uint8_t *)(uintptr_t)data};
    struct OH_Huks_ParamSet *none = SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC));
    uint8_t few[100] = {0};
    struct OH_Huks_ParamSet *shorter =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = {sizeof few, few}});
    bodies(BY_FINGER, 0);
    bodies(BY_FACE, 0);
    make_keys();
    begin_natively(index, number, challenge);
    struct OH_Huks_Result result = OH_Huks_UpdateSession(&handle, none, &in, &out);
    ck_assert_int_eq(result.errorCode, 401);
    ck_assert_str_eq(result.errorMsg,
                     "Failed to obtain the authentication token. It is not set in ParamSet.");
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, none, &in, &out).errorCode, 12000011); /* it is gone */
    begin_natively(index, number, challenge);
    result = OH_Huks_FinishSession(&handle, shorter, &in, &out);
    ck_assert_int_eq(result.errorCode, 401);
    ck_assert_str_eq(result.errorMsg, "Invalid authentication token.");

    /* Once shown, the token need not come again. */
    struct row row = {.rule = normal_pin, .type = BY_PIN, .identity = AFTER};
    struct identities who = identify();
    uint8_t token[AUTH_TOKEN_SIZE];
    begin_natively(index, number, challenge);
    issue(&row, index, &who, challenge, token);
    struct OH_Huks_ParamSet *with =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = {sizeof token, token}});
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, with, &in, &out).errorCode, 0);
    out = (struct OH_Huks_Blob){sizeof mac, mac};
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, none, &in, &out).errorCode, 0);
    out = (struct OH_Huks_Blob){sizeof mac, mac};
    ck_assert_int_eq(OH_Huks_FinishSession(&handle, none, &in, &out).errorCode, 0);
    OH_Huks_FreeParamSet(&none);
    OH_Huks_FreeParamSet(&shorter);
    OH_Huks_FreeParamSet(&with);
}
END_TEST

/* Whoever asks what a key was made with learns the rule, and not which user it is bound to. */
START_TEST(rules_are_told_and_ids_are_not)
{
    static const struct rule finger = {BY_FINGER, BY_CLEARING | BY_NEW_BODY, CUSTOM};
    uint64_t room[512] = {0};
    struct OH_Huks_ParamSet *told = (struct OH_Huks_ParamSet *)room;
    struct OH_Huks_Param *param = NULL;
    size_t index = rule_index(&finger);
    struct OH_Huks_Blob alias = alias_of(index);
    bodies(BY_FINGER, 0);
    bodies(BY_FACE, 0);
    make_keys();
    alias = alias_of(index);
    told->paramSetSize = sizeof room;
    ck_assert_int_eq(OH_Huks_GetKeyItemParamSet(&alias, NULL, told).errorCode, 0);
    ck_assert_int_eq(OH_Huks_GetParam(told, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, &param).errorCode, 0);
    ck_assert_uint_eq(param->uint32Param, BY_CLEARING | BY_NEW_BODY);
    ck_assert_int_eq(OH_Huks_GetParam(told, HUKS_TAG_USER_AUTH_SECURE_UID, &param).errorCode, 401);
    ck_assert_int_eq(OH_Huks_GetParam(told, HUKS_TAG_USER_AUTH_ENROLL_ID_INFO, &param).errorCode, 401);
}
END_TEST

/* ---- who can't be asked -----------------------------------------------------------------------------------
 */

static CK_RV context_login(const char *pin)
{
    return C_Login(session, CKU_CONTEXT_SPECIFIC, utf8(pin), pin == NULL ? 0 : strlen(pin));
}

START_TEST(missing_readers_leave_the_operation)
{
    static const struct rule finger = {BY_FINGER, BY_CLEARING, NORMAL};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t challenge[AUTH_CHALLENGE_SIZE], token[AUTH_TOKEN_SIZE], mac[32];
    CK_ULONG length = sizeof challenge;
    size_t index = rule_index(&finger);
    struct row row = {.rule = finger, .type = BY_FINGER, .identity = AFTER};
    bodies(BY_FINGER, 0);
    bodies(BY_FACE, 0);
    make_keys();
    struct identities who = identify();
    P11(C_SignInit(session, &hmac, find(index)));
    ck_assert_uint_eq(context_login(NULL), CKR_FUNCTION_FAILED);
    ck_assert_int_eq(last_code(), 12000015);
    ck_assert_uint_eq(context_login(PIN), CKR_USER_TYPE_INVALID); /* the key takes none */
    ck_assert_int_eq(last_code(), AUTH_FAILED);
    P11(p11_vendor_functions.GetChallenge(session, 0, challenge, &length));
    issue(&row, index, &who, challenge, token);
    P11(p11_vendor_functions.SetAuthToken(session, 0, token, sizeof token));
    length = sizeof mac;
    P11(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length));
}
END_TEST

static void *wait_for_a_finger(void *answer)
{
    *(CK_RV *)answer = context_login(NULL);
    return NULL;
}

static bool asking(struct auth *auth)
{
    (void)pthread_mutex_lock(&auth->run_mutex);
    bool running = auth->runs != NULL;
    (void)pthread_mutex_unlock(&auth->run_mutex);
    return running;
}

/* The one who waits for a finger has the session; C_SessionCancel comes through to it. */
START_TEST(waiting_for_a_finger_can_be_cancelled)
{
    static const struct rule finger = {BY_FINGER, BY_CLEARING, NORMAL};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t mac[32];
    CK_ULONG length = sizeof mac;
    CK_RV answer = CKR_OK;
    pthread_t thread;
    bodies(BY_FINGER, 0);
    bodies(BY_FACE, 0);
    make_keys();
    P11(C_SignInit(session, &hmac, find(rule_index(&finger))));
    struct auth *auth = engine_slot(p11_module()->engine, slot)->auth;
    free(auth->helper);
    auth->helper = strdup("/bin/cat"); /* says nothing, for ever */
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_a_finger, &answer), 0);
    while (!asking(auth)) {
        usleep(1000);
    }
    P11(C_SessionCancel(session, CKF_SIGN));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(answer, CKR_FUNCTION_FAILED);
    ck_assert_uint_eq(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length),
                      CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

/* A device password is asked for at each step, and its absence is told before anything else. */
START_TEST(device_password_is_asked_for_each_time)
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    uint8_t number[8], other[8], mac[32];
    struct OH_Huks_Blob alias = {4, (uint8_t *)(uintptr_t) "lock"}, out = {sizeof mac, mac};
    struct OH_Huks_Blob handle = {8, number}, second = {8, other},
                        in = {sizeof data, (uint8_t *)(uintptr_t)data};
    struct OH_Huks_ParamSet *made =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE),
            {.tag = OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET, .boolParam = true});
    struct OH_Huks_ParamSet *used =
        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC),
            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE));
    CK_ATTRIBUTE label = {CKA_LABEL, alias.data, alias.size};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG length = sizeof mac, found = 0;
    ck_assert_int_eq(OH_Huks_GenerateKeyItem(&alias, made, NULL).errorCode, 0);
    ck_assert_int_eq(OH_Huks_InitSession(&alias, used, &handle, NULL).errorCode, 0);
    ck_assert_int_eq(OH_Huks_UpdateSession(&handle, used, &in, &out).errorCode, 0);
    ck_assert_int_eq(OH_Huks_InitSession(&alias, used, &second, NULL).errorCode, 0);
    P11(C_FindObjectsInit(session, &label, 1));
    P11(C_FindObjects(session, &key, 1, &found));
    P11(C_FindObjectsFinal(session));
    P11(C_SignInit(session, &hmac, key));
    P11(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length));
    P11(C_SignInit(session, &hmac, key));

    OK(user_clear_pin(native_side, AUTH_USER, bytes_of(PIN, strlen(PIN))));
    out = (struct OH_Huks_Blob){sizeof mac, mac};
    ck_assert_int_eq(OH_Huks_FinishSession(&handle, used, &in, &out).errorCode, 12000016);
    ck_assert_int_eq(OH_Huks_UpdateSession(&second, used, &in, &out).errorCode, 12000016);
    ck_assert_int_eq(OH_Huks_InitSession(&alias, used, &handle, NULL).errorCode, 12000016);
    ck_assert_int_eq(OH_Huks_GenerateKeyItem(&alias, made, NULL).errorCode, 12000016);
    ck_assert_uint_eq(C_Sign(session, (CK_BYTE *)(uintptr_t)data, sizeof data, mac, &length),
                      CKR_USER_PIN_NOT_INITIALIZED);
    ck_assert_int_eq(last_code(), 12000016);
    ck_assert_uint_eq(C_SignInit(session, &hmac, key), CKR_USER_PIN_NOT_INITIALIZED);
    ck_assert_int_eq(last_code(), 12000016);
    OH_Huks_FreeParamSet(&made);
    OH_Huks_FreeParamSet(&used);
}
END_TEST

static void setup(void)
{
    rule_count = 0;
    make_rules();
    make_store();
    open_doors();
}

static void teardown(void)
{
    P11(C_Finalize(NULL));
    remove_store();
}

int main(void)
{
    Suite *suite = suite_create("auth states");
    TCase *tcase = tcase_create("states");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_state_answers_as_published);
    tcase_add_test(tcase, tokens_serve_once_and_here);
    tcase_add_test(tcase, sticky_and_absent);
    tcase_add_test(tcase, rules_are_told_and_ids_are_not);
    tcase_add_test(tcase, missing_readers_leave_the_operation);
    tcase_add_test(tcase, waiting_for_a_finger_can_be_cancelled);
    tcase_add_test(tcase, device_password_is_asked_for_each_time);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
