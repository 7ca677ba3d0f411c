#pragma once

#include "model.h"

/* The pointer in the privacy view, in whichever world, on a zone of it: along says how far in its row of cells, 0 to 1. */
void theatre_point(struct model *m, enum zone zone, size_t index, double along);
