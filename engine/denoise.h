#pragma once

#include "job.h"
#include "linalg.h"
#include "spectrum.h"

/* The denoise lab: does cutting a matrix to a rank take out what was added to it? W = W_0 + N, N of independent
 * entries of deviation s, and hidden in it a mark a x y^T of unit x and y. A cut to W_0's own rank takes out N, and a
 * mark that is weaker than W_0's components; a rule that looks at the spectrum keeps whatever shows above N. (Peng et al. 2024,
 * arXiv 2402.16319, purify weights of a watermark by truncation; how they measured is not known to us.) */

/* A core to test with, of known rank: U diag(sigma) V^T with random orthonormal U and V, sigma evenly
 * from `first` to `last`, and noise beside it. */
struct denoise_made {
    size_t n, rank; /* n x n */
    double first, last, noise;
};
extern const struct denoise_made denoise_made; /* 256, 8, 4, 1.5, 0.02 */

/* Both F64, {0} before; the caller finishes them, also on failure. noisy is core + N. */
bool denoise_make(const struct denoise_made *made, uint64_t seed, struct matrix *core,
                  struct matrix *noisy, struct error *err);

/* Where noise ends: singular values above are kept. */
enum denoise_rule {
    DENOISE_MP, /* s (sqrt rows + sqrt cols): Marchenko, Pastur 1967; s as given, NAN: as the
                    * median of the spectrum has it */
    DENOISE_KNOWN, /* lambda(beta) sqrt(longer) s: Gavish, Donoho 2014, eq. 11; 4 / sqrt 3 where square */
    DENOISE_MEDIAN, /* the same of the s that the median has: their omega(beta); 2.858 where square */
};
enum { DENOISE_RULES = 3 };
extern const char *const denoise_rule_names[]; /* "mp", "known", "median", NULL */

/* NAN where it is not known: `known` without s, a spectrum that ends before its middle. */
double denoise_threshold(enum denoise_rule rule, const struct spectrum *s, double noise);
/* How many singular values lie above it; all of them above NAN. */
size_t denoise_rank(const struct spectrum *s, double threshold);

/* The least mark that shows among the singular values of noise: s (rows cols)^(1/4), which is half of
 * the edge where square (Benaych-Georges, Nadakuditi 2012, section 3.1). A mark a above has the
 * singular value sqrt((a^2 + rows s^2) (a^2 + cols s^2)) / a there; one below moves none of them. */
double denoise_visible(size_t rows, size_t cols, double noise);

/* A marked matrix W + a x y^T and its cuts to all ranks, from prefix sums over its SVD. */
struct denoise {
    size_t rows, cols, n; /* n = min(rows, cols) */
    double mark;          /* a */
    double before;        /* x^T (W + a x y^T) y: what a detector that knows x and y sees */
    double core;          /* ||core||_F */
    /* Owned. */
    double *sigma; /* n; of the marked matrix */
    double norm;   /* its Frobenius norm */
    double *after; /* n + 1: x^T T_k y of the cut T_k to rank k */
    double *error; /* n + 1: ||T_k - core|| / ||core||, good to about 1e-8; 0 / 0 is 0 */
};
/* w, core: of the same shape, F64; core may be w, where it is not known what lies under the noise. x and y are
 * drawn from the seed. One SVD, which cannot be stopped. ERROR_CANCELLED; as linalg_svd. */
bool denoise_init(struct denoise *d, struct job *job, struct matrix_view w, struct matrix_view core,
                  double mark, uint64_t seed, struct error *err);
void denoise_finish(struct denoise *d);                    /* {0} and a finished one are fine */
struct spectrum denoise_spectrum(const struct denoise *d); /* borrows */
