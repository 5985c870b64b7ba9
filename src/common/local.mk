# Error record, memory, log, configuration
engine_sources += \
	src/common/error.c src/common/error.h \
	src/common/memory.c src/common/memory.h

unit_programs += \
	tests/unit/check-error \
	tests/unit/check-memory
tests_unit_check_error_SOURCES = tests/unit/check-error.c
tests_unit_check_memory_SOURCES = tests/unit/check-memory.c
