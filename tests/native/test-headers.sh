#!/usr/bin/env bash
# The installed headers compile alone, in any order, in C and in C++, without a warning.
set -u

source=${HUKS_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d "${TMPDIR:-/tmp}/headers-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

try() { # compiler language-standard file text
    printf '%s\n' "$4" >"$work/$3"
    local pedantic=-Wpedantic
    [[ $2 == *++* ]] && pedantic= # HUKS's set ends in an array without a size, which C++ knows as an extension
    # shellcheck disable=SC2046,SC2086
    if "$1" -std="$2" -Wall -Wextra -Werror $pedantic -I"$source/include" \
        $(pkg-config --cflags p11-kit-1 2>/dev/null) -c "$work/$3" -o "$work/out.o" 2>"$work/log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$1 -std=$2: $4"
        sed 's/^/    /' "$work/log"
    fi
}

native='#include <huks/native_huks_api.h>'
reverse='#include <huks/native_huks_param.h>
#include <huks/native_huks_api.h>
#include <huks/native_huks_type.h>'
use='int use(void);
int use(void)
{
    struct OH_Huks_Blob alias = {1, (uint8_t *)0};
    return (int)OH_Huks_IsKeyItemExist(&alias, (const struct OH_Huks_ParamSet *)0).errorCode;
}'
auth='#include <huks/huks_user_auth.h>'
auth_use='#include <huks/huks_user_auth.h>
int use(struct Huks_UserAuthRequest *request);
int use(struct Huks_UserAuthRequest *request)
{
    uint8_t bytes[HUKS_AUTH_TOKEN_SIZE];
    struct OH_Huks_Blob token = {sizeof(bytes), bytes};
    request->authType = OH_HUKS_USER_AUTH_TYPE_FINGERPRINT | OH_HUKS_USER_AUTH_TYPE_FACE;
    return (int)Huks_UserAuth_Authenticate(request, &token).errorCode;
}'
vendor='#include <p11-kit/pkcs11.h>
#include <huks/huks_pkcs11.h>'

for compiler in gcc clang; do
    if ! command -v "$compiler" >/dev/null; then
        skipped=$((skipped + 1))
        continue
    fi
    for standard in gnu11 c11 c17; do
        for text in "$native" '#include <huks/native_huks_param.h>' '#include <huks/native_huks_type.h>' \
            "$reverse" "$native
$use" "$auth" "$auth
$native" "$auth_use" "$vendor"; do
            try "$compiler" "$standard" part.c "$text"
        done
    done
done
for compiler in g++ clang++; do
    if ! command -v "$compiler" >/dev/null ||
        ! echo '#include <stdint.h>' | "$compiler" -x c++ -fsyntax-only - 2>/dev/null; then
        echo "skipped: no $compiler here"
        skipped=$((skipped + 1))
        continue
    fi
    for standard in gnu++11 gnu++17; do
        for text in "$native" "$reverse" "$native
$use" "$auth" "$auth
$native" "$auth_use" "$vendor"; do
            try "$compiler" "$standard" part.cc "$text"
        done
    done
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
