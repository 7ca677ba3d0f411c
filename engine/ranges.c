#include "ranges.h"

#include "cancel.h"
#include "coding_chunk.h"
#include "coding_groups.h"
#include "memory.h"

#include <float.h>
#include <math.h>
#include <string.h>

static bool widen(struct coding_table *t, const struct chunk *k)
{
    size_t stride, first = chunk_place(t, k, &stride);
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

static bool all_entries(const struct coding *c, struct matrix_view a, struct coding_table *t,
                        struct error *err)
{
    bool finite = true;
    struct chunk k = { 0 };
    while (chunk_next(&k, a.rows, a.cols)) {
        chunk_load(&k, a);
        finite &= widen(t, &k);
    }
    return cancel_none(err) && coding_table_settle(t, c, finite, err);
}

/* Ranges that hold all entries, each cut in its middle, and what clipping needs to know of them.
 * Arrays of a number a range, in one piece of memory. */
struct extent {
    size_t n;
    double *middle, *half; /* the range is middle - half .. middle + half */
    double *mean, *square; /* of (entry - middle) / half, which is in [-1, 1] */
    double *best, *error;  /* the least error so far, and that of the trial */
    double *low, *high;    /* of the best, logarithms to base 2 of its parts of the two sides */
};

static bool extent_init(struct extent *e, const struct coding_table *t, struct error *err)
{
    size_t n = t->grid.rows * t->grid.cols;
    double *p = memory_alloc(8 * n * sizeof(*p), err);
    if (!p)
        return false;
    *e = (struct extent){ n,         p,         p + n,     p + 2 * n, p + 3 * n,
                          p + 4 * n, p + 5 * n, p + 6 * n, p + 7 * n };
    for (size_t i = 0; i < n; i++) {
        e->middle[i] = t->low[i] / 2 + t->high[i] / 2;
        e->half[i] = t->high[i] / 2 - t->low[i] / 2;
    }
    return true;
}

static size_t entries_of(const struct coding_grid *g, size_t i, size_t rows, size_t cols)
{
    size_t row = i / g->cols * g->down, col = i % g->cols * g->across;
    return (rows - row < g->down ? rows - row : g->down) *
           (cols - col < g->across ? cols - col : g->across);
}

static void moments(struct extent *e, const struct coding_table *t, struct matrix_view a)
{
    struct chunk k = { 0 };
    while (chunk_next(&k, a.rows, a.cols)) {
        size_t stride, first = chunk_place(t, &k, &stride);
        chunk_load(&k, a);
        for (size_t i = 0; i < k.n; i++) {
            size_t at = first + i * stride;
            double y = e->half[at] > 0 ? (k.value[i] - e->middle[at]) / e->half[at] : 0;
            e->mean[at] += y;
            e->square[at] += y * y;
        }
    }
    for (size_t i = 0; i < e->n; i++) {
        double n = (double)entries_of(&t->grid, i, a.rows, a.cols);
        e->mean[i] /= n;
        e->square[i] /= n;
    }
}

/* Centre and standard deviation; around zero, where the range is to be symmetric. */
static void take_spread(const struct coding *c, const struct extent *e, struct coding_table *t)
{
    double spread = c->quantizer->spread(c->bits);
    for (size_t i = 0; i < e->n; i++) {
        double mean = c->symmetric ? 0 : e->mean[i];
        double width = e->half[i] * spread * sqrt(fmax(e->square[i] - mean * mean, 0));
        double centre = e->middle[i] + e->half[i] * mean;
        t->low[i] = centre - width;
        t->high[i] = centre + width;
    }
}

/* Sides of 2^low and 2^high times those of all entries, seen from their mean. */
static void narrow(const struct coding *c, const struct extent *e, size_t i, double low,
                   double high, struct coding_table *t)
{
    double mean = c->symmetric ? 0 : e->mean[i];
    double centre = e->middle[i] + e->half[i] * mean;
    t->low[i] = centre - exp2(low) * e->half[i] * (1 + mean);
    t->high[i] = centre + exp2(high) * e->half[i] * (1 - mean);
}

static void chunks_error(const struct coding_table *t, const struct coding_levels *l,
                         struct matrix_view a, const double *scale, double *error)
{
    struct chunk k = { 0 };
    double value[CHUNK];
    while (chunk_next(&k, a.rows, a.cols)) {
        size_t stride, first = chunk_place(t, &k, &stride);
        chunk_load(&k, a);
        chunk_ranges(t, &k);
        for (size_t i = 0; i < k.n; i++)
            k.draw[i] = 0.5;
        memcpy(value, k.value, sizeof(value));
        chunk_round(l, &k);
        chunk_values(l, &k);
        for (size_t i = 0; i < k.n; i++) {
            size_t at = first + i * stride;
            double y = scale[at] > 0 ? (value[i] - k.value[i]) / scale[at] : 0;
            error[at] += y * y;
        }
    }
}

/* One width for each range, `low` and `high` more than the best so far or, at the start, than
 * that of all entries. What is better is kept. */
static void attempt(const struct coding *c, const struct coding_levels *l, struct matrix_view a,
                    struct extent *e, struct coding_table *t, bool start, double low, double high)
{
    if (cancel_asked())
        return;
    for (size_t i = 0; i < e->n; i++) {
        narrow(c, e, i, low + (start ? 0 : e->low[i]), high + (start ? 0 : e->high[i]), t);
        e->error[i] = 0;
    }
    if (c->quantizer->group)
        groups_error(c, t, a, e->half, e->error);
    else
        chunks_error(t, l, a, e->half, e->error);
    for (size_t i = 0; i < e->n; i++)
        if (e->error[i] < e->best[i]) {
            e->best[i] = e->error[i];
            e->low[i] = low + (start ? 0 : e->low[i]);
            e->high[i] = high + (start ? 0 : e->high[i]);
        }
}

/* From a little beyond all entries, where the levels of some quantizers are denser, to an eighth
 * of them; then finer about the best, and each side on its own. */
static bool search(const struct coding *c, struct matrix_view a, struct extent *e,
                   struct coding_table *t, struct error *err)
{
    static const double finer[] = { 1. / 6, -1. / 6, 1. / 12, -1. / 12 };
    static const double sides[] = { 1. / 3, -1. / 3, 1. / 6, -1. / 6 };
    struct coding_levels l = { 0 };
    if (!coding_levels_init(&l, c, err))
        return false;
    for (size_t i = 0; i < e->n; i++)
        e->best[i] = (double)INFINITY;
    for (int third = 1; third >= -9; third--)
        attempt(c, &l, a, e, t, true, third / 3.0, third / 3.0);
    for (size_t i = 0; i < 4; i++)
        attempt(c, &l, a, e, t, false, finer[i], finer[i]);
    for (size_t i = 0; i < 4 && !c->symmetric; i++) {
        attempt(c, &l, a, e, t, false, sides[i], 0);
        attempt(c, &l, a, e, t, false, 0, sides[i]);
    }
    for (size_t i = 0; i < e->n; i++)
        narrow(c, e, i, e->low[i], e->high[i], t);
    coding_levels_finish(&l);
    return true;
}

bool ranges_measure(const struct coding *c, struct matrix_view a, struct coding_table *t,
                    struct error *err)
{
    enum clip clip = coding_clip(c);
    struct extent e = { 0 };
    bool ok = all_entries(c, a, t, err);
    if (!ok || clip == CLIP_NONE)
        return ok;
    ok = extent_init(&e, t, err);
    if (ok) {
        moments(&e, t, a);
        if (clip == CLIP_SPREAD)
            take_spread(c, &e, t);
        else
            ok = search(c, a, &e, t, err);
        ok = ok && cancel_none(err) && coding_table_settle(t, c, true, err);
    }
    memory_free(e.middle);
    return ok;
}
