#pragma once

#include "kept.h"
#include "study.h"

/* The inside of a study, for study.c and coarse.c alone. */

struct study {
    struct backend *backend; /* borrowed */
    struct arena scratch;

    struct selection selection; /* what the rest belongs to; n 0: nothing */
    char entry[NAME_TEXT];
    enum planes planes;
    enum dtype dtype;
    enum nonfinite nonfinite;
    struct matrix matrices[SELECTION_MAX];
    double norm[SELECTION_MAX];
    struct svd svds[SELECTION_MAX];
    size_t n_svds; /* the first so many are there */
    struct brightness brightness;
    struct kept kept; /* the last approximations; the first is the one in hand */
};

/* One request on its way. */
struct run {
    struct study *study;
    const struct request *request;
    struct job job;
    void (*progress)(void *context, double done, const char *stage);
    double part_done; /* of the plane a method is at */
    size_t part;
    struct svd sketch[SELECTION_MAX]; /* first ones, of every plane */
    void (*emit)(void *context, struct outcome *o);
    void *context;
};

/* What is looked at, from the SVDs (all of them, or first sketches). NULL: failed. */
struct subject *study_subject(const struct run *r, const struct svd *svds, bool exact,
                              struct error *err);
/* A picture of SVDs, or, svds NULL, of the kept approximation. NULL: failed. */
struct shown *study_shown(const struct run *r, const struct svd *svds, struct error *err);
void study_emit(const struct run *r, struct outcome *o); /* takes it over */

/* The leading triplets of a large matrix, shown while the SVD is still computed (coarse.c). */
bool coarse_show(struct run *r, struct error *err);
