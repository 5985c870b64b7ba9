# What tests/unit/ adds to the build.
TESTS += tests/unit/check-layers.sh tests/unit/check-contributing.sh
EXTRA_DIST += tests/unit/check-layers.sh tests/unit/check-contributing.sh
