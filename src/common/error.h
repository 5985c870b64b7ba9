/*
 * The error record: one HUKS code and one finished sentence per thread.
 *
 * The engine reports every failure as a HUKS code (12000001 … 12000018, or the native API's 201, 401,
 * 801). Whoever detects the failure calls error_raise() once and returns its result; everybody above
 * passes the code on with HUKS_TRY. The record keeps what was wrong (`about` and `info`), and the
 * sentence is formatted only when somebody asks for it: a success costs nothing, a failure one copy.
 */
#ifndef HUKS_COMMON_ERROR_H
#define HUKS_COMMON_ERROR_H

#include <stddef.h>
#include <stdint.h>

/* 0 or a HUKS error code. The compiler refuses to let a result be dropped. */
typedef int32_t huks_rc;
#define HUKS_MUST_USE __attribute__((warn_unused_result))
/* Failures: laid out of the way, and what leads to them is the unlikely branch. */
#define HUKS_RARE __attribute__((cold, noinline))

/* Keeps the happy path in a straight line. */
#define HUKS_TRY(call)                                                                                       \
    do {                                                                                                     \
        huks_rc huks_try_rc = (call);                                                                        \
        if (huks_try_rc != HUKS_OK) {                                                                        \
            return huks_try_rc;                                                                              \
        }                                                                                                    \
    } while (0)

enum {
    HUKS_OK = 0,
    HUKS_E_PERMISSION = 201,                   /* native API only */
    HUKS_E_PARAMETER = 401,                    /* native API only */
    HUKS_E_API_NOT_SUPPORTED = 801,            /* native API only */
    HUKS_E_NOT_SUPPORTED = 12000001,
    HUKS_E_MISSING_PARAM = 12000002,
    HUKS_E_INVALID_PARAM = 12000003,
    HUKS_E_FILE = 12000004,
    HUKS_E_IPC = 12000005,
    HUKS_E_CRYPTO = 12000006,
    HUKS_E_AUTH_INVALIDATED = 12000007,
    HUKS_E_AUTH_FAILED = 12000008,
    HUKS_E_AUTH_TIMED_OUT = 12000009,
    HUKS_E_SESSION_LIMIT = 12000010,
    HUKS_E_NOT_EXIST = 12000011,
    HUKS_E_INTERNAL = 12000012,
    HUKS_E_NO_CREDENTIAL = 12000013,
    HUKS_E_MEMORY = 12000014,
    HUKS_E_USERIAM = 12000015,
    HUKS_E_NO_DEVICE_PASSWORD = 12000016,
    HUKS_E_ALIAS_EXISTS = 12000017,
    HUKS_E_ARGUMENT = 12000018,
};

/*
 * What a failure was about: the part of the error that decides, with the code and the call, which CKR_*
 * the PKCS#11 door answers (column "where" of the error contract).
 */
enum error_about {
    ABOUT_NOTHING,         /* the code alone says it                                         */
    ABOUT_MECHANISM,       /* an algorithm, mode, digest or padding as a whole               */
    ABOUT_MECHANISM_PARAM, /* a parameter of a known mechanism: IV, salt, tag length, …      */
    ABOUT_CURVE,           /* an elliptic curve                                              */
    ABOUT_PARAMETER_SET,   /* a post-quantum parameter set                                   */
    ABOUT_FUNCTION,        /* a function that is not offered                                 */
    ABOUT_TEMPLATE,        /* a creating template or param set as a whole                    */
    ABOUT_ATTRIBUTE,       /* one attribute or tag of it                                     */
    ABOUT_KEY_SIZE,        /* size of a key in a mechanism                                   */
    ABOUT_KEY_TYPE,        /* the key is of another algorithm than the mechanism             */
    ABOUT_PURPOSE,         /* the key may not do this                                        */
    ABOUT_DATA_LEN,        /* length of plain input                                          */
    ABOUT_CIPHERTEXT_LEN,  /* length of encrypted input                                      */
    ABOUT_PUBLIC_POINT,    /* a peer's public key                                            */
    ABOUT_SIGNATURE,       /* a signature or MAC that does not verify                        */
    ABOUT_SIGNATURE_LEN,   /* … because its length is wrong                                  */
    ABOUT_CIPHERTEXT,      /* encrypted data, padding or tag that does not decrypt           */
    ABOUT_WRAPPED_KEY,     /* a wrapped key that does not unwrap                             */
    ABOUT_NO_SPACE,        /* disk full, quota                                               */
    ABOUT_READ_ONLY,       /* the store cannot be written                                    */
    ABOUT_FILE,            /* any other failure of a store file                              */
    ABOUT_BUFFER,          /* the caller's output buffer is too small                        */
    ABOUT_ALLOCATION,      /* malloc, mmap                                                   */
    ABOUT_PIN,             /* the PIN is wrong                                               */
    ABOUT_PIN_LOCKED,      /* no tries are left                                              */
    ABOUT_PIN_LENGTH,      /* a new PIN is too short or too long                             */
    ABOUT_FINGER,          /* a finger or face is not the enrolled one                       */
    ABOUT_LOGIN,           /* nobody is logged in, or not for this                           */
    ABOUT_OBJECT,          /* a key, certificate or data object                              */
    ABOUT_TOKEN,           /* a token or slot                                                */
    ABOUT_ENGINE,          /* the crypto library refused, nothing more is known              */
    ABOUT_FILE_SIZE,       /* a store file of impossible size                                */
    ABOUT_IPC_MESSAGE,     /* the key service answered nothing, or garbage                   */
    ABOUT_IPC_GONE,        /* the key service can't be reached again                         */
    ABOUT_OPERATION,       /* the pending operation: an idle one whose session a waiter took */
    ABOUT_SHUTDOWN,        /* the engine is closing: a waiter was woken                      */
    ABOUT_AUTH_TYPE,       /* a kind of authentication that the key does not take            */
    ABOUT_COUNT
};

/*
 * Records a failure of the calling thread and returns `code`. `info` fills ${messageInfo} in the field's
 * words ("padding", "key size", "read the key file"); it is copied (127 bytes at most) and may be NULL
 * where the message has no gap; where it has one, NULL stands for the word for `about`. Never pass secrets.
 */
HUKS_MUST_USE HUKS_RARE huks_rc error_raise(int32_t code, enum error_about about, const char *info);

/* The same with a printf format for `info`. */
HUKS_MUST_USE HUKS_RARE huks_rc error_raisef(int32_t code, enum error_about about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Records a failure whose sentence is already finished and stands outside the contract's table: the
 * native API's 401 texts, and what the PKCS#11 door finds itself.
 */
HUKS_MUST_USE HUKS_RARE huks_rc error_raise_text(int32_t code, enum error_about about, const char *sentence);

/* Short forms for what every part raises. */
#define error_no_memory()   error_raise(HUKS_E_MEMORY, ABOUT_ALLOCATION, NULL)
#define error_short_buffer() error_raise(HUKS_E_MEMORY, ABOUT_BUFFER, NULL)

/* The native API's 401 has many sentences: these are the ones that programs written for HUKS know. */
#define ILLEGAL_ARGUMENT     "Invalid parameters."
#define ILLEGAL_NULL         "The parameter value cannot be null."
#define ILLEGAL_UNSET        "Some input parameters are not set."
#define ILLEGAL_BUFFER       "Insufficient buffer size."
#define ILLEGAL_ABSENT       "The parameter does not exist."
#define ILLEGAL_KEY_INFO     "Invalid key information."
#define ILLEGAL_PUBLIC_KEY   "Invalid public key."
#define ILLEGAL_WRAPPED      "The wrapped key data is in invalid format."
#define error_illegal(about, sentence) error_raise_text(HUKS_E_PARAMETER, (about), (sentence))

/* Forgets the calling thread's failure. One store. */
void error_clear(void);

/*
 * What the calling thread's record begins with, for a door that asks and clears more than once a call, and has a few
 * words of its own to keep per thread: finding thread-local data of a library is a call each time. Zero at first.
 */
struct error_here {
    int32_t code; /* a door writes HUKS_OK alone */
    uint32_t door_number;
    unsigned long door_answer;
    unsigned long door_expects;
};
struct error_here *error_here(void);

/* The calling thread's last failure; HUKS_OK and ABOUT_NOTHING after success. */
int32_t error_code(void);
enum error_about error_about(void);

/*
 * Writes the finished sentence of the last failure, NUL-terminated and cut at `size`; the empty string
 * after success. Returns `buffer`.
 */
const char *error_message(char *buffer, size_t size);

/* The contract's message template for a code (gap as "${messageInfo}"), NULL for an unknown code. */
const char *error_template(int32_t code, enum error_about about);

/* The last failure's sentence where it stands in the table as it is, without a gap; else NULL. */
const char *error_static_message(void);

#endif
