/* Fixed keys of the module tests, big-endian as Cryptoki carries them. See keys.c. */
#ifndef HUKS_TESTS_MODULE_KEYS_H
#define HUKS_TESTS_MODULE_KEYS_H

#include <p11-kit/pkcs11.h>

extern const CK_BYTE rsa_modulus[256];
extern const CK_BYTE rsa_public_exponent[3];
extern const CK_BYTE rsa_private_exponent[256];
extern const CK_BYTE rsa_prime_1[128];
extern const CK_BYTE rsa_prime_2[128];
extern const CK_BYTE rsa_exponent_1[128];
extern const CK_BYTE rsa_exponent_2[128];
extern const CK_BYTE rsa_coefficient[128];
extern const CK_BYTE ec_private[32];
extern const CK_BYTE ec_point_raw[65];
extern const CK_BYTE ec_point_der[67];
extern const CK_BYTE certificate[817];
extern const CK_BYTE certificate_subject[48];
extern const CK_BYTE certificate_serial[4];

#endif
