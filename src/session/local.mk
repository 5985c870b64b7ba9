# Key-operation sessions and their limit
engine_sources += \
	src/session/file.c \
	src/session/inside.h \
	src/session/layout.h \
	src/session/reap.c \
	src/session/row.c \
	src/session/slot.c \
	src/session/status.c \
	src/session/tally.c \
	src/session/table.c src/session/table.h \
	src/session/wait.c

unit_programs += tests/unit/check-session tests/unit/check-session-processes
tests_unit_check_session_SOURCES = tests/unit/check-session.c tests/unit/check-session.h
tests_unit_check_session_processes_SOURCES = tests/unit/check-session-processes.c tests/unit/check-session.h

unit_programs += tests/unit/check-session-move
tests_unit_check_session_move_SOURCES = tests/unit/check-session-move.c tests/unit/check-session.h

unit_programs += tests/unit/check-session-tally
tests_unit_check_session_tally_SOURCES = tests/unit/check-session-tally.c tests/unit/check-session.h

bench_programs += tests/bench/bench-session
tests_bench_bench_session_SOURCES = tests/bench/bench-session.c
