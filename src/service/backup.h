/*
 * Backups: tokens as they are, taken while they are in use, and put back into this store or another.
 *
 * A token's records and its metadata go into the backup sealed as they lie in the store; only its device key
 * is taken out from under the store's root key, and sealed under the passphrase with all the rest. So no PIN
 * is needed for a backup, and PINs, ids, secure user id and keys are afterwards what they were: whoever has
 * backup and passphrase still needs the PIN for private keys, and may guess at it for as long as he likes.
 *
 * The stream inside backup_stream.h's chunks. Integers are little-endian; a record is u8 type, u32 size,
 * content:
 *
 *   1  token      u64 life ‖ u64 next free id ‖ the sealed set hash; the records below belong to it
 *   2  device key 32 bytes
 *   3  metadata   u8 size of the name ‖ name ‖ value; all but auth.device-key. After the last an empty one
 *   4  row        u64 id ‖ u64 version ‖ u64 key version ‖ u64 pair ‖ u32 class ‖ u32 size of the hashes ‖
 * u32 size of the attributes ‖ hashes ‖ attributes ‖ key bytes; ascending ids 5  end        u64 rows of the
 * token 6  all        u64 tokens
 *
 * 1 to 5 in this order for each token, with as many of 3 and 4 as there are; 6 after the last token.
 */
#ifndef HUKS_SERVICE_BACKUP_H
#define HUKS_SERVICE_BACKUP_H

#include "service/backup_stream.h"
#include "service/token.h"

/* `done` of `total`, in steps of no meaning. */
struct backup_progress {
    void (*tell)(uint64_t done, uint64_t total, void *argument); /* may be NULL */
    void *argument;
};

/* Each token is of one moment. `*records`: how many there were. */
HUKS_MUST_USE huks_rc backup_write(struct engine *engine, struct token *const *tokens, size_t count,
                                   struct bytes passphrase, const struct stream_output *output,
                                   const struct backup_progress *progress, uint64_t *records);

/* What a backup holds. */
struct backup_token {
    char label[AUTH_LABEL_SIZE];
    uint64_t life;
    uint64_t records;
    bool user_pin_set, so_pin_set;
    struct token *present; /* the token of this life in the engine's store; NULL: there is none */
};
struct backup_content {
    uint64_t made; /* seconds since 1970 */
    struct backup_token *tokens;
    size_t count;
};
void backup_content_free(struct backup_content *content);

/*
 * Reads and authenticates all of it; nothing is changed. `size` of the file, for the progress. What is no
 * backup, does not open, is damaged or cut off: 12000003 saying so.
 */
HUKS_MUST_USE huks_rc backup_verify(struct engine *engine, struct bytes passphrase,
                                    const struct stream_input *input, uint64_t size,
                                    const struct backup_progress *progress, struct backup_content *content);
/*
 * Puts back the tokens that `chosen` (one for each, as backup_verify() listed them) says; the input is at its
 * beginning again. A token that is present is replaced where it is: its sessions, of any process, are
 * 12000018 ABOUT_TOKEN. Each token is there wholly or, if this fails, as it was. `*restored` counts them.
 */
HUKS_MUST_USE huks_rc backup_restore(struct engine *engine, struct bytes passphrase,
                                     const struct stream_input *input, uint64_t size,
                                     const struct backup_content *content, const bool *chosen,
                                     const struct backup_progress *progress, size_t *restored);

#endif
