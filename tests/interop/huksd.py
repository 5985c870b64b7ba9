#!/usr/bin/env python3
"""huksd from outside: users kept apart, one limit for all, deaths and what clients notice of them, hostile bytes, and
the ways it is started and ended. Clients are processes of this file (--client) with the module loaded by ctypes.
"""
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cryptoki import Refused, template, ulong  # noqa: E402

OK, DEVICE_ERROR, DEVICE_REMOVED, SESSION_HANDLE_INVALID, SESSION_COUNT = 0, 0x30, 0x32, 0xB3, 0xB1
GENERAL_ERROR = 0x5
PATIENCE = 60
SO, USER = b"12345678", b"123456"


# ---- a client: reads a command a line, answers a line of numbers ----

class Client:
    def __init__(self, module):
        self.library = ctypes.CDLL(module)
        self.session, self.kept = ulong(), []

    def call(self, name, *arguments):
        function = getattr(self.library, name)
        function.restype = ulong
        code = function(*arguments)
        if code:
            raise Refused(name, code)

    def init(self):
        self.call("C_Initialize", None)

    def finalize(self):
        self.call("C_Finalize", None)

    def slot(self):
        count, slots = ulong(16), (ulong * 16)()
        self.call("C_GetSlotList", 1, slots, ctypes.byref(count))
        return ulong(slots[0])

    def token(self):
        slot, session = self.slot(), ulong()
        self.call("C_InitToken", slot, SO, ulong(len(SO)), b"huksd".ljust(32))
        self.call("C_OpenSession", slot, ulong(6), None, None, ctypes.byref(session))
        self.call("C_Login", session, ulong(0), SO, ulong(len(SO)))
        self.call("C_InitPIN", session, USER, ulong(len(USER)))
        self.call("C_CloseSession", session)

    def open(self):
        self.call("C_OpenSession", self.slot(), ulong(6), None, None, ctypes.byref(self.session))
        self.call("C_Login", self.session, ulong(1), USER, ulong(len(USER)))

    def key(self, label, on_token=True):
        handle, mechanism = ulong(), struct.pack("@LPL", 0x1080, 0, 0)
        raw, count, _kept = template([(0x001, on_token), (0x161, 16), (0x003, label.encode()), (0x104, True)])
        self.call("C_GenerateKey", self.session, mechanism, raw, ulong(count), ctypes.byref(handle))
        return handle

    def count(self, label=None):
        raw, number, _kept = template([(0x000, 4)] + ([(0x003, label.encode())] if label else []))
        self.call("C_FindObjectsInit", self.session, raw, ulong(number))
        handles, count = (ulong * 100)(), ulong()
        self.call("C_FindObjects", self.session, handles, ulong(100), ctypes.byref(count))
        self.call("C_FindObjectsFinal", self.session)
        return count.value

    def begin(self, most):
        """Begins up to so many operations; the number, and what stopped it."""
        key, mechanism = self.key("operations", False), struct.pack("@LPL", 0x1081, 0, 0)
        for number in range(int(most)):
            session = ulong()
            self.call("C_OpenSession", self.slot(), ulong(6), None, None, ctypes.byref(session))
            code = self.library.C_EncryptInit(session, mechanism, key)
            if code:
                return number, code
        return int(most), 0

    def info(self):
        self.call("C_GetSessionInfo", self.session, ctypes.create_string_buffer(64))

    def random(self):
        self.call("C_GenerateRandom", self.session, ctypes.create_string_buffer(16), ulong(16))

    def keys(self):
        """Makes keys until it can't, and says each that was acknowledged."""
        number = 0
        while True:
            self.key("k%d" % number)
            number += 1
            print("made", number, flush=True)


def client_main(module):
    client = Client(module)
    for line in sys.stdin:
        name, *arguments = line.split()
        code, value = 0, None
        try:
            value = getattr(client, name)(*arguments)
        except Refused as refused:
            code = refused.code
        values = value if isinstance(value, tuple) else (value,)
        print("rv", code, *[v for v in values if isinstance(v, int)], flush=True)


if len(sys.argv) == 3 and sys.argv[1] == "--client":
    client_main(sys.argv[2])
    sys.exit(0)


# ---- the test ----

build = os.environ.get("HUKS_BUILDDIR", os.path.join(os.getcwd(), "build"))
passed = failed = skipped = 0
daemons = []


def leave(reason):
    print("skipped:", reason)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(77)


if os.environ.get("HUKS_SANITIZER", "none") not in ("", "no", "none"):
    leave("Python has no sanitizer's runtime")

# A socket's name is short, and other users look into it.
work = tempfile.mkdtemp(prefix="huksd.", dir="/tmp")
os.chmod(work, 0o755)
shutil.copy(os.path.join(build, ".libs/huks-pkcs11.so"), work)
for helper in (__file__, os.path.join(os.path.dirname(os.path.abspath(__file__)), "cryptoki.py")):
    shutil.copy(helper, work)
    os.chmod(os.path.join(work, os.path.basename(helper)), 0o755)
module = os.path.join(work, "huks-pkcs11.so")
path = os.path.join(work, "run/sock")
store = os.path.join(work, "store")
environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}


def write(name, text):
    with open(os.path.join(work, name), "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(os.path.join(work, name), 0o644)
    return os.path.join(work, name)


client_conf = write("client.conf", "service = %s\n" % path)
daemon_conf = write("daemon.conf", "scrypt_log2n = 10\nsession_wait_ms = 50\n")


def check(name, truth, said=""):
    global passed, failed
    if truth:
        passed += 1
        print("ok %d %s" % (passed + failed, name))
    else:
        failed += 1
        print("not ok %d %s: %s" % (passed + failed, name, said))


def wait_for(what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def listens():
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
        return True
    except OSError:
        return False


def daemon(*arguments, wait=True, **more):
    process = subprocess.Popen([os.path.join(build, "huksd"), "--socket", path, "--store", store, *arguments],
                               env={**environment, "HUKS_CONF": daemon_conf}, stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, **more)
    daemons.append(process)
    if wait:
        wait_for(listens)
    return process


def end(process, number=signal.SIGTERM):
    process.send_signal(number)
    status = process.wait(PATIENCE)
    process.stderr.close()
    return status


def children(process):
    with open("/proc/%d/task/%d/children" % (process.pid, process.pid), encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def python_for_others():
    """An interpreter that another user can start: ours may lie in root's home."""
    path = os.path.realpath(sys.executable)
    while path != "/":
        if os.stat(path).st_mode & 0o001 == 0:
            return shutil.which("python3", path="/usr/bin:/bin") or sys.executable
        path = os.path.dirname(path)
    return sys.executable


class Process:
    """A client process, perhaps of another user."""

    def __init__(self, user=None):
        more = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
        self.process = subprocess.Popen([python_for_others(), os.path.join(work, os.path.basename(__file__)), "--client", module],
                                        env={**environment, "HUKS_CONF": client_conf}, cwd="/",
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        return self.process.stdout.readline().split()

    def ask(self, line):
        """The CKR_*, and numbers behind it."""
        self.say(line)
        answer = self.hear()
        return [int(word) for word in answer[1:]] if answer[:1] == ["rv"] else [None]

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def started(*commands, user=None):
    client = Process(user)
    for command in commands:
        code = client.ask(command)[0]
        check("%s of user %s" % (command, "root" if user is None else user), code == OK, code)
    return client


def starting_and_ending():
    run = [os.path.join(build, "huksd")]
    said = subprocess.run(run + ["--help"], env=environment, capture_output=True, text=True, check=False)
    check("--help", said.returncode == 0 and "--socket PATH" in said.stdout, said)
    said = subprocess.run(run + ["--version"], env=environment, capture_output=True, text=True, check=False)
    check("--version", said.returncode == 0 and said.stdout.startswith("huksd "), said)
    for arguments in (["--what"], ["operand"], ["--workers", "0"], ["--workers", "x"]):
        said = subprocess.run(run + arguments, env=environment, capture_output=True, text=True, check=False)
        check("%s is refused" % arguments, said.returncode == 2 and "huksd" in said.stderr, said)
    process = daemon()
    mode = os.stat(path).st_mode & 0o7777
    check("everybody may connect", mode == 0o666, oct(mode))
    check("its directory is nobody else's", os.stat(os.path.dirname(path)).st_mode & 0o7777 == 0o755)
    check("the stores are", os.stat(store).st_mode & 0o7777 == 0o700)
    second = daemon(wait=False)
    check("a second one is refused", second.wait(PATIENCE) == 1 and b"another huksd" in second.stderr.read())
    second.stderr.close()
    client = started("init")
    check("SIGTERM ends it", end(process) == 0)
    check("and takes the socket along", not os.path.exists(path))
    check("DEVICE_REMOVED", client.ask("random")[0] == DEVICE_REMOVED)
    client.close()
    client = Process()
    check("C_Initialize without it", client.ask("init")[0] == GENERAL_ERROR)
    process = daemon()
    end(process, signal.SIGKILL)
    check("a killed one leaves its socket", os.path.exists(path) and not listens())
    process = daemon()
    check("which the next replaces", listens())
    check("C_Initialize with it", client.ask("init")[0] == OK)
    client.close()
    end(process)
    write("run/sock", "not a socket")
    second = daemon(wait=False)
    check("a file in its place is refused", second.wait(PATIENCE) == 1 and b"another kind" in second.stderr.read())
    second.stderr.close()
    os.unlink(path)
    os.chmod(store, 0o777)
    second = daemon(wait=False)
    check("stores that others write are refused", second.wait(PATIENCE) == 1 and b"others may" in second.stderr.read())
    second.stderr.close()
    os.chmod(store, 0o700)


def deaths():
    process = daemon()
    client = started("init", "token", "open", "key first")
    worker = children(process)
    check("one client, one worker", len(worker) == 1, worker)
    os.kill(worker[0], signal.SIGKILL)
    wait_for(lambda: children(process) == [])
    check("its session is gone with the worker", client.ask("info")[0] == SESSION_HANDLE_INVALID)
    check("it goes on with another", client.ask("open") == [OK] and client.ask("count first") == [OK, 1])

    acknowledged = 0
    for victim in ("worker", "huksd"):
        maker = started("init", "open")
        maker.say("keys")
        while maker.hear()[:1] == ["made"]:
            acknowledged += 1
            if acknowledged % 7 == 0:
                break
        if victim == "worker":
            os.kill(max(children(process)), signal.SIGKILL)
        else:
            end(process, signal.SIGKILL)
        words = maker.hear()
        while words[:1] == ["made"]:
            acknowledged += 1
            words = maker.hear()
        check("the %s is killed in the midst: DEVICE_ERROR" % victim,
              int(words[1]) in (DEVICE_ERROR, SESSION_HANDLE_INVALID) if victim == "worker"
              else int(words[1]) in (DEVICE_ERROR, DEVICE_REMOVED), words)
        if victim == "huksd":
            check("the worker ends with it", wait_for(lambda: maker.ask("random")[0] == DEVICE_REMOVED))
            process = daemon()
        check("it opens again", maker.ask("open") == [OK])
        # One that was made and not acknowledged may be there as well.
        there = maker.ask("count")[1] - 1
        check("all %d keys that were acknowledged are there" % acknowledged, acknowledged <= there <= acknowledged + 1, there)
        acknowledged = there
        maker.close()
    client.close()

    # Who is killed takes his worker along.
    client = started("init", "open")
    check("a worker", wait_for(lambda: len(children(process)) == 1))
    client.process.kill()
    client.process.wait()
    check("a killed client's worker ends", wait_for(lambda: children(process) == []))
    client.process.stdin.close()
    client.process.stdout.close()
    end(process)


def users():
    if os.getuid() != 0:
        print("skipped: only root can be other users")
        return 1
    process = daemon()
    one, other = started("init", "token", "open", "key mine", user=65534), started("init", user=65533)
    check("another user has no token of his", other.ask("open")[0] != OK)
    check("another makes one", other.ask("token") == [OK] and other.ask("open") == [OK])
    check("with no key in it", other.ask("count") == [OK, 0])
    check("each has a store", all(os.stat("%s/uid-%d" % (store, uid)).st_mode & 0o7777 == 0o700 for uid in (65533, 65534)))
    check("his own key is there", one.ask("count mine") == [OK, 1])
    first, second = one.ask("begin 9"), other.ask("begin 15")
    check("one limit for both", first == [OK, 9, 0] and second == [OK, 6, SESSION_COUNT], (first, second))
    one.process.kill()
    one.process.wait()
    check("and what the dead one held is free again",
          wait_for(lambda: len(children(process)) == 1) and other.ask("begin 9") == [OK, 9, 0])
    other.close()
    worker = started("init", "open", user=65533)
    pid = children(process)[0]
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        status = file.read()
    check("a worker gains no rights", "NoNewPrivs:\t1" in status)
    with open("/proc/%d/limits" % pid, encoding="ascii") as file:
        check("and dumps no core", "Max core file size        0                    0" in file.read())
    worker.close()
    one.process.stdin.close()
    one.process.stdout.close()
    end(process)
    process = daemon("--workers", "2")
    crowd = [started("init", user=65534) for _ in range(2)]
    third = Process(65534)
    check("a third client of two is refused", third.ask("init")[0] == GENERAL_ERROR)
    stranger = started("init", user=65533)
    crowd.pop().close()
    check("until one has gone", wait_for(lambda: third.ask("init")[0] == OK))
    for client in crowd + [third, stranger]:
        client.close()
    end(process)
    return 0


def unprivileged():
    """Started as an account that is nobody special: it serves its own clients and others', or says what it lacks."""
    if os.getuid() != 0:
        print("skipped: only root can be other users")
        return 1
    account = {"user": 65534, "group": 65534, "extra_groups": []}
    shutil.copy(os.path.join(build, "huksd"), work)
    home = os.path.join(work, "home")
    os.mkdir(home)
    os.chown(home, 65534, 65534)

    def start(socket_path, store_path, **more):
        return subprocess.Popen([os.path.join(work, "huksd"), "--socket", socket_path, "--store", store_path], cwd="/",
                                env={**environment, "HUKS_CONF": daemon_conf}, stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, **account, **more)

    sock, own = home + "/run/sock", home + "/store"
    for name, process, words in (
            ("a socket where it may not write", start(work + "/no/sock", own), ["/no/sock", "user 65534", "Permission denied"]),
            ("stores where it may not write", start(sock, work + "/no/store"), [work + "/no", "user 65534"])):
        said = process.communicate(timeout=PATIENCE)[1].decode()
        check("%s: a sentence says it" % name, process.returncode == 1 and all(word in said for word in words), said)
    process = start(sock, own)
    daemons.append(process)
    write("client.conf", "service = %s\n" % sock)
    check("it starts", wait_for(lambda: os.path.exists(sock)))
    clients = [started("init", "token", "open", "key mine", user=user) for user in (65534, 65533)]
    for client in clients:
        check("operations", client.ask("begin 3") == [OK, 3, 0])
        check("one key each", client.ask("count") == [OK, 2] and client.ask("count mine") == [OK, 1])
    for client in clients:
        client.close()
    check("the stores are the account's", all(os.stat("%s/uid-%d" % (own, user)).st_uid == 65534 for user in (65534, 65533)))
    os.chmod(own + "/uid-65533", 0o777)
    log = write("client.log", "")
    os.chmod(log, 0o666)
    write("client.conf", "service = %s\nlog_level = debug\nlog_target = %s\n" % (sock, log))
    client = Process(65533)
    check("a store that others write is refused", client.ask("init") == [GENERAL_ERROR])
    client.close()
    with open(log, encoding="utf-8") as file:
        said = file.read()
    check("by its name and mode", own + "/uid-65533" in said and "0777" in said, said)
    write("client.conf", "service = %s\n" % path)
    check("it ends", end(process) == 0 and not os.path.exists(sock))
    return 0


def hostile_bytes():
    process = daemon()
    client = started("init", "open")
    worker = children(process)[0]
    random = struct.Struct("<IIIIQ")
    hello = random.pack(0x534B5548, 1, 1, 0, 8) + struct.pack("<Q", 1)
    noise = [b"", b"G", b"GET / HTTP/1.0\r\n\r\n", bytes(4096), b"\xff" * 4096, hello[:20], hello + b"\xff" * 64,
             hello + random.pack(0x534B5548, 2, 0, 0, 0), hello + random.pack(0x534B5548, 3, 0, 0, 1 << 63),
             random.pack(0x534B5548, 1, 1, 0, 1 << 30) + b"x", random.pack(0x534B5548, 1, 99, 0, 8) + bytes(8)]
    for number, data in enumerate(noise):
        with socket.socket(socket.AF_UNIX) as enemy:
            enemy.connect(path)
            try:
                enemy.sendall(data)
                enemy.shutdown(socket.SHUT_WR)
                enemy.settimeout(PATIENCE)
                while enemy.recv(4096):
                    pass
                heard = True
            except (BrokenPipeError, ConnectionResetError):
                heard = True
            except socket.timeout:
                heard = False
            check("noise %d is hung up on" % number, heard)
        check("and hurts nobody", client.ask("random") == [OK] and children(process)[0] == worker)
    client.close()
    check("no worker is left", wait_for(lambda: children(process) == []))
    end(process)


def activation():
    """As systemd does it: the socket is number 3, and readiness is told to another."""
    told, said = os.path.join(work, "notify"), b""
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        listening.bind(path)
        os.chmod(path, 0o666)
        listening.listen(8)
        notify.bind(told)
        notify.settimeout(PATIENCE)
        ready = "import os, sys\nos.dup2(%d, 3, True)\nos.environ['LISTEN_PID'] = str(os.getpid())\n" \
                "os.execv(sys.argv[1], sys.argv[1:])\n" % listening.fileno()
        process = subprocess.Popen([sys.executable, "-c", ready, os.path.join(build, "huksd"), "--store", store],
                                   env={**environment, "HUKS_CONF": daemon_conf, "LISTEN_FDS": "1", "NOTIFY_SOCKET": told},
                                   pass_fds=(listening.fileno(), 3) if listening.fileno() != 3 else (3,),
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            said = notify.recv(4096)
        except socket.timeout:
            pass
        check("it says when it is ready", b"READY=1" in said, said)
        client = started("init", "open", "count")
        client.close()
        check("SIGINT ends it, too", end(process, signal.SIGINT) == 0)
        check("the socket is its maker's", os.path.exists(path))
    os.unlink(path)


def activation_built():
    with open(os.path.join(build, "config.h"), encoding="ascii") as file:
        return "#define HAVE_LIBSYSTEMD 1" in file.read()


try:
    starting_and_ending()
    deaths()
    hostile_bytes()
    skipped += users()
    skipped += unprivileged()
    if activation_built():
        activation()
    else:
        skipped += 1
        print("skipped: built without libsystemd")
finally:
    for left in daemons:
        if left.poll() is None:
            left.kill()
    shutil.rmtree(work, ignore_errors=True)
print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
sys.exit(1 if failed else 0)
