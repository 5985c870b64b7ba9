#!/usr/bin/env bash
# usage: tests/interop/python-pkcs11.sh
# python-pkcs11, the other one (PyKCS11 is in pykcs11.py; Debian 12 does not have this).
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
python3 -c 'import pkcs11' 2>/dev/null || skip_all "python-pkcs11 is missing: Debian package python3-pkcs11, in Debian 13 and newer"
needs_tools
consumer "python-pkcs11" python3-pkcs11
make_token interop
make_keys
#: # python-pkcs11
printf 'Pay 100 to Alice.\n' >letter
step "sign.py" <<'SH'
cat >sign.py <<'PY'
import os
import pkcs11
from pkcs11.util.ec import encode_ecdsa_signature

token = pkcs11.lib(os.environ["MODULE"]).get_token(token_label="interop")
text = open("letter", "rb").read()
with token.open(rw=True, user_pin=os.environ["PIN"]) as session:
    for label, mechanism in (("rsa", pkcs11.Mechanism.SHA256_RSA_PKCS), ("ec", pkcs11.Mechanism.ECDSA_SHA256)):
        key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
        signature = key.sign(text, mechanism=mechanism)
        if label == "ec":
            signature = encode_ecdsa_signature(signature)
        open(label + ".sig", "wb").write(signature)
PY
python3 sign.py
SH
for label in rsa ec; do verify "$label, openssl verifies" "$label.pem" "$label.sig" letter -sha256; done
refuse "a wrong PIN" 'PinIncorrect' env PIN=000000 python3 sign.py
cat >host.py <<'PY'
import os
import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters
from pkcs11.util.rsa import decode_rsa_public_key, encode_rsa_public_key

token = pkcs11.lib(os.environ["MODULE"]).get_token(token_label="interop")
text = b"Pay 100 to Alice.\n"
def ok(name, good):
    assert good, name
    print("ok", name)
with token.open(rw=True, user_pin=os.environ["PIN"]) as session:
    aes = session.generate_key(KeyType.AES, 256)
    iv = session.generate_random(128)
    ok("AES-CBC-PAD and back", aes.decrypt(aes.encrypt(text, mechanism_param=iv), mechanism_param=iv) == text)
    ok("AES in parts", b"".join(aes.encrypt([text] * 40, mechanism_param=iv)) != b"")
    public, private = session.generate_keypair(KeyType.RSA, 2048)
    ok("RSA-OAEP and back", private.decrypt(public.encrypt(text)) == text)
    ok("RSA verifies", public.verify(text, private.sign(text)) and not public.verify(b"other", private.sign(text)))
    ok("a public key out and in", session.create_object(decode_rsa_public_key(encode_rsa_public_key(public))).verify(text, private.sign(text)))
    curve = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True)
    ec_public, ec_private = curve.generate_keypair(mechanism_param=None, store=False, capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY | pkcs11.MechanismFlag.DERIVE)
    ok("ECDSA verifies", ec_public.verify(text, ec_private.sign(text, mechanism=Mechanism.ECDSA_SHA256), mechanism=Mechanism.ECDSA_SHA256))
    other_public, other_private = curve.generate_keypair(capabilities=pkcs11.MechanismFlag.DERIVE)
    def agree(key, peer):
        return key.derive_key(KeyType.AES, 128, mechanism_param=(pkcs11.KDF.NULL, None, peer[Attribute.EC_POINT]),
                              template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True})[Attribute.VALUE]
    ok("ECDH agrees", agree(ec_private, other_public) == agree(other_private, ec_public))
    wrapper = session.generate_key(KeyType.AES, 128, capabilities=pkcs11.MechanismFlag.WRAP | pkcs11.MechanismFlag.UNWRAP)
    parcel = session.generate_key(KeyType.AES, 128, template={Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False})
    again = wrapper.unwrap_key(ObjectClass.SECRET_KEY, KeyType.AES, wrapper.wrap_key(parcel), template={Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False})
    ok("wrapped and unwrapped", again[Attribute.VALUE] == parcel[Attribute.VALUE])
    ok("a digest", session.digest(text, mechanism=Mechanism.SHA256) == __import__("hashlib").sha256(text).digest())
    ok("objects", len(list(session.get_objects({Attribute.LABEL: "rsa"}))) == 3)
print("done")
PY
expect "the program" '^done$' python3 host.py
cp said program
while read -r name; do pass "program: $name"; done < <(sed -n 's/^ok //p' program)
