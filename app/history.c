#include "history.h"

#include <stdio.h>
#include <string.h>

#include "model.h"
#include "view.h"

static const double moment = 1; /* seconds between two steps of one entry, at most */

static size_t index_of(const struct method *method)
{
    size_t i = 0;
    while (methods[i] != method)
        i++;
    return i;
}

/* The only row in which they differ; NULL: none, or several. */
static const struct param *only_row(const struct param_table *t, const struct params_any *a,
                                    const struct params_any *b)
{
    const struct param *found = NULL;
    for (size_t i = 0; i < t->n; i++) {
        const struct param_table one = { &t->rows[i], 1, t->size };
        if (param_equal(&one, a, b))
            continue;
        if (found)
            return NULL;
        found = &t->rows[i];
    }
    return found;
}

void history_forget(struct model *m)
{
    struct history *h = &m->history;
    h->n = h->at = 0;
    h->method = m->method;
    h->budget = m->budget;
    for (size_t i = 0; methods[i]; i++)
        h->params[i] = m->params[i];
}

static void push(struct history *h, const struct change *c)
{
    h->n = h->at; /* what was undone is gone */
    if (h->n == HISTORY_MOST) {
        memmove(h->changes, h->changes + 1, (HISTORY_MOST - 1) * sizeof(h->changes[0]));
        h->changes[0].with_former = false;
        h->n--;
    }
    h->changes[h->n++] = *c;
    h->at = h->n;
}

/* A slider that goes on moving makes no new entry; one that comes back leaves none. */
static bool runs_on(struct history *h, const struct change *c)
{
    struct change *last = h->at == h->n && h->n > 0 ? &h->changes[h->n - 1] : NULL;
    if (!last || !c->row || last->row != c->row || last->touched != c->touched ||
        last->from != last->to || c->from != c->to || c->when - last->when > moment)
        return false;
    last->after = c->after;
    last->budget_after = c->budget_after;
    last->when = c->when;
    if (!last->with_former && last->budget_before == last->budget_after &&
        param_equal(&c->touched->params, &last->before, &last->after))
        h->at = --h->n;
    return true;
}

/* Of rows that move together, the one in hand. */
static const struct param *moved_row(const struct model *m, const struct param_table *t,
                                     const struct params_any *a, const struct params_any *b)
{
    const struct param *only = only_row(t, a, b), *held = model_field(m);
    if (only || m->budget == 0 || !held || t != &m->method->params || held < t->rows ||
        held >= t->rows + t->n)
        return only;
    const struct param_table one = { held, 1, t->size };
    return param_equal(&one, a, b) ? NULL : held;
}

void history_note(struct model *m, bool steps)
{
    struct history *h = &m->history;
    const struct method *from = h->method;
    double budget = h->budget;
    bool former = false;
    h->method = m->method;
    h->budget = m->budget;
    for (size_t i = 0; methods[i]; i++) {
        if (param_equal(&methods[i]->params, &h->params[i], &m->params[i]))
            continue;
        const struct change c = { .from = from,
                                  .to = m->method,
                                  .touched = methods[i],
                                  .row = moved_row(m, &methods[i]->params, &h->params[i],
                                                   &m->params[i]),
                                  .before = h->params[i],
                                  .after = m->params[i],
                                  .budget_before = budget,
                                  .budget_after = m->budget,
                                  .when = m->now,
                                  .with_former = former };
        h->params[i] = m->params[i];
        if (!steps || former || !runs_on(h, &c))
            push(h, &c);
        former = true;
        from = m->method;
        budget = m->budget;
    }
    if (from != m->method || budget != m->budget)
        push(h, &(struct change){ .from = from,
                                  .to = m->method,
                                  .budget_before = budget,
                                  .budget_after = m->budget,
                                  .when = m->now });
}

static void put(struct model *m, const struct change *c, bool back)
{
    const struct method *method = back ? c->from : c->to;
    m->budget = back ? c->budget_before : c->budget_after;
    if (c->touched)
        m->params[index_of(c->touched)] = back ? c->before : c->after;
    model_set_method(m, method);
    if (c->row && c->touched == method)
        m->field = (size_t)(c->row - method->params.rows); /* where one looks for it */
}

static void tell(struct model *m, const char *what, const struct change *c, size_t left)
{
    char value[64];
    if (c->row && c->touched == m->method) {
        param_format(c->row, model_params(m), value, sizeof(value));
        model_say(m, false, "%s: %s %s, %zu more", what, c->row->title, value, left);
    } else {
        model_say(m, false, "%s: %s, %zu more", what, m->method->title, left);
    }
}

static void keep_seen(struct model *m)
{
    struct history *h = &m->history;
    h->method = m->method;
    h->budget = m->budget;
    for (size_t i = 0; methods[i]; i++)
        h->params[i] = m->params[i];
}

/* The privacy view shows nothing of a method: it would change unseen. */
static bool unseen(struct model *m, const char *what)
{
    if (m->view->theatre)
        model_say(m, false, "%s is of the method's form; this one has none, and :w keeps it", what);
    return m->view->theatre;
}

void history_undo(struct model *m)
{
    struct history *h = &m->history;
    if (unseen(m, "undo"))
        return;
    history_note(m, false);
    if (h->at == 0) {
        model_say(m, false, "nothing to undo");
        return;
    }
    do
        put(m, &h->changes[--h->at], true);
    while (h->changes[h->at].with_former);
    keep_seen(m);
    tell(m, "undone", &h->changes[h->at], h->at);
}

void history_redo(struct model *m)
{
    struct history *h = &m->history;
    if (unseen(m, "redo"))
        return;
    history_note(m, false);
    if (h->at == h->n) {
        model_say(m, false, "nothing to redo");
        return;
    }
    do
        put(m, &h->changes[h->at++], false);
    while (h->at < h->n && h->changes[h->at].with_former);
    keep_seen(m);
    tell(m, "redone", &h->changes[h->at - 1], h->n - h->at);
}

static struct mark *mark_of(struct model *m, char letter)
{
    return letter >= 'a' && letter <= 'z' ? &m->marks[letter - 'a'] : NULL;
}

bool history_mark_put(struct model *m, char letter)
{
    struct mark *mark = mark_of(m, letter);
    if (mark)
        *mark = (struct mark){ m->method, *model_params(m) };
    return mark != NULL;
}

bool history_mark_recall(struct model *m, char letter)
{
    const struct mark *mark = mark_of(m, letter);
    if (!mark || !mark->method)
        return false;
    m->params[index_of(mark->method)] = mark->params;
    model_set_method(m, mark->method);
    return true;
}

static void mark_key(struct model *m, const char *key)
{
    if (key[1] || !history_mark_put(m, key[0]))
        model_say(m, true, "a mark is a letter from a to z, not '%s'", key);
    else if (m->view->theatre)
        model_say(m, false, "mark %s: %s alone, the method; :w keeps this form", key,
                  m->method->title);
    else
        model_say(m, false, "mark %s: %s; '%s calls it back", key, m->method->title, key);
}

static void recall_key(struct model *m, const char *key)
{
    if (key[1] || !mark_of(m, key[0]))
        model_say(m, true, "a mark is a letter from a to z, not '%s'", key);
    else if (!history_mark_recall(m, key[0]))
        model_say(m, true, "nothing is marked %s; m%s marks", key, key);
    else
        model_say(m, false, "mark %s: %s", key, m->method->title);
}

void history_mark(struct model *m)
{
    m->await = mark_key;
    m->awaited = "m: a letter a to z keeps these parameters   Esc cancel";
}

void history_recall(struct model *m)
{
    m->await = recall_key;
    m->awaited = "': the letter of a mark calls it back   Esc cancel";
}
