/* Small screens and such without colours: whatever lies on top can be worked and read from
 * its characters, bold and reverse alone. */

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "catalogue.h"
#include "overlay.h"
#include "view.h"

static struct grid grid;

static void draw(struct model *m, int width, int height)
{
    grid_finish(&grid);
    if (!grid_init(&grid, width, height))
        exit(2);
    m->unicode = false;
    model_resize(m, width, height);
    view_draw(m, grid_canvas(&grid, false));
}

static void row_text(int y, char *out, size_t size)
{
    int n = grid.width < (int)size - 1 ? grid.width : (int)size - 1;
    for (int x = 0; x < n; x++) {
        uint32_t rune = grid.cells[y * grid.width + x].rune;
        out[x] = rune >= ' ' && rune < 127 ? (char)rune : ' ';
    }
    out[n] = 0;
}

/* Whether a row of the screen holds the text. */
static bool shows(const char *text)
{
    char line[512];
    for (int y = 0; y < grid.height; y++) {
        row_text(y, line, sizeof(line));
        if (strstr(line, text))
            return true;
    }
    return false;
}

static void take(void *context, struct outcome *o)
{
    model_accept(context, o);
}

static void settle(struct model *m, struct study *study)
{
    struct request r;
    while (model_want(m, true, &r)) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
    }
}

static void key(struct model *m, const char *name)
{
    action_press(m, name, name[1] ? 0 : (uint32_t)name[0]);
}

static const int sizes[][2] = { { 20, 5 }, { 40, 10 }, { 80, 24 } };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* Lists: the line that is chosen is on the screen wherever one goes, with a mark before it. */
static void test_lists(struct model *m)
{
    static const struct {
        const char *key, *mode;
        int steps;
    } lists[] = { { "?", "HELP", 90 }, { "p", "METHOD", 20 }, { "C-p", "PALETTE", 90 } };
    int wrong = 0;
    for (size_t s = 0; s < SIZES; s++)
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
            int unmarked = 0;
            key(m, lists[i].key);
            for (int k = 0; k < lists[i].steps; k++) {
                draw(m, sizes[s][0], sizes[s][1]);
                unmarked += !shows("|>") && !shows("> ");
                key(m, "Down");
            }
            bool named = shows(lists[i].mode);
            key(m, "Esc");
            if (unmarked || !named || m->overlay != OVERLAY_NONE)
                printf("# %s at %dx%d: %d times no line is marked\n", lists[i].mode, sizes[s][0],
                       sizes[s][1], unmarked);
            wrong += unmarked || !named || m->overlay != OVERLAY_NONE;
        }
    CHECK(wrong == 0);
}

/* What is typed is on the screen, its end at least, and so is what is wrong with it. */
static void test_typed(struct model *m)
{
    static const struct {
        const char *open, *typed, *wrong;
    } lines[] = { { "=", "98x", "98x" }, { ":", "rank 98x", "98x" }, { "e", ".zzz", "no format" } };
    int wrong = 0;
    for (size_t s = 0; s < SIZES; s++)
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
            m->field = 0;
            m->focus = PANE_FORM;
            key(m, lines[i].open);
            for (const char *c = lines[i].typed; *c; c++)
                action_press(m, *c == ' ' ? "Space" : (char[2]){ *c, 0 }, (uint32_t)*c);
            draw(m, sizes[s][0], sizes[s][1]);
            bool typed = shows(strrchr(lines[i].typed, ' ') ? "98x" : lines[i].typed);
            key(m, "Enter");
            draw(m, sizes[s][0], sizes[s][1]);
            char first[8];
            snprintf(first, sizeof(first), "%.6s", m->message);
            bool told = m->message_is_error && shows(first);
            if (!typed || !told)
                printf("# %s at %dx%d: typed %d, told %d: %s\n", lines[i].open, sizes[s][0],
                       sizes[s][1], typed, told, m->message);
            wrong += !typed || !told;
            key(m, "Esc");
            wrong += m->overlay != OVERLAY_NONE;
        }
    CHECK(wrong == 0);
}

/* Whether a cell of this text's first letter has an attribute, where the text stands. */
static bool bold(const char *text)
{
    char line[512];
    for (int y = 0; y < grid.height; y++) {
        row_text(y, line, sizeof(line));
        const char *at = strstr(line, text);
        if (at)
            return grid.cells[y * grid.width + (int)(at - line)].attributes & ATTR_BOLD;
    }
    return false;
}

/* Of the twelve states those that there are, at 80x24, without a colour: focus, active tab,
 * stale, selected, A and B, running, failed, and the method that is set. */
static void test_states(struct model *m, struct study *study)
{
    draw(m, 80, 24);
    m->focus = PANE_SPECTRUM;
    draw(m, 80, 24);
    CHECK(shows(">spectrum") && !shows(">parameters"));
    CHECK(shows("[1 Ima]") && bold("[1 Ima]"));
    CHECK(!shows("~"));
    struct error err;
    CHECK(command_run(m, "method lplr; k 9", &err));
    draw(m, 80, 24);
    CHECK(shows("~"));
    m->busy = true;
    m->progress = 0.5;
    snprintf(m->stage, sizeof(m->stage), "%s", "halves");
    draw(m, 80, 24);
    CHECK(shows("[####----]  50% halves"));
    m->busy = false;
    settle(m, study);
    draw(m, 80, 24);
    CHECK(!shows("~"));
    CHECK(command_run(m, "slot a; k 20; slot b; wipe", &err));
    settle(m, study);
    draw(m, 80, 24);
    CHECK(shows("A: ") && shows("B: "));
    key(m, "w");
    key(m, "p");
    draw(m, 80, 24);
    CHECK(shows(">* lplr") && !shows(">  "));
    key(m, "Up");
    draw(m, 80, 24);
    CHECK(shows(" * lplr") && !shows(">*"));
    key(m, "Esc");
    m->focus = PANE_FORM;
    m->field = 0;
    draw(m, 80, 24);
    CHECK(shows(">rank"));
    key(m, "~");
    draw(m, 80, 24);
    CHECK(shows("no key '~' here"));
}

int main(void)
{
    static struct model m;
    struct error err;
    struct backend *backend = backend_open("cpu", NULL, &err);
    struct study *study = backend ? study_create(backend, &err) : NULL;
    if (!study || !model_init(&m, &err) || !command_run(&m, "open demo:phantom256", &err))
        return 2;
    draw(&m, 80, 24);
    settle(&m, study);
    test_lists(&m);
    test_typed(&m);
    test_states(&m, study);
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    grid_finish(&grid);
    return check_done();
}
