/* Wrapping with a tag and associated data, PKCS #11 3.2: nonces given or made, tags that travel apart or
 * behind the key, and nothing that comes out of a wrapped key that was touched. */
#include "newer.h"

#include <string.h>

#include "keys.h"
#include "witness.h"

enum { VALUE = 32, TAG = 16, NONCE = 12, GCM = 0, CCM = 1, KINDS = 2 };

struct fixture {
    CK_OBJECT_HANDLE by, key;
    CK_BYTE by_value[32], value[VALUE], aad[20], nonce[NONCE], tag[TAG];
    union {
        struct gcm_message gcm;
        struct ccm_message ccm;
    };
    CK_MECHANISM mechanism;
    struct template out; /* for what is unwrapped */
};

static void prepare(struct fixture *f, int kind)
{
    struct template more = {.count = 0};

    memset(f, 0, sizeof *f);
    fill_pattern(f->by_value, sizeof f->by_value, 1);
    fill_pattern(f->value, sizeof f->value, 40);
    fill_pattern(f->aad, sizeof f->aad, 80);
    fill_pattern(f->nonce, sizeof f->nonce, 120);
    if (kind == GCM) {
        f->gcm = (struct gcm_message){f->nonce, NONCE, 0, NO_GENERATE, f->tag, TAG * 8};
        f->mechanism = (CK_MECHANISM){CKM_AES_GCM, &f->gcm, sizeof f->gcm};
    } else {
        f->ccm = (struct ccm_message){VALUE, f->nonce, NONCE, 0, NO_GENERATE, f->tag, TAG};
        f->mechanism = (CK_MECHANISM){NEW_CKM_AES_CCM, &f->ccm, sizeof f->ccm};
    }
    add_bool(&more, CKA_EXTRACTABLE, true);
    f->by = import_secret(the_session, CKK_AES, f->by_value, sizeof f->by_value, NULL);
    f->key = import_secret(the_session, CKK_AES, f->value, VALUE, &more);
    add_ulong(&f->out, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&f->out, CKA_KEY_TYPE, CKK_AES);
    add_bool(&f->out, CKA_EXTRACTABLE, true);
    add_bool(&f->out, CKA_SENSITIVE, false);
}

/* Lets the module make the nonce: all of it (`fixed` 0), or what is behind its first bits. */
static void generate(struct fixture *f, CK_ULONG generator, CK_ULONG fixed)
{
    if (f->mechanism.mechanism == CKM_AES_GCM) {
        f->gcm.generator = generator;
        f->gcm.iv_fixed_bits = fixed;
    } else {
        f->ccm.generator = generator;
        f->ccm.nonce_fixed_bits = fixed;
    }
}

static CK_RV wrap(struct fixture *f, CK_BYTE *out, CK_ULONG *length)
{
    return newer->C_WrapKeyAuthenticated(the_session, &f->mechanism, f->by, f->key, f->aad, sizeof f->aad,
                                         out, length);
}

static CK_RV unwrap(struct fixture *f, const CK_BYTE *wrapped, CK_ULONG length, CK_OBJECT_HANDLE *key)
{
    *key = CK_INVALID_HANDLE;
    return newer->C_UnwrapKeyAuthenticated(the_session, &f->mechanism, f->by, wrapped, length, f->out.list,
                                           f->out.count, f->aad, sizeof f->aad, key);
}

static void check_value(struct fixture *f, CK_OBJECT_HANDLE key)
{
    CK_BYTE value[64];

    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), VALUE);
    ck_assert(memcmp(value, f->value, VALUE) == 0);
    ck_assert(!get_bool(the_session, key, CKA_LOCAL));
    ck_assert(!get_bool(the_session, key, CKA_ALWAYS_SENSITIVE));
    ck_assert(!get_bool(the_session, key, CKA_NEVER_EXTRACTABLE));
}

/* What libcrypto makes of it: the wrapped key, and behind it the tag. */
static void expected(struct fixture *f, CK_BYTE out[VALUE + TAG])
{
    const struct cipher cipher = {f->mechanism.mechanism == CKM_AES_GCM ? "AES-256-GCM" : "AES-256-CCM",
                                  {f->by_value, sizeof f->by_value},
                                  {f->nonce, NONCE},
                                  {f->aad, sizeof f->aad},
                                  false};

    ck_assert_uint_eq(witness_encrypt(&cipher, (struct bytes){f->value, VALUE}, out), VALUE + TAG);
}

/* Section 5.18.6: only the wrapped key comes out, the tag goes where the parameter says. */
NEWER_TEST(tag_apart)
{
    struct fixture f;
    CK_BYTE out[64], want[VALUE + TAG];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    prepare(&f, _i);
    expected(&f, want);
    ok(wrap(&f, out, &length));
    ck_assert_uint_eq(length, VALUE);
    ck_assert(memcmp(out, want, VALUE) == 0);
    ck_assert(memcmp(f.tag, want + VALUE, TAG) == 0);
    ok(unwrap(&f, out, length, &key));
    check_value(&f, key);
}

NEWER_TEST(made_nonces_never_repeat)
{
    enum { TIMES = 20 };
    static const CK_ULONG generators[] = {GENERATE, GENERATE_COUNTER, GENERATE_RANDOM};
    struct fixture f;
    CK_BYTE seen[TIMES * 3][NONCE], out[64];
    CK_OBJECT_HANDLE key;
    size_t count = 0;

    prepare(&f, _i);
    for (size_t g = 0; g < 3; g++) {
        for (int i = 0; i < TIMES; i++) {
            CK_ULONG length = sizeof out;

            generate(&f, generators[g], 0);
            ok(wrap(&f, out, &length));
            for (size_t j = 0; j < count; j++) {
                ck_assert(memcmp(seen[j], f.nonce, NONCE) != 0);
            }
            memcpy(seen[count++], f.nonce, NONCE);
            generate(&f, NO_GENERATE, 0);
            ok(unwrap(&f, out, length, &key));
            check_value(&f, key);
            ok(p11->C_DestroyObject(the_session, key));
        }
    }
}

NEWER_TEST(fixed_bits_stay)
{
    struct fixture f;
    CK_BYTE out[64], before[NONCE];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    prepare(&f, _i);
    memcpy(before, f.nonce, NONCE);
    generate(&f, GENERATE_COUNTER, 32);
    ok(wrap(&f, out, &length));
    ck_assert(memcmp(before, f.nonce, 4) == 0);
    ck_assert(memcmp(before + 4, f.nonce + 4, NONCE - 4) != 0);
    ok(unwrap(&f, out, length, &key));
}

/* A question for the length and a short buffer spend no nonce and touch no tag. */
NEWER_TEST(lengths)
{
    struct fixture f;
    CK_BYTE out[64], nonce[NONCE], tag[TAG] = {0};
    CK_ULONG length = 0;

    prepare(&f, _i);
    generate(&f, GENERATE_COUNTER, 0);
    memcpy(nonce, f.nonce, NONCE);
    ok(wrap(&f, NULL, &length));
    ck_assert_uint_eq(length, VALUE);
    length--;
    expect(CKR_BUFFER_TOO_SMALL, wrap(&f, out, &length));
    ck_assert_uint_eq(length, VALUE);
    ck_assert(memcmp(nonce, f.nonce, NONCE) == 0);
    ck_assert(memcmp(tag, f.tag, TAG) == 0);
    ok(wrap(&f, out, &length));
    memset(nonce, 0, NONCE); /* the first of its key: the counter begins at zero */
    ck_assert(memcmp(nonce, f.nonce, NONCE) == 0);
}

NEWER_TEST(touched)
{
    struct fixture f;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    prepare(&f, _i);
    ok(wrap(&f, out, &length));
    CK_BYTE *bytes[] = {out, out + VALUE - 1, f.tag, f.tag + TAG - 1, f.nonce, f.aad, f.aad + 19};
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        *bytes[i] ^= 0x80;
        expect(CKR_WRAPPED_KEY_INVALID, unwrap(&f, out, length, &key));
        ck_assert_uint_eq(key, CK_INVALID_HANDLE);
        *bytes[i] ^= 0x80;
    }
    expect(CKR_WRAPPED_KEY_INVALID,
           newer->C_UnwrapKeyAuthenticated(the_session, &f.mechanism, f.by, out, length, f.out.list,
                                           f.out.count, NULL, 0, &key));
    ok(unwrap(&f, out, length, &key));
}

NEWER_TEST(arguments)
{
    struct fixture f;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    prepare(&f, _i);
    expect(CKR_ARGUMENTS_BAD, wrap(&f, out, NULL));
    expect(CKR_ARGUMENTS_BAD,
           newer->C_WrapKeyAuthenticated(the_session, NULL, f.by, f.key, NULL, 0, out, &length));
    expect(CKR_ARGUMENTS_BAD,
           newer->C_WrapKeyAuthenticated(the_session, &f.mechanism, f.by, f.key, NULL, 5, out, &length));
    expect(CKR_ARGUMENTS_BAD, newer->C_UnwrapKeyAuthenticated(the_session, &f.mechanism, f.by, NULL, 5,
                                                              f.out.list, f.out.count, NULL, 0, &key));
    expect(CKR_ARGUMENTS_BAD,
           newer->C_UnwrapKeyAuthenticated(the_session, &f.mechanism, f.by, out, VALUE, f.out.list,
                                           f.out.count, f.aad, sizeof f.aad, NULL));
    f.mechanism.ulParameterLen--;
    expect(CKR_MECHANISM_PARAM_INVALID, wrap(&f, out, &length));
    expect(CKR_MECHANISM_PARAM_INVALID, unwrap(&f, out, VALUE, &key));
    f.mechanism.ulParameterLen++;
    f.mechanism.mechanism = CKM_AES_KEY_WRAP;
    expect(CKR_MECHANISM_INVALID, wrap(&f, out, &length));
    expect(CKR_MECHANISM_INVALID, unwrap(&f, out, VALUE, &key));
}

NEWER_TEST(parameters)
{
    struct fixture f;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;

    prepare(&f, GCM);
    f.gcm.tag = NULL;
    expect(CKR_MECHANISM_PARAM_INVALID, wrap(&f, out, &length));
    f.gcm.tag = f.tag;
    f.gcm.iv = NULL;
    expect(CKR_MECHANISM_PARAM_INVALID, wrap(&f, out, &length));
    f.gcm.iv = f.nonce;
    f.gcm.tag_bits = 129;
    expect(CKR_MECHANISM_PARAM_INVALID, wrap(&f, out, &length));
    f.gcm.tag_bits = 128;
    f.gcm.generator = 5;
    expect(CKR_MECHANISM_PARAM_INVALID, wrap(&f, out, &length));
    f.gcm.generator = NO_GENERATE;
    ok(wrap(&f, out, &length));
}

/* Who may, and what may leave: as C_WrapKey has it. */
NEWER_TEST(permissions)
{
    struct template no = {.count = 0};
    struct fixture f;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    prepare(&f, _i);
    add_bool(&no, CKA_WRAP, false);
    add_bool(&no, CKA_UNWRAP, false);
    CK_OBJECT_HANDLE good = f.by;
    f.by = import_secret(the_session, CKK_AES, f.by_value, sizeof f.by_value, &no);
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, wrap(&f, out, &length));
    expect(CKR_KEY_FUNCTION_NOT_PERMITTED, unwrap(&f, out, VALUE, &key));
    f.by = good;
    add_bool(&no, CKA_EXTRACTABLE, false);
    f.key = import_secret(the_session, CKK_AES, f.value, VALUE, &no);
    expect(CKR_KEY_UNEXTRACTABLE, wrap(&f, out, &length));
    f.by = import_rsa(the_session, NULL).public_key;
    expect(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, wrap(&f, out, &length));
}

/* The template's own size must be the key's: a key is not taken for a shorter one. */
NEWER_TEST(sizes_agree)
{
    struct fixture f;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    prepare(&f, _i);
    ok(wrap(&f, out, &length));
    add_ulong(&f.out, CKA_VALUE_LEN, VALUE / 2);
    expect(CKR_WRAPPED_KEY_LEN_RANGE, unwrap(&f, out, length, &key));
    remove_attribute(&f.out, CKA_VALUE_LEN);
    add_ulong(&f.out, CKA_VALUE_LEN, VALUE);
    ok(unwrap(&f, out, length, &key));
    check_value(&f, key);
}

NEWER_TEST(private_keys)
{
    struct template more = {.count = 0};
    struct fixture f;
    CK_BYTE out[256], value[64];
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key;

    prepare(&f, _i);
    add_bool(&more, CKA_EXTRACTABLE, true);
    f.key = import_ec(the_session, &more).private_key;
    if (_i == CCM) {
        ok(wrap(&f, NULL, &length));
        f.ccm.data_size = length;
    }
    ok(wrap(&f, out, &length));
    f.out.count = 0;
    add_ulong(&f.out, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(&f.out, CKA_KEY_TYPE, CKK_EC);
    add_bool(&f.out, CKA_EXTRACTABLE, true);
    add_bool(&f.out, CKA_SENSITIVE, false);
    ok(unwrap(&f, out, length, &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, value, sizeof value), sizeof ec_private);
    ck_assert(memcmp(value, ec_private, sizeof ec_private) == 0);
    /* An unwrapped key is what its template says, or nothing. */
    f.out.count = 0;
    add_ulong(&f.out, CKA_CLASS, CKO_PRIVATE_KEY);
    add_ulong(&f.out, CKA_KEY_TYPE, CKK_RSA);
    expect(CKR_WRAPPED_KEY_INVALID, unwrap(&f, out, length, &key));
}

/* ---- C_WrapKey and C_UnwrapKey: the tag stands behind the key ---- */

static void there_and_back(struct fixture *f, CK_MECHANISM *wrapping, CK_MECHANISM *unwrapping, CK_BYTE *out)
{
    CK_ULONG length = VALUE + TAG;
    CK_OBJECT_HANDLE key;

    ok(p11->C_WrapKey(the_session, wrapping, f->by, f->key, out, &length));
    ck_assert_uint_eq(length, VALUE + TAG);
    ok(p11->C_UnwrapKey(the_session, unwrapping, f->by, out, length, f->out.list, f->out.count, &key));
    check_value(f, key);
    out[length - 1] ^= 1;
    expect(CKR_WRAPPED_KEY_INVALID,
           p11->C_UnwrapKey(the_session, unwrapping, f->by, out, length, f->out.list, f->out.count, &key));
    out[length - 1] ^= 1;
}

NEWER_TEST(tag_behind)
{
    struct fixture f;
    CK_BYTE out[VALUE + TAG], want[VALUE + TAG];

    prepare(&f, _i);
    CK_GCM_PARAMS gcm = {f.nonce, NONCE, NONCE * 8, f.aad, sizeof f.aad, TAG * 8};
    struct ccm_params ccm = {VALUE, f.nonce, NONCE, f.aad, sizeof f.aad, TAG};
    struct gcm_wrap gcm_wrap = {f.nonce, NONCE, 0, NO_GENERATE, f.aad, sizeof f.aad, TAG * 8};
    struct ccm_wrap ccm_wrap = {VALUE, f.nonce, NONCE, 0, NO_GENERATE, f.aad, sizeof f.aad, TAG};
    CK_MECHANISM given[] = {{CKM_AES_GCM, &gcm, sizeof gcm}, {NEW_CKM_AES_CCM, &ccm, sizeof ccm}};
    CK_MECHANISM made[] = {{CKM_AES_GCM, &gcm_wrap, sizeof gcm_wrap},
                           {NEW_CKM_AES_CCM, &ccm_wrap, sizeof ccm_wrap}};
    expected(&f, want);
    there_and_back(&f, &given[_i], &given[_i], out);
    ck_assert(memcmp(out, want, sizeof want) == 0);
    there_and_back(&f, &made[_i], &made[_i], out);
    ck_assert(memcmp(out, want, sizeof want) == 0);
    there_and_back(&f, &made[_i], &given[_i], out);
    gcm_wrap.generator = ccm_wrap.generator = GENERATE;
    ck_assert(memcmp(out, want, sizeof want) == 0);
    there_and_back(&f, &made[_i], &given[_i], out);
    ck_assert(memcmp(out, want, sizeof want) != 0);
}

/* Section 6.10: a key that fills no block is filled up with zeros, and its length is told on the way back. */
NEWER_TEST(cbc_fills_up)
{
    struct template more = {.count = 0}, t = {.count = 0};
    CK_BYTE iv[16] = {7}, value[20], out[64], read[64];
    CK_MECHANISM mechanism = {CKM_AES_CBC, iv, sizeof iv};
    CK_ULONG length = sizeof out;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

    fill_pattern(value, sizeof value, 3);
    add_bool(&more, CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE by = import_aes(the_session, 32, NULL);
    CK_OBJECT_HANDLE secret = import_secret(the_session, CKK_GENERIC_SECRET, value, sizeof value, &more);
    ok(p11->C_WrapKey(the_session, &mechanism, by, secret, out, &length));
    ck_assert_uint_eq(length, 32);
    add_ulong(&t, CKA_CLASS, CKO_SECRET_KEY);
    add_ulong(&t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    add_bool(&t, CKA_EXTRACTABLE, true);
    add_bool(&t, CKA_SENSITIVE, false);
    add_ulong(&t, CKA_VALUE_LEN, sizeof value);
    ok(p11->C_UnwrapKey(the_session, &mechanism, by, out, length, t.list, t.count, &key));
    ck_assert_uint_eq(get_bytes(the_session, key, CKA_VALUE, read, sizeof read), sizeof value);
    ck_assert(memcmp(read, value, sizeof value) == 0);
    /* What is cut off must be zeros, and less than a block. */
    remove_attribute(&t, CKA_VALUE_LEN);
    add_ulong(&t, CKA_VALUE_LEN, 18);
    expect(CKR_WRAPPED_KEY_INVALID,
           p11->C_UnwrapKey(the_session, &mechanism, by, out, length, t.list, t.count, &key));
    remove_attribute(&t, CKA_VALUE_LEN);
    add_ulong(&t, CKA_VALUE_LEN, 16);
    expect(CKR_WRAPPED_KEY_LEN_RANGE,
           p11->C_UnwrapKey(the_session, &mechanism, by, out, length, t.list, t.count, &key));
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("wrap-authenticated");
    TCase *tcase = add_tcase(suite, "wrap-authenticated", newer_user);

    tcase_add_loop_test(tcase, tag_apart, 0, KINDS);
    tcase_add_loop_test(tcase, made_nonces_never_repeat, 0, KINDS);
    tcase_add_loop_test(tcase, fixed_bits_stay, 0, KINDS);
    tcase_add_loop_test(tcase, lengths, 0, KINDS);
    tcase_add_loop_test(tcase, touched, 0, KINDS);
    tcase_add_loop_test(tcase, arguments, 0, KINDS);
    tcase_add_test(tcase, parameters);
    tcase_add_loop_test(tcase, permissions, 0, KINDS);
    tcase_add_loop_test(tcase, sizes_agree, 0, KINDS);
    tcase_add_loop_test(tcase, private_keys, 0, KINDS);
    tcase_add_loop_test(tcase, tag_behind, 0, KINDS);
    tcase_add_test(tcase, cbc_fills_up);
    return harness_run(argc, argv, suite);
}
