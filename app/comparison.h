#pragma once

#include "compare.h"
#include "reference.h"
#include "trial.h"

/* What stands behind the word compare: the runs that compare.h asks for, on one selection. Main
 * thread. */

enum { COMPARISON_SIZES = 16, COMPARISON_METHODS = 64 };

struct comparison {
    struct trial t;
    struct matrix narrow[SELECTION_MAX];    /* the input in single precision, for coarse runs */
    struct svd svds[SELECTION_MAX];         /* of that; n = 0: too large a matrix */
    struct spectrum spectra[SELECTION_MAX]; /* in double precision; sigma owned, NULL likewise */
    const struct method *methods[COMPARISON_METHODS + 1]; /* those asked for; NULL-terminated */
    struct compare_size sizes[COMPARISON_SIZES];
    struct budget_shape shapes[SELECTION_MAX];
    bool together;           /* matrices of one width: methods that share a factor take part */
    size_t n, now;           /* sizes; the one at hand */
    size_t coarse, n_coarse; /* the matrices that coarse runs look at: the first, and how many */
};

/* One table, with what it is held against. */
struct comparison_table {
    struct compare_table table;
    struct reference references[REFERENCES];
    size_t n_references; /* 0: no picture */
    double seconds;      /* in all, on the wall */
};

/* c is {0}, and closed also on failure. */
bool comparison_open(struct comparison *c, const struct options *o, struct error *err);
void comparison_close(struct comparison *c);

/* At c->sizes[i]; the caller finishes out->table, also on failure. */
bool comparison_run(struct comparison *c, size_t i, struct comparison_table *out,
                    struct error *err);

uint64_t comparison_bytes(const struct comparison *c, size_t i); /* that size as whole bytes */
/* The command that runs the row alone; "" where it does not fit. */
void comparison_command(const struct comparison *c, const struct compare_row *row, char *out,
                        size_t size);
