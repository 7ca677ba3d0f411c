/* Batches of Hermitian noise, the same numbers as ensemble_noise. */

#include "vulkan/items.h"

#include <math.h>
#include <string.h>

/* What shaders/noise.comp is told. */
struct push {
    uint32_t first, n, blocks, row, d, field, stream, matrix;
    uint32_t seed[2], deviation[2], diagonal[2];
};

/* A factor in the type of the entries, as the processor multiplies by it. */
static void factor(enum dtype dtype, double x, uint32_t out[2])
{
    float single = (float)x;
    if (dtype == DTYPE_F64)
        memcpy(out, &x, sizeof(x));
    else
        memcpy(out, &single, sizeof(single));
}

bool vulkan_noise(enum field field, uint64_t seed, uint32_t first, double deviation,
                  struct buffer *out, struct error *err)
{
    struct vulkan *v = vulkan_of(out);
    const struct panels *p = panels_of(out);
    struct push push = {
        .blocks = (uint32_t)(p->stride / 4),
        .d = (uint32_t)ensemble_side(field, p->cols),
        .field = (uint32_t)field,
        .stream = STREAM_NOISE,
        .matrix = first,
        .seed = { (uint32_t)seed, (uint32_t)(seed >> 32) },
    };
    factor(out->dtype, deviation, push.deviation);
    factor(out->dtype, sqrt(2) * deviation, push.diagonal);
    bool ok = true;
    for (size_t i = 0; ok && i < p->n; i++) {
        struct dispatch d = { .shader = out->dtype == DTYPE_F64 ? SHADER_noise_f64
                                                                : SHADER_noise_f32,
                              .blocks = { &p->blocks[i] },
                              .push_size = sizeof(push) };
        push.row = (uint32_t)(i * p->height);
        ok = items_dispatch(v, &d, &push.first, panels_rows(p, i) * push.blocks, 256, 1200, err);
    }
    return ok;
}
