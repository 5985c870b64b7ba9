/*
 * What check-remote-native asks at both: scripts of calls, each of which says what it was answered and what
 * it found in its memory; and what such scripts are written with.
 */
#ifndef HUKS_TESTS_REMOTE_SCRIPTS_H
#define HUKS_TESTS_REMOTE_SCRIPTS_H

#include <stdio.h>
#include <string.h>

#include "huks/huks_user_auth.h"
#include "huks/native_huks_api.h"
#include "param/set.h"

typedef struct OH_Huks_Blob blob;
typedef struct OH_Huks_Result result;

/* The transcript. */
extern FILE *transcript;

#define PARAM_NUMBER(name, n)                                                                                \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_##name, .uint32Param = (n)                                                        \
    }
#define PARAM_BYTES(name, array)                                                                             \
    {                                                                                                        \
        .tag = OH_HUKS_TAG_##name, .blob = { sizeof(array), (uint8_t *)(uintptr_t)(array) }                  \
    }
OH_Huks_ParamSet *make_set(const OH_Huks_Param *params, uint32_t count); /* or the end of the program */
#define SET(...)                                                                                             \
    make_set((const OH_Huks_Param[]){__VA_ARGS__},                                                           \
             sizeof((const OH_Huks_Param[]){__VA_ARGS__}) / sizeof(OH_Huks_Param))
#define NAME(text)   (&(blob){(uint32_t)strlen(text), (uint8_t *)(uintptr_t)(text)})
#define BYTES(array) (&(blob){sizeof(array), (uint8_t *)(uintptr_t)(array)})

/* A key of AES-CBC, and its use with a fixed IV. */
extern const uint8_t key16[16], iv16[16];
extern uint8_t zeros[70000]; /* zeros */
#define AES_KEY                                                                                              \
    PARAM_NUMBER(ALGORITHM, OH_HUKS_ALG_AES), PARAM_NUMBER(KEY_SIZE, 128),                                   \
        PARAM_NUMBER(PURPOSE, OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT),                    \
        PARAM_NUMBER(BLOCK_MODE, OH_HUKS_MODE_CBC), PARAM_NUMBER(PADDING, OH_HUKS_PADDING_PKCS7)
#define AES_USE                                                                                              \
    PARAM_NUMBER(ALGORITHM, OH_HUKS_ALG_AES), PARAM_NUMBER(PURPOSE, OH_HUKS_KEY_PURPOSE_ENCRYPT),            \
        PARAM_NUMBER(KEY_SIZE, 128), PARAM_NUMBER(BLOCK_MODE, OH_HUKS_MODE_CBC),                             \
        PARAM_NUMBER(PADDING, OH_HUKS_PADDING_PKCS7), PARAM_BYTES(IV, iv16)

/* Room `number` (0 to 3), for so many bytes, in the midst of others that must stay as they are. */
struct room {
    uint8_t bytes[9000];
    uint32_t size;
    blob blob;
};
extern struct room rooms[4];
blob *room(unsigned number, uint32_t size);

extern const struct script {
    const char *name;
    void (*script)(void);
} scripts[];
extern const int scripts_count;

#endif
