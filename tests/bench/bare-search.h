/*
 * What a search for one object costs the database alone: SQLite asked, without a module, for what the module
 * asks it for.
 */
#ifndef HUKS_BARE_SEARCH_H
#define HUKS_BARE_SEARCH_H

#include <stddef.h>

/* Microseconds a search, the median of `blocks` of `block` searches by chance in the token's file at `path`;
 * negative: it can't be read. */
double bare_search(const char *path, size_t block, size_t blocks, unsigned seed);

#endif
