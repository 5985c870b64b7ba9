"""usage: tests/interop/pykcs11.py

PyKCS11: a token's life from Python, a fork, and an exit that finalises nothing. Signatures are verified
by openssl, outside this process. The module is $HUKS_MODULE.
"""
import atexit
import os
import shutil
import subprocess
import sys
import tempfile

PIN, SO_PIN, LABEL = "123456", "12345678", "interop"
counts = {"passed": 0, "failed": 0, "skipped": 0}


def skip_all(reason):
    print("skipped: " + reason)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(77)


def report(name, good, why=""):
    counts["passed" if good else "failed"] += 1
    print("%s %d %s%s" % ("ok" if good else "not ok", sum(counts.values()), name, "" if good else ": " + why))


def check(name, action):
    """Runs action; it fails by an exception or by saying False."""
    try:
        answer = action()
    except Exception as error:  # whatever it is, it is what the check is about
        report(name, False, "%s: %s" % (type(error).__name__, error))
        return None
    report(name, answer is not False, "no")
    return answer


def refuse(name, code, action):
    try:
        action()
    except PyKCS11.PyKCS11Error as error:
        report(name, error.value == code, "%s" % error)
    else:
        report(name, False, "it is not refused")


source = os.environ.get("HUKS_SRCDIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
build = os.environ.get("HUKS_BUILDDIR") or os.path.join(source, "build")
module = os.path.abspath(os.environ.get("HUKS_MODULE") or os.path.join(build, ".libs/huks-pkcs11.so"))
softhsm = "softhsm" in module
if os.environ.get("HUKS_SANITIZER"):
    skip_all("python can't load a module built with " + os.environ["HUKS_SANITIZER"])
try:
    import PyKCS11
except ImportError:
    skip_all("PyKCS11 is missing: Debian package python3-pykcs11")

work = tempfile.mkdtemp(prefix="interop.")
os.chdir(work)
owner = os.getpid()
os.environ.update(HUKS_STORE=os.path.join(work, "store"), SOFTHSM2_CONF=os.path.join(work, "softhsm2.conf"))
for variable in ("HUKS_CONF", "HUKS_LOG"):
    os.environ.pop(variable, None)
os.mkdir("tokens")
with open("softhsm2.conf", "w") as conf:
    conf.write("directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n" % work)


def openssl_accepts(public_pem, signature, text, *options):
    for name, content in (("public.pem", public_pem), ("signature", signature), ("text", text)):
        with open(name, "wb") as file:
            file.write(bytes(content))
    command = ["openssl", "dgst", "-sha256", *options, "-verify", "public.pem", "-signature", "signature", "text"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def der_integer(number):
    number = bytes(number).lstrip(b"\0") or b"\0"
    return der(2, b"\0" + number if number[0] & 0x80 else number)


def pem(algorithm, key):
    spki = der(0x30, der(0x30, algorithm) + der(3, b"\0" + key))
    return subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER"], input=spki, stdout=subprocess.PIPE).stdout


def new_token(library):
    """The token's slot; a token that nobody has initialised becomes it."""
    for slot in library.getSlotList(tokenPresent=True):
        if library.getTokenInfo(slot).label.strip(" \0") == LABEL:
            return slot
    slot = library.getSlotList(tokenPresent=True)[-1]
    library.initToken(slot, SO_PIN, LABEL.ljust(32))  # PyKCS11 passes on what it is given
    slot = new_token(library)
    session = library.openSession(slot, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
    session.login(SO_PIN, PyKCS11.CKU_SO)
    session.initPin(PIN)
    session.logout()
    session.closeSession()
    return slot


def log_in(library, slot):
    session = library.openSession(slot, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
    session.login(PIN)
    return session


TEXT = b"Pay 100 to Alice.\n"
P256 = bytes.fromhex("06082a8648ce3d030107")


def mechanisms(library, slot):
    """PyKCS11 names each number and fails on those younger than itself: a program gives it the names it lacks."""
    while True:
        try:
            return library.getMechanismList(slot)
        except KeyError as unknown:
            PyKCS11.CKM[unknown.args[0]] = f"CKM_{unknown.args[0]:#x}"


def life(library, slot, session):
    """Keys, signatures, encryption, objects, a search; returns the RSA pair."""
    check("C_GetInfo", lambda: library.getInfo().manufacturerID.strip() != "")
    check("C_GetMechanismList", lambda: "CKM_RSA_PKCS" in mechanisms(library, slot))
    refuse("a wrong PIN", PyKCS11.CKR_USER_ALREADY_LOGGED_IN, lambda: session.login(PIN))

    common = [(PyKCS11.CKA_TOKEN, PyKCS11.CK_TRUE), (PyKCS11.CKA_LABEL, "rsa"), (PyKCS11.CKA_ID, (1,))]
    public, private = session.generateKeyPair(
        common + [(PyKCS11.CKA_MODULUS_BITS, 2048), (PyKCS11.CKA_PUBLIC_EXPONENT, (1, 0, 1)),
                  (PyKCS11.CKA_VERIFY, PyKCS11.CK_TRUE), (PyKCS11.CKA_ENCRYPT, PyKCS11.CK_TRUE)],
        common + [(PyKCS11.CKA_SIGN, PyKCS11.CK_TRUE), (PyKCS11.CKA_DECRYPT, PyKCS11.CK_TRUE),
                  (PyKCS11.CKA_SENSITIVE, PyKCS11.CK_TRUE)])
    modulus, exponent = session.getAttributeValue(public, [PyKCS11.CKA_MODULUS, PyKCS11.CKA_PUBLIC_EXPONENT])
    rsa_pem = pem(bytes.fromhex("06092a864886f70d0101010500"), der(0x30, der_integer(modulus) + der_integer(exponent)))
    rsa = PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS, None)
    check("RSA signs", lambda: openssl_accepts(rsa_pem, session.sign(private, TEXT, rsa), TEXT))
    check("RSA verifies", lambda: session.verify(public, TEXT, session.sign(private, TEXT, rsa), rsa))
    check("RSA refuses another text", lambda: not session.verify(public, b"forged", session.sign(private, TEXT, rsa), rsa))
    pss = PyKCS11.RSA_PSS_Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS_PSS, PyKCS11.CKM_SHA256, PyKCS11.CKG_MGF1_SHA256, 32)
    check("RSA-PSS signs", lambda: openssl_accepts(rsa_pem, session.sign(private, TEXT, pss), TEXT,
                                                   "-sigopt", "rsa_padding_mode:pss"))
    oaep = PyKCS11.RSAOAEPMechanism(PyKCS11.CKM_SHA_1, PyKCS11.CKG_MGF1_SHA1)
    check("RSA-OAEP and back", lambda: bytes(session.decrypt(private, session.encrypt(public, TEXT, oaep), oaep)) == TEXT)

    ec = [(PyKCS11.CKA_TOKEN, PyKCS11.CK_TRUE), (PyKCS11.CKA_LABEL, "ec"), (PyKCS11.CKA_ID, (2,))]
    ec_public, ec_private = session.generateKeyPair(
        ec + [(PyKCS11.CKA_EC_PARAMS, tuple(P256)), (PyKCS11.CKA_VERIFY, PyKCS11.CK_TRUE)],
        ec + [(PyKCS11.CKA_SIGN, PyKCS11.CK_TRUE)],
        PyKCS11.Mechanism(PyKCS11.CKM_EC_KEY_PAIR_GEN, None))
    point = bytes(session.getAttributeValue(ec_public, [PyKCS11.CKA_EC_POINT])[0])
    ec_pem = pem(bytes.fromhex("06072a8648ce3d0201") + P256, point[2:])
    digest = bytes(session.digest(TEXT, PyKCS11.Mechanism(PyKCS11.CKM_SHA256, None)))

    def ecdsa():
        raw = bytes(session.sign(ec_private, digest, PyKCS11.Mechanism(PyKCS11.CKM_ECDSA, None)))
        return len(raw) == 64 and openssl_accepts(
            ec_pem, der(0x30, der_integer(raw[:32]) + der_integer(raw[32:])), TEXT)
    check("ECDSA signs", ecdsa)

    aes = session.generateKey([
        (PyKCS11.CKA_CLASS, PyKCS11.CKO_SECRET_KEY), (PyKCS11.CKA_KEY_TYPE, PyKCS11.CKK_AES),
        (PyKCS11.CKA_VALUE_LEN, 32), (PyKCS11.CKA_ENCRYPT, PyKCS11.CK_TRUE), (PyKCS11.CKA_DECRYPT, PyKCS11.CK_TRUE),
        (PyKCS11.CKA_TOKEN, PyKCS11.CK_FALSE)])
    cbc = PyKCS11.Mechanism(PyKCS11.CKM_AES_CBC_PAD, bytes(16))
    check("AES-CBC-PAD and back", lambda: bytes(session.decrypt(aes, session.encrypt(aes, TEXT, cbc), cbc)) == TEXT)
    gcm = PyKCS11.AES_GCM_Mechanism(bytes(12), b"aad", 128)
    check("AES-GCM and back", lambda: bytes(session.decrypt(aes, session.encrypt(aes, TEXT, gcm), gcm)) == TEXT)

    data = session.createObject([
        (PyKCS11.CKA_CLASS, PyKCS11.CKO_DATA), (PyKCS11.CKA_TOKEN, PyKCS11.CK_TRUE), (PyKCS11.CKA_LABEL, "note"),
        (PyKCS11.CKA_VALUE, TEXT)])
    check("a data object comes back", lambda: bytes(session.getAttributeValue(data, [PyKCS11.CKA_VALUE])[0]) == TEXT)
    check("a search by label", lambda: len(session.findObjects([(PyKCS11.CKA_LABEL, "rsa")])) == 2)
    check("a search for nothing", lambda: len(session.findObjects([(PyKCS11.CKA_LABEL, "nobody")])) == 0)
    check("all attributes of all objects", lambda: [found.to_dict() for found in session.findObjects()] != [])
    check("C_SetAttributeValue", lambda: session.setAttributeValue(data, [(PyKCS11.CKA_LABEL, "letter")]))
    check("C_DestroyObject", lambda: session.destroyObject(data))
    check("it is gone", lambda: len(session.findObjects([(PyKCS11.CKA_LABEL, "letter")])) == 0)
    check("C_GenerateRandom", lambda: bytes(session.generateRandom(32)) != bytes(session.generateRandom(32)))
    check("C_SeedRandom", lambda: session.seedRandom(b"more"))
    refuse("a private key is not read", PyKCS11.CKR_ATTRIBUTE_SENSITIVE,
           lambda: session.getAttributeValue(private, [PyKCS11.CKA_PRIVATE_EXPONENT], True) == [None] and
           raise_error(PyKCS11.CKR_ATTRIBUTE_SENSITIVE))
    check("C_SetPIN", lambda: session.setPin(PIN, "654321"))
    check("C_SetPIN, back", lambda: session.setPin("654321", PIN))
    return private, rsa_pem


def raise_error(code):
    raise PyKCS11.PyKCS11Error(code)


def status_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def divided(library, slot, session, private, rsa_pem):
    """os.fork with a session open: the child starts anew, another just leaves; the parent goes on."""
    rsa = PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS, None)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            library.getSlotList()
        except PyKCS11.PyKCS11Error as error:
            if error.value == PyKCS11.CKR_CRYPTOKI_NOT_INITIALIZED:
                code = 0
        os._exit(code)
    report("the child is not initialised", status_of(pid) == 0, "it is")

    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.mkdir("child")
            os.chdir("child")
            library.lib.C_Initialize()
            mine = log_in(library, slot)
            key = mine.findObjects([(PyKCS11.CKA_LABEL, "rsa"), (PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])[0]
            code = 0 if openssl_accepts(rsa_pem, mine.sign(key, b"child", rsa), b"child") else 2
        except Exception as error:
            print("the child: %s" % error, file=sys.stderr)
        sys.stdout.flush()
        os._exit(code)
    report("the child initialises and signs", status_of(pid) == 0, "it does not")

    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        sys.exit(0)  # with the interpreter's whole end
    report("a child that just leaves", status_of(pid) == 0, "it ends badly")
    check("the parent goes on", lambda: openssl_accepts(rsa_pem, session.sign(private, TEXT, rsa), TEXT))


def leaving(way):
    """A process of its own that uses the token and ends in a certain way."""
    program = [sys.executable, os.path.abspath(__file__), "--leave", way]
    answer = subprocess.run(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    good = answer.returncode == 0 and answer.stdout.strip() == b"done"
    report("leaving: " + way, good, "%d: %s" % (answer.returncode, answer.stdout.decode(errors="replace")))


def leave(way):
    library = PyKCS11.PyKCS11Lib()
    library.load(module)
    slot = new_token(library)
    session = log_in(library, slot)
    session.generateRandom(16)
    key = session.findObjects([(PyKCS11.CKA_LABEL, "rsa"), (PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])[0]
    session.sign(key, TEXT, PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS, None))
    print("done", flush=True)
    if way == "without a word":
        os._exit(0)
    if way == "with all open":
        globals()["kept"] = (library, session)
        return
    if way == "finalising at exit":
        atexit.register(library.lib.C_Finalize)
        globals()["kept"] = (library, session)
        return
    if way == "logged out":
        session.logout()
        session.closeSession()
    if way == "unloaded":
        del session, key, library  # the last of them finalises and unloads


def main():
    library = PyKCS11.PyKCS11Lib()
    library.load(module)
    slot = check("a token", lambda: new_token(library))
    if slot is None:
        return
    session = check("a login", lambda: log_in(library, slot))
    if session is None:
        return
    refuse("a wrong SO PIN", PyKCS11.CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
           lambda: session.login("11111111", PyKCS11.CKU_SO))
    private, rsa_pem = life(library, slot, session)
    if softhsm:
        counts["skipped"] += 1
        print("skipped %d fork: SoftHSM2 knows no child" % sum(counts.values()))
    else:
        divided(library, slot, session, private, rsa_pem)
    for way in ("without a word", "with all open", "finalising at exit", "logged out", "unloaded"):
        leaving(way)
    session.logout()
    session.closeSession()


if sys.argv[1:2] == ["--leave"]:
    os.chdir(os.environ["INTEROP_WORK"])
    shutil.rmtree(work)
    os.environ.update(HUKS_STORE=os.environ["INTEROP_WORK"] + "/store",
                      SOFTHSM2_CONF=os.environ["INTEROP_WORK"] + "/softhsm2.conf")
    leave(sys.argv[2])
    sys.exit(0)

os.environ["INTEROP_WORK"] = work
try:
    main()
except Exception as error:
    report("to the end", False, "%s: %s" % (type(error).__name__, error))
finally:
    if os.getpid() == owner:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)
version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "python3-pykcs11"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout if shutil.which("dpkg-query") else ""
print("consumer: PyKCS11\t%s\t%d\t%d\t%d" % (version or "?", *counts.values()))
print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
sys.exit(1 if counts["failed"] else 0)
