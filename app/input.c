#include "input.h"

#include <stdio.h>
#include <string.h>

enum { ESC = 27, STRING_MOST = 1024 };

void input_feed(struct input *in, const void *bytes, size_t n)
{
    size_t room = INPUT_ROOM - in->n;
    n = n < room ? n : room;
    memcpy(in->bytes + in->n, bytes, n);
    in->n += n;
}

static void drop(struct input *in, size_t n)
{
    n = n < in->n ? n : in->n;
    memmove(in->bytes, in->bytes + n, in->n - n);
    in->n -= n;
}

static void key(struct event *out, const char *modifiers, const char *name)
{
    out->kind = EVENT_KEY;
    snprintf(out->name, sizeof(out->name), "%s%s", modifiers, name);
}

/* What a parser of one kind of sequence made of the bytes. */
struct taken {
    size_t n;      /* bytes it took; 0: there are too few */
    bool an_event; /* else they mean nothing here */
};

static const struct taken too_few = { 0, false };

/* ---- characters ---- */

static bool name_control(unsigned char c, struct event *out)
{
    static const struct {
        unsigned char c;
        const char *name;
    } keys[] = { { '\r', "Enter" }, { '\n', "Enter" },    { '\t', "Tab" },
                 { ESC, "Esc" },    { 127, "Backspace" }, { 8, "Backspace" } };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].c == c) {
            key(out, "", keys[i].name);
            return true;
        }
    if (c >= 32)
        return false;
    char name[] = { (char)(c == 0 ? '@' : c > 26 ? c + 64 : c + 96), 0 };
    key(out, "C-", name);
    return true;
}

/* Shorter than it was written, half a pair, or more than Unicode has. */
static bool is_rune(uint32_t rune, size_t more)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    return rune >= least[more] && rune <= 0x10ffff && (rune < 0xd800 || rune >= 0xe000);
}

static size_t more_bytes(unsigned char first)
{
    return first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
}

static struct taken take_character(const struct input *in, bool late, struct event *out)
{
    const unsigned char *s = in->bytes;
    size_t more = more_bytes(s[0]);
    uint32_t rune = more ? s[0] & (0x3fu >> more) : s[0];
    if (name_control(s[0], out))
        return (struct taken){ 1, true };
    if (s[0] >= 128 && (!in->utf8 || more == 0))
        return (struct taken){ 1, false };
    for (size_t i = 1; i <= more; i++) {
        if (i >= in->n)
            return late ? (struct taken){ i, false } : too_few;
        if ((s[i] & 0xc0) != 0x80)
            return (struct taken){ i, false };
        rune = rune << 6 | (s[i] & 0x3fu);
    }
    if (!is_rune(rune, more))
        return (struct taken){ more + 1, false };
    key(out, "", "Space");
    if (rune != ' ')
        snprintf(out->name, sizeof(out->name), "%.*s", (int)more + 1, (const char *)s);
    out->text = rune;
    return (struct taken){ more + 1, true };
}

/* ---- control sequences ---- */

enum { NUMBERS = 4 };

/* "<0;12;5" -> the mark and the numbers; what is missing is 0. */
static char read_numbers(const unsigned char *s, size_t n, int out[NUMBERS])
{
    char mark = (char)(n && s[0] >= '<' && s[0] <= '?' ? s[0] : 0);
    int at = 0;
    for (size_t i = mark != 0; i < n && at < NUMBERS; i++) {
        if (s[i] >= '0' && s[i] <= '9')
            out[at] = out[at] < 100000 ? 10 * out[at] + s[i] - '0' : out[at];
        else if (s[i] == ';')
            at++;
    }
    return mark;
}

/* Bits of the button number: 1, 2 which; 4 Shift, 16 Ctrl, 32 moved, 64 the wheel. */
static bool take_mouse(int bits, int x, int y, bool release, struct event *out)
{
    struct mouse m = { .x = x - 1, .y = y - 1, .shift = bits & 4, .control = bits & 16 };
    m.button = bits & 64 ? 0 : (bits & 3) + 1;
    m.kind = release ? MOUSE_RELEASE : bits & 32 ? MOUSE_DRAG : MOUSE_PRESS;
    if (bits & 64)
        m.kind = bits & 1 ? MOUSE_DOWN : MOUSE_UP;
    if ((bits & 64 && (bits & 2 || release)) || m.button > 3 || x < 1 || y < 1)
        return false; /* wheels to the side, the pointer without a button */
    out->kind = EVENT_MOUSE;
    out->mouse = m;
    return true;
}

static const char *modifiers(int number)
{
    static const char *const names[] = { "", "S-", "", "S-", "C-", "C-S-", "C-", "C-S-" };
    return number >= 1 && number <= 8 ? names[number - 1] : "";
}

static bool name_final(unsigned char final, int modifier, struct event *out)
{
    static const struct {
        char final;
        const char *name;
    } keys[] = { { 'A', "Up" },   { 'B', "Down" }, { 'C', "Right" }, { 'D', "Left" },
                 { 'H', "Home" }, { 'F', "End" },  { 'M', "Enter" }, { 'P', "F1" },
                 { 'Q', "F2" },   { 'R', "F3" },   { 'S', "F4" } };
    if (final == 'Z')
        key(out, "S-", "Tab");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].final == (char) final)
            key(out, modifiers(modifier), keys[i].name);
    return out->name[0];
}

static bool name_number(int number, int modifier, struct event *out)
{
    static const char *const names[] = {
        [1] = "Home", [2] = "Insert", [3] = "Delete", [4] = "End",  [5] = "PgUp",
        [6] = "PgDn", [7] = "Home",   [8] = "End",    [11] = "F1",  [12] = "F2",
        [13] = "F3",  [14] = "F4",    [15] = "F5",    [17] = "F6",  [18] = "F7",
        [19] = "F8",  [20] = "F9",    [21] = "F10",   [23] = "F11", [24] = "F12",
    };
    if (number < 0 || (size_t)number >= sizeof(names) / sizeof(names[0]) || !names[number])
        return false;
    key(out, modifiers(modifier), names[number]);
    return true;
}

static bool understand(struct input *in, const unsigned char *s, size_t n, unsigned char final,
                       struct event *out)
{
    int v[NUMBERS] = { 0 };
    char mark = read_numbers(s, n, v);
    if (mark == '<' && (final == 'M' || final == 'm'))
        return take_mouse(v[0], v[1], v[2], final == 'm', out);
    if (mark == '?' && final == 'c') {
        out->kind = EVENT_FENCE;
        return true;
    }
    if (mark)
        return false;
    if (final == '~' && (v[0] == 200 || v[0] == 201)) {
        in->pasting = v[0] == 200;
        return false;
    }
    if (final == '~')
        return name_number(v[0], v[1], out);
    return v[0] <= 1 && name_final(final, v[1], out); /* else a report: "12;40R" */
}

/* The mouse of terminals that know no 1006. */
static struct taken take_old_mouse(const struct input *in, bool late, struct event *out)
{
    const unsigned char *s = in->bytes;
    if (in->n < 6)
        return late ? (struct taken){ in->n, false } : too_few;
    bool release = (s[3] & 3) == 3 && !(s[3] & 64);
    return (
        struct taken){ 6, take_mouse(release ? 0 : s[3] - 32, s[4] - 32, s[5] - 32, release, out) };
}

static struct taken take_control(struct input *in, bool late, struct event *out)
{
    const unsigned char *s = in->bytes;
    size_t n = 2;
    if (n < in->n && s[n] == '[') /* F1 to F5 of the Linux console */
        return in->n > 3 ? (struct taken){ 4, s[3] >= 'A' && s[3] <= 'E' &&
                                                  name_number(s[3] - 'A' + 11, 0, out) }
               : late    ? (struct taken){ in->n, false }
                         : too_few;
    while (n < in->n && s[n] >= 0x20 && s[n] <= 0x3f)
        n++;
    if (n == in->n && late && n == 2 && !in->awaiting) { /* Esc and a bracket, by hand */
        key(out, "", "Esc");
        return (struct taken){ 1, true };
    }
    if (n == in->n)
        return late || n > STRING_MOST ? (struct taken){ n, false } : too_few;
    if (s[n] < 0x40 || s[n] > 0x7e)
        return (struct taken){ n, false };
    if (s[n] == 'M' && n == 2)
        return take_old_mouse(in, late, out);
    return (struct taken){ n + 1, understand(in, s + 2, n - 2, s[n], out) };
}

/* ---- strings ---- */

static bool answer(const unsigned char *s, size_t n, struct event *out)
{
    static const struct {
        const char *start;
        enum event_kind kind;
    } known[] = { { "1$r", EVENT_COLOR }, { ">|", EVENT_VERSION } };
    for (size_t i = 0; i < 2; i++) {
        size_t skip = strlen(known[i].start);
        if (n < skip || memcmp(s, known[i].start, skip) != 0)
            continue;
        out->kind = known[i].kind;
        snprintf(out->answer, sizeof(out->answer), "%.*s", (int)(n - skip), (const char *)s + skip);
        for (char *c = out->answer; *c; c++)
            *c = (char)(*c < ' ' || *c > '~' ? '?' : *c);
        return true;
    }
    return false;
}

/* From `from`: where the string ends and how long its end is; in->n: it goes on. */
static size_t find_end(const struct input *in, size_t from, size_t *length)
{
    for (size_t i = from; i < in->n; i++) {
        bool escape = in->bytes[i] == ESC && i + 1 < in->n;
        *length = escape ? 2 : 1;
        if (in->bytes[i] == 7 || in->bytes[i] == 0x18 || in->bytes[i] == 0x1a)
            return i; /* BEL; CAN and SUB break it off */
        if (escape && in->bytes[i + 1] != '\\')
            *length = 0; /* another sequence begins */
        if (escape)
            return i;
    }
    return in->n;
}

static struct taken take_string(struct input *in, bool late, struct event *out)
{
    size_t length, end = find_end(in, 2, &length);
    if (end < in->n)
        return (struct taken){ end + length, in->bytes[1] == 'P' && length == 2 &&
                                                 answer(in->bytes + 2, end - 2, out) };
    if (late && in->n == 2 && !in->awaiting) { /* Esc and a letter, by hand */
        key(out, "", "Esc");
        return (struct taken){ 1, true };
    }
    if (late)
        return (struct taken){ in->n, false };
    in->skipping = in->n > STRING_MOST;
    return in->skipping ? (struct taken){ in->n, false } : too_few;
}

static struct taken take_escape(struct input *in, bool late, struct event *out)
{
    unsigned char second = in->n > 1 ? in->bytes[1] : 0;
    if (in->n == 1 && !late)
        return too_few;
    if (in->n > 1 && second == '[')
        return take_control(in, late, out);
    if (in->n > 1 && strchr("P]_^X", second) && second)
        return take_string(in, late, out);
    if (second == 'O' && in->n == 2 && !late)
        return too_few;
    if (second == 'O' && in->n > 2 && name_final(in->bytes[2], 0, out))
        return (struct taken){ 3, true };
    key(out, "", "Esc"); /* alone, or before a character: two keys */
    return (struct taken){ 1, true };
}

/* The rest of a string too long: everything up to its end. false: it goes on. */
static bool skip(struct input *in)
{
    size_t length = 0, end = find_end(in, 0, &length);
    in->skipping = end == in->n;
    if (in->skipping)
        end -= in->n && in->bytes[in->n - 1] == ESC; /* perhaps half of its end */
    drop(in, end + (in->skipping ? 0 : length));
    return !in->skipping;
}

enum input_result input_next(struct input *in, bool late, struct event *out)
{
    if (in->skipping && late)
        in->skipping = false;
    while (in->n > 0) {
        if (in->skipping && !skip(in))
            return INPUT_NONE;
        if (in->n == 0)
            break;
        *out = (struct event){ .pasted = in->pasting };
        struct taken t = in->bytes[0] == ESC ? take_escape(in, late, out)
                                             : take_character(in, late, out);
        if (t.n == 0)
            return INPUT_MORE;
        out->pasted = in->pasting && out->kind == EVENT_KEY;
        drop(in, t.n);
        if (t.an_event)
            return INPUT_EVENT;
    }
    return INPUT_NONE;
}
