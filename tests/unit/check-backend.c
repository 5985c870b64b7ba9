/*
 * What every database behind the store must do, asked of its table of functions alone. A further backend is a
 * further row of `backends`.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/memory.h"
#include "store/backend.h"

static const struct backend *const backends[] = {&sqlite_backend};
enum { BACKENDS = ARRAY_SIZE(backends) };

static const struct backend *backend;
static char directory[300], path[400];
static struct db_place place;
static struct db *writer, *reader;

#define ok(call)                                                                                             \
    do {                                                                                                     \
        huks_rc ok_rc = (call);                                                                              \
        char ok_text[300];                                                                                   \
        ck_assert_msg(ok_rc == HUKS_OK, "%s: %s: %d: %s", backend->name, #call, (int)ok_rc,                  \
                      error_message(ok_text, sizeof(ok_text)));                                              \
    } while (0)
#define answers(call, code) ck_assert_int_eq((call), (code))

static struct bytes view(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

static struct bytes text(const char *words)
{
    return bytes_of(words, strlen(words));
}

static void make_place(int row)
{
    const char *parent = getenv("TMPDIR");
    backend = backends[row];
    snprintf(directory, sizeof(directory), "%s/check-backend-XXXXXX", parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/token.db", directory);
    place = (struct db_place){.path = path, .mode = 0640};
}

static void begin(int row)
{
    const struct store_meta meta[] = {
        {"store.life", text("12345678")}, {"b", text("second")}, {"a", text("")}};
    make_place(row);
    ok(backend->make(&place, meta, ARRAY_SIZE(meta)));
    ok(backend->open(&place, true, &writer));
    ok(backend->open(&place, false, &reader));
}

static void end(void)
{
    char command[400];
    if (writer != NULL) {
        backend->close(writer);
    }
    if (reader != NULL) {
        backend->close(reader);
    }
    writer = reader = NULL;
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

static void reopen(void)
{
    backend->close(writer);
    backend->close(reader);
    ok(backend->open(&place, true, &writer));
    ok(backend->open(&place, false, &reader));
}

static void put(struct db_item *item, uint64_t id, uint32_t class, const char *attrs, const char *key)
{
    *item = (struct db_item){.id = id, .version = 1, .key_version = 1, .class = class};
    ok(buffer_append(&item->hashes, "hashhash", 8));
    ok(buffer_append(&item->attrs, attrs, strlen(attrs)));
    ok(buffer_append(&item->key, key, strlen(key)));
}

static huks_rc insert(uint64_t id, uint32_t class)
{
    AUTO(db_item_free) struct db_item item = {0};
    put(&item, id, class, "attrs", "key");
    return backend->item_insert(writer, &item);
}

static uint64_t version(struct db *db, uint64_t id)
{
    uint64_t number = 99;
    ok(backend->item_version(db, id, &number));
    return number;
}

static void expect_ids(const struct ids *ids, size_t count, const uint64_t *wanted)
{
    ck_assert_uint_eq(ids->count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(ids->list[i], wanted[i]);
    }
}

static uint64_t counted(uint64_t hash, uint64_t cap)
{
    uint64_t number = 99;
    ok(backend->ix_count(reader, hash, cap, &number));
    return number;
}

/* ---- making and opening ---- */

START_TEST(makes_a_database)
{
    struct stat status;
    begin(_i);
    ck_assert_ptr_nonnull(backend->name);
    ck_assert_ptr_eq(writer->backend, backend);
    ck_assert(writer->writable);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0640);
    answers(backend->make(&place, NULL, 0), HUKS_E_FILE); /* never over an old one */
    uint64_t next = 0;
    AUTO(buffer_free) struct buffer seal = {0};
    ok(backend->state_get(reader, &next, &seal));
    ck_assert_uint_eq(next, 1);
    ck_assert_uint_eq(seal.size, 0);
    bool sound = false;
    ok(backend->sound(writer, &sound));
    ck_assert(sound);
    end();
}
END_TEST

START_TEST(makes_nothing_where_it_cannot)
{
    make_place(_i);
    snprintf(path, sizeof(path), "%s/absent/token.db", directory);
    answers(backend->make(&place, NULL, 0), HUKS_E_FILE);
    ck_assert(backend->open(&place, true, &writer) != HUKS_OK);
    ck_assert_ptr_null(writer);
    ck_assert(backend->open(&place, false, &reader) != HUKS_OK);
    ck_assert_ptr_null(reader);
    end();
}
END_TEST

START_TEST(refuses_what_is_no_database)
{
    make_place(_i);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 5000; i++) {
        fputs("not a database ", file);
    }
    fclose(file);
    answers(backend->open(&place, true, &writer), HUKS_E_FILE);
    ck_assert_int_eq(error_about(), ABOUT_FILE_SIZE);
    ck_assert_ptr_null(writer);
    answers(backend->open(&place, false, &reader), HUKS_E_FILE);
    ck_assert_ptr_null(reader);
    end();
}
END_TEST

START_TEST(notices_that_its_file_is_another)
{
    begin(_i);
    ck_assert(!backend->moved(writer));
    ck_assert(!backend->moved(reader));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(backend->moved(writer));
    ck_assert(backend->moved(reader));
    end();
}
END_TEST

START_TEST(reads_what_may_not_be_written)
{
    begin(_i);
    ok(insert(1, 0));
    ok(backend->settle(writer, true));
    backend->close(writer);
    backend->close(reader);
    writer = reader = NULL;
    place.read_only = true;
    ok(backend->open(&place, false, &reader));
    ck_assert_uint_eq(version(reader, 1), 1);
    answers(backend->meta_put(reader, "a", text("x")), HUKS_E_FILE);
    end();
}
END_TEST

/* ---- metadata and state ---- */

START_TEST(keeps_metadata)
{
    AUTO(buffer_free) struct buffer value = {0};
    begin(_i);
    ok(backend->meta_get(reader, "b", &value));
    ck_assert(bytes_equal(view(&value), text("second")));
    buffer_free(&value);
    ok(backend->meta_get(reader, "a", &value));
    ck_assert_uint_eq(value.size, 0);
    answers(backend->meta_get(reader, "absent", &value), HUKS_E_NOT_EXIST);
    ok(backend->meta_put(writer, "b", text("changed")));
    ok(backend->meta_put(writer, "c", text("new")));
    ok(backend->meta_delete(writer, "a"));
    ok(backend->meta_delete(writer, "absent")); /* as good as gone */
    reopen();
    buffer_free(&value);
    ok(backend->meta_get(reader, "b", &value));
    ck_assert(bytes_equal(view(&value), text("changed")));
    answers(backend->meta_get(reader, "a", &value), HUKS_E_NOT_EXIST);
    end();
}
END_TEST

static huks_rc collect(const char *name, struct bytes value, void *argument)
{
    char *seen = argument;
    ck_assert(value.size == 0 || value.data != NULL);
    if (strcmp(name, "store.life") == 0) {
        return error_raise(HUKS_E_NOT_EXIST, ABOUT_NOTHING, NULL);
    }
    strcat(strcat(seen, name), value.size == 0 ? "-" : "+");
    return HUKS_OK;
}

START_TEST(walks_metadata_by_name)
{
    char seen[100] = "";
    begin(_i);
    /* It ends with what the visitor fails with, and anew from the beginning. */
    answers(backend->meta_each(reader, collect, seen), HUKS_E_NOT_EXIST);
    answers(backend->meta_each(reader, collect, seen), HUKS_E_NOT_EXIST);
    ck_assert_str_eq(seen, "a-b+a-b+");
    ok(backend->meta_delete(writer, "store.life"));
    seen[0] = '\0';
    ok(backend->meta_each(reader, collect, seen));
    ck_assert_str_eq(seen, "a-b+");
    end();
}
END_TEST

START_TEST(keeps_the_state)
{
    uint64_t next = 0;
    AUTO(buffer_free) struct buffer seal = {0};
    begin(_i);
    ok(backend->state_put(writer, 77, text("sealed")));
    ok(backend->state_put(writer, INT64_MAX, text("sealed again")));
    reopen();
    ok(backend->state_get(reader, &next, &seal));
    ck_assert_uint_eq(next, INT64_MAX);
    ck_assert(bytes_equal(view(&seal), text("sealed again")));
    end();
}
END_TEST

/* ---- items ---- */

START_TEST(keeps_items)
{
    AUTO(db_item_free) struct db_item item = {0};
    begin(_i);
    put(&item, 5, 3, "attributes", "key bytes");
    item.version = 7;
    item.key_version = 6;
    item.pair = 6;
    ok(backend->item_insert(writer, &item));
    answers(backend->item_insert(writer, &item), HUKS_E_INTERNAL); /* the id is taken */
    reopen();
    AUTO(db_item_free) struct db_item without = {0};
    ok(backend->item_get(reader, 5, false, &without));
    ck_assert_uint_eq(without.key.size, 0);
    AUTO(db_item_free) struct db_item read = {0};
    ok(backend->item_get(reader, 5, true, &read));
    ck_assert_uint_eq(read.id, 5);
    ck_assert_uint_eq(read.version, 7);
    ck_assert_uint_eq(read.key_version, 6);
    ck_assert_uint_eq(read.pair, 6);
    ck_assert(!read.pair_exists);
    ck_assert_uint_eq(read.class, 3);
    ck_assert(bytes_equal(view(&read.hashes), text("hashhash")));
    ck_assert(bytes_equal(view(&read.attrs), text("attributes")));
    ck_assert(bytes_equal(view(&read.key), text("key bytes")));
    ok(insert(6, 0));
    AUTO(db_item_free) struct db_item paired = {0};
    ok(backend->item_get(reader, 5, false, &paired));
    ck_assert(paired.pair_exists);
    end();
}
END_TEST

START_TEST(changes_items)
{
    AUTO(db_item_free) struct db_item item = {0}, read = {0};
    begin(_i);
    ok(insert(1, 2));
    put(&item, 1, 3, "other attributes", "other key");
    item.version = 2;
    ok(backend->item_update(writer, &item));
    ok(backend->item_get(reader, 1, true, &read));
    ck_assert_uint_eq(read.version, 2);
    ck_assert_uint_eq(read.class, 2); /* version, hashes and attributes: nothing else */
    ck_assert_uint_eq(read.key_version, 1);
    ck_assert(bytes_equal(view(&read.attrs), text("other attributes")));
    ck_assert(bytes_equal(view(&read.key), text("key")));
    ck_assert(bytes_equal(view(&read.hashes), text("hashhash")));
    ok(backend->item_delete(writer, 1));
    ck_assert_uint_eq(version(reader, 1), 0);
    AUTO(db_item_free) struct db_item gone = {0};
    answers(backend->item_get(reader, 1, true, &gone), HUKS_E_NOT_EXIST);
    ck_assert_int_eq(error_about(), ABOUT_OBJECT);
    end();
}
END_TEST

START_TEST(lists_items)
{
    AUTO(ids_free) struct ids ids = {0};
    const uint64_t wanted[] = {77, 2, 4, INT64_MAX};
    uint64_t next = 99;
    begin(_i);
    ok(insert(INT64_MAX, 1));
    ok(insert(4, 1));
    ok(insert(3, 0));
    ok(insert(2, 1));
    ok(ids_append(&ids, 77)); /* what was there stays */
    ok(backend->item_list(reader, 1, &ids));
    expect_ids(&ids, 4, wanted);
    ok(backend->item_list(reader, 9, &ids));
    ck_assert_uint_eq(ids.count, 4);
    ok(backend->item_after(reader, 0, &next));
    ck_assert_uint_eq(next, 2);
    ok(backend->item_after(reader, 4, &next));
    ck_assert_uint_eq(next, INT64_MAX);
    ok(backend->item_after(reader, INT64_MAX, &next));
    ck_assert_uint_eq(next, 0);
    end();
}
END_TEST

START_TEST(takes_large_items)
{
    enum { LARGE = 3000000 };
    AUTO(memory_free_ptr) char *large = malloc(LARGE + 1);
    AUTO(db_item_free) struct db_item item = {0}, read = {0};
    ck_assert_ptr_nonnull(large);
    memset(large, 'x', LARGE);
    large[LARGE] = '\0';
    begin(_i);
    put(&item, 1, 0, large, "key");
    ok(backend->item_insert(writer, &item));
    reopen();
    ok(backend->item_get(reader, 1, false, &read));
    ck_assert_uint_eq(read.attrs.size, LARGE);
    ck_assert(memcmp(read.attrs.data, large, LARGE) == 0);
    end();
}
END_TEST

/* ---- the index ---- */

START_TEST(keeps_the_index)
{
    AUTO(ids_free) struct ids all = {0}, some = {0};
    const uint64_t wanted[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    uint64_t number = 0;
    bool has = false;
    begin(_i);
    for (size_t i = ARRAY_SIZE(wanted); i > 0; i--) {
        ok(backend->ix_add(writer, INT64_MAX, wanted[i - 1]));
        ok(backend->ix_add(writer, INT64_MAX, wanted[i - 1])); /* once is enough */
    }
    ok(backend->ix_add(writer, 0, 4));
    reopen();
    ok(backend->ix_list(reader, INT64_MAX, INT64_MAX, &all));
    expect_ids(&all, ARRAY_SIZE(wanted), wanted);
    ok(backend->ix_list(reader, INT64_MAX, 3, &some));
    expect_ids(&some, 3, wanted);
    ok(backend->ix_list(reader, 5, 3, &some));
    ck_assert_uint_eq(some.count, 3);
    ck_assert_uint_eq(counted(INT64_MAX, 100), 10);
    ck_assert_uint_eq(counted(INT64_MAX, 3), 3);
    ck_assert_uint_eq(counted(5, 100), 0);
    ok(backend->ix_total(reader, &number));
    ck_assert_uint_eq(number, 11);
    ok(backend->ix_has(reader, 0, 4, &has));
    ck_assert(has);
    ok(backend->ix_delete(writer, 0, 4));
    ok(backend->ix_delete(writer, 0, 4));
    ok(backend->ix_has(reader, 0, 4, &has));
    ck_assert(!has);
    ok(backend->ix_total(reader, &number));
    ck_assert_uint_eq(number, 10);
    end();
}
END_TEST

START_TEST(reads_items_by_the_index)
{
    enum { MOST = 3 };
    struct db_item items[MOST];
    size_t found = 99;
    AUTO(db_item_free) struct db_item pair = {0};
    begin(_i);
    put(&pair, 7, 2, "of a pair", "key");
    pair.pair = 4;
    pair.version = 5;
    ok(backend->item_insert(writer, &pair));
    ok(insert(4, 1));
    ok(insert(9, 1));
    ok(insert(3, 1));
    for (uint64_t id = 9; id >= 4; id--) { /* of some there is a row of the index alone */
        ok(backend->ix_add(writer, 11, id));
    }
    ok(backend->ix_add(writer, 12, 3));
    ok(backend->ix_add(writer, 13, 8));
    reopen();
    ok(backend->ix_items(reader, 11, MOST, items, &found));
    ck_assert_uint_eq(found, 3);
    for (size_t i = 0; i < found; i++) {
        static const uint64_t wanted[] = {4, 7, 9};
        ck_assert_uint_eq(items[i].id, wanted[i]);
        ck_assert(bytes_equal(view(&items[i].hashes), text("hashhash")));
        ck_assert(bytes_equal(view(&items[i].attrs), text(i == 1 ? "of a pair" : "attrs")));
        ck_assert_uint_eq(items[i].key.size, 0);
        ck_assert_uint_eq(items[i].class, i == 1 ? 2 : 1);
        ck_assert_uint_eq(items[i].version, i == 1 ? 5 : 1);
        ck_assert(items[i].pair_exists == (i == 1));
        db_item_free(&items[i]);
    }
    ok(backend->ix_items(reader, 11, 2, items, &found));
    ck_assert_uint_eq(found, 2);
    ck_assert_uint_eq(items[1].id, 7);
    db_item_free(&items[0]);
    db_item_free(&items[1]);
    ok(backend->ix_items(reader, 12, MOST, items, &found));
    ck_assert_uint_eq(found, 1);
    ck_assert_uint_eq(items[0].pair, 0);
    ck_assert(!items[0].pair_exists);
    db_item_free(&items[0]);
    ok(backend->ix_items(reader, 13, MOST, items, &found));
    ck_assert_uint_eq(found, 0);
    ok(backend->ix_items(reader, 14, MOST, items, &found));
    ck_assert_uint_eq(found, 0);
    end();
}
END_TEST

/* ---- transactions ---- */

START_TEST(rolls_back)
{
    begin(_i);
    ok(backend->begin(writer, true));
    ok(insert(1, 0));
    ok(backend->ix_add(writer, 1, 1));
    ok(backend->meta_put(writer, "a", text("x")));
    ok(backend->state_put(writer, 2, text("s")));
    ck_assert_uint_eq(version(writer, 1), 1); /* sees its own */
    backend->rollback(writer);
    AUTO(buffer_free) struct buffer value = {0};
    uint64_t next = 0;
    ck_assert_uint_eq(version(writer, 1), 0);
    ck_assert_uint_eq(counted(1, 9), 0);
    ok(backend->meta_get(reader, "a", &value));
    ck_assert_uint_eq(value.size, 0);
    ok(backend->state_get(reader, &next, &value));
    ck_assert_uint_eq(next, 1);
    ok(backend->begin(writer, true)); /* and another can begin */
    ok(insert(1, 0));
    ok(backend->commit(writer));
    ck_assert_uint_eq(version(reader, 1), 1);
    end();
}
END_TEST

START_TEST(reads_one_moment)
{
    uint64_t before = 0, after = 0, still = 0;
    begin(_i);
    ok(backend->changes(reader, &before));
    ok(backend->begin(reader, false)); /* the moment is the first read */
    ck_assert_uint_eq(version(reader, 1), 0);
    ok(backend->begin(writer, true));
    ok(insert(1, 0));
    ok(insert(2, 0));
    ok(backend->commit(writer));
    ck_assert_uint_eq(version(reader, 1), 0);
    ck_assert_uint_eq(version(reader, 2), 0);
    backend->rollback(reader);
    ck_assert_uint_eq(version(reader, 1), 1);
    ck_assert_uint_eq(version(reader, 2), 1);
    ok(backend->changes(reader, &after));
    ck_assert_uint_ne(before, after);
    ok(backend->changes(reader, &still));
    ck_assert_uint_eq(still, after);
    end();
}
END_TEST

/* A commit is there for other processes at once, and after the writer is killed; what was not committed is
 * not. */
START_TEST(outlives_its_writer)
{
    int ready[2];
    char byte;
    begin(_i);
    backend->close(writer);
    backend->close(reader);
    writer = reader = NULL;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct db *db = NULL;
        bool done = backend->open(&place, true, &db) == HUKS_OK;
        writer = db;
        done = done && backend->begin(db, true) == HUKS_OK && insert(1, 0) == HUKS_OK &&
               backend->commit(db) == HUKS_OK && backend->begin(db, true) == HUKS_OK &&
               insert(2, 0) == HUKS_OK;
        if (write(ready[1], done ? "y" : "n", 1) == 1) {
            (void)pause(); /* for the kill */
        }
        _exit(EXIT_FAILURE);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'y');
    ok(backend->open(&place, false, &reader));
    ck_assert_uint_eq(version(reader, 1), 1);
    ck_assert_uint_eq(version(reader, 2), 0);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ok(backend->open(&place, true, &writer));
    ck_assert_uint_eq(version(writer, 1), 1);
    ck_assert_uint_eq(version(writer, 2), 0);
    ok(insert(2, 0)); /* nothing is left locked */
    ck_assert_uint_eq(version(reader, 2), 1);
    close(ready[0]);
    close(ready[1]);
    end();
}
END_TEST

START_TEST(settles)
{
    begin(_i);
    ok(insert(1, 0));
    ok(backend->settle(writer, false));
    ok(insert(2, 0));
    backend->close(reader);
    reader = NULL;
    ok(backend->settle(writer, true));
    ok(backend->open(&place, false, &reader));
    ck_assert_uint_eq(version(reader, 1), 1);
    ck_assert_uint_eq(version(reader, 2), 1);
    end();
}
END_TEST

START_TEST(damage_is_an_error)
{
    begin(_i);
    for (uint64_t id = 1; id <= 400; id++) {
        ok(insert(id, 0));
        ok(backend->ix_add(writer, id, id));
    }
    ok(backend->settle(writer, true));
    backend->close(writer);
    backend->close(reader);
    writer = reader = NULL;
    FILE *file = fopen(path, "r+");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 4096, SEEK_SET), 0);
    for (int i = 0; i < 20000; i++) {
        fputc(0xA5, file);
    }
    fclose(file);
    if (backend->open(&place, false, &reader) == HUKS_OK) {
        bool sound = true;
        huks_rc rc = backend->sound(reader, &sound);
        ck_assert(rc != HUKS_OK || !sound);
        uint64_t number;
        size_t failures = 0;
        for (uint64_t id = 1; id <= 400; id++) {
            failures += backend->item_version(reader, id, &number) != HUKS_OK || number == 0;
        }
        ck_assert_uint_gt(failures, 0);
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        makes_a_database,
        makes_nothing_where_it_cannot,
        refuses_what_is_no_database,
        notices_that_its_file_is_another,
        reads_what_may_not_be_written,
        keeps_metadata,
        walks_metadata_by_name,
        keeps_the_state,
        keeps_items,
        changes_items,
        lists_items,
        takes_large_items,
        keeps_the_index,
        reads_items_by_the_index,
        rolls_back,
        reads_one_moment,
        outlives_its_writer,
        settles,
        damage_is_an_error,
    };
    Suite *suite = suite_create("backend");
    TCase *cases = tcase_create("backend");
    tcase_set_timeout(cases, 120);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        tcase_add_loop_test(cases, tests[i], 0, BACKENDS);
    }
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
