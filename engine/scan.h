#pragma once

#include "anatomy.h"

/* A whole model, matrix by matrix: one row of numbers each, kept in a file as they come, so that a
 * scan that was stopped goes on where it was. One thread at a time; rows may be copied to others. */

/* What a row says. Those up to SCAN_BYTES are there before the matrix was looked at. */
enum scan_column {
    SCAN_ROWS,
    SCAN_COLS,
    SCAN_BYTES, /* document_bytes */
    SCAN_NORM,
    SCAN_SIGMA, /* the largest singular value */
    SCAN_STABLE_RANK,
    SCAN_EFFECTIVE_RANK,
    SCAN_RANK_90, /* of the energy */
    SCAN_RANK_99,
    SCAN_SHARE_90, /* rank for 90 % over the full rank */
    SCAN_ALPHA,    /* of the power law */
    SCAN_XMIN,
    SCAN_KS,
    SCAN_NOISE,         /* Marchenko-Pastur, by the spectrum itself */
    SCAN_NOISE_EDGE,    /* its edge */
    SCAN_NOISE_ABOVE,   /* values above it */
    SCAN_ROUNDING_EDGE, /* of the source's own rounding; NAN: none */
    SCAN_ROUNDING_BELOW,
    SCAN_MIN,
    SCAN_MAX,
    SCAN_MEAN,
    SCAN_DEVIATION,
    SCAN_KURTOSIS,
    SCAN_ZEROS,
    SCAN_OUTLIERS,
    SCAN_NONFINITE,
    SCAN_Q8_ROUNDING, /* the verdict's lines */
    SCAN_Q8_RANK,
    SCAN_Q8_LOW_RANK,
    SCAN_Q4_ROUNDING,
    SCAN_Q4_RANK,
    SCAN_Q4_LOW_RANK,
    SCAN_OWN_ROUNDING,
    SCAN_OWN_RANK,
    SCAN_OWN_LOW_RANK,
    SCAN_GAIN,
    SCAN_ANSWER, /* enum verdict_answer */
    SCAN_COLUMNS
};

struct scan_row {
    bool done;
    double values[SCAN_COLUMNS]; /* NAN: not known */
    char why[120];               /* it could not be looked at; "" otherwise */
    bool limited;                /* for a limit, or want of memory */
};

/* A column as tables, --sort, CSV and JSON know it. */
struct scan_key {
    const char *key, *title, *help; /* "rank_90", "r90", one sentence */
    enum scan_column column;
    bool count;      /* a whole number */
    bool descending; /* the usual order: largest first */
};
extern const struct scan_key scan_keys[];         /* all but the name, ends with {0} */
const struct scan_key *scan_key(const char *key); /* NULL: none; "name" is not among them */

struct scan {
    struct document *document; /* a reference of its own */
    struct scan_row *rows;     /* owned; one for each entry of the document */
    size_t n, done;
    double work, worked; /* what all matrices cost, and those that are done: scan_share */
    size_t kept;         /* of them were in the file already */
    uint64_t identity;   /* scan_identity */
    char *path;          /* owned; NULL: nothing is kept */
    bool whole;       /* the file is this scan's: rows are added to it; else it is written anew */
    char notice[200]; /* "2 rows of an earlier scan were damaged and are done again", or "" */
};

/* What tells a model from every other: device, inode, size and time of its files, and what they
 * list. 0: nothing does (demos, bytes in memory). */
uint64_t scan_identity(const struct document *d);

/* path: where rows are kept, its folder is there; NULL: nowhere. Rows that are there already are taken
 * unless `fresh`; whatever is wrong with the file costs its rows, never the scan. */
bool scan_open(struct scan *s, struct document *d, const char *path, bool fresh, struct error *err);
void scan_close(struct scan *s); /* {0} is fine */

size_t scan_next(const struct scan *s);  /* the first row that is not done; n: none */
double scan_share(const struct scan *s); /* of the work that is done, 0 to 1, by what it costs */

/* Looks at matrix i and keeps its row. One that cannot be looked at, also for want of memory or for a
 * limit (`limited`), gets a row that says why, is not kept, and is no failure. Fails with
 * ERROR_CANCELLED, and where a file of the document has changed. */
bool scan_one(struct scan *s, size_t i, struct job *job, struct error *err);

/* Why a row that is done has no spectrum: it could not be looked at, or its numbers have none. NULL: it
 * has one. Borrowed. */
const char *scan_missing(const struct scan_row *row);

/* A row of what an anatomy says. */
void scan_row_fill(const struct anatomy *a, struct scan_row *out);

/* order[0..n): the entries as the key says, those that are not known last, equals as in the file.
 * key NULL: by name, numbers in it by value (blk.2 before blk.10). reverse: the other way round. */
void scan_order(const struct document *d, const struct scan_row *rows, const struct scan_key *key,
                bool reverse, size_t *order);
