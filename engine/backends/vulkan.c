/* Vulkan compute. What the table names lies in engine/vulkan/, a file an operation. */

#include "vulkan/device.h"
#include "vulkan/panels.h"

static const char *name(const struct backend *b)
{
    return ((const struct vulkan *)b)->name;
}

static bool software(const struct backend *b)
{
    return ((const struct vulkan *)b)->software;
}

/* Sums in double precision need a device that has it. */
static bool offers(const struct backend *b, enum backend_op op, enum dtype dtype)
{
    static const bool needs_f64[OP_COUNT] = { [OP_GRAM] = true,
                                              [OP_CODE] = true,
                                              [OP_DECODE] = true,
                                              [OP_RESIDUAL] = true,
                                              [OP_SUBTRACT] = true };
    return ((const struct vulkan *)b)->has_f64 || op == OP_GRAM_EXACT ||
           (dtype == DTYPE_F32 && !needs_f64[op]);
}

const struct backend_ops backend_vulkan = {
    .name = "vulkan",
    .summary = "a graphics processor, through Vulkan compute shaders",
    .open = vulkan_open,
    .close = vulkan_close,
    .device = name,
    .survey = vulkan_survey,
    .software = software,
    .lost = vulkan_lost,
    .renew = vulkan_renew,
    .offers = offers,
    .alloc = panels_alloc,
    .release = panels_release,
    .load = panels_load,
    .read = panels_read,
    .gemm = vulkan_gemm,
    .gram = vulkan_gram,
    .residual = vulkan_residual,
    .subtract = vulkan_subtract,
    .reconstruct = vulkan_reconstruct,
    .fill = vulkan_fill,
    .code = vulkan_code,
    .decode = vulkan_decode,
    .hadamard = vulkan_hadamard,
    .gram_exact = vulkan_gram_exact,
    .noise = vulkan_noise,
    .eigen = vulkan_eigen,
};
