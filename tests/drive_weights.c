/* The real program on files of weights, in a terminal: a model of 4 GB is browsed at once and in little memory;
 * a small one is looked at, scanned, stopped and gone on with. Arguments: the program, and "plain" where
 * memory can be measured. */

#include "check.h"
#include "tty.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LAYERS = 10, TENSORS = 6, MOST_MB = 60, HEADER = 1 << 16 };

static char *program;
static char folder[] = "/tmp/eigenscope-drive-XXXXXX", state[128];

/* Layers of square matrices; of holes, which are zeros, or of numbers. */
static bool write_model(const char *path, size_t side, bool holes)
{
    static char header[HEADER];
    size_t n = 1, end = 0, bytes = 4 * side * side;
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    header[0] = '{';
    for (int i = 0; i < LAYERS * TENSORS; i++, end += bytes)
        n += (size_t)sprintf(header + n,
                             "%s\"model.layers.%d.w%d.weight\":{\"dtype\":\"F32\",\"shape\":[%zu,"
                             "%zu],\"data_offsets\":[%zu,%zu]}",
                             i ? "," : "", i / TENSORS, i % TENSORS, side, side, end, end + bytes);
    header[n++] = '}';
    while (n % 8)
        header[n++] = ' ';
    uint64_t length = n;
    fwrite(&length, sizeof(length), 1, f);
    fwrite(header, 1, n, f);
    unsigned seed = 1;
    for (size_t i = 0; !holes && i < end / 4; i++) {
        seed = 1664525 * seed + 1013904223;
        float v = (float)(seed >> 8) / (1 << 24) - 0.5F;
        fwrite(&v, sizeof(v), 1, f);
    }
    return fclose(f) == 0 && truncate(path, (off_t)(8 + n + end)) == 0;
}

static bool begin(struct terminal *t, int cols, int rows, char *path)
{
    const char *environment[] = { "XDG_STATE_HOME", state, "OPENBLAS_NUM_THREADS", "1", NULL };
    char *arguments[] = { program, path, NULL };
    return tty_open(t, cols, rows, environment, arguments);
}

/* The most it ever had, MB. */
static double peak(pid_t pid)
{
    char path[64], line[128];
    double kb = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, "VmHWM:", 6))
            kb = strtod(line + 6, NULL);
    if (f)
        fclose(f);
    return kb / 1024;
}

static void test_large(bool measured)
{
    struct terminal t;
    char path[128];
    snprintf(path, sizeof(path), "%s/large.safetensors", folder);
    CHECK(write_model(path, 4096, true));
    double start = tty_now();
    CHECK(begin(&t, 120, 40, path));
    CHECK(tty_wait(&t, "model.layers.9"));
    double opened = tty_now() - start;
    tty_press(&t, "+");
    tty_press(&t, "jjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    tty_press(&t, "\033[6~");
    tty_rest(&t, QUIET_MS);
    CHECK(tty_find(&t, "large: x looks at it"));
    tty_press(&t, "/");
    tty_press(&t, "w3");
    CHECK(tty_wait(&t, "10 of 60"));
    tty_press(&t, "\r");
    tty_press(&t, "oOo");
    tty_press(&t, "i");
    CHECK(tty_wait(&t, "about the file"));
    tty_rest(&t, QUIET_MS);
    double mb = peak(t.program);
    printf("# 4 GB: %.0f ms to its tree, %.1f MB at most\n", opened, mb);
    CHECK(!measured || (mb > 0 && mb < MOST_MB));
    size_t before = t.total;
    tty_pump(&t, 1000);
    CHECK(t.total == before); /* at rest nothing is sent */
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
    unlink(path);
}

/* A scan that is stopped goes on, also in another session; keys work meanwhile. */
static void test_scan(void)
{
    struct terminal t;
    char path[128];
    snprintf(path, sizeof(path), "%s/small.safetensors", folder);
    CHECK(write_model(path, 96, false));
    CHECK(begin(&t, 100, 30, path));
    CHECK(tty_wait(&t, "quantize")); /* the first one is looked at by itself */
    CHECK(tty_find(&t, "MP edge") && tty_find(&t, "r90"));
    tty_press(&t, "s");
    tty_press(&t, "j");
    CHECK(tty_wait(&t, ">   w1"));
    tty_rest(&t, 1000);
    tty_press(&t, "s");
    CHECK(tty_wait(&t, "all 60 are known"));
    tty_press(&t, "oo");
    CHECK(tty_wait(&t, "by r90"));
    tty_resize(&t, 80, 24);
    CHECK(tty_wait(&t, "by r90"));
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);

    CHECK(begin(&t, 100, 30, path));
    CHECK(tty_wait(&t, "model.layers.0"));
    tty_rest(&t, QUIET_MS);
    tty_press(&t, "oo");
    CHECK(tty_wait(&t, "by r90")); /* what was kept is there */
    tty_press(&t, "s");
    CHECK(tty_wait(&t, "all 60 are known"));
    tty_press(&t, "g\r");
    CHECK(tty_wait(&t, "small.safetensors::model.layers."));
    tty_press(&t, "2");
    CHECK(tty_wait(&t, "[2 Weights]"));
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
    unlink(path);
}

int main(int argc, char **argv)
{
    char line[160];
    if (argc < 3)
        return 2;
    program = argv[1];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(state, sizeof(state), "%s/state", folder);
    test_large(!strcmp(argv[2], "plain"));
    test_scan();
    snprintf(line, sizeof(line), "rm -r %s", folder);
    CHECK(system(line) == 0);
    return check_done();
}
