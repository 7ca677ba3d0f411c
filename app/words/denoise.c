/* denoise: a mark in a matrix, and what cutting to a rank leaves of both. */
#include "denoise.h"

#include "anatomy.h"
#include "cli.h"
#include "memory.h"
#include "report.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 64 };

/* What the lab works on. */
struct bench {
    const char *name; /* NULL: made up */
    struct selection selection;
    struct matrix matrix[SELECTION_MAX];
    struct matrix core;
    struct matrix_view w, under; /* under the noise; w itself where that is not known */
    double noise;                /* NAN: not known */
    double edge, visible;        /* as far as the spectrum tells */
    const char *origin;          /* of `noise`, for people and JSON */
    double marks[MOST];
    size_t ranks[MOST], n_marks, n_ranks;
};

/* One line of the table: a mark, cut to a rank. */
struct row {
    double mark, before, after, error;
    double
        left; /* of the mark in the response: its share of `after`, over the mark; NAN: no mark */
    size_t rank;
    double threshold; /* NAN: the rank was given */
};

struct lines {
    struct row rows[MOST * MOST];
    struct row rules[DENOISE_RULES]; /* of the matrix without a mark */
    struct denoise plain;            /* that matrix */
    size_t n;
};

/* "0.6,3": up to MOST numbers of at least `least`. */
static bool read_list(const char *flag, const char *text, double least, bool whole, double *out,
                      size_t *n, struct error *err)
{
    const char *at = text;
    for (*n = 0; *n < MOST; at++) {
        char *end;
        bool digit = isdigit((unsigned char)*at) || *at == '.';
        double x = strtod(at, &end);
        if (!digit || !(x >= least && x <= 1e30) || (whole && !(x == floor(x) && x <= 1e9)) ||
            (*end && *end != ','))
            return fail(err, ERROR_USAGE, "denoise: --%s: '%.60s' is no list of %s", flag, text,
                        whole ? "ranks, 1 or more, like 8,16" : "numbers like 0.6,3");
        out[(*n)++] = x;
        at = end;
        if (!*at)
            return true;
    }
    return fail(err, ERROR_LIMIT, "denoise: --%s: more than %d values", flag, MOST);
}

static bool make_up(struct bench *b, const struct options *o, struct error *err)
{
    struct denoise_made made = denoise_made;
    if (options_given(o, "noise"))
        made.noise = o->denoise.noise;
    b->noise = made.noise;
    b->origin = "made";
    b->n_ranks = 1;
    b->ranks[0] = made.rank;
    if (!denoise_make(&made, o->common.seed, &b->core, &b->matrix[0], err))
        return false;
    b->w = b->matrix[0].view;
    b->under = b->core.view;
    return true;
}

static bool read_file(struct bench *b, const struct options *o, struct error *err)
{
    struct selection *s = &b->selection;
    bool ok = selection_open(o->arguments[0], (enum planes)o->picture.planes, s, err) &&
              (s->n == 1 || fail(err, ERROR_USAGE,
                                 "denoise: takes one matrix; %.120s has %zu: name one, FILE::NAME",
                                 o->arguments[0], s->n)) &&
              selection_read(s, DTYPE_F64, (enum nonfinite)o->common.nonfinite, b->matrix, err);
    if (!ok)
        return false;
    b->name = s->names[0];
    b->w = b->under = b->matrix[0].view;
    b->noise = o->denoise.noise > 0 ? o->denoise.noise : (double)NAN;
    b->origin = "given";
    if (isnan(b->noise)) {
        b->origin = "rounding";
        ok = !s->entries[0] || anatomy_rounding(s->document, s->entries[0], &b->noise, err);
    }
    if (isnan(b->noise))
        b->origin = "spectrum";
    return ok;
}

/* Marks and ranks as they are given; else as above, and by the edge. */
static bool choose(struct bench *b, const struct options *o, struct error *err)
{
    /* made up: 0.25, 0.6, 0.8, 1, 3 */
    static const double over_edge[] = { .390625, .9375, 1.25, 1.5625, 4.6875 };
    double ranks[MOST];
    for (size_t i = 0; i < sizeof(over_edge) / sizeof(over_edge[0]); i++)
        b->marks[b->n_marks++] = over_edge[i] * (isnan(b->edge) ? 0 : b->edge);
    if (options_given(o, "rule"))
        b->n_ranks = 0;
    if (o->denoise_rank && options_given(o, "rule"))
        return fail(err, ERROR_USAGE, "denoise: --rank and --rule exclude each other");
    if (o->denoise_mark &&
        !read_list("mark", o->denoise_mark, 0, false, b->marks, &b->n_marks, err))
        return false;
    if (!o->denoise_rank)
        return true;
    bool ok = read_list("rank", o->denoise_rank, 1, true, ranks, &b->n_ranks, err);
    for (size_t i = 0; ok && i < b->n_ranks; i++)
        b->ranks[i] = (size_t)ranks[i];
    return ok;
}

static struct row cut(const struct lines *l, const struct denoise *d, size_t rank, double threshold)
{
    size_t k = rank < d->n ? rank : d->n;
    double left = d->mark > 0 ? (d->after[k] - l->plain.after[k]) / d->mark : (double)NAN;
    return (struct row){ .mark = d->mark,
                         .before = d->before,
                         .after = d->after[k],
                         .error = d->error[k],
                         .left = left,
                         .rank = k,
                         .threshold = threshold };
}

static bool look_plain(struct bench *b, struct job *job, const struct options *o, struct lines *out,
                       struct error *err)
{
    struct denoise *d = &out->plain;
    if (!denoise_init(d, job, b->w, b->under, 0, o->common.seed, err))
        return false;
    struct spectrum s = denoise_spectrum(d);
    for (size_t r = 0; r < DENOISE_RULES; r++) {
        double t = denoise_threshold((enum denoise_rule)r, &s, b->noise);
        out->rules[r] = cut(out, d, denoise_rank(&s, t), t);
    }
    double noise = isnan(b->noise) ? spectrum_marchenko_pastur(&s).sigma : b->noise;
    b->edge = out->rules[DENOISE_MP].threshold;
    b->visible = denoise_visible(b->w.rows, b->w.cols, noise);
    return true;
}

static bool look_marked(struct bench *b, struct job *job, const struct options *o, double mark,
                        struct lines *out, struct error *err)
{
    struct denoise d;
    if (!denoise_init(&d, job, b->w, b->under, mark, o->common.seed, err))
        return false;
    struct spectrum s = denoise_spectrum(&d);
    double t = denoise_threshold((enum denoise_rule)o->denoise.rule, &s, b->noise);
    bool ok = b->n_ranks || !isnan(t) ||
              fail(err, ERROR_USAGE, "denoise: --rule %s: the noise is not known; --noise tells it",
                   denoise_rule_names[o->denoise.rule]);
    for (size_t i = 0; ok && i < b->n_ranks; i++)
        out->rows[out->n++] = cut(out, &d, b->ranks[i], (double)NAN);
    if (ok && !b->n_ranks)
        out->rows[out->n++] = cut(out, &d, denoise_rank(&s, t), t);
    denoise_finish(&d);
    return ok;
}

static bool look(struct bench *b, const struct options *o, struct lines *out, struct error *err)
{
    struct engine e = { 0 };
    struct job_share share = { &e.job, 0, 0 };
    bool ok = engine_open(o, &e, err);
    share.to = .2;
    struct job part = job_part(&share);
    ok = ok && look_plain(b, &part, o, out, err) && choose(b, o, err);
    for (size_t i = 0; ok && i < b->n_marks; i++) {
        share.from = share.to;
        share.to = .2 + .8 * (double)(i + 1) / (double)b->n_marks;
        ok = look_marked(b, &part, o, b->marks[i], out, err);
    }
    engine_close(&e);
    return ok;
}

static void put_row(struct report *r, const struct bench *b, const struct row *x)
{
    report_object(r, NULL);
    report_number(r, "mark", x->mark);
    report_number(r, "over_edge", x->mark / b->edge);
    report_count(r, "rank", x->rank);
    report_number(r, "threshold", x->threshold);
    report_number(r, "response_before", x->before);
    report_number(r, "response_after", x->after);
    report_number(r, "left", x->left);
    report_number(r, "relative_error", x->error);
    report_end(r);
}

static bool print_json(struct call *c, const struct bench *b, const struct lines *x,
                       struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "file", b->name ? c->o.arguments[0] : NULL);
    report_text(r, "matrix", b->name);
    report_count(r, "rows", b->w.rows);
    report_count(r, "cols", b->w.cols);
    report_number(r, "noise", b->noise);
    report_text(r, "noise_from", b->origin);
    report_number(r, "edge", b->edge);
    report_number(r, "visible", b->visible);
    report_text(r, "error_to", b->name ? "matrix" : "core");
    report_number(r, "uncut_error", x->plain.error[x->plain.n]);
    report_array(r, "rules");
    for (size_t i = 0; i < DENOISE_RULES; i++) {
        report_object(r, NULL);
        report_text(r, "rule", denoise_rule_names[i]);
        report_number(r, "threshold", x->rules[i].threshold);
        if (isnan(x->rules[i].threshold)) {
            report_null(r, "rank");
            report_null(r, "relative_error");
        } else {
            report_count(r, "rank", x->rules[i].rank);
            report_number(r, "relative_error", x->rules[i].error);
        }
        report_end(r);
    }
    report_end(r);
    report_array(r, "marks");
    for (size_t i = 0; i < x->n; i++)
        put_row(r, b, &x->rows[i]);
    report_end(r);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

/* So many digits after the point, or where they are negative so many in all; a dash where there is
 * no number. */
static void put_cell(FILE *out, int width, int digits, double value)
{
    if (!isfinite(value))
        fprintf(out, "  %*s", width, "-");
    else if (digits < 0)
        fprintf(out, "  %*.*g", width, -digits, value);
    else
        fprintf(out, "  %*.*f", width, digits, value);
}

static void print_head(FILE *out, const struct bench *b, const struct lines *x)
{
    struct error plain;
    if (b->name)
        fprintf(out, "%s: %zu x %zu\n", report_plain(b->name, &plain), b->w.rows, b->w.cols);
    else
        fprintf(out, "made up: %zu x %zu, rank %zu, singular values %g to %g\n", b->w.rows,
                b->w.cols, denoise_made.rank, denoise_made.first, denoise_made.last);
    if (isnan(b->noise))
        fputs("  noise by the spectrum,", out);
    else
        fprintf(out, "  noise %.4g an entry (%s),", b->noise, b->origin);
    fprintf(out, " its edge %.4g; a mark shows from %.4g\n", b->edge, b->visible);
    if (!b->name)
        fprintf(out, "  error to what lies under the noise: %.4f before any cut\n",
                x->plain.error[x->plain.n]);
}

static void print_text(FILE *out, const struct bench *b, const struct lines *x)
{
    const char *error = b->name ? "change" : "error";
    print_head(out, b, x);
    fprintf(out, "  %-8s  %9s  %5s  %7s\n", "no mark", "threshold", "k", error);
    for (size_t i = 0; i < DENOISE_RULES; i++) {
        const struct row *r = &x->rules[i];
        bool known = !isnan(r->threshold);
        fprintf(out, "  %-8s", denoise_rule_names[i]);
        put_cell(out, 9, -4, r->threshold);
        put_cell(out, 5, 0, known ? (double)r->rank : (double)NAN);
        put_cell(out, 7, 4, known ? r->error : (double)NAN);
        fputc('\n', out);
    }
    fprintf(out, "  %8s  %9s  %5s  %8s  %8s  %6s  %7s\n", "mark", "over edge", "k", "response",
            "after", "left", error);
    for (size_t i = 0; i < x->n; i++) {
        const struct row *r = &x->rows[i];
        put_cell(out, 8, -4, r->mark);
        put_cell(out, 9, -3, r->mark / b->edge);
        put_cell(out, 5, 0, (double)r->rank);
        put_cell(out, 8, 4, r->before);
        put_cell(out, 8, 4, r->after);
        put_cell(out, 4, 0, 100 * r->left);
        fputs(r->mark > 0 ? " %" : "  ", out);
        put_cell(out, 7, 4, r->error);
        fputc('\n', out);
    }
}

bool denoise_word(struct call *c, struct error *err)
{
    struct bench b = { 0 };
    struct lines *lines = memory_alloc(sizeof(*lines), err);
    bool ok = lines && (c->o.n ? read_file : make_up)(&b, &c->o, err) &&
              look(&b, &c->o, lines, err);
    if (ok && c->o.common.json)
        ok = print_json(c, &b, lines, err);
    else if (ok)
        print_text(c->out, &b, lines);
    if (lines)
        denoise_finish(&lines->plain);
    memory_free(lines);
    matrix_finish(&b.core);
    for (size_t i = 0; i < SELECTION_MAX; i++)
        matrix_finish(&b.matrix[i]);
    selection_finish(&b.selection);
    return ok;
}
