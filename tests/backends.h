#pragma once

/* What the parts of the conformance suite share. A part is a table of trials; backends.c runs
 * each on every backend and sees that the device did it. */

#include "backend.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

enum { SEED = 71 };

/* How far a backend may be from plain loops in double precision. eps is that of the
 * entries' type where nothing else is said. */
static const struct {
    double gemm;     /* times sqrt(k) eps (|a| |b|) */
    double gram;     /* the same with eps of double precision */
    double residual; /* times eps (||a|| + ||l|| ||r||) */
    double hadamard; /* times log2(2 n) eps ||row|| */
    double
        reconstruct; /* times sqrt(k + terms) eps (|l| |r| + |d|); averaged: of single precision */
    double normals;  /* of units in the last place; 0 on a device that is a program */
    double codes;    /* share of the codes that may differ on a device, */
    uint32_t step;   /* by how much; 0 on the processor */
    double decode;   /* times eps of the range */
    double eigen;    /* times eps ||x|| */
} tolerances = {
    .gemm = 4,
    .gram = 1,
    .residual = 1,
    .hadamard = 1,
    .reconstruct = 4,
    .normals = 4,
    .codes = 1e-3,
    .step = 1,
    .decode = 2,
    .eigen = 8,
};

struct trial {
    enum backend_op op; /* must have run on the device, if that offers it */
    const char *name;
    /* How far the worst entry is over its tolerance: <= 0 is right. Releases nothing. */
    double (*run)(struct backend *b, enum dtype dtype);
    bool once; /* not for each type: F64 */
};

/* Ended by a trial without a name. */
extern const struct trial trials_products[], trials_numbers[], trials_codes[], trials_batches[];

/* Columns of a matrix where a device binds only so many bytes at once; SIZE_MAX: any. */
extern size_t widest;

static inline size_t fit(size_t cols)
{
    return cols < widest ? cols : widest;
}

static inline double epsilon(enum dtype dtype)
{
    return dtype == DTYPE_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
}

static inline void exceed(double *worst, double excess)
{
    if (!(excess <= *worst))
        *worst = isnan(excess) ? (double)INFINITY : excess;
}

/* Says why a call failed, and hands on whether it did. */
static inline bool fine(bool ok, const struct error *err)
{
    if (!ok)
        printf("# %s\n", err->text);
    return ok;
}

static inline struct matrix filled(enum dtype dtype, size_t rows, size_t cols, uint32_t number)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    fine(matrix_init(&m, dtype, rows, cols, &err), &err);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, number, 1, m.view);
    return m;
}

/* A loaded buffer; a new one, full of what must be overwritten. *ok says whether all went well. */
static inline struct buffer loaded(struct backend *b, const struct matrix *m, bool *ok)
{
    struct error err = { 0 };
    struct buffer x = { 0 };
    *ok = *ok && fine(backend_load(b, m->view, &x, &err), &err);
    return x;
}

static inline struct buffer output(struct backend *b, enum dtype dtype, size_t rows, size_t cols,
                                   bool *ok)
{
    struct error err = { 0 };
    struct buffer x = { 0 };
    *ok = *ok && fine(backend_alloc(b, dtype, rows, cols, &x, &err), &err);
    return x;
}

/* The entries of x in a matrix of its own. */
static inline struct matrix fetched(const struct buffer *x, bool *ok)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    *ok = *ok && matrix_init(&m, x->dtype, x->rows, x->cols, &err) &&
          fine(backend_read(x, m.view, &err), &err);
    return m;
}

/* op(m) as plain numbers, row-major without gaps; the caller frees them. */
double *plain(struct matrix_view m, bool transposed);
