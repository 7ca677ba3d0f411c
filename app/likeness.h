#pragma once

#include "approximate.h"
#include "document.h"

/* How close a reconstructed picture is to what was read, at full size, in the
 * colours one sees: dB and mean structural similarity (quality.h), all planes
 * together. s is a picture; a holds its approximation. Any thread. */
bool likeness_measure(const struct selection *s, const struct matrix *originals,
                      const struct approximation *a, double *psnr, double *ssim, struct error *err);
