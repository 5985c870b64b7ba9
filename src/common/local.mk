# Error record, memory, log, configuration
engine_sources += \
	src/common/error.c src/common/error.h
