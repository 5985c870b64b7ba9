# What tests/module/ adds to the build.
