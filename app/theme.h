#pragma once

#include "canvas.h"

/* Ink x scheme -> colour, in one table; true colour -> what a terminal has. */

enum term_color { TERM_AUTO, TERM_24BIT, TERM_256, TERM_16, TERM_8, TERM_MONO };
extern const char *const term_color_names[]; /* "auto", "24bit", "256", "16", "8", "none", NULL */

enum scheme { SCHEME_DARK, SCHEME_LIGHT, SCHEME_MONO, SCHEME_COUNT };
extern const char *const scheme_names[]; /* "dark", "light", "mono", NULL */

struct style {
    int index;      /* of the xterm-256 palette; -1: the terminal's default foreground */
    int attributes; /* ATTR_*, added to the cell's own */
    int basic;      /* of the eight that every colour terminal has; -1 as above */
};
struct style theme_style(enum scheme scheme, enum ink ink);

/* What a picture's pixel becomes in this mode: 0xRRGGBB as it is, or the nearest entry of
 * the palette. With 16 or 8 colours it is dithered by its place, so that areas keep their
 * brightness; their palette is taken to be xterm's. */
uint32_t theme_pixel(enum term_color mode, uint32_t rgb, int x, int y);
uint32_t theme_basic_rgb(int entry); /* 0..15 */

/* Cividis: from dark blue at 0 to yellow at 1, lightness rising evenly, the same to red-green
 * blindness (Nunez, Anderton, Renslow 2018). NAN is black. */
uint32_t theme_heat(double share);

/* The nearest entry (16..255) of the xterm-256 palette; the character of the
 * ASCII ramp for a brightness. */
int theme_nearest_256(uint32_t rgb);
char theme_ramp(uint32_t top, uint32_t bottom, bool light_background);
