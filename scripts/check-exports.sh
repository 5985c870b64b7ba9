#!/usr/bin/env bash
# What the shared objects show and ask of a process that loads them: a guest exports nothing but its
# interface, registers nothing to run at exit, starts no threads, and can be opened late.
set -u
cd "${HUKS_BUILDDIR:-.}" || exit 1
passed=0 failed=0
unwelcome='atexit|on_exit|__cxa_atexit|__cxa_thread_atexit_impl|signal|sigaction'
unwelcome+='|pthread_create|pthread_key_create|thrd_create|tss_create'

verdict() { # NAME OFFENDERS
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAIL %s:\n%s\n' "$1" "$2"
    fi
}

shared_object() { # FILE ALLOWED-EXPORTS-REGEX
    local defined undefined dynamic segments
    if [ ! -f "$1" ]; then
        verdict "$1" "not built"
        return
    fi
    defined=$(nm -D --defined-only "$1" | awk '{print $NF}')
    undefined=$(nm -D --undefined-only "$1" | awk '{print $NF}')
    dynamic=$(readelf -dW "$1")
    segments=$(readelf -lW "$1")
    # A sanitizer and the coverage counters bring symbols, threads and exit handlers of their own.
    if [ -n "${HUKS_SANITIZER-}" ] || grep -q gcov_ <<<"$(nm "$1" 2>/dev/null)"; then
        echo "$1: instrumented, not judged"
        passed=$((passed + 1))
        return
    fi
    verdict "$1 exports" "$(grep -vE "$2" <<<"$defined")"
    verdict "$1 asks for" "$(grep -E "^($unwelcome)(@|$)" <<<"$undefined")"
    verdict "$1 static TLS" "$(grep STATIC_TLS <<<"$dynamic")"
    verdict "$1 text relocations" "$(grep TEXTREL <<<"$dynamic")"
    verdict "$1 run path" "$(grep -E 'RPATH|RUNPATH' <<<"$dynamic")"
    verdict "$1 -Bsymbolic" "$(grep -q SYMBOLIC <<<"$dynamic" || echo missing)"
    verdict "$1 bind now" "$(grep -qE 'BIND_NOW|FLAGS.* NOW' <<<"$dynamic" || echo missing)"
    verdict "$1 RELRO" "$(grep -q GNU_RELRO <<<"$segments" || echo missing)"
    verdict "$1 stack" "$(grep GNU_STACK <<<"$segments" | grep 'RWE')"
}

program() { # FILE
    local dynamic
    [ -f "$1" ] || return
    dynamic=$(readelf -dW "$1")
    verdict "$1 PIE" "$(grep -q 'FLAGS_1.*PIE' <<<"$dynamic" || echo missing)"
    verdict "$1 bind now" "$(grep -qE 'BIND_NOW|FLAGS.* NOW' <<<"$dynamic" || echo missing)"
}

shared_object .libs/huks-pkcs11.so '^C_[A-Z][A-Za-z]*$'
shared_object .libs/libhuks_ndk.so '^(OH_Huks_[A-Za-z]*|Huks_UserAuth_[A-Za-z]*|HUKS_NDK_[0-9]+)(@|$)'
program huksctl

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
