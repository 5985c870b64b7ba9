# Tags, param sets, rules
engine_sources += \
	src/param/pack.c \
	src/param/set.c src/param/set.h \
	src/param/tags.c src/param/tags.h
