#pragma once

#include "dyson.h"
#include "gap_statistics.h"
#include "monte_carlo.h"
#include "param.h"

#include <stdbool.h>

/* What the worker is asked for the theatre of eigenvalue gaps, and what it finds. All of it is the sandbox's:
 * drawn from seeds, of a matrix that is looked at openly. Nothing here can become a release. */

enum {
    THEATRE_D = 512,   /* the largest M that is looked at */
    THEATRE_SIDE = 64, /* of a larger M, paths are of its leading directions */
    THEATRE_STEPS = 240,
    THEATRE_FIELDS = 2,      /* [0] real, [1] complex */
    THEATRE_MISSES = 12,     /* of each field, the nearest */
    THEATRE_GAP_SIDE = 64,   /* of the noise whose gaps are counted */
    THEATRE_GAP_DRAWS = 500, /* at a time */
    THEATRE_GAP_MOST = 8000
};
static inline enum field theatre_field_of(int i)
{
    return i ? FIELD_COMPLEX : FIELD_REAL;
}

/* The rows of the form. */
struct theatre_setting {
    double epsilon, delta;
    int rank;
    double t;        /* of the whole path, 0..1: what is shown of it */
    double clip;     /* a row is at most that long; public */
    int relation;    /* enum relation */
    int calibration; /* enum theatre_calibration */
    int data;        /* 1: what is open is a covariance already */
    int scene;       /* 0: what is open; else dyson_scenes[scene - 1] */
    int runs;        /* behind a band */
    uint64_t seed;
};
enum theatre_calibration { THEATRE_TIGHT, THEATRE_CLASSICAL };
extern const struct param_table theatre_rows;
void theatre_rows_begin(void); /* once, before the first use: names the scenes */

/* The scene of a setting; NULL: what is open. */
const struct dyson_scene *theatre_scene(const struct theatre_setting *s);
/* The deviation of a real entry off the diagonal at the end of the path: what epsilon asks for, or the scene's. */
double theatre_deviation(const struct theatre_setting *s);
/* The seed of a setting's noise: another one for another setting, also where only epsilon is another, so that
 * no two pictures show one draw at two scales. */
uint64_t theatre_seed(const struct theatre_setting *s);

/* Whether what was found for one setting holds for another. */
bool theatre_same_matrix(const struct theatre_setting *a, const struct theatre_setting *b);
bool theatre_same_noise(const struct theatre_setting *a, const struct theatre_setting *b);

/* The covariance that noise is added to, by its eigenvalues: the law of noisy eigenvalues and errors
 * depends on nothing else, as the noise has no preferred directions. */
struct theatre_matrix {
    struct theatre_setting set;
    size_t d;
    double *sigma; /* owned; d, descending */
};

/* Eigenvalues of M + B(t), from t = 0 to s^2 / 2 in even steps; the real and the complex noise are two draws. */
struct theatre_paths {
    struct theatre_setting set;
    double deviation; /* s at the end */
    size_t steps;     /* frames of the whole path; fewer may be known yet */
    struct dyson_path of[THEATRE_FIELDS];
    struct dyson_miss miss[THEATRE_FIELDS][THEATRE_MISSES];
    size_t misses[THEATRE_FIELDS];
};

/* Many simulated releases, at `ranks` of them and of every eigenvalue. */
struct theatre_bands {
    struct theatre_setting set;
    size_t n_ranks, ranks[MONTE_CARLO_RANKS];
    struct monte_carlo_found found; /* outputs: real, shrunk, y */
};

/* Gaps of noise alone, so many draws more. */
struct theatre_tally {
    uint64_t seed;
    uint32_t first;
    struct gap_statistics of[THEATRE_FIELDS];
};

enum { THEATRE_PATHS = 1 << 0, THEATRE_BANDS = 1 << 1, THEATRE_TALLY = 1 << 2 };

struct theatre_wish {
    unsigned what; /* one of these */
    struct theatre_setting set;
    double *sigma; /* owned; d: as found before; NULL: to be found first */
    size_t d;
    uint32_t first; /* THEATRE_TALLY: draws before */
};
void theatre_wish_finish(struct theatre_wish *w);

/* Parts that were not asked for are NULL; all owned. */
struct theatre_found {
    unsigned what;
    struct theatre_matrix *matrix;
    struct theatre_paths *paths;
    struct theatre_bands *bands;
    struct theatre_tally *tally;
};
/* The newer takes over the matrix that only the older one has. Either may be NULL. */
void theatre_found_follow(struct theatre_found *newer, struct theatre_found *older);
void theatre_found_destroy(struct theatre_found *f); /* NULL is fine, as for the next */
void theatre_matrix_destroy(struct theatre_matrix *x);
void theatre_paths_destroy(struct theatre_paths *x);
void theatre_bands_destroy(struct theatre_bands *x);
