#!/usr/bin/env bash
# Every mechanism at everything that it is for (mechanisms.py), with the module a client of huksd: whatever a call takes
# and gives goes over and comes back.
set -u
interop=$(cd "$(dirname "$0")" && pwd)
huksd=${HUKS_BUILDDIR:-$interop/../../build}/huksd
if [ ! -x "$huksd" ]; then
    echo "there is no $huksd"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
TMPDIR=/tmp exec "${PYTHON3:-python3}" "$interop/mechanisms.py" --huksd "$huksd" # (a socket's name is short)
