#include "budget.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static size_t smaller_side(struct budget_shape s)
{
    return s.rows < s.cols ? s.rows : s.cols;
}

/* One upon another. */
static struct budget_shape stacked(const struct budget_shape *shapes, size_t n)
{
    struct budget_shape all = shapes[0];
    for (size_t i = 1; i < n; i++)
        all.rows += shapes[i].rows;
    return all;
}

size_t budget_most(const struct method *m, const struct budget_shape *shapes, size_t n)
{
    size_t most = 0;
    if (m->flags & METHOD_MANY)
        return smaller_side(stacked(shapes, n));
    for (size_t i = 0; i < n; i++)
        most = smaller_side(shapes[i]) > most ? smaller_side(shapes[i]) : most;
    return most;
}

static uint64_t bits_at_once(const struct method *m, const void *params, enum dtype dtype,
                             const struct budget_shape *shapes, size_t n, bool paper)
{
    size_t rows[BUDGET_SHAPES];
    assert(n <= BUDGET_SHAPES);
    for (size_t i = 0; i < n; i++)
        rows[i] = shapes[i].rows;
    return m->bits_many(params, dtype, rows, n, shapes[0].cols, paper);
}

uint64_t budget_bits(const struct method *m, const void *params, enum dtype dtype,
                     const struct budget_shape *shapes, size_t n, bool paper)
{
    const struct param *rank = param_find(&m->params, "rank");
    uint64_t bits = 0;
    if (m->flags & METHOD_MANY)
        return bits_at_once(m, params, dtype, shapes, n, paper);
    for (size_t i = 0; i < n; i++) {
        struct params_any own = { 0 };
        memcpy(own.bytes, params, m->params.size);
        if (rank && param_get(rank, own.bytes) > (double)smaller_side(shapes[i]))
            param_put(rank, own.bytes, (double)smaller_side(shapes[i]));
        bits += m->bits(own.bytes, dtype, shapes[i].rows, shapes[i].cols, paper);
    }
    return bits;
}

uint64_t budget_bits_of(const struct method *m, const void *params, enum dtype dtype, size_t rows,
                        size_t cols, size_t n, bool paper)
{
    struct budget_shape all[BUDGET_SHAPES];
    budget_shapes(NULL, n, rows, cols, all);
    return budget_bits(m, params, dtype, all, n, paper);
}

void budget_shapes(const struct budget_shape *own, size_t n, size_t rows, size_t cols,
                   struct budget_shape out[BUDGET_SHAPES])
{
    assert(n <= BUDGET_SHAPES);
    for (size_t i = 0; i < n; i++)
        out[i] = own ? own[i] : (struct budget_shape){ rows, cols };
}

uint64_t budget_entries(const struct budget_shape *shapes, size_t n)
{
    uint64_t entries = 0;
    for (size_t i = 0; i < n; i++)
        entries += (uint64_t)shapes[i].rows * shapes[i].cols;
    return entries;
}

static bool refuse(const struct method *m, const struct budget_shape *shapes, size_t n,
                   double least, double allowed, struct error *err)
{
    const struct budget_shape all = stacked(shapes, n);
    char several[40] = "";
    if (n > 1)
        snprintf(several, sizeof(several), " (%zu together)", n);
    return fail(err, ERROR_USAGE,
                "%s of a %zu x %zu matrix%s takes at least %.4g bits per entry (rank 1), more "
                "than %.4g",
                m->name, all.rows, all.cols, several, least, allowed);
}

bool budget_rank_of(const struct method *m, void *params, enum dtype dtype,
                    const struct budget_shape *shapes, size_t n, double bits_per_entry, bool paper,
                    struct error *err)
{
    const struct param *row = param_find(&m->params, "rank");
    const struct param *own = param_find(&m->params, "bits_per_entry");
    if (own && !row) { /* it deals out what it is given, in true bits */
        param_put(own, params, bits_per_entry);
        return param_get(own, params) <= bits_per_entry ||
               fail(err, ERROR_USAGE, "%s takes at least %g bits per entry", m->name, own->min);
    }
    if (!row)
        return fail(err, ERROR_USAGE, "%s has no rank to fit to a size; give its bits instead",
                    m->name);
    double entries = (double)budget_entries(shapes, n), allowed = bits_per_entry * entries;
    size_t low = 0, high = budget_most(m, shapes, n); /* low fits, high + 1 is not looked at */
    if ((double)high > row->max)
        high = (size_t)row->max;
    double before = param_get(row, params), least = 0;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        param_put(row, params, (double)middle);
        double bits = (double)budget_bits(m, params, dtype, shapes, n, paper);
        if (middle == 1)
            least = bits;
        if (bits <= allowed)
            low = middle;
        else
            high = middle - 1;
    }
    if (low == 0) {
        param_put(row, params, before);
        return refuse(m, shapes, n, least / entries, bits_per_entry, err);
    }
    param_put(row, params, (double)low);
    return true;
}
