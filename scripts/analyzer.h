/*
 * Read before every file by clang-tidy only, never by a compiler: what it cannot know of functions that
 * are defined elsewhere. Those that raise an error never return success, so that the path on after
 * HUKS_TRY() and P11_TRY() is one where the outputs are set.
 *
 * One block per function; scripts/lint asks for it (ANALYZER_name) in the files of its part that don't
 * define it.
 */
#define ANALYZER_NOT_ZERO(call)                                                                              \
    __extension__({                                                                                          \
        __typeof__(call) analyzer_rc = (call);                                                               \
        if (analyzer_rc == 0) {                                                                              \
            __builtin_unreachable();                                                                         \
        }                                                                                                    \
        analyzer_rc;                                                                                         \
    })

/* All headers before the first macro: none may reach a declaration. */
#ifdef ANALYZER_error_raise
#include "common/error.h"
#endif
#ifdef ANALYZER_error_raisef
#include "common/error.h"
#endif
#ifdef ANALYZER_error_raise_text
#include "common/error.h"
#endif
#ifdef ANALYZER_p11_fail
#include "pkcs11/errors.h"
#endif
#ifdef ANALYZER_p11_failf
#include "pkcs11/errors.h"
#endif
#ifdef ANALYZER_remote_garbled
#include "pkcs11/remote_value.h"
#endif
#ifdef ANALYZER_store_raise_size
#include "store/inside.h"
#endif
#ifdef ANALYZER_sqlite_raise
#include "store/sqlite.h"
#endif
#ifdef ANALYZER_crypto_refused
#include "crypto/context.h"
#endif

#ifdef ANALYZER_error_raise
#define error_raise(...) ANALYZER_NOT_ZERO((error_raise)(__VA_ARGS__))
#endif
#ifdef ANALYZER_error_raisef
#define error_raisef(...) ANALYZER_NOT_ZERO((error_raisef)(__VA_ARGS__))
#endif
#ifdef ANALYZER_error_raise_text
#define error_raise_text(...) ANALYZER_NOT_ZERO((error_raise_text)(__VA_ARGS__))
#endif
#ifdef ANALYZER_p11_fail
#define p11_fail(...) ANALYZER_NOT_ZERO((p11_fail)(__VA_ARGS__))
#endif
#ifdef ANALYZER_p11_failf
#define p11_failf(...) ANALYZER_NOT_ZERO((p11_failf)(__VA_ARGS__))
#endif
#ifdef ANALYZER_remote_garbled
#define remote_garbled(...) ANALYZER_NOT_ZERO((remote_garbled)(__VA_ARGS__))
#endif
#ifdef ANALYZER_store_raise_size
#define store_raise_size(...) ANALYZER_NOT_ZERO((store_raise_size)(__VA_ARGS__))
#endif
#ifdef ANALYZER_sqlite_raise
#define sqlite_raise(...) ANALYZER_NOT_ZERO((sqlite_raise)(__VA_ARGS__))
#endif
#ifdef ANALYZER_crypto_refused
#define crypto_refused(...) ANALYZER_NOT_ZERO((crypto_refused)(__VA_ARGS__))
#endif
