/* See doors.h. */
#include "doors.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

CK_FUNCTION_LIST *p11;
const struct huks_functions *vendor;

#define RESULT struct OH_Huks_Result

#define FUNCTIONS(X)                                                                                         \
    X(GenerateKeyItem, (const blob *a, const set *b, set *c), (a, b, c))                                     \
    X(ExportPublicKeyItem, (const blob *a, const set *b, blob *c), (a, b, c))                                \
    X(DeleteKeyItem, (const blob *a, const set *b), (a, b))                                                  \
    X(GetKeyItemParamSet, (const blob *a, const set *b, set *c), (a, b, c))                                  \
    X(IsKeyItemExist, (const blob *a, const set *b), (a, b))                                                 \
    X(InitSession, (const blob *a, const set *b, blob *c, blob *d), (a, b, c, d))                            \
    X(UpdateSession, (const blob *a, const set *b, const blob *c, blob *d), (a, b, c, d))                    \
    X(FinishSession, (const blob *a, const set *b, const blob *c, blob *d), (a, b, c, d))                    \
    X(AbortSession, (const blob *a, const set *b), (a, b))                                                   \
    X(ListAliases, (const set *a, struct OH_Huks_KeyAliasSet **b), (a, b))                                   \
    X(InitParamSet, (set **a), (a))                                                                         \
    X(AddParams, (set * a, const param *b, uint32_t c), (a, b, c))                                           \
    X(BuildParamSet, (set **a), (a))

#define FORWARD(name, parameters, arguments)                                                                 \
    static RESULT(*native_##name) parameters;                                                                \
    RESULT OH_Huks_##name parameters                                                                         \
    {                                                                                                        \
        return native_##name arguments;                                                                      \
    }
FUNCTIONS(FORWARD)

static void (*native_FreeParamSet)(set **a);
static void (*native_FreeKeyAliasSet)(struct OH_Huks_KeyAliasSet *a);

void OH_Huks_FreeParamSet(set **a)
{
    native_FreeParamSet(a);
}

void OH_Huks_FreeKeyAliasSet(struct OH_Huks_KeyAliasSet *a)
{
    native_FreeKeyAliasSet(a);
}

static bool find(void *library, const char *name, void *to)
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

#define FIND(name, parameters, arguments) good = good && find(library, "OH_Huks_" #name, &native_##name);
    FUNCTIONS(FIND)
    good = good && find(library, "OH_Huks_FreeParamSet", &native_FreeParamSet);
    return good && find(library, "OH_Huks_FreeKeyAliasSet", &native_FreeKeyAliasSet);
}

static bool open_cryptoki(void *library)
{
    static CK_UTF8CHAR name[] = HUKS_INTERFACE_NAME;
    CK_C_GetFunctionList get_list;
    get_interface_function get_interface;
    struct interface *found = NULL;

    if (library == NULL || !find(library, "C_GetFunctionList", &get_list) ||
        !find(library, "C_GetInterface", &get_interface) || get_list(&p11) != CKR_OK ||
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
