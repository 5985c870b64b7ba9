# Sourced by the two test-served.sh: runs tests of a door by way of $HUKS_TEST_HUKSD. What is not built has failed.
# shellcheck shell=bash disable=SC2154 # build is the caller's
declare -gA without # program: why its tests are not about a client of the service

# DOOR "PROGRAM...": the exit status, after a line each and the sum.
served_run() {
    local door=$1 program out passed=0 failed=0 skipped=0
    if [ ! -x "$HUKS_TEST_HUKSD" ]; then
        echo "there is no $HUKS_TEST_HUKSD"
        echo "0 passed, 1 failed, 0 skipped"
        return 1
    fi
    out=$(mktemp "${TMPDIR:-/tmp}/test-served.XXXXXX") || return 1
    for program in $2; do
        if [ -n "${without[$program]-}" ]; then
            echo "skipped: $program: ${without[$program]}"
            skipped=$((skipped + 1))
        elif "$build/tests/$door/$program" >"$out" 2>&1 && grep -qE '^100%: Checks: [1-9]' "$out"; then
            echo "ok $program: $(grep -E '^100%' "$out")"
            passed=$((passed + 1))
        else
            echo "not ok $program"
            cat "$out"
            failed=$((failed + 1))
        fi
    done
    rm -f "$out"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}
