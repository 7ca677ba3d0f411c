#pragma once

#include "theme.h"

#include <stddef.h>

/* The picture cells of a screen, painted past curses. Curses holds a fixed glyph
 * in them, so that it never erases or rewrites them by itself; this remembers what
 * was sent and sends what differs, in chunks, and stops when a key waits. */

struct hole {
    int width, height;
    struct spot *spots; /* owned; what the terminal shows, cell by cell */
    size_t next;        /* where painting goes on after it was stopped */
    bool rough;         /* some cells are within the tolerance, not exact */
    size_t sent;        /* bytes, since it was last set to 0 */
    double write_ms;    /* of them spent waiting for the terminal, likewise */
};

bool hole_init(struct hole *h, int width, int height); /* false: no memory; nothing is known */
void hole_finish(struct hole *h);                      /* {0} is fine */
void hole_forget(struct hole *h);                      /* the terminal's cells were cleared */

/* Writes to fd `out` the picture cells of g (of h's size) that changed; moving: only
 * those off by more than 2/255. Leaves colours at normal and the cursor at (row,
 * column). Colours are TERM_24BIT to TERM_8. Stops early when fd `in` (-1: none) is readable: false, call again. */
bool hole_paint(struct hole *h, const struct grid *g, enum term_color colors, bool unicode,
                bool moving, int out, int in, int row, int column);
