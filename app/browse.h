#pragma once

#include "scan.h"

/* The tensors of a file as a list that folds: what the weights view shows of the document, which tensor
 * is looked at, which are marked. Built from names alone; no matrix is read. UI thread only. */

struct model;

enum { BROWSE_FILTER = 64 };

/* A matrix of the document, or one of its other tensors. */
struct browse_leaf {
    uint32_t at; /* in its entries, or its others */
    bool other, marked;
    bool shown; /* the filter leaves it */
};

/* Tensors that begin alike, as far as the first number: "blk.0". */
struct browse_folder {
    uint32_t first, n; /* of the leaves */
    uint32_t length;   /* of what they begin with, bytes, without the dot behind it */
    uint32_t shown;    /* how many of them the filter leaves */
    bool open;
};

struct browse_row {
    uint32_t index; /* of a leaf, or of a folder */
    bool folder, inside;
};

/* The panes of the weights view. */
enum browse_pane {
    BROWSE_TREE,
    BROWSE_SPECTRUM,
    BROWSE_HISTOGRAM,
    BROWSE_HEAT,
    BROWSE_RANKS,
    BROWSE_FACTS,
    BROWSE_PANES
};

/* What stands beside the tree: of the weights view's pages. */
enum { BROWSE_PAGE_TENSOR, BROWSE_PAGE_ABOUT, BROWSE_PAGE_LAYERS, BROWSE_PAGE_WITH };

struct browse {
    struct browse_leaf *leaves; /* owned; by name, numbers in it as numbers */
    struct browse_folder *folders;
    struct browse_row *rows; /* those that are shown */
    size_t n, n_folders, n_rows;
    size_t at;                  /* the row one is on */
    size_t shown, marked;       /* leaves */
    char filter[BROWSE_FILTER]; /* words that all have to be in a name or type; "": all tensors */
    const struct scan_key *key; /* what it is sorted by, in one list; NULL: by name, in folders */
    bool reversed;              /* the other way round than is usual for the key */
    enum browse_pane focus;
    size_t page;             /* what the right side shows: of the view's own table */
    size_t about;            /* the first line of the file's metadata that is shown */
    enum browse_pane beside; /* of the right side's panes, the one that had the focus last */
    bool log_count;          /* the histogram counts on a logarithmic scale */
    bool peaks;              /* the heat map shows the greatest entry of a block, not the mean */
    int shape_width, dtype_width; /* of the widest, cells */
};

void browse_open(struct model *m); /* of the document that is open now */
void browse_forget(struct model *m);
void browse_update(struct model *m); /* after filter, key or what one sorts by have changed */

const char *browse_name(const struct model *m, const struct browse_leaf *leaf);
const char *browse_dtype(const struct model *m, const struct browse_leaf *leaf);
uint64_t browse_bytes(const struct model *m, const struct browse_leaf *leaf);
void browse_shape(const struct model *m, const struct browse_leaf *leaf, char *out, size_t size);

const struct browse_row *browse_row(const struct model *m); /* NULL: there is none */
struct browse_leaf *browse_leaf(const struct model *m);     /* NULL: a folder, or nothing */
const struct entry *browse_entry(const struct model *m);    /* the matrix; NULL: there is none */
const struct browse_folder *browse_folder(const struct model *m); /* NULL: a tensor, or nothing */
bool browse_find(struct model *m, const char *name); /* goes there, opening its folder */

void browse_move(struct model *m, int by);
void browse_fold(struct model *m, bool open); /* the folder one is on, or in */
void browse_fold_all(struct model *m, bool open);
void browse_mark(struct model *m); /* the tensor, or all of a folder, and back */
void browse_unmark(struct model *m);
/* The marked matrices, "NAME,NAME", in the list's order. false: they do not fit. */
bool browse_marked(const struct model *m, char *out, size_t size);
/* "name", or a key of scan.h. Fails with ERROR_USAGE. */
bool browse_sort(struct model *m, const char *key, struct error *err);
void browse_sort_next(struct model *m); /* by the next of those that are asked for most */
/* Of a column of the scan; NAN: not known. */
double browse_value(const struct model *m, const struct browse_leaf *leaf, enum scan_column column);
