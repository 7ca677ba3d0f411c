#pragma once

#include "error.h"

#include <stddef.h>

/* What a noisy covariance matrix costs, as numbers alone: no data, no matrix, no file. Gaussian
 * differential privacy (Dong, Roth, Su 2022): one release of A^T A + noise is as hard to tell from the
 * release of a neighbour as N(mu, 1) from N(0, 1), and (epsilon, delta) are read off that curve
 * (Balle, Wang 2018, Theorem 8). Everything that rounds says to which side, and that is always the
 * one of more noise. Logarithms are natural. Pure; any thread. */

/* What neighbours are: the same number of rows, one of them another one; or one row more. */
enum relation { RELATION_REPLACE, RELATION_ADD_REMOVE, RELATIONS };
/* "replace", "add-remove", NULL: choices of a parameter row. */
extern const char *const relation_names[];

/* Noise on a symmetric matrix. s is the deviation of one real number off the diagonal.
 * COMPLEX and REAL: the diagonal has sqrt 2 times it, so that only the Frobenius norm of a
 * difference matters; the imaginary part of COMPLEX is of the same s and counts for nothing where the data are
 * real. IID: one s everywhere on and above the diagonal (Dwork, Talwar, Thakurta, Zhang 2014).
 * FOREIGN: of another program, known by its mu alone; a ledger may hold it, nothing here draws it. */
enum mechanism {
    MECHANISM_COMPLEX,
    MECHANISM_REAL,
    MECHANISM_IID,
    MECHANISMS,
    MECHANISM_FOREIGN = MECHANISMS,
};
/* "complex", "real", "iid", NULL. */
extern const char *const mechanism_names[];
/* The name of any of the four: "foreign", too. */
const char *mechanism_name(enum mechanism m);

#define GDP_EPSILON_MOST 1e5    /* nothing is promised beyond */
#define GDP_DELTA_LEAST  1e-300 /* smaller ones are no numbers of people */

/* False with ERROR_USAGE and a sentence: epsilon within (0, GDP_EPSILON_MOST], delta within
 * [GDP_DELTA_LEAST, 1), clip positive and its square finite and not 0. */
bool gdp_check(double epsilon, double delta, double clip, struct error *err);

/* The delta that goes with epsilon >= 0 under mu > 0: Phi(mu/2 - epsilon/mu) -
 * e^epsilon Phi(-mu/2 - epsilon/mu), without a difference of large or of equal numbers. The
 * nearest number, to gdp_doubt of itself; 0 below the least double. */
double gdp_delta(double epsilon, double mu);
double gdp_log_delta(double epsilon, double mu); /* its logarithm, which does not underflow */
/* How far that logarithm may be off. */
double gdp_doubt(double epsilon, double mu);

/* The largest mu that keeps (epsilon, delta); never too large. Of numbers that gdp_check refuses: 0. */
double gdp_mu(double epsilon, double delta);
/* The least epsilon that mu keeps at delta; never too small. 0 where delta alone is enough. */
double gdp_epsilon(double mu, double delta);

/* Several releases of the same data are one of sqrt(sum mu^2), exactly; rounded up. One alone is
 * itself. */
double gdp_compose(const double *mu, size_t n);
/* The mu that still fits: sqrt(most^2 - spent^2), rounded down; 0: nothing does. */
double gdp_left(double most, double spent);

/* mu under one relation as it is under the other. Ours: replacing is sqrt 2 times adding or removing.
 * FOREIGN: replacing is two steps of adding or removing (group privacy), and nothing follows the
 * other way: infinite. Rounded up. */
double gdp_convert(enum mechanism m, double mu, enum relation from, enum relation to);

/* The most that A^T A can change in the Frobenius norm when rows are of norm <= clip:
 * clip^2 (adding or removing), sqrt 2 clip^2 (replacing; orthogonal rows). */
double gdp_sensitivity(enum relation r, double clip);
/* The most that its upper triangle, diagonal included, can change as a vector: the same two numbers,
 * reached by e1, and by e1 -> e2. */
double gdp_triangle_sensitivity(enum relation r, double clip);

/* The same for A less its own mean, whose norm a public bound says is at most `share` of clip (0..1; 1 where
 * nothing is known), n rows (before the change; 0: not public, the worst):
 *
 *   adding: n/(n+1) (1+share)^2 clip^2;  replacing: (n-1)/n f(share) clip^2,
 *   f(g) = 2 (1+g^2) where 3 g^2 >= 1, else 2 sqrt2 sqrt(1-c^2) (g+c), c = (sqrt(g^2+8) - g)/4:
 *
 * the sup of ||p p^T - q q^T||_F over two points of a ball about a point of norm g. */
double gdp_centred_sensitivity(enum relation r, double clip, double share, double n);

/* s for mu: Delta_F / (sqrt 2 mu), of IID Delta_triangle / mu; rounded up. And the mu of an s, rounded up. */
double gdp_deviation(enum mechanism m, enum relation r, double clip, double mu);
double gdp_mu_of_deviation(enum mechanism m, enum relation r, double clip, double s);
/* What the diagonal's deviation is of s: sqrt 2, of IID 1. */
double gdp_diagonal(enum mechanism m);
