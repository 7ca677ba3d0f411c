/* Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011. Normals: Box, Muller 1958, in single precision on polynomials
 * of our own (minimax on the reduced ranges), because the log and sin of a graphics
 * driver are not accurate enough and differ from machine to machine. Every step is
 * one rounded operation: compile without contraction into fma. */

#include "random.h"

#include <math.h>
#include <string.h>

const char *const sketch_names[] = { "gaussian", "rademacher", "sparse",
                                     "hadamard", "popcount",   NULL };

struct philox philox_block(uint64_t seed, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3)
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return (struct philox){ { c0, c1, c2, c3 } };
}

/* ln x for 0 < x < 1, x a normal number: x = m 2^e with m in [sqrt 1/2, sqrt 2),
 * ln m by the Cephes polynomial. */
static float log_unit(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    int e = (int)(bits >> 23) - 126;
    bits = (bits & 0x007fffffu) | 0x3f000000u;
    float m;
    memcpy(&m, &bits, sizeof(m)); /* in [1/2, 1) */
    if (m < 0.70710678f) {
        e--;
        m = m + m;
    }
    m = m - 1.0f;
    float z = m * m;
    float y = 7.0376836292e-2f;
    static const float c[] = { -1.1514610310e-1f, 1.1676998740e-1f,  -1.2420140846e-1f,
                               1.4249322787e-1f,  -1.6668057665e-1f, 2.0000714765e-1f,
                               -2.4999993993e-1f, 3.3333331174e-1f };
    for (int i = 0; i < 8; i++)
        y = y * m + c[i];
    y = y * m * z;
    float ef = (float)e;
    y = y + ef * -2.12194440e-4f;
    y = y - 0.5f * z;
    return m + y + ef * 0.693359375f;
}

/* cos and sin of 2 pi u: the octant exactly, in integers, then polynomials on [-pi/4, pi/4]. */
static void circle(uint32_t word, float *cosine, float *sine)
{
    uint32_t turn = word >> 9;                    /* 23 bits of a turn */
    uint32_t quarter = (turn + (1u << 20)) >> 21; /* the nearest quarter turn, 0..4 */
    uint32_t quadrant = quarter & 3;
    int32_t rest = (int32_t)turn - (int32_t)(quarter << 21); /* [-2^20, 2^20) */
    float t = ((float)rest + 0.5f) * 0x1p-23f * 6.28318530717958647692f;
    float z = t * t;
    float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * t + t;
    float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) *
                  z * z -
              0.5f * z + 1.0f;
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
    *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
}

void random_normals(uint32_t a, uint32_t b, float out[2])
{
    float radius = sqrtf(-2.0f * log_unit(random_unit(a)));
    float c, s;
    circle(b, &c, &s);
    out[0] = radius * c;
    out[1] = radius * s;
}

/* Four entries of a row, columns 4 block .. 4 block + 3. */
struct row {
    uint64_t seed;
    uint32_t stream, matrix, row;
};

static void gaussian_four(const struct row *r, uint32_t block, double out[4])
{
    struct philox p = philox_block(r->seed, block, r->row, r->stream, r->matrix);
    float pair[2];
    for (size_t i = 0; i < 2; i++) {
        random_normals(p.word[2 * i], p.word[2 * i + 1], pair);
        out[2 * i] = (double)pair[0];
        out[2 * i + 1] = (double)pair[1];
    }
}

static void rademacher_four(const struct row *r, uint32_t block, double out[4])
{
    struct philox p = philox_block(r->seed, block, r->row, r->stream, r->matrix);
    for (int i = 0; i < 4; i++)
        out[i] = p.word[i] >> 31 ? -1 : 1;
}

/* Thirty-two coins an entry. One product in single precision, so that a device that has no
 * other gives the same bits. */
static void popcount_four(const struct row *r, uint32_t block, double out[4])
{
    struct philox p = philox_block(r->seed, block, r->row, r->stream, r->matrix);
    for (int i = 0; i < 4; i++)
        out[i] = (double)((float)(__builtin_popcount(p.word[i]) - 16) * 0.35355339f);
}

/* Column j of a randomised Hadamard matrix: a sign per row, and the Walsh function
 * number (odd j + b) mod 2^31, so that columns are distinct and a wider sketch extends a narrower one. */
static void hadamard_four(const struct row *r, uint32_t block, double out[4])
{
    struct philox sign = philox_block(r->seed, 0, r->row, r->stream, r->matrix);
    struct philox pick = philox_block(r->seed, 1, 0xffffffffu, r->stream, r->matrix);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t walsh = (pick.word[0] | 1) * (4 * block + i) + pick.word[1];
        bool negative = (__builtin_popcount(walsh & r->row) ^ (int)(sign.word[0] >> 31)) & 1;
        out[i] = negative ? -1 : 1;
    }
}

/* min(4, cols) distinct places of a row get +-sqrt(cols / 4). */
static void sparse_row(const struct row *r, double scale, struct matrix_view out)
{
    size_t cols = out.cols, n = cols < 4 ? cols : 4, places[4];
    double value = scale * sqrt((double)cols / (double)n);
    struct philox p = philox_block(r->seed, 0, r->row, r->stream, r->matrix);
    for (size_t j = 0; j < cols; j++)
        matrix_put(out, r->row, j, 0);
    for (size_t i = 0; i < n; i++) { /* Floyd's sampling without replacement */
        size_t top = cols - n + i, pick = (size_t)((uint64_t)(p.word[i] >> 1) * (top + 1) >> 31);
        for (size_t j = 0; j < i; j++)
            if (places[j] == pick)
                pick = top;
        places[i] = pick;
        matrix_put(out, r->row, pick, p.word[i] & 1 ? -value : value);
    }
}

void random_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                 double scale, struct matrix_view out)
{
    static void (*const four[])(const struct row *r, uint32_t block, double out[4]) = {
        [SKETCH_GAUSSIAN] = gaussian_four,
        [SKETCH_RADEMACHER] = rademacher_four,
        [SKETCH_HADAMARD] = hadamard_four,
        [SKETCH_POPCOUNT] = popcount_four,
    };
    for (size_t i = 0; i < out.rows; i++) {
        struct row r = { seed, (uint32_t)stream, matrix, (uint32_t)i };
        if (kind == SKETCH_SPARSE) {
            sparse_row(&r, scale, out);
            continue;
        }
        for (size_t j = 0; j < out.cols; j += 4) {
            double values[4];
            four[kind](&r, (uint32_t)(j / 4), values);
            for (size_t k = 0; k < 4 && j + k < out.cols; k++)
                matrix_put(out, i, j + k, scale * values[k]);
        }
    }
}
