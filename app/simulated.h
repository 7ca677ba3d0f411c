#pragma once

#include "account.h"
#include "report.h"
#include "simulation.h"

/* What a simulated mechanism (METHOD_SANDBOX) works on and tells: the covariance of the rows that were
 * named, put in their place here and nowhere else, so that errors, optimum and sizes are all of it; and its
 * public numbers. Main thread. */

/* out: one matrix, d x d, of a document of its own that is named like what the rows came from. rows: one
 * matrix; ERROR_USAGE for a picture of three planes or a stack. */
bool simulated_selection(const struct selection *rows, enum dtype dtype, enum nonfinite nonfinite,
                         const struct covariance_terms *terms, struct selection *out,
                         struct error *err);

/* What the paper measures of a result on the covariance m: a->simulated. Other methods: nothing. */
bool simulated_measure(struct account *a, struct matrix_view m, const struct result *r,
                       struct error *err);

/* Of a method that simulates; others put and print nothing. Keys "private": false and "simulated". done:
 * it was run, and a->simulated is of that run. */
void simulated_put(struct report *r, const struct account *a, bool done);
void simulated_print(const struct account *a, FILE *out);
