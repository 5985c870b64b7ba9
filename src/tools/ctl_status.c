/*
 * The store's state: status shows where things are and who uses the session limit, check reads every record.
 */
#include "tools/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/status.h"

/* ---- status ---- */

/* The name of a process, as far as the system tells. */
static json_t *process_name(int32_t pid)
{
    char path[32];
    char name[32];
    snprintf(path, sizeof(path), "/proc/%" PRId32 "/comm", pid);
    FILE *file = fopen(path, "re");
    bool known = file != NULL && fgets(name, sizeof(name), file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    return known ? ctl_text(bytes_of(name, strcspn(name, "\n"))) : json_string("");
}

static void add_process(const struct session_process *process, void *rows)
{
    json_t *name = process->foreign_pid ? json_string("in another container") : process_name(process->pid);
    json_array_append_new(rows,
                          json_pack("{s:i, s:o, s:b, s:i, s:i, s:f}", "pid", process->pid, "program", name,
                                    "self", process->self, "in_use", (int)process->in_use, "waiting",
                                    (int)process->waiting, "idle_s", (double)process->idle_ms / 1000));
}

static const char *place_name(enum session_place place)
{
    return place == SESSION_IN_STORE ? "store"
           : place == SESSION_IN_SHM ? "shared memory"
                                     : "this process alone";
}

static json_t *describe_sessions(struct engine *engine)
{
    struct status_sessions sessions;
    json_t *processes = json_array();
    status_sessions(engine, &sessions);
    status_processes(engine, add_process, processes);
    const struct session_limits *limits = &sessions.limits;
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:o}", "place",
                     place_name(sessions.place), "path", sessions.path, "limit", (int)limits->limit, "in_use",
                     (int)limits->in_use, "wait_ms", (int)limits->wait_ms, "waiting", (int)limits->waiting,
                     "waits", (json_int_t)limits->waits, "refusals", (json_int_t)limits->refusals,
                     "evictions", (json_int_t)limits->evictions, "processes", processes);
}

static void print_sessions(const struct ctl *ctl, json_t *sessions)
{
    static const struct ctl_column columns[] = {
        {"pid", "pid", NULL},         {"program", "program", NULL},   {"in_use", "in use", NULL},
        {"waiting", "waiting", NULL}, {"idle", "longest idle", NULL},
    };
    json_int_t limit = json_integer_value(json_object_get(sessions, "limit"));
    json_t *processes = json_object_get(sessions, "processes"), *shown = json_array(), *process;
    size_t index;
    printf("sessions   %lld of ", json_integer_value(json_object_get(sessions, "in_use")));
    if (limit > 0) {
        printf("%lld", limit);
    } else {
        printf("any number");
    }
    printf(" key-operation sessions in use, %lld waiting\n",
           json_integer_value(json_object_get(sessions, "waiting")));
    printf("           so far %lld waits, %lld refused (12000010), %lld idle ones taken over\n",
           json_integer_value(json_object_get(sessions, "waits")),
           json_integer_value(json_object_get(sessions, "refusals")),
           json_integer_value(json_object_get(sessions, "evictions")));
    printf("table      %s %s\n", json_string_value(json_object_get(sessions, "place")),
           json_string_value(json_object_get(sessions, "path")));
    json_array_foreach(processes, index, process)
    {
        if (json_is_true(json_object_get(process, "self"))) {
            continue; /* this very command */
        }
        json_object_set_new(process, "idle",
                            json_sprintf("%.1f s", json_real_value(json_object_get(process, "idle_s"))));
        json_array_append(shown, process);
    }
    puts("");
    ctl_print_table(ctl, shown, columns, ARRAY_SIZE(columns), "No other process has the store open.");
}

static huks_rc run_status(struct ctl *ctl)
{
    struct status_store store;
    HUKS_TRY(ctl_open(ctl));
    HUKS_TRY(status_store(ctl->engine, &store));
    json_t *sessions = describe_sessions(ctl->engine);
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(json_pack("{s:s, s:b, s:i, s:o}", "store", store.path, "writable", store.writable,
                                 "tokens", (int)store.tokens, "sessions", sessions));
        return HUKS_OK;
    }
    printf("store      %s%s\n", store.path, store.writable ? "" : " (read only)");
    printf("tokens     %zu\n", store.tokens);
    print_sessions(ctl, sessions);
    json_decref(sessions);
    return HUKS_OK;
}

/* ---- check ---- */

static void add_damage(uint64_t id, const char *what, void *rows)
{
    json_array_append_new(rows, json_pack("{s:I, s:s}", "record", (json_int_t)id, "damaged", what));
}

static json_t *check_result(const struct token_info *info, const struct store_check_result *result, bool good,
                            json_t *damage)
{
    const char *name = info->recognized ? info->label : info->serial;
    return json_pack("{s:o, s:b, s:b, s:I, s:I, s:I, s:b, s:b, s:o}", "token",
                     ctl_text(bytes_of(name, strlen(name))), "good", good, "opens", info->recognized,
                     "records", (json_int_t)result->records, "damaged", (json_int_t)result->damaged, "locked",
                     (json_int_t)result->locked, "structure", result->structure_ok, "complete",
                     result->set_hash_ok, "damage", damage);
}

static void print_damage(json_t *damage)
{
    size_t index;
    json_t *row;
    json_array_foreach(damage, index, row)
    {
        printf("  record %" JSON_INTEGER_FORMAT ": its %s\n",
               json_integer_value(json_object_get(row, "record")),
               json_string_value(json_object_get(row, "damaged")));
    }
}

/* Of one token; *good is not touched when it is. */
static huks_rc check_token(struct token *token, const struct token_info *info, json_t *results, bool *good)
{
    struct store_check_result result = {0};
    json_t *damage = json_array();
    huks_rc rc = info->recognized ? status_check(token, add_damage, damage, &result) : HUKS_E_INTERNAL;
    if (rc != HUKS_OK && rc != HUKS_E_INTERNAL) {
        json_decref(damage);
        return rc;
    }
    bool sound = rc == HUKS_OK && result.damaged == 0 && result.structure_ok && result.set_hash_ok;
    error_clear();
    *good = *good && sound;
    json_array_append_new(results, check_result(info, &result, sound, damage));
    return HUKS_OK;
}

static void print_results(json_t *results)
{
    size_t index;
    json_t *row;
    json_array_foreach(results, index, row)
    {
        bool sound = json_is_true(json_object_get(row, "good"));
        if (!json_is_true(json_object_get(row, "opens"))) {
            printf("token %s: DOES NOT OPEN\n"
                   "  the root key that is here (a credential of the service, or the store's file root.key) "
                   "is not the\n"
                   "  one that the token was made with, or the token's own metadata are damaged\n",
                   json_string_value(json_object_get(row, "token")));
            continue;
        }
        printf("token %s: %s, %" JSON_INTEGER_FORMAT " records",
               json_string_value(json_object_get(row, "token")), sound ? "good" : "DAMAGED",
               json_integer_value(json_object_get(row, "records")));
        json_int_t locked = json_integer_value(json_object_get(row, "locked"));
        if (locked > 0) {
            printf(", of which %" JSON_INTEGER_FORMAT " can only be read after a login (--login)", locked);
        }
        puts("");
        if (!sound && !json_is_true(json_object_get(row, "structure"))) {
            puts("  the database's structure");
        }
        if (!sound && !json_is_true(json_object_get(row, "complete"))) {
            puts("  records were removed, put back or exchanged behind the engine's back");
        }
        print_damage(json_object_get(row, "damage"));
    }
    if (json_array_size(results) == 0) {
        puts("There is no token to check.");
    }
}

/* All tokens, each for itself. */
static huks_rc check_all(struct ctl *ctl, json_t *results, bool *good)
{
    AUTO(memory_free_ptr) struct token **tokens = NULL;
    size_t count = 0;
    HUKS_TRY(ctl_open(ctl));
    HUKS_TRY(ctl_slots(ctl, &tokens, &count));
    for (size_t i = 0; i < count; i++) {
        struct token_info info;
        HUKS_TRY(token_info(tokens[i], &info));
        if (info.initialized) {
            HUKS_TRY(check_token(tokens[i], &info, results, good));
        }
    }
    return HUKS_OK;
}

static huks_rc check_chosen(struct ctl *ctl, json_t *results, bool *good)
{
    HUKS_TRY(ctl_open_token(ctl));
    HUKS_TRY(ctl_login_if_told(ctl));
    return check_token(ctl->token, &ctl->info, results, good);
}

static huks_rc run_check(struct ctl *ctl)
{
    bool good = true;
    bool one = ctl_given(ctl, OPTION_TOKEN) || ctl_given(ctl, OPTION_LOGIN) || ctl_pin_given(ctl, AUTH_USER);
    json_t *results = json_array();
    huks_rc rc = one ? check_chosen(ctl, results, &good) : check_all(ctl, results, &good);
    if (rc != HUKS_OK) {
        json_decref(results);
        return rc;
    }
    if (ctl_given(ctl, OPTION_JSON)) {
        ctl_print_json(results);
    } else {
        print_results(results);
        json_decref(results);
    }
    return good ? HUKS_OK : error_raise(HUKS_E_INTERNAL, ABOUT_OBJECT, NULL);
}

const struct ctl_command ctl_status_commands[] = {
    {.name = "status",
     .operands = "",
     .line = "Show the store, and who uses key-operation sessions",
     .takes = TAKES_ALWAYS,
     .run = run_status},
    {.name = "check",
     .operands = "",
     .line = "Read and authenticate every record; exit status 1 when something is damaged",
     .more = "All tokens, unless one is chosen. What the user PIN seals is read after a login only.",
     .takes = TAKES_ALWAYS | TAKES_LOGIN,
     .run = run_check},
    {.name = NULL},
};
