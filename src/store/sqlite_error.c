/*
 * What SQLite answers, as the codes and sentences of ours.
 */
#include "store/inside.h"
#include "store/sqlite.h"

#include <errno.h>
#include <unistd.h>

#include "common/log.h"

const char sqlite_reading[] = "read the key file";
const char sqlite_writing[] = "write the key file";

static int file_errno(sqlite3_file *file)
{
    int reason = 0;
    return file != NULL && file->pMethods != NULL &&
                   file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &reason) == SQLITE_OK
               ? reason
               : 0;
}

/* SQLite tells the system's reason of some failures itself, of others (a commit's) only file by file. */
static int system_reason(sqlite3 *handle)
{
    sqlite3_file *file = NULL;
    int reason = sqlite3_system_errno(handle);
    if (reason == 0 &&
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK) {
        reason = file_errno(file);
    }
    file = NULL;
    if (reason == 0 && sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK) {
        reason = file_errno(file);
    }
    return reason;
}

static huks_rc raise_io(int result, int reason, const char *doing)
{
    switch (store_write_about(reason)) {
    case ABOUT_NO_SPACE:
        return error_raise(HUKS_E_FILE, ABOUT_NO_SPACE, NULL);
    case ABOUT_READ_ONLY:
        if (doing == sqlite_writing) {
            return error_raise(HUKS_E_FILE, ABOUT_READ_ONLY, doing);
        }
        break;
    default:
        break;
    }
    if (result == SQLITE_IOERR_SHORT_READ) {
        return store_raise_size();
    }
    if (result == SQLITE_IOERR_NOMEM || result == SQLITE_IOERR_SHMMAP) {
        return error_no_memory();
    }
    return error_raise(HUKS_E_FILE, ABOUT_FILE, doing);
}

/* SQLite takes a file that it can't open for writing for reading, whatever the reason was. */
static bool may_be_written(sqlite3 *handle)
{
    const char *name = handle != NULL ? sqlite3_db_filename(handle, "main") : NULL;
    const char *log = name != NULL && name[0] != '\0' ? sqlite3_filename_wal(name) : NULL;
    return log != NULL && access(name, W_OK) == 0 && access(log, W_OK) == 0;
}

huks_rc sqlite_raise(sqlite3 *handle, int result, const char *doing)
{
    int reason = handle != NULL ? system_reason(handle) : errno;
    log_info("store: SQLite answers %d (system error %d): cannot %s", result, reason, doing);
    switch (result & 0xFF) {
    case SQLITE_NOMEM:
        return error_no_memory();
    case SQLITE_FULL:
        return error_raise(HUKS_E_FILE, ABOUT_NO_SPACE, NULL);
    case SQLITE_READONLY:
        return error_raise(HUKS_E_FILE, may_be_written(handle) ? ABOUT_FILE : ABOUT_READ_ONLY, doing);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return raise_io(result, reason, doing);
    case SQLITE_NOTADB:
        return store_raise_size();
    case SQLITE_CORRUPT:
        /* So SQLite calls a disk that can't be read, too. */
        return reason == EIO ? error_raise(HUKS_E_FILE, ABOUT_FILE, doing)
                             : error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    default:
        /* Damage, a lock that can't be had (BUSY, LOCKED, PROTOCOL), what should never be (MISUSE, ERROR). */
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
}
