/* Which matrices of a model share an input. */
#include "family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configuration.h"
#include "memory.h"

const char *const group_kind_names[] = { "qk", "gate_up", "hand", NULL };

/* An entry that has a role in a group or tells of one. */
struct hit {
    const char *name;
    size_t entry, stem, lead; /* lead: of the stem, before its number */
    struct role role;
};

/* The hits of one layer and one expert; NULL: there is none. */
struct layer {
    const struct hit *of[MODULE_COUNT];
};

struct finder {
    const struct document *d;
    struct groups found;
    size_t room, uncut, unequal, guessed;
    const char *first_uncut, *first_unequal, *first_guessed;
};

static size_t height(const struct finder *f, const struct hit *p)
{
    const struct entry *e = &f->d->entries[p->entry];
    return p->role.transposed ? e->cols : e->rows;
}

static size_t width(const struct finder *f, const struct hit *p)
{
    const struct entry *e = &f->d->entries[p->entry];
    return p->role.transposed ? e->rows : e->cols;
}

/* By tower, layer, expert (none, the shared one, then by number), place in the file. */
static int compare_hits(const void *one, const void *other)
{
    const struct hit *a = one, *b = other;
    size_t n = a->lead < b->lead ? a->lead : b->lead;
    int tower = memcmp(a->name, b->name, n);
    int rank[2] = { a->role.expert, b->role.expert };
    for (int i = 0; i < 2; i++)
        rank[i] = rank[i] == EXPERT_NONE ? -2 : rank[i] == EXPERT_SHARED ? -1 : rank[i];
    if (tower || a->lead != b->lead)
        return tower ? tower : a->lead < b->lead ? -1 : 1;
    if (a->role.layer != b->role.layer)
        return a->role.layer < b->role.layer ? -1 : 1;
    if (rank[0] != rank[1])
        return rank[0] < rank[1] ? -1 : 1;
    return a->entry < b->entry ? -1 : 1;
}

static bool same_layer(const struct hit *a, const struct hit *b)
{
    return a->lead == b->lead && !memcmp(a->name, b->name, a->lead) &&
           a->role.layer == b->role.layer && a->role.expert == b->role.expert;
}

static size_t lead_of(const char *name, size_t stem)
{
    while (stem && name[stem - 1] >= '0' && name[stem - 1] <= '9')
        stem--;
    return stem;
}

/* A whole number among the facts: of a GGUF under its architecture's name, else of config.json;
 * whatever else a file's own metadata is called, it is neither. */
static bool count_fact(const struct document *d, const char *gguf, const char *config, size_t *out)
{
    bool named = d->format && d->format->gguf_keys;
    const char *architecture = named ? document_fact(d, "general.architecture") : NULL, *text;
    char key[160], *end;
    if (architecture)
        snprintf(key, sizeof(key), "%.60s.%s", architecture, gguf);
    else
        snprintf(key, sizeof(key), CONFIGURATION_PREFIX "%s", config);
    text = document_fact(d, key);
    if (!text || *text < '0' || *text > '9')
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end || !value || value > LIMIT_DIMENSION)
        return false;
    *out = (size_t)value;
    return true;
}

/* Rows of Q and of K in a fused tensor of n rows, as the facts say; *told: they say something. */
static bool cut_by_facts(const struct document *d, size_t n, size_t *q, size_t *k, bool *told)
{
    size_t heads, groups, length, value;
    *told = count_fact(d, "attention.head_count", "num_attention_heads", &heads) ||
            count_fact(d, "attention.head_count", "n_head", &heads);
    if (!*told)
        return false;
    if (!count_fact(d, "attention.head_count_kv", "num_key_value_heads", &groups))
        groups = heads;
    size_t parts = heads + 2 * groups;
    if (!count_fact(d, "attention.key_length", "head_dim", &length))
        length = n / parts;
    if (!count_fact(d, "attention.value_length", "v_head_dim", &value))
        value = length;
    *q = heads * length;
    *k = groups * length;
    return *q + *k + groups * value == n;
}

/* As the shapes say: the output projection takes as much as there are values for Q's heads. */
static bool cut_by_shapes(const struct finder *f, const struct layer *l, size_t *q, size_t *k)
{
    const struct hit *fused = l->of[MODULE_QKV], *o = l->of[MODULE_O];
    size_t n = height(f, fused);
    *q = o ? width(f, o) : n / 3;
    if (*q >= n || (n - *q) % 2 || (!o && (n % 3 || *q != width(f, fused))))
        return false;
    *k = (n - *q) / 2;
    return true;
}

static bool cut_attention(struct finder *f, const struct layer *l, size_t *q, size_t *k)
{
    const struct hit *fused = l->of[MODULE_QKV];
    bool told;
    if (cut_by_facts(f->d, height(f, fused), q, k, &told))
        return true;
    if (told || !cut_by_shapes(f, l, q, k))
        return false;
    if (!f->guessed++)
        f->first_guessed = fused->name;
    return true;
}

static void name_group(const struct hit *p, enum group_kind kind, char *out)
{
    char expert[24] = "";
    if (p->role.expert == EXPERT_SHARED)
        snprintf(expert, sizeof(expert), "[shared]");
    else if (p->role.expert >= 0)
        snprintf(expert, sizeof(expert), "[%d]", p->role.expert);
    size_t stem = p->stem < NAME_TEXT - 40 ? p->stem : NAME_TEXT - 40;
    snprintf(out, NAME_TEXT, "%.*s.%s%s", (int)stem, p->name, group_kind_names[kind], expert);
}

static struct member part_of(const struct hit *p, enum module module, size_t first, size_t rows)
{
    return (struct member){ p->entry, p->role.transposed, first, rows, module };
}

static bool add(struct finder *f, const struct hit *p, enum group_kind kind, struct member one,
                struct member other, struct error *err)
{
    struct groups *g = &f->found;
    if (g->n == f->room) {
        f->room = f->room ? 2 * f->room : 64;
        struct group *larger = memory_alloc(f->room * sizeof(*larger), err);
        if (!larger)
            return false;
        if (g->n)
            memcpy(larger, g->list, g->n * sizeof(*larger));
        memory_free(g->list);
        g->list = larger;
    }
    struct group *at = &g->list[g->n++];
    *at = (struct group){ .kind = kind,
                          .layer = p->role.layer,
                          .expert = p->role.expert,
                          .cols = width(f, p),
                          .members = { one, other },
                          .n = 2 };
    name_group(p, kind, at->name);
    return true;
}

static bool add_pair(struct finder *f, enum group_kind kind, const struct hit *a,
                     const struct hit *b, struct error *err)
{
    if (width(f, a) == width(f, b) && height(f, a) && height(f, b) && width(f, a))
        return add(f, a, kind, part_of(a, a->role.module, 0, height(f, a)),
                   part_of(b, b->role.module, 0, height(f, b)), err);
    if (!f->unequal++)
        f->first_unequal = a->name;
    return true;
}

static bool add_parts(struct finder *f, enum group_kind kind, const struct hit *fused, size_t one,
                      size_t other, struct error *err)
{
    static const enum module modules[][2] = {
        [GROUP_QK] = { MODULE_Q, MODULE_K }, [GROUP_GATE_UP] = { MODULE_GATE, MODULE_UP }
    };
    return !one || !other ||
           add(f, fused, kind, part_of(fused, modules[kind][0], 0, one),
               part_of(fused, modules[kind][1], one, other), err);
}

static bool add_attention(struct finder *f, const struct layer *l, struct error *err)
{
    const struct hit *fused = l->of[MODULE_QKV];
    size_t q, k;
    if (l->of[MODULE_Q] && l->of[MODULE_K])
        return add_pair(f, GROUP_QK, l->of[MODULE_Q], l->of[MODULE_K], err);
    if (!fused)
        return true;
    if (cut_attention(f, l, &q, &k))
        return add_parts(f, GROUP_QK, fused, q, k, err);
    if (!f->uncut++)
        f->first_uncut = fused->name;
    return true;
}

/* phi-3 chunks its fused tensor in two; GGUF keeps that one under the name of up, which the width of
 * the way down gives away. */
static bool add_feed_forward(struct finder *f, const struct layer *l, struct error *err)
{
    const struct hit *up = l->of[MODULE_UP], *down = l->of[MODULE_DOWN];
    const struct hit *fused = l->of[MODULE_GATE_UP];
    if (l->of[MODULE_GATE] && up)
        return add_pair(f, GROUP_GATE_UP, l->of[MODULE_GATE], up, err);
    if (!fused && !l->of[MODULE_GATE] && up && down && height(f, up) == 2 * width(f, down))
        fused = up;
    if (!fused)
        return true;
    size_t rows = height(f, fused);
    if (rows % 2 == 0)
        return add_parts(f, GROUP_GATE_UP, fused, rows / 2, rows / 2, err);
    if (!f->uncut++)
        f->first_uncut = fused->name;
    return true;
}

/* The first of a kind counts. */
static bool add_layers(struct finder *f, const struct hit *hits, size_t n, struct error *err)
{
    for (size_t i = 0; i < n;) {
        struct layer l = { { NULL } };
        size_t first = i;
        for (; i < n && same_layer(&hits[first], &hits[i]); i++)
            if (!l.of[hits[i].role.module])
                l.of[hits[i].role.module] = &hits[i];
        if (!add_attention(f, &l, err) || !add_feed_forward(f, &l, err))
            return false;
    }
    return true;
}

/* One more sentence of a notice. */
static void tell(char *out, size_t size, size_t n, const char *what, const char *first)
{
    size_t at = strlen(out);
    char name[84];
    if (!n || at >= size - 1)
        return;
    error_escape(first, name, sizeof(name));
    snprintf(out + at, size - at, "%s%zu %s (%.60s%s)", at ? "; " : "", n, what, name,
             n > 1 ? ", ..." : "");
}

static void write_notice(struct finder *f)
{
    char *out = f->found.notice;
    size_t size = sizeof(f->found.notice);
    tell(out, size, f->uncut,
         f->uncut > 1 ? "fused tensors left out: nothing tells where to cut"
                      : "fused tensor left out: nothing tells where to cut",
         f->first_uncut);
    tell(out, size, f->unequal,
         f->unequal > 1 ? "pairs of unequal widths left out" : "pair of unequal widths left out",
         f->first_unequal);
    tell(out, size, f->guessed,
         f->guessed > 1 ? "fused tensors cut by their shapes: no counts of heads"
                        : "fused tensor cut by its shape: no counts of heads",
         f->first_guessed);
}

static size_t collect(const struct document *d, struct hit *out)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) {
        const char *name = d->entries[i].name;
        struct role role = family_role(name);
        if (role.module != MODULE_OTHER && role.layer != LAYER_NONE)
            out[n++] = (struct hit){ name, i, role.stem, lead_of(name, role.stem), role };
    }
    return n;
}

bool family_groups(const struct document *d, struct groups *out, struct error *err)
{
    struct finder f = { .d = d };
    struct hit *hits = memory_alloc((d->n + 1) * sizeof(*hits), err);
    if (!hits)
        return false;
    size_t n = collect(d, hits);
    qsort(hits, n, sizeof(*hits), compare_hits);
    bool ok = add_layers(&f, hits, n, err);
    write_notice(&f);
    memory_free(hits);
    if (ok)
        *out = f.found;
    else
        groups_finish(&f.found);
    return ok;
}

void groups_finish(struct groups *g)
{
    memory_free(g->list);
    *g = (struct groups){ 0 };
}

static bool ends_so(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return m && m < n && name[n - m - 1] == '.' && !strcmp(name + n - m, end);
}

const struct group *groups_find(const struct groups *g, const char *name)
{
    const struct group *found = NULL;
    for (size_t i = 0; i < g->n; i++)
        if (!strcmp(g->list[i].name, name))
            return &g->list[i];
    for (size_t i = 0; i < g->n; i++)
        if (ends_so(g->list[i].name, name)) {
            if (found)
                return NULL;
            found = &g->list[i];
        }
    return found;
}

bool group_named(const struct document *d, const char *text, struct group *out, struct error *err)
{
    struct groups all = { 0 };
    struct error why = { 0 };
    if (!family_groups(d, &all, err))
        return false;
    const struct group *g = groups_find(&all, text);
    bool ok = g != NULL;
    if (g)
        *out = *g;
    else
        ok = group_parse(d, text, out, &why);
    if (!ok && !strpbrk(text, ",["))
        fail(err, ERROR_USAGE, "%s: no group or matrix named %.120s; it has %zu group%s%s%.120s",
             d->name, text, all.n, all.n == 1 ? "" : "s", all.n ? ", the first " : "",
             all.n ? all.list[0].name : "");
    else if (!ok)
        *err = why;
    groups_finish(&all);
    return ok;
}
