#pragma once

#include "export.h"
#include "kept.h"
#include "provenance.h"
#include "reference.h"
#include "study.h"

/* The inside of a study, for study.c, coarse.c and study_compare.c alone. */

/* What a comparison has measured. */
struct look {
    const struct method *method;
    struct params_any params;
    bool coarse;
    struct compare_numbers numbers;
};
struct looks {
    struct look *of; /* owned */
    size_t n, room;
};
void looks_forget(struct looks *l);

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
    struct looks looks;
    struct scan scan; /* document NULL: none is open; it has a reference of its own */
    struct reference references[REFERENCES]; /* at reference_bytes; n 0: none */
    size_t n_references;
    uint64_t reference_bytes;
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
/* A picture and the spectrum of the SVDs, while a method goes on from them (coarse.c). */
bool coarse_truncation(struct run *r, struct error *err);

/* The SVD of every plane, unless they are there already. */
bool study_decompose(struct run *r, struct error *err);
/* The Eckart-Young error of all planes together; the SVDs are there. */
double study_optimal(const struct run *r, size_t rank);
/* What a file of an approximation is made of; *p holds its words. */
struct export_request study_file(const struct run *r, const struct approximation *a,
                                 const struct method *m, const struct params_any *params,
                                 struct provenance *p);

/* REQUEST_ANATOMY, REQUEST_SCAN (study_weights.c). */
bool study_anatomy(struct run *r, struct outcome *o, struct error *err);
bool study_scan(struct run *r, struct outcome *o, struct error *err);

/* REQUEST_COMPARE (study_compare.c). */
bool study_compare(struct run *r, struct outcome *o, struct error *err);
/* REQUEST_BESIDE (study_beside.c). */
bool study_beside(struct run *r, struct outcome *o, struct error *err);
/* REQUEST_THEATRE (study_theatre.c). */
bool study_theatre(struct run *r, struct outcome *o, struct error *err);
/* REQUEST_GROUP (study_group.c). */
bool study_group(struct run *r, struct outcome *o, struct error *err);
/* REQUEST_RELEASE (study_release.c). */
bool study_release(struct run *r, struct outcome *o, struct error *err);
bool study_look(struct run *r, struct outcome *o, struct error *err); /* REQUEST_LOOK */
