# What tests/interop/ adds to the build.

interop_tests += tests/interop/pkcs11-tool.sh tests/interop/p11-kit.sh tests/interop/openssl-engine.sh \
	tests/interop/pykcs11.py tests/interop/readme.sh tests/interop/exit.sh
interop_tests += tests/interop/huksd.py tests/interop/huksd.sh
interop_tests += tests/interop/bound-keys.sh tests/interop/main-job.sh
interop_tests += tests/interop/huksctl.sh tests/interop/huksctl-auth.sh tests/interop/fprintd.sh
interop_tests += tests/interop/huksctl-attest.sh tests/interop/huksctl-crypt.sh \
	tests/interop/huksctl-softhsm.sh
EXTRA_DIST += tests/interop/softhsm-objects.py
EXTRA_DIST += tests/interop/huksctl-steps.sh
interop_tests += tests/interop/backup-faults.py tests/interop/group.sh
TESTS += tests/interop/recipes.sh
EXTRA_DIST += tests/interop/recipes.sh
TESTS += tests/interop/vectors.py tests/interop/vectors-keys.py
EXTRA_DIST += tests/interop/vectors.py tests/interop/vectors-keys.py tests/interop/cryptoki.py
# Those of source packages, which scripts/fetch-vectors brings where it may.
TESTS += tests/interop/vectors-openssl.py tests/interop/vectors-openssl-keys.py tests/interop/vectors-wycheproof.py
TESTS += tests/interop/vectors-nss.py
EXTRA_DIST += tests/interop/vectors-nss.py
EXTRA_DIST += tests/interop/vectors-openssl.py tests/interop/vectors-openssl-keys.py tests/interop/vectors-wycheproof.py tests/interop/sources.py
EXTRA_DIST += tests/interop/common.sh tests/interop/answer.py tests/interop/blame.py

TESTS += tests/interop/second-opinion.py tests/interop/mechanisms.py
EXTRA_DIST += tests/interop/second-opinion.py tests/interop/mechanisms.py tests/interop/samples.py
interop_tests += tests/interop/mechanisms-huksd.sh

# Hosts that the scripts run: neither has anything of ours in it.
check_PROGRAMS += tests/interop/guest tests/interop/engine-host
tests_interop_guest_SOURCES = tests/interop/guest.c
tests_interop_guest_LDADD = -ldl
# A host whose allocator is its own, and whose libcrypto is the module's, too.
check_PROGRAMS += tests/interop/guest-allocator
tests_interop_guest_allocator_SOURCES = tests/interop/guest.c tests/interop/allocator.c
tests_interop_guest_allocator_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-as-needed
tests_interop_guest_allocator_LDADD = $(CRYPTO_LIBS) -ldl
tests_interop_engine_host_SOURCES = tests/interop/engine-host.c
tests_interop_engine_host_LDADD = $(CRYPTO_LIBS)

# Consumers that make check-interop installs packages for (group interop), and its scripts.
consumer_tests += tests/interop/nginx.sh
EXTRA_DIST += tests/interop/server.sh $(consumer_tests)
consumer_tests += tests/interop/apache.sh
consumer_tests += tests/interop/stunnel.sh
consumer_tests += tests/interop/curl.sh
consumer_tests += tests/interop/openssh.sh
consumer_tests += tests/interop/git.sh
consumer_tests += tests/interop/knot.sh tests/interop/ldns.sh tests/interop/opendnssec.sh tests/interop/powerdns.sh
EXTRA_DIST += tests/interop/namespace.sh
consumer_tests += tests/interop/nss.sh
consumer_tests += tests/interop/gnutls.sh
consumer_tests += tests/interop/java.sh
consumer_tests += tests/interop/go.sh
consumer_tests += tests/interop/node.sh
consumer_tests += tests/interop/ruby.sh
EXTRA_DIST += tests/interop/Host.java tests/interop/host.go tests/interop/host.js
consumer_tests += tests/interop/osslsigncode.sh
consumer_tests += tests/interop/rauc.sh
consumer_tests += tests/interop/mosquitto.sh
consumer_tests += tests/interop/cryptenroll.sh
consumer_tests += tests/interop/openvpn.sh
consumer_tests += tests/interop/eapol.sh
consumer_tests += tests/interop/gpg.sh
consumer_tests += tests/interop/libpq.sh
consumer_tests += tests/interop/openconnect.sh
consumer_tests += tests/interop/pam.sh
consumer_tests += tests/interop/strongswan.sh tests/interop/provider.sh
consumer_tests += tests/interop/haproxy.sh
consumer_tests += tests/interop/bind.sh
consumer_tests += tests/interop/rust.sh
consumer_tests += tests/interop/ukify.sh
consumer_tests += tests/interop/systemd-creds.sh
consumer_tests += tests/interop/python-pkcs11.sh
