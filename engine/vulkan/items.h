#pragma once

#include "vulkan/vulkan.h"

/* n items of work, `group` of them in a work group, in as many dispatches as the device wants.
 * The shader finds the number of its dispatch's first item and n in the first two words of the
 * push constants, which d->push points to and this sets. each: the cost of an item. */
bool items_dispatch(struct vulkan *v, struct dispatch *d, uint32_t *push, size_t n, size_t group,
                    double each, struct error *err);
