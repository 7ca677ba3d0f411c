#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "actions.h"
#include "grammar.h"
#include "hold.h"
#include "memory.h"
#include "sink.h"
#include "state.h"
#include "view.h"

static const char first_line[] = "# eigenscope session ";
enum { VERSION = 1, TEXT_MOST = 1 << 20 };

static const char *const pane_names[] = { "picture", "spectrum", "error", "parameters", NULL };
static const char *const y_scale_names[] = { "log", "linear", "relative", NULL };
static const char *const planes_words[] = { "rgb", "ycbcr" };

static const struct param rows[] = {
    {
        .key = "focus",
        .kind = PARAM_INT, /* an enum has an int's size and values */
        .offset = offsetof(struct model, focus),
        .max = PANE_COUNT - 1,
        .def = PANE_FORM,
        .choices = pane_names,
    },
    { PARAM(struct model, gaps), .max = 1 },
    { PARAM(struct model, y_scale), .max = 2, .choices = y_scale_names },
    { PARAM(struct model, x_log), .max = 1 },
    { PARAM(struct model, original), .max = 1 },
    { PARAM(struct model, difference), .max = 1 },
    { PARAM(struct model, heat.on), .max = 1 },
    { PARAM(struct model, levels.on), .max = 1 },
    { PARAM(struct model, wipe), .max = 1 },
    { PARAM(struct model, swapped), .max = 1 },
    { PARAM(struct model, wipe_at), .max = 1, .def = 0.5 },
    { PARAM(struct model, channel), .max = 3 },
    { PARAM(struct model, full), .max = 1 },
    { PARAM(struct model, zoom.scale), .max = ZOOM_MOST },
    { PARAM(struct model, zoom.row), .max = 1e9 },
    { PARAM(struct model, zoom.col), .max = 1e9 },
    { PARAM(struct model, runs.bits), .max = RUNS_BITS_MOST },
    { PARAM(struct model, runs.by_size), .max = 1 },
    { PARAM(struct model, runs.plot), .max = 1 },
    { PARAM(struct model, grouping.rule), .max = JOINT_MANUAL, .choices = joint_rule_names },
    { PARAM(struct model, grouping.value), .max = 1e15 },
    { PARAM(struct model, grouping.whole), .max = 1 },
    { PARAM(struct model, grouping.balance), .max = BALANCE_SPECTRAL, .choices = balance_names },
    { PARAM(struct model, browse.reversed), .max = 1 },
    { PARAM(struct model, browse.log_count), .max = 1 },
    { PARAM(struct model, browse.peaks), .max = 1 },
    { PARAM(struct model, grouping.page), .max = GROUP_PAGES - 1, .choices = group_page_names },
    { PARAM(struct model, theatre.page), .max = THEATRE_PAGES - 1, .choices = theatre_page_names },
    { PARAM(struct model, theatre.fields), .max = THEATRE_COMPLEX,
      .choices = theatre_fields_names },
    { PARAM(struct model, theatre.plain), .max = 1 },
    { PARAM(struct model, grouping.focus), .max = GROUP_FOCUS_COUNT - 1,
      .choices = group_focus_names },
};
const struct param_table session_rows = { rows, sizeof(rows) / sizeof(rows[0]),
                                          sizeof(struct model) };

void session_reset(struct model *m)
{
    for (size_t i = 0; methods[i]; i++)
        param_defaults(&methods[i]->params, false, &m->params[i]);
    for (size_t i = 0; i < session_rows.n; i++)
        param_put(&rows[i], m, rows[i].def);
    theatre_reset(m);
    m->budget = 0;
    memset(m->marks, 0, sizeof(m->marks));
    for (int i = 0; i < SLOT_COUNT; i++)
        slot_clear(&m->slots[i]);
    model_set_method(m, methods[0]);
    m->field = 0;
}

/* " KEY=VALUE" for every row whose value is not the default one. */
static bool print_rows(const struct param_table *t, const void *params, const char *before,
                       FILE *out)
{
    bool any = false;
    for (size_t i = 0; i < t->n; i++) {
        char key[64], value[64];
        struct params_any usual = { 0 };
        const struct param *p = &t->rows[i];
        const struct param_table one = { p, 1, t->size };
        if (t == &session_rows
                ? param_get(p, params) == p->def
                : (param_defaults(t, false, &usual), param_equal(&one, params, &usual)))
            continue;
        param_flag(p->key, key, sizeof(key));
        param_format(p, params, value, sizeof(value));
        fprintf(out, "%s %s=%s", any ? "" : before, key, value);
        any = true;
    }
    return any;
}

static void print_open(const struct model *m, bool anywhere, FILE *out)
{
    const struct document *d = m->document;
    char name[PATH_TEXT + NAME_TEXT + 3], quoted[2 * sizeof(name)];
    if (!d)
        return;
    const char *released = worlds_opens(m), *file = released ? released : d->name;
    const char *entry = released ? "" : m->entry;
    char *from_root = anywhere && strncmp(file, "demo:", 5) != 0 ? realpath(file, NULL) : NULL;
    int n = snprintf(name, sizeof(name), "%s%s%s", from_root ? from_root : file,
                     entry[0] ? "::" : "", entry);
    free(from_root);
    if (n > 0 && (size_t)n < sizeof(name) && grammar_quote(name, quoted, sizeof(quoted)))
        fprintf(out, "open %s\n", quoted);
    else
        fputs("# the file's name cannot be written here\n", out);
}

static void print_kept(const char *command, int letter, const struct method *method,
                       const struct params_any *params, FILE *out)
{
    if (!method)
        return;
    fprintf(out, "%s %c %s", command, letter, method->name);
    print_rows(&method->params, params, "", out);
    fputc('\n', out);
}

static void print_marks(const struct model *m, FILE *out)
{
    for (int i = 0; i < MARKS; i++)
        print_kept("mark", 'a' + i, m->marks[i].method, &m->marks[i].params, out);
    for (int i = 0; i < SLOT_COUNT; i++)
        print_kept("slot", 'a' + i, m->slots[i].method, &m->slots[i].params, out);
}

/* Of a file of several where one is, and how they are listed. */
static void print_tensors(const struct model *m, FILE *out)
{
    const struct browse *b = &m->browse;
    const struct browse_leaf *leaf = m->document && m->document->n > 1 ? browse_leaf(m) : NULL;
    char name[2 * BROWSE_FILTER + 2 * NAME_TEXT];
    if (!leaf || worlds_opens(m) || document_is_picture(m->document))
        return;
    if (b->key)
        fprintf(out, "sort %s\n", b->key->key);
    if (b->filter[0] && grammar_quote(b->filter, name, sizeof(name)))
        fprintf(out, "filter %s\n", name);
    if (grammar_quote(browse_name(m, leaf), name, sizeof(name)))
        fprintf(out, "tensor %s\n", name);
}

static void print_methods(const struct model *m, FILE *out)
{
    for (size_t i = 0; i < model_methods(); i++) {
        char before[96];
        snprintf(before, sizeof(before), "method %s; set", methods[i]->name);
        if (print_rows(&methods[i]->params, &m->params[i], before, out))
            fputc('\n', out);
    }
    fprintf(out, "method %s\n", m->method->name);
    char key[64];
    if (m->budget > 0) {
        param_format(&hold_row, m, key, sizeof(key));
        fprintf(out, "budget %s\n", key);
    }
    if (model_field(m)) {
        param_flag(model_field(m)->key, key, sizeof(key));
        fprintf(out, "field %s\n", key);
    }
}

void session_print(const struct model *m, bool anywhere, FILE *out)
{
    fprintf(out, "%s%d\nreset\nplanes %s\nprecision %s\nnonfinite %s\n", first_line, VERSION,
            planes_words[m->planes], m->dtype == DTYPE_F64 ? "f64" : "f32",
            nonfinite_names[m->nonfinite]);
    print_open(m, anywhere, out);
    if (print_rows(&theatre_rows, &m->theatre.set, "privacy", out)) /* which shows its view */
        fputc('\n', out);
    fprintf(out, "view %s\n", m->view->name);
    if (worlds_away(m))
        worlds_print(m, out);
    print_tensors(m, out);
    print_marks(m, out);
    print_methods(m, out);
    if (print_rows(&session_rows, m, "show", out))
        fputc('\n', out);
}

bool session_path(char *out, size_t size, bool make, struct error *err)
{
    return state_path("last.session", make, out, size, err);
}

/* Nothing is there, or a session; what may not be read may be anything. */
static bool may_replace(const char *path)
{
    char head[sizeof(first_line)] = "";
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return false;
    FILE *f = fopen(path, "r");
    bool ok = f ? !fgets(head, sizeof(head), f) || !strcmp(head, first_line) : errno != EACCES;
    if (f)
        fclose(f);
    return ok;
}

bool session_write(const struct model *m, const char *path, struct error *err)
{
    char last[PATH_TEXT] = "", *text = NULL;
    size_t size = 0;
    if (!session_path(last, sizeof(last), false, err))
        last[0] = 0;
    if (!may_replace(path))
        return fail(err, ERROR_WRITE, "%s: exists, and is no session", path);
    FILE *out = open_memstream(&text, &size);
    if (out)
        session_print(m, !strcmp(path, last), out);
    if (!out || fclose(out)) {
        free(text);
        return fail(err, ERROR_MEMORY, "out of memory: a session");
    }
    struct sink *s = sink_create(path, true, size, err);
    bool ok = s && sink_write(s, text, size, err);
    if (ok)
        ok = sink_commit(s, err);
    else
        sink_abandon(s);
    free(text);
    return ok;
}

static bool check(const char *path, const char *text, size_t n, struct error *err)
{
    size_t head = sizeof(first_line) - 1;
    if (n == TEXT_MOST)
        return fail(err, ERROR_LIMIT, "%s: a session has less than %d bytes", path, TEXT_MOST);
    if (strlen(text) != n || strncmp(text, first_line, head) != 0)
        return fail(err, ERROR_FORMAT, "%s: not a session: its first line is not '%s%d'", path,
                    first_line, VERSION);
    long version = strtol(text + head, NULL, 10);
    if (version != VERSION)
        return fail(err, ERROR_FORMAT, "%s: a session of version %ld; this program knows %d", path,
                    version, VERSION);
    return true;
}

char *session_load(const char *path, struct error *err)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        fail(err, ERROR_READ, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = memory_alloc(TEXT_MOST + 1, err);
    size_t n = text ? fread(text, 1, TEXT_MOST, f) : 0;
    bool read = !ferror(f);
    fclose(f);
    if (!text)
        return NULL;
    text[n] = 0;
    if (read ? check(path, text, n, err) : fail(err, ERROR_READ, "%s: %s", path, "unreadable"))
        return text;
    memory_free(text);
    return NULL;
}

static bool is_command(const char *line, const char *name)
{
    size_t n = strlen(name);
    line += strspn(line, " ");
    return !strncmp(line, name, n) && line[n] == ' ';
}

static bool left_out(const char *line, const char *const *without)
{
    for (; without && *without; without++)
        if (is_command(line, *without))
            return true;
    return false;
}

bool session_opens(const char *path, char *out, size_t size)
{
    struct error err;
    struct grammar_command c;
    size_t from = 0, at;
    char *text = session_load(path, &err), *rest = text, *line = NULL;
    while (text && (line = strsep(&rest, "\n")) && !is_command(line, "open"))
        ;
    bool found = line && grammar_next(line, &from, &c, &at, &err) && strlen(c.arguments) < size;
    if (found)
        snprintf(out, size, "%s", c.arguments);
    memory_free(text);
    return found;
}

bool session_read(struct model *m, const char *path, const char *const *without, struct error *err)
{
    char *text = session_load(path, err), *rest = text, *line;
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    struct error first = { 0 };
    size_t number = 0, first_at = 0, bad = 0;
    if (!text)
        return false;
    if (m->depth++ == 0)
        m->ran = 0;
    while ((line = strsep(&rest, "\n"))) {
        struct error one;
        number++;
        if (left_out(line, without) || command_run(m, line, &one))
            continue;
        if (bad++ == 0) {
            first = one;
            first_at = number;
        }
    }
    m->depth--;
    memory_free(text);
    if (bad > 1)
        model_say(m, true, "%.60s:%zu: %s (and %zu more lines)", name, first_at, first.text,
                  bad - 1);
    else if (bad)
        model_say(m, true, "%.60s:%zu: %s", name, first_at, first.text);
    return true;
}
