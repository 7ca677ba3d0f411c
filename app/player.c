#include "player.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "grammar.h"
#include "memory.h"
#include "overlay.h"
#include "session.h"

static const double shortest = 0.01, longest = 3600; /* waits, seconds */

enum { ROWS_MOST = 32 };

struct recorder {
    FILE *out;
    bool timed;      /* since recorder_begin, or the first key: before it no clock is known */
    double then;     /* of the last key, seconds */
    uint64_t serial; /* what had been asked for by then */
    double shown[ROWS_MOST]; /* session_rows, as recorder_before saw them */
    size_t field;
};

struct recorder *recorder_open(const char *path, bool force, const struct model *m,
                               struct error *err)
{
    struct recorder *r = memory_alloc(sizeof(*r), err);
    if (!r)
        return NULL;
    *r = (struct recorder){ .out = fopen(path, force ? "w" : "wx") };
    if (!r->out) {
        fail(err, ERROR_WRITE, errno == EEXIST ? "%s: exists; --force overwrites it" : "%s: %s",
             path, strerror(errno));
        memory_free(r);
        return NULL;
    }
    session_print(m, false, r->out);
    fflush(r->out);
    return r;
}

void recorder_begin(struct recorder *r, const struct model *m)
{
    r->then = m->now;
    r->timed = true;
}

/* What changed since the last key without one: a sweep, the pointer, a goal that was met.
 * In one line, as one undo takes it all back. */
static void print_changes(FILE *out, const struct model *m)
{
    const struct history *seen = &m->history;
    const struct method *now = seen->method;
    bool any = false;
    for (size_t i = 0; i < model_methods(); i++) {
        const struct param_table *t = &methods[i]->params;
        for (size_t r = 0; r < t->n; r++) {
            const struct param_table one = { &t->rows[r], 1, t->size };
            char key[64], value[64];
            if (param_equal(&one, &seen->params[i], &m->params[i]))
                continue;
            param_flag(t->rows[r].key, key, sizeof(key));
            param_format(&t->rows[r], &m->params[i], value, sizeof(value));
            fprintf(out, "%smethod %s; set %s=%s", any ? "; " : "", methods[i]->name, key, value);
            any = true;
            now = methods[i];
        }
    }
    if (now != m->method)
        fprintf(out, "%smethod %s", any ? "; " : "", m->method->name);
    if (any || now != m->method)
        fputc('\n', out);
}

bool recorder_close(struct recorder *r, const struct model *m, struct error *err)
{
    if (!r)
        return true;
    print_changes(r->out, m);
    bool ok = !ferror(r->out);
    ok &= fclose(r->out) == 0;
    memory_free(r);
    return ok || fail(err, ERROR_WRITE, "the recording could not be written");
}

static bool unsettled(const struct model *m)
{
    return m->busy || opening_waits(m) || m->export.path[0] ||
           (m->document && m->stale && !m->asked_holds);
}

/* How long nothing was done, and whether the answer was there. */
static void print_wait(struct recorder *r, const struct model *m)
{
    double passed = r->timed ? fmin(m->now - r->then, longest) : 0;
    if (passed >= shortest)
        fprintf(r->out, "wait %.2f\n", passed);
    if (m->serial != r->serial && !unsettled(m))
        fputs("wait\n", r->out);
    recorder_begin(r, m);
    r->serial = m->serial;
}

void recorder_key(struct recorder *r, const struct model *m, const char *key, const char *action)
{
    char quoted[64];
    print_wait(r, m);
    print_changes(r->out, m);
    if (action)
        fprintf(r->out, "%s\n", action);
    else if (*key && grammar_quote(key, quoted, sizeof(quoted)))
        fprintf(r->out, "press %s\n", quoted);
    fflush(r->out); /* what was pressed before a crash is what one wants to see */
}

void recorder_before(struct recorder *r, const struct model *m)
{
    for (size_t i = 0; i < session_rows.n && i < ROWS_MOST; i++)
        r->shown[i] = param_get(&session_rows.rows[i], m);
    r->field = m->field;
}

void recorder_after(struct recorder *r, const struct model *m)
{
    bool any = false;
    for (size_t i = 0; i < session_rows.n && i < ROWS_MOST; i++) {
        const struct param *p = &session_rows.rows[i];
        char key[64], value[64];
        if (r->shown[i] == param_get(p, m))
            continue;
        if (!any)
            print_wait(r, m);
        param_flag(p->key, key, sizeof(key));
        param_format(p, m, value, sizeof(value));
        fprintf(r->out, "%s %s=%s", any ? "" : "show", key, value);
        any = true;
    }
    if (any)
        fputc('\n', r->out);
    if (r->field != m->field && model_field(m)) {
        char key[64];
        param_flag(model_field(m)->key, key, sizeof(key));
        fprintf(r->out, "field %s\n", key);
    }
    fflush(r->out);
}

struct player {
    char *text, *rest;
    char name[64];
    double speed;
    double due;    /* ms */
    double time;   /* of the recording, seconds */
    bool settling; /* until all is computed */
    size_t line;
};

struct player *player_open(const char *path, double speed, struct error *err)
{
    struct player *p = memory_alloc(sizeof(*p), err);
    const char *slash = strrchr(path, '/');
    if (!p)
        return NULL;
    *p = (struct player){ .speed = speed, .text = session_load(path, err) };
    p->rest = p->text;
    snprintf(p->name, sizeof(p->name), "%.63s", slash ? slash + 1 : path);
    if (p->text)
        return p;
    memory_free(p);
    return NULL;
}

void player_close(struct player *p)
{
    if (p)
        memory_free(p->text);
    memory_free(p);
}

/* "": -1, until all is computed. */
static bool player_seconds(const char *text, double *seconds, struct error *err)
{
    char *end;
    *seconds = -1;
    if (!*text)
        return true;
    *seconds = strtod(text, &end);
    return (end != text && !*end && *seconds >= 0 && *seconds <= longest) ||
           fail(err, ERROR_USAGE, "wait: '%s' is not a number of seconds from 0 to %.0f", text,
                longest);
}

bool player_wait(struct model *m, const char *arguments, struct error *err)
{
    double seconds;
    (void)m;
    return player_seconds(arguments, &seconds, err);
}

double player_left(const struct player *p, const struct model *m, double now_ms)
{
    if (opening_waits(m)) /* the next line is for what is being opened */
        return HUGE_VAL;
    if (p->settling)
        return unsettled(m) ? HUGE_VAL : 0;
    return p->due - now_ms;
}

/* `wait` alone on its line. */
static bool waits(struct player *p, const struct grammar_command *c, double now_ms)
{
    double seconds;
    struct error err;
    if (strcmp(c->name, "wait") != 0 || !player_seconds(c->arguments, &seconds, &err))
        return false;
    p->settling = seconds < 0;
    if (seconds >= 0) {
        p->due = fmax(p->due, now_ms - 1e3) + seconds * 1e3 / p->speed;
        p->time += seconds;
    }
    return true;
}

static void run(struct player *p, struct model *m, const char *line, double now_ms)
{
    struct grammar_command c;
    struct error err;
    size_t from = 0, at;
    bool alone = grammar_next(line, &from, &c, &at, &err) && !line[from];
    const struct action *a = alone && !*c.arguments ? action_find(m, c.name) : NULL;
    p->settling = false;
    if (alone && waits(p, &c, now_ms))
        return;
    m->now = p->time;
    if (a)
        action_run(m, a); /* as its key would */
    else if (!command_run_at(m, line, &at, &err))
        model_say(m, true, "%s:%zu: %s", p->name, p->line, err.text);
}

void player_end(struct model *m)
{
    m->player = NULL;
    if (m->overlay == OVERLAY_CONFIRM)
        overlay_close(m);
}

void player_step(struct player *p, struct model *m, double now_ms)
{
    char *line = strsep(&p->rest, "\n");
    if (p->line++ == 0 || p->settling)
        p->due = now_ms;
    if (line)
        run(p, m, line, now_ms);
    if (p->rest)
        return;
    player_end(m);
    if (!m->message_is_error)
        model_say(m, false, "%s has been played", p->name);
}
