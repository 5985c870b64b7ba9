#!/usr/bin/env python3
"""usage: tests/interop/mechanisms.py [NAME...]

Every mechanism that C_GetMechanismList tells of, at everything that C_GetMechanismInfo says it is for: it must work,
and it must refuse what was changed, a key that isn't meant for it, and a parameter that is none. At everything else it
must be refused. A mechanism without a sample below fails, and so does a sample without a mechanism.
"""
import hashlib
import os
import re
import shutil
import struct
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import cryptoki as p11
import vectors as v
from cryptoki import Mechanism, Refused, pack, template
from vectors import equal

ROOT = os.environ.get("HUKS_SRCDIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT, CKA_PRIME_BITS, CKA_PARAMETER_SET = 0x121, 0x122, 0x133, 0x61D
CKA_SUBPRIME_BITS, CKA_EC_PARAMS, CKA_EC_POINT = 0x134, 0x180, 0x181
CKA_PRIME, CKA_SUBPRIME, CKA_BASE = 0x130, 0x131, 0x132
CKA_SIGN_RECOVER, CKA_VERIFY_RECOVER, CKA_ENCAPSULATE, CKA_DECAPSULATE = 0x109, 0x10B, 0x633, 0x634
MECHANISM_INVALID, KEY_FUNCTION_NOT_PERMITTED, KEY_TYPE_INCONSISTENT, MECHANISM_PARAM_INVALID = 0x70, 0x68, 0x63, 0x71
TEMPLATE_INCONSISTENT, TEMPLATE_INCOMPLETE, SIGNATURE_INVALID, BUFFER_TOO_SMALL = 0xD1, 0xD0, 0xC0, 0x150
PUBLIC_USES = (p11.CKA_ENCRYPT, p11.CKA_VERIFY, p11.CKA_WRAP, CKA_VERIFY_RECOVER, CKA_ENCAPSULATE)
PRIVATE_USES = (p11.CKA_DECRYPT, p11.CKA_SIGN, p11.CKA_UNWRAP, CKA_SIGN_RECOVER, p11.CKA_DERIVE, CKA_DECAPSULATE)
SECRET_USES = (p11.CKA_ENCRYPT, p11.CKA_DECRYPT, p11.CKA_SIGN, p11.CKA_VERIFY, p11.CKA_WRAP, p11.CKA_UNWRAP,
               p11.CKA_DERIVE)
TEXT = bytes(range(7, 7 + 64))
SALT = bytes(range(16))
token = None


def numbers():
    """What the headers call each number."""
    found = {}
    for path in ("/usr/include/p11-kit-1/p11-kit/pkcs11.h", "pkcs11/constants.h", "pkcs11/constants-mechanism.h",
                 "include/huks/huks_pkcs11.h"):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            for name, vendor, value in re.findall(
                    r"^\s*#\s*define\s+(CK[MKDGP]_\w+)\s+(CK_HUKS_VENDOR)?\(?(0x[0-9a-fA-F]+|\d+)U?L?\)?", file.read(),
                    re.M):
                found.setdefault(name, int(value, 0) | (0xC8550000 if vendor else 0))
    return found


N = numbers()


def flip(data, bit=0):
    return v.flip(data, bit)


def code_of(action, *arguments):
    """The CKR_* number that a call answers, 0: it worked."""
    try:
        action(*arguments)
        return 0
    except Refused as problem:
        return problem.code


def refused(what, action, *arguments, by=()):
    code = code_of(action, *arguments)
    if code == 0 or (by and code not in by):
        raise AssertionError("%s: CKR 0x%x instead of %s" % (what, code, [hex(one) for one in by] or "a refusal"))


# ---- keys: one of each kind, made when first wanted ----

class Key:
    def __init__(self, public, private):
        self.public, self.private = public, private


def secret(kind, size, value=None, uses=True):
    value = value or bytes((37 * i + 11) & 0xFF for i in range(size))
    handle = once((kind, value, uses), lambda: token.create(
        [(p11.CKA_CLASS, p11.CKO_SECRET_KEY), (p11.CKA_KEY_TYPE, N["CKK_" + kind]), (p11.CKA_TOKEN, False),
         (p11.CKA_PRIVATE, False), (p11.CKA_SENSITIVE, False), (p11.CKA_EXTRACTABLE, True), (p11.CKA_VALUE, value)] +
        [(use, uses) for use in SECRET_USES]))
    return Key(handle, handle)


def generate_pair(mechanism, public, private=(), uses=True):
    common = [(p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False)]
    one, one_count, _a = template(common + list(public) + [(use, uses) for use in PUBLIC_USES])
    other, other_count, _b = template(common + [(p11.CKA_SENSITIVE, False), (p11.CKA_EXTRACTABLE, True)] +
                                      list(private) + [(use, uses) for use in PRIVATE_USES])
    keys = p11.ulong(), p11.ulong()
    token.on("C_GenerateKeyPair", mechanism.raw, one, p11.ulong(one_count), other, p11.ulong(other_count),
             p11.ctypes.byref(keys[0]), p11.ctypes.byref(keys[1]))
    return Key(*keys)


def attribute(handle, which):
    buffer = p11.ctypes.create_string_buffer(8192)
    raw = bytearray(struct.pack("@LPL", which, p11.ctypes.addressof(buffer), 8192))
    token.on("C_GetAttributeValue", handle, (p11.ctypes.c_char * len(raw)).from_buffer(raw), p11.ulong(1))
    return buffer.raw[:struct.unpack("@LPL", bytes(raw))[2]]


def domain(mechanism, bits, more=()):
    raw, count, _kept = template([(p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False)] +
                                 ([(CKA_PRIME_BITS, bits)] if bits else []) + list(more() if callable(more) else more))
    handle = p11.ulong()
    token.on("C_GenerateKey", mechanism.raw, raw, p11.ulong(count), p11.ctypes.byref(handle))
    return handle


def domain_of(name, bits, parts, more=()):
    handle = once("domain " + name, lambda: domain(Mechanism(N[name]), bits, more))
    return [(which, attribute(handle, which)) for which in parts]


# What each kind of pair is generated from.
OID = {"P256": "06082a8648ce3d030107", "ED25519": "06032b6570", "X25519": "06032b656e"}
PAIRS = {
    "RSA": ("CKM_RSA_PKCS_KEY_PAIR_GEN", lambda: [(CKA_MODULUS_BITS, 2048), (CKA_PUBLIC_EXPONENT, b"\1\0\1")]),
    "EC": ("CKM_EC_KEY_PAIR_GEN", lambda: [(CKA_EC_PARAMS, bytes.fromhex(OID["P256"]))]),
    "EDWARDS": ("CKM_EC_EDWARDS_KEY_PAIR_GEN", lambda: [(CKA_EC_PARAMS, bytes.fromhex(OID["ED25519"]))]),
    "MONTGOMERY": ("CKM_EC_MONTGOMERY_KEY_PAIR_GEN", lambda: [(CKA_EC_PARAMS, bytes.fromhex(OID["X25519"]))]),
    "SM2": ("CKM_HUKS_SM2_KEY_PAIR_GEN", lambda: []),
    "DSA": ("CKM_DSA_KEY_PAIR_GEN",
            lambda: domain_of("CKM_DSA_PARAMETER_GEN", 1024, (CKA_PRIME, CKA_SUBPRIME, CKA_BASE))),
    "DH": ("CKM_DH_PKCS_KEY_PAIR_GEN", lambda: domain_of("CKM_DH_PKCS_PARAMETER_GEN", 512, (CKA_PRIME, CKA_BASE))),
    "X942": ("CKM_X9_42_DH_KEY_PAIR_GEN",
             lambda: domain_of("CKM_X9_42_DH_PARAMETER_GEN", 1024, (CKA_PRIME, CKA_BASE, CKA_SUBPRIME),
                               [(CKA_SUBPRIME_BITS, 160)])),
    "ML_KEM": ("CKM_ML_KEM_KEY_PAIR_GEN", lambda: [(CKA_PARAMETER_SET, 2)]),
    "ML_DSA": ("CKM_ML_DSA_KEY_PAIR_GEN", lambda: [(CKA_PARAMETER_SET, 1)]),
    "SLH_DSA": ("CKM_SLH_DSA_KEY_PAIR_GEN", lambda: [(CKA_PARAMETER_SET, 3)]),
}
ready = {}


def once(name, make):
    if name not in ready:
        ready[name] = make()
    return ready[name]


def pair_of(kind, uses, which):
    name, public = PAIRS[kind]
    return once((kind, which), lambda: generate_pair(Mechanism(N[name]), public(), uses=uses))


def key_of(kind, uses=True):
    """A key of the kind; `uses` False: one that may do nothing."""
    return pair_of(kind, uses, uses) if kind in PAIRS else secret(*kind, uses=uses)


def peer_of(kind):
    return pair_of(kind, True, "peer")


# ---- parameters ----

def oaep(name="SHA256"):
    return pack(N["CKM_" + name], N["CKG_MGF1_" + name], 1, 0, 0)


def pss(hash_name):
    return pack(N["CKM_" + hash_name], N["CKG_MGF1_" + hash_name], 20)


def rsa_aes():
    params, kept = oaep()
    data, more = pack(256, [params])
    return data, [kept, more]


def ecdh(kind):
    point = attribute(peer_of(kind).public, CKA_EC_POINT)
    return pack(1, 0, 0, len(point), [point])


def encapsulating():
    return pack(N["CKD_SHA256_KDF"], 0, 0, 0, 0)


def dh():
    return attribute(peer_of("DH").public, p11.CKA_VALUE)


def x942():
    value = attribute(peer_of("X942").public, p11.CKA_VALUE)
    return pack(1, 0, 0, len(value), [value])


def hkdf():
    data, kept = pack(N["CKM_SHA256"], 1, 0, 0, 0, b"info")
    return struct.pack("@BB6x", 1, 1) + data, kept


def counter_format():
    return struct.pack("@BxxxxxxxL", 0, 32)


def kbkdf(counter, feedback=False):
    iteration = [counter_format()] if counter else 0
    fields, kept = pack(1, iteration, 16 if counter else 0, 4, b"label")  # iteration variable, byte array
    params, more = pack(N["CKM_SHA256_HMAC"], 2, [fields], *((0, 0) if feedback else ()), 0, 0)
    return params, [kept, more]


def other_key():
    return struct.pack("@L", secret("GENERIC_SECRET", 32, bytes(32)).private.value)


def string_data():
    return pack(TEXT)


def bytes_and(iv, data=bytes(32)):
    params, kept = pack(data)
    return iv + params, kept


def randoms():
    return b"c" * 32, b"s" * 32


def tls_master(version=True, hash_name=None):
    data, kept = pack(*randoms(), [b"\0\0"] if version else 0, *([N[hash_name]] if hash_name else []))
    return data, kept


def tls_extended(version=True):
    return pack(N["CKM_SHA256"], TEXT[:32], [b"\0\0"] if version else 0)


OUTS = []


def tls_keys(hash_name=None):
    out, kept = pack(0, 0, 0, 0, [bytes(16)], [bytes(16)])
    buffer = p11.ctypes.create_string_buffer(out, len(out))
    OUTS.append(buffer)
    randoms_data, more = pack(*randoms())
    head = struct.pack("@LLLB7x", 160, 128, 128, 0)
    data = head + randoms_data + struct.pack("@P", p11.ctypes.addressof(buffer))
    return data + (struct.pack("@L", N[hash_name]) if hash_name else b""), [kept, more, buffer]


def tls_prf():
    size = p11.ctypes.create_string_buffer(struct.pack("@L", 48), 8)
    out = p11.ctypes.create_string_buffer(48)
    OUTS.append(out)
    data, kept = pack(b"seed", b"label")
    return data + struct.pack("@PP", p11.ctypes.addressof(out), p11.ctypes.addressof(size)), [kept, size, out]


def tls_kdf(hash_name):
    return pack(N[hash_name], b"label", *randoms(), 0, 0)


def ike_prf():
    data, kept = pack(b"initiator", b"responder", 0)
    return struct.pack("@LBB6x", N["CKM_SHA256_HMAC"], 1, 0) + data, kept


def ike1_prf():
    data, kept = pack(b"initiator", b"responder")
    return struct.pack("@LB7x", N["CKM_SHA256_HMAC"], 0) + other_key() + struct.pack("@L", 0) + data + \
        struct.pack("@B7x", 1), kept


def ike_more():
    data, kept = pack(0, b"extra")
    return struct.pack("@LB7x", N["CKM_SHA256_HMAC"], 0) + data, kept


def pbkdf2():
    return pack(1, SALT, 1000, N["CKP_PKCS5_PBKD2_HMAC_SHA256"], 0, 0, b"password")


def pbe():
    return pack([bytes(8)], b"password", SALT[:8], 1000)


def dsa_group():
    """(handle, the seed that it was made of)"""
    def make():
        seed = p11.ctypes.create_string_buffer(32)
        parameter = struct.pack("@LPLL", N["CKM_SHA256"], p11.ctypes.addressof(seed), 32, 0)
        return domain(Mechanism(N["CKM_DSA_PROBABILISTIC_PARAMETER_GEN"], parameter), 2048,
                      [(CKA_SUBPRIME_BITS, 256)]), seed.raw
    return once("DSA group", make)


def dsa_primes():
    return [(which, attribute(dsa_group()[0], which)) for which in (CKA_PRIME, CKA_SUBPRIME)]


def length(size):
    return lambda: struct.pack("@L", size)


def counter():
    return struct.pack("@L16s", 128, SALT)


def gcm():
    return pack(SALT[:12], 96, b"aad", 128)


def gcm_first():
    """CK_GCM_PARAMS as it was before it had ulIvBits."""
    return pack(SALT[:12], b"aad", 128)


def ccm(size):
    return lambda: pack(size, SALT[:12], b"aad", 16)


def chacha_poly():
    return pack(SALT[:12], b"aad")


def chacha():
    return pack([bytes(4)], 32, [SALT[:12]], 96)


def hash_context():
    return pack(0, 0, 0, N["CKM_SHA256"])


# ---- samples: a pattern of names; the kind of key; the parameter; what else there is to know ----

GENERIC, BLOCK = ("GENERIC_SECRET", 32), bytes(64)
CIPHERS = {"AES": (("AES", 16), 16), "CAMELLIA": (("CAMELLIA", 16), 16), "ARIA": (("ARIA", 16), 16),
           "SEED": (("SEED", 16), 16), "DES": (("DES", 8), 8), "DES3": (("DES3", 24), 8), "RC2": (("RC2", 16), 8),
           "CAST128": (("CAST128", 16), 8), "BLOWFISH": (("BLOWFISH", 16), 8), "HUKS_SM4": (("HUKS_SM4", 16), 16)}
SAMPLES = []


def sample(pattern, key=None, parameter=b"", **more):
    SAMPLES.append({"pattern": re.compile("CKM_(?:%s)$" % pattern), "key": key, "parameter": parameter, "more": more,
                    "used": False})


sample("SHA1_RSA_PKCS_PSS", "RSA", lambda: pack(N["CKM_SHA_1"], 1, 20))
for _hash in ("SHA224", "SHA256", "SHA384", "SHA512", "SHA3_224", "SHA3_256", "SHA3_384", "SHA3_512"):
    sample(_hash + "_RSA_PKCS_PSS", "RSA", lambda name=_hash: pss(name))
sample("RSA_PKCS_PSS", "RSA", lambda: pss("SHA256"), data=TEXT[:32], whole=True)
sample("RSA_PKCS_OAEP", "RSA", oaep)
sample("RSA_AES_KEY_WRAP", "RSA", rsa_aes)
sample("RSA_X_509", "RSA", data=bytes(192) + TEXT, whole=True, redundant=False, kem_size=256)
sample("RSA_X9_31", "RSA", data=TEXT[:32] + b"\x34\xcc", whole=True)
sample("RSA_PKCS", "RSA", data=TEXT, whole=True)
sample("RSA_(PKCS|X9_31)_KEY_PAIR_GEN", "RSA")
sample(r"\w+_RSA_(PKCS|X9_31)", "RSA")
sample("EC_KEY_PAIR_GEN(_W_EXTRA_BITS)?", "EC")
sample("EC_EDWARDS_KEY_PAIR_GEN", "EDWARDS")
sample("EC_MONTGOMERY_KEY_PAIR_GEN", "MONTGOMERY")
sample("ECDSA", "EC", data=TEXT[:32], whole=True)
sample(r"ECDSA_\w+", "EC")
sample("EDDSA", "EDWARDS")
sample("ECDH1_(COFACTOR_)?DERIVE", "EC", lambda: ecdh("EC"), kem=encapsulating)
sample("ECDH_(COF_)?AES_KEY_WRAP", "EC", lambda: pack(256, N["CKD_SHA256_KDF"], 0, 0))
sample("ECDH_X_AES_KEY_WRAP", "MONTGOMERY", lambda: pack(256, N["CKD_SHA256_KDF"], 0, 0))
sample("DSA_PARAMETER_GEN", domain=(1024, ()))
sample("DSA_PROBABILISTIC_PARAMETER_GEN", parameter=lambda: pack(N["CKM_SHA256"], 0, 0, 0),
       domain=(2048, [(CKA_SUBPRIME_BITS, 256)]), base=False)
sample("DSA_FIPS_G_GEN", parameter=lambda: pack(N["CKM_SHA256"], dsa_group()[1], 1), domain=(None, dsa_primes))
sample("DSA_KEY_PAIR_GEN", "DSA")
sample("DSA", "DSA", data=TEXT[:20], whole=True)
sample(r"DSA_SHA\w+", "DSA")
sample("DH_PKCS_PARAMETER_GEN", domain=(512, ()))
sample("DH_PKCS_KEY_PAIR_GEN", "DH")
sample("DH_PKCS_DERIVE", "DH", dh, size=None, takes_bytes=True)
sample("X9_42_DH_PARAMETER_GEN", domain=(1024, [(CKA_SUBPRIME_BITS, 160)]))
sample("X9_42_DH_KEY_PAIR_GEN", "X942")
sample("X9_42_DH_DERIVE", "X942", x942)
sample("HUKS_SM2_KEY_PAIR_GEN", "SM2")
sample("HUKS_SM2_SM3", "SM2", takes_bytes=True)
sample("HUKS_SM2", "SM2", whole=True)
sample(r"(MD5|SHA\w*|BLAKE2B_\d+|RIPEMD160|HUKS_SM3)_HMAC", GENERIC)
sample(r"(MD5|SHA\w*|BLAKE2B_\d+|RIPEMD160)_HMAC_GENERAL", GENERIC, length(10))
sample(r"(SHA\w*|BLAKE2B_\d+|GENERIC_SECRET|HKDF)_KEY_GEN", size=32)
sample(r"(MD5|SHA\w*|SHAKE_\d+)_KEY_DERIVATION|BLAKE2B_\d+_KEY_DERIVE", GENERIC, size=16)
# Block ciphers: what PKCS #11 has of each.
for _names, _form, _parameter, _more in (
        (set(CIPHERS) - {"BLOWFISH", "RC2"}, "ECB", b"", {"block": True}),
        (set(CIPHERS) - {"RC2"}, "CBC(_PAD)?", lambda block: SALT[:block], {"block": True}),
        (set(CIPHERS) - {"BLOWFISH", "HUKS_SM4", "RC2"}, "MAC", b"", {}),
        (set(CIPHERS) - {"BLOWFISH", "HUKS_SM4", "RC2"}, "MAC_GENERAL", length(4)(), {}),
        ({"AES", "DES3"}, "CMAC", b"", {}),
        ({"AES", "DES3"}, "CMAC_GENERAL", length(4)(), {}),
        (set(CIPHERS) - {"CAST128", "BLOWFISH", "HUKS_SM4", "RC2"}, "ECB_ENCRYPT_DATA", pack(bytes(32)), {}),
        (set(CIPHERS) - {"CAST128", "BLOWFISH", "HUKS_SM4", "RC2"}, "CBC_ENCRYPT_DATA",
         lambda block: bytes_and(SALT[:block]), {}),
        ({"AES", "CAMELLIA", "HUKS_SM4"}, "CTR", counter(), {}),
        ({"AES"}, "(CTS|OFB|CFB1|CFB8|CFB128)", lambda block: SALT[:block], {}),
        ({"DES"}, "(OFB64|CFB64|CFB8)", lambda block: SALT[:block], {}),
        ({"HUKS_SM4"}, "(OFB|CFB128)", lambda block: SALT[:block], {}),
        ({"RC2"}, "ECB", length(128)(), {"block": True}),
        ({"RC2"}, "CBC(_PAD)?", struct.pack("@L8s", 128, SALT), {"block": True}),
        ({"RC2"}, "MAC", length(128)(), {}),
        ({"RC2"}, "MAC_GENERAL", struct.pack("@LL", 128, 4), {})):
    for _name in sorted(_names):
        _key, _block = CIPHERS[_name]
        sample("%s_%s" % (_name, _form), _key,
               (lambda make=_parameter, block=_block: make(block)) if callable(_parameter) else _parameter, **_more)
for _name, (_key, _block) in CIPHERS.items():
    sample(_name + "_KEY_GEN", size=_key[1])
sample("AES_GCM", ("AES", 32), gcm, sealed=True, alike=gcm_first)
sample("AES_CCM", ("AES", 32), ccm(64), sealed=True, wrap=ccm(32))
sample("AES_XCBC_MAC(_96)?", ("AES", 16))
sample("AES_GMAC", ("AES", 32), SALT[:12], takes_bytes=True, message=SALT[:12])
sample(r"AES_KEY_WRAP(_\w+)?", ("AES", 32), sealed=True, whole=True)
sample("AES_XTS_KEY_GEN", size=64)
sample("AES_XTS", ("AES_XTS", 64), SALT, whole=True)
sample("DES2_KEY_GEN", size=16)
sample("(CHACHA20|POLY1305)_KEY_GEN", size=32)
sample("CHACHA20", ("CHACHA20", 32), chacha)
sample("CHACHA20_POLY1305", ("CHACHA20", 32), chacha_poly, sealed=True)
sample("POLY1305", ("POLY1305", 32))
sample("RC4_KEY_GEN", size=16)
sample("RC4", ("RC4", 16))
sample("HKDF_DERIVE", GENERIC, hkdf)
sample("HKDF_DATA", GENERIC, hkdf, makes=0)
sample("SP800_108_(COUNTER_KDF)", GENERIC, lambda: kbkdf(True))
sample("SP800_108_FEEDBACK_KDF", GENERIC, lambda: kbkdf(False, True))
sample("SP800_108_DOUBLE_PIPELINE_KDF", GENERIC, lambda: kbkdf(False))
sample("CONCATENATE_BASE_AND_KEY", GENERIC, other_key)
sample("CONCATENATE_(BASE_AND_DATA|DATA_AND_BASE)|XOR_BASE_AND_DATA", GENERIC, string_data, size=None)
sample("EXTRACT_KEY_FROM_KEY", GENERIC, length(21), size=16)
sample("PUB_KEY_FROM_PRIV_KEY", "EC", makes=2)
sample("TLS_PRE_MASTER_KEY_GEN", parameter=b"\3\3", size=48)
MASTER = ("GENERIC_SECRET", 48)
sample("TLS_MASTER_KEY_DERIVE", MASTER, tls_master, size=48)
sample("TLS_MASTER_KEY_DERIVE_DH", MASTER, lambda: tls_master(False), size=48)
sample("TLS12_MASTER_KEY_DERIVE", MASTER, lambda: tls_master(True, "CKM_SHA256"), size=48)
sample("TLS12_MASTER_KEY_DERIVE_DH", MASTER, lambda: tls_master(False, "CKM_SHA256"), size=48)
sample("TLS12_EXTENDED_MASTER_KEY_DERIVE", MASTER, tls_extended, size=48)
sample("TLS12_EXTENDED_MASTER_KEY_DERIVE_DH", MASTER, lambda: tls_extended(False), size=48)
sample("TLS_KEY_AND_MAC_DERIVE", MASTER, tls_keys, makes=None)
sample("TLS12_KEY_(AND_MAC|SAFE)_DERIVE", MASTER, lambda: tls_keys("CKM_SHA256"), makes=None)
sample("TLS_PRF", GENERIC, tls_prf, makes=None)
sample("TLS(12)?_KDF", GENERIC, lambda: tls_kdf("CKM_SHA256"))
sample("TLS(12)?_MAC", GENERIC, lambda: pack(N["CKM_SHA256"], 12, 1))
sample("TLS10_MAC_(SERVER|CLIENT)", GENERIC)
sample("IKE_PRF_DERIVE", GENERIC, ike_prf)
sample("IKE1_PRF_DERIVE", GENERIC, ike1_prf)
sample("IKE1_EXTENDED_DERIVE|IKE2_PRF_PLUS_DERIVE", GENERIC, ike_more)
sample("PKCS5_PBKD2", parameter=pbkdf2, size=32)
sample(r"PB[AE]_\w+", parameter=pbe, size=None)
sample("ML_KEM_KEY_PAIR_GEN", "ML_KEM")
sample("ML_KEM", "ML_KEM", kem_size=32)
for _name in ("ML_DSA", "SLH_DSA"):
    sample(_name + "_KEY_PAIR_GEN", _name)
    sample(_name, _name)
    sample("HASH_" + _name, _name, hash_context, data=TEXT[:32], whole=True)
    sample("HASH_%s_\\w+" % _name, _name)
sample(r"MD5|SHA_1|SHA\d+(_\d+)?|RIPEMD160|BLAKE2B_\d+|HUKS_SM3")


# ---- what each use has to show ----

class Try:
    """One mechanism with its sample."""

    def __init__(self, name, row):
        self.name, self.number, self.more = name, N[name], row["more"]
        self.kind, self.parameter = row["key"], row["parameter"]
        self.data = self.more.get("data", BLOCK if self.more.get("block") else TEXT)

    def mechanism(self, parameter=None):
        given = self.parameter if parameter is None else parameter
        return Mechanism(self.number, given() if callable(given) else given)

    def key(self, uses=True):
        return key_of(self.kind, uses)

    def wrong(self):
        """A parameter that is none: too short for any structure, too long for any flag or version."""
        return Mechanism(self.number, b"rubbish")


def another_kind(kind):
    """A key that the mechanism is not for."""
    return secret("CAMELLIA", 32) if kind in PAIRS or kind[0] != "CAMELLIA" else secret("ARIA", 32)


def wrong_keys(this, function, which):
    """An Init that must not take a key of another kind, one that isn't for it, or a parameter that is none."""
    other = getattr(another_kind(this.kind), which)
    refused(function + ", key of another kind", token.on, function, this.mechanism().raw, other,
            by=(KEY_TYPE_INCONSISTENT,))
    refused(function + ", key for nothing", token.on, function, this.mechanism().raw, getattr(this.key(False), which),
            by=(KEY_FUNCTION_NOT_PERMITTED,))
    if not this.more.get("takes_bytes"):
        refused(function + ", rubbish", token.on, function, this.wrong().raw, getattr(this.key(), which),
                by=(MECHANISM_PARAM_INVALID,))


def digests(this):
    got = token.digest(this.mechanism(), TEXT)
    equal(token.digest(this.mechanism(), TEXT, 13), got, "digest in two parts")
    known = this.name[4:].replace("SHA_1", "SHA1").lower()
    if known in hashlib.algorithms_available:
        equal(hashlib.new(known, TEXT).digest(), got, "digest by hashlib")
    elif known.startswith("blake2b_"):
        equal(hashlib.blake2b(TEXT, digest_size=int(known[8:]) // 8).digest(), got, "digest by hashlib")
    if token.digest(this.mechanism(), flip(TEXT)) == got:
        raise AssertionError("another text has the same digest")
    # (A parameter is not looked at: PowerDNS gives one that it never wrote.)
    token.on("C_DigestInit", this.mechanism().raw)
    refused("C_Digest into one byte", token.on, "C_Digest", TEXT, p11.ulong(len(TEXT)), bytes(1),
            p11.ctypes.byref(p11.ulong(1)), by=(BUFFER_TOO_SMALL,))


def signs(this):
    keys = this.key()
    signature = token.sign(this.mechanism(), keys.private, this.data)
    token.verify(this.mechanism(), keys.public, this.data, signature)
    if not this.more.get("whole"):
        token.verify(this.mechanism(), keys.public, this.data, signature, 13)
        token.on("C_SignInit", this.mechanism().raw, keys.private)
        token.on("C_SignUpdate", this.data[:13], p11.ulong(13))
        token.on("C_SignUpdate", this.data[13:], p11.ulong(len(this.data) - 13))
        token.verify(this.mechanism(), keys.public, this.data, token.output("C_SignFinal"))
    refused("C_Verify of a changed signature", token.verify, this.mechanism(), keys.public, this.data,
            flip(signature, 8 * len(signature) // 2), by=(SIGNATURE_INVALID,))
    refused("C_Verify of changed data", token.verify, this.mechanism(), keys.public,
            flip(this.data, 4 * len(this.data)), signature, by=(SIGNATURE_INVALID,))
    token.on("C_VerifySignatureInit", this.mechanism().raw, keys.public, signature, p11.ulong(len(signature)))
    token.on("C_VerifySignature", this.data, p11.ulong(len(this.data)))
    wrong_keys(this, "C_SignInit", "private")


def verifies(this):
    """What works is shown by signs()."""
    wrong_keys(this, "C_VerifyInit", "public")


def recovers(this):
    keys = this.key()
    token.on("C_SignRecoverInit", this.mechanism().raw, keys.private)
    signature = token.output("C_SignRecover", this.data, p11.ulong(len(this.data)))
    token.on("C_VerifyRecoverInit", this.mechanism().raw, keys.public)
    equal(token.output("C_VerifyRecover", signature, p11.ulong(len(signature))), this.data, "recovered data")
    token.on("C_VerifyRecoverInit", this.mechanism().raw, keys.public)
    changed = flip(signature, 2000)
    if this.more.get("redundant", True):
        refused("C_VerifyRecover of a changed signature", token.output, "C_VerifyRecover", changed,
                p11.ulong(len(changed)))
    elif token.output("C_VerifyRecover", changed, p11.ulong(len(changed))) == this.data:
        raise AssertionError("a changed signature recovers the same")
    wrong_keys(this, "C_SignRecoverInit", "private")


def recovers_public(this):
    wrong_keys(this, "C_VerifyRecoverInit", "public")


def encrypts(this):
    keys = this.key()
    sealed = token.crypt("Encrypt", this.mechanism(), keys.public, this.data)
    equal(token.crypt("Decrypt", this.mechanism(), keys.private, sealed), this.data, "decrypted")
    if "alike" in this.more:
        other = this.mechanism(this.more["alike"])
        equal(token.crypt("Encrypt", other, keys.public, this.data), sealed, "encrypted with the other parameter")
    if sealed == this.data:
        raise AssertionError("nothing is encrypted")
    if not this.more.get("whole"):
        if keys.public is keys.private:
            equal(token.crypt("Encrypt", this.mechanism(), keys.public, this.data, 16), sealed,
                  "encrypted in two parts")
        equal(token.crypt("Decrypt", this.mechanism(), keys.private, sealed, 16), this.data, "decrypted in two parts")
    changed = flip(sealed, 8 * len(sealed) - 3)
    if this.more.get("sealed"):
        refused("C_Decrypt of changed data", token.crypt, "Decrypt", this.mechanism(), keys.private, changed)
    elif this.kind not in PAIRS and code_of(token.crypt, "Decrypt", this.mechanism(), keys.private, changed) == 0 and \
            token.crypt("Decrypt", this.mechanism(), keys.private, changed) == this.data:
        raise AssertionError("a changed ciphertext gives the same")
    if this.more.get("block"):
        refused("C_Decrypt of a torn block", token.crypt, "Decrypt", this.mechanism(), keys.private, sealed[:-1])
    wrong_keys(this, "C_EncryptInit", "public")


def decrypts(this):
    wrong_keys(this, "C_DecryptInit", "private")


def plain_key():
    return secret("GENERIC_SECRET", 32, bytes(range(100, 132))).private


def wrapping(this):
    return this.mechanism(this.more.get("wrap"))


def wraps(this):
    keys, value = this.key(), bytes(range(100, 132))
    wrapped = token.wrap(wrapping(this), keys.public, plain_key())
    if "alike" in this.more:
        equal(token.wrap(this.mechanism(this.more["alike"]), keys.public, plain_key()), wrapped,
              "wrapped with the other parameter")
    equal(token.unwrap(wrapping(this), keys.private, wrapped), value, "unwrapped")
    changed = flip(wrapped, 8 * len(wrapped) - 3)
    if this.more.get("sealed") or this.kind in PAIRS:
        # (An RSA key answers what isn't padded with a key that nobody knows.)
        code = code_of(token.unwrap, wrapping(this), keys.private, changed)
        if code == 0 and token.unwrap(wrapping(this), keys.private, changed) == value:
            raise AssertionError("a changed key is unwrapped to the same")
    refused("C_UnwrapKey of less", token.unwrap, wrapping(this), keys.private, wrapped[:-1])
    for what, key, mechanism, code in (
            ("key of another kind", another_kind(this.kind).public, wrapping(this), 0x115),
            ("key for nothing", this.key(False).public, wrapping(this), KEY_FUNCTION_NOT_PERMITTED),
            ("rubbish", keys.public, this.wrong(), MECHANISM_PARAM_INVALID)):
        if not (what == "rubbish" and this.more.get("takes_bytes")):
            refused("C_WrapKey, " + what, token.wrap, mechanism, key, plain_key(), by=(code,))
    unextractable = once("unextractable", lambda: token.create(
        [(p11.CKA_CLASS, p11.CKO_SECRET_KEY), (p11.CKA_KEY_TYPE, p11.CKK_GENERIC_SECRET), (p11.CKA_TOKEN, False),
         (p11.CKA_EXTRACTABLE, False), (p11.CKA_VALUE, value)]))
    refused("C_WrapKey of a key that stays", token.wrap, wrapping(this), keys.public, unextractable, by=(0x6A,))


def unwraps(this):
    for what, key, mechanism, code in (
            ("key of another kind", another_kind(this.kind).private, wrapping(this), 0xF2),
            ("key for nothing", this.key(False).private, wrapping(this), KEY_FUNCTION_NOT_PERMITTED),
            ("rubbish", this.key().private, this.wrong(), MECHANISM_PARAM_INVALID)):
        if not (what == "rubbish" and this.more.get("takes_bytes")):
            refused("C_UnwrapKey, " + what, token.unwrap, mechanism, key, bytes(256), by=(code,))


def derive(this, base, mechanism=None):
    """The value of what is derived, or the number of objects that there are then."""
    makes, size = this.more.get("makes", p11.CKO_SECRET_KEY), this.more.get("size", 32)
    raw = [(p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False)]
    if makes == p11.CKO_SECRET_KEY:
        raw += [(p11.CKA_CLASS, makes), (p11.CKA_KEY_TYPE, p11.CKK_GENERIC_SECRET), (p11.CKA_SENSITIVE, False),
                (p11.CKA_EXTRACTABLE, True)]
        raw += [(p11.CKA_VALUE_LEN, size)] if size else []
    elif makes == 0:
        raw += [(p11.CKA_CLASS, 0), (p11.CKA_VALUE_LEN, size)]
    elif makes is None:
        raw = [(p11.CKA_TOKEN, False), (p11.CKA_CLASS, p11.CKO_SECRET_KEY), (p11.CKA_KEY_TYPE, p11.CKK_GENERIC_SECRET),
               (p11.CKA_SENSITIVE, False), (p11.CKA_EXTRACTABLE, True)]
    else:
        raw += [(p11.CKA_CLASS, makes)]
    attributes, count, _kept = template(raw)
    handle = p11.ulong()
    del OUTS[:]
    mechanism = mechanism or this.mechanism()
    token.on("C_DeriveKey", mechanism.raw, base, attributes, p11.ulong(count),
             None if makes is None else p11.ctypes.byref(handle))
    if makes is None:
        return OUTS[0].raw
    value = attribute(handle, CKA_EC_POINT if makes == p11.CKO_PUBLIC_KEY else p11.CKA_VALUE)
    token.destroy(handle)
    return value


def told(this, out):
    """TLS: key material is handles and IVs; what they hold."""
    if "KEY_AND_MAC" not in this.name and "KEY_SAFE" not in this.name:
        return out
    return b"".join(token.value(p11.ulong(handle)) for handle in struct.unpack_from("@4L", out))


def derives(this):
    base = this.key().private
    first = told(this, derive(this, base))
    if not first or not any(first):
        raise AssertionError("nothing is derived")
    equal(told(this, derive(this, base)), first, "derived again")
    if this.kind not in PAIRS:
        kind, size = this.kind
        other = secret(kind, size, bytes((91 * i + 5) & 0xFF for i in range(size))).private
        if told(this, derive(this, other)) == first:
            raise AssertionError("another key derives the same")
    elif this.more.get("makes", 4) == p11.CKO_PUBLIC_KEY:
        equal(attribute(this.key().public, CKA_EC_POINT), first, "public key")
    refused("C_DeriveKey, key for nothing", derive, this, this.key(False).private, by=(KEY_FUNCTION_NOT_PERMITTED,))
    if not this.more.get("takes_bytes"):
        refused("C_DeriveKey, rubbish", derive, this, base, this.wrong(), by=(MECHANISM_PARAM_INVALID,))
    # What any secret may be derived from refuses what is none.
    wrong = another_kind(this.kind) if this.kind in PAIRS or this.kind[0] != "GENERIC_SECRET" else key_of("EC")
    refused("C_DeriveKey, key of another kind", derive, this, wrong.private, by=(KEY_TYPE_INCONSISTENT,))


def number(handle, which):
    return int.from_bytes(attribute(handle, which), "big")


def order(handle):
    """Of the base that a group comes with; a safe prime has no CKA_SUBPRIME."""
    try:
        return number(handle, CKA_SUBPRIME)
    except Refused:
        return number(handle, CKA_PRIME) - 1


def generates(this):
    if "domain" in this.more:
        bits, more = this.more["domain"]
        handle = domain(this.mechanism(), bits, more)
        equal(len(attribute(handle, CKA_PRIME)), (bits or 2048) // 8, "size of the prime")
        if this.more.get("base", True):
            equal(pow(number(handle, CKA_BASE), order(handle), number(handle, CKA_PRIME)), 1, "base to its order")
        refused("C_GenerateKey of nothing", domain, this.mechanism(), None, by=(TEMPLATE_INCOMPLETE,))
        refused("C_GenerateKey, rubbish", domain, this.wrong(), bits, more, by=(MECHANISM_PARAM_INVALID,))
        return
    size = this.more.get("size")
    asks = size if size and not re.search("DES|SEED|SM4|CHACHA|POLY1305|TLS|PB[AE]", this.name) else None
    raw = [(p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False), (p11.CKA_SENSITIVE, False), (p11.CKA_EXTRACTABLE, True)]
    raw += [(p11.CKA_VALUE_LEN, asks)] if asks else []

    def make(mechanism, attributes):
        data, count, _kept = template(attributes)
        handle = p11.ulong()
        token.on("C_GenerateKey", mechanism.raw, data, p11.ulong(count), p11.ctypes.byref(handle))
        return handle

    handle = make(this.mechanism(), raw)
    value = token.value(handle)
    if size:
        equal(len(value), size, "size of the key")
    alike = token.value(make(this.mechanism(), raw)) == value
    if alike != bool(re.search("PBKD2|PB[AE]_", this.name)):
        raise AssertionError("generated again: %s" % ("the same" if alike else "another"))
    refused("C_GenerateKey, rubbish", make, this.wrong(), raw, by=(MECHANISM_PARAM_INVALID,))
    refused("C_GenerateKey, a public key", make, this.mechanism(), raw + [(p11.CKA_CLASS, p11.CKO_PUBLIC_KEY)],
            by=(TEMPLATE_INCONSISTENT,))


def generates_pairs(this):
    _name, public = PAIRS[this.kind]
    keys = generate_pair(this.mechanism(), public())
    for handle, kind in ((keys.public, p11.CKO_PUBLIC_KEY), (keys.private, p11.CKO_PRIVATE_KEY)):
        equal(struct.unpack("@L", attribute(handle, p11.CKA_CLASS))[0], kind, "class")
    if public():
        refused("C_GenerateKeyPair of nothing", generate_pair, this.mechanism(), (), by=(TEMPLATE_INCOMPLETE,))
    refused("C_GenerateKeyPair, rubbish", generate_pair, this.wrong(), public(), by=(MECHANISM_PARAM_INVALID,))
    # That halves belong together is shown by every mechanism that uses a pair; RSA and EC have two that make one.
    own = {"RSA": "CKM_SHA256_RSA_PKCS", "EC": "CKM_ECDSA_SHA256"}.get(this.kind)
    if own:
        mechanism = Mechanism(N[own])
        token.verify(mechanism, keys.public, TEXT, token.sign(mechanism, keys.private, TEXT))


def encapsulation(this, which, key, ciphertext=None, mechanism=None):
    """(secret, ciphertext)"""
    size = this.more.get("kem_size", 32)
    raw, count, _kept = token.secret_template([] if this.kind in ("ML_KEM",) or "X_509" in this.name else
                                              [(p11.CKA_VALUE_LEN, size)])
    handle, out, room = p11.ulong(), p11.ctypes.create_string_buffer(4096), p11.ulong(4096)
    mechanism = mechanism or this.mechanism(this.more.get("kem"))
    if which == "C_EncapsulateKey":
        token.on(which, mechanism.raw, key, raw, p11.ulong(count), out, p11.ctypes.byref(room),
                 p11.ctypes.byref(handle))
        ciphertext = out.raw[:room.value]
    else:
        token.on(which, mechanism.raw, key, raw, p11.ulong(count), ciphertext, p11.ulong(len(ciphertext)),
                 p11.ctypes.byref(handle))
    value = token.value(handle)
    token.destroy(handle)
    return value, ciphertext


def encapsulates(this):
    keys = this.key()
    shared, ciphertext = encapsulation(this, "C_EncapsulateKey", keys.public)
    equal(encapsulation(this, "C_DecapsulateKey", keys.private, ciphertext)[0], shared, "secret")
    again, _ciphertext = encapsulation(this, "C_EncapsulateKey", keys.public)
    if again == shared:
        raise AssertionError("the same secret twice")
    for which, half in (("C_EncapsulateKey", "public"), ("C_DecapsulateKey", "private")):
        refused(which + ", key for nothing", encapsulation, this, which, getattr(this.key(False), half), ciphertext,
                by=(KEY_FUNCTION_NOT_PERMITTED,))
        refused(which + ", key of another kind", encapsulation, this, which, getattr(another_kind(this.kind), half),
                ciphertext, by=(KEY_TYPE_INCONSISTENT, 0x115, 0xF2))
        refused(which + ", rubbish", encapsulation, this, which, getattr(keys, half), ciphertext, this.wrong(),
                by=(MECHANISM_PARAM_INVALID,))


def decapsulates(this):
    refused("C_DecapsulateKey of less", encapsulation, this, "C_DecapsulateKey", this.key().private, b"\1\2\3")


def message(this, verb, key, parameter, aad, data):
    token.on("C_Message%sInit" % verb, Mechanism(this.number).raw, key)
    try:
        return token.output("C_%sMessage" % verb, parameter, p11.ulong(len(parameter)), aad, p11.ulong(len(aad)), data,
                            p11.ulong(len(data)))
    finally:
        token.on("C_Message%sFinal" % verb)


def message_parameter(this, size):
    """(bytes, the tag's buffer, what must stay)"""
    tag, nonce = p11.ctypes.create_string_buffer(16), p11.ctypes.create_string_buffer(SALT[:12], 12)
    where, tag_at = p11.ctypes.addressof(nonce), p11.ctypes.addressof(tag)
    words = {"CKM_AES_GCM": (where, 12, 0, 0, tag_at, 128), "CKM_AES_CCM": (size, where, 12, 0, 0, tag_at, 16),
             "CKM_CHACHA20_POLY1305": (where, 12, tag_at)}[this.name]
    return struct.pack("@%dL" % len(words), *words), tag, nonce


def seals_messages(this):
    keys = this.key()
    parameter, tag, _nonce = message_parameter(this, len(TEXT))
    sealed = message(this, "Encrypt", keys.public, parameter, b"aad", TEXT)
    equal(message(this, "Decrypt", keys.private, parameter, b"aad", sealed), TEXT, "decrypted message")
    equal(token.crypt("Encrypt", this.mechanism(), keys.public, TEXT), sealed + tag.raw, "message and ciphertext")
    refused("C_DecryptMessage of changed data", message, this, "Decrypt", keys.private, parameter, b"aad", flip(sealed))
    refused("C_DecryptMessage, rubbish", message, this, "Decrypt", keys.private, b"rubbish", b"aad", sealed,
            by=(MECHANISM_PARAM_INVALID,))
    refused("C_MessageEncryptInit, key for nothing", token.on, "C_MessageEncryptInit", Mechanism(this.number).raw,
            this.key(False).public, by=(KEY_FUNCTION_NOT_PERMITTED,))


def opens_messages(this):
    refused("C_MessageDecryptInit, key for nothing", token.on, "C_MessageDecryptInit", Mechanism(this.number).raw,
            this.key(False).private, by=(KEY_FUNCTION_NOT_PERMITTED,))


def signs_messages(this):
    keys = this.key()
    own = this.more.get("message")
    about = own, p11.ulong(len(own or b"")), this.data, p11.ulong(len(this.data))
    token.on("C_MessageSignInit", this.mechanism().raw, keys.private)
    signatures = [token.output("C_SignMessage", *about) for _i in "ab"]
    token.on("C_MessageSignFinal")
    token.on("C_MessageVerifyInit", this.mechanism().raw, keys.public)
    for signature in signatures:
        token.on("C_VerifyMessage", *about, signature, p11.ulong(len(signature)))
    changed = flip(signatures[0], 8 * len(signatures[0]) // 2)
    refused("C_VerifyMessage of a changed signature", token.on, "C_VerifyMessage", *about, changed,
            p11.ulong(len(changed)), by=(SIGNATURE_INVALID,))
    token.on("C_MessageVerifyFinal")
    wrong_keys(this, "C_MessageSignInit", "private")


def checks_messages(this):
    wrong_keys(this, "C_MessageVerifyInit", "public")


def init(function, key):
    """A call that must not take the mechanism."""
    return lambda mechanism: token.on(function, mechanism.raw, *([key()] if key else []))


def any_public():
    return key_of("RSA").public


def any_private():
    return key_of("RSA").private


def made(function, key):
    def call(mechanism):
        if function == "C_GenerateKeyPair":
            generate_pair(mechanism, [])
            return
        raw, count, _kept = token.secret_template([(p11.CKA_VALUE_LEN, 32)])
        room, out = p11.ulong(4096), p11.ctypes.create_string_buffer(4096)
        handle = p11.ctypes.byref(p11.ulong())
        attributes = (raw, p11.ulong(count))
        token.on(function, mechanism.raw, *{
            "C_GenerateKey": lambda: attributes + (handle,),
            "C_DeriveKey": lambda: (key(),) + attributes + (handle,),
            "C_WrapKey": lambda: (key(), plain_key(), out, p11.ctypes.byref(room)),
            "C_UnwrapKey": lambda: (key(), bytes(256), p11.ulong(256)) + attributes + (handle,),
            "C_EncapsulateKey": lambda: (key(),) + attributes + (out, p11.ctypes.byref(room), handle),
            "C_DecapsulateKey": lambda: (key(),) + attributes + (bytes(256), p11.ulong(256), handle)}[function]())
    return call


USES = (  # flag, what it has to show, what is refused without it
    (0x00000100, "encrypt", encrypts, init("C_EncryptInit", any_public)),
    (0x00000200, "decrypt", decrypts, init("C_DecryptInit", any_private)),
    (0x00000400, "digest", digests, init("C_DigestInit", None)),
    (0x00000800, "sign", signs, init("C_SignInit", any_private)),
    (0x00001000, "sign-recover", recovers, init("C_SignRecoverInit", any_private)),
    (0x00002000, "verify", verifies, init("C_VerifyInit", any_public)),
    (0x00004000, "verify-recover", recovers_public, init("C_VerifyRecoverInit", any_public)),
    (0x00008000, "generate", generates, made("C_GenerateKey", None)),
    (0x00010000, "generate pair", generates_pairs, made("C_GenerateKeyPair", None)),
    (0x00020000, "wrap", wraps, made("C_WrapKey", any_public)),
    (0x00040000, "unwrap", unwraps, made("C_UnwrapKey", any_private)),
    (0x00080000, "derive", derives, made("C_DeriveKey", any_private)),
    (0x10000000, "encapsulate", encapsulates, made("C_EncapsulateKey", any_public)),
    (0x20000000, "decapsulate", decapsulates, made("C_DecapsulateKey", any_private)),
    (0x00000002, "encrypt messages", seals_messages, init("C_MessageEncryptInit", any_public)),
    (0x00000004, "decrypt messages", opens_messages, init("C_MessageDecryptInit", any_private)),
    (0x00000008, "sign messages", signs_messages, init("C_MessageSignInit", any_private)),
    (0x00000010, "verify messages", checks_messages, init("C_MessageVerifyInit", any_public)),
)


def not_for(without, this):
    refused("taken", without, this.mechanism(), by=(MECHANISM_INVALID,))


def info_of(number):
    raw = p11.ctypes.create_string_buffer(24)
    token.call("C_GetMechanismInfo", token.slot, p11.ulong(number), raw)
    return struct.unpack("@LLL", raw.raw)


def attempt(what, action, *arguments):
    try:
        action(*arguments)
        return 1, 0
    except (Refused, AssertionError, KeyError) as problem:
        print("not ok %s: %r" % (what, problem))
        return 0, 1
    finally:
        token.on("C_SessionCancel", p11.ulong(0x3FFFE))


def try_all(names, only):
    """((passed, failed), uses that are shown, others that are refused)"""
    counts, works, refusals = [0, 0], 0, 0
    for number in sorted(token.mechanisms):
        name = names.get(number, "0x%x" % number)
        if only and name not in only:
            continue
        row = next((row for row in SAMPLES if row["pattern"].match(name)), None)
        if row is None:
            print("not ok %s: no sample" % name)
            counts[1] += 1
            continue
        row["used"] = True
        flags, this = info_of(number)[2], Try(name, row)
        for flag, what, show, without in USES:
            if flags & flag:
                good, bad = attempt("%s, %s" % (name, what), show, this)
                works += good
            else:
                good, bad = attempt("%s, not for %s" % (name, what), not_for, without, this)
                refusals += good
            counts[0] += good
            counts[1] += bad
    return counts, works, refusals


def main():
    global token
    if os.environ.get("HUKS_SANITIZER", "none") not in ("", "no", "none"):
        v.leave("python can't load a module built with a sanitizer")
    module, work = p11.default_module(), tempfile.mkdtemp(prefix="mechanisms.")
    with open(os.path.join(ROOT, "doc/mechanisms.md"), encoding="utf-8") as file:
        names = {N[name]: name for name in re.findall(r"`(CKM_\w+)`", file.read())}
    try:
        for name in [name for name in os.environ if name.startswith(("HUKS_", "XDG_", "OPENSSL_"))]:
            del os.environ[name]
        with open(os.path.join(work, "huks.conf"), "w", encoding="ascii") as file:
            file.write("scrypt_log2n = 10\nlegacy_mechanisms = true\n")
        os.environ.update(HOME=work, HUKS_STORE=work + "/store", HUKS_CONF=work + "/huks.conf")
        token = p11.Token(module)
        (good, bad), works, refusals = try_all(names, sys.argv[1:])
        for row in SAMPLES if not sys.argv[1:] else ():
            # (Another one's OpenSSL may have it.)
            if not row["used"] and not any(row["pattern"].match(name) for number, name in names.items()
                                           if number not in token.mechanisms):
                print("not ok: no mechanism for the sample %s" % row["pattern"].pattern)
                bad += 1
        print("%d mechanisms, %d uses shown, %d others refused" % (len(token.mechanisms), works, refusals))
        print("%d passed, %d failed, 0 skipped" % (good, bad))
        return 1 if bad or not good else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
