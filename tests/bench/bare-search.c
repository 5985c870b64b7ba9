/*
 * One search is a read transaction with two questions of the index, as for a token whose objects lie in two
 * storage classes: one has the object, the other hasn't.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bare-search.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <sqlite3.h>

enum { BEGIN, FIND, END, STATEMENTS };
static const char *const texts[STATEMENTS] = {
    "BEGIN",
    ("SELECT item.id,version,key_version,pair,class,hashes,attrs FROM ix CROSS JOIN item ON item.id=ix.id"
     " WHERE hash=?1 ORDER BY ix.id LIMIT 9"),
    "ROLLBACK",
};

static double now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* With the cache that the module gives a reader. */
static sqlite3 *open_file(const char *path)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA cache_size=-1024", NULL, NULL, NULL) != SQLITE_OK) {
        (void)sqlite3_close(db);
        return NULL;
    }
    return db;
}

static int64_t by_chance(unsigned *seed)
{
    return (int64_t)rand_r(seed) << 32 ^ (int64_t)rand_r(seed) << 1;
}

/* Hashes that one record has, mostly: few are shared, and those by many. */
static bool choose(const char *path, int64_t *hashes, size_t count, unsigned *seed)
{
    sqlite3 *db = open_file(path);
    sqlite3_stmt *next = NULL;
    size_t chosen = 0;
    if (db != NULL &&
        sqlite3_prepare_v2(db, "SELECT hash FROM ix WHERE hash>=?1 LIMIT 1", -1, &next, NULL) == SQLITE_OK) {
        for (; chosen < count; chosen++) {
            (void)sqlite3_bind_int64(next, 1, by_chance(seed) & INT64_MAX >> 1);
            if (sqlite3_step(next) != SQLITE_ROW) {
                break;
            }
            hashes[chosen] = sqlite3_column_int64(next, 0);
            (void)sqlite3_reset(next);
        }
    }
    (void)sqlite3_finalize(next);
    (void)sqlite3_close(db);
    return chosen == count;
}

static size_t ask(sqlite3_stmt *statement)
{
    size_t rows = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int column = 0; column < sqlite3_column_count(statement); column++) {
            (void)sqlite3_column_blob(statement, column);
        }
        rows++;
    }
    (void)sqlite3_reset(statement);
    return rows;
}

static size_t search(sqlite3_stmt *const statements[STATEMENTS], int64_t hash, unsigned *seed)
{
    const int64_t asked[] = {by_chance(seed), hash};
    size_t rows = 0;
    (void)ask(statements[BEGIN]);
    for (size_t i = 0; i < 2; i++) {
        (void)sqlite3_bind_int64(statements[FIND], 1, asked[i]);
        rows += ask(statements[FIND]);
    }
    (void)ask(statements[END]);
    return rows;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double bare_search(const char *path, size_t block, size_t blocks, unsigned seed)
{
    int64_t *hashes = calloc(block * blocks, sizeof(*hashes));
    double *times = calloc(blocks, sizeof(*times));
    sqlite3_stmt *statements[STATEMENTS] = {NULL};
    bool ready = hashes != NULL && times != NULL && choose(path, hashes, block * blocks, &seed);
    sqlite3 *db = ready ? open_file(path) : NULL;
    ready = db != NULL;
    for (int i = 0; i < STATEMENTS && ready; i++) {
        ready = sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) ==
                SQLITE_OK;
    }
    for (size_t i = 0; i < blocks && ready; i++) {
        double start = now_us();
        for (size_t j = 0; j < block && ready; j++) {
            ready = search(statements, hashes[i * block + j], &seed) > 0;
        }
        times[i] = (now_us() - start) / (double)block;
    }
    double answer = -1;
    if (ready) {
        qsort(times, blocks, sizeof(*times), compare);
        answer = times[blocks / 2];
    }
    for (int i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(statements[i]);
    }
    (void)sqlite3_close(db);
    free(times);
    free(hashes);
    return answer;
}
