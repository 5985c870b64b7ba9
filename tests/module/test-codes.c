/*
 * The codes that a call raises by itself: each row of test-codes.def makes one bad call in the state it
 * names, and must get its CKR_*, its HUKS code and the exact message. What the outside world does to the
 * store, test-codes-store.c has.
 */
#include "test-codes.h"

#include <unistd.h>

#include "keys.h"

#define S the_session

static struct {
    CK_OBJECT_HANDLE data;
    CK_OBJECT_HANDLE aes;
    CK_OBJECT_HANDLE mute; /* may not encrypt */
    struct pair rsa;
    struct pair ec;
} K;

static CK_BYTE B[512];
static CK_OBJECT_HANDLE H, H2;
static CK_ATTRIBUTE label = {CKA_LABEL, (void *)(uintptr_t) "label", 5};

static CK_ULONG *N(CK_ULONG length)
{
    static CK_ULONG value;

    value = length;
    return &value;
}

static CK_MECHANISM *MP(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG length)
{
    static CK_MECHANISM mechanism;

    mechanism = (CK_MECHANISM){type, parameter, length};
    return &mechanism;
}

static CK_MECHANISM *M(CK_MECHANISM_TYPE type)
{
    return MP(type, NULL, 0);
}

static CK_MECHANISM *GCM(CK_ULONG tag_bits)
{
    static CK_GCM_PARAMS params;

    params = (CK_GCM_PARAMS){B, 12, 96, NULL, 0, tag_bits};
    return MP(CKM_AES_GCM, &params, sizeof params);
}

static CK_MECHANISM *OAEP(CK_MECHANISM_TYPE hash)
{
    static CK_RSA_PKCS_OAEP_PARAMS params;

    params = (CK_RSA_PKCS_OAEP_PARAMS){hash, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
    return MP(CKM_RSA_PKCS_OAEP, &params, sizeof params);
}

static CK_MECHANISM *ECDH(void)
{
    static CK_ECDH1_DERIVE_PARAMS params;

    params = (CK_ECDH1_DERIVE_PARAMS){CKD_NULL, 0, NULL, sizeof ec_point_raw, B};
    memcpy(B, ec_point_raw, sizeof ec_point_raw);
    B[sizeof ec_point_raw - 1] ^= 1; /* off the curve */
    return MP(CKM_ECDH1_DERIVE, &params, sizeof params);
}

static CK_RV generate_ec_on(const CK_BYTE *params, size_t length)
{
    struct template t = {.count = 0};

    add_bytes(&t, CKA_EC_PARAMS, params, length);
    return p11->C_GenerateKeyPair(S, M(CKM_EC_KEY_PAIR_GEN), t.list, t.count, NULL, 0, &H, &H2);
}

static CK_RV generate_ec_nowhere(void)
{
    static const CK_BYTE nowhere[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x7f};

    return generate_ec_on(nowhere, sizeof nowhere);
}

static CK_RV generate_aes_of(CK_ULONG length)
{
    struct template t = {.count = 0};

    add_bool(&t, CKA_TOKEN, false);
    if (length != 0) {
        add_ulong(&t, CKA_VALUE_LEN, length);
    }
    return p11->C_GenerateKey(S, M(CKM_AES_KEY_GEN), t.list, t.count, &H);
}

static CK_RV generate_rsa_of(CK_ULONG bits)
{
    struct template t = {.count = 0};

    if (bits != 0) {
        add_ulong(&t, CKA_MODULUS_BITS, bits);
    }
    return p11->C_GenerateKeyPair(S, M(CKM_RSA_PKCS_KEY_PAIR_GEN), t.list, t.count, NULL, 0, &H, &H2);
}

static CK_RV generate_alias(const char *alias, bool with_override, bool override)
{
    struct template t = {.count = 0};

    add_bool(&t, CKA_TOKEN, true);
    add_ulong(&t, CKA_VALUE_LEN, 16);
    add_text(&t, CKA_HUKS_ALIAS_, alias);
    if (with_override) {
        add_bool(&t, CKA_HUKS_OVERRIDE_, override);
    }
    return p11->C_GenerateKey(S, M(CKM_AES_KEY_GEN), t.list, t.count, &H);
}

static CK_RV create_without_class(void)
{
    return p11->C_CreateObject(S, &label, 1, &H);
}

static CK_RV create_private(void)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_DATA);
    add_bool(&t, CKA_PRIVATE, true);
    return create_object(S, &t, &H);
}

static CK_RV create_twice_labelled(void)
{
    struct template t = {.count = 0};
    CK_ATTRIBUTE list[3];

    add_ulong(&t, CKA_CLASS, CKO_DATA);
    list[0] = t.list[0];
    list[1] = list[2] = label;
    list[2].pValue = (void *)(uintptr_t) "other";
    return p11->C_CreateObject(S, list, 3, &H);
}

static CK_RV get_value(CK_OBJECT_HANDLE object, CK_ULONG room)
{
    CK_ATTRIBUTE value = {CKA_VALUE, B, room};

    return p11->C_GetAttributeValue(S, object, &value, 1);
}

static CK_RV unwrap_garbage(void)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_AES);
    return p11->C_UnwrapKey(S, M(CKM_AES_KEY_WRAP), K.aes, B, 24, t.list, t.count, &H);
}

static CK_RV verify(size_t length)
{
    ok(p11->C_VerifyInit(S, M(CKM_SHA256_RSA_PKCS), K.rsa.public_key));
    memset(B, 0, sizeof B);
    B[255] = 7;
    return p11->C_Verify(S, B, 16, B, length);
}

static CK_RV encrypt(CK_MECHANISM *mechanism, size_t length, size_t room)
{
    ok(p11->C_EncryptInit(S, mechanism, K.aes));
    return p11->C_Encrypt(S, B, length, B, N(room));
}

static CK_RV decrypt(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, size_t length)
{
    ok(p11->C_DecryptInit(S, mechanism, key));
    return p11->C_Decrypt(S, B, length, B, N(sizeof B));
}

static CK_RV login_until_locked(void)
{
    while (login(S, CKU_USER, "wrong-pin") == CKR_PIN_INCORRECT) {
    }
    return login(S, CKU_USER, USER_PIN);
}

static CK_RV login_without_pin(void)
{
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_SESSION_HANDLE session;

    ok(p11->C_GetSlotList(CK_FALSE, slots, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        if (slots[i] != the_slot) {
            ok(init_token(slots[i], SO_PIN, "new token"));
        }
    }
    ck_assert(find_token("new token", &slots[0]));
    ok(open_session(slots[0], CKF_RW_SESSION, &session));
    the_session = session;
    return login(session, CKU_USER, USER_PIN);
}

/* ---- Keys that know who must authenticate: a MAC key, H ---- */

static CK_RV make_bound(CK_ULONG types, CK_ULONG access, CK_ULONG challenge)
{
    struct template t = {.count = 0};

    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    add_bool(&t, CKA_TOKEN, true);
    add_bool(&t, CKA_SIGN, true);
    add_text(&t, CKA_LABEL, "bound");
    add_text(&t, CKA_VALUE, "0123456789abcdef");
    add_ulong(&t, CKA_HUKS_TYPE_, types);
    add_ulong(&t, CKA_HUKS_ACCESS_, access);
    add_ulong(&t, CKA_HUKS_CHALLENGE_, challenge);
    add_ulong(&t, CKA_HUKS_TIMEOUT_, 1);
    return create_object(S, &t, &H);
}

static void begin_bound(CK_ULONG types, CK_ULONG challenge)
{
    ok(make_bound(types, NEVER_VOID, challenge));
    ok(p11->C_SignInit(S, M(CKM_SHA256_HMAC), H));
}

static CK_RV sign_bound(CK_ULONG types, CK_ULONG challenge)
{
    begin_bound(types, challenge);
    return p11->C_Sign(S, B, 16, B, N(sizeof B));
}

static CK_RV sign_init_after_clearing(void)
{
    struct template t = {.count = 0};

    ok(make_bound(BY_PIN, VOID_BY_CLEARING, NORMAL_CHALLENGE));
    ok(p11->C_Logout(S));
    ok(login(S, CKU_SO, SO_PIN));
    ok(p11->C_InitPIN(S, (CK_UTF8CHAR *)(uintptr_t)USER_PIN, strlen(USER_PIN)));
    ok(p11->C_Logout(S));
    ok(login(S, CKU_USER, USER_PIN));
    add_text(&t, CKA_LABEL, "bound");
    return p11->C_SignInit(S, M(CKM_SHA256_HMAC), find_object(S, &t));
}

static CK_RV generate_locked(void)
{
    struct template t = {.count = 0};

    add_bool(&t, CKA_HUKS_PASSWORD_, true);
    add_ulong(&t, CKA_VALUE_LEN, 16);
    return p11->C_GenerateKey(S, M(CKM_AES_KEY_GEN), t.list, t.count, &H);
}

#define UNSET ". It is not set in ParamSet."

/* Values of `on` for calls without a session of their own. */
#define ON_S true
#define NO_S false

#define CODE(state, name, rv, code, message, on, call)                                                       \
    static CK_RV act_##name(void)                                                                            \
    {                                                                                                        \
        return (call);                                                                                       \
    }
#include "test-codes.def"
#undef CODE

static void setup_keys(void)
{
    struct template mute = {.count = 0};

    setup_user();
    add_bool(&mute, CKA_ENCRYPT, false);
    K.data = make_data(S, "data", NULL);
    K.aes = import_aes(S, 16, NULL);
    K.mute = import_aes(S, 16, &mute);
    K.rsa = import_rsa(S, NULL);
    K.ec = import_ec(S, NULL);
}

#define LOADED setup_loaded
#define PUBLIC setup_public
#define USER   setup_keys
#define CODE(state, name, rv, code, message, on, call)                                                       \
    {#name, state, NULL, act_##name, CKR_##rv, 12000000 + (code), message, on},
static const struct situation situations[] = {
#include "test-codes.def"
};
#undef CODE

START_TEST(situation)
{
    if (!is_reference()) {
        situation_check(&situations[_i]);
    }
}
END_TEST

int main(int argc, char **argv)
{
    return situations_run(argc, argv, "codes", situation, (int)(sizeof situations / sizeof situations[0]));
}
