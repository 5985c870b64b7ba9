# Sources of src/store/.
engine_sources += \
	src/store/backend.h src/store/inside.h src/store/rootkey.h src/store/sqlite.h src/store/store.h \
	src/store/check.c \
	src/store/class_keys.c \
	src/store/classes.c \
	src/store/dir.c \
	src/store/fork.c \
	src/store/generation.c \
	src/store/index.c \
	src/store/integrity.c \
	src/store/item.c \
	src/store/meta.c \
	src/store/move.c \
	src/store/pool.c \
	src/store/record.c \
	src/store/rootkey.c \
	src/store/share.c \
	src/store/sqlite.c \
	src/store/sqlite_error.c \
	src/store/sqlite_open.c \
	src/store/sqlite_wal.c \
	src/store/token.c

unit_programs += \
	tests/unit/check-backend \
	tests/unit/check-store \
	tests/unit/check-store-damage \
	tests/unit/check-store-processes
tests_unit_check_backend_SOURCES = tests/unit/check-backend.c
tests_unit_check_store_SOURCES = tests/unit/check-store.c tests/unit/check-store.h
tests_unit_check_store_damage_SOURCES = tests/unit/check-store-damage.c tests/unit/check-store.h
tests_unit_check_store_processes_SOURCES = tests/unit/check-store-processes.c tests/unit/check-store.h
