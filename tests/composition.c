#include "blocks.h"
#include "check.h"
#include "joint.h"
#include "lab.h"

/* Low rank and block quantization together: what the rank leaves out and what rounding the factors adds are
 * orthogonal, near enough, so that their squares add up; and factors are more fragile than the matrix itself. */

enum { ROWS = 512, COLS = 256, RANK = 128 };

static double falling(size_t i)
{
    return pow(.982, (double)i);
}

/* Every row in blocks of that type, there and back. */
static struct matrix rounded(const char *name, struct matrix_view a)
{
    const struct block_type *type = block_named(name);
    struct matrix out = lab_matrix(DTYPE_F64, a.rows, a.cols);
    float x[BLOCK_ELEMENTS];
    uint8_t bytes[BLOCK_ELEMENTS * 4];
    if (a.cols % type->elements)
        printf("Bail out! rows of %zu\n", a.cols);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j += type->elements) {
            for (size_t e = 0; e < type->elements; e++)
                x[e] = (float)matrix_at(a, i, j + e);
            block_encode(type, x, bytes);
            block_decode(type, bytes, x);
            for (size_t e = 0; e < type->elements; e++)
                matrix_put(out.view, i, j + e, (double)x[e]);
        }
    return out;
}

/* ||a b - c|| / norm; b NULL: ||a - c||. */
static double apart(struct matrix_view a, const struct matrix_view *b, struct matrix_view c,
                    double norm)
{
    struct matrix x = lab_matrix(DTYPE_F64, c.rows, c.cols);
    if (b)
        blas_gemm(a, *b, x.view);
    else
        matrix_copy(a, x.view);
    for (size_t i = 0; i < c.rows; i++)
        for (size_t j = 0; j < c.cols; j++)
            matrix_put(x.view, i, j, matrix_at(x.view, i, j) - matrix_at(c, i, j));
    double out = matrix_norm(x.view) / norm;
    matrix_finish(&x);
    return out;
}

/* A = W V_k over `power` of sigma, B = V_k^T times it. */
static void factor(const struct joint_profile *g, struct matrix_view w, double power,
                   struct matrix *a, struct matrix *b)
{
    struct matrix_view vt = matrix_block(g->vt.view, 0, 0, RANK, COLS);
    *a = lab_matrix(DTYPE_F64, ROWS, RANK);
    *b = lab_matrix(DTYPE_F64, RANK, COLS);
    blas_gemm(w, matrix_transposed(vt), a->view);
    matrix_copy(vt, b->view);
    for (size_t k = 0; k < RANK; k++) {
        double scale = pow(g->sigma[k], power);
        for (size_t i = 0; i < ROWS; i++)
            matrix_put(a->view, i, k, matrix_at(a->view, i, k) / scale);
        for (size_t j = 0; j < COLS; j++)
            matrix_put(b->view, k, j, matrix_at(b->view, k, j) * scale);
    }
}

static double worst, fragile = HUGE_VAL;

static void compose(const struct joint_profile *g, struct matrix_view w, const char *type,
                    double power)
{
    struct matrix a, b, product = lab_matrix(DTYPE_F64, ROWS, COLS);
    factor(g, w, power, &a, &b);
    struct matrix qa = rounded(type, a.view), qb = rounded(type, b.view), qw = rounded(type, w);
    blas_gemm(a.view, b.view, product.view);
    double norm = matrix_norm(w), rank = apart(product.view, NULL, w, norm),
           coding = apart(qa.view, &qb.view, product.view, norm),
           total = apart(qa.view, &qb.view, w, norm), dense = apart(qw.view, NULL, w, norm);
    printf("# %s, sigma %s: rank %.5f, rounding %.5f, both %.5f (root of squares %.5f); the matrix "
           "itself "
           "%.5f\n",
           type, power > 0 ? "to both factors" : "to the left factor", rank, coding, total,
           hypot(rank, coding), dense);
    worst = fmax(worst, fabs(total - hypot(rank, coding)) / total);
    fragile = fmin(fragile, coding / dense);
    matrix_finish(&a);
    matrix_finish(&b);
    matrix_finish(&product);
    matrix_finish(&qa);
    matrix_finish(&qb);
    matrix_finish(&qw);
}

int main(void)
{
    struct lab l;
    struct joint_profile g;
    struct error err = { 0 };
    struct matrix w = lab_spectrum(DTYPE_F64, ROWS, COLS, 5, falling);
    lab_open(&l);
    if (!joint_profile_init(&g, &l.job, &w.view, 1, BALANCE_NONE, JOINT_VECTORS, &err)) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }
    for (int i = 0; i < 4; i++)
        compose(&g, w.view, i % 2 ? "Q4_0" : "Q8_0", i / 2 ? .5 : 0);
    CHECK(worst < .01);
    CHECK(fragile > 1);
    joint_profile_finish(&g);
    matrix_finish(&w);
    lab_close(&l);
    return check_done();
}
