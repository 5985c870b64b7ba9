/* Parameters of mechanisms in requests and replies, by their layouts (remote_layout.h); see remote_value.h.
 */
#include <string.h>

#include "pkcs11/mechanism.h"
#include "pkcs11/mechanism_parameter.h"
#include "pkcs11/remote_layout.h"
#include "pkcs11/remote_value.h"

/* No password is as long; where a length is larger it is an address (mechanism_parameter_derive.c). */
#define PASSWORD_MAX 0xFFFFU

static void *pointer_at(const void *structure, size_t at)
{
    void *pointer;
    memcpy(&pointer, (const unsigned char *)structure + at, sizeof(pointer));
    return pointer;
}

static void set_pointer(void *structure, size_t at, const void *pointer)
{
    memcpy((unsigned char *)structure + at, &pointer, sizeof(pointer));
}

static CK_ULONG number_at(const void *structure, size_t at)
{
    CK_ULONG number;
    memcpy(&number, (const unsigned char *)structure + at, sizeof(number));
    return number;
}

#define EACH_FIELD(field, layout_)                                                                           \
    for (const struct remote_field *field = (layout_)->fields;                                               \
         (field) < (layout_)->fields + REMOTE_FIELDS_MAX && (field)->what != NULL; (field)++)

/* Those that were there before this one can be followed already. */
static CK_ULONG field_size(const struct remote_field *field, const void *structure, const void *outer)
{
    CK_ULONG size;
    const CK_ULONG *behind;
    switch ((enum remote_field_kind)field->kind) {
    case FIELD_BITS:
        return number_at(structure, field->length) / 8;
    case FIELD_NONCE:
        size = number_at(structure, field->length);
        return size == 96 ? size / 8 : size;
    case FIELD_BEHIND:
        behind = pointer_at(structure, field->length);
        return behind == NULL ? 0 : *behind;
    case FIELD_OUTER:
        return outer == NULL ? 0 : number_at(outer, field->length) / 8;
    case FIELD_FIXED:
        return field->length;
    case FIELD_STRUCT:
        return 1;
    default:
        return number_at(structure, field->length);
    }
}

static CK_ULONG field_most(const struct remote_field *field)
{
    return field->most != 0                ? field->most
           : field->kind == FIELD_TEMPLATE ? REMOTE_ATTRIBUTES_MAX
                                           : REMOTE_VALUE_MAX;
}

static bool holds_structures(const struct remote_field *field)
{
    return field->kind == FIELD_STRUCT || field->kind == FIELD_ARRAY;
}

static void *element_at(const struct remote_field *field, void *array, CK_ULONG number)
{
    return (unsigned char *)array + number * field->layout->size;
}

/* ---- the client's request ---- */

/* Its numbers; addresses mean nothing elsewhere. */
static CK_RV put_numbers(struct ipc_message *message, const struct remote_layout *layout,
                         const void *structure)
{
    unsigned char copy[REMOTE_STRUCT_MAX];
    memcpy(copy, structure, layout->size);
    EACH_FIELD(field, layout)
    {
        set_pointer(copy, field->at, NULL);
        CK_ULONG size = field->kind == FIELD_PASSWORD ? number_at(copy, field->length) : 0;
        if (size > PASSWORD_MAX) {
            if (!memory_peek(size, &size, sizeof(size)) || size > PASSWORD_MAX) {
                return parameter_invalid("password length");
            }
            memcpy(copy + field->length, &size, sizeof(size));
        }
    }
    ipc_put_bytes(message, copy, layout->size);
    memory_cleanse(copy, sizeof(copy));
    return CKR_OK;
}

static CK_ULONG password_size(const struct remote_field *field, const void *structure)
{
    CK_ULONG size = number_at(structure, field->length);
    return size > PASSWORD_MAX && !memory_peek(size, &size, sizeof(size)) ? 0 : size;
}

static CK_RV put_structure(struct ipc_message *message, const struct remote_layout *layout,
                           const void *structure,
                           const void *outer) // NOLINT(misc-no-recursion): as deep as layouts nest
{
    P11_TRY(put_numbers(message, layout, structure));
    EACH_FIELD(field, layout)
    {
        void *there = pointer_at(structure, field->at);
        if (field->kind == FIELD_UNREAD) {
            continue;
        }
        CK_ULONG size = field->kind == FIELD_PASSWORD ? password_size(field, structure)
                                                      : field_size(field, structure, outer);
        if (there != NULL && size > field_most(field)) {
            return parameter_invalid("length in the mechanism parameter");
        }
        if (field->kind == FIELD_TEMPLATE) {
            P11_TRY(remote_put_template(message, there, size));
        } else if (holds_structures(field)) {
            ipc_put_number(message, there != NULL);
            for (CK_ULONG i = 0; there != NULL && i < size; i++) {
                P11_TRY(put_structure(message, field->layout, element_at(field, there, i), structure));
            }
        } else {
            ipc_put_bytes(message, there, there == NULL ? 0 : size);
        }
    }
    return CKR_OK;
}

CK_RV remote_put_parameter(struct ipc_message *message, const struct remote_parameter *parameter)
{
    const struct p11_mechanism *row = p11_mechanism_known(parameter->type);
    ipc_put_number(message, parameter->data != NULL);
    if (parameter->data == NULL || row == NULL) {
        return CKR_OK;
    }
    const struct remote_layout *layout = remote_layout_of(row, parameter->use, parameter->size);
    if (layout != NULL) {
        return put_structure(message, layout, parameter->data, NULL);
    }
    if (!remote_form_of(row->shape, parameter->use).bytes) {
        return CKR_OK; /* of no size that anybody reads */
    }
    if (parameter->size > REMOTE_VALUE_MAX) {
        return parameter_invalid("length of the mechanism parameter");
    }
    ipc_put_bytes(message, parameter->data, parameter->size);
    return CKR_OK;
}

/* ---- the service's rebuilding ---- */

static huks_rc get_structure(struct ipc_message *message, struct remote_room *room,
                             const struct remote_layout *layout, void *structure, const void *outer);

static huks_rc get_structures(struct ipc_message *message, struct remote_room *room,
                              const struct remote_field *field, CK_ULONG count,
                              void *structure) // NOLINT(misc-no-recursion)
{
    void *array = NULL;
    if (ipc_get_number(message) == 0) {
        return HUKS_OK;
    }
    HUKS_TRY(remote_room_make(room, count * field->layout->size, &array));
    set_pointer(structure, field->at, array);
    for (CK_ULONG i = 0; i < count; i++) {
        HUKS_TRY(get_structure(message, room, field->layout, element_at(field, array, i), structure));
    }
    return HUKS_OK;
}

static huks_rc get_field(struct ipc_message *message, struct remote_room *room,
                         const struct remote_field *field, void *structure,
                         const void *outer) // NOLINT(misc-no-recursion)
{
    CK_ULONG size = field_size(field, structure, outer);
    void *there = NULL;
    if (field->kind == FIELD_PASSWORD && size > PASSWORD_MAX) {
        return remote_garbled(); /* nobody here follows it */
    }
    if (field->kind == FIELD_TEMPLATE) {
        CK_ATTRIBUTE *template = NULL;
        HUKS_TRY(remote_get_template(message, room, size, &template));
        set_pointer(structure, field->at, template);
        return HUKS_OK;
    }
    if (holds_structures(field)) {
        if (size > field_most(field)) {
            /* Refused at the other end, unless nothing is there. */
            return ipc_get_number(message) == 0 ? HUKS_OK : remote_garbled();
        }
        return get_structures(message, room, field, size, structure);
    }
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.data == NULL) {
        return HUKS_OK;
    }
    if (bytes.size != size) {
        return remote_garbled();
    }
    HUKS_TRY(remote_room_copy(room, bytes, &there));
    set_pointer(structure, field->at, there);
    return HUKS_OK;
}

static huks_rc get_structure(struct ipc_message *message, struct remote_room *room,
                             const struct remote_layout *layout, void *structure,
                             const void *outer) // NOLINT(misc-no-recursion)
{
    struct bytes numbers = ipc_get_bytes(message);
    if (numbers.data == NULL || numbers.size != layout->size) {
        return remote_garbled();
    }
    memcpy(structure, numbers.data, numbers.size);
    EACH_FIELD(field, layout)
    {
        set_pointer(structure, field->at, NULL);
    }
    EACH_FIELD(field, layout)
    {
        if (field->kind != FIELD_UNREAD) {
            HUKS_TRY(get_field(message, room, field, structure, outer));
        }
    }
    return HUKS_OK;
}

huks_rc remote_get_parameter(struct ipc_message *message, struct remote_room *room,
                             struct remote_parameter *parameter)
{
    const struct p11_mechanism *row = p11_mechanism_known(parameter->type);
    parameter->data = NULL;
    if (ipc_get_number(message) == 0) {
        return HUKS_OK;
    }
    if (row == NULL) {
        parameter->data = remote_opaque();
        return HUKS_OK;
    }
    const struct remote_layout *layout = remote_layout_of(row, parameter->use, parameter->size);
    if (layout != NULL) {
        HUKS_TRY(remote_room_make(room, layout->size, &parameter->data));
        return get_structure(message, room, layout, parameter->data, NULL);
    }
    if (!remote_form_of(row->shape, parameter->use).bytes) {
        parameter->data = remote_opaque();
        return HUKS_OK;
    }
    struct bytes bytes = ipc_get_bytes(message);
    if (bytes.data == NULL || bytes.size != parameter->size) {
        return remote_garbled();
    }
    return remote_room_copy(room, bytes, &parameter->data);
}

/* ---- what the call wrote: from the last field to the first, so that lengths change after what they count
 * ---- */

#define EACH_FIELD_BACK(field, layout_)                                                                      \
    for (const struct remote_field *field = (layout_)->fields + REMOTE_FIELDS_MAX - 1;                       \
         (field) >= (layout_)->fields; (field)--)                                                            \
        if ((field)->what != NULL && (field)->kind != FIELD_UNREAD && (field)->kind != FIELD_TEMPLATE)

static void put_structure_back(struct ipc_message *message, const struct remote_layout *layout,
                               const void *structure)
// NOLINTNEXTLINE(misc-no-recursion)
{
    EACH_FIELD_BACK(field, layout)
    {
        void *there = pointer_at(structure, field->at);
        if (holds_structures(field)) {
            size_t count = there == NULL ? 0 : remote_room_size(there) / field->layout->size;
            for (size_t i = 0; i < count; i++) {
                put_structure_back(message, field->layout, element_at(field, there, i));
            }
        } else if (field->written) {
            ipc_put_bytes(message, there, there == NULL ? 0 : remote_room_size(there));
        }
    }
    if (layout->written) {
        ipc_put_bytes(message, structure, layout->size);
    }
}

void remote_put_written(struct ipc_message *message, const struct remote_parameter *parameter)
{
    const struct p11_mechanism *row = p11_mechanism_known(parameter->type);
    const struct remote_layout *layout = row == NULL || parameter->data == NULL
                                             ? NULL
                                             : remote_layout_of(row, parameter->use, parameter->size);
    if (layout != NULL) {
        put_structure_back(message, layout, parameter->data);
    }
}

static huks_rc get_numbers_back(struct ipc_message *message, const struct remote_layout *layout,
                                void *structure)
{
    struct bytes numbers = ipc_get_bytes(message);
    unsigned char copy[REMOTE_STRUCT_MAX];
    if (numbers.size != layout->size) {
        return remote_garbled();
    }
    memcpy(copy, numbers.data, numbers.size);
    EACH_FIELD(field, layout)
    {
        set_pointer(copy, field->at, pointer_at(structure, field->at));
    }
    memcpy(structure, copy, layout->size);
    return HUKS_OK;
}

static huks_rc get_structure_back(struct ipc_message *message, const struct remote_layout *layout,
                                  void *structure,
                                  const void *outer) // NOLINT(misc-no-recursion)
{
    EACH_FIELD_BACK(field, layout)
    {
        void *there = pointer_at(structure, field->at);
        CK_ULONG size = field->kind == FIELD_PASSWORD ? 0 : field_size(field, structure, outer);
        if (holds_structures(field)) {
            for (CK_ULONG i = 0; there != NULL && i < size; i++) {
                HUKS_TRY(get_structure_back(message, field->layout, element_at(field, there, i), structure));
            }
        } else if (field->written) {
            struct bytes bytes = ipc_get_bytes(message);
            if (bytes.size > 0 && (there == NULL || bytes.size != size)) {
                return remote_garbled();
            }
            if (bytes.size > 0) {
                memcpy(there, bytes.data, bytes.size);
            }
        }
    }
    return layout->written ? get_numbers_back(message, layout, structure) : HUKS_OK;
}

huks_rc remote_get_written(struct ipc_message *message, const struct remote_parameter *parameter)
{
    const struct p11_mechanism *row = p11_mechanism_known(parameter->type);
    const struct remote_layout *layout = row == NULL || parameter->data == NULL
                                             ? NULL
                                             : remote_layout_of(row, parameter->use, parameter->size);
    return layout == NULL ? HUKS_OK : get_structure_back(message, layout, parameter->data, NULL);
}

bool remote_shape_known(enum p11_shape shape, enum p11_parameter_use use)
{
    return remote_form_of(shape, use).known;
}
