# What tests/bench/ adds to the build.

# Through the module alone, as the module tests.
bench_programs += tests/bench/soak-limit
tests_bench_soak_limit_SOURCES = tests/bench/soak-limit.c
tests_bench_soak_limit_LDADD = -ldl -lpthread
