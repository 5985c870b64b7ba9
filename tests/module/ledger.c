/* What keepers do to a token, and how an auditor looks at it; see ledger.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* rand_r */
#endif
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { VALUE_MOST = 3000 };

static CK_BBOOL yes = CK_TRUE;

void (*ledger_noted)(void);

static void write_down(struct ledger_entry *entry, enum ledger_state state)
{
    atomic_store(&entry->state, state);
    if (ledger_noted != NULL) {
        ledger_noted();
    }
}

/* ---- The scene -------------------------------------------------------------------------------------------
 */

CK_RV ledger_begin(void)
{
    static char options[] = "scrypt_log2n=10 session_limit=0";
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = options};

    return p11->C_Initialize(&args);
}

static void make_token(const char *label, const char *pin)
{
    CK_SLOT_ID slots[2];
    CK_ULONG count = 2;
    CK_SESSION_HANDLE session;

    ok(p11->C_GetSlotList(CK_FALSE, slots, &count));
    CK_SLOT_ID slot = slots[count - 1]; /* the free one */
    ok(init_token(slot, SO_PIN, label));
    ok(open_session(slot, CKF_RW_SESSION, &session));
    ok(login(session, CKU_SO, SO_PIN));
    ok(p11->C_InitPIN(session, (CK_UTF8CHAR_PTR)(uintptr_t)pin, strlen(pin)));
    ok(p11->C_CloseSession(session));
}

void ledger_make_tokens(const char *pin)
{
    setup_empty_store();
    ok(ledger_begin());
    make_token(TOKEN_LABEL, pin);
    make_token(OTHER_LABEL, USER_PIN);
    ok(p11->C_Finalize(NULL));
}

CK_RV ledger_make_mark(CK_SESSION_HANDLE session)
{
    struct template t = {.count = 0};
    CK_OBJECT_HANDLE object;

    add_ulong(&t, CKA_CLASS, CKO_DATA);
    add_bool(&t, CKA_TOKEN, true);
    add_bool(&t, CKA_PRIVATE, true);
    add_text(&t, CKA_LABEL, "mark");
    add_text(&t, CKA_VALUE, "mark");
    return create_object(session, &t, &object);
}

/* ---- What an object should look like ---------------------------------------------------------------------
 */

static void entry_label(const struct ledger_entry *entry, uint32_t label, char text[64])
{
    (void)snprintf(text, 64, "ledger %llx, label %u", (unsigned long long)entry->number, label);
}

static size_t entry_value(const struct ledger_entry *entry, CK_BYTE value[VALUE_MOST])
{
    size_t length = 1 + (size_t)(entry->number * 37 % VALUE_MOST);

    for (size_t i = 0; i < length; i++) {
        value[i] = (CK_BYTE)(entry->number * 101 + i * 7);
    }
    return length;
}

static CK_ATTRIBUTE entry_id(const struct ledger_entry *entry)
{
    return (CK_ATTRIBUTE){entry->kind == LEDGER_DATA ? CKA_OBJECT_ID : CKA_ID,
                          (void *)(uintptr_t)&entry->number, sizeof entry->number};
}

static CK_ULONG whole(const struct ledger_entry *entry)
{
    return entry->kind == LEDGER_PAIR ? 2 : 1;
}

/* ---- Keeping ---------------------------------------------------------------------------------------------
 */

static CK_RV create_data(CK_SESSION_HANDLE session, const struct ledger_entry *entry, struct template *t)
{
    CK_BYTE value[VALUE_MOST];
    CK_OBJECT_HANDLE object;

    add_ulong(t, CKA_CLASS, CKO_DATA);
    add_bytes(t, CKA_VALUE, value, entry_value(entry, value));
    return create_object(session, t, &object);
}

static CK_RV create_secret(CK_SESSION_HANDLE session, struct template *t)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_OBJECT_HANDLE object;

    add_ulong(t, CKA_VALUE_LEN, 32);
    add_bool(t, CKA_ENCRYPT, true);
    return p11->C_GenerateKey(session, &generate, t->list, t->count, &object);
}

static CK_RV create_pair(CK_SESSION_HANDLE session, struct template *public)
{
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE handles[2];
    struct template private = {.count = 0};

    add_all(&private, public);
    add_bool(&private, CKA_SIGN, true);
    add_bool(public, CKA_PRIVATE, false);
    add_bool(public, CKA_VERIFY, true);
    add_bytes(public, CKA_EC_PARAMS, CURVE_P256->params, CURVE_P256->params_len);
    return p11->C_GenerateKeyPair(session, &generate, public->list, public->count, private.list,
                                  private.count, &handles[0], &handles[1]);
}

static CK_RV acknowledge(struct ledger *ledger, struct ledger_entry *entry, enum ledger_state state, CK_RV rv)
{
    if (rv == CKR_OK) {
        write_down(entry, state);
        (void)atomic_fetch_add(&ledger->acknowledged, 1);
    }
    return rv;
}

CK_RV ledger_create(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_entry *entry,
                    enum ledger_kind kind)
{
    struct template t = {.count = 0};
    char label[64];
    CK_RV rv = CKR_OK;

    entry->kind = kind;
    entry->number = ledger->next_number++;
    entry->label = 0;
    entry_label(entry, 0, label);
    add_bytes(&t, CKA_TOKEN, &yes, sizeof yes);
    add_bytes(&t, CKA_PRIVATE, &yes, sizeof yes);
    add_text(&t, CKA_LABEL, label);
    add_bytes(&t, entry_id(entry).type, &entry->number, sizeof entry->number);
    write_down(entry, LEDGER_CREATING);
    switch (kind) {
    case LEDGER_DATA:
        rv = create_data(session, entry, &t);
        break;
    case LEDGER_SECRET:
        rv = create_secret(session, &t);
        break;
    default:
        rv = create_pair(session, &t);
        break;
    }
    return acknowledge(ledger, entry, LEDGER_THERE, rv);
}

/* The objects with the entry's id: at most two, the private one first. */
static CK_RV look_up(CK_SESSION_HANDLE session, const struct ledger_entry *entry, CK_OBJECT_HANDLE found[3],
                     CK_ULONG *count)
{
    CK_ATTRIBUTE id = entry_id(entry);
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};
    CK_RV rv = p11->C_FindObjectsInit(session, &id, 1);

    *count = 0;
    if (rv == CKR_OK) {
        rv = p11->C_FindObjects(session, found, 3, count);
        CK_RV ended = p11->C_FindObjectsFinal(session);
        rv = rv == CKR_OK ? ended : rv;
    }
    if (rv == CKR_OK && *count == 2) {
        rv = p11->C_GetAttributeValue(session, found[0], &attribute, 1);
        if (class != CKO_PRIVATE_KEY) {
            CK_OBJECT_HANDLE public = found[0];
            found[0] = found[1];
            found[1] = public;
        }
    }
    return rv;
}

/* The private half's label, where there are two. */
CK_RV ledger_change(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_entry *entry)
{
    CK_OBJECT_HANDLE found[3];
    CK_ULONG count = 0;
    char label[64];
    CK_ATTRIBUTE attribute = {CKA_LABEL, label, 0};
    CK_RV rv = look_up(session, entry, found, &count);

    if (rv == CKR_OK && count == 0) {
        rv = CKR_OBJECT_HANDLE_INVALID;
    }
    if (rv != CKR_OK) {
        return rv;
    }
    entry_label(entry, entry->label + 1, label);
    attribute.ulValueLen = strlen(label);
    write_down(entry, LEDGER_CHANGING);
    rv = p11->C_SetAttributeValue(session, found[0], &attribute, 1);
    if (rv == CKR_OK) {
        /* In this order: until the state says so, either label will do. */
        entry->label++;
    }
    return acknowledge(ledger, entry, LEDGER_THERE, rv);
}

CK_RV ledger_destroy(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_entry *entry)
{
    CK_OBJECT_HANDLE found[3];
    CK_ULONG count = 0;
    CK_RV rv = look_up(session, entry, found, &count);
    bool pair = entry->kind == LEDGER_PAIR && atomic_load(&entry->state) != LEDGER_HALF;

    if (rv == CKR_OK && count != (pair ? 2 : 1)) {
        rv = CKR_OBJECT_HANDLE_INVALID;
    }
    if (rv == CKR_OK && pair) {
        write_down(entry, LEDGER_DESTROYING);
        rv = acknowledge(ledger, entry, LEDGER_HALF, p11->C_DestroyObject(session, found[1]));
    }
    if (rv != CKR_OK) {
        return rv;
    }
    write_down(entry, entry->kind == LEDGER_PAIR ? LEDGER_DESTROYING_HALF : LEDGER_DESTROYING);
    return acknowledge(ledger, entry, LEDGER_NONE, p11->C_DestroyObject(session, found[0]));
}

CK_RV ledger_step(struct ledger *ledger, CK_SESSION_HANDLE session, unsigned *seed)
{
    struct ledger_entry *entry = &ledger->entries[rand_r(seed) % LEDGER_ENTRIES];

    switch (atomic_load(&entry->state)) {
    case LEDGER_NONE:
        return ledger_create(ledger, session, entry, (enum ledger_kind)(rand_r(seed) % LEDGER_KINDS));
    case LEDGER_THERE:
        return rand_r(seed) % 2 == 0 ? ledger_change(ledger, session, entry)
                                     : ledger_destroy(ledger, session, entry);
    case LEDGER_HALF:
        return ledger_destroy(ledger, session, entry);
    default:
        return CKR_GENERAL_ERROR; /* left by a step that failed */
    }
}

/* ---- Auditing --------------------------------------------------------------------------------------------
 */

static void note(struct ledger_audit *audit, CK_RV rv, int line)
{
    if (rv != CKR_OK && audit->rv == CKR_OK) {
        audit->rv = rv;
        audit->line = line;
    }
}

static bool secret_works(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, struct ledger_audit *audit)
{
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE block[16] = {0};
    CK_BYTE out[16] = {0};
    CK_BYTE check[3] = {0};
    CK_ULONG length = sizeof out;
    CK_ATTRIBUTE attribute = {CKA_CHECK_VALUE, check, sizeof check};
    CK_RV rv = p11->C_EncryptInit(session, &ecb, key);

    if (rv == CKR_OK) {
        rv = p11->C_Encrypt(session, block, sizeof block, out, &length);
    }
    if (rv == CKR_OK) {
        rv = p11->C_GetAttributeValue(session, key, &attribute, 1);
    }
    note(audit, rv, __LINE__);
    return rv == CKR_OK && memcmp(out, check, sizeof check) == 0;
}

static bool private_works(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE private, CK_OBJECT_HANDLE public,
                          struct ledger_audit *audit)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_BYTE hash[32] = {1};
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    CK_RV rv = p11->C_SignInit(session, &ecdsa, private);

    if (rv == CKR_OK) {
        rv = p11->C_Sign(session, hash, sizeof hash, signature, &length);
    }
    if (rv == CKR_OK && public != CK_INVALID_HANDLE) {
        rv = p11->C_VerifyInit(session, &ecdsa, public);
        if (rv == CKR_OK) {
            rv = p11->C_Verify(session, hash, sizeof hash, signature, length);
        }
    }
    note(audit, rv, __LINE__);
    return rv == CKR_OK;
}

static bool data_whole(CK_SESSION_HANDLE session, const struct ledger_entry *entry, CK_OBJECT_HANDLE object,
                       struct ledger_audit *audit)
{
    CK_BYTE want[VALUE_MOST];
    CK_BYTE got[VALUE_MOST + 1];
    CK_ATTRIBUTE attribute = {CKA_VALUE, got, sizeof got};
    size_t length = entry_value(entry, want);
    CK_RV rv = p11->C_GetAttributeValue(session, object, &attribute, 1);

    note(audit, rv, __LINE__);
    return rv == CKR_OK && attribute.ulValueLen == length && memcmp(want, got, length) == 0;
}

static bool entry_works(CK_SESSION_HANDLE session, const struct ledger_entry *entry,
                        const CK_OBJECT_HANDLE found[3], CK_ULONG count, struct ledger_audit *audit)
{
    switch (entry->kind) {
    case LEDGER_DATA:
        return data_whole(session, entry, found[0], audit);
    case LEDGER_SECRET:
        return secret_works(session, found[0], audit);
    default:
        return private_works(session, found[0], count == 2 ? found[1] : CK_INVALID_HANDLE, audit);
    }
}

/* Its label, as the number of changes; -1 for any other text. */
static int64_t label_of(CK_SESSION_HANDLE session, const struct ledger_entry *entry, CK_OBJECT_HANDLE object,
                        struct ledger_audit *audit)
{
    char got[64];
    char want[64];
    CK_ATTRIBUTE attribute = {CKA_LABEL, got, sizeof got};
    CK_RV rv = p11->C_GetAttributeValue(session, object, &attribute, 1);

    note(audit, rv, __LINE__);
    for (uint32_t i = 0; rv == CKR_OK && i < 2; i++) {
        entry_label(entry, entry->label + i, want);
        if (attribute.ulValueLen == strlen(want) && memcmp(got, want, attribute.ulValueLen) == 0) {
            return (int64_t)entry->label + i;
        }
    }
    return -1;
}

/* Which of two outcomes a step without an answer had. */
static void settle(struct ledger_audit *audit, struct ledger_entry *entry, bool took_effect,
                   enum ledger_state after, enum ledger_state before)
{
    audit->kept += took_effect;
    audit->undone += !took_effect;
    atomic_store(&entry->state, took_effect ? after : before);
}

static void verify_label(CK_SESSION_HANDLE session, struct ledger_entry *entry, CK_OBJECT_HANDLE object,
                         struct ledger_audit *audit)
{
    int64_t label = label_of(session, entry, object, audit);

    if (atomic_load(&entry->state) == LEDGER_CHANGING && label >= 0) {
        settle(audit, entry, label > (int64_t)entry->label, LEDGER_THERE, LEDGER_THERE);
        entry->label = (uint32_t)label;
    }
    audit->lost += label != (int64_t)entry->label;
}

static void verify_entry(struct ledger_entry *entry, CK_SESSION_HANDLE session, struct ledger_audit *audit,
                         CK_ULONG *expected)
{
    CK_OBJECT_HANDLE found[3];
    CK_ULONG count = 0;
    CK_ULONG all = whole(entry);

    note(audit, look_up(session, entry, found, &count), __LINE__);
    switch (atomic_load(&entry->state)) {
    case LEDGER_NONE:
        audit->undead += count > 0;
        return;
    case LEDGER_CREATING:
        audit->half += count != 0 && count != all;
        settle(audit, entry, count > 0, LEDGER_THERE, LEDGER_NONE);
        break;
    case LEDGER_DESTROYING:
        audit->half += count != all && count != all - 1;
        settle(audit, entry, count < all, all == 2 ? LEDGER_HALF : LEDGER_NONE, LEDGER_THERE);
        break;
    case LEDGER_DESTROYING_HALF:
        audit->undead += count > 1;
        settle(audit, entry, count == 0, LEDGER_NONE, LEDGER_HALF);
        break;
    case LEDGER_HALF:
        audit->lost += count < 1;
        audit->undead += count > 1;
        break;
    default: /* LEDGER_THERE, LEDGER_CHANGING */
        audit->lost += count != all;
        break;
    }
    *expected += count;
    if (count > 0) {
        verify_label(session, entry, found[0], audit);
        audit->half += !entry_works(session, entry, found, count, audit);
        audit->objects += count;
    }
}

void ledger_verify(struct ledger *ledger, CK_SESSION_HANDLE session, struct ledger_audit *audit,
                   CK_ULONG *expected)
{
    for (size_t i = 0; i < LEDGER_ENTRIES; i++) {
        if (ledger->entries[i].number != 0) {
            verify_entry(&ledger->entries[i], session, audit, expected);
        }
    }
}

CK_ULONG ledger_count(CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE found[64];
    CK_ULONG all = 0;
    CK_ULONG count = 0;
    CK_RV rv = p11->C_FindObjectsInit(session, NULL, 0);

    do {
        rv = rv == CKR_OK ? p11->C_FindObjects(session, found, 64, &count) : rv;
        all += count;
    } while (rv == CKR_OK && count > 0);
    return rv == CKR_OK && p11->C_FindObjectsFinal(session) == CKR_OK ? all : CK_UNAVAILABLE_INFORMATION;
}
