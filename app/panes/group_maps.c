/* A group's matrices below each other, what a rank keeps of them and what it leaves, in one scale. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "theme.h"

enum { TITLE = 1, GAP = 1 };

static double largest(const struct group_found *f)
{
    double most = 0;
    for (int i = 0; i < GROUP_MAPS_N; i++)
        for (size_t r = 0; r < f->map[i].view.rows; r++)
            for (size_t k = 0; k < f->map[i].view.cols; k++)
                most = fmax(most, matrix_at(f->map[i].view, r, k));
    return most > 0 ? most : 1;
}

static double at(struct matrix_view v, int x, int wide, int y, int high)
{
    return matrix_at(v, (size_t)y * v.rows / (size_t)high, (size_t)x * v.cols / (size_t)wide);
}

static void draw_map(struct canvas c, struct matrix_view v, double most)
{
    int high = 2 * c.area.h;
    for (int y = 0; y < high; y += 2)
        for (int x = 0; x < c.area.w; x++)
            canvas_pixels(c, x, y / 2, theme_heat(at(v, x, c.area.w, y, high) / most),
                          theme_heat(at(v, x, c.area.w, y + 1, high) / most));
}

void pane_group_maps(const struct model *m, const struct grouped *g, struct canvas c,
                     struct canvas whole)
{
    static const char *const titles[] = { "W", "W_k", "W - W_k" };
    const struct group_found *f = m->grouping.extra;
    bool there = f && f->wish.id == g->id && f->map[0].view.rows;
    int wide = (c.area.w - (GROUP_MAPS_N - 1) * GAP) / GROUP_MAPS_N, high = c.area.h - TITLE;
    char text[96];
    if (!there || !g->rank) {
        pane_paragraph(c, 1, 0, INK_DIM, g->rank ? "maps are on their way" : "it is left dense");
        return;
    }
    if (wide < 1 || high < 1)
        return;
    double most = largest(f);
    for (int i = 0; i < GROUP_MAPS_N; i++) {
        struct rect r = { i * (wide + GAP), TITLE, wide, high };
        canvas_printf(canvas_inside(c, (struct rect){ r.x, 0, wide, 1 }), 0, 0, INK_TEXT, 0, "%s%s",
                      titles[i], i && f->wish.rank != g->rank ? " ~" : "");
        draw_map(canvas_inside(c, r), f->map[i].view, most);
    }
    snprintf(text, sizeof(text), " k=%zu, dark 0 to light %.3g ", f->wish.rank, most);
    if (whole.area.w > 4 && canvas_text_width(text) <= whole.area.w - 4)
        canvas_text(whole, 2, whole.area.h - 1, INK_DIM, 0, text);
}
