/* Puts the layer under file calls (io-shim.c) below a test program. */
#ifndef HUKS_TESTS_MODULE_LAYER_H
#define HUKS_TESTS_MODULE_LAYER_H

#include "io-shim.h"

/* The layer's control block. Where it is not loaded the program is started again on top of it. */
struct io_shim *layer_below(char **argv);

#endif
