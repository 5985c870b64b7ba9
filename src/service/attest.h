/*
 * Attestation (huks-semantics 4.6): a chain of certificates that says of a key that it is here, what it may do,
 * and what the asker wanted to see in it.
 *
 * Each token has an authority of its own, made with it: two roots that have nothing in common, the device's and
 * an anonymous one, and a CA below each, whose private keys are sealed in the token's metadata; the roots' are
 * gone once they have signed. The device's key, RSA-2048, is made at the first attestation, for it takes longer
 * than all the rest. Where nothing can be written, it is made for that one call.
 */
#ifndef HUKS_SERVICE_ATTEST_H
#define HUKS_SERVICE_ATTEST_H

#include "service/item.h"

#define ATTEST_CHALLENGE_MAX 128

struct attest_request {
    struct bytes challenge;      /* 1 to ATTEST_CHALLENGE_MAX bytes                                    */
    const OH_Huks_ParamSet *set; /* ATTESTATION_ID_*: what else is to be claimed; NULL: nothing         */
    bool anonymous;              /* no identifiers, by the anonymous chain                              */
};

/* The key's own certificate first, in DER. Zero-initialise; attestation_free() any time. */
struct attestation {
    struct buffer certificates[4];
    size_t count;
};
void attestation_free(struct attestation *attestation);

/* A certificate as HUKS gives it: PEM with one line of base64, no line end behind. Appended. */
HUKS_MUST_USE huks_rc attestation_pem(struct bytes certificate, struct buffer *pem);

/* Does an algorithm have keys that are attested? */
bool attest_knows(uint32_t alg);

/*
 * Attests a private key; `public` is its other half, NULL when there is none. A key that is no private one, or
 * of an algorithm that is not attested: 12000003 ABOUT_KEY_TYPE. A curve that is not: 12000001 ABOUT_CURVE. A
 * key that may leave the token, or might have left it: 12000003 ABOUT_PURPOSE. An identifier that is no UTF-8:
 * 12000003 ABOUT_ATTRIBUTE. Void for good: 12000007.
 */
HUKS_MUST_USE huks_rc attest_key(struct item *private, struct item *public, const struct attest_request *request,
                                 struct attestation *out);

/* Makes the authority of a token that is to be made. */
HUKS_MUST_USE huks_rc attest_prepare(struct token *token, struct auth_meta *meta);

#endif
