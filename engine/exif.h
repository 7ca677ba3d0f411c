#pragma once

#include <stddef.h>
#include <stdint.h>

/* The orientation (1..8) that the EXIF block of a PNG or a JPEG asks for: tag 0x0112 of the
 * first directory of its TIFF header (EXIF 2.32, 4.6.4). 1 where there is none that makes
 * sense. Reads n bytes and none beside them. Any thread. */
int exif_orientation(const uint8_t *exif, size_t n);
