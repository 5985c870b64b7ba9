/*
 * Param sets inside the engine: building, reading, copying, and the packed form for disk and wire.
 *
 * A `struct param_list` collects parameters; its blobs are the caller's until param_list_build() copies all
 * into one block, laid out as HUKS does: header, parameters, blob bytes in the same order. A built set is
 * read-only. Sets may hold key material: their bytes are overwritten when they are freed.
 *
 * The 42 parameters and 4 MiB of the native API are that API's limits, not these functions'.
 */
#ifndef HUKS_PARAM_SET_H
#define HUKS_PARAM_SET_H

#include "common/error.h"
#include "common/memory.h"
#include "param/tags.h"

/* ---- building ---- */

/* Zero-initialise; param_list_free() any time. */
struct param_list {
    OH_Huks_Param *params;
    size_t count;
    size_t capacity;
};
void param_list_free(struct param_list *list);

/*
 * Append without looking for the tag. The value must fit the tag's type bits (u32: UINT or INT), else
 * 12000012. `bytes` {NULL, 0} is stored as an empty blob.
 */
HUKS_MUST_USE huks_rc param_list_add_u32(struct param_list *list, uint32_t tag, uint32_t value);
HUKS_MUST_USE huks_rc param_list_add_u64(struct param_list *list, uint32_t tag, uint64_t value);
HUKS_MUST_USE huks_rc param_list_add_bool(struct param_list *list, uint32_t tag, bool value);
HUKS_MUST_USE huks_rc param_list_add_bytes(struct param_list *list, uint32_t tag, struct bytes value);
HUKS_MUST_USE huks_rc param_list_add(struct param_list *list, const OH_Huks_Param *param);
/* Every parameter of a set, shallow: the set must outlive the list. NULL adds nothing. */
HUKS_MUST_USE huks_rc param_list_add_set(struct param_list *list, const OH_Huks_ParamSet *set);

/* Replace the first parameter with the tag, or append. */
HUKS_MUST_USE huks_rc param_list_put_u32(struct param_list *list, uint32_t tag, uint32_t value);
HUKS_MUST_USE huks_rc param_list_put_u64(struct param_list *list, uint32_t tag, uint64_t value);
HUKS_MUST_USE huks_rc param_list_put_bool(struct param_list *list, uint32_t tag, bool value);
HUKS_MUST_USE huks_rc param_list_put_bytes(struct param_list *list, uint32_t tag, struct bytes value);
HUKS_MUST_USE huks_rc param_list_put(struct param_list *list, const OH_Huks_Param *param);

/* Removes every parameter with the tag; was there one? */
bool param_list_remove(struct param_list *list, uint32_t tag);
/* The first with the tag, or NULL. Valid until the list changes. */
const OH_Huks_Param *param_list_find(const struct param_list *list, uint32_t tag);

/* Copies everything into one block that the caller frees. An empty list gives an empty set. */
HUKS_MUST_USE huks_rc param_list_build(const struct param_list *list, OH_Huks_ParamSet **out);

/* ---- reading: `set` may be NULL, which is an empty set ---- */

const OH_Huks_Param *param_find(const OH_Huks_ParamSet *set, uint32_t tag);
bool param_has(const OH_Huks_ParamSet *set, uint32_t tag);
/* `fallback` when the tag is absent or of another type. */
uint32_t param_u32(const OH_Huks_ParamSet *set, uint32_t tag, uint32_t fallback);
uint64_t param_u64(const OH_Huks_ParamSet *set, uint32_t tag, uint64_t fallback);
bool param_bool(const OH_Huks_ParamSet *set, uint32_t tag, bool fallback);
/* BYTES_NONE when absent; data is never NULL when present. */
struct bytes param_bytes(const OH_Huks_ParamSet *set, uint32_t tag);
/* Of one parameter of the right type. A bool from outside may be any byte: all but 0 are true. */
struct bytes param_blob(const OH_Huks_Param *param);
bool param_truth(const OH_Huks_Param *param);
/* Same tag and same value. */
bool param_equal(const OH_Huks_Param *a, const OH_Huks_Param *b);

/* ---- whole sets ---- */

/* Cleanses and frees; *set becomes NULL. NULL and *NULL are fine: AUTO(param_set_free). */
void param_set_free(OH_Huks_ParamSet **set);
/* Deep copy. NULL copies to an empty set. */
HUKS_MUST_USE huks_rc param_set_copy(const OH_Huks_ParamSet *set, OH_Huks_ParamSet **out);
/* Do header, parameters and blobs agree with `size` bytes? For sets from outside; never raises. */
bool param_set_consistent(const OH_Huks_ParamSet *set, size_t size);

/* ---- packed form ---- */

/*
 * Little-endian, no padding, the same on every machine: u32 count, then for each parameter its u32 tag and
 * the value (INT and UINT 4 bytes, ULONG 8, BOOL 1, BYTES u32 length and bytes). The caller's format says
 * which version that is. Appends to `out`, which may come to hold secrets if the set does.
 */
HUKS_MUST_USE huks_rc param_set_pack(const OH_Huks_ParamSet *set, struct buffer *out);
/* Takes exactly one packed set; anything else is 12000012. */
HUKS_MUST_USE huks_rc param_set_unpack(struct bytes packed, OH_Huks_ParamSet **out);

#endif
