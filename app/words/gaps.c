/* gaps: eigenvalue gaps of a covariance, and what noise of a price does to its top k. */
#include "bulk.h"
#include "cli.h"
#include "document.h"
#include "gap_curves.h"
#include "gap_tables.h"
#include "linalg.h"
#include "memory.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* "1,2,8" */
static bool read_ranks(const char *text, struct gap_curves *g, struct error *err)
{
    const char *at = text;
    for (g->n_ranks = 0; g->n_ranks < MONTE_CARLO_RANKS; at++) {
        char *end;
        unsigned long k = isdigit((unsigned char)*at) ? strtoul(at, &end, 10) : 0;
        if (!k || (*end && *end != ','))
            return fail(err, ERROR_USAGE,
                        "gaps: --rank: '%.60s' is no list of ranks, 1 or more, like 8,16", text);
        if (k > g->d)
            return fail(err, ERROR_USAGE, "gaps: --rank %lu: the covariance is %zu x %zu", k, g->d,
                        g->d);
        g->ranks[g->n_ranks++] = k;
        at = end;
        if (!*at)
            return true;
    }
    return fail(err, ERROR_LIMIT, "gaps: --rank: more than %d values", MONTE_CARLO_RANKS);
}

/* 1, 2, 3, 4, 6, 8, 12, 16, ...: up to d, and d. */
static void usual_ranks(struct gap_curves *g)
{
    for (size_t k = 1; k < g->d && g->n_ranks + 1 < MONTE_CARLO_RANKS;) {
        g->ranks[g->n_ranks++] = k;
        bool power = (k & (k - 1)) == 0;
        k = k < 2 ? k + 1 : power ? k + k / 2 : k / 3 * 4;
    }
    g->ranks[g->n_ranks++] = g->d;
}

static bool values_of(struct matrix_view a, struct gap_curves *g, struct error *err)
{
    struct matrix m = { 0 };
    g->rows = a.rows;
    g->d = a.cols;
    if (!g->d)
        return fail(err, ERROR_FORMAT, "gaps: the matrix has no columns");
    g->sigma = memory_alloc(g->d * sizeof(*g->sigma), err);
    bool ok = g->sigma && matrix_init(&m, DTYPE_F64, g->d, g->d, err) &&
              covariance_of(a, &g->noise.covariance, m.view, err) &&
              linalg_eigenvalues(m.view, g->sigma, err);
    for (size_t i = 0; ok && i < g->d / 2; i++) {
        double low = g->sigma[i];
        g->sigma[i] = g->sigma[g->d - 1 - i];
        g->sigma[g->d - 1 - i] = low;
    }
    matrix_finish(&m);
    return ok;
}

static bool read_file(const struct options *o, struct selection *s, struct gap_curves *g,
                      struct error *err)
{
    struct matrix a[SELECTION_MAX] = { 0 };
    bool ok = selection_open(o->arguments[0], (enum planes)o->picture.planes, s, err) &&
              (s->n == 1 || fail(err, ERROR_USAGE,
                                 "gaps: takes one matrix; %.120s has %zu: name one, FILE::NAME",
                                 o->arguments[0], s->n)) &&
              selection_read(s, DTYPE_F64, (enum nonfinite)o->common.nonfinite, a, err) &&
              values_of(a[0].view, g, err);
    for (size_t i = 0; i < SELECTION_MAX; i++)
        matrix_finish(&a[i]);
    g->file = o->arguments[0];
    g->name = ok ? s->names[0] : NULL;
    return ok;
}

static bool expect(struct gap_curves *g, struct error *err)
{
    for (int f = 0; f < 2; f++) {
        struct bulk b = { g->sigma, g->d,
                          perturbation_variance((enum field)(f + 1), g->noise.s) * (double)g->d };
        g->scree[f] = memory_alloc(g->d * sizeof(double), err);
        if (!g->scree[f])
            return false;
        bulk_scree(&b, g->scree[f]);
    }
    return true;
}

static bool draw(struct engine *e, const struct options *o, struct gap_curves *g, struct error *err)
{
    struct monte_carlo m = { .p = g->p,
                             .seed = o->common.seed,
                             .runs = (size_t)o->gaps.runs,
                             .n_ranks = g->n_ranks,
                             .values = { true, true } };
    for (size_t i = 0; i < g->n_ranks; i++)
        m.ranks[i] = g->ranks[i];
    for (size_t x = 0; x < PERTURBED_COUNT; x++)
        m.outputs[x] = true;
    return monte_carlo_run(&e->job, &m, &g->found, err);
}

static bool curves(struct call *c, struct engine *e, struct gap_curves *g, struct error *err)
{
    const struct options *o = &c->o;
    struct selection s = { 0 };
    simulation_of(MECHANISM_COMPLEX, &o->simulation, &g->noise);
    bool ok = read_file(o, &s, g, err);
    if (ok && o->gap_ranks)
        ok = read_ranks(o->gap_ranks, g, err);
    else if (ok)
        usual_ranks(g);
    g->p = (struct perturbation){ g->sigma, g->d, g->noise.s };
    ok = ok && engine_open(o, e, err) && expect(g, err) && (!o->gaps.runs || draw(e, o, g, err));
    if (ok) {
        g->backend = backend_name(e->backend);
        g->device = backend_device(e->backend);
        ok = !o->common.json || gap_curves_json(c->out, g, err);
        if (ok && !o->common.json)
            gap_curves_print(c->out, g);
    }
    selection_finish(&s);
    return ok;
}

/* Without a file: one thing that is told of made-up spectra. */
static bool made_up(struct call *c, bool tables, struct error *err)
{
    const struct options *o = &c->o;
    if (o->n)
        return fail(err, ERROR_USAGE, "gaps: --table, --exponents and --statistics take no FILE");
    if (tables && o->statistics.statistics)
        return fail(err, ERROR_USAGE, "gaps: --statistics stands alone");
    return tables ? gap_tables(c, err) : gaps_statistics_word(c, err);
}

bool gaps_word(struct call *c, struct error *err)
{
    const struct options *o = &c->o;
    bool tables = o->gaps.table || o->gaps.exponents;
    if (tables || o->statistics.statistics)
        return made_up(c, tables, err);
    if (!o->n)
        return fail(err, ERROR_USAGE,
                    "gaps: nothing is asked for: a FILE, --table, --exponents or --statistics");
    struct gap_curves g = { 0 };
    struct engine e = { 0 };
    bool ok = curves(c, &e, &g, err);
    gap_curves_finish(&g);
    if (e.backend)
        engine_close(&e);
    return ok;
}
