/*
 * Arguments as text for the log; see argument.h.
 */
#include "pkcs11/argument.h"

#include <stdio.h>

#include "pkcs11/errors.h"

/* More attributes than anybody has: the count is wrong, and so is what lies behind the first ones. */
#define COUNT_MAX 256U

const char *p11_show_mechanism(char text[P11_SHOWN_SIZE], const CK_MECHANISM *mechanism)
{
    if (mechanism == NULL) {
        return "none";
    }
    const char *name = p11_mechanism_name(mechanism->mechanism);
    if (mechanism->ulParameterLen == 0) {
        return name;
    }
    snprintf(text, P11_SHOWN_SIZE, "%s[%lu]", name, mechanism->ulParameterLen);
    return text;
}

static int show_attribute(char *text, size_t room, const CK_ATTRIBUTE *attribute, const char *before)
{
    const char *name = p11_attribute_name(attribute->type);
    if (attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION) {
        return snprintf(text, room, "%s%s[unavailable]", before, name);
    }
    return snprintf(text, room, "%s%s[%lu]", before, name, attribute->ulValueLen);
}

const char *p11_show_template(char text[P11_TEMPLATE_SIZE], const CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL || count > COUNT_MAX) {
        snprintf(text, P11_TEMPLATE_SIZE, "%s of %lu", template == NULL ? "none" : "template", count);
        return text;
    }
    const size_t room = P11_TEMPLATE_SIZE - sizeof(" ...}");
    size_t used = 1;
    text[0] = '{';
    for (CK_ULONG i = 0; i < count; i++) {
        int length = show_attribute(text + used, room - used, &template[i], i == 0 ? "" : " ");
        if (length < 0 || (size_t)length >= room - used) {
            snprintf(text + used, P11_TEMPLATE_SIZE - used, " ...}");
            return text;
        }
        used += (size_t)length;
    }
    snprintf(text + used, P11_TEMPLATE_SIZE - used, "}");
    return text;
}

const char *p11_show_output(char text[P11_SHOWN_SIZE], const void *output, const CK_ULONG *size)
{
    if (size == NULL) {
        return "without length";
    }
    snprintf(text, P11_SHOWN_SIZE, output == NULL ? "query of %lu" : "%lu", *size);
    return text;
}

CK_ULONG p11_show_number(const CK_ULONG *number)
{
    return number == NULL ? 0 : *number;
}

const char *p11_show_user(CK_USER_TYPE user)
{
    switch (user) {
    case CKU_SO:
        return "CKU_SO";
    case CKU_USER:
        return "CKU_USER";
    case CKU_CONTEXT_SPECIFIC:
        return "CKU_CONTEXT_SPECIFIC";
    default:
        return "of an unknown type";
    }
}
