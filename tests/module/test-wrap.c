/* Wrapping and unwrapping: every mechanism there and back, and the attributes that decide who may. */
#include "harness.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

enum wrapped { WRAPPED_AES, WRAPPED_GENERIC, WRAPPED_RSA_PRIVATE, WRAPPED_EC_PRIVATE };

struct way {
    const char *id;
    CK_MECHANISM_TYPE type;
    enum wrapped what;
    CK_ULONG length; /* of the wrapped key; 0: whatever comes */
};

static const struct way ways[] = {
    {"wrap/KEY_WRAP-aes", CKM_AES_KEY_WRAP, WRAPPED_AES, 40},
    {"wrap/KEY_WRAP_PAD-aes", CKM_AES_KEY_WRAP_PAD, WRAPPED_AES, 40},
    {"wrap/KEY_WRAP_PAD-generic", CKM_AES_KEY_WRAP_PAD, WRAPPED_GENERIC, 32},
    {"wrap/KEY_WRAP_PAD-rsa", CKM_AES_KEY_WRAP_PAD, WRAPPED_RSA_PRIVATE, 0},
    {"wrap/KEY_WRAP_PAD-ec", CKM_AES_KEY_WRAP_PAD, WRAPPED_EC_PRIVATE, 0},
    {"wrap/CBC_PAD-aes", CKM_AES_CBC_PAD, WRAPPED_AES, 48},
    {"wrap/CBC_PAD-generic", CKM_AES_CBC_PAD, WRAPPED_GENERIC, 32},
    {"wrap/CBC_PAD-rsa", CKM_AES_CBC_PAD, WRAPPED_RSA_PRIVATE, 0},
    {"wrap/RSA_PKCS-aes", CKM_RSA_PKCS, WRAPPED_AES, 256},
    {"wrap/RSA_PKCS-generic", CKM_RSA_PKCS, WRAPPED_GENERIC, 256},
    {"wrap/OAEP-aes", CKM_RSA_PKCS_OAEP, WRAPPED_AES, 256},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

struct wrapping {
    const struct way *way;
    CK_MECHANISM mechanism;
    CK_RSA_PKCS_OAEP_PARAMS oaep;
    CK_BYTE iv[16];
    CK_OBJECT_HANDLE wrapping_key;
    CK_OBJECT_HANDLE unwrapping_key;
    CK_OBJECT_HANDLE key;
    CK_BYTE value[32];
    CK_ULONG value_length;
};

static void exportable(struct template *t)
{
    add_bool(t, CKA_EXTRACTABLE, true);
    add_bool(t, CKA_SENSITIVE, false);
}

static CK_OBJECT_HANDLE make_wrapped(struct wrapping *w)
{
    struct template more = {.count = 0};

    exportable(&more);
    fill_pattern(w->value, sizeof w->value, 60);
    switch (w->way->what) {
    case WRAPPED_AES:
        w->value_length = 32;
        return import_secret(the_session, CKK_AES, w->value, 32, &more);
    case WRAPPED_GENERIC:
        w->value_length = 20;
        return import_secret(the_session, CKK_GENERIC_SECRET, w->value, 20, &more);
    case WRAPPED_RSA_PRIVATE:
        return import_rsa(the_session, &more).private_key;
    case WRAPPED_EC_PRIVATE:
        return import_ec(the_session, &more).private_key;
    }
    return CK_INVALID_HANDLE;
}

static void begin(struct wrapping *w, const struct way *way)
{
    memset(w, 0, sizeof *w);
    w->way = way;
    w->mechanism.mechanism = way->type;
    if (way->type == CKM_AES_CBC_PAD) {
        fill_pattern(w->iv, sizeof w->iv, 3);
        w->mechanism.pParameter = w->iv;
        w->mechanism.ulParameterLen = sizeof w->iv;
    } else if (way->type == CKM_RSA_PKCS_OAEP) {
        w->oaep = (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
        w->mechanism.pParameter = &w->oaep;
        w->mechanism.ulParameterLen = sizeof w->oaep;
    }
    if (way->type == CKM_RSA_PKCS || way->type == CKM_RSA_PKCS_OAEP) {
        struct pair pair = import_rsa(the_session, NULL);

        w->wrapping_key = pair.public_key;
        w->unwrapping_key = pair.private_key;
    } else {
        w->wrapping_key = w->unwrapping_key = import_aes(the_session, 32, NULL);
    }
    w->key = make_wrapped(w);
}

static void unwrap_template(struct template *t, enum wrapped what)
{
    static const CK_KEY_TYPE types[] = {CKK_AES, CKK_GENERIC_SECRET, CKK_RSA, CKK_EC};

    add_ulong(t, CKA_CLASS, what >= WRAPPED_RSA_PRIVATE ? CKO_PRIVATE_KEY : CKO_SECRET_KEY);
    add_ulong(t, CKA_KEY_TYPE, types[what]);
    add_bool(t, CKA_TOKEN, false);
    exportable(t);
    if (what == WRAPPED_AES) {
        add_bool(t, CKA_ENCRYPT, true);
    } else if (what >= WRAPPED_RSA_PRIVATE) {
        add_bool(t, CKA_SIGN, true);
    }
}

static CK_RV wrap(struct wrapping *w, CK_BYTE *out, CK_ULONG *length)
{
    return p11->C_WrapKey(the_session, &w->mechanism, w->wrapping_key, w->key, out, length);
}

static CK_RV unwrap(struct wrapping *w, CK_BYTE *wrapped, CK_ULONG length, struct template *t,
                    CK_OBJECT_HANDLE *key)
{
    *key = CK_INVALID_HANDLE;
    return p11->C_UnwrapKey(the_session, &w->mechanism, w->unwrapping_key, wrapped, length, t->list, t->count,
                            key);
}

static void check_same_key(struct wrapping *w, CK_OBJECT_HANDLE key)
{
    CK_BYTE value[256];
    CK_ULONG length;

    if (w->value_length > 0) {
        ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), w->value_length);
        ck_assert(memcmp(value, w->value, w->value_length) == 0);
    } else if (w->way->what == WRAPPED_RSA_PRIVATE) {
        length = get_bytes(the_session, key, CKA_PRIVATE_EXPONENT, value, sizeof value);
        ck_assert(length == 256 && memcmp(value, rsa_private_exponent, 256) == 0);
        length = get_bytes(the_session, key, CKA_MODULUS, value, sizeof value);
        ck_assert(length == 256 && memcmp(value, rsa_modulus, 256) == 0);
    } else {
        length = get_bytes(the_session, key, CKA_VALUE, value, sizeof value);
        ck_assert(length == 32 && memcmp(value, ec_private, 32) == 0);
    }
}

/* False when the table says that the reference has not this way. */
static bool reference_lacks(struct wrapping *w)
{
    CK_BYTE out[2048];
    CK_ULONG length = sizeof out;

    if (difference_find(w->way->id) == NULL) {
        return false;
    }
    if (difference_find(w->way->id)->theirs == OTHERWISE) {
        return differs(w->way->id);
    }
    if (is_reference()) {
        expect_id(w->way->id, CKR_OK, wrap(w, out, &length));
        return true;
    }
    return false;
}

START_TEST(there_and_back)
{
    struct wrapping w;
    struct template t = {.count = 0};
    CK_BYTE out[2048];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    begin(&w, &ways[_i]);
    if (reference_lacks(&w)) {
        return;
    }
    ok(wrap(&w, out, &length));
    if (w.way->length > 0) {
        ck_assert_uint_eq(length, w.way->length);
    }
    unwrap_template(&t, w.way->what);
    ok(unwrap(&w, out, length, &t, &key));
    check_same_key(&w, key);
    ck_assert(!get_bool(the_session, key, CKA_LOCAL));
    ck_assert(!get_bool(the_session, key, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_NEVER_EXTRACTABLE));
}
END_TEST

/* Private keys whose PKCS #8 has no more than a string of bytes. */
static const struct bare {
    CK_MECHANISM_TYPE generates;
    CK_KEY_TYPE type;
    CK_BYTE params[5];
    CK_ULONG size;
} bares[] = {
    {0x1055, 0x40, {0x06, 0x03, 0x2b, 0x65, 0x70}, 32}, /* Ed25519 */
    {0x1055, 0x40, {0x06, 0x03, 0x2b, 0x65, 0x71}, 57}, /* Ed448   */
    {0x1056, 0x41, {0x06, 0x03, 0x2b, 0x65, 0x6e}, 32}, /* X25519  */
    {0x1056, 0x41, {0x06, 0x03, 0x2b, 0x65, 0x6f}, 56}, /* X448    */
};
enum { BARES = sizeof bares / sizeof bares[0] };

START_TEST(bare_private_keys)
{
    const struct bare *bare = &bares[_i];
    CK_MECHANISM generates = {bare->generates, NULL, 0}, wraps = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    struct template public = {.count = 0}, private = {.count = 0}, t = {.count = 0}, wrapper = {.count = 0};
    CK_BYTE out[256], before[64], after[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;
    struct pair pair;

    if (is_reference()) { /* SoftHSM2 wraps none of them */
        return;
    }
    exportable(&private);
    add_bytes(&public, CKA_EC_PARAMS, bare->params, sizeof bare->params);
    ok(p11->C_GenerateKeyPair(the_session, &generates, public.list, public.count, private.list, private.count,
                              &pair.public_key, &pair.private_key));
    add_bool(&wrapper, CKA_WRAP, true);
    add_bool(&wrapper, CKA_UNWRAP, true);
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, &wrapper);
    ok(p11->C_WrapKey(the_session, &wraps, by, pair.private_key, out, &length));
    exportable(&t);
    add_ulong(&t, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(&t, CKA_KEY_TYPE, bare->type);
    ok(p11->C_UnwrapKey(the_session, &wraps, by, out, length, t.list, t.count, &key));
    ck_assert_uint_eq(get_bytes(the_session, pair.private_key, CKA_VALUE, before, sizeof before), bare->size);
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, after, sizeof after), bare->size);
    ck_assert(memcmp(before, after, bare->size) == 0);
    ck_assert_uint_eq(get_ulong(the_session, key, CKA_KEY_TYPE), bare->type);
}
END_TEST

START_TEST(lengths)
{
    struct wrapping w;
    CK_BYTE out[2048];
    CK_ULONG length = 0;
    CK_ULONG exact = sizeof out;

    begin(&w, &ways[_i]);
    if (reference_lacks(&w)) {
        return;
    }
    ok(wrap(&w, out, &exact));
    ok(wrap(&w, NULL, &length));
    ck_assert_uint_ge(length, exact);
    memset(out, 0xee, sizeof out);
    length = exact - 1;
    expect(CKR_BUFFER_TOO_SMALL, wrap(&w, out, &length));
    ck_assert_uint_ge(length, exact);
    ck_assert_uint_eq(out[0], 0xee);
    length = exact;
    ok(wrap(&w, out, &length));
    ck_assert_uint_eq(length, exact);
    ck_assert_uint_eq(out[exact], 0xee);
}
END_TEST

/* What others wrapped, we unwrap: RFC 3394 by libcrypto and RSA by libcrypto. */
START_TEST(wrapped_by_libcrypto)
{
    struct wrapping w;
    struct template t = {.count = 0};
    CK_BYTE out[256];
    CK_ULONG length;
    CK_OBJECT_HANDLE key;

    begin(&w, &ways[8]);
    length =
        witness_rsa_encrypt(RSA_PKCS1, NULL, NULL, (struct bytes){NULL, 0}, (struct bytes){w.value, 32}, out);
    ck_assert_uint_eq(length, 256);
    unwrap_template(&t, WRAPPED_AES);
    ok(unwrap(&w, out, length, &t, &key));
    check_same_key(&w, key);
}
END_TEST

START_TEST(damaged)
{
    struct wrapping w;
    struct template t = {.count = 0};
    CK_BYTE out[2048];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    begin(&w, &ways[_i]);
    if (reference_lacks(&w) || w.way->type == CKM_RSA_PKCS || w.way->type == CKM_AES_CBC_PAD) {
        return; /* neither authenticates: damage may go unseen */
    }
    ok(wrap(&w, out, &length));
    out[length / 2] ^= 1;
    unwrap_template(&t, w.way->what);
    expect_id("wrap/damaged", CKR_WRAPPED_KEY_INVALID, unwrap(&w, out, length, &t, &key));
    out[length / 2] ^= 1;
    expect_id(w.way->type == CKM_RSA_PKCS_OAEP ? "wrap/oaep-length" : "wrap/aes-length",
              CKR_WRAPPED_KEY_LEN_RANGE, unwrap(&w, out, length - 1, &t, &key));
    expect_id(w.way->type == CKM_RSA_PKCS_OAEP ? "wrap/oaep-empty" : "wrap/aes-empty",
              CKR_WRAPPED_KEY_LEN_RANGE, unwrap(&w, out, 0, &t, &key));
    ok(unwrap(&w, out, length, &t, &key));
}
END_TEST

START_TEST(key_that_may_not_leave)
{
    struct wrapping w;
    struct template more = {.count = 0};
    CK_BYTE out[256];
    CK_ULONG length = sizeof out;

    begin(&w, &ways[0]);
    add_bool(&more, CKA_EXTRACTABLE, false);
    w.key = import_aes(the_session, 32, &more);
    expect(CKR_KEY_UNEXTRACTABLE, wrap(&w, out, &length));
    add_bool(&more, CKA_EXTRACTABLE, true);
    add_bool(&more, CKA_WRAP_WITH_TRUSTED, true);
    w.key = import_aes(the_session, 32, &more);
    expect(CKR_KEY_NOT_WRAPPABLE, wrap(&w, out, &length));
    w.key = import_rsa(the_session, NULL).public_key;
    expect_id("wrap/public-key", CKR_KEY_NOT_WRAPPABLE, wrap(&w, out, &length));
}
END_TEST

START_TEST(key_that_may_not_wrap)
{
    struct wrapping w;
    struct template no_wrap = {.count = 0};
    struct template t = {.count = 0};
    CK_BYTE out[256];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    begin(&w, &ways[0]);
    ok(wrap(&w, out, &length));
    add_bool(&no_wrap, CKA_WRAP, false);
    add_bool(&no_wrap, CKA_UNWRAP, false);
    w.wrapping_key = w.unwrapping_key = import_aes(the_session, 32, &no_wrap);
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, wrap(&w, out, &length));
    unwrap_template(&t, WRAPPED_AES);
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, unwrap(&w, out, length, &t, &key));
}
END_TEST

START_TEST(handles_and_types)
{
    struct wrapping w;
    struct template t = {.count = 0};
    CK_BYTE out[512] = {0};
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;
    CK_OBJECT_HANDLE good;

    begin(&w, &ways[0]);
    unwrap_template(&t, WRAPPED_AES);
    good = w.key;
    w.key = NO_HANDLE;
    expect(CKR_KEY_HANDLE_INVALID, wrap(&w, out, &length));
    w.key = good;
    w.wrapping_key = w.unwrapping_key = NO_HANDLE;
    expect(CKR_WRAPPING_KEY_HANDLE_INVALID, wrap(&w, out, &length));
    expect(CKR_UNWRAPPING_KEY_HANDLE_INVALID, unwrap(&w, out, 40, &t, &key));
    w.wrapping_key = import_rsa(the_session, NULL).public_key;
    w.unwrapping_key = import_rsa(the_session, NULL).private_key;
    expect(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, wrap(&w, out, &length));
    expect(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, unwrap(&w, out, 40, &t, &key));
    expect(CKR_ARGUMENTS_BAD, p11->C_WrapKey(the_session, NULL, w.wrapping_key, good, out, &length));
    expect(CKR_ARGUMENTS_BAD, p11->C_WrapKey(the_session, &w.mechanism, w.wrapping_key, good, out, NULL));
    w.mechanism.mechanism = NO_MECHANISM;
    expect(CKR_MECHANISM_INVALID, wrap(&w, out, &length));
    expect(CKR_MECHANISM_INVALID, unwrap(&w, out, 40, &t, &key));
    w.mechanism.mechanism = CKM_SHA256;
    expect(CKR_MECHANISM_INVALID, wrap(&w, out, &length));
}
END_TEST

START_TEST(unwrap_templates)
{
    struct wrapping w;
    struct template t = {.count = 0};
    CK_BYTE out[256];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    begin(&w, &ways[0]);
    ok(wrap(&w, out, &length));
    expect_id("wrap/unwrap-empty-template", CKR_TEMPLATE_INCOMPLETE, unwrap(&w, out, length, &t, &key));
    unwrap_template(&t, WRAPPED_AES);
    add_bool(&t, CKA_LOCAL, true);
    expect(CKR_ATTRIBUTE_READ_ONLY, unwrap(&w, out, length, &t, &key));
    t.count = 0;
    unwrap_template(&t, WRAPPED_AES);
    add_bytes(&t, CKA_VALUE, w.value, 32);
    expect(CKR_ATTRIBUTE_READ_ONLY, unwrap(&w, out, length, &t, &key));
    t.count = 0;
    unwrap_template(&t, WRAPPED_AES);
    add_bytes(&t, NO_ATTRIBUTE, w.value, 1);
    expect(CKR_ATTRIBUTE_TYPE_INVALID, unwrap(&w, out, length, &t, &key));
}
END_TEST

/* 2.40, 4.9: a wrapping key that the officer trusts may wrap what must not leave otherwise. */
START_TEST(trusted_wrapping_key)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    struct template t = {.count = 0};
    struct template more = {.count = 0};
    struct template label = {.count = 0};
    CK_OBJECT_HANDLE wrapping_key;
    CK_OBJECT_HANDLE key;
    CK_BYTE out[256];
    CK_ULONG length = sizeof out;

    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_SO, SO_PIN));
    rsa_public_template(&t);
    add_bool(&t, CKA_TOKEN, true);
    add_bool(&t, CKA_TRUSTED, true);
    add_text(&t, CKA_LABEL, "trusted");
    ok(create_object(the_session, &t, &wrapping_key));
    ok(p11->C_Logout(the_session));
    ok(login(the_session, CKU_USER, USER_PIN));
    add_text(&label, CKA_LABEL, "trusted");
    wrapping_key = find_object(the_session, &label);
    ck_assert(get_bool(the_session, wrapping_key, CKA_TRUSTED));
    add_bool(&more, CKA_EXTRACTABLE, true);
    add_bool(&more, CKA_WRAP_WITH_TRUSTED, true);
    key = import_aes(the_session, 32, &more);
    ok(p11->C_WrapKey(the_session, &mechanism, wrapping_key, key, out, &length));
    expect(
        CKR_KEY_NOT_WRAPPABLE,
        p11->C_WrapKey(the_session, &mechanism, import_rsa(the_session, NULL).public_key, key, out, &length));
}
END_TEST

/* 2.40, 4.9 and 4.10: CKA_WRAP_TEMPLATE says what may be wrapped, CKA_UNWRAP_TEMPLATE what comes out. */
START_TEST(wrap_and_unwrap_templates)
{
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE only_aes = {CKA_KEY_TYPE, &type, sizeof type};
    CK_ATTRIBUTE never_out[] = {{CKA_EXTRACTABLE, &no, sizeof no}, {CKA_SENSITIVE, &yes, sizeof yes}};
    struct template more = {.count = 0};
    struct template t = {.count = 0};
    struct wrapping w;
    CK_BYTE out[256];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

    begin(&w, &ways[2]);
    add_bytes(&more, CKA_WRAP_TEMPLATE, &only_aes, sizeof only_aes);
    add_bytes(&more, CKA_UNWRAP_TEMPLATE, never_out, sizeof never_out);
    w.wrapping_key = w.unwrapping_key = import_aes(the_session, 32, &more);
    expect_id("wrap/wrap-template", CKR_KEY_HANDLE_INVALID, wrap(&w, out, &length));
    begin(&w, &ways[1]);
    w.wrapping_key = w.unwrapping_key = import_aes(the_session, 32, &more);
    length = sizeof out;
    ok(wrap(&w, out, &length));
    unwrap_template(&t, WRAPPED_AES); /* asks for a readable key */
    expect_id("wrap/unwrap-template", CKR_TEMPLATE_INCONSISTENT, unwrap(&w, out, length, &t, &key));
    remove_attribute(&t, CKA_EXTRACTABLE);
    remove_attribute(&t, CKA_SENSITIVE);
    expect_id("wrap/unwrap-template-added", CKR_OK, unwrap(&w, out, length, &t, &key));
    if (!is_reference()) {
        ck_assert(!get_bool(the_session, key, CKA_EXTRACTABLE));
        ck_assert(get_bool(the_session, key, CKA_SENSITIVE));
    }
}
END_TEST

static Suite *wrap_suite(void)
{
    Suite *suite = suite_create("wrap");
    TCase *tcase = add_tcase(suite, "mechanisms", setup_user);

    tcase_add_loop_test(tcase, there_and_back, 0, WAYS);
    tcase_add_loop_test(tcase, lengths, 0, WAYS);
    tcase_add_loop_test(tcase, damaged, 0, WAYS);
    tcase_add_test(tcase, wrapped_by_libcrypto);
    tcase_add_loop_test(tcase, bare_private_keys, 0, BARES);

    tcase = add_tcase(suite, "rules", setup_user);
    tcase_add_test(tcase, key_that_may_not_leave);
    tcase_add_test(tcase, key_that_may_not_wrap);
    tcase_add_test(tcase, handles_and_types);
    tcase_add_test(tcase, unwrap_templates);
    tcase_add_test(tcase, trusted_wrapping_key);
    tcase_add_test(tcase, wrap_and_unwrap_templates);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, wrap_suite());
}
