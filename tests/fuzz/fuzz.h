/*
 * What a fuzz target is: libFuzzer's function, and seeds for it.
 *
 * Built with a compiler that has libFuzzer (make fuzz) a target runs until something breaks; built otherwise,
 * driver.c runs the seeds, each cut at every length and changed at every place, the same each time.
 */
#ifndef HUKS_TESTS_FUZZ_H
#define HUKS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_ROOM = 4096 };
/* Writes seed `number` (from 0) and gives its size; 0 when there is none of that number. */
size_t fuzz_seed(unsigned number, uint8_t seed[FUZZ_ROOM]);

/* A promise that did not hold: a crash, as fuzzers like it. */
static inline void fuzz_must(int fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "fuzz: %s\n", what);
        abort();
    }
}

#endif
