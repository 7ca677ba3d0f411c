#include "export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

enum { FACTS_MOST = 64, HEADER_ROOM = 64 << 10 };

/* Facts and names as files may hold them: valid UTF-8 without control bytes. */
struct cleaned {
    struct fact facts[FACTS_MOST];
    char *text; /* owned; all values end to end */
    char factors_bytes[24];
    char (*names)[NAME_TEXT]; /* owned */
    size_t n;
};

static void cleaned_finish(struct cleaned *c)
{
    memory_free(c->text);
    memory_free(c->names);
}

static bool clean(const struct export_request *r, struct cleaned *c, struct error *err)
{
    size_t size = 1, at = 0;
    if (r->n_facts >= FACTS_MOST)
        return fail(err, ERROR_LIMIT, "%zu facts for one file; at most %d", r->n_facts,
                    FACTS_MOST - 1);
    for (size_t i = 0; i < r->n_facts; i++)
        size += 4 * strlen(r->facts[i].value) + 1;
    c->text = memory_alloc(size, err);
    c->names = c->text ? memory_alloc(r->n * sizeof(*c->names), err) : NULL;
    if (!c->names)
        return false;
    for (; c->n < r->n_facts; c->n++) {
        c->facts[c->n] = (struct fact){ r->facts[c->n].key, c->text + at };
        error_escape(r->facts[c->n].value, c->text + at, size - at);
        at += strlen(c->text + at) + 1;
    }
    for (size_t i = 0; i < r->n; i++)
        error_escape(r->names[i], c->names[i], sizeof(*c->names));
    return true;
}

static struct export describe(const struct export_request *r, const struct cleaned *c)
{
    return (struct export){ .results = r->results,
                            .n_results = r->n_results,
                            .names = (const char(*)[NAME_TEXT])c->names,
                            .n = r->n,
                            .picture = r->picture,
                            .planes = r->planes,
                            .depth = r->depth,
                            .dtype = r->dtype,
                            .like = r->like,
                            .ending = "",
                            .facts = c->facts,
                            .n_facts = c->n };
}

static bool factors_size(const struct export *x, uint64_t *bytes, struct error *err)
{
    const struct format *f = format_for_output("x.factors.safetensors");
    struct sink *count = sink_count();
    if (!count)
        return fail(err, ERROR_MEMORY, "out of memory");
    bool ok = f->write(x, count, err);
    *bytes = sink_written(count);
    sink_abandon(count);
    return ok;
}

bool export_factors_size(const struct export_request *r, uint64_t *bytes, struct error *err)
{
    struct cleaned c = { 0 };
    uint64_t size = 0;
    bool ok = clean(r, &c, err);
    if (ok) {
        struct export x = describe(r, &c);
        ok = factors_size(&x, &size, err);
    }
    cleaned_finish(&c);
    if (ok)
        *bytes = size;
    return ok;
}

/* The reconstruction of every matrix, in order; a picture's planes as r, g, b if wanted. */
static bool expand_all(const struct export_request *r, bool rgb, struct matrix *out,
                       struct error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < r->n_results; i++)
        for (size_t k = 0; k < r->results[i].n_measures; k++, at++) {
            const struct measure *m = &r->results[i].measures[k];
            if (!matrix_init(&out[at], r->dtype, m->rows, m->cols, err) ||
                !result_expand(&r->results[i], k, out[at].view, err))
                return false;
        }
    if (rgb && r->planes == PLANES_YCBCR && r->n == 3)
        raster_from_ycbcr((struct matrix_view[]){ out[0].view, out[1].view, out[2].view });
    return true;
}

static bool write_dense(const struct export_request *r, const struct format *f, struct export *x,
                        struct sink *to, struct error *err)
{
    struct matrix *m = memory_alloc(r->n * sizeof(*m), err);
    struct matrix_view *views = m ? memory_alloc(r->n * sizeof(*views), err) : NULL;
    bool ok = views && expand_all(r, f->needs_picture, m, err);
    for (size_t i = 0; i < r->n && ok; i++)
        views[i] = m[i].view;
    x->matrices = views;
    ok = ok && f->write(x, to, err);
    for (size_t i = 0; m && i < r->n; i++)
        matrix_finish(&m[i]);
    memory_free(m);
    memory_free(views);
    return ok;
}

/* Pictures say how large the packed factors are: they show a compression, they are none. */
static bool write_as(const struct export_request *r, const struct format *f, struct cleaned *c,
                     const char *path, struct sink *to, struct error *err)
{
    struct export x = describe(r, c);
    uint64_t size = 0;
    x.ending = format_ending(path);
    if (!f->needs_dense)
        return f->write(&x, to, err);
    if (f->needs_picture) {
        if (!factors_size(&x, &size, err))
            return false;
        snprintf(c->factors_bytes, sizeof(c->factors_bytes), "%" PRIu64, size);
        c->facts[c->n++] = (struct fact){ "factors_bytes", c->factors_bytes };
        x.n_facts = c->n;
    }
    return write_dense(r, f, &x, to, err);
}

static bool refuse_ending(const char *path, struct error *err)
{
    char endings[160] = "";
    for (size_t i = 0; formats[i]; i++)
        for (const char *const *e = formats[i]->extensions; formats[i]->write && *e; e++) {
            size_t n = strlen(endings);
            snprintf(endings + n, sizeof(endings) - n, "%s%s", n ? ", " : "", *e);
        }
    return fail(err, ERROR_USAGE, "%s: the ending must be one of %s", path, endings);
}

bool export_fits(const char *path, bool picture, size_t matrices, struct error *err)
{
    const struct format *f = format_for_output(path);
    if (!f)
        return refuse_ending(path, err);
    if (f->needs_picture && (!picture || (matrices != 1 && matrices != 3)))
        return fail(err, ERROR_USAGE, "%s: this is not a picture; write .npy or .safetensors",
                    path);
    if (f->grey_only && matrices != 1 && !strcmp(format_ending(path), f->grey_only))
        return fail(err, ERROR_USAGE,
                    "%s: %s holds grey alone, these are %zu planes; write .ppm or .pam, or take "
                    "FILE::grey",
                    path, f->grey_only, matrices);
    if (f->single && matrices != 1)
        return fail(err, ERROR_USAGE,
                    "%s: a file of this kind holds one matrix, these are %zu; write .safetensors "
                    "or take one matrix alone",
                    path, matrices);
    return true;
}

/* As they are written: what is not plain text is longer there. */
bool export_names_fit(const char *path, const char (*names)[NAME_TEXT], size_t n, struct error *err)
{
    const struct format *f = format_for_output(path);
    char name[NAME_TEXT];
    for (size_t i = 0; f && f->name_most && i < n; i++) {
        error_escape(names[i], name, sizeof(name));
        if (strlen(name) > f->name_most)
            return fail(err, ERROR_USAGE,
                        "%s: a name there has at most %zu bytes, '%s' has %zu; write .safetensors",
                        path, f->name_most, name, strlen(name));
    }
    return true;
}

static uint64_t dense_bytes(const struct export_request *r)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < r->n_results; i++)
        for (size_t k = 0; k < r->results[i].n_measures; k++)
            bytes += (uint64_t)r->results[i].measures[k].rows * r->results[i].measures[k].cols *
                     dtype_size(r->dtype);
    return bytes;
}

/* What a disk should have free before the work begins; 0 where that is not known. */
static uint64_t size_hint(const struct export_request *r, const struct format *f)
{
    return f->needs_picture || !f->needs_dense ? 0 : dense_bytes(r) + HEADER_ROOM;
}

static bool write_file(const struct export_request *r, const struct format *f, struct cleaned *c,
                       const char *path, uint64_t *bytes, struct error *err)
{
    if (f->needs_dense && !memory_room(dense_bytes(r), err))
        return false;
    struct sink *to = sink_create(path, r->force, size_hint(r, f), err);
    if (!to)
        return false;
    if (!write_as(r, f, c, path, to, err)) {
        sink_abandon(to);
        return false;
    }
    uint64_t written = sink_written(to);
    if (!sink_commit(to, err))
        return false;
    *bytes = written;
    return true;
}

bool export_write(const struct export_request *r, const char *path, uint64_t *bytes,
                  struct error *err)
{
    if (!export_fits(path, r->picture, r->n, err) || !export_names_fit(path, r->names, r->n, err))
        return false;
    struct cleaned c = { 0 };
    bool ok = clean(r, &c, err) && write_file(r, format_for_output(path), &c, path, bytes, err);
    cleaned_finish(&c);
    return ok;
}
