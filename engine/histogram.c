#include "histogram.h"

#include "coding_table.h"
#include "fit.h"

#include <math.h>
#include <stdio.h>

/* Beyond a range, and not by the rounding of a sum. */
static const double slack = 1e-5;

static void count(const struct coding_table *t, struct matrix_view x, struct histogram *h)
{
    const struct coding_grid *g = &t->grid;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++) {
            size_t at = i / g->down * g->cols + j / g->across;
            double width = t->high[at] - t->low[at];
            if (!(width > 0))
                continue;
            double y = (matrix_at(x, i, j) - t->low[at]) / width;
            int bin = (int)floor(fmin(fmax(y, 0), 1) * HISTOGRAM_BINS);
            h->count[bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1]++;
            h->outside += y < -slack || y > 1 + slack ? 1 : 0;
            h->total++;
        }
}

static bool put_levels(const struct coding *c, struct histogram *h, struct error *err)
{
    struct coding_levels l = { 0 };
    h->bits = c->bits;
    h->lattice = c->quantizer->group > 0;
    if (h->lattice || (1u << c->bits) > HISTOGRAM_LEVELS)
        return true;
    if (!coding_levels_init(&l, c, err))
        return false;
    h->levels = (size_t)l.last + 1;
    for (size_t i = 0; i < h->levels; i++)
        h->at[i] = l.at ? l.at[i] : 2.0 * (double)i / l.last - 1;
    coding_levels_finish(&l);
    return true;
}

static bool note(const struct part *p, struct matrix_view x, struct histogram *h, struct error *err)
{
    struct coding_table t = { 0 };
    *h = (struct histogram){ 0 };
    snprintf(h->name, sizeof(h->name), "%s", p->name);
    bool ok = put_levels(&p->codes.coding, h, err) &&
              coding_table_init(&t, &p->codes.coding, x.rows, x.cols, err);
    if (ok) {
        coding_table_read(&p->codes, &t);
        count(&t, x, h);
    }
    coding_table_finish(&t);
    return ok;
}

/* x += y */
static void add(struct matrix_view x, struct matrix_view y)
{
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++)
            matrix_put(x, i, j, matrix_at(x, i, j) + matrix_at(y, i, j));
}

/* What is coded as this part of a product: the part, and the fit of what is left over, `rest`. */
static bool refit(struct job *job, const struct part *part, const struct part *other, bool left,
                  const struct buffer *rest, struct matrix_view *x, struct error *err)
{
    struct matrix_view whole, f, w;
    struct buffer fb = { 0 };
    size_t dead;
    if (!arena_matrix(job->scratch, rest->dtype, part_rows(part), part_cols(part), x, err) ||
        !arena_matrix(job->scratch, rest->dtype, part_rows(other), part_cols(other), &whole, err) ||
        !arena_matrix(job->scratch, rest->dtype, left ? whole.cols : whole.rows,
                      left ? whole.rows : whole.cols, &f, err) ||
        !part_decode(part, *x, err) || !part_decode(other, whole, err))
        return false;
    matrix_copy(left ? matrix_transposed(whole) : whole, f);
    bool ok = job_step(job, 0.95, "levels", err) && backend_load(job->backend, f, &fb, err) &&
              fit(job, &fb, rest, left, job->scratch, &w, &dead, err);
    backend_release(&fb);
    if (ok)
        add(*x, left ? matrix_transposed(w) : w);
    return ok;
}

static bool of_term(struct job *job, const struct result *r, const struct term *t,
                    struct matrix_view rest, const struct buffer *on, struct histogram *out,
                    size_t *n, struct error *err)
{
    const struct part *l = &r->parts[t->left];
    const struct part *w = t->right == TERM_DENSE ? NULL : &r->parts[t->right];
    struct matrix_view x;
    if (!w && l->coded && *n < HISTOGRAM_PARTS) {
        if (!arena_matrix(job->scratch, rest.dtype, rest.rows, rest.cols, &x, err) ||
            !part_decode(l, x, err))
            return false;
        add(x, rest);
        return note(l, x, &out[(*n)++], err);
    }
    if (w && l->coded && *n < HISTOGRAM_PARTS &&
        (!refit(job, l, w, true, on, &x, err) || !note(l, x, &out[(*n)++], err)))
        return false;
    return !w || !w->coded || *n == HISTOGRAM_PARTS ||
           (refit(job, w, l, false, on, &x, err) && note(w, x, &out[(*n)++], err));
}

bool histogram_of(struct job *job, struct matrix_view a, const struct result *r, size_t matrix,
                  struct histogram out[HISTOGRAM_PARTS], size_t *n, struct error *err)
{
    const struct frame *f = &r->frames[matrix];
    struct matrix_view rest;
    struct buffer on = { 0 };
    *n = 0;
    if (f->row_signs || f->col_signs || f->scale == 0)
        return true;
    bool ok = arena_matrix(job->scratch, a.dtype, a.rows, a.cols, &rest, err) &&
              result_expand(r, matrix, rest, err);
    for (size_t i = 0; ok && i < a.rows; i++) /* the terms came first, scale and shift after them */
        for (size_t j = 0; j < a.cols; j++) {
            double terms = (matrix_at(rest, i, j) - f->shift) / f->scale;
            matrix_put(rest, i, j, matrix_at(a, i, j) - terms);
        }
    ok = ok && backend_load(job->backend, rest, &on, err);
    for (size_t i = 0; ok && i < r->n_terms; i++)
        if (r->terms[i].matrix == matrix)
            ok = of_term(job, r, &r->terms[i], rest, &on, out, n, err);
    backend_release(&on);
    arena_finish(job->scratch);
    return ok;
}
