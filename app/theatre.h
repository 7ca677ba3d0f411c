#pragma once

#include "theatre_found.h"

/* The privacy view's part of the model: the sandbox. What its form says, what is played, and what the worker
 * found. Every frame is a function of this: nothing is drawn at random between two of them. UI thread only. */

struct model;
struct outcome;
struct request;

/* What stands beside the paths; a large screen shows the ones after it as well. */
enum theatre_page {
    THEATRE_PAGE_GAPS,      /* at this time, as bars */
    THEATRE_PAGE_SPECTRUM,  /* true and noisy, with what is known of the noisy one */
    THEATRE_PAGE_ERRORS,    /* over the rank: laws and draws */
    THEATRE_PAGE_PLANE,     /* over epsilon */
    THEATRE_PAGE_HISTOGRAM, /* of gaps of noise alone, beside both surmises */
    THEATRE_PAGE_STRIP,     /* log10 of every gap over time */
    THEATRE_PAGES
};
extern const char *const theatre_page_names[]; /* NULL-terminated, in enum order */

enum theatre_focus {
    THEATRE_FOCUS_PATHS,
    THEATRE_FOCUS_PAGE,
    THEATRE_FOCUS_FORM,
    THEATRE_FOCUS_COUNT
};
extern const char *const theatre_focus_names[];

enum theatre_fields { THEATRE_BOTH, THEATRE_REAL, THEATRE_COMPLEX };
extern const char *const theatre_fields_names[];

enum { THEATRE_FPS = 30 };

/* What the promise of a setting comes to; kept, because it is found by search and drawn thirty times a second. */
enum { THEATRE_POINTS = 49 };
struct theatre_price {
    struct theatre_setting set;
    bool known;
    double mu;
    double tight, classical;  /* s, unit of clip^2 */
    double classical_epsilon; /* what Algorithm 1's noise truly keeps at delta */
    /* Over epsilon, for a plot: to 1e-4, and not rounded to the safe side. */
    double epsilon[THEATRE_POINTS], mu_of[THEATRE_POINTS];
    double of_tight[THEATRE_POINTS], of_classical[THEATRE_POINTS];
};

struct theatre {
    struct theatre_setting set;
    struct theatre_price price;
    size_t field;    /* the row of the form that keys change */
    int page, focus; /* enum theatre_page, theatre_focus */
    int fields;      /* enum theatre_fields */
    bool plain;      /* no bands of draws */
    bool playing;
    double next; /* when it moves again, ms of theatre_tick's clock; 0: begin */

    struct theatre_matrix *matrix; /* owned, as the next; NULL: not known yet */
    struct theatre_paths *paths;
    struct theatre_bands *bands;
    struct gap_statistics *tally; /* owned; THEATRE_FIELDS; NULL: none yet */
    uint64_t tally_seed;
    uint32_t tally_draws;

    struct theatre_wish out; /* what is out, or was out last; without its sigma */
    bool given_up;           /* by hand or by a failure, for this setting: */
    struct theatre_setting given;
    char why[160];
};

void theatre_reset(struct model *m);  /* the form as at the start */
void theatre_forget(struct model *m); /* what was found of what is no longer open */

/* ---- the form ---- */

const struct param *theatre_row(const struct model *m); /* the focused one */
/* Whether a row says anything here: a scene has noise and a matrix of its own. */
bool theatre_speaks(const struct model *m, const struct param *p);
/* The largest value of a row that makes sense here: a rank ends at d. */
double theatre_limit(const struct model *m, const struct param *p);
void theatre_put(struct model *m, const struct param *p, double value); /* clamped */
void theatre_step(struct model *m, const struct param *p, int direction, bool coarse);
size_t theatre_rank(const struct model *m); /* at most d; 0: d is not known */

void theatre_follow(struct model *m); /* brings the price up to the setting */

/* ---- what is shown ---- */

/* The frame of the paths at the set time, as far as they are known; 0 without any. */
size_t theatre_at(const struct model *m);
/* Its eigenvalues; NULL: not known yet. *d: how many. */
const double *theatre_values(const struct model *m, int field, size_t *d);
/* Whether what is shown was found for what is set: else it is on its way. */
bool theatre_fresh(const struct model *m);
/* The errors of an output at the rank of the form; NULL: no draws of this setting, or none at this rank. */
const struct monte_carlo_band *theatre_drawn(const struct model *m, enum perturbed x);
bool theatre_shows(const struct model *m, int field); /* 0 real, 1 complex */

/* How the view is laid out in so many cells; full: the focused pane alone. */
struct theatre_layout {
    int form_high, side_wide; /* 0: one pane alone */
    int columns, rows;        /* of pages: page, page + 1, ... downwards */
};
struct theatre_layout theatre_layout(bool full, int width, int height, int form_high);
bool theatre_page_shown(const struct model *m, enum theatre_page page);

/* An export would be of the method's result, the very rows, unmarked: of the sandbox nothing is written. Fails with
 * ERROR_USAGE, naming the command that writes one simulated output, marked; elsewhere true. */
bool theatre_export(const struct model *m, struct error *err);

/* ---- time ---- */

void theatre_play(struct model *m); /* or pause */
void theatre_move(struct model *m, int frames);
void theatre_miss(struct model *m, bool forward); /* to the next near miss, or the one before */
/* Moves on if it is time; now in ms of a clock that only grows. true: it has moved. */
bool theatre_tick(struct model *m, double now);
/* How long to wait for the next tick, in ms; < 0: none is wanted. */
double theatre_wait(const struct model *m, double now);

/* ---- for the model: what is wanted of the worker, and its answers ---- */

bool theatre_wanted(struct model *m);       /* at once */
bool theatre_wanted_later(struct model *m); /* when no key was pressed for a while */
void theatre_request(struct model *m, struct request *out);
void theatre_accept(struct model *m, struct outcome *o);
void theatre_failed(struct model *m, const struct error *why);
void theatre_stop(struct model *m);
