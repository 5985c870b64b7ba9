/* See check-remote-scripts.h. Nothing that differs from run to run is said: no bytes of keys, no lengths of
 * signatures. */
#include "check-remote-scripts.h"

#include <stdlib.h>

/* ---- what a script says ---- */

FILE *transcript;

static void say(const char *call, result got)
{
    (void)fprintf(transcript, "%s\n  %d %s%s\n", call, got.errorCode, got.errorMsg,
                  got.data == NULL ? "" : " data");
}
#define SAY(call) say(#call, (call))

static void tell(const char *what, const void *data, size_t size)
{
    (void)fprintf(transcript, "  %s:", what);
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(transcript, "%02x", ((const uint8_t *)data)[i]);
    }
    (void)fprintf(transcript, "\n");
}

struct room rooms[4];

blob *room(unsigned number, uint32_t size)
{
    struct room *of = &rooms[number];
    memset(of->bytes, 0xa5, sizeof of->bytes);
    of->size = size;
    of->blob = (blob){size, of->bytes + 8};
    return &of->blob;
}

/* Size and, where they are the same everywhere, bytes; and how many bytes changed at most. */
static void tell_room(unsigned number, bool bytes)
{
    const struct room *of = &rooms[number];
    size_t last = sizeof of->bytes;
    while (last > 8 && of->bytes[last - 1] == 0xa5) {
        last--;
    }
    bool within = last <= 8 + (size_t)of->size && of->bytes[7] == 0xa5;
    (void)fprintf(transcript, "  room %u: size %u %s\n", number, of->blob.size, within ? "within" : "BEYOND");
    if (bytes && of->blob.size <= of->size) {
        tell("bytes", of->blob.data, of->blob.size);
    }
}

OH_Huks_ParamSet *make_set(const OH_Huks_Param *params, uint32_t count)
{
    OH_Huks_ParamSet *set = NULL;
    if (OH_Huks_InitParamSet(&set).errorCode != 0 ||
        (count > 0 && OH_Huks_AddParams(set, params, count).errorCode != 0) ||
        OH_Huks_BuildParamSet(&set).errorCode != 0) {
        abort();
    }
    return set;
}

static void tell_set(const OH_Huks_ParamSet *set)
{
    AUTO(buffer_free) struct buffer packed = {0};
    if (param_set_pack(set, &packed) == HUKS_OK) {
        (void)fprintf(transcript, "  set of %u", set->paramSetSize);
        tell("", packed.data, packed.size);
    }
}

/* ---- sets that come in ---- */

const uint8_t key16[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
const uint8_t iv16[16] = {9};
uint8_t zeros[70000];

#define EC_KEY                                                                                               \
    PARAM_NUMBER(ALGORITHM, OH_HUKS_ALG_ECC), PARAM_NUMBER(KEY_SIZE, 256),                                   \
        PARAM_NUMBER(PURPOSE, OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY),                        \
        PARAM_NUMBER(DIGEST, OH_HUKS_DIGEST_SHA256)

/* What sets may look like, by number; NULL where there is no more. */
static const OH_Huks_ParamSet *strange_set(int number)
{
    static _Alignas(OH_Huks_ParamSet) uint8_t space[2048];
    static const struct {
        uint32_t size, count;
    } lies[] = {{0, 0}, {7, 0}, {8, 1}, {31, 1}, {64, 3}, {64, UINT32_MAX}, {(4u << 20) + 1, 0}};
    OH_Huks_ParamSet *set = (OH_Huks_ParamSet *)space;
    memset(space, 0, sizeof space);
    if (number < (int)ARRAY_SIZE(lies)) {
        *set = (OH_Huks_ParamSet){.paramSetSize = lies[number].size, .paramsCnt = lies[number].count};
        return set;
    }
    set->paramSetSize = sizeof space;
    set->paramsCnt = 1;
    switch (number - (int)ARRAY_SIZE(lies)) {
    case 0: /* a blob without data */
        set->params[0] = (OH_Huks_Param){.tag = OH_HUKS_TAG_IV, .blob = {16, NULL}};
        return set;
    case 1: /* a blob larger than the set */
        set->params[0] = (OH_Huks_Param){.tag = OH_HUKS_TAG_IV, .blob = {UINT32_MAX, zeros}};
        return set;
    case 2: /* an unknown tag */
        set->params[0] = (OH_Huks_Param){.tag = OH_HUKS_TAG_TYPE_UINT | 0xffff, .uint32Param = 1};
        return set;
    case 3: /* a tag without type */
        set->params[0] = (OH_Huks_Param){.tag = 1, .uint32Param = 1};
        return set;
    case 4: /* a tag twice */
        set->params[0] = set->params[1] = (OH_Huks_Param)PARAM_NUMBER(KEY_SIZE, 128);
        set->paramsCnt = 2;
        return set;
    case 5: /* a level that is none */
        set->params[0] = (OH_Huks_Param)PARAM_NUMBER(AUTH_STORAGE_LEVEL, 9);
        return set;
    case 6: /* never built: its bytes are elsewhere */
        set->params[0] = (OH_Huks_Param)PARAM_BYTES(IV, iv16);
        return set;
    case 7: /* a truth that is neither 0 nor 1 */
        set->params[0].tag = OH_HUKS_TAG_KEY_OVERRIDE;
        memset(&set->params[0].boolParam, 7, 1);
        return set;
    case 8: /* nothing in it, in a large room */
        set->paramsCnt = 0;
        return set;
    default:
        return NULL;
    }
}

/* ---- the scripts ---- */

static void keys(void)
{
    OH_Huks_ParamSet *given = (OH_Huks_ParamSet *)(void *)rooms[3].bytes;
    static const uint32_t rooms_of_sets[] = {0, 7, 8, 100, 9000};

    SAY(OH_Huks_IsKeyItemExist(NAME("aes"), NULL));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), BYTES(key16)));
    SAY(OH_Huks_ImportKeyItem(
        NAME("aes"), SET(AES_KEY, {.tag = OH_HUKS_TAG_KEY_OVERRIDE, .boolParam = false}), BYTES(key16)));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), &(blob){15, zeros}));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), &(blob){16, NULL}));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), &(blob){0, zeros}));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), &(blob){UINT32_MAX, zeros}));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), BYTES(zeros)));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), NULL));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), NULL, BYTES(key16)));
    SAY(OH_Huks_ImportKeyItem(NULL, SET(AES_KEY), BYTES(key16)));
    SAY(OH_Huks_GenerateKeyItem(NAME("ec"), SET(EC_KEY), NULL));
    memset(rooms, 0xa5, sizeof rooms);
    SAY(OH_Huks_GenerateKeyItem(NAME("ec"), SET(EC_KEY), given));
    tell("untouched", rooms[3].bytes, 64);
    SAY(OH_Huks_GenerateKeyItem(NAME("none"), NULL, NULL));
    SAY(OH_Huks_GenerateKeyItem(NULL, SET(EC_KEY), NULL));
    SAY(OH_Huks_GenerateKeyItem(NAME("none"), SET(PARAM_NUMBER(ALGORITHM, OH_HUKS_ALG_ECC)), NULL));
    SAY(OH_Huks_IsKeyItemExist(NAME("aes"), NULL));
    SAY(OH_Huks_IsKeyItemExist(NULL, NULL));
    SAY(OH_Huks_IsKeyItemExist(&(blob){3, NULL}, NULL));
    SAY(OH_Huks_IsKeyItemExist(&(blob){129, zeros}, NULL));
    SAY(OH_Huks_IsKeyItemExist(&(blob){128, zeros}, NULL));
    for (int i = 0; strange_set(i) != NULL; i++) {
        SAY(OH_Huks_IsKeyItemExist(NAME("aes"), strange_set(i)));
        SAY(OH_Huks_GenerateKeyItem(NAME("strange"), strange_set(i), NULL));
        SAY(OH_Huks_ImportKeyItem(NAME("strange"), strange_set(i), BYTES(key16)));
    }
    for (size_t i = 0; i < ARRAY_SIZE(rooms_of_sets); i++) {
        memset(rooms, 0xa5, sizeof rooms);
        given->paramSetSize = rooms_of_sets[i];
        SAY(OH_Huks_GetKeyItemParamSet(NAME("aes"), NULL, given));
        (void)fprintf(transcript, "  of %u\n", given->paramSetSize);
    }
    tell_set(given);
    SAY(OH_Huks_GetKeyItemParamSet(NAME("aes"), NULL, NULL));
    SAY(OH_Huks_GetKeyItemParamSet(NAME("nobody"), NULL, given));
    for (uint32_t size = 0; size < 200; size += 30) {
        SAY(OH_Huks_ExportPublicKeyItem(NAME("ec"), NULL, room(0, size)));
        tell_room(0, false);
    }
    SAY(OH_Huks_ExportPublicKeyItem(NAME("ec"), NULL, room(0, UINT32_MAX))); /* as much as it likes */
    (void)fprintf(transcript, "  %u\n", rooms[0].blob.size);
    SAY(OH_Huks_ExportPublicKeyItem(NAME("ec"), NULL, NULL));
    SAY(OH_Huks_ExportPublicKeyItem(NAME("ec"), NULL, &(blob){100, NULL}));
    SAY(OH_Huks_ExportPublicKeyItem(NAME("aes"), NULL, room(0, 200)));
    tell_room(0, true);
    SAY(OH_Huks_DeleteKeyItem(NAME("nobody"), NULL));
    SAY(OH_Huks_DeleteKeyItem(NULL, NULL));
    SAY(OH_Huks_DeleteKeyItem(NAME("ec"), NULL));
    SAY(OH_Huks_IsKeyItemExist(NAME("ec"), NULL));
}

static void temporary(void)
{
    OH_Huks_ParamSet *given = (OH_Huks_ParamSet *)(void *)rooms[3].bytes;
    static const uint32_t sizes[] = {0, 8, 40, 9000};
    const OH_Huks_ParamSet *set = SET(AES_KEY, PARAM_NUMBER(KEY_STORAGE_FLAG, OH_HUKS_STORAGE_TEMP));

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        memset(rooms, 0xa5, sizeof rooms);
        given->paramSetSize = sizes[i];
        SAY(OH_Huks_GenerateKeyItem(NULL, set, given));
        (void)fprintf(transcript, "  of %u\n", given->paramSetSize);
    }
    struct OH_Huks_Param *key = NULL;
    SAY(OH_Huks_GetParam(given, OH_HUKS_TAG_SYMMETRIC_KEY_DATA, &key));
    (void)fprintf(transcript, "  key of %u, inside %d\n", key != NULL ? key->blob.size : 0,
                  key != NULL && key->blob.data > rooms[3].bytes && key->blob.data < rooms[3].bytes + 9000);
    SAY(OH_Huks_GenerateKeyItem(NULL, set, NULL));
    given->paramSetSize = 9000;
    SAY(OH_Huks_GenerateKeyItem(&(blob){UINT32_MAX, (uint8_t *)8}, set, given)); /* nobody looks there */
}

static void listing(void)
{
    struct OH_Huks_KeyAliasSet *all = (struct OH_Huks_KeyAliasSet *)8;
    char name[] = "key-0";
    SAY(OH_Huks_ListAliases(SET(PARAM_NUMBER(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE)), &all));
    (void)fprintf(transcript, "  untouched %d\n", all == (struct OH_Huks_KeyAliasSet *)8);
    for (int i = 0; i < 5; i++) {
        name[4]++;
        SAY(OH_Huks_ImportKeyItem(NAME(name), SET(AES_KEY), BYTES(key16)));
    }
    SAY(OH_Huks_ListAliases(SET(PARAM_NUMBER(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_DE)), &all));
    (void)fprintf(transcript, "  untouched %d\n", all == (struct OH_Huks_KeyAliasSet *)8);
    SAY(OH_Huks_ListAliases(SET(PARAM_NUMBER(AUTH_STORAGE_LEVEL, OH_HUKS_AUTH_STORAGE_LEVEL_CE)), &all));
    for (uint32_t i = 0; i < all->aliasesCnt; i++) {
        tell("alias", all->aliases[i].data, all->aliases[i].size);
    }
    OH_Huks_FreeKeyAliasSet(all);
    SAY(OH_Huks_ListAliases(NULL, &all));
    SAY(OH_Huks_ListAliases(SET(AES_KEY), NULL));
    for (int i = 0; strange_set(i) != NULL; i++) {
        all = NULL;
        SAY(OH_Huks_ListAliases(strange_set(i), &all));
        OH_Huks_FreeKeyAliasSet(all);
    }
}

/* IVs and keys are fixed: so are all outputs. */
static void sessions(void)
{
    const OH_Huks_ParamSet *use = SET(AES_USE);
    uint8_t handle[16];
    blob of = {sizeof handle, handle};

    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), BYTES(key16)));
    SAY(OH_Huks_InitSession(NAME("nobody"), use, &of, NULL));
    SAY(OH_Huks_InitSession(NULL, use, &of, NULL));
    SAY(OH_Huks_InitSession(NAME("aes"), NULL, &of, NULL));
    SAY(OH_Huks_InitSession(NAME("aes"), use, NULL, NULL));
    SAY(OH_Huks_InitSession(NAME("aes"), use, &(blob){7, handle}, NULL));
    SAY(OH_Huks_InitSession(NAME("aes"), use, &(blob){8, NULL}, NULL));
    SAY(OH_Huks_InitSession(NAME("aes"), use, &of, room(1, 40)));
    tell_room(1, true);
    (void)fprintf(transcript, "  handle of %u, high word %02x%02x%02x%02x\n", of.size, handle[4], handle[5],
                  handle[6], handle[7]);
    SAY(OH_Huks_UpdateSession(&of, use, &(blob){5, zeros}, room(0, 64)));
    tell_room(0, true);
    SAY(OH_Huks_UpdateSession(&of, use, &(blob){100, zeros}, room(0, 112)));
    tell_room(0, true);
    SAY(OH_Huks_UpdateSession(&of, use, NULL, room(0, 112)));
    SAY(OH_Huks_UpdateSession(&of, use, &(blob){5, NULL}, room(0, 112)));
    SAY(OH_Huks_UpdateSession(&of, use, &(blob){5, zeros}, NULL));
    SAY(OH_Huks_UpdateSession(&of, use, &(blob){5, zeros}, &(blob){5, NULL}));
    SAY(OH_Huks_UpdateSession(&of, use, &(blob){(8u << 20) + 1, zeros}, room(0, 112)));
    SAY(OH_Huks_UpdateSession(&of, NULL, &(blob){5, zeros}, room(0, 112)));
    SAY(OH_Huks_UpdateSession(NULL, use, &(blob){5, zeros}, room(0, 112)));
    SAY(OH_Huks_UpdateSession(&(blob){8, NULL}, use, &(blob){5, zeros}, room(0, 112)));
    SAY(OH_Huks_UpdateSession(&(blob){7, handle}, use, &(blob){5, zeros}, room(0, 112)));
    SAY(OH_Huks_UpdateSession(&(blob){UINT32_MAX, handle}, use, &(blob){5, zeros}, room(0, 112)));
    tell_room(0, true);
    SAY(OH_Huks_FinishSession(&of, use, &(blob){0, NULL}, room(0, 112)));
    tell_room(0, true);
    SAY(OH_Huks_FinishSession(&of, use, &(blob){0, NULL}, room(0, 112)));
    tell_room(0, true);
    for (uint32_t size = 0; size < 80; size += 16) { /* a room that is too short ends it */
        SAY(OH_Huks_InitSession(NAME("aes"), use, &of, NULL));
        SAY(OH_Huks_FinishSession(&of, use, &(blob){20, zeros}, room(0, size)));
        tell_room(0, true);
        SAY(OH_Huks_UpdateSession(&of, use, &(blob){5, zeros}, room(0, 112)));
    }
    for (int i = 0; strange_set(i) != NULL; i++) {
        SAY(OH_Huks_InitSession(NAME("aes"), strange_set(i), &of, NULL));
        SAY(OH_Huks_InitSession(NAME("aes"), use, &of, NULL));
        SAY(OH_Huks_UpdateSession(&of, strange_set(i), &(blob){5, zeros}, room(0, 112)));
        SAY(OH_Huks_AbortSession(&of, strange_set(i)));
        SAY(OH_Huks_AbortSession(&of, use));
        SAY(OH_Huks_AbortSession(&of, use));
    }
    SAY(OH_Huks_AbortSession(NULL, use));
    SAY(OH_Huks_AbortSession(&(blob){8, NULL}, use));
    SAY(OH_Huks_AbortSession(&of, NULL));
}

/* The largest parts that there are. */
static void heavy(void)
{
    const OH_Huks_ParamSet *use = SET(AES_USE);
    size_t most = 8u << 20;
    uint8_t *in = calloc(1, most), *got = malloc(most + 64), handle[8];
    blob of = {sizeof handle, handle}, to = {(uint32_t)most + 64, got};
    SAY(OH_Huks_ImportKeyItem(NAME("aes"), SET(AES_KEY), BYTES(key16)));
    SAY(OH_Huks_InitSession(NAME("aes"), use, &of, NULL));
    for (int i = 0; i < 3; i++) {
        to.size = (uint32_t)most + 64;
        SAY(OH_Huks_UpdateSession(&of, use, &(blob){(uint32_t)most, in}, &to));
        (void)fprintf(transcript, "  %u\n", to.size);
        tell("end", got + to.size - 32, 32);
    }
    SAY(OH_Huks_AbortSession(&of, use));
    free(in);
    free(got);
}

static void attested(void)
{
    static const uint8_t challenge[16] = {5};
    const OH_Huks_ParamSet *asks = SET(PARAM_BYTES(ATTESTATION_CHALLENGE, challenge));
    result (*const both[])(const blob *, const OH_Huks_ParamSet *,
                           struct OH_Huks_CertChain *) = {OH_Huks_AttestKeyItem, OH_Huks_AnonAttestKeyItem};
    SAY(OH_Huks_GenerateKeyItem(NAME("ec"), SET(EC_KEY), NULL));
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        for (uint32_t count = 0; count < 6; count++) {
            blob certs[6] = {*room(0, 4096), *room(1, 2048), *room(2, 2048), *room(3, 2048)};
            struct OH_Huks_CertChain chain = {certs, count};
            SAY(both[i](NAME("ec"), asks, &chain));
            (void)fprintf(transcript, "  %u certificates\n", chain.certsCount);
            for (uint32_t j = 0; j < chain.certsCount && j < 4; j++) {
                (void)fprintf(transcript, "  %.27s\n", (const char *)rooms[j].bytes + 8);
                (void)fprintf(transcript, "  %s\n",
                              rooms[j].bytes[8 + certs[j].size] == 0xa5 ? "ends" : "goes on");
            }
        }
        for (int small = 0; small < 4; small++) {
            blob certs[4] = {*room(0, 4096), *room(1, 2048), *room(2, 2048), *room(3, 2048)};
            struct OH_Huks_CertChain chain = {certs, 4};
            certs[small].data = NULL;
            SAY(both[i](NAME("ec"), asks, &chain));
            certs[small] = *room(0, 100);
            SAY(both[i](NAME("ec"), asks, &chain));
            (void)fprintf(transcript, "  %u certificates\n",
                          chain.certsCount); /* signatures are longer and shorter */
        }
        SAY(both[i](NAME("ec"), asks, NULL));
        SAY(both[i](NAME("ec"), asks, &(struct OH_Huks_CertChain){NULL, 4}));
        SAY(both[i](NAME("ec"), NULL, &(struct OH_Huks_CertChain){NULL, 4}));
        SAY(both[i](NULL, asks, &(struct OH_Huks_CertChain){NULL, 4}));
    }
}

static void wrapping(void)
{
    const OH_Huks_ParamSet *huk = SET(PARAM_NUMBER(KEY_WRAP_TYPE, OH_HUKS_KEY_WRAP_TYPE_HUK_BASED));
    SAY(OH_Huks_ImportKeyItem(NAME("aes"),
                              SET(AES_KEY, PARAM_NUMBER(KEY_WRAP_TYPE, OH_HUKS_KEY_WRAP_TYPE_HUK_BASED),
                                  {.tag = OH_HUKS_TAG_IS_ALLOWED_WRAP, .boolParam = true}),
                              BYTES(key16)));
    SAY(OH_Huks_WrapKey(NAME("aes"), huk, room(0, 10)));
    tell_room(0, true);
    SAY(OH_Huks_WrapKey(NAME("aes"), huk, NULL));
    SAY(OH_Huks_WrapKey(NAME("aes"), NULL, room(0, 8000)));
    SAY(OH_Huks_WrapKey(NULL, huk, room(0, 8000)));
    SAY(OH_Huks_WrapKey(NAME("nobody"), huk, room(0, 8000)));
    SAY(OH_Huks_WrapKey(NAME("aes"), huk, room(0, 8000)));
    tell_room(0, false);
    SAY(OH_Huks_UnwrapKey(NAME("again"), huk, &rooms[0].blob));
    SAY(OH_Huks_IsKeyItemExist(NAME("again"), NULL));
    SAY(OH_Huks_UnwrapKey(NAME("again"), huk, NULL));
    SAY(OH_Huks_UnwrapKey(NAME("again"), huk, &(blob){0, zeros}));
    SAY(OH_Huks_UnwrapKey(NAME("again"), huk, &(blob){sizeof zeros, zeros}));
    rooms[0].bytes[100] ^= 1;
    SAY(OH_Huks_UnwrapKey(NAME("again"), huk, &rooms[0].blob));
    for (int i = 0; strange_set(i) != NULL; i++) {
        SAY(OH_Huks_WrapKey(NAME("aes"), strange_set(i), room(1, 8000)));
        SAY(OH_Huks_UnwrapKey(NAME("new"), strange_set(i), &rooms[0].blob));
        SAY(OH_Huks_ImportWrappedKeyItem(NAME("new"), NAME("aes"), strange_set(i), &rooms[0].blob));
    }
    SAY(OH_Huks_ImportWrappedKeyItem(NAME("new"), NAME("aes"),
                                     SET(AES_KEY, PARAM_NUMBER(UNWRAP_ALGORITHM_SUITE, 2)), &rooms[0].blob));
    SAY(OH_Huks_ImportWrappedKeyItem(NAME("new"), NULL, huk, &rooms[0].blob));
    SAY(OH_Huks_ImportWrappedKeyItem(NAME("new"), NAME("aes"), NULL, &rooms[0].blob));
    SAY(OH_Huks_ImportWrappedKeyItem(NAME("new"), NAME("aes"), huk, NULL));
    SAY(OH_Huks_ImportWrappedKeyItem(NULL, NAME("aes"), huk, &rooms[0].blob));
}

static void tell_state(void)
{
    struct Huks_UserAuthState state;
    memset(&state, 0xa5, sizeof state);
    SAY(Huks_UserAuth_GetState(&state));
    (void)fprintf(transcript, "  %x %u %u %u %u\n", state.enrolled, state.unlocked, state.pinFailed,
                  state.pinLastTry, state.pinLocked);
}

static void tell_list(uint32_t size, bool list)
{
    struct Huks_Credential all[4];
    uint32_t count = size;
    memset(all, 0xa5, sizeof all);
    SAY(Huks_UserAuth_List(list ? all : NULL, &count));
    (void)fprintf(transcript, "  %u\n", count);
    for (uint32_t i = 0; i < count && i < size && list; i++) {
        (void)fprintf(transcript, "  type %u \"%s\" \"%s\" %u\n", all[i].authType, all[i].name,
                      all[i].account, all[i].reserved);
    }
}

static void users(void)
{
    static uint8_t long_pin[6000];
    struct Huks_UserAuthRequest request = {.authType = OH_HUKS_USER_AUTH_TYPE_PIN, .pin = *NAME("123456")};
    static const uint8_t challenge[32] = {3};
    uint64_t id = 77;

    tell_state();
    SAY(Huks_UserAuth_GetState(NULL));
    tell_list(0, false);
    tell_list(4, true);
    SAY(Huks_UserAuth_List(NULL, NULL));
    SAY(Huks_UserAuth_Lock());
    SAY(Huks_UserAuth_ClearPin(NAME("1234")));
    SAY(Huks_UserAuth_Authenticate(&request, NULL));
    SAY(Huks_UserAuth_SetPin(NULL));
    SAY(Huks_UserAuth_SetPin(&(blob){4, NULL}));
    SAY(Huks_UserAuth_SetPin(NAME("123")));
    SAY(Huks_UserAuth_SetPin(BYTES(long_pin)));
    SAY(Huks_UserAuth_SetPin(NAME("1234")));
    SAY(Huks_UserAuth_SetPin(NAME("1234")));
    tell_state();
    tell_list(0, false);
    tell_list(0, true);
    tell_list(4, true);
    SAY(OH_Huks_GenerateKeyItem(NAME("aes"), SET(AES_KEY), NULL));
    SAY(Huks_UserAuth_ChangePin(NAME("1235"), NAME("123456")));
    SAY(Huks_UserAuth_ChangePin(BYTES(long_pin), NAME("123456")));
    tell_state();
    SAY(Huks_UserAuth_ChangePin(NAME("1234"), NAME("123456")));
    SAY(Huks_UserAuth_ChangePin(NULL, NAME("123456")));
    SAY(Huks_UserAuth_ChangePin(NAME("1234"), NULL));
    SAY(Huks_UserAuth_Authenticate(NULL, NULL));
    SAY(Huks_UserAuth_Authenticate(&request, &(blob){300, NULL}));
    SAY(Huks_UserAuth_Authenticate(&request, room(0, 279)));
    tell_room(0, true);
    SAY(Huks_UserAuth_Authenticate(&request, room(0, 300)));
    tell_room(0, false);
    request.challenge = (blob){31, (uint8_t *)(uintptr_t)challenge};
    SAY(Huks_UserAuth_Authenticate(&request, room(0, 300)));
    request.challenge = *BYTES(challenge);
    SAY(Huks_UserAuth_Authenticate(&request, room(0, 300)));
    tell_room(0, false);
    request.authType = 0;
    SAY(Huks_UserAuth_Authenticate(&request, NULL));
    request.authType = OH_HUKS_USER_AUTH_TYPE_FINGERPRINT;
    SAY(Huks_UserAuth_Authenticate(&request, NULL));
    SAY(Huks_UserAuth_Enroll(&request, NULL, NULL));
    SAY(Huks_UserAuth_Enroll(NULL, "thumb", NULL));
    SAY(Huks_UserAuth_Enroll(&request, "", &id));
    SAY(Huks_UserAuth_Enroll(
        &request, "a name of more than 64 bytes, which is more than a name may be: too long", &id));
    request.challenge = (blob){UINT32_MAX, (uint8_t *)8}; /* enrolling doesn't look at it */
    SAY(Huks_UserAuth_Enroll(&request, "thumb", &id));    /* there is no PAM service for it */
    request.pin.data = NULL;
    SAY(Huks_UserAuth_Enroll(&request, "thumb", &id));
    SAY(Huks_UserAuth_Authenticate(&request, NULL));
    (void)fprintf(transcript, "  id %u\n", (unsigned)id);
    tell_state();
    SAY(OH_Huks_GenerateKeyItem(NAME("aes"), SET(AES_KEY), NULL));
    SAY(Huks_UserAuth_Lock());
    tell_state();
    SAY(Huks_UserAuth_Remove(NAME("123456"), 5));
    SAY(Huks_UserAuth_Remove(NAME("1234"), 5));
    SAY(Huks_UserAuth_Remove(NULL, 5));
    SAY(Huks_UserAuth_Cancel(0));
    SAY(Huks_UserAuth_Cancel(UINT64_MAX));
    SAY(Huks_UserAuth_ClearPin(NULL));
    SAY(Huks_UserAuth_ClearPin(NAME("123456")));
    tell_state();
}

/* A key that wants its user: a challenge comes with the session, and its answer goes with the step. */
static void challenged(void)
{
    uint8_t handle[8];
    blob of = {sizeof handle, handle};
    struct Huks_UserAuthRequest request = {.authType = OH_HUKS_USER_AUTH_TYPE_PIN, .pin = *NAME("1234")};
    const OH_Huks_ParamSet *use = SET(AES_USE);
    SAY(Huks_UserAuth_SetPin(NAME("1234")));
    SAY(Huks_UserAuth_Authenticate(&request, NULL));
    SAY(OH_Huks_ImportKeyItem(
        NAME("aes"),
        SET(AES_KEY, PARAM_NUMBER(USER_AUTH_TYPE, OH_HUKS_USER_AUTH_TYPE_PIN),
            PARAM_NUMBER(KEY_AUTH_ACCESS_TYPE, OH_HUKS_AUTH_ACCESS_INVALID_CLEAR_PASSWORD),
            PARAM_NUMBER(CHALLENGE_TYPE, OH_HUKS_CHALLENGE_TYPE_NORMAL)),
        BYTES(key16)));
    SAY(OH_Huks_InitSession(NAME("aes"), use, &of, &(blob){40, NULL}));
    SAY(OH_Huks_InitSession(NAME("aes"), use, &of, room(1, 31)));
    tell_room(1, true);
    SAY(OH_Huks_InitSession(NAME("aes"), use, &of, room(1, 40)));
    tell_room(1, false);
    SAY(OH_Huks_FinishSession(&of, use, &(blob){5, zeros}, room(0, 100)));
    SAY(OH_Huks_InitSession(NAME("aes"), use, &of, room(1, 40)));
    request.challenge = rooms[1].blob;
    SAY(Huks_UserAuth_Authenticate(&request, room(2, 280)));
    const OH_Huks_Param token = {.tag = OH_HUKS_TAG_AUTH_TOKEN, .blob = rooms[2].blob};
    SAY(OH_Huks_FinishSession(&of, SET(AES_USE, token), &(blob){5, zeros}, room(0, 100)));
    tell_room(0, true);
}

const struct script scripts[] = {
    {"keys", keys},         {"temporary", temporary}, {"listing", listing},
    {"sessions", sessions}, {"heavy", heavy},         {"attested", attested},
    {"wrapping", wrapping}, {"users", users},         {"challenged", challenged},
};
const int scripts_count = (int)ARRAY_SIZE(scripts);
