#pragma once

#include "method.h"

/* What --vary says: values of rows of a method, and all settings that they make together. */

enum { VARIATION_AXES = 12, VARIATION_TEXT = 40, VARIATION_MOST = 1000000 };

struct variation_axis {
    const struct param *row;
    char (*values)[VARIATION_TEXT]; /* owned; as param_set reads them */
    size_t n;
};

struct variation {
    struct variation_axis axes[VARIATION_AXES];
    size_t n;
    size_t settings; /* the product; 1 without an axis */
};

/* One more axis: "rank=1:128:*2", "seed=1:40:+1", "left-bits=2,4,8", "scales=tensor,vector". v is
 * {0} at first; the caller finishes it, also on failure. Fails with ERROR_USAGE, ERROR_LIMIT (too many
 * settings) or ERROR_MEMORY. */
bool variation_add(struct variation *v, const struct method *m, const char *text,
                   struct error *err);
void variation_finish(struct variation *v);

/* Sets every axis of *params as setting i says; the last axis changes fastest. */
void variation_put(const struct variation *v, size_t i, struct params_any *params);

/* Whether the row is one of the axes. */
bool variation_has(const struct variation *v, const struct param *row);
