#pragma once

#include "coding_table.h"

/* How wide the ranges of a matrix are. Sums are taken in the order of the codes, in double
 * precision: the same bits on every backend, which all take clipped ranges from here. */

/* From the entries to the ranges of t, which is as coding_table_init left it. ERROR_NUMERIC as
 * coding_table_settle; ERROR_MEMORY. */
bool ranges_measure(const struct coding *c, struct matrix_view a, struct coding_table *t,
                    struct error *err);
