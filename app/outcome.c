/* The life of what goes between the screen and the engine: study.h. */

#include "study.h"

#include <math.h>

#include "memory.h"
#include "spectrum.h"

void request_finish(struct request *r)
{
    document_unref(r->document);
    document_unref(r->beside.other);
    theatre_wish_finish(&r->theatre);
    r->beside.other = NULL;
    memory_free(r->tensors);
    r->document = NULL;
    r->tensors = NULL;
}

void subject_destroy(struct subject *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        memory_free(s->sigma[i]);
        matrix_finish(&s->original[i]);
    }
    memory_free(s);
}

struct shown *shown_ref(struct shown *s)
{
    if (s)
        s->references++;
    return s;
}

void shown_destroy(struct shown *s)
{
    if (!s || --s->references > 0)
        return;
    for (size_t i = 0; i < SELECTION_MAX; i++)
        preview_finish(&s->previews[i]);
    memory_free(s);
}

void outcome_finish(struct outcome *o)
{
    subject_destroy(o->subject);
    shown_destroy(o->shown);
    heat_map_destroy(o->heat);
    o->heat = NULL;
    memory_free(o->levels);
    o->levels = NULL;
    if (o->anatomy)
        anatomy_finish(o->anatomy);
    memory_free(o->anatomy);
    o->anatomy = NULL;
    document_unref(o->document);
    run_list_finish(&o->runs);
    scan_list_finish(&o->scan);
    group_found_destroy(o->group);
    o->group = NULL;
    beside_found_destroy(o->beside);
    o->beside = NULL;
    released_destroy(o->released);
    o->released = NULL;
    theatre_found_destroy(o->theatre);
    o->theatre = NULL;
    o->subject = NULL;
    o->shown = NULL;
    o->document = NULL;
}

void outcome_follow(struct outcome *newer, struct outcome *older)
{
    struct error unused; /* rows that are lost come again: scanning.c */
    if (newer->ok && !newer->subject) {
        newer->subject = older->subject;
        older->subject = NULL;
    }
    if (newer->ok)
        scan_list_before(&newer->scan, &older->scan, &unused);
    if (newer->ok)
        theatre_found_follow(newer->theatre, older->theatre);
    outcome_finish(older);
}

void subject_tails(const struct subject *s, const double *ranks, size_t n, double *tails)
{
    double tail = 0, whole = 0;
    for (size_t p = 0; p < s->planes; p++) {
        double known = 0;
        for (size_t i = 0; !s->exact && i < s->n; i++)
            known += s->sigma[p][i] * s->sigma[p][i];
        /* Of a first sketch, the rest is known by the norm alone; of a whole SVD the
         * difference is rounding, which the root would blow up. */
        if (!s->exact)
            tail += fmax(0, s->norm[p] * s->norm[p] - known);
        whole += s->norm[p] * s->norm[p];
    }
    for (size_t i = s->n; n-- > 0;) {
        for (; i > 0 && (double)i > ranks[n]; i--)
            for (size_t p = 0; p < s->planes; p++)
                tail += s->sigma[p][i - 1] * s->sigma[p][i - 1];
        tails[n] = whole > 0 ? sqrt(tail / whole) : 0;
    }
}

double subject_tail(const struct subject *s, size_t rank)
{
    double at = (double)rank, tail;
    subject_tails(s, &at, 1, &tail);
    return tail;
}

double subject_sigma(const struct subject *s, size_t i)
{
    double sum = 0;
    for (size_t p = 0; i < s->n && p < s->planes; p++)
        sum += s->sigma[p][i] * s->sigma[p][i];
    return sqrt(sum);
}

bool subject_elbow(const struct subject *s, size_t *rank, struct error *err)
{
    double *sigma = memory_alloc(s->n * sizeof(*sigma), err), norm = 0;
    if (!sigma)
        return false;
    for (size_t i = 0; i < s->n; i++)
        sigma[i] = subject_sigma(s, i);
    for (size_t p = 0; p < s->planes; p++)
        norm = hypot(norm, s->norm[p]);
    const struct spectrum spectrum = {
        .sigma = sigma, .n = s->n, .rows = s->rows, .cols = s->cols, .norm = norm
    };
    *rank = spectrum_elbow(&spectrum);
    memory_free(sigma);
    return true;
}

struct numbers numbers_of(const struct approximation *a)
{
    struct numbers n = { .psnr = (double)NAN, .ssim = (double)NAN };
    double bound = 0, norm = 0;
    n.rank = a->results[0].rank;
    for (size_t i = 0; i < a->n; i++) {
        n.dead += a->results[i].dead;
        for (size_t j = 0; j < a->results[i].n_measures; j++) {
            const struct measure *m = &a->results[i].measures[j];
            bound += m->bound * m->bound * m->norm * m->norm; /* NAN spreads, as it should */
            norm += m->norm * m->norm;
        }
    }
    n.error = a->error;
    n.optimal = a->optimal;
    n.bound = sqrt(bound / norm); /* 0 / 0 is unknown too */
    n.seconds = a->seconds;
    n.bits_paper = a->bits_paper;
    n.bits_true = a->bits_true;
    n.entries = a->entries;
    n.backend = a->backend;
    for (int op = 0; op < OP_COUNT; op++) {
        n.on_device += a->counts.device[op];
        n.by_processor += a->counts.fallback[op];
    }
    return n;
}
