# What tests/native/ adds to the build: Check programs that see the native API only, as programs of HUKS do.

native_common = tests/native/native.c tests/native/native.h $(conditions)
native_ldadd = libhuks_ndk.la $(CHECK_LIBS) $(CRYPTO_LIBS)
native_programs =

native_programs += tests/native/test-key
tests_native_test_key_SOURCES = tests/native/test-key.c $(native_common)
tests_native_test_key_LDADD = $(native_ldadd)

native_programs += tests/native/test-session
tests_native_test_session_SOURCES = tests/native/test-session.c $(native_common)
tests_native_test_session_LDADD = $(native_ldadd) -lpthread

check_PROGRAMS += $(native_programs)
TESTS += $(native_programs)
