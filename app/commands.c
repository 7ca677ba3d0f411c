#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "aim.h"
#include "registry.h"
#include "setting.h"

static bool set_one(struct model *m, const char *word, struct error *err)
{
    char key[64];
    const char *equals = strchr(word, '=');
    if (!equals || equals == word || (size_t)(equals - word) >= sizeof(key))
        return fail(err, ERROR_USAGE, "set: '%s' is not KEY=VALUE", word);
    snprintf(key, sizeof(key), "%.*s", (int)(equals - word), word);
    const struct param *p = param_find(&m->method->params, key);
    if (!p)
        return fail(err, ERROR_USAGE, "set: %s has no parameter '%s'", m->method->name, key);
    return setting_set(m, p, equals + 1, err);
}

static bool set(struct model *m, const char *arguments, struct error *err)
{
    char words[MODEL_LINE], *rest = words, *word;
    if (!arguments[0] || strlen(arguments) >= sizeof(words))
        return fail(err, ERROR_USAGE, "set: one or more KEY=VALUE come after it");
    memcpy(words, arguments, strlen(arguments) + 1);
    while ((word = strsep(&rest, " ")))
        if (*word && !set_one(m, word, err))
            return false;
    return true;
}

static bool method(struct model *m, const char *arguments, struct error *err)
{
    const struct method *found = method_find(arguments);
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
    m->view = found;
    model_resize(m, m->width, m->height);
    return true;
}

static bool planes(struct model *m, const char *arguments, struct error *err)
{
    for (int i = 0; planes_names[i]; i++) {
        if (strcmp(planes_names[i], arguments) != 0)
            continue;
        m->planes = (enum planes)i;
        if (m->document)
            model_open(m, m->document, m->entry);
        return true;
    }
    return fail(err, ERROR_USAGE, "planes: rgb or ycbcr, not '%s'", arguments);
}

/* What was shown stays if the new file cannot be read. */
static bool open_file(struct model *m, const char *arguments, struct error *err)
{
    struct selection s = { 0 };
    if (!arguments[0])
        return fail(err, ERROR_USAGE, "open: a file comes after it, FILE or FILE::NAME");
    if (!selection_open(arguments, m->planes, &s, err))
        return false;
    model_open(m, s.document, s.n == 1 && s.document->n > 1 ? s.names[0] : "");
    selection_finish(&s);
    return true;
}

static bool export_file(struct model *m, const char *arguments, struct error *err)
{
    if (!arguments[0]) { /* the dialog */
        action_find(m, "export")->run(m);
        return true;
    }
    if (!m->document)
        return fail(err, ERROR_USAGE, "export: nothing is open");
    if (!format_for_output(arguments))
        return fail(
            err, ERROR_USAGE,
            "export: no format ends like '%s'; .png, .npy and .factors.safetensors are written",
            arguments);
    if (strlen(arguments) >= sizeof(m->export.path))
        return fail(err, ERROR_USAGE, "export: the path is longer than %zu bytes",
                    sizeof(m->export.path) - 1);
    memcpy(m->export.path, arguments, strlen(arguments) + 1);
    m->export.force = false;
    return true;
}

/* clang-format off */
const struct command commands[] = {
    { "set", "KEY=VALUE...", "change parameters of the method: set rank=24 left-bits=4", set },
    { "method", "NAME", "another method", method },
    { "rank", "N", "the rank: a number, *2, /2, elbow or full", rank },
    { "k", "N", "the same as rank", rank },
    { "planes", "rgb|ycbcr", "how a colour picture is taken apart", planes },
    { "view", "NAME", "another view", view },
    { "open", "FILE[::NAME]", "another file", open_file },
    { "export", "PATH", "write what is shown; the ending says how", export_file },
    { 0 },
};
/* clang-format on */

/* One command, without blanks around it. */
static bool run_one(struct model *m, char *line, struct error *err)
{
    if (goal_looks(line))
        return aim(m, goal_axis(m->method), line, err);
    char *arguments = line + strcspn(line, " ");
    if (*arguments)
        *arguments++ = 0;
    arguments += strspn(arguments, " ");
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, line))
            return c->run(m, arguments, err);
    const struct action *a = action_find(m, line);
    if (!a)
        return fail(err, ERROR_USAGE, "there is no command '%s'", line);
    if (*arguments)
        return fail(err, ERROR_USAGE, "%s: nothing comes after it", line);
    a->run(m);
    return true;
}

bool command_run(struct model *m, const char *line, struct error *err)
{
    char words[PATH_TEXT + 64], *rest = words, *one;
    if (strlen(line) >= sizeof(words))
        return fail(err, ERROR_USAGE, "a line of commands has at most %zu bytes",
                    sizeof(words) - 1);
    memcpy(words, line, strlen(line) + 1);
    while ((one = strsep(&rest, ";"))) {
        one += strspn(one, " ");
        for (size_t n = strlen(one); n > 0 && one[n - 1] == ' ';)
            one[--n] = 0;
        if (*one && !run_one(m, one, err))
            return false;
    }
    return true;
}
