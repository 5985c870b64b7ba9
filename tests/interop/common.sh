# shellcheck shell=bash
# What the interop tests share; sourced first. It gives them a directory of their own (they start in it,
# and it goes when they end), a module and a token in it, and checks that run one real program each and
# are counted.
#
#   HUKS_MODULE      the module; another provider, e.g. SoftHSM2's, for comparison
#   HUKS_TEST_LONG=1 repeats chosen checks under valgrind; an error with our module in its stack fails
#
# A check fails when the program's exit status is not the one expected, when it dies by a signal, hangs,
# dumps core or leaves a process behind; its output is printed then. scripts/test-summary reads the last
# line of what a script prints.
set -u

work='' passed=0 failed=0 skipped=0
consumer_name='' consumer_version='' counted=(0 0 0)
interop=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=${HUKS_SRCDIR:-$(cd "$interop/../.." && pwd)}
build=${HUKS_BUILDDIR:-$source/build}
module=${HUKS_MODULE:-$build/.libs/huks-pkcs11.so}

skip_all() { # REASON: what was checked before it still counts
    skipped=$((skipped + 1))
    echo "skipped: $1"
    [ -n "${work-}" ] || echo "0 passed, 0 failed, 1 skipped"
    exit 77
}
needs() { # COMMAND-OR-FILE PACKAGE
    command -v "$1" >/dev/null || [ -e "$1" ] || skip_all "$1 is missing: Debian package $2"
}
# What follows is checked of this consumer: a line of make check-interop's table. A script without one is
# a line by its own name.
consumer() { # NAME PACKAGE [VERSION]
    tally
    consumer_name=$1
    consumer_version=${3-$(dpkg-query -W -f '${Version}' "$2" 2>/dev/null)}
    counted=("$passed" "$failed" "$skipped")
}
tally() {
    [ -z "$consumer_name" ] || printf 'consumer: %s\t%s\t%d\t%d\t%d\n' "$consumer_name" "${consumer_version:-?}" \
        $((passed - counted[0])) $((failed - counted[1])) $((skipped - counted[2]))
    consumer_name=
}

# The consumers are not built with the sanitizer's runtime, and a sanitized module can't be loaded without.
[ -z "${HUKS_SANITIZER-}" ] || [ -n "${brings_sanitizer-}" ] ||
    skip_all "consumers of the distribution can't load a module built with $HUKS_SANITIZER"
if [ ! -f "$module" ]; then
    echo "there is no module $module"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
module=$(cd "$(dirname "$module")" && pwd)/$(basename "$module")
case $module in
*softhsm*) kind=softhsm ;;
*) kind=huks ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/interop.XXXXXX") || exit 1
mkdir -p "$work"/{home,tmp,store,tokens}
cd "$work" || exit 1

# Nothing of the caller's keystore, configuration or OpenSSL set-up takes part.
unset HUKS_CONF HUKS_LOG XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR XDG_CACHE_HOME OPENSSL_CONF
unset PKCS11_MODULE_PATH PKCS11_PROVIDER_MODULE GNUTLS_PIN P11_KIT_SERVER_ADDRESS P11_KIT_SERVER_PID
export HOME=$work/home TMPDIR=$work/tmp HUKS_STORE=$work/store SOFTHSM2_CONF=$work/softhsm2.conf LC_ALL=C
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n' \
    "$work/tokens" >"$SOFTHSM2_CONF"
# Processes left behind are found by a word in their environment.
export INTEROP_TEST=$work
ulimit -c unlimited 2>/dev/null

pin=123456
so_pin=12345678
# For steps, whose text is also shown in doc/recipes.
export MODULE=$module PIN=$pin SO_PIN=$so_pin DIR=$work INTEROP=$interop
# A command before each checked program, e.g. env or unshare with arguments.
prefix=()
patience=60

pass() { # NAME
    passed=$((passed + 1))
    echo "ok $((passed + failed + skipped)) $1"
}
fail() { # NAME REASON: with the output of the last command
    failed=$((failed + 1))
    echo "not ok $((passed + failed + skipped)) $1: $2"
    [ ! -f "$work/said" ] || head -c 6000 "$work/said" | sed 's/^/    /'
}
skip() { # NAME REASON
    skipped=$((skipped + 1))
    echo "skipped $((passed + failed + skipped)) $1: $2"
}
# Checks of what SoftHSM2 does not do, or does in another way, are not made on it.
ours() { # WHAT-SOFTHSM2-DOES CHECK NAME ...
    if [ "$kind" = softhsm ]; then
        skip "$3" "SoftHSM2: $1"
    else
        shift
        "$@"
    fi
}

# Runs a program by itself, so that what it starts can be told: the output is in the file "said", the
# status in $status, and $trouble says what no program may do.
attempt() { # COMMAND...
    local pid left
    trouble=
    setsid timeout -k 5 "$patience" ${prefix[@]+"${prefix[@]}"} "$@" >"$work/said" 2>&1 <"${input:-/dev/null}" &
    pid=$!
    status=0
    wait "$pid" || status=$?
    # A child that is ending right now is not a leak.
    for _ in $(seq 50); do
        left=$(pgrep -d ' ' -s "$pid" 2>/dev/null) || break
        sleep 0.1
    done
    if [ "$status" = 124 ] || [ "$status" = 137 ]; then
        trouble="hung for $patience s"
    elif [ "$status" -gt 128 ] && [ "$status" -le 192 ]; then
        trouble="died by signal $((status - 128))"
    elif [ -n "$left" ]; then
        trouble="left processes behind: $left"
    elif compgen -G "$work/core*" >/dev/null; then
        trouble="dumped core"
    fi
    rm -f "$work"/core*
    if [ -n "$left" ]; then pkill -KILL -s "$pid"; fi
}

check() { # NAME COMMAND...: ends with 0
    local name=$1
    shift
    attempt "$@"
    if [ -n "$trouble" ]; then
        fail "$name" "$1 $trouble"
    elif [ "$status" != 0 ]; then
        fail "$name" "$1 ended with $status"
    else
        pass "$name"
        return 0
    fi
    return 1
}
expect() { # NAME PATTERN COMMAND...: ends with 0 and says PATTERN (an extended expression)
    local name=$1 pattern=$2
    shift 2
    attempt "$@"
    if [ -n "$trouble" ]; then
        fail "$name" "$1 $trouble"
    elif [ "$status" != 0 ]; then
        fail "$name" "$1 ended with $status"
    elif ! grep -qaE -- "$pattern" "$work/said"; then
        fail "$name" "$1 does not say $pattern"
    else
        pass "$name"
        return 0
    fi
    return 1
}
refuse() { # NAME PATTERN COMMAND...: ends with a failure and says PATTERN
    local name=$1 pattern=$2
    shift 2
    attempt "$@"
    if [ -n "$trouble" ]; then
        fail "$name" "$1 $trouble"
    elif [ "$status" = 0 ]; then
        fail "$name" "$1 ended with 0"
    elif ! grep -qaE -- "$pattern" "$work/said"; then
        fail "$name" "$1 does not say $pattern"
    else
        pass "$name"
        return 0
    fi
    return 1
}
lacks() { # NAME PATTERN: what the last command said has none of it
    if grep -qaE -- "$2" "$work/said"; then
        fail "$1" "it says $2"
    else
        pass "$1"
    fi
}
says() { # NAME PATTERN: the last command said it
    if grep -qaE -- "$2" "$work/said"; then
        pass "$1"
    else
        fail "$1" "it does not say $2"
    fi
}
same() { # NAME FILE FILE: byte for byte, and not empty
    if [ -s "$2" ] && cmp -s "$2" "$3"; then
        pass "$1"
    else
        cmp "$2" "$3" >"$work/said" 2>&1
        fail "$1" "$2 and $3 differ"
    fi
}
differ() { # NAME FILE FILE: both there, and not the same
    if [ -s "$2" ] && [ -s "$3" ] && ! cmp -s "$2" "$3"; then
        pass "$1"
    else
        fail "$1" "$2 and $3 are the same, or one is missing"
    fi
}
# A few lines of shell as a person would type them; scripts/recipes shows them in doc/recipes. They run by
# themselves in the test's directory and see what is exported.
step() { # NAME [PATTERN] <<'SH'
    cat >"$work/step"
    if [ $# -gt 1 ]; then
        expect "$1" "$2" bash -eu -o pipefail "$work/step"
    else
        check "$1" bash -eu -o pipefail "$work/step"
    fi
}
# What later checks stand on: without it nothing after it would mean anything.
must() { # CHECK NAME ...
    "$@" || {
        echo "the rest depends on it"
        exit 1
    }
}

# Plain OpenSSL, without the token, has the last word: it accepts the signature and refuses the same
# signature for another file.
verify() { # NAME PUBLIC-KEY SIGNATURE FILE [DGST-ARGUMENT...]
    local name=$1 key=$2 signature=$3 file=$4
    shift 4
    check "$name" openssl dgst "$@" -verify "$key" -signature "$signature" "$file" || return 1
    [ -f "$work/forged" ] || printf 'Pay 900 to Alice.\n' >"$work/forged"
    if openssl dgst "$@" -verify "$key" -signature "$signature" "$work/forged" >"$work/said" 2>&1; then
        fail "$name, forged" "openssl accepts the signature for another file"
        return 1
    fi
}

# Under valgrind: an error in our module, or a definite leak from it, in the program or its children.
grinds() { # NAME COMMAND...
    local name=$1
    shift
    [ -n "${HUKS_TEST_LONG-}" ] || return 0
    command -v valgrind >/dev/null || {
        skip "$name under valgrind" "valgrind is missing: Debian package valgrind"
        return 0
    }
    under_valgrind "$name under valgrind" 0 "$@"
}
under_valgrind() { # NAME STATUS COMMAND...
    local name=$1 want=$2 usual=$patience
    shift 2
    rm -rf "$work/valgrind"
    mkdir "$work/valgrind"
    patience=300
    attempt valgrind --quiet --xml=yes --xml-file="$work/valgrind/%p.xml" --trace-children=yes \
        --leak-check=full --show-leak-kinds=definite --num-callers=40 --keep-debuginfo=yes \
        --suppressions="$source/scripts/valgrind.supp" "$@"
    patience=$usual
    if [ -n "$trouble" ]; then
        fail "$name" "$1 $trouble"
    elif [ "$status" != "$want" ]; then
        fail "$name" "$1 ended with $status"
    elif ! python3 "$interop/blame.py" "$module" "$work"/valgrind/*.xml >"$work/said" 2>&1; then
        fail "$name" "valgrind blames the module"
    else
        pass "$name"
    fi
}

# What the next functions use; consumers may need it, too.
needs_tools() {
    needs pkcs11-tool opensc
    needs openssl openssl
    openssl engine pkcs11 >/dev/null 2>&1 || skip_all "the engine is missing: Debian package libengine-pkcs11-openssl"
}
# An initialised token, through the one program that every test has.
make_token() { # LABEL
    export LABEL=$1
    must step "a token $1, with a PIN for its user" <<'SH'
pkcs11-tool --module "$MODULE" --init-token --label "$LABEL" --so-pin "$SO_PIN"
pkcs11-tool --module "$MODULE" --token-label "$LABEL" --login --login-type so --so-pin "$SO_PIN" --init-pin --new-pin "$PIN"
SH
}
# Keys of the token interop with certificates for localhost by a CA that has nothing to do with the token:
# rsa and ec, in rsa.crt and ec.crt and in the token; ca.crt; the PIN in a file, as many consumers want it.
make_keys() {
    must step "two keys, with certificates by a CA outside" <<'SH'
printf '%s' "$PIN" >pin
printf 'subjectAltName = DNS:localhost,IP:127.0.0.1\nkeyUsage = digitalSignature,keyEncipherment\n' >leaf.ext
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=CA -days 30 -out ca.crt -addext keyUsage=keyCertSign 2>ca.log
for pair in rsa:rsa:2048:01 ec:EC:prime256v1:02; do
    IFS=: read -r label type size id <<<"$pair"
    tool() { pkcs11-tool --module "$MODULE" --token-label interop --login --pin "$PIN" --label "$label" --id "$id" "$@"; }
    tool --keypairgen --key-type "$type:$size" --usage-sign --usage-decrypt
    PKCS11_MODULE_PATH=$MODULE openssl req -engine pkcs11 -keyform engine \
        -key "pkcs11:token=interop;object=$label;type=private?pin-source=$PWD/pin" -new -subj /CN=localhost -out "$label.csr"
    openssl x509 -req -in "$label.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 29 -extfile leaf.ext -out "$label.crt"
    openssl x509 -in "$label.crt" -outform DER -out "$label.der"
    tool --write-object "$label.der" --type cert
    openssl x509 -in "$label.crt" -noout -pubkey >"$label.pem"
done
SH
}
# In the test's own process, unchecked: for files that a check needs.
tool() { # ARGUMENT...
    pkcs11-tool --module "$module" "$@" 2>/dev/null
}
public_key() { # TOKEN LABEL FILE: as PEM
    tool --token-label "$1" --login --pin "$pin" --read-object --type pubkey --label "$2" --output-file "$3.der" \
        >/dev/null && openssl pkey -pubin -inform DER -in "$3.der" -out "$3" 2>/dev/null
}

left_behind() {
    local environment
    for environment in /proc/[0-9]*/environ; do
        if grep -qazx "INTEROP_TEST=$work" "$environment" 2>/dev/null; then
            environment=${environment#/proc/}
            [ "${environment%/environ}" = "$$" ] || echo "${environment%/environ}"
        fi
    done
}
finish() {
    local code=$? pid left=
    rm -f "$work/said"
    # Word by word: the subshell that looks is gone when it is looked at again.
    for pid in $(left_behind); do
        if [ -d "/proc/$pid" ] && [ "$(ps -o stat= -p "$pid" | cut -c1)" != Z ]; then
            left+=" $(ps -o pid=,args= -p "$pid")"
            kill -KILL "$pid" 2>/dev/null
        fi
    done
    if [ -n "$left" ]; then
        fail "nothing is left behind" "still running:$left"
    fi
    cd / || exit 1
    if [ -n "${KEEP-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
    # A script that was broken off has failed, whatever it had counted.
    if [ "$code" != 0 ] && [ "$code" != 77 ] && [ "$failed" = 0 ]; then failed=1; fi
    tally
    echo "$passed passed, $failed failed, $skipped skipped"
    if [ "$failed" != 0 ]; then exit 1; fi
    exit "$code"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
