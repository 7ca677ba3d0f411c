#pragma once

#include "model.h"

/* What the hands do to the picture pane: slots, wipe, difference, planes, zoom. UI thread. */

void comparing_keep_a(struct model *m);
void comparing_keep_b(struct model *m);
void comparing_wipe(struct model *m);
void comparing_swap(struct model *m);
void comparing_difference(struct model *m);
void comparing_original(struct model *m);
void comparing_channel(struct model *m);

/* The bar, by columns of the screen. */
void comparing_bar_left(struct model *m);
void comparing_bar_right(struct model *m);
void comparing_bar_far_left(struct model *m);
void comparing_bar_far_right(struct model *m);
void comparing_bar_to(struct model *m, double share); /* of the picture's width */
bool comparing_wiping(const struct model *m);

void comparing_zoom_in(struct model *m);
void comparing_zoom_out(struct model *m);
void comparing_zoom_fit(struct model *m);
void comparing_zoom_one(struct model *m);
/* Zooms; what is at this share of the picture stays there. */
void comparing_zoom_at(struct model *m, double by, double down, double right);
void comparing_pan_left(struct model *m);
void comparing_pan_right(struct model *m);
void comparing_pan_up(struct model *m);
void comparing_pan_down(struct model *m);
bool comparing_panning(const struct model *m);
