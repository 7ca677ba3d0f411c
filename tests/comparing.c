/* Slots, wipe, difference, zoom, crosshair and sweep: the model and the study behind
 * it, without a terminal, without threads, with a made-up clock. */

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "memory.h"
#include "panes/panes.h"
#include "registry.h"
#include "sweep.h"
#include "view.h"

static struct backend *backend;
static struct study *study;

static void take(void *context, struct outcome *o)
{
    model_accept(context, o);
}

static int settle(struct model *m)
{
    struct request r;
    int n = 0;
    while (n < 20 && model_want(m, false, &r)) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
        n++;
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

static void press(struct model *m, const char *keys)
{
    char key[16];
    while (*keys) {
        size_t n = strcspn(keys, " ");
        snprintf(key, sizeof(key), "%.*s", (int)n, keys);
        action_press(m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
        keys += n + strspn(keys + n, " ");
    }
}

/* A whole screen of what m shows; the cells of the picture row by row. */
struct screen {
    struct grid g;
    int x, y, wide, high; /* of the picture, in cells */
};

static bool screen_init(struct screen *s, const struct model *m)
{
    *s = (struct screen){ 0 };
    if (!grid_init(&s->g, m->width, m->height))
        return false;
    view_draw(m, grid_canvas(&s->g, true));
    int first = 0, last = 0, cells = m->width * m->height;
    while (first < cells && !s->g.cells[first].picture)
        first++;
    for (int i = first; i < cells; i++)
        last = s->g.cells[i].picture ? i : last;
    s->x = first % m->width;
    s->y = first / m->width;
    s->wide = last % m->width - s->x + 1;
    s->high = last / m->width - s->y + 1;
    return first < cells;
}

static const struct cell *cell(const struct screen *s, int x, int y)
{
    return &s->g.cells[(s->y + y) * s->g.width + s->x + x];
}

/* How many cells in columns [from, to) differ. */
static int differences(const struct screen *a, const struct screen *b, int from, int to)
{
    int n = 0;
    for (int y = 0; y < a->high; y++)
        for (int x = from; x < to; x++)
            n += cell(a, x, y)->top != cell(b, x, y)->top ||
                 cell(a, x, y)->bottom != cell(b, x, y)->bottom;
    return n;
}

static bool says(const struct model *m, const char *text)
{
    struct screen s;
    char line[1024];
    bool found = false;
    if (!screen_init(&s, m))
        return false;
    for (int y = 0; y < s.g.height && !found; y++) {
        for (int x = 0; x < s.g.width; x++)
            line[x] = s.g.cells[y * s.g.width + x].rune < 127
                          ? (char)s.g.cells[y * s.g.width + x].rune
                          : '?';
        line[s.g.width] = 0;
        found = strstr(line, text) != NULL;
    }
    grid_finish(&s.g);
    return found;
}

/* Left of the bar A, right of it the original; the bar moves by columns. */
static void test_wipe(struct model *m)
{
    struct screen a, original, wiped;
    CHECK(command(m, "open demo:photo; method truncated-svd; rank 8") && settle(m) == 1);
    CHECK(screen_init(&a, m));
    press(m, "o");
    CHECK(screen_init(&original, m));
    CHECK(differences(&a, &original, 0, a.wide) > a.wide * a.high / 2);
    press(m, "o a");
    CHECK(command(m, "rank 60") && settle(m) == 0);
    press(m, "w");
    CHECK(settle(m) == 0 && m->slots[SLOT_A].shown == m->shown); /* the same factors: no run */
    CHECK(m->slots[SLOT_A].numbers.rank == 8 && m->numbers.rank == 60);
    CHECK_NEAR(m->slots[SLOT_A].numbers.error, subject_tail(m->subject, 8), 1e-12);
    int wrong = 0, bar = 0;
    static const char *const moves[] = { "", ",", ".", "<", "< < < < < < < <", "> > > .", "" };
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        press(m, moves[i]);
        CHECK(screen_init(&wiped, m));
        wiped.x = a.x; /* the bar may stand on the first column */
        int wide = a.wide, now = pane_wipe_column(m, wide);
        wrong += differences(&wiped, &a, 0, now) + differences(&wiped, &original, now + 1, wide);
        wrong += cell(&wiped, now, 0)->rune != 0x2503;
        static const int by[] = { 0, -1, 1, -10, -99, 31, 0 };
        int want = i == 0 ? wide / 2 : (int)fmin(fmax(0, bar + by[i]), wide - 1);
        wrong += now != want;
        bar = now;
        grid_finish(&wiped.g);
    }
    CHECK(wrong == 0);
    CHECK(says(m, "A: truncated-svd k=8 21") || says(m, "A: k=8 "));
    press(m, "x"); /* the original left, A right */
    CHECK(screen_init(&wiped, m));
    CHECK(differences(&wiped, &original, 0, bar) == 0 &&
          differences(&wiped, &a, bar + 1, a.wide) == 0);
    grid_finish(&wiped.g);
    press(m, "x b");
    CHECK(settle(m) == 0 && m->slots[SLOT_B].numbers.rank == 60);
    model_resize(m, 120, 40);
    CHECK(settle(m) == 1 && m->slots[SLOT_A].shown == m->shown); /* one answer for all three */
    CHECK(m->shown->references == 3);
    model_resize(m, 80, 24);
    CHECK(settle(m) == 1);
    press(m, "w");
    CHECK(!m->wipe && screen_init(&wiped, m) && cell(&wiped, bar, 0)->picture);
    grid_finish(&wiped.g);
    grid_finish(&a.g);
    grid_finish(&original.g);
}

/* What two pictures of the same settings differ by is mid-grey; of others, eight times. */
static void test_difference(struct model *m)
{
    struct screen s;
    CHECK(command(m, "open demo:photo::g; method truncated-svd; rank 30") && settle(m) == 1);
    press(m, "a b d");
    CHECK(screen_init(&s, m));
    int grey = 0;
    for (int y = 0; y < s.high; y++)
        for (int x = 0; x < s.wide; x++)
            grey += cell(&s, x, y)->top == 0x808080 && cell(&s, x, y)->bottom == 0x808080;
    CHECK(grey == s.wide * s.high);
    grid_finish(&s.g);
    CHECK(command(m, "rank 20; keep-b") && screen_init(&s, m));
    const struct preview *p = &m->shown->previews[0];
    struct error err;
    struct matrix a = { 0 }, b = { 0 };
    CHECK(matrix_init(&a, DTYPE_F32, p->height, p->width, &err) &&
          matrix_init(&b, DTYPE_F32, p->height, p->width, &err));
    preview_render(p, 30, a.view);
    preview_render(p, 20, b.view);
    int wrong = 0, signs = 0;
    for (int y = 0; y < s.high; y++)
        for (int x = 0; x < s.wide; x++) {
            double v = matrix_at(a.view, 2 * (size_t)y, (size_t)x) -
                       matrix_at(b.view, 2 * (size_t)y, (size_t)x);
            long level = lround(255 * fmin(1, fmax(0, 0.5 + 8 * v)));
            wrong += labs((long)(cell(&s, x, y)->top & 255) - level) > 1;
            signs |= v > 0 ? 1 : 2;
        }
    CHECK(wrong == 0 && signs == 3);
    CHECK(says(m, "x8 of A"));
    matrix_finish(&a);
    matrix_finish(&b);
    grid_finish(&s.g);
    press(m, "d");
    CHECK(!m->difference && !says(m, "x8 of A"));
}

/* A slot of a method that is run: asked for when it is needed, once; and not run again
 * for another part of the picture. */
static void test_slot_requests(struct model *m)
{
    struct request r;
    CHECK(command(m, "open demo:phantom256; method lplr; rank 12"));
    press(m, "a"); /* before there is any answer */
    CHECK(m->slots[SLOT_A].method && !m->slots[SLOT_A].shown);
    CHECK(command(m, "rank 20") && settle(m) == 1); /* no wipe: A is not needed */
    press(m, "w");
    CHECK(says(m, "A:") && settle(m) == 1 && m->slots[SLOT_A].numbers.rank == 12);
    CHECK(m->slots[SLOT_A].numbers.error > m->numbers.error);
    double error = m->slots[SLOT_A].numbers.error, seconds = m->slots[SLOT_A].numbers.seconds;
    press(m, "z i");
    CHECK(m->stale && says(m, "~") && settle(m) == 2 && !m->stale); /* both sides */
    CHECK(region_equal(m->slots[SLOT_A].shown->region, m->shown->region));
    CHECK(m->shown->region.rows < 256 && m->slots[SLOT_A].numbers.error == error &&
          m->slots[SLOT_A].numbers.seconds == seconds);

    press(m, "z i");
    CHECK(model_want(m, false, &r) && r.kind == REQUEST_PICTURE);
    study_run(study, &r, NULL, NULL, take, m);
    request_finish(&r);
    CHECK(model_want(m, false, &r) && r.kind == REQUEST_SLOT && r.slot == SLOT_A);
    press(m, "C-c"); /* stopped: not asked for again until something changes */
    m->cancel = false;
    request_finish(&r);
    CHECK(settle(m) == 0);
    press(m, "z o");
    CHECK(settle(m) == 1); /* of that part A has a picture still */
    press(m, "z i");
    CHECK(settle(m) == 2);
    press(m, "z o");
    CHECK(model_want(m, false, &r));
    study_run(study, &r, NULL, NULL, take, m);
    request_finish(&r);
    CHECK(model_want(m, false, &r) && r.kind == REQUEST_SLOT);
    press(m, "l"); /* overtaken by the slider: the slot comes after it */
    request_finish(&r);
    CHECK(settle(m) == 2 && m->numbers.rank == 21);
    press(m, "z f w");
    CHECK(settle(m) == 1 && command(m, "open demo:photo"));
    CHECK(!m->slots[SLOT_A].method && m->zoom.scale == 0); /* of a document that is gone */
}

/* Whatever the sizes: the part shown lies in the matrix and is as large as its pixels. */
static void test_zoom_arithmetic(void)
{
    static const double sides[][2] = { { 400, 600 }, { 1, 5000 }, { 3000, 7 }, { 16, 16 } };
    static const int panes[][2] = { { 34, 11 }, { 1, 1 }, { 200, 50 } };
    int outside = 0, unlike = 0, odd = 0, astray = 0;
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 3; j++)
            for (double scale = 0.01; scale < 33; scale *= 1.7) {
                double rows = sides[i][0], cols = sides[i][1];
                struct zoom z = { .scale = scale, .row = rows / 3, .col = cols * 0.9 };
                int w, h;
                zoom_picture(&z, rows, cols, panes[j][0], panes[j][1], &w, &h);
                struct region r = zoom_region(&z, rows, cols, w, h);
                odd += w < 1 || h < 2 || h % 2 || w > panes[j][0] || h > 2 * panes[j][1];
                outside += r.row < 0 || r.col < 0 || r.row + r.rows > rows * (1 + 1e-12) ||
                           r.col + r.cols > cols * (1 + 1e-12) || !(r.rows > 0 && r.cols > 0);
                unlike += (r.cols < cols && fabs(w / r.cols - scale) > 1e-9) ||
                          (r.rows < rows && fabs(h / r.rows - scale) > 1e-9);
                for (int k = 0; k < 40; k++) /* further and further, past the border */
                    zoom_move(&z, zoom_region(&z, rows, cols, w, h), 0.3 * k * k * k,
                              -0.3 * k * k * k, rows, cols);
                r = zoom_region(&z, rows, cols, w, h);
                astray += r.col != 0 || fabs(r.row + r.rows - rows) > 1e-9;
            }
    CHECK(odd == 0 && outside == 0 && unlike == 0 && astray == 0);
    struct zoom z = { 0 };
    zoom_by(&z, 2, 0.1, 400, 600);
    CHECK(z.scale == 0.2 && z.row == 200 && z.col == 300);
    zoom_by(&z, 0.5, 0.1, 400, 600);
    CHECK(z.scale == 0);
    for (int i = 0; i < 20; i++)
        zoom_by(&z, 2, 0.1, 400, 600);
    CHECK(z.scale == ZOOM_MOST && z.row == 200);
    z = (struct zoom){ .scale = 1, .row = 200.3, .col = 299.6 };
    struct region r = zoom_region(&z, 400, 600, 34, 22);
    CHECK(r.row == 189 && r.col == 283 && r.rows == 22 && r.cols == 34);
}

/* At 1:1 every pixel is an entry of the approximation and of the original. */
static void test_zoom(struct model *m)
{
    struct approximation a = { 0 };
    struct arena scratch = { 0 };
    struct selection s = { 0 };
    struct matrix in = { 0 }, whole = { 0 }, shown = { 0 };
    struct error err;
    CHECK(command(m, "open demo:photo::r; method lplr; rank 15; full-pane; zoom-one"));
    press(m, "Tab Tab");
    m->focus = PANE_PICTURE;
    CHECK(settle(m) == 1 && says(m, "1:1") && says(m, "of 600"));
    press(m, "Right Down Left Left Up Up Down");
    CHECK(settle(m) == 1);
    struct region r = m->shown->region;
    const struct preview *p = &m->shown->previews[0];
    CHECK(r.row != 0 && r.rows == (double)p->height && r.cols == (double)p->width);
    CHECK(selection_of(m->document, "r", PLANES_RGB, &s, &err) &&
          selection_read(&s, DTYPE_F32, NONFINITE_REFUSE, &in, &err));
    const struct inputs inputs = { .matrices = &in.view, .n = 1 };
    struct job job = { .backend = backend, .scratch = &scratch };
    CHECK(approximate(&job, m->method, model_params_const(m), &inputs, &a, &err) &&
          matrix_init(&whole, DTYPE_F32, 400, 600, &err) &&
          result_expand(&a.results[0], 0, whole.view, &err) &&
          matrix_init(&shown, DTYPE_F32, p->height, p->width, &err));
    preview_render(p, p->rank, shown.view);
    double worst[2] = { 0 };
    for (size_t i = 0; i < p->height; i++)
        for (size_t j = 0; j < p->width; j++) {
            size_t row = (size_t)r.row + i, col = (size_t)r.col + j;
            worst[0] = fmax(worst[0],
                            fabs(matrix_at(shown.view, i, j) - matrix_at(whole.view, row, col)));
            worst[1] = fmax(worst[1], fabs(matrix_at(m->subject->original[0].view, i, j) -
                                           matrix_at(in.view, row, col)));
        }
    printf("# worst at 1:1: %.1e approximated, %.1e original\n", worst[0], worst[1]);
    CHECK(worst[0] < 1e-5 && worst[1] < 1e-6);

    press(m, "c"); /* the crosshair says what lies under it */
    char want[64];
    size_t row = (size_t)m->cross_row, col = (size_t)m->cross_col;
    snprintf(want, sizeof(want), "row %zu col %zu: original %.3g, lplr %.3g", row, col,
             matrix_at(in.view, row, col), matrix_at(whole.view, row, col));
    CHECK(says(m, want));
    press(m, "l j j");
    CHECK((size_t)m->cross_row == row + 2 && (size_t)m->cross_col == col + 1);
    press(m, "Esc z f");
    CHECK(!m->cross && settle(m) == 1 && m->shown->region.rows == 0);
    m->full = false;
    arena_finish(&scratch);
    selection_finish(&s);
    approximation_finish(&a);
    matrix_finish(&in);
    matrix_finish(&whole);
    matrix_finish(&shown);
}

static void test_crosshair(struct model *m)
{
    char want[64];
    CHECK(command(m, "open demo:photo; method truncated-svd; rank 24") && settle(m) >= 1);
    m->focus = PANE_FORM;
    press(m, "c");
    CHECK(m->cross && m->focus == PANE_SPECTRUM && m->cross_rank == 24 && says(m, "CROSS"));
    press(m, "l L h H L");
    CHECK(m->cross_rank == 34 && model_rank(m) == 24);
    snprintf(want, sizeof(want), "i=34 sigma=%.4g sigma/sigma_1=%.3g tail %.3g %%",
             subject_sigma(m->subject, 33),
             subject_sigma(m->subject, 33) / subject_sigma(m->subject, 0),
             100 * subject_tail(m->subject, 34));
    CHECK(says(m, want));
    press(m, "*");
    CHECK(model_rank(m) == 34 && m->numbers.rank == 34);
    for (int i = 0; i < 60; i++)
        press(m, "L");
    CHECK(m->cross_rank == 400);
    press(m, "Tab Tab"); /* the sliders' keys are theirs again */
    CHECK(m->focus == PANE_FORM);
    press(m, "h");
    CHECK(m->cross_rank == 400 && model_rank(m) == 33);
    press(m, "S-Tab c");
    CHECK(!m->cross && !says(m, "CROSS"));
    m->focus = PANE_FORM;
}

/* Ranks after one another, as the sweep was asked for, ticked so many ms apart. */
static bool sweeps(struct model *m, const char *how, double ms, const char *want)
{
    char got[256] = "";
    if (!command(m, "rank 40") || !command(m, how))
        return false;
    for (int i = 0; i < 6; i++) {
        size_t n = strlen(got);
        double now = 1000 + i * ms;
        if (i > 0 && (sweep_tick(m, now - 1) || sweep_wait(m, now - 1) != 1))
            return false;
        sweep_tick(m, now);
        settle(m);
        snprintf(got + n, sizeof(got) - n, "%s%zu", n ? " " : "", model_rank(m));
    }
    press(m, "Esc");
    if (strcmp(got, want) != 0)
        printf("# %s: %s, not %s\n", how, got, want);
    return !strcmp(got, want) && !m->sweeping;
}

static bool refuses(struct model *m, const char *line, size_t fault)
{
    struct error err = { 0 };
    size_t at = 0;
    bool ok = !command_run_at(m, line, &at, &err) && err.code == ERROR_USAGE && at == fault;
    if (!ok)
        printf("# %s: fault at %zu: %s\n", line, at, err.text);
    return ok;
}

/* From, to, step and pace; and the steps of its own, few for many ranks. */
static void test_sweep_how(struct model *m)
{
    CHECK(sweeps(m, "sweep 30..60 step 8", SWEEP_MS, "48 56 60 30 38 46"));
    CHECK(sweeps(m, "sweep k 1..300 step *2 fps 10", 100, "80 160 300 1 2 4"));
    CHECK(sweeps(m, "sweep 50..9999 step 175", SWEEP_MS, "50 225 400 50 225 400"));
    CHECK(sweeps(m, "sweep rank fps 50", 20, "41 42 43 44 45 46"));
    CHECK(sweeps(m, "sweep 3..5 step *1.01", SWEEP_MS, "3 4 5 3 4 5"));
    CHECK(refuses(m, "sweep 5..5", 6) && refuses(m, "sweep k 1..128 step", 15));
    CHECK(refuses(m, "sweep 1..9 fps 0", 11) && refuses(m, "sweep 1..9 step *1", 11));
    CHECK(refuses(m, "sweep 0..9", 6) && refuses(m, "sweep 1..9x", 6) && !m->sweeping);
    int steps = 0;
    CHECK(command(m, "sweep k; rank 1"));
    for (double now = 1e4; model_rank(m) < 400 && steps < 1000; now += SWEEP_MS, steps++)
        sweep_tick(m, now);
    press(m, "Esc");
    printf("# %d steps from rank 1 to 400\n", steps);
    CHECK(steps > 150 && steps < 250 && command(m, "rank 4") && settle(m) == 0);
}

/* A step each SWEEP_MS, round and round; a clock that is a little late loses nothing by it,
 * one that is very late makes nothing up. Another method waits for its pictures. */
static void test_sweep(struct model *m)
{
    CHECK(command(m, "open demo:photo; method truncated-svd; rank 398") && settle(m) >= 1);
    press(m, "Space");
    CHECK(m->sweeping && says(m, "SWEEP") && sweep_wait(m, 1000) == 0);
    static const size_t ranks[] = { 400, 1, 2, 3 };
    int wrong = 0;
    for (size_t i = 0; i < 4; i++) {
        double now = 1000 + (double)i * SWEEP_MS;
        wrong += !sweep_tick(m, now) || model_rank(m) != ranks[i] || settle(m) != 0;
        wrong += sweep_tick(m, now + SWEEP_MS - 1) || sweep_wait(m, now + 10) != SWEEP_MS - 10;
    }
    CHECK(wrong == 0);
    double due = 1000 + 4 * SWEEP_MS;
    CHECK(sweep_tick(m, due + 1) && sweep_wait(m, due + 1) == SWEEP_MS - 1);
    CHECK(sweep_tick(m, due + 9 * SWEEP_MS) && sweep_wait(m, due + 9 * SWEEP_MS) == SWEEP_MS);
    press(m, "l"); /* stops it, and does what it does */
    CHECK(!m->sweeping && model_rank(m) == 6 && sweep_wait(m, 9999) < 0);
    press(m, "Space Space");
    CHECK(!m->sweeping && model_rank(m) == 6);
    test_sweep_how(m);
    CHECK(command(m, "open demo:phantom256; method lplr; rank 3; sweep"));
    CHECK(!sweep_tick(m, 5000)); /* nothing is there yet */
    CHECK(settle(m) == 1 && sweep_tick(m, 5000) && !sweep_tick(m, 5001));
    CHECK(model_rank(m) == 4 && settle(m) == 1 && sweep_tick(m, 5001));
    press(m, "Esc");
    CHECK(!m->sweeping && settle(m) == 1);
    CHECK(command(m, "method naive; sweep") && !m->sweeping && m->message_is_error);
}

/* One plane alone is grey, and is that plane. */
static void test_channel(struct model *m)
{
    struct screen s;
    CHECK(command(m, "open demo:photo; method truncated-svd; full") && settle(m) == 1);
    int wrong = 0;
    for (int plane = 1; plane <= 3; plane++) {
        press(m, "v");
        CHECK(m->channel == plane && screen_init(&s, m));
        const struct matrix_view original = m->subject->original[plane - 1].view;
        for (int x = 0; x < s.wide; x++) {
            uint32_t rgb = cell(&s, x, 3)->top;
            long want = lround(255 * matrix_at(original, 6, (size_t)x));
            wrong += (rgb >> 16) != (rgb & 255) || (rgb >> 8 & 255) != (rgb & 255);
            wrong += labs((long)(rgb & 255) - want) > 1;
        }
        grid_finish(&s.g);
    }
    CHECK(wrong == 0 && says(m, "[b]"));
    press(m, "v");
    CHECK(m->channel == 0);
    CHECK(command(m, "planes ycbcr") && settle(m) == 1);
    press(m, "v v");
    CHECK(says(m, "[cb]") && command(m, "planes rgb; open demo:phantom256") && settle(m) == 1);
    press(m, "v");
    CHECK(m->channel == 0 && m->message[0]);
}

int main(void)
{
    struct error err;
    struct model m;
    backend = backend_open("cpu", NULL, &err);
    study = study_create(backend, &err);
    CHECK(backend && study && model_init(&m, &err));
    press(&m, "a b w d x , . < > v c * z i z o z 1 z f Space f"); /* nothing is open */
    CHECK(settle(&m) == 0 && !m.sweeping && !m.cross);
    model_finish(&m);
    CHECK(model_init(&m, &err));
    test_wipe(&m);
    test_difference(&m);
    test_slot_requests(&m);
    test_zoom_arithmetic();
    test_zoom(&m);
    test_crosshair(&m);
    test_sweep(&m);
    test_channel(&m);
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    CHECK(memory_used() == 0);
    return check_done();
}
