#include "actions.h"

#include <stdio.h>
#include <string.h>

#include "hold.h"
#include "line.h"
#include "overlay.h"
#include "player.h"
#include "setting.h"

static void next_field(struct model *m)
{
    size_t n = m->method->params.n;
    if (m->field == n) /* the budget stands first */
        m->field = 0;
    else if (m->field + 1 < n)
        m->field++;
}

static void previous_field(struct model *m)
{
    size_t n = m->method->params.n;
    if (m->field == 0 && model_row(m, n))
        m->field = n;
    else if (m->field > 0 && m->field < n)
        m->field--;
}

static void step(struct model *m, const struct param *p, int direction, bool coarse)
{
    if (p)
        setting_step(m, p, direction, coarse);
}

static void increase(struct model *m)
{
    step(m, model_field(m), 1, false);
}

static void decrease(struct model *m)
{
    step(m, model_field(m), -1, false);
}

static void increase_coarse(struct model *m)
{
    step(m, model_field(m), 1, true);
}

static void decrease_coarse(struct model *m)
{
    step(m, model_field(m), -1, true);
}

/* The rank, or, where there is none, the method's first row. */
static const struct param *main_parameter(const struct model *m)
{
    const struct param *rank = param_find(&m->method->params, "rank");
    return rank || !m->method->params.n ? rank : &m->method->params.rows[0];
}

static void more(struct model *m)
{
    step(m, main_parameter(m), 1, false);
}

static void fewer(struct model *m)
{
    step(m, main_parameter(m), -1, false);
}

static void minimum(struct model *m)
{
    const struct param *p = model_field(m);
    if (p)
        setting_put(m, p, p->min);
}

static void maximum(struct model *m)
{
    const struct param *p = model_field(m);
    if (p)
        setting_put(m, p, model_limit(m, p));
}

static void elbow(struct model *m)
{
    struct error err;
    if (!setting_elbow(m, &err))
        model_say(m, true, "%s", err.text);
}

static void full(struct model *m)
{
    const struct param *rank = param_find(&m->method->params, "rank");
    if (rank)
        setting_put(m, rank, model_limit(m, rank));
    else
        model_say(m, true, "%s has no rank", m->method->name);
}

static void next_pane(struct model *m)
{
    m->focus = (m->focus + 1) % PANE_COUNT;
}

static void previous_pane(struct model *m)
{
    m->focus = (m->focus + PANE_COUNT - 1) % PANE_COUNT;
}

static void next_method(struct model *m)
{
    size_t i = 0;
    while (methods[i] != m->method)
        i++;
    model_set_method(m, methods[i + 1 < model_methods() ? i + 1 : 0]);
}

static void reseed(struct model *m)
{
    const struct param *seed = param_find(&m->method->params, "seed");
    if (seed)
        setting_step(m, seed, 1, false);
    else
        model_say(m, false, "%s draws no random numbers", m->method->name);
}

static void cancel(struct model *m)
{
    if (m->busy && m->out == REQUEST_RELEASE) { /* it is answered for in any case */
        m->cancel = true;
        model_say(m, false, "stopping - what has been paid for is finished, else nothing is spent");
    } else if (m->busy) {
        m->busy = m->quit_asked = m->goal_wanted = false;
        m->cancel = true;
        opening_drop(m);
        runs_stop(m);
        scanning_stop(m);
        if (m->out == REQUEST_ANATOMY)
            inspect_stop(m);
        if (m->out == REQUEST_GROUP)
            grouping_stop(m);
        if (m->out == REQUEST_BESIDE)
            beside_stop(m);
        if (m->out == REQUEST_THEATRE)
            theatre_stop(m);
        if (m->out == REQUEST_COMPARE)
            model_say(m, false, "stopped at %.0f %%, the rows stay", m->progress * 100);
        else if (m->out == REQUEST_ANATOMY)
            model_say(m, false, "stopped at %.0f %%", m->progress * 100);
        else if (m->out == REQUEST_GROUP)
            model_say(m, false, "stopped, what is known of the groups stays - Space there goes on");
        else if (m->out == REQUEST_THEATRE)
            model_say(m, false, "stopped, what was drawn stays - Space goes on");
        else if (m->out == REQUEST_BESIDE)
            model_say(m, false, "stopped, what was compared stays - C goes on");
        else if (m->out == REQUEST_SCAN)
            model_say(m, false, "the scan stopped, what is known stays - s goes on");
        else
            model_say(m, false, "cancelled at %.0f %%, showing %s", m->progress * 100,
                      m->shown ? "the last picture" : "nothing yet");
    } else if (m->quit_asked) {
        m->quit = true;
    } else {
        m->quit_asked = true;
        model_say(m, false, "nothing is running - C-c once more quits");
    }
}

static void mouse(struct model *m)
{
    m->mouse_free = !m->mouse_free;
    model_say(m, false, "%s",
              m->mouse_free ? "the terminal has the mouse, to select text - M takes it back"
                            : "the mouse is the workbench's again");
}

static void statistics(struct model *m)
{
    m->statistics = !m->statistics;
}

static void redraw(struct model *m)
{
    m->redraw = true;
}

static void suspend(struct model *m)
{
    m->suspend = true;
}

/* A file that is being written would be lost without a word. */
static void quit(struct model *m)
{
    bool writing = m->export.path[0] || (m->busy && m->out == REQUEST_EXPORT);
    bool releasing = m->worlds.wanted || m->worlds.out;
    m->quit = (!writing && !releasing) || m->quit_asked;
    m->quit_asked = writing || releasing;
    if (releasing)
        model_say(m, true, "a release is being made - q once more leaves it, spent or not");
    else if (writing)
        model_say(m, true, "a file is being written - q once more leaves without it");
}

/* clang-format off */
const struct action common_actions[] = {
    { "decrease", "h Left", "Values", "one step down", "value", decrease },
    { "increase", "l Right", "Values", "one step up", "value", increase },
    { "decrease-coarse", "H PgDn", "Values", "a large step down: half, or ten steps", NULL, decrease_coarse },
    { "increase-coarse", "L PgUp", "Values", "a large step up: double, or ten steps", NULL, increase_coarse },
    { "next-field", "j Down", "Values", "next parameter", NULL, next_field },
    { "previous-field", "k Up", "Values", "previous parameter", NULL, previous_field },
    { "type", "= Enter", "Values", "type a value (24, *2, m/8, elbow) or goal (err<5%)", "type", overlay_type },
    { "minimum", "^", "Values", "smallest value", NULL, minimum },
    { "maximum", "$", "Values", "largest value", NULL, maximum },
    { "more", "+", "Rank", "rank one up, from any parameter", NULL, more },
    { "fewer", "-", "Rank", "rank one down, from any parameter", NULL, fewer },
    { "elbow", "g", "Rank", "rank at the elbow of the spectrum", "elbow", elbow },
    { "full", "G", "Rank", "full rank", NULL, full },
    { "hold", "s", "Rank", "hold the size, and back: bits move the rank, the rank moves bits", NULL, hold_toggle },
    { "methods", "p", "Method", "choose a method", "method", overlay_methods },
    { "next-method", "P", "Method", "next method", NULL, next_method },
    { "reseed", "r", "Method", "next seed: other random numbers", NULL, reseed },
    { "undo", "u", "Memory", "the parameters and the method as before the last change", NULL, history_undo },
    { "redo", "C-r", "Memory", "what was undone, again", NULL, history_redo },
    { "mark", "m", "Memory", "then a letter: keep parameters and method under it", NULL, history_mark },
    { "recall", "'", "Memory", "then a letter: call them back", NULL, history_recall },
    { "next-pane", "Tab", "Screen", "next pane", NULL, next_pane },
    { "previous-pane", "S-Tab", "Screen", "previous pane", NULL, previous_pane },
    { "mouse", "M", "Screen", "leave the mouse to the terminal, to select text, and back", NULL, mouse },
    { "stats", "S", "Screen", "what the last frame cost: computing, drawing, bytes", NULL, statistics },
    { "redraw", "C-l", "Screen", "draw everything anew", NULL, redraw },
    { "export", "e", "Program", "write the picture, the matrix or the packed factors", "export", overlay_export },
    { "command", ":", "Program", "type commands; Tab completes, Up recalls", "command", line_open },
    { "palette", "C-p", "Program", "find anything that can be done by a few letters", NULL, line_palette },
    { "copy-command", "y", "Program", "the shell's command that writes the same file, to the clipboard", NULL, overlay_copy },
    { "show-command", "!", "Program", "show that command", NULL, overlay_shell },
    { "help", "? F1", "Program", "every key; type to filter, Enter runs", "help", overlay_help },
    { "close", "Esc", "Program", "close what lies on top", NULL, overlay_close },
    { "cancel", "C-c", "Program", "stop what is running; twice with nothing running: quit", NULL, cancel },
    { "suspend", "C-z", "Program", "back to the shell; fg returns", NULL, suspend },
    { "quit", "q", "Program", "quit", "quit", quit },
    { 0 },
};
/* clang-format on */

static bool has_key(const char *keys, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = keys; (at = strstr(at, key)); at += n)
        if ((at == keys || at[-1] == ' ') && (at[n] == 0 || at[n] == ' '))
            return true;
    return false;
}

bool action_at_hand(const struct model *m, const struct action *a)
{
    static const char *const hidden[] = { "Values", "Rank", "Method", "Memory" };
    bool ok = a->when != worlds_in_sandbox;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        ok &= strcmp(a->group, hidden[i]) != 0;
    return ok || !worlds_away(m);
}

const struct action *action_for_key(const struct model *m, const char *key)
{
    const struct action *const tables[] = { m->view->actions, common_actions };
    for (int pass = 0; pass < 2; pass++) /* first what holds only now */
        for (size_t t = 0; *key && t < 2; t++)
            for (const struct action *a = tables[t]; a && a->name; a++)
                if ((a->when ? pass == 0 && a->when(m) : pass == 1) && has_key(a->keys, key) &&
                    action_at_hand(m, a))
                    return a;
    return NULL;
}

enum { VIEW_FIRST = 256 }; /* of the common table there are fewer */

static size_t rows_of(const struct action *table)
{
    size_t n = 0;
    while (table && table[n].name)
        n++;
    return n;
}

int action_number(const struct model *m, const struct action *a)
{
    const struct action *const tables[] = { common_actions, m->view->actions };
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < rows_of(tables[t]); i++)
            if (&tables[t][i] == a)
                return t * VIEW_FIRST + (int)i;
    return -1;
}

const struct action *action_numbered(const struct model *m, int number)
{
    const struct action *table = number < VIEW_FIRST ? common_actions : m->view->actions;
    int row = number < VIEW_FIRST ? number : number - VIEW_FIRST;
    return row >= 0 && (size_t)row < rows_of(table) ? &table[row] : NULL;
}

bool action_prefix(const char *key)
{
    return !strcmp(key, "z");
}

const struct action *action_find(const struct model *m, const char *name)
{
    const struct action *const tables[] = { m->view->actions, common_actions };
    for (size_t t = 0; t < 2; t++)
        for (const struct action *a = tables[t]; a && a->name; a++)
            if (!strcmp(a->name, name))
                return a;
    return NULL;
}

/* 1 to 9 are the views, as their tabs say. */
static bool view_key(struct model *m, const char *key)
{
    if (key[0] < '1' || key[0] > '9' || key[1])
        return false;
    const struct view *v = view_of_digit(key[0] - '0');
    if (v)
        view_show(m, v);
    return v != NULL;
}

/* Waits for the second key, and says which there are. */
static void begin_pair(struct model *m, const char *key)
{
    const struct action *const tables[] = { m->view->actions, common_actions };
    char line[MODEL_LINE] = "";
    size_t n = 0;
    for (size_t t = 0; t < 2; t++)
        for (const struct action *a = tables[t]; a && a->name; a++)
            if (!strncmp(a->keys, key, strlen(key)) && n < sizeof(line))
                n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s %s", n ? "   " : "",
                                      a->keys, a->name);
    snprintf(m->prefix, sizeof(m->prefix), "%s", key);
    model_say(m, false, "%s", line);
}

/* The key, or with the first of a pair before it, both. */
static void whole_key(const struct model *m, const char *key, char out[2 * sizeof(m->prefix)])
{
    snprintf(out, 2 * sizeof(m->prefix), "%s%s", m->prefix, key);
}

/* A key that means no action: the first of a pair, or a view's. */
static void press_other(struct model *m, const char *key)
{
    char pair[2 * sizeof(m->prefix)];
    whole_key(m, key, pair);
    bool second = m->prefix[0];
    m->prefix[0] = 0;
    if (second && !strcmp(key, "Esc"))
        return;
    if (!second && action_prefix(key))
        begin_pair(m, key);
    else if (second || !view_key(m, key))
        model_say(m, false, "no key '%s' here - ? for help", pair);
}

/* What was said before is answered by any key; while something runs, C-c leaves it. */
static void begin(struct model *m, bool interrupt)
{
    if (!interrupt || !m->busy)
        m->message[0] = 0;
    m->message_is_error = false;
}

void action_run(struct model *m, const struct action *a)
{
    bool interrupt = !strcmp(a->name, "cancel");
    if (!interrupt && strcmp(a->name, "quit") != 0)
        m->quit_asked = false;
    m->sweeping = false; /* whatever is done stops it */
    begin(m, interrupt);
    history_note(m, false); /* what changed by itself since the last key */
    action_do(m, a);
    history_note(m, true);
}

/* The key after a prefix. */
static void take_awaited(struct model *m, const char *key)
{
    void (*take)(struct model * m, const char *key) = m->await;
    m->await = NULL;
    if (strcmp(key, "Esc") != 0)
        take(m, key);
}

/* A key that is not an action's, or is pressed over something. */
static void press_over(struct model *m, const char *key, uint32_t text)
{
    if (m->overlay != OVERLAY_NONE || strcmp(key, "q") != 0)
        m->quit_asked = false;
    begin(m, false);
    history_note(m, false);
    if (m->await)
        take_awaited(m, key);
    else if (m->overlay != OVERLAY_NONE)
        overlay_press(m, key, text);
    else
        press_other(m, key);
    history_note(m, false);
}

void action_press(struct model *m, const char *key, uint32_t text)
{
    char pair[2 * sizeof(m->prefix)];
    bool everywhere = !strcmp(key, "C-c") || !strcmp(key, "C-l") || !strcmp(key, "C-z");
    if (everywhere) {
        m->await = NULL;
        m->prefix[0] = 0;
    }
    whole_key(m, key, pair);
    bool plain = everywhere || (m->overlay == OVERLAY_NONE && !m->await);
    bool starting = plain && !everywhere && !m->document && !opening_waits(m);
    const struct action *a = plain ? action_for_key(m, pair) : NULL;
    bool stops = m->sweeping && (!strcmp(key, "Space") || !strcmp(key, "Esc"));
    if (m->recorder && m->overlay == OVERLAY_MENU && !everywhere) {
        const struct action *chosen = overlay_menu_choice(m, key);
        recorder_key(m->recorder, m, "", chosen ? chosen->name : NULL);
    } else if (m->recorder) {
        recorder_key(m->recorder, m, key, a && !starting && !stops ? a->name : NULL);
    }
    m->sweeping = false;
    if (stops)
        return;
    if (starting && overlay_start(m, key))
        return;
    if (!a) {
        press_over(m, key, text);
        return;
    }
    m->prefix[0] = 0;
    action_run(m, a);
}
