/* Integer Gram matrices. The rows pass through one block of memory, a stretch at a time; the
 * sums of a strip of the result stay on the device until all have passed. What is on its way
 * here may be private: every block is overwritten before it is given back, and so is staging. */

#include "vulkan/items.h"

#include <string.h>

enum {
    TILE = 64, /* rows and columns of a work group of shaders/gram_exact.comp */
    DEPTH = 16,
    ROWS = 32 << 20, /* bytes on the device at a time: rows, sums */
    SUMS = 64 << 20,
    SLICES = 64
};

/* What shaders/gram_exact.comp is told. */
struct push {
    uint32_t n, d, slice, from, until;
};

/* How the work is cut. */
struct cut {
    size_t n, d;
    size_t height; /* rows that pass at a time */
    size_t strip;  /* rows of the result at a time, a multiple of TILE, or d */
    size_t slices; /* of a stretch of rows, summed on their own */
    struct block rows, sums;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Rows that the block holds and that the device is not too long busy with. */
static void choose_height(struct vulkan *v, struct cut *c)
{
    double each = 6.0 * (double)c->d * (double)c->strip;
    size_t height = (size_t)least(c->rows.size / 4 / c->d, c->n);
    size_t share = vulkan_share(v, height, each, false);
    c->height = share < height && share > DEPTH ? share / DEPTH * DEPTH : height;
    if (share < DEPTH && height > DEPTH)
        c->height = DEPTH;
}

static bool cut_init(struct vulkan *v, size_t n, size_t d, struct cut *c, struct error *err)
{
    uint64_t row = 8 * (uint64_t)d, room = least(v->binding, SUMS);
    *c = (struct cut){ .n = n, .d = d, .slices = 1, .height = 1 };
    size_t fits = (size_t)(room / row);
    c->strip = fits >= d ? d : fits < TILE ? fits : fits / TILE * TILE;
    if (c->strip == 0)
        return fail(err, ERROR_DEVICE, "%s binds %llu bytes at once, too few for %zu sums", v->name,
                    (unsigned long long)v->binding, d);
    size_t tiles = (c->strip + TILE - 1) / TILE;
    size_t groups = tiles * (tiles + 1) / 2, wanted = (4 * (size_t)v->cores + groups - 1) / groups;
    c->slices = (size_t)least(least(wanted, SLICES), fits / c->strip);
    if (c->slices > n / DEPTH + 1)
        c->slices = n / DEPTH + 1;
    uint64_t bytes = least(4 * (uint64_t)n * d, least(v->binding, ROWS));
    if (!block_init(v, 4 * (uint64_t)d, bytes, &c->rows, err) ||
        !block_init(v, c->slices * c->strip * row, 0, &c->sums, err))
        return false;
    choose_height(v, c);
    return true;
}

/* Adds the products of rows that are on the device to the sums of columns from .. until. */
static bool add_rows(struct vulkan *v, const struct cut *c, size_t n, size_t from, size_t until,
                     struct error *err)
{
    size_t slice = ((n + c->slices - 1) / c->slices + DEPTH - 1) / DEPTH * DEPTH;
    struct push push = { (uint32_t)n, (uint32_t)c->d, (uint32_t)slice, (uint32_t)from,
                         (uint32_t)until };
    struct dispatch d = { .shader = SHADER_gram_exact,
                          .blocks = { &c->rows, &c->sums },
                          .push = &push,
                          .push_size = sizeof(push),
                          .groups = { (uint32_t)((until + TILE - 1) / TILE),
                                      (uint32_t)((until - from + TILE - 1) / TILE),
                                      (uint32_t)((n + slice - 1) / slice) },
                          .cost = 6.0 * (double)n * (double)(until - from) * (double)until };
    return vulkan_dispatch(v, &d, err);
}

static bool add_slices(struct vulkan *v, const struct cut *c, size_t sums, struct error *err)
{
    struct {
        uint32_t first, n, slices;
    } push = { .slices = (uint32_t)c->slices };
    struct dispatch d = { .shader = SHADER_gram_exact_sum,
                          .blocks = { &c->sums },
                          .push_size = sizeof(push) };
    return c->slices == 1 ||
           items_dispatch(v, &d, &push.first, sums, 256, 4 * (double)c->slices, err);
}

/* Rows from .. until of the result, up to the diagonal. */
static bool compute_strip(struct vulkan *v, const struct cut *c, const int32_t *rows, size_t from,
                          size_t until, int64_t *out, struct error *err)
{
    size_t sums = (until - from) * c->d;
    bool ok = vulkan_zero(v, &c->sums, 0, 8 * (uint64_t)sums * c->slices, err);
    for (size_t i = 0; ok && i < c->n; i += c->height) {
        size_t n = c->n - i < c->height ? c->n - i : c->height;
        ok = vulkan_write(v, rows + i * c->d, &c->rows, 0, 4 * (uint64_t)n * c->d, err) &&
             add_rows(v, c, n, from, until, err);
    }
    return ok && add_slices(v, c, sums, err) &&
           vulkan_read(v, &c->sums, 0, out + from * c->d, 8 * (uint64_t)sums, err);
}

/* Overwrites everything, whether the device still can or not. */
static bool forget(struct vulkan *v, struct cut *c, struct error *err)
{
    struct block *blocks[] = { &c->rows, &c->sums };
    bool ok = true;
    for (size_t i = 0; i < 2; i++)
        ok = ok && (!blocks[i]->buffer || vulkan_zero(v, blocks[i], 0, blocks[i]->size, err));
    ok = ok && vulkan_finish(v, err);
    recorder_settle(v);
    for (size_t i = 0; i < 2; i++) {
        if (!ok && blocks[i]->mapped)
            explicit_bzero(blocks[i]->mapped, blocks[i]->size);
        vulkan_bury(v, blocks[i]);
    }
    vulkan_wipe(v);
    return ok;
}

bool vulkan_gram_exact(struct backend *b, const int32_t *rows, size_t n, size_t d, int64_t *out,
                       struct error *err)
{
    struct vulkan *v = (struct vulkan *)b;
    struct error ignored = { 0 };
    struct cut c = { 0 };
    for (size_t i = 0; i < d * d; i++)
        out[i] = 0;
    if (n == 0 || d == 0)
        return true;
    bool ok = cut_init(v, n, d, &c, err);
    for (size_t from = 0; ok && from < d; from += c.strip)
        ok = compute_strip(v, &c, rows, from, d - from < c.strip ? d : from + c.strip, out, err);
    ok = forget(v, &c, ok ? err : &ignored) && ok;
    for (size_t i = 0; ok && i < d; i++)
        for (size_t j = 0; j < i; j++)
            out[j * d + i] = out[i * d + j];
    return ok;
}
