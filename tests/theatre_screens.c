/* Screens of the privacy view's sandbox, drawn from numbers made here by hand: no engine runs. */

#include "golden.h"

#include <math.h>

#include "actions.h"
#include "memory.h"
#include "mouse.h"
#include "perturbation.h"

enum { D = 12, ROWS = 500 };

struct fixture {
    struct model m;
    struct document document;
    struct entry entry;
    char name[16], matrix[8];
};

static void fixture_init(struct fixture *f)
{
    struct error err = { 0 };
    *f = (struct fixture){ .name = "people.npy", .matrix = "people" };
    CHECK(model_init(&f->m, &err));
    f->entry = (struct entry){ .name = f->matrix, .rows = ROWS, .cols = D, .dtype = "F64" };
    f->document = (struct document){
        .references = 1, .name = f->name, .entries = &f->entry, .n = 1
    };
    f->m.document = &f->document;
    f->m.view = view_find("privacy");
    f->m.frame_ms = 7;
    strcpy(f->m.mode, "half blocks, 24-bit (COLORTERM)");
}

static void fixture_finish(struct fixture *f)
{
    theatre_forget(&f->m);
    f->m.document = NULL;
    model_finish(&f->m);
}

static bool command(struct fixture *f, const char *text)
{
    struct error err;
    bool ok = command_run(&f->m, text, &err);
    if (!ok)
        printf("# %s: %s\n", text, err.text);
    return ok;
}

static void press(struct fixture *f, const char *key)
{
    f->m.message[0] = 0;
    action_press(&f->m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
}

/* Gaps that open like sqrt t and breathe, so that some nearly close. */
static void fill_path(struct fixture *f, int field)
{
    struct error err;
    struct theatre_paths *p = f->m.theatre.paths;
    struct dyson_path *path = &p->of[field];
    *path = (struct dyson_path){ .field = theatre_field_of(field), .d = D, .frames = p->steps };
    path->dt = p->deviation * p->deviation / 2 / (double)p->steps;
    path->values = memory_alloc((p->steps + 1) * D * sizeof(double), &err);
    for (size_t k = 0; k <= p->steps; k++) {
        double t = (double)k / (double)p->steps, *x = path->values + k * D, sum = 0;
        for (size_t i = D; i-- > 0;) {
            double wave = field ? 0.8 : 0.95, opens = 6 + field;
            double gap = f->m.theatre.matrix->sigma[i] -
                         (i + 1 < D ? f->m.theatre.matrix->sigma[i + 1] : 0);
            gap += opens * sqrt(t) * (1 + wave * sin(17 * t + 2.1 * (double)i + field));
            x[i] = (i + 1 < D ? x[i + 1] : 0) + gap;
            sum += x[i] - f->m.theatre.matrix->sigma[i];
        }
        for (size_t i = 0; i < D; i++)
            x[i] -= sum / D;
    }
    p->misses[field] = dyson_near_misses(path, 1, p->miss[field], THEATRE_MISSES);
}

static void fill_band(struct monte_carlo_band *b, double mean)
{
    *b = (struct monte_carlo_band){
        .mean = mean, .rms = mean, .low = 0.85 * mean, .high = 1.2 * mean
    };
}

static void fill_bands(struct fixture *f)
{
    struct error err;
    struct theatre_bands *b = f->m.theatre.bands = memory_alloc(sizeof(*b), &err);
    b->set = f->m.theatre.set;
    b->n_ranks = b->found.n_ranks = D;
    b->found.d = D;
    b->found.runs = 32;
    b->found.errors = memory_alloc(PERTURBED_COUNT * D * sizeof(*b->found.errors), &err);
    for (size_t i = 0; i < D; i++) {
        b->ranks[i] = i + 1;
        for (size_t x = 0; x < PERTURBED_COUNT; x++)
            fill_band(&b->found.errors[x * D + i], (10 + (double)x) * sqrt((double)i + 1));
    }
    for (int field = 0; field < THEATRE_FIELDS; field++) {
        b->found.values[field] = memory_alloc(D * sizeof(struct monte_carlo_band), &err);
        const double *end = dyson_path_at(&f->m.theatre.paths->of[field], THEATRE_STEPS);
        for (size_t i = 0; i < D; i++)
            b->found.values[field][i] = (struct monte_carlo_band){ .mean = end[i],
                                                                   .low = end[i] - 4,
                                                                   .high = end[i] + 4 };
    }
}

/* Spectra of a made-up rigidity: their gaps follow one wave, shifted from draw to draw. */
static void fill_tally(struct fixture *f)
{
    struct error err;
    struct theatre *t = &f->m.theatre;
    double x[THEATRE_GAP_SIDE], edge = 2 * sqrt(2.0 * THEATRE_GAP_SIDE);
    t->tally = memory_alloc(THEATRE_FIELDS * sizeof(*t->tally), &err);
    t->tally_seed = t->set.seed;
    t->tally_draws = 400;
    for (int field = 0; field < THEATRE_FIELDS; field++) {
        gap_statistics_init(&t->tally[field], theatre_field_of(field), THEATRE_GAP_SIDE, 1);
        for (int draw = 0; draw < 400; draw++) {
            for (int i = 0; i < THEATRE_GAP_SIDE; i++) {
                double even = 1 - 2 * (i + 0.5) / THEATRE_GAP_SIDE;
                x[i] = edge * (even + 0.3 / THEATRE_GAP_SIDE * sin(draw + 2.4 * i));
            }
            gap_statistics_add(&t->tally[field], x);
        }
    }
}

static void fill(struct fixture *f)
{
    struct error err;
    struct theatre *t = &f->m.theatre;
    theatre_follow(&f->m);
    t->matrix = memory_alloc(sizeof(*t->matrix), &err);
    *t->matrix = (struct theatre_matrix){ .set = t->set, .d = D };
    t->matrix->sigma = memory_alloc(D * sizeof(double), &err);
    for (size_t i = 0; i < D; i++)
        t->matrix->sigma[i] = 60 * pow((double)i + 1, -1.2);
    t->paths = memory_alloc(sizeof(*t->paths), &err);
    *t->paths = (struct theatre_paths){ .set = t->set, .deviation = 4.22, .steps = THEATRE_STEPS };
    for (int field = 0; field < THEATRE_FIELDS; field++)
        fill_path(f, field);
    fill_bands(f);
    fill_tally(f);
}

static void test_golden(struct fixture *f)
{
    static const char *const names[] = {
        "gaps", "spectrum", "errors", "plane", "histogram", "strip"
    };
    char name[64];
    golden_check(&f->m, "privacy-bare-80x24", 80, 24, true);
    golden_check(&f->m, "privacy-bare-20x5", 20, 5, false);
    fill(f);
    golden_check(&f->m, "privacy-120x40", 120, 40, true);
    golden_check(&f->m, "privacy-80x24", 80, 24, true);
    golden_check(&f->m, "privacy-80x24-ascii", 80, 24, false);
    golden_check(&f->m, "privacy-20x5", 20, 5, false);
    f->m.theatre.focus = THEATRE_FOCUS_FORM;
    golden_check(&f->m, "privacy-form-20x5", 20, 5, false);
    f->m.theatre.page = THEATRE_PAGE_SPECTRUM;
    golden_check(&f->m, "privacy-200x60", 200, 60, true);
    f->m.full = true;
    f->m.theatre.focus = THEATRE_FOCUS_PAGE;
    for (int page = 0; page < THEATRE_PAGES; page++) {
        f->m.theatre.page = page;
        snprintf(name, sizeof(name), "privacy-%s-80x24", names[page]);
        golden_check(&f->m, name, 80, 24, true);
    }
    f->m.full = false;
    f->m.theatre.page = 0;
    f->m.theatre.set.t = 0.4; /* half way, one field, and what is set is not yet what is shown */
    f->m.theatre.fields = THEATRE_COMPLEX;
    f->m.theatre.playing = true;
    f->m.theatre.set.epsilon = 2;
    golden_check(&f->m, "privacy-stale-80x24", 80, 24, true);
    f->m.theatre.set.scene = 3;
    golden_check(&f->m, "privacy-scene-100x30-ascii", 100, 30, false);
    theatre_reset(&f->m);
}

/* What the list says is what the paths say. */
static void test_numbers(struct fixture *f)
{
    size_t d;
    char want[32];
    int missing = 0;
    command(f, "privacy t=0.25");
    for (int field = 0; field < THEATRE_FIELDS; field++) {
        const double *x = theatre_values(&f->m, field, &d);
        CHECK(d == D && x == dyson_path_at(&f->m.theatre.paths->of[field], THEATRE_STEPS / 4));
        const char *screen = golden_screen(&f->m, 120, 40, false);
        for (size_t i = 0; i + 1 < d; i++) {
            snprintf(want, sizeof(want), "%8.3g", x[i] - x[i + 1]);
            missing += !strstr(screen, want);
        }
    }
    CHECK(missing == 0);
    theatre_reset(&f->m);
}

/* Every size, overlay and focus, in a window of a larger grid whose other cells must stay as they are, and the
 * badge on the first row. */
static int trespass(struct fixture *f, int w, int h, bool unicode, int *unmarked)
{
    enum { EDGE = 3 };
    struct grid g = { 0 };
    char row[512] = "";
    int bad = 0;
    if (!grid_init(&g, w + 2 * EDGE, h + 2 * EDGE))
        return 1;
    for (int i = 0; i < g.width * g.height; i++)
        g.cells[i].rune = 'Z';
    struct canvas c = { { EDGE, EDGE, w, h }, g.cells, g.width, g.height, unicode };
    f->m.width = w;
    f->m.height = h;
    view_draw(&f->m, c);
    for (int i = 0; i < g.width * g.height; i++) {
        int x = i % g.width - EDGE, y = i / g.width - EDGE;
        bool inside = x >= 0 && x < w && y >= 0 && y < h;
        const struct cell *cell = &g.cells[i];
        bad += !inside && cell->rune != 'Z';
        bad += inside && !cell->picture && !unicode && (cell->rune < 32 || cell->rune > 126);
        if (inside && y == 0)
            row[x] = (char)(cell->rune < 127 ? cell->rune : '?');
    }
    *unmarked += w >= 19 ? !strstr(row, "SANDBOX") || !strstr(row, "not private")
                         : w >= 7 && !strstr(row, "SANDBOX");
    grid_finish(&g);
    return bad;
}

static void test_every_size(struct fixture *f)
{
    int bad = 0, unmarked = 0;
    for (int w = 1; w <= 200; w += w < 70 ? 1 : 7)
        for (int h = 1; h <= 60; h += h < 26 ? 1 : 5) {
            f->m.theatre.focus = (w + 2 * h) % THEATRE_FOCUS_COUNT;
            f->m.theatre.page = (w + h) % THEATRE_PAGES;
            f->m.overlay = w * h % 3 ? OVERLAY_NONE : OVERLAY_HELP;
            f->m.full = (w + h) % 5 == 0;
            bad += trespass(f, w, h, (w + h) % 2, &unmarked);
        }
    f->m.overlay = OVERLAY_NONE;
    f->m.full = false;
    CHECK(bad == 0);
    CHECK(unmarked == 0);
}

static void test_form(struct fixture *f)
{
    struct theatre *t = &f->m.theatre;
    CHECK(command(f, "privacy epsilon=2 relation=add-remove rank=5"));
    CHECK(t->set.epsilon == 2 && t->set.relation == 1 && t->set.rank == 5);
    CHECK(!command(f, "privacy epsilon=0") && !command(f, "privacy epsilon=3 colour=1"));
    CHECK(t->set.epsilon == 2); /* of a line that fails, nothing */
    press(f, "l");
    CHECK(t->set.epsilon > 2);
    press(f, "^");
    CHECK(t->set.epsilon == 0.01);
    press(f, "k");
    press(f, "k");
    CHECK(!strcmp(theatre_row(&f->m)->key, "runs"));
    CHECK(command(f, "privacy rank=100"));
    CHECK(theatre_limit(&f->m, param_find(&theatre_rows, "rank")) == D);
    uint64_t seed = t->set.seed;
    press(f, "R");
    CHECK(t->set.seed == seed + 1);
    theatre_reset(&f->m);
}

static void point(struct fixture *f, enum mouse_kind kind, int x, int y)
{
    struct grid g = { 0 };
    struct mouse e = {
        .kind = kind, .button = kind == MOUSE_PRESS || kind == MOUSE_DRAG, .x = x, .y = y
    };
    if (!grid_init(&g, 120, 40))
        return;
    view_draw(&f->m, grid_canvas(&g, true));
    mouse_take(&f->m, &g, &e);
    grid_finish(&g);
}

/* The first cell of a zone on the screen; false: there is none. */
static bool zone_at(struct fixture *f, enum zone zone, size_t index, int *x, int *y)
{
    struct grid g = { 0 };
    bool found = false;
    f->m.width = 120;
    f->m.height = 40;
    if (!grid_init(&g, 120, 40))
        return false;
    view_draw(&f->m, grid_canvas(&g, true));
    for (int i = 0; !found && i < 120 * 40; i++)
        if (g.cells[i].zone == zone && g.cells[i].zone_index == index) {
            *x = i % 120;
            *y = i / 120;
            found = true;
        }
    grid_finish(&g);
    return found;
}

static void test_pointer(struct fixture *f)
{
    struct theatre *t = &f->m.theatre;
    int x, y;
    CHECK(zone_at(f, ZONE_THEATRE_TIME, 0, &x, &y));
    point(f, MOUSE_PRESS, x, y);
    CHECK(t->set.t == 0 && t->focus == THEATRE_FOCUS_PATHS);
    point(f, MOUSE_DRAG, x + 10, y);
    CHECK(t->set.t > 0.1 && t->set.t < 0.9);
    point(f, MOUSE_RELEASE, x + 10, y);
    CHECK(zone_at(f, ZONE_THEATRE_BAR, 2, &x, &y)); /* the rank's */
    point(f, MOUSE_PRESS, x, y);
    CHECK(t->set.rank == 1 && t->field == 2 && t->focus == THEATRE_FOCUS_FORM);
    point(f, MOUSE_UP, x, y);
    CHECK(t->set.rank == 2);
    theatre_reset(&f->m);
}

static bool shows(struct fixture *f, int w, int h, const char *words)
{
    return strstr(golden_screen(&f->m, w, h, true), words) != NULL;
}

/* No legend and no number of a title is cut, at any width. */
static void test_whole_words(struct fixture *f)
{
    static const char *const titles[] = { "noise alone, 8", "64 x 64, 8", "noise alone, 6" },
                             *const whole[] = { "noise alone, 8000 draws", "64 x 64, 8000 draws",
                                                "noise alone, 64 x 64, 8000 draws" };
    int cut = 0;
    f->m.theatre.tally_draws = 8000;
    for (int w = 70; w <= 200; w++) {
        int h = w < 140 ? 24 : 60;
        f->m.theatre.page = THEATRE_PAGE_ERRORS;
        cut += !shows(f, w, h, "s shrunk");
        f->m.theatre.page = THEATRE_PAGE_PLANE;
        cut += !shows(f, w, h, "r runs");
        f->m.theatre.page = THEATRE_PAGE_HISTOGRAM;
        for (int i = 0; i < 3; i++)
            cut += shows(f, w, h, titles[i]) && !shows(f, w, h, whole[i]);
    }
    CHECK(cut == 0);
    printf("# %d cut\n", cut);
    f->m.theatre.tally_draws = 400;
    theatre_reset(&f->m);
}

/* What a number is worth stands beside it. */
static void test_doubts(struct fixture *f)
{
    struct theatre *t = &f->m.theatre;
    double deviation = t->paths->deviation;
    struct perturbation p = { t->matrix->sigma, D, deviation };
    double doubt = perturbation_doubt(&p, FIELD_REAL, 3);
    CHECK(doubt > 0.15 && doubt < 0.3 && shows(f, 120, 40, "(in doubt here)"));
    CHECK(shows(f, 120, 40, "real rms 17.32 (5-95%: 14.7-20.8)"));
    t->paths->deviation = p.deviation = 20;
    CHECK(perturbation_doubt(&p, FIELD_REAL, 3) > 0.3);
    CHECK(shows(f, 120, 40, "not to be believed here"));
    t->paths->deviation = p.deviation = 0.1;
    CHECK(perturbation_doubt(&p, FIELD_REAL, 3) < 0.15);
    CHECK(!shows(f, 120, 40, "believed") && !shows(f, 120, 40, "in doubt"));
    t->paths->deviation = deviation;
    CHECK(command(f, "privacy rank=12") && shows(f, 120, 40, "nothing is cut at k = d"));
    CHECK(!shows(f, 120, 40, "sqrt(T d)"));
    CHECK(command(f, "privacy rank=11") && shows(f, 120, 40, "sqrt(T d)"));
    theatre_reset(&f->m);
    f->m.width = 80;
    f->m.height = 24;
    press(f, "v");
    CHECK(strstr(f->m.message, "bands off: see spectrum") != NULL);
    f->m.theatre.page = THEATRE_PAGE_SPECTRUM;
    press(f, "v");
    CHECK(!f->m.message[0]);
    f->m.theatre.page = THEATRE_PAGE_GAPS;
    CHECK(shows(f, 80, 24, "    real  complex "));
    press(f, "u");
    CHECK(strstr(f->m.message, "undo is of the method") != NULL);
    press(f, "m");
    action_press(&f->m, "a", 'a');
    CHECK(strstr(f->m.message, ":w keeps this form") != NULL);
    theatre_reset(&f->m);
    f->m.theatre.page = THEATRE_PAGE_STRIP;
    CHECK(shows(f, 120, 40, "bright: narrow") && strstr(dyson_scenes[3].help, "Bright spots"));
    theatre_reset(&f->m);
}

int main(void)
{
    struct fixture f;
    fixture_init(&f);
    test_golden(&f);
    test_numbers(&f);
    test_every_size(&f);
    test_form(&f);
    test_pointer(&f);
    test_whole_words(&f);
    test_doubts(&f);
    fixture_finish(&f);
    return check_done();
}
