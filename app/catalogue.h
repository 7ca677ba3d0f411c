#pragma once

#include "actions.h"

/* Everything that can be done in the current view: its actions, the common ones, the
 * commands; for the help, the palette and Tab. Pure functions. */

enum { CATALOGUE_MOST = 192 };

struct deed {
    const char *group, *keys, *name, *arguments, *help;
    const struct action *action; /* or */
    const struct command *command;
};

/* In the order of the help, group by group; the commands last. Returns how many. */
size_t catalogue_list(const struct model *m, struct deed out[CATALOGUE_MOST]);

/* The same, of which every word of `filter` occurs in the row; its letters' case does not matter. */
size_t catalogue_filtered(const struct model *m, const char *filter,
                          struct deed out[CATALOGUE_MOST]);

/* The headings whose actions fit a place. */
enum { MENU_GROUPS = 4 };
struct menu_row {
    const char *place; /* "the picture" */
    const char *groups[MENU_GROUPS];
};
extern const struct menu_row catalogue_menus[MENU_PLACES];

/* The actions of the headings that fit a place, in the order of the help, and of them those that
 * a key would run now. */
size_t catalogue_menu(const struct model *m, enum menu_place place,
                      struct deed out[CATALOGUE_MOST]);

/* The same for a few letters of the name, in order, or of the help's words; best first. */
size_t catalogue_ranked(const struct model *m, const char *letters,
                        struct deed out[CATALOGUE_MOST]);
