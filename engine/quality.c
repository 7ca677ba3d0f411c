/* Structural similarity: Wang, Bovik, Sheikh, Simoncelli, "Image quality
 * assessment: from error visibility to structural similarity", IEEE TIP 2004. */

#include "quality.h"

#include "memory.h"

#include <math.h>
#include <string.h>

static double clamped(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

double quality_psnr(const struct matrix_view *a, const struct matrix_view *b, size_t n)
{
    double sum = 0, count = 0;
    for (size_t p = 0; p < n; p++)
        for (size_t i = 0; i < a[p].rows; i++) {
            double row = 0;
            for (size_t j = 0; j < a[p].cols; j++) {
                double e = matrix_at(a[p], i, j) - clamped(matrix_at(b[p], i, j));
                row += e * e;
            }
            sum += row;
            count += (double)a[p].cols;
        }
    return sum == 0 ? (double)INFINITY : -10 * log10(sum / count); /* NAN stays NAN */
}

enum { WINDOW = 11, MOMENTS = 5 }; /* a, b, aa, bb, ab */

struct moments {
    double weight[WINDOW];
    double *raw;  /* MOMENTS x cols: of one row of pixels */
    double *ring; /* WINDOW x MOMENTS x valid: rows filtered along x */
    size_t cols, valid;
};

static bool moments_init(struct moments *m, size_t cols, struct error *err)
{
    double sum = 0;
    for (int i = 0; i < WINDOW; i++) {
        double x = i - (WINDOW - 1) / 2.0;
        m->weight[i] = exp(-x * x / (2 * 1.5 * 1.5));
        sum += m->weight[i];
    }
    for (int i = 0; i < WINDOW; i++)
        m->weight[i] /= sum;
    m->cols = cols;
    m->valid = cols - WINDOW + 1;
    m->raw = memory_alloc(MOMENTS * cols * sizeof(double), err);
    m->ring = memory_alloc((size_t)WINDOW * MOMENTS * m->valid * sizeof(double), err);
    return m->raw && m->ring;
}

/* Filters one row of both pictures along x into slot row % WINDOW of the ring. */
static void moments_row(struct moments *m, struct matrix_view a, struct matrix_view b, size_t row)
{
    for (size_t j = 0; j < m->cols; j++) {
        double x = matrix_at(a, row, j), y = clamped(matrix_at(b, row, j));
        const double v[MOMENTS] = { x, y, x * x, y * y, x * y };
        for (size_t k = 0; k < MOMENTS; k++)
            m->raw[k * m->cols + j] = v[k];
    }
    double *slot = m->ring + row % WINDOW * MOMENTS * m->valid;
    for (size_t k = 0; k < MOMENTS; k++)
        for (size_t j = 0; j < m->valid; j++) {
            double sum = 0;
            for (size_t i = 0; i < WINDOW; i++)
                sum += m->weight[i] * m->raw[k * m->cols + j + i];
            slot[k * m->valid + j] = sum;
        }
}

/* The sum of SSIM over the row of windows whose last pixel row is `row`. */
static double ssim_row(const struct moments *m, size_t row)
{
    const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
    double sum = 0;
    for (size_t j = 0; j < m->valid; j++) {
        double v[MOMENTS] = { 0 };
        for (size_t i = 0; i < WINDOW; i++) {
            const double *slot = m->ring + (row + 1 + i) % WINDOW * MOMENTS * m->valid;
            for (size_t k = 0; k < MOMENTS; k++)
                v[k] += m->weight[i] * slot[k * m->valid + j];
        }
        double aa = v[2] - v[0] * v[0], bb = v[3] - v[1] * v[1], ab = v[4] - v[0] * v[1];
        sum += (2 * v[0] * v[1] + c1) * (2 * ab + c2) /
               ((v[0] * v[0] + v[1] * v[1] + c1) * (aa + bb + c2));
    }
    return sum;
}

static bool ssim_plane(struct matrix_view a, struct matrix_view b, double *ssim, struct error *err)
{
    struct moments m = { 0 };
    bool ok = moments_init(&m, a.cols, err);
    double sum = 0;
    for (size_t row = 0; ok && row < a.rows; row++) {
        moments_row(&m, a, b, row);
        if (row + 1 >= WINDOW)
            sum += ssim_row(&m, row);
    }
    if (ok)
        *ssim = sum / ((double)(a.rows - WINDOW + 1) * (double)m.valid);
    memory_free(m.raw);
    memory_free(m.ring);
    return ok;
}

bool quality_ssim(const struct matrix_view *a, const struct matrix_view *b, size_t n, double *ssim,
                  struct error *err)
{
    double sum = 0;
    for (size_t p = 0; p < n; p++) {
        double one = (double)NAN;
        if (a[p].rows >= WINDOW && a[p].cols >= WINDOW && !ssim_plane(a[p], b[p], &one, err))
            return false;
        sum += one;
    }
    *ssim = sum / (double)n;
    return true;
}
