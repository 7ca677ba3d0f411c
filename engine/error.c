#include "error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The length of the valid UTF-8 sequence at s that shows as text; 0: escape its first byte. */
static size_t printable(const unsigned char *s)
{
    if (s[0] >= 0x20 && s[0] < 0x7f)
        return 1;
    size_t n = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    if (!n)
        return 0;
    uint32_t rune = s[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        rune = rune << 6 | (s[i] & 0x3f);
    }
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (rune < least[n] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000) ||
        (rune >= 0x80 && rune < 0xa0)) /* C1 controls reach some terminals */
        return 0;
    return n;
}

void error_escape(const char *raw, char *out, size_t size)
{
    const unsigned char *s = (const unsigned char *)raw;
    size_t at = 0;
    while (*s) {
        size_t n = printable(s);
        size_t need = n ? n : 4;
        if (at + need >= size)
            break;
        if (n)
            memcpy(out + at, s, n);
        else
            snprintf(out + at, 5, "\\x%02x", *s);
        at += need;
        s += n ? n : 1;
    }
    out[at] = '\0';
}

bool fail(struct error *err, enum error_code code, const char *format, ...)
{
    char raw[ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    err->code = code;
    error_escape(raw, err->text, sizeof(err->text));
    return false;
}

int error_exit(enum error_code code)
{
    static const int status[] = {
        [ERROR_NONE] = 0,    [ERROR_USAGE] = 2,       [ERROR_READ] = 3,   [ERROR_FORMAT] = 3,
        [ERROR_WRITE] = 4,   [ERROR_LIMIT] = 5,       [ERROR_MEMORY] = 1, [ERROR_DEVICE] = 1,
        [ERROR_NUMERIC] = 1, [ERROR_CANCELLED] = 130,
    };
    return status[code];
}
