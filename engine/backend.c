#include "backend_front.h"
#include "memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Always in the list. */
static const struct backend_ops *processor(void)
{
    size_t i = 0;
    while (strcmp(backends[i]->name, "cpu") != 0)
        i++;
    return backends[i];
}

/* Opened, with nobody to stand in for it. */
static struct backend *start_alone(const struct backend_ops *ops, const char *device,
                                   struct error *err)
{
    struct backend *b = ops->open(device, err);
    if (!b)
        return NULL;
    b->ops = ops;
    b->front = b->seat = b;
    return b;
}

struct backend *backend_start(const struct backend_ops *ops, const char *device, struct error *err)
{
    struct backend *b = start_alone(ops, device, err);
    if (!b || ops == processor())
        return b;
    b->host = start_alone(processor(), NULL, err);
    if (!b->host) {
        ops->close(b);
        return NULL;
    }
    b->host->front = b;
    return b;
}

struct backend *backend_auto(const struct backend_ops *const *list, struct error *err)
{
    struct backend *b = backend_start(processor(), NULL, err);
    if (b)
        b->list = list;
    return b;
}

/* "auto" with a device named: the first that has it, the processor before the others. */
static struct backend *open_named(const char *device, struct error *err)
{
    struct backend *b = backend_start(processor(), device, err);
    for (size_t i = 0; !b && err->code == ERROR_USAGE && backends[i]; i++)
        if (backends[i] != processor()) {
            struct error other = { 0 };
            b = backend_start(backends[i], device, &other);
            if (!b && other.code != ERROR_USAGE && other.code != ERROR_DEVICE)
                *err = other;
        }
    if (!b && err->code == ERROR_USAGE)
        fail(err, ERROR_USAGE, "no device is called \"%s\"; eigenscope doctor lists them", device);
    return b;
}

bool backend_device_is(const char *wanted, unsigned number, const char *name)
{
    if (!wanted[strspn(wanted, "0123456789")]) {
        char digits[16];
        snprintf(digits, sizeof(digits), "%u", number);
        return strcmp(wanted, digits) == 0;
    }
    size_t n = strlen(wanted);
    for (; *name; name++)
        if (strncasecmp(name, wanted, n) == 0)
            return true;
    return false;
}

struct backend *backend_open(const char *name, const char *device, struct error *err)
{
    char names[ERROR_TEXT / 2] = "auto";
    if (device && !*device)
        device = NULL;
    if (strcmp(name, "auto") == 0)
        return device ? open_named(device, err) : backend_auto(backends, err);
    for (size_t i = 0, n = strlen(names); backends[i]; i++) {
        if (strcmp(name, backends[i]->name) == 0)
            return backend_start(backends[i], device, err);
        if (n < sizeof(names))
            n += (size_t)snprintf(names + n, sizeof(names) - n, ", %s", backends[i]->name);
    }
    fail(err, ERROR_USAGE, "no backend is called \"%s\"; there are %s", name, names);
    return NULL;
}

static void close_one(struct backend *b)
{
    if (!b)
        return;
    memory_free(b->live);
    b->ops->close(b);
}

void backend_close(struct backend *b)
{
    if (!b)
        return;
    backend_release_all(b);
    close_one(b->device);
    close_one(b->host);
    close_one(b);
}

const char *backend_name(const struct backend *b)
{
    return b->seat->ops->name;
}

const char *backend_device(const struct backend *b)
{
    return b->seat->ops->device(b->seat);
}

struct backend_counts backend_counts(const struct backend *b)
{
    return b->counts;
}

void backend_counts_reset(struct backend *b)
{
    b->counts = b->before = (struct backend_counts){ 0 };
    if (!b->given_up)
        b->trouble[0] = '\0';
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
    struct backend *s = b->seat;
    struct buffer x = { .owner = s, .dtype = dtype, .rows = rows, .cols = cols };
    if (!make_room(s, err) || !s->ops->alloc(s, &x, err))
        return false;
    s->live[s->n_live++] = (struct backend_live){ .x = x, .users = 1 };
    *out = x;
    return true;
}

static bool same_view(struct matrix_view a, struct matrix_view b)
{
    return a.data == b.data && a.rows == b.rows && a.cols == b.cols &&
           a.row_stride == b.row_stride && a.col_stride == b.col_stride && a.dtype == b.dtype;
}

bool backend_load(struct backend *b, struct matrix_view from, struct buffer *out, struct error *err)
{
    struct backend *s = b->seat;
    struct buffer x = { .owner = s, .dtype = from.dtype, .rows = from.rows, .cols = from.cols };
    for (size_t i = 0; i < s->n_live; i++)
        if (s->live[i].loaded && same_view(s->live[i].view, from)) {
            s->live[i].users++;
            *out = s->live[i].x;
            return true;
        }
    if (!make_room(s, err) || !s->ops->load(s, from, &x, err))
        return false;
    s->live[s->n_live++] = (struct backend_live){
        .x = x,
        .view = from,
        .loaded = true,
        .users = 1,
    };
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
    if (l && --l->users == 0) {
        struct backend *owner = x->owner;
        backend_let_go(l);
        *l = owner->live[--owner->n_live];
    }
    *x = (struct buffer){ 0 };
}

static bool kept(const struct buffer *x, const struct buffer *keep, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (keep[i].memory == x->memory)
            return true;
    return false;
}

void backend_release_rest(struct backend *b, const struct buffer *keep, size_t n)
{
    struct backend *s = b->seat;
    size_t left = 0;
    for (size_t i = 0; i < s->n_live; i++)
        if (kept(&s->live[i].x, keep, n)) {
            s->live[left] = s->live[i];
            s->live[left++].users = 1;
        } else {
            backend_let_go(&s->live[i]);
        }
    s->n_live = left;
}

void backend_release_all(struct backend *b)
{
    backend_release_rest(b, NULL, 0);
}
