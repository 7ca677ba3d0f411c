#pragma once

#include "canvas.h"
#include "model.h"

/* The rows of the current method as sliders, choices and switches:
 * `>rank  k [    24] 1 ####------- 427`. In one, two or three columns by width, read
 * downwards; rows that do not fit scroll with the focused one. Pure functions. */

int form_columns(int width);
size_t form_rows(const struct model *m, int width); /* all of them, also those scrolled away */

void form_draw(const struct model *m, struct canvas c, bool focused);

/* Where a value stands between the row's least and `limit`, 0..1, on its own scale. */
double form_fraction(const struct param *p, double value, double limit);

/* The value there: the inverse. */
double form_value(const struct param *p, double fraction, double limit);

/* A bar of `width` cells; eighths of a cell in Unicode. */
void form_bar(struct canvas c, int x, int y, int width, double fraction);

/* A line being typed, in brackets over the whole width; the cursor before byte `at`. */
void form_typed(struct canvas c, const char *line, size_t at);
