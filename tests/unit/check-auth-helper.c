/*
 * Fingers and faces that are waited for: time, death and cancelling, and that a host does not notice the
 * helper.
 */
#include "check-auth-reader.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "service/user.h"

/* ---- time, death, and cancelling ---- */

static pid_t pid_file(void)
{
    char path[600];
    int pid = 0;
    (void)snprintf(path, sizeof path, "%s/pid", top);
    for (int i = 0; i < 12000 && pid == 0; i++) {
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            if (fscanf(file, "%d", &pid) != 1) {
                pid = 0;
            }
            (void)fclose(file);
        } else {
            (void)poll(NULL, 0, 10);
        }
    }
    ck_assert_int_gt(pid, 1);
    (void)unlink(path);
    return pid;
}

/* Ended; nobody may have waited for it yet (init is not always in a hurry). */
static bool is_gone(pid_t pid)
{
    char path[64], state = 'Z';
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*d %*s %c", &state) != 1) {
            state = 'Z';
        }
        (void)fclose(file);
    }
    return state == 'Z' || state == 'X';
}

static void wait_until_gone(pid_t pid)
{
    for (int i = 0; i < 12000; i++) {
        if (is_gone(pid)) {
            return;
        }
        (void)poll(NULL, 0, 10);
    }
    ck_abort_msg("process %d is still there", (int)pid);
}

/* A service that waits for ever and says who it is. */
static void waits(void)
{
    char options[700];
    (void)snprintf(options, sizeof options, "pid=%s/pid wait", top);
    obeys("huks-fingerprint", options);
}

static void enrol_then_wait(void)
{
    uint64_t id;
    ck_ok(credential_add(here.auth, secure_uid(), FINGER, PIN("thumb"), own_account(), &id));
    waits();
}

struct asking {
    pthread_t thread;
    struct auth_request request;
    struct auth_evidence evidence;
    huks_rc rc;
    enum error_about about;
    char text[300];
};

static void *ask_thread(void *argument)
{
    struct asking *asking = argument;
    asking->rc = auth_authenticate(here.auth, &asking->request, &asking->evidence);
    asking->about = error_about();
    (void)error_message(asking->text, sizeof asking->text);
    return NULL;
}

static void ask_start(struct asking *asking, uint64_t owner)
{
    *asking = (struct asking){.request = {.types = FINGER, .owner = owner}};
    ck_assert_int_eq(pthread_create(&asking->thread, NULL, ask_thread, asking), 0);
}

static void ask_end(struct asking *asking, huks_rc rc, const char *words)
{
    ck_assert_int_eq(pthread_join(asking->thread, NULL), 0);
    ck_assert_int_eq(asking->rc, rc);
    ck_assert_msg(strstr(asking->text, words) != NULL, "\"%s\" has no \"%s\"", asking->text, words);
}

START_TEST(nobody_answers)
{
    struct auth_evidence evidence;
    struct side impatient = {0};
    enrol_then_wait();
    side_config(&impatient);
    impatient.config.auth_timeout_ms = 1500;
    side_open(&impatient);
    struct auth_request request = {.types = FINGER};
    ck_unavailable(auth_authenticate(impatient.auth, &request, &evidence),
                   "fingerprint (nobody answered in time)");
    wait_until_gone(pid_file());
    side_close(&impatient);
}
END_TEST

static pid_t parent_of(pid_t pid)
{
    char path[64];
    int parent = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*d %*s %*c %d", &parent), 1);
    (void)fclose(file);
    ck_assert_int_gt(parent, 1);
    return parent;
}

START_TEST(helper_killed)
{
    struct asking asking;
    enrol_then_wait();
    ask_start(&asking, 1);
    pid_t pid = pid_file();
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ask_end(&asking, HUKS_E_USERIAM, "the helper program died");
    wait_until_gone(pid);

    /* The other of its two processes. */
    ask_start(&asking, 1);
    pid = pid_file();
    ck_assert_int_eq(kill(parent_of(pid), SIGKILL), 0);
    ask_end(&asking, HUKS_E_USERIAM, "the helper program died");
    wait_until_gone(pid);
}
END_TEST

START_TEST(cancelled)
{
    struct asking asking, other;
    struct auth_evidence evidence;
    enrol_then_wait();
    ask_start(&asking, 7);
    pid_t pid = pid_file();
    ask_start(&other, 8);
    pid_t other_pid = pid_file();
    auth_cancel(here.auth, 9); /* nobody's */
    ck_assert(!is_gone(pid) && !is_gone(other_pid));
    auth_cancel(here.auth, 7);
    ask_end(&asking, HUKS_E_USERIAM, "fingerprint (cancelled)");
    wait_until_gone(pid);
    ck_assert(!is_gone(other_pid));
    auth_cancel(here.auth, 0); /* the engine closes */
    ask_end(&other, HUKS_E_ARGUMENT, "");
    ck_assert_int_eq((int)other.about, ABOUT_SHUTDOWN);
    wait_until_gone(other_pid);
    ck_fail(authenticate(FINGER, &evidence), HUKS_E_ARGUMENT, ABOUT_SHUTDOWN);
}
END_TEST

struct waiting {
    struct token *token;
    huks_rc rc;
    enum error_about about;
};

static void *wait_in_service(void *argument)
{
    struct waiting *waiting = argument;
    struct auth_request request = {.types = FINGER, .owner = 5};
    struct auth_evidence evidence;
    waiting->rc = user_authenticate(waiting->token, &request, &evidence, NULL);
    waiting->about = error_about();
    return NULL;
}

/* C_Finalize: who waits for a finger is told that the engine closes, and the helper is gone. */
START_TEST(closing_the_engine_ends_it)
{
    struct engine *engine = NULL;
    struct waiting waiting = {.rc = HUKS_OK};
    pthread_t thread;
    enrol_then_wait();
    side_close(&here);
    ck_ok(engine_open(&here.config, &engine));
    ck_ok(engine_native_token(engine, false, &waiting.token));
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_service, &waiting), 0);
    pid_t pid = pid_file();
    user_cancel(waiting.token, 6); /* nobody's */
    ck_assert(!is_gone(pid));
    engine_wake(engine);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(waiting.rc, HUKS_E_ARGUMENT);
    ck_assert_int_eq((int)waiting.about, ABOUT_SHUTDOWN);
    wait_until_gone(pid);
    engine_close(engine);
    side_open(&here);
}
END_TEST

/* What a module left running goes with the helper. */
START_TEST(processes_of_modules_end_too)
{
    struct auth_evidence evidence;
    char script[700];
    uint64_t id;
    ck_ok(credential_add(here.auth, secure_uid(), FINGER, PIN("thumb"), own_account(), &id));
    (void)snprintf(script, sizeof script, "sleep 1000 <&- >&- 2>&- & echo $! >%s/pid", top);
    helper_script(script);
    obeys("huks-fingerprint", "result=0");
    ck_ok(authenticate(FINGER, &evidence));
    wait_until_gone(pid_file());
}
END_TEST

/* child_main("asks"): a host that is killed while it asks. */
START_TEST(dies_with_its_host)
{
    enrol_then_wait();
    struct child child = child_start("asks", "", "");
    pid_t pid = pid_file();
    ck_assert(!is_gone(pid));
    child_kill(&child);
    wait_until_gone(pid);
}
END_TEST

/* ---- a guest in the host's process ---- */

static volatile sig_atomic_t children_ended;

static void on_child(int number)
{
    (void)number;
    children_ended++;
}

START_TEST(host_notices_nothing)
{
    struct sigaction action = {.sa_handler = on_child}, old;
    struct talker talker = {.answer = "friend"};
    struct auth_request request = {.types = FINGER, .pin = USER_PIN, .talk = talk, .argument = &talker};
    struct auth_evidence evidence;
    uint64_t id;
    ck_assert_int_eq(sigaction(SIGCHLD, &action, &old), 0);
    children_ended = 0;
    obeys("huks-fingerprint", "ask=friend");
    ck_ok(auth_enroll(here.auth, &request, PIN("thumb"), &id));
    ck_assert_int_eq(talker.wait_error, ECHILD); /* there was a helper, and wait() saw none */
    ck_ok(auth_authenticate(here.auth, &request, &evidence));
    obeys("huks-fingerprint", "result=7");
    ck_refused(auth_authenticate(here.auth, &request, &evidence));
    ck_assert_int_eq(children_ended, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);

    /* Children of the host's own are still told. */
    pid_t own = fork();
    if (own == 0) {
        _exit(5);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(own, &status, 0), own);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    ck_assert_int_eq(children_ended, 1);
    ck_assert_int_eq(sigaction(SIGCHLD, &old, NULL), 0);
}
END_TEST

static void *wait_for_all(void *argument)
{
    const _Atomic bool *stop = argument;
    while (!atomic_load(stop)) {
        (void)waitpid(-1, NULL, __WALL | WNOHANG);
        (void)poll(NULL, 0, 1);
    }
    return NULL;
}

/* A host that takes every child there is, and one that ignores their ends. */
START_TEST(hosts_that_wait_for_everybody)
{
    struct auth_evidence evidence;
    pthread_t thread;
    _Atomic bool stop = false;
    obeys("huks-fingerprint", "result=0");
    enrol(FINGER, "thumb");
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_all, &stop), 0);
    for (int i = 0; i < 5; i++) {
        ck_ok(authenticate(FINGER, &evidence));
    }
    atomic_store(&stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    ck_assert_int_eq(sigaction(SIGCHLD, &ignore, &old), 0);
    ck_ok(authenticate(FINGER, &evidence));
    ck_assert_int_eq(sigaction(SIGCHLD, &old, NULL), 0);
}
END_TEST

/* This program as the helper: tells what it has got, a packet for each thing, and ends. */
int spy_main(void)
{
    static const char *const commands[] = {"SigBlk:", "SigIgn:"};
    char packet[1000] = "I", line[500];
    struct pollfd host = {.fd = 3, .events = POLLIN};
    for (int fd = 0; fd < 1000; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            size_t length = strlen(packet);
            (void)snprintf(packet + length, sizeof packet - length, "%d ", fd);
        }
    }
    size_t length = strlen(packet);
    (void)snprintf(packet + length, sizeof packet - length, "%s %s %03o %s",
                   getsid(0) == getpid() ? "leader" : "", getcwd(line, sizeof line) != NULL ? line : "",
                   umask(0), poll(&host, 1, 0) == 0 ? "host lives" : "no host");
    (void)send(0, packet, strlen(packet), 0);
    for (char **variable = environ; *variable != NULL; variable++) {
        (void)snprintf(packet, sizeof packet, "I%s", *variable);
        (void)send(0, packet, strlen(packet), 0);
    }
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
            if (strncmp(line, commands[i], strlen(commands[i])) == 0) {
                (void)snprintf(packet, sizeof packet, "I%.*s", (int)strcspn(line, "\n"), line);
                (void)send(0, packet, strlen(packet), 0);
            }
        }
    }
    return send(0, "N", 1, 0) == 1 ? 0 : 1;
}

/* Of the host's descriptors, environment, signals, directory and session the helper has nothing. */
START_TEST(helper_has_nothing_of_the_host)
{
    struct talker talker = {.answer = NULL};
    struct auth_request request = {.types = FINGER, .talk = talk, .argument = &talker};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old, now;
    sigset_t blocked, before, mask;
    struct auth_evidence evidence;
    char program[300];
    obeys("huks-fingerprint", "result=0");
    enrol(FINGER, "thumb");
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    ck_assert_int_gt(length, 0);
    program[length] = '\0';
    ck_assert_int_eq(unlink(in_top("helper")), 0);
    ck_assert_int_eq(symlink(program, in_top("helper")), 0);

    int forgotten = open("/dev/null", O_RDONLY), high = fcntl(forgotten, F_DUPFD, 900);
    ck_assert(forgotten >= 0 && high >= 900);
    ck_assert_int_eq(setenv("HUKS_TEST_SECRET", "1", 1), 0);
    (void)umask(0);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    ck_assert_int_eq(sigaction(SIGPIPE, &ignore, &old), 0);
    int in = dup(0), out = dup(1); /* and it has closed some that every program has */
    (void)close(0);
    (void)close(1);
    huks_rc rc = auth_authenticate(here.auth, &request, &evidence);
    (void)dup2(in, 0);
    (void)dup2(out, 1);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &before, &mask), 0);
    ck_assert_int_eq(sigaction(SIGPIPE, &old, &now), 0);
    (void)umask(022);
    (void)close(in);
    (void)close(out);
    (void)close(forgotten);
    (void)close(high);

    ck_assert_int_eq(rc, HUKS_E_AUTH_FAILED);
    ck_assert_str_eq(talker.heard,
                     "0 1 2 3 leader / 022 host lives|PATH=/usr/sbin:/usr/bin:/sbin:/bin|LANG=C.UTF-8|"
                     "SigBlk:\t0000000000000000|SigIgn:\t0000000000000000|");
    /* The host keeps its own. */
    ck_assert(sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 0);
    ck_assert(now.sa_handler == SIG_IGN);
}
END_TEST

/* Threads ask at once while another one forks: nobody waits for somebody else's helper. */
START_TEST(many_at_once)
{
    struct asking asking[4];
    obeys("huks-fingerprint", "result=0");
    enrol(FINGER, "thumb");
    for (size_t i = 0; i < ARRAY_SIZE(asking); i++) {
        ask_start(&asking[i], i + 1);
    }
    for (int i = 0; i < 10; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    }
    for (size_t i = 0; i < ARRAY_SIZE(asking); i++) {
        ask_end(&asking[i], HUKS_OK, "");
        ck_assert_uint_eq(asking[i].evidence.enrolled_id, enrolled_id(FINGER));
    }
}
END_TEST

int child_main(char **arguments)
{
    struct auth_request request = {.types = FINGER};
    struct auth_evidence evidence;
    (void)arguments;
    memset(&here, 0, sizeof here);
    side_open(&here);
    return auth_authenticate(here.auth, &request, &evidence) == HUKS_OK ? 0 : 1;
}

TCase *helper_tcase(void)
{
    TCase *tests = tcase_create("helper");
    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, open_place, close_place);
    tcase_add_test(tests, nobody_answers);
    tcase_add_test(tests, helper_killed);
    tcase_add_test(tests, cancelled);
    tcase_add_test(tests, closing_the_engine_ends_it);
    tcase_add_test(tests, processes_of_modules_end_too);
    tcase_add_test(tests, dies_with_its_host);
    tcase_add_test(tests, host_notices_nothing);
    tcase_add_test(tests, hosts_that_wait_for_everybody);
    tcase_add_test(tests, helper_has_nothing_of_the_host);
    tcase_add_test(tests, many_at_once);
    return tests;
}
