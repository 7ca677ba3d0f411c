#pragma once

#include "matrix.h"
#include "quantizer.h"

#include <stdint.h>

/* Numbers as codes: how a matrix is scaled, rounded to a quantizer's levels
 * and packed, and how it comes back. Pure functions of their arguments. */

enum rounding { ROUNDING_NEAREST, ROUNDING_DITHERED };
enum scales { SCALES_TENSOR, SCALES_VECTOR, SCALES_BLOCK };
/* How wide a range is: what the quantizer is made for (AUTO); all entries (NONE: nothing is
 * clipped); the mean and, to both sides of it, the quantizer's spread times the standard deviation
 * (SPREAD; zero and the root of the mean square, where symmetric); the width with the least squared
 * error among a few (SEARCH, rounding to nearest). Entries outside get the code of the nearer end, so
 * that dithered ones are no longer exact in the mean. */
enum clip { CLIP_AUTO, CLIP_NONE, CLIP_SPREAD, CLIP_SEARCH };
extern const char *const clip_names[];     /* "auto", "none", "spread", "search", NULL */
extern const char *const rounding_names[]; /* "nearest", "dithered", NULL */
extern const char *const scales_names[];   /* "tensor", "vector", "block", NULL */

enum { CODING_BLOCK = 64, CODING_BITS_MAX = 24 };

struct coding {
    const struct quantizer *quantizer;
    int bits; /* per entry, 1..24 */
    enum rounding rounding;
    enum clip clip;     /* of use to the encoder alone */
    enum scales scales; /* one range per matrix, per vector, or per 64 entries of a vector */
    bool symmetric;     /* range [-R, R], R the largest magnitude, instead of [min, max]; must be
                         * set where the quantizer wants it (coding_symmetric) */
    bool by_column;     /* vectors are columns (left factors) rather than rows */
    uint64_t seed;      /* of the dither */
    uint32_t stream;    /* enum stream of the dither */
    uint32_t part;      /* counter of the dither: two parts never share a draw */
};

/* A coded matrix. Codes lie in row-major order, `bits` each, least significant
 * bit first, without gaps; those of a vector quantizer are group * bits wide, a code for
 * `group` entries along a row or, by_column, down a column, where vectors that end within a group
 * have it all. A range is two numbers (low, high), one (R) when
 * symmetric; tensor ranges are F64, others F16 in units of `unit`, a power of two,
 * rounded outwards so that no entry leaves them; they follow vector by vector, and
 * along each vector block by block. Code j of an equidistant quantizer means
 * low + j / (2^bits - 1) * (high - low), the last code exactly high; level y of a
 * codebook means low + (y + 1) / 2 * (high - low), a value of a vector quantizer that times R. A constant range decodes to its value. */
struct coded {
    struct coding coding;
    size_t rows, cols;
    uint8_t *codes;   /* owned; coding_codes_size bytes */
    double range[2];  /* SCALES_TENSOR */
    uint16_t *ranges; /* owned; F16 bits, coding_ranges * (symmetric ? 1 : 2) */
    double unit;      /* of ranges */
};

/* Whether ranges are symmetric: it was asked for, or the quantizer wants it. */
bool coding_symmetric(bool asked, const struct quantizer *q);
/* What clipping comes to: never AUTO, and NONE where a quantizer has no spread. */
enum clip coding_clip(const struct coding *c);

size_t coding_codes_size(const struct coding *c, size_t rows, size_t cols); /* bytes, rounded up */
/* How many F16 ranges there are; 0 with SCALES_TENSOR and for an empty matrix. */
size_t coding_ranges(const struct coding *c, size_t rows, size_t cols);

/* How many codes there are, and the bits of each: rows cols, and bits, but for vector quantizers. */
size_t coding_codes(const struct coding *c, size_t rows, size_t cols);
int coding_width(const struct coding *c);

/* Paper: codes alone. True: codes, ranges and unit, what a decoder
 * needs beyond the file's header; the last byte's padding belongs to the file. */
uint64_t coding_bits_paper(const struct coding *c, size_t rows, size_t cols);
uint64_t coding_bits_true(const struct coding *c, size_t rows, size_t cols);

/* Codes a. out is {0} before; the caller finishes it. The code is floor(t + u), t the
 * place of the entry among the codes; u is one half (nearest: halfway goes up) or
 * uniform in (0, 1) and the entry's own (dithered). ERROR_NUMERIC: an entry is not
 * finite or above a quarter of the largest double; ERROR_USAGE: the quantizer has no codes of so many
 * bits, or cannot be dithered; ERROR_MEMORY, ERROR_LIMIT. */
bool coding_encode(const struct coding *c, struct matrix_view a, struct coded *out,
                   struct error *err);
/* Decodes into out (same shape). The value of a code depends on the codes and
 * ranges alone, computed in double precision, then rounded to out's type. */
bool coding_decode(const struct coded *x, struct matrix_view out, struct error *err);
void coded_finish(struct coded *x); /* {0} and a finished one are fine */

/* The largest |value| any code may take, and the largest step between two levels:
 * R and Delta of the error bound. (A vector quantizer, or no memory for a codebook: the whole range
 * as step.) */
void coding_extent(const struct coded *x, double *range, double *step);

/* Code number i, 0 <= i < coding_codes. */
uint32_t coded_at(const struct coded *x, size_t i);
