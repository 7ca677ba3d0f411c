#pragma once

#include "compare.h"

/* The coarse half of compare.h: the settings of one method that are worth a full run. */

enum { COMPARE_PICKS = 4 };

struct compare_picks {
    struct params_any params[COMPARE_PICKS]; /* fitted to the size, by coarse error */
    size_t n;
    double overhead; /* bits of its files beside their parts, as last seen */
};

/* Looks at settings of m, at most `keep` of which it picks; counts and omissions go into *t. Fails as
 * compare_run. share: what of the whole comparison it is, from `done` on, for progress. */
bool compare_search(const struct compare_request *r, const struct method *m, size_t keep,
                    double done, double share, struct compare_table *t, struct compare_picks *out,
                    struct error *err);

/* One more omission of *t. */
bool compare_omit(struct compare_table *t, const struct method *m, const struct params_any *params,
                  double takes, const struct error *why, struct error *err);

/* A failure that ends a comparison rather than one run. */
bool compare_ends(const struct error *why);
/* Whether the row stays as the user typed it. */
bool compare_fixed(const struct compare_request *r, const char *key);
