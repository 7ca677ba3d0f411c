#pragma once

#include "matrix.h"

#include <stdint.h>

/* Rows of numbers as rows of integers, each by a fixed rule that knows nothing but that row and public
 * facts, so that rows which are neighbours stay so. Nothing is told of what was cut, counted or found
 * not to be a number. Pure; any thread. docs/privacy.md. */

struct row_rule {
    double clip;          /* C, 1e-100 to 1e100: longer rows are shortened to that norm */
    unsigned bits;        /* b: a step is C / 2^b */
    const double *centre; /* subtracted first, one a column; NULL: none */
};

/* out (n x d, dense): (row - centre) / max(C, its norm) 2^b, towards zero. Of every row the sum of
 * squares is at most 4^b, as integers, whatever floating point made of it. A row with an entry that
 * is not finite, or not after the centre was taken off, is a row of zeros. */
void rows_quantise(struct matrix_view from, const struct row_rule *rule, int32_t *out);

/* Whether the sum of squares is at most 4^b. */
bool rows_fit(const int32_t *row, size_t d, unsigned bits);
