#pragma once

#include "document.h"
#include "job.h"
#include "spectrum.h"
#include "verdict.h"

/* What one matrix is like: its entries, its singular values, the noise it went through, and
 * what rank buys. One thread at a time; a finished anatomy is read by any. */

enum { ANATOMY_BINS = 128, ANATOMY_OUTLIER = 6 };

/* Of the finite entries; all in double precision, moments about the mean in a second pass. */
struct anatomy_statistics {
    uint64_t n, zeros, nonfinite; /* n counts all entries */
    uint64_t outliers;            /* farther than ANATOMY_OUTLIER deviations from the mean */
    double min, max, mean;        /* NAN without a finite entry */
    double deviation;
    double
        kurtosis; /* fourth central moment / deviation^4: 3 for a normal distribution; NAN where all are equal */
};

/* Equal bins over low..high, which is min..max without outliers; what lies outside is counted in
 * `outside`. Their width: 2 IQR / n^(1/3) (Freedman, Diaconis 1981), but 8 to ANATOMY_BINS bins. */
struct anatomy_histogram {
    double low, high; /* equal, and one bin, where all entries are */
    size_t bins;
    uint64_t count[ANATOMY_BINS], outside;
};

/* The matrix in cells, row-major: cell (i, j) has rows i R / rows .. (i + 1) R / rows, and so on. */
struct anatomy_map {
    size_t rows, cols;  /* at most those of the matrix */
    float *mean, *most; /* of |x| over the finite entries of each cell; owned */
};

struct anatomy {
    size_t rows, cols;
    struct anatomy_statistics statistics;
    struct anatomy_histogram histogram;
    struct anatomy_map map;
    double *sigma;            /* owned; the spectrum's */
    struct spectrum spectrum; /* n = 0 where an entry is not finite */
    bool exact;   /* by an SVD in double precision, so that a numerical rank means something;
                               * else from the Gram matrix, where values below `floor` are zero */
    double floor; /* what the rounding of the Gram matrix may hide: sqrt(n eps) sigma_1 */
    double stable_rank, effective_rank;
    size_t rank90, rank99, rank999; /* of the energy: spectrum_energy_rank */
    struct marchenko_pastur noise;  /* from the spectrum itself */
    struct power_law law;
    double rounding; /* deviation of an entry by the rounding of the source; NAN: not rounded */
    double rounding_edge; /* its largest singular value, about: a lower bound where scales differ */
    size_t below_rounding; /* singular values under that edge */
    struct verdict verdict;
    double seconds; /* it took, reading and all */
};

struct anatomy_options {
    enum dtype dtype; /* entries are read as that; F32 is exact for every type of weights but F64 */
    bool exact;       /* an SVD in double precision: takes some times as long, and an F64 copy */
    bool rounding;    /* of Q8_0 and Q4_0: measured; else the verdict knows it not */
    size_t map_rows, map_cols; /* 0: no map */
};

/* Reads an entry and looks at it. Steps of the job: between passes and row panels; its scratch is not used.
 * Zeroes *out on failure. Fails as document_read, linalg and job_step do. */
bool anatomy_of(struct job *job, const struct document *d, const struct entry *e,
                const struct anatomy_options *o, struct anatomy *out, struct error *err);
/* The narrowest type that holds every element of the entry's type; of I64 and U64 the widest there is. */
enum dtype anatomy_dtype(const struct entry *e);
/* The same of entries at hand. deviation: what rounding gave an entry (anatomy_rounding), NAN: nothing;
 * own: the line of the file's type, or NULL (verdict_of); an estimated one gets its rounding from it. */
struct verdict_line anatomy_own(const struct entry *e); /* that line; NULL: of none */
bool anatomy_of_matrix(struct job *job, struct matrix_view a, double deviation,
                       const struct verdict_line *own, const struct anatomy_options *o,
                       struct anatomy *out, struct error *err);
/* The part of it without a spectrum: statistics, histogram, map. What else *out has stays. The
 * caller finishes it, also on failure. */
bool anatomy_entries(struct job *job, struct matrix_view a, const struct anatomy_options *o,
                     struct anatomy *out, struct error *err);
void anatomy_finish(struct anatomy *a); /* {0} is fine */

/* The deviation that rounding gave an entry of the source: blocks (document_noise), levels of a
 * picture, whole numbers. NAN where nothing tells of any. Reads blocks. */
bool anatomy_rounding(const struct document *d, const struct entry *e, double *deviation,
                      struct error *err);
/* The largest singular value of noise of that deviation, about: (sqrt rows + sqrt cols) times it. */
double anatomy_edge(double deviation, size_t rows, size_t cols);
