/*
 * bench-module: the native calls. libhuks_ndk is loaded by its path, as the module is, with a configuration
 * and a store of its own; each operation is what a program does for it: a session from its begin to its end.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <huks/native_huks_api.h>
#include <huks/native_huks_param.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SET_ROOM = 4096, SIGNATURE_ROOM = 80 };

#define FUNCTIONS(X)                                                                                         \
    X(InitParamSet)                                                                                          \
    X(AddParams)                                                                                             \
    X(BuildParamSet)                                                                                         \
    X(GenerateKeyItem)                                                                                       \
    X(DeleteKeyItem)                                                                                         \
    X(IsKeyItemExist)                                                                                        \
    X(GetKeyItemParamSet)                                                                                    \
    X(InitSession)                                                                                           \
    X(UpdateSession)                                                                                         \
    X(FinishSession)

struct bench_native {
#define MEMBER(name) __typeof__(&OH_Huks_##name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
    struct OH_Huks_ParamSet *pair, *sign, *verify, *secret, *encrypt, *level;
    uint8_t signature[SIGNATURE_ROOM];
    uint32_t signature_size;
};

static void fine(struct OH_Huks_Result result, const char *what)
{
    if (result.errorCode != OH_HUKS_SUCCESS) {
        fprintf(stderr, "bench-module: %s: %d %s\n", what, (int)result.errorCode,
                result.errorMsg != NULL ? result.errorMsg : "");
        exit(2);
    }
}

static struct OH_Huks_Blob blob(void *data, size_t size)
{
    return (struct OH_Huks_Blob){(uint32_t)size, data};
}

static char ec_name[] = "bench-ec", aes_name[] = "bench-aes", short_lived[] = "bench-once";
#define NAME(text) (&(struct OH_Huks_Blob){sizeof(text) - 1, (uint8_t *)(text)})

/* ---- keys ---- */

/* A set of these and the class of all keys here, which needs no unlocking. */
static struct OH_Huks_ParamSet *make_set(const struct bench_native *native,
                                         const struct OH_Huks_Param *params, size_t count)
{
    static const struct OH_Huks_Param level = {.tag = OH_HUKS_TAG_AUTH_STORAGE_LEVEL,
                                               .uint32Param = OH_HUKS_AUTH_STORAGE_LEVEL_DE};
    struct OH_Huks_ParamSet *set = NULL;
    fine(native->InitParamSet(&set), "InitParamSet");
    if (count > 0) {
        fine(native->AddParams(set, params, (uint32_t)count), "AddParams");
    }
    fine(native->AddParams(set, &level, 1), "AddParams");
    fine(native->BuildParamSet(&set), "BuildParamSet");
    return set;
}

static struct OH_Huks_ParamSet *ec_set(const struct bench_native *native, uint32_t purpose)
{
    const struct OH_Huks_Param params[] = {
        {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_ECC},
        {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = purpose},
        {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_ECC_KEY_SIZE_256},
        {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = OH_HUKS_DIGEST_SHA256}};
    return make_set(native, params, COUNT(params));
}

static struct OH_Huks_ParamSet *aes_set(const struct bench_native *native, uint32_t purpose)
{
    const struct OH_Huks_Param params[] = {
        {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_AES},
        {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = purpose},
        {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_AES_KEY_SIZE_256},
        {.tag = OH_HUKS_TAG_PADDING, .uint32Param = OH_HUKS_PADDING_NONE},
        {.tag = OH_HUKS_TAG_BLOCK_MODE, .uint32Param = OH_HUKS_MODE_GCM}};
    return make_set(native, params, COUNT(params));
}

/* Signs once: what is verified. */
static void prepare(struct bench_native *native)
{
    struct bench_worker worker;
    bench_worker_begin(&worker, NULL, BENCH_P256, 32);
    worker.native = native;
    native_sign(&worker);
    bench_worker_end(&worker);
}

struct bench_native *bench_native_load(const char *library, const char *configuration, const char *store)
{
    struct bench_native *native = calloc(1, sizeof *native);
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    bench_must(native != NULL && handle != NULL, library);
#define FIND(name)                                                                                           \
    *(void **)&native->name = dlsym(handle, "OH_Huks_" #name);                                               \
    bench_must(native->name != NULL, #name);
    FUNCTIONS(FIND)
#undef FIND
    native->pair = ec_set(native, OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY);
    native->sign = ec_set(native, OH_HUKS_KEY_PURPOSE_SIGN);
    native->verify = ec_set(native, OH_HUKS_KEY_PURPOSE_VERIFY);
    native->secret = aes_set(native, OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT);
    native->encrypt = aes_set(native, OH_HUKS_KEY_PURPOSE_ENCRYPT);
    native->level = make_set(native, NULL, 0);
    /* The first call opens the engine, by the environment of that moment. */
    const char *variables[] = {"HUKS_CONF", "HUKS_STORE"}, *values[] = {configuration, store};
    char *before[COUNT(variables)];
    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *value = getenv(variables[i]);
        before[i] = value != NULL ? strdup(value) : NULL;
        (void)setenv(variables[i], values[i], 1);
    }
    fine(native->GenerateKeyItem(NAME(ec_name), native->pair, NULL), "GenerateKeyItem");
    for (size_t i = 0; i < COUNT(variables); i++) {
        (void)(before[i] != NULL ? setenv(variables[i], before[i], 1) : unsetenv(variables[i]));
        free(before[i]);
    }
    fine(native->GenerateKeyItem(NAME(aes_name), native->secret, NULL), "GenerateKeyItem");
    prepare(native);
    return native;
}

/* ---- operations ---- */

/* One session: `in` in an update when `updates`, and `last` with the end; `*size` is room and result. */
static void session(const struct bench_native *native, const struct OH_Huks_Blob *key,
                    const struct OH_Huks_ParamSet *set, const struct OH_Huks_Blob *update,
                    const struct OH_Huks_Blob *last, struct OH_Huks_Blob *out)
{
    uint8_t bytes[8], unused[64];
    struct OH_Huks_Blob handle = blob(bytes, sizeof bytes), nothing = blob(unused, sizeof unused);
    fine(native->InitSession(key, set, &handle, NULL), "InitSession");
    if (update != NULL) {
        fine(native->UpdateSession(&handle, set, update, &nothing), "UpdateSession");
    }
    fine(native->FinishSession(&handle, set, last, out), "FinishSession");
}

void native_sign(struct bench_worker *worker)
{
    struct bench_native *native = worker->native;
    struct OH_Huks_Blob in = blob(worker->in, worker->size), nothing = blob(NULL, 0),
                        out = blob(native->signature, sizeof native->signature);
    session(native, NAME(ec_name), native->sign, &in, &nothing, &out);
    native->signature_size = out.size;
}

void native_verify(struct bench_worker *worker)
{
    struct bench_native *native = worker->native;
    uint8_t unused[64];
    struct OH_Huks_Blob in = blob(worker->in, worker->size), out = blob(unused, sizeof unused),
                        signature = blob(native->signature, native->signature_size);
    session(native, NAME(ec_name), native->verify, &in, &signature, &out);
}

/* HUKS makes the nonce, and gives it behind the tag. */
void native_gcm(struct bench_worker *worker)
{
    struct OH_Huks_Blob in = blob(worker->in, worker->size), out = blob(worker->out, worker->size + 64);
    session(worker->native, NAME(aes_name), worker->native->encrypt, NULL, &in, &out);
}

void native_exists(struct bench_worker *worker)
{
    fine(worker->native->IsKeyItemExist(NAME(ec_name), worker->native->level), "IsKeyItemExist");
}

void native_properties(struct bench_worker *worker)
{
    union {
        struct OH_Huks_ParamSet set;
        uint8_t bytes[SET_ROOM];
    } room;
    room.set = (struct OH_Huks_ParamSet){.paramSetSize = sizeof room};
    fine(worker->native->GetKeyItemParamSet(NAME(ec_name), worker->native->level, &room.set),
         "GetKeyItemParamSet");
}

void native_pair(struct bench_worker *worker)
{
    const struct bench_native *native = worker->native;
    fine(native->GenerateKeyItem(NAME(short_lived), native->pair, NULL), "GenerateKeyItem");
    fine(native->DeleteKeyItem(NAME(short_lived), native->level), "DeleteKeyItem");
}
