#pragma once

#include "run_list.h"

/* The compare view's part of the model: rows, which of them is chosen, and what is still to be run.
 * Comparisons and grids are asked for when nothing else is; whatever is newer comes first, and they go on
 * afterwards. UI thread only. */

struct model;
struct outcome;
struct request;

struct runs {
    struct run_list list; /* owned; in the order of the screen */
    size_t at;            /* the chosen row */
    bool by_size;         /* the order: by true size instead of by error */
    bool plot;            /* the plot has the focus, not the table */
    double bits;          /* compared at, true bits an entry; 0: none was chosen yet */
    char reason[320];     /* why the best row at that size is the best; "": not known */

    bool begun;       /* something was asked for: it does not begin by itself again */
    bool table, grid; /* what is still to be run */
    double asked;     /* the size that `table` is, or was, of */
    bool grid_out;    /* the request that is out is of the grid */
    uint64_t serial;  /* of that request; 0: what is still to be run is another one by now */
    bool stopped;     /* by hand, or by a failure, until it is asked for again */
    bool held;        /* not yet: commands come first */
    const struct method *grid_method;
    struct params_any grid_params;
};

/* The size that the sliders say: the budget, where one is held, and two bits where it is no less than
 * the original's; 0: nothing is open. */
double runs_at_hand(const struct model *m);

/* Every method at so many true bits an entry, as soon as nothing else is to be done; what is there
 * stays. Fails with ERROR_USAGE. */
bool runs_begin(struct model *m, double bits, struct error *err);
enum { RUNS_BITS_MOST = 64 };

/* A grid of the method about its setting. */
void runs_grid(struct model *m);

/* Goes on where it was stopped; where it is done, begins at the size at hand. */
void runs_go_on(struct model *m);
void runs_stop(struct model *m);

/* The chosen row's setting becomes that of the form. true: the size is not held any more, since that
 * would move its rank. */
bool runs_take(struct model *m);

void runs_forget(struct model *m); /* another document */
void runs_drop(struct model *m);   /* the chosen row */
void runs_sort(struct model *m);   /* after by_size changed; the chosen row stays chosen */
const struct run_row *runs_chosen(const struct model *m); /* NULL: there is none */

/* "lplr, paper", and what is set: of a reference its own words. */
void runs_name(const struct run_row *row, char *out, size_t size);
void runs_setting(const struct run_row *row, char *out, size_t size);

/* For the model: whether a request is wanted, what it says, and its answers. */
bool runs_want(struct model *m);
void runs_request(struct model *m, struct request *out);
void runs_accept(struct model *m, struct outcome *o);
void runs_failed(struct model *m);
