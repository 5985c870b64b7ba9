/*
 * Packed param sets, as records and messages hold them: what unpacks packs to the same bytes again.
 */
#include "fuzz.h"

#include <string.h>

#include "param/set.h"
#include "param/tags.h"

static huks_rc make(unsigned number, struct buffer *out)
{
    static const uint8_t bytes[300] = {1, 2, 3};
    AUTO(param_list_free) struct param_list list = {0};
    OH_Huks_ParamSet *set = NULL;
    if (number > 0) {
        HUKS_TRY(param_list_add_u32(&list, OH_HUKS_TAG_ALGORITHM, OH_HUKS_ALG_AES));
        HUKS_TRY(param_list_add_bool(&list, HUKS_TAG_TOKEN, true));
        HUKS_TRY(param_list_add_bytes(&list, HUKS_TAG_LABEL, bytes_of(bytes, 5)));
    }
    if (number > 1) {
        HUKS_TRY(param_list_add_u64(&list, HUKS_TAG_CREATION_DATETIME, 1));
        HUKS_TRY(param_list_add_bytes(&list, HUKS_TAG_ID, bytes_of(bytes, 0)));
        HUKS_TRY(param_list_add_bytes(&list, HUKS_TAG_VALUE, bytes_of(bytes, sizeof bytes)));
    }
    HUKS_TRY(param_list_build(&list, &set));
    huks_rc rc = param_set_pack(set, out);
    param_set_free(&set);
    return rc;
}

size_t fuzz_seed(unsigned number, uint8_t seed[FUZZ_ROOM])
{
    AUTO(buffer_free) struct buffer packed = {0};
    if (number > 2) {
        return 0;
    }
    fuzz_must(make(number, &packed) == HUKS_OK && packed.size <= FUZZ_ROOM, "no seed");
    memcpy(seed, packed.data, packed.size);
    return packed.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OH_Huks_ParamSet *set = NULL;
    AUTO(buffer_free) struct buffer again = {0};
    if (param_set_unpack(bytes_of(data, size), &set) != HUKS_OK) {
        fuzz_must(set == NULL, "a set that was refused");
        return 0;
    }
    fuzz_must(param_set_pack(set, &again) == HUKS_OK, "it does not pack");
    fuzz_must(again.size == size && memcmp(again.data, data, size) == 0, "it packs to other bytes");
    param_set_free(&set);
    return 0;
}
