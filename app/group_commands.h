#pragma once

#include "model.h"

/* Commands about groups of matrices: rows of commands.c. Both show the groups view. */

/* Ranks of all groups by a rule, or of the chosen one: grouping_words. */
bool group_ranks(struct model *m, const char *arguments, struct error *err);
/* One more group, by hand: grouping_add. */
bool group_add(struct model *m, const char *arguments, struct error *err);
