/*
 * Where PIN tries are counted that can't be written into the store: in the session table, which auth/ does not
 * know.
 */
#ifndef HUKS_SERVICE_TALLY_H
#define HUKS_SERVICE_TALLY_H

#include "auth/auth.h"
#include "session/table.h"

/* From now on `auth` shares such tries with every process of the table, which must outlive it. */
void tally_connect(struct auth *auth, struct session_table *table);

#endif
