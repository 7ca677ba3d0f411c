#pragma once

#include "approximate.h"
#include "document.h"
#include "preview.h"

/* Where the error of an approximation is: the root mean square of A - LR over the entries of each
 * pixel of a picture, exact, in the matrix's own units. */

struct heat_map {
    const struct method *method;
    struct params_any params;
    size_t n;                         /* planes, in their own space */
    struct matrix rms[SELECTION_MAX]; /* owned; height x width, F32 */
    struct region region;             /* as in the request */
};

/* Of every plane, over a region, {0}: the whole. Takes room for one plane. NULL: failed. Any thread. */
struct heat_map *heat_map_of(const struct matrix *planes, size_t n, const struct approximation *a,
                             struct region region, size_t height, size_t width, struct error *err);
void heat_map_destroy(struct heat_map *h); /* NULL is fine */
