/*
 * The module under sequences of calls that nobody would write: the input is a program of calls, each with
 * handles, mechanisms, templates and lengths of its own choice. Every buffer is as large as the call is told,
 * so that a byte too many is seen. Nothing here expects an answer; that state and memory survive is all.
 */
#include "fuzz.h"

#include <ftw.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/cryptoki.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SESSIONS = 2, OBJECTS = 16, CALLS = 60 };

static CK_SLOT_ID slot;
static CK_UTF8CHAR pin[] = "1234";
static char place[64];

/* ---- the input, read byte by byte; 0 behind its end ---- */

static const uint8_t *at, *end;

static unsigned next(void)
{
    return at < end ? *at++ : 0;
}

static CK_ULONG next_size(void)
{
    static const CK_ULONG sizes[] = {0, 1, 8, 12, 15, 16, 17, 20, 24, 32, 33, 64, 100, 256};
    return sizes[next() % COUNT(sizes)];
}

/* Memory of its own, filled as the input says. Freed by forget(). */
static void *chunks[8 * CALLS];
static size_t chunk_count;

static CK_BYTE *chunk(CK_ULONG size)
{
    if (chunk_count == COUNT(chunks)) {
        return NULL;
    }
    CK_BYTE *bytes = malloc(size == 0 ? 1 : size);
    if (bytes == NULL) {
        abort();
    }
    unsigned first = next();
    for (CK_ULONG i = 0; i < size; i++) {
        bytes[i] = (CK_BYTE)(first + i); /* or a buffer would eat the program */
    }
    chunks[chunk_count++] = bytes;
    return bytes;
}

static void forget(void)
{
    while (chunk_count > 0) {
        free(chunks[--chunk_count]);
    }
}

/* NULL now and then, whatever the length says. */
static CK_BYTE *data_of(CK_ULONG size)
{
    return next() == 255 ? NULL : chunk(size);
}

/* ---- sessions and objects ---- */

static CK_SESSION_HANDLE anchor, sessions[SESSIONS];
static CK_OBJECT_HANDLE objects[OBJECTS];
static size_t kept;

static CK_SESSION_HANDLE session(void)
{
    unsigned which = next();
    return which == 255 ? 12345 : sessions[which % SESSIONS];
}

static CK_OBJECT_HANDLE object(void)
{
    unsigned which = next();
    return which == 255 ? 54321 : objects[which % OBJECTS];
}

static void keep(CK_RV rv, CK_OBJECT_HANDLE handle)
{
    if (rv == CKR_OK) {
        objects[kept++ % OBJECTS] = handle;
    }
}

/* ---- mechanisms ---- */

/* Of those whose parameters have pointers only what is well formed: a wild one is the caller's own crash. */
static void shape(CK_MECHANISM *mechanism)
{
    static const CK_MECHANISM_TYPE hashes[] = {CKM_SHA_1, CKM_SHA256, CKM_SHA512, 0x7fff};
    static const CK_RSA_PKCS_MGF_TYPE masks[] = {CKG_MGF1_SHA1, CKG_MGF1_SHA256, CKG_MGF1_SHA512, 99};
    CK_ULONG size = next_size();
    switch (mechanism->mechanism) {
    case CKM_AES_GCM: {
        CK_GCM_PARAMS *params = (CK_GCM_PARAMS *)(void *)chunk(sizeof *params);
        *params = (CK_GCM_PARAMS){chunk(size), size, size * 8, data_of(16), 16, 8 * (next() % 20)};
        mechanism->pParameter = params, mechanism->ulParameterLen = sizeof *params;
        break;
    }
    case CKM_RSA_PKCS_OAEP: {
        CK_RSA_PKCS_OAEP_PARAMS *params = (CK_RSA_PKCS_OAEP_PARAMS *)(void *)chunk(sizeof *params);
        *params = (CK_RSA_PKCS_OAEP_PARAMS){hashes[next() % COUNT(hashes)], masks[next() % COUNT(masks)],
                                            next() % 3, data_of(size), size};
        mechanism->pParameter = params, mechanism->ulParameterLen = sizeof *params;
        break;
    }
    case CKM_RSA_PKCS_PSS:
    case CKM_SHA256_RSA_PKCS_PSS: {
        CK_RSA_PKCS_PSS_PARAMS *params = (CK_RSA_PKCS_PSS_PARAMS *)(void *)chunk(sizeof *params);
        *params =
            (CK_RSA_PKCS_PSS_PARAMS){hashes[next() % COUNT(hashes)], masks[next() % COUNT(masks)], size};
        mechanism->pParameter = params, mechanism->ulParameterLen = sizeof *params;
        break;
    }
    case CKM_ECDH1_DERIVE: {
        CK_ECDH1_DERIVE_PARAMS *params = (CK_ECDH1_DERIVE_PARAMS *)(void *)chunk(sizeof *params);
        *params = (CK_ECDH1_DERIVE_PARAMS){next() % 10, size, data_of(size), 65, data_of(65)};
        mechanism->pParameter = params, mechanism->ulParameterLen = sizeof *params;
        break;
    }
    default:
        mechanism->pParameter = next() % 4 == 0 ? NULL : chunk(size);
        mechanism->ulParameterLen = mechanism->pParameter == NULL && next() % 2 == 0 ? 0 : size;
    }
    if (next() == 255) {
        mechanism->ulParameterLen--; /* never longer than it is */
    }
}

static CK_MECHANISM mechanism(void)
{
    /* Parameters without pointers, or of a shape above. */
    static const CK_MECHANISM_TYPE types[] = {CKM_AES_CBC,
                                              CKM_AES_CBC_PAD,
                                              CKM_AES_ECB,
                                              CKM_AES_CTR,
                                              CKM_AES_GCM,
                                              CKM_AES_KEY_WRAP,
                                              CKM_AES_KEY_WRAP_PAD,
                                              CKM_AES_CMAC,
                                              CKM_AES_KEY_GEN,
                                              CKM_GENERIC_SECRET_KEY_GEN,
                                              CKM_SHA256_HMAC,
                                              CKM_SHA256_HMAC_GENERAL,
                                              CKM_SHA256,
                                              CKM_SHA512,
                                              CKM_ECDSA,
                                              CKM_ECDSA_SHA256,
                                              CKM_ECDH1_DERIVE,
                                              CKM_EC_KEY_PAIR_GEN,
                                              CKM_RSA_PKCS,
                                              CKM_RSA_X_509,
                                              CKM_SHA256_RSA_PKCS,
                                              CKM_RSA_PKCS_OAEP,
                                              CKM_RSA_PKCS_PSS,
                                              CKM_SHA256_RSA_PKCS_PSS,
                                              0x7fffffff};
    CK_MECHANISM made = {types[next() % COUNT(types)], NULL, 0};
    shape(&made);
    return made;
}

/* What goes together, that most programs get beyond their beginnings. */
enum { AES, SECRET, EC_PUBLIC, EC_PRIVATE, RSA_PUBLIC, RSA_PRIVATE };
struct use {
    CK_MECHANISM_TYPE type;
    unsigned key, other; /* places in objects[]: of the private half, of the public one */
    CK_ULONG parameter;  /* its size */
};

static struct use sensible(void)
{
    static const struct use uses[] = {{CKM_AES_CBC, AES, AES, 16},
                                      {CKM_AES_CBC_PAD, AES, AES, 16},
                                      {CKM_AES_ECB, AES, AES, 0},
                                      {CKM_AES_GCM, AES, AES, 1},
                                      {CKM_AES_KEY_WRAP, AES, AES, 0},
                                      {CKM_AES_CMAC, AES, AES, 0},
                                      {CKM_SHA256_HMAC, SECRET, SECRET, 0},
                                      {CKM_ECDSA, EC_PRIVATE, EC_PUBLIC, 0},
                                      {CKM_ECDSA_SHA256, EC_PRIVATE, EC_PUBLIC, 0},
                                      {CKM_RSA_PKCS, RSA_PRIVATE, RSA_PUBLIC, 0},
                                      {CKM_RSA_X_509, RSA_PRIVATE, RSA_PUBLIC, 0},
                                      {CKM_SHA256_RSA_PKCS, RSA_PRIVATE, RSA_PUBLIC, 0},
                                      {CKM_SHA256_RSA_PKCS_PSS, RSA_PRIVATE, RSA_PUBLIC, 1},
                                      {CKM_RSA_PKCS_OAEP, RSA_PRIVATE, RSA_PUBLIC, 1}};
    return uses[next() % COUNT(uses)];
}

static CK_MECHANISM sensible_mechanism(const struct use *use)
{
    CK_MECHANISM made = {use->type, NULL, 0};
    if (use->parameter == 1) {
        shape(&made);
    } else if (use->parameter != 0) {
        made.pParameter = chunk(use->parameter);
        made.ulParameterLen = use->parameter;
    }
    return made;
}

/* ---- templates ---- */

static CK_ULONG template(CK_ATTRIBUTE list[8])
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_CLASS,
                                              CKA_TOKEN,
                                              CKA_PRIVATE,
                                              CKA_LABEL,
                                              CKA_VALUE,
                                              CKA_KEY_TYPE,
                                              CKA_ID,
                                              CKA_ENCRYPT,
                                              CKA_DECRYPT,
                                              CKA_WRAP,
                                              CKA_UNWRAP,
                                              CKA_SIGN,
                                              CKA_VERIFY,
                                              CKA_DERIVE,
                                              CKA_MODULUS,
                                              CKA_EC_PARAMS,
                                              CKA_EC_POINT,
                                              CKA_VALUE_LEN,
                                              CKA_SUBJECT,
                                              CKA_LOCAL,
                                              CKA_SENSITIVE,
                                              CKA_EXTRACTABLE,
                                              CKA_ALLOWED_MECHANISMS,
                                              CKA_WRAP_TEMPLATE,
                                              0x7fffffff};
    CK_ULONG count = next() % 4;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_ATTRIBUTE *made = &list[i];
        unsigned kind = next() % 3;
        CK_ULONG size = kind == 0 ? sizeof(CK_ULONG) : kind == 1 ? 1 : next_size(), number = next() % 0x30;
        *made = (CK_ATTRIBUTE){types[next() % COUNT(types)], chunk(size), size};
        if (made->pValue != NULL && kind == 0) {
            memcpy(made->pValue, &number, sizeof number);
        } else if (made->pValue != NULL && kind == 1) {
            *(CK_BYTE *)made->pValue &=
                made->type == CKA_TOKEN ? 0 : 1; /* no token objects: the store would grow */
        }
        if (made->type == CKA_WRAP_TEMPLATE) {
            made->ulValueLen = 0; /* pointers inside */
        }
    }
    return count;
}

/* ---- the calls ---- */

static void generate(void)
{
    CK_MECHANISM m = mechanism();
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list);
    CK_OBJECT_HANDLE made = 0;
    keep(C_GenerateKey(session(), &m, list, count, &made), made);
}

static void generate_pair(void)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_list[9], private_list[8];
    CK_ULONG public_count = template(public_list), private_count = template(private_list);
    CK_OBJECT_HANDLE one = 0, other = 0;
    public_list[public_count++] = (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof p256};
    CK_RV rv = C_GenerateKeyPair(session(), &m, public_list, public_count, private_list, private_count, &one,
                                 &other);
    keep(rv, one);
    keep(rv, other);
}

static void create(void)
{
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list);
    CK_OBJECT_HANDLE made = 0;
    keep(C_CreateObject(session(), list, count, &made), made);
}

static void copy(void)
{
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list);
    CK_OBJECT_HANDLE made = 0;
    keep(C_CopyObject(session(), object(), list, count, &made), made);
}

static void destroy(void)
{
    (void)C_DestroyObject(session(), next() % 8 == 0 ? object() : objects[RSA_PRIVATE + 1 + next() % 10]);
}

static void get_attributes(void)
{
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list);
    (void)C_GetAttributeValue(session(), object(), list, count);
}

static void set_attributes(void)
{
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list);
    (void)C_SetAttributeValue(session(), object(), list, count);
}

static void find(void)
{
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list), found = 0;
    CK_OBJECT_HANDLE handles[3];
    CK_SESSION_HANDLE here = session();
    (void)C_FindObjectsInit(here, list, count);
    (void)C_FindObjects(here, handles, next() % 4, &found);
    if (next() % 2 == 0) {
        (void)C_FindObjectsFinal(here);
    }
}

static void begin(void)
{
    struct use use = sensible();
    bool wild = next() % 8 == 0;
    CK_MECHANISM m = wild ? mechanism() : sensible_mechanism(&use), hash = {CKM_SHA256, NULL, 0};
    CK_MECHANISM *given = next() == 255 ? NULL : &m;
    CK_OBJECT_HANDLE key = wild ? object() : objects[use.key], other = wild ? object() : objects[use.other];
    switch (next() % 7) {
    case 0:
        (void)C_EncryptInit(session(), given, other);
        break;
    case 1:
        (void)C_DecryptInit(session(), given, key);
        break;
    case 2:
        (void)C_SignInit(session(), given, key);
        break;
    case 3:
        (void)C_VerifyInit(session(), given, other);
        break;
    case 4:
        (void)C_SignRecoverInit(session(), given, key);
        break;
    case 5:
        (void)C_VerifyRecoverInit(session(), given, other);
        break;
    default:
        (void)C_DigestInit(session(), wild ? given : &hash);
    }
}

typedef CK_RV (*through)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);

static void step_through(void)
{
    static const through calls[] = {C_Encrypt,
                                    C_EncryptUpdate,
                                    C_Decrypt,
                                    C_DecryptUpdate,
                                    C_Sign,
                                    C_Digest,
                                    C_SignRecover,
                                    C_VerifyRecover,
                                    C_DigestEncryptUpdate,
                                    C_SignEncryptUpdate,
                                    C_DecryptDigestUpdate,
                                    C_DecryptVerifyUpdate};
    CK_ULONG in = next_size(), out = next_size();
    CK_BYTE *input = data_of(in), *output = data_of(out);
    CK_ULONG written = out;
    CK_RV rv = calls[next() % COUNT(calls)](session(), input, in, output, &written);
    fuzz_must(rv != CKR_OK || output == NULL || written <= out, "more was written than there is room");
}

static void step_in(void)
{
    CK_ULONG in = next_size();
    CK_BYTE *input = data_of(in);
    switch (next() % 4) {
    case 0:
        (void)C_SignUpdate(session(), input, in);
        break;
    case 1:
        (void)C_VerifyUpdate(session(), input, in);
        break;
    case 2:
        (void)C_DigestUpdate(session(), input, in);
        break;
    default:
        (void)C_DigestKey(session(), object());
    }
}

typedef CK_RV (*finish)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *);

static void end_out(void)
{
    static const finish calls[] = {C_EncryptFinal, C_DecryptFinal, C_SignFinal, C_DigestFinal,
                                   C_GetOperationState};
    CK_ULONG out = next_size();
    CK_BYTE *output = data_of(out);
    CK_ULONG written = out;
    CK_RV rv = calls[next() % COUNT(calls)](session(), output, &written);
    fuzz_must(rv != CKR_OK || output == NULL || written <= out, "more was written than there is room");
}

static void verify(void)
{
    CK_ULONG in = next_size(), size = next_size();
    CK_BYTE *input = data_of(in), *signature = data_of(size);
    if (next() % 2 == 0) {
        (void)C_Verify(session(), input, in, signature, size);
    } else {
        (void)C_VerifyFinal(session(), signature, size);
    }
}

static void wrap(void)
{
    CK_MECHANISM m = {next() % 2 == 0 ? CKM_AES_KEY_WRAP : CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_ULONG out = next_size();
    CK_BYTE *output = data_of(out);
    CK_ULONG written = out;
    CK_RV rv = C_WrapKey(session(), &m, objects[AES], object(), output, &written);
    fuzz_must(rv != CKR_OK || output == NULL || written <= out, "more was written than there is room");
}

static void unwrap(void)
{
    CK_MECHANISM m = mechanism();
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list), in = next_size();
    CK_OBJECT_HANDLE made = 0;
    keep(C_UnwrapKey(session(), &m, object(), data_of(in), in, list, count, &made), made);
}

static void derive(void)
{
    CK_MECHANISM m = mechanism();
    CK_ATTRIBUTE list[8];
    CK_ULONG count = template(list);
    CK_OBJECT_HANDLE made = 0;
    keep(C_DeriveKey(session(), &m, object(), list, count, &made), made);
}

static void restore(void)
{
    CK_ULONG size = next_size();
    (void)C_SetOperationState(session(), data_of(size), size, 0, 0);
}

static void renew(void)
{
    unsigned which = next() % SESSIONS;
    (void)C_CloseSession(sessions[which]);
    (void)C_OpenSession(slot, CKF_SERIAL_SESSION | (next() % 2 == 0 ? CKF_RW_SESSION : 0), NULL, NULL,
                        &sessions[which]);
}

static void log_out_and_in(void)
{
    if (next() % 64 == 0) { /* keys must be made anew then */
        (void)C_Logout(session());
        (void)C_Login(session(), CKU_USER, pin, sizeof pin - 1);
    }
    (void)C_Login(session(), next() % 4, NULL, next() % 6);
}

static void (*const calls[])(void) = {
    generate, generate_pair, create,  copy,          destroy, get_attributes, set_attributes,
    find,     begin,         begin,   begin,         begin,   step_through,   step_through,
    step_in,  step_in,       end_out, end_out,       verify,  wrap,           unwrap,
    derive,   restore,       renew,   log_out_and_in};

/* ---- set-up ---- */

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info, (void)flag, (void)walk;
    return remove(path);
}

static void clean_up(void)
{
    (void)nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void set_up(void)
{
    char text[256];
    CK_UTF8CHAR label[32];
    CK_ULONG count = 1;
    CK_SESSION_HANDLE so;
    const char *directory = getenv("TMPDIR");
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = text};

    (void)snprintf(place, sizeof place, "%.40s/fuzz-XXXXXX", directory != NULL ? directory : "/tmp");
    fuzz_must(mkdtemp(place) != NULL, "no directory");
    (void)atexit(clean_up);
    (void)snprintf(text, sizeof text, "store=%s/s scrypt_log2n=10 session_wait_ms=0 legacy_mechanisms=true", place);
    memset(label, ' ', sizeof label);
    fuzz_must(C_Initialize(&args) == CKR_OK && C_GetSlotList(CK_FALSE, &slot, &count) == CKR_OK &&
                  C_InitToken(slot, pin, 4, label) == CKR_OK &&
                  C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &so) == CKR_OK &&
                  C_Login(so, CKU_SO, pin, 4) == CKR_OK && C_InitPIN(so, pin, 4) == CKR_OK &&
                  C_CloseSession(so) == CKR_OK &&
                  C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &anchor) == CKR_OK,
              "no token");
}

static void make_rsa(void)
{
    static CK_ULONG bits = 1024;
    static CK_OBJECT_HANDLE pair[2];
    CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE list[] = {{CKA_MODULUS_BITS, &bits, sizeof bits}};
    CK_ULONG size = 0;
    if (C_GetObjectSize(anchor, pair[0], &size) != CKR_OK ||
        C_GetObjectSize(anchor, pair[1], &size) != CKR_OK) {
        fuzz_must(C_GenerateKeyPair(anchor, &m, list, 1, NULL, 0, &pair[0], &pair[1]) == CKR_OK,
                  "no RSA key");
    }
    keep(CKR_OK, pair[0]);
    keep(CKR_OK, pair[1]);
}

static void make_keys(void)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_ULONG size = 16;
    CK_MECHANISM aes = {CKM_AES_KEY_GEN, NULL, 0}, secret = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE list[] = {{CKA_VALUE_LEN, &size, sizeof size},
                           {CKA_WRAP, &yes, 1},
                           {CKA_UNWRAP, &yes, 1},
                           {CKA_DERIVE, &yes, 1},
                           {CKA_EXTRACTABLE, &yes, 1}};
    CK_OBJECT_HANDLE made = 0;
    kept = 0;
    keep(C_GenerateKey(sessions[0], &aes, list, COUNT(list), &made), made);
    keep(C_GenerateKey(sessions[0], &secret, list, COUNT(list), &made), made);
    generate_pair();
    make_rsa();
}

size_t fuzz_seed(unsigned number, uint8_t seed[FUZZ_ROOM])
{
    uint32_t state = number + 1;
    if (number >= 4) {
        return 0;
    }
    for (size_t i = 0; i < 300; i++) { /* any bytes are a program */
        state = state * 1664525u + 1013904223u;
        seed[i] = (uint8_t)(state >> 24);
    }
    return 300;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int is_set_up;
    CK_SESSION_INFO info;
    if (!is_set_up) {
        set_up();
        is_set_up = 1;
    }
    for (size_t i = 0; i < SESSIONS; i++) {
        fuzz_must(C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &sessions[i]) ==
                      CKR_OK,
                  "no session");
    }
    /* The anchor keeps the login: testing a PIN takes longer than all else. */
    CK_RV rv = C_GetSessionInfo(anchor, &info);
    if (rv == CKR_OK && info.state != CKS_RW_USER_FUNCTIONS) {
        rv = C_Login(anchor, CKU_USER, pin, 4);
    }
    fuzz_must(rv == CKR_OK, "no login");
    at = end = data;
    make_keys();
    at = data;
    end = data + size;
    for (unsigned i = 0; i < CALLS && at < end; i++) {
        calls[next() % COUNT(calls)]();
    }
    for (size_t i = 0; i < SESSIONS; i++) {
        fuzz_must(C_CloseSession(sessions[i]) == CKR_OK, "a session that does not close");
    }
    forget();
    return 0;
}
