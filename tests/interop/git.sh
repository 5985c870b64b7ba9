#!/usr/bin/env bash
# usage: tests/interop/git.sh
# git signs commits and tags with an SSH key of the token, by the agent.
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034,SC2016 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
needs git git
needs ssh-agent openssh-client
needs_tools
consumer "git, SSH signatures" git
make_token interop
make_keys
export SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force SSH_AUTH_SOCK=$work/agent.socket
printf '#!/bin/sh\nprintf "%%s\\n" "$PIN"\n' >askpass
chmod 700 askpass
start agent ssh-agent -D -a "$SSH_AUTH_SOCK" -P "$module"
await agent test -S "$SSH_AUTH_SOCK"
#: # git
#:
#: git signs with an SSH key that the agent holds (`ssh-agent -P "$MODULE"` may load the module).
step "the agent holds the token's keys" <<'SH'
ssh-add -s "$MODULE"
ssh-keygen -D "$MODULE" >keys
SH
step "a repository whose commits are signed with the EC key" <<'SH'
git init -q letters
cd letters
git config user.name Alice
git config user.email alice@localhost
git config gpg.format ssh
git config user.signingKey "key::$(grep ^ecdsa ../keys)"
git config gpg.ssh.allowedSignersFile "$DIR/signers"
sed 's/^/alice@localhost namespaces="git" /' ../keys >"$DIR/signers"
echo 'Pay 100 to Alice.' >letter
git add letter
git commit -q -S -m 'A letter'
git tag -s -m 'A tag' v1
SH
cd letters || exit 1
expect "git verify-commit" 'Good "git" signature for alice@localhost with ECDSA' git verify-commit HEAD
expect "git verify-tag" 'Good "git" signature for alice@localhost' git verify-tag v1
git cat-file commit HEAD | sed 's/A letter/A longer letter/' >../forged
refuse "a forged commit" 'incorrect signature|BAD|Could not verify' git verify-commit "$(git hash-object -t commit -w ../forged)"
check "an unsigned one" git commit -q --allow-empty --no-gpg-sign -m unsigned
expect "is not taken for signed" '^N$' git log -1 --format=%G?
cd ..
stop agent TERM 0 2 143
