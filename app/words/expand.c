/* expand: packed factors back to a dense file; the bytes of `run -o`. */
#include "cli.h"
#include "factors.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

/* NULL: all lie as in the source. */
static const char *transposed(const struct factors *f)
{
    for (size_t i = 0; i < f->n_facts; i++)
        if (!strcmp(f->facts[i].key, "transposed"))
            return f->facts[i].value;
    return NULL;
}

static bool print(struct call *c, const struct factors *f, uint64_t factors_bytes, uint64_t bytes,
                  struct error *err)
{
    struct error plain;
    if (!c->o.common.json) {
        fprintf(c->out, "%s: %" PRIu64 " bytes from %" PRIu64 " bytes of factors\n",
                report_plain(c->o.output, &plain), bytes, factors_bytes);
        if (transposed(f))
            fprintf(c->out, "  note: stored (in x out) in the source, written (out x in): %s\n",
                    report_plain(transposed(f), &plain));
        return true;
    }
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "file", c->o.arguments[0]);
    report_count(r, "factors_bytes", factors_bytes);
    report_array(r, "matrices");
    for (size_t i = 0; i < f->n; i++)
        report_text(r, NULL, f->names[i]);
    report_end(r);
    report_object(r, "facts");
    for (size_t i = 0; i < f->n_facts; i++)
        report_text(r, f->facts[i].key, f->facts[i].value);
    report_end(r);
    report_object(r, "output");
    report_text(r, "path", c->o.output);
    report_text(r, "format", format_for_output(c->o.output)->name);
    report_count(r, "bytes", bytes);
    report_end(r);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

bool expand_word(struct call *c, struct error *err)
{
    if (!c->o.output)
        return fail(err, ERROR_USAGE, "expand: where to? -o OUT names the output");
    struct factors f = { 0 };
    uint64_t bytes = 0, factors_bytes = 0;
    struct source *s = source_open_file(c->o.arguments[0], err);
    if (!s)
        return false;
    factors_bytes = source_size(s);
    bool ok = factors_read(s, &f, err) &&
              cli_output_ok(&c->o, f.picture, (const char(*)[NAME_TEXT])f.names, f.n, err);
    if (ok) {
        const struct export_request request = factors_request(&f, c->o.common.force);
        ok = export_write(&request, c->o.output, &bytes, err) &&
             print(c, &f, factors_bytes, bytes, err);
    }
    factors_finish(&f);
    source_close(s);
    return ok;
}
