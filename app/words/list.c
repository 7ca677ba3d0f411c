/* list: what a file offers. */
#include "cli.h"
#include "document.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

/* Of the matrix as the file keeps it; pictures are kept compressed, so by their samples. */
static uint64_t entry_bytes(const struct document *d, const struct entry *e)
{
    if (!e->size && !d->raster) /* made, not read: as it lies in memory */
        return (uint64_t)e->rows * e->cols * sizeof(double);
    if (e->size)
        return e->size;
    return ((uint64_t)e->rows * e->cols * (uint64_t)d->raster->source_depth + 7) / 8;
}

/* Tensors that are not matrices are listed, not hidden. */
static void put_others(struct report *r, const struct document *d)
{
    report_array(r, "tensors");
    for (size_t i = 0; i < d->n_others; i++) {
        const struct other *o = &d->others[i];
        report_object(r, NULL);
        report_text(r, "name", o->name);
        report_array(r, "shape");
        for (size_t k = 0; k < o->dims; k++)
            report_count(r, NULL, o->shape[k]);
        report_end(r);
        report_text(r, "dtype", o->dtype);
        report_count(r, "bytes", o->bytes);
        report_end(r);
    }
    report_end(r);
}

static void shape_text(const struct other *o, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%s", o->dims ? "" : "a number");
    for (size_t k = 0; k < o->dims && n < size; k++)
        n += (size_t)snprintf(out + n, size - n, "%s%" PRIu64, k ? " x " : "", o->shape[k]);
}

static void put_facts(struct report *r, const struct document *d)
{
    report_object(r, "metadata");
    for (size_t i = 0; i < d->n_facts; i++)
        report_text(r, d->facts[i].key, d->facts[i].value);
    report_end(r);
}

static bool print_json(struct call *c, const struct document *d, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "file", d->name);
    report_text(r, "format", d->format ? d->format->name : "demo");
    report_array(r, "matrices");
    for (size_t i = 0; i < d->n; i++) {
        const struct entry *e = &d->entries[i];
        report_object(r, NULL);
        report_text(r, "name", e->name);
        report_count(r, "rows", e->rows);
        report_count(r, "cols", e->cols);
        report_text(r, "dtype", e->dtype);
        report_count(r, "bytes", entry_bytes(d, e));
        report_end(r);
    }
    report_end(r);
    put_others(r, d);
    if (c->o.list.metadata)
        put_facts(r, d);
    report_count(r, "bytes", document_size(d));
    report_text(r, "notice", *d->notice ? d->notice : NULL);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static void print_text(struct call *c, const struct document *d)
{
    char size[32], shape[192];
    struct error plain;
    report_bytes(document_size(d), size, sizeof(size));
    fprintf(c->out, "%s: %s", report_plain(d->name, &plain),
            d->format ? d->format->title : "built in");
    fprintf(c->out, document_size(d) ? ", %s\n" : "\n", size);
    int widest = 4;
    for (size_t i = 0; i < d->n; i++)
        if ((int)strlen(d->entries[i].name) > widest && strlen(d->entries[i].name) <= 48)
            widest = (int)strlen(d->entries[i].name);
    for (size_t i = 0; i < d->n; i++) {
        const struct entry *e = &d->entries[i];
        report_bytes(entry_bytes(d, e), size, sizeof(size));
        snprintf(shape, sizeof(shape), "%zu x %zu", e->rows, e->cols);
        fprintf(c->out, "  %-*s  %15s  %-9s  %s\n", widest, report_plain(e->name, &plain), shape,
                e->dtype, size);
    }
    for (size_t i = 0; i < d->n_others; i++) {
        const struct other *o = &d->others[i];
        report_bytes(o->bytes, size, sizeof(size));
        shape_text(o, shape, sizeof(shape));
        fprintf(c->out, "  %-*s  %15s  %-9s  %s, %s\n", widest, report_plain(o->name, &plain),
                shape, o->dtype, size, o->dims == 2 ? "not read" : "not a matrix");
    }
    for (size_t i = 0; i < d->n_facts && c->o.list.metadata; i++)
        fprintf(c->out, "  %s = %s\n", d->facts[i].key, d->facts[i].value);
    if (*d->notice)
        fprintf(c->out, "  note: %s\n", d->notice);
}

bool list_word(struct call *c, struct error *err)
{
    struct document *d = document_open(c->o.arguments[0], err);
    if (!d)
        return false;
    bool ok = true;
    if (c->o.common.json)
        ok = print_json(c, d, err);
    else
        print_text(c, d);
    document_unref(d);
    return ok;
}
