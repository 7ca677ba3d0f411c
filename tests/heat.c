/* The map of where the error is, against the entries themselves, and when it is asked for. */

#include <math.h>
#include <stdlib.h>

#include "actions.h"
#include "check.h"
#include "heat.h"
#include "memory.h"
#include "theme.h"

static struct study *study;
static int maps;

static void take(void *context, struct outcome *o)
{
    maps += o->ok && o->kind == REQUEST_HEAT;
    model_accept(context, o);
}

static int settle(struct model *m, bool idle)
{
    struct request r;
    int n = 0;
    for (; n < 20 && model_want(m, idle, &r); n++) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
    }
    return n;
}

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

/* The squares of all pixels, by the entries that each has, are the residual's. */
static void test_whole(struct model *m)
{
    double squares = 0, norm = 0;
    CHECK(command(m, "open demo:photo; method lplr; rank 12; heat") && settle(m, false) > 0);
    CHECK(maps == 0 && !heat_exact(m)); /* while hands are busy none is made */
    CHECK(settle(m, true) > 0 && maps == 1 && heat_exact(m) && m->heat.map->n == 3);
    for (size_t p = 0; p < 3; p++) {
        struct matrix_view v = m->heat.map->rms[p].view;
        double area = 400.0 * 600 / (double)v.rows / (double)v.cols;
        for (size_t i = 0; i < v.rows; i++)
            for (size_t j = 0; j < v.cols; j++)
                squares += area * matrix_at(v, i, j) * matrix_at(v, i, j);
        norm = hypot(norm, m->subject->norm[p]);
    }
    printf("# error %.6f, from the map %.6f\n", m->numbers.error, sqrt(squares) / norm);
    CHECK_NEAR(sqrt(squares) / norm / m->numbers.error, 1, 1e-4);
    CHECK(settle(m, true) == 0);
}

/* One pixel an entry: the absolute error of each. */
static void test_entries(struct model *m)
{
    struct error err;
    struct arena scratch = { 0 };
    struct backend *b = backend_open("cpu", NULL, &err);
    struct job job = { .backend = b, .scratch = &scratch };
    struct matrix a = { 0 }, whole = { 0 };
    struct approximation out = { 0 };
    double worst = 0;
    CHECK(command(m, "open demo:phantom256; method direct-svd; rank 9; zoom-one"));
    CHECK(settle(m, true) > 0 && heat_exact(m));
    bool ok = matrix_init(&a, DTYPE_F32, 256, 256, &err) &&
              matrix_init(&whole, DTYPE_F32, 256, 256, &err) &&
              document_read(m->document, &m->document->entries[0], a.view, &err);
    const struct inputs in = { &a.view, 1, NULL };
    ok = ok && approximate(&job, m->method, model_params(m), &in, &out, &err) &&
         result_expand(&out.results[0], 0, whole.view, &err);
    CHECK(ok);
    struct region r = m->heat.map->region;
    struct matrix_view v = m->heat.map->rms[0].view;
    for (size_t i = 0; ok && i < v.rows; i++)
        for (size_t j = 0; j < v.cols; j++) {
            size_t row = (size_t)r.row + i, col = (size_t)r.col + j;
            double d = matrix_at(a.view, row, col) - matrix_at(whole.view, row, col);
            worst = fmax(worst, fabs(fabs(d) - matrix_at(v, i, j)));
        }
    printf("# %zu x %zu entries of %g x %g: off by at most %.2g\n", v.rows, v.cols, r.rows, r.cols,
           worst);
    CHECK(r.rows == (double)v.rows && r.cols == (double)v.cols && worst < 1e-3);
    approximation_finish(&out);
    matrix_finish(&a);
    matrix_finish(&whole);
    arena_finish(&scratch);
    backend_close(b);
}

static void test_asked(struct model *m)
{
    struct request r;
    int before = maps;
    CHECK(command(m, "more") && !heat_exact(m)); /* another setting: what is there is not of it */
    settle(m, false);
    CHECK(maps == before && settle(m, true) > 0 && maps == before + 1 && heat_exact(m));
    CHECK(command(m, "more"));
    settle(m, false);
    while (model_want(m, true, &r) && r.kind != REQUEST_HEAT) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
    }
    CHECK(r.kind == REQUEST_HEAT && m->busy);
    request_finish(&r);
    CHECK(command(m, "cancel") && settle(m, true) == 0); /* stopped is stopped */
    CHECK(command(m, "heat; heat") && settle(m, true) == 1 && heat_exact(m));
    CHECK(command(m, "difference") && !m->heat.on && m->difference);
    CHECK(command(m, "heat") && m->heat.on && !m->difference);
    CHECK(command(m, "original; heat") && m->heat.on && !m->original);
    CHECK(command(m, "heat; zoom-fit") && !m->heat.on);
}

/* Lightness (Rec. 709 luma stands for it) rises over the whole scale, in colours and in characters. */
static void test_colours(void)
{
    double before = -1;
    bool rising = true;
    for (int i = 0; i <= 100; i++) {
        uint32_t c = theme_heat(i / 100.0);
        double luma = 0.2126 * (c >> 16) + 0.7152 * (c >> 8 & 255) + 0.0722 * (c & 255);
        rising = rising && luma > before;
        before = luma;
    }
    CHECK(rising && theme_heat(0) == 0x00224e && theme_heat(2) == 0xfee838);
    CHECK(theme_heat((double)NAN) == 0);
}

int main(void)
{
    struct error err;
    struct model m;
    struct backend *backend = backend_open("cpu", NULL, &err);
    study = study_create(backend, &err);
    CHECK(study && model_init(&m, &err));
    model_resize(&m, 80, 24);
    test_whole(&m);
    test_entries(&m);
    test_asked(&m);
    test_colours();
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    CHECK(memory_used() == 0);
    return check_done();
}
