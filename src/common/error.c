/*
 * The error record, and the table of the contract's sentences.
 *
 * The record is plain thread-local data in the dynamic model: no pthread key, no destructor, nothing to
 * clean up when the module is unloaded. It keeps the gap's words, not the sentence; who never asks pays for
 * one copy of at most 127 bytes.
 */
#include "common/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"

#define GAP       "${messageInfo}"
#define INFO_SIZE 128

static _Thread_local struct {
    struct error_here here;
    enum error_about about;
    bool finished; /* text is the whole sentence, not the gap's words */
    char text[256];
} record __attribute__((tls_model("global-dynamic")));

/*
 * Code × about → sentence. The first row with the code and the same `about`, else the code's row with
 * ABOUT_NOTHING. 401's finished texts come through error_raise_text(); its row is the general one.
 */
static const struct sentence {
    int32_t code;
    enum error_about about;
    const char *text;
} sentences[] = {
    {HUKS_E_PERMISSION, ABOUT_NOTHING, "Permission check failed. Apply for the required permissions first."},
    {HUKS_E_PARAMETER, ABOUT_NOTHING, "Invalid parameters."},
    {HUKS_E_API_NOT_SUPPORTED, ABOUT_NOTHING, "This API is not supported."},
    {HUKS_E_NOT_SUPPORTED, ABOUT_NOTHING, "The " GAP " is not supported."},
    {HUKS_E_MISSING_PARAM, ABOUT_NOTHING, "Failed to obtain the " GAP ". It is not set in ParamSet."},
    {HUKS_E_INVALID_PARAM, ABOUT_NOTHING, "Invalid " GAP "."},
    {HUKS_E_FILE, ABOUT_NO_SPACE, "Insufficient storage space."},
    {HUKS_E_FILE, ABOUT_FILE_SIZE, "Invalid file size."},
    {HUKS_E_FILE, ABOUT_NOTHING, "Failed to " GAP "."},
    {HUKS_E_IPC, ABOUT_IPC_MESSAGE, "Failed to get messages from IPC."},
    {HUKS_E_IPC, ABOUT_NOTHING, "IPC " GAP "."},
    {HUKS_E_CRYPTO, ABOUT_NOTHING, "Crypto engine error."},
    {HUKS_E_AUTH_INVALIDATED, ABOUT_NOTHING, "This credential is invalidated permanently."},
    {HUKS_E_AUTH_FAILED, ABOUT_NOTHING, "The authentication token verification failed."},
    {HUKS_E_AUTH_TIMED_OUT, ABOUT_NOTHING, "This authentication token timed out."},
    {HUKS_E_SESSION_LIMIT, ABOUT_NOTHING, "The number of key operation sessions has reached the limit."},
    {HUKS_E_NOT_EXIST, ABOUT_NOTHING, "The entity does not exist."},
    {HUKS_E_INTERNAL, ABOUT_NOTHING, "Device environment or input parameter abnormal."},
    {HUKS_E_NO_CREDENTIAL, ABOUT_NOTHING, "The credential does not exist."},
    {HUKS_E_MEMORY, ABOUT_BUFFER, "Insufficient memory."},
    {HUKS_E_MEMORY, ABOUT_NOTHING, "Malloc failed."},
    {HUKS_E_USERIAM, ABOUT_NOTHING, "Failed to obtain the " GAP " information via UserIAM."},
    {HUKS_E_NO_DEVICE_PASSWORD, ABOUT_NOTHING, "The device password is required but not set."},
    {HUKS_E_ALIAS_EXISTS, ABOUT_NOTHING, "The key with same alias is already exist."},
    {HUKS_E_ARGUMENT, ABOUT_NOTHING, "The input parameter is invalid."},
};

/* What stands in the gap when the caller had no better word. */
static const char *const about_words[ABOUT_COUNT] = {
    [ABOUT_NOTHING] = "parameter",
    [ABOUT_MECHANISM] = "algorithm",
    [ABOUT_MECHANISM_PARAM] = "mechanism parameter",
    [ABOUT_CURVE] = "curve",
    [ABOUT_PARAMETER_SET] = "parameter set",
    [ABOUT_FUNCTION] = "function",
    [ABOUT_TEMPLATE] = "template",
    [ABOUT_ATTRIBUTE] = "attribute",
    [ABOUT_KEY_SIZE] = "key size",
    [ABOUT_KEY_TYPE] = "algorithm",
    [ABOUT_PURPOSE] = "key purpose",
    [ABOUT_DATA_LEN] = "data length",
    [ABOUT_CIPHERTEXT_LEN] = "encrypted data length",
    [ABOUT_PUBLIC_POINT] = "public key",
    [ABOUT_SIGNATURE] = "signature",
    [ABOUT_SIGNATURE_LEN] = "signature size",
    [ABOUT_CIPHERTEXT] = "encrypted data",
    [ABOUT_WRAPPED_KEY] = "wrapped key",
    [ABOUT_NO_SPACE] = "write the file",
    [ABOUT_READ_ONLY] = "write to a read-only store",
    [ABOUT_FILE] = "use the file",
    [ABOUT_BUFFER] = "buffer size",
    [ABOUT_ALLOCATION] = "memory",
    [ABOUT_PIN] = "PIN",
    [ABOUT_PIN_LOCKED] = "PIN",
    [ABOUT_PIN_LENGTH] = "PIN length",
    [ABOUT_FINGER] = "finger or face",
    [ABOUT_LOGIN] = "authentication",
    [ABOUT_OBJECT] = "object",
    [ABOUT_TOKEN] = "token",
    [ABOUT_ENGINE] = "crypto engine",
    [ABOUT_FILE_SIZE] = "file size",
    [ABOUT_IPC_MESSAGE] = "message",
    [ABOUT_IPC_GONE] = "connection lost",
    [ABOUT_OPERATION] = "operation",
    [ABOUT_SHUTDOWN] = "shutdown",
    [ABOUT_AUTH_TYPE] = "user authentication type",
};

static const struct sentence *find_sentence(int32_t code, enum error_about about)
{
    for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
        if (sentences[i].code == code &&
            (sentences[i].about == about || sentences[i].about == ABOUT_NOTHING)) {
            return &sentences[i];
        }
    }
    return NULL;
}

const char *error_template(int32_t code, enum error_about about)
{
    const struct sentence *sentence = find_sentence(code, about);

    return sentence != NULL ? sentence->text : NULL;
}

static __attribute__((noinline)) void set_text(const char *text, size_t room, bool finished)
{
    size_t length = 0;

    if (text != NULL) {
        length = strnlen(text, room - 1);
        memmove(record.text, text, length);
    }
    record.text[length] = '\0';
    record.finished = finished;
}

static void set_code(int32_t code, enum error_about about)
{
    record.here.code = code;
    record.about = about;
}

huks_rc error_raise(int32_t code, enum error_about about, const char *info)
{
    set_code(code, about);
    set_text(info, INFO_SIZE, false);
    return code;
}

huks_rc error_raisef(int32_t code, enum error_about about, const char *format, ...)
{
    char info[INFO_SIZE];
    va_list arguments;

    va_start(arguments, format);
    if (vsnprintf(info, sizeof(info), format, arguments) < 0) {
        info[0] = '\0';
    }
    va_end(arguments);
    return error_raise(code, about, info);
}

huks_rc error_raise_text(int32_t code, enum error_about about, const char *sentence)
{
    set_code(code, about);
    set_text(sentence, sizeof(record.text), true);
    return code;
}

void error_clear(void)
{
    record.here.code = HUKS_OK;
}

struct error_here *error_here(void)
{
    return &record.here;
}

int32_t error_code(void)
{
    return record.here.code;
}

enum error_about error_about(void)
{
    return record.here.code == HUKS_OK ? ABOUT_NOTHING : record.about;
}

static const char *gap_words(void)
{
    if (record.text[0] != '\0') {
        return record.text;
    }
    if ((unsigned)record.about < ABOUT_COUNT && about_words[record.about] != NULL) {
        return about_words[record.about];
    }
    return about_words[ABOUT_NOTHING];
}

const char *error_message(char *buffer, size_t size)
{
    const char *template;
    const char *gap;

    if (buffer == NULL || size == 0) {
        return buffer;
    }
    buffer[0] = '\0';
    if (record.here.code == HUKS_OK) {
        return buffer;
    }
    template = error_template(record.here.code, record.about);
    if (record.finished || template == NULL) {
        (void)snprintf(buffer, size, "%s", record.text);
        return buffer;
    }
    gap = strstr(template, GAP);
    if (gap == NULL) {
        (void)snprintf(buffer, size, "%s", template);
    } else {
        (void)snprintf(buffer, size, "%.*s%s%s", (int)(gap - template), template, gap_words(),
                       gap + sizeof(GAP) - 1);
    }
    return buffer;
}

const char *error_static_message(void)
{
    const char *template = error_template(record.here.code, record.about);

    if (record.finished || template == NULL || strstr(template, GAP) != NULL) {
        return NULL;
    }
    return template;
}
