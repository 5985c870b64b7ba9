# Key-operation sessions and their limit
engine_sources += \
	src/session/clock.c src/session/clock.h \
	src/session/file.c \
	src/session/inside.h \
	src/session/layout.h \
	src/session/reap.c \
	src/session/row.c \
	src/session/slot.c \
	src/session/status.c \
	src/session/table.c src/session/table.h \
	src/session/wait.c

check_PROGRAMS += tests/unit/check-session
unit_programs += tests/unit/check-session
tests_unit_check_session_SOURCES = tests/unit/check-session.c
