/*
 * See check-auth-doors.h.
 */
#include "check-auth-doors.h"

#include "api/door.h"
#include "auth/credential.h"
#include "service/user.h"

/* ---- rules ---- */

#define RULES_MAX 128
struct rule rules[RULES_MAX];
size_t rule_count;

/* What may void a key that takes these kinds. */
static bool legal(uint32_t types, uint32_t access)
{
    if (access == NEVER) {
        return true;
    }
    uint32_t may = BY_CLEARING | ((types & (BY_FINGER | BY_FACE)) != 0 ? BY_NEW_BODY : 0);
    return access != 0 && (access & ~may) == 0;
}

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

/* ---- the doors ---- */

static char top[256];
CK_SESSION_HANDLE session;
CK_SLOT_ID slot;
struct auth *issuer;       /* the native door's: says who was there */
struct token *native_side; /* its token */

CK_UTF8CHAR *utf8(const char *text)
{
    return (CK_UTF8CHAR *)(uintptr_t)text;
}

void p11_ok(const char *what, CK_RV rv)
{
    CK_HUKS_ERROR error;
    p11_vendor_functions.GetLastError(&error);
    ck_assert_msg(rv == CKR_OK, "%s: 0x%lx, %ld: %s", what, rv, error.code, (const char *)error.message);
}

void engine_ok(const char *what, huks_rc rc)
{
    char text[300];
    ck_assert_msg(rc == HUKS_OK, "%s: %d: %s", what, rc, error_message(text, sizeof text));
}

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
    snprintf(top, sizeof top, "%s/check-auth-doors-XXXXXX", root != NULL ? root : "/tmp");
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

int32_t last_code(void)
{
    CK_HUKS_ERROR error;
    p11_vendor_functions.GetLastError(&error);
    return (int32_t)error.code;
}

CK_RV context_login(const char *pin)
{
    return C_Login(session, CKU_CONTEXT_SPECIFIC, utf8(pin), pin == NULL ? 0 : strlen(pin));
}

/* ---- what is enrolled ---- */

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

void bodies(uint32_t type, int more)
{
    struct bodies change = {type, more};
    OK(store_meta_change(atomic_load(&native_side->db), change_bodies, &change));
}

struct identities identify(void)
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

void happen(enum event event)
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

/* ---- keys ---- */

struct OH_Huks_ParamSet *make_set(const struct OH_Huks_Param *params, uint32_t count)
{
    struct OH_Huks_ParamSet *set = NULL;
    ck_assert_int_eq(OH_Huks_InitParamSet(&set).errorCode, 0);
    ck_assert_int_eq(OH_Huks_AddParams(set, params, count).errorCode, 0);
    ck_assert_int_eq(OH_Huks_BuildParamSet(&set).errorCode, 0);
    return set;
}

struct OH_Huks_Blob alias_of(size_t index)
{
    static char text[16];
    int length = snprintf(text, sizeof text, "key-%zu", index);
    return (struct OH_Huks_Blob){(uint32_t)length, (uint8_t *)text};
}

uint32_t position_of(size_t index)
{
    return (uint32_t)(index % 4);
}

CK_OBJECT_HANDLE find_alias(struct OH_Huks_Blob alias)
{
    CK_ATTRIBUTE label = {CKA_LABEL, alias.data, alias.size};
    CK_OBJECT_HANDLE object = 0;
    CK_ULONG found = 0;
    P11(C_FindObjectsInit(session, &label, 1));
    P11(C_FindObjects(session, &object, 1, &found));
    P11(C_FindObjectsFinal(session));
    ck_assert_uint_eq(found, 1);
    return object;
}

CK_OBJECT_HANDLE find(size_t index)
{
    return find_alias(alias_of(index));
}

void make_keys(void)
{
    bodies(BY_FINGER, 0);
    bodies(BY_FACE, 0);
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

size_t rule_index(const struct rule *wanted)
{
    for (size_t i = 0; i < rule_count; i++) {
        if (memcmp(&rules[i], wanted, sizeof *wanted) == 0) {
            return i;
        }
    }
    ck_abort_msg("no such rule");
}

/* ---- tokens ---- */

void issue(const struct row *row, size_t index, const struct identities *who,
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

void issue_pin(const uint8_t challenge[AUTH_CHALLENGE_SIZE], uint8_t token[AUTH_TOKEN_SIZE])
{
    struct row row = {.type = BY_PIN, .identity = AFTER};
    struct identities who = identify();
    issue(&row, 0, &who, challenge, token);
}

/* ---- running ---- */

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

TCase *doors_tcase(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, setup, teardown);
    return tcase;
}

int doors_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
