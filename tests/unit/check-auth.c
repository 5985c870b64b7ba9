/* Authentication: class keys, PINs, login, clearing, and what others' changes do to this process. */
#include "check-auth.h"

#include "param/set.h"

char top[256];
static struct side here;

static void open_place(void)
{
    place_make();
    memset(&here, 0, sizeof here);
    side_config(&here);
    side_connect(&here);
    token_new(&here, SO_PIN, 0);
    side_token(&here);
}

static void close_place(void)
{
    side_close(&here);
    secret_arena_release();
    place_remove();
}

/* ---- class keys ---- */

START_TEST(without_a_pin_everything_is_open)
{
    uint8_t ce[32], ece[32], de[32];
    struct auth_state state = state_of(&here);
    ck_assert(!state.user_pin_set && state.so_pin_set);
    ck_assert(key_of(&here, STORE_DE, de) && key_of(&here, STORE_CE, ce) && key_of(&here, STORE_ECE, ece));
    ck_assert(memcmp(ce, ece, 32) != 0 && memcmp(de, ce, 32) != 0);
    ck_assert(!key_open(&here, STORE_PIN_BOUND) && key_gone(&here, STORE_PIN_BOUND));
    ck_fail(auth_login(here.auth, AUTH_USER, USER_PIN), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    ck_fail(auth_set_pin(here.auth, AUTH_USER, USER_PIN, USER_PIN), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    side_close(&here);
    side_open(&here);
    ck_assert(key_is(&here, STORE_DE, de) && key_is(&here, STORE_CE, ce) && key_is(&here, STORE_ECE, ece));
}
END_TEST

START_TEST(first_pin_closes_and_keeps_the_keys)
{
    uint8_t ce[32], de[32], seen[32], bound[32];
    ck_assert(key_of(&here, STORE_DE, de) && key_of(&here, STORE_CE, ce));
    ck_ok(auth_login(here.auth, AUTH_SO, SO_PIN));
    ck_ok(auth_init_pin(here.auth, USER_PIN));
    ck_assert(!key_open(&here, STORE_CE) && !key_open(&here, STORE_ECE) && key_is(&here, STORE_DE, de));
    auth_logout(here.auth);
    ck_assert(!key_open(&here, STORE_CE) && !key_open(&here, STORE_PIN_BOUND));
    AUTO(buffer_free) struct buffer open_keys = {0};
    ck_assert_int_eq(store_meta_get(here.token, KEYRING_OPEN_KEYS, &open_keys), HUKS_E_NOT_EXIST);

    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_is(&here, STORE_CE, ce) && key_open(&here, STORE_ECE) &&
              key_of(&here, STORE_PIN_BOUND, bound));
    ck_assert(!key_gone(&here, STORE_PIN_BOUND) && memcmp(bound, ce, 32) != 0);
    auth_logout(here.auth);
    ck_assert(!key_of(&here, STORE_CE, seen) && !key_open(&here, STORE_ECE) &&
              !key_open(&here, STORE_PIN_BOUND));
    side_close(&here);
    side_open(&here);
    ck_assert(!key_open(&here, STORE_CE));
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_is(&here, STORE_CE, ce) && key_is(&here, STORE_PIN_BOUND, bound) &&
              key_is(&here, STORE_DE, de));
}
END_TEST

START_TEST(so_opens_no_class)
{
    set_first_pin(&here, USER_PIN);
    ck_ok(auth_login(here.auth, AUTH_SO, SO_PIN));
    ck_assert(!key_open(&here, STORE_CE) && !key_open(&here, STORE_ECE) && !key_open(&here, STORE_PIN_BOUND));
}
END_TEST

START_TEST(new_token_has_new_keys)
{
    uint8_t ce[32], de[32];
    uint64_t life;
    ck_assert(key_of(&here, STORE_DE, de) && key_of(&here, STORE_CE, ce));
    set_first_pin(&here, USER_PIN);
    ck_ok(store_token_life(here.token, &life));
    struct side there = here;
    side_open(&there);
    token_new(&here, SO_PIN, life);
    ck_fail(auth_login(there.auth, AUTH_USER, USER_PIN), HUKS_E_INTERNAL, ABOUT_TOKEN);
    side_close(&there);
    side_close(&here);
    side_open(&here);
    ck_assert(!state_of(&here).user_pin_set);
    ck_assert(!key_is(&here, STORE_DE, de) && key_open(&here, STORE_CE) && !key_is(&here, STORE_CE, ce));
}
END_TEST

START_TEST(foreign_root_key)
{
    char path[400];
    struct side there = {0};
    char label[AUTH_LABEL_SIZE];
    (void)snprintf(path, sizeof path, "%s/store/root.key", top);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    uint8_t byte;
    off_t at = lseek(fd, -1, SEEK_END);
    ck_assert_int_eq((int)read(fd, &byte, 1), 1);
    byte ^= 1;
    ck_assert_int_eq((int)pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
    side_config(&there);
    side_connect(&there);
    ck_ok(store_token_open(there.store, 0, &there.token));
    ck_assert_int_eq(auth_open(there.store, there.token, there.crypto, &there.config, &there.auth),
                     HUKS_E_INTERNAL);
    ck_assert_ptr_null(there.auth);
    ck_ok(auth_token_label(there.token, label));
    ck_assert_str_eq(label, "a token");
    side_close(&there);
}
END_TEST

START_TEST(damaged_metadata)
{
    static const char *const names[] = {KEYRING_PIN_USER, "auth.tries-user"};
    set_first_pin(&here, USER_PIN);
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(buffer_free) struct buffer good = {0};
        ck_ok(store_meta_get(here.token, names[i], &good));
        for (size_t cut = 0; cut < good.size; cut++) {
            ck_ok(store_meta_put(here.token, names[i], bytes_of(good.data, cut)));
            huks_rc rc = auth_login(here.auth, AUTH_USER, USER_PIN);
            ck_assert_int_ne(rc, HUKS_OK);
            ck_assert_int_eq(auth_logged_in(here.auth), AUTH_NOBODY);
            ck_assert(rc == HUKS_E_INTERNAL || rc == HUKS_E_AUTH_FAILED);
        }
        good.data[0] = 2; /* a newer format */
        ck_ok(store_meta_put(here.token, names[i], bytes_of(good.data, good.size)));
        ck_assert_int_eq(auth_login(here.auth, AUTH_USER, USER_PIN), HUKS_E_INTERNAL);
        good.data[0] = 1;
        ck_ok(store_meta_put(here.token, names[i], bytes_of(good.data, good.size)));
        ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
        auth_logout(here.auth);
    }
    /* The user's record does not pass for the SO's. */
    AUTO(buffer_free) struct buffer user = {0};
    ck_ok(store_meta_get(here.token, KEYRING_PIN_USER, &user));
    ck_ok(store_meta_put(here.token, KEYRING_PIN_SO, bytes_of(user.data, user.size)));
    ck_wrong(auth_login(here.auth, AUTH_SO, USER_PIN));
}
END_TEST

START_TEST(labels)
{
    char label[AUTH_LABEL_SIZE];
    static const char longest[] = "12345678901234567890123456789012";
    auth_label(here.auth, label);
    ck_assert_str_eq(label, "a token");
    ck_ok(auth_set_label(here.auth, PIN(longest)));
    auth_label(here.auth, label);
    ck_assert_str_eq(label, longest);
    ck_ok(auth_set_label(here.auth, BYTES_NONE));
    auth_label(here.auth, label);
    ck_assert_str_eq(label, "");
    ck_fail(auth_set_label(here.auth, PIN("123456789012345678901234567890123")), HUKS_E_ARGUMENT,
            ABOUT_TOKEN);
    ck_fail(auth_set_label(here.auth, bytes_of("a\0b", 3)), HUKS_E_ARGUMENT, ABOUT_TOKEN);
}
END_TEST

START_TEST(token_without_any_pin)
{
    uint8_t ce[32];
    uint64_t life;
    ck_ok(store_token_life(here.token, &life));
    side_close(&here);
    side_connect(&here);
    token_new(&here, BYTES_NONE, life);
    side_token(&here);
    ck_assert(!state_of(&here).so_pin_set && key_of(&here, STORE_CE, ce));
    ck_fail(auth_login(here.auth, AUTH_SO, SO_PIN), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    ck_ok(auth_init_pin(here.auth, USER_PIN));
    ck_assert(!key_open(&here, STORE_CE));
    ck_fail(auth_init_pin(here.auth, USER_PIN), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_is(&here, STORE_CE, ce));
    ck_fail(auth_init_pin(here.auth, USER_PIN), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
}
END_TEST

/* ---- PINs ---- */

START_TEST(lengths_of_pins)
{
    static const char text[] = "123456789012345678901234567890";
    uint8_t longest[256];
    struct auth_meta meta;
    memset(longest, 0xff, sizeof longest);
    ck_ok(auth_login(here.auth, AUTH_SO, SO_PIN));
    for (size_t size = 0; size < 4; size++) {
        ck_fail(auth_init_pin(here.auth, bytes_of(text, size)), HUKS_E_INVALID_PARAM, ABOUT_PIN_LENGTH);
    }
    char words[200];
    ck_assert_str_eq(error_message(words, sizeof words), "Invalid PIN length (4 to 255 bytes).");
    ck_fail(auth_init_pin(here.auth, bytes_of(longest, 256)), HUKS_E_INVALID_PARAM, ABOUT_PIN_LENGTH);
    ck_fail(auth_init_pin(here.auth, bytes_of(NULL, 6)), HUKS_E_ARGUMENT, ABOUT_PIN);
    ck_fail(auth_make(here.store, here.crypto, &here.config, PIN(""), PIN("x"), &meta), HUKS_E_INVALID_PARAM,
            ABOUT_PIN_LENGTH);
    ck_assert(!state_of(&here).user_pin_set);
    ck_ok(auth_init_pin(here.auth, bytes_of(longest, 255)));
    auth_logout(here.auth);
    ck_wrong(auth_login(here.auth, AUTH_USER, bytes_of(longest, 254)));
    ck_wrong(auth_login(here.auth, AUTH_USER, bytes_of(longest, 256)));
    ck_ok(auth_login(here.auth, AUTH_USER, bytes_of(longest, 255)));
    /* A new PIN that is no PIN costs no try. */
    ck_fail(auth_set_pin(here.auth, AUTH_USER, PIN("wrong"), PIN("123")), HUKS_E_INVALID_PARAM,
            ABOUT_PIN_LENGTH);
    ck_assert(!state_of(&here).user_count_low);
    ck_ok(auth_set_pin(here.auth, AUTH_USER, bytes_of(longest, 255), bytes_of("\0\0\0\0", 4)));
    ck_wrong(auth_verify(here.auth, AUTH_USER, bytes_of("\0\0\0\0\0", 5)));
    ck_wrong(auth_verify(here.auth, AUTH_USER, bytes_of("\0\0\0", 3)));
    ck_ok(auth_verify(here.auth, AUTH_USER, bytes_of("\0\0\0\0", 4)));
}
END_TEST

START_TEST(right_and_wrong_logins)
{
    set_first_pin(&here, USER_PIN);
    uint32_t epoch = auth_epoch(here.auth);
    ck_fail(auth_login(here.auth, AUTH_USER, BYTES_NONE), HUKS_E_ARGUMENT, ABOUT_PIN);
    ck_fail(auth_login(here.auth, AUTH_NOBODY, USER_PIN), HUKS_E_ARGUMENT, ABOUT_PIN);
    ck_wrong(auth_login(here.auth, AUTH_USER, SO_PIN));
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("")));
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_NOBODY);
    ck_assert_uint_eq(auth_epoch(here.auth), epoch);
    ck_assert(!key_open(&here, STORE_CE));
    ck_assert(state_of(&here).user_count_low && state_of(&here).user_final_try &&
              !state_of(&here).user_locked);
    ck_assert(!state_of(&here).so_count_low);

    ck_ok(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_NOBODY);
    ck_assert(!key_open(&here, STORE_CE) && !state_of(&here).user_count_low);

    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_USER);
    ck_assert_uint_eq(auth_epoch(here.auth), epoch + 1);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert_uint_eq(auth_epoch(here.auth), epoch + 1);
    ck_fail(auth_login(here.auth, AUTH_SO, SO_PIN), HUKS_E_ARGUMENT, ABOUT_LOGIN);
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("wrong")));
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_USER);
    ck_assert(key_open(&here, STORE_CE));
    ck_ok(auth_verify(here.auth, AUTH_SO, SO_PIN));
    auth_logout(here.auth);
    auth_logout(here.auth);
    ck_assert_uint_eq(auth_epoch(here.auth), epoch + 2);
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_NOBODY);
}
END_TEST

START_TEST(changed_pin)
{
    uint8_t ce[32], bound[32];
    uint64_t uid, uid_now;
    set_first_pin(&here, USER_PIN);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_of(&here, STORE_CE, ce) && key_of(&here, STORE_PIN_BOUND, bound));
    ck_ok(auth_secure_uid(here.auth, &uid));
    ck_wrong(auth_set_pin(here.auth, AUTH_USER, PIN("wrong"), PIN("another")));
    ck_assert(state_of(&here).user_count_low);
    ck_ok(auth_set_pin(here.auth, AUTH_USER, USER_PIN, PIN("another")));
    ck_assert(!state_of(&here).user_count_low);
    ck_ok(auth_secure_uid(here.auth, &uid_now));
    ck_assert(uid == uid_now && uid != 0);
    ck_ok(auth_check_secure_uid(here.auth, uid));
    ck_assert(key_is(&here, STORE_PIN_BOUND, bound));
    ck_wrong(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_verify(here.auth, AUTH_USER, PIN("another")));
    auth_logout(here.auth);
    ck_wrong(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_login(here.auth, AUTH_USER, PIN("another")));
    ck_assert(key_is(&here, STORE_CE, ce) && key_is(&here, STORE_PIN_BOUND, bound));
    auth_logout(here.auth);

    ck_wrong(auth_set_pin(here.auth, AUTH_SO, PIN("another"), PIN("new-so")));
    ck_ok(auth_set_pin(here.auth, AUTH_SO, SO_PIN, PIN("new-so")));
    ck_wrong(auth_login(here.auth, AUTH_SO, SO_PIN));
    ck_ok(auth_login(here.auth, AUTH_SO, PIN("new-so")));
    ck_ok(auth_init_pin(here.auth, PIN("third")));
    auth_logout(here.auth);
    ck_ok(auth_login(here.auth, AUTH_USER, PIN("third")));
    ck_assert(key_is(&here, STORE_CE, ce));
}
END_TEST

START_TEST(cost_of_scrypt_is_kept)
{
    set_first_pin(&here, USER_PIN);
    struct side there = {0};
    side_config(&there);
    there.config.scrypt_log2n = 6;
    side_open(&there);
    ck_ok(auth_login(there.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_set_pin(there.auth, AUTH_USER, USER_PIN, PIN("costly")));
    side_close(&there);
    ck_ok(auth_login(here.auth, AUTH_USER, PIN("costly")));
    AUTO(buffer_free) struct buffer record = {0};
    struct pin_params params;
    ck_ok(store_meta_get(here.token, KEYRING_PIN_USER, &record));
    ck_ok(keyring_pin_params(bytes_of(record.data, record.size), &params));
    ck_assert_uint_eq(params.log2n, 6);
    number_put32(record.data + 4, 63);
    ck_ok(store_meta_put(here.token, KEYRING_PIN_USER, bytes_of(record.data, record.size)));
    ck_assert_int_eq(auth_set_pin(here.auth, AUTH_USER, PIN("costly"), USER_PIN), HUKS_E_INTERNAL);
}
END_TEST

/* ---- clearing ---- */

static uint64_t add_bound_record(const char *alias)
{
    struct param_list list = {0};
    struct store_record record = {.class = STORE_PIN_BOUND};
    ck_ok(param_list_add_u32(&list, HUKS_TAG_OBJECT_CLASS, 3));
    ck_ok(param_list_add_bytes(&list, HUKS_TAG_ALIAS, PIN(alias)));
    ck_ok(param_list_build(&list, &record.params));
    param_list_free(&list);
    ck_ok(secret_set(&record.key, "key bytes", 9));
    ck_ok(store_add(here.token, auth_keys_acquire(here.auth), &record, 1, STORE_ALIAS_UNIQUE));
    auth_keys_release(here.auth);
    uint64_t id = record.id;
    store_record_free(&record);
    return id;
}

static huks_rc read_record(uint64_t id, bool with_key)
{
    struct store_record record = {0};
    huks_rc rc = store_read(here.token, auth_keys_acquire(here.auth), id, with_key, &record);
    auth_keys_release(here.auth);
    if (rc == HUKS_OK) {
        store_record_free(&record);
    }
    return rc;
}

START_TEST(cleared_pin)
{
    uint8_t ce[32], bound[32];
    uint64_t uid, uid_now;
    ck_fail(auth_secure_uid(here.auth, &uid), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    set_first_pin(&here, USER_PIN);
    ck_ok(auth_secure_uid(here.auth, &uid));
    ck_fail(auth_check_secure_uid(here.auth, uid), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_of(&here, STORE_CE, ce) && key_of(&here, STORE_PIN_BOUND, bound));
    uint64_t old = add_bound_record("old");
    ck_ok(read_record(old, true));
    ck_fail(auth_init_pin(here.auth, PIN("cleared")), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
    auth_logout(here.auth);
    ck_fail(auth_init_pin(here.auth, PIN("cleared")), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);

    for (int i = 0; i < 3; i++) {
        ck_wrong(auth_login(here.auth, AUTH_USER, PIN("forgotten")));
    }
    ck_locked(auth_login(here.auth, AUTH_USER, USER_PIN));
    set_first_pin(&here, PIN("cleared"));
    ck_assert(!state_of(&here).user_locked && !state_of(&here).user_count_low);
    ck_wrong(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_login(here.auth, AUTH_USER, PIN("cleared")));
    ck_assert(key_is(&here, STORE_CE, ce));
    ck_assert(key_open(&here, STORE_PIN_BOUND) && !key_is(&here, STORE_PIN_BOUND, bound));
    ck_ok(auth_secure_uid(here.auth, &uid_now));
    ck_assert(uid_now != uid && uid_now != 0);

    /* Seen, and void for good; a new one works. */
    ck_ok(read_record(old, false));
    ck_assert_int_ne(read_record(old, true), HUKS_OK);
    ck_fail(auth_check_secure_uid(here.auth, uid), HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT);
    ck_fail(auth_check_secure_uid(here.auth, 0), HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT);
    ck_ok(auth_check_secure_uid(here.auth, uid_now));
    ck_ok(read_record(add_bound_record("new"), true));
}
END_TEST

/* No PIN afterwards: by the user's own, or by the SO's. */
START_TEST(pin_cleared_for_good)
{
    static const enum auth_who whose[] = {AUTH_USER, AUTH_SO};
    uint8_t ce[32];
    uint64_t uid, again;
    ck_fail(auth_clear_pin(here.auth, AUTH_SO, SO_PIN), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    ck_fail(auth_clear_pin(here.auth, AUTH_USER, USER_PIN), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
    ck_assert(!state_of(&here).so_count_low);
    ck_assert(key_of(&here, STORE_CE, ce));
    for (size_t i = 0; i < ARRAY_SIZE(whose); i++) {
        set_first_pin(&here, USER_PIN);
        ck_ok(auth_secure_uid(here.auth, &uid));
        ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
        uint64_t bound = add_bound_record(i == 0 ? "of the first" : "of the second");
        ck_wrong(auth_clear_pin(here.auth, whose[i], PIN("wrong")));
        ck_assert(auth_logged_in(here.auth) == AUTH_USER && key_open(&here, STORE_PIN_BOUND));
        ck_fail(auth_clear_pin(here.auth, AUTH_NOBODY, USER_PIN), HUKS_E_ARGUMENT, ABOUT_PIN);
        ck_fail(auth_clear_pin(here.auth, whose[i], BYTES_NONE), HUKS_E_ARGUMENT, ABOUT_PIN);

        ck_ok(auth_clear_pin(here.auth, whose[i], whose[i] == AUTH_SO ? SO_PIN : USER_PIN));
        ck_assert_int_eq(auth_logged_in(here.auth), AUTH_NOBODY);
        ck_assert(!state_of(&here).user_pin_set && !state_of(&here).user_count_low);
        ck_assert(key_is(&here, STORE_CE, ce) && key_gone(&here, STORE_PIN_BOUND));
        ck_fail(auth_login(here.auth, AUTH_USER, USER_PIN), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
        ck_fail(auth_secure_uid(here.auth, &again), HUKS_E_NO_CREDENTIAL, ABOUT_PIN);
        ck_fail(auth_check_secure_uid(here.auth, uid), HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT);
        ck_ok(read_record(bound, false));
        ck_fail(read_record(bound, true), HUKS_E_AUTH_INVALIDATED, error_about());

        /* Another user: other ids, the same objects. */
        set_first_pin(&here, PIN("of another"));
        ck_ok(auth_secure_uid(here.auth, &again));
        ck_assert_uint_ne(again, uid);
        ck_wrong(auth_login(here.auth, AUTH_USER, USER_PIN));
        ck_ok(auth_login(here.auth, AUTH_USER, PIN("of another")));
        ck_assert(key_is(&here, STORE_CE, ce));
        auth_logout(here.auth);
        ck_ok(auth_clear_pin(here.auth, AUTH_USER, PIN("of another")));
    }
}
END_TEST

/* A process that is logged in stays so while another one clears the PIN, and is open to all afterwards. */
START_TEST(another_process_clears_for_good)
{
    uint8_t ce[32];
    struct side there = {0};
    ck_assert(key_of(&here, STORE_CE, ce));
    set_first_pin(&here, USER_PIN);
    ck_assert(!key_open(&here, STORE_CE));
    side_open(&there);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_clear_pin(there.auth, AUTH_USER, USER_PIN));
    ck_assert(key_is(&there, STORE_CE, ce));
    ck_assert(auth_logged_in(here.auth) == AUTH_USER && key_is(&here, STORE_CE, ce) && key_gone(&here, STORE_PIN_BOUND));
    auth_logout(here.auth);
    ck_assert(key_is(&here, STORE_CE, ce) && key_gone(&here, STORE_PIN_BOUND));
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_NOBODY);
    side_close(&there);

    /* One that never was logged in opens, too. */
    set_first_pin(&here, USER_PIN);
    memset(&there, 0, sizeof there);
    side_open(&there);
    ck_assert(!key_open(&there, STORE_CE));
    ck_ok(auth_clear_pin(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_is(&there, STORE_CE, ce));
    side_close(&there);
}
END_TEST

START_TEST(another_process_changes_and_clears)
{
    uint8_t ce[32], bound[32];
    uint64_t uid;
    struct side there = {0};
    side_open(&there);

    /* The first PIN, set there, closes what was open here. */
    ck_assert(key_of(&here, STORE_CE, ce));
    set_first_pin(&there, USER_PIN);
    ck_assert(!key_open(&here, STORE_CE) && !key_open(&here, STORE_ECE));
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert(key_is(&here, STORE_CE, ce) && key_of(&here, STORE_PIN_BOUND, bound));
    uint32_t epoch = auth_epoch(here.auth);

    /* Changed: everything stays; the old PIN is wrong at once. */
    ck_ok(auth_set_pin(there.auth, AUTH_USER, USER_PIN, PIN("changed")));
    ck_wrong(auth_verify(here.auth, AUTH_USER, USER_PIN));
    ck_ok(auth_verify(here.auth, AUTH_USER, PIN("changed")));
    ck_assert(key_is(&here, STORE_CE, ce) && key_is(&here, STORE_PIN_BOUND, bound));

    /* Cleared: login stays, the PIN-bound class is gone. */
    ck_ok(auth_secure_uid(here.auth, &uid));
    set_first_pin(&there, PIN("cleared"));
    ck_assert(key_is(&here, STORE_CE, ce) && key_open(&here, STORE_ECE));
    ck_assert(!key_open(&here, STORE_PIN_BOUND) && key_gone(&here, STORE_PIN_BOUND));
    ck_fail(auth_check_secure_uid(here.auth, uid), HUKS_E_AUTH_INVALIDATED, ABOUT_OBJECT);
    ck_ok(auth_secure_uid(here.auth, &uid));
    ck_fail(auth_check_secure_uid(here.auth, uid), HUKS_E_AUTH_FAILED, ABOUT_LOGIN);
    ck_assert_int_eq(auth_logged_in(here.auth), AUTH_USER);
    ck_assert_uint_eq(auth_epoch(here.auth), epoch);
    ck_wrong(auth_login(here.auth, AUTH_USER, PIN("changed")));
    ck_ok(auth_login(here.auth, AUTH_USER, PIN("cleared")));
    ck_assert(key_is(&here, STORE_CE, ce) && key_open(&here, STORE_PIN_BOUND));
    ck_assert(!key_is(&here, STORE_PIN_BOUND, bound) && !key_gone(&here, STORE_PIN_BOUND));
    ck_ok(auth_check_secure_uid(here.auth, uid));
    side_close(&there);
}
END_TEST

/* ---- threads ---- */

static void *hold_keys(void *argument)
{
    _Atomic int *step = argument;
    const struct store_keys *keys = auth_keys_acquire(here.auth);
    const uint8_t *ce = keys->key[STORE_CE];
    atomic_store(step, ce != NULL ? 1 : -1);
    while (atomic_load(step) == 1) {
    }
    /* The logout has begun: nested calls pass, and the key is still there. */
    uint8_t sum = 0;
    for (int i = 0; i < 32; i++) {
        sum |= ce[i];
    }
    (void)auth_keys_acquire(here.auth);
    auth_keys_release(here.auth);
    atomic_store(step, sum != 0 ? 3 : -1);
    auth_keys_release(here.auth);
    return NULL;
}

static void *log_out(void *argument)
{
    auth_logout(here.auth);
    return argument;
}

START_TEST(logout_waits_for_holders)
{
    _Atomic int step = 0;
    pthread_t holder, leaver;
    set_first_pin(&here, USER_PIN);
    ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
    ck_assert_int_eq(pthread_create(&holder, NULL, hold_keys, &step), 0);
    while (atomic_load(&step) == 0) {
    }
    ck_assert_int_eq(atomic_load(&step), 1);
    ck_assert_int_eq(pthread_create(&leaver, NULL, log_out, NULL), 0);
    while (auth_logged_in(here.auth) != AUTH_NOBODY) {
    }
    atomic_store(&step, 2);
    ck_assert_int_eq(pthread_join(leaver, NULL), 0);
    ck_assert_int_eq(atomic_load(&step), 3);
    ck_assert_int_eq(pthread_join(holder, NULL), 0);
    ck_assert(!key_open(&here, STORE_CE));
    ck_assert_ptr_null(here.auth->retired);
}
END_TEST

static void *use_keys(void *argument)
{
    _Atomic bool *stop = argument;
    while (!atomic_load(stop)) {
        const struct store_keys *keys = auth_keys_acquire(here.auth);
        volatile uint8_t sum = 0;
        for (int class = 0; class < STORE_CLASSES; class ++) {
            for (int i = 0; keys->key[class] != NULL && i < 32; i++) {
                sum = (uint8_t)(sum ^ keys->key[class][i]);
            }
        }
        auth_keys_release(here.auth);
    }
    return NULL;
}

START_TEST(threads_use_keys_while_pins_change)
{
    pthread_t threads[3];
    _Atomic bool stop = false;
    struct side there = {0};
    set_first_pin(&here, USER_PIN);
    side_open(&there);
    ck_ok(auth_login(there.auth, AUTH_SO, SO_PIN));
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_keys, &stop), 0);
    }
    for (int i = 0; i < 30; i++) {
        ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
        ck_ok(auth_init_pin(there.auth, USER_PIN));
        ck_ok(auth_login(here.auth, AUTH_USER, USER_PIN));
        ck_assert(key_open(&here, STORE_PIN_BOUND));
        auth_logout(here.auth);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert(!key_open(&here, STORE_CE));
    side_close(&there);
}
END_TEST

static Suite *auth_suite(void)
{
    Suite *suite = suite_create("auth");
    TCase *tests = tcase_create("token");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, without_a_pin_everything_is_open);
    tcase_add_test(tests, first_pin_closes_and_keeps_the_keys);
    tcase_add_test(tests, so_opens_no_class);
    tcase_add_test(tests, new_token_has_new_keys);
    tcase_add_test(tests, foreign_root_key);
    tcase_add_test(tests, damaged_metadata);
    tcase_add_test(tests, labels);
    tcase_add_test(tests, token_without_any_pin);
    tcase_add_test(tests, lengths_of_pins);
    tcase_add_test(tests, right_and_wrong_logins);
    tcase_add_test(tests, changed_pin);
    tcase_add_test(tests, cost_of_scrypt_is_kept);
    tcase_add_test(tests, cleared_pin);
    tcase_add_test(tests, pin_cleared_for_good);
    tcase_add_test(tests, another_process_clears_for_good);
    tcase_add_test(tests, another_process_changes_and_clears);
    tcase_add_test(tests, logout_waits_for_holders);
    tcase_add_test(tests, threads_use_keys_while_pins_change);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "child") == 0) {
        (void)snprintf(top, sizeof top, "%s", argv[2]);
        return child_main(argv + 3);
    }
    SRunner *runner = srunner_create(auth_suite());
    srunner_add_suite(runner, tries_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
