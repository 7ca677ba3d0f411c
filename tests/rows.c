/* Rows to integers (A2, A10): norms as integers, each row on its own; and the Gram matrix of them with
 * its check. "strict" as first argument: A2's 100,000 pairs. */

#include "check.h"

#include "backend.h"
#include "exact.h"
#include "gram_check.h"
#include "memory.h"
#include "rows.h"
#include "wipe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 15, SIDE = 9 };
static const struct row_rule plain = { .clip = 1, .bits = BITS };

static uint64_t state = 88172645463325252u;

static uint64_t word(void) /* xorshift64 */
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

static double uniform(void)
{
    return (double)(word() >> 11) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform() + 0x1p-54)) * cos(2 * 3.14159265358979323846 * uniform());
}

static struct matrix_view view_of(double *rows, size_t n, size_t d)
{
    return (struct matrix_view){ rows, n, d, d, 1, DTYPE_F64 };
}

static void scale_row(double *row, size_t d, double norm)
{
    double sum = 0;
    for (size_t j = 0; j < d; j++)
        row[j] = normal(), sum += row[j] * row[j];
    for (size_t j = 0; j < d; j++)
        row[j] = row[j] / sqrt(sum) * norm;
}

static bool fits(const int32_t *row, size_t d, unsigned bits)
{
    int64_t sum = 0;
    for (size_t j = 0; j < d; j++)
        sum += (int64_t)row[j] * row[j];
    return sum <= (int64_t)1 << 2 * bits && rows_fit(row, d, bits);
}

/* Any norm there is, and grids from the coarsest to the finest. */
static void norms(void)
{
    static const double sizes[] = {
        0,   4.9e-324, 1e-310, 1e-300, 1e-20, 0.5,   0.99999999999, 1, 1.0000000000000002,
        1.5, 1e5,      1e20,   1e154,  1e200, 1e300, 1.7e308
    };
    long bad = 0, n = 0, short_of = 0;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++)
        for (int i = 0; i < 2000; i++, n++) {
            double row[SIDE], want = fmin(sizes[k], 1), got = 0;
            int32_t out[SIDE];
            struct row_rule rule = { .clip = 1, .bits = 4 + (unsigned)(i % 13) };
            size_t d = 1 + word() % SIDE;
            scale_row(row, d, sizes[k]);
            rows_quantise(view_of(row, 1, d), &rule, out);
            bad += !fits(out, d, rule.bits);
            for (size_t j = 0; j < d; j++)
                got += (double)out[j] * out[j];
            got = ldexp(sqrt(got), -(int)rule.bits);
            short_of += got < want - ldexp(1.01 * sqrt((double)d), -(int)rule.bits) ||
                        got > want + 1e-15;
        }
    printf("# %ld rows of norms 0 to 1.7e308: %ld too long, %ld too short\n", n, bad, short_of);
    CHECK(bad == 0);
    CHECK(short_of == 0);
}

/* One whose rounded norm is above the clip's, where only the integers tell. */
static void borders(void)
{
    long bad = 0, wrong = 0;
    for (int i = 0; i < 200000; i++) {
        double row[3];
        int32_t out[3];
        double angle = uniform() * 6.283185307179586, turn = uniform() * 6.283185307179586;
        row[0] = cos(angle), row[1] = sin(angle) * cos(turn), row[2] = sin(angle) * sin(turn);
        struct row_rule rule = { .clip = 1, .bits = 16 };
        rows_quantise(view_of(row, 1, 3), &rule, out);
        bad += !fits(out, 3, 16);
        for (int j = 0; j < 3; j++)
            wrong += fabs(out[j] - row[j] * 65536) > 2 ||
                     (out[j] != 0 && (out[j] > 0) != (row[j] > 0));
    }
    double one[3] = { -1, 0, 0 };
    int32_t out[3];
    rows_quantise(view_of(one, 1, 3), &plain, out);
    CHECK(out[0] == -(1 << BITS) && out[1] == 0 && out[2] == 0); /* exactly the clip stays */
    CHECK(bad == 0 && wrong == 0);
    CHECK(rows_fit((int32_t[]){ 3, 4, -5 }, 2, 4) && !rows_fit((int32_t[]){ 15, 5, -3 }, 3, 4));
}

static void not_numbers(void)
{
    static const double bad[] = { (double)NAN, HUGE_VAL, -HUGE_VAL };
    long wrong = 0;
    for (size_t k = 0; k < 3; k++)
        for (size_t at = 0; at < 4; at++) {
            double rows[12] = { 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4 };
            int32_t out[12];
            rows[4 + at] = bad[k];
            rows_quantise(view_of(rows, 3, 4), &plain, out);
            for (size_t j = 0; j < 4; j++) {
                wrong += out[4 + j] != 0 || out[j] != out[8 + j];
                wrong += out[j] != (int32_t)(rows[j] * 32768);
            }
        }
    CHECK(wrong == 0);
}

static void centres(void)
{
    double rows[4] = { 3.25, -1.5, 3.25, 1e308 }, centre[2] = { 3, -1.5 },
           far[2] = { -1e308, -1e308 };
    int32_t out[4];
    struct row_rule rule = { .clip = 0.5, .bits = 4, .centre = centre };
    rows_quantise(view_of(rows, 2, 2), &rule, out);
    CHECK(out[0] == 8 && out[1] == 0 && out[2] == 0 && out[3] == 16);
    rule.centre = far; /* 1e308 + 1e308 is no number any more */
    rows_quantise(view_of(rows, 2, 2), &rule, out);
    CHECK(out[2] == 0 && out[3] == 0 && (out[0] || out[1]));
}

/* ||v v^T - u u^T||_F^2, exactly. */
static double distance(const int32_t *u, const int32_t *v, size_t d)
{
    double uu = 0, vv = 0, uv = 0;
    for (size_t j = 0; j < d; j++) {
        uu += (double)u[j] * u[j];
        vv += (double)v[j] * v[j];
        uv += (double)u[j] * v[j];
    }
    return sqrt(uu * uu + vv * vv - 2 * uv * uv) / 0x1p30;
}

static void sensitivity(long pairs)
{
    double most = 0, alone = 0, orthogonal[4] = { 5, 0, 0, -7 };
    int32_t out[2 * SIDE] = { 0 }, zero[SIDE] = { 0 };
    for (long i = 0; i < pairs; i++) {
        double rows[2 * SIDE];
        scale_row(rows, SIDE, exp(3 * normal()));
        scale_row(rows + SIDE, SIDE, exp(3 * normal()));
        rows_quantise(view_of(rows, 2, SIDE), &plain, out);
        most = fmax(most, distance(out, out + SIDE, SIDE));
        alone = fmax(alone, distance(out, zero, SIDE));
    }
    rows_quantise(view_of(orthogonal, 2, 2), &plain, out);
    double reached = distance(out, out + 2, 2);
    printf("# %ld pairs: replaced %.6f, one more %.6f, orthogonal %.6f\n", pairs, most, alone,
           reached);
    CHECK(most <= sqrt(2) * (1 + 1e-12) && reached <= sqrt(2) * (1 + 1e-12) && reached > 1.40);
    CHECK(alone <= 1 && alone > 0.99);
}

/* ---- the Gram matrix ---- */

enum { N = 301, D = 37 };

static void fill(double *rows)
{
    for (size_t i = 0; i < (size_t)N * D; i++)
        rows[i] = normal() * (i % 5 ? 0.1 : 3);
}

/* What a permutation leaves must be the same bits; and so must be either type of entry. */
static void permuted(void)
{
    static double rows[N * D], turned[N * D];
    static float narrow[N * D];
    static int32_t a[N * D], b[N * D];
    static int64_t sums[2][D * D];
    fill(rows);
    for (size_t i = 0; i < N; i++)
        memcpy(turned + (i * 100 + 7) % N * D, rows + i * D, D * sizeof(*rows));
    rows_quantise(view_of(rows, N, D), &plain, a);
    rows_quantise(view_of(turned, N, D), &plain, b);
    exact_gram(a, N, D, sums[0]);
    exact_gram(b, N, D, sums[1]);
    CHECK(memcmp(a, b, sizeof(a)) != 0 && memcmp(sums[0], sums[1], sizeof(sums[0])) == 0);
    for (size_t i = 0; i < (size_t)N * D; i++)
        narrow[i] = (float)rows[i], rows[i] = (double)narrow[i];
    rows_quantise((struct matrix_view){ narrow, N, D, D, 1, DTYPE_F32 }, &plain, a);
    rows_quantise(view_of(rows, N, D), &plain, b);
    CHECK(memcmp(a, b, sizeof(a)) == 0);
}

static bool holds(const int32_t *rows, size_t n, size_t d, const int64_t *gram, struct chacha *c)
{
    struct error err;
    bool yes = false;
    CHECK(gram_check(rows, n, d, gram, c, &yes, &err));
    return yes;
}

/* Every bit of every entry flipped, once in one triangle and once in both. */
static void flipped(struct chacha *c)
{
    enum { SMALL = 6, FEW = 20 };
    int32_t rows[FEW * SMALL];
    int64_t gram[SMALL * SMALL], keep;
    long missed = 0, n = 0;
    struct error err;
    for (size_t i = 0; i < FEW * SMALL; i++)
        rows[i] = (int32_t)(word() >> 40) % 32768 - 16384;
    exact_gram(rows, FEW, SMALL, gram);
    for (size_t i = 0; i < SMALL; i++)
        for (size_t j = 0; j < SMALL; j++)
            for (int bit = 0; bit < 64; bit++)
                for (int both = 0; both < 2; both++, n++) {
                    bool yes;
                    int64_t flip = (int64_t)((uint64_t)1 << bit);
                    keep = gram[i * SMALL + j];
                    gram[i * SMALL + j] ^= flip;
                    if (both)
                        gram[j * SMALL + i] = gram[i * SMALL + j];
                    missed += !gram_check(rows, FEW, SMALL, gram, c, &yes, &err) || yes;
                    gram[i * SMALL + j] = gram[j * SMALL + i] = keep;
                }
    printf("# %ld flipped bits, %ld not seen\n", n, missed);
    CHECK(missed == 0);
    CHECK(holds(rows, FEW, SMALL, gram, c));
    for (int k = 0; k < 64; k++) { /* what a check modulo 2^61 - 1 would not see */
        bool yes;
        gram[7] += ((int64_t)1 << 61) - 1;
        missed += !gram_check(rows, FEW, SMALL, gram, c, &yes, &err) || yes;
        gram[7] -= ((int64_t)1 << 61) - 1;
    }
    CHECK(missed == 0);
}

/* Rows at the ends of what they may be, and none. */
static void extremes(struct chacha *c)
{
    enum { MANY = 9000 };
    static int32_t rows[MANY * 2];
    int64_t gram[4], none[9] = { 0 };
    for (size_t i = 0; i < MANY; i++)
        rows[2 * i] = i % 3 ? 65536 : -65536, rows[2 * i + 1] = i % 2 ? 65536 : -65536;
    exact_gram(rows, MANY, 2, gram);
    CHECK(gram[0] == MANY * ((int64_t)1 << 32) && holds(rows, MANY, 2, gram, c));
    CHECK(holds(rows, 0, 3, none, c));
    none[4] = 1;
    CHECK(!holds(rows, 0, 3, none, c));
}

static void devices(struct chacha *c)
{
    static double rows[N * D];
    static int32_t a[N * D];
    static int64_t sums[2][D * D];
    struct error err = { 0 };
    fill(rows);
    rows_quantise(view_of(rows, N, D), &plain, a);
    exact_gram(a, N, D, sums[0]);
    struct backend *b = backend_open("vulkan", NULL, &err);
    if (!b) {
        printf("ok %d - no Vulkan device # SKIP\n", ++checks);
        return;
    }
    bool ok = backend_gram_exact(b, a, N, D, sums[1], &err);
    CHECK(ok && backend_counts(b).device[OP_GRAM_EXACT] == 1);
    CHECK(memcmp(sums[0], sums[1], sizeof(sums[0])) == 0);
    CHECK(holds(a, N, D, sums[1], c));
    backend_close(b);
}

/* ---- what is wiped ---- */

static void secrets(void)
{
    struct error err;
    struct secret s, none;
    size_t before = memory_used();
    float entries[6] = { 1, 2, 3, 4, 5, 6 };
    CHECK(secret_init(&s, 10000, &err) && secret_init(&none, 0, &err));
    CHECK((uintptr_t)s.data % 4096 == 0 && s.pages >= s.size);
    memset(s.data, 7, s.size);
    secret_finish(&s);
    secret_finish(&s);
    secret_finish(&none);
    CHECK(memory_used() == before && !s.data);
    wipe_view((struct matrix_view){ entries, 3, 1, 2, 1, DTYPE_F32 });
    CHECK(entries[0] == 0 && entries[1] == 2 && entries[4] == 0 && entries[5] == 6);
    memory_fail_after(0);
    CHECK(!secret_init(&s, 10000, &err) && err.code == ERROR_MEMORY);
    secret_finish(&s);
    memory_fail_after(-1);
}

int main(int argc, char **argv)
{
    struct error err;
    struct chacha c;
    norms();
    borders();
    not_numbers();
    centres();
    sensitivity(argc > 1 && !strcmp(argv[1], "strict") ? 100000 : 10000);
    permuted();
    CHECK(chacha_start(&c, &err));
    flipped(&c);
    extremes(&c);
    devices(&c);
    chacha_finish(&c);
    secrets();
    return check_done();
}
