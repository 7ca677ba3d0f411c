#include "arena.h"

#include "memory.h"

/* Lies in front of every piece; keeps the 64-byte alignment. */
struct arena_piece {
    _Alignas(64) struct arena_piece *older;
};

void *arena_alloc(struct arena *a, size_t size, struct error *err)
{
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct arena_piece), &whole)) {
        fail(err, ERROR_LIMIT, "%zu bytes are more than this machine can address", size);
        return NULL;
    }
    struct arena_piece *p = memory_alloc(whole, err);
    if (!p)
        return NULL;
    p->older = a->newest;
    a->newest = p;
    return p + 1;
}

bool arena_matrix(struct arena *a, enum dtype dtype, size_t rows, size_t cols,
                  struct matrix_view *out, struct error *err)
{
    size_t stride, bytes;
    if (!matrix_layout(dtype, rows, cols, &stride, &bytes, err))
        return false;
    void *data = arena_alloc(a, bytes, err);
    if (!data)
        return false;
    *out = (struct matrix_view){ data, rows, cols, stride, 1, dtype };
    return true;
}

void arena_finish(struct arena *a)
{
    while (a->newest) {
        struct arena_piece *older = a->newest->older;
        memory_free(a->newest);
        a->newest = older;
    }
}
