/* The session limit when somebody damages its table: never fatal, and counted together again soon. */
#include "limit_peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char no_wait[] = "session_wait_ms=0";

/* ---- Damage ----------------------------------------------------------------------------------------------
 */

static char *table_path(void)
{
    static char path[4096];

    snprintf(path, sizeof path, "%s/sessions", store_path());
    return path;
}

static void write_table(off_t at, size_t size, bool noise)
{
    int fd = open(table_path(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    unsigned seed = 42;

    ck_assert(fd >= 0);
    for (size_t done = 0; done < size; done++) {
        char byte = noise ? (char)rand_r(&seed) : 0;

        ck_assert(pwrite(fd, &byte, 1, at + (off_t)done) == 1);
    }
    close(fd);
}

static size_t table_size(void)
{
    struct stat status;

    return stat(table_path(), &status) == 0 ? (size_t)status.st_size : 0;
}

static void noise_in_the_head(void)
{
    write_table(0, 64, true);
}

static void noise_behind_the_head(void)
{
    write_table(192, table_size() - 192, true);
}

static void noise_everywhere(void)
{
    write_table(0, table_size(), true);
}

static void zeros_everywhere(void)
{
    write_table(0, table_size(), false);
}

static void cut_to_nothing(void)
{
    ck_assert(truncate(table_path(), 0) == 0);
}

static void cut_in_half(void)
{
    ck_assert(truncate(table_path(), (off_t)(table_size() / 2)) == 0);
}

static void longer(void)
{
    ck_assert(truncate(table_path(), (off_t)(table_size() + 4096)) == 0);
}

static void removed(void)
{
    ck_assert(unlink(table_path()) == 0);
}

static void somebodys_text(void)
{
    FILE *file;

    ck_assert(unlink(table_path()) == 0);
    file = fopen(table_path(), "we");
    ck_assert(file != NULL && fputs("a list of my sessions\n", file) >= 0 && fclose(file) == 0);
}

static void a_directory(void)
{
    ck_assert(unlink(table_path()) == 0 && mkdir(table_path(), 0700) == 0);
}

static void a_dangling_link(void)
{
    ck_assert(unlink(table_path()) == 0 && symlink("/nonexistent/sessions", table_path()) == 0);
}

static void a_pipe(void)
{
    ck_assert(unlink(table_path()) == 0 && mkfifo(table_path(), 0600) == 0);
}

static const struct damage {
    const char *name;
    void (*make)(void);
} damages[] = {
    {"noise in the head", noise_in_the_head},
    {"noise behind the head", noise_behind_the_head},
    {"noise everywhere", noise_everywhere},
    {"zeros", zeros_everywhere},
    {"cut to nothing", cut_to_nothing},
    {"cut in half", cut_in_half},
    {"longer", longer},
    {"removed", removed},
    {"somebody's text", somebodys_text},
    {"a directory", a_directory},
    {"a dangling link", a_dangling_link},
    {"a pipe", a_pipe},
};

enum { DAMAGES = sizeof damages / sizeof damages[0] };

/* Two processes count together: 8 and 7, and no more. */
static void together(const struct damage *damage, const struct peer *peer)
{
    CK_SESSION_HANDLE sessions[7];
    CK_RV rv = CKR_OK;
    struct reply reply = peer_ask(peer, HOLD, 8);
    unsigned held = hold(sessions, 7, &rv);

    ck_assert_msg(reply.count == 8 && held == 7, "%s: the peer holds %u (%s), we hold %u (%s)", damage->name,
                  reply.count, ckr_name(reply.rv), held, ckr_name(rv));
    full();
    peer_full(peer);
    end_all(sessions, 7);
    expect(CKR_OK, peer_ask(peer, END, 0).rv);
    in_use_is(0);
}

static void a_damaged_table_is_replaced(void)
{
    start_limited(no_wait);
    ck_assert_msg(table_size() > 0, "there is no table in the store: %s", table_path());
    ok(p11->C_Finalize(NULL));
    for (int i = 0; i < DAMAGES; i++) {
        struct peer peer;
        CK_RV rv;

        damages[i].make();
        rv = join_limited(no_wait);
        ck_assert_msg(rv == CKR_OK, "%s: %s", damages[i].name, ckr_name(rv));
        peer_start(&peer, no_wait);
        together(&damages[i], &peer);
        peer_leave(&peer);
        expect_fifteen();
        ok(p11->C_Finalize(NULL));
        rmdir(table_path()); /* if the directory was left alone */
        unlink(table_path());
        ok(join_limited(no_wait));
        ok(p11->C_Finalize(NULL));
    }
}

/* An operation that was begun goes on or is over, as if a waiter had taken its session. */
static void check_ended(const struct damage *damage, CK_RV rv)
{
    ck_assert_msg(rv == CKR_OK || rv == CKR_OPERATION_NOT_INITIALIZED, "%s: %s", damage->name, ckr_name(rv));
}

/* The module looks at the file once a second; nothing is promised to who is faster (see src/session/file.c).
 */
static void damage_while_running(void)
{
    for (int i = 0; i < DAMAGES; i++) {
        CK_SESSION_HANDLE sessions[3];
        struct peer peer;

        setup_loaded();
        start_limited(no_wait);
        peer_start(&peer, no_wait);
        must_hold_all(sessions, 3);
        ck_assert_uint_eq(peer_ask(&peer, HOLD, 2).count, 2);
        damages[i].make();
        pause_ms(1300);
        for (int k = 0; k < 3; k++) {
            check_ended(&damages[i], encrypt_end(sessions[k]));
            ok(p11->C_CloseSession(sessions[k]));
        }
        check_ended(&damages[i], peer_ask(&peer, END, 0).rv);
        together(&damages[i], &peer);
        peer_kill(&peer);
        expect_fifteen();
    }
}

static const struct limit_test rows[] = {
    {"a damaged table is replaced", a_damaged_table_is_replaced},
    {"damage while running", damage_while_running},
};

int main(int argc, char **argv)
{
    return limit_run(argc, argv, "damaged table of the limit", rows, (int)(sizeof rows / sizeof rows[0]));
}
