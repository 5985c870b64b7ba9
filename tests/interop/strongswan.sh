#!/usr/bin/env bash
# usage: tests/interop/strongswan.sh
# strongSwan with its key in the token: pki makes a certificate, and two charons set up an IKE_SA, of which one
# signs with the token's key.
# shellcheck source=tests/interop/namespace.sh disable=SC1091,SC2016,SC2034,SC2154
own_network=yes # charon makes devices
. "$(dirname "$0")/namespace.sh"
# shellcheck source=tests/interop/common.sh disable=SC1091,SC2154,SC2034 # the linter does not follow it
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/interop/server.sh disable=SC1091
. "$interop/server.sh"
PATH=$PATH:/usr/sbin
needs pki strongswan-pki
needs swanctl strongswan-swanctl
charon=/usr/lib/ipsec/charon
needs "$charon" strongswan-charon
needs /usr/lib/ipsec/plugins/libstrongswan-pkcs11.so libstrongswan-extra-plugins
needs_tools
consumer strongSwan strongswan-charon
make_token interop
make_keys

#: # strongSwan
#:
#: The plugin `pkcs11` names the modules; keys are then known by their ids.
step "strongswan.conf, and a request made by pki" <<'SH'
cat >pki.conf <<CONF
libstrongswan {
  plugins {
    pkcs11 {
      modules {
        huks {
          path = $MODULE
        }
      }
    }
  }
}
CONF
export STRONGSWAN_CONF=$DIR/pki.conf
echo "$PIN" | pki --req --type rsa --keyid 01 --dn 'CN=gateway' --san localhost --digest sha256 --outform pem >gateway.csr
SH
check "openssl verifies the request" openssl req -in gateway.csr -noout -verify
export STRONGSWAN_CONF=$work/pki.conf
check "pki --self" bash -c 'echo "$PIN" | pki --self --type rsa --keyid 01 --dn CN=self --ca --digest sha256 --outform pem >self.crt'
check "openssl verifies it" openssl verify -CAfile self.crt self.crt
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr 2>/dev/null
check "pki --issue by the token's key" bash -c 'echo "$PIN" | pki --issue --cakeyid 01 --cacert self.crt --type pkcs10 --in leaf.csr --digest sha256 --outform pem >leaf.crt'
check "openssl verifies that" openssl verify -CAfile self.crt leaf.crt
check "pki --pub" bash -c 'echo "$PIN" | pki --pub --type rsa --keyid 01 --outform pem >public.pem'
openssl pkey -pubin -in public.pem -outform DER -out public.der
openssl pkey -pubin -in rsa.pem -outform DER -out rsa.pub.der
same "it is that key's" public.der rsa.pub.der

# --- IKE ----------------------------------------------------------------------------------------------

if [ "$(id -u)" != 0 ] || [ -z "${INTEROP_NAMESPACE-}" ] || [ ! -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ]; then
    skip "an IKE_SA" "charon is root's, and needs the kernel's IPsec or the plugin kernel-libipsec"
    exit
fi
openssl req -newkey rsa:2048 -nodes -keyout peer.key -subj /CN=peer -out peer.csr 2>/dev/null
printf 'subjectAltName = DNS:peer\n' >peer.ext
openssl x509 -req -in peer.csr -CA ca.crt -CAkey ca.key -days 8 -extfile peer.ext -out peer.crt 2>/dev/null
for side in gateway peer; do
    mkdir -p "$side"/{x509,x509ca,private,run}
    cp ca.crt "$side/x509ca/"
done
cp peer.crt peer/x509/
cp peer.key peer/private/
cp rsa.crt gateway/x509/
cp ec.crt gateway/x509/
GATEWAY=$(free_port) GATEWAY_NAT=$(free_port) PEER=$(free_port) PEER_NAT=$(free_port)
export GATEWAY GATEWAY_NAT PEER PEER_NAT
daemon_conf() { # SIDE PORT NAT-PORT PLUGINS
    cat >"$1/strongswan.conf" <<CONF
charon {
  load = random nonce drbg aes sha1 sha2 hmac kdf gmp mgf1 curve25519 pem pkcs1 pkcs8 x509 revocation constraints pubkey $4 kernel-libipsec kernel-netlink socket-default vici
  port = $2
  port_nat_t = $3
  install_routes = no
  filelog {
    stderr {
      path = stderr
      default = 1
      flush_line = yes
    }
  }
  plugins {
    vici {
      socket = unix://$work/$1/vici
    }
    pkcs11 {
      modules {
        huks {
          path = $module
        }
      }
    }
  }
}
swanctl {
  load = pem pkcs1 pkcs8 x509 sha1 sha2 gmp
}
CONF
}
daemon_conf gateway "$GATEWAY" "$GATEWAY_NAT" pkcs11
daemon_conf peer "$PEER" "$PEER_NAT" ''
#: The connection's certificate is a file or in the token; the secret names the key's handle (its id) and the PIN.
step "swanctl.conf of the gateway" <<'SH'
cat >gateway/swanctl.conf <<CONF
connections {
  gateway {
    version = 2
    local_addrs = 127.0.0.1
    childless = force
    local {
      auth = pubkey
      certs = rsa.crt
      id = localhost
    }
    remote {
      auth = pubkey
      id = peer
    }
  }
}
secrets {
  token-rsa {
    handle = 01
    module = huks
    pin = $PIN
  }
}
CONF
SH
cat >peer/swanctl.conf <<CONF
connections {
  peer {
    version = 2
    local_addrs = 127.0.0.1
    remote_addrs = 127.0.0.1
    local_port = $PEER_NAT
    remote_port = $GATEWAY_NAT
    childless = force
    local {
      auth = pubkey
      certs = peer.crt
      id = peer
    }
    remote {
      auth = pubkey
      id = localhost
    }
  }
}
CONF
for side in gateway peer; do
    start "$side" "${own_mounts[@]}" bash -c 'mount -t tmpfs none /run && exec env STRONGSWAN_CONF="$1/strongswan.conf" "$2"' sh "$work/$side" "$charon"
    await "$side" test -S "$side/vici"
    export STRONGSWAN_CONF=$work/$side/strongswan.conf SWANCTL_DIR=$work/$side
    check "$side: swanctl --load-all" swanctl --load-all --noprompt --uri "unix://$work/$side/vici"
done
export STRONGSWAN_CONF=$work/peer/strongswan.conf SWANCTL_DIR=$work/peer
check "an IKE_SA, authenticated by the token's RSA key" swanctl --initiate --ike peer --timeout 20 --uri "unix://$work/peer/vici"
expect "it is established" 'peer: #1, ESTABLISHED' swanctl --list-sas --uri "unix://$work/peer/vici"
cp gateway.log said
says "the gateway signed with RSA" "authentication of 'localhost' \\(myself\\) with RSA"
stop peer TERM
stop gateway TERM
