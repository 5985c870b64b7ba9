/* What the tests of authentication share: a token in a directory of its own, and other processes on it. */
#ifndef HUKS_CHECK_AUTH_H
#define HUKS_CHECK_AUTH_H

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/inside.h"
#include "auth/number.h"

/* Check is asked only on failure: in a child_main() there is no test it could report to. */
#define ck_ok(call)                                                                                          \
    do {                                                                                                     \
        huks_rc ck_rc = (call);                                                                              \
        if (ck_rc != HUKS_OK) {                                                                              \
            char ck_text[300];                                                                               \
            ck_abort_msg("%s: %d about %d: %s", #call, (int)ck_rc, (int)error_about(),                       \
                         error_message(ck_text, sizeof(ck_text)));                                           \
        }                                                                                                    \
    } while (0)
#define ck_fail(call, code, what)                                                                            \
    do {                                                                                                     \
        ck_assert_int_eq((call), (code));                                                                    \
        ck_assert_int_eq((int)error_about(), (int)(what));                                                   \
    } while (0)
#define ck_wrong(call)  ck_fail(call, HUKS_E_AUTH_FAILED, ABOUT_PIN)
#define ck_locked(call) ck_fail(call, HUKS_E_AUTH_FAILED, ABOUT_PIN_LOCKED)

#define SO_PIN   PIN("so-pin")
#define USER_PIN PIN("user-pin")

static inline struct bytes PIN(const char *text) {
    return bytes_of(text, strlen(text));
}

extern char top[256]; /* removed at the end of a test */

/* One party on the token: a process, or what stands for one. */
struct side {
    struct config config;
    struct crypto *crypto;
    struct store *store;
    struct store_token *token;
    struct auth *auth;
};

static inline void side_config(struct side *side)
{
    config_defaults(&side->config);
    (void)snprintf(side->config.store, sizeof side->config.store, "%s/store", top);
    side->config.scrypt_log2n = 4;
    side->config.pin_tries = 3;
}

static inline void side_connect(struct side *side)
{
    ck_ok(crypto_open(&side->crypto));
    ck_ok(store_open(&side->config, side->crypto, &side->store));
}

static inline void side_token(struct side *side)
{
    ck_ok(store_token_open(side->store, 0, &side->token));
    ck_ok(auth_open(side->store, side->token, side->crypto, &side->config, &side->auth));
}

static inline void side_open(struct side *side)
{
    if (side->config.scrypt_log2n == 0) {
        side_config(side);
    }
    side_connect(side);
    side_token(side);
}

static inline void side_close(struct side *side)
{
    auth_close(side->auth);
    store_token_close(side->token);
    store_close(side->store);
    crypto_close(side->crypto);
    side->auth = NULL;
    side->token = NULL;
    side->store = NULL;
    side->crypto = NULL;
}

/* C_InitToken, and nothing open after it. */
static inline void token_new(struct side *side, struct bytes so_pin, uint64_t expect_life)
{
    struct auth_meta meta;
    bool locked = false;
    ck_ok(auth_make(side->store, side->crypto, &side->config, so_pin, PIN("a token"), &meta));
    ck_ok(store_token_lock_exclusive(side->store, 0, &locked));
    ck_assert(locked);
    ck_ok(store_token_make(side->store, 0, expect_life, meta.entries, meta.count));
    store_token_unlock_exclusive(side->store, 0);
    auth_meta_free(&meta);
}

static inline void place_make(void)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(top, sizeof top, "%s/check-auth-XXXXXX", parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(top));
}

static inline void place_remove(void)
{
    char command[400];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", top);
    ck_assert_int_eq(system(command), 0);
}

/* ---- keys ---- */

/* A copy of a class's key; false when it is locked. */
static inline bool key_of(struct side *side, enum store_class class, uint8_t out[32])
{
    const struct store_keys *keys = auth_keys_acquire(side->auth);
    bool open = keys->key[class] != NULL;
    if (open) {
        memcpy(out, keys->key[class], 32);
    }
    auth_keys_release(side->auth);
    return open;
}

static inline bool key_open(struct side *side, enum store_class class)
{
    uint8_t key[32];
    return key_of(side, class, key);
}

static inline bool key_is(struct side *side, enum store_class class, const uint8_t expected[32])
{
    uint8_t key[32];
    return key_of(side, class, key) && memcmp(key, expected, 32) == 0;
}

static inline bool key_gone(struct side *side, enum store_class class)
{
    const struct store_keys *keys = auth_keys_acquire(side->auth);
    bool gone = keys->gone[class];
    auth_keys_release(side->auth);
    return gone;
}

/* What the token's owner does first. */
static inline void set_first_pin(struct side *side, struct bytes pin)
{
    ck_ok(auth_login(side->auth, AUTH_SO, SO_PIN));
    ck_ok(auth_init_pin(side->auth, pin));
    auth_logout(side->auth);
}

static inline struct auth_state state_of(struct side *side)
{
    struct auth_state state;
    ck_ok(auth_state(side->auth, &state));
    return state;
}

/* ---- other processes: this program again, see child_main() ---- */

struct child {
    pid_t pid;
    int to, from;
};

static inline struct child child_start(const char *verb, const char *a, const char *b)
{
    int in[2], out[2];
    char program[300];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    ck_assert_int_gt(length, 0);
    program[length] = '\0';
    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        execl(program, program, "child", top, verb, a, b, (char *)NULL);
        _exit(99);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    return (struct child){pid, in[1], out[0]};
}

/* The next byte the child says; 0 when it has ended. */
static inline char child_hear(struct child *child)
{
    char c = '\0';
    return read(child->from, &c, 1) == 1 ? c : '\0';
}

static inline void child_say(struct child *child, char c)
{
    ck_assert_int_eq((int)write(child->to, &c, 1), 1);
}

static inline int child_end(struct child *child)
{
    int status = 0;
    (void)close(child->to);
    (void)close(child->from);
    ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
    return status;
}

static inline void child_kill(struct child *child)
{
    (void)kill(child->pid, SIGKILL);
    int status = child_end(child);
    ck_assert(WIFSIGNALED(status));
}

/* The other side of child_start(); `arguments` are verb, a, b. */
int child_main(char **arguments);

Suite *tries_suite(void);

#endif
