#include "cli.h"

#include "actions.h"
#include "blas.h"
#include "export.h"
#include "help.h"
#include "memory.h"
#include "progress.h"
#include "provenance.h"
#include "registry.h"
#include "session.h"
#include "sink.h"
#include "stray.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

atomic_bool cli_cancel;

/* Here, not after the return: a LAPACK call cannot be stopped. */
static void give_up(int number)
{
    static const char line[] = "eigenscope: interrupted\n";
    (void)number;
    sink_emergency();
    ssize_t told = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)told;
    _exit(130);
}

static volatile sig_atomic_t held;

/* The job has a second to leave by itself; a second signal does not wait. */
static void interrupted(int number)
{
    if (atomic_exchange(&cli_cancel, true) && !held)
        give_up(number);
    if (!held)
        alarm(1);
}

void cli_hold(bool on)
{
    sigset_t closed; /* a terminal that goes away is no reason, either */
    sigemptyset(&closed);
    sigaddset(&closed, SIGHUP);
    sigprocmask(on ? SIG_BLOCK : SIG_UNBLOCK, &closed, NULL);
    held = on;
    if (on)
        alarm(0);
}

void cli_signals(void)
{
    /* A closed stdout must not become the descriptor of a file that is opened later:
     * a read-only stand-in keeps its place and fails as it should. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
            _exit(4);
    struct sigaction action = { .sa_handler = interrupted };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = give_up;
    sigaction(SIGALRM, &action, NULL);
    action.sa_handler = SIG_DFL; /* who starts a decoder wants to hear how it ended */
    sigaction(SIGCHLD, &action, NULL);
    action.sa_handler = SIG_IGN; /* the write fails instead */
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

int cli_fail(const struct error *err)
{
    progress_end();
    fprintf(stderr, "eigenscope: %s\n", err->text);
    return error_exit(err->code);
}

void cli_note(const char *format, ...)
{
    char raw[ERROR_TEXT], line[ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    error_escape(raw, line, sizeof(line));
    progress_end();
    fprintf(stderr, "eigenscope: %s\n", line);
}

static bool write_all(const char *text, size_t n, struct error *err)
{
    int out = stray_stdout();
    while (n) {
        ssize_t done = write(out, text, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(err, ERROR_WRITE, "standard output: write failed: %s", strerror(errno));
        text += done;
        n -= (size_t)done;
    }
    return true;
}

/* Before any work. A full disk behind it shows only later. */
static bool can_print(struct error *err)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
        return fail(err, ERROR_WRITE, "standard output: %s", strerror(EBADF));
    return true;
}

static bool call_word(struct call *c, struct error *err)
{
    const struct word *w = c->word;
    if (c->o.help) {
        help_word(c->out, w, c->o.method);
        return true;
    }
    const char *name = w->takes_method && c->o.method ? c->o.method->name : "";
    if (c->o.n < w->least || c->o.n > w->most)
        return fail(err, ERROR_USAGE, "%s: %s; usage: eigenscope %s%s%s", w->name,
                    c->o.n < w->least ? "an argument is missing" : "too many arguments", w->name,
                    *name || *w->arguments ? " " : "", w->arguments);
    if (w != &workbench && stray_stdout() < 0)
        return fail(err, ERROR_WRITE, "standard output: %s", strerror(errno));
    return cli_limits(&c->o, err) && w->run(c, err);
}

/* What fails far from whoever knows the file: memory, numbers. */
static void name_input(const struct options *o, struct error *err)
{
    static const bool nameless[] = {
        [ERROR_LIMIT] = true,  [ERROR_MEMORY] = true,     [ERROR_NUMERIC] = true,
        [ERROR_FORMAT] = true, [ERROR_CANCELLED] = false,
    };
    struct error name, whole;
    if (!nameless[err->code] || !o->n)
        return;
    fail(&name, ERROR_NONE, "%.160s", o->arguments[0]);
    const char *end = strstr(name.text, "::");
    size_t n = end ? (size_t)(end - name.text) : strlen(name.text);
    if (!strncmp(err->text, name.text, n) || !strncmp(err->text, "...", 3))
        return;
    fail(&whole, err->code, "%s: %s", name.text, err->text);
    *err = whole;
}

bool cli_take(struct call *c, char **text, size_t *n, struct error *err)
{
    if (fflush(c->out))
        return fail(err, ERROR_MEMORY, "out of memory while printing");
    *text = c->text + c->told;
    *n = c->size - c->told;
    c->told = c->size;
    return true;
}

bool cli_flush(struct call *c, struct error *err)
{
    char *text = NULL;
    size_t n = 0;
    return cli_take(c, &text, &n, err) && write_all(text, n, err);
}

int cli_run(const struct word *w, int argc, char **argv)
{
    struct error err = { 0 };
    struct call c = { .word = w };
    c.out = open_memstream(&c.text, &c.size);
    bool ok = c.out || fail(&err, ERROR_MEMORY, "out of memory");
    ok = ok && can_print(&err) &&
         options_parse(w->name, w->groups, w->takes_method, argc, argv, &c.o, &err) &&
         call_word(&c, &err);
    if (c.out && fclose(c.out) && ok)
        ok = fail(&err, ERROR_MEMORY, "out of memory while printing");
    if (ok && atomic_load(&cli_cancel) && !c.o.output) /* an output that is there is no failure */
        ok = fail(&err, ERROR_CANCELLED, "interrupted");
    progress_end();
    ok = ok && write_all(c.text + c.told, c.size - c.told, &err);
    free(c.text);
    if (!ok)
        name_input(&c.o, &err);
    return ok ? 0 : cli_fail(&err);
}

bool cli_limits(const struct options *o, struct error *err)
{
    uint64_t bytes = memory_machine() / 4 * 3; /* the system needs some of it */
    if (o->max_memory && !options_size("max-memory", o->max_memory, &bytes, err))
        return false;
    memory_limit((size_t)bytes);
    blas_threads(o->common.threads);
    return true;
}

bool engine_open(const struct options *o, struct engine *out, struct error *err)
{
    struct backend *backend = backend_open(o->backend ? o->backend : "auto", o->device, err);
    if (!backend)
        return false;
    *out = (struct engine){ .backend = backend };
    progress_start(o->common.quiet);
    out->job = (struct job){
        .backend = backend,
        .scratch = &out->scratch,
        .cancel = &cli_cancel,
        .progress = progress_show,
    };
    return true;
}

void engine_close(struct engine *e)
{
    progress_end();
    arena_finish(&e->scratch);
    backend_close(e->backend);
    e->backend = NULL;
}

/* Whether a file could appear there; the sink finds out for certain, but late. */
static bool folder_ok(const char *path, struct error *err)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof(folder))
        return fail(err, ERROR_WRITE, "%s: %s", path, strerror(ENAMETOOLONG));
    memcpy(folder, path, n);
    folder[n] = '\0';
    if (access(n ? folder : slash ? "/" : ".", W_OK | X_OK))
        return fail(err, ERROR_WRITE, "%s: %s", path, strerror(errno));
    return true;
}

bool cli_output_ok(const struct options *o, bool picture, const char (*names)[NAME_TEXT], size_t n,
                   struct error *err)
{
    if (!o->output)
        return true;
    if (!export_fits(o->output, picture, n, err) || !export_names_fit(o->output, names, n, err))
        return false;
    struct stat there;
    if (stat(o->output, &there))
        return folder_ok(o->output, err);
    if (S_ISDIR(there.st_mode))
        return fail(err, ERROR_WRITE, "%s: is a directory", o->output);
    if (!o->common.force && S_ISREG(there.st_mode))
        return fail(err, ERROR_WRITE, "%s: exists; --force overwrites it", o->output);
    return true;
}

/* --seed is every word's: the settings of all methods start from it. */
static void seed_methods(const struct options *o, struct model *m)
{
    for (size_t i = 0; i < MODEL_METHODS && methods[i]; i++) {
        const struct param *seed = param_find(&methods[i]->params, "seed");
        if (seed && seed->kind == PARAM_SEED)
            memcpy(m->params[i].bytes + seed->offset, &o->common.seed, sizeof(o->common.seed));
    }
}

void cli_engine_flags(const struct options *o, char *out, size_t size)
{
    char threads[16];
    const char *const flags[][2] = { { "backend", o->backend },
                                     { "device", o->device },
                                     { "threads", o->common.threads ? threads : NULL } };
    size_t n = 0;
    out[0] = '\0';
    snprintf(threads, sizeof(threads), "%d", o->common.threads);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        char quoted[128];
        if (!flags[i][1] || n >= size)
            continue;
        provenance_quote(flags[i][1], quoted, sizeof(quoted));
        n += (size_t)snprintf(out + n, size - n, " --%s %s", flags[i][0], quoted);
    }
}

/* false: there is none yet. */
static bool session_to_restore(const struct options *o, char *path, size_t size, bool *there,
                               struct error *err)
{
    *there = true;
    if (*o->restore) {
        snprintf(path, size, "%s", o->restore);
        return true;
    }
    bool ok = session_path(path, size, false, err);
    *there = ok && access(path, F_OK) == 0;
    return ok;
}

/* A session that is not there yet is no failure, unless it was named. What the command line says
 * counts more. */
static bool restore(const struct options *o, struct model *m, bool open, struct error *err)
{
    static const char *const flags[] = { "planes", "precision", "nonfinite" };
    enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };
    char path[PATH_TEXT];
    const char *without[FLAGS + 3] = { NULL };
    size_t n = 0;
    bool there;
    if (!session_to_restore(o, path, sizeof(path), &there, err))
        return false;
    if (!there) {
        model_say(m, false, "no session has been kept yet");
        return true;
    }
    for (size_t i = 0; i < FLAGS; i++)
        if (options_given(o, flags[i]))
            without[n++] = flags[i];
    if (o->view)
        without[n++] = "view";
    if (!open)
        without[n++] = "open";
    if (!session_read(m, path, without, err))
        return false;
    if (options_given(o, "seed")) {
        seed_methods(o, m);
        model_changed(m);
    }
    if (m->message_is_error)
        cli_note("%s", m->message);
    return true;
}

/* Over the view that the file itself asks for. */
static void show_view(const struct options *o, struct model *m)
{
    if (o->view && m->document)
        view_show(m, view_find(o->view));
}

static bool run_commands(const struct options *o, struct model *m, struct error *err)
{
    m->keys_first = true;
    bool ok = !o->commands || command_run(m, o->commands, err);
    m->keys_first = false;
    return ok;
}

static bool begin_opened(struct model *m, const struct opening *w, struct error *err)
{
    const struct options *o = w->context;
    bool ok = !o->restore || restore(o, m, false, err);
    show_view(o, m);
    ok = ok && run_commands(o, m, err);
    history_forget(m);
    return ok;
}

/* The file named, or the one of the session that comes back. */
static bool wish(const struct options *o, struct model *m, struct error *err)
{
    char path[PATH_TEXT], name[PATH_TEXT];
    bool there = false;
    if (o->n && !opening_wish(m, o->arguments[0], err))
        return false;
    if (!o->n &&
        (!o->restore || !session_to_restore(o, path, sizeof(path), &there, err) || !there ||
         !session_opens(path, name, sizeof(name)) || !opening_wish(m, name, err)))
        return true;
    m->opening.then = begin_opened;
    m->opening.context = o;
    m->opening.first = o->n > 0;
    m->opening.regardless = !m->opening.first; /* without the file the rest comes back */
    return true;
}

static bool open_at_once(const struct options *o, struct model *m, struct error *err)
{
    char entry[NAME_TEXT];
    if (!o->n)
        return true;
    struct document *d = selection_document(o->arguments[0], NULL, entry, err);
    if (d)
        model_open(m, d, entry);
    document_unref(d);
    show_view(o, m);
    return d != NULL;
}

bool cli_begin(const struct options *o, struct model *m, struct error *err)
{
    return opening_waits(m) || run_commands(o, m, err);
}

bool cli_model(const struct options *o, struct model *m, bool patient, struct error *err)
{
    if (!model_init(m, err))
        return false;
    m->patient = patient;
    m->planes = (enum planes)o->picture.planes;
    m->dtype = (enum dtype)o->common.precision;
    m->nonfinite = (enum nonfinite)o->common.nonfinite;
    if (options_given(o, "seed"))
        seed_methods(o, m);
    if (o->view) {
        m->view = view_find(o->view);
        if (!m->view)
            return fail(err, ERROR_USAGE, "no view '%s'; `eigenscope docs views` lists them",
                        o->view);
    }
    cli_engine_flags(o, m->flags, sizeof(m->flags));
    if (!(patient ? wish(o, m, err) : open_at_once(o, m, err)))
        return false;
    return opening_waits(m) || !o->restore || restore(o, m, o->n == 0, err);
}
