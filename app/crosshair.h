#pragma once

#include "model.h"

/* A crosshair: on a rank in both plots, on an entry in the picture. UI thread. */

void crosshair_toggle(struct model *m); /* in the focused pane; from the sliders, in the spectrum */
void crosshair_end(struct model *m);
void crosshair_take(struct model *m); /* its rank becomes the method's */

/* To a place in the picture, in shares of it; to a rank. */
void crosshair_to(struct model *m, double down, double right);
void crosshair_to_rank(struct model *m, double rank);

void crosshair_left(struct model *m);
void crosshair_right(struct model *m);
void crosshair_far_left(struct model *m);
void crosshair_far_right(struct model *m);
void crosshair_up(struct model *m);
void crosshair_down(struct model *m);

bool crosshair_shown(const struct model *m);
bool crosshair_moves(const struct model *m);      /* the focused pane has it */
bool crosshair_in_picture(const struct model *m); /* and it is the picture */
bool crosshair_in_plot(const struct model *m);
