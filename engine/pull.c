#include "pull.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "memory.h"

enum { WINDOW = 1 << 16, DEPTH = 64, DIGITS = 24, NOTHING = -1 };

static bool PRINTF_LIKE(3, 4) refuse(struct pull *p, uint64_t at, const char *format, ...)
{
    char reason[ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    if (!p->bad)
        source_fail(p->source, at, p->err, ERROR_FORMAT, "%s: %s", p->what, reason);
    p->bad = true;
    return false;
}

bool pull_open(struct pull *p, const struct source *s, uint64_t from, uint64_t end,
               const char *what, struct error *err)
{
    uint64_t room = end - from < WINDOW ? end - from : WINDOW;
    *p = (struct pull){ .source = s, .err = err, .what = what, .at = from, .end = end };
    p->window = memory_alloc((size_t)room, err);
    return p->window;
}

void pull_close(struct pull *p)
{
    memory_free(p->window);
    p->window = NULL;
}

static int look(struct pull *p)
{
    if (p->bad || p->at >= p->end)
        return NOTHING;
    if (p->at < p->from || p->at - p->from >= p->held) {
        uint64_t n = p->end - p->at < WINDOW ? p->end - p->at : WINDOW;
        p->held = 0;
        if (!source_read(p->source, p->at, p->window, (size_t)n, p->err)) {
            p->bad = true;
            return NOTHING;
        }
        p->from = p->at;
        p->held = n;
    }
    return p->window[p->at - p->from];
}

static int take(struct pull *p)
{
    int c = look(p);
    p->at += c != NOTHING;
    return c;
}

static int look_past_blanks(struct pull *p)
{
    int c = look(p);
    while (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        p->at++;
        c = look(p);
    }
    return c;
}

enum pull_kind pull_next(struct pull *p)
{
    static const struct {
        char first;
        enum pull_kind kind;
    } kinds[] = { { '{', PULL_OBJECT }, { '[', PULL_ARRAY }, { '"', PULL_TEXT },
                  { '-', PULL_NUMBER }, { 't', PULL_TRUE },  { 'f', PULL_FALSE },
                  { 'n', PULL_NULL } };
    int c = look_past_blanks(p);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (c == kinds[i].first)
            return kinds[i].kind;
    if (c >= '0' && c <= '9')
        return PULL_NUMBER;
    refuse(p, p->at, c == NOTHING ? "ends where a value should be" : "a value expected");
    return PULL_NONE;
}

static bool enter(struct pull *p, enum pull_kind kind)
{
    if (pull_next(p) != kind)
        return false;
    p->at++;
    p->first = true;
    return true;
}

bool pull_object(struct pull *p)
{
    return enter(p, PULL_OBJECT);
}

bool pull_array(struct pull *p)
{
    return enter(p, PULL_ARRAY);
}

/* Steps over the comma in front of what follows; false where the object or array ends. */
static bool another(struct pull *p, char close)
{
    int c = look_past_blanks(p);
    bool first = p->first;
    p->first = false;
    if (c == close) {
        p->at++;
        return false;
    }
    if (first)
        return !p->bad;
    if (c != ',')
        return refuse(p, p->at, c == NOTHING ? "ends too early" : "',' or '%c' expected", close);
    p->at++;
    return true;
}

bool pull_item(struct pull *p)
{
    return another(p, ']');
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : NOTHING;
}

static uint32_t four_digits(struct pull *p)
{
    uint32_t rune = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(look(p));
        if (digit == NOTHING) {
            refuse(p, p->at, "four hexadecimal digits expected");
            return 0;
        }
        p->at++;
        rune = rune << 4 | (uint32_t)digit;
    }
    return rune;
}

/* Behind a backslash. */
static uint32_t escaped(struct pull *p)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint64_t at = p->at - 1;
    int c = take(p);
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (letter)
        return (uint32_t)meant[letter - letters];
    if (c != 'u') {
        refuse(p, at, "an unknown escape");
        return 0;
    }
    uint32_t rune = four_digits(p);
    if (rune >= 0xd800 && rune < 0xdc00 && take(p) == '\\' && take(p) == 'u') {
        uint32_t low = four_digits(p);
        rune = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((rune - 0xd800) << 10) + low - 0xdc00
                                             : 0xd800;
    }
    if (!rune || (rune >= 0xd800 && rune < 0xe000))
        refuse(p, at, rune ? "half of a surrogate pair" : "a NUL in a string");
    return rune;
}

/* A character outside of ASCII whose first byte was c. */
static uint32_t utf8_rest(struct pull *p, int c)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint64_t at = p->at - 1;
    int n = c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    uint32_t rune = n ? (uint32_t)c & (0xffu >> (n + 1)) : 0;
    for (int i = 1; i < n; i++) {
        int next = look(p);
        if (next == NOTHING || (next & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        p->at++;
        rune = rune << 6 | ((uint32_t)next & 0x3f);
    }
    if (!n || rune < least[n] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
        refuse(p, at, "invalid UTF-8");
    return rune;
}

static size_t put_rune(uint32_t rune, char *to)
{
    size_t n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; rune >>= 6)
        to[i] = (char)(0x80 | (rune & 0x3f));
    to[0] = (char)(n == 1 ? rune : (0xf00u >> n & 0xf0) | rune);
    return n;
}

static bool scan_text(struct pull *p, char *out, size_t size, size_t *length)
{
    size_t put = 0, n = 0;
    uint64_t at = p->at;
    int c;
    p->at++; /* the quote */
    while ((c = take(p)) != '"' && !p->bad) {
        char bytes[4] = { (char)c };
        if (c == NOTHING)
            return refuse(p, at, "a string without an end");
        if (c < 0x20)
            return refuse(p, p->at - 1, "a control character in a string");
        uint32_t rune = c == '\\' ? escaped(p) : c < 0x80 ? (uint32_t)c : utf8_rest(p, c);
        size_t width = put_rune(rune, bytes);
        if (put == n && put + width < size) {
            memcpy(out + put, bytes, width);
            put += width;
        }
        n += width;
    }
    if (size)
        out[put] = '\0';
    *length = n;
    return !p->bad;
}

bool pull_text(struct pull *p, char *out, size_t size, size_t *length)
{
    return pull_next(p) == PULL_TEXT && scan_text(p, out, size, length);
}

char *pull_text_whole(struct pull *p)
{
    size_t n;
    if (pull_next(p) != PULL_TEXT)
        return NULL;
    uint64_t at = p->at;
    if (!scan_text(p, NULL, 0, &n))
        return NULL;
    char *text = memory_alloc(n + 1, p->err);
    p->at = at;
    p->bad = !text || !scan_text(p, text, n + 1, &n);
    if (p->bad) {
        memory_free(text);
        return NULL;
    }
    return text;
}

bool pull_key(struct pull *p, char *out, size_t size, size_t *length)
{
    if (!another(p, '}'))
        return false;
    if (look_past_blanks(p) != '"')
        return refuse(p, p->at, "a key expected");
    if (!scan_text(p, out, size, length))
        return false;
    if (look_past_blanks(p) != ':')
        return refuse(p, p->at, "':' expected");
    p->at++;
    return true;
}

struct digits {
    char *out;
    size_t size, n;
};

static void keep(struct pull *p, struct digits *d)
{
    int c = take(p);
    if (d->n + 1 < d->size)
        d->out[d->n++] = (char)c;
}

static bool run_of_digits(struct pull *p, struct digits *d)
{
    int c = look(p);
    if (c < '0' || c > '9')
        return refuse(p, p->at, "a digit expected");
    for (; c >= '0' && c <= '9'; c = look(p))
        keep(p, d);
    return true;
}

bool pull_number(struct pull *p, char *out, size_t size, bool *whole)
{
    struct digits d = { out, size, 0 };
    if (pull_next(p) != PULL_NUMBER)
        return false;
    *whole = look(p) != '-';
    if (!*whole)
        keep(p, &d);
    bool zero = look(p) == '0';
    if (zero)
        keep(p, &d);
    bool ok = zero || run_of_digits(p, &d);
    if (ok && look(p) == '.') {
        keep(p, &d);
        *whole = false;
        ok = run_of_digits(p, &d);
    }
    if (ok && (look(p) == 'e' || look(p) == 'E')) {
        keep(p, &d);
        *whole = false;
        if (look(p) == '+' || look(p) == '-')
            keep(p, &d);
        ok = run_of_digits(p, &d);
    }
    out[d.n] = '\0';
    return ok && !p->bad;
}

bool pull_count(struct pull *p, uint64_t *out)
{
    char digits[DIGITS];
    bool whole, fits = true;
    uint64_t at = p->at;
    if (!pull_number(p, digits, sizeof(digits), &whole) || !whole)
        return false;
    *out = 0;
    for (const char *c = digits; *c && fits; c++)
        fits = size_mul(*out, 10, out) && size_add(*out, (uint64_t)(*c - '0'), out);
    return fits || refuse(p, at, "a number beyond 64 bits");
}

static bool skip_word(struct pull *p, const char *word)
{
    uint64_t at = p->at;
    for (; *word; word++)
        if (take(p) != *word)
            return refuse(p, at, "a value expected");
    return true;
}

static bool skip_plain(struct pull *p, enum pull_kind kind)
{
    static const char *const words[] = {
        [PULL_TRUE] = "true", [PULL_FALSE] = "false", [PULL_NULL] = "null"
    };
    char digits[DIGITS];
    size_t length;
    bool whole;
    if (kind == PULL_TEXT)
        return scan_text(p, NULL, 0, &length);
    return kind == PULL_NUMBER ? pull_number(p, digits, sizeof(digits), &whole)
                               : skip_word(p, words[kind]);
}

bool pull_skip(struct pull *p)
{
    uint64_t objects = 0; /* a bit for each one we are in: an object, not an array */
    size_t depth = 0, length;
    do {
        enum pull_kind kind = pull_next(p);
        if (kind == PULL_OBJECT || kind == PULL_ARRAY) {
            if (depth++ == DEPTH)
                return refuse(p, p->at, "nested deeper than %d", DEPTH);
            objects = objects << 1 | (kind == PULL_OBJECT);
            enter(p, kind);
        } else if (kind == PULL_NONE || !skip_plain(p, kind)) {
            return false;
        }
        while (depth && !(objects & 1 ? pull_key(p, NULL, 0, &length) : pull_item(p)) && !p->bad) {
            depth--;
            objects >>= 1;
        }
    } while (depth && !p->bad);
    return !p->bad;
}

bool pull_size(struct pull *p, size_t *out)
{
    enum pull_kind kind = pull_next(p);
    uint64_t at = p->at;
    size_t n = 0, length;
    bool first = p->first;
    if ((kind != PULL_OBJECT && kind != PULL_ARRAY) || !enter(p, kind))
        return false;
    while (kind == PULL_OBJECT ? pull_key(p, NULL, 0, &length) : pull_item(p)) {
        n++;
        if (!pull_skip(p))
            return false;
    }
    *out = n;
    p->at = at;
    p->first = first;
    return !p->bad;
}

bool pull_end(struct pull *p)
{
    return look_past_blanks(p) == NOTHING ? !p->bad : refuse(p, p->at, "something follows its end");
}
