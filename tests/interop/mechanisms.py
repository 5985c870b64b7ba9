#!/usr/bin/env python3
"""usage: tests/interop/mechanisms.py [--huksd PROGRAM] [NAME...]

Every mechanism that C_GetMechanismList tells of, at everything that C_GetMechanismInfo says it is for: it must work,
and it must refuse what was changed, a key that isn't meant for it, and a parameter that is none. At everything else it
must be refused. A mechanism without a sample (samples.py) fails, and so does a sample without a mechanism. With --huksd
the module is a client of that program, started for it.
"""
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import cryptoki as p11
import vectors as v
from cryptoki import Mechanism, Refused, template
from samples import (BLOCK, CKA_BASE, CKA_EC_POINT, CKA_PRIME, CKA_SUBPRIME, N, OUTS, PAIRS, ROOT, SALT, SAMPLES,
                     TEXT, attribute, domain, generate_pair, key_of, once, secret)
from vectors import equal

MECHANISM_INVALID, KEY_FUNCTION_NOT_PERMITTED, KEY_TYPE_INCONSISTENT, MECHANISM_PARAM_INVALID = 0x70, 0x68, 0x63, 0x71
TEMPLATE_INCONSISTENT, TEMPLATE_INCOMPLETE, SIGNATURE_INVALID, BUFFER_TOO_SMALL = 0xD1, 0xD0, 0xC0, 0x150
token = None


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


def configure(work, huksd):
    """The module's configuration and store below `work`; with `huksd` that program's, and the module its client.

    The program that was started, if one was.
    """
    def write(name, text):
        with open(os.path.join(work, name), "w", encoding="ascii") as file:
            file.write(text)
        return os.path.join(work, name)

    engine = write("huks.conf", "scrypt_log2n = 10\nlegacy_mechanisms = true\n")
    os.environ.update(HOME=work, HUKS_STORE=work + "/store", HUKS_CONF=engine)
    if not huksd:
        return None
    socket = work + "/socket"
    service = subprocess.Popen([huksd, "--socket", socket, "--store", work + "/stores"])
    while not os.path.exists(socket) and service.poll() is None:
        time.sleep(0.01)
    del os.environ["HUKS_STORE"]
    os.environ["HUKS_CONF"] = write("client.conf", "service = %s\n" % socket)
    return service


def main():
    global token
    arguments, huksd, service = sys.argv[1:], None, None
    if arguments[:1] == ["--huksd"]:
        huksd, arguments = arguments[1], arguments[2:]
    if os.environ.get("HUKS_SANITIZER", "none") not in ("", "no", "none"):
        v.leave("python can't load a module built with a sanitizer")
    module, work = p11.default_module(), tempfile.mkdtemp(prefix="mechanisms.")
    with open(os.path.join(ROOT, "doc/mechanisms.md"), encoding="utf-8") as file:
        names = {N[name]: name for name in re.findall(r"`(CKM_\w+)`", file.read())}
    try:
        for name in [name for name in os.environ if name.startswith(("HUKS_", "XDG_", "OPENSSL_"))]:
            del os.environ[name]
        service = configure(work, huksd)
        token = v.token = p11.Token(module)
        (good, bad), works, refusals = try_all(names, arguments)
        for row in SAMPLES if not arguments else ():
            # (Another one's OpenSSL may have it.)
            if not row["used"] and not any(row["pattern"].match(name) for number, name in names.items()
                                           if number not in token.mechanisms):
                print("not ok: no mechanism for the sample %s" % row["pattern"].pattern)
                bad += 1
        print("%d mechanisms, %d uses shown, %d others refused" % (len(token.mechanisms), works, refusals))
        print("%d passed, %d failed, 0 skipped" % (good, bad))
        return 1 if bad or not good else 0
    finally:
        if service is not None:
            service.terminate()
            service.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
