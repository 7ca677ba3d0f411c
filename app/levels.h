#pragma once

#include "study.h"

/* Histograms of what is coded, against the levels, in the place of the error pane; asked for when
 * nothing moves, as the error map is (heat.h). UI thread only. */

struct model;

struct levels {
    bool on;
    struct level_map *map;       /* owned; NULL: none yet */
    const struct method *method; /* asked for last */
    struct params_any params;
};

void levels_toggle(struct model *m); /* the action */
void levels_forget(struct model *m);
bool levels_exact(const struct model *m); /* the histograms are of what is set */
bool levels_wanted(struct model *m);
void levels_asked(struct model *m, struct request *r);
void levels_accept(struct model *m, struct outcome *o); /* takes them over */
