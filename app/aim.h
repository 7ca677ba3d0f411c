#pragma once

#include "model.h"

/* A goal typed instead of a value (goal.h): moves `axis`, a whole-number row of the current method
 * (NULL: it has none), to the cheapest setting that meets it. At once where prefix sums of the
 * spectrum answer, else the model asks the worker (REQUEST_SOLVE) and the slider moves when the
 * answer is there. The message line says what was found, or how near one comes. Fails with
 * ERROR_USAGE; nothing has changed then. UI thread only. */
bool aim(struct model *m, const struct param *axis, const char *goal, struct error *err);
