#include "dataset.h"

#include "limit.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Controls, blanks but the space, joiners, directions, fillers, variation selectors, tags: Unicode 15, the
 * categories Cc, Zs, Zl, Zp, Cf and the property Default_Ignorable_Code_Point; and surrogates. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    { 0, 0x1f },          { 0x7f, 0xa0 },       { 0xad, 0xad },       { 0x34f, 0x34f },
    { 0x600, 0x605 },     { 0x61c, 0x61c },     { 0x6dd, 0x6dd },     { 0x70f, 0x70f },
    { 0x890, 0x891 },     { 0x8e2, 0x8e2 },     { 0x115f, 0x1160 },   { 0x1680, 0x1680 },
    { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },   { 0x2000, 0x200f },   { 0x2028, 0x202f },
    { 0x205f, 0x206f },   { 0x2800, 0x2800 },   { 0x3000, 0x3000 },   { 0x3164, 0x3164 },
    { 0xd800, 0xdfff },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },
    { 0xfff0, 0xfffb },   { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
    { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

/* One character of UTF-8, the shortest way of it; 0: none. */
static size_t decode(const unsigned char *s, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
    *out = n == 1 ? *s : n ? *s & (0x7fu >> n) : 0;
    for (size_t i = 1; i < n; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        *out = *out << 6 | (s[i] & 0x3f);
    }
    return n && *out >= least[n] && *out < 0x110000 ? n : 0;
}

static bool seen(uint32_t c)
{
    for (size_t i = 0; i < sizeof(unseen) / sizeof(*unseen); i++)
        if (c >= unseen[i].first && c <= unseen[i].last)
            return false;
    return true;
}

bool dataset_check(const char *name, struct error *err)
{
    size_t n = name ? strlen(name) : 0, length;
    if (n == 0)
        return fail(err, ERROR_USAGE, "the dataset needs a name, under which the ledger counts");
    if (n >= NAME_TEXT)
        return fail(err, ERROR_USAGE, "a dataset's name has at most %d bytes", NAME_TEXT - 1);
    if (name[0] == ' ' || name[n - 1] == ' ' || strstr(name, "  "))
        return fail(err, ERROR_USAGE,
                    "a dataset's name has no blank at its ends, and single ones within");
    for (size_t i = 0; i < n; i += length) {
        uint32_t c;
        length = decode((const unsigned char *)name + i, &c);
        if (!length || !seen(c))
            return fail(err, ERROR_USAGE,
                        "a dataset's name is UTF-8 that can be seen: byte %zu of it is not", i + 1);
    }
    return true;
}
