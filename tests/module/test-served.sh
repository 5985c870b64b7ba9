#!/usr/bin/env bash
# usage: tests/module/test-served.sh [PROGRAM...]
# The module's tests once more, with a huksd for each program that makes its calls: in short those that say most about
# the way there and back, with HUKS_TEST_LONG=1 all that this can be said of.
set -u
source=${HUKS_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${HUKS_BUILDDIR:-$source/build}
export HUKS_TEST_HUKSD=$build/huksd

short='test-auth-uses test-fork test-general test-message test-process test-secrecy test-session
    test-threads'

# program: why its tests are not about a client of the service
# shellcheck disable=SC2034 # served.sh looks there
declare -A without=(
    [test-codes-store]="has the process's own file calls fail"
    [test-crash]='kills the process that has the store'
    [test-iofault]='has the file calls of the process that has the store fail, by LD_PRELOAD'
    [test-powerloss]='records the file calls of the process that has the store, by LD_PRELOAD'
    [test-limit-damage]='damages the table of sessions where a process finds it without huksd'
    [test-limit-processes]='sets limits by pReserved, which are not the service'"'"'s; huksd.py tries the limit'
    [test-limit-wait]='sets limits by pReserved, which are not the service'"'"'s'
)

programs=$short
if [ -n "${HUKS_TEST_LONG-}" ]; then
    programs=$(cd "$source/tests/module" && printf '%s\n' test-*.c | sed 's/\.c$//')
fi
[ $# = 0 ] || programs=$*

# shellcheck source=tests/served.sh disable=SC1091 # the linter does not follow it
. "$source/tests/served.sh"
served_run module "$programs"
