/* scan: a whole model, a row of numbers for each matrix. */
#include "scan.h"

#include "cli.h"
#include "csv.h"
#include "memory.h"
#include "progress.h"
#include "report.h"
#include "sink.h"
#include "state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { STATE_PATH = 4096, NAME_WIDEST = 48, KEY_TEXT = 32 };

/* What is printed: rows in the order that is asked for. */
struct listing {
    const struct scan *scan;
    const size_t *order;
    double seconds;
};

struct sorting {
    const struct scan_key *key;
    bool by_name; /* else, without a key, as in the file */
};

static bool parse_sort(const struct options *o, struct sorting *out, struct error *err)
{
    const char *names[SCAN_COLUMNS + 1] = { "name" };
    size_t n = 1;
    out->key = o->sort ? scan_key(o->sort) : NULL;
    out->by_name = o->sort && !strcmp(o->sort, "name");
    if (!o->sort || out->key || out->by_name)
        return true;
    for (const struct scan_key *k = scan_keys; k->key; k++)
        names[n++] = k->key;
    const char *nearest = options_nearest(o->sort, names, n);
    return fail(err, ERROR_USAGE,
                "scan: no column '%.60s'%s%s%s; `eigenscope docs scan` lists them", o->sort,
                nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static void set_order(const struct scan *s, const struct options *o, const struct sorting *by,
                      size_t *order)
{
    if (by->key || by->by_name) {
        scan_order(s->document, s->rows, by->key, o->scan.reverse, order);
        return;
    }
    for (size_t i = 0; i < s->n; i++)
        order[i] = o->scan.reverse ? s->n - 1 - i : i;
}

/* "stable-rank" as JSON and CSV spell it: stable_rank. */
static const char *column_name(const struct scan_key *k, char out[KEY_TEXT])
{
    snprintf(out, KEY_TEXT, "%s", k->key);
    for (char *c = out; *c; c++)
        *c = *c == '-' ? '_' : *c;
    return out;
}

static const char *answer_of(const struct scan_row *row)
{
    double answer = row->values[SCAN_ANSWER];
    return isnan(answer) ? NULL : verdict_names[(size_t)answer];
}

static void put_row(struct report *r, const struct scan *s, size_t i)
{
    const struct scan_row *row = &s->rows[i];
    char name[KEY_TEXT];
    report_object(r, NULL);
    report_text(r, "name", s->document->entries[i].name);
    report_text(r, "dtype", s->document->entries[i].dtype);
    for (const struct scan_key *k = scan_keys; k->key; k++)
        if (k->count && !isnan(row->values[k->column]))
            report_count(r, column_name(k, name), (uint64_t)row->values[k->column]);
        else
            report_number(r, column_name(k, name), row->values[k->column]);
    report_text(r, "verdict", answer_of(row));
    report_text(r, "error", scan_missing(row));
    report_end(r);
}

static bool print_json(struct call *c, const struct listing *x, struct error *err)
{
    const struct document *d = x->scan->document;
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "file", d->name);
    report_text(r, "format", d->format ? d->format->name : "demo");
    report_array(r, "matrices");
    for (size_t i = 0; i < x->scan->n; i++)
        put_row(r, x->scan, x->order[i]);
    report_end(r);
    report_count(r, "kept", x->scan->kept);
    report_number(r, "seconds", x->seconds);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static void print_csv(FILE *out, const struct listing *x)
{
    char name[KEY_TEXT];
    fputs("name,dtype", out);
    for (const struct scan_key *k = scan_keys; k->key; k++)
        fprintf(out, ",%s", column_name(k, name));
    fputs(",verdict,error\r\n", out);
    for (size_t i = 0; i < x->scan->n; i++) {
        const struct scan_row *row = &x->scan->rows[x->order[i]];
        const struct entry *e = &x->scan->document->entries[x->order[i]];
        const char *answer = answer_of(row);
        csv_text(out, e->name);
        fputc(',', out);
        csv_text(out, e->dtype);
        for (const struct scan_key *k = scan_keys; k->key; k++) {
            fputc(',', out);
            csv_number(out, row->values[k->column]);
        }
        fprintf(out, ",%s,", answer ? answer : "");
        csv_text(out, scan_missing(row) ? scan_missing(row) : "");
        fputs("\r\n", out);
    }
}

static bool write_csv(struct sink *to, const struct listing *x, struct error *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (out)
        print_csv(out, x);
    bool ok = (out && !fclose(out)) || fail(err, ERROR_MEMORY, "out of memory: a table");
    ok = ok && sink_write(to, text, n, err);
    free(text);
    return ok;
}

static void put_number(FILE *out, double x, int width, int digits)
{
    if (isfinite(x))
        fprintf(out, "  %*.*g", width, digits, x);
    else
        fprintf(out, "  %*s", width, "-");
}

static void put_percent(FILE *out, double x)
{
    if (!isfinite(x))
        fprintf(out, "  %8s", "-");
    else
        fprintf(out, "  %6.*f %%", x < 0.0995 ? 2 : 1, 100 * x);
}

/* Of the two columns of text. */
struct widths {
    int name, type;
};

static struct widths widths_of(const struct document *d)
{
    struct widths w = { 4, 4 };
    for (size_t i = 0; i < d->n; i++) {
        int name = (int)strlen(d->entries[i].name), type = (int)strlen(d->entries[i].dtype);
        w.name = name > w.name && name <= NAME_WIDEST ? name : w.name;
        w.type = type > w.type ? type : w.type;
    }
    return w;
}

static void print_row(FILE *out, const struct scan *s, size_t i, const struct widths *w)
{
    const struct scan_row *row = &s->rows[i];
    const struct entry *e = &s->document->entries[i];
    const double *v = row->values;
    bool own = !isnan(v[SCAN_OWN_ROUNDING]);
    char shape[48];
    struct error plain;
    snprintf(shape, sizeof(shape), "%zu x %zu", e->rows, e->cols);
    fprintf(out, "  %-*s  %13s  %-*s", w->name, report_plain(e->name, &plain), shape, w->type,
            e->dtype);
    if (scan_missing(row)) {
        fprintf(out, "  %s\n", report_plain(scan_missing(row), &plain));
        return;
    }
    if (isfinite(v[SCAN_SHARE_90]))
        fprintf(out, "  %5.0f %3.0f %%", v[SCAN_RANK_90], 100 * v[SCAN_SHARE_90]);
    else
        fprintf(out, "  %5s %5s", "-", "");
    put_number(out, v[SCAN_STABLE_RANK], 6, 4);
    put_number(out, v[SCAN_EFFECTIVE_RANK], 6, 4);
    put_number(out, v[SCAN_ALPHA], 5, 3);
    put_percent(out, v[own ? SCAN_OWN_ROUNDING : SCAN_Q4_ROUNDING]);
    fputs(own ? "*" : " ", out);
    put_percent(out, v[own ? SCAN_OWN_LOW_RANK : SCAN_Q4_LOW_RANK]);
    put_number(out, v[SCAN_GAIN], 5, 3);
    fprintf(out, "  %s\n", answer_of(row) ? answer_of(row) : "");
}

static void print_legend(FILE *out, const struct scan *s)
{
    size_t answers[VERDICT_DEPENDS + 1] = { 0 }, starred = 0;
    for (size_t i = 0; i < s->n; i++) {
        double answer = s->rows[i].values[SCAN_ANSWER];
        answers[isnan(answer) ? VERDICT_NONE : (size_t)answer]++;
        starred += isnan(s->rows[i].values[SCAN_OWN_ROUNDING]) ? 0 : 1;
    }
    fputs("  r90: rank for 90 % of the energy, and its share of the full rank. rounding: error of "
          "rounding to Q4_0, measured.\n",
          out);
    if (starred)
        fputs(
            "  *: error of the rounding that is in the file, by its steps; low rank is then at its "
            "bytes.\n",
            out);
    fputs("  low rank: what the best rank in half precision leaves out at the same bytes. gain: "
          "rounding over low rank.\n",
          out);
    fprintf(out, "  at the same bytes: rounding is better for %zu of %zu, low rank for %zu",
            answers[VERDICT_QUANTIZE], s->n, answers[VERDICT_FACTORIZE]);
    if (answers[VERDICT_DEPENDS])
        fprintf(out, ", it depends on the bytes for %zu", answers[VERDICT_DEPENDS]);
    if (answers[VERDICT_NONE])
        fprintf(out, ", nothing can be said of %zu", answers[VERDICT_NONE]);
    fputs("\n", out);
}

static void print_text(struct call *c, const struct listing *x)
{
    const struct scan *s = x->scan;
    const struct document *d = s->document;
    struct error plain;
    uint64_t entries = 0;
    struct widths w = widths_of(d);
    for (size_t i = 0; i < s->n; i++)
        entries += (uint64_t)d->entries[i].rows * d->entries[i].cols;
    fprintf(c->out, "%s: %zu matrices, %.4g million entries\n", report_plain(d->name, &plain), s->n,
            (double)entries / 1e6);
    fprintf(c->out, "  %-*s  %13s  %-*s  %11s  %6s  %6s  %5s  %8s   %8s  %5s  %s\n", w.name, "name",
            "shape", w.type, "type", "r90        ", "stable", "effec.", "alpha", "rounding",
            "low rank", "gain", "verdict");
    for (size_t i = 0; i < s->n; i++)
        print_row(c->out, s, x->order[i], &w);
    print_legend(c->out, s);
}

static bool print(struct call *c, const struct listing *x, struct sink *to, struct error *err)
{
    if (to && !write_csv(to, x, err))
        return false;
    if (c->o.common.json)
        return print_json(c, x, err);
    if (!to)
        print_text(c, x);
    return true;
}

/* What was done stays, so that the next scan goes on from there. */
static bool scan_all(struct scan *s, struct job *job, struct error *err)
{
    for (size_t i; (i = scan_next(s)) < s->n;)
        if (!scan_one(s, i, job, err)) {
            if (err->code != ERROR_CANCELLED)
                return false;
            return fail(err, ERROR_CANCELLED, "interrupted; %zu of %zu matrices are %s", s->done,
                        s->n, s->path ? "kept, and the same command goes on" : "done");
        }
    return true;
}

static bool open_scan(const struct call *c, struct scan *s, struct error *err)
{
    char path[STATE_PATH];
    struct error why = { 0 };
    struct document *d = document_open(c->o.arguments[0], err);
    if (!d)
        return false;
    bool keep = state_scan(d, true, path, sizeof(path), &why);
    if (!keep)
        cli_note("rows are not kept: %s", why.text);
    bool ok = d->n ? scan_open(s, d, keep && *path ? path : NULL, c->o.scan.fresh, err)
                   : fail(err, ERROR_FORMAT, "%s: holds no matrix", d->name);
    document_unref(d);
    return ok;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool scan_and_print(struct call *c, struct scan *s, const struct sorting *sorting,
                           struct sink *to, struct error *err)
{
    struct engine e = { 0 };
    double start = now();
    bool ok = engine_open(&c->o, &e, err) && scan_all(s, &e.job, err);
    engine_close(&e);
    if (*s->notice)
        cli_note("%s", s->notice);
    size_t *order = ok ? memory_alloc(s->n * sizeof(*order), err) : NULL;
    if (order) {
        set_order(s, &c->o, sorting, order);
        ok = print(c, &(struct listing){ s, order, now() - start }, to, err);
    }
    memory_free(order);
    return ok && order;
}

/* -o decides by its ending: there is one. */
static bool check_output(const struct options *o, struct error *err)
{
    size_t n = o->output ? strlen(o->output) : 0;
    return !o->output || (n > 4 && !strcasecmp(o->output + n - 4, ".csv")) ||
           fail(err, ERROR_USAGE, "scan: -o %.60s: rows are written as .csv alone", o->output);
}

/* All rows are there; that some say no more than this is for the exit to tell. */
static bool within_limits(const struct scan *s, struct error *err)
{
    size_t n = 0, first = 0;
    for (size_t i = s->n; i-- > 0;)
        if (s->rows[i].limited) {
            n++;
            first = i;
        }
    return !n || fail(err, ERROR_LIMIT, "%zu of %zu matrices are over a limit, first: %s", n, s->n,
                      s->rows[first].why);
}

bool scan_word(struct call *c, struct error *err)
{
    struct scan s = { 0 };
    struct sorting sorting;
    struct sink *to = NULL;
    struct error over;
    bool ok = parse_sort(&c->o, &sorting, err) && check_output(&c->o, err) &&
              open_scan(c, &s, err) &&
              (!c->o.output || (to = sink_create(c->o.output, c->o.common.force, 0, err))) &&
              scan_and_print(c, &s, &sorting, to, err);
    if (ok && to)
        ok = sink_commit(to, err);
    else
        sink_abandon(to);
    ok = ok &&
         (within_limits(&s, &over) || (cli_flush(c, err) && fail(err, over.code, "%s", over.text)));
    scan_close(&s);
    return ok;
}
