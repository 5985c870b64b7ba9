"""What tests/interop/mechanisms.py tries each mechanism with: a pattern of names, a kind of key, a parameter, and what
else there is to know of it."""
import os
import re
import struct

import cryptoki as p11
import vectors as v
from cryptoki import Mechanism, pack, template

ROOT = os.environ.get("HUKS_SRCDIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT, CKA_PRIME_BITS, CKA_PARAMETER_SET = 0x121, 0x122, 0x133, 0x61D
CKA_SUBPRIME_BITS, CKA_EC_PARAMS, CKA_EC_POINT = 0x134, 0x180, 0x181
CKA_PRIME, CKA_SUBPRIME, CKA_BASE = 0x130, 0x131, 0x132
CKA_SIGN_RECOVER, CKA_VERIFY_RECOVER, CKA_ENCAPSULATE, CKA_DECAPSULATE = 0x109, 0x10B, 0x633, 0x634
PUBLIC_USES = (p11.CKA_ENCRYPT, p11.CKA_VERIFY, p11.CKA_WRAP, CKA_VERIFY_RECOVER, CKA_ENCAPSULATE)
PRIVATE_USES = (p11.CKA_DECRYPT, p11.CKA_SIGN, p11.CKA_UNWRAP, CKA_SIGN_RECOVER, p11.CKA_DERIVE, CKA_DECAPSULATE)
SECRET_USES = (p11.CKA_ENCRYPT, p11.CKA_DECRYPT, p11.CKA_SIGN, p11.CKA_VERIFY, p11.CKA_WRAP, p11.CKA_UNWRAP,
               p11.CKA_DERIVE)
TEXT = bytes(range(7, 7 + 64))
SALT = bytes(range(16))


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


# ---- keys: one of each kind, made when first wanted ----

class Key:
    def __init__(self, public, private):
        self.public, self.private = public, private


def secret(kind, size, value=None, uses=True):
    value = value or bytes((37 * i + 11) & 0xFF for i in range(size))
    handle = once((kind, value, uses), lambda: v.token.create(
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
    v.token.on("C_GenerateKeyPair", mechanism.raw, one, p11.ulong(one_count), other, p11.ulong(other_count),
             p11.ctypes.byref(keys[0]), p11.ctypes.byref(keys[1]))
    return Key(*keys)


def attribute(handle, which):
    buffer = p11.ctypes.create_string_buffer(8192)
    raw = bytearray(struct.pack("@LPL", which, p11.ctypes.addressof(buffer), 8192))
    v.token.on("C_GetAttributeValue", handle, (p11.ctypes.c_char * len(raw)).from_buffer(raw), p11.ulong(1))
    return buffer.raw[:struct.unpack("@LPL", bytes(raw))[2]]


def domain(mechanism, bits, more=()):
    raw, count, _kept = template([(p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False)] +
                                 ([(CKA_PRIME_BITS, bits)] if bits else []) + list(more() if callable(more) else more))
    handle = p11.ulong()
    v.token.on("C_GenerateKey", mechanism.raw, raw, p11.ulong(count), p11.ctypes.byref(handle))
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
