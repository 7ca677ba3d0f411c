#include "typing.h"

#include <string.h>

static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

static size_t before(const char *line, size_t at)
{
    if (at > 0)
        at--;
    while (at > 0 && continues(line[at]))
        at--;
    return at;
}

static size_t after(const char *line, size_t at)
{
    if (line[at])
        at++;
    while (continues(line[at]))
        at++;
    return at;
}

static void cut(char *line, size_t from, size_t to)
{
    memmove(line + from, line + to, strlen(line + to) + 1);
}

static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xFF) | c); /* as many leading ones as there are bytes */
    return n;
}

static void insert(char *line, size_t size, size_t *at, uint32_t c)
{
    char bytes[4];
    size_t n = encode(c, bytes), length = strlen(line);
    if (length + n >= size)
        return;
    memmove(line + *at + n, line + *at, length - *at + 1);
    memcpy(line + *at, bytes, n);
    *at += n;
}

struct typed {
    char *line;
    size_t at;
};

static void to_left(struct typed *t)
{
    t->at = before(t->line, t->at);
}

static void to_right(struct typed *t)
{
    t->at = after(t->line, t->at);
}

static void to_start(struct typed *t)
{
    t->at = 0;
}

static void to_end(struct typed *t)
{
    t->at = strlen(t->line);
}

static void rub_out(struct typed *t)
{
    size_t from = before(t->line, t->at);
    cut(t->line, from, t->at);
    t->at = from;
}

static void delete (struct typed *t)
{
    cut(t->line, t->at, after(t->line, t->at));
}

static void clear(struct typed *t)
{
    t->line[0] = 0;
    t->at = 0;
}

/* clang-format off */
static const struct {
    const char *key;
    void (*run)(struct typed *t);
} keys[] = {
    { "Left", to_left }, { "Right", to_right },
    { "Home", to_start }, { "C-a", to_start }, { "End", to_end }, { "C-e", to_end },
    { "Backspace", rub_out }, { "Delete", delete }, { "C-u", clear },
};
/* clang-format on */

bool typing_key(char *line, size_t size, size_t *at, const char *key, uint32_t text)
{
    if (text >= ' ' && text != 0x7F) {
        insert(line, size, at, text);
        return true;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].key, key) != 0)
            continue;
        struct typed t = { .line = line, .at = *at };
        keys[i].run(&t);
        *at = t.at;
        return true;
    }
    return false;
}

static uint32_t decode(const char *s, size_t n)
{
    uint32_t c = (unsigned char)s[0];
    if (n > 1)
        c &= 0x7Fu >> n;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3Fu);
    return c;
}

bool typing_text(const char *key, uint32_t *text)
{
    size_t n = after(key, 0);
    *text = 0;
    if (!*key || (unsigned char)key[0] < ' ' || strchr(key, ' ') || n > 4)
        return false;
    if (!key[n])
        *text = decode(key, n);
    else if (!strcmp(key, "Space"))
        *text = ' ';
    return true;
}
