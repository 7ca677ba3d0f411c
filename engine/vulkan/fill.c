/* Random matrices, the same numbers as random_fill. */

#include "vulkan/items.h"

#include <math.h>
#include <string.h>

/* What shaders/fill.comp is told. */
struct push {
    uint32_t first, n, blocks, cols, row, kind, stream, matrix;
    uint32_t seed[2], scale[2], value[2], walsh[2];
};

/* A factor as the shader takes it. */
static void factor(enum shader shader, double x, uint32_t out[2])
{
    float pair[2] = { (float)x, (float)(x - (double)(float)x) };
    memcpy(out, shader == SHADER_fill_f32 ? (const void *)pair : &x, sizeof(x));
}

/* The entry of a sparse sign sketch, rounded once as on the processor. */
static double sparse_value(double scale, const struct buffer *out)
{
    double value = scale * sqrt((double)out->cols / (double)(out->cols < 4 ? out->cols : 4));
    return out->dtype == DTYPE_F64 ? value : (double)(float)value;
}

/* A product with a scale that is no float is rounded to double precision first, as on the
 * processor; a device that cannot does nearly as well with two floats. */
static enum shader shader_for(const struct vulkan *v, const struct buffer *out, double scale)
{
    if (out->dtype == DTYPE_F64)
        return SHADER_fill_f64;
    return (double)(float)scale == scale || !v->has_f64 ? SHADER_fill_f32 : SHADER_fill_f32_wide;
}

bool vulkan_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                 double scale, struct buffer *out, struct error *err)
{
    struct vulkan *v = vulkan_of(out);
    const struct panels *p = panels_of(out);
    struct philox walsh = philox_block(seed, 1, 0xffffffffu, (uint32_t)stream, matrix);
    struct push push = {
        .blocks = (uint32_t)(p->stride / 4),
        .cols = (uint32_t)p->cols,
        .kind = (uint32_t)kind,
        .stream = (uint32_t)stream,
        .matrix = matrix,
        .seed = { (uint32_t)seed, (uint32_t)(seed >> 32) },
        .walsh = { walsh.word[0] | 1, walsh.word[1] },
    };
    enum shader shader = shader_for(v, out, scale);
    factor(shader, scale, push.scale);
    factor(shader, p->cols ? sparse_value(scale, out) : 0, push.value);
    bool ok = true;
    for (size_t i = 0; ok && i < p->n; i++) {
        struct dispatch d = { .shader = shader,
                              .blocks = { &p->blocks[i] },
                              .push_size = sizeof(push) };
        push.row = (uint32_t)(i * p->height);
        ok = items_dispatch(v, &d, &push.first, panels_rows(p, i) * push.blocks, 256, 400, err);
    }
    return ok;
}
