/*
 * Function lists and interfaces, from the one table of functions. These functions work at any time: before
 * C_Initialize, after C_Finalize, in a forked child.
 *
 * Compiled twice: into the front end, with lists of what works in this process, and with P11_EXPORTS into the module,
 * with lists of what it exports.
 */
#include <string.h>

#include "common/memory.h"
#include "pkcs11/call.h"
#include "pkcs11/vendor.h"

#if defined P11_EXPORTS
#define VENDOR p11_vendor_exports
#else
#define VENDOR p11_vendor_functions
#endif

#define ENTRY(name) .name = name,
static CK_FUNCTION_LIST functions_2_40 = {.version = {2, 40}, P11_FUNCTIONS_2_40(ENTRY)};
static CK_FUNCTION_LIST_3_0 functions_3_0 = {.version = {3, 0}, P11_FUNCTIONS_3_0(ENTRY)};
static CK_FUNCTION_LIST_3_2 functions_3_2 = {.version = {3, 2}, P11_FUNCTIONS_3_2(ENTRY)};
#undef ENTRY

/* A list is its version and pointers: a slot that the table forgot would show in its size. */
#define COUNT(name)          +1
#define LIST_SIZE(functions) (((0 functions(COUNT)) + 1) * sizeof(void (*)(void)))
_Static_assert(sizeof(functions_2_40) == LIST_SIZE(P11_FUNCTIONS_2_40), "the 2.40 list is complete");
_Static_assert(sizeof(functions_3_0) == LIST_SIZE(P11_FUNCTIONS_3_0), "the 3.0 list is complete");
_Static_assert(sizeof(functions_3_2) == LIST_SIZE(P11_FUNCTIONS_3_2), "the 3.2 list is complete");

/*
 * The newest of each name first: a caller without a version gets it. Flags are 0: nothing here survives a
 * fork. The standard's types are not const; nobody writes to what they point at. The name's type differs
 * between headers.
 */
static CK_INTERFACE interfaces[] = {
    {(void *)"PKCS 11", &functions_3_2, 0},
    {(void *)"PKCS 11", &functions_3_0, 0},
    {(void *)"PKCS 11", &functions_2_40, 0},
    {(void *)CK_HUKS_INTERFACE_NAME, (void *)&VENDOR, 0},
};

/* ---- C_GetFunctionList ---- */

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
    struct p11_call call;
    p11_enter_any(&call, __func__);
    if (list == NULL) {
        return p11_leave(&call, p11_fail(CKR_ARGUMENTS_BAD, "function list"));
    }
    *list = &functions_2_40;
    return p11_leave(&call, CKR_OK);
}

/* ---- C_GetInterfaceList ---- */

static CK_RV list_interfaces(CK_INTERFACE_PTR list, CK_ULONG_PTR count)
{
    if (count == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "interface count");
    }
    CK_ULONG room = *count;
    *count = ARRAY_SIZE(interfaces);
    if (list == NULL) {
        return CKR_OK;
    }
    if (room < ARRAY_SIZE(interfaces)) {
        return p11_fail(CKR_BUFFER_TOO_SMALL, "interface list");
    }
    memcpy(list, interfaces, sizeof(interfaces));
    return CKR_OK;
}

CK_RV C_GetInterfaceList(CK_INTERFACE_PTR list, CK_ULONG_PTR count)
{
    struct p11_call call;
    p11_enter_any(&call, __func__);
    return p11_leave(&call, list_interfaces(list, count));
}

/* ---- C_GetInterface ---- */

/* PKCS #11 3.0: no name means the default interface, no version the newest; flags must all be there. */
static bool interface_fits(const CK_INTERFACE *interface, const CK_UTF8CHAR *name, const CK_VERSION *version,
                           CK_FLAGS flags)
{
    const CK_VERSION *own = interface->pFunctionList;
    const void *wanted = name != NULL ? (const void *)name : interfaces[0].pInterfaceName;
    return strcmp((const void *)interface->pInterfaceName, wanted) == 0 &&
           (version == NULL || (version->major == own->major && version->minor == own->minor)) &&
           (interface->flags & flags) == flags;
}

static CK_RV get_interface(const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE_PTR_PTR found,
                           CK_FLAGS flags)
{
    if (found == NULL) {
        return p11_fail(CKR_ARGUMENTS_BAD, "interface");
    }
    for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++) {
        if (interface_fits(&interfaces[i], name, version, flags)) {
            *found = &interfaces[i];
            return CKR_OK;
        }
    }
    return p11_fail(CKR_ARGUMENTS_BAD, "interface name, version or flags");
}

CK_RV C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, CK_INTERFACE_PTR_PTR found, CK_FLAGS flags)
{
    struct p11_call call;
    p11_enter_any(&call, __func__);
    return p11_leave(&call, get_interface(name, version, found, flags));
}
