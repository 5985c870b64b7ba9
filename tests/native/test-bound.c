/*
 * Keys bound to their user however they come to be (made, brought, unwrapped, agreed, derived), and keys that
 * others come from and that ask for the user themselves.
 */
#include <stdlib.h>
#include <time.h>

#include "envelope.h"
#include "huks/huks_user_auth.h"
#include "material.h"
#include "native.h"

#define REFUSED       "The authentication token verification failed."
#define TOO_LATE      "This authentication token timed out."
#define VOIDED        "This credential is invalidated permanently."
#define NO_CREDENTIAL "The credential does not exist."
#define NO_TOKEN      TEXT_UNSET_IN("authentication token")

#define BY_PIN      4u
#define BY_FINGER   1u
#define NEVER_VOID  4u
#define ON_CLEARING 1u
#define ON_NEW_BODY 2u
#define CHALLENGED  0u
#define WINDOWED    2u

static uint8_t token_bytes[HUKS_AUTH_TOKEN_SIZE];
static const uint8_t zeros[HUKS_AUTH_CHALLENGE_SIZE];
static struct material peer;

static void authenticate(const uint8_t *challenge)
{
    const struct Huks_UserAuthRequest request = {
        .authType = OH_HUKS_USER_AUTH_TYPE_PIN,
        .pin = {4, (uint8_t *)(uintptr_t) "1234"},
        .challenge = {HUKS_AUTH_CHALLENGE_SIZE, (uint8_t *)(uintptr_t)challenge},
    };
    blob token = ROOM(token_bytes);

    OK(Huks_UserAuth_Authenticate(&request, &token));
}

static void set_pin(void)
{
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    authenticate(zeros);
}

static void clear_pin(void)
{
    OK(Huks_UserAuth_ClearPin(NAME("1234")));
    set_pin();
}

/* ---- Sets: a rule's tags, or fewer, behind a call's own --------------------------------------------------
 */

struct tags {
    param params[20];
    uint32_t count;
};

static void add(struct tags *tags, const param *more, uint32_t count)
{
    ck_assert_uint_le(tags->count + count, 20);
    memcpy(tags->params + tags->count, more, count * sizeof *more);
    tags->count += count;
}
#define ADD(tags, ...)                                                                                       \
    add(tags, (const param[]){__VA_ARGS__}, (uint32_t)(sizeof((const param[]){__VA_ARGS__}) / sizeof(param)))

static struct tags rule_of(uint32_t types, uint32_t access, uint32_t challenge)
{
    struct tags rule = {.count = 0};

    ADD(&rule, NUMBER(USER_AUTH_TYPE, types), NUMBER(KEY_AUTH_ACCESS_TYPE, access),
        NUMBER(CHALLENGE_TYPE, challenge));
    return rule;
}

/* The key that every way makes, with these tags as well. */
static struct tags new_key(const struct tags *rule)
{
    struct tags all = {.count = 0};

    ADD(&all, ALG(AES), SIZE(256), PURPOSE(ENCRYPT | DECRYPT), MODE(GCM), PADDING(NONE), LEVEL(DE));
    add(&all, rule->params, rule->count);
    return all;
}

static set *made_of(const struct tags *tags)
{
    return make_set(tags->params, tags->count);
}

/* ---- Ways
 * --------------------------------------------------------------------------------------------------
 */

#define NEW NAME("new")
static const uint8_t value[32] = "a key of thirty-two bytes it is";

static void public_of(const char *alias, struct material *out)
{
    blob room = {sizeof out->bytes, out->bytes};

    OK(OH_Huks_ExportPublicKeyItem(NAME(alias), SET(LEVEL(DE)), &room));
    out->size = room.size;
}

static struct OH_Huks_Result by_generating(const struct tags *rule)
{
    struct tags tags = new_key(rule);

    return OH_Huks_GenerateKeyItem(NEW, made_of(&tags), NULL);
}

static struct OH_Huks_Result by_importing(const struct tags *rule)
{
    struct tags tags = new_key(rule);
    const blob given = {sizeof value, (uint8_t *)(uintptr_t)value};

    return OH_Huks_ImportKeyItem(NEW, made_of(&tags), &given);
}

static struct OH_Huks_Result by_unwrapping(const struct tags *rule)
{
    static struct material receiver, wrapped;
    static struct fields fields;
    struct tags tags = new_key(rule);

    memset(&fields, 0, sizeof fields);
    public_of("wrapping", &receiver);
    seal_agreed(&receiver, OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING, value, sizeof value, &fields);
    join_fields(&fields, &wrapped);
    ADD(&tags, NUMBER(UNWRAP_ALGORITHM_SUITE, OH_HUKS_UNWRAP_SUITE_X25519_AES_256_GCM_NOPADDING));
    return OH_Huks_ImportWrappedKeyItem(NEW, NAME("wrapping"), made_of(&tags), GIVEN(wrapped));
}

static struct OH_Huks_Result by_agreeing_at_once(const struct tags *rule)
{
    struct tags tags = new_key(rule);

    ADD(&tags, NUMBER(KEY_GENERATE_TYPE, OH_HUKS_KEY_GENERATE_TYPE_AGREE),
        NUMBER(AGREE_ALG, OH_HUKS_ALG_ECDH), BYTES(AGREE_PRIVATE_KEY_ALIAS, "agreeing", 8),
        TRUTH(AGREE_PUBLIC_KEY_IS_KEY_ALIAS, false), BYTES(AGREE_PUBLIC_KEY, peer.bytes, peer.size));
    return OH_Huks_GenerateKeyItem(NEW, made_of(&tags), NULL);
}

/* A session whose result is kept; `token` is for its base key. */
static struct OH_Huks_Result keep(const char *base, set *init, const void *in, size_t in_size,
                                  const struct tags *rule, const uint8_t *token, bool answer)
{
    uint8_t handle_bytes[8], challenge[HUKS_AUTH_CHALLENGE_SIZE], room[64];
    blob handle = ROOM(handle_bytes), asked = ROOM(challenge), out = ROOM(room), none = ROOM(room);
    const blob from = {(uint32_t)in_size, (uint8_t *)(uintptr_t)in};
    struct tags tags = new_key(rule);
    struct OH_Huks_Result result = OH_Huks_InitSession(NAME(base), init, &handle, &asked);

    if (result.errorCode != 0) {
        return result;
    }
    if (answer) {
        ck_assert_uint_eq(asked.size, sizeof challenge);
        authenticate(challenge);
        token = token_bytes;
    }
    result = OH_Huks_UpdateSession(
        &handle, token == NULL ? no_params() : SET(BYTES(AUTH_TOKEN, token, HUKS_AUTH_TOKEN_SIZE)), &from,
        &none);
    if (result.errorCode != 0) {
        return result;
    }
    ADD(&tags, NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_PERSISTENT), BYTES(KEY_ALIAS, "new", 3));
    return OH_Huks_FinishSession(&handle, made_of(&tags), &none, &out);
}

static set *deriving(void)
{
    return SET(ALG(HKDF), PURPOSE(DERIVE), DIGEST(SHA256), NUMBER(DERIVE_KEY_SIZE, 32), LEVEL(DE));
}

static set *agreeing(void)
{
    return SET(ALG(ECDH), PURPOSE(AGREE), SIZE(256), LEVEL(DE));
}

static struct OH_Huks_Result by_deriving(const struct tags *rule)
{
    return keep("deriving", deriving(), "", 0, rule, NULL, false);
}

static struct OH_Huks_Result by_agreeing(const struct tags *rule)
{
    return keep("agreeing", agreeing(), peer.bytes, peer.size, rule, NULL, false);
}

static const struct way {
    const char *name;
    struct OH_Huks_Result (*make)(const struct tags *rule);
} ways[] = {
    {"generated", by_generating}, {"imported", by_importing},
    {"unwrapped", by_unwrapping}, {"agreed at once", by_agreeing_at_once},
    {"derived", by_deriving},     {"agreed", by_agreeing},
};

static struct OH_Huks_Result make_base(const char *name, const struct tags *rule)
{
    static const struct {
        const char *name;
        param params[5];
    } bases[] = {
        {"wrapping", {ALG(X25519), SIZE(256), PURPOSE(UNWRAP), LEVEL(DE)}},
        {"agreeing", {ALG(ECC), SIZE(256), PURPOSE(AGREE), DIGEST(SHA256), LEVEL(DE)}},
        {"deriving", {ALG(AES), SIZE(256), PURPOSE(DERIVE), DIGEST(SHA256), LEVEL(DE)}},
    };
    struct tags tags = {.count = 0};

    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; strcmp(bases[i].name, name) == 0 && j < 5 && bases[i].params[j].tag != 0; j++) {
            add(&tags, &bases[i].params[j], 1);
        }
    }
    add(&tags, rule->params, rule->count);
    return OH_Huks_GenerateKeyItem(NAME(name), made_of(&tags), NULL);
}

static const struct tags nothing = {.count = 0};

static void make_bases(void)
{
    EVP_PKEY *other = openssl_key(OH_HUKS_ALG_ECC, 256);

    public_bytes(other, OH_HUKS_ALG_ECC, &peer);
    EVP_PKEY_free(other);
    OK(make_base("wrapping", &nothing));
    OK(make_base("agreeing", &nothing));
    OK(make_base("deriving", &nothing));
}

/* ---- What each way must refuse, and make -----------------------------------------------------------------
 */

static struct OH_Huks_Result exists(void)
{
    return OH_Huks_IsKeyItemExist(NEW, SET(LEVEL(DE)));
}

static const struct refusal {
    const char *name;
    param rule[6];
    int32_t code;
    const char *text;
} refusals[] = {
    {"no access type",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0)},
     401,
     TEXT_UNSET_IN("access type")},
    {"no challenge type",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4)},
     401,
     TEXT_UNSET_IN("challenge type")},
    {"a kind that is none",
     {NUMBER(USER_AUTH_TYPE, 8), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0)},
     401,
     "Invalid authentication type."},
    {"a PIN on a secure screen, which is nowhere",
     {NUMBER(USER_AUTH_TYPE, 32), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0)},
     12000001,
     "The user authentication type is not supported."},
    {"two kinds of PIN",
     {NUMBER(USER_AUTH_TYPE, 36), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0)},
     401,
     "Invalid authentication type."},
    {"no kind at all",
     {NUMBER(USER_AUTH_TYPE, 0), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0)},
     401,
     "Invalid authentication type."},
    {"an access type of nothing",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 0), NUMBER(CHALLENGE_TYPE, 0)},
     401,
     "Invalid access type."},
    {"a secure sign type that is none",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0),
      NUMBER(KEY_SECURE_SIGN_TYPE, 2)},
     401,
     "Invalid secure sign type."},
    {"no guarded purpose",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0),
      NUMBER(KEY_AUTH_PURPOSE, 0)},
     12000003,
     "Invalid key purpose."},
    {"a challenge that is none",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 3)},
     401,
     "Invalid challenge type."},
    {"a PIN that a finger voids",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 2), NUMBER(CHALLENGE_TYPE, 0)},
     401,
     "Invalid access type."},
    {"always valid and more",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 5), NUMBER(CHALLENGE_TYPE, 0)},
     401,
     "Invalid access type."},
    {"no window",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 2),
      NUMBER(AUTH_TIMEOUT, 0)},
     401,
     "Invalid timeout parameter."},
    {"too long a window",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 2),
      NUMBER(AUTH_TIMEOUT, 601)},
     401,
     "Invalid timeout parameter."},
    {"secure sign of no signer",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0),
      NUMBER(KEY_SECURE_SIGN_TYPE, 1)},
     401,
     TEXT_INVALID},
    {"a guarded purpose that it has not",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 4), NUMBER(CHALLENGE_TYPE, 0),
      NUMBER(KEY_AUTH_PURPOSE, SIGN)},
     12000003,
     "Invalid key purpose."},
    {"voidable and yet to be wrapped",
     {NUMBER(USER_AUTH_TYPE, 4), NUMBER(KEY_AUTH_ACCESS_TYPE, 1), NUMBER(CHALLENGE_TYPE, 0),
      TRUTH(IS_ALLOWED_WRAP, true)},
     12000012,
     TEXT_ABNORMAL},
    {"a finger that nobody has enrolled",
     {NUMBER(USER_AUTH_TYPE, 1), NUMBER(KEY_AUTH_ACCESS_TYPE, 2), NUMBER(CHALLENGE_TYPE, 0)},
     12000013,
     NO_CREDENTIAL},
};

START_TEST(refused_in_every_way)
{
    make_bases();
    set_pin();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *row = &refusals[i];
        struct tags rule = {.count = 0};
        char name[128];

        while (rule.count < 6 && row->rule[rule.count].tag != 0) {
            add(&rule, &row->rule[rule.count], 1);
        }
        (void)snprintf(name, sizeof name, "%s, %s", ways[_i].name, row->name);
        answer(__FILE__, __LINE__, name, row->code, row->text, ways[_i].make(&rule));
        EXPECT(12000011, TEXT_ENTITY, exists());
    }
}
END_TEST

START_TEST(nobody_to_be_bound_to)
{
    const struct tags clearing = rule_of(BY_PIN, ON_CLEARING, CHALLENGED);
    struct tags locked = {.count = 0};

    make_bases();
    EXPECT(12000013, NO_CREDENTIAL, ways[_i].make(&clearing));
    ADD(&locked, TRUTH(IS_DEVICE_PASSWORD_SET, true));
    EXPECT(12000016, "The device password is required but not set.", ways[_i].make(&locked));
    EXPECT(12000011, TEXT_ENTITY, exists());
}
END_TEST

/* Encrypts with the new key, for the challenge that this got, or without a token. */
static struct OH_Huks_Result use_new(bool shown)
{
    uint8_t handle_bytes[8], challenge[HUKS_AUTH_CHALLENGE_SIZE], room[64];
    blob handle = ROOM(handle_bytes), asked = ROOM(challenge), out = ROOM(room);
    const blob in = {4, (uint8_t *)(uintptr_t) "data"};

    OK(OH_Huks_InitSession(NEW, SET(ALG(AES), PURPOSE(ENCRYPT), MODE(GCM), PADDING(NONE), LEVEL(DE)), &handle,
                           &asked));
    ck_assert_uint_eq(asked.size, sizeof challenge);
    if (shown) {
        authenticate(challenge);
    }
    return OH_Huks_FinishSession(
        &handle, shown ? SET(BYTES(AUTH_TOKEN, token_bytes, sizeof token_bytes)) : no_params(), &in, &out);
}

START_TEST(bound_in_every_way)
{
    const struct tags never = rule_of(BY_PIN, NEVER_VOID, CHALLENGED);
    const struct tags clearing = rule_of(BY_PIN, ON_CLEARING, CHALLENGED);

    make_bases();
    set_pin();
    OK(ways[_i].make(&never));
    EXPECT(401, NO_TOKEN, use_new(false));
    OK(use_new(true));
    clear_pin();
    OK(use_new(true)); /* never void */

    OK(ways[_i].make(&clearing));
    OK(use_new(true));
    clear_pin();
    EXPECT(12000007, VOIDED, use_new(true));
}
END_TEST

/* ---- Base keys that ask themselves ------------------------------------------------------------------------
 */

/* A call that is the whole use brings its token: of a time, for there is no challenge to answer. */
static const struct once {
    const char *base;
    struct OH_Huks_Result (*make)(const struct tags *more);
} onces[] = {{"wrapping", by_unwrapping}, {"agreeing", by_agreeing_at_once}};

static struct tags with_token(void)
{
    struct tags tags = {.count = 0};

    ADD(&tags, BYTES(AUTH_TOKEN, token_bytes, sizeof token_bytes));
    return tags;
}

START_TEST(one_call_with_a_window)
{
    const struct once *row = &onces[_i];
    struct tags rule = rule_of(BY_PIN, ON_CLEARING, WINDOWED), token;

    make_bases();
    set_pin();
    ADD(&rule, NUMBER(AUTH_TIMEOUT, 600));
    OK(make_base(row->base, &rule));
    EXPECT(401, NO_TOKEN, row->make(&nothing));
    authenticate(zeros);
    token = with_token();
    OK(row->make(&token));
    OK(OH_Huks_DeleteKeyItem(NEW, SET(LEVEL(DE))));
    for (size_t at = 0; at < sizeof token_bytes; at += 31) {
        token_bytes[at] ^= 0x10;
        EXPECT(12000008, REFUSED, row->make(&token));
        token_bytes[at] ^= 0x10;
    }
    token.params[0].blob.size--;
    EXPECT(401, "Invalid authentication token.", row->make(&token));
    EXPECT(12000011, TEXT_ENTITY, exists());
    clear_pin();
    token = with_token();
    EXPECT(12000007, VOIDED, row->make(&token));
    EXPECT(12000011, TEXT_ENTITY, exists());
}
END_TEST

START_TEST(one_call_too_late)
{
    const struct once *row = &onces[_i];
    const struct timespec nap = {1, 300000000}; /* beyond the window */
    struct tags rule = rule_of(BY_PIN, NEVER_VOID, WINDOWED), token;

    make_bases();
    set_pin();
    ADD(&rule, NUMBER(AUTH_TIMEOUT, 1));
    OK(make_base(row->base, &rule));
    authenticate(zeros);
    (void)nanosleep(&nap, NULL);
    token = with_token();
    EXPECT(12000009, TOO_LATE, row->make(&token));
    EXPECT(12000011, TEXT_ENTITY, exists());
}
END_TEST

START_TEST(one_call_has_no_challenge)
{
    const struct once *row = &onces[_i];
    const struct tags rule = rule_of(BY_PIN, NEVER_VOID, CHALLENGED);
    struct tags token;

    make_bases();
    set_pin();
    OK(make_base(row->base, &rule));
    EXPECT(401, NO_TOKEN, row->make(&nothing));
    authenticate(zeros);
    token = with_token();
    EXPECT(12000008, REFUSED, row->make(&token));
    EXPECT(12000011, TEXT_ENTITY, exists());
}
END_TEST

/* In a session the base key is asked about as any other, and what comes out may ask again. */
START_TEST(sessions_with_bound_bases)
{
    const struct tags rule = rule_of(BY_PIN, ON_CLEARING, CHALLENGED);
    const bool derives = _i == 0;
    const char *base = derives ? "deriving" : "agreeing";
    const void *in = derives ? (const void *)"" : peer.bytes;

    make_bases();
    set_pin();
    OK(make_base(base, &rule));
    size_t size = derives ? 0 : peer.size;
    EXPECT(401, NO_TOKEN, keep(base, derives ? deriving() : agreeing(), in, size, &rule, NULL, false));
    authenticate(zeros);
    EXPECT(12000008, REFUSED,
           keep(base, derives ? deriving() : agreeing(), in, size, &rule, token_bytes, false));
    EXPECT(12000011, TEXT_ENTITY, exists());
    OK(keep(base, derives ? deriving() : agreeing(), in, size, &rule, NULL, true));
    EXPECT(401, NO_TOKEN, use_new(false));
    OK(use_new(true));
    clear_pin();
    EXPECT(12000007, VOIDED, keep(base, derives ? deriving() : agreeing(), in, size, &nothing, NULL, true));
    EXPECT(12000007, VOIDED, use_new(true));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bound keys");
    TCase *tests = native_tcase(suite, "bound");
    const int way_count = sizeof ways / sizeof ways[0];

    tcase_add_loop_test(tests, refused_in_every_way, 0, way_count);
    tcase_add_loop_test(tests, nobody_to_be_bound_to, 0, way_count);
    tcase_add_loop_test(tests, bound_in_every_way, 0, way_count);
    tcase_add_loop_test(tests, one_call_with_a_window, 0, 2);
    tcase_add_loop_test(tests, one_call_too_late, 0, 2);
    tcase_add_loop_test(tests, one_call_has_no_challenge, 0, 2);
    tcase_add_loop_test(tests, sessions_with_bound_bases, 0, 2);
    return native_run(suite);
}
