/* See doors.h. */
#include "doors.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ecdsa.h>

CK_SESSION_HANDLE cryptoki;
CK_SLOT_ID slot;
CK_BBOOL yes = CK_TRUE;
CK_FUNCTION_LIST *p11;
const struct huks_functions *vendor;

#define RESULT struct OH_Huks_Result

#define FUNCTIONS(X)                                                                                         \
    X(GenerateKeyItem, (const blob *keyAlias, const set *paramSetIn, set *paramSetOut),                      \
      (keyAlias, paramSetIn, paramSetOut))                                                                   \
    X(ExportPublicKeyItem, (const blob *keyAlias, const set *paramSet, blob *key),                           \
      (keyAlias, paramSet, key))                                                                             \
    X(ImportKeyItem, (const blob *keyAlias, const set *paramSet, const blob *key),                           \
      (keyAlias, paramSet, key))                                                                             \
    X(ImportWrappedKeyItem,                                                                                  \
      (const blob *keyAlias, const blob *wrappingKeyAlias, const set *paramSet, const blob *wrappedKeyData), \
      (keyAlias, wrappingKeyAlias, paramSet, wrappedKeyData))                                                \
    X(DeleteKeyItem, (const blob *keyAlias, const set *paramSet), (keyAlias, paramSet))                      \
    X(GetKeyItemParamSet, (const blob *keyAlias, const set *paramSetIn, set *paramSetOut),                   \
      (keyAlias, paramSetIn, paramSetOut))                                                                   \
    X(IsKeyItemExist, (const blob *keyAlias, const set *paramSet), (keyAlias, paramSet))                     \
    X(AttestKeyItem, (const blob *keyAlias, const set *paramSet, struct OH_Huks_CertChain *certChain),       \
      (keyAlias, paramSet, certChain))                                                                       \
    X(InitSession, (const blob *keyAlias, const set *paramSet, blob *handle, blob *token),                   \
      (keyAlias, paramSet, handle, token))                                                                   \
    X(UpdateSession, (const blob *handle, const set *paramSet, const blob *inData, blob *outData),           \
      (handle, paramSet, inData, outData))                                                                   \
    X(FinishSession, (const blob *handle, const set *paramSet, const blob *inData, blob *outData),           \
      (handle, paramSet, inData, outData))                                                                   \
    X(AbortSession, (const blob *handle, const set *paramSet), (handle, paramSet))                           \
    X(ListAliases, (const set *paramSet, struct OH_Huks_KeyAliasSet **outData), (paramSet, outData))         \
    X(InitParamSet, (set * *paramSet), (paramSet))                                                           \
    X(AddParams, (set * paramSet, const param *params, uint32_t paramCnt), (paramSet, params, paramCnt))     \
    X(BuildParamSet, (set * *paramSet), (paramSet))

#define FORWARD(name, parameters, arguments)                                                                 \
    static RESULT(*native_##name) parameters;                                                                \
    RESULT OH_Huks_##name parameters                                                                         \
    {                                                                                                        \
        return native_##name arguments;                                                                      \
    }
FUNCTIONS(FORWARD)

static void (*native_FreeParamSet)(set **a);
static void (*native_FreeKeyAliasSet)(struct OH_Huks_KeyAliasSet *a);

void OH_Huks_FreeParamSet(set **paramSet)
{
    native_FreeParamSet(paramSet);
}

void OH_Huks_FreeKeyAliasSet(struct OH_Huks_KeyAliasSet *keyAliasSet)
{
    native_FreeKeyAliasSet(keyAliasSet);
}

static bool symbol(void *library, const char *name, void *to)
{
    *(void **)to = dlsym(library, name);
    if (*(void **)to == NULL) {
        (void)fprintf(stderr, "no %s\n", name);
    }
    return *(void **)to != NULL;
}

static bool open_native(void *library)
{
    bool good = library != NULL;

#define FIND(name, parameters, arguments) good = good && symbol(library, "OH_Huks_" #name, &native_##name);
    FUNCTIONS(FIND)
    good = good && symbol(library, "OH_Huks_FreeParamSet", &native_FreeParamSet);
    return good && symbol(library, "OH_Huks_FreeKeyAliasSet", &native_FreeKeyAliasSet);
}

static bool open_cryptoki(void *library)
{
    static CK_UTF8CHAR name[] = HUKS_INTERFACE_NAME;
    CK_C_GetFunctionList get_list;
    get_interface_function get_interface;
    struct interface *found = NULL;

    if (library == NULL || !symbol(library, "C_GetFunctionList", &get_list) ||
        !symbol(library, "C_GetInterface", &get_interface) || get_list(&p11) != CKR_OK ||
        get_interface(name, NULL, &found, 0) != CKR_OK) {
        return false;
    }
    vendor = found->functions;
    return true;
}

bool doors_open(void)
{
    const char *module = getenv("HUKS_MODULE");
    char path[PATH_MAX];
    char *slash;
    bool good;

    (void)snprintf(path, sizeof path, "%s", module == NULL ? "./.libs/huks-pkcs11.so" : module);
    good = open_cryptoki(dlopen(path, RTLD_NOW | RTLD_LOCAL));
    slash = strrchr(path, '/');
    if (good && slash != NULL) {
        (void)snprintf(slash, sizeof path - (size_t)(slash - path), "/libhuks_ndk.so");
        good = open_native(dlopen(path, RTLD_NOW | RTLD_LOCAL));
    }
    if (!good) {
        const char *why = dlerror();
        (void)fprintf(stderr, "%s: %s\n", path, why == NULL ? "not what it should be" : why);
    }
    return good;
}

/* ---- PKCS #11's side of the native token --------------------------------------------------------------- */

static void tidy(void)
{
    (void)p11->C_Finalize(NULL);
}

TCase *doors_tcase(Suite *suite, const char *name)
{
    TCase *tcase = native_tcase(suite, name);

    tcase_add_checked_fixture(tcase, NULL, tidy);
    return tcase;
}

void make_token(void)
{
    OK(OH_Huks_GenerateKeyItem(NAME("first"), SET(ALG(AES), SIZE(128), PURPOSE(ENCRYPT)), NULL));
    OK(OH_Huks_DeleteKeyItem(NAME("first"), NULL));
}

void initialise(const char *reserved)
{
    char text[64];
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = reserved == NULL ? NULL : text};

    (void)snprintf(text, sizeof text, "%s", reserved == NULL ? "" : reserved);
    RV(CKR_OK, p11->C_Initialize(&args));
}

void enter(void)
{
    CK_ULONG count = 1;

    initialise(NULL);
    RV(CKR_OK, p11->C_GetSlotList(CK_TRUE, &slot, &count));
    RV(CKR_OK, p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &cryptoki));
}

CK_ULONG find_all(CK_OBJECT_CLASS class, const char *label, CK_OBJECT_HANDLE *first)
{
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
    CK_OBJECT_HANDLE found[8];
    CK_ULONG count = 0;

    RV(CKR_OK, p11->C_FindObjectsInit(cryptoki, t, 2));
    RV(CKR_OK, p11->C_FindObjects(cryptoki, found, 8, &count));
    RV(CKR_OK, p11->C_FindObjectsFinal(cryptoki));
    if (first != NULL && count > 0) {
        *first = found[0];
    }
    return count;
}

CK_OBJECT_HANDLE find(CK_OBJECT_CLASS class, const char *label)
{
    CK_OBJECT_HANDLE found = 0;

    ck_assert_uint_eq(find_all(class, label, &found), 1);
    return found;
}

CK_ULONG get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *value, size_t room)
{
    CK_ATTRIBUTE attribute = {type, value, room};

    RV(CKR_OK, p11->C_GetAttributeValue(cryptoki, object, &attribute, 1));
    return attribute.ulValueLen;
}

bool truth(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = 7;

    get(object, type, &value, sizeof value);
    return value == CK_TRUE;
}

CK_MECHANISM *M(CK_MECHANISM_TYPE type)
{
    static CK_MECHANISM mechanism;

    mechanism = (CK_MECHANISM){type, NULL, 0};
    return &mechanism;
}

CK_ULONG number(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG value = 0;

    ck_assert_uint_eq(get(object, type, &value, sizeof value), sizeof value);
    return value;
}

/* ---- Signatures of both doors -------------------------------------------------------------------------- */

CK_ULONG signature_to_raw(const uint8_t *der, size_t size, size_t half, uint8_t *raw)
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);

    ck_assert(signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, (int)half) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + half, (int)half) > 0);
    ECDSA_SIG_free(signature);
    return 2 * half;
}

size_t signature_to_der(const uint8_t *raw, size_t half, uint8_t *der)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    int size;

    ck_assert(ECDSA_SIG_set0(signature, BN_bin2bn(raw, (int)half, NULL),
                             BN_bin2bn(raw + half, (int)half, NULL)) == 1);
    size = i2d_ECDSA_SIG(signature, &der);
    ECDSA_SIG_free(signature);
    ck_assert(size > 0);
    return (size_t)size;
}

/* ---- What HUKS alone has ------------------------------------------------------------------------------- */

bool offered(CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_INFO info;
    CK_SLOT_ID slots[4];
    CK_ULONG count = 4;
    bool good;

    if ((type & HUKS_NUMBER(0)) != HUKS_NUMBER(0)) {
        return true;
    }
    initialise(NULL);
    RV(CKR_OK, p11->C_GetSlotList(CK_FALSE, slots, &count));
    good = p11->C_GetMechanismInfo(slots[0], type, &info) == CKR_OK;
    RV(CKR_OK, p11->C_Finalize(NULL));
    if (!good) {
        printf("mechanism 0x%lx is not offered here\n", type);
    }
    return good;
}

/* What PKCS #11 makes of a base key, where everybody may read it. */
void derive_openly(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, uint8_t *secret, CK_ULONG size)
{
    CK_OBJECT_CLASS made_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL no = CK_FALSE;
    CK_OBJECT_HANDLE made;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &made_class, sizeof made_class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {CKA_SENSITIVE, &no, 1},
                        {CKA_EXTRACTABLE, &yes, 1},
                        {CKA_VALUE_LEN, &size, sizeof size}};

    RV(CKR_OK, p11->C_DeriveKey(cryptoki, mechanism, base, t, 5, &made));
    ck_assert_uint_eq(get(made, CKA_VALUE, secret, size), size);
}
