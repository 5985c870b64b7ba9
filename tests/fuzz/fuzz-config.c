/*
 * C_Initialize's pReserved: text of anybody's. What is taken says so; what is refused is a clean failure.
 */
#include "fuzz.h"

#include <string.h>

#include "common/config.h"

size_t fuzz_seed(unsigned number, uint8_t seed[FUZZ_ROOM])
{
    static const char *const texts[] = {
        "store=/srv/keys service=/run/huks/huksd.sock session_limit=0 session_wait_ms=10 session_idle_s=1",
        "native_token=\"a b\" store_group=ssl-cert legacy_mechanisms=true cache_mb=16 free_slot=never",
        "log_level=debug log_target=\"/var/log/huks log\" pin_tries=3 pin_min=6 auth_timeout_ms=1",
        "store=\"",
        "=",
        "store",
        " \t ",
        "session_limit=18446744073709551616"};
    if (number >= sizeof texts / sizeof texts[0]) {
        return 0;
    }
    size_t size = strlen(texts[number]);
    memcpy(seed, texts[number], size);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    char *text = malloc(size + 1);
    fuzz_must(text != NULL, "no memory");
    memcpy(text, data, size);
    text[size] = '\0';
    config_defaults(&config);
    huks_rc rc = config_read_text(text, &config);
    fuzz_must(rc == HUKS_OK || rc == HUKS_E_ARGUMENT || rc == HUKS_E_MEMORY, "another answer");
    fuzz_must(rc != HUKS_OK ||
                  (strnlen(config.native_token, sizeof config.native_token) < sizeof config.native_token &&
                   strnlen(config.store, sizeof config.store) < sizeof config.store),
              "a text without end");
    free(text);
    return 0;
}
