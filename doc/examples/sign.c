/*
 * Signs a file with a P-256 key of the native HUKS API, making the key when there is none.
 *
 *     sign ALIAS FILE SIGNATURE PUBLIC
 *
 * writes a DER signature (ECDSA, SHA-256) and the public key as SubjectPublicKeyInfo DER:
 *     openssl dgst -sha256 -keyform DER -verify PUBLIC -signature SIGNATURE FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <huks/native_huks_api.h>
#include <huks/native_huks_param.h>

/* Prints what went wrong and ends the program. */
static void check(struct OH_Huks_Result result, const char *what)
{
    if (result.errorCode != OH_HUKS_SUCCESS) {
        fprintf(stderr, "sign: %s: %d %s\n", what, (int)result.errorCode, result.errorMsg);
        exit(1);
    }
}

/* A set of numbers, built. */
static struct OH_Huks_ParamSet *make_set(const struct OH_Huks_Param *params, uint32_t count)
{
    struct OH_Huks_ParamSet *set = NULL;
    check(OH_Huks_InitParamSet(&set), "make a param set");
    check(OH_Huks_AddParams(set, params, count), "fill a param set");
    check(OH_Huks_BuildParamSet(&set), "build a param set");
    return set;
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* Feeds the file to the session in parts. */
static void update_from(const struct OH_Huks_Blob *handle, const struct OH_Huks_ParamSet *set, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    uint8_t part[4096], unused[4096] = {0};
    size_t size;
    while ((size = fread(part, 1, sizeof(part), file)) > 0) {
        struct OH_Huks_Blob in = {(uint32_t)size, part};
        struct OH_Huks_Blob out = {sizeof(unused), unused};
        check(OH_Huks_UpdateSession(handle, set, &in, &out), "update");
    }
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: sign ALIAS FILE SIGNATURE PUBLIC\n");
        return 2;
    }
    struct OH_Huks_Blob alias = {(uint32_t)strlen(argv[1]), (uint8_t *)argv[1]};
    const struct OH_Huks_Param generating[] = {
        {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_ECC},
        {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY},
        {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_ECC_KEY_SIZE_256},
        {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = OH_HUKS_DIGEST_SHA256},
        {.tag = OH_HUKS_TAG_AUTH_STORAGE_LEVEL, .uint32Param = OH_HUKS_AUTH_STORAGE_LEVEL_DE},
    };
    struct OH_Huks_ParamSet *generate = make_set(generating, 5);
    if (OH_Huks_IsKeyItemExist(&alias, generate).errorCode != OH_HUKS_SUCCESS) {
        check(OH_Huks_GenerateKeyItem(&alias, generate, NULL), "generate");
    }

    struct OH_Huks_Param signing[5];
    memcpy(signing, generating, sizeof(signing));
    signing[1].uint32Param = OH_HUKS_KEY_PURPOSE_SIGN;
    struct OH_Huks_ParamSet *sign = make_set(signing, 5);
    uint8_t handle_bytes[8], signature_bytes[80], public_bytes[256];
    struct OH_Huks_Blob handle = {sizeof(handle_bytes), handle_bytes};
    check(OH_Huks_InitSession(&alias, sign, &handle, NULL), "begin");
    update_from(&handle, sign, argv[2]);
    struct OH_Huks_Blob nothing = {0, NULL};
    struct OH_Huks_Blob signature = {sizeof(signature_bytes), signature_bytes};
    check(OH_Huks_FinishSession(&handle, sign, &nothing, &signature), "finish");
    struct OH_Huks_Blob public = {sizeof(public_bytes), public_bytes};
    check(OH_Huks_ExportPublicKeyItem(&alias, generate, &public), "export");

    write_file(argv[3], signature_bytes, signature.size);
    write_file(argv[4], public_bytes, public.size);
    OH_Huks_FreeParamSet(&sign);
    OH_Huks_FreeParamSet(&generate);
    printf("signed %s with key \"%s\": %u bytes\n", argv[2], argv[1], (unsigned)signature.size);
    return 0;
}
