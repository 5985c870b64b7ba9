/*
 * Which storage classes have ever had a record: a search asks the others for nothing. One byte of metadata, a
 * bit a class, made with the token and grown by the transaction that adds a class's first record. A token
 * without it may have records of any class.
 */
#include "store/inside.h"

#define ALL_CLASSES ((1U << STORE_CLASSES) - 1)

static huks_rc read_classes(struct db *db, uint8_t *classes)
{
    AUTO(buffer_free) struct buffer value = {0};
    huks_rc rc = db->backend->meta_get(db, STORE_META_CLASSES, &value);
    if (rc == HUKS_E_NOT_EXIST) {
        error_clear();
    } else {
        HUKS_TRY(rc);
    }
    *classes = value.size == 1 ? value.data[0] : (uint8_t)ALL_CLASSES;
    return HUKS_OK;
}

huks_rc classes_note(struct db *db, uint8_t known, uint8_t more)
{
    more |= known;
    return more == known ? HUKS_OK : db->backend->meta_put(db, STORE_META_CLASSES, bytes_of(&more, 1));
}

/*
 * `moment` is the generation before the caller's transaction began: what the connection saw at the same one
 * is not older than what the transaction sees, but for records whose commit was not over by then.
 */
huks_rc classes_used(struct db *db, uint64_t moment, uint8_t *classes)
{
    if (moment == GENERATION_UNKNOWN || db->classes_moment != moment + 1) {
        HUKS_TRY(read_classes(db, &db->classes));
        db->classes_moment = moment == GENERATION_UNKNOWN ? 0 : moment + 1;
    }
    *classes = db->classes;
    return HUKS_OK;
}
