/* What rank buys of the matrix one is on, beside plain rounding at the same bytes. */

#include "panes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "verdict.h"

enum { ROWS = 12, HALF = 2 /* bytes */ };

/* Of a source that was rounded to it, rounding once more says nothing; of a type that rounds nothing
 * there is nothing to say. */
static bool counts(const struct verdict *v, int i)
{
    const struct verdict_line *own = &v->lines[VERDICT_OWN];
    bool same = i != VERDICT_OWN && own->type && v->lines[i].type &&
                !strcmp(own->type, v->lines[i].type);
    return v->lines[i].type && !same && isfinite(v->lines[i].rounding);
}

/* The best of the plain types that take no more bytes; NAN: none does, or it is not known. What half
 * precision costs is nothing beside either. */
static double plain_within(const struct anatomy *a, uint64_t bytes)
{
    double best = bytes >= (uint64_t)a->rows * a->cols * HALF ? 0 : (double)NAN;
    for (int i = 0; i < VERDICT_LINES; i++)
        if (counts(&a->verdict, i) && a->verdict.lines[i].bytes <= bytes)
            best = fmin(best, a->verdict.lines[i].rounding);
    return best;
}

/* Powers of two, and among them the rank of nine tenths of the energy. */
static size_t ranks_of(const struct anatomy *a, size_t out[ROWS])
{
    size_t side = a->rows < a->cols ? a->rows : a->cols, n = 0, from = 1;
    size_t dense = a->rows * a->cols / (a->rows + a->cols); /* beyond it factors are larger */
    bool put = !a->rank90;
    while (from < 8 && from * 64 < side)
        from *= 2;
    for (size_t k = from; k < side && n + 1 < ROWS; k *= 2) {
        if (!put && a->rank90 <= k) {
            put = true;
            out[n++] = a->rank90;
            if (a->rank90 == k)
                continue;
        }
        if (k > dense)
            break;
        out[n++] = k;
    }
    if (!put && n < ROWS)
        out[n++] = a->rank90;
    return n;
}

static void draw_rank(const struct anatomy *a, struct canvas c, int y, size_t k)
{
    uint64_t bytes = verdict_factor_bytes(a->rows, a->cols, k);
    double error = spectrum_tail(&a->spectrum, k), plain = plain_within(a, bytes);
    const char *word = isnan(plain) ? "smaller" : error > plain ? "worse" : "better";
    enum ink ink = isnan(plain) ? INK_DIM : error > plain ? INK_WARNING : INK_GOOD;
    char size[32];
    pane_bytes(bytes, size, sizeof(size));
    int x = canvas_printf(c, 1, y, k == a->rank90 ? INK_MARK : INK_TEXT, 0,
                          "%4zu %6.2f%% %6.2f %8s ", k, 100 * error,
                          8 * (double)bytes / ((double)a->rows * (double)a->cols), size);
    canvas_text(c, 1 + x, y, ink, 0, word);
}

/* "Q4_0   4.50   8.61%   k=162  42.0%": a plain type, and low rank at its bytes. */
static void draw_line(const struct anatomy *a, struct canvas c, int y, const struct verdict_line *l)
{
    char rounding[24] = "-", low[24] = "-";
    if (isfinite(l->rounding))
        snprintf(rounding, sizeof(rounding), "%.2f%%%s", 100 * l->rounding,
                 l->estimated ? "~" : " ");
    if (isfinite(l->low_rank))
        snprintf(low, sizeof(low), "%.2f%%", 100 * l->low_rank);
    canvas_printf(c, 1, y, INK_TEXT, 0, "%-5.5s %6.2f %8s  k=%-4zu %7s", l->type,
                  8 * (double)l->bytes / ((double)a->rows * (double)a->cols), rounding, l->rank,
                  low);
}

static int draw_lines(const struct anatomy *a, struct canvas c, int y)
{
    canvas_text(c, 1, y++, INK_DIM, 0, "type  bits/w  rounded  rank    left out");
    for (int i = 0; i < VERDICT_LINES; i++)
        if (counts(&a->verdict, i))
            draw_line(a, c, y++, &a->verdict.lines[i]);
    return y;
}

/* Rows of the paragraph that pane_paragraph makes of it. */
static int lines_of(const char *text, int width)
{
    int length = canvas_text_width(text);
    return width > 8 ? 1 + length / (width - 8) : 1;
}

/* The verdict is at the foot whatever there is no room for. */
static void draw(const struct anatomy *a, struct canvas c)
{
    static const enum ink inks[] = { [VERDICT_NONE] = INK_DIM,
                                     [VERDICT_QUANTIZE] = INK_WARNING,
                                     [VERDICT_FACTORIZE] = INK_GOOD,
                                     [VERDICT_DEPENDS] = INK_TEXT };
    size_t ranks[ROWS], n = ranks_of(a, ranks);
    int words = lines_of(a->verdict.text, c.area.w), y = 0, room = c.area.h - words;
    bool beside = c.area.w >= 84, lines = beside || room >= 8;
    int table = lines && !beside ? room - 4 : room;
    canvas_text(c, 1, y++, INK_DIM, 0, "   k   error bits/w     size vs plain");
    size_t skip = n > (size_t)(table > 1 ? table - 1 : 0) ? n - (size_t)(table > 1 ? table - 1 : 0)
                                                          : 0;
    for (size_t i = skip; i < n && y < table; i++)
        draw_rank(a, c, y++, ranks[i]);
    if (beside)
        draw_lines(a, canvas_inside(c, (struct rect){ 44, 0, c.area.w - 44, room }), 0);
    else if (lines)
        y = draw_lines(a, canvas_inside(c, (struct rect){ 0, 0, c.area.w, room }), y);
    pane_paragraph(c, 1, room > 0 ? room : 0, inks[a->verdict.answer], a->verdict.text);
}

void pane_anatomy_ranks(const struct model *m, struct canvas c)
{
    const struct anatomy *a = inspect_now(m);
    struct canvas in = pane_browse_frame(m, c, BROWSE_RANKS, "what rank buys");
    if (!a)
        pane_paragraph(in, 1, 0, INK_DIM, inspect_words(m));
    else if (!a->spectrum.n)
        pane_paragraph(in, 1, 0, INK_WARNING, a->verdict.text);
    else
        draw(a, in);
}
