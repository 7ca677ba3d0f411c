#pragma once

#include "catalogue.h"

/* The `:` line and the palette, overlays both. The line keeps what was typed before
 * (Up, Down) and completes (Tab); a command that fails leaves it open with a caret
 * under the fault. UI thread only. */

void line_open(struct model *m);
void line_open_with(struct model *m, const char *text); /* the cursor behind it */
void line_palette(struct model *m);

/* Runs it as if its name had been typed; one that wants arguments opens the line with its name. */
void line_run(struct model *m, const struct deed *d);

void line_press(struct model *m, const char *key, uint32_t text);
void line_press_palette(struct model *m, const char *key, uint32_t text);
