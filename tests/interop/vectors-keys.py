#!/usr/bin/env python3
"""usage: tests/interop/vectors-keys.py [FAMILY...]

Published vectors of key pairs and key derivation through the module; how is said in vectors.py, which has the rest.
"""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import cryptoki as p11
import vectors as v
from cryptoki import Mechanism, Refused, pack
from vectors import UNSIGNED, equal, family, files, flip, octets, records, refused, run, sample

v.families.clear()
RSA, DSA, EC, EDWARDS, MONTGOMERY, GENERIC, AES, DES3 = 0, 1, 3, 0x40, 0x41, 0x10, 0x1F, 0x15
CKA_MODULUS, CKA_EXPONENT = 0x120, 0x122
CKA_PRIME, CKA_SUBPRIME, CKA_BASE, CKA_EC_PARAMS, CKA_EC_POINT = 0x130, 0x131, 0x132, 0x180, 0x181
DSA_HASH = {"1": 0x12, "224": 0x13, "256": 0x14, "384": 0x15, "512": 0x16}
HASH = {"1": 0x220, "224": 0x255, "256": 0x250, "384": 0x260, "512": 0x270}
HMAC = {name: number + 1 for name, number in HASH.items()}
MGF = {"1": 1, "224": 5, "256": 2, "384": 3, "512": 4}
ECDSA = {"1": 0x1042, "224": 0x1043, "256": 0x1044, "384": 0x1045, "512": 0x1046}
RSA_PKCS = {"1": 0x06, "224": 0x46, "256": 0x40, "384": 0x41, "512": 0x42}
RSA_PSS = {"1": 0x0E, "224": 0x47, "256": 0x43, "384": 0x44, "512": 0x45}
# The curve's OID, the bytes of a coordinate, those of a number below the order (SEC 2, RFC 5639)
CURVES = {
    "P-192": ("06082a8648ce3d030101", 24, 24), "P-224": ("06052b81040021", 28, 28),
    "P-256": ("06082a8648ce3d030107", 32, 32), "P-384": ("06052b81040022", 48, 48),
    "P-521": ("06052b81040023", 66, 66), "K-256": ("06052b8104000a", 32, 32),
    "brainpoolP256r1": ("06092b2403030208010107", 32, 32), "brainpoolP384r1": ("06092b240303020801010b", 48, 48),
    "brainpoolP512r1": ("06092b240303020801010d", 64, 64)}


def even(text):
    """Hex of a number, which may lack its first zero."""
    return octets("0" * (len(text) % 2) + text)


def number_of(text, size):
    """A number in `size` bytes; in more where it doesn't fit."""
    return even(text).lstrip(b"\0").rjust(size, b"\0")


def algorithm(text):
    """224 of SHA224, SHA-224 and the like"""
    return re.search(r"(?:SHA|sha)-?(\d+)", text).group(1)


def create(kind, of, attributes, *uses):
    own = [(p11.CKA_SENSITIVE, False)] if of == p11.CKO_PRIVATE_KEY else []
    return v.token.create([(p11.CKA_CLASS, of), (p11.CKA_KEY_TYPE, kind), (p11.CKA_TOKEN, False),
                           (p11.CKA_PRIVATE, False)] + own + attributes + [(use, True) for use in uses])


def public(kind, attributes, *uses):
    return create(kind, p11.CKO_PUBLIC_KEY, attributes, *uses)


def private(kind, attributes, *uses):
    return create(kind, p11.CKO_PRIVATE_KEY, attributes, *uses)


def with_key(key, action, *arguments):
    try:
        return action(*arguments[:1], key, *arguments[1:])
    finally:
        v.token.destroy(key)


def signature(record, number, mechanism, make_public, make_private, data, signed, same):
    """Verifies `signed`, or sees it refused; signs with the private key, if there is one."""
    if record.get("result", "P").startswith("F"):
        def all_of_it():
            with_key(make_public(), v.token.verify, mechanism, data, signed)
        refused(("ATTRIBUTE_VALUE_INVALID",) + UNSIGNED if "Y changed" in record["result"] else
                ("PUBLIC_KEY_INVALID",) + UNSIGNED, "a forgery", all_of_it)
        return
    key = make_public()
    try:
        v.token.verify(mechanism, key, data, signed)
        refused(UNSIGNED, "a changed signature", v.token.verify, mechanism, key, data, flip(signed, number))
        refused(UNSIGNED, "a short signature", v.token.verify, mechanism, key, data, signed[:-1])
        if data:
            refused(UNSIGNED, "other data", v.token.verify, mechanism, key, flip(data, number), signed)
        if make_private is not None:
            own = with_key(make_private(), v.token.sign, mechanism, data)
            if same:
                equal(own, signed, "signature")
            v.token.verify(mechanism, key, data, own)
    finally:
        v.token.destroy(key)


# ---- elliptic curves ----

def der_octets(data):
    size = len(data)
    return (b"\4" + bytes([size]) if size < 128 else b"\4\x81" + bytes([size])) + data


def ec_public(curve, x, y, *uses):
    oid, size, _order = CURVES[curve]
    point = b"\4" + number_of(x, size) + number_of(y, size)
    return public(EC, [(CKA_EC_PARAMS, octets(oid)), (CKA_EC_POINT, der_octets(point))], *uses)


def ec_private(curve, value, *uses):
    oid, _size, order = CURVES[curve]
    return private(EC, [(CKA_EC_PARAMS, octets(oid)), (p11.CKA_VALUE, number_of(value, order))], *uses)


def curve_of(record):
    return record["section"].split(",")[0].strip()


@family
def ecdsa():
    for path in ("FIPS_186-3/SigVer.rsp", "FIPS_186-2/SigVer.rsp", "FIPS_186-3/SigGen.txt", "FIPS_186-2/SigGen.txt",
                 "SECP256K1/SigGen.txt"):
        path = "asymmetric/ECDSA/" + path

        def attempt(record, number):
            curve = curve_of(record)
            size = CURVES[curve][2]
            sha = algorithm(record["section"]) if "SHA" in record["section"] else "1"
            signature(record, number, Mechanism(ECDSA[sha]),
                      lambda: ec_public(curve, record["qx"], record["qy"], p11.CKA_VERIFY),
                      (lambda: ec_private(curve, record["d"], p11.CKA_SIGN)) if "d" in record else None,
                      octets(record["msg"]), number_of(record["r"], size) + number_of(record["s"], size), False)
        known = [record for record in records(path, "msg") if curve_of(record) in CURVES and "r" in record]
        run(path, sample(known, 200), attempt)


@family
def ec_points():
    for path in ("asymmetric/ECDSA/FIPS_186-3/PKV.rsp", "asymmetric/ECDSA/FIPS_186-2/PKV.rsp"):
        def attempt(record, _number):
            def make():
                v.token.destroy(ec_public(curve_of(record), record["qx"], record["qy"], p11.CKA_VERIFY))
            if record["result"].startswith("F"):
                refused(("PUBLIC_KEY_INVALID",), "a bad point", make)
            else:
                make()
        run(path, [record for record in records(path, "qx") if curve_of(record) in CURVES], attempt)


def agree(key, peer, size):
    """CKM_ECDH1_DERIVE without a function behind it: CK_ECDH1_DERIVE_PARAMS"""
    return with_key(key, v.token.derive, Mechanism(0x1050, pack(1, 0, 0, len(peer), [peer])), size)


@family
def ecdh():
    for role in ("init", "resp"):
        path = "asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_%s.fax" % role
        curves = {"EA": "P-192", "EB": "P-224", "EC": "P-256", "ED": "P-384", "EE": "P-521"}

        def attempt(record, _number):
            curve = curves[record["section"][:2]]
            size = CURVES[curve][1]
            peer = b"\4" + number_of(record["qscavsx"], size) + number_of(record["qscavsy"], size)
            wanted = number_of(record["z"], size)

            def derive():
                return agree(ec_private(curve, record["dsiut"], p11.CKA_DERIVE), peer, size)
            if record["result"].startswith("P"):
                equal(derive(), wanted, "secret")
            elif "CAVS's" in record["result"]:
                refused(("MECHANISM_PARAM_INVALID", "PUBLIC_KEY_INVALID"), "a point off the curve", derive)
            else:
                try:
                    assert derive() != wanted, "a changed secret comes out"
                except Refused as refusal:
                    assert "private key" in record["result"] and refusal.name == "ATTRIBUTE_VALUE_INVALID", refusal
        # The IUT's public key, spoilt in some, has no part in this
        run(path, [r for r in records(path, "dscavs") if "IUT's Static public" not in r["result"]], attempt)
    path = "asymmetric/ECDH/brainpool.txt"

    def attempt_brainpool(record, _number):
        size = CURVES[record["curve"]][1]
        for own, other in (("da", "qb"), ("db", "qa")):
            peer = b"\4" + octets(record["x_" + other]) + octets(record["y_" + other])
            equal(agree(ec_private(record["curve"], record[own], p11.CKA_DERIVE), peer, size), octets(record["x_z"]),
                  "secret")
    run(path, [r for r in records(path, "x_z") if r["curve"] in CURVES], attempt_brainpool)


@family
def montgomery():
    for name, oid, size in (("X25519", "06032b656e", 32), ("X448", "06032b656f", 56)):
        path = "asymmetric/%s/rfc7748.txt" % name

        def attempt(record, _number):
            key = private(MONTGOMERY, [(CKA_EC_PARAMS, octets(oid)), (p11.CKA_VALUE, octets(record["input_scalar"]))],
                          p11.CKA_DERIVE)
            equal(agree(key, octets(record["input_u"]), size), octets(record["output_u"]), "secret")
        run(path, records(path, "output_u"), attempt)


def edwards(oid, seed, point, message, signed, number, record):
    params = (CKA_EC_PARAMS, octets(oid))
    signature(record, number, Mechanism(0x1057),
              lambda: public(EDWARDS, [params, (CKA_EC_POINT, der_octets(point))], p11.CKA_VERIFY),
              lambda: private(EDWARDS, [params, (p11.CKA_VALUE, seed)], p11.CKA_SIGN), message, signed, True)


@family
def eddsa():
    path = "asymmetric/Ed25519/sign.input"
    with open(os.path.join(v.HERE, path), encoding="ascii") as file:
        lines = [dict(zip(("secret", "public", "message", "signed"), line.split(":"))) for line in file]

    def attempt(record, number):
        edwards("06032b6570", octets(record["secret"])[:32], octets(record["public"]), octets(record["message"]),
                octets(record["signed"])[:64], number, record)
    run(path, sample(lines, 250), attempt)
    path = "asymmetric/Ed448/rfc8032.txt"

    def attempt_448(record, number):
        edwards("06032b6571", octets(record["secret"]), octets(record["public"]), octets(record["message"]),
                octets(record["signature"]), number, record)
    run(path, [r for r in records(path, "signature") if not r.get("context")], attempt_448)


# ---- RSA ----

def rsa_public(modulus, exponent, *uses):
    return public(RSA, [(CKA_MODULUS, modulus), (CKA_EXPONENT, exponent)], *uses)


@family
def rsa_verify():
    for name in ("FIPS_186-2/SigVer15_186-3.rsp", "SigVer15EMTest.txt", "FIPS_186-2/SigVerPSS_186-3.rsp",
                 "FIPS_186-2/SigGen15_186-2.rsp", "FIPS_186-2/SigGen15_186-3.rsp", "FIPS_186-2/SigGenPSS_186-2.rsp",
                 "FIPS_186-2/SigGenPSS_186-3.rsp", "FIPS_186-2/SigVerRSA.rsp"):
        path = "asymmetric/RSA/" + name
        with open(os.path.join(v.HERE, path), encoding="latin-1") as file:
            salt = re.search(r"Salt len: *(\d+)", file.read())

        def attempt(record, number):
            sha, modulus = algorithm(record["shaalg"]), even(record["n"])
            mechanism = Mechanism(RSA_PKCS[sha])
            if "PSS" in path:
                mechanism = Mechanism(RSA_PSS[sha], pack(HASH[sha], MGF[sha], int(salt.group(1))))
            elif "SigVerRSA" in path:
                mechanism = Mechanism(0x0C)  # X9.31
            signature(record, number, mechanism,
                      lambda: rsa_public(modulus, even(record["e"]).lstrip(b"\0"), p11.CKA_VERIFY), None,
                      octets(record["msg"]), even(record["s"]).rjust(len(modulus), b"\0"), False)
        signatures, exponent = list(records(path, "s")), None
        for record in signatures:  # in some files only a key's first signature has it
            exponent = record.setdefault("e", exponent)
        if "SigVerRSA" in path:  # the one mechanism of X9.31 with a hash of its own
            signatures = [record for record in signatures if record["shaalg"] == "SHA1"]
        run(path, sample(signatures, 150), attempt)


RSA_PARTS = {"modulus": CKA_MODULUS, "public exponent": CKA_EXPONENT, "exponent": 0x123, "prime 1": 0x124,
             "prime 2": 0x125, "prime exponent 1": 0x126, "prime exponent 2": 0x127, "coefficient": 0x128}


def rsa_examples(path):
    """RSA Laboratories' form: '# Name:' and below it hex. Each record has its key's parts, too."""
    said, name = [], ""
    with open(os.path.join(v.HERE, path), encoding="latin-1") as file:
        for line in file:
            line = line.strip()
            if line.startswith("#"):
                name = line.strip("# :").lower()
            elif name and re.fullmatch(r"[0-9a-fA-F ]+", line):
                if not said or said[-1][0] != name:
                    said.append([name, ""])
                said[-1][1] += line.replace(" ", "")
    key, message = {}, ""
    for name, value in said:
        if name in RSA_PARTS:
            key[name] = even(value)
        elif name.startswith("message"):
            message = octets(value)
        elif name in ("encryption", "signature"):
            yield {"key": dict(key), "message": message, "output": octets(value)}


def rsa_private(parts, *uses):
    return private(RSA, [(RSA_PARTS[name], value) for name, value in parts.items()], *uses)


@family
def rsa_sign():
    for name, mechanism, same in (("pkcs1v15sign-vectors.txt", Mechanism(RSA_PKCS["1"]), True),
                                  ("pkcs-1v2-1d2-vec/pss-vect.txt", Mechanism(RSA_PSS["1"], pack(HASH["1"], 1, 20)),
                                   False)):
        path = "asymmetric/RSA/" + name

        def attempt(record, number):
            key = record["key"]
            signature(record, number, mechanism,
                      lambda: rsa_public(key["modulus"], key["public exponent"], p11.CKA_VERIFY),
                      lambda: rsa_private(key, p11.CKA_SIGN), record["message"], record["output"], same)
        run(path, sample(rsa_examples(path), 150), attempt)

    def x931(record, number):
        """X9.31 has no chance in it: hashed here or by the caller, the signature is the same."""
        key, data = record["key"], record["message"]
        pair = (lambda: rsa_public(key["modulus"], key["public exponent"], p11.CKA_VERIFY),
                lambda: rsa_private(key, p11.CKA_SIGN))
        signed = with_key(pair[1](), v.token.sign, Mechanism(0x0C), data)
        signature(record, number, Mechanism(0x0C), *pair, data, signed, True)
        block = v.token.digest(Mechanism(HASH["1"]), data) + b"\x33\xcc"
        equal(with_key(pair[1](), v.token.sign, Mechanism(0x0B), block), signed, "signature of a hash")
        with_key(pair[0](), v.token.verify, Mechanism(0x0B), block, signed)
    path = "asymmetric/RSA/pkcs1v15sign-vectors.txt"
    run(path, [r for r in rsa_examples(path) if len(r["key"]["modulus"]) % 32 == 0][:20], x931)


@family
def rsa_decrypt():
    path = "asymmetric/RSA/pkcs1v15crypt-vectors.txt"
    plain_files = [(path, Mechanism(1))]
    plain_files.append(("asymmetric/RSA/pkcs-1v2-1d2-vec/oaep-vect.txt", Mechanism(9, pack(HASH["1"], 1, 1, 0, 0))))
    for path in files("asymmetric/RSA/oaep-custom/*.txt"):
        mgf, sha = re.search(r"oaep-sha(\d+)-sha(\d+)", path).groups()
        plain_files.append((path, Mechanism(9, pack(HASH[sha], MGF[mgf], 1, 0, 0))))
    for path, mechanism in plain_files:
        def attempt(record, number):
            key = rsa_private(record["key"], p11.CKA_DECRYPT)
            try:
                sealed, plain = record["output"], record["message"]
                equal(v.token.crypt("Decrypt", mechanism, key, sealed), plain, "decrypted")
                changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
                if "oaep" in path:
                    refused(("ENCRYPTED_DATA_INVALID",), "changed ciphertext", v.token.crypt, "Decrypt", mechanism,
                            key, changed)
            finally:
                v.token.destroy(key)
        run(path, sample(rsa_examples(path), 24), attempt)


# ---- DSA and Diffie-Hellman ----

@family
def dsa():
    for path in ("asymmetric/DSA/FIPS_186-3/SigVer.rsp", "asymmetric/DSA/FIPS_186-3/SigGen.txt"):
        def attempt(record, number):
            group = [(CKA_PRIME, even(record["p"])), (CKA_SUBPRIME, even(record["q"])),
                     (CKA_BASE, number_of(record["g"], 1))]
            size = len(even(record["q"]))
            signature(record, number, Mechanism(DSA_HASH[algorithm(record["section"])]),
                      lambda: public(DSA, group + [(p11.CKA_VALUE, number_of(record["y"], 1))], p11.CKA_VERIFY),
                      lambda: private(DSA, group + [(p11.CKA_VALUE, number_of(record["x"], 1))], p11.CKA_SIGN),
                      octets(record["msg"]), number_of(record["r"], size) + number_of(record["s"], size), False)
        run(path, sample(records(path, "msg"), 120), attempt)


@family
def diffie_hellman():
    for path in files("asymmetric/DH/KASValidityTest_FFC*.fax") + files("asymmetric/DH/RFC5114.txt"):
        def attempt(record, number):
            prime, peer = even(record["p"]), even(record["ystatcavs"])
            wanted = even(record["z"]).rjust(len(prime), b"\0")
            group = [(CKA_PRIME, prime), (CKA_BASE, number_of(record["g"], 1))]
            own = (p11.CKA_VALUE, number_of(record["xstatiut"], 1))
            good = record.get("result", "P").startswith("P")
            ways = [(2, group, Mechanism(0x21, peer)),
                    (4, group + [(CKA_SUBPRIME, even(record["q"]))],
                     Mechanism(0x31, pack(1, 0, 0, len(peer), [peer])))]
            if "CAVS's" in record.get("result", ""):
                refused(("MECHANISM_PARAM_INVALID", "PUBLIC_KEY_INVALID"), "a value outside the group", with_key,
                        private(4, ways[1][1] + [own], p11.CKA_DERIVE), v.token.derive, ways[1][2], len(wanted))
                return
            for kind, parameters, mechanism in ways:
                got = with_key(private(kind, parameters + [own], p11.CKA_DERIVE), v.token.derive, mechanism,
                               len(wanted))
                assert (got == wanted) == good, "secret of key type %d: %s" % (kind, got.hex()[:80])
        right = [r for r in records(path, "z") if "result" not in r or r["result"].startswith("P")
                 or "Z changed" in r["result"] or "CAVS's" in r["result"]]
        run(path, sample(right, 40), attempt)


# ---- derivation ----

@family
def hkdf():
    for path in files("KDF/*hkdf-generated.txt") + files("KDF/rfc-5869-*.txt"):
        def attempt(record, _number):
            sha = algorithm(record.get("hash") or path)
            salt, info = octets(record.get("salt", "")), octets(record.get("info", ""))
            key = v.token.secret(GENERIC, octets(record["ikm"]), p11.CKA_DERIVE)

            def parameter(extract, expand):
                fields, kept = pack(HASH[sha], 2 if salt else 1, salt, 0, info)
                return struct.pack("@BB6x", extract, expand) + fields, kept
            equal(v.token.derive(Mechanism(0x402A, parameter(1, 1)), key, int(record["l"])), octets(record["okm"]), "OKM")
            if "prk" in record:
                prk = octets(record["prk"])
                equal(v.token.derive(Mechanism(0x402A, parameter(1, 0)), key, len(prk)), prk, "PRK")
                key = v.token.secret(GENERIC, prk, p11.CKA_DERIVE)
                equal(v.token.derive(Mechanism(0x402A, parameter(0, 1)), key, int(record["l"])), octets(record["okm"]),
                      "OKM of PRK")
        run(path, records(path, "okm"), attempt)


@family
def pbkdf2():
    path = "KDF/rfc-6070-PBKDF2-SHA1.txt"

    def attempt(record, _number):
        password, salt = (record[name].replace("\\0", "\0").encode() for name in ("password", "salt"))
        wanted = octets(record["derived_key"])
        mechanism = Mechanism(0x3B0, pack(1, salt, int(record["iterations"]), 1, 0, 0, password))
        equal(v.token.generate(mechanism, len(wanted)), wanted, "key")
    few = [record for record in records(path, "derived_key") if v.LONG or int(record["iterations"]) < 100000]
    run(path, few, attempt)


@family
def sp800_108_counter():
    path = "KDF/nist-800-108-KBKDF-CTR.txt"
    prfs = {"CMAC_AES128": (AES, 0x108A), "CMAC_AES192": (AES, 0x108A), "CMAC_AES256": (AES, 0x108A),
            "CMAC_TDES3": (DES3, 0x138)}
    prfs.update({"HMAC_SHA" + name: (GENERIC, number) for name, number in HMAC.items()})

    def attempt(record, _number):
        kind, prf = prfs[record["prf"]]
        kept = []

        def data(what, value):
            raw, more = pack(what, value)
            kept.append(more)
            return raw
        width = struct.pack("@B7xL", 0, int(record["rlen"].split("_")[0]))
        counter = data(1, width)
        if record["ctrlocation"] == "MIDDLE_FIXED":
            parts = [data(4, octets(record["databeforectrdata"])), counter, data(4, octets(record["dataafterctrdata"]))]
        else:
            parts = [counter, data(4, octets(record["fixedinputdata"]))]
            parts = parts if record["ctrlocation"] == "BEFORE_FIXED" else parts[::-1]
        mechanism = Mechanism(0x3AC, pack(prf, len(parts), [b"".join(parts)], 0, 0))
        key = v.token.secret(kind, octets(record["ki"]), p11.CKA_DERIVE)
        wanted = octets(record["ko"])
        equal(v.token.derive(mechanism, key, len(wanted)), wanted, "key")
    known = [record for record in records(path, "ko") if record["prf"] in prfs]
    run(path, sample(known, 600), attempt)


@family
def hash_derivation():
    """The digest of a key is a key: SHA-1 and SHA-2, and SHAKE with as many bytes as one asks for."""
    for name, number, size in (("SHA1/SHA1", 0x392, 20), ("SHA2/SHA224", 0x396, 28), ("SHA2/SHA256", 0x393, 32),
                               ("SHA2/SHA384", 0x394, 48), ("SHA2/SHA512", 0x395, 64), ("SHA3/SHA3_224", 0x398, 28),
                               ("SHA3/SHA3_256", 0x397, 32), ("SHA3/SHA3_384", 0x399, 48),
                               ("SHA3/SHA3_512", 0x39A, 64)):
        path = "hashes/%sShortMsg.rsp" % name

        def attempt(record, _number):
            key = v.token.secret(GENERIC, octets(record["msg"]), p11.CKA_DERIVE)
            equal(v.token.derive(Mechanism(number), key, size), octets(record["md"]), "derived key")
        run(path, sample([r for r in records(path, "md") if r["len"] != "0"], 60), attempt)
    for name, number in (("128", 0x39B), ("256", 0x39C)):
        for path in files("hashes/SHAKE/SHAKE%s[SV]*.rsp" % name):
            def shake(record, _number):
                key = v.token.secret(GENERIC, octets(record["msg"]), p11.CKA_DERIVE)
                wanted = octets(record["output"])
                equal(v.token.derive(Mechanism(number), key, len(wanted)), wanted, "derived key")
            run(path, sample([r for r in records(path, "output") if r.get("len") != "0"], 150), shake)


if __name__ == "__main__":
    sys.exit(v.main())
