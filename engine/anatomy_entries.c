/* The entries one by one: extremes and map, mean, moments, histogram; a pass each. */
#include "anatomy.h"

#include "memory.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { PANEL = 1 << 16, SAMPLES = 1 << 14, BINS_LEAST = 8 };

struct walk {
    struct job *job;
    struct matrix_view a;
    struct matrix panel; /* some rows as doubles */
    struct anatomy *out;
    double scale;                 /* the largest magnitude: powers stay in range */
    double sum, square, fourth;   /* of x / scale; about the mean */
    double finite;                /* how many */
    struct matrix cells, numbers; /* of the map: sums of |x| / scale, how many */
};

static void extremes(struct walk *w, size_t row, const double *x)
{
    struct anatomy_statistics *s = &w->out->statistics;
    (void)row;
    for (size_t j = 0; j < w->a.cols; j++) {
        if (!isfinite(x[j])) {
            s->nonfinite++;
            continue;
        }
        s->zeros += x[j] == 0;
        s->min = x[j] > s->min ? s->min : x[j]; /* also from NAN */
        s->max = x[j] < s->max ? s->max : x[j];
    }
}

static bool end_extremes(struct walk *w, struct error *err)
{
    struct anatomy_statistics *s = &w->out->statistics;
    (void)err;
    s->n = (uint64_t)w->a.rows * w->a.cols;
    w->finite = (double)(s->n - s->nonfinite);
    w->scale = fmax(fabs(s->min), fabs(s->max));
    if (!(w->scale > 0))
        w->scale = 1;
    return true;
}

static void add_cell(struct walk *w, size_t i, size_t j, const double *x, size_t n)
{
    struct anatomy_map *m = &w->out->map;
    double sum = 0, most = 0;
    size_t finite = 0;
    for (size_t k = 0; k < n; k++)
        if (isfinite(x[k])) {
            sum += fabs(x[k]) / w->scale;
            most = fmax(most, fabs(x[k]));
            finite++;
        }
    double *cell = (double *)w->cells.view.data + i * w->cells.view.row_stride + j;
    double *number = (double *)w->numbers.view.data + i * w->numbers.view.row_stride + j;
    *cell += sum;
    *number += (double)finite;
    m->most[i * m->cols + j] = fmaxf(m->most[i * m->cols + j], (float)fmin(most, (double)FLT_MAX));
}

static void sums(struct walk *w, size_t row, const double *x)
{
    const struct anatomy_map *m = &w->out->map;
    double sum = 0;
    for (size_t j = 0; j < w->a.cols; j++)
        sum += isfinite(x[j]) ? x[j] / w->scale : 0;
    w->sum += sum;
    if (!m->rows)
        return;
    size_t i = ((row + 1) * m->rows - 1) / w->a.rows; /* the cell whose last row is not above */
    for (size_t j = 0; j < m->cols; j++) {
        size_t first = j * w->a.cols / m->cols, last = (j + 1) * w->a.cols / m->cols;
        add_cell(w, i, j, x + first, last - first);
    }
}

static bool end_sums(struct walk *w, struct error *err)
{
    struct anatomy_map *m = &w->out->map;
    (void)err;
    w->out->statistics.mean = w->finite > 0 ? w->sum / w->finite * w->scale : (double)NAN;
    for (size_t i = 0; i < m->rows; i++)
        for (size_t j = 0; j < m->cols; j++) {
            double number = matrix_at(w->numbers.view, i, j);
            double mean = number > 0 ? matrix_at(w->cells.view, i, j) / number * w->scale : 0;
            m->mean[i * m->cols + j] = (float)fmin(mean, (double)FLT_MAX);
        }
    return true;
}

static void moments(struct walk *w, size_t row, const double *x)
{
    double mean = w->out->statistics.mean / w->scale, square = 0, fourth = 0;
    (void)row;
    for (size_t j = 0; j < w->a.cols; j++) {
        double y = isfinite(x[j]) ? x[j] / w->scale - mean : 0;
        square += y * y;
        fourth += y * y * y * y;
    }
    w->square += square;
    w->fourth += fourth;
}

static size_t common(size_t a, size_t b)
{
    while (b) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distance of the quartiles of at most SAMPLES entries, evenly spaced by a stride that walks
 * through all columns. */
static bool quartile_range(struct matrix_view a, double *out, struct error *err)
{
    size_t n = a.rows * a.cols, stride = n / SAMPLES + 1, found = 0;
    double *x = memory_alloc(SAMPLES * sizeof(*x), err);
    if (!x)
        return false;
    while (stride > 1 && common(stride, a.cols) > 1)
        stride++;
    for (size_t i = 0; i < n; i += stride) {
        double value = matrix_at(a, i / a.cols, i % a.cols);
        if (isfinite(value))
            x[found++] = value;
    }
    qsort(x, found, sizeof(*x), ascending);
    *out = found ? x[found - 1 - found / 4] - x[found / 4] : 0;
    memory_free(x);
    return true;
}

static bool end_moments(struct walk *w, struct error *err)
{
    struct anatomy_statistics *s = &w->out->statistics;
    struct anatomy_histogram *h = &w->out->histogram;
    double variance = w->square / w->finite, range;
    if (!(w->finite > 0))
        return true;
    s->deviation = s->max > s->min ? sqrt(variance) * w->scale : 0;
    s->kurtosis = s->max > s->min ? w->fourth / w->finite / variance / variance : (double)NAN;
    if (!quartile_range(w->a, &range, err))
        return false;
    h->low = fmax(s->min, s->mean - ANATOMY_OUTLIER * s->deviation);
    h->high = fmin(s->max, s->mean + ANATOMY_OUTLIER * s->deviation);
    double bins = ceil((h->high - h->low) / (2 * range / cbrt(w->finite)));
    if (!(s->max > s->min)) {
        h->low = h->high = s->min; /* the mean may be a rounding away */
        bins = 1;
    } else if (!(bins <= ANATOMY_BINS)) /* or there is no range */
        bins = ANATOMY_BINS;
    else if (bins < BINS_LEAST)
        bins = BINS_LEAST;
    h->bins = (size_t)bins;
    return true;
}

static void count(struct walk *w, size_t row, const double *x)
{
    struct anatomy_statistics *s = &w->out->statistics;
    struct anatomy_histogram *h = &w->out->histogram;
    /* differences of the largest numbers leave the range; a power of two changes no digit */
    double k = isfinite(h->high - h->low) && isfinite(s->max - s->min) ? 1 : 0x1p-5;
    double low = h->low * k, width = (h->high * k - low) / (double)h->bins;
    double far = ANATOMY_OUTLIER * (s->deviation * k);
    (void)row;
    for (size_t j = 0; j < w->a.cols; j++) {
        if (!isfinite(x[j]))
            continue;
        s->outliers += fabs(x[j] * k - s->mean * k) > far;
        if (x[j] < h->low || x[j] > h->high) {
            h->outside++;
            continue;
        }
        size_t bin = width > 0 ? (size_t)((x[j] * k - low) / width) : 0;
        h->count[bin < h->bins ? bin : h->bins - 1]++;
    }
}

static bool end_count(struct walk *w, struct error *err)
{
    (void)err;
    if (!(w->out->statistics.deviation > 0))
        w->out->statistics.outliers =
            0; /* none where all are equal, whatever their mean rounds to */
    return true;
}

static const struct {
    void (*row)(struct walk *w, size_t row, const double *x);
    bool (*end)(struct walk *w, struct error *err);
} passes[] = {
    { extremes, end_extremes }, { sums, end_sums }, { moments, end_moments }, { count, end_count }
};
enum { PASSES = sizeof(passes) / sizeof(passes[0]) };

static bool run_pass(struct walk *w, size_t pass, struct error *err)
{
    struct matrix_view panel = w->panel.view;
    for (size_t i = 0; i < w->a.rows && w->a.cols; i += panel.rows) {
        size_t rows = w->a.rows - i < panel.rows ? w->a.rows - i : panel.rows;
        double share = ((double)pass + (double)i / (double)w->a.rows) / PASSES;
        if (!job_step(w->job, share, "entries", err))
            return false;
        matrix_copy(matrix_block(w->a, i, 0, rows, w->a.cols),
                    matrix_block(panel, 0, 0, rows, w->a.cols));
        for (size_t k = 0; k < rows; k++)
            passes[pass].row(w, i + k, (const double *)panel.data + k * panel.row_stride);
    }
    return passes[pass].end(w, err);
}

static bool make_map(struct walk *w, const struct anatomy_options *o, struct error *err)
{
    struct anatomy_map *m = &w->out->map;
    size_t rows = o->map_rows < w->a.rows ? o->map_rows : w->a.rows;
    size_t cols = o->map_cols < w->a.cols ? o->map_cols : w->a.cols;
    if (!rows || !cols)
        return true;
    *m = (struct anatomy_map){ .rows = rows, .cols = cols };
    m->mean = memory_alloc(rows * cols * sizeof(*m->mean), err);
    m->most = m->mean ? memory_alloc(rows * cols * sizeof(*m->most), err) : NULL;
    return m->most && matrix_init(&w->cells, DTYPE_F64, rows, cols, err) &&
           matrix_init(&w->numbers, DTYPE_F64, rows, cols, err);
}

bool anatomy_entries(struct job *job, struct matrix_view a, const struct anatomy_options *o,
                     struct anatomy *out, struct error *err)
{
    struct walk w = { .job = job, .a = a, .out = out };
    size_t height = a.cols ? PANEL / a.cols + 1 : 1;
    double none = (double)NAN;
    out->rows = a.rows;
    out->cols = a.cols;
    out->statistics = (struct anatomy_statistics){
        .min = none, .max = none, .mean = none, .deviation = none, .kurtosis = none
    };
    out->histogram = (struct anatomy_histogram){ .bins = 1 };
    bool ok = make_map(&w, o, err) &&
              matrix_init(&w.panel, DTYPE_F64, height < a.rows ? height : a.rows, a.cols, err);
    for (size_t i = 0; ok && i < PASSES; i++)
        ok = run_pass(&w, i, err);
    matrix_finish(&w.panel);
    matrix_finish(&w.cells);
    matrix_finish(&w.numbers);
    return ok;
}
