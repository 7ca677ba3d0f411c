/* The privacy view's sandbox and the study behind it, without a terminal and without threads: what is asked for
 * and when, time, near misses, noise that belongs to its setting, draws, failures. */

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "gap_draws.h"
#include "gaussian_dp.h"
#include "memory.h"
#include "reproduce.h"
#include "seconds.h"
#include "session.h"
#include "view.h"

enum { D = 8, ROWS = 60, WIDE = 600, ASKED = 64 };

static struct backend *backend;
static struct study *study;
static char path[] = "/tmp/eigenscope-theatre-XXXXXX", wide[] = "/tmp/eigenscope-theatre-XXXXXX";
static atomic_bool cancel;

/* People of norm below one whose covariance falls off; one of them too long. */
static double entry(size_t row, size_t col)
{
    double r = (double)row, c = (double)col;
    return row == 7 ? 5.0 : 0.6 * cos(0.7 * r * (c + 1) + c) / (c + 1.5);
}

static bool write_rows(char *name, size_t rows, size_t cols)
{
    char header[128];
    int fd = mkstemp(name);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!f)
        return false;
    int n = snprintf(header, sizeof(header),
                     "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, cols);
    memset(header + n, ' ', sizeof(header) - (size_t)n);
    header[117] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f);
    fwrite(header, 1, 118, f);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double v = entry(i, j);
            fwrite(&v, sizeof(v), 1, f);
        }
    return fclose(f) == 0;
}

static unsigned asked[ASKED]; /* what the requests of the theatre were, in order */
static size_t n_asked, n_outcomes;
static struct error last_error;

static void take(void *context, struct outcome *o)
{
    n_outcomes++;
    if (!o->ok)
        last_error = o->error;
    model_accept(context, o);
}

static void answer(struct model *m, struct request *r)
{
    if (r->kind == REQUEST_THEATRE && n_asked < ASKED)
        asked[n_asked++] = r->theatre.what;
    atomic_store(&cancel, false);
    study_run(study, r, &cancel, NULL, take, m);
    request_finish(r);
}

/* Until nothing is wanted. */
static void settle(struct model *m)
{
    struct request r;
    n_asked = n_outcomes = 0;
    for (int i = 0; i < 200 && model_want(m, true, &r); i++)
        answer(m, &r);
}

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

static void press(struct model *m, const char *key)
{
    action_press(m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
}

static bool start(struct model *m, const char *file)
{
    struct error err;
    struct document *d = model_init(m, &err) ? document_open(file, &err) : NULL;
    if (!d) {
        printf("# %s\n", err.text);
        return false;
    }
    model_open(m, d, NULL);
    document_unref(d);
    model_resize(m, 80, 24);
    return command(m, "view privacy");
}

/* Nothing is drawn before one looks; then the paths, and what else the page shows. */
static void test_asking(struct model *m)
{
    m->view = view_find("image");
    settle(m);
    CHECK(n_asked == 0 && !m->theatre.paths);
    view_show(m, view_find("privacy"));
    settle(m);
    CHECK(n_asked == 1 && asked[0] == THEATRE_PATHS && theatre_fresh(m));
    CHECK(m->theatre.matrix && m->theatre.matrix->d == D);
    settle(m);
    CHECK(n_asked == 0); /* it is known */
    m->theatre.page = THEATRE_PAGE_SPECTRUM;
    settle(m);
    CHECK(n_asked == 1 && asked[0] == THEATRE_BANDS && m->theatre.bands);
    press(m, "v");
    command(m, "privacy runs=40");
    settle(m);
    CHECK(n_asked == 0); /* bands are not shown */
    press(m, "v");
    settle(m);
    CHECK(n_asked == 1 && asked[0] == THEATRE_BANDS && m->theatre.bands->found.runs == 40);
    command(m, "privacy rank=5 t=0.5");
    settle(m);
    CHECK(n_asked == 0); /* looked up in what is there */
    command(m, "privacy t=1 runs=8");
    m->theatre.page = THEATRE_PAGE_GAPS;
}

/* The covariance is of the clipped rows: by definition. */
static void test_matrix(struct model *m)
{
    double m2[D][D] = { { 0 } }, trace = 0, square = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double norm = 0;
        for (size_t j = 0; j < D; j++)
            norm = hypot(norm, entry(i, j));
        for (size_t j = 0; j < D; j++)
            for (size_t k = 0; k < D; k++)
                m2[j][k] += entry(i, j) * entry(i, k) / fmax(norm * norm, 1);
    }
    for (size_t j = 0; j < D; j++) {
        trace += m2[j][j];
        for (size_t k = 0; k < D; k++)
            square += m2[j][k] * m2[j][k];
        sum += m->theatre.matrix->sigma[j];
        squares += m->theatre.matrix->sigma[j] * m->theatre.matrix->sigma[j];
    }
    CHECK_NEAR(sum, trace, 1e-5 * trace); /* the study reads in single precision */
    CHECK_NEAR(squares, square, 1e-5 * square);
    CHECK(m->theatre.matrix->sigma[0] >= m->theatre.matrix->sigma[D - 1]);
}

static double last_value(const struct model *m, int field, size_t i)
{
    const struct theatre_paths *p = m->theatre.paths;
    return dyson_path_at(&p->of[field], p->steps)[i];
}

/* Two settings never share a draw: if they did, the noise would be in proportion to s, and two pictures would
 * give M away. One setting has one draw. */
static void test_noise(struct model *m)
{
    double first[THEATRE_FIELDS][D], again = 0, apart = 0;
    const double *sigma = m->theatre.matrix->sigma;
    double s = m->theatre.paths->deviation;
    for (int f = 0; f < THEATRE_FIELDS; f++)
        for (size_t i = 0; i < D; i++)
            first[f][i] = last_value(m, f, i);
    command(m, "privacy epsilon=0.99");
    settle(m);
    double ratio = m->theatre.paths->deviation / s;
    CHECK(ratio > 1.005 && ratio < 1.02);
    for (int f = 0; f < THEATRE_FIELDS; f++)
        for (size_t i = 0; i < D; i++) /* the noise is far above M */
            apart = fmax(
                apart, fabs(last_value(m, f, i) - sigma[i] - ratio * (first[f][i] - sigma[i])) / s);
    printf("# least distance to a rescaled draw: %.2f s\n", apart);
    CHECK(apart > 0.3);
    command(m, "privacy epsilon=1");
    settle(m);
    for (int f = 0; f < THEATRE_FIELDS; f++)
        for (size_t i = 0; i < D; i++)
            again = fmax(again, fabs(last_value(m, f, i) - first[f][i]));
    CHECK(again == 0);
    press(m, "R");
    settle(m);
    CHECK(fabs(last_value(m, 0, 0) - first[0][0]) > 0.01 * s);
    command(m, "privacy seed=1");
    settle(m);
    CHECK(theatre_seed(&m->theatre.set) != m->theatre.set.seed);
}

/* The clock is ours: thirty frames a second, late ones skipped, none while it rests. */
static void test_time(struct model *m)
{
    double now = 1000;
    int moves = 0;
    CHECK(theatre_wait(m, now) < 0 && !theatre_tick(m, now));
    press(m, "Space"); /* from the end anew */
    CHECK(m->theatre.playing && theatre_at(m) == 0);
    for (; now < 2000; now += 5)
        moves += theatre_tick(m, now);
    printf("# %d moves in a second, at frame %zu\n", moves, theatre_at(m));
    CHECK(moves >= THEATRE_FPS - 1 && moves <= THEATRE_FPS + 1);
    CHECK(theatre_at(m) >= (size_t)THEATRE_FPS - 1 && theatre_at(m) <= (size_t)THEATRE_FPS + 1);
    size_t before = theatre_at(m);
    CHECK(theatre_tick(m, now + 500) && theatre_at(m) >= before + THEATRE_FPS / 2 - 1);
    m->view = view_find("image"); /* out of sight it waits, and goes on where it was left */
    before = theatre_at(m);
    CHECK(!theatre_tick(m, now + 5000) && theatre_wait(m, now + 5000) < 0);
    m->view = view_find("privacy");
    CHECK(theatre_tick(m, now + 9000) && theatre_at(m) == before + 1);
    press(m, "Space");
    before = theatre_at(m);
    CHECK(!theatre_tick(m, now + 1000) && theatre_wait(m, now + 1000) < 0 &&
          theatre_at(m) == before);
    press(m, "]");
    press(m, "]");
    press(m, "[");
    CHECK(theatre_at(m) == before + 1);
    press(m, "Space");
    for (int i = 0; i < 400 && m->theatre.playing; i++)
        theatre_tick(m, now += 100);
    CHECK(!m->theatre.playing && theatre_at(m) == m->theatre.paths->steps);
    press(m, "]");
    CHECK(theatre_at(m) == m->theatre.paths->steps);
    command(m, "privacy t=0");
    press(m, "[");
    CHECK(theatre_at(m) == 0 &&
          theatre_values(m, 0, &(size_t){ 0 })[0] == m->theatre.matrix->sigma[0]);
}

/* "." goes through the near misses of both fields in the order of time, "," back. */
static void test_misses(struct model *m)
{
    const struct theatre_paths *p = m->theatre.paths;
    size_t all = p->misses[0] + p->misses[1], steps = 0, back = 0, at = 0;
    bool wrong = false;
    command(m, "privacy t=0");
    for (press(m, "."); theatre_at(m) != at; press(m, "."), steps++) {
        bool known = false;
        at = theatre_at(m);
        for (int f = 0; f < THEATRE_FIELDS; f++)
            for (size_t k = 0; k < p->misses[f]; k++)
                known |= p->miss[f][k].frame == at;
        wrong |= !known;
    }
    CHECK(strstr(m->message, "no later near miss: , goes back") != NULL);
    for (press(m, ","); theatre_at(m) < at; press(m, ","), back++)
        at = theatre_at(m);
    printf("# %zu near misses, %zu steps there, %zu back\n", all, steps, back);
    CHECK(all > 2 && steps > 1 && steps <= all && !wrong);
    CHECK(back + 1 == steps);
    CHECK(strstr(m->message, "no earlier near miss: . goes on") != NULL);
    for (int f = 0; f < THEATRE_FIELDS; f++)
        for (size_t k = 0; k < p->misses[f]; k++)
            wrong |= p->miss[f][k].frame == 0 || p->miss[f][k].frame >= p->steps;
    CHECK(!wrong);
}

/* What a stopped or failed request was for is left alone until something is set, or asked for. */
static void test_stopping(struct model *m)
{
    struct request r;
    command(m, "privacy epsilon=3");
    CHECK(model_want(m, false, &r) && r.kind == REQUEST_THEATRE); /* also while a key is held */
    press(m, "C-c");
    CHECK(m->cancel && !m->busy);
    m->cancel = false;
    request_finish(&r);
    settle(m);
    CHECK(n_asked == 0 && !theatre_fresh(m));
    press(m, "Space");
    settle(m);
    CHECK(n_asked == 1 && theatre_fresh(m));
    command(m, "privacy data=covariance"); /* 60 x 8 is none */
    last_error.code = ERROR_NONE;
    settle(m);
    CHECK(last_error.code == ERROR_FORMAT && n_asked == 1 && m->theatre.why[0]);
    command(m, "privacy data=rows epsilon=1");
    settle(m);
    CHECK(theatre_fresh(m));
    m->worlds.world = WORLD_RELEASE;
    command(m, "privacy epsilon=5");
    settle(m);
    CHECK(n_asked == 0);
    m->worlds.world = WORLD_SANDBOX;
    command(m, "privacy epsilon=1");
    settle(m);
    CHECK(theatre_fresh(m));
}

/* A newer setting overtakes what is out; its answer is dropped. */
static void test_overtaken(struct model *m)
{
    struct request first, second;
    command(m, "privacy epsilon=6");
    CHECK(model_want(m, false, &first));
    CHECK(!model_want(m, false, &second)); /* it is out */
    command(m, "privacy epsilon=7");
    CHECK(model_want(m, false, &second) && second.theatre.set.epsilon == 7);
    answer(m, &first);
    CHECK(!theatre_fresh(m) && m->theatre.paths->set.epsilon != 6);
    answer(m, &second);
    CHECK(theatre_fresh(m) && m->theatre.paths->set.epsilon == 7);
    command(m, "privacy epsilon=1");
    settle(m);
}

/* What is drawn over epsilon is what is asked of the price, and a step of a slider is no wait. */
static void test_price(struct model *m)
{
    static const char *const deltas[] = { "privacy delta=1e-2", "privacy delta=1e-12",
                                          "privacy delta=1e-6" };
    double worst = 0;
    const struct theatre_price *p = &m->theatre.price;
    for (size_t k = 0; k < 3; k++) {
        command(m, deltas[k]);
        theatre_follow(m);
        for (int i = 0; i < THEATRE_POINTS; i += 6)
            worst = fmax(worst, fabs(p->mu_of[i] / gdp_mu(p->epsilon[i], p->set.delta) - 1));
    }
    CHECK(worst < 1e-4);
    CHECK_NEAR(p->mu, 0.236704, 1e-5); /* at (1, 1e-6) */
    CHECK_NEAR(p->tight, 4.22468, 1e-4);
    CHECK_NEAR(p->classical, 7.49364, 1e-4);
    CHECK_NEAR(p->classical_epsilon, 0.540, 1e-3);
    double start = seconds_now();
    command(m, "privacy delta=2e-6");
    theatre_follow(m);
    printf("# curve to %.1e, %.1f ms\n", worst, 1e3 * (seconds_now() - start));
    command(m, "privacy delta=1e-6");
    settle(m);
}

/* Draws come a part at a time and add up to those of one go. */
static void test_draws(struct model *m)
{
    struct gap_statistics whole;
    struct arena scratch = { 0 };
    struct job job = { .backend = backend, .scratch = &scratch };
    struct error err;
    struct request r;
    m->theatre.page = THEATRE_PAGE_HISTOGRAM;
    for (int i = 0; i < 2; i++) {
        CHECK(model_want(m, true, &r) && r.kind == REQUEST_THEATRE &&
              r.theatre.what == THEATRE_TALLY);
        answer(m, &r);
    }
    CHECK(m->theatre.tally_draws == 2 * THEATRE_GAP_DRAWS);
    for (int f = 0; f < THEATRE_FIELDS; f++) {
        gap_statistics_init(&whole, theatre_field_of(f), THEATRE_GAP_SIDE, 1);
        CHECK(gap_draws_add(&job, GAP_TRIDIAGONAL, m->theatre.set.seed, 0, 2 * THEATRE_GAP_DRAWS,
                            &whole, &err));
        CHECK(whole.spectra == m->theatre.tally[f].spectra &&
              !memcmp(whole.bins, m->theatre.tally[f].bins, sizeof(whole.bins)));
        double r_mean = gap_statistics_read(&m->theatre.tally[f], GAP_RATIO).value;
        CHECK_NEAR(r_mean, f ? 0.5996 : 0.5307, 0.012);
    }
    arena_finish(&scratch);
    m->theatre.page = THEATRE_PAGE_GAPS;
}

static void test_scenes(struct model *m)
{
    int wrong = 0;
    for (size_t i = 0; i < dyson_scene_count(); i++) {
        press(m, "s");
        settle(m);
        const struct theatre_paths *p = m->theatre.paths;
        const struct dyson_scene *x = &dyson_scenes[i];
        wrong += !theatre_fresh(m) || p->of[0].d != x->d || p->steps != x->frames ||
                 fabs(p->of[0].dt * (double)p->steps - x->duration) > 1e-9 ||
                 (x->look == DYSON_OVERLAP) != (p->of[1].overlap != NULL) || theatre_rank(m) > x->d;
    }
    CHECK(wrong == 0);
    press(m, "s");
    CHECK(m->theatre.set.scene == 0);
    settle(m);
    CHECK(m->theatre.matrix->d == D);
}

/* A session brings the form back, and the command for the shell has what it says. */
static void test_kept(struct model *m)
{
    struct error err;
    char text[4096] = "", line[1024];
    command(m, "privacy rank=3 runs=32 epsilon=0.25 relation=add-remove t=0.75");
    FILE *out = fmemopen(text, sizeof(text), "w");
    session_print(m, false, out);
    fclose(out);
    CHECK(strstr(text, "privacy epsilon=0.25 t=0.75 relation=add-remove\n") != NULL);
    CHECK(reproduce_command(m, line, sizeof(line), &err));
    CHECK(
        strstr(line, "'privacy epsilon=0.25 t=0.75 relation=add-remove; show theatre.page=gaps") !=
        NULL);
    session_reset(m);
    CHECK(m->theatre.set.epsilon == 1 && m->theatre.set.relation == 0);
}

/* Too many columns are told, not tried; a scene needs none. */
/* The result that the image view shows is of the very rows: under this badge it is not written. */
static void test_export(struct model *m)
{
    struct error err;
    view_show(m, view_find("privacy"));
    m->message[0] = 0;
    CHECK(!command_run(m, "export o.npy", &err) && err.code == ERROR_USAGE);
    CHECK(strstr(err.text, "eigenscope run complex-gaussian") && !m->export.path[0]);
    action_press(m, "e", 'e');
    CHECK(m->overlay == OVERLAY_NONE && m->message_is_error && strstr(m->message, "complex-gauss"));
    CHECK(!model_export(m, "o.npy", false, &err) && access("o.npy", F_OK) != 0);
    view_show(m, views[0]);
    CHECK(command_run(m, "export o.npy", &err) && m->export.path[0]);
    m->export.path[0] = 0;
    view_show(m, view_find("privacy"));
}

/* A view that has nothing to show says so. */
static void test_told(void)
{
    struct model bare;
    struct error err;
    CHECK(model_init(&bare, &err) && command_run(&bare, "privacy scene=twins", &err));
    CHECK(strstr(bare.message, "open a file or a demo first") != NULL);
    model_finish(&bare);
}

static void test_wide(void)
{
    struct model m;
    CHECK(start(&m, wide));
    settle(&m);
    CHECK(n_asked == 0 && !m.theatre.paths);
    command(&m, "privacy scene=repulsion");
    settle(&m);
    CHECK(n_asked == 1 && theatre_fresh(&m));
    model_finish(&m);
}

/* Without memory at any place: one clear line, and the next request is answered. */
static void test_no_memory(struct model *m)
{
    struct request r;
    int fails = 0, lies = 0;
    m->theatre.page = THEATRE_PAGE_ERRORS;
    for (long n = 0; n < 1500; n += n < 40 ? 1 : 97) {
        theatre_forget(m);
        command(m, n % 2 ? "privacy epsilon=2" : "privacy epsilon=2.5");
        for (int i = 0; i < 2 && model_want(m, true, &r); i++) {
            last_error.code = ERROR_NONE;
            memory_fail_after(n);
            answer(m, &r);
            memory_fail_after(-1);
            fails += last_error.code == ERROR_MEMORY;
            lies += last_error.code != ERROR_NONE && last_error.code != ERROR_MEMORY;
        }
    }
    printf("# %d requests failed for want of memory\n", fails);
    CHECK(fails > 40 && lies == 0);
    theatre_forget(m);
    command(m, "privacy epsilon=1");
    settle(m);
    CHECK(theatre_fresh(m));
}

int main(void)
{
    struct model m;
    struct error err;
    backend = backend_open("cpu", NULL, &err);
    study = backend ? study_create(backend, &err) : NULL;
    CHECK(study && write_rows(path, ROWS, D) && write_rows(wide, 4, WIDE));
    CHECK(start(&m, path));
    test_asking(&m);
    test_matrix(&m);
    test_noise(&m);
    test_time(&m);
    test_misses(&m);
    test_stopping(&m);
    test_overtaken(&m);
    test_price(&m);
    test_draws(&m);
    test_scenes(&m);
    test_kept(&m);
    test_export(&m);
    test_no_memory(&m);
    model_finish(&m);
    test_wide();
    test_told();
    study_destroy(study);
    backend_close(backend);
    unlink(path);
    unlink(wide);
    return check_done();
}
