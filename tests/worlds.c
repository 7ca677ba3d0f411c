/* The privacy view beyond its sandbox, without a terminal: what entering the release forgets, that nothing
 * looks at the data there, what has to be said before anything is spent, one release and a gradual one,
 * stopping, what a release file opens as, and that exploring costs nothing. */

#include "golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions.h"
#include "catalogue.h"
#include "entropy.h"
#include "memory.h"
#include "overlay.h"
#include "reproduce.h"
#include "session.h"
#include "view.h"

enum { ROWS = 60, COLS = 6, FILE_MOST = 1 << 16 };

static struct backend *backend;
static struct study *study;
static atomic_bool cancel;
static char folder[] = "/tmp/eigenscope-worlds-XXXXXX";

/* In place of the engine's: how often something was drawn that nobody may guess. */
static size_t draws;

bool entropy_fill(void *out, size_t n, struct error *err)
{
    draws++;
    return getrandom(out, n, 0) == (ssize_t)n || fail(err, ERROR_READ, "no random bytes");
}

/* ---- data ---- */

/* Rows of norm up to 1 along a few directions. `other`: a neighbour, whose last row is as different as
 * can be: far too long, and not a number. */
static double entry(int row, int col, bool other)
{
    if (other && row == ROWS - 1)
        return col == 0 ? (double)NAN : 7654.25;
    return 0.6 * cos(0.7 * row + col) * (col < 2) + 0.1 * sin(1.3 * row * (col + 1));
}

static bool write_rows(const char *path, bool other)
{
    char head[128];
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    int n = snprintf(head, sizeof(head),
                     "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", ROWS, COLS);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f);
    fprintf(f, "%s%*s\n", head, 117 - n, "");
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) {
            double v = entry(i, j, other);
            fwrite(&v, sizeof(v), 1, f);
        }
    return fclose(f) == 0;
}

/* Two folders with a file of one name, and a ledger of their own each. */
static bool enter(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return chdir(path) == 0;
}

static bool make_folders(void)
{
    bool ok = mkdtemp(folder) && chdir(folder) == 0;
    ok = ok && !mkdir("one", 0700) && !mkdir("two", 0700) && !mkdir("state", 0700);
    return ok && write_rows("one/people.npy", false) && write_rows("two/people.npy", true);
}

static size_t read_text(const char *path, char *out)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(out, 1, FILE_MOST - 1, f) : 0;
    if (f)
        fclose(f);
    out[n] = 0;
    return n;
}

static char ledger_path[512], text[FILE_MOST], text_before[FILE_MOST];

static size_t ledger_lines(void)
{
    struct ledger l = { 0 };
    struct error err;
    size_t n = ledger_read(ledger_path, &l, &err) ? l.n : (size_t)-1;
    ledger_finish(&l);
    return n;
}

/* ---- the model ---- */

static void take(void *context, struct outcome *o)
{
    model_accept(context, o);
}

static size_t asked[REQUEST_KINDS];

static size_t settle(struct model *m)
{
    struct request r;
    size_t n = 0;
    memset(asked, 0, sizeof(asked));
    for (; n < 64 && model_want(m, true, &r); n++) {
        asked[r.kind]++;
        study_run(study, &r, &cancel, NULL, take, m);
        request_finish(&r);
    }
    return n;
}

static void press(struct model *m, const char *key)
{
    action_press(m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
}

static void type(struct model *m, const char *word)
{
    for (char key[2] = { 0 }; (key[0] = *word); word++)
        press(m, key);
}

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

static bool open_people(struct model *m, const char *where)
{
    struct error err;
    return enter(where) && model_init(m, &err) && command(m, "open people.npy");
}

static bool holds_nothing(const struct model *m)
{
    return !m->subject && !m->shown && isnan(m->numbers.error) && !m->theatre.matrix &&
           !m->theatre.paths;
}

/* ---- the release shows nothing of the data ---- */

/* What sets the sandbox's parameters, or answers of its spectrum, does nothing beyond it; `hold` tells how many
 * bits an entry there are, which is how many rows. */
static void test_hidden(struct model *m)
{
    static const char *const names[] = { "elbow", "hold",   "full",        "undo",
                                         "redo",  "reseed", "next-method", "maximum",
                                         "more",  "mark",   "methods" };
    static const char *const keys[] = { "g", "G", "s", "u", "C-r", "r", "P", "m", "'", "p" };
    const struct method *method = m->method;
    size_t told = 0, changed = 0, shown = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct params_any before = *model_params(m);
        struct deed deeds[CATALOGUE_MOST];
        m->message[0] = 0;
        m->message_is_error = false;
        command(m, names[i]);
        told += m->message_is_error && strstr(m->message, "of the sandbox");
        changed += memcmp(&before, model_params(m), sizeof(before)) || m->method != method;
        for (size_t d = catalogue_list(m, deeds); d > 0; d--)
            shown += deeds[d - 1].action && !strcmp(deeds[d - 1].name, names[i]);
    }
    printf("# %zu told, %zu changed, %zu listed\n", told, changed, shown);
    CHECK(told == sizeof(names) / sizeof(names[0]) && changed == 0 && shown == 0);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct params_any before = *model_params(m);
        press(m, keys[i]);
        changed += memcmp(&before, model_params(m), sizeof(before)) || m->method != method;
        changed += m->overlay != OVERLAY_NONE || m->await || m->elbow || m->budget > 0;
    }
    CHECK(changed == 0 && m->worlds.world == WORLD_RELEASE && holds_nothing(m) && settle(m) == 0);
    CHECK(!strstr(golden_screen(m, 120, 40, true), "elbow"));
}

static void test_nothing_of_the_data(void)
{
    struct model m;
    CHECK(open_people(&m, "one"));
    CHECK(settle(&m) > 0 && m.subject && m.shown);
    press(&m, "4");
    CHECK(worlds_in_sandbox(&m) && !worlds_away(&m));
    settle(&m);
    press(&m, "p");
    CHECK(worlds_in_release(&m) && worlds_away(&m) && holds_nothing(&m));
    CHECK(settle(&m) == 0 && holds_nothing(&m));
    CHECK(command(&m, "release epsilon=2; set rank=2") && settle(&m) == 0);
    test_hidden(&m);
    struct error err;
    CHECK(!command_run(&m, "export out.npy", &err) && settle(&m) == 0 && access("out.npy", F_OK));
    press(&m, "Esc");
    CHECK(worlds_in_sandbox(&m) && m.view == view_find("privacy"));
    press(&m, "1");
    CHECK(settle(&m) > 0 && m.subject);
    model_finish(&m);
}

static void screens_of(struct model *m, char *out)
{
    static const int sizes[][2] = { { 20, 5 }, { 80, 24 }, { 120, 40 }, { 200, 60 } };
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        n += (size_t)snprintf(out + n, FILE_MOST - n, "%s",
                              golden_screen(m, sizes[i][0], sizes[i][1], true));
}

/* All that a release shows, says and writes before it is made; the neighbours differ in one row. */
static void tell_all(const char *where, char *out)
{
    struct model m;
    struct error err;
    size_t n;
    char *session = NULL;
    if (!open_people(&m, where))
        return;
    settle(&m); /* the sandbox says what it likes: of the other one, that it will not do */
    press(&m, "4");
    settle(&m);
    command(&m, "release dataset=people epsilon=1 relation=add-remove file=r.safetensors");
    settle(&m);
    screens_of(&m, out);
    n = strlen(out);
    FILE *f = open_memstream(&session, &(size_t){ 0 });
    if (f) {
        session_print(&m, false, f);
        fclose(f);
        n += (size_t)snprintf(out + n, FILE_MOST - n, "%s\n", session);
    }
    free(session);
    press(&m, "Enter");
    type(&m, "peopel");
    press(&m, "Enter");
    n += (size_t)snprintf(out + n, FILE_MOST - n, "%s\n", m.message);
    worlds_release(&m, &err);
    snprintf(out + n, FILE_MOST - n, "%s %zu\n", m.message, settle(&m));
    model_finish(&m);
}

static void test_neighbours(void)
{
    tell_all("one", text_before);
    tell_all("two", text);
    CHECK(strlen(text) > 1000 && !strcmp(text, text_before));
    CHECK(strstr(text, "RELEASE") && strstr(text, "open people.npy"));
    CHECK(!strstr(text, "60 rows") && !strstr(text, "7654") && !strstr(text, "NaN"));
}

/* ---- what has to be said first ---- */

static bool says(const struct model *m, const char *words)
{
    bool ok = m->message_is_error && strstr(m->message, words);
    if (!ok)
        printf("# said: %s\n", m->message);
    return ok;
}

/* An Enter by hand, and one more, on a dialog that somebody else may have left. */
static void spend_nothing(struct model *m)
{
    press(m, "Enter");
    press(m, "Enter");
    CHECK(m->overlay == OVERLAY_NONE && !m->worlds.wanted && settle(m) == 0 &&
          m->worlds.asked == 0);
}

/* What types the name and leaves the last Enter to a hand: a line of `:`, a file that is played, -x. */
static void test_half_a_hand(struct model *m)
{
    static const char *const lines[] = {
        "press Enter; press p; press e; press o; press p; press l; press e",
        "spend; press p; press e; press o; press p; press l; press e"
    };
    struct error err;
    for (int i = 0; i < 6; i++) {
        m->keys_first = i >= 2; /* -x */
        m->player = i >= 4 ? (struct player *)(void *)m->line
                           : NULL; /* some: it is only looked at */
        command_run(m, lines[i % 2], &err);
        m->keys_first = false;
        m->player = NULL;
        CHECK(!m->line[0] || m->overlay != OVERLAY_CONFIRM);
        spend_nothing(m);
    }
}

static void test_refusals(void)
{
    struct model m;
    struct error err;
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release epsilon=1 delta=1e-6"));
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_NONE && says(&m, "name the dataset"));
    CHECK(command(&m, "release dataset=people"));
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_NONE && says(&m, "where it is to be written"));
    CHECK(command(&m, "release file=people.npy"));
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_NONE && says(&m, "overwrites nothing"));
    CHECK(command(&m, "release file=release.png"));
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_NONE && m.message_is_error);
    CHECK(command(&m, "release file=release.safetensors"));
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_CONFIRM);
    type(&m, "peopl");
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_NONE && says(&m, "nothing was spent") && settle(&m) == 0);
    press(&m, "Enter");
    press(&m, "Esc");
    CHECK(m.overlay == OVERLAY_NONE && settle(&m) == 0);
    /* no script spends */
    press(&m, "Enter");
    type(&m, "people");
    command_run(&m, "press Enter", &err);
    CHECK(says(&m, "by hand") && settle(&m) == 0 && m.worlds.asked == 0);
    test_half_a_hand(&m);
    CHECK(command(&m, "release budget=0.5,1e-6"));
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_NONE && says(&m, "over the budget"));
    CHECK(!command_run(&m, "release budget=4", &err) && !command_run(&m, "release n=4", &err));
    CHECK(ledger_lines() == 0 && access("release.safetensors", F_OK) != 0);
    model_finish(&m);
}

/* ---- one release, and a free look at it ---- */

static void spend(struct model *m)
{
    press(m, "Enter");
    type(m, "people");
    press(m, "Enter");
}

/* All keys that change something there. */
static void hundred_moves(struct model *m)
{
    static const char *const keys[] = { "l", "l", "j", "h", "L", "j", "l", "$", "j",
                                        "l", "^", "H", "k", "k", "l", "k", "h" };
    size_t n = sizeof(keys) / sizeof(keys[0]);
    for (size_t i = 0; i < 100; i++) {
        press(m, keys[(i * 7 + i / n) % n]);
        golden_screen(m, 80, 24, true);
    }
}

static char *session_of(const struct model *m)
{
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    if (f) {
        session_print(m, false, f);
        fclose(f);
    }
    return out;
}

/* As a session is read: what it says, line by line. */
static bool replay(struct model *m, char *session)
{
    struct error err;
    bool ok = session && model_init(m, &err);
    for (char *line; ok && (line = strsep(&session, "\n"));)
        ok = command(m, line);
    return ok;
}

/* Of people whose file stays open: their release, explored, comes back as its file, and not as the price of
 * a second one. */
static void check_explored(const struct model *m)
{
    struct model again;
    char *one = session_of(m), *lines = session_of(m);
    CHECK(one && strstr(one, "\nopen release.safetensors\n") && strstr(one, "\nexplore"));
    CHECK(replay(&again, lines) && worlds_in_explore(&again) && !again.message_is_error);
    CHECK(again.worlds.released && !again.worlds.wish.file[0]);
    free(one);
    free(lines);
    model_finish(&again);
}

static void test_release(void)
{
    struct model m;
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release dataset=people epsilon=1 delta=1e-6 rank=2 budget=2,1e-6 "
                      "file=release.safetensors"));
    double price = m.worlds.price.is.mu, deviation = m.worlds.price.is.deviation;
    spend(&m);
    CHECK(m.worlds.wanted && settle(&m) == 1 && asked[REQUEST_RELEASE] == 1);
    const struct released *r = m.worlds.released;
    CHECK(worlds_in_explore(&m) && r && r->n_views == 1 && r->d == COLS && !m.worlds.out);
    CHECK(r && r->mu == price && r->views[0].deviation == deviation);
    CHECK(access("release.safetensors", F_OK) == 0 && ledger_lines() == 1);
    CHECK(m.worlds.before.releases == 1 && m.worlds.before.mu == price && holds_nothing(&m));
    size_t before = read_text(ledger_path, text_before);
    double first = r ? r->views[0].values[0] : 0;
    size_t drawn = draws;
    hundred_moves(&m);
    CHECK(drawn > 0 && draws == drawn && settle(&m) == 0 && m.worlds.asked == 1);
    CHECK(read_text(ledger_path, text) == before && !memcmp(text, text_before, before));
    CHECK(r == m.worlds.released && r && r->views[0].values[0] == first);
    check_explored(&m);
    press(&m, "b"); /* and back */
    CHECK(worlds_in_sandbox(&m));
    press(&m, "x");
    CHECK(worlds_in_explore(&m) && r == m.worlds.released && ledger_lines() == 1);
    model_finish(&m);
}

/* What another view found in between is forgotten again; a release is left by looking elsewhere. */
static void test_elsewhere(void)
{
    struct model m;
    CHECK(open_people(&m, "one") && command(&m, "release dataset=people"));
    press(&m, "1");
    CHECK(worlds_in_sandbox(&m) && settle(&m) > 0 && m.subject);
    CHECK(command(&m, "open release.safetensors") && worlds_in_explore(&m));
    CHECK(command(&m, "open release.safetensors::y; view image"));
    CHECK(!strcmp(m.entry, "y") && settle(&m) > 0 && m.subject);
    struct error err;
    CHECK(!command_run(&m, "release", &err) && strstr(err.text, "released already"));
    press(&m, "4");
    CHECK(worlds_in_explore(&m) && holds_nothing(&m) && settle(&m) == 0);
    model_finish(&m);
}

static bool badge_is(struct model *m, const char *says)
{
    static const int sizes[][2] = { { 20, 5 }, { 80, 24 }, { 120, 40 } };
    bool ok = true;
    for (size_t i = 0; i < 3; i++) {
        const char *screen = golden_screen(m, sizes[i][0], sizes[i][1], i > 0);
        const char *row = strchr(screen, '\n'), *at = strstr(screen, says ? says : "SANDBOX");
        bool there = at && row && at < row;
        if (there != (says != NULL) ||
            (!says && row && memmem(screen, (size_t)(row - screen), "EXPLORE", 7)))
            ok = false, printf("# %d x %d: %.*s\n", sizes[i][0], sizes[i][1],
                               row ? (int)(row - screen) : 0, screen);
    }
    return ok;
}

/* Once there is a release, no view shows the data without saying that it is not private. */
static void test_badges(void)
{
    struct model m;
    CHECK(open_people(&m, "one") && settle(&m) > 0 && badge_is(&m, NULL));
    CHECK(command(&m, "release dataset=badges epsilon=0.1 file=badges.safetensors"));
    press(&m, "1");
    CHECK(badge_is(&m, NULL)); /* nothing came of it */
    press(&m, "4");
    press(&m, "p");
    press(&m, "Enter");
    type(&m, "badges");
    press(&m, "Enter");
    CHECK(m.worlds.wanted && badge_is(&m, "RELEASE"));
    press(&m, "1");
    CHECK(badge_is(&m, "SANDBOX"));
    CHECK(settle(&m) > 0 && badge_is(&m, "EXPLORE"));
    for (const char *keys = "12356789"; *keys; keys++) {
        press(&m, (char[]){ *keys, 0 });
        settle(&m);
        CHECK(badge_is(&m, m.view == view_find("privacy") ? "EXPLORE" : "SANDBOX"));
    }
    CHECK(command(&m, "open badges.safetensors::y; view image") && settle(&m) > 0);
    CHECK(badge_is(&m, "EXPLORE"));
    CHECK(command(&m, "open people.npy; view image") && settle(&m) > 0 && badge_is(&m, "SANDBOX"));
    CHECK(unlink("badges.safetensors") == 0);
    model_finish(&m);
}

/* The neighbour's row that is too long and not a number makes nobody say anything. */
static void test_release_of_other(void)
{
    struct model m;
    size_t lines = ledger_lines();
    CHECK(open_people(&m, "two"));
    CHECK(command(&m, "release dataset=people epsilon=0.1 rank=2 file=other.safetensors "
                      "budget=5,1e-6"));
    spend(&m);
    CHECK(settle(&m) == 1 && worlds_in_explore(&m) && !m.message_is_error);
    printf("# %s\n", m.message);
    CHECK(strstr(m.message, "wrote other.safetensors") && !strstr(m.message, "row"));
    CHECK(ledger_lines() == lines + 1 && unlink("other.safetensors") == 0);
    model_finish(&m);
}

/* Twice as much as is left of (2, 1e-6). */
static void test_over_budget(void)
{
    struct model m;
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release dataset=people epsilon=2 delta=1e-6 file=second.safetensors"));
    CHECK(m.worlds.before.releases == 1 && m.worlds.after.over);
    press(&m, "Enter");
    CHECK(m.overlay == OVERLAY_NONE && says(&m, "over the budget") && settle(&m) == 0);
    CHECK(!strstr(golden_screen(&m, 120, 40, true), "RAISED") &&
          command(&m, "release budget=9,1e-6"));
    CHECK(strstr(golden_screen(&m, 120, 40, true), "RAISED") != NULL);
    CHECK(command(&m, "release budget=2,1e-6"));
    /* Someone else spends between the look and the spend: refused there, with nothing drawn. */
    CHECK(command(&m, "release epsilon=1"));
    press(&m, "Enter");
    type(&m, "people");
    press(&m, "Enter");
    struct error err;
    struct ledger_spend other = {
        .dataset = "people", .mu = 0.34, .clip = 1, .epsilon = 1, .delta = 1e-6
    };
    CHECK(m.worlds.wanted && ledger_spend(ledger_path, &other, NULL, &err));
    CHECK(settle(&m) == 1 && asked[REQUEST_RELEASE] == 1 && worlds_in_release(&m));
    CHECK(m.message_is_error && !m.worlds.out && !m.busy && ledger_lines() == 2);
    CHECK(access("second.safetensors", F_OK) != 0);
    model_finish(&m);
}

/* A name with blanks in it, as the command line takes it: typed, printed and read back. */
static void test_blanks(void)
{
    struct model m;
    char *line = NULL;
    size_t size;
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release dataset=\"trial one b\" rank=3 file=two\\ words.npy"));
    CHECK(!strcmp(m.worlds.wish.dataset, "trial one b") && m.worlds.wish.rank == 3);
    CHECK(!strcmp(m.worlds.wish.file, "two words.npy"));
    FILE *f = open_memstream(&line, &size);
    worlds_print(&m, f);
    fclose(f);
    printf("# %s", line);
    CHECK(command(&m, "release dataset=x file=y.npy") && !strcmp(m.worlds.wish.dataset, "x"));
    line[strcspn(line, "\n")] = 0;
    CHECK(command(&m, line) && !strcmp(m.worlds.wish.dataset, "trial one b"));
    CHECK(!strcmp(m.worlds.wish.file, "two words.npy"));
    free(line);
    model_finish(&m);
}

static bool confirmed(struct model *m, const char *terms, struct request *r)
{
    char line[256];
    snprintf(line, sizeof(line), "release dataset=unwritten rank=2 %s", terms);
    if (!open_people(m, "one") || !command(m, line))
        return false;
    press(m, "Enter");
    type(m, "unwritten");
    press(m, "Enter");
    return model_want(m, true, r) && r->kind == REQUEST_RELEASE;
}

/* No room for the file: refused before anything is spent. */
static void test_full_disk(void)
{
    const char *const ways[] = { "file=full.safetensors", "file=full.npy views=3" };
    struct rlimit before, small;
    size_t lines = ledger_lines(), refused = 0;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small = (struct rlimit){ 8192, before.rlim_max };
    for (size_t i = 0; i < 2; i++) {
        struct model m;
        struct request r;
        CHECK(confirmed(&m, ways[i], &r) && setrlimit(RLIMIT_FSIZE, &small) == 0);
        study_run(study, &r, &cancel, NULL, take, &m);
        CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
        request_finish(&r);
        refused += worlds_in_release(&m) && m.message_is_error && ledger_lines() == lines;
        model_finish(&m);
    }
    CHECK(refused == 2);
}

/* Somebody else's file turns up at that place once it is paid for. */
static void occupy(void *context, double done, const char *stage)
{
    FILE *f = !strcmp(stage, "noise") ? fopen("taken.safetensors", "w") : NULL;
    (void)context, (void)done;
    if (f)
        fclose(f);
}

static void test_unwritten(void)
{
    const char *const ways[] = { "file=taken.safetensors", "file=taken.safetensors views=3" };
    struct stat status;
    size_t lines = ledger_lines(), kept = 0;
    for (size_t i = 0; i < 2; i++) {
        struct model m;
        struct request r;
        CHECK(confirmed(&m, ways[i], &r));
        study_run(study, &r, &cancel, occupy, take, &m);
        request_finish(&r);
        const struct released *x = m.worlds.released;
        struct released *again = NULL;
        struct error err;
        CHECK(worlds_in_explore(&m) && x && ledger_lines() == lines + i + 1 && m.message_is_error);
        printf("# %s\n", m.message);
        if (x && strstr(x->file, "/eigenscope/unwritten-") &&
            (again = released_read(x->file, &err)))
            kept += again->views[0].values[0] == x->views[x->n_views - 1].values[0];
        released_destroy(again);
        CHECK(x && unlink(x->file) == 0);
        CHECK(stat("taken.safetensors", &status) == 0 && status.st_size == 0);
        CHECK(unlink("taken.safetensors") == 0);
        model_finish(&m);
    }
    CHECK(kept == 2);
}

static void test_gradual(void)
{
    struct model m;
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release dataset=gradual epsilon=1 delta=1e-6 views=5 coarsest=0.1 rank=2 "
                      "file=gradual.safetensors"));
    double price = m.worlds.price.is.mu;
    press(&m, "Enter");
    type(&m, "gradual");
    press(&m, "Enter");
    CHECK(settle(&m) == 1 && worlds_in_explore(&m) && ledger_lines() == 3);
    const struct released *r = m.worlds.released;
    CHECK(r && r->n_views == 5 && r->mu == price && m.worlds.before.mu == price);
    bool falls = true, differ = true;
    for (size_t i = 1; r && i < r->n_views; i++) {
        falls &= r->views[i].deviation < r->views[i - 1].deviation &&
                 r->views[i].mu > r->views[i - 1].mu;
        differ &= r->views[i].values[0] != r->views[i - 1].values[0];
    }
    CHECK(falls && differ && r && r->views[r->n_views - 1].mu == price);
    CHECK(m.worlds.look.view == 1 && m.worlds.seen == 1);
    CHECK(r && worlds_view(&m) == &r->views[0]);
    CHECK(command(&m, "explore view=4") && m.worlds.seen == 4 && command(&m, "explore view=2"));
    CHECK(m.worlds.seen == 4 && r && worlds_view(&m) == &r->views[1]);
    CHECK(settle(&m) == 0 && ledger_lines() == 3 && m.worlds.asked == 1);
    struct error err;
    CHECK(!command_run(&m, "export look.safetensors", &err) && settle(&m) == 0);
    model_finish(&m);
}

/* C-c before anything is spent: nothing is, and the model waits for nothing. */
static void test_stopped(void)
{
    struct model m;
    size_t lines = ledger_lines();
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release dataset=stopped file=stopped.safetensors"));
    press(&m, "Enter");
    type(&m, "stopped");
    press(&m, "Enter");
    struct request r;
    CHECK(model_want(&m, true, &r) && r.kind == REQUEST_RELEASE && m.busy);
    press(&m, "C-c");
    CHECK(m.cancel && m.busy && !model_want(&m, true, &(struct request){ 0 }));
    press(&m, "b");
    press(&m, "Esc");
    CHECK(worlds_in_release(&m)); /* until it is answered for */
    press(&m, "1");
    CHECK(!model_want(&m, true, &(struct request){ 0 })); /* and nothing overtakes it */
    press(&m, "4");
    press(&m, "q");
    CHECK(!m.quit);
    atomic_store(&cancel, true);
    study_run(study, &r, &cancel, NULL, take, &m);
    atomic_store(&cancel, false);
    request_finish(&r);
    CHECK(!m.busy && !m.worlds.out && worlds_in_release(&m) && m.message_is_error);
    CHECK(ledger_lines() == lines && access("stopped.safetensors", F_OK) != 0);
    model_finish(&m);
}

/* ---- a release file ---- */

/* What says that it is a release, and is none, is a file like any other with a line about it. */
static void test_no_release(void)
{
    struct model m;
    struct error err;
    char head[] = "{\"__metadata__\":{\"eigenscope.world\":\"release\"},\"y\":{\"dtype\":\"F32\","
                  "\"shape\":[1,2],\"data_offsets\":[0,8]}} ";
    uint64_t size = sizeof(head) - 1;
    CHECK(enter("one") && model_init(&m, &err));
    FILE *f = fopen("none.safetensors", "wb");
    if (f) {
        fwrite(&size, sizeof(size), 1, f);
        fwrite(head, 1, size, f);
        fwrite("\0\0\0\0\0\0\0\0", 1, 8, f);
        fclose(f);
    }
    CHECK(command(&m, "open none.safetensors") && worlds_in_sandbox(&m) && !m.worlds.released);
    CHECK(m.message_is_error && m.document && unlink("none.safetensors") == 0);
    model_finish(&m);
}

static void test_file(void)
{
    struct model m;
    struct error err;
    CHECK(enter("one") && model_init(&m, &err) && command(&m, "open release.safetensors"));
    const struct released *r = m.worlds.released;
    CHECK(worlds_in_explore(&m) && worlds_away(&m) && r && r->d == COLS && r->rank == 2);
    CHECK(settle(&m) == 0 && strstr(golden_screen(&m, 80, 24, true), "EXPLORE"));
    const char *screen = golden_screen(&m, 120, 40, true);
    CHECK(strstr(screen, "its dataset is not in the file") && strstr(screen, "mu 0.2367"));
    struct ledger kept_ledger = m.worlds.ledger;
    m.worlds.ledger = (struct ledger){ 0 }; /* on another machine */
    screen = golden_screen(&m, 120, 40, true);
    CHECK(strstr(screen, "not in the file") && !strstr(screen, "nothing was spent"));
    m.worlds.ledger = kept_ledger;
    CHECK(command(&m, "explore rank=3 shrink=on clamp=on") && m.worlds.look.rank == 3);
    CHECK(!command_run(&m, "explore rank=x", &err) && !command_run(&m, "explore n=4", &err));
    size_t lines = ledger_lines();
    CHECK(command(&m, "export look.safetensors") && settle(&m) == 1 && asked[REQUEST_LOOK] == 1);
    CHECK(strstr(m.message, "nothing was spent") && ledger_lines() == lines);
    CHECK(command(&m, "export look.safetensors") && settle(&m) == 1 && m.message_is_error);
    CHECK(!command_run(&m, "export look.png", &err) && settle(&m) == 0);
    double kept = worlds_kept(&m, 0), value = r ? r->views[0].values[0] : 0;
    CHECK(kept >= 0 && r && kept < r->views[0].values[0] && worlds_kept(&m, 3) == 0);
    CHECK(command(&m, "open look.safetensors") && worlds_in_explore(&m));
    r = m.worlds.released;
    CHECK(r && r->rank == 3 && r->shrink && r->clamp && r->views[0].values[0] == value);
    CHECK(r && worlds_kept(&m, 0) == kept && unlink("look.safetensors") == 0);
    CHECK(command(&m, "open people.npy") && worlds_in_sandbox(&m) && !m.worlds.released);
    CHECK(command(&m, "explore") && says(&m, "nothing was released") && worlds_in_sandbox(&m));
    model_finish(&m);
}

/* ---- whatever is pressed ---- */

/* Keys from a seed: all but those that write files, open the `:` line, or quit. */
static const char *some_key(void)
{
    static const char *const keys[] = { "p", "p", "p",     "p",  "p",    "4",     "4",     "4", "p",
                                        "x", "b", "B",     "h",  "l",    "j",     "k",     "H", "L",
                                        "^", "$", "=",     "?",  "Esc",  "Enter", "Tab",   "1", "4",
                                        "2", "u", "C-r",   "Up", "Down", "Left",  "Right", "f", "g",
                                        "G", "r", "Space", "]",  "C-c",  "o",     "w",     "n" };
    static unsigned long state = 20;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return keys[state % (sizeof(keys) / sizeof(keys[0]))];
}

/* Nothing is spent or drawn, and whenever the release is on the screen the model knows nothing of the data. */
static void test_any_keys(void)
{
    enum { KEYS = 1500 };
    static const int sizes[][2] = { { 80, 24 }, { 20, 5 }, { 120, 40 }, { 3, 2 } };
    struct model m;
    size_t lines = ledger_lines(), drawn = draws, leaks = 0, times = 0, explored = 0;
    CHECK(open_people(&m, "one") && command(&m, "release dataset=people file=never.npy"));
    for (int i = 0; i < KEYS; i++) {
        if (i == KEYS / 2) /* something to explore */
            command(&m, "open release.safetensors::y");
        if (i % 12 == 0) { /* and back to where it matters */
            press(&m, "Esc");
            press(&m, "4");
            press(&m, i % 24 ? "p" : "x");
        }
        press(&m, some_key());
        m.quit = m.cancel = false;
        if (i % 10 == 0)
            golden_screen(&m, sizes[i / 10 % 4][0], sizes[i / 10 % 4][1], i % 20 == 0);
        if (i % 300 == 0 || worlds_away(&m)) /* the sandbox computes what it likes */
            settle(&m);
        bool away = worlds_away(&m);
        times += away;
        explored += away && worlds_in_explore(&m);
        leaks += away && !holds_nothing(&m);
    }
    printf("# %zu of %d keys beyond the sandbox, %zu in what was released\n", times, KEYS,
           explored);
    CHECK(times > 300 && explored > 100 && times - explored > 100 && leaks == 0);
    CHECK(ledger_lines() == lines && draws == drawn && m.worlds.asked == 0);
    CHECK(access("never.npy", F_OK) != 0);
    model_finish(&m);
}

/* ---- screens ---- */

/* A release whose numbers are made here by hand: eigenvalues that fall to noise of deviation s. */
static struct released *fixture(size_t n_views)
{
    struct error err;
    struct released *r = memory_alloc(sizeof(*r), &err);
    struct released_view *of = memory_alloc(n_views * sizeof(*of), &err);
    *r = (struct released){ .d = 12,
                            .mechanism = MECHANISM_COMPLEX,
                            .relation = RELATION_REPLACE,
                            .n = 5000,
                            .epsilon = 1,
                            .delta = 1e-6,
                            .mu = 0.2367,
                            .clip = 1,
                            .rank = 3,
                            .n_views = n_views,
                            .views = of };
    strcpy(r->dataset, "people");
    strcpy(r->file, "people.safetensors");
    for (size_t i = 0; i < n_views; i++) {
        of[i] = (struct released_view){ .mu = 0.2367 / (double)(n_views - i),
                                        .epsilon = 1 / (double)(n_views - i),
                                        .deviation = 4.2247 * (double)(n_views - i),
                                        .values = memory_alloc(12 * sizeof(double), &err) };
        for (int j = 0; j < 12; j++)
            of[i].values[j] = 400 * exp(-0.8 * j) + of[i].deviation * (5.5 - j);
    }
    return r;
}

static void test_screens(void)
{
    struct model m;
    setenv("XDG_STATE_HOME", "/nonexistent/state", 1);
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release epsilon=1 dataset=people relation=add-remove budget=4,1e-6 "
                      "file=people.safetensors"));
    golden_check(&m, "release-80x24", 80, 24, true);
    golden_check(&m, "release-120x40", 120, 40, true);
    golden_check(&m, "release-20x5", 20, 5, false);
    command(&m, "release budget=0.5,1e-6");
    press(&m, "Enter");
    golden_check(&m, "release-refused-80x24", 80, 24, false);
    command(&m, "release budget=4,1e-6");
    m.message[0] = 0;
    m.overlay = OVERLAY_CONFIRM;
    type(&m, "peo");
    golden_check(&m, "release-confirm-80x24", 80, 24, true);
    golden_check(&m, "release-confirm-20x5", 20, 5, true);
    m.overlay = OVERLAY_NONE;
    struct ledger_spend one = { .dataset = "people",
                                .mu = 0.2367,
                                .clip = 1,
                                .epsilon = 1,
                                .delta = 1e-6,
                                .time = 1700000000 };
    struct outcome o = {
        .ok = true, .final = true, .kind = REQUEST_RELEASE, .released = fixture(1)
    };
    model_accept(&m, &o);
    m.message[0] = 0;
    m.worlds.ledger.spends = &one; /* lent */
    m.worlds.ledger.n = 1;
    golden_check(&m, "explore-80x24", 80, 24, true);
    golden_check(&m, "explore-120x40", 120, 40, true);
    golden_check(&m, "explore-20x5", 20, 5, false);
    command(&m, "explore rank=2 shrink=on");
    golden_check(&m, "explore-shrunk-120x40", 120, 40, false);
    m.worlds.ledger = (struct ledger){ 0 };
    o = (struct outcome){
        .ok = true, .final = true, .kind = REQUEST_RELEASE, .released = fixture(4)
    };
    model_accept(&m, &o);
    m.message[0] = 0;
    command(&m, "explore view=2");
    golden_check(&m, "gradual-120x40", 120, 40, true);
    model_finish(&m);
}

/* The price begins with what was promised in the sandbox; what was set for the price itself stays, and k, which
 * may have been read off the data, is not taken over. */
static void test_carried(void)
{
    struct model m, again;
    const struct release_wish *w = &m.worlds.wish;
    CHECK(open_people(&m, "one"));
    int rank = w->rank;
    CHECK(command(&m, "privacy epsilon=3 delta=1e-7 clip=0.5 relation=add-remove rank=2"));
    press(&m, "p");
    CHECK(worlds_in_release(&m) && w->epsilon == 3 && w->delta == 1e-7 && w->clip == 0.5);
    CHECK(w->relation == RELATION_ADD_REMOVE && w->rank == rank && m.worlds.price.is.mu > 0);
    CHECK(command(&m, "release epsilon=1 clip=0.25"));
    char *lines = session_of(&m);
    CHECK(replay(&again, lines) && again.worlds.wish.epsilon == 1);
    CHECK(again.worlds.wish.clip == 0.25 && again.worlds.wish.delta == 1e-7);
    free(lines);
    model_finish(&again);
    press(&m, "b");
    CHECK(command(&m, "privacy delta=1e-5"));
    press(&m, "p");
    CHECK(w->epsilon == 1 && w->clip == 0.25 && w->delta == 1e-5);
    model_finish(&m);
}

static bool shows(struct model *m, const char *words)
{
    const char *screen = golden_screen(m, 120, 40, false);
    bool ok = strstr(screen, words) != NULL;
    if (!ok)
        printf("# not shown: %s\n%s", words, screen);
    return ok;
}

/* The page says what Enter would, and the budget that holds without being asked for. */
static void test_price_page(void)
{
    struct model m;
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release epsilon=1 dataset=nobody file=new.safetensors"));
    CHECK(shows(&m, "budget    [       -]") && shows(&m, "Enter asks for"));
    CHECK(command(&m, "release file=people.npy"));
    CHECK(shows(&m, "refused: the file exists") &&
          !strstr(golden_screen(&m, 120, 40, false), "Enter asks"));
    CHECK(command(&m, "release file=new.safetensors budget=0.5,1e-6"));
    CHECK(shows(&m, "refused: over the budget of nobody by mu 0.1126"));
    model_finish(&m);
    CHECK(open_people(&m, "one") && command(&m, "release epsilon=1 dataset=people"));
    CHECK(m.worlds.before.budget.epsilon == 5 && shows(&m, "budget    [       5]"));
    CHECK(shows(&m, "at delta  [   1e-06]"));
    overlay_ledger(&m);
    const char *screen = golden_screen(&m, 80, 24, false), *name = strstr(screen, "  gradual  mu ");
    CHECK(m.overlay == OVERLAY_LEDGER && name && strstr(screen, "  people  mu "));
    model_finish(&m);
}

/* A session comes back to the world that it was of, and never to the sandbox beside it. */
static void test_sessions(void)
{
    static const char *const before[] = {
        "open people.npy; release epsilon=3 dataset=people mechanism=iid views=4 file=x.npy",
        "open people.npy; release",
        "open release.safetensors; explore rank=1 clamp=on",
    };
    for (size_t i = 0; i < 3; i++) {
        struct model m, again;
        struct error err;
        CHECK(enter("one") && model_init(&m, &err) && command(&m, before[i]));
        char *one = session_of(&m), *lines = session_of(&m);
        CHECK(replay(&again, lines) && again.worlds.world == m.worlds.world);
        CHECK(again.worlds.wish.epsilon == m.worlds.wish.epsilon &&
              again.worlds.wish.views == m.worlds.wish.views &&
              again.worlds.wish.mechanism == m.worlds.wish.mechanism &&
              !strcmp(again.worlds.wish.dataset, m.worlds.wish.dataset) &&
              again.worlds.look.clamp == m.worlds.look.clamp);
        char *two = session_of(&again);
        CHECK(one && two && !strcmp(one, two) && holds_nothing(&again));
        free(one);
        free(two);
        free(lines);
        model_finish(&again);
        model_finish(&m);
    }
}

/* No session names a file that is there already: nothing is to be one Enter away from a second spend. */
static void test_armed(void)
{
    struct model m;
    CHECK(open_people(&m, "one") && command(&m, "release dataset=people file=people.npy"));
    char *lines = session_of(&m);
    CHECK(lines && strstr(lines, "dataset=people") && !strstr(lines, "file="));
    free(lines);
    model_finish(&m);
}

/* The shell's command of either world. */
static void test_shell(void)
{
    struct model m;
    struct error err;
    char line[2048];
    CHECK(open_people(&m, "one"));
    CHECK(command(&m, "release epsilon=0.5 dataset=it's rank=2 budget=4,1e-6 file=a.npy"));
    CHECK(reproduce_command(&m, line, sizeof(line), &err) && !strstr(line, "--yes"));
    printf("# %s\n", line);
    CHECK(!strcmp(line, "eigenscope private --rank 2 --epsilon 0.5 --delta 1e-06 --clip 1 "
                        "--relation replace --mechanism complex --dataset 'it'\\''s' "
                        "--budget 4,1e-06 -o a.npy people.npy"));
    CHECK(command(&m, "release views=3") && !reproduce_command(&m, line, sizeof(line), &err));
    CHECK(command(&m, "open release.safetensors; explore rank=1 clamp=on"));
    CHECK(reproduce_command(&m, line, sizeof(line), &err));
    CHECK(!strcmp(line, "eigenscope frame --view privacy -x 'explore rank=1 shrink=off clamp=on' "
                        "release.safetensors"));
    model_finish(&m);
}

/* What was written here, and nothing else. */
static void clean_up(void)
{
    static const char *const names[] = { "one/people.npy", "two/people.npy",
                                         "one/release.safetensors", "one/gradual.safetensors",
                                         "state/eigenscope/ledger" };
    static const char *const folders[] = { "one", "two", "state/eigenscope", "state", "." };
    bool ok = chdir(folder) == 0;
    for (size_t i = 0; ok && i < sizeof(names) / sizeof(names[0]); i++)
        unlink(names[i]);
    for (size_t i = 0; ok && i < sizeof(folders) / sizeof(folders[0]); i++)
        ok = rmdir(i < 4 ? folders[i] : folder) == 0;
    CHECK(ok);
}

int main(void)
{
    struct error err;
    size_t before = memory_used();
    if (!make_folders()) {
        printf("Bail out! no folder\n");
        return 1;
    }
    char state[512];
    snprintf(state, sizeof(state), "%s/state", folder);
    snprintf(ledger_path, sizeof(ledger_path), "%s/state/eigenscope/ledger", folder);
    setenv("XDG_STATE_HOME", state, 1);
    backend = backend_open("cpu", NULL, &err);
    study = backend ? study_create(backend, &err) : NULL;
    if (!study)
        return 1;
    test_nothing_of_the_data();
    test_neighbours();
    test_refusals();
    test_release();
    test_over_budget();
    test_gradual();
    test_stopped();
    test_blanks();
    test_full_disk();
    test_unwritten();
    test_file();
    test_no_release();
    test_elsewhere();
    test_release_of_other();
    test_badges();
    test_shell();
    test_sessions();
    test_armed();
    test_any_keys();
    test_carried();
    test_price_page();
    test_screens();
    study_destroy(study);
    backend_close(backend);
    clean_up();
    CHECK(memory_used() == before);
    return check_done();
}
