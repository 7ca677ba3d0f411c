#include "demo_rows.h"

#include "blas.h"
#include "memory.h"
#include "random.h"

#include <math.h>
#include <stdio.h>

enum { GAPS = 12, SEED = 2306 };

/* Clusters of two and three, one gap that is large, and a tail. */
const double rows_demo_gaps[GAPS] = { 600, 590, 300, 290, 280, 120, 60, 58, 20, 10, 4, 1 };

/* Column j of the discrete cosine transform of n points (DCT-II), orthonormal over j = 0 .. n - 1. */
static double cosine(size_t i, size_t j, size_t n)
{
    double scale = sqrt((j ? 2 : 1) / (double)n);
    return scale * cos(M_PI * ((double)i + 0.5) * (double)j / (double)n);
}

/* out = rows V^T with V those of d points, so that eigenvectors mix all columns. */
static bool turn(struct matrix_view rows, struct matrix_view out, struct error *err)
{
    struct matrix v = { 0 };
    size_t d = rows.cols;
    if (!matrix_init(&v, DTYPE_F64, d, d, err))
        return false;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            matrix_put(v.view, i, j, cosine(i, j, d));
    blas_gemm(rows, matrix_transposed(v.view), out);
    matrix_finish(&v);
    return true;
}

/* Row i is sum_j sqrt(sigma_j) q_ij v_j: q and v are orthonormal, so that A^T A has these eigenvalues, and
 * no row is longer than sqrt(2 sum sigma / n), which is below 1. */
static bool fill_gaps(struct matrix_view out, struct error *err)
{
    struct matrix rows = { 0 };
    bool ok = matrix_init(&rows, DTYPE_F64, out.rows, GAPS, err);
    for (size_t i = 0; ok && i < out.rows; i++)
        for (size_t j = 0; j < GAPS; j++)
            matrix_put(rows.view, i, j, sqrt(rows_demo_gaps[j]) * cosine(i, j + 1, out.rows));
    ok = ok && turn(rows.view, out, err);
    matrix_finish(&rows);
    return ok;
}

/* Normal numbers whose variances fall as 1 / j and add up to a half: some rows are longer than 1. */
static bool fill_power_law(struct matrix_view out, struct error *err)
{
    struct matrix rows = { 0 };
    size_t d = out.cols;
    double sum = 0;
    for (size_t j = 0; j < d; j++)
        sum += 1 / (double)(j + 1);
    bool ok = matrix_init(&rows, DTYPE_F64, out.rows, d, err);
    if (ok)
        random_fill(SKETCH_GAUSSIAN, SEED, STREAM_DEMO, 0, sqrt(0.5 / sum), rows.view);
    for (size_t i = 0; ok && i < out.rows; i++)
        for (size_t j = 0; j < d; j++)
            matrix_put(rows.view, i, j, matrix_at(rows.view, i, j) / sqrt((double)(j + 1)));
    ok = ok && turn(rows.view, out, err);
    matrix_finish(&rows);
    return ok;
}

const struct rows_demo rows_demos[] = {
    { "covariance", 20000, 128, fill_power_law },
    { "gaps", 5000, GAPS, fill_gaps },
    { 0 },
};

static bool read_rows(const struct document *d, const struct entry *e, struct matrix_view to,
                      struct error *err)
{
    struct matrix rows = { 0 };
    bool ok = matrix_init(&rows, DTYPE_F64, e->rows, e->cols, err) &&
              rows_demos[e->encoding].fill(rows.view, err);
    (void)d;
    if (ok)
        matrix_copy(rows.view, to);
    matrix_finish(&rows);
    return ok;
}

static const struct format made = {
    .name = "demo",
    .title = "Built-in",
    .summary = "Rows that the program makes itself.",
    .specification = "",
    .read = read_rows,
};

struct document *rows_demo_open(const struct rows_demo *demo, struct error *err)
{
    char name[64];
    snprintf(name, sizeof(name), "demo:%s", demo->name);
    struct document *d = document_new(name, err);
    if (!d)
        return NULL;
    d->format = &made;
    if (!document_add(d, "rows", demo->n, demo->d, "f8", 0, 0, (int)(demo - rows_demos), err)) {
        document_unref(d);
        return NULL;
    }
    document_set_raw(d, RAW_F64);
    return d;
}
