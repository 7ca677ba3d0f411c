#include "browse_commands.h"

#include <stdio.h>
#include <string.h>

bool browse_command_tensor(struct model *m, const char *arguments, struct error *err)
{
    if (!m->document)
        return fail(err, ERROR_USAGE, "tensor: nothing is open");
    return browse_find(m, arguments) ||
           fail(err, ERROR_USAGE, "tensor: there is none named '%.100s'", arguments);
}

bool browse_command_filter(struct model *m, const char *arguments, struct error *err)
{
    struct browse *b = &m->browse;
    if (strlen(arguments) >= sizeof(b->filter))
        return fail(err, ERROR_USAGE, "filter: no more than %zu bytes", sizeof(b->filter) - 1);
    snprintf(b->filter, sizeof(b->filter), "%s", arguments);
    if (m->document)
        browse_update(m);
    return true;
}

bool browse_command_sort(struct model *m, const char *arguments, struct error *err)
{
    return browse_sort(m, arguments, err);
}
