/*
 * Configuration: built-in defaults, then one file, then the text a host passes in pReserved.
 *
 * The file is the first that exists of $HUKS_CONF, $XDG_CONFIG_HOME/huks/huks.conf (without that variable
 * ~/.config/huks/huks.conf) and /etc/huks/huks.conf. It is an INI file; keys stand before any section or in
 * [huks]. The text overrides it: key=value separated by blanks, values with blanks in double quotes. Both
 * know the same keys, listed in the table in config.c. Under setuid the environment is ignored.
 */
#ifndef HUKS_COMMON_CONFIG_H
#define HUKS_COMMON_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/log.h"

enum config_free_slot { CONFIG_FREE_SLOT_AUTO, CONFIG_FREE_SLOT_ALWAYS, CONFIG_FREE_SLOT_NEVER };

/* No pointers: a copy is a copy. */
struct config {
    char store[PATH_MAX];            /* store             absolute; always set by config_load()          */
    char service[108];               /* service           huksd's socket; "": the engine is in process   */
    uint32_t session_limit;          /* session_limit     15; 0: none                                    */
    uint32_t session_wait_ms;        /* session_wait_ms   1000                                           */
    uint32_t session_idle_s;         /* session_idle_s    60                                             */
    uint32_t pin_tries;              /* pin_tries         10                                             */
    uint32_t pin_min;                /* pin_min           4 bytes                                        */
    uint32_t scrypt_log2n;           /* scrypt_log2n      14                                             */
    uint32_t auth_timeout_ms;        /* auth_timeout_ms   30000                                          */
    bool protected_path;             /* protected_path    false                                          */
    enum config_free_slot free_slot; /* free_slot         auto                                           */
    char native_token[33];           /* native_token      HUKS: a token's label                          */
    char store_group[64];            /* store_group       group name or number; "": nobody else          */
    bool legacy_mechanisms;          /* legacy_mechanisms false: DES, MD5, RSA below 2048 bits …         */
    uint32_t cache_mb;               /* cache_mb          16                                             */
    enum log_level log_level;        /* log_level         off                                            */
    char log_target[PATH_MAX];       /* log_target        stderr, syslog or an absolute path             */

    /* No keys: set by a program that works for others (huksd). */
    char sessions[PATH_MAX]; /* directory of the table of key-operation sessions; "": the store */
    bool for_other;          /* fingers and faces are asked of the account of a user id … */
    uid_t other;             /* … this one, not of the process's own */
};

/* The documented defaults, with an empty `store`. */
void config_defaults(struct config *config);

/*
 * Defaults, file, `reserved` (pReserved as the host gave it: NULL, or an address that may be anything), and
 * the store's directory: `store` in `reserved`, else $HUKS_STORE, else `store` in the file, else
 * /var/lib/huks for root, else $XDG_DATA_HOME/huks, else ~/.local/share/huks, where ~ is $HOME or, without
 * it, the password database's. Nothing is created.
 *
 * A wrong key or value: one line on stderr whatever the log level says, and 12000012 naming file and line,
 * or 12000018 naming the word. `config` is then not to be used.
 */
HUKS_MUST_USE huks_rc config_load(const void *reserved, struct config *config);

/* The user id for whom the engine works: the process's own, or `other`. */
uid_t config_user(const struct config *config);

/* The two sources alone, for tests and tools: both change `config` key by key. */
HUKS_MUST_USE huks_rc config_read_file(const char *path, struct config *config);
HUKS_MUST_USE huks_rc config_read_text(const void *text, struct config *config);

#endif
