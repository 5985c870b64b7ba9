/*
 * Proves to somebody else that a key is in the keystore and what it may do: a P-256 signing key, made when
 * there is none, and a chain of certificates for it that holds the other side's challenge.
 *
 *     attest device ALIAS CHALLENGE PREFIX         by the device's chain
 *     attest anonymous ALIAS CHALLENGE PREFIX      by one that says nothing of the device
 *
 * writes PREFIXkey.pem, the key's certificate, PREFIXca.pem, those that lead from it to the root, and
 * PREFIXroot.pem. The other side trusts the root: openssl verify -trusted PREFIXroot.pem -untrusted
 * PREFIXca.pem PREFIXkey.pem and finds challenge and properties in the key certificate's
 * extension 1.3.6.1.4.1.2011.2.376.1.3: openssl asn1parse -in PREFIXkey.pem
 */
#include <stdbool.h>

#include "example.h"

enum { MOST = 4, ROOM = 8192 };

static void make_key(const struct OH_Huks_Blob *alias)
{
    struct OH_Huks_ParamSet *set = PARAM_SET(
        {.tag = OH_HUKS_TAG_ALGORITHM, .uint32Param = OH_HUKS_ALG_ECC},
        {.tag = OH_HUKS_TAG_KEY_SIZE, .uint32Param = OH_HUKS_ECC_KEY_SIZE_256},
        {.tag = OH_HUKS_TAG_PURPOSE, .uint32Param = OH_HUKS_KEY_PURPOSE_SIGN | OH_HUKS_KEY_PURPOSE_VERIFY},
        {.tag = OH_HUKS_TAG_DIGEST, .uint32Param = OH_HUKS_DIGEST_SHA256});
    if (OH_Huks_IsKeyItemExist(alias, NULL).errorCode != OH_HUKS_SUCCESS) {
        check(OH_Huks_GenerateKeyItem(alias, set, NULL), "generate");
    }
    OH_Huks_FreeParamSet(&set);
}

/* Certificates from..to of the chain, each a PEM, in one file. */
static void write_certs(const struct OH_Huks_CertChain *chain, uint32_t from, uint32_t to, const char *prefix,
                        const char *name)
{
    static uint8_t whole[MOST * (ROOM + 1)];
    size_t size = 0;
    char path[4096];
    for (uint32_t i = from; i < to; i++) {
        /* HUKS's PEM ends without a newline. */
        memcpy(whole + size, chain->certs[i].data, chain->certs[i].size);
        size += chain->certs[i].size;
        whole[size++] = '\n';
    }
    if (snprintf(path, sizeof(path), "%s%s.pem", prefix, name) >= (int)sizeof(path)) {
        fprintf(stderr, "attest: PREFIX is too long\n");
        exit(1);
    }
    write_file(path, whole, size);
}

int main(int argc, char **argv)
{
    bool anonymous = argc == 5 && strcmp(argv[1], "anonymous") == 0;
    if (argc != 5 || (!anonymous && strcmp(argv[1], "device") != 0)) {
        fprintf(stderr, "usage: attest device|anonymous ALIAS CHALLENGE PREFIX\n");
        return 2;
    }
    struct OH_Huks_Blob alias = text_blob(argv[2]);
    static uint8_t bytes[MOST][ROOM];
    struct OH_Huks_Blob certs[MOST];
    for (int i = 0; i < MOST; i++) {
        certs[i] = (struct OH_Huks_Blob){ROOM, bytes[i]};
    }
    struct OH_Huks_CertChain chain = {certs, MOST};
    struct OH_Huks_ParamSet *set =
        PARAM_SET({.tag = OH_HUKS_TAG_ATTESTATION_CHALLENGE, .blob = text_blob(argv[3])},
                  {.tag = OH_HUKS_TAG_ATTESTATION_ID_ALIAS, .blob = alias});
    make_key(&alias);
    check(anonymous ? OH_Huks_AnonAttestKeyItem(&alias, set, &chain)
                    : OH_Huks_AttestKeyItem(&alias, set, &chain),
          "attest");
    write_certs(&chain, 0, 1, argv[4], "key");
    write_certs(&chain, 1, chain.certsCount - 1, argv[4], "ca");
    write_certs(&chain, chain.certsCount - 1, chain.certsCount, argv[4], "root");
    OH_Huks_FreeParamSet(&set);
    return 0;
}
