/*
 * Keys at work: signing a file and verifying that.
 */
#include "tools/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/operate.h"
#include "tools/ctl_names.h"

#define PIECE          ((size_t)65536)
#define SIGNATURE_MOST 65536
#define WHOLE_MOST     ((size_t)64 << 20) /* for algorithms that take their input in one piece */

static huks_rc choose_digest(const struct ctl *ctl, const struct item *item, const struct alg_row *alg,
                             struct crypto_spec *spec)
{
    const char *name = ctl_option(ctl, OPTION_DIGEST);
    /* The key's own, where its maker fixed one. */
    spec->digest = param_u32(item_params(item), OH_HUKS_TAG_DIGEST, alg->digest);
    if (name != NULL && !name_find(names_digest, name, &spec->digest)) {
        return error_raisef(HUKS_E_NOT_SUPPORTED, ABOUT_MECHANISM, "digest %.64s", name);
    }
    return HUKS_OK;
}

static huks_rc choose_padding(const struct ctl *ctl, const struct item *item, struct crypto_spec *spec)
{
    const char *name = ctl_option(ctl, OPTION_PADDING);
    spec->padding = param_u32(item_params(item), OH_HUKS_TAG_PADDING, OH_HUKS_PADDING_PKCS1_V1_5);
    if (name != NULL && !name_find(names_padding, name, &spec->padding)) {
        return ctl_usage(ctl, "--padding is pkcs1 or pss, not %s", name);
    }
    if (spec->padding == OH_HUKS_PADDING_PSS) {
        spec->method = CRYPTO_RSA_PSS;
        spec->salt_size = CRYPTO_SALT_DIGEST;
    } else if (spec->padding != OH_HUKS_PADDING_PKCS1_V1_5) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_MECHANISM_PARAM,
                           "padding: signatures have pkcs1 or pss");
    }
    return HUKS_OK;
}

static huks_rc choose_method(const struct ctl *ctl, const struct item *item, enum crypto_direction direction,
                             struct crypto_spec *spec)
{
    const struct alg_row *alg = alg_by_number(item_alg(item));
    if (alg == NULL || alg->sign == CRYPTO_NONE) {
        return error_raise(HUKS_E_INVALID_PARAM, ABOUT_KEY_TYPE, "algorithm: keys of it sign nothing");
    }
    *spec = (struct crypto_spec){.method = alg->sign,
                                 .direction = direction,
                                 .der = !ctl_given(ctl, OPTION_RAW),
                                 .data_size = CRYPTO_SIZE_UNKNOWN};
    HUKS_TRY(choose_digest(ctl, item, alg, spec));
    return alg->sign == CRYPTO_RSA_PKCS1 ? choose_padding(ctl, item, spec) : HUKS_OK;
}

/* Feeds the file: in parts, or, where the algorithm wants it whole, all into `whole` for the last call. */
static huks_rc feed(struct operation *operation, const char *path, struct secret *whole)
{
    if (!operation_multipart(operation)) {
        return ctl_file_load(path, WHOLE_MOST, whole);
    }
    AUTO(ctl_file_close) int fd = -1;
    AUTO(secret_free) struct secret piece = {0};
    HUKS_TRY(ctl_file_open(path, &fd));
    HUKS_TRY(secret_alloc(&piece, PIECE));
    for (;;) {
        size_t got = 0, none = 0;
        HUKS_TRY(ctl_file_read(fd, path, piece.data, piece.size, &got));
        if (got == 0) {
            return HUKS_OK;
        }
        HUKS_TRY(operation_update(operation, bytes_of(piece.data, got), NULL, &none));
    }
}

static huks_rc make_signature(struct operation *operation, const char *path, struct secret *signature)
{
    AUTO(secret_free) struct secret whole = {0};
    bool parts = operation_multipart(operation);
    HUKS_TRY(feed(operation, path, &whole));
    size_t size = operation_size(operation, parts ? CRYPTO_FINISH : CRYPTO_ONCE, whole.size);
    HUKS_TRY(secret_alloc(signature, size));
    HUKS_TRY(parts ? operation_finish(operation, signature->data, &size)
                   : operation_once(operation, secret_bytes(&whole), signature->data, &size));
    secret_shrink(signature, size);
    return HUKS_OK;
}

/*
 * Whoever the key wants to see: the PIN where it takes that, else (and by an empty PIN, where it takes both)
 * a finger or face. A login may have been enough.
 */
huks_rc ctl_authenticate(struct ctl *ctl, const struct operation *operation)
{
    AUTO(secret_free) struct secret pin = {0};
    struct guard *guard = operation->guard;
    huks_rc rc = guard != NULL ? guard_pass(guard) : HUKS_OK;
    if (rc != HUKS_E_AUTH_FAILED && rc != HUKS_E_AUTH_TIMED_OUT) {
        return rc;
    }
    if ((guard_types(guard) & OH_HUKS_USER_AUTH_TYPE_PIN) != 0) {
        HUKS_TRY(ctl_pin(ctl, AUTH_USER, false, &pin));
        ctl->asked = AUTH_USER;
    }
    const struct auth_request request = {.pin = secret_bytes(&pin), .talk = ctl_talk};
    return guards_ask(ctl->token, &guard, 1, &request);
}

/* HUKS's purpose for a MAC is MAC; PKCS #11 says SIGN and VERIFY. */
static uint32_t purpose_for(const struct item *item, uint32_t purpose)
{
    bool mac = (item_purposes(item) & purpose) == 0 && (item_purposes(item) & OH_HUKS_KEY_PURPOSE_MAC) != 0;
    return mac ? (uint32_t)OH_HUKS_KEY_PURPOSE_MAC : purpose;
}

static huks_rc run_sign(struct ctl *ctl)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    AUTO(operation_free) struct operation operation = {0};
    AUTO(secret_free) struct secret signature = {0};
    struct crypto_spec spec;
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_PRIVATE, &key));
    HUKS_TRY(choose_method(ctl, key.private, CRYPTO_SIGN, &spec));
    uint32_t purpose = purpose_for(key.private, OH_HUKS_KEY_PURPOSE_SIGN);
    HUKS_TRY(operation_begin(&operation, ctl->token, key.private, purpose, &spec));
    HUKS_TRY(ctl_authenticate(ctl, &operation));
    HUKS_TRY(make_signature(&operation, ctl->operands[1], &signature));
    return ctl_file_put(ctl, secret_bytes(&signature));
}

static huks_rc verify_file(struct operation *operation, const char *path, struct bytes signature)
{
    AUTO(secret_free) struct secret whole = {0};
    bool parts = operation_multipart(operation);
    HUKS_TRY(feed(operation, path, &whole));
    return parts ? operation_verify(operation, signature)
                 : operation_verify_once(operation, secret_bytes(&whole), signature);
}

static huks_rc run_verify(struct ctl *ctl)
{
    AUTO(ctl_key_free) struct ctl_key key = {0};
    AUTO(operation_free) struct operation operation = {0};
    AUTO(secret_free) struct secret signature = {0};
    struct crypto_spec spec;
    HUKS_TRY(ctl_file_load(ctl->operands[2], SIGNATURE_MOST, &signature));
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_PUBLIC, &key));
    struct item *item = key.public != NULL ? key.public : key.private;
    HUKS_TRY(choose_method(ctl, item, CRYPTO_VERIFY, &spec));
    uint32_t purpose = purpose_for(item, OH_HUKS_KEY_PURPOSE_VERIFY);
    HUKS_TRY(operation_begin(&operation, ctl->token, item, purpose, &spec));
    HUKS_TRY(ctl_authenticate(ctl, &operation));
    HUKS_TRY(verify_file(&operation, ctl->operands[1], secret_bytes(&signature)));
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(json_pack("{s:b}", "verified", true));
    } else {
        puts("The signature is right.");
    }
    return HUKS_OK;
}

#define TAKES_SIGNING                                                                                        \
    (TAKES_ALWAYS | TAKES_LOGIN | TAKES(LEVEL) | TAKES(DIGEST) | TAKES(PADDING) | TAKES(RAW))

const struct ctl_command ctl_use_commands[] = {
    {.name = "sign",
     .operands = "NAME FILE",
     .line = "Sign a file",
     .more = "A key that was made for one digest or padding uses that; else RSA, EC and DSA sign SHA-256.",
     .takes = TAKES_SIGNING | TAKES(OUTPUT),
     .least = 2,
     .most = 2,
     .run = run_sign},
    {.name = "verify",
     .operands = "NAME FILE SIGNATURE",
     .line = "Verify a file's signature",
     .takes = TAKES_SIGNING,
     .least = 3,
     .most = 3,
     .run = run_verify},
    {.name = NULL},
};
