#include "layer_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"

const struct map_key map_keys[] = {
    { "rank-90", "rank for 90 % of the energy", SCAN_RANK_90, true },
    { "stable-rank", "stable rank", SCAN_STABLE_RANK, true },
    { "effective-rank", "effective rank", SCAN_EFFECTIVE_RANK, true },
    { "above-noise", "values above the noise edge", SCAN_NOISE_ABOVE, true },
    { "alpha", "exponent of the power law", SCAN_ALPHA, false },
    { "sigma", "largest singular value", SCAN_SIGMA, false },
    { 0 },
};

/* In the order in which a layer computes. */
static const enum module order[] = { MODULE_Q,    MODULE_K,     MODULE_V,       MODULE_QKV,
                                     MODULE_O,    MODULE_GATE,  MODULE_GATE_UP, MODULE_UP,
                                     MODULE_DOWN, MODULE_ROUTER };

static bool has_cell(const struct role *r)
{
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (order[i] == r->module)
            return r->layer >= 0;
    return false;
}

/* Which layers and columns there are. */
static void measure(const struct document *d, struct layer_map *map)
{
    bool there[MODULE_COUNT] = { 0 };
    int last = -1;
    map->first = 0;
    for (size_t i = 0; i < d->n; i++) {
        struct role r = family_role(d->entries[i].name);
        if (!has_cell(&r) || r.layer >= (int)d->n) /* a number that no model has layers up to */
            continue;
        there[r.module] = true;
        map->first = last < 0 || r.layer < map->first ? r.layer : map->first;
        last = r.layer > last ? r.layer : last;
    }
    map->layers = last < 0 ? 0 : last - map->first + 1;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (there[order[i]])
            map->column[map->columns++] = order[i];
}

static void fill(const struct document *d, struct layer_map *map)
{
    for (size_t i = 0; i < d->n; i++) {
        struct role r = family_role(d->entries[i].name);
        int layer = r.layer - map->first;
        for (size_t c = 0; c < map->columns && layer >= 0 && layer < map->layers; c++) {
            size_t at = (size_t)layer * map->columns + c;
            if (map->column[c] != r.module)
                continue;
            if (map->cells[at].n++ == 0)
                map->cells[at].entry = (uint32_t)i;
            map->cell_of[i] = (uint32_t)at + 1;
        }
    }
}

void layer_map_begin(struct model *m)
{
    struct layer_map *map = &m->layers;
    struct error err;
    if (map->begun || !m->document)
        return;
    map->begun = true;
    map->n = m->document->n;
    measure(m->document, map);
    size_t cells = (size_t)map->layers * map->columns;
    map->cells = memory_alloc(cells * sizeof(*map->cells), &err);
    map->cell_of = map->cells ? memory_alloc(map->n * sizeof(*map->cell_of), &err) : NULL;
    if (map->cell_of) {
        fill(m->document, map);
        return;
    }
    model_say(m, true, "%s", err.text);
    map->layers = 0;
}

void layer_map_forget(struct model *m)
{
    struct layer_map *map = &m->layers;
    memory_free(map->cells);
    memory_free(map->cell_of);
    *map = (struct layer_map){ .key = map->key };
}

static struct map_cell cell(const struct layer_map *map, int layer, size_t column)
{
    return map->cells[(size_t)layer * map->columns + column];
}

bool layer_map_at(const struct model *m, int *layer, size_t *column)
{
    const struct layer_map *map = &m->layers;
    const struct entry *e = browse_entry(m);
    size_t i = e ? (size_t)(e - m->document->entries) : map->n;
    if (i >= map->n || !map->layers || !map->cell_of[i])
        return false;
    *layer = (int)((map->cell_of[i] - 1) / map->columns);
    *column = (map->cell_of[i] - 1) % map->columns;
    return true;
}

/* The next cell that holds a matrix in one direction. */
static bool step(const struct layer_map *map, int down, int right, int *layer, int *column)
{
    int y = *layer + down, x = *column + right;
    while (y >= 0 && y < map->layers && x >= 0 && x < (int)map->columns) {
        if (cell(map, y, (size_t)x).n) {
            *layer = y;
            *column = x;
            return true;
        }
        y += down;
        x += right;
    }
    return false;
}

void layer_map_move(struct model *m, int down, int right)
{
    const struct layer_map *map = &m->layers;
    int y = 0, x = 0, steps = abs(down) + abs(right);
    size_t column = 0;
    layer_map_begin(m);
    if (!map->layers)
        return;
    bool inside = layer_map_at(m, &y, &column);
    x = (int)column;
    if (!inside && !cell(map, y, column).n)
        inside = step(map, 0, 1, &y, &x);
    for (int i = 0; inside && i < steps; i++)
        inside = step(map, (down > 0) - (down < 0), (right > 0) - (right < 0), &y, &x);
    browse_find(m, m->document->entries[cell(map, y, (size_t)x).entry].name);
}

void layer_map_go(struct model *m, size_t cell)
{
    const struct layer_map *map = &m->layers;
    if (cell < (size_t)map->layers * map->columns && map->cells[cell].n)
        browse_find(m, m->document->entries[map->cells[cell].entry].name);
}

double layer_map_value(const struct model *m, int layer, size_t column, double *share)
{
    const struct layer_map *map = &m->layers;
    const struct map_key *key = &map_keys[map->key];
    double sum = 0, shares = 0;
    size_t found = 0, n = cell(map, layer, column).n;
    for (size_t i = cell(map, layer, column).entry; n > 0 && i < map->n; i++) {
        const struct scan_row *row = scanning_row(m, i);
        if (map->cell_of[i] != (size_t)layer * map->columns + column + 1)
            continue;
        n--;
        if (!row || !row->done || isnan(row->values[key->column]))
            continue;
        const struct entry *e = &m->document->entries[i]; /* a row need not know its shape */
        double side = (double)(e->rows < e->cols ? e->rows : e->cols);
        sum += row->values[key->column];
        shares += row->values[key->column] / side;
        found++;
    }
    *share = found ? shares / (double)found : (double)NAN;
    return found ? sum / (double)found : (double)NAN;
}
