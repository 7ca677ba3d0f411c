/* A row-major matrix is the transpose of a column-major one of the same leading
 * dimension, so that a view of either order goes to BLAS as it lies, with a flag. */

#include "blas.h"

#include "cancel.h"
#include "memory.h"

#include <assert.h>
#include <cblas.h>
#include <stdint.h>
#include <stdio.h>
#include <threads.h>

enum { GRAM_PANEL = 1 << 19, WIDE_INNER = 256 }; /* entries and inner length converted at a time */
/* Products of up to 2^18 = ALONE^3 multiplications stay out of OpenBLAS's pool (its interface/gemm.c:
 * SMP_THRESHOLD_MIN times GEMM_MULTITHREAD_THRESHOLD). */
enum { ALONE = 64 };

/* How BLAS is told of a view: whether its rows are the columns in memory, and the leading dimension. */
struct lying {
    enum CBLAS_TRANSPOSE flag;
    blasint leading;
};

static blasint to_blas(size_t n)
{
    assert(n <= INT32_MAX); /* limits.h keeps dimensions below 2^30 */
    return (blasint)n;
}

static struct lying lying(struct matrix_view a)
{
    assert(a.col_stride == 1 || a.row_stride == 1);
    bool rows = a.col_stride == 1;
    size_t leading = rows ? a.row_stride : a.col_stride, least = rows ? a.cols : a.rows;
    if (leading < least)
        leading = least; /* a single row or column, whose stride means nothing */
    return (struct lying){ rows ? CblasNoTrans : CblasTrans, to_blas(leading ? leading : 1) };
}

static void gemm(double alpha, struct matrix_view a, struct matrix_view b, double beta,
                 struct matrix_view out)
{
    assert(a.cols == b.rows && a.rows == out.rows && b.cols == out.cols);
    assert(a.dtype == b.dtype && a.dtype == out.dtype && out.col_stride == 1);
    struct lying la = lying(a), lb = lying(b), lo = lying(out);
    blasint m = to_blas(a.rows), n = to_blas(b.cols), k = to_blas(a.cols);
    if (out.dtype == DTYPE_F64)
        cblas_dgemm(CblasRowMajor, la.flag, lb.flag, m, n, k, alpha, a.data, la.leading, b.data,
                    lb.leading, beta, out.data, lo.leading);
    else
        cblas_sgemm(CblasRowMajor, la.flag, lb.flag, m, n, k, (float)alpha, a.data, la.leading,
                    b.data, lb.leading, (float)beta, out.data, lo.leading);
}

void blas_gemm(struct matrix_view a, struct matrix_view b, struct matrix_view out)
{
    gemm(1, a, b, 0, out);
}

static size_t piece(size_t from, size_t end)
{
    return end - from < ALONE ? end - from : ALONE;
}

/* out = a b, out of at most ALONE x ALONE. */
static void gemm_tile(struct matrix_view a, struct matrix_view b, struct matrix_view out)
{
    size_t k = 0;
    do {
        size_t n = piece(k, a.cols);
        gemm(1, matrix_block(a, 0, k, a.rows, n), matrix_block(b, k, 0, n, b.cols), k ? 1 : 0, out);
        k += ALONE;
    } while (k < a.cols);
}

void blas_gemm_alone(struct matrix_view a, struct matrix_view b, struct matrix_view out)
{
    assert(a.cols == b.rows && a.rows == out.rows && b.cols == out.cols);
    for (size_t i = 0; i < out.rows; i += ALONE)
        for (size_t j = 0; j < out.cols; j += ALONE) {
            size_t m = piece(i, out.rows), n = piece(j, out.cols);
            gemm_tile(matrix_block(a, i, 0, m, a.cols), matrix_block(b, 0, j, b.rows, n),
                      matrix_block(out, i, j, m, n));
        }
}

void blas_gemm_add(double alpha, struct matrix_view a, struct matrix_view b, struct matrix_view out)
{
    gemm(alpha, a, b, 1, out);
}

/* Columns k .. k + n of a in double precision, over `room`, which has a's orientation. */
static struct matrix_view widened(struct matrix_view a, size_t k, size_t n, struct matrix_view room)
{
    struct matrix_view part = matrix_block(a, 0, k, a.rows, n);
    struct matrix_view to = a.col_stride == 1
                                ? matrix_block(room, 0, 0, a.rows, n)
                                : matrix_transposed(matrix_block(room, 0, 0, n, a.rows));
    if (a.col_stride == 1)
        matrix_copy(part, to);
    else
        matrix_copy(matrix_transposed(part), matrix_transposed(to)); /* along memory */
    return to;
}

static bool make_room(struct matrix *m, struct matrix_view a, size_t n, struct error *err)
{
    bool rows = a.col_stride == 1;
    return matrix_init(m, DTYPE_F64, rows ? a.rows : n, rows ? n : a.rows, err);
}

bool blas_gemm_wide(struct matrix_view a, struct matrix_view b, struct matrix_view out,
                    struct error *err)
{
    struct matrix ra = { 0 }, rb = { 0 };
    struct matrix_view bt = matrix_transposed(b);
    size_t inner = a.cols < WIDE_INNER ? a.cols : WIDE_INNER;
    bool ok = make_room(&ra, a, inner, err) && make_room(&rb, bt, inner, err);
    if (ok && inner == 0)
        gemm(1, ra.view, matrix_transposed(rb.view), 0, out);
    for (size_t k = 0; ok && k < a.cols; k += inner) {
        size_t n = a.cols - k < inner ? a.cols - k : inner;
        ok = cancel_none(err);
        if (ok)
            gemm(1, widened(a, k, n, ra.view), matrix_transposed(widened(bt, k, n, rb.view)),
                 k ? 1 : 0, out);
    }
    matrix_finish(&ra);
    matrix_finish(&rb);
    return ok;
}

/* Only the upper triangle of out is computed. */
static void mirror(struct matrix_view out)
{
    double *x = out.data;
    for (size_t i = 0; i < out.rows; i++)
        for (size_t j = 0; j < i; j++)
            x[i * out.row_stride + j] = x[j * out.row_stride + i];
}

/* The upper triangle of out = a^T a + beta out, a in double precision. */
static void gram_add(struct matrix_view a, double beta, struct matrix_view out)
{
    struct lying la = lying(a), lo = lying(out);
    cblas_dsyrk(CblasRowMajor, CblasUpper, la.flag == CblasNoTrans ? CblasTrans : CblasNoTrans,
                to_blas(a.cols), to_blas(a.rows), 1, a.data, la.leading, beta, out.data,
                lo.leading);
}

bool blas_gram(struct matrix_view a, struct matrix_view out, struct error *err)
{
    assert(out.rows == a.cols && out.cols == a.cols);
    assert(out.dtype == DTYPE_F64 && out.col_stride == 1);
    if (a.dtype == DTYPE_F64 || a.rows == 0 || a.cols == 0) {
        gram_add(a, 0, out);
        mirror(out);
        return true;
    }
    size_t height = a.cols < GRAM_PANEL / 64 ? GRAM_PANEL / a.cols : 64;
    if (height > a.rows)
        height = a.rows;
    struct matrix panel = { 0 };
    bool ok = matrix_init(&panel, DTYPE_F64, height, a.cols, err);
    for (size_t i = 0; ok && i < a.rows; i += height) {
        size_t rows = a.rows - i < height ? a.rows - i : height;
        struct matrix_view part = matrix_block(panel.view, 0, 0, rows, a.cols);
        matrix_copy(matrix_block(a, i, 0, rows, a.cols), part);
        gram_add(part, i ? 1 : 0, out);
        ok = cancel_none(err);
    }
    if (ok)
        mirror(out);
    matrix_finish(&panel);
    return ok;
}

void blas_solve_upper(struct matrix_view r, struct matrix_view b)
{
    assert(r.rows == r.cols && r.rows == b.rows);
    assert(r.dtype == DTYPE_F64 && b.dtype == DTYPE_F64 && r.col_stride == 1 && b.col_stride == 1);
    struct lying lr = lying(r), lb = lying(b);
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, to_blas(b.rows),
                to_blas(b.cols), 1, r.data, lr.leading, b.data, lb.leading);
}

void blas_threads(int n)
{
    openblas_set_num_threads(n > 0 ? n : openblas_get_num_procs());
}

int blas_threads_now(void)
{
    return openblas_get_num_threads();
}

static char name[128];

static void find_name(void)
{
    char library[32] = "OpenBLAS", version[32] = "";
    sscanf(openblas_get_config(), "%31s %31s", library, version);
    snprintf(name, sizeof(name), "%s %s %s", library, version, openblas_get_corename());
}

const char *blas_name(void)
{
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, find_name);
    return name;
}
