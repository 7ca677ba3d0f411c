/* Entries to codes: the device finds the least and largest entry of every range and, once the
 * ranges are rounded, the codes; what ranges mean is engine/coding_table.c. */

#include "memory.h"
#include "ranges.h"
#include "vulkan/panels.h"
#include "vulkan/strips.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What shaders/ranges.comp is told. */
struct push {
    uint32_t first, n, offset, stride, rows, cols, down, across, segments;
};

static size_t parts(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

static double end_at(const void *ends, enum dtype dtype, size_t i)
{
    return dtype == DTYPE_F64 ? ((const double *)ends)[i] : (double)((const float *)ends)[i];
}

/* Takes what the device found in a strip into the table; false: not all of it is finite. */
static bool gather(const struct strips *s, const struct strip *at, const void *ends,
                   struct coding_table *t)
{
    const struct segment *g = &s->segment;
    size_t across = parts(s->panels->cols, g->across);
    bool finite = true;
    for (size_t i = 0; i < parts(at->rows, g->down) * across; i++) {
        size_t row = (at->first + i / across * g->down) / t->grid.down;
        size_t to = row * t->grid.cols + i % across * g->across / t->grid.across;
        double low = end_at(ends, s->panels->dtype, 2 * i);
        double high = end_at(ends, s->panels->dtype, 2 * i + 1);
        finite &= fabs(low) <= DBL_MAX && fabs(high) <= DBL_MAX;
        t->low[to] = low < t->low[to] ? low : t->low[to];
        t->high[to] = high > t->high[to] ? high : t->high[to];
    }
    return finite;
}

static bool measure_strip(const struct strips *s, const struct strip *at, void *ends, size_t bytes,
                          struct error *err)
{
    const struct panels *p = s->panels;
    const struct segment *g = &s->segment;
    struct block *found;
    if (!vulkan_scratch(s->v, SCRATCH_RANGES, bytes, bytes, &found, err))
        return false;
    struct push push = {
        .offset = (uint32_t)(at->row * p->stride),
        .stride = (uint32_t)p->stride,
        .rows = (uint32_t)at->rows,
        .cols = (uint32_t)p->cols,
        .down = (uint32_t)g->down,
        .across = (uint32_t)g->across,
        .segments = (uint32_t)parts(p->cols, g->across),
    };
    struct dispatch d = {
        .shader = p->dtype == DTYPE_F64 ? SHADER_ranges_f64 : SHADER_ranges_f32,
        .blocks = { &p->blocks[at->panel], found },
        .push_size = sizeof(push),
    };
    size_t n = parts(at->rows, g->down) * push.segments;
    double each = 4 * (double)at->rows * (double)p->cols / (double)n;
    return items_dispatch(s->v, &d, &push.first, n, g->across == 1 ? 256 : 8, each, err) &&
           vulkan_read(s->v, found, 0, ends, bytes, err);
}

/* Clipped ranges come of sums, whose order is the processor's: a copy of the entries goes there. */
static bool measure_here(const struct coding *c, const struct buffer *a, struct coding_table *t,
                         struct error *err)
{
    struct matrix m = { 0 };
    bool ok = matrix_init(&m, a->dtype, a->rows, a->cols, err) && panels_read(a, m.view, err) &&
              ranges_measure(c, m.view, t, err);
    matrix_finish(&m);
    return ok;
}

static bool measure(const struct strips *s, struct coding_table *t, struct error *err)
{
    const struct segment *g = &s->segment;
    bool ok = true, finite = true;
    for (struct strip at = { 0 }; ok && strips_next(s, &at);) {
        size_t n = parts(at.rows, g->down) * parts(s->panels->cols, g->across);
        size_t bytes = 2 * n * dtype_size(s->panels->dtype);
        void *ends = memory_alloc(bytes, err);
        ok = ends && measure_strip(s, &at, ends, bytes, err);
        finite &= !ok || gather(s, &at, ends, t);
        memory_free(ends);
    }
    return ok && coding_table_settle(t, s->coding, finite, err);
}

/* `bytes` of the stream; the device has whole words. */
static bool read_codes(struct vulkan *v, const struct block *from, uint8_t *to, size_t bytes,
                       struct error *err)
{
    uint32_t last;
    size_t whole = bytes / sizeof(last) * sizeof(last);
    if (!vulkan_read(v, from, 0, to, whole, err))
        return false;
    if (bytes > whole && !vulkan_read(v, from, whole, &last, sizeof(last), err))
        return false;
    for (size_t i = 0; whole + i < bytes; i++)
        to[whole + i] = (uint8_t)(last >> 8 * i);
    return true;
}

static bool write_codes(const struct strips *s, const struct coding_table *t,
                        const struct coding_levels *l, struct coded *x, struct error *err)
{
    struct block *levels;
    struct codes_push push;
    struct dispatch d = {
        .shader = s->panels->dtype == DTYPE_F64 ? SHADER_code_f64 : SHADER_code_f32,
    };
    bool ok = strips_levels(s, l, &levels, err);
    double each = 32.0 / s->coding->bits * (s->coding->rounding == ROUNDING_DITHERED ? 100 : 50);
    for (struct strip at = { 0 }; ok && strips_next(s, &at);) {
        size_t bytes = strips_code_bytes(s, at.rows);
        uint8_t *to = x->codes + strips_code_bytes(s, at.first);
        ok = strips_dispatch(s, &at, t, levels, &push, &d, err) &&
             items_dispatch(s->v, &d, &push.first, parts(bytes, 4), 256, each, err) &&
             read_codes(s->v, d.blocks[1], to, bytes, err);
    }
    return ok;
}

bool vulkan_code(const struct coding *c, const struct buffer *a, struct coded *out,
                 struct error *err)
{
    struct strips s;
    struct coded x = { 0 };
    struct coding_table t = { 0 };
    struct coding_levels l = { 0 };
    bool ok = strips_init(&s, c, a, err) && coding_levels_init(&l, c, err) &&
              coding_table_init(&t, c, a->rows, a->cols, err) &&
              (coding_clip(c) == CLIP_NONE ? measure(&s, &t, err) : measure_here(c, a, &t, err)) &&
              coded_start(c, &t, a->rows, a->cols, &x, err);
    if (ok && write_codes(&s, &t, &l, &x, err))
        *out = x;
    else if (ok) {
        coded_finish(&x);
        ok = false;
    }
    coding_table_finish(&t);
    coding_levels_finish(&l);
    return ok;
}
