/* The key store: metadata, records, aliases, classes, searching, the directory. */
#include <pthread.h>

#include "check-store.h"
#include "store/backend.h"

static struct place place;

static void open_place(void)
{
    memset(&place, 0, sizeof(place));
    place_open(&place);
}

static void close_place(void)
{
    place_close(&place);
}

/* ---- metadata ---- */

static void expect_meta(const char *name, const char *value)
{
    AUTO(buffer_free) struct buffer buffer = {0};
    ck_ok(store_meta_get(place.token, name, &buffer));
    ck_assert_uint_eq(buffer.size, strlen(value));
    ck_assert(buffer.size == 0 || memcmp(buffer.data, value, buffer.size) == 0);
}

START_TEST(meta_values)
{
    AUTO(buffer_free) struct buffer none = {0};
    expect_meta("label", "first");
    expect_meta("empty", "");
    ck_ok(store_meta_put(place.token, "label", bytes_of("second", 6)));
    expect_meta("label", "second");
    ck_ok(store_meta_delete(place.token, "label"));
    ck_code(store_meta_get(place.token, "label", &none), HUKS_E_NOT_EXIST);
    ck_ok(store_meta_delete(place.token, "label"));
}
END_TEST

static huks_rc count_up(struct store_token *token, void *argument)
{
    AUTO(buffer_free) struct buffer value = {0};
    uint32_t number = 0;
    huks_rc rc = store_meta_get(token, "count", &value);
    if (rc == HUKS_OK) {
        memcpy(&number, value.data, sizeof(number));
    } else if (rc != HUKS_E_NOT_EXIST) {
        return rc;
    }
    number++;
    HUKS_TRY(store_meta_put(token, "count", bytes_of(&number, sizeof(number))));
    return *(huks_rc *)argument;
}

START_TEST(meta_changes)
{
    AUTO(buffer_free) struct buffer value = {0};
    huks_rc outcome = HUKS_OK;
    ck_ok(store_meta_change(place.token, count_up, &outcome));
    ck_ok(store_meta_change(place.token, count_up, &outcome));
    outcome = error_raise(HUKS_E_CRYPTO, ABOUT_NOTHING, NULL);
    ck_code(store_meta_change(place.token, count_up, &outcome), HUKS_E_CRYPTO);
    ck_ok(store_meta_get(place.token, "count", &value));
    ck_assert_uint_eq(*value.data, 2);
}
END_TEST

static void *count_in_thread(void *argument)
{
    for (int i = 0; i < 50; i++) {
        huks_rc outcome = HUKS_OK;
        if (store_meta_change(place.token, count_up, &outcome) != HUKS_OK) {
            return argument;
        }
    }
    return NULL;
}

START_TEST(meta_threads)
{
    AUTO(buffer_free) struct buffer value = {0};
    pthread_t threads[4];
    uint32_t number = 0;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_in_thread, &place), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *failed = NULL;
        (void)pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_ok(store_meta_get(place.token, "count", &value));
    memcpy(&number, value.data, sizeof(number));
    ck_assert_uint_eq(number, 200);
}
END_TEST

/* ---- records ---- */

static void expect_record(uint64_t id, const char *label, const char *key)
{
    struct store_record record;
    ck_ok(store_read(place.token, &place.keys, id, true, &record));
    struct bytes found = param_bytes(record.params, HUKS_TAG_LABEL);
    ck_assert(bytes_equal(found, bytes_of(label, strlen(label))));
    ck_assert_uint_eq(record.key.size, strlen(key));
    ck_assert(record.key.size == 0 || memcmp(record.key.data, key, record.key.size) == 0);
    ck_assert_uint_eq(record.id, id);
    store_record_free(&record);
}

START_TEST(records_come_back)
{
    struct store_record record;
    uint64_t ids[STORE_CLASSES];
    for (unsigned i = 0; i < STORE_CLASSES; i++) {
        char alias[20];
        (void)snprintf(alias, sizeof(alias), "alias %u", i);
        ids[i] = add(&place, SKETCH(.alias = alias, .label = "a label", .class = (enum store_class)i,
                                    .key = "secret"));
    }
    uint64_t data = add(&place, SKETCH(.label = "data", .class = STORE_DE));
    place_again(&place);
    for (size_t i = 0; i < STORE_CLASSES; i++) {
        expect_record(ids[i], "a label", "secret");
    }
    expect_record(data, "data", "");
    ck_ok(store_read(place.token, &place.keys, ids[0], false, &record));
    ck_assert_uint_eq(record.key.size, 0);
    ck_assert_uint_eq(record.version, 1);
    ck_assert_uint_eq(record.pair, 0);
    ck_assert_int_eq(record.class, STORE_DE);
    store_record_free(&record);
    ck_code(store_read(place.token, &place.keys, 4711, true, &record), HUKS_E_NOT_EXIST);
    check_all_good(&place);
}
END_TEST

START_TEST(pairs_know_each_other)
{
    uint64_t ids[2];
    struct store_record record;
    ck_ok(try_add_pair(&place, SKETCH(.alias = "p", .class = STORE_DE, .object_class = 2, .level = 1),
                       SKETCH(.alias = "p", .key = "k", .level = 1), STORE_ALIAS_UNIQUE, ids));
    for (size_t i = 0; i < 2; i++) {
        ck_ok(store_read(place.token, &place.keys, ids[i], true, &record));
        ck_assert_uint_eq(record.pair, ids[1 - i]);
        store_record_free(&record);
    }
    ck_ok(store_remove(place.token, &place.keys, ids, 1));
    ck_ok(store_read(place.token, &place.keys, ids[1], true, &record));
    ck_assert_uint_eq(record.pair, 0);
    store_record_free(&record);
    /* What remains still has the alias. */
    ck_code(try_add(&place, SKETCH(.alias = "p", .level = 1), STORE_ALIAS_UNIQUE, NULL), HUKS_E_ALIAS_EXISTS);
    check_all_good(&place);
}
END_TEST

START_TEST(ids_are_never_reused)
{
    uint64_t first = add(&place, SKETCH(.label = "one"));
    uint64_t second = add(&place, SKETCH(.label = "two"));
    ck_assert_uint_gt(second, first);
    ck_ok(store_remove(place.token, &place.keys, &second, 1));
    ck_assert_uint_gt(add(&place, SKETCH(.label = "three")), second);
    ck_code(store_remove(place.token, &place.keys, &second, 1), HUKS_E_NOT_EXIST);
    uint64_t both[] = {first, second};
    ck_ok(store_remove(place.token, &place.keys, both, 2)); /* only the first has to be there */
    uint64_t version;
    ck_ok(store_version(place.token, first, &version));
    ck_assert_uint_eq(version, 0);
    check_all_good(&place);
}
END_TEST

START_TEST(changes)
{
    struct sketch after = SKETCH(.alias = "a", .label = "after", .id = "new");
    struct store_record record;
    uint64_t version, id = add(&place, SKETCH(.alias = "a", .label = "before", .key = "key"));
    (void)add(&place, SKETCH(.alias = "b"));
    record =
        (struct store_record){.id = id, .version = 1, .class = STORE_CE, .params = sketch_params(&after)};
    ck_ok(store_change(place.token, &place.keys, &record));
    ck_assert_uint_eq(record.version, 2);
    ck_ok(store_version(place.token, id, &version));
    ck_assert_uint_eq(version, 2);
    expect_record(id, "after", "key");
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "before"), 0);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "after"), 1);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ID, "new"), 1);
    record.version = 1; /* somebody else was faster */
    ck_code(store_change(place.token, &place.keys, &record), HUKS_E_INTERNAL);
    record.id = 999;
    ck_code(store_change(place.token, &place.keys, &record), HUKS_E_NOT_EXIST);
    store_record_free(&record);
    struct sketch taken = SKETCH(.alias = "b");
    record =
        (struct store_record){.id = id, .version = 2, .class = STORE_CE, .params = sketch_params(&taken)};
    ck_code(store_change(place.token, &place.keys, &record), HUKS_E_ALIAS_EXISTS);
    store_record_free(&record);
    check_all_good(&place);
}
END_TEST

START_TEST(pair_keeps_its_alias_when_changed)
{
    uint64_t ids[2];
    ck_ok(try_add_pair(&place, SKETCH(.alias = "p", .class = STORE_DE, .level = 1),
                       SKETCH(.alias = "p", .level = 1), STORE_ALIAS_UNIQUE, ids));
    struct sketch after = SKETCH(.alias = "p", .label = "x", .level = 1);
    struct store_record record = {
        .id = ids[1], .version = 1, .class = STORE_CE, .params = sketch_params(&after)};
    ck_ok(store_change(place.token, &place.keys, &record));
    store_record_free(&record);
}
END_TEST

/* ---- aliases ---- */

START_TEST(alias_is_unique_within_its_level)
{
    uint64_t ids[2];
    uint64_t first = add(&place, SKETCH(.alias = "same", .class = STORE_CE));
    ck_code(try_add(&place, SKETCH(.alias = "same", .class = STORE_CE), STORE_ALIAS_UNIQUE, &ids[0]),
            HUKS_E_ALIAS_EXISTS);
    ck_assert_uint_eq(ids[0], 0);
    ck_code(try_add(&place, SKETCH(.alias = "same", .class = STORE_PIN_BOUND), STORE_ALIAS_UNIQUE, NULL),
            HUKS_E_ALIAS_EXISTS);
    ck_ok(try_add(&place, SKETCH(.alias = "same", .class = STORE_DE), STORE_ALIAS_UNIQUE, NULL));
    ck_ok(try_add(&place, SKETCH(.alias = "same", .class = STORE_ECE), STORE_ALIAS_UNIQUE, NULL));
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ALIAS, "same"), 3);
    /* A public half in class DE takes its pair's level. */
    ck_code(try_add_pair(&place, SKETCH(.alias = "same", .class = STORE_DE, .level = 1),
                         SKETCH(.alias = "same", .level = 1), STORE_ALIAS_UNIQUE, ids),
            HUKS_E_ALIAS_EXISTS);
    ck_ok(try_add_pair(&place, SKETCH(.alias = "same", .class = STORE_DE, .level = 1),
                       SKETCH(.alias = "same", .level = 1), STORE_ALIAS_REPLACE, ids));
    uint64_t version;
    ck_ok(store_version(place.token, first, &version));
    ck_assert_uint_eq(version, 0);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ALIAS, "same"), 4);
    ck_ok(try_add(&place, SKETCH(.alias = "same"), STORE_ALIAS_REPLACE, NULL));
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ALIAS, "same"), 3); /* both halves went */
    ck_ok(try_add(&place, SKETCH(.label = "no alias"), STORE_ALIAS_UNIQUE, NULL));
    ck_ok(try_add(&place, SKETCH(.label = "no alias"), STORE_ALIAS_UNIQUE, NULL));
    check_all_good(&place);
}
END_TEST

/* ---- classes ---- */

START_TEST(locked_classes_are_invisible)
{
    static const size_t visible[STORE_CLASSES] = {3, 2, 3, 3}; /* PIN-bound attributes are CE's */
    struct store_record record;
    uint64_t ids[STORE_CLASSES];
    for (unsigned i = 0; i < STORE_CLASSES; i++) {
        ids[i] = add(&place, SKETCH(.label = "same", .class = (enum store_class)i, .key = "k"));
    }
    ck_assert_uint_eq(count_matches(&place, NULL, 0), 4);
    for (size_t i = 1; i < STORE_CLASSES; i++) {
        place.keys.key[i] = NULL;
        ck_assert_uint_eq(count_matches(&place, NULL, 0), visible[i]);
        ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "same"), visible[i]);
        ck_code(store_read(place.token, &place.keys, ids[i], true, &record), HUKS_E_NOT_EXIST);
        ck_code(store_read(place.token, &place.keys, ids[i], false, &record), HUKS_E_NOT_EXIST);
        ck_code(store_remove(place.token, &place.keys, &ids[i], 1), HUKS_E_NOT_EXIST);
        ck_code(try_add(&place, SKETCH(.label = "x", .class = (enum store_class)i), STORE_ALIAS_UNIQUE, NULL),
                HUKS_E_INTERNAL);
        struct store_check_result result = check_token(&place);
        ck_assert_uint_eq(result.damaged, 0);
        ck_assert_uint_gt(result.locked, 0);
        ck_assert(result.structure_ok && result.set_hash_ok);
        place.keys.key[i] = place.key[i];
    }
    memset(place.key[STORE_CE], 0xEE, 32); /* another key is not this key */
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "same"), 2);
    ck_code(store_read(place.token, &place.keys, ids[STORE_CE], true, &record), HUKS_E_INTERNAL);
}
END_TEST

START_TEST(void_class_is_shown_and_refused)
{
    struct store_record record;
    uint64_t id = add(&place, SKETCH(.alias = "v", .label = "void", .class = STORE_PIN_BOUND, .key = "k"));
    place.keys.key[STORE_PIN_BOUND] = NULL;
    place.keys.gone[STORE_PIN_BOUND] = true;
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "void"), 1);
    ck_ok(store_read(place.token, &place.keys, id, false, &record));
    store_record_free(&record);
    ck_code(store_read(place.token, &place.keys, id, true, &record), HUKS_E_AUTH_INVALIDATED);
    struct sketch renamed = SKETCH(.alias = "v", .label = "renamed");
    record = (struct store_record){
        .id = id, .version = 1, .class = STORE_PIN_BOUND, .params = sketch_params(&renamed)};
    ck_ok(store_change(place.token, &place.keys, &record));
    store_record_free(&record);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "renamed"), 1);
    ck_ok(store_remove(place.token, &place.keys, &id, 1));
    check_all_good(&place);
}
END_TEST

START_TEST(forgotten_keys_come_back)
{
    uint64_t id = add(&place, SKETCH(.label = "l", .key = "k"));
    store_token_forget_keys(place.token);
    expect_record(id, "l", "k");
}
END_TEST

/* ---- searching ---- */

START_TEST(searches)
{
    char alias[20], label[20], key_id[20];
    uint32_t object_class, key_type;
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(alias, sizeof(alias), "a%u", i);
        (void)snprintf(label, sizeof(label), "l%u", i % 10);
        (void)snprintf(key_id, sizeof(key_id), "i%u", i % 50);
        (void)add(&place, SKETCH(.alias = alias, .label = label, .id = key_id, .object_class = i % 3,
                                 .key_type = i % 7, .class = (enum store_class)(i % STORE_CLASSES)));
    }
    ck_assert_uint_eq(count_matches(&place, NULL, 0), 300);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ALIAS, "a17"), 1);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "l3"), 30);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ID, "i49"), 6);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_ID, "l3"), 0); /* the tag is part of it */
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "none"), 0);
    object_class = 1;
    key_type = 4;
    struct store_match matches[] = {{HUKS_TAG_OBJECT_CLASS, bytes_of(&object_class, 4)},
                                    {HUKS_TAG_KEY_TYPE, bytes_of(&key_type, 4)},
                                    match_text(HUKS_TAG_LABEL, "l5"),
                                    match_text(HUKS_TAG_ALIAS, "a25")};
    ck_assert_uint_eq(count_matches(&place, matches, 1), 100);
    ck_assert_uint_eq(count_matches(&place, matches, 2), 15);
    ck_assert_uint_eq(count_matches(&place, matches, 3), 2);
    ck_assert_uint_eq(count_matches(&place, matches, 4), 1);
    struct store_match unindexed[] = {match_text(HUKS_TAG_URL, "?"), match_text(HUKS_TAG_LABEL, "l5"),
                                      match_text(HUKS_TAG_ID, "")};
    ck_assert_uint_eq(count_matches(&place, unindexed, 3), 30);
    ck_assert_uint_eq(count_matches(&place, unindexed, 1), 300);
    check_all_good(&place);
}
END_TEST

/* Few records with a label are looked at one by one, many by the index: there is no seam between. */
START_TEST(searches_few_and_many)
{
    uint32_t object_class = 1;
    for (unsigned number = 1; number <= 12; number++) {
        (void)add(&place, SKETCH(.label = "shared", .object_class = number % 2));
        const struct store_match matches[] = {{HUKS_TAG_OBJECT_CLASS, bytes_of(&object_class, 4)},
                                              match_text(HUKS_TAG_LABEL, "shared"),
                                              match_text(HUKS_TAG_ID, "none")};
        ck_assert_uint_eq(count_matches(&place, matches, 2), (number + 1) / 2);
        ck_assert_uint_eq(count_matches(&place, matches + 1, 1), number);
        ck_assert_uint_eq(count_matches(&place, matches, 3), 0);
    }
}
END_TEST

/* Few are read along with the search, all but those that the reader knows; of many none is. */
START_TEST(searches_read_what_is_wanted)
{
    uint32_t object_class = 1;
    for (unsigned number = 1; number <= 12; number++) {
        uint64_t id = add(&place, SKETCH(.label = "shared", .key = "k", .class = number % 2 ? STORE_CE : STORE_DE));
        const struct store_match matches[] = {match_text(HUKS_TAG_LABEL, "shared"),
                                              {HUKS_TAG_OBJECT_CLASS, bytes_of(&object_class, 4)}};
        struct reading_all all = {.not_this = 0};
        bool few = number <= 8;
        ck_assert_uint_eq(find_reading(&place, matches, 1, &all), number);
        ck_assert(few ? all.count == number : all.count <= 8);
        all.not_this = id;
        ck_assert_uint_eq(find_reading(&place, matches, 1, &all), number);
        ck_assert(few ? all.count == number - 1 && all.asked == number : all.count <= 8);
        ck_assert_uint_eq(find_reading(&place, matches, 2, &all), 0);
        ck_assert_uint_eq(all.count, 0);
    }
    for (unsigned number = 1; number <= 20; number++) {
        (void)add(&place, SKETCH(.label = "many"));
    }
    struct reading_all all = {.not_this = 0};
    const struct store_match many = match_text(HUKS_TAG_LABEL, "many");
    ck_assert_uint_eq(find_reading(&place, &many, 1, &all), 20);
    ck_assert_uint_eq(all.asked + all.count, 0);
}
END_TEST

/* What a search leaves out for there never was any is asked as soon as there is. */
START_TEST(searches_a_class_with_its_first_record)
{
    for (unsigned class = 0; class < STORE_CLASSES; class++) {
        ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "l"), class);
        (void)add(&place, SKETCH(.label = "l", .class = (enum store_class)class));
        ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "l"), class + 1);
        ck_assert_uint_eq(count_matches(&place, NULL, 0), class + 1);
    }
    place_again(&place);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "l"), STORE_CLASSES);
    check_all_good(&place);
}
END_TEST

static void *use_in_thread(void *argument)
{
    unsigned number = *(unsigned *)argument;
    for (unsigned i = 0; i < 25; i++) {
        char alias[30];
        (void)snprintf(alias, sizeof(alias), "t%u-%u", number, i);
        struct sketch sketch = SKETCH(.alias = alias, .label = alias, .key = "k");
        struct store_record record = sketch_record(&sketch);
        huks_rc rc = store_add(place.token, &place.keys, &record, 1, STORE_ALIAS_UNIQUE);
        uint64_t id = record.id;
        store_record_free(&record);
        struct store_match match = match_text(HUKS_TAG_LABEL, alias);
        uint64_t *ids = NULL;
        size_t found = 0;
        if (rc != HUKS_OK || store_find(place.token, &place.keys, &match, 1, NULL, &ids, &found) != HUKS_OK ||
            found != 1 || ids[0] != id ||
            store_read(place.token, &place.keys, id, true, &record) != HUKS_OK) {
            return argument;
        }
        free(ids);
        store_record_free(&record);
        if (i % 2 == 1 && store_remove(place.token, &place.keys, &id, 1) != HUKS_OK) {
            return argument;
        }
    }
    return NULL;
}

START_TEST(threads)
{
    pthread_t workers[12];
    unsigned numbers[12];
    for (unsigned i = 0; i < 12; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&workers[i], NULL, use_in_thread, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < 12; i++) {
        void *failed = NULL;
        (void)pthread_join(workers[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(count_matches(&place, NULL, 0), 12 * 13);
    check_all_good(&place);
}
END_TEST

/* ---- the generation ---- */

START_TEST(generation_moves_with_records)
{
    uint64_t before = store_generation(place.token);
    ck_assert_uint_eq(store_generation(place.token), before);
    uint64_t id = add(&place, SKETCH(.label = "x"));
    uint64_t added = store_generation(place.token);
    ck_assert_uint_ne(added, before);
    ck_assert_uint_eq(store_generation(place.token), added);
    ck_ok(store_remove(place.token, &place.keys, &id, 1));
    ck_assert_uint_ne(store_generation(place.token), added);
}
END_TEST

static huks_rc put_two(struct store_token *token, void *argument)
{
    HUKS_TRY(store_meta_put(token, "one", *(const struct bytes *)argument));
    return store_meta_delete(token, "two");
}

START_TEST(metadata_has_its_own_generation)
{
    struct bytes value = bytes_of("v", 1);
    uint64_t records = store_generation(place.token), meta = store_meta_generation(place.token);
    (void)add(&place, SKETCH(.label = "x"));
    ck_assert_uint_eq(store_meta_generation(place.token), meta);
    ck_assert_uint_ne(store_generation(place.token), records);

    records = store_generation(place.token);
    ck_ok(store_meta_put(place.token, "one", value));
    uint64_t put = store_meta_generation(place.token);
    ck_assert_uint_ne(put, meta);
    ck_ok(store_meta_delete(place.token, "one"));
    uint64_t deleted = store_meta_generation(place.token);
    ck_assert_uint_ne(deleted, put);
    ck_ok(store_meta_change(place.token, put_two, &value));
    ck_assert_uint_ne(store_meta_generation(place.token), deleted);
    ck_assert_uint_eq(store_generation(place.token), records);
}
END_TEST

/* ---- the directory ---- */

START_TEST(nothing_is_made_by_looking)
{
    struct place other = {0};
    struct store_token *token = NULL;
    size_t count = 99;
    char serial[17];
    place_path(&other);
    place_connect(&other);
    ck_ok(store_tokens(other.store, NULL, 0, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(store_free_ordinal(other.store), 0);
    ck_assert(store_writable(other.store));
    ck_ok(store_serial(other.store, 0, serial));
    ck_code(store_token_open(other.store, 0, &token), HUKS_E_NOT_EXIST);
    ck_assert_int_ne(access(other.dir, F_OK), 0);
    place_close(&other);
}
END_TEST

START_TEST(ordinals_and_serials)
{
    uint32_t ordinals[4] = {9, 9, 9, 9};
    size_t count;
    char serial[17], again[17], text[400];
    uint8_t hash[32];
    ck_assert_uint_eq(store_free_ordinal(place.store), 1);
    make_token(&place, 1, 0);
    make_token(&place, 2, 0);
    ck_ok(store_tokens(place.store, ordinals, 2, &count));
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(ordinals[0], 0);
    ck_assert_uint_eq(ordinals[1], 1);
    ck_assert_uint_eq(ordinals[2], 9);
    ck_assert_uint_eq(store_free_ordinal(place.store), 3);
    /* A token whose files somebody removed leaves its ordinal used. */
    ck_assert_int_eq(unlink(place_file(&place, "token-2.db")), 0);
    ck_ok(store_tokens(place.store, ordinals, 4, &count));
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(store_free_ordinal(place.store), 3);
    /* A try that got no further than the lock does not use it up. */
    bool locked;
    ck_ok(store_token_lock_exclusive(place.store, 3, &locked));
    store_token_unlock_exclusive(place.store, 3);
    ck_assert_uint_eq(store_free_ordinal(place.store), 3);
    ck_ok(store_serial(place.store, 7, serial));
    (void)snprintf(text, sizeof(text), "%s7", store_path(place.store));
    ck_ok(crypto_sha256(place.crypto, bytes_of(text, strlen(text)), hash));
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(again + 2 * i, 3, "%02x", hash[i]);
    }
    ck_assert_str_eq(serial, again);
}
END_TEST

START_TEST(path_is_the_same_before_and_after)
{
    struct place other = {0};
    char link[300], before[300], target[300];
    place_path(&other);
    (void)snprintf(target, sizeof(target), "%s/real", other.top);
    (void)snprintf(link, sizeof(link), "%s/link", other.top);
    ck_assert_int_eq(mkdir(target, 0700), 0);
    ck_assert_int_eq(symlink(target, link), 0);
    (void)snprintf(other.dir, sizeof(other.dir), "%s/link/a/b//", other.top);
    place_connect(&other);
    (void)snprintf(before, sizeof(before), "%s", store_path(other.store));
    make_token(&other, 0, 0);
    place_disconnect(&other);
    place_connect(&other);
    ck_assert_str_eq(store_path(other.store), before);
    ck_ok(store_token_open(other.store, 0, &other.token));
    struct stat status;
    ck_assert_int_eq(stat(before, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0700);
    place_close(&other);
}
END_TEST

/* ---- replacing a token ---- */

START_TEST(token_made_anew)
{
    uint64_t first, second;
    struct store_record record;
    bool locked;
    uint64_t id = add(&place, SKETCH(.label = "old", .key = "k"));
    uint64_t generation = store_generation(place.token);
    ck_ok(store_token_life(place.token, &first));
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(locked);
    ck_code(store_token_make(place.store, 0, 0, NULL, 0), HUKS_E_ALIAS_EXISTS);
    ck_code(store_token_make(place.store, 0, first + 1, NULL, 0), HUKS_E_INTERNAL);
    ck_code(store_token_make(place.store, 5, first, NULL, 0), HUKS_E_INTERNAL);
    ck_ok(store_token_make(place.store, 0, first, NULL, 0));
    store_token_unlock_exclusive(place.store, 0);
    ck_ok(store_token_life(place.token, &second));
    ck_assert_uint_ne(first, second);
    ck_assert_uint_ne(store_generation(place.token), generation);
    ck_code(store_read(place.token, &place.keys, id, true, &record), HUKS_E_NOT_EXIST);
    ck_assert_uint_eq(count_matches(&place, NULL, 0), 0);
    uint64_t other = add(&place, SKETCH(.label = "new", .key = "k"));
    expect_record(other, "new", "k");
    place_again(&place);
    expect_record(other, "new", "k");
    check_all_good(&place);
}
END_TEST

/* ---- presence ---- */

START_TEST(holds_and_exclusive)
{
    bool locked;
    ck_ok(store_token_hold(place.store, 0));
    ck_ok(store_token_hold(place.store, 0));
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(!locked);
    store_token_unhold(place.store, 0);
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(!locked);
    store_token_unhold(place.store, 0);
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(locked);
    ck_ok(store_token_lock_exclusive(place.store, 0, &locked));
    ck_assert(!locked);
    store_token_unlock_exclusive(place.store, 0);
    ck_ok(store_token_hold(place.store, 0));
    store_token_unhold(place.store, 0);
}
END_TEST

/* ---- the root key ---- */

START_TEST(root_key_seals)
{
    AUTO(buffer_free) struct buffer sealed = {0};
    AUTO(secret_free) struct secret plain = {0};
    struct bytes context = bytes_of("device", 6);
    ck_ok(store_root_seal(place.store, context, bytes_of("the key", 7), &sealed));
    struct bytes seal = bytes_of(sealed.data, sealed.size);
    place_again(&place);
    ck_ok(store_root_unseal(place.store, context, seal, &plain));
    ck_assert(crypto_equal(plain.data, plain.size, "the key", 7));
    secret_free(&plain);
    ck_code(store_root_unseal(place.store, bytes_of("other", 5), seal, &plain), HUKS_E_INTERNAL);
    ck_code(store_root_unseal(place.store, context, bytes_of(sealed.data, 20), &plain), HUKS_E_INTERNAL);
    struct stat status;
    ck_assert_int_eq(stat(place_file(&place, "root.key"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    ck_assert_int_eq(status.st_size, 32);
    /* A credential comes first, and what the file's key sealed is still opened. */
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", place.top, 1), 0);
    char path[400];
    (void)snprintf(path, sizeof(path), "%s/huks-root-key", place.top);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 32; i++) {
        (void)fprintf(file, "%02X", i);
    }
    (void)fputs("\n", file);
    ck_assert_int_eq(fclose(file), 0);
    ck_ok(store_root_unseal(place.store, context, seal, &plain));
    secret_free(&plain);
    AUTO(buffer_free) struct buffer by_credential = {0};
    ck_ok(store_root_seal(place.store, context, bytes_of("x", 1), &by_credential));
    ck_ok(store_root_unseal(place.store, context, bytes_of(by_credential.data, by_credential.size), &plain));
    secret_free(&plain);
    ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    ck_code(store_root_unseal(place.store, context, bytes_of(by_credential.data, by_credential.size), &plain),
            HUKS_E_INTERNAL);
    /* Another root key, then none. */
    ck_assert_int_eq(truncate(place_file(&place, "root.key"), 31), 0);
    ck_code(store_root_unseal(place.store, context, seal, &plain), HUKS_E_FILE);
    ck_assert_int_eq(truncate(place_file(&place, "root.key"), 32), 0);
    ck_code(store_root_unseal(place.store, context, seal, &plain), HUKS_E_INTERNAL);
    ck_assert_int_eq(unlink(place_file(&place, "root.key")), 0);
    ck_code(store_root_unseal(place.store, context, seal, &plain), HUKS_E_INTERNAL);
}
END_TEST

/* ---- the table of functions ---- */

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tests = tcase_create("store");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, meta_values);
    tcase_add_test(tests, meta_changes);
    tcase_add_test(tests, meta_threads);
    tcase_add_test(tests, records_come_back);
    tcase_add_test(tests, pairs_know_each_other);
    tcase_add_test(tests, ids_are_never_reused);
    tcase_add_test(tests, changes);
    tcase_add_test(tests, pair_keeps_its_alias_when_changed);
    tcase_add_test(tests, alias_is_unique_within_its_level);
    tcase_add_test(tests, locked_classes_are_invisible);
    tcase_add_test(tests, void_class_is_shown_and_refused);
    tcase_add_test(tests, forgotten_keys_come_back);
    tcase_add_test(tests, searches);
    tcase_add_test(tests, searches_few_and_many);
    tcase_add_test(tests, searches_read_what_is_wanted);
    tcase_add_test(tests, searches_a_class_with_its_first_record);
    tcase_add_test(tests, threads);
    tcase_add_test(tests, generation_moves_with_records);
    tcase_add_test(tests, metadata_has_its_own_generation);
    tcase_add_test(tests, nothing_is_made_by_looking);
    tcase_add_test(tests, ordinals_and_serials);
    tcase_add_test(tests, path_is_the_same_before_and_after);
    tcase_add_test(tests, token_made_anew);
    tcase_add_test(tests, holds_and_exclusive);
    tcase_add_test(tests, root_key_seals);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
