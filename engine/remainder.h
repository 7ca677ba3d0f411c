#pragma once

#include "pair.h"

/* A ~ Q + L R: a rounded matrix and a pair of rounded factors, each made for what the other leaves
 * of A. What lqer, loftq, caldera and srr share. */

/* How Q and the pair are coded, and how they are found. Q takes its ranges by row. */
struct remainder {
    struct coding dense;
    struct pair pair;
    size_t rank;
    int rounds;   /* of both steps; Q + L R with the least error is kept */
    bool persist; /* takes all rounds; else it stops when a few bring nothing */
    int inner_rounds; /* 0: the truncated SVD of A - Q, rounded; else so many rounds of pair_fit on it */
    bool lr_first; /* L R of A before the first Q; else Q of A */
    bool restart;  /* each round's factors from singular vectors; else from those before */
    bool downdate; /* Q by downdate.h where there is a pair before it (scalar levels) */
    bool rotate;   /* all of it within randomised Hadamard transforms, from the pair's seed */
};

uint64_t remainder_bits(const struct remainder *r, size_t rows, size_t cols, bool paper);

/* Floating-point operations of the products with the whole matrix, if it takes all rounds. */
double remainder_flops(const struct remainder *r, size_t rows, size_t cols);

/* Rounds of Q = round(A - L R) and L R = fit(A - Q) on in->matrices[0]. The best Q and L R that
 * stood side by side become the parts "dense", "left", "right" of *out: a term each. Unless it
 * is to persist, it stops when a few rounds bring nothing. (Saha et al. 2024, CALDERA, Algorithm 1 with H = I; with
 * inner_rounds 0 and Q first: Li et al. 2024, LoftQ, Algorithm 1.) */
bool remainder_fit(struct job *job, const struct remainder *r, const struct inputs *in,
                   struct result *out, struct error *err);
