/* Every quantizer's levels and what they make of standard normal numbers, against published tables
 * and against our own solution of what defines them. Seeds are fixed. */

#include "check.h"

#include "coding.h"
#include "memory.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

enum { SEED = 20231028 };

static double above(double x)
{
    return 0.5 * erfc(x * M_SQRT1_2);
}

static double density(double x)
{
    return isinf(x) ? 0 : M_2_SQRTPI * M_SQRT1_2 / 2 * exp(-x * x / 2);
}

static double *levels_of(const struct quantizer *q, int bits)
{
    double *levels = malloc(sizeof(*levels) << bits);
    for (int j = 0; j < 1 << bits; j++)
        levels[j] = -1 + 2.0 * j / ((1 << bits) - 1);
    if (q->codebook)
        q->codebook(bits, levels);
    return levels;
}

/* E (x - Q(x))^2 over the normal density, for the nearest of n levels times r. */
static double integrated(const double *level, int n, double r)
{
    double sum = 0;
    for (int j = 0; j < n; j++) {
        double a = j ? r * (level[j - 1] + level[j]) / 2 : -(double)INFINITY;
        double b = j < n - 1 ? r * (level[j] + level[j + 1]) / 2 : (double)INFINITY;
        double m0 = above(a) - above(b), m1 = density(a) - density(b), y = r * level[j];
        double m2 = m0 - ((isinf(b) ? 0 : b * density(b)) - (isinf(a) ? 0 : a * density(a)));
        sum += m2 - 2 * y * m1 + y * y * m0;
    }
    return sum;
}

/* The same measured: 2^18 normal numbers, coded and decoded, or their blocks of 64. */
static double measured(const struct quantizer *q, int bits, enum scales scales, enum clip clip)
{
    struct matrix a = { 0 }, b = { 0 };
    struct error err = { 0 };
    struct coded x = { 0 };
    struct coding c = {
        .quantizer = q, .bits = bits, .scales = scales, .clip = clip, .symmetric = true
    };
    bool ok = matrix_init(&a, DTYPE_F64, 512, 512, &err) &&
              matrix_init(&b, DTYPE_F64, 512, 512, &err);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 1, 1, a.view);
    ok = ok && coding_encode(&c, a.view, &x, &err) && coding_decode(&x, b.view, &err);
    double sum = 0, norm = matrix_norm(a.view);
    for (size_t i = 0; ok && i < 512; i++)
        for (size_t j = 0; j < 512; j++) {
            double e = matrix_at(a.view, i, j) - matrix_at(b.view, i, j);
            sum += e * e;
        }
    coded_finish(&x);
    matrix_finish(&a);
    matrix_finish(&b);
    return ok ? sum / (norm * norm) : (double)NAN;
}

/* Ascending, within [-1, 1], and the ends are there. */
static void test_levels(void)
{
    for (int i = 0; quantizer_names[i]; i++) {
        const struct quantizer *q = quantizer_at(i);
        int wrong = strcmp(q->name, quantizer_names[i]) != 0;
        if (q->group)
            continue;
        for (int bits = q->min_bits; bits <= q->max_bits && bits <= 16; bits++) {
            double *level = levels_of(q, bits);
            int last = (1 << bits) - 1;
            wrong += level[0] != -1 || level[last] != 1;
            for (int j = 0; j < last; j++)
                wrong += !(level[j] < level[j + 1]);
            free(level);
        }
        printf("# %s: %d to %d bits\n", q->name, q->min_bits, q->max_bits);
        CHECK(wrong == 0);
    }
}

/* Q(Q(x)) = Q(x) where the range is that of all entries: the code of a decoded value is its own. */
static void test_idempotent(void)
{
    struct matrix a = { 0 }, b = { 0 };
    struct error err = { 0 };
    bool ok = matrix_init(&a, DTYPE_F64, 60, 70, &err) && matrix_init(&b, DTYPE_F64, 60, 70, &err);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 2, 3, a.view);
    for (int i = 0; quantizer_names[i]; i++) {
        const struct quantizer *q = quantizer_at(i);
        int kept = 0, outside = 0, n = 0;
        for (int bits = q->min_bits; !q->group && bits <= q->max_bits; bits++, n++) {
            struct coding c = { q, bits, .clip = CLIP_NONE, .symmetric = true };
            struct coded x = { 0 }, y = { 0 };
            double range = 0, step = 0;
            ok = ok && coding_encode(&c, a.view, &x, &err) && coding_decode(&x, b.view, &err) &&
                 coding_encode(&c, b.view, &y, &err);
            if (ok)
                coding_extent(&x, &range, &step);
            kept += ok && x.range[0] == y.range[0] &&
                    !memcmp(x.codes, y.codes, coding_codes_size(&c, 60, 70));
            for (size_t e = 0; ok && e < 4200; e++)
                outside += fabs(matrix_at(b.view, e / 70, e % 70)) > range ||
                           fabs(matrix_at(b.view, e / 70, e % 70) -
                                matrix_at(a.view, e / 70, e % 70)) > step / 2 * (1 + 1e-9);
            coded_finish(&x);
            coded_finish(&y);
        }
        CHECK(ok && kept == n && outside == 0);
    }
    matrix_finish(&a);
    matrix_finish(&b);
}

/* What the spread promises: no other width does better, at its three or more digits, and a
 * tensor of normal numbers measures what the integral says. */
static void test_spread(void)
{
    for (int i = 0; quantizer_names[i]; i++) {
        const struct quantizer *q = quantizer_at(i);
        double worst = 0, apart = 0;
        for (int bits = q->min_bits; !q->group && bits <= q->max_bits && bits <= 10; bits++) {
            double *level = levels_of(q, bits), r = q->spread(bits);
            double here = integrated(level, 1 << bits, r);
            for (int side = -1; side <= 1; side += 2)
                worst = fmax(worst, here / integrated(level, 1 << bits, r * (1 + .01 * side)) - 1);
            if (bits <= 4) /* beyond, a few entries outside make the difference */
                apart = fmax(apart, fabs(measured(q, bits, SCALES_TENSOR, CLIP_SPREAD) / here - 1));
            free(level);
        }
        if (q->group)
            continue;
        printf("# %s: %.2g from the least, %.2g from measured\n", q->name, worst, apart);
        CHECK(worst <= 0);
        CHECK(apart < .02);
    }
}

static void test_tables(void)
{
    static const struct {
        const char *name;
        int bits;
        double mse;
    } table[] = {
        { "uniform", 1, .3634 },    { "uniform", 2, .1188 },    { "uniform", 3, .0374 },
        { "uniform", 4, .01154 },   { "lloyd-max", 1, .3634 },  { "lloyd-max", 2, .1175 },
        { "lloyd-max", 3, .03455 }, { "lloyd-max", 4, .00950 },
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const struct quantizer *q = quantizer_find(table[i].name);
        double *level = levels_of(q, table[i].bits);
        double mse = integrated(level, 1 << table[i].bits, q->spread(table[i].bits));
        printf("# %s, %d bits: %.5f\n", q->name, table[i].bits, mse);
        CHECK(fabs(mse - table[i].mse) <= 5e-5);
        free(level);
    }
    CHECK_NEAR(quantizer_find("uniform")->spread(4), 2.51, 5e-3);
    CHECK_NEAR(quantizer_find("uniform")->spread(1), .80, 5e-3);
}

static void test_normal_float(void)
{
    static const double four[] = { -1,    -.6962, -.5251, -.3949, -.2844, -.1848, -.0910, 0,
                                   .0796, .1609,  .2461,  .3379,  .4407,  .5626,  .7230,  1 };
    static const double two[] = { -1, 0, .3379, 1 };
    const struct quantizer *q = quantizer_find("normal-float");
    double *level = levels_of(q, 4), worst = 0;
    for (int j = 0; j < 16; j++)
        worst = fmax(worst, fabs(level[j] - four[j]));
    free(level);
    level = levels_of(q, 2);
    for (int j = 0; j < 4; j++)
        worst = fmax(worst, fabs(level[j] - two[j]));
    free(level);
    CHECK(worst < 1e-4);
}

/* Their place on a grid of 2^-24 must not hang on the last digits of a library: no quantile lies
 * on the middle between two of its points. By bisection, another road than the quantizer's. */
static void test_grid(void)
{
    const struct quantizer *q = quantizer_find("normal-float");
    double closest = 1, farthest = 0;
    const double end = 1 - .5 * (1. / 30 + 1. / 32);
    for (int bits = 2; bits <= q->max_bits; bits++) {
        double *level = levels_of(q, bits);
        int half = 1 << (bits - 1);
        for (int j = 1; j < 2 * half - 1; j++) {
            int k = j - half + 1;
            double p = .5 + (end - .5) * abs(k) / (k > 0 ? half : half - 1), most[2] = { end, p };
            if (k == 0)
                continue;
            for (int i = 0; i < 2; i++) {
                double low = 0, high = 4;
                for (int n = 0; n < 60; n++) {
                    double x = (low + high) / 2;
                    *(1 - above(x) < most[i] ? &low : &high) = x;
                }
                most[i] = low;
            }
            double at = ldexp(most[1] / most[0], 24), rest = at - floor(at);
            closest = fmin(closest, fabs(rest - .5));
            farthest = fmax(farthest, fabs(ldexp(fabs(level[j]), 24) - at));
        }
        free(level);
    }
    printf("# %.2g units from a tie, %.3f from the quantile\n", closest, farthest);
    CHECK(closest > 1e-7); /* 6e-15 of the range */
    CHECK(farthest <= .5 + 1e-7);
}

/* y[j] = the mean of what is nearest to y[j], for the n levels above zero. */
static void solve_lloyd_max(double *y, int n)
{
    double c[128], d[128];
    for (int j = 0; j < n; j++) { /* a start: 1.7 times the quantiles */
        double low = 0, high = 12;
        for (int i = 0; i < 60; i++) {
            double x = (low + high) / 2;
            *(1 - above(x) < .5 + (j + .5) / (2 * n) ? &low : &high) = x;
        }
        y[j] = sqrt(3) * low;
    }
    for (int round = 0; round < 40; round++) {
        for (int j = 0; j < n; j++) {
            double a = j ? (y[j - 1] + y[j]) / 2 : 0;
            double b = j < n - 1 ? (y[j] + y[j + 1]) / 2 : (double)INFINITY;
            double mass = above(a) - above(b), mean = (density(a) - density(b)) / mass;
            double da = j ? density(a) * (mean - a) / mass / 2 : 0;
            double db = j < n - 1 ? density(b) * (b - mean) / mass / 2 : 0;
            double pivot = 1 - da - db + (j ? da * c[j - 1] : 0);
            c[j] = -db / pivot;
            d[j] = (y[j] - mean + (j ? da * d[j - 1] : 0)) / pivot;
        }
        for (int j = n - 2; j >= 0; j--)
            d[j] -= c[j] * d[j + 1];
        for (int j = 0; j < n; j++)
            y[j] -= d[j];
    }
}

static void test_lloyd_max(void)
{
    const struct quantizer *q = quantizer_find("lloyd-max");
    double worst = 0, ends = 0;
    for (int bits = 1; bits <= q->max_bits; bits++) {
        double y[128], *level = levels_of(q, bits);
        int half = 1 << (bits - 1);
        solve_lloyd_max(y, half);
        for (int j = 0; j < half; j++) {
            worst = fmax(worst, fabs(level[half + j] - y[j] / y[half - 1]));
            worst = fmax(worst, fabs(level[half - 1 - j] + y[j] / y[half - 1]));
        }
        ends = fmax(ends, fabs(q->spread(bits) - y[half - 1]));
        free(level);
    }
    printf("# %.3g from the fixed point, its end %.2g\n", worst, ends);
    CHECK(worst <= ldexp(1, -17) + 1e-9);
    CHECK(ends <= 1e-6);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Magnitudes that are odd halves, eight of them: how many have this squared norm. */
static int patterns_of_norm(double least, double most)
{
    int found = 0;
    for (int i = 0; i < 6561; i++) {
        double norm = 0;
        for (int j = 0, digits = i; j < 8; j++, digits /= 3)
            norm += (digits % 3 + .5) * (digits % 3 + .5);
        found += norm >= least && norm <= most;
    }
    return found;
}

/* In quarters of the lattice's unit, one of the two copies moved back: the shift, and whether all
 * magnitudes are odd halves whose signed sum is even. */
static bool lattice_point(const double *x, double *back, double *norm)
{
    for (int up = -1; up <= 1; up += 2) {
        double sum = 0, whole = 0;
        *norm = 0;
        for (int i = 0; i < 8; i++) {
            back[i] = x[i] - up * .25;
            whole += fabs(fabs(back[i]) - floor(fabs(back[i])) - .5);
            sum += back[i];
            *norm += back[i] * back[i];
        }
        if (whole < 1e-9 && fabs(remainder(sum, 2)) < 1e-9)
            return true;
    }
    return false;
}

/* All words of two bits: points of the lattice, all different, each the nearest to itself, of the
 * magnitudes that the definition has. */
static void test_e8p_words(void)
{
    enum { WORDS = 65536 };
    const struct quantizer *q = quantizer_find("e8p");
    const double unit = 2.75; /* the largest magnitude */
    uint64_t *keys = malloc(WORDS * sizeof(*keys)), *sizes = malloc(WORDS * sizeof(*sizes));
    int strange = 0, kept = 0, small = 0, large = 0, different = 1, points = 1;
    for (uint32_t w = 0; w < WORDS; w++) {
        double x[8], back[8], norm = 0, most = 0;
        q->value(2, w, x);
        kept += q->nearest(2, x) == w;
        keys[w] = sizes[w] = 0;
        for (int i = 0; i < 8; i++)
            x[i] *= unit;
        strange += !lattice_point(x, back, &norm);
        for (int i = 0; i < 8; i++) {
            keys[w] = 64 * keys[w] + (uint64_t)lrint(4 * x[i] + 16);
            sizes[w] = 64 * sizes[w] + (uint64_t)lrint(4 * fabs(back[i]));
        }
        small += norm < 10.001;
        for (int i = 0; i < 8; i++) /* five 3/2 and three 1/2, rather than one 5/2 */
            most = fmax(most, fabs(back[i]));
        large += fabs(norm - 12) < 1e-9 && most < 2;
    }
    qsort(keys, WORDS, sizeof(*keys), by_number);
    qsort(sizes, WORDS, sizeof(*sizes), by_number);
    for (int w = 1; w < WORDS; w++) {
        different += keys[w] != keys[w - 1];
        points += sizes[w] != sizes[w - 1];
    }
    printf("# %d words of %d magnitudes, %d + %d\n", different, points, small / 256, large / 256);
    CHECK(strange == 0 && different == WORDS && kept == WORDS && points == 256);
    CHECK(patterns_of_norm(0, 10) == 227 && small == 227 * 256);
    CHECK(patterns_of_norm(12, 12) == 56 + 168 && large == 29 * 256);
    free(keys);
    free(sizes);
}

/* Against all points: of 2 bits, and of the second stage of 3 bits, whose words are those above
 * some first. */
static void test_e8p_nearest(void)
{
    const struct quantizer *q = quantizer_find("e8p");
    int farther = 0, beyond = 0;
    for (int t = 0; t < 150; t++) {
        double x[8], y[8], least = (double)INFINITY, got = 0;
        float draw[8];
        random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 100 + (uint32_t)t, t % 3 ? .4 : 1.1,
                    (struct matrix_view){ draw, 1, 8, 8, 1, DTYPE_F32 });
        for (int i = 0; i < 8; i++)
            x[i] = (double)draw[i];
        uint32_t word = q->nearest(2, x);
        for (uint32_t w = 0; w < 65536; w++) {
            double d = 0;
            q->value(2, w, y);
            for (int i = 0; i < 8; i++)
                d += (x[i] - y[i]) * (x[i] - y[i]);
            least = fmin(least, d);
            got = w == word ? d : got;
        }
        farther += got > least * (1 + 1e-12);
        uint32_t three = q->nearest(3, x);
        least = (double)INFINITY;
        for (uint32_t w = 0; w < 256; w++) {
            double d = 0;
            q->value(3, (three & 0xffff) | w << 16, y);
            for (int i = 0; i < 8; i++)
                d += (x[i] - y[i]) * (x[i] - y[i]);
            least = fmin(least, d);
            got = w == three >> 16 ? d : got;
        }
        beyond += got > least * (1 + 1e-12);
    }
    CHECK(farther == 0);
    CHECK(beyond == 0);
}

/* The published errors of 2 and 4 bits; of 3 there is none: below Lloyd-Max, above the limit 4^-3,
 * and as a run of this quantizer alone, without the engine, gave. */
static void test_e8p_error(void)
{
    const struct quantizer *q = quantizer_find("e8p");
    double mse[5];
    for (int bits = 2; bits <= 4; bits++) {
        mse[bits] = measured(q, bits, SCALES_TENSOR, CLIP_AUTO);
        printf("# e8p, %d bits: %.5f\n", bits, mse[bits]);
    }
    CHECK(fabs(mse[2] - .0915) < .0015);
    CHECK(fabs(mse[3] - .0296) < .0003);
    CHECK(fabs(mse[4] - .0097) < .0003);
}

/* Blocks of 64 normal numbers on n levels from -max to max, without the engine. */
static double block_grid(int n)
{
    static float draw[512 * 512];
    double sum = 0, norm = 0;
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 1, 1,
                (struct matrix_view){ draw, 512, 512, 512, 1, DTYPE_F32 });
    for (size_t block = 0; block < 512 * 8; block++) {
        double most = 0;
        for (size_t i = 0; i < 64; i++)
            most = fmax(most, fabs((double)draw[64 * block + i]));
        for (size_t i = 0; i < 64; i++) {
            double x = (double)draw[64 * block + i], step = 2 * most / (n - 1);
            double e = x - (round((x + most) / step) * step - most);
            sum += e * e;
            norm += x * x;
        }
    }
    return sum / norm;
}

/* A block of 64 and its largest magnitude. The published errors of uniform levels are of an odd
 * number, 2^bits - 1, zero among them; ours are 2^bits, and better. */
static void test_blocks(void)
{
    static const struct {
        int bits;
        double mse, tolerance;
    } odd[] = { { 2, .515, .005 }, { 4, .0116, .0002 }, { 8, 4e-5, .5e-5 } };
    const struct quantizer *uniform = quantizer_find("uniform");
    const struct quantizer *normal = quantizer_find("normal-float");
    for (int i = 0; i < 3; i++) {
        double theirs = block_grid((1 << odd[i].bits) - 1), ours = block_grid(1 << odd[i].bits);
        double mse = measured(uniform, odd[i].bits, SCALES_BLOCK, CLIP_NONE);
        printf("# blocks, %d bits: %.3g on 2^bits - 1 levels, %.3g on 2^bits; engine %.3g\n",
               odd[i].bits, theirs, ours, mse);
        CHECK(fabs(theirs - odd[i].mse) < odd[i].tolerance);
        CHECK(fabs(mse / ours - 1) < 2e-3 && mse < theirs); /* ranges are halves, rounded up */
    }
    CHECK(fabs(measured(normal, 2, SCALES_BLOCK, CLIP_NONE) - .319) < .003);
    CHECK(fabs(measured(normal, 4, SCALES_BLOCK, CLIP_NONE) - .0085) < .0001);
}

/* The table of docs/numerics.md: one range by the spread, and blocks that hold all entries. */
static void print_table(void)
{
    for (int i = 0; quantizer_names[i]; i++)
        for (int block = 0; block < 2; block++) {
            const struct quantizer *q = quantizer_at(i);
            enum clip clip = block && !q->spreads ? CLIP_NONE : CLIP_SPREAD;
            printf("# | %s, %s |", q->name, block ? "blocks" : "one range");
            for (int bits = 1; bits <= 8; bits++)
                if (bits < q->min_bits || bits > q->max_bits)
                    printf(" |");
                else
                    printf(" %.3g |",
                           measured(q, bits, block ? SCALES_BLOCK : SCALES_TENSOR, clip));
            printf("\n");
        }
}

int main(void)
{
    printf("# seed %d\n", SEED);
    test_levels();
    test_idempotent();
    test_spread();
    test_tables();
    test_normal_float();
    test_grid();
    test_lloyd_max();
    test_e8p_words();
    test_e8p_nearest();
    test_e8p_error();
    test_blocks();
    print_table();
    CHECK(memory_used() == 0);
    return check_done();
}
