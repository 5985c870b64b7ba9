"""The module by ctypes: as much of PKCS #11 as tests/interop/vectors.py calls, without a package between."""
import ctypes
import os
import struct

CKR = {
    0x20: "DATA_INVALID", 0x21: "DATA_LEN_RANGE", 0x40: "ENCRYPTED_DATA_INVALID", 0x41: "ENCRYPTED_DATA_LEN_RANGE",
    0x70: "MECHANISM_INVALID", 0x71: "MECHANISM_PARAM_INVALID", 0xC0: "SIGNATURE_INVALID",
    0xC1: "SIGNATURE_LEN_RANGE", 0x110: "WRAPPED_KEY_INVALID", 0x112: "WRAPPED_KEY_LEN_RANGE",
    0x13: "ATTRIBUTE_VALUE_INVALID", 0x1B9: "PUBLIC_KEY_INVALID", 0x07: "ARGUMENTS_BAD", 0x140: "CURVE_NOT_SUPPORTED", 0x62: "KEY_SIZE_RANGE",
    0xD1: "TEMPLATE_INCONSISTENT", 0xD0: "TEMPLATE_INCOMPLETE"}
CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_VALUE, CKA_KEY_TYPE = 0x000, 0x001, 0x002, 0x011, 0x100
CKA_SENSITIVE, CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP, CKA_SIGN = 0x103, 0x104, 0x105, 0x106, 0x107, 0x108
CKA_VERIFY, CKA_DERIVE, CKA_VALUE_LEN, CKA_EXTRACTABLE = 0x10A, 0x10C, 0x161, 0x162
CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY = 2, 3, 4
CKK_GENERIC_SECRET = 0x10
PIN, SO_PIN = b"123456", b"12345678"
ulong = ctypes.c_ulong


class Refused(Exception):
    def __init__(self, call, code):
        self.code, self.name = code, CKR.get(code, hex(code))
        super().__init__("%s: CKR %s" % (call, self.name))


def pack(*fields):
    """A parameter structure: numbers are CK_ULONG; bytes are a pointer and a length, a list of one bytes a pointer."""
    words, kept = [], []
    for field in fields:
        if isinstance(field, int):
            words.append(field)
            continue
        data = field[0] if isinstance(field, list) else field
        buffer = ctypes.create_string_buffer(data, max(len(data), 1))
        kept.append(buffer)
        words.append(ctypes.addressof(buffer))
        if not isinstance(field, list):
            words.append(len(data))
    return struct.pack("@%dL" % len(words), *words), kept


class Raw(bytes):
    """Bytes with addresses in them, and what lies there."""
    kept = None


class Mechanism:
    def __init__(self, number, parameter=b""):
        """`parameter` is bytes or what pack() returned."""
        data, kept = parameter if isinstance(parameter, tuple) else (parameter, None)
        room = ctypes.create_string_buffer(data, len(data)) if data else None
        self.raw = Raw(struct.pack("@LPL", number, ctypes.addressof(room) if data else 0, len(data)))
        self.raw.kept = room, kept


def template(attributes):
    kept, raw = [], b""
    for kind, value in attributes:
        if isinstance(value, bool):
            value = struct.pack("@B", value)
        elif isinstance(value, int):
            value = struct.pack("@L", value)
        buffer = ctypes.create_string_buffer(value, max(len(value), 1))
        kept.append(buffer)
        raw += struct.pack("@LPL", kind, ctypes.addressof(buffer), len(value))
    return raw, len(attributes), kept


class Token:
    """A new token in the module's store, with one session that is logged in."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.functions = {}
        self.out = ctypes.create_string_buffer(1 << 20)
        self.size = ulong()
        self.session = ulong()
        self.keys = {}
        self.call("C_Initialize", None)
        count, slots = ulong(16), (ulong * 16)()
        self.call("C_GetSlotList", 1, slots, ctypes.byref(count))
        slot = self.slot = ulong(slots[0])
        self.call("C_InitToken", slot, SO_PIN, ulong(len(SO_PIN)), b"vectors".ljust(32))
        self.call("C_OpenSession", slot, ulong(6), None, None, ctypes.byref(self.session))
        self.on("C_Login", ulong(0), SO_PIN, ulong(len(SO_PIN)))
        self.on("C_InitPIN", PIN, ulong(len(PIN)))
        self.on("C_Logout")
        self.on("C_Login", ulong(1), PIN, ulong(len(PIN)))
        count = ulong()
        self.call("C_GetMechanismList", slot, None, ctypes.byref(count))
        listed = (ulong * count.value)()
        self.call("C_GetMechanismList", slot, listed, ctypes.byref(count))
        self.mechanisms = frozenset(listed)

    def call(self, name, *arguments):
        function = self.functions.get(name)
        if function is None:
            function = self.functions[name] = getattr(self.library, name)
            function.restype = ulong
        code = function(*arguments)
        if code != 0:
            raise Refused(name, code)

    def on(self, name, *arguments):
        self.call(name, self.session, *arguments)

    def output(self, name, *arguments):
        self.size.value = len(self.out)
        self.on(name, *arguments, self.out, ctypes.byref(self.size))
        return self.out.raw[:self.size.value] if self.size.value > 4096 else self.out[:self.size.value]

    def create(self, attributes):
        raw, count, _kept = template(attributes)
        handle = ulong()
        self.on("C_CreateObject", raw, ulong(count), ctypes.byref(handle))
        return handle

    def destroy(self, handle):
        self.on("C_DestroyObject", handle)

    def secret(self, kind, value, *uses):
        """A session key; the last few stay, as the vectors of a file often share one."""
        name = (kind, value, uses)
        if name not in self.keys:
            if len(self.keys) == 8:
                self.destroy(self.keys.pop(next(iter(self.keys))))
            self.keys[name] = self.create([
                (CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, kind), (CKA_TOKEN, False), (CKA_PRIVATE, False),
                (CKA_SENSITIVE, False), (CKA_EXTRACTABLE, True), (CKA_VALUE, value)] + [(use, True) for use in uses])
        return self.keys[name]

    def value(self, handle):
        """CKA_VALUE"""
        self.size.value = len(self.out)
        raw = bytearray(struct.pack("@LPL", CKA_VALUE, ctypes.addressof(self.out), len(self.out)))
        buffer = (ctypes.c_char * len(raw)).from_buffer(raw)
        self.on("C_GetAttributeValue", handle, buffer, ulong(1))
        return self.out[:struct.unpack("@LPL", bytes(raw))[2]]

    def crypt(self, verb, mechanism, key, data, cut=None):
        """Encrypt or Decrypt, at once or, with `cut`, in two parts."""
        self.on("C_%sInit" % verb, mechanism.raw, key)
        if cut is None:
            return self.output("C_" + verb, data, ulong(len(data)))
        done = self.output("C_%sUpdate" % verb, data[:cut], ulong(cut))
        done += self.output("C_%sUpdate" % verb, data[cut:], ulong(len(data) - cut))
        return done + self.output("C_%sFinal" % verb)

    def digest(self, mechanism, data, cut=None):
        self.on("C_DigestInit", mechanism.raw)
        if cut is None:
            return self.output("C_Digest", data, ulong(len(data)))
        self.on("C_DigestUpdate", data[:cut], ulong(cut))
        self.on("C_DigestUpdate", data[cut:], ulong(len(data) - cut))
        return self.output("C_DigestFinal")

    def sign(self, mechanism, key, data):
        self.on("C_SignInit", mechanism.raw, key)
        return self.output("C_Sign", data, ulong(len(data)))

    def verify(self, mechanism, key, data, signature, cut=None):
        self.on("C_VerifyInit", mechanism.raw, key)
        if cut is None:
            self.on("C_Verify", data, ulong(len(data)), signature, ulong(len(signature)))
            return
        self.on("C_VerifyUpdate", data[:cut], ulong(cut))
        self.on("C_VerifyUpdate", data[cut:], ulong(len(data) - cut))
        self.on("C_VerifyFinal", signature, ulong(len(signature)))

    def wrap(self, mechanism, key, wrapped):
        return self.output("C_WrapKey", mechanism.raw, key, wrapped)

    def secret_template(self, more=()):
        return template([(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_GENERIC_SECRET), (CKA_TOKEN, False),
                         (CKA_PRIVATE, False), (CKA_SENSITIVE, False), (CKA_EXTRACTABLE, True)] + list(more))

    def unwrap(self, mechanism, key, data):
        """The value of the generic secret inside."""
        raw, count, _kept = self.secret_template()
        handle = ulong()
        self.on("C_UnwrapKey", mechanism.raw, key, data, ulong(len(data)), raw, ulong(count), ctypes.byref(handle))
        value = self.value(handle)
        self.destroy(handle)
        return value

    def derive(self, mechanism, key, size):
        """`size` bytes of a derived generic secret."""
        raw, count, _kept = self.secret_template([(CKA_VALUE_LEN, size)])
        handle = ulong()
        self.on("C_DeriveKey", mechanism.raw, key, raw, ulong(count), ctypes.byref(handle))
        value = self.value(handle)
        self.destroy(handle)
        return value

    def generate(self, mechanism, size):
        """`size` bytes of a generic secret that the mechanism makes; None: the key, of the mechanism's own kind."""
        raw, count, _kept = self.secret_template([(CKA_VALUE_LEN, size)]) if size is not None else template(
            [(CKA_TOKEN, False), (CKA_PRIVATE, False), (CKA_SENSITIVE, False), (CKA_EXTRACTABLE, True)])
        handle = ulong()
        self.on("C_GenerateKey", mechanism.raw, raw, ulong(count), ctypes.byref(handle))
        value = self.value(handle)
        self.destroy(handle)
        return value


def default_module():
    source = os.environ.get("HUKS_SRCDIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    build = os.environ.get("HUKS_BUILDDIR") or os.path.join(source, "build")
    return os.path.abspath(os.environ.get("HUKS_MODULE") or os.path.join(build, ".libs/huks-pkcs11.so"))
