# What tests/bench/ adds to the build.
