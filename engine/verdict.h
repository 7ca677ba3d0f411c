#pragma once

#include "blocks.h"
#include "spectrum.h"

/* Whether low rank pays for a matrix: the error of its best factors against that of plain rounding, at
 * the same bytes. Errors are
 * relative, ||A - X||_F / ||A||_F. Pure functions; any thread. */

/* What keeping the matrix in one element type costs, and what rank the same bytes buy. */
struct verdict_line {
    const char *type; /* "Q8_0"; static text */
    uint64_t bytes;  /* of all entries; rows of a width that is no multiple of a block are padded */
    double rounding; /* of the entries to that type; NAN: not known */
    bool estimated;  /* from the steps in the file, whose rounding is behind us; else measured */
    size_t rank;     /* the largest whose half-precision factors take no more bytes */
    double
        low_rank; /* what that rank leaves out (Eckart, Young 1936); NAN where sigma is not known, and
                       * where there is no low rank: factors of rows cols numbers or more, rows shorter
                       * than a block. The rounding of the factors, some 3e-4, is not in it: in favour
                       * of low rank. */
};

/* Errors below that are not told apart: factors in half precision have them anyway. */
#define VERDICT_FLOOR 5e-4

enum verdict_answer {
    VERDICT_NONE,     /* nothing can be said, or both leave less than VERDICT_FLOOR at every size */
    VERDICT_QUANTIZE, /* rounding leaves less at every size that was looked at */
    VERDICT_FACTORIZE, /* low rank does */
    VERDICT_DEPENDS,   /* on the size */
};
extern const char *const verdict_names[]; /* "none", "quantize", "factorize", "depends" */

enum { VERDICT_Q8_0, VERDICT_Q4_0, VERDICT_OWN, VERDICT_LINES, VERDICT_TEXT = 200 };
struct verdict {
    struct verdict_line
        lines[VERDICT_LINES]; /* OWN: the file's type; its type NULL where it has none */
    enum verdict_answer answer;
    /* Rounding over low rank at the same bytes, neither less than VERDICT_FLOOR: above 1 low rank is
     * better. Of a source in blocks its own rounding and bytes, of any other those of Q4_0. NAN: not
     * known. */
    double gain;
    char text[VERDICT_TEXT]; /* one sentence, numbers in it */
};

/* Bytes of two factors of rank k in half precision, and the largest k within so many bytes, at
 * most min(rows, cols). */
uint64_t verdict_factor_bytes(size_t rows, size_t cols, size_t k);
size_t verdict_rank(size_t rows, size_t cols, uint64_t bytes);

/* own: the line of the file's type without rank and low_rank; type NULL: none.
 * rounding: of the entries to Q8_0 and Q4_0 (verdict_rounding); NAN: not known. */
void verdict_of(const struct spectrum *s, const double rounding[2], const struct verdict_line *own,
                struct verdict *out);

/* Rounding rows of A in blocks of 32 as ggml's type of that name does, the last block of a row filled
 * with zeros: measured, each step of the quantizer done. Adds ||A - Q(A)||_F^2 and ||A||_F^2. */
void verdict_round(struct matrix_view a, const char *type, double *lost, double *whole);
/* The relative error of such sums: 0 of a zero matrix, NAN where a scale leaves its range. */
double verdict_rounding(double lost, double whole);
