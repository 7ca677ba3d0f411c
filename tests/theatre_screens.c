/* Screens of the privacy view's sandbox, drawn from numbers made here by hand: no engine runs. */

#include "golden.h"

#include <math.h>

#include "actions.h"
#include "memory.h"
#include "mouse.h"

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

static void test_golden(struct fixture *f)
{
    golden_check(&f->m, "privacy-bare-80x24", 80, 24, true);
    golden_check(&f->m, "privacy-bare-20x5", 20, 5, false);
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
    CHECK(!strcmp(theatre_field(&f->m)->key, "runs"));
    CHECK(command(f, "privacy rank=100"));
    CHECK(theatre_limit(&f->m, param_find(&theatre_rows, "rank")) == D);
    uint64_t seed = t->set.seed;
    press(f, "R");
    CHECK(t->set.seed == seed + 1);
    theatre_reset(&f->m);
}

int main(void)
{
    struct fixture f;
    fixture_init(&f);
    test_golden(&f);
    test_every_size(&f);
    test_form(&f);
    fixture_finish(&f);
    return check_done();
}
