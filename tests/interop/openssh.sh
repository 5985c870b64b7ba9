#!/usr/bin/env bash
# usage: tests/interop/openssh.sh
# OpenSSH: public keys and certificates out of the token, a login with a key of the token, by the client alone
# and by the agent, a host key and a CA in the token.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs sshd openssh-server
needs ssh openssh-client
needs_tools
consumer OpenSSH openssh-client
make_token interop
make_keys
#: # OpenSSH
#:
#: OpenSSH reads RSA and EC keys of a token; it asks for the PIN itself.
user=$(id -un)
export LOGIN=$user
PORT=$(free_port)
export PORT
# How a person who is asked for the PIN would answer.
printf '#!/bin/sh\nprintf "%%s\\n" "$PIN"\n' >askpass
chmod 700 askpass
export SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force
unset SSH_AUTH_SOCK

step "public keys, as authorized_keys has them" '^(ssh-rsa|ecdsa-sha2-nistp256) ' <<'SH'
ssh-keygen -D "$MODULE" >keys
cat keys
SH
for label in rsa ec; do
    ssh-keygen -i -m PKCS8 -f "$label.pem" >"$label.pub"
    expect "ssh-keygen -D: $label" "^$(cut -d ' ' -f 1,2 "$label.pub" | sed 's/[+.]/\\&/g')" cat keys
done
cp keys authorized_keys
chmod 600 authorized_keys

# --- Login --------------------------------------------------------------------------------------------

ssh-keygen -q -t ed25519 -N '' -f host
cat >sshd_config <<CONF
Port $PORT
ListenAddress 127.0.0.1
HostKey $work/host
PidFile none
AuthorizedKeysFile $work/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
CONF
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
printf 'localhost,[localhost]:%s %s\n' "$PORT" "$(cut -d ' ' -f 1,2 host.pub)" >known_hosts
start sshd "$(command -v sshd)" -D -e -f "$work/sshd_config"
await sshd listens "$PORT" || exit 1
step "a login with a key of the token" '^it is me$' <<'SH'
ssh -F none -p "$PORT" -o PKCS11Provider="$MODULE" -o UserKnownHostsFile="$DIR/known_hosts" -o IdentityFile=none \
    "$LOGIN@localhost" echo it is me
SH
ssh=(ssh -F none -p "$PORT" -o UserKnownHostsFile="$work/known_hosts" -o IdentityFile=none "$user@localhost")
for algorithm in rsa-sha2-256 rsa-sha2-512 ecdsa-sha2-nistp256; do
    expect "ssh, $algorithm" '^in$' "${ssh[@]:0:1}" -o PKCS11Provider="$module" -o PubkeyAcceptedAlgorithms="$algorithm" "${ssh[@]:1}" echo in
done
check "sshd says which key it was" grep -qE "Accepted publickey for $user .*$(ssh-keygen -l -f ec.pub | cut -d ' ' -f 2 | sed 's/[+.]/\\&/g')" sshd.log
refuse "ssh without the token" 'Permission denied' "${ssh[@]}" echo in
printf '#!/bin/sh\necho 000000\n' >wrong
chmod 700 wrong
refuse "ssh, a wrong PIN" 'Permission denied' env SSH_ASKPASS="$work/wrong" "${ssh[@]:0:1}" -o PKCS11Provider="$module" "${ssh[@]:1}" echo in

# --- Agent --------------------------------------------------------------------------------------------

# The agent loads modules from the system's directories only, unless it is told.
export SSH_AUTH_SOCK=$work/agent.socket
start agent ssh-agent -D -a "$SSH_AUTH_SOCK" -P "$module"
await agent test -S "$SSH_AUTH_SOCK"
step "the agent holds the token's keys" 'Card added' <<'SH'
ssh-add -s "$MODULE"
SH
expect "ssh-add -l" 'RSA' ssh-add -l
says "ssh-add -l: EC" 'ECDSA'
expect "a login by the agent" '^in$' "${ssh[@]}" echo in
check "ssh-add -T: the agent signs" ssh-add -T ec.pub
check "ssh-add -T: the agent signs by RSA" ssh-add -T rsa.pub
for i in 1 2 3 4 5 6; do start "login $i" "${ssh[@]}" echo in; done
for i in 1 2 3 4 5 6; do stop "login $i"; done
step "the agent forgets them" 'Card removed' <<'SH'
ssh-add -e "$MODULE"
SH
refuse "the agent has none" 'no identities' ssh-add -l
expect "the agent takes them again" 'Card added' ssh-add -s "$module"
expect "a login by the agent, again" '^in$' "${ssh[@]}" echo in

# --- CA -----------------------------------------------------------------------------------------------

# The CA's key is the token's RSA key; the certificate is for a key that is not in it.
ssh-keygen -q -t ed25519 -N '' -f alice
step "a certificate for alice.pub by a CA in the token" <<'SH'
ssh-keygen -D "$MODULE" -s rsa.pub -I alice -n "$LOGIN" -V +1h alice.pub
SH
expect "ssh-keygen -L" 'Signing CA: RSA' ssh-keygen -L -f alice-cert.pub
expect "the CA's key by the agent" 'Signed user key' ssh-keygen -U -s ec.pub -I alice -n "$user" -V +1h alice.pub
expect "the CA's key by the agent: EC" 'Signing CA: ECDSA' ssh-keygen -L -f alice-cert.pub
ssh-keygen -q -D "$module" -s rsa.pub -I host -h -n localhost -V +1h host.pub 2>said || fail "a host's certificate" "ssh-keygen"
stop sshd TERM 0 255
printf 'TrustedUserCAKeys %s/ca.keys\nHostCertificate %s/host-cert.pub\nAuthorizedKeysFile none\n' "$work" "$work" >ca.lines
cat ca.lines sshd_config >sshd_config.ca
cut -d ' ' -f 1,2 rsa.pub ec.pub >ca.keys
printf '@cert-authority * %s\n' "$(cut -d ' ' -f 1,2 rsa.pub)" >known_hosts
start sshd "$(command -v sshd)" -D -e -f "$work/sshd_config.ca"
await sshd listens "$PORT"
expect "a login by certificate, the host has one, too" '^in$' env -u SSH_AUTH_SOCK "${ssh[@]:0:5}" \
    -o UserKnownHostsFile="$work/known_hosts" -i alice "$user@localhost" echo in
check "sshd says by which CA" grep -q 'ID alice .* CA' sshd.log
stop sshd TERM 0 255

# --- Host key -----------------------------------------------------------------------------------------

# sshd has no PIN prompt: its agent has the key.
sed -i "s|^HostKey .*|HostKey $work/ec.pub\nHostKeyAgent $SSH_AUTH_SOCK|" sshd_config
printf '[localhost]:%s %s\n' "$PORT" "$(cut -d ' ' -f 1,2 ec.pub)" >known_hosts
cut -d ' ' -f 1,2 alice.pub >authorized_keys
start sshd "$(command -v sshd)" -D -e -f "$work/sshd_config"
await sshd listens "$PORT"
expect "the host's key is in the token" '^in$' env -u SSH_AUTH_SOCK "${ssh[@]:0:5}" -o UserKnownHostsFile="$work/known_hosts" \
    -o HostKeyAlgorithms=ecdsa-sha2-nistp256 -i alice "$user@localhost" echo in
stop sshd TERM 0 255

# --- Signatures of files ------------------------------------------------------------------------------

printf 'Pay 100 to Alice.\n' >letter
printf 'Pay 900 to Alice.\n' >other
printf 'alice %s\n' "$(cut -d ' ' -f 1,2 ec.pub)" >signers
step "a file is signed by a key that the agent has" <<'SH'
ssh-keygen -Y sign -f ec.pub -n file letter
ssh-keygen -Y verify -f signers -I alice -n file -s letter.sig <letter
SH
input=other refuse "the signature is for that file" 'incorrect signature|failed' ssh-keygen -Y verify -f signers -I alice -n file -s letter.sig
stop agent TERM 0 2 143
if pgrep -f ssh-pkcs11-helper >/dev/null && left_behind | grep -q .; then fail "the agent's helpers" "one is left"; else pass "the agent's helpers are gone"; fi
