#pragma once

#include "anatomy.h"
#include "approximate.h"
#include "beside_found.h"
#include "brightness.h"
#include "document.h"
#include "goal.h"
#include "group_found.h"
#include "heat_map.h"
#include "histogram.h"
#include "preview.h"
#include "released.h"
#include "run_list.h"
#include "scan_list.h"
#include "theatre_found.h"
#include "theory_curve.h"

/* What the workbench asks of the engine, and what comes back. A study keeps the
 * matrices and their SVDs between requests, so that moving a slider costs only
 * what the slider changes. It runs on the worker's thread; `eigenscope frame` and
 * tests call it directly. */

enum request_kind {
    REQUEST_PICTURE, /* subject (if new) and a picture at these settings */
    REQUEST_QUALITY, /* numbers of a nested picture at this rank: psnr, ssim, size on disk */
    REQUEST_EXPORT,  /* a file */
    REQUEST_SLOT,    /* a picture at the settings of a slot (slots.h) */
    REQUEST_SOLVE,   /* the cheapest setting that meets a goal */
    REQUEST_HEAT,    /* where the error of these settings is, in the picture's frame */
    REQUEST_LEVELS,  /* what is coded at these settings, among the levels */
    REQUEST_OPEN,    /* the file FILE[::NAME] in `path` */
    REQUEST_COMPARE, /* every method at one size, or a grid of one: rows, as they are found */
    REQUEST_ANATOMY, /* what matrix `tensor` of the document is like */
    REQUEST_SCAN,    /* rows of many matrices, as they come; `tensors` NULL: what is kept */
    REQUEST_BESIDE,  /* a matrix and its like of another model */
    REQUEST_GROUP,   /* what one group of matrices is like */
    REQUEST_RELEASE, /* spends: answered whatever happens, and by nothing else */
    REQUEST_LOOK,    /* a release file with another rank, into `path` */
    REQUEST_THEATRE, /* eigenvalues under simulated noise */
    REQUEST_KINDS,
};

enum { PATH_TEXT = 1024 };

struct request {
    uint64_t serial; /* grows with every request */
    enum request_kind kind;
    struct document *document; /* owns one reference; REQUEST_OPEN: NULL */
    char entry[NAME_TEXT];     /* "" : the whole picture, or the only matrix */
    enum planes planes;
    enum dtype dtype; /* of the computation and of dense exports */
    enum nonfinite nonfinite;
    const struct method *method;
    struct params_any params;
    int width, height;    /* of the picture on the screen, pixels */
    char path[PATH_TEXT]; /* REQUEST_EXPORT, REQUEST_OPEN */
    bool force;

    struct region region; /* of the matrix, that the picture shows; {0}: the whole */
    int slot;             /* REQUEST_SLOT: which one */

    struct goal goal;         /* REQUEST_SOLVE */
    const struct param *axis; /* the row it moves */

    double bits; /* REQUEST_COMPARE: at most, true bits an entry */
    bool grid;   /* of `method` about `params` instead */

    size_t tensor; /* REQUEST_ANATOMY: which entry of the document */
    bool exact;    /* its spectrum by an SVD in double precision */

    uint32_t *tensors; /* REQUEST_SCAN: which entries, in this order; owned */
    size_t n_tensors;

    struct group_wish group;     /* REQUEST_GROUP */
    struct beside_wish beside;   /* REQUEST_BESIDE */
    struct theatre_wish theatre; /* REQUEST_THEATRE */

    struct release_wish release; /* REQUEST_RELEASE */
    struct release_look look;    /* REQUEST_LOOK */
};
void request_finish(struct request *r); /* what it owns */

/* What is being looked at: everything that does not change with a slider. */
struct subject {
    size_t rows, cols, planes;
    bool picture;
    size_t n;   /* singular values per plane known so far */
    bool exact; /* all of them, by SVD; otherwise a first sketch of the leading ones */
    double *sigma[SELECTION_MAX]; /* owned; n each */
    double norm[SELECTION_MAX];
    struct matrix
        original[SELECTION_MAX]; /* owned; height x width, F32 in [0, 1], in the space of `shown` */
    uint64_t source_bytes;
    char notice[240];

    struct region region; /* what the originals show; {0}: the whole */
    struct brightness brightness;
    size_t elbow; /* the rank there; 0: not known */
};
void subject_destroy(struct subject *s); /* NULL is fine */
/* Over all planes: sqrt(sum tail^2 / sum norm^2), and sqrt(sum sigma_i^2) as one spectrum. */
double subject_tail(const struct subject *s, size_t rank);
/* The same of n ranks that do not fall, in one pass. */
void subject_tails(const struct subject *s, const double *ranks, size_t n, double *tails);
double subject_sigma(const struct subject *s, size_t i);
/* The rank at the elbow of the spectrum over all planes (spectrum_elbow); fails without memory. */
bool subject_elbow(const struct subject *s, size_t *rank, struct error *err);

/* A picture at the screen's resolution; nested: any rank up to previews[0].rank. */
struct shown {
    const struct method *method;
    struct params_any params;
    bool nested;
    size_t planes;
    enum planes space; /* PLANES_YCBCR: convert back before showing */
    struct preview previews[SELECTION_MAX];

    struct theory_curve theory; /* of the result it shows; n 0: none */
    struct region region;       /* what it shows of the matrix; {0}: the whole */
    int references; /* the screen's and the slots'; the UI thread's alone once it was given */
};
struct shown *shown_ref(struct shown *s); /* one more owner; NULL is fine */
void shown_destroy(struct shown *s);      /* one owner less; the last frees it; NULL is fine */

/* NAN, or 0 for sizes, where not known. */
struct numbers {
    size_t rank, dead;
    double error, optimal, bound, psnr, ssim, seconds;
    uint64_t bits_paper, bits_true, entries;
    uint64_t factors_bytes; /* exact size of the packed factors file */
    uint64_t written_bytes; /* REQUEST_EXPORT */
    /* Where a method ran, and how many operations there and by the processor instead; NULL
     * where none did. */
    const char *backend;
    unsigned long on_device, by_processor;
};
extern const struct numbers study_unknown; /* of which nothing is known */
/* All that a run tells; psnr, ssim and the sizes of files are of the reconstruction. */
struct numbers numbers_of(const struct approximation *a);

/* Histograms of the coded parts, of every plane. */
struct level_map {
    const struct method *method;
    struct params_any params;
    size_t planes;
    struct level_plane {
        size_t n;
        struct histogram of[HISTOGRAM_PARTS];
    } of[SELECTION_MAX];
};

struct outcome {
    uint64_t serial;
    enum request_kind kind;
    bool ok, final;          /* not final: a coarse answer, better ones follow */
    struct error error;      /* when not ok */
    struct subject *subject; /* NULL: as before */
    struct shown *shown;     /* NULL: as before */
    struct numbers numbers;
    char path[PATH_TEXT];
    char trouble[ERROR_TEXT]; /* why the processor stood in for the device; "": it did not */

    int slot; /* REQUEST_SLOT: of which one */

    struct heat_map *heat;    /* REQUEST_HEAT: owned */
    struct level_map *levels; /* REQUEST_LEVELS: owned */

    struct goal_answer answer; /* REQUEST_SOLVE */

    struct document *document; /* REQUEST_OPEN: owned; NULL when not ok */
    char entry[NAME_TEXT];     /* which of its matrices; "": the whole, or the only one */

    struct run_list runs; /* REQUEST_COMPARE: all rows so far; owned */

    size_t tensor;           /* REQUEST_ANATOMY: of which entry */
    struct anatomy *anatomy; /* owned */

    struct scan_list scan; /* REQUEST_SCAN: rows since the outcome before; owned */

    struct group_found *group;     /* REQUEST_GROUP: owned */
    struct beside_found *beside;   /* REQUEST_BESIDE: owned */
    struct theatre_found *theatre; /* REQUEST_THEATRE: owned */

    struct released *released; /* REQUEST_RELEASE: owned */
};
void outcome_finish(struct outcome *o); /* frees what was not taken (set to NULL) */

/* The newer takes over what only the older one carried; the older is finished. */
void outcome_follow(struct outcome *newer, struct outcome *older);

struct study;
struct study *study_create(struct backend *backend, struct error *err); /* borrows the backend */
void study_destroy(struct study *s);

/* Answers one request: calls emit for every outcome, the last one final (or not
 * ok). emit takes the outcome over. Emits nothing when cancelled, but of a release that, too. */
void study_run(struct study *s, const struct request *r, const atomic_bool *cancel,
               void (*progress)(void *context, double done, const char *stage),
               void (*emit)(void *context, struct outcome *o), void *context);
