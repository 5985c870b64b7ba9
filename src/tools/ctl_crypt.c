/*
 * Files encrypted and decrypted. What comes out is the IV or nonce, made anew each time, then the
 * ciphertext, then the tag where the mode has one.
 *
 * Decrypted bytes that a tag vouches for reach nobody before it is verified: either the engine keeps them, or
 * they wait in a file that has no name yet.
 */
#include "tools/ctl.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/engine.h"
#include "service/operate.h"
#include "service/permit.h"
#include "tools/ctl_names.h"

#define PIECE      ((size_t)65536)
#define WHOLE_MOST ((uint64_t)64 << 20) /* of what the engine keeps until its end */
#define IV_MOST    16
#define BLOCK_MOST 16

/* ---- which way ---- */

#define ANY_MODE 0

/* The first row of an algorithm that the options and the key's maker leave is taken. */
static const struct crypt_row {
    uint32_t alg, mode, padding;
    enum crypto_method method;
    size_t iv_size, tag_size;
} rows[] = {
    {OH_HUKS_ALG_RSA, ANY_MODE, OH_HUKS_PADDING_OAEP, CRYPTO_RSA_OAEP, 0, 0},
    {OH_HUKS_ALG_RSA, ANY_MODE, OH_HUKS_PADDING_PKCS1_V1_5, CRYPTO_RSA_PKCS1, 0, 0},
    {OH_HUKS_ALG_SM2, ANY_MODE, OH_HUKS_PADDING_NONE, CRYPTO_SM2, 0, 0},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_GCM, OH_HUKS_PADDING_NONE, CRYPTO_AEAD, 12, 16},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CCM, OH_HUKS_PADDING_NONE, CRYPTO_AEAD, 12, 16},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CBC, OH_HUKS_PADDING_PKCS7, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CBC, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_CTR, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_ECB, OH_HUKS_PADDING_PKCS7, CRYPTO_CIPHER, 0, 0},
    {OH_HUKS_ALG_AES, OH_HUKS_MODE_ECB, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 0, 0},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CBC, OH_HUKS_PADDING_PKCS7, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CBC, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CTR, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_OFB, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_CFB, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 16, 0},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_ECB, OH_HUKS_PADDING_PKCS7, CRYPTO_CIPHER, 0, 0},
    {OH_HUKS_ALG_SM4, OH_HUKS_MODE_ECB, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 0, 0},
    {HUKS_ALG_3DES, OH_HUKS_MODE_CBC, OH_HUKS_PADDING_PKCS7, CRYPTO_CIPHER, 8, 0},
    {HUKS_ALG_3DES, OH_HUKS_MODE_CBC, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 8, 0},
    {HUKS_ALG_3DES, OH_HUKS_MODE_ECB, OH_HUKS_PADDING_PKCS7, CRYPTO_CIPHER, 0, 0},
    {HUKS_ALG_3DES, OH_HUKS_MODE_ECB, OH_HUKS_PADDING_NONE, CRYPTO_CIPHER, 0, 0},
    {HUKS_ALG_CHACHA20, ANY_MODE, OH_HUKS_PADDING_NONE, CRYPTO_AEAD, 12, 16},
};

/* What the command line chooses; UINT32_MAX: nothing. */
struct choice {
    uint32_t mode, padding, digest;
};

static huks_rc read_choice(const struct ctl *ctl, struct choice *choice)
{
    const struct {
        enum ctl_option option;
        const struct name_row *names;
        uint32_t *number;
    } choices[] = {
        {OPTION_MODE, names_mode, &choice->mode},
        {OPTION_PADDING, names_padding, &choice->padding},
        {OPTION_DIGEST, names_digest, &choice->digest},
    };
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        const char *name = ctl_option(ctl, choices[i].option);
        *choices[i].number = UINT32_MAX;
        if (name != NULL && !name_find(choices[i].names, name, choices[i].number)) {
            return ctl_usage(ctl, "there is no %s %s",
                             choices[i].option == OPTION_MODE      ? "mode"
                             : choices[i].option == OPTION_PADDING ? "padding"
                                                                   : "digest",
                             name);
        }
    }
    return HUKS_OK;
}

/* What the maker forbids, the engine refuses in its words; here that only leads to another default. */
static huks_rc choose_row(const struct item *item, const struct choice *choice, const struct crypt_row **out)
{
    const struct crypt_row *found = NULL;
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct crypt_row *row = &rows[i];
        if (row->alg != item_alg(item)) {
            continue;
        }
        known = true;
        if ((choice->mode != UINT32_MAX && choice->mode != row->mode) ||
            (choice->padding != UINT32_MAX && choice->padding != row->padding)) {
            continue;
        }
        found = found == NULL ? row : found;
        if ((row->mode == ANY_MODE || permit_value(item, OH_HUKS_TAG_BLOCK_MODE, row->mode)) &&
            permit_value(item, OH_HUKS_TAG_PADDING, row->padding)) {
            *out = row;
            return HUKS_OK;
        }
    }
    *out = found;
    if (!known) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm: keys of it encrypt nothing");
    }
    return found != NULL ? HUKS_OK
                         : error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM_PARAM,
                                       "mode or padding with keys of this algorithm");
}

/* OAEP's: the option's, else the key's own, else SHA-256. */
static uint32_t choose_digest(const struct item *item, const struct choice *choice,
                              const struct crypt_row *row)
{
    if (row->method == CRYPTO_SM2) {
        return choice->digest != UINT32_MAX ? choice->digest : OH_HUKS_DIGEST_SM3;
    }
    if (row->method != CRYPTO_RSA_OAEP) {
        return OH_HUKS_DIGEST_NONE;
    }
    uint32_t own = param_u32(item_params(item), OH_HUKS_TAG_DIGEST, OH_HUKS_DIGEST_NONE);
    if (choice->digest != UINT32_MAX) {
        return choice->digest;
    }
    return own != OH_HUKS_DIGEST_NONE ? own : OH_HUKS_DIGEST_SHA256;
}

static huks_rc choose(const struct ctl *ctl, const struct item *item, enum crypto_direction direction,
                      const struct crypt_row **row, struct crypto_spec *spec)
{
    struct choice choice;
    HUKS_TRY(read_choice(ctl, &choice));
    HUKS_TRY(choose_row(item, &choice, row));
    *spec = (struct crypto_spec){
        .method = (*row)->method,
        .direction = direction,
        .digest = choose_digest(item, &choice, *row),
        .mgf_digest = param_u32(item_params(item), HUKS_TAG_MGF_DIGEST, OH_HUKS_DIGEST_NONE),
        .padding = (*row)->padding,
        .mode = (*row)->mode,
        .tag_size = (*row)->tag_size,
        .data_size = CRYPTO_SIZE_UNKNOWN,
        .counter_bits = 128,
    };
    return HUKS_OK;
}

/* ---- the way through ---- */

/* One file on its way into another. */
struct way {
    struct ctl *ctl;
    struct operation operation;
    struct ctl_target target;
    const char *path; /* of the input */
    int fd;
    uint64_t left; /* bytes of it that are still wanted; UINT64_MAX: all */
    uint64_t most; /* that are taken at all */
    uint8_t iv[IV_MOST], tag[16];
    struct ctl_progress progress;
    uint64_t done, size; /* size 0: not known, or soon done */
};

static void way_close(struct way *way)
{
    operation_free(&way->operation);
    ctl_target_close(&way->target);
    ctl_file_close(&way->fd);
}

static huks_rc read_piece(struct way *way, struct secret *piece, size_t *got)
{
    size_t want = way->left < piece->size ? (size_t)way->left : piece->size;
    HUKS_TRY(ctl_file_read(way->fd, way->path, piece->data, want, got));
    if (way->left != UINT64_MAX) {
        way->left -= *got;
    }
    if (*got > way->most) {
        return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_DATA_LEN,
                            "size of %s: more than %u bytes in one piece; "
                            "a mode that works in parts, from file to file, takes any size",
                            way->path, (unsigned)WHOLE_MOST);
    }
    way->most -= *got;
    return HUKS_OK;
}

#define LONG_WORK ((off_t)8 << 20)

static void show_from(struct way *way, const char *what)
{
    struct stat status;
    way->progress = (struct ctl_progress)CTL_PROGRESS(what);
    if (ctl_progress_seen() && fstat(way->fd, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_size >= LONG_WORK) {
        way->size = (uint64_t)status.st_size;
    }
}

static huks_rc pass_pieces(struct way *way)
{
    AUTO(secret_free) struct secret piece = {0};
    AUTO(secret_free) struct secret out = {0};
    size_t got = 0;
    HUKS_TRY(secret_alloc(&piece, PIECE));
    HUKS_TRY(secret_alloc(&out, PIECE + BLOCK_MOST)); /* with the block that was held back */
    for (;;) {
        size_t size = out.size;
        HUKS_TRY(read_piece(way, &piece, &got));
        if (got == 0) {
            break;
        }
        way->done += got;
        if (way->size > 0) {
            ctl_progress_show(way->done, way->size, &way->progress);
        }
        HUKS_TRY(operation_update(&way->operation, bytes_of(piece.data, got), out.data, &size));
        HUKS_TRY(ctl_target_write(&way->target, bytes_of(out.data, size)));
    }
    AUTO(secret_free) struct secret last = {0};
    size_t size = operation_size(&way->operation, CRYPTO_FINISH, 0);
    HUKS_TRY(secret_alloc(&last, size));
    HUKS_TRY(operation_finish(&way->operation, last.data, &size));
    HUKS_TRY(ctl_target_write(&way->target, bytes_of(last.data, size)));
    return ctl_target_keep(&way->target);
}

static huks_rc run_through(struct way *way, const char *what)
{
    show_from(way, what);
    huks_rc rc = pass_pieces(way);
    ctl_progress_end(&way->progress);
    return rc;
}

/* Of the operation that has begun: is there an end to what it can take? */
static void set_bounds(struct way *way, bool kept)
{
    way->most = kept || !operation_multipart(&way->operation) ? WHOLE_MOST : UINT64_MAX;
}

/* ---- encrypt ---- */

/* With a nonce that the engine makes and remembers, which keys with guarded purposes ask for. */
static huks_rc begin_sealing(struct way *way, struct item *item, const struct crypt_row *row,
                             struct crypto_spec *spec)
{
    struct ctl *ctl = way->ctl;
    const struct crypto_nonce random = {.generator = CRYPTO_NONCE_RANDOM};
    HUKS_TRY(operation_open(&way->operation, ctl->token, item, OH_HUKS_KEY_PURPOSE_ENCRYPT, spec));
    HUKS_TRY(ctl_authenticate(ctl, &way->operation));
    HUKS_TRY(operation_nonce(&way->operation, random, way->iv, row->iv_size));
    spec->iv = bytes_of(way->iv, row->iv_size);
    return operation_message(&way->operation, spec);
}

static huks_rc begin_encrypting(struct way *way, struct item *item, const struct crypt_row *row,
                                struct crypto_spec *spec)
{
    struct ctl *ctl = way->ctl;
    if (row->method == CRYPTO_AEAD) {
        return begin_sealing(way, item, row, spec);
    }
    HUKS_TRY(engine_random(ctl->engine, way->iv, row->iv_size));
    spec->iv = bytes_of(way->iv, row->iv_size);
    HUKS_TRY(operation_begin(&way->operation, ctl->token, item, OH_HUKS_KEY_PURPOSE_ENCRYPT, spec));
    return ctl_authenticate(ctl, &way->operation);
}

static huks_rc run_encrypt(struct ctl *ctl)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    AUTO(way_close) struct way way = {.ctl = ctl, .target = {.fd = -1}, .fd = -1, .left = UINT64_MAX};
    const struct crypt_row *row = NULL;
    struct crypto_spec spec;
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_PUBLIC, &key));
    struct item *item = key.public != NULL ? key.public : key.private;
    HUKS_TRY(choose(ctl, item, CRYPTO_ENCRYPT, &row, &spec));
    way.path = ctl->operands[1];
    HUKS_TRY(ctl_file_open(way.path, &way.fd));
    HUKS_TRY(begin_encrypting(&way, item, row, &spec));
    HUKS_TRY(ctl_target_open(ctl, "what comes out", &way.target));
    HUKS_TRY(ctl_target_write(&way.target, spec.iv));
    set_bounds(&way, row->mode == OH_HUKS_MODE_CCM);
    return run_through(&way, "Encrypting");
}

/* ---- decrypt ---- */

static huks_rc too_short(const struct way *way, const struct crypt_row *row)
{
    return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_DATA_LEN,
                        "size of %s: an IV of %zu bytes and a tag of %zu are not in it", way->path,
                        row->iv_size, row->tag_size);
}

/* The tag's place is known in a file alone: then what is before it can be worked on as it comes. */
static huks_rc find_tag(struct way *way, const struct crypt_row *row, struct crypto_spec *spec)
{
    struct stat status;
    off_t at = lseek(way->fd, 0, SEEK_CUR);
    if (row->tag_size == 0 || row->mode == OH_HUKS_MODE_CCM || !ctl_target_waits(&way->target) || at < 0 ||
        fstat(way->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return HUKS_OK;
    }
    off_t tag = status.st_size - (off_t)row->tag_size;
    if (tag < at || pread(way->fd, way->tag, row->tag_size, tag) != (ssize_t)row->tag_size) {
        return too_short(way, row);
    }
    way->left = (uint64_t)(tag - at);
    spec->tag = bytes_of(way->tag, row->tag_size);
    return HUKS_OK;
}

static huks_rc open_encrypted(struct way *way, const struct crypt_row *row, struct crypto_spec *spec)
{
    size_t got = 0;
    HUKS_TRY(ctl_file_open(way->path, &way->fd));
    HUKS_TRY(ctl_file_read(way->fd, way->path, way->iv, row->iv_size, &got));
    if (got != row->iv_size) {
        return too_short(way, row);
    }
    spec->iv = bytes_of(way->iv, row->iv_size);
    return find_tag(way, row, spec);
}

static huks_rc run_decrypt(struct ctl *ctl)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    AUTO(way_close) struct way way = {.ctl = ctl, .target = {.fd = -1}, .fd = -1, .left = UINT64_MAX};
    const struct crypt_row *row = NULL;
    struct crypto_spec spec;
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_PRIVATE, &key));
    HUKS_TRY(choose(ctl, key.private, CRYPTO_DECRYPT, &row, &spec));
    way.path = ctl->operands[1];
    HUKS_TRY(ctl_target_open(ctl, "what comes out", &way.target));
    HUKS_TRY(open_encrypted(&way, row, &spec));
    HUKS_TRY(operation_begin(&way.operation, ctl->token, key.private, OH_HUKS_KEY_PURPOSE_DECRYPT, &spec));
    HUKS_TRY(ctl_authenticate(ctl, &way.operation));
    set_bounds(&way, row->tag_size > 0 && spec.tag.size == 0);
    return run_through(&way, "Decrypting");
}

#define TAKES_CRYPTING                                                                                       \
    (TAKES_ALWAYS | TAKES_LOGIN | TAKES(LEVEL) | TAKES(MODE) | TAKES(PADDING) | TAKES(DIGEST) | TAKES(OUTPUT))

const struct ctl_command ctl_crypt_commands[] = {
    {.name = "encrypt",
     .operands = "NAME FILE",
     .line = "Encrypt a file",
     .more =
         "A key that was made for one mode, padding or digest uses that; else AES has GCM, SM4 and 3DES have "
         "CBC, and\n"
         "RSA has OAEP with SHA-256, for a few bytes: 190 with a key of 2048 bits. What is written begins "
         "with the\n"
         "IV or nonce and ends with the tag, if there are such. Only GCM, CCM and ChaCha20 notice changes.",
     .takes = TAKES_CRYPTING,
     .least = 2,
     .most = 2,
     .run = run_encrypt},
    {.name = "decrypt",
     .operands = "NAME FILE",
     .line = "Decrypt a file",
     .more =
         "With the options that it was encrypted with. With GCM, CCM and ChaCha20 nothing comes out of a "
         "file\n"
         "that was changed; they keep up to 64 MiB until that is known, GCM and ChaCha20 from file to file "
         "any size.",
     .takes = TAKES_CRYPTING,
     .least = 2,
     .most = 2,
     .run = run_decrypt},
    {.name = NULL},
};
