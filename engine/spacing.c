#include "spacing.h"

#include "perturbation.h"

#include <math.h>

#define PI 3.14159265358979323846

double spacing_surmise(enum field field, double x)
{
    if (field == FIELD_REAL)
        return -expm1(-PI * x * x / 4);
    return erf(2 * x / sqrt(PI)) - 4 * x / PI * exp(-4 * x * x / PI);
}

double spacing_surmise_density(enum field field, double x)
{
    if (field == FIELD_REAL)
        return PI / 2 * x * exp(-PI * x * x / 4);
    return 32 / (PI * PI) * x * x * exp(-4 * x * x / PI);
}

double spacing_small(enum field field, double x)
{
    return field == FIELD_REAL ? PI * PI / 12 * x * x : PI * PI / 9 * x * x * x;
}

double spacing_centre(enum field field, double deviation, size_t d)
{
    return PI * sqrt(perturbation_variance(field, deviation) / (double)d);
}

double spacing_small_centre(enum field field, double deviation, size_t d, double x)
{
    return spacing_small(field, x / spacing_centre(field, deviation, d));
}
