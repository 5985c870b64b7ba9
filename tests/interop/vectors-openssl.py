#!/usr/bin/env python3
"""usage: tests/interop/vectors-openssl.py [FAMILY...]

OpenSSL's own vectors of ciphers, hashes, MACs and key derivation, from Debian's source package, through the module.
How is said in vectors.py; which the token doesn't offer is named at the end. vectors-openssl-keys.py has key pairs.
"""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import cryptoki as p11
import sources
import vectors as v
from cryptoki import Mechanism, pack
from sources import octets
from vectors import AES, AUTHENTIC, CRYPT, GENERIC, Left, SIGN, authenticated, both_ways, equal, family, mac, refused

v.families.clear()
# An operation on what is no vector of the mechanism is refused so.
UNFIT = AUTHENTIC + ("DATA_LEN_RANGE", "DATA_INVALID", "MECHANISM_PARAM_INVALID", "ATTRIBUTE_VALUE_INVALID",
                     "KEY_SIZE_RANGE", "TEMPLATE_INCONSISTENT", "ARGUMENTS_BAD")


# ---- ciphers ----

def iv_alone(stanza):
    return stanza.octets("IV", b"")


def counter(stanza):
    return struct.pack("@L16s", 128, stanza.octets("IV"))


def rc2_bits(stanza):
    bits = int(stanza.fields.get("KeyBits") or (re.findall(r"RC2-(\d+)-", stanza.subject.upper()) or [128])[0])
    return struct.pack("@L8s", bits, stanza.octets("IV")) if "IV" in stanza.fields else struct.pack("@L", bits)


def chacha(stanza):
    iv = stanza.octets("IV")  # OpenSSL's: the counter's four bytes, then the nonce
    return pack([iv[:4]], 32, [iv[4:]], 96)


# OpenSSL's name without the key's bits: key type, mechanism, its parameter
CIPHERS = {
    "AES-ECB": (AES, 0x1081, iv_alone), "AES-CBC": (AES, 0x1082, iv_alone), "AES-OFB": (AES, 0x2104, iv_alone),
    "AES-CFB": (AES, 0x2107, iv_alone), "AES-CFB8": (AES, 0x2106, iv_alone), "AES-CTR": (AES, 0x1086, counter),
    "AES-CBC-CTS": (AES, 0x1089, iv_alone), "AES-XTS": (v.AES_XTS, 0x1071, iv_alone),
    "AES-WRAP": (AES, 0x2109, iv_alone), "AES-WRAP-PAD": (AES, 0x210B, iv_alone),
    "ARIA-ECB": (0x26, 0x561, iv_alone), "ARIA-CBC": (0x26, 0x562, iv_alone),
    "CAMELLIA-ECB": (v.CAMELLIA, 0x551, iv_alone), "CAMELLIA-CBC": (v.CAMELLIA, 0x552, iv_alone),
    "CAMELLIA-CTR": (v.CAMELLIA, 0x558, counter),
    "SEED-ECB": (v.SEED, 0x651, iv_alone), "SEED-CBC": (v.SEED, 0x652, iv_alone),
    "SM4-ECB": (v.SM4, v.vendor(7), iv_alone), "SM4-CBC": (v.SM4, v.vendor(8), iv_alone),
    "SM4-CTR": (v.SM4, v.vendor(10), counter), "SM4-CFB": (v.SM4, v.vendor(11), iv_alone),
    "SM4-OFB": (v.SM4, v.vendor(12), iv_alone),
    "DES-ECB": (v.DES, 0x121, iv_alone), "DES-CBC": (v.DES, 0x122, iv_alone), "DES-CFB": (v.DES, 0x152, iv_alone),
    "DES-CFB8": (v.DES, 0x153, iv_alone), "DES-EDE3-ECB": (v.DES3, 0x132, iv_alone),
    "DES-EDE3-CBC": (v.DES3, 0x133, iv_alone), "DES-EDE-ECB": (0x14, 0x132, iv_alone),
    "BF-CBC": (v.BLOWFISH, 0x1091, iv_alone), "CAST5-ECB": (v.CAST128, 0x321, iv_alone),
    "CAST5-CBC": (v.CAST128, 0x322, iv_alone), "RC2-ECB": (0x11, 0x101, rc2_bits), "RC2-CBC": (0x11, 0x102, rc2_bits),
    "RC2-40-CBC": (0x11, 0x102, rc2_bits), "RC2-64-CBC": (0x11, 0x102, rc2_bits),
    "RC4": (v.RC4, 0x111, iv_alone), "RC4-40": (v.RC4, 0x111, iv_alone), "CHACHA20": (v.CHACHA20, 0x1226, chacha)}
WHOLE = ("AES-CBC-CTS", "AES-XTS", "AES-WRAP", "AES-WRAP-PAD")  # not in parts


def gcm(stanza, _plain, tag):
    iv = stanza.octets("IV")
    return AES, 0x1087, pack(iv, 8 * len(iv), stanza.octets("AAD", b""), 8 * len(tag))


def ccm(stanza, plain, tag):
    return AES, 0x1088, pack(len(plain), stanza.octets("IV"), stanza.octets("AAD", b""), len(tag))


def chacha_poly(stanza, _plain, _tag):
    return v.CHACHA20, 0x4021, pack(stanza.octets("IV"), stanza.octets("AAD", b""))


AEADS = {"AES-GCM": gcm, "AES-CCM": ccm, "CHACHA20-POLY1305": chacha_poly}


def plain_name(name):
    name = re.sub(r"^ID-", "", name.upper())
    name = re.sub(r"^AES(\d)", r"AES-\1", name)
    return re.sub(r"-(128|192|256)(?=-|$)", "", name)


def cipher(stanza, number):
    name = plain_name(stanza.subject)
    key, plain, sealed = (stanza.octets(field, b"") for field in ("Key", "Plaintext", "Ciphertext"))
    if name in AEADS:
        return aead(stanza, number, name, key, plain, sealed)
    if name == "AES-CBC-CTS" and stanza.fields.get("CTSMode", "CS1") != "CS1":
        raise Left("AES-CTS in the order %s: CKM_AES_CTS is CS1" % stanza.fields["CTSMode"])
    if name not in CIPHERS or "Tag" in stanza.fields:
        raise Left("%s has no mechanism" % name)
    kind, mechanism, parameter = CIPHERS[name]
    v.offered(mechanism, name)
    mechanism = Mechanism(mechanism, parameter(stanza))
    operation = stanza.fields.get("Operation", "").upper()
    if name == "AES-XTS" and key[:len(key) // 2] == key[len(key) // 2:]:  # OpenSSL would still decrypt by it
        return refused(("ATTRIBUTE_VALUE_INVALID",), "one key twice", v.token.secret, kind, key, *CRYPT)
    if stanza.fails:
        verb, data = ("Encrypt", plain) if operation == "ENCRYPT" else ("Decrypt", sealed)
        return refused(UNFIT, stanza.fails, lambda: v.token.crypt(verb, mechanism, v.token.secret(kind, key, *CRYPT), data))
    handle = v.token.secret(kind, key, *CRYPT)
    if operation == "ENCRYPT":
        return equal(v.token.crypt("Encrypt", mechanism, handle, plain), sealed, "encrypted")
    if operation == "DECRYPT":
        return equal(v.token.crypt("Decrypt", mechanism, handle, sealed), plain, "decrypted")
    return both_ways(number, mechanism, handle, plain, sealed, name not in WHOLE)


def aead(stanza, number, name, key, plain, sealed):
    tag = stanza.octets("Tag", b"")
    if "TLSAAD" in stanza.fields or "IVGen" in stanza.fields:
        raise Left("%s with nonces of OpenSSL's own making" % name)
    kind, mechanism, parameter = AEADS[name](stanza, plain, tag)
    v.offered(mechanism, name)
    mechanism = Mechanism(mechanism, parameter)
    if stanza.fails:
        return refused(UNFIT, stanza.fails, lambda: v.token.crypt("Decrypt", mechanism, v.token.secret(kind, key, *CRYPT),
                                                                 sealed + tag))
    handle = v.token.secret(kind, key, *CRYPT)
    if name == "CHACHA20-POLY1305" and len(tag) < 16:
        return equal(v.token.crypt("Encrypt", mechanism, handle, plain)[:len(sealed + tag)], sealed + tag, "encrypted")
    return authenticated(number, mechanism, handle, plain, sealed + tag, len(tag))


@family
def ciphers():
    for name in sources.files(r"evpciph_.*\.txt"):
        sources.run(name, ("Cipher",), cipher)


# ---- hashes and MACs ----

DIGESTS = {
    "MD5": 0x210, "RIPEMD160": 0x240, "SHA1": 0x220, "SHA224": 0x255, "SHA256": 0x250, "SHA384": 0x260,
    "SHA512": 0x270, "SHA512-224": 0x48, "SHA512-256": 0x4C, "SHA3-224": 0x2B5, "SHA3-256": 0x2B0, "SHA3-384": 0x2C0,
    "SHA3-512": 0x2D0, "BLAKE2B512": 0x401B, "SM3": v.vendor(4)}
HMACS = {name: number + 1 for name, number in DIGESTS.items() if name != "BLAKE2B512"}
SHAKES = {"SHAKE128": 0x39B, "SHAKE256": 0x39C}


def message(stanza, field="Input"):
    """The Input lines one after the other, the last of them as often as Ncopy and Count say."""
    parts = []
    for name, value in stanza.pairs:
        if name == field:
            parts.append(octets(value))
        elif name in ("Ncopy", "Count") and parts:
            parts[-1] *= int(value)
    return b"".join(parts)


def digest(stanza, number):
    name = stanza.subject.upper()
    size = stanza.fields.get("OutputSize")
    if stanza.fails or "XOF" in stanza.fields and name not in SHAKES:
        raise Left("%s called in a wrong way: OpenSSL's interface" % name)
    data, wanted = message(stanza), stanza.octets("Output")
    if name in SHAKES:  # as a derivation it takes any key but none
        if not data:
            raise Left("SHAKE of nothing: a key has a value")
        key = v.token.secret(GENERIC, data, p11.CKA_DERIVE)
        return equal(v.token.derive(Mechanism(v.offered(SHAKES[name], name)), key, len(wanted)), wanted, "derived")
    if name not in DIGESTS or size and name.startswith("BLAKE"):
        raise Left("%s has no mechanism" % (name + (" of %s bytes" % size if size else "")))
    mechanism = Mechanism(v.offered(DIGESTS[name], name))
    equal(v.token.digest(mechanism, data), wanted, "digest")
    if data:
        equal(v.token.digest(mechanism, data, number % len(data)), wanted, "digest in parts")
    return None


@family
def hashes():
    for name in sources.files(r"evpmd_.*\.txt"):
        sources.run(name, ("Digest",), digest)


def mac_of(stanza, number):
    name, controls = stanza.subject.upper(), stanza.controls()
    key, wanted, data = stanza.octets("Key", b""), stanza.octets("Output", b""), message(stanza)
    of = stanza.fields.get("Algorithm", "").upper()
    parameter = b""
    if name == "HMAC" and of in HMACS:
        kind, mechanism = GENERIC, HMACS[of]
    elif name == "CMAC" and of.endswith("CBC") and of.startswith("AES"):
        kind, mechanism = AES, 0x108A
    elif name == "CMAC" and of.startswith("DES-EDE3"):
        kind, mechanism = v.DES3, 0x138
    elif name == "GMAC" and of.endswith("GCM"):
        kind, mechanism, parameter = AES, 0x108E, stanza.octets("IV")
    elif name == "POLY1305":
        kind, mechanism = v.POLY1305, 0x1228
    elif name == "BLAKE2BMAC" and not controls.keys() & {"size", "custom", "hexcustom", "salt", "hexsalt"} \
            and not {"Custom", "Salt", "OutputSize"} & stanza.fields.keys():
        kind, mechanism = GENERIC, 0x401C
    else:
        raise Left("%s %s has no mechanism" % (name, of))
    v.offered(mechanism, name)
    if stanza.fails:
        return refused(UNFIT, stanza.fails, lambda: v.token.sign(Mechanism(mechanism, parameter),
                                                                 v.token.secret(kind, key, *SIGN), data))
    if not key:
        raise Left("HMAC without a key: a key has a value")
    handle = v.token.secret(kind, key, *SIGN)
    if name == "POLY1305":  # one key, one message
        equal(v.token.sign(Mechanism(mechanism), handle, data), wanted, "tag")
        return refused(v.UNSIGNED, "a changed tag", v.token.verify, Mechanism(mechanism), handle, data,
                       v.flip(wanted, number))
    return mac(number, Mechanism(mechanism, parameter), handle, data, wanted)


@family
def macs():
    for name in sources.files(r"evpmac_.*\.txt"):
        sources.run(name, ("MAC",), mac_of)


# ---- derivation ----

def hash_name(text):
    """SHA2-256 and sha256 are SHA256."""
    return re.sub(r"^SHA(?:2)?-(?=\d{3}|1$)", "SHA", text.upper()).replace("SHA-1", "SHA1")


def by_key(secret, mechanism, wanted):
    key = v.token.secret(GENERIC, secret, p11.CKA_DERIVE)
    equal(v.token.derive(mechanism, key, len(wanted)), wanted, "derived")


def hkdf(stanza, _number):
    """KDF = HKDF and PKEYKDF = HKDF have the same controls."""
    given = stanza.controls()
    name = hash_name(given.get("digest", given.get("md", "none")))

    def value(field):
        return bytes.fromhex(given["hex" + field]) if "hex" + field in given else given.get(field, "").encode()
    salt, mode = value("salt"), given.get("mode", "EXTRACT_AND_EXPAND")
    if name not in DIGESTS or stanza.fails and (mode == "EXTRACT_ONLY" or not {"hexkey", "key"} & given.keys()):
        raise Left("HKDF without a key, with %s, or extracting less than a hash: OpenSSL's interface" % name)
    if not value("key"):
        raise Left("HKDF of nothing: a key has a value")
    v.offered(0x402A, "HKDF")
    fields, kept = pack(DIGESTS[name], 2 if salt else 1, salt, 0, value("info"))
    parameter = struct.pack("@BB6x", mode != "EXPAND_ONLY", mode != "EXTRACT_ONLY") + fields, kept
    if stanza.fails:
        size = len(stanza.octets("Output", b"")) or 1
        return refused(UNFIT, stanza.fails, by_key, value("key"), Mechanism(0x402A, parameter), bytes(size))
    return by_key(value("key"), Mechanism(0x402A, parameter), stanza.octets("Output"))


def tls_prf(stanza, _number):
    secret, seeds, name = b"", [], None
    for label, value in stanza.pairs:
        field, _colon, text = value.partition(":")
        if label.startswith("Ctrl"):
            if field == "digest" or field == "md":
                name = hash_name(text)
            elif field in ("hexsecret", "secret"):
                secret = bytes.fromhex(text) if field[0] == "h" else text.encode()
            elif field in ("hexseed", "seed"):
                seeds.append(bytes.fromhex(text) if field[0] == "h" else text.encode())
    if not secret or name is None or len(seeds) != 3 or "Output" not in stanza.fields:
        raise Left("TLS PRF without hash, secret, label or two random numbers: OpenSSL's interface")
    prf = 0x378 if name == "MD5-SHA1" else DIGESTS[name]
    mechanism = v.offered(0x3D9 if name != "MD5-SHA1" else 0x3E5, "TLS KDF")
    by_key(secret, Mechanism(mechanism, pack(prf, *seeds, 0, 0)), stanza.octets("Output"))


def kbkdf(stanza, _number):
    given = stanza.controls()
    if given["mac"].startswith("KMAC"):
        raise Left("SP 800-108 with KMAC has no mechanism")
    if stanza.fails:
        raise Left("SP 800-108 with OpenSSL's own restrictions")
    kind, prf = (AES, 0x108A) if given["mac"] == "CMAC" else (GENERIC, HMACS[hash_name(given["digest"])])
    width, kept = pack(1, struct.pack("@B7xL", 0, int(given["r"])))
    fixed, more = pack(4, bytes.fromhex(given["hexinfo"]))
    mechanism = Mechanism(v.offered(0x3AC, "SP 800-108"), pack(prf, 2, [width + fixed], 0, 0))
    wanted, key = stanza.octets("Output"), v.token.secret(kind, bytes.fromhex(given["hexkey"]), p11.CKA_DERIVE)
    equal(v.token.derive(mechanism, key, len(wanted)), wanted, "derived")
    del kept, more


PRFS = {"SHA1": 1, "SHA224": 3, "SHA256": 4, "SHA384": 5, "SHA512": 6, "SHA512-224": 7, "SHA512-256": 8}


def pbkdf2(stanza, _number):
    given = stanza.controls()

    def value(field):
        return bytes.fromhex(given["hex" + field]) if "hex" + field in given else given[field].encode()
    if stanza.verb == "PBE":
        password, salt = stanza.octets("Password"), stanza.octets("Salt")
        rounds, name, wanted = int(stanza.fields["iter"]), hash_name(stanza.fields["MD"]), stanza.octets("Key")
    elif stanza.fails:
        raise Left("PBKDF2 with OpenSSL's own restrictions")
    else:
        password, salt, wanted = value("pass"), value("salt"), stanza.octets("Output")
        rounds, name = int(given.get("iter", 2048)), hash_name(given.get("digest", "SHA1"))
    if name not in PRFS:
        raise Left("PBKDF2 with %s has no number in PKCS #11" % name)
    if rounds > 100000 and not v.LONG:
        raise Left("PBKDF2 of %d rounds: HUKS_TEST_LONG" % rounds)
    mechanism = Mechanism(v.offered(0x3B0, "PBKDF2"), pack(1, salt, rounds, PRFS[name], 0, 0, password))
    equal(v.token.generate(mechanism, len(wanted)), wanted, "key")


KDFS = {"HKDF": hkdf, "TLS1-PRF": tls_prf, "KBKDF": kbkdf, "PBKDF2": pbkdf2}
WITHIN = {"X963KDF": "X9.63's KDF of a secret that isn't agreed on", "SSKDF": "SP 800-56C's of the same",
          "X942KDF-CONCAT": "SP 800-56C's of the same", "X942KDF": "X9.42's KDF of the same",
          "X942KDF-ASN1": "X9.42's KDF of the same"}


@family
def derivations():
    def attempt(stanza, number):
        name = stanza.subject.upper()
        if name not in KDFS:
            raise Left(WITHIN.get(name, "%s has no mechanism" % name))
        KDFS[name](stanza, number)
    for name in sources.files(r"evpkdf_.*\.txt|evppkey_kdf_(hkdf|tls1_prf)\.txt"):
        sources.run(name, ("KDF", "PKEYKDF"), attempt)
    sources.run("evppbe_pbkdf2.txt", ("PBE",), pbkdf2)


@family
def pkcs12():
    """PKCS #12's derivation: identifier 1 is a key, 3 a MAC's; 2, an initialization vector, comes beside a key."""
    def attempt(stanza, _number):
        password = stanza.octets("Password")
        wanted, salt = stanza.octets("Key"), stanza.octets("Salt")
        ways = {("1", 24): 0x3A8, ("1", 16): 0x3A9, ("3", 20): 0x3C0}
        number = ways.get((stanza.fields["id"], len(wanted)))
        if number is None or stanza.fields["MD"].upper() != "SHA1":
            raise Left("PKCS #12 with identifier %s and %s" % (stanza.fields["id"], stanza.fields["MD"]))
        iv, kept = p11.ctypes.create_string_buffer(8), pack([password], len(password), salt,
                                                           int(stanza.fields["iter"]))
        parameter = struct.pack("@P", p11.ctypes.addressof(iv)) + kept[0], (kept, iv)
        got = v.token.generate(Mechanism(v.offered(number, "PKCS #12"), parameter), None)
        if number != 0x3C0:  # DES keys have odd parity
            got, wanted = (bytes(byte & 0xFE for byte in data) for data in (got, wanted))
        equal(got, wanted, "key")
    sources.run("evppbe_pkcs12.txt", ("PBE",), attempt)


if __name__ == "__main__":
    sys.exit(v.main(sources.missing))
