# Sources of src/auth/.
engine_sources += \
	src/auth/auth.c src/auth/auth.h src/auth/inside.h \
	src/auth/change.c \
	src/auth/holder.c src/auth/holder.h \
	src/auth/keyring.c src/auth/keyring.h src/auth/number.h \
	src/auth/login.c \
	src/auth/pin.c src/auth/pin.h \
	src/auth/tries.c src/auth/tries.h

unit_programs += tests/unit/check-auth
tests_unit_check_auth_SOURCES = tests/unit/check-auth.c tests/unit/check-auth-tries.c tests/unit/check-auth.h
