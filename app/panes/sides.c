#include "sides.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "panes.h"

static struct side side_now(const struct model *m)
{
    return (struct side){
        .method = m->shown ? m->shown->method : m->method,
        .shown = m->shown,
        .numbers = &m->numbers,
        .late = m->stale,
    };
}

static struct side side_slot(const struct model *m, int i)
{
    const struct slot *s = &m->slots[i];
    int wide, high;
    struct region region;
    model_frame(m, &wide, &high, &region);
    return (struct side){
        .letter = (char)('A' + i),
        .method = s->method,
        .shown = s->shown,
        .numbers = &s->numbers,
        .late = !slot_sharp(s, wide, high, region),
    };
}

enum look sides_of(const struct model *m, struct side out[2])
{
    static const struct side original = { 0 };
    const struct slot *slots = m->slots;
    struct side a = slots[SLOT_A].method ? side_slot(m, SLOT_A) : side_now(m);
    struct side b = slots[SLOT_B].method ? side_slot(m, SLOT_B) : original;
    out[m->swapped] = a;
    out[!m->swapped] = b;
    if (!m->original && m->difference)
        return LOOK_DIFFERENCE;
    if (!m->original && m->wipe)
        return LOOK_WIPE;
    out[0] = m->original ? original : side_now(m);
    return LOOK_ONE;
}

void layer_finish(struct layer *l)
{
    for (size_t i = 0; i < 3; i++)
        matrix_finish(&l->planes[i]);
}

/* The rank that the title and the numbers speak of: the slider's, unless another
 * method is still on its way; all there is where they speak of none. */
static size_t rank_of(const struct side *s)
{
    size_t most = s->shown->previews[0].rank, rank = s->numbers->rank;
    return s->shown->nested && rank > 0 && rank < most ? rank : most;
}

static bool render_plane(const struct model *m, const struct side *s, size_t i, struct matrix *out,
                         struct error *err)
{
    if (s->shown) {
        const struct preview *p = &s->shown->previews[i];
        if (!matrix_init(out, DTYPE_F32, p->height, p->width, err))
            return false;
        preview_render(p, s->shown->nested ? rank_of(s) : p->rank, out->view);
        return true;
    }
    struct matrix_view original = m->subject->original[i].view;
    if (!original.data || !matrix_init(out, DTYPE_F32, original.rows, original.cols, err))
        return false;
    matrix_copy(original, out->view);
    return true;
}

/* Of one answer, so alike; nothing is read outside if not. */
static bool alike(const struct layer *l)
{
    struct matrix_view first = l->planes[0].view;
    for (size_t i = 1; i < l->n; i++)
        if (l->planes[i].view.rows != first.rows || l->planes[i].view.cols != first.cols)
            return false;
    return l->n > 0 && first.rows > 0 && first.cols > 0;
}

static enum planes space_of(const struct model *m)
{
    return m->shown ? m->shown->space : m->planes;
}

bool side_render(const struct model *m, const struct side *s, struct layer *out)
{
    struct error err = { 0 };
    double rows, cols;
    size_t n = s->shown ? s->shown->planes : m->subject ? m->subject->planes : 0;
    bool one = n < 3 || m->channel > 0;
    if (n == 0 || !model_shape(m, &rows, &cols) || (s->letter && !s->shown))
        return false;
    out->n = one ? 1 : 3;
    out->region = zoom_whole(s->shown ? s->shown->region : m->subject->region, rows, cols);
    for (size_t i = 0; i < out->n; i++) {
        size_t plane = n >= 3 && m->channel > 0 ? (size_t)m->channel - 1 : i;
        if (!render_plane(m, s, plane, &out->planes[i], &err))
            return false;
    }
    if (!alike(out))
        return false;
    if (!one && space_of(m) == PLANES_YCBCR)
        raster_from_ycbcr((struct matrix_view[3]){ out->planes[0].view, out->planes[1].view,
                                                   out->planes[2].view });
    return true;
}

/* Which of n pixels shows a place; n: none does. */
static size_t pixel_at(double place, double start, double length, size_t n)
{
    double at = floor((place - start) / length * (double)n);
    return at >= 0 && at < (double)n ? (size_t)at : n;
}

double layer_at(const struct layer *l, size_t plane, double row, double col)
{
    struct matrix_view v = l->planes[l->n == 3 ? plane : 0].view;
    size_t i = pixel_at(row, l->region.row, l->region.rows, v.rows);
    size_t j = pixel_at(col, l->region.col, l->region.cols, v.cols);
    return i < v.rows && j < v.cols ? matrix_at(v, i, j) : (double)NAN;
}

/* The mean under the pixel at a place, from the factors alone. */
static double value_at(const struct model *m, const struct side *s, size_t plane, double row,
                       double col)
{
    double rows, cols, v = 0;
    const struct preview *p = s->shown ? &s->shown->previews[plane] : NULL;
    struct matrix_view original = m->subject->original[plane].view;
    size_t high = p ? p->height : original.rows, wide = p ? p->width : original.cols;
    model_shape(m, &rows, &cols);
    struct region r = zoom_whole(p ? s->shown->region : m->subject->region, rows, cols);
    size_t i = pixel_at(row, r.row, r.rows, high), j = pixel_at(col, r.col, r.cols, wide);
    if (i >= high || j >= wide)
        return (double)NAN;
    if (!p)
        return matrix_at(original, i, j);
    size_t rank = s->shown->nested && rank_of(s) < p->rank ? rank_of(s) : p->rank;
    for (size_t k = 0; k < rank; k++)
        v += matrix_at(p->left.view, i, k) * matrix_at(p->right.view, k, j);
    return p->dense.view.data ? v + matrix_at(p->dense.view, i, j) : v;
}

static const char *name_of(const struct side *s)
{
    return s->method ? s->method->name : "original";
}

void side_values(const struct model *m, const struct side *s, double row, double col, char *out,
                 size_t size)
{
    struct brightness b = m->subject->brightness;
    size_t planes = s->shown ? s->shown->planes : m->subject->planes;
    double scale = b.high > b.low ? b.high - b.low : 1;
    int n = s->letter ? snprintf(out, size, "%c %s", s->letter, name_of(s))
                      : snprintf(out, size, "%s", name_of(s));
    if (s->method && !s->shown)
        return;
    for (size_t p = 0; p < planes && n > 0 && (size_t)n < size; p++) {
        double v = b.low + scale * value_at(m, s, p, row, col);
        if (m->channel == 0 || planes < 3 || (size_t)m->channel == p + 1)
            n += snprintf(out + n, size - (size_t)n, isnan(v) ? " -" : " %.3g", v);
    }
}

/* The longest first: with error and size, without the size, without the method, ... */
enum { DETAIL_SIZE, DETAIL_ERROR, DETAIL_RANK, DETAIL_SHORT, DETAIL_LETTER, DETAILS };

static void side_words(const struct model *m, const struct side *s, int detail, char *out,
                       size_t size)
{
    char bytes[32] = "", name[64] = "", error[32] = "", rank[32] = "";
    const struct numbers *now = s->numbers;
    uint64_t cost = s->method    ? (now->bits_true + 7) / 8
                    : m->subject ? m->subject->source_bytes
                                 : 0;
    if (detail == DETAIL_SIZE && cost > 0) {
        bytes[0] = ' ';
        pane_bytes(cost, bytes + 1, sizeof(bytes) - 1);
    }
    if (!s->method)
        snprintf(name, sizeof(name), "%s", detail < DETAIL_SHORT ? " original" : " orig");
    else if (detail < DETAIL_RANK)
        snprintf(name, sizeof(name), " %s", s->method->name);
    if (s->method && detail < DETAIL_LETTER && s->shown && now->rank > 0)
        snprintf(rank, sizeof(rank), " k=%zu", now->rank);
    if (s->method && detail < DETAIL_SHORT && s->shown && !isnan(now->error))
        snprintf(error, sizeof(error), " %.3g %%", 100 * now->error);
    const char letter[2] = { (char)(s->letter ? s->letter : s->method ? 0 : 'B'), 0 };
    const char *colon = detail < DETAIL_LETTER ? ":" : "";
    snprintf(out, size, "%s%s%s%s%s%s%s", *letter ? letter : "now", colon,
             detail < DETAIL_LETTER ? name : "", rank, error, bytes, s->late ? " ~" : "");
}

/* " [g]": one plane alone. " 1:1", " x2.5": pixels along an entry. */
static void how(const struct model *m, char *out, size_t size)
{
    static const char *const names[][3] = {
        [PLANES_RGB] = { "r", "g", "b" },
        [PLANES_YCBCR] = { "y", "cb", "cr" },
    };
    int n = 0;
    out[0] = 0;
    if (m->channel > 0)
        n = snprintf(out, size, "  [%s]", names[space_of(m)][m->channel - 1]);
    if (m->zoom.scale == 1)
        snprintf(out + n, size - (size_t)n, "  1:1");
    else if (m->zoom.scale > 0)
        snprintf(out + n, size - (size_t)n, "  %.3g:1", m->zoom.scale);
}

static void one_title(const struct model *m, const struct side *s, char *out, size_t size)
{
    const char *late = m->stale ? " ~" : "";
    if (!s->method)
        snprintf(out, size, "original");
    else if (s->shown && s->numbers->rank > 0)
        snprintf(out, size, "%s  k=%zu%s", s->method->title, s->numbers->rank, late);
    else
        snprintf(out, size, "%s%s", s->method->title, late);
}

void sides_title(const struct model *m, int width, char *out, size_t size)
{
    struct side sides[2];
    enum look look = sides_of(m, sides);
    char left[160], right[160], more[48];
    how(m, more, sizeof(more));
    if (look == LOOK_ONE) {
        one_title(m, &sides[0], left, sizeof(left));
        snprintf(out, size, "%s%s", left, more);
        return;
    }
    for (int detail = 0; detail < DETAILS; detail++) {
        side_words(m, &sides[0], detail, left, sizeof(left));
        side_words(m, &sides[1], detail, right, sizeof(right));
        if (look == LOOK_WIPE)
            snprintf(out, size, "%s | %s%s", left, right, more);
        else
            snprintf(out, size, "x%d of %s - %s%s", DIFFERENCE_GAIN, left, right, more);
        if (canvas_text_width(out) <= width)
            return;
    }
}
