#pragma once

#include "model.h"

/* The rank runs by itself: from where it stands to the end, on from the beginning, and so on
 * until a key is pressed. A nested method moves as soon as the frame before is out, but no two
 * steps are less than SWEEP_MS apart, or what was asked for; another one as soon as its picture
 * is there. UI thread. */

enum { SWEEP_MS = 12 };

void sweep_toggle(struct model *m);

/* "[k] [FROM..TO] [step N or *N] [fps N]": begins one so. Fails with ERROR_USAGE, *at the byte. */
bool sweep_begin(struct model *m, const char *arguments, size_t *at, struct error *err);

/* Moves the rank if it is time; now in ms of a clock that only grows. true: it has moved. */
bool sweep_tick(struct model *m, double now);

/* How long to wait for the next tick, in ms; < 0: no tick is wanted, or an answer is. */
double sweep_wait(const struct model *m, double now);
