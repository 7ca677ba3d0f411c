/* How long the program takes to answer, behind libvterm. Arguments: the program, and
 * `strict` for the whole list with the figures it is held to (sh tests/run latency); else
 * three of them, three times looser. Every check prints what it measured. */

#include "figure.h"

#include <unistd.h>

enum { KEYS = 300, STEPS = 20, LINK_KEYS = 20 };
enum { JOB_KEYS = 200, CANCELS = 10 };

/* ms from the start to the end of the first frame; picture: to its first picture. */
static double start_ms(const char *document, int cols, int rows, bool picture)
{
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        struct terminal t;
        double from = tty_now(), took = 1e9;
        CHECK(begin(&t, document, cols, rows));
        while (tty_now() < from + TTY_PATIENCE_MS) {
            tty_pump(&t, 2);
            if (t.synchronized > 0 && (!picture || tty_picture(&t).cells > 0)) {
                took = tty_now() - from;
                break;
            }
        }
        tty_quiet(&t, QUIET_MS);
        end(&t);
        best = fmin(best, fair(took, picture ? 250 : 60));
    }
    return best;
}

/* Whether the screen comes to name another rank than `rank`. */
static bool rank_moves(struct terminal *t, int rank)
{
    double until = tty_now() + TTY_PATIENCE_MS;
    while (tty_rank(t) == rank && tty_now() < until)
        tty_pump(t, 1);
    return tty_rank(t) != rank;
}

/* ms from keys to the rank in the picture's title, and to the end of the frame that has it;
 * the wait between keys is a frame's. */
struct answers {
    double rank[KEYS], frame[KEYS];
};

static void ask(struct terminal *t, struct answers *a)
{
    int unanswered = 0, pictures = 0;
    for (int i = 0; i < KEYS; i++) {
        int rank = tty_rank(t);
        uint64_t picture = tty_picture(t).hash;
        double from = tty_now();
        tty_send(t, i / 10 % 2 ? "h" : "l");
        unanswered += !rank_moves(t, rank);
        a->rank[i] = tty_now() - from;
        while (tty_mode(t, 2026) && tty_now() < from + TTY_PATIENCE_MS)
            tty_pump(t, 1);
        a->frame[i] = tty_now() - from;
        pictures += tty_picture(t).hash != picture;
        spend(t, 20);
    }
    printf("# %d keys changed %d pictures; key to status: p50 %.1f ms\n", KEYS, pictures,
           percentile(a->rank, KEYS, 50));
    CHECK(unanswered == 0 && pictures > KEYS / 2);
}

static void test_keys(void)
{
    static struct answers a;
    struct terminal t;
    double status = 1e9, frame = 1e9;
    CHECK(begin(&t, "demo:photo", 120, 40) && tty_wait(&t, "k="));
    tty_quiet(&t, 700);
    for (int i = 0; i < 3 && (status > limit(10) || frame > limit(33)); i++) {
        ask(&t, &a);
        status = fmin(status, fair(percentile(a.rank, KEYS, 99), 10));
        frame = fmin(frame, fair(percentile(a.frame, KEYS, 99), 33));
    }
    judge("key to status, p99, idle", status, 10, "ms");
    judge("key to the last byte of the picture, p99", frame, 33, "ms");
    end(&t);
}

/* ms from a key to its number in the form, p99; *busy: at how many keys something was computed. */
static double form_ms(struct terminal *t, int keys, int *busy)
{
    static double took[KEYS];
    int unanswered = 0;
    *busy = 0;
    for (int i = 0; i < keys; i++) {
        int want = tty_form_rank(t) + (i / 10 % 2 ? -1 : 1);
        *busy += tty_computes(t);
        double from = tty_now();
        tty_send(t, i / 10 % 2 ? "h" : "l");
        while (tty_form_rank(t) != want && tty_now() < from + TTY_PATIENCE_MS)
            tty_pump(t, 1);
        took[i] = tty_now() - from;
        unanswered += tty_form_rank(t) != want;
        spend(t, 20);
    }
    printf("# %d keys, something computed at %d\n", keys, *busy);
    CHECK(unanswered == 0);
    return percentile(took, keys, 99);
}

/* While a method runs anew for every key. */
static void test_busy(void)
{
    char document[] = "demo:photo", flag[] = "-x", setting[] = "method lplr; k 100; set rounds=40";
    char *arguments[] = { program, document, flag, setting, NULL };
    struct terminal t;
    double best = 1e9;
    int busy = 0;
    CHECK(tty_open(&t, 120, 40, NULL, arguments) && tty_wait(&t, "k="));
    for (int i = 0; i < 3 && best > limit(16); i++)
        best = fmin(best, form_ms(&t, KEYS, &busy));
    CHECK(busy > KEYS * 3 / 4);
    judge("key to its number in the form, p99, a method running", best, 16, "ms");
    end(&t);
}

/* Whether the form comes to name that rank: while a file is read it has that of the start, which the
 * commands of -x change once the file is there. */
static bool form_names(struct terminal *t, int rank)
{
    for (double until = tty_now() + TTY_PATIENCE_MS; tty_now() < until; tty_pump(t, 5))
        if (tty_form_rank(t) == rank)
            return true;
    return false;
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
    double p99;
    CHECK(file >= 0 && close(file) == 0 && write_noise(path));
    CHECK(tty_open(&t, 120, 40, NULL, arguments));
    CHECK(form_names(&t, 500) && at_work(&t, NULL));
    p99 = form_ms(&t, JOB_KEYS, &busy);
    CHECK(busy > JOB_KEYS * 3 / 4);
    judge("key to its number in the form, p99, in a job", p99, 33, "ms");
    busy = 0;
    for (int i = 0; i < CANCELS; i++) {
        busy += at_work(&t, NULL) && !tty_find(&t, "cancelled at");
        double from = tty_now();
        tty_send(&t, "\003");
        while (!tty_find(&t, "cancelled at") && tty_now() < from + TTY_PATIENCE_MS)
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
    tty_rest(&t, 1000);
    size_t start = t.total;
    uint64_t picture = 0;
    int pictures = 0;
    for (int i = 0; i < STEPS; i++) { /* a key held down */
        tty_send(&t, "l");
        spend(&t, 33);
        pictures += tty_picture(&t).hash != picture;
        picture = tty_picture(&t).hash;
    }
    printf("# %d keys showed %d pictures\n", STEPS, pictures);
    moving = (double)(t.total - start) / STEPS;
    for (int i = 0; i < STEPS; i++) {
        tty_rest(&t, 600);
        size_t before = t.total;
        tty_send(&t, "h");
        tty_rest(&t, 600);
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
        spend(&t, 150);
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

int main(int argc, char **argv)
{
    if (!figures_of(argc, argv))
        return 2;
    judge("start without a file at 80x24", start_ms(NULL, 80, 24, false), 60, "ms");
    test_keys();
    test_bytes();
    if (strict) {
        judge("start with the photograph and its first picture",
              start_ms("demo:photo", 80, 24, true), 250, "ms");
        test_busy();
        test_job();
        test_slow_link();
    }
    return check_done();
}
