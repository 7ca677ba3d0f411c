#pragma once

#include "input.h"
#include "model.h"

/* What the mouse does: a function of the model, of the grid as it was drawn last (its
 * cells say what they are, canvas.h), and of the event. Knows no terminal. UI thread only.
 *
 * Left: a tab, a pane, a row, a word, a slider or a plot (both also by dragging), a line of a
 * menu, a key in the status line or the help. Right: help on what is under the pointer, and a
 * menu of what can be done with it.
 * In the picture the left button takes the crosshair along, or else the wipe's bar. The wheel:
 * steps of a slider (Shift: ten), of the rank over a plot, zoom over the picture. */
void mouse_take(struct model *m, const struct grid *g, const struct mouse *e);
