/*
 * What the tests of the native API share: a store of their own, sets in one line, answers by code and text.
 * They link libhuks_ndk and see its installed headers only.
 */
#ifndef HUKS_TESTS_NATIVE_NATIVE_H
#define HUKS_TESTS_NATIVE_NATIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <check.h>

#include "huks/native_huks_api.h"
#include "huks/native_huks_param.h"

/*
 * Runs the suite with HUKS_STORE and HUKS_CONF in a directory of its own; returns main's exit status. With
 * HUKS_TEST_HUKSD, the path of huksd, each test's calls are made by one of its own.
 */
int native_run(Suite *suite);
/* A test case whose tests find an empty store. */
TCase *native_tcase(Suite *suite, const char *name);

bool native_served(void); /* by huksd */
const char *native_directory(void);
const char *native_store(void); /* empty at first; the service's own is made when it is needed */
const char *in_store(const char *name);
/*
 * The configuration from now on, which says legacy_mechanisms = true before; read when the engine opens:
 * before the test's first call.
 */
void configure(const char *lines);

/* ---- Answers ------------------------------------------------------------------------------------------- */

#define EXPECT(code, text, call) answer(__FILE__, __LINE__, #call, (code), (text), (call))
#define OK(call)                 EXPECT(0, "Success.", call)

void answer(const char *file, int line, const char *call, int32_t code, const char *text,
            struct OH_Huks_Result result);

#define TEXT_INVALID        "Invalid parameters."
#define TEXT_NULL           "The parameter value cannot be null."
#define TEXT_UNSET          "Some input parameters are not set."
#define TEXT_BUFFER         "Insufficient buffer size."
#define TEXT_ABSENT         "The parameter does not exist."
#define TEXT_KEY_INFO       "Invalid key information."
#define TEXT_ENTITY         "The entity does not exist."
#define TEXT_CRYPTO         "Crypto engine error."
#define TEXT_LIMIT          "The number of key operation sessions has reached the limit."
#define TEXT_TAKEN          "The key with same alias is already exist."
#define TEXT_ABNORMAL       "Device environment or input parameter abnormal."
#define TEXT_API            "This API is not supported."
#define TEXT_UNSET_IN(what) "Failed to obtain the " what ". It is not set in ParamSet."

/* ---- Sets and blobs ------------------------------------------------------------------------------------ */

typedef struct OH_Huks_Param param;
typedef struct OH_Huks_ParamSet set;
typedef struct OH_Huks_Blob blob;

#define ALG(name)                                                                                            \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_##name                                      \
    }
#define SIZE(bits)                                                                                           \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = (bits)                                                   \
    }
#define PURPOSE(mask)                                                                                        \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_PURPOSE, .uint32Param = (mask)                                                    \
    }
#define DIGEST(name)                                                                                         \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_DIGEST, .uint32Param = OH_HUKS_DIGEST_##name                                      \
    }
#define PADDING(name)                                                                                        \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_PADDING, .uint32Param = OH_HUKS_PADDING_##name                                    \
    }
#define MODE(name)                                                                                           \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_BLOCK_MODE, .uint32Param = OH_HUKS_MODE_##name                                    \
    }
#define LEVEL(name)                                                                                          \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_AUTH_STORAGE_LEVEL, .uint32Param = OH_HUKS_AUTH_STORAGE_LEVEL_##name              \
    }
#define NUMBER(name, n)                                                                                      \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_##name, .uint32Param = (n)                                                        \
    }
#define TRUTH(name, b)                                                                                       \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_##name, .boolParam = (b)                                                          \
    }
#define BYTES(name, bytes, length)                                                                           \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_##name, .blob = {.size = (length), .data = (uint8_t *)(uintptr_t)(bytes) }        \
    }

#define ENCRYPT OH_HUKS_KEY_PURPOSE_ENCRYPT
#define DECRYPT OH_HUKS_KEY_PURPOSE_DECRYPT
#define SIGN    OH_HUKS_KEY_PURPOSE_SIGN
#define VERIFY  OH_HUKS_KEY_PURPOSE_VERIFY
#define MAC     OH_HUKS_KEY_PURPOSE_MAC
#define DERIVE  OH_HUKS_KEY_PURPOSE_DERIVE
#define AGREE   OH_HUKS_KEY_PURPOSE_AGREE
#define WRAP    OH_HUKS_KEY_PURPOSE_WRAP
#define UNWRAP  OH_HUKS_KEY_PURPOSE_UNWRAP

/* A built set; freed after the test. */
#define SET(...)                                                                                             \
    make_set((const param[]){__VA_ARGS__}, (uint32_t)(sizeof((const param[]){__VA_ARGS__}) / sizeof(param)))
set *make_set(const param *params, uint32_t count);
set *no_params(void); /* an empty set */

/* A text as a blob; the blob lives as long as the statement's block. */
#define NAME(text) (&(const blob){(uint32_t)strlen(text), (uint8_t *)(uintptr_t)(text)})
#define ROOM(array)                                                                                          \
    {                                                                                                        \
        sizeof(array), (array)                                                                               \
    }

/* ---- Sessions ------------------------------------------------------------------------------------------ */

struct session {
    uint8_t bytes[8];
    blob handle;
    set *params;
};

struct OH_Huks_Result begin(struct session *session, const char *alias, set *params);
struct OH_Huks_Result update(struct session *session, const void *in, size_t in_size, void *out,
                             uint32_t *size);
struct OH_Huks_Result finish(struct session *session, const void *in, size_t in_size, void *out,
                             uint32_t *size);
struct OH_Huks_Result stop(struct session *session);
/* Update with what fits one call of the kind that returns nothing. */
struct OH_Huks_Result feed(struct session *session, const void *in, size_t in_size);

/* Runs `body` in a forked child and fails the test unless it returns; no Check assertion there: CHILD(). */
void in_child(void (*body)(void));
void child_ended(pid_t child);
#define CHILD(condition) child_holds(__FILE__, __LINE__, #condition, (condition))
void child_holds(const char *file, int line, const char *text, bool truth);

#endif
