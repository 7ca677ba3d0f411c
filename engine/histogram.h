#pragma once

#include "job.h"
#include "result.h"

/* How the entries of coded parts lie among the quantizer's levels. A part keeps no trace of what was
 * rounded to it, so that is found again: the least-squares fit of the part with all else as it is
 * stored, which is what another round of alternation would round. For a right factor that was fitted
 * to its left one, that is the very matrix that was rounded; for others one close to it. */

enum { HISTOGRAM_BINS = 64, HISTOGRAM_LEVELS = 64, HISTOGRAM_PARTS = 32 };

struct histogram {
    char name[16];                  /* the part's */
    uint64_t count[HISTOGRAM_BINS]; /* of entries over [-1, 1], the range that each has */
    uint64_t outside, total;        /* beyond their range; all but those of ranges without width */
    size_t levels;                  /* in [-1, 1], ascending; 0: too many, or `lattice` */
    double at[HISTOGRAM_LEVELS];
    int bits;
    bool lattice; /* codes stand for several entries, which have no levels of their own */
};

/* The coded parts of input `matrix`, a, in the order of its terms; *n of them, 0 where the result is
 * rotated. Scratch comes from the job's and goes again. */
bool histogram_of(struct job *job, struct matrix_view a, const struct result *r, size_t matrix,
                  struct histogram out[HISTOGRAM_PARTS], size_t *n, struct error *err);
