#include "theatre_point.h"

#include <math.h>

#include "form.h"
#include "worlds_keys.h"

static void slide(struct model *m, double along)
{
    const struct param *p = theatre_row(m);
    double value = form_value(p, along, theatre_limit(m, p));
    if (theatre_speaks(m, p))
        theatre_put(m, p, p->kind == PARAM_INT ? floor(value + 0.5) : value);
}

void theatre_point(struct model *m, enum zone zone, size_t index, double along)
{
    struct theatre *t = &m->theatre;
    if (worlds_away(m)) {
        worlds_point(m, index, zone == ZONE_THEATRE_BAR, along);
    } else if (zone == ZONE_THEATRE_PANE) {
        t->focus = index < THEATRE_FOCUS_COUNT ? (int)index : t->focus;
    } else if (zone == ZONE_THEATRE_TIME) {
        t->focus = THEATRE_FOCUS_PATHS;
        theatre_put(m, param_find(&theatre_rows, "t"), along);
    } else {
        t->focus = THEATRE_FOCUS_FORM;
        t->field = index < theatre_rows.n ? index : t->field;
        if (zone == ZONE_THEATRE_BAR)
            slide(m, along);
    }
}
