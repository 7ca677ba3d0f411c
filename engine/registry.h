#pragma once

#include "document.h"
#include "method.h"

/* Everything there is, in menu order; the lists are in engine/meson.build. */
extern const struct method *const methods[]; /* NULL-terminated */
extern const struct quantizer *const quantizers[];
extern const struct format *const formats[];

const struct method *method_find(const char *name); /* '-' and '_' are alike; NULL: there is none */
