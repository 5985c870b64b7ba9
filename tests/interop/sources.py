"""What tests/interop/vectors-openssl.py, -openssl-keys.py, -wycheproof.py and -nss.py share: the files that
scripts/fetch-vectors brings, OpenSSL's way to write vectors, and as much DER as the vectors' own keys and
signatures are wrapped in."""
import base64
import os
import re
import subprocess

import cryptoki as p11
import vectors as v

SOURCE = os.environ.get("HUKS_SRCDIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
HERE = os.path.abspath(os.path.join(os.environ.get("HUKS_BUILDDIR") or os.path.join(SOURCE, "build"), "vectors"))


def missing():
    """Fetches the files, once; why there are none, or None."""
    fetched = subprocess.run([os.path.join(SOURCE, "scripts/fetch-vectors"), HERE], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False, text=True)
    if fetched.returncode == 0:
        return None
    return (fetched.stdout.strip().splitlines() or ["scripts/fetch-vectors says nothing"])[-1]


# ---- OpenSSL's files ----

# These stand before the line that says what a stanza is about.
AROUND = ("Title", "Availablein", "FIPSversion", "Securitycheck", "Unapproved", "Extended-Test")


class Stanza:
    """`verb` and `subject` are its first line's; `fields` has the last value of a name, `all()` each of them."""

    def __init__(self, pairs, keys, count):
        self.around = {name: value for name, value in pairs if name in AROUND}
        self.pairs = [(name, value) for name, value in pairs if name not in AROUND]
        self.verb, self.subject = self.pairs[0]
        self.fields = dict(self.pairs)
        self.keys, self.count = keys, count
        self.fails = self.fields.get("Result")

    def get(self, name, default=None):  # as v.run() says a vector's number
        return self.count if name == "count" else self.fields.get(name, default)

    def all(self, name):
        return [value for each, value in self.pairs if each == name]

    def octets(self, name, default=None):
        found = self.all(name)
        return b"".join(octets(value) for value in found) if found else default

    def controls(self):
        """{name: value} of the Ctrl lines, of which some have names of their own; hex that comes in pieces is one."""
        found = {}
        for label, text in self.pairs:
            if label.split(".")[0] == "Ctrl":
                name, _colon, value = text.partition(":")
                found[name] = found.get(name, "") + value if name.startswith("hex") else value
        return found

    def elsewhere(self):
        """Is it about the FIPS provider?"""
        return self.around.get("Availablein") == "fips" or "Securitycheck" in self.fields or "Securitycheck" in self.around


def octets(value):
    """Hex, or a text in quotation marks with C's escapes, or NULL."""
    if value == "NULL":
        return b""
    if value.startswith('"'):
        return value[1:-1].encode("latin-1").decode("unicode_escape").encode("latin-1")
    return bytes.fromhex(value)


def stanzas(name):
    """Each stanza of a file; keys that a stanza only brings are kept for those after it."""
    keys, pairs, pem, count = {}, [], None, 0
    with open(os.path.join(HERE, "openssl", name), encoding="latin-1") as file:
        for line in list(file) + [""]:
            line = line.strip()
            if line.startswith("-----BEGIN"):
                pem = []
            elif line.startswith("-----END"):
                keys[pairs[-1][1]] = (pairs[-1][0], base64.b64decode("".join(pem)))
                pairs, pem = [], None
            elif pem is not None:
                pem.append(line)
            elif re.match(r"(Private|Public)KeyRaw\s*=", line):
                kind, _equals, value = line.partition("=")
                label, algorithm, raw = value.strip().split(":")
                keys[label.strip()] = (kind.strip(), (algorithm, bytes.fromhex(raw)))
                pairs = []
            elif line and not line.startswith("#"):
                label, _equals, value = line.partition("=")
                pairs.append((label.strip(), value.strip()))
            elif not line and pairs:
                if any(label not in AROUND for label, _value in pairs):
                    count += 1
                    yield Stanza(pairs, keys, count)
                pairs = []


def run(name, verbs, attempt, most=400):
    """attempt(stanza, number) for each stanza of the file that begins so and isn't about the FIPS provider."""
    found = [s for s in stanzas(name) if s.verb in verbs and not s.elsewhere()]
    assert found, "no vectors in " + name
    v.run(name, v.sample(found, most), attempt)


def files(pattern, where="openssl"):
    return sorted(name for name in os.listdir(os.path.join(HERE, where)) if re.fullmatch(pattern, name))


# ---- DER ----

def der(data):
    """(tag, contents, what follows); ValueError for what isn't DER."""
    if len(data) < 2:
        raise ValueError("too short")
    size, at = data[1], 2
    if size >= 0x80:
        at = 2 + (size & 0x7F)
        size = int.from_bytes(data[2:at], "big")
        if at == 2 or at > len(data) or data[2] == 0 or size < 0x80:
            raise ValueError("length isn't DER's")
    if at + size > len(data):
        raise ValueError("longer than its data")
    return data[0], data[at:at + size], data[at + size:]


def sequence(data):
    """The (tag, contents) of a SEQUENCE that is all there is."""
    tag, inside, rest = der(data)
    if tag != 0x30 or rest:
        raise ValueError("no SEQUENCE, or not alone")
    items = []
    while inside:
        tag, contents, inside = der(inside)
        items.append((tag, contents))
    return items


def signature_of(data, size):
    """r and s, `size` bytes each, of a signature in DER; ValueError where it says them in another way."""
    numbers = []
    for tag, contents in sequence(data):
        if tag != 2 or not contents or contents[0] >= 0x80 or (contents[:1] == b"\0" and contents[1:2] < b"\x80" and
                                                               len(contents) > 1):
            raise ValueError("no positive INTEGER")
        numbers.append(contents.lstrip(b"\0"))
    if len(numbers) != 2 or max(map(len, numbers)) > size:
        raise ValueError("not two numbers that fit")
    return b"".join(number.rjust(size, b"\0") for number in numbers)


def der_octets(data):
    size = len(data)
    lead = bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
    return b"\4" + lead + data


# ---- keys ----

RSA, DSA, DH, EC, EDWARDS, MONTGOMERY = 0, 1, 2, 3, 0x40, 0x41
SM2 = v.vendor(1)
CKA_MODULUS, CKA_EXPONENT = 0x120, 0x122
CKA_PRIME, CKA_SUBPRIME, CKA_BASE, CKA_EC_PARAMS, CKA_EC_POINT = 0x130, 0x131, 0x132, 0x180, 0x181
OIDS = {"2a864886f70d010101": RSA, "2a864886f70d01010a": RSA, "2a8648ce380401": DSA, "2a864886f70d010301": DH,
        "2a8648ce3d0201": EC, "2b656e": MONTGOMERY, "2b656f": MONTGOMERY, "2b6570": EDWARDS, "2b6571": EDWARDS}
CURVE_SM2 = "06082a811ccf5501822d"


def public_parts(info):
    """(key type, attributes, algorithm's OID) of a SubjectPublicKeyInfo."""
    (_tag, algorithm), (_bits, value) = sequence(info)
    value = value[1:]
    _tag, oid, parameters = der(algorithm)
    kind = OIDS.get(oid.hex())
    if kind == RSA:
        (_t, modulus), (_t, exponent) = sequence(value)
        attributes = [(CKA_MODULUS, modulus.lstrip(b"\0")), (CKA_EXPONENT, exponent.lstrip(b"\0"))]
    elif kind in (DSA, DH):
        numbers = [contents.lstrip(b"\0") for _t, contents in sequence(parameters)]
        own = (p11.CKA_VALUE, der(value)[1].lstrip(b"\0"))
        names = (CKA_PRIME, CKA_SUBPRIME, CKA_BASE) if kind == DSA else (CKA_PRIME, CKA_BASE)
        attributes = list(zip(names, numbers)) + [own]
    elif kind == EC:
        kind = SM2 if parameters.hex() == CURVE_SM2 else EC
        attributes = [(CKA_EC_PARAMS, parameters), (CKA_EC_POINT, der_octets(value))]
    elif kind is not None:
        attributes = [(CKA_EC_PARAMS, b"\6" + bytes([len(oid)]) + oid), (CKA_EC_POINT, der_octets(value))]
    else:
        raise v.Left("keys of OID " + oid.hex())
    return kind, attributes, oid.hex()


def private_kind(info):
    """(key type, EC parameters) of a PrivateKeyInfo."""
    _tag, oid, parameters = der(sequence(info)[1][1])
    kind = OIDS.get(oid.hex())
    if kind is None:
        raise ValueError("no algorithm that is known: " + oid.hex())
    return (SM2 if kind == EC and parameters.hex() == CURVE_SM2 else kind), parameters


def create(kind, of, attributes, *uses):
    own = [(p11.CKA_SENSITIVE, False)] if of == p11.CKO_PRIVATE_KEY else []
    return v.token.create([(p11.CKA_CLASS, of), (p11.CKA_KEY_TYPE, kind), (p11.CKA_TOKEN, False),
                           (p11.CKA_PRIVATE, False)] + own + attributes + [(use, True) for use in uses])


def public_key(info, *uses):
    kind, attributes, _oid = public_parts(info)
    return create(kind, p11.CKO_PUBLIC_KEY, attributes, *uses)


def private_key(info, *uses):
    """A PrivateKeyInfo comes in as PKCS #11 has it: unwrapped by a key, here one of the vectors' own token."""
    kind, _parameters = private_kind(info)
    wrapping = v.token.secret(v.AES, bytes(range(32)), p11.CKA_ENCRYPT, p11.CKA_UNWRAP)
    mechanism = p11.Mechanism(0x1085, bytes(16))  # CKM_AES_CBC_PAD
    wrapped = v.token.crypt("Encrypt", mechanism, wrapping, info)
    raw, count, _kept = p11.template([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY), (p11.CKA_KEY_TYPE, kind),
                                      (p11.CKA_TOKEN, False), (p11.CKA_PRIVATE, False)] + [(use, True) for use in uses])
    handle = p11.ulong()
    v.token.on("C_UnwrapKey", mechanism.raw, wrapping, wrapped, p11.ulong(len(wrapped)), raw, p11.ulong(count),
               p11.ctypes.byref(handle))
    return handle


class Held:
    """A key for the length of a with statement."""

    def __init__(self, handle):
        self.handle = handle

    def __enter__(self):
        return self.handle

    def __exit__(self, *_about):
        v.token.destroy(self.handle)
