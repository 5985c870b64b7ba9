#include "service/search_memo.h"

#include <string.h>

#include "common/clock.h"
#include "common/memory.h"

struct search_moment search_moment(const struct store_token *db, uint64_t generation,
                                   const struct store_keys *keys)
{
    struct search_moment moment = {.db = db, .generation = generation, .tick = clock_coarse_ms()};
    for (unsigned i = 0; i < STORE_CLASSES; i++) {
        moment.classes |= (uint32_t)(keys->key[i] != NULL) << i | (uint32_t)keys->gone[i] << (16 + i);
    }
    return moment;
}

static bool same_moment(const struct search_moment *a, const struct search_moment *b)
{
    return a->db == b->db && a->generation == b->generation && a->tick == b->tick && a->classes == b->classes;
}

void search_memo_init(struct search_memo *memo)
{
    memset(memo, 0, sizeof(*memo));
    for (size_t i = 0; i < SEARCH_MEMO_SLOTS; i++) {
        (void)pthread_mutex_init(&memo->slots[i].lock, NULL);
    }
}

static void forget(struct search_memo_slot *slot)
{
    memory_cleanse(slot->question, slot->size);
    slot->size = 0;
}

void search_memo_clear(struct search_memo *memo)
{
    for (size_t i = 0; i < SEARCH_MEMO_SLOTS; i++) {
        struct search_memo_slot *slot = &memo->slots[i];
        (void)pthread_mutex_lock(&slot->lock);
        forget(slot);
        (void)pthread_mutex_unlock(&slot->lock);
    }
}

void search_memo_destroy(struct search_memo *memo)
{
    search_memo_clear(memo);
    for (size_t i = 0; i < SEARCH_MEMO_SLOTS; i++) {
        (void)pthread_mutex_destroy(&memo->slots[i].lock);
    }
}

/* The matches as one string; 0: too long, or there are none. */
static uint8_t write_question(uint8_t out[SEARCH_MEMO_QUESTION], const struct store_match *matches,
                              size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        const struct store_match *match = &matches[i];
        const uint32_t head[] = {match->tag, (uint32_t)match->value.size};
        if (match->value.size > SEARCH_MEMO_QUESTION ||
            sizeof(head) + match->value.size > SEARCH_MEMO_QUESTION - size) {
            return 0;
        }
        memcpy(out + size, head, sizeof(head));
        size += sizeof(head);
        if (match->value.size > 0) {
            memcpy(out + size, match->value.data, match->value.size);
            size += match->value.size;
        }
    }
    return (uint8_t)size;
}

/* FNV-1a: where to look, nothing more. */
static struct search_memo_slot *slot_of(struct search_memo *memo, const uint8_t *question, size_t size)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ question[i]) * 16777619U;
    }
    return &memo->slots[hash >> 16 & (SEARCH_MEMO_SLOTS - 1)];
}

bool search_memo_get(struct search_memo *memo, const struct search_moment *moment,
                     const struct store_match *matches, size_t match_count,
                     uint64_t numbers[SEARCH_MEMO_FOUND], size_t *count)
{
    uint8_t question[SEARCH_MEMO_QUESTION];
    uint8_t size = write_question(question, matches, match_count);
    if (size == 0) {
        return false;
    }
    struct search_memo_slot *slot = slot_of(memo, question, size);
    (void)pthread_mutex_lock(&slot->lock);
    bool known = slot->size == size && same_moment(&slot->moment, moment) &&
                 memcmp(slot->question, question, size) == 0;
    if (known) {
        memcpy(numbers, slot->numbers, sizeof(slot->numbers));
        *count = slot->count;
    }
    (void)pthread_mutex_unlock(&slot->lock);
    memory_cleanse(question, size);
    return known;
}

void search_memo_put(struct search_memo *memo, const struct search_moment *moment,
                     const struct store_match *matches, size_t match_count, const uint64_t *numbers,
                     size_t count)
{
    uint8_t question[SEARCH_MEMO_QUESTION];
    uint8_t size = count > SEARCH_MEMO_FOUND ? 0 : write_question(question, matches, match_count);
    if (size == 0) {
        return;
    }
    struct search_memo_slot *slot = slot_of(memo, question, size);
    (void)pthread_mutex_lock(&slot->lock);
    forget(slot);
    slot->moment = *moment;
    for (size_t i = 0; i < count; i++) {
        slot->numbers[i] = numbers[i];
    }
    slot->count = (uint8_t)count;
    memcpy(slot->question, question, size);
    slot->size = size;
    (void)pthread_mutex_unlock(&slot->lock);
    memory_cleanse(question, size);
}
