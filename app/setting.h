#pragma once

#include "model.h"

/* Changing a parameter of the current method, by a step or by words. A rank ends
 * at min(rows, cols) of what is open. UI thread only. */

void setting_step(struct model *m, const struct param *p, int direction, bool coarse);
void setting_put(struct model *m, const struct param *p, double value); /* clamped */

/* A value as param_set reads it; "*2" and "/2" scale a number, and a rank knows
 * "elbow" and "full". Fails with ERROR_USAGE; nothing has changed then. */
bool setting_set(struct model *m, const struct param *p, const char *text, struct error *err);

/* The rank at the elbow of the spectrum over all planes (spectrum_elbow); sets
 * m->elbow, to be called again, while the spectrum is not known. Fails with
 * ERROR_USAGE where there is no rank or no document. */
bool setting_elbow(struct model *m, struct error *err);
