#include "grammar.h"

#include <string.h>

/* What one step through a line finds. */
enum token { TOKEN_TEXT, TOKEN_BLANK, TOKEN_BREAK, TOKEN_END, TOKEN_OPEN };

struct scan {
    const char *line;
    size_t i, quote; /* the next byte; where the quote began, if quoted */
    bool quoted, inside;
    char c; /* of TOKEN_TEXT */
    size_t at;
};

static enum token plain(struct scan *s, char c)
{
    if (c == '#' && !s->inside) {
        s->i += strcspn(s->line + s->i, "\n");
        return TOKEN_BLANK;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
        s->inside = false;
        return TOKEN_BLANK;
    }
    if (c == ';' || c == '\n') {
        s->inside = false;
        return TOKEN_BREAK;
    }
    s->inside = true;
    s->c = c;
    return TOKEN_TEXT;
}

/* The next character that means something; TOKEN_OPEN: a quote or a backslash at `at`
 * has nothing after it. */
static enum token step(struct scan *s)
{
    while (s->line[s->i] == '"') {
        s->quote = s->i++;
        s->quoted = !s->quoted;
        s->inside = true;
    }
    s->at = s->i;
    char c = s->line[s->i];
    if (!c) {
        s->at = s->quoted ? s->quote : s->i;
        return s->quoted ? TOKEN_OPEN : TOKEN_END;
    }
    s->i++;
    if (c == '\\') {
        if (!s->line[s->i])
            return TOKEN_OPEN;
        s->c = s->line[s->i++];
    } else if (!s->quoted) {
        return plain(s, c);
    } else {
        s->c = c;
    }
    s->inside = true;
    return TOKEN_TEXT;
}

static void add(struct grammar_command *c, size_t *n, char byte, size_t at)
{
    c->text[*n] = byte;
    c->origin[*n] = (unsigned short)at;
    *n += 1;
}

bool grammar_next(const char *line, size_t *from, struct grammar_command *out, size_t *at,
                  struct error *err)
{
    struct scan s = { .line = line, .i = *from };
    size_t n = 0, kept = 0; /* kept: without the blanks that end it */
    bool named = false;     /* the name has ended */
    enum token t;
    while ((t = step(&s)) == TOKEN_TEXT || t == TOKEN_BLANK) {
        if (n + 3 >= GRAMMAR_TEXT || s.at > 0xFFFF) {
            *at = s.at;
            return fail(err, ERROR_USAGE, "a command has at most %d bytes", GRAMMAR_TEXT - 3);
        }
        if (t == TOKEN_TEXT) {
            add(out, &n, s.c, s.at);
            kept = n;
        } else if (kept > 0 && !named) {
            named = true;
            add(out, &n, 0, s.at);
            kept = n;
        } else if (named && n > 0 && out->text[n - 1]) {
            add(out, &n, ' ', s.at);
        }
    }
    *at = s.at;
    if (t == TOKEN_OPEN)
        return fail(err, ERROR_USAGE,
                    line[s.at] == '"' ? "this quote is not closed"
                                      : "nothing comes after the backslash");
    n = kept;
    if (!named)
        add(out, &n, 0, s.at);
    add(out, &n, 0, s.at);
    out->name = out->text;
    out->arguments = out->text + strlen(out->text) + 1;
    *from = s.i;
    return true;
}

bool grammar_word(const char *line, size_t at, struct grammar_word *out)
{
    struct scan s = { .line = line };
    size_t n = 0;
    bool first = true, fresh = true;
    *out = (struct grammar_word){ 0 };
    while (s.i < at) {
        size_t before = s.i;
        enum token t = step(&s);
        if (t == TOKEN_END || t == TOKEN_OPEN || s.i > at)
            break;
        if (t == TOKEN_TEXT) {
            if (fresh)
                out->start = before;
            if (n + 1 >= sizeof(out->text))
                return false;
            out->text[n++] = s.c;
            fresh = false;
            continue;
        }
        if (t == TOKEN_BLANK && first && n > 0 && n < sizeof(out->name)) {
            memcpy(out->name, out->text, n);
            first = false;
        }
        if (t == TOKEN_BREAK) {
            memset(out->name, 0, sizeof(out->name));
            first = true;
        }
        n = 0;
        fresh = true;
        memset(out->text, 0, sizeof(out->text));
    }
    if (fresh)
        out->start = at;
    return true;
}

bool grammar_quote(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        bool special = strchr(" ;\"\\", *c) || (*c == '#' && c == text);
        if ((unsigned char)*c < ' ' || *c == 127 || n + 3 >= size)
            return false;
        if (special)
            out[n++] = '\\';
        out[n++] = *c;
    }
    if (!*text && size > 2) {
        out[n++] = '"';
        out[n++] = '"';
    }
    out[n] = 0;
    return size > 2;
}
