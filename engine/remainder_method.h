#pragma once

#include "remainder.h"

/* What the methods lqer, loftq, caldera and srr are made of beside their rows: one params struct and the
 * entries of struct method that read it. Pure functions but for the run. */

/* 0 is what a method without such a row does. */
enum remainder_order { REMAINDER_Q_FIRST, REMAINDER_LR_FIRST };

/* Fields as in struct remainder and struct pair, each where a method's table has a row for it; 0
 * elsewhere, which is one round. */
struct remainder_params {
    int rank, bits, left_bits, right_bits, rounding, scales, quantizer, clip;
    int rounds, inner_rounds, order;
    int before; /* srr's: ranks taken off before Q; -1 lets it choose */
    bool symmetric, hadamard, restart, downdate, persist;
    bool joint; /* srr's: all ranks fitted together in the end */
    uint64_t seed;
};

/* For a matrix of that shape. Q is coded like the pair; uniform levels for either beyond 8 bits, and where
 * its quantizer has none of so many or cannot dither. */
struct remainder remainder_method_of(const struct remainder_params *p, size_t rows, size_t cols);

/* method.bits, .flops, .run and .theory; params: a struct remainder_params. */
uint64_t remainder_method_bits(const void *params, enum dtype dtype, size_t rows, size_t cols,
                               bool paper);
double remainder_method_flops(const void *params, size_t rows, size_t cols);
bool remainder_method_run(struct job *job, const struct inputs *in, const void *params,
                          struct result *out, struct error *err);

/* At rank k what the quarter-circle law leaves of Q's error, which is that of this result,
 * ||A - Q||^2 = ||A - Q - L R||^2 + ||L R||^2, as it is where L R is the truncated SVD of A - Q. Never
 * proved. Not for caldera and srr, whose A - Q is more than noise: there L R came before Q, and what it
 * held of A is in A - Q again, so that the law says little, and nothing of other ranks, which would give
 * Q another remainder. */
bool remainder_method_theory(const void *params, const struct spectrum *s, const struct result *r,
                             size_t matrix, const size_t *ranks, size_t n, struct theory *out);
