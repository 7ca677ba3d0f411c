/* Paths that are kept, and where two of their values came close. */

#include "cancel.h"
#include "dyson.h"
#include "memory.h"

#include <math.h>
#include <string.h>

static void keep(struct dyson_path *p, const struct dyson *x)
{
    memcpy(p->values + x->frame * x->d, x->values, x->d * sizeof(double));
    if (p->overlap)
        p->overlap[x->frame] = x->overlap;
}

/* The shape is that of a matrix, and so are the limits. */
static bool make_room(struct dyson_path *p, bool overlaps, struct error *err)
{
    size_t stride, bytes;
    if (!matrix_layout(DTYPE_F64, p->frames + 1, p->d, &stride, &bytes, err))
        return false;
    p->values = memory_alloc((p->frames + 1) * p->d * sizeof(double), err);
    if (p->values && overlaps)
        p->overlap = memory_alloc((p->frames + 1) * sizeof(double), err);
    return p->values && (p->overlap || !overlaps);
}

bool dyson_path_draw(struct dyson_path *out, enum field field, const double *start, size_t d,
                     double dt, size_t frames, bool overlaps, uint64_t seed, uint32_t path,
                     struct error *err)
{
    struct dyson_path p = { .field = field, .d = d, .frames = frames, .dt = dt };
    struct dyson x = { 0 };
    bool ok = make_room(&p, overlaps, err) &&
              dyson_init(&x, field, start, d, dt, overlaps, seed, path, err);
    if (ok)
        keep(&p, &x);
    for (size_t i = 0; ok && i < frames; i++) {
        ok = cancel_none(err) && dyson_step(&x, err);
        if (ok)
            keep(&p, &x);
    }
    dyson_finish(&x);
    if (!ok) {
        dyson_path_finish(&p);
        return false;
    }
    *out = p;
    return true;
}

void dyson_path_finish(struct dyson_path *p)
{
    memory_free(p->values);
    memory_free(p->overlap);
    *p = (struct dyson_path){ 0 };
}

static double gap_at(const struct dyson_path *p, size_t frame, size_t i)
{
    const double *row = dyson_path_at(p, frame);
    return row[i] - row[i + 1];
}

/* Appends x; where there is no room, the widest of all goes. */
static size_t insert(struct dyson_miss *out, size_t n, size_t room, struct dyson_miss x)
{
    size_t widest = 0;
    if (n < room) {
        out[n] = x;
        return n + 1;
    }
    for (size_t i = 1; i < n; i++)
        if (out[i].s > out[widest].s)
            widest = i;
    if (n == 0 || !(x.s < out[widest].s))
        return n;
    memmove(out + widest, out + widest + 1, (n - widest - 1) * sizeof(*out));
    out[n - 1] = x;
    return n;
}

size_t dyson_near_misses(const struct dyson_path *p, double most_s, struct dyson_miss *out,
                         size_t room)
{
    size_t n = 0;
    for (size_t frame = 1; frame < p->frames; frame++)
        for (size_t i = 0; i + 1 < p->d; i++) {
            double gap = gap_at(p, frame, i), t = (double)frame * p->dt,
                   s = gap / sqrt(t / (double)p->d);
            if (s <= most_s && gap <= gap_at(p, frame - 1, i) && gap < gap_at(p, frame + 1, i))
                n = insert(out, n, room, (struct dyson_miss){ frame, i, t, gap, s });
        }
    return n;
}

const struct dyson_miss *dyson_next_miss(const struct dyson_miss *misses, size_t n, size_t frame)
{
    for (size_t i = 0; i < n; i++)
        if (misses[i].frame > frame)
            return &misses[i];
    return NULL;
}
