/*
 * What every call with an alias and a set refuses in the same way: the calls by the wrongs. What each refuses
 * by itself stands with its own tests.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "huks/huks_user_auth.h"

#include "conditions.h"
#include "native.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define TEXT_PERMISSION "Permission check failed. Apply for the required permissions first."

static uint8_t bytes[4][4096];
static const uint8_t sixteen[16] = {1};

typedef struct OH_Huks_Result result;

/* ---- The calls ----------------------------------------------------------------------------------------- */

static result generate(const blob *alias, const set *params)
{
    return OH_Huks_GenerateKeyItem(alias, params, NULL);
}

static result import(const blob *alias, const set *params)
{
    return OH_Huks_ImportKeyItem(alias, params, &(const blob){16, (uint8_t *)(uintptr_t)sixteen});
}

static result import_wrapped(const blob *alias, const set *params)
{
    return OH_Huks_ImportWrappedKeyItem(alias, NAME("key"), params, &(const blob){100, bytes[0]});
}

static result import_wrapped_by(const blob *alias, const set *params)
{
    return OH_Huks_ImportWrappedKeyItem(NAME("new"), alias, params, &(const blob){100, bytes[0]});
}

static result export(const blob *alias, const set *params)
{
    return OH_Huks_ExportPublicKeyItem(alias, params, &(blob)ROOM(bytes[0]));
}

static result delete_key(const blob *alias, const set *params)
{
    return OH_Huks_DeleteKeyItem(alias, params);
}

static result get_params(const blob *alias, const set *params)
{
    static _Alignas(set) uint8_t space[4096];
    set *out = (set *)space;

    out->paramSetSize = sizeof space;
    return OH_Huks_GetKeyItemParamSet(alias, params, out);
}

static result exists(const blob *alias, const set *params)
{
    return OH_Huks_IsKeyItemExist(alias, params);
}

static result attest_by(result (*attest)(const blob *, const set *, struct OH_Huks_CertChain *),
                        const blob *alias, const set *params)
{
    blob certs[] = {ROOM(bytes[0]), ROOM(bytes[1]), ROOM(bytes[2]), ROOM(bytes[3])};
    struct OH_Huks_CertChain chain = {certs, 4};

    /* A result is a code and texts of the library's: nothing of the chain. */
    // cppcheck-suppress returnDanglingLifetime
    return attest(alias, params, &chain);
}

static result attest(const blob *alias, const set *params)
{
    return attest_by(OH_Huks_AttestKeyItem, alias, params);
}

static result attest_anonymously(const blob *alias, const set *params)
{
    return attest_by(OH_Huks_AnonAttestKeyItem, alias, params);
}

static result init(const blob *alias, const set *params)
{
    uint8_t handle[8];
    blob room = ROOM(handle);
    result begun = OH_Huks_InitSession(alias, params, &room, NULL);

    if (begun.errorCode == 0) {
        OK(OH_Huks_AbortSession(&room, params));
    }
    return begun;
}

static result list(const blob *alias, const set *params)
{
    struct OH_Huks_KeyAliasSet *aliases = NULL;
    result listed = OH_Huks_ListAliases(params, &aliases);

    (void)alias;
    OH_Huks_FreeKeyAliasSet(aliases);
    return listed;
}

static result wrap(const blob *alias, const set *params)
{
    return OH_Huks_WrapKey(alias, params, &(blob){8192, bytes[0]}); /* as much as two of them */
}

/* Shared with children that make it. */
static struct wrapped {
    uint32_t size;
    uint8_t bytes[8192];
} * wrapped;

static result unwrap(const blob *alias, const set *params)
{
    return OH_Huks_UnwrapKey(alias, params, &(blob){wrapped->size, wrapped->bytes});
}

#define AES_KEY ALG(AES), SIZE(128), PURPOSE(ENCRYPT)
#define HUK     NUMBER(KEY_WRAP_TYPE, OH_HUKS_KEY_WRAP_TYPE_HUK_BASED)
#define ASKS    BYTES(ATTESTATION_CHALLENGE, sixteen, 16)

enum { NULL_SET_FINE = 1, NO_ALIAS = 2, INNER_18 = 4, MAKES = 8, ANY_WEIGHT = 16 };

static const struct call {
    const char *name;
    result (*call)(const blob *alias, const set *params);
    param set[5];
    unsigned traits;
} calls[] = {
    {"GenerateKeyItem", generate, {AES_KEY}, MAKES},
    {"ImportKeyItem", import, {AES_KEY}, MAKES},
    {"ImportWrappedKeyItem", import_wrapped, {AES_KEY, NUMBER(UNWRAP_ALGORITHM_SUITE, 2)}, MAKES},
    {"ImportWrappedKeyItem's wrapping key",
     import_wrapped_by,
     {AES_KEY, NUMBER(UNWRAP_ALGORITHM_SUITE, 2)},
     0},
    {"ExportPublicKeyItem", export, {{0}}, NULL_SET_FINE},
    {"DeleteKeyItem", delete_key, {{0}}, NULL_SET_FINE},
    {"GetKeyItemParamSet", get_params, {{0}}, NULL_SET_FINE},
    {"IsKeyItemExist", exists, {{0}}, NULL_SET_FINE},
    {"AttestKeyItem", attest, {ASKS}, 0},
    {"AnonAttestKeyItem", attest_anonymously, {ASKS}, 0},
    {"InitSession", init, {ALG(ECC), PURPOSE(SIGN), DIGEST(SHA256)}, ANY_WEIGHT},
    {"ListAliases", list, {{0}}, NO_ALIAS},
    {"WrapKey", wrap, {HUK}, INNER_18},
    {"UnwrapKey", unwrap, {HUK}, INNER_18 | MAKES},
};

/* ---- The wrongs ---------------------------------------------------------------------------------------- */

static uint8_t long_alias[129] = {'a'};
static uint8_t bulk[64512];

enum alias_kind { GOOD, NULL_ALIAS, NO_DATA, EMPTY, TOO_LONG, NOBODY };

static const struct wrong {
    const char *name;
    enum alias_kind alias;
    param extra;
    int32_t code;
    const char *text;
} wrongs[] = {
    {"no alias", NULL_ALIAS, {0}, 401, TEXT_NULL},
    {"alias without data", NO_DATA, {0}, 401, TEXT_INVALID},
    {"empty alias", EMPTY, {0}, 401, TEXT_INVALID},
    {"alias of 129 bytes", TOO_LONG, {0}, 401, TEXT_INVALID},
    {"unknown tag", GOOD, {.tag = OH_HUKS_TAG_TYPE_UINT | 0xffff, .uint32Param = 1}, 401, TEXT_INVALID},
    {"a tag of no type", GOOD, {.tag = 1, .uint32Param = 1}, 401, TEXT_INVALID},
    {"IS_ASYNCHRONIZED", GOOD, NUMBER(IS_ASYNCHRONIZED, 1), 401, TEXT_INVALID},
    {"a level that is none", GOOD, NUMBER(AUTH_STORAGE_LEVEL, 3), 401, TEXT_INVALID},
    {"more than a request may have", GOOD, BYTES(INFO, bulk, sizeof bulk), 401, TEXT_INVALID},
    {"a group's key", GOOD, BYTES(KEY_ACCESS_GROUP, "group", 5), 12000018, "invalid access group."},
    {"another user's key",
     GOOD,
     {.tag = OH_HUKS_TAG_TYPE_INT | 317, .int32Param = 100}, /* SPECIFIC_USER_ID */
     201,
     TEXT_PERMISSION},
    {"an external key", GOOD, NUMBER(KEY_CLASS, OH_HUKS_KEY_CLASS_EXTENSION), 12000001,
     "The class of external keys is not supported."},
};

static const blob *alias_of(enum alias_kind kind)
{
    static const blob aliases[] = {
        [GOOD] = {3, (uint8_t *)(uintptr_t) "key"},      [NO_DATA] = {3, NULL},
        [EMPTY] = {0, (uint8_t *)(uintptr_t) "key"},     [TOO_LONG] = {sizeof long_alias, long_alias},
        [NOBODY] = {6, (uint8_t *)(uintptr_t) "nobody"},
    };

    return kind == NULL_ALIAS ? NULL : &aliases[kind];
}

static set *set_with(const struct call *call, const param *extra, int times)
{
    param all[COUNT(call->set) + 2];
    uint32_t count = 0;

    while (count < COUNT(call->set) && call->set[count].tag != 0) {
        all[count] = call->set[count];
        count++;
    }
    for (int i = 0; extra->tag != 0 && i < times; i++) {
        all[count++] = *extra;
    }
    return make_set(all, count);
}

/* A key that each of the calls can do something with. */
static void make_key(void)
{
    OK(OH_Huks_GenerateKeyItem(
        NAME("key"), SET(ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY), HUK, TRUTH(IS_ALLOWED_WRAP, true)),
        NULL));
    blob room = ROOM(wrapped->bytes);
    OK(OH_Huks_WrapKey(NAME("key"), SET(HUK), &room));
    wrapped->size = room.size;
}

static void expect(const struct call *call, const char *what, int32_t code, const char *text, result got)
{
    char name[200];

    code = (call->traits & INNER_18) != 0 && code == 401 ? 12000018 : code;
    (void)snprintf(name, sizeof name, "%s, %s", call->name, what);
    answer(__FILE__, __LINE__, name, code, text, got);
}

START_TEST(wrong_in_every_call)
{
    const struct call *call = &calls[_i];
    const param again = LEVEL(CE);

    make_key();
    for (int i = 0; i < COUNT(wrongs); i++) {
        const struct wrong *row = &wrongs[i];

        if ((call->traits & ANY_WEIGHT) != 0 && row->extra.tag == OH_HUKS_TAG_INFO) {
            OK(call->call(NAME("key"), set_with(call, &row->extra, 1))); /* sessions take more */
        } else if ((call->traits & NO_ALIAS) == 0 || row->alias == GOOD) {
            expect(call, row->name, row->code, row->text,
                   call->call(alias_of(row->alias), set_with(call, &row->extra, 1)));
        }
    }
    expect(call, "a tag twice", 401, TEXT_INVALID, call->call(NAME("key"), set_with(call, &again, 2)));
    if ((call->traits & NULL_SET_FINE) == 0) {
        expect(call, "no set", 401, TEXT_NULL, call->call(NAME("key"), NULL));
    }
    /* All that changed nothing. */
    OK(OH_Huks_IsKeyItemExist(NAME("key"), NULL));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME("new"), NULL));
}
END_TEST

/* The sizes of a set are the caller's to get wrong. */
START_TEST(sets_that_lie)
{
    const struct call *call = &calls[_i];
    static const struct {
        uint32_t size, count;
    } lies[] = {{0, 0}, {7, 0}, {8, 1}, {31, 1}, {64, 3}, {64, UINT32_MAX}, {(4u << 20) + 1, 0}};
    _Alignas(set) uint8_t space[64] = {0};
    set *params = (set *)space;

    make_key();
    for (int i = 0; i < COUNT(lies); i++) {
        *params = (set){.paramSetSize = lies[i].size, .paramsCnt = lies[i].count};
        expect(call, "a set that lies", 401, TEXT_INVALID, call->call(NAME("key"), params));
    }
}
END_TEST

/* ---- Keys and levels that are not there ---------------------------------------------------------------- */

START_TEST(nobodys_key)
{
    const struct call *call = &calls[_i];
    const param none = {0}, elsewhere = LEVEL(ECE);

    if ((call->traits & (MAKES | NO_ALIAS)) != 0) {
        return;
    }
    /* With no store at all, and in one. */
    expect(call, "nobody's key", 12000011, TEXT_ENTITY,
           call->call(alias_of(NOBODY), set_with(call, &none, 1)));
    make_key();
    expect(call, "nobody's key", 12000011, TEXT_ENTITY,
           call->call(alias_of(NOBODY), set_with(call, &none, 1)));
    expect(call, "a key of another level", 12000011, TEXT_ENTITY,
           call->call(NAME("key"), set_with(call, &elsewhere, 1)));
}
END_TEST

START_TEST(locked_level)
{
    const struct call *call = &calls[_i];
    const param none = {0}, open = LEVEL(DE);
    result got;

    make_key();
    OK(Huks_UserAuth_SetPin(NAME("1234")));
    expect(call, "locked", 201, TEXT_PERMISSION, call->call(NAME("key"), set_with(call, &none, 1)));
    got = call->call(NAME("key"), set_with(call, &open, 1)); /* whatever it says, it was allowed to look */
    ck_assert_int_ne(got.errorCode, 201);
}
END_TEST

static void meets_an_unreadable_store(void)
{
    const param none = {0};

    for (int i = 0; i < COUNT(calls); i++) {
        result got = calls[i].call(NAME("key"), set_with(&calls[i], &none, 1));

        CHILD(got.errorCode == 12000004 && strcmp(got.errorMsg, "Failed to open the key file.") == 0);
    }
}

static void makes_key(void)
{
    make_key();
}

/* What comes in counts for what a request may weigh. */
START_TEST(heavy_requests)
{
    const blob heavy = {sizeof bulk, bulk};

    make_key();
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportKeyItem(NAME("new"), SET(ALG(HMAC), SIZE(8 * sizeof bulk), PURPOSE(MAC)), &heavy));
    EXPECT(401, TEXT_INVALID,
           OH_Huks_ImportWrappedKeyItem(NAME("new"), NAME("key"),
                                        SET(AES_KEY, NUMBER(UNWRAP_ALGORITHM_SUITE, 2)), &heavy));
    memcpy(bulk, wrapped->bytes, wrapped->size);
    EXPECT(12000018, TEXT_INVALID, OH_Huks_UnwrapKey(NAME("new"), SET(HUK), &(blob){sizeof bulk, bulk}));
}
END_TEST

START_TEST(unreadable_store)
{
    if (native_served()) {
        condition_skip("unreadable store", "whose permissions count are the service's");
        return;
    }
    in_child(makes_key); /* our own engine opens what it finds */
    ck_assert(chmod(in_store("token-0.db"), 0) == 0);
    if (!heed_permissions()) {
        condition_skip("unreadable store", "the kernel keeps root's permissions");
        return;
    }
    in_child(meets_an_unreadable_store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("every native call");
    TCase *tcase = native_tcase(suite, "calls");

    wrapped = mmap(NULL, sizeof *wrapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (wrapped == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    tcase_add_loop_test(tcase, wrong_in_every_call, 0, COUNT(calls));
    tcase_add_loop_test(tcase, sets_that_lie, 0, COUNT(calls));
    tcase_add_loop_test(tcase, nobodys_key, 0, COUNT(calls));
    tcase_add_loop_test(tcase, locked_level, 0, COUNT(calls));
    tcase_add_test(tcase, heavy_requests);
    tcase_add_test(tcase, unreadable_store);
    return native_run(suite);
}
