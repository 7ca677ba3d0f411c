/* Saha, Srivastava, Pilanci, NeurIPS 2023, section 2: uniform scalar quantizers,
 * dithered or not. One pass finds the ranges, a second turns 64 entries of a row at
 * a time into codes; the inner loops run over plain arrays of double so that the
 * compiler can vectorise them. */

#include "coding.h"

#include "coding_table.h"
#include "half.h"
#include "memory.h"
#include "packing.h"
#include "random.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

const char *const clip_names[] = { "auto", "none", "spread", "search", NULL };
const char *const rounding_names[] = { "nearest", "dithered", NULL };
const char *const scales_names[] = { "tensor", "vector", "block", NULL };

size_t coding_codes_size(const struct coding *c, size_t rows, size_t cols)
{
    return (size_t)((coding_bits_paper(c, rows, cols) + 7) / 8);
}

size_t coding_ranges(const struct coding *c, size_t rows, size_t cols)
{
    struct coding_grid g = coding_grid(c, rows, cols);
    return c->scales == SCALES_TENSOR ? 0 : g.rows * g.cols;
}

uint64_t coding_bits_paper(const struct coding *c, size_t rows, size_t cols)
{
    return (uint64_t)rows * cols * (unsigned)c->bits;
}

uint64_t coding_bits_true(const struct coding *c, size_t rows, size_t cols)
{
    uint64_t numbers = c->symmetric ? 1 : 2;
    uint64_t side = c->scales == SCALES_TENSOR ? 64 * numbers
                                               : 16 * numbers * coding_ranges(c, rows, cols) + 64;
    return coding_bits_paper(c, rows, cols) + side;
}

/* Up to 64 entries of a row that start at a multiple of 64, on their way. */
enum { CHUNK = CODING_BLOCK };
struct chunk {
    size_t row, col, n;
    double value[CHUNK], low[CHUNK], high[CHUNK], draw[CHUNK];
    uint32_t code[CHUNK];
};

static void load(struct chunk *k, struct matrix_view a)
{
    size_t first = k->row * a.row_stride + k->col * a.col_stride;
    if (a.dtype == DTYPE_F64) {
        const double *p = (const double *)a.data + first;
        for (size_t i = 0; i < k->n; i++)
            k->value[i] = p[i * a.col_stride];
    } else {
        const float *p = (const float *)a.data + first;
        for (size_t i = 0; i < k->n; i++)
            k->value[i] = (double)p[i * a.col_stride];
    }
}

/* An end of a range rounded outwards may lie beyond the largest float: no infinities. */
static void store(const struct chunk *k, struct matrix_view a)
{
    size_t first = k->row * a.row_stride + k->col * a.col_stride;
    if (a.dtype == DTYPE_F64) {
        double *p = (double *)a.data + first;
        for (size_t i = 0; i < k->n; i++)
            p[i * a.col_stride] = k->value[i];
    } else {
        float *p = (float *)a.data + first;
        const double most = (double)FLT_MAX;
        for (size_t i = 0; i < k->n; i++) {
            double v = k->value[i] > most ? most : k->value[i];
            p[i * a.col_stride] = (float)(v < -most ? -most : v);
        }
    }
}

/* The range of the chunk's first entry, and whether the next entry has the next. */
static size_t place(const struct coding_table *t, const struct chunk *k, size_t *stride)
{
    const struct coding_grid *g = &t->grid;
    *stride = g->across == 1;
    return k->row / g->down * g->cols + k->col / g->across;
}

static void ranges_of(const struct coding_table *t, struct chunk *k)
{
    size_t stride, first = place(t, k, &stride);
    for (size_t i = 0; i < k->n; i++) {
        k->low[i] = t->low[first + i * stride];
        k->high[i] = t->high[first + i * stride];
    }
}

static bool widen(struct coding_table *t, const struct chunk *k)
{
    size_t stride, first = place(t, k, &stride);
    bool finite = true;
    if (stride == 0) { /* 64 entries of one range: no need to store it after each */
        double low = t->low[first], high = t->high[first];
        for (size_t i = 0; i < k->n; i++) {
            finite &= fabs(k->value[i]) <= DBL_MAX;
            low = k->value[i] < low ? k->value[i] : low;
            high = k->value[i] > high ? k->value[i] : high;
        }
        t->low[first] = low;
        t->high[first] = high;
        return finite;
    }
    double *low = t->low + first, *high = t->high + first;
    for (size_t i = 0; i < k->n; i++) {
        finite &= fabs(k->value[i]) <= DBL_MAX;
        low[i] = k->value[i] < low[i] ? k->value[i] : low[i];
        high[i] = k->value[i] > high[i] ? k->value[i] : high[i];
    }
    return finite;
}

/* Calls for every chunk of rows x cols, in the order of the codes. */
static bool next(struct chunk *k, size_t rows, size_t cols)
{
    k->col += k->n;
    if (k->col >= cols) {
        k->row += k->n != 0;
        k->col = 0;
    }
    k->n = cols - k->col < CHUNK ? cols - k->col : CHUNK;
    return k->row < rows && cols;
}

static bool measure(const struct coding *c, struct matrix_view a, struct coding_table *t,
                    struct error *err)
{
    bool finite = true;
    struct chunk k = { 0 };
    while (next(&k, a.rows, a.cols)) {
        load(&k, a);
        finite &= widen(t, &k);
    }
    return coding_table_settle(t, c, finite, err);
}

/* What is added before rounding down: one half, or a draw that belongs to the entry,
 * whatever the order they are coded in. */
static void draw(const struct coding *c, struct chunk *k, size_t cols)
{
    uint64_t first = (uint64_t)k->row * cols + k->col;
    struct philox p = { 0 };
    for (size_t i = 0; i < k->n; i++) {
        uint64_t e = first + i, block = e / 4;
        if (c->rounding == ROUNDING_NEAREST) {
            k->draw[i] = 0.5;
            continue;
        }
        if (i == 0 || e % 4 == 0)
            p = philox_block(c->seed, (uint32_t)block, (uint32_t)(block >> 32), c->stream, c->part);
        k->draw[i] = (double)random_unit(p.word[e % 4]);
    }
}

/* t = (x - low) / (high - low) last lies in [0, last]: nothing is clipped, but t + u
 * passes last by up to one where x = high. */
static void round_equidistant(const struct coding_levels *l, struct chunk *k)
{
    const double last = l->last;
    for (size_t i = 0; i < k->n; i++) {
        double width = k->high[i] - k->low[i];
        double t = (k->value[i] - k->low[i]) / (width > 0 ? width : 1) * last + k->draw[i];
        k->code[i] = (uint32_t)(int32_t)(t < last ? t : last);
    }
}

static uint32_t round_tabulated(const struct coding_levels *l, double y, double u)
{
    uint32_t below = 0, above = l->last; /* level below <= y < level above, or y lies outside */
    while (above - below > 1) {
        uint32_t middle = below + (above - below) / 2;
        if (l->at[middle] <= y)
            below = middle;
        else
            above = middle;
    }
    double t = (y - l->at[below]) / (l->at[above] - l->at[below]);
    return t + u >= 1 ? above : below;
}

static void round_chunk(const struct coding_levels *l, struct chunk *k)
{
    if (!l->at) {
        round_equidistant(l, k);
        return;
    }
    for (size_t i = 0; i < k->n; i++) {
        double width = k->high[i] - k->low[i];
        double y = width > 0 ? 2 * ((k->value[i] - k->low[i]) / width) - 1 : -1;
        k->code[i] = round_tabulated(l, y, k->draw[i]);
    }
}

static void write_codes(const struct coding_levels *l, const struct coding_table *t,
                        struct matrix_view a, struct coded *x)
{
    struct packing p = { .at = x->codes };
    struct chunk k = { 0 };
    while (next(&k, a.rows, a.cols)) {
        load(&k, a);
        ranges_of(t, &k);
        draw(&x->coding, &k, a.cols);
        round_chunk(l, &k);
        packing_push(&p, k.code, k.n, x->coding.bits);
    }
    packing_flush(&p);
}

bool coding_encode(const struct coding *c, struct matrix_view a, struct coded *out,
                   struct error *err)
{
    struct coded x = { 0 };
    struct coding_table t = { 0 };
    struct coding_levels l = { 0 };
    bool ok = coding_levels_init(&l, c, err) && coding_table_init(&t, c, a.rows, a.cols, err) &&
              measure(c, a, &t, err) && coded_start(c, &t, a.rows, a.cols, &x, err);
    if (ok) {
        write_codes(&l, &t, a, &x);
        *out = x;
    }
    coding_table_finish(&t);
    coding_levels_finish(&l);
    return ok;
}

static void values_of(const struct coding_levels *l, struct chunk *k)
{
    const double last = l->last;
    for (size_t i = 0; i < k->n && !l->at; i++) {
        double v = k->low[i] + k->code[i] / last * (k->high[i] - k->low[i]);
        k->value[i] = k->code[i] == l->last || v > k->high[i] ? k->high[i] : v;
    }
    for (size_t i = 0; i < k->n && l->at; i++) {
        double y = l->at[k->code[i]];
        double v = k->low[i] + 0.5 * (y + 1) * (k->high[i] - k->low[i]);
        k->value[i] = y >= 1 ? k->high[i] : v;
    }
}

bool coding_decode(const struct coded *x, struct matrix_view out, struct error *err)
{
    assert(out.rows == x->rows && out.cols == x->cols);
    const struct coding *c = &x->coding;
    struct coding_table t = { 0 };
    struct coding_levels l = { 0 };
    bool ok = coding_levels_init(&l, c, err) && coding_table_init(&t, c, x->rows, x->cols, err);
    if (ok) {
        coding_table_read(x, &t);
        struct packing p = { x->codes, x->codes + coding_codes_size(c, x->rows, x->cols), 0, 0 };
        struct chunk k = { 0 };
        while (next(&k, x->rows, x->cols)) {
            packing_pull(&p, k.code, k.n, c->bits);
            ranges_of(&t, &k);
            values_of(&l, &k);
            store(&k, out);
        }
    }
    coding_table_finish(&t);
    coding_levels_finish(&l);
    return ok;
}

void coded_finish(struct coded *x)
{
    memory_free(x->codes);
    memory_free(x->ranges);
    *x = (struct coded){ 0 };
}

/* The lowest, the highest and the widest gap of the levels, as parts of a range. */
static void spread(const struct coding *c, double *low, double *high, double *gap)
{
    struct error ignored = { 0 };
    struct coding_levels l = { 0 };
    *low = 0;
    *high = 1;
    *gap = 1;
    if (!coding_levels_init(&l, c, &ignored))
        return;
    *gap = 1.0 / l.last;
    if (l.at) {
        *low = 0.5 * (l.at[0] + 1);
        *high = 0.5 * (l.at[l.last] + 1);
        *gap = 0;
        for (uint32_t i = 0; i < l.last; i++)
            *gap = fmax(*gap, 0.5 * (l.at[i + 1] - l.at[i]));
    }
    coding_levels_finish(&l);
}

void coding_extent(const struct coded *x, double *range, double *step)
{
    double low, high, gap;
    spread(&x->coding, &low, &high, &gap);
    size_t numbers = x->coding.symmetric ? 1 : 2;
    bool tensor = x->coding.scales == SCALES_TENSOR;
    size_t n = tensor ? 1 : coding_ranges(&x->coding, x->rows, x->cols);
    *range = *step = 0;
    for (size_t i = 0; i < n; i++) {
        const uint16_t *at = tensor ? NULL : x->ranges + i * numbers;
        double b = tensor ? x->range[numbers - 1] : half_to(at[numbers - 1]) * x->unit;
        double a = numbers == 1 ? -b : tensor ? x->range[0] : half_to(at[0]) * x->unit;
        *step = fmax(*step, gap * (b - a));
        *range = fmax(*range, fmax(fabs(a + low * (b - a)), fabs(a + high * (b - a))));
    }
}

uint32_t coded_at(const struct coded *x, size_t i)
{
    return packing_at(x->codes, x->coding.bits, i);
}
