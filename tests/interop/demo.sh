#!/usr/bin/env bash
# usage: tests/interop/demo.sh [MODULE]
# The main path, shown command by command: pkcs11-tool, p11tool and openssl initialise a token, make an
# RSA and an EC key, sign a file with each, and plain OpenSSL verifies; then a key that the native API
# and the PKCS#11 door share. Everything is written below build/demo/ ($HUKS_BUILDDIR/demo). MODULE
# (default: the built huks-pkcs11.so) may be another provider, e.g. SoftHSM2, for comparison.
set -u

source=$(cd "$(dirname "$0")/../.." && pwd)
build=${HUKS_BUILDDIR:-$source/build}
module=${1:-$build/.libs/huks-pkcs11.so}
[ -f "$module" ] || {
    echo "demo: there is no $module: make it first" >&2
    exit 1
}
module=$(cd "$(dirname "$module")" && pwd)/$(basename "$module")
name=$(basename "$module")

work=$build/demo
rm -rf "$work"
mkdir -p "$work"/{store,home,modules,tokens,tmp} || exit 1
cd "$work" || exit 1

# Nothing of the caller's keystore, configuration or OpenSSL set-up takes part.
unset HUKS_CONF XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR OPENSSL_CONF PKCS11_MODULE_PATH
export HOME=$work/home TMPDIR=$work/tmp HUKS_STORE=$work/store SOFTHSM2_CONF=$work/softhsm2.conf
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$work/tokens" \
    >"$SOFTHSM2_CONF"
pin=123456 so_pin=12345678
export GNUTLS_PIN=$pin

steps=0
bold='' plain=''
if [ -t 1 ]; then
    bold=$(printf '\033[1m')
    plain=$(printf '\033[0m')
fi

fail() { # WHAT
    echo
    echo "demo: step $steps failed: $1"
    exit 1
}

heading() { # TEXT
    steps=$((steps + 1))
    printf '\n%s%2d. %s%s\n' "$bold" "$steps" "$1" "$plain"
}

show() { # COMMAND...: the command as one would type it here
    local word line=
    for word; do
        case $word in
        "$module") word=$name ;;
        "$build"/*) word=${word#"$build"/} ;;
        esac
        case $word in
        *[!A-Za-z0-9_./:=,+-]*) word="'$word'" ;;
        esac
        line+=" $word"
    done
    echo "   \$$line"
}

# PREFIX is a command that runs the command and is not shown.
prefix=()
run() { # COMMAND...: shows the command and the beginning of what it says; all of it when it fails
    local rc=0
    show "$@"
    ${prefix[@]+"${prefix[@]}"} "$@" >output 2>&1 </dev/null || rc=$?
    if [ "$rc" != 0 ]; then
        sed 's/^/     /' output
        fail "$1 ended with $rc"
    fi
    grep -v '^ *$' output | head -n "${lines:-6}" | cut -c1-108 | sed 's/^/     /'
    # A tool that says "error" and ends with 0 has not done its work.
    if grep -qiE '(^|[^a-z])(error|failed|segmentation)([^a-z]|$)' output; then fail "$1 reported an error"; fi
}

tool() { # ARGUMENT...
    run pkcs11-tool --module "$module" "$@"
}
mine() { # ARGUMENT...: as the token's user
    tool --token-label demo --login --pin "$pin" "$@"
}

needed() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || {
        echo "demo: $1 is missing: Debian package $2 (./bootstrap installs it)" >&2
        exit 1
    }
}
needed pkcs11-tool opensc
needed p11tool gnutls-bin
needed openssl openssl
openssl engine pkcs11 >/dev/null 2>&1 || {
    echo "demo: OpenSSL's pkcs11 engine is missing: Debian package libengine-pkcs11-openssl" >&2
    exit 1
}

# p11-kit reads the .module files of one directory of the system. A mount namespace of our own shows it
# ours in that place, and nothing outside changes; where namespaces are forbidden, p11tool is told the
# module's path instead.
system_modules=$(pkg-config --variable=p11_module_configs p11-kit-1 2>/dev/null || echo /usr/share/p11-kit/modules)
cp "$source/pkcs11/huks.module.in" modules/huks.module &&
    sed -i "s|@modulefile@|$module|" modules/huks.module || exit 1
user_namespace=()
if [ "$(id -u)" != 0 ]; then user_namespace=(--user --map-root-user); fi
# shellcheck disable=SC2016 # for the inner shell
in_namespace=(unshare "${user_namespace[@]}" --mount sh -c
    'mount --bind "$0" "$1" && shift && exec "$@"' "$work/modules" "$system_modules")
p11tool_arguments=()
if ! "${in_namespace[@]}" true 2>/dev/null; then
    in_namespace=()
    p11tool_arguments=(--provider "$module")
fi
p11() { # ARGUMENT...
    prefix=(${in_namespace[@]+"${in_namespace[@]}"})
    run p11tool ${p11tool_arguments[@]+"${p11tool_arguments[@]}"} "$@"
    prefix=()
}

verify() { # PUBLIC-KEY SIGNATURE [FILE]
    run openssl dgst -sha256 -verify "$1" -signature "$2" "${3:-letter.txt}"
    grep -q '^Verified OK' output || fail "the signature $2 is wrong"
}

echo "HUKS demo: $module"
echo "store: $HUKS_STORE"
printf 'Pay 100 to Alice.\n' >letter.txt
printf 'Pay 900 to Alice.\n' >forged.txt

heading "A token: pkcs11-tool initialises it and sets the user's PIN"
tool --init-token --label demo --so-pin "$so_pin"
tool --token-label demo --login --login-type so --so-pin "$so_pin" --init-pin --pin "$pin"

heading "p11-kit finds the module by its .module file"
show cat modules/huks.module
grep -v '^#' modules/huks.module | sed 's/^/     /'
lines=9 p11 --list-tokens
grep -q 'token=demo' output || fail "p11tool does not list the token"

heading "An RSA-2048 and an EC P-256 key pair"
mine --keypairgen --key-type rsa:2048 --id 01 --label rsa
mine --keypairgen --key-type EC:prime256v1 --id 02 --label ec

heading "p11tool sees them after login"
lines=16 p11 --login --list-all 'pkcs11:token=demo'
for label in rsa ec; do
    grep -q "object=$label;type=private" output || fail "p11tool does not list the private key $label"
done

heading "The public keys, for those who verify"
for label in rsa ec; do
    mine --read-object --type pubkey --label "$label" --output-file "$label.der"
    run openssl pkey -pubin -inform DER -in "$label.der" -out "$label.pem"
done

heading "pkcs11-tool signs a file with each key"
mine --sign --mechanism SHA256-RSA-PKCS --id 01 --input-file letter.txt --output-file rsa.tool.sig
if pkcs11-tool --module "$module" --token-label demo --list-mechanisms 2>/dev/null | grep -q ECDSA-SHA256; then
    mine --sign --mechanism ECDSA-SHA256 --signature-format openssl --id 02 \
        --input-file letter.txt --output-file ec.tool.sig
else
    # Not every token hashes for ECDSA.
    run openssl dgst -sha256 -binary -out letter.sha256 letter.txt
    mine --sign --mechanism ECDSA --signature-format openssl --id 02 \
        --input-file letter.sha256 --output-file ec.tool.sig
fi

heading "openssl signs with each key through the pkcs11 engine"
engine=(env PKCS11_MODULE_PATH="$module" openssl)
for label in rsa ec; do
    run "${engine[@]}" dgst -engine pkcs11 -keyform engine \
        -sign "pkcs11:token=demo;object=$label;type=private?pin-value=$pin" \
        -sha256 -out "$label.dgst.sig" letter.txt
    run openssl dgst -sha256 -binary -out letter.sha256 letter.txt
    run "${engine[@]}" pkeyutl -engine pkcs11 -keyform engine \
        -inkey "pkcs11:token=demo;object=$label;type=private?pin-value=$pin" \
        -sign -pkeyopt digest:sha256 -in letter.sha256 -out "$label.pkeyutl.sig"
done

heading "Plain OpenSSL verifies all six, and refuses a forged letter"
for label in rsa ec; do
    for by in tool dgst pkeyutl; do
        verify "$label.pem" "$label.$by.sig"
    done
    show openssl dgst -sha256 -verify "$label.pem" -signature "$label.tool.sig" forged.txt
    if openssl dgst -sha256 -verify "$label.pem" -signature "$label.tool.sig" forged.txt >output 2>&1; then
        fail "a signature of letter.txt is accepted for forged.txt"
    fi
    grep -m 1 -i 'verification' output | sed 's/^/     /'
done

# doc/examples/sign ALIAS FILE SIGNATURE PUBLIC: through OH_Huks_* alone, makes the EC key ALIAS if there
# is none, signs FILE with it (ECDSA, SHA-256, DER) and writes its public key (DER).
native=$build/doc/examples/sign
if [ -x "$native" ]; then
    heading "One key, two doors: the native API makes it and signs, pkcs11-tool signs with it too"
    export HUKS_CONF=$work/huks.conf
    show cat huks.conf
    echo 'native_token = demo' | tee huks.conf | sed 's/^/     /'
    run "$native" native letter.txt native.sig native.der
    run openssl pkey -pubin -inform DER -in native.der -out native.pem
    verify native.pem native.sig
    # pkcs11-tool signs by id alone: the id of a native key is the hash of its public point
    id=$(pkcs11-tool --module "$module" --token-label demo --list-objects --type pubkey |
        sed -n '/label: *native$/{n;s/^ *ID: *//p;}')
    mine --sign --mechanism ECDSA-SHA256 --signature-format openssl --id "$id" \
        --input-file letter.txt --output-file native.tool.sig
    verify native.pem native.tool.sig
fi

if [ -x "$build/huksctl" ]; then
    heading "The tool for people"
    lines=12 run "$build/huksctl" list
    lines=12 run "$build/huksctl" status
fi

summary="demo: $steps steps, all good"
line=$(printf '%*s' $((${#summary} + 4)) '' | tr ' ' -)
printf '\n+%s+\n|  %s%s%s  |\n+%s+\n' "$line" "$bold" "$summary" "$plain" "$line"
