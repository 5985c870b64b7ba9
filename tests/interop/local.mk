# What tests/interop/ adds to the build.
