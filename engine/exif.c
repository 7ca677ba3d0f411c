#include "exif.h"

#include "bytes.h"

int exif_orientation(const uint8_t *exif, size_t n)
{
    struct bytes b = { exif, exif + n, false };
    uint16_t order = bytes_u16be(&b);
    bool big = order == 0x4d4d;
    uint16_t (*u16)(struct bytes *) = big ? bytes_u16be : bytes_u16le;
    uint32_t (*u32)(struct bytes *) = big ? bytes_u32be : bytes_u32le;
    if ((!big && order != 0x4949) || u16(&b) != 42)
        return 1;
    uint32_t directory = u32(&b);
    if (b.bad || directory > n)
        return 1;
    b.at = exif + directory;
    for (unsigned left = u16(&b); left && !b.bad; left--) {
        uint16_t tag = u16(&b), type = u16(&b);
        uint32_t count = u32(&b);
        uint16_t value = u16(&b);
        bytes_take(&b, 2);
        if (tag == 0x0112 && type == 3 && count == 1 && !b.bad)
            return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}
