#pragma once

/* A small model in a file, and hands for it: what tests/weights.c and tests/scanning.c share. */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "frame.h"
#include "memory.h"
#include "state.h"
#include "view.h"

enum { LAYERS = 3, TEXT = 1 << 18, SIDE = 48, WIDTH = 64 };

static struct backend *backend;
static struct study *study;
static atomic_bool cancel;
static char folder[] = "/tmp/eigenscope-weights-XXXXXX";

/* ---- a model in a file ---- */

static unsigned seed = 1;

static double draw(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        seed = 1664525 * seed + 1013904223;
        sum += (double)(seed >> 8) / (1 << 24);
    }
    return sum - 6; /* nearly normal */
}

/* Of rank 4 and noise, or of noise alone; one entry is far out. */
static void write_matrix(FILE *f, size_t rows, size_t cols, bool low)
{
    static double left[SIDE][4], right[4][WIDTH];
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < rows; i++)
            left[i][k] = draw();
        for (size_t j = 0; j < cols; j++)
            right[k][j] = draw();
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double v = 0.05 * draw();
            for (size_t k = 0; low && k < 4; k++)
                v += left[i][k] * right[k][j] / (double)(k + 1);
            float out = (float)(i == 3 && j == 5 ? 40 : v);
            fwrite(&out, sizeof(out), 1, f);
        }
}

static bool write_model(char *path, size_t size, bool broken)
{
    static char header[TEXT];
    size_t n = 1, end = 0, bytes = 4 * SIDE * WIDTH;
    snprintf(path, size, "%s/%s.safetensors", folder, broken ? "broken" : "model");
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    header[0] = '{';
    for (int i = 0; i < 2 * LAYERS; i++, end += bytes)
        n += (size_t)sprintf(header + n,
                             "%s\"layers.%d.%s.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d],"
                             "\"data_offsets\":[%zu,%zu]}",
                             i ? "," : "", i / 2, i % 2 ? "low" : "noise", SIDE, WIDTH, end,
                             end + bytes);
    n += (size_t)sprintf(header + n,
                         ",\"norm\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":"
                         "[%zu,%zu]}}",
                         end, end + 16);
    while (n % 8)
        header[n++] = ' ';
    uint64_t length = n;
    fwrite(&length, sizeof(length), 1, f);
    fwrite(header, 1, n, f);
    for (int i = 0; i < 2 * LAYERS; i++)
        write_matrix(f, SIDE, WIDTH, i % 2);
    for (int i = 0; i < 4; i++)
        fwrite(&(float){ 1 }, 4, 1, f);
    return fclose(f) == 0;
}

/* ---- hands and clock ---- */

static void press(struct model *m, const char *keys)
{
    char key[16];
    while (*keys) {
        size_t n = strcspn(keys, " ");
        snprintf(key, sizeof(key), "%.*s", (int)n, keys);
        bool space = !strcmp(key, "Space");
        action_press(m, key, space ? ' ' : key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
        keys += n + strspn(keys + n, " ");
    }
}

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

static bool open_file(struct model *m, const char *path)
{
    char line[256];
    snprintf(line, sizeof(line), "open %s", path);
    return command(m, line);
}

static void take(void *context, struct outcome *o)
{
    model_accept(context, o);
}

static void run(struct model *m, struct request *r)
{
    atomic_store(&cancel, false);
    study_run(study, r, &cancel, NULL, take, m);
    request_finish(r);
}

/* What was kept of a scan is asked for by itself: something else. */
static inline bool wants(struct model *m, struct request *r)
{
    while (model_want(m, true, r)) {
        if (r->kind != REQUEST_SCAN || r->n_tensors)
            return true;
        run(m, r);
    }
    return false;
}

static int settle(struct model *m)
{
    struct request r;
    int n = 0;
    for (; n < 40 && model_want(m, true, &r); n++)
        run(m, &r);
    return n;
}

/* ---- a scan ---- */

static int outcomes, cancel_after;

static void take_row(void *context, struct outcome *o)
{
    outcomes += o->kind == REQUEST_SCAN && o->ok;
    if (outcomes == cancel_after)
        atomic_store(&cancel, true);
    take(context, o);
}

static void run_scan(struct model *m, struct request *r, int stop)
{
    atomic_store(&cancel, false);
    outcomes = 0;
    cancel_after = stop;
    study_run(study, r, &cancel, NULL, take_row, m);
    request_finish(r);
}

/* What is wanted before anything else: the tensor one is on, and what was kept. */
static bool settle_until_scan(struct model *m, struct request *r)
{
    while (model_want(m, true, r)) {
        if (r->kind == REQUEST_SCAN && r->n_tensors)
            return true;
        run(m, r);
    }
    return false;
}
