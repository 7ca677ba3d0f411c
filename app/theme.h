#pragma once

#include "canvas.h"

/* Ink x scheme -> colour, in one table. */

enum scheme { SCHEME_DARK, SCHEME_LIGHT, SCHEME_MONO, SCHEME_COUNT };
extern const char *const scheme_names[]; /* "dark", "light", "mono", NULL */

struct style {
    int index;      /* of the xterm-256 palette; -1: the terminal's default foreground */
    int attributes; /* ATTR_*, added to the cell's own */
};
struct style theme_style(enum scheme scheme, enum ink ink);

/* The nearest entry (16..255) of the xterm-256 palette; the character of the
 * ASCII ramp for a brightness. */
int theme_nearest_256(uint32_t rgb);
char theme_ramp(uint32_t top, uint32_t bottom, bool light_background);
