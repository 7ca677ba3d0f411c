/* What a file of weights holds: its tensors as a tree, and of the one that is looked at its numbers. */

#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "line.h"
#include "overlay.h"
#include "panes/panes.h"
#include "reproduce.h"
#include "showing.h"
#include "view.h"

enum { SMALL_WIDTH = 60, SMALL_HEIGHT = 10, WIDE = 100 };
/* Of the right side. */
enum { SMALL_PAGE = 36, SHORT_PAGE = 16, HIGH_PAGE = 30, BROAD_PAGE = 66, WIDE_PAGE = 110 };

/* What the right side shows. To add one: a row here, and its pane in app/panes/. */
struct page {
    const char *name;
    void (*draw)(const struct model *m, struct canvas c);
    void (*move)(struct model *m, int by); /* j and k while it has the focus; NULL: the tree's */
};

/* ---- the layout ---- */

static void (*const panes[BROWSE_PANES])(const struct model *m, struct canvas c) = {
    [BROWSE_TREE] = pane_tensor_tree,
    [BROWSE_SPECTRUM] = pane_anatomy_spectrum,
    [BROWSE_HISTOGRAM] = pane_anatomy_histogram,
    [BROWSE_HEAT] = pane_anatomy_map,
    [BROWSE_RANKS] = pane_anatomy_ranks,
    [BROWSE_FACTS] = pane_tensor_facts,
};

/* Rectangles inside the right side; w 0: not shown. */
struct layout {
    struct rect pane[BROWSE_PANES];
};

/* Two rows of panes: what is looked at above, what rank buys below. */
static void lay_two(struct layout *l, int w, int h, enum browse_pane above)
{
    int upper = h * 55 / 100;
    l->pane[above] = (struct rect){ 0, 0, w, upper };
    l->pane[BROWSE_RANKS] = (struct rect){ 0, upper, w, h - upper };
}

static void lay_three(struct layout *l, int w, int h)
{
    int first = h * 38 / 100, second = h * 28 / 100, half = w / 2, ranks = w - 30;
    l->pane[BROWSE_SPECTRUM] = (struct rect){ 0, 0, w, first };
    l->pane[BROWSE_HISTOGRAM] = (struct rect){ 0, first, half, second };
    l->pane[BROWSE_HEAT] = (struct rect){ half, first, w - half, second };
    l->pane[BROWSE_RANKS] = (struct rect){ 0, first + second, ranks, h - first - second };
    l->pane[BROWSE_FACTS] = (struct rect){ ranks, first + second, w - ranks, h - first - second };
}

static void lay_wide(struct layout *l, int w, int h)
{
    int first = h * 45 / 100, second = h * 30 / 100, left = w * 62 / 100,
        third = h - first - second;
    l->pane[BROWSE_SPECTRUM] = (struct rect){ 0, 0, left, first };
    l->pane[BROWSE_HEAT] = (struct rect){ left, 0, w - left, first };
    l->pane[BROWSE_HISTOGRAM] = (struct rect){ 0, first, left, second };
    l->pane[BROWSE_FACTS] = (struct rect){ left, first, w - left, second + third };
    l->pane[BROWSE_RANKS] = (struct rect){ 0, first + second, left, third };
}

/* A pure function. Where there is room for one alone, that which had the focus last. */
static struct layout layout_of(const struct model *m, int w, int h)
{
    struct layout l = { 0 };
    enum browse_pane beside = m->browse.beside ? m->browse.beside : BROWSE_SPECTRUM;
    if (m->full || w < SMALL_PAGE || h < SHORT_PAGE)
        l.pane[beside] = (struct rect){ 0, 0, w, h };
    else if (h < HIGH_PAGE || w < BROAD_PAGE)
        lay_two(&l, w, h, beside == BROWSE_RANKS ? BROWSE_SPECTRUM : beside);
    else if (w < WIDE_PAGE)
        lay_three(&l, w, h);
    else
        lay_wide(&l, w, h);
    return l;
}

static void draw_tensor(const struct model *m, struct canvas c)
{
    struct layout l = layout_of(m, c.area.w, c.area.h);
    if (!browse_entry(m)) {
        pane_tensor_facts(m, c);
        return;
    }
    for (int i = 0; i < BROWSE_PANES; i++)
        if (l.pane[i].w > 0)
            panes[i](m, canvas_inside(c, l.pane[i]));
}

static void move_about(struct model *m, int by)
{
    m->browse.about = cursor_moved(m->browse.about, m->document->n_facts + 1, by);
}

static void move_layers(struct model *m, int by)
{
    layer_map_move(m, by, 0);
}

static const struct page pages[] = {
    [BROWSE_PAGE_TENSOR] = { "tensor", draw_tensor, NULL },
    [BROWSE_PAGE_ABOUT] = { "about", pane_about, move_about },
    [BROWSE_PAGE_LAYERS] = { "layers", pane_layer_map, move_layers },
    [BROWSE_PAGE_WITH] = { "with", pane_beside, beside_move },
};
enum { PAGES = sizeof(pages) / sizeof(pages[0]) };

static const struct page *page_of(const struct model *m)
{
    return &pages[m->browse.page < PAGES ? m->browse.page : 0];
}

/* Small, or full: what has the focus, alone. */
static void draw(const struct model *m, struct canvas c)
{
    int w = c.area.w, h = c.area.h, left = w < WIDE ? 38 : w < 160 ? 46 : 54;
    bool tree = m->browse.focus == BROWSE_TREE;
    if (!m->document)
        return;
    if (m->full || w < SMALL_WIDTH || h < SMALL_HEIGHT) {
        (tree ? pane_tensor_tree : page_of(m)->draw)(m, c);
        return;
    }
    pane_tensor_tree(m, canvas_inside(c, (struct rect){ 0, 0, left, h }));
    page_of(m)->draw(m, canvas_inside(c, (struct rect){ left, 0, w - left, h }));
}

static void picture_size(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high)
{
    (void)m, (void)width, (void)height;
    *pixels_wide = *pixels_high = 0;
}

/* The tensor one is on, whole, which the tree may have no room for. */
static void line(const struct model *m, int width, char *out, size_t size)
{
    const struct browse_leaf *leaf = browse_leaf(m);
    const struct browse_folder *f = browse_folder(m);
    char shape[96];
    out[0] = 0;
    if (m->overlay == OVERLAY_FILTER) {
        snprintf(out, size, "/%s_", m->line);
    } else if (leaf) {
        browse_shape(m, leaf, shape, sizeof(shape));
        snprintf(out, size, "%s  %s %s", browse_name(m, leaf), shape, browse_dtype(m, leaf));
        if (canvas_text_width(out) > width)
            snprintf(out, size, "%s", browse_name(m, leaf));
    } else if (f) {
        snprintf(out, size, "%.*s: %u tensors", (int)f->length,
                 browse_name(m, &m->browse.leaves[f->first]), (unsigned)f->n);
    }
}

/* ---- actions ---- */

static void move(struct model *m, int by)
{
    if (m->browse.focus != BROWSE_TREE && page_of(m)->move)
        page_of(m)->move(m, by);
    else
        browse_move(m, by);
}

static void fold(struct model *m)
{
    browse_fold(m, false);
}

static void unfold(struct model *m)
{
    browse_fold(m, true);
}

static void fold_all(struct model *m)
{
    browse_fold_all(m, false);
}

static void unfold_all(struct model *m)
{
    browse_fold_all(m, true);
}

static void enter(struct model *m)
{
    const struct browse_folder *f = browse_folder(m);
    const struct browse_leaf *leaf = browse_leaf(m);
    const struct entry *e = browse_entry(m);
    if (f)
        browse_fold(m, !f->open);
    else if (e && strlen(e->name) >= sizeof(m->entry))
        model_say(m, true, "its name is longer than %zu bytes", sizeof(m->entry) - 1);
    else if (e) {
        model_open(m, m->document, m->document->n > 1 ? e->name : "");
        view_show(m, view_of_digit(1));
    } else if (leaf)
        model_say(m, false, "%s is no matrix that could be opened", browse_name(m, leaf));
}

static void mark(struct model *m)
{
    browse_mark(m);
    if (browse_leaf(m))
        browse_move(m, 1);
}

static void turn_round(struct model *m)
{
    m->browse.reversed = !m->browse.reversed;
    browse_update(m);
}

static void focus(struct model *m, enum browse_pane pane)
{
    m->browse.focus = pane;
    if (pane != BROWSE_TREE)
        m->browse.beside = pane;
}

static void show_page(struct model *m, size_t page)
{
    m->browse.page = page;
    m->browse.focus = page ? BROWSE_FACTS : BROWSE_TREE;
}

static void next_page(struct model *m)
{
    show_page(m, (m->browse.page + 1) % PAGES);
}

static void about(struct model *m)
{
    show_page(m, m->browse.page == BROWSE_PAGE_ABOUT ? 0 : BROWSE_PAGE_ABOUT);
}

/* ---- the layers ---- */

static void layers(struct model *m)
{
    show_page(m, m->browse.page == BROWSE_PAGE_LAYERS ? 0 : BROWSE_PAGE_LAYERS);
}

static bool on_layers(const struct model *m)
{
    return m->browse.page == BROWSE_PAGE_LAYERS && m->browse.focus != BROWSE_TREE;
}

static void layers_left(struct model *m)
{
    layer_map_move(m, 0, -1);
}

static void layers_right(struct model *m)
{
    layer_map_move(m, 0, 1);
}

static void next_number(struct model *m)
{
    m->layers.key++;
    if (!map_keys[m->layers.key].name)
        m->layers.key = 0;
    show_page(m, BROWSE_PAGE_LAYERS);
}

/* ---- another model ---- */

static void beside(struct model *m)
{
    beside_go_on(m);
    if (!m->beside.document)
        line_open_with(m, "with ");
    else
        show_page(m, m->browse.page == BROWSE_PAGE_WITH ? 0 : BROWSE_PAGE_WITH);
}

/* ---- groups by hand ---- */

/* Of the marked tensors, in the groups view. */
static void group_marked(struct model *m)
{
    char names[4 * MODEL_LINE];
    struct error err;
    if (!m->browse.marked)
        model_say(m, true, "nothing is marked - Space marks what is to share a right factor");
    else if (!browse_marked(m, names, sizeof(names)))
        model_say(m, true, "these are too many for one group");
    else if (!showing_group(m, names, &err))
        model_say(m, true, "%s", err.text);
}

/* A page of its own is one pane. */
static void next_pane(struct model *m)
{
    if (m->browse.page)
        m->browse.focus = m->browse.focus == BROWSE_TREE ? BROWSE_FACTS : BROWSE_TREE;
    else
        focus(m, (m->browse.focus + 1) % BROWSE_PANES);
}

static void previous_pane(struct model *m)
{
    if (m->browse.page)
        next_pane(m);
    else
        focus(m, (m->browse.focus + BROWSE_PANES - 1) % BROWSE_PANES);
}

static void y_scale(struct model *m)
{
    m->y_scale = m->y_scale == 1 ? 0 : 1;
}

static void x_log(struct model *m)
{
    m->x_log = !m->x_log;
}

static void log_count(struct model *m)
{
    m->browse.log_count = !m->browse.log_count;
}

static void peaks(struct model *m)
{
    m->browse.peaks = !m->browse.peaks;
}

static void full(struct model *m)
{
    m->full = !m->full;
}

/* clang-format off */
static const struct action actions[] = {
    { "tensor-down", "j Down", "Tensors", "the next one", "move", .step = move, .by = 1 },
    { "tensor-up", "k Up", "Tensors", "the one before", "move", .step = move, .by = -1 },
    { "tensors-down", "PgDn", "Tensors", "ten down", NULL, .step = move, .by = LIST_PAGE },
    { "tensors-up", "PgUp", "Tensors", "ten up", NULL, .step = move, .by = -LIST_PAGE },
    { "first-tensor", "g Home ^", "Tensors", "the first one", NULL, .step = browse_move, .by = -LIST_END },
    { "last-tensor", "G End $", "Tensors", "the last one", NULL, .step = browse_move, .by = LIST_END },
    { "open-tensor", "Enter", "Tensors", "the matrix in the image view; of a folder, what is in it", "open", enter },
    { "filter", "/", "Tensors", "fewer of them: letters of their names or types", "filter", overlay_filter },
    { "scan", "s", "Tensors", "look at every matrix, or the marked ones, in the background; C-c stops, s goes on", "scan", scanning_begin },
    { "mark-tensor", "Space", "Tensors", "mark it, or all of a folder, and back", "mark", mark },
    { "unmark", "U", "Tensors", "no marks any more", NULL, browse_unmark },
    { "sort-tensors", "o", "Tensors", "by the next of its numbers, in one list; at last by name again", "sort", browse_sort_next },
    { "turn-round", "O", "Tensors", "sorted the other way round, and back", NULL, turn_round },
    { "fold", "h Left", "Tensors", "close the folder", "fold", fold },
    { "unfold", "l Right", "Tensors", "open it", "fold", unfold },
    { "fold-all", "-", "Tensors", "close every folder", NULL, fold_all },
    { "unfold-all", "+", "Tensors", "open every folder", NULL, unfold_all },
    { "group-marked", "a", "Tensors", "the marked ones as a group, with one right factor, in the groups view", "group", group_marked },
    { "layers-left", "h Left", "Layers", "the matrix to the left", NULL, layers_left, on_layers },
    { "layers-right", "l Right", "Layers", "the matrix to the right", NULL, layers_right, on_layers },
    { "layers", "L", "Layers", "a row for each layer, a column for each kind of matrix, and back", "layers", layers },
    { "beside", "C", "Another model", "how far each matrix is from its like in another file, and both spectra; and back", "beside", beside },
    { "next-number", "n", "Layers", "the next of the numbers that stand there", NULL, next_number },
    { "about", "i", "Screen", "what the file says of itself, and back", "about", about },
    { "next-page", "v", "Screen", "the next thing on the right side", NULL, next_page },
    { "exact-spectrum", "x", "Plots", "singular values by an SVD, or from the Gram matrix; of a large matrix, or after C-c: look at it", NULL, inspect_exact },
    { "y-scale", "Y", "Plots", "singular values: log, linear", NULL, y_scale },
    { "x-log", "X", "Plots", "ranks on a log axis, and back", NULL, x_log },
    { "log-count", "t", "Plots", "the histogram on a log scale, and back", NULL, log_count },
    { "peaks", "b", "Plots", "the map: the greatest |x| of a block, or the mean", NULL, peaks },
    { "next-tensor-pane", "Tab", "Screen", "the next pane", "pane", next_pane },
    { "previous-tensor-pane", "S-Tab", "Screen", "the pane before", NULL, previous_pane },
    { "full-pane", "f", "Screen", "the focused pane alone, and back", NULL, full },
    { 0 },
};
/* clang-format on */

const struct view view_weights = {
    .name = "weights",
    .title = "Weights",
    .summary = "The tensors of a model as a tree, and of each its spectrum, entries, noise and "
               "what rank buys.",
    .draw = draw,
    .picture_size = picture_size,
    .actions = actions,
    .number = 2,
    .line = line,
    .command = reproduce_look,
    .own = true,
    .lists = true,
};
