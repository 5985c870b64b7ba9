# What the tests of huksctl share, to be sourced: a home and a store of their own, and one line for each run of it.
# HUKS_VALGRIND=1 runs each call under valgrind.
# shellcheck shell=bash disable=SC2034

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${HUKS_BUILDDIR:-$source/build}
huksctl=$build/huksctl
module=${HUKS_MODULE:-$build/.libs/huks-pkcs11.so}

passed=0 failed=0 skipped=0
finish() {
    rm -rf "$work"
    echo "$passed passed, $failed failed, $skipped skipped"
}
skip_all() { # REASON
    echo "skipped: $1"
    echo "0 passed, 0 failed, 1 skipped"
    exit 77
}
[ -x "$huksctl" ] || skip_all "there is no $huksctl"
for tool in openssl python3 setsid; do
    command -v $tool >/dev/null || skip_all "$tool is missing"
done
[ ! -x "$build/.libs/huksctl" ] || huksctl=$build/.libs/huksctl

work=$(mktemp -d "${TMPDIR:-/tmp}/huksctl.XXXXXX") || exit 1
trap finish EXIT
cd "$work" || exit 1
mkdir home || exit 1
export HOME=$work/home HUKS_STORE=$work/store LC_ALL=C
unset HUKS_CONF HUKS_LOG XDG_CONFIG_HOME XDG_DATA_HOME OPENSSL_CONF

memcheck=()
if [ -n "${HUKS_VALGRIND-}" ]; then
    memcheck=(valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite
        --suppressions="$source/scripts/valgrind.supp")
fi

pass() {
    passed=$((passed + 1))
    echo "ok $((passed + failed + skipped)) $1"
}
fail() { # NAME REASON
    failed=$((failed + 1))
    echo "not ok $((passed + failed + skipped)) $1: $2"
    cat out err 2>/dev/null | head -n 30 | sed 's/^/    /'
}
skip() { # NAME REASON
    skipped=$((skipped + 1))
    echo "skipped $((passed + failed + skipped)) $1: $2"
}
# Never with a terminal: what is to be asked for there is an error unless a test plays the person.
run() { # ARGUMENT...: output in out and err, exit status in $status
    status=0
    setsid --wait timeout 120 ${memcheck[@]+"${memcheck[@]}"} "$huksctl" "$@" >out 2>err </dev/null || status=$?
}
ctl() { # NAME STATUS PATTERN ARGUMENT...: ends so, and says PATTERN (on stderr if it is a failure)
    local name=$1 wanted=$2 pattern=$3 said=out
    shift 3
    run "$@"
    [ "$wanted" = 0 ] || said=err
    if [ "$status" != "$wanted" ]; then
        fail "$name" "exit status $status, not $wanted"
    elif [ -n "$pattern" ] && ! grep -qE -- "$pattern" $said; then
        fail "$name" "it does not say $pattern"
    elif [ "$wanted" = 0 ] && [ -s err ]; then
        fail "$name" "it succeeds and complains"
    elif [ "$wanted" != 0 ] && ! grep -q 'What to do: ' err; then
        fail "$name" "it does not say what to do"
    else
        pass "$name"
    fi
}
says() { # NAME PATTERN: the last one said that, too
    if grep -qhE -- "$2" out err; then pass "$1"; else fail "$1" "it does not say $2"; fi
}
lacks() { # NAME PATTERN
    if grep -qhE -- "$2" out err; then fail "$1" "it says $2"; else pass "$1"; fi
}
json() { # NAME EXPRESSION: the last output is JSON, and the expression over it (as j) holds
    if ! python3 -m json.tool <out >/dev/null 2>err; then
        fail "$1" "no JSON"
    elif python3 -c "import json,sys; j = json.load(open('out')); sys.exit(0 if ($2) else 1)" 2>err; then
        pass "$1"
    else
        fail "$1" "not so: $2"
    fi
}
holds() { # NAME COMMAND...
    local name=$1
    shift
    if "$@" >out 2>err; then pass "$name"; else fail "$name" "$1 ended with $?"; fi
}
breaks() { # NAME COMMAND...
    local name=$1
    shift
    if "$@" >out 2>err; then fail "$name" "$1 ended with 0"; else pass "$name"; fi
}

cat >person.py <<'P'
# usage: person.py OUT COMMAND... ; answers "PROMPT=ANSWER" lines on stdin, on a terminal of its own
import os, pty, select, signal, sys, time
script = [line.rstrip("\n").split("=", 1) for line in sys.stdin]
pid, fd = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])
seen, at, end = b"", 0, time.time() + 120
while time.time() < end:
    ready, _, _ = select.select([fd], [], [], 1)
    if not ready:
        continue
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if script and script[0][0].encode() in seen[at:]:
        at = len(seen)
        answer = script.pop(0)[1]
        os.write(fd, b"\x03" if answer == "^C" else answer.encode() + b"\n")
else:
    os.kill(pid, signal.SIGKILL)
_, state = os.waitpid(pid, 0)
open(sys.argv[1], "wb").write(seen)
sys.exit(os.waitstatus_to_exitcode(state) & 0xff if not script else 98)
P
person() { # NAME STATUS PATTERN DIALOGUE ARGUMENT...
    local name=$1 wanted=$2 pattern=$3 dialogue=$4
    shift 4
    status=0
    : >err
    printf '%b' "$dialogue" | python3 person.py out ${memcheck[@]+"${memcheck[@]}"} "$huksctl" "$@" 2>err || status=$?
    if [ "$status" != "$wanted" ]; then
        fail "$name" "exit status $status, not $wanted"
    elif ! grep -qaE -- "$pattern" out; then
        fail "$name" "it does not say $pattern"
    else
        pass "$name"
    fi
}
