/*
 * Keys that know who must authenticate: every kind of authentication, everything that voids a key, every kind
 * of challenge, every way an authentication may fit or not, and everything that happens meanwhile, as one
 * table.
 *
 * What each row must answer comes from judge(), a model that knows the published rules and none of the code.
 * Both doors are asked.
 */
#include "check-auth-doors.h"

#define HANDLES_MAX 128

static const char *const event_names[EVENTS] = {
    "nothing",     "a new finger", "a new face",   "a finger removed", "a face removed",
    "PIN changed", "PIN cleared",  "another boot", "another user",
};
static const char *const fit_names[] = {"fits", "fits one slot", "another challenge", "too old"};

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

/* ---- uses ---- */

static CK_OBJECT_HANDLE handles[HANDLES_MAX];

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

/* ---- the test ---- */

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
    make_keys();
    ck_assert_uint_le(rule_count, HANDLES_MAX);
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

int main(void)
{
    Suite *suite = suite_create("auth states");
    tcase_add_test(doors_tcase(suite, "states"), every_state_answers_as_published);
    return doors_run(suite);
}
