/* Writes packed factors: the layout of packed.h in a safetensors file. Reading
 * them back is factors.c, for expand; as a document they are refused with advice. */
#include "packed.h"
#include "safetensors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "raw.h"

/* Metadata under construction: our lines and the facts, in order. */
struct lines {
    struct fact *facts;
    size_t n, room;
    struct error *err;
};

static bool add_line(struct lines *l, const char *text, const char *format, ...) PRINTF_LIKE(3, 4);
static bool add_line(struct lines *l, const char *text, const char *format, ...)
{
    char key[96];
    va_list args;
    va_start(args, format);
    vsnprintf(key, sizeof(key), format, args);
    va_end(args);
    struct fact *f = &l->facts[l->n++];
    f->key = memory_text(key, strlen(key), l->err);
    f->value = f->key ? memory_text(text, strlen(text), l->err) : NULL;
    return f->value != NULL;
}

static bool add_result(struct lines *l, const struct export *x, size_t i, size_t *matrix)
{
    const struct result *r = &x->results[i];
    char text[PACKED_LINE];
    packed_result_line(r, text);
    bool ok = add_line(l, text, PACKED_PREFIX "result_%zu", i);
    for (size_t k = 0; k < r->n_measures && ok; k++, (*matrix)++) {
        packed_matrix_line(r->measures[k].rows, r->measures[k].cols, x->names[*matrix], text);
        ok = add_line(l, text, PACKED_PREFIX "matrix_%zu", *matrix);
        packed_frame_line(&r->frames[k], text);
        if (ok && !frame_plain(&r->frames[k]))
            ok = add_line(l, text, PACKED_PREFIX "frame_%zu", *matrix);
    }
    for (size_t k = 0; k < r->n_parts && ok; k++) {
        packed_part_line(&r->parts[k], text);
        ok = add_line(l, text, PACKED_PREFIX "part_%zu_%zu", i, k);
    }
    for (size_t k = 0; k < r->n_terms && ok; k++) {
        packed_term_line(&r->terms[k], text);
        ok = add_line(l, text, PACKED_PREFIX "term_%zu_%zu", i, k);
    }
    return ok;
}

static bool fill_lines(struct lines *l, const struct export *x)
{
    char text[PACKED_LINE];
    size_t matrix = 0;
    packed_picture_line(&(struct packed_picture){ x->picture, x->planes, x->depth, x->dtype,
                                                  x->like ? x->like->gamma : 0,
                                                  x->like ? x->like->srgb_intent : -1 },
                        text);
    bool ok = add_line(l, "1", PACKED_PREFIX "factors") &&
              add_line(l, text, PACKED_PREFIX "picture");
    snprintf(text, sizeof(text), "%zu", x->n_results);
    ok = ok && add_line(l, text, PACKED_PREFIX "results");
    for (size_t i = 0; i < x->n_results && ok; i++)
        ok = add_result(l, x, i, &matrix);
    for (size_t i = 0; i < x->n_facts && ok; i++)
        ok = add_line(l, x->facts[i].value, "%s", x->facts[i].key);
    return ok;
}

static bool count_lines(const struct export *x, size_t *n, struct error *err)
{
    size_t parts = 0, terms = 0, frames = 0;
    for (size_t i = 0; i < x->n_results; i++) {
        parts += x->results[i].n_parts;
        terms += x->results[i].n_terms;
        for (size_t k = 0; k < x->results[i].n_measures; k++)
            frames += !frame_plain(&x->results[i].frames[k]);
    }
    if (parts > PACKED_MOST || terms > PACKED_MOST || x->n > PACKED_MOST)
        return fail(err, ERROR_LIMIT, "%zu matrices of %zu parts; a file holds %d of each", x->n,
                    parts, PACKED_MOST);
    *n = 3 + x->n_results + x->n + frames + parts + terms + x->n_facts;
    return true;
}

static bool write_header(const struct export *x, const struct packed_tensor *list, size_t n,
                         struct sink *to, struct error *err)
{
    struct lines lines = { .err = err };
    struct tensor *tensors = memory_alloc(n * sizeof(*tensors), err);
    bool ok = tensors && count_lines(x, &lines.room, err);
    if (ok)
        lines.facts = memory_alloc(lines.room * sizeof(*lines.facts), err);
    ok = ok && lines.facts && fill_lines(&lines, x);
    for (size_t i = 0; i < n && ok; i++) {
        tensors[i] = (struct tensor){ .dtype = list[i].dtype,
                                      .shape = { list[i].shape[0], list[i].shape[1] },
                                      .dims = list[i].dims,
                                      .size = list[i].size };
        tensors[i].name = memory_text(list[i].name, strlen(list[i].name), err);
        ok = tensors[i].name != NULL;
    }
    ok = ok && safetensors_write_header(tensors, n, lines.facts, lines.n, to, err);
    for (size_t i = 0; tensors && i < n; i++)
        memory_free(tensors[i].name);
    memory_free(tensors);
    document_free_facts(lines.facts, lines.n);
    return ok;
}

static bool write_halves(const uint16_t *halves, size_t n, struct sink *to, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char two[] = { (unsigned char)(halves[i] & 0xff),
                                (unsigned char)(halves[i] >> 8) };
        if (!sink_write(to, two, sizeof(two), err))
            return false;
    }
    return true;
}

static bool write_numbers(const double *numbers, size_t n, struct sink *to, struct error *err)
{
    union {
        const double *in;
        double *out;
    } data = { numbers }; /* a view does not know const; it is only read */
    return raw_write((struct matrix_view){ data.out, 1, n, n, 1, DTYPE_F64 }, to, err);
}

static bool write_frame(const struct frame *f, const struct packed_tensor *t, struct sink *to,
                        struct error *err)
{
    double affine[] = { f->scale, f->shift };
    if (t->kind == PACKED_AFFINE)
        return write_numbers(affine, 2, to, err);
    return sink_write(to, t->kind == PACKED_ROW_SIGNS ? f->row_signs : f->col_signs,
                      (size_t)t->size, err);
}

static bool write_tensor(const struct export *x, const struct packed_tensor *t, struct sink *to,
                         struct error *err)
{
    if (t->kind == PACKED_ICC && x->like)
        return sink_write(to, x->like->icc, x->like->icc_size, err);
    if (t->kind == PACKED_AFFINE || t->kind == PACKED_ROW_SIGNS || t->kind == PACKED_COL_SIGNS)
        return write_frame(&x->results[t->result].frames[t->part], t, to, err);
    const struct part *p = &x->results[t->result].parts[t->part];
    switch (t->kind) {
    case PACKED_RANGE: return write_numbers(p->codes.range, (size_t)t->shape[0], to, err);
    case PACKED_UNIT: return write_numbers(&p->codes.unit, 1, to, err);
    case PACKED_VALUES: return raw_write(p->plain.view, to, err);
    case PACKED_RANGES: return write_halves(p->codes.ranges, (size_t)t->size / 2, to, err);
    case PACKED_CODES:
    case PACKED_AFFINE:
    case PACKED_ROW_SIGNS:
    case PACKED_COL_SIGNS:
    case PACKED_ICC: break;
    }
    return sink_write(to, p->codes.codes, (size_t)t->size, err);
}

static bool write_factors(const struct export *x, struct sink *to, struct error *err)
{
    struct packed_tensor *list = NULL;
    size_t n = 0;
    if (!packed_tensors(x->results, x->n_results, x->names, x->n, x->like ? x->like->icc_size : 0,
                        &list, &n, err))
        return false;
    bool ok = write_header(x, list, n, to, err);
    for (size_t i = 0; i < n && ok; i++)
        ok = write_tensor(x, &list[i], to, err);
    memory_free(list);
    return ok;
}

const struct format format_factors = {
    .name = "factors",
    .title = "Packed factors",
    .summary = "The compressed form itself: codes at their true width, scales, provenance.",
    .specification = "docs/file-formats.md, a layout of safetensors",
    .extensions = (const char *const[]){ ".factors.safetensors", NULL },
    .write = write_factors,
};
