/*
 * Little-endian numbers in the values this part writes to metadata. Touches nothing.
 */
#ifndef HUKS_AUTH_NUMBER_H
#define HUKS_AUTH_NUMBER_H

#include <stdint.h>

static inline void number_put32(uint8_t *out, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(number >> (8 * i));
    }
}

static inline void number_put64(uint8_t *out, uint64_t number)
{
    number_put32(out, (uint32_t)number);
    number_put32(out + 4, (uint32_t)(number >> 32));
}

static inline uint32_t number_get32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline uint64_t number_get64(const uint8_t *in)
{
    return (uint64_t)number_get32(in) | (uint64_t)number_get32(in + 4) << 32;
}

#endif
