/* Rounding, a chunk at a time: Saha, Srivastava, Pilanci, NeurIPS 2023, section 2. */

#include "coding_chunk.h"

#include "cancel.h"
#include "random.h"

#include <float.h>

bool chunk_next(struct chunk *k, size_t rows, size_t cols)
{
    k->col += k->n;
    if (k->col >= cols) {
        k->row += k->n != 0;
        k->col = 0;
        if (cancel_asked())
            return false;
    }
    k->n = cols - k->col < CHUNK ? cols - k->col : CHUNK;
    return k->row < rows && cols;
}

void chunk_load(struct chunk *k, struct matrix_view a)
{
    size_t first = k->row * a.row_stride + k->col * a.col_stride;
    if (a.dtype == DTYPE_F64) {
        const double *p = (const double *)a.data + first;
        for (size_t i = 0; i < k->n; i++)
            k->value[i] = p[i * a.col_stride];
    } else {
        const float *p = (const float *)a.data + first;
        for (size_t i = 0; i < k->n; i++)
            k->value[i] = (double)p[i * a.col_stride];
    }
}

/* An end of a range rounded outwards may lie beyond the largest float: no infinities. */
void chunk_store(const struct chunk *k, struct matrix_view a)
{
    size_t first = k->row * a.row_stride + k->col * a.col_stride;
    if (a.dtype == DTYPE_F64) {
        double *p = (double *)a.data + first;
        for (size_t i = 0; i < k->n; i++)
            p[i * a.col_stride] = k->value[i];
    } else {
        float *p = (float *)a.data + first;
        const double most = (double)FLT_MAX;
        for (size_t i = 0; i < k->n; i++) {
            double v = k->value[i] > most ? most : k->value[i];
            p[i * a.col_stride] = (float)(v < -most ? -most : v);
        }
    }
}

size_t chunk_place(const struct coding_table *t, const struct chunk *k, size_t *stride)
{
    const struct coding_grid *g = &t->grid;
    *stride = g->across == 1;
    return k->row / g->down * g->cols + k->col / g->across;
}

void chunk_ranges(const struct coding_table *t, struct chunk *k)
{
    size_t stride, first = chunk_place(t, k, &stride);
    for (size_t i = 0; i < k->n; i++) {
        k->low[i] = t->low[first + i * stride];
        k->high[i] = t->high[first + i * stride];
    }
}

/* What is added before rounding down: one half, or a draw that belongs to the entry,
 * whatever the order they are coded in. */
void chunk_draw(const struct coding *c, struct chunk *k, size_t cols)
{
    uint64_t first = (uint64_t)k->row * cols + k->col;
    struct philox p = { 0 };
    for (size_t i = 0; i < k->n; i++) {
        uint64_t e = first + i, block = e / 4;
        if (c->rounding == ROUNDING_NEAREST) {
            k->draw[i] = 0.5;
            continue;
        }
        if (i == 0 || e % 4 == 0)
            p = philox_block(c->seed, (uint32_t)block, (uint32_t)(block >> 32), c->stream, c->part);
        k->draw[i] = (double)random_unit(p.word[e % 4]);
    }
}

/* t = (x - low) / (high - low) last lies in [0, last] unless x is clipped; t + u passes last by
 * up to one where x = high. */
static void round_equidistant(const struct coding_levels *l, struct chunk *k)
{
    const double last = l->last;
    for (size_t i = 0; i < k->n; i++) {
        double width = k->high[i] - k->low[i];
        double t = (k->value[i] - k->low[i]) / (width > 0 ? width : 1) * last + k->draw[i];
        t = t < last ? t : last;
        k->code[i] = (uint32_t)(int32_t)(t > 0 ? t : 0);
    }
}

static uint32_t round_tabulated(const struct coding_levels *l, double y, double u)
{
    uint32_t below = 0, above = l->last; /* level below <= y < level above, or y lies outside */
    while (above - below > 1) {
        uint32_t middle = below + (above - below) / 2;
        if (l->at[middle] <= y)
            below = middle;
        else
            above = middle;
    }
    double t = (y - l->at[below]) / (l->at[above] - l->at[below]);
    return t + u >= 1 ? above : below;
}

void chunk_round(const struct coding_levels *l, struct chunk *k)
{
    if (!l->at) {
        round_equidistant(l, k);
        return;
    }
    for (size_t i = 0; i < k->n; i++) {
        double width = k->high[i] - k->low[i];
        double y = width > 0 ? 2 * ((k->value[i] - k->low[i]) / width) - 1 : -1;
        k->code[i] = round_tabulated(l, y, k->draw[i]);
    }
}

void chunk_values(const struct coding_levels *l, struct chunk *k)
{
    const double last = l->last;
    for (size_t i = 0; i < k->n && !l->at; i++) {
        double v = k->low[i] + k->code[i] / last * (k->high[i] - k->low[i]);
        k->value[i] = k->code[i] == l->last || v > k->high[i] ? k->high[i] : v;
    }
    for (size_t i = 0; i < k->n && l->at; i++) {
        double y = l->at[k->code[i]];
        double v = k->low[i] + 0.5 * (y + 1) * (k->high[i] - k->low[i]);
        k->value[i] = y >= 1 ? k->high[i] : v;
    }
}
