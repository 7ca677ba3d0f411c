#pragma once

#include "study.h"

/* The picture mode that shows where the error is (heat_map.h). The exact map is asked for when
 * nothing moves; until it is there, the difference of what is on the screen stands in, which of every
 * pixel knows the mean alone. UI thread only. */

struct model;

struct heat {
    bool on;
    struct heat_map *map; /* owned; NULL: none yet */
    /* Asked for last, so that what failed or was stopped is not asked for again. */
    const struct method *method;
    struct params_any params;
    int wide, high;
    struct region region;
};

void heat_toggle(struct model *m);      /* the action */
void heat_forget(struct model *m);      /* the map, with what it was of */
bool heat_exact(const struct model *m); /* the map is of what is set, of this size and region */
bool heat_wanted(struct model *m);
void heat_asked(struct model *m, struct request *r);
void heat_accept(struct model *m, struct outcome *o); /* takes the map over */
