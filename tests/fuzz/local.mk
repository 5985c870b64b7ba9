# What tests/fuzz/ adds to the build: targets that `make check` runs on their seeds, cut and changed, and that
# `make fuzz` runs with libFuzzer for as long as wanted.
fuzz_targets = tests/fuzz/fuzz-calls tests/fuzz/fuzz-config tests/fuzz/fuzz-key tests/fuzz/fuzz-params \
	tests/fuzz/fuzz-remote-native tests/fuzz/fuzz-remote
unit_programs += $(fuzz_targets)
fuzz_common = tests/fuzz/fuzz.h
if !HAVE_FUZZER
fuzz_common += tests/fuzz/driver.c
endif
tests_fuzz_fuzz_calls_SOURCES = tests/fuzz/fuzz-calls.c $(fuzz_common)
tests_fuzz_fuzz_calls_LDADD = libhuks_cryptoki.la libhuks_engine.la
tests_fuzz_fuzz_calls_LDFLAGS = $(AM_LDFLAGS) $(HUKS_FUZZER_LDFLAGS)
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c $(fuzz_common)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(HUKS_FUZZER_LDFLAGS)
tests_fuzz_fuzz_key_SOURCES = tests/fuzz/fuzz-key.c $(fuzz_common)
tests_fuzz_fuzz_key_LDFLAGS = $(AM_LDFLAGS) $(HUKS_FUZZER_LDFLAGS)
tests_fuzz_fuzz_params_SOURCES = tests/fuzz/fuzz-params.c $(fuzz_common)
tests_fuzz_fuzz_params_LDFLAGS = $(AM_LDFLAGS) $(HUKS_FUZZER_LDFLAGS)
tests_fuzz_fuzz_remote_native_SOURCES = tests/fuzz/fuzz-remote-native.c $(fuzz_common)
tests_fuzz_fuzz_remote_native_LDADD = libhuks_native_served.la libhuks_native.la libhuks_ipc_server.la libhuks_engine.la -lpthread
tests_fuzz_fuzz_remote_native_LDFLAGS = $(AM_LDFLAGS) $(HUKS_FUZZER_LDFLAGS)
tests_fuzz_fuzz_remote_SOURCES = tests/fuzz/fuzz-remote.c $(fuzz_common)
tests_fuzz_fuzz_remote_LDADD = libhuks_cryptoki.la libhuks_engine.la
tests_fuzz_fuzz_remote_LDFLAGS = $(AM_LDFLAGS) $(HUKS_FUZZER_LDFLAGS)
EXTRA_DIST += tests/fuzz/driver.c
