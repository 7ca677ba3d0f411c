#pragma once

#include "error.h"
#include "param.h"

/* Which of three worlds the privacy view shows: the sandbox, where everything is seen and nothing is
 * private; the release, which shows a price and nothing of the data; and, explored, what was released,
 * where whatever is computed is free. This file is the last two, and the view leaves its area to
 * pane_worlds while worlds_away. Entering the release forgets all that the model holds of the data, and
 * nothing of it is computed until it is left. UI thread only. */

struct model;
struct outcome;
struct request;

enum world { WORLD_SANDBOX, WORLD_RELEASE, WORLD_EXPLORE };
extern const char *const world_names[]; /* "sandbox", "release", "explore", NULL */

enum { WORLD_NAME = 128 };

/* What a release is asked for by: public facts, typed by hand, none of them from the data. */
struct worlds_terms {
    double epsilon, delta;
    double clip;   /* rows are scaled down to this norm */
    int relation;  /* enum relation */
    int mechanism; /* as release.h */
    int rank;
    int views; /* 1; or so many, the coarsest seen first, for the price of the finest */
    double budget_epsilon, budget_delta; /* 0: none was named */
};

/* How what was released is looked at. */
struct worlds_look {
    int rank;
    int view; /* 1: the coarsest */
    bool shrink, clamp;
};

struct worlds {
    enum world world;
    size_t field; /* the focused row of the world's table; behind it the dataset, then the file */
    struct worlds_terms terms;
    char dataset[WORLD_NAME]; /* the ledger's name for the data; "": not named yet */
    struct worlds_look look;
};

/* Whether the privacy view is on the screen and not in the sandbox: then the model asks for nothing that
 * would look at the data, and the view is pane_worlds. */
bool worlds_away(const struct model *m);
/* The same worlds as conditions of actions. */
bool worlds_in_sandbox(const struct model *m);
bool worlds_in_release(const struct model *m);
bool worlds_in_explore(const struct model *m);

/* What is always on the screen, in at most `width` cells: "SANDBOX: simulated, not private". */
void worlds_badge(const struct model *m, int width, char *out, size_t size);
