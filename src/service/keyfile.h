/* Key files for the tools, which know the crypto engine only through this layer. */
#ifndef HUKS_SERVICE_KEYFILE_H
#define HUKS_SERVICE_KEYFILE_H

#include "crypto/keyfile.h"

#endif
