/* Answers of the module: compared by name, written down for differential.sh, with their error record. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void answer_note(const char *file, int line, const char *id, const char *text, const char *answer)
{
    char row[1024];
    const char *base = strrchr(file, '/');
    const char *path = getenv("HUKS_TEST_ANSWERS");
    int length;
    int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

    if (fd < 0) {
        return;
    }
    if (id != NULL) {
        length = snprintf(row, sizeof row, "%s\t%.200s\t%s\n", id, text, answer);
    } else {
        length = snprintf(row, sizeof row, "%s:%d\t%.200s\t%s\n", base == NULL ? file : base + 1, line, text,
                          answer);
    }
    if (length > 0 && write(fd, row, (size_t)length) != length) {
        perror(path);
    }
    close(fd);
}

static const char *special_name(CK_RV rv)
{
    switch (rv) {
    case NOT_ASKED:
        return "NOT_ASKED";
    case HOLDS:
        return "HOLDS";
    case FAILS:
        return "FAILS";
    case OTHERWISE:
        return "OTHERWISE";
    default:
        return ckr_name(rv);
    }
}

bool differs(const char *id)
{
    const struct difference *row = difference_find(id);

    ck_assert_msg(row != NULL, "no row \"%s\" in the difference table", id);
    answer_note("", 0, id, "goes its own way", is_reference() ? "OTHERWISE" : "as specified");
    return is_reference();
}

bool answer_asked(const char *id)
{
    const struct difference *row = difference_find(id);
    bool asked = !is_reference() || row == NULL || row->theirs != NOT_ASKED;

    if (!asked) {
        answer_note("", 0, id, "left out", "NOT_ASKED");
    }
    return asked;
}

void check_error_record(const char *what, CK_RV rv, long huks_code)
{
    struct huks_error error = {-1, CKR_CANCEL, "?"};

    if (huks == NULL) {
        return;
    }
    ck_assert_msg(huks->GetLastError(&error) == CKR_OK, "%s: GetLastError failed", what);
    ck_assert_msg(error.rv == rv, "%s: error record says %s, the call answered %s", what, ckr_name(error.rv),
                  ckr_name(rv));
    ck_assert_msg(memchr(error.message, '\0', sizeof error.message) != NULL, "%s: message has no end", what);
    if (rv == CKR_OK) {
        ck_assert_msg(error.code == 0 && error.message[0] == '\0', "%s: success left %ld \"%s\"", what,
                      error.code, (const char *)error.message);
        return;
    }
    if (huks_code != 0) {
        ck_assert_msg(error.code == huks_code, "%s: %s came with HUKS code %ld \"%s\", expected %ld", what,
                      ckr_name(rv), error.code, (const char *)error.message, huks_code);
    }
    ck_assert_msg(error.code >= 12000001 && error.code <= 12000018, "%s: %ld is no HUKS code", what,
                  error.code);
    ck_assert_msg(error.message[0] != '\0', "%s: %s has no message", what, ckr_name(rv));
    ck_assert_msg(strstr((const char *)error.message, "${") == NULL, "%s: unfinished message \"%s\"", what,
                  (const char *)error.message);
}

CK_RV answer_check(const char *file, int line, const char *id, const char *text, CK_RV want, CK_RV got)
{
    const struct difference *row = difference_find(id);
    CK_RV expected = want;

    if (row != NULL) {
        ck_assert_msg(row->ours == want, "%s:%d: the difference table says %s of ours, the test %s (%s)",
                      file, line, ckr_name(row->ours), ckr_name(want), id);
        expected = is_reference() ? row->theirs : want;
    }
    answer_note(file, line, id, text, ckr_name(got));
    if (got != expected) {
        ck_abort_msg("%s:%d: %s: expected %s, got %s%s%s%s", file, line, text, ckr_name(expected),
                     ckr_name(got), id == NULL ? "" : " [", id == NULL ? "" : id, id == NULL ? "" : "]");
    }
    if (huks != NULL && strncmp(text, "p11->C_", 7) == 0) {
        check_error_record(text, got, 0);
    }
    return got;
}

void answer_holds(const char *file, int line, const char *id, const char *text, bool truth)
{
    const struct difference *row = difference_find(id);
    bool expected = !(is_reference() && row != NULL && row->theirs == FAILS);

    answer_note(file, line, id, text, truth ? "HOLDS" : "FAILS");
    ck_assert_msg(truth == expected, "%s:%d: %s: %s [%s]", file, line, text,
                  truth ? "holds, though the difference table says it does not" : "does not hold", id);
}

void answer_differences(void)
{
    for (size_t i = 0; i < differences_count; i++) {
        const struct difference *row = &differences[i];

        printf("%s\t%s", row->id, special_name(row->ours));
        printf("\t%s\t%s\n", special_name(row->theirs), row->reason);
    }
}
