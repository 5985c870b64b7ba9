/* Slots, tokens, their flags, C_InitToken, the mechanism list. PINs are test-pin.c. */
#include "harness.h"

#include <string.h>

static CK_ULONG slot_count(CK_BBOOL present)
{
    CK_ULONG count = 0;

    ok(p11->C_GetSlotList(present, NULL, &count));
    return count;
}

/* The slot that holds no initialised token: there is exactly one. */
static CK_SLOT_ID free_slot(void)
{
    CK_SLOT_ID slots[16];
    CK_SLOT_ID found = NO_HANDLE;
    CK_TOKEN_INFO info;
    CK_ULONG count = 16;
    int free_slots = 0;

    ok(p11->C_GetSlotList(CK_FALSE, slots, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV rv = p11->C_GetTokenInfo(slots[i], &info);

        if (rv == CKR_TOKEN_NOT_PRESENT || (rv == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED) == 0)) {
            found = slots[i];
            free_slots++;
        }
    }
    ck_assert_int_eq(free_slots, 1);
    return found;
}

static bool is_padded(const CK_UTF8CHAR *text, size_t length)
{
    return memchr(text, '\0', length) == NULL && text[0] != ' ';
}

START_TEST(empty_store_shows_an_uninitialised_token)
{
    CK_SESSION_HANDLE session;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO info;
    CK_SLOT_ID slot;
    CK_ULONG count = 1;

    ok(initialise());
    ck_assert_uint_eq(slot_count(CK_FALSE), 1);
    ck_assert_uint_eq(slot_count(CK_TRUE), 1);
    ok(p11->C_GetSlotList(CK_TRUE, &slot, &count));
    ok(p11->C_GetSlotInfo(slot, &slot_info));
    ck_assert(slot_info.flags & CKF_TOKEN_PRESENT);
    ok(p11->C_GetTokenInfo(slot, &info));
    ck_assert_uint_eq(info.flags & (CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED), 0);
    expect(CKR_TOKEN_NOT_RECOGNIZED, open_session(slot, CKF_RW_SESSION, &session));
}
END_TEST

START_TEST(initialised_token_keeps_the_free_slots_id)
{
    CK_TOKEN_INFO before;
    CK_TOKEN_INFO after;
    CK_SLOT_ID slot;
    CK_SLOT_ID token;
    CK_ULONG count = 1;

    ok(initialise());
    ok(p11->C_GetSlotList(CK_FALSE, &slot, &count));
    ok(p11->C_GetTokenInfo(slot, &before));
    ok(init_token(slot, SO_PIN, "first"));
    ck_assert(find_token("first", &token));
    ok(p11->C_GetTokenInfo(token, &after));
    ck_assert_uint_eq(token, slot);
    holds("slot/serial-known-before", memcmp(before.serialNumber, after.serialNumber, 16) == 0);
    ok(p11->C_Finalize(NULL));
    ok(initialise());
    ck_assert(find_token("first", &slot));
    holds("slot/id-stays", slot == token);
}
END_TEST

/* design.md 3: one token, and consumers that expect a single one see no second. */
START_TEST(free_slot_beside_a_token)
{
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO info;
    CK_SLOT_ID slot;
    CK_SLOT_ID first;
    CK_SESSION_HANDLE session;

    ck_assert_uint_eq(slot_count(CK_FALSE), 2);
    holds("slot/free-slot-is-empty", slot_count(CK_TRUE) == 1);
    slot = free_slot();
    ok(p11->C_GetSlotInfo(slot, &slot_info));
    holds("slot/free-slot-is-empty", (slot_info.flags & CKF_TOKEN_PRESENT) == 0);
    expect_id("slot/free-slot-token-info", CKR_TOKEN_NOT_PRESENT, p11->C_GetTokenInfo(slot, &info));
    expect_id("slot/free-slot-session", CKR_TOKEN_NOT_PRESENT, open_session(slot, 0, &session));

    ok(init_token(slot, "another-pin", "second"));
    ck_assert_uint_eq(slot_count(CK_FALSE), 3);
    ck_assert(find_token("second", &slot));
    ck_assert(find_token(TOKEN_LABEL, &first));
    ck_assert_uint_eq(first, the_slot);
    ck_assert_uint_ne(first, slot);
    ok(open_session(slot, CKF_RW_SESSION, &session));
    expect(CKR_PIN_INCORRECT, login(session, CKU_SO, SO_PIN));
    ok(login(session, CKU_SO, "another-pin"));
}
END_TEST

START_TEST(free_slot_by_configuration)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    char always[] = "free_slot=always";
    char never[] = "free_slot=never";

    if (differs("slot/free-slot-configured") ||
        is_served()) { /* pReserved is not the service's configuration */
        return;
    }
    args.pReserved = always;
    ok(p11->C_Initialize(&args));
    ck_assert_uint_eq(slot_count(CK_FALSE), 2);
    ck_assert_uint_eq(slot_count(CK_TRUE), 2);
    ok(p11->C_Finalize(NULL));
    args.pReserved = never;
    ok(p11->C_Initialize(&args));
    ck_assert_uint_eq(slot_count(CK_FALSE), 1);
    ck_assert_uint_eq(slot_count(CK_TRUE), 1);
}
END_TEST

START_TEST(slot_list_lengths)
{
    CK_SLOT_ID slots[4] = {NO_HANDLE, NO_HANDLE, NO_HANDLE, NO_HANDLE};
    CK_ULONG count = 0;

    expect(CKR_ARGUMENTS_BAD, p11->C_GetSlotList(CK_FALSE, NULL, NULL));
    expect(CKR_BUFFER_TOO_SMALL, p11->C_GetSlotList(CK_FALSE, slots, &count));
    ck_assert_uint_eq(count, 2);
    count = 1;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_GetSlotList(CK_FALSE, slots, &count));
    ck_assert_uint_eq(count, 2);
    count = 4;
    ok(p11->C_GetSlotList(CK_FALSE, slots, &count));
    ck_assert_uint_eq(count, 2);
    ck_assert(slots[0] != slots[1] && slots[1] != NO_HANDLE && slots[2] == NO_HANDLE);
}
END_TEST

START_TEST(slot_and_token_texts)
{
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO info;
    CK_TOKEN_INFO again;
    CK_UTF8CHAR label[32];

    memset(label, ' ', sizeof label);
    memcpy(label, TOKEN_LABEL, strlen(TOKEN_LABEL));
    memset(&info, 0, sizeof info);
    memset(&again, 0, sizeof again);
    ok(p11->C_GetSlotInfo(the_slot, &slot_info));
    ck_assert(is_padded(slot_info.slotDescription, sizeof slot_info.slotDescription));
    ck_assert(is_padded(slot_info.manufacturerID, sizeof slot_info.manufacturerID));
    ck_assert(slot_info.flags & CKF_TOKEN_PRESENT);

    ok(p11->C_GetTokenInfo(the_slot, &info));
    ck_assert(memcmp(info.label, label, sizeof label) == 0);
    ck_assert(is_padded(info.manufacturerID, sizeof info.manufacturerID));
    ck_assert(is_padded(info.model, sizeof info.model));
    ck_assert(is_padded(info.serialNumber, sizeof info.serialNumber));
    ck_assert_uint_ge(info.ulMaxPinLen, info.ulMinPinLen);
    ck_assert_uint_ge(info.ulMinPinLen, 1);
    ok(p11->C_GetTokenInfo(the_slot, &again));
    ck_assert(memcmp(info.serialNumber, again.serialNumber, sizeof info.serialNumber) == 0);
    holds("slot/pin-minimum", info.ulMinPinLen == 4);

    expect(CKR_SLOT_ID_INVALID, p11->C_GetSlotInfo(NO_HANDLE, &slot_info));
    expect(CKR_SLOT_ID_INVALID, p11->C_GetTokenInfo(NO_HANDLE, &info));
    expect(CKR_ARGUMENTS_BAD, p11->C_GetSlotInfo(the_slot, NULL));
    expect(CKR_ARGUMENTS_BAD, p11->C_GetTokenInfo(the_slot, NULL));
}
END_TEST

/* Any 32 bytes of label come back as given: multi-byte characters up to the last byte too. */
START_TEST(label_is_kept_byte_for_byte)
{
    CK_UTF8CHAR label[33] = "Schl\xc3\xbcssel \xe9\x92\xa5\xe5\x8c\x99 012345678\xc3\xa4\xc3\xb6";
    CK_TOKEN_INFO info;
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    int found = 0;

    ck_assert_uint_eq(strlen((char *)label), 31);
    label[31] = ' ';
    ok(p11->C_InitToken(free_slot(), (CK_UTF8CHAR *)(uintptr_t)SO_PIN, strlen(SO_PIN), label));
    ok(p11->C_GetSlotList(CK_TRUE, slots, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        ok(p11->C_GetTokenInfo(slots[i], &info));
        found += memcmp(info.label, label, 32) == 0;
    }
    ck_assert_int_eq(found, 1);
}
END_TEST

START_TEST(flags_tell_the_state)
{
    CK_FLAGS flags = token_flags(the_slot);

    ck_assert(flags & CKF_RNG);
    ck_assert(flags & CKF_LOGIN_REQUIRED);
    ck_assert(flags & CKF_USER_PIN_INITIALIZED);
    ck_assert(flags & CKF_TOKEN_INITIALIZED);
    ck_assert_uint_eq(flags & (CKF_WRITE_PROTECTED | CKF_PROTECTED_AUTHENTICATION_PATH), 0);
    ck_assert_uint_eq(flags & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED), 0);
    ck_assert_uint_eq(flags & (CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED), 0);
    ck_assert_uint_eq(flags & (CKF_USER_PIN_TO_BE_CHANGED | CKF_SO_PIN_TO_BE_CHANGED), 0);
    holds("slot/dual-flag", (flags & CKF_DUAL_CRYPTO_OPERATIONS) != 0);
}
END_TEST

START_TEST(flags_without_a_user_pin)
{
    CK_SLOT_ID slot = free_slot();
    CK_SESSION_HANDLE session;
    CK_FLAGS flags;

    ok(init_token(slot, SO_PIN, "no pin"));
    ck_assert(find_token("no pin", &slot));
    flags = token_flags(slot);
    ck_assert(flags & CKF_TOKEN_INITIALIZED);
    ck_assert_uint_eq(flags & CKF_USER_PIN_INITIALIZED, 0);
    holds("slot/no-login-without-pin", (flags & CKF_LOGIN_REQUIRED) == 0);
    ok(open_session(slot, CKF_RW_SESSION, &session));
    expect(CKR_USER_PIN_NOT_INITIALIZED, login(session, CKU_USER, USER_PIN));
    ok(login(session, CKU_SO, SO_PIN));
    ok(p11->C_InitPIN(session, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN)));
    flags = token_flags(slot);
    ck_assert(flags & CKF_USER_PIN_INITIALIZED);
    ck_assert(flags & CKF_LOGIN_REQUIRED);
}
END_TEST

/* design.md 6: no PIN, no login: private objects are there for everybody, and survive the first PIN. */
START_TEST(private_objects_without_a_user_pin)
{
    CK_SLOT_ID slot = free_slot();
    CK_SESSION_HANDLE session;
    struct template private_token = {.count = 0};
    struct template label = {.count = 0};

    if (differs("slot/no-login-without-pin")) {
        return;
    }
    ok(init_token(slot, SO_PIN, "no pin"));
    ok(open_session(slot, CKF_RW_SESSION, &session));
    add_bool(&private_token, CKA_TOKEN, true);
    add_bool(&private_token, CKA_PRIVATE, true);
    make_data(session, "early", &private_token);
    add_text(&label, CKA_LABEL, "early");
    ck_assert_uint_eq(count_objects(session, &label), 1);
    ok(login(session, CKU_SO, SO_PIN));
    ok(p11->C_InitPIN(session, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN)));
    ok(p11->C_Logout(session));
    ck_assert_uint_eq(count_objects(session, &label), 0);
    ok(login(session, CKU_USER, USER_PIN));
    ck_assert_uint_eq(count_objects(session, &label), 1);
}
END_TEST

START_TEST(session_counts_are_true)
{
    CK_SESSION_HANDLE first = open_rw();
    CK_TOKEN_INFO info;

    open_ro();
    open_rw();
    ok(p11->C_GetTokenInfo(the_slot, &info));
    holds("slot/sessions-unlimited", info.ulMaxSessionCount == CK_EFFECTIVELY_INFINITE);
    holds("slot/sessions-unlimited", info.ulMaxRwSessionCount == CK_EFFECTIVELY_INFINITE);
    holds("slot/session-count", info.ulSessionCount == 3);
    holds("slot/session-count", info.ulRwSessionCount == 2);
    ok(p11->C_CloseSession(first));
    ok(p11->C_GetTokenInfo(the_slot, &info));
    holds("slot/session-count", info.ulSessionCount == 2);
    holds("slot/session-count", info.ulRwSessionCount == 1);
}
END_TEST

START_TEST(init_token_arguments)
{
    CK_UTF8CHAR pin[] = SO_PIN;
    CK_UTF8CHAR label[32];

    memset(label, ' ', sizeof label);
    expect(CKR_SLOT_ID_INVALID, p11->C_InitToken(NO_HANDLE, pin, strlen(SO_PIN), label));
    expect(CKR_ARGUMENTS_BAD, p11->C_InitToken(the_slot, NULL, 0, label));
    expect(CKR_ARGUMENTS_BAD, p11->C_InitToken(the_slot, NULL, 4, label));
    expect(CKR_ARGUMENTS_BAD, p11->C_InitToken(the_slot, pin, strlen(SO_PIN), NULL));
    expect(CKR_PIN_INCORRECT, p11->C_InitToken(the_slot, pin, strlen(SO_PIN) - 1, label));
    expect(CKR_PIN_INCORRECT, p11->C_InitToken(free_slot(), pin, 1, label)); /* too short for a new one */
    ck_assert(token_flags(the_slot) & CKF_TOKEN_INITIALIZED);
}
END_TEST

START_TEST(init_token_with_a_session_open)
{
    CK_SESSION_HANDLE session = open_ro();

    expect(CKR_SESSION_EXISTS, init_token(the_slot, SO_PIN, "again"));
    ok(p11->C_CloseSession(session));
    ok(init_token(the_slot, SO_PIN, "again"));
}
END_TEST

/* design.md 6: a factory reset. Objects and user PIN are gone, slot and SO PIN stay. */
START_TEST(init_token_again_forgets_all)
{
    CK_SESSION_HANDLE session = open_rw();
    struct template token = {.count = 0};
    struct template label = {.count = 0};
    CK_SLOT_ID slot;

    add_bool(&token, CKA_TOKEN, true);
    make_data(session, "old", &token);
    ok(p11->C_CloseSession(session));
    ok(init_token(the_slot, SO_PIN, "renewed"));
    ck_assert(!find_token(TOKEN_LABEL, &slot));
    ck_assert(find_token("renewed", &slot));
    ck_assert_uint_eq(slot, the_slot);
    ck_assert_uint_eq(token_flags(slot) & CKF_USER_PIN_INITIALIZED, 0);
    ok(open_session(slot, CKF_RW_SESSION, &session));
    add_text(&label, CKA_LABEL, "old");
    ck_assert_uint_eq(count_objects(session, &label), 0);
    ck_assert_uint_eq(count_objects(session, NULL), 0);
    expect(CKR_USER_PIN_NOT_INITIALIZED, login(session, CKU_USER, USER_PIN));
    ok(login(session, CKU_SO, SO_PIN));
}
END_TEST

START_TEST(no_slot_event)
{
    CK_SLOT_ID slot = 0;

    expect(CKR_NO_EVENT, p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
    expect_id("slot/event-null", CKR_ARGUMENTS_BAD, p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL));
}
END_TEST

/* ---- Mechanisms ---------------------------------------------------------------------------------------- */

enum { MOST_MECHANISMS = 512 };

START_TEST(mechanism_list_is_consistent)
{
    CK_MECHANISM_TYPE list[MOST_MECHANISMS];
    CK_MECHANISM_INFO info;
    CK_ULONG count = 0;
    CK_ULONG room = 1;

    expect(CKR_ARGUMENTS_BAD, p11->C_GetMechanismList(the_slot, NULL, NULL));
    expect(CKR_SLOT_ID_INVALID, p11->C_GetMechanismList(NO_HANDLE, NULL, &count));
    ok(p11->C_GetMechanismList(the_slot, NULL, &count));
    ck_assert(count > 0 && count < MOST_MECHANISMS);
    expect(CKR_BUFFER_TOO_SMALL, p11->C_GetMechanismList(the_slot, list, &room));
    ck_assert_uint_eq(room, count);
    room = MOST_MECHANISMS;
    ok(p11->C_GetMechanismList(the_slot, list, &room));
    ck_assert_uint_eq(room, count);
    for (CK_ULONG i = 0; i < count; i++) {
        ok(p11->C_GetMechanismInfo(the_slot, list[i], &info));
        ck_assert_msg(info.ulMinKeySize <= info.ulMaxKeySize, "mechanism 0x%lx: key sizes", list[i]);
        for (CK_ULONG j = 0; j < i; j++) {
            ck_assert_msg(list[i] != list[j], "mechanism 0x%lx twice", list[i]);
        }
    }
    expect(CKR_MECHANISM_INVALID, p11->C_GetMechanismInfo(the_slot, NO_MECHANISM, &info));
    expect(CKR_SLOT_ID_INVALID, p11->C_GetMechanismInfo(NO_HANDLE, CKM_AES_CBC, &info));
    expect(CKR_ARGUMENTS_BAD, p11->C_GetMechanismInfo(the_slot, CKM_AES_CBC, NULL));
}
END_TEST

#define SIGNS   (CKF_SIGN | CKF_VERIFY)
#define CIPHERS (CKF_ENCRYPT | CKF_DECRYPT)
#define WRAPS   (CKF_WRAP | CKF_UNWRAP)

struct wanted_mechanism {
    const char *id;
    CK_MECHANISM_TYPE type;
    CK_FLAGS flags;
};

#define WANTED(name, flags)                                                                                  \
    {                                                                                                        \
        "slot/mechanism/" #name, CKM_##name, (flags)                                                         \
    }

static const struct wanted_mechanism wanted[] = {
    WANTED(RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR),
    WANTED(RSA_PKCS, SIGNS | CIPHERS | WRAPS),
    WANTED(RSA_X_509, SIGNS | CIPHERS),
    WANTED(RSA_PKCS_OAEP, CIPHERS | WRAPS),
    WANTED(RSA_PKCS_PSS, SIGNS),
    WANTED(SHA1_RSA_PKCS, SIGNS),
    WANTED(SHA224_RSA_PKCS, SIGNS),
    WANTED(SHA256_RSA_PKCS, SIGNS),
    WANTED(SHA384_RSA_PKCS, SIGNS),
    WANTED(SHA512_RSA_PKCS, SIGNS),
    WANTED(SHA1_RSA_PKCS_PSS, SIGNS),
    WANTED(SHA224_RSA_PKCS_PSS, SIGNS),
    WANTED(SHA256_RSA_PKCS_PSS, SIGNS),
    WANTED(SHA384_RSA_PKCS_PSS, SIGNS),
    WANTED(SHA512_RSA_PKCS_PSS, SIGNS),
    WANTED(EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR),
    WANTED(EC_EDWARDS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR),
    WANTED(EC_MONTGOMERY_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR),
    WANTED(ECDSA, SIGNS),
    WANTED(ECDSA_SHA1, SIGNS),
    WANTED(ECDSA_SHA224, SIGNS),
    WANTED(ECDSA_SHA256, SIGNS),
    WANTED(ECDSA_SHA384, SIGNS),
    WANTED(ECDSA_SHA512, SIGNS),
    WANTED(EDDSA, SIGNS),
    WANTED(ECDH1_DERIVE, CKF_DERIVE),
    WANTED(AES_KEY_GEN, CKF_GENERATE),
    WANTED(AES_ECB, CIPHERS),
    WANTED(AES_CBC, CIPHERS),
    WANTED(AES_CBC_PAD, CIPHERS | WRAPS),
    WANTED(AES_CTR, CIPHERS),
    WANTED(AES_GCM, CIPHERS),
    WANTED(AES_KEY_WRAP, WRAPS),
    WANTED(AES_KEY_WRAP_PAD, WRAPS),
    WANTED(GENERIC_SECRET_KEY_GEN, CKF_GENERATE),
    WANTED(SHA_1_HMAC, SIGNS),
    WANTED(SHA224_HMAC, SIGNS),
    WANTED(SHA256_HMAC, SIGNS),
    WANTED(SHA384_HMAC, SIGNS),
    WANTED(SHA512_HMAC, SIGNS),
    WANTED(SHA256_HMAC_GENERAL, SIGNS),
    WANTED(SHA_1, CKF_DIGEST),
    WANTED(SHA224, CKF_DIGEST),
    WANTED(SHA256, CKF_DIGEST),
    WANTED(SHA384, CKF_DIGEST),
    WANTED(SHA512, CKF_DIGEST),
};

START_TEST(mechanism_is_there_with_its_flags)
{
    const struct wanted_mechanism *row = &wanted[_i];
    CK_MECHANISM_INFO info = {0, 0, 0};
    CK_RV rv = p11->C_GetMechanismInfo(the_slot, row->type, &info);

    holds(row->id, rv == CKR_OK && (info.flags & row->flags) == row->flags);
}
END_TEST

static Suite *slot_suite(void)
{
    Suite *suite = suite_create("slot");
    TCase *tcase = add_tcase(suite, "empty store", setup_empty_store);

    tcase_add_test(tcase, empty_store_shows_an_uninitialised_token);
    tcase_add_test(tcase, initialised_token_keeps_the_free_slots_id);

    tcase = add_tcase(suite, "configured", setup_loaded);
    tcase_add_test(tcase, free_slot_by_configuration);

    tcase = add_tcase(suite, "slots", setup_initialised);
    tcase_add_test(tcase, free_slot_beside_a_token);
    tcase_add_test(tcase, slot_list_lengths);
    tcase_add_test(tcase, slot_and_token_texts);
    tcase_add_test(tcase, label_is_kept_byte_for_byte);
    tcase_add_test(tcase, flags_tell_the_state);
    tcase_add_test(tcase, flags_without_a_user_pin);
    tcase_add_test(tcase, private_objects_without_a_user_pin);
    tcase_add_test(tcase, session_counts_are_true);
    tcase_add_test(tcase, init_token_arguments);
    tcase_add_test(tcase, init_token_with_a_session_open);
    tcase_add_test(tcase, init_token_again_forgets_all);
    tcase_add_test(tcase, no_slot_event);

    tcase = add_tcase(suite, "mechanisms", setup_initialised);
    tcase_add_test(tcase, mechanism_list_is_consistent);
    tcase_add_loop_test(tcase, mechanism_is_there_with_its_flags, 0, sizeof wanted / sizeof wanted[0]);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, slot_suite());
}
