#pragma once

#include "document.h"

/* How packed factors lie in a safetensors file, for the writer and the reader
 * alike: the lines of its metadata and the list of its tensors. */

/* What is not in the results. */
struct packed_picture {
    bool picture;
    enum planes planes;
    int depth;
    enum dtype dtype;
    double gamma;
    int srgb_intent;
};

/* The words of the metadata beside the facts; all begin with this. */
#define PACKED_PREFIX "eigenscope_"
enum { PACKED_MOST = 1024 }; /* parts, terms and matrices of one file, each */

/* One tensor of the file and the part it belongs to. */
enum packed_kind {
    PACKED_RANGE,  /* F64 [1 or 2]: the range of a coded part with one scale */
    PACKED_UNIT,   /* F64 [1]: what the F16 ranges are counted in */
    PACKED_VALUES, /* F32 or F64 [rows, cols]: a plain part */
    PACKED_RANGES, /* F16 [ranges, 1 or 2] */
    PACKED_CODES,  /* U8 [bytes] */
    /* of a frame: `part` is the number of its matrix within the result */
    PACKED_AFFINE,    /* F64 [2]: scale and shift */
    PACKED_ROW_SIGNS, /* U8 [bytes]: a bit a row */
    PACKED_COL_SIGNS, /* U8 [bytes]: a bit a column */
    PACKED_ICC,       /* U8 [bytes]: the picture's colour profile; no part */
};
struct packed_tensor {
    char name[NAME_TEXT + 120];
    enum packed_kind kind;
    size_t result, part; /* indices; without meaning for PACKED_ICC */
    const char *dtype;
    uint64_t shape[2], size;
    size_t dims;
};

extern const char *const packed_dtypes[]; /* "F32", "F64", NULL: by enum dtype */
enum { PACKED_GAMMA = 100000 };           /* the unit of gamma is 1 / this, as in a PNG */

/* The tensors of a file in its order, largest elements first, so that all are
 * aligned. Parts need their codings and shapes only, frames their flags. *out is the caller's to
 * free with memory_free. */
bool packed_tensors(const struct result *results, size_t n_results, const char (*names)[NAME_TEXT],
                    size_t n, size_t icc_size, struct packed_tensor **out, size_t *n_out,
                    struct error *err);

/* The metadata's lines. Parsing prints what it understood and accepts only the
 * same text, within the bounds of limit.h; names of quantizers must be known.
 * A parsed part has its shape and coding, but no numbers yet. */
enum { PACKED_LINE = 200 + NAME_TEXT, PACKED_NAME = NAME_TEXT, PACKED_PART_NAME = 32 };
void packed_picture_line(const struct packed_picture *f, char *out);
void packed_result_line(const struct result *r, char *out);
void packed_matrix_line(size_t rows, size_t cols, const char *name, char *out);
void packed_frame_line(const struct frame *f, char *out); /* of frames that are not plain */
void packed_part_line(const struct part *p, char *out);
void packed_term_line(const struct term *t, char *out);
bool packed_parse_picture(const char *text, struct packed_picture *p);
bool packed_parse_result(const char *text, struct result *r); /* the counts */
bool packed_parse_matrix(const char *text, size_t *rows, size_t *cols, char *name);
bool packed_parse_frame(const char *text, struct frame *f);           /* the flags */
bool packed_parse_part(const char *text, char *name, struct part *p); /* p->name = name */
bool packed_parse_term(const char *text, struct term *t);
bool packed_parse_count(const char *text, size_t *out); /* 1 to PACKED_MOST */
