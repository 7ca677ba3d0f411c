#pragma once

#include "job.h"

/* Several matrices W_i (m_i x n, all fed by the same input) with one shared right factor:
 * W_i ~ A_i B, B = V_k^T of the stack's k leading right singular vectors, A_i = W_i V_k (Peng et al. 2024,
 * arXiv 2402.16319, whose body could not be read: the pairs are theirs, the algebra is Eckart and
 * Young's). S is the sum of the m_i. Pure functions but for those that take a job or an error; any thread. */

enum { JOINT_MEMBERS = 8 };

/* Sizes alone: all that accounting needs. */
struct joint_shape {
    size_t n, p;
    size_t rows[JOINT_MEMBERS];
};
size_t joint_height(const struct joint_shape *s);                 /* S */
size_t joint_rank_most(const struct joint_shape *s);              /* min(n, S) */
uint64_t joint_dense(const struct joint_shape *s);                /* n S parameters */
uint64_t joint_parameters(const struct joint_shape *s, size_t k); /* k (n + S) */
/* The rank from which factors take no fewer parameters than the matrices: nS / (n + S), and m n / (m + n) of
 * member i alone. */
double joint_break_even(const struct joint_shape *s);
double separate_break_even(const struct joint_shape *s, size_t i);
/* floor(keep * break-even): the largest rank of at most that share of the parameters. The joint one is at
 * least 1; separate ones may be 0, so that all together take no more than that share. */
size_t joint_rank_kept(const struct joint_shape *s, double keep);
void separate_ranks_kept(const struct joint_shape *s, double keep, size_t *ranks);

/* How a member is scaled before stacking (undone in A_i): by 1, or over its Frobenius or spectral norm. */
enum balance { BALANCE_NONE, BALANCE_FROBENIUS, BALANCE_SPECTRAL };
extern const char *const balance_names[]; /* "none", ...; NULL-terminated, in enum order */

/* What the singular values and vectors of a group say: errors at every rank by looking up. By Gram
 * matrices in double precision: sigma below about 1e-8 sigma_1 is rounding. */
struct joint_profile {
    struct joint_shape shape;
    enum balance balance;
    double weight[JOINT_MEMBERS]; /* what the members were multiplied by, 1 without balance */
    double norm[JOINT_MEMBERS];   /* ||W_i||_F */
    double total;                 /* of all: the root of the sum of their squares */
    size_t r;                     /* joint_rank_most */
    /* Owned. */
    double *sigma; /* r; of the weighted stack, descending */
    /* p rows of r + 1: ||W_i - A_i B||_F^2 / ||W_i||_F^2 at rank k, without weights; 1 at k = 0 and 0 at
     * k = r; 0 for a zero matrix */
    double *left;
    double *alone; /* p rows of r: sigma of member i itself, 0 beyond its smaller side */
    /* p rows of r + 1: ||V_0^T V_i||_F^2 / k of the k leading right singular vectors of members 0 and i
     * themselves, chance k / n; NAN at 0 and beyond a smaller side. NULL without JOINT_ANGLES. */
    double *overlap;
    struct matrix
        vt; /* r x n, F64: the stack's right singular vectors; {0} without JOINT_VECTORS */
    struct matrix cross[JOINT_MEMBERS]; /* V_0^T V_i, F64; {0} without JOINT_ANGLES */
};
enum { JOINT_VECTORS = 1 << 0, JOINT_ANGLES = 1 << 1 };

/* members: p views of equal width. Takes (p + 5) n^2 doubles for a while; 0.1 s on one core for n = 576 and
 * 2 x 1536 rows, and one call to LAPACK of 9 n^3 operations hears no cancelling. ERROR_USAGE where widths
 * differ or p is 0 or above JOINT_MEMBERS, ERROR_FORMAT for entries that are not finite, ERROR_CANCELLED. */
bool joint_profile_init(struct joint_profile *g, struct job *job, const struct matrix_view *members,
                        size_t p, enum balance balance, unsigned flags, struct error *err);
void joint_profile_finish(struct joint_profile *g); /* {0} and a finished one are fine */

/* Relative errors; k is cut at r. Of the group: root of the sum of squares over `total`; of
 * member i over its own norm. 0 / 0 is 0. */
double joint_error(const struct joint_profile *g, size_t k);
double joint_member_error(const struct joint_profile *g, size_t i, size_t k);
double separate_error(const struct joint_profile *g, const size_t *ranks);
double separate_member_error(const struct joint_profile *g, size_t i, size_t k);
/* Of the weighted stack, whose squared error B minimizes; the share kept, 1 - error^2. */
double joint_energy(const struct joint_profile *g, size_t k);

/* Separate ranks for at most `parameters`, greedily: components by sigma^2 / (m_i + n), largest first. Others
 * may do better: their squared error is smaller by no more than the square of the largest component left out. */
void separate_ranks_greedy(const struct joint_profile *g, uint64_t parameters, size_t *ranks);

/* Cosines of the principal angles between the k leading right singular vectors of members 0 and i,
 * descending. k at most both smaller sides. Needs JOINT_ANGLES. */
bool joint_angles(const struct joint_profile *g, size_t i, size_t k, double *cosines,
                  struct error *err);
