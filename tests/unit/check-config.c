/* Configuration: defaults, files, the text of pReserved, and where the store lies. */
#include <check.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/config.h"
#include "common/memory.h"

static char directory[200];
static char path[300];
static struct config config;

static void setup(void)
{
    static const char *const variables[] = {"HUKS_CONF", "HUKS_STORE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"};
    const char *base = getenv("TMPDIR");

    (void)snprintf(directory, sizeof(directory), "%s/huks-conf-XXXXXX", base != NULL ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/huks.conf", directory);
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        ck_assert_int_eq(unsetenv(variables[i]), 0);
    }
    ck_assert_int_eq(setenv("HOME", directory, 1), 0);
}

static void teardown(void)
{
    char command[300];

    (void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* Runs with stderr into a file; what was said there comes back, static. */
static const char *said(huks_rc (*run)(const void *), const void *argument, huks_rc *rc)
{
    static char text[2000];
    char name[300];
    int saved = dup(STDERR_FILENO);
    int file;
    ssize_t size;

    (void)snprintf(name, sizeof(name), "%s/stderr", directory);
    file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
    *rc = run(argument);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    (void)close(saved);
    size = pread(file, text, sizeof(text) - 1, 0);
    ck_assert_int_ge(size, 0);
    text[size] = '\0';
    (void)close(file);
    return text;
}

static huks_rc run_text(const void *text)
{
    return config_read_text(text, &config);
}

static huks_rc run_file(const void *name)
{
    return config_read_file(name, &config);
}

static huks_rc run_load(const void *text)
{
    return config_load(text, &config);
}

START_TEST(defaults)
{
    memset(&config, 0xFF, sizeof(config));
    config_defaults(&config);
    ck_assert_str_eq(config.store, "");
    ck_assert_str_eq(config.service, "");
    ck_assert_uint_eq(config.session_limit, 15);
    ck_assert_uint_eq(config.session_wait_ms, 1000);
    ck_assert_uint_eq(config.session_idle_s, 60);
    ck_assert_uint_eq(config.pin_tries, 10);
    ck_assert_uint_eq(config.pin_min, 4);
    ck_assert_uint_eq(config.scrypt_log2n, 14);
    ck_assert_uint_eq(config.auth_timeout_ms, 30000);
    ck_assert(!config.protected_path);
    ck_assert_int_eq(config.free_slot, CONFIG_FREE_SLOT_AUTO);
    ck_assert_str_eq(config.native_token, "HUKS");
    ck_assert_str_eq(config.store_group, "");
    ck_assert(!config.legacy_mechanisms);
    ck_assert_uint_eq(config.cache_mb, 16);
    ck_assert_int_eq(config.log_level, HUKS_LOG_OFF);
    ck_assert_str_eq(config.log_target, "stderr");
}
END_TEST

static void check_all_set(void)
{
    ck_assert_str_eq(config.store, "/srv/keys");
    ck_assert_str_eq(config.service, "/run/huks/huksd.sock");
    ck_assert_uint_eq(config.session_limit, 0);
    ck_assert_uint_eq(config.session_wait_ms, 5);
    ck_assert_uint_eq(config.session_idle_s, 7);
    ck_assert_uint_eq(config.pin_tries, 3);
    ck_assert_uint_eq(config.pin_min, 6);
    ck_assert_uint_eq(config.scrypt_log2n, 15);
    ck_assert_uint_eq(config.auth_timeout_ms, 100);
    ck_assert(config.protected_path);
    ck_assert_int_eq(config.free_slot, CONFIG_FREE_SLOT_NEVER);
    ck_assert_str_eq(config.native_token, "my token");
    ck_assert_str_eq(config.store_group, "www-data");
    ck_assert(config.legacy_mechanisms);
    ck_assert_uint_eq(config.cache_mb, 1);
    ck_assert_int_eq(config.log_level, HUKS_LOG_INFO);
    ck_assert_str_eq(config.log_target, "syslog");
}

START_TEST(every_key_in_a_file)
{
    config_defaults(&config);
    write_file(path, "# a comment\n; another\n\nstore = /srv/keys\n[huks]\nservice=/run/huks/huksd.sock\n"
                     "session_limit = 0\nsession_wait_ms = 5\nsession_idle_s: 7\npin_tries = 3\npin_min=6\n"
                     "scrypt_log2n = 15\nauth_timeout_ms = 100 ; a comment behind\nprotected_path = yes\n"
                     "free_slot = never\nnative_token = my token\nstore_group = \"www-data\"\n"
                     "legacy_mechanisms = on\ncache_mb = 1\nlog_level = info\nlog_target = syslog");
    ck_assert_int_eq(config_read_file(path, &config), HUKS_OK);
    check_all_set();
}
END_TEST

START_TEST(every_key_in_a_text)
{
    config_defaults(&config);
    ck_assert_int_eq(config_read_text("  store=/srv/keys service=/run/huks/huksd.sock\tsession_limit=0 "
                                      "session_wait_ms=5 session_idle_s=7 pin_tries=3 pin_min=6 "
                                      "scrypt_log2n=15 auth_timeout_ms=100 protected_path=true "
                                      "free_slot=never native_token=\"my token\" store_group=\"www-data\" "
                                      "legacy_mechanisms=1 cache_mb=1 log_level=info log_target=syslog ",
                                      &config),
                     HUKS_OK);
    check_all_set();
}
END_TEST

START_TEST(texts_that_mean_nothing)
{
    struct config before;

    config_defaults(&config);
    before = config;
    ck_assert_int_eq(config_read_text(NULL, &config), HUKS_OK);
    ck_assert_int_eq(config_read_text("", &config), HUKS_OK);
    ck_assert_int_eq(config_read_text(" \t ", &config), HUKS_OK);
    ck_assert_int_eq(memcmp(&before, &config, sizeof(config)), 0);
}
END_TEST

START_TEST(quoted_values)
{
    config_defaults(&config);
    ck_assert_int_eq(
        config_read_text("native_token=\"a\tb = c\" store=\"/x y\" service=\"\" store_group=", &config),
        HUKS_OK);
    ck_assert_str_eq(config.native_token, "a\tb = c");
    ck_assert_str_eq(config.store, "/x y");
    ck_assert_str_eq(config.service, "");
    ck_assert_str_eq(config.store_group, "");
}
END_TEST

static const struct {
    const char *text;
    const char *named; /* must stand in both messages */
} wrong_texts[] = {
    {"stroe=/srv", "'stroe=/srv'"},
    {"pin_min=6 session_limit", "'session_limit'"},
    {"session_limit=-1", "'session_limit"},
    {"session_limit=12x", "is no number"},
    {"session_limit=", "is no number"},
    {"session_limit=4097", "is too large"},
    {"session_limit=99999999999999999999", "is too large"},
    {"session_idle_s=0", "is too small"},
    {"pin_tries=0", "is too small"},
    {"scrypt_log2n=9", "is too small"},
    {"scrypt_log2n=40", "is too large"},
    {"protected_path=maybe", "is neither true nor false"},
    {"protected_path=True", "is neither true nor false"},
    {"free_slot=sometimes", "is none of the words"},
    {"log_level=loud", "is none of the words"},
    {"store=", "is empty"},
    {"store=relative/path", "is no absolute path"},
    {"service=relative", "is no absolute path"},
    {"log_target=file", "is no absolute path"},
    {"native_token=", "is empty"},
    {"native_token=123456789012345678901234567890123", "is too long"},
    {"native_token=\"open", "no closing quote"},
    {"native_token=a\"b\"c", "has a quote inside"},
    {"native_token=\"a\"b", "has a quote inside"},
    {"native_token=\"a\"\"b\"", "has a quote inside"},
    {"=value", "not key=value"},
    {"word", "'word'"},
    {"native_token=ok\nstore=/x", "0x0a"},
    {"native_token=\xc3\xa4", "0xc3"},
    {"\x01\x02", "0x01"},
    {"configdir='/etc/pki' certPrefix='' flags=readOnly", "'configdir='/etc/pki''"}, /* NSS's own form */
    {"flags=readOnly \"pin_min=6\"", "'flags=readOnly'"},
    {"\"pin_min=6\"", "has a quote inside"},
};

START_TEST(wrong_text)
{
    char message[256];
    const char *told;
    huks_rc rc;

    config_defaults(&config);
    told = said(run_text, wrong_texts[_i].text, &rc);
    ck_assert_int_eq(rc, HUKS_E_ARGUMENT);
    ck_assert_int_eq(error_code(), 12000018);
    (void)error_message(message, sizeof(message));
    ck_assert_msg(strncmp(message, "The input parameter is invalid. ", 32) == 0, "%s", message);
    ck_assert_msg(strstr(message, wrong_texts[_i].named) != NULL, "%s lacks %s", message,
                  wrong_texts[_i].named);
    ck_assert_msg(strstr(told, wrong_texts[_i].named) != NULL, "%s lacks %s", told, wrong_texts[_i].named);
    ck_assert_int_eq(strncmp(told, "huks: ", 6), 0);
    ck_assert_ptr_eq(strchr(told, '\n'), told + strlen(told) - 1); /* one line */
}
END_TEST

START_TEST(pointers_that_are_none)
{
    static const uintptr_t addresses[] = {1, 2, 42, 4095};
    char message[256];
    char named[32];
    huks_rc rc;

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        const char *told = said(run_text, (const void *)addresses[i], &rc);
        (void)snprintf(named, sizeof(named), "0x%lx", (unsigned long)addresses[i]);
        ck_assert_int_eq(rc, HUKS_E_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(error_message(message, sizeof(message)), named));
        ck_assert_ptr_nonnull(strstr(told, named));
    }
}
END_TEST

START_TEST(not_a_byte_too_far)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    huks_rc rc;

    ck_assert(pages != MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    /* the first unprintable byte is the last that may be read */
    memset(pages, 'a', page);
    pages[page - 1] = '\x80';
    (void)said(run_text, pages + page - 100, &rc);
    ck_assert_int_eq(rc, HUKS_E_ARGUMENT);
    /* a text that ends where the memory ends */
    config_defaults(&config);
    memcpy(pages + page - 10, "pin_min=7", 10);
    ck_assert_int_eq(config_read_text(pages + page - 10, &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_min, 7);
    ck_assert_int_eq(munmap(pages, 2 * page), 0);
}
END_TEST

START_TEST(long_texts)
{
    char text[4200];
    huks_rc rc;

    config_defaults(&config);
    memset(text, ' ', sizeof(text));
    memcpy(text + 4096 - 9, "pin_min=8", 9);
    text[4096] = '\0';
    ck_assert_int_eq(config_read_text(text, &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_min, 8);
    text[4096] = ' ';
    text[4097] = '\0';
    ck_assert_ptr_nonnull(strstr(said(run_text, text, &rc), "4096"));
    ck_assert_int_eq(rc, HUKS_E_ARGUMENT);
    /* a word that is longer than a message */
    memset(text, 'w', 3000);
    text[3000] = '\0';
    (void)said(run_text, text, &rc);
    ck_assert_int_eq(rc, HUKS_E_ARGUMENT);
}
END_TEST

static const struct {
    const char *text;
    int line;
    const char *named;
} wrong_files[] = {
    {"pin_min = 6\nstroe = /srv\n", 2, "\"stroe\""},
    {"\n\n# x\npin_tries = 0\n", 4, "\"pin_tries\" is too small"},
    {"[tokens]\npin_min = 6\n", 2, "[tokens]"},
    {"pin_min = 6\njust words\nstroe = 1\n", 2, "key = value"},
    {"pin_min = 6\n[huks\n", 2, "key = value"},
    {"pin_min = 6\npin_min = 7\n", 2, "\"pin_min\" is given twice"},
    {"pin_min = 6\n   session_limit = 3\n", 2, "\"pin_min\" is given twice"}, /* libinih: a continued line */
    {"pin_min =\n", 1, "\"pin_min\" is no number"},
    {"log_target = huks.log\n", 1, "\"log_target\" is no absolute path"},
};

START_TEST(wrong_file)
{
    char message[256];
    char place[400];
    const char *told;
    huks_rc rc;

    config_defaults(&config);
    write_file(path, wrong_files[_i].text);
    (void)snprintf(place, sizeof(place), "%s:%d: ", path, wrong_files[_i].line);
    told = said(run_file, path, &rc);
    ck_assert_int_eq(rc, HUKS_E_INTERNAL);
    (void)error_message(message, sizeof(message));
    ck_assert_int_eq(strncmp(message, "Device environment or input parameter abnormal. ", 48), 0);
    ck_assert_msg(strstr(message, place) != NULL, "%s", message);
    ck_assert_msg(strstr(message, wrong_files[_i].named) != NULL, "%s", message);
    ck_assert_msg(strstr(told, place) != NULL, "%s", told);
    ck_assert_msg(strstr(told, wrong_files[_i].named) != NULL, "%s", told);
    ck_assert_ptr_eq(strchr(told, '\n'), told + strlen(told) - 1);
}
END_TEST

START_TEST(a_line_too_long)
{
    char text[600];
    huks_rc rc;

    /* libinih would cut it and take the rest for another line */
    (void)snprintf(text, sizeof(text), "pin_min = 6\nstore = /%0400d\npin_tries = 3\n", 0);
    write_file(path, text);
    config_defaults(&config);
    ck_assert_ptr_nonnull(strstr(said(run_file, path, &rc), ":2: the line is too long"));
    ck_assert_int_eq(rc, HUKS_E_INTERNAL);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    char missing[400];
    huks_rc rc;

    (void)snprintf(missing, sizeof(missing), "%s/none", directory);
    ck_assert_ptr_nonnull(strstr(said(run_file, missing, &rc), "no such file"));
    ck_assert_int_eq(rc, HUKS_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(said(run_file, directory, &rc), directory));
    ck_assert_int_eq(rc, HUKS_E_INTERNAL);
    /* one that exists and can't be read is not passed over */
    ck_assert_int_eq(setenv("HUKS_CONF", directory, 1), 0);
    (void)said(run_load, NULL, &rc);
    ck_assert_int_eq(rc, HUKS_E_INTERNAL);
}
END_TEST

START_TEST(the_first_file_that_exists)
{
    char xdg[300];
    char own[400];
    char name[400];

    (void)snprintf(xdg, sizeof(xdg), "%s/xdg", directory);
    (void)snprintf(name, sizeof(name), "%s/huks", xdg);
    ck_assert_int_eq(mkdir(xdg, 0700) | mkdir(name, 0700), 0);
    (void)snprintf(own, sizeof(own), "%s/.config", directory);
    ck_assert_int_eq(mkdir(own, 0700), 0);
    (void)snprintf(own, sizeof(own), "%s/.config/huks", directory);
    ck_assert_int_eq(mkdir(own, 0700), 0);
    (void)snprintf(own, sizeof(own), "%s/.config/huks/huks.conf", directory);
    write_file(own, "pin_min = 11\n");
    (void)snprintf(name, sizeof(name), "%s/huks/huks.conf", xdg);
    write_file(name, "pin_min = 12\n");
    write_file(path, "pin_tries = 13\n");

    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_min, 11);
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", xdg, 1), 0);
    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_min, 12);
    ck_assert_int_eq(setenv("HUKS_CONF", path, 1), 0);
    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_min, 4); /* one file alone */
    ck_assert_uint_eq(config.pin_tries, 13);
    ck_assert_int_eq(config_load("pin_tries=14", &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_tries, 14); /* the text overrides */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_min, 12); /* the next that exists */
    ck_assert_int_eq(setenv("HUKS_CONF", "", 1), 0);
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_uint_eq(config.pin_min, 11);
}
END_TEST

/* As an ordinary user in a child, where we are root. */
static void store_of_a_user(const char *expected)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) {
            _exit(2);
        }
        config_defaults(&config);
        if (config_load(NULL, &config) != HUKS_OK) {
            _exit(3);
        }
        if (strcmp(config.store, expected) != 0) {
            (void)fprintf(stderr, "%s is not %s\n", config.store, expected);
            _exit(4);
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(where_the_store_lies)
{
    char expected[400];
    char here[PATH_MAX];

    if (geteuid() == 0) {
        ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
        ck_assert_str_eq(config.store, "/var/lib/huks");
        ck_assert_int_eq(chmod(directory, 0755), 0);
    }
    (void)snprintf(expected, sizeof(expected), "%s/.local/share/huks", directory);
    store_of_a_user(expected);
    ck_assert_int_eq(setenv("XDG_DATA_HOME", "relative", 1), 0);
    store_of_a_user(expected);
    ck_assert_int_eq(setenv("XDG_DATA_HOME", "/data", 1), 0);
    store_of_a_user("/data/huks");

    write_file(path, "store = /of/the/file\n");
    ck_assert_int_eq(setenv("HUKS_CONF", path, 1), 0);
    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_str_eq(config.store, "/of/the/file");
    ck_assert_int_eq(setenv("HUKS_STORE", "/of/the/variable", 1), 0);
    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_str_eq(config.store, "/of/the/variable");
    ck_assert_int_eq(config_load("store=/of/the/text", &config), HUKS_OK);
    ck_assert_str_eq(config.store, "/of/the/text");

    ck_assert_int_eq(setenv("HUKS_STORE", "keys", 1), 0);
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
    (void)strcat(here, "/keys");
    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    ck_assert_str_eq(config.store, here);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(no_home_but_an_account)
{
    struct passwd room;
    struct passwd *entry = NULL;
    char text[4096];
    char expected[400];

    ck_assert_int_eq(unsetenv("HOME"), 0);
    if (geteuid() != 0 || getpwuid_r(65534, &room, text, sizeof(text), &entry) != 0 || entry == NULL) {
        return;
    }
    (void)snprintf(expected, sizeof(expected), "%s/.local/share/huks", entry->pw_dir);
    store_of_a_user(expected);
}
END_TEST

START_TEST(a_home_that_is_not_ours)
{
    char name[400];

    if (geteuid() != 0) {
        return;
    }
    /* ~/.config can't be searched: no file for us. A file that can be seen but not read is a mistake. */
    ck_assert_int_eq(chmod(directory, 0700), 0);
    (void)snprintf(name, sizeof(name), "%s/.local/share/huks", directory);
    store_of_a_user(name);
    write_file(path, "pin_min = 6\n");
    ck_assert_int_eq(chmod(path, 0600) | chmod(directory, 0755), 0);
    ck_assert_int_eq(setenv("HUKS_CONF", path, 1), 0);
    if (fork() == 0) {
        _exit(setresuid(65534, 65534, 65534) == 0 && access(path, F_OK) == 0 &&
                      config_load(NULL, &config) != HUKS_E_INTERNAL
                  ? 1
                  : 0);
    }
    int status;
    ck_assert_int_gt(wait(&status), 0);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(nothing_is_made)
{
    char name[400];

    ck_assert_int_eq(config_load(NULL, &config), HUKS_OK);
    (void)snprintf(name, sizeof(name), "%s/.local", directory);
    ck_assert_int_ne(access(name, F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, every_key_in_a_file);
    tcase_add_test(tests, every_key_in_a_text);
    tcase_add_test(tests, texts_that_mean_nothing);
    tcase_add_test(tests, quoted_values);
    tcase_add_loop_test(tests, wrong_text, 0, (int)ARRAY_SIZE(wrong_texts));
    tcase_add_test(tests, pointers_that_are_none);
    tcase_add_test(tests, not_a_byte_too_far);
    tcase_add_test(tests, long_texts);
    tcase_add_loop_test(tests, wrong_file, 0, (int)ARRAY_SIZE(wrong_files));
    tcase_add_test(tests, a_line_too_long);
    tcase_add_test(tests, files_that_cannot_be_read);
    tcase_add_test(tests, the_first_file_that_exists);
    tcase_add_test(tests, where_the_store_lies);
    tcase_add_test(tests, no_home_but_an_account);
    tcase_add_test(tests, a_home_that_is_not_ours);
    tcase_add_test(tests, nothing_is_made);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
