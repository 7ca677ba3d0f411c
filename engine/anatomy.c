#include "anatomy.h"

#include "blas.h"
#include "linalg.h"
#include "memory.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Where the work of a job goes, roughly: reading, entries, rounding, the rest the spectrum. */
static const double read_share = 0.1, entries_share = 0.25, rounding_share = 0.35;
/* Squares of entries of such norms leave no digits behind. */
static const double norm_least = 1e-120, norm_most = 1e120;

double anatomy_edge(double deviation, size_t rows, size_t cols)
{
    return deviation * (sqrt((double)rows) + sqrt((double)cols));
}

bool anatomy_rounding(const struct document *d, const struct entry *e, double *deviation,
                      struct error *err)
{
    double step = (double)NAN, square;
    if (!document_noise(d, e, &square, err))
        return false;
    if (d->raster &&
        (d->raster->channels < 3 || strlen(e->name) == 1)) /* grey of colours is a mean */
        step = raster_step(d->raster);
    else if (!d->raster && e->whole)
        step = 1;
    *deviation = isnan(square) ? step / sqrt(12) : sqrt(square);
    return true;
}

/* g += a^T a, in panels short enough to be stopped between them. */
static bool gram_panels(struct job *job, struct matrix_view a, struct matrix_view g,
                        struct error *err)
{
    enum { LEAST_ROWS = 256 };
    const double work = 1e9; /* of a panel, flops: a fraction of a second */
    size_t n = a.cols, height = (size_t)(work / ((double)n * (double)n)) + LEAST_ROWS;
    struct matrix part = { 0 };
    if (height >= a.rows)
        return job_step(job, 0, "spectrum", err) && blas_gram(a, g, err);
    bool ok = matrix_init(&part, DTYPE_F64, n, n, err);
    for (size_t i = 0; ok && i < a.rows; i += height) {
        size_t rows = a.rows - i < height ? a.rows - i : height;
        ok = job_step(job, 0.5 * (double)i / (double)a.rows, "spectrum", err) &&
             blas_gram(matrix_block(a, i, 0, rows, n), part.view, err);
        for (size_t r = 0; ok && r < n; r++) {
            double *to = (double *)g.data + r * g.row_stride;
            const double *from = (const double *)part.view.data + r * part.view.row_stride;
            for (size_t c = 0; c < n; c++)
                to[c] += from[c];
        }
    }
    matrix_finish(&part);
    return ok;
}

/* Eigenvalues of the short side's Gram matrix. Rounding moves each by some n eps of the largest, so
 * that no root below `floor` means anything. */
static bool from_gram(struct job *job, struct matrix_view a, double *sigma, double *floor,
                      struct error *err)
{
    struct matrix g = { 0 };
    struct matrix_view tall = a.rows < a.cols ? matrix_transposed(a) : a;
    size_t n = tall.cols;
    bool ok = matrix_init(&g, DTYPE_F64, n, n, err) && gram_panels(job, tall, g.view, err) &&
              job_step(job, 0.5, "spectrum", err) && linalg_eigenvalues(g.view, sigma, err);
    matrix_finish(&g);
    if (!ok)
        return false;
    for (size_t i = 0; i < n / 2; i++) {
        double x = sigma[i];
        sigma[i] = sigma[n - 1 - i];
        sigma[n - 1 - i] = x;
    }
    *floor = sqrt((double)n * DBL_EPSILON * fmax(sigma[0], 0));
    for (size_t i = 0; i < n; i++) {
        double root = sqrt(fmax(sigma[i], 0));
        sigma[i] = root > *floor ? root : 0;
    }
    return true;
}

static bool from_svd(struct job *job, struct matrix_view a, double *sigma, struct error *err)
{
    struct matrix wide = { 0 };
    if (!job_step(job, 0, "spectrum", err))
        return false;
    if (a.dtype == DTYPE_F64)
        return linalg_singular_values(a, sigma, err);
    bool ok = matrix_init(&wide, DTYPE_F64, a.rows, a.cols, err);
    if (ok) {
        matrix_copy(a, wide.view);
        ok = linalg_singular_values(wide.view, sigma, err);
    }
    matrix_finish(&wide);
    return ok;
}

static void derive(struct anatomy *out)
{
    const struct spectrum *s = &out->spectrum;
    out->stable_rank = spectrum_stable_rank(s);
    out->effective_rank = spectrum_effective_rank(s);
    out->rank90 = spectrum_energy_rank(s, 0.9);
    out->rank99 = spectrum_energy_rank(s, 0.99);
    out->rank999 = spectrum_energy_rank(s, 0.999);
    out->noise = spectrum_marchenko_pastur(s);
    out->law = spectrum_power_law(s);
}

static bool decompose(struct job *job, struct matrix_view a, const struct anatomy_options *o,
                      struct anatomy *out, struct error *err)
{
    size_t n = a.rows < a.cols ? a.rows : a.cols;
    double *sigma = NULL, norm = matrix_norm(a);
    out->spectrum = (struct spectrum){ .rows = a.rows, .cols = a.cols, .norm = norm };
    out->stable_rank = out->effective_rank = (double)NAN;
    out->noise = (struct marchenko_pastur){ (double)NAN, (double)NAN, 0 };
    out->law = (struct power_law){ (double)NAN, (double)NAN, (double)NAN };
    if (!n || !isfinite(norm))
        return true;
    sigma = memory_alloc(n * sizeof(*sigma), err);
    if (!sigma)
        return false;
    out->spectrum.sigma = out->sigma = sigma;
    out->exact = o->exact || (norm > 0 && (norm < norm_least || norm > norm_most));
    bool ok = out->exact ? from_svd(job, a, sigma, err)
                         : from_gram(job, a, sigma, &out->floor, err);
    if (!ok)
        return false;
    out->spectrum.n = n;
    derive(out);
    return true;
}

/* What the rounding of the source leaves of the spectrum, and what rank buys against it. */
static void judge(struct anatomy *out, double deviation, const double rounding[2],
                  const struct verdict_line *own)
{
    const struct spectrum *s = &out->spectrum;
    struct verdict_line line = own ? *own : (struct verdict_line){ 0 };
    out->rounding = deviation;
    out->rounding_edge = anatomy_edge(deviation, out->rows, out->cols);
    for (size_t i = s->n; i-- > 0 && s->sigma[i] < out->rounding_edge;)
        out->below_rounding++;
    if (line.estimated)
        line.rounding = deviation * sqrt((double)out->rows * (double)out->cols) / s->norm;
    verdict_of(s, rounding, line.type ? &line : NULL, &out->verdict);
    if (out->statistics.nonfinite)
        snprintf(out->verdict.text, sizeof(out->verdict.text),
                 "%llu entries are NaN or infinite: no spectrum",
                 (unsigned long long)out->statistics.nonfinite);
}

/* To the types of the verdict's first two lines, in panels, since all of a large one takes a second. */
static bool round_entries(struct job *job, struct matrix_view a, double out[2], struct error *err)
{
    enum { PANEL = 1 << 20 };
    static const char *const types[] = { [VERDICT_Q8_0] = "Q8_0", [VERDICT_Q4_0] = "Q4_0" };
    double lost[2] = { 0 }, whole[2] = { 0 };
    size_t height = a.cols ? PANEL / a.cols + 1 : 1;
    for (size_t i = 0; i < a.rows; i += height) {
        size_t rows = a.rows - i < height ? a.rows - i : height;
        if (!job_step(job, (double)i / (double)a.rows, "rounding", err))
            return false;
        for (size_t t = 0; t < 2; t++)
            verdict_round(matrix_block(a, i, 0, rows, a.cols), types[t], &lost[t], &whole[t]);
    }
    for (size_t t = 0; t < 2; t++)
        out[t] = verdict_rounding(lost[t], whole[t]);
    return true;
}

static bool look(struct job *job, struct matrix_view a, double deviation,
                 const struct verdict_line *own, const struct anatomy_options *o,
                 struct anatomy *out, struct error *err)
{
    double rounding[2] = { (double)NAN, (double)NAN };
    struct job_share shares[] = { { job, read_share, entries_share },
                                  { job, entries_share, rounding_share },
                                  { job, rounding_share, 1 } };
    struct job entries = job_part(&shares[0]), rounds = job_part(&shares[1]),
               spectrum = job_part(&shares[2]);
    if (!anatomy_entries(&entries, a, o, out, err) ||
        (o->rounding && !out->statistics.nonfinite && !round_entries(&rounds, a, rounding, err)) ||
        !decompose(&spectrum, a, o, out, err))
        return false;
    judge(out, deviation, rounding, own);
    return true;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool anatomy_of_matrix(struct job *job, struct matrix_view a, double deviation,
                       const struct verdict_line *own, const struct anatomy_options *o,
                       struct anatomy *out, struct error *err)
{
    struct anatomy x = { 0 };
    double start = now();
    bool ok = look(job, a, deviation, own, o, &x, err);
    x.seconds = now() - start;
    if (!ok)
        anatomy_finish(&x);
    *out = x;
    return ok;
}

enum dtype anatomy_dtype(const struct entry *e)
{
    return e->bits > 32 || (e->whole && e->bits > FLT_MANT_DIG) ? DTYPE_F64 : DTYPE_F32;
}

struct verdict_line anatomy_own(const struct entry *e)
{
    bool kept = e && e->size;
    return (struct verdict_line){ .type = kept ? e->dtype : NULL,
                                  .bytes = kept ? document_bytes(e) : 0,
                                  .rounding = (double)NAN,
                                  .estimated = kept && e->block > 0 };
}

bool anatomy_of(struct job *job, const struct document *d, const struct entry *e,
                const struct anatomy_options *o, struct anatomy *out, struct error *err)
{
    struct matrix a = { 0 };
    double deviation = (double)NAN, start = now();
    struct verdict_line own = anatomy_own(e);
    *out = (struct anatomy){ 0 };
    bool ok = job_step(job, 0, "reading", err) &&
              matrix_init(&a, o->dtype, e->rows, e->cols, err) &&
              document_read(d, e, a.view, err) && anatomy_rounding(d, e, &deviation, err) &&
              job_step(job, read_share, "entries", err) &&
              anatomy_of_matrix(job, a.view, deviation, &own, o, out, err);
    matrix_finish(&a);
    out->seconds = ok ? now() - start : 0;
    return ok;
}

void anatomy_finish(struct anatomy *a)
{
    memory_free(a->map.mean);
    memory_free(a->map.most);
    memory_free(a->sigma);
    *a = (struct anatomy){ 0 };
}
