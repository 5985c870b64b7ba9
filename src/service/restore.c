/*
 * Reading backups: first all of it, changing nothing; then again, token by token, into the store. See
 * backup.h.
 */
#include "service/backup_record.h"

#include <string.h>

struct reading {
    struct engine *engine;
    struct stream_reader *stream;
    const struct backup_progress *progress;
    uint64_t size;
    /* of the token that is being read */
    uint64_t life, next;
    struct buffer seal;
    struct secret device_key;
    struct backup_meta meta;
    struct buffer row;
    uint64_t rows;
};

static void reading_reset(struct reading *reading)
{
    buffer_free(&reading->seal);
    buffer_free(&reading->row);
    secret_free(&reading->device_key);
    backup_meta_free(&reading->meta);
    reading->life = reading->next = reading->rows = 0;
}

static void reading_free(struct reading *reading)
{
    reading_reset(reading);
    stream_reader_free(reading->stream);
}

/* ---- records ---- */

static huks_rc get_head(struct reading *reading, uint8_t *type, uint32_t *size)
{
    uint8_t head[BACKUP_HEAD_SIZE];
    HUKS_TRY(stream_read(reading->stream, head, sizeof(head)));
    *type = head[0];
    *size = backup_get32(head + 1);
    return *size <= BACKUP_RECORD_MOST ? HUKS_OK : stream_malformed(reading->stream);
}

static huks_rc get_bytes(struct reading *reading, size_t size, struct buffer *out)
{
    out->size = 0;
    HUKS_TRY(buffer_reserve(out, size + 1));
    HUKS_TRY(stream_read(reading->stream, out->data, size));
    out->size = size;
    return HUKS_OK;
}

static huks_rc get_token(struct reading *reading, uint32_t size)
{
    uint8_t numbers[16];
    if (size < sizeof(numbers)) {
        return stream_malformed(reading->stream);
    }
    HUKS_TRY(stream_read(reading->stream, numbers, sizeof(numbers)));
    reading->life = backup_get64(numbers);
    reading->next = backup_get64(numbers + 8);
    return get_bytes(reading, size - sizeof(numbers), &reading->seal);
}

static huks_rc get_device_key(struct reading *reading, uint32_t size)
{
    if (size != KEYRING_KEY_SIZE || reading->device_key.size != 0) {
        return stream_malformed(reading->stream);
    }
    HUKS_TRY(secret_alloc(&reading->device_key, size));
    return stream_read(reading->stream, reading->device_key.data, size);
}

static huks_rc get_meta(struct reading *reading, uint32_t size)
{
    AUTO(buffer_free) struct buffer record = {0};
    char name[UINT8_MAX + 1] = "";
    HUKS_TRY(get_bytes(reading, size, &record));
    size_t length = size > 0 ? record.data[0] : 0;
    if (length == 0 || length + 1 > size) {
        return stream_malformed(reading->stream);
    }
    memcpy(name, record.data + 1, length);
    if (strlen(name) != length || strcmp(name, KEYRING_DEVICE_KEY) == 0 ||
        backup_meta_find(&reading->meta, name).data != NULL) {
        return stream_malformed(reading->stream);
    }
    return backup_meta_add(&reading->meta, name, bytes_of(record.data + 1 + length, size - 1 - length));
}

/* Views into reading->row. */
static huks_rc get_row(struct reading *reading, uint32_t size, struct store_row *row)
{
    HUKS_TRY(get_bytes(reading, size, &reading->row));
    const uint8_t *at = reading->row.data;
    if (size < BACKUP_ROW_HEAD) {
        return stream_malformed(reading->stream);
    }
    uint64_t hashes = backup_get32(at + 36), attrs = backup_get32(at + 40);
    uint64_t left = size - BACKUP_ROW_HEAD;
    if (hashes + attrs > left) {
        return stream_malformed(reading->stream);
    }
    *row = (struct store_row){
        .id = backup_get64(at),
        .version = backup_get64(at + 8),
        .key_version = backup_get64(at + 16),
        .pair = backup_get64(at + 24),
        .class = backup_get32(at + 32),
        .hashes = bytes_of(at + BACKUP_ROW_HEAD, hashes),
        .attrs = bytes_of(at + BACKUP_ROW_HEAD + hashes, attrs),
        .key = bytes_of(at + BACKUP_ROW_HEAD + hashes + attrs, left - hashes - attrs),
    };
    return HUKS_OK;
}

static huks_rc get_count(struct reading *reading, uint32_t size, uint64_t wanted)
{
    uint8_t number[8];
    if (size != sizeof(number)) {
        return stream_malformed(reading->stream);
    }
    HUKS_TRY(stream_read(reading->stream, number, sizeof(number)));
    return backup_get64(number) == wanted ? HUKS_OK : stream_malformed(reading->stream);
}

/* The store's source. */
static huks_rc next_row(struct store_row *row, bool *end, void *argument)
{
    struct reading *reading = argument;
    uint8_t type;
    uint32_t size;
    if (reading->progress->tell != NULL) {
        reading->progress->tell(stream_position(reading->stream), reading->size, reading->progress->argument);
    }
    HUKS_TRY(get_head(reading, &type, &size));
    *end = type == BACKUP_END;
    if (type == BACKUP_ROW) {
        reading->rows++;
        return get_row(reading, size, row);
    }
    return type == BACKUP_END ? get_count(reading, size, reading->rows) : stream_malformed(reading->stream);
}

static huks_rc get_metadata(struct reading *reading)
{
    uint8_t type;
    uint32_t size;
    do {
        HUKS_TRY(get_head(reading, &type, &size));
        if (type != BACKUP_META) {
            return stream_malformed(reading->stream);
        }
        if (size > 0) {
            HUKS_TRY(get_meta(reading, size));
        }
    } while (size > 0);
    struct bytes life = backup_meta_find(&reading->meta, BACKUP_LIFE);
    return life.size == 8 && backup_get64(life.data) == reading->life && reading->life != 0
               ? HUKS_OK
               : stream_malformed(reading->stream);
}

/* A token's records up to its rows, or the last record of all. */
static huks_rc next_token(struct reading *reading, uint64_t before, bool *end)
{
    uint8_t type;
    uint32_t size;
    reading_reset(reading);
    HUKS_TRY(get_head(reading, &type, &size));
    *end = type == BACKUP_ALL;
    if (*end) {
        HUKS_TRY(get_count(reading, size, before));
        return stream_end(reading->stream);
    }
    if (type != BACKUP_TOKEN) {
        return stream_malformed(reading->stream);
    }
    HUKS_TRY(get_token(reading, size));
    HUKS_TRY(get_head(reading, &type, &size));
    if (type != BACKUP_DEVICE_KEY) {
        return stream_malformed(reading->stream);
    }
    HUKS_TRY(get_device_key(reading, size));
    return get_metadata(reading);
}

static huks_rc skip_rows(struct reading *reading)
{
    bool end = false;
    while (!end) {
        struct store_row row;
        HUKS_TRY(next_row(&row, &end, reading));
    }
    return HUKS_OK;
}

/* ---- looking ---- */

void backup_content_free(struct backup_content *content)
{
    free(content->tokens);
    *content = (struct backup_content){0};
}

/* The engine's token of this life. */
static huks_rc find_present(struct engine *engine, uint64_t life, struct token **out)
{
    AUTO(memory_free_ptr) struct token **tokens = NULL;
    size_t count = 0, known = 0;
    *out = NULL;
    HUKS_TRY(engine_slots(engine, NULL, 0, &count));
    tokens = calloc(count + 1, sizeof(struct token *));
    if (tokens == NULL) {
        return error_no_memory();
    }
    HUKS_TRY(engine_slots(engine, tokens, count, &known));
    for (size_t i = 0; i < known && i < count; i++) {
        bool open = false;
        if (token_open(tokens[i], &open) != HUKS_OK) {
            error_clear(); /* damaged, foreign: not the one */
        }
        if (open && tokens[i]->life == life) {
            *out = tokens[i];
        }
    }
    return HUKS_OK;
}

static huks_rc describe(struct reading *reading, struct backup_token *token)
{
    struct bytes label;
    HUKS_TRY(keyring_content(backup_meta_find(&reading->meta, KEYRING_LABEL), &label));
    if (label.size >= AUTH_LABEL_SIZE) {
        return stream_malformed(reading->stream);
    }
    memset(token, 0, sizeof(*token));
    memcpy(token->label, label.data, label.size);
    token->life = reading->life;
    token->user_pin_set = backup_meta_find(&reading->meta, KEYRING_PIN_USER).data != NULL;
    token->so_pin_set = backup_meta_find(&reading->meta, KEYRING_PIN_SO).data != NULL;
    HUKS_TRY(find_present(reading->engine, token->life, &token->present));
    HUKS_TRY(skip_rows(reading));
    token->records = reading->rows;
    return HUKS_OK;
}

static huks_rc look(struct reading *reading, struct backup_content *content)
{
    for (;;) {
        bool end = false;
        HUKS_TRY(next_token(reading, content->count, &end));
        if (end) {
            return HUKS_OK;
        }
        struct backup_token *tokens = realloc(content->tokens, (content->count + 1) * sizeof(*tokens));
        if (tokens == NULL) {
            return error_no_memory();
        }
        content->tokens = tokens;
        HUKS_TRY(describe(reading, &tokens[content->count]));
        content->count++;
    }
}

huks_rc backup_verify(struct engine *engine, struct bytes passphrase, const struct stream_input *input,
                      uint64_t size, const struct backup_progress *progress, struct backup_content *content)
{
    AUTO(reading_free) struct reading reading = {.engine = engine, .progress = progress, .size = size};
    *content = (struct backup_content){0};
    HUKS_TRY(stream_reader_new(engine->crypto, passphrase, input, &content->made, &reading.stream));
    huks_rc rc = look(&reading, content);
    if (rc != HUKS_OK) {
        backup_content_free(content);
    }
    return rc;
}

/* ---- putting back ---- */

/* Under token->lock and the exclusive lock on the token; see token_exchange(). */
static huks_rc put_back(struct token *token, uint64_t life, void *argument)
{
    struct reading *reading = argument;
    AUTO(buffer_free) struct buffer device_key = {0};
    if (life != 0 && life != reading->life) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL); /* somebody made it anew in between */
    }
    HUKS_TRY(
        keyring_seal_device_key(reading->engine->store, secret_bytes(&reading->device_key), &device_key));
    HUKS_TRY(backup_meta_add(&reading->meta, KEYRING_DEVICE_KEY, bytes_of(device_key.data, device_key.size)));
    const struct store_source source = {
        .meta = reading->meta.entries,
        .count = reading->meta.count,
        .next = reading->next,
        .seal = bytes_of(reading->seal.data, reading->seal.size),
        .next_row = next_row,
        .argument = reading,
    };
    return store_token_load(reading->engine->store, token->ordinal, life, &source);
}

/* The token that stands there may be another one by now: it is looked for again. */
static huks_rc restore_token(struct reading *reading)
{
    struct token *token = NULL;
    HUKS_TRY(find_present(reading->engine, reading->life, &token));
    if (token == NULL) {
        HUKS_TRY(engine_free_token(reading->engine, &token));
    }
    return token_exchange(token, put_back, reading);
}

static huks_rc restore_all(struct reading *reading, const struct backup_content *content, const bool *chosen,
                           size_t *restored)
{
    for (size_t i = 0;; i++) {
        bool end = false;
        HUKS_TRY(next_token(reading, i, &end));
        if (end) {
            return HUKS_OK;
        }
        if (i >= content->count || content->tokens[i].life != reading->life) {
            return stream_malformed(reading->stream); /* another backup than the one that was verified */
        }
        if (!chosen[i]) {
            HUKS_TRY(skip_rows(reading));
            continue;
        }
        HUKS_TRY(restore_token(reading));
        (*restored)++;
    }
}

huks_rc backup_restore(struct engine *engine, struct bytes passphrase, const struct stream_input *input,
                       uint64_t size, const struct backup_content *content, const bool *chosen,
                       const struct backup_progress *progress, size_t *restored)
{
    AUTO(reading_free) struct reading reading = {.engine = engine, .progress = progress, .size = size};
    uint64_t made;
    *restored = 0;
    HUKS_TRY(stream_reader_new(engine->crypto, passphrase, input, &made, &reading.stream));
    return restore_all(&reading, content, chosen, restored);
}
