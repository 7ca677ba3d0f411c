#include "backend_front.h"
#include "memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct backend_ops *processor(void)
{
    for (size_t i = 0; backends[i]; i++)
        if (strcmp(backends[i]->name, "cpu") == 0)
            return backends[i];
    return NULL;
}

struct backend *backend_start(const struct backend_ops *ops, const char *device, struct error *err)
{
    struct backend *b = ops->open(device, err);
    if (!b)
        return NULL;
    b->ops = ops;
    if (ops == processor())
        return b;
    b->host = backend_start(processor(), NULL, err);
    if (!b->host) {
        ops->close(b);
        return NULL;
    }
    return b;
}

struct backend *backend_open(const char *name, const char *device, struct error *err)
{
    char names[ERROR_TEXT / 2] = "auto";
    for (size_t i = 0, n = strlen(names); backends[i]; i++) {
        if (strcmp(name, "auto") == 0 || strcmp(name, backends[i]->name) == 0)
            return backend_start(backends[i], device, err);
        if (n < sizeof(names))
            n += (size_t)snprintf(names + n, sizeof(names) - n, ", %s", backends[i]->name);
    }
    fail(err, ERROR_USAGE, "no backend is called \"%s\"; there are %s", name, names);
    return NULL;
}

void backend_close(struct backend *b)
{
    if (!b)
        return;
    backend_release_all(b);
    memory_free(b->live);
    backend_close(b->host);
    b->ops->close(b);
}

const char *backend_name(const struct backend *b)
{
    return b->ops->name;
}

const char *backend_device(const struct backend *b)
{
    return b->ops->device(b);
}

struct backend_counts backend_counts(const struct backend *b)
{
    return b->counts;
}

void backend_counts_reset(struct backend *b)
{
    b->counts = (struct backend_counts){ 0 };
}

struct backend_live *backend_find(const struct buffer *x)
{
    struct backend *b = x->owner;
    for (size_t i = 0; i < b->n_live; i++)
        if (b->live[i].x.memory == x->memory)
            return &b->live[i];
    return NULL;
}

/* Room for one more, before there is a buffer that could be lost. */
static bool make_room(struct backend *b, struct error *err)
{
    if (b->n_live < b->room)
        return true;
    size_t room = b->room ? 2 * b->room : 16;
    struct backend_live *live = memory_alloc(room * sizeof(*live), err);
    if (!live)
        return false;
    if (b->n_live)
        memcpy(live, b->live, b->n_live * sizeof(*live));
    memory_free(b->live);
    b->live = live;
    b->room = room;
    return true;
}

bool backend_alloc(struct backend *b, enum dtype dtype, size_t rows, size_t cols,
                   struct buffer *out, struct error *err)
{
    struct buffer x = { .owner = b, .dtype = dtype, .rows = rows, .cols = cols };
    if (!make_room(b, err) || !b->ops->alloc(b, &x, err))
        return false;
    b->live[b->n_live++] = (struct backend_live){ .x = x };
    *out = x;
    return true;
}

bool backend_load(struct backend *b, struct matrix_view from, struct buffer *out, struct error *err)
{
    struct buffer x = { .owner = b, .dtype = from.dtype, .rows = from.rows, .cols = from.cols };
    if (!make_room(b, err) || !b->ops->load(b, from, &x, err))
        return false;
    b->live[b->n_live++] = (struct backend_live){ .x = x, .loaded = true };
    *out = x;
    return true;
}

bool backend_read(const struct buffer *x, struct matrix_view to, struct error *err)
{
    assert(x->rows == to.rows && x->cols == to.cols && x->dtype == to.dtype);
    return x->owner->ops->read(x, to, err);
}

void backend_let_go(struct backend_live *l)
{
    l->x.owner->ops->release(&l->x);
    matrix_finish(&l->host);
}

void backend_release(struct buffer *x)
{
    struct backend_live *l = x->memory ? backend_find(x) : NULL;
    if (l) {
        struct backend *b = x->owner;
        backend_let_go(l);
        *l = b->live[--b->n_live];
    }
    *x = (struct buffer){ 0 };
}

void backend_release_all(struct backend *b)
{
    while (b->n_live)
        backend_let_go(&b->live[--b->n_live]);
}
