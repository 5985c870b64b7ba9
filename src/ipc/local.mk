# Messages, frames and the client go with the doors; the service's end makes threads and is huksd's alone.
engine_sources += \
	src/ipc/client.c src/ipc/client.h \
	src/ipc/message.c src/ipc/message.h \
	src/ipc/wire.c src/ipc/wire.h
noinst_LTLIBRARIES += libhuks_ipc_server.la
libhuks_ipc_server_la_SOURCES = src/ipc/server.c src/ipc/server.h

unit_programs += tests/unit/check-ipc
tests_unit_check_ipc_SOURCES = tests/unit/check-ipc.c
tests_unit_check_ipc_LDADD = libhuks_ipc_server.la libhuks_engine.la $(CHECK_LIBS)
