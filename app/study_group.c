/* One group of a model's matrices, read and looked at between the pictures. Nothing of it is kept: what
 * was found goes to the screen, and matrices of a model are too many to hold. */

#include "study_inside.h"

#include <math.h>

#include "blas.h"
#include "memory.h"

enum { MAP_ROWS = 256 /* of a member that are looked at between two steps */ };

struct sight {
    struct run *r;
    const struct group_wish *wish;
    struct group_found *found;
    struct matrix members[GROUP_MEMBERS]; /* owned */
    struct joint_profile profile;         /* owned, unless it went to `found` */
};

static bool read_members(struct sight *l, struct error *err)
{
    const struct request *q = l->r->request;
    const struct group *g = &l->wish->group;
    return job_step(&l->r->job, 0, "reading", err) &&
           group_read(q->document, g, q->dtype, l->members, err);
}

/* Over the members, by their rows; NAN where none was rounded or one does not tell. */
static bool rounding(struct sight *l, double *out, struct error *err)
{
    const struct document *d = l->r->request->document;
    const struct group *g = &l->wish->group;
    double sum = 0;
    for (size_t i = 0; i < g->n; i++) {
        double square;
        if (!job_step(&l->r->job, 0.9, "rounding", err) ||
            !document_noise(d, &d->entries[g->members[i].entry], &square, err))
            return false;
        sum += square * (double)g->members[i].rows;
    }
    *out = sum / (double)group_rows(g);
    return true;
}

static bool profile(struct sight *l, struct error *err)
{
    struct matrix_view views[GROUP_MEMBERS];
    const struct group_wish *w = l->wish;
    unsigned flags = 0;
    for (size_t i = 0; i < w->group.n; i++)
        views[i] = l->members[i].view;
    if (w->what & (GROUP_ANGLES | GROUP_PROFILE))
        flags |= JOINT_ANGLES;
    if (w->what & GROUP_MAPS)
        flags |= JOINT_VECTORS;
    struct job_share share = { .whole = &l->r->job, .from = 0.02, .to = 0.9 };
    if (w->what & GROUP_NULL)
        share.to = 0.1;
    struct job part = job_part(&share);
    return joint_profile_init(&l->profile, &part, views, w->group.n, (enum balance)w->balance,
                              flags, err);
}

static bool null_test(struct sight *l, struct error *err)
{
    const struct group_wish *w = l->wish;
    size_t n = l->profile.r;
    struct group_found *f = l->found;
    size_t *ranks = memory_alloc(n * sizeof(*ranks), err);
    struct job_share share = { .whole = &l->r->job, .from = 0.1, .to = 1 };
    struct job part = job_part(&share);
    for (size_t k = 0; ranks && k < n; k++)
        ranks[k] = k + 1;
    f->null = ranks ? memory_alloc(n * sizeof(*f->null), err) : NULL;
    f->n_null = n;
    bool ok = f->null && joint_null(&part, &l->profile, ranks, n, w->draws, w->seed, f->null, err);
    memory_free(ranks);
    return ok;
}

static bool angles(struct sight *l, struct error *err)
{
    const struct joint_shape *s = &l->profile.shape;
    struct group_found *f = l->found;
    size_t n = l->wish->rank < l->profile.r ? l->wish->rank : l->profile.r;
    for (size_t i = 0; i < s->p; i++)
        n = s->rows[i] < n ? s->rows[i] : n;
    if (n == 0 || s->p < 2)
        return true;
    f->cosines = memory_alloc(GROUP_MEMBERS * n * sizeof(double), err);
    f->n_cosines = n;
    for (size_t i = 1; f->cosines && i < s->p; i++)
        if (!joint_angles(&l->profile, i, n, f->cosines + i * n, err))
            return false;
    return f->cosines != NULL;
}

/* ---- maps ---- */

struct maps {
    struct sight *l;
    double *sums; /* owned; of one map behind the other, high x wide each; then the counts */
    size_t row;   /* of the stack, that comes next */
    struct matrix vt, left, kept; /* owned; F32, like the members that they are of */
};

static size_t cells(const struct group_wish *w)
{
    return (size_t)w->high * (size_t)w->wide;
}

static bool maps_init(struct maps *m, struct error *err)
{
    const struct sight *l = m->l;
    size_t n = l->profile.shape.n, k = l->wish->rank < l->profile.r ? l->wish->rank : l->profile.r;
    enum dtype type = l->members[0].view.dtype;
    m->sums = memory_alloc((GROUP_MAPS_N + 1) * cells(l->wish) * sizeof(double), err);
    if (!m->sums || !matrix_init(&m->vt, type, k, n, err) ||
        !matrix_init(&m->left, type, MAP_ROWS, k, err) ||
        !matrix_init(&m->kept, type, MAP_ROWS, n, err))
        return false;
    if (k)
        matrix_copy(matrix_block(l->profile.vt.view, 0, 0, k, n), m->vt.view);
    return true;
}

static void maps_finish(struct maps *m)
{
    memory_free(m->sums);
    matrix_finish(&m->vt);
    matrix_finish(&m->left);
    matrix_finish(&m->kept);
}

/* Rows of a member, their part of the rank, and the rest, into the cells that they lie in. */
static void add_rows(struct maps *m, struct matrix_view w)
{
    const struct group_wish *wish = m->l->wish;
    size_t wide = (size_t)wish->wide, all = cells(wish),
           height = joint_height(&m->l->profile.shape);
    struct matrix_view left = matrix_block(m->left.view, 0, 0, w.rows, m->vt.view.rows);
    struct matrix_view kept = matrix_block(m->kept.view, 0, 0, w.rows, w.cols);
    if (m->vt.view.rows) {
        blas_gemm(w, matrix_transposed(m->vt.view), left);
        blas_gemm(left, m->vt.view, kept);
    }
    for (size_t i = 0; i < w.rows; i++, m->row++)
        for (size_t j = 0; j < w.cols; j++) {
            size_t at = m->row * (size_t)wish->high / height * wide + j * wide / w.cols;
            double whole = matrix_at(w, i, j), part = matrix_at(kept, i, j);
            m->sums[GROUP_MAP_WHOLE * all + at] += fabs(whole);
            m->sums[GROUP_MAP_KEPT * all + at] += fabs(part);
            m->sums[GROUP_MAP_LEFT * all + at] += fabs(whole - part);
            m->sums[GROUP_MAPS_N * all + at] += 1;
        }
}

static bool add_member(struct maps *m, struct matrix_view w, struct error *err)
{
    double height = (double)joint_height(&m->l->profile.shape);
    for (size_t i = 0; i < w.rows; i += MAP_ROWS) {
        size_t rows = w.rows - i < MAP_ROWS ? w.rows - i : MAP_ROWS;
        if (!job_step(&m->l->r->job, 0.9 + 0.1 * (double)m->row / height, "maps", err))
            return false;
        add_rows(m, matrix_block(w, i, 0, rows, w.cols));
    }
    return true;
}

static bool maps(struct sight *l, struct error *err)
{
    const struct group_wish *w = l->wish;
    struct maps m = { .l = l };
    bool ok = maps_init(&m, err);
    for (size_t i = 0; ok && i < w->group.n; i++)
        ok = add_member(&m, l->members[i].view, err);
    for (int i = 0; ok && i < GROUP_MAPS_N; i++) {
        ok = matrix_init(&l->found->map[i], DTYPE_F32, (size_t)w->high, (size_t)w->wide, err);
        for (size_t at = 0; ok && at < cells(w); at++) {
            double n = m.sums[GROUP_MAPS_N * cells(w) + at];
            matrix_put(l->found->map[i].view, at / (size_t)w->wide, at % (size_t)w->wide,
                       n > 0 ? m.sums[(size_t)i * cells(w) + at] / n : 0);
        }
    }
    maps_finish(&m);
    return ok;
}

/* The cross products of the members' vectors are as large as they, and answer for angles alone. */
static void keep_profile(struct sight *l)
{
    struct joint_profile *p = &l->found->profile;
    *p = l->profile;
    l->profile = (struct joint_profile){ 0 };
    matrix_finish(&p->vt);
    p->vt = (struct matrix){ 0 };
    for (size_t i = 0; i < GROUP_MEMBERS; i++) {
        matrix_finish(&p->cross[i]);
        p->cross[i] = (struct matrix){ 0 };
    }
}

bool study_group(struct run *r, struct outcome *o, struct error *err)
{
    struct sight l = { .r = r, .wish = &r->request->group };
    l.found = o->group = memory_alloc(sizeof(*o->group), err);
    if (!l.found)
        return false;
    l.found->wish = *l.wish;
    l.found->rounding = (double)NAN;
    bool ok = read_members(&l, err) && profile(&l, err);
    ok = ok && (!(l.wish->what & GROUP_NULL) || null_test(&l, err));
    ok = ok && (!(l.wish->what & GROUP_ANGLES) || angles(&l, err));
    ok = ok && (!(l.wish->what & GROUP_MAPS) || maps(&l, err));
    ok = ok && (!(l.wish->what & GROUP_PROFILE) || rounding(&l, &l.found->rounding, err));
    if (ok && (l.wish->what & GROUP_PROFILE))
        keep_profile(&l);
    joint_profile_finish(&l.profile);
    for (size_t i = 0; i < GROUP_MEMBERS; i++)
        matrix_finish(&l.members[i]);
    return ok;
}
