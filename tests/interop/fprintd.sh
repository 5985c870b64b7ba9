#!/usr/bin/env bash
# usage: tests/interop/fprintd.sh
# A real finger, as far as a machine without a reader has one: fprintd with libfprint's virtual reader on a bus of its
# own, pam_fprintd in the service huks-fingerprint, and huksctl. polkit is python3-dbusmock's.
# shellcheck disable=SC1091,SC2034,SC2154 # what huksctl-steps.sh brings
set -u

# shellcheck source=tests/interop/huksctl-steps.sh
. "$(dirname "$0")/huksctl-steps.sh" || exit 1

python=/usr/bin/python3 # the distribution's, which has dbusmock
fprintd=/usr/libexec/fprintd
for need in "$fprintd:fprintd" /usr/bin/fprintd-enroll:fprintd /usr/bin/dbus-daemon:dbus-daemon \
    /usr/bin/dbus-send:dbus-bin; do
    [ -x "${need%:*}" ] || skip_all "${need%:*} is missing: Debian package ${need#*:}"
done
compgen -G '/usr/lib/*/security/pam_fprintd.so' >/dev/null || compgen -G '/lib/*/security/pam_fprintd.so' >/dev/null ||
    skip_all "pam_fprintd.so is missing: Debian package libpam-fprintd"
$python -c 'import dbusmock' 2>/dev/null || skip_all "dbusmock is missing: Debian package python3-dbusmock"
[ -z "${HUKS_SANITIZER-}" ] || skip_all "PAM modules of the distribution can't be judged by $HUKS_SANITIZER"

# ---- the bus, polkit, and the reader ----

servants=()
dismiss() {
    [ ${#servants[@]} = 0 ] || kill -9 "${servants[@]}" 2>/dev/null
    wait 2>/dev/null
    finish
}
trap dismiss EXIT
serve() { # LOG COMMAND...
    "${@:2}" >"$1" 2>&1 </dev/null &
    servants+=($!)
}
until_ready() { # WHAT COMMAND...
    local i
    for ((i = 0; i < 600; i++)); do
        "${@:2}" >/dev/null 2>&1 && return
        sleep 0.1
    done
    skip_all "$1 does not start here"
}
# A socket's path has its bounds: the build directory may be deep.
short=$(mktemp -d /tmp/fp.XXXXXX) || exit 1
mkdir services prints
cat >bus.conf <<BUS
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$short/bus</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
BUS
finish() {
    rm -rf "$work" "$short"
    echo "$passed passed, $failed failed, $skipped skipped"
}
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$short/bus
bus() { # DESTINATION PATH METHOD ARGUMENT...
    dbus-send --bus="$DBUS_SYSTEM_BUS_ADDRESS" --print-reply --dest="$1" "${@:2}"
}
serve bus.log dbus-daemon --config-file=bus.conf --nofork --nopidfile
until_ready "a bus" bus org.freedesktop.DBus / org.freedesktop.DBus.ListNames
serve polkit.log $python -m dbusmock --system --template polkitd
until_ready "polkit's mock" bus org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority \
    org.freedesktop.DBus.Mock.AllowUnknown boolean:true
serve fprintd.log env FP_VIRTUAL_DEVICE_STORAGE="$short/reader" STATE_DIRECTORY="$work/prints" "$fprintd" -t
until_ready "fprintd" bus net.reactivated.Fprint /net/reactivated/Fprint/Manager \
    net.reactivated.Fprint.Manager.GetDefaultDevice

# The reader listens while somebody has it open. A finger is laid on it once, or until the program has ended.
lay() { # FINGER once|always PID
    $python - "$short/reader" "$@" <<'P'
import os, socket, sys, time
reader, finger, often, pid = sys.argv[1:]
end = time.time() + 100
while time.time() < end:
    try:
        os.kill(int(pid), 0)
    except OSError:
        break
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(reader)
            s.send(b"SCAN " + finger.encode())
            if often == "once":
                break
    except OSError:
        pass
    time.sleep(0.2)
P
}
with_finger() { # FINGER NAME STATUS PATTERN ARGUMENT...: as ctl, with this finger on the reader when it asks
    local finger=$1 name=$2 wanted=$3 pattern=$4 i
    shift 4
    status=0
    : >err
    timeout 120 "$huksctl" "$@" >out 2>err </dev/null &
    local pid=$!
    for ((i = 0; i < 600; i++)); do
        if grep -q 'finger' err || ! kill -0 $pid 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    lay "$finger" once $pid
    wait $pid || status=$?
    if [ "$status" = "$wanted" ] && grep -qhE -- "$pattern" out err; then
        pass "$name"
    else
        fail "$name" "exit status $status, not $wanted, or it does not say $pattern"
    fi
}

printf '#!/bin/sh\nexport DBUS_SYSTEM_BUS_ADDRESS=%q\nexec %q --services %q "$@"\n' \
    "$DBUS_SYSTEM_BUS_ADDRESS" "$build/huks-auth-helper" "$work/services" >helper
chmod +x helper
export HUKS_AUTH_HELPER=$work/helper PIN=123456 SO=12345678
# The example that is installed, with one try.
sed 's/max-tries=[0-9]*/max-tries=1/' "$source/doc/pam/huks-fingerprint" >services/huks-fingerprint
printf 'auth required pam_deny.so\n' >services/other
ctl "a token" 0 '' init --so-pin-env SO --pin-env PIN

echo "# before the reader knows a finger"
ctl "nobody to ask" 1 'error 12000015: ' auth enroll fingerprint index --pin-env PIN

echo "# fprintd's own enrolment"
timeout 120 fprintd-enroll "$(id -un)" >enrol.out 2>&1 </dev/null &
pid=$!
lay F1 always $pid
wait $pid
holds "the reader learns a finger" grep -q 'enroll-completed' enrol.out

echo "# huksctl's"
with_finger F9 "another one is refused" 1 'error 12000008: ' auth enroll fingerprint index --pin-env PIN
with_finger F1 "the finger is enrolled" 0 '^name +index$' auth enroll fingerprint index --pin-env PIN
says "the reader is heard" '^huksctl: .*finger'
with_finger F1 "recognised" 0 '^Recognised: fingerprint' auth verify fingerprint
with_finger F9 "another one is not" 1 'error 12000008: ' auth verify fingerprint
with_finger F1 "and an auth token" 0 '' auth verify fingerprint --output token
holds "of its size" test "$(stat -c %s token 2>/dev/null)" = 280

echo "# nobody there, nothing there"
printf 'auth_timeout_ms = 2500\n' >huks.conf
HUKS_CONF=$work/huks.conf ctl "nobody comes" 1 'error 12000015: .*nobody answered in time' auth verify fingerprint
kill "${servants[2]}"
wait "${servants[2]}" 2>/dev/null
ctl "fprintd is gone" 1 'error 12000015: ' auth verify fingerprint
ctl "the PIN still opens" 0 '^Recognised: pin' auth verify pin --pin-env PIN

[ "$failed" = 0 ]
