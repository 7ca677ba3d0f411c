#include "brightness.h"

#include <math.h>

struct brightness brightness_of(const struct matrix *planes, size_t n, bool picture)
{
    static const struct brightness unit = { 0, 1 };
    struct brightness b = { HUGE_VAL, -HUGE_VAL };
    if (picture)
        return unit;
    for (size_t p = 0; p < n; p++) {
        struct matrix_view a = planes[p].view;
        for (size_t i = 0; i < a.rows; i++)
            for (size_t j = 0; j < a.cols; j++) {
                double x = matrix_at(a, i, j);
                b.low = fmin(b.low, x);
                b.high = fmax(b.high, x);
            }
    }
    if (!(b.low < 0 || b.high > 1))
        return unit;
    if (!(b.high > b.low))
        b.high = b.low + 1;
    return b;
}

void brightness_of_matrix(struct brightness b, struct matrix_view a)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(a, i, j, (matrix_at(a, i, j) - b.low) / (b.high - b.low));
}

/* Linear, so that it goes into the factors, and the constant into the dense part. */
bool brightness_of_preview(struct brightness b, struct preview *p, struct error *err)
{
    if (b.low == 0 && b.high == 1)
        return true;
    if (!p->dense.view.data && !matrix_init(&p->dense, DTYPE_F32, p->height, p->width, err))
        return false;
    double scale = 1 / (b.high - b.low);
    for (size_t i = 0; i < p->height; i++) {
        for (size_t j = 0; j < p->rank; j++)
            matrix_put(p->left.view, i, j, matrix_at(p->left.view, i, j) * scale);
        for (size_t j = 0; j < p->width; j++)
            matrix_put(p->dense.view, i, j, (matrix_at(p->dense.view, i, j) - b.low) * scale);
    }
    return true;
}
