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

# shellcheck source=tests/served.sh disable=SC1091 # the linter does not follow it
. "$source/tests/served.sh"
served_run native "$programs"
