# The native door: OH_Huks_*
huksinclude_HEADERS += \
	include/huks/native_huks_param.h \
	include/huks/native_huks_type.h

api_sources += \
	src/api/param_set.c \
	src/api/result.c src/api/result.h

# The files themselves, not the library: allocations are made to fail here. (Flags of its own keep
# automake from mixing its objects with the library's.)
unit_programs += tests/unit/check-param-api
tests_unit_check_param_api_SOURCES = tests/unit/check-param-api.c src/api/param_set.c src/api/result.c
tests_unit_check_param_api_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_check_param_api_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc

huksinclude_HEADERS += include/huks/native_huks_api.h include/huks/huks_user_auth.h
api_sources += \
	src/api/attest.c \
	src/api/door.c src/api/door.h \
	src/api/key_item.c \
	src/api/remote.c src/api/remote.h \
	src/api/wrap.c \
	src/api/session.c \
	src/api/user_auth.c

# Both ends of the service in one program; the door's library twice would be two doors.
unit_programs += tests/unit/check-remote-native
tests_unit_check_remote_native_SOURCES = tests/unit/check-remote-native.c tests/unit/check-remote-scripts.c \
	tests/unit/check-remote-scripts.h
tests_unit_check_remote_native_LDADD = libhuks_native_served.la libhuks_native.la libhuks_ipc_server.la \
	libhuks_engine.la $(CHECK_LIBS) -lpthread
