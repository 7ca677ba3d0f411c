#pragma once

#include "ensemble.h"

/* Laws of the gaps between neighbouring eigenvalues of Gaussian noise, real (beta = 1) and complex
 * (beta = 2). Simulated matters: no guarantee rests on them. Pure; any thread. */

/* Wigner's surmise, of spacings over their mean: exact for 2 x 2, within .0065 (real) and .0019 (complex) of
 * large matrices. x >= 0. Distribution: 1 - exp(-pi x^2 / 4); erf(2 x / sqrt pi) -
 * (4 x / pi) exp(-4 x^2 / pi). */
double spacing_surmise(enum field field, double x);
double spacing_surmise_density(enum field field, double x);

/* P(gap <= x mean gap) to its lowest order in x: pi^2 x^2 / 12 real, pi^2 x^3 / 9 complex
 * (sine process; Mehta, Random Matrices). Inside a spectrum, x up to .2 or so. */
double spacing_small(enum field field, double x);

/* The mean gap of E at the centre of its spectrum: pi / sqrt(d) times sqrt v, v = s^2 real,
 * 2 s^2 complex; d large. */
double spacing_centre(enum field field, double deviation, size_t d);
/* P(gap <= x) there, spacing_small of it: for the noise G + G^* of the paper (s = sqrt 2) and
 * x = t / sqrt d that is t^2 / 24 real, t^3 / (72 pi) complex. MV23, Lemma 4, has the power beta + 1 without
 * the constant. */
double spacing_small_centre(enum field field, double deviation, size_t d, double x);
