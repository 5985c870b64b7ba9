/* See chain.h. */
#include "chain.h"

#include <stdio.h>
#include <string.h>

#include <check.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#define EXTENSION "1.3.6.1.4.1.2011.2.376.1.3"
#define CLAIM     "1.3.6.1.4.1.2011.2.376.2."

void chain_room(struct chain_room *room, uint32_t count, uint32_t size)
{
    memset(room->bytes, 0xee, sizeof room->bytes);
    for (uint32_t i = 0; i < CHAIN_MOST; i++) {
        room->certs[i] = (struct OH_Huks_Blob){size, room->bytes[i]};
    }
    room->chain = (struct OH_Huks_CertChain){room->certs, count};
}

/* ---- Reading ------------------------------------------------------------------------------------------- */

static const char first_line[] = "-----BEGIN CERTIFICATE-----\n";
static const char last_line[] = "\n-----END CERTIFICATE-----";

static X509 *read_pem(struct OH_Huks_Blob pem)
{
    uint8_t der[4096];
    const uint8_t *at = der;
    const size_t head = sizeof first_line - 1, tail = sizeof last_line - 1;
    const uint8_t *text = pem.data + head;
    const size_t size = pem.size - head - tail;
    X509 *read;
    int length;

    ck_assert_uint_gt(pem.size, head + tail);
    ck_assert_mem_eq(pem.data, first_line, head);
    ck_assert_mem_eq(pem.data + pem.size - tail, last_line, tail);
    ck_assert(memchr(text, '\n', size) == NULL && size % 4 == 0); /* one line */
    length = EVP_DecodeBlock(der, text, (int)size);
    ck_assert_int_gt(length, 0);
    for (size_t i = size; i > 0 && text[i - 1] == '='; i--) {
        length--;
    }
    read = d2i_X509(NULL, &at, length);
    ck_assert(read != NULL && at == der + length);
    ck_assert(pem.data[pem.size] == 0xee); /* and nothing behind it */
    return read;
}

void chain_read(const struct chain_room *room, struct chain *chain)
{
    chain->count = room->chain.certsCount;
    ck_assert(chain->count == 3 || chain->count == 4);
    for (uint32_t i = 0; i < chain->count; i++) {
        chain->at[i] = read_pem(room->certs[i]);
    }
}

void chain_read_der(const uint8_t *bytes, size_t size, struct chain *chain)
{
    const uint8_t *at = bytes;

    chain->count = 0;
    while (at < bytes + size) {
        ck_assert_uint_lt(chain->count, CHAIN_MOST);
        chain->at[chain->count] = d2i_X509(NULL, &at, (long)(size - (size_t)(at - bytes)));
        ck_assert(chain->at[chain->count++] != NULL);
    }
}

void chain_free(struct chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        X509_free(chain->at[i]);
    }
}

/* ---- Judging ------------------------------------------------------------------------------------------- */

void chain_check(const struct chain *chain)
{
    X509_STORE *trusted = X509_STORE_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    for (uint32_t i = 0; i < chain->count; i++) {
        X509 *above = chain->at[i + 1 < chain->count ? i + 1 : i];

        ck_assert_int_eq(X509_NAME_cmp(X509_get_issuer_name(chain->at[i]), X509_get_subject_name(above)), 0);
        ck_assert_int_eq(X509_verify(chain->at[i], X509_get0_pubkey(above)), 1);
        ck_assert_int_eq(X509_get_version(chain->at[i]), X509_VERSION_3);
        if (i > 0) {
            ck_assert_int_ge(X509_check_ca(chain->at[i]), 1);
        } else {
            ck_assert_int_eq(X509_check_ca(chain->at[i]), 0);
        }
    }
    ck_assert(X509_STORE_add_cert(trusted, chain->at[chain->count - 1]) == 1);
    for (uint32_t i = 1; i + 1 < chain->count; i++) {
        ck_assert(sk_X509_push(between, chain->at[i]) > 0);
    }
    ck_assert(X509_STORE_CTX_init(context, trusted, chain->at[0], between) == 1);
    ck_assert_msg(X509_verify_cert(context) == 1, "%s",
                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    sk_X509_free(between);
    X509_STORE_free(trusted);
}

/* ---- Claims -------------------------------------------------------------------------------------------- */

static void read_value(const ASN1_TYPE *value, struct claim *claim)
{
    claim->type = ASN1_TYPE_get(value);
    if (claim->type == V_ASN1_BOOLEAN) {
        claim->size = 1;
        claim->value[0] = value->value.boolean != 0;
        return;
    }
    claim->size = ASN1_STRING_length(value->value.asn1_string);
    ck_assert_int_le(claim->size, (int)sizeof claim->value);
    memcpy(claim->value, ASN1_STRING_get0_data(value->value.asn1_string), (size_t)claim->size);
}

/* SEQUENCE { INTEGER, OBJECT IDENTIFIER, value } */
static void read_claim(const ASN1_TYPE *given, struct claim *claim)
{
    const uint8_t *at = ASN1_STRING_get0_data(given->value.sequence);
    ASN1_SEQUENCE_ANY *fields;
    char oid[80];

    ck_assert_int_eq(ASN1_TYPE_get(given), V_ASN1_SEQUENCE);
    fields = d2i_ASN1_SEQUENCE_ANY(NULL, &at, ASN1_STRING_length(given->value.sequence));
    ck_assert(fields != NULL && sk_ASN1_TYPE_num(fields) == 3);
    ck_assert_int_eq(ASN1_TYPE_get(sk_ASN1_TYPE_value(fields, 0)), V_ASN1_INTEGER);
    claim->level = ASN1_INTEGER_get(sk_ASN1_TYPE_value(fields, 0)->value.integer);
    ck_assert_int_eq(ASN1_TYPE_get(sk_ASN1_TYPE_value(fields, 1)), V_ASN1_OBJECT);
    OBJ_obj2txt(oid, sizeof oid, sk_ASN1_TYPE_value(fields, 1)->value.object, 1);
    ck_assert_mem_eq(oid, CLAIM, sizeof CLAIM - 1);
    (void)snprintf(claim->oid, sizeof claim->oid, "%.20s", oid + sizeof CLAIM - 1);
    read_value(sk_ASN1_TYPE_value(fields, 2), claim);
    sk_ASN1_TYPE_pop_free(fields, ASN1_TYPE_free);
}

int chain_claims(const struct chain *chain, struct claim claims[CLAIMS_MOST])
{
    ASN1_OBJECT *oid = OBJ_txt2obj(EXTENSION, 1);
    int place = X509_get_ext_by_OBJ(chain->at[0], oid, -1);
    ASN1_OCTET_STRING *content;
    const uint8_t *at;
    ASN1_SEQUENCE_ANY *all;
    int count;

    ck_assert_int_ge(place, 0);
    ck_assert_int_eq(X509_EXTENSION_get_critical(X509_get_ext(chain->at[0], place)), 0);
    content = X509_EXTENSION_get_data(X509_get_ext(chain->at[0], place));
    at = ASN1_STRING_get0_data(content);
    all = d2i_ASN1_SEQUENCE_ANY(NULL, &at, ASN1_STRING_length(content));
    ck_assert(all != NULL && at == ASN1_STRING_get0_data(content) + ASN1_STRING_length(content));
    count = sk_ASN1_TYPE_num(all) - 1;
    ck_assert(count >= 0 && count <= CLAIMS_MOST);
    ck_assert_int_eq(ASN1_TYPE_get(sk_ASN1_TYPE_value(all, 0)), V_ASN1_INTEGER);
    ck_assert_int_eq(ASN1_INTEGER_get(sk_ASN1_TYPE_value(all, 0)->value.integer), 0);
    for (int i = 0; i < count; i++) {
        read_claim(sk_ASN1_TYPE_value(all, i + 1), &claims[i]);
    }
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
    ASN1_OBJECT_free(oid);
    return count;
}
