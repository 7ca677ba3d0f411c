/* Frames: normalise-and-shift by its example and its law, rotations before the coding and back. */
#include "framing.h"
#include "check.h"
#include "lab.h"

static struct error err;

static double entry_error(struct matrix_view x, struct matrix_view y, double scale, double shift)
{
    double sum = 0;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++)
            sum += pow(matrix_at(x, i, j) - (scale * matrix_at(y, i, j) + shift), 2);
    return sqrt(sum) / matrix_norm(x);
}

/* 2 x 3 entries with their least-squares line, worked out by hand. */
static void example(void)
{
    static const double x[] = { 0, 1, 2, 3, 4, 5 }, y[] = { 0, 1, 1, 2, 5, 4 };
    static const double want[] = { 0.60177, 1.47788, 1.47788, 2.35398, 4.98230, 4.10619 };
    struct matrix a = lab_matrix(DTYPE_F64, 2, 3), b = lab_matrix(DTYPE_F64, 2, 3);
    double scale, shift, worst = 0;
    for (size_t i = 0; i < 6; i++) {
        matrix_put(a.view, i / 3, i % 3, x[i]);
        matrix_put(b.view, i / 3, i % 3, y[i]);
    }
    framing_fit(a.view, b.view, &scale, &shift);
    for (size_t i = 0; i < 6; i++)
        worst = fmax(worst, fabs(scale * y[i] + shift - want[i]));
    CHECK(worst < 1e-5);
    CHECK_NEAR(entry_error(a.view, b.view, 1, 0), 0.26968, 1e-5);
    CHECK_NEAR(entry_error(a.view, b.view, scale, shift), 0.23527, 1e-5);
    matrix_finish(&a);
    matrix_finish(&b);
}

/* Nothing to fit, nothing to gain, the ends of the range. */
static void edges(void)
{
    struct matrix a = lab_matrix(DTYPE_F64, 7, 9), b = lab_matrix(DTYPE_F64, 7, 9);
    double scale, shift, mean = 0;
    random_fill(SKETCH_GAUSSIAN, 3, STREAM_TEST, 0, 1, a.view);
    for (size_t i = 0; i < 63; i++)
        mean += matrix_at(a.view, i / 9, i % 9) / 63;
    framing_fit(a.view, b.view, &scale, &shift); /* b is zero */
    CHECK(scale == 0 && fabs(shift - mean) < 1e-15);
    framing_fit(a.view, a.view, &scale, &shift);
    CHECK(scale == 1 && shift == 0);
    framing_fit(b.view, b.view, &scale, &shift);
    CHECK(scale == 1 && shift == 0);
    static const double units[] = { 1e300, 1e-300 };
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 63; i++)
            matrix_put(b.view, i / 9, i % 9, units[k] * (matrix_at(a.view, i / 9, i % 9) - 1) / 2);
        struct matrix c = lab_matrix(DTYPE_F64, 7, 9);
        for (size_t i = 0; i < 63; i++)
            matrix_put(c.view, i / 9, i % 9, units[k] * matrix_at(a.view, i / 9, i % 9));
        framing_fit(c.view, b.view, &scale, &shift);
        CHECK_NEAR(scale, 2, 1e-12);
        CHECK_NEAR(shift / units[k], 1, 1e-12);
        matrix_finish(&c);
    }
    matrix_finish(&a);
    matrix_finish(&b);
}

/* Every method that has the row, on matrices whose mean is anywhere: never worse, some better. Where the
 * bits are given, the two numbers take theirs from the factors. */
static void never_worse(struct lab *l)
{
    static const char *const settings[] = { "rank=3", "rank=6 left-bits=2 right-bits=2 bits=2",
                                            "rank=6 left-bits=1 right-bits=3 bits=1 scales=tensor",
                                            "rank=12 left-bits=24 right-bits=24 bits=24" };
    int methods_asked = 0, worse = 0, better = 0;
    for (size_t i = 0; methods[i]; i++) {
        if (!param_find(&methods[i]->params, "normalize") ||
            param_find(&methods[i]->params, "bits_per_entry"))
            continue;
        methods_asked++;
        for (uint32_t k = 0; k < 16; k++) {
            enum dtype dtype = k % 2 ? DTYPE_F64 : DTYPE_F32;
            struct matrix a = lab_matrix(dtype, 13 + k, 12);
            random_fill(SKETCH_GAUSSIAN, k, STREAM_TEST, 0, 1, a.view);
            for (size_t r = 0; r < a.view.rows; r++)
                for (size_t c = 0; c < a.view.cols; c++)
                    matrix_put(a.view, r, c, matrix_at(a.view, r, c) + (double)(k % 4));
            double error[2];
            for (int on = 0; on < 2; on++) {
                struct params_any params = lab_params(methods[i], k % 8 < 4, "");
                lab_set(methods[i], &params, settings[k / 4], true);
                lab_set(methods[i], &params, on ? "normalize=on" : "normalize=off", false);
                struct approximation out = lab_run(l, methods[i], &params, a.view, NULL);
                error[on] = out.error;
                approximation_finish(&out);
            }
            /* a sum of several products is measured without being expanded, in another order */
            double same = dtype == DTYPE_F32 ? 0x1p-30 : 0;
            double allowed = error[0] * (1 + same) + same * 0x1p-22;
            worse += !(error[1] <= allowed);
            better += error[1] < error[0] * (1 - 1e-4);
            if (!(error[1] <= allowed))
                printf("# %s, %u: %.17g, normalised %.17g\n", methods[i]->name, k, error[0],
                       error[1]);
            matrix_finish(&a);
        }
    }
    printf("# %d methods, better in %d cases of %d\n", methods_asked, better, 16 * methods_asked);
    CHECK(methods_asked >= 1 && worse == 0 && better > methods_asked);
}

/* A rotated matrix that is kept as it is expands to the matrix. */
static void way_back(struct lab *l)
{
    static const size_t shapes[][2] = { { 24, 35 }, { 1, 9 }, { 64, 1 }, { 1100, 6 } };
    double worst = 0, norm = 0;
    for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
        struct result r = { 0 };
        struct matrix_view rotated;
        size_t part;
        struct matrix a = lab_matrix(DTYPE_F64, shapes[k][0], shapes[k][1]);
        struct matrix kept = lab_matrix(DTYPE_F64, shapes[k][0], shapes[k][1]);
        random_fill(SKETCH_GAUSSIAN, 2, STREAM_TEST, 0, 1, a.view);
        bool ok = result_init(&r, 1, &err) &&
                  framing_rotate(&l->job, a.view, 9, &r, 0, &rotated, &err);
        norm = fmax(norm, ok ? fabs(matrix_norm(rotated) / matrix_norm(a.view) - 1) : 1);
        if (ok)
            matrix_copy(rotated, kept.view);
        r.measures[0].rows = shapes[k][0];
        r.measures[0].cols = shapes[k][1];
        ok = ok && result_add_plain(&r, "dense", &kept, &part, &err) &&
             result_add_term(&r, 0, part, TERM_DENSE, &err);
        struct matrix out = lab_matrix(DTYPE_F64, shapes[k][0], shapes[k][1]);
        ok = ok && result_expand(&r, 0, out.view, &err);
        for (size_t i = 0; i < shapes[k][0] * shapes[k][1]; i++) {
            size_t row = i / shapes[k][1], col = i % shapes[k][1];
            worst = fmax(
                worst, ok ? fabs(matrix_at(out.view, row, col) - matrix_at(a.view, row, col)) : 1);
        }
        CHECK(result_bits_true(&r) - result_bits_paper(&r) == shapes[k][0] + shapes[k][1]);
        result_finish(&r);
        arena_finish(l->job.scratch);
        matrix_finish(&a);
        matrix_finish(&out);
    }
    printf("# norms %.1e, way back %.1e\n", norm, worst);
    CHECK(norm < 1e-12 && worst < 1e-12);
}

/* Five columns twenty times as large as the others ruin a range for all; rotated, they do not. */
static void outliers(struct lab *l)
{
    enum { N = 512 };
    struct matrix a = lab_matrix(DTYPE_F64, N, N);
    random_fill(SKETCH_GAUSSIAN, 1, STREAM_TEST, 0, 1, a.view);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < 5; j++)
            matrix_put(a.view, i, 100 * j, 20 * matrix_at(a.view, i, 100 * j));
    static const char *const settings[] = { "bits=2 normalize=off scales=tensor",
                                            "bits=2 normalize=off scales=vector",
                                            "bits=2 normalize=off scales=block" };
    int spread = 0;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        char rotated[64];
        snprintf(rotated, sizeof(rotated), "%s hadamard=on", settings[i]);
        double before = lab_error(l, "naive", false, settings[i], a.view, NULL);
        double after = lab_error(l, "naive", false, rotated, a.view, NULL);
        printf("# naive %s: %.4f, rotated %.4f\n", settings[i], before, after);
        spread += after < 0.6 * before;
    }
    CHECK(spread == 3);
    /* Lloyd-Max levels, one range: .825 and .342 in NumPy, from other random numbers */
    static const char lloyd[] =
        "bits=2 normalize=off scales=tensor quantizer=lloyd-max clip=spread";
    double before = lab_error(l, "naive", false, lloyd, a.view, NULL);
    double after = lab_error(l, "naive", false,
                             "bits=2 normalize=off scales=tensor quantizer=lloyd-max clip=spread "
                             "hadamard=on",
                             a.view, NULL);
    printf("# naive %s: %.4f, rotated %.4f\n", lloyd, before, after);
    CHECK(before > 0.8 && before < 0.9);
    CHECK_NEAR(after, 0.34, 0.01);
    matrix_finish(&a);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    example();
    edges();
    never_worse(&l);
    way_back(&l);
    outliers(&l);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
