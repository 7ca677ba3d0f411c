#include "run_list.h"

#include <string.h>

#include "memory.h"

bool run_same(const struct run_row *a, const struct run_row *b)
{
    if (a->method != b->method)
        return false;
    if (!a->method)
        return !strcmp(a->name, b->name) && !strcmp(a->setting, b->setting);
    return param_equal(&a->method->params, &a->params, &b->params);
}

double run_size(const struct run_row *row)
{
    const struct compare_numbers *n = &row->numbers;
    return n->entries ? (double)n->bits_true / (double)n->entries : 0;
}

static bool make_room(struct run_list *l, size_t n, struct error *err)
{
    if (n <= l->room)
        return true;
    size_t room = n < 16 ? 16 : 2 * n;
    struct run_row *rows = memory_alloc(room * sizeof(*rows), err);
    if (!rows)
        return false;
    if (l->n)
        memcpy(rows, l->of, l->n * sizeof(*rows));
    memory_free(l->of);
    l->of = rows;
    l->room = room;
    return true;
}

bool run_list_put(struct run_list *l, const struct run_row *row, struct error *err)
{
    for (size_t i = 0; i < l->n; i++)
        if (run_same(&l->of[i], row)) {
            l->of[i] = *row;
            return true;
        }
    if (!make_room(l, l->n + 1, err))
        return false;
    l->of[l->n++] = *row;
    return true;
}

bool run_list_copy(const struct run_list *l, struct run_list *out, struct error *err)
{
    *out = (struct run_list){ 0 };
    if (!make_room(out, l->n, err))
        return false;
    if (l->n)
        memcpy(out->of, l->of, l->n * sizeof(*l->of));
    out->n = l->n;
    return true;
}

void run_list_finish(struct run_list *l)
{
    memory_free(l->of);
    *l = (struct run_list){ 0 };
}
