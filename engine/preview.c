/* Averaging over boxes: out pixel i of h covers the interval [i n/h, (i+1) n/h)
 * of the n source pixels that a span has, counted from its start; each contributes in
 * proportion to its overlap. */

#include "preview.h"

#include "blas.h"
#include "memory.h"

#include <math.h>

/* out row += weight * row of a */
static void add_row(struct matrix_view a, size_t row, double weight, float *out)
{
    if (a.dtype == DTYPE_F32 && a.col_stride == 1) {
        const float *in = (const float *)a.data + row * a.row_stride;
        for (size_t j = 0; j < a.cols; j++)
            out[j] += (float)weight * in[j];
        return;
    }
    for (size_t j = 0; j < a.cols; j++)
        out[j] += (float)(weight * matrix_at(a, row, j));
}

/* Rows, or columns: `length` of them from `start`, which may lie inside one. */
struct span {
    double start, length;
};

static struct span span_of(double start, double length, size_t all)
{
    return length > 0 ? (struct span){ start, length } : (struct span){ 0, (double)all };
}

static struct span rows_of(struct region part, size_t rows)
{
    return span_of(part.row, part.rows, rows);
}

static struct span cols_of(struct region part, size_t cols)
{
    return span_of(part.col, part.cols, cols);
}

bool region_equal(struct region a, struct region b)
{
    return a.row == b.row && a.col == b.col && a.rows == b.rows && a.cols == b.cols;
}

/* out (h x a.cols, F32, zeroed) = these rows of a averaged into h. */
static void average_rows(struct matrix_view a, struct span s, struct matrix_view out)
{
    double step = s.length / (double)out.rows;
    double end = fmin(s.start + s.length, (double)a.rows);
    for (size_t i = 0; i < out.rows; i++) {
        double from = s.start + (double)i * step;
        double to = fmin(s.start + (double)(i + 1) * step, end);
        float *row = (float *)out.data + i * out.row_stride;
        for (size_t r = (size_t)from; r < a.rows && (double)r < to; r++) {
            double overlap = fmin(to, (double)(r + 1)) - fmax(from, (double)r);
            if (overlap > 0)
                add_row(a, r, overlap / step, row);
        }
    }
}

/* *out = these columns of a averaged into w: a.rows x w. */
static bool average_cols(struct matrix_view a, struct span s, size_t w, struct matrix *out,
                         struct error *err)
{
    struct matrix flipped = { 0 };
    bool ok = matrix_init(&flipped, DTYPE_F32, w, a.rows, err) &&
              matrix_init(out, DTYPE_F32, a.rows, w, err);
    if (ok) {
        average_rows(matrix_transposed(a), s, flipped.view);
        matrix_copy(matrix_transposed(flipped.view), out->view);
    }
    matrix_finish(&flipped);
    return ok;
}

bool preview_resample_region(struct matrix_view a, struct region part, struct matrix_view out,
                             struct error *err)
{
    struct matrix rows = { 0 }, both = { 0 };
    bool ok = matrix_init(&rows, DTYPE_F32, out.rows, a.cols, err);
    if (ok) {
        average_rows(a, rows_of(part, a.rows), rows.view);
        ok = average_cols(rows.view, cols_of(part, a.cols), out.cols, &both, err);
    }
    if (ok)
        matrix_copy(both.view, out);
    matrix_finish(&rows);
    matrix_finish(&both);
    return ok;
}

bool preview_resample(struct matrix_view a, struct matrix_view out, struct error *err)
{
    return preview_resample_region(a, (struct region){ 0 }, out, err);
}

/* Columns [at, at + n) of p->left and rows of p->right from one product. */
static bool add_product(struct preview *p, struct region part, size_t at, struct matrix_view left,
                        struct matrix_view right, struct error *err)
{
    struct matrix columns = { 0 };
    size_t n = left.cols;
    average_rows(left, rows_of(part, left.rows), matrix_block(p->left.view, 0, at, p->height, n));
    if (!average_cols(right, cols_of(part, right.cols), p->width, &columns, err))
        return false;
    matrix_copy(columns.view, matrix_block(p->right.view, at, 0, n, p->width));
    matrix_finish(&columns);
    return true;
}

static bool preview_init(struct preview *p, size_t height, size_t width, size_t rank,
                         struct error *err)
{
    *p = (struct preview){ .width = width, .height = height, .rank = rank };
    return matrix_init(&p->left, DTYPE_F32, height, rank, err) &&
           matrix_init(&p->right, DTYPE_F32, rank, width, err);
}

bool preview_of_svd(const struct svd *s, struct region part, size_t height, size_t width,
                    struct preview *out, struct error *err)
{
    struct preview p;
    if (!preview_init(&p, height, width, s->n, err) ||
        !add_product(&p, part, 0, s->u.view, s->vt.view, err)) {
        preview_finish(&p);
        return false;
    }
    for (size_t i = 0; i < height; i++) {
        float *row = (float *)p.left.view.data + i * p.left.view.row_stride;
        for (size_t j = 0; j < s->n; j++)
            row[j] *= (float)s->sigma[j];
    }
    *out = p;
    return true;
}

static bool add_dense(struct preview *p, struct region part, struct matrix_view a,
                      struct error *err)
{
    struct matrix small = { 0 };
    bool ok = (p->dense.view.data || matrix_init(&p->dense, DTYPE_F32, p->height, p->width, err)) &&
              matrix_init(&small, DTYPE_F32, p->height, p->width, err) &&
              preview_resample_region(a, part, small.view, err);
    for (size_t i = 0; ok && i < p->height; i++)
        for (size_t j = 0; j < p->width; j++)
            matrix_put(p->dense.view, i, j,
                       matrix_at(p->dense.view, i, j) + matrix_at(small.view, i, j));
    matrix_finish(&small);
    return ok;
}

static bool decoded(const struct part *part, struct matrix *out, struct error *err)
{
    return matrix_init(out, DTYPE_F32, part_rows(part), part_cols(part), err) &&
           part_decode(part, out->view, err);
}

static bool add_term(struct preview *p, struct region part, const struct result *r,
                     const struct term *t, size_t *at, struct error *err)
{
    struct matrix left = { 0 }, right = { 0 };
    bool ok = decoded(&r->parts[t->left], &left, err);
    if (ok && t->right == TERM_DENSE) {
        ok = add_dense(p, part, left.view, err);
    } else if (ok) {
        ok = decoded(&r->parts[t->right], &right, err) &&
             add_product(p, part, *at, left.view, right.view, err);
        *at += left.view.cols;
    }
    matrix_finish(&left);
    matrix_finish(&right);
    return ok;
}

static size_t rank_of(const struct result *r, size_t matrix)
{
    size_t rank = 0;
    for (size_t i = 0; i < r->n_terms; i++)
        if (r->terms[i].matrix == matrix && r->terms[i].right != TERM_DENSE)
            rank += part_cols(&r->parts[r->terms[i].left]);
    return rank;
}

static bool preview_of_terms(const struct result *r, size_t matrix, struct region part,
                             size_t height, size_t width, struct preview *p, struct error *err)
{
    size_t at = 0;
    bool ok = preview_init(p, height, width, rank_of(r, matrix), err);
    for (size_t i = 0; ok && i < r->n_terms; i++)
        if (r->terms[i].matrix == matrix)
            ok = add_term(p, part, r, &r->terms[i], &at, err);
    return ok;
}

/* A mean is linear, so scale and shift come after it. */
static bool put_shift(struct preview *p, const struct frame *f, struct error *err)
{
    if (!p->dense.view.data && !matrix_init(&p->dense, DTYPE_F32, p->height, p->width, err))
        return false;
    for (size_t i = 0; i < p->height; i++) {
        for (size_t j = 0; j < p->rank; j++)
            matrix_put(p->left.view, i, j, f->scale * matrix_at(p->left.view, i, j));
        for (size_t j = 0; j < p->width; j++)
            matrix_put(p->dense.view, i, j, f->scale * matrix_at(p->dense.view, i, j) + f->shift);
    }
    return true;
}

/* A rotation mixes all entries, so that no part of the factors is a part of the picture: they stay
 * zero, as wide as ever, and all is dense. */
static bool preview_of_whole(const struct result *r, size_t matrix, struct region part,
                             size_t height, size_t width, struct preview *p, struct error *err)
{
    const struct measure *m = &r->measures[matrix];
    struct matrix whole = { 0 };
    bool ok = preview_init(p, height, width, rank_of(r, matrix), err) &&
              matrix_init(&whole, DTYPE_F32, m->rows, m->cols, err) &&
              result_expand(r, matrix, whole.view, err) && add_dense(p, part, whole.view, err);
    matrix_finish(&whole);
    return ok;
}

bool preview_of_result(const struct result *r, size_t matrix, struct region part, size_t height,
                       size_t width, struct preview *out, struct error *err)
{
    const struct frame *f = &r->frames[matrix];
    struct preview p;
    bool ok = f->rotated_rows || f->rotated_cols
                  ? preview_of_whole(r, matrix, part, height, width, &p, err)
                  : preview_of_terms(r, matrix, part, height, width, &p, err) &&
                        (!f->shifted || put_shift(&p, f, err));
    if (ok)
        *out = p;
    else
        preview_finish(&p);
    return ok;
}

void preview_finish(struct preview *p)
{
    matrix_finish(&p->left);
    matrix_finish(&p->right);
    matrix_finish(&p->dense);
    *p = (struct preview){ 0 };
}

void preview_render(const struct preview *p, size_t rank, struct matrix_view out)
{
    if (rank > p->rank)
        rank = p->rank;
    blas_gemm_alone(matrix_block(p->left.view, 0, 0, p->height, rank),
                    matrix_block(p->right.view, 0, 0, rank, p->width), out);
    if (!p->dense.view.data)
        return;
    for (size_t i = 0; i < p->height; i++) {
        const float *from = (const float *)p->dense.view.data + i * p->dense.view.row_stride;
        float *to = (float *)out.data + i * out.row_stride;
        for (size_t j = 0; j < p->width; j++)
            to[j] += from[j];
    }
}
