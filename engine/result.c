#include "result.h"

#include "blas.h"
#include "memory.h"
#include "rotation.h"

#include <assert.h>
#include <math.h>
#include <string.h>

bool result_init(struct result *r, size_t n, struct error *err)
{
    r->measures = memory_alloc(n * sizeof(*r->measures), err);
    if (!r->measures)
        return false;
    r->n_measures = n;
    r->frames = memory_alloc(n * sizeof(*r->frames), err);
    if (!r->frames)
        return false;
    for (size_t i = 0; i < n; i++)
        r->frames[i].scale = 1;
    r->rounds = 1;
    const double unknown = (double)NAN;
    for (size_t i = 0; i < n; i++)
        r->measures[i] = (struct measure){ .norm = unknown,
                                           .residual = unknown,
                                           .error = unknown,
                                           .optimal = unknown,
                                           .bound = unknown,
                                           .fitted = unknown,
                                           .right_loss = unknown,
                                           .theory = { .error = unknown } };
    return true;
}

void result_finish(struct result *r)
{
    for (size_t i = 0; i < r->n_parts; i++) {
        matrix_finish(&r->parts[i].plain);
        coded_finish(&r->parts[i].codes);
    }
    memory_free(r->parts);
    memory_free(r->terms);
    for (size_t i = 0; r->frames && i < r->n_measures; i++) {
        memory_free(r->frames[i].row_signs);
        memory_free(r->frames[i].col_signs);
    }
    memory_free(r->frames);
    memory_free(r->measures);
    *r = (struct result){ 0 };
}

/* A copy of the array with room for one more. */
static bool grow(void **array, size_t n, size_t size, struct error *err)
{
    void *larger = memory_alloc((n + 1) * size, err);
    if (!larger)
        return false;
    if (n)
        memcpy(larger, *array, n * size);
    memory_free(*array);
    *array = larger;
    return true;
}

static struct part *add_part(struct result *r, const char *name, size_t *index, struct error *err)
{
    void *parts = r->parts;
    if (!grow(&parts, r->n_parts, sizeof(*r->parts), err))
        return NULL;
    r->parts = parts;
    *index = r->n_parts++;
    r->parts[*index].name = name;
    return &r->parts[*index];
}

bool result_add_plain(struct result *r, const char *name, struct matrix *m, size_t *index,
                      struct error *err)
{
    struct part *p = add_part(r, name, index, err);
    if (p)
        p->plain = *m;
    else
        matrix_finish(m);
    *m = (struct matrix){ 0 };
    return p;
}

bool result_add_coded(struct result *r, const char *name, struct coded *c, size_t *index,
                      struct error *err)
{
    struct part *p = add_part(r, name, index, err);
    if (p) {
        p->codes = *c;
        p->coded = true;
    } else {
        coded_finish(c);
    }
    *c = (struct coded){ 0 };
    return p;
}

bool result_add_term(struct result *r, size_t matrix, size_t left, size_t right, struct error *err)
{
    void *terms = r->terms;
    if (!grow(&terms, r->n_terms, sizeof(*r->terms), err))
        return false;
    r->terms = terms;
    r->terms[r->n_terms++] = (struct term){ matrix, left, right };
    return true;
}

size_t part_rows(const struct part *p)
{
    return p->coded ? p->codes.rows : p->plain.view.rows;
}

size_t part_cols(const struct part *p)
{
    return p->coded ? p->codes.cols : p->plain.view.cols;
}

static uint64_t part_bits(const struct part *p, bool paper)
{
    size_t rows = part_rows(p), cols = part_cols(p);
    if (!p->coded)
        return (uint64_t)rows * cols * dtype_size(p->plain.view.dtype) * 8;
    return (paper ? coding_bits_paper : coding_bits_true)(&p->codes.coding, rows, cols);
}

static uint64_t frame_bits(const struct result *r, size_t matrix)
{
    const struct frame *f = &r->frames[matrix];
    return (f->rotated_rows ? r->measures[matrix].rows : 0) +
           (f->rotated_cols ? r->measures[matrix].cols : 0) + (f->shifted ? 2 * 64 : 0);
}

uint64_t result_bits_paper(const struct result *r)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < r->n_parts; i++)
        bits += part_bits(&r->parts[i], true);
    return bits;
}

uint64_t result_bits_true(const struct result *r)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < r->n_parts; i++)
        bits += part_bits(&r->parts[i], false);
    for (size_t i = 0; i < r->n_measures; i++)
        bits += frame_bits(r, i);
    return bits;
}

static bool uses(const struct result *r, size_t matrix, size_t part)
{
    for (size_t i = 0; i < r->n_terms; i++)
        if (r->terms[i].matrix == matrix && (r->terms[i].left == part || r->terms[i].right == part))
            return true;
    return false;
}

/* The rows of all inputs that use a part, and of those before `matrix`; how many use it. */
static size_t users(const struct result *r, size_t part, size_t matrix, size_t *rows,
                    size_t *before)
{
    size_t n = 0;
    *rows = *before = 0;
    for (size_t i = 0; i < r->n_measures; i++) {
        if (!uses(r, i, part))
            continue;
        n++;
        *rows += r->measures[i].rows;
        *before += i < matrix ? r->measures[i].rows : 0;
    }
    return n;
}

/* Portions are rounded at their borders, so that nothing is lost between them. */
uint64_t result_bits_of(const struct result *r, size_t matrix, bool paper)
{
    uint64_t bits = paper ? 0 : frame_bits(r, matrix);
    for (size_t i = 0; i < r->n_parts; i++) {
        size_t rows, before;
        uint64_t whole = part_bits(&r->parts[i], paper);
        if (!uses(r, matrix, i))
            continue;
        if (users(r, i, matrix, &rows, &before) > 1 && rows) {
            size_t own = r->measures[matrix].rows;
            double end = (double)whole * ((double)(before + own) / (double)rows);
            double begin = (double)whole * ((double)before / (double)rows);
            bits += (uint64_t)end - (uint64_t)begin;
        } else {
            bits += whole;
        }
    }
    return bits;
}

uint64_t result_bits_shared(const struct result *r, bool paper)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < r->n_parts; i++) {
        size_t rows, before;
        bits += users(r, i, 0, &rows, &before) > 1 ? part_bits(&r->parts[i], paper) : 0;
    }
    return bits;
}

bool frame_plain(const struct frame *f)
{
    return !f->rotated_rows && !f->rotated_cols && !f->shifted;
}

bool part_decode(const struct part *p, struct matrix_view out, struct error *err)
{
    if (p->coded)
        return coding_decode(&p->codes, out, err);
    matrix_copy(p->plain.view, out);
    return true;
}

/* to += from; rows of both lie along memory. */
static void add(struct matrix_view from, struct matrix_view to)
{
    for (size_t i = 0; i < to.rows; i++) {
        const float *single = (const float *)from.data + i * from.row_stride;
        const double *wide = (const double *)from.data + i * from.row_stride;
        for (size_t j = 0; to.dtype == DTYPE_F32 && j < to.cols; j++)
            ((float *)to.data)[i * to.row_stride + j] += single[j];
        for (size_t j = 0; to.dtype == DTYPE_F64 && j < to.cols; j++)
            ((double *)to.data)[i * to.row_stride + j] += wide[j];
    }
}

static bool add_term(const struct result *r, const struct term *t, struct matrix_view out,
                     struct error *err)
{
    struct matrix left = { 0 }, right = { 0 };
    const struct part *l = &r->parts[t->left];
    bool ok = matrix_init(&left, out.dtype, part_rows(l), part_cols(l), err) &&
              part_decode(l, left.view, err);
    if (ok && t->right == TERM_DENSE) {
        add(left.view, out);
    } else if (ok) {
        const struct part *p = &r->parts[t->right];
        ok = matrix_init(&right, out.dtype, part_rows(p), part_cols(p), err) &&
             part_decode(p, right.view, err);
        if (ok)
            blas_gemm_add(1, left.view, right.view, out);
    }
    matrix_finish(&left);
    matrix_finish(&right);
    return ok;
}

/* From the sum of the terms to the matrix. */
static bool put_frame(const struct frame *f, struct matrix_view out, struct error *err)
{
    if ((f->rotated_cols && !rotation_apply(out, f->col_signs, true, err)) ||
        (f->rotated_rows && !rotation_apply(matrix_transposed(out), f->row_signs, true, err)))
        return false;
    for (size_t i = 0; f->shifted && i < out.rows; i++) {
        float *single = (float *)out.data + i * out.row_stride;
        double *wide = (double *)out.data + i * out.row_stride;
        for (size_t j = 0; out.dtype == DTYPE_F32 && j < out.cols; j++)
            single[j] = (float)(f->scale * (double)single[j] + f->shift);
        for (size_t j = 0; out.dtype == DTYPE_F64 && j < out.cols; j++)
            wide[j] = f->scale * wide[j] + f->shift;
    }
    return true;
}

bool result_expand(const struct result *r, size_t matrix, struct matrix_view out, struct error *err)
{
    assert(out.col_stride == 1);
    for (size_t i = 0; i < out.rows && out.cols; i++)
        memset((char *)out.data + i * out.row_stride * dtype_size(out.dtype), 0,
               out.cols * dtype_size(out.dtype));
    for (size_t i = 0; i < r->n_terms; i++)
        if (r->terms[i].matrix == matrix && !add_term(r, &r->terms[i], out, err))
            return false;
    return put_frame(&r->frames[matrix], out, err);
}
