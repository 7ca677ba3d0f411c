#pragma once

#include "canvas.h"
#include "term.h"

#include <stdio.h>

/* A grid as text: plain characters (none), or with SGR sequences in the
 * colours of that mode. One line per row, trailing blanks dropped when plain. TERM_AUTO is plain:
 * only the caller knows what it prints to. */
void frame_print(const struct grid *g, enum term_color color, enum scheme scheme, bool unicode,
                 FILE *out);
