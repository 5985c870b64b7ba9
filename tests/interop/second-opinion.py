#!/usr/bin/env python3
"""usage: tests/interop/second-opinion.py [SEED [ROUNDS]]

This module and SoftHSM2 in one process, on the same keys and random data: what one makes, the other must read, and
the reverse; what is changed on the way both must refuse. Every mechanism that both list is used or is in EXCUSED
with its reason. HUKS_TEST_LONG=1: more rounds.
"""
import os
import random
import shutil
import struct
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import cryptoki as p11
import sources
import vectors as v
from cryptoki import Mechanism, Refused, pack, template
from vectors import equal

SOFTHSM = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
AES, DES, DES2, DES3, GENERIC = 0x1F, 0x13, 0x14, 0x15, 0x10
EXCUSED = {0x2001: "a safe prime takes minutes; the DH keys here use RFC 3526's"}
EXCUSED.update(dict.fromkeys((0x121, 0x122, 0x125, 0x1100, 0x1101),
                             "SoftHSM2 lists single DES, but its libcrypto keeps it in the legacy provider"))
CURVES = {32: "06082a8648ce3d030107", 48: "06052b81040022", 66: "06052b81040023"}
# RFC 3526, 1536 bits
PRIME = bytes.fromhex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF")
used, done, chance = set(), {}, random.Random()
here = there = None


def count(name):
    done[name] = done.get(name, 0) + 1


def ways():
    """(who makes, who reads), both ways"""
    return ((here, there), (there, here))


def spec(number, parameter=b""):
    used.add(number)
    return Mechanism(number, parameter)


def refused(action, *arguments):
    try:
        action(*arguments)
    except Refused:
        return
    raise AssertionError("a change isn't refused")


def blob(size=None):
    return chance.randbytes(chance.randrange(1, 200) if size is None else size)


def both(kind, value, *uses):
    return {token: token.secret(kind, value, *uses) for token in (here, there)}


def attribute(token, key, which):
    buffer = p11.ctypes.create_string_buffer(4096)
    raw = bytearray(struct.pack("@LPL", which, p11.ctypes.addressof(buffer), 4096))
    token.on("C_GetAttributeValue", key, (p11.ctypes.c_char * len(raw)).from_buffer(raw), p11.ulong(1))
    return buffer.raw[:struct.unpack("@LPL", bytes(raw))[2]]


def without_zeros(key, wrapped):
    """SoftHSM2 fills a PrivateKeyInfo up with zeros before it is wrapped, though RFC 5649 does so itself."""
    plain = here.crypt("Decrypt", Mechanism(0x210A), key, wrapped)
    _tag, _inside, rest = sources.der(plain)
    assert not rest.strip(b"\0") and len(rest) < 8, "more than zeros behind a private key"
    return here.crypt("Encrypt", Mechanism(0x210A), key, plain[:len(plain) - len(rest)])


def pair(token, number, public, private, parts, kind, wraps=True):
    """A pair made by `token`; the other gets the public half by value and, where it `wraps`, the private one wrapped."""
    other = there if token is here else here
    common = [(p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False)]
    ours, ours_count, _a = template(common + public)
    secret, secret_count, _b = template(common + [(p11.CKA_SENSITIVE, False), (p11.CKA_EXTRACTABLE, True)] + private)
    keys = p11.ulong(), p11.ulong()
    token.on("C_GenerateKeyPair", spec(number).raw, ours, p11.ulong(ours_count), secret, p11.ulong(secret_count),
             p11.ctypes.byref(keys[0]), p11.ctypes.byref(keys[1]))
    seen = [(name, attribute(token, keys[0], name)) for name in parts]
    uses = [pair for pair in public if pair[1] is True]
    copy = other.create([(p11.CKA_CLASS, p11.CKO_PUBLIC_KEY), (p11.CKA_KEY_TYPE, kind)] + common + seen + uses)
    if not wraps:
        return {token: keys, other: (copy, None)}
    by = both(AES, blob(32), p11.CKA_WRAP, p11.CKA_UNWRAP, p11.CKA_ENCRYPT, p11.CKA_DECRYPT)
    wrapped = token.wrap(spec(0x210A), by[token], keys[1])
    if token is there:
        wrapped = without_zeros(by[here], wrapped)
    raw, size, _c = template([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY), (p11.CKA_KEY_TYPE, kind),
                              (p11.CKA_SENSITIVE, False)] + common + [pair for pair in private if pair[1] is True])
    came = p11.ulong()
    other.on("C_UnwrapKey", Mechanism(0x210A).raw, by[other], wrapped, p11.ulong(len(wrapped)), raw, p11.ulong(size),
             p11.ctypes.byref(came))
    count("private keys wrapped and unwrapped")
    return {token: keys, other: (copy, came)}


def signed(name, keys, mechanisms, data):
    for mechanism in mechanisms:
        for maker, reader in ways():
            if keys[maker][1] is None:
                continue
            signature = maker.sign(mechanism, keys[maker][1], data)
            reader.verify(mechanism, keys[reader][0], data, signature)
            at = chance.randrange(len(signature) * 8)
            refused(reader.verify, mechanism, keys[reader][0], data, v.flip(signature, at))
            count(name)


# ---- what is exercised ----

def digests():
    for number in (0x210, 0x220, 0x250, 0x255, 0x260, 0x270):
        data = blob()
        equal(here.digest(spec(number), data), there.digest(spec(number), data), "digest")
        count("digests")


def macs():
    for number in (0x211, 0x221, 0x251, 0x256, 0x261, 0x271):
        keys = both(GENERIC, blob(chance.randrange(64, 128)), p11.CKA_SIGN, p11.CKA_VERIFY)
        signed("MACs", {token: (key, key) for token, key in keys.items()}, [spec(number)], blob())
    for kind, size, number in ((AES, chance.choice((16, 24, 32)), 0x108A), (DES3, 24, 0x138)):
        keys = both(kind, blob(size), p11.CKA_SIGN, p11.CKA_VERIFY)
        signed("MACs", {token: (key, key) for token, key in keys.items()}, [spec(number)], blob())


def crypt(name, number, parameter, keys, data, tagged=False):
    mechanism = spec(number, parameter)
    for maker, reader in ways():
        sealed = maker.crypt("Encrypt", mechanism, keys[maker], data)
        equal(reader.crypt("Decrypt", mechanism, keys[reader], sealed), data, "decrypted by the other")
        if tagged:
            refused(reader.crypt, "Decrypt", mechanism, keys[reader], v.flip(sealed, chance.randrange(9999)))
        count(name)


def ciphers():
    keys = both(AES, blob(chance.choice((16, 24, 32))), p11.CKA_ENCRYPT, p11.CKA_DECRYPT)
    blocks, iv, nonce = 16 * chance.randrange(1, 9), blob(16), blob(12)
    crypt("ciphers", 0x1081, b"", keys, blob(blocks))
    crypt("ciphers", 0x1082, iv, keys, blob(blocks))
    crypt("ciphers", 0x1085, iv, keys, blob())
    crypt("ciphers", 0x1086, struct.pack("@L16s", 128, iv[:12] + bytes(4)), keys, blob())
    crypt("ciphers", 0x1087, pack(nonce, 96, blob(), 128), keys, blob(), True)
    keys = both(DES3, blob(24), p11.CKA_ENCRYPT, p11.CKA_DECRYPT)
    crypt("ciphers", 0x132, b"", keys, blob(blocks))
    crypt("ciphers", 0x133, iv[:8], keys, blob(blocks))
    crypt("ciphers", 0x136, iv[:8], keys, blob())


def secret_wrapping():
    by, value = both(AES, blob(32), p11.CKA_WRAP, p11.CKA_UNWRAP), blob(8 * chance.randrange(2, 9))
    key = both(GENERIC, value)
    for number in (0x2109, 0x210A):
        for maker, reader in ways():
            wrapped = maker.wrap(spec(number), by[maker], key[maker])
            equal(reader.unwrap(spec(number), by[reader], wrapped), value, "unwrapped by the other")
            refused(reader.unwrap, spec(number), by[reader], v.flip(wrapped, chance.randrange(9999)))
            count("secrets wrapped and unwrapped")


def generated():
    """Keys that one generates work for the other."""
    for number, size in ((0x1080, 32), (0x350, 24), (0x120, None), (0x130, None), (0x131, None)):
        for maker, reader in ways():
            raw, attributes, _kept = template(
                [(p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False), (p11.CKA_SENSITIVE, False),
                 (p11.CKA_EXTRACTABLE, True)] + ([(p11.CKA_VALUE_LEN, size)] if size else []))
            handle = p11.ulong()
            maker.on("C_GenerateKey", spec(number).raw, raw, p11.ulong(attributes), p11.ctypes.byref(handle))
            value = maker.value(handle)
            kind = {0x1080: AES, 0x350: GENERIC, 0x120: DES, 0x130: DES2, 0x131: DES3}[number]
            equal(reader.value(reader.secret(kind, value)), value, "value")
            maker.destroy(handle)
            count("keys generated")


def derived_by_encryption():
    for kind, size, ecb, cbc, block in ((AES, 16, 0x1104, 0x1105, 16), (DES3, 24, 0x1102, 0x1103, 8)):
        keys, data, iv = both(kind, blob(size), p11.CKA_DERIVE), blob(32), blob(block)
        inside, kept = pack(data)
        for mechanism in (spec(ecb, (inside, kept)), spec(cbc, (iv + inside, kept))):
            equal(here.derive(mechanism, keys[here], 32), there.derive(mechanism, keys[there], 32), "derived")
            count("derivations")


def rsa(maker):
    uses = [(p11.CKA_VERIFY, True), (p11.CKA_ENCRYPT, True), (p11.CKA_WRAP, True)]
    own = [(p11.CKA_SIGN, True), (p11.CKA_DECRYPT, True), (p11.CKA_UNWRAP, True)]
    keys = pair(maker, 0x0, [(0x121, 2048), (0x122, b"\1\0\1")] + uses, own, (0x120, 0x122), 0)
    pss = [(0xE, 0x220, 1, 20), (0x43, 0x250, 2, 32), (0x44, 0x260, 3, 48), (0x45, 0x270, 4, 64), (0x47, 0x255, 5, 28)]
    signed("RSA signatures", keys, [spec(n) for n in (0x1, 0x5, 0x6, 0x40, 0x41, 0x42, 0x46)], blob(100))
    signed("RSA signatures", keys, [spec(n, pack(h, mgf, chance.randrange(size + 1))) for n, h, mgf, size in pss],
           blob())
    signed("RSA signatures", keys, [spec(0xD, pack(0x250, 2, 32))], blob(32))
    signed("RSA signatures", keys, [spec(0x3)], b"\0" + blob(255))
    oaep = pack(0x220, 1, 1, 0, 0)
    value, secret = blob(32), None
    for number, parameter in ((0x1, b""), (0x9, oaep)):
        for one, other in ways():
            mechanism, data = spec(number, parameter), blob(chance.randrange(1, 100))
            sealed = one.crypt("Encrypt", mechanism, keys[one][0], data)
            equal(other.crypt("Decrypt", mechanism, keys[other][1], sealed), data, "decrypted by the other")
            secret = one.secret(GENERIC, value)
            wrapped = one.wrap(mechanism, keys[one][0], secret)
            equal(other.unwrap(mechanism, keys[other][1], wrapped), value, "unwrapped by the other")
            count("RSA encryption and wrapping")


def elliptic(maker):
    for size, oid in CURVES.items():
        params = [(sources.CKA_EC_PARAMS, bytes.fromhex(oid))]
        keys = pair(maker, 0x1040, params + [(p11.CKA_VERIFY, True)], [(p11.CKA_SIGN, True), (p11.CKA_DERIVE, True)],
                    (sources.CKA_EC_PARAMS, sources.CKA_EC_POINT), 3)
        signed("ECDSA signatures", keys, [spec(0x1041)], blob(32))
        _tag, point, _rest = sources.der(attribute(here, keys[here][0], sources.CKA_EC_POINT))
        mechanism = spec(0x1050, pack(1, 0, 0, len(point), [point]))
        equal(here.derive(mechanism, keys[here][1], size), there.derive(mechanism, keys[there][1], size), "secret")
        count("agreement")


def edwards(maker):
    keys = pair(maker, 0x1055, [(sources.CKA_EC_PARAMS, bytes.fromhex("06032b6570")), (p11.CKA_VERIFY, True)],
                [(p11.CKA_SIGN, True)], (sources.CKA_EC_PARAMS, sources.CKA_EC_POINT), 0x40, False)  # SoftHSM2 wraps none
    signed("EdDSA signatures", keys, [spec(0x1057)], blob())


def dh(maker):
    keys = pair(maker, 0x20, [(0x130, PRIME), (0x132, b"\2")], [(p11.CKA_DERIVE, True)], (0x130, 0x132, p11.CKA_VALUE), 2)
    peer = attribute(here, keys[here][0], p11.CKA_VALUE)
    mechanism = spec(0x21, peer)
    equal(here.derive(mechanism, keys[here][1], 192), there.derive(mechanism, keys[there][1], 192), "secret")
    count("agreement")


def dsa(maker):
    raw, size, _kept = template([(0x133, 1024), (p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False)])
    domain = p11.ulong()
    maker.on("C_GenerateKey", spec(0x2000).raw, raw, p11.ulong(size), p11.ctypes.byref(domain))
    group = [(name, attribute(maker, domain, name)) for name in (0x130, 0x131, 0x132)]
    keys = pair(maker, 0x10, group + [(p11.CKA_VERIFY, True)], [(p11.CKA_SIGN, True)],
                (0x130, 0x131, 0x132, p11.CKA_VALUE), 1)
    signed("DSA signatures", keys, [spec(0x11)], blob(20))
    signed("DSA signatures", keys, [spec(number) for number in range(0x12, 0x17)], blob())


SECRET = (digests, macs, ciphers, secret_wrapping, generated, derived_by_encryption)
PAIRS = (rsa, elliptic, edwards, dh, dsa)


def attempt(function, *arguments):
    try:
        function(*arguments)
        return 0
    except (Refused, AssertionError) as problem:
        print("not ok %s%s: %s" % (function.__name__, "".join(" made here" if a is here else " made there" for a in arguments),
                                     problem))
        return 1


def run(seed, rounds):
    print("seed %d, %d rounds" % (seed, rounds))
    chance.seed(seed)
    failed = 0
    for number in range(rounds):
        failed += sum(attempt(function) for function in SECRET)
        if number % 4 == 0:
            failed += sum(attempt(function, token) for function in PAIRS for token in (here, there))
    shared = here.mechanisms & there.mechanisms
    for number in sorted(shared - used):
        print("%s mechanism 0x%x: %s" % (("not used,", number, EXCUSED[number]) if number in EXCUSED else
                                         ("not ok", number, "both list it, and it isn't tried")))
        failed += number not in EXCUSED
    for name, times in done.items():
        print("%s: %d" % (name, times))
    print("%d mechanisms of the %d that both list" % (len(shared & used), len(shared)))
    print("%d passed, %d failed, 0 skipped" % (sum(done.values()), failed))
    return 1 if failed or not done else 0


def main():
    global here, there
    reference = next((path for path in SOFTHSM if os.path.exists(path)), None)
    if os.environ.get("HUKS_SANITIZER", "none") not in ("", "no", "none"):
        v.leave("python can't load a module built with a sanitizer")
    if reference is None:
        v.leave("SoftHSM2 is not installed: Debian package softhsm2")
    seed = int(sys.argv[1]) if sys.argv[1:] else random.SystemRandom().randrange(1 << 32)
    rounds = int(sys.argv[2]) if sys.argv[2:] else 100 if v.LONG else 4
    module, work = p11.default_module(), tempfile.mkdtemp(prefix="opinion.")
    try:
        for name in [name for name in os.environ if name.startswith(("HUKS_", "XDG_", "OPENSSL_"))]:
            del os.environ[name]
        os.makedirs(work + "/tokens")
        for name, text in (("huks.conf", "scrypt_log2n = 10\nlegacy_mechanisms = true\n"),
                           ("softhsm2.conf", "directories.tokendir = %s/tokens\nlog.level = ERROR\n" % work)):
            with open(os.path.join(work, name), "w", encoding="ascii") as file:
                file.write(text)
        os.environ.update(HOME=work, HUKS_STORE=work + "/store", HUKS_CONF=work + "/huks.conf",
                          SOFTHSM2_CONF=work + "/softhsm2.conf")
        here, there = p11.Token(module), p11.Token(reference)
        return run(seed, rounds)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
