/*
 * Keys that come to be: generated here, or imported from a file. What is not said is as for a key that any
 * PKCS #11 program makes: it may do all its algorithm can, is sensitive and never leaves.
 */
#include "tools/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/ctl_names.h"

#define PUBLIC_HALF                                                                                          \
    ((uint32_t)(OH_HUKS_KEY_PURPOSE_ENCRYPT | OH_HUKS_KEY_PURPOSE_VERIFY | OH_HUKS_KEY_PURPOSE_WRAP) |       \
     HUKS_PURPOSE_VERIFY_RECOVER | HUKS_PURPOSE_ENCAPSULATE)

/* What the command line asks for. */
struct wish {
    const struct alg_row *alg;
    uint32_t size, purposes, level;
    uint8_t id[256];
    size_t id_size; /* 0: none given */
    uint8_t curve[CURVE_PARAMS_MAX];
    struct bytes ec_params;
    enum store_alias_rule rule;
    uint32_t auth, access, window; /* auth 0: nobody need authenticate; window 0: for every use */
};

/* "a,b" as bits; false: one of the words is none. */
static bool read_bits(const struct name_row *names, const char *text, uint32_t *bits)
{
    char word[32];
    for (*bits = 0;; text++) {
        size_t size = strcspn(text, ",");
        uint32_t bit = 0;
        if (size >= sizeof(word)) {
            return false;
        }
        memcpy(word, text, size);
        word[size] = '\0';
        if (!name_find(names, word, &bit)) {
            return false;
        }
        *bits |= bit;
        text += size;
        if (*text == '\0') {
            return true;
        }
    }
}

/* Who must authenticate, how long that serves, and what voids the key; the rest is judged where keys are
 * bound. */
static huks_rc wish_rule(const struct ctl *ctl, struct wish *wish)
{
    const char *auth = ctl_option(ctl, OPTION_AUTH), *access = ctl_option(ctl, OPTION_INVALID_ON);
    const char *window = ctl_option(ctl, OPTION_WINDOW);
    wish->access = OH_HUKS_AUTH_ACCESS_ALWAYS_VALID;
    if (auth == NULL) {
        return access == NULL && window == NULL
                   ? HUKS_OK
                   : ctl_usage(ctl, "--invalid-on and --window are for keys with --auth");
    }
    if (!read_bits(names_auth, auth, &wish->auth) || (wish->auth & OH_HUKS_USER_AUTH_TYPE_TUI_PIN) != 0) {
        return ctl_usage(ctl, "--auth is of pin, fingerprint and face, not %s", auth);
    }
    if (access != NULL && !read_bits(names_invalid, access, &wish->access)) {
        return ctl_usage(ctl, "--invalid-on is of clear-password and new-biometric, not %s", access);
    }
    if (window != NULL && !ctl_number(window, 1, MAX_AUTH_TIMEOUT_SECOND, &wish->window)) {
        return ctl_usage(ctl, "--window is 1 to %d seconds, not %s", MAX_AUTH_TIMEOUT_SECOND, window);
    }
    return HUKS_OK;
}

static huks_rc draft_rule(const struct wish *wish, struct param_list *params)
{
    if (wish->auth == 0) {
        return HUKS_OK;
    }
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_USER_AUTH_TYPE, wish->auth));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_KEY_AUTH_ACCESS_TYPE, wish->access));
    HUKS_TRY(
        param_list_put_u32(params, OH_HUKS_TAG_CHALLENGE_TYPE,
                           wish->window > 0 ? OH_HUKS_CHALLENGE_TYPE_NONE : OH_HUKS_CHALLENGE_TYPE_NORMAL));
    return wish->window > 0 ? param_list_put_u32(params, OH_HUKS_TAG_AUTH_TIMEOUT, wish->window) : HUKS_OK;
}

static huks_rc wish_purposes(const struct ctl *ctl, struct wish *wish)
{
    const char *text = ctl_option(ctl, OPTION_PURPOSE);
    wish->purposes = wish->alg->purposes;
    if (text == NULL) {
        return HUKS_OK;
    }
    AUTO(memory_free_ptr) char *copy = strdup(text);
    if (copy == NULL) {
        return error_no_memory();
    }
    char *rest = copy;
    wish->purposes = 0;
    for (char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
        uint32_t bit = 0;
        if (!name_find(names_purpose, word, &bit)) {
            return ctl_usage(ctl, "there is no purpose %s", word);
        }
        wish->purposes |= bit;
    }
    return HUKS_OK;
}

static huks_rc wish_kind(const struct ctl *ctl, struct wish *wish)
{
    const char *size = ctl_option(ctl, OPTION_SIZE);
    const char *curve = ctl_option(ctl, OPTION_CURVE);
    wish->size = wish->alg->size;
    if (size != NULL && !ctl_number(size, 1, 65536, &wish->size)) {
        return ctl_usage(ctl, "--size is a number of bits, not %s", size);
    }
    if (curve == NULL) {
        return HUKS_OK;
    }
    if (!wish->alg->curves || size != NULL) {
        return ctl_usage(ctl, "%s",
                         size != NULL ? "--curve and --size contradict each other"
                                      : "only ec keys have a choice of curves");
    }
    if (!curve_params(wish->alg->alg, curve, wish->curve, &wish->ec_params)) {
        return error_raisef(HUKS_E_NOT_SUPPORTED, ABOUT_CURVE, "curve %.64s", curve);
    }
    return HUKS_OK;
}

/* What holds for generated and imported keys alike. */
static huks_rc wish_fill(const struct ctl *ctl, struct wish *wish)
{
    const char *level = ctl_option(ctl, OPTION_LEVEL);
    const char *id = ctl_option(ctl, OPTION_ID);
    wish->rule = ctl_given(ctl, OPTION_REPLACE) ? STORE_ALIAS_REPLACE : STORE_ALIAS_UNIQUE;
    wish->level = OH_HUKS_AUTH_STORAGE_LEVEL_CE;
    if (level != NULL && !name_find(names_level, level, &wish->level)) {
        return ctl_usage(ctl, "--level is de, ce or ece, not %s", level);
    }
    if (id != NULL && !ctl_hex(id, wish->id, sizeof(wish->id), &wish->id_size)) {
        return ctl_usage(ctl, "--id is whole bytes in hexadecimal, not %s", id);
    }
    const char *alias = ctl_option(ctl, OPTION_ALIAS);
    if (alias != NULL && (alias[0] == '\0' || strlen(alias) > 128)) {
        return ctl_usage(ctl, "an alias has 1 to 128 bytes");
    }
    HUKS_TRY(wish_rule(ctl, wish));
    return wish_purposes(ctl, wish);
}

static void draft_free(struct item_draft *draft)
{
    param_list_free(&draft->params);
}

static huks_rc draft_secrecy(const struct ctl *ctl, struct param_list *params, bool local)
{
    bool extractable = ctl_given(ctl, OPTION_EXTRACTABLE);
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_SENSITIVE, true));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_EXTRACTABLE, extractable));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_ALWAYS_SENSITIVE, local));
    return param_list_put_bool(params, HUKS_TAG_NEVER_EXTRACTABLE, local && !extractable);
}

static huks_rc draft_names(const struct ctl *ctl, const struct wish *wish, struct param_list *params)
{
    const char *label = ctl_option(ctl, OPTION_LABEL);
    const char *alias = ctl_option(ctl, OPTION_ALIAS);
    if (label != NULL) {
        HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_LABEL, bytes_of(label, strlen(label))));
    }
    if (alias != NULL) {
        HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_ALIAS, bytes_of(alias, strlen(alias))));
    }
    return wish->id_size > 0 ? param_list_put_bytes(params, HUKS_TAG_ID, bytes_of(wish->id, wish->id_size))
                             : HUKS_OK;
}

static huks_rc draft_fill(const struct ctl *ctl, const struct wish *wish, enum huks_object_class class,
                          bool local, struct item_draft *draft)
{
    struct param_list *params = &draft->params;
    bool public = class == HUKS_CLASS_PUBLIC_KEY;
    uint32_t half = public ? PUBLIC_HALF : class == HUKS_CLASS_PRIVATE_KEY ? ~PUBLIC_HALF : UINT32_MAX;
    draft->on_token = true;
    draft->identify = wish->id_size == 0;
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_OBJECT_CLASS, class));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_ALGORITHM, wish->alg->alg));
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_KEY_TYPE, wish->alg->key_type));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_PURPOSE, wish->purposes & half));
    HUKS_TRY(param_list_put_u32(params, OH_HUKS_TAG_AUTH_STORAGE_LEVEL, wish->level));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_PRIVATE,
                                 !public && wish->level != OH_HUKS_AUTH_STORAGE_LEVEL_DE));
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_LOCAL, local));
    if (local) {
        HUKS_TRY(param_list_put_u64(params, HUKS_TAG_KEY_GEN_MECHANISM, wish->alg->made_by));
    }
    HUKS_TRY(draft_names(ctl, wish, params));
    if (public) {
        return HUKS_OK;
    }
    HUKS_TRY(draft_rule(wish, params));
    return draft_secrecy(ctl, params, local);
}

/* Shows what was made. */
static huks_rc show_made(struct ctl *ctl, uint64_t private, uint64_t public)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    if (private != 0) {
        HUKS_TRY(item_get(ctl->token, private, &key.private));
    }
    if (public != 0) {
        HUKS_TRY(item_get(ctl->token, public, &key.public));
    }
    ctl_print_key(ctl, ctl_describe(&key, false));
    return HUKS_OK;
}

/* ---- generate ---- */

static huks_rc generate_secret(struct ctl *ctl, const struct wish *wish, const struct crypto_keygen *spec)
{
    AUTO(draft_free) struct item_draft draft = {0};
    uint64_t handle = 0;
    HUKS_TRY(draft_fill(ctl, wish, HUKS_CLASS_SECRET_KEY, true, &draft));
    HUKS_TRY(item_generate(ctl->token, spec, &draft, 1, wish->rule, &handle));
    return show_made(ctl, handle, 0);
}

static huks_rc generate_pair(struct ctl *ctl, const struct wish *wish, const struct crypto_keygen *spec)
{
    struct item_draft drafts[2] = {0};
    uint64_t handles[2] = {0};
    huks_rc rc = draft_fill(ctl, wish, HUKS_CLASS_PUBLIC_KEY, true, &drafts[0]);
    if (rc == HUKS_OK) {
        rc = draft_fill(ctl, wish, HUKS_CLASS_PRIVATE_KEY, true, &drafts[1]);
    }
    if (rc == HUKS_OK) {
        rc = item_generate(ctl->token, spec, drafts, 2, wish->rule, handles);
    }
    draft_free(&drafts[0]);
    draft_free(&drafts[1]);
    return rc == HUKS_OK ? show_made(ctl, handles[1], handles[0]) : rc;
}

/* A private item needs the PIN; a token without one gives it away. */
static huks_rc open_for(struct ctl *ctl, const struct wish *wish)
{
    HUKS_TRY(ctl_open_token(ctl));
    return wish->level == OH_HUKS_AUTH_STORAGE_LEVEL_DE ? ctl_login_if_told(ctl) : ctl_login(ctl);
}

static huks_rc run_generate(struct ctl *ctl)
{
    struct wish wish = {.alg = alg_by_name(ctl->operands[0])};
    if (wish.alg == NULL) {
        return error_raisef(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm %.64s", ctl->operands[0]);
    }
    HUKS_TRY(wish_fill(ctl, &wish));
    HUKS_TRY(wish_kind(ctl, &wish));
    HUKS_TRY(open_for(ctl, &wish));
    struct crypto_keygen spec = {
        .alg = wish.alg->alg,
        .size_bits = wish.ec_params.size > 0 ? 0 : wish.size,
        .ec_params = wish.ec_params,
    };
    if (wish.size >= 3072 && wish.alg->pair && isatty(STDERR_FILENO)) {
        fputs("Looking for primes, that may take a while …\n", stderr);
    }
    return wish.alg->pair ? generate_pair(ctl, &wish, &spec) : generate_secret(ctl, &wish, &spec);
}

/* ---- import ---- */

#define FILE_MOST 65536

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

static void crypto_close_ptr(struct crypto **crypto)
{
    if (*crypto != NULL) {
        crypto_close(*crypto);
    }
}

/* Private, else public: the file itself says which. And which algorithm. */
static huks_rc recognise(struct bytes file, enum crypto_key_class *class, const struct alg_row **alg,
                         struct secret *public)
{
    AUTO(crypto_close_ptr) struct crypto *crypto = NULL;
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    HUKS_TRY(crypto_open(&crypto));
    *class = CRYPTO_PRIVATE;
    if (crypto_key_decode(crypto, CRYPTO_PRIVATE, 0, file, &key) != HUKS_OK) {
        *class = CRYPTO_PUBLIC;
        HUKS_TRY(crypto_key_decode(crypto, CRYPTO_PUBLIC, 0, file, &key));
    }
    *alg = alg_by_number(crypto_key_alg(key));
    if (*alg == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm of this key");
    }
    return crypto_key_encode(key, CRYPTO_PUBLIC, public);
}

static huks_rc import_one(struct ctl *ctl, const struct wish *wish, enum crypto_key_class class,
                          struct bytes encoded, uint64_t *handle)
{
    static const enum huks_object_class classes[] = {
        [CRYPTO_SECRET] = HUKS_CLASS_SECRET_KEY,
        [CRYPTO_PUBLIC] = HUKS_CLASS_PUBLIC_KEY,
        [CRYPTO_PRIVATE] = HUKS_CLASS_PRIVATE_KEY,
    };
    AUTO(draft_free) struct item_draft draft = {0};
    HUKS_TRY(draft_fill(ctl, wish, classes[class], false, &draft));
    return item_import(ctl->token, class, encoded, &draft, wish->rule, handle);
}

/* The private half, and a public one beside it that others find without the PIN. All or nothing. */
static huks_rc import_private(struct ctl *ctl, const struct wish *wish, struct bytes file,
                              struct bytes public)
{
    uint64_t handles[2] = {0};
    const char *alias = ctl->options[OPTION_ALIAS];
    HUKS_TRY(import_one(ctl, wish, CRYPTO_PRIVATE, file, &handles[0]));
    ctl->options[OPTION_ALIAS] = NULL; /* an alias is one record's; the two share label and ID */
    huks_rc rc = import_one(ctl, wish, CRYPTO_PUBLIC, public, &handles[1]);
    ctl->options[OPTION_ALIAS] = alias;
    if (rc != HUKS_OK) {
        huks_rc undone = item_destroy(ctl->token, handles[0]);
        return undone == HUKS_OK ? error_raise(rc, ABOUT_FILE, "write the public half of the key") : undone;
    }
    return show_made(ctl, handles[0], handles[1]);
}

static huks_rc import_file(struct ctl *ctl, struct wish *wish, struct bytes file)
{
    static const char pem[] = "-----BEGIN ";
    enum crypto_key_class class = CRYPTO_SECRET;
    AUTO(secret_free) struct secret public = {0};
    uint64_t handle = 0;
    if (file.size >= sizeof(pem) - 1 && memcmp(file.data, pem, sizeof(pem) - 1) == 0) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_OBJECT,
                           "key file: PEM is not read; make it DER with openssl pkey -outform DER");
    }
    if (wish->alg == NULL) {
        HUKS_TRY(recognise(file, &class, &wish->alg, &public));
    }
    HUKS_TRY(wish_fill(ctl, wish));
    if (class == CRYPTO_PUBLIC) {
        wish->level = OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    }
    HUKS_TRY(open_for(ctl, wish));
    if (class == CRYPTO_PRIVATE) {
        return import_private(ctl, wish, file, secret_bytes(&public));
    }
    HUKS_TRY(import_one(ctl, wish, class, file, &handle));
    return class == CRYPTO_SECRET ? show_made(ctl, handle, 0) : show_made(ctl, 0, handle);
}

static huks_rc run_import(struct ctl *ctl)
{
    struct wish wish = {0};
    AUTO(secret_free) struct secret file = {0};
    if (ctl_given(ctl, OPTION_SECRET)) {
        wish.alg = alg_by_name(ctl_option(ctl, OPTION_SECRET));
        if (wish.alg == NULL || wish.alg->pair) {
            return ctl_usage(ctl, "%s is no algorithm of secret keys", ctl_option(ctl, OPTION_SECRET));
        }
    }
    HUKS_TRY(ctl_file_load(ctl->operands[0], FILE_MOST, &file));
    return import_file(ctl, &wish, secret_bytes(&file));
}

#define TAKES_MAKING                                                                                         \
    (TAKES_ALWAYS | TAKES_LOGIN | TAKES(LABEL) | TAKES(ID) | TAKES(ALIAS) | TAKES(LEVEL) | TAKES(PURPOSE) |  \
     TAKES(EXTRACTABLE) | TAKES(REPLACE) | TAKES(AUTH) | TAKES(INVALID_ON) | TAKES(WINDOW))

const struct ctl_command ctl_make_commands[] = {
    {.name = "generate",
     .operands = "ALG",
     .line = "Make a new key or key pair",
     .more = "ALG is rsa, ec, ed25519, ed448, x25519, x448, sm2, dsa, dh, ml-dsa, ml-kem, slh-dsa, aes, sm4, "
             "3des,\n"
             "chacha20 or hmac. Sizes are 2048 (rsa), 256 (ec, aes, hmac) … unless --size says otherwise.\n"
             "With --auth the key works only for who authenticates: for every use, or with --window once in "
             "a while.",
     .takes = TAKES_MAKING | TAKES(SIZE) | TAKES(CURVE),
     .least = 1,
     .most = 1,
     .run = run_generate},
    {.name = "import",
     .operands = "FILE",
     .line = "Import a private, public or secret key",
     .more = "FILE is DER: PKCS #8 (it brings its public half, too) or SubjectPublicKeyInfo. \"-\" is "
             "standard input.",
     .takes = TAKES_MAKING | TAKES(SECRET),
     .least = 1,
     .most = 1,
     .run = run_import},
    {.name = NULL},
};
