/*
 * Runs a fuzz target without libFuzzer:
 *
 *   fuzz-NAME [FILE …]         the seeds cut and changed; with FILEs, these alone as they are
 *   fuzz-NAME --seeds DIR      writes the seeds for libFuzzer to begin with
 */
#include "fuzz.h"

#include <string.h>

/* Of a long seed: so many places are changed, evenly spread. */
enum { PLACES = 400 };

static unsigned long inputs;

/* In memory of exactly its size, so that a read beyond it is seen. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    fuzz_must(copy != NULL, "no memory");
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

static void run_seed(uint8_t *seed, size_t size)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    size_t stride = size / PLACES + 1;

    run(seed, size);
    for (size_t at = 0; at < size; at += stride) {
        run(seed, at);
        for (size_t i = 0; i < sizeof changes; i++) {
            seed[at] ^= changes[i];
            run(seed, size);
            seed[at] ^= changes[i];
        }
    }
}

static int run_file(const char *path)
{
    static uint8_t data[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    run(data, size);
    return 0;
}

static int write_seeds(const char *directory)
{
    uint8_t seed[FUZZ_ROOM];
    size_t size;
    for (unsigned number = 0; (size = fuzz_seed(number, seed)) != 0; number++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/seed-%u", directory, number);
        FILE *file = fopen(path, "wb");
        if (file == NULL || fwrite(seed, 1, size, file) != size || fclose(file) != 0) {
            perror(path);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint8_t seed[FUZZ_ROOM];
    size_t size;
    int failed = 0;

    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        return write_seeds(argv[2]);
    }
    for (int i = 1; i < argc; i++) {
        failed |= run_file(argv[i]);
    }
    for (unsigned number = 0; argc == 1 && (size = fuzz_seed(number, seed)) != 0; number++) {
        run_seed(seed, size);
    }
    printf("%lu inputs\n", inputs);
    return failed != 0 || inputs == 0;
}
