/* The real program in a terminal, in the privacy view: it plays at thirty frames a second, keys do not wait for
 * what is computed, and at rest it writes nothing. Argument: the program. */

#include "check.h"
#include "tty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 300, D = 48, LEAST_FPS = 20 /* of thirty, on a busy machine */, PLAY_MS = 3000 };

static char *program, folder[] = "/tmp/eigenscope-drive-XXXXXX", path[128], state[128];

static bool write_rows(void)
{
    char header[118];
    FILE *f = fopen(path, "wb");
    unsigned seed = 1;
    if (!f)
        return false;
    memset(header, ' ', sizeof(header));
    int n = snprintf(header, sizeof(header),
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", ROWS, D);
    header[n] = ' ';
    header[117] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f);
    fwrite(header, 1, sizeof(header), f);
    for (int i = 0; i < ROWS * D; i++) {
        seed = 1664525 * seed + 1013904223;
        float v = ((float)(seed >> 8) / (1 << 24) - 0.5F) / (float)(1 + i % D);
        fwrite(&v, sizeof(v), 1, f);
    }
    return fclose(f) == 0;
}

/* The time that the title names, in hundredths; -1: none. */
static int shown_time(const struct terminal *t)
{
    char line[512];
    tty_row(t, 1, line, sizeof(line));
    const char *at = strstr(line, "t = ");
    return at ? (int)(100 * strtod(at + 4, NULL) + 0.5) : -1;
}

static void test_play(struct terminal *t)
{
    tty_press(t, "4");
    CHECK(tty_wait(t, "real noise") && tty_wait(t, "complex noise"));
    tty_rest(t, QUIET_MS);
    CHECK(tty_find(t, "SANDBOX: simulated, not private"));
    size_t before = t->total;
    tty_pump(t, 1000);
    CHECK(t->total == before); /* at rest nothing is sent */
    int frames = 0, last = -1;
    double start = tty_now();
    tty_send(t, " ");
    while (tty_now() - start < PLAY_MS) {
        tty_pump(t, 5);
        int now = shown_time(t);
        frames += now != last;
        last = now;
    }
    /* 240 frames in eight seconds: the title counts hundredths, 12.5 a second */
    printf("# %d times shown in %d ms, t = 0.%02d at the end\n", frames, PLAY_MS, last);
    CHECK(frames >= 12 * LEAST_FPS / 30 * PLAY_MS / 1000);
    CHECK(last >= 100 * PLAY_MS / 8000 * LEAST_FPS / 30 && last <= 100 * PLAY_MS / 8000 + 15);
}

/* Whole frames on the way. */
static void test_pace(struct terminal *t)
{
    tty_press(t, " ");
    tty_press(t, ":privacy t=0\r");
    int frames = 0;
    double last = t->synchronized;
    tty_send(t, " ");
    for (double start = tty_now(); tty_now() - start < PLAY_MS;) {
        tty_pump(t, 2);
        frames += t->synchronized != last;
        last = t->synchronized;
    }
    printf("# %.1f frames a second\n", 1e3 * frames / PLAY_MS);
    CHECK(frames * 1000 >= LEAST_FPS * PLAY_MS && frames * 1000 <= 40 * PLAY_MS);
    tty_press(t, " ");
    CHECK(tty_find(t, "play >"));
    size_t before = t->total;
    tty_pump(t, 1000);
    CHECK(t->total == before);
}

static void test_keys(struct terminal *t)
{
    int at = shown_time(t);
    tty_press(t, "]]]]]]");
    CHECK(shown_time(t) > at);
    tty_press(t, "lllll");
    CHECK(tty_wait(t, "privacy") && !tty_find(t, " ~"));
    tty_press(t, "g");
    CHECK(tty_find(t, "true and noisy spectrum"));
    tty_press(t, "s");
    CHECK(tty_wait(t, "Noise alone"));
    tty_press(t, ".");
    CHECK(tty_find(t, "miss each other") || tty_find(t, "no later near miss"));
    tty_press(t, "1");
    CHECK(!tty_find(t, "SANDBOX"));
    tty_press(t, "4");
    tty_resize(t, 20, 5);
    CHECK(tty_find(t, "SANDBOX not private"));
    tty_press(t, "q");
    CHECK(tty_left(t, 'x', 0));
}

int main(int argc, char **argv)
{
    struct terminal t;
    char line[160];
    if (argc < 2)
        return 2;
    program = argv[1];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/people.npy", folder);
    snprintf(state, sizeof(state), "%s/state", folder);
    CHECK(write_rows());
    const char *environment[] = { "XDG_STATE_HOME", state, "OPENBLAS_NUM_THREADS", "1", NULL };
    char *arguments[] = { program, path, NULL };
    CHECK(tty_open(&t, 120, 40, environment, arguments));
    CHECK(tty_wait(&t, "k="));
    test_play(&t);
    test_pace(&t);
    test_keys(&t);
    tty_close(&t);
    snprintf(line, sizeof(line), "rm -r %s", folder);
    CHECK(system(line) == 0);
    return check_done();
}
