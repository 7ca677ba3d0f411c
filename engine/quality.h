#pragma once

#include "matrix.h"

/* How close two pictures in [0, 1] are; the approximation is clamped to [0, 1]
 * first, as an exported file would be. F32 or F64, equal shapes; n planes together. */

/* -10 log10(mean squared error), dB, peak 1; INFINITY when equal. */
double quality_psnr(const struct matrix_view *a, const struct matrix_view *b, size_t n);

/* Mean structural similarity (Wang et al. 2004): Gaussian window 11x11, sigma 1.5,
 * K1 = .01, K2 = .03, valid positions only, mean over planes. NAN below 11 pixels a side. */
bool quality_ssim(const struct matrix_view *a, const struct matrix_view *b, size_t n, double *ssim,
                  struct error *err);
