/*
 * Templates, keys and objects of the module tests. Everything here asserts success by itself unless it
 * returns a CK_RV.
 */
#ifndef HUKS_TESTS_MODULE_OBJECTS_H
#define HUKS_TESTS_MODULE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/pkcs11.h>

/* ---- Templates --------------------------------------------------------------------------------------- */

/* Attributes with their values; pass by pointer, the list points into the struct. */
struct template
{
    CK_ATTRIBUTE list[40];
    CK_ULONG count;
    union {
        CK_ULONG number;
        CK_BBOOL truth;
    } values[40];
};

void add_bool(struct template *t, CK_ATTRIBUTE_TYPE type, bool value);
void add_ulong(struct template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void add_bytes(struct template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t length);
void add_text(struct template *t, CK_ATTRIBUTE_TYPE type, const char *value);
void add_all(struct template *t, const struct template *more); /* replaces what is there; NULL: nothing */
void remove_attribute(struct template *t, CK_ATTRIBUTE_TYPE type);

/* ---- Objects: `more` adds to or replaces the attributes, NULL for none ----------------------------------
 */

struct pair {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};

struct curve {
    const char *name;   /* OpenSSL's */
    CK_BYTE params[16]; /* DER of the object identifier */
    CK_ULONG params_len;
    CK_ULONG bytes; /* of a coordinate */
};

extern const struct curve curves[];
extern const size_t curves_count;
#define CURVE_P256 (&curves[1])
extern const CK_BYTE ed25519_params[];
extern const size_t ed25519_params_len;

CK_RV create_object(CK_SESSION_HANDLE session, struct template *t, CK_OBJECT_HANDLE *object);
CK_OBJECT_HANDLE make_data(CK_SESSION_HANDLE session, const char *label, const struct template *more);
CK_OBJECT_HANDLE import_secret(CK_SESSION_HANDLE session, CK_KEY_TYPE type, const void *value, size_t length,
                               const struct template *more);
CK_OBJECT_HANDLE import_aes(CK_SESSION_HANDLE session, size_t length, const struct template *more);
struct pair import_rsa(CK_SESSION_HANDLE session, const struct template *more_private);
struct pair import_ec(CK_SESSION_HANDLE session, const struct template *more_private);
struct pair generate_ec(CK_SESSION_HANDLE session, const struct curve *curve,
                        const struct template *more_private);
struct pair generate_ed25519(CK_SESSION_HANDLE session);
CK_OBJECT_HANDLE generate_aes(CK_SESSION_HANDLE session, CK_ULONG bytes, const struct template *more);

/* The templates behind import_rsa and import_ec, for tests that change them. */
void rsa_public_template(struct template *t);
void rsa_private_template(struct template *t);
void ec_public_template(struct template *t);
void ec_private_template(struct template *t);

/* Number of objects that match; the template may be NULL for all. Fails the test on an error. */
CK_ULONG count_objects(CK_SESSION_HANDLE session, struct template *t);
CK_OBJECT_HANDLE find_object(CK_SESSION_HANDLE session, struct template *t);
bool get_bool(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
CK_ULONG get_ulong(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
CK_ULONG get_bytes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_BYTE *value,
                   CK_ULONG room);

bool has_mechanism(CK_MECHANISM_TYPE type);

/* Bytes 0, 1, 2 … with a shift, and "is the whole buffer still this". */
void fill_pattern(CK_BYTE *buffer, size_t length, unsigned shift);

#endif
