/* Screens of the groups view, drawn from groups whose numbers are made here by hand: no engine runs. */

#include "golden.h"

#include <math.h>

#include "actions.h"
#include "memory.h"
#include "mouse.h"

enum { WIDE = 64, HIDDEN = 172, LAYERS = 3, PER_LAYER = 5, ENTRIES = LAYERS * PER_LAYER + 1 };

struct fixture {
    struct model m;
    struct document document;
    struct entry entries[ENTRIES];
    char names[ENTRIES][48], document_name[16];
};

static void put(struct fixture *f, size_t rows, const char *name, int layer)
{
    size_t i = f->document.n++;
    if (layer < 0)
        snprintf(f->names[i], sizeof(f->names[i]), "%s.weight", name);
    else
        snprintf(f->names[i], sizeof(f->names[i]), "blk.%d.%s.weight", layer, name);
    f->entries[i] = (struct entry){
        .name = f->names[i], .rows = rows, .cols = WIDE, .dtype = "F16", .size = 2 * WIDE * rows
    };
}

static void fill_document(struct fixture *f)
{
    strcpy(f->document_name, "tiny.gguf");
    f->document = (struct document){ .references = 1,
                                     .name = f->document_name,
                                     .entries = f->entries };
    put(f, 512, "token_embd", -1);
    for (int i = 0; i < LAYERS; i++) {
        put(f, WIDE, "attn_q", i);
        put(f, WIDE / 2, "attn_k", i);
        put(f, WIDE / 2, "attn_v", i);
        put(f, HIDDEN, "ffn_gate", i);
        put(f, HIDDEN, "ffn_up", i);
    }
}

/* Spectra that fall evenly; of two members with 0.6 and 0.4 of the energy. */
static void fill_profile(struct grouped *g, double fall)
{
    struct error err;
    struct joint_profile *p = &g->profile;
    size_t r = joint_rank_most(&g->shape), n = r + 1;
    *p = (struct joint_profile){ .shape = g->shape, .r = r };
    p->sigma = memory_alloc(r * sizeof(double), &err);
    p->left = memory_alloc(2 * n * sizeof(double), &err);
    p->alone = memory_alloc(2 * r * sizeof(double), &err);
    p->overlap = memory_alloc(2 * n * sizeof(double), &err);
    double square = 0, tail = 0;
    for (size_t k = 0; k < r; k++) {
        p->sigma[k] = 12 * exp(-(double)k / fall);
        square += p->sigma[k] * p->sigma[k];
    }
    p->total = sqrt(square);
    for (size_t i = 0; i < 2; i++) {
        double part = (i ? 0.4 : 0.6) * square, own = 0;
        size_t side = g->shape.rows[i] < r ? g->shape.rows[i] : r;
        p->weight[i] = 1;
        p->norm[i] = sqrt(part);
        for (size_t k = 0; k < side; k++) {
            p->alone[i * r + k] = exp(-1.1 * (double)k / fall);
            own += p->alone[i * r + k] * p->alone[i * r + k];
        }
        for (size_t k = 0; k < side; k++)
            p->alone[i * r + k] *= sqrt(part / own);
        tail = 0;
        for (size_t k = r + 1; k-- > 0;) {
            p->left[i * n + k] = tail / square;
            tail += k ? p->sigma[k - 1] * p->sigma[k - 1] : 0;
            double chance = (double)k / (double)g->shape.n;
            p->overlap[i * n + k] = k == 0 || k > side ? (double)NAN : chance + 0.3 * (1 - chance);
        }
    }
}

static void fill_null(struct grouped *g)
{
    struct error err;
    size_t r = g->profile.r;
    g->null = memory_alloc(r * sizeof(*g->null), &err);
    g->n_null = r;
    for (size_t k = 1; k <= r; k++) {
        double error = joint_error(&g->profile, k);
        g->null[k - 1] = (struct joint_null){ .rank = k,
                                              .draws = 50,
                                              .error = error,
                                              .mean = error + 0.016,
                                              .deviation = 0.0017 + 0.00001 * (double)k,
                                              .z = -0.016 / (0.0017 + 0.00001 * (double)k) };
    }
}

static void fixture_init(struct fixture *f)
{
    struct error err = { 0 };
    *f = (struct fixture){ 0 };
    CHECK(model_init(&f->m, &err));
    fill_document(f);
    f->m.document = &f->document;
    f->m.view = view_find("groups");
    f->m.frame_ms = 7;
    strcpy(f->m.mode, "half blocks, 24-bit (COLORTERM)");
}

static void fixture_finish(struct fixture *f)
{
    grouping_forget(&f->m);
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

static void fill(struct fixture *f)
{
    for (size_t i = 0; i < f->m.grouping.n; i++)
        fill_profile(&f->m.grouping.of[i], i % 2 ? 40 : 12 + 4 * (double)i);
    fill_null(&f->m.grouping.of[0]);
    f->m.grouping.of[1].rounding = 1e-4;
}

/* Angles that open evenly, and maps of waves. */
static void fill_extra(struct fixture *f)
{
    struct error err;
    const struct grouped *g = grouping_chosen(&f->m);
    struct group_found *x = f->m.grouping.extra = memory_alloc(sizeof(*x), &err);
    x->wish = (struct group_wish){
        .id = g->id, .what = GROUP_ANGLES | GROUP_MAPS, .group = g->group, .rank = g->rank
    };
    x->n_cosines = 24;
    x->cosines = memory_alloc(GROUP_MEMBERS * x->n_cosines * sizeof(double), &err);
    for (size_t k = 0; k < x->n_cosines; k++)
        x->cosines[x->n_cosines + k] = cos(0.06 * (double)k);
    for (int i = 0; i < GROUP_MAPS_N; i++) {
        matrix_init(&x->map[i], DTYPE_F32, 48, 24, &err);
        for (size_t y = 0; y < 48; y++)
            for (size_t c = 0; c < 24; c++)
                matrix_put(x->map[i].view, y, c,
                           (3 - i) * (1.1 + sin((double)y / 5) * cos((double)c / 4)));
    }
}

static void test_golden(struct fixture *f)
{
    grouping_begin(&f->m);
    CHECK(f->m.grouping.n == 2 * LAYERS);
    golden_check(&f->m, "groups-unread-80x24", 80, 24, true);
    fill(f);
    golden_check(&f->m, "groups-80x24", 80, 24, true);
    golden_check(&f->m, "groups-120x40", 120, 40, true);
    golden_check(&f->m, "groups-200x60", 200, 60, true);
    golden_check(&f->m, "groups-80x24-ascii", 80, 24, false);
    golden_check(&f->m, "groups-20x5", 20, 5, false);
    press(f, "v");
    golden_check(&f->m, "groups-spectrum-80x24", 80, 24, true);
    press(f, "j");
    golden_check(&f->m, "groups-rounding-80x24-ascii", 80, 24, false);
    press(f, "k");
    f->m.grouping.page = GROUP_PAGE_ANGLES;
    fill_extra(f);
    golden_check(&f->m, "groups-angles-80x24", 80, 24, true);
    press(f, "v");
    golden_check(&f->m, "groups-maps-120x40", 120, 40, true);
    golden_check(&f->m, "groups-maps-80x24-ascii", 80, 24, false);
    press(f, "v");
    CHECK(command(f, "group blk.0.attn_q.weight,blk.0.attn_k.weight,blk.0.attn_v.weight"));
    f->m.message[0] = 0;
    golden_check(&f->m, "groups-hand-80x24", 80, 24, true);
    f->m.grouping.focus = GROUP_FOCUS_NUMBERS;
    f->m.grouping.at = 0;
    golden_check(&f->m, "groups-numbers-40x12", 40, 12, true);
    f->m.grouping.focus = GROUP_FOCUS_LIST;
    f->m.overlay = OVERLAY_SHELL;
    golden_check(&f->m, "groups-shell-80x24", 80, 24, true);
    f->m.overlay = OVERLAY_NONE;
}

/* Every size, focus and page, in a window of a larger grid whose other cells must stay as they are. */
static int trespass(struct fixture *f, int w, int h, bool unicode)
{
    enum { EDGE = 3 };
    struct grid g = { 0 };
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
    }
    grid_finish(&g);
    return bad;
}

static void test_every_size(struct fixture *f)
{
    int bad = 0, lost = 0;
    for (int w = 1; w <= 164; w += w < 70 ? 1 : 7)
        for (int h = 1; h <= 60; h += h < 26 ? 1 : 5) {
            f->m.grouping.page = (w + h) % GROUP_PAGES;
            f->m.grouping.focus = (w + 2 * h) % GROUP_FOCUS_COUNT;
            f->m.grouping.at = (size_t)(w * h) % f->m.grouping.n;
            bad += trespass(f, w, h, (w + h) % 2);
        }
    CHECK(bad == 0);
    f->m.grouping.focus = GROUP_FOCUS_LIST; /* the chosen group is on every list */
    for (f->m.grouping.at = 0; f->m.grouping.at < f->m.grouping.n; f->m.grouping.at++)
        for (int h = 4; h < 30; h += 5) {
            const char *screen = golden_screen(&f->m, 80, h, false);
            const char *mark = strchr(screen, '>');
            char name[NAME_TEXT], row[48];
            grouping_name(&f->m, grouping_chosen(&f->m), name, sizeof(name));
            size_t n = strlen(name), end = n < 8 ? n : 8; /* of a long one, its end */
            do
                snprintf(row, sizeof(row), "%s", mark ? mark + 3 : "");
            while (!strstr(row, name + n - end) && mark && (mark = strchr(mark + 1, '>')));
            if (!mark)
                printf("# %s not on 80 x %d\n", name, h);
            lost += !mark;
        }
    CHECK(lost == 0);
    f->m.grouping.at = 0;
}

/* What stands in the list and under it is what the profile says at the rank, and moves with it. */
static void test_numbers(struct fixture *f)
{
    char want[64];
    struct grouped *g = grouping_chosen(&f->m);
    CHECK(command(f, "ranks rank 20") && g->rank == 20);
    snprintf(want, sizeof(want), "%.2f %% lost", 100 * joint_error(&g->profile, 20));
    CHECK(strstr(golden_screen(&f->m, 120, 40, true), want) != NULL);
    snprintf(want, sizeof(want), "%d of %d, %.2f %%", 20 * (64 + 96), 64 * 96,
             2000.0 * 160 / (64 * 96));
    CHECK(strstr(golden_got, want) != NULL);
    press(f, "l");
    snprintf(want, sizeof(want), "%.2f %% lost", 100 * joint_error(&g->profile, 21));
    CHECK(g->rank == 21 && strstr(golden_screen(&f->m, 120, 40, true), want) != NULL);
    CHECK(strstr(golden_got, "shared structure") && !strstr(golden_got, "no shared structure"));
    g->null[20].z = -2;
    CHECK(strstr(golden_screen(&f->m, 120, 40, true), "no shared structure") != NULL);
    CHECK(command(f, "ranks rank 60") &&
          strstr(golden_screen(&f->m, 80, 24, true), "no smaller: "));
}

static struct grid shown;

static void redraw(struct fixture *f)
{
    grid_finish(&shown);
    if (grid_init(&shown, f->m.width, f->m.height))
        view_draw(&f->m, grid_canvas(&shown, true));
}

/* The first cell of a zone, and how many there are in its row. */
static bool find(enum zone zone, size_t index, int *x, int *y, int *n)
{
    for (int i = 0; i < shown.width * shown.height; i++) {
        const struct cell *c = &shown.cells[i];
        if (c->zone != zone || c->zone_index != index)
            continue;
        *x = i % shown.width;
        *y = i / shown.width;
        *n = 0;
        while (*x + *n < shown.width && c[*n].zone == zone && c[*n].zone_index == index)
            ++*n;
        return true;
    }
    return false;
}

static void point(struct fixture *f, enum mouse_kind kind, int x, int y)
{
    const struct mouse e = { .kind = kind, .button = 1, .x = x, .y = y };
    mouse_take(&f->m, &shown, &e);
    redraw(f);
}

/* A click chooses a row, and a rank on the slider; held, the pointer takes it along; the wheel steps. */
static void test_pointer(struct fixture *f)
{
    int x = 0, y = 0, n = 0;
    f->m.width = 120;
    f->m.height = 40;
    redraw(f);
    CHECK(find(ZONE_GROUP, 3, &x, &y, &n));
    point(f, MOUSE_PRESS, x + 5, y);
    point(f, MOUSE_RELEASE, x + 5, y);
    CHECK(f->m.grouping.at == 3);
    point(f, MOUSE_UP, x + 5, y);
    CHECK(f->m.grouping.at == 2);
    CHECK(find(ZONE_GROUP_RANK, 0, &x, &y, &n) && n > 8);
    const struct grouped *g = grouping_chosen(&f->m);
    point(f, MOUSE_PRESS, x, y);
    CHECK(g->rank == 1);
    point(f, MOUSE_DRAG, x + n - 1, y);
    CHECK(g->rank == joint_rank_most(&g->shape));
    point(f, MOUSE_DRAG, x + n / 2, y);
    point(f, MOUSE_RELEASE, x + n / 2, y);
    CHECK(g->rank > 20 && g->rank < 44);
    size_t before = g->rank;
    point(f, MOUSE_UP, x, y);
    CHECK(g->rank == before + 1);
    grid_finish(&shown);
}

int main(void)
{
    static struct fixture f;
    fixture_init(&f);
    test_golden(&f);
    test_every_size(&f);
    test_numbers(&f);
    test_pointer(&f);
    fixture_finish(&f);
    return check_done();
}
