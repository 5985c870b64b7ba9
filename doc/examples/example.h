/*
 * What the examples share: param sets in one line, files, and an end with code and text when a call fails.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <huks/native_huks_api.h>
#include <huks/native_huks_param.h>

/* Every call of HUKS returns a code and a sentence: 0, or why not. */
static inline void check(struct OH_Huks_Result result, const char *what)
{
    if (result.errorCode != OH_HUKS_SUCCESS) {
        fprintf(stderr, "%s: %d %s\n", what, (int)result.errorCode, result.errorMsg);
        exit(1);
    }
}

/* A built param set of these parameters; freed with OH_Huks_FreeParamSet. */
#define PARAM_SET(...)                                                                                       \
    make_set((const struct OH_Huks_Param[]){__VA_ARGS__},                                                    \
             sizeof((const struct OH_Huks_Param[]){__VA_ARGS__}) / sizeof(struct OH_Huks_Param))

static inline struct OH_Huks_ParamSet *make_set(const struct OH_Huks_Param *params, size_t count)
{
    struct OH_Huks_ParamSet *set = NULL;
    check(OH_Huks_InitParamSet(&set), "init param set");
    check(OH_Huks_AddParams(set, params, (uint32_t)count), "add params");
    check(OH_Huks_BuildParamSet(&set), "build param set");
    return set;
}

static inline struct OH_Huks_Blob text_blob(const char *text)
{
    return (struct OH_Huks_Blob){(uint32_t)strlen(text), (uint8_t *)(uintptr_t)text};
}

static inline size_t read_file(const char *path, uint8_t *data, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(data, 1, room, file) : 0;
    if (file == NULL || ferror(file) != 0 || fgetc(file) != EOF) {
        fprintf(stderr, "%s: can't be read, or is longer than %zu bytes\n", path, room);
        exit(1);
    }
    fclose(file);
    return size;
}

static inline void write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "%s: can't be written\n", path);
        exit(1);
    }
}

static inline void print_hex(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        printf("%02x", data[i]);
    }
    printf("\n");
}

#endif
