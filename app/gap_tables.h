#pragma once

#include "cli.h"
#include "report.h"
#include "utility.h"

/* What the word gaps tells without a file: simulated experiments whose answer is known (utility.h).
 * Main thread. */

/* --table and --exponents, whichever is given: runs them and prints them, as JSON where that is asked for. */
bool gap_tables(struct call *c, struct error *err);

/* Shared with the word: keys that say what all of it is. */
void gap_put_mark(struct report *r);
/* One measured error: root mean square, its standard error, 5 and 95 of 100 runs. */
void gap_put_band(struct report *r, const char *key, const struct monte_carlo_band *b);
