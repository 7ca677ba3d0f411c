#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A quantizer is a codebook: 2^bits ascending levels in [-1, 1]. The engine
 * scales, picks the nearest level (or, dithered, one of the two neighbours at
 * random so that the mean is exact), packs the codes and counts the bits, on
 * every backend: a new quantizer needs no shader. Rounding and scales are
 * choices of the coding (coding.h), not of the quantizer.
 *
 * To add one: write engine/quantizers/NAME.c, which defines
 * `const struct quantizer quantizer_NAME`, and put NAME in the list in
 * engine/meson.build; copy uniform.c. */
struct quantizer {
    const char *name; /* "uniform": the word after --quantizer */
    const char *title, *summary, *source;
    int min_bits, max_bits;
    /* Fills 1 << bits levels. NULL: level j is -1 + 2 j / (2^bits - 1), computed
     * where it is needed and never tabulated. */
    void (*codebook)(int bits, double *levels);
    /* The R, in standard deviations, for which levels over [-R, R] round standard normal numbers
     * with the least mean squared error. NULL: none is known, only ranges that hold all entries. */
    double (*spread)(int bits);
    /* Its own choice of a range is R = spread standard deviations rather than the largest magnitude. */
    bool spreads;
    /* [-R, R] always, never [min, max]: one of its levels is to be zero, or they are for x and -x alike. */
    bool symmetric;

    /* A vector quantizer rounds `group` entries at once to one code of group * bits (at most 32)
     * bits; 0: a scalar one. It has no codebook. Vectors that end within a group are rounded as
     * if zeros followed. Entries and values are in units of the range's R. */
    size_t group;
    uint32_t (*nearest)(int bits, const double *entries);
    void (*value)(int bits, uint32_t code, double *entries);
};

/* The list, defined in registry.c. */
extern const char *const quantizer_names[]; /* NULL-terminated, in the order of quantizer_at */
const struct quantizer *quantizer_at(int index);
const struct quantizer *quantizer_find(const char *name); /* NULL: there is none */
