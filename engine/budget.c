#include "budget.h"

bool budget_rank(const struct method *m, void *params, enum dtype dtype, size_t rows, size_t cols,
                 double bits_per_entry, bool paper, struct error *err)
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
    double allowed = bits_per_entry * (double)rows * (double)cols;
    size_t low = 0, high = rows < cols ? rows : cols; /* low fits, high + 1 is not looked at */
    if ((double)high > row->max)
        high = (size_t)row->max;
    double before = param_get(row, params), least = 0;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        param_put(row, params, (double)middle);
        double bits = (double)m->bits(params, dtype, rows, cols, paper);
        if (middle == 1)
            least = bits;
        if (bits <= allowed)
            low = middle;
        else
            high = middle - 1;
    }
    if (low == 0) {
        param_put(row, params, before);
        return fail(err, ERROR_USAGE,
                    "%s of a %zu x %zu matrix takes at least %.4g bits per entry (rank 1), more "
                    "than %.4g",
                    m->name, rows, cols, least / ((double)rows * (double)cols), bits_per_entry);
    }
    param_put(row, params, (double)low);
    return true;
}
