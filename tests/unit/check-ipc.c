/*
 * Messages, frames, and a client against a service: a real one (workers that run ipc_serve with a door made
 * for this test), and hostile ends that say what they like.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/server.h"
#include "ipc/wire.h"

/* ---- the service ---- */

enum {
    ECHO = 1, /* bytes → the same */
    COUNT,    /* → how many calls this worker has had, its pid, how many are in WAIT */
    MAKE,     /* size → so many bytes */
    FAIL,     /* → an error record */
    WAIT,     /* waits until the client has gone, or wakes it */
    HOLD,     /* the same, of which the client doesn't know that it waits */
    WAKE,     /* whoever waits comes back */
    ASK,      /* number → what the client answers, as often as it says */
    DIE,      /* the worker is killed in the midst of the call */
    REFUSE,   /* a request that can't be read */
};

static char directory[] = "/tmp/check-ipc.XXXXXX";
static char path[64];
static pid_t listener;
static int *lives; /* shared: how many workers have closed their door */
static pthread_mutex_t waiters_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t waiters = PTHREAD_COND_INITIALIZER;
static bool over;
static _Atomic uint64_t calls, waiting;

static huks_rc door_open(const struct config *config)
{
    return config->session_limit == 77 ? error_raise(HUKS_E_FILE, ABOUT_FILE, "open the store") : HUKS_OK;
}

static void door_wake(void)
{
    pthread_mutex_lock(&waiters_lock);
    over = true;
    pthread_cond_broadcast(&waiters);
    pthread_mutex_unlock(&waiters_lock);
}

static void door_close(void)
{
    (void)__atomic_add_fetch(lives, 1, __ATOMIC_SEQ_CST);
    door_wake();
}

static void door_wait(void)
{
    waiting++;
    pthread_mutex_lock(&waiters_lock);
    while (!over) {
        pthread_cond_wait(&waiters, &waiters_lock);
    }
    pthread_mutex_unlock(&waiters_lock);
}

static huks_rc door_ask(uint64_t times, struct ipc_message *reply, struct ipc_asker *asker)
{
    AUTO(ipc_message_free) struct ipc_message talk = {0};
    huks_rc rc = HUKS_OK;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < times && rc == HUKS_OK; i++) {
        ipc_message_reset(&talk);
        ipc_put_number(&talk, i);
        rc = ipc_ask(asker, &talk);
        sum += rc == HUKS_OK ? ipc_get_number(&talk) : 0;
    }
    ipc_put_number(reply, (uint64_t)rc);
    ipc_put_number(reply, sum);
    return HUKS_OK;
}

static huks_rc door_make(size_t size, struct ipc_message *reply)
{
    AUTO(memory_free_ptr) uint8_t *data = malloc(size);
    if (data == NULL) {
        return HUKS_E_MEMORY;
    }
    memset(data, 0x5a, size);
    ipc_put_bytes(reply, data, size);
    return HUKS_OK;
}

static huks_rc door_call(uint32_t function, struct ipc_message *request, struct ipc_message *reply,
                         struct ipc_asker *asker)
{
    calls++;
    switch (function) {
    case ECHO: {
        struct bytes bytes = ipc_get_bytes(request);
        ipc_put_bytes(reply, bytes.data, bytes.size);
        return ipc_message_end(request);
    }
    case COUNT:
        ipc_put_number(reply, calls);
        ipc_put_number(reply, (uint64_t)getpid());
        ipc_put_number(reply, waiting);
        return HUKS_OK;
    case MAKE:
        return door_make((size_t)ipc_get_number(request), reply);
    case FAIL:
        (void)!error_raise(HUKS_E_INVALID_PARAM, ABOUT_CURVE, "curve");
        ipc_put_error(reply);
        return HUKS_OK;
    case WAIT:
    case HOLD:
        door_wait();
        return HUKS_OK;
    case WAKE:
        door_wake();
        return HUKS_OK;
    case ASK:
        return door_ask(ipc_get_number(request), reply, asker);
    case DIE:
        (void)kill(getpid(), SIGKILL);
        return HUKS_OK;
    default:
        return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
    }
}

static const struct ipc_served served = {IPC_CRYPTOKI, door_open, door_call, door_close};
static const struct ipc_served *const doors[] = {&served};

static int listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

/* A group of its own, to be killed with its workers; and not left behind by a test that fails. */
static void listener_settle(void)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* As huksd does it: a process listens, and each connection gets one of its own. Ends by a signal, workers
 * with it. */
static void service_start(uint32_t limit)
{
    int fd = listen_here();
    listener = fork();
    ck_assert_int_ge(listener, 0);
    if (listener != 0) {
        (void)setpgid(listener, listener);
        (void)close(fd);
        return;
    }
    listener_settle();
    (void)signal(SIGCHLD, SIG_IGN);
    for (;;) {
        /* cppcheck-suppress nullPointer */
        int channel = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (channel < 0) {
            continue;
        }
        if (fork() == 0) {
            struct config config = {.session_limit = limit};
            (void)close(fd);
            if (limit == 78) {
                (void)!error_raise(HUKS_E_FILE, ABOUT_NO_SPACE, NULL);
                ipc_refuse(channel);
                _exit(0);
            }
            _exit(ipc_serve(channel, &config, doors, 1) == HUKS_OK ? 0 : 1);
        }
        if (channel >= 0) {
            (void)close(channel);
        }
    }
}

static void service_stop(void)
{
    if (listener > 0) {
        (void)kill(-listener, SIGKILL);
        (void)waitpid(listener, NULL, 0);
        listener = 0;
    }
    (void)unlink(path);
}

static void setup(void)
{
    lives = mmap(NULL, sizeof *lives, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(lives != MAP_FAILED);
    (void)snprintf(directory, sizeof directory, "/tmp/check-ipc.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/socket", directory);
}

static void teardown(void)
{
    service_stop();
    (void)rmdir(directory);
}

static enum ipc_patience patience(uint32_t function)
{
    return function == WAIT ? IPC_MAY_WAIT : function == WAKE ? IPC_WAKES : IPC_PASSES;
}

static struct ipc_client *client_new(void)
{
    struct ipc_client *client;
    ck_assert_int_eq(ipc_client_open(path, IPC_CRYPTOKI, patience, &client), HUKS_OK);
    return client;
}

static uint64_t worker_pid(struct ipc_client *client)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    ck_assert_int_eq(ipc_call(client, COUNT, &message, NULL), HUKS_OK);
    (void)ipc_get_number(&message);
    return ipc_get_number(&message);
}

static void wait_for_waiters(struct ipc_client *client, uint64_t count)
{
    for (uint64_t now = 0; now < count;) {
        AUTO(ipc_message_free) struct ipc_message message = {0};
        ck_assert_int_eq(ipc_call(client, COUNT, &message, NULL), HUKS_OK);
        (void)ipc_get_number(&message);
        (void)ipc_get_number(&message);
        now = ipc_get_number(&message);
    }
}

static huks_rc echo_rc(struct ipc_client *client, const void *data, size_t size)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    ipc_put_bytes(&message, data, size);
    HUKS_TRY(ipc_call(client, ECHO, &message, NULL));
    struct bytes back = ipc_get_bytes(&message);
    HUKS_TRY(ipc_message_end(&message));
    bool same = (back.data == NULL) == (data == NULL) && bytes_equal(back, bytes_of(data, size));
    return same ? HUKS_OK : HUKS_E_INTERNAL;
}

static void echo(struct ipc_client *client, const void *data, size_t size)
{
    ck_assert_int_eq(echo_rc(client, data, size), HUKS_OK);
}

static int descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void failed_with(huks_rc rc, huks_rc code, enum error_about about)
{
    ck_assert_int_eq(rc, code);
    ck_assert_int_eq(error_about(), about);
}

/* ---- messages ---- */

START_TEST(message_order)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    uint8_t data[1000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)i;
    }
    for (size_t size = 0; size < 100; size++) {
        ipc_put_number(&message, size * 3);
        ipc_put_bytes(&message, data, size);
    }
    ipc_put_bytes(&message, NULL, 0);
    ipc_put_bytes(&message, NULL, 5);
    ipc_put_bytes(&message, data, sizeof data);
    for (size_t size = 0; size < 100; size++) {
        ck_assert_uint_eq(ipc_get_number(&message), size * 3);
        struct bytes bytes = ipc_get_bytes(&message);
        ck_assert_ptr_nonnull(bytes.data);
        ck_assert(bytes_equal(bytes, bytes_of(data, size)));
        ck_assert(size == 0 || (uintptr_t)bytes.data % _Alignof(max_align_t) == 0);
    }
    ck_assert_ptr_null(ipc_get_bytes(&message).data);
    ck_assert_ptr_null(ipc_get_bytes(&message).data);
    ck_assert(bytes_equal(ipc_get_bytes(&message), BYTES_OF(data)));
    ck_assert_int_eq(ipc_message_end(&message), HUKS_OK);
    ck_assert_uint_eq(ipc_get_number(&message), 0);
    failed_with(ipc_message_end(&message), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
    ipc_message_reset(&message);
    ck_assert_int_eq(ipc_message_end(&message), HUKS_OK);
}
END_TEST

/* Cut anywhere, a message gives zeros and absent bytes to its end, and says so once. */
START_TEST(message_cut)
{
    uint8_t data[70];
    memset(data, 7, sizeof data);
    AUTO(ipc_message_free) struct ipc_message whole = {0};
    ipc_put_bytes(&whole, data, sizeof data);
    ipc_put_number(&whole, 9);
    for (size_t size = 0; size < whole.bytes.size; size++) {
        struct ipc_message cut = {.bytes = {whole.bytes.data, size, size}};
        struct bytes bytes = ipc_get_bytes(&cut);
        ck_assert(bytes.data == NULL || bytes.size == sizeof data);
        ck_assert_uint_eq(ipc_get_number(&cut), 0);
        failed_with(ipc_message_end(&cut), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
    }
    struct ipc_message longer = {.bytes = whole.bytes};
    (void)ipc_get_bytes(&longer);
    failed_with(ipc_message_end(&longer), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
}
END_TEST

START_TEST(message_lengths_that_lie)
{
    static const uint64_t lies[] = {UINT64_MAX - 1, UINT64_MAX - 15, INT64_MAX, UINT64_C(1) << 32, 17, 24, 9};
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        AUTO(ipc_message_free) struct ipc_message message = {0};
        ipc_put_number(&message, lies[i]);
        ipc_put_number(&message, 0);
        ck_assert_ptr_null(ipc_get_bytes(&message).data);
        failed_with(ipc_message_end(&message), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
    }
}
END_TEST

START_TEST(message_too_large)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    uint8_t byte = 1;
    ipc_put_number(&message, 1);
    ipc_put_bytes(&message, &byte, IPC_SIZE_MAX); /* refused before it is read */
    ck_assert(message.failed);
    ipc_put_number(&message, 2);
    failed_with(ipc_message_end(&message), HUKS_E_MEMORY, ABOUT_ALLOCATION);
    ipc_message_reset(&message);
    ck_assert_int_eq(ipc_message_end(&message), HUKS_OK);
}
END_TEST

/* Large data stay where they were first put, whatever small things follow them. */
START_TEST(message_not_moved)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    enum { LARGE = (1 << 20) + 3 };
    AUTO(memory_free_ptr) uint8_t *data = calloc(1, LARGE);
    ck_assert_ptr_nonnull(data);
    ipc_put_number(&message, 1);
    ipc_put_bytes(&message, data, LARGE);
    const uint8_t *before = message.bytes.data;
    size_t capacity = message.bytes.capacity;
    for (uint64_t i = 0; i < 16; i++) {
        ipc_put_number(&message, i);
    }
    ck_assert(!message.failed);
    ck_assert_ptr_eq(message.bytes.data, before);
    ck_assert_uint_eq(message.bytes.capacity, capacity);
    ck_assert_uint_lt(capacity, 2 * LARGE);
}
END_TEST

START_TEST(message_cleansed)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    ipc_put_bytes(&message, "secret words", 12);
    const uint8_t *data = message.bytes.data;
    size_t size = message.bytes.size;
    ipc_message_reset(&message);
    for (size_t i = 0; i < size; i++) {
        ck_assert_uint_eq(data[i], 0);
    }
}
END_TEST

START_TEST(message_error)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    char before[512], after[512];
    (void)!error_raise(HUKS_E_FILE, ABOUT_NO_SPACE, "write the key file");
    (void)error_message(before, sizeof before);
    ipc_put_error(&message);
    error_clear();
    ipc_put_error(&message);
    (void)!error_raise(HUKS_E_INTERNAL, ABOUT_NOTHING, "something else");
    failed_with(ipc_get_error(&message), HUKS_E_FILE, ABOUT_NO_SPACE);
    ck_assert_str_eq(error_message(after, sizeof after), before);
    ck_assert_int_eq(ipc_get_error(&message), HUKS_OK);
    ck_assert_int_eq(error_code(), HUKS_OK);
    ck_assert_int_eq(ipc_message_end(&message), HUKS_OK);

    static const uint64_t lies[][2] = {{HUKS_E_FILE, ABOUT_COUNT}, {UINT64_MAX, 0}, {UINT64_C(1) << 40, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        ipc_message_reset(&message);
        ipc_put_number(&message, lies[i][0]);
        ipc_put_number(&message, lies[i][1]);
        ipc_put_bytes(&message, "x", 1);
        failed_with(ipc_get_error(&message), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
    }
}
END_TEST

/* ---- calls ---- */

START_TEST(call_round_trips)
{
    service_start(0);
    int before = descriptors();
    struct ipc_client *client = client_new();
    echo(client, NULL, 0);
    echo(client, "", 0);
    echo(client, "a", 1);
    static uint8_t large[5 << 20];
    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (uint8_t)(i * 7 >> 3);
    }
    /* Around every step of the receiving buffers. */
    for (size_t size = 512; size <= sizeof large; size = size * 2 - size / 3) {
        echo(client, large, size);
    }
    echo(client, large, sizeof large);

    AUTO(ipc_message_free) struct ipc_message message = {0};
    ck_assert_int_eq(ipc_call(client, FAIL, &message, NULL), HUKS_OK);
    failed_with(ipc_get_error(&message), HUKS_E_INVALID_PARAM, ABOUT_CURVE);
    ipc_client_close(client);
    ck_assert_int_eq(*lives, 1); /* the door was closed before we came back */
    ck_assert_int_eq(descriptors(), before);
}
END_TEST

START_TEST(call_nobody_listens)
{
    struct ipc_client *client = (struct ipc_client *)1;
    failed_with(ipc_client_open(path, IPC_CRYPTOKI, patience, &client), HUKS_E_IPC, ABOUT_IPC_GONE);
    ck_assert_ptr_null(client);
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    failed_with(ipc_client_open(longest, IPC_CRYPTOKI, patience, &client), HUKS_E_IPC, ABOUT_IPC_GONE);
    ipc_client_close(NULL);
    ipc_client_abandon(NULL);
}
END_TEST

/* What opening the door answers comes to the client as it is; an unknown door is none. */
START_TEST(call_door_that_fails)
{
    service_start(77);
    struct ipc_client *client;
    failed_with(ipc_client_open(path, IPC_CRYPTOKI, patience, &client), HUKS_E_FILE, ABOUT_FILE);
    failed_with(ipc_client_open(path, IPC_NATIVE, patience, &client), HUKS_E_IPC, ABOUT_IPC_GONE);
    service_stop();
    service_start(78); /* and what went wrong before that */
    failed_with(ipc_client_open(path, IPC_CRYPTOKI, patience, &client), HUKS_E_FILE, ABOUT_NO_SPACE);
}
END_TEST

/* ---- threads ---- */

struct crowd {
    struct ipc_client *client;
    atomic_int good;
};

static void *echo_much(void *context)
{
    struct crowd *crowd = context;
    uint8_t data[3000];
    uint64_t self = (uint64_t)pthread_self();
    for (int i = 0; i < 50; i++) {
        memset(data, (int)(self >> 12) + i, sizeof data);
        if (echo_rc(crowd->client, data, sizeof data - (size_t)i) != HUKS_OK) {
            return NULL;
        }
    }
    atomic_fetch_add(&crowd->good, 1);
    return NULL;
}

static void *wait_in_call(void *context)
{
    struct crowd *crowd = context;
    AUTO(ipc_message_free) struct ipc_message message = {0};
    huks_rc rc = ipc_call(crowd->client, WAIT, &message, NULL);
    if (rc == HUKS_E_IPC && error_about() == ABOUT_SHUTDOWN) {
        atomic_fetch_add(&crowd->good, 1);
    }
    return NULL;
}

/* More threads than channels. */
START_TEST(threads_share_the_pool)
{
    enum { MANY = IPC_CHANNELS + 16 };
    service_start(0);
    struct crowd crowd = {.client = client_new()};
    pthread_t threads[MANY];
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, echo_much, &crowd), 0);
    }
    for (int i = 0; i < MANY; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ck_assert_int_eq(crowd.good, MANY);
    ipc_client_close(crowd.client);
}
END_TEST

static void *hold_in_call(void *context)
{
    struct crowd *crowd = context;
    AUTO(ipc_message_free) struct ipc_message message = {0};
    if (ipc_call(crowd->client, HOLD, &message, NULL) == HUKS_OK) {
        atomic_fetch_add(&crowd->good, 1);
    }
    return NULL;
}

/* Of calls that wait there are more than channels: all that can be are in the service, others still get
 * there. */
START_TEST(waiting_keeps_nobody)
{
    enum { MANY = IPC_CHANNELS + 16 };
    service_start(0);
    struct crowd crowd = {.client = client_new()};
    pthread_t threads[MANY];
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_in_call, &crowd), 0);
    }
    wait_for_waiters(crowd.client, IPC_CHANNELS_WAIT);
    for (int i = 0; i < 20; i++) {
        echo(crowd.client, "still", 5);
    }
    ipc_client_close(crowd.client);
    for (int i = 0; i < MANY; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ck_assert_int_eq(crowd.good, MANY);
}
END_TEST

/* Every channel but one has a call that doesn't come back: the last one is for the call that wakes them. */
START_TEST(waking_comes_through)
{
    enum { MANY = IPC_CHANNELS + 16 };
    service_start(0);
    struct crowd crowd = {.client = client_new()};
    pthread_t threads[MANY];
    for (int i = 0; i < IPC_CHANNELS_PASS - 1; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hold_in_call, &crowd), 0);
    }
    wait_for_waiters(crowd.client, IPC_CHANNELS_PASS - 1); /* which takes a channel itself */
    for (int i = IPC_CHANNELS_PASS - 1; i < MANY; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hold_in_call, &crowd), 0);
    }
    AUTO(ipc_message_free) struct ipc_message message = {0};
    ck_assert_int_eq(ipc_call(crowd.client, WAKE, &message, NULL), HUKS_OK);
    for (int i = 0; i < MANY; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ck_assert_int_eq(crowd.good, MANY);
    ipc_client_close(crowd.client);
}
END_TEST

/* ---- questions ---- */

static huks_rc answer_double(struct ipc_message *question, struct ipc_message *answer, void *context)
{
    uint64_t number = ipc_get_number(question);
    ck_assert_int_eq(ipc_message_end(question), HUKS_OK);
    echo(context, "a call in the midst of a call", 29);
    ipc_put_number(answer, number * 2 + 1);
    return HUKS_OK;
}

static huks_rc answer_no(struct ipc_message *question, struct ipc_message *answer, void *context)
{
    (void)question;
    (void)context;
    ipc_put_number(answer, 5);
    return error_raise(HUKS_E_AUTH_FAILED, ABOUT_PIN, NULL);
}

static uint64_t ask(struct ipc_client *client, uint64_t times, const struct ipc_talk *talk, uint64_t *sum)
{
    AUTO(ipc_message_free) struct ipc_message message = {0};
    ipc_put_number(&message, times);
    ck_assert_int_eq(ipc_call(client, ASK, &message, talk), HUKS_OK);
    uint64_t rc = ipc_get_number(&message);
    *sum = ipc_get_number(&message);
    return rc;
}

START_TEST(questions)
{
    service_start(0);
    struct ipc_client *client = client_new();
    uint64_t sum;
    struct ipc_talk talk = {answer_double, client};
    ck_assert_uint_eq(ask(client, 10, &talk, &sum), HUKS_OK);
    ck_assert_uint_eq(sum, 100);
    ck_assert_uint_eq(ask(client, 0, &talk, &sum), HUKS_OK);
    talk.answer = answer_no;
    ck_assert_uint_eq(ask(client, 3, &talk, &sum), HUKS_E_AUTH_FAILED);
    ck_assert_uint_eq(sum, 0);
    ck_assert_uint_eq(ask(client, 3, NULL, &sum), HUKS_E_IPC);
    echo(client, "and on", 6);
    ipc_client_close(client);
}
END_TEST

/* ---- deaths ---- */

START_TEST(death_in_a_call)
{
    service_start(0);
    struct ipc_client *client = client_new();
    uint64_t first = worker_pid(client);
    AUTO(ipc_message_free) struct ipc_message message = {0};
    failed_with(ipc_call(client, DIE, &message, NULL), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
    echo(client, "again", 5);
    ck_assert_uint_ne(worker_pid(client), first);
    /* A request that the door can't read is the end of that worker too. */
    ipc_message_reset(&message);
    failed_with(ipc_call(client, REFUSE, &message, NULL), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
    echo(client, "and again", 9);
    ipc_client_close(client);
}
END_TEST

static void worker_kill(struct ipc_client *client)
{
    pid_t worker = (pid_t)worker_pid(client);
    ck_assert_int_eq(kill(worker, SIGKILL), 0);
    while (kill(worker, 0) == 0) {
        (void)usleep(1000);
    }
}

/* Killed between calls: the next is carried out by a new worker and nobody notices. */
START_TEST(death_between_calls)
{
    service_start(0);
    struct ipc_client *client = client_new();
    for (int i = 0; i < 5; i++) {
        worker_kill(client);
        echo(client, "again", 5);
    }
    worker_kill(client);
    service_stop();
    AUTO(ipc_message_free) struct ipc_message message = {0};
    failed_with(ipc_call(client, COUNT, &message, NULL), HUKS_E_IPC, ABOUT_IPC_GONE);
    failed_with(ipc_call(client, COUNT, &message, NULL), HUKS_E_IPC, ABOUT_IPC_GONE);
    service_start(0);
    echo(client, "back", 4);
    ipc_client_close(client);
}
END_TEST

static void *call_until_lost(void *context)
{
    struct crowd *crowd = context;
    AUTO(ipc_message_free) struct ipc_message message = {0};
    huks_rc rc = ipc_call(crowd->client, WAIT, &message, NULL);
    if (rc == HUKS_E_IPC && error_about() == ABOUT_IPC_MESSAGE && echo_rc(crowd->client, "x", 1) == HUKS_OK) {
        atomic_fetch_add(&crowd->good, 1);
    }
    return NULL;
}

START_TEST(death_with_many_calls)
{
    enum { MANY = 20 };
    service_start(0);
    struct crowd crowd = {.client = client_new()};
    pthread_t threads[MANY];
    pid_t worker = (pid_t)worker_pid(crowd.client);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_until_lost, &crowd), 0);
    }
    wait_for_waiters(crowd.client, MANY);
    (void)kill(worker, SIGKILL);
    for (int i = 0; i < MANY; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ck_assert_int_eq(crowd.good, MANY);
    ipc_client_close(crowd.client);
}
END_TEST

/* The worker's life is the client process's: a child that holds its sockets does not prolong it. */
START_TEST(death_of_the_client)
{
    service_start(0);
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    pid_t client = fork();
    if (client == 0) {
        (void)worker_pid(client_new());
        pid_t child = fork();
        if (child == 0) {
            (void)pause();
            _exit(0);
        }
        _exit(write(out[1], &child, sizeof child) == (ssize_t)sizeof child ? 0 : 1);
    }
    pid_t child = 0;
    ck_assert_int_eq(read(out[0], &child, sizeof child), (int)sizeof child);
    (void)waitpid(client, NULL, 0);
    while (__atomic_load_n(lives, __ATOMIC_SEQ_CST) == 0) {
        (void)usleep(1000);
    }
    (void)kill(child, SIGKILL);
    (void)close(out[0]);
    (void)close(out[1]);
}
END_TEST

/* ---- the host's doings ---- */

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                    \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

/* In a child, without Check: its own descriptors are among those that are closed. */
static void close_and_reuse(void)
{
    struct ipc_client *client = client_new();
    uint64_t first = worker_pid(client);
    for (int fd = STDERR_FILENO + 1; fd < 64; fd++) {
        (void)close(fd);
    }
    char name[96];
    (void)snprintf(name, sizeof name, "%s/host", directory);
    int files[8], pairs[4][2];
    for (int i = 0; i < 8; i++) {
        files[i] = open(name, O_RDWR | O_CREAT, 0600);
        MUST(files[i] >= 0);
        MUST(i % 2 != 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i / 2]) == 0);
    }
    (void)unlink(name);
    MUST(echo_rc(client, "two", 3) == HUKS_OK);
    struct ipc_message message = {0};
    MUST(ipc_call(client, COUNT, &message, NULL) == HUKS_OK);
    MUST(ipc_get_number(&message) == 2);
    MUST(ipc_get_number(&message) != first);
    ipc_client_close(client);
    struct stat file;
    for (int i = 0; i < 8; i++) {
        char byte;
        MUST(fstat(files[i], &file) == 0 && file.st_size == 0); /* still open, and not written into */
        MUST(recv(pairs[i / 2][i % 2], &byte, 1, 0) == -1 && errno == EAGAIN); /* nor shut down */
    }
}

/* The host closes everything it doesn't know and uses the numbers for files of its own. */
START_TEST(host_closes_descriptors)
{
    service_start(0);
    pid_t child = fork();
    if (child == 0) {
        close_and_reuse();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* One channel lost costs a channel: the worker, and what it holds for us, stays. */
START_TEST(host_closes_one)
{
    service_start(0);
    struct ipc_client *client = client_new();
    uint64_t first = worker_pid(client);
    int highest = -1;
    for (int fd = 0; fd < 64; fd++) {
        highest = fcntl(fd, F_GETFD) >= 0 ? fd : highest;
    }
    (void)close(highest);
    int file = open("/dev/null", O_RDWR);
    ck_assert_int_ge(file, 0);
    uint64_t second = worker_pid(client);
    ck_assert_uint_eq(second, first);
    ipc_client_close(client);
    ck_assert_int_ge(fcntl(file, F_GETFD), 0);
}
END_TEST

START_TEST(host_without_standard_descriptors)
{
    service_start(0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDIN_FILENO);
        (void)close(STDOUT_FILENO);
        struct ipc_client *client = client_new();
        echo(client, "x", 1);
        bool taken = fcntl(STDIN_FILENO, F_GETFD) >= 0 || fcntl(STDOUT_FILENO, F_GETFD) >= 0;
        for (int fd = STDERR_FILENO + 1; fd < 64; fd++) {
            int flags = fcntl(fd, F_GETFD);
            struct stat file;
            if (flags >= 0 && fstat(fd, &file) == 0 && S_ISSOCK(file.st_mode)) {
                taken = taken || (flags & FD_CLOEXEC) == 0;
            }
        }
        ipc_client_close(client);
        _exit(taken ? 1 : 0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(host_forks)
{
    service_start(0);
    struct ipc_client *client = client_new();
    uint64_t worker = worker_pid(client);
    pid_t child = fork();
    if (child == 0) {
        int before = descriptors();
        ipc_client_abandon(client);
        bool closed = descriptors() == before - 2;
        struct ipc_client *own = client_new();
        bool other = worker_pid(own) != worker;
        ipc_client_close(own);
        _exit(closed && other ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(worker_pid(client), worker);
    ipc_client_close(client);
}
END_TEST

/* ---- hostile ends ---- */

static int connect_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, struct ipc_header header, const void *rest, size_t size)
{
    ck_assert_int_eq(send(fd, &header, sizeof header, MSG_NOSIGNAL), (int)sizeof header);
    /* Whom the header offends may have gone by now. */
    if (size != 0 && send(fd, rest, size, MSG_NOSIGNAL) != (ssize_t)size) {
        ck_assert(errno == EPIPE || errno == ECONNRESET);
    }
}

/* Until the other side hangs up. */
static void hear_the_end(int fd)
{
    uint8_t bytes[512];
    while (recv(fd, bytes, sizeof bytes, 0) > 0) {
    }
    (void)close(fd);
}

static const uint64_t crypto_door = IPC_CRYPTOKI;
#define HELLO ((struct ipc_header){IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, sizeof crypto_door})

/* Whatever somebody sends costs him his worker; a client next to him goes on with its own. */
START_TEST(hostile_clients)
{
    static const struct ipc_header first[] = {
        {0x47455420, IPC_HELLO, IPC_VERSION, 0, 8},
        {IPC_MAGIC, IPC_CALL, ECHO, 0, 8},
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, UINT64_MAX},
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, IPC_SIZE_MAX + 1},
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, 0},
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, 4},
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION + 1, 0, 8},
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION, 1, 8},
        {IPC_MAGIC, 99, IPC_VERSION, 0, 8},
    };
    static const struct ipc_header then[] = {
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, 8},
        {IPC_MAGIC, IPC_CALL, ECHO, 0, 8},
        {IPC_MAGIC, IPC_CHANNEL, 0, 0, 8}, /* without a descriptor */
        {IPC_MAGIC, IPC_ANSWER, 0, 0, 8},
        {IPC_MAGIC, 0, 0, 0, 8},
        {0, IPC_CHANNEL, 0, 0, 8},
    };
    service_start(0);
    struct ipc_client *client = client_new();
    uint64_t worker = worker_pid(client);
    for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
        int fd = connect_here();
        say(fd, first[i], &crypto_door, sizeof crypto_door);
        (void)shutdown(fd, SHUT_WR);
        hear_the_end(fd);
        ck_assert_uint_eq(worker_pid(client), worker);
    }
    for (size_t i = 0; i < ARRAY_SIZE(then); i++) {
        int fd = connect_here();
        say(fd, HELLO, &crypto_door, sizeof crypto_door);
        say(fd, then[i], &crypto_door, sizeof crypto_door);
        hear_the_end(fd);
        ck_assert_uint_eq(worker_pid(client), worker);
    }
    ipc_client_close(client);
}
END_TEST

/* A channel of his own, passed by hand. */
static int pass_channel(int control, int passed)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } room;
    struct ipc_header header = {IPC_MAGIC, IPC_CHANNEL, 0, 0, 0};
    struct iovec part = {&header, sizeof header};
    struct msghdr frame = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = room.bytes,
                           .msg_controllen = CMSG_LEN(sizeof(int))};
    memset(&room, 0, sizeof room);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&frame);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &passed, sizeof passed);
    ck_assert_int_eq(sendmsg(control, &frame, MSG_NOSIGNAL), (int)sizeof header);
    ck_assert_int_eq(recv(control, &header, sizeof header, MSG_WAITALL), (int)sizeof header);
    return (int)header.kind;
}

START_TEST(hostile_channels)
{
    static const struct ipc_header frames[] = {
        {IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, 8},  {IPC_MAGIC, IPC_ANSWER, 0, 0, 8},
        {IPC_MAGIC, IPC_CALL, REFUSE, 0, 8},        {IPC_MAGIC, IPC_CALL, ECHO, 0, 8}, /* 8 bytes too few */
        {IPC_MAGIC, IPC_CALL, ECHO, 0, UINT64_MAX}, {1, IPC_CALL, ECHO, 0, 8},
    };
    service_start(0);
    struct ipc_client *client = client_new();
    uint64_t worker = worker_pid(client);
    struct ipc_header reply;
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        int control = connect_here();
        say(control, HELLO, &crypto_door, sizeof crypto_door);
        ck_assert_int_eq(recv(control, &reply, sizeof reply, MSG_WAITALL), (int)sizeof reply);
        ck_assert_int_eq((int)reply.kind, IPC_REPLY);
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        ck_assert_int_eq(pass_channel(control, pair[1]), IPC_REPLY);
        (void)close(pair[1]);
        say(pair[0], frames[i], &crypto_door, sizeof crypto_door);
        hear_the_end(pair[0]);
        hear_the_end(control);
        ck_assert_uint_eq(worker_pid(client), worker);
    }
    /* No socket at all, and more channels than there may be. */
    int control = connect_here();
    say(control, HELLO, &crypto_door, sizeof crypto_door);
    ck_assert_int_eq(recv(control, &reply, sizeof reply, MSG_WAITALL), (int)sizeof reply);
    int null = open("/dev/null", O_RDWR);
    ck_assert_int_eq(pass_channel(control, null), IPC_REPLY);
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int kind = IPC_REPLY;
    for (int i = 0; i < IPC_CHANNELS + 1 && kind == IPC_REPLY; i++) {
        kind = pass_channel(control, pair[1]);
    }
    ck_assert_int_eq(kind, IPC_ERROR);
    (void)close(control);
    ck_assert_uint_eq(worker_pid(client), worker);
    ipc_client_close(client);
}
END_TEST

/* A header that promises much makes nobody take memory for it: a gigabyte promised twenty times, in 512 MiB.
 */
START_TEST(hostile_promises)
{
    service_start(0);
    int ends[20];
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        ends[i] = connect_here();
        say(ends[i], (struct ipc_header){IPC_MAGIC, IPC_HELLO, IPC_VERSION, 0, IPC_SIZE_MAX}, "x", 1);
    }
    struct ipc_client *client = client_new();
    echo(client, "x", 1);
    ipc_client_close(client);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        (void)close(ends[i]);
    }
}
END_TEST

/* A service that says hello, takes a channel, and then answers a call with what it likes. */
static void impostor(const void *bytes, size_t size)
{
    int fd = listen_here();
    listener = fork();
    ck_assert_int_ge(listener, 0);
    if (listener != 0) {
        (void)setpgid(listener, listener);
        (void)close(fd);
        return;
    }
    listener_settle();
    for (;;) {
        struct ipc_message message = {0};
        struct ipc_header header;
        /* cppcheck-suppress nullPointer */
        struct ipc_end control = {accept4(fd, NULL, NULL, SOCK_CLOEXEC), 0, 0};
        int channel = -1;
        if (ipc_receive(&control, &header, &message, NULL) == IPC_PASSED &&
            ipc_send(&control, IPC_REPLY, 0, NULL, -1) == IPC_PASSED &&
            ipc_receive(&control, &header, &message, &channel) == IPC_PASSED &&
            ipc_send(&control, IPC_REPLY, 0, NULL, -1) == IPC_PASSED) {
            struct ipc_end end = {channel, 0, 0};
            (void)!ipc_receive(&end, &header, &message, NULL);
            (void)send(channel, bytes, size, MSG_NOSIGNAL);
        }
        (void)close(channel);
        (void)close(control.fd);
        ipc_message_free(&message);
    }
}

START_TEST(hostile_services)
{
    static const struct ipc_header frames[] = {
        {IPC_MAGIC, IPC_CALL, 0, 0, 0},
        {IPC_MAGIC, IPC_HELLO, 0, 0, 0},
        {IPC_MAGIC, IPC_ERROR, 0, 0, 0},
        {IPC_MAGIC, 77, 0, 0, 0},
        {0, IPC_REPLY, 0, 0, 0},
        {IPC_MAGIC, IPC_REPLY, 0, 0, UINT64_MAX},
        {IPC_MAGIC, IPC_REPLY, 0, 0, 1 << 29}, /* and then no more */
        {IPC_MAGIC, IPC_REPLY, 0, 9, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        impostor(&frames[i], sizeof frames[i]);
        struct ipc_client *client = client_new();
        for (int times = 0; times < 3; times++) {
            AUTO(ipc_message_free) struct ipc_message message = {0};
            failed_with(ipc_call(client, ECHO, &message, NULL), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
        }
        ipc_client_close(client);
        service_stop();
    }
    impostor("HUK", 3); /* less than a header */
    struct ipc_client *client = client_new();
    AUTO(ipc_message_free) struct ipc_message message = {0};
    failed_with(ipc_call(client, ECHO, &message, NULL), HUKS_E_IPC, ABOUT_IPC_MESSAGE);
    ipc_client_close(client);
}
END_TEST

/* ---- signals and memory ---- */

static void interrupted(int number)
{
    (void)number;
}

struct nuisance {
    pthread_t target;
    atomic_bool stop;
};

static void *interrupt_much(void *context)
{
    struct nuisance *nuisance = context;
    while (!nuisance->stop) {
        (void)pthread_kill(nuisance->target, SIGUSR1);
        (void)usleep(200);
    }
    return NULL;
}

/* Interrupted system calls go on; a dead service raises no signal (SIGPIPE would end us here). */
START_TEST(signals)
{
    service_start(0);
    struct sigaction action = {.sa_handler = interrupted}; /* no SA_RESTART */
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    struct ipc_client *client = client_new();
    struct nuisance nuisance = {.target = pthread_self()};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_much, &nuisance), 0);
    static uint8_t large[1 << 20];
    for (int i = 0; i < 30; i++) {
        echo(client, large, sizeof large);
    }
    nuisance.stop = true;
    (void)pthread_join(thread, NULL);
    worker_kill(client);
    service_stop();
    AUTO(ipc_message_free) struct ipc_message message = {0};
    failed_with(ipc_call(client, COUNT, &message, NULL), HUKS_E_IPC, ABOUT_IPC_GONE);
    ipc_client_close(client);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* A reply that memory is too short for is 12000014, and the channel is good for the next call. */
START_TEST(memory_short)
{
    service_start(0);
    struct ipc_client *client = client_new();
    echo(client, "x", 1);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
    FILE *statm = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    ck_assert_ptr_nonnull(statm);
    ck_assert_int_eq(fscanf(statm, "%lu", &pages), 1);
    (void)fclose(statm);
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (64 << 20);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    uint64_t worker = worker_pid(client);
    for (int i = 0; i < 3; i++) {
        AUTO(ipc_message_free) struct ipc_message message = {0};
        ipc_put_number(&message, 200 << 20);
        failed_with(ipc_call(client, MAKE, &message, NULL), HUKS_E_MEMORY, ABOUT_ALLOCATION);
        ck_assert_uint_eq(worker_pid(client), worker);
    }
    ipc_client_close(client);
}
END_TEST

/* No descriptor left: 12000014 too, and as good as before when there are some again. */
START_TEST(descriptors_short)
{
    service_start(0);
    struct ipc_client *client = client_new();
    struct rlimit limit, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){3, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    huks_rc rc = echo_rc(client, "x", 1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    failed_with(rc, HUKS_E_MEMORY, ABOUT_ALLOCATION);
    echo(client, "x", 1);
    ipc_client_close(client);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("ipc");
    TCase *messages = tcase_create("messages");
    tcase_add_test(messages, message_order);
    tcase_add_test(messages, message_cut);
    tcase_add_test(messages, message_lengths_that_lie);
    tcase_add_test(messages, message_too_large);
    tcase_add_test(messages, message_not_moved);
    tcase_add_test(messages, message_cleansed);
    tcase_add_test(messages, message_error);
    suite_add_tcase(suite, messages);
    const TTest *const tests[] = {
        call_round_trips,
        call_nobody_listens,
        call_door_that_fails,
        threads_share_the_pool,
        waiting_keeps_nobody,
        waking_comes_through,
        questions,
        death_in_a_call,
        death_between_calls,
        death_with_many_calls,
        death_of_the_client,
        host_closes_descriptors,
        host_closes_one,
        host_without_standard_descriptors,
        host_forks,
        hostile_clients,
        hostile_channels,
        hostile_promises,
        hostile_services,
        signals,
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        memory_short,
        descriptors_short,
#endif
    };
    TCase *services = tcase_create("services");
    tcase_add_checked_fixture(services, setup, teardown);
    tcase_set_timeout(services, 30);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        tcase_add_test(services, tests[i]);
    }
    suite_add_tcase(suite, services);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
