# What tests/bench/ adds to the build.

# Through the module alone, as the module tests.
bench_programs += tests/bench/soak-limit
tests_bench_soak_limit_SOURCES = tests/bench/soak-limit.c
tests_bench_soak_limit_LDADD = -ldl -lpthread

# By hand: `make soak-million`. It fills a store with a million objects.
EXTRA_PROGRAMS += tests/bench/soak-million
tests_bench_soak_million_SOURCES = tests/bench/soak-million.c
tests_bench_soak_million_LDADD = -ldl
soak-million: all
	@$(MAKE) $(AM_MAKEFLAGS) tests/bench/soak-million
	@$(AM_TESTS_ENVIRONMENT) tests/bench/soak-million $(SOAK_OBJECTS)
.PHONY: soak-million

# Against bare OpenSSL and SoftHSM2: the figures of doc/performance.md.
if HAVE_HUKSCTL
bench_programs += tests/bench/bench-module
tests_bench_bench_module_SOURCES = tests/bench/bench-module.c tests/bench/bench.h tests/bench/bench-bare.c \
	tests/bench/bench-door.c tests/bench/bench-measure.c tests/bench/bench-native.c \
	tests/bench/bench-service.c
tests_bench_bench_module_LDADD = $(CRYPTO_LIBS) $(JANSSON_LIBS) -ldl -lpthread
bench_programs += tests/bench/bench-store
tests_bench_bench_store_SOURCES = tests/bench/bench-store.c tests/bench/bare-search.c tests/bench/bare-search.h
tests_bench_bench_store_LDADD = $(CRYPTO_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) -ldl
endif
