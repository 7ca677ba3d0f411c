/* The remainder of an approximation: a copy of the matrix, then a product at a time off it. */

#include "vulkan/product.h"

bool vulkan_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                     struct buffer *out, struct error *err)
{
    struct vulkan *v = vulkan_of(out);
    const struct panels *to = panels_of(out);
    bool ok = product_add(v, 1, panels_of(a), 0, false, to, err);
    for (size_t i = 0; ok && i < n; i++) {
        const struct panels *left = panels_of(products[i].left);
        struct product p = { .a = left, .out = to, .add = true, .alpha = -1 };
        if (products[i].right) {
            p.b = panels_of(products[i].right);
            ok = product_panels(v, &p, err);
        } else {
            ok = product_add(v, -1, left, 0, true, to, err);
        }
    }
    return ok;
}
