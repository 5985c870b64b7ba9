# What doc/ adds to the build.
dist_doc_DATA += README.md CHANGELOG.md CONTRIBUTING.md doc/architecture.md
# Taken from the tests of those programs by scripts/recipes.
EXTRA_DIST += doc/recipes
dist_man_MANS += doc/man/huksctl.1 doc/man/huksd.8

# PAM services for fingers and faces, to be copied by whoever has a reader.
pamexampledir = $(docdir)/pam
dist_pamexample_DATA = doc/pam/huks-fingerprint doc/pam/huks-face

# Examples use the installed headers and the library as a program of somebody else's would.
examples = doc/examples/aes-gcm doc/examples/attest doc/examples/ecdh doc/examples/hkdf doc/examples/sign
noinst_PROGRAMS += $(examples)
doc_examples_aes_gcm_SOURCES = doc/examples/aes-gcm.c doc/examples/example.h
doc_examples_aes_gcm_LDADD = libhuks_ndk.la
doc_examples_attest_SOURCES = doc/examples/attest.c doc/examples/example.h
doc_examples_attest_LDADD = libhuks_ndk.la
doc_examples_ecdh_SOURCES = doc/examples/ecdh.c doc/examples/example.h
doc_examples_ecdh_LDADD = libhuks_ndk.la
doc_examples_hkdf_SOURCES = doc/examples/hkdf.c doc/examples/example.h
doc_examples_hkdf_LDADD = libhuks_ndk.la
doc_examples_sign_SOURCES = doc/examples/sign.c
doc_examples_sign_LDADD = libhuks_ndk.la
EXTRA_DIST += doc/performance.md doc/performance.svg doc/performance-store.svg
