#pragma once

#include "document.h"

/* Built-in sources. */

/* Shepp-Logan phantom, modified contrast, n x n in [0, 1] (lplr.md 2.1; Toft 1996):
 * the test picture of the LPLR paper. out is F64, n x n. */
void demo_phantom(struct matrix_view out);

/* name without "demo:"; fails with ERROR_USAGE and the list of names. */
struct document *demo_open(const char *name, struct error *err);

struct demo {
    const char *name, *summary;
};
extern const struct demo demos[]; /* ends with {0} */
