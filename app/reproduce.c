#include "reproduce.h"

#include <stdio.h>
#include <string.h>

#include "hold.h"
#include "provenance.h"
#include "view.h"

/* The name without folder and ending: "demo:photo" and "a/photo.png" are "photo". */
static void stem(const char *name, char *out, size_t size)
{
    const char *from = strrchr(name, '/');
    from = from ? from + 1 : name;
    if (!strncmp(from, "demo:", 5))
        from += 5;
    const char *dot = strrchr(from, '.');
    size_t n = dot && dot > from ? (size_t)(dot - from) : strlen(from);
    snprintf(out, size, "%.*s", (int)n, from);
}

/* Whether a whole picture is open, known before anything is computed. */
static bool is_picture(const struct model *m)
{
    return m->subject ? m->subject->picture : document_is_picture(m->document) && !m->entry[0];
}

void reproduce_name(const struct model *m, char *out, size_t size)
{
    char name[128], method[64];
    stem(m->document->name, name, sizeof(name));
    param_flag(m->method->name, method, sizeof(method));
    size_t rank = model_rank(m);
    const char *ending = is_picture(m) ? ".png" : ".npy";
    if (rank)
        snprintf(out, size, "%s-%s-k%zu%s", name, method, rank, ending);
    else
        snprintf(out, size, "%s-%s%s", name, method, ending);
}

/* The command says what is held, the size, and leaves the rank to it: the same search finds the same. */
enum { ROWS_MOST = 64 };
static struct method without_rank(const struct method *method, struct param rows[ROWS_MOST])
{
    struct method out = *method;
    size_t n = 0;
    for (size_t i = 0; i < method->params.n && n < ROWS_MOST; i++)
        if (strcmp(method->params.rows[i].key, "rank") != 0)
            rows[n++] = method->params.rows[i];
    out.params.rows = rows;
    out.params.n = n;
    return out;
}

bool reproduce_command(const struct model *m, char *out, size_t size, struct error *err)
{
    char name[MODEL_LINE], quoted[4 * MODEL_LINE], more[5 * MODEL_LINE];
    struct selection s = { 0 };
    struct params_any params = *model_params_const(m);
    if (!m->document)
        return fail(err, ERROR_USAGE, "nothing is open");
    if (worlds_away(m))
        return reproduce_world(m, out, size, err);
    if (m->view->command)
        return m->view->command(m, out, size, err);
    if (!model_needs_one(m, "", err))
        return false;
    if (!selection_of(m->document, m->entry[0] ? m->entry : NULL, m->planes, &s, err))
        return false;
    model_clamp(m, &params);
    struct param rows[ROWS_MOST];
    const struct method sized = without_rank(m->method, rows);
    char size_held[64] = "", value[32];
    if (hold_on(m)) {
        param_format(&hold_row, m, value, sizeof(value));
        snprintf(size_held, sizeof(size_held), " --bits-per-entry %s", value);
    }
    reproduce_name(m, name, sizeof(name));
    provenance_quote(name, quoted, sizeof(quoted));
    snprintf(more, sizeof(more), "%s%s%s%s -o %s", size_held, m->nonfinite ? " --nonfinite " : "",
             m->nonfinite ? nonfinite_names[m->nonfinite] : "", m->flags, quoted);
    bool fits = provenance_shell(&s, *size_held ? &sized : m->method, &params, m->dtype, more, out,
                                 size);
    selection_finish(&s);
    return fits ||
           fail(err, ERROR_LIMIT,
                "the command is longer than %zu bytes, or a name ends with a line feed", size - 1);
}

bool reproduce_compare(const struct model *m, char *out, size_t size, struct error *err)
{
    char more[2 * MODEL_LINE];
    struct selection s = { 0 };
    if (!model_needs_one(m, "", err))
        return false;
    if (!selection_of(m->document, m->entry[0] ? m->entry : NULL, m->planes, &s, err))
        return false;
    double bits = m->runs.bits > 0 ? m->runs.bits : runs_at_hand(m);
    snprintf(more, sizeof(more), " --bits-per-entry %.6g%s%s%s", bits,
             m->nonfinite ? " --nonfinite " : "", m->nonfinite ? nonfinite_names[m->nonfinite] : "",
             m->flags);
    bool fits = provenance_compare(&s, m->dtype, more, out, size);
    selection_finish(&s);
    return fits ||
           fail(err, ERROR_LIMIT,
                "the command is longer than %zu bytes, or a name ends with a line feed", size - 1);
}

bool reproduce_look(const struct model *m, char *out, size_t size, struct error *err)
{
    const struct entry *e = browse_entry(m);
    char name[PATH_TEXT + NAME_TEXT], quoted[2 * sizeof(name)] = "";
    int n = snprintf(name, sizeof(name), "%s%s%s", m->document->name,
                     e && m->document->n > 1 ? "::" : "", e && m->document->n > 1 ? e->name : "");
    if (n > 0 && (size_t)n < sizeof(name))
        provenance_quote(name, quoted, sizeof(quoted));
    bool flag = name[0] == '-'; /* it would be taken for one */
    n = snprintf(out, size, "eigenscope %s%s %s", e ? "spectrum" : "list", flag ? " --" : "",
                 quoted);
    return (quoted[0] && n > 0 && (size_t)n < size) ||
           fail(err, ERROR_LIMIT,
                "the command is longer than %zu bytes, or a name ends with a line feed", size - 1);
}

bool reproduce_groups(const struct model *m, char *out, size_t size, struct error *err)
{
    const struct grouped *g = grouping_chosen(m);
    char names[2 * MODEL_LINE] = "", file[2 * PATH_TEXT], group[4 * MODEL_LINE], more[64] = "";
    if (!g || !g->rank)
        return fail(err, ERROR_USAGE, g ? "the group is left dense" : "there is no group");
    if (g->group.kind == GROUP_HAND)
        grouping_text(m, g, names, sizeof(names));
    else
        snprintf(names, sizeof(names), "%s", g->group.name);
    if (m->grouping.balance != BALANCE_NONE)
        snprintf(more, sizeof(more), " --balance %s", balance_names[m->grouping.balance]);
    bool fits = strlen(names) + 1 < sizeof(names) && strlen(m->document->name) < PATH_TEXT;
    if (fits) {
        provenance_quote(m->document->name, file, sizeof(file));
        provenance_quote(names, group, sizeof(group));
        int n = snprintf(out, size, "eigenscope run joint-rank%s --group %s --rank %zu%s%s %s",
                         m->flags, group, g->rank, more, file[0] == '-' ? " --" : "", file);
        fits = n > 0 && (size_t)n < size && file[0] && group[0];
    }
    return fits ||
           fail(err, ERROR_LIMIT,
                "the command is longer than %zu bytes, or a name ends with a line feed", size - 1);
}

static bool release_text(const struct model *m, char *out, size_t size, struct error *err)
{
    const struct release_wish *q = &m->worlds.wish;
    char name[PATH_TEXT + NAME_TEXT], file[2 * sizeof(name)], dataset[2 * NAME_TEXT],
        to[2 * PATH_TEXT], budget[64] = "";
    if (q->views > 1)
        return fail(err, ERROR_USAGE, "a gradual release is made in the workbench alone");
    snprintf(name, sizeof(name), "%s%s%s", m->document->name, m->entry[0] ? "::" : "", m->entry);
    provenance_quote(name, file, sizeof(file));
    provenance_quote(q->dataset, dataset, sizeof(dataset));
    provenance_quote(q->file, to, sizeof(to));
    if (q->budget_epsilon > 0)
        snprintf(budget, sizeof(budget), " --budget %.6g,%.6g", q->budget_epsilon, q->budget_delta);
    int n = snprintf(
        out, size,
        "eigenscope private --rank %d --epsilon %.6g --delta %.6g --clip %.6g --relation %s "
        "--mechanism %s%s%s%s%s%s%s %s",
        q->rank, q->epsilon, q->delta, q->clip, relation_names[q->relation],
        mechanism_names[q->mechanism], q->dataset[0] ? " --dataset " : "",
        q->dataset[0] ? dataset : "", budget, q->file[0] ? " -o " : "", q->file[0] ? to : "",
        file[0] == '-' ? " --" : "", file);
    return (n > 0 && (size_t)n < size && file[0]) ||
           fail(err, ERROR_LIMIT, "the command is longer than %zu bytes", size - 1);
}

static bool look_text(const struct model *m, char *out, size_t size, struct error *err)
{
    const struct released *r = m->worlds.released;
    const struct worlds_look *l = &m->worlds.look;
    char file[2 * PATH_TEXT];
    if (!r || !r->file[0])
        return fail(err, ERROR_USAGE, "what was released is in no file");
    provenance_quote(r->file, file, sizeof(file));
    int n = snprintf(out, size,
                     "eigenscope frame --view privacy -x 'explore rank=%d shrink=%s clamp=%s'%s %s",
                     l->rank, l->shrink ? "on" : "off", l->clamp ? "on" : "off",
                     file[0] == '-' ? " --" : "", file);
    return (n > 0 && (size_t)n < size) ||
           fail(err, ERROR_LIMIT, "the command is longer than %zu bytes", size - 1);
}

bool reproduce_world(const struct model *m, char *out, size_t size, struct error *err)
{
    return m->worlds.world == WORLD_RELEASE ? release_text(m, out, size, err)
                                            : look_text(m, out, size, err);
}

/* The rows that are not as at the start. */
static void print_setting(const struct model *m, char *out, size_t size)
{
    struct theatre_setting usual;
    size_t n = 0;
    out[0] = 0;
    param_defaults(&theatre_rows, false, &usual);
    for (size_t i = 0; i < theatre_rows.n && n < size; i++) {
        const struct param *p = &theatre_rows.rows[i];
        const struct param_table one = { p, 1, theatre_rows.size };
        char key[64], value[64];
        param_flag(p->key, key, sizeof(key));
        param_format(p, &m->theatre.set, value, sizeof(value));
        if (!param_equal(&one, &m->theatre.set, &usual))
            n += (size_t)snprintf(out + n, size - n, " %s=%s", key, value);
    }
}

bool reproduce_privacy(const struct model *m, char *out, size_t size, struct error *err)
{
    char name[PATH_TEXT + NAME_TEXT], quoted[2 * sizeof(name)] = "", setting[512], commands[640],
                                                 quoted_commands[1400];
    print_setting(m, setting, sizeof(setting));
    snprintf(commands, sizeof(commands), "privacy%s; show theatre.page=%s theatre.fields=%s",
             setting, theatre_page_names[m->theatre.page], theatre_fields_names[m->theatre.fields]);
    provenance_quote(commands, quoted_commands, sizeof(quoted_commands));
    int n = snprintf(name, sizeof(name), "%s%s%s", m->document->name, m->entry[0] ? "::" : "",
                     m->entry);
    if (n > 0 && (size_t)n < sizeof(name))
        provenance_quote(name, quoted, sizeof(quoted));
    n = snprintf(out, size, "eigenscope frame --size %dx%d -x %s%s%s %s", m->width, m->height,
                 quoted_commands, m->flags, name[0] == '-' ? " --" : "", quoted);
    return (quoted[0] && n > 0 && (size_t)n < size) ||
           fail(err, ERROR_LIMIT,
                "the command is longer than %zu bytes, or a name ends with a line feed", size - 1);
}
