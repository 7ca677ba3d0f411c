#pragma once

#include "model.h"

/* What a nested method's setting keeps, from prefix sums: the error is the tail of the spectrum (Eckart,
 * Young 1936), the size is counted, nothing is run. There is a subject. */
struct numbers nested_numbers(const struct model *m, const struct method *method,
                              const struct params_any *params);
