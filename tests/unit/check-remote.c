/*
 * Calls by way of bytes: what a client of the service sends is read and carried out in this process, and the
 * answer taken back. It must be what the call itself answers; and what a hostile client sends must be
 * harmless.
 */
#include <check.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "pkcs11/attribute.h"
#include "pkcs11/remote.h"
#include "pkcs11/remote_layout.h"
#include "pkcs11/remote_value.h"
#include "pkcs11/vendor.h"

#define PIN ((CK_UTF8CHAR_PTR) "1234")

static CK_SLOT_ID the_slot;
static CK_SESSION_HANDLE the_session;

/* ---- by way of bytes ---- */

static huks_rc round_trip(void *context, uint32_t function, struct ipc_message *message)
{
    struct ipc_message request = {0};
    (void)context;
    ck_assert(!message->failed);
    /* In memory of its own: whoever reads over its end is seen. */
    ck_assert_int_eq(buffer_append(&request.bytes, message->bytes.data, message->bytes.size), HUKS_OK);
    memset(message->bytes.data, 0xDB, message->bytes.size);
    ipc_message_reset(message);
    huks_rc rc = p11_served.call(function, &request, message, NULL);
    ipc_message_free(&request);
    return rc;
}

static const struct p11_remote_way loop = {round_trip, NULL};

#define REMOTE(name, n, types, kinds)                                                                        \
    __attribute__((unused)) static CK_RV remote_##name(P11_PARAMETERS(n, types))                             \
    {                                                                                                        \
        const p11_words words = {P11_AS_WORDS(n)};                                                           \
        return p11_remote_carry(&loop, P11_FN_##name, words);                                                \
    }
P11_SIGNATURES(REMOTE)
#undef REMOTE

#define DIRECT(name, n, types, kinds)                                                                        \
    static CK_RV direct_##name(const uintptr_t *w)                                                           \
    {                                                                                                        \
        return name(P11_OF_WORDS(n, types));                                                                 \
    }
P11_SIGNATURES(DIRECT)
#undef DIRECT
static CK_RV (*const direct[P11_FUNCTIONS_COUNT])(const uintptr_t *words) = {
#define DIRECT(name, n, types, kinds) direct_##name,
    P11_SIGNATURES(DIRECT)
#undef DIRECT
};

#define OK(call) ck_assert_uint_eq(call, CKR_OK)

/* ---- the token ---- */

static CK_SESSION_HANDLE session_open(void)
{
    CK_SESSION_HANDLE session = 0;
    OK(C_OpenSession(the_slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

static void set_up(void)
{
    CK_UTF8CHAR label[32];
    CK_ULONG count = 1;

    OK(C_Initialize(NULL));
    OK(C_GetSlotList(CK_TRUE, &the_slot, &count));
    memset(label, ' ', sizeof(label));
    memcpy(label, "remote", 6);
    OK(C_InitToken(the_slot, PIN, 4, label));
    the_session = session_open();
    OK(C_Login(the_session, CKU_SO, PIN, 4));
    OK(C_InitPIN(the_session, PIN, 4));
    OK(C_Logout(the_session));
    OK(C_Login(the_session, CKU_USER, PIN, 4));
}

static void tear_down(void)
{
    OK(C_Finalize(NULL));
}

static CK_OBJECT_HANDLE aes_key(void)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG size = 32;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {{CKA_VALUE_LEN, &size, sizeof size},
                               {CKA_ENCRYPT, &yes, 1},
                               {CKA_DECRYPT, &yes, 1},
                               {CKA_SIGN, &yes, 1},
                               {CKA_VERIFY, &yes, 1},
                               {CKA_DERIVE, &yes, 1}};
    CK_OBJECT_HANDLE key = 0;
    OK(remote_C_GenerateKey(the_session, &mechanism, template, ARRAY_SIZE(template), &key));
    ck_assert_uint_ne(key, 0);
    return key;
}

/* ---- the tables ---- */

static bool is_local(const char *name)
{
    static const char *const local[] = {"C_Initialize", "C_Finalize", "C_GetFunctionList",
                                        "C_GetInterfaceList", "C_GetInterface"};
    for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
        if (strcmp(local[i], name) == 0) {
            return true;
        }
    }
    return false;
}

START_TEST(every_function_has_a_signature)
{
#define NAME(name) #name,
    static const char *const names[] = {P11_FUNCTIONS_3_2(NAME)};
#undef NAME
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t found = 0;
        for (size_t j = 0; j < P11_FUNCTIONS_COUNT; j++) {
            found += strcmp(p11_signatures[j].name, names[i]) == 0;
        }
        ck_assert_msg(found == (is_local(names[i]) ? 0U : 1U), "%s", names[i]);
    }
}
END_TEST

START_TEST(every_mechanism_has_a_layout)
{
    const struct p11_mechanism *row;
    for (size_t number = 0; (row = p11_mechanism_row(number)) != NULL; number++) {
        for (enum p11_parameter_use use = P11_PARAMETER_PLAIN; use <= P11_PARAMETER_MESSAGES; use++) {
            ck_assert_msg(remote_form_of(row->shape, use).known, "%s", p11_mechanism_name(row->type));
        }
    }
    for (unsigned shape = 0; shape < SHAPE_COUNT; shape++) {
        ck_assert_msg(remote_form_of(shape, P11_PARAMETER_PLAIN).known, "shape %u", shape);
    }
}
END_TEST

/* Whose value is an array of attributes is told by its number, and this front end reads no others as one. */
START_TEST(arrays_of_attributes_are_known)
{
    size_t count;
    const struct attribute_row *rows = attribute_rows(&count);
    for (size_t i = 0; i < count; i++) {
        bool ours = (rows[i].type & CKA_VENDOR_DEFINED) == 0 && rows[i].type != CKA_ALLOWED_MECHANISMS;
        bool array = ours && (rows[i].type & CKF_ARRAY_ATTRIBUTE) != 0;
        ck_assert_msg(array == (rows[i].kind == KIND_TEMPLATE), "%s", p11_attribute_name(rows[i].type));
        ck_assert((attribute_find(rows[i].type)->kind == KIND_TEMPLATE) == array);
    }
}
END_TEST

/* ---- every function, with nothing ---- */

struct answer {
    CK_RV rv;
    CK_HUKS_ERROR error;
};

static struct answer answer_of(bool by_bytes, enum p11_function function, const p11_words words)
{
    struct answer answer = {0};
    error_clear();
    answer.rv = by_bytes ? p11_remote_carry(&loop, function, words) : direct[function](words);
    OK(p11_GetLastError(&answer.error));
    return answer;
}

static void same(enum p11_function function, const p11_words words, bool own_session)
{
    struct answer answers[2];
    for (unsigned i = 0; i < 2; i++) {
        p11_words mine;
        memcpy(mine, words, sizeof(mine));
        if (own_session) {
            mine[0] = session_open();
        }
        answers[i] = answer_of(i == 1, function, mine);
        if (own_session) {
            C_CloseSession(mine[0]);
        }
    }
    const char *name = p11_signatures[function].name;
    ck_assert_msg(answers[0].rv == answers[1].rv, "%s: %s, by bytes %s", name, p11_rv_name(answers[0].rv),
                  p11_rv_name(answers[1].rv));
    ck_assert_msg(answers[0].error.code == answers[1].error.code, "%s: %ld, by bytes %ld", name,
                  answers[0].error.code, answers[1].error.code);
    ck_assert_str_eq((const char *)answers[0].error.message, (const char *)answers[1].error.message);
}

START_TEST(nothing_is_nothing)
{
    static const p11_words none = {0};
    p11_words ones;
    for (unsigned function = 0; function < P11_FUNCTIONS_COUNT; function++) {
        bool session = p11_signatures[function].arguments[0].kind == ARGUMENT_HANDLE;
        same(function, none, false);
        if (session && function != P11_FN_C_Logout) {
            same(function, none, true);
        }
        /* Lengths without a pointer. */
        for (unsigned i = 0; i < P11_PARAMETERS_MAX; i++) {
            ones[i] = 0;
        }
        for (unsigned i = 0; p11_signatures[function].arguments[i].kind != ARGUMENT_NONE; i++) {
            uint8_t kind = p11_signatures[function].arguments[i].kind;
            ones[i] = kind == ARGUMENT_SIZE || kind == ARGUMENT_NUMBER ? 1 : 0;
        }
        if (session && function != P11_FN_C_Logout) {
            same(function, ones, true);
        }
    }
}
END_TEST

/* Places for what is written, each with something in it: what is not written stays as it is. */
START_TEST(places_are_written_alike)
{
    enum { ROOM = 600 };
    static unsigned char places[2][P11_PARAMETERS_MAX][ROOM];
    for (unsigned function = 0; function < P11_FUNCTIONS_COUNT; function++) {
        const struct p11_signature *signature = &p11_signatures[function];
        if (function == P11_FN_C_InitToken || function == P11_FN_C_Logout ||
            function == P11_FN_C_CloseAllSessions || function == P11_FN_C_GenerateRandom ||
            function == P11_FN_C_OpenSession || function == P11_FN_C_WaitForSlotEvent ||
            function == P11_FN_C_GetMechanismList) {
            continue; /* would change the token, or its answer; or fills what room there is before it
                         complains */
        }
        struct answer answers[2];
        for (unsigned by_bytes = 0; by_bytes < 2; by_bytes++) {
            p11_words words = {0};
            memset(places[by_bytes], 0x5A, sizeof(places[by_bytes]));
            for (unsigned i = 0; signature->arguments[i].kind != ARGUMENT_NONE; i++) {
                unsigned char *place = places[by_bytes][i];
                CK_ULONG small = 3;
                switch (signature->arguments[i].kind) {
                case ARGUMENT_HANDLE:
                    words[i] = session_open();
                    break;
                case ARGUMENT_NUMBER:
                    words[i] = i == 0 ? the_slot : 0;
                    break;
                case ARGUMENT_SIZE:
                    words[i] = 0;
                    break;
                case ARGUMENT_ROOM:
                    memcpy(place, &small, sizeof(small));
                    __attribute__((fallthrough));
                case ARGUMENT_OUTPUT:
                case ARGUMENT_LIST:
                case ARGUMENT_FOUND:
                case ARGUMENT_CELL:
                case ARGUMENT_RECORD:
                case ARGUMENT_BYTES:
                case ARGUMENT_QUERY:
                    words[i] = (uintptr_t)place;
                    break;
                default:
                    break;
                }
            }
            answers[by_bytes] = answer_of(by_bytes == 1, function, words);
            if (signature->arguments[0].kind == ARGUMENT_HANDLE) {
                C_CloseSession(words[0]);
            }
        }
        ck_assert_msg(answers[0].rv == answers[1].rv, "%s: %s, by bytes %s", signature->name,
                      p11_rv_name(answers[0].rv), p11_rv_name(answers[1].rv));
        ck_assert_msg(memcmp(places[0], places[1], sizeof(places[0])) == 0, "%s writes otherwise",
                      signature->name);
    }
}
END_TEST

/* ---- structures: each layout there and back ---- */

enum { POINTED = 24, ELEMENTS = 3 };

/* A structure's memory, as a caller has it: every pointer to bytes of its own. */
static void *structure_of(const struct remote_layout *layout, unsigned char first, void *kept[],
                          size_t *count);

static void *keep(void *memory, void *kept[], size_t *count)
{
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_lt(*count, 64);
    return kept[(*count)++] = memory;
}

static void fill(void *memory, size_t size, unsigned char first)
{
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)memory)[i] = (unsigned char)(first + i);
    }
}

static void put_at(void *structure, size_t at, const void *value, size_t size)
{
    memcpy((unsigned char *)structure + at, value, size);
}

static void fill_structure(const struct remote_layout *layout, void *structure, unsigned char first,
                           void *kept[], size_t *count)
{
    fill(structure, layout->size, first);
    for (size_t i = 0; i < REMOTE_FIELDS_MAX && layout->fields[i].what != NULL; i++) {
        const struct remote_field *field = &layout->fields[i];
        CK_ULONG size = POINTED, bits = POINTED * 8, elements = ELEMENTS;
        void *there = NULL;
        switch ((enum remote_field_kind)field->kind) {
        case FIELD_BITS:
            put_at(structure, field->length, &bits, sizeof(bits));
            break;
        case FIELD_OUTER: /* (its outer structure says so) */
            break;
        case FIELD_FIXED:
            size = field->length;
            break;
        case FIELD_BEHIND:
            memcpy(&there, (unsigned char *)structure + field->length, sizeof(there));
            put_at(there, 0, &size, sizeof(size));
            break;
        case FIELD_STRUCT:
            there = structure_of(field->layout, (unsigned char)(first + 7), kept, count);
            if (field->layout->fields[0].kind == FIELD_OUTER) {
                put_at(structure, field->layout->fields[0].length, &bits, sizeof(bits));
            }
            break;
        case FIELD_ARRAY:
            there = keep(calloc(ELEMENTS, field->layout->size), kept, count);
            for (size_t j = 0; j < ELEMENTS; j++) {
                fill_structure(field->layout, (unsigned char *)there + j * field->layout->size,
                               (unsigned char)(first + j), kept, count);
            }
            put_at(structure, field->length, &elements, sizeof(elements));
            break;
        case FIELD_TEMPLATE: {
            CK_ATTRIBUTE *template = keep(calloc(1, sizeof(*template)), kept, count);
            *template = (CK_ATTRIBUTE){CKA_LABEL, keep(malloc(POINTED), kept, count), POINTED};
            fill(template->pValue, POINTED, first);
            there = template;
            elements = 1;
            put_at(structure, field->length, &elements, sizeof(elements));
            break;
        }
        default:
            put_at(structure, field->length, &size, sizeof(size));
        }
        if (there == NULL || field->kind == FIELD_BEHIND) {
            there = keep(malloc(size), kept, count);
            fill(there, size, (unsigned char)(first + i));
        }
        put_at(structure, field->at, &there, sizeof(there));
    }
}

static void *structure_of(const struct remote_layout *layout, unsigned char first, void *kept[],
                          size_t *count)
{
    void *structure = keep(malloc(layout->size), kept, count);
    fill_structure(layout, structure, first, kept, count);
    return structure;
}

/* Are they equal, but for where they are? With `spoil`, what may be written there is then written. */
static void compare(const struct remote_layout *layout, const void *one, void *other, bool spoil)
{
    unsigned char numbers[2][REMOTE_STRUCT_MAX];
    memcpy(numbers[0], one, layout->size);
    memcpy(numbers[1], other, layout->size);
    for (size_t i = 0; i < REMOTE_FIELDS_MAX && layout->fields[i].what != NULL; i++) {
        const struct remote_field *field = &layout->fields[i];
        unsigned char *here, *there;
        CK_ULONG elements;
        memcpy(&here, (const unsigned char *)one + field->at, sizeof(here));
        memcpy(&there, (const unsigned char *)other + field->at, sizeof(there));
        memset(numbers[0] + field->at, 0, sizeof(void *));
        memset(numbers[1] + field->at, 0, sizeof(void *));
        memcpy(&elements, (const unsigned char *)one + field->length, sizeof(elements));
        if (field->kind == FIELD_UNREAD) {
            continue;
        }
        ck_assert_ptr_nonnull(there);
        ck_assert_msg(here != there, "%s is followed", field->what);
        if (field->kind == FIELD_STRUCT || field->kind == FIELD_ARRAY) {
            elements = field->kind == FIELD_STRUCT ? 1 : elements;
            for (size_t j = 0; j < elements; j++) {
                compare(field->layout, here + j * field->layout->size, there + j * field->layout->size,
                        spoil);
            }
            continue;
        }
        if (field->kind == FIELD_TEMPLATE) {
            const CK_ATTRIBUTE *mine = (const void *)here, *theirs = (const void *)there;
            ck_assert_uint_eq(mine->type, theirs->type);
            ck_assert_ptr_ne(mine->pValue, theirs->pValue);
            ck_assert_mem_eq(mine->pValue, theirs->pValue, POINTED);
            continue;
        }
        size_t size = field->kind == FIELD_FIXED ? field->length : POINTED;
        ck_assert_mem_eq(here, there, size);
        if (spoil && field->written && !(field->kind == FIELD_FIXED && size == sizeof(CK_ULONG))) {
            for (size_t j = 0; j < size; j++) {
                there[j] ^= 0x80;
            }
        }
    }
    ck_assert_mem_eq(numbers[0], numbers[1], layout->size);
}

/* What was spoilt comes back where it was, and nothing else changes. */
static void compare_back(const struct remote_layout *layout, const void *one, void *other)
{
    for (size_t i = 0; i < REMOTE_FIELDS_MAX && layout->fields[i].what != NULL; i++) {
        const struct remote_field *field = &layout->fields[i];
        const unsigned char *here;
        const unsigned char *there;
        CK_ULONG elements;
        memcpy(&here, (const unsigned char *)one + field->at, sizeof(here));
        memcpy(&there, (const unsigned char *)other + field->at, sizeof(there));
        memcpy(&elements, (const unsigned char *)one + field->length, sizeof(elements));
        if (field->kind == FIELD_STRUCT || field->kind == FIELD_ARRAY) {
            elements = field->kind == FIELD_STRUCT ? 1 : elements;
            for (size_t j = 0; j < elements; j++) {
                compare_back(field->layout, here + j * field->layout->size,
                             (unsigned char *)(uintptr_t)there + j * field->layout->size);
            }
        } else if (field->kind != FIELD_UNREAD && field->kind != FIELD_TEMPLATE) {
            ck_assert_mem_eq(here, there, field->kind == FIELD_FIXED ? field->length : POINTED);
        }
    }
}

static size_t layouts_seen;

static void there_and_back(const struct p11_mechanism *row, enum p11_parameter_use use,
                           const struct remote_layout *layout)
{
    void *kept[64];
    size_t count = 0;
    struct ipc_message message = {0};
    struct remote_room room = {0};
    void *structure = structure_of(layout, 3, kept, &count);
    const struct remote_parameter mine = {use, row->type, structure, layout->size};
    struct remote_parameter theirs = {use, row->type, NULL, layout->size};

    OK(remote_put_parameter(&message, &mine));
    ck_assert_int_eq(remote_get_parameter(&message, &room, &theirs), HUKS_OK);
    ck_assert_int_eq(ipc_message_end(&message), HUKS_OK);
    ck_assert_ptr_ne(theirs.data, NULL);
    compare(layout, structure, theirs.data, true);
    ipc_message_reset(&message);
    remote_put_written(&message, &theirs);
    ck_assert_int_eq(remote_get_written(&message, &mine), HUKS_OK);
    ck_assert_int_eq(ipc_message_end(&message), HUKS_OK);
    compare_back(layout, structure, theirs.data);
    ipc_message_free(&message);
    remote_room_free(&room);
    while (count > 0) {
        free(kept[--count]);
    }
    layouts_seen++;
}

START_TEST(every_layout_there_and_back)
{
    const struct p11_mechanism *row;
    for (size_t number = 0; (row = p11_mechanism_row(number)) != NULL; number++) {
        for (enum p11_parameter_use use = P11_PARAMETER_PLAIN; use <= P11_PARAMETER_MESSAGES; use++) {
            const struct remote_form form = remote_form_of(row->shape, use);
            for (size_t i = 0; i < form.count; i++) {
                if (form.layouts[i].fits == NULL || form.layouts[i].fits(row)) {
                    there_and_back(row, use, &form.layouts[i]);
                }
            }
        }
    }
    ck_assert_uint_gt(layouts_seen, 100);
}
END_TEST

/* A parameter of another size is never more than a length. */
START_TEST(other_sizes_are_not_read)
{
    const struct p11_mechanism *row;
    for (size_t number = 0; (row = p11_mechanism_row(number)) != NULL; number++) {
        for (CK_ULONG size = 0; size <= REMOTE_STRUCT_MAX; size++) {
            if (remote_form_of(row->shape, P11_PARAMETER_PLAIN).bytes ||
                remote_layout_of(row, P11_PARAMETER_PLAIN, size) != NULL) {
                continue;
            }
            struct ipc_message message = {0};
            struct remote_room room = {0};
            const struct remote_parameter mine = {P11_PARAMETER_PLAIN, row->type, (void *)16, size};
            struct remote_parameter theirs = {P11_PARAMETER_PLAIN, row->type, NULL, size};
            OK(remote_put_parameter(&message, &mine));
            ck_assert_int_eq(remote_get_parameter(&message, &room, &theirs), HUKS_OK);
            ck_assert_ptr_eq(theirs.data, remote_opaque());
            ipc_message_free(&message);
        }
    }
}
END_TEST

/* ---- by hostile bytes ---- */

static huks_rc read_password(CK_ULONG size)
{
    CK_PKCS5_PBKD2_PARAMS2 params = {.ulPasswordLen = size};
    struct ipc_message message = {0};
    struct remote_room room = {0};
    struct remote_parameter theirs = {P11_PARAMETER_PLAIN, CKM_PKCS5_PBKD2, NULL, sizeof(params)};
    ipc_put_number(&message, true);
    ipc_put_bytes(&message, &params, sizeof(params));
    ipc_put_bytes(&message, NULL, 0);
    ipc_put_bytes(&message, NULL, 0);
    huks_rc rc = remote_get_parameter(&message, &room, &theirs);
    ipc_message_free(&message);
    remote_room_free(&room);
    return rc;
}

/* Older callers give the address of the length: the client follows it, the service never. */
START_TEST(a_password_is_not_looked_for)
{
    CK_ULONG here = 4;
    ck_assert_int_eq(read_password(4), HUKS_OK);
    ck_assert_int_eq(read_password((CK_ULONG)(uintptr_t)&here), HUKS_E_IPC);
}
END_TEST

/* The operation of one mechanism never reads what was put together for another's. */
START_TEST(a_message_is_its_mechanisms)
{
    CK_OBJECT_HANDLE key = aes_key();
    CK_BYTE iv[12], tag[16], data[5] = "data", out[5];
    CK_GCM_MESSAGE_PARAMS params = {iv, sizeof iv, 0, CKG_GENERATE, tag, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
    CK_ULONG size = sizeof out;
    struct ipc_message request = {0}, reply = {0};
    struct remote_arguments arguments = {.signature = &p11_signatures[P11_FN_C_EncryptMessage]};
    const p11_words words = {the_session, (uintptr_t)&params, sizeof params,   0, 0, (uintptr_t)data,
                             sizeof data, (uintptr_t)out,     (uintptr_t)&size};
    static const CK_MECHANISM_TYPE others[] = {0, CKM_AES_CCM, CKM_AES_CBC, CKM_CHACHA20_POLY1305,
                                               P11_REMOTE_NONE};

    OK(remote_C_MessageEncryptInit(the_session, &mechanism, key));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        memcpy(arguments.words, words, sizeof(words));
        arguments.mechanism = others[i];
        OK(remote_put_arguments(&request, &arguments));
        ck_assert_int_eq(p11_served.call(P11_FN_C_EncryptMessage, &request, &reply, NULL), HUKS_OK);
        ck_assert_uint_eq(ipc_get_number(&reply), CKR_OPERATION_NOT_INITIALIZED);
        ipc_message_reset(&request);
        ipc_message_reset(&reply);
    }
    OK(remote_C_EncryptMessage(the_session, &params, sizeof params, NULL, 0, data, sizeof data, out, &size));
    OK(remote_C_MessageEncryptFinal(the_session));
    ipc_message_free(&request);
    ipc_message_free(&reply);
}
END_TEST

/* ---- calls that do something ---- */

START_TEST(messages_come_back_with_nonce_and_tag)
{
    CK_OBJECT_HANDLE key = aes_key();
    CK_BYTE iv[12] = {0}, tag[16] = {0}, none[16] = {0}, aad[3] = "aad", data[9] = "some data", out[9],
            again[9];
    CK_GCM_MESSAGE_PARAMS params = {iv, sizeof iv, 0, CKG_GENERATE, tag, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
    CK_ULONG size = 0;

    OK(remote_C_MessageEncryptInit(the_session, &mechanism, key));
    OK(remote_C_EncryptMessage(the_session, &params, sizeof params, aad, 3, data, 9, NULL, &size));
    ck_assert_uint_eq(size, 9);
    size = 8;
    ck_assert_uint_eq(
        remote_C_EncryptMessage(the_session, &params, sizeof params, aad, 3, data, 9, out, &size),
        CKR_BUFFER_TOO_SMALL);
    ck_assert_uint_eq(size, 9);
    OK(remote_C_EncryptMessage(the_session, &params, sizeof params, aad, 3, data, 9, out, &size));
    OK(remote_C_MessageEncryptFinal(the_session));
    ck_assert_mem_ne(iv, none, sizeof iv);
    ck_assert_mem_ne(tag, none, sizeof tag);
    ck_assert_ptr_eq(params.pIv, iv);
    OK(C_MessageDecryptInit(the_session, &mechanism, key));
    OK(C_DecryptMessage(the_session, &params, sizeof params, aad, 3, out, 9, again, &size));
    ck_assert_mem_eq(again, data, 9);
    OK(C_MessageDecryptFinal(the_session));
}
END_TEST

START_TEST(messages_may_have_no_parameter)
{
    CK_OBJECT_HANDLE key = aes_key();
    CK_BYTE data[9] = "some data", mac[16];
    CK_MECHANISM mechanism = {CKM_AES_CMAC, NULL, 0};
    CK_ULONG size = sizeof mac;

    OK(remote_C_MessageSignInit(the_session, &mechanism, key));
    OK(remote_C_SignMessage(the_session, NULL, 0, data, 9, mac, &size));
    OK(remote_C_MessageSignFinal(the_session));
    OK(C_MessageVerifyInit(the_session, &mechanism, key));
    OK(C_VerifyMessage(the_session, NULL, 0, data, 9, mac, size));
    OK(C_MessageVerifyFinal(the_session));
}
END_TEST

START_TEST(attributes_are_answered_one_by_one)
{
    CK_BYTE label[8] = "a label", value[64], small[2];
    CK_ULONG class = CKO_SECRET_KEY, type = CKK_AES, read = 0;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE wrap[] = {{CKA_KEY_TYPE, &type, sizeof type}, {CKA_EXTRACTABLE, &yes, 1}};
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
                               {CKA_KEY_TYPE, &type, sizeof type},
                               {CKA_LABEL, label, 7},
                               {CKA_VALUE, value, 32},
                               {CKA_WRAP_TEMPLATE, wrap, sizeof wrap},
                               {CKA_SENSITIVE, &yes, 1},
                               {CKA_TOKEN, &no, 1}};
    CK_OBJECT_HANDLE key = 0, found[4] = {0};
    CK_ULONG count = 0;
    memset(value, 7, sizeof value);
    OK(remote_C_CreateObject(the_session, template, ARRAY_SIZE(template), &key));
    OK(remote_C_FindObjectsInit(the_session, template + 4, 1));
    OK(remote_C_FindObjects(the_session, found, 4, &count));
    OK(remote_C_FindObjectsFinal(the_session));
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(found[0], key);

    CK_BYTE shown[16];
    CK_ATTRIBUTE inner[3] = {{0, NULL, 0}, {0, small, 0}, {77, small, 77}};
    CK_ATTRIBUTE query[] = {{CKA_LABEL, NULL, 99},
                            {CKA_LABEL, shown, sizeof shown},
                            {CKA_LABEL, small, 2},
                            {CKA_VALUE, value, sizeof value},
                            {0x7fffffff, shown, 16},
                            {CKA_WRAP_TEMPLATE, NULL, 0},
                            {CKA_WRAP_TEMPLATE, inner, sizeof inner},
                            {CKA_KEY_TYPE, &read, sizeof read}};
    CK_RV rv = remote_C_GetAttributeValue(the_session, key, query, ARRAY_SIZE(query));
    ck_assert_uint_eq(rv, CKR_BUFFER_TOO_SMALL);
    ck_assert_uint_eq(query[0].ulValueLen, 7);
    ck_assert_uint_eq(query[1].ulValueLen, 7);
    ck_assert_mem_eq(shown, "a label", 7);
    ck_assert_uint_eq(query[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    ck_assert_uint_eq(query[3].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    ck_assert_uint_eq(query[4].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    ck_assert_uint_eq(query[5].ulValueLen, 2 * sizeof(CK_ATTRIBUTE));
    ck_assert_uint_eq(query[6].ulValueLen, 2 * sizeof(CK_ATTRIBUTE));
    ck_assert_uint_eq(inner[0].type, CKA_KEY_TYPE);
    ck_assert_uint_eq(inner[0].ulValueLen, sizeof(CK_ULONG));
    ck_assert_uint_eq(inner[1].type, CKA_EXTRACTABLE);
    ck_assert_uint_eq(inner[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    ck_assert_uint_eq(inner[2].type, 77);
    ck_assert_uint_eq(inner[2].ulValueLen, 77);
    ck_assert_uint_eq(read, CKK_AES);
}
END_TEST

/* Room that nobody has is none to the service: the answer fits in any. */
START_TEST(room_may_be_said_to_be_huge)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE digest[32], again[32];
    CK_ULONG size = CK_UNAVAILABLE_INFORMATION;
    OK(remote_C_DigestInit(the_session, &mechanism));
    OK(remote_C_Digest(the_session, (CK_BYTE_PTR) "abc", 3, digest, &size));
    ck_assert_uint_eq(size, 32);
    OK(C_DigestInit(the_session, &mechanism));
    OK(C_Digest(the_session, (CK_BYTE_PTR) "abc", 3, again, &size));
    ck_assert_mem_eq(digest, again, 32);
    /* A failure leaves what was said. */
    size = CK_UNAVAILABLE_INFORMATION;
    ck_assert_uint_eq(remote_C_Digest(the_session, (CK_BYTE_PTR) "abc", 3, digest, &size),
                      CKR_OPERATION_NOT_INITIALIZED);
    ck_assert_uint_eq(size, CK_UNAVAILABLE_INFORMATION);
}
END_TEST

/* Whatever a call left in its room, the next one's is zeroed: nobody sees another call's bytes. */
START_TEST(room_comes_zeroed)
{
    static const size_t sizes[] = {100, 1 << 20, (1 << 20) - 64, 2 << 20, 300 << 10, 5 << 20, 1 << 20};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct remote_room room = {0};
        for (int twice = 0; twice < 2; twice++) {
            void *made = NULL;
            ck_assert_int_eq(remote_room_make(&room, sizes[i], &made), HUKS_OK);
            ck_assert_uint_eq(remote_room_size(made), sizes[i]);
            ck_assert_uint_eq((uintptr_t)made % 16, 0);
            const unsigned char *bytes = made;
            ck_assert_uint_eq(bytes[0], 0);
            ck_assert_int_eq(memcmp(bytes, bytes + 1, sizes[i] - 1), 0);
            memset(made, 0xA5, sizes[i]);
        }
        remote_room_free(&room);
        ck_assert_uint_eq(room.size, 0);
    }
}
END_TEST

/* ---- the private directory ---- */

static char directory[PATH_MAX];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

int main(void)
{
    snprintf(directory, sizeof directory, "%s/check-remote-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(directory) == NULL) {
        return EXIT_FAILURE;
    }
    setenv("HUKS_STORE", directory, 1);
    Suite *suite = suite_create("remote");
    TCase *tables = tcase_create("tables");
    tcase_add_test(tables, every_function_has_a_signature);
    tcase_add_test(tables, every_mechanism_has_a_layout);
    tcase_add_test(tables, arrays_of_attributes_are_known);
    tcase_add_test(tables, every_layout_there_and_back);
    tcase_add_test(tables, other_sizes_are_not_read);
    tcase_add_test(tables, a_password_is_not_looked_for);
    tcase_add_test(tables, room_comes_zeroed);
    suite_add_tcase(suite, tables);
    TCase *calls = tcase_create("calls");
    tcase_add_checked_fixture(calls, set_up, tear_down);
    tcase_add_test(calls, nothing_is_nothing);
    tcase_add_test(calls, places_are_written_alike);
    tcase_add_test(calls, a_message_is_its_mechanisms);
    tcase_add_test(calls, messages_come_back_with_nonce_and_tag);
    tcase_add_test(calls, messages_may_have_no_parameter);
    tcase_add_test(calls, attributes_are_answered_one_by_one);
    tcase_add_test(calls, room_may_be_said_to_be_huge);
    suite_add_tcase(suite, calls);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
