# Sources of src/tools/.
huksctl_sources += \
	src/tools/ctl.h \
	src/tools/ctl_arguments.c \
	src/tools/ctl_attest.c \
	src/tools/ctl_auth.c \
	src/tools/ctl_backup.c \
	src/tools/ctl_crypt.c \
	src/tools/ctl_describe.c \
	src/tools/ctl_engine.c \
	src/tools/ctl_errors.c src/tools/ctl_errors.h \
	src/tools/ctl_explain.c \
	src/tools/ctl_file.c \
	src/tools/ctl_find.c \
	src/tools/ctl_key.c \
	src/tools/ctl_make.c \
	src/tools/ctl_names.c src/tools/ctl_names.h \
	src/tools/ctl_pin.c \
	src/tools/ctl_print.c \
	src/tools/ctl_softhsm.c \
	src/tools/ctl_status.c \
	src/tools/ctl_target.c \
	src/tools/ctl_token.c \
	src/tools/ctl_use.c \
	src/tools/foreign.c src/tools/foreign.h \
	src/tools/foreign_copy.c \
	src/tools/huksctl.c

huksd_sources += src/tools/huksd.c src/tools/huksd.h src/tools/huksd_socket.c src/tools/huksd_worker.c

unit_programs += tests/unit/check-huksctl
tests_unit_check_huksctl_SOURCES = tests/unit/check-huksctl.c \
	src/tools/ctl_errors.c src/tools/ctl_names.c src/tools/foreign.c src/tools/foreign_copy.c
tests_unit_check_huksctl_LDADD = libhuks_cryptoki.la libhuks_engine.la $(CHECK_LIBS) -ldl

unit_programs += tests/unit/check-huksd
tests_unit_check_huksd_SOURCES = tests/unit/check-huksd.c src/tools/huksd_worker.c
tests_unit_check_huksd_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_check_huksd_LDADD = libhuks_native_served.la libhuks_native.la libhuks_cryptoki.la libhuks_ipc_server.la \
	$(LDADD)
