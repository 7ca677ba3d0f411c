#include "scan_list.h"

#include <string.h>

#include "memory.h"

static bool make_room(struct scan_list *l, size_t n, struct error *err)
{
    size_t room = n < 16 ? 16 : 2 * n;
    if (n <= l->room)
        return true;
    struct scan_item *items = memory_alloc(room * sizeof(*items), err);
    if (!items)
        return false;
    if (l->n)
        memcpy(items, l->of, l->n * sizeof(*items));
    memory_free(l->of);
    l->of = items;
    l->room = room;
    return true;
}

bool scan_list_add(struct scan_list *l, size_t at, const struct scan_row *row, struct error *err)
{
    if (!make_room(l, l->n + 1, err))
        return false;
    l->of[l->n++] = (struct scan_item){ at, *row };
    return true;
}

bool scan_list_before(struct scan_list *l, struct scan_list *from, struct error *err)
{
    if (from->n && !make_room(from, from->n + l->n, err))
        return false;
    if (!from->n)
        return true;
    if (l->n)
        memcpy(from->of + from->n, l->of, l->n * sizeof(*l->of));
    from->n += l->n;
    scan_list_finish(l);
    *l = *from;
    *from = (struct scan_list){ 0 };
    return true;
}

void scan_list_finish(struct scan_list *l)
{
    memory_free(l->of);
    *l = (struct scan_list){ 0 };
}
