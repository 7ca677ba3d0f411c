#include "beside_found.h"

#include "memory.h"

void beside_found_destroy(struct beside_found *f)
{
    if (!f)
        return;
    memory_free(f->sigma);
    memory_free(f);
}
