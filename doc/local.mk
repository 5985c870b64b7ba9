# What doc/ adds to the build.
dist_doc_DATA += README.md CHANGELOG.md CONTRIBUTING.md doc/architecture.md
# Taken from the tests of those programs by scripts/recipes.
EXTRA_DIST += doc/recipes
dist_man_MANS += doc/man/huksctl.1

# PAM services for fingers and faces, to be copied by whoever has a reader.
pamexampledir = $(docdir)/pam
dist_pamexample_DATA = doc/pam/huks-fingerprint doc/pam/huks-face

# Examples use the installed headers and the library as a program of somebody else's would.
noinst_PROGRAMS += doc/examples/sign
doc_examples_sign_SOURCES = doc/examples/sign.c
doc_examples_sign_LDADD = libhuks_ndk.la
