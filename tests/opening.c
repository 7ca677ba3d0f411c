/* Large files: the screen is there first, and goes on while they are read. Arguments: the
 * program, and `strict` for the figures it is held to (sh tests/run latency); else three times
 * looser, under a sanitizer twenty times, and by what else the machine does. Every check prints
 * what it measured. */

#include "check.h"
#include "jpeg.h"
#include "tty.h"

#include <dirent.h>
#include <png.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDE = 4000, HIGH = 3000, TRIES = 3, KEYS = 10, ROUNDS = 10, FEW = 4, LATE_MOST = 20 };

static char *program;
static bool strict;
static char folder[] = "/tmp/eigenscope-opening-XXXXXX";
static char jpeg[64], small[64], cut[64], png[64];

#if defined(__SANITIZE_ADDRESS__)
enum { LOOSER = 20 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { LOOSER = 20 };
#else
enum { LOOSER = 3 };
#endif
#else
enum { LOOSER = 3 };
#endif

static double limit(double figure)
{
    return strict ? figure : LOOSER * figure;
}

/* Of something that took so long: what is judged. */
static double fair(double got, double figure)
{
    return strict ? got : tty_fair(got, limit(figure));
}

static void judge(const char *what, double got, double figure, const char *unit)
{
    printf("# %s: %.1f %s, at most %.0f\n", what, got, unit, limit(figure));
    CHECK(got <= limit(figure));
}

static bool begin(struct terminal *t, const char *file, const char *commands)
{
    char name[64], flag[] = "-x", text[64];
    const char *const environment[] = { "XDG_STATE_HOME", folder, NULL };
    char *arguments[] = { program, name, commands ? flag : NULL, text, NULL };
    snprintf(name, sizeof(name), "%s", file);
    snprintf(text, sizeof(text), "%s", commands ? commands : "");
    return tty_open(t, 120, 40, environment, arguments);
}

static void end(struct terminal *t)
{
    kill(t->program, SIGTERM);
    CHECK(tty_left(t, 'x', 0));
    tty_close(t);
}

/* Whether the last row says how far something is: "[####----]  50% decoding". */
static bool progress(const struct terminal *t)
{
    char line[512];
    tty_row(t, t->rows - 1, line, sizeof(line));
    const char *bar = strchr(line, ']');
    return bar && strstr(bar, "% ");
}

static bool picture(const struct terminal *t)
{
    return tty_picture(t).cells > 100;
}

static bool framed(const struct terminal *t)
{
    return t->synchronized > 0 && tty_find(t, "spectrum");
}

/* ms from `from` until it holds; 1e9: it never did. */
static double until(struct terminal *t, double from, bool (*holds)(const struct terminal *))
{
    while (!holds(t) && tty_now() < from + TTY_PATIENCE_MS)
        tty_pump(t, 2);
    return holds(t) ? tty_now() - from : 1e9;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Frame and progress at once, a coarse picture within a second; of three starts at most. */
static void test_start(const char *what, const char *file)
{
    double frame = 1e9, bar = 1e9, first = 1e9;
    bool missed = true;
    for (int i = 0; i < TRIES && missed; i++) {
        struct terminal t;
        double from = tty_now();
        CHECK(begin(&t, file, NULL));
        double took[] = { until(&t, from, framed), until(&t, from, progress),
                          until(&t, from, picture) };
        end(&t);
        frame = least(frame, fair(took[0], 60));
        bar = least(bar, fair(took[1], 100));
        first = least(first, fair(took[2], 1000));
        missed = frame > limit(60) || bar > limit(100) || first > limit(1000);
    }
    printf("# %s, %d x %d\n", what, WIDE, HIGH);
    judge("start to the first frame", frame, 60, "ms");
    judge("start to its progress", bar, 100, "ms");
    judge("start to its first picture", first, 1000, "ms");
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The letter of a process's state, proc(5), where `parent` started it; else 'Z': ended. */
static char state_of(const char *number, pid_t parent)
{
    char path[64], line[512] = "", state = 'Z';
    int of = 0;
    snprintf(path, sizeof(path), "/proc/%.20s/stat", number);
    FILE *f = fopen(path, "r");
    const char *after = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
    if (f)
        fclose(f);
    bool child = after && sscanf(after + 1, " %c %d", &state, &of) == 2 && of == parent;
    return child ? state : 'Z';
}

/* Whether it is the decoder already: what has not been executed yet has its parent's words. */
static bool is_confined(const char *number)
{
    char path[64], words[4096] = "";
    snprintf(path, sizeof(path), "/proc/%.20s/cmdline", number);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(words, 1, sizeof(words), f) : 0;
    if (f)
        fclose(f);
    return memmem(words, n, "--confined", 11) != NULL;
}

/* Its children that have not ended; *decoder: the one that decodes, 0: none. */
static int children(const struct terminal *t, pid_t *decoder)
{
    DIR *d = opendir("/proc");
    int n = 0;
    *decoder = 0;
    for (const struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || state_of(e->d_name, t->program) == 'Z')
            continue;
        n++;
        if (is_confined(e->d_name))
            *decoder = atoi(e->d_name);
    }
    if (d)
        closedir(d);
    return n;
}

static bool decodes(const struct terminal *t)
{
    pid_t decoder;
    return children(t, &decoder) > 0 && decoder;
}

static bool alone(const struct terminal *t)
{
    pid_t decoder;
    return children(t, &decoder) == 0;
}

/* Holds the decoder where it is. false: it was faster. */
static bool freeze(struct terminal *t)
{
    char number[16];
    pid_t decoder;
    if (children(t, &decoder) == 0 || !decoder || kill(decoder, SIGSTOP) != 0)
        return false;
    snprintf(number, sizeof(number), "%d", (int)decoder);
    while (state_of(number, t->program) != 'T' && state_of(number, t->program) != 'Z')
        tty_pump(t, 1);
    return state_of(number, t->program) == 'T';
}

struct reading {
    double took[ROUNDS * (KEYS + 1)], answers[ROUNDS]; /* ms: key to the rank, C-c to its answer */
    int rank, keys, during, stopped, late; /* during: keys while it decoded; late: rounds */
    int wrong, hidden, left; /* keys lost or taken twice, bars not shown, processes left over */
};

static bool answered(const struct terminal *t)
{
    return tty_find(t, "cancelled at");
}

static void one_key(struct terminal *t, struct reading *r)
{
    double from = tty_now();
    r->rank++;
    tty_send(t, "l");
    while (tty_rank(t) != r->rank && tty_now() < from + TTY_PATIENCE_MS)
        tty_pump(t, 1);
    r->took[r->keys++] = tty_now() - from;
    r->wrong += tty_rank(t) != r->rank;
    r->rank = tty_rank(t);
}

static bool is_large(const struct terminal *t)
{
    return tty_find(t, "large.jpg") && !tty_find(t, "demo:phantom256");
}

static bool is_back(const struct terminal *t)
{
    return tty_find(t, "demo:phantom256") && tty_find(t, "k=") && !tty_find(t, "large.jpg");
}

/* Back to what was open, after a file that was read before it could be stopped. */
static void go_back(struct terminal *t)
{
    until(t, tty_now(), is_large);
    tty_send(t, ":open demo:phantom256\r");
    until(t, tty_now(), is_back);
    tty_quiet(t, QUIET_MS);
}

/* `:open`, keys while it decodes, C-c. On a machine of whatever speed: the decoder is held as soon
 * as `keys` are answered, one more key comes then, and where it ended before, nothing is counted
 * but what was answered in time. */
static void read_and_stop(struct terminal *t, int keys, struct reading *r)
{
    char command[128];
    int first = r->keys;
    r->rank = tty_rank(t);
    snprintf(command, sizeof(command), ":open %s\r", jpeg);
    tty_send(t, command);
    for (double stop = tty_now() + TTY_PATIENCE_MS;
         !decodes(t) && !is_large(t) && tty_now() < stop;)
        tty_pump(t, 1);
    for (int i = 0; i < keys && decodes(t); i++) {
        one_key(t, r);
        for (double stop = tty_now() + 8; tty_now() < stop;)
            tty_pump(t, 2);
    }
    if (!freeze(t)) {
        r->keys -= r->keys > first; /* the last one may have come after it */
        r->late++;
        go_back(t);
        return;
    }
    one_key(t, r);
    r->during += r->keys - first;
    r->hidden += until(t, tty_now(), progress) > 1e6;
    double from = tty_now();
    tty_send(t, "\003");
    r->answers[r->stopped++] = until(t, from, answered);
    r->left += until(t, tty_now(), alone) > 1e6;
    tty_press(t, "^");
}

/* Stops as many files as it is asked to. Where they are too fast, fewer keys come before. */
static void read_files(struct terminal *t, int files, struct reading *r)
{
    *r = (struct reading){ .keys = 0 };
    for (int keys = KEYS; r->stopped < files && r->late < LATE_MOST;) {
        int late = r->late;
        if (r->keys + KEYS + 1 > (int)(sizeof(r->took) / sizeof(*r->took)))
            break;
        read_and_stop(t, keys, r);
        keys = r->late > late ? keys / 2 : keys;
    }
    printf("# %d of %d files were stopped, %d were read before; %d keys while they were decoded\n",
           r->stopped, files, r->late, r->during);
    printf("# %d keys lost or taken twice, %d bars not shown, %d decoders left over\n", r->wrong,
           r->hidden, r->left);
    CHECK(r->stopped == files && r->during >= files);
    CHECK(r->wrong == 0 && r->hidden == 0 && r->left == 0);
}

/* What was open is used while another file is read, and after C-c. */
static void test_while_it_reads(void)
{
    static struct reading r;
    struct terminal t;
    double keys = 1e9, stop = 1e9;
    CHECK(begin(&t, "demo:phantom256", NULL) && tty_wait(&t, "k="));
    tty_rest(&t, 300);
    for (int i = 0; i < TRIES && (keys > limit(33) || stop > limit(50)); i++) {
        read_files(&t, strict ? ROUNDS : FEW, &r);
        if (!r.keys || !r.stopped)
            break;
        qsort(r.took, (size_t)r.keys, sizeof(*r.took), ascending);
        qsort(r.answers, (size_t)r.stopped, sizeof(*r.answers), ascending);
        keys = least(keys, fair(r.took[(r.keys - 1) * 99 / 100], 33));
        stop = least(stop, fair(r.answers[r.stopped - 1], 50));
        printf("# key to the rank: p50 %.1f ms, most %.1f\n", r.took[r.keys / 2],
               r.took[r.keys - 1]);
    }
    CHECK(tty_find(&t, "demo:phantom256") && !tty_find(&t, "large.jpg"));
    judge("key to the rank while a file is read, p99", keys, 33, "ms");
    judge("C-c to its answer while a file is read, the slowest", stop, 50, "ms");
    end(&t);
}

/* One line, and what was open goes on. */
static void test_fault(void)
{
    char command[128];
    struct terminal t;
    CHECK(begin(&t, "demo:phantom256", NULL) && tty_wait(&t, "k="));
    snprintf(command, sizeof(command), ":open %s; k 3\r", cut);
    tty_send(&t, command);
    CHECK(tty_wait(&t, "the file ends"));
    int rank = tty_rank(&t);
    CHECK(tty_find(&t, "demo:phantom256") && rank > 3);
    tty_press(&t, "l");
    CHECK(tty_rank(&t) == rank + 1 && !tty_find(&t, "the file ends"));
    tty_press(&t, ":open /nowhere/at/all.png\r");
    CHECK(tty_find(&t, "No such file") && tty_find(&t, ":open /nowhere"));
    end(&t);

    CHECK(begin(&t, cut, NULL)); /* nothing else is open: it ends as every word does */
    CHECK(tty_left(&t, 'x', 3));
    t.log[t.n < (1 << 16) ? t.n : 1 << 16] = 0;
    CHECK(strstr(t.log, "the file ends") != NULL);
    tty_close(&t);
}

/* The newest wish counts; what comes after `open` is done with the new document. */
static void test_order(void)
{
    char command[160];
    struct terminal t;
    CHECK(begin(&t, "demo:phantom256", NULL) && tty_wait(&t, "k="));
    snprintf(command, sizeof(command), ":open %s\r", jpeg);
    tty_send(&t, command);
    tty_pump(&t, 50);
    tty_send(&t, ":open demo:phantom; k 9\r"); /* wherever that finds the first one */
    CHECK(tty_wait(&t, "demo:phantom  ") && tty_wait(&t, "k=9"));
    tty_rest(&t, 500);
    CHECK(tty_find(&t, "demo:phantom  ") && !tty_find(&t, "large.jpg"));
    snprintf(command, sizeof(command), ":open %s; k 7; wipe\r", small);
    tty_send(&t, command);
    CHECK(tty_wait(&t, "small.jpg") && tty_wait(&t, "now: truncated-svd k=7"));
    end(&t);

    CHECK(begin(&t, small, "k 5; wipe") && tty_wait(&t, "now: truncated-svd k=5") &&
          tty_find(&t, "small.jpg"));
    end(&t);
    CHECK(begin(&t, small, "k 5; nonsense"));
    CHECK(tty_left(&t, 'x', 2));
    tty_close(&t);
}

/* The first file is given up: the start page. */
static void test_none(void)
{
    struct terminal t;
    CHECK(begin(&t, jpeg, NULL));
    until(&t, tty_now(), progress);
    tty_send(&t, "\003");
    CHECK(tty_wait(&t, "Built in") && tty_find(&t, "cancelled at"));
    tty_press(&t, "\r");
    CHECK(tty_wait(&t, "k=") && tty_find(&t, "demo:"));
    end(&t);
}

static bool write_cut(void)
{
    static char bytes[1 << 20];
    FILE *from = fopen(jpeg, "rb"), *to = fopen(cut, "wb");
    bool ok = from && to && fread(bytes, 1, sizeof(bytes), from) == sizeof(bytes) &&
              fwrite(bytes, 1, sizeof(bytes), to) == sizeof(bytes);
    if (from)
        fclose(from);
    return to && fclose(to) == 0 && ok;
}

static bool write_png(void)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = WIDE, .height = HIGH, .format = PNG_FORMAT_RGB
    };
    unsigned char *pixels = malloc((size_t)WIDE * HIGH * 3);
    for (int i = 0; pixels && i < HIGH; i++)
        for (int j = 0; j < 3 * WIDE; j++)
            pixels[(size_t)i * WIDE * 3 + (size_t)j] = (unsigned char)(i * (j / 3) / 4096 +
                                                                       40 * (j % 3));
    bool ok = pixels && png_image_write_to_file(&image, png, 0, pixels, 0, NULL);
    free(pixels);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc < 2 || !mkdtemp(folder))
        return 2;
    program = argv[1];
    strict = argc > 2 && !strcmp(argv[2], "strict");
    signal(SIGPIPE, SIG_IGN);
    snprintf(jpeg, sizeof(jpeg), "%s/large.jpg", folder);
    snprintf(small, sizeof(small), "%s/small.jpg", folder);
    snprintf(cut, sizeof(cut), "%s/cut.jpg", folder);
    snprintf(png, sizeof(png), "%s/large.png", folder);
    CHECK(jpeg_write(jpeg, WIDE, HIGH) && jpeg_write(small, 400, 300) && write_cut());
    test_start("a JPEG", jpeg);
    test_while_it_reads();
    test_fault();
    test_order();
    test_none();
    if (strict) {
        CHECK(write_png());
        test_start("a PNG", png);
    }
    char sweep[128];
    snprintf(sweep, sizeof(sweep), "rm -r %s", folder);
    CHECK(system(sweep) == 0);
    return check_done();
}
