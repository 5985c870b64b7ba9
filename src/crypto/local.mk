# The crypto engine: the only part that calls OpenSSL.
engine_sources += \
	src/crypto/aead.c \
	src/crypto/asn1.c src/crypto/asn1.h \
	src/crypto/certificate.c src/crypto/certificate.h \
	src/crypto/cipher.c src/crypto/cipher.h \
	src/crypto/context.h \
	src/crypto/crypto.c src/crypto/crypto.h \
	src/crypto/curve.c src/crypto/curve.h \
	src/crypto/curve_group.c \
	src/crypto/derive.c src/crypto/derive.h src/crypto/derive_prf.c src/crypto/derive_secret.c \
	src/crypto/derive_tls.c \
	src/crypto/digest.c src/crypto/digest.h \
	src/crypto/ecdsa.c \
	src/crypto/eddsa.c \
	src/crypto/fetch.c src/crypto/fetch.h \
	src/crypto/kdf.c src/crypto/kdf.h \
	src/crypto/kem.c src/crypto/kem.h \
	src/crypto/key.c src/crypto/key.h \
	src/crypto/key_domain.c src/crypto/key_ffc_domain.c \
	src/crypto/key_ec.c \
	src/crypto/key_ffc.c \
	src/crypto/key_pq.c \
	src/crypto/key_public.c \
	src/crypto/key_raw.c \
	src/crypto/key_rsa.c \
	src/crypto/key_secret.c \
	src/crypto/key_type.c src/crypto/keydata.h \
	src/crypto/keyfile.c src/crypto/keyfile.h \
	src/crypto/keywrap.c src/crypto/keywrap_hybrid.c \
	src/crypto/nonce.c src/crypto/nonce.h \
	src/crypto/number.h \
	src/crypto/offer.c \
	src/crypto/op.c src/crypto/op.h src/crypto/opdata.h \
	src/crypto/op_digest.c \
	src/crypto/pkey.c \
	src/crypto/pq.c \
	src/crypto/cmac.c src/crypto/mac.c \
	src/crypto/protocol.c \
	src/crypto/provider.c \
	src/crypto/random.c \
	src/crypto/rsa.c \
	src/crypto/rsa_padding.c src/crypto/rsa_padding.h \
	src/crypto/rsa_x931.c \
	src/crypto/seal.c \
	src/crypto/sm2.c

unit_programs += \
	tests/unit/check-crypto \
	tests/unit/check-crypto-asn1 \
	tests/unit/check-crypto-cipher \
	tests/unit/check-crypto-derive \
	tests/unit/check-crypto-key \
	tests/unit/check-crypto-memory \
	tests/unit/check-crypto-sign \
	tests/unit/check-crypto-threads
tests_unit_check_crypto_SOURCES = tests/unit/check-crypto.c tests/unit/check-crypto.h
tests_unit_check_crypto_asn1_SOURCES = tests/unit/check-crypto-asn1.c tests/unit/check-crypto.h
tests_unit_check_crypto_cipher_SOURCES = tests/unit/check-crypto-cipher.c tests/unit/check-crypto.h
tests_unit_check_crypto_derive_SOURCES = tests/unit/check-crypto-derive.c tests/unit/check-crypto.h
tests_unit_check_crypto_key_SOURCES = tests/unit/check-crypto-key.c tests/unit/check-crypto.h
tests_unit_check_crypto_memory_SOURCES = tests/unit/check-crypto-memory.c tests/unit/check-crypto.h
tests_unit_check_crypto_sign_SOURCES = tests/unit/check-crypto-sign.c tests/unit/check-crypto.h
tests_unit_check_crypto_threads_SOURCES = tests/unit/check-crypto-threads.c tests/unit/check-crypto.h

bench_programs += tests/bench/bench-crypto
tests_bench_bench_crypto_SOURCES = tests/bench/bench-crypto.c
