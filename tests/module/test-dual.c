/* The dual functions: two operations of one session over the same data. */
#include "harness.h"

#include <string.h>

#include "witness.h"

struct dual {
    CK_MECHANISM sha;
    CK_MECHANISM cbc;
    CK_MECHANISM hmac;
    CK_BYTE iv[16];
    CK_BYTE plain[200];
    CK_OBJECT_HANDLE aes;
    CK_OBJECT_HANDLE mac;
};

static const CK_BYTE mac_key[] = "the other key";

static void begin(struct dual *d)
{
    memset(d, 0, sizeof *d);
    fill_pattern(d->iv, sizeof d->iv, 8);
    fill_pattern(d->plain, sizeof d->plain, 90);
    d->sha = (CK_MECHANISM){CKM_SHA256, NULL, 0};
    d->hmac = (CK_MECHANISM){CKM_SHA256_HMAC, NULL, 0};
    d->cbc = (CK_MECHANISM){CKM_AES_CBC_PAD, d->iv, sizeof d->iv};
    d->aes = import_aes(the_session, 32, NULL);
    d->mac = import_secret(the_session, CKK_GENERIC_SECRET, mac_key, sizeof mac_key, NULL);
}

typedef CK_RV (*dual_function)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);

/* Feeds the data in three parts; returns how much came out. */
static CK_ULONG feed(dual_function update, const CK_BYTE *in, CK_ULONG length, CK_BYTE *out,
                     CK_ULONG out_room)
{
    CK_ULONG parts[3] = {1, 33, length - 34};
    CK_ULONG done = 0;
    CK_ULONG written = 0;

    for (int i = 0; i < 3; i++) {
        CK_ULONG room = out_room - written;

        ok(update(the_session, (CK_BYTE *)(uintptr_t)in + done, parts[i], out + written, &room));
        done += parts[i];
        written += room;
    }
    return written;
}

static CK_ULONG encrypted(struct dual *d, CK_BYTE *out, CK_ULONG room)
{
    ok(p11->C_EncryptInit(the_session, &d->cbc, d->aes));
    ok(p11->C_Encrypt(the_session, d->plain, sizeof d->plain, out, &room));
    return room;
}

START_TEST(digest_and_encrypt)
{
    struct dual d;
    CK_BYTE out[256];
    CK_BYTE want[256];
    CK_BYTE digest[32];
    CK_ULONG length;
    CK_ULONG room;

    if (differs("dual/offered")) {
        return;
    }
    begin(&d);
    room = encrypted(&d, want, sizeof want);
    ok(p11->C_DigestInit(the_session, &d.sha));
    ok(p11->C_EncryptInit(the_session, &d.cbc, d.aes));
    length = feed(p11->C_DigestEncryptUpdate, d.plain, sizeof d.plain, out, sizeof out);
    ck_assert_uint_le(length, room);
    room = sizeof out - length;
    ok(p11->C_EncryptFinal(the_session, out + length, &room));
    length += room;
    ck_assert(length == 208 && memcmp(out, want, length) == 0);
    room = sizeof digest;
    ok(p11->C_DigestFinal(the_session, digest, &room));
    witness_digest("SHA256", (struct bytes){d.plain, sizeof d.plain}, want);
    ck_assert(memcmp(digest, want, 32) == 0);
}
END_TEST

START_TEST(decrypt_and_digest)
{
    struct dual d;
    CK_BYTE cipher[256];
    CK_BYTE out[256];
    CK_BYTE digest[32];
    CK_BYTE want[32];
    CK_ULONG length;
    CK_ULONG room;

    if (differs("dual/offered")) {
        return;
    }
    begin(&d);
    /* No padding, so that all plaintext passes through the dual call and under the digest. */
    d.cbc.mechanism = CKM_AES_CBC;
    ok(p11->C_EncryptInit(the_session, &d.cbc, d.aes));
    room = sizeof cipher;
    ok(p11->C_Encrypt(the_session, d.plain, 192, cipher, &room));
    ok(p11->C_DigestInit(the_session, &d.sha));
    ok(p11->C_DecryptInit(the_session, &d.cbc, d.aes));
    length = feed(p11->C_DecryptDigestUpdate, cipher, 192, out, sizeof out);
    ck_assert_uint_eq(length, 192);
    room = sizeof out - length;
    ok(p11->C_DecryptFinal(the_session, out + length, &room));
    ck_assert_uint_eq(room, 0);
    ck_assert(memcmp(out, d.plain, 192) == 0);
    room = sizeof digest;
    ok(p11->C_DigestFinal(the_session, digest, &room));
    witness_digest("SHA256", (struct bytes){d.plain, 192}, want);
    ck_assert(memcmp(digest, want, 32) == 0);
}
END_TEST

START_TEST(sign_and_encrypt)
{
    struct dual d;
    CK_BYTE out[256];
    CK_BYTE want[256];
    CK_BYTE mac[32];
    CK_ULONG length;
    CK_ULONG room;

    if (differs("dual/offered")) {
        return;
    }
    begin(&d);
    encrypted(&d, want, sizeof want);
    ok(p11->C_SignInit(the_session, &d.hmac, d.mac));
    ok(p11->C_EncryptInit(the_session, &d.cbc, d.aes));
    length = feed(p11->C_SignEncryptUpdate, d.plain, sizeof d.plain, out, sizeof out);
    room = sizeof out - length;
    ok(p11->C_EncryptFinal(the_session, out + length, &room));
    ck_assert(length + room == 208 && memcmp(out, want, 208) == 0);
    room = sizeof mac;
    ok(p11->C_SignFinal(the_session, mac, &room));
    witness_hmac("SHA256", (struct bytes){mac_key, sizeof mac_key}, (struct bytes){d.plain, sizeof d.plain},
                 want);
    ck_assert(memcmp(mac, want, 32) == 0);
}
END_TEST

START_TEST(decrypt_and_verify)
{
    struct dual d;
    CK_BYTE cipher[256];
    CK_BYTE out[256];
    CK_BYTE mac[32];
    CK_ULONG room = sizeof cipher;

    if (differs("dual/offered")) {
        return;
    }
    begin(&d);
    d.cbc.mechanism = CKM_AES_CBC;
    ok(p11->C_EncryptInit(the_session, &d.cbc, d.aes));
    ok(p11->C_Encrypt(the_session, d.plain, 192, cipher, &room));
    witness_hmac("SHA256", (struct bytes){mac_key, sizeof mac_key}, (struct bytes){d.plain, 192}, mac);
    for (int wrong = 0; wrong < 2; wrong++) {
        ok(p11->C_VerifyInit(the_session, &d.hmac, d.mac));
        ok(p11->C_DecryptInit(the_session, &d.cbc, d.aes));
        ck_assert_uint_eq(feed(p11->C_DecryptVerifyUpdate, cipher, 192, out, sizeof out), 192);
        room = sizeof out;
        ok(p11->C_DecryptFinal(the_session, out, &room));
        mac[0] ^= (CK_BYTE)wrong;
        expect(wrong ? CKR_SIGNATURE_INVALID : CKR_OK, p11->C_VerifyFinal(the_session, mac, sizeof mac));
    }
}
END_TEST

START_TEST(lengths)
{
    struct dual d;
    CK_BYTE out[64];
    CK_BYTE digest[32];
    CK_BYTE want[32];
    CK_ULONG length = 0;

    if (differs("dual/offered")) {
        return;
    }
    begin(&d);
    ok(p11->C_DigestInit(the_session, &d.sha));
    ok(p11->C_EncryptInit(the_session, &d.cbc, d.aes));
    ok(p11->C_DigestEncryptUpdate(the_session, d.plain, 32, NULL, &length));
    ck_assert_uint_ge(length, 16);
    length = 1;
    expect(CKR_BUFFER_TOO_SMALL, p11->C_DigestEncryptUpdate(the_session, d.plain, 32, out, &length));
    length = sizeof out;
    ok(p11->C_DigestEncryptUpdate(the_session, d.plain, 32, out, &length));
    length = sizeof digest;
    ok(p11->C_DigestFinal(the_session, digest, &length)); /* the data went in once */
    witness_digest("SHA256", (struct bytes){d.plain, 32}, want);
    ck_assert(memcmp(digest, want, 32) == 0);
}
END_TEST

START_TEST(one_half_missing)
{
    struct dual d;
    CK_BYTE out[64];
    CK_ULONG length = sizeof out;

    if (differs("dual/offered")) {
        return;
    }
    begin(&d);
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestEncryptUpdate(the_session, d.plain, 16, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DecryptDigestUpdate(the_session, d.plain, 16, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_SignEncryptUpdate(the_session, d.plain, 16, out, &length));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DecryptVerifyUpdate(the_session, d.plain, 16, out, &length));
    ok(p11->C_EncryptInit(the_session, &d.cbc, d.aes));
    expect(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestEncryptUpdate(the_session, d.plain, 16, out, &length));
}
END_TEST

START_TEST(reference_has_none)
{
    CK_BYTE out[16];
    CK_BYTE in[16] = {0};
    CK_ULONG length = sizeof out;

    expect_id("dual/functions", CKR_OPERATION_NOT_INITIALIZED,
              p11->C_DigestEncryptUpdate(the_session, in, 16, out, &length));
    expect_id("dual/functions", CKR_OPERATION_NOT_INITIALIZED,
              p11->C_DecryptDigestUpdate(the_session, in, 16, out, &length));
    expect_id("dual/functions", CKR_OPERATION_NOT_INITIALIZED,
              p11->C_SignEncryptUpdate(the_session, in, 16, out, &length));
    expect_id("dual/functions", CKR_OPERATION_NOT_INITIALIZED,
              p11->C_DecryptVerifyUpdate(the_session, in, 16, out, &length));
}
END_TEST

static Suite *dual_suite(void)
{
    Suite *suite = suite_create("dual");
    TCase *tcase = add_tcase(suite, "dual", setup_user);

    tcase_add_test(tcase, digest_and_encrypt);
    tcase_add_test(tcase, decrypt_and_digest);
    tcase_add_test(tcase, sign_and_encrypt);
    tcase_add_test(tcase, decrypt_and_verify);
    tcase_add_test(tcase, lengths);
    tcase_add_test(tcase, one_half_missing);
    tcase_add_test(tcase, reference_has_none);
    return suite;
}

int main(int argc, char **argv)
{
    return harness_run(argc, argv, dual_suite());
}
