/* Bits and scales first, on a grid, uphill from its diagonal; then whatever else can be chosen, one row at a time
 * about the best; then bits once more. */
#include "compare_search.h"

#include "budget.h"
#include "memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AXES = 3, STEPS_MOST = 12, LOOKS_MOST = 160, LOOKS_EXPECTED = 40, COARSE_ROUNDS = 2 };

/* Of picks, how much worse than the best a coarse look may be. */
static const double pick_slack = 1.1;
/* Rounding of singular values and of errors, relative. */
static const double tail_slack = 1e-3;

static const int bit_values[] = { 1, 2, 3, 4, 5, 6, 8 };
enum { BIT_VALUES = sizeof(bit_values) / sizeof(bit_values[0]), LEAST_OF_PAIR = 1, MIDDLE = 3 };

static const char *const axis_keys[AXES] = { "left_bits", "right_bits", "bits" };
/* Rows whose other end is a start of its own where the matrix itself has bits: with outliers either may
 * let Q do with a bit less, which no step from the base shows. */
static const char *const start_keys[] = { "clip", "hadamard" };
enum { STARTS = 1 << (sizeof(start_keys) / sizeof(start_keys[0])) };
enum { WAYS_TO_ROUND = 3 }; /* the first of these */
static const char *const choice_keys[] = { "quantizer", "scales",   "clip",  "split",
                                           "symmetric", "hadamard", "order", "normalize" };

/* A setting that was looked at. */
struct look {
    struct params_any params; /* fitted, at its full number of rounds */
    struct compare_numbers numbers;
    bool ok;
};

struct search {
    const struct compare_request *r;
    const struct method *m;
    struct compare_table *table;
    struct params_any base; /* what the search starts from */
    const struct param *axes[AXES];
    size_t n_axes;
    struct look looks[LOOKS_MOST];
    size_t n, best;
    bool any;     /* there is a best */
    bool product; /* every result so far is a product of `rank` columns and nothing else */
    double overhead, done, share;
};

bool compare_fixed(const struct compare_request *r, const char *key)
{
    return r->fixed && r->fixed(r->context, key);
}

bool compare_ends(const struct error *why)
{
    return why->code == ERROR_CANCELLED || why->code == ERROR_MEMORY;
}

bool compare_omit(struct compare_table *t, const struct method *m, const struct params_any *params,
                  double takes, const struct error *why, struct error *err)
{
    struct compare_omission *grown = memory_alloc((t->n_omissions + 1) * sizeof(*t->omissions),
                                                  err);
    if (!grown)
        return false;
    if (t->n_omissions)
        memcpy(grown, t->omissions, t->n_omissions * sizeof(*grown));
    memory_free(t->omissions);
    t->omissions = grown;
    struct compare_omission *o = &grown[t->n_omissions++];
    *o = (struct compare_omission){ .method = m, .params = *params, .takes = takes };
    snprintf(o->why, sizeof(o->why), "%.*s", (int)sizeof(o->why) - 1, why->text);
    return true;
}

/* What the quantizer of these params can round to. */
static void bit_range(const struct method *m, const struct params_any *params, int *low, int *high)
{
    const struct param *row = param_find(&m->params, "quantizer");
    *low = 1;
    *high = CODING_BITS_MAX;
    if (!row || row->choices != quantizer_names)
        return;
    const struct quantizer *q = quantizer_at((int)param_get(row, params->bytes));
    *low = q->min_bits;
    *high = q->max_bits;
}

static size_t shapes_of(const struct compare_request *r, struct budget_shape out[BUDGET_SHAPES])
{
    budget_shapes(r->shapes, r->planes, r->rows, r->cols, out);
    return r->planes;
}

static double entries_of(const struct compare_request *r)
{
    struct budget_shape all[BUDGET_SHAPES];
    size_t n = shapes_of(r, all);
    return (double)budget_entries(all, n);
}

/* Of an entry, over all matrices. */
static double bits_of(const struct compare_request *r, const struct method *m,
                      const struct params_any *params)
{
    struct budget_shape all[BUDGET_SHAPES];
    size_t n = shapes_of(r, all);
    bool paper = r->size.unit == COMPARE_PAPER;
    return (double)budget_bits(m, params->bytes, r->dtype, all, n, paper) / entries_of(r);
}

static double bits_allowed(const struct compare_request *r, double overhead)
{
    double bits = r->size.amount;
    if (r->size.unit == COMPARE_BYTES)
        bits = (8 * r->size.amount - overhead) / entries_of(r);
    return bits;
}

/* The most bits that fit, of a method that has no rank to give way. */
static bool fit_bits(const struct compare_request *r, const struct method *m,
                     const struct param *row, double allowed, struct params_any *params,
                     struct error *err)
{
    int low, high;
    double least = 0;
    bool fixed = compare_fixed(r, row->key);
    bit_range(m, params, &low, &high);
    high = (int)fmin(high, row->max);
    low = (int)fmax(low, row->min);
    if (fixed)
        low = high = (int)param_get(row, params->bytes);
    for (int bits = high; bits >= low; bits--) {
        param_put(row, params->bytes, bits);
        least = bits_of(r, m, params);
        if (least <= allowed)
            return true;
    }
    return fail(err, ERROR_USAGE, "%s takes at least %.4g bits per entry, more than %.4g", m->name,
                least, allowed);
}

bool compare_fit(const struct compare_request *r, const struct method *m, double overhead,
                 struct params_any *params, struct error *err)
{
    struct budget_shape all[BUDGET_SHAPES];
    size_t n = shapes_of(r, all);
    double allowed = bits_allowed(r, overhead);
    const struct param *whole = param_find(&m->params, "bits_per_entry");
    const struct param *rank = param_find(&m->params, "rank"),
                       *bits = param_find(&m->params, "bits");
    if (allowed <= 0)
        return fail(err, ERROR_USAGE, "%s: the file takes %.0f bytes beside its parts", m->name,
                    ceil(overhead / 8));
    if (whole && !compare_fixed(r, whole->key))
        param_put(whole, params->bytes, allowed);
    else if (rank && !compare_fixed(r, rank->key))
        return budget_rank_of(m, params->bytes, r->dtype, all, n, allowed,
                              r->size.unit == COMPARE_PAPER, err);
    else if (bits && !rank)
        return fit_bits(r, m, bits, allowed, params, err);
    double takes = bits_of(r, m, params);
    return takes <= allowed ||
           fail(err, ERROR_USAGE, "%s takes %.4g bits per entry there, more than %.4g", m->name,
                takes, allowed);
}

/* Fewer rounds tell about as well which setting is the better one; not one alone, after which what
 * rounds gain most is last. */
static struct params_any coarsely(const struct method *m, const struct params_any *params)
{
    struct params_any p = *params;
    for (size_t i = 0; i < m->params.n; i++) {
        const struct param *row = &m->params.rows[i];
        const char *end = strstr(row->key, "rounds");
        if (end && !end[6] && param_get(row, p.bytes) > COARSE_ROUNDS)
            param_put(row, p.bytes, COARSE_ROUNDS);
    }
    return p;
}

/* Whether no result of this rank can be better than the best. One column more for a constant that is
 * added after the sum. */
static bool hopeless(const struct search *s, const struct params_any *params)
{
    const struct param *rank = param_find(&s->m->params, "rank");
    if (!rank || !s->any || !s->product || !s->r->optimal)
        return false;
    double tail = s->r->optimal(s->r->context, (size_t)param_get(rank, params->bytes) + 1);
    return tail * (1 - tail_slack) > s->looks[s->best].numbers.error;
}

static bool known(const struct search *s, const struct params_any *params)
{
    for (size_t i = 0; i < s->n; i++)
        if (param_equal(&s->m->params, &s->looks[i].params, params))
            return true;
    return false;
}

static bool is_product(const struct search *s, const struct look *l)
{
    const struct param *rank = param_find(&s->m->params, "rank");
    return rank && l->numbers.columns &&
           l->numbers.columns == (size_t)param_get(rank, l->params.bytes);
}

/* One run of it, unless it cannot tell anything new. */
static bool measure(struct search *s, const struct params_any *params, struct error *err)
{
    const struct compare_request *r = s->r;
    struct look *l = &s->looks[s->n];
    char stage[96];
    snprintf(stage, sizeof(stage), "%s: setting %zu", s->m->name, s->n + 1);
    double part = fmin(1, (double)s->n / LOOKS_EXPECTED);
    if (!job_step(r->job, s->done + s->share * part, stage, err))
        return false;
    struct params_any coarse = coarsely(s->m, params);
    struct error why = { 0 };
    *l = (struct look){ .params = *params };
    l->ok = r->measure(r->context, s->m, &coarse, true, &l->numbers, &why);
    if (!l->ok && compare_ends(&why)) {
        *err = why;
        return false;
    }
    s->table->tried++;
    s->n++;
    if (!l->ok)
        return compare_omit(s->table, s->m, params, (double)INFINITY, &why, err);
    s->product = (!s->any || s->product) && is_product(s, l);
    if (r->size.unit == COMPARE_BYTES)
        s->overhead = 8 * (double)l->numbers.bytes - (double)l->numbers.bits_true;
    if (!s->any || l->numbers.error < s->looks[s->best].numbers.error)
        s->best = s->n - 1;
    s->any = true;
    const struct compare_row row = { s->m, *params, COMPARE_FOUND, false, l->numbers, false };
    if (r->found)
        r->found(r->context, &row);
    return true;
}

/* Bits an entry of a setting at rank 1. */
static double least_of(const struct search *s, struct params_any params)
{
    const struct param *rank = param_find(&s->m->params, "rank");
    if (param_find(&s->m->params, "bits_per_entry"))
        return (double)INFINITY;
    if (rank && !compare_fixed(s->r, rank->key))
        param_put(rank, params.bytes, 1);
    return bits_of(s->r, s->m, &params);
}

/* Fits the setting to the size and looks at it. That it does not fit is no failure. */
static bool look(struct search *s, struct params_any params, struct error *err)
{
    struct error why;
    if (s->n == LOOKS_MOST)
        return true;
    if (!compare_fit(s->r, s->m, s->overhead, &params, &why))
        return compare_omit(s->table, s->m, &params, least_of(s, params), &why, err);
    if (known(s, &params))
        return true;
    if (hopeless(s, &params)) {
        s->table->spared++;
        return true;
    }
    return measure(s, &params, err);
}

/* Where the value of an axis stands among the bit values; the nearest one below, BIT_VALUES
 * above all of them. */
static int place_of(double value)
{
    int at = 0;
    while (at + 1 < BIT_VALUES && bit_values[at + 1] <= value)
        at++;
    return at + (value > bit_values[BIT_VALUES - 1]);
}

/* Moves the axes by so many places. false: there is no such place. */
static bool moved(const struct search *s, const struct params_any *from, const int *by,
                  struct params_any *to)
{
    int low, high;
    *to = *from;
    bit_range(s->m, from, &low, &high);
    for (size_t i = 0; i < s->n_axes; i++) {
        int at = place_of(param_get(s->axes[i], from->bytes)) + by[i];
        if (!by[i])
            continue;
        if (at < 0 || at >= BIT_VALUES || bit_values[at] < low || bit_values[at] > high)
            return false;
        param_put(s->axes[i], to->bytes, bit_values[at]);
    }
    return true;
}

/* One axis one place up or down, or the two factors against each other: about the same size. */
static bool neighbours(struct search *s, struct error *err)
{
    struct params_any from = s->looks[s->best].params, to;
    for (size_t i = 0; i < s->n_axes; i++)
        for (size_t j = 0; j < s->n_axes; j++)
            for (int way = -1; way <= 1; way += 2) {
                int by[AXES] = { 0 };
                by[j] = -way;
                by[i] = way;
                bool trade = i != j && i < 2 && j < 2; /* AXES - 1 of them are the factors' */
                if ((i == j || trade) && moved(s, &from, by, &to) && !look(s, to, err))
                    return false;
            }
    return true;
}

static bool climb(struct search *s, struct error *err)
{
    for (size_t step = 0; step < STEPS_MOST && s->any; step++) {
        size_t before = s->best;
        if (!neighbours(s, err))
            return false;
        if (s->best == before)
            break;
    }
    return true;
}

/* The diagonal of the grid: both factors alike; where the matrix itself has bits too, those with factors
 * of middling ones. */
static bool scan_bits(struct search *s, const struct params_any *from, struct error *err)
{
    bool pair = s->n_axes >= 2, whole = s->n_axes == AXES;
    int low, high;
    bit_range(s->m, from, &low, &high);
    if (!look(s, *from, err))
        return false;
    for (int at = pair && !whole ? LEAST_OF_PAIR : 0; at < BIT_VALUES && s->n_axes; at++) {
        struct params_any p = *from;
        for (size_t i = 0; i < s->n_axes; i++)
            param_put(s->axes[i], p.bytes, bit_values[whole && i + 1 < AXES ? MIDDLE : at]);
        if (bit_values[at] >= low && bit_values[at] <= high && !look(s, p, err))
            return false;
    }
    return true;
}

/* The base with some of those rows, by the bits of `which`, at their other end. */
static struct params_any start_of(const struct search *s, int which)
{
    struct params_any p = s->base;
    for (int i = 0; 1 << i < STARTS; i++) {
        const struct param *row = param_find(&s->m->params, start_keys[i]);
        if (row && which >> i & 1 && !compare_fixed(s->r, row->key))
            param_put(row, p.bytes, param_get(row, p.bytes) == row->max ? row->min : row->max);
    }
    return p;
}

/* That for each kind of scales, which decide how few bits will do; one range for all is of use where
 * nothing else is moved. */
static bool scan(struct search *s, struct error *err)
{
    const struct param *row = param_find(&s->m->params, "scales");
    for (int i = 0; i < (s->n_axes == AXES ? STARTS : 1); i++) {
        struct params_any p = start_of(s, i);
        if (!scan_bits(s, &p, err))
            return false;
    }
    if (!row || !row->choices || compare_fixed(s->r, row->key))
        return true;
    for (double value = s->n_axes ? row->min + 1 : row->min; value <= row->max; value++) {
        struct params_any p = s->base;
        param_put(row, p.bytes, value);
        if (!param_equal(&s->m->params, &p, &s->base) && !scan_bits(s, &p, err))
            return false;
    }
    return true;
}

/* Every value of a row about the best setting, with its bits; and, of a way to round, with fewer, since a
 * better one may do with them. */
static bool choose(struct search *s, const struct param *row, bool fewer, struct error *err)
{
    struct params_any from = s->looks[s->best].params;
    for (double value = row->min; value <= row->max; value++)
        for (int less = 0; less <= (fewer ? 1 : 0); less++) {
            struct params_any p = from;
            int low, high;
            param_put(row, p.bytes, value);
            bit_range(s->m, &p, &low, &high);
            for (size_t i = 0; i < s->n_axes; i++) {
                double bits = param_get(s->axes[i], p.bytes);
                int place = place_of(bits);
                if (less)
                    bits = bit_values[place > 0 ? place - 1 : 0];
                param_put(s->axes[i], p.bytes, fmin(fmax(bits, low), high));
            }
            if (!look(s, p, err))
                return false;
        }
    return true;
}

static bool choices(struct search *s, struct error *err)
{
    for (size_t i = 0; i < sizeof(choice_keys) / sizeof(choice_keys[0]) && s->any; i++) {
        const struct param *row = param_find(&s->m->params, choice_keys[i]);
        bool few = row && (row->choices || row->kind == PARAM_BOOL);
        if (few && !compare_fixed(s->r, row->key) && !choose(s, row, i < WAYS_TO_ROUND, err))
            return false;
    }
    return true;
}

static void find_axes(struct search *s)
{
    bool rank = param_find(&s->m->params, "rank");
    for (size_t i = 0; i < AXES; i++) {
        const struct param *row = param_find(&s->m->params, axis_keys[i]);
        /* without a rank, `bits` is what the size decides */
        if (row && !compare_fixed(s->r, row->key) && (rank || strcmp(row->key, "bits") != 0))
            s->axes[s->n_axes++] = row;
    }
}

/* Whether another pick has that rank: two that differ in a detail tell little. */
static bool has_rank(const struct compare_picks *picks, const struct method *m,
                     const struct params_any *params)
{
    const struct param *rank = param_find(&m->params, "rank");
    for (size_t i = 0; rank && i < picks->n; i++)
        if (param_get(rank, picks->params[i].bytes) == param_get(rank, params->bytes))
            return true;
    return false;
}

/* The best ones, all near the best. */
static void pick(struct search *s, size_t keep, struct compare_picks *out)
{
    double bound = s->any ? s->looks[s->best].numbers.error * pick_slack : 0;
    out->overhead = s->overhead;
    for (out->n = 0; out->n < keep && out->n < COMPARE_PICKS; out->n++) {
        struct look *best = NULL;
        for (size_t i = 0; i < s->n; i++)
            if (s->looks[i].ok && !has_rank(out, s->m, &s->looks[i].params) &&
                (!best || s->looks[i].numbers.error < best->numbers.error))
                best = &s->looks[i];
        if (!best || (out->n && best->numbers.error > bound))
            break;
        out->params[out->n] = best->params;
        best->ok = false;
    }
}

bool compare_search(const struct compare_request *r, const struct method *m, size_t keep,
                    double done, double share, struct compare_table *t, struct compare_picks *out,
                    struct error *err)
{
    struct search *s = memory_alloc(sizeof(*s), err);
    if (!s)
        return false;
    s->r = r;
    s->m = m;
    s->table = t;
    s->done = done;
    s->share = share;
    find_axes(s);
    bool ok = r->start(r->context, m, false, &s->base, err) && scan(s, err) && climb(s, err) &&
              choices(s, err) && climb(s, err);
    if (ok)
        pick(s, keep, out);
    memory_free(s);
    return ok;
}
