/* The remainder of an approximation: a copy of the matrix, then a product at a time off it. Products
 * of F32 are summed in F64 and every entry is rounded once, so that it does not depend on
 * whose order the sums are in: the codes of a remainder turn over with its last digit. */

#include "vulkan/product.h"

enum { PANEL = 64 << 20, LEAST_ROWS = 32 }; /* bytes */

/* Rows row .. row + n of `to`, in one panel of it, less those of the product. */
static bool take_rows(struct vulkan *v, struct product p, size_t row, size_t n, struct block *panel,
                      const struct panels *to, struct error *err)
{
    struct panels wide = { n, to->cols, to->stride, n, 1, DTYPE_F64, panel };
    struct patch_sum s = { .x = product_patch(&wide, 0, 0),
                           .out = product_patch(to, row, 0),
                           .rows = n,
                           .cols = to->cols,
                           .summands = 1,
                           .alpha = -1,
                           .add = true,
                           .dtype = DTYPE_F64,
                           .narrow = true };
    p.out = &wide;
    p.a_row = row;
    return product_panels(v, &p, err) && product_sum(v, &s, err);
}

static bool take_off(struct vulkan *v, const struct product *p, const struct panels *to,
                     struct error *err)
{
    uint64_t row = (uint64_t)to->stride * sizeof(double);
    size_t want = row < PANEL ? (size_t)(PANEL / row) : 1;
    want = want < to->height ? want : to->height;
    size_t least = want < LEAST_ROWS ? want : LEAST_ROWS;
    struct block *panel;
    if (!to->cols || !to->rows)
        return true;
    if (!vulkan_scratch(v, SCRATCH_PANEL, least * row, want * row, &panel, err))
        return false;
    size_t height = panel->size / row < want ? (size_t)(panel->size / row) : want;
    for (size_t i = 0, n; i < to->rows; i += n) {
        n = product_stretch(to, i, to->rows);
        n = n < height ? n : height;
        if (!take_rows(v, *p, i, n, panel, to, err))
            return false;
    }
    return true;
}

bool vulkan_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                     struct buffer *out, struct error *err)
{
    struct vulkan *v = vulkan_of(out);
    const struct panels *to = panels_of(out);
    bool ok = product_add(v, 1, panels_of(a), 0, false, to, err);
    for (size_t i = 0; ok && i < n; i++) {
        const struct panels *left = panels_of(products[i].left);
        struct product p = { .a = left, .out = to, .alpha = 1 };
        if (!products[i].right) {
            ok = product_add(v, -1, left, 0, true, to, err);
            continue;
        }
        p.b = panels_of(products[i].right);
        if (out->dtype == DTYPE_F32) {
            ok = take_off(v, &p, to, err);
        } else {
            p.alpha = -1;
            p.add = true;
            ok = product_panels(v, &p, err);
        }
    }
    return ok;
}
