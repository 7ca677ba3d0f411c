/* Canvas, axes, curves and sliders: what each character of a plot promises. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "form.h"
#include "frame.h"
#include "plot.h"
#include "theme.h"

static char text_of[1 << 16];

/* The grid as plain text, without an end of the last line. */
static const char *text(const struct grid *g, bool unicode)
{
    FILE *out = fmemopen(text_of, sizeof(text_of), "w");
    size_t n;
    frame_print(g, TERM_MONO, SCHEME_DARK, unicode, out);
    fclose(out);
    n = strlen(text_of);
    if (n > 0)
        text_of[n - 1] = 0;
    return text_of;
}

static bool same(const char *got, const char *want)
{
    if (strcmp(got, want) == 0)
        return true;
    printf("# got:\n# %s\n# want:\n# %s\n", got, want);
    return false;
}

static void test_text(void)
{
    struct grid g = { 0 };
    struct canvas c, inside;
    CHECK(grid_init(&g, 8, 3));
    c = grid_canvas(&g, true);
    CHECK(canvas_text(c, 0, 0, INK_TEXT, 0, "a\tb\x1b\xc2\x9b") == 5);
    CHECK(same(text(&g, true), "a?b??\n\n"));
    c = grid_canvas(&g, true);
    canvas_text(c, 0, 0, INK_TEXT, 0, "\xcf\x83\xe2\x94\x80\xf0\x9f\x98\x80\xff.\xc3");
    CHECK(same(text(&g, true), "\xcf\x83\xe2\x94\x80??.?\n\n"));
    CHECK(canvas_text_width("\xcf\x83\xe2\x94\x80") == 2);
    CHECK(canvas_text_width("\xc0\x80\xed\xa0\x80") == 3); /* overlong by byte, surrogate whole */
    CHECK(canvas_text_width("\xe0\x80\xaf") == 3);         /* an overlong '/' */
    CHECK(same(text(&g, false), "????.?\n\n"));
    c = grid_canvas(&g, false);
    canvas_text(c, 0, 0, INK_TEXT, 0, "\xcf\x83 e\xcc\x81 \xe2\x80\xae");
    CHECK(same(text(&g, false), "? e? ?\n\n"));

    c = grid_canvas(&g, true);
    canvas_text(c, -2, 0, INK_TEXT, 0, "0123456789abc");
    inside = canvas_inside(c, (struct rect){ 6, 1, 99, 99 });
    CHECK(inside.area.w == 2 && inside.area.h == 2);
    canvas_text(inside, 0, 1, INK_TEXT, 0, "xyz");
    canvas_text(inside, 0, 2, INK_TEXT, 0, "below");
    canvas_text(inside, -5, 0, INK_TEXT, 0, "left");
    canvas_pixels(inside, 2, 0, 0, 0);
    CHECK(same(text(&g, true), "23456789\n\n      xy"));
    CHECK(canvas_inside(c, (struct rect){ -3, 1, 5, 1 }).area.w == 2);
    CHECK(canvas_inside(c, (struct rect){ 9, 9, 5, 1 }).area.w == 0);
    grid_finish(&g);
    CHECK(!grid_init(&g, 1 << 20, 1));
}

static void test_frame(void)
{
    struct grid g = { 0 };
    grid_init(&g, 14, 3);
    canvas_frame(grid_canvas(&g, false), "title", false);
    CHECK(same(text(&g, false), "+- title ----+\n|            |\n+------------+"));
    canvas_frame(grid_canvas(&g, false), "title", true);
    CHECK(same(text(&g, false), "+- >title< --+\n|            |\n+------------+"));
    canvas_frame(grid_canvas(&g, false), "a title too long", true);
    CHECK(same(text(&g, false), "+- >a titl< -+\n|            |\n+------------+"));
    canvas_frame(grid_canvas(&g, true), "", false);
    CHECK(same(text(&g, true), "┌────────────┐\n│            │\n└────────────┘"));
    grid_finish(&g);
}

static void test_colors(void)
{
    bool exact = true;
    int worse = 0;
    for (int i = 16; i < 256; i++) {
        int grey = 8 + 10 * (i - 232), level[] = { 0, 95, 135, 175, 215, 255 }, c = i - 16;
        uint32_t rgb = i >= 232
                           ? (uint32_t)(grey * 0x010101)
                           : (uint32_t)(level[c / 36] << 16 | level[c / 6 % 6] << 8 | level[c % 6]);
        exact = exact && theme_nearest_256(rgb) == i;
    }
    CHECK(exact);
    for (uint32_t rgb = 0; rgb < 0x1000000; rgb += 7919) { /* against a search of all 240 */
        long best = -1, got = -1;
        int nearest = theme_nearest_256(rgb);
        for (int i = 16; i < 256; i++) {
            int level[] = { 0, 95, 135, 175, 215, 255 }, c = i - 16, grey = 8 + 10 * (i - 232);
            int r = (int)(rgb >> 16) - (i >= 232 ? grey : level[c / 36]);
            int gr = (int)(rgb >> 8 & 255) - (i >= 232 ? grey : level[c / 6 % 6]);
            int b = (int)(rgb & 255) - (i >= 232 ? grey : level[c % 6]);
            long d = (long)r * r + (long)gr * gr + (long)b * b;
            best = best < 0 || d < best ? d : best;
            got = i == nearest ? d : got;
        }
        worse += got != best;
    }
    CHECK(worse == 0);
    CHECK(theme_ramp(0, 0, false) == ' ' && theme_ramp(0xffffff, 0xffffff, false) == '@');
    CHECK(theme_ramp(0, 0, true) == '@' && theme_ramp(0xffffff, 0xffffff, true) == ' ');
    for (int s = 0; s < SCHEME_MONO; s++) /* a scheme without a colour for an error is a hole */
        CHECK(theme_style((enum scheme)s, INK_ERROR).index >= 16);
    for (int i = 0; i < INK_COUNT; i++)
        if (theme_style(SCHEME_MONO, (enum ink)i).index >= 0)
            CHECK(false && "a colour in mono");
}

static void test_sgr(void)
{
    struct grid g = { 0 };
    struct canvas c;
    char buffer[256] = "";
    FILE *out;
    grid_init(&g, 2, 1);
    c = grid_canvas(&g, true);
    canvas_pixels(c, 0, 0, 0xff0000, 0x0000ff);
    out = fmemopen(buffer, sizeof(buffer), "w");
    frame_print(&g, TERM_24BIT, SCHEME_DARK, true, out);
    fclose(out);
    CHECK(same(buffer, "\033[0;38;2;255;0;0;48;2;0;0;255m▀\033[0m \033[0m\n"));
    out = fmemopen(buffer, sizeof(buffer), "w");
    frame_print(&g, TERM_256, SCHEME_DARK, true, out);
    fclose(out);
    CHECK(same(buffer, "\033[0;38;5;196;48;5;21m▀\033[0m \033[0m\n"));
    out = fmemopen(buffer, sizeof(buffer), "w");
    frame_print(&g, TERM_24BIT, SCHEME_DARK, false, out);
    fclose(out);
    CHECK(same(buffer, "\033[0;38;2;127;0;127;48;2;127;0;127m \033[0m \033[0m\n"));
    grid_finish(&g);
}

/* "value@cell ..." */
static const char *ticks(struct axis a, int cells, int dots, bool lying)
{
    static char line[512];
    struct tick t[PLOT_TICKS];
    size_t n = plot_ticks(a, cells, dots, lying, t), used = 0;
    line[0] = 0;
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s@%d", i ? " " : "",
                                 t[i].label, t[i].at);
    return line;
}

static void test_ticks(void)
{
    struct axis ranks = { .lo = 1, .hi = 200, .whole = true };
    CHECK(same(ticks(ranks, 38, 2, true), "1@0 50@9 100@18 150@28 200@37"));
    CHECK(same(ticks((struct axis){ .lo = 1, .hi = 3, .whole = true }, 30, 2, true),
               "1@0 2@15 3@29"));
    CHECK(same(ticks((struct axis){ .lo = 0, .hi = 12800 }, 12, 4, false), "0@0 5000@4 10K@9"));
    CHECK(same(ticks((struct axis){ .lo = 100, .hi = 1e5, .log = true }, 12, 4, false),
               "1e2@0 1e3@4 1e4@7 1e5@11"));
    CHECK(same(ticks((struct axis){ .lo = 0.5, .hi = 50, .log = true }, 24, 4, false),
               "0.5@0 1@3 2@7 5@12 10@15 20@19 50@23"));
    CHECK(same(ticks((struct axis){ .lo = 1e-8, .hi = 1, .log = true }, 9, 4, false),
               "1e-6@2 1e-3@5 1e0@8"));
    CHECK(same(ticks((struct axis){ .lo = 1, .hi = 500, .log = true, .whole = true }, 60, 2, true),
               "1@0 2@6 5@15 10@22 20@28 50@37 100@44 200@50 500@59"));
    CHECK(
        same(ticks((struct axis){ .lo = 1, .hi = 100, .log = true, .percent = true }, 8, 4, false),
             "1%@0 10%@4 100%@7"));
    CHECK(same(ticks((struct axis){ .lo = 3, .hi = 7 }, 2, 4, false), "3@0 7@1"));
    CHECK(same(ticks((struct axis){ .lo = 3, .hi = 7 }, 0, 4, false), ""));
    CHECK(strlen(ticks((struct axis){ .lo = -1e308, .hi = 1e308 }, 30, 4, false)) > 0);
}

/* The promise of the header, over many axes: in order, in range, apart, and standing
 * on the cell in which plot_curve draws that value. */
static void test_ticks_everywhere(void)
{
    int bad_order = 0, bad_place = 0, too_few = 0, too_wide = 0;
    for (int i = 0; i < 4000; i++) {
        double lo = pow(10, i % 17 - 8) * (1 + i % 7), hi = lo * pow(10, 0.05 + i % 11 * 0.7);
        bool log = i % 2, lying = i % 3 == 0;
        struct axis a = { .lo = lo, .hi = hi, .log = log };
        int cells = 1 + i % 61, dots = lying ? 2 : 4;
        struct tick t[PLOT_TICKS];
        size_t n = plot_ticks(a, cells, dots, lying, t);
        too_few += cells >= 30 && n < 2;
        for (size_t k = 0; k < n; k++) {
            double f = plot_fraction(a, t[k].value);
            int dot = (int)lround(f * (cells * dots - 1));
            bad_place += f < -1e-9 || f > 1 + 1e-9 || dot / dots != t[k].at;
            bad_order += k > 0 && n > 2 && t[k].at - t[k - 1].at < 3;
            too_wide += !lying && n > 2 && strlen(t[k].label) > PLOT_LABEL_WIDTH;
        }
    }
    CHECK(bad_order == 0);
    CHECK(bad_place == 0);
    CHECK(too_few == 0);
    CHECK(too_wide == 0);
}

static void test_axis(void)
{
    const double falling[] = { 1789, 320, 4.2, 0 }, tiny[] = { 1, 1e-20 },
                 none[] = { 0, (double)NAN };
    bool low;
    struct axis a = plot_axis(falling, 4, true, 8, &low);
    CHECK(low && a.lo == 2 && a.hi == 2000);
    a = plot_axis(falling, 3, true, 8, &low);
    CHECK(!low);
    a = plot_axis(tiny, 2, true, 8, &low);
    CHECK(low && a.lo == 1 && a.hi == 10);
    a = plot_axis(none, 2, true, 8, &low);
    CHECK(low && a.lo < a.hi && a.lo > 0);
    a = plot_axis(falling, 4, false, 8, &low);
    CHECK(!low && a.lo == 0 && a.hi == 2000);
    a = plot_axis(none, 2, false, 8, &low);
    CHECK(a.lo < a.hi);
    CHECK_NEAR(plot_fraction((struct axis){ .lo = 1, .hi = 100, .log = true }, 10), 0.5, 1e-12);
    CHECK(plot_fraction((struct axis){ .lo = 1, .hi = 100, .log = true }, 0) < 0);
}

static void test_labels(void)
{
    static const struct {
        struct axis axis;
        double value;
        const char *want;
    } rows[] = {
        { { .lo = 0, .hi = 20000 }, 12800, "12.8K" },
        { { .lo = 0, .hi = 2000 }, 1250, "1250" },
        { { .lo = 0, .hi = 5e6 }, 2.5e6, "2.5M" },
        { { .lo = 1e-9, .hi = 1, .log = true }, 1e-9, "1e-9" },
        { { .lo = 0.1, .hi = 100, .log = true }, 0.2, "0.2" },
        { { .lo = 0.01, .hi = 100, .log = true, .percent = true }, 0.01, "0.01%" },
        { { .lo = 1e-5, .hi = 100, .log = true, .percent = true }, 1e-5, "1e-5%" },
        { { .lo = 1e-5, .hi = 100, .log = true, .percent = true }, 100, "100%" },
        { { .lo = 1, .hi = 4096, .log = true, .whole = true }, 2000, "2000" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char label[PLOT_LABEL];
        plot_label(rows[i].axis, rows[i].value, label);
        CHECK(same(label, rows[i].want));
    }
}

static void test_curves(void)
{
    struct grid g = { 0 };
    struct axis x = { .lo = 1, .hi = 4 }, y = { .lo = 0, .hi = 3 };
    const double rise[] = { 0, 1, 2, 3 }, gap[] = { 3, (double)NAN, 0, 0 }, cliff[] = { 3, 0 };
    struct plot p;
    grid_init(&g, 4, 2);

    p = plot_begin(grid_canvas(&g, false), x, y, false);
    plot_curve(&p, NULL, rise, 4, INK_CURVE);
    CHECK(same(text(&g, false), "  .'\n.'"));
    p = plot_begin(grid_canvas(&g, true), x, y, false);
    plot_curve(&p, NULL, rise, 4, INK_CURVE);
    CHECK(same(text(&g, true), "  ⡠⠊\n⡠⠊"));
    p = plot_begin(grid_canvas(&g, false), x, y, false);
    plot_curve(&p, NULL, gap, 4, INK_CURVE);
    CHECK(same(text(&g, false), "'\n  .."));
    p = plot_begin(grid_canvas(&g, false), x, y, false);
    plot_curve(&p, (const double[]){ 2, 2 }, cliff, 2, INK_CURVE); /* a whole column */
    CHECK(same(text(&g, false), " :\n :"));
    p = plot_begin(grid_canvas(&g, false), x, y, false);
    plot_point(&p, 4, 99, INK_MARK, 'o');
    plot_point(&p, 1, 0, INK_MARK, 'o');
    plot_point(&p, 2, -9, INK_MARK, 'o');
    plot_point(&p, 5, 1, INK_MARK, 'o');
    CHECK(same(text(&g, false), "   ^\nov"));

    /* what a log axis cannot show stands on the floor, apart from what it shows */
    y = (struct axis){ .lo = 1, .hi = 10, .log = true };
    p = plot_begin(grid_canvas(&g, false), x, y, true);
    plot_curve(&p, NULL, (const double[]){ 10, 1, 0, -1 }, 4, INK_CURVE);
    CHECK(same(text(&g, false), "'.\n  .."));
    grid_finish(&g);
}

/* 50,000 samples, one of them a spike: it must be seen. */
static void test_spike(void)
{
    enum { N = 50000 };
    struct grid g = { 0 };
    double *values = calloc(N, sizeof(*values));
    struct plot p;
    grid_init(&g, 20, 4);
    if (!values)
        return;
    values[33333] = 1;
    p = plot_begin(grid_canvas(&g, false), (struct axis){ .lo = 1, .hi = N },
                   (struct axis){ .lo = 0, .hi = 1 }, false);
    plot_curve(&p, NULL, values, N, INK_CURVE);
    CHECK(canvas_rune_at(p.data, plot_column(&p, 33334), 0) != ' ');
    CHECK(canvas_rune_at(p.data, 2, 0) == ' ' && canvas_rune_at(p.data, 2, 3) == '.');
    free(values);
    grid_finish(&g);
}

static void test_axes_drawn(void)
{
    struct grid g = { 0 };
    struct plot p;
    grid_init(&g, 30, 8);
    p = plot_begin(grid_canvas(&g, false), (struct axis){ .lo = 1, .hi = 200, .whole = true },
                   (struct axis){ .lo = 1, .hi = 100, .log = true }, true);
    plot_vertical(&p, 24, INK_MARK);
    CHECK(same(text(&g, false), "  100+   !\n"
                                "     |   !\n"
                                "     |   !\n"
                                "     |   !\n"
                                "    1+   !\n"
                                "   <1+   !\n"
                                "     ++----+-----+----+-----+\n"
                                "      1    50   100  150  200"));
    grid_finish(&g);
}

static void test_bars(void)
{
    const struct param whole = { .kind = PARAM_INT, .min = 0, .max = 40 };
    const struct param rank = { .kind = PARAM_INT, .min = 1, .max = 65536, .logarithmic = true };
    const struct param from_zero = { .kind = PARAM_REAL, .min = 0, .max = 99, .logarithmic = true };
    struct grid g = { 0 };

    CHECK(form_fraction(&whole, 0, 40) == 0 && form_fraction(&whole, 40, 40) == 1);
    CHECK_NEAR(form_fraction(&whole, 10, 40), 0.25, 1e-12);
    CHECK_NEAR(form_fraction(&rank, 20, 400), 0.5, 1e-12); /* 1, 20, 400: a geometric middle */
    CHECK(form_fraction(&rank, 500, 400) == 1);            /* the right end is the matrix's */
    CHECK(form_fraction(&rank, 1, 1) == 1);
    CHECK_NEAR(form_fraction(&from_zero, 9, 99), 0.5, 1e-12);

    grid_init(&g, 4, 1);
    form_bar(grid_canvas(&g, false), 0, 0, 4, 0.5);
    CHECK(same(text(&g, false), "##--"));
    form_bar(grid_canvas(&g, false), 0, 0, 4, 0);
    CHECK(same(text(&g, false), "----"));
    form_bar(grid_canvas(&g, true), 0, 0, 4, 0.5 + 3 / 32.0); /* two cells and three eighths */
    CHECK(same(text(&g, true), "██▍░"));
    form_bar(grid_canvas(&g, true), 0, 0, 4, 1);
    CHECK(same(text(&g, true), "████"));
    form_bar(grid_canvas(&g, true), 2, 0, 4, 1); /* clipped */
    CHECK(same(text(&g, true), "  ██"));
    form_typed(grid_canvas(&g, false), "12345", 5); /* the end is what one looks at */
    CHECK(same(text(&g, false), "[5_]"));
    grid_finish(&g);
}

/* Dashes of three dots in ASCII, three left out, along the line however steep it is. */
static void test_dashed(void)
{
    const double across[] = { 0, 0 }, ends[] = { 1, 18 }, up[] = { 0, 7 }, same_x[] = { 1, 1 };
    const struct axis x = { .lo = 1, .hi = 18 }, y = { .hi = 7 };
    struct grid g = { 0 };
    grid_init(&g, 18, 4);
    struct plot p = { .data = grid_canvas(&g, false), .x = x, .y = y };
    plot_dashed(&p, ends, across, 2, INK_CURVE);
    CHECK(same(text(&g, false), "\n\n\n...   ...   ..."));
    grid_finish(&g);
    grid_init(&g, 18, 4);
    p.data = grid_canvas(&g, false);
    plot_dashed(&p, same_x, up, 2, INK_CURVE);
    CHECK(same(text(&g, false), ":\n\n.\n:"));
    grid_finish(&g);
}

int main(void)
{
    test_text();
    test_frame();
    test_colors();
    test_sgr();
    test_ticks();
    test_ticks_everywhere();
    test_axis();
    test_labels();
    test_curves();
    test_spike();
    test_axes_drawn();
    test_bars();
    test_dashed();
    return check_done();
}
