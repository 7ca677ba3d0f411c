#pragma once

#include "job.h"

/* *w = argmin ||f w - op(a)||_F in f's type and in scratch, op(a) = a or its transpose; any f, deficient
 * ones too: *dead of its columns are without use, their rows of w are zero. */
bool fit(struct job *job, const struct buffer *f, const struct buffer *a, bool transposed,
         struct arena *scratch, struct matrix_view *w, size_t *dead, struct error *err);
