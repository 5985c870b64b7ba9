# Sources of src/auth/.
engine_sources += \
	src/auth/auth.c src/auth/auth.h src/auth/inside.h \
	src/auth/authenticator.c \
	src/auth/change.c \
	src/auth/credential.c src/auth/credential.h \
	src/auth/evidence.c \
	src/auth/holder.c src/auth/holder.h \
	src/auth/keyring.c src/auth/keyring.h src/auth/number.h \
	src/auth/login.c \
	src/auth/moment.c src/auth/moment.h \
	src/auth/pin.c src/auth/pin.h \
	src/auth/tries.c src/auth/tries.h \
	src/auth/token.c src/auth/token.h src/auth/user.h

unit_programs += tests/unit/check-auth
tests_unit_check_auth_SOURCES = tests/unit/check-auth.c tests/unit/check-auth-tries.c tests/unit/check-auth.h

unit_programs += tests/unit/check-auth-token
tests_unit_check_auth_token_SOURCES = tests/unit/check-auth-token.c tests/unit/check-auth.h
