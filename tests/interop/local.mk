# What tests/interop/ adds to the build.
interop_tests += tests/interop/main-job.sh
interop_tests += tests/interop/huksctl.sh
