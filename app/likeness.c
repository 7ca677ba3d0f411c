#include "likeness.h"

#include "quality.h"

static void to_rgb(const struct selection *s, struct matrix *planes)
{
    if (s->n != 3 || s->planes != PLANES_YCBCR)
        return;
    struct matrix_view views[3] = { planes[0].view, planes[1].view, planes[2].view };
    raster_from_ycbcr(views);
}

static bool read_both(const struct selection *s, const struct matrix *originals,
                      const struct approximation *a, struct matrix *is, struct matrix *was,
                      struct error *err)
{
    enum dtype dtype = originals[0].view.dtype;
    bool many = a->n == 1; /* one result holds every plane */
    for (size_t p = 0; p < s->n; p++) {
        if (!matrix_init(&was[p], dtype, s->rows, s->cols, err) ||
            !matrix_init(&is[p], dtype, s->rows, s->cols, err) ||
            !result_expand(&a->results[many ? 0 : p], many ? p : 0, is[p].view, err))
            return false;
        matrix_copy(originals[p].view, was[p].view);
    }
    to_rgb(s, is);
    to_rgb(s, was);
    return true;
}

bool likeness_measure(const struct selection *s, const struct matrix *originals,
                      const struct approximation *a, double *psnr, double *ssim, struct error *err)
{
    struct matrix is[SELECTION_MAX] = { 0 }, was[SELECTION_MAX] = { 0 };
    struct matrix_view left[SELECTION_MAX], right[SELECTION_MAX];
    bool ok = read_both(s, originals, a, is, was, err);
    for (size_t p = 0; p < s->n; p++) {
        left[p] = was[p].view;
        right[p] = is[p].view;
    }
    if (ok) {
        *psnr = quality_psnr(left, right, s->n);
        ok = quality_ssim(left, right, s->n, ssim, err);
    }
    for (size_t p = 0; p < SELECTION_MAX; p++) {
        matrix_finish(&is[p]);
        matrix_finish(&was[p]);
    }
    return ok;
}
