#include "heat_map.h"

#include <math.h>

#include "memory.h"

/* The squares are averaged, with the weights that entries have in a picture, and then rooted. */
static bool measure(struct matrix_view a, const struct result *r, size_t matrix,
                    struct region region, struct matrix *out, struct error *err)
{
    struct matrix whole = { 0 };
    bool ok = matrix_init(&whole, a.dtype, a.rows, a.cols, err) &&
              result_expand(r, matrix, whole.view, err);
    for (size_t i = 0; ok && i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            double d = matrix_at(whole.view, i, j) - matrix_at(a, i, j);
            matrix_put(whole.view, i, j, d * d);
        }
    ok = ok && preview_resample_region(whole.view, region, out->view, err);
    matrix_finish(&whole);
    for (size_t i = 0; ok && i < out->view.rows; i++)
        for (size_t j = 0; j < out->view.cols; j++)
            matrix_put(out->view, i, j, sqrt(matrix_at(out->view, i, j)));
    return ok;
}

struct heat_map *heat_map_of(const struct matrix *planes, size_t n, const struct approximation *a,
                             struct region region, size_t height, size_t width, struct error *err)
{
    struct heat_map *h = memory_alloc(sizeof(*h), err);
    bool many = a->n == 1, ok = h;
    for (size_t p = 0; ok && p < n; p++)
        ok = matrix_init(&h->rms[p], DTYPE_F32, height, width, err) &&
             measure(planes[p].view, &a->results[many ? 0 : p], many ? p : 0, region, &h->rms[p],
                     err);
    if (!ok) {
        heat_map_destroy(h);
        return NULL;
    }
    h->n = n;
    h->region = region;
    return h;
}

void heat_map_destroy(struct heat_map *h)
{
    for (size_t p = 0; h && p < SELECTION_MAX; p++)
        matrix_finish(&h->rms[p]);
    memory_free(h);
}
