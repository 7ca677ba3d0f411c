#include "check.h"
#include "param.h"
#include "registry.h"

#include <string.h>

/* Every row of every method: texts, ranges, and print -> parse -> print. */

static size_t cells(const char *text)
{
    size_t n = 0; /* code points; the shorthands have no wide characters */
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static bool sentence(const char *text)
{
    size_t n = text ? strlen(text) : 0;
    return n > 1 && text[n - 1] == '.';
}

static bool texts_complete(const struct param *p)
{
    return p->key && p->title && *p->title && p->shorthand && *p->shorthand && p->unit &&
           p->source && sentence(p->help);
}

static bool range_sound(const struct param *p)
{
    double names = 0;
    while (p->choices && p->choices[(int)names])
        names++;
    return p->min <= p->def && p->def <= p->max && p->min <= p->paper && p->paper <= p->max &&
           (!p->choices || (p->min == 0 && p->max == names - 1)) &&
           (p->kind != PARAM_BOOL || (p->min == 0 && p->max == 1)) &&
           (!p->logarithmic || p->min > 0);
}

/* What is printed is read back to the same value, and prints the same. */
static bool identity(const struct param *p, struct params_any *params)
{
    char once[64], twice[64];
    struct params_any other = { 0 };
    struct error err;
    param_format(p, params->bytes, once, sizeof(once));
    bool ok = param_set(p, other.bytes, once, &err);
    param_format(p, other.bytes, twice, sizeof(twice));
    if (!ok || strcmp(once, twice) != 0)
        printf("# %s: '%s' came back as '%s'\n", p->key, once, ok ? twice : err.text);
    return ok && !strcmp(once, twice) && param_get(p, params->bytes) == param_get(p, other.bytes);
}

static bool identities(const struct param_table *t, const struct param *p)
{
    struct params_any params;
    bool ok = true;
    const double shares[] = { 0, 1, 0.1, 0.37, 0.5, 0.93 };
    for (int paper = 0; paper < 2; paper++) {
        param_defaults(t, paper, params.bytes);
        ok = identity(p, &params) && ok;
    }
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        param_put(p, params.bytes, p->min + shares[i] * (p->max - p->min));
        ok = identity(p, &params) && ok;
    }
    return ok;
}

/* Out of range, not a number, no such name: refused, and the field stays. */
static bool refuses(const struct param_table *t, const struct param *p)
{
    static const char *const bad[] = { "", "x", "1e400", "nan", "-7", "1.5e9", "3 4" };
    struct params_any params, before;
    struct error err = { 0 };
    bool ok = true;
    param_defaults(t, false, params.bytes);
    before = params;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (p->min <= -7 && !strcmp(bad[i], "-7"))
            continue;
        bool taken = param_set(p, params.bytes, bad[i], &err);
        if (taken)
            printf("# --%s takes '%s'\n", p->key, bad[i]);
        ok = ok && !taken && err.code == ERROR_USAGE && param_equal(t, &params, &before);
    }
    return ok;
}

/* The ends of a number's range are taken, the next whole numbers are not. */
static bool ends_hold(const struct param *p)
{
    const double values[] = { p->min, p->max, p->min - 1, p->max + 1 };
    struct params_any params = { 0 };
    struct error err;
    bool ok = true;
    for (int i = 0; i < 4 && !p->choices && p->kind != PARAM_BOOL && p->kind != PARAM_SEED; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%.17g", values[i]);
        ok = ok && param_set(p, params.bytes, text, &err) == (i < 2);
    }
    return ok;
}

static bool keys_distinct(const struct param_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (param_find(t, t->rows[i].key) != &t->rows[i])
            return false;
    return true;
}

/* What --paper must set, from the sources: CALDERA's released code alternates ten rounds from a root of
 * Sigma each; LoftQ's NF4 goes by blocks with the largest magnitude, T = 5; LQER's blocks have one
 * exponent; CALDERA's lattice is scaled by one deviation, T_out = 20, T_in = 50; none of those that alternate
 * stops early. SRR takes any quantizer: no range of a whole matrix, which ours is not made for. */
static const struct {
    const char *method, *key, *value;
} described[] = {
    { "mixed-lplr", "split", "both" },  { "mixed-lplr", "rounds", "10" },
    { "mixed-lplr", "persist", "on" },  { "loftq", "scales", "block" },
    { "loftq", "clip", "none" },        { "loftq", "quantizer", "normal-float" },
    { "loftq", "rounds", "5" },         { "loftq", "persist", "on" },
    { "lqer", "scales", "block" },      { "lqer", "symmetric", "on" },
    { "lqer", "quantizer", "uniform" }, { "lqer", "clip", "none" },
    { "caldera", "scales", "tensor" },  { "caldera", "clip", "auto" },
    { "caldera", "rounds", "20" },      { "caldera", "inner_rounds", "50" },
    { "caldera", "persist", "on" },     { "caldera", "order", "q-first" },
    { "caldera", "quantizer", "e8p" },  { "srr", "scales", "vector" },
    { "srr", "clip", "auto" },          { "srr", "joint", "off" },
    { "lplr", "scales", "tensor" },     { "lplr", "rounds", "1" },
    { "lplr-svd", "split", "left" },    { "lplr-svd", "rounds", "1" },
    { "direct-svd", "split", "left" },
};

static void sources(void)
{
    int wrong = 0, ours = 0;
    for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); i++) {
        const struct method *m = method_find(described[i].method);
        const struct param *p = param_find(&m->params, described[i].key);
        struct params_any params = { 0 };
        char value[64] = "";
        param_defaults(&m->params, true, params.bytes);
        if (p)
            param_format(p, params.bytes, value, sizeof(value));
        if (strcmp(value, described[i].value) != 0) {
            printf("# %s --paper: %s is %s\n", m->name, described[i].key, value);
            wrong++;
        }
    }
    CHECK(wrong == 0);
    for (size_t i = 0; methods[i]; i++) {
        struct params_any usual = { 0 }, paper = { 0 };
        param_defaults(&methods[i]->params, false, usual.bytes);
        param_defaults(&methods[i]->params, true, paper.bytes);
        if (!(methods[i]->flags & METHOD_OURS))
            continue;
        ours++;
        wrong += !param_equal(&methods[i]->params, &usual, &paper);
    }
    CHECK(wrong == 0 && ours == 1); /* --paper makes nothing up */
}

int main(void)
{
    sources();
    for (size_t i = 0; methods[i]; i++) {
        const struct param_table *t = &methods[i]->params;
        bool texts = true, ranges = true, narrow = true, same = true, refused = true;
        for (size_t j = 0; j < t->n; j++) {
            const struct param *p = &t->rows[j];
            texts = texts && texts_complete(p);
            ranges = ranges && range_sound(p);
            narrow = narrow && cells(p->shorthand) <= 9;
            same = identities(t, p) && same;
            refused = refuses(t, p) && ends_hold(p) && refused;
        }
        printf("# %s: %zu rows\n", methods[i]->name, t->n);
        CHECK(methods[i]->title && sentence(methods[i]->summary) && methods[i]->source);
        CHECK(method_find(methods[i]->name) == methods[i]);
        CHECK(t->n > 0 && t->size <= PARAMS_MAX && keys_distinct(t));
        CHECK(texts);
        CHECK(ranges);
        CHECK(narrow);
        CHECK(same);
        CHECK(refused);
    }
    return check_done();
}
