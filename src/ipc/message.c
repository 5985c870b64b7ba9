/*
 * See message.h. A number is eight bytes; a byte string is its length (ABSENT for NULL), then from the next
 * multiple of 16 its bytes, then padding to the next multiple of eight. Offsets count from the buffer's
 * begin, which malloc aligns for any type.
 */
#include "ipc/message.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/wire.h"

#define ABSENT    UINT64_MAX
#define ALIGNMENT ((size_t)16)
#define WORD      sizeof(uint64_t)
#define READ_OVER SIZE_MAX /* `at` when it was the reader that failed */

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

void ipc_message_reset(struct ipc_message *message)
{
    memory_cleanse(message->bytes.data, message->bytes.size);
    message->bytes.size = 0;
    message->at = 0;
    message->failed = false;
}

void ipc_message_free(struct ipc_message *message)
{
    ipc_message_reset(message);
    buffer_free(&message->bytes);
}

/* Not realloc(): it would leave a copy of what is in here behind. */
bool ipc_message_room(struct ipc_message *message, size_t capacity)
{
    struct buffer *old = &message->bytes;
    if (capacity <= old->capacity && old->data != NULL) {
        return true;
    }
    uint8_t *data = malloc(capacity);
    if (data == NULL) {
        return false;
    }
    if (old->data != NULL && old->size != 0) {
        memcpy(data, old->data, old->size);
        memory_cleanse(old->data, old->size);
    }
    free(old->data);
    old->data = data;
    old->capacity = capacity;
    return true;
}

/* ---- writing ---- */

/* Makes the message `size` bytes longer; NULL once it has failed. */
static uint8_t *extend(struct ipc_message *message, size_t size)
{
    struct buffer *bytes = &message->bytes;
    if (message->failed) {
        return NULL;
    }
    if (size > IPC_SIZE_MAX || bytes->size + size > IPC_SIZE_MAX) {
        message->failed = true;
        return NULL;
    }
    size_t needed = bytes->size + size;
    if (needed > bytes->capacity) {
        size_t doubled = bytes->capacity < IPC_ROOM_LEAST ? IPC_ROOM_LEAST : bytes->capacity * 2;
        /* What follows large data is small, and finds room: to move them costs as much as they did. */
        size_t room = needed + IPC_ROOM_LEAST;
        if (!ipc_message_room(message, room > doubled ? room : doubled)) {
            message->failed = true;
            return NULL;
        }
    }
    uint8_t *place = bytes->data + bytes->size;
    bytes->size = needed;
    return place;
}

/* What is skipped would otherwise be whatever was in the memory before. */
static bool pad(struct ipc_message *message, size_t to)
{
    size_t size = message->bytes.size;
    size_t gap = round_up(size, to) - size;
    uint8_t *place = gap == 0 ? NULL : extend(message, gap);
    if (place != NULL) {
        memset(place, 0, gap);
    }
    return !message->failed;
}

void ipc_put_number(struct ipc_message *message, uint64_t number)
{
    uint8_t *place = extend(message, WORD);
    if (place != NULL) {
        memcpy(place, &number, WORD);
    }
}

void ipc_put_bytes(struct ipc_message *message, const void *data, size_t size)
{
    ipc_put_number(message, data == NULL ? ABSENT : size);
    if (data == NULL || size == 0 || !pad(message, ALIGNMENT)) {
        return;
    }
    uint8_t *place = extend(message, size);
    if (place != NULL) {
        memcpy(place, data, size);
        (void)pad(message, WORD);
    }
}

/* ---- reading ---- */

static void read_over(struct ipc_message *message)
{
    message->failed = true;
    message->at = READ_OVER;
}

/* The next `size` bytes from a multiple of `alignment` on; NULL when they aren't all there. */
static const uint8_t *take(struct ipc_message *message, size_t size, size_t alignment)
{
    if (message->failed) {
        return NULL;
    }
    size_t from = round_up(message->at, alignment);
    if (from > message->bytes.size || size > message->bytes.size - from) {
        read_over(message);
        return NULL;
    }
    message->at = from + size;
    return message->bytes.data + from;
}

uint64_t ipc_get_number(struct ipc_message *message)
{
    uint64_t number = 0;
    const uint8_t *place = take(message, WORD, WORD);
    if (place != NULL) {
        memcpy(&number, place, WORD);
    }
    return number;
}

struct bytes ipc_get_bytes(struct ipc_message *message)
{
    static const uint8_t empty[1];
    uint64_t size = ipc_get_number(message);
    if (message->failed || size == ABSENT) {
        return BYTES_NONE;
    }
    if (size == 0) {
        return (struct bytes){empty, 0};
    }
    if (size > message->bytes.size) { /* (before it is a size_t) */
        read_over(message);
        return BYTES_NONE;
    }
    const uint8_t *place = take(message, (size_t)size, ALIGNMENT);
    if (place == NULL) {
        return BYTES_NONE;
    }
    size_t next = round_up(message->at, WORD);
    if (next > message->bytes.size) {
        read_over(message);
        return BYTES_NONE;
    }
    message->at = next;
    return (struct bytes){place, (size_t)size};
}

huks_rc ipc_message_end(struct ipc_message *message)
{
    if (message->failed && message->at != READ_OVER) {
        return error_no_memory();
    }
    if (message->failed || message->at != message->bytes.size) {
        return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
    }
    return HUKS_OK;
}

/* ---- the error record ---- */

void ipc_put_error(struct ipc_message *message)
{
    char sentence[IPC_SENTENCE_SIZE];
    ipc_put_number(message, (uint64_t)(int64_t)error_code());
    ipc_put_number(message, (uint64_t)error_about());
    (void)error_message(sentence, sizeof sentence);
    ipc_put_bytes(message, sentence, strlen(sentence));
}

huks_rc ipc_get_error(struct ipc_message *message)
{
    char sentence[IPC_SENTENCE_SIZE];
    int64_t code = (int64_t)ipc_get_number(message);
    uint64_t about = ipc_get_number(message);
    struct bytes text = ipc_get_bytes(message);
    if (message->failed || code < 0 || code > INT32_MAX || about >= ABOUT_COUNT || text.data == NULL ||
        text.size >= sizeof sentence) {
        read_over(message);
        return error_raise(HUKS_E_IPC, ABOUT_IPC_MESSAGE, NULL);
    }
    if (code == HUKS_OK) {
        error_clear();
        return HUKS_OK;
    }
    memcpy(sentence, text.data, text.size);
    sentence[text.size] = '\0';
    return error_raise_text((int32_t)code, (enum error_about)about, sentence);
}
