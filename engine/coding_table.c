#include "coding_table.h"

#include "half.h"
#include "memory.h"

#include <assert.h>
#include <float.h>
#include <math.h>

struct coding_grid coding_grid(const struct coding *c, size_t rows, size_t cols)
{
    size_t length = c->by_column ? rows : cols;
    if (c->scales == SCALES_BLOCK)
        length = CODING_BLOCK;
    struct coding_grid g = c->by_column ? (struct coding_grid){ .down = length, .across = 1 }
                                        : (struct coding_grid){ .down = 1, .across = length };
    if (c->scales == SCALES_TENSOR)
        g = (struct coding_grid){ .down = rows, .across = cols };
    g.rows = g.down ? (rows + g.down - 1) / g.down : 0;
    g.cols = g.across ? (cols + g.across - 1) / g.across : 0;
    return g;
}

bool coding_table_init(struct coding_table *t, const struct coding *c, size_t rows, size_t cols,
                       struct error *err)
{
    t->grid = coding_grid(c, rows, cols);
    size_t n = t->grid.rows * t->grid.cols;
    t->low = memory_alloc(n * sizeof(double), err);
    t->high = t->low ? memory_alloc(n * sizeof(double), err) : NULL;
    for (size_t i = 0; t->high && i < n; i++) {
        t->low[i] = (double)INFINITY;
        t->high[i] = -(double)INFINITY;
    }
    return t->high != NULL;
}

bool coding_table_settle(struct coding_table *t, const struct coding *c, bool finite,
                         struct error *err)
{
    if (!finite)
        return fail(err, ERROR_NUMERIC, "an entry is NaN or infinite and has no code");
    for (size_t i = 0; i < t->grid.rows * t->grid.cols; i++) {
        if (c->symmetric) {
            t->high[i] = fmax(-t->low[i], t->high[i]);
            t->low[i] = -t->high[i];
        }
        if (fmax(fabs(t->low[i]), fabs(t->high[i])) >
            DBL_MAX / 4) /* high - low, rounded outwards, is finite */
            return fail(err, ERROR_NUMERIC, "the range %g .. %g is too wide to be coded", t->low[i],
                        t->high[i]);
    }
    return true;
}

void coding_table_finish(struct coding_table *t)
{
    memory_free(t->low);
    memory_free(t->high);
}

bool coding_levels_init(struct coding_levels *l, const struct coding *c, struct error *err)
{
    const struct quantizer *q = c->quantizer;
    assert(c->bits >= 1 && c->bits <= CODING_BITS_MAX && (c->symmetric || !q->symmetric));
    if (c->bits < q->min_bits || c->bits > q->max_bits)
        return fail(err, ERROR_USAGE, "quantizer %s has %d to %d bits an entry, not %d", q->name,
                    q->min_bits, q->max_bits, c->bits);
    if (q->group && c->rounding == ROUNDING_DITHERED)
        return fail(err, ERROR_USAGE,
                    "quantizer %s rounds %zu entries at once, to the nearest point: no dither",
                    q->name, q->group);
    l->last = ((uint32_t)1 << c->bits) - 1;
    if (!q->codebook)
        return true;
    l->at = memory_alloc(((size_t)l->last + 1) * sizeof(double), err);
    if (!l->at)
        return false;
    q->codebook(c->bits, l->at);
    return true;
}

void coding_levels_finish(struct coding_levels *l)
{
    memory_free(l->at);
}

/* A power of two that puts the largest magnitude into [2^14, 2^15]: halves reach
 * 65504, so rounding up never overflows, and ranges down to 2^-39 of it survive. */
static double unit_of(const struct coding_table *t)
{
    double most = 0;
    for (size_t i = 0; i < t->grid.rows * t->grid.cols; i++)
        most = fmax(most, fmax(fabs(t->low[i]), fabs(t->high[i])));
    int e;
    frexp(most, &e);
    return most > 0 ? fmax(ldexp(1, e - 15), DBL_TRUE_MIN) : 1;
}

static uint16_t outwards(double value, double unit, enum half_rounding way)
{
    double units = value / unit;
    if (units == 0 && value != 0)
        units = copysign(DBL_MIN, value); /* underflow must not become the zero inside */
    return half_from(units, way);
}

/* The number in coded::ranges of block (row, col) of the grid, vectors first. */
static size_t number(const struct coded *x, const struct coding_grid *g, size_t row, size_t col)
{
    return (x->coding.by_column ? col * g->rows + row : row * g->cols + col) *
           (x->coding.symmetric ? 1 : 2);
}

static void write_ranges(const struct coding_table *t, struct coded *x)
{
    const struct coding_grid *g = &t->grid;
    if (x->coding.scales == SCALES_TENSOR) {
        bool any = g->rows * g->cols != 0;
        x->range[0] = !any ? 0 : x->coding.symmetric ? t->high[0] : t->low[0];
        x->range[1] = any ? t->high[0] : 0;
        return;
    }
    x->unit = unit_of(t);
    for (size_t i = 0; i < g->rows; i++)
        for (size_t j = 0; j < g->cols; j++) {
            assert(x->ranges);
            uint16_t *range = x->ranges + number(x, g, i, j);
            size_t from = i * g->cols + j;
            if (!x->coding.symmetric)
                *range++ = outwards(t->low[from], x->unit, HALF_DOWN);
            *range = outwards(t->high[from], x->unit, HALF_UP);
        }
}

void coding_table_read(const struct coded *x, struct coding_table *t)
{
    const struct coding_grid *g = &t->grid;
    bool tensor = x->coding.scales == SCALES_TENSOR;
    for (size_t i = 0; i < g->rows; i++)
        for (size_t j = 0; j < g->cols; j++) {
            assert(tensor || x->ranges);
            const uint16_t *range = tensor ? NULL : x->ranges + number(x, g, i, j);
            size_t to = i * g->cols + j, second = x->coding.symmetric ? 0 : 1;
            t->low[to] = tensor ? x->range[0] : half_to(range[0]) * x->unit;
            t->high[to] = tensor ? x->range[second] : half_to(range[second]) * x->unit;
            if (x->coding.symmetric)
                t->low[to] = -t->high[to];
        }
}

bool coded_start(const struct coding *c, struct coding_table *t, size_t rows, size_t cols,
                 struct coded *out, struct error *err)
{
    struct coded x = { .coding = *c, .rows = rows, .cols = cols };
    size_t ranges = coding_ranges(c, rows, cols) * (c->symmetric ? 1 : 2);
    x.codes = memory_alloc(coding_codes_size(c, rows, cols), err);
    if (x.codes && c->scales != SCALES_TENSOR)
        x.ranges = memory_alloc(ranges * sizeof(*x.ranges), err);
    if (!x.codes || (c->scales != SCALES_TENSOR && !x.ranges)) {
        coded_finish(&x);
        return false;
    }
    write_ranges(t, &x);
    coding_table_read(&x, t);
    *out = x;
    return true;
}
