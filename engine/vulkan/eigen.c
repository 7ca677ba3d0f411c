/* Eigenvalues of batches: a work group a matrix, from one block of memory. Where a batch lies
 * in several panels, whose borders know nothing of matrices, stretches of it are put together
 * in scratch memory first. */

#include "vulkan/items.h"

enum { STRETCH = 16 << 20 }; /* bytes put together at a time */

/* What shaders/eigen.comp is told. */
struct push {
    uint32_t first, n, row, stride, to, to_stride, d;
};

/* Rows from .. from + rows, of any panels, to the start of a block. */
static bool put_together(struct vulkan *v, const struct panels *p, size_t from, size_t rows,
                         const struct block *to, struct error *err)
{
    uint64_t row = (uint64_t)p->stride * dtype_size(p->dtype);
    bool ok = true;
    for (size_t done = 0, n; ok && done < rows; done += n) {
        size_t panel = (from + done) / p->height, within = (from + done) % p->height;
        n = panels_rows(p, panel) - within;
        if (n > rows - done)
            n = rows - done;
        ok = vulkan_copy(v, &p->blocks[panel], within * row, to, done * row, n * row, err);
    }
    return ok;
}

/* The variants by dtype and field; memory for 32 rows lets more matrices run side by side. */
static bool solve(struct vulkan *v, enum field field, enum dtype dtype, struct push *push,
                  const struct block *from, const struct block *to, size_t n, struct error *err)
{
    static const enum shader shaders[2][2] = { { SHADER_eigen_f32, SHADER_eigen_f32_complex },
                                               { SHADER_eigen_f64, SHADER_eigen_f64_complex } };
    double d = push->d;
    struct dispatch dispatch = { .shader = shaders[dtype == DTYPE_F64][field == FIELD_COMPLEX],
                                 .constants = { push->d <= 32 ? 32 : EIGEN_MAX },
                                 .blocks = { from, to },
                                 .push_size = sizeof(*push),
                                 .wide = dtype == DTYPE_F64 };
    return items_dispatch(v, &dispatch, &push->first, n, 1, 150 * d * d * d + 1e4, err);
}

/* Matrices that one dispatch can take from `first` on: within one panel of the values and, if
 * the batch has several, within a stretch. */
static size_t stretch(const struct vulkan *v, const struct panels *x, const struct panels *out,
                      size_t first, size_t d)
{
    size_t n = panels_rows(out, first / out->height) - first % out->height;
    uint64_t matrix = (uint64_t)d * x->stride * dtype_size(x->dtype);
    uint64_t room = STRETCH < v->binding ? STRETCH : v->binding;
    size_t most = x->n == 1 ? n : room > matrix ? (size_t)(room / matrix) : 1;
    return n < most ? n : most;
}

bool vulkan_eigen(enum field field, const struct buffer *x, struct buffer *out, struct error *err)
{
    struct vulkan *v = vulkan_of(out);
    const struct panels *from = panels_of(x), *to = panels_of(out);
    size_t d = out->cols, matrices = d ? out->rows : 0;
    struct push push = { .stride = (uint32_t)from->stride,
                         .to_stride = (uint32_t)to->stride,
                         .d = (uint32_t)d };
    bool ok = true;
    for (size_t i = 0, n; ok && i < matrices; i += n) {
        n = stretch(v, from, to, i, d);
        struct block *source = from->blocks;
        if (from->n > 1) {
            uint64_t bytes = (uint64_t)n * d * from->stride * dtype_size(from->dtype);
            ok = vulkan_scratch(v, SCRATCH_PANEL, bytes, bytes, &source, err) &&
                 put_together(v, from, i * d, n * d, source, err);
        }
        push.row = from->n > 1 ? 0 : (uint32_t)(i * d);
        push.to = (uint32_t)(i % to->height);
        ok = ok && solve(v, field, x->dtype, &push, source, &to->blocks[i / to->height], n, err);
    }
    return ok;
}
