/*
 * Elliptic curves by the names that people give them.
 */
#ifndef HUKS_SERVICE_CURVE_NAME_H
#define HUKS_SERVICE_CURVE_NAME_H

#include "common/memory.h"

/* A curve's name by EC_PARAMS (stored form); NULL for none that is known. */
const char *curve_title(struct bytes ec_params);
/* EC_PARAMS for a curve's name among those of `alg`, appended. false: no such curve. */
#define CURVE_PARAMS_MAX 32
bool curve_params(uint32_t alg, const char *name, uint8_t out[CURVE_PARAMS_MAX], struct bytes *params);

#endif
