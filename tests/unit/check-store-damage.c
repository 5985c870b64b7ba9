/* The key store against damage, strangers, and places that can't be written. */
#include <sched.h>
#include <sys/mount.h>

#include "check-store.h"

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

static huks_rc reading(uint64_t id)
{
    struct store_record record;
    huks_rc rc = store_read(place.token, &place.keys, id, true, &record);
    store_record_free(&record);
    return rc;
}

/* ---- rows ---- */

static uint64_t reported;

static void report(uint64_t id, const char *what, void *argument)
{
    ck_assert_ptr_nonnull(what);
    ck_assert_ptr_eq(argument, &reported);
    reported = id;
}

/* What was done to record 2 costs record 2. */
static void expect_only_second_bad(void)
{
    struct store_check_result result;
    ck_ok(reading(1));
    ck_code(reading(2), HUKS_E_INTERNAL);
    ck_assert_int_eq(error_about(), ABOUT_OBJECT);
    ck_ok(reading(3));
    reported = 0;
    ck_ok(store_check(place.token, &place.keys, report, &reported, &result));
    ck_assert_uint_eq(result.damaged, 1);
    ck_assert_uint_eq(result.records, 3);
    ck_assert_uint_eq(reported, 2);
    ck_assert_uint_ne(add(&place, SKETCH(.label = "work goes on", .key = "k")), 0);
}

/* One byte becomes another, whatever it was: those of sealed data are random. */
#define FIRST_FLIPPED "CASE substr(attrs,1,1) WHEN x'00' THEN x'01' ELSE x'00' END||substr(attrs,2)"
#define LAST_FLIPPED  "substr(key,1,length(key)-1)||CASE substr(key,-1) WHEN x'5A' THEN x'5B' ELSE x'5A' END"

static const char *const row_damage[] = {
    "UPDATE item SET attrs=(SELECT attrs FROM item WHERE id=1) WHERE id=2",
    "UPDATE item SET key=(SELECT key FROM item WHERE id=1) WHERE id=2",
    "UPDATE item SET attrs=substr(attrs,1,length(attrs)-1) WHERE id=2",
    "UPDATE item SET attrs=x'' WHERE id=2",
    "UPDATE item SET key=x'' WHERE id=2",
    ("UPDATE item SET attrs=" FIRST_FLIPPED " WHERE id=2"),
    ("UPDATE item SET key=" LAST_FLIPPED " WHERE id=2"),
    "UPDATE item SET class=0 WHERE id=2",
    "UPDATE item SET class=77 WHERE id=2",
    "UPDATE item SET version=9 WHERE id=2",
    "UPDATE item SET key_version=9 WHERE id=2",
    "UPDATE item SET pair=1 WHERE id=2",
    "UPDATE item SET hashes=x'0011223344556677' WHERE id=2",
    "UPDATE item SET attrs=zeroblob(100000) WHERE id=2",
};

START_TEST(damaged_rows_are_isolated)
{
    (void)add(&place, SKETCH(.alias = "1", .label = "1", .key = "k"));
    (void)add(&place, SKETCH(.alias = "2", .label = "2", .key = "k"));
    (void)add(&place, SKETCH(.alias = "3", .label = "3", .key = "k"));
    place_disconnect(&place);
    tamper(&place, row_damage[_i]);
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    expect_only_second_bad();
    for (unsigned i = 0; i < 3; i++) {
        const char label[2] = {(char)('1' + i)};
        const struct store_match match = match_text(HUKS_TAG_LABEL, label);
        struct reading_all all = {.not_this = 0};
        ck_assert_uint_eq(find_reading(&place, &match, 1, &all), 1);
        ck_assert(all.count == 1 || i == 1);
    }
    /* The alias of a damaged record can be taken over by who asks for it. */
    ck_ok(try_add(&place, SKETCH(.alias = "2", .label = "2", .key = "k"), STORE_ALIAS_REPLACE, NULL));
}
END_TEST

START_TEST(swapped_rows_are_noticed)
{
    (void)add(&place, SKETCH(.label = "1", .key = "k"));
    (void)add(&place, SKETCH(.label = "2", .key = "k"));
    place_disconnect(&place);
    tamper(&place, "UPDATE item SET id=99 WHERE id=1; UPDATE item SET id=1 WHERE id=2; UPDATE item SET id=2 "
                   "WHERE id=99");
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    ck_code(reading(1), HUKS_E_INTERNAL);
    ck_code(reading(2), HUKS_E_INTERNAL);
}
END_TEST

static const char *const set_damage[] = {
    "DELETE FROM ix WHERE id=2; DELETE FROM item WHERE id=2", /* removed           */
    "INSERT INTO item SELECT 77,version,key_version,pair,class,hashes,attrs,key FROM item WHERE id=2",
    "UPDATE state SET seal=x'00'", /* the hash itself   */
    "UPDATE state SET next=next+1",
};

START_TEST(removed_and_added_rows_are_noticed)
{
    (void)add(&place, SKETCH(.label = "1", .key = "k"));
    (void)add(&place, SKETCH(.label = "2", .key = "k"));
    check_all_good(&place);
    place_disconnect(&place);
    tamper(&place, set_damage[_i]);
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    ck_assert(!check_token(&place).set_hash_ok);
    ck_ok(reading(1));
    (void)add(&place, SKETCH(.label = "3", .key = "k"));
    ck_assert(!check_token(&place).set_hash_ok); /* and stays noticed */
}
END_TEST

START_TEST(rolled_back_record_is_noticed)
{
    struct sketch after = SKETCH(.label = "after");
    uint64_t id = add(&place, SKETCH(.label = "before", .key = "k"));
    place_disconnect(&place);
    tamper(&place, "CREATE TABLE old AS SELECT * FROM item; CREATE TABLE old_ix AS SELECT * FROM ix");
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    struct store_record record = {.id = id, .version = 1, .class = STORE_CE, .params = sketch_params(&after)};
    ck_ok(store_change(place.token, &place.keys, &record));
    store_record_free(&record);
    check_all_good(&place);
    place_disconnect(&place);
    tamper(&place, "DELETE FROM item; INSERT INTO item SELECT * FROM old; DELETE FROM ix; INSERT INTO ix "
                   "SELECT * FROM old_ix");
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    ck_ok(reading(id)); /* well-formed: only the set hash can tell */
    ck_assert(!check_token(&place).set_hash_ok);
}
END_TEST

START_TEST(index_damage_is_noticed)
{
    (void)add(&place, SKETCH(.label = "1", .key = "k"));
    place_disconnect(&place);
    tamper(&place,
           _i == 0 ? "DELETE FROM ix WHERE hash=(SELECT min(hash) FROM ix)" : "INSERT INTO ix VALUES(5,5)");
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    struct store_check_result result = check_token(&place);
    ck_assert(result.damaged == 1 || !result.structure_ok);
    ck_ok(reading(1));
}
END_TEST

/* Searches look into no class that is said to be empty: the check says which records that hides. */
START_TEST(hidden_classes_are_noticed)
{
    (void)add(&place, SKETCH(.label = "1", .key = "k"));
    place_disconnect(&place);
    tamper(&place, _i == 0 ? "UPDATE meta SET value=x'01' WHERE name='store.classes'"
                           : "DELETE FROM meta WHERE name='store.classes'");
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    ck_assert_uint_eq(check_token(&place).damaged, _i == 0 ? 1 : 0);
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "1"), _i == 0 ? 0 : 1);
    ck_ok(reading(1));
    (void)add(&place, SKETCH(.label = "2", .key = "k")); /* and one that is added shows all */
    ck_assert_uint_eq(count_matches(&place, NULL, 0), 2);
    ck_assert_uint_eq(check_token(&place).damaged, 0);
}
END_TEST

START_TEST(records_do_not_move_between_tokens)
{
    char sql[900];
    (void)add(&place, SKETCH(.label = "1", .key = "k"));
    make_token(&place, 1, 0);
    place_disconnect(&place);
    (void)snprintf(sql, sizeof(sql), "ATTACH '%s/token-1.db' AS b; INSERT INTO b.item SELECT * FROM item;",
                   place.dir);
    tamper(&place, sql);
    place_connect(&place);
    ck_ok(store_token_open(place.store, 1, &place.token));
    ck_code(reading(1), HUKS_E_INTERNAL);
}
END_TEST

/* ---- files ---- */

static huks_rc opening(void)
{
    struct store_token *token = NULL;
    huks_rc rc = store_token_open(place.store, 0, &token);
    if (rc == HUKS_OK) {
        store_token_close(token);
    } else {
        ck_assert_ptr_null(token);
    }
    return rc;
}

static void close_token(void)
{
    store_token_close(place.token);
    place.token = NULL;
}

static void overwrite(const char *name, off_t offset, const void *data, size_t size)
{
    int fd = open(place_file(&place, name), O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, data, size, offset), (ssize_t)size);
    ck_assert_int_eq(close(fd), 0);
}

START_TEST(broken_files_are_refused)
{
    char zeros[4096] = {0};
    close_token();
    switch (_i) {
    case 0:
        ck_assert_int_eq(truncate(place_file(&place, "token-0.db"), 0), 0);
        ck_code(opening(), HUKS_E_FILE);
        break;
    case 1:
        ck_assert_int_eq(truncate(place_file(&place, "token-0.db"), 100), 0);
        break;
    case 2:
        ck_assert_int_eq(truncate(place_file(&place, "token-0.db"), 4096), 0);
        break;
    case 3:
        overwrite("token-0.db", 0, zeros, sizeof(zeros));
        break;
    case 4:
        overwrite("token-0.db", 0, "a text that is longer than SQLite's header, and none of it", 58);
        break;
    default:
        overwrite("token-0.db", 68, "XXXX", 4); /* application id */
        break;
    }
    huks_rc rc = opening();
    ck_assert_msg(rc == HUKS_E_FILE || rc == HUKS_E_INTERNAL, "%d", (int)rc);
    /* And it can be made anew by who knows what that means. */
    make_token(&place, 0, STORE_LIFE_ANY);
    ck_ok(opening());
}
END_TEST

START_TEST(newer_format_is_refused)
{
    make_token(&place, 1, 0);
    place_disconnect(&place);
    tamper(&place, "PRAGMA user_version=2");
    place_connect(&place);
    ck_code(opening(), HUKS_E_INTERNAL);
    ck_assert_int_eq(error_about(), ABOUT_TOKEN);
    ck_ok(store_token_open(place.store, 1, &place.token)); /* the others work */
}
END_TEST

START_TEST(strangers_are_refused)
{
    struct store *store = NULL;
    char target[400];
    close_token();
    switch (_i) {
    case 0:
        ck_assert_int_eq(chmod(place.dir, 0707), 0);
        break;
    case 1:
        ck_assert_int_eq(chmod(place.dir, 0720), 0);
        break;
    case 2:
        if (geteuid() != 0) {
            return;
        }
        ck_assert_int_eq(chown(place.dir, 4711, 4711), 0);
        break;
    case 3:
        ck_assert_int_eq(chmod(place_file(&place, "token-0.db"), 0602), 0);
        break;
    case 4:
        ck_assert_int_eq(chmod(place_file(&place, "token-0.db"), 0620), 0);
        break;
    case 5:
    case 6:
        (void)snprintf(target, sizeof(target), "%s/elsewhere", place.top);
        ck_assert_int_eq(rename(place_file(&place, _i == 5 ? "token-0.db" : "token-0.db-wal"), target), 0);
        ck_assert_int_eq(symlink(target, place_file(&place, _i == 5 ? "token-0.db" : "token-0.db-wal")), 0);
        break;
    default:
        if (geteuid() != 0) {
            return;
        }
        ck_assert_int_eq(chown(place_file(&place, "token-0.db"), 4711, 0), 0);
        break;
    }
    if (_i <= 2) {
        ck_code(store_open(&place.config, place.crypto, &store), HUKS_E_INTERNAL);
        ck_assert_ptr_null(store);
    } else {
        ck_code(opening(), HUKS_E_INTERNAL);
    }
}
END_TEST

START_TEST(root_key_link_is_refused)
{
    AUTO(buffer_free) struct buffer sealed = {0};
    ck_assert_int_eq(symlink("/etc/passwd", place_file(&place, "root.key")), 0);
    ck_code(store_root_seal(place.store, BYTES_NONE, bytes_of("x", 1), &sealed), HUKS_E_INTERNAL);
    ck_assert_int_eq(unlink(place_file(&place, "root.key")), 0);
    ck_ok(store_root_seal(place.store, BYTES_NONE, bytes_of("x", 1), &sealed));
    ck_assert_int_eq(chmod(place_file(&place, "root.key"), 0604), 0);
    ck_code(store_root_seal(place.store, BYTES_NONE, bytes_of("x", 1), &sealed), HUKS_E_INTERNAL);
}
END_TEST

START_TEST(group_shares_a_store)
{
    struct stat status;
    struct place shared = {0};
    place_path(&shared);
    config_defaults(&shared.config);
    (void)snprintf(shared.config.store, sizeof(shared.config.store), "%s", shared.dir);
    (void)snprintf(shared.config.store_group, sizeof(shared.config.store_group), "%u", (unsigned)getegid());
    ck_ok(crypto_open(&shared.crypto));
    ck_ok(store_open(&shared.config, shared.crypto, &shared.store));
    make_token(&shared, 0, 0);
    ck_ok(store_token_open(shared.store, 0, &shared.token));
    ck_assert_int_eq(stat(shared.dir, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 02770);
    const char *const names[] = {"token-0.db", "token-0.db-wal", "token-0.db-shm", "token-0.lock"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_int_eq(stat(place_file(&shared, names[i]), &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0660);
    }
    place_disconnect(&shared);
    /* Without the configuration the same directory is a stranger's. */
    shared.config.store_group[0] = '\0';
    ck_code(store_open(&shared.config, shared.crypto, &shared.store), HUKS_E_INTERNAL);
    shared.store = NULL;
    (void)snprintf(shared.config.store_group, sizeof(shared.config.store_group), "no-such-group");
    ck_code(store_open(&shared.config, shared.crypto, &shared.store), HUKS_E_INTERNAL);
    shared.store = NULL;
    crypto_close(shared.crypto);
    place_remove(&shared);
}
END_TEST

/* ---- places that can't be written: a mount namespace of the test's own ---- */

static bool may_mount(void)
{
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
        return true;
    }
    (void)fprintf(stderr, "skipped: mounts need CAP_SYS_ADMIN (%s)\n", strerror(errno));
    return false;
}

static void remount_read_only(void)
{
    ck_assert_int_eq(mount(place.dir, place.dir, NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount("none", place.dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
}

/* Reading works, writing is refused for the right reason. */
static void expect_read_only(uint64_t id)
{
    huks_rc outcome;
    ck_assert(!store_writable(place.store));
    ck_assert(!store_token_writable(place.token));
    ck_ok(reading(id));
    ck_assert_uint_eq(count_text(&place, HUKS_TAG_LABEL, "kept"), 1);
    uint64_t generation = store_generation(place.token);
    ck_assert_uint_eq(store_generation(place.token), generation);
    ck_code(try_add(&place, SKETCH(.label = "x"), STORE_ALIAS_UNIQUE, NULL), HUKS_E_FILE);
    ck_assert_int_eq(error_about(), ABOUT_READ_ONLY);
    ck_code(store_remove(place.token, &place.keys, &id, 1), HUKS_E_FILE);
    ck_assert_int_eq(error_about(), ABOUT_READ_ONLY);
    ck_code(store_meta_put(place.token, "x", BYTES_NONE), HUKS_E_FILE);
    ck_assert_int_eq(error_about(), ABOUT_READ_ONLY);
    outcome = store_token_make(place.store, 0, STORE_LIFE_ANY, NULL, 0);
    ck_assert_int_eq(outcome, HUKS_E_FILE);
    ck_assert_int_eq(error_about(), ABOUT_READ_ONLY);
    ck_ok(store_token_hold(place.store, 0));
    store_token_unhold(place.store, 0);
    check_all_good(&place);
}

enum { RO_AS_IT_IS, RO_NO_INDEX, RO_NO_LOG, RO_NO_LOCK_FILE, RO_LOG_ALREADY_IN, RO_CASES };

START_TEST(read_only_store)
{
    uint64_t id = 0;
    if (!may_mount()) {
        return;
    }
    id = add(&place, SKETCH(.alias = "a", .label = "kept", .key = "k"));
    place_disconnect(&place);
    struct stat status;
    ck_assert_int_eq(stat(place_file(&place, "token-0.db-wal"), &status), 0);
    ck_assert_int_gt(status.st_size, 0); /* the record is in the log alone */
    switch (_i) {
    case RO_NO_INDEX:
        ck_assert_int_eq(unlink(place_file(&place, "token-0.db-shm")), 0);
        break;
    case RO_NO_LOG:
        tamper(&place, "PRAGMA wal_checkpoint(TRUNCATE)");
        (void)unlink(place_file(&place, "token-0.db-wal"));
        (void)unlink(place_file(&place, "token-0.db-shm"));
        break;
    case RO_NO_LOCK_FILE:
        ck_assert_int_eq(unlink(place_file(&place, "token-0.lock")), 0);
        break;
    case RO_LOG_ALREADY_IN: {
        char command[1000];
        (void)snprintf(command, sizeof(command), "cp '%s' '%s/wal'", place_file(&place, "token-0.db-wal"),
                       place.top);
        ck_assert_int_eq(system(command), 0);
        tamper(&place, "PRAGMA wal_checkpoint(TRUNCATE)");
        (void)snprintf(command, sizeof(command), "cp '%s/wal' '%s'; rm -f '%s/token-0.db-shm'", place.top,
                       place_file(&place, "token-0.db-wal"), place.dir);
        ck_assert_int_eq(system(command), 0);
        break;
    }
    default:
        break;
    }
    remount_read_only();
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    expect_read_only(id);
    place_disconnect(&place);
    ck_assert_int_eq(umount(place.dir), 0);
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
    (void)add(&place, SKETCH(.label = "again"));
    ck_ok(reading(id));
}
END_TEST

/* A container sees the host's store read-only while the host writes. */
START_TEST(read_only_view_of_a_living_store)
{
    struct place view = {0};
    if (!may_mount()) {
        return;
    }
    uint64_t first = add(&place, SKETCH(.label = "kept", .key = "k"));
    (void)snprintf(view.dir, sizeof(view.dir), "%s/view", place.top);
    ck_assert_int_eq(mkdir(view.dir, 0700), 0);
    ck_assert_int_eq(mount(place.dir, view.dir, NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount("none", view.dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
    int go[2], done[2];
    ck_assert_int_eq(pipe(go), 0);
    ck_assert_int_eq(pipe(done), 0);
    place_disconnect(&place);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        mortal = true;
        place_connect(&place);
        ck_ok(store_token_open(place.store, 0, &place.token));
        while (read(go[0], &byte, 1) == 1 && byte == 'a') {
            (void)add(&place, SKETCH(.label = "more", .key = "k"));
            must(write(done[1], "d", 1) == 1);
        }
        place_disconnect(&place);
        _exit(0);
    }
    view.crypto = place.crypto;
    place_connect(&view);
    char byte;
    ck_ok(store_token_open(view.store, 0, &view.token));
    uint64_t generation = store_generation(view.token);
    for (size_t i = 1; i <= 20; i++) {
        ck_assert_int_eq(write(go[1], "a", 1), 1);
        ck_assert_int_eq(read(done[0], &byte, 1), 1);
        ck_assert_uint_ne(store_generation(view.token), generation);
        generation = store_generation(view.token);
        ck_assert_uint_eq(count_text(&view, HUKS_TAG_LABEL, "more"), i);
    }
    struct store_record record;
    ck_ok(store_read(view.token, &view.keys, first, true, &record));
    store_record_free(&record);
    ck_assert_int_eq(write(go[1], "q", 1), 1);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    place_disconnect(&view);
    ck_assert_int_eq(umount(view.dir), 0);
    place_connect(&place);
    ck_ok(store_token_open(place.store, 0, &place.token));
}
END_TEST

START_TEST(full_disk)
{
    struct place small = {0};
    size_t added = 0;
    if (!may_mount()) {
        return;
    }
    place_path(&small);
    ck_assert_int_eq(mkdir(small.dir, 0700), 0);
    ck_assert_int_eq(mount("none", small.dir, "tmpfs", 0, "size=512k,mode=0700"), 0);
    place_connect(&small);
    make_token(&small, 0, 0);
    ck_ok(store_token_open(small.store, 0, &small.token));
    huks_rc rc = HUKS_OK;
    char key[3000];
    memset(key, 'x', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    while (rc == HUKS_OK && added < 10000) {
        rc = try_add(&small, SKETCH(.label = "big", .key = key), STORE_ALIAS_UNIQUE, NULL);
        added += rc == HUKS_OK;
    }
    ck_assert_int_eq(rc, HUKS_E_FILE);
    ck_assert_int_eq(error_about(), ABOUT_NO_SPACE);
    ck_assert_uint_gt(added, 10);
    ck_assert_uint_eq(count_text(&small, HUKS_TAG_LABEL, "big"), added);
    /* A second process can read, and whoever makes room can go on. */
    place_disconnect(&small);
    place_connect(&small);
    ck_ok(store_token_open(small.store, 0, &small.token));
    ck_assert_uint_eq(count_text(&small, HUKS_TAG_LABEL, "big"), added);
    ck_assert_int_eq(mount("none", small.dir, "tmpfs", MS_REMOUNT, "size=4m"), 0);
    (void)add(&small, SKETCH(.label = "big", .key = key));
    ck_assert_uint_eq(count_text(&small, HUKS_TAG_LABEL, "big"), added + 1);
    check_all_good(&small);
    place_disconnect(&small);
    ck_assert_int_eq(umount(small.dir), 0);
    place_close(&small);
}
END_TEST

/* SQLite's descriptors may be gone when the host closes what it doesn't know. */
START_TEST(closed_descriptors_are_noticed)
{
    uint64_t id = add(&place, SKETCH(.label = "kept", .key = "k"));
    for (int fd = 3; fd < 256; fd++) {
        (void)close(fd);
    }
    ck_code(reading(id), HUKS_E_INTERNAL);
    ck_code(try_add(&place, SKETCH(.label = "x"), STORE_ALIAS_UNIQUE, NULL), HUKS_E_INTERNAL);
    place_remove(&place);
    _exit(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store-damage");
    TCase *tests = tcase_create("store-damage");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_loop_test(tests, damaged_rows_are_isolated, 0, (int)ARRAY_SIZE(row_damage));
    tcase_add_test(tests, swapped_rows_are_noticed);
    tcase_add_loop_test(tests, removed_and_added_rows_are_noticed, 0, (int)ARRAY_SIZE(set_damage));
    tcase_add_test(tests, rolled_back_record_is_noticed);
    tcase_add_loop_test(tests, index_damage_is_noticed, 0, 2);
    tcase_add_loop_test(tests, hidden_classes_are_noticed, 0, 2);
    tcase_add_test(tests, records_do_not_move_between_tokens);
    tcase_add_loop_test(tests, broken_files_are_refused, 0, 6);
    tcase_add_test(tests, newer_format_is_refused);
    tcase_add_loop_test(tests, strangers_are_refused, 0, 8);
    tcase_add_test(tests, root_key_link_is_refused);
    tcase_add_test(tests, group_shares_a_store);
    tcase_add_loop_test(tests, read_only_store, 0, RO_CASES);
    tcase_add_test(tests, read_only_view_of_a_living_store);
    tcase_add_test(tests, full_disk);
    suite_add_tcase(suite, tests);
    TCase *rough = tcase_create("rough");
    tcase_add_checked_fixture(rough, open_place, NULL);
    tcase_add_test(rough, closed_descriptors_are_noticed);
    suite_add_tcase(suite, rough);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
