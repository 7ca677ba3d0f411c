#pragma once

#include "job.h"

/* *y = a s (a's rows x m, a's type), s of that kind with variance 1/m, so that the expected squared norm of
 * *y is that of a. `matrix` tells several sketches of one seed apart. Takes scratch of the job. */
bool sketch_columns(struct job *job, const struct buffer *a, enum sketch_kind kind, uint64_t seed,
                    uint32_t matrix, size_t m, struct buffer *y, struct error *err);
