/* Saha, Srivastava, Pilanci, NeurIPS 2023, section 2: uniform scalar quantizers,
 * dithered or not. One pass finds the ranges, a second turns 64 entries of a row at
 * a time into codes; the inner loops run over plain arrays of double so that the
 * compiler can vectorise them. */

#include "coding.h"

#include "half.h"
#include "memory.h"
#include "packing.h"
#include "random.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

const char *const rounding_names[] = { "nearest", "dithered", NULL };
const char *const scales_names[] = { "tensor", "vector", "block", NULL };

/* Entries that share a range lie in a block of down x across; there are rows x cols blocks. */
struct grid {
    size_t down, across, rows, cols;
};

static struct grid grid(const struct coding *c, size_t rows, size_t cols)
{
    size_t length = c->by_column ? rows : cols;
    if (c->scales == SCALES_BLOCK)
        length = CODING_BLOCK;
    struct grid g = c->by_column ? (struct grid){ .down = length, .across = 1 }
                                 : (struct grid){ .down = 1, .across = length };
    if (c->scales == SCALES_TENSOR)
        g = (struct grid){ .down = rows, .across = cols };
    g.rows = g.down ? (rows + g.down - 1) / g.down : 0;
    g.cols = g.across ? (cols + g.across - 1) / g.across : 0;
    return g;
}

size_t coding_codes_size(const struct coding *c, size_t rows, size_t cols)
{
    return (size_t)((coding_bits_paper(c, rows, cols) + 7) / 8);
}

size_t coding_ranges(const struct coding *c, size_t rows, size_t cols)
{
    struct grid g = grid(c, rows, cols);
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

/* Ranges as numbers, in row-major order of the blocks. */
struct table {
    struct grid grid;
    double *low, *high;
};

static bool table_init(struct table *t, const struct coding *c, size_t rows, size_t cols,
                       struct error *err)
{
    t->grid = grid(c, rows, cols);
    size_t n = t->grid.rows * t->grid.cols;
    t->low = memory_alloc(n * sizeof(double), err);
    t->high = t->low ? memory_alloc(n * sizeof(double), err) : NULL;
    return t->high != NULL;
}

static void table_finish(struct table *t)
{
    memory_free(t->low);
    memory_free(t->high);
}

/* What the codes mean: last + 1 levels, tabulated or equidistant. */
struct levels {
    uint32_t last;
    double *at; /* NULL: equidistant */
};

static bool levels_init(struct levels *l, const struct coding *c, struct error *err)
{
    assert(c->bits >= 1 && c->bits <= CODING_BITS_MAX);
    l->last = ((uint32_t)1 << c->bits) - 1;
    if (!c->quantizer->codebook)
        return true;
    l->at = memory_alloc(((size_t)l->last + 1) * sizeof(double), err);
    if (!l->at)
        return false;
    c->quantizer->codebook(c->bits, l->at);
    return true;
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
static size_t place(const struct table *t, const struct chunk *k, size_t *stride)
{
    const struct grid *g = &t->grid;
    *stride = g->across == 1;
    return k->row / g->down * g->cols + k->col / g->across;
}

static void ranges_of(const struct table *t, struct chunk *k)
{
    size_t stride, first = place(t, k, &stride);
    for (size_t i = 0; i < k->n; i++) {
        k->low[i] = t->low[first + i * stride];
        k->high[i] = t->high[first + i * stride];
    }
}

static bool widen(struct table *t, const struct chunk *k)
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

static bool measure(const struct coding *c, struct matrix_view a, struct table *t,
                    struct error *err)
{
    size_t n = t->grid.rows * t->grid.cols;
    for (size_t i = 0; i < n; i++) {
        t->low[i] = (double)INFINITY;
        t->high[i] = -(double)INFINITY;
    }
    bool finite = true;
    struct chunk k = { 0 };
    while (next(&k, a.rows, a.cols)) {
        load(&k, a);
        finite &= widen(t, &k);
    }
    if (!finite)
        return fail(err, ERROR_NUMERIC, "an entry is NaN or infinite and has no code");
    for (size_t i = 0; i < n; i++) {
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

/* A power of two that puts the largest magnitude into [2^14, 2^15]: halves reach
 * 65504, so rounding up never overflows, and ranges down to 2^-39 of it survive. */
static double unit_of(const struct table *t)
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
static size_t number(const struct coded *x, const struct grid *g, size_t row, size_t col)
{
    return (x->coding.by_column ? col * g->rows + row : row * g->cols + col) *
           (x->coding.symmetric ? 1 : 2);
}

static void write_ranges(const struct table *t, struct coded *x)
{
    const struct grid *g = &t->grid;
    if (x->coding.scales == SCALES_TENSOR) {
        bool any = g->rows * g->cols != 0;
        x->range[0] = !any ? 0 : x->coding.symmetric ? t->high[0] : t->low[0];
        x->range[1] = any ? t->high[0] : 0;
        return;
    }
    x->unit = unit_of(t);
    for (size_t i = 0; i < g->rows; i++)
        for (size_t j = 0; j < g->cols; j++) {
            uint16_t *range = x->ranges + number(x, g, i, j);
            size_t from = i * g->cols + j;
            if (!x->coding.symmetric)
                *range++ = outwards(t->low[from], x->unit, HALF_DOWN);
            *range = outwards(t->high[from], x->unit, HALF_UP);
        }
}

static void read_ranges(const struct coded *x, struct table *t)
{
    const struct grid *g = &t->grid;
    bool tensor = x->coding.scales == SCALES_TENSOR;
    for (size_t i = 0; i < g->rows; i++)
        for (size_t j = 0; j < g->cols; j++) {
            const uint16_t *range = tensor ? NULL : x->ranges + number(x, g, i, j);
            size_t to = i * g->cols + j, second = x->coding.symmetric ? 0 : 1;
            t->low[to] = tensor ? x->range[0] : half_to(range[0]) * x->unit;
            t->high[to] = tensor ? x->range[second] : half_to(range[second]) * x->unit;
            if (x->coding.symmetric)
                t->low[to] = -t->high[to];
        }
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
static void round_equidistant(const struct levels *l, struct chunk *k)
{
    const double last = l->last;
    for (size_t i = 0; i < k->n; i++) {
        double width = k->high[i] - k->low[i];
        double t = (k->value[i] - k->low[i]) / (width > 0 ? width : 1) * last + k->draw[i];
        k->code[i] = (uint32_t)(int32_t)(t < last ? t : last);
    }
}

static uint32_t round_tabulated(const struct levels *l, double y, double u)
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

static void round_chunk(const struct levels *l, struct chunk *k)
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

static void write_codes(const struct levels *l, const struct table *t, struct matrix_view a,
                        struct coded *x)
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
    struct coded x = { .coding = *c, .rows = a.rows, .cols = a.cols };
    struct table t = { 0 };
    struct levels l = { 0 };
    bool ok = false;
    if (!levels_init(&l, c, err) || !table_init(&t, c, a.rows, a.cols, err) ||
        !measure(c, a, &t, err))
        goto done;
    size_t ranges = coding_ranges(c, a.rows, a.cols) * (c->symmetric ? 1 : 2);
    x.codes = memory_alloc(coding_codes_size(c, a.rows, a.cols), err);
    if (x.codes && c->scales != SCALES_TENSOR)
        x.ranges = memory_alloc(ranges * sizeof(*x.ranges), err);
    if (!x.codes || (c->scales != SCALES_TENSOR && !x.ranges))
        goto done;
    write_ranges(&t, &x);
    read_ranges(&x, &t); /* code against what a decoder will see */
    write_codes(&l, &t, a, &x);
    ok = true;
done:
    table_finish(&t);
    memory_free(l.at);
    if (!ok)
        coded_finish(&x);
    else
        *out = x;
    return ok;
}

static void values_of(const struct levels *l, struct chunk *k)
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
    struct table t = { 0 };
    struct levels l = { 0 };
    bool ok = levels_init(&l, c, err) && table_init(&t, c, x->rows, x->cols, err);
    if (ok) {
        read_ranges(x, &t);
        struct packing p = { x->codes, x->codes + coding_codes_size(c, x->rows, x->cols), 0, 0 };
        struct chunk k = { 0 };
        while (next(&k, x->rows, x->cols)) {
            packing_pull(&p, k.code, k.n, c->bits);
            ranges_of(&t, &k);
            values_of(&l, &k);
            store(&k, out);
        }
    }
    table_finish(&t);
    memory_free(l.at);
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
    struct levels l = { 0 };
    *low = 0;
    *high = 1;
    *gap = 1;
    if (!levels_init(&l, c, &ignored))
        return;
    *gap = 1.0 / l.last;
    if (l.at) {
        *low = 0.5 * (l.at[0] + 1);
        *high = 0.5 * (l.at[l.last] + 1);
        *gap = 0;
        for (uint32_t i = 0; i < l.last; i++)
            *gap = fmax(*gap, 0.5 * (l.at[i + 1] - l.at[i]));
    }
    memory_free(l.at);
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
