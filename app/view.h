#pragma once

#include <limits.h>

#include "canvas.h"
#include "model.h"

/* A key's meaning, declared once: dispatch, help page, footer, reference page and
 * `:NAME` are all read off these rows. */
struct action {
    const char *name; /* "gaps": unique; the word for frame -x and the reference page */
    /* "g", "j Down", "zi": keys separated by blanks, as the help prints them; one that begins
     * with a prefix (action_prefix) is pressed as two. */
    const char *keys;
    const char *group; /* heading in the help: "Rank and bits", "Picture", ... */
    const char *help;  /* "switch the spectrum between values and gaps" */
    /* Two or three words for the status line, or NULL; a row and the next with the same words
     * are shown as one: "hl value". */
    const char *footer;
    void (*run)(struct model *m);
    /* NULL: always. Otherwise the keys are this row's only while it holds, and then before
     * every row without one; the name works at any time. */
    bool (*when)(const struct model *m);
    /* In place of run: so many rows down a list, which ends the step. */
    void (*step)(struct model *m, int by);
    int by;
};
enum { LIST_PAGE = 10, LIST_END = INT_MAX };
void action_do(struct model *m,
               const struct action *a); /* its run or step; says if it is not at hand */

/* One way to look at the model. To add one: write app/views/NAME.c, which defines
 * `const struct view view_NAME`, and put NAME in the list in app/meson.build. */
struct view {
    const char *name, *title, *summary;
    /* A pure function of the model and the canvas's size. */
    void (*draw)(const struct model *m, struct canvas c);
    /* Where the picture goes on a screen of this size, in pixels (two per cell
     * high): what a request asks the engine for. 0 x 0: this view shows none. */
    void (*picture_size)(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high);
    const struct action *actions; /* what only this view knows; ends with {0} */
    /* Words that stand on every frame of the view, at every size and over whatever lies on top, in at
     * most `width` cells; NULL: none. */
    void (*badge)(const struct model *m, int width, char *out, size_t size);
    int number; /* the digit of its tab and key; 0: the first that no view asks for */
    /* What the message line says while nothing else does, in at most `width` cells, and the
     * status of a small screen; NULL: the focused parameter. */
    void (*line)(const struct model *m, int width, char *out, size_t size);
    /* The shell's command for what it shows; NULL: the one that makes the exported file. */
    bool (*command)(const struct model *m, char *out, size_t size, struct error *err);
    bool groups;  /* it shows grouping.h, as the next */
    bool theatre; /* it shows theatre.h, whose draws begin then */
    bool runs;    /* it shows runs.h, which begin when one first looks */
    bool own;     /* most keys mean something of its own: they come first on the status line */
    bool lists;   /* it shows what a file holds, also while none of its matrices is chosen */
};
extern const struct view *const views[]; /* NULL-terminated; the list is in app/meson.build */
const struct view *view_find(const char *name);
int view_digit(const struct view *v);        /* 1 to 9 */
const struct view *view_of_digit(int digit); /* NULL: none */
void view_show(struct model *m, const struct view *v);

/* The whole screen: tabs, the view, message and status lines, overlays. */
void view_draw(const struct model *m, struct canvas c);

/* Where on a screen of this size the view draws: below the tabs, above the message
 * and status lines. A small screen gives up the tabs and messages first. */
struct rect view_area(int width, int height);
