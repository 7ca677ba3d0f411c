/* The table: full runs of what the search picked and of what the sources describe, sorted. */
#include "compare.h"

#include "compare_search.h"
#include "memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP = 2, FITS_MOST = 8 };

/* The split holds up to rounding; not where something was done to the sum afterwards. */
static const double split_slack = 1e-3;
/* Of two parts of an error, when one of them alone is worth naming. */
static const double much_larger = 2;

/* Of all inputs together, as approximation.error is. */
struct sum {
    double error, norm, tail, fitted, right;
};

static void add(struct sum *s, const struct measure *m, double tail)
{
    s->norm = hypot(s->norm, m->norm);
    s->error = hypot(s->error, m->residual);
    s->tail = hypot(s->tail, tail * m->norm);
    s->fitted = hypot(s->fitted, m->fitted * m->norm);
    s->right = hypot(s->right, m->right_loss * m->norm);
}

/* Where the parts are known and add up. */
static void split(const struct sum *s, struct compare_numbers *out)
{
    out->tail = s->tail / s->norm;
    out->left = out->right = (double)NAN;
    double squares = s->fitted * s->fitted + s->right * s->right, error = s->error * s->error;
    if (!out->columns || !(s->fitted > 0) || !(fabs(squares - error) <= split_slack * error) ||
        !(s->norm > 0))
        return;
    double left = s->fitted * s->fitted - s->tail * s->tail; /* NAN with the tail */
    out->left = left < 0 ? 0 : sqrt(left) / s->norm;
    out->right = s->right / s->norm;
}

/* Inner columns of the products that make input 0. */
static size_t columns_of(const struct result *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_terms; i++) {
        if (r->terms[i].right == TERM_DENSE)
            return 0;
        if (r->terms[i].matrix == 0)
            n += part_cols(&r->parts[r->terms[i].left]);
    }
    return n;
}

/* The Eckart-Young error of so many columns; of something dense there is none. */
static double tail_of(const struct measure *m, const struct spectrum *s, size_t columns)
{
    if (!columns)
        return (double)NAN;
    return s ? spectrum_tail(s, columns < s->n ? columns : s->n) : m->optimal;
}

void compare_numbers_of(const struct approximation *a, const struct spectrum *spectra,
                        struct compare_numbers *out)
{
    struct sum sum = { 0 };
    size_t at = 0;
    *out = (struct compare_numbers){
        .error = a->error,
        .psnr = (double)NAN,
        .ssim = (double)NAN,
        .seconds = a->seconds,
        .rank = a->results[0].rank,
        .columns = columns_of(&a->results[0]),
        .bits_paper = a->bits_paper,
        .bits_true = a->bits_true,
        .entries = a->entries,
    };
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < a->results[i].n_measures; j++, at++) {
            const struct measure *m = &a->results[i].measures[j];
            /* what inputs share a factor leave out is more than each alone would */
            size_t columns = a->results[i].n_measures > 1 ? 0 : out->columns;
            add(&sum, m, tail_of(m, spectra ? &spectra[at] : NULL, columns));
        }
    split(&sum, out);
}

void compare_front(const double *size, const double *error, size_t n, bool *front)
{
    for (size_t i = 0; i < n; i++) {
        front[i] = true;
        for (size_t j = 0; j < n && front[i]; j++)
            front[i] = !(size[j] <= size[i] && error[j] <= error[i] &&
                         (size[j] < size[i] || error[j] < error[i]));
    }
}

static void put_word(char *out, size_t size, const char *word)
{
    size_t at = strlen(out);
    snprintf(out + at, size - at, "%s%s", at ? ", " : "", word);
}

/* What compare_setting says first. */
static void put_size(const struct method *m, const struct params_any *params, char *out,
                     size_t size)
{
    const struct param *rank = param_find(&m->params, "rank"),
                       *bits = param_find(&m->params, "bits");
    const struct param *left = param_find(&m->params, "left_bits");
    const struct param *right = param_find(&m->params, "right_bits");
    char word[64];
    if (rank) {
        snprintf(word, sizeof(word), "rank %.0f", param_get(rank, params->bytes));
        put_word(out, size, word);
    }
    if (bits) {
        snprintf(word, sizeof(word), "%.0f bits", param_get(bits, params->bytes));
        put_word(out, size, word);
    }
    if (left && right) {
        snprintf(word, sizeof(word), "%.0f+%.0f bits", param_get(left, params->bytes),
                 param_get(right, params->bytes));
        put_word(out, size, word);
    }
}

void compare_setting(const struct method *m, const struct params_any *params, bool brief, char *out,
                     size_t size)
{
    static const char *const said[] = { "rank",       "bits", "left_bits",
                                        "right_bits", "seed", "bits_per_entry" };
    struct params_any usual;
    param_defaults(&m->params, false, usual.bytes);
    out[0] = '\0';
    put_size(m, params, out, size);
    for (size_t i = 0; !brief && i < m->params.n; i++) {
        const struct param *row = &m->params.rows[i];
        bool skip = param_get(row, params->bytes) == param_get(row, usual.bytes);
        for (size_t j = 0; j < sizeof(said) / sizeof(said[0]); j++)
            skip |= !strcmp(row->key, said[j]);
        if (skip)
            continue;
        char flag[40], value[40], word[96];
        param_flag(row->key, flag, sizeof(flag));
        param_format(row, params->bytes, value, sizeof(value));
        snprintf(word, sizeof(word), "%s %s", flag, value);
        put_word(out, size, word);
    }
}

/* The state of one comparison. */
struct running {
    const struct compare_request *r;
    struct compare_table *t;
    size_t room;
};

static bool grow(struct running *w, struct error *err)
{
    if (w->t->n < w->room)
        return true;
    size_t room = w->room ? 2 * w->room : 16;
    struct compare_row *rows = memory_alloc(room * sizeof(*rows), err);
    if (!rows)
        return false;
    if (w->t->n)
        memcpy(rows, w->t->rows, w->t->n * sizeof(*rows));
    memory_free(w->t->rows);
    w->t->rows = rows;
    w->room = room;
    return true;
}

static struct compare_row *find_row(struct compare_table *t, const struct method *m,
                                    const struct params_any *params)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].method == m && param_equal(&m->params, &t->rows[i].params, params))
            return &t->rows[i];
    return NULL;
}

/* The run in full; where bytes are what counts, with less until the file fits. `why`: the run failed. */
static bool run_in_full(const struct running *w, struct compare_row *row, double overhead,
                        struct error *why)
{
    const struct compare_request *r = w->r;
    for (int i = 0; i < FITS_MOST; i++) {
        if (!r->measure(r->context, row->method, &row->params, false, &row->numbers, why))
            return false;
        w->t->tried++;
        const struct compare_numbers *n = &row->numbers;
        if (r->size.unit != COMPARE_BYTES || (double)n->bytes <= r->size.amount)
            return true;
        double more = 8 * (double)n->bytes - (double)n->bits_true;
        overhead = fmax(more, overhead + 64);
        if (!compare_fit(r, row->method, overhead, &row->params, why))
            return false;
    }
    return fail(why, ERROR_USAGE, "%s: no rank was found whose file fits", row->method->name);
}

static bool add_row(struct running *w, const struct method *m, const struct params_any *params,
                    enum compare_origin origin, double overhead, struct error *err)
{
    struct compare_row row = { .method = m, .params = *params, .origin = origin, .final = true };
    struct error why = { 0 };
    struct compare_row *there = find_row(w->t, m, params);
    if (there) {
        there->origin = origin;
        return true;
    }
    if (!grow(w, err))
        return false;
    if (!run_in_full(w, &row, overhead, &why)) {
        if (!compare_ends(&why))
            return compare_omit(w->t, m, &row.params, (double)INFINITY, &why, err);
        *err = why;
        return false;
    }
    if (find_row(w->t, m, &row.params)) /* its file had to become smaller */
        return true;
    w->t->rows[w->t->n++] = row;
    if (w->r->found)
        w->r->found(w->r->context, &row);
    return true;
}

/* What the source describes, at this size. */
static bool add_source(struct running *w, const struct method *m, double overhead,
                       struct error *err)
{
    struct params_any params = { 0 };
    struct error why;
    if (m->flags & METHOD_OURS)
        return true;
    if (!w->r->start(w->r->context, m, true, &params, err))
        return false;
    if (!compare_fit(w->r, m, overhead, &params, &why))
        return compare_omit(w->t, m, &params, (double)INFINITY, &why, err);
    return add_row(w, m, &params, COMPARE_SOURCE, overhead, err);
}

static bool run_method(struct running *w, const struct method *m, double done, double share,
                       struct error *err)
{
    struct compare_picks picks = { 0 };
    struct params_any usual = { 0 };
    struct error unused;
    size_t keep = w->r->keep ? w->r->keep : KEEP;
    if (!compare_search(w->r, m, keep, done, 0.8 * share, w->t, &picks, err) ||
        !w->r->start(w->r->context, m, false, &usual, err))
        return false;
    for (size_t i = 0; i < picks.n; i++)
        if (!job_step(w->r->job, done + 0.8 * share, m->name, err) ||
            !add_row(w, m, &picks.params[i], COMPARE_FOUND, picks.overhead, err))
            return false;
    /* a coarse look may have thought little of the defaults, so that they always run, too */
    return (!compare_fit(w->r, m, picks.overhead, &usual, &unused) ||
            add_row(w, m, &usual, COMPARE_DEFAULT, picks.overhead, err)) &&
           add_source(w, m, picks.overhead, err);
}

/* By error; of equal ones the smaller first, then the order of the methods stays. */
static int by_error(const void *a, const void *b)
{
    const struct compare_row *x = a, *y = b;
    if (x->numbers.error != y->numbers.error)
        return x->numbers.error < y->numbers.error ? -1 : 1;
    if (x->numbers.bits_true != y->numbers.bits_true)
        return x->numbers.bits_true < y->numbers.bits_true ? -1 : 1;
    int names = strcmp(x->method->name, y->method->name);
    return names ? names : (int)x->origin - (int)y->origin;
}

static bool mark_front(struct compare_table *t, struct error *err)
{
    double *points = memory_alloc(2 * t->n * sizeof(*points), err);
    bool *front = points ? memory_alloc(t->n * sizeof(*front), err) : NULL;
    for (size_t i = 0; front && i < t->n; i++) {
        points[i] = (double)t->rows[i].numbers.bits_true;
        points[t->n + i] = t->rows[i].numbers.error;
    }
    if (front)
        compare_front(points, points + t->n, t->n, front);
    for (size_t i = 0; front && i < t->n; i++)
        t->rows[i].front = front[i];
    bool ok = front;
    memory_free(points);
    memory_free(front);
    return ok;
}

static bool taken(const struct compare_request *r, const struct method *m)
{
    return !(m->flags & (r->together ? METHOD_SANDBOX : METHOD_MANY | METHOD_SANDBOX));
}

bool compare_run(const struct compare_request *r, struct compare_table *out, struct error *err)
{
    struct running w = { .r = r, .t = out };
    size_t n = 0, at = 0;
    *out = (struct compare_table){ 0 };
    for (size_t i = 0; r->methods[i]; i++)
        n += taken(r, r->methods[i]);
    for (size_t i = 0; r->methods[i]; i++)
        if (taken(r, r->methods[i]) &&
            !run_method(&w, r->methods[i], (double)at++ / (double)n, 1 / (double)n, err))
            return false;
    if (out->n)
        qsort(out->rows, out->n, sizeof(*out->rows), by_error);
    return mark_front(out, err);
}

void compare_finish(struct compare_table *t)
{
    memory_free(t->rows);
    memory_free(t->omissions);
    *t = (struct compare_table){ 0 };
}

const struct compare_omission *compare_cheapest(const struct compare_table *t)
{
    const struct compare_omission *best = NULL;
    for (size_t i = 0; i < t->n_omissions; i++)
        if (!best || t->omissions[i].takes < best->takes || isinf(best->takes))
            best = &t->omissions[i];
    return best;
}

static const char *advice(double tail, double rounding)
{
    return tail > much_larger * rounding   ? "more rank would help"
           : rounding > much_larger * tail ? "more bits would help"
                                           : "rank and bits are in balance";
}

/* "the tail of rank 83 is 11.5 %, rounding of L costs 2 %, of R 1 %: more rank would help" */
static void put_parts(const struct compare_numbers *n, char *out, size_t size)
{
    double rounding = hypot(n->left, n->right);
    double rest = sqrt(fmax(0, n->error * n->error - n->tail * n->tail));
    if (!n->rank && !n->columns)
        snprintf(out, size, "all of its error is rounding");
    else if (!n->columns || (!isfinite(n->tail) && !isfinite(n->right)))
        snprintf(out, size, "the parts of its error are not known");
    else if (!isfinite(n->tail))
        snprintf(out, size, "rounding of R costs %.3g %%, the rest is not known", 100 * n->right);
    else if (!isfinite(rounding))
        snprintf(out, size, "the tail of rank %zu is %.3g %%, rounding costs %.3g %%: %s",
                 n->columns, 100 * n->tail, 100 * rest, advice(n->tail, rest));
    else
        snprintf(out, size,
                 "the tail of rank %zu is %.3g %%, rounding of L costs %.3g %%, of R %.3g %%: %s",
                 n->columns, 100 * n->tail, 100 * n->left, 100 * n->right,
                 advice(n->tail, rounding));
}

void compare_reason(const struct compare_table *t, char *out, size_t size)
{
    const struct compare_row *first = t->rows, *next = NULL;
    char parts[200];
    if (!t->n) {
        snprintf(out, size, "no method fits this size");
        return;
    }
    for (size_t i = 1; i < t->n && !next; i++)
        if (t->rows[i].method != first->method)
            next = &t->rows[i];
    put_parts(&first->numbers, parts, sizeof(parts));
    if (next && next->numbers.error > 0)
        snprintf(out, size, "%s has %.3g %% less error than %s; %s", first->method->name,
                 100 * (1 - first->numbers.error / next->numbers.error), next->method->name, parts);
    else
        snprintf(out, size, "%s: %s", first->method->name, parts);
}
