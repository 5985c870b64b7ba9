/* Slots: from their numbers to the engine's tokens. */
#ifndef HUKS_PKCS11_SLOT_H
#define HUKS_PKCS11_SLOT_H

#include "pkcs11/call.h"
#include "service/token.h"

/* SLOT_ID_INVALID when there is none. */
CK_RV p11_slot_find(CK_SLOT_ID slot, struct token **out);
/* … with what is known of its token. */
CK_RV p11_slot_info(CK_SLOT_ID slot, struct token **token, struct token_info *info);

#endif
