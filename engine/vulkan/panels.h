#pragma once

#include "vulkan/vulkan.h"

/* Buffers of the Vulkan backend; arguments as in struct backend_ops. */
bool panels_alloc(struct backend *b, struct buffer *x, struct error *err);
bool panels_load(struct backend *b, struct matrix_view from, struct buffer *x, struct error *err);
bool panels_read(const struct buffer *x, struct matrix_view to, struct error *err);
void panels_release(struct buffer *x);
