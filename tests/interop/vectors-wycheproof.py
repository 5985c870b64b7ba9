#!/usr/bin/env python3
"""usage: tests/interop/vectors-wycheproof.py [FAMILY...]

Wycheproof's vectors, from Debian's source package of NSS, through the module: what is valid comes out right, what is
invalid is refused, and what a token may do either way comes out right or is refused. How is said in vectors.py.
"""
import fnmatch
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import cryptoki as p11
import sources
import vectors as v
from cryptoki import Mechanism, Refused, pack
from sources import Held, create, der_octets, private_key, public_key
from vectors import AES, AUTHENTIC, CRYPT, GENERIC, Left, SIGN, UNSIGNED, equal, family, refused

v.families.clear()
HASH = {"SHA-1": 0x220, "SHA-224": 0x255, "SHA-256": 0x250, "SHA-384": 0x260, "SHA-512": 0x270, "SHA-512/224": 0x48,
        "SHA-512/256": 0x4C}
MGF = {"SHA-1": 1, "SHA-224": 5, "SHA-256": 2, "SHA-384": 3, "SHA-512": 4}
RSA_PKCS = {"SHA-1": 0x06, "SHA-224": 0x46, "SHA-256": 0x40, "SHA-384": 0x41, "SHA-512": 0x42}
RSA_PSS = {"SHA-1": 0x0E, "SHA-224": 0x47, "SHA-256": 0x43, "SHA-384": 0x44, "SHA-512": 0x45}
ECDSA = {"SHA-1": 0x1042, "SHA-224": 0x1043, "SHA-256": 0x1044, "SHA-384": 0x1045, "SHA-512": 0x1046}
DSA = {"SHA-1": 0x12, "SHA-224": 0x13, "SHA-256": 0x14}
BAD_KEY = ("PUBLIC_KEY_INVALID", "ATTRIBUTE_VALUE_INVALID", "MECHANISM_PARAM_INVALID")


def run(name, attempt, most=300):
    """attempt(test, group, number) for each test of the file, with its octets."""
    with open(os.path.join(sources.HERE, "nss", name), encoding="utf-8") as file:
        groups = json.load(file)["testGroups"]
    tests = [(group, {**test, "count": test["tcId"]}) for group in groups for test in group["tests"]]
    chosen = v.sample(tests, most)
    numbers = {id(test): group for group, test in chosen}
    v.run(name, [test for _group, test in chosen],
          lambda test, number: attempt({field: bytes.fromhex(value) if field not in ("comment", "result") and
                                        isinstance(value, str) else value for field, value in test.items()},
                                       numbers[id(test)], number))


def files(pattern):
    return sorted(fnmatch.filter(os.listdir(os.path.join(sources.HERE, "nss")), pattern))


def judged(test, codes, action):
    """Does the action, where valid; sees it refused, where not; else one or the other."""
    if test["result"] == "valid":
        action()
    elif test["result"] == "invalid":
        refused(codes, test["comment"], action)
    else:
        try:
            action()
        except Refused as refusal:
            assert refusal.name in codes, "%s: CKR %s" % (test["comment"], refusal.name)
            v.Counts.refusals += 1


# ---- secret keys ----

def sealed_by(mechanism_of, kind):
    def attempt(test, _group, number):
        sealed = test["ct"] + test.get("tag", b"")

        def act():
            mechanism, key = Mechanism(*mechanism_of(test)), v.token.secret(kind, test["key"], *CRYPT)
            equal(v.token.crypt("Decrypt", mechanism, key, sealed), test["msg"], "decrypted")
            equal(v.token.crypt("Encrypt", mechanism, key, test["msg"]), sealed, "encrypted")
            if len(sealed) > 1:
                cut = number % len(sealed)
                equal(v.token.crypt("Decrypt", mechanism, key, sealed, cut), test["msg"], "decrypted in parts")
        judged(test, AUTHENTIC + ("MECHANISM_PARAM_INVALID",), act)
    return attempt


@family
def ciphers():
    run("aes_cbc_pkcs5_test.json", sealed_by(lambda t: (0x1085, t["iv"]), AES))
    gcm = sealed_by(lambda t: (0x1087, pack(t["iv"], 8 * len(t["iv"]), t["aad"], 8 * len(t["tag"]))), AES)

    def attempt(test, group, number):
        if len(test["iv"]) > 128:
            raise Left("GCM nonces above 128 bytes: libcrypto takes none")
        gcm(test, group, number)
    run("aes_gcm_test.json", attempt)
    run("chacha20_poly1305_test.json", sealed_by(lambda t: (0x4021, pack(t["iv"], t["aad"])), v.CHACHA20))


@family
def macs():
    general = {"aes_cmac_test.json": (AES, 0x108B)}
    for name, number in (("sha224", 0x257), ("sha256", 0x252), ("sha384", 0x262), ("sha512", 0x272),
                         ("sha3_224", 0x2B7), ("sha3_256", 0x2B2), ("sha3_384", 0x2C2), ("sha3_512", 0x2D2)):
        general["hmac_%s_test.json" % name] = (GENERIC, number)
    for name, (kind, number) in general.items():
        def attempt(test, _group, _number):
            def act():
                mechanism = Mechanism(number, struct.pack("@L", len(test["tag"])))
                key = v.token.secret(kind, test["key"], *SIGN)
                v.token.verify(mechanism, key, test["msg"], test["tag"])
                equal(v.token.sign(mechanism, key, test["msg"]), test["tag"], "signed")
            judged(test, UNSIGNED + ("ATTRIBUTE_VALUE_INVALID",), act)
        run(name, attempt)


# ---- signatures ----

def verify(test, mechanism, make):
    def act():
        with Held(make()) as key:
            v.token.verify(mechanism, key, test["msg"], test["sig"])
    judged(test, UNSIGNED + BAD_KEY, act)


@family
def rsa_signatures():
    for name in files("rsa_signature_*.json"):
        def pkcs(test, group, _number):
            if group["sha"] not in RSA_PKCS:
                raise Left("RSA PKCS #1 with %s has no mechanism" % group["sha"])
            verify(test, Mechanism(RSA_PKCS[group["sha"]]),
                   lambda: public_key(bytes.fromhex(group["keyDer"]), p11.CKA_VERIFY))
        run(name, pkcs)
    for name in files("rsa_pss_*.json"):
        def pss(test, group, _number):
            if group["sha"] not in RSA_PSS or group["mgfSha"] not in MGF:
                raise Left("RSA PSS with %s and %s has no mechanism" % (group["sha"], group["mgfSha"]))
            parameter = pack(HASH[group["sha"]], MGF[group["mgfSha"]], group["sLen"])
            verify(test, Mechanism(RSA_PSS[group["sha"]], parameter),
                   lambda: public_key(bytes.fromhex(group["keyDer"]), p11.CKA_VERIFY))
        run(name, pss)


def of_two_numbers(mechanisms, size_of):
    """ECDSA and DSA: a token has r and s without DER around them."""
    def attempt(test, group, _number):
        try:
            test["sig"] = sources.signature_of(test["sig"], size_of(group))
        except (ValueError, IndexError):
            assert test["result"] != "valid", "a signature that isn't DER is valid"
            raise Left("signatures whose fault is their DER") from None
        verify(test, Mechanism(mechanisms[group["sha"]]),
               lambda: public_key(bytes.fromhex(group["keyDer"]), p11.CKA_VERIFY))
    return attempt


@family
def ecdsa_and_dsa():
    sizes = {"secp256r1": 32, "secp384r1": 48, "secp521r1": 66}
    for name in files("ecdsa_*.json"):
        run(name, of_two_numbers(ECDSA, lambda group: sizes[group["key"]["curve"]]))
    run("dsa_test.json", of_two_numbers(DSA, lambda group: len(group["key"]["q"].lstrip("0")) // 2))


@family
def eddsa():
    def attempt(test, group, _number):
        verify(test, Mechanism(0x1057), lambda: public_key(bytes.fromhex(group["keyDer"]), p11.CKA_VERIFY))
        if test["result"] == "valid":
            seed, params = bytes.fromhex(group["key"]["sk"]), bytes.fromhex("06032b6570")
            with Held(create(sources.EDWARDS, p11.CKO_PRIVATE_KEY,
                             [(sources.CKA_EC_PARAMS, params), (p11.CKA_VALUE, seed)], p11.CKA_SIGN)) as key:
                equal(v.token.sign(Mechanism(0x1057), key, test["msg"]), test["sig"], "signature")
    run("eddsa_test.json", attempt)


# ---- RSA decryption ----

@family
def rsa_oaep():
    for name in files("rsa_oaep_*.json"):
        def attempt(test, group, _number):
            if group["sha"] not in MGF or group["mgfSha"] not in MGF:
                raise Left("OAEP with %s and %s has no number in PKCS #11" % (group["sha"], group["mgfSha"]))

            def act():
                parameter = pack(HASH[group["sha"]], MGF[group["mgfSha"]], 1, [test["label"]], len(test["label"]))
                with Held(private_key(bytes.fromhex(group["privateKeyPkcs8"]), p11.CKA_DECRYPT)) as key:
                    equal(v.token.crypt("Decrypt", Mechanism(9, parameter), key, test["ct"]), test["msg"], "decrypted")
            judged(test, AUTHENTIC, act)
        run(name, attempt, 40)


@family
def rsa_pkcs1():
    """What is no message decrypts, too, to one that nobody sent: always to the same, and never to what was meant."""
    for name in files("rsa_pkcs1_*.json"):
        def attempt(test, group, _number):
            with Held(private_key(bytes.fromhex(group["privateKeyPkcs8"]), p11.CKA_DECRYPT)) as key:
                def decrypt():
                    return v.token.crypt("Decrypt", Mechanism(1), key, test["ct"])
                if test["result"] == "valid":
                    equal(decrypt(), test["msg"], "decrypted")
                elif len(test["ct"]) != len(bytes.fromhex(group["n"]).lstrip(b"\0")):
                    refused(AUTHENTIC, test["comment"], decrypt)
                else:
                    try:
                        got = decrypt()
                    except Refused as refusal:  # not below the modulus: that anybody sees
                        assert refusal.name in AUTHENTIC and test["ct"] >= bytes.fromhex(group["n"])[-len(test["ct"]):], refusal
                        v.Counts.refusals += 1
                        return
                    assert got != test["msg"] or not got, "a malformed message decrypts"
                    equal(decrypt(), got, "the same once more")
                    v.Counts.refusals += 1
        run(name, attempt, 65)


# ---- agreement ----

def agree(key, peer, size):
    return v.token.derive(Mechanism(0x1050, pack(1, 0, 0, len(peer), [peer])), key, size)


@family
def ecdh():
    for curve, oid, size in (("256", "06082a8648ce3d030107", 32), ("384", "06052b81040022", 48),
                             ("521", "06052b81040023", 66)):
        def attempt(test, _group, _number):
            try:
                kind, attributes, _oid = sources.public_parts(test["public"])
                attributes = dict(attributes)
                params = attributes[sources.CKA_EC_PARAMS]
                _tag, point, _rest = sources.der(attributes[sources.CKA_EC_POINT])
            except (ValueError, IndexError, KeyError, Left):
                raise Left("public keys whose fault is their DER") from None
            if kind != sources.EC or params.hex() != oid:
                raise Left("public keys with a curve of their own: a token is told the point alone")

            def act():
                private = test["private"].lstrip(b"\0").rjust(size, b"\0")
                with Held(create(sources.EC, p11.CKO_PRIVATE_KEY,
                                 [(sources.CKA_EC_PARAMS, params), (p11.CKA_VALUE, private)], p11.CKA_DERIVE)) as key:
                    equal(agree(key, point, size), test["shared"], "secret")
            judged(test, BAD_KEY, act)
        run("ecdh_secp%sr1_test.json" % curve, attempt, 500)


@family
def x25519():
    def attempt(test, _group, _number):
        with Held(create(sources.MONTGOMERY, p11.CKO_PRIVATE_KEY,
                         [(sources.CKA_EC_PARAMS, bytes.fromhex("06032b656e")), (p11.CKA_VALUE, test["private"])],
                         p11.CKA_DERIVE)) as key:
            if "ZeroSharedSecret" in test["flags"]:  # RFC 7748, section 6: no secret
                refused(BAD_KEY, test["comment"], agree, key, test["public"], 32)
            else:
                equal(agree(key, test["public"], 32), test["shared"], "secret")
    run("x25519_test.json", attempt, 520)


if __name__ == "__main__":
    sys.exit(v.main(sources.missing))
