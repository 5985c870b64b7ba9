# What pkcs11/ adds to the build.
