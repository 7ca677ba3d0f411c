#pragma once

#include "registry.h"

/* Undo and redo of parameters and of the choice of a method, and marks. A change is
 * found by comparison, whoever made it: a key, a command, a sweep. UI thread only. */

enum { HISTORY_MOST = 64, HISTORY_METHODS = 32, MARKS = 26 };

struct model;

/* One step from one state to the next. */
struct change {
    const struct method *from, *to; /* the chosen one, before and after */
    const struct method *touched;   /* whose parameters changed; NULL: nobody's */
    const struct param *row;        /* the only one that did; NULL: none, or several */
    struct params_any before, after;
    double budget_before, budget_after; /* hold.h */
    double when;                        /* of its last step, seconds */
    bool with_former;                   /* one line of commands made both: undone together */
};

struct history {
    struct change changes[HISTORY_MOST];
    size_t n, at;                /* all; those that are not undone */
    const struct method *method; /* as last seen */
    double budget;
    struct params_any params[HISTORY_METHODS];
};

/* Parameters that can be called back; method NULL: none are kept under this letter. */
struct mark {
    const struct method *method;
    struct params_any params;
};

void history_forget(struct model *m); /* what is now is where undo ends */

/* Takes in what has changed since the last call. steps: further steps of the same
 * slider within a moment belong to the entry that is there. */
void history_note(struct model *m, bool steps);

/* The actions. The message line says what came back, or that there is nothing. */
void history_undo(struct model *m);
void history_redo(struct model *m);
void history_mark(struct model *m);   /* awaits the letter */
void history_recall(struct model *m); /* likewise */

/* By letter, 'a' to 'z'; false: not one of these, or nothing is kept there. */
bool history_mark_put(struct model *m, char letter);
bool history_mark_recall(struct model *m, char letter);
