# What pkcs11/ adds to the build: one line a part, each kept by its owner.

# The framework: calls, errors, module, slots, sessions, login.
pkcs11_sources += \
	pkcs11/call.h pkcs11/errors.h pkcs11/ckr.h pkcs11/errors.c pkcs11/names.c \
	pkcs11/constants.h pkcs11/constants-mechanism.h pkcs11/cryptoki.h pkcs11/functions.h pkcs11/parameters.h
huksinclude_HEADERS += include/huks/huks_pkcs11.h
