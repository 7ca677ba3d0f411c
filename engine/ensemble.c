/* Eigenvalues: Jacobi's rotations in the round-robin order of Brent and Luk (1985), in which
 * the rotations of a round touch different rows and columns. A device runs a round at once,
 * we one rotation after the other; the order is the same, and so is the result but for
 * rounding. Rotations of a Hermitian matrix: Golub, Van Loan, Matrix Computations, 8.5. */

#include "ensemble.h"

#include "random.h"

#include <assert.h>
#include <float.h>
#include <math.h>

enum { SWEEPS_MAX = 30 };  /* 64 x 64 needs nine or ten */
#define NEGLIGIBLE 0x1p-60 /* beside a largest entry of 1 */

/* ---- noise ---- */

/* Normal number `n` of a row: those of a Gaussian sketch. */
static float normal(uint64_t seed, uint32_t matrix, uint32_t row, size_t n)
{
    struct philox p = philox_block(seed, (uint32_t)(n / 4), row, STREAM_NOISE, matrix);
    float pair[2];
    size_t word = n % 4 / 2 * 2;
    random_normals(p.word[word], p.word[word + 1], pair);
    return pair[n % 2];
}

/* In single precision where the entries are, so that a device without double gives the same bits. */
static void put(struct matrix_view out, size_t i, size_t j, double deviation, float z)
{
    bool wide = out.dtype == DTYPE_F64;
    matrix_put(out, i, j, wide ? deviation * (double)z : (double)((float)deviation * z));
}

void ensemble_noise(enum field field, uint64_t seed, uint32_t first, double deviation,
                    struct matrix_view out)
{
    size_t d = ensemble_side(field, out.cols);
    for (size_t r = 0; r < out.rows; r++) {
        size_t i = r % d, top = r - i;
        uint32_t matrix = first + (uint32_t)(r / d);
        for (size_t j = 0; j <= i; j++) {
            size_t n = j * (size_t)field;
            put(out, r, j, i == j ? sqrt(2) * deviation : deviation,
                normal(seed, matrix, (uint32_t)i, n));
            matrix_put(out, top + j, i, matrix_at(out, r, j));
            if (field == FIELD_REAL)
                continue;
            put(out, r, d + j, i == j ? 0 : deviation, normal(seed, matrix, (uint32_t)i, n + 1));
            matrix_put(out, top + j, d + i, i == j ? 0 : -matrix_at(out, r, d + j));
        }
    }
}

/* ---- eigenvalues ---- */

/* A Hermitian matrix over `scale`; both triangles. */
struct hermitian {
    size_t d;
    double scale;
    double re[EIGEN_MAX][EIGEN_MAX], im[EIGEN_MAX][EIGEN_MAX];
};

/* x: one matrix of a batch. */
static bool gather(enum field field, struct matrix_view x, struct hermitian *h)
{
    bool finite = true;
    h->d = x.rows;
    h->scale = 0;
    for (size_t i = 0; i < h->d; i++)
        for (size_t j = 0; j <= i; j++) {
            double re = matrix_at(x, i, j);
            double im = field == FIELD_COMPLEX && j < i ? matrix_at(x, i, h->d + j) : 0;
            finite &= fabs(re) <= DBL_MAX && fabs(im) <= DBL_MAX;
            h->scale = fmax(h->scale, fmax(fabs(re), fabs(im)));
            h->re[i][j] = h->re[j][i] = re;
            h->im[i][j] = im;
            h->im[j][i] = -im;
        }
    for (size_t i = 0; finite && h->scale > 0 && i < h->d; i++)
        for (size_t j = 0; j < h->d; j++) {
            h->re[i][j] /= h->scale;
            h->im[i][j] /= h->scale;
        }
    return finite;
}

/* Columns p and q times [c, s; -conj s, c], rows p and q times its adjoint. False: nothing to do. */
static bool rotate(struct hermitian *h, size_t p, size_t q)
{
    double g = hypot(h->re[p][q], h->im[p][q]);
    double gap = h->re[q][q] - h->re[p][p];
    if (g <= NEGLIGIBLE)
        return false;
    double t = (gap < 0 ? -2 : 2) * g / (fabs(gap) + sqrt(gap * gap + 4 * g * g));
    double c = 1 / sqrt(1 + t * t);
    double re = t * c * (h->re[p][q] / g), im = t * c * (h->im[p][q] / g);
    for (size_t i = 0; i < h->d; i++) {
        if (i == p || i == q)
            continue;
        double pr = h->re[i][p], pi = h->im[i][p], qr = h->re[i][q], qi = h->im[i][q];
        h->re[p][i] = h->re[i][p] = c * pr - (re * qr + im * qi);
        h->im[i][p] = c * pi - (re * qi - im * qr);
        h->re[q][i] = h->re[i][q] = re * pr - im * pi + c * qr;
        h->im[i][q] = re * pi + im * pr + c * qi;
        h->im[p][i] = -h->im[i][p];
        h->im[q][i] = -h->im[i][q];
    }
    h->re[p][p] -= t * g;
    h->re[q][q] += t * g;
    h->re[p][q] = h->re[q][p] = h->im[p][q] = h->im[q][p] = 0;
    return true;
}

/* Player `seat` of round `round` of a tournament of n (even): the last one keeps its seat. */
static size_t player(size_t n, size_t round, size_t seat)
{
    return seat == n - 1 ? seat : (seat + round) % (n - 1);
}

/* Every pair once. */
static bool sweep(struct hermitian *h)
{
    size_t n = h->d + h->d % 2;
    bool any = false;
    for (size_t round = 0; round + 1 < n; round++)
        for (size_t pair = 0; pair < n / 2; pair++) {
            size_t a = player(n, round, pair), b = player(n, round, n - 1 - pair);
            size_t p = a < b ? a : b, q = a < b ? b : a;
            if (q < h->d) /* an odd one has nobody to play with */
                any |= rotate(h, p, q);
        }
    return any;
}

/* Its place among the values, descending; equal ones in their order. */
static size_t rank_of(const struct hermitian *h, size_t i)
{
    size_t rank = 0;
    for (size_t j = 0; j < h->d; j++)
        rank += h->re[j][j] > h->re[i][i] || (j < i && h->re[j][j] == h->re[i][i]);
    return rank;
}

void ensemble_eigen(enum field field, struct matrix_view x, struct matrix_view out)
{
    struct hermitian h = { 0 };
    size_t d = ensemble_side(field, x.cols);
    assert(d <= EIGEN_MAX && out.cols == d && out.rows * d == x.rows);
    for (size_t m = 0; m < out.rows; m++) {
        bool finite = gather(field, matrix_block(x, m * d, 0, d, x.cols), &h);
        for (int i = 0; finite && i < SWEEPS_MAX && sweep(&h); i++)
            continue;
        for (size_t i = 0; i < d; i++)
            matrix_put(out, m, finite ? rank_of(&h, i) : i,
                       finite ? h.re[i][i] * h.scale : (double)NAN);
    }
}
