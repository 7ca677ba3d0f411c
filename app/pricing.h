#pragma once

#include "ledger.h"
#include "price.h"
#include "report.h"

/* What a release costs, as `private` prints it: numbers of the terms and of the ledger, nothing of the
 * data. UI thread. */

/* All that the terms alone decide: noise, what the paper's own would be, zCDP, several releases. */
void pricing_print(const struct price_terms *t, const struct price *p, FILE *out);
void pricing_put(struct report *r, const struct price_terms *t, const struct price *p);

/* How a dataset stands, before a release and after it. before NULL: without that. */
void pricing_account(const char *dataset, const struct ledger_account *before,
                     const struct ledger_account *after, FILE *out);

/* A ledger, of one dataset (NULL: of each), line by line and in sum. Sums are told at the budget's delta,
 * else at the last spend's. */
void pricing_ledger(const struct ledger *l, const char *dataset, FILE *out);
void pricing_put_ledger(struct report *r, const struct ledger *l, const char *dataset);
