#include "check.h"
#include "noisy.h"

/* The simulated mechanisms: the law of their noise, and the structure and rank of what they hand
 * out. `strict` takes the sample sizes that the figures
 * were agreed on; without it fewer, with bounds of five deviations of that many. A bug of each
 * kind is put in once, and the check that is about it has to see it. */

static bool strict;

/* ---- the law of the noise ---- */

struct moments {
    size_t n, diagonals;
    double re, im, diagonal, cross, frobenius; /* sums of squares, and of re times im */
    double *values;                            /* re, over the deviation */
};

static void count_entry(struct moments *m, double re, double im)
{
    m->values[m->n++] = re;
    m->re += re * re;
    m->im += im * im;
    m->cross += re * im;
}

/* Draws of d x d, over the deviation that is claimed. */
static struct moments measure_noise(struct backend *b, size_t d, size_t draws, double scale)
{
    struct moments m = { .values = malloc(draws * d * (d - 1) / 2 * sizeof(double)) };
    struct matrix x = filled(d, 2 * d);
    struct error err = { 0 };
    for (size_t t = 0; t < draws; t++) {
        struct buffer noise = { 0 };
        if (!backend_alloc(b, DTYPE_F64, d, 2 * d, &noise, &err) ||
            !backend_noise(FIELD_COMPLEX, 11, (uint32_t)t, scale, &noise, &err) ||
            !backend_read(&noise, x.view, &err))
            printf("Bail out! %s\n", err.text);
        backend_release(&noise);
        m.frobenius += matrix_norm(x.view) * matrix_norm(x.view);
        for (size_t i = 0; i < d; i++) {
            m.diagonal += matrix_at(x.view, i, i) * matrix_at(x.view, i, i);
            m.diagonals++;
            for (size_t j = 0; j < i; j++)
                count_entry(&m, matrix_at(x.view, i, j), matrix_at(x.view, i, d + j));
        }
    }
    matrix_finish(&x);
    return m;
}

/* The largest distance of a sample's distribution from the normal one. */
static double kolmogorov(double *values, size_t n)
{
    double most = 0;
    qsort(values, n, sizeof(*values), ascending);
    for (size_t i = 0; i < n; i++) {
        double f = erfc(-values[i] / sqrt(2)) / 2;
        most = fmax(most, fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
    }
    return most;
}

/* Five deviations of each statistic, a level of 6e-7 of the distribution. */
static bool law_holds(struct moments *m, size_t d, size_t draws, bool tell)
{
    double n = (double)m->n, q = (double)m->diagonals;
    double re = m->re / n, im = m->im / n, diagonal = m->diagonal / q;
    double cross = m->cross / sqrt(m->re * m->im);
    double frobenius = m->frobenius /
                       ((double)draws * 2 * (double)(d * d)); /* 4 T d^2, s^2 = 2 T */
    double distance = kolmogorov(m->values, m->n);
    if (tell)
        printf("# %zu draws of %zu: variances %.5f %.5f, diagonal %.4f, correlation %.5f, "
               "Frobenius %.5f, distance %.5f\n",
               draws, d, re, im, diagonal, cross, frobenius, distance);
    return fabs(re - 1) < 5 * sqrt(2 / n) && fabs(im - 1) < 5 * sqrt(2 / n) &&
           fabs(diagonal - 2) < 10 * sqrt(2 / q) && fabs(cross) < 5 / sqrt(n) &&
           fabs(frobenius - 1) < 0.01 && distance < 2.73 / sqrt(n);
}

static void test_noise(struct backend *b)
{
    static const double scales[] = { 1, 1.03, 1 / 1.03, M_SQRT1_2 };
    size_t d = 64, draws = strict ? 200 : 50;
    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        struct moments m = measure_noise(b, d, draws, scales[i]);
        if (i == 0)
            CHECK(law_holds(&m, d, draws, true));
        else
            CHECK(!law_holds(&m, d, draws, false)); /* it would see 3 percent */
        free(m.values);
    }
}

/* ---- structure ---- */

static bool hermitian(struct matrix_view x)
{
    bool ok = true;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.rows; j++)
            ok = ok && real_at(x, i, j) == real_at(x, j, i) &&
                 (i == j ? imaginary_at(x, i, i) == 0
                         : imaginary_at(x, i, j) == -imaginary_at(x, j, i));
    return ok;
}

/* ||V^* V - I||_F */
static double skewness(struct matrix_view v)
{
    double sum = 0;
    for (size_t a = 0; a < v.rows; a++)
        for (size_t b = 0; b < v.rows; b++) {
            double re = a == b ? -1 : 0, im = 0;
            for (size_t i = 0; i < v.rows; i++) {
                re += real_at(v, a, i) * real_at(v, b, i) +
                      imaginary_at(v, a, i) * imaginary_at(v, b, i);
                im += real_at(v, a, i) * imaginary_at(v, b, i) -
                      imaginary_at(v, a, i) * real_at(v, b, i);
            }
            sum += re * re + im * im;
        }
    return sqrt(sum);
}

/* Hermitian to the bit; vectors, values and trace as they should be. */
static void test_structure(void)
{
    static const double top[] = { 90, 60, 60, 20 };
    struct error err = { 0 };
    double worst = 0, skew = 0, trace = 0, conjugate = (double)INFINITY;
    bool exact = true, same = true;
    for (uint32_t t = 0; t < 12; t++) {
        size_t d = 6 + 3 * t;
        struct matrix m = covariance_with(top, 4, d, t + 1);
        struct matrix x = noisy_of(m.view, FIELD_COMPLEX, 1.5, t), v = filled(d, 2 * d);
        double values[64], alone[64], sum = 0, entries = 0;
        matrix_copy(x.view, v.view);
        exact = exact && hermitian(x.view);
        if (!linalg_eigen_hermitian(v.view, values, &err) ||
            !linalg_eigenvalues_hermitian(x.view, alone, &err))
            printf("Bail out! %s\n", err.text);
        for (size_t i = 0; i < d; i++) {
            sum += values[i];
            entries += matrix_at(x.view, i, i);
            same = same && fabs(alone[i] - values[i]) <= 1e-12 * values[d - 1];
            same = same && (i == 0 || values[i] >= values[i - 1]);
        }
        struct matrix back = sum_of(v.view, values, 0, 1), wrong = sum_of(v.view, values, 0, -1);
        double norm = matrix_norm(x.view);
        worst = fmax(worst, distance(back.view, x.view) / (norm * (double)d));
        conjugate = fmin(conjugate, distance(wrong.view, x.view) / (norm * (double)d));
        skew = fmax(skew, skewness(v.view) / (double)d);
        trace = fmax(trace, fabs(sum - entries) / (fabs(entries) * (double)d));
        matrix_finish(&m);
        matrix_finish(&x);
        matrix_finish(&v);
        matrix_finish(&back);
        matrix_finish(&wrong);
    }
    printf("# over d: reconstruction %.2g, vectors %.2g, trace %.2g; conjugated vectors %.2g\n",
           worst, skew, trace, conjugate);
    CHECK(exact && same);
    CHECK(worst <= 1e-13 && skew <= 1e-13 && trace <= 1e-12);
    CHECK(conjugate > 1e-6); /* vectors of the conjugate matrix would be seen */
}

/* The bit of one entry that is turned. */
static void test_structure_power(void)
{
    static const double top[] = { 9 };
    struct matrix m = covariance_with(top, 1, 5, 1), x = noisy_of(m.view, FIELD_COMPLEX, 1, 0);
    double kept = matrix_at(x.view, 3, 1);
    matrix_put(x.view, 3, 1, nextafter(kept, 10));
    CHECK(!hermitian(x.view));
    matrix_put(x.view, 3, 1, kept);
    matrix_put(x.view, 2, 5 + 2, 1e-300);
    CHECK(!hermitian(x.view));
    matrix_finish(&m);
    matrix_finish(&x);
}

static void test_hermitian_edges(void)
{
    struct error err = { 0 };
    double values[2] = { 0 },
           one[2] = { -3, 7 }; /* what stands on the diagonal's imaginary part is not read */
    struct matrix_view x = { one, 1, 2, 2, 1, DTYPE_F64 }, none = { one, 0, 0, 2, 1, DTYPE_F64 };
    CHECK(linalg_eigen_hermitian(x, values, &err) && values[0] == -3 &&
          fabs(hypot(one[0], one[1]) - 1) < 1e-15);
    CHECK(linalg_eigen_hermitian(none, values, &err));
    one[0] = (double)NAN;
    CHECK(!linalg_eigenvalues_hermitian(x, values, &err) && err.code == ERROR_FORMAT);
    struct matrix_view huge = { one, 40000, 80000, 80000, 1, DTYPE_F64 };
    err = (struct error){ 0 };
    CHECK(!linalg_eigen_hermitian(huge, values, &err) && err.code == ERROR_LIMIT);
}

/* ---- what is handed out ---- */

static size_t numerical_rank(struct matrix_view y)
{
    struct error err = { 0 };
    double sigma[64];
    size_t rank = 0;
    if (!linalg_singular_values(y, sigma, &err))
        printf("Bail out! %s\n", err.text);
    while (rank < y.rows && sigma[rank] > 1e-8 * sigma[0])
        rank++;
    return rank;
}

static struct matrix output_of(struct matrix_view noisy, const struct mechanism_wish *w,
                               size_t *rank)
{
    struct mechanism_output o = { 0 };
    struct matrix y = filled(noisy.rows, noisy.rows);
    struct error err = { 0 };
    if (!mechanism_process(noisy, w, &o, &err) || !mechanism_matrix(&o, y.view, &err))
        printf("Bail out! %s\n", err.text);
    *rank = o.rank;
    mechanism_finish(&o);
    return y;
}

/* One trial of A5: what fails in it. */
struct rank_faults {
    int rank, stored, nearer, half, bits;
};

static void rank_trial(size_t d, size_t k, uint32_t t, struct rank_faults *f)
{
    double top[8], values[64];
    for (size_t i = 0; i < k; i++)
        top[i] = 40 + 10 * (double)i;
    struct matrix m = covariance_with(top, k, d, 77), x = noisy_of(m.view, FIELD_COMPLEX, 1, t);
    struct matrix v = filled(d, 2 * d), wide = filled(d, 2 * d);
    struct error err = { 0 };
    struct mechanism_wish w = { FIELD_COMPLEX, k, MECHANISM_Y, false, false, 1 };
    size_t stored, cut;
    struct matrix y = output_of(x.view, &w, &stored);
    w.form = MECHANISM_Y_K;
    struct matrix y_k = output_of(x.view, &w, &cut);
    matrix_copy(x.view, v.view);
    linalg_eigen_hermitian(v.view, values, &err);
    struct matrix mhat = sum_of(v.view, values, d - k, 1);
    matrix_copy(m.view, matrix_block(wide.view, 0, 0, d, d));
    double far = distance(mhat.view, wide.view), near = distance(y.view, m.view);
    struct matrix real = { .view = matrix_block(mhat.view, 0, 0, d, d) };
    size_t most = 2 * k < d ? 2 * k : d;
    f->bits += !symmetric_bits(y.view) || !symmetric_bits(y_k.view) ||
               distance(real.view, y.view) > 1e-12 * far;
    f->rank += numerical_rank(y.view) != most || numerical_rank(y_k.view) != k;
    f->stored += stored != most || cut != k;
    f->nearer += !(near <= far);
    f->half += !(distance(y_k.view, m.view) <= 2 * near * (1 + 1e-12));
    matrix_finish(&m);
    matrix_finish(&x);
    matrix_finish(&v);
    matrix_finish(&wide);
    matrix_finish(&y);
    matrix_finish(&y_k);
    matrix_finish(&mhat);
}

/* The rank that each form has, distances that projections cannot make larger, and what Algorithm 1's steps 4 to 6 say by plain loops. */
static void test_rank(void)
{
    struct rank_faults f = { 0 };
    uint32_t trials = strict ? 1000 : 100;
    for (uint32_t t = 0; t < trials; t++)
        rank_trial(t % 4 ? 12 : 9, 1 + t % 5, t, &f); /* 2 k up to 10: beyond 9, too */
    printf("# %u trials: %d of other ranks, %d stored otherwise, %d farther than complex, %d "
           "farther than twice, %d not symmetric\n",
           trials, f.rank, f.stored, f.nearer, f.half, f.bits);
    CHECK(f.rank == 0 && f.stored == 0);
    CHECK(f.nearer == 0 && f.half == 0);
    CHECK(f.bits == 0);
}

/* Rank k of what is called Y would be noticed: real noise has it. */
static void test_rank_power(void)
{
    static const double top[] = { 70, 50, 40 };
    struct matrix m = covariance_with(top, 3, 12, 77), x = noisy_of(m.view, FIELD_REAL, 1, 0);
    struct mechanism_wish w = { FIELD_REAL, 3, MECHANISM_Y, false, false, 1 };
    size_t stored;
    struct matrix y = output_of(x.view, &w, &stored);
    CHECK(numerical_rank(y.view) == 3 && stored == 3);
    matrix_finish(&m);
    matrix_finish(&x);
    matrix_finish(&y);
}

static void test_shrink(void)
{
    double edge = 2 * sqrt(64.0), wide = 2 * sqrt(128.0);
    CHECK(mechanism_shrink(FIELD_REAL, 1, 64, edge) == 0 &&
          mechanism_shrink(FIELD_REAL, 1, 64, -2 * edge) == 0);
    /* a spike theta is seen at theta + v d / theta, and comes back as theta c */
    double theta = 20, c = 1 - 64 / (theta * theta), c2 = 1 - 128 / (theta * theta);
    CHECK_NEAR(mechanism_shrink(FIELD_REAL, 1, 64, theta + 64 / theta), theta * c, 1e-14);
    CHECK_NEAR(mechanism_shrink(FIELD_COMPLEX, 1, 64, theta + 128 / theta),
               theta * c2 * 2 / (1 + c2 * c2), 1e-14);
    CHECK(mechanism_shrink(FIELD_COMPLEX, 1, 64, wide) == 0);
    CHECK_NEAR(mechanism_shrink(FIELD_REAL, 1e150, 64, 1e155) / 1e155, 1 - 1.28e-8, 1e-14);
}

/* Negative eigenvalues are kept by sign and go with clamp; every allocation that fails is one line. */
static void test_clamp_and_memory(void)
{
    struct error err = { 0 };
    struct matrix x = filled(4, 8), low = { 0 };
    struct mechanism_wish w = { FIELD_COMPLEX, 2, MECHANISM_Y, false, false, 1 };
    static const double diagonal[] = { -9, 5, -1, -2 };
    size_t rank, before;
    for (size_t i = 0; i < 4; i++)
        matrix_put(x.view, i, i, diagonal[i]);
    struct matrix y = output_of(x.view, &w, &rank);
    CHECK(matrix_at(y.view, 0, 0) == 0 && fabs(matrix_at(y.view, 2, 2) + 1) < 1e-14);
    w.clamp = true;
    low = output_of(x.view, &w, &rank);
    CHECK(matrix_at(low.view, 2, 2) == 0 && fabs(matrix_at(low.view, 1, 1) - 5) < 1e-14);
    bool done = false, right = true;
    long n = 0;
    w.form = MECHANISM_Y_K;
    before = memory_used();
    for (; !done && n < 100; n++) {
        struct mechanism_output o = { 0 };
        memory_fail_after(n);
        done = mechanism_process(x.view, &w, &o, &err);
        memory_fail_after(-1);
        right = right && (done || (err.code == ERROR_MEMORY && memory_used() == before));
        mechanism_finish(&o);
    }
    CHECK(done && right && n > 6 && memory_used() == before);
    matrix_finish(&x);
    matrix_finish(&y);
    matrix_finish(&low);
}

int main(int argc, char **argv)
{
    struct lab l;
    strict = argc > 1 && !strcmp(argv[1], "strict");
    lab_open(&l);
    test_noise(l.backend);
    test_structure();
    test_structure_power();
    test_hermitian_edges();
    test_rank();
    test_rank_power();
    test_shrink();
    test_clamp_and_memory();
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
