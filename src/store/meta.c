/*
 * Metadata: small named values of a token. They are sealed by those who write them (src/auth).
 */
#include "store/inside.h"

huks_rc store_meta_get(struct store_token *token, const char *name, struct buffer *value)
{
    AUTO(reading_end) struct reading reading = {0};
    HUKS_TRY(reading_begin(token, false, &reading));
    return reading.db->backend->meta_get(reading.db, name, value);
}

huks_rc store_meta_change(struct store_token *token,
                          huks_rc (*change)(struct store_token *token, void *argument), void *argument)
{
    AUTO(writing_end) struct writing writing = {0};
    HUKS_TRY(writing_begin(token, &writing));
    writing_touches(&writing, TOUCHED_META);
    HUKS_TRY(change(token, argument));
    return writing_commit(&writing);
}

huks_rc store_meta_put(struct store_token *token, const char *name, struct bytes value)
{
    AUTO(writing_end) struct writing writing = {0};
    HUKS_TRY(writing_begin(token, &writing));
    writing_touches(&writing, TOUCHED_META);
    HUKS_TRY(writing.db->backend->meta_put(writing.db, name, value));
    return writing_commit(&writing);
}

huks_rc store_meta_delete(struct store_token *token, const char *name)
{
    AUTO(writing_end) struct writing writing = {0};
    HUKS_TRY(writing_begin(token, &writing));
    writing_touches(&writing, TOUCHED_META);
    HUKS_TRY(writing.db->backend->meta_delete(writing.db, name));
    return writing_commit(&writing);
}
