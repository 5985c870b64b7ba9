/*
 * Attestation: a key's chain of certificates as PEM, its own first.
 */
#include "tools/ctl.h"

#include <string.h>

#include "service/attest.h"

#define PEM_COLUMNS 64 /* RFC 7468: what strict readers want to see */

/* Hexadecimal digits or a file, and one of them: nobody may take an old attestation for a new one. */
static huks_rc take_challenge(const struct ctl *ctl, struct secret *challenge)
{
    const char *digits = ctl_option(ctl, OPTION_CHALLENGE), *path = ctl_option(ctl, OPTION_CHALLENGE_FILE);
    size_t size = 0;
    if ((digits != NULL) == (path != NULL)) {
        return ctl_usage(ctl, "say the challenge: either --challenge or --challenge-file");
    }
    if (path != NULL) {
        HUKS_TRY(ctl_file_load(path, ATTEST_CHALLENGE_MAX, challenge));
        return challenge->size > 0
                   ? HUKS_OK
                   : error_raisef(HUKS_E_INVALID_PARAM, ABOUT_DATA_LEN, "challenge: %s is empty", path);
    }
    HUKS_TRY(secret_alloc(challenge, ATTEST_CHALLENGE_MAX));
    if (!ctl_hex(digits, challenge->data, challenge->size, &size)) {
        return ctl_usage(ctl, "a challenge is 1 to %d bytes in hexadecimal", ATTEST_CHALLENGE_MAX);
    }
    secret_shrink(challenge, size);
    return HUKS_OK;
}

/* HUKS's PEM has one long line of base64 and no end; appended with lines that every reader takes. */
static huks_rc append_folded(struct bytes pem, struct buffer *out)
{
    const char *text = (const char *)pem.data;
    while (pem.size > 0) {
        size_t line = strcspn(text, "\n"); /* a buffer's text: NUL-terminated below */
        size_t size = line < PEM_COLUMNS ? line : PEM_COLUMNS;
        HUKS_TRY(buffer_append(out, text, size));
        HUKS_TRY(buffer_append(out, "\n", 1));
        size += text[size] == '\n';
        text += size;
        pem.size -= size;
    }
    return HUKS_OK;
}

static huks_rc certificate_text(const struct buffer *certificate, struct buffer *out)
{
    AUTO(buffer_free) struct buffer pem = {0};
    HUKS_TRY(attestation_pem(bytes_of(certificate->data, certificate->size), &pem));
    size_t size = pem.size;
    HUKS_TRY(buffer_append(&pem, "", 1));
    return append_folded(bytes_of(pem.data, size), out);
}

static huks_rc put_json(const struct ctl *ctl, const struct attestation *chain)
{
    json_t *certificates = json_array();
    for (size_t i = 0; i < chain->count; i++) {
        AUTO(buffer_free) struct buffer text = {0};
        huks_rc rc = certificate_text(&chain->certificates[i], &text);
        if (rc != HUKS_OK) {
            json_decref(certificates);
            return rc;
        }
        json_array_append_new(certificates, json_stringn((const char *)text.data, text.size));
    }
    ctl_print_json(
        json_pack("{s:b, s:o}", "anonymous", ctl_given(ctl, OPTION_ANONYMOUS), "certificates", certificates));
    return HUKS_OK;
}

static huks_rc put_text(const struct ctl *ctl, const struct attestation *chain)
{
    AUTO(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < chain->count; i++) {
        HUKS_TRY(certificate_text(&chain->certificates[i], &text));
    }
    return ctl_file_put_text(ctl, bytes_of(text.data, text.size));
}

static huks_rc run_attest(struct ctl *ctl)
{
    AUTO(secret_free) struct secret challenge = {0};
    AUTO(ctl_key_free) struct ctl_key key = {0};
    AUTO(attestation_free) struct attestation chain = {0};
    HUKS_TRY(take_challenge(ctl, &challenge));
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_find(ctl, ctl->operands[0], NEED_PRIVATE, &key));
    const struct attest_request request = {.challenge = secret_bytes(&challenge),
                                           .anonymous = ctl_given(ctl, OPTION_ANONYMOUS)};
    HUKS_TRY(attest_key(key.private, key.public, &request, &chain));
    bool aside = ctl_given(ctl, OPTION_OUTPUT);
    return ctl_given(ctl, OPTION_JSON) && !aside ? put_json(ctl, &chain) : put_text(ctl, &chain);
}

const struct ctl_command ctl_attest_commands[] = {
    {.name = "attest",
     .operands = "NAME",
     .line = "Attest a key: certificates (PEM) that say it is here and what it may do",
     .more = "The key's own certificate comes first, the root last. The challenge, 1 to 128 bytes from "
             "whoever is to be\n"
             "convinced, stands in the first. RSA, EC, SM2, Ed25519 and X25519 keys that never leave are "
             "attested.",
     .takes = TAKES_ALWAYS | TAKES_LOGIN | TAKES(LEVEL) | TAKES(CHALLENGE) | TAKES(CHALLENGE_FILE) |
              TAKES(ANONYMOUS) | TAKES(OUTPUT),
     .least = 1,
     .most = 1,
     .run = run_attest},
    {.name = NULL},
};
