/*
 * OH_Huks_Result: what every native call returns.
 *
 * errorMsg must never be freed and must outlive the call, whatever thread reads it. Sentences without a gap
 * are literals; finished ones ("Invalid padding.") are kept for good in a fixed table that takes each
 * different sentence once. When the table is full the code's general sentence stands in.
 */
#ifndef HUKS_API_RESULT_H
#define HUKS_API_RESULT_H

#include "common/error.h"
#include "huks/native_huks_type.h"

/* The texts of 401 under the names of this folder. */
#define RESULT_INVALID    ILLEGAL_ARGUMENT
#define RESULT_NULL       ILLEGAL_NULL
#define RESULT_UNSET      ILLEGAL_UNSET
#define RESULT_BUFFER     ILLEGAL_BUFFER
#define RESULT_NOT_EXIST  ILLEGAL_ABSENT
#define RESULT_KEY_INFO   ILLEGAL_KEY_INFO
#define RESULT_PUBLIC_KEY ILLEGAL_PUBLIC_KEY
#define RESULT_WRAPPED    ILLEGAL_WRAPPED

/* Raises 401 with one of the texts above. */
#define result_illegal(text) error_illegal(ABOUT_NOTHING, (text))

/* The result of an engine call: success for HUKS_OK, else the calling thread's failure. */
struct OH_Huks_Result result_of(huks_rc rc);
/* The same, where a caller's short buffer (12000014 ABOUT_BUFFER) is 401 "Insufficient buffer size.". */
struct OH_Huks_Result result_of_output(huks_rc rc);
/* A result with a literal, without touching the thread's record. */
struct OH_Huks_Result result_make(int32_t code, const char *literal);

#endif
