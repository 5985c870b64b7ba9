/*
 * doc/mechanisms.md is what the mechanism table says: without arguments compares the two, with --print writes
 * the text to be committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/mechanism_row.h"

static const struct {
    CK_FLAGS flag;
    const char *word;
} words[] = {
    {CKF_GENERATE, "generate"},    {CKF_GENERATE_KEY_PAIR, "generate pair"},
    {CKF_DIGEST, "digest"},        {CKF_ENCRYPT, "encrypt"},
    {CKF_SIGN, "sign"},            {CKF_SIGN_RECOVER, "sign-recover"},
    {CKF_WRAP, "wrap"},            {CKF_DERIVE, "derive"},
    {CKF_ENCAPSULATE, "encapsulate"},
};

static void print_row(FILE *out, const struct p11_mechanism *row)
{
    static const char *const units[] = {[UNIT_NONE] = "", [UNIT_BITS] = " bits", [UNIT_BYTES] = " bytes"};
    const char *comma = "";
    fprintf(out, "| `%s` | ", p11_mechanism_name(row->type));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((row->flags & words[i].flag) != 0) {
            fprintf(out, "%s%s", comma, words[i].word);
            comma = ", ";
        }
    }
    if (row->unit == UNIT_NONE) {
        fprintf(out, " | ");
    } else {
        fprintf(out, " | %lu–%lu%s", row->min, row->max, units[row->unit]);
    }
    fprintf(out, " | %s |\n", row->legacy ? "yes" : "");
}

static void print_all(FILE *out)
{
    const struct p11_mechanism *row;
    fprintf(out, "# Mechanisms\n\n"
                 "Made of the mechanism table by `tests/unit/check-mechanism-doc --print`. A use stands for its "
                 "reverse too. What OpenSSL lacks is not\nlisted by `C_GetMechanismList`; \"legacy\" ones need "
                 "`legacy_mechanisms = true`.\n\n| Mechanism | Uses | Key sizes | Legacy |\n|---|---|---|---|\n");
    for (size_t number = 0; (row = p11_mechanism_row(number)) != NULL; number++) {
        print_row(out, row);
    }
}

static int compare(void)
{
    const char *source = getenv("srcdir");
    char path[4096];
    char *text = NULL;
    size_t size = 0;
    FILE *made = open_memstream(&text, &size);
    if (made == NULL) {
        return 1;
    }
    print_all(made);
    fclose(made);
    snprintf(path, sizeof(path), "%s/doc/mechanisms.md", source != NULL ? source : ".");
    FILE *file = fopen(path, "r");
    char *committed = calloc(1, size + 2);
    size_t got = file != NULL && committed != NULL ? fread(committed, 1, size + 1, file) : 0;
    int differs = committed == NULL || text == NULL || got != size || memcmp(committed, text, size) != 0;
    if (differs) {
        fprintf(stderr, "doc/mechanisms.md is old: make it again with check-mechanism-doc --print\n");
    }
    if (file != NULL) {
        fclose(file);
    }
    free(committed);
    free(text);
    return differs;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        print_all(stdout);
        return 0;
    }
    return compare();
}
