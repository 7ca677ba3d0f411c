#include <stdio.h>
#include <string.h>

#include "demo.h"
#include "form.h"
#include "panes.h"
#include "reproduce.h"
#include "view.h"

enum { NAMES = 18, LINE = 512 };

struct canvas pane_box(struct canvas c, int width, int height, const char *title)
{
    struct rect r = { 0, 0, width < c.area.w ? width : c.area.w,
                      height < c.area.h ? height : c.area.h };
    struct canvas inside;
    if (c.area.w - r.w < 6) /* a sliver at the sides is only noise */
        r.w = c.area.w;
    r.x = (c.area.w - r.w) / 2;
    r.y = (c.area.h - r.h) / 2;
    inside = canvas_inside(c, r);
    canvas_clear(inside);
    canvas_zone(inside, (struct rect){ 0, 0, r.w, r.h }, ZONE_OVERLAY, 0);
    return r.w < 5 || r.h < 3 ? inside : canvas_frame(inside, title, true);
}

int pane_paragraph(struct canvas c, int x, int y, enum ink ink, const char *text)
{
    int room = c.area.w - x - 1;
    while (*text && room > 0) {
        size_t n = strlen(text), cut;
        if (n > (size_t)room) {
            for (cut = (size_t)room; cut > 0 && text[cut] != ' '; cut--)
                ;
            n = cut > 0 ? cut : (size_t)room;
        }
        canvas_printf(c, x, y++, ink, 0, "%.*s", (int)n, text);
        text += n;
        text += strspn(text, " ");
    }
    return y;
}

/* "lplr --rank 24 --left-bits 4 ...": every parameter. */
static void made_by(const struct model *m, char *out, size_t size)
{
    const struct param_table *t = &m->method->params;
    size_t n = (size_t)snprintf(out, size, "%s", m->method->name);
    for (size_t i = 0; i < t->n && n < size; i++) {
        char flag[64], value[64];
        param_flag(t->rows[i].key, flag, sizeof(flag));
        param_format(&t->rows[i], model_params_const(m), value, sizeof(value));
        n += (size_t)snprintf(out + n, size - n, " --%s %s", flag, value);
    }
}

static void sizes(const struct model *m, char *out, size_t size)
{
    char source[32] = "none (generated)", factors[32], written[32];
    const struct numbers *now = &m->numbers;
    uint64_t source_bytes = m->subject ? m->subject->source_bytes : 0;
    bool measured = now->factors_bytes > 0 && !m->quality_stale;

    if (source_bytes > 0)
        pane_bytes(source_bytes, source, sizeof(source));
    pane_bytes(measured ? now->factors_bytes : (now->bits_true + 7) / 8, factors, sizeof(factors));
    pane_bytes(now->written_bytes, written, sizeof(written));
    snprintf(out, size, "source file %s, packed factors %s%s, %s%s", source, factors,
             measured ? "" : " + header",
             now->written_bytes > 0 ? "last export " : "this file's once written",
             now->written_bytes > 0 ? written : "");
}

void pane_export(const struct model *m, struct canvas c)
{
    enum { LABEL = 9, ROOMY = 12 };
    const struct format *format = format_for_output(m->line);
    struct canvas in = pane_box(c, PANE_BOX_WIDTH, 15, "export");
    char line[LINE];
    bool roomy = in.area.h >= ROOMY; /* else the status line alone says the keys */
    int y = roomy;

    canvas_text(in, 1, y, INK_TITLE, 0, "file");
    form_typed(canvas_inside(in, (struct rect){ LABEL, y, in.area.w - LABEL - 1, 1 }), m->line,
               m->line_at);
    y++;
    if (m->overwrite)
        canvas_text(in, LABEL, y++, INK_WARNING, ATTR_BOLD, "it exists: Enter again overwrites it");
    canvas_text(in, 1, y, INK_TITLE, 0, "as");
    if (format)
        snprintf(line, sizeof(line), "%s: %s", format->title, format->summary);
    y = pane_paragraph(in, LABEL, y, format ? INK_TEXT : INK_WARNING,
                       format ? line : "no format that is written ends like this");
    canvas_text(in, 1, y, INK_TITLE, 0, "made by");
    made_by(m, line, sizeof(line));
    y = pane_paragraph(in, LABEL, y, INK_TEXT, line);
    canvas_text(in, 1, y, INK_TITLE, 0, "sizes");
    sizes(m, line, sizeof(line));
    y = 1 + pane_paragraph(in, LABEL, y, INK_TEXT, line);
    pane_paragraph(in, 1, y, INK_DIM,
                   "A PNG shows the picture; the factors file is the compression. "
                   "`eigenscope expand` turns factors back into the picture.");
    if (roomy)
        canvas_text(in, 1, in.area.h - 1, INK_KEY, 0,
                    "Enter write   Tab other ending   Esc cancel");
}

void pane_methods(const struct model *m, struct canvas c)
{
    size_t n = model_methods(), first = 0, shown;
    struct canvas in;

    in = pane_box(c, PANE_BOX_WIDTH, (int)n + 5, "method");
    shown = in.area.h > 3 ? (size_t)in.area.h - 3 : 1;
    if (m->overlay_line >= shown)
        first = m->overlay_line - shown + 1;
    for (size_t i = first; i < n && i - first < shown; i++) {
        bool chosen = i == m->overlay_line;
        enum ink ink = chosen ? INK_SELECTED : INK_TEXT;
        int y = (int)(i - first);
        for (int x = 0; chosen && x < in.area.w; x++)
            canvas_text(in, x, y, ink, 0, " ");
        canvas_zone(in, (struct rect){ 0, y, in.area.w, 1 }, ZONE_LINE, i);
        canvas_text(in, 0, y, ink, 0, chosen ? ">" : " ");
        canvas_text(in, 1, y, ink, 0, methods[i] == m->method ? "*" : " ");
        canvas_text(in, 3, y, ink, chosen ? ATTR_BOLD : 0, methods[i]->name);
        canvas_text(in, 3 + NAMES, y, ink, 0, methods[i]->title);
    }
    if (m->overlay_line < n && in.area.h > 3)
        pane_paragraph(in, 1, in.area.h - 2, INK_DIM, methods[m->overlay_line]->summary);
}

void pane_shell(const struct model *m, struct canvas c)
{
    char command[2048];
    struct error err;
    bool ok = reproduce_command(m, command, sizeof(command), &err);
    const char *text = ok ? command : err.text;
    int rows = canvas_text_width(text) / (PANE_BOX_WIDTH - 4) + 6;
    struct canvas in = pane_box(c, PANE_BOX_WIDTH, rows, "the same in a shell");
    int y = pane_paragraph(in, 1, 0, ok ? INK_TEXT : INK_ERROR, text);
    pane_paragraph(in, 1, y + 1, INK_DIM,
                   m->view->command
                       ? "It prints what this view shows. y copies it."
                       : "It writes, byte for byte, the file that an export writes. y copies it.");
}

static const char about[] = "What low rank keeps of a picture or a matrix: its singular values, "
                            "the error of a rank, and what that costs in bits.";

/* Every format that can be read. */
static void readable(char *out, size_t size)
{
    out[0] = 0;
    for (size_t i = 0, n = 0; formats[i]; i++)
        if (formats[i]->probe && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", formats[i]->title);
}

void pane_start(const struct model *m, struct canvas c)
{
    enum { SUMMARY = 20 };
    struct canvas in;
    char line[LINE];
    int y, low;
    size_t chosen = m->overlay == OVERLAY_NONE ? m->overlay_line : 0;

    in = pane_box(c, PANE_BOX_WIDTH + 2, 19, "eigenscope " EIGENSCOPE_VERSION);
    low = in.area.h < 14; /* no blank lines then */
    y = low ? 0 : 1 + pane_paragraph(in, 1, 1, INK_TEXT, about);
    canvas_text(in, 1, y++, INK_TITLE, ATTR_BOLD,
                in.area.w < 66 ? "Built in: eigenscope NAME"
                               : "Built in: j k choose, Enter opens, or start as: eigenscope NAME");
    for (const struct demo *d = demos; d->name && y < in.area.h; d++) {
        bool here = (size_t)(d - demos) == chosen;
        canvas_zone(in, (struct rect){ 0, y, in.area.w, 1 }, ZONE_LINE, (size_t)(d - demos));
        if (here)
            canvas_text(in, 0, y, INK_KEY, ATTR_BOLD, ">");
        canvas_printf(in, 2, y, here ? INK_SELECTED : INK_KEY, 0, "demo:%s", d->name);
        if (in.area.w < 50)
            y++;
        else
            y = pane_paragraph(in, SUMMARY, y, INK_TEXT, d->summary);
    }
    y += !low;
    canvas_text(in, 1, y++, INK_TITLE, ATTR_BOLD, "Yours: eigenscope FILE[::NAME]");
    readable(line, sizeof(line));
    canvas_text(in, 2, y, INK_KEY, 0, "FILE");
    pane_paragraph(in, in.area.w < 50 ? 7 : SUMMARY, y, INK_TEXT, line);
}
