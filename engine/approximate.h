#pragma once

#include "method.h"

/* Runs a method and measures what came back: the one road to a result, for the
 * command line, the workbench and the tests. */

struct approximation {
    struct result *results; /* owned; one per matrix, or a single one with METHOD_MANY */
    size_t n;
    double error;   /* over all matrices: sqrt(sum residual^2 / sum norm^2) */
    double optimal; /* likewise; NAN where not all are known */
    uint64_t bits_paper, bits_true;
    uint64_t entries;                    /* sum of rows * cols */
    double seconds;                      /* of the methods, without measuring */
    struct backend_counts counts, *each; /* of all, and of every result; owned */
    const char *backend;                 /* where the last of them ran: a table's name */
};

/* Clamps rank to min(rows, cols) in its own copy of params. Releases every
 * backend buffer and resets the arena before it returns. Computes the optimal
 * error from in->svds when given, and from the method's own SVD where it has one. */
bool approximate(struct job *job, const struct method *m, const void *params,
                 const struct inputs *in, struct approximation *out, struct error *err);
void approximation_finish(struct approximation *a); /* {0} and a finished one are fine */

/* A coarse measure of what `approximate` will hold at once, bytes; for --max-memory. */
uint64_t approximate_memory(const struct method *m, const void *params, enum dtype dtype,
                            size_t rows, size_t cols);
