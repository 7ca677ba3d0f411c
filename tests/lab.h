#pragma once

/* What tests of methods share: a backend with a job around it, params from text, runs. */

#include "approximate.h"
#include "backend.h"
#include "blas.h"
#include "memory.h"
#include "registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab {
    struct backend *backend;
    struct arena scratch;
    struct job job;
};

/* Opens, and makes the backend's own book-keeping grow to what a run needs, so that
 * memory_used() before and after a run can be compared. */
static inline void lab_open(struct lab *l)
{
    struct error err = { 0 };
    struct buffer grown[64] = { 0 };
    *l = (struct lab){ 0 };
    l->backend = backend_open("cpu", NULL, &err);
    if (!l->backend) {
        printf("Bail out! no backend: %s\n", err.text);
        exit(1);
    }
    for (size_t i = 0; i < sizeof(grown) / sizeof(grown[0]); i++)
        if (!backend_alloc(l->backend, DTYPE_F32, 1, 1, &grown[i], &err))
            printf("Bail out! %s\n", err.text);
    backend_release_all(l->backend);
    l->job = (struct job){ .backend = l->backend, .scratch = &l->scratch };
}

static inline void lab_close(struct lab *l)
{
    arena_finish(&l->scratch);
    backend_close(l->backend);
}

/* "rank=83 left-bits=4": keys that the method does not have are passed over if `lax`. */
static inline void lab_set(const struct method *m, struct params_any *params, const char *text,
                           bool lax)
{
    char copy[256], *rest = copy;
    struct error err = { 0 };
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word; (word = strtok_r(rest, " ", &rest));) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        const struct param *p = param_find(&m->params, word);
        bool norm = m->flags & METHOD_SANDBOX && !strcmp(word, "clip"); /* of rows, there */
        if ((!p || norm) && lax)
            continue;
        if (!p || !param_set(p, params->bytes, value, &err)) {
            printf("Bail out! %s: %s=%s: %s\n", m->name, word, value, p ? err.text : "no such row");
            exit(1);
        }
    }
}

static inline struct params_any lab_params(const struct method *m, bool paper, const char *text)
{
    struct params_any params = { 0 };
    param_defaults(&m->params, paper, params.bytes);
    lab_set(m, &params, text, false);
    return params;
}

/* What a method takes: any matrix, and of a simulated mechanism its covariance, in its place. */
static inline void lab_suit(const struct method *m, struct matrix *a)
{
    if (!(m->flags & METHOD_SANDBOX))
        return;
    struct error err = { 0 };
    struct matrix gram = { 0 }, own = { 0 };
    size_t d = a->view.cols;
    if (!matrix_init(&gram, DTYPE_F64, d, d, &err) ||
        !matrix_init(&own, a->view.dtype, d, d, &err) || !blas_gram(a->view, gram.view, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    matrix_copy(gram.view, own.view);
    matrix_finish(&gram);
    matrix_finish(a);
    *a = own;
}

/* Runs, or ends the test program with the sentence. The caller finishes the answer. */
static inline struct approximation lab_run(struct lab *l, const struct method *m,
                                           const struct params_any *params, struct matrix_view a,
                                           const struct svd *svd)
{
    struct approximation out = { 0 };
    struct error err = { 0 };
    struct inputs in = { &a, 1, svd };
    if (!approximate(&l->job, m, params->bytes, &in, &out, &err)) {
        printf("Bail out! %s: %s\n", m->name, err.text);
        exit(1);
    }
    return out;
}

/* The relative error of method `name` at the settings in `text`. */
static inline double lab_error(struct lab *l, const char *name, bool paper, const char *text,
                               struct matrix_view a, const struct svd *svd)
{
    const struct method *m = method_find(name);
    struct params_any params = lab_params(m, paper, text);
    struct approximation out = lab_run(l, m, &params, a, svd);
    double error = out.error;
    approximation_finish(&out);
    return error;
}

/* Mean and standard deviation of the error over the seeds first .. first + n - 1. */
static inline double lab_mean(struct lab *l, const char *name, bool paper, const char *text,
                              struct matrix_view a, int first, int n, double *deviation)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        char with_seed[256];
        snprintf(with_seed, sizeof(with_seed), "%s seed=%d", text, first + i);
        double error = lab_error(l, name, paper, with_seed, a, NULL);
        sum += error;
        squares += error * error;
    }
    double mean = sum / n;
    *deviation = n > 1 ? sqrt(fmax(0, squares - sum * mean) / (n - 1)) : 0;
    return mean;
}

static inline struct matrix lab_matrix(enum dtype dtype, size_t rows, size_t cols)
{
    struct matrix m = { 0 };
    struct error err = { 0 };
    if (!matrix_init(&m, dtype, rows, cols, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return m;
}

static inline struct svd lab_svd(struct matrix_view a)
{
    struct svd s = { 0 };
    struct error err = { 0 };
    if (!linalg_svd(a, &s, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return s;
}

/* U diag(sigma) V^T with random orthonormal U, V; sigma_i = value(i), i = 1, 2, ... */
static inline struct matrix lab_spectrum(enum dtype dtype, size_t rows, size_t cols, uint64_t seed,
                                         double (*value)(size_t i))
{
    size_t n = rows < cols ? rows : cols;
    struct matrix a = lab_matrix(dtype, rows, cols);
    struct matrix u = lab_matrix(DTYPE_F64, rows, n), v = lab_matrix(DTYPE_F64, cols, n);
    struct error err = { 0 };
    random_fill(SKETCH_GAUSSIAN, seed, STREAM_TEST, 1, 1, u.view);
    random_fill(SKETCH_GAUSSIAN, seed, STREAM_TEST, 2, 1, v.view);
    if (!linalg_orthonormalize(u.view, &err) || !linalg_orthonormalize(v.view, &err))
        printf("Bail out! %s\n", err.text);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < n; k++)
            matrix_put(u.view, i, k, matrix_at(u.view, i, k) * value(k + 1));
    struct matrix product = lab_matrix(DTYPE_F64, rows, cols);
    blas_gemm(u.view, matrix_transposed(v.view), product.view);
    matrix_copy(product.view, a.view);
    matrix_finish(&product);
    matrix_finish(&u);
    matrix_finish(&v);
    return a;
}
