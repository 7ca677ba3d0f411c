#include "reference.h"

#include "jpeg_reference.h"
#include "memory.h"
#include "quality.h"

#include <math.h>
#include <stdio.h>

enum { LEVELS = 256, COLOURS = 3 };

struct measuring {
    const struct selection *s;
    const struct matrix *planes; /* the caller's */
    struct matrix rgb[COLOURS];  /* the same in the picture's colours */
    struct matrix work[COLOURS];
    int depth; /* of the picture's samples */
};

static void views_of(const struct matrix *m, size_t n, struct matrix_view *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = m[i].view;
}

static bool is_ycbcr(const struct selection *s)
{
    return s->n == COLOURS && s->planes == PLANES_YCBCR;
}

static bool prepare(struct measuring *m, struct error *err)
{
    struct matrix_view views[COLOURS];
    const struct raster *raster = m->s->document->raster;
    enum dtype dtype = m->planes[0].view.dtype; /* so that what is equal compares equal */
    m->depth = raster ? raster->depth : 8;
    for (size_t i = 0; i < m->s->n; i++) {
        if (!matrix_init(&m->rgb[i], dtype, m->s->rows, m->s->cols, err) ||
            !matrix_init(&m->work[i], dtype, m->s->rows, m->s->cols, err))
            return false;
        matrix_copy(m->planes[i].view, m->rgb[i].view);
    }
    views_of(m->rgb, m->s->n, views);
    if (is_ycbcr(m->s))
        raster_from_ycbcr(views);
    return true;
}

static double distance(struct matrix_view a, struct matrix_view b)
{
    double sum = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            double e = matrix_at(a, i, j) - matrix_at(b, i, j);
            sum += e * e;
        }
    return sqrt(sum);
}

/* What a file shows against what was read: the error in the planes that are compared. */
static void judge(struct measuring *m, const struct raster *shown, struct reference *out)
{
    static const char colours[] = { 'r', 'g', 'b' };
    struct matrix_view is[COLOURS], was[COLOURS];
    double error = 0, norm = 0;
    size_t n = m->s->n;
    views_of(m->work, n, is);
    views_of(m->rgb, n, was);
    for (size_t i = 0; i < n; i++)
        raster_plane(shown, n == 1 ? 'y' : colours[i], is[i]);
    out->psnr = quality_psnr(was, is, n);
    if (is_ycbcr(m->s))
        raster_to_ycbcr(is);
    for (size_t i = 0; i < n; i++) {
        error = hypot(error, distance(m->planes[i].view, is[i]));
        norm = hypot(norm, matrix_norm(m->planes[i].view));
    }
    out->error = error == 0 ? 0 : error / norm;
}

/* The size as PNG. */
static bool count_png(const struct measuring *m, const struct matrix *planes, int depth,
                      uint64_t *bytes, struct error *err)
{
    struct matrix_view views[COLOURS];
    views_of(planes, m->s->n, views);
    const struct export x = {
        .matrices = views, .n = m->s->n, .picture = true, .depth = depth, .ending = ".png"
    };
    struct sink *count = sink_count();
    if (!count)
        return fail(err, ERROR_MEMORY, "out of memory");
    bool ok = format_for_output("x.png")->write(&x, count, err);
    *bytes = sink_written(count);
    sink_abandon(count);
    return ok;
}

static bool add_png(struct measuring *m, struct reference *out, struct error *err)
{
    struct matrix_view views[COLOURS];
    struct raster shown = { 0 };
    views_of(m->rgb, m->s->n, views);
    *out = (struct reference){ .name = "PNG", .there = true };
    snprintf(out->setting, sizeof(out->setting), "as it is, %d bits a sample", m->depth);
    bool ok = count_png(m, m->rgb, m->depth, &out->bytes, err) &&
              raster_from_planes(views, m->s->n, m->depth, NULL, &shown, err);
    if (ok)
        judge(m, &shown, out);
    raster_finish(&shown);
    return ok;
}

static bool add_jpeg(struct measuring *m, uint64_t bytes, bool halved, struct reference *out,
                     struct error *err)
{
    struct matrix_view views[COLOURS];
    struct raster whole = { 0 }, shown = { 0 };
    struct jpeg_fit fit = { 0 };
    views_of(m->rgb, m->s->n, views);
    *out = (struct reference){ .name = "JPEG", .error = (double)NAN, .psnr = (double)NAN };
    bool ok = raster_from_planes(views, m->s->n, 8, NULL, &whole, err) &&
              jpeg_reference(&whole, bytes, halved, &shown, &fit, err);
    out->there = fit.quality > 0;
    out->bytes = fit.bytes;
    snprintf(out->setting, sizeof(out->setting), "quality %d%s", fit.quality ? fit.quality : 1,
             m->s->n == 1 ? ""
             : halved     ? ", colours halved (4:2:0)"
                          : ", colours whole (4:4:4)");
    if (ok && out->there)
        judge(m, &shown, out);
    raster_finish(&whole);
    raster_finish(&shown);
    return ok;
}

static void to_levels(const struct measuring *m, int levels)
{
    double top = levels - 1;
    for (size_t p = 0; p < m->s->n; p++)
        for (size_t i = 0; i < m->s->rows; i++)
            for (size_t j = 0; j < m->s->cols; j++)
                matrix_put(m->work[p].view, i, j,
                           round(matrix_at(m->rgb[p].view, i, j) * top) / top);
}

/* The most levels whose PNG is small enough, sizes taken to grow with them. */
static bool add_levels(struct measuring *m, uint64_t bytes, struct job *job, struct reference *out,
                       struct error *err)
{
    struct matrix_view views[COLOURS];
    struct raster shown = { 0 };
    int low = 1, high = LEVELS;
    *out = (struct reference){ .name = "PNG", .error = (double)NAN, .psnr = (double)NAN };
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        to_levels(m, middle);
        if (!job_step(job, 1, "PNG of fewer levels", err) ||
            !count_png(m, m->work, 8, &out->bytes, err))
            return false;
        if (out->bytes <= bytes)
            low = middle;
        else
            high = middle - 1;
    }
    out->there = low > 1;
    snprintf(out->setting, sizeof(out->setting), "%d levels", out->there ? low : 2);
    if (!out->there)
        return true;
    to_levels(m, low);
    views_of(m->work, m->s->n, views);
    bool ok = count_png(m, m->work, 8, &out->bytes, err) &&
              raster_from_planes(views, m->s->n, 8, NULL, &shown, err);
    if (ok)
        judge(m, &shown, out);
    raster_finish(&shown);
    return ok;
}

bool reference_measure(const struct selection *s, const struct matrix *planes, uint64_t bytes,
                       struct job *job, struct reference out[REFERENCES], size_t *n,
                       struct error *err)
{
    struct measuring m = { .s = s, .planes = planes };
    *n = 0;
    bool ok = job_step(job, 0.96, "references", err) && prepare(&m, err) &&
              add_png(&m, &out[(*n)++], err);
    for (int halved = 0; ok && halved < (s->n == 1 ? 1 : 2); halved++)
        ok = job_step(job, 0.97, "JPEG", err) && add_jpeg(&m, bytes, halved, &out[(*n)++], err);
    ok = ok && add_levels(&m, bytes, job, &out[(*n)++], err);
    for (size_t i = 0; i < COLOURS; i++) {
        matrix_finish(&m.rgb[i]);
        matrix_finish(&m.work[i]);
    }
    return ok;
}
