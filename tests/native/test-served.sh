#!/usr/bin/env bash
# usage: tests/native/test-served.sh [PROGRAM...]
# The tests of the native API once more, their calls made by a huksd for each test: in short those that say most about
# the way there and back, with HUKS_TEST_LONG=1 all. What a process may do with files is not what the service may:
# the situations of test-codes and test-every-call that are about that are skipped there.
set -u
source=$(cd "$(dirname "$0")/../.." && pwd)
build=${HUKS_BUILDDIR:-$source/build}
export HUKS_TEST_HUKSD=$build/huksd

short='test-session test-every-call test-user-auth test-doors'
long="test-agree test-attest test-bound test-cipher test-cipher-pair test-codes test-damage test-derive test-doors-algorithms
    test-doors-imported test-doors-secrets test-generate test-import test-import-refused test-init test-key test-mac
    test-permit test-signature test-wrap test-wrapped"
programs=$short
[ -z "${HUKS_TEST_LONG-}" ] || programs="$short $long"
[ $# = 0 ] || programs=$*

if [ ! -x "$HUKS_TEST_HUKSD" ]; then
    echo "skipped: there is no $HUKS_TEST_HUKSD"
    echo "0 passed, 0 failed, 1 skipped"
    exit 77
fi

out=$(mktemp "${TMPDIR:-/tmp}/test-served.XXXXXX") || exit 1
trap 'rm -f "$out"' EXIT
passed=0 failed=0 skipped=0
for program in $programs; do
    if [ ! -x "$build/tests/native/$program" ]; then
        echo "skipped: $program is not built"
        skipped=$((skipped + 1))
        continue
    fi
    if "$build/tests/native/$program" >"$out" 2>&1 && grep -qE '^100%: Checks: [1-9]' "$out"; then
        echo "ok $program: $(grep -E '^100%' "$out")"
        passed=$((passed + 1))
    else
        echo "not ok $program"
        cat "$out"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
