# What tests/native/ adds to the build: Check programs that see the native API only, as programs of HUKS do.

native_common = tests/native/native.c tests/native/native.h $(conditions)
native_ldadd = libhuks_ndk.la $(CHECK_LIBS) $(CRYPTO_LIBS)
# Keys of bare OpenSSL.
material = tests/native/material.c tests/native/material.h
native_programs =

native_programs += tests/native/test-agree
tests_native_test_agree_SOURCES = tests/native/test-agree.c $(material) $(native_common)
tests_native_test_agree_LDADD = $(native_ldadd)

native_programs += tests/native/test-cipher
tests_native_test_cipher_SOURCES = tests/native/test-cipher.c $(native_common)
tests_native_test_cipher_LDADD = $(native_ldadd)

native_programs += tests/native/test-cipher-pair
tests_native_test_cipher_pair_SOURCES = tests/native/test-cipher-pair.c $(material) $(native_common)
tests_native_test_cipher_pair_LDADD = $(native_ldadd)

native_programs += tests/native/test-attest
tests_native_test_attest_SOURCES = tests/native/test-attest.c tests/native/chain.c tests/native/chain.h \
	$(material) $(native_common)
tests_native_test_attest_LDADD = $(native_ldadd)

native_programs += tests/native/test-codes
tests_native_test_codes_SOURCES = tests/native/test-codes.c $(native_common)
tests_native_test_codes_LDADD = $(native_ldadd)

native_programs += tests/native/test-damage
tests_native_test_damage_SOURCES = tests/native/test-damage.c $(native_common)
tests_native_test_damage_LDADD = $(native_ldadd) $(SQLITE_LIBS)

native_programs += tests/native/test-derive
tests_native_test_derive_SOURCES = tests/native/test-derive.c $(native_common)
tests_native_test_derive_LDADD = $(native_ldadd)

# Both doors, opened by their files.
doors_common = tests/native/doors.c tests/native/doors.h tests/module/constants.h $(native_common)
doors_ldadd = $(CHECK_LIBS) $(CRYPTO_LIBS) -ldl

native_programs += tests/native/test-doors
tests_native_test_doors_SOURCES = tests/native/test-doors.c $(doors_common)
tests_native_test_doors_LDADD = $(doors_ldadd)

native_programs += tests/native/test-doors-algorithms
tests_native_test_doors_algorithms_SOURCES = tests/native/test-doors-algorithms.c $(doors_common)
tests_native_test_doors_algorithms_LDADD = $(doors_ldadd)

native_programs += tests/native/test-doors-imported
tests_native_test_doors_imported_SOURCES = tests/native/test-doors-imported.c \
	tests/native/envelope.c tests/native/envelope.h $(material) $(doors_common)
tests_native_test_doors_imported_LDADD = $(doors_ldadd)

native_programs += tests/native/test-doors-secrets
tests_native_test_doors_secrets_SOURCES = tests/native/test-doors-secrets.c \
	tests/native/envelope.c tests/native/envelope.h $(material) $(doors_common)
tests_native_test_doors_secrets_LDADD = $(doors_ldadd)

native_programs += tests/native/test-every-call
tests_native_test_every_call_SOURCES = tests/native/test-every-call.c $(native_common)
tests_native_test_every_call_LDADD = $(native_ldadd)

native_programs += tests/native/test-generate
tests_native_test_generate_SOURCES = tests/native/test-generate.c tests/native/material.c \
	tests/native/material.h $(native_common)
tests_native_test_generate_LDADD = $(native_ldadd)

native_programs += tests/native/test-import
tests_native_test_import_SOURCES = tests/native/test-import.c tests/native/material.c tests/native/material.h \
	$(native_common)
tests_native_test_import_LDADD = $(native_ldadd)

native_programs += tests/native/test-import-refused
tests_native_test_import_refused_SOURCES = tests/native/test-import-refused.c tests/native/material.c \
	tests/native/material.h $(native_common)
tests_native_test_import_refused_LDADD = $(native_ldadd)

native_programs += tests/native/test-init
tests_native_test_init_SOURCES = tests/native/test-init.c $(native_common)
tests_native_test_init_LDADD = $(native_ldadd)

native_programs += tests/native/test-key
tests_native_test_key_SOURCES = tests/native/test-key.c $(native_common)
tests_native_test_key_LDADD = $(native_ldadd)

native_programs += tests/native/test-mac
tests_native_test_mac_SOURCES = tests/native/test-mac.c $(native_common)
tests_native_test_mac_LDADD = $(native_ldadd)

native_programs += tests/native/test-permit
tests_native_test_permit_SOURCES = tests/native/test-permit.c $(doors_common)
tests_native_test_permit_LDADD = $(doors_ldadd)

native_programs += tests/native/test-session
tests_native_test_session_SOURCES = tests/native/test-session.c $(native_common)
tests_native_test_session_LDADD = $(native_ldadd) -lpthread

native_programs += tests/native/test-user-auth
tests_native_test_user_auth_SOURCES = tests/native/test-user-auth.c $(native_common)
tests_native_test_user_auth_LDADD = $(native_ldadd) -lpthread
EXTRA_tests_native_test_user_auth_DEPENDENCIES = pam_huks_test.la huks-auth-helper

native_programs += tests/native/test-wrap
tests_native_test_wrap_SOURCES = tests/native/test-wrap.c $(material) $(native_common)
tests_native_test_wrap_LDADD = $(native_ldadd)

native_programs += tests/native/test-bound
tests_native_test_bound_SOURCES = tests/native/test-bound.c tests/native/envelope.c tests/native/envelope.h \
	$(material) $(native_common)
tests_native_test_bound_LDADD = $(native_ldadd)
native_programs += tests/native/test-wrapped
tests_native_test_wrapped_SOURCES = tests/native/test-wrapped.c tests/native/envelope.c tests/native/envelope.h \
	tests/native/material.c tests/native/material.h $(native_common)
tests_native_test_wrapped_LDADD = $(native_ldadd)
native_programs += tests/native/test-signature
tests_native_test_signature_SOURCES = tests/native/test-signature.c $(material) $(native_common)
tests_native_test_signature_LDADD = $(native_ldadd)

check_PROGRAMS += $(native_programs)
TESTS += $(native_programs)

# Programs of others compile with their own compiler, in C and in C++.
TESTS += tests/native/test-headers.sh
EXTRA_DIST += tests/native/test-headers.sh

# The programs of doc/examples, run as their heads say.
TESTS += tests/native/test-examples.sh
EXTRA_DIST += tests/native/test-examples.sh

# The same once more, by way of huksd.
TESTS += tests/native/test-served.sh
EXTRA_DIST += tests/native/test-served.sh
