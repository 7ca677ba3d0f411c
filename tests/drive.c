/* The real program in a terminal: libvterm behind a pseudo-terminal reads what it
 * writes. Argument: the program. */

#include "check.h"
#include "tty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *program;

static bool begin(struct terminal *t, int cols, int rows, const char *const *environment)
{
    static char document[] = "demo:phantom256";
    char *arguments[] = { program, document, NULL };
    return tty_open(t, cols, rows, environment, arguments);
}

static void test_session(const char *folder)
{
    struct terminal t;
    CHECK(begin(&t, 120, 40, NULL));
    CHECK(tty_wait(&t, "k="));
    CHECK(t.alternate && !t.cursor);
    tty_rest(&t, QUIET_MS);
    struct picture first = tty_picture(&t);
    int rank = tty_rank(&t);
    CHECK(first.cells > 500);
    CHECK(rank > 0);
    tty_press(&t, "\033OC");
    tty_rest(&t, QUIET_MS);
    CHECK(tty_rank(&t) == rank + 1);
    uint64_t next = tty_picture(&t).hash;
    CHECK(next != first.hash);
    tty_press(&t, "\014"); /* at rest nothing is left that is nearly right */
    CHECK(tty_picture(&t).hash == next);
    tty_press(&t, "\033OD");
    tty_rest(&t, QUIET_MS);
    CHECK(tty_rank(&t) == rank && tty_picture(&t).hash == first.hash); /* exact again at rest */

    tty_resize(&t, 80, 24);
    CHECK(tty_wait(&t, "k="));
    struct picture small = tty_picture(&t);
    CHECK(small.cells > 100 && small.cells < first.cells);
    tty_resize(&t, 120, 40);
    tty_rest(&t, QUIET_MS);
    CHECK(tty_picture(&t).cells == first.cells && tty_picture(&t).hash == first.hash);
    tty_press(&t, "\014");
    CHECK(tty_picture(&t).hash == first.hash);

    tty_press(&t, "?");
    CHECK(tty_find(&t, "help"));
    CHECK(tty_picture(&t).cells < first.cells);
    tty_press(&t, "\033");
    CHECK(tty_picture(&t).hash == first.hash);
    tty_press(&t, "Z");
    CHECK(tty_find(&t, "no key 'Z' here - ? for help"));

    tty_press(&t, "P");
    tty_press(&t, "p");
    CHECK(tty_find(&t, "lplr"));
    tty_press(&t, "\033");

    char path[96];
    snprintf(path, sizeof(path), "%s/out.png", folder);
    tty_press(&t, "e");
    tty_press(&t, "\025");
    tty_press(&t, path);
    tty_press(&t, "\r");
    CHECK(tty_wait(&t, "wrote out.png"));
    unsigned char head[8] = { 0 };
    FILE *f = fopen(path, "rb");
    CHECK(f && fread(head, 1, 8, f) == 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8));
    if (f)
        fclose(f);
    unlink(path);

    tty_rest(&t, 1000); /* quality numbers are there */
    size_t before = t.total;
    tty_pump(&t, 3000);
    CHECK(t.total == before);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

/* What a method that is run for every setting shows, by its name in the command line. */
static void test_method(void)
{
    struct terminal t;
    CHECK(begin(&t, 100, 30, NULL));
    CHECK(tty_wait(&t, "k="));
    struct picture before = tty_picture(&t);
    tty_press(&t, "p");
    for (int i = 0; i < 3; i++)
        tty_press(&t, "j");
    tty_press(&t, "\r");
    CHECK(tty_wait(&t, "LPLR"));
    tty_rest(&t, QUIET_MS);
    CHECK(tty_picture(&t).cells == before.cells && tty_picture(&t).hash != before.hash);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

/* A wipe, a part of the picture and a sweep; what is undone leaves the screen as it was. */
static void test_comparing(void)
{
    struct terminal t;
    CHECK(begin(&t, 120, 40, NULL));
    CHECK(tty_wait(&t, "k="));
    tty_rest(&t, QUIET_MS);
    struct picture before = tty_picture(&t);
    tty_press(&t, "o");
    tty_rest(&t, QUIET_MS);
    uint64_t original = tty_picture(&t).hash;
    tty_press(&t, "oaw");
    CHECK(tty_wait(&t, "A: truncated-svd"));
    tty_rest(&t, QUIET_MS);
    struct picture wiped = tty_picture(&t);
    CHECK(wiped.cells < before.cells); /* the bar */
    CHECK(wiped.hash != before.hash && wiped.hash != original);
    tty_press(&t, "<");
    CHECK(tty_picture(&t).hash != wiped.hash);
    tty_press(&t, ">");
    tty_rest(&t, QUIET_MS);
    CHECK(tty_picture(&t).hash == wiped.hash);
    tty_press(&t, "w");
    tty_rest(&t, QUIET_MS);
    CHECK(tty_picture(&t).hash == before.hash);
    tty_press(&t, "ziz1");
    CHECK(tty_wait(&t, "1:1") && tty_picture(&t).hash != before.hash);
    tty_press(&t, "zf");
    tty_rest(&t, QUIET_MS);
    CHECK(tty_picture(&t).hash == before.hash);

    int rank = tty_rank(&t);
    double start = tty_now();
    (void)!write(t.fd, " ", 1);
    while (tty_now() < start + 1000)
        tty_pump(&t, 10);
    double took = tty_now() - start;
    int shown = tty_rank(&t) - rank;
    tty_press(&t, " ");
    double each = tty_fair(took / (shown > 0 ? shown : 1), 1000.0 / 15);
    printf("# a sweep shows %d ranks in %.0f ms\n", shown, took);
    CHECK(shown > 1 && each <= 1000.0 / 15); /* 80 a second with nothing else to do */
    rank = tty_rank(&t);
    tty_press(&t, "\033");
    CHECK(tty_rank(&t) == rank && !tty_find(&t, "SWEEP"));
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

/* The compare view: rows come while one works on, two of them become the sides of a wipe. */
static void test_compare_view(void)
{
    struct terminal t;
    CHECK(begin(&t, 120, 40, NULL));
    CHECK(tty_wait(&t, "k="));
    tty_press(&t, ":rank 4\r");
    tty_rest(&t, QUIET_MS);
    struct picture before = tty_picture(&t);
    tty_press(&t, "5");
    CHECK(tty_find(&t, "[5 Compare]") && tty_picture(&t).cells == 0);
    CHECK(tty_wait(&t, "PNG") && tty_wait(&t, "truncated-svd"));
    tty_press(&t, "1l"); /* a slider in the middle of it */
    CHECK(tty_wait(&t, "k=5"));
    tty_press(&t, "h");
    tty_rest(&t, QUIET_MS);
    CHECK(tty_rank(&t) == 4 && tty_picture(&t).hash == before.hash);
    tty_press(&t, "5");
    CHECK(tty_wait(&t, "has ")); /* the reason: all that fits was run, or is on its way */
    tty_press(&t, "\003");
    tty_press(&t, "Ga");
    CHECK(tty_find(&t, "A: ") && tty_find(&t, ">A"));
    tty_press(&t, "kb");
    CHECK(tty_find(&t, ">B"));
    tty_press(&t, "w");
    CHECK(tty_wait(&t, "B: ") && tty_find(&t, "[1 Image]"));
    CHECK(tty_picture(&t).cells > 500 && tty_picture(&t).hash != before.hash);
    tty_press(&t, "w5");
    CHECK(tty_find(&t, ">B") && tty_picture(&t).cells == 0);
    uint64_t screen = tty_hash(&t);
    tty_press(&t, "\014");
    CHECK(tty_hash(&t) == screen);
    tty_press(&t, "\r"); /* the row becomes the form's */
    CHECK(tty_wait(&t, "[1 Image]") && tty_picture(&t).cells > 500);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

static const char *const ascii[] = { "LC_ALL", "C", "COLORTERM", NULL, NULL };

/* The column of the wipe's bar in the middle of the screen; -1: none. */
static int bar_column(const struct terminal *t, uint32_t rune)
{
    for (int col = 2; col < t->cols; col++) {
        VTermScreenCell c = tty_cell(t, t->rows / 4, col);
        if (c.chars[0] == rune && tty_cell(t, t->rows / 4 + 1, col).chars[0] == rune)
            return col;
    }
    return -1;
}

/* Where both sides are the same, nothing but the bar moves: curses must not write over the
 * picture between the old bar and the new one. */
static void test_bar(const char *const *environment, uint32_t rune)
{
    struct terminal t;
    char event[64];
    int wrong = 0, moved = 0;
    CHECK(begin(&t, 120, 40, environment));
    CHECK(tty_wait(&t, "k="));
    tty_press(&t, "abw");
    for (int step = 1; step <= 10; step++) {
        int bar = bar_column(&t, rune), to = bar + (step % 2 ? step : -step);
        snprintf(event, sizeof(event), "\033[<0;%d;11M\033[<32;%d;11M\033[<0;%d;11m", bar + 1,
                 to + 1, to + 1);
        tty_press(&t, event);
        moved += bar > 0 && bar_column(&t, rune) == to;
        tty_rest(&t, QUIET_MS);
        uint64_t before = tty_hash(&t);
        tty_press(&t, "\014");
        tty_rest(&t, QUIET_MS);
        wrong += tty_hash(&t) != before;
    }
    printf("# the bar moved %d times of 10, %d screens differ from a repaint\n", moved, wrong);
    CHECK(moved == 10 && wrong == 0);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

/* Whatever was pressed and however the window was pulled: what stands on the screen
 * is what a repaint from nothing puts there. */
static void test_any_keys(void)
{
    static const char *const keys[] = { "l",    "h",    "j", "k", "L", "H", "?",      "p",
                                        "e",    "+",    "-", "g", "G", "=", "\033OA", "\033OB",
                                        "\t",   "r",    "P", "^", "$", "7", "x",      "\033[6~",
                                        "\033", "\033", "i", "Y", "o" };
    enum { KEYS = sizeof(keys) / sizeof(keys[0]), ROUNDS = 3 };
    struct terminal t;
    int wrong = 0;
    CHECK(begin(&t, 100, 30, NULL));
    CHECK(tty_wait(&t, "k="));
    srand(20);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 60; i++) {
            const char *key = keys[rand() % KEYS];
            (void)!write(t.fd, key, strlen(key));
            tty_pump(&t, rand() % 8);
        }
        tty_resize(&t, 30 + rand() % 120, 8 + rand() % 40);
        tty_rest(&t, 500);
        uint64_t before = tty_hash(&t);
        tty_press(&t, "\014");
        tty_rest(&t, QUIET_MS);
        wrong += tty_hash(&t) != before;
    }
    CHECK(wrong == 0);
    tty_press(&t, "\033");
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

static void test_signal(int number, char what, int value)
{
    struct terminal t;
    CHECK(begin(&t, 80, 24, NULL));
    CHECK(tty_wait(&t, "k="));
    CHECK(t.alternate);
    kill(t.program, number);
    CHECK(tty_left(&t, what, value));
    tty_close(&t);
}

static void test_suspend(void)
{
    struct terminal t;
    CHECK(begin(&t, 80, 24, NULL));
    CHECK(tty_wait(&t, "k="));
    tty_rest(&t, QUIET_MS);
    uint64_t hash = tty_picture(&t).hash;
    (void)!write(t.fd, "\032", 1);
    CHECK(tty_left(&t, 's', SIGTSTP));
    (void)!write(t.shim, "g", 1);
    CHECK(tty_wait(&t, "k="));
    tty_rest(&t, QUIET_MS);
    CHECK(t.alternate && !t.cursor && tty_picture(&t).hash == hash);
    kill(t.program, SIGTSTP); /* from elsewhere, too */
    CHECK(tty_left(&t, 's', SIGTSTP));
    (void)!write(t.shim, "g", 1);
    CHECK(tty_wait(&t, "k="));
    tty_rest(&t, QUIET_MS);
    CHECK(tty_picture(&t).hash == hash);
    tty_press(&t, "\003");
    tty_press(&t, "\003");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

/* The mouse through the whole program, and back to the terminal. */
static void test_mouse(void)
{
    struct terminal t;
    char event[32];
    int row = 0;
    CHECK(begin(&t, 120, 40, NULL));
    CHECK(tty_wait(&t, "k="));
    CHECK(tty_mode(&t, 1000) && tty_mode(&t, 1002) && tty_mode(&t, 1006) && tty_mode(&t, 2004));
    tty_rest(&t, 700); /* the whole spectrum, not a first sketch */
    int rank = tty_rank(&t);
    char line[512] = "";
    for (row = 0; row < t.rows && !strstr(line, ">rank"); row++)
        tty_row(&t, row, line, sizeof(line));
    snprintf(event, sizeof(event), "\033[<64;6;%dM", row); /* the wheel, upwards */
    tty_press(&t, event);
    printf("# rank %d, then %d\n", rank, tty_rank(&t));
    CHECK(tty_rank(&t) == rank + 1);
    tty_press(&t, "S");
    CHECK(tty_find(&t, "last frame"));
    tty_press(&t, "S");
    tty_press(&t, "M");
    CHECK(tty_find(&t, "SELECT") && !tty_mode(&t, 1000) && !tty_mode(&t, 1006));
    tty_press(&t, "M");
    CHECK(!tty_find(&t, "SELECT") && tty_mode(&t, 1000) && tty_mode(&t, 1006));
    tty_press(&t, "\033[200~qqlll\033[201~"); /* pasted over nothing: no keys */
    CHECK(tty_rank(&t) == rank + 1);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

/* The terminal is closed under it: it ends by itself. */
static void test_closed(void)
{
    struct terminal t;
    CHECK(begin(&t, 80, 24, NULL));
    CHECK(tty_wait(&t, "k="));
    pid_t program_was = t.program;
    tty_close(&t);
    double end = tty_now() + TTY_PATIENCE_MS;
    while (kill(program_was, 0) == 0 && tty_now() < end)
        usleep(20000);
    CHECK(kill(program_was, 0) != 0);
}

static void test_dumb(const char *name)
{
    const char *const environment[] = { "TERM", name, NULL };
    struct terminal t;
    CHECK(begin(&t, 80, 24, environment));
    struct news news = tty_hear(&t);
    CHECK(news.what == 'x' && news.value == 2 && news.modes_kept);
    size_t lines = 0, escapes = 0;
    for (size_t i = 0; i < t.n; i++) {
        lines += t.log[i] == '\n';
        escapes += t.log[i] == 27;
    }
    CHECK(lines == 1 && escapes == 0 && t.n > 20);
    tty_close(&t);
}

static void test_no_color(void)
{
    static const char *const environment[] = { "NO_COLOR", "1", NULL };
    struct terminal t;
    CHECK(begin(&t, 80, 24, environment));
    CHECK(tty_wait(&t, "k="));
    tty_press(&t, "l");
    tty_press(&t, "?");
    tty_press(&t, "\033");
    CHECK(!tty_any_color(t.log, t.n));
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

static void test_ascii(void)
{
    struct terminal t;
    CHECK(begin(&t, 80, 24, ascii));
    CHECK(tty_wait(&t, "k="));
    tty_press(&t, "l");
    size_t high = 0;
    for (size_t i = 0; i < t.n; i++)
        high += (t.log[i] & 0x80) != 0;
    CHECK(high == 0);
    CHECK(tty_any_color(t.log, t.n)); /* 256 of them */
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

static bool begin_with(struct terminal *t, const char *state, char *flag, char *value)
{
    const char *const environment[] = { "XDG_STATE_HOME", state, NULL };
    char *arguments[] = { program, flag, value, NULL };
    return tty_open(t, 100, 30, environment, arguments);
}

/* Left in the middle of a factorization that nothing can stop, the session is kept all the same. */
static void test_leaving(const char *folder)
{
    enum { SIDE = 2000, HEADER = 128 };
    char file[96], session[128], header[HEADER + 1];
    struct terminal t;
    snprintf(file, sizeof(file), "%s/large.npy", folder);
    snprintf(session, sizeof(session), "%s/eigenscope/last.session", folder);
    snprintf(header, sizeof(header), "%s%-117s\n", "XXXXXXXXXX",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (2000, 2000), }");
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    FILE *f = fopen(file, "w");
    CHECK(f && fwrite(header, 1, HEADER, f) == HEADER);
    srand(1);
    for (int i = 0; f && i < SIDE * SIDE; i++) {
        float x = (float)(rand() % 1000);
        fwrite(&x, sizeof(x), 1, f);
    }
    CHECK(f && fclose(f) == 0);
    unlink(session);
    CHECK(begin_with(&t, folder, file, NULL));
    tty_press(&t, ":method truncated-svd; k 17\r");
    tty_quiet(&t, 300);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
    char text[4096] = "";
    f = fopen(session, "r");
    CHECK(f && fread(text, 1, sizeof(text) - 1, f) > 0 && strstr(text, "rank=17"));
    if (f)
        fclose(f);
    unlink(file);
}

/* What a session keeps comes back as it was; what was recorded is played to the same end. */
static void test_remembering(const char *folder)
{
    static const char script[] = "# eigenscope session 1\nopen demo:phantom256\nmethod lplr; k 19\n"
                                 "wait\nincrease\nwait 0.1\npress :\npress k\npress Space\n"
                                 "press 2\npress 5\npress Enter\nwait\nundo\nwait\nquit\n";
    char path[96], document[] = "demo:phantom256", restore[] = "-r", replay[] = "--replay=";
    char flag[128];
    struct terminal t;
    CHECK(begin_with(&t, folder, document, NULL));
    CHECK(tty_wait(&t, "k="));
    tty_press(&t, ":set rank=x\r");
    CHECK(tty_find(&t, "'x'") && tty_find(&t, ":set rank=x"));
    tty_press(&t, "\033:method lplr; k 21; show focus=spectrum gaps=on\r");
    CHECK(tty_wait(&t, "LPLR  k=21") && tty_find(&t, ">"));
    tty_press(&t, "y");
    CHECK(memmem(t.log, t.n, "\033]52;c;ZWlnZW5zY29wZSBydW4gbHBsci", 33) != NULL);
    tty_press(&t, "\020sdl");
    tty_press(&t, "\033");
    tty_rest(&t, 500);
    uint64_t before = tty_hash(&t);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);

    CHECK(begin_with(&t, folder, restore, NULL));
    CHECK(tty_wait(&t, "LPLR  k=21"));
    tty_rest(&t, 500);
    CHECK(tty_hash(&t) == before);
    tty_press(&t, "ll");
    tty_press(&t, "u");
    CHECK(tty_wait(&t, "k=21"));
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);

    snprintf(path, sizeof(path), "%s/play.session", folder);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(script, f) >= 0 && fclose(f) == 0);
    snprintf(flag, sizeof(flag), "%s%s", replay, path);
    CHECK(begin_with(&t, folder, flag, NULL));
    CHECK(tty_left(&t, 'x', 0)); /* it quits by itself */
    tty_close(&t);
    CHECK(begin_with(&t, folder, restore, NULL));
    CHECK(tty_wait(&t, "LPLR  k=20")); /* 19, one more, 25, undone */
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
    unlink(path);
    snprintf(path, sizeof(path), "%s/eigenscope/last.session", folder);
    CHECK(unlink(path) == 0);
    snprintf(path, sizeof(path), "%s/eigenscope", folder);
    CHECK(rmdir(path) == 0);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/eigenscope-drive-XXXXXX";
    if (argc < 2 || !mkdtemp(folder))
        return 2;
    program = argv[1];
    signal(SIGPIPE, SIG_IGN);
    test_session(folder);
    test_method();
    test_comparing();
    test_compare_view();
    test_bar(NULL, 0x2503);
    test_bar(ascii, '|');
    test_any_keys();
    test_leaving(folder);
    test_remembering(folder);
    test_signal(SIGTERM, 'x', 0);
    test_signal(SIGHUP, 'x', 0);
    test_signal(SIGSEGV, 'k', SIGSEGV);
    test_signal(SIGQUIT, 'k', SIGQUIT);
    test_suspend();
    test_mouse();
    test_closed();
    test_dumb("dumb");
    test_dumb("");
    test_dumb("nonsense-terminal");
    test_no_color();
    test_ascii();
    rmdir(folder);
    return check_done();
}
