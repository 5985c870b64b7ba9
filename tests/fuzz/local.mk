# What tests/fuzz/ adds to the build.
