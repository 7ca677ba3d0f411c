/* The real program in a terminal: a release from beginning to end, with people whose numbers are planted in
 * it. Started in the release, it never shows, says or keeps one of them; what was released is looked at a
 * hundred times for the price of once; C-c at some moment leaves a spend with its file or neither.
 * Argument: the program. */

#include "check.h"
#include "tty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 400, MANY = 30000, D = 16, TEXT = 1 << 18, STOPS = 4 };

static char *program, folder[] = "/tmp/eigenscope-drive-XXXXXX", state[128];
static char text[TEXT], people[] = "people.npy", many[] = "many.npy";

/* Rows along the first axis, whose squares add up to 271.83; one row is far too long, and one is not a
 * number: nothing of that may be told. */
static float entry(int n, int row, int col)
{
    if (row == 7)
        return 7654.25F;
    if (row == 11)
        return col == 3 ? (float)NAN : 0;
    return col == 0 ? sqrtf(271.83F / (float)n) : 0.001F * (float)((row * 31 + col * 17) % 13);
}

static bool write_rows(const char *name, int n)
{
    char header[118], path[160];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    memset(header, ' ', sizeof(header));
    int length = snprintf(header, sizeof(header),
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", n, D);
    header[length] = ' ';
    header[117] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f);
    fwrite(header, 1, sizeof(header), f);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < D; j++) {
            float v = entry(n, i, j);
            fwrite(&v, sizeof(v), 1, f);
        }
    return fclose(f) == 0;
}

/* In `text`, its length; 0: there is no such file. */
static size_t read_file(const char *name)
{
    FILE *f = fopen(name, "rb");
    size_t n = f ? fread(text, 1, TEXT - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    return n;
}

static bool holds(size_t n, const char *word)
{
    return memmem(text, n, word, strlen(word)) != NULL;
}

/* Any of the numbers that were planted, or how many rows there are. */
static bool tells(size_t n)
{
    static const char *const planted[] = { "271.8", "7654", "NaN", "nan", "400", "398" };
    bool told = false;
    for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++)
        if (holds(n, planted[i])) {
            printf("# %s is told\n", planted[i]);
            told = true;
        }
    return told;
}

static size_t spends(void)
{
    size_t n = read_file("state/eigenscope/ledger"), lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static const char *environment[] = { "XDG_STATE_HOME", state, "OPENBLAS_NUM_THREADS", "1", NULL };

/* record: NULL, nothing is recorded. */
static bool begin(struct terminal *t, char *file, char *commands, char *record)
{
    static char view[] = "--view", privacy[] = "privacy", x[] = "-x", to[] = "--record";
    char *arguments[] = { program, file, view, privacy, x, commands, record ? to : NULL,
                          record,  NULL };
    return tty_open(t, 120, 40, environment, arguments) && tty_wait(t, "RELEASE");
}

static void look_around(struct terminal *t)
{
    static const char *const keys[] = { "l", "l", "j", "h", "L", "j", "l", "j", "l", "k",
                                        "k", "k", "$", "h", "H", "^", "l", "l", "j", "k" };
    for (int i = 0; i < 100; i++)
        tty_send(t, keys[i % 20]);
    tty_quiet(t, QUIET_MS);
}

/* Seconds, of a recording: the clock does not begin when the machine did. */
static double first_wait(const char *path)
{
    double seconds;
    read_file(path);
    const char *line = strstr(text, "\nwait ");
    bool any = line && sscanf(line, " wait %lf", &seconds) == 1;
    printf("# the first wait: %g s\n", any ? seconds : -1);
    return any ? seconds : 1e9;
}

static void test_release(void)
{
    struct terminal t;
    char release[] = "release dataset=crowd relation=add-remove rank=2 file=out.safetensors";
    char record[] = "keys.session";
    CHECK(begin(&t, people, release, record));
    tty_rest(&t, QUIET_MS);
    tty_press(&t, "?");
    tty_press(&t, "\033");
    tty_resize(&t, 80, 24);
    tty_resize(&t, 120, 40);
    CHECK(tty_find(&t, "mu 0.2367") && tty_find(&t, "nothing was spent yet"));
    size_t before = t.n;
    memcpy(text, t.log, before < TEXT ? before : 0);
    CHECK(before > 1000 && before < TEXT && !tells(before));
    tty_press(&t, "\r");
    tty_press(&t, "crow\r");
    CHECK(tty_find(&t, "nothing was spent") && spends() == 0);
    tty_press(&t, "\r");
    tty_press(&t, "crowd\r");
    CHECK(tty_wait(&t, "EXPLORE") && tty_find(&t, "wrote out.safetensors"));
    size_t lines = spends(), bytes = read_file("state/eigenscope/ledger");
    CHECK(lines > 0 && holds(bytes, "crowd") && !tells(bytes));
    look_around(&t);
    CHECK(spends() == lines && tty_find(&t, "EXPLORE"));
    size_t file = read_file("out.safetensors");
    CHECK(file > 0 && holds(file, "release") && !holds(file, "crowd") && !holds(file, "7654"));
    tty_press(&t, ":w kept.session\r");
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
    CHECK(!tells(read_file("kept.session")) && holds(read_file("kept.session"), "privacy"));
    CHECK(first_wait("keys.session") < 10);
    CHECK(!tells(read_file("keys.session")) && holds(read_file("keys.session"), "spend"));
    CHECK(!tells(read_file("state/eigenscope/last.session")));
}

/* Whatever is written into a file that is played, it spends nothing, nor does it leave to one Enter of the user's
 * what took a name. */
static void play_and_press(const char *last, const char *says)
{
    static char replay[] = "--replay", name[] = "spend.session";
    struct terminal t;
    size_t lines = spends();
    char *arguments[] = { program, replay, name, NULL };
    FILE *f = fopen(name, "w");
    if (f) {
        fprintf(f,
                "# eigenscope session 1\nreset\nopen people.npy\n"
                "release dataset=crowd rank=2 file=again.safetensors\nspend\n"
                "press c\npress r\npress o\npress w\npress d\n%s",
                last);
        fclose(f);
    }
    CHECK(tty_open(&t, 120, 40, environment, arguments) && tty_wait(&t, says));
    CHECK(tty_find(&t, "RELEASE") && spends() == lines);
    tty_press(&t, "\r");
    tty_press(&t, "\r");
    CHECK(tty_find(&t, "nothing was spent") && tty_find(&t, "RELEASE") && spends() == lines);
    CHECK(access("again.safetensors", F_OK) != 0);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

static void test_played(void)
{
    play_and_press("press Enter\n", "by hand");
    play_and_press("", "has been played");
}

/* Either of the two ends; false: neither came. */
static bool ended(struct terminal *t)
{
    double start = tty_now();
    while (tty_now() - start < TTY_PATIENCE_MS) {
        if (tty_find(t, "EXPLORE") || tty_find(t, "stopped before anything was spent"))
            return true;
        tty_pump(t, 20);
    }
    tty_print(t);
    return false;
}

/* C-c sooner and sooner after the last Enter. */
static void test_stopped(void)
{
    int spent = 0;
    for (int i = 0; i < STOPS; i++) {
        struct terminal t;
        char line[128], file[32];
        size_t lines = spends();
        snprintf(file, sizeof(file), "stop%d.safetensors", i);
        snprintf(line, sizeof(line), "release dataset=crowd rank=2 file=%s", file);
        bool ok = begin(&t, many, line, NULL);
        tty_press(&t, "\r");
        tty_send(&t, "crowd\r");
        for (double start = tty_now(); tty_now() - start < (1000 >> 3 * i);)
            tty_pump(&t, 1);
        tty_send(&t, "\003");
        ok = ok && ended(&t);
        tty_rest(&t, QUIET_MS);
        bool done = spends() > lines;
        spent += done;
        CHECK(ok && done == (access(file, F_OK) == 0) && done == tty_find(&t, "EXPLORE"));
        tty_press(&t, "q");
        CHECK(tty_left(&t, 'x', 0));
        tty_close(&t);
    }
    printf("# %d of %d were stopped before they were paid for\n", STOPS - spent, STOPS);
}

int main(int argc, char **argv)
{
    char line[160];
    if (argc < 2)
        return 2;
    program = realpath(argv[1], NULL);
    CHECK(program && mkdtemp(folder) && chdir(folder) == 0);
    snprintf(state, sizeof(state), "%s/state", folder);
    CHECK(write_rows(people, ROWS) && write_rows(many, MANY));
    test_release();
    test_played();
    test_stopped();
    snprintf(line, sizeof(line), "rm -r %s", folder);
    CHECK(system(line) == 0);
    free(program);
    return check_done();
}
