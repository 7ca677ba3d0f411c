#include "release_rows.h"

bool release_rows_refuse(const struct error *why, struct error *err)
{
    const char *text = "the rows cannot be read; nothing was released";
    if (why->code == ERROR_CANCELLED)
        text = "stopped before anything was spent";
    else if (why->code == ERROR_MEMORY)
        text = "out of memory; nothing was released";
    else if (why->code == ERROR_LIMIT)
        text = "the rows are more than may be held in memory; nothing was released";
    return fail(err, why->code, "%s", text);
}

static bool make_room(const struct selection *s, struct release_rows *out, struct error *err)
{
    size_t entries, bytes;
    if (__builtin_mul_overflow(s->rows, s->cols, &entries) ||
        __builtin_mul_overflow(entries, sizeof(double), &bytes))
        return fail(err, ERROR_LIMIT, "more rows than this machine can address");
    if (!secret_init(&out->memory, bytes, err))
        return false;
    out->view = (struct matrix_view){ out->memory.data, s->rows, s->cols, s->cols, 1, DTYPE_F64 };
    return true;
}

bool release_rows_read(const struct selection *s, struct release_rows *out, struct error *err)
{
    struct error why = { 0 };
    *out = (struct release_rows){ 0 };
    if (s->n != 1 || s->stack || !s->entries[0])
        return fail(err, ERROR_USAGE, "a release is of one matrix, whose rows are people");
    if (make_room(s, out, &why) && selection_read_into(s, 0, out->view, &why))
        return true;
    release_rows_finish(out);
    return release_rows_refuse(&why, err);
}

void release_rows_finish(struct release_rows *r)
{
    secret_finish(&r->memory);
    *r = (struct release_rows){ 0 };
}
