#pragma once

/* Zero-concentrated differential privacy (Bun, Steinke 2016) of the same noise, which other libraries
 * count in and a discrete Gaussian needs: rho = mu^2 / 2. Pure; any thread. */

double zcdp_rho(double mu);
/* The least epsilon at delta that follows from rho: the infimum over alpha > 1 of
 *   alpha rho + ln(1 - 1/alpha) - ln(alpha delta) / (alpha - 1)
 * (Canonne, Kamath, Steinke 2020, Proposition 7); any alpha is a bound, so never too small. */
double zcdp_epsilon(double rho, double delta);
double zcdp_simple_epsilon(double rho, double delta); /* rho + 2 sqrt(rho ln(1/delta)) */
/* The largest rho that keeps (epsilon, delta) by either; never too large. */
double zcdp_rho_for(double epsilon, double delta);
double zcdp_simple_rho_for(double epsilon, double delta);
