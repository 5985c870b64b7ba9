"""usage: softhsm-objects.py fill MODULE LABEL PIN
       softhsm-objects.py compare MODULE LABEL PIN OURS LABEL PIN

Objects of many kinds for a token of SoftHSM2, with known values in files beside; and whether what came over has
the attributes that it had there. Prints one line for each attribute that has not.
"""
import sys

import PyKCS11 as p

FLAGS = [p.CKA_PRIVATE, p.CKA_MODIFIABLE]
USES = {
    p.CKO_PUBLIC_KEY: [p.CKA_ENCRYPT, p.CKA_VERIFY, p.CKA_VERIFY_RECOVER, p.CKA_WRAP, p.CKA_DERIVE],
    p.CKO_PRIVATE_KEY: [p.CKA_DECRYPT, p.CKA_SIGN, p.CKA_SIGN_RECOVER, p.CKA_UNWRAP, p.CKA_DERIVE, p.CKA_SENSITIVE,
                        p.CKA_EXTRACTABLE, p.CKA_WRAP_WITH_TRUSTED],
    p.CKO_SECRET_KEY: [p.CKA_ENCRYPT, p.CKA_DECRYPT, p.CKA_SIGN, p.CKA_VERIFY, p.CKA_WRAP, p.CKA_UNWRAP,
                       p.CKA_DERIVE, p.CKA_SENSITIVE, p.CKA_EXTRACTABLE, p.CKA_WRAP_WITH_TRUSTED],
}
BYTES = {
    p.CKO_DATA: [p.CKA_APPLICATION, p.CKA_OBJECT_ID, p.CKA_VALUE],
    p.CKO_CERTIFICATE: [p.CKA_ID, p.CKA_SUBJECT, p.CKA_ISSUER, p.CKA_SERIAL_NUMBER, p.CKA_VALUE],
    p.CKO_PUBLIC_KEY: [p.CKA_ID, p.CKA_SUBJECT, p.CKA_MODULUS, p.CKA_PUBLIC_EXPONENT, p.CKA_EC_PARAMS,
                       p.CKA_EC_POINT, p.CKA_START_DATE, p.CKA_END_DATE],
    p.CKO_PRIVATE_KEY: [p.CKA_ID, p.CKA_SUBJECT, p.CKA_MODULUS],  # of dates SoftHSM2 answers GENERAL_ERROR
    p.CKO_SECRET_KEY: [p.CKA_ID, p.CKA_CHECK_VALUE],
}
KIND = {p.CKO_CERTIFICATE: [p.CKA_CERTIFICATE_TYPE], p.CKO_DATA: []}


def session_on(module, label, pin, write=False):
    library = p.PyKCS11Lib()
    library.load(module)
    slot = [s for s in library.getSlotList(tokenPresent=True)
            if library.getTokenInfo(s).flags & p.CKF_TOKEN_INITIALIZED and library.getTokenInfo(s).label.strip() == label][0]
    session = library.openSession(slot, p.CKF_SERIAL_SESSION | (p.CKF_RW_SESSION if write else 0))
    session.login(pin)
    return session


def fill(session):
    named = lambda label, id: [(p.CKA_TOKEN, True), (p.CKA_LABEL, label), (p.CKA_ID, id)]
    free = [(p.CKA_SENSITIVE, True), (p.CKA_EXTRACTABLE, True)]
    told = [(p.CKA_SENSITIVE, False), (p.CKA_EXTRACTABLE, True)]
    kept = [(p.CKA_SENSITIVE, True), (p.CKA_EXTRACTABLE, False)]
    dates = lambda extra: [a for a in extra if a[0] in (p.CKA_START_DATE, p.CKA_END_DATE)]
    p256, p384 = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06052b81040022")
    rsa = [(p.CKA_MODULUS_BITS, 2048), (p.CKA_PUBLIC_EXPONENT, b"\x01\x00\x01")]
    subject = (p.CKA_SUBJECT, bytes.fromhex("300e310c300a06035504030c03776562"))
    for label, id, mechanism, parameters, extra, secrecy in (
            ("rsa", b"\x01", p.MechanismRSAGENERATEKEYPAIR, rsa, [subject], free),
            ("rsa-told", b"\x02", p.MechanismRSAGENERATEKEYPAIR, rsa, [], told),
            ("ec", b"\x03", p.MechanismECGENERATEKEYPAIR, [(p.CKA_EC_PARAMS, p256)],
             [(p.CKA_UNWRAP, False), (p.CKA_START_DATE, b"20260102"), (p.CKA_END_DATE, b"20360102")], free),
            ("ec384", b"\x04", p.MechanismECGENERATEKEYPAIR, [(p.CKA_EC_PARAMS, p384)], [(p.CKA_MODIFIABLE, False)], free),
            ("ec-told", b"\x05", p.MechanismECGENERATEKEYPAIR, [(p.CKA_EC_PARAMS, p256)], [], told),
            ("ed", b"\x08", p.Mechanism(0x1055, None), [(p.CKA_EC_PARAMS, b"\x13\x0cedwards25519")], [], free),
            ("ed-told", b"\x09", p.Mechanism(0x1055, None), [(p.CKA_EC_PARAMS, b"\x13\x0cedwards25519")], [], told),
            ("stuck", b"\x06", p.MechanismECGENERATEKEYPAIR, [(p.CKA_EC_PARAMS, p256)], [], kept),
            ("asks", b"\x07", p.MechanismRSAGENERATEKEYPAIR, rsa, [(p.CKA_ALWAYS_AUTHENTICATE, True)], free)):
        session.generateKeyPair([(p.CKA_VERIFY, True)] + parameters + dates(extra) + named(label, id),
                                [(p.CKA_PRIVATE, True), (p.CKA_SIGN, True)] + extra + secrecy + named(label, id), mechanism)
    read = lambda name: open(name, "rb").read()
    secret = lambda type, value: [(p.CKA_CLASS, p.CKO_SECRET_KEY), (p.CKA_KEY_TYPE, type), (p.CKA_VALUE, value)]
    crypt = [(p.CKA_ENCRYPT, True), (p.CKA_DECRYPT, True)]
    session.createObject(secret(p.CKK_AES, read("aes.key")) + crypt + free + named("aes", b"\x10"))
    session.createObject(secret(p.CKK_AES, read("told.key")) + crypt + told + named("aes-told", b"\x11"))
    # 20 bytes, the last of which are zeros: who cuts off a filling must not take them for one.
    session.createObject(secret(p.CKK_GENERIC_SECRET, read("mac.key")) + [(p.CKA_SIGN, True)] + free + named("mac", b"\x12"))
    session.createObject(secret(p.CKK_AES, bytes(16)) + crypt + free + [(p.CKA_WRAP_WITH_TRUSTED, True)] + named("picky", b"\x13"))
    session.createObject(secret(p.CKK_AES, bytes(16)) + crypt + kept + named("stuck", b"\x14"))
    for value in b"\x01" * 16, b"\x02" * 16:
        session.createObject(secret(p.CKK_AES, value) + crypt + told + named("twin", b"\x15"))
    session.createObject([(p.CKA_CLASS, p.CKO_CERTIFICATE), (p.CKA_CERTIFICATE_TYPE, p.CKC_X_509),
                          (p.CKA_SUBJECT, read("subject")), (p.CKA_ISSUER, read("subject")),
                          (p.CKA_SERIAL_NUMBER, b"\x02\x01\x05"), (p.CKA_VALUE, read("web.cer"))] + named("web", b"\x01"))
    data = [(p.CKA_CLASS, p.CKO_DATA), (p.CKA_TOKEN, True), (p.CKA_APPLICATION, "notes")]
    session.createObject(data + [(p.CKA_LABEL, "open note"), (p.CKA_PRIVATE, False), (p.CKA_VALUE, b"for all")])
    session.createObject(data + [(p.CKA_LABEL, "note"), (p.CKA_PRIVATE, True), (p.CKA_VALUE, b"for me")])
    session.createObject(data + [(p.CKA_LABEL, "long note"), (p.CKA_PRIVATE, True), (p.CKA_VALUE, read("long"))])


def value(session, handle, type):
    got = session.getAttributeValue(handle, [type])[0]
    return bytes(got) if isinstance(got, (tuple, list)) else got


def compare(theirs, ours):
    compared = 0
    for handle in theirs.findObjects([(p.CKA_TOKEN, True)]):
        kind, label = value(theirs, handle, p.CKA_CLASS), value(theirs, handle, p.CKA_LABEL)
        template = [(p.CKA_CLASS, kind), (p.CKA_LABEL, label)]
        if kind in USES:
            template.append((p.CKA_ID, value(theirs, handle, p.CKA_ID)))
        if kind == p.CKO_SECRET_KEY:
            template.append((p.CKA_CHECK_VALUE, value(theirs, handle, p.CKA_CHECK_VALUE)))
        found = ours.findObjects(template)
        assert len(found) <= 1, label
        if not found:
            print("absent: class", kind, "label", label)
            continue
        for type in FLAGS + KIND.get(kind, [p.CKA_KEY_TYPE]) + USES.get(kind, []) + BYTES[kind]:
            there, here = value(theirs, handle, type), value(ours, found[0], type)
            compared += 1
            if (there or None) != (here or None):
                print("differs: class", kind, "label", label, p.CKA[type], there, here)
    print("compared", compared)


if sys.argv[1] == "fill":
    fill(session_on(*sys.argv[2:5], write=True))
else:
    compare(session_on(*sys.argv[2:5]), session_on(*sys.argv[5:8]))
