/* Subtracts panel by panel, then squares. What the work groups summed comes back in one
 * reading; only double-precision squares that leave the range of a double cost two more rounds. */

#include "memory.h"
#include "vulkan/product.h"

#include <math.h>
#include <string.h>

enum { PANEL = 64 << 20, LEAST_ROWS = 32, GROUP = 16 * 256 }; /* bytes; vectors of a group */

struct residual {
    struct vulkan *v;
    const struct panels *a;
    const struct buffer_product *products;
    size_t n;
    size_t height;       /* rows subtracted at a time */
    struct block *panel; /* their place; NULL: nothing to subtract */
    struct block *sums;
    size_t groups;
};

static size_t piece_rows(const struct residual *r, size_t row)
{
    size_t n = product_stretch(r->a, row, r->a->rows);
    return n < r->height ? n : r->height;
}

static size_t piece_groups(const struct residual *r, size_t rows)
{
    return (rows * (r->a->stride / 4) + GROUP - 1) / GROUP;
}

static bool prepare(struct residual *r, struct error *err)
{
    uint64_t row = (uint64_t)r->a->stride * dtype_size(r->a->dtype);
    r->height = r->a->height;
    if (r->n) {
        size_t want = row < PANEL ? (size_t)(PANEL / row) : 1;
        want = want < r->height ? want : r->height;
        size_t least = want < LEAST_ROWS ? want : LEAST_ROWS;
        if (!vulkan_scratch(r->v, SCRATCH_PANEL, least * row, want * row, &r->panel, err))
            return false;
        r->height = r->panel->size / row < want ? (size_t)(r->panel->size / row) : want;
    }
    for (size_t i = 0, n; i < r->a->rows; i += n)
        r->groups += piece_groups(r, n = piece_rows(r, i));
    uint64_t size = r->groups * sizeof(double);
    return vulkan_scratch(r->v, SCRATCH_SUMS, size, size, &r->sums, err);
}

/* d = rows row .. of a minus those of the products. */
static bool subtract(const struct residual *r, size_t row, const struct panels *d,
                     struct error *err)
{
    struct patch from = product_patch(r->a, row, 0);
    size_t entry = dtype_size(d->dtype);
    bool ok = vulkan_copy(r->v, from.block, from.at * entry, d->blocks, 0,
                          d->rows * d->stride * entry, err);
    for (size_t i = 0; ok && i < r->n; i++) {
        const struct panels *left = panels_of(r->products[i].left);
        struct product p = { .a = left, .out = d, .a_row = row, .add = true, .alpha = -1 };
        if (r->products[i].right) {
            p.b = panels_of(r->products[i].right);
            ok = product_panels(r->v, &p, err);
        } else {
            ok = product_add(r->v, -1, left, row, true, d, err);
        }
    }
    return ok;
}

/* The sums of a piece's squares, scaled, or its largest magnitudes, from sums[out] on. */
static bool reduce(const struct residual *r, struct patch x, size_t rows, bool largest,
                   int exponent, size_t out, struct error *err)
{
    struct {
        uint32_t first, at, vectors, width, cols, out_at;
        double scale_a, scale_b;
    } push = { .at = (uint32_t)(x.at / 4),
               .vectors = (uint32_t)(rows * (x.stride / 4)),
               .width = (uint32_t)(x.stride / 4),
               .cols = (uint32_t)r->a->cols,
               .out_at = (uint32_t)out,
               .scale_a = ldexp(1, exponent / 2),
               .scale_b = ldexp(1, exponent - exponent / 2) };
    struct dispatch d = { .shader = r->a->dtype == DTYPE_F64 ? SHADER_squares_f64
                                                             : SHADER_squares_f32,
                          .constants = { largest },
                          .blocks = { x.block, r->sums },
                          .push = &push,
                          .push_size = sizeof(push) };
    return product_spread(r->v, &d, &push.first, piece_groups(r, rows), 16.0 * GROUP, err);
}

static bool sweep(const struct residual *r, bool largest, int exponent, struct error *err)
{
    for (size_t i = 0, out = 0, n; i < r->a->rows; i += n) {
        n = piece_rows(r, i);
        struct patch x = product_patch(r->a, i, 0);
        if (r->n) {
            struct panels d = { n, r->a->cols, r->a->stride, n, 1, r->a->dtype, r->panel };
            if (!subtract(r, i, &d, err))
                return false;
            x = product_patch(&d, 0, 0);
        }
        if (!reduce(r, x, n, largest, exponent, out, err))
            return false;
        out += piece_groups(r, n);
    }
    return true;
}

/* What the groups found, joined in their order. */
static bool gather(const struct residual *r, bool largest, double *out, struct error *err)
{
    double *parts = memory_alloc(r->groups * sizeof(*parts), err), most = 0;
    long double sum = 0;
    if (!parts || !vulkan_read(r->v, r->sums, 0, parts, r->groups * sizeof(*parts), err)) {
        memory_free(parts);
        return false;
    }
    for (size_t i = 0; i < r->groups; i++) {
        sum += (long double)parts[i];
        most = !(parts[i] <= most) ? parts[i] : most;
    }
    *out = largest ? most : (double)sum;
    memory_free(parts);
    return true;
}

/* Squares of single precision stay within a double, whatever they are. */
static bool in_range(const struct residual *r, double sum)
{
    return r->a->dtype == DTYPE_F32 || isnan(sum) || (sum > 0x1p-900 && isfinite(sum));
}

bool vulkan_residual(const struct buffer *a, const struct buffer_product *products, size_t n,
                     double *norm, struct error *err)
{
    struct residual r = { .v = vulkan_of(a), .a = panels_of(a), .products = products, .n = n };
    double sum, most;
    int exponent;
    *norm = 0;
    if (a->rows == 0 || a->cols == 0)
        return true;
    if (!prepare(&r, err) || !sweep(&r, false, 0, err) || !gather(&r, false, &sum, err))
        return false;
    *norm = sqrt(sum);
    if (in_range(&r, sum))
        return true;
    if (!sweep(&r, true, 0, err) || !gather(&r, true, &most, err))
        return false;
    *norm = most;
    if (most == 0 || !isfinite(most))
        return true;
    frexp(most, &exponent);
    if (!sweep(&r, false, -exponent, err) || !gather(&r, false, &sum, err))
        return false;
    *norm = ldexp(sqrt(sum), exponent);
    return true;
}
