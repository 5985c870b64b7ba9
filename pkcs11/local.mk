# What pkcs11/ adds to the build: one line a part, each kept by its owner.

# The framework: calls, errors, module, slots, sessions, login.
pkcs11_sources += \
	pkcs11/argument.c pkcs11/argument.h pkcs11/attest.c \
	pkcs11/authenticate.c pkcs11/authenticate.h \
	pkcs11/call.c pkcs11/call.h pkcs11/ckr.h pkcs11/errors.c pkcs11/errors.h pkcs11/event.c \
	pkcs11/interface.c pkcs11/login.c pkcs11/module.c pkcs11/module.h pkcs11/names.c \
	pkcs11/session.c pkcs11/session_table.c pkcs11/session_table.h pkcs11/slot.c pkcs11/slot.h \
	pkcs11/text.c pkcs11/text.h pkcs11/token.c pkcs11/vendor.c pkcs11/vendor.h \
	pkcs11/constants.h pkcs11/constants-mechanism.h pkcs11/cryptoki.h pkcs11/functions.h pkcs11/parameters.h
huksinclude_HEADERS += include/huks/huks_pkcs11.h

unit_programs += tests/unit/check-auth-states tests/unit/check-auth-uses tests/unit/check-auth-batch tests/unit/check-calls tests/unit/check-errors
auth_doors = tests/unit/check-auth-doors.c tests/unit/check-auth-doors.h $(api_sources)
tests_unit_check_auth_states_SOURCES = tests/unit/check-auth-states.c $(auth_doors)
tests_unit_check_auth_states_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_check_auth_states_LDADD = libhuks_cryptoki.la $(LDADD)
tests_unit_check_auth_uses_SOURCES = tests/unit/check-auth-uses.c $(auth_doors)
tests_unit_check_auth_uses_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_check_auth_uses_LDADD = libhuks_cryptoki.la $(LDADD)
tests_unit_check_auth_batch_SOURCES = tests/unit/check-auth-batch.c $(auth_doors)
tests_unit_check_auth_batch_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_check_auth_batch_LDADD = libhuks_cryptoki.la $(LDADD)
tests_unit_check_calls_SOURCES = tests/unit/check-calls.c
tests_unit_check_calls_LDADD = libhuks_cryptoki.la $(LDADD)
tests_unit_check_errors_SOURCES = tests/unit/check-errors.c
tests_unit_check_errors_LDADD = libhuks_cryptoki.la $(LDADD)
unit_programs += tests/unit/check-mechanism-doc
tests_unit_check_mechanism_doc_SOURCES = tests/unit/check-mechanism-doc.c
tests_unit_check_mechanism_doc_LDADD = libhuks_cryptoki.la $(LDADD)
EXTRA_DIST += doc/mechanisms.md

# Calls that the service carries out. dispatch.c and the second interface.c are the module's own (Makefile.am).
pkcs11_sources += \
	pkcs11/remote.c pkcs11/remote.h pkcs11/remote_layout.c pkcs11/remote_layout.h pkcs11/remote_parameter.c \
	pkcs11/remote_room.c pkcs11/remote_serve.c pkcs11/remote_template.c pkcs11/remote_value.c pkcs11/remote_value.h \
	pkcs11/signature.c pkcs11/signature.h
unit_programs += tests/unit/check-remote
tests_unit_check_remote_SOURCES = tests/unit/check-remote.c
tests_unit_check_remote_LDADD = libhuks_cryptoki.la $(LDADD)

# Objects: the attribute table and what reads it.
pkcs11_sources += \
	pkcs11/attribute.c pkcs11/attribute.h pkcs11/attribute_value.c pkcs11/find.c pkcs11/key_type.c \
	pkcs11/nested.c pkcs11/object.c pkcs11/template.c pkcs11/template.h \
	pkcs11/template_change.c pkcs11/template_read.c pkcs11/template_read.h

# Mechanisms: their tables, and what reads their parameters.
pkcs11_sources += \
	pkcs11/mechanism.c pkcs11/mechanism.h pkcs11/mechanism_row.h pkcs11/mechanism_table.h \
	pkcs11/mechanism_asymmetric.c pkcs11/mechanism_cipher.c pkcs11/mechanism_derive.c pkcs11/mechanism_hash.c \
	pkcs11/mechanism_parameter.c pkcs11/mechanism_parameter.h pkcs11/mechanism_parameter_derive.c \
	pkcs11/mechanism_parameter_prf.c pkcs11/mechanism_parameter_tls.c

# Operations.
pkcs11_sources += \
	pkcs11/derivation.h pkcs11/derive.c pkcs11/derive_several.c pkcs11/digest.c pkcs11/dual.c \
	pkcs11/encrypt.c pkcs11/generate.c pkcs11/operation.c pkcs11/operation.h pkcs11/permitted.c \
	pkcs11/random.c pkcs11/sign.c pkcs11/wrap.c

# What 3.0 to 3.2 added.
pkcs11_sources += \
	pkcs11/aead.c pkcs11/aead.h pkcs11/async.c pkcs11/encapsulate.c \
	pkcs11/inherent.c pkcs11/inherent.h pkcs11/mechanism_flags.c pkcs11/mechanism_pq.c pkcs11/nss.h \
	pkcs11/message.c pkcs11/message.h pkcs11/message_sign.c
