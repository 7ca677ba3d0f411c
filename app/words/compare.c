/* compare: every method at the same size, each row a run of its own. */
#include "comparison.h"

#include "memory.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { COMMAND_TEXT = 4096, SETTING_TEXT = 160 };

static const char *const origin_names[] = { "found", "default", "paper" };
static const char *const unit_names[] = { "true", "paper", "bytes" };

/* "lplr", "lplr, paper". */
static void name_of(const struct compare_row *row, char *out, size_t size)
{
    char name[64];
    param_flag(row->method->name, name, sizeof(name));
    snprintf(out, size, "%s%s", name, row->origin == COMPARE_SOURCE ? ", paper" : "");
}

static void put_bits(struct report *r, const struct compare_numbers *n)
{
    double entries = (double)n->entries;
    report_object(r, "bits");
    report_count(r, "paper", n->bits_paper);
    report_count(r, "true", n->bits_true);
    report_end(r);
    report_object(r, "bits_per_entry");
    report_number(r, "paper", (double)n->bits_paper / entries);
    report_number(r, "true", (double)n->bits_true / entries);
    report_end(r);
    report_count(r, "bytes", n->bytes);
}

static void put_row(struct report *r, const struct comparison *c, const struct compare_row *row)
{
    char command[COMMAND_TEXT], setting[SETTING_TEXT];
    const struct compare_numbers *n = &row->numbers;
    compare_setting(row->method, &row->params, false, setting, sizeof(setting));
    comparison_command(c, row, command, sizeof(command));
    report_object(r, NULL);
    report_text(r, "method", row->method->name);
    report_text(r, "origin", origin_names[row->origin]);
    report_text(r, "setting", setting);
    account_params(r, row->method, &row->params);
    if (n->rank)
        report_count(r, "rank", n->rank);
    else
        report_null(r, "rank");
    report_number(r, "relative_error", n->error);
    report_number(r, "tail", n->tail);
    report_number(r, "left_loss", n->left);
    report_number(r, "right_loss", n->right);
    report_number(r, "psnr_db", n->psnr);
    report_number(r, "ssim", n->ssim);
    put_bits(r, n);
    report_number(r, "seconds", n->seconds);
    report_bool(r, "front", row->front);
    report_text(r, "command", *command ? command : NULL);
    report_end(r);
}

static void put_references(struct report *r, const struct comparison_table *t)
{
    report_array(r, "references");
    for (size_t i = 0; i < t->n_references; i++) {
        const struct reference *x = &t->references[i];
        report_object(r, NULL);
        report_text(r, "name", x->name);
        report_text(r, "setting", x->setting);
        report_bool(r, "fits", x->there);
        report_count(r, "bytes", x->bytes);
        report_number(r, "relative_error", x->error);
        report_number(r, "psnr_db", x->psnr);
        report_end(r);
    }
    report_end(r);
}

static void put_omissions(struct report *r, const struct compare_table *t)
{
    report_array(r, "left_out");
    for (size_t i = 0; i < t->n_omissions; i++) {
        const struct compare_omission *o = &t->omissions[i];
        char setting[SETTING_TEXT];
        compare_setting(o->method, &o->params, false, setting, sizeof(setting));
        report_object(r, NULL);
        report_text(r, "method", o->method->name);
        report_text(r, "setting", setting);
        report_text(r, "why", o->why);
        report_end(r);
    }
    report_end(r);
}

static void put_table(struct report *r, const struct comparison *c, size_t i,
                      const struct comparison_table *t)
{
    char why[320];
    compare_reason(&t->table, why, sizeof(why));
    report_object(r, NULL);
    report_object(r, "size");
    report_text(r, "count", unit_names[c->sizes[i].unit]);
    report_number(r, c->sizes[i].unit == COMPARE_BYTES ? "amount" : "bits_per_entry",
                  c->sizes[i].amount);
    report_count(r, "bytes", comparison_bytes(c, i));
    report_end(r);
    report_array(r, "runs");
    for (size_t j = 0; j < t->table.n; j++)
        put_row(r, c, &t->table.rows[j]);
    report_end(r);
    put_references(r, t);
    put_omissions(r, &t->table);
    report_text(r, "reason", why);
    report_count(r, "tried", t->table.tried);
    report_count(r, "spared", t->table.spared);
    report_number(r, "seconds", t->seconds);
    report_end(r);
}

static bool print_json(struct call *call, const struct comparison *c,
                       const struct comparison_table *tables, struct error *err)
{
    const struct trial *t = &c->t;
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "version", EIGENSCOPE_VERSION);
    report_text(r, "file", t->s.stack ? t->s.document->name : t->o->arguments[0]);
    if (*t->a.group)
        report_text(r, "group", t->a.group);
    report_count(r, "rows", t->s.rows);
    report_count(r, "cols", t->s.cols);
    report_array(r, "matrices");
    for (size_t i = 0; i < t->s.n; i++)
        report_text(r, NULL, t->s.names[i]);
    report_end(r);
    report_text(r, "precision", t->a.dtype == DTYPE_F64 ? "f64" : "f32");
    report_bool(r, "picture", t->s.picture);
    report_array(r, "tables");
    for (size_t i = 0; i < c->n; i++)
        put_table(r, c, i, &tables[i]);
    report_end(r);
    bool ok = report_print(r, call->out, err);
    report_destroy(r);
    return ok;
}

/* "at most 1 true bits per entry, 30000 bytes" */
static void size_words(const struct comparison *c, size_t i, char *out, size_t size)
{
    uint64_t bytes = comparison_bytes(c, i);
    if (c->sizes[i].unit == COMPARE_BYTES)
        snprintf(out, size, "files of at most %" PRIu64 " bytes", bytes);
    else
        snprintf(out, size, "at most %.6g %s bits per entry (%" PRIu64 " bytes without a header)",
                 c->sizes[i].amount, unit_names[c->sizes[i].unit], bytes);
}

/* Of the paper's rows the size alone: all else has a name there. */
static void setting_of(const struct compare_row *row, char out[SETTING_TEXT])
{
    compare_setting(row->method, &row->params, row->origin == COMPARE_SOURCE, out, SETTING_TEXT);
}

static int setting_width(const struct comparison_table *t)
{
    size_t most = strlen("setting");
    char setting[SETTING_TEXT];
    for (size_t i = 0; i < t->table.n; i++) {
        setting_of(&t->table.rows[i], setting);
        most = strlen(setting) > most ? strlen(setting) : most;
    }
    for (size_t i = 0; i < t->n_references; i++)
        if (t->references[i].there && strlen(t->references[i].setting) > most)
            most = strlen(t->references[i].setting);
    return (int)most;
}

static void print_row(FILE *out, const struct comparison *c, const struct compare_row *row,
                      int width, bool first)
{
    char name[80], setting[SETTING_TEXT];
    const struct compare_numbers *n = &row->numbers;
    name_of(row, name, sizeof(name));
    setting_of(row, setting);
    fprintf(out, "%c%c %-22s %-*s %8.4f", first ? '*' : ' ', row->front ? '+' : ' ', name, width,
            setting, 100 * n->error);
    if (c->t.s.picture)
        fprintf(out, " %6.2f", n->psnr);
    fprintf(out, " %8.4f %9" PRIu64 " %8.3g\n", (double)n->bits_true / (double)n->entries, n->bytes,
            n->seconds);
}

static void print_reference(FILE *out, const struct comparison *c, const struct reference *x,
                            int width)
{
    const struct selection *s = &c->t.s;
    double entries = (double)s->n * (double)s->rows * (double)s->cols;
    if (!x->there) {
        fprintf(out, "   %-22s %s takes %" PRIu64 " bytes: none is so small\n", x->name, x->setting,
                x->bytes);
        return;
    }
    fprintf(out, "   %-22s %-*s %8.4f %6.2f %8.4f %9" PRIu64 "\n", x->name, width, x->setting,
            100 * x->error, x->psnr, 8 * (double)x->bytes / entries, x->bytes);
}

/* Methods without a row, each with the last reason. */
static void print_omissions(FILE *out, const struct comparison *c, const struct compare_table *t)
{
    for (size_t i = 0; c->methods[i]; i++) {
        const char *why = NULL;
        bool has_row = false;
        for (size_t j = 0; j < t->n_omissions; j++)
            if (t->omissions[j].method == c->methods[i])
                why = t->omissions[j].why;
        for (size_t j = 0; j < t->n; j++)
            has_row |= t->rows[j].method == c->methods[i];
        if (why && !has_row)
            fprintf(out, "not here: %s\n", why);
    }
}

static void print_commands(FILE *out, const struct comparison *c, const struct compare_table *t)
{
    char command[COMMAND_TEXT];
    for (size_t i = 0; i < t->n; i++) {
        comparison_command(c, &t->rows[i], command, sizeof(command));
        fprintf(out, "%s\n", command);
    }
}

static void print_table(FILE *out, const struct comparison *c, size_t i,
                        const struct comparison_table *t)
{
    struct error plain;
    char size[96], why[320];
    int width = setting_width(t);
    size_words(c, i, size, sizeof(size));
    const struct selection *s = &c->t.s;
    fprintf(out, "%s, %zu x %zu%s, %s: %s\n",
            report_plain(*c->t.a.group ? c->t.a.group : c->t.o->arguments[0], &plain), s->rows,
            s->cols,
            s->stack   ? ", several matrices"
            : s->n > 1 ? ", plane by plane"
                       : "",
            c->t.a.dtype == DTYPE_F64 ? "f64" : "f32", size);
    fprintf(out, "   %-22s %-*s %8s%s %8s %9s %8s\n", "method", width, "setting", "error %",
            c->t.s.picture ? "     dB" : "", "bits", "bytes", "seconds");
    for (size_t j = 0; j < t->table.n; j++)
        print_row(out, c, &t->table.rows[j], width, j == 0);
    for (size_t j = 0; j < t->n_references; j++)
        print_reference(out, c, &t->references[j], width);
    if (!t->n_references)
        fprintf(out, "no picture, so that there is no PNG or JPEG to hold it against\n");
    print_omissions(out, c, &t->table);
    compare_reason(&t->table, why, sizeof(why));
    fprintf(out, "%s\n", why);
    fprintf(out, "%zu runs in %.3g s; %zu settings could not win and were not run\n",
            t->table.tried, t->seconds, t->table.spared);
    if (c->t.o->run.commands)
        print_commands(out, c, &t->table);
}

/* Over the tables of all sizes. */
static bool mark_fronts(struct comparison_table *tables, size_t n, struct error *err)
{
    size_t rows = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        rows += tables[i].table.n;
    double *size = memory_alloc(rows * sizeof(double), err);
    double *error = size ? memory_alloc(rows * sizeof(double), err) : NULL;
    bool *front = error ? memory_alloc(rows * sizeof(bool), err) : NULL, ok = front;
    for (size_t i = 0; ok && i < n; i++)
        for (size_t j = 0; j < tables[i].table.n; j++, at++) {
            size[at] = (double)tables[i].table.rows[j].numbers.bits_true;
            error[at] = tables[i].table.rows[j].numbers.error;
        }
    if (ok)
        compare_front(size, error, rows, front);
    for (size_t i = 0, k = 0; ok && i < n; i++)
        for (size_t j = 0; j < tables[i].table.n; j++)
            tables[i].table.rows[j].front = front[k++];
    memory_free(size);
    memory_free(error);
    memory_free(front);
    return ok;
}

/* Whether there is anything to print. */
static bool fits_any(const struct comparison *c, const struct comparison_table *tables,
                     struct error *err)
{
    for (size_t i = 0; i < c->n; i++)
        if (tables[i].table.n)
            return true;
    const struct compare_omission *o = compare_cheapest(&tables[0].table);
    return fail(err, ERROR_USAGE, "compare: nothing fits; %s", o ? o->why : "no method has a size");
}

bool compare_word(struct call *call, struct error *err)
{
    struct comparison c = { 0 };
    struct comparison_table tables[COMPARISON_SIZES] = { 0 };
    bool ok = comparison_open(&c, &call->o, err);
    for (size_t i = 0; ok && i < c.n; i++)
        ok = comparison_run(&c, i, &tables[i], err);
    ok = ok && fits_any(&c, tables, err) && mark_fronts(tables, c.n, err);
    if (ok && call->o.common.json)
        ok = print_json(call, &c, tables, err);
    for (size_t i = 0; ok && !call->o.common.json && i < c.n; i++) {
        print_table(call->out, &c, i, &tables[i]);
        fputs(i + 1 < c.n ? "\n" : "", call->out);
    }
    for (size_t i = 0; i < COMPARISON_SIZES; i++)
        compare_finish(&tables[i].table);
    comparison_close(&c);
    return ok;
}
