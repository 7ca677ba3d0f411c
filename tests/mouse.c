/* The mouse without a terminal: screens are drawn, cells are found by what they say they
 * are, pressed, and the model is asked what became of it. */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "catalogue.h"
#include "model.h"
#include "mouse.h"
#include "overlay.h"
#include "player.h"
#include "session.h"
#include "view.h"

static struct grid grid;

static void draw(struct model *m, int width, int height)
{
    if (grid.width != width || grid.height != height) {
        grid_finish(&grid);
        if (!grid_init(&grid, width, height))
            exit(2);
    }
    model_resize(m, width, height);
    view_draw(m, grid_canvas(&grid, m->unicode));
}

static void redraw(struct model *m)
{
    draw(m, m->width, m->height);
}

static const struct cell *at(int x, int y)
{
    return &grid.cells[y * grid.width + x];
}

struct place {
    int x, y, width; /* the first row of cells of that zone; width 0: there is none */
};

static struct place find(enum zone zone, size_t index)
{
    for (int y = 0; y < grid.height; y++)
        for (int x = 0; x < grid.width; x++) {
            int end = x;
            while (end < grid.width && at(end, y)->zone == zone && at(end, y)->zone_index == index)
                end++;
            if (end > x)
                return (struct place){ x, y, end - x };
        }
    return (struct place){ 0 };
}

static void send(struct model *m, enum mouse_kind kind, int button, int x, int y, bool shift)
{
    const struct mouse e = { .kind = kind, .button = button, .shift = shift, .x = x, .y = y };
    mouse_take(m, &grid, &e);
}

static void click(struct model *m, int x, int y)
{
    send(m, MOUSE_PRESS, 1, x, y, false);
    send(m, MOUSE_RELEASE, 1, x, y, false);
    redraw(m);
}

/* Presses the first cell of that zone; false: there is none. */
static bool click_on(struct model *m, enum zone zone, size_t index)
{
    struct place p = find(zone, index);
    if (p.width > 0)
        click(m, p.x, p.y);
    return p.width > 0;
}

static size_t field_of(const struct model *m, const char *key)
{
    size_t i = 0;
    while (i < m->method->params.n && strcmp(m->method->params.rows[i].key, key) != 0)
        i++;
    return i;
}

static double value(const struct model *m, const char *key)
{
    return param_get(param_find(&m->method->params, key), model_params_const(m));
}

static void take(void *context, struct outcome *o)
{
    model_accept(context, o);
}

static void begin(struct model *m, struct study *study)
{
    struct error err;
    struct request r;
    CHECK(model_init(m, &err) && command_run(m, "open demo:phantom256; method lplr", &err));
    model_resize(m, 120, 40);
    while (model_want(m, false, &r)) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
    }
    CHECK(m->subject && m->subject->exact);
    redraw(m);
}

static void test_panes(struct model *m)
{
    int focused = 0;
    for (int i = 0; i < PANE_COUNT; i++) {
        CHECK(click_on(m, ZONE_PANE, (size_t)i));
        focused += m->focus == (enum pane_id)i;
    }
    CHECK(focused == PANE_COUNT);
    CHECK(click_on(m, ZONE_TAB, 0) && m->view == views[0]);
}

/* Tabs by their place, keys by their digit; rows of the compare view under the pointer. */
static void test_views(struct model *m)
{
    struct error err;
    struct outcome o = {
        .serial = ++m->serial, .kind = REQUEST_COMPARE, .ok = true, .final = true
    };
    for (size_t i = 0; i < 3; i++) {
        struct run_row row = { .method = methods[i], .final = true };
        param_defaults(&methods[i]->params, false, &row.params);
        row.numbers = (struct compare_numbers){ .error = 0.1 * (double)(i + 1),
                                                .psnr = (double)NAN,
                                                .seconds = (double)NAN,
                                                .bits_true = 900 - i,
                                                .entries = 1000 };
        CHECK(run_list_put(&o.runs, &row, &err));
    }
    size_t i = 0;
    while (views[i] != view_find("compare"))
        i++;
    CHECK(click_on(m, ZONE_TAB, i) && m->view == views[i] && view_digit(views[i]) == 5);
    m->runs.begun = true; /* nothing is run here */
    model_accept(m, &o);
    redraw(m);
    CHECK(click_on(m, ZONE_RUN, 2) && m->runs.at == 2);
    struct place p = find(ZONE_RUN, 0);
    send(m, MOUSE_UP, 0, p.x, p.y, false);
    CHECK(m->runs.at == 1);
    runs_forget(m);
    action_press(m, "1", '1');
    CHECK(m->view == views[0]);
    redraw(m);
}

static void test_sliders(struct model *m)
{
    size_t rank = field_of(m, "rank"), left = field_of(m, "left_bits");
    struct place p = find(ZONE_BAR, rank);
    double last = 0;
    int falls = 0;
    CHECK(p.width > 5);
    for (int x = p.x; x < p.x + p.width; x++) {
        click(m, x, p.y);
        falls += value(m, "rank") < last;
        last = value(m, "rank");
        if (x == p.x)
            CHECK(last == 1);
    }
    CHECK(falls == 0 && last == model_limit(m, &m->method->params.rows[rank]));
    CHECK(m->focus == PANE_FORM && m->field == rank);
    send(m, MOUSE_PRESS, 1, p.x, p.y, false);
    send(m, MOUSE_DRAG, 1, 1000, 0, false); /* held, wherever it goes */
    CHECK(value(m, "rank") == last);
    send(m, MOUSE_DRAG, 1, -5, 0, false);
    CHECK(value(m, "rank") == 1);
    send(m, MOUSE_RELEASE, 1, 0, 0, false);
    send(m, MOUSE_DRAG, 1, 1000, 0, false); /* let go */
    CHECK(value(m, "rank") == 1);
    redraw(m);
    CHECK(click_on(m, ZONE_FIELD, left) && m->field == left && value(m, "rank") == 1);
}

static void test_wheel(struct model *m)
{
    size_t rank = field_of(m, "rank");
    struct place p = find(ZONE_BAR, rank), plot = find(ZONE_RANK, 0);
    double before = value(m, "rank");
    m->field = 0;
    send(m, MOUSE_UP, 0, p.x, p.y, false);
    CHECK(value(m, "rank") == before + 1 && m->field == rank);
    send(m, MOUSE_UP, 0, p.x, p.y, true);
    CHECK(value(m, "rank") == before + 11);
    send(m, MOUSE_DOWN, 0, p.x, p.y, true);
    CHECK(value(m, "rank") == before + 1);
    send(m, MOUSE_DOWN, 0, plot.x, plot.y, false);
    CHECK(value(m, "rank") == before);
    redraw(m);
}

/* The column of the mark in the first plot, wherever the curve leaves some of it; -1: none. */
static int mark_column(struct place plot)
{
    for (int x = plot.x; x < plot.x + plot.width; x++)
        for (int y = plot.y + 1; at(x, y)->zone == ZONE_RANK; y++)
            if (at(x, y)->rune == 0x254e)
                return x;
    return -1;
}

/* The rank that a click sets is drawn in the column that was clicked. */
static void test_plot(struct model *m)
{
    struct place p = find(ZONE_RANK, 0);
    int off = 0, falls = 0;
    double last = 0;
    CHECK(p.width > 20);
    for (int x = p.x; x < p.x + p.width; x++) {
        click(m, x, p.y + 5);
        off += mark_column(p) != x;
    }
    printf("# %d of %d columns off\n", off, p.width);
    CHECK(off == 0 && value(m, "rank") == 256 && m->focus == PANE_SPECTRUM);
    m->x_log = true;
    redraw(m);
    for (int x = p.x; x < p.x + p.width; x++) {
        click(m, x, p.y + 5);
        falls += value(m, "rank") < last;
        last = value(m, "rank");
        off += abs(mark_column(p) - x) > 3; /* between the first ranks there are none */
    }
    CHECK(falls == 0 && off == 0 && last == 256);
    m->x_log = false;
    redraw(m);
    send(m, MOUSE_PRESS, 1, p.x + 9, p.y + 5, false);
    send(m, MOUSE_DRAG, 1, -40, 39, false);
    CHECK(value(m, "rank") == 1);
    send(m, MOUSE_RELEASE, 1, 0, 0, false);
    redraw(m);
}

static void test_menu(struct model *m)
{
    const struct method *wanted = methods[2], *old = m->method;
    overlay_methods(m);
    redraw(m);
    click(m, 0, 20); /* beside it */
    CHECK(m->overlay == OVERLAY_NONE && m->method == old);
    overlay_methods(m);
    redraw(m);
    size_t line = m->overlay_line;
    struct place first = find(ZONE_LINE, 0);
    send(m, MOUSE_DOWN, 0, first.x, first.y, false);
    CHECK(m->overlay_line == line + (line + 1 < model_methods()));
    CHECK(click_on(m, ZONE_LINE, 2) && m->method == wanted && m->overlay == OVERLAY_NONE);
    overlay_export(m);
    redraw(m);
    click(m, 0, 20);
    CHECK(m->overlay == OVERLAY_EXPORT);
    overlay_close(m);
    model_set_method(m, old);
    redraw(m);
}

static void test_actions(struct model *m)
{
    bool gaps = m->gaps;
    size_t number = (size_t)action_number(m, action_find(m, "gaps"));
    CHECK(action_numbered(m, (int)number) == action_find(m, "gaps"));
    CHECK(!action_numbered(m, 255) && !action_numbered(m, 60000));
    CHECK(click_on(m, ZONE_ACTION, (size_t)action_number(m, action_find(m, "help"))));
    CHECK(m->overlay == OVERLAY_HELP); /* its key in the status line */
    struct place inside = find(ZONE_OVERLAY, 0);
    for (int i = 0; i < 40 && !find(ZONE_ACTION, number).width; i++) {
        send(m, MOUSE_DOWN, 0, inside.x, inside.y, false);
        redraw(m);
    }
    CHECK(click_on(m, ZONE_ACTION, number) && m->gaps != gaps && m->overlay == OVERLAY_NONE);
    double before = value(m, "rank");
    m->field = field_of(m, "rank");
    redraw(m);
    CHECK(click_on(m, ZONE_ACTION, (size_t)action_number(m, action_find(m, "increase"))));
    CHECK(value(m, "rank") == before + 1); /* the second of "hl value" */
}

static void test_help_on(struct model *m)
{
    struct place p = find(ZONE_BAR, field_of(m, "rank"));
    double before = value(m, "rank");
    send(m, MOUSE_PRESS, 3, p.x + 3, p.y, false);
    CHECK(!strncmp(m->message, "Rank", 4) && strlen(m->message) > 10);
    CHECK(value(m, "rank") == before);
    for (int i = 0; i < PANE_COUNT; i++) {
        p = find(ZONE_PANE, (size_t)i);
        m->message[0] = 0;
        send(m, MOUSE_PRESS, 3, p.x, p.y, false);
        CHECK(strlen(m->message) > 10);
    }
}

static void right(struct model *m, int x, int y)
{
    send(m, MOUSE_PRESS, 3, x, y, false);
    send(m, MOUSE_RELEASE, 3, x, y, false);
    redraw(m);
}

/* Whether the line that is chosen is on the screen, and is what Enter would run. */
static bool chosen_shown(const struct model *m)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_menu(m, m->menu.place, deeds);
    if (m->overlay_line >= n)
        return false;
    size_t number = (size_t)action_number(m, deeds[m->overlay_line].action);
    for (int y = 0; y < grid.height; y++)
        for (int x = 0; x < grid.width; x++)
            if (at(x, y)->zone == ZONE_ACTION && at(x, y)->zone_index == number &&
                at(x, y)->rune == '>' && at(x, y)->ink == INK_SELECTED)
                return true;
    return false;
}

/* At this size, at this cell: every line can be reached, and Esc closes it. */
static bool menu_works(struct model *m, int width, int height, int x, int y)
{
    struct deed deeds[CATALOGUE_MOST];
    draw(m, width, height);
    right(m, x, y);
    size_t n = catalogue_menu(m, m->menu.place, deeds);
    bool ok = m->overlay == OVERLAY_MENU && n > 0 && chosen_shown(m);
    for (size_t i = 1; i < n; i++) {
        action_press(m, i % 2 ? "Down" : "j", 0);
        redraw(m);
        ok &= m->overlay_line == i && chosen_shown(m);
        draw(m, 20 + (int)i, 5 + (int)i); /* pulled while it is there */
        ok &= chosen_shown(m);
        draw(m, width, height);
    }
    action_press(m, "Esc", 0);
    redraw(m);
    if (!ok)
        printf("# %dx%d at %d, %d: not all of the menu\n", width, height, x, y);
    return ok && m->overlay == OVERLAY_NONE;
}

/* What fits the thing under the pointer; a click or Enter runs it, Esc or a click beside it
 * closes it. */
static void test_context(struct model *m)
{
    static const int sizes[][2] = { { 20, 5 }, { 40, 10 }, { 80, 24 }, { 120, 40 }, { 250, 80 } };
    static const char *const wanted[MENU_PLACES] = { "wipe", "y-scale", "minimum", "quit" };
    size_t rank = field_of(m, "rank");
    struct place bar = find(ZONE_BAR, rank), plot = find(ZONE_RANK, 0), now;
    m->field = 0;
    right(m, bar.x, bar.y);
    CHECK(m->overlay == OVERLAY_MENU && m->menu.place == MENU_FORM && m->field == rank);
    size_t number = (size_t)action_number(m, action_find(m, "minimum"));
    CHECK(value(m, "rank") > 1 && click_on(m, ZONE_ACTION, number));
    CHECK(value(m, "rank") == 1 && m->overlay == OVERLAY_NONE);
    right(m, plot.x + 2, plot.y + 3);
    CHECK(m->menu.place == MENU_PLOT && m->focus == PANE_SPECTRUM && value(m, "rank") == 1);
    bool gaps = m->gaps;
    struct deed lines[CATALOGUE_MOST];
    size_t last = catalogue_menu(m, MENU_PLOT, lines);
    while (m->overlay_line < last && strcmp(lines[m->overlay_line].name, "gaps") != 0)
        action_press(m, "Down", 0);
    action_press(m, "Enter", 0);
    CHECK(m->overlay == OVERLAY_NONE && m->gaps != gaps);
    redraw(m);
    now = find(ZONE_PICTURE, 0);
    right(m, now.x + 3, now.y + 3);
    CHECK(m->menu.place == MENU_PICTURE &&
          !find(ZONE_ACTION, (size_t)action_number(m, action_find(m, "wipe-left"))).width);
    click(m, 118, 36); /* beside it, on the form */
    CHECK(m->overlay == OVERLAY_NONE && m->focus == PANE_PICTURE && value(m, "rank") == 1);
    right(m, 3, 0);
    CHECK(m->overlay == OVERLAY_MENU && m->menu.place == MENU_REST);
    right(m, now.x + now.width - 2, now.y + 2); /* elsewhere: that one's */
    CHECK(m->overlay == OVERLAY_MENU && m->menu.place == MENU_PICTURE);
    action_press(m, "q", 'q');
    CHECK(m->overlay == OVERLAY_NONE && !m->quit);
    for (int p = 0; p < MENU_PLACES; p++) {
        struct deed deeds[CATALOGUE_MOST];
        size_t n = catalogue_menu(m, (enum menu_place)p, deeds);
        int found = 0;
        for (size_t i = 0; i < n; i++)
            found += !strcmp(deeds[i].name, wanted[p]);
        CHECK(found == 1);
    }
    int wrong = 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (int corner = 0; corner < 5; corner++) {
            int w = sizes[i][0], h = sizes[i][1];
            wrong += !menu_works(m, w, h, corner == 4 ? w / 2 : corner % 2 * (w - 1),
                                 corner == 4 ? h / 2 : corner / 2 * (h - 1));
        }
    CHECK(wrong == 0);
    draw(m, 120, 40);
}

static void test_let_go(struct model *m)
{
    action_press(m, "M", 'M');
    CHECK(m->mouse_free && strstr(m->message, "M takes it back"));
    redraw(m);
    CHECK(at(0, 39)->rune == 'S' && at(5, 39)->rune == 'T'); /* SELECT */
    action_press(m, "M", 'M');
    CHECK(!m->mouse_free);
    action_press(m, "S", 'S');
    redraw(m);
    CHECK(m->statistics && find(ZONE_OVERLAY, 0).x == 96);
    action_press(m, "S", 'S');
    redraw(m);
    CHECK(!find(ZONE_OVERLAY, 0).width);
}

static void test_start_page(void)
{
    struct error err;
    struct model m;
    CHECK(model_init(&m, &err));
    draw(&m, 80, 24);
    CHECK(click_on(&m, ZONE_LINE, 1) && m.document != NULL);
    model_finish(&m);
}

/* No event anywhere, at no size and with nothing open on top, goes wrong; a pane and the
 * status line are on the smallest screens. */
static void test_everywhere(struct model *m)
{
    static const char *const opens[] = { "Esc", "?", "p", "e", "=", "S", "M", ":", "C-p" };
    enum { OPENS = sizeof(opens) / sizeof(opens[0]) };
    int events = 0, blank = 0;
    srand(11);
    for (int i = 0; i < 400; i++) {
        draw(m, 20 + rand() % (i % 4 ? 60 : 231), 5 + rand() % (i % 4 ? 25 : 76));
        const char *key = opens[(size_t)rand() % OPENS];
        action_press(m, key, key[1] ? 0 : (uint32_t)key[0]);
        redraw(m);
        for (int k = 0; k < 12; k++, events++) {
            send(m, (enum mouse_kind)(rand() % 5), 1 + rand() % 3, rand() % grid.width,
                 rand() % grid.height, rand() % 4 == 0);
            redraw(m);
        }
        int words[2] = { 0, 0 }; /* in the last row; anywhere above it */
        for (int y = 0; y < grid.height; y++)
            for (int x = 0; x < grid.width; x++)
                words[y < grid.height - 1] += at(x, y)->picture || at(x, y)->rune != ' ';
        blank += !words[0] || !words[1];
        m->quit = m->suspend = m->cancel = false;
        m->export.path[0] = 0;
        if (!m->document)
            break;
    }
    printf("# %d events\n", events);
    CHECK(blank == 0 && events == 400 * 12);
    for (int side = 0; side < 12; side++)
        draw(m, side, 12 - side);
    CHECK(!m->quit);
}

static double entry_under(const struct model *m, double share)
{
    double rows, cols;
    int wide, high;
    struct region r;
    model_frame(m, &wide, &high, &r);
    model_shape(m, &rows, &cols);
    r = zoom_whole(r, rows, cols);
    return r.col + share * r.cols;
}

/* In the picture: the wipe's bar, the crosshair, and a zoom about the pointer. */
static void test_picture(struct model *m)
{
    draw(m, 120, 40);
    struct place p = find(ZONE_PICTURE, 0);
    CHECK(p.width > 20);
    m->wipe = m->sweeping = true;
    send(m, MOUSE_PRESS, 1, p.x + 5, p.y + 3, false);
    CHECK((int)(m->wipe_at * p.width) == 5 && !m->sweeping && m->focus == PANE_PICTURE);
    send(m, MOUSE_DRAG, 1, p.x + 9, p.y + 7, false);
    CHECK((int)(m->wipe_at * p.width) == 9);
    send(m, MOUSE_DRAG, 1, p.x + 999, 0, false);
    CHECK((int)(m->wipe_at * p.width) == p.width - 1);
    send(m, MOUSE_RELEASE, 1, 0, 0, false);
    send(m, MOUSE_DRAG, 1, p.x, p.y, false);
    CHECK((int)(m->wipe_at * p.width) == p.width - 1);

    action_press(m, "c", 'c');
    redraw(m);
    send(m, MOUSE_PRESS, 1, p.x + 4, p.y + 6, false);
    redraw(m);
    CHECK(at(p.x + 4, p.y + 6)->rune == '+' && (int)(m->wipe_at * p.width) == p.width - 1);
    send(m, MOUSE_DRAG, 1, p.x - 50, p.y + 2, false);
    redraw(m);
    CHECK(at(p.x, p.y + 2)->rune == '+');
    send(m, MOUSE_RELEASE, 1, 0, 0, false);
    struct place plot = find(ZONE_RANK, 0); /* in a plot it moves, and the rank does not */
    double rank = value(m, "rank");
    click(m, plot.x, plot.y);
    CHECK(m->cross_rank == 1 && value(m, "rank") == rank);
    m->cross = m->wipe = false;

    double worst = 0;
    for (int i = 0; i < 6; i++) {
        redraw(m);
        p = find(ZONE_PICTURE, 0);
        int x = p.x + (7 * i + 3) % p.width;
        double share = (x - p.x + 0.5) / p.width, before = entry_under(m, share);
        send(m, MOUSE_UP, 0, x, p.y + 4, false);
        redraw(m);
        p = find(ZONE_PICTURE, 0);
        share = (x - p.x + 0.5) / p.width;
        if (i > 0) /* the first makes the picture as large as its pane */
            worst = fmax(worst, fabs(entry_under(m, share) - before) * m->zoom.scale);
    }
    printf("# what lies under the pointer moves by at most %.2f pixels\n", worst);
    CHECK(m->zoom.scale > 1 && worst < 2);
    for (int i = 0; i < 9; i++, redraw(m))
        send(m, MOUSE_DOWN, 0, p.x + 3, p.y + 3, false);
    CHECK(m->zoom.scale == 0);
}

static void settle(struct model *m, struct study *study)
{
    struct request r;
    while (model_want(m, false, &r)) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
    }
}

/* A session as text; free it. */
static char *told(const struct model *m)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        exit(2);
    session_print(m, false, out);
    fclose(out);
    return text;
}

/* Plays what was recorded; whether it ends as it did under the hands. */
static bool plays(const struct model *m, const char *path, struct study *study)
{
    static struct model b;
    struct error err;
    bool ok = model_init(&b, &err);
    struct player *player = b.player = player_open(path, 1000, &err);
    double now = 0;
    for (int i = 0; ok && b.player && i < 5000; i++) {
        settle(&b, study);
        model_resize(&b, 120, 40);
        double left = player_left(b.player, &b, now);
        now += left > 0 && left < 1e9 ? left : 0;
        player_step(b.player, &b, now);
    }
    char *mine = told(m), *theirs = told(&b);
    ok &= !b.player && !strcmp(mine, theirs) && m->mouse_free == b.mouse_free &&
          m->statistics == b.statistics && m->overlay == b.overlay;
    if (!ok)
        printf("# recorded: %s\n# played: %s\n", mine, theirs);
    free(mine);
    free(theirs);
    player_close(player);
    model_finish(&b);
    return ok;
}

/* What the pointer does is in the recording, too. */
static void test_recording(struct study *study)
{
    static struct model m;
    char folder[] = "/tmp/eigenscope-mouse-XXXXXX", path[64];
    struct error err;
    int wrong = 0;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/r.session", folder);
    srand(3);
    for (int round = 0; round < 6; round++) {
        begin(&m, study);
        CHECK(command_run(&m, "reset; method lplr; wipe", &err));
        m.recorder = recorder_open(path, true, &m, &err);
        for (int i = 0; i < 30; i++) {
            redraw(&m);
            int x = rand() % 120, y = rand() % 4 ? rand() % 40 : 39;
            int button = rand() % 3 ? 1 : 3;
            enum mouse_kind kind = (enum mouse_kind)(rand() % 5);
            if (i % 9 == 4)
                action_press(&m, "M", 'M');
            else if (i % 9 == 5)
                action_press(&m, "p", 'p');
            else
                send(&m, kind, button, x, y, false);
            if (m.overlay == OVERLAY_MENU && rand() % 2)
                action_press(&m, rand() % 2 ? "Down" : "Enter", 0);
            m.quit = m.suspend = m.cancel = false;
            m.export.path[0] = 0;
            settle(&m, study);
        }
        while (m.overlay != OVERLAY_NONE)
            action_press(&m, "Esc", 0);
        struct recorder *r = m.recorder;
        m.recorder = NULL;
        CHECK(r && recorder_close(r, &m, &err));
        wrong += !plays(&m, path, study);
        model_finish(&m);
    }
    printf("# 6 recordings of 30 events, %d end otherwise when played\n", wrong);
    CHECK(wrong == 0 && unlink(path) == 0 && rmdir(folder) == 0);
}

int main(void)
{
    struct error err;
    struct model m;
    struct backend *backend = backend_open("cpu", NULL, &err);
    struct study *study = backend ? study_create(backend, &err) : NULL;
    if (!study)
        return 2;
    begin(&m, study);
    test_panes(&m);
    test_views(&m);
    test_sliders(&m);
    test_wheel(&m);
    test_plot(&m);
    test_menu(&m);
    test_actions(&m);
    test_help_on(&m);
    test_context(&m);
    test_let_go(&m);
    test_picture(&m);
    test_start_page();
    test_recording(study);
    draw(&m, 120, 40);
    test_everywhere(&m);
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    grid_finish(&grid);
    return check_done();
}
