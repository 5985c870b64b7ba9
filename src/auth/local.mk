# Sources of src/auth/.
engine_sources += \
	src/auth/access.c src/auth/access.h \
	src/auth/auth.c src/auth/auth.h src/auth/inside.h \
	src/auth/authenticator.c src/auth/authenticator.h \
	src/auth/binding.c src/auth/binding.h \
	src/auth/change.c \
	src/auth/credential.c src/auth/credential.h \
	src/auth/enrolled.c \
	src/auth/evidence.c \
	src/auth/helper.c src/auth/helper.h src/auth/helper_protocol.h \
	src/auth/helper_start.c src/auth/helper_start.h \
	src/auth/holder.c src/auth/holder.h \
	src/auth/keyring.c src/auth/keyring.h src/auth/number.h \
	src/auth/login.c \
	src/auth/moment.c src/auth/moment.h \
	src/auth/pin.c src/auth/pin.h \
	src/auth/rule.c src/auth/rule.h \
	src/auth/tries.c src/auth/tries.h \
	src/auth/token.c src/auth/token.h src/auth/user.h

# PAM runs in a program of its own, and only there.
libexec_PROGRAMS += huks-auth-helper
huks_auth_helper_SOURCES = src/auth/helper_pam.c src/auth/helper_protocol.h
huks_auth_helper_LDADD = $(PAM_LIBS)

unit_programs += tests/unit/check-auth
tests_unit_check_auth_SOURCES = tests/unit/check-auth.c tests/unit/check-auth-tries.c tests/unit/check-auth.h

unit_programs += tests/unit/check-auth-token
tests_unit_check_auth_token_SOURCES = tests/unit/check-auth-token.c tests/unit/check-auth.h

# Real libpam in the real helper; pam_wrapper's modules, and one that does as it is told.
check_LTLIBRARIES += pam_huks_test.la
pam_huks_test_la_SOURCES = tests/unit/pam_huks_test.c
pam_huks_test_la_LDFLAGS = $(HUKS_LINK_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
pam_huks_test_la_LIBADD = $(PAM_LIBS)

unit_programs += tests/unit/check-auth-pam
tests_unit_check_auth_pam_SOURCES = tests/unit/check-auth-pam.c tests/unit/check-auth-helper.c \
	tests/unit/check-auth-reader.c tests/unit/check-auth-reader.h tests/unit/check-auth.h
EXTRA_tests_unit_check_auth_pam_DEPENDENCIES = pam_huks_test.la huks-auth-helper

unit_programs += tests/unit/check-auth-kill
tests_unit_check_auth_kill_SOURCES = tests/unit/check-auth-kill.c tests/unit/check-auth.h
