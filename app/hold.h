#pragma once

#include "model.h"

/* Sliders at equal size: model.budget, in bits per entry as they are stored (codes, ranges, units), is
 * what a setting may take, and the rank is the largest that fits. So bits move the rank, the
 * budget moves it, and the rank moves the bits. The size is never above the budget, and one component
 * more would be, unless the rank is at its end. UI thread only. */

/* The budget as a row of the form; its params struct is the model. */
extern const struct param hold_row;

/* A size is held, and this method has a rank to hold it by. */
bool hold_on(const struct model *m);
/* Whether this row moves with others, or by them. */
bool hold_links(const struct model *m, const struct param *p);

/* Holds the size that there is, or lets go of it: the action. */
void hold_toggle(struct model *m);

/* Another budget, the rank after it. 0: lets go. Fails with ERROR_USAGE where there is no rank, no
 * document, or not even rank 1 fits; nothing has changed then. */
bool hold_budget(struct model *m, double bits_per_entry, struct error *err);

/* *params, of the current method, differ from the model's in row p, moved by hand; the rank, or where
 * that was moved the bits and it, are put to what fits.
 *
 * Another rank: bits are taken from the factor with more of them, of two with as many from the one
 * that comes nearer to it, else from the left (given to the one with fewer, else to the right), one
 * by one, until the largest rank that fits reaches the wanted one; of the last two the nearer stands, the
 * former where both are as near. least: at least one, what a key does. Fails with ERROR_USAGE where
 * nothing fits or there are no bits to move; *params are then of no use. */
bool hold_move(const struct model *m, const struct param *p, bool least, struct params_any *params,
               struct error *err);

/* After another method, document or precision: the rank that fits now. Says so where none does. */
void hold_refit(struct model *m);
