/* Goals as text and as verdicts; the search for the setting is goal_solve.c. */

#include "goal.h"

#include "expression.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double value_error(const struct goal_numbers *n)
{
    return n->error;
}

static double value_psnr(const struct goal_numbers *n)
{
    return n->psnr;
}

static double value_ssim(const struct goal_numbers *n)
{
    return n->ssim;
}

static double value_size(const struct goal_numbers *n)
{
    return (double)n->bytes;
}

static double value_bits(const struct goal_numbers *n)
{
    return (double)n->bits / (double)n->entries;
}

static double value_energy(const struct goal_numbers *n)
{
    return 1 - n->error * n->error;
}

/* clang-format off */
static const struct {
    const char *name, *word, *unit, *example;
    bool at_most, size, picture;
    double scale, least, most; /* of the printed number; of the bound, both excluded */
    double (*value)(const struct goal_numbers *n);
} kinds[GOAL_KINDS] = {
    [GOAL_ERROR] = { "err", "error", " %", "err<5%", true, false, false, 100, 0, HUGE_VAL, value_error },
    [GOAL_PSNR] = { "psnr", "PSNR", " dB", "psnr>30", false, false, true, 1, -HUGE_VAL, HUGE_VAL, value_psnr },
    [GOAL_SSIM] = { "ssim", "SSIM", "", "ssim>0.9", false, false, true, 1, -1, 1, value_ssim },
    [GOAL_SIZE] = { "size", "size", " bytes", "size<60K", true, true, false, 1, 0, HUGE_VAL, value_size },
    [GOAL_BITS] = { "bits", "size", " bits an entry", "bits<1.5", true, true, false, 1, 0, HUGE_VAL, value_bits },
    [GOAL_ENERGY] = { "energy", "energy", " %", "energy>95%", false, false, false, 100, 0, 1, value_energy },
};
/* clang-format on */

/* The kind at the beginning of the text, and where its comparison stands; GOAL_KINDS: none. */
static enum goal_kind kind_of(const char *text, const char **comparison)
{
    text += strspn(text, " ");
    for (int i = 0; i < GOAL_KINDS; i++) {
        size_t n = strlen(kinds[i].name);
        *comparison = text + n + (strncmp(text, kinds[i].name, n) ? 0 : strspn(text + n, " "));
        if (!strncmp(text, kinds[i].name, n) && (**comparison == '<' || **comparison == '>'))
            return (enum goal_kind)i;
    }
    return GOAL_KINDS;
}

bool goal_looks(const char *text)
{
    const char *comparison;
    return kind_of(text, &comparison) != GOAL_KINDS;
}

static bool keep_text(struct goal *g, const char *text, struct error *err)
{
    size_t n = 0;
    for (; *text; text++) {
        if (*text == ' ')
            continue;
        if (n + 1 == sizeof(g->text))
            return fail(err, ERROR_USAGE, "a goal has at most %zu characters", sizeof(g->text) - 1);
        g->text[n++] = *text;
    }
    g->text[n] = 0;
    return true;
}

bool goal_parse(const char *text, struct goal *out, struct error *err)
{
    struct goal g = { 0 };
    const char *at;
    g.kind = kind_of(text, &at);
    if (g.kind == GOAL_KINDS)
        return fail(err, ERROR_USAGE,
                    "'%.80s' is no goal; goals are err<5%%, psnr>30, ssim>0.9, size<60K, bits<1.5, "
                    "energy>95%%",
                    text);
    if ((*at == '<') != kinds[g.kind].at_most)
        return fail(err, ERROR_USAGE, "'%.80s': that bounds it from the wrong side, unlike %s",
                    text, kinds[g.kind].example);
    g.strict = at[1] != '=';
    if (!keep_text(&g, text, err) || !expression(text, (size_t)(at + 1 + !g.strict - text), NULL,
                                                 NULL, true, &g.bound, NULL, err))
        return false;
    if (g.bound <= kinds[g.kind].least || g.bound >= kinds[g.kind].most)
        return fail(err, ERROR_USAGE, "'%.80s': nothing lies there; %s would be a goal", text,
                    kinds[g.kind].example);
    *out = g;
    return true;
}

bool goal_is_size(const struct goal *g)
{
    return kinds[g->kind].size;
}

bool goal_needs_picture(const struct goal *g)
{
    return kinds[g->kind].picture;
}

double goal_value(const struct goal *g, const struct goal_numbers *n)
{
    return kinds[g->kind].value(n);
}

bool goal_met(const struct goal *g, const struct goal_numbers *n)
{
    double value = goal_value(g, n);
    if (value == g->bound)
        return !g->strict;
    return kinds[g->kind].at_most ? value < g->bound : value > g->bound;
}

static void number_words(const struct goal *g, const struct goal_numbers *n, char *out, size_t size)
{
    double value = goal_value(g, n) * kinds[g->kind].scale;
    if (g->kind == GOAL_SIZE)
        snprintf(out, size, "%llu%s", (unsigned long long)n->bytes, kinds[g->kind].unit);
    else
        snprintf(out, size, "%.4g%s", value, kinds[g->kind].unit);
}

void goal_words(const struct goal *g, const struct goal_numbers *n, char *out, size_t size)
{
    char number[64];
    number_words(g, n, number, sizeof(number));
    snprintf(out, size, "%s %s", kinds[g->kind].word, number);
}

const struct param *goal_axis(const struct method *m)
{
    const struct param *rank = param_find(&m->params, "rank");
    return rank ? rank : param_find(&m->params, "bits");
}

/* What of it stands beside the axis: with `bits` they were searched, too. */
static void setting_words(const struct method *m, const struct param *axis,
                          const struct goal_trial *t, char *out, size_t size)
{
    const struct param *left = param_find(&m->params, "left_bits");
    const struct param *right = param_find(&m->params, "right_bits");
    char name[64];
    param_flag(axis->key, name, sizeof(name));
    int n = snprintf(out, size, "%s %.0f", name, t->at);
    if (left && right && left != axis && right != axis && n > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, " with %.0f and %.0f bits",
                 param_get(left, t->params.bytes), param_get(right, t->params.bytes));
}

void goal_tell(const struct goal *g, const struct method *m, const struct param *axis,
               const struct goal_answer *a, char *out, size_t size)
{
    char setting[128], words[96], error[64] = "", beside[160] = "", number[64];
    setting_words(m, axis, &a->best, setting, sizeof(setting));
    goal_words(g, &a->best.numbers, words, sizeof(words));
    if (g->kind != GOAL_ERROR)
        snprintf(error, sizeof(error), ", error %.4g %%", 100 * a->best.numbers.error);
    if (!a->met) {
        snprintf(out, size,
                 "%s cannot be met by %s here: of %zu settings tried %s comes nearest, %s", g->text,
                 m->name, a->tried, setting, words);
        return;
    }
    if (a->beside.tried) {
        number_words(g, &a->beside.numbers, number, sizeof(number));
        snprintf(beside, sizeof(beside), "; %.0f has %s", a->beside.at, number);
    }
    double bits = (double)a->best.numbers.bits / (double)a->best.numbers.entries;
    if (g->kind != GOAL_BITS)
        snprintf(error + strlen(error), sizeof(error) - strlen(error), ", %.4g bits an entry",
                 bits);
    snprintf(out, size, "%s: %s, %s%s%s%s", g->text, setting, words, error, beside,
             a->monotone ? "" : "; not monotone, so that a cheaper one may exist");
}
