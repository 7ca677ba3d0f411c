#pragma once

#include "matrix.h"
#include "preview.h"

/* Which entries of a matrix are shown as black and as white. Pictures lie in [0, 1]
 * already; others are shown from their least to their greatest entry where these
 * leave [0, 1]. Any thread. */

struct brightness {
    double low, high; /* low < high */
};

struct brightness brightness_of(const struct matrix *planes, size_t n, bool picture);

/* a: entries become shown values, (x - low) / (high - low). */
void brightness_of_matrix(struct brightness b, struct matrix_view a);
/* The same of whatever p renders. */
bool brightness_of_preview(struct brightness b, struct preview *p, struct error *err);
