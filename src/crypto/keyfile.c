/*
 * Reading key files: what PEM and PKCS #12 wrap is taken out by OpenSSL, in a library context of ours; what
 * comes out is read by key.h like any other key. See keyfile.h.
 */
#include "crypto/keyfile.h"

#include "crypto/context.h"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MOST 64

struct reading {
    struct crypto *crypto;
    OSSL_LIB_CTX *lib;
    const struct keyfile_asker *asker;
    struct secret passphrase; /* NUL-terminated beyond its size */
    bool asked;
    struct keyfile *file;
};

static huks_rc unknown(const char *why)
{
    return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_OBJECT, "key file: %s", why);
}

static huks_rc wrong_passphrase(void)
{
    return error_raise(HUKS_E_INVALID_PARAM, ABOUT_PIN, "passphrase: it does not open this file");
}

void keyfile_free(struct keyfile *file)
{
    for (size_t i = 0; i < file->count; i++) {
        struct keyfile_entry *entry = &file->entries[i];
        secret_free(&entry->encoded);
        secret_free(&entry->public);
        secret_free(&entry->subject);
        secret_free(&entry->issuer);
        secret_free(&entry->serial);
        buffer_free(&entry->label);
    }
    free(file->entries);
    *file = (struct keyfile){0};
}

static huks_rc ask(struct reading *reading)
{
    AUTO(secret_free) struct secret given = {0};
    if (reading->asked) {
        return HUKS_OK;
    }
    HUKS_TRY(reading->asker->ask(&given, reading->asker->argument));
    HUKS_TRY(secret_alloc(&reading->passphrase, given.size + 1));
    if (given.size > 0) {
        memcpy(reading->passphrase.data, given.data, given.size);
    }
    reading->asked = true;
    return HUKS_OK;
}

static huks_rc new_entry(struct reading *reading, enum keyfile_kind kind, struct keyfile_entry **out)
{
    struct keyfile *file = reading->file;
    if (file->entries == NULL) {
        file->entries = calloc(ENTRIES_MOST, sizeof(*file->entries));
    }
    if (file->entries == NULL) {
        return error_no_memory();
    }
    if (file->count == ENTRIES_MOST) {
        return unknown("it holds too much");
    }
    *out = &file->entries[file->count++];
    (*out)->kind = kind;
    return HUKS_OK;
}

/* ---- keys ---- */

static void key_unref_ptr(struct crypto_key **key)
{
    crypto_key_unref(*key);
}

static huks_rc add_key(struct reading *reading, enum crypto_key_class class, struct bytes encoded)
{
    AUTO(key_unref_ptr) struct crypto_key *key = NULL;
    struct keyfile_entry *entry = NULL;
    HUKS_TRY(crypto_key_decode(reading->crypto, class, 0, encoded, &key));
    HUKS_TRY(new_entry(reading, class == CRYPTO_PRIVATE ? KEYFILE_PRIVATE : KEYFILE_PUBLIC, &entry));
    HUKS_TRY(secret_set(&entry->encoded, encoded.data, encoded.size));
    return crypto_key_encode(key, CRYPTO_PUBLIC, &entry->public);
}

static void p8_free(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

static huks_rc add_p8(struct reading *reading, const PKCS8_PRIV_KEY_INFO *info)
{
    AUTO(secret_free) struct secret encoded = {0};
    int size = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
    if (size <= 0) {
        return unknown("a private key in it can't be read");
    }
    HUKS_TRY(secret_alloc(&encoded, (size_t)size));
    unsigned char *at = encoded.data;
    (void)i2d_PKCS8_PRIV_KEY_INFO(info, &at);
    return add_key(reading, CRYPTO_PRIVATE, secret_bytes(&encoded));
}

static huks_rc add_pkey(struct reading *reading, const EVP_PKEY *pkey)
{
    AUTO(p8_free) PKCS8_PRIV_KEY_INFO *info = pkey != NULL ? EVP_PKEY2PKCS8(pkey) : NULL;
    return add_p8(reading, info);
}

static void sig_free(X509_SIG **sealed)
{
    X509_SIG_free(*sealed);
}

/* PKCS #8 under a passphrase. */
static huks_rc add_encrypted(struct reading *reading, struct bytes der)
{
    const unsigned char *at = der.data;
    AUTO(sig_free) X509_SIG *sealed = d2i_X509_SIG(NULL, &at, (long)der.size);
    AUTO(p8_free) PKCS8_PRIV_KEY_INFO *info = NULL;
    if (sealed == NULL) {
        return unknown("it is damaged");
    }
    HUKS_TRY(ask(reading));
    info = PKCS8_decrypt_ex(sealed, (const char *)reading->passphrase.data, (int)reading->passphrase.size - 1,
                            reading->lib, NULL);
    return info != NULL ? add_p8(reading, info) : wrong_passphrase();
}

/* RSAPrivateKey, ECPrivateKey, DSAPrivateKey: before there was PKCS #8. */
static huks_rc add_older(struct reading *reading, const char *type, struct bytes der)
{
    EVP_PKEY *pkey = NULL;
    OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, "DER", NULL, type, EVP_PKEY_KEYPAIR, reading->lib, NULL);
    const unsigned char *at = der.data;
    size_t left = der.size;
    bool good = decoder != NULL && OSSL_DECODER_from_data(decoder, &at, &left) == 1;
    OSSL_DECODER_CTX_free(decoder);
    huks_rc rc = good ? add_pkey(reading, pkey) : unknown("a private key in it can't be read");
    EVP_PKEY_free(pkey);
    return rc;
}

/* ---- certificates ---- */

static huks_rc keep_der(struct secret *out, int size, const unsigned char *der)
{
    return size > 0 && der != NULL ? secret_set(out, der, (size_t)size)
                                   : unknown("a certificate in it is damaged");
}

static huks_rc name_der(const X509_NAME *name, struct secret *out)
{
    const unsigned char *der = NULL;
    size_t size = 0;
    if (X509_NAME_get0_der(name, &der, &size) != 1) {
        return unknown("a certificate in it is damaged");
    }
    return keep_der(out, (int)size, der);
}

static huks_rc add_x509(struct reading *reading, X509 *certificate)
{
    struct keyfile_entry *entry = NULL;
    unsigned char *der = NULL, *key = NULL, *serial = NULL;
    HUKS_TRY(new_entry(reading, KEYFILE_CERTIFICATE, &entry));
    int size = i2d_X509(certificate, &der);
    int key_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
    huks_rc rc = keep_der(&entry->encoded, size, der);
    rc = rc == HUKS_OK ? keep_der(&entry->public, key_size, key) : rc;
    rc = rc == HUKS_OK ? keep_der(&entry->serial, serial_size, serial) : rc;
    rc = rc == HUKS_OK ? name_der(X509_get_subject_name(certificate), &entry->subject) : rc;
    rc = rc == HUKS_OK ? name_der(X509_get_issuer_name(certificate), &entry->issuer) : rc;
    OPENSSL_free(der);
    OPENSSL_free(key);
    OPENSSL_free(serial);
    int length = 0;
    const unsigned char *alias = X509_alias_get0(certificate, &length);
    return rc == HUKS_OK && alias != NULL && length > 0 ? buffer_append(&entry->label, alias, (size_t)length)
                                                        : rc;
}

static huks_rc add_certificate(struct reading *reading, struct bytes der)
{
    const unsigned char *at = der.data;
    X509 *certificate = X509_new_ex(reading->lib, NULL);
    X509 *read =
        d2i_X509(&certificate, &at, (long)der.size); /* lint: allowed, it reads into one of our context */
    huks_rc rc = read != NULL ? add_x509(reading, read) : unknown("a certificate in it is damaged");
    X509_free(certificate);
    return rc;
}

/* ---- PKCS #12 ---- */

static void p12_free(PKCS12 **bag)
{
    PKCS12_free(*bag);
}

struct bag {
    EVP_PKEY *pkey;
    X509 *certificate;
    STACK_OF(X509) * others;
};

static void bag_free(struct bag *bag)
{
    EVP_PKEY_free(bag->pkey);
    X509_free(bag->certificate);
    sk_X509_pop_free(bag->others, X509_free);
}

static huks_rc add_bag(struct reading *reading, const struct bag *bag)
{
    size_t before = reading->file->count;
    if (bag->pkey != NULL) {
        HUKS_TRY(add_pkey(reading, bag->pkey));
    }
    if (bag->certificate != NULL) {
        HUKS_TRY(add_x509(reading, bag->certificate));
    }
    struct keyfile_entry *entries = &reading->file->entries[before];
    if (bag->pkey != NULL && bag->certificate != NULL && entries[1].label.size > 0) {
        HUKS_TRY(
            buffer_append(&entries[0].label, entries[1].label.data, entries[1].label.size)); /* one name */
    }
    for (int i = 0; i < sk_X509_num(bag->others); i++) {
        HUKS_TRY(add_x509(reading, sk_X509_value(bag->others, i)));
    }
    return reading->file->count > before ? HUKS_OK : unknown("there is nothing in it");
}

/* Old ones are sealed with RC2, which is in OpenSSL's legacy provider. */
static bool parse_bag(struct reading *reading, PKCS12 *sealed, const char *passphrase, struct bag *bag)
{
    if (PKCS12_parse(sealed, passphrase, &bag->pkey, &bag->certificate, &bag->others) == 1) {
        return true;
    }
    bag_free(bag);
    *bag = (struct bag){0};
    if (reading->crypto->base_legacy == NULL) {
        reading->crypto->base_legacy = OSSL_PROVIDER_load(reading->lib, "legacy");
    }
    return PKCS12_parse(sealed, passphrase, &bag->pkey, &bag->certificate, &bag->others) == 1;
}

static huks_rc add_p12(struct reading *reading, PKCS12 *sealed)
{
    AUTO(bag_free) struct bag bag = {0};
    const char *passphrase = "";
    if (PKCS12_verify_mac(sealed, "", 0) != 1) {
        HUKS_TRY(ask(reading));
        passphrase = (const char *)reading->passphrase.data;
        if (PKCS12_verify_mac(sealed, passphrase, -1) != 1) {
            return wrong_passphrase();
        }
    }
    return parse_bag(reading, sealed, passphrase, &bag) ? add_bag(reading, &bag)
                                                        : unknown("its encryption is not supported");
}

/* ---- telling them apart ---- */

static huks_rc read_der(struct reading *reading, struct bytes der)
{
    static const char *const older[] = {"RSA", "EC", "DSA"};
    const unsigned char *at = der.data;
    AUTO(p12_free) PKCS12 *bag = PKCS12_init_ex(NID_pkcs7_data, reading->lib, NULL);
    if (bag != NULL && d2i_PKCS12(&bag, &at, (long)der.size) != NULL) {
        return add_p12(reading, bag);
    }
    at = der.data;
    AUTO(sig_free) X509_SIG *sealed = d2i_X509_SIG(NULL, &at, (long)der.size);
    if (sealed != NULL) {
        return add_encrypted(reading, der);
    }
    if (add_key(reading, CRYPTO_PRIVATE, der) == HUKS_OK || add_key(reading, CRYPTO_PUBLIC, der) == HUKS_OK ||
        add_certificate(reading, der) == HUKS_OK) {
        return HUKS_OK;
    }
    for (size_t i = 0; i < ARRAY_SIZE(older); i++) {
        if (add_older(reading, older[i], der) == HUKS_OK) {
            return HUKS_OK;
        }
    }
    return unknown("it is of no form that is known here");
}

static huks_rc read_block(struct reading *reading, const char *name, const char *header, struct bytes der)
{
    static const struct {
        const char *name, *type;
    } older[] = {{"RSA PRIVATE KEY", "RSA"}, {"EC PRIVATE KEY", "EC"}, {"DSA PRIVATE KEY", "DSA"}};
    if (strcmp(name, "PRIVATE KEY") == 0) {
        return add_key(reading, CRYPTO_PRIVATE, der);
    }
    if (strcmp(name, "ENCRYPTED PRIVATE KEY") == 0) {
        return add_encrypted(reading, der);
    }
    if (strcmp(name, "PUBLIC KEY") == 0) {
        return add_key(reading, CRYPTO_PUBLIC, der);
    }
    if (strcmp(name, "CERTIFICATE") == 0 || strcmp(name, "X509 CERTIFICATE") == 0) {
        return add_certificate(reading, der);
    }
    if (strcmp(name, "EC PARAMETERS") == 0) {
        return HUKS_OK; /* openssl ecparam -genkey writes them before the key, which says it again */
    }
    for (size_t i = 0; i < ARRAY_SIZE(older); i++) {
        if (strcmp(name, older[i].name) == 0) {
            return header[0] == '\0'
                       ? add_older(reading, older[i].type, der)
                       : unknown("its old PEM encryption is not read: openssl pkcs8 -topk8 makes it PKCS #8");
        }
    }
    return error_raisef(HUKS_E_INVALID_PARAM, ABOUT_OBJECT, "key file: %.40s is not read here", name);
}

static huks_rc read_pem(struct reading *reading, struct bytes bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.size);
    huks_rc rc = bio != NULL ? HUKS_OK : error_no_memory();
    while (rc == HUKS_OK) {
        char *name = NULL, *header = NULL;
        unsigned char *der = NULL;
        long size = 0;
        int got = PEM_read_bio(bio, &name, &header, &der, &size); /* lint: allowed, it only takes PEM apart */
        if (got != 1) {
            break;
        }
        rc = read_block(reading, name, header, bytes_of(der, (size_t)size));
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)size);
    }
    BIO_free(bio);
    return rc == HUKS_OK && reading->file->count == 0 ? unknown("there is no whole PEM block in it") : rc;
}

huks_rc crypto_keyfile_read(struct crypto *crypto, struct bytes bytes, const struct keyfile_asker *asker,
                            struct keyfile *file)
{
    static const char pem[] = "-----BEGIN ";
    ERROR_GUARD;
    struct reading reading = {.crypto = crypto, .lib = crypto_base(crypto), .asker = asker, .file = file};
    *file = (struct keyfile){0};
    if (reading.lib == NULL) {
        return error_no_memory();
    }
    if (bytes.size == 0 || bytes.size > INT_MAX) {
        return unknown("it is empty, or much too long");
    }
    bool text = memmem(bytes.data, bytes.size, pem, sizeof(pem) - 1) != NULL && bytes.data[0] != 0x30;
    huks_rc rc = text ? read_pem(&reading, bytes) : read_der(&reading, bytes);
    secret_free(&reading.passphrase);
    if (rc != HUKS_OK) {
        keyfile_free(file);
        return rc;
    }
    error_clear();
    return HUKS_OK;
}
