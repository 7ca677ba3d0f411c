/* How long the program takes to answer, behind libvterm. Arguments: the program, and
 * `strict` for the whole list with the figures it is held to (sh tests/run latency); else
 * three of them, three times looser. Every check prints what it measured. */

#include "check.h"
#include "tty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS = 300, STEPS = 20, LINK_KEYS = 20, STORMS = 20, SIZES = 100 };
enum { JOB_KEYS = 200, CANCELS = 10 };
enum { WIDE = 3000, HIGH = 2000 }; /* of a picture whose exact spectrum takes seconds */

static char *program;
static bool strict;

static double limit(double figure)
{
    return strict ? figure : 3 * figure;
}

static void judge(const char *what, double got, double figure, const char *unit)
{
    printf("# %s: %.1f %s, at most %.0f\n", what, got, unit, limit(figure));
    CHECK(got <= limit(figure));
}

static bool begin(struct terminal *t, const char *document, int cols, int rows)
{
    char name[32];
    snprintf(name, sizeof(name), "%s", document ? document : "");
    char *arguments[] = { program, document ? name : NULL, NULL };
    return tty_open(t, cols, rows, NULL, arguments);
}

static void end(struct terminal *t)
{
    kill(t->program, SIGTERM);
    CHECK(tty_left(t, 'x', 0));
    tty_close(t);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double *v, int n, int percent)
{
    qsort(v, (size_t)n, sizeof(*v), ascending);
    return v[(n - 1) * percent / 100];
}

/* ms from the start to the end of the first frame; picture: to its first picture. */
static double start_ms(const char *document, int cols, int rows, bool picture)
{
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        struct terminal t;
        double from = tty_now(), took = 1e9;
        CHECK(begin(&t, document, cols, rows));
        while (tty_now() < from + 5000) {
            tty_pump(&t, 2);
            if (t.synchronized > 0 && (!picture || tty_picture(&t).cells > 0)) {
                took = tty_now() - from;
                break;
            }
        }
        best = took < best ? took : best;
        tty_quiet(&t, QUIET_MS);
        end(&t);
    }
    return best;
}

/* Whether the screen names another rank than `rank` within two seconds. */
static bool rank_moves(struct terminal *t, int rank)
{
    double until = tty_now() + 2000;
    while (tty_rank(t) == rank && tty_now() < until)
        tty_pump(t, 1);
    return tty_rank(t) != rank;
}

/* ms from a key to the rank in the picture's title; the wait between keys is a frame's. */
static double key_ms(struct terminal *t, int percent)
{
    static double took[KEYS];
    int unanswered = 0;
    for (int i = 0; i < KEYS; i++) {
        int rank = tty_rank(t);
        double from = tty_now();
        tty_send(t, i / 10 % 2 ? "h" : "l");
        unanswered += !rank_moves(t, rank);
        took[i] = tty_now() - from;
        double until = tty_now() + 20;
        while (tty_now() < until)
            tty_pump(t, 5);
    }
    CHECK(unanswered == 0);
    printf("# key to status: p50 %.1f ms\n", percentile(took, KEYS, 50));
    return percentile(took, KEYS, percent);
}

static void test_keys(void)
{
    struct terminal t;
    double best = 1e9;
    CHECK(begin(&t, "demo:phantom256", 120, 40) && tty_wait(&t, "k="));
    for (int i = 0; i < 3 && best > limit(10); i++) {
        double p99 = key_ms(&t, 99);
        best = p99 < best ? p99 : best;
    }
    judge("key to status, p99, idle", best, 10, "ms");
    end(&t);
}

/* While a factorization of the photograph runs, over and over. */
static void test_busy(void)
{
    struct terminal t;
    CHECK(begin(&t, "demo:photo", 120, 40) && tty_wait(&t, "k="));
    tty_send(&t, "P");
    tty_pump(&t, 50);
    static double took[KEYS];
    for (int i = 0; i < KEYS; i++) {
        double from = tty_now();
        size_t before = t.total;
        tty_send(&t, i / 10 % 2 ? "h" : "l");
        while (t.total == before && tty_now() < from + 2000)
            tty_pump(&t, 1);
        took[i] = tty_now() - from;
        tty_pump(&t, 10);
    }
    judge("key to the first bytes of a frame, p99, busy", percentile(took, KEYS, 99), 16, "ms");
    end(&t);
}

/* Nothing in it has a low rank. */
static bool write_noise(const char *path)
{
    static unsigned char row[WIDE];
    FILE *f = fopen(path, "wb");
    bool ok = f && fprintf(f, "P5\n%d %d\n255\n", WIDE, HIGH) > 0;
    srand(3);
    for (int i = 0; ok && i < HIGH; i++) {
        for (int j = 0; j < WIDE; j++)
            row[j] = (unsigned char)(rand() >> 8);
        ok = fwrite(row, 1, WIDE, f) == WIDE;
    }
    return f && fclose(f) == 0 && ok;
}

/* Whether the last row has a bar of progress, "] 34% ", within five seconds. */
static bool at_work(struct terminal *t)
{
    char line[512];
    bool found = false;
    for (double until = tty_now() + 5000; tty_now() < until && !found; tty_pump(t, 5)) {
        tty_row(t, t->rows - 1, line, sizeof(line));
        const char *bar = strchr(line, ']');
        found = bar && strstr(bar, "% ");
    }
    return found;
}

/* The number in the form's first box; -1: none. */
static int form_rank(const struct terminal *t)
{
    char line[512];
    for (int row = t->rows / 2; row < t->rows; row++) {
        tty_row(t, row, line, sizeof(line));
        const char *box = strstr(line, "rank  k   [");
        if (box)
            return atoi(strchr(box, '[') + 1);
    }
    return -1;
}

static double form_ms(struct terminal *t)
{
    static double took[JOB_KEYS];
    for (int i = 0; i < JOB_KEYS; i++) {
        int rank = form_rank(t);
        double from = tty_now();
        tty_send(t, "l");
        while (form_rank(t) != rank + 1 && tty_now() < from + 2000)
            tty_pump(t, 1);
        took[i] = tty_now() - from;
        for (double until = tty_now() + 20; tty_now() < until;)
            tty_pump(t, 5);
    }
    return percentile(took, JOB_KEYS, 99);
}

/* 200 keys and ten C-c in jobs of seconds: ms until the screen says what they did. */
static void test_job(void)
{
    char path[] = "/tmp/eigenscope-noise-XXXXXX", flag[] = "-x";
    char setting[] = "method randomized-svd; k 500; set oversampling=500 power=20";
    char *arguments[] = { program, path, flag, setting, NULL };
    double took[CANCELS];
    struct terminal t;
    int file = mkstemp(path), busy = 0, said = 0;
    CHECK(file >= 0 && close(file) == 0 && write_noise(path));
    CHECK(tty_open(&t, 120, 40, NULL, arguments));
    CHECK(at_work(&t));
    judge("key to its number in the form, p99, in a job", form_ms(&t), 33, "ms");
    for (int i = 0; i < CANCELS; i++) {
        busy += at_work(&t) && !tty_find(&t, "cancelled at");
        double from = tty_now();
        tty_send(&t, "\003");
        while (!tty_find(&t, "cancelled at") && tty_now() < from + 2000)
            tty_pump(&t, 1);
        took[i] = tty_now() - from;
        said += tty_find(&t, "cancelled at");
        tty_quiet(&t, 30);
        tty_send(&t, "l");
    }
    printf("# %d jobs, C-c answered in %d of them\n", busy, said);
    CHECK(busy == CANCELS && said == CANCELS);
    judge("C-c to its answer", percentile(took, CANCELS, 100), 50, "ms");
    end(&t);
    unlink(path);
}

static void test_bytes(void)
{
    struct terminal t;
    double moving, exact = 0;
    CHECK(begin(&t, "demo:photo", 200, 50) && tty_wait(&t, "k="));
    tty_quiet(&t, 1000);
    size_t start = t.total;
    uint64_t picture = 0;
    int pictures = 0;
    for (int i = 0; i < STEPS; i++) { /* a key held down */
        tty_send(&t, "l");
        for (double until = tty_now() + 33; tty_now() < until;)
            tty_pump(&t, 5);
        pictures += tty_picture(&t).hash != picture;
        picture = tty_picture(&t).hash;
    }
    printf("# %d keys showed %d pictures\n", STEPS, pictures);
    moving = (double)(t.total - start) / STEPS;
    for (int i = 0; i < STEPS; i++) {
        tty_quiet(&t, 600);
        size_t before = t.total;
        tty_send(&t, "h");
        tty_quiet(&t, 600);
        exact += (double)(t.total - before) / STEPS;
    }
    judge("a step of the rank at 200x50, key held down", moving / 1e3, 200, "KB");
    judge("one step with its exact pass", exact / 1e3, 400, "KB");
    size_t before = t.total;
    for (double until = tty_now() + (strict ? 10000 : 3000); tty_now() < until;)
        tty_pump(&t, 100);
    judge("idle", (double)(t.total - before), 0, "bytes");
    end(&t);
}

/* A reader of 0.25 MB/s: a key in the middle of a full repaint. */
static void test_slow_link(void)
{
    struct terminal t;
    double took[LINK_KEYS];
    CHECK(begin(&t, "demo:photo", 200, 50) && tty_wait(&t, "k="));
    tty_quiet(&t, 1000);
    tty_throttle(256 << 10);
    for (int i = 0; i < LINK_KEYS; i++) {
        int rank = tty_rank(&t);
        tty_send(&t, "\014");
        for (double until = tty_now() + 150; tty_now() < until;)
            tty_pump(&t, 5);
        double from = tty_now();
        tty_send(&t, i % 2 ? "h" : "l");
        rank_moves(&t, rank);
        took[i] = tty_now() - from;
        tty_quiet(&t, 400);
    }
    tty_throttle(0);
    judge("a link of 0.25 MB/s: key to status during a repaint, p95",
          percentile(took, LINK_KEYS, 95), 120, "ms");
    end(&t);
}

/* Many sizes in a row end on the screen that a fresh start shows. */
static void test_storms(int storms)
{
    struct terminal t, fresh;
    int wrong = 0;
    CHECK(begin(&t, "demo:phantom256", 100, 30) && tty_wait(&t, "k="));
    srand(7);
    for (int storm = 0; storm < storms; storm++) {
        for (int i = 0; i < SIZES; i++) {
            tty_pull(&t, 20 + rand() % 231, 5 + rand() % 76);
            tty_pump(&t, rand() % 3);
        }
        tty_quiet(&t, 700);
        CHECK(begin(&fresh, "demo:phantom256", t.cols, t.rows));
        tty_quiet(&fresh, 1000);
        if (tty_hash(&t) != tty_hash(&fresh)) {
            wrong++;
            printf("# storm %d ends in another screen at %dx%d\n", storm, t.cols, t.rows);
        }
        end(&fresh);
    }
    printf("# %d storms of %d sizes, %d wrong\n", storms, SIZES, wrong);
    CHECK(wrong == 0);
    end(&t);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    program = argv[1];
    strict = argc > 2 && !strcmp(argv[2], "strict");
    signal(SIGPIPE, SIG_IGN);
    judge("start without a file at 80x24", start_ms(NULL, 80, 24, false), 60, "ms");
    test_keys();
    test_bytes();
    if (strict) {
        judge("start with the photograph and its first picture",
              start_ms("demo:photo", 80, 24, true), 250, "ms");
        test_busy();
        test_job();
        test_slow_link();
        test_storms(STORMS);
    }
    return check_done();
}
