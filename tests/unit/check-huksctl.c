/* What huksctl says about errors and algorithms, against the PKCS#11 door's own tables. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "pkcs11/attribute.h"
#include "pkcs11/ckr.h"
#include "pkcs11/errors.h"
#include "tools/ctl_errors.h"
#include "tools/ctl_names.h"
#include "tools/foreign.h"

static const char *bare(const char *ckr)
{
    return ckr + strlen("CKR_");
}

static size_t words_in(const char *list)
{
    size_t count = 0;
    for (list += strspn(list, " "); *list != '\0'; list += strspn(list, " ")) {
        list += strcspn(list, " ");
        count++;
    }
    return count;
}

START_TEST(each_ckr_reads_back_as_in_the_table)
{
    size_t listed = 0;
#define COMPARE(name, value, huks, about, info)                                                              \
    if ((huks) != HUKS_OK) {                                                                                 \
        const struct ctl_error_row *row = ctl_error_by_ckr("CKR_" #name);                                    \
        ck_assert_msg(row != NULL, "huksctl errors does not know CKR_" #name);                               \
        ck_assert_msg(row->code == (huks), "CKR_" #name " reads back as %d, not %d", (huks), row->code);     \
        ck_assert_ptr_eq(ctl_error_by_ckr(#name), row);                                                      \
    }
    P11_CKR_TABLE(COMPARE)
#undef COMPARE
    for (const struct ctl_error_row *row = ctl_error_rows; row->name != NULL; row++) {
        listed += words_in(row->reads);
    }
    ck_assert_uint_eq(listed, P11_CKR_ROWS - 1); /* all but OK, none twice */
    ck_assert_ptr_null(ctl_error_by_ckr("CKR_OK"));
    ck_assert_ptr_null(ctl_error_by_ckr("CKR_"));
    ck_assert_ptr_null(ctl_error_by_ckr("CKR_PIN"));
    ck_assert_ptr_null(ctl_error_by_ckr(""));
    ck_assert_ptr_nonnull(ctl_error_by_ckr("ckr_pin_locked"));
}
END_TEST

/* Everything that p11_rv() can make of a code. */
static bool reachable(int32_t code, const char *name)
{
    for (enum error_about about = ABOUT_NOTHING; about < ABOUT_COUNT; about++) {
        for (enum p11_where where = P11_AT_INITIALIZE; where < P11_WHERE_COUNT; where++) {
            ck_assert_int_eq(error_raise(code, about, "words"), code);
            if (strcmp(p11_rv_name(p11_rv(code, where)), name) == 0) {
                return true;
            }
        }
    }
    return false;
}

START_TEST(answers_are_those_of_the_door)
{
    const struct ctl_error_row *row = &ctl_error_rows[_i];
    for (enum error_about about = ABOUT_NOTHING; about < ABOUT_COUNT; about++) {
        for (enum p11_where where = P11_AT_INITIALIZE; where < P11_WHERE_COUNT; where++) {
            ck_assert_int_eq(error_raise(row->code, about, "words"), row->code);
            const char *name = p11_rv_name(p11_rv(row->code, where));
            ck_assert_msg(ctl_error_lists(row->answers, bare(name)), "%d also becomes %s", row->code, name);
        }
    }
    for (const char *at = strstr(row->answers, "CKR_"); at != NULL; at = strstr(at + 1, "CKR_")) {
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " ;,()"), at);
        ck_assert_msg(reachable(row->code, name), "%d never becomes %s", row->code, name);
    }
}
END_TEST

START_TEST(each_row_has_all_its_sentences)
{
    const struct ctl_error_row *row = &ctl_error_rows[_i];
    ck_assert_ptr_eq(ctl_error_find(row->code), row);
    ck_assert_uint_gt(strlen(row->meaning), 10);
    ck_assert_uint_gt(strlen(row->remedy), 10);
    for (enum error_about about = ABOUT_NOTHING; about < ABOUT_COUNT; about++) {
        const char *template = error_template(row->code, about);
        bool told = false;
        for (size_t i = 0; i < ARRAY_SIZE(row->messages) && row->messages[i] != ABOUT_COUNT; i++) {
            told = told || error_template(row->code, row->messages[i]) == template;
        }
        ck_assert_msg(told, "%d has the sentence \"%s\", too", row->code, template);
        ck_assert_uint_gt(strlen(ctl_error_remedy(row->code, about)), 10);
    }
}
END_TEST

START_TEST(each_code_has_a_row)
{
    for (int32_t code = HUKS_E_NOT_SUPPORTED; code <= HUKS_E_ARGUMENT; code++) {
        ck_assert_ptr_nonnull(ctl_error_find(code));
    }
    ck_assert_ptr_nonnull(ctl_error_find(HUKS_E_PERMISSION));
    ck_assert_ptr_nonnull(ctl_error_find(HUKS_E_PARAMETER));
    ck_assert_ptr_nonnull(ctl_error_find(HUKS_E_API_NOT_SUPPORTED));
    ck_assert_ptr_null(ctl_error_find(0));
    ck_assert_ptr_null(ctl_error_find(12000099));
    ck_assert_ptr_nonnull(ctl_error_remedy(12000099, ABOUT_NOTHING));
}
END_TEST

/* ---- algorithms ---- */

START_TEST(key_types_and_mechanisms_are_those_of_the_standard)
{
    static const struct {
        const char *name;
        CK_KEY_TYPE type;
        CK_MECHANISM_TYPE mechanism;
    } rows[] = {
        {"rsa", CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN},
        {"ec", CKK_EC, CKM_EC_KEY_PAIR_GEN},
        {"ed25519", CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN},
        {"ed448", CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN},
        {"x25519", CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN},
        {"x448", CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN},
        {"sm2", CKK_HUKS_SM2, CKM_HUKS_SM2_KEY_PAIR_GEN},
        {"dsa", CKK_DSA, CKM_DSA_KEY_PAIR_GEN},
        {"dh", CKK_DH, CKM_DH_PKCS_KEY_PAIR_GEN},
        {"ml-dsa", CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN},
        {"slh-dsa", CKK_SLH_DSA, CKM_SLH_DSA_KEY_PAIR_GEN},
        {"ml-kem", CKK_ML_KEM, CKM_ML_KEM_KEY_PAIR_GEN},
        {"aes", CKK_AES, CKM_AES_KEY_GEN},
        {"sm4", CKK_HUKS_SM4, CKM_HUKS_SM4_KEY_GEN},
        {"3des", CKK_DES3, CKM_DES3_KEY_GEN},
        {"chacha20", CKK_CHACHA20, CKM_CHACHA20_KEY_GEN},
        {"hmac", CKK_GENERIC_SECRET, CKM_GENERIC_SECRET_KEY_GEN},
    };
    size_t count = 0;
    for (const struct alg_row *alg = alg_rows; alg->name != NULL; alg++) {
        count++;
    }
    ck_assert_uint_eq(count, ARRAY_SIZE(rows));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct alg_row *alg = alg_by_name(rows[i].name);
        ck_assert_msg(alg != NULL, "%s", rows[i].name);
        ck_assert_msg(alg->key_type == rows[i].type, "%s: key type", alg->name);
        ck_assert_msg(alg->made_by == rows[i].mechanism, "%s: mechanism", alg->name);
        ck_assert_ptr_eq(alg_by_number(alg->alg), alg);
        uint32_t purposes = alg->pair ? p11_default_purposes(alg->key_type, CKO_PUBLIC_KEY) |
                                            p11_default_purposes(alg->key_type, CKO_PRIVATE_KEY)
                                      : p11_default_purposes(alg->key_type, CKO_SECRET_KEY);
        ck_assert_msg((alg->purposes & purposes) == purposes, "%s: purposes", alg->name);
    }
    ck_assert_ptr_null(alg_by_name("rot13"));
    ck_assert_ptr_nonnull(alg_by_name("RSA"));
}
END_TEST

START_TEST(curves_have_their_names)
{
    static const char *const same[] = {"prime256v1", "secp256r1", "P-256", "p-256"};
    uint8_t buffer[CURVE_PARAMS_MAX];
    struct bytes params = BYTES_NONE;
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        ck_assert(curve_params(OH_HUKS_ALG_ECC, same[i], buffer, &params));
        ck_assert_str_eq(curve_title(params), "prime256v1");
    }
    ck_assert(curve_params(OH_HUKS_ALG_ECC, "brainpoolP384r1", buffer, &params));
    ck_assert_str_eq(curve_title(params), "brainpoolP384r1");
    ck_assert(!curve_params(OH_HUKS_ALG_ECC, "edwards25519", buffer, &params));
    ck_assert(!curve_params(OH_HUKS_ALG_ECC, "", buffer, &params));
    ck_assert_ptr_null(curve_title(BYTES_NONE));
    ck_assert_ptr_null(curve_title(bytes_of("\x06\x01\x01", 3)));
    ck_assert_int_eq(error_code(), HUKS_OK);
}
END_TEST

/* ---- other modules ---- */

START_TEST(answers_of_other_modules_have_their_names)
{
    size_t named = 0;
    char room[24];
#define COMPARE(name, value, huks, about, info)                                                              \
    if (strncmp(foreign_answer(CKR_##name, room), "0x", 2) != 0) {                                           \
        ck_assert_str_eq(foreign_answer(CKR_##name, room), "CKR_" #name);                                    \
        ck_assert_ptr_nonnull(ctl_error_by_ckr("CKR_" #name));                                               \
        named++;                                                                                             \
    }
    P11_CKR_TABLE(COMPARE)
#undef COMPARE
    ck_assert_uint_gt(named, 30);
    ck_assert_str_eq(foreign_answer(CKR_VENDOR_DEFINED | 7, room), "0x80000007");
}
END_TEST

/* All that a template may bring, but what the SO gives, what follows from the value, and what is ours alone.
 */
START_TEST(no_attribute_is_forgotten)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_DATA,        CKO_CERTIFICATE, CKO_PUBLIC_KEY,
                                              CKO_PRIVATE_KEY, CKO_SECRET_KEY,  CKO_DOMAIN_PARAMETERS};
    static const CK_ATTRIBUTE_TYPE others[] = {CKA_CLASS,       CKA_TOKEN,           CKA_TRUSTED,
                                               CKA_CHECK_VALUE, CKA_PUBLIC_KEY_INFO, CKA_VALUE_LEN};
    size_t count = 0, compared = 0;
    const struct attribute_row *rows = attribute_rows(&count);
    for (size_t i = 0; i < count; i++) {
        bool other = (rows[i].type & CKA_VENDOR_DEFINED) != 0 || (rows[i].flags & A_CREATE) == 0;
        for (size_t k = 0; k < ARRAY_SIZE(others); k++) {
            other = other || rows[i].type == others[k];
        }
        for (size_t k = 0; k < ARRAY_SIZE(classes) && !other; k++) {
            bool point = rows[i].type == CKA_EC_POINT && classes[k] == CKO_PRIVATE_KEY; /* derived from it */
            if ((rows[i].classes & attribute_class_bit(classes[k])) != 0 && !point) {
                ck_assert_msg(foreign_knows(classes[k], rows[i].type), "class %lu: attribute 0x%lx",
                              classes[k], rows[i].type);
                compared++;
            }
        }
    }
    ck_assert_uint_gt(compared, 80);
    ck_assert(!foreign_knows(CKO_DATA, CKA_MODULUS));
    ck_assert(!foreign_knows(CKO_PRIVATE_KEY, CKA_TRUSTED));
    ck_assert(!foreign_knows(CKO_HW_FEATURE, CKA_LABEL));
    ck_assert(!foreign_knows(~0UL, CKA_LABEL));
}
END_TEST

int main(void)
{
    int rows = 0;
    while (ctl_error_rows[rows].name != NULL) {
        rows++;
    }
    Suite *suite = suite_create("huksctl");
    TCase *errors = tcase_create("errors");
    tcase_add_test(errors, each_ckr_reads_back_as_in_the_table);
    tcase_add_loop_test(errors, answers_are_those_of_the_door, 0, rows);
    tcase_add_loop_test(errors, each_row_has_all_its_sentences, 0, rows);
    tcase_add_test(errors, each_code_has_a_row);
    suite_add_tcase(suite, errors);
    TCase *names = tcase_create("names");
    tcase_add_test(names, key_types_and_mechanisms_are_those_of_the_standard);
    tcase_add_test(names, curves_have_their_names);
    suite_add_tcase(suite, names);
    TCase *foreign = tcase_create("foreign");
    tcase_add_test(foreign, answers_of_other_modules_have_their_names);
    tcase_add_test(foreign, no_attribute_is_forgotten);
    suite_add_tcase(suite, foreign);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
