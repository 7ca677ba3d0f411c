#pragma once

#include "backend.h"
#include "job.h"
#include "linalg.h"
#include "param.h"
#include "result.h"
#include "spectrum.h"

enum {
    /* takes several matrices of equal width at once; `rank` is at most the width and the sum of their
     * heights */
    METHOD_MANY = 1 << 0,
    /* rank k is the leading part of any larger rank: a slider truncates a cached one */
    METHOD_NESTED = 1 << 1,
    /* simulates a private mechanism; marked "simulated, not private" everywhere */
    METHOD_SANDBOX = 1 << 2,
    /* adds a dense part to its factors: the best error of the rank is no bound on its own */
    METHOD_DENSE = 1 << 5,
    /* what is in the matrix decides the size of a result; bits() is the most it takes */
    METHOD_SIZED = 1 << 4,
    /* ours: no source describes it as a whole, so that each row's `paper` is its default */
    METHOD_OURS = 1 << 6,
};

struct simulation;

struct inputs {
    /* F32 or F64, all alike: the precision of the computation */
    const struct matrix_view *matrices;
    /* 1, unless METHOD_MANY */
    size_t n;
    /* NULL, or one per matrix, complete and exact: what a caller computed before */
    const struct svd *svds;
};

/* One way to approximate a matrix. To add one: write engine/methods/NAME.c,
 * which defines `const struct method method_NAME`, and put NAME in the list
 * in engine/meson.build; start from truncated_svd.c, the smallest.
 *
 * run() gets *out from result_init. It fills parts, terms, rank, dead, rounds,
 * measures[].bound where the source proves one (NAN otherwise) and .optimal where
 * it has the exact SVD; approximate() measures the rest. Scratch comes from
 * job->scratch and backend buffers, so that a failed or cancelled run has nothing
 * to unwind but *out, which the caller finishes. */
struct method {
    const char *name;    /* "lplr": the word on the command line */
    const char *title;   /* "LPLR" */
    const char *summary; /* one sentence */
    const char *source;  /* the paper, with the algorithm's number */
    unsigned flags;
    struct param_table params; /* a row `rank`, where the method has one, is the stored rank */
    /* The size of a result at these params, in bits; exactly what result_bits_paper (or _true)
     * says of what run() returns on F32 or F64 input. With METHOD_SIZED the most it may be; exact
     * at the rank of the result where there is a row `rank`. */
    uint64_t (*bits)(const void *params, enum dtype dtype, size_t rows, size_t cols, bool paper);
    /* Likewise of n matrices of equal width that are taken at once; METHOD_MANY alone. */
    uint64_t (*bits_many)(const void *params, enum dtype dtype, const size_t *rows, size_t n,
                          size_t cols, bool paper);
    /* Floating-point operations of the products with the whole matrix, what a device would take
     * over; NULL: not worth a device. */
    double (*flops)(const void *params, size_t rows, size_t cols);
    bool (*run)(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err);
    /* The theory of one result of this method at n ranks that do not fall, from the spectrum of
     * input `matrix` and the result: at its own rank with its ranges and factors, at others with
     * what theory.h carries over from them. out[i].error is NAN where there is none at a rank.
     * False: none at all (the spectrum is not complete; no memory). NULL: the method has none. */
    bool (*theory)(const void *params, const struct spectrum *s, const struct result *r,
                   size_t matrix, const size_t *ranks, size_t n, struct theory *out);
    /* METHOD_SANDBOX alone: what is simulated, in public numbers (simulation.h). Such a method takes a
     * covariance, symmetric, and nothing else. */
    void (*simulated)(const void *params, struct simulation *out);
};
