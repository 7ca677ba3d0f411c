/* Screens as text: the image view, drawn from a model made here by hand (no engine
 * runs, nothing is timed), against tests/screens/NAME.txt. UPDATE_SCREENS=1 rewrites
 * them; look at the difference before you commit it. Colours are checked by rule. */

#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "check.h"
#include "frame.h"
#include "memory.h"
#include "panes/panes.h"
#include "view.h"

enum { ROWS = 400, COLS = 600, RANK = 24, TERMS = 40, TEXT = 1 << 17 };

/* What the model would own; here the test does. */
struct fixture {
    struct model m;
    struct document document;
    struct raster raster;
    struct entry entry;
    struct subject subject;
    struct shown shown;
    char document_name[32], entry_name[8];
};

static const double pi = 3.14159265358979323846;

/* A spectrum that falls by decades, as pictures' do: a large first value, then 1/i. */
static void fill_subject(struct subject *s, struct error *err)
{
    *s = (struct subject){ .rows = ROWS,
                           .cols = COLS,
                           .planes = 3,
                           .picture = true,
                           .n = ROWS,
                           .exact = true,
                           .source_bytes = 466706 };
    for (size_t p = 0; p < s->planes; p++) {
        double sum = 0;
        s->sigma[p] = memory_alloc(s->n * sizeof(double), err);
        for (size_t i = 0; i < s->n; i++) {
            double at = (double)i + 1, v = i == 0 ? 220.0 : 90.0 / at / (1 + at / 100);
            s->sigma[p][i] = v * (double)(10 - p) / 10;
            sum += s->sigma[p][i] * s->sigma[p][i];
        }
        s->norm[p] = sqrt(sum);
    }
}

/* Products of cosines: a picture of exactly TERMS terms. */
static void fill_preview(struct preview *p, size_t plane, size_t height, size_t width,
                         struct error *err)
{
    *p = (struct preview){ .width = width, .height = height, .rank = TERMS };
    matrix_init(&p->left, DTYPE_F32, height, TERMS, err);
    matrix_init(&p->right, DTYPE_F32, TERMS, width, err);
    for (size_t r = 0; r < TERMS; r++) {
        double weight = r == 0 ? 0.5 : 0.35 / (double)r, shift = (double)plane / 3;
        for (size_t y = 0; y < height; y++)
            matrix_put(p->left.view, y, r,
                       weight * cos(pi * (double)r * ((double)y + 0.5) / (double)height + shift));
        for (size_t x = 0; x < width; x++)
            matrix_put(p->right.view, r, x,
                       cos(pi * (double)(r + r / 2) * ((double)x + 0.5) / (double)width));
    }
}

static void drop_pictures(struct fixture *f)
{
    for (size_t p = 0; p < 3; p++) {
        matrix_finish(&f->subject.original[p]);
        preview_finish(&f->shown.previews[p]);
    }
}

/* Pictures of the size that the view asks for on this screen, as the study makes them. */
static void fill_pictures(struct fixture *f, int width, int height, struct error *err)
{
    int wide, high;
    drop_pictures(f);
    views[0]->picture_size(&f->m, width, height, &wide, &high);
    for (size_t p = 0; p < 3; p++) {
        struct preview *preview = &f->shown.previews[p];
        fill_preview(preview, p, (size_t)high, (size_t)wide, err);
        matrix_init(&f->subject.original[p], DTYPE_F32, (size_t)high, (size_t)wide, err);
        preview_render(preview, TERMS, f->subject.original[p].view);
    }
    f->subject.region = f->shown.region = zoom_region(&f->m.zoom, ROWS, COLS, wide, high);
}

static void set(struct model *m, const char *key, double value)
{
    const struct param *p = param_find(&m->method->params, key);
    if (p)
        param_put(p, model_params(m), value);
}

static void fixture_init(struct fixture *f)
{
    struct error err = { 0 };
    *f = (struct fixture){ 0 };
    CHECK(model_init(&f->m, &err));
    strcpy(f->document_name, "photo.png");
    strcpy(f->entry_name, "grey");
    f->raster = (struct raster){ .width = COLS, .height = ROWS, .channels = 3, .depth = 8 };
    f->entry = (struct entry){
        .name = f->entry_name, .rows = ROWS, .cols = COLS, .dtype = "u8 / 255"
    };
    f->document = (struct document){ .references = 1,
                                     .name = f->document_name,
                                     .entries = &f->entry,
                                     .n = 1,
                                     .raster = &f->raster };
    fill_subject(&f->subject, &err);
    f->m.method = method_find("lplr");
    f->m.document = &f->document;
    f->m.subject = &f->subject;
    f->m.shown = &f->shown;
    f->m.focus = PANE_FORM;
    f->m.frame_ms = 7;
    strcpy(f->m.mode, "half blocks, 24-bit (COLORTERM)");
    set(&f->m, "rank", RANK);
    f->shown = (struct shown){ .method = f->m.method, .params = *model_params(&f->m), .planes = 3 };
    f->m.numbers = (struct numbers){ .rank = RANK,
                                     .error = 0.132,
                                     .bound = (double)NAN,
                                     .optimal = subject_tail(&f->subject, RANK),
                                     .psnr = 21.2,
                                     .ssim = 0.712,
                                     .seconds = 0.036,
                                     .bits_paper = 576000,
                                     .bits_true = 588000,
                                     .entries = (uint64_t)3 * ROWS * COLS,
                                     .factors_bytes = 75000 };
}

/* A curve above the optimum, that rises again where rounding takes over; unproved as it says. */
static void fill_theory(struct fixture *f, const char *unproved)
{
    struct theory_curve *c = &f->shown.theory;
    *c = (struct theory_curve){ .own = RANK, .proved = !unproved, .unproved = unproved };
    for (size_t k = 1; k <= ROWS; k += k < RANK ? 1 : 16, c->n++) {
        c->rank[c->n] = (double)k;
        c->part[THEORY_TAIL][c->n] = 1.5 * subject_tail(&f->subject, k);
        c->part[THEORY_LEFT][c->n] = 0.02 * sqrt((double)k);
        c->part[THEORY_RIGHT][c->n] = 0.002 * sqrt((double)k);
        c->error[c->n] = hypot(hypot(c->part[THEORY_TAIL][c->n], c->part[THEORY_LEFT][c->n]),
                               c->part[THEORY_RIGHT][c->n]);
    }
}

static void fixture_finish(struct fixture *f)
{
    drop_pictures(f);
    for (size_t p = 0; p < 3; p++)
        memory_free(f->subject.sigma[p]);
}

/* Slot A: the same method at eight terms. */
static void fill_slot(struct fixture *f, struct shown *kept, int width, int height)
{
    struct error err = { 0 };
    int wide, high;
    f->m.view->picture_size(&f->m, width, height, &wide, &high);
    *kept = f->shown;
    for (size_t p = 0; p < 3; p++) {
        kept->previews[p] = (struct preview){ 0 };
        fill_preview(&kept->previews[p], p, (size_t)high, (size_t)wide, &err);
    }
    kept->nested = true;
    f->m.slots[SLOT_A] = (struct slot){
        .method = f->m.method, .params = f->shown.params, .shown = kept, .numbers = f->m.numbers
    };
    f->m.slots[SLOT_A].numbers.rank = 8;
    f->m.slots[SLOT_A].numbers.error = 0.21;
}

static void drop_slot(struct fixture *f, struct shown *kept)
{
    for (size_t p = 0; p < 3; p++)
        preview_finish(&kept->previews[p]);
    f->m.slots[SLOT_A] = (struct slot){ 0 };
}

static char got[TEXT], want[TEXT];

static void draw(struct fixture *f, int width, int height, bool unicode, struct grid *g)
{
    struct error err = { 0 };
    f->m.width = width;
    f->m.height = height;
    f->m.unicode = unicode;
    if (f->m.document && f->m.subject)
        fill_pictures(f, width, height, &err);
    if (grid_init(g, width, height))
        view_draw(&f->m, grid_canvas(g, unicode));
}

static const char *screen(struct fixture *f, int width, int height, bool unicode)
{
    struct grid g = { 0 };
    FILE *out = fmemopen(got, sizeof(got), "w");
    draw(f, width, height, unicode, &g);
    frame_print(&g, TERM_MONO, SCHEME_DARK, unicode, out);
    fclose(out);
    grid_finish(&g);
    return got;
}

/* The first line in which they differ, as a hint. */
static void tell(const char *name)
{
    const char *a = got, *b = want;
    int line = 1;
    for (; *a && *a == *b; a++, b++)
        line += *a == '\n';
    while (a > got && a[-1] != '\n')
        a--;
    while (b > want && b[-1] != '\n')
        b--;
    printf("# %s line %d\n# got  %.*s\n# want %.*s\n", name, line, (int)strcspn(a, "\n"), a,
           (int)strcspn(b, "\n"), b);
}

static void golden(struct fixture *f, const char *name, int width, int height, bool unicode)
{
    char path[512];
    FILE *file;
    size_t n = 0;
    bool same;

    screen(f, width, height, unicode);
    snprintf(path, sizeof(path), SCREENS "/%s.txt", name);
    if (getenv("UPDATE_SCREENS")) {
        file = fopen(path, "w");
        if (file) {
            fputs(got, file);
            fclose(file);
        }
    }
    file = fopen(path, "r");
    if (file) {
        n = fread(want, 1, sizeof(want) - 1, file);
        fclose(file);
    }
    want[n] = 0;
    same = strcmp(got, want) == 0;
    if (!same)
        tell(name);
    check_that(same, name, __FILE__, __LINE__);
}

/* A map by hand: errors in waves, the more of them the further to the right. */
static void golden_heat(struct fixture *f, const char *name, int width, int height, bool unicode)
{
    struct heat_map h = { .method = f->m.method, .params = *model_params(&f->m), .n = 1 };
    struct error err = { 0 };
    int wide, high;
    const int usual[] = { f->m.width, f->m.height };
    f->m.width = width;
    f->m.height = height;
    model_frame(&f->m, &wide, &high, &h.region);
    matrix_init(&h.rms[0], DTYPE_F32, (size_t)high, (size_t)wide, &err);
    for (int y = 0; y < high; y++)
        for (int x = 0; x < wide; x++) {
            double share = (double)x / wide, wave = 0.5 + 0.5 * cos(12 * share * share + y / 3.0);
            matrix_put(h.rms[0].view, (size_t)y, (size_t)x, 0.07 * share * wave);
        }
    f->m.heat = (struct heat){ .on = true, .map = &h };
    golden(f, name, width, height, unicode);
    f->m.heat = (struct heat){ 0 };
    f->m.width = usual[0];
    f->m.height = usual[1];
    matrix_finish(&h.rms[0]);
}

/* Two parts by hand: a bell among few levels, some outside; and one among more than can be drawn. */
static void golden_levels(struct fixture *f, const char *name, int width, int height, bool unicode)
{
    static struct level_map l;
    l = (struct level_map){ .method = f->m.method, .params = *model_params(&f->m), .planes = 1 };
    struct histogram *left = &l.of[0].of[0], *right = &l.of[0].of[1];
    l.of[0].n = 2;
    *left = (struct histogram){ .name = "left", .bits = 2, .levels = 4, .outside = 70 };
    *right = (struct histogram){ .name = "right", .bits = 8 };
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        double x = (i + 0.5) / HISTOGRAM_BINS * 2 - 1;
        left->count[i] = (uint64_t)(5000 * exp(-8 * x * x));
        right->count[i] = (uint64_t)(900 * (1 - x * x));
        left->total += left->count[i];
        right->total += right->count[i];
    }
    for (int i = 0; i < 4; i++)
        left->at[i] = 2.0 * i / 3 - 1;
    f->m.levels = (struct levels){ .on = true, .map = &l };
    golden(f, name, width, height, unicode);
    f->m.levels = (struct levels){ 0 };
}

static void test_golden(struct fixture *f)
{
    struct fixture empty = { 0 };
    struct error err = { 0 };

    golden(f, "image-80x24", 80, 24, true);
    golden(f, "image-120x40", 120, 40, true);
    golden(f, "image-200x60", 200, 60, true);
    golden(f, "image-80x24-ascii", 80, 24, false);
    f->m.focus = PANE_ERROR;
    golden(f, "error-80x24", 80, 24, true);
    fill_theory(f, "nearest rounding");
    golden(f, "theory-80x24", 80, 24, true);
    golden(f, "theory-80x24-ascii", 80, 24, false);
    fill_theory(f, NULL);
    golden(f, "theory-proved-120x40", 120, 40, true);
    f->shown.theory.n = 0;
    f->m.focus = PANE_SPECTRUM;
    f->m.gaps = f->m.x_log = true;
    golden(f, "gaps-80x24", 80, 24, true);
    f->m.gaps = f->m.x_log = false;
    golden_heat(f, "heat-80x24", 80, 24, true);
    golden_heat(f, "heat-80x24-ascii", 80, 24, false);
    golden_heat(f, "heat-120x40", 120, 40, true);
    f->m.focus = PANE_FORM;
    golden_levels(f, "levels-80x24", 80, 24, true);
    golden_levels(f, "levels-80x24-ascii", 80, 24, false);
    golden_levels(f, "levels-120x40", 120, 40, true);
    f->m.focus = PANE_FORM;
    f->m.budget = 1;
    golden(f, "hold-80x24", 80, 24, true);
    golden(f, "hold-80x24-ascii", 80, 24, false);
    golden(f, "hold-120x40", 120, 40, true);
    f->m.budget = 0;
    golden(f, "compact-parameters-40x12", 40, 12, true);
    f->m.focus = PANE_PICTURE;
    golden(f, "compact-picture-40x12", 40, 12, true);
    f->m.focus = PANE_FORM;

    f->m.overlay = OVERLAY_HELP;
    golden(f, "help-80x24", 80, 24, true);
    f->m.overlay_line = 2;
    strcpy(f->m.line, "rank");
    golden(f, "help-filter-80x24", 80, 24, true);
    f->m.overlay = OVERLAY_PALETTE;
    strcpy(f->m.line, "fl");
    f->m.line_at = 2;
    golden(f, "palette-80x24", 80, 24, true);
    f->m.overlay = OVERLAY_SHELL;
    golden(f, "shell-80x24", 80, 24, true);
    f->m.overlay_line = 0;
    f->m.line[0] = 0;
    action_press(&f->m, "Esc", 0);
    for (const char *c = ":set rank=x"; *c; c++)
        action_press(&f->m, (char[2]){ *c, 0 }, (uint32_t)*c);
    golden(f, "command-80x24", 80, 24, true);
    action_press(&f->m, "Enter", 0);
    golden(f, "command-fault-80x24", 80, 24, true);
    action_press(&f->m, "Esc", 0);
    f->m.message[0] = 0;
    f->m.overlay = OVERLAY_EXPORT;
    snprintf(f->m.line, sizeof(f->m.line), "photo-lplr-k24.png");
    f->m.line_at = strlen(f->m.line);
    golden(f, "export-80x24", 80, 24, true);
    f->m.overlay = OVERLAY_METHODS;
    golden(f, "methods-80x24", 80, 24, true);
    f->m.overlay = OVERLAY_NONE;

    CHECK(model_init(&empty.m, &err));
    golden(&empty, "start-80x24", 80, 24, true);
    golden(&empty, "start-40x12", 40, 12, false);
}

/* Both sides of a comparison, the crosshair in both plots, and a part of the picture. */
static void test_golden_comparing(struct fixture *f)
{
    static const int sizes[][2] = { { 80, 24 }, { 120, 40 } };
    struct shown kept = f->shown;
    struct model before = f->m;
    char name[64];
    for (size_t i = 0; i < 2; i++) {
        int w = sizes[i][0], h = sizes[i][1];
        fill_slot(f, &kept, w, h);
        f->m.wipe = true;
        snprintf(name, sizeof(name), "wipe-%dx%d", w, h);
        golden(f, name, w, h, true);
        f->m.difference = true;
        snprintf(name, sizeof(name), "difference-%dx%d", w, h);
        golden(f, name, w, h, true);
        drop_slot(f, &kept);
        f->m.wipe = f->m.difference = false;
        f->m.focus = PANE_SPECTRUM;
        f->m.cross = true;
        f->m.cross_rank = 100;
        snprintf(name, sizeof(name), "crosshair-%dx%d", w, h);
        golden(f, name, w, h, true);
        f->m.cross = false;
        f->m.focus = PANE_PICTURE;
        f->m.zoom = (struct zoom){ .scale = 0.5, .row = 300, .col = 400 };
        snprintf(name, sizeof(name), "zoom-%dx%d", w, h);
        golden(f, name, w, h, true);
        f->m = before;
    }
}

/* A row as an outcome brings it; of a picture of 400 x 600. */
static struct run_row made_up(const char *method, double rank, double error, double bits,
                              enum run_origin origin)
{
    struct run_row row = { .method = method_find(method), .origin = origin, .final = true };
    const struct param *p = row.method ? param_find(&row.method->params, "rank") : NULL;
    row.bits = 1;
    row.numbers = (struct compare_numbers){ .error = error,
                                            .tail = 0.8 * error,
                                            .left = 0.5 * error,
                                            .right = 0.33 * error,
                                            .psnr = -20 * log10(0.4 * error),
                                            .ssim = (double)NAN,
                                            .seconds = 0.004 * rank,
                                            .rank = (size_t)rank,
                                            .columns = (size_t)rank,
                                            .bits_true = (uint64_t)(bits * 3 * ROWS * COLS),
                                            .entries = (uint64_t)3 * ROWS * COLS,
                                            .bytes = (uint64_t)(bits * 3 * ROWS * COLS / 8) + 900 };
    if (row.method)
        param_defaults(&row.method->params, false, &row.params);
    if (p)
        param_put(p, &row.params, rank);
    return row;
}

static void add_reference(struct run_list *l, const char *name, const char *setting, double error,
                          double bits)
{
    struct error err;
    struct run_row row = made_up("", 0, error, bits, RUN_REFERENCE);
    row.numbers.seconds = (double)NAN;
    snprintf(row.name, sizeof(row.name), "%s", name);
    snprintf(row.setting, sizeof(row.setting), "%s", setting);
    CHECK(run_list_put(l, &row, &err));
}

static void accept_rows(struct model *m, struct outcome *o)
{
    *o = (struct outcome){ .serial = 1, .kind = REQUEST_COMPARE, .ok = true, .final = true };
    m->view = view_find("compare");
    m->serial = m->runs.serial = 1;
    m->runs.bits = m->runs.asked = 1;
    m->runs.begun = m->runs.table = true;
}

/* Rows by hand; two are in the slots, one is only a look, one is of a grid. */
static void fill_runs(struct fixture *f)
{
    static const struct {
        const char *method;
        double rank, error, bits;
        enum run_origin origin;
    } rows[] = {
        { "lplr", 83, 0.132, 0.9921, RUN_FOUND },
        { "lplr", 41, 0.402, 0.9914, RUN_SOURCE },
        { "direct-svd", 78, 0.148, 0.9984, RUN_FOUND },
        { "direct-svd", 41, 0.302, 0.9912, RUN_SOURCE },
        { "truncated-svd", 7, 0.471, 0.9411, RUN_DEFAULT },
        { "randomized-svd", 7, 0.472, 0.9411, RUN_DEFAULT },
        { "lplr", 20, 0.214, 0.2511, RUN_GRID },
        { "lplr", 166, 0.00008, 1.9921, RUN_GRID },
    };
    struct error err;
    struct outcome o;
    accept_rows(&f->m, &o);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct run_row row = made_up(rows[i].method, rows[i].rank, rows[i].error, rows[i].bits,
                                     rows[i].origin);
        CHECK(row.method && run_list_put(&o.runs, &row, &err));
    }
    struct run_row look = made_up("lplr-svd", 90, 0.1201, 0.9981, RUN_FOUND);
    look.final = false;
    look.numbers.bytes = 0;
    look.numbers.psnr = (double)NAN;
    CHECK(run_list_put(&o.runs, &look, &err));
    add_reference(&o.runs, "JPEG", "quality 37, colours halved", 0.0412, 0.9044);
    add_reference(&o.runs, "PNG", "as it is, 8 bits a sample", 0.0003, 5.1854);
    slot_put(&f->m, SLOT_A, o.runs.of[0].method, &o.runs.of[0].params);
    slot_put(&f->m, SLOT_B, o.runs.of[2].method, &o.runs.of[2].params);
    model_accept(&f->m, &o);
    f->m.runs.at = 4;
}

static void test_golden_runs(struct fixture *f)
{
    struct model before = f->m;
    struct outcome o;
    accept_rows(&f->m, &o);
    f->m.runs.table = f->m.runs.begun = false;
    golden(f, "compare-none-80x24", 80, 24, true);
    fill_runs(f);
    golden(f, "compare-80x24", 80, 24, true);
    golden(f, "compare-120x40", 120, 40, true);
    golden(f, "compare-250x80", 250, 80, true);
    golden(f, "compare-80x24-ascii", 80, 24, false);
    golden(f, "compare-20x5", 20, 5, false);
    f->m.runs.plot = true;
    golden(f, "compare-plot-40x12", 40, 12, true);
    f->m.runs.plot = false;
    f->m.overlay = OVERLAY_SHELL;
    golden(f, "compare-shell-80x24", 80, 24, true);
    f->m.overlay = OVERLAY_NONE;

    int lost = 0; /* the chosen row is on every screen, whichever it is */
    for (f->m.runs.at = 0; f->m.runs.at < f->m.runs.list.n; f->m.runs.at++)
        for (int h = 4; h < 30; h += 5) {
            screen(f, 20 + 9 * h, h, false);
            lost += !strstr(got, "> ") && !strstr(got, ">A") && !strstr(got, ">B");
        }
    CHECK(lost == 0);
    runs_forget(&f->m);
    for (int i = 0; i < SLOT_COUNT; i++)
        slot_clear(&f->m.slots[i]);
    f->m = before;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

/* Every frame has its four corners, and the state is readable without colour. */
static void test_rules(struct fixture *f)
{
    static const char *const corners[] = { "┌", "┐", "└", "┘" };
    int open_frames = 0;
    size_t wide = 0;
    struct grid g = { 0 };

    for (int w = 60; w <= 200; w += 7)
        for (int h = 16; h <= 60; h += 11) {
            size_t frames = count(screen(f, w, h, true), corners[0]);
            for (int i = 1; i < 4; i++)
                open_frames += count(got, corners[i]) < frames; /* axes have a corner too */
        }
    CHECK(open_frames == 0);
    CHECK(count(screen(f, 80, 24, false), "\x80") == 0);
    for (const char *s = got; *s; s++)
        wide += (unsigned char)*s > 0x7e;
    CHECK(wide == 0);

    CHECK(strstr(screen(f, 80, 24, true), ">parameters") != NULL);
    CHECK(strstr(got, "PSNR  21.2 dB") && strstr(got, "as a file"));
    CHECK(!strstr(got, "~"));
    f->m.stale = f->m.quality_stale = f->m.busy = true;
    f->m.progress = 0.52;
    strcpy(f->m.stage, "sketch");
    screen(f, 80, 24, true);
    CHECK(strstr(got, "[####----]  52% sketch ~") != NULL);
    CHECK(strstr(got, "k=24 ~") && strstr(got, "~rel.err"));
    CHECK(!strstr(got, "21.2 dB") && strstr(got, "+ header"));
    f->m.quick = true; /* what is over in a moment does not move the keys */
    CHECK(!strstr(screen(f, 80, 24, true), "52%") && strstr(got, "e export"));
    CHECK(strstr(got, "  7.0 ms ~") != NULL);
    f->m.stale = f->m.quality_stale = f->m.busy = f->m.quick = false;

    f->m.numbers.backend = "vulkan"; /* no key makes room for it on a narrow screen */
    f->m.numbers.on_device = 42;
    CHECK(strstr(screen(f, 80, 24, true), "? help") && strstr(got, " vulkan 42  7.0"));
    CHECK(strstr(got, "e export") != NULL);
    f->m.numbers.by_processor = 1;
    CHECK(strstr(screen(f, 120, 40, true), "vulkan 42, cpu 1") != NULL);
    CHECK(strstr(screen(f, 200, 60, true), "vulkan 42, by the processor 1") != NULL);
    f->m.numbers.on_device = 0;
    CHECK(strstr(screen(f, 80, 24, true), "cpu 1 ") && strstr(screen(f, 60, 24, true), "? help"));
    f->m.numbers.backend = NULL;
    f->m.numbers.by_processor = 0;

    f->m.numbers.dead = 123;
    CHECK(strstr(screen(f, 80, 24, true), " 123 dead │") && strstr(got, "9.60x  "));
    CHECK(!strstr(screen(f, 20, 5, false), "dead")); /* not over the size's unit */
    f->m.numbers.dead = 0;

    CHECK(strstr(screen(f, 20, 5, false), ">rank  k   24") != NULL); /* not "[    2" */
    f->m.overlay = OVERLAY_TYPE; /* the mode, and not the end of what is running */
    f->m.busy = true;
    snprintf(f->m.stage, sizeof(f->m.stage), "fitting the right factor");
    CHECK(strstr(screen(f, 20, 5, false), "TYPE") && strstr(got, "0%") && !strstr(got, "factor"));
    f->m.overlay = OVERLAY_NONE;
    f->m.busy = false;
    f->m.heat.on = true;
    f->m.focus = PANE_PICTURE;
    CHECK(strstr(screen(f, 20, 5, false), " rms") != NULL);
    f->m.heat.on = false;
    f->m.focus = PANE_FORM;
    CHECK(strstr(screen(f, 120, 40, false), "SVD at hand") != NULL);
    f->shown.nested = true;
    CHECK(!strstr(screen(f, 120, 40, false), "SVD at hand"));
    f->shown.nested = false;

    f->subject.exact = false; /* both plots say that they are of a first sketch */
    CHECK(!strstr(screen(f, 120, 40, false), "first") && strstr(got, "sigma_i (log y) ~"));
    f->subject.n = 40;
    CHECK(strstr(screen(f, 120, 40, false), "(log y) first 40 ~") && strstr(got, "(log y) ~"));
    f->subject.n = 400;
    f->subject.exact = true;

    f->subject.elbow = 47; /* a tick where the elbow is, on the slider of the rank alone */
    CHECK(strstr(screen(f, 80, 24, false), "#|-") != NULL || strstr(got, "-|-") ||
          strstr(got, "#|#"));
    f->subject.elbow = 0;
    CHECK(!strstr(screen(f, 80, 24, false), "#|-") && !strstr(got, "-|-") && !strstr(got, "#|#"));

    f->m.original = true;
    CHECK(strstr(screen(f, 80, 24, true), " original ") != NULL);
    f->m.original = false;

    f->m.overlay = OVERLAY_EXPORT; /* the name of the file is what must be seen */
    strcpy(f->m.line, "ab.png");
    f->m.line_at = 0;
    CHECK(strstr(screen(f, 20, 5, false), "ab.png") != NULL);

    f->m.overlay = OVERLAY_TYPE;
    strcpy(f->m.line, "*2");
    f->m.line_at = 2;
    CHECK(!strstr(screen(f, 40, 12, false), "Enter sets")); /* whole sentences only */
    CHECK(strstr(screen(f, 80, 24, true), "[*2_") && strstr(got, "TYPE"));
    f->m.overlay = OVERLAY_NONE;

    model_say(&f->m, true, "there is no such file");
    draw(f, 80, 24, true, &g);
    CHECK(g.cells[22 * 80].rune == 't' && g.cells[22 * 80].ink == INK_ERROR);
    CHECK(g.cells[22 * 80 + 79].rune == ' ');
    grid_finish(&g);
    model_say(&f->m, true, "%080d: one that is longer than a row", 0); /* it says so */
    draw(f, 80, 24, true, &g);
    CHECK(g.cells[22 * 80 + 79].rune == 0x2026 && g.cells[22 * 80 + 78].rune == '0');
    grid_finish(&g);
    draw(f, 80, 24, false, &g);
    CHECK(g.cells[22 * 80 + 79].rune == '~');
    grid_finish(&g);
    f->m.message[0] = 0;
}

static uint32_t color(const struct matrix planes[3], int row, int col)
{
    uint32_t rgb = 0;
    for (size_t p = 0; p < 3; p++) {
        double v = matrix_at(planes[p].view, (size_t)row, (size_t)col);
        rgb = rgb << 8 | (uint32_t)lround(255 * fmin(fmax(v, 0), 1));
    }
    return rgb;
}

/* How many picture cells of a screen differ from these planes; -1: not all are there. */
static int compare_picture(const struct grid *g, const struct matrix planes[3])
{
    int wide = (int)planes[0].view.cols, high = (int)planes[0].view.rows;
    int seen = 0, wrong = 0, first = 0;
    while (first < g->width * g->height && !g->cells[first].picture)
        first++;
    for (int i = first; i < g->width * g->height; i++) {
        int x = i % g->width - first % g->width, y = 2 * (i / g->width - first / g->width);
        if (!g->cells[i].picture)
            continue;
        seen++;
        if (x < 0 || x >= wide || y >= high)
            return -1;
        wrong += g->cells[i].top != color(planes, y, x);
        wrong += g->cells[i].bottom != color(planes, y + 1, x);
    }
    return seen == wide * high / 2 ? wrong : -1;
}

/* The picture is drawn pixel for pixel, where picture_size says, in its true colours. */
static void test_picture(struct fixture *f)
{
    struct grid g = { 0 };
    struct matrix planes[3] = { 0 };
    struct error err = { 0 };
    int wide, high;

    draw(f, 120, 40, true, &g);
    f->m.view->picture_size(&f->m, 120, 40, &wide, &high);
    printf("# %d x %d pixels\n", wide, high);
    CHECK_NEAR((double)wide / high, (double)COLS / ROWS, 0.05);
    for (size_t p = 0; p < 3; p++) {
        matrix_init(&planes[p], DTYPE_F32, (size_t)high, (size_t)wide, &err);
        preview_render(&f->shown.previews[p], TERMS, planes[p].view);
    }
    CHECK(compare_picture(&g, planes) == 0);

    f->shown.nested = true; /* now the slider says how many terms */
    view_draw(&f->m, grid_canvas(&g, true));
    CHECK(compare_picture(&g, planes) > 0);
    for (size_t p = 0; p < 3; p++)
        preview_render(&f->shown.previews[p], RANK, planes[p].view);
    CHECK(compare_picture(&g, planes) == 0);

    f->shown.method = method_find("truncated-svd"); /* asked for at all terms, moved since, */
    param_put(param_find(&f->shown.method->params, "rank"), &f->shown.params, TERMS);
    f->m.stale = true; /* and now another method is on its way */
    view_draw(&f->m, grid_canvas(&g, true));
    CHECK(compare_picture(&g, planes) == 0);
    f->shown.method = f->m.method;
    f->shown.params = *model_params(&f->m);
    f->shown.nested = f->m.stale = false;

    f->m.original = true; /* all terms are the original of this fixture */
    view_draw(&f->m, grid_canvas(&g, true));
    for (size_t p = 0; p < 3; p++)
        preview_render(&f->shown.previews[p], TERMS, planes[p].view);
    CHECK(compare_picture(&g, planes) == 0);
    f->m.original = false;

    f->shown.space = PLANES_YCBCR;
    view_draw(&f->m, grid_canvas(&g, true));
    CHECK(compare_picture(&g, planes) > 0);
    raster_from_ycbcr((struct matrix_view[3]){ planes[0].view, planes[1].view, planes[2].view });
    CHECK(compare_picture(&g, planes) == 0);
    f->shown.space = PLANES_RGB;
    for (size_t p = 0; p < 3; p++)
        matrix_finish(&planes[p]);
    grid_finish(&g);
}

/* Every size, pane and overlay, in a window of a larger grid whose other cells must
 * stay as they are. */
static int trespass(struct fixture *f, int w, int h, bool unicode)
{
    enum { EDGE = 3 };
    struct error err = { 0 };
    struct grid g = { 0 };
    int bad = 0;

    f->m.width = w;
    f->m.height = h;
    if (f->m.subject && (w * 41 + h) % 97 == 0) /* now and then the picture has another size */
        fill_pictures(f, w, h, &err);
    if (!grid_init(&g, w + 2 * EDGE, h + 2 * EDGE))
        return 1;
    for (int i = 0; i < g.width * g.height; i++)
        g.cells[i].rune = 'Z';
    struct canvas c = { .area = { EDGE, EDGE, w, h },
                        .cells = g.cells,
                        .stride = g.width,
                        .height = g.height,
                        .unicode = unicode };
    view_draw(&f->m, c);
    for (int y = 0; y < g.height; y++)
        for (int x = 0; x < g.width; x++) {
            bool inside = x >= EDGE && x < EDGE + w && y >= EDGE && y < EDGE + h;
            const struct cell *cell = &g.cells[y * g.width + x];
            bad += !inside && cell->rune != 'Z';
            bad += inside && !cell->picture && !unicode && (cell->rune < 32 || cell->rune > 126);
        }
    grid_finish(&g);
    return bad;
}

static void test_every_size(struct fixture *f)
{
    struct fixture empty = { 0 };
    struct error err = { 0 };
    int bad = 0, drawn = 0;

    CHECK(model_init(&empty.m, &err));
    for (int w = 1; w <= 100; w++)
        for (int h = 1; h <= 40; h++, drawn++) {
            f->m.focus = (enum pane_id)((w + h) % PANE_COUNT);
            f->m.overlay = (enum overlay)((w + 3 * h) % OVERLAY_COUNT);
            f->m.overlay_line = (size_t)(w * h) % 7;
            f->m.field = (size_t)h % f->m.method->params.n;
            f->m.gaps = w % 2;
            f->m.y_scale = h % 3;
            f->m.x_log = w % 3 == 0;
            f->m.wipe = w % 4 == 0;
            f->m.difference = h % 6 == 0;
            f->m.cross = w % 5 == 0;
            f->m.cross_rank = 1 + (size_t)(w * h) % ROWS;
            f->m.channel = (w + h) % 4;
            f->m.full = w % 7 == 0;
            f->m.zoom.scale = h % 4 == 1 ? 0.3 : 0;
            f->m.busy = h % 2;
            bad += trespass(f, w, h, h % 2 == 0);
            if (h % 5 == 0)
                bad += trespass(&empty, w, h, w % 2 == 0);
        }
    f->m.subject = NULL;
    f->m.shown = NULL;
    for (int w = 1; w <= 100; w += 3)
        bad += trespass(f, w, 1 + w / 3, true); /* open, but nothing computed yet */
    printf("# %d screens\n", drawn);
    CHECK(bad == 0);
    f->m.subject = &f->subject;
    f->m.shown = &f->shown;
}

/* Matrices at the edge of what a plot can say. */
static void test_odd_subjects(struct fixture *f)
{
    int bad = 0;
    size_t n = f->subject.n;
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < n; i++)
            f->subject.sigma[p][i] = 0;
        f->subject.norm[p] = 0;
    }
    bad += trespass(f, 120, 40, true); /* the zero matrix */
    f->subject.n = 1;
    f->subject.rows = 1;
    f->subject.sigma[0][0] = f->subject.norm[0] = 1e300;
    f->m.numbers.rank = 1;
    bad += trespass(f, 120, 40, true); /* a single row, and huge */
    f->m.numbers.error = 1e30;
    f->m.numbers.bound = 12;
    bad += trespass(f, 80, 24, false);
    CHECK(bad == 0);
}

/* Whatever the method, every parameter can be reached and is then on the screen. */
static void test_every_parameter(struct fixture *f)
{
    static const int sizes[][2] = { { 80, 24 }, { 120, 40 }, { 200, 60 }, { 40, 12 } };
    const struct method *method = f->m.method;
    int missing = 0, rows = 0;
    for (size_t k = 0; methods[k]; k++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
            for (size_t i = 0; i < methods[k]->params.n; i++, rows++) {
                char marked[32];
                f->m.method = methods[k];
                f->m.field = i;
                snprintf(marked, sizeof(marked), ">%s", methods[k]->params.rows[i].shorthand);
                if (!strstr(screen(f, sizes[s][0], sizes[s][1], true), marked)) {
                    printf("# %s %s at %d x %d\n", methods[k]->name, marked, sizes[s][0],
                           sizes[s][1]);
                    missing++;
                }
            }
    printf("# %d rows\n", rows);
    CHECK(rows > 0 && missing == 0);
    f->m.method = method;
    f->m.field = 0;
}

/* Without memory the panes that need some stay empty; nothing else happens. */
static void test_no_memory(struct fixture *f)
{
    struct error err = { 0 };
    struct grid g = { 0 };
    size_t used;
    fill_pictures(f, 120, 40, &err);
    CHECK(grid_init(&g, 120, 40));
    used = memory_used();
    for (long n = 0; n < 6; n++) { /* three planes, the values of the spectrum */
        memory_fail_after(n);
        view_draw(&f->m, grid_canvas(&g, true));
        memory_fail_after(-1);
    }
    CHECK(memory_used() == used);
    grid_finish(&g);
}

/* However small the screen, the last line of the help can be scrolled to, and the
 * start page opens what it points at. */
static void test_keys(struct fixture *f)
{
    struct fixture empty = { 0 };
    struct error err = { 0 };
    int unreached = 0;
    for (int h = 4; h <= 60; h += 7) {
        screen(f, 80, h, true);
        action_press(&f->m, "?", '?');
        action_press(&f->m, "End", 0);
        unreached += !strstr(screen(f, 80, h, true), f->m.mode);
        action_press(&f->m, "Esc", 0);
    }
    CHECK(unreached == 0);

    CHECK(model_init(&empty.m, &err));
    action_press(&empty.m, "j", 'j');
    CHECK(strstr(screen(&empty, 80, 24, true), "> demo:phantom256") != NULL);
    action_press(&empty.m, "Enter", 0);
    CHECK(empty.m.document && strcmp(empty.m.document->name, "demo:phantom256") == 0);
    CHECK(strstr(screen(&empty, 80, 24, true), "no picture yet") != NULL);
    model_finish(&empty.m);
}

int main(void)
{
    struct fixture f;
    fixture_init(&f);
    test_golden(&f);
    test_golden_comparing(&f);
    test_golden_runs(&f);
    test_rules(&f);
    test_picture(&f);
    test_every_parameter(&f);
    test_no_memory(&f);
    test_keys(&f);
    test_every_size(&f);
    test_odd_subjects(&f);
    fixture_finish(&f);
    return check_done();
}
