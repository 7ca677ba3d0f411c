/* H = a I - V V^T = L D L^T, L unit lower triangular, is eliminated column by column: with S = I first,
 * D_j = a - v_j^T S v_j, L_ij = -v_i^T S v_j / D_j, and S + S v_j v_j^T S / D_j next, v_j row j of V. What
 * column j is to be rounded with, sum over i > j of e_i L_ij, is then -(sum of e_i v_i) . (S v_j / D_j):
 * neither H nor L is ever there. */

#include "downdate.h"

#include "coding_chunk.h"
#include "linalg.h"
#include "packing.h"

/* Measured on 256 x 256 matrices of five spectra at .02 (the released code's), .1, .3 and 1. */
static const double regular = 0.1;

enum { ROWS_A_STEP = 64 };

/* V, and w_j = S v_j / D_j in row j of w. */
struct shape {
    struct matrix_view v, w; /* cols x rank, F64 */
};

static double *row_of(struct matrix_view a, size_t i)
{
    return (double *)a.data + i * a.row_stride;
}

static double dot(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static bool eliminate(struct arena *scratch, struct matrix_view right, struct shape *h,
                      struct error *err)
{
    size_t d = right.cols, k = right.rows;
    struct matrix_view s;
    if (!arena_matrix(scratch, DTYPE_F64, d, k, &h->v, err) ||
        !arena_matrix(scratch, DTYPE_F64, d, k, &h->w, err) ||
        !arena_matrix(scratch, DTYPE_F64, k, k, &s, err))
        return false;
    matrix_copy(matrix_transposed(right), h->v);
    if (!linalg_orthonormalize(h->v, err))
        return false;
    for (size_t i = 0; i < k; i++)
        row_of(s, i)[i] = 1;
    for (size_t j = 0; j < d; j++) {
        double *w = row_of(h->w, j);
        const double *v = row_of(h->v, j);
        for (size_t i = 0; i < k; i++)
            w[i] = dot(row_of(s, i), v, k);
        double pivot = 1 + regular - dot(w, v, k);
        for (size_t i = 0; i < k; i++)
            for (size_t l = 0; l < k; l++)
                row_of(s, i)[l] += w[i] * w[l] / pivot;
        for (size_t i = 0; i < k; i++)
            w[i] /= pivot;
    }
    return true;
}

/* One row, from its last entry to its first. passed: rank numbers, the sum of e_i v_i. */
static void round_row(const struct coding *c, const struct coding_table *t,
                      const struct coding_levels *l, const struct shape *h, struct matrix_view m,
                      size_t row, double *passed, uint32_t *codes)
{
    size_t k = h->v.cols;
    for (size_t i = 0; i < k; i++)
        passed[i] = 0;
    for (size_t j = m.cols; j-- > 0;) {
        struct chunk x = { .row = row, .col = j, .n = 1 };
        const double *v = row_of(h->v, j);
        chunk_load(&x, m);
        double entry = x.value[0];
        x.value[0] -= dot(passed, row_of(h->w, j), k);
        chunk_ranges(t, &x);
        chunk_draw(c, &x, m.cols);
        chunk_round(l, &x);
        chunk_values(l, &x);
        codes[j] = x.code[0];
        for (size_t i = 0; i < k; i++)
            passed[i] += (entry - x.value[0]) * v[i];
    }
}

/* The codes of x, whose ranges stand, anew. */
static bool write_codes(struct job *job, const struct shape *h, struct matrix_view m,
                        struct arena *scratch, struct coded *x, struct error *err)
{
    struct coding_table t = { 0 };
    struct coding_levels l = { 0 };
    struct packing p = { .at = x->codes };
    double *passed = arena_alloc(scratch, h->v.cols * sizeof(*passed), err);
    uint32_t *codes = passed ? arena_alloc(scratch, m.cols * sizeof(*codes), err) : NULL;
    bool ok = codes && coding_levels_init(&l, &x->coding, err) &&
              coding_table_init(&t, &x->coding, m.rows, m.cols, err);
    if (ok)
        coding_table_read(x, &t);
    for (size_t i = 0; ok && i < m.rows; i++) {
        ok = i % ROWS_A_STEP ||
             job_step(job, 0.5 + 0.5 * (double)i / (double)m.rows, "rounding with feedback", err);
        if (!ok)
            break;
        round_row(&x->coding, &t, &l, h, m, i, passed, codes);
        packing_push(&p, codes, m.cols, x->coding.bits);
    }
    if (ok)
        packing_flush(&p);
    coding_table_finish(&t);
    coding_levels_finish(&l);
    return ok;
}

bool downdate_encode(struct job *job, const struct coding *c, struct matrix_view m,
                     struct matrix_view right, struct coded *out, struct error *err)
{
    struct arena scratch = { 0 };
    struct coded x = { 0 };
    struct shape h;
    bool ok = coding_encode(c, m, &x, err) && eliminate(&scratch, right, &h, err) &&
              write_codes(job, &h, m, &scratch, &x, err);
    arena_finish(&scratch);
    if (ok)
        *out = x;
    else
        coded_finish(&x);
    return ok;
}
