/* Reading packed factors. Nothing in the file is trusted: the metadata says
 * what tensors there must be and how large, the header must list exactly these,
 * and only then is memory taken, which the file's own size bounds. */
#include "factors.h"

#include <endian.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "half.h"
#include "limit.h"
#include "memory.h"
#include "packed.h"
#include "raw.h"
#include "safetensors.h"

enum { HALF_MOST = 65504, TENSORS_MOST = 6 * PACKED_MOST + 1, LINES_MOST = 5 * PACKED_MOST };

struct loader {
    const struct source *source;
    struct safetensors header;
    struct factors *f;
    struct error *err;
    size_t keys;  /* of the metadata that were asked for */
    char key[64]; /* the last of them */
};

#define REFUSE(l, ...) source_fail((l)->source, 8, (l)->err, ERROR_FORMAT, __VA_ARGS__)

/* The line under a key. */
static const char *fetch(struct loader *l, const char *format, ...) PRINTF_LIKE(2, 3);
static const char *fetch(struct loader *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(l->key, sizeof(l->key), format, args);
    va_end(args);
    const char *text = safetensors_metadata(&l->header, l->key);
    l->keys++;
    if (!text)
        REFUSE(l, "metadata: '%s' is missing", l->key);
    return text;
}

static bool refuse_line(struct loader *l, const char *text)
{
    return REFUSE(l, "metadata: '%s' does not make sense: %.80s", l->key, text);
}

static bool read_picture(struct loader *l)
{
    const char *text = fetch(l, PACKED_PREFIX "picture");
    struct factors *f = l->f;
    struct packed_picture p;
    if (!text)
        return false;
    if (!packed_parse_picture(text, &p))
        return refuse_line(l, text);
    f->picture = p.picture;
    f->planes = p.planes;
    f->depth = p.depth;
    f->dtype = p.dtype;
    f->like.gamma = p.gamma;
    f->like.srgb_intent = p.srgb_intent;
    return true;
}

static bool read_counts(struct loader *l, size_t i, struct result *r)
{
    const char *text = fetch(l, PACKED_PREFIX "result_%zu", i);
    if (!text)
        return false;
    return packed_parse_result(text, r) || refuse_line(l, text);
}

static bool read_matrix(struct loader *l, size_t index, struct measure *m)
{
    const char *text = fetch(l, PACKED_PREFIX "matrix_%zu", index);
    if (!text)
        return false;
    return packed_parse_matrix(text, &m->rows, &m->cols, l->f->names[index]) ||
           refuse_line(l, text);
}

/* What stands around a matrix, if anything does; its numbers come later. */
static bool read_frame(struct loader *l, size_t index, struct frame *f)
{
    snprintf(l->key, sizeof(l->key), PACKED_PREFIX "frame_%zu", index);
    const char *text = safetensors_metadata(&l->header, l->key);
    l->keys += text != NULL;
    return !text || packed_parse_frame(text, f) || refuse_line(l, text);
}

/* Shape and coding of a part; its numbers come later. The shape of a plain part
 * waits in its view, without data. */
static bool read_part(struct loader *l, size_t i, size_t p, char *name, struct part *part)
{
    const char *text = fetch(l, PACKED_PREFIX "part_%zu_%zu", i, p);
    if (!text)
        return false;
    return packed_parse_part(text, name, part) || refuse_line(l, text);
}

/* Sums of products of equal inner size, as large as their matrix. */
static bool term_fits(const struct result *r, const struct term *t)
{
    bool dense = t->right == TERM_DENSE;
    if (t->matrix >= r->n_measures || t->left >= r->n_parts || (!dense && t->right >= r->n_parts))
        return false;
    const struct measure *m = &r->measures[t->matrix];
    const struct part *left = &r->parts[t->left], *right = dense ? left : &r->parts[t->right];
    return part_rows(left) == m->rows && part_cols(right) == m->cols &&
           (dense || part_cols(left) == part_rows(right));
}

static bool read_term(struct loader *l, size_t i, size_t k, const struct result *r, struct term *t)
{
    const char *text = fetch(l, PACKED_PREFIX "term_%zu_%zu", i, k);
    if (!text)
        return false;
    return (packed_parse_term(text, t) && term_fits(r, t)) || refuse_line(l, text);
}

/* One result: its parts without numbers, its terms, its matrices' shapes. */
static bool read_result(struct loader *l, size_t i, size_t first_matrix, size_t first_part)
{
    struct result counts, *r = &l->f->results[i];
    if (!read_counts(l, i, &counts) || !result_init(r, counts.n_measures, l->err))
        return false;
    r->rank = counts.rank;
    r->dead = counts.dead;
    r->rounds = counts.rounds;
    for (size_t k = 0; k < counts.n_measures; k++)
        if (!read_matrix(l, first_matrix + k, &r->measures[k]) ||
            !read_frame(l, first_matrix + k, &r->frames[k]))
            return false;
    r->parts = memory_alloc(counts.n_parts * sizeof(*r->parts), l->err);
    r->terms = r->parts ? memory_alloc(counts.n_terms * sizeof(*r->terms), l->err) : NULL;
    if (!r->terms)
        return false;
    for (; r->n_parts < counts.n_parts; r->n_parts++)
        if (!read_part(l, i, r->n_parts, l->f->part_names[first_part + r->n_parts],
                       &r->parts[r->n_parts]))
            return false;
    for (; r->n_terms < counts.n_terms; r->n_terms++)
        if (!read_term(l, i, r->n_terms, r, &r->terms[r->n_terms]))
            return false;
    return true;
}

/* How many results, matrices and parts there are, and room for them. */
static bool make_room(struct loader *l, size_t n_results)
{
    struct factors *f = l->f;
    size_t parts = 0;
    for (size_t i = 0; i < n_results; i++) {
        struct result counts;
        if (!read_counts(l, i, &counts))
            return false;
        f->n += counts.n_measures;
        parts += counts.n_parts;
    }
    l->keys -= n_results; /* they are read once more */
    if (!f->n || f->n > PACKED_MOST || parts > PACKED_MOST)
        return REFUSE(l, "%zu matrices of %zu parts; at most %d of each", f->n, parts, PACKED_MOST);
    f->results = memory_alloc(n_results * sizeof(*f->results), l->err);
    f->names = f->results ? memory_alloc(f->n * sizeof(*f->names), l->err) : NULL;
    f->part_names = f->names ? memory_alloc(parts * sizeof(*f->part_names), l->err) : NULL;
    return f->part_names != NULL;
}

static bool read_structure(struct loader *l)
{
    struct factors *f = l->f;
    const char *text = fetch(l, PACKED_PREFIX "results");
    size_t n;
    if (!text)
        return false;
    if (!packed_parse_count(text, &n))
        return refuse_line(l, text);
    if (!make_room(l, n))
        return false;
    size_t matrices = 0, parts = 0;
    for (; f->n_results < n; f->n_results++) {
        size_t i = f->n_results;
        if (!read_result(l, i, matrices, parts)) {
            f->n_results++; /* so that what it holds is freed */
            return false;
        }
        matrices += f->results[i].n_measures;
        parts += f->results[i].n_parts;
    }
    return true;
}

static bool check_picture(struct loader *l)
{
    const struct factors *f = l->f;
    const struct measure *first = NULL;
    bool same = true;
    for (size_t i = 0; i < f->n_results; i++)
        for (size_t k = 0; k < f->results[i].n_measures; k++) {
            const struct measure *m = &f->results[i].measures[k];
            first = first ? first : m;
            same = same && m->rows == first->rows && m->cols == first->cols;
        }
    return !f->picture || (same && (f->n == 1 || f->n == 3)) ||
           REFUSE(l, "a picture of planes that do not fit");
}

static bool read_facts(struct loader *l)
{
    const struct safetensors *h = &l->header;
    struct factors *f = l->f;
    size_t ours = 0;
    for (size_t i = 0; i < h->n_metadata; i++)
        ours += !strncmp(h->metadata[i].key, PACKED_PREFIX, strlen(PACKED_PREFIX));
    if (ours != l->keys)
        return REFUSE(l, "metadata: %zu lines too many", ours - l->keys);
    f->facts = memory_alloc(h->n_metadata * sizeof(*f->facts), l->err);
    if (!f->facts)
        return false;
    for (size_t i = 0; i < h->n_metadata; i++) {
        const struct fact *from = &h->metadata[i];
        if (!strncmp(from->key, PACKED_PREFIX, strlen(PACKED_PREFIX)))
            continue;
        struct fact *to = &f->facts[f->n_facts++];
        to->key = memory_text(from->key, strlen(from->key), l->err);
        to->value = to->key ? memory_text(from->value, strlen(from->value), l->err) : NULL;
        if (!to->value)
            return false;
    }
    return true;
}

static bool read_numbers(struct loader *l, const struct tensor *t, double *out)
{
    struct matrix_view to = { out, 1, (size_t)t->shape[0], 2, 1, DTYPE_F64 };
    if (!raw_read(l->source, t->offset, RAW_F64, false, to, l->err))
        return false;
    for (size_t i = 0; i < to.cols; i++)
        if (!(fabs(out[i]) <= DBL_MAX / 4)) /* high - low is finite then */
            return source_fail(l->source, t->offset, l->err, ERROR_FORMAT,
                               "%s: not a number that can scale codes", t->name);
    return true;
}

static bool load_range(struct loader *l, const struct tensor *t, struct part *p)
{
    double *range = p->codes.range;
    bool symmetric = p->codes.coding.symmetric;
    if (!read_numbers(l, t, range))
        return false;
    if (symmetric)
        range[1] = range[0];
    return (symmetric ? range[0] >= 0 : range[0] <= range[1]) ||
           source_fail(l->source, t->offset, l->err, ERROR_FORMAT, "%s: upside down", t->name);
}

static bool load_unit(struct loader *l, const struct tensor *t, struct part *p)
{
    if (!read_numbers(l, t, &p->codes.unit))
        return false;
    return (p->codes.unit > 0 && p->codes.unit <= DBL_MAX / 4 / HALF_MOST) ||
           source_fail(l->source, t->offset, l->err, ERROR_FORMAT, "%s: out of range", t->name);
}

static bool load_ranges(struct loader *l, const struct tensor *t, struct part *p)
{
    size_t n = (size_t)(t->size / 2), step = p->codes.coding.symmetric ? 1 : 2;
    uint16_t *ranges = p->codes.ranges = memory_alloc((size_t)t->size, l->err);
    if (!ranges || !source_read(l->source, t->offset, ranges, (size_t)t->size, l->err))
        return false;
    for (size_t i = 0; i < n; i++)
        ranges[i] = le16toh(ranges[i]);
    for (size_t i = 0; i < n; i += step) {
        double low = step == 1 ? 0 : half_to(ranges[i]), high = half_to(ranges[i + step - 1]);
        if (!isfinite(low) || !isfinite(high) || low > high)
            return source_fail(l->source, t->offset + 2 * i, l->err, ERROR_FORMAT,
                               "%s: range %zu is upside down or not finite", t->name, i / step);
    }
    return true;
}

/* The bits behind the last code are 0: one matrix has one file. */
static bool load_codes(struct loader *l, const struct tensor *t, struct part *p)
{
    size_t n = (size_t)t->size;
    p->codes.codes = memory_alloc(n, l->err);
    if (!p->codes.codes || !source_read(l->source, t->offset, p->codes.codes, n, l->err))
        return false;
    unsigned used = coding_bits_paper(&p->codes.coding, p->codes.rows, p->codes.cols) % 8;
    return !used || !(p->codes.codes[n - 1] >> used) ||
           source_fail(l->source, t->offset + n - 1, l->err, ERROR_FORMAT,
                       "%s: bits behind the last code", t->name);
}

static bool load_values(struct loader *l, const struct tensor *t, struct part *p)
{
    struct matrix_view shape = p->plain.view;
    struct matrix m = { 0 };
    bool single = shape.dtype == DTYPE_F32;
    if (!matrix_init(&m, shape.dtype, shape.rows, shape.cols, l->err))
        return false;
    p->plain = m;
    return raw_read(l->source, t->offset, single ? RAW_F32 : RAW_F64, false, m.view, l->err);
}

static bool load_affine(struct loader *l, const struct tensor *t, struct frame *f)
{
    double affine[2];
    if (!read_numbers(l, t, affine))
        return false;
    f->scale = affine[0];
    f->shift = affine[1];
    return true;
}

/* One sign for each of n; the bits behind the last are 0. */
static bool load_signs(struct loader *l, const struct tensor *t, size_t n, uint8_t **signs)
{
    size_t bytes = (size_t)t->size;
    *signs = memory_alloc(bytes, l->err);
    if (!*signs || !source_read(l->source, t->offset, *signs, bytes, l->err))
        return false;
    return n % 8 == 0 || !((*signs)[bytes - 1] >> n % 8) ||
           source_fail(l->source, t->offset + bytes - 1, l->err, ERROR_FORMAT,
                       "%s: bits behind the last sign", t->name);
}

static bool load_frame(struct loader *l, const struct packed_tensor *want, const struct tensor *t)
{
    const struct result *r = &l->f->results[want->result];
    struct frame *f = &r->frames[want->part];
    const struct measure *m = &r->measures[want->part];
    if (want->kind == PACKED_AFFINE)
        return load_affine(l, t, f);
    return want->kind == PACKED_ROW_SIGNS ? load_signs(l, t, m->rows, &f->row_signs)
                                          : load_signs(l, t, m->cols, &f->col_signs);
}

static bool load_icc(struct loader *l, const struct tensor *t, struct part *p)
{
    (void)p;
    struct raster *like = &l->f->like;
    like->icc = memory_alloc((size_t)t->size, l->err);
    like->icc_size = (size_t)t->size;
    return like->icc && source_read(l->source, t->offset, like->icc, like->icc_size, l->err);
}

static bool same_shape(const struct packed_tensor *want, const struct tensor *have)
{
    bool same = want->dims == have->dims && want->size == have->size &&
                !strcmp(want->dtype, have->dtype);
    for (size_t i = 0; i < want->dims && same; i++)
        same = want->shape[i] == have->shape[i];
    return same;
}

static bool load_tensor(struct loader *l, const struct packed_tensor *want)
{
    static bool (*const load[])(struct loader *, const struct tensor *, struct part *) = {
        [PACKED_RANGE] = load_range,   [PACKED_UNIT] = load_unit,   [PACKED_VALUES] = load_values,
        [PACKED_RANGES] = load_ranges, [PACKED_CODES] = load_codes, [PACKED_ICC] = load_icc,
    };
    const struct tensor *have = safetensors_find(&l->header, want->name);
    if (!have)
        return REFUSE(l, "%s: is missing", want->name);
    if (!same_shape(want, have))
        return source_fail(l->source, have->offset, l->err, ERROR_FORMAT,
                           "%s: type or shape differ from what the metadata says", want->name);
    if (want->kind == PACKED_AFFINE || want->kind == PACKED_ROW_SIGNS ||
        want->kind == PACKED_COL_SIGNS)
        return load_frame(l, want, have);
    struct part *p = want->kind == PACKED_ICC ? NULL
                                              : &l->f->results[want->result].parts[want->part];
    return load[want->kind](l, have, p);
}

static bool load_tensors(struct loader *l)
{
    struct factors *f = l->f;
    struct packed_tensor *list = NULL;
    const struct tensor *icc = safetensors_find(&l->header, "icc");
    size_t n = 0, icc_size = icc && icc->size <= LIMIT_PNG_CHUNK ? (size_t)icc->size : 0;
    if (!packed_tensors(f->results, f->n_results, (const char(*)[NAME_TEXT])f->names, f->n,
                        icc_size, &list, &n, l->err))
        return false;
    bool ok = n == l->header.n ||
              REFUSE(l, "has %zu tensors, the metadata wants %zu", l->header.n, n);
    for (size_t i = 0; i < n && ok; i++)
        ok = load_tensor(l, &list[i]);
    memory_free(list);
    return ok;
}

static bool check_version(struct loader *l)
{
    const struct safetensors *h = &l->header;
    const char *version = safetensors_metadata(h, PACKED_PREFIX "factors");
    if (!version)
        return REFUSE(l, "not packed factors of eigenscope");
    if (strcmp(version, "1") != 0)
        return REFUSE(l, "packed factors of version %.20s; this program reads 1", version);
    l->keys = 1;
    return (h->n <= TENSORS_MOST && h->n_metadata <= LINES_MOST) ||
           source_fail(l->source, 8, l->err, ERROR_LIMIT, "%zu tensors, %zu lines of metadata",
                       h->n, h->n_metadata);
}

bool factors_read(struct source *s, struct factors *out, struct error *err)
{
    struct factors f = { .like = { .srgb_intent = -1, .orientation = 1 } };
    struct loader l = { .source = s, .f = &f, .err = err };
    bool ok = safetensors_read(s, &l.header, err) && check_version(&l) && read_picture(&l) &&
              read_structure(&l) && check_picture(&l) && read_facts(&l) && load_tensors(&l) &&
              source_unchanged(s, err);
    safetensors_finish(&l.header);
    if (ok)
        *out = f;
    else
        factors_finish(&f);
    return ok;
}

void factors_finish(struct factors *f)
{
    for (size_t i = 0; i < f->n_results; i++)
        result_finish(&f->results[i]);
    memory_free(f->results);
    memory_free(f->names);
    memory_free(f->part_names);
    document_free_facts(f->facts, f->n_facts);
    raster_finish(&f->like);
    *f = (struct factors){ 0 };
}

struct export_request factors_request(const struct factors *f, bool force)
{
    return (struct export_request){ .results = f->results,
                                    .n_results = f->n_results,
                                    .names = (const char(*)[NAME_TEXT])f->names,
                                    .n = f->n,
                                    .picture = f->picture,
                                    .planes = f->planes,
                                    .depth = f->depth,
                                    .dtype = f->dtype,
                                    .like = &f->like,
                                    .facts = f->facts,
                                    .n_facts = f->n_facts,
                                    .force = force };
}
