/*
 * The root key and what it seals. Two providers: a systemd credential ($CREDENTIALS_DIRECTORY/huks-root-key,
 * 32 raw bytes or 64 hex digits), and the file root.key. The credential goes first; what an older root key
 * sealed is still opened, because the seal names its key:
 *
 *   sealed = 1 (format) ‖ 8 bytes that name the root key ‖ crypto_seal()
 *
 * The key is read for each use: it is needed at login and initialisation only, and stays nowhere.
 */
#include "store/rootkey.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEAL_FORMAT 1
#define NAME_SIZE   8
#define FILE_NAME   "root.key"

/* ---- reading ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(const uint8_t *text, size_t size, uint8_t *key)
{
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) {
        size--;
    }
    if (size != 2 * ROOTKEY_SIZE) {
        return false;
    }
    for (size_t i = 0; i < ROOTKEY_SIZE; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static huks_rc read_key(int fd, bool hex_allowed, struct secret *key)
{
    AUTO(secret_free) struct secret text = {0};
    HUKS_TRY(secret_alloc(&text, 2 * ROOTKEY_SIZE + 8));
    HUKS_TRY(secret_alloc(key, ROOTKEY_SIZE));
    size_t size = 0;
    for (;;) {
        ssize_t got = read(fd, text.data + size, text.size - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_raise(HUKS_E_FILE, ABOUT_FILE, "read the root key");
        }
        size += (size_t)got;
        if (got == 0 || size == text.size) {
            break;
        }
    }
    if (size == ROOTKEY_SIZE) {
        memcpy(key->data, text.data, ROOTKEY_SIZE);
        return HUKS_OK;
    }
    return hex_allowed && from_hex(text.data, size, key->data) ? HUKS_OK : store_raise_size();
}

/* ---- provider: systemd credential ---- */

static huks_rc credential_load(struct store *store, struct secret *key)
{
    (void)store;
    char path[PATH_MAX];
    const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
    if (directory == NULL || directory[0] != '/' ||
        snprintf(path, sizeof(path), "%s/huks-root-key", directory) >= (int)sizeof(path)) {
        return error_raise(HUKS_E_NOT_EXIST, ABOUT_FILE, NULL);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? error_raise(HUKS_E_NOT_EXIST, ABOUT_FILE, NULL)
                   : error_raise(HUKS_E_FILE, ABOUT_FILE, "read the root key");
    }
    huks_rc rc = read_key(fd, true, key);
    (void)close(fd);
    return rc;
}

/* ---- provider: file ---- */

static huks_rc file_load(struct store *store, struct secret *key)
{
    int fd = -1;
    struct stat status;
    HUKS_TRY(dir_open_file(store, FILE_NAME, O_RDONLY, &fd));
    huks_rc rc = HUKS_OK;
    if (fstat(fd, &status) != 0 || (status.st_mode & S_IRWXO) != 0) {
        rc = error_raise(HUKS_E_INTERNAL, ABOUT_FILE, NULL); /* a root key that anybody can read is none */
    }
    if (rc == HUKS_OK) {
        rc = read_key(fd, false, key);
    }
    (void)close(fd);
    return rc;
}

static huks_rc write_new(const struct store *store, const char *path, const struct secret *key)
{
    static const char doing[] = "write the root key";
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_raise(HUKS_E_FILE, store_write_about(errno), doing);
    }
    huks_rc rc = store_write_all(fd, key->data, key->size, doing);
    /* Members of the group read it; nobody but the owner ever writes it. */
    if (rc == HUKS_OK && (fchmod(fd, store->shared_with_group ? 0640 : 0600) != 0 || fsync(fd) != 0)) {
        rc = error_raise(HUKS_E_FILE, store_write_about(errno), doing);
    }
    if (close(fd) != 0 && rc == HUKS_OK) {
        rc = error_raise(HUKS_E_FILE, store_write_about(errno), doing);
    }
    return rc;
}

/* Written under another name and linked: whoever comes first wins, and nobody ever sees half a key. */
static huks_rc file_make(struct store *store)
{
    AUTO(secret_free) struct secret key = {0};
    HUKS_TRY(dir_make(store));
    HUKS_TRY(secret_alloc(&key, ROOTKEY_SIZE));
    HUKS_TRY(crypto_random(store->crypto, key.data, key.size));
    uint64_t random;
    char name[64];
    HUKS_TRY(crypto_random(store->crypto, &random, sizeof(random)));
    (void)snprintf(name, sizeof(name), FILE_NAME ".%016llx", (unsigned long long)random);
    AUTO(memory_free_ptr) char *temporary = dir_file(store, name);
    AUTO(memory_free_ptr) char *path = dir_file(store, FILE_NAME);
    if (temporary == NULL || path == NULL) {
        return error_no_memory();
    }
    huks_rc rc = write_new(store, temporary, &key);
    if (rc == HUKS_OK && link(temporary, path) != 0 && errno != EEXIST) {
        rc = error_raise(HUKS_E_FILE, store_write_about(errno), "write the root key");
    }
    (void)unlink(temporary);
    return rc == HUKS_OK ? dir_sync(store) : rc;
}

static const struct rootkey_provider providers[] = {
    {"credential", credential_load, NULL},
    {"file", file_load, file_make},
};

/* ---- sealing ---- */

struct root {
    struct secret seal; /* what seals is derived; the root key itself is not kept */
    uint8_t name[NAME_SIZE];
};

static void root_free(struct root *root)
{
    secret_free(&root->seal);
}

static huks_rc derive(struct store *store, const struct secret *key, struct root *root)
{
    static const char seal_info[] = "huks root seal 1", name_info[] = "huks root name 1";
    if (root->seal.data == NULL) {
        HUKS_TRY(secret_alloc(&root->seal, CRYPTO_SEAL_KEY_SIZE));
    }
    HUKS_TRY(crypto_hkdf_sha256(store->crypto, secret_bytes(key), BYTES_NONE,
                                bytes_of(seal_info, sizeof(seal_info) - 1), root->seal.data,
                                root->seal.size));
    return crypto_hkdf_sha256(store->crypto, secret_bytes(key), BYTES_NONE,
                              bytes_of(name_info, sizeof(name_info) - 1), root->name, sizeof(root->name));
}

static huks_rc load(struct store *store, const struct rootkey_provider *provider, struct root *root)
{
    AUTO(secret_free) struct secret key = {0};
    HUKS_TRY(provider->load(store, &key));
    return derive(store, &key, root);
}

/* The first provider that has a key; with `make`, one is made when none has. */
static huks_rc find(struct store *store, bool make, struct root *root)
{
    for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
        huks_rc rc = load(store, &providers[i], root);
        if (rc != HUKS_E_NOT_EXIST) {
            return rc;
        }
    }
    for (size_t i = 0; make && i < ARRAY_SIZE(providers); i++) {
        if (providers[i].make != NULL) {
            HUKS_TRY(providers[i].make(store));
            return load(store, &providers[i], root);
        }
    }
    return error_raise(HUKS_E_INTERNAL, ABOUT_FILE, NULL);
}

static huks_rc bind_context(struct bytes context, struct buffer *aad)
{
    static const char what[] = "HUKS root 1";
    HUKS_TRY(buffer_append(aad, what, sizeof(what)));
    return buffer_append(aad, context.data, context.size);
}

huks_rc store_root_seal(struct store *store, struct bytes context, struct bytes plain, struct buffer *sealed)
{
    AUTO(root_free) struct root root = {0};
    AUTO(buffer_free) struct buffer aad = {0};
    const uint8_t format = SEAL_FORMAT;
    HUKS_TRY(dir_usable(store));
    HUKS_TRY(find(store, true, &root));
    HUKS_TRY(bind_context(context, &aad));
    HUKS_TRY(buffer_append(sealed, &format, 1));
    HUKS_TRY(buffer_append(sealed, root.name, NAME_SIZE));
    return crypto_seal(store->crypto, root.seal.data, bytes_of(aad.data, aad.size), plain, sealed);
}

huks_rc store_root_unseal(struct store *store, struct bytes context, struct bytes sealed,
                          struct secret *plain)
{
    AUTO(buffer_free) struct buffer aad = {0};
    HUKS_TRY(dir_usable(store));
    HUKS_TRY(bind_context(context, &aad));
    if (sealed.size < 1 + NAME_SIZE + CRYPTO_SEAL_OVERHEAD || sealed.data[0] != SEAL_FORMAT) {
        return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL);
    }
    for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
        AUTO(root_free) struct root root = {0};
        huks_rc rc = load(store, &providers[i], &root);
        if (rc == HUKS_E_NOT_EXIST) {
            continue;
        }
        HUKS_TRY(rc);
        if (crypto_equal(root.name, NAME_SIZE, sealed.data + 1, NAME_SIZE)) {
            return crypto_unseal(store->crypto, root.seal.data, bytes_of(aad.data, aad.size),
                                 bytes_of(sealed.data + 1 + NAME_SIZE, sealed.size - 1 - NAME_SIZE), plain);
        }
    }
    return error_raise(HUKS_E_INTERNAL, ABOUT_TOKEN, NULL); /* another root key's, or none is left */
}
