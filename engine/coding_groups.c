#include "coding_groups.h"

#include "cancel.h"

#include <assert.h>
#include <float.h>

enum { GROUP_MOST = 8, GROUPS_ASK = 4096 };

/* Where a loop over groups asks whether it is to end; the caller does, too. */
static bool is_over(size_t i)
{
    return i % GROUPS_ASK == 0 && cancel_asked();
}

/* One group: where it starts, how many entries of the matrix it has, and R of its range. */
struct group {
    size_t row, col, n;
    bool down;
    double radius;
    size_t range; /* its number */
};

static struct group group_at(const struct coding *c, const struct coding_table *t,
                             struct matrix_view a, size_t i)
{
    struct coding_grid g = coding_groups(c, a.rows, a.cols);
    struct group k = { .row = i / g.cols * g.down, .col = i % g.cols * g.across };
    size_t left = c->by_column ? a.rows - k.row : a.cols - k.col, most = c->quantizer->group;
    assert(most <= GROUP_MOST);
    k.n = left < most ? left : most;
    k.down = c->by_column;
    k.range = k.row / t->grid.down * t->grid.cols + k.col / t->grid.across;
    k.radius = t->high[k.range];
    return k;
}

/* Its entries as they are, and in units of R with zeros behind. */
static void take(const struct group *k, struct matrix_view a, double *x, double *units)
{
    for (size_t i = 0; i < GROUP_MOST; i++) {
        size_t row = k->row + (k->down ? i : 0), col = k->col + (k->down ? 0 : i);
        x[i] = i < k->n ? matrix_at(a, row, col) : 0;
        units[i] = k->radius > 0 ? x[i] / k->radius : 0;
    }
}

void groups_encode(const struct coding *c, const struct coding_table *t, struct matrix_view a,
                   struct packing *to)
{
    double x[GROUP_MOST], units[GROUP_MOST];
    size_t n = coding_codes(c, a.rows, a.cols);
    for (size_t i = 0; i < n && !is_over(i); i++) {
        struct group k = group_at(c, t, a, i);
        take(&k, a, x, units);
        uint32_t code = c->quantizer->nearest(c->bits, units);
        packing_push(to, &code, 1, coding_width(c));
    }
}

void groups_decode(const struct coding *c, const struct coding_table *t, struct packing *from,
                   struct matrix_view out)
{
    const double most = out.dtype == DTYPE_F64 ? DBL_MAX : (double)FLT_MAX;
    double units[GROUP_MOST];
    size_t n = coding_codes(c, out.rows, out.cols);
    for (size_t i = 0; i < n && !is_over(i); i++) {
        struct group k = group_at(c, t, out, i);
        uint32_t code;
        packing_pull(from, &code, 1, coding_width(c));
        c->quantizer->value(c->bits, code, units);
        for (size_t j = 0; j < k.n; j++) {
            double v = units[j] * k.radius;
            v = v > most ? most : v < -most ? -most : v;
            matrix_put(out, k.row + (k.down ? j : 0), k.col + (k.down ? 0 : j), v);
        }
    }
}

void groups_error(const struct coding *c, const struct coding_table *t, struct matrix_view a,
                  const double *scale, double *error)
{
    double x[GROUP_MOST], units[GROUP_MOST];
    size_t n = coding_codes(c, a.rows, a.cols);
    for (size_t i = 0; i < n && !is_over(i); i++) {
        struct group k = group_at(c, t, a, i);
        take(&k, a, x, units);
        c->quantizer->value(c->bits, c->quantizer->nearest(c->bits, units), units);
        for (size_t j = 0; j < k.n; j++) {
            double y = scale[k.range] > 0 ? (x[j] - units[j] * k.radius) / scale[k.range] : 0;
            error[k.range] += y * y;
        }
    }
}
