/* See check-auth-reader.h. */
#include "check-auth-reader.h"

#include <errno.h>
#include <pwd.h>

char top[256];
struct side here;
char build[512];

/* ---- places ---- */

void write_file(const char *name, mode_t mode, const char *text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

void service(const char *name, const char *text)
{
    char file[200];
    (void)snprintf(file, sizeof file, "services/%s", name);
    write_file(file, 0644, text);
}

/* A service of pam_huks_test alone. */
void obeys(const char *name, const char *options)
{
    char text[2048];
    (void)snprintf(text, sizeof text, "auth required %s/.libs/pam_huks_test.so %s\n", build, options);
    service(name, text);
}

char *in_top(const char *name)
{
    static char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

/* What stands before the real helper: here a test sees what the helper gets from the engine. */
void helper_script(const char *before)
{
    char text[4096];
    (void)snprintf(text, sizeof text,
                   "#!/bin/sh\n%s\nexec %s/huks-auth-helper --services %s/services \"$@\"\n", before, build,
                   top);
    write_file("helper", 0755, text);
}

void open_place(void)
{
    char directory[400];
    const char *told = getenv("HUKS_BUILDDIR");
    (void)snprintf(build, sizeof build, "%s", told != NULL ? told : ".");
    place_make();
    (void)snprintf(directory, sizeof directory, "%s/services", top);
    ck_assert_int_eq(mkdir(directory, 0755), 0);
    helper_script("");
    service("other", "auth required pam_permit.so\n"); /* nobody may end up here */
    ck_assert_int_eq(setenv("HUKS_AUTH_HELPER", in_top("helper"), 1), 0);
    memset(&here, 0, sizeof here);
    side_config(&here);
    here.config.auth_timeout_ms = 120000;
    side_connect(&here);
    token_new(&here, SO_PIN, 0);
    side_token(&here);
    set_first_pin(&here, USER_PIN);
}

void close_place(void)
{
    side_close(&here);
    secret_arena_release();
    place_remove();
}

/* ---- asking ---- */

const char *own_account(void)
{
    static char text[16384];
    static struct passwd entry;
    struct passwd *found = NULL;
    ck_assert_int_eq(getpwuid_r(geteuid(), &entry, text, sizeof text, &found), 0);
    ck_assert_ptr_nonnull(found);
    return found->pw_name;
}

uint64_t secure_uid(void)
{
    uint64_t uid = 0;
    ck_ok(auth_secure_uid(here.auth, &uid));
    return uid;
}

uint64_t enrol(uint32_t type, const char *name)
{
    struct auth_request request = {.types = type, .pin = USER_PIN};
    uint64_t id = 0;
    ck_ok(auth_enroll(here.auth, &request, PIN(name), &id));
    ck_assert_uint_ne(id, 0);
    return id;
}

huks_rc authenticate(uint32_t types, struct auth_evidence *evidence)
{
    struct auth_request request = {.types = types};
    return auth_authenticate(here.auth, &request, evidence);
}

uint64_t enrolled_id(uint32_t type)
{
    struct auth_binding binding;
    ck_ok(auth_binding(here.auth, &binding));
    for (uint32_t i = 0; i < binding.count; i++) {
        if (binding.entries[i].type == type) {
            return binding.entries[i].enrolled_id;
        }
    }
    return 0;
}

void ck_said(const char *words)
{
    char text[300];
    (void)error_message(text, sizeof text);
    ck_assert_msg(strstr(text, words) != NULL, "\"%s\" has no \"%s\"", text, words);
    ck_assert_ptr_nonnull(strstr(text, "information via UserIAM."));
}

/* ---- who listens ---- */

bool talk(const char *text, bool question, bool echo, char *answer, size_t capacity, void *argument)
{
    struct talker *talker = argument;
    size_t length = strlen(talker->heard);
    (void)snprintf(talker->heard + length, sizeof talker->heard - length, "%s|", text);
    talker->questions += question ? 1 : 0;
    talker->hidden += question && !echo ? 1 : 0;
    errno = 0;
    talker->wait_error = waitpid(-1, NULL, WNOHANG) == -1 ? errno : 0;
    if (!question || talker->answer == NULL) {
        return false;
    }
    (void)snprintf(answer, capacity, "%s", talker->answer);
    return true;
}
