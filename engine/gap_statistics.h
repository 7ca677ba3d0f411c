#pragma once

#include "ensemble.h"

/* What many spectra of noise alone (ensemble.h; T = s^2 / 2 is the paper's scale) say about eigenvalue gaps, held against what random
 * matrix theory says (spacing.h, perturbation.h): fed one spectrum at a time, read off at any time. Pure; any thread. */

enum { GAP_BINS = 8192, GAP_BINS_PER_SPACING = 2048, GAP_STEPS = 8 };

/* What can be read off: a line of the table each. */

enum gap_reading_kind {
    GAP_RATIO,      /* <r>, mean of min / max of neighbouring gaps (Atas et al. 2013) */
    GAP_VARIANCE,   /* of the unfolded spacing */
    GAP_OWN,        /* Kolmogorov distance of spacings to the field's own surmise */
    GAP_OTHER,      /* to the other field's */
    GAP_SMALL,      /* P(gap <= sqrt(T / d)) in the centre */
    GAP_SLOPE,      /* of log P over log s, s from 0.4 to 2 */
    GAP_INVERSE,    /* E (mean gap / gap)^2, see gap_nearest; diverges for the real field */
    GAP_TOP,        /* largest eigenvalue over the edge 2 sqrt(2 beta T d) */
    GAP_NORM,       /* mean squared Frobenius norm over its expectation */
    GAP_SEMICIRCLE, /* sup distance of a spectrum to the semicircle, its mean */
    GAP_READINGS
};

struct gap_sum {
    double n, sum, squares;
};

struct gap_statistics {
    enum field field;
    size_t d;
    double deviation; /* s of ensemble.h: sqrt(2 T) for the paper's noise scale T */
    uint64_t spectra, spacings;
    struct gap_sum sums[GAP_READINGS]; /* of readings that are means: one number a spectrum */
    uint64_t centre, near; /* gaps in the middle tenth; of them, not wider than sqrt(T / d) */
    uint64_t small
        [GAP_STEPS]; /* spacings that in the centre are not wider than gap_steps[] sqrt(T / d) */
    uint32_t bins[GAP_BINS + 1]; /* unfolded spacings; the last: wider ones */
};
extern const double gap_steps[GAP_STEPS]; /* 0.4 .. 2, ascending */
/* GAP_INVERSE counts spacings above this one; what those below come to is known (sine process), and
 * counted they alone would make its variance infinite. */
extern const double gap_nearest;

/* d >= 3. */
void gap_statistics_init(struct gap_statistics *g, enum field field, size_t d, double deviation);
/* values: d of one draw, descending. The middle half is unfolded by the semicircle's own distribution
 * function; nothing is ever fitted to the data, which would fake rigidity. */
void gap_statistics_add(struct gap_statistics *g, const double *values);
/* *g += more, of the same field, d and deviation. */
void gap_statistics_merge(struct gap_statistics *g, const struct gap_statistics *more);

enum gap_mark {
    GAP_OPEN, /* too few draws: five standard errors are more than the tolerance */
    GAP_PASS, /* within the tolerance of the target */
    GAP_FAIL,
    GAP_UNTOLD, /* nothing to hold it to: its mean does not exist */
};
extern const char *const gap_mark_names[]; /* "open", "pass", "fail", "-" */

/* One line of the table: a measured number, what it should be, and whether it is. */
struct gap_reading {
    const char *name;    /* "mean spacing ratio"; lives for ever */
    const char *source;  /* where the target is from */
    double value, error; /* error: its standard error; NAN where there is none to tell */
    double target;       /* NAN: none */
    double low, high;    /* what passes; NAN: no such side */
    enum gap_mark mark;
};

struct gap_reading gap_statistics_read(const struct gap_statistics *g, enum gap_reading_kind kind);

/* Share of the spacings per unit of spacing, in `n` bins of that width from 0: what a histogram
 * draws beside spacing_surmise_density. width: at least 1 / GAP_BINS_PER_SPACING. */
void gap_statistics_density(const struct gap_statistics *g, double width, double *out, size_t n);

/* The share of the spacings that are below x, a multiple of 1 / GAP_BINS_PER_SPACING up to 4; NAN
 * before the first. */
double gap_statistics_share(const struct gap_statistics *g, double x);
