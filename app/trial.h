#pragma once

#include "account.h"
#include "budget.h"
#include "cli.h"
#include "provenance.h"
#include "simulation.h"

/* Runs of methods on one selection, measured and accounted: what stands behind `run` and `solve`.
 * Main thread. */
struct trial {
    const struct options *o;
    struct account a; /* method and params: the caller's; the rest as the last run left it */
    size_t files;     /* arguments that name what to read; 0: the first alone */
    bool turned;      /* a matrix of a group is stored the other way */
    struct selection s;
    struct selection rows; /* of a simulated mechanism: what s is the covariance of, as terms say */
    struct covariance_terms terms;
    struct matrix input[SELECTION_MAX];
    struct engine engine;
    struct approximation x; /* of the last run */
    struct provenance provenance;
    struct svd svds[SELECTION_MAX]; /* trial_decompose's; n = 0: none */
    double *sigma[SELECTION_MAX];   /* singular values in double precision, once asked for */
};

/* The files, or a group of the one, looked at; then the matrices and the backend. t is {0}, and finished also on failure. */
bool trial_open(struct trial *t, const struct options *o, struct error *err);
bool trial_read(struct trial *t, struct error *err);
void trial_close(struct trial *t);

/* The shapes of what is approximated; how many. */
size_t trial_shapes(const struct trial *t, struct budget_shape out[SELECTION_MAX]);
/* a->notice as it is before a run. */
void trial_note(struct trial *t);

/* Whether a->method at a->params fits --max-memory, before anything large is allocated. */
bool trial_fits(const struct trial *t, struct error *err);

/* The rank of a->params as --bits-per-entry says, and none beyond the matrix's, which a->notice then
 * tells of if it was set on purpose. Fails with ERROR_USAGE. */
bool trial_settle(struct trial *t, bool rank_is_set, struct error *err);

/* An SVD of each matrix, for all runs from now on, whose seconds then leave it out; none where it would
 * take minutes. */
bool trial_decompose(struct trial *t, struct error *err);

/* Runs a->method at a->params; nothing else of the account is written. */
bool trial_run(struct trial *t, struct error *err);
/* The exact size of the factors file of that run. */
bool trial_size(struct trial *t, uint64_t *bytes, struct error *err);
/* All numbers of that run. */
bool trial_account(struct trial *t, struct error *err);
/* Writes it to --output, if there is one. */
bool trial_store(struct trial *t, struct error *err);
