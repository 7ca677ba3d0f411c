#pragma once

#include "canvas.h"
#include "error.h"
#include "input.h"
#include "theme.h"

/* The terminal: the only file that includes curses. Text goes through curses;
 * picture cells are a hole that curses keeps a sentinel in and this file paints
 * itself in true colour (docs/architecture.md). UI thread only, one terminal. */

struct term_options {
    enum term_color color;
    bool ascii;
    enum scheme scheme;
};

/* Enters the alternate screen. Fails with ERROR_USAGE on a terminal that cannot
 * address its cursor (dumb, unset, not a tty). Installs the handlers that restore
 * the terminal on fatal signals. */
bool term_open(const struct term_options *o, struct error *err);
void term_close(void); /* restores everything; fine when not open */

void term_size(int *width, int *height);
bool term_unicode(void);
const char *term_mode(void); /* how pictures are drawn and why, one phrase */

/* Puts the grid on the screen, writing only what changed; moving allows picture
 * cells to be off by 2/255 until a call without. Stops early when a key waits:
 * false, call again. */
bool term_show(const struct grid *g, bool moving);
/* What the last term_show that wrote anything cost; measure: count bytes from now on. */
struct term_cost {
    double text_ms, picture_ms, write_ms; /* curses with its writing; encoding; writing */
    size_t bytes;
};
struct term_cost term_cost(bool measure);
void term_redraw(void); /* the next term_show starts from a blank screen */

/* Waits for a key, a readable fd, a signal or the timeout (ms, -1: for ever). */
enum term_event { TERM_NONE, TERM_KEY, TERM_FD, TERM_RESIZE, TERM_QUIT };
enum term_event term_wait(int fd, int timeout_ms);
/* The key or the mouse's news that TERM_KEY announced; false: none left. The terminal's
 * answers are taken in on the way, and may change term_mode(). */
bool term_take(struct event *e);
/* on false: the terminal has the mouse, to select text. Whether there is one. */
bool term_mouse(bool on);
void term_suspend(void); /* Ctrl-Z: restores, stops, comes back */

/* Hands text to the terminal for the clipboard (OSC 52); many do as they are told, none answers. */
void term_copy(const char *text);
