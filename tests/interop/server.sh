# shellcheck shell=bash disable=SC2154 # common.sh sets them
# For tests that run servers; sourced after common.sh. Each server is a session of its own, listens on
# loopback only, and ends on request: with the status that it should, alone, and without a core.

declare -A server_pid=()

# Below the range that the system gives to outgoing connections, and free now.
free_port() {
    python3 -c '
import random, socket
while True:
    port = random.randrange(10000, 30000)
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break'
}
listens() { # PORT: somebody does, by the kernel's table; it costs the server no connection
    grep -qE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$1") 0+:0000 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
# What openssl s_client says of the server's signature; 3.5 has TLS's names for it.
peer_signed() { # RSA|ECDSA
    case $1 in
    RSA*) echo 'Peer signature type: (RSA(-PSS)?|rsa_[a-z0-9_]+)$' ;;
    *) echo 'Peer signature type: (ECDSA|ecdsa_[a-z0-9_]+)$' ;;
    esac
}
start() { # NAME COMMAND...: its output is in NAME.log
    local name=$1
    shift
    setsid "$@" >"$work/$name.log" 2>&1 </dev/null &
    server_pid[$name]=$!
}
serve() { # NAME <<'SH': the same with shell commands, of which the last should be an exec; see step
    cat >"$work/$1.step"
    start "$1" bash -eu "$work/$1.step"
}
# Until COMMAND succeeds. A check: the server is up.
await() { # NAME COMMAND...
    local name=$1 deadline=$((SECONDS + patience))
    shift
    until "$@" >/dev/null 2>&1; do
        if ! kill -0 "${server_pid[$name]}" 2>/dev/null; then
            cp "$work/$name.log" "$work/said"
            fail "$name is up" "it ended"
            return 1
        elif [ $SECONDS -ge $deadline ]; then
            cp "$work/$name.log" "$work/said"
            fail "$name is up" "not after $patience s"
            return 1
        fi
        sleep 0.05
    done
    pass "$name is up"
}
# A check: it ends, and well. Without SIGNAL it is expected to end by itself.
stop() { # NAME [SIGNAL|-] [STATUS...]
    local name=$1 signal=${2--} statuses=${*:3} deadline=$((SECONDS + patience)) pid left ended=0
    pid=${server_pid[$name]}
    unset "server_pid[$name]"
    if [ "$signal" != - ]; then kill -s "$signal" "$pid" 2>/dev/null; fi
    while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.05; done
    cp "$work/$name.log" "$work/said"
    if kill -0 "$pid" 2>/dev/null; then
        pkill -KILL -s "$pid"
        wait "$pid" 2>/dev/null
        fail "$name ends" "not after $patience s"
        return 1
    fi
    wait "$pid" 2>/dev/null || ended=$?
    for _ in $(seq 50); do
        left=$(pgrep -d ' ' -s "$pid" 2>/dev/null) || break
        sleep 0.1
    done
    [ -z "$left" ] || pkill -KILL -s "$pid"
    case " ${statuses:-0} " in
    *" $ended "*)
        if [ -n "$left" ]; then
            fail "$name ends" "it left processes behind: $left"
        elif compgen -G "$work/core*" >/dev/null; then
            rm -f "$work"/core*
            fail "$name ends" "it dumped core"
        else
            pass "$name ends"
            return 0
        fi
        ;;
    *) fail "$name ends" "with $ended" ;;
    esac
    return 1
}
