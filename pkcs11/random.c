/*
 * PKCS #11 3.1 section 5.19: random numbers. They need no login and no key-operation session.
 */
#include "pkcs11/call.h"

static CK_RV random_generate(CK_BYTE *data, CK_ULONG size)
{
    if (data == NULL && size != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "data pointer");
    }
    return size == 0 ? CKR_OK : p11_rv(engine_random(p11_engine(), data, size), P11_AT_OTHER);
}

static CK_RV random_seed(const CK_BYTE *seed, CK_ULONG size)
{
    if (seed == NULL && size != 0) {
        return p11_fail(CKR_ARGUMENTS_BAD, "seed pointer");
    }
    return size == 0 ? CKR_OK : p11_rv(engine_random_seed(p11_engine(), seed, size), P11_AT_OTHER);
}

CK_RV C_SeedRandom(CK_SESSION_HANDLE handle, CK_BYTE_PTR seed, CK_ULONG size)
{
    return P11_SESSION_CALL(handle, ((void)session, random_seed(seed, size)), "seed %lu", size);
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG size)
{
    return P11_SESSION_CALL(handle, ((void)session, random_generate(data, size)), "data %lu", size);
}
