#include "term_keys.h"

#include <curses.h>
#include <stdio.h>
#include <wchar.h>

static bool name_code(int code, char *name, int size)
{
    static const struct {
        int code;
        const char *name;
    } keys[] = {
        { KEY_UP, "Up" },       { KEY_DOWN, "Down" },  { KEY_LEFT, "Left" },
        { KEY_RIGHT, "Right" }, { KEY_HOME, "Home" },  { KEY_END, "End" },
        { KEY_PPAGE, "PgUp" },  { KEY_NPAGE, "PgDn" }, { KEY_BACKSPACE, "Backspace" },
        { KEY_DC, "Delete" },   { KEY_IC, "Insert" },  { KEY_ENTER, "Enter" },
        { KEY_BTAB, "S-Tab" },
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].code == code)
            return snprintf(name, (size_t)size, "%s", keys[i].name) > 0;
    if (code > KEY_F0 && code <= KEY_F(12))
        return snprintf(name, (size_t)size, "F%d", code - KEY_F0) > 0;
    return false;
}

static void name_character(uint32_t c, char *name, int size)
{
    static const struct {
        uint32_t c;
        const char *name;
    } keys[] = { { '\r', "Enter" },    { '\n', "Enter" },  { '\t', "Tab" }, { 27, "Esc" },
                 { 127, "Backspace" }, { 8, "Backspace" }, { ' ', "Space" } };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].c == c) {
            snprintf(name, (size_t)size, "%s", keys[i].name);
            return;
        }
    if (c < 32)
        snprintf(name, (size_t)size, "C-%c", (char)(c == 0 ? '@' : c > 26 ? c + 64 : c + 96));
    else
        snprintf(name, (size_t)size, "%lc", (wint_t)c);
}

bool term_keys_name(bool code, uint32_t c, char *name, int size, uint32_t *text)
{
    *text = 0;
    if (code)
        return name_code((int)c, name, size);
    name_character(c, name, size);
    if (c >= ' ' && c != 127)
        *text = c;
    return true;
}
