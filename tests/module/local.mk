# What tests/module/ adds to the build: one program a noun, each run on our module by `make check`, and
# all of them on SoftHSM2 as well by differential.sh.

# Once more by way of huksd; make check-huksd runs all of them, and the native ones.
TESTS += tests/module/test-served.sh
EXTRA_DIST += tests/module/test-served.sh tests/served.sh

module_common = \
	tests/module/answer.c tests/module/constants.h tests/module/crew.c \
	tests/module/difference.c tests/module/difference.h \
	tests/module/harness.c tests/module/harness.h \
	tests/module/keys.c tests/module/keys.h \
	tests/module/names.c tests/module/names.h \
	tests/module/objects.c tests/module/objects.h
conditions = tests/native/conditions.c tests/native/conditions.h
module_limit = tests/module/limit.c tests/module/limit.h
module_limit_peer = tests/module/limit_peer.c tests/module/limit_peer.h $(module_limit)
module_ledger = tests/module/keeper.c tests/module/keeper.h tests/module/ledger.c tests/module/ledger.h
module_layer = tests/module/io-shim.h tests/module/layer.c tests/module/layer.h
module_witness = tests/module/witness.c tests/module/witness.h

module_programs += \
	tests/module/test-attest \
	tests/module/test-attribute \
	tests/module/test-auth \
	tests/module/test-auth-rules \
	tests/module/test-auth-uses \
	tests/module/test-badcalls \
	tests/module/test-cipher \
	tests/module/test-cipher-rsa \
	tests/module/test-codes \
	tests/module/test-codes-store \
	tests/module/test-copy \
	tests/module/test-crash \
	tests/module/test-derive \
	tests/module/test-digest \
	tests/module/test-dual \
	tests/module/test-exit \
	tests/module/test-find \
	tests/module/test-fork \
	tests/module/test-general \
	tests/module/test-iofault \
	tests/module/test-limit \
	tests/module/test-limit-damage \
	tests/module/test-limit-processes \
	tests/module/test-limit-wait \
	tests/module/test-log \
	tests/module/test-mechanisms \
	tests/module/test-object \
	tests/module/test-pin \
	tests/module/test-powerloss \
	tests/module/test-process \
	tests/module/test-random \
	tests/module/test-secrecy \
	tests/module/test-session \
	tests/module/test-sign \
	tests/module/test-sign-limits \
	tests/module/test-slot \
	tests/module/test-template \
	tests/module/test-threads \
	tests/module/test-wrap

tests_module_test_attribute_SOURCES = tests/module/test-attribute.c $(module_common)
tests_module_test_attribute_LDADD = $(module_ldadd) -lpthread
module_bound = tests/module/bound.c tests/module/bound.h $(module_common) $(module_witness)
tests_module_test_attest_SOURCES = tests/module/test-attest.c tests/native/chain.c tests/native/chain.h \
	$(module_bound)
tests_module_test_attest_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_auth_SOURCES = tests/module/test-auth.c $(module_bound)
tests_module_test_auth_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_auth_rules_SOURCES = tests/module/test-auth-rules.c $(module_bound)
tests_module_test_auth_rules_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_auth_uses_SOURCES = tests/module/test-auth-uses.c $(module_bound)
tests_module_test_auth_uses_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_badcalls_SOURCES = tests/module/test-badcalls.c tests/module/badcalls.def \
	tests/module/badcalls-life.def $(module_common)
tests_module_test_badcalls_LDADD = $(module_ldadd) -lpthread
tests_module_test_cipher_SOURCES = tests/module/test-cipher.c $(module_common) $(module_witness)
tests_module_test_cipher_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_cipher_rsa_SOURCES = tests/module/test-cipher-rsa.c $(module_common) $(module_witness)
tests_module_test_cipher_rsa_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_codes_SOURCES = tests/module/test-codes.c tests/module/test-codes.def \
	tests/module/test-codes.h $(conditions) $(module_common)
tests_module_test_codes_LDADD = $(module_ldadd) -lpthread
tests_module_test_codes_store_SOURCES = tests/module/test-codes-store.c tests/module/test-codes.h \
	$(conditions) $(module_common)
tests_module_test_codes_store_LDADD = $(module_ldadd) -lpthread
tests_module_test_copy_SOURCES = tests/module/test-copy.c $(module_common)
tests_module_test_copy_LDADD = $(module_ldadd) -lpthread
tests_module_test_crash_SOURCES = tests/module/test-crash.c $(module_ledger) $(module_common)
tests_module_test_crash_LDADD = $(module_ldadd) -lpthread
tests_module_test_derive_SOURCES = tests/module/test-derive.c $(module_common) $(module_witness)
tests_module_test_derive_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_digest_SOURCES = tests/module/test-digest.c $(module_common) $(module_witness)
tests_module_test_digest_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_dual_SOURCES = tests/module/test-dual.c $(module_common) $(module_witness)
tests_module_test_dual_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_exit_SOURCES = tests/module/test-exit.c $(module_common)
tests_module_test_exit_LDADD = $(module_ldadd) -lpthread
tests_module_test_find_SOURCES = tests/module/test-find.c $(module_common)
tests_module_test_find_LDADD = $(module_ldadd) -lpthread
tests_module_test_fork_SOURCES = tests/module/test-fork.c $(module_common)
tests_module_test_fork_LDADD = $(module_ldadd) -lpthread
tests_module_test_general_SOURCES = tests/module/test-general.c $(module_common)
tests_module_test_general_LDADD = $(module_ldadd) -lpthread
tests_module_test_iofault_SOURCES = tests/module/test-iofault.c $(module_layer) $(module_ledger) $(module_common)
tests_module_test_iofault_LDADD = $(module_ldadd) -lpthread
tests_module_test_limit_SOURCES = tests/module/test-limit.c $(module_limit) $(module_common)
tests_module_test_limit_LDADD = $(module_ldadd) -lpthread
tests_module_test_limit_damage_SOURCES = tests/module/test-limit-damage.c $(module_limit_peer) $(module_common)
tests_module_test_limit_damage_LDADD = $(module_ldadd) -lpthread
tests_module_test_limit_processes_SOURCES = tests/module/test-limit-processes.c $(module_limit_peer) \
	$(module_common)
tests_module_test_limit_processes_LDADD = $(module_ldadd) -lpthread
tests_module_test_limit_wait_SOURCES = tests/module/test-limit-wait.c $(module_limit) $(module_common)
tests_module_test_limit_wait_LDADD = $(module_ldadd) -lpthread
tests_module_test_log_SOURCES = tests/module/test-log.c $(module_common)
tests_module_test_log_LDADD = $(module_ldadd) -lpthread
tests_module_test_mechanisms_SOURCES = tests/module/test-mechanisms.c $(module_common) $(module_witness)
tests_module_test_mechanisms_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_object_SOURCES = tests/module/test-object.c $(module_common)
tests_module_test_object_LDADD = $(module_ldadd) -lpthread
tests_module_test_pin_SOURCES = tests/module/test-pin.c $(conditions) $(module_common)
tests_module_test_pin_LDADD = $(module_ldadd) -lpthread
tests_module_test_powerloss_SOURCES = tests/module/test-powerloss.c tests/module/disk.c tests/module/disk.h \
	$(module_layer) $(module_ledger) $(module_common)
tests_module_test_powerloss_LDADD = $(module_ldadd) -lpthread
tests_module_test_process_SOURCES = tests/module/test-process.c $(module_common)
tests_module_test_process_LDADD = $(module_ldadd) -lpthread
tests_module_test_random_SOURCES = tests/module/test-random.c $(module_common)
tests_module_test_random_LDADD = $(module_ldadd) -lpthread
tests_module_test_secrecy_SOURCES = tests/module/test-secrecy.c $(module_common)
tests_module_test_secrecy_LDADD = $(module_ldadd) -lpthread
tests_module_test_session_SOURCES = tests/module/test-session.c $(module_common)
tests_module_test_session_LDADD = $(module_ldadd) -lpthread
tests_module_test_sign_SOURCES = tests/module/test-sign.c $(module_common) $(module_witness)
tests_module_test_sign_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_sign_limits_SOURCES = tests/module/test-sign-limits.c $(module_common) $(module_witness)
tests_module_test_sign_limits_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_slot_SOURCES = tests/module/test-slot.c $(module_common)
tests_module_test_slot_LDADD = $(module_ldadd) -lpthread
tests_module_test_template_SOURCES = tests/module/test-template.c $(module_common)
tests_module_test_template_LDADD = $(module_ldadd) -lpthread
tests_module_test_threads_SOURCES = tests/module/test-threads.c $(module_common)
tests_module_test_threads_LDADD = $(module_ldadd) -lpthread
tests_module_test_wrap_SOURCES = tests/module/test-wrap.c $(module_common) $(module_witness)
tests_module_test_wrap_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread

interop_tests += tests/module/differential.sh

# The long forms of what make check does shortly: minutes each, by hand.
soak-crash: build-tests
	@$(AM_TESTS_ENVIRONMENT) HUKS_TEST_KILLS=$${HUKS_TEST_KILLS:-2000} tests/module/test-crash
soak-iofault: build-tests
	@$(AM_TESTS_ENVIRONMENT) HUKS_TEST_LONG=1 tests/module/test-iofault
soak-powerloss: build-tests
	@$(AM_TESTS_ENVIRONMENT) HUKS_TEST_MOMENTS=$${HUKS_TEST_MOMENTS:-5000} tests/module/test-powerloss
soak-crowd: build-tests
	@$(AM_TESTS_ENVIRONMENT) HUKS_TEST_LONG=1 CK_RUN_CASE='shared token' tests/module/test-process
.PHONY: soak-crash soak-iofault soak-powerloss soak-crowd

# Preloaded under a module by tests of failing disks.
check_LTLIBRARIES += tests/module/io-shim.la
tests_module_io_shim_la_SOURCES = tests/module/io-shim.c tests/module/io-shim.h
tests_module_io_shim_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_module_io_shim_la_LIBADD = -ldl -lpthread

# What 3.0 to 3.2 added.
module_newer = tests/module/newer.c tests/module/newer.h
module_programs += \
	tests/module/test-attacks \
	tests/module/test-attacks-keys \
	tests/module/test-classes \
	tests/module/test-encapsulate \
	tests/module/test-hostile \
	tests/module/test-message \
	tests/module/test-message-sign \
	tests/module/test-pq \
	tests/module/test-wrap-authenticated
tests_module_test_attacks_SOURCES = tests/module/test-attacks.c $(module_newer) $(module_common) $(module_witness)
tests_module_test_attacks_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_attacks_keys_SOURCES = tests/module/test-attacks-keys.c $(module_newer) $(module_common) \
	$(module_witness)
tests_module_test_attacks_keys_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_classes_SOURCES = tests/module/test-classes.c $(module_newer) $(module_common)
tests_module_test_classes_LDADD = $(module_ldadd) -lpthread
tests_module_test_encapsulate_SOURCES = tests/module/test-encapsulate.c $(module_newer) $(module_common) \
	$(module_witness)
tests_module_test_encapsulate_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_hostile_SOURCES = tests/module/test-hostile.c $(module_newer) $(module_common)
tests_module_test_hostile_LDADD = $(module_ldadd) -lpthread
tests_module_test_message_SOURCES = tests/module/test-message.c $(module_newer) $(module_common) $(module_witness)
tests_module_test_message_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_message_sign_SOURCES = tests/module/test-message-sign.c $(module_newer) $(module_common) \
	$(module_witness)
tests_module_test_message_sign_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_pq_SOURCES = tests/module/test-pq.c $(module_newer) $(module_common)
tests_module_test_pq_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
tests_module_test_wrap_authenticated_SOURCES = tests/module/test-wrap-authenticated.c $(module_newer) \
	$(module_common) $(module_witness)
tests_module_test_wrap_authenticated_LDADD = $(module_ldadd) $(CRYPTO_LIBS) -lpthread
