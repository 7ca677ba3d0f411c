#include "catalogue.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool listed(const struct deed *deeds, size_t n, const struct action *a)
{
    for (size_t i = 0; i < n; i++)
        if (deeds[i].action == a)
            return true;
    return false;
}

static bool has_key(const char *keys, const char *key, size_t n)
{
    for (; *keys; keys += strspn(keys, " ")) {
        size_t length = strcspn(keys, " ");
        if (length == n && !strncmp(keys, key, n))
            return true;
        keys += length;
    }
    return false;
}

/* The keys of a common action, unless the first of them means something else in this view. */
static const char *keys_of(const struct model *m, const struct action *a, bool common)
{
    size_t n = strcspn(a->keys, " ");
    for (const struct action *v = m->view->actions; common && n && v && v->name; v++)
        if (!v->when && has_key(v->keys, a->keys, n))
            return "";
    return a->keys;
}

/* Where most keys are the view's own, it comes first. */
static void tables_of(const struct model *m, const struct action *tables[2])
{
    tables[m->view->own] = common_actions;
    tables[!m->view->own] = m->view->actions;
}

/* All actions of one heading, from the common table and the view's own. */
static size_t add_group(const struct model *m, const char *group, struct deed *out, size_t n)
{
    const struct action *tables[2];
    tables_of(m, tables);
    for (size_t t = 0; t < 2; t++)
        for (const struct action *a = tables[t]; a && a->name && n < CATALOGUE_MOST; a++)
            if (!strcmp(a->group, group) && !listed(out, n, a) && action_at_hand(m, a))
                out[n++] = (struct deed){ a->group, keys_of(m, a, tables[t] == common_actions),
                                          a->name,  "",
                                          a->help,  a,
                                          NULL };
    return n;
}

size_t catalogue_list(const struct model *m, struct deed out[CATALOGUE_MOST])
{
    const struct action *tables[2];
    tables_of(m, tables);
    size_t n = 0;
    for (size_t t = 0; t < 2; t++)
        for (const struct action *a = tables[t]; a && a->name; a++)
            if (!listed(out, n, a))
                n = add_group(m, a->group, out, n);
    for (const struct command *c = commands; c->name && n < CATALOGUE_MOST; c++)
        out[n++] = (struct deed){
            "Commands, after :", "", c->name, c->arguments, c->help, NULL, c
        };
    return n;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Whether the n bytes of `word` stand somewhere in the text, large or small. */
static bool has(const char *text, const char *word, size_t n)
{
    for (; *text; text++) {
        size_t i = 0;
        while (i < n && same_letter(text[i], word[i]))
            i++;
        if (i == n)
            return true;
    }
    return n == 0;
}

static bool has_words(const struct deed *d, const char *filter)
{
    for (filter += strspn(filter, " "); *filter; filter += strspn(filter, " ")) {
        size_t n = strcspn(filter, " ");
        if (!has(d->name, filter, n) && !has(d->help, filter, n) && !has(d->group, filter, n) &&
            !has(d->arguments, filter, n))
            return false;
        filter += n;
    }
    return true;
}

size_t catalogue_filtered(const struct model *m, const char *filter,
                          struct deed out[CATALOGUE_MOST])
{
    size_t all = catalogue_list(m, out), n = 0;
    for (size_t i = 0; i < all; i++)
        if (has_words(&out[i], filter))
            out[n++] = out[i];
    return n;
}

const struct menu_row catalogue_menus[MENU_PLACES] = {
    [MENU_PICTURE] = { "the picture", { "Compare", "Picture", "Crosshair" } },
    [MENU_PLOT] = { "a plot", { "Plots", "Rank", "Crosshair" } },
    [MENU_FORM] = { "a slider", { "Values", "Rank", "Method", "Memory" } },
    [MENU_REST] = { "the rest", { "Screen", "Program" } },
};

static bool fits_place(const char *group, enum menu_place place)
{
    const struct menu_row *r = &catalogue_menus[place];
    for (size_t i = 0; i < MENU_GROUPS && r->groups[i]; i++)
        if (!strcmp(group, r->groups[i]))
            return true;
    return false;
}

size_t catalogue_menu(const struct model *m, enum menu_place place, struct deed out[CATALOGUE_MOST])
{
    size_t all = catalogue_list(m, out), n = 0;
    for (size_t i = 0; i < all; i++) {
        const struct action *a = out[i].action;
        if (a && fits_place(a->group, place) && (!a->when || a->when(m)))
            out[n++] = out[i];
    }
    return n;
}

/* How well the letters fit the name: more for a beginning of a word, and for letters
 * side by side; -1: they are not there in this order. */
static int fit(const char *name, const char *letters)
{
    int score = 0;
    const char *at = name, *last = NULL;
    for (; *letters; letters++) {
        if (*letters == ' ')
            continue;
        while (*at && !same_letter(*at, *letters))
            at++;
        if (!*at)
            return -1;
        bool begins = at == name || at[-1] == '-';
        score += 1 + 4 * begins + 3 * (last && at == last + 1);
        last = at++;
    }
    return 8 * score - (int)strlen(name); /* of two that fit as well, the shorter one */
}

size_t catalogue_ranked(const struct model *m, const char *letters, struct deed out[CATALOGUE_MOST])
{
    int scores[CATALOGUE_MOST];
    size_t all = catalogue_list(m, out), n = 0;
    for (size_t i = 0; i < all; i++) {
        struct deed d = out[i];
        int score = fit(d.name, letters);
        if (!*letters)
            score = 0;
        else if (score < 0 && has_words(&d, letters))
            score = -1000;
        else if (score < 0)
            continue;
        size_t at = n++;
        for (; at > 0 && scores[at - 1] < score; at--) {
            out[at] = out[at - 1];
            scores[at] = scores[at - 1];
        }
        out[at] = d;
        scores[at] = score;
    }
    return n;
}
