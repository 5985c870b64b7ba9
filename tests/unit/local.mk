# What tests/unit/ adds to the build.
