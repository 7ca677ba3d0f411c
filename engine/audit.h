#pragma once

#include "audit_bounds.h"
#include "release_draw.h"

#include <stdatomic.h>

/* The promise of a release, attacked on this machine: a release of one of two neighbours, many times
 * over by the code that makes real ones, and whether what comes out tells which. The rows are
 * nobody's. Between them lie all events that a Gaussian mechanism could be distinguished by: the neighbours
 * are as far apart as two may be, once off the diagonal of A^T A, once on it. */

enum { AUDIT_SIDE = 8, AUDIT_RANK = 2, AUDIT_SPIKE = 30, AUDIT_ROWS = 2 * AUDIT_SPIKE + 1 };
enum audit_canary { AUDIT_OFF_DIAGONAL, AUDIT_DIAGONAL, AUDIT_CANARIES };
extern const char *const audit_canary_names[]; /* "off-diagonal", "diagonal", NULL */

/* Of a and b, rows on the grid; under add-remove b has one less. */
struct audit_case {
    enum audit_canary canary;
    struct release_terms terms;
    struct release_price price;
    double expected; /* mu between the two by the theory, not by what is drawn */
    int32_t rows[2][AUDIT_ROWS * AUDIT_SIDE];
    size_t n[2];
    double direction[AUDIT_SIDE][AUDIT_SIDE]; /* what is read: this times the matrix, summed */
};
/* ERROR_USAGE: terms that make no sense. */
bool audit_case(enum audit_canary canary, const struct release_terms *t, struct audit_case *out,
                struct error *err);

/* What was read of a and b: of the noisy matrix, and of the output of rank AUDIT_RANK alone. */
struct audit_samples {
    size_t n;
    double *noisy[2], *output[2]; /* owned, n each */
};
bool audit_samples_init(struct audit_samples *s, size_t n, struct error *err);
void audit_samples_finish(struct audit_samples *s); /* {0} is fine */
/* Draws samples first .. first + n - 1 of both, each call from a generator of its own; any thread, as
 * long as no two have the same samples. ERROR_READ, ERROR_CANCELLED, ERROR_MEMORY, ERROR_NUMERIC. */
bool audit_draw(const struct audit_case *c, struct audit_samples *s, size_t first, size_t n,
                const atomic_bool *cancel, struct error *err);

enum audit_verdict {
    AUDIT_KEPT,   /* nothing found: no proof */
    AUDIT_BROKEN, /* by more than five standard errors less noise than was promised */
    AUDIT_EXCESS, /* likewise more: safe, but not what was paid for */
};
extern const char *const audit_verdict_names[]; /* "kept", "broken", "more noise than needed" */

struct audit_finding {
    struct separation apart;     /* of the noisy matrix; to be `expected` */
    struct excess noisy, output; /* p - e^epsilon q of the best event, to be at most delta */
    double epsilon[2];           /* at least, at that delta, with confidence 0.95: noisy, output */
    double blind; /* noise that is too small by less than this share is likelier missed than not */
    enum audit_verdict verdict;
};
/* Orders the samples' first halves. */
struct audit_finding audit_judge(const struct audit_case *c, struct audit_samples *s);
