#include "group_found.h"

#include "memory.h"

void group_found_destroy(struct group_found *f)
{
    if (!f)
        return;
    joint_profile_finish(&f->profile);
    memory_free(f->null);
    memory_free(f->cosines);
    for (int i = 0; i < GROUP_MAPS_N; i++)
        matrix_finish(&f->map[i]);
    memory_free(f);
}
