/* One pass finds the ranges (more, where they are clipped), another turns entries into codes:
 * 64 of a row at a time, or a group of a vector quantizer's. */

#include "coding.h"

#include "cancel.h"
#include "coding_chunk.h"
#include "coding_groups.h"
#include "half.h"
#include "memory.h"
#include "packing.h"
#include "ranges.h"

#include <assert.h>
#include <math.h>

const char *const clip_names[] = { "auto", "none", "spread", "search", NULL };
const char *const rounding_names[] = { "nearest", "dithered", NULL };
const char *const scales_names[] = { "tensor", "vector", "block", NULL };

bool coding_symmetric(bool asked, const struct quantizer *q)
{
    return asked || q->symmetric;
}

enum clip coding_clip(const struct coding *c)
{
    enum clip clip = c->clip;
    if (clip == CLIP_AUTO)
        clip = c->quantizer->spreads ? CLIP_SPREAD : CLIP_NONE;
    return clip == CLIP_SPREAD && !c->quantizer->spread ? CLIP_NONE : clip;
}

size_t coding_codes_size(const struct coding *c, size_t rows, size_t cols)
{
    return (size_t)((coding_bits_paper(c, rows, cols) + 7) / 8);
}

size_t coding_ranges(const struct coding *c, size_t rows, size_t cols)
{
    struct coding_grid g = coding_grid(c, rows, cols);
    return c->scales == SCALES_TENSOR ? 0 : g.rows * g.cols;
}

struct coding_grid coding_groups(const struct coding *c, size_t rows, size_t cols)
{
    size_t group = c->quantizer->group ? c->quantizer->group : 1;
    struct coding_grid g = { .down = c->by_column ? group : 1, .across = c->by_column ? 1 : group };
    g.rows = (rows + g.down - 1) / g.down;
    g.cols = (cols + g.across - 1) / g.across;
    return g;
}

int coding_width(const struct coding *c)
{
    return c->bits * (c->quantizer->group ? (int)c->quantizer->group : 1);
}

size_t coding_codes(const struct coding *c, size_t rows, size_t cols)
{
    struct coding_grid g = coding_groups(c, rows, cols);
    return g.rows * g.cols;
}

uint64_t coding_bits_paper(const struct coding *c, size_t rows, size_t cols)
{
    return (uint64_t)coding_codes(c, rows, cols) * (unsigned)coding_width(c);
}

uint64_t coding_bits_true(const struct coding *c, size_t rows, size_t cols)
{
    uint64_t numbers = c->symmetric ? 1 : 2;
    uint64_t side = c->scales == SCALES_TENSOR ? 64 * numbers
                                               : 16 * numbers * coding_ranges(c, rows, cols) + 64;
    return coding_bits_paper(c, rows, cols) + side;
}

static void write_chunks(const struct coding_levels *l, const struct coding_table *t,
                         struct matrix_view a, struct coded *x, struct packing *p)
{
    struct chunk k = { 0 };
    while (chunk_next(&k, a.rows, a.cols)) {
        chunk_load(&k, a);
        chunk_ranges(t, &k);
        chunk_draw(&x->coding, &k, a.cols);
        chunk_round(l, &k);
        packing_push(p, k.code, k.n, x->coding.bits);
    }
}

static void write_codes(const struct coding_levels *l, const struct coding_table *t,
                        struct matrix_view a, struct coded *x)
{
    struct packing p = { .at = x->codes };
    if (x->coding.quantizer->group)
        groups_encode(&x->coding, t, a, &p);
    else
        write_chunks(l, t, a, x, &p);
    packing_flush(&p);
}

bool coding_encode(const struct coding *c, struct matrix_view a, struct coded *out,
                   struct error *err)
{
    struct coded x = { 0 };
    struct coding_table t = { 0 };
    struct coding_levels l = { 0 };
    bool ok = coding_levels_init(&l, c, err) && coding_table_init(&t, c, a.rows, a.cols, err) &&
              ranges_measure(c, a, &t, err) && coded_start(c, &t, a.rows, a.cols, &x, err);
    if (ok) {
        write_codes(&l, &t, a, &x);
        ok = cancel_none(err);
        if (ok)
            *out = x;
        else
            coded_finish(&x);
    }
    coding_table_finish(&t);
    coding_levels_finish(&l);
    return ok;
}

static void read_codes(const struct coded *x, const struct coding_levels *l,
                       const struct coding_table *t, struct matrix_view out)
{
    const struct coding *c = &x->coding;
    struct packing p = { x->codes, x->codes + coding_codes_size(c, x->rows, x->cols), 0, 0 };
    struct chunk k = { 0 };
    if (c->quantizer->group) {
        groups_decode(c, t, &p, out);
        return;
    }
    while (chunk_next(&k, x->rows, x->cols)) {
        packing_pull(&p, k.code, k.n, c->bits);
        chunk_ranges(t, &k);
        chunk_values(l, &k);
        chunk_store(&k, out);
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
        read_codes(x, &l, &t, out);
        ok = cancel_none(err);
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
    if (c->quantizer->group || !coding_levels_init(&l, c, &ignored))
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
    return packing_at(x->codes, coding_width(&x->coding), i);
}
