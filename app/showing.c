#include "showing.h"

#include "setting.h"
#include "sweep.h"
#include "view.h"

bool showing_compare(struct model *m, const char *arguments, struct error *err)
{
    double bits = runs_at_hand(m);
    if ((arguments[0] && !setting_bits(m, arguments, &bits, err)) || !runs_begin(m, bits, err))
        return false;
    view_show(m, view_find("compare"));
    return true;
}

bool showing_ranks(struct model *m, const char *arguments, struct error *err)
{
    if (!grouping_words(m, arguments, err))
        return false;
    view_show(m, view_find("groups"));
    return true;
}

bool showing_group(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "group: names come after it, NAME,NAME or NAME[FROM:TO]");
    if (!grouping_add(m, arguments, err))
        return false;
    view_show(m, view_find("groups"));
    return true;
}

bool showing_with(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "with: the file of another model comes after it, or off");
    if (!beside_open(m, arguments, err))
        return false;
    view_show(m, view_find("weights"));
    m->browse.page = m->beside.document ? BROWSE_PAGE_WITH : 0;
    return true;
}

bool showing_sweep(struct model *m, const char *arguments, struct error *err)
{
    return sweep_begin(m, arguments, &m->fault, err);
}
