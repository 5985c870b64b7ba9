/* Finding the 3.2 list; see newer.h. */
#include "newer.h"

struct functions_3_2 *newer;

static void find_list(void)
{
    CK_VERSION version = {3, 2};
    struct interface *found = NULL;
    get_interface_function get = NULL;

    newer = NULL;
    if (is_reference()) {
        return;
    }
    *(void **)&get = module_symbol("C_GetInterface");
    ck_assert(get != NULL);
    ok(get((CK_UTF8CHAR *)(uintptr_t) "PKCS 11", &version, &found, 0));
    newer = found->functions;
    ck_assert_uint_eq(newer->version.major, 3);
    ck_assert_uint_eq(newer->version.minor, 2);
}

void newer_user(void)
{
    setup_user();
    find_list();
}

void newer_public(void)
{
    setup_public();
    find_list();
}
