/* A matrix and its like of another model: how far they are from each other, and the singular values of
 * both and of what lies between them. */

#include "study_inside.h"

#include <math.h>

#include "blas.h"
#include "memory.h"

enum { PANEL = 512 /* rows between two steps */ };

struct pair_of {
    struct run *r;
    struct matrix a, b; /* owned; b becomes a - b */
    struct matrix gram; /* owned; F64 */
};

static bool read_one(struct run *r, const struct document *d, size_t entry, struct matrix *out,
                     struct error *err)
{
    const struct entry *e = &d->entries[entry];
    size_t row, col;
    if (!job_step(&r->job, 0.05, "reading", err) ||
        !matrix_init(out, r->request->dtype, e->rows, e->cols, err) ||
        !document_read(d, e, out->view, err))
        return false;
    if (matrix_nonfinite(out->view, &row, &col))
        return fail(err, ERROR_FORMAT, "%s: an entry is not finite, row %zu column %zu", e->name,
                    row, col);
    return true;
}

/* Of a tall matrix's columns, or a wide one's rows. */
static bool values(struct pair_of *p, struct matrix_view a, double done, double *sigma,
                   struct error *err)
{
    size_t n = p->gram.view.rows;
    if (a.rows < a.cols)
        a = matrix_transposed(a);
    if (!job_step(&p->r->job, done, "singular values", err) || !blas_gram(a, p->gram.view, err) ||
        !job_step(&p->r->job, done + 0.1, "singular values", err) ||
        !linalg_eigen(p->gram.view, sigma, err))
        return false;
    for (size_t i = 0; i < n / 2; i++) {
        double low = sigma[i];
        sigma[i] = sigma[n - 1 - i];
        sigma[n - 1 - i] = low;
    }
    for (size_t i = 0; i < n; i++)
        sigma[i] = sqrt(fmax(sigma[i], 0));
    return true;
}

/* Leaves a - b in place of b. */
static bool distance(struct pair_of *p, struct beside_found *f, struct error *err)
{
    struct matrix_view a = p->a.view, b = p->b.view;
    double square_a = 0, square_b = 0, product = 0, square = 0;
    for (size_t i = 0; i < a.rows; i++) {
        if (i % PANEL == 0 &&
            !job_step(&p->r->job, 0.3 + 0.2 * (double)i / (double)a.rows, "difference", err))
            return false;
        for (size_t j = 0; j < a.cols; j++) {
            double x = matrix_at(a, i, j), y = matrix_at(b, i, j), d = x - y;
            square_a += x * x;
            square_b += y * y;
            product += x * y;
            square += d * d;
            f->most = fmax(f->most, fabs(d));
            matrix_put(b, i, j, d);
        }
    }
    f->relative = square > 0 ? sqrt(square / square_a) : 0;
    f->cosine = product / (sqrt(square_a) * sqrt(square_b));
    return true;
}

static bool compare(struct pair_of *p, struct beside_found *f, struct error *err)
{
    size_t rows = p->a.view.rows, cols = p->a.view.cols, n = rows < cols ? rows : cols;
    if (!p->r->request->beside.spectra)
        return distance(p, f, err);
    f->sigma = memory_alloc(3 * n * sizeof(*f->sigma), err);
    f->n = n;
    return f->sigma && matrix_init(&p->gram, DTYPE_F64, n, n, err) &&
           values(p, p->a.view, 0.1, f->sigma, err) &&
           values(p, p->b.view, 0.2, f->sigma + n, err) && distance(p, f, err) &&
           values(p, p->b.view, 0.8, f->sigma + 2 * n, err);
}

bool study_beside(struct run *r, struct outcome *o, struct error *err)
{
    const struct beside_wish *w = &r->request->beside;
    struct pair_of p = { .r = r };
    o->beside = memory_alloc(sizeof(*o->beside), err);
    if (o->beside)
        o->beside->entry = w->entry;
    bool ok = o->beside && read_one(r, r->request->document, w->entry, &p.a, err) &&
              read_one(r, w->other, w->partner, &p.b, err) && compare(&p, o->beside, err);
    matrix_finish(&p.a);
    matrix_finish(&p.b);
    matrix_finish(&p.gram);
    return ok;
}
