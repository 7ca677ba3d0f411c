#pragma once

#include "limit.h"
#include "raster.h"
#include "raw.h"
#include "result.h"
#include "sink.h"
#include "source.h"

#include <stdatomic.h>

/* One matrix that a file offers. Whatever its own element type, it is read as
 * F32 or F64, two-dimensional. */
struct entry {
    char *name; /* owned; valid UTF-8 */
    size_t rows, cols;
    const char *dtype;     /* the file's own type, "f4", "u8 / 255", "BF16": static text */
    uint64_t offset, size; /* in the file, bytes; checked against its size (0 in pictures) */
    int encoding;          /* the format's own */
    size_t part;           /* which file of the document: document_part */
    size_t block;          /* entries along the rows that share a scale in the file; 0: none do */
    unsigned
        bits; /* of an element in the file, unpacked; 0: of blocks and pictures, or nothing tells */
    bool whole; /* all elements are whole numbers by their type */
};

/* A tensor that is no matrix, or of a type that is not decoded: listed, not read. */
enum { OTHER_DIMS = 8 };
struct other {
    char *name; /* owned; valid UTF-8 */
    uint64_t shape[OTHER_DIMS];
    size_t dims;
    const char *dtype; /* static text */
    uint64_t bytes;    /* in the file */
};

/* One thing that is told about a file: its metadata, or the provenance that an export writes (keys
 * there are [a-z_]+). */
struct fact {
    const char *key, *value;
};

/* An open file. The only reference-counted type: a job may still read it after
 * the user has opened another. Immutable once open; any thread. */
struct document {
    atomic_int references;
    char *name; /* owned; as the user gave it; of a folder, the file in it that was opened */
    const struct format *format;
    struct source *source;
    struct source **parts; /* owned; further files of the same document */
    size_t n_parts;
    struct entry *entries; /* owned */
    size_t n;
    struct other *others; /* owned */
    size_t n_others;
    struct fact *facts;       /* owned, with their text: document_add_fact */
    size_t n_facts, unlisted; /* unlisted: facts beyond LIMIT_FACTS */
    struct raster *raster;    /* owned; pictures only, else NULL */
    struct matrix generated;  /* demos that are made, not read; else {0} */
    bool derived;             /* generated from another document: numbers, no picture */
    char notice[240]; /* what was done to it on the way in ("alpha composited on white"), or "" */
};

/* Opens a file by its content, or a built-in source: demo:phantom,
 * demo:phantom256, demo:photo, demo:covariance, demo:gaps; of a folder the model in it (folder.h). Fails with ERROR_READ,
 * ERROR_FORMAT or ERROR_LIMIT. */
struct document *document_open(const char *name, struct error *err);
/* The same, watched (source.h; NULL: by nobody) until it returns: ERROR_CANCELLED. */
struct document *document_open_watched(const char *name, const struct watch *w, struct error *err);
/* Whether it could be one, by its first bytes; decodes nothing. Fails as document_open. */
bool document_probe(const char *name, struct error *err);
struct document *document_open_source(struct source *s,
                                      struct error *err); /* takes s over, also on failure */
struct document *document_ref(struct document *d);
void document_unref(struct document *d); /* NULL is fine */
const struct entry *document_entry(const struct document *d,
                                   const char *name); /* NULL: there is none */
bool document_read(const struct document *d, const struct entry *e, struct matrix_view to,
                   struct error *err);
/* What the file says of itself under that key, NULL: nothing. Keys are GGUF's ("llama.block_count"),
 * those of safetensors' __metadata__ ("format"), and "config.KEY" for a plain value of a config.json
 * beside a safetensors file or index, which come first; a key of __metadata__ that begins so
 * has "__metadata__." in front. Values are plain text whatever they were: numbers in full,
 * "true", "12 items" for an array. */
const char *document_fact(const struct document *d, const char *key);
uint64_t document_size(const struct document *d); /* of all its files, bytes; 0 if generated */
/* File number i: 0 is the one that was opened, more are its parts. */
const struct source *document_part(const struct document *d, size_t i);
/* source_unchanged, of all its files; true of what is in memory since it was opened: demos, pictures. */
bool document_unchanged(const struct document *d, struct error *err);
/* Bytes of an entry's elements: those in the file, but of what is packed there the unpacked ones. */
uint64_t document_bytes(const struct entry *e);
/* Mean square of the rounding that the entries went through when the file was made, by the steps
 * that it tells; NAN where they were not rounded or it does not tell. Reads the entry. */
bool document_noise(const struct document *d, const struct entry *e, double *out,
                    struct error *err);

bool document_is_picture(const struct document *d); /* its entries are planes in [0, 1] */

/* Helpers for formats and demos: an empty document; one more entry; one more
 * tensor that is no matrix (its name is copied); one more file, taken over, also on failure. */
struct document *document_new(const char *name, struct error *err);
bool document_add(struct document *d, const char *name, size_t rows, size_t cols, const char *dtype,
                  uint64_t offset, uint64_t size, int encoding, struct error *err);
void document_set_raw(struct document *d, enum raw_type type); /* of the last entry: bits, whole */
bool document_add_other(struct document *d, const struct other *o, struct error *err);
bool document_add_part(struct document *d, struct source *s, struct error *err);
/* A name that two of all its tensors have; NULL: there is none. False: ERROR_MEMORY. */
bool document_twice(const struct document *d, const char **name, struct error *err);
/* One more fact, copied: what is not plain UTF-8 becomes \xNN, what is longer than DOCUMENT_FACT
 * bytes is cut. Beyond LIMIT_FACTS of them nothing is added, which a note says. */
enum { DOCUMENT_FACT = 1024 };
bool document_add_fact(struct document *d, const char *key, const char *value, struct error *err);
void document_free_facts(struct fact *facts, size_t n); /* the array and its text, from memory.h */
/* One more thing that was done to the file on the way in, for its notice. */
void document_note(struct document *d, const char *format, ...) PRINTF_LIKE(2, 3);

/* What a run works on: FILE::NAME is one entry; FILE alone is the whole picture
 * (1 or 3 planes) or the only matrix of the file. A stack is several matrices of shapes of their own:
 * FILE::NAME FILE::NAME, or a group (family.h). */
enum { SELECTION_MAX = 8 };
struct selection {
    struct document *document; /* owned reference */
    /* owned references, of each matrix of a stack; else NULL */
    struct document *documents[SELECTION_MAX];
    char names[SELECTION_MAX]
              [NAME_TEXT]; /* "grey"; "r", "g", "b"; "y", "cb", "cr"; an entry's name */
    const struct entry *entries[SELECTION_MAX]; /* NULL for planes that are computed */
    size_t n;
    bool picture; /* the planes of a whole picture: psnr, ssim and .png make sense */
    enum planes planes;
    size_t rows, cols; /* of each; of a stack all rows together, and the widest */
    bool stack;
    struct piece {
        size_t rows, cols;   /* of this matrix */
        bool transposed;     /* the entry lies the other way */
        size_t first;        /* the entry's row, once it lies right, that comes first */
    } pieces[SELECTION_MAX]; /* of a stack alone */
};

/* Opens FILE[::NAME]. A file with several matrices and no NAME is ERROR_USAGE
 * that lists the first few names. */
bool selection_open(const char *file, enum planes planes, struct selection *out, struct error *err);
bool selection_open_watched(const char *file, enum planes planes, const struct watch *w,
                            struct selection *out, struct error *err);
/* The document of FILE[::NAME], to look around in: `entry` is the matrix that is named; "": the whole
 * picture, the only matrix, or none of several. The caller owns the reference; NULL: it failed. */
struct document *selection_document(const char *file, const struct watch *w, char entry[NAME_TEXT],
                                    struct error *err);
bool selection_probe(const char *file, struct error *err); /* document_probe of its FILE */
/* Picks from an open document; takes one more reference. name NULL: the whole. */
bool selection_of(struct document *d, const char *name, enum planes planes, struct selection *out,
                  struct error *err);
void selection_finish(struct selection *s); /* {0} is fine */
/* Several of them as a stack, each one matrix: ERROR_USAGE for a picture of three planes. One is
 * selection_open. */
bool selection_open_all(const char *const *files, size_t n, enum planes planes,
                        struct selection *out, struct error *err);
/* The shape of matrix i. */
size_t selection_rows(const struct selection *s, size_t i);
size_t selection_cols(const struct selection *s, size_t i);
/* The document that matrix i comes from. */
const struct document *selection_file(const struct selection *s, size_t i);

enum nonfinite { NONFINITE_REFUSE, NONFINITE_ZERO, NONFINITE_KEEP };
extern const char *const nonfinite_names[];

/* Reads every matrix of the selection; the caller finishes out[0..n-1]. */
bool selection_read(const struct selection *s, enum dtype dtype, enum nonfinite nonfinite,
                    struct matrix *out, struct error *err);
/* Matrix i of what is no stack, as it lies there, into memory of the caller's; of its shape. */
bool selection_read_into(const struct selection *s, size_t i, struct matrix_view to,
                         struct error *err);

/* What an export is made of. Filled by export_fill (export.h), handed to a format's write. */
struct export
{
    const struct result *results; /* one per matrix in `matrices`, or one for all */
    size_t n_results;
    const struct matrix_view *matrices; /* the dense reconstruction, one per name, in order */
    const char(*names)[NAME_TEXT];
    size_t n;
    bool picture;
    enum planes planes;
    int depth;                 /* bits of a picture's samples: 8 or 16 */
    enum dtype dtype;          /* of the reconstruction */
    const struct raster *like; /* gamma and profile to carry; may be NULL */
    const char *ending;        /* of the path, as the format spells it: ".png"; "" for none */
    const struct fact *facts;  /* what a reader of the file should know, and expand needs */
    size_t n_facts;
};

/* One file format. To add one: write engine/formats/NAME.c, which defines
 * `const struct format format_NAME`, and put NAME in the list in
 * engine/meson.build, and samples in tests/corpus/NAME/; copy npy.c. */
struct format {
    const char *name, *title, *summary, *specification;
    const char *const
        *extensions;   /* NULL-terminated, with the dot, longest first; writing goes by these */
    size_t probe_size; /* bytes that probe wants to see */
    bool (*probe)(const unsigned char *head,
                  size_t n); /* NULL: the format is not read as a document */
    /* Lists the matrices; reads no matrix data, except pictures, which decode here. */
    bool (*index)(struct document *d, struct error *err);
    bool (*read)(const struct document *d, const struct entry *e, struct matrix_view to,
                 struct error *err);
    bool (*noise)(const struct document *d, const struct entry *e, double *out,
                  struct error *err); /* document_noise; NULL: nothing was rounded */
    bool (*write)(const struct export *x, struct sink *to,
                  struct error *err); /* NULL: not written */
    bool gguf_keys;                   /* its facts are under the keys of GGUF */
    bool needs_dense;                 /* write looks at x->matrices; otherwise at x->results */
    bool single;                      /* write takes one matrix */
    size_t name_most;                 /* bytes of a matrix's name that write takes; 0: NAME_TEXT */
    bool needs_picture;               /* write wants planes in [0, 1]: 1 or 3 of them */
    const char *grey_only;            /* the extension that holds one plane alone; NULL: none */
};

extern const struct format *const formats[]; /* all of them, NULL-terminated (registry.c) */

/* The format whose extension ends `path`, if it can write; NULL: none. */
const struct format *format_for_output(const char *path);
const char *format_ending(const char *path); /* that extension as the format spells it, or "" */
