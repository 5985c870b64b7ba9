/*
 * huksctl, the keystore's tool for people. Everything is in tables and in the files of the verbs (ctl_*.c);
 * this makes one run of them and its exit status.
 */
#include <stdio.h>

#include "tools/ctl.h"

static huks_rc run(struct ctl *ctl, int argc, char **argv)
{
    HUKS_TRY(ctl_arguments(ctl, argc, argv));
    if (ctl_given(ctl, OPTION_HELP) && ctl->command != NULL) {
        ctl_help(ctl->command);
        return HUKS_OK;
    }
    if (ctl->command == NULL) {
        if (!ctl_given(ctl, OPTION_HELP)) {
            return ctl_usage(ctl, "say what to do");
        }
        ctl_help_all();
        return HUKS_OK;
    }
    return ctl->command->run(ctl);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {0};
    huks_rc rc = run(&ctl, argc, argv);
    bool unwritten = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (rc == HUKS_OK && unwritten) {
        rc = error_raise(HUKS_E_FILE, ABOUT_FILE, "write to standard output");
    }
    if (rc > 0) {
        ctl_print_failure(&ctl, rc);
    }
    ctl_close(&ctl);
    return rc == HUKS_OK ? 0 : rc == CTL_USAGE ? 2 : 1;
}
