#pragma once

#include "matrix.h"

/* The only door to OpenBLAS (cblas.h). Sizes up to 2^31-1. Any thread, but one at
 * a time: OpenBLAS has one pool of threads, and whoever finds it taken waits. */

/* out = a b. Shapes must fit, types must be equal, out must not overlap a or b,
 * each view has col_stride 1 or row_stride 1, and out has col_stride 1. */
void blas_gemm(struct matrix_view a, struct matrix_view b, struct matrix_view out);

/* As blas_gemm, by the calling thread alone: it never waits for what another one computes, and may
 * run while another one computes. */
void blas_gemm_alone(struct matrix_view a, struct matrix_view b, struct matrix_view out);

/* out += alpha a b, otherwise as blas_gemm. */
void blas_gemm_add(double alpha, struct matrix_view a, struct matrix_view b,
                   struct matrix_view out);

/* out (F64) = a b, a and b F32: every product and sum in double precision. Fails with ERROR_MEMORY
 * or ERROR_LIMIT. */
bool blas_gemm_wide(struct matrix_view a, struct matrix_view b, struct matrix_view out,
                    struct error *err);

/* out (cols x cols, F64, both triangles) = a^T a in double precision, whatever a is. */
bool blas_gram(struct matrix_view a, struct matrix_view out, struct error *err);

/* b = r^-1 b in place: r square, its upper triangle read, diagonal without zeros; F64, col_stride 1. */
void blas_solve_upper(struct matrix_view r, struct matrix_view b);

void blas_threads(int n); /* 0: one per processor */
int blas_threads_now(void);
const char *
blas_name(void); /* "OpenBLAS 0.3.21 ...": library, version and kernels picked at run time */
