#pragma once

#include "vulkan/vulkan.h"

/* Matrix products of the Vulkan backend, and sums of matrices, recorded. All sums are made in an
 * order that follows from sizes and the device alone. */

/* A rectangle of a matrix in one block: the number of its first entry and that of entries from
 * row to row, both multiples of four. */
struct patch {
    const struct block *block;
    size_t at, stride;
};

/* c (m x n) = alpha op(a) op(b), or that added to c. Entries of a and b are `in`, those of c and
 * all sums `out`: the same, or F32 into F64. m, n, k > 0. upper: entries below the diagonal come
 * out undefined. */
struct patch_product {
    struct patch a, b, c;
    bool a_transposed, b_transposed, add, upper;
    size_t m, n, k;
    double alpha;
    enum dtype in, out;
};
bool product_patches(struct vulkan *v, const struct patch_product *p, struct error *err);

/* The same of whole matrices in panels, but that op(a) may begin at a row of its own: rows
 * a_row .. a_row + out->rows. Any of the sizes may be 0. */
struct product {
    const struct panels *a, *b, *out;
    size_t a_row;
    bool a_transposed, b_transposed, add, upper;
    double alpha;
};
bool product_panels(struct vulkan *v, const struct product *p, struct error *err);

/* out (rows x cols) = alpha (x_0 + x_1 + ... ), or added to out; x_i begins i * plane entries behind x. */
struct patch_sum {
    struct patch x, out;
    size_t rows, cols, summands, plane;
    double alpha;
    bool add;
    enum dtype dtype; /* of the summands */
    bool narrow;      /* F64 summands, out is F32 */
};
bool product_sum(struct vulkan *v, const struct patch_sum *s, struct error *err);
/* out (all of it) = alpha times rows x_row ... of x, or added to out. */
bool product_add(struct vulkan *v, double alpha, const struct panels *x, size_t x_row, bool add,
                 const struct panels *out, struct error *err);

bool product_zero(struct vulkan *v, const struct panels *p, struct error *err);

/* Entry (row, col) and what follows; how many of rows row .. end lie in the same panel. */
struct patch product_patch(const struct panels *p, size_t row, size_t col);
size_t product_stretch(const struct panels *p, size_t row, size_t end);

/* Work groups 0 .. groups of d, each costing so much, in as many dispatches as it takes. The
 * first word of what d->push points to becomes the number of a dispatch's first group. */
bool product_spread(struct vulkan *v, struct dispatch *d, uint32_t *first, size_t groups,
                    double each, struct error *err);
