#!/usr/bin/env python3
"""Backup and restore where file calls fail: each one in turn, below huksctl, by the layer of tests/module/io-shim.c.

Whatever fails: a backup is whole or has no name, the store it was taken of works, a store it is put into has the
token or has not, and afterwards the same command succeeds. HUKS_TEST_LONG=1 tries every fault at every call.
"""
import errno
import os
import shutil
import subprocess
import sys
import tempfile

build = os.environ.get("HUKS_BUILDDIR", os.path.join(os.getcwd(), "build"))
huksctl = os.path.join(build, ".libs/huksctl")
if not os.path.exists(huksctl):
    huksctl = os.path.join(build, "huksctl")
layer = os.path.join(build, "tests/module/.libs/io-shim.so")


def leave(reason):
    print("skipped:", reason)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(77)


if os.environ.get("HUKS_SANITIZER", "none") not in ("", "no", "none"):
    leave("a sanitizer has to be the first library of all")
if not os.path.exists(huksctl):
    leave("there is no huksctl")

work = os.path.realpath(tempfile.mkdtemp(prefix="backup-faults."))
environment = {
    "PATH": os.environ["PATH"],
    "HOME": work,
    "HUKS_CONF": os.path.join(work, "huks.conf"),
    "PIN": "123456",
    "SO": "12345678",
    "PASS": "correct horse",
}
with open(environment["HUKS_CONF"], "w", encoding="ascii") as conf:
    conf.write("scrypt_log2n = 10\n")
passed = failed = 0
problems = []


def run(*arguments, fault=None, count=None):
    """Exit status of huksctl; `fault` is (number of the call, errno, whether all later ones fail, too)."""
    env = dict(environment)
    if fault or count:
        env["LD_PRELOAD"] = layer
        env["HUKS_IO_ROOT"] = os.path.join(work, "place")
    if fault:
        env.update(HUKS_IO_AT=str(fault[0]), HUKS_IO_ERROR=str(fault[1]), HUKS_IO_STICKY="1" if fault[2] else "0")
    if count:
        env["HUKS_IO_COUNT"] = count
    done = subprocess.run([huksctl, *arguments], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True, timeout=300, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def must(*arguments):
    status, said = run(*arguments)
    if status != 0:
        raise SystemExit(f"{' '.join(arguments)}: {status}: {said}")
    return said


def expect(condition, what):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        problems.append(what)


def place(*parts):
    return os.path.join(work, "place", *parts)


def reset(source):
    shutil.rmtree(place(), ignore_errors=True)
    shutil.copytree(os.path.join(work, source), place(), symlinks=True)


def keys(store):
    return must("list", "--store", store, "--json", "--pin-env", "PIN")


def try_all(name, command, judge, prepared):
    reset(prepared)
    status, said = run(*command, count=os.path.join(work, "count"))
    expect(status == 0, f"{name}: {status}: {said}")
    with open(os.path.join(work, "count"), encoding="ascii") as file:
        calls = int(file.read())
    expect(calls > 10, f"{name}: only {calls} file calls")
    ways = [(errno.EIO, False), (errno.ENOSPC, True), (errno.EIO, True), (errno.ENOSPC, False)]
    everything = os.environ.get("HUKS_TEST_LONG") == "1"
    tried = refused = 0
    for at in range(1, calls + 1):
        if not everything and at % 4 != 1 and at > 12:
            continue
        for error, sticky in ways if everything else [ways[at % 4]]:
            reset(prepared)
            status, said = run(*command, fault=(at, error, sticky))
            tried += 1
            refused += status != 0
            where = f"{name}, call {at}, {errno.errorcode[error]}{' and later' if sticky else ''}: {said.strip()}"
            expect(status in (0, 1) and (status == 0 or "error 120000" in said), f"{where}: exit status {status}")
            judge(status, where)
    print(f"{name}: {calls} file calls, {tried} faults, {refused} refused")


try:
    os.makedirs(os.path.join(work, "full"))
    os.makedirs(os.path.join(work, "empty"))
    store = os.path.join(work, "full", "store")
    must("init", "--store", store, "--label", "demo", "--so-pin-env", "SO", "--pin-env", "PIN")
    for label in ("one", "two", "three"):
        must("generate", "ec", "--store", store, "--label", label, "--pin-env", "PIN")
    before = keys(store)
    must("backup", "--store", store, "--output", os.path.join(work, "good"), "--passphrase-env", "PASS")

    def judge_backup(status, where):
        whole = os.path.exists(place("b"))
        expect(whole or status != 0, f"{where}: there is no backup")
        if "EIO and later" not in where:  # there a name can't be removed either
            expect([n for n in os.listdir(place()) if n.startswith("b.")] == [], f"{where}: something is left over")
        expect(keys(place("store")) == before, f"{where}: the store is another one")
        if whole:
            again = run("restore", place("b"), "--store", place("other"), "--passphrase-env", "PASS")
            expect(again[0] == 0 and keys(place("other")) == before, f"{where}: the backup is not whole: {again}")

    try_all("backup", ["backup", "--store", place("store"), "--output", place("b"), "--passphrase-env", "PASS"],
            judge_backup, "full")

    def judge_restore(status, where):
        there = must("tokens", "--store", place("store"), "--json").count('"demo"')
        expect(there == 1 or status != 0, f"{where}: there is no token")
        if there == 0:
            again = run("restore", os.path.join(work, "good"), "--store", place("store"), "--passphrase-env", "PASS")
            expect(again[0] == 0, f"{where}: it can't be done again: {again}")
        expect(keys(place("store")) == before, f"{where}: the token is another one")
        expect(run("check", "--store", place("store"))[0] == 0, f"{where}: something is damaged")

    try_all("restore", ["restore", os.path.join(work, "good"), "--store", place("store"), "--passphrase-env", "PASS"],
            judge_restore, "empty")
finally:
    shutil.rmtree(work, ignore_errors=True)

for problem in problems[:20]:
    print("not ok:", problem)
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(1 if failed else 0)
