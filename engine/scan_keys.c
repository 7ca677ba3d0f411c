/* The columns of a scan, and rows in their order. */
#include "scan.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT .count = true
#define DOWN  .descending = true

const struct scan_key scan_keys[] = {
    { "rows", "rows", "Rows.", SCAN_ROWS, COUNT, DOWN },
    { "cols", "cols", "Columns.", SCAN_COLS, COUNT, DOWN },
    { "bytes", "bytes", "Bytes in the file, unpacked.", SCAN_BYTES, COUNT, DOWN },
    { "norm", "norm", "Frobenius norm.", SCAN_NORM, DOWN },
    { "sigma", "sigma1", "Largest singular value.", SCAN_SIGMA, DOWN },
    { "stable-rank", "stable", "||A||_F^2 / sigma_1^2.", SCAN_STABLE_RANK },
    { "effective-rank", "effective", "exp of the entropy of sigma.", SCAN_EFFECTIVE_RANK },
    { "rank90", "r90", "Rank that keeps 90 % of the energy.", SCAN_RANK_90, COUNT },
    { "rank99", "r99", "Rank that keeps 99 % of the energy.", SCAN_RANK_99, COUNT },
    { "share90", "r90/n", "rank90 over the full rank.", SCAN_SHARE_90 },
    { "alpha", "alpha", "Exponent of the power law of sigma^2.", SCAN_ALPHA },
    { "xmin", "xmin", "Where the power law begins.", SCAN_XMIN },
    { "ks", "KS", "Distance of the power law from the spectrum.", SCAN_KS },
    { "noise", "noise", "Marchenko-Pastur noise of an entry, by the spectrum.", SCAN_NOISE, DOWN },
    { "noise-edge", "edge", "Upper edge of that noise.", SCAN_NOISE_EDGE, DOWN },
    { "above-noise", "above", "Singular values above that edge.", SCAN_NOISE_ABOVE, COUNT, DOWN },
    { "rounding-edge", "rounding", "Edge of the noise that the source's rounding added.",
      SCAN_ROUNDING_EDGE, DOWN },
    { "below-rounding", "below", "Singular values under that edge.", SCAN_ROUNDING_BELOW, COUNT,
      DOWN },
    { "min", "min", "Smallest entry.", SCAN_MIN },
    { "max", "max", "Largest entry.", SCAN_MAX, DOWN },
    { "mean", "mean", "Mean of the entries.", SCAN_MEAN, DOWN },
    { "deviation", "deviation", "Standard deviation of the entries.", SCAN_DEVIATION, DOWN },
    { "kurtosis", "kurtosis", "Of the entries; 3 is normal.", SCAN_KURTOSIS, DOWN },
    { "zeros", "zeros", "Entries that are zero.", SCAN_ZEROS, COUNT, DOWN },
    { "outliers", "outliers", "Entries beyond six deviations.", SCAN_OUTLIERS, COUNT, DOWN },
    { "nonfinite", "nonfinite", "NaN and infinities.", SCAN_NONFINITE, COUNT, DOWN },
    { "q8-rounding", "Q8_0", "Error of rounding to Q8_0.", SCAN_Q8_ROUNDING, DOWN },
    { "q8-rank", "rank", "Rank at the bytes of Q8_0.", SCAN_Q8_RANK, COUNT, DOWN },
    { "q8-low-rank", "low rank", "Error of that rank.", SCAN_Q8_LOW_RANK },
    { "q4-rounding", "Q4_0", "Error of rounding to Q4_0.", SCAN_Q4_ROUNDING, DOWN },
    { "q4-rank", "rank", "Rank at the bytes of Q4_0.", SCAN_Q4_RANK, COUNT, DOWN },
    { "q4-low-rank", "low rank", "Error of that rank.", SCAN_Q4_LOW_RANK },
    { "own-rounding", "own", "Error that the rounding of the source left, by its steps.",
      SCAN_OWN_ROUNDING, DOWN },
    { "own-rank", "rank", "Rank at the bytes in the file.", SCAN_OWN_RANK, COUNT, DOWN },
    { "own-low-rank", "low rank", "Error of that rank.", SCAN_OWN_LOW_RANK },
    { "gain", "gain",
      "Error of rounding over that of low rank at the same bytes, above 1 low rank is better: of a "
      "source in blocks its own rounding and bytes, of any other those of Q4_0. No error counts as "
      "less than 0.05 %.",
      SCAN_GAIN, DOWN },
    { 0 },
};

const struct scan_key *scan_key(const char *key)
{
    for (const struct scan_key *k = scan_keys; k->key; k++)
        if (!strcmp(k->key, key))
            return k;
    return NULL;
}

/* Numbers within names by their value. */
static int compare_names(const char *a, const char *b)
{
    while (*a && *b) {
        if (!isdigit((unsigned char)*a) || !isdigit((unsigned char)*b)) {
            if (*a != *b)
                return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            a++, b++;
            continue;
        }
        a += strspn(a, "0");
        b += strspn(b, "0");
        size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
        int order = n != m ? (n < m ? -1 : 1) : strncmp(a, b, n);
        if (order)
            return order;
        a += n;
        b += m;
    }
    return (*a != 0) - (*b != 0);
}

struct ordering {
    const struct document *document;
    const struct scan_row *rows;
    const struct scan_key *key;
    bool reverse;
};

static double value_of(const struct ordering *o, size_t i)
{
    return o->rows[i].why[0] && o->key->column > SCAN_BYTES ? (double)NAN
                                                            : o->rows[i].values[o->key->column];
}

static int compare(const void *left, const void *right, void *context)
{
    const struct ordering *o = context;
    size_t i = *(const size_t *)left, j = *(const size_t *)right;
    int order = 0;
    if (o->key) {
        double a = value_of(o, i), b = value_of(o, j);
        if (isnan(a) != isnan(b))
            return isnan(a) ? 1 : -1;
        order = (a > b) - (a < b);
        order = o->key->descending != o->reverse ? -order : order;
    } else {
        order = compare_names(o->document->entries[i].name, o->document->entries[j].name);
        order = o->reverse ? -order : order;
    }
    return order ? order : (i > j) - (i < j);
}

void scan_order(const struct document *d, const struct scan_row *rows, const struct scan_key *key,
                bool reverse, size_t *order)
{
    struct ordering o = { d, rows, key, reverse };
    for (size_t i = 0; i < d->n; i++)
        order[i] = i;
    if (d->n)
        qsort_r(order, d->n, sizeof(*order), compare, &o);
}
