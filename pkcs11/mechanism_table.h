/*
 * What the files that hold the mechanism table's rows share: names that keep a row on a line or two. Rows of
 * one family that differ in a hash or a mode alone are written by macros of that family's file.
 */
#ifndef HUKS_PKCS11_MECHANISM_TABLE_H
#define HUKS_PKCS11_MECHANISM_TABLE_H

#include "pkcs11/mechanism_row.h"

#define MAC_MAX 2048 /* bytes of an HMAC key */

#define F_CRYPT  (CKF_ENCRYPT | CKF_DECRYPT)
#define F_SIGN   (CKF_SIGN | CKF_VERIFY)
#define F_RECOV  (CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)
#define F_WRAP   (CKF_WRAP | CKF_UNWRAP)
#define F_KEM    (CKF_ENCAPSULATE | CKF_DECAPSULATE)

#define NO_PAD OH_HUKS_PADDING_NONE
#define PKCS1  OH_HUKS_PADDING_PKCS1_V1_5
#define PSS    OH_HUKS_PADDING_PSS
#define OAEP   OH_HUKS_PADDING_OAEP
#define PKCS7  OH_HUKS_PADDING_PKCS7

#define P11_MECHANISM_TABLE(ROWS) {ROWS, ARRAY_SIZE(ROWS)}

#endif
