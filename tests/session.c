/* Sessions: what is written is read back to the same state; what is recorded, played,
 * ends where the hands ended; and what a session may not do to a file. */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions.h"
#include "check.h"
#include "memory.h"
#include "player.h"
#include "session.h"
#include "typing.h"
#include "view.h"

static char folder[] = "/tmp/eigenscope-session-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static bool put(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    return f && fputs(text, f) >= 0 && fclose(f) == 0;
}

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

/* Some value of every row of every method, and of what the panes show. */
static void shake(struct model *m)
{
    for (size_t i = 0; i < model_methods(); i++)
        for (size_t r = 0; r < methods[i]->params.n; r++) {
            const struct param *p = &methods[i]->params.rows[r];
            double most = strcmp(p->key, "rank") ? fmin(p->max, 1e9) : 200;
            double at = p->min + (most - p->min) * (rand() % 1000) / 999.0;
            if (rand() % 2)
                param_put(p, &m->params[i], p->kind == PARAM_REAL ? at : floor(at));
        }
    for (size_t r = 0; r < session_rows.n; r++) {
        const struct param *p = &session_rows.rows[r];
        double at = p->min + (p->max - p->min) * (rand() % 1000) / 999.0;
        param_put(p, m, p->kind == PARAM_REAL ? at : floor(at + 0.5));
    }
    m->method = methods[(size_t)rand() % model_methods()];
    m->field = (size_t)rand() % m->method->params.n;
    m->planes = (enum planes)(rand() % 2);
    m->dtype = rand() % 2 ? DTYPE_F64 : DTYPE_F32;
    m->nonfinite = (enum nonfinite)(rand() % 3);
    history_mark_put(m, (char)('a' + rand() % 26));
    slot_keep(m, rand() % SLOT_COUNT);
}

/* How many things differ. */
static int differences(const struct model *a, const struct model *b)
{
    int n = a->method != b->method || a->field != b->field || a->planes != b->planes ||
            a->dtype != b->dtype || a->nonfinite != b->nonfinite || a->view != b->view;
    for (size_t i = 0; methods[i]; i++)
        n += !param_equal(&methods[i]->params, &a->params[i], &b->params[i]);
    for (size_t r = 0; r < session_rows.n; r++)
        n += param_get(&session_rows.rows[r], a) != param_get(&session_rows.rows[r], b);
    for (int i = 0; i < MARKS; i++)
        n += a->marks[i].method != b->marks[i].method ||
             (a->marks[i].method &&
              !param_equal(&a->marks[i].method->params, &a->marks[i].params, &b->marks[i].params));
    for (int i = 0; i < SLOT_COUNT; i++)
        n += a->slots[i].method != b->slots[i].method ||
             (a->slots[i].method &&
              !param_equal(&a->slots[i].method->params, &a->slots[i].params, &b->slots[i].params));
    n += !a->document != !b->document || strcmp(a->entry, b->entry) != 0;
    return n + (a->document && b->document && strcmp(a->document->name, b->document->name) != 0);
}

static void test_round_trip(void)
{
    static const char *const opened[] = { "open demo:photo", "open demo:photo::g",
                                          "open demo:phantom256" };
    struct error err;
    int wrong = 0, failed = 0;
    srand(3);
    for (int i = 0; i < 40; i++) {
        static struct model a, b;
        model_init(&a, &err);
        model_init(&b, &err);
        failed += !command(&a, opened[i % 3]);
        shake(&a);
        shake(&b); /* whatever stood there before */
        failed += !session_write(&a, in_folder("a.session"), &err) ||
                  !session_read(&b, in_folder("a.session"), NULL, &err) || b.message_is_error;
        if (b.message[0])
            printf("# %s\n", b.message);
        wrong += differences(&a, &b);
        model_finish(&a);
        model_finish(&b);
    }
    unlink(in_folder("a.session"));
    CHECK(failed == 0);
    CHECK(wrong == 0);
}

/* Nothing but names and parameters. */
static void test_no_pixels(void)
{
    static struct model m;
    struct error err;
    char *text = NULL;
    size_t size = 0;
    model_init(&m, &err);
    CHECK(command(&m, "open demo:photo; method lplr; k 9; mark a"));
    FILE *out = open_memstream(&text, &size);
    session_print(&m, true, out);
    fclose(out);
    CHECK(size < 400 && !strncmp(text, "# eigenscope session 1\n", 23));
    CHECK(strstr(text, "\nopen demo:photo\n") && strstr(text, "method lplr; set rank=9\n"));
    CHECK(strstr(text, "\nmark a lplr rank=9\n") != NULL);
    free(text);
    model_finish(&m);
}

static bool refused(struct model *m, const char *name, enum error_code code)
{
    struct error err = { 0 };
    return !session_read(m, in_folder(name), NULL, &err) && err.code == code && err.text[0];
}

static void test_bad_files(void)
{
    static struct model m;
    struct error err;
    model_init(&m, &err);
    CHECK(refused(&m, "nothing.session", ERROR_READ));
    CHECK(put("b.session", "k 3\n") && refused(&m, "b.session", ERROR_FORMAT));
    CHECK(put("b.session", "# eigenscope session 2\nk 3\n"));
    CHECK(refused(&m, "b.session", ERROR_FORMAT));
    CHECK(put("b.session", "# eigenscope session 1\n\nmethod lplr\nfuture thing\nk 5\n"
                           "open /nowhere/x.png\nshow gaps=on\n"));
    CHECK(session_read(&m, in_folder("b.session"), NULL, &err));
    CHECK(m.message_is_error && strstr(m.message, "b.session:4: ") &&
          strstr(m.message, "and 1 more"));
    CHECK(model_rank(&m) == 5 && m.gaps && !m.document); /* the rest is restored */
    CHECK(put("b.session", "# eigenscope session 1\nsource b.session\n"));
    CHECK(chdir(folder) == 0 && command(&m, "source b.session") && m.message_is_error);
    FILE *many = fopen("b.session", "w"); /* 8 levels of 40 would take days */
    CHECK(many && fputs("# eigenscope session 1\n", many) >= 0);
    for (int i = 0; many && i < 40; i++)
        fputs("source b.session\n", many);
    CHECK(many && fclose(many) == 0 && command(&m, "source b.session") && m.message_is_error);
    CHECK(session_read(&m, "b.session", NULL, &err) && command(&m, "k 4") && m.depth == 0);

    CHECK(mkfifo("b.pipe", 0600) == 0 && !session_write(&m, "b.pipe", &err)); /* nobody reads it */
    CHECK(unlink("b.pipe") == 0);
    CHECK(put("b.png", "something else"));
    CHECK(!session_write(&m, in_folder("b.png"), &err) && err.code == ERROR_WRITE);
    CHECK(command(&m, "w b.session") && strstr(m.message, "wrote"));
    CHECK(session_read(&m, in_folder("b.session"), NULL, &err) && !m.message_is_error);
    unlink(in_folder("b.session"));
    unlink(in_folder("b.png"));
    model_finish(&m);
}

static void test_path(void)
{
    char path[PATH_TEXT];
    struct error err;
    setenv("XDG_STATE_HOME", "/x/state", 1);
    setenv("HOME", folder, 1);
    CHECK(session_path(path, sizeof(path), false, &err) &&
          !strcmp(path, "/x/state/eigenscope/last.session"));
    setenv("XDG_STATE_HOME", "relative", 1); /* its specification: to be ignored */
    CHECK(session_path(path, sizeof(path), true, &err) && !strncmp(path, folder, strlen(folder)) &&
          strstr(path, "/.local/state/eigenscope/last."));
    static struct model m;
    model_init(&m, &err);
    CHECK(chdir(folder) == 0 && put("p.pgm", "P2 2 2 255 0 1 2 3\n"));
    CHECK(command(&m, "open p.pgm; w; open demo:phantom256") && chdir("/") == 0);
    CHECK(command(&m, "source .session") == false && m.document->name[0] == 'd');
    CHECK(session_read(&m, path, NULL, &err) && !m.message_is_error); /* found from elsewhere */
    CHECK(!strcmp(m.document->name, in_folder("p.pgm")));
    unlink(in_folder("p.pgm"));
    model_finish(&m);
    unlink(path);
    static const char *const folders[] = { ".local/state/eigenscope", ".local/state", ".local" };
    for (int i = 0; i < 3; i++)
        rmdir(in_folder(folders[i]));
    unsetenv("XDG_STATE_HOME");
}

static void press(struct model *m, const char *keys)
{
    char key[16];
    while (*keys) {
        size_t n = strcspn(keys, " ");
        snprintf(key, sizeof(key), "%.*s", (int)n, keys);
        uint32_t text;
        typing_text(key, &text);
        action_press(m, key, text);
        m->now += 0.25;
        keys += n + strspn(keys + n, " ");
    }
}

/* The clock of a machine that is up for long. begun: its reading at the start is known, else the first key's. */
static double first_wait(bool begun)
{
    static struct model m;
    struct error err;
    double seconds = 0;
    model_init(&m, &err);
    struct recorder *r = recorder_open(in_folder("w.session"), true, &m, &err);
    m.recorder = r;
    m.now = 1e6;
    if (r && begun)
        recorder_begin(r, &m);
    m.now += 1.5;
    press(&m, "l l");
    m.recorder = NULL;
    CHECK(r && recorder_close(r, &m, &err));
    char *text = session_load(in_folder("w.session"), &err);
    const char *line = text ? strstr(text, "\nwait ") : NULL;
    CHECK(line && sscanf(line, " wait %lf", &seconds) == 1);
    memory_free(text);
    model_finish(&m);
    unlink(in_folder("w.session"));
    return seconds;
}

static void test_first_wait(void)
{
    CHECK_NEAR(first_wait(true), 1.5, 1e-9);
    CHECK_NEAR(first_wait(false), 0.25, 1e-9);
}

/* Keys at the base and in every overlay; played at once, they end at the same state. */
static void test_replay(void)
{
    static struct model a, b;
    struct error err;
    model_init(&a, &err);
    model_init(&b, &err);
    CHECK(command(&a, "open demo:phantom256"));
    a.recorder = recorder_open(in_folder("r.session"), false, &a, &err);
    CHECK(a.recorder != NULL);
    CHECK(recorder_open(in_folder("r.session"), false, &a, &err) == NULL);
    press(&a, "l l l p j j j Enter j l L = 1 2 Enter : k Space 3 ; Backspace Enter i Y Y m a r u "
              "C-r ? g a p s Enter C-p x - l o g Enter Tab ' a P : n o Enter Esc");
    const struct param *rank = param_find(&a.method->params, "rank");
    param_put(rank ? rank : a.method->params.rows, model_params(&a), 3); /* no key did that */
    CHECK(recorder_close(a.recorder, &a, &err));
    a.recorder = NULL;

    b.player = player_open(in_folder("r.session"), 2, &err);
    struct player *player = b.player;
    double now = 0, waited = 0;
    int steps = 0;
    for (; b.player && !b.quit && steps < 1000; steps++) {
        double left = player_left(b.player, &b, now);
        if (isinf(left)) /* nobody computes here */
            b.stale = b.busy = false;
        else if (left > 0)
            now += left, waited += left;
        player_step(b.player, &b, now);
    }
    printf("# %d lines, %.2f s\n", steps, waited / 1e3);
    if (differences(&a, &b) > 0) {
        session_print(&a, false, stdout);
        session_print(&b, false, stdout);
    }
    CHECK(!b.player && player && steps > 40);
    CHECK(differences(&a, &b) == 0);
    CHECK(a.typed_n > 1 && a.typed_n == b.typed_n);
    CHECK_NEAR(waited, (a.now - 0.25) / 2 * 1e3, 0.01);
    player_close(player);
    unlink(in_folder("r.session"));

    CHECK(put("p.session", "# eigenscope session 1\nk 7\nnonsense\nwait 0.5\nk 8\n"));
    b.quit = false;
    b.player = player = player_open(in_folder("p.session"), 1, &err);
    for (steps = 0; b.player && steps < 20; steps++)
        player_step(b.player, &b, 1e6 * steps);
    CHECK(steps == 6 && model_rank(&b) == 8); /* and the hands have it again */
    CHECK(b.message_is_error && strstr(b.message, "p.session:3: "));
    player_close(player);
    unlink(in_folder("p.session"));
    model_finish(&a);
    model_finish(&b);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 2;
    size_t used = memory_used();
    test_round_trip();
    test_no_pixels();
    test_bad_files();
    test_path();
    test_first_wait();
    test_replay();
    CHECK(memory_used() == used);
    CHECK(rmdir(folder) == 0);
    return check_done();
}
