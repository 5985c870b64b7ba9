/*
 * See curve_name.h: the crypto engine's table of curves, read by name.
 */
#include "service/curve_name.h"

#include <strings.h>

#include "crypto/curve.h"

const char *curve_title(struct bytes ec_params)
{
    const struct curve_row *row = NULL;
    if (ec_params.size == 0 || curve_parse(NULL, ec_params, &row) != HUKS_OK) {
        error_clear();
        return NULL;
    }
    return row->name;
}

static bool curve_is(const struct curve_row *row, const char *name)
{
    /* P-256 and P-192 go by this name, too. */
    bool nist = (row->id == HUKS_CURVE_P256 && strcasecmp(name, "P-256") == 0) ||
                (row->id == HUKS_CURVE_P192 && strcasecmp(name, "P-192") == 0);
    return nist || strcasecmp(row->name, name) == 0 || (row->alias != NULL && strcasecmp(row->alias, name) == 0);
}

bool curve_params(uint32_t alg, const char *name, uint8_t out[CURVE_PARAMS_MAX], struct bytes *params)
{
    for (const struct curve_row *row = curve_rows; row->id != 0; row++) {
        if (row->alg == alg && curve_is(row, name)) {
            struct der_writer writer = der_writer(out, CURVE_PARAMS_MAX);
            curve_write(row, &writer);
            *params = der_written(&writer);
            return !writer.full;
        }
    }
    return false;
}
