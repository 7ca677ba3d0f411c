#include "vulkan/strips.h"

#include "memory.h"

/* Long enough that few numbers come back, short enough that there is something to do for
 * everyone; 32 rows where a range has 64, because a panel may start in its middle. */
static struct segment segment_for(const struct coding *c, size_t cols)
{
    enum { DOWN = 256, ACROSS = 1024 };
    if (c->scales == SCALES_TENSOR)
        return cols < ACROSS ? (struct segment){ DOWN, 1 } : (struct segment){ 1, ACROSS };
    bool block = c->scales == SCALES_BLOCK;
    return c->by_column ? (struct segment){ block ? VULKAN_PANEL_ROWS : DOWN, 1 }
                        : (struct segment){ 1, block ? CODING_BLOCK : ACROSS };
}

size_t strips_code_bytes(const struct strips *s, size_t rows)
{
    return coding_codes_size(s->coding, rows, s->panels->cols);
}

/* The largest block that a strip of so many rows needs besides the entries. */
static uint64_t need(const struct strips *s, size_t rows)
{
    const struct panels *p = s->panels;
    struct coding_grid g = coding_grid(s->coding, p->rows, p->cols);
    uint64_t codes = strips_code_bytes(s, rows);
    size_t down = rows / g.down + 2 < g.rows ? rows / g.down + 2 : g.rows;
    uint64_t ranges = (uint64_t)down * g.cols * 2 * sizeof(double);
    uint64_t ends = (uint64_t)(rows / s->segment.down + 1) * (p->cols / s->segment.across + 1) * 2 *
                    dtype_size(p->dtype);
    uint64_t most = codes > ranges ? codes : ranges;
    return most > ends ? most : ends;
}

bool strips_init(struct strips *s, const struct coding *c, const struct buffer *x,
                 struct error *err)
{
    struct vulkan *v = vulkan_of(x);
    struct panels *p = panels_of(x);
    *s = (struct strips){ v, p, c, segment_for(c, p->cols), p->height };
    if (p->n == 0)
        return true;
    uint64_t most = v->binding / 16; /* little next to the matrix, much for one dispatch */
    while (s->height > VULKAN_PANEL_ROWS && need(s, s->height) > most)
        s->height = (s->height / 2 + VULKAN_PANEL_ROWS - 1) / VULKAN_PANEL_ROWS * VULKAN_PANEL_ROWS;
    if (need(s, s->height) > v->binding)
        return fail(err, ERROR_DEVICE,
                    "%s binds too few bytes at once for the ranges of %zu columns", v->name,
                    p->cols);
    return true;
}

bool strips_next(const struct strips *s, struct strip *at)
{
    const struct panels *p = s->panels;
    at->row += at->rows;
    at->first += at->rows;
    if (at->panel < p->n && at->row == panels_rows(p, at->panel)) {
        at->panel++;
        at->row = 0;
    }
    if (at->panel >= p->n)
        return false;
    size_t left = panels_rows(p, at->panel) - at->row;
    at->rows = left < s->height ? left : s->height;
    return true;
}

/* The ranges that the strip's rows lie in, low and high ends side by side. */
static bool write_ranges(const struct strips *s, const struct strip *at,
                         const struct coding_table *t, struct block **out, struct error *err)
{
    size_t from = at->first / t->grid.down, to = (at->first + at->rows - 1) / t->grid.down + 1;
    size_t n = (to - from) * t->grid.cols, bytes = n * 2 * sizeof(double);
    double *pairs = memory_alloc(bytes, err);
    if (!pairs)
        return false;
    for (size_t i = 0; i < n; i++) {
        pairs[2 * i] = t->low[from * t->grid.cols + i];
        pairs[2 * i + 1] = t->high[from * t->grid.cols + i];
    }
    bool ok = vulkan_scratch(s->v, SCRATCH_RANGES, bytes, bytes, out, err) &&
              vulkan_write(s->v, pairs, *out, 0, bytes, err);
    memory_free(pairs);
    return ok;
}

bool strips_levels(const struct strips *s, const struct coding_levels *l, struct block **out,
                   struct error *err)
{
    uint64_t bytes = ((uint64_t)l->last + 1) * sizeof(double);
    *out = NULL;
    return !l->at || (vulkan_scratch(s->v, SCRATCH_LEVELS, bytes, bytes, out, err) &&
                      vulkan_write(s->v, l->at, *out, 0, bytes, err));
}

bool strips_dispatch(const struct strips *s, const struct strip *at, const struct coding_table *t,
                     const struct block *levels, struct codes_push *push, struct dispatch *d,
                     struct error *err)
{
    const struct panels *p = s->panels;
    const struct coding *c = s->coding;
    struct block *ranges, *codes;
    size_t bytes = strips_code_bytes(s, at->rows) + sizeof(uint32_t); /* the last word is whole */
    if (!write_ranges(s, at, t, &ranges, err) ||
        !vulkan_scratch(s->v, SCRATCH_CODES, bytes, bytes, &codes, err))
        return false;
    uint64_t quarter = (uint64_t)at->first * p->cols / 4;
    *push = (struct codes_push){
        .offset = (uint32_t)(at->row * p->stride),
        .stride = (uint32_t)p->stride,
        .cols = (uint32_t)p->cols,
        .elements = (uint32_t)(at->rows * p->cols),
        .bits = (uint32_t)c->bits,
        .tabulated = levels != NULL,
        .dithered = c->rounding == ROUNDING_DITHERED,
        .lead = (uint32_t)(at->first % t->grid.down),
        .down = (uint32_t)t->grid.down,
        .across = (uint32_t)t->grid.across,
        .ranges = (uint32_t)t->grid.cols,
        .stream = c->stream,
        .part = c->part,
        .seed = { (uint32_t)c->seed, (uint32_t)(c->seed >> 32) },
        .quarter = { (uint32_t)quarter, (uint32_t)(quarter >> 32) },
    };
    d->blocks[0] = &p->blocks[at->panel];
    d->blocks[1] = codes;
    d->blocks[2] = ranges;
    d->blocks[3] = levels ? levels : ranges;
    d->push_size = sizeof(*push);
    return true;
}
