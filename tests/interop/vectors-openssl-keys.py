#!/usr/bin/env python3
"""usage: tests/interop/vectors-openssl-keys.py [FAMILY...]

OpenSSL's own vectors of key pairs, post-quantum ones where libcrypto has them, through the module; how is said in
vectors.py. Private keys come in by C_UnwrapKey, as a PrivateKeyInfo.
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
from cryptoki import Mechanism, Refused, pack
from sources import DSA, EC, EDWARDS, Held, MONTGOMERY, RSA, SM2, create, private_key, public_key, public_parts
from vectors import AUTHENTIC, Left, UNSIGNED, equal, family, refused

v.families.clear()
HASH = {"SHA1": 0x220, "SHA224": 0x255, "SHA256": 0x250, "SHA384": 0x260, "SHA512": 0x270, "SHA3-224": 0x2B5,
        "SHA3-256": 0x2B0, "SHA3-384": 0x2C0, "SHA3-512": 0x2D0}
MGF = {"SHA1": 1, "SHA224": 5, "SHA256": 2, "SHA384": 3, "SHA512": 4, "SHA3-224": 6, "SHA3-256": 7, "SHA3-384": 8,
       "SHA3-512": 9}
RSA_PKCS = {"SHA1": 0x06, "SHA224": 0x46, "SHA256": 0x40, "SHA384": 0x41, "SHA512": 0x42, "SHA3-224": 0x66,
            "SHA3-256": 0x60, "SHA3-384": 0x61, "SHA3-512": 0x62, "RIPEMD160": 0x08}
RSA_PSS = {"SHA1": 0x0E, "SHA224": 0x47, "SHA256": 0x43, "SHA384": 0x44, "SHA512": 0x45, "SHA3-224": 0x67,
           "SHA3-256": 0x63, "SHA3-384": 0x64, "SHA3-512": 0x65}
ECDSA = {"SHA1": 0x1042, "SHA224": 0x1043, "SHA256": 0x1044, "SHA384": 0x1045, "SHA512": 0x1046, "SHA3-224": 0x1047,
         "SHA3-256": 0x1048, "SHA3-384": 0x1049, "SHA3-512": 0x104A}
DSAS = {"SHA1": 0x12, "SHA224": 0x13, "SHA256": 0x14, "SHA384": 0x15, "SHA512": 0x16, "SHA3-224": 0x18,
        "SHA3-256": 0x19, "SHA3-384": 0x1A, "SHA3-512": 0x1B}
# Bytes of the group's order: SEC 2 and RFC 5639
ORDERS = {"06082a8648ce3d030101": 24, "06052b81040021": 28, "06082a8648ce3d030107": 32, "06052b81040022": 48,
          "06052b81040023": 66, "06052b8104000a": 32, "06052b81040001": 21, "06052b8104000f": 21, "06052b8104001a": 29,
          "06052b8104001b": 30, "06052b81040010": 36, "06052b81040011": 36, "06052b81040024": 51, "06052b81040025": 52,
          "06052b81040026": 72, "06052b81040027": 72}
BAD_KEY = ("PUBLIC_KEY_INVALID", "ATTRIBUTE_VALUE_INVALID", "MECHANISM_PARAM_INVALID", "DOMAIN_PARAMS_INVALID")
INTERFACE = "wrong calls of OpenSSL's interface"


def hash_of(text):
    return re.sub(r"^SHA(?:2)?-(?=\d{3}|1$)", "SHA", (text or "none").upper())


def key_of(stanza, name, public):
    """DER of a file's key, of the half that is there; what is asked for as a public key may be a private one."""
    kind, value = stanza.keys.get(name, (None, None))
    if kind is None or isinstance(value, tuple) or public and kind != "PublicKey":
        raise Left("keys that the file has in another form")
    return value


def half(stanza, name):
    """A handle of the key, and its SubjectPublicKeyInfo's or PrivateKeyInfo's type and parameters."""
    kind, value = stanza.keys.get(name, (None, None))
    if kind is None or isinstance(value, tuple):
        raise Left("keys that the file has in another form")
    try:
        if kind == "PublicKey":
            of, attributes, oid = public_parts(value)
            return of, dict(attributes).get(sources.CKA_EC_PARAMS, b""), oid, lambda *uses: public_key(value, *uses)
        of, parameters = sources.private_kind(value)
        return of, parameters, "", lambda *uses: private_key(value, *uses)
    except (ValueError, IndexError):
        raise Left("keys that the file has in another form") from None


# ---- signatures ----

def mechanism_for(of, parameters, name, controls, hashed):
    """The mechanism for data (or, hashed, for its hash) by a key of this type."""
    if of == RSA and controls.get("rsa_padding_mode", "pkcs1") == "pss":
        if name not in HASH or hash_of(controls.get("rsa_mgf1_md", name)) not in MGF:
            raise Left("RSA PSS with %s has no mechanism" % name)
        salt = controls.get("rsa_pss_saltlen", "auto")
        if not salt.isdigit():
            raise Left("RSA PSS with a salt of any length: a token is told its length")
        return Mechanism(0x0D if hashed else RSA_PSS[name],
                         pack(HASH[name], MGF[hash_of(controls.get("rsa_mgf1_md", name))], int(salt)))
    if of == RSA and not hashed and controls.get("rsa_padding_mode", "pkcs1") == "pkcs1":
        table = RSA_PKCS
    elif of == EC:
        table = dict.fromkeys(ECDSA, 0x1041) if hashed else ECDSA
    elif of == DSA:
        table = dict.fromkeys(DSAS, 0x11) if hashed else DSAS
    elif of == SM2 and not hashed:
        table = {"SM3": v.vendor(2)}
    elif of == EDWARDS and not hashed:
        table = {"NONE": 0x1057, "NULL": 0x1057}
    else:
        raise Left("signatures of a hash with its DigestInfo left to the library")
    if name not in table:
        raise Left("signatures with %s have no mechanism for this key" % name)
    return Mechanism(v.offered(table[name], "a mechanism with " + name))


def raw_form(of, parameters, signature, key_info):
    """r and s as a token has them; ValueError where the DER itself is at fault."""
    if of in (EC, SM2):
        size = 32 if of == SM2 else ORDERS.get(parameters.hex())
        if size is None:
            raise Left("ECDSA on a curve whose order isn't in the table")
        return sources.signature_of(signature, size)
    if of == DSA:
        return sources.signature_of(signature, len(key_info[sources.CKA_SUBPRIME]))
    return signature


def check_signature(stanza, number, key, name, hashed):
    of, parameters, _oid, make = half(stanza, key)
    if of == RSA and "pss" in stanza.controls().get("rsa_padding_mode", "") and "PSS-DEFAULT" in key:
        raise Left("RSA keys that say their own PSS parameters")
    mechanism = mechanism_for(of, parameters, name, stanza.controls(), hashed)
    data = stanza.octets("Input", b"")
    verifies = "Verify" in stanza.verb
    kind, value = stanza.keys[key]
    if verifies and kind == "PrivateKey":
        raise Left("a private key that verifies")
    if stanza.fails and not verifies or stanza.fails not in (None, "VERIFY_ERROR"):
        raise Left(INTERFACE)
    if not verifies:
        return signs_again(stanza, mechanism, of, make, data)
    attributes = dict(public_parts(value)[1])
    try:
        signature = raw_form(of, parameters, stanza.octets("Output", b""), attributes)
    except (ValueError, IndexError):
        assert stanza.fails, "a signature that isn't DER is valid"
        raise Left("signatures whose fault is their DER") from None
    with Held(make(p11.CKA_VERIFY)) as handle:
        if stanza.fails:
            refused(UNSIGNED + ("DATA_LEN_RANGE",), stanza.fails, v.token.verify, mechanism, handle, data, signature)
            return None
        v.token.verify(mechanism, handle, data, signature)
        refused(UNSIGNED, "a changed signature", v.token.verify, mechanism, handle, data, v.flip(signature, number))
    return None


def signs_again(stanza, mechanism, of, make, data):
    """Where the signature has no chance in it, it is the same."""
    if of in (EC, DSA, SM2) or "pss" in stanza.controls().get("rsa_padding_mode", ""):
        raise Left("signatures with chance in them, made again")
    with Held(make(p11.CKA_SIGN)) as handle:
        equal(v.token.sign(mechanism, handle, data), stanza.octets("Output"), "signature")


def beyond_dsa(stanza, hashed):
    return hashed and stanza.subject.startswith("DSA-1024") and len(stanza.octets("Input", b"")) > 20


@family
def signatures():
    """Verify and Sign are told the hash; the others hash the message."""
    def attempt(stanza, number):
        if stanza.verb in ("Verify", "Sign"):
            key, name, hashed = stanza.subject, hash_of(stanza.controls().get("digest")), True
        elif "Message" in stanza.verb:
            algorithm, _colon, key = stanza.subject.partition(":")
            if "ctx" in algorithm.lower() or "ph" in algorithm.lower():
                raise Left("Ed25519ctx, Ed25519ph and Ed448ph under names of OpenSSL's")
            name, hashed = hash_of(algorithm.partition("-")[2] or "none"), False
        else:
            key, name, hashed = stanza.fields.get("Key", ""), hash_of(stanza.subject), False
        if beyond_dsa(stanza, hashed):
            raise Left("DSA of more than the hash: the rest is cut off (FIPS 186-4, section 4.6)")
        if hashed and name == "NONE":
            raise Left("signatures of a hash that isn't named")
        check_signature(stanza, number, key.strip(), name, hashed)
    for name in sources.files(r"evppkey_(rsa.*|ecdsa.*|ecc|ecx.*|dsa.*|sm2)\.txt"):
        found = [s for s in sources.stanzas(name) if re.match(r"(OneShot)?(Digest)?(Sign|Verify)(-Message)?$", s.verb)
                 and not s.elsewhere()]
        v.run(name, v.sample(found, 500), attempt)


# ---- decryption ----

@family
def decryption():
    """RSA's: also what is decrypted to something else because its padding is broken (implicit rejection)."""
    def attempt(stanza, _number):
        of, _parameters, _oid, make = half(stanza, stanza.subject)
        controls, sealed = stanza.controls(), stanza.octets("Input", b"")
        mode = controls.get("rsa_padding_mode", "pkcs1")
        if of == SM2:
            if hash_of(controls.get("digest", "SM3")) != "SM3":
                raise Left("SM2 encryption with another hash than SM3")
            mechanism = Mechanism(v.offered(v.vendor(3), "SM2"))
        elif of == RSA and mode == "pkcs1" and "rsa_pkcs1_implicit_rejection" not in controls:
            mechanism = Mechanism(1)
        elif of == RSA and mode == "none" and len(sealed) >= 128:  # a token takes whole blocks
            mechanism = Mechanism(3)
        elif of == RSA and mode == "oaep":
            name = hash_of(controls.get("rsa_oaep_md", "SHA1"))
            label = bytes.fromhex(controls.get("rsa_oaep_label", ""))
            mechanism = Mechanism(9, pack(HASH[name], MGF[hash_of(controls.get("rsa_mgf1_md", name))], 1, [label],
                                          len(label)))
        else:
            raise Left("decryption with %s: %s" % (mode, INTERFACE))
        if stanza.fails not in (None, "KEYOP_ERROR", "KEYOP_MISMATCH"):
            raise Left(INTERFACE)
        with Held(make(p11.CKA_DECRYPT)) as key:
            if stanza.fails:
                refused(AUTHENTIC, stanza.fails, v.token.crypt, "Decrypt", mechanism, key, sealed)
            else:
                equal(v.token.crypt("Decrypt", mechanism, key, sealed), stanza.octets("Output", b""), "decrypted")
    for name in sources.files(r"evppkey_(rsa.*|sm2)\.txt"):
        found = [s for s in sources.stanzas(name) if s.verb == "Decrypt" and not s.elsewhere()]
        v.run(name, v.sample(found, 200), attempt)


# ---- agreement ----

@family
def agreement():
    def attempt(stanza, _number):
        of, parameters, _oid, make = half(stanza, stanza.subject)
        controls, wanted = stanza.controls(), stanza.octets("SharedSecret")
        if any(name.startswith("kdf-") for name in controls) or of not in (EC, MONTGOMERY, sources.DH):
            raise Left("agreement with a function behind it")
        if stanza.fails not in (None, "DERIVE_ERROR", "DERIVE_SET_PEER_ERROR"):
            raise Left(INTERFACE)
        if "PeerKey" not in stanza.fields:
            raise Left(INTERFACE)
        attributes = dict(public_parts(key_of(stanza, stanza.fields["PeerKey"], True))[1])
        if of == sources.DH:
            if stanza.fails or not controls.get("dh_pad") and wanted[:1] != b"\0":
                prime = attributes[sources.CKA_PRIME]
                wanted = wanted.rjust(len(prime), b"\0") if wanted else None
            peer = attributes[p11.CKA_VALUE]
            mechanism, size = Mechanism(0x21, peer), len(attributes[sources.CKA_PRIME])
            if stanza.fails:
                raise Left("DH with a key of another group: a token is told the value alone")
        else:
            if attributes[sources.CKA_EC_PARAMS] != parameters and of == EC:
                raise Left("ECDH with a key of another curve: a token is told the point alone")
            _tag, peer, _rest = sources.der(attributes[sources.CKA_EC_POINT])
            mechanism = Mechanism(0x1051 if controls.get("ecdh_cofactor_mode") == "1" else 0x1050,
                                  pack(1, 0, 0, len(peer), [peer]))
            size = len(wanted or b"") or 32
        try:
            v.token.destroy(public_key(key_of(stanza, stanza.fields["PeerKey"], True)))
        except Refused as refusal:
            if refusal.name == "CURVE_NOT_SUPPORTED":
                raise Left("curves that the token doesn't take") from None
            if not stanza.fails:
                raise
        with Held(make(p11.CKA_DERIVE)) as handle:
            if stanza.fails:
                refused(BAD_KEY, stanza.fails, v.token.derive, mechanism, handle, size)
            else:
                equal(v.token.derive(mechanism, handle, size), wanted, "secret")
    for name in sources.files(r"evppkey_(ecc|ecdh|ecx|kas|dh|ffdhe|brainpool)\.txt"):
        found = [s for s in sources.stanzas(name) if s.verb == "Derive" and not s.elsewhere()]
        v.run(name, v.sample(found, 500), attempt)


# ---- post-quantum ----

CKA_PARAMETER_SET, CKA_SEED = 0x61D, 0x637
ML_KEM, ML_DSA, SLH_DSA = 0x49, 0x4A, 0x4B
SETS = {"ML-KEM-512": (ML_KEM, 1), "ML-KEM-768": (ML_KEM, 2), "ML-KEM-1024": (ML_KEM, 3), "ML-DSA-44": (ML_DSA, 1),
        "ML-DSA-65": (ML_DSA, 2), "ML-DSA-87": (ML_DSA, 3)}
SETS.update({"SLH-DSA-" + name: (SLH_DSA, number + 1) for number, name in enumerate(
    ["SHA2-128s", "SHAKE-128s", "SHA2-128f", "SHAKE-128f", "SHA2-192s", "SHAKE-192s", "SHA2-192f", "SHAKE-192f",
     "SHA2-256s", "SHAKE-256s", "SHA2-256f", "SHAKE-256f"])})
PURE = {ML_DSA: 0x1D, SLH_DSA: 0x2E, ML_KEM: 0x17}
CKA_ENCAPSULATE, CKA_DECAPSULATE = 0x633, 0x634


def pq_key(of, name, value, *uses, what=p11.CKA_VALUE):
    kind, number = SETS[name]
    return create(kind, of, [(CKA_PARAMETER_SET, number), (what, value)], *uses)


def decapsulate(key, sealed):
    raw, count, _kept = v.token.secret_template()
    handle = p11.ulong()
    v.token.on("C_DecapsulateKey", Mechanism(0x17).raw, key, raw, p11.ulong(count), sealed, p11.ulong(len(sealed)),
               p11.ctypes.byref(handle))
    with Held(handle):
        return v.token.value(handle)


@family
def ml_kem():
    def attempt(stanza, _number):
        name = stanza.subject
        v.offered(0x17, "ML-KEM")
        private, public = stanza.octets("EncodedPrivateKey"), stanza.octets("EncodedPublicKey")
        if stanza.fails == "TEST_PARSE_PUBLIC_KEY_ERROR":
            return refused(BAD_KEY, stanza.fails, pq_key, p11.CKO_PUBLIC_KEY, name, public, CKA_ENCAPSULATE)
        if stanza.fails == "TEST_PARSE_PRIVATE_KEY_ERROR":
            return refused(BAD_KEY, stanza.fails, pq_key, p11.CKO_PRIVATE_KEY, name, private, CKA_DECAPSULATE)
        if private is None:
            with Held(pq_key(p11.CKO_PUBLIC_KEY, name, public, CKA_ENCAPSULATE)):
                raise Left("ML-KEM encapsulated with chance of the caller's choosing (its public key was taken)")
        with Held(pq_key(p11.CKO_PRIVATE_KEY, name, private, CKA_DECAPSULATE)) as key:
            if stanza.fails:
                return refused(AUTHENTIC + ("WRAPPED_KEY_INVALID", "WRAPPED_KEY_LEN_RANGE"), stanza.fails, decapsulate,
                               key, stanza.octets("Input"))
            return equal(decapsulate(key, stanza.octets("Input")), stanza.octets("Output"), "secret")
    for name in sources.files(r"evppkey_ml_kem_.*cap\.txt"):
        found = [s for s in sources.stanzas(name) if s.verb == "Kem" and not s.elsewhere()]
        v.run(name, v.sample(found, 120), attempt)


@family
def pq_signatures():
    def attempt(stanza, number):
        name, _colon, key = stanza.subject.partition(":")
        controls, data, signature = stanza.controls(), stanza.octets("Input", b""), stanza.octets("Output", b"")
        kind = SETS[name][0]
        mechanism = v.offered(PURE[kind], "ML-DSA" if kind == ML_DSA else "SLH-DSA")
        if controls.get("message-encoding", "1") != "1" or controls.get("mu", "0") != "0":
            raise Left("signatures of a message that the caller encoded")
        context = bytes.fromhex(controls.get("hexcontext-string", ""))
        verifies = stanza.verb.startswith("Verify")
        fixed = controls.get("deterministic") == "1"
        mechanism = Mechanism(mechanism, pack(2 if fixed else 0, context))
        value = stanza.keys[key][1][1]

        def check():
            with Held(pq_key(p11.CKO_PUBLIC_KEY, name, value, p11.CKA_VERIFY)) as handle:
                v.token.verify(mechanism, handle, data, signature)
                refused(UNSIGNED, "a changed signature", v.token.verify, mechanism, handle, data,
                        v.flip(signature, number))

        def sign():
            with Held(pq_key(p11.CKO_PRIVATE_KEY, name, value, p11.CKA_SIGN)) as handle:
                equal(v.token.sign(mechanism, handle, data), signature, "signature")
        if stanza.fails:
            refused(UNSIGNED + BAD_KEY, stanza.fails, check if verifies else sign)
        elif verifies:
            check()
        elif not fixed:
            raise Left("signatures with chance in them, made again")
        else:
            sign()
    for name in sources.files(r"evppkey_(ml|slh)_dsa_.*(sign?|siggen|sigver|verify)\.txt"):
        found = [s for s in sources.stanzas(name) if s.verb in ("Sign-Message", "Verify-Message-Public")]
        few = 24 if "slh" in name and "gen" in name else 100
        v.run(name, v.sample(found, few), attempt)


@family
def pq_keys():
    """A seed makes the key pair that the vector says; its public half is told by C_GetAttributeValue."""
    def attempt(stanza, _number):
        name, outputs = stanza.subject, dict(value.partition(":")[::2] for value in stanza.all("CtrlOut"))
        kind = SETS[name][0]
        v.offered(PURE[kind], name[:7].rstrip("-"))
        if kind == SLH_DSA:
            raise Left("SLH-DSA from a seed: PKCS #11 has none")
        seed = bytes.fromhex(stanza.controls()["hexseed"])
        use = CKA_DECAPSULATE if kind == ML_KEM else p11.CKA_SIGN
        with Held(pq_key(p11.CKO_PRIVATE_KEY, name, seed, use, (p11.CKA_EXTRACTABLE), what=CKA_SEED)) as key:
            equal(v.token.value(key), bytes.fromhex(outputs["hexpriv"]), "private key")
    for name in sources.files(r"evppkey_(ml_kem|ml_dsa|slh_dsa)_.*keygen\.txt"):
        found = [s for s in sources.stanzas(name) if s.verb == "KeyGen"]
        v.run(name, v.sample(found, 40), attempt)


if __name__ == "__main__":
    sys.exit(v.main(sources.missing))
