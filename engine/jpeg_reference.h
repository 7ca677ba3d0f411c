#pragma once

#include "raster.h"

/* A picture as JPEG within so many bytes: what one would use if low rank were no choice. */
struct jpeg_fit {
    int quality;    /* 1 to 100 as libjpeg counts; 0: not even the first fits */
    uint64_t bytes; /* of the whole file; quality 0: of the smallest there is */
};

/* The best quality whose file takes at most `bytes`: progressive, its own Huffman tables; colours
 * at half the resolution if `halved`. *out, which the caller finishes, is the picture as it decodes; {0}
 * where nothing fits. r: 1 or 3 channels of 8 bits. Fails with ERROR_MEMORY, ERROR_LIMIT (a side above
 * 65500) or ERROR_NUMERIC (libjpeg's sentence). */
bool jpeg_reference(const struct raster *r, uint64_t bytes, bool halved, struct raster *out,
                    struct jpeg_fit *fit, struct error *err);
