#pragma once

#include "ensemble.h"
#include "error.h"
#include "param.h"

#include <stdbool.h>

/* What the worker is asked for the theatre of eigenvalue gaps, and what it finds. All of it is the sandbox's:
 * drawn from seeds, of a matrix that is looked at openly. Nothing here can become a release. */

enum { THEATRE_SIDE = 64, THEATRE_STEPS = 240, THEATRE_FIELDS = 2 };

/* The rows of the form. */
struct theatre_setting {
    double epsilon, delta;
    int rank;
    double t;     /* of the whole path, 0..1: what is shown of it */
    double clip;  /* a row is at most that long; public */
    int relation; /* enum relation */
    int scene;    /* 0: the covariance of what is open */
    int runs;     /* behind a band */
    uint64_t seed;
};
extern const struct param_table theatre_rows;

/* The seed of a setting's noise: another one for another setting, also where only epsilon is another, so that
 * no two pictures show one draw at two scales. */
uint64_t theatre_seed(const struct theatre_setting *s);

/* The covariance that noise is added to, by its eigenvalues: the law of noisy eigenvalues and errors
 * depends on nothing else, as the noise has no preferred directions. */
struct theatre_matrix {
    int scene;
    double clip;
    size_t d;
    double *sigma; /* owned; d, descending */
    char name[64];
};

/* Eigenvalues of M + B(t), for times from 0 to `duration` in even steps. The real and the complex noise are two draws. */
struct theatre_paths {
    struct theatre_setting set;
    double duration;
    size_t d;                       /* at most THEATRE_SIDE: of a larger M its leading directions */
    size_t n;                       /* so many of the THEATRE_STEPS + 1 frames are known */
    double *values[THEATRE_FIELDS]; /* owned; n rows of d, descending; [0] real, [1] complex */
};

void theatre_matrix_destroy(struct theatre_matrix *x); /* NULL is fine, as for the next */
void theatre_paths_destroy(struct theatre_paths *x);
