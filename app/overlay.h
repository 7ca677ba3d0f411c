#pragma once

#include "model.h"

struct action;

/* What lies over the view: a typed value, the menu of methods, the export dialog,
 * the help, the `:` line (line.h). Each opens by its function and takes the keys until it is closed. */

void overlay_type(struct model *m);
void overlay_methods(struct model *m);
void overlay_export(struct model *m);
void overlay_help(struct model *m);
void overlay_filter(struct model *m); /* of the tree: what is typed leaves fewer tensors */
void overlay_confirm(
    struct model *m); /* a release: it is said what is missing, or its name is typed */
void overlay_ledger(struct model *m); /* what was spent; reads it anew */
void overlay_shell(struct model *m);  /* the command that makes the same file */
/* The menu of what fits a place, about at this cell of the screen. */
void overlay_menu(struct model *m, enum menu_place place, int x, int y);
/* What this key would run there; NULL: nothing. */
const struct action *overlay_menu_choice(const struct model *m, const char *key);
void overlay_copy(struct model *m); /* wishes for it in the clipboard; opens nothing */
void overlay_close(struct model *m);

/* The start page, while nothing is open: j and k choose a built-in document, Enter
 * opens it. false: not a key of its own. */
bool overlay_start(struct model *m, const char *key);

/* A key while one is open; text: the character typed, 0 for others. */
void overlay_press(struct model *m, const char *key, uint32_t text);
