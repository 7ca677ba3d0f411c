#pragma once

#include "approximate.h"
#include "document.h"
#include "options.h"

#include <stdio.h>

/* The numbers of one matrix, or of all of a run together. NAN where not known. */
struct account_line {
    const char *name;  /* NULL: all together */
    size_t rows, cols; /* of all together: of each, or of a stack all rows */
    size_t rank, dead, rounds;
    double error, optimal, bound, numerical_rank, psnr, ssim, seconds;
    double fitted, right_loss; /* as in struct measure; NAN once something else followed the fit */
    struct theory theory;      /* of all together: NAN */
    uint64_t bits_paper, bits_true, entries;
    uint64_t shared_paper, shared_true; /* of all together: of parts that several matrices use */
    uint64_t bytes; /* of the factors file; 0: there is none of this matrix alone */
    struct backend_counts counts;
};

/* What a run has to tell: data alone, borrowed from whoever ran it. */
struct account {
    const struct options *options;
    const struct selection *selection;
    const struct method *method;
    struct params_any params; /* as they were run */
    enum dtype dtype;
    const char *backend, *device;
    const char *trouble; /* why the processor stood in for the device; "": it did not */
    struct account_line lines[SELECTION_MAX], total; /* lines: one per matrix of the selection */
    uint64_t written;                                /* bytes of -o's file; 0: no -o */
    char notice[320];
    char group[NAME_TEXT]; /* --group, or "" */
    struct {
        double distance; /* ||Y - M_k||_F of the output Y and the covariance's own top k */
        double gap;      /* between its eigenvalues k and k + 1 */
    } simulated;         /* by a simulated mechanism; NAN where not known */
};

struct report;
/* The key "params", of one run. */
void account_params(struct report *r, const struct method *m, const struct params_any *params);
void account_put(struct report *r, const struct account *a); /* its keys, into an open object */
bool account_json(const struct account *a, FILE *out,
                  struct error *err); /* one object, as cli.h words it */
void account_print(const struct account *a, FILE *out);
