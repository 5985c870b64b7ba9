/*
 * The native door's messages, from both sides: a request that a client made up for harm, and a reply that
 * something made up which is not huksd. The first byte says which function and which side, the rest is the
 * message.
 */
#include "fuzz.h"

#include <ftw.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/remote.h"
#include "huks/huks_user_auth.h"
#include "huks/native_huks_api.h"
#include "ipc/server.h"

enum { REPLY = 0x80, CERTIFICATE_SIZE = 1200, LIST_SIZE = 3 };

static char place[64];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static void leave(void)
{
    (void)nftw(place, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- arguments of every kind, each in memory of exactly its size ---- */

static void *memory[16];
static size_t chunks;

static void *chunk(const void *from, size_t size)
{
    void *made = malloc(size);
    if (made == NULL || chunks == sizeof memory / sizeof memory[0]) {
        abort();
    }
    memset(made, 0xa5, size);
    if (from != NULL) {
        memcpy(made, from, size);
    }
    memory[chunks++] = made;
    return made;
}

static const struct OH_Huks_Blob *blob(const void *from, uint32_t size)
{
    const struct OH_Huks_Blob made = {size, chunk(from, size)};
    return chunk(&made, sizeof made);
}

static const OH_Huks_ParamSet *good_set(void)
{
    static uint8_t challenge[5] = {1};
    static OH_Huks_ParamSet *set;
    const OH_Huks_Param params[] = {
        {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_ECC},
        {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = 256},
        {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_SIGN},
        {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = OH_HUKS_DIGEST_SHA256},
        {.tag = OH_HUKS_TAG_ATTESTATION_CHALLENGE, .blob = {sizeof challenge, challenge}},
    };
    if (set == NULL) {
        fuzz_must(OH_Huks_InitParamSet(&set).errorCode == 0 &&
                      OH_Huks_AddParams(set, params, sizeof params / sizeof params[0]).errorCode == 0 &&
                      OH_Huks_BuildParamSet(&set).errorCode == 0,
                  "no set");
    }
    return set;
}

static const struct OH_Huks_CertChain *chain(void)
{
    struct OH_Huks_Blob certificates[REMOTE_CERTIFICATES];
    for (size_t i = 0; i < REMOTE_CERTIFICATES; i++) {
        certificates[i] = (struct OH_Huks_Blob){CERTIFICATE_SIZE, chunk(NULL, CERTIFICATE_SIZE)};
    }
    const struct OH_Huks_CertChain made = {chunk(certificates, sizeof certificates), REMOTE_CERTIFICATES};
    return chunk(&made, sizeof made);
}

static const void *argument(enum remote_kind kind)
{
    static const uint64_t zero;
    static const uint32_t room = LIST_SIZE;
    const OH_Huks_ParamSet set_room = {.paramSetSize = 1000};
    const struct Huks_UserAuthRequest request = {
        .authType = OH_HUKS_USER_AUTH_TYPE_PIN, .pin = {4, chunk("1234", 4)}, .requestId = 1};
    switch (kind) {
    case REMOTE_BLOB:
        return blob("key", 3);
    case REMOTE_HANDLE:
        return blob("handle..", 8);
    case REMOTE_PIN:
        return blob("1234", 4);
    case REMOTE_ROOM:
        return blob(NULL, 300);
    case REMOTE_SET:
        return good_set();
    case REMOTE_SET_ROOM:
        return memcpy(chunk(NULL, set_room.paramSetSize), &set_room, sizeof set_room);
    case REMOTE_CHAIN:
        return chain();
    case REMOTE_ALIASES:
        return memset(chunk(NULL, sizeof(void *)), 0, sizeof(void *));
    case REMOTE_STATE:
        return chunk(NULL, sizeof(struct Huks_UserAuthState));
    case REMOTE_REQUEST:
        return chunk(&request, sizeof request);
    case REMOTE_TEXT:
        return chunk("thumb", 6);
    case REMOTE_NUMBER:
    case REMOTE_ID:
        return chunk(&zero, sizeof zero);
    case REMOTE_CREDENTIALS:
        return chunk(NULL, LIST_SIZE * sizeof(struct Huks_Credential));
    case REMOTE_COUNT:
        return chunk(&room, sizeof room);
    default:
        return NULL;
    }
}

static void arguments(enum remote_function function, const void *out[REMOTE_ARGUMENTS])
{
    for (size_t i = 0; i < REMOTE_ARGUMENTS; i++) {
        out[i] = argument(remote_kinds[function][i]);
    }
}

static void forget(enum remote_function function, const void *const arguments[REMOTE_ARGUMENTS])
{
    for (size_t i = 0; i < REMOTE_ARGUMENTS; i++) {
        if (remote_kinds[function][i] == REMOTE_ALIASES) {
            OH_Huks_FreeKeyAliasSet(*(struct OH_Huks_KeyAliasSet *const *)arguments[i]);
        }
    }
    while (chunks > 0) {
        free(memory[--chunks]);
    }
}

/* ---- the door ---- */

static void open_door(void)
{
    struct config config;
    if (place[0] != '\0') {
        return;
    }
    (void)snprintf(place, sizeof place, "/tmp/fuzz-remote-XXXXXX");
    fuzz_must(mkdtemp(place) != NULL && atexit(leave) == 0, "no directory");
    config_defaults(&config);
    (void)snprintf(config.store, sizeof config.store, "%s/store", place);
    config.scrypt_log2n = 10;
    config.session_wait_ms = 0;
    config.pin_tries = 1000;
    fuzz_must(native_served.open(&config) == HUKS_OK, "no door");
    fuzz_must(OH_Huks_GenerateKeyItem(blob("key", 3), good_set(), NULL).errorCode == 0, "no key");
}

static huks_rc serve(uint32_t function, struct ipc_message *request, struct ipc_message *reply)
{
    open_door();
    return native_served.call(function, request, reply, NULL);
}

/* A request of every function, and what it is answered. */
size_t fuzz_seed(unsigned number, uint8_t seed[FUZZ_ROOM])
{
    enum remote_function function = number / 2 + 1;
    bool answer = number % 2 == 1;
    const void *given[REMOTE_ARGUMENTS];
    AUTO(ipc_message_free) struct ipc_message request = {0};
    AUTO(ipc_message_free) struct ipc_message reply = {0};
    if (function >= REMOTE_END) {
        return 0;
    }
    open_door();
    arguments(function, given);
    fuzz_must(remote_put(function, given, &request) == HUKS_OK, "no request");
    forget(function, given);
    if (answer) {
        fuzz_must(serve(function, &request, &reply) == HUKS_OK, "no reply");
    }
    const struct buffer *bytes = answer ? &reply.bytes : &request.bytes;
    fuzz_must(bytes->size < FUZZ_ROOM, "too large a seed");
    seed[0] = (uint8_t)(function | (answer ? REPLY : 0));
    if (bytes->size != 0) {
        memcpy(seed + 1, bytes->data, bytes->size);
    }
    return 1 + bytes->size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    AUTO(ipc_message_free) struct ipc_message reply = {0};
    if (size == 0 || buffer_append(&message.bytes, data + 1, size - 1) != HUKS_OK) {
        return 0;
    }
    uint8_t function = data[0] & (REPLY - 1);
    if ((data[0] & REPLY) == 0) {
        fuzz_must(serve(function, &message, &reply) == HUKS_OK || reply.bytes.size == 0,
                  "an answer to what can't be read");
        return 0;
    }
    if (function != REMOTE_NO_FUNCTION && function < REMOTE_END) {
        const void *given[REMOTE_ARGUMENTS];
        arguments((enum remote_function)function, given);
        huks_rc rc = remote_take((enum remote_function)function, given, &message);
        fuzz_must(rc >= 0, "no answer at all");
        forget((enum remote_function)function, given);
    }
    return 0;
}
