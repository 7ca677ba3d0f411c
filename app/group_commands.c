#include "group_commands.h"

#include "view.h"

bool group_ranks(struct model *m, const char *arguments, struct error *err)
{
    if (!grouping_words(m, arguments, err))
        return false;
    view_show(m, view_find("groups"));
    return true;
}

bool group_add(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "group: names come after it, NAME,NAME or NAME[FROM:TO]");
    if (!grouping_add(m, arguments, err))
        return false;
    view_show(m, view_find("groups"));
    return true;
}
