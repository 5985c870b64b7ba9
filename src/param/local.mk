engine_sources += \
	src/param/tags.c src/param/tags.h
