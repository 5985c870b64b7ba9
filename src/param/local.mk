# Tags, param sets, rules
engine_sources += \
	src/param/algorithm.c src/param/algorithm.h \
	src/param/pack.c \
	src/param/policy.c \
	src/param/rules.c src/param/rules.h \
	src/param/set.c src/param/set.h \
	src/param/tags.c src/param/tags.h

# Sets are tested with allocations that fail.
unit_programs += \
	tests/unit/check-param \
	tests/unit/check-rules
tests_unit_check_param_SOURCES = tests/unit/check-param.c
tests_unit_check_param_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=realloc
tests_unit_check_rules_SOURCES = tests/unit/check-rules.c
