/*
 * Writing backups, and what reading them has in common with it; see backup.h.
 */
#include "service/backup_record.h"

#include <string.h>
#include <time.h>

struct writing {
    struct engine *engine;
    struct stream_writer *stream;
    const struct backup_progress *progress;
    struct secret device_key;
    uint64_t life, next, rows, records;
    size_t token, tokens;
};

static huks_rc put_record(struct writing *writing, enum backup_type type, size_t size)
{
    uint8_t head[BACKUP_HEAD_SIZE] = {(uint8_t)type};
    if (size > BACKUP_RECORD_MOST) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    backup_put32(head + 1, (uint32_t)size);
    return stream_write(writing->stream, head, sizeof(head));
}

static huks_rc put_count(struct writing *writing, enum backup_type type, uint64_t count)
{
    uint8_t number[8];
    backup_put64(number, count);
    HUKS_TRY(put_record(writing, type, sizeof(number)));
    return stream_write(writing->stream, number, sizeof(number));
}

/* ---- the store's sink: metadata is gathered, since the token's own record comes first ---- */

struct dumping {
    struct writing *writing;
    struct backup_meta meta;
};

static huks_rc take_meta(const char *name, struct bytes value, void *argument)
{
    struct dumping *dumping = argument;
    if (strcmp(name, KEYRING_DEVICE_KEY) == 0) {
        return keyring_open_device_key(dumping->writing->engine->store, value, &dumping->writing->device_key);
    }
    if (strcmp(name, BACKUP_LIFE) == 0 && value.size == 8) {
        dumping->writing->life = backup_get64(value.data);
    }
    return backup_meta_add(&dumping->meta, name, value);
}

static huks_rc put_meta(struct writing *writing, const struct store_meta *meta)
{
    size_t length = strlen(meta->name);
    const uint8_t size = (uint8_t)length;
    if (length > UINT8_MAX) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    HUKS_TRY(put_record(writing, BACKUP_META, 1 + length + meta->value.size));
    HUKS_TRY(stream_write(writing->stream, &size, 1));
    HUKS_TRY(stream_write(writing->stream, meta->name, length));
    return stream_write(writing->stream, meta->value.data, meta->value.size);
}

static huks_rc take_state(uint64_t next, struct bytes seal, void *argument)
{
    struct dumping *dumping = argument;
    struct writing *writing = dumping->writing;
    uint8_t numbers[16];
    if (writing->life == 0 || writing->device_key.size != KEYRING_KEY_SIZE) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    writing->next = next;
    backup_put64(numbers, writing->life);
    backup_put64(numbers + 8, next);
    HUKS_TRY(put_record(writing, BACKUP_TOKEN, sizeof(numbers) + seal.size));
    HUKS_TRY(stream_write(writing->stream, numbers, sizeof(numbers)));
    HUKS_TRY(stream_write(writing->stream, seal.data, seal.size));
    HUKS_TRY(put_record(writing, BACKUP_DEVICE_KEY, writing->device_key.size));
    HUKS_TRY(stream_write(writing->stream, writing->device_key.data, writing->device_key.size));
    for (size_t i = 0; i < dumping->meta.count; i++) {
        HUKS_TRY(put_meta(writing, &dumping->meta.entries[i]));
    }
    return put_record(writing, BACKUP_META, 0);
}

static huks_rc take_row(const struct store_row *row, void *argument)
{
    struct writing *writing = ((struct dumping *)argument)->writing;
    uint8_t head[BACKUP_ROW_HEAD];
    backup_put64(head, row->id);
    backup_put64(head + 8, row->version);
    backup_put64(head + 16, row->key_version);
    backup_put64(head + 24, row->pair);
    backup_put32(head + 32, row->class);
    backup_put32(head + 36, (uint32_t)row->hashes.size);
    backup_put32(head + 40, (uint32_t)row->attrs.size);
    if (row->hashes.size > BACKUP_RECORD_MOST || row->attrs.size > BACKUP_RECORD_MOST ||
        row->key.size > BACKUP_RECORD_MOST) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
    }
    HUKS_TRY(
        put_record(writing, BACKUP_ROW, sizeof(head) + row->hashes.size + row->attrs.size + row->key.size));
    HUKS_TRY(stream_write(writing->stream, head, sizeof(head)));
    HUKS_TRY(stream_write(writing->stream, row->hashes.data, row->hashes.size));
    HUKS_TRY(stream_write(writing->stream, row->attrs.data, row->attrs.size));
    HUKS_TRY(stream_write(writing->stream, row->key.data, row->key.size));
    writing->rows++;
    if (writing->progress->tell != NULL && writing->next > 0) {
        /* Ids are as good as a count, and cost nothing. */
        uint64_t done = row->id < writing->next ? row->id * 1000 / writing->next : 1000;
        writing->progress->tell(writing->token * 1000 + done, writing->tokens * 1000,
                                writing->progress->argument);
    }
    return HUKS_OK;
}

/* ---- writing ---- */

static huks_rc write_token(struct writing *writing, struct token *token)
{
    static const struct store_sink sink = {take_meta, take_state, take_row};
    struct dumping dumping = {.writing = writing};
    secret_free(&writing->device_key);
    writing->life = writing->rows = 0;
    HUKS_TRY(token_require(token));
    huks_rc rc = store_dump(atomic_load(&token->db), &sink, &dumping);
    backup_meta_free(&dumping.meta);
    HUKS_TRY(rc);
    writing->records += writing->rows;
    return put_count(writing, BACKUP_END, writing->rows);
}

static huks_rc write_all(struct writing *writing, struct token *const *tokens)
{
    for (size_t i = 0; i < writing->tokens; i++) {
        writing->token = i;
        HUKS_TRY(write_token(writing, tokens[i]));
    }
    HUKS_TRY(put_count(writing, BACKUP_ALL, writing->tokens));
    return stream_finish(writing->stream);
}

huks_rc backup_write(struct engine *engine, struct token *const *tokens, size_t count,
                     struct bytes passphrase, const struct stream_output *output,
                     const struct backup_progress *progress, uint64_t *records)
{
    struct writing writing = {.engine = engine, .progress = progress, .tokens = count};
    /* Four times a PIN's: nothing counts the tries here. */
    uint32_t log2n = engine->config.scrypt_log2n + 2;
    HUKS_TRY(
        stream_writer_new(engine->crypto, passphrase, log2n, (uint64_t)time(NULL), output, &writing.stream));
    huks_rc rc = write_all(&writing, tokens);
    stream_writer_free(writing.stream);
    secret_free(&writing.device_key);
    *records = writing.records;
    return rc;
}

/* ---- metadata, gathered ---- */

huks_rc backup_meta_add(struct backup_meta *meta, const char *name, struct bytes value)
{
    AUTO(memory_free_ptr) char *own_name = text_copy(name);
    AUTO(memory_free_ptr) uint8_t *own_value = malloc(value.size + 1);
    struct store_meta *entries = realloc(meta->entries, (meta->count + 1) * sizeof(*entries));
    if (entries != NULL) {
        meta->entries = entries;
    }
    if (own_name == NULL || own_value == NULL || entries == NULL) {
        return error_no_memory();
    }
    if (value.size > 0) {
        memcpy(own_value, value.data, value.size);
    }
    entries[meta->count++] = (struct store_meta){own_name, bytes_of(own_value, value.size)};
    own_name = NULL;
    own_value = NULL;
    return HUKS_OK;
}

void backup_meta_free(struct backup_meta *meta)
{
    for (size_t i = 0; i < meta->count; i++) {
        free((void *)(uintptr_t)meta->entries[i].name);
        free((void *)(uintptr_t)meta->entries[i].value.data);
    }
    free(meta->entries);
    *meta = (struct backup_meta){0};
}

struct bytes backup_meta_find(const struct backup_meta *meta, const char *name)
{
    for (size_t i = 0; i < meta->count; i++) {
        if (strcmp(meta->entries[i].name, name) == 0) {
            return meta->entries[i].value;
        }
    }
    return BYTES_NONE;
}
