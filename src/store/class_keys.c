/*
 * Keys derived from a class key: one each for attributes, key bytes, index, and the set hash. Deriving is
 * dearer than what they do, so they are kept while the class is open, and dropped with the first call that
 * comes without the class key or with another one, and by store_token_forget_keys().
 */
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

#define CLASS_KEY_SIZE 32

static void release(struct class_keys *keys)
{
    if (keys != NULL && atomic_fetch_sub(&keys->references, 1) == 1) {
        secret_free(&keys->block);
        crypto_hmac_free(keys->index);
        crypto_hmac_free(keys->set);
        free(keys);
    }
}

static void release_ptr(struct class_keys **keys)
{
    release(*keys);
}

static uint8_t *key_of(const struct class_keys *keys, enum class_key_use use)
{
    return keys->block.data + CLASS_KEY_SIZE * (1 + (size_t)use);
}

static huks_rc derive(struct store_token *token, uint64_t life, enum store_class class, const uint8_t *key,
                      struct class_keys **out)
{
    static const char info[] = "huks store keys 1";
    uint8_t salt[8 + 1];
    AUTO(release_ptr) struct class_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL) {
        return error_no_memory();
    }
    atomic_init(&keys->references, 1);
    keys->life = life;
    HUKS_TRY(secret_alloc(&keys->block, CLASS_KEY_SIZE * (1 + (size_t)CLASS_KEY_USES)));
    memcpy(keys->block.data, key, CLASS_KEY_SIZE);
    put_u64(salt, life);
    salt[8] = (uint8_t) class;
    HUKS_TRY(crypto_hkdf_sha256(token->store->crypto, bytes_of(key, CLASS_KEY_SIZE), BYTES_OF(salt),
                                bytes_of(info, sizeof(info) - 1), keys->block.data + CLASS_KEY_SIZE,
                                CLASS_KEY_SIZE * (size_t)CLASS_KEY_USES));
    HUKS_TRY(crypto_hmac_new(token->store->crypto, bytes_of(key_of(keys, CLASS_KEY_INDEX), CLASS_KEY_SIZE),
                             &keys->index));
    if (class == STORE_DE) {
        HUKS_TRY(crypto_hmac_new(token->store->crypto, bytes_of(key_of(keys, CLASS_KEY_SET), CLASS_KEY_SIZE),
                                 &keys->set));
    }
    *out = keys;
    keys = NULL;
    return HUKS_OK;
}

/* A reference to what is kept when it fits; otherwise what is kept goes. */
static struct class_keys *kept(struct store_token *token, uint64_t life, enum store_class class,
                               const uint8_t *key)
{
    struct class_keys *stale = NULL;
    (void)pthread_mutex_lock(&token->lock);
    struct class_keys *keys = token->keys[class];
    if (keys != NULL) {
        if (key != NULL && keys->life == life &&
            crypto_equal(keys->block.data, CLASS_KEY_SIZE, key, CLASS_KEY_SIZE)) {
            atomic_fetch_add(&keys->references, 1);
        } else {
            stale = keys;
            token->keys[class] = keys = NULL;
        }
    }
    (void)pthread_mutex_unlock(&token->lock);
    release(stale);
    return keys;
}

static void keep(struct store_token *token, enum store_class class, struct class_keys *keys)
{
    (void)pthread_mutex_lock(&token->lock);
    struct class_keys *stale = token->keys[class];
    atomic_fetch_add(&keys->references, 1);
    token->keys[class] = keys;
    (void)pthread_mutex_unlock(&token->lock);
    release(stale);
}

huks_rc open_keys_begin(struct store_token *token, uint64_t life, const struct store_keys *keys,
                        struct open_keys *open)
{
    for (unsigned i = 0; i < STORE_CLASSES; i++) {
        enum store_class class = (enum store_class)i;
        const uint8_t *key = keys->gone[i] ? NULL : keys->key[i];
        open->gone[i] = keys->gone[i];
        open->of[i] = kept(token, life, class, key);
        if (open->of[i] == NULL && key != NULL) {
            HUKS_TRY(derive(token, life, class, key, &open->of[i]));
            keep(token, class, open->of[i]);
        }
    }
    return HUKS_OK;
}

void open_keys_end(struct open_keys *open)
{
    for (size_t i = 0; i < STORE_CLASSES; i++) {
        release(open->of[i]);
        open->of[i] = NULL;
    }
}

const uint8_t *open_key(const struct open_keys *open, enum store_class class, enum class_key_use use)
{
    return open->of[class] == NULL ? NULL : key_of(open->of[class], use);
}

struct class_keys *open_index(const struct open_keys *open, enum store_class class)
{
    return open->of[attrs_class(class)];
}

void class_keys_forget(struct store_token *token)
{
    struct class_keys *stale[STORE_CLASSES];
    (void)pthread_mutex_lock(&token->lock);
    memcpy(stale, token->keys, sizeof(stale));
    memset(token->keys, 0, sizeof(token->keys));
    (void)pthread_mutex_unlock(&token->lock);
    for (size_t i = 0; i < STORE_CLASSES; i++) {
        release(stale[i]);
    }
}

void store_token_forget_keys(struct store_token *token)
{
    if (token != NULL && token->store->process == store_fork_process()) {
        class_keys_forget(token);
    }
}

enum store_class attrs_class(enum store_class class)
{
    return class == STORE_PIN_BOUND ? STORE_CE : class;
}

bool class_visible(const struct open_keys *open, uint32_t class)
{
    return class < STORE_CLASSES && open->of[attrs_class((enum store_class) class)] != NULL &&
           (open->of[class] != NULL || open->gone[class]);
}
