# Sources of src/service/.
engine_sources += \
	src/service/aliased.h \
	src/service/attest.c src/service/attest.h \
	src/service/attest_authority.c src/service/attest_authority.h \
	src/service/backup.c src/service/backup.h src/service/backup_record.h \
	src/service/backup_stream.c src/service/backup_stream.h \
	src/service/curve_name.c src/service/curve_name.h \
	src/service/derive.c \
	src/service/engine.c src/service/engine.h \
	src/service/fork.c src/service/fork.h \
	src/service/guard.c src/service/guard.h \
	src/service/item.c src/service/item.h \
	src/service/keyfile.h \
	src/service/make.c \
	src/service/material.c src/service/material.h \
	src/service/native.c src/service/native.h \
	src/service/native_allowed.c \
	src/service/native_attest.c \
	src/service/native_derive.c \
	src/service/native_envelope.c \
	src/service/native_generate.c \
	src/service/native_import.c \
	src/service/native_make.c src/service/native_make.h \
	src/service/native_session.c src/service/native_spec.c \
	src/service/native_wrap.c \
	src/service/operate.c src/service/operate.h \
	src/service/permit.c src/service/permit.h \
	src/service/private.h \
	src/service/restore.c \
	src/service/search_memo.c src/service/search_memo.h \
	src/service/status.c src/service/status.h \
	src/service/table.c \
	src/service/tally.c src/service/tally.h \
	src/service/token.c src/service/token.h \
	src/service/user.c src/service/user.h \
	src/service/wrap.c src/service/wrap.h

unit_programs += tests/unit/check-engine
tests_unit_check_engine_SOURCES = tests/unit/check-engine.c

unit_programs += tests/unit/check-search-memo
tests_unit_check_search_memo_SOURCES = tests/unit/check-search-memo.c

unit_programs += tests/unit/check-backup
tests_unit_check_backup_SOURCES = tests/unit/check-backup.c
