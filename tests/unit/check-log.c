/* The log: levels, targets, one line per event. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

static char directory[256];
static char path[300];

static void setup(void)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(directory, sizeof(directory), "%s/huks-log-XXXXXX", base != NULL ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/log", directory);
    ck_assert_int_eq(unsetenv("HUKS_LOG"), 0);
}

static void teardown(void)
{
    log_close();
    (void)unlink(path);
    (void)rmdir(directory);
}

/* The file's content; static, NUL-terminated. */
static const char *content(const char *name)
{
    static char text[1 << 20];
    int descriptor = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t size;

    ck_assert_int_ge(descriptor, 0);
    size = read(descriptor, text, sizeof(text) - 1);
    ck_assert_int_ge(size, 0);
    text[size] = '\0';
    (void)close(descriptor);
    return text;
}

static bool matches(const char *text, const char *pattern)
{
    regex_t regex;
    bool match;

    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    match = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return match;
}

START_TEST(words)
{
    enum log_level level = HUKS_LOG_OFF;

    ck_assert(log_level_from("error", &level) && level == HUKS_LOG_ERROR);
    ck_assert(log_level_from("info", &level) && level == HUKS_LOG_INFO);
    ck_assert(log_level_from("debug", &level) && level == HUKS_LOG_DEBUG);
    ck_assert(log_level_from("off", &level) && level == HUKS_LOG_OFF);
    ck_assert(!log_level_from("warning", &level));
    ck_assert(!log_level_from("", &level));
}
END_TEST

START_TEST(levels)
{
    static const char *const expected[] = {"", "e", "ei", "eid"};
    char seen[8] = "";

    ck_assert(!log_enabled(HUKS_LOG_ERROR)); /* off until somebody turns it on */
    log_open((enum log_level)_i, path);
    ck_assert_int_eq(log_enabled(HUKS_LOG_ERROR), _i >= HUKS_LOG_ERROR);
    ck_assert_int_eq(log_enabled(HUKS_LOG_INFO), _i >= HUKS_LOG_INFO);
    ck_assert_int_eq(log_enabled(HUKS_LOG_DEBUG), _i >= HUKS_LOG_DEBUG);
    log_error("one %d", 1);
    log_info("two");
    log_debug("three");
    if (_i == HUKS_LOG_OFF) {
        ck_assert_int_ne(access(path, F_OK), 0);
        return;
    }
    (void)strcat(seen, strstr(content(path), " error: one 1\n") != NULL ? "e" : "");
    (void)strcat(seen, strstr(content(path), " info: two\n") != NULL ? "i" : "");
    (void)strcat(seen, strstr(content(path), " debug: three\n") != NULL ? "d" : "");
    ck_assert_str_eq(seen, expected[_i]);
    log_close();
    ck_assert(!log_enabled(HUKS_LOG_ERROR));
}
END_TEST

START_TEST(a_line)
{
    struct stat status;

    log_open(HUKS_LOG_INFO, path);
    errno = EPIPE;
    log_info("label \"%s\"", "a\nb\x1b[31m\x7f\tc");
    ck_assert_int_eq(errno, EPIPE);
    ck_assert(matches(content(path), "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
                                     "huks\\[[0-9]+/[0-9]+\\] info: label \"a\\?b\\?\\[31m\\?\\?c\"\n$"));
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_long_line_is_cut)
{
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_open(HUKS_LOG_INFO, path);
    log_info("%s", text);
    ck_assert_uint_eq(strlen(content(path)), 1000);
    ck_assert_int_eq(content(path)[999], '\n');
    log_info("next");
    ck_assert(matches(content(path) + 1000, "^20.* info: next\n$"));
}
END_TEST

START_TEST(appends)
{
    log_open(HUKS_LOG_INFO, path);
    log_info("first");
    log_open(HUKS_LOG_INFO, path);
    log_info("second");
    ck_assert(matches(content(path), "first\n.*second\n$"));
}
END_TEST

START_TEST(standard_error)
{
    int saved = dup(STDERR_FILENO);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
    log_open(HUKS_LOG_ERROR, "stderr");
    log_error("told");
    log_open(HUKS_LOG_ERROR, NULL);
    log_error("again");
    log_open(HUKS_LOG_ERROR, "/nonexistent/directory/log");
    log_error("instead");
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    (void)close(saved);
    (void)close(file);
    ck_assert(matches(content(path), "told\n.*again\n.*instead\n$"));
}
END_TEST

START_TEST(system_log)
{
    log_open(HUKS_LOG_DEBUG, "syslog");
    log_error("a test of huks");
    ck_assert(log_enabled(HUKS_LOG_DEBUG));
}
END_TEST

START_TEST(the_variable)
{
    char value[400];

    (void)snprintf(value, sizeof(value), "debug:%s", path);
    ck_assert_int_eq(setenv("HUKS_LOG", value, 1), 0);
    log_open(HUKS_LOG_OFF, "stderr");
    log_debug("seen");
    ck_assert(matches(content(path), "debug: seen\n$"));
    ck_assert_int_eq(setenv("HUKS_LOG", "error", 1), 0);
    log_open(HUKS_LOG_DEBUG, path); /* the level alone */
    log_info("unseen");
    log_error("also");
    ck_assert(matches(content(path), "seen\n.*error: also\n$"));
    ck_assert_ptr_null(strstr(content(path), "unseen"));
    ck_assert_int_eq(setenv("HUKS_LOG", "off", 1), 0);
    log_open(HUKS_LOG_DEBUG, path);
    ck_assert(!log_enabled(HUKS_LOG_ERROR));
    ck_assert_int_eq(setenv("HUKS_LOG", "1", 1), 0);
    log_open(HUKS_LOG_OFF, path);
    ck_assert(log_enabled(HUKS_LOG_DEBUG));
    ck_assert_int_eq(setenv("HUKS_LOG", "verylongword", 1), 0);
    log_open(HUKS_LOG_OFF, path);
    ck_assert(log_enabled(HUKS_LOG_DEBUG));
    ck_assert_int_eq(setenv("HUKS_LOG", "", 1), 0);
    log_open(HUKS_LOG_INFO, path);
    ck_assert(log_enabled(HUKS_LOG_INFO) && !log_enabled(HUKS_LOG_DEBUG));
}
END_TEST

START_TEST(a_host_takes_our_descriptor)
{
    char other[300];
    int ours;
    int theirs;

    (void)snprintf(other, sizeof(other), "%s/other", directory);
    ours = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(ours); /* the number that the log gets next */
    log_open(HUKS_LOG_INFO, path);
    log_info("before");
    (void)close(ours);
    theirs = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(theirs, ours);
    log_info("after");
    ck_assert_str_eq(content(other), "");
    ck_assert(matches(content(path), "before\n.*after\n$"));
    log_close();
    ck_assert_int_ne(fcntl(theirs, F_GETFD), -1);
    (void)close(theirs);
    (void)unlink(other);
}
END_TEST

static void *writer(void *argument)
{
    for (int i = 0; i < 500; i++) {
        log_info("thread %s says %d so that a line is not short", (const char *)argument, i);
    }
    return NULL;
}

START_TEST(threads_write_whole_lines)
{
    pthread_t thread[3];
    char names[3][8] = {"one", "two", "three"};
    size_t lines = 0;

    log_open(HUKS_LOG_INFO, path);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_create(&thread[i], NULL, writer, names[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    }
    for (const char *line = content(path); *line != '\0'; line = strchr(line, '\n') + 1) {
        char first[200];
        (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(line, "\n"), line);
        ck_assert(matches(first,
                          "^20[^ ]+ huks[^ ]+ info: thread (one|two|three) says [0-9]+ so that a line is "
                          "not short$"));
        lines++;
    }
    ck_assert_uint_eq(lines, 1500);
}
END_TEST

START_TEST(nonsense_levels)
{
    log_open(HUKS_LOG_DEBUG, path);
    log_write(HUKS_LOG_OFF, "no");
    log_write((enum log_level)9, "no");
    ck_assert_str_eq(content(path), "");
    log_fork_child();
    log_info("alive");
    ck_assert(matches(content(path), "alive\n$"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, words);
    tcase_add_loop_test(tests, levels, HUKS_LOG_OFF, HUKS_LOG_DEBUG + 1);
    tcase_add_test(tests, a_line);
    tcase_add_test(tests, a_long_line_is_cut);
    tcase_add_test(tests, appends);
    tcase_add_test(tests, standard_error);
    tcase_add_test(tests, system_log);
    tcase_add_test(tests, the_variable);
    tcase_add_test(tests, a_host_takes_our_descriptor);
    tcase_add_test(tests, threads_write_whole_lines);
    tcase_add_test(tests, nonsense_levels);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
