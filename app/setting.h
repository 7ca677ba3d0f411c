#pragma once

#include "model.h"

/* Changing a parameter of the current method, by a step or by words. A rank ends
 * at min(rows, cols) of what is open. UI thread only. */

void setting_step(struct model *m, const struct param *p, int direction, bool coarse);
void setting_put(struct model *m, const struct param *p, double value); /* clamped */

/* A plain number or a word as param_set reads it; an expression (expression.h) over m, n (rows,
 * columns), k (the rank), elbow, full and the method's numbers by name, from the value there is
 * where it begins with an operator (*2, +3), rounded for whole numbers and clamped with a message;
 * or a goal (aim.h). Fails with ERROR_USAGE, nothing has changed then; the cursor of m->line, if
 * that is the text, is at the fault. */
bool setting_set(struct model *m, const struct param *p, const char *text, struct error *err);

/* The same for the size of a comparison (runs.h), from what it is now. */
bool setting_bits(struct model *m, const char *text, double *bits, struct error *err);

/* The rank at the elbow of the spectrum over all planes (spectrum_elbow); sets
 * m->elbow, to be called again, while the spectrum is not known. Fails with
 * ERROR_USAGE where there is no rank or no document. */
bool setting_elbow(struct model *m, struct error *err);
