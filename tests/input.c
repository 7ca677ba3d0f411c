/* Bytes from a terminal: keys, mouse, paste and answers, whole, cut at every place, and
 * at random; and what the answers say about colours. */

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "probe.h"

/* Everything that comes out, one after another: names, "<kind button x,y mods>", "{answer}". */
static void say(const struct event *e, char *out, size_t size)
{
    static const char *const kinds[] = { "press", "drag", "release", "up", "down" };
    size_t n = strlen(out);
    const char *blank = n ? " " : "";
    if (e->kind == EVENT_KEY)
        snprintf(out + n, size - n, "%s%s%s", blank, e->pasted ? "'" : "", e->name);
    else if (e->kind == EVENT_MOUSE)
        snprintf(out + n, size - n, "%s<%s%s%s %d %d,%d>", blank, e->mouse.shift ? "S-" : "",
                 e->mouse.control ? "C-" : "", kinds[e->mouse.kind], e->mouse.button, e->mouse.x,
                 e->mouse.y);
    else
        snprintf(out + n, size - n, "%s{%d%s}", blank, e->kind - EVENT_COLOR, e->answer);
}

static void drain(struct input *in, bool late, char *out, size_t size)
{
    struct event e;
    while (input_next(in, late, &e) == INPUT_EVENT)
        say(&e, out, size);
}

/* As if the bytes before `cut` came first, and the rest a moment later. */
static const char *read_cut(const char *bytes, size_t cut)
{
    static char out[512];
    struct input in = { .utf8 = true };
    size_t n = strlen(bytes);
    out[0] = 0;
    input_feed(&in, bytes, cut < n ? cut : n);
    drain(&in, false, out, sizeof(out));
    if (cut < n)
        input_feed(&in, bytes + cut, n - cut);
    drain(&in, false, out, sizeof(out));
    drain(&in, true, out, sizeof(out));
    return out;
}

static const struct {
    const char *bytes, *events;
} cases[] = {
    { "jK ", "j K Space" },
    { "\xc3\xa9\xe2\x96\x80", "\xc3\xa9 \xe2\x96\x80" },
    { "\r\t\x7f\x03\x0c\x1a", "Enter Tab Backspace C-c C-l C-z" },
    { "\033", "Esc" },
    { "\033\033", "Esc Esc" },
    { "\033q", "Esc q" },
    { "\033[A\033OB\033[1;5C\033[1;2D", "Up Down C-Right S-Left" },
    { "\033[H\033OF\033[7~\033[4~\033[Z", "Home End Home End S-Tab" },
    { "\033[5~\033[6~\033[3~\033[2;2~", "PgUp PgDn Delete S-Insert" },
    { "\033OP\033[[A\033[15~\033[24~\033OM", "F1 F1 F5 F12 Enter" },
    { "\033[<0;5;7M\033[<32;6;7M\033[<0;6;7m", "<press 1 4,6> <drag 1 5,6> <release 1 5,6>" },
    { "\033[<64;1;1M\033[<69;2;3M\033[<2;9;9M", "<up 0 0,0> <S-down 0 1,2> <press 3 8,8>" },
    { "\033[<66;1;1M\033[<35;4;4M\033[<0;0;3M", "" }, /* sideways, no button, no such cell */
    { "\033[M !!\033[M#!!", "<press 1 0,0> <release 1 0,0>" },
    { "\033[200~qx\n\033[201~q", "'q 'x 'Enter q" },
    { "\033P1$r48:2:1:2:3m\033\\j", "{048:2:1:2:3m} j" },
    { "\033P>|XTerm(379)\033\\\033[?64;1;2c", "{1XTerm(379)} {2}" },
    { "\033P0$r\033\\q", "q" },
    { "\033]11;rgb:ffff/ffff/ffff\007q\033]2;quit\033\\q", "q q" },
    { "\033_Gi=31;OK\033\\\033[?2026;2$y\033[?1;2c", "{2}" },
    { "\033[I\033[O\033[0n\033[12;40R", "" },
    { "\xff\xc3(\xed\xa0\x80\xc0\x80q", "( q" }, /* not UTF-8 */
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void test_cases(void)
{
    int wrong = 0, cut_wrong = 0;
    for (size_t i = 0; i < CASES; i++) {
        const char *got = read_cut(cases[i].bytes, SIZE_MAX);
        if (strcmp(got, cases[i].events) != 0) {
            printf("# case %zu: '%s', not '%s'\n", i, got, cases[i].events);
            wrong++;
        }
        for (size_t cut = 0; cut < strlen(cases[i].bytes); cut++)
            if (strcmp(read_cut(cases[i].bytes, cut), cases[i].events) != 0) {
                printf("# case %zu cut at %zu: '%s'\n", i, cut, read_cut(cases[i].bytes, cut));
                cut_wrong++;
            }
    }
    CHECK(wrong == 0);
    CHECK(cut_wrong == 0);
}

/* What begins an answer is never a key, however late the rest is, while one is awaited. */
static void test_awaiting(void)
{
    char out[512] = "";
    struct input in = { .utf8 = true, .awaiting = true };
    input_feed(&in, "\033P1$r48:2", 9);
    drain(&in, false, out, sizeof(out));
    drain(&in, true, out, sizeof(out));
    input_feed(&in, "\033[?6", 4);
    drain(&in, false, out, sizeof(out));
    drain(&in, true, out, sizeof(out));
    CHECK(!strcmp(out, "") && in.n == 0);
    in.awaiting = false; /* by hand: Esc, then a bracket */
    input_feed(&in, "\033[", 2);
    drain(&in, true, out, sizeof(out));
    CHECK(!strcmp(out, "Esc ["));
}

/* A string that never ends is dropped, not kept; the next key after its end is one. */
static void test_long_string(void)
{
    char out[512] = "", noise[500];
    struct input in = { .utf8 = true };
    memset(noise, 'q', sizeof(noise));
    input_feed(&in, "\033]52;", 5);
    for (int i = 0; i < 40; i++) {
        input_feed(&in, noise, sizeof(noise));
        drain(&in, false, out, sizeof(out));
    }
    CHECK(!strcmp(out, ""));
    input_feed(&in, "\033", 1);
    drain(&in, false, out, sizeof(out));
    input_feed(&in, "\\j", 2);
    drain(&in, false, out, sizeof(out));
    CHECK(!strcmp(out, "j"));
}

static void test_plain_bytes(void)
{
    char out[512] = "";
    struct input in = { 0 };
    input_feed(&in, "a\xc3\xa9z", 4);
    drain(&in, false, out, sizeof(out));
    CHECK(!strcmp(out, "a z"));
}

/* No bytes whatever make it read outside, or stay for ever. */
static void test_noise(void)
{
    static const char likely[] = "\033\033\033[[[]P_O<;0123456789MmAZc~\\$\007\xc3\xe2\xf0 jq";
    struct input in = { .utf8 = true };
    struct event e;
    size_t events = 0, nameless = 0;
    srand(3);
    for (int i = 0; i < 200000; i++) {
        char c = rand() % 8 ? likely[(size_t)rand() % (sizeof(likely) - 1)] : (char)rand();
        input_feed(&in, &c, 1);
        while (input_next(&in, rand() % 50 == 0, &e) == INPUT_EVENT) {
            events++;
            nameless += e.kind == EVENT_KEY && !e.name[0];
            nameless += e.kind == EVENT_MOUSE && (e.mouse.x < 0 || e.mouse.y < 0);
        }
    }
    while (input_next(&in, true, &e) == INPUT_EVENT)
        events++;
    printf("# %zu events\n", events);
    CHECK(events > 1000 && nameless == 0 && in.n == 0);
}

/* ---- colours ---- */

static bool mode_is(struct probe p, enum term_color color, const char *why)
{
    char got[40];
    enum term_color c = probe_decide(&p, got, sizeof(got));
    if (c != color || strcmp(got, why) != 0)
        printf("# %s (%s), not %s (%s)\n", term_color_names[c], got, term_color_names[color], why);
    return c == color && !strcmp(got, why);
}

static void test_decide(void)
{
    const struct probe xterm = { .term = "xterm", .colors = 8 };
    struct probe p = xterm;
    CHECK(mode_is(p, TERM_8, "TERM"));
    p.colors = 16;
    CHECK(mode_is(p, TERM_16, "TERM"));
    p.term = "screen-256color";
    CHECK(mode_is(p, TERM_256, "TERM"));
    p.term = "xterm-direct";
    CHECK(mode_is(p, TERM_24BIT, "TERM"));
    p = (struct probe){ .term = "vt100", .colors = -1 };
    CHECK(mode_is(p, TERM_MONO, "TERM"));
    p = xterm;
    p.tmux = true;
    CHECK(mode_is(p, TERM_24BIT, "tmux"));
    p.colorterm = "truecolor";
    CHECK(mode_is(p, TERM_24BIT, "COLORTERM"));
    p.no_color = ""; /* empty means nothing: no-color.org */
    CHECK(mode_is(p, TERM_24BIT, "COLORTERM"));
    p.no_color = "0";
    CHECK(mode_is(p, TERM_MONO, "NO_COLOR"));
    p.asked = TERM_16;
    CHECK(mode_is(p, TERM_16, "--color"));
}

static struct probe answered(struct probe p, enum event_kind kind, const char *text)
{
    struct event e = { .kind = kind };
    snprintf(e.answer, sizeof(e.answer), "%s", text);
    CHECK(probe_hear(&p, &e));
    return p;
}

static void test_answers(void)
{
    const struct probe plain = { .term = "xterm-256color", .colors = 256 };
    const struct probe vte = { .term = "xterm-256color", .colors = 256, .colorterm = "truecolor" };
    static const char *const kept[] = { "48:2::1:2:3m", "48:2:1:2:3m", "0;48;2;1;2;3m",
                                        "48:2:0:1:2:3m" };
    int wrong = 0;
    for (size_t i = 0; i < 4; i++)
        wrong += !mode_is(answered(plain, EVENT_COLOR, kept[i]), TERM_24BIT, "it answered");
    CHECK(wrong == 0);
    CHECK(mode_is(answered(vte, EVENT_COLOR, "48;5;16m"), TERM_256, "it answered"));
    CHECK(mode_is(answered(plain, EVENT_COLOR, "0m"), TERM_256, "TERM"));
    CHECK(mode_is(answered(plain, EVENT_VERSION, "tmux 3.3a"), TERM_24BIT, "tmux"));
    struct probe p = answered(plain, EVENT_COLOR, kept[0]);
    CHECK(mode_is(answered(p, EVENT_VERSION, "XTerm(379)"), TERM_24BIT, "XTerm(379)"));
    CHECK(answered(plain, EVENT_FENCE, "").done);
    CHECK(!probe_hear(&p, &(struct event){ .kind = EVENT_KEY }));
}

static void test_questions(void)
{
    const struct probe xterm = { .term = "xterm-256color", .colors = 256 };
    struct probe p = xterm;
    CHECK(probe_questions(&p) != NULL);
    p.no_color = "1";
    CHECK(!probe_questions(&p));
    p = xterm;
    p.asked = TERM_256;
    CHECK(!probe_questions(&p));
    p = (struct probe){ .term = "screen", .colors = 256 };
    CHECK(!probe_questions(&p)); /* GNU screen hands them on */
    p.tmux = true;
    CHECK(probe_questions(&p) != NULL);
    p = (struct probe){ .term = "linux", .colors = 8 };
    CHECK(!probe_questions(&p));
}

/* ---- 16 and 8 colours ---- */

static int channel(uint32_t rgb, int shift)
{
    return (int)(rgb >> shift & 255);
}

/* How far the mean of an even grey field is from the grey, at most: dithered by place,
 * or, for comparison, every pixel the same. */
static int worst_grey(enum term_color mode, bool by_place)
{
    int worst = 0;
    for (uint32_t v = 0; v <= 255; v += 5) {
        int sum = 0;
        for (int i = 0; i < 16; i++) {
            uint32_t entry = theme_pixel(mode, v * 0x010101, by_place ? i % 4 : 1,
                                         by_place ? i / 4 : 0);
            uint32_t rgb = theme_basic_rgb((int)entry);
            sum += channel(rgb, 16) + channel(rgb, 8) + channel(rgb, 0);
        }
        int off = abs(sum / 48 - (int)v);
        worst = off > worst ? off : worst;
    }
    return worst;
}

static void test_few_colors(void)
{
    int entries = 0;
    for (uint32_t rgb = 0; rgb < 0x1000000; rgb += 0x3517)
        entries += theme_pixel(TERM_8, rgb, (int)(rgb % 4), 1) > 7 ||
                   theme_pixel(TERM_16, rgb, (int)(rgb % 4), 1) > 15;
    CHECK(entries == 0);
    CHECK(theme_pixel(TERM_24BIT, 0x123456, 3, 4) == 0x123456);
    CHECK(theme_pixel(TERM_8, 0, 0, 0) == 0 && theme_pixel(TERM_8, 0xffffff, 0, 0) == 7);
    printf("# grey off by at most: 16 colours %d, flat %d; 8 colours %d, flat %d\n",
           worst_grey(TERM_16, true), worst_grey(TERM_16, false), worst_grey(TERM_8, true),
           worst_grey(TERM_8, false));
    CHECK(worst_grey(TERM_16, true) < 30 && worst_grey(TERM_16, false) > 40);
    CHECK(worst_grey(TERM_8, true) < 45 && worst_grey(TERM_8, false) > 80);
}

int main(void)
{
    test_cases();
    test_awaiting();
    test_long_string();
    test_plain_bytes();
    test_noise();
    test_decide();
    test_answers();
    test_questions();
    test_few_colors();
    return check_done();
}
