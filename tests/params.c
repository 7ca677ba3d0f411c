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

int main(void)
{
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
