/*
 * Bad calls: each row of badcalls.def and badcalls-life.def is made once and must get its CKR_*; on ours also
 * its HUKS code with a finished message, both as the thread's last error and as ulDeviceError of the session.
 */
#include "harness.h"

#include <string.h>

#include "keys.h"

enum state { LOADED, PUBLIC, USER, OFFICER };

/* ---- What the rows are made of
 * ------------------------------------------------------------------------------ */

static struct {
    CK_OBJECT_HANDLE data;   /* a data object                                   */
    CK_OBJECT_HANDLE fixed;  /* one that may not be changed, copied, destroyed  */
    CK_OBJECT_HANDLE aes;    /* everything allowed, sensitive, not extractable  */
    CK_OBJECT_HANDLE open;   /* extractable                                     */
    CK_OBJECT_HANDLE bare;   /* an AES key that may do nothing                  */
    CK_OBJECT_HANDLE secret; /* for HMAC                                        */
    CK_OBJECT_HANDLE mute;   /* a generic secret that may not sign or verify    */
    CK_OBJECT_HANDLE stiff;  /* a private EC key that may not derive            */
    struct pair rsa;
    struct pair ec;
} K;

static CK_BYTE B[512];
static CK_OBJECT_HANDLE H;
static CK_OBJECT_HANDLE H2;
static CK_INFO info;
static CK_SLOT_INFO slot_info;
static CK_TOKEN_INFO token_info;
static CK_MECHANISM_INFO mechanism_info;
static CK_SESSION_INFO session_info;
static CK_SLOT_ID some_slot;
static CK_SESSION_HANDLE some_session;
static CK_MECHANISM_TYPE some_mechanism;

#define S   the_session
#define PIN (CK_BYTE *)(uintptr_t)USER_PIN, strlen(USER_PIN)

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

static CK_MECHANISM *PSS(CK_MECHANISM_TYPE hash, CK_ULONG mgf)
{
    static CK_RSA_PKCS_PSS_PARAMS params;

    params = (CK_RSA_PKCS_PSS_PARAMS){hash, mgf, 32};
    return MP(CKM_RSA_PKCS_PSS, &params, sizeof params);
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

    params =
        (CK_ECDH1_DERIVE_PARAMS){CKD_NULL, 0, NULL, sizeof ec_point_raw, (CK_BYTE *)(uintptr_t)ec_point_raw};
    return MP(CKM_ECDH1_DERIVE, &params, sizeof params);
}

/* Two arguments each: the attributes and their number. */
#define DATA_TEMPLATE   data_template()->list, 1
#define AES_TEMPLATE(n) aes_template(n)->list, 2
#define RSA_TEMPLATE(n) rsa_template(n)->list, 1
#define EC_TEMPLATE     ec_template(CURVE_P256->params, CURVE_P256->params_len)->list, 1
#define NO_CURVE        ec_template(unknown_curve, sizeof unknown_curve)->list, 1
#define UNWRAP_TEMPLATE secret_template(CKK_AES)->list, 2
#define SECRET_TEMPLATE secret_template(CKK_GENERIC_SECRET)->list, 2
#define LABEL           (&label_attribute)
#define UNKNOWN         (&unknown_attribute)

static const CK_BYTE unknown_curve[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x7f};
static CK_ATTRIBUTE label_attribute = {CKA_LABEL, (void *)(uintptr_t) "label", 5};
static CK_ATTRIBUTE unknown_attribute = {NO_ATTRIBUTE, (void *)(uintptr_t) "label", 5};
static struct template scratch;

static struct template *data_template(void)
{
    scratch.count = 0;
    add_ulong(&scratch, CKA_CLASS, CKO_DATA);
    return &scratch;
}

static struct template *aes_template(CK_ULONG length)
{
    scratch.count = 0;
    add_ulong(&scratch, CKA_VALUE_LEN, length);
    add_bool(&scratch, CKA_TOKEN, false);
    return &scratch;
}

static struct template *rsa_template(CK_ULONG bits)
{
    scratch.count = 0;
    add_ulong(&scratch, CKA_MODULUS_BITS, bits);
    return &scratch;
}

static struct template *ec_template(const CK_BYTE *params, size_t length)
{
    scratch.count = 0;
    add_bytes(&scratch, CKA_EC_PARAMS, params, length);
    return &scratch;
}

static struct template *secret_template(CK_KEY_TYPE type)
{
    scratch.count = 0;
    add_ulong(&scratch, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&scratch, CKA_KEY_TYPE, type);
    return &scratch;
}

static CK_RV initialise_with(void *reserved)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = reserved};

    return p11->C_Initialize(&args);
}

/* On a token that has an officer's PIN only. */
static CK_SESSION_HANDLE session_on_new_token(void)
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
    return session;
}

static CK_RV create_with(CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    data_template();
    if (type == CKA_MODIFIABLE) {
        B[0] = (CK_BYTE)value;
        add_bytes(&scratch, type, B, 1);
    } else {
        add_ulong(&scratch, type, value);
    }
    return p11->C_CreateObject(S, scratch.list, scratch.count, &H);
}

static CK_RV create_with_flag(CK_SESSION_HANDLE session, CK_ATTRIBUTE_TYPE type)
{
    data_template();
    add_bool(&scratch, CKA_PRIVATE, false);
    add_bool(&scratch, type, true);
    return p11->C_CreateObject(session, scratch.list, scratch.count, &H);
}

static CK_RV create_aes_of(CK_ULONG length, CK_ATTRIBUTE_TYPE type)
{
    secret_template(CKK_AES);
    add_bytes(&scratch, type, B, length);
    return p11->C_CreateObject(S, scratch.list, scratch.count, &H);
}

static CK_RV create_forged(void)
{
    secret_template(CKK_AES);
    add_bytes(&scratch, CKA_VALUE, B, 16);
    add_bool(&scratch, CKA_LOCAL, true);
    return p11->C_CreateObject(S, scratch.list, scratch.count, &H);
}

static CK_RV create_twice(void)
{
    CK_ATTRIBUTE list[] = {data_template()->list[0], label_attribute, label_attribute};

    list[2].pValue = (void *)(uintptr_t) "other";
    return p11->C_CreateObject(S, list, 3, &H);
}

static CK_RV create_bad_point(void)
{
    scratch.count = 0;
    ec_public_template(&scratch);
    memcpy(B, ec_point_der, sizeof ec_point_der);
    B[sizeof ec_point_der - 1] ^= 1;
    add_bytes(&scratch, CKA_EC_POINT, B, sizeof ec_point_der);
    return p11->C_CreateObject(S, scratch.list, scratch.count, &H);
}

static CK_RV get_one(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG room)
{
    CK_ATTRIBUTE attribute = {type, B, room};

    return p11->C_GetAttributeValue(S, object, &attribute, 1);
}

static CK_RV set_number(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    return p11->C_SetAttributeValue(S, object, &attribute, 1);
}

static CK_RV set_flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    return p11->C_SetAttributeValue(S, object, &attribute, 1);
}

static CK_RV generate_aes_with(CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    aes_template(16);
    add_ulong(&scratch, type, value);
    return p11->C_GenerateKey(S, M(CKM_AES_KEY_GEN), scratch.list, scratch.count, &H);
}

static CK_RV generate_token_key(CK_SESSION_HANDLE session)
{
    aes_template(16);
    add_bool(&scratch, CKA_TOKEN, true);
    return p11->C_GenerateKey(session, M(CKM_AES_KEY_GEN), scratch.list, scratch.count, &H);
}

static void begin_encrypt(void)
{
    ok(p11->C_EncryptInit(S, M(CKM_AES_ECB), K.aes));
}

static void begin_decrypt(void)
{
    ok(p11->C_DecryptInit(S, M(CKM_AES_ECB), K.aes));
}

static void begin_sign(void)
{
    ok(p11->C_SignInit(S, M(CKM_SHA256_RSA_PKCS), K.rsa.private_key));
}

static void begin_verify(void)
{
    ok(p11->C_VerifyInit(S, M(CKM_SHA256_RSA_PKCS), K.rsa.public_key));
}

static void begin_digest(void)
{
    ok(p11->C_DigestInit(S, M(CKM_SHA256)));
}

/* ---- The table
 * ------------------------------------------------------------------------------------------------ */

#define BAD(state, name, want, code, ...)                                                                    \
    static CK_RV call_##name(void)                                                                           \
    {                                                                                                        \
        return (__VA_ARGS__);                                                                                \
    }
#define BAD_ON_S BAD
#include "badcalls-life.def"
#include "badcalls.def"
#undef BAD
#undef BAD_ON_S

struct bad_call {
    const char *id;
    enum state state;
    CK_RV want;
    long huks;
    bool on_s;
    CK_RV (*call)(void);
};

static const struct bad_call bad_calls[] = {
#define BAD(state, name, want, code, ...)                                                                    \
    {"bad/" #name, state, CKR_##want, 12000000 + (code), false, call_##name},
#define BAD_ON_S(state, name, want, code, ...)                                                               \
    {"bad/" #name, state, CKR_##want, 12000000 + (code), true, call_##name},
#include "badcalls-life.def"
#include "badcalls.def"
#undef BAD
#undef BAD_ON_S
};

enum { BAD_CALLS = sizeof bad_calls / sizeof bad_calls[0] };
_Static_assert(BAD_CALLS >= 150, "the contract asks for 150 bad calls at least");

static void make_keys(void)
{
    static const CK_ATTRIBUTE_TYPE aes_functions[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP,
                                                      CKA_UNWRAP,  CKA_SIGN,    CKA_VERIFY};
    struct template more = {.count = 0};
    struct template sensitive = {.count = 0};

    add_bool(&sensitive, CKA_SENSITIVE, true);
    add_bool(&sensitive, CKA_EXTRACTABLE, false);
    K.data = make_data(S, "data", NULL);
    K.aes = import_aes(S, 16, &sensitive);
    K.rsa = import_rsa(S, NULL);
    K.ec = import_ec(S, NULL);
    K.secret = import_secret(S, CKK_GENERIC_SECRET, "a secret", 8, NULL);

    add_bool(&more, CKA_EXTRACTABLE, true);
    K.open = import_aes(S, 16, &more);
    for (size_t i = 0; i < sizeof aes_functions / sizeof aes_functions[0]; i++) {
        add_bool(&more, aes_functions[i], false);
    }
    K.bare = import_aes(S, 16, &more);
    more.count = 0;
    add_bool(&more, CKA_SIGN, false);
    add_bool(&more, CKA_VERIFY, false);
    K.mute = import_secret(S, CKK_GENERIC_SECRET, "a secret", 8, &more);
    more.count = 0;
    add_bool(&more, CKA_DERIVE, false);
    K.stiff = import_ec(S, &more).private_key;
    more.count = 0;
    add_bool(&more, CKA_MODIFIABLE, false);
    add_bool(&more, CKA_COPYABLE, false);
    add_bool(&more, CKA_DESTROYABLE, false);
    K.fixed = make_data(S, "fixed", &more);
}

static void prepare(enum state state)
{
    memset(B, 0, sizeof B);
    if (state == LOADED) {
        setup_loaded();
    } else if (state == PUBLIC) {
        setup_public();
    } else if (state == OFFICER) {
        setup_so();
    } else {
        setup_user();
        make_keys();
    }
}

START_TEST(bad_call)
{
    const struct bad_call *row = &bad_calls[_i];
    CK_RV rv = CKR_OK;

    prepare(row->state);
    if (!answer_asked(row->id)) {
        return;
    }
    rv = row->call();
    if (rv == row->want) { /* before any other call, for it is the thread's last error */
        check_error_record(row->id, rv, row->huks);
    }
    answer_check(__FILE__, __LINE__, row->id, row->id, row->want, rv);
    if (huks != NULL && row->on_s) {
        ok(p11->C_GetSessionInfo(S, &session_info));
        ck_assert_msg(session_info.ulDeviceError == (CK_ULONG)row->huks,
                      "%s: ulDeviceError is %lu, expected %ld", row->id, session_info.ulDeviceError,
                      row->huks);
    }
}
END_TEST

/* The code that a row asks for is the second table's, unless the first table gives another for that CKR_*. */
START_TEST(codes_of_the_rows)
{
    for (size_t i = 0; i < BAD_CALLS; i++) {
        const struct bad_call *row = &bad_calls[i];

        bool parameter = row->want == CKR_MECHANISM_PARAM_INVALID && (row->huks == 12000001 || row->huks == 12000002);
        bool signature = row->want == CKR_SIGNATURE_LEN_RANGE && row->huks == 12000006;

        ck_assert_msg(row->huks == ckr_huks(row->want) || parameter || signature, "%s: %s with %ld", row->id,
                      ckr_name(row->want), row->huks);
    }
}
END_TEST

static Suite *badcalls_suite(void)
{
    Suite *suite = suite_create("badcalls");
    TCase *tcase = add_tcase(suite, "badcalls", setup_loaded);

    tcase_add_test(tcase, codes_of_the_rows);
    tcase_add_loop_test(tcase, bad_call, 0, BAD_CALLS);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, badcalls_suite());
}
