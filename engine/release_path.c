#include "release_path.h"

#include "cancel.h"
#include "dataset.h"
#include "gram_check.h"
#include "memory.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

/* More rows than a Gram matrix of 63 bits is sure to hold, whatever is in them. */
static const size_t rows_most = (size_t)1 << 30;

static unsigned bits_of(const struct release_terms *t)
{
    return t->bits ? t->bits : RELEASE_BITS;
}

/* No sizes, counts or names of what the data made necessary. */
static bool plain(const struct error *why, struct error *err)
{
    return why->code == ERROR_MEMORY
               ? fail(err, ERROR_MEMORY, "out of memory; nothing was released")
               : fail(err, why->code, "%s", why->text);
}

static bool check_shape(struct matrix_view rows, struct error *err)
{
    if (rows.cols < 1 || rows.cols > RELEASE_SIDE)
        return fail(err, ERROR_LIMIT, "a release is of 1 to %d columns; here are %zu", RELEASE_SIDE,
                    rows.cols);
    return rows.rows < rows_most || fail(err, ERROR_LIMIT, "there are too many rows");
}

/* Entries of d x d: the complex matrix, its eigenvectors, LAPACK's workspace, factors, products. */
enum { RESERVE = 24, RESERVE_LEAST = 1 << 16 };

static bool make_room(struct release_path *p, struct error *err)
{
    p->reserve = memory_alloc(RESERVE_LEAST + RESERVE * sizeof(double) * p->d * p->d, err);
    return p->reserve && secret_init(&p->stream, sizeof(struct chacha), err) &&
           secret_init(&p->rows, p->n * p->d * sizeof(int32_t), err) &&
           secret_init(&p->gram, p->d * p->d * sizeof(int64_t), err);
}

/* A stretch of work after which the job is asked: entries, and products. */
enum { ENTRIES = 1 << 22, PRODUCTS = 1 << 28 };

static size_t stretch(size_t work, size_t each)
{
    return work / each ? work / each : 1;
}

/* How far it is through the rows; but where their number is nobody's business it says nothing. */
static double share(const struct release_path *p, size_t i)
{
    return p->terms->relation == RELATION_REPLACE ? (double)i / (double)(p->n + 1) : 0;
}

static bool quantise(struct release_path *p, struct job *job, struct matrix_view rows,
                     struct error *err)
{
    const struct release_terms *t = p->terms;
    struct row_rule rule = { .clip = t->clip, .bits = bits_of(t), .centre = t->centre };
    int32_t *grid = p->rows.data;
    for (size_t i = 0, most = stretch(ENTRIES, p->d); i == 0 || i < p->n; i += most) {
        size_t n = p->n - i < most ? p->n - i : most;
        if (!job_step(job, .2 * share(p, i), "rows", err))
            return false;
        rows_quantise(matrix_block(rows, i, 0, n, p->d), &rule, grid + i * p->d);
    }
    return true;
}

/* What a driver says of itself may tell how much it was asked for. */
static bool compute_gram(struct job *job, const int32_t *rows, size_t n, size_t d, int64_t *out,
                         struct error *err)
{
    struct error why = { 0 };
    if (backend_gram_exact(job->backend, rows, n, d, out, &why))
        return true;
    if (why.code == ERROR_DEVICE)
        return fail(err, ERROR_DEVICE, "%s cannot make an integer Gram matrix",
                    backend_device(job->backend));
    return plain(&why, err);
}

/* The sums of all rows, a stretch at a time. |sums| < 2^63 whatever is in the rows. */
static bool add_grams(struct release_path *p, struct job *job, int64_t *part, struct error *err)
{
    const int32_t *rows = p->rows.data;
    int64_t *sums = p->gram.data;
    wipe(sums, p->gram.size);
    for (size_t i = 0, most = stretch(PRODUCTS, p->d * p->d); i == 0 || i < p->n; i += most) {
        size_t n = p->n - i < most ? p->n - i : most;
        double done = .2 + .3 * share(p, i);
        if (!job_step(job, done, "Gram matrix", err) ||
            !compute_gram(job, rows + i * p->d, n, p->d, part, err))
            return false;
        for (size_t j = 0; j < p->d * p->d; j++)
            sums[j] = (int64_t)((uint64_t)sums[j] + (uint64_t)part[j]);
    }
    return true;
}

static bool attempt_gram(struct job *job, void *context, struct error *err)
{
    struct release_path *p = context;
    struct secret part = { 0 };
    bool holds = false;
    bool ok = secret_init(&part, p->gram.size, err) && add_grams(p, job, part.data, err);
    secret_finish(&part);
    if (!ok || !job_step(job, 0.5, "check", err) ||
        !gram_check(p->rows.data, p->n, p->d, p->gram.data, release_path_stream(p), &holds, err))
        return false;
    return holds || fail(err, ERROR_DEVICE, "%s got an integer Gram matrix wrong",
                         backend_device(job->backend));
}

static bool prepare(struct release_path *p, struct job *job, struct matrix_view rows,
                    struct error *err)
{
    double d = (double)p->d;
    struct backend_work work = { .flops = 2 * (double)p->n * d * d,
                                 .bytes = 4 * (double)p->n * d,
                                 .dtype = DTYPE_F64 };
    return make_room(p, err) && chacha_start(release_path_stream(p), err) &&
           quantise(p, job, rows, err) && job_run(job, work, attempt_gram, p, err);
}

bool release_path_open(struct release_path *p, struct job *job, struct matrix_view rows,
                       const struct release_terms *t, struct error *err)
{
    struct error why = { 0 };
    *p = (struct release_path){ .terms = t, .n = rows.rows, .d = rows.cols };
    if (!release_price(t, &p->price, err) || !dataset_check(t->dataset, err) ||
        !check_shape(rows, err) || !wipe_guard(err))
        return false;
    return prepare(p, job, rows, &why) || plain(&why, err);
}

bool release_path_pay(struct release_path *p, struct job *job, const char *ledger,
                      struct ledger_account *account, struct error *err)
{
    const struct release_terms *t = p->terms;
    struct ledger_spend spend = { .mechanism = t->mechanism,
                                  .relation = t->relation,
                                  .clip = t->clip,
                                  .mu = p->price.mu,
                                  .epsilon = t->epsilon,
                                  .delta = t->delta,
                                  .budget = t->budget };
    snprintf(spend.dataset, sizeof(spend.dataset), "%s", t->dataset);
    if (!job_step(job, 0.6, "ledger", err))
        return false;
    const atomic_bool *before = cancel_watch(job->cancel); /* whoever waits for the lock may stop */
    bool paid = ledger_spend(ledger, &spend, account, err);
    cancel_watch(before);
    if (paid) {
        secret_finish(&p->rows);
        memory_free(p->reserve);
        p->reserve = NULL;
    }
    return paid;
}

void release_path_close(struct release_path *p)
{
    secret_finish(&p->gram);
    secret_finish(&p->rows);
    secret_finish(&p->stream);
    memory_free(p->reserve);
    p->reserve = NULL;
}

void release_path_facts(const struct release_path *p, struct release *out)
{
    const struct release_terms *t = p->terms;
    out->d = p->d;
    out->n = t->relation == RELATION_REPLACE ? p->n : 0;
    out->mechanism = t->mechanism;
    out->relation = t->relation;
    out->form = t->form;
    out->rank = t->rank < p->d ? t->rank : p->d;
    out->shrink = t->shrink;
    out->clamp = t->clamp;
    out->centred = t->centre != NULL;
    out->bits = bits_of(t);
    out->epsilon = t->epsilon;
    out->delta = t->delta;
    out->clip = t->clip;
    out->mu = out->view = p->price.mu;
    out->deviation = p->price.deviation;
    out->lattice = p->price.lattice;
    snprintf(out->dataset, sizeof(out->dataset), "%s", t->dataset);
    snprintf(out->version, sizeof(out->version), "%s", EIGENSCOPE_VERSION);
}

bool release_path_lost(const struct error *why, struct error *err)
{
    return fail(err, why->code, "%s; what was paid stays paid",
                why->code == ERROR_MEMORY ? "out of memory" : why->text);
}
