#pragma once

#include "released.h"
#include "study.h"

#include <stdio.h>

/* Which of three worlds the privacy view shows: the sandbox, where everything is seen and nothing is
 * private; the release, which shows a price and nothing of the data; and, explored, what was released,
 * where whatever is computed is free. This file is the last two, and the view leaves its area to
 * pane_worlds while worlds_away. Entering the release forgets all that the model holds of the data, and
 * nothing of it is computed until it is left. UI thread only. */

struct model;

enum world { WORLD_SANDBOX, WORLD_RELEASE, WORLD_EXPLORE };
extern const char *const world_names[]; /* "sandbox", "release", "explore", NULL */

/* How what was released is looked at. */
struct worlds_look {
    int rank;
    int view; /* 1: the coarsest */
    bool shrink, clamp;
};

/* What the terms of now cost. */
struct worlds_price {
    bool ok;
    char why[ERROR_TEXT]; /* they make no sense: the sentence */
    struct release_price is;
    double paper,
        paper_epsilon; /* the same s by the paper's constant, and the epsilon it really is */
};

struct worlds {
    enum world world;
    size_t field; /* the focused row of the world's table */
    struct release_wish wish;
    struct theatre_setting
        carried; /* of the sandbox, as it last was when the release was entered */
    bool there;  /* the wish's file exists already: a release would be refused */
    bool wanted,
        out; /* confirmed, to be asked for; handed to the worker, its answer not yet here */
    unsigned long asked; /* releases handed to the worker, ever: nothing else spends */
    struct worlds_price price;
    struct ledger ledger;                /* owned; as it was read last */
    char ledger_why[ERROR_TEXT];         /* it could not be read; "" otherwise */
    struct ledger_account before, after; /* without this release, and with it */

    struct released *released; /* owned; NULL: nothing was released or read */
    struct worlds_look look;
    size_t seen;            /* views that were looked at */
    char to[RELEASED_PATH]; /* a file that waits to be written of it; "": none does */
    bool force;
};
extern const struct param_table worlds_terms, worlds_looks;

void worlds_init(struct model *m);
void worlds_finish(struct model *m);
/* Another document: what was released of the one before is forgotten, and a release file is explored. */
void worlds_open(struct model *m);

/* Whether the privacy view is on the screen and not in the sandbox: then the model asks for nothing that
 * would look at the data, and the view is pane_worlds. */
bool worlds_away(const struct model *m);
/* The worlds as conditions of actions; of a view's table alone. */
bool worlds_in_sandbox(const struct model *m);
bool worlds_in_release(const struct model *m);
bool worlds_in_explore(const struct model *m);

/* Another view was shown, or this one again: a release is left, and what another one found forgotten. */
void worlds_follow(struct model *m);

/* What is always on the screen, in at most `width` cells: "SANDBOX: simulated, not private". Of another view
 * than privacy: once something was released, or is being, in which world that view is; "" before. */
void worlds_badge(const struct model *m, int width, char *out, size_t size);

/* What the message line says: the focused row, in at most `width` cells; "": nothing. */
void worlds_line(const struct model *m, int width, char *out, size_t size);

/* Into the release, out of it, and to what was released. Fail with ERROR_USAGE. */
bool worlds_release(struct model *m, struct error *err);
void worlds_sandbox(struct model *m);
bool worlds_explore(struct model *m, struct error *err);

/* The rows of the world's form, and what they are of; NULL in the sandbox. */
const struct param_table *worlds_rows(const struct model *m, const void **values);
const struct param *worlds_field(const struct model *m);
double worlds_limit(const struct model *m,
                    const struct param *p); /* the largest value that makes sense */
void worlds_put(struct model *m, const struct param *p, double value); /* clamped */
/* "epsilon=1 dataset=census budget=4,1e-6 file=x.safetensors", or, of what was released, "rank=3".
 * Fails with ERROR_USAGE, *at the byte that is wrong; what stands before it has been set. */
bool worlds_set(struct model *m, const char *arguments, size_t *at, struct error *err);
/* What a session opens in place of the document: the file of what was released, where it is explored and has one;
 * NULL: the document. */
const char *worlds_opens(const struct model *m);
/* The command that comes back to this world and its terms; nothing in the sandbox. What was released and lies in no
 * file comes back as the release that it was asked for by, and never as the sandbox. A file that is there already
 * is no term of a release: nothing comes back one Enter away from another. */
void worlds_print(const struct model *m, FILE *out);
/* What was set in the sandbox since the last time and is public by its nature: epsilon, delta, clip and relation. Not
 * k, which may have been read off the gaps of the data. */
void worlds_carry(struct model *m);
void worlds_changed(struct model *m); /* the price anew, and what the ledger says of it */
void worlds_read_ledger(struct model *m);
/* Where it lies, into the wish; make: its folders, too. Fails as state_path does. */
bool worlds_find_ledger(struct release_wish *w, bool make, struct error *err);

/* Whether whoever acts now is a person: no file that is played, no session, no command that runs others, no -x. */
bool worlds_by_hand(const struct model *m, struct error *err);
/* Whether only a person's word is missing; reads the ledger anew. By hand alone. */
bool worlds_ready(struct model *m, struct error *err);
/* Spends: `typed` is the dataset's name once more. By hand alone. */
bool worlds_confirm(struct model *m, const char *typed, struct error *err);

bool worlds_releasing(const struct model *m); /* one is confirmed, and not answered for yet */
void worlds_show(struct model *m, struct released *r); /* explores it; takes it over */

/* For the model. */
bool worlds_wanted(const struct model *m);
void worlds_request(struct model *m, struct request *out);
void worlds_accept(struct model *m, struct outcome *o);
void worlds_failed(struct model *m, const struct outcome *o);

/* ---- what was released ---- */

/* It is to be written as it is looked at; model_export's in these worlds. Fails with ERROR_USAGE where nothing
 * was released, it is in no file, or that is of another view. */
bool worlds_export(struct model *m, const char *path, bool force, struct error *err);
bool worlds_writes(const struct model *m);
void worlds_look_request(struct model *m, struct request *out);
void worlds_written(struct model *m, struct outcome *o);

const struct released_view *worlds_view(const struct model *m); /* the one looked at; NULL: none */
enum field worlds_noise(const struct released *r);
/* Value i (from 0) as it is kept: shrunk and clamped as asked for; 0 beyond the rank. */
double worlds_kept(const struct model *m, size_t i);
