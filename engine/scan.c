#include "scan.h"

#include "memory.h"
#include "scan_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits, as in scan_file.c: it tells files apart that nobody made alike on purpose. */
static void mix(uint64_t *sum, const void *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *sum = (*sum ^ ((const unsigned char *)data)[i]) * 1099511628211u;
}

uint64_t scan_identity(const struct document *d)
{
    uint64_t sum = 14695981039346656037u;
    if (!d->source)
        return 0;
    for (size_t i = 0; i <= d->n_parts; i++) {
        struct source_stamp s;
        if (!source_stamp(document_part(d, i), &s))
            return 0;
        uint64_t words[] = { s.device, s.inode, s.size, (uint64_t)s.seconds,
                             (uint64_t)s.nanoseconds };
        mix(&sum, words, sizeof(words));
    }
    for (size_t i = 0; i < d->n; i++) {
        const struct entry *e = &d->entries[i];
        uint64_t words[] = { e->rows, e->cols, e->part, e->offset, e->size };
        mix(&sum, e->name, strlen(e->name) + 1);
        mix(&sum, words, sizeof(words));
    }
    return sum ? sum : 1;
}

static void blank(struct scan_row *row, const struct entry *e)
{
    row->done = row->limited = false;
    row->why[0] = 0;
    for (size_t i = 0; i < SCAN_COLUMNS; i++)
        row->values[i] = (double)NAN;
    row->values[SCAN_ROWS] = (double)e->rows;
    row->values[SCAN_COLS] = (double)e->cols;
    row->values[SCAN_BYTES] = (double)document_bytes(e);
}

/* What a matrix costs, in flops or so: every entry some passes, a Gram matrix, its eigenvalues. */
static double cost(const struct entry *e)
{
    const double passes = 200, eigen = 8;
    double rows = (double)e->rows, cols = (double)e->cols, least = fmin(rows, cols);
    return rows * cols * (passes + 2 * least) + eigen * least * least * least + 1;
}

bool scan_open(struct scan *s, struct document *d, const char *path, bool fresh, struct error *err)
{
    *s = (struct scan){ .document = document_ref(d), .n = d->n, .identity = scan_identity(d) };
    s->rows = memory_alloc(d->n * sizeof(*s->rows), err);
    if (s->rows && path && s->identity)
        s->path = memory_text(path, strlen(path), err);
    if (!s->rows || (path && s->identity && !s->path)) {
        scan_close(s);
        return false;
    }
    for (size_t i = 0; i < s->n; i++)
        blank(&s->rows[i], &d->entries[i]);
    if (s->path && !fresh)
        scan_file_read(s);
    for (size_t i = 0; i < s->n; i++) {
        double x = cost(&d->entries[i]);
        s->work += x;
        s->worked += s->rows[i].done ? x : 0;
    }
    return true;
}

void scan_close(struct scan *s)
{
    document_unref(s->document);
    memory_free(s->rows);
    memory_free(s->path);
    *s = (struct scan){ 0 };
}

size_t scan_next(const struct scan *s)
{
    size_t i = 0;
    while (i < s->n && s->rows[i].done)
        i++;
    return i;
}

double scan_share(const struct scan *s)
{
    return s->work > 0 ? fmin(fmax(s->worked / s->work, 0), 1) : 1;
}

/* The job of one matrix, as a part of the whole scan's. */
struct turn {
    struct job *whole;
    double from, to;
    char stage[48];
};

static void progress(void *context, double done, const char *stage)
{
    const struct turn *p = context;
    (void)stage;
    p->whole->progress(p->whole->context, p->from + (p->to - p->from) * done, p->stage);
}

static bool look(struct scan *s, size_t i, struct job *job, struct anatomy *out, struct error *err)
{
    const struct entry *e = &s->document->entries[i];
    const struct anatomy_options o = { .dtype = anatomy_dtype(e), .rounding = true };
    double own_share = cost(e) / s->work;
    struct turn p = { .whole = job,
                      .from = scan_share(s),
                      .to = fmin(scan_share(s) + own_share, 1) };
    struct job own = *job;
    snprintf(p.stage, sizeof(p.stage), "matrix %zu of %zu", s->done + 1, s->n);
    if (job->progress) {
        own.progress = progress;
        own.context = &p;
    }
    return anatomy_of(&own, s->document, e, &o, out, err);
}

/* Cut between characters. */
static void say_why(struct scan_row *row, const char *text)
{
    size_t n = strlen(text), most = sizeof(row->why) - 1;
    if (n > most)
        for (n = most; n && ((unsigned char)text[n] & 0xC0) == 0x80;)
            n--;
    memcpy(row->why, text, n);
    row->why[n] = 0;
}

bool scan_one(struct scan *s, size_t i, struct job *job, struct error *err)
{
    struct scan_row *row = &s->rows[i];
    struct anatomy a = { 0 };
    struct error why = { 0 };
    if (row->done) {
        s->done--;
        s->worked -= cost(&s->document->entries[i]);
    }
    blank(row, &s->document->entries[i]);
    bool ok = look(s, i, job, &a, &why);
    if (!ok && why.code == ERROR_CANCELLED) {
        *err = why;
        return false;
    }
    if (!document_unchanged(s->document, err)) {
        anatomy_finish(&a);
        return false;
    }
    if (ok)
        scan_row_fill(&a, row);
    else {
        row->limited = why.code == ERROR_LIMIT || why.code == ERROR_MEMORY;
        say_why(row, why.text);
    }
    row->done = true;
    s->done++;
    s->worked += cost(&s->document->entries[i]);
    anatomy_finish(&a);
    if (ok)
        scan_file_keep(s, i);
    return true;
}

static void fill_line(const struct verdict_line *line, double *rounding, double *rank,
                      double *low_rank)
{
    *rounding = line->type ? line->rounding : (double)NAN;
    *rank = line->type ? (double)line->rank : (double)NAN;
    *low_rank = line->type ? line->low_rank : (double)NAN;
}

static void fill_spectrum(const struct anatomy *a, double *v)
{
    const struct spectrum *s = &a->spectrum;
    v[SCAN_NORM] = s->norm;
    if (!s->n)
        return;
    v[SCAN_SIGMA] = s->sigma[0];
    v[SCAN_STABLE_RANK] = a->stable_rank;
    v[SCAN_EFFECTIVE_RANK] = a->effective_rank;
    v[SCAN_RANK_90] = (double)a->rank90;
    v[SCAN_RANK_99] = (double)a->rank99;
    v[SCAN_SHARE_90] = (double)a->rank90 / (double)s->n;
    v[SCAN_ALPHA] = a->law.alpha;
    v[SCAN_XMIN] = a->law.xmin;
    v[SCAN_KS] = a->law.ks;
    v[SCAN_NOISE] = a->noise.sigma;
    v[SCAN_NOISE_EDGE] = a->noise.edge;
    v[SCAN_NOISE_ABOVE] = (double)a->noise.above;
    v[SCAN_ROUNDING_EDGE] = a->rounding_edge;
    if (!isnan(a->rounding_edge))
        v[SCAN_ROUNDING_BELOW] = (double)a->below_rounding;
}

const char *scan_missing(const struct scan_row *row)
{
    if (row->why[0])
        return row->why;
    if (!row->done)
        return NULL;
    if (row->values[SCAN_NONFINITE] > 0)
        return "NaN or infinite entries: no spectrum";
    return isinf(row->values[SCAN_NORM]) ? "the norm is beyond 1.8e308: no spectrum" : NULL;
}

void scan_row_fill(const struct anatomy *a, struct scan_row *out)
{
    const struct anatomy_statistics *s = &a->statistics;
    const struct verdict_line *lines = a->verdict.lines;
    double *v = out->values;
    fill_spectrum(a, v);
    v[SCAN_MIN] = s->min;
    v[SCAN_MAX] = s->max;
    v[SCAN_MEAN] = s->mean;
    v[SCAN_DEVIATION] = s->deviation;
    v[SCAN_KURTOSIS] = s->kurtosis;
    v[SCAN_ZEROS] = (double)s->zeros;
    v[SCAN_OUTLIERS] = (double)s->outliers;
    v[SCAN_NONFINITE] = (double)s->nonfinite;
    fill_line(&lines[VERDICT_Q8_0], &v[SCAN_Q8_ROUNDING], &v[SCAN_Q8_RANK], &v[SCAN_Q8_LOW_RANK]);
    fill_line(&lines[VERDICT_Q4_0], &v[SCAN_Q4_ROUNDING], &v[SCAN_Q4_RANK], &v[SCAN_Q4_LOW_RANK]);
    fill_line(&lines[VERDICT_OWN], &v[SCAN_OWN_ROUNDING], &v[SCAN_OWN_RANK], &v[SCAN_OWN_LOW_RANK]);
    v[SCAN_GAIN] = a->verdict.gain;
    v[SCAN_ANSWER] = (double)a->verdict.answer;
}
