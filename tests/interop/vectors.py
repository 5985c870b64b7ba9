#!/usr/bin/env python3
"""usage: tests/interop/vectors.py [FAMILY...]

Published vectors (NIST's, those of RFCs and of other libraries, from Debian's python3-cryptography-vectors) through
the module: what each says must come out does, in one part and in several, and what it says must fail does. Every good
one is also tried with a bit changed where the mechanism promises to notice. A big file's vectors are sampled evenly;
HUKS_TEST_LONG=1 runs all of them.
"""
import glob
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import cryptoki as p11
from cryptoki import Mechanism, Refused, pack

HERE = os.environ.get("HUKS_VECTORS", "/usr/lib/python3/dist-packages/cryptography_vectors")
LONG = os.environ.get("HUKS_TEST_LONG") == "1"
AES, DES, DES3, CAMELLIA, SEED, CAST128, RC4, BLOWFISH = 0x1F, 0x13, 0x15, 0x25, 0x2F, 0x18, 0x12, 0x20
CHACHA20, POLY1305, AES_XTS, SM4 = 0x33, 0x34, 0x35, 0x80000000 | 0x48550000 | 2
GENERIC = p11.CKK_GENERIC_SECRET
CRYPT = (p11.CKA_ENCRYPT, p11.CKA_DECRYPT)
SIGN = (p11.CKA_SIGN, p11.CKA_VERIFY)
AUTHENTIC = ("ENCRYPTED_DATA_INVALID", "ENCRYPTED_DATA_LEN_RANGE")
UNSIGNED = ("SIGNATURE_INVALID", "SIGNATURE_LEN_RANGE")
families = []
token = None


def vendor(number):
    return 0x80000000 | 0x48550000 | number


def family(function):
    families.append((function.__name__, function))
    return function


class Counts:
    passed = failed = refusals = 0
    said = 0
    left = {}  # reason: how many vectors


class Left(Exception):
    """A vector that isn't run; its reason."""


# ---- the files ----

def blocks(path):
    """Each paragraph of a file as (field, value) pairs, names in lower case; brackets hold fields, too."""
    fields = []
    with open(os.path.join(HERE, path), encoding="latin-1") as file:
        for line in file:
            line = line.strip()
            if not line:
                if fields:
                    yield fields
                fields = []
            elif line.startswith("["):
                inner = line.strip("[]")
                parts = re.findall(r"(\w[\w ]*?)\s*=\s*([^,]*)", inner)
                if fields:
                    yield fields
                yield [(name.lower(), value.strip()) for name, value in parts] + [("section", inner.strip())]
                fields = []
            elif not line.startswith("#"):
                name, _equals, value = line.partition("=")
                fields.append((name.strip().lower(), value.strip()))
    if fields:
        yield fields


def records(path, *wanted):
    """Those paragraphs that have a field of `wanted`; each with what the paragraphs before it said."""
    context = {}
    for fields in blocks(path):
        here = dict(fields)
        if any(name in here for name in wanted):
            yield {**context, **here}
        else:
            context.update(here)


def sample(items, most):
    """All, or `most` of them, evenly chosen."""
    items = list(items)
    if LONG or len(items) <= most:
        return items
    return [items[i * len(items) // most] for i in range(most)]


def files(pattern):
    found = sorted(glob.glob(os.path.join(HERE, pattern)))
    if not found:
        raise SystemExit("no vectors match " + pattern)
    return [os.path.relpath(path, HERE) for path in found]


def octets(value):
    return bytes.fromhex(value)


# ---- judging ----

def run(path, items, attempt):
    """attempt(record, number) raises what it has against the module."""
    for number, item in enumerate(items):
        try:
            attempt(item, number)
        except Left as reason:
            Counts.left[str(reason)] = Counts.left.get(str(reason), 0) + 1
        except (Refused, AssertionError) as problem:
            Counts.failed += 1
            Counts.said += 1
            if Counts.said <= 40:
                print("not ok %s, vector %d (count %s): %s" % (path, number, item.get("count", "-"), problem))
        else:
            Counts.passed += 1


def equal(got, wanted, what):
    assert got == wanted, "%s: %s instead of %s" % (what, got.hex()[:80], wanted.hex()[:80])


def offered(number_of_mechanism, name):
    """What the token doesn't list isn't tried, but named."""
    if number_of_mechanism not in token.mechanisms:
        raise Left("%s isn't offered here" % name)
    return number_of_mechanism


def refused(codes, what, action, *arguments):
    try:
        action(*arguments)
    except Refused as refusal:
        assert refusal.name in codes, "%s: CKR %s" % (what, refusal.name)
        Counts.refusals += 1
    else:
        raise AssertionError(what + " isn't refused")


def flip(data, number):
    """`data` with one bit changed."""
    at = number * 7 % (len(data) * 8)
    return data[:at // 8] + bytes([data[at // 8] ^ (1 << at % 8)]) + data[at // 8 + 1:]


def both_ways(number, mechanism, key, plain, cipher, parts=True):
    """Encrypts and decrypts; every third vector in two parts, too."""
    equal(token.crypt("Encrypt", mechanism, key, plain), cipher, "encrypted")
    equal(token.crypt("Decrypt", mechanism, key, cipher), plain, "decrypted")
    if parts and number % 3 == 0 and len(plain) > 1:
        cut = 1 + number % (len(plain) - 1)
        equal(token.crypt("Encrypt", mechanism, key, plain, cut), cipher, "encrypted in parts")
        equal(token.crypt("Decrypt", mechanism, key, cipher, cut), plain, "decrypted in parts")


def mac(number, mechanism, key, data, wanted):
    equal(token.sign(mechanism, key, data), wanted, "signed")
    token.verify(mechanism, key, data, wanted)
    refused(UNSIGNED, "a changed signature", token.verify, mechanism, key, data, flip(wanted, number))
    if data:
        refused(UNSIGNED, "a signature of other data", token.verify, mechanism, key, flip(data, number), wanted)
        token.verify(mechanism, key, data, wanted, number % len(data))


def authenticated(number, mechanism, key, plain, sealed, tag_size):
    """AEAD: what was changed gives nothing, at once or in parts."""
    both_ways(number, mechanism, key, plain, sealed)
    changed = flip(sealed, number) if number % 2 else sealed[:-tag_size] + flip(sealed[-tag_size:], number)
    refused(AUTHENTIC, "changed ciphertext", token.crypt, "Decrypt", mechanism, key, changed)
    if number % 3 == 1:
        refused(AUTHENTIC, "changed ciphertext in parts", token.crypt, "Decrypt", mechanism, key, changed,
                len(changed) // 2)


# ---- block and stream ciphers ----

def simple(pattern, kind, number_of_mechanism, parameter=lambda iv: iv, unit=8, most=300):
    """Files with KEY (or KEYs, or KEY1 to KEY3), IV, PLAINTEXT and CIPHERTEXT."""
    for path in files(pattern):
        def attempt(record, number):
            value = record.get("key") or record.get("keys") or record["key1"] + record["key2"] + record["key3"]
            if kind == DES3 and "keys" in record:
                value *= 3
            if kind == DES and "key1" in record:
                value = record["key1"]
            key = token.secret(kind, octets(value), *CRYPT)
            mechanism = Mechanism(number_of_mechanism, parameter(octets(record.get("iv", ""))))
            if unit == 1:
                return one_bit(mechanism, key, record["plaintext"], record["ciphertext"])
            return both_ways(number, mechanism, key, octets(record["plaintext"]), octets(record["ciphertext"]))
        run(path, sample(records(path, "ciphertext"), most), attempt)


def one_bit(mechanism, key, plain, cipher):
    """Bits, first one first; the bits that fill the last byte have no say in those before them."""
    for verb, data, wanted in (("Encrypt", plain, cipher), ("Decrypt", cipher, plain)):
        size = (len(data) + 7) // 8
        got = token.crypt(verb, mechanism, key, int(data.ljust(size * 8, "0"), 2).to_bytes(size, "big"))
        bits = bin(int.from_bytes(b"\1" + got, "big"))[3:]
        assert bits[:len(wanted)] == wanted, "%s: %s instead of %s" % (verb, bits, wanted)


def counter(iv):
    """CK_AES_CTR_PARAMS, whose counter is the whole block"""
    return p11.struct.pack("@L16s", 128, iv)


@family
def aes_modes():
    simple("ciphers/AES/ECB/*.rsp", AES, 0x1081)
    simple("ciphers/AES/CBC/*.rsp", AES, 0x1082)
    simple("ciphers/AES/OFB/*.rsp", AES, 0x2104)
    simple("ciphers/AES/CFB/CFB1[A-Z]*.rsp", AES, 0x2108, unit=1)
    simple("ciphers/AES/CFB/CFB8*.rsp", AES, 0x2106)
    simple("ciphers/AES/CFB/CFB128*.rsp", AES, 0x2107)
    simple("ciphers/AES/CTR/*.txt", AES, 0x1086, counter)


@family
def aes_xts():
    for path in files("ciphers/AES/XTS/*/*.rsp"):
        def attempt(record, number):
            key = token.secret(AES_XTS, octets(record["key"]), *CRYPT)
            tweak = octets(record["i"]) if "i" in record else int(record["dataunitseqnumber"]).to_bytes(16, "little")
            both_ways(number, Mechanism(0x1071, tweak), key, octets(record["pt"]), octets(record["ct"]), False)
        whole = [r for r in records(path, "ct") if int(r["dataunitlen"]) % 8 == 0]  # the mechanism has bytes
        run(path, sample(whole, 200), attempt)


@family
def aes_gcm():
    for path in files("ciphers/AES/GCM/*.rsp"):
        def attempt(record, number):
            key = token.secret(AES, octets(record["key"]), *CRYPT, *SIGN)
            iv, tag = octets(record["iv"]), octets(record["tag"])
            mechanism = Mechanism(0x1087, pack(iv, len(iv) * 8, octets(record["aad"]), len(tag) * 8))
            if "fail" in record:
                refused(AUTHENTIC, "a forgery", token.crypt, "Decrypt", mechanism, key, octets(record["ct"]) + tag)
                return
            sealed = octets(record["ct"]) + tag
            authenticated(number, mechanism, key, octets(record["pt"]), sealed, len(tag))
            if not record["pt"] and len(tag) == 16:
                mac(number, Mechanism(0x108E, iv), key, octets(record["aad"]), tag)
        run(path, sample(records(path, "tag"), 800), attempt)


@family
def aes_ccm():
    for path in files("ciphers/AES/CCM/*.rsp"):
        def attempt(record, number):
            key = token.secret(AES, octets(record["key"]), *CRYPT)
            sealed, tag = octets(record["ct"]), int(record["tlen"])
            size, more = int(record["plen"]), int(record["alen"])
            mechanism = Mechanism(0x1088, pack(size, octets(record["nonce"]), octets(record["adata"])[:more], tag))
            if record.get("result", "").lower().startswith("fail"):
                refused(AUTHENTIC, "a forgery", token.crypt, "Decrypt", mechanism, key, sealed)
                return
            authenticated(number, mechanism, key, octets(record["payload"])[:size], sealed, tag)
        run(path, sample(records(path, "ct"), 120), attempt)


@family
def aes_key_wrap():
    for pattern, numbers in (("KW_A[DE]_???.txt", [0x2109]), ("KWP_A[DE]_???.txt", [0x210B, 0x210A])):
        for path in files("keywrap/kwtestvectors/" + pattern):
            def attempt(record, number):
                key = token.secret(AES, octets(record["k"]), *CRYPT, p11.CKA_WRAP, p11.CKA_UNWRAP)
                sealed = octets(record["c"])
                mechanism = Mechanism(numbers[number % len(numbers)])
                if "fail" in record:
                    refused(AUTHENTIC, "a forgery", token.crypt, "Decrypt", mechanism, key, sealed)
                    refused(("WRAPPED_KEY_INVALID", "WRAPPED_KEY_LEN_RANGE"), "a forged key", token.unwrap, mechanism,
                            key, sealed)
                    return
                plain = octets(record["p"])
                both_ways(number, mechanism, key, plain, sealed, False)
                refused(AUTHENTIC, "changed ciphertext", token.crypt, "Decrypt", mechanism, key, flip(sealed, number))
                equal(token.wrap(mechanism, key, token.secret(GENERIC, plain)), sealed, "wrapped")
                equal(token.unwrap(mechanism, key, sealed), plain, "unwrapped")
            run(path, sample(records(path, "c"), 150), attempt)

    def botan(record, number):
        key = token.secret(AES, octets(record["key"]), *CRYPT)
        both_ways(number, Mechanism(0x210B), key, octets(record["input"]), octets(record["output"]), False)
    run("keywrap/kwp_botan.txt", records("keywrap/kwp_botan.txt", "output"), botan)


@family
def other_ciphers():
    simple("ciphers/3DES/ECB/TECB*.rsp", DES3, 0x132)
    simple("ciphers/3DES/CBC/TCBC[!I]*.rsp", DES3, 0x133)
    for pattern, number in (("ECB/TECB", 0x121), ("CBC/TCBC", 0x122), ("OFB/TOFB", 0x150), ("CFB/TCFB64", 0x152),
                            ("CFB/TCFB8", 0x153)):  # with one key thrice, DES3 is DES
        simple("ciphers/3DES/%s[!IM]*.rsp" % pattern, DES, number)
        simple("ciphers/3DES/%sMMT1.rsp" % pattern, DES, number)
    simple("ciphers/Camellia/camellia-cbc.txt", CAMELLIA, 0x552)
    simple("ciphers/SEED/rfc-4269.txt", SEED, 0x651)
    simple("ciphers/SEED/rfc-4196.txt", SEED, 0x652)
    simple("ciphers/CAST5/cast5-ecb.txt", CAST128, 0x321)
    simple("ciphers/CAST5/cast5-cbc.txt", CAST128, 0x322)
    simple("ciphers/Blowfish/bf-cbc.txt", BLOWFISH, 0x1091)
    simple("ciphers/SM4/*-ecb.txt", SM4, vendor(7))
    simple("ciphers/SM4/*-cbc.txt", SM4, vendor(8))
    simple("ciphers/SM4/*-ctr.txt", SM4, vendor(10), counter)
    simple("ciphers/SM4/*-cfb.txt", SM4, vendor(11))
    simple("ciphers/SM4/*-ofb.txt", SM4, vendor(12))
    for path in files("ciphers/ARC4/*.txt"):
        def attempt(record, number):
            key, skipped = token.secret(RC4, octets(record["key"]), *CRYPT), bytes(int(record["offset"]))
            got = token.crypt("Encrypt", Mechanism(0x111), key, skipped + octets(record["plaintext"]))
            equal(got[len(skipped):], octets(record["ciphertext"]), "encrypted")
            both_ways(number, Mechanism(0x111), key, skipped + octets(record["plaintext"]), got)
        run(path, records(path, "ciphertext"), attempt)


@family
def camellia_ecb():
    for path in files("ciphers/Camellia/camellia-???-ecb.txt"):
        with open(os.path.join(HERE, path), encoding="ascii") as file:
            fields = re.findall(r"^([KPC]) No\.(\d+) : ([0-9A-F ]+?)\s*$", file.read(), re.M)
        items, here = [], {}
        for name, count, value in fields:
            here = {**here, name: value, "count": count}
            if name == "C":
                items.append(here)

        def attempt(record, number):
            key = token.secret(CAMELLIA, octets(record["K"]), *CRYPT)
            both_ways(number, Mechanism(0x551), key, octets(record["P"]), octets(record["C"]))
        run(path, sample(items, 300), attempt)


@family
def chacha20():
    path = "ciphers/ChaCha20/rfc7539.txt"

    def attempt(record, number):
        key = token.secret(CHACHA20, octets(record["key"]), *CRYPT)
        # Newer packages divide the 16 bytes in the middle, older ones as the RFC does.
        nonce = octets(record["nonce"])
        start = int(record["initial_block_counter"]).to_bytes(16 - len(nonce), "little")
        mechanism = Mechanism(0x1226, pack([start], 8 * len(start), [nonce], 8 * len(nonce)))
        both_ways(number, mechanism, key, octets(record["plaintext"]), octets(record["ciphertext"]))
    run(path, records(path, "ciphertext"), attempt)


def quoted(value):
    return value.strip('"').encode() if value.startswith('"') else octets(value)


@family
def chacha20_poly1305():
    for path in files("ciphers/ChaCha20Poly1305/*.txt"):
        def attempt(record, number):
            key = token.secret(CHACHA20, octets(record["key"]), *CRYPT)
            nonce = quoted(record.get("nonce") or record["iv"])
            mechanism = Mechanism(0x4021, pack(nonce, quoted(record.get("aad") or record.get("ad", ""))))
            plain = quoted(record.get("plaintext") or record.get("in", ""))
            tag = quoted(record["tag"])
            sealed = quoted(record.get("ciphertext") or record.get("ct", "")) + tag
            if "result" in record:
                refused(AUTHENTIC, "a forgery", token.crypt, "Decrypt", mechanism, key, sealed)
            elif len(tag) < 16:
                equal(token.crypt("Encrypt", mechanism, key, plain)[:len(sealed)], sealed, "encrypted")
            else:
                authenticated(number, mechanism, key, plain, sealed, len(tag))
        run(path, records(path, "tag"), attempt)


# ---- hashes and MACs ----

HASHES = {
    "SHA1/SHA1": 0x220, "SHA2/SHA224": 0x255, "SHA2/SHA256": 0x250, "SHA2/SHA384": 0x260, "SHA2/SHA512": 0x270,
    "SHA2/SHA512_224": 0x48, "SHA2/SHA512_256": 0x4C, "SHA3/SHA3_224": 0x2B5, "SHA3/SHA3_256": 0x2B0,
    "SHA3/SHA3_384": 0x2C0, "SHA3/SHA3_512": 0x2D0}


def digests(path, number_of_mechanism, most=150):
    mechanism = Mechanism(number_of_mechanism)

    def attempt(record, number):
        message = octets(record["msg"])[:int(record["len"]) // 8]
        equal(token.digest(mechanism, message), octets(record["md"]), "digest")
        if message:
            equal(token.digest(mechanism, message, number % len(message)), octets(record["md"]), "digest in parts")
    run(path, sample(records(path, "md"), most), attempt)


def monte_carlo(path, number_of_mechanism, chained):
    """NIST's long chains: each of the hundred begins where the one before ended, so each can be tried alone."""
    mechanism = Mechanism(number_of_mechanism)
    steps = list(records(path, "md"))
    for before, step in zip([None] + steps, steps):
        step["before"] = before["md"] if before else step["seed"]

    def attempt(record, _number):
        last = [octets(record["before"])] * 3
        for _round in range(1000):
            last = last[1:] + [token.digest(mechanism, last[2] if chained == 1 else b"".join(last))]
        equal(last[2], octets(record["md"]), "the thousandth digest")
    run(path, sample(steps, 2), attempt)


@family
def hashes():
    for name, number in HASHES.items():
        for path in files("hashes/%s*Msg.rsp" % name):
            if re.search(r"%s(Short|Long)Msg" % name, path):
                digests(path, number)
        monte_carlo("hashes/%sMonte.rsp" % name, number, 1 if "SHA3/" in name else 3)
    digests("hashes/MD5/rfc-1321.txt", 0x210)
    digests("hashes/ripemd160/ripevectors.txt", 0x240)
    digests("hashes/blake2/blake2b.txt", 0x401B)
    digests("hashes/SM3/oscca.txt", vendor(4))


@family
def hmac():
    for name, number, size in (("2202-md5", 0x211, 16), ("2202-sha1", 0x221, 20), ("2286-ripemd160", 0x241, 20),
                               ("4231-sha224", 0x256, 28), ("4231-sha256", 0x251, 32), ("4231-sha384", 0x261, 48),
                               ("4231-sha512", 0x271, 64)):
        path = "HMAC/rfc-%s.txt" % name

        def attempt(record, count):
            key, wanted = token.secret(GENERIC, octets(record["key"]), *SIGN), octets(record["md"])
            if len(wanted) == size:
                mac(count, Mechanism(number), key, octets(record["msg"]), wanted)
            for part in {len(wanted), size // 2 if len(wanted) == size else len(wanted)}:  # CKM_..._HMAC_GENERAL
                mac(count, Mechanism(number + 1, p11.struct.pack("@L", part)), key, octets(record["msg"]),
                    wanted[:part])
        run(path, records(path, "md"), attempt)


@family
def cmac():
    for path in files("CMAC/*.txt"):
        kind, whole, general = (DES3, 0x138, 0x137) if "3des" in path else (AES, 0x108A, 0x108B)

        def attempt(record, number):
            value = record.get("key") or record["key1"] + record["key2"] + record["key3"]
            key, wanted = token.secret(kind, octets(value), *SIGN), octets(record["output"])
            mac(number, Mechanism(whole), key, octets(record["message"]), wanted)
            mac(number, Mechanism(general, p11.struct.pack("@L", 4)), key, octets(record["message"]), wanted[:4])
        run(path, records(path, "output"), attempt)


@family
def poly1305():
    path = "poly1305/rfc7539.txt"

    def attempt(record, number):
        key = token.secret(POLY1305, octets(record["key"]), *SIGN)
        equal(token.sign(Mechanism(0x1228), key, octets(record["msg"])), octets(record["tag"]), "tag")
        token.verify(Mechanism(0x1228), key, octets(record["msg"]), octets(record["tag"]))
        refused(UNSIGNED, "a changed tag", token.verify, Mechanism(0x1228), key, octets(record["msg"]),
                flip(octets(record["tag"]), number))
    run(path, records(path, "tag"), attempt)


# ---- the whole ----

def leave(reason):
    print("skipped:", reason)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(77)


def package_is_missing():
    return None if os.path.isdir(HERE) else "the vectors are missing: Debian package python3-cryptography-vectors"


def main(missing=package_is_missing):
    """Runs the families; `missing` says why there can't be any, or None."""
    global token
    if os.environ.get("HUKS_SANITIZER", "none") not in ("", "no", "none"):
        leave("python can't load a module built with a sanitizer")
    reason = missing()
    if reason:
        leave(reason)
    module = p11.default_module()
    work = tempfile.mkdtemp(prefix="vectors.")
    try:
        for name in [name for name in os.environ if name.startswith(("HUKS_", "XDG_", "OPENSSL_"))]:
            del os.environ[name]
        os.environ.update(HOME=work, HUKS_STORE=os.path.join(work, "store"), HUKS_CONF=os.path.join(work, "huks.conf"))
        with open(os.environ["HUKS_CONF"], "w", encoding="ascii") as conf:
            conf.write("scrypt_log2n = 10\nlegacy_mechanisms = true\n")
        token = p11.Token(module)
        for name, function in families:
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            before, refusals = Counts.passed + Counts.failed, Counts.refusals
            Counts.said = 0
            function()
            print("%s: %d vectors, %d refusals" % (name, Counts.passed + Counts.failed - before,
                                                   Counts.refusals - refusals), flush=True)
        token.call("C_Finalize", None)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for reason, count in sorted(Counts.left.items()):
        print("not run: %d: %s" % (count, reason))
    print("%d passed, %d failed, 0 skipped" % (Counts.passed, Counts.failed))
    return 1 if Counts.failed or not Counts.passed else 0


if __name__ == "__main__":
    sys.exit(main())
