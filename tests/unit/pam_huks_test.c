/*
 * A PAM module that does as its options say, in their order, for tests of huks-auth-helper:
 *   say=TEXT complain=TEXT ask=ANSWER (refuses another one) user=NAME credential=NAME pid=FILE wait
 * result=NUMBER
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>

static int write_pid(const char *path)
{
    char hidden[512];
    snprintf(hidden, sizeof(hidden), "%s.new", path);
    FILE *file = fopen(hidden, "we");
    if (file == NULL) {
        return PAM_SYSTEM_ERR;
    }
    fprintf(file, "%d\n", (int)getpid());
    return fclose(file) == 0 && rename(hidden, path) == 0 ? PAM_SUCCESS : PAM_SYSTEM_ERR;
}

static int ask(pam_handle_t *pam, const char *wanted)
{
    char *answer = NULL;
    int result = pam_prompt(pam, PAM_PROMPT_ECHO_ON, &answer, "Who goes there? ");
    if (result == PAM_SUCCESS && (answer == NULL || strcmp(answer, wanted) != 0)) {
        result = PAM_AUTH_ERR;
    }
    free(answer);
    return result;
}

static int name_credential(pam_handle_t *pam, const char *name)
{
    char text[256];
    snprintf(text, sizeof(text), "HUKS_CREDENTIAL=%s", name);
    return pam_putenv(pam, text);
}

static int obey(pam_handle_t *pam, const char *option)
{
    const char *value = strchr(option, '=');
    value = value != NULL ? value + 1 : "";
    switch (option[0]) {
    case 's':
        return pam_info(pam, "%s", value);
    case 'c':
        return option[1] == 'o' ? pam_error(pam, "%s", value) : name_credential(pam, value);
    case 'a':
        return ask(pam, value);
    case 'u':
        return pam_set_item(pam, PAM_USER, value);
    case 'p':
        return write_pid(value);
    case 'w':
        for (;;) {
            pause();
        }
    case 'r':
        return (int)strtol(value, NULL, 10);
    default:
        return PAM_SYSTEM_ERR;
    }
}

__attribute__((visibility("default"))) int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc,
                                                               const char **argv)
{
    (void)flags;
    for (int i = 0; i < argc; i++) {
        int result = obey(pam, argv[i]);
        if (result != PAM_SUCCESS) {
            return result;
        }
    }
    return PAM_SUCCESS;
}

__attribute__((visibility("default"))) int pam_sm_setcred(pam_handle_t *pam, int flags, int argc,
                                                          const char **argv)
{
    (void)pam;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}
