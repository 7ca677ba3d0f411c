#include "vulkan/product.h"

bool vulkan_gemm(const struct buffer *a, bool a_transposed, const struct buffer *b,
                 bool b_transposed, struct buffer *out, struct error *err)
{
    struct product p = { .a = panels_of(a),
                         .b = panels_of(b),
                         .out = panels_of(out),
                         .a_transposed = a_transposed,
                         .b_transposed = b_transposed,
                         .alpha = 1 };
    return product_panels(vulkan_of(out), &p, err);
}
