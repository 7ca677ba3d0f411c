#pragma once

#include "approximate.h"

/* The last few approximations of one input, newest first, so that going back to one
 * of them (the other side of a wipe, another part of the picture) runs nothing. */

enum { KEPT = 3 };

struct kept {
    struct {
        struct approximation a;
        const struct method *method; /* NULL: none */
        struct params_any params;
    } of[KEPT];
};

/* Brings the one with these settings to the front. false: there is none. */
bool kept_find(struct kept *k, const struct method *method, const struct params_any *params);

/* Takes a over, in front; the oldest goes. */
void kept_add(struct kept *k, const struct method *method, const struct params_any *params,
              struct approximation *a);

void kept_forget(struct kept *k); /* all of them; {0} is fine */
