#pragma once

#include "ensemble.h"

/* What is done with a noisy covariance M + E once it is there, in the sandbox and after a release
 * alike: all of it depends on that matrix and on public numbers alone, so that it is post-processing
 * and costs no privacy. Pure; nothing here draws a number or sees M. Fails with ERROR_MEMORY,
 * ERROR_NUMERIC, or ERROR_FORMAT where an entry is not finite. Any thread.
 * Mangoubi, Vishnoi 2023, "Private Covariance Approximation and Eigenvalue-Gap Bounds for Complex
 * Gaussian Perturbations", Algorithm 1, steps 4 to 6. */

/* What of a rank k is handed out where the noise was complex; with real noise both are the top k. */
enum mechanism_form {
    MECHANISM_Y,   /* the real part of the top k, whose rank is up to 2 k: Algorithm 1's output */
    MECHANISM_Y_K, /* the k largest eigenvalues of that: rank k */
};
extern const char *const mechanism_form_names[]; /* "y", "y-k", NULL */

struct mechanism_wish {
    enum field field; /* of the noise */
    size_t rank;      /* k; beyond the side the side */
    enum mechanism_form form;
    bool shrink, clamp; /* see below */
    double deviation;   /* s, of a real part off the diagonal; for shrink alone */
};

/* A symmetric matrix Y as left right, d x rank and rank x d, F64; the columns of left are
 * weighted, and where no value is negative left is right's transpose. */
struct mechanism_output {
    size_t rank;               /* at most min(2 k, d) for complex Y, min(k, d) else */
    struct matrix left, right; /* owned */
    double *values;            /* owned: all d eigenvalues of the noisy matrix, descending */
};

/* noisy: symmetric (d x d) or Hermitian (d x 2 d, parts side by side as ensemble.h has them), its
 * lower triangle read, F64. The k largest eigenvalues are kept, by sign, not by modulus; shrink and clamp
 * are done to them; then the real part is taken, and cut to rank k where the form says so. */
bool mechanism_process(struct matrix_view noisy, const struct mechanism_wish *wish,
                       struct mechanism_output *out, struct error *err);
void mechanism_finish(struct mechanism_output *o); /* {0} and a finished one are fine */

/* Y, d x d, F64: the two triangles are the same bits. Fails with ERROR_MEMORY. */
bool mechanism_matrix(const struct mechanism_output *o, struct matrix_view out, struct error *err);

/* Frobenius-optimal for a spike in such noise over a tail of zeros, d large: with the variance v of an
 * entry (s^2 real, 2 s^2 complex) and edge 2 sqrt(v d), 0 up to the edge, above it
 * sqrt(value^2 - 4 v d): the spike theta times the squared overlap c = 1 - v d / theta^2 of the
 * vectors. Of complex noise only the real part of the projector stays, whose squared norm is
 * (1 + c^2) / 2, so that theta c 2 / (1 + c^2) is best. */
double mechanism_shrink(enum field field, double deviation, size_t d, double value);
