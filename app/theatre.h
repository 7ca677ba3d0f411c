#pragma once

#include "theatre_found.h"

/* The privacy view's part of the model: the sandbox. What its form says, what is played, and what the worker
 * found. Every frame is a function of this: nothing is drawn at random between two of them. UI thread only. */

struct model;

/* What stands beside the paths; a large screen shows the ones after it as well. */
enum theatre_page { THEATRE_PAGE_GAPS, THEATRE_PAGES };
extern const char *const theatre_page_names[]; /* NULL-terminated, in enum order */

enum theatre_focus {
    THEATRE_FOCUS_PATHS,
    THEATRE_FOCUS_PAGE,
    THEATRE_FOCUS_FORM,
    THEATRE_FOCUS_COUNT
};
extern const char *const theatre_focus_names[];

struct theatre {
    struct theatre_setting set;
    size_t field;                  /* the row of the form that keys change */
    int page, focus;               /* enum theatre_page, theatre_focus */
    struct theatre_matrix *matrix; /* owned, as the next; NULL: not known yet */
    struct theatre_paths *paths;
};

void theatre_reset(struct model *m);  /* the form as at the start */
void theatre_forget(struct model *m); /* what was found of what is no longer open */

const struct param *theatre_field(const struct model *m); /* the focused row */
/* The largest value of a row that makes sense here: a rank ends at d. */
double theatre_limit(const struct model *m, const struct param *p);
void theatre_put(struct model *m, const struct param *p, double value); /* clamped */
void theatre_step(struct model *m, const struct param *p, int direction, bool coarse);
