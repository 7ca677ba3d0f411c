/* Upper tiles in double precision, then a copy below the diagonal. */

#include "vulkan/product.h"

enum { MIRROR = 16 }; /* rows and columns of a work group of shaders/mirror.comp */

/* Rows to .. to + n from rows from .. from + rows, each within a panel. */
static bool mirror(struct vulkan *v, const struct panels *p, size_t from, size_t to,
                   struct error *err)
{
    size_t rows = product_stretch(p, from, p->rows), n = product_stretch(p, to, p->rows);
    struct {
        uint32_t first, columns, from, rows, to, n, stride;
    } push = { .columns = (uint32_t)((rows + MIRROR - 1) / MIRROR),
               .from = (uint32_t)from,
               .rows = (uint32_t)rows,
               .to = (uint32_t)to,
               .n = (uint32_t)n,
               .stride = (uint32_t)p->stride };
    struct dispatch d = { .shader = SHADER_mirror,
                          .blocks = { product_patch(p, from, 0).block,
                                      product_patch(p, to, 0).block },
                          .push = &push,
                          .push_size = sizeof(push) };
    return product_spread(v, &d, &push.first, push.columns * ((n + MIRROR - 1) / MIRROR),
                          4 * MIRROR * MIRROR, err);
}

bool vulkan_gram(const struct buffer *a, struct buffer *out, struct error *err)
{
    struct vulkan *v = vulkan_of(out);
    const struct panels *p = panels_of(out);
    struct product product = { .a = panels_of(a),
                               .b = panels_of(a),
                               .out = p,
                               .a_transposed = true,
                               .upper = true,
                               .alpha = 1 };
    bool ok = product_panels(v, &product, err);
    for (size_t to = 0; ok && to < p->rows; to += p->height)
        for (size_t from = 0; ok && from <= to; from += p->height)
            ok = mirror(v, p, from, to, err);
    return ok;
}
