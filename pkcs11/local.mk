# What pkcs11/ adds to the build: one line a part, each kept by its owner.

# The framework: calls, errors, module, slots, sessions, login.
pkcs11_sources += \
	pkcs11/call.h pkcs11/errors.h pkcs11/ckr.h pkcs11/errors.c pkcs11/names.c \
	pkcs11/constants.h pkcs11/constants-mechanism.h pkcs11/cryptoki.h pkcs11/functions.h pkcs11/parameters.h
huksinclude_HEADERS += include/huks/huks_pkcs11.h

# Objects: the attribute table and what reads it.
pkcs11_sources += \
	pkcs11/attribute.c pkcs11/attribute.h pkcs11/attribute_value.c pkcs11/find.c pkcs11/key_type.c \
	pkcs11/nested.c pkcs11/object.c pkcs11/template.c pkcs11/template.h
