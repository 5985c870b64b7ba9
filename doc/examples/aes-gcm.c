/*
 * Encrypts and decrypts a file with an AES-256 key that never leaves the keystore, in GCM mode.
 *
 *     aes-gcm encrypt ALIAS PLAIN SEALED
 *     aes-gcm decrypt ALIAS SEALED PLAIN
 *
 * The key is made when there is none. SEALED is ciphertext ‖ tag (16 bytes) ‖ nonce (12 bytes): exactly what
 * HUKS gives when it is left to choose the nonce, which is the safe way.
 */
#include "example.h"

#define MOST 65536 /* this example does it in one piece; UpdateSession takes more, part by part */
#define TAIL (OH_HUKS_AE_TAG_LEN + OH_HUKS_AE_NONCE_LEN)

/* Something that both sides know, and that must be the same for both. */
static char header[] = "aes-gcm example, version 1";

/* What the key is, and all that it may be used for. */
/* clang-format off */
#define THE_KEY                                                                                              \
    {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_AES},                                          \
    {.tag = OH_HUKS_TAG_BLOCK_MODE, .uint32Param = OH_HUKS_MODE_GCM},                                        \
    {.tag = OH_HUKS_TAG_PADDING, .uint32Param = OH_HUKS_PADDING_NONE}
/* clang-format on */

static void make_key(const struct OH_Huks_Blob *alias)
{
    struct OH_Huks_ParamSet *set =
        PARAM_SET(THE_KEY, {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_AES_KEY_SIZE_256},
                  {.tag = OH_HUKS_TAG_PURPOSE,
                   .uint32Param = OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_DECRYPT});
    if (OH_Huks_IsKeyItemExist(alias, NULL).errorCode != OH_HUKS_SUCCESS) {
        check(OH_Huks_GenerateKeyItem(alias, set, NULL), "generate");
    }
    OH_Huks_FreeParamSet(&set);
}

/* One session from begin to end. Returns how many bytes came out. */
static size_t run(const struct OH_Huks_Blob *alias, struct OH_Huks_ParamSet *set, uint8_t *data, size_t size,
                  uint8_t *out, size_t room)
{
    uint8_t bytes[8];
    struct OH_Huks_Blob handle = {sizeof(bytes), bytes};
    struct OH_Huks_Blob in = {(uint32_t)size, data};
    struct OH_Huks_Blob result = {(uint32_t)room, out};
    check(OH_Huks_InitSession(alias, set, &handle, NULL), "init");
    check(OH_Huks_FinishSession(&handle, set, &in, &result), "finish");
    OH_Huks_FreeParamSet(&set);
    return result.size;
}

static size_t encrypt(const struct OH_Huks_Blob *alias, uint8_t *plain, size_t size, uint8_t *sealed,
                      size_t room)
{
    make_key(alias);
    return run(alias,
               PARAM_SET(THE_KEY, {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_ENCRYPT},
                         {.tag = OH_HUKS_TAG_ASSOCIATED_DATA, .blob = text_blob(header)}),
               plain, size, sealed, room);
}

/* Fails with 12000006 when the file, the header or the key is not the one that it was encrypted with. */
static size_t decrypt(const struct OH_Huks_Blob *alias, uint8_t *sealed, size_t size, uint8_t *plain,
                      size_t room)
{
    if (size < TAIL) {
        fprintf(stderr, "decrypt: the file is too short\n");
        exit(1);
    }
    size_t length = size - TAIL;
    struct OH_Huks_Blob tag = {OH_HUKS_AE_TAG_LEN, sealed + length};
    struct OH_Huks_Blob nonce = {OH_HUKS_AE_NONCE_LEN, sealed + length + OH_HUKS_AE_TAG_LEN};
    return run(alias,
               PARAM_SET(THE_KEY, {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_DECRYPT},
                         {.tag = OH_HUKS_TAG_ASSOCIATED_DATA, .blob = text_blob(header)},
                         {.tag = OH_HUKS_TAG_NONCE, .blob = nonce}, {.tag = OH_HUKS_TAG_AE_TAG, .blob = tag}),
               sealed, length, plain, room);
}

int main(int argc, char **argv)
{
    static uint8_t in[MOST + TAIL], out[MOST + TAIL];
    if (argc != 5 || (strcmp(argv[1], "encrypt") != 0 && strcmp(argv[1], "decrypt") != 0)) {
        fprintf(stderr, "usage: aes-gcm encrypt|decrypt ALIAS FROM TO\n");
        return 2;
    }
    bool encrypts = strcmp(argv[1], "encrypt") == 0;
    struct OH_Huks_Blob alias = text_blob(argv[2]);
    size_t size = read_file(argv[3], in, encrypts ? MOST : sizeof(in));
    size =
        encrypts ? encrypt(&alias, in, size, out, sizeof(out)) : decrypt(&alias, in, size, out, sizeof(out));
    write_file(argv[4], out, size);
    return 0;
}
