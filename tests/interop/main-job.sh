#!/usr/bin/env bash
# The main job as README shows it, with unmodified consumers (demo.sh), and pkcs11-tool's own test of the
# token that this leaves behind. Skipped in sanitized builds: the consumers are not built that way.
set -u
[ -z "${HUKS_SANITIZER-}" ] || exit 77
source=${HUKS_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${HUKS_BUILDDIR:-$source/build}
work=$build/tests/main-job
rm -rf "$work"
mkdir -p "$work/.libs" "$work/doc" || exit 1
passed=0 failed=0
# demo.sh writes below its build directory: give it one of its own
cp -a "$build/.libs/huks-pkcs11.so" "$build"/.libs/libhuks_ndk.so* "$work/.libs/" || exit 1
ln -s "$build/doc/examples" "$work/doc/examples" || exit 1
[ ! -e "$build/huksctl" ] || ln -s "$build/huksctl" "$work/huksctl"

check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@" >"$work/$name.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "main-job: $name failed:"
        tail -n 25 "$work/$name.log"
    fi
}

no_errors() { # COMMAND...: succeeds and says so
    "$@" 2>&1 | tee "$work/said"
    [ "${PIPESTATUS[0]}" = 0 ] && grep -qx 'No errors' "$work/said"
}

refused() { # COMMAND...: fails, and not by a signal
    "$@"
    local rc=$?
    [ "$rc" != 0 ] && [ "$rc" -lt 128 ]
}

check demo env HUKS_BUILDDIR="$work" "$source/tests/interop/demo.sh"
export HUKS_STORE=$work/demo/store
module=$work/.libs/huks-pkcs11.so
check tool-test no_errors pkcs11-tool --module "$module" --token-label demo --login --pin 123456 --test
check tool-list pkcs11-tool --module "$module" -L -T -M -O
check tool-wrong-pin refused pkcs11-tool --module "$module" --token-label demo --login --pin 000000 -O
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
