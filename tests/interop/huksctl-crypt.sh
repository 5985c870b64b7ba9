#!/usr/bin/env bash
# usage: tests/interop/huksctl-crypt.sh
# huksctl encrypt and decrypt: there and back, and each way with plain OpenSSL on the other side, which has the same
# keys from files. HUKS_VALGRIND=1 runs each call under valgrind.
# shellcheck disable=SC1091,SC2034,SC2154 # what huksctl-steps.sh brings
set -u

# shellcheck source=tests/interop/huksctl-steps.sh
. "$(dirname "$0")/huksctl-steps.sh" || exit 1

export PIN=123456 SO=12345678
me=(--pin-env PIN)
printf 'legacy_mechanisms = true\n' >conf
export HUKS_CONF=$work/conf
printf 'Pay 100 to Alice.\n' >letter
head -c 300000 /dev/urandom >long
head -c 48 long >blocks
head -c 16 long >block
: >empty

hex() { # FILE [OFFSET [COUNT]]
    od -An -v -tx1 -j "${2-0}" -N "${3-1000000}" "$1" | tr -d ' \n'
}

ctl "a token" 0 '' init --label demo --so-pin-env SO --pin-env PIN
for kind in aes:32 sm4:16 3des:24 chacha20:32; do
    head -c "${kind#*:}" /dev/urandom >"${kind%:*}.key"
    ctl "a key: ${kind%:*}" 0 '' import "${kind%:*}.key" --secret "${kind%:*}" --label "${kind%:*}" \
        --purpose encrypt,decrypt "${me[@]}"
done
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
openssl genpkey -algorithm SM2 -out sm2.pem 2>/dev/null || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out sm2.pem
for kind in rsa sm2; do
    openssl pkey -in $kind.pem -pubout -out $kind.pub
    ctl "a key: $kind" 0 '' import $kind.pem --label $kind "${me[@]}"
done

echo "# there and back"
back() { # NAME FILE KEY OPTION...
    local name=$1 file=$2 key=$3
    shift 3
    rm -f back piped
    ctl "$name" 0 '' encrypt "$key" "$file" --output back.enc "$@" "${me[@]}"
    breaks "$name: it can't be read" cmp back.enc "$file"
    ctl "$name: back" 0 '' decrypt "$key" back.enc --output back "$@" "${me[@]}"
    holds "$name: is what it was" cmp back "$file"
    run encrypt "$key" "$file" "$@" "${me[@]}"
    cp out piped.enc
    run decrypt "$key" piped.enc "$@" "${me[@]}"
    cp out piped
    holds "$name: on standard output, too" cmp piped "$file"
}
for file in empty letter long; do
    for mode in gcm cbc ctr ecb; do back "aes $mode, $file" $file aes --mode $mode; done
    for mode in cbc ctr ecb ofb cfb; do back "sm4 $mode, $file" $file sm4 --mode $mode; done
    for mode in cbc ecb; do back "3des $mode, $file" $file 3des --mode $mode; done
    back "chacha20, $file" $file chacha20
done
back "aes ccm" letter aes --mode ccm
back "aes ccm, nothing" empty aes --mode ccm
back "blocks without padding" blocks aes --mode cbc --padding none
back "rsa" letter rsa
back "rsa, nothing" empty rsa
back "rsa, sha512" letter rsa --digest sha512
back "rsa pkcs1" letter rsa --padding pkcs1
back "sm2" letter sm2
back "the default of aes" letter aes
ctl "is gcm" 0 '' decrypt aes back.enc --mode gcm --output back "${me[@]}"
holds "with nonce and tag" test "$(stat -c %s back.enc)" = $(($(stat -c %s letter) + 12 + 16))
ctl "the same once more" 0 '' encrypt aes letter -o again.enc "${me[@]}"
breaks "has another nonce" test "$(hex again.enc 0 12)" = "$(hex back.enc 0 12)"
ctl "from standard input" 0 '' encrypt rsa - -o null.enc
ctl "a public key needs no login" 0 '' encrypt rsa letter -o free.enc
ctl "its private half does" 2 'pin-file' decrypt rsa free.enc -o free
ctl "with it" 0 '' decrypt rsa free.enc -o free "${me[@]}"
holds "is what it was" cmp free letter
mkfifo pipe
cat back.enc >pipe &
ctl "through a pipe" 0 '' decrypt aes pipe -o back "${me[@]}"
holds "is what it was" cmp back letter

echo "# OpenSSL reads it"
ours() { # NAME KEY CIPHER IV-SIZE OPTION...
    local name=$1 key=$2 cipher=$3 size=$4
    shift 4
    rm -f ours.plain
    ctl "$name" 0 '' encrypt "$key" long -o ours.enc "$@" "${me[@]}"
    local iv=()
    [ "$size" = 0 ] || iv=(-iv "$(hex ours.enc 0 "$size")")
    tail -c "+$((size + 1))" ours.enc >ours.body
    holds "$name: OpenSSL decrypts it" openssl enc -d "-$cipher" -K "$(hex "$key.key")" "${iv[@]}" -in ours.body -out ours.plain
    holds "$name: to what it was" cmp ours.plain long
}
ours "aes cbc" aes aes-256-cbc 16 --mode cbc
ours "aes ctr" aes aes-256-ctr 16 --mode ctr
ours "aes ecb" aes aes-256-ecb 0 --mode ecb
ours "sm4 cbc" sm4 sm4-cbc 16
ours "sm4 ctr" sm4 sm4-ctr 16 --mode ctr
ours "sm4 ofb" sm4 sm4-ofb 16 --mode ofb
ours "sm4 cfb" sm4 sm4-cfb 16 --mode cfb
ours "3des cbc" 3des des-ede3-cbc 8
ours "3des ecb" 3des des-ede3-ecb 0 --mode ecb
# Inside of GCM is CTR, whose counter begins with 2; inside of ChaCha20-Poly1305 is ChaCha20, which begins with 1.
ctl "aes gcm" 0 '' encrypt aes long -o gcm.enc "${me[@]}"
head -c -16 gcm.enc | tail -c +13 >gcm.body
holds "aes gcm: OpenSSL's CTR decrypts it" openssl enc -d -aes-256-ctr -K "$(hex aes.key)" -iv "$(hex gcm.enc 0 12)00000002" -in gcm.body -out gcm.plain
holds "aes gcm: to what it was" cmp gcm.plain long
ctl "chacha20" 0 '' encrypt chacha20 long -o chacha.enc "${me[@]}"
head -c -16 chacha.enc | tail -c +13 >chacha.body
holds "chacha20: OpenSSL's stream decrypts it" openssl enc -d -chacha20 -K "$(hex chacha20.key)" -iv "01000000$(hex chacha.enc 0 12)" -in chacha.body -out chacha.plain
holds "chacha20: to what it was" cmp chacha.plain long
python=/usr/bin/python3 # the distribution's, which has the module
if $python -c 'from cryptography.hazmat.primitives.ciphers.aead import AESGCM' 2>/dev/null; then
    cat >gcm.py <<'P'
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
read = lambda name: open(name, "rb").read()
for kind, key, name in (AESGCM, "aes.key", "gcm"), (ChaCha20Poly1305, "chacha20.key", "chacha"), (AESCCM, "aes.key", "ccm"):
    data = read(name + ".enc")
    plain = read("letter" if name == "ccm" else "long")
    assert kind(read(key)).decrypt(data[:12], data[12:], None) == plain, name
    open(name + ".theirs", "wb").write(bytes(range(12)) + kind(read(key)).encrypt(bytes(range(12)), plain, None))
P
    ctl "aes ccm" 0 '' encrypt aes letter --mode ccm -o ccm.enc "${me[@]}"
    holds "Python verifies the tags" $python gcm.py
    for way in gcm:aes:long: chacha:chacha20:long: ccm:aes:letter:--mode=ccm; do
        IFS=: read -r name key file option <<<"$way"
        ctl "$name by Python" 0 '' decrypt "$key" "$name.theirs" -o theirs ${option:+"$option"} "${me[@]}"
        holds "$name by Python: is what it was" cmp theirs "$file"
    done
else
    skip "tags before Python" "it has no module cryptography: Debian package python3-cryptography"
fi
oaep() { # DIGEST
    pkeyopt=(-pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$1" -pkeyopt "rsa_mgf1_md:$1")
}
for digest in sha256 sha1 sha384; do
    oaep $digest
    ctl "rsa oaep, $digest" 0 '' encrypt rsa letter --digest $digest -o rsa.enc
    holds "rsa oaep, $digest: OpenSSL decrypts it" openssl pkeyutl -decrypt -inkey rsa.pem -in rsa.enc -out rsa.plain "${pkeyopt[@]}"
    holds "rsa oaep, $digest: to what it was" cmp rsa.plain letter
    openssl pkeyutl -encrypt -pubin -inkey rsa.pub -in letter -out rsa.theirs "${pkeyopt[@]}"
    ctl "rsa oaep, $digest, by OpenSSL" 0 '' decrypt rsa rsa.theirs --digest $digest -o rsa.plain "${me[@]}"
    holds "rsa oaep, $digest, by OpenSSL: is what it was" cmp rsa.plain letter
done
ctl "rsa pkcs1" 0 '' encrypt rsa letter --padding pkcs1 -o rsa.enc
holds "rsa pkcs1: OpenSSL decrypts it" openssl pkeyutl -decrypt -inkey rsa.pem -in rsa.enc -out rsa.plain
holds "rsa pkcs1: to what it was" cmp rsa.plain letter
ctl "sm2" 0 '' encrypt sm2 letter -o sm2.enc
holds "sm2: OpenSSL decrypts it" openssl pkeyutl -decrypt -inkey sm2.pem -in sm2.enc -out sm2.plain
holds "sm2: to what it was" cmp sm2.plain letter

echo "# OpenSSL writes it"
theirs() { # NAME KEY CIPHER IV OPTION...
    local name=$1 key=$2 cipher=$3 begin=$4
    shift 4
    rm -f theirs.plain
    {
        printf %s "$begin" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'
        openssl enc "-$cipher" -K "$(hex "$key.key")" ${begin:+-iv "$begin"} -in long
    } >theirs.enc 2>err
    ctl "$name" 0 '' decrypt "$key" theirs.enc -o theirs.plain "$@" "${me[@]}"
    holds "$name: is what it was" cmp theirs.plain long
}
theirs "aes cbc" aes aes-256-cbc "$(hex block)" --mode cbc
theirs "aes ctr, over the counter's end" aes aes-256-ctr ffffffffffffffffffffffffffffffff --mode ctr
theirs "aes ecb" aes aes-256-ecb "" --mode ecb
theirs "sm4 cbc" sm4 sm4-cbc "$(hex block)"
theirs "3des cbc" 3des des-ede3-cbc "$(hex block 0 8)"
openssl pkeyutl -encrypt -pubin -inkey sm2.pub -in letter -out sm2.theirs
ctl "sm2" 0 '' decrypt sm2 sm2.theirs -o sm2.plain "${me[@]}"
holds "sm2: is what it was" cmp sm2.plain letter

echo "# what was changed"
bend() { # FILE OFFSET
    python3 -c "import sys; b = bytearray(open('$1', 'rb').read()); b[$2] ^= 1; sys.stdout.buffer.write(b)" >bent
}
printf 'what was here\n' >kept
cp kept before
for at in 0 20 -20 -1; do
    bend gcm.enc $at
    ctl "a bit at $at, to a file" 1 'error 12000006: ' decrypt aes bent -o kept "${me[@]}"
    holds "a bit at $at: the file is as it was" cmp kept before
    ctl "a bit at $at, to standard output" 1 'error 12000006: ' decrypt aes bent "${me[@]}"
    holds "a bit at $at: nothing came out" test ! -s out
done
holds "and nothing is beside it" test -z "$(find . -maxdepth 1 -name 'kept.*')"
head -c -1 gcm.enc >bent
ctl "the last byte is missing" 1 'error 12000006: ' decrypt aes bent -o kept "${me[@]}"
{ cat gcm.enc; echo; } >bent
ctl "a byte too many" 1 'error 12000006: ' decrypt aes bent -o kept "${me[@]}"
ctl "nothing at all" 1 'error 12000003: .*an IV of 12 bytes and a tag of 16 are not in it' decrypt aes empty -o kept "${me[@]}"
head -c 27 gcm.enc >bent
ctl "no room for the tag" 1 'error 12000003: .*are not in it' decrypt aes bent -o kept "${me[@]}"
ctl "no room for the tag, standard output" 1 'error 120000' decrypt aes bent "${me[@]}"
bend rsa.enc 5
ctl "rsa" 1 'error 12000006: ' decrypt rsa bent -o kept "${me[@]}"
ctl "cut off: cbc" 1 'error 120000(03|06): ' decrypt aes letter --mode cbc -o kept "${me[@]}"
ctl "another key" 1 'error 12000006: ' decrypt chacha20 gcm.enc -o kept "${me[@]}"
holds "the file is as it was" cmp kept before

echo "# keys made for one thing"
ctl "no decryption" 0 '' generate aes --purpose encrypt --label oneway "${me[@]}"
ctl "it encrypts" 0 '' encrypt oneway letter -o oneway.enc "${me[@]}"
ctl "it does not decrypt" 1 'error 12000003: Invalid key purpose' decrypt oneway oneway.enc -o kept "${me[@]}"
ctl "for whoever authenticates" 0 '' generate aes --auth pin --label guarded "${me[@]}"
ctl "it asks" 2 'pin-file' encrypt guarded letter -o guarded.enc
back "for whoever authenticates" letter guarded
ctl "a key that encrypts nothing" 0 '' generate ec --label ec "${me[@]}"
ctl "a key that encrypts nothing" 1 'error 12000003: .*encrypt nothing' encrypt ec letter -o kept
ctl "nor decrypts" 1 'error 12000003: .*encrypt nothing' decrypt ec letter -o kept "${me[@]}"

echo "# refused"
ctl "no such key" 1 '12000011' encrypt nobody letter -o kept "${me[@]}"
ctl "no such file" 1 'error 12000004: Failed to open nowhere' encrypt aes nowhere -o kept "${me[@]}"
ctl "a directory" 1 'error 12000004: Failed to read \.' encrypt aes . -o kept "${me[@]}"
ctl "to nowhere" 1 'error 12000004: Failed to make no/where' encrypt aes letter -o no/where "${me[@]}"
ctl "no mode" 2 'no mode xts2' encrypt aes letter --mode xts2 -o kept "${me[@]}"
ctl "no padding" 2 'no padding x' encrypt rsa letter --padding x -o kept
ctl "no digest" 2 'no digest crc32' encrypt rsa letter --digest crc32 -o kept
ctl "another algorithm's mode" 1 'error 12000001: .*mode or padding' encrypt rsa letter --mode gcm -o kept
ctl "a signature's padding" 1 'error 12000001: .*mode or padding' encrypt rsa letter --padding pss -o kept
ctl "too much for rsa" 1 'error 12000003: ' encrypt rsa long -o kept
ctl "no whole blocks" 1 'error 12000003: ' encrypt aes letter --mode cbc --padding none -o kept "${me[@]}"
ctl "nothing, by sm2" 1 'error 12000003: ' encrypt sm2 empty -o kept
ctl "wrong PIN" 1 '12000008' encrypt aes letter -o kept --pin-env SO
holds "the file is as it was" cmp kept before
holds "and nothing is beside it" test -z "$(find . -maxdepth 1 -name 'kept.*')"
person "binary does not go to a terminal" 2 'name a file with --output' 'PIN of token demo: =123456\n' encrypt aes letter
ln -s /dev/null hole
ctl "to a device" 0 '' encrypt rsa letter -o hole
holds "it stays one" test -c hole
truncate -s 65M huge
run encrypt aes huge -o huge.enc "${me[@]}"
holds "65 MiB" test "$status" = 0
person "how far it is, on a terminal" 0 'Encrypting: 50 %' 'PIN of token demo: =123456\n' encrypt aes huge -o huge.seen
ctl "to a file, back" 0 '' decrypt aes huge.enc -o huge.plain "${me[@]}"
holds "is what it was" cmp huge.plain huge
ctl "too much to be kept" 1 'error 12000003: .*from file to file' decrypt aes huge.enc "${me[@]}"
holds "nothing came out" test ! -s out
ctl "too much for one piece" 1 'error 12000003: ' encrypt rsa huge -o kept
rm -f huge*
ctl "no session stays taken" 0 '0 of 15 key-operation sessions' status
ctl "help" 0 'mode NAME' encrypt --help

[ "$failed" = 0 ]
