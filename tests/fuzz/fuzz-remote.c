/*
 * Requests to the service as a hostile client might send them: two bytes of a function's number, then the
 * message. What can be read must be whole: written again and read again it is the same; and carried out it
 * does no harm.
 */
#include "fuzz.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/remote.h"
#include "pkcs11/remote_value.h"

enum { HEAD = 2, KEY_SIZE = 32 };

static CK_SLOT_ID slot;
static CK_UTF8CHAR pin[] = "1234";
static char place[64];
static CK_SESSION_HANDLE anchor;
static CK_OBJECT_HANDLE key;

/* ---- the token ---- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static void clean_up(void)
{
    (void)C_Finalize(NULL);
    (void)nftw(place, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void set_up(void)
{
    static int done;
    CK_UTF8CHAR name[32];
    CK_SESSION_HANDLE so = 0;
    CK_ULONG count = 1;
    char text[160];
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = text};

    if (done) {
        return;
    }
    done = 1;
    (void)strcpy(place, "/tmp/fuzz-remote-XXXXXX");
    fuzz_must(mkdtemp(place) != NULL && atexit(clean_up) == 0, "no directory");
    (void)snprintf(text, sizeof text, "store=%s/s scrypt_log2n=10 session_wait_ms=0 legacy_mechanisms=true",
                   place);
    memset(name, ' ', sizeof name);
    fuzz_must(C_Initialize(&args) == CKR_OK && C_GetSlotList(CK_FALSE, &slot, &count) == CKR_OK &&
                  C_InitToken(slot, pin, 4, name) == CKR_OK &&
                  C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &so) == CKR_OK &&
                  C_Login(so, CKU_SO, pin, 4) == CKR_OK && C_InitPIN(so, pin, 4) == CKR_OK &&
                  C_CloseSession(so) == CKR_OK &&
                  C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &anchor) == CKR_OK,
              "no token");
}

/* A login and a key that does everything. Sessions only read, so that the store does not grow. */
static void make_key(void)
{
    static CK_ULONG class = CKO_SECRET_KEY, type = CKK_AES;
    static CK_BBOOL yes = CK_TRUE;
    static CK_BYTE value[KEY_SIZE] = "fuzz";
    CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class},
                           {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_VALUE, value, sizeof value},
                           {CKA_ENCRYPT, &yes, 1},
                           {CKA_DECRYPT, &yes, 1},
                           {CKA_SIGN, &yes, 1},
                           {CKA_VERIFY, &yes, 1},
                           {CKA_WRAP, &yes, 1},
                           {CKA_UNWRAP, &yes, 1},
                           {CKA_DERIVE, &yes, 1},
                           {CKA_EXTRACTABLE, &yes, 1}};
    CK_SESSION_INFO info;
    CK_ULONG size;
    CK_RV rv = C_GetSessionInfo(anchor, &info);
    if (rv != CKR_OK) {
        rv = C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &anchor);
        info.state = CKS_RO_PUBLIC_SESSION;
    }
    if (rv == CKR_OK && info.state != CKS_RO_USER_FUNCTIONS) {
        rv = C_Login(anchor, CKU_USER, pin, 4);
    }
    if (rv == CKR_OK && C_GetObjectSize(anchor, key, &size) != CKR_OK) {
        rv = C_CreateObject(anchor, list, ARRAY_SIZE(list), &key);
    }
    fuzz_must(rv == CKR_OK, "no login or key");
}

/* ---- seeds: a call of each function, and of some with each kind of parameter ---- */

static CK_BYTE some[16] = "sixteen bytes!!", label[32] = "a token";
static CK_ULONG sixteen = 16, one = 1, digits = CKK_AES;
static CK_OBJECT_HANDLE made;
static CK_ATTRIBUTE inner[] = {{CKA_KEY_TYPE, &digits, sizeof digits}};
static CK_ATTRIBUTE template[] = {{CKA_LABEL, some, 5},
                                  {CKA_VALUE_LEN, &sixteen, sizeof sixteen},
                                  {CKA_WRAP_TEMPLATE, inner, sizeof inner}};
static CK_GCM_PARAMS gcm = {some, 12, 96, some, 16, 128};
static CK_GCM_MESSAGE_PARAMS gcm_message = {some, 12, 0, CKG_NO_GENERATE, some, 128};
static CK_HKDF_PARAMS hkdf = {CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_DATA, some, 16, 0, some, 16};
static CK_SP800_108_COUNTER_FORMAT counter = {CK_FALSE, 32};
static CK_PRF_DATA_PARAM fields[] = {{CK_SP800_108_ITERATION_VARIABLE, &counter, sizeof counter},
                                     {CK_SP800_108_BYTE_ARRAY, some, 16}};
static CK_DERIVED_KEY more[] = {{template, 2, &made}};
static CK_SP800_108_KDF_PARAMS kbkdf = {CKM_SHA256_HMAC, ARRAY_SIZE(fields), fields, 1, more};
static CK_TLS_PRF_PARAMS prf = {some, 16, some, 16, some, &sixteen};
static CK_SSL3_KEY_MAT_OUT material = {0, 0, 0, 0, some, some};
static CK_TLS12_KEY_MAT_PARAMS keys = {0, 128, 128, CK_FALSE, {some, 16, some, 16}, &material, CKM_SHA256};
static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, some, 16};
static CK_RSA_AES_KEY_WRAP_PARAMS rsa_aes = {256, &oaep};
static CK_PKCS5_PBKD2_PARAMS2 pbkdf2 = {
    CKZ_SALT_SPECIFIED, some, 16, 1, CKP_PKCS5_PBKD2_HMAC_SHA256, NULL, 0, some, 4};

#define PARAMETER(function, mechanism, parameter)                                                            \
    {                                                                                                        \
        P11_FN_##function,                                                                                   \
        {                                                                                                    \
            mechanism, &(parameter), sizeof(parameter)                                                       \
        }                                                                                                    \
    }
static struct {
    enum p11_function function;
    CK_MECHANISM mechanism;
} parameters[] = {
    PARAMETER(C_EncryptInit, CKM_AES_CBC, some),
    PARAMETER(C_EncryptInit, CKM_AES_GCM, gcm),
    PARAMETER(C_MessageEncryptInit, CKM_AES_GCM, gcm_message),
    PARAMETER(C_DeriveKey, CKM_HKDF_DERIVE, hkdf),
    PARAMETER(C_DeriveKey, CKM_SP800_108_COUNTER_KDF, kbkdf),
    PARAMETER(C_DeriveKey, CKM_TLS_PRF, prf),
    PARAMETER(C_DeriveKey, CKM_TLS12_KEY_AND_MAC_DERIVE, keys),
    PARAMETER(C_WrapKey, CKM_RSA_AES_KEY_WRAP, rsa_aes),
    PARAMETER(C_GenerateKey, CKM_PKCS5_PBKD2, pbkdf2),
};

static uintptr_t seed_word(const struct p11_argument *argument, CK_MECHANISM *mechanism)
{
    switch ((enum p11_argument_kind)argument->kind) {
    case ARGUMENT_HANDLE:
        return anchor;
    case ARGUMENT_NUMBER:
        return key;
    case ARGUMENT_SIZE:
        return one;
    case ARGUMENT_TEMPLATE:
    case ARGUMENT_QUERY:
        return (uintptr_t) template;
    case ARGUMENT_MECHANISM:
        return (uintptr_t)mechanism;
    case ARGUMENT_MESSAGE:
        return (uintptr_t)&gcm_message;
    case ARGUMENT_ROOM:
        return (uintptr_t)&sixteen;
    case ARGUMENT_LABEL:
        return (uintptr_t)label;
    case ARGUMENT_OWN:
    case ARGUMENT_NONE:
        return 0;
    default:
        return (uintptr_t)some;
    }
}

size_t fuzz_seed(unsigned number, uint8_t seed[FUZZ_ROOM])
{
    CK_MECHANISM plain = {CKM_AES_CMAC, NULL, 0}, *mechanism = &plain;
    AUTO(ipc_message_free) struct ipc_message message = {0};
    unsigned function = number;
    if (number >= P11_FUNCTIONS_COUNT + ARRAY_SIZE(parameters)) {
        return 0;
    }
    set_up();
    make_key();
    if (number >= P11_FUNCTIONS_COUNT) {
        function = parameters[number - P11_FUNCTIONS_COUNT].function;
        mechanism = &parameters[number - P11_FUNCTIONS_COUNT].mechanism;
    }
    struct remote_arguments call = {.signature = &p11_signatures[function], .mechanism = CKM_AES_GCM};
    for (unsigned i = 0; call.signature->arguments[i].kind != ARGUMENT_NONE; i++) {
        const struct p11_argument *argument = &call.signature->arguments[i];
        call.words[i] = seed_word(argument, mechanism);
        if (argument->kind == ARGUMENT_MESSAGE) {
            call.words[++i] = sizeof gcm_message;
        }
    }
    fuzz_must(remote_put_arguments(&message, &call) == CKR_OK && message.bytes.size <= FUZZ_ROOM - HEAD,
              "no seed");
    seed[0] = (uint8_t)function;
    seed[1] = (uint8_t)(function >> 8);
    memcpy(seed + HEAD, message.bytes.data, message.bytes.size);
    return HEAD + message.bytes.size;
}

/* ---- one request ---- */

/* Reading what was written gives what was read. */
static void read_again(const struct remote_arguments *call)
{
    AUTO(ipc_message_free) struct ipc_message message = {0}, again = {0};
    struct remote_arguments other = {.signature = call->signature};
    fuzz_must(remote_put_arguments(&message, call) == CKR_OK, "what was read can't be written");
    fuzz_must(remote_get_arguments(&message, &other) == HUKS_OK, "what was written can't be read");
    fuzz_must(remote_put_arguments(&again, &other) == CKR_OK, "nor written again");
    fuzz_must(message.bytes.size == again.bytes.size &&
                  memcmp(message.bytes.data, again.bytes.data, again.bytes.size) == 0,
              "it is something else");
    remote_room_free(&other.room);
}

/* What waits, and what takes its time. */
static int is_slow(unsigned function)
{
    static const enum p11_function slow[] = {
        P11_FN_C_WaitForSlotEvent, P11_FN_C_GenerateKey, P11_FN_C_GenerateKeyPair, P11_FN_C_InitToken,
        P11_FN_C_InitPIN,          P11_FN_C_SetPIN,      P11_FN_C_Login,           P11_FN_C_LoginUser};
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
        if (slow[i] == function) {
            return 1;
        }
    }
    return function == P11_REMOTE_WAKE; /* ends all that waits, for good */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(ipc_message_free) struct ipc_message request = {0}, reply = {0};
    if (size < HEAD) {
        return 0;
    }
    set_up();
    make_key();
    unsigned function = data[0] | (unsigned)data[1] << 8;
    fuzz_must(buffer_append(&request.bytes, data + HEAD, size - HEAD) == HUKS_OK, "no memory");
    if (function < P11_FUNCTIONS_COUNT) {
        struct remote_arguments call = {.signature = &p11_signatures[function]};
        if (call.signature->arguments[0].kind == ARGUMENT_HANDLE && request.bytes.size >= sizeof(uint64_t)) {
            const uint64_t session = anchor;
            memcpy(request.bytes.data, &session, sizeof session);
        }
        if (remote_get_arguments(&request, &call) == HUKS_OK) {
            read_again(&call);
        }
        remote_room_free(&call.room);
        request.at = 0;
        request.failed = false;
    }
    if (!is_slow(function)) {
        (void)!p11_served.call(function, &request, &reply, NULL);
    }
    return 0;
}
