#pragma once

#include "job.h"

#include <stdint.h>

/* Bits for the components of a matrix. Each takes one of a few options or is left out; what is left of
 * it (its distortion) and what the option costs are known. Reverse water-filling with options that are
 * discrete and distortions that are measured: the least sum of distortion + lambda * bits, component by
 * component, at the lambda whose bits just fit (Shoham, Gersho 1988). */
struct allocation {
    size_t n, options;        /* components; options of each */
    const double *distortion; /* n x options, row by row */
    const double *without;    /* n: of a component that is left out */
    const uint64_t *cost;     /* options: bits of a component */
    uint64_t allowed;         /* bits in all */
    uint64_t overhead;        /* of these for every option in use */
    size_t groups;            /* at most so many options in use, at least 1 */
};

/* choice[i]: the option of component i, -1: it is left out. Between tries it asks whether to go on, at
 * the progress `done`. */
bool allocation_deal(const struct allocation *a, struct job *job, double done, int *choice,
                     struct error *err);
/* What the choices cost, and what they leave of the matrix. */
uint64_t allocation_bits(const struct allocation *a, const int *choice);
double allocation_left(const struct allocation *a, const int *choice);
