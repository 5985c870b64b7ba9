#!/usr/bin/env bash
# usage: tests/interop/exit.sh
# A host program comes and goes in each way that hosts do: with and without C_Finalize, after fork in both
# processes, after dlclose, finalising in an exit handler. It ends clean, and valgrind finds no error and no
# definite leak of the module's.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
brings_sanitizer=yes # it is built as the module is
. "$(dirname "$0")/common.sh"

guest=$build/tests/interop/guest
if [ ! -x "$guest" ]; then
    attempt true
    fail "the host program" "$guest is not built"
    exit 1
fi
# Here nobody tests PINs but valgrind, whose time scrypt would take.
printf 'scrypt_log2n = 10\n' >huks.conf
export HUKS_CONF=$work/huks.conf

ways=(finalise leave _exit close again atexit-late)
for way in "${ways[@]}"; do
    expect "$way" '^done$' "$guest" "$module" "$way"
done
ours "crashes" expect "atexit-early" '^done$' "$guest" "$module" atexit-early
forks=(fork fork-use fork-finalise fork-close)
for way in "${forks[@]}"; do
    ours "knows no child" expect "$way" '^done$' "$guest" "$module" "$way"
done

# In a host whose allocator is its own, opened as it comes and as OpenSSL's provider opens modules: what libc
# allocates is the host's, and what the module does is not.
if [ -n "${HUKS_SANITIZER-}" ]; then
    skip "a host with an allocator of its own" "the sanitizer is one"
else
    for way in "${ways[@]}" "${forks[@]}"; do
        ours "crashes" expect "$way, another allocator" '^done$' "$guest-allocator" "$module" "$way"
        ours "crashes" expect "$way, another allocator, RTLD_DEEPBIND" '^done$' env GUEST_DEEPBIND=1 "$guest-allocator" "$module" "$way"
    done
fi

# LeakSanitizer has seen to it already.
if [ -n "${HUKS_SANITIZER-}" ]; then
    skip "under valgrind" "the module is built with $HUKS_SANITIZER"
elif ! command -v valgrind >/dev/null; then
    skip "under valgrind" "valgrind is missing: Debian package valgrind"
else
    if [ -z "${HUKS_TEST_LONG-}" ]; then
        ways=(finalise leave close)
        forks=(fork-use fork-finalise)
    fi
    for way in "${ways[@]}"; do
        under_valgrind "$way under valgrind" 0 "$guest" "$module" "$way"
    done
    ours "crashes" under_valgrind "atexit-early under valgrind" 0 "$guest" "$module" atexit-early
    for way in "${forks[@]}"; do
        ours "knows no child" under_valgrind "$way under valgrind" 0 "$guest" "$module" "$way"
    done
fi
