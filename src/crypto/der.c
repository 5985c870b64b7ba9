/*
 * Reading and writing DER. See der.h. Every header is read by ASN1_get_object() and written by
 * ASN1_put_object(); what is added here is strictness and the walk from one element to the next.
 */
#include <limits.h>
#include <string.h>

#include "crypto/context.h"

#include <openssl/asn1.h>

#include "crypto/der.h"

#define DER_NUMBER(tag)      ((tag) & 0x1F)
#define DER_CLASS(tag)       ((tag) & 0xC0)
#define DER_IS_CONSTRUCTED(tag) (((tag) & V_ASN1_CONSTRUCTED) != 0)

/* Header at the front of `in`: tag, header size, content size. Definite, shortest lengths only (X.690, 10.1). */
static bool der_header(struct bytes in, uint8_t *tag, size_t *header, size_t *content)
{
    ERROR_GUARD;
    const unsigned char *at = in.data;
    long size = 0;
    int number = 0, class = 0;
    if (in.size < 2 || in.size > INT_MAX || DER_NUMBER(in.data[0]) == 0x1F) {
        return false;
    }
    int form = ASN1_get_object(&at, &size, &number, &class, (long)in.size);
    if ((form & 0x80) != 0 || (form & 1) != 0) {
        return false; /* cut short, or of indefinite length */
    }
    *tag = in.data[0];
    *header = (size_t)(at - in.data);
    *content = (size_t)size;
    return ASN1_object_size(DER_IS_CONSTRUCTED(*tag), (int)size, number) == (int)(*header + *content);
}

static void der_skip(struct bytes *in, size_t size)
{
    in->data += size;
    in->size -= size;
}

bool der_take(struct bytes *in, uint8_t tag, struct bytes *content)
{
    uint8_t found;
    size_t header, size;
    if (!der_header(*in, &found, &header, &size) || found != tag) {
        return false;
    }
    *content = bytes_of(in->data + header, size);
    der_skip(in, header + size);
    return true;
}

bool der_take_any(struct bytes *in, uint8_t *tag, struct bytes *whole)
{
    size_t header, size;
    if (!der_header(*in, tag, &header, &size)) {
        return false;
    }
    *whole = bytes_of(in->data, header + size);
    der_skip(in, header + size);
    return true;
}

bool der_take_unsigned(struct bytes *in, struct bytes *magnitude)
{
    struct bytes rest = *in, content;
    if (!der_take(&rest, DER_INTEGER, &content) || content.size == 0 || content.data[0] & 0x80) {
        return false;
    }
    if (content.size > 1 && content.data[0] == 0) {
        if (!(content.data[1] & 0x80)) {
            return false; /* not the shortest form */
        }
        der_skip(&content, 1);
    }
    *magnitude = content;
    *in = rest;
    return true;
}

bool der_take_bits(struct bytes *in, struct bytes *content)
{
    struct bytes rest = *in, bits;
    if (!der_take(&rest, DER_BIT_STRING, &bits) || bits.size == 0 || bits.data[0] != 0) {
        return false;
    }
    der_skip(&bits, 1);
    *content = bits;
    *in = rest;
    return true;
}

uint8_t der_peek(struct bytes in)
{
    return in.size != 0 ? in.data[0] : 0;
}

struct der_writer der_writer(void *start, size_t capacity)
{
    uint8_t *end = (uint8_t *)start + capacity;
    return (struct der_writer){start, end, end, false};
}

void der_put(struct der_writer *writer, struct bytes raw)
{
    if ((size_t)(writer->at - writer->start) < raw.size) {
        writer->full = true;
        return;
    }
    writer->at -= raw.size;
    if (raw.size != 0) {
        memcpy(writer->at, raw.data, raw.size);
    }
}

void der_put_byte(struct der_writer *writer, uint8_t byte)
{
    der_put(writer, bytes_of(&byte, 1));
}

void der_wrap(struct der_writer *writer, uint8_t tag, const uint8_t *end)
{
    uint8_t header[16];
    unsigned char *at = header;
    ASN1_put_object(&at, DER_IS_CONSTRUCTED(tag), (int)(end - writer->at), DER_NUMBER(tag), DER_CLASS(tag));
    der_put(writer, bytes_of(header, (size_t)(at - header)));
}

void der_put_element(struct der_writer *writer, uint8_t tag, struct bytes content)
{
    const uint8_t *end = writer->at;
    der_put(writer, content);
    der_wrap(writer, tag, end);
}

struct bytes der_trim(struct bytes magnitude)
{
    while (magnitude.size > 1 && magnitude.data[0] == 0) {
        der_skip(&magnitude, 1);
    }
    return magnitude;
}

void der_put_unsigned(struct der_writer *writer, struct bytes magnitude)
{
    const uint8_t *end = writer->at;
    struct bytes digits = der_trim(magnitude);
    der_put(writer, digits);
    if (digits.size == 0 || digits.data[0] & 0x80) {
        der_put_byte(writer, 0);
    }
    der_wrap(writer, DER_INTEGER, end);
}

struct bytes der_written(const struct der_writer *writer)
{
    return writer->full ? BYTES_NONE : bytes_of(writer->at, (size_t)(writer->end - writer->at));
}

size_t der_signature_bound(size_t half)
{
    /* Two INTEGERs with a sign byte and at most two length bytes each, in a SEQUENCE. */
    size_t integer = half + 1 + 2 + (half + 1 >= 0x80);
    return 2 * integer + 2 + (2 * integer >= 0x80) + (2 * integer >= 0x100);
}

bool der_signature_to_raw(struct bytes der, size_t half, uint8_t *raw)
{
    struct bytes sequence, number;
    if (!der_take(&der, DER_SEQUENCE, &sequence) || der.size != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++, raw += half) {
        if (!der_take_unsigned(&sequence, &number) || number.size > half) {
            return false;
        }
        memset(raw, 0, half - number.size);
        memcpy(raw + half - number.size, number.data, number.size);
    }
    return sequence.size == 0;
}

struct bytes der_signature_from_raw(const uint8_t *raw, size_t half, uint8_t *out, size_t capacity)
{
    struct der_writer writer = der_writer(out, capacity);
    der_put_unsigned(&writer, bytes_of(raw + half, half));
    der_put_unsigned(&writer, bytes_of(raw, half));
    der_wrap(&writer, DER_SEQUENCE, writer.end);
    return der_written(&writer);
}
