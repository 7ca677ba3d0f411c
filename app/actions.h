#pragma once

#include "view.h"

/* Actions every view has; ends with {0}. Those of one view stand at the foot of its file. */
extern const struct action common_actions[];

/* By key name ("j", "Down", "C-l", "Enter", "S-Tab") or action name, the view's own first; NULL: none. */
const struct action *action_for_key(const struct model *m, const char *key);
const struct action *action_find(const struct model *m, const char *name);

/* Whether it may be done now. Beyond the privacy view's sandbox the method's parameters and the spectrum are out of
 * sight: what sets them, or answers of them, is not. */
bool action_at_hand(const struct model *m, const struct action *a);

/* One number for each action that this view answers to, and back; -1, NULL: none. */
int action_number(const struct model *m, const struct action *a);
const struct action *action_numbered(const struct model *m, int number);

/* Whether this key only begins one of two: "z" of "zi". */
bool action_prefix(const char *key);

/* One key press as the whole program understands it: overlays and typed lines first,
 * then actions; unknown keys say so in the message line. `text` is the character
 * typed, 0 for others. */
void action_press(struct model *m, const char *key, uint32_t text);
void action_run(struct model *m, const struct action *a); /* as its key does */

/* One or more `:` commands as grammar.h reads them: "method lplr; set rank=24; gaps".
 * Stops at the first that fails; those before it have run. *at: the byte of the line
 * that is at fault, when it fails. */
bool command_run(struct model *m, const char *commands, struct error *err);
bool command_run_at(struct model *m, const char *commands, size_t *at, struct error *err);

/* What a word alone means as the name of a key; NULL: nothing, or a command is called so. */
const struct action *command_word(const struct model *m, const char *word);

/* The commands that are not actions ("set", "method", "open", "export"), for help and docs; ends
 * with {0}. The words of `arguments` say what Tab completes: completion.c. A command that fails
 * may set m->fault, the byte of its arguments that is wrong (0 before it runs). One that an
 * action has the name of as well is run where arguments come after it. */
struct command {
    const char *name, *arguments, *help;
    bool (*run)(struct model *m, const char *arguments, struct error *err);
};
extern const struct command commands[];
