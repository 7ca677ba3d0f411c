#pragma once

#include "backend.h"

/* How fast the seat of b computes, brings matrices and answers: a few products of a thin
 * matrix with a large one, some milliseconds once its shaders are built. Nothing may be alive; the
 * caller releases and takes the counts back. false: of no use, as it failed or lacks the precision. */
bool pace_measure(struct backend *b, enum dtype dtype, struct backend_rates *out);
