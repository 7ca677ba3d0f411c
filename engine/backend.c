#include "backend.h"

#include "memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const char *const backend_op_names[] = {
    "gemm", "gram", "fill", "code", "decode", "residual", NULL
};

/* A buffer not yet released. What came back from the processor may still be read
 * where it lies, so it stays as long as the buffer. */
struct backend_live {
    struct buffer x;
    struct matrix host;
    bool loaded; /* by the caller: never written to */
};

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

static struct backend_live *find(const struct buffer *x)
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

static void let_go(struct backend_live *l)
{
    l->x.owner->ops->release(&l->x);
    matrix_finish(&l->host);
}

void backend_release(struct buffer *x)
{
    struct backend_live *l = x->memory ? find(x) : NULL;
    if (l) {
        struct backend *b = x->owner;
        let_go(l);
        *l = b->live[--b->n_live];
    }
    *x = (struct buffer){ 0 };
}

void backend_release_all(struct backend *b)
{
    while (b->n_live)
        let_go(&b->live[--b->n_live]);
}

static void assert_input(const struct buffer *x, const struct backend *b)
{
    assert(x->owner == b && find(x));
    (void)x, (void)b;
}

static void assert_output(const struct buffer *x)
{
    const struct backend_live *l = x->owner ? find(x) : NULL;
    assert(l && !l->loaded);
    (void)l;
}

/* Whether the device does it; counts who does. */
static bool dispatch(struct backend *b, enum backend_op op, bool offered)
{
    if (b->host)
        ++*(offered ? &b->counts.device[op] : &b->counts.fallback[op]);
    return offered;
}

/* A device's buffer on a visit to the processor. */
struct guest {
    struct matrix m;
    struct buffer x; /* the processor's, and borrows m */
};

static bool invite(const struct buffer *x, bool with_entries, struct guest *g, struct error *err)
{
    struct backend *host = x->owner->host;
    g->x = (struct buffer){ .owner = host, .dtype = x->dtype, .rows = x->rows, .cols = x->cols };
    return matrix_init(&g->m, x->dtype, x->rows, x->cols, err) &&
           (!with_entries || x->owner->ops->read(x, g->m.view, err)) &&
           host->ops->load(host, g->m.view, &g->x, err);
}

static void part(struct guest *g)
{
    if (g->x.memory)
        g->x.owner->ops->release(&g->x);
    matrix_finish(&g->m);
    *g = (struct guest){ 0 };
}

/* The entries of g take the place of those of x. */
static bool send_home(struct guest *g, struct buffer *x, struct error *err)
{
    struct backend_live *l = find(x);
    struct buffer fresh = *x;
    fresh.memory = NULL;
    if (!x->owner->ops->load(x->owner, g->m.view, &fresh, err))
        return false;
    let_go(l);
    l->x = *x = fresh;
    l->host = g->m;
    g->m = (struct matrix){ 0 };
    return true;
}

bool backend_gemm(const struct buffer *a, bool a_transposed, const struct buffer *b,
                  bool b_transposed, struct buffer *out, struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    assert_input(a, owner);
    assert_input(b, owner);
    assert(out->memory != a->memory && out->memory != b->memory);
    assert(a->dtype == b->dtype && a->dtype == out->dtype);
    assert((a_transposed ? a->cols : a->rows) == out->rows);
    assert((b_transposed ? b->rows : b->cols) == out->cols);
    assert((a_transposed ? a->rows : a->cols) == (b_transposed ? b->cols : b->rows));
    if (dispatch(owner, OP_GEMM, owner->ops->gemm != NULL))
        return owner->ops->gemm(a, a_transposed, b, b_transposed, out, err);
    struct guest ga = { 0 }, gb = { 0 }, go = { 0 };
    bool ok = invite(a, true, &ga, err) && invite(b, true, &gb, err) &&
              invite(out, false, &go, err) &&
              owner->host->ops->gemm(&ga.x, a_transposed, &gb.x, b_transposed, &go.x, err) &&
              send_home(&go, out, err);
    part(&ga);
    part(&gb);
    part(&go);
    return ok;
}

bool backend_gram(const struct buffer *a, struct buffer *out, struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    assert_input(a, owner);
    assert(out->memory != a->memory && out->dtype == DTYPE_F64);
    assert(out->rows == a->cols && out->cols == a->cols);
    if (dispatch(owner, OP_GRAM, owner->ops->gram != NULL))
        return owner->ops->gram(a, out, err);
    struct guest ga = { 0 }, go = { 0 };
    bool ok = invite(a, true, &ga, err) && invite(out, false, &go, err) &&
              owner->host->ops->gram(&ga.x, &go.x, err) && send_home(&go, out, err);
    part(&ga);
    part(&go);
    return ok;
}

bool backend_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                  double scale, struct buffer *out, struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    if (dispatch(owner, OP_FILL, owner->ops->fill != NULL))
        return owner->ops->fill(kind, seed, stream, matrix, scale, out, err);
    struct guest go = { 0 };
    bool ok = invite(out, false, &go, err) &&
              owner->host->ops->fill(kind, seed, stream, matrix, scale, &go.x, err) &&
              send_home(&go, out, err);
    part(&go);
    return ok;
}

bool backend_code(const struct coding *c, const struct buffer *a, struct coded *out,
                  struct error *err)
{
    struct backend *owner = a->owner;
    assert_input(a, owner);
    if (dispatch(owner, OP_CODE, owner->ops->code != NULL))
        return owner->ops->code(c, a, out, err);
    struct guest ga = { 0 };
    bool ok = invite(a, true, &ga, err) && owner->host->ops->code(c, &ga.x, out, err);
    part(&ga);
    return ok;
}

bool backend_decode(const struct coded *x, struct buffer *out, struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    assert(out->rows == x->rows && out->cols == x->cols);
    if (dispatch(owner, OP_DECODE, owner->ops->decode != NULL))
        return owner->ops->decode(x, out, err);
    struct guest go = { 0 };
    bool ok = invite(out, false, &go, err) && owner->host->ops->decode(x, &go.x, err) &&
              send_home(&go, out, err);
    part(&go);
    return ok;
}

static void assert_product(const struct buffer *a, const struct buffer_product *p)
{
    assert_input(p->left, a->owner);
    assert(p->left->dtype == a->dtype && p->left->rows == a->rows);
    if (p->right) {
        assert_input(p->right, a->owner);
        assert(p->right->dtype == a->dtype && p->left->cols == p->right->rows);
    }
    assert((p->right ? p->right : p->left)->cols == a->cols);
}

/* The processor's residual of buffers that live elsewhere: guests[0] is a, then left
 * and right of every product. */
static bool residual_of_guests(const struct buffer *a, const struct buffer_product *products,
                               size_t n, struct guest *guests, struct buffer_product *visiting,
                               double *norm, struct error *err)
{
    bool ok = invite(a, true, &guests[0], err);
    for (size_t i = 0; ok && i < n; i++) {
        struct guest *left = &guests[1 + 2 * i], *right = left + 1;
        ok = invite(products[i].left, true, left, err) &&
             (!products[i].right || invite(products[i].right, true, right, err));
        visiting[i] = (struct buffer_product){ &left->x, products[i].right ? &right->x : NULL };
    }
    ok = ok && a->owner->host->ops->residual(&guests[0].x, visiting, n, norm, err);
    for (size_t i = 0; i < 1 + 2 * n; i++)
        part(&guests[i]);
    return ok;
}

bool backend_residual(const struct buffer *a, const struct buffer_product *products, size_t n,
                      double *norm, struct error *err)
{
    struct backend *owner = a->owner;
    assert_input(a, owner);
    for (size_t i = 0; i < n; i++)
        assert_product(a, &products[i]);
    if (dispatch(owner, OP_RESIDUAL, owner->ops->residual != NULL))
        return owner->ops->residual(a, products, n, norm, err);
    struct guest *guests = memory_alloc((1 + 2 * n) * sizeof(*guests), err);
    struct buffer_product *visiting = memory_alloc(n * sizeof(*visiting), err);
    bool ok = guests && visiting && residual_of_guests(a, products, n, guests, visiting, norm, err);
    memory_free(guests);
    memory_free(visiting);
    return ok;
}
