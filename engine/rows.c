#include "rows.h"

#include <math.h>

static uint64_t squares(const int32_t *row, size_t d)
{
    uint64_t sum = 0;
    for (size_t j = 0; j < d; j++)
        sum += (uint64_t)((int64_t)row[j] * row[j]);
    return sum;
}

bool rows_fit(const int32_t *row, size_t d, unsigned bits)
{
    return squares(row, d) <= (uint64_t)1 << 2 * bits;
}

static double entry(struct matrix_view from, size_t i, size_t j, const struct row_rule *rule)
{
    return matrix_at(from, i, j) - (rule->centre ? rule->centre[j] : 0);
}

/* The largest magnitude of a row; infinite where an entry is not finite. */
static double largest(struct matrix_view from, size_t i, const struct row_rule *rule)
{
    double most = 0;
    for (size_t j = 0; j < from.cols; j++) {
        double x = fabs(entry(from, i, j, rule));
        most = isfinite(x) ? fmax(most, x) : HUGE_VAL;
    }
    return most;
}

/* Of the entries over the largest, so that 1e300 and denormals have a norm, too. */
static double scaled_norm(struct matrix_view from, size_t i, double most,
                          const struct row_rule *rule)
{
    double sum = 0;
    for (size_t j = 0; j < from.cols; j++) {
        double x = entry(from, i, j, rule) / most;
        sum += x * x;
    }
    return sqrt(sum);
}

/* Rounding may have left it too long. Each turn brings every entry that is not 0 nearer to 0. */
static void shorten(int32_t *row, size_t d, unsigned bits)
{
    while (!rows_fit(row, d, bits)) {
        double scale = ldexp(1, (int)bits) / sqrt((double)squares(row, d));
        for (size_t j = 0; j < d; j++) {
            int32_t x = (int32_t)(row[j] * scale);
            row[j] = x == row[j] && x ? (x > 0 ? x - 1 : x + 1) : x;
        }
    }
}

static void quantise_row(struct matrix_view from, size_t i, const struct row_rule *rule,
                         int32_t *out)
{
    double most = largest(from, i, rule);
    bool zero = most == 0 || !isfinite(most);
    double norm = zero ? 0 : scaled_norm(from, i, most, rule);
    bool longer = norm * most > rule->clip; /* an infinite product is */
    double unit = longer ? most : rule->clip, step = ldexp(longer ? 1 / norm : 1, (int)rule->bits);
    for (size_t j = 0; j < from.cols; j++)
        out[j] = zero ? 0 : (int32_t)(entry(from, i, j, rule) / unit * step);
    shorten(out, from.cols, rule->bits);
}

void rows_quantise(struct matrix_view from, const struct row_rule *rule, int32_t *out)
{
    for (size_t i = 0; i < from.rows; i++)
        quantise_row(from, i, rule, out + i * from.cols);
}
