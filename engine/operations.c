/* The front of every operation: checks its arguments once, and has the processor stand
 * in where the device has no entry. */

#include "backend_front.h"
#include "exact.h"
#include "memory.h"

#include <assert.h>

const char *const backend_op_names[] = { "gemm",        "gram",       "fill",     "code",
                                         "decode",      "residual",   "subtract", "hadamard",
                                         "reconstruct", "gram-exact", "noise",    "eigen",
                                         NULL };

static void assert_input(const struct buffer *x, const struct backend *b)
{
    assert(x->owner == b && backend_find(x));
    (void)x, (void)b;
}

static void assert_output(const struct buffer *x)
{
    const struct backend_live *l = x->owner ? backend_find(x) : NULL;
    assert(l && !l->loaded);
    (void)l;
}

/* Whether the owner's table does it; counts who does. The processor does everything. */
static bool dispatch(struct backend *owner, enum backend_op op, enum dtype dtype, bool entry)
{
    struct backend_counts *counts = &owner->front->counts;
    if (!owner->host) {
        assert(entry);
        counts->fallback[op] += owner->front->standing_in;
        return true;
    }
    bool offered = entry && (!owner->ops->offers || owner->ops->offers(owner, op, dtype));
    ++*(offered ? &counts->device[op] : &counts->fallback[op]);
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
    struct backend_live *l = backend_find(x);
    struct buffer fresh = *x;
    fresh.memory = NULL;
    if (!x->owner->ops->load(x->owner, g->m.view, &fresh, err))
        return false;
    backend_let_go(l);
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
    assert(a->dtype == b->dtype && (a->dtype == out->dtype || out->dtype == DTYPE_F64));
    assert((a_transposed ? a->cols : a->rows) == out->rows);
    assert((b_transposed ? b->rows : b->cols) == out->cols);
    assert((a_transposed ? a->rows : a->cols) == (b_transposed ? b->cols : b->rows));
    if (dispatch(owner, OP_GEMM, out->dtype, owner->ops->gemm != NULL))
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
    if (dispatch(owner, OP_GRAM, a->dtype, owner->ops->gram != NULL))
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
    if (dispatch(owner, OP_FILL, out->dtype, owner->ops->fill != NULL))
        return owner->ops->fill(kind, seed, stream, matrix, scale, out, err);
    struct guest go = { 0 };
    bool ok = invite(out, false, &go, err) &&
              owner->host->ops->fill(kind, seed, stream, matrix, scale, &go.x, err) &&
              send_home(&go, out, err);
    part(&go);
    return ok;
}

/* No device knows the points of vector quantizers. */
static bool codes_on(const struct backend *owner, const struct coding *c)
{
    return !owner->host || !c->quantizer->group;
}

bool backend_code(const struct coding *c, const struct buffer *a, struct coded *out,
                  struct error *err)
{
    struct backend *owner = a->owner;
    assert_input(a, owner);
    if (dispatch(owner, OP_CODE, a->dtype, owner->ops->code && codes_on(owner, c)))
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
    if (dispatch(owner, OP_DECODE, out->dtype, owner->ops->decode && codes_on(owner, &x->coding)))
        return owner->ops->decode(x, out, err);
    struct guest go = { 0 };
    bool ok = invite(out, false, &go, err) && owner->host->ops->decode(x, &go.x, err) &&
              send_home(&go, out, err);
    part(&go);
    return ok;
}

static void assert_product(const struct backend *owner, enum dtype dtype, size_t rows, size_t cols,
                           const struct buffer_product *p)
{
    assert_input(p->left, owner);
    assert(p->left->dtype == dtype && p->left->rows == rows);
    if (p->right) {
        assert_input(p->right, owner);
        assert(p->right->dtype == dtype && p->left->cols == p->right->rows);
    }
    assert((p->right ? p->right : p->left)->cols == cols);
    (void)dtype, (void)rows, (void)cols;
}

/* Two guests a product: left and right. */
static bool invite_products(const struct buffer_product *products, size_t n, struct guest *guests,
                            struct buffer_product *visiting, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct guest *left = &guests[2 * i], *right = left + 1;
        if (!invite(products[i].left, true, left, err) ||
            (products[i].right && !invite(products[i].right, true, right, err)))
            return false;
        visiting[i] = (struct buffer_product){ &left->x, products[i].right ? &right->x : NULL };
    }
    return true;
}

/* The processor's residual of buffers that live elsewhere: guests[0] is a, then left
 * and right of every product. */
static bool residual_of_guests(const struct buffer *a, const struct buffer_product *products,
                               size_t n, struct guest *guests, struct buffer_product *visiting,
                               double *norm, struct error *err)
{
    bool ok = invite(a, true, &guests[0], err) &&
              invite_products(products, n, guests + 1, visiting, err) &&
              a->owner->host->ops->residual(&guests[0].x, visiting, n, norm, err);
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
        assert_product(owner, a->dtype, a->rows, a->cols, &products[i]);
    if (dispatch(owner, OP_RESIDUAL, a->dtype, owner->ops->residual != NULL))
        return owner->ops->residual(a, products, n, norm, err);
    struct guest *guests = memory_alloc((1 + 2 * n) * sizeof(*guests), err);
    struct buffer_product *visiting = memory_alloc(n * sizeof(*visiting), err);
    bool ok = guests && visiting && residual_of_guests(a, products, n, guests, visiting, norm, err);
    memory_free(guests);
    memory_free(visiting);
    return ok;
}

/* guests[0] is out, guests[1] a, then left and right of every product. */
static bool subtract_guests(const struct buffer *a, const struct buffer_product *products, size_t n,
                            struct buffer *out, struct guest *guests,
                            struct buffer_product *visiting, struct error *err)
{
    bool ok = invite(out, false, &guests[0], err) && invite(a, true, &guests[1], err) &&
              invite_products(products, n, guests + 2, visiting, err) &&
              out->owner->host->ops->subtract(&guests[1].x, visiting, n, &guests[0].x, err) &&
              send_home(&guests[0], out, err);
    for (size_t i = 0; i < 2 + 2 * n; i++)
        part(&guests[i]);
    return ok;
}

bool backend_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                      struct buffer *out, struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    assert_input(a, owner);
    assert(a->dtype == out->dtype && a->rows == out->rows && a->cols == out->cols);
    assert(out->memory != a->memory);
    for (size_t i = 0; i < n; i++) {
        assert_product(owner, a->dtype, a->rows, a->cols, &products[i]);
        assert(out->memory != products[i].left->memory);
        assert(!products[i].right || out->memory != products[i].right->memory);
    }
    if (dispatch(owner, OP_SUBTRACT, out->dtype, owner->ops->subtract != NULL))
        return owner->ops->subtract(a, products, n, out, err);
    struct guest *guests = memory_alloc((2 + 2 * n) * sizeof(*guests), err);
    struct buffer_product *visiting = memory_alloc(n * sizeof(*visiting), err);
    bool ok = guests && visiting && subtract_guests(a, products, n, out, guests, visiting, err);
    memory_free(guests);
    memory_free(visiting);
    return ok;
}

bool backend_hadamard(const struct buffer *x, uint64_t seed, bool inverse, struct buffer *out,
                      struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    assert_input(x, owner);
    assert(out->memory != x->memory && out->dtype == x->dtype);
    assert(out->rows == x->rows && out->cols == x->cols);
    assert(x->cols && (x->cols & (x->cols - 1)) == 0);
    if (dispatch(owner, OP_HADAMARD, x->dtype, owner->ops->hadamard != NULL))
        return owner->ops->hadamard(x, seed, inverse, out, err);
    struct guest gx = { 0 }, go = { 0 };
    bool ok = invite(x, true, &gx, err) && invite(out, false, &go, err) &&
              owner->host->ops->hadamard(&gx.x, seed, inverse, &go.x, err) &&
              send_home(&go, out, err);
    part(&gx);
    part(&go);
    return ok;
}

/* Where the products of an approximation come from and their sum goes; guests[0] is out. */
static bool reconstruct_guests(const struct buffer_product *products, size_t n, struct buffer *out,
                               struct guest *guests, struct buffer_product *visiting,
                               struct error *err)
{
    bool ok = invite(out, false, &guests[0], err) &&
              invite_products(products, n, guests + 1, visiting, err) &&
              out->owner->host->ops->reconstruct(visiting, n, &guests[0].x, err) &&
              send_home(&guests[0], out, err);
    for (size_t i = 0; i < 1 + 2 * n; i++)
        part(&guests[i]);
    return ok;
}

bool backend_reconstruct(const struct buffer_product *products, size_t n, struct buffer *out,
                         struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    assert(n >= 1 && out->rows <= products[0].left->rows);
    size_t rows = products[0].left->rows;
    size_t cols = (products[0].right ? products[0].right : products[0].left)->cols;
    assert(out->cols <= cols);
    for (size_t i = 0; i < n; i++) {
        assert_product(owner, out->dtype, rows, cols, &products[i]);
        assert(out->memory != products[i].left->memory);
        assert(!products[i].right || out->memory != products[i].right->memory);
    }
    if (dispatch(owner, OP_RECONSTRUCT, out->dtype, owner->ops->reconstruct != NULL))
        return owner->ops->reconstruct(products, n, out, err);
    struct guest *guests = memory_alloc((1 + 2 * n) * sizeof(*guests), err);
    struct buffer_product *visiting = memory_alloc(n * sizeof(*visiting), err);
    bool ok = guests && visiting && reconstruct_guests(products, n, out, guests, visiting, err);
    memory_free(guests);
    memory_free(visiting);
    return ok;
}

bool backend_gram_exact(struct backend *b, const int32_t *rows, size_t n, size_t d, int64_t *out,
                        struct error *err)
{
    if (!exact_fits(rows, n, d, err))
        return false;
    struct backend *seat = b->seat;
    if (dispatch(seat, OP_GRAM_EXACT, DTYPE_F64, seat->ops->gram_exact != NULL))
        return seat->ops->gram_exact(seat, rows, n, d, out, err);
    return seat->host->ops->gram_exact(seat->host, rows, n, d, out, err);
}

static void assert_batch(enum field field, const struct buffer *x)
{
    size_t d = ensemble_side(field, x->cols);
    assert(d * (size_t)field == x->cols && (d ? x->rows % d == 0 : x->rows == 0));
    (void)d;
}

bool backend_noise(enum field field, uint64_t seed, uint32_t first, double deviation,
                   struct buffer *out, struct error *err)
{
    struct backend *owner = out->owner;
    assert_output(out);
    assert_batch(field, out);
    if (dispatch(owner, OP_NOISE, out->dtype, owner->ops->noise != NULL))
        return owner->ops->noise(field, seed, first, deviation, out, err);
    struct guest go = { 0 };
    bool ok = invite(out, false, &go, err) &&
              owner->host->ops->noise(field, seed, first, deviation, &go.x, err) &&
              send_home(&go, out, err);
    part(&go);
    return ok;
}

bool backend_eigen(enum field field, const struct buffer *x, struct buffer *out, struct error *err)
{
    struct backend *owner = out->owner;
    size_t d = ensemble_side(field, x->cols);
    assert_output(out);
    assert_input(x, owner);
    assert_batch(field, x);
    assert(out->memory != x->memory && out->dtype == x->dtype);
    assert(d <= EIGEN_MAX && out->cols == d && out->rows * d == x->rows);
    if (dispatch(owner, OP_EIGEN, x->dtype, owner->ops->eigen != NULL))
        return owner->ops->eigen(field, x, out, err);
    struct guest gx = { 0 }, go = { 0 };
    bool ok = invite(x, true, &gx, err) && invite(out, false, &go, err) &&
              owner->host->ops->eigen(field, &gx.x, &go.x, err) && send_home(&go, out, err);
    part(&gx);
    part(&go);
    return ok;
}
