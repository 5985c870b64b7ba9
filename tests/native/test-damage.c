/*
 * A damaged record: every function that reads the key answers 12000012, whatever half of a pair it is, other
 * keys are as good as before, and a new key may take the alias.
 */
#include <stdio.h>

#include <sqlite3.h>

#include "conditions.h"
#include "native.h"

#define AES_CRYPT ALG(AES), SIZE(256), PURPOSE(ENCRYPT | DECRYPT), PADDING(NONE), MODE(GCM)
#define ECC_SIGN  ALG(ECC), SIZE(256), PURPOSE(SIGN | VERIFY), DIGEST(SHA256)

enum { SECRET = 1, OTHER, FIRST_HALF, SECOND_HALF }; /* records, in the order in which they are made */

static void make(void)
{
    CHILD(OH_Huks_GenerateKeyItem(NAME("secret"), SET(AES_CRYPT), NULL).errorCode == 0);
    CHILD(OH_Huks_GenerateKeyItem(NAME("other"), SET(AES_CRYPT), NULL).errorCode == 0);
    CHILD(OH_Huks_GenerateKeyItem(NAME("pair"), SET(ECC_SIGN), NULL).errorCode == 0);
}

/* The first byte becomes another, whatever it was: it is of a random nonce. */
#define FLIPPED "CASE substr(attrs,1,1) WHEN x'00' THEN x'01' ELSE x'00' END||substr(attrs,2)"

static void damage(int record)
{
    char sql[200];
    sqlite3 *db = NULL;
    (void)snprintf(sql, sizeof sql, "UPDATE item SET attrs=" FLIPPED " WHERE id=%d", record);
    ck_assert_int_eq(sqlite3_open_v2(in_store("token-0.db"), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_changes(db), 1);
    (void)sqlite3_close(db);
}

static const struct damaged {
    int record;
    const char *alias;
} damaged[] = {{SECRET, "secret"}, {FIRST_HALF, "pair"}, {SECOND_HALF, "pair"}};

START_TEST(each_function_says_so)
{
    const struct damaged *row = &damaged[_i];
    uint8_t bytes[512], handle_bytes[8];
    blob public = ROOM(bytes), handle = ROOM(handle_bytes);
    set *told = NULL;
    set *params = row->record == SECRET ? SET(AES_CRYPT, BYTES(NONCE, bytes, 12)) : SET(ECC_SIGN);
    const uint8_t challenge[] = "challenge";
    static uint8_t room[4][4096];
    blob certs[] = {ROOM(room[0]), ROOM(room[1]), ROOM(room[2]), ROOM(room[3])};
    struct OH_Huks_CertChain chain = {certs, 4};

    in_child(make);
    damage(row->record);
    EXPECT(12000012, TEXT_ABNORMAL, OH_Huks_IsKeyItemExist(NAME(row->alias), NULL));
    EXPECT(12000012, TEXT_ABNORMAL, OH_Huks_ExportPublicKeyItem(NAME(row->alias), NULL, &public));
    EXPECT(12000012, TEXT_ABNORMAL, OH_Huks_InitSession(NAME(row->alias), params, &handle, NULL));
    EXPECT(12000012, TEXT_ABNORMAL,
           OH_Huks_AttestKeyItem(NAME(row->alias),
                                 SET(BYTES(ATTESTATION_CHALLENGE, challenge, sizeof challenge)), &chain));
    OK(OH_Huks_InitParamSet(&told));
    told->paramSetSize = 4096;
    EXPECT(12000012, TEXT_ABNORMAL, OH_Huks_GetKeyItemParamSet(NAME(row->alias), NULL, told));
    OH_Huks_FreeParamSet(&told);
    OK(OH_Huks_IsKeyItemExist(NAME("other"), NULL));
    OK(OH_Huks_DeleteKeyItem(NAME(row->alias), NULL));
    EXPECT(12000011, TEXT_ENTITY, OH_Huks_IsKeyItemExist(NAME(row->alias), NULL));
    OK(OH_Huks_GenerateKeyItem(NAME(row->alias), SET(AES_CRYPT), NULL));
    OK(OH_Huks_IsKeyItemExist(NAME(row->alias), NULL));
}
END_TEST

START_TEST(a_new_key_takes_the_alias)
{
    const struct damaged *row = &damaged[_i];

    in_child(make);
    damage(row->record);
    OK(OH_Huks_GenerateKeyItem(NAME(row->alias), SET(ECC_SIGN), NULL));
    OK(OH_Huks_IsKeyItemExist(NAME(row->alias), NULL));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("native damage");
    TCase *tcase = native_tcase(suite, "damage");

    tcase_add_loop_test(tcase, each_function_says_so, 0, COUNT(damaged));
    tcase_add_loop_test(tcase, a_new_key_takes_the_alias, 0, COUNT(damaged));
    return native_run(suite);
}
