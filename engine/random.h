#pragma once

#include "matrix.h"

#include <stdint.h>

/* Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011). The
 * value at (row, column) depends on nothing but the seed, the stream and the
 * place, so that it is the same for every thread count, tile and backend, and
 * a wider matrix extends a narrower one. Never for privacy: a seed replays it.
 * Pure functions; any thread. */

struct philox {
    uint32_t word[4];
};

/* One block of ten rounds: counter c0..c3, key = seed. */
struct philox philox_block(uint64_t seed, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3);

/* What the numbers are for, so that two purposes never share a draw. */
enum stream {
    STREAM_SKETCH = 1,  /* counters: column/4, row, stream, matrix */
    STREAM_DITHER_LEFT, /* counters: element/4 in the order of the codes (low, high), stream, part */
    STREAM_DITHER_RIGHT,
    STREAM_LANCZOS,
    STREAM_TEST,
    STREAM_SIGNS, /* of the Hadamard transform: column / 128, 0, stream, 0; a bit a column: bit
                   * column % 32 of word column % 128 / 32; 1 means -1 */
    STREAM_NOISE, /* of simulated mechanisms: column / 4, row, stream, number of the matrix */
    STREAM_DITHER_DENSE, /* of Q in Q + L R: as STREAM_DITHER_LEFT */
    STREAM_ROTATION,     /* random subspaces: column / 4, row, stream, 8 draw + member */
    STREAM_MARK,         /* the denoise lab: column / 4, row, stream, which draw */
    STREAM_DYSON,        /* of the eigenvalue equation: particle / 4, step, stream, path */
    STREAM_TRIDIAGONAL,  /* a draw's numbers: block, field, stream, draw */
    STREAM_DEMO,         /* built-in rows: column / 4, row, stream, 0 */
};

/* The kinds of random matrix a sketch is made of; each has mean 0 and variance 1. */
enum sketch_kind {
    SKETCH_GAUSSIAN,   /* Box-Muller in f32 on own polynomials: the same bits on every backend */
    SKETCH_RADEMACHER, /* +1 or -1 */
    SKETCH_SPARSE,     /* sparse sign: each row has min(4, cols) non-zeros +-sqrt(cols / 4) */
    SKETCH_HADAMARD, /* subsampled randomised Hadamard rows, +-1: sign flips, then fixed +-1 columns */
    SKETCH_POPCOUNT, /* (set bits of a word - 16) / sqrt 8: binomial, 32 coins */
};
extern const char *const sketch_names[]; /* "gaussian", ...; NULL-terminated, in enum order */

/* Fills out (rows x cols) with `scale` times numbers of that kind. */
void random_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                 double scale, struct matrix_view out);

/* Uniform in (0, 1): the top 23 bits plus one half, exact in f32. */
static inline float random_unit(uint32_t word)
{
    return ((float)(word >> 9) + 0.5f) * 0x1p-23f;
}

/* Two independent normals from two words (Box-Muller, single precision). */
void random_normals(uint32_t a, uint32_t b, float out[2]);
