#pragma once

#include "backend.h"
#include "vulkan/api.h"
#include "vulkan_shaders.h" /* SHADERS(_): the list in shaders/meson.build */

/* The Vulkan backend from the inside: what its operations are made of. One thread.
 * An operation is engine/vulkan/NAME.c, shaders/NAME.comp and a line in shaders/meson.build.
 *
 * Work is recorded and runs in order; every recorded step sees what the ones before it wrote.
 * Nothing waits until something is read. Whatever the driver returns ends here as
 * ERROR_DEVICE with one sentence; the front of the backend then has the processor start over. */

enum { VULKAN_CONSTANTS = 12, VULKAN_BLOCKS = 8, VULKAN_PUSH = 128, VULKAN_PANEL_ROWS = 32 };

enum shader {
#define SHADER(name) SHADER_##name,
    SHADERS(SHADER)
#undef SHADER
        SHADER_COUNT
};

/* A piece of device memory that one binding can hold. */
struct block {
    VkBuffer buffer;
    VkDeviceMemory memory;
    uint64_t size; /* bytes, a multiple of 16 */
    void *mapped;  /* NULL: the processor cannot reach it */
    bool cached;   /* the processor reads it fast */
};

/* What buffer::memory points to: a row-major matrix in panels of `height` rows each (the last
 * has fewer), one block a panel. Rows are padded to a multiple of four entries, so that they can
 * be read as vectors of four; the padding holds anything finite or not: never let it into a sum.
 * A height is a multiple of VULKAN_PANEL_ROWS, but for a matrix of one panel. */
struct panels {
    size_t rows, cols, stride, height, n;
    enum dtype dtype;
    struct block *blocks;
};

static inline struct panels *panels_of(const struct buffer *x)
{
    return x->memory;
}

/* Rows of panel i. */
size_t panels_rows(const struct panels *p, size_t i);

/* Scratch that lives as long as the device and grows; one slot a purpose. */
enum scratch {
    SCRATCH_PARTIAL, /* of split sums */
    SCRATCH_PANEL,   /* a panel of a residual */
    SCRATCH_RANGES,
    SCRATCH_CODES,
    SCRATCH_LEVELS,
    SCRATCH_SUMS,
    SCRATCH_LEFT,
    SCRATCH_RIGHT,
    SCRATCH_COUNT
};

/* A shader with its specialization constants. */
struct pipeline {
    enum shader shader;
    uint32_t constants[VULKAN_CONSTANTS], bindings;
    VkDescriptorSetLayout set;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    struct pipeline *next;
};

/* An open device. Read-only outside device.c, memory.c, recorder.c and shader.c. */
struct vulkan {
    struct backend base;
    struct vulkan_api api;
    VkInstance instance;
    VkDebugUtilsMessengerEXT messenger;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    char name[256];      /* for people */
    bool software;       /* a program that plays a device */
    bool has_f64;        /* shaders may use double precision */
    bool lost;           /* nothing works until it is made anew */
    bool hung;           /* it neither ends its work nor is lost: nothing it may use is destroyed */
    bool left_behind;    /* such a device, or half of one, is still there */
    bool full;           /* the last failure was for want of memory */
    uint64_t binding;    /* bytes, the largest block */
    uint64_t heap, used; /* bytes of its memory, and what we hold */
    uint32_t shared;     /* bytes of memory a work group shares */
    uint32_t max_groups; /* along one axis, at least 65535 */
    uint32_t cores;      /* an idea of how many work groups run at once */
    VkPhysicalDeviceMemoryProperties memory;
    struct recorder *recorder;
    struct pipeline *pipelines; /* lazily built, a list */
    struct block scratch[SCRATCH_COUNT];
};

static inline struct vulkan *vulkan_of(const struct buffer *x)
{
    return (struct vulkan *)x->owner;
}

/* ---- memory.c ---- */
/* A block of `size` bytes or, where the device has not that much left, of a half, a quarter, ... but
 * at least `least`. Contents undefined. */
bool block_init(struct vulkan *v, uint64_t least, uint64_t size, struct block *out,
                struct error *err);
void block_finish(struct vulkan *v, struct block *b); /* nothing may use it any more; {0} is fine */
/* Memory the processor reaches, to pass things through. */
bool block_init_staging(struct vulkan *v, uint64_t size, struct block *out, struct error *err);
/* The block of a slot, of at least `least` bytes and if possible `size`; valid until the
 * slot is asked for again. */
bool vulkan_scratch(struct vulkan *v, enum scratch slot, uint64_t least, uint64_t size,
                    struct block **out, struct error *err);

/* ---- recorder.c ---- */
/* One run of a shader. Bindings are storage buffers 0, 1, ... of set 0. */
struct dispatch {
    enum shader shader;
    uint32_t constants[VULKAN_CONSTANTS];      /* specialization constants 0, 1, ... */
    const struct block *blocks[VULKAN_BLOCKS]; /* up to the first NULL */
    const void *push;
    size_t push_size;
    uint32_t groups[3]; /* 0 counts as 1; each at most max_groups */
    double cost;        /* floating-point operations, roughly; see vulkan_share */
    bool wide;          /* these are in double precision, which may be 64 times as slow */
};
bool vulkan_dispatch(struct vulkan *v, const struct dispatch *d, struct error *err);
/* How many of n equal pieces that cost `each` may go into one dispatch, so that none
 * runs for long (a watchdog ends those); at least as many as run at once, fewer save no time. */
size_t vulkan_share(const struct vulkan *v, size_t n, double each, bool wide);

bool vulkan_copy(struct vulkan *v, const struct block *from, uint64_t from_offset,
                 const struct block *to, uint64_t to_offset, uint64_t size, struct error *err);
bool vulkan_zero(struct vulkan *v, const struct block *b, uint64_t offset, uint64_t size,
                 struct error *err); /* multiples of 4 */
/* From and to the processor's memory, through staging where the block is out of reach.
 * Offsets and sizes are multiples of 4. write: `from` may go away at once. read: waits. */
bool vulkan_write(struct vulkan *v, const void *from, const struct block *to, uint64_t offset,
                  uint64_t size, struct error *err);
bool vulkan_read(struct vulkan *v, const struct block *from, uint64_t offset, void *to,
                 uint64_t size, struct error *err);
bool vulkan_finish(struct vulkan *v, struct error *err); /* until all that was recorded is done */
/* Overwrites what passed through staging, after vulkan_finish: it may have been private. */
void vulkan_wipe(struct vulkan *v);
/* Rows [first, first + from.rows) of a block that holds rows of `stride` entries. fresh: nothing
 * recorded uses the block yet, so that it may be written directly. */
bool vulkan_write_rows(struct vulkan *v, struct matrix_view from, const struct block *to,
                       size_t first, size_t stride, bool fresh, struct error *err);
bool vulkan_read_rows(struct vulkan *v, const struct block *from, size_t first, size_t stride,
                      struct matrix_view to, struct error *err);
/* Frees the block once nothing recorded needs it. */
void vulkan_bury(struct vulkan *v, struct block *b);
bool recorder_init(struct vulkan *v, struct error *err);
/* Whether what was submitted has ended or never will: only then may anything be destroyed. Waits
 * for that once; a device that still runs is hung, and left to the operating system. */
bool recorder_settle(struct vulkan *v);
/* After a failure that the device survived: forgets what was recorded. */
bool recorder_repair(struct vulkan *v);
void recorder_finish(struct vulkan *v);

/* ---- shader.c ---- */
/* Built at the first use; valid until the device is closed. */
const struct pipeline *vulkan_pipeline(struct vulkan *v, const struct dispatch *d,
                                       uint32_t bindings, struct error *err);
void vulkan_pipelines_finish(struct vulkan *v);

/* ---- device.c ---- */
struct backend *vulkan_open(const char *device, struct error *err);
void vulkan_close(struct backend *b);
bool vulkan_lost(const struct backend *b);
bool vulkan_renew(struct backend *b, struct error *err);
bool vulkan_survey(void (*tell)(void *context, const struct device_facts *facts), void *context,
                   struct error *err);

/* ---- errors ---- */
/* true on VK_SUCCESS; otherwise ERROR_DEVICE, and the device is marked lost where it is.
 * what: "the buffer", "submitting work". */
bool vulkan_ok(struct vulkan *v, VkResult r, const char *what, struct error *err);

/* ---- the operations: arguments as in struct backend_ops ---- */
bool vulkan_gemm(const struct buffer *a, bool a_transposed, const struct buffer *b,
                 bool b_transposed, struct buffer *out, struct error *err);
bool vulkan_gram(const struct buffer *a, struct buffer *out, struct error *err);
bool vulkan_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                 double scale, struct buffer *out, struct error *err);
bool vulkan_code(const struct coding *c, const struct buffer *a, struct coded *out,
                 struct error *err);
bool vulkan_decode(const struct coded *x, struct buffer *out, struct error *err);
bool vulkan_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                     struct buffer *out, struct error *err);
bool vulkan_residual(const struct buffer *a, const struct buffer_product *products, size_t n,
                     double *norm, struct error *err);
bool vulkan_hadamard(const struct buffer *x, uint64_t seed, bool inverse, struct buffer *out,
                     struct error *err);
bool vulkan_reconstruct(const struct buffer_product *products, size_t n, struct buffer *out,
                        struct error *err);
bool vulkan_gram_exact(struct backend *b, const int32_t *rows, size_t n, size_t d, int64_t *out,
                       struct error *err);
bool vulkan_noise(enum field field, uint64_t seed, uint32_t first, double deviation,
                  struct buffer *out, struct error *err);
bool vulkan_eigen(enum field field, const struct buffer *x, struct buffer *out, struct error *err);
