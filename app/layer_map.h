#pragma once

#include "family.h"
#include "scan.h"

/* A model as a table: a row for each layer, a column for each kind of matrix that layers have. Read off the
 * names (family.h). UI thread only. */

struct model;

/* What stands in the cells. */
struct map_key {
    const char *name, *title; /* "rank-90", "rank for 90 %" */
    enum scan_column column;
    bool side; /* a rank: its colour is its share of the matrix's shorter side */
};
extern const struct map_key map_keys[]; /* ends with {0} */

/* A cell may hold several matrices: experts, or towers of one model. */
struct map_cell {
    uint32_t entry; /* the first of them, in the document */
    uint32_t n;     /* 0: there is none */
};

struct layer_map {
    bool begun;
    int first, layers; /* the layers are first .. first + layers - 1 */
    enum module column[MODULE_COUNT];
    size_t columns;
    struct map_cell *cells; /* owned; layers x columns */
    uint32_t *cell_of;      /* owned; of every entry: 1 + its cell; 0: it is in none */
    size_t n;               /* entries */
    int key;                /* of map_keys */
};

void layer_map_begin(struct model *m); /* of what is open, unless that was done */
void layer_map_forget(struct model *m);

/* The cell that the tree's matrix lies in. false: in none. */
bool layer_map_at(const struct model *m, int *layer, size_t *column);
/* Goes so many rows or columns on, over cells without a matrix; the tree follows. */
void layer_map_move(struct model *m, int down, int right);

/* To the first matrix of a cell, numbered row by row. */
void layer_map_go(struct model *m, size_t cell);

/* The mean of what was found about the matrices of a cell; NAN: nothing yet. *share: between 0 and 1, for
 * its colour. */
double layer_map_value(const struct model *m, int layer, size_t column, double *share);
