#!/usr/bin/env bash
# usage: tests/interop/readme.sh
# The commands of README.md's sections on pkcs11-tool, p11-kit and OpenSSL, read from it and run as they
# are written, at a terminal, in one directory, with a home that is empty: only the module's path is
# another. A command that asks for the PIN gets it.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
. "$(dirname "$0")/namespace.sh"
. "$(dirname "$0")/common.sh"
[ "$kind" = huks ] || skip_all "the README is about huks-pkcs11.so"
needs pkcs11-tool opensc
needs p11-kit p11-kit
needs p11tool gnutls-bin
needs openssl openssl
needs python3 python3
openssl engine pkcs11 >/dev/null 2>&1 || skip_all "the engine is missing: Debian package libengine-pkcs11-openssl"

# After `make install` p11-kit finds the module; here a directory of ours lies over p11-kit's.
own_modules
offer huks "$module"
# The README's reader has the default store; his home is ours, unless he is root.
[ "$(id -u)" = 0 ] || unset HUKS_STORE

section() { # BEGINNING-OF-ITS-LINE: the indented lines below that line
    awk -v title="$1" '
        index($0, title) == 1 { within = 1; next }
        within && /^    / { sub(/^    /, ""); print; found = 1; next }
        within && found && NF { exit }' "$source/README.md"
}
adapted() {
    sed -E -e "s|(/[^ ]*)?/huks-pkcs11\.so|$module|g" -e "s|--module huks-pkcs11\.so|--module $module|g"
}

mkdir reader
cd reader || exit 1
printf 'Pay 100 to Alice.\n' >file
exports=
run_section() { # TITLE COUNT: at least so many commands
    local count=0 line name=${1%[: ]*}
    section "$1" | adapted >../commands
    while IFS= read -r line <&3; do
        case $line in
        '' | '#'*) continue ;;
        export\ *)
            exports+="$line"$'\n'
            continue
            ;;
        esac
        count=$((count + 1))
        check "$name: ${line//"$module"/huks-pkcs11.so}" python3 "$interop/answer.py" "$pin" bash -c "set -e
$exports$line"
        # p11tool ends with 0 after some errors.
        if grep -qiE '(^|[^a-z])(error|failed)([^a-z]|$)' ../said; then fail "$name: $line" "it reports an error"; fi
    done 3<../commands
    if [ "$count" -ge "$2" ]; then
        pass "$name: its $count commands"
    else
        fail "$name: its commands" "$count found in README.md, $2 expected"
    fi
}
for title in "pkcs11-tool:" "p11-kit (" "OpenSSL ("; do
    run_section "$title" 4
    case $title in
    pkcs11-tool:)
        # What it made is what it says.
        tool --token-label mine --login --pin "$pin" -O >../said
        says "pkcs11-tool: the key web" 'label: +web'
        if [ -s file.sig ]; then pass "pkcs11-tool: file.sig"; else fail "pkcs11-tool: file.sig" "there is none"; fi
        ;;
    "p11-kit (")
        says "p11-kit: the public key web" 'BEGIN PUBLIC KEY'
        ;;
    "OpenSSL (")
        says "OpenSSL: it verifies" 'Verified OK'
        ;;
    esac
done
