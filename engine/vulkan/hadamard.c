/* The fast Walsh-Hadamard transform, row by row: the same operations in the same order as
 * engine/hadamard.c. */

#include "vulkan/items.h"

#include <math.h>
#include <string.h>

/* What shaders/hadamard.glsl is told. */
struct push {
    uint32_t first, n, size, log_cols, log_half, pairs;
    uint32_t from, from_stride, to, to_stride, flip_first, flip_last, last, stream;
    uint32_t seed[2], scale[2];
};

/* Pairs nearer than this meet in shared memory. */
static uint32_t log_span(enum dtype dtype)
{
    return dtype == DTYPE_F64 ? 11 : 12;
}

/* What x is scaled by, in the type of the entries. */
static void write_scale(enum dtype dtype, size_t n, uint32_t out[2])
{
    double scale = 1 / sqrt((double)n);
    float single = (float)scale;
    if (dtype == DTYPE_F64)
        memcpy(out, &scale, sizeof(scale));
    else
        memcpy(out, &single, sizeof(single));
}

/* All passes over rows that lie in one panel of either matrix. */
static bool transform(struct vulkan *v, const struct block *x, const struct block *out,
                      enum dtype dtype, bool inverse, struct push *push, struct error *err)
{
    bool wide = dtype == DTYPE_F64;
    uint32_t near = push->log_cols < log_span(dtype) ? push->log_cols : log_span(dtype);
    size_t span = (size_t)1 << log_span(dtype);
    struct dispatch d = { .shader = wide ? SHADER_hadamard_f64 : SHADER_hadamard_f32,
                          .blocks = { x, out },
                          .push_size = sizeof(*push) };
    push->flip_first = !inverse;
    push->last = near == push->log_cols;
    push->flip_last = inverse && push->last;
    if (!items_dispatch(v, &d, &push->first, (push->size + span - 1) / span, 1,
                        (double)span * (near + 2), err))
        return false;
    d = (struct dispatch){ .shader = wide ? SHADER_hadamard_far_f64 : SHADER_hadamard_far_f32,
                           .blocks = { out },
                           .push_size = sizeof(*push) };
    bool ok = true;
    for (push->log_half = near; ok && push->log_half < push->log_cols;
         push->log_half += push->pairs) {
        push->pairs = push->log_cols - push->log_half == 1 ? 1 : 2;
        push->last = push->log_half + push->pairs == push->log_cols;
        push->flip_last = inverse && push->last;
        ok = items_dispatch(v, &d, &push->first, push->size >> push->pairs, 256, 12, err);
    }
    return ok;
}

bool vulkan_hadamard(const struct buffer *x, uint64_t seed, bool inverse, struct buffer *out,
                     struct error *err)
{
    struct vulkan *v = vulkan_of(x);
    const struct panels *p = panels_of(x), *q = panels_of(out);
    struct push push = {
        .from_stride = (uint32_t)p->stride,
        .to_stride = (uint32_t)q->stride,
        .stream = STREAM_SIGNS,
        .seed = { (uint32_t)seed, (uint32_t)(seed >> 32) },
    };
    while ((size_t)1 << push.log_cols < p->cols)
        push.log_cols++;
    write_scale(x->dtype, p->cols, push.scale);
    bool ok = true;
    for (size_t row = 0, n; ok && p->n && row < p->rows; row += n) {
        size_t i = row / p->height, j = row / q->height;
        size_t end = (i + 1) * p->height < (j + 1) * q->height ? (i + 1) * p->height
                                                               : (j + 1) * q->height;
        n = (end < p->rows ? end : p->rows) - row;
        push.from = (uint32_t)((row - i * p->height) * p->stride);
        push.to = (uint32_t)((row - j * q->height) * q->stride);
        push.size = (uint32_t)(n * p->cols);
        ok = transform(v, &p->blocks[i], &q->blocks[j], x->dtype, inverse, &push, err);
    }
    return ok;
}
