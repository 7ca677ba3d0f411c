/* frame: one frame of the workbench as text, everything computed. */
#include "frame.h"
#include "actions.h"
#include "cli.h"
#include "grammar.h"
#include "report.h"
#include "study.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MOST = 1000, REQUESTS_MOST = 4096 };

/* A side of the frame and where its digits end; 0 where there is none. */
static int read_side(const char *text, char **end)
{
    long side = *text >= '0' && *text <= '9' ? strtol(text, end, 10) : 0;
    return side >= 1 && side <= SIDE_MOST ? (int)side : 0;
}

static bool read_size(const char *text, int *width, int *height, struct error *err)
{
    char *end = NULL;
    *width = 80;
    *height = 24;
    if (!text)
        return true;
    *width = read_side(text, &end);
    *height = *width && *end == 'x' ? read_side(end + 1, &end) : 0;
    if (!*height || *end)
        return fail(err, ERROR_USAGE, "frame: --size: '%s' is not WIDTHxHEIGHT in cells, 1 to %d",
                    text, SIDE_MOST);
    return true;
}

struct answer {
    struct model *model;
    struct error error;
};

static void take(void *context, struct outcome *o)
{
    struct answer *a = context;
    if (!o->ok)
        a->error = o->error;
    model_accept(a->model, o);
    outcome_finish(o);
}

/* Runs what the model wants until it wants nothing more. */
static bool settle(struct model *m, struct study *study, struct error *err)
{
    for (int i = 0; i < REQUESTS_MOST; i++) {
        struct answer answer = { .model = m };
        struct request request = { 0 };
        if (!model_want(m, true, &request))
            return true;
        study_run(study, &request, &cli_cancel, NULL, take, &answer);
        request_finish(&request);
        if (answer.error.code != ERROR_NONE) {
            *err = answer.error;
            return false;
        }
        if (atomic_load(&cli_cancel))
            return fail(err, ERROR_CANCELLED, "frame: interrupted");
    }
    return true;
}

/* The text line by line, which it is cut into. */
static bool print_json(const struct call *c, const struct model *m, char *text, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "file", c->o.n ? c->o.arguments[0] : NULL);
    report_text(r, "view", m->view->name);
    report_count(r, "width", (uint64_t)m->width);
    report_count(r, "height", (uint64_t)m->height);
    report_array(r, "lines");
    for (char *end; (end = strchr(text, '\n')); text = end + 1) {
        *end = '\0';
        report_text(r, NULL, text);
    }
    report_end(r);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static bool print(const struct call *c, const struct model *m, struct error *err)
{
    struct grid grid = { 0 };
    if (!grid_init(&grid, m->width, m->height))
        return fail(err, ERROR_MEMORY, "out of memory");
    view_draw(m, grid_canvas(&grid, m->unicode));
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out)
        frame_print(&grid, (enum term_color)c->o.screen.color, (enum scheme)c->o.screen.theme,
                    m->unicode, out);
    grid_finish(&grid);
    bool ok = out && fclose(out) == 0;
    if (!ok)
        fail(err, ERROR_MEMORY, "out of memory");
    else if (c->o.common.json)
        ok = print_json(c, m, text, err);
    else
        fputs(text, c->out);
    free(text);
    return ok;
}

/* Whether one of the commands asks for a world in which nothing is looked at. */
static bool leads_away(const char *line)
{
    struct grammar_command c;
    struct error unused;
    size_t from = 0, at;
    while (line && line[from] && grammar_next(line, &from, &c, &at, &unused))
        if (!strcmp(c.name, "release") || !strcmp(c.name, "explore"))
            return true;
    return false;
}

/* In a world that shows nothing of the data, whatever was wrong with it is not told either. */
static bool run_commands(const struct call *c, struct model *m, struct study *study,
                         struct error *err)
{
    struct error later;
    bool looked = leads_away(c->o.commands) || settle(m, study, err); /* commands may need it */
    m->runs.held = false;
    if (!c->o.commands || (!looked && err->code == ERROR_CANCELLED))
        return looked;
    bool ok = cli_begin(&c->o, m, &later);
    if (!looked && !worlds_away(m))
        return false;
    if (!ok)
        *err = later;
    return ok && settle(m, study, err);
}

bool frame_word(struct call *c, struct error *err)
{
    struct model m = { 0 };
    struct engine e = { 0 };
    struct study *study = NULL;
    int width, height;
    bool ok = read_size(c->o.size, &width, &height, err) && engine_open(&c->o, &e, err) &&
              cli_model(&c->o, &m, false, err) && (study = study_create(e.backend, err));
    if (ok) {
        m.unicode = !c->o.screen.ascii;
        m.frame_ms = -1;
        m.runs.held = c->o.commands;
        model_resize(&m, width, height);
        ok = run_commands(c, &m, study, err);
    }
    ok = ok && print(c, &m, err);
    study_destroy(study);
    model_finish(&m);
    engine_close(&e);
    return ok;
}
