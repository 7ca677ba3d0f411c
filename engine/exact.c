#include "exact.h"

#include <assert.h>

enum { TILE = 64 }; /* columns: 32 KiB of sums stay in the nearest cache */

bool exact_fits(const int32_t *rows, size_t n, size_t d, struct error *err)
{
    for (size_t first = 0; first < d; first += TILE) {
        size_t width = d - first < TILE ? d - first : TILE;
        uint64_t sum[TILE] = { 0 }; /* a square is at most 2^62: nothing wraps before it is seen */
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < width; j++) {
                int64_t x = rows[i * d + first + j];
                sum[j] += (uint64_t)(x * x);
                if (sum[j] > INT64_MAX)
                    return fail(err, ERROR_LIMIT,
                                "the squares of column %zu add up to more than 63 bits hold; "
                                "use a coarser grid",
                                first + j + 1);
            }
    }
    return true;
}

/* Columns of one tile against those of another. */
static void add_tile(const int32_t *rows, size_t n, size_t d, size_t a, size_t b, int64_t *out)
{
    size_t a_end = a + TILE < d ? a + TILE : d, b_end = b + TILE < d ? b + TILE : d;
    for (size_t i = 0; i < n; i++) {
        const int32_t *row = rows + i * d;
        for (size_t j = a; j < a_end; j++) {
            int64_t x = row[j], *sums = out + j * d;
            for (size_t k = b; k < b_end; k++)
                sums[k] += x * row[k];
        }
    }
}

void exact_gram(const int32_t *rows, size_t n, size_t d, int64_t *out)
{
    for (size_t i = 0; i < d * d; i++)
        out[i] = 0;
    for (size_t a = 0; a < d; a += TILE)
        for (size_t b = 0; b <= a; b += TILE)
            add_tile(rows, n, d, a, b, out);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++)
            out[j * d + i] = out[i * d + j];
}
