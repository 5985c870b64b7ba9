#!/usr/bin/env bash
# The dependency rule of doc/architecture.md: an include goes down, never up, and what one part alone may
# touch (OpenSSL, SQLite, Cryptoki, files of the store) nobody else includes. Reads every file; builds nothing.
set -u
cd "${HUKS_SRCDIR:-$(dirname "$0")/../..}" || exit 1

# part: parts it may include, besides itself
declare -A below=(
    [src/common]=''
    [src/param]='common'
    [src/crypto]='param common'
    [src/session]='common'
    [src/store]='crypto param common'
    [src/auth]='store crypto param common'
    [src/service]='auth store session crypto param common'
    [src/ipc]='common'
    [src/api]='ipc service param common'
    [src/tools]='ipc service session param common'
    [pkcs11]='ipc service param common'
)

# system header (a pattern): the parts that may include it
declare -A only=(
    ['^openssl/']='src/crypto'
    ['^sqlite3\.h$']='src/store'
    ['^p11-kit/']='pkcs11 src/tools'
    ['^ini\.h$']='src/common'
    ['^jansson\.h$']='src/tools'
    ['^security/']='src/auth'
)

passed=0 failed=0
complain() {
    echo "check-layers: $1: $2"
    failed=$((failed + 1))
}

allowed() { # PART INCLUDE
    local part=$1 include=$2 own=${1#src/} lower
    case $include in
    huks/*) return 0 ;;
    esac
    case "$include" in
    "$own"/*) return 0 ;;
    esac
    for lower in ${below[$part]}; do
        case $include in
        "$lower"/*) return 0 ;;
        esac
    done
    # the front end is included from the project's root and by nobody but itself
    case "$part $include" in
    'pkcs11 pkcs11/'*) return 0 ;;
    # huksd serves both doors
    'src/tools pkcs11/remote.h' | 'src/tools api/remote.h') return 0 ;;
    esac
    return 1
}

check_quoted() { # PART FILE INCLUDE
    case $3 in
    */*) allowed "$1" "$3" || complain "$2" "includes \"$3\", which is not below $1" ;;
    *) complain "$2" "includes \"$3\" without its part" ;;
    esac
}

check_angled() { # PART FILE INCLUDE
    local pattern part
    for pattern in "${!only[@]}"; do
        [[ $3 =~ $pattern ]] || continue
        for part in ${only[$pattern]}; do
            [ "$part" = "$1" ] && return
        done
        complain "$2" "includes <$3>, which belongs to ${only[$pattern]} alone"
    done
}

for part in "${!below[@]}"; do
    while IFS= read -r file; do
        before=$failed
        while IFS= read -r line; do
            case $line in
            *'"'*)
                include=${line#*\"}
                check_quoted "$part" "$file" "${include%%\"*}"
                ;;
            *'<'*)
                include=${line#*<}
                check_angled "$part" "$file" "${include%%>*}"
                ;;
            esac
        done < <(grep -E '^[[:space:]]*#[[:space:]]*include' "$file")
        # the engine knows no Cryptoki type and no CKR_*; huksctl shows their names to people
        case $part in
        src/tools | pkcs11) ;;
        *)
            if sed -E 's@//.*|/\*.*\*/@@; /^[[:space:]]*(\/\*|\*)/d' "$file" | grep -nE '\b(CK_[A-Z]|CKR_|CKA_|CKM_)' >/dev/null; then
                complain "$file" "speaks Cryptoki outside pkcs11/"
            fi
            ;;
        esac
        [ "$before" = "$failed" ] && passed=$((passed + 1))
    done < <(find "$part" -maxdepth 1 -name '*.[ch]' | sort)
done
if [ "$passed" = 0 ]; then
    complain . "no file found"
fi
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
