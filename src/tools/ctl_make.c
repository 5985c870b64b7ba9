/*
 * Keys that come to be: generated here, or imported from a file. What is not said is as for a key that any
 * PKCS #11 program makes: it may do all its algorithm can, is sensitive and never leaves.
 */
#include "tools/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/guard.h"
#include "service/keyfile.h"
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

/* Who must authenticate, how long that serves, and what voids the key; whether these agree, draft_fill() asks. */
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
    HUKS_TRY(draft_secrecy(ctl, params, local));
    return guard_check_rule(params);
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

#define FILE_MOST 1048576

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

static huks_rc ask_passphrase(struct secret *passphrase, void *argument)
{
    return ctl_passphrase(argument, "key file", false, passphrase);
}

/* Everything of one file, or nothing: what was made is remembered until all is. */
struct import {
    struct ctl *ctl;
    const struct wish *wish;
    struct crypto *crypto;
    uint64_t handles[3 * 64];
    size_t count;
    json_t *shown; /* an array: told when all is there */
};

static huks_rc note_made(struct import *import, uint64_t private, uint64_t public, uint64_t other)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    HUKS_TRY(private == 0 ? HUKS_OK : item_get(import->ctl->token, private, &key.private));
    HUKS_TRY(public == 0 ? HUKS_OK : item_get(import->ctl->token, public, &key.public));
    HUKS_TRY(other == 0 ? HUKS_OK : item_get(import->ctl->token, other, &key.other));
    json_array_append_new(import->shown, ctl_describe(&key, false));
    return HUKS_OK;
}

/* One thing as one object; several as a list of them. */
static void show_all(const struct ctl *ctl, json_t *shown)
{
    size_t index;
    json_t *key;
    if (ctl_given(ctl, OPTION_JSON) && json_array_size(shown) > 1) {
        ctl_print_json(json_incref(shown));
        return;
    }
    json_array_foreach(shown, index, key)
    {
        if (index > 0) {
            puts("");
        }
        ctl_print_key(ctl, json_incref(key));
    }
}

static void import_undo(struct import *import)
{
    while (import->count > 0) {
        if (item_destroy(import->ctl->token, import->handles[--import->count]) != HUKS_OK) {
            error_clear(); /* it stays: the failure that is told is the first one */
        }
    }
}

static huks_rc key_of(struct import *import, const struct keyfile_entry *entry, struct wish *wish,
                      struct crypto_key **key)
{
    enum crypto_key_class class = entry->kind == KEYFILE_PRIVATE ? CRYPTO_PRIVATE : CRYPTO_PUBLIC;
    HUKS_TRY(crypto_key_decode(import->crypto, class, 0, secret_bytes(&entry->encoded), key));
    *wish = *import->wish;
    wish->alg = alg_by_number(crypto_key_alg(*key));
    if (wish->alg == NULL) {
        return error_raise(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "algorithm of this key");
    }
    return wish_purposes(import->ctl, wish);
}

/* A label of the file's own, where the command line gives none. */
static huks_rc label_from(const struct ctl *ctl, const struct keyfile_entry *entry, struct item_draft *draft)
{
    return ctl_given(ctl, OPTION_LABEL) || entry->label.size == 0
               ? HUKS_OK
               : param_list_put_bytes(&draft->params, HUKS_TAG_LABEL,
                                      bytes_of(entry->label.data, entry->label.size));
}

/* The private half and a public one beside it, as a pair that knows itself. */
static huks_rc import_private(struct import *import, const struct keyfile_entry *entry)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    struct item_draft drafts[2] = {0};
    uint64_t handles[2] = {0};
    struct wish wish;
    HUKS_TRY(key_of(import, entry, &wish, &key));
    huks_rc rc = draft_fill(import->ctl, &wish, HUKS_CLASS_PUBLIC_KEY, false, &drafts[0]);
    rc = rc == HUKS_OK ? draft_fill(import->ctl, &wish, HUKS_CLASS_PRIVATE_KEY, false, &drafts[1]) : rc;
    rc = rc == HUKS_OK ? label_from(import->ctl, entry, &drafts[0]) : rc;
    rc = rc == HUKS_OK ? label_from(import->ctl, entry, &drafts[1]) : rc;
    if (rc == HUKS_OK) {
        rc = item_keep(import->ctl->token, key, OH_HUKS_KEY_FLAG_IMPORT_KEY, drafts, 2, wish.rule, handles);
    }
    draft_free(&drafts[0]);
    draft_free(&drafts[1]);
    HUKS_TRY(rc);
    import->handles[import->count++] = handles[0];
    import->handles[import->count++] = handles[1];
    return note_made(import, handles[1], handles[0], 0);
}

static huks_rc import_public(struct import *import, const struct keyfile_entry *entry)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    AUTO(draft_free) struct item_draft draft = {0};
    uint64_t handle = 0;
    struct wish wish;
    HUKS_TRY(key_of(import, entry, &wish, &key));
    wish.level = OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    HUKS_TRY(draft_fill(import->ctl, &wish, HUKS_CLASS_PUBLIC_KEY, false, &draft));
    HUKS_TRY(item_keep(import->ctl->token, key, OH_HUKS_KEY_FLAG_IMPORT_KEY, &draft, 1, wish.rule, &handle));
    import->handles[import->count++] = handle;
    return note_made(import, 0, handle, 0);
}

/* With the ID of its key, so that programs find the one by the other. */
static huks_rc certificate_id(struct import *import, const struct keyfile_entry *entry,
                              struct item_draft *draft, uint8_t identity[20])
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    const struct wish *wish = import->wish;
    if (wish->id_size > 0) {
        return param_list_put_bytes(&draft->params, HUKS_TAG_ID, bytes_of(wish->id, wish->id_size));
    }
    if (crypto_key_decode(import->crypto, CRYPTO_PUBLIC, 0, secret_bytes(&entry->public), &key) != HUKS_OK) {
        error_clear(); /* a key of a kind we don't have: a certificate all the same */
        return HUKS_OK;
    }
    HUKS_TRY(item_identity(import->ctl->engine, key, identity));
    return param_list_put_bytes(&draft->params, HUKS_TAG_ID, bytes_of(identity, 20));
}

static huks_rc import_certificate(struct import *import, const struct keyfile_entry *entry)
{
    AUTO(draft_free) struct item_draft draft = {.on_token = true};
    struct param_list *params = &draft.params;
    const char *label = ctl_option(import->ctl, OPTION_LABEL);
    uint8_t identity[20];
    uint64_t handle = 0;
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_OBJECT_CLASS, HUKS_CLASS_CERTIFICATE));
    HUKS_TRY(param_list_put_u32(params, HUKS_TAG_CERTIFICATE_TYPE, 0)); /* X.509 */
    HUKS_TRY(param_list_put_bool(params, HUKS_TAG_PRIVATE, false));
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_VALUE, secret_bytes(&entry->encoded)));
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_SUBJECT, secret_bytes(&entry->subject)));
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_ISSUER, secret_bytes(&entry->issuer)));
    HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_SERIAL_NUMBER, secret_bytes(&entry->serial)));
    HUKS_TRY(certificate_id(import, entry, &draft, identity));
    if (label != NULL) {
        HUKS_TRY(param_list_put_bytes(params, HUKS_TAG_LABEL, bytes_of(label, strlen(label))));
    }
    HUKS_TRY(label_from(import->ctl, entry, &draft));
    HUKS_TRY(item_create(import->ctl->token, &draft, import->wish->rule, &handle));
    import->handles[import->count++] = handle;
    return note_made(import, 0, 0, handle);
}

static huks_rc import_entries(struct import *import, const struct keyfile *file)
{
    static huks_rc (*const imports[])(struct import *, const struct keyfile_entry *) = {
        [KEYFILE_PRIVATE] = import_private,
        [KEYFILE_PUBLIC] = import_public,
        [KEYFILE_CERTIFICATE] = import_certificate,
    };
    for (size_t i = 0; i < file->count; i++) {
        huks_rc rc = imports[file->entries[i].kind](import, &file->entries[i]);
        if (rc != HUKS_OK) {
            char sentence[256];
            enum error_about about = error_about();
            error_message(sentence, sizeof(sentence));
            import_undo(import);
            return error_raise_text(rc, about, sentence);
        }
    }
    return HUKS_OK;
}

static bool has_private(const struct keyfile *file)
{
    for (size_t i = 0; i < file->count; i++) {
        if (file->entries[i].kind == KEYFILE_PRIVATE) {
            return true;
        }
    }
    return false;
}

static void crypto_close_ptr(struct crypto **crypto)
{
    if (*crypto != NULL) {
        crypto_close(*crypto);
    }
}

static huks_rc import_file(struct ctl *ctl, struct bytes bytes)
{
    AUTO(crypto_close_ptr) struct crypto *crypto = NULL;
    AUTO(keyfile_free) struct keyfile file = {0};
    const struct keyfile_asker asker = {ask_passphrase, ctl};
    struct wish wish = {.alg = &alg_rows[0]};
    HUKS_TRY(wish_fill(ctl, &wish));
    HUKS_TRY(crypto_open(&crypto));
    HUKS_TRY(crypto_keyfile_read(crypto, bytes, &asker, &file));
    struct import import = {.ctl = ctl, .wish = &wish, .crypto = crypto, .shown = json_array()};
    if (!has_private(&file)) {
        wish.level = OH_HUKS_AUTH_STORAGE_LEVEL_DE;
    }
    huks_rc rc = open_for(ctl, &wish);
    rc = rc == HUKS_OK ? import_entries(&import, &file) : rc;
    if (rc == HUKS_OK) {
        show_all(ctl, import.shown);
    }
    json_decref(import.shown);
    return rc;
}

static huks_rc import_secret(struct ctl *ctl, const char *name, struct bytes bytes)
{
    AUTO(draft_free) struct item_draft draft = {0};
    struct wish wish = {.alg = alg_by_name(name)};
    uint64_t handle = 0;
    if (wish.alg == NULL || wish.alg->pair) {
        return ctl_usage(ctl, "%s is no algorithm of secret keys", name);
    }
    HUKS_TRY(wish_fill(ctl, &wish));
    HUKS_TRY(open_for(ctl, &wish));
    HUKS_TRY(draft_fill(ctl, &wish, HUKS_CLASS_SECRET_KEY, false, &draft));
    HUKS_TRY(item_import(ctl->token, CRYPTO_SECRET, bytes, &draft, wish.rule, &handle));
    return show_made(ctl, handle, 0);
}

static huks_rc run_import(struct ctl *ctl)
{
    AUTO(secret_free) struct secret file = {0};
    HUKS_TRY(ctl_file_load(ctl->operands[0], FILE_MOST, &file));
    return ctl_given(ctl, OPTION_SECRET)
               ? import_secret(ctl, ctl_option(ctl, OPTION_SECRET), secret_bytes(&file))
               : import_file(ctl, secret_bytes(&file));
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
     .line = "Import keys and certificates",
     .more = "FILE is PEM or DER: PKCS #8, also under a passphrase, SubjectPublicKeyInfo, X.509, the older "
             "forms of "
             "RSA,\nEC and DSA keys; or PKCS #12. A private key brings its public half, too. \"-\" is "
             "standard input.",
     .takes = TAKES_MAKING | TAKES(SECRET) | TAKES_PASSPHRASE,
     .least = 1,
     .most = 1,
     .run = run_import},
    {.name = NULL},
};
