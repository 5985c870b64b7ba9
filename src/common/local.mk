# Error record, memory, log, configuration
engine_sources += \
	src/common/clock.c src/common/clock.h \
	src/common/config.c src/common/config.h \
	src/common/date.c src/common/date.h \
	src/common/error.c src/common/error.h \
	src/common/fence.c src/common/fence.h src/common/poison.h \
	src/common/latch.c src/common/latch.h \
	src/common/log.c src/common/log.h \
	src/common/memory.c src/common/memory.h

unit_programs += \
	tests/unit/check-config \
	tests/unit/check-date \
	tests/unit/check-error \
	tests/unit/check-latch \
	tests/unit/check-log \
	tests/unit/check-memory
tests_unit_check_config_SOURCES = tests/unit/check-config.c
tests_unit_check_date_SOURCES = tests/unit/check-date.c
tests_unit_check_error_SOURCES = tests/unit/check-error.c
tests_unit_check_latch_SOURCES = tests/unit/check-latch.c
tests_unit_check_log_SOURCES = tests/unit/check-log.c
tests_unit_check_memory_SOURCES = tests/unit/check-memory.c
