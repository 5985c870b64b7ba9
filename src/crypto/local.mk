# The crypto engine: the only part that calls OpenSSL.
engine_sources += \
	src/crypto/context.h \
	src/crypto/crypto.c src/crypto/crypto.h \
	src/crypto/curve.c src/crypto/curve.h \
	src/crypto/curve_group.c \
	src/crypto/der.c src/crypto/der.h \
	src/crypto/digest.c src/crypto/digest.h \
	src/crypto/fetch.c src/crypto/fetch.h \
	src/crypto/kdf.c src/crypto/kdf.h \
	src/crypto/key.c src/crypto/key.h \
	src/crypto/key_ec.c \
	src/crypto/key_ffc.c \
	src/crypto/key_public.c \
	src/crypto/key_raw.c \
	src/crypto/key_rsa.c \
	src/crypto/key_secret.c \
	src/crypto/key_type.c src/crypto/keydata.h \
	src/crypto/number.h \
	src/crypto/octets.c \
	src/crypto/op.h \
	src/crypto/pkey.c \
	src/crypto/protocol.c \
	src/crypto/provider.c \
	src/crypto/random.c \
	src/crypto/seal.c

unit_programs += tests/unit/check-crypto-key
tests_unit_check_crypto_key_SOURCES = tests/unit/check-crypto-key.c
