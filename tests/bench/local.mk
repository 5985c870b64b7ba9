# What tests/bench/ adds to the build.

# Through the module alone, as the module tests.
bench_programs += tests/bench/soak-limit
tests_bench_soak_limit_SOURCES = tests/bench/soak-limit.c
tests_bench_soak_limit_LDADD = -ldl -lpthread

# Against bare OpenSSL and SoftHSM2: the figures of doc/performance.md.
if HAVE_HUKSCTL
bench_programs += tests/bench/bench-module
tests_bench_bench_module_SOURCES = tests/bench/bench-module.c tests/bench/bench.h tests/bench/bench-bare.c \
	tests/bench/bench-door.c tests/bench/bench-measure.c
tests_bench_bench_module_LDADD = $(CRYPTO_LIBS) $(JANSSON_LIBS) -ldl -lpthread
endif
