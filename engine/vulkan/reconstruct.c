/* A picture at screen resolution: averaging is linear, so that the rows of left factors and the
 * columns of right ones are averaged first, and only then multiplied (engine/preview.h). */

#include "memory.h"
#include "vulkan/product.h"

#include <math.h>

enum { SCRATCH = 64 << 20, GROUP = 256 }; /* bytes of averaged factors at a time */

/* One side of the picture: entries averaged into cells, what a cell covers in a table. */
struct axis {
    size_t entries, cells;
    struct block *table;
};

/* As shaders/average.comp has them: weights of the first entry, those between, the last. */
struct cell_f32 {
    uint32_t first, last;
    float head, body, tail;
};
struct cell_f64 {
    uint32_t first, last;
    double head, body, tail;
};

struct picture {
    struct vulkan *v;
    const struct panels *out;
    struct axis rows, cols;
    size_t room; /* entries that a scratch matrix may have */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t padded(size_t cols)
{
    return (cols + 3) / 4 * 4;
}

/* Cell i covers i step .. (i + 1) step, as in engine/preview.c. */
static struct cell_f64 cover(const struct axis *a, size_t i)
{
    double step = (double)a->entries / (double)a->cells;
    double from = (double)i * step, to = fmin((double)(i + 1) * step, (double)a->entries);
    double first = floor(from), last = fmax(ceil(to) - 1, first);
    return (struct cell_f64){ .first = (uint32_t)first,
                              .last = (uint32_t)last,
                              .head = (fmin(to, first + 1) - from) / step,
                              .body = 1 / step,
                              .tail = (to - last) / step };
}

static bool write_table(struct vulkan *v, struct axis *a, enum dtype dtype, enum scratch slot,
                        struct error *err)
{
    bool wide = dtype == DTYPE_F64;
    size_t size = a->cells * (wide ? sizeof(struct cell_f64) : sizeof(struct cell_f32));
    void *cells = memory_alloc(size, err);
    if (!cells)
        return false;
    for (size_t i = 0; i < a->cells; i++) {
        struct cell_f64 c = cover(a, i);
        if (wide)
            ((struct cell_f64 *)cells)[i] = c;
        else
            ((struct cell_f32 *)cells)[i] = (struct cell_f32){ c.first, c.last, (float)c.head,
                                                               (float)c.body, (float)c.tail };
    }
    bool ok = vulkan_scratch(v, slot, size, size, &a->table, err) &&
              vulkan_write(v, cells, a->table, 0, size, err);
    memory_free(cells);
    return ok;
}

/* The push constants of shaders/average.comp. */
struct averaging {
    uint32_t first, cell, n, lines, from, to, x_at, x_step, x_line, out_at, out_step, out_line,
        columns, add;
};

static bool record(const struct picture *p, const struct axis *a, struct averaging *push,
                   const struct block *x, const struct block *out, struct error *err)
{
    struct dispatch d = { .shader = p->out->dtype == DTYPE_F64 ? SHADER_average_f64
                                                               : SHADER_average_f32,
                          .blocks = { x, a->table, out },
                          .push = push,
                          .push_size = sizeof(*push) };
    double each = 4.0 * GROUP * (double)(push->to - push->from) / (double)a->cells;
    return product_spread(p->v, &d, &push->first,
                          ((size_t)push->n * push->lines + GROUP - 1) / GROUP, each, err);
}

/* out (n x width) = cells cell .. of the rows of x, columns col .. of it. */
static bool average_rows(const struct picture *p, const struct panels *x, size_t col, size_t width,
                         size_t cell, size_t n, struct patch out, struct error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < x->n; i++) {
        struct averaging push = { .cell = (uint32_t)cell,
                                  .n = (uint32_t)n,
                                  .lines = (uint32_t)width,
                                  .from = (uint32_t)(i * x->height),
                                  .to = (uint32_t)(i * x->height + panels_rows(x, i)),
                                  .x_at = (uint32_t)col,
                                  .x_step = (uint32_t)x->stride,
                                  .x_line = 1,
                                  .out_at = (uint32_t)out.at,
                                  .out_step = (uint32_t)out.stride,
                                  .out_line = 1 };
        ok = record(p, &p->rows, &push, &x->blocks[i], out.block, err);
    }
    return ok;
}

/* out (rows x cells) = the columns of x, averaged, or that added to out. */
static bool average_cols(const struct picture *p, struct patch x, size_t rows, struct patch out,
                         bool add, struct error *err)
{
    struct averaging push = { .n = (uint32_t)p->cols.cells,
                              .lines = (uint32_t)rows,
                              .to = (uint32_t)p->cols.entries,
                              .x_at = (uint32_t)x.at,
                              .x_step = 1,
                              .x_line = (uint32_t)x.stride,
                              .out_at = (uint32_t)out.at,
                              .out_step = 1,
                              .out_line = (uint32_t)out.stride,
                              .columns = 1,
                              .add = add };
    return record(p, &p->cols, &push, x.block, out.block, err);
}

static bool scratch_patch(const struct picture *p, enum scratch slot, size_t rows, size_t cols,
                          struct patch *out, struct error *err)
{
    struct block *block;
    uint64_t size = (uint64_t)rows * padded(cols) * dtype_size(p->out->dtype);
    bool ok = vulkan_scratch(p->v, slot, size, size, &block, err);
    *out = (struct patch){ ok ? block : NULL, 0, padded(cols) };
    return ok;
}

/* Cells row .. row + m of the picture += what inner entries at .. at + k of a product add. */
static bool add_part(const struct picture *p, const struct buffer_product *product, size_t row,
                     size_t m, size_t at, size_t k, struct error *err)
{
    const struct panels *right = panels_of(product->right);
    struct patch_product q = { .c = product_patch(p->out, row, 0),
                               .m = m,
                               .n = p->out->cols,
                               .k = k,
                               .alpha = 1,
                               .add = true,
                               .in = p->out->dtype,
                               .out = p->out->dtype };
    bool ok = scratch_patch(p, SCRATCH_LEFT, m, k, &q.a, err) &&
              scratch_patch(p, SCRATCH_RIGHT, k, q.n, &q.b, err) &&
              average_rows(p, panels_of(product->left), at, k, row, m, q.a, err);
    for (size_t i = 0, n; ok && i < k; i += n) {
        n = product_stretch(right, at + i, at + k);
        struct patch to = { q.b.block, i * q.b.stride, q.b.stride };
        ok = average_cols(p, product_patch(right, at + i, 0), n, to, false, err);
    }
    return ok && product_patches(p->v, &q, err);
}

static bool add_product(const struct picture *p, const struct buffer_product *product,
                        struct error *err)
{
    size_t inner = product->left->cols, width = padded(p->out->cols);
    for (size_t i = 0, m; i < p->out->rows; i += m) {
        m = least(product_stretch(p->out, i, p->out->rows), p->room / 4);
        size_t k = p->room / (m > width ? m : width);
        k = k < 4 ? 1 : k / 4 * 4;
        for (size_t l = 0; l < inner; l += k)
            if (!add_part(p, product, i, m, l, least(k, inner - l), err))
                return false;
    }
    return true;
}

static bool add_dense(const struct picture *p, const struct panels *x, struct error *err)
{
    size_t most = p->room / x->stride;
    for (size_t i = 0, m; i < p->out->rows; i += m) {
        struct patch half;
        m = least(product_stretch(p->out, i, p->out->rows), most ? most : 1);
        if (!scratch_patch(p, SCRATCH_LEFT, m, x->cols, &half, err) ||
            !average_rows(p, x, 0, x->cols, i, m, half, err) ||
            !average_cols(p, half, m, product_patch(p->out, i, 0), true, err))
            return false;
    }
    return true;
}

static bool average(struct picture *p, const struct buffer_product *products, size_t n,
                    struct error *err)
{
    bool ok = write_table(p->v, &p->rows, p->out->dtype, SCRATCH_RANGES, err) &&
              write_table(p->v, &p->cols, p->out->dtype, SCRATCH_LEVELS, err) &&
              product_zero(p->v, p->out, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = products[i].right ? add_product(p, &products[i], err)
                               : add_dense(p, panels_of(products[i].left), err);
    return ok;
}

/* Nothing to average. */
static bool add_up(struct vulkan *v, const struct buffer_product *products, size_t n,
                   const struct panels *out, struct error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        struct product p = {
            .a = panels_of(products[i].left), .out = out, .alpha = 1, .add = i > 0
        };
        if (products[i].right) {
            p.b = panels_of(products[i].right);
            ok = product_panels(v, &p, err);
        } else {
            ok = product_add(v, 1, p.a, 0, p.add, out, err);
        }
    }
    return ok;
}

bool vulkan_reconstruct(const struct buffer_product *products, size_t n, struct buffer *out,
                        struct error *err)
{
    struct vulkan *v = vulkan_of(out);
    size_t rows = products[0].left->rows;
    size_t cols = (products[0].right ? products[0].right : products[0].left)->cols;
    if (out->rows == 0 || out->cols == 0)
        return true;
    if (out->rows == rows && out->cols == cols)
        return add_up(v, products, n, panels_of(out), err);
    struct picture p = { .v = v,
                         .out = panels_of(out),
                         .rows = { rows, out->rows, NULL },
                         .cols = { cols, out->cols, NULL },
                         .room = least((size_t)v->binding, SCRATCH) / dtype_size(out->dtype) };
    return average(&p, products, n, err);
}
