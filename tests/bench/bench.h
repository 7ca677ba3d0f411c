#pragma once

#include "../lab.h"

/* Timings of the engine's operations and methods, in one process with the limits they are
 * held against. docs/performance.md says how to read them. */

struct bench_case;

/* One case on one backend. Matrices lie in the arena, buffers on the backend. */
struct bench {
    struct lab lab;
    bool software; /* the device is a program */
    const struct bench_case *c;
    struct arena arena;
    struct matrix_view a, x, y; /* operands; y the answer, read back after the last run */
    struct buffer ba, bx, by, bv, bw;
    struct coding coding;
    struct coded codes;
    double norm;         /* the answer of a residual */
    double flops, bytes; /* of one run; 0: does not count in these */
    double seconds;      /* where a run times itself; otherwise below 0 */
    double error;        /* likewise of its answer */
};

/* What a case does. All fail as the engine does. */
struct bench_kind {
    bool (*prepare)(struct bench *b, struct error *err); /* once; not timed */
    bool (*begin)(struct bench *b, struct error *err);   /* before every run, not timed; or NULL */
    bool (*run)(struct bench *b, struct error *err);
    /* The relative error of what the last run left; NULL: b->error. */
    bool (*check)(struct bench *b, double *error, struct error *err);
    bool device_only; /* nothing happens on the processor */
};

/* rows x cols, with inner (or rank) in between. */
struct bench_case {
    const char *name;
    const struct bench_kind *kind;
    size_t rows, cols, inner;
    const char *more; /* a word for the kind; NULL */
    bool large;       /* only when asked for, and never on a software device */
};
extern const struct bench_case bench_cases[]; /* ends with a NULL name */

/* What this machine can do, measured first. */
struct bench_limits {
    double gemm, copy,
        submit; /* GFLOP/s of the largest square product, GB/s of memcpy, microseconds */
};

struct bench_times {
    int n;
    double least, median, p95; /* milliseconds */
    double foreign;            /* share of the processors that others used meanwhile */
};

double bench_now(void);
/* Waits for everything asked of the backend so far. */
bool bench_wait(struct backend *b, struct error *err);
