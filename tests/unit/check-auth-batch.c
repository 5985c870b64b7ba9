/*
 * Batches: many operations of one native session, or one PKCS #11 message process, for one authentication.
 * Time is the test's: the engines' clocks are put forward.
 */
#include "check-auth-doors.h"

#include "auth/inside.h"
#include "service/user.h"

#define LATE       "Invalid timeout parameter."
#define NO_TOKEN   "Failed to obtain the authentication token. It is not set in ParamSet."
#define NULL_TEXT  "The parameter value cannot be null."
#define BAD_USE    "Invalid key purpose."
#define ILLEGAL    401
#define GONE       12000011
#define MINUTE_MS  60000u
#define TAG_SIZE   16u
#define NONCE_SIZE 12u

#define IS_BATCH(yes)                                                                                        \
    {                                                                                                        \
        .tag = HUKS_TAG_IS_BATCH_OPERATION, .boolParam = (yes)                                               \
    }
#define BATCH_TIME(time)                                                                                     \
    {                                                                                                        \
        .tag = HUKS_TAG_BATCH_OPERATION_TIMEOUT, .uint32Param = (time)                                       \
    }
#define BATCH_PURPOSE(use)                                                                                   \
    {                                                                                                        \
        .tag = HUKS_TAG_BATCH_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_##use                              \
    }
#define BLOB(name, bytes, length)                                                                            \
    {                                                                                                        \
        .tag = (name), .blob = {(uint32_t)(length), (uint8_t *)(uintptr_t)(bytes) }                          \
    }
#define RULE(types, access, challenge)                                                                       \
    U32(USER_AUTH_TYPE, types), U32(KEY_AUTH_ACCESS_TYPE, access), U32(CHALLENGE_TYPE, challenge),           \
        U32(CHALLENGE_POS, 0), U32(AUTH_TIMEOUT, WINDOW)
#define HMAC_KEY U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(KEY_SIZE, 256), U32(DIGEST, OH_HUKS_DIGEST_SHA256)
#define MAC_KEY  HMAC_KEY, U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC)
#define GCM_KEY                                                                                              \
    U32(ALGORITHM, OH_HUKS_ALG_AES), U32(KEY_SIZE, 256), U32(BLOCK_MODE, OH_HUKS_MODE_GCM),                  \
        U32(PADDING, OH_HUKS_PADDING_NONE)
#define GCM_USE(purpose) GCM_KEY, U32(PURPOSE, OH_HUKS_KEY_PURPOSE_##purpose)

typedef struct OH_Huks_ParamSet set;
typedef struct OH_Huks_Result result;

static struct OH_Huks_Blob name = {5, (uint8_t *)(uintptr_t) "batch"};

static void generate(set *params)
{
    result made = OH_Huks_GenerateKeyItem(&name, params, NULL);
    ck_assert_msg(made.errorCode == 0, "%d: %s", made.errorCode, made.errorMsg);
    OH_Huks_FreeParamSet(&params);
}

/* ---- one session ---- */

struct batch {
    uint8_t number[8], challenge[AUTH_CHALLENGE_SIZE];
    uint32_t challenge_size;
};

static result batch_init(struct batch *batch, set *params)
{
    struct OH_Huks_Blob handle = {sizeof batch->number, batch->number};
    struct OH_Huks_Blob challenge = {sizeof batch->challenge, batch->challenge};
    result begun = OH_Huks_InitSession(&name, params, &handle, &challenge);
    batch->challenge_size = challenge.size;
    OH_Huks_FreeParamSet(&params);
    return begun;
}

struct output {
    uint8_t bytes[128];
    uint32_t size;
};

typedef result (*step)(const struct OH_Huks_Blob *, const set *, const struct OH_Huks_Blob *,
                       struct OH_Huks_Blob *);

static result batch_step(struct batch *batch, step call, set *params, const void *in, size_t size,
                         struct output *out)
{
    struct OH_Huks_Blob handle = {sizeof batch->number, batch->number}, to = {sizeof out->bytes, out->bytes};
    struct OH_Huks_Blob from = {(uint32_t)size, (uint8_t *)(uintptr_t)in};
    result done = call(&handle, params, &from, &to);
    out->size = to.size;
    OH_Huks_FreeParamSet(&params);
    /* A result is a code and texts of the library's: nothing of what the call was given. */
    // cppcheck-suppress returnDanglingLifetime
    return done;
}

static result batch_update(struct batch *batch, set *params, const char *in, struct output *out)
{
    return batch_step(batch, OH_Huks_UpdateSession, params, in, strlen(in), out);
}

static void expect(int line, int32_t code, const char *text, result got)
{
    ck_assert_msg(got.errorCode == code && (text == NULL || strcmp(got.errorMsg, text) == 0),
                  "line %d: %d: %s, for %d: %s", line, got.errorCode, got.errorMsg, code,
                  text == NULL ? "any" : text);
}
#define EXPECT(code, text, call) expect(__LINE__, code, text, call)
#define FINE(call)               EXPECT(0, NULL, call)

static void later(uint64_t ms)
{
    atomic_fetch_add(&issuer->skew_ms, ms);
}

static set *mac_with(const uint8_t token[AUTH_TOKEN_SIZE])
{
    return SET(MAC_KEY, BLOB(OH_HUKS_TAG_AUTH_TOKEN, token, AUTH_TOKEN_SIZE));
}

/* A batch of MACs whose user is there. */
static void begin_macs(struct batch *batch, set *params)
{
    uint8_t token[AUTH_TOKEN_SIZE];
    struct output out;
    FINE(batch_init(batch, params));
    issue_pin(batch->challenge, token);
    FINE(batch_update(batch, mac_with(token), "the first", &out));
    ck_assert_uint_eq(out.size, 32);
}

/* ---- what a batch does ---- */

static void seal(const char *text, struct output *out)
{
    struct batch plain;
    FINE(batch_init(&plain, SET(GCM_USE(ENCRYPT))));
    ck_assert_uint_eq(plain.challenge_size, 0); /* this purpose is free */
    FINE(batch_step(&plain, OH_Huks_FinishSession, SET(GCM_USE(ENCRYPT)), text, strlen(text), out));
    ck_assert_uint_eq(out->size, strlen(text) + TAG_SIZE + NONCE_SIZE);
}

/* Each operation has its own nonce and tag. */
static result unseal(struct batch *batch, const struct output *sealed, const uint8_t *token,
                     struct output *out)
{
    size_t size = sealed->size - TAG_SIZE - NONCE_SIZE;
    const uint8_t *tag = sealed->bytes + size;
    set *params = token == NULL ? SET(GCM_USE(DECRYPT), BLOB(OH_HUKS_TAG_AE_TAG, tag, TAG_SIZE),
                                      BLOB(OH_HUKS_TAG_NONCE, tag + TAG_SIZE, NONCE_SIZE))
                                : SET(GCM_USE(DECRYPT), BLOB(OH_HUKS_TAG_AE_TAG, tag, TAG_SIZE),
                                      BLOB(OH_HUKS_TAG_NONCE, tag + TAG_SIZE, NONCE_SIZE),
                                      BLOB(OH_HUKS_TAG_AUTH_TOKEN, token, AUTH_TOKEN_SIZE));
    return batch_step(batch, OH_Huks_UpdateSession, params, sealed->bytes, size, out);
}

static void make_guarded(void)
{
    generate(SET(GCM_KEY, U32(PURPOSE, OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT),
                 U32(KEY_AUTH_PURPOSE, OH_HUKS_KEY_PURPOSE_DECRYPT), BATCH_PURPOSE(DECRYPT),
                 RULE(BY_PIN, NEVER, NORMAL)));
}

START_TEST(one_authentication_for_all)
{
    static const char *const texts[] = {"one", "two, which is longer", "three"};
    struct batch batch;
    struct output sealed, out;
    uint8_t token[AUTH_TOKEN_SIZE];
    make_guarded();
    FINE(batch_init(&batch, SET(GCM_USE(DECRYPT), IS_BATCH(true))));
    ck_assert_uint_eq(batch.challenge_size, AUTH_CHALLENGE_SIZE);
    issue_pin(batch.challenge, token);
    for (size_t i = 0; i < 3; i++) {
        seal(texts[i], &sealed);
        FINE(unseal(&batch, &sealed, i == 0 ? token : NULL, &out));
        ck_assert_uint_eq(out.size, strlen(texts[i]));
        ck_assert_mem_eq(out.bytes, texts[i], out.size);
    }
    FINE(batch_step(&batch, OH_Huks_FinishSession, SET(GCM_USE(DECRYPT)), "", 0, &out));
    ck_assert_uint_eq(out.size, 0);
    EXPECT(GONE, NULL, unseal(&batch, &sealed, token, &out));
}
END_TEST

/* One operation that fails ends the batch, as an Update that fails ends any session. */
START_TEST(a_failure_ends_it)
{
    struct batch batch;
    struct output sealed, out;
    uint8_t token[AUTH_TOKEN_SIZE];
    make_guarded();
    seal("one", &sealed);
    FINE(batch_init(&batch, SET(GCM_USE(DECRYPT), IS_BATCH(true))));
    issue_pin(batch.challenge, token);
    FINE(unseal(&batch, &sealed, token, &out));
    sealed.bytes[0] ^= 1;
    EXPECT(12000006, NULL, unseal(&batch, &sealed, NULL, &out));
    sealed.bytes[0] ^= 1;
    EXPECT(GONE, NULL, unseal(&batch, &sealed, NULL, &out));
}
END_TEST

START_TEST(who_may)
{
    struct batch batch;
    struct output out;
    uint8_t token[AUTH_TOKEN_SIZE], other[AUTH_CHALLENGE_SIZE] = {1};
    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC), RULE(BY_PIN, NEVER, NORMAL)));
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true))));
    EXPECT(ILLEGAL, NO_TOKEN, batch_update(&batch, SET(MAC_KEY), "data", &out));
    EXPECT(GONE, NULL, batch_update(&batch, SET(MAC_KEY), "data", &out));
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true))));
    issue_pin(other, token);
    EXPECT(AUTH_FAILED, NULL, batch_update(&batch, mac_with(token), "data", &out));
    begin_macs(&batch, SET(MAC_KEY, IS_BATCH(true)));
    issue_pin(other, token); /* one that nobody needs is not looked at */
    FINE(batch_update(&batch, mac_with(token), "data", &out));

    /* The same key without the word for it: one operation. */
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(false))));
    issue_pin(batch.challenge, token);
    FINE(batch_update(&batch, mac_with(token), "data", &out));
    ck_assert_uint_eq(out.size, 0);
}
END_TEST

START_TEST(over_in_time)
{
    struct batch batch;
    struct output out;
    uint8_t token[AUTH_TOKEN_SIZE];
    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC), RULE(BY_PIN, NEVER, NORMAL)));
    begin_macs(&batch, SET(MAC_KEY, IS_BATCH(true))); /* a minute, when nothing is said */
    later(MINUTE_MS / 2);
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &out));
    later(MINUTE_MS / 2 + 1);
    EXPECT(ILLEGAL, LATE, batch_update(&batch, SET(MAC_KEY), "data", &out));
    EXPECT(GONE, NULL, batch_update(&batch, SET(MAC_KEY), "data", &out));

    begin_macs(&batch, SET(MAC_KEY, IS_BATCH(true), BATCH_TIME(600)));
    later(5 * MINUTE_MS);
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &out));
    later(5 * MINUTE_MS + 1);
    FINE(batch_step(&batch, OH_Huks_FinishSession, SET(MAC_KEY), "", 0, &out)); /* its end is always fine */

    /* The time counts from Init, and goes before the token. */
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true), BATCH_TIME(60))));
    issue_pin(batch.challenge, token);
    later(MINUTE_MS + 1);
    EXPECT(ILLEGAL, LATE, batch_update(&batch, mac_with(token), "data", &out));
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true), BATCH_TIME(0))));
    later(1);
    EXPECT(ILLEGAL, LATE, batch_update(&batch, mac_with(token), "data", &out));
}
END_TEST

/* With a window the authentication lies near Init; how long the batch then lasts is the batch's affair. */
START_TEST(kinds_of_challenge)
{
    struct batch batch;
    struct output out;
    uint8_t token[AUTH_TOKEN_SIZE], slot_only[AUTH_CHALLENGE_SIZE] = {0};
    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC), RULE(BY_PIN, NEVER, WITHOUT)));
    issue_pin(slot_only, token);
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true), BATCH_TIME(600))));
    ck_assert_uint_eq(batch.challenge_size, 0);
    later(5 * MINUTE_MS);
    FINE(batch_update(&batch, mac_with(token), "data", &out));
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &out));
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true))));
    EXPECT(TIMED_OUT, NULL, batch_update(&batch, mac_with(token), "data", &out));

    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC), RULE(BY_PIN, NEVER, CUSTOM)));
    EXPECT(ILLEGAL, NULL, batch_init(&batch, SET(MAC_KEY, IS_BATCH(true)))); /* which 8 bytes? */
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true), U32(CHALLENGE_POS, 2))));
    memcpy(slot_only + 16, batch.challenge + 16, 8);
    issue_pin(slot_only, token);
    FINE(batch_update(&batch, mac_with(token), "data", &out));
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &out));
}
END_TEST

START_TEST(each_signature_says_who)
{
#define ECC_USE                                                                                              \
    U32(ALGORITHM, OH_HUKS_ALG_ECC), U32(DIGEST, OH_HUKS_DIGEST_SHA256),                                     \
        U32(PURPOSE, OH_HUKS_KEY_PURPOSE_SIGN)
    struct batch batch;
    struct output first, second;
    uint8_t token[AUTH_TOKEN_SIZE];
    static const uint8_t version[4] = {1, 0, 0, 1};
    generate(SET(U32(ALGORITHM, OH_HUKS_ALG_ECC), U32(KEY_SIZE, 256), U32(DIGEST, OH_HUKS_DIGEST_SHA256),
                 U32(PURPOSE, OH_HUKS_KEY_PURPOSE_SIGN), BATCH_PURPOSE(SIGN), U32(KEY_SECURE_SIGN_TYPE, 1),
                 RULE(BY_PIN, NEVER, NORMAL)));
    FINE(batch_init(&batch, SET(ECC_USE, IS_BATCH(true))));
    issue_pin(batch.challenge, token);
    FINE(batch_update(&batch, SET(ECC_USE, BLOB(OH_HUKS_TAG_AUTH_TOKEN, token, AUTH_TOKEN_SIZE)), "a",
                      &first));
    FINE(batch_update(&batch, SET(ECC_USE), "b", &second));
    ck_assert(first.size > 24 && second.size > 24 && first.bytes[24] == 0x30 && second.bytes[24] == 0x30);
    ck_assert_mem_eq(first.bytes, version, sizeof version);
    ck_assert_mem_eq(first.bytes, second.bytes, 24);
    ck_assert_uint_eq(first.bytes[4], 1); /* UserIAM's number of a PIN */
}
END_TEST

/* ---- what an operation of a batch must say ---- */

START_TEST(its_own_words)
{
    struct batch batch;
    struct output out;
    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC), RULE(BY_PIN, NEVER, NORMAL)));
    begin_macs(&batch, SET(MAC_KEY, IS_BATCH(true)));
    EXPECT(ILLEGAL, NULL, batch_update(&batch, SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC)), "data", &out));
    begin_macs(&batch, SET(MAC_KEY, IS_BATCH(true)));
    EXPECT(12000003, BAD_USE,
           batch_update(&batch, SET(HMAC_KEY, U32(PURPOSE, OH_HUKS_KEY_PURPOSE_DERIVE)), "data", &out));
    begin_macs(&batch, SET(MAC_KEY, IS_BATCH(true)));
    EXPECT(ILLEGAL, NULL,
           batch_update(&batch,
                        SET(U32(ALGORITHM, OH_HUKS_ALG_HMAC), U32(DIGEST, OH_HUKS_DIGEST_SHA384),
                            U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC)),
                        "data", &out));

    /* Deriving takes an Update and a Finish. */
    generate(SET(HMAC_KEY, U32(PURPOSE, OH_HUKS_KEY_PURPOSE_MAC)));
    generate(SET(U32(ALGORITHM, OH_HUKS_ALG_AES), U32(KEY_SIZE, 256), U32(DIGEST, OH_HUKS_DIGEST_SHA256),
                 U32(PURPOSE, OH_HUKS_KEY_PURPOSE_DERIVE), BATCH_PURPOSE(DERIVE)));
    FINE(batch_init(&batch,
                    SET(U32(ALGORITHM, OH_HUKS_ALG_HKDF), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_DERIVE),
                        U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(DERIVE_KEY_SIZE, 32), IS_BATCH(true))));
    EXPECT(ILLEGAL, NULL_TEXT,
           batch_update(&batch,
                        SET(U32(ALGORITHM, OH_HUKS_ALG_HKDF), U32(PURPOSE, OH_HUKS_KEY_PURPOSE_DERIVE),
                            U32(DIGEST, OH_HUKS_DIGEST_SHA256), U32(DERIVE_KEY_SIZE, 32)),
                        "", &out));
}
END_TEST

START_TEST(keys_without_a_user)
{
    struct batch batch;
    struct output first, second;
    struct engine_limits before, during;
    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC)));
    OK(engine_limits(native_side->engine, &before));
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true))));
    ck_assert_uint_eq(batch.challenge_size, 0);
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &first));
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &second));
    ck_assert_mem_eq(first.bytes, second.bytes, 32);
    FINE(batch_update(&batch, SET(MAC_KEY), "date", &second));
    ck_assert(memcmp(first.bytes, second.bytes, 32) != 0);
    OK(engine_limits(native_side->engine, &during));
    ck_assert_uint_eq(during.in_use,
                      before.in_use + 1); /* one session of the limit, however many there are */
    later(MINUTE_MS + 1);
    EXPECT(ILLEGAL, LATE, batch_update(&batch, SET(MAC_KEY), "data", &first));
    OK(engine_limits(native_side->engine, &during));
    ck_assert_uint_eq(during.in_use, before.in_use);
}
END_TEST

/* ---- meanwhile ---- */

START_TEST(what_ends_its_key_ends_it)
{
    struct batch batch;
    struct output out;
    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC), RULE(BY_PIN, BY_CLEARING, NORMAL)));
    begin_macs(&batch, SET(MAC_KEY, IS_BATCH(true)));
    happen(PIN_CHANGED);
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &out));
    happen(PIN_CLEARED);
    EXPECT(VOID, NULL, batch_update(&batch, SET(MAC_KEY), "data", &out));
    FINE(batch_init(&batch, SET(MAC_KEY, IS_BATCH(true)))); /* natively a void key shows when it is used */
    uint8_t token[AUTH_TOKEN_SIZE];
    issue_pin(batch.challenge, token);
    EXPECT(VOID, NULL, batch_update(&batch, mac_with(token), "data", &out));

    generate(SET(MAC_KEY, BATCH_PURPOSE(MAC), U32(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE),
                 {.tag = OH_HUKS_TAG_IS_DEVICE_PASSWORD_SET, .boolParam = true}));
    set *used = SET(MAC_KEY, IS_BATCH(true), U32(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE));
    FINE(batch_init(&batch, used));
    FINE(batch_update(&batch, SET(MAC_KEY), "data", &out));
    OK(user_clear_pin(native_side, AUTH_USER, bytes_of(PIN, strlen(PIN))));
    EXPECT(12000016, NULL, batch_update(&batch, SET(MAC_KEY), "data", &out));
}
END_TEST

/* ---- the other door: a process of messages ---- */

static CK_RV message(uint8_t sealed[16], CK_ULONG *size)
{
    static uint8_t nonce[NONCE_SIZE], tag[TAG_SIZE];
    CK_GCM_MESSAGE_PARAMS params = {nonce, NONCE_SIZE, 0, CKG_GENERATE_RANDOM, tag, 8 * TAG_SIZE};
    return C_EncryptMessage(session, &params, sizeof params, NULL, 0, (CK_BYTE *)(uintptr_t) "message", 7,
                            sealed, size);
}

static CK_RV messages_for_one_token(uint64_t wait_ms)
{
    CK_MECHANISM gcm = {CKM_AES_GCM, NULL, 0};
    uint8_t sealed[16], challenge[AUTH_CHALLENGE_SIZE], token[AUTH_TOKEN_SIZE];
    CK_ULONG size = sizeof challenge;
    P11(C_MessageEncryptInit(session, &gcm, find_alias(name)));
    P11(p11_vendor_functions.GetChallenge(session, 0, challenge, &size));
    issue_pin(challenge, token);
    P11(p11_vendor_functions.SetAuthToken(session, 0, token, sizeof token));
    size = sizeof sealed;
    P11(message(sealed, &size));
    atomic_fetch_add(&engine_slot(p11_module()->engine, slot)->auth->skew_ms, wait_ms);
    size = sizeof sealed;
    CK_RV rv = message(sealed, &size);
    if (rv == CKR_OK) {
        P11(C_MessageEncryptFinal(session));
    }
    return rv;
}

#define GCM_RULED                                                                                            \
    GCM_KEY, U32(PURPOSE, OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT),                        \
        RULE(BY_PIN, NEVER, NORMAL)

START_TEST(messages)
{
    generate(SET(GCM_RULED));
    ck_assert_uint_eq(messages_for_one_token(0), CKR_USER_NOT_LOGGED_IN); /* each asks */
    ck_assert_int_eq(last_code(), AUTH_FAILED);
    generate(SET(GCM_RULED, BATCH_PURPOSE(DECRYPT)));
    ck_assert_uint_eq(messages_for_one_token(0), CKR_USER_NOT_LOGGED_IN); /* for another purpose */
    generate(SET(GCM_RULED, BATCH_PURPOSE(ENCRYPT)));
    P11(messages_for_one_token(0));
    P11(messages_for_one_token(MINUTE_MS / 2));
    ck_assert_uint_eq(messages_for_one_token(MINUTE_MS + 1), CKR_USER_NOT_LOGGED_IN);
    ck_assert_int_eq(last_code(), AUTH_FAILED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth batch");
    TCase *tcase = doors_tcase(suite, "batch");
    tcase_add_test(tcase, one_authentication_for_all);
    tcase_add_test(tcase, a_failure_ends_it);
    tcase_add_test(tcase, who_may);
    tcase_add_test(tcase, over_in_time);
    tcase_add_test(tcase, kinds_of_challenge);
    tcase_add_test(tcase, each_signature_says_who);
    tcase_add_test(tcase, its_own_words);
    tcase_add_test(tcase, keys_without_a_user);
    tcase_add_test(tcase, what_ends_its_key_ends_it);
    tcase_add_test(tcase, messages);
    return doors_run(suite);
}
