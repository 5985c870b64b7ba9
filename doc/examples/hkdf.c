/*
 * Derives keys from one main key with HKDF-SHA-256: some bytes for the program itself, and a key that stays
 * in the keystore.
 *
 *     hkdf ALIAS SECRET SALT INFO
 *
 * SECRET, a text of 16, 24 or 32 characters, is imported as the main key ALIAS. Printed are 32 bytes that
 *     openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt key:SECRET -kdfopt salt:SALT -kdfopt info:INFO
 * HKDF gives too. A second derivation, with "session" as info, makes the AES key "ALIAS session", which can
 * encrypt and be deleted, but not be read.
 */
#include "example.h"

static void import_main_key(const struct OH_Huks_Blob *alias, const char *secret)
{
    struct OH_Huks_Blob key = text_blob(secret);
    struct OH_Huks_ParamSet *set =
        PARAM_SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_AES},
                  {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = key.size * OH_HUKS_BITS_PER_BYTE},
                  {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_DERIVE},
                  {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = OH_HUKS_DIGEST_SHA256});
    check(OH_Huks_ImportKeyItem(alias, set, &key), "import");
    OH_Huks_FreeParamSet(&set);
}

/* Init says what is derived, the one update derives, finish says where it goes. */
static void derive(const struct OH_Huks_Blob *alias, struct OH_Huks_Blob salt, struct OH_Huks_Blob info,
                   const struct OH_Huks_ParamSet *keeping, struct OH_Huks_Blob *out)
{
    uint8_t bytes[8];
    struct OH_Huks_Blob handle = {sizeof(bytes), bytes};
    struct OH_Huks_Blob nothing = {0, NULL};
    struct OH_Huks_ParamSet *set =
        PARAM_SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_HKDF},
                  {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_DERIVE},
                  {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = OH_HUKS_DIGEST_SHA256},
                  {.tag = OH_HUKS_TAG_DERIVE_KEY_SIZE, .uint32Param = 32}, /* bytes */
                  {.tag = OH_HUKS_TAG_SALT, .blob = salt}, {.tag = OH_HUKS_TAG_INFO, .blob = info});
    check(OH_Huks_InitSession(alias, set, &handle, NULL), "init");
    check(OH_Huks_UpdateSession(&handle, set, &nothing, out), "update");
    out->size = 32;
    check(OH_Huks_FinishSession(&handle, keeping != NULL ? keeping : set, &nothing, out), "finish");
    OH_Huks_FreeParamSet(&set);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: hkdf ALIAS SECRET SALT INFO\n");
        return 2;
    }
    struct OH_Huks_Blob alias = text_blob(argv[1]);
    struct OH_Huks_Blob salt = text_blob(argv[3]);
    uint8_t bytes[32];
    struct OH_Huks_Blob out = {sizeof(bytes), bytes};
    import_main_key(&alias, argv[2]);

    /* Bytes for ourselves. */
    derive(&alias, salt, text_blob(argv[4]), NULL, &out);
    print_hex(bytes, sizeof(bytes));

    /* A key for the keystore: nothing comes out. */
    char name[64];
    snprintf(name, sizeof(name), "%.40s session", argv[1]);
    struct OH_Huks_ParamSet *keeping =
        PARAM_SET({.tag = OH_HUKS_TAG_DERIVED_AGREED_KEY_STORAGE_FLAG,
                   .uint32Param = OH_HUKS_STORAGE_ONLY_USED_IN_HUKS},
                  {.tag = OH_HUKS_TAG_KEY_ALIAS, .blob = text_blob(name)},
                  {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_AES},
                  {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_AES_KEY_SIZE_256},
                  {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_ENCRYPT});
    derive(&alias, salt, text_blob("session"), keeping, &out);
    struct OH_Huks_Blob session = text_blob(name);
    check(OH_Huks_IsKeyItemExist(&session, NULL), name);
    OH_Huks_FreeParamSet(&keeping);
    return 0;
}
