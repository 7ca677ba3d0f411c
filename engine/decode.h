#pragma once

#include "confine.h"

/* JPEG, BMP and TGA through stb_image: work for behind the fence, and for nowhere else. Debian's
 * stb_image is of 2022, and its known holes are not mended. */

enum { DECODE_REASON = 64, DECODE_OK = 0, DECODE_REFUSED = 1 };

/* The beginning of the room: what is wanted, and what became of it. */
struct decode {
    uint32_t want;                    /* channels, 1 to 4 */
    uint32_t width, height, channels; /* of the pixels; channels before they became `want` */
    uint64_t offset;                  /* in the room, of height * width * want bytes */
    char reason[DECODE_REASON];       /* stb_image's, of a refusal */
};

/* Room for a picture: its pixels as the file has them, as they are wanted, and `more` bytes for
 * the decoder's tables and planes. */
uint64_t decode_room(uint64_t pixels, uint64_t more);

extern const struct confined decode_works[]; /* [0] decodes; ended by {0} */
