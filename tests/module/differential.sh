#!/usr/bin/env bash
# Runs every module test on our module and on SoftHSM2, and shows that their answers agree or that the
# difference stands in the table of difference.c with its reason.
#
#   differential.sh [OUR-MODULE [PROGRAM…]]
#
# From `make check` it needs no argument. HUKS_REFERENCE names another libsofthsm2.so. Exit status: 0 all
# agrees or is explained, 1 not, 77 no reference here, or a sanitized build.
set -u

build=${HUKS_BUILDDIR:-$PWD}
ours=${1:-${HUKS_MODULE:-$build/.libs/huks-pkcs11.so}}
[ $# -gt 0 ] && shift

reference=${HUKS_REFERENCE:-}
for path in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/pkcs11/libsofthsm2.so; do
    [ -n "$reference" ] || { [ -e "$path" ] && reference=$path; }
done
if [ -z "$reference" ]; then
    echo "differential: SoftHSM2 is not installed (package softhsm2)"
    exit 77
fi

case ${HUKS_SANITIZER:-none} in
none | no) ;;
*) # clang's runtime ends the process at SoftHSM2's first C++ exception
    echo "differential: SoftHSM2 runs with an unsanitized build only"
    exit 77
    ;;
esac

all=0
if [ $# -eq 0 ]; then
    all=1
    for program in "$build"/tests/module/test-*; do
        case ${program##*/} in
        *.*) ;; # objects, logs
        *) [ -f "$program" ] && [ -x "$program" ] && set -- "$@" "$program" ;;
        esac
    done
fi
if [ $# -eq 0 ] || [ ! -e "$ours" ]; then
    echo "differential: nothing to run, or no module at $ours" >&2
    exit 1
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/differential-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
status=0
"$1" --differences >"$work/table" || exit 1

run() { # name module program
    HUKS_TEST_ANSWERS="$work/$1.raw" HUKS_TEST_MODULE="$2" CK_VERBOSITY=normal "$3" >"$work/log" 2>&1
    local rc=$?
    if [ $rc -ne 0 ]; then
        echo "FAIL ${3##*/} on $1 (exit $rc)"
        tail -n 20 "$work/log" | sed 's/^/    /'
        status=1
    fi
}

: >"$work/ours.raw"
: >"$work/reference.raw"
for program; do
    run ours "$ours" "$program"
    run reference "$reference" "$program"
done
sort -u "$work/ours.raw" >"$work/ours"
sort -u "$work/reference.raw" >"$work/reference"

# A question is a place or id with the call's text; its answers are a set, for a loop may get several.
# Where one set holds the other, the questions that both were asked got the same answers.
awk -F '\t' -v all=$all '
    FILENAME == ARGV[1] { reason[$1] = $4; wanted[$1] = " " $2; next }
    FILENAME == ARGV[2] { question[$1 FS $2]; ours[$1 FS $2 FS $3]; mine[$1 FS $2] = mine[$1 FS $2] " " $3; next }
    { question[$1 FS $2]; theirs[$1 FS $2 FS $3]; other[$1 FS $2] = other[$1 FS $2] " " $3; met[$1] }
    END {
        for (q in question) {
            split(q, part, FS)
            if (part[1] in reason) {
                if (!((part[1]) in shown)) {
                    shown[part[1]]
                    printf "%s\tours:%s\tSoftHSM2:%s\t%s\n", part[1],
                        q in mine ? mine[q] : wanted[part[1]], other[q], reason[part[1]] | "sort"
                }
                continue
            }
            if (!(q in mine) || !(q in other)) { one++; continue }
            more = less = 0
            count = split(mine[q], answers, " ")
            for (i = 1; i <= count; i++) if (!((q FS answers[i]) in theirs)) more++
            count = split(other[q], answers, " ")
            for (i = 1; i <= count; i++) if (!((q FS answers[i]) in ours)) less++
            if (more && less) {
                printf "UNEXPLAINED\t%s\tours:%s\tSoftHSM2:%s\n", q, mine[q], other[q]
                bad++
            } else {
                same++
            }
        }
        close("sort")
        for (id in reason) {
            explained += id in met
            if (all && !(id in met)) { printf "STALE\t%s\tno test met this row of the table on SoftHSM2\n", id; stale++ }
        }
        printf "\n%d questions answered alike, %d differences explained, %d asked of one module only, ", same, explained, one
        printf "%d unexplained, %d stale\n", bad, stale
        exit bad > 0 || stale > 0
    }' "$work/table" "$work/ours" "$work/reference" || status=1

exit $status
