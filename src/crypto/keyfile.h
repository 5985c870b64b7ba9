/*
 * Key files as other programs write them: PKCS #8 (plain or under a passphrase), SubjectPublicKeyInfo, X.509
 * certificates and the older forms of RSA, EC and DSA keys, each in DER or PEM, and PKCS #12. For import by
 * people: slower than key.h's own reading, and the passphrase and key pass through OpenSSL's heap.
 */
#ifndef HUKS_CRYPTO_KEYFILE_H
#define HUKS_CRYPTO_KEYFILE_H

#include "crypto/key.h"

enum keyfile_kind { KEYFILE_PRIVATE, KEYFILE_PUBLIC, KEYFILE_CERTIFICATE };

struct keyfile_entry {
    enum keyfile_kind kind;
    struct secret encoded; /* PKCS #8, SubjectPublicKeyInfo or certificate, DER                  */
    struct secret public;  /* the SubjectPublicKeyInfo that belongs to it                       */
    struct secret subject, issuer, serial; /* of a certificate, DER                               */
    struct buffer label; /* what a PKCS #12 calls it; UTF-8, may be empty                     */
};
struct keyfile {
    struct keyfile_entry *entries;
    size_t count;
};
void keyfile_free(struct keyfile *file);

/* Asks for the passphrase, once, where there is need of one. */
struct keyfile_asker {
    huks_rc (*ask)(struct secret *passphrase, void *argument);
    void *argument;
};

/*
 * Everything in `bytes`, in its order; at least one entry. Nothing that is known here: 12000003 about "key
 * file"; a passphrase that opens nothing: 12000003 ABOUT_PIN.
 */
HUKS_MUST_USE huks_rc crypto_keyfile_read(struct crypto *crypto, struct bytes bytes,
                                          const struct keyfile_asker *asker, struct keyfile *file);

#endif
