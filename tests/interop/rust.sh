#!/usr/bin/env bash
# usage: tests/interop/rust.sh
# Rust's cryptoki crate, built from Debian's packages without a registry. (Debian 12 has its bindings only.)
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
needs cargo cargo
crate=$(find /usr/share/cargo/registry -maxdepth 1 -name 'cryptoki-[0-9]*' -print -quit 2>/dev/null)
[ -n "$crate" ] || skip_all "the crate is missing: Debian package librust-cryptoki-dev, in Debian 13 and newer"
needs_tools
consumer "Rust: cryptoki" librust-cryptoki-dev
make_token interop
make_keys
#: # Rust
#:
#: With Debian's packages cargo needs no registry.
mkdir -p sign/src sign/.cargo
export CARGO_HOME=$work/cargo
cat >sign/.cargo/config.toml <<'TOML'
[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "/usr/share/cargo/registry"
TOML
printf '[package]\nname = "sign"\nversion = "1.0.0"\nedition = "2021"\n[dependencies]\ncryptoki = "%s"\n[profile.dev]\ndebug = false\n' \
    "${crate##*cryptoki-}" >sign/Cargo.toml
step "main.rs" <<'SH'
cat >sign/src/main.rs <<'RUST'
use cryptoki::{
    context::{CInitializeArgs, Pkcs11},
    mechanism::Mechanism,
    object::{Attribute, ObjectClass},
    session::UserType,
    types::AuthPin,
};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let token = Pkcs11::new(env::var("MODULE")?)?;
    token.initialize(CInitializeArgs::OsThreads)?;
    let slot = token.get_slots_with_token()?[0];
    let session = token.open_rw_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::new(env::var("PIN")?.into())))?;
    let text = fs::read("letter")?;
    for (label, mechanism, file) in [("rsa", Mechanism::Sha256RsaPkcs, "rsa.sig"), ("ec", Mechanism::Ecdsa, "ec.raw")] {
        let found = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(label.into())])?;
        let input = if label == "ec" { session.digest(&Mechanism::Sha256, &text)? } else { text.clone() };
        fs::write(file, session.sign(&mechanism, found[0], &input)?)?;
    }
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let token = token.clone();
            std::thread::spawn(move || {
                let session = token.open_ro_session(slot).unwrap();
                let key = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label("rsa".into())]).unwrap()[0];
                for _ in 0..25 {
                    session.sign(&Mechanism::Sha256RsaPkcs, key, b"thread").unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    session.logout()?;
    println!("done");
    Ok(())
}
RUST
SH
printf 'Pay 100 to Alice.\n' >letter
patience=400
must check "cargo build" env -C sign cargo build --offline --quiet
patience=60
expect "the program" '^done$' sign/target/debug/sign
verify "RSA, openssl verifies" rsa.pem rsa.sig letter -sha256
python3 - <<'PY'
raw = open("ec.raw", "rb").read()
def integer(part):
    part = part.lstrip(b"\0") or b"\0"
    part = b"\0" + part if part[0] & 0x80 else part
    return bytes([2, len(part)]) + part
both = integer(raw[:len(raw) // 2]) + integer(raw[len(raw) // 2:])
open("ec.sig", "wb").write(bytes([0x30, len(both)]) + both)
PY
verify "ECDSA, openssl verifies" ec.pem ec.sig letter -sha256
refuse "a wrong PIN" 'PinIncorrect' env PIN=000000 sign/target/debug/sign
