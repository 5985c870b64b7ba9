/*
 * Agrees on a secret with somebody else by ECDH on P-256: each gives the other a public key and keeps the
 * private one in the keystore.
 *
 *     ecdh public ALIAS MINE        makes the key when there is none, writes its public half
 *     ecdh agree ALIAS THEIRS       prints the 32 bytes that both sides get
 *
 * Public keys are SubjectPublicKeyInfo in DER, so that the other side may be OpenSSL:
 *     openssl pkeyutl -derive -inkey key.pem -peerform DER -peerkey MINE
 */
#include "example.h"

static void make_key(const struct OH_Huks_Blob *alias)
{
    struct OH_Huks_ParamSet *set =
        PARAM_SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_ECC},
                  {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_ECC_KEY_SIZE_256},
                  {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_AGREE});
    if (OH_Huks_IsKeyItemExist(alias, NULL).errorCode != OH_HUKS_SUCCESS) {
        check(OH_Huks_GenerateKeyItem(alias, set, NULL), "generate");
    }
    OH_Huks_FreeParamSet(&set);
}

static void write_public(const struct OH_Huks_Blob *alias, const char *path)
{
    uint8_t bytes[256];
    struct OH_Huks_Blob public = {sizeof(bytes), bytes};
    make_key(alias);
    check(OH_Huks_ExportPublicKeyItem(alias, NULL, &public), "export");
    write_file(path, bytes, public.size);
}

/* The one update takes the other's public key; finish gives the secret. */
static void agree(const struct OH_Huks_Blob *alias, const char *path)
{
    uint8_t bytes[8], theirs[256], secret[32], unused[8];
    struct OH_Huks_Blob handle = {sizeof(bytes), bytes};
    struct OH_Huks_Blob peer = {(uint32_t)read_file(path, theirs, sizeof(theirs)), theirs};
    struct OH_Huks_Blob nothing = {0, NULL}, ignored = {sizeof(unused), unused},
                        out = {sizeof(secret), secret};
    struct OH_Huks_ParamSet *set =
        PARAM_SET({.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_ECDH},
                  {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_ECC_KEY_SIZE_256},
                  {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_AGREE});
    check(OH_Huks_InitSession(alias, set, &handle, NULL), "init");
    check(OH_Huks_UpdateSession(&handle, set, &peer, &ignored), "update");
    check(OH_Huks_FinishSession(&handle, set, &nothing, &out), "finish");
    print_hex(secret, out.size);
    OH_Huks_FreeParamSet(&set);
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "public") != 0 && strcmp(argv[1], "agree") != 0)) {
        fprintf(stderr, "usage: ecdh public|agree ALIAS FILE\n");
        return 2;
    }
    struct OH_Huks_Blob alias = text_blob(argv[2]);
    if (strcmp(argv[1], "public") == 0) {
        write_public(&alias, argv[3]);
    } else {
        agree(&alias, argv[3]);
    }
    return 0;
}
