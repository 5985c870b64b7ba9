/* The kinds of argument, one after the other; see remote_value.h. */
#include "pkcs11/remote_value.h"

#include <string.h>

/* Where one argument of a call stands. */
struct place {
    struct remote_arguments *call;
    unsigned number;
};

static uintptr_t word(const struct place *place)
{
    return place->call->words[place->number];
}

static void *pointer(const struct place *place)
{
    return (void *)word(place);
}

static uintptr_t next_word(const struct place *place)
{
    return place->call->words[place->number + 1];
}

static const struct p11_argument *argument(const struct place *place)
{
    return &place->call->signature->arguments[place->number];
}

static void set_word(const struct place *place, const void *value)
{
    place->call->words[place->number] = (uintptr_t)value;
}

static void set_next(const struct place *place, uintptr_t value)
{
    place->call->words[place->number + 1] = value;
}

/* ---- numbers ---- */

static CK_RV put_number(struct ipc_message *message, const struct place *place)
{
    ipc_put_number(message, word(place));
    return CKR_OK;
}

static huks_rc get_number(struct ipc_message *message, const struct place *place)
{
    place->call->words[place->number] = (uintptr_t)ipc_get_number(message);
    return HUKS_OK;
}

/* ---- bytes that are read ---- */

static CK_RV put_bytes(struct ipc_message *message, const struct place *place)
{
    CK_ULONG size = next_word(place);
    const void *bytes = pointer(place);
    if (bytes != NULL && size > REMOTE_VALUE_MAX) {
        return p11_fail(CKR_ARGUMENTS_BAD, "length of data: more than the service takes at once");
    }
    ipc_put_number(message, size);
    ipc_put_bytes(message, bytes, bytes == NULL ? 0 : size);
    return CKR_OK;
}

static huks_rc get_bytes(struct ipc_message *message, const struct place *place)
{
    CK_ULONG size = ipc_get_number(message);
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.data != NULL && bytes.size != size) {
        return remote_garbled();
    }
    set_word(place, bytes.data);
    set_next(place, size);
    return HUKS_OK;
}

static CK_RV put_label(struct ipc_message *message, const struct place *place)
{
    ipc_put_bytes(message, pointer(place), pointer(place) == NULL ? 0 : sizeof((CK_TOKEN_INFO){0}.label));
    return CKR_OK;
}

static huks_rc get_label(struct ipc_message *message, const struct place *place)
{
    struct bytes label = ipc_get_bytes(message);
    set_word(place, label.data);
    return label.data == NULL || label.size == sizeof((CK_TOKEN_INFO){0}.label) ? HUKS_OK : remote_garbled();
}

static CK_RV put_text(struct ipc_message *message, const struct place *place)
{
    const char *text = pointer(place);
    ipc_put_bytes(message, text, text == NULL ? 0 : strnlen(text, REMOTE_TEXT_MAX));
    return CKR_OK;
}

static huks_rc get_text(struct ipc_message *message, const struct place *place)
{
    struct bytes text = ipc_get_bytes(message);
    void *made = NULL;
    if (text.size > REMOTE_TEXT_MAX) {
        return remote_garbled();
    }
    if (text.data != NULL) {
        HUKS_TRY(remote_room_make(&place->call->room, text.size + 1, &made));
        memcpy(made, text.data, text.size);
    }
    set_word(place, made);
    return HUKS_OK;
}

/* ---- the two-call convention: bytes and numbers ---- */

static size_t element(const struct place *place)
{
    return argument(place)->kind == ARGUMENT_LIST ? sizeof(CK_ULONG) : 1;
}

static CK_RV put_output(struct ipc_message *message, const struct place *place)
{
    const CK_ULONG *room = (const CK_ULONG *)next_word(place);
    ipc_put_number(message, pointer(place) != NULL);
    ipc_put_number(message, room != NULL);
    ipc_put_number(message, room == NULL ? 0 : *room);
    return CKR_OK;
}

/* Less room than the caller has is enough: no output is as large. */
static huks_rc get_output(struct ipc_message *message, const struct place *place)
{
    struct remote_arguments *call = place->call;
    bool wanted = ipc_get_number(message) != 0, counted = ipc_get_number(message) != 0;
    CK_ULONG room = ipc_get_number(message), most = REMOTE_VALUE_MAX / element(place);
    void *cell = NULL, *bytes = NULL;
    call->rooms[place->number] = room;
    room = room < most ? room : most;
    if (counted) {
        HUKS_TRY(remote_room_copy(&call->room, BYTES_OF(&room), &cell));
    }
    if (wanted) {
        HUKS_TRY(remote_room_make(&call->room, room * element(place), &bytes));
    }
    set_word(place, bytes);
    set_next(place, (uintptr_t)cell);
    return HUKS_OK;
}

static void put_filled(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    const void *bytes = pointer(place);
    const CK_ULONG *cell = (const CK_ULONG *)next_word(place);
    if (cell == NULL) {
        return;
    }
    CK_ULONG given = place->call->rooms[place->number], most = REMOTE_VALUE_MAX / element(place);
    bool untouched = given > most && *cell == most;
    size_t size = *cell * element(place);
    bool filled = rv == CKR_OK && bytes != NULL && *cell <= most && size <= remote_room_size(bytes);
    ipc_put_number(message, untouched ? given : *cell);
    ipc_put_bytes(message, filled ? bytes : NULL, filled ? size : 0);
}

static huks_rc get_filled(struct ipc_message *message, const struct place *place)
{
    CK_ULONG *cell = (CK_ULONG *)next_word(place);
    if (cell == NULL) {
        return HUKS_OK;
    }
    CK_ULONG size = ipc_get_number(message), room = *cell;
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.size > 0 && (pointer(place) == NULL || bytes.size / element(place) > room)) {
        return remote_garbled();
    }
    if (bytes.size > 0) {
        memcpy(pointer(place), bytes.data, bytes.size);
    }
    *cell = size;
    return HUKS_OK;
}

/* ---- exactly so many bytes, and at most so many numbers ---- */

static CK_RV put_wanted(struct ipc_message *message, const struct place *place)
{
    CK_ULONG size = next_word(place);
    if (pointer(place) != NULL && size > REMOTE_VALUE_MAX) {
        return p11_fail(CKR_ARGUMENTS_BAD, "length of data: more than the service gives at once");
    }
    ipc_put_number(message, pointer(place) != NULL);
    ipc_put_number(message, size);
    return CKR_OK;
}

static huks_rc get_wanted(struct ipc_message *message, const struct place *place)
{
    bool wanted = ipc_get_number(message) != 0;
    CK_ULONG size = ipc_get_number(message);
    void *bytes = NULL;
    if (wanted && size > REMOTE_VALUE_MAX) {
        return remote_garbled();
    }
    if (wanted) {
        HUKS_TRY(remote_room_make(&place->call->room, size, &bytes));
    }
    set_word(place, bytes);
    set_next(place, size);
    return HUKS_OK;
}

static void put_whole(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    bool filled = rv == CKR_OK && pointer(place) != NULL;
    ipc_put_bytes(message, filled ? pointer(place) : NULL, filled ? next_word(place) : 0);
}

static huks_rc get_whole(struct ipc_message *message, const struct place *place)
{
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.size > 0 && (pointer(place) == NULL || bytes.size != next_word(place))) {
        return remote_garbled();
    }
    if (bytes.size > 0) {
        memcpy(pointer(place), bytes.data, bytes.size);
    }
    return HUKS_OK;
}

static CK_RV put_presence(struct ipc_message *message, const struct place *place)
{
    ipc_put_number(message, pointer(place) != NULL);
    return CKR_OK;
}

/* Its number, which follows it, is read with it. */
static huks_rc get_found(struct ipc_message *message, const struct place *place)
{
    bool wanted = ipc_get_number(message) != 0;
    CK_ULONG most = ipc_get_number(message), room = REMOTE_VALUE_MAX / sizeof(CK_OBJECT_HANDLE);
    void *list = NULL;
    most = most < room ? most : room;
    if (wanted) {
        HUKS_TRY(remote_room_make(&place->call->room, most * sizeof(CK_OBJECT_HANDLE), &list));
    }
    set_word(place, list);
    set_next(place, most);
    return HUKS_OK;
}

static CK_RV put_found_place(struct ipc_message *message, const struct place *place)
{
    ipc_put_number(message, pointer(place) != NULL);
    ipc_put_number(message, next_word(place));
    return CKR_OK;
}

static void put_found(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    const CK_ULONG *count = (const CK_ULONG *)place->call->words[place->number + 2];
    bool filled = rv == CKR_OK && pointer(place) != NULL && count != NULL && *count <= next_word(place);
    ipc_put_bytes(message, filled ? pointer(place) : NULL, filled ? *count * sizeof(CK_OBJECT_HANDLE) : 0);
}

static huks_rc get_found_list(struct ipc_message *message, const struct place *place)
{
    struct bytes list = ipc_get_bytes(message);
    if (list.size > 0 &&
        (pointer(place) == NULL || list.size / sizeof(CK_OBJECT_HANDLE) > next_word(place))) {
        return remote_garbled();
    }
    if (list.size > 0) {
        memcpy(pointer(place), list.data, list.size);
    }
    return HUKS_OK;
}

/* ---- a number and a struct that are written ---- */

/* With what is in it: a call that leaves it alone leaves it as it was. */
static CK_RV put_cell(struct ipc_message *message, const struct place *place)
{
    ipc_put_bytes(message, pointer(place), pointer(place) == NULL ? 0 : sizeof(CK_ULONG));
    return CKR_OK;
}

static huks_rc get_cell(struct ipc_message *message, const struct place *place)
{
    struct bytes cell = ipc_get_bytes(message);
    void *made = NULL;
    if (cell.data != NULL && cell.size != sizeof(CK_ULONG)) {
        return remote_garbled();
    }
    if (cell.data != NULL) {
        HUKS_TRY(remote_room_copy(&place->call->room, cell, &made));
    }
    set_word(place, made);
    return HUKS_OK;
}

static void put_cell_back(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    (void)rv;
    ipc_put_bytes(message, pointer(place), pointer(place) == NULL ? 0 : sizeof(CK_ULONG));
}

static huks_rc get_sized(struct ipc_message *message, const struct place *place, size_t size)
{
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.data == NULL) {
        return HUKS_OK;
    }
    if (pointer(place) == NULL || bytes.size != size) {
        return remote_garbled();
    }
    memcpy(pointer(place), bytes.data, size);
    return HUKS_OK;
}

static huks_rc get_cell_back(struct ipc_message *message, const struct place *place)
{
    return get_sized(message, place, sizeof(CK_ULONG));
}

static huks_rc get_record(struct ipc_message *message, const struct place *place)
{
    void *made = NULL;
    if (ipc_get_number(message) != 0) {
        HUKS_TRY(remote_room_make(&place->call->room, argument(place)->detail, &made));
    }
    set_word(place, made);
    return HUKS_OK;
}

static void put_record(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    bool filled = rv == CKR_OK && pointer(place) != NULL;
    ipc_put_bytes(message, filled ? pointer(place) : NULL, filled ? argument(place)->detail : 0);
}

static huks_rc get_record_back(struct ipc_message *message, const struct place *place)
{
    return get_sized(message, place, argument(place)->detail);
}

/* ---- templates ---- */

static CK_RV put_template(struct ipc_message *message, const struct place *place)
{
    ipc_put_number(message, next_word(place));
    return argument(place)->kind == ARGUMENT_QUERY
               ? remote_put_query(message, pointer(place), next_word(place))
               : remote_put_template(message, pointer(place), next_word(place));
}

static huks_rc get_template(struct ipc_message *message, const struct place *place)
{
    CK_ULONG count = ipc_get_number(message);
    CK_ATTRIBUTE *template = NULL;
    struct remote_room *room = &place->call->room;
    HUKS_TRY(argument(place)->kind == ARGUMENT_QUERY ? remote_get_query(message, room, count, &template)
                                                     : remote_get_template(message, room, count, &template));
    set_word(place, template);
    set_next(place, count);
    return HUKS_OK;
}

static void put_answers(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    remote_put_answers(message, pointer(place), next_word(place), rv);
}

static huks_rc get_answers(struct ipc_message *message, const struct place *place)
{
    return remote_get_answers(message, pointer(place), next_word(place));
}

/* ---- mechanisms ---- */

static struct remote_parameter parameter_of(const struct place *place, const CK_MECHANISM *mechanism)
{
    return (struct remote_parameter){argument(place)->detail, mechanism->mechanism, mechanism->pParameter,
                                     mechanism->ulParameterLen};
}

static CK_RV put_mechanism(struct ipc_message *message, const struct place *place)
{
    const CK_MECHANISM *mechanism = pointer(place);
    ipc_put_number(message, mechanism != NULL);
    if (mechanism == NULL) {
        return CKR_OK;
    }
    const struct remote_parameter parameter = parameter_of(place, mechanism);
    ipc_put_number(message, mechanism->mechanism);
    ipc_put_number(message, mechanism->ulParameterLen);
    return remote_put_parameter(message, &parameter);
}

static huks_rc get_mechanism(struct ipc_message *message, const struct place *place)
{
    void *made = NULL;
    if (ipc_get_number(message) != 0) {
        HUKS_TRY(remote_room_make(&place->call->room, sizeof(CK_MECHANISM), &made));
        CK_MECHANISM *mechanism = made;
        mechanism->mechanism = ipc_get_number(message);
        mechanism->ulParameterLen = ipc_get_number(message);
        struct remote_parameter parameter = parameter_of(place, mechanism);
        HUKS_TRY(remote_get_parameter(message, &place->call->room, &parameter));
        mechanism->pParameter = parameter.data;
    }
    set_word(place, made);
    return HUKS_OK;
}

static void put_mechanism_back(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    (void)rv;
    if (pointer(place) != NULL) {
        const struct remote_parameter parameter = parameter_of(place, pointer(place));
        remote_put_written(message, &parameter);
    }
}

static huks_rc get_mechanism_back(struct ipc_message *message, const struct place *place)
{
    if (pointer(place) == NULL) {
        return HUKS_OK;
    }
    const struct remote_parameter parameter = parameter_of(place, pointer(place));
    return remote_get_written(message, &parameter);
}

/* The structures of messages are those of encryption; a signature's parameter is its mechanism's own. */
static struct remote_parameter message_of(const struct place *place)
{
    enum p11_kind kind = argument(place)->detail;
    bool crypts = kind == P11_ENCRYPT || kind == P11_DECRYPT;
    return (struct remote_parameter){crypts ? P11_PARAMETER_MESSAGES : P11_PARAMETER_PLAIN,
                                     place->call->mechanism, pointer(place), next_word(place)};
}

static CK_RV put_message(struct ipc_message *message, const struct place *place)
{
    const struct remote_parameter parameter = message_of(place);
    ipc_put_number(message, parameter.type);
    ipc_put_number(message, parameter.size);
    return remote_put_parameter(message, &parameter);
}

/* The front end holds the pending operation against the mechanism that is said here (p11_message_pending). */
static huks_rc get_message(struct ipc_message *message, const struct place *place)
{
    place->call->mechanism = ipc_get_number(message);
    set_next(place, (uintptr_t)ipc_get_number(message));
    struct remote_parameter parameter = message_of(place);
    HUKS_TRY(remote_get_parameter(message, &place->call->room, &parameter));
    set_word(place, parameter.data);
    place->call->message = parameter.data != NULL;
    return HUKS_OK;
}

static void put_message_back(struct ipc_message *message, const struct place *place, CK_RV rv)
{
    (void)rv;
    const struct remote_parameter parameter = message_of(place);
    remote_put_written(message, &parameter);
}

static huks_rc get_message_back(struct ipc_message *message, const struct place *place)
{
    const struct remote_parameter parameter = message_of(place);
    return remote_get_written(message, &parameter);
}

/* ---- what is no more than a pointer, or stays at home ---- */

static huks_rc get_presence(struct ipc_message *message, const struct place *place)
{
    set_word(place, ipc_get_number(message) != 0 ? remote_opaque() : NULL);
    return HUKS_OK;
}

static CK_RV put_nothing(struct ipc_message *message, const struct place *place)
{
    (void)message;
    (void)place;
    return CKR_OK;
}

static huks_rc get_nothing(struct ipc_message *message, const struct place *place)
{
    (void)message;
    set_word(place, NULL);
    return HUKS_OK;
}

/* ---- the table ---- */

/* NULL: nothing goes, or it went with the argument before it. */
static const struct kind {
    CK_RV (*put)(struct ipc_message *message, const struct place *place);
    huks_rc (*get)(struct ipc_message *message, const struct place *place);
    void (*put_back)(struct ipc_message *message, const struct place *place, CK_RV rv);
    huks_rc (*get_back)(struct ipc_message *message, const struct place *place);
    bool pair; /* with the argument behind it */
} kinds[ARGUMENT_KINDS] = {
    [ARGUMENT_HANDLE] = {put_number, get_number, NULL, NULL, false},
    [ARGUMENT_NUMBER] = {put_number, get_number, NULL, NULL, false},
    [ARGUMENT_BYTES] = {put_bytes, get_bytes, NULL, NULL, true},
    [ARGUMENT_PIN] = {put_bytes, get_bytes, NULL, NULL, true},
    [ARGUMENT_OUTPUT] = {put_output, get_output, put_filled, get_filled, true},
    [ARGUMENT_LIST] = {put_output, get_output, put_filled, get_filled, true},
    [ARGUMENT_FILL] = {put_wanted, get_wanted, put_whole, get_whole, true},
    [ARGUMENT_LABEL] = {put_label, get_label, NULL, NULL, false},
    [ARGUMENT_TEXT] = {put_text, get_text, NULL, NULL, false},
    [ARGUMENT_CELL] = {put_cell, get_cell, put_cell_back, get_cell_back, false},
    [ARGUMENT_RECORD] = {put_presence, get_record, put_record, get_record_back, false},
    [ARGUMENT_FOUND] = {put_found_place, get_found, put_found, get_found_list, true},
    [ARGUMENT_TEMPLATE] = {put_template, get_template, NULL, NULL, true},
    [ARGUMENT_QUERY] = {put_template, get_template, put_answers, get_answers, true},
    [ARGUMENT_MECHANISM] = {put_mechanism, get_mechanism, put_mechanism_back, get_mechanism_back, false},
    [ARGUMENT_MESSAGE] = {put_message, get_message, put_message_back, get_message_back, true},
    [ARGUMENT_PRESENT] = {put_presence, get_presence, NULL, NULL, false},
    [ARGUMENT_OWN] = {put_nothing, get_nothing, NULL, NULL, false},
};

static const struct kind *first(struct place *place)
{
    return &kinds[argument(place)->kind];
}

static const struct kind *next(struct place *place)
{
    place->number += kinds[argument(place)->kind].pair ? 2 : 1;
    return first(place);
}

#define EACH_ARGUMENT(place, kind)                                                                           \
    for (const struct kind *kind = first(&(place)); (kind)->put != NULL; (kind) = next(&(place)))

CK_RV remote_put_arguments(struct ipc_message *request, const struct remote_arguments *arguments)
{
    struct place place = {(struct remote_arguments *)(uintptr_t)arguments, 0};
    EACH_ARGUMENT(place, kind)
    {
        P11_TRY(kind->put(request, &place));
    }
    return CKR_OK;
}

huks_rc remote_get_arguments(struct ipc_message *request, struct remote_arguments *arguments)
{
    struct place place = {arguments, 0};
    EACH_ARGUMENT(place, kind)
    {
        HUKS_TRY(kind->get(request, &place));
    }
    return ipc_message_end(request);
}

void remote_put_results(struct ipc_message *reply, const struct remote_arguments *arguments, CK_RV rv)
{
    struct place place = {(struct remote_arguments *)(uintptr_t)arguments, 0};
    EACH_ARGUMENT(place, kind)
    {
        if (kind->put_back != NULL) {
            kind->put_back(reply, &place, rv);
        }
    }
}

huks_rc remote_get_results(struct ipc_message *reply, const struct remote_arguments *arguments)
{
    struct place place = {(struct remote_arguments *)(uintptr_t)arguments, 0};
    EACH_ARGUMENT(place, kind)
    {
        if (kind->get_back != NULL) {
            HUKS_TRY(kind->get_back(reply, &place));
        }
    }
    return ipc_message_end(reply);
}
