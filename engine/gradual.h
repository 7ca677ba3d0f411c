#pragma once

#include "release.h"

/* A gradual release: one paid path, seen coarsely first. The finest view is drawn once, as
 * release_make draws, and each coarser one is the one before it plus independent noise drawn at the
 * same time, so that all of them together are post-processing of the finest: the whole costs its mu,
 * charged before the first is drawn, however many are looked at and whichever is the last.
 * Koufogiannis, Han, Pappas 2016, "Gradual release of sensitive data under differential privacy";
 * Mangoubi, Vishnoi 2023: it is the path M + B(t), backwards. */

enum { GRADUAL_VIEWS = 32 };

struct gradual {
    struct release facts;            /* of the whole; its draw is empty */
    size_t n;                        /* views; 0 the coarsest, n - 1 the finest */
    double mu[GRADUAL_VIEWS];        /* of view i on its own: rises to facts.mu */
    double deviation[GRADUAL_VIEWS]; /* s of view i: falls to facts.deviation */
    double epsilon[GRADUAL_VIEWS];   /* what mu[i] is at facts.delta */
    size_t seen;                     /* how many have been revealed: 0 .. seen - 1 */
    struct matrix noisy[GRADUAL_VIEWS], imaginary[GRADUAL_VIEWS]; /* owned */
};

/* The terms are of the finest view; the coarsest has coarsest epsilon, less than theirs, those
 * between are evenly spread in log s. 2 <= n <= GRADUAL_VIEWS. Otherwise as release_make. */
bool gradual_make(struct job *job, struct matrix_view rows, const struct release_terms *t,
                  double coarsest, size_t n, const char *ledger, struct gradual *out,
                  struct error *err);
/* View i as a release of its own: what was paid is in mu, what this view shows in view. Counts as seen,
 * with all coarser ones. */
bool gradual_reveal(struct gradual *g, size_t i, struct release *out, struct error *err);
void gradual_finish(struct gradual *g); /* {0} is fine */
