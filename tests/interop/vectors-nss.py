#!/usr/bin/env python3
"""usage: tests/interop/vectors-nss.py [FAMILY...]

NIST's vectors of IKE and of TLS, from Debian's source package of NSS, through the module: keys of IKE by each of its
four derivations, master secrets and key blocks of TLS 1.0 to 1.2. How is said in vectors.py.
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
from vectors import AES, GENERIC, equal, family

v.families.clear()
PRF = {"Sha1": 0x221, "Sha256": 0x251, "Sha384": 0x261, "Sha512": 0x271, "AesXcbc": 0x108C}
HASH = {"TLS 1.0/1.1": None, "TLS 1.2, SHA-256": 0x250, "TLS 1.2, SHA-384": 0x260, "TLS 1.2, SHA-512": 0x270}


def lines(name):
    with open(os.path.join(sources.HERE, "nss", name), encoding="latin-1") as file:
        return file.read()


def key(value, kind=GENERIC):
    return v.token.secret(kind, value, p11.CKA_DERIVE)


# ---- IKE: an array of C structs, whose strings are hex ----

IKE_FIELDS = ("count", "kind", "key", "agreed", "previous", "out", "initiator", "responder", "seed", "number", "size",
              "valid")


def ike_tests(name):
    text = re.sub(r"//[^\n]*", "", lines(name))
    text = re.sub(r'"\s*"', lambda found: "" if "\n" in found.group() else found.group(), text)
    array = re.search(r"const IkeTestVector (\w+)\[\] = \{(.*?)\n\};", text, re.S)
    prf = PRF[re.fullmatch(r"kIke(\w+)ProofVectors", array.group(1)).group(1)]
    for row in re.findall(r"\{([^{}]*)\}", array.group(2)):
        values = [value.strip().strip('"').split("::")[-1] for value in row.split(",")]
        assert len(values) == len(IKE_FIELDS), "%s: %d fields" % (name, len(values))
        test = dict(zip(IKE_FIELDS, values), prf=prf)
        for field in IKE_FIELDS[2:9]:
            # (A digit that is left over is a byte, as NSS's own program reads it.)
            test[field] = bytes(int(test[field][at:at + 2], 16) for at in range(0, len(test[field]), 2))
        yield test


def ike_mechanism(test):
    """As NSS's own program calls for a vector of each kind; the flags say which keys there are."""
    kind, prf = test["kind"], test["prf"]
    nonces, kept = pack(test["initiator"], test["responder"])
    if kind in ("ikeGxy", "ikeV1Psk", "ikeV2Rekey"):
        agreed = key(test["agreed"]).value if kind == "ikeV2Rekey" else 0
        flags = kind == "ikeGxy", kind == "ikeV2Rekey"
        return 0x402F, (struct.pack("@LBB6x", prf, *flags) + nonces + struct.pack("@L", agreed), kept)
    if kind == "ikeV1":
        previous = key(test["previous"]).value if test["previous"] else 0
        return 0x4030, (struct.pack("@LB7xLL", prf, previous != 0, key(test["agreed"]).value, previous) + nonces +
                        struct.pack("@B7x", int(test["number"])), kept)
    seed, kept = pack(test["seed"])
    agreed = key(test["agreed"]).value if test["agreed"] else 0
    number = 0x402E if kind == "ikePlus" else 0x4031
    return number, (struct.pack("@LB7xL", prf, agreed != 0, agreed) + seed, kept)


@family
def ike():
    def attempt(test, _number):
        number, parameter = ike_mechanism(test)
        base = key(test["key"], AES if test["prf"] == PRF["AesXcbc"] and len(test["key"]) == 16 and
                   test["kind"] != "ikeGxy" else GENERIC)
        equal(v.token.derive(Mechanism(number, parameter), base, len(test["out"])), test["out"], test["kind"])
    names = sources.files("ike-.*-vectors.h", "nss")
    assert len(names) == len(PRF), names
    for name in names:
        v.run(name, list(ike_tests(name)), attempt)


# ---- TLS: names and values, with the version and the sizes in brackets ----

def tls_tests():
    fields, version = {}, None
    for line in lines("tls.fax").splitlines() + ["COUNT = end"]:
        name, equals, value = (part.strip() for part in line.partition("="))
        if line.startswith("[TLS"):
            version = line.strip("[]")
        elif equals and not line.startswith("["):
            if name == "COUNT" and "key_block" in fields:
                yield fields
                fields = {}
            fields[name] = value if name == "COUNT" else bytes.fromhex(value)
            fields.update(version=version, count=fields.get("COUNT"))


def derived(mechanism, base):
    """A master secret, whose size the mechanism knows."""
    raw, count, _kept = v.token.secret_template()
    handle = p11.ulong()
    v.token.on("C_DeriveKey", mechanism.raw, base, raw, p11.ulong(count), p11.ctypes.byref(handle))
    return handle


def expanded(hash_number, master, client, server, size):
    """The key block: a MAC key, a cipher key and an IV for each side, as one suite or another would cut it."""
    mac, cipher, iv = (20, 16, 16) if size == 104 else (size // 2 - 48, 32, 16)
    ivs = p11.ctypes.create_string_buffer(2 * iv)
    at = p11.ctypes.addressof(ivs)
    out = p11.ctypes.create_string_buffer(struct.pack("@6L", 0, 0, 0, 0, at, at + iv), 48)
    randoms, kept = pack(client, server)
    data = (struct.pack("@LLLB7x", 8 * mac, 8 * cipher, 8 * iv, 0) + randoms +
            struct.pack("@P", p11.ctypes.addressof(out)))
    mechanism = Mechanism(0x376 if hash_number is None else 0x3E1,
                          (data + (b"" if hash_number is None else struct.pack("@L", hash_number)), kept))
    raw, count, _kept = v.token.secret_template()
    v.token.on("C_DeriveKey", mechanism.raw, master, raw, p11.ulong(count), None)
    handles = [p11.ulong(number) for number in struct.unpack_from("@4L", out)]
    block = b"".join(v.token.value(handle) for handle in handles) + ivs.raw
    for handle in handles:
        v.token.destroy(handle)
    return block


@family
def tls():
    def attempt(test, _number):
        prf = HASH[test["version"]]
        parameter, kept = pack(test["clientHello_random"], test["serverHello_random"], 0,
                               *([] if prf is None else [prf]))
        # (The premaster secret here begins with no version: it is a Diffie-Hellman one.)
        number = 0x377 if prf is None else 0x3E2
        master = derived(Mechanism(number, (parameter, kept)), key(test["pre_master_secret"]))
        try:
            equal(v.token.value(master), test["master_secret"], "master secret")
            copy = key(test["master_secret"])
            equal(expanded(prf, copy, test["client_random"], test["server_random"], len(test["key_block"])),
                  test["key_block"], "key block")
        finally:
            v.token.destroy(master)
    tests = list(tls_tests())
    assert tests, "no vectors in tls.fax"
    v.run("tls.fax", v.sample(tests, 120), attempt)


if __name__ == "__main__":
    sys.exit(v.main(sources.missing))
