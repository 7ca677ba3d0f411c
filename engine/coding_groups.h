#pragma once

#include "coding_table.h"
#include "packing.h"

/* Codes of several entries at once, each a point of a vector quantizer's. A group lies along its
 * vector: down a column or across a row; the last one of a vector is filled up with zeros. */

void groups_encode(const struct coding *c, const struct coding_table *t, struct matrix_view a,
                   struct packing *to);
void groups_decode(const struct coding *c, const struct coding_table *t, struct packing *from,
                   struct matrix_view out);
/* Adds to error[i], i a range of the table, the squared distances of its entries from their
 * rounded values, in units of scale[i]. */
void groups_error(const struct coding *c, const struct coding_table *t, struct matrix_view a,
                  const double *scale, double *error);
