#include "vulkan/items.h"

#include <assert.h>

bool items_dispatch(struct vulkan *v, struct dispatch *d, uint32_t *push, size_t n, size_t group,
                    double each, struct error *err)
{
    assert(n <= UINT32_MAX - group);
    size_t groups = (n + group - 1) / group;
    size_t most = vulkan_share(v, groups, each * (double)group, d->wide);
    if (most > v->max_groups)
        most = v->max_groups;
    d->push = push;
    d->cost = each * (double)(n < most * group ? n : most * group);
    bool ok = true;
    for (size_t i = 0; ok && i < groups; i += most) {
        push[0] = (uint32_t)(i * group);
        push[1] = (uint32_t)n;
        d->groups[0] = (uint32_t)(groups - i < most ? groups - i : most);
        ok = vulkan_dispatch(v, d, err);
    }
    return ok;
}
