/* Tensors of a file that none is chosen of: one looked at, or all of them. What is kept of a chosen one
 * stays. */

#include "study_inside.h"

#include "anatomy.h"
#include "memory.h"

enum { MAP_ROWS = 128, MAP_COLS = 256 }; /* as many pixels as a pane may have */

bool study_anatomy(struct run *r, struct outcome *o, struct error *err)
{
    const struct request *q = r->request;
    const struct anatomy_options options = {
        .dtype = q->dtype,
        .exact = q->exact,
        .rounding = true,
        .map_rows = MAP_ROWS,
        .map_cols = MAP_COLS,
    };
    o->tensor = q->tensor;
    o->anatomy = memory_alloc(sizeof(*o->anatomy), err);
    return o->anatomy && anatomy_of(&r->job, q->document, &q->document->entries[q->tensor],
                                    &options, o->anatomy, err);
}
