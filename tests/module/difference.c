/*
 * The difference table. `ours` repeats what the test asks of us, so that a reader sees both answers side
 * by side; `reason` says which rule makes ours the right one.
 */
#include "difference.h"

#include <string.h>

#include "constants.h"

#define RESERVED "ours takes p11-kit's x-init-reserved text as configuration; SoftHSM2 refuses any pReserved"

#define FREE_SLOT                                                                                            \
    "design.md 3: beside a token the free slot shows empty; SoftHSM2 shows an uninitialised token"
#define NO_SUCH_MECHANISM "SoftHSM2 2.6.1 does not have the mechanism"

#define AES_LENGTH "an AES key has 16, 24 or 32 bytes; SoftHSM2 stores any length"

#define BAD_PARAMETER      "errors.md: a wrong mechanism parameter is MECHANISM_PARAM_INVALID"
#define KEY_TYPE_UNCHECKED "SoftHSM2 looks at the key only when it is used"
#define DATA_LENGTH        "errors.md: a wrong data length is DATA_LEN_RANGE"

#define KEY_HANDLE "functions that take a key list KEY_HANDLE_INVALID, not OBJECT_HANDLE_INVALID"

#define OAEP_SHA1_ONLY "SoftHSM2 has OAEP with SHA-1 only"

const struct difference differences[] = {
    /* ---- general */
    {"general/interfaces", OTHERWISE, OTHERWISE,
     "SoftHSM2 2.6.1 is a 2.40 module: no C_GetInterface, no vendor part"},
    {"general/callbacks-alone", OTHERWISE, OTHERWISE,
     "SoftHSM2 locks with the application's mutexes; ours always has its own, as design.md 4 says"},
    {"general/reserved-empty", CKR_OK, CKR_ARGUMENTS_BAD, RESERVED},
    {"general/reserved-pair", CKR_OK, CKR_ARGUMENTS_BAD, RESERVED},
    {"general/reserved-pairs", CKR_OK, CKR_ARGUMENTS_BAD, RESERVED},
    {"general/reserved-quotes", CKR_OK, CKR_ARGUMENTS_BAD, RESERVED},

    /* ---- slot, pin */
    {"slot/id-stays", HOLDS, FAILS, "SoftHSM2 derives the slot id from a serial it makes in C_InitToken"},
    {"slot/serial-known-before", HOLDS, FAILS, "SoftHSM2 makes the serial in C_InitToken"},
    {"slot/free-slot-is-empty", HOLDS, FAILS, FREE_SLOT},
    {"slot/free-slot-token-info", CKR_TOKEN_NOT_PRESENT, CKR_OK, FREE_SLOT},
    {"slot/free-slot-session", CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, FREE_SLOT},
    {"slot/free-slot-configured", OTHERWISE, OTHERWISE, RESERVED},
    {"slot/dual-flag", HOLDS, FAILS, "SoftHSM2 has no dual-function operations; ours has and says so"},
    {"slot/no-login-without-pin", HOLDS, FAILS,
     "design.md 6: a token without a user PIN needs no login; SoftHSM2 always demands one"},
    {"slot/session-count", HOLDS, FAILS, "SoftHSM2 always answers CK_UNAVAILABLE_INFORMATION"},
    {"slot/event-null", CKR_ARGUMENTS_BAD, CKR_NO_EVENT, "pSlot is mandatory; SoftHSM2 does not look"},
    {"slot/mechanism/EC_MONTGOMERY_KEY_PAIR_GEN", HOLDS, FAILS, NO_SUCH_MECHANISM},
    {"slot/mechanism/ECDSA_SHA1", HOLDS, FAILS, NO_SUCH_MECHANISM},
    {"slot/mechanism/ECDSA_SHA224", HOLDS, FAILS, NO_SUCH_MECHANISM},
    {"slot/mechanism/ECDSA_SHA256", HOLDS, FAILS, NO_SUCH_MECHANISM},
    {"slot/mechanism/ECDSA_SHA384", HOLDS, FAILS, NO_SUCH_MECHANISM},
    {"slot/mechanism/ECDSA_SHA512", HOLDS, FAILS, NO_SUCH_MECHANISM},
    {"slot/mechanism/AES_CBC_PAD", HOLDS, FAILS, "SoftHSM2 does not wrap with CBC_PAD"},
    {"slot/mechanism/SHA256_HMAC_GENERAL", HOLDS, FAILS, NO_SUCH_MECHANISM},
    {"pin/locks", OTHERWISE, OTHERWISE, "SoftHSM2 counts no tries: PINs never lock"},

    /* ---- session */
    {"session/device-error", OTHERWISE, OTHERWISE, "SoftHSM2 leaves ulDeviceError 0"},
    {"session/logout-without-login", CKR_USER_NOT_LOGGED_IN, CKR_OK,
     "C_Logout lists USER_NOT_LOGGED_IN for this"},
    {"session/second-login-wrong-pin", CKR_PIN_INCORRECT, CKR_USER_ALREADY_LOGGED_IN,
     "design.md 7: a second login tests the PIN and renews the time of authentication"},
    {"session/second-login-counts", HOLDS, FAILS, "the same: a wrong PIN is counted"},
    {"session/logout-ends-operations", CKR_OPERATION_NOT_INITIALIZED, CKR_OK,
     "design.md 8: C_Logout ends operations of private keys; SoftHSM2 lets them go on"},

    /* ---- object */
    {"object/data-private-default", HOLDS, FAILS,
     "design.md 2: data objects are public unless said otherwise"},
    {"object/sensitive-default", HOLDS, FAILS,
     "design.md 2: a private or secret key is sensitive unless its template says otherwise"},
    {"object/point-given-wrapped", HOLDS, FAILS,
     "CKA_EC_POINT is a DER OCTET STRING; SoftHSM2 gives back whatever it was given"},
    {"object/copy-null-template", CKR_OK, CKR_ARGUMENTS_BAD, "NSS copies with an empty template"},
    {"object/size-known", HOLDS, FAILS, "SoftHSM2 answers CK_UNAVAILABLE_INFORMATION"},
    {"object/class-too-short", CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCOMPLETE,
     "the attribute is there, its value is wrong"},
    {"object/boolean-neither", CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK, "CK_BBOOL is CK_TRUE or CK_FALSE"},
    {"object/secret-of-public-type", CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID,
     "class and key type are each legal, but contradict each other"},
    {"object/aes-15-bytes", CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK, AES_LENGTH},
    {"object/aes-0-bytes", CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK, AES_LENGTH},
    {"object/attribute-twice", CKR_TEMPLATE_INCONSISTENT, CKR_OK, "contradictory templates are refused"},
    {"object/point-off-curve", CKR_PUBLIC_KEY_INVALID, CKR_OK,
     "SoftHSM2 does not look at the point before its use"},
    {"object/unknown-curve", CKR_CURVE_NOT_SUPPORTED, CKR_GENERAL_ERROR,
     "errors.md: a curve that is not there"},

    /* ---- attribute, find */
    {"attribute/allowed-mechanisms", CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_MECHANISM_INVALID,
     "design.md 2: the mechanism is fine, the key does not permit it"},
    {"attribute/set-wrap-with-trusted", CKR_OK, CKR_ATTRIBUTE_READ_ONLY,
     "2.40 table 25, note 11: read-only once it is true, not before"},
    {"attribute/set-is-one-change", HOLDS, FAILS, "SoftHSM2 keeps the attributes before the bad one"},
    {"find/beside-digest", CKR_OK, CKR_OPERATION_ACTIVE,
     "2.40, 5.7: a search and a cryptographic operation may be active together"},

    /* ---- sign */
    {"sign/ECDSA_SHA1", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/ECDSA_SHA224", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/ECDSA_SHA256", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/ECDSA_SHA384", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/ECDSA_SHA512", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/SHA_1_HMAC_GENERAL", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/SHA224_HMAC_GENERAL", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/SHA256_HMAC_GENERAL", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/SHA384_HMAC_GENERAL", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/SHA512_HMAC_GENERAL", CKR_OK, CKR_MECHANISM_INVALID, NO_SUCH_MECHANISM},
    {"sign/pss-none", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"sign/pss-short", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"sign/pss-other-hash", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"sign/pss-no-hash", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"sign/pss-no-mgf", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"sign/pss-salt-too-long", CKR_MECHANISM_PARAM_INVALID, CKR_MECHANISM_INVALID, BAD_PARAMETER},
    {"sign/pkcs-with-parameter", CKR_MECHANISM_PARAM_INVALID, CKR_OK, BAD_PARAMETER},
    {"sign/PSS-other-mgf", CKR_OK, CKR_ARGUMENTS_BAD, "SoftHSM2 demands the same hash for MGF1"},
    {"sign/rsa-wrong-key", CKR_KEY_TYPE_INCONSISTENT, CKR_OK, KEY_TYPE_UNCHECKED},
    {"sign/ec-wrong-key", CKR_KEY_TYPE_INCONSISTENT, CKR_OK, KEY_TYPE_UNCHECKED},
    {"sign/bad-key-handle", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"sign/RSA_PKCS-246-bytes", CKR_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"sign/RSA_X_509-257-bytes", CKR_DATA_LEN_RANGE, NOT_ASKED, "SoftHSM2 ends the process"},
    {"sign/PSS-31-bytes", CKR_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"sign/PSS-33-bytes", CKR_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"sign/null-mechanism-cancels", CKR_OK, CKR_ARGUMENTS_BAD,
     "cancelling by a NULL mechanism is new in 3.0"},
    {"sign/update-after-cancel", CKR_OPERATION_NOT_INITIALIZED, CKR_OK, "the same: nothing was cancelled"},
    {"sign/recover", OTHERWISE, OTHERWISE, "SoftHSM2 has no sign-recover and verify-recover"},

    /* ---- cipher */
    {"cipher/raw-257-bytes", CKR_DATA_LEN_RANGE, NOT_ASKED, "SoftHSM2 ends the process"},
    {"cipher/OAEP-SHA224", CKR_OK, CKR_ARGUMENTS_BAD, OAEP_SHA1_ONLY},
    {"cipher/OAEP-SHA256", CKR_OK, CKR_ARGUMENTS_BAD, OAEP_SHA1_ONLY},
    {"cipher/OAEP-SHA384", CKR_OK, CKR_ARGUMENTS_BAD, OAEP_SHA1_ONLY},
    {"cipher/OAEP-SHA512", CKR_OK, CKR_ARGUMENTS_BAD, OAEP_SHA1_ONLY},
    {"cipher/OAEP-mixed", CKR_OK, CKR_ARGUMENTS_BAD, OAEP_SHA1_ONLY},
    {"cipher/OAEP-label", CKR_OK, CKR_ARGUMENTS_BAD, "SoftHSM2 takes no label"},
    {"cipher/cbc-pad-decrypt-0", CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"cipher/gcm-decrypt-15", CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"cipher/bad-padding", CKR_ENCRYPTED_DATA_INVALID, CKR_GENERAL_ERROR,
     "errors.md: input that does not decrypt is ENCRYPTED_DATA_INVALID"},
    {"cipher/bad-tag", CKR_ENCRYPTED_DATA_INVALID, CKR_GENERAL_ERROR,
     "errors.md: input that does not decrypt is ENCRYPTED_DATA_INVALID"},
    {"cipher/cbc-no-iv", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"cipher/cbc-short-iv", CKR_MECHANISM_PARAM_INVALID, CKR_MECHANISM_INVALID, BAD_PARAMETER},
    {"cipher/cbc-long-iv", CKR_MECHANISM_PARAM_INVALID, CKR_MECHANISM_INVALID, BAD_PARAMETER},
    {"cipher/cbc-pad-short-iv", CKR_MECHANISM_PARAM_INVALID, CKR_MECHANISM_INVALID, BAD_PARAMETER},
    {"cipher/ctr-none", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"cipher/ctr-short", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"cipher/gcm-none", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"cipher/gcm-short", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"cipher/gcm-tag-13-bits", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"cipher/gcm-tag-136-bits", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"cipher/gcm-no-iv", CKR_MECHANISM_PARAM_INVALID, CKR_OK, BAD_PARAMETER},
    {"cipher/rsa-246-bytes", CKR_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"cipher/oaep-215-bytes", CKR_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"cipher/rsa-decrypt-255", CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"cipher/rsa-decrypt-257", CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"cipher/oaep-decrypt-255", CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"cipher/oaep-decrypt-garbage", CKR_ENCRYPTED_DATA_INVALID, CKR_GENERAL_ERROR,
     "errors.md: input that does not decrypt is ENCRYPTED_DATA_INVALID"},
    {"cipher/bad-key-handle", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},

    /* ---- digest */
    {"digest/state", OTHERWISE, OTHERWISE, "SoftHSM2 saves no operation state"},
    {"digest/key-failure-ends", CKR_OPERATION_NOT_INITIALIZED, CKR_KEY_INDIGESTIBLE,
     "2.40, 5.10: every failure but a short buffer ends the operation"},

    /* ---- derive */
    {"derive/x25519", OTHERWISE, OTHERWISE, NO_SUCH_MECHANISM},
    {"derive/SHA1_KDF", CKR_OK, CKR_MECHANISM_PARAM_INVALID, "SoftHSM2 has CKD_NULL only"},
    {"derive/SHA224_KDF", CKR_OK, CKR_MECHANISM_PARAM_INVALID, "SoftHSM2 has CKD_NULL only"},
    {"derive/SHA256_KDF", CKR_OK, CKR_MECHANISM_PARAM_INVALID, "SoftHSM2 has CKD_NULL only"},
    {"derive/SHA384_KDF", CKR_OK, CKR_MECHANISM_PARAM_INVALID, "SoftHSM2 has CKD_NULL only"},
    {"derive/SHA512_KDF", CKR_OK, CKR_MECHANISM_PARAM_INVALID, "SoftHSM2 has CKD_NULL only"},
    {"derive/point-off-curve", CKR_PUBLIC_KEY_INVALID, CKR_GENERAL_ERROR,
     "the standard prefers PUBLIC_KEY_INVALID for the other party's key"},
    {"derive/bad-key-handle", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"derive/wrong-class", CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID,
     "class of the template and result of the mechanism contradict each other"},

    /* ---- dual */
    {"dual/offered", OTHERWISE, OTHERWISE, "SoftHSM2 has no dual functions"},
    {"dual/functions", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no dual functions"},

    /* ---- wrap */
    {"wrap/CBC_PAD-aes", CKR_OK, CKR_MECHANISM_INVALID, "SoftHSM2 does not wrap with CBC_PAD"},
    {"wrap/CBC_PAD-generic", CKR_OK, CKR_MECHANISM_INVALID, "SoftHSM2 does not wrap with CBC_PAD"},
    {"wrap/CBC_PAD-rsa", CKR_OK, CKR_MECHANISM_INVALID, "SoftHSM2 does not wrap with CBC_PAD"},
    {"wrap/KEY_WRAP_PAD-generic", OTHERWISE, OTHERWISE,
     "RFC 5649 keeps the length; SoftHSM2 gives 20 bytes back as 24"},
    {"wrap/damaged", CKR_WRAPPED_KEY_INVALID, CKR_GENERAL_ERROR,
     "errors.md: what does not unwrap is WRAPPED_KEY_INVALID"},
    {"wrap/public-key", CKR_KEY_NOT_WRAPPABLE, CKR_KEY_UNEXTRACTABLE,
     "a public key is no key to wrap, whatever may leave"},
    {"wrap/wrap-template", CKR_KEY_HANDLE_INVALID, CKR_KEY_NOT_WRAPPABLE,
     "2.40, 4.9: a mismatch with CKA_WRAP_TEMPLATE is KEY_HANDLE_INVALID"},
    {"wrap/oaep-length", CKR_WRAPPED_KEY_LEN_RANGE, CKR_GENERAL_ERROR,
     "a wrapped key of impossible length is WRAPPED_KEY_LEN_RANGE"},
    {"wrap/oaep-empty", CKR_WRAPPED_KEY_LEN_RANGE, CKR_GENERAL_ERROR,
     "a wrapped key of impossible length is WRAPPED_KEY_LEN_RANGE"},
    {"wrap/unwrap-template-added", CKR_OK, CKR_TEMPLATE_INCONSISTENT,
     "2.40, 4.9: attributes of CKA_UNWRAP_TEMPLATE that the call leaves out are added"},

    /* ---- threads */
    {"threads/token-objects", OTHERWISE, OTHERWISE,
     "SoftHSM2 answers GENERAL_ERROR now and then when threads change token objects at once"},
    {"threads/one-session", OTHERWISE, OTHERWISE, "SoftHSM2 does not lock a session"},
    {"threads/initialise-race", OTHERWISE, OTHERWISE, "SoftHSM2 has no lock around C_Initialize"},
    {"threads/finalise-race", OTHERWISE, OTHERWISE, "SoftHSM2 frees what running calls use"},
    {"threads/login-race", OTHERWISE, OTHERWISE,
     "SoftHSM2 answers OBJECT_HANDLE_INVALID for a key that went with the login"},
    {"threads/slot-event", OTHERWISE, OTHERWISE, "SoftHSM2 cannot wait for a slot"},

    /* ---- fork */
    {"fork/child-not-initialised", OTHERWISE, OTHERWISE,
     "SoftHSM2 goes on in the child unless configured otherwise"},
    {"fork/child-initialises", OTHERWISE, OTHERWISE, "SoftHSM2 is ALREADY_INITIALIZED in the child"},
    {"fork/busy-threads", OTHERWISE, OTHERWISE, "SoftHSM2's locks stay taken in the child"},

    /* ---- process */
    {"process/token-made-by-another", OTHERWISE, OTHERWISE,
     "SoftHSM2 looks for new tokens in C_Initialize only"},
    {"process/sessions-of-others", OTHERWISE, OTHERWISE, "SoftHSM2 knows the sessions of its own process"},
    {"process/parallel-creation", OTHERWISE, OTHERWISE,
     "SoftHSM2 answers GENERAL_ERROR now and then when processes change token objects at once"},
    {"process/pin-changed-by-another", OTHERWISE, OTHERWISE, "SoftHSM2 keeps the PIN it read first"},
    {"exit/finalise-in-early-handler", HOLDS, NOT_ASKED,
     "OpenSSL is gone when the handler runs: SoftHSM2 mostly crashes"},
    {"exit/finalise-in-destructor", HOLDS, NOT_ASKED,
     "OpenSSL is gone when the destructor runs: SoftHSM2 mostly crashes"},

    /* ---- bad calls */
    {"bad/slot_event_null", CKR_ARGUMENTS_BAD, CKR_NO_EVENT,
     "the argument is mandatory, or reserved and NULL; SoftHSM2 does not look"},
    {"bad/slot_event_reserved", CKR_ARGUMENTS_BAD, CKR_NO_EVENT,
     "the argument is mandatory, or reserved and NULL; SoftHSM2 does not look"},
    {"bad/logout_nobody", CKR_USER_NOT_LOGGED_IN, CKR_OK, "C_Logout lists USER_NOT_LOGGED_IN for this"},
    {"bad/create_short_value", CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK, AES_LENGTH},
    {"bad/create_bad_boolean", CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK, "CK_BBOOL is CK_TRUE or CK_FALSE"},
    {"bad/create_contradiction", CKR_TEMPLATE_INCONSISTENT, CKR_OK, "contradictory templates are refused"},
    {"bad/create_point_off_curve", CKR_PUBLIC_KEY_INVALID, CKR_OK,
     "SoftHSM2 does not look at the point before its use"},
    {"bad/encrypt_init_no_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/encrypt_init_zero_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/encrypt_init_data_object", CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED,
     "a data object is no key: its handle is KEY_HANDLE_INVALID"},
    {"bad/decrypt_init_no_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/decrypt_init_zero_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/decrypt_init_data_object", CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED,
     "a data object is no key: its handle is KEY_HANDLE_INVALID"},
    {"bad/sign_init_no_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/sign_init_zero_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/sign_init_data_object", CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED,
     "a data object is no key: its handle is KEY_HANDLE_INVALID"},
    {"bad/sign_init_key_type", CKR_KEY_TYPE_INCONSISTENT, CKR_OK, KEY_TYPE_UNCHECKED},
    {"bad/verify_init_no_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/verify_init_zero_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/verify_init_data_object", CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED,
     "a data object is no key: its handle is KEY_HANDLE_INVALID"},
    {"bad/verify_init_key_type", CKR_KEY_TYPE_INCONSISTENT, CKR_OK, KEY_TYPE_UNCHECKED},
    {"bad/sign_recover_init_null", CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/sign_recover_init_unknown", CKR_MECHANISM_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/sign_recover_init_digest", CKR_MECHANISM_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/sign_recover_init_no_key", CKR_KEY_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/sign_recover_init_zero_key", CKR_KEY_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/sign_recover_init_data_object", CKR_KEY_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/verify_recover_init_null", CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/verify_recover_init_unknown", CKR_MECHANISM_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/verify_recover_init_digest", CKR_MECHANISM_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/verify_recover_init_no_key", CKR_KEY_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/verify_recover_init_zero_key", CKR_KEY_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/verify_recover_init_data_object", CKR_KEY_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/cbc_without_iv", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/cbc_short_iv", CKR_MECHANISM_PARAM_INVALID, CKR_MECHANISM_INVALID, BAD_PARAMETER},
    {"bad/ctr_without_parameter", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/gcm_without_parameter", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/gcm_short_parameter", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/gcm_tag_size", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/pss_without_parameter", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/pss_unknown_hash", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/pss_unknown_mgf", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/oaep_without_parameter", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/oaep_unknown_hash", CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD, BAD_PARAMETER},
    {"bad/rsa_too_long", CKR_DATA_LEN_RANGE, CKR_GENERAL_ERROR, DATA_LENGTH},
    {"bad/bad_padding", CKR_ENCRYPTED_DATA_INVALID, CKR_GENERAL_ERROR,
     "errors.md: input that does not decrypt is ENCRYPTED_DATA_INVALID"},
    {"bad/bad_tag", CKR_ENCRYPTED_DATA_INVALID, CKR_GENERAL_ERROR,
     "errors.md: input that does not decrypt is ENCRYPTED_DATA_INVALID"},
    {"bad/sign_recover_not_begun", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/verify_recover_not_begun", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no sign-recover and verify-recover"},
    {"bad/digest_encrypt_not_begun", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no dual functions"},
    {"bad/decrypt_digest_not_begun", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no dual functions"},
    {"bad/sign_encrypt_not_begun", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no dual functions"},
    {"bad/decrypt_verify_not_begun", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 has no dual functions"},
    {"bad/state_of_nothing", CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 saves no operation state"},
    {"bad/state_null_length", CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 saves no operation state"},
    {"bad/state_short_buffer", CKR_BUFFER_TOO_SMALL, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 saves no operation state"},
    {"bad/restore_null", CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED, "SoftHSM2 saves no operation state"},
    {"bad/restore_garbage", CKR_SAVED_STATE_INVALID, CKR_FUNCTION_NOT_SUPPORTED,
     "SoftHSM2 saves no operation state"},
    {"bad/pair_unknown_curve", CKR_CURVE_NOT_SUPPORTED, CKR_GENERAL_ERROR,
     "errors.md: a curve that is not there"},
    {"bad/derive_no_key", CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, KEY_HANDLE},
    {"bad/generate_wrong_class", CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID,
     "class of the template and result of the mechanism contradict each other"},
    {"bad/rsa_tiny", CKR_ATTRIBUTE_VALUE_INVALID, CKR_GENERAL_ERROR,
     "errors.md: a size in a template is ATTRIBUTE_VALUE_INVALID"},
    {"bad/rsa_huge", CKR_ATTRIBUTE_VALUE_INVALID, CKR_GENERAL_ERROR,
     "errors.md: a size in a template is ATTRIBUTE_VALUE_INVALID"},
    {"bad/unwrap_garbage", CKR_WRAPPED_KEY_INVALID, CKR_GENERAL_ERROR,
     "errors.md: what does not unwrap is WRAPPED_KEY_INVALID"},
};

const size_t differences_count = sizeof differences / sizeof differences[0];

const struct difference *difference_find(const char *id)
{
    for (size_t i = 0; id != NULL && i < differences_count; i++) {
        if (strcmp(differences[i].id, id) == 0) {
            return &differences[i];
        }
    }
    return NULL;
}
