# Sources of src/crypto/.
engine_sources += \
	src/crypto/crypto.c \
	src/crypto/digest.c \
	src/crypto/fetch.c \
	src/crypto/kdf.c \
	src/crypto/protocol.c \
	src/crypto/provider.c \
	src/crypto/random.c \
	src/crypto/seal.c
