/* Histograms of what is coded: against the entries themselves, where they are known. */

#include "histogram.h"

#include "check.h"
#include "lab.h"

static double falling(size_t i)
{
    return 1 / (double)i;
}

static void run(struct lab *l, const char *name, const char *text, struct matrix_view a,
                struct approximation *out, struct histogram h[HISTOGRAM_PARTS], size_t *n)
{
    const struct method *m = method_find(name);
    struct params_any params = lab_params(m, false, text);
    struct error err = { 0 };
    *out = lab_run(l, m, &params, a, NULL);
    CHECK(histogram_of(&l->job, a, &out->results[0], 0, h, n, &err));
}

static uint64_t sum(const struct histogram *h)
{
    uint64_t n = 0;
    for (size_t i = 0; i < HISTOGRAM_BINS; i++)
        n += h->count[i];
    return n;
}

/* How many entries lie in other bins than brute force puts them in; one range for all. */
static uint64_t misplaced(const struct histogram *h, struct matrix_view x, double low, double high)
{
    uint64_t count[HISTOGRAM_BINS] = { 0 }, off = 0;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++) {
            double y = (matrix_at(x, i, j) - low) / (high - low);
            count[(size_t)fmin(fmax(floor(y * HISTOGRAM_BINS), 0), HISTOGRAM_BINS - 1)]++;
        }
    for (size_t i = 0; i < HISTOGRAM_BINS; i++)
        off += count[i] > h->count[i] ? count[i] - h->count[i] : 0;
    return off;
}

/* A rounded matrix is coded as it is. */
static void dense(struct lab *l, struct matrix_view a)
{
    struct histogram h[HISTOGRAM_PARTS];
    struct approximation out;
    size_t n;
    run(l, "naive", "bits=3 scales=tensor", a, &out, h, &n);
    const struct coded *x = &out.results[0].parts[0].codes;
    CHECK(n == 1 && h[0].total == 60 * 40 && sum(&h[0]) == h[0].total && h[0].outside == 0);
    CHECK(h[0].levels == 8 && h[0].at[0] == -1 && h[0].at[7] == 1 && h[0].bits == 3);
    printf("# %d of 2400 entries in another bin\n",
           (int)misplaced(&h[0], a, x->range[0], x->range[1]));
    CHECK(misplaced(&h[0], a, x->range[0], x->range[1]) <= 2);
    approximation_finish(&out);
    run(l, "naive", "bits=2 quantizer=normal-float", a, &out, h, &n);
    CHECK(h[0].levels == 4 && !h[0].lattice && h[0].at[1] > -1 && h[0].at[1] < h[0].at[2]);
    approximation_finish(&out);
    run(l, "naive", "bits=2 quantizer=e8p", a, &out, h, &n);
    CHECK(n == 1 && h[0].lattice && h[0].levels == 0);
    approximation_finish(&out);
    run(l, "naive", "bits=12", a, &out, h, &n);
    CHECK(h[0].levels == 0 && !h[0].lattice);
    approximation_finish(&out);
    run(l, "naive", "bits=4 hadamard=on", a, &out, h, &n);
    CHECK(n == 0);
    approximation_finish(&out);
}

/* The right factor is the least-squares fit to the left one as it decodes. */
static void fitted(struct lab *l, struct matrix_view a)
{
    struct histogram h[HISTOGRAM_PARTS];
    struct approximation out;
    struct error err = { 0 };
    struct arena scratch = { 0 };
    struct least_squares s;
    struct matrix left = lab_matrix(DTYPE_F64, 60, 8), q = lab_matrix(DTYPE_F64, 8, 40);
    struct matrix_view w = { 0 };
    size_t n;
    run(l, "lplr", "rank=8 rounds=1 left-bits=3 right-bits=4 scales=tensor", a, &out, h, &n);
    const struct result *r = &out.results[0];
    CHECK(n == 2 && !strcmp(h[0].name, "left") && !strcmp(h[1].name, "right"));
    CHECK(part_decode(&r->parts[0], left.view, &err) &&
          linalg_least_squares(left.view, 1e-12, &scratch, &s, &err) && s.rank == 8 &&
          arena_matrix(&scratch, DTYPE_F64, 8, 40, &w, &err));
    blas_gemm(matrix_transposed(s.q), a, q.view);
    CHECK(linalg_least_squares_solve(&s, q.view, w, &scratch, &err));
    const double *range = r->parts[1].codes.range;
    CHECK(h[1].outside <= 2 && h[1].total == 320 && h[1].levels == 16);
    CHECK(misplaced(&h[1], w, range[0], range[1]) <= 2); /* at borders, by rounding */
    approximation_finish(&out);
    matrix_finish(&left);
    matrix_finish(&q);
    arena_finish(&scratch);
    /* fine codes: what is fitted to them is what was rounded, and stays within its ranges but for that */
    run(l, "direct-svd", "rank=8 left-bits=14 right-bits=14 split=both", a, &out, h, &n);
    CHECK(n == 2 && h[0].total == 480 && h[0].outside < 24 && h[1].outside < 24);
    approximation_finish(&out);
}

/* Ranges that clipping made narrow: entries beyond them are counted, and lie in the outermost bins. */
static void clipped(struct lab *l, struct matrix_view a)
{
    struct histogram h[HISTOGRAM_PARTS];
    struct approximation out;
    size_t n;
    uint64_t beyond = 0;
    run(l, "naive", "bits=2 scales=tensor clip=search", a, &out, h, &n);
    const double *range = out.results[0].parts[0].codes.range;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            beyond += matrix_at(a, i, j) < range[0] || matrix_at(a, i, j) > range[1];
    printf("# clipped: %d of 2400 beyond the range, %d told\n", (int)beyond, (int)h[0].outside);
    CHECK(n == 1 && beyond > 20 && h[0].total == 60 * 40 && sum(&h[0]) == h[0].total);
    CHECK(h[0].outside + 1 >= beyond && h[0].outside <= beyond);
    CHECK(misplaced(&h[0], a, range[0], range[1]) <= 2);
    approximation_finish(&out);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    struct matrix a = lab_spectrum(DTYPE_F64, 60, 40, 3, falling);
    dense(&l, a.view);
    fitted(&l, a.view);
    clipped(&l, a.view);
    matrix_finish(&a);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
