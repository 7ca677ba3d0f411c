#include "audit.h"

#include "memory.h"
#include "rows.h"

#include <math.h>
#include <string.h>

const char *const audit_canary_names[] = { "off-diagonal", "diagonal", NULL };
const char *const audit_verdict_names[] = { "kept", "broken", "more noise than needed" };

static const double confidence_risk = .025; /* on either side */
static const double sure = 5;               /* standard errors */

/* The row in which a and b differ. Replaced: (e1 + e2) / sqrt 2 by (e1 - e2) / sqrt 2, e1 by e2: orthogonal,
 * so that the Gram matrices are sqrt 2 apart. Removed: e1, or a row across two columns. */
static void last_rows(enum audit_canary canary, double row[2][AUDIT_SIDE])
{
    const double half = sqrt(.5);
    bool diagonal = canary == AUDIT_DIAGONAL;
    row[0][0] = diagonal ? 1 : half;
    row[0][1] = diagonal ? 0 : half;
    row[1][0] = diagonal ? 0 : half;
    row[1][1] = diagonal ? 1 : -half;
}

/* Under all that, e1 and e2 many times: a double spike, so that rank 2 is what the neighbours differ in. */
static void fill(struct audit_case *c)
{
    double rows[AUDIT_ROWS][AUDIT_SIDE] = { 0 }, last[2][AUDIT_SIDE] = { 0 };
    const struct row_rule rule = { .clip = c->terms.clip, .bits = c->terms.bits };
    last_rows(c->canary, last);
    for (size_t i = 0; i < AUDIT_ROWS - 1; i++)
        rows[i][i % 2] = 1;
    for (int b = 0; b < 2; b++) {
        bool less = b && c->terms.relation == RELATION_ADD_REMOVE;
        c->n[b] = AUDIT_ROWS - less;
        memcpy(rows[AUDIT_ROWS - 1], last[b], sizeof(last[b]));
        struct matrix_view v = { rows, c->n[b], AUDIT_SIDE, AUDIT_SIDE, 1, DTYPE_F64 };
        rows_quantise(v, &rule, c->rows[b]);
        for (size_t i = 0; !less && i < AUDIT_SIDE; i++)
            for (size_t j = 0; j < AUDIT_SIDE; j++)
                c->direction[i][j] += (b ? -1 : 1) * last[b][i] * last[b][j];
    }
}

/* <D, noise> has the variance sum_i D_ii^2 t^2 + sum_{i<j} 4 D_ij^2 s^2, t on the diagonal and s off it;
 * the means are ||D||^2 apart. */
static double separation(const struct audit_case *c)
{
    const struct release_terms *t = &c->terms;
    double mu = gdp_mu(t->epsilon, t->delta), square = 0, variance = 0;
    double s = gdp_deviation(t->mechanism, t->relation, t->clip, mu);
    double diagonal = s * gdp_diagonal(t->mechanism);
    for (size_t i = 0; i < AUDIT_SIDE; i++)
        for (size_t j = 0; j < AUDIT_SIDE; j++) {
            double d = c->direction[i][j] * c->direction[i][j];
            square += d;
            variance += d * (i == j ? diagonal * diagonal : 2 * s * s);
        }
    return square / sqrt(variance);
}

bool audit_case(enum audit_canary canary, const struct release_terms *t, struct audit_case *out,
                struct error *err)
{
    *out = (struct audit_case){ .canary = canary, .terms = *t };
    out->terms.clip = 1;
    out->terms.rank = AUDIT_RANK;
    out->terms.centre = NULL;
    if (!out->terms.bits)
        out->terms.bits = RELEASE_BITS;
    if (!release_price(&out->terms, &out->price, err))
        return false;
    fill(out);
    out->expected = separation(out);
    return true;
}

bool audit_samples_init(struct audit_samples *s, size_t n, struct error *err)
{
    *s = (struct audit_samples){ .n = n };
    double *all = memory_alloc(4 * n * sizeof(double), err);
    if (!all)
        return false;
    for (size_t i = 0; i < 2; i++) {
        s->noisy[i] = all + i * n;
        s->output[i] = all + (2 + i) * n;
    }
    return true;
}

void audit_samples_finish(struct audit_samples *s)
{
    memory_free(s->noisy[0]);
    *s = (struct audit_samples){ 0 };
}

static double read(const struct audit_case *c, struct matrix_view m)
{
    double sum = 0;
    for (size_t i = 0; i < AUDIT_SIDE; i++)
        for (size_t j = 0; j < AUDIT_SIDE; j++)
            sum += c->direction[i][j] * matrix_at(m, i, j);
    return sum;
}

bool audit_draw(const struct audit_case *c, struct audit_samples *s, size_t first, size_t n,
                const atomic_bool *cancel, struct error *err)
{
    struct chacha from;
    struct release_draw w = { 0 };
    bool ok = chacha_start(&from, err) &&
              release_draw_init(&w, c->terms.mechanism, AUDIT_SIDE, err);
    for (size_t i = first; ok && i < first + n; i++) {
        if (cancel && atomic_load_explicit(cancel, memory_order_relaxed))
            ok = fail(err, ERROR_CANCELLED, "interrupted");
        for (int b = 0; ok && b < 2; b++) {
            ok = release_try(c->rows[b], c->n[b], AUDIT_SIDE, &c->terms, &c->price, &from, &w, err);
            s->noisy[b][i] = ok ? read(c, w.noisy.view) : 0;
            s->output[b][i] = ok ? read(c, w.y.view) : 0;
        }
    }
    release_draw_finish(&w);
    chacha_finish(&from);
    return ok;
}

/* One half chooses an event, the other is counted. */
static struct excess attack(const struct release_terms *t, double *const x[2], size_t n,
                            double *epsilon, double *surely)
{
    const double risk = .5 * erfc(sure / sqrt(2));
    size_t half = n / 2, rest = n - half;
    struct event e = audit_choose(x[0], x[1], half, t->epsilon, t->delta, false);
    struct excess excess = audit_excess(audit_count(e, x[0] + half, x[1] + half, rest), t->epsilon);
    e = audit_choose(x[0], x[1], half, t->epsilon, t->delta, true);
    struct event_counts counts = audit_count(e, x[0] + half, x[1] + half, rest);
    *epsilon = audit_epsilon(counts, t->delta, confidence_risk);
    *surely = audit_epsilon(counts, t->delta, risk);
    return excess;
}

struct audit_finding audit_judge(const struct audit_case *c, struct audit_samples *s)
{
    struct audit_finding f = { .apart = audit_separation(s->noisy[0], s->noisy[1], s->n) };
    const struct release_terms *t = &c->terms;
    double surely[2];
    f.noisy = attack(t, s->noisy, s->n, &f.epsilon[0], &surely[0]);
    f.output = attack(t, s->output, s->n, &f.epsilon[1], &surely[1]);
    double off = (f.apart.mu - c->expected) / f.apart.error;
    bool broken = off > sure || f.noisy.delta - sure * f.noisy.error > t->delta ||
                  f.output.delta - sure * f.output.error > t->delta || surely[0] > t->epsilon ||
                  surely[1] > t->epsilon;
    f.blind = 1 - 1 / (1 + sure * f.apart.error / c->expected); /* mu goes as 1 / noise */
    f.verdict = broken ? AUDIT_BROKEN : off < -sure ? AUDIT_EXCESS : AUDIT_KEPT;
    return f;
}
