#pragma once

#include "coding.h"
#include "ensemble.h"
#include "random.h"

/* Where the arithmetic happens. Callers use the backend_* functions: they check
 * shapes, owners and overlap once, so that an implementation may take them for
 * granted, and they run the processor's version of any entry that a table leaves
 * NULL, and count it. One thread at a time. Panels and precision: docs/numerics.md. */

struct backend;

/* A matrix as a backend holds it. Row-major inside. */
struct buffer {
    struct backend *owner;
    enum dtype dtype;
    size_t rows, cols;
    void *memory; /* the backend's own; not NULL; alike only where the same view was loaded */
};

enum backend_op {
    OP_GEMM,
    OP_GRAM,
    OP_FILL,
    OP_CODE,
    OP_DECODE,
    OP_RESIDUAL,
    OP_SUBTRACT,
    OP_HADAMARD,
    OP_RECONSTRUCT,
    OP_GRAM_EXACT,
    OP_NOISE,
    OP_EIGEN,
    OP_COUNT
};
extern const char *const backend_op_names[]; /* "gemm", ...; NULL-terminated */

/* How often each operation ran on the device, and how often the processor had to
 * stand in. Both stay zero on the processor itself. */
struct backend_counts {
    unsigned long device[OP_COUNT], fallback[OP_COUNT];
};

/* One summand of an approximation: left right, or left alone (right NULL). */
struct buffer_product {
    const struct buffer *left, *right;
};

/* A device as `doctor` tells of it. Texts live as long as the call that hands it over. */
struct device_facts {
    unsigned number; /* what --device takes */
    const char *name;
    const char *type;         /* "discrete", "integrated", "virtual", "software", "processor" */
    const char *driver, *api; /* names with versions; "" where there is none */
    uint64_t binding, memory; /* bytes: the most bound at once, and in all */
    bool f64;                 /* computes in double precision */
    bool software;            /* a program that plays a device */
    const char *unusable;     /* why it cannot be opened, a sentence; NULL: it can */
};

struct backend_ops {
    const char *name;    /* "cpu", "vulkan": the word after --backend */
    const char *summary; /* one sentence */

    /* device: see backend_device_is; NULL: the best, software last. Hands back a zeroed
     * struct backend, at the start of whatever else the implementation keeps. */
    struct backend *(*open)(const char *device, struct error *err);
    void (*close)(struct backend *b);
    const char *(*device)(const struct backend *b); /* for people; lives as long as b */
    /* Tells of every device there is, open or not. false: none can be listed, and why, with
     * what to install. NULL: nothing to tell. */
    bool (*survey)(void (*tell)(void *context, const struct device_facts *facts), void *context,
                   struct error *err);
    bool (*software)(const struct backend *b); /* a program that plays a device; NULL: no */

    /* A device that failed says ERROR_DEVICE from then on, whatever is asked, and frees what
     * it is told to free. lost: nothing will work until it is made anew; NULL: never. renew, with no
     * buffer alive: makes it anew; true: it works again. NULL: it cannot be. */
    bool (*lost)(const struct backend *b);
    bool (*renew)(struct backend *b, struct error *err);

    bool (*alloc)(struct backend *b, struct buffer *x,
                  struct error *err); /* shape and type set; zeroed */
    void (*release)(struct buffer *x);
    /* May keep a pointer into `from` instead of copying. */
    bool (*load)(struct backend *b, struct matrix_view from, struct buffer *x, struct error *err);
    bool (*read)(const struct buffer *x, struct matrix_view to, struct error *err);

    /* Whether this device does an operation on entries of that type (of the operand, where
     * there is one; gram_exact: F64); NULL: always. */
    bool (*offers)(const struct backend *b, enum backend_op op, enum dtype dtype);
    /* All of these may be NULL: then the processor's version runs. Arguments are
     * checked: shapes and types fit, all buffers are this backend's, out is no operand. */
    bool (*gemm)(const struct buffer *a, bool a_transposed, const struct buffer *b,
                 bool b_transposed, struct buffer *out, struct error *err);
    bool (*gram)(const struct buffer *a, struct buffer *out, struct error *err);
    bool (*fill)(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                 double scale, struct buffer *out, struct error *err);
    bool (*code)(const struct coding *c, const struct buffer *a, struct coded *out,
                 struct error *err);
    bool (*decode)(const struct coded *x, struct buffer *out, struct error *err);
    bool (*residual)(const struct buffer *a, const struct buffer_product *products, size_t n,
                     double *norm, struct error *err);
    bool (*subtract)(const struct buffer *a, const struct buffer_product *products, size_t n,
                     struct buffer *out, struct error *err);
    bool (*hadamard)(const struct buffer *x, uint64_t seed, bool inverse, struct buffer *out,
                     struct error *err);
    bool (*reconstruct)(const struct buffer_product *products, size_t n, struct buffer *out,
                        struct error *err);
    bool (*gram_exact)(struct backend *b, const int32_t *rows, size_t n, size_t d, int64_t *out,
                       struct error *err);
    bool (*noise)(enum field field, uint64_t seed, uint32_t first, double deviation,
                  struct buffer *out, struct error *err);
    bool (*eigen)(enum field field, const struct buffer *x, struct buffer *out, struct error *err);
};

/* What a job asks for, roughly: floating-point operations of products with the whole
 * matrix, bytes to bring to the device, the precision. */
struct backend_work {
    double flops, bytes;
    enum dtype dtype;
};

/* How fast a device is: operations and bytes a second, seconds a wait. flops 0: not measured yet,
 * below 0: of no use. */
struct backend_rates {
    double flops, bytes, latency;
};

/* An open device. All of this belongs to the front. Callers hold one, the front; a buffer's
 * owner is the one whose memory it lies in: the front's seat when it was made. */
struct backend {
    const struct backend_ops *ops;
    struct backend *host;      /* the processor, for entries that ops leaves NULL; NULL on itself */
    struct backend *device;    /* what "auto" found besides the processor; NULL: nothing yet */
    struct backend *front;     /* whom the caller holds */
    struct backend_live *live; /* buffers not yet released */
    size_t n_live, room;
    struct backend_rates rates[2]; /* by dtype */

    /* Of the front alone. */
    struct backend *seat;                  /* who computes the job at hand */
    struct backend_counts counts, before;  /* now, and when the job began */
    const struct backend_ops *const *list; /* "auto": where to look for a device, once */
    bool standing_in, renewed, given_up;
    char trouble[ERROR_TEXT];
};

/* The list, defined in registry.c; NULL-terminated, in the order that "auto" tries. */
extern const struct backend_ops *const backends[];

/* name "auto", "cpu", ...; fails with ERROR_USAGE (no such name, no such device) or ERROR_DEVICE.
 * "auto" is the processor, and opens a device when a job pays for it (backend_begin); with a
 * device named, the backend that has it, the processor first. An empty name is none. */
struct backend *backend_open(const char *name, const char *device, struct error *err);
/* Opens one by its table, which need not be in the list. */
struct backend *backend_start(const struct backend_ops *ops, const char *device, struct error *err);
/* "auto" over a list that the front keeps: the processor, and the first of the others that opens and
 * is no software, from the first job on that pays for it. */
struct backend *backend_auto(const struct backend_ops *const *list, struct error *err);
void backend_close(struct backend *b); /* NULL is fine; releases what is left */
/* Whether --device `wanted` means this one: digits alone are its number, anything else is a part of
 * its name in whatever case. */
bool backend_device_is(const char *wanted, unsigned number, const char *name);
/* Where the latest job ran. */
const char *backend_name(const struct backend *b);
const char *backend_device(const struct backend *b);
/* Since the last reset; of a job that started over, the second attempt alone. */
struct backend_counts backend_counts(const struct backend *b);
void backend_counts_reset(struct backend *b);

/* A job: backend_begin, then operations; after ERROR_DEVICE from any of them, backend_stand_in,
 * and all of it again. job_run does this.
 *
 * begin: nothing is alive; whatever was is released. "auto" decides where this job runs. A
 * device that was lost is made anew, once; after a second loss the processor does everything. */
void backend_begin(struct backend *b, struct backend_work work);
/* Releases every buffer. Until the next begin all operations run on the processor and count as
 * fallbacks. false: the processor was computing already. `why` is kept as trouble. */
bool backend_stand_in(struct backend *b, const struct error *why);
/* Why the processor stood in since the counts were reset, a sentence; "": it did not. */
const char *backend_trouble(const struct backend *b);

/* Buffers belong to the backend until released; a job's runner calls
 * backend_release_all when the job ends, however it ends. */
bool backend_alloc(struct backend *b, enum dtype dtype, size_t rows, size_t cols,
                   struct buffer *out, struct error *err);
/* The view must outlive the buffer and stay unchanged: the processor borrows it, so
 * that a loaded buffer is never an output. The same view loaded twice is the same memory. */
bool backend_load(struct backend *b, struct matrix_view from, struct buffer *out,
                  struct error *err);
bool backend_read(const struct buffer *x, struct matrix_view to, struct error *err);
void backend_release(struct buffer *x);
void backend_release_all(struct backend *b);
/* All but these, which then have been loaded or allocated once each. */
void backend_release_rest(struct backend *b, const struct buffer *keep, size_t n);

/* out = op(a) op(b). An F64 out of F32 operands: every product and sum in double precision. */
bool backend_gemm(const struct buffer *a, bool a_transposed, const struct buffer *b,
                  bool b_transposed, struct buffer *out, struct error *err);
bool backend_gram(const struct buffer *a, struct buffer *out,
                  struct error *err); /* a^T a; out F64 */
bool backend_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                  double scale, struct buffer *out, struct error *err); /* random_fill */
bool backend_code(const struct coding *c, const struct buffer *a, struct coded *out,
                  struct error *err); /* coding_encode */
bool backend_decode(const struct coded *x, struct buffer *out, struct error *err);
/* *norm = ||a - sum of products||_F: subtracts first, sums in double precision. */
bool backend_residual(const struct buffer *a, const struct buffer_product *products, size_t n,
                      double *norm, struct error *err);

/* out = a - sum of products: the remainder itself. Same shape and type. Products are summed in
 * double precision. */
bool backend_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                      struct buffer *out, struct error *err);

/* out = x D H / sqrt(n), row by row: n = cols, a power of two; H the Walsh-Hadamard matrix in
 * Sylvester's order, D signs that follow from the seed (STREAM_SIGNS). inverse: x H D / sqrt(n),
 * which undoes it. Same shape and type; out may not be x. */
bool backend_hadamard(const struct buffer *x, uint64_t seed, bool inverse, struct buffer *out,
                      struct error *err);
/* out = the sum of the products, at full resolution or averaged into fewer rows or columns
 * (cells of equal area, as preview_resample does); out's shape decides. n >= 1. */
bool backend_reconstruct(const struct buffer_product *products, size_t n, struct buffer *out,
                         struct error *err);
/* out (d x d, dense) = rows^T rows (rows: n x d, dense), exactly, and the same bits
 * everywhere. ERROR_LIMIT where a sum could leave 63 bits. What the device held is overwritten. */
bool backend_gram_exact(struct backend *b, const int32_t *rows, size_t n, size_t d, int64_t *out,
                        struct error *err);
/* A batch of Hermitian noise matrices E (Mangoubi, Vishnoi 2023, in the law of docs/numerics.md),
 * simulated: seeded, never for a release. d x d each, one below the other; real: d columns, complex: 2 d,
 * real and imaginary parts side by side. Matrix number first + i of the batch depends on its
 * number alone. `deviation` is that of the real part of an entry off the diagonal. */
bool backend_noise(enum field field, uint64_t seed, uint32_t first, double deviation,
                   struct buffer *out, struct error *err);
/* x: a batch like that, symmetric or Hermitian, d <= EIGEN_MAX; out: a row each of d
 * eigenvalues, descending. Cyclic Jacobi. Reads the lower triangle. */
bool backend_eigen(enum field field, const struct buffer *x, struct buffer *out, struct error *err);
