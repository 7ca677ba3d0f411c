#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "aim.h"
#include "browse_commands.h"
#include "export.h"
#include "grammar.h"
#include "hold.h"
#include "memory.h"
#include "player.h"
#include "session.h"
#include "setting.h"
#include "showing.h"
#include "typing.h"
#include "worlds_keys.h"

/* Says which byte of the arguments is at fault. */
static bool at_fault(struct model *m, const char *arguments, const char *byte)
{
    m->fault = (size_t)(byte - arguments);
    return false;
}

/* By its key, or as papers call it: k, B of L (or of all there is), B' of R. */
static const struct param *find_row(const struct param_table *rows, const char *key)
{
    static const char *const names[][2] = { { "k", "rank" },
                                            { "B", "left_bits" },
                                            { "B", "bits" },
                                            { "B'", "right_bits" },
                                            { "normalise", "normalize" } };
    const struct param *found = param_find(rows, key);
    for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(key, names[i][0]))
            found = param_find(rows, names[i][1]);
    return found;
}

/* Puts every KEY=VALUE of the arguments, from `from` on, into params by these rows, or
 * into the current method's by setting_set, which knows more words than a row. */
static bool put_all(struct model *m, const struct param_table *rows, void *params,
                    const char *arguments, const char *from, struct error *err)
{
    char key[64], value[MODEL_LINE];
    for (from += strspn(from, " "); *from; from += strspn(from, " ")) {
        size_t length = strcspn(from, " "), n = strcspn(from, "= ");
        if (n == 0 || n >= sizeof(key) || from[n] != '=' || length - n > sizeof(value)) {
            fail(err, ERROR_USAGE, "'%.*s' is not KEY=VALUE", (int)length, from);
            return at_fault(m, arguments, from);
        }
        snprintf(key, sizeof(key), "%.*s", (int)n, from);
        snprintf(value, sizeof(value), "%.*s", (int)(length - n - 1), from + n + 1);
        const struct param *p = find_row(rows, key);
        if (!p) {
            fail(err, ERROR_USAGE, "there is no '%s' to set here", key);
            return at_fault(m, arguments, from);
        }
        if (params ? !param_set(p, params, value, err) : !setting_set(m, p, value, err))
            return at_fault(m, arguments, from + n + 1);
        from += length;
    }
    return true;
}

static bool set(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "set: one or more KEY=VALUE come after it");
    return put_all(m, &m->method->params, NULL, arguments, arguments, err);
}

/* Alone it shows the view. */
static bool privacy(struct model *m, const char *arguments, struct error *err)
{
    struct theatre_setting next = m->theatre.set;
    if (!put_all(m, &theatre_rows, &next, arguments, arguments, err))
        return false;
    m->theatre.set = next;
    view_show(m, view_find("privacy"));
    return true;
}

static bool method(struct model *m, const char *arguments, struct error *err)
{
    const struct method *found = model_method(arguments);
    if (!found && method_find(arguments))
        return fail(err, ERROR_USAGE,
                    "method: %s is simulated on a covariance: `run`, `sweep` and the privacy view "
                    "have it",
                    arguments);
    if (!found)
        return fail(err, ERROR_USAGE, "method: there is none named '%s'", arguments);
    model_set_method(m, found);
    return true;
}

static bool rank(struct model *m, const char *arguments, struct error *err)
{
    const struct param *p = param_find(&m->method->params, "rank");
    if (!p)
        return fail(err, ERROR_USAGE, "%s has no rank", m->method->name);
    return setting_set(m, p, arguments, err);
}

static bool view(struct model *m, const char *arguments, struct error *err)
{
    const struct view *found = view_find(arguments);
    if (!found)
        return fail(err, ERROR_USAGE, "view: there is none named '%s'", arguments);
    view_show(m, found);
    return true;
}

/* One of these names; -1: none of them. */
static int choice(const char *const *names, const char *command, const char *text,
                  struct error *err)
{
    char all[160] = "";
    for (int i = 0; names[i]; i++) {
        size_t n = strlen(all);
        if (!strcmp(names[i], text))
            return i;
        snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", names[i]);
    }
    fail(err, ERROR_USAGE, "%s: %s, not '%s'", command, all, text);
    return -1;
}

/* Another document, or the same read another way, would take the place of what an export is to
 * write. */
static bool nothing_waits(const struct model *m, struct error *err)
{
    return !m->export.path[0] ||
           fail(err, ERROR_USAGE, "%s is to be written first", m->export.path);
}

/* What is known of the matrices was read another way. */
static void reread(struct model *m, bool other)
{
    if (m->document && other)
        model_open(m, m->document, m->entry);
}

static bool planes(struct model *m, const char *arguments, struct error *err)
{
    int now = choice(planes_names, "planes", arguments, err);
    bool other = now != (int)m->planes;
    if (now < 0 || (other && !nothing_waits(m, err)))
        return false;
    m->planes = (enum planes)now;
    reread(m, other);
    return true;
}

static bool precision(struct model *m, const char *arguments, struct error *err)
{
    static const char *const names[] = { [DTYPE_F32] = "f32", [DTYPE_F64] = "f64", NULL };
    int now = choice(names, "precision", arguments, err);
    bool other = now != (int)m->dtype;
    if (now < 0 || (other && !nothing_waits(m, err)))
        return false;
    m->dtype = (enum dtype)now;
    reread(m, other);
    return true;
}

static bool nonfinite(struct model *m, const char *arguments, struct error *err)
{
    int now = choice(nonfinite_names, "nonfinite", arguments, err);
    bool other = now != (int)m->nonfinite;
    if (now < 0 || (other && !nothing_waits(m, err)))
        return false;
    m->nonfinite = (enum nonfinite)now;
    reread(m, other);
    return true;
}

/* What was shown stays if the new file cannot be read, and until it is. Inside other commands
 * the next ones want it to be there. */
static bool open_file(struct model *m, const char *arguments, struct error *err)
{
    char entry[NAME_TEXT];
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "open: a file comes after it, FILE or FILE::NAME");
    if (!nothing_waits(m, err))
        return false;
    if (m->patient && m->depth == 1) {
        if (!opening_wish(m, arguments, err))
            return false;
        model_say(m, false, "opening %.200s", arguments);
        return true;
    }
    struct document *d = selection_document(arguments, NULL, entry, err);
    if (d)
        model_open(m, d, entry);
    document_unref(d);
    return d != NULL;
}

static bool export_file(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0]) { /* the dialog */
        action_find(m, "export")->run(m);
        return true;
    }
    if (!worlds_away(m) && (!model_needs_one(m, "export", err) || !theatre_export(m, err)))
        return false;
    if (!worlds_away(m) && !format_for_output(arguments))
        return export_fits(arguments, true, 1, err);
    return model_export(m, arguments, false, err);
}

/* Held from now on, at so much; or free. */
static bool budget(struct model *m, const char *arguments, struct error *err)
{
    if (!strcmp(arguments, "off"))
        return hold_budget(m, 0, err);
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "budget: bits per entry come after it, or off");
    if (!param_find(&m->method->params, "rank"))
        return fail(err, ERROR_USAGE, "budget: %s has no rank to hold a size by", m->method->name);
    return setting_set(m, &hold_row, arguments, err);
}

static bool show(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "show: one or more KEY=VALUE come after it");
    bool ok = put_all(m, &session_rows, m, arguments, arguments, err);
    model_looked(m);
    return ok;
}

static bool field(struct model *m, const char *arguments, struct error *err)
{
    const struct param *p = param_find(&m->method->params, arguments);
    if (!p && hold_on(m) && !strcmp(arguments, hold_row.key)) {
        m->field = m->method->params.n;
        return true;
    }
    if (!p)
        return fail(err, ERROR_USAGE, "field: %s has no parameter '%s'", m->method->name,
                    arguments);
    m->field = (size_t)(p - m->method->params.rows);
    return true;
}

static bool is_letter(const char *text)
{
    return text[0] >= 'a' && text[0] <= 'z' && (!text[1] || text[1] == ' ');
}

/* "a METHOD KEY=VALUE...", as sessions are written; method NULL: the letter alone. */
static bool kept(struct model *m, const char *arguments, char last, struct mark *out,
                 struct error *err)
{
    char name[64];
    *out = (struct mark){ 0 };
    if (!is_letter(arguments) || arguments[0] > last)
        return fail(err, ERROR_USAGE, "a letter from a to %c comes after it", last);
    const char *from = arguments + 1 + strspn(arguments + 1, " ");
    size_t n = strcspn(from, " ");
    if (!n)
        return true;
    snprintf(name, sizeof(name), "%.*s", (int)n, from);
    out->method = model_method(name);
    if (!out->method) {
        fail(err, ERROR_USAGE, "there is no method '%s'", name);
        return at_fault(m, arguments, from);
    }
    param_defaults(&out->method->params, false, &out->params);
    return put_all(m, &out->method->params, &out->params, arguments, from + n, err);
}

static bool mark(struct model *m, const char *arguments, struct error *err)
{
    struct mark put;
    if (!kept(m, arguments, 'z', &put, err))
        return false;
    if (put.method)
        m->marks[arguments[0] - 'a'] = put;
    return put.method || history_mark_put(m, arguments[0]);
}

static bool slot(struct model *m, const char *arguments, struct error *err)
{
    struct mark put;
    if (!kept(m, arguments, 'b', &put, err))
        return false;
    struct slot *s = &m->slots[arguments[0] - 'a'];
    if (!put.method) {
        slot_keep(m, arguments[0] - 'a');
        return true;
    }
    slot_clear(s);
    s->method = put.method;
    s->params = put.params;
    return true;
}

static bool recall(struct model *m, const char *arguments, struct error *err)
{
    if (!is_letter(arguments) || arguments[1])
        return fail(err, ERROR_USAGE, "recall: the letter of a mark comes after it");
    return history_mark_recall(m, arguments[0]) ||
           fail(err, ERROR_USAGE, "recall: nothing is marked %c", arguments[0]);
}

static bool reset(struct model *m, const char *arguments, struct error *err)
{
    if (arguments[0])
        return fail(err, ERROR_USAGE, "reset: nothing comes after it");
    session_reset(m);
    return true;
}

static bool save(struct model *m, const char *arguments, struct error *err)
{
    char path[PATH_TEXT];
    bool named = arguments[0] != 0;
    if (strlen(arguments) >= sizeof(path))
        return fail(err, ERROR_USAGE, "w: the path is longer than %zu bytes", sizeof(path) - 1);
    snprintf(path, sizeof(path), "%s", arguments);
    if ((!named && !session_path(path, sizeof(path), true, err)) || !session_write(m, path, err))
        return false;
    model_say(m, false, "wrote %.200s", path);
    return true;
}

static bool source(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "source: the file of a session comes after it");
    return session_read(m, arguments, NULL, err);
}

static bool press(struct model *m, const char *arguments, struct error *err)
{
    uint32_t text;
    if (!arguments[0] || strlen(arguments) >= 16 || !typing_text(arguments, &text))
        return fail(err, ERROR_USAGE, "press: the name of one key comes after it, like x or C-l");
    action_press(m, arguments, text);
    return true;
}

static bool leave(struct model *m, const char *arguments, struct error *err)
{
    if (arguments[0])
        return fail(err, ERROR_USAGE, "q: nothing comes after it");
    action_find(m, "quit")->run(m);
    return true;
}

/* clang-format off */
const struct command commands[] = {
    { "set", "KEY=VALUE...", "change parameters of the method: set rank=24 left-bits=4, or k=24 B=4 B'=8", set },
    { "method", "METHOD", "another method", method },
    { "rank", "N|elbow|full", "the rank: a number or an expression: *2, min(m,n)/8, elbow", rank },
    { "k", "N|elbow|full", "the same as rank", rank },
    { "budget", "BITS|off", "hold the size at so many bits per entry, 1 or *2: sliders move together", budget },
    { "field", "KEY", "the parameter that keys change", field },
    { "planes", "rgb|ycbcr", "how a colour picture is taken apart", planes },
    { "precision", "f32|f64", "of the computation", precision },
    { "nonfinite", "refuse|zero|keep", "what to do with NaN and infinities", nonfinite },
    { "view", "VIEW", "another view", view },
    { "compare", "[BITS]", "every method at so many true bits per entry, 1 or *2; alone: at the size at hand", showing_compare },
    { "tensor", "TENSOR", "in the weights view: the row of this one", browse_command_tensor },
    { "filter", "WORDS", "there: tensors that have all of these in their name or type", browse_command_filter },
    { "sort", "COLUMN", "there: by name, or by a column of the scan, in one list", browse_command_sort },
    { "ranks", "RULE", "of all groups: prune 10%, greedy 10%, keep 80%, energy 90%, edge, multiple 32; of the chosen one: rank 24", showing_ranks },
    { "group", "NAME,NAME...", "matrices with one input, by hand: names or NAME[FROM:TO], rows of the output side", showing_group },
    { "privacy", "[SETTING=VALUE...]", "the privacy view, with these in its form: privacy epsilon=2 rank=3 scene=open", privacy },
    { "with", "FILE|off", "another model beside this one, in the weights view: how far each matrix is from its like", showing_with },
    { "release", "TERM=VALUE...", "the price of a private release, and the way to one: release epsilon=1 dataset=NAME budget=4,1e-6 file=PATH", worlds_command_release },
    { "explore", "LOOK=VALUE...", "what was released, or the release file that is open: explore rank=3 shrink=on; free", worlds_command_explore },
    { "show", "SHOW=VALUE...", "what the panes show: show focus=spectrum gaps=on", show },
    { "open", "FILE[::NAME]", "another file", open_file },
    { "export", "PATH", "write what is shown; the ending says how", export_file },
    { "sweep", "[k] FROM..TO [step N] [fps N]", "the rank runs through these: sweep 1..128 step 4 fps 10; step *2 doubles it", showing_sweep },
    { "mark", "LETTER [METHOD KEY=VALUE...]", "keep what is set, or these settings, under a letter", mark },
    { "slot", "a|b [METHOD KEY=VALUE...]", "the same in slot A or B, to compare with", slot },
    { "recall", "LETTER", "set what is kept under a letter", recall },
    { "reset", "", "every parameter and pane as at the start, no marks", reset },
    { "w", "[PATH]", "write a session: settings and marks, no pixels; else the one that -r reads", save },
    { "source", "PATH", "run a session's lines", source },
    { "wait", "[SECONDS]", "in a file that is played: so long, or until all is computed", player_wait },
    { "press", "NAME", "one key by its name, as the help prints it: press C-l", press },
    { "q", "", "quit", leave },
    { 0 },
};
/* clang-format on */

/* A goal in place of a command: err<5%. */
static bool is_goal(const struct grammar_command *c, char goal[GRAMMAR_TEXT])
{
    snprintf(goal, GRAMMAR_TEXT, "%s%s%s", c->name, *c->arguments ? " " : "", c->arguments);
    return goal_looks(goal);
}

enum { DEEPEST = 8, COMMANDS_MOST = 5000 };

static const struct command *command_named(const char *name)
{
    const struct command *c = commands;
    while (c->name && strcmp(c->name, name) != 0)
        c++;
    return c->name ? c : NULL;
}

const struct action *command_word(const struct model *m, const char *word)
{
    bool first = m->keys_first && m->depth == 0;
    return command_named(word) && !first ? NULL : action_for_key(m, word);
}

static bool run_one(struct model *m, const struct grammar_command *c, struct error *err)
{
    const struct action *a = action_find(m, c->name);
    const struct command *command = command_named(c->name);
    char goal[GRAMMAR_TEXT];
    m->fault = 0;
    if (!c->name[0])
        return true;
    if (!a && !*c->arguments && (a = command_word(m, c->name)))
        command = NULL;
    if (m->depth >= DEEPEST)
        return fail(err, ERROR_USAGE, "commands that run commands end after %d levels", DEEPEST);
    if (m->ran++ >= COMMANDS_MOST) /* sessions that run sessions: 8 levels of them have no end */
        return fail(err, ERROR_LIMIT, "more than %d commands at once", COMMANDS_MOST);
    if (command && (*c->arguments || !a)) {
        m->depth++;
        bool ok = command->run(m, c->arguments, err);
        m->depth--;
        return ok;
    }
    if (a && *c->arguments)
        return fail(err, ERROR_USAGE, "%s: nothing comes after it", c->name);
    if (a)
        action_do(m, a);
    else if (is_goal(c, goal))
        return aim(m, goal_axis(m->method), goal, err);
    return a || fail(err, ERROR_USAGE, "there is no command '%s'", c->name);
}

/* Where in the line a command that failed went wrong: at its name if there is no such
 * one, else where it says, in its arguments. */
static size_t blame(const struct model *m, const struct grammar_command *c)
{
    bool known = action_find(m, c->name) || command_named(c->name);
    size_t i = known ? (size_t)(c->arguments - c->text) + m->fault : 0;
    return c->origin[i];
}

/* What comes after `open` is for the new document. */
static bool run_rest(struct model *m, const struct opening *o, struct error *err)
{
    m->keys_first = o->keys_first;
    bool ok = command_run(m, o->rest, err);
    m->keys_first = false;
    return ok;
}

static bool put_off(struct model *m, const char *rest, struct error *err)
{
    m->opening.rest = memory_text(rest, strlen(rest), err);
    m->opening.then = run_rest;
    m->opening.keys_first = m->keys_first;
    return m->opening.rest != NULL;
}

bool command_run_at(struct model *m, const char *line, size_t *at, struct error *err)
{
    bool ok = true;
    unsigned long wishes = m->opening.wishes;
    if (m->depth == 0)
        m->ran = 0;
    for (size_t from = 0; ok && line[from];) {
        struct grammar_command c;
        if (!grammar_next(line, &from, &c, at, err)) {
            ok = false;
        } else if (!run_one(m, &c, err)) {
            *at = blame(m, &c);
            ok = false;
        } else if (m->opening.wishes != wishes) {
            ok = put_off(m, line + from, err);
            break;
        }
    }
    if (m->depth == 0)
        history_note(m, false);
    return ok;
}

bool command_run(struct model *m, const char *line, struct error *err)
{
    size_t at;
    return command_run_at(m, line, &at, err);
}
