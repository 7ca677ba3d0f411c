/* With c the smaller side over the larger, the squared singular values over the larger side lie as
 * 1 + c + 2 sqrt(c) cos(phi) with the density 2/pi sin^2(phi) / (1 + c + 2 sqrt(c) cos(phi)) of phi
 * in 0..pi (Marchenko, Pastur 1967, its edges taken to 0 and pi). The largest up to phi hold the
 * share (phi - sin(phi) cos(phi)) / pi of the energy; their number is integrated by Simpson's rule. */

#include "quarter_circle.h"

#include <math.h>

enum { STEPS = 256, HALVINGS = 60 };

static double density(double phi, double c)
{
    double below = 1 + c + 2 * sqrt(c) * cos(phi), sine = sin(phi);
    if (below < 1e-12) /* c = 1 at pi: sin^2 / (2 + 2 cos) = sin^2(phi / 2) */
        return 2 / M_PI;
    return 2 / M_PI * sine * sine / below;
}

/* How many of all lie up to phi. */
static double share(double phi, double c)
{
    double h = phi / STEPS, sum = density(0, c) + density(phi, c);
    for (int i = 1; i < STEPS; i++)
        sum += (i % 2 ? 4 : 2) * density(i * h, c);
    return sum * h / 3;
}

double quarter_circle_tail(size_t rows, size_t cols, size_t k)
{
    double smaller = (double)(rows < cols ? rows : cols);
    double c = smaller / (double)(rows < cols ? cols : rows), low = 0, high = M_PI;
    if ((double)k >= smaller)
        return 0;
    for (int i = 0; i < HALVINGS && k > 0; i++) {
        double middle = (low + high) / 2;
        if (share(middle, c) < (double)k / smaller)
            low = middle;
        else
            high = middle;
    }
    return 1 - (low - sin(low) * cos(low)) / M_PI;
}
