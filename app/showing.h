#pragma once

#include "model.h"

/* Commands that show a view of their own; rows of commands.c. Fail with ERROR_USAGE, and as their
 * files do. */

/* Every method at so much, or alone at the size at hand; an expression, as of any number: runs_begin. */
bool showing_compare(struct model *m, const char *arguments, struct error *err);
/* Ranks of all groups by a rule, or of the chosen one: grouping_words. */
bool showing_ranks(struct model *m, const char *arguments, struct error *err);
/* One more group, by hand: grouping_add. */
bool showing_group(struct model *m, const char *arguments, struct error *err);
/* Another model beside this one: beside_open. */
bool showing_with(struct model *m, const char *arguments, struct error *err);
/* The rank by itself, as it says: sweep_begin; without arguments as its key does. */
bool showing_sweep(struct model *m, const char *arguments, struct error *err);
