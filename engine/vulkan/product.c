#include "vulkan/product.h"

#include <assert.h>

/* Shapes of a work group's tile: BM, BN, BK, TM, TN of shaders/gemm.comp, the time of one
 * multiplication compared to the first's (estimated), and the least size of the longer side of c. */
static const struct tile {
    uint32_t bm, bn, bk, tm, tn;
    double weight;
    size_t least;
} tiles[] = {
    { 128, 128, 16, 8, 8, 1, 128 },
    { 64, 64, 16, 4, 4, 1.4, 0 },
    { 128, 32, 16, 8, 4, 1.3, 512 },
    { 32, 128, 16, 4, 8, 1.3, 512 },
};

enum { LEAST_SLICE = 256, SUM_GROUP = 256 };

/* How a product is cut up. */
struct plan {
    const struct tile *tile;
    size_t rows, columns; /* of tiles */
    size_t slices, slice; /* parts of the inner dimension, and their length */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t parts(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

bool product_spread(struct vulkan *v, struct dispatch *d, uint32_t *first, size_t groups,
                    double each, struct error *err)
{
    assert(groups <= UINT32_MAX && d->push == first);
    for (size_t i = 0, n; i < groups; i += n) {
        n = least(vulkan_share(v, groups - i, each, d->wide), v->max_groups);
        *first = (uint32_t)i;
        d->groups[0] = (uint32_t)n;
        d->cost = (double)n * each;
        if (!vulkan_dispatch(v, d, err))
            return false;
    }
    return true;
}

struct patch product_patch(const struct panels *p, size_t row, size_t col)
{
    return (struct patch){ &p->blocks[row / p->height], row % p->height * p->stride + col,
                           p->stride };
}

size_t product_stretch(const struct panels *p, size_t row, size_t end)
{
    return least(p->height - row % p->height, end - row);
}

static uint32_t vectors(size_t entries)
{
    assert(entries % 4 == 0);
    return (uint32_t)(entries / 4);
}

/* ---- sums ---- */

bool product_sum(struct vulkan *v, const struct patch_sum *s, struct error *err)
{
    struct {
        uint32_t first, rows, width, x_at, x_stride, plane, summands, out_at, out_stride, add;
        float alpha;
    } push = { .rows = (uint32_t)s->rows,
               .width = (uint32_t)parts(s->cols, 4),
               .x_at = vectors(s->x.at),
               .x_stride = vectors(s->x.stride),
               .plane = vectors(s->plane),
               .summands = (uint32_t)s->summands,
               .out_at = vectors(s->out.at),
               .out_stride = vectors(s->out.stride),
               .add = s->add,
               .alpha = (float)s->alpha };
    struct dispatch d = { .shader = s->narrow               ? SHADER_sum_f64_f32
                                    : s->dtype == DTYPE_F64 ? SHADER_sum_f64
                                                            : SHADER_sum_f32,
                          .blocks = { s->x.block, s->out.block },
                          .push = &push,
                          .push_size = sizeof(push) };
    return product_spread(v, &d, &push.first, parts((size_t)push.rows * push.width, SUM_GROUP),
                          4.0 * SUM_GROUP * (double)(s->summands + 1), err);
}

bool product_add(struct vulkan *v, double alpha, const struct panels *x, size_t x_row, bool add,
                 const struct panels *out, struct error *err)
{
    for (size_t i = 0, n; out->cols && i < out->rows; i += n) {
        n = least(product_stretch(out, i, out->rows),
                  product_stretch(x, x_row + i, x_row + out->rows));
        struct patch_sum s = { .x = product_patch(x, x_row + i, 0),
                               .out = product_patch(out, i, 0),
                               .rows = n,
                               .cols = out->cols,
                               .summands = 1,
                               .alpha = alpha,
                               .add = add,
                               .dtype = out->dtype };
        if (!product_sum(v, &s, err))
            return false;
    }
    return true;
}

/* ---- products ---- */

/* What one slice of c takes, rows without gaps. */
static size_t plane_entries(const struct patch_product *p)
{
    return p->m * parts(p->n, 4) * 4;
}

/* Slices of the inner dimension keep the device busy where tiles are too few. */
static struct plan plan_for(const struct vulkan *v, const struct patch_product *p,
                            const struct tile *t)
{
    struct plan plan = { t, parts(p->m, t->bm), parts(p->n, t->bn), 1, 0 };
    size_t most = v->binding / (plane_entries(p) * dtype_size(p->out));
    size_t slices = 2 * (size_t)v->cores / (plan.rows * plan.columns);
    slices = least(slices, least(most, p->k / LEAST_SLICE));
    plan.slice = parts(parts(p->k, slices ? slices : 1), t->bk) * t->bk;
    plan.slices = parts(p->k, plan.slice);
    return plan;
}

/* Rounds of as many work groups as run at once, times what one of them does. */
static double estimate(const struct vulkan *v, const struct plan *p)
{
    const struct tile *t = p->tile;
    return (double)parts(p->rows * p->columns * p->slices, v->cores) * (double)p->slice *
           (double)(t->bm * t->bn) * t->weight;
}

static struct plan choose(const struct vulkan *v, const struct patch_product *p)
{
    struct plan best = plan_for(v, p, &tiles[1]); /* fits every device */
    size_t longer = p->m > p->n ? p->m : p->n;
    for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
        const struct tile *t = &tiles[i];
        size_t shared = (size_t)t->bk * (t->bm + t->bn + 8) * dtype_size(p->out);
        struct plan plan = plan_for(v, p, t);
        if (shared <= v->shared && longer >= t->least && estimate(v, &plan) < estimate(v, &best))
            best = plan;
    }
    return best;
}

/* The product, or its slices into out, one behind the other. */
static bool record(struct vulkan *v, const struct patch_product *p, const struct plan *plan,
                   struct patch out, struct error *err)
{
    const struct tile *t = plan->tile;
    bool sliced = plan->slices > 1;
    struct {
        uint32_t first, m, n, k, a_at, a_stride, b_at, b_stride, c_at, c_stride, columns, slice,
            plane, add, upper;
        float alpha;
    } push = { .m = (uint32_t)p->m,
               .n = (uint32_t)p->n,
               .k = (uint32_t)p->k,
               .a_at = vectors(p->a.at),
               .a_stride = vectors(p->a.stride),
               .b_at = vectors(p->b.at),
               .b_stride = vectors(p->b.stride),
               .c_at = vectors(out.at),
               .c_stride = vectors(out.stride),
               .columns = (uint32_t)plan->columns,
               .slice = (uint32_t)plan->slice,
               .plane = vectors(sliced ? plane_entries(p) : 0),
               .add = p->add && !sliced,
               .upper = p->upper,
               .alpha = sliced ? 1 : (float)p->alpha };
    struct dispatch d = { .shader = p->in == DTYPE_F64    ? SHADER_gemm_f64
                                    : p->out == DTYPE_F64 ? SHADER_gemm_f32_f64
                                                          : SHADER_gemm_f32,
                          .constants = { t->bm / t->tm * (t->bn / t->tn), t->bm, t->bn, t->bk,
                                         t->tm, t->tn, p->a_transposed, p->b_transposed },
                          .blocks = { p->a.block, p->b.block, out.block },
                          .push = &push,
                          .push_size = sizeof(push),
                          .groups = { 0, 0, (uint32_t)plan->slices },
                          .wide = p->out == DTYPE_F64 };
    return product_spread(v, &d, &push.first, plan->rows * plan->columns,
                          2.0 * t->bm * t->bn * (double)p->k, err);
}

bool product_patches(struct vulkan *v, const struct patch_product *p, struct error *err)
{
    struct plan plan = choose(v, p);
    if (plan.slices == 1)
        return record(v, p, &plan, p->c, err);
    struct patch partial = { NULL, 0, parts(p->n, 4) * 4 };
    size_t plane = plane_entries(p);
    uint64_t size = (uint64_t)plane * plan.slices * dtype_size(p->out);
    struct block *scratch;
    if (!vulkan_scratch(v, SCRATCH_PARTIAL, size, size, &scratch, err))
        return false;
    partial.block = scratch;
    struct patch_sum sum = { .x = partial,
                             .out = p->c,
                             .rows = p->m,
                             .cols = p->n,
                             .summands = plan.slices,
                             .plane = plane,
                             .alpha = p->alpha,
                             .add = p->add,
                             .dtype = p->out };
    return record(v, p, &plan, partial, err) && product_sum(v, &sum, err);
}

/* Rows and columns of c in one panel each: one product for every stretch of the inner
 * dimension. */
static bool add_stretches(struct vulkan *v, const struct product *p, size_t row, size_t col,
                          struct patch_product *q, size_t inner, struct error *err)
{
    for (size_t l = 0; l < inner; l += q->k) {
        q->k = inner - l;
        if (p->a_transposed)
            q->k = least(q->k, product_stretch(p->a, l, inner));
        if (!p->b_transposed)
            q->k = least(q->k, product_stretch(p->b, l, inner));
        q->a = p->a_transposed ? product_patch(p->a, l, p->a_row + row)
                               : product_patch(p->a, p->a_row + row, l);
        q->b = p->b_transposed ? product_patch(p->b, col, l) : product_patch(p->b, l, col);
        q->add = p->add || l > 0;
        if (!product_patches(v, q, err))
            return false;
    }
    return true;
}

bool product_zero(struct vulkan *v, const struct panels *p, struct error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < p->n; i++)
        ok = vulkan_zero(v, &p->blocks[i], 0, p->blocks[i].size, err);
    return ok;
}

bool product_panels(struct vulkan *v, const struct product *p, struct error *err)
{
    size_t m = p->out->rows, n = p->out->cols, inner = p->a_transposed ? p->a->rows : p->a->cols;
    if (inner == 0)
        return p->add || product_zero(v, p->out, err);
    struct patch_product q = { .a_transposed = p->a_transposed,
                               .b_transposed = p->b_transposed,
                               .upper = p->upper,
                               .alpha = p->alpha,
                               .in = p->a->dtype,
                               .out = p->out->dtype };
    for (size_t i = 0; n && i < m; i += q.m) {
        q.m = product_stretch(p->out, i, m);
        if (!p->a_transposed)
            q.m = least(q.m, product_stretch(p->a, p->a_row + i, p->a_row + m));
        for (size_t j = p->upper ? i : 0; j < n; j += q.n) {
            q.n = p->b_transposed ? product_stretch(p->b, j, n) : n - j;
            q.c = product_patch(p->out, i, j);
            if (!add_stretches(v, p, i, j, &q, inner, err))
                return false;
        }
    }
    return true;
}
