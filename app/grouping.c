#include "grouping.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "model.h"
#include "view.h"

const char *const group_page_names[] = { "parameters", "spectrum", "energy", "overlap",
                                         "null",       "angles",   "maps",   NULL };
const char *const group_focus_names[] = { "list", "plot", "numbers", NULL };

enum { MAP_WIDE = 48, MAP_HIGH = 96 };
enum {
    SMALL_WIDTH = 60,
    SMALL_HEIGHT = 14,
    TWO_PLOTS = 34, /* rows from which one plot stands below the other */
    TWO_COLUMNS = 150,
    NUMBERS = 9
};

static void finish(struct grouped *g)
{
    joint_profile_finish(&g->profile);
    memory_free(g->null);
    *g = (struct grouped){ 0 };
}

void grouping_forget(struct model *m)
{
    struct grouping *g = &m->grouping;
    for (size_t i = 0; i < g->n; i++)
        finish(&g->of[i]);
    memory_free(g->of);
    group_found_destroy(g->extra);
    const struct grouping old = *g;
    *g = (struct grouping){ .rule = old.rule,
                            .value = old.value,
                            .whole = old.whole,
                            .balance = old.balance,
                            .page = old.page,
                            .focus = old.focus,
                            .draws = old.draws,
                            .set = old.set };
}

struct grouped *grouping_chosen(const struct model *m)
{
    const struct grouping *g = &m->grouping;
    return g->at < g->n ? &g->of[g->at] : NULL;
}

/* Room for one more at `at`. NULL: no memory. */
static struct grouped *insert(struct grouping *g, size_t at, struct error *err)
{
    if (g->n == g->room) {
        size_t room = g->room ? 2 * g->room : 64;
        struct grouped *of = memory_alloc(room * sizeof(*of), err);
        if (!of)
            return NULL;
        if (g->n)
            memcpy(of, g->of, g->n * sizeof(*of));
        memory_free(g->of);
        g->of = of;
        g->room = room;
    }
    memmove(&g->of[at + 1], &g->of[at], (g->n - at) * sizeof(*g->of));
    g->n++;
    g->of[at] = (struct grouped){ .id = ++g->ids, .rounding = (double)NAN, .counted = true };
    return &g->of[at];
}

static void fill(const struct document *d, const struct group *group, struct grouped *out)
{
    out->group = *group;
    out->shape.n = group->cols;
    out->shape.p = group->n;
    for (size_t i = 0; i < group->n; i++) {
        const struct member *member = &group->members[i];
        const struct entry *e = &d->entries[member->entry];
        size_t all = member->transposed ? e->cols : e->rows;
        out->shape.rows[i] = member->rows;
        out->bytes += all ? e->size / all * member->rows : 0;
    }
}

static uint64_t parameters(const struct document *d)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += (uint64_t)d->entries[i].rows * d->entries[i].cols;
    for (size_t i = 0; i < d->n_others; i++) {
        uint64_t one = 1;
        for (size_t k = 0; k < d->others[i].dims; k++)
            one *= d->others[i].shape[k];
        sum += one;
    }
    return sum;
}

void grouping_begin(struct model *m)
{
    struct grouping *g = &m->grouping;
    struct groups found = { 0 };
    struct error err = { 0 };
    if (g->begun || !m->document)
        return;
    g->begun = true;
    g->model = parameters(m->document);
    if (!family_groups(m->document, &found, &err)) {
        model_say(m, true, "%s", err.text);
        return;
    }
    snprintf(g->notice, sizeof(g->notice), "%s", found.notice);
    for (size_t i = 0; i < found.n; i++) {
        struct grouped *new = insert(g, g->n, &err);
        if (!new) {
            model_say(m, true, "%s", err.text);
            break;
        }
        fill(m->document, &found.list[i], new);
    }
    groups_finish(&found);
    grouping_plan(m);
}

/* ---- by hand ---- */

static bool share_rows(const struct group *a, const struct group *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++) {
            const struct member *x = &a->members[i], *y = &b->members[j];
            if (x->entry == y->entry && x->first < y->first + y->rows &&
                y->first < x->first + x->rows)
                return true;
        }
    return false;
}

/* No parameter is counted twice: a group by hand stands back behind those of the architecture. */
static void recount(struct grouping *g)
{
    for (size_t i = 0; i < g->n; i++) {
        struct grouped *x = &g->of[i];
        x->counted = true;
        for (size_t j = 0; j < g->n && x->counted && x->group.kind == GROUP_HAND; j++) {
            const struct grouped *y = &g->of[j];
            bool first = y->group.kind != GROUP_HAND || j < i;
            x->counted = !(first && j != i && share_rows(&x->group, &y->group));
        }
    }
}

bool grouping_add(struct model *m, const char *text, struct error *err)
{
    struct grouping *g = &m->grouping;
    struct group group;
    if (!m->document)
        return fail(err, ERROR_USAGE, "nothing is open");
    grouping_begin(m);
    if (!group_parse(m->document, text, &group, err))
        return false;
    size_t at = g->n ? g->at + 1 : 0;
    struct grouped *new = insert(g, at, err);
    if (!new)
        return false;
    fill(m->document, &group, new);
    new->asked = new->rank = joint_rank_kept(&new->shape, 0.8);
    g->at = at;
    g->stopped = false;
    recount(g);
    grouping_plan(m);
    model_say(m, false, "%zu matrices of width %zu%s", group.n, group.cols,
              g->of[at].counted ? "" : "; others have some of its rows, so that it is not counted");
    return true;
}

void grouping_drop(struct model *m)
{
    struct grouping *g = &m->grouping;
    struct grouped *gone = grouping_chosen(m);
    if (!gone)
        return;
    model_say(m, false, "%.160s: no longer a group; its matrices stay as they are",
              gone->group.name);
    finish(gone);
    memmove(gone, gone + 1, (g->n - g->at - 1) * sizeof(*gone));
    g->n--;
    if (g->at >= g->n && g->at > 0)
        g->at--;
    recount(g);
    grouping_plan(m);
}

/* ---- the worker ---- */

static bool needs_profile(const struct grouped *g)
{
    return !g->profile.r && !g->why[0];
}

size_t grouping_known(const struct grouping *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        n += !needs_profile(&g->of[i]);
    return n;
}

static struct grouped *by_id(struct grouping *g, uint64_t id)
{
    for (size_t i = 0; id && i < g->n; i++)
        if (g->of[i].id == id)
            return &g->of[i];
    return NULL;
}

struct group_layout group_layout(bool full, int w, int h)
{
    struct group_layout l = { .columns = 1, .rows = 1 };
    if (full || w < SMALL_WIDTH || h < SMALL_HEIGHT)
        return l;
    l.numbers_high = NUMBERS;
    l.list_wide = w < 100 ? w * 49 / 100 : w < TWO_COLUMNS ? w * 46 / 100 : w * 34 / 100;
    l.columns = w >= TWO_COLUMNS ? 2 : 1;
    l.rows = h - NUMBERS >= TWO_PLOTS ? 2 : 1;
    return l;
}

/* Whether a plot of that page is on the screen. */
static bool shown(const struct model *m, enum group_page page)
{
    const struct grouping *g = &m->grouping;
    struct rect area = view_area(m->width, m->height);
    struct group_layout l = group_layout(m->full, area.w, area.h);
    bool any = l.list_wide || g->focus == GROUP_FOCUS_PLOT;
    return any && ((int)page - g->page + GROUP_PAGES) % GROUP_PAGES < l.columns * l.rows;
}

/* Angles or maps of the chosen group at its rank, where they are shown. */
static unsigned extra(const struct model *m, const struct grouped *x)
{
    const struct group_found *f = m->grouping.extra;
    unsigned what = (shown(m, GROUP_PAGE_ANGLES) && x->shape.p > 1 ? GROUP_ANGLES : 0) |
                    (shown(m, GROUP_PAGE_MAPS) ? GROUP_MAPS : 0);
    bool there = f && f->wish.id == x->id && f->wish.rank == x->rank &&
                 (f->wish.what & what) == what;
    return x->rank == 0 || there || !x->profile.r ? 0 : what;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void wish(struct grouping *g, const struct grouped *x, unsigned what)
{
    size_t draws = g->draws ? g->draws : JOINT_NULL_DRAWS;
    g->out = (struct group_wish){ .id = x->id,
                                  .what = what,
                                  .group = x->group,
                                  .balance = g->balance,
                                  .rank = x->rank,
                                  .draws = draws,
                                  .wide = (int)least(MAP_WIDE, x->shape.n),
                                  .high = (int)least(MAP_HIGH, joint_height(&x->shape)) };
}

/* The next group, from the chosen one on, that still lacks what `lacks` asks for. */
static struct grouped *next(struct grouping *g, bool (*lacks)(const struct grouped *x))
{
    for (size_t i = 0; i < g->n; i++) {
        struct grouped *x = &g->of[(g->at + i) % g->n];
        if (lacks(x))
            return x;
    }
    return NULL;
}

static bool lacks_test(const struct grouped *x)
{
    return !x->null && x->shape.p > 1 && !x->why[0];
}

/* What the screen waits for; 0: nothing. */
static unsigned urgent(const struct model *m, const struct grouped *chosen)
{
    return needs_profile(chosen) ? GROUP_PROFILE : extra(m, chosen);
}

static bool later(struct grouping *g)
{
    struct grouped *tested = by_id(g, g->test), *x;
    if (tested && !tested->why[0])
        wish(g, tested, GROUP_NULL);
    else if ((x = next(g, needs_profile)))
        wish(g, x, GROUP_PROFILE);
    else if (g->test_all && (x = next(g, lacks_test)))
        wish(g, x, GROUP_NULL);
    else
        return false;
    return true;
}

/* What is out for another group gives way to the chosen one. */
bool grouping_want(struct model *m)
{
    struct grouping *g = &m->grouping;
    bool mine = m->busy && m->out == REQUEST_GROUP;
    if (!m->document || !m->view->groups)
        return false;
    grouping_begin(m);
    grouping_follow(m);
    const struct grouped *chosen = grouping_chosen(m);
    if (g->stopped || !chosen || (m->busy && !mine && m->out != REQUEST_SCAN))
        return false;
    unsigned what = urgent(m, chosen);
    if (mine && (!what || (g->out.id == chosen->id && (g->out.what & what) == what)))
        return false;
    if (what)
        wish(g, chosen, what);
    return what || later(g);
}

void grouping_request(struct model *m, struct request *out)
{
    out->group = m->grouping.out;
}

static void take_profile(struct model *m, struct grouped *x, struct group_found *f)
{
    joint_profile_finish(&x->profile);
    x->profile = f->profile;
    x->rounding = f->rounding;
    f->profile = (struct joint_profile){ 0 };
    if (m->grouping.rule_waits)
        grouping_plan(m);
}

static void take_null(struct model *m, struct grouped *x, struct group_found *f)
{
    memory_free(x->null);
    x->null = f->null;
    x->n_null = f->n_null;
    f->null = NULL;
    m->grouping.test = m->grouping.test == x->id ? 0 : m->grouping.test;
}

void grouping_accept(struct model *m, struct outcome *o)
{
    struct grouping *g = &m->grouping;
    struct group_found *f = o->group;
    struct grouped *x = f ? by_id(g, f->wish.id) : NULL;
    if (!x || f->wish.balance != g->balance) /* it is gone, or asked for otherwise by now */
        return;
    if (f->wish.what & GROUP_PROFILE)
        take_profile(m, x, f);
    if (f->wish.what & GROUP_NULL)
        take_null(m, x, f);
    if (f->wish.what & (GROUP_ANGLES | GROUP_MAPS)) {
        group_found_destroy(g->extra);
        g->extra = f;
        o->group = NULL;
    }
}

/* Of one group that cannot be read the others know nothing. */
void grouping_failed(struct model *m, const struct error *why)
{
    struct grouping *g = &m->grouping;
    struct grouped *x = by_id(g, g->out.id);
    bool ends = !x || why->code == ERROR_MEMORY || why->code == ERROR_LIMIT;
    if (ends)
        g->stopped = true;
    else
        snprintf(x->why, sizeof(x->why), "%.150s", why->text);
    g->test = 0;
    g->test_all &= !ends;
}

void grouping_stop(struct model *m)
{
    m->grouping.stopped = true;
    m->grouping.test = 0;
    m->grouping.test_all = false;
}

void grouping_go_on(struct model *m)
{
    struct grouping *g = &m->grouping;
    if (g->stopped)
        model_say(m, false, "going on");
    else
        model_say(m, false,
                  next(g, needs_profile) ? "groups are being looked at - C-c stops"
                                         : "all groups are known");
    g->stopped = false;
}

/* What was found belongs to another scaling. */
void grouping_balance(struct model *m, enum balance balance)
{
    struct grouping *g = &m->grouping;
    for (size_t i = 0; i < g->n && g->balance != (int)balance; i++) {
        struct grouped *x = &g->of[i];
        joint_profile_finish(&x->profile);
        memory_free(x->null);
        x->profile = (struct joint_profile){ 0 };
        x->null = NULL;
        x->why[0] = 0;
    }
    group_found_destroy(g->extra);
    g->extra = NULL;
    g->balance = g->set.balance = (int)balance;
    g->stopped = false;
}

void grouping_follow(struct model *m)
{
    struct grouping *g = &m->grouping;
    const struct grouping_set was = g->set;
    if (was.balance != g->balance) {
        int now = g->balance;
        g->balance = was.balance;
        grouping_balance(m, (enum balance)now);
    }
    if (was.rule != g->rule || was.value != g->value || was.whole != g->whole)
        grouping_plan(m);
}

void grouping_test(struct model *m, bool all)
{
    struct grouping *g = &m->grouping;
    const struct grouped *x = grouping_chosen(m);
    size_t draws = g->draws ? g->draws : JOINT_NULL_DRAWS;
    if (!x)
        return;
    g->stopped = false;
    if (all) {
        g->test_all = true;
        model_say(m, false, "every group against %zu random rotations - C-c stops", draws);
    } else if (x->shape.p < 2) {
        model_say(m, true, "one matrix has nothing to share");
    } else {
        g->test = x->id;
        model_say(m, false, "%.150s against %zu random rotations - C-c stops", x->group.name,
                  draws);
    }
}
