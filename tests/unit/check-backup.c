/* Backups: the sealed stream byte by byte, and tokens that move from one store to another. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/backup.h"
#include "service/private.h"

#define ck_ok(call)                                                                                          \
    do {                                                                                                     \
        huks_rc ck_rc = (call);                                                                              \
        char ck_text[300];                                                                                   \
        ck_assert_msg(ck_rc == HUKS_OK, "%s: %d about %d: %s", #call, (int)ck_rc, (int)error_about(),        \
                      error_message(ck_text, sizeof(ck_text)));                                              \
    } while (0)

static struct bytes text(const char *words)
{
    return bytes_of(words, strlen(words));
}

/* ---- files in memory ---- */

struct file {
    struct buffer bytes;
    size_t at;
    size_t fails_at; /* a read beyond this fails; 0: none does */
};

static huks_rc file_write(const void *data, size_t size, void *argument)
{
    return buffer_append(&((struct file *)argument)->bytes, data, size);
}

static huks_rc file_read(void *data, size_t size, size_t *got, void *argument)
{
    struct file *file = argument;
    size_t left = file->bytes.size - file->at;
    *got = left < size ? left : size;
    if (file->fails_at != 0 && file->at + *got > file->fails_at) {
        *got = 0;
        return error_raise(HUKS_E_FILE, ABOUT_FILE, "read the test's file");
    }
    if (*got > 0) {
        memcpy(data, file->bytes.data + file->at, *got);
    }
    file->at += *got;
    return HUKS_OK;
}

static const struct backup_progress silent;

/* ---- the stream ---- */

static struct crypto *crypto;

static void open_crypto(void)
{
    ck_ok(crypto_open(&crypto));
}

static void close_crypto(void)
{
    crypto_close(crypto);
}

static void write_stream(struct file *file, const uint8_t *data, size_t size, size_t piece)
{
    const struct stream_output output = {file_write, file};
    struct stream_writer *writer = NULL;
    ck_ok(stream_writer_new(crypto, text("pass"), 10, 77, &output, &writer));
    for (size_t done = 0; done < size; done += piece) {
        ck_ok(stream_write(writer, data + done, piece < size - done ? piece : size - done));
    }
    ck_ok(stream_finish(writer));
    stream_writer_free(writer);
}

/* Reads all that was written; the code of the first failure. */
static huks_rc read_stream(struct file *file, const char *passphrase, uint8_t *data, size_t size)
{
    const struct stream_input input = {file_read, file};
    struct stream_reader *reader = NULL;
    uint64_t made = 0;
    file->at = 0;
    huks_rc rc = stream_reader_new(crypto, text(passphrase), &input, &made, &reader);
    if (rc != HUKS_OK) {
        return rc;
    }
    ck_assert_uint_eq(made, 77);
    rc = stream_read(reader, data, size);
    if (rc == HUKS_OK) {
        rc = stream_end(reader);
    }
    stream_reader_free(reader);
    return rc;
}

static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, 200001};

START_TEST(streams_come_back)
{
    size_t size = sizes[_i];
    uint8_t *data = calloc(1, size + 1), *back = calloc(1, size + 1);
    struct file file = {{0}, 0, 0};
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 31 + i / 256);
    }
    write_stream(&file, data, size, 1 + size / 3);
    ck_ok(read_stream(&file, "pass", back, size));
    ck_assert_int_eq(memcmp(data, back, size), 0);
    ck_assert_int_eq(read_stream(&file, "pass", back, size + 1), HUKS_E_INVALID_PARAM); /* there is no more */
    if (size > 0) {
        ck_assert_int_eq(read_stream(&file, "pass", back, size - 1),
                         HUKS_E_INVALID_PARAM); /* there is more */
    }
    buffer_free(&file.bytes);
    free(data);
    free(back);
}
END_TEST

START_TEST(every_bit_counts)
{
    uint8_t data[40] = {1, 2, 3}, back[40];
    struct file file = {{0}, 0, 0};
    write_stream(&file, data, sizeof(data), sizeof(data));
    for (size_t i = 0; i < file.bytes.size; i++) {
        file.bytes.data[i] ^= (uint8_t)(1u << (i % 8));
        ck_assert_msg(read_stream(&file, "pass", back, sizeof(back)) == HUKS_E_INVALID_PARAM, "byte %zu", i);
        file.bytes.data[i] ^= (uint8_t)(1u << (i % 8));
    }
    ck_ok(read_stream(&file, "pass", back, sizeof(back)));
    buffer_free(&file.bytes);
}
END_TEST

START_TEST(every_length_counts)
{
    uint8_t data[40] = {1, 2, 3}, back[40];
    struct file file = {{0}, 0, 0};
    write_stream(&file, data, sizeof(data), sizeof(data));
    size_t whole = file.bytes.size;
    for (file.bytes.size = 0; file.bytes.size < whole; file.bytes.size++) {
        ck_assert_msg(read_stream(&file, "pass", back, sizeof(back)) == HUKS_E_INVALID_PARAM, "%zu bytes",
                      file.bytes.size);
    }
    ck_ok(buffer_append(&file.bytes, "x", 1));
    ck_assert_int_eq(read_stream(&file, "pass", back, sizeof(back)), HUKS_E_INVALID_PARAM);
    buffer_free(&file.bytes);
}
END_TEST

START_TEST(passphrases_count_to_the_last_byte)
{
    static const char *const wrong[] = {"", "pas", "pass ", "Pass", "passpass"};
    uint8_t data[4] = {0}, back[4];
    char said[200];
    struct file file = {{0}, 0, 0};
    write_stream(&file, data, sizeof(data), sizeof(data));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        ck_assert_int_eq(read_stream(&file, wrong[i], back, sizeof(back)), HUKS_E_INVALID_PARAM);
        ck_assert_int_eq(error_about(), ABOUT_PIN);
        ck_assert_str_eq(error_message(said, sizeof(said)),
                         "Invalid passphrase: it does not open this backup.");
    }
    buffer_free(&file.bytes);
}
END_TEST

/* Chunks can't be exchanged, left out, doubled, or taken from another backup. */
START_TEST(chunks_keep_their_places)
{
    enum { HEAD = 96, CHUNK = 4 + 65536 + 28, SIZE = 3 * 65536 };
    uint8_t *data = calloc(1, SIZE), *back = calloc(1, SIZE), *kept = calloc(1, HEAD + 3 * CHUNK);
    struct file file = {{0}, 0, 0}, other = {{0}, 0, 0};
    write_stream(&file, data, SIZE, SIZE);
    write_stream(&other, data, SIZE, SIZE);
    ck_assert_uint_eq(file.bytes.size, HEAD + 3 * CHUNK);
    memcpy(kept, file.bytes.data, file.bytes.size);
    uint8_t *first = file.bytes.data + HEAD, *second = first + CHUNK, *third = second + CHUNK;

    memcpy(first, kept + HEAD + CHUNK, CHUNK);
    memcpy(second, kept + HEAD, CHUNK);
    ck_assert_int_eq(read_stream(&file, "pass", back, SIZE), HUKS_E_INVALID_PARAM); /* exchanged */
    memcpy(file.bytes.data, kept, file.bytes.size);
    memcpy(second, third, CHUNK);
    file.bytes.size -= CHUNK;
    ck_assert_int_eq(read_stream(&file, "pass", back, SIZE - 65536), HUKS_E_INVALID_PARAM); /* left out */
    file.bytes.size += CHUNK;
    memcpy(file.bytes.data, kept, file.bytes.size);
    file.bytes.size -= CHUNK;
    ck_assert_int_eq(read_stream(&file, "pass", back, SIZE - 65536), HUKS_E_INVALID_PARAM); /* cut off */
    file.bytes.size += CHUNK;
    memcpy(second, kept + HEAD, CHUNK);
    ck_assert_int_eq(read_stream(&file, "pass", back, SIZE), HUKS_E_INVALID_PARAM); /* doubled */
    memcpy(file.bytes.data, kept, file.bytes.size);
    memcpy(second, other.bytes.data + HEAD + CHUNK, CHUNK);
    ck_assert_int_eq(read_stream(&file, "pass", back, SIZE), HUKS_E_INVALID_PARAM); /* another's */
    memcpy(file.bytes.data, kept, file.bytes.size);
    ck_ok(read_stream(&file, "pass", back, SIZE));
    buffer_free(&file.bytes);
    buffer_free(&other.bytes);
    free(data);
    free(back);
    free(kept);
}
END_TEST

START_TEST(what_is_no_backup)
{
    char said[200];
    uint8_t back[1];
    struct file file = {{0}, 0, 0};
    ck_assert_int_eq(read_stream(&file, "pass", back, 1), HUKS_E_INVALID_PARAM);
    ck_ok(buffer_append(&file.bytes, "-----BEGIN PRIVATE KEY-----", 27));
    ck_assert_int_eq(read_stream(&file, "pass", back, 1), HUKS_E_INVALID_PARAM);
    ck_assert_str_eq(error_message(said, sizeof(said)), "Invalid backup: this file is none.");
    file.bytes.size = 0;
    write_stream(&file, back, 1, 1);
    file.bytes.data[8] = 2;
    ck_assert_int_eq(read_stream(&file, "pass", back, 1), HUKS_E_INVALID_PARAM);
    ck_assert_ptr_nonnull(strstr(error_message(said, sizeof(said)), "newer form"));
    buffer_free(&file.bytes);
}
END_TEST

/* ---- tokens ---- */

static char top[256];

static struct engine *open_engine(const char *name)
{
    struct config config;
    struct engine *engine = NULL;
    config_defaults(&config);
    config.scrypt_log2n = 10;
    (void)snprintf(config.store, sizeof(config.store), "%s/%s", top, name);
    ck_ok(engine_open(&config, &engine));
    return engine;
}

static struct token *slot(struct engine *engine, size_t number)
{
    struct token *tokens[8];
    size_t count = 0;
    ck_ok(engine_slots(engine, tokens, ARRAY_SIZE(tokens), &count));
    ck_assert_uint_lt(number, count);
    return tokens[number];
}

static void log_in(struct token *token)
{
    ck_ok(token_session_opened(token, 1, true));
    ck_ok(token_login(token, AUTH_USER, text("user-pin")));
}

static void log_out(struct token *token)
{
    token_logout(token);
    token_session_closed(token, 1, true);
}

static struct token *make_token(struct engine *engine, size_t number, const char *label)
{
    struct token *token = slot(engine, number);
    ck_ok(token_init(token, text("so-pin"), text(label)));
    ck_ok(token_session_opened(token, 1, true));
    ck_ok(token_login(token, AUTH_SO, text("so-pin")));
    ck_ok(token_init_pin(token, text("user-pin")));
    log_out(token);
    return token;
}

/* One record of each class, and a pair; what they are called says what they are. */
static huks_rc add(struct token *token, enum store_class class, const char *label, size_t count)
{
    struct store_record records[2] = {0};
    struct token_keys keys;
    for (size_t i = 0; i < count; i++) {
        struct param_list list = {0};
        ck_ok(param_list_add_bytes(&list, HUKS_TAG_LABEL, text(label)));
        ck_ok(param_list_add_u32(&list, HUKS_TAG_OBJECT_CLASS, 3));
        ck_ok(param_list_build(&list, &records[i].params));
        param_list_free(&list);
        records[i].class = class;
        ck_ok(secret_set(&records[i].key, label, strlen(label)));
    }
    token_keys_acquire(token, &keys);
    huks_rc rc = store_add(atomic_load(&token->db), &keys.keys, records, count, STORE_ALIAS_UNIQUE);
    token_keys_release(&keys);
    for (size_t i = 0; i < count; i++) {
        store_record_free(&records[i]);
    }
    return rc;
}

static void expect_record(struct token *token, uint64_t id, const char *label, uint64_t pair)
{
    struct store_record record;
    struct token_keys keys;
    token_keys_acquire(token, &keys);
    ck_ok(store_read(atomic_load(&token->db), &keys.keys, id, true, &record));
    token_keys_release(&keys);
    ck_assert(bytes_equal(param_bytes(record.params, HUKS_TAG_LABEL), text(label)));
    ck_assert(bytes_equal(secret_bytes(&record.key), text(label)));
    ck_assert_uint_eq(record.pair, pair);
    store_record_free(&record);
}

static uint64_t check_whole(struct token *token)
{
    struct store_check_result result;
    struct token_keys keys;
    token_keys_acquire(token, &keys);
    ck_ok(store_check(atomic_load(&token->db), &keys.keys, NULL, NULL, &result));
    token_keys_release(&keys);
    ck_assert(result.damaged == 0 && result.locked == 0 && result.structure_ok && result.set_hash_ok);
    return result.records;
}

static void fill_token(struct token *token)
{
    log_in(token);
    ck_ok(add(token, STORE_DE, "de", 1));
    ck_ok(add(token, STORE_CE, "ce", 1));
    ck_ok(add(token, STORE_ECE, "ece", 1));
    ck_ok(add(token, STORE_PIN_BOUND, "bound", 1));
    ck_ok(add(token, STORE_CE, "pair", 2));
    log_out(token);
}

static void expect_filled(struct token *token)
{
    log_in(token);
    expect_record(token, 1, "de", 0);
    expect_record(token, 2, "ce", 0);
    expect_record(token, 3, "ece", 0);
    expect_record(token, 4, "bound", 0);
    expect_record(token, 5, "pair", 6);
    expect_record(token, 6, "pair", 5);
    ck_assert_uint_eq(check_whole(token), 6);
    log_out(token);
}

static void back_up(struct engine *engine, struct token *const *tokens, size_t count, struct file *file)
{
    const struct stream_output output = {file_write, file};
    uint64_t records = 0;
    file->bytes.size = 0;
    ck_ok(backup_write(engine, tokens, count, text("pass"), &output, &silent, &records));
}

static huks_rc verify(struct engine *engine, struct file *file, struct backup_content *content)
{
    const struct stream_input input = {file_read, file};
    file->at = 0;
    return backup_verify(engine, text("pass"), &input, file->bytes.size, &silent, content);
}

static huks_rc restore(struct engine *engine, struct file *file, const struct backup_content *content,
                       const bool *chosen, size_t *restored)
{
    const struct stream_input input = {file_read, file};
    file->at = 0;
    return backup_restore(engine, text("pass"), &input, file->bytes.size, content, chosen, &silent, restored);
}

static struct engine *here, *there;
static struct file file;
static struct backup_content content;
static const bool all[] = {true, true, true};

static void open_stores(void)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(top, sizeof(top), "%s/check-backup-XXXXXX", parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(top));
    here = open_engine("here");
    there = open_engine("there");
    file = (struct file){.at = 0};
    content = (struct backup_content){.count = 0};
}

static void close_stores(void)
{
    char command[400];
    engine_close(here);
    engine_close(there);
    buffer_free(&file.bytes);
    backup_content_free(&content);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", top);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_token_moves)
{
    size_t restored = 0;
    struct token *token = make_token(here, 0, "one");
    fill_token(token);
    back_up(here, &token, 1, &file);
    ck_ok(verify(there, &file, &content));
    ck_assert_uint_eq(content.count, 1);
    ck_assert_str_eq(content.tokens[0].label, "one");
    ck_assert_uint_eq(content.tokens[0].records, 6);
    ck_assert(content.tokens[0].user_pin_set && content.tokens[0].so_pin_set);
    ck_assert_ptr_null(content.tokens[0].present);
    ck_ok(restore(there, &file, &content, all, &restored));
    ck_assert_uint_eq(restored, 1);
    expect_filled(slot(there, 0));
    /* It lives on by itself: new records, new PINs, and after a restart. */
    log_in(slot(there, 0));
    ck_ok(add(slot(there, 0), STORE_CE, "later", 1));
    ck_assert_uint_eq(check_whole(slot(there, 0)), 7);
    log_out(slot(there, 0));
    ck_ok(token_set_pin(slot(there, 0), AUTH_USER, text("user-pin"), text("another")));
    engine_close(there);
    there = open_engine("there");
    ck_ok(token_login(slot(there, 0), AUTH_USER, text("another")));
    expect_record(slot(there, 0), 7, "later", 0);
    token_logout(slot(there, 0));
    expect_filled(token); /* and the first one as it was */
}
END_TEST

START_TEST(several_tokens_or_one_of_them)
{
    static const bool second[] = {false, true, false};
    size_t restored = 0;
    struct token *tokens[] = {make_token(here, 0, "one"), make_token(here, 1, "two"),
                              make_token(here, 2, "three")};
    fill_token(tokens[1]);
    back_up(here, tokens, 3, &file);
    ck_ok(verify(there, &file, &content));
    ck_assert_uint_eq(content.count, 3);
    ck_ok(restore(there, &file, &content, second, &restored));
    ck_assert_uint_eq(restored, 1);
    expect_filled(slot(there, 0));
    backup_content_free(&content);
    ck_ok(verify(there, &file, &content));
    ck_assert_ptr_null(content.tokens[0].present);
    ck_assert_ptr_eq(content.tokens[1].present, slot(there, 0));
    ck_ok(restore(there, &file, &content, all, &restored));
    ck_assert_uint_eq(restored, 3);
    expect_filled(slot(there, 0));
    ck_ok(token_login(slot(there, 2), AUTH_SO, text("so-pin")));
    token_logout(slot(there, 2));
}
END_TEST

START_TEST(a_token_goes_back_in_time)
{
    size_t restored = 0;
    struct token *token = make_token(here, 0, "one");
    fill_token(token);
    back_up(here, &token, 1, &file);
    log_in(token);
    ck_ok(add(token, STORE_CE, "later", 1));
    ck_ok(verify(here, &file, &content));
    ck_assert_ptr_eq(content.tokens[0].present, token);
    /* Not under somebody's hands. */
    ck_assert_int_eq(restore(here, &file, &content, all, &restored), HUKS_E_ARGUMENT);
    ck_assert_int_eq(error_about(), ABOUT_TOKEN);
    expect_record(token, 7, "later", 0);
    log_out(token);
    ck_ok(restore(here, &file, &content, all, &restored));
    expect_filled(token);
}
END_TEST

/* Whatever breaks while a token is put back leaves what was there. */
START_TEST(half_a_restore_is_none)
{
    size_t restored = 0;
    struct token *token = make_token(here, 0, "one");
    log_in(token);
    for (int i = 0; i < 300; i++) {
        ck_ok(add(token, STORE_CE, "many", 2));
    }
    log_out(token);
    back_up(here, &token, 1, &file);
    log_in(token);
    ck_ok(add(token, STORE_CE, "later", 1));
    log_out(token);
    ck_ok(verify(here, &file, &content));
    for (file.fails_at = 97; file.fails_at < file.bytes.size; file.fails_at += 65000) {
        ck_assert_int_eq(restore(here, &file, &content, all, &restored), HUKS_E_FILE);
        ck_assert_uint_eq(restored, 0);
        log_in(token);
        expect_record(token, 601, "later", 0);
        log_out(token);
        ck_assert_int_eq(restore(there, &file, &content, all, &restored), HUKS_E_FILE);
        struct token_info info;
        ck_ok(token_info(slot(there, 0), &info));
        ck_assert(!info.initialized);
    }
    file.fails_at = 0;
    ck_ok(restore(there, &file, &content, all, &restored));
    log_in(slot(there, 0));
    ck_assert_uint_eq(check_whole(slot(there, 0)), 600);
    log_out(slot(there, 0));
}
END_TEST

/* The one that was verified is the one that is restored. */
START_TEST(another_backup_is_not_taken)
{
    size_t restored = 0;
    struct file other = {.at = 0};
    struct token *tokens[] = {make_token(here, 0, "one"), make_token(here, 1, "two")};
    back_up(here, &tokens[0], 1, &file);
    back_up(here, &tokens[1], 1, &other);
    ck_ok(verify(there, &file, &content));
    ck_assert_int_eq(restore(there, &other, &content, all, &restored), HUKS_E_INVALID_PARAM);
    ck_assert_uint_eq(restored, 0);
    buffer_free(&other.bytes);
}
END_TEST

static _Atomic bool stop;

static void *keep_adding(void *argument)
{
    struct token *token = argument;
    void *failed = NULL;
    while (!atomic_load(&stop) && failed == NULL) {
        failed = add(token, STORE_CE, "pair", 2) == HUKS_OK ? NULL : argument;
    }
    return failed;
}

START_TEST(a_backup_is_of_one_moment)
{
    pthread_t threads[2];
    struct token *token = make_token(here, 0, "one");
    size_t restored = 0;
    log_in(token);
    atomic_store(&stop, false);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_adding, token), 0);
    }
    for (int i = 0; i < 5; i++) {
        (void)usleep(20000);
        back_up(here, &token, 1, &file);
        backup_content_free(&content);
        ck_ok(verify(there, &file, &content));
        ck_ok(restore(there, &file, &content, all, &restored));
        log_in(slot(there, 0));
        ck_assert_uint_eq(check_whole(slot(there, 0)) % 2, 0);
        log_out(slot(there, 0));
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *failed = NULL;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    log_out(token);
}
END_TEST

/* A token without PINs, and one whose user has none yet. */
START_TEST(tokens_without_pins)
{
    size_t restored = 0;
    struct token *token = slot(here, 0);
    ck_ok(token_init(token, BYTES_NONE, text("open")));
    ck_ok(token_session_opened(token, 1, true));
    ck_ok(add(token, STORE_CE, "ce", 1));
    back_up(here, &token, 1, &file);
    ck_ok(verify(there, &file, &content));
    ck_assert(!content.tokens[0].user_pin_set && !content.tokens[0].so_pin_set);
    ck_ok(restore(there, &file, &content, all, &restored));
    ck_ok(token_require(slot(there, 0)));
    expect_record(slot(there, 0), 1, "ce", 0);
    token_session_closed(token, 1, true);
}
END_TEST

/* Neither names nor keys of what is backed up can be read in the file. */
START_TEST(nothing_shows)
{
    static const char needle[] = "needle in a haystack";
    struct token *token = make_token(here, 0, needle);
    log_in(token);
    ck_ok(add(token, STORE_DE, needle, 1));
    ck_ok(add(token, STORE_CE, needle, 2));
    log_out(token);
    back_up(here, &token, 1, &file);
    ck_assert_ptr_null(memmem(file.bytes.data, file.bytes.size, needle, 6));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backup");
    TCase *stream = tcase_create("stream");
    tcase_set_timeout(stream, 120);
    tcase_add_checked_fixture(stream, open_crypto, close_crypto);
    tcase_add_loop_test(stream, streams_come_back, 0, (int)ARRAY_SIZE(sizes));
    tcase_add_test(stream, every_bit_counts);
    tcase_add_test(stream, every_length_counts);
    tcase_add_test(stream, passphrases_count_to_the_last_byte);
    tcase_add_test(stream, chunks_keep_their_places);
    tcase_add_test(stream, what_is_no_backup);
    suite_add_tcase(suite, stream);
    TCase *tokens = tcase_create("tokens");
    tcase_set_timeout(tokens, 120);
    tcase_add_checked_fixture(tokens, open_stores, close_stores);
    tcase_add_test(tokens, a_token_moves);
    tcase_add_test(tokens, several_tokens_or_one_of_them);
    tcase_add_test(tokens, a_token_goes_back_in_time);
    tcase_add_test(tokens, half_a_restore_is_none);
    tcase_add_test(tokens, another_backup_is_not_taken);
    tcase_add_test(tokens, a_backup_is_of_one_moment);
    tcase_add_test(tokens, tokens_without_pins);
    tcase_add_test(tokens, nothing_shows);
    suite_add_tcase(suite, tokens);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
