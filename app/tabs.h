#pragma once

#include "view.h"

/* The first row of the screen: a tab for each view, what is open, and the view's badge. Pure functions. */

/* Returns where the tabs end. */
int tabs_draw(const struct model *m, struct canvas row);
/* Right of them, as far as the badge: what is open. */
void tabs_object(const struct model *m, struct canvas row, int tabs);
/* After all else, so that nothing hides it. */
void tabs_badge(const struct model *m, struct canvas row, int tabs);
