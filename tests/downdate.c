#include "downdate.h"

#include "check.h"
#include "lab.h"

/* Rounding with feedback against LDLQ on a dense H = 1.1 I - V V^T = L D L^T, as downdate.h states it. */

enum { ROWS = 12, COLS = 20, RANK = 4, BITS = 3 };

/* L and D in place: the lower triangle of h, D on its diagonal. */
static void factorize(double h[COLS][COLS])
{
    for (size_t j = 0; j < COLS; j++)
        for (size_t i = j + 1; i < COLS; i++) {
            double l = h[i][j] / h[j][j];
            for (size_t k = j + 1; k <= i; k++)
                h[i][k] -= l * h[k][j];
        }
    for (size_t j = 0; j < COLS; j++)
        for (size_t i = j + 1; i < COLS; i++)
            h[i][j] /= h[j][j];
}

static void dense_h(struct matrix_view right, double h[COLS][COLS])
{
    struct svd s = lab_svd(right);
    for (size_t i = 0; i < COLS; i++)
        for (size_t j = 0; j < COLS; j++) {
            h[i][j] = i == j ? 1.1 : 0;
            for (size_t k = 0; k < RANK; k++)
                h[i][j] -= matrix_at(s.vt.view, k, i) * matrix_at(s.vt.view, k, j);
        }
    svd_finish(&s);
}

/* Entries that differ from LDLQ's, of uniform levels over one range. */
static size_t off(struct matrix_view m, struct matrix_view is, const double *range,
                  double h[COLS][COLS], size_t *moved)
{
    double step = (range[1] - range[0]) / ((1 << BITS) - 1);
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double e[COLS] = { 0 };
        for (size_t j = COLS; j-- > 0;) {
            double x = matrix_at(m, i, j), y = x;
            for (size_t k = j + 1; k < COLS; k++)
                y += e[k] * h[k][j];
            double at = fmin(fmax(round((y - range[0]) / step), 0), (1 << BITS) - 1);
            double q = range[0] + at * step;
            e[j] = x - q;
            count += fabs(q - matrix_at(is, i, j)) > 1e-9 * step;
            *moved += fabs(q - x) > 0.5 * step * (1 + 1e-9);
        }
    }
    return count;
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    struct error err;
    struct coded codes = { 0 };
    double h[COLS][COLS];
    size_t moved = 0;
    struct matrix m = lab_matrix(DTYPE_F64, ROWS, COLS), is = lab_matrix(DTYPE_F64, ROWS, COLS);
    struct matrix right = lab_matrix(DTYPE_F64, RANK, COLS);
    random_fill(SKETCH_GAUSSIAN, 1, STREAM_TEST, 0, 1, m.view);
    random_fill(SKETCH_GAUSSIAN, 2, STREAM_TEST, 0, 1, right.view);
    dense_h(right.view, h);
    factorize(h);
    struct coding c = { .quantizer = quantizer_find("uniform"),
                        .bits = BITS,
                        .rounding = ROUNDING_NEAREST,
                        .clip = CLIP_NONE,
                        .scales = SCALES_TENSOR };
    CHECK(downdate_encode(&l.job, &c, m.view, right.view, &codes, &err) &&
          coding_decode(&codes, is.view, &err));
    CHECK(off(m.view, is.view, codes.range, h, &moved) == 0);
    CHECK(moved > ROWS); /* by more than half a step: feedback did something */
    coded_finish(&codes);
    matrix_finish(&right);
    matrix_finish(&is);
    matrix_finish(&m);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
