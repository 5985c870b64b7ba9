/*
 * Records, sealed and opened. Both parts of a record are bound to everything the row says in clear, to the
 * token's life, and to what part they are, so that no row can be moved, mixed, or put back without notice:
 *
 *   AAD = u32 format ‖ u64 life ‖ u64 id ‖ u64 version ‖ u64 key version ‖ u64 pair ‖ u8 class ‖ u8 part
 *         ‖ the index hashes (attributes only)
 *
 * all little-endian. The key bytes' version is that of the record when they were sealed: a change of
 * attributes neither needs nor touches them.
 */
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

enum part { PART_ATTRS = 1, PART_KEY = 2 };

#define AAD_SIZE (4 + 5 * 8 + 2)

void db_item_free(struct db_item *item)
{
    buffer_free(&item->hashes);
    buffer_free(&item->attrs);
    buffer_free(&item->key);
}

void store_record_free(struct store_record *record)
{
    if (record != NULL) {
        param_set_free(&record->params);
        secret_free(&record->key);
    }
}

huks_rc ids_append(struct ids *ids, uint64_t id)
{
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity == 0 ? 16 : ids->capacity * 2;
        uint64_t *list = realloc(ids->list, capacity * sizeof(*list));
        if (list == NULL) {
            return error_no_memory();
        }
        ids->list = list;
        ids->capacity = capacity;
    }
    ids->list[ids->count++] = id;
    return HUKS_OK;
}

void ids_free(struct ids *ids)
{
    free(ids->list);
    *ids = (struct ids){0};
}

static huks_rc bind(const struct db_item *item, uint64_t life, enum part part, struct buffer *aad)
{
    uint8_t head[AAD_SIZE];
    put_u32(head, STORE_FORMAT);
    put_u64(head + 4, life);
    put_u64(head + 12, item->id);
    put_u64(head + 20, part == PART_KEY ? item->key_version : item->version);
    put_u64(head + 28, item->key_version);
    put_u64(head + 36, item->pair);
    head[44] = (uint8_t)item->class;
    head[45] = (uint8_t)part;
    HUKS_TRY(buffer_append(aad, head, sizeof(head)));
    return part == PART_ATTRS ? buffer_append(aad, item->hashes.data, item->hashes.size) : HUKS_OK;
}

/* For AUTO: packed attributes in the clear. */
static void buffer_cleanse(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        memory_cleanse(buffer->data, buffer->size);
    }
    buffer_free(buffer);
}

static huks_rc locked(void)
{
    return error_raise(HUKS_E_INTERNAL, ABOUT_LOGIN, NULL);
}

huks_rc record_seal(struct crypto *crypto, const struct open_keys *open, uint64_t life,
                    const struct store_record *record, struct db_item *item, bool with_key)
{
    AUTO(buffer_cleanse) struct buffer packed = {0};
    AUTO(buffer_free) struct buffer attrs_aad = {0};
    AUTO(buffer_free) struct buffer key_aad = {0};
    const uint8_t *attrs_key = open_key(open, attrs_class(record->class), CLASS_KEY_ATTRS);
    if (attrs_key == NULL) {
        return locked();
    }
    HUKS_TRY(param_set_pack(record->params, &packed));
    HUKS_TRY(bind(item, life, PART_ATTRS, &attrs_aad));
    HUKS_TRY(crypto_seal(crypto, attrs_key, bytes_of(attrs_aad.data, attrs_aad.size),
                         bytes_of(packed.data, packed.size), &item->attrs));
    if (!with_key) {
        return HUKS_OK;
    }
    const uint8_t *bytes_key = open_key(open, record->class, CLASS_KEY_BYTES);
    if (bytes_key == NULL) {
        return locked();
    }
    HUKS_TRY(bind(item, life, PART_KEY, &key_aad));
    return crypto_seal(crypto, bytes_key, bytes_of(key_aad.data, key_aad.size), secret_bytes(&record->key),
                       &item->key);
}

static huks_rc unseal(struct crypto *crypto, const uint8_t *key, uint64_t life, const struct db_item *item,
                      enum part part, struct secret *plain)
{
    AUTO(buffer_free) struct buffer aad = {0};
    const struct buffer *sealed = part == PART_KEY ? &item->key : &item->attrs;
    HUKS_TRY(bind(item, life, part, &aad));
    huks_rc rc =
        crypto_unseal(crypto, key, bytes_of(aad.data, aad.size), bytes_of(sealed->data, sealed->size), plain);
    return rc == HUKS_OK || rc == HUKS_E_MEMORY ? rc : error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
}

huks_rc record_open(struct crypto *crypto, const struct open_keys *open, uint64_t life,
                    const struct db_item *item, bool with_key, struct store_record *record)
{
    AUTO(secret_free) struct secret packed = {0};
    if (item->class >= STORE_CLASSES) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    enum store_class class = (enum store_class)item->class;
    const uint8_t *attrs_key = open_key(open, attrs_class(class), CLASS_KEY_ATTRS);
    if (attrs_key == NULL) {
        return locked();
    }
    HUKS_TRY(unseal(crypto, attrs_key, life, item, PART_ATTRS, &packed));
    huks_rc rc = param_set_unpack(secret_bytes(&packed), &record->params);
    if (rc != HUKS_OK) {
        return rc == HUKS_E_MEMORY ? rc : error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    record->id = item->id;
    record->version = item->version;
    record->pair = item->pair_exists ? item->pair : 0;
    record->class = class;
    if (!with_key) {
        return HUKS_OK;
    }
    const uint8_t *bytes_key = open_key(open, class, CLASS_KEY_BYTES);
    if (bytes_key == NULL) {
        return open->gone[class] ? error_raise(HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT, NULL) : locked();
    }
    return unseal(crypto, bytes_key, life, item, PART_KEY, &record->key);
}
