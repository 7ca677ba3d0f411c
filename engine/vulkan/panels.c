#include "vulkan/panels.h"
#include "memory.h"

size_t panels_rows(const struct panels *p, size_t i)
{
    size_t first = i * p->height;
    return p->rows - first < p->height ? p->rows - first : p->height;
}

/* The greatest height that one block of at most `binding` bytes holds; 0: not even the least. */
static size_t height_for(const struct panels *p, uint64_t binding)
{
    uint64_t row = (uint64_t)p->stride * dtype_size(p->dtype);
    if (p->rows <= binding / row)
        return p->rows;
    return (size_t)(binding / row / VULKAN_PANEL_ROWS * VULKAN_PANEL_ROWS);
}

static void free_blocks(struct vulkan *v, struct panels *p)
{
    for (size_t i = 0; p->blocks && i < p->n; i++)
        vulkan_bury(v, &p->blocks[i]);
    memory_free(p->blocks);
    p->blocks = NULL;
    p->n = 0;
}

static bool take_blocks(struct vulkan *v, struct panels *p, struct error *err)
{
    p->n = (p->rows + p->height - 1) / p->height;
    p->blocks = memory_alloc(p->n * sizeof(*p->blocks), err);
    if (!p->blocks)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        uint64_t size = (uint64_t)panels_rows(p, i) * p->stride * dtype_size(p->dtype);
        if (!block_init(v, size, size, &p->blocks[i], err)) {
            free_blocks(v, p);
            return false;
        }
    }
    return true;
}

/* Memory may be there in smaller pieces: half the height, a quarter, ... */
static bool take_panels(struct vulkan *v, struct panels *p, struct error *err)
{
    enum { TRIES = 8 };
    uint64_t binding = v->binding;
    p->height = height_for(p, binding);
    if (p->height == 0)
        return fail(err, ERROR_DEVICE,
                    "%s binds %llu bytes at once, too few for rows of %zu entries", v->name,
                    (unsigned long long)binding, p->cols);
    for (int i = 0; i < TRIES; i++) {
        struct error why = { 0 };
        if (take_blocks(v, p, &why))
            return true;
        size_t half = p->height / 2 / VULKAN_PANEL_ROWS * VULKAN_PANEL_ROWS;
        if (why.code != ERROR_DEVICE || !v->full || v->lost || half == 0 || i == TRIES - 1) {
            *err = why;
            return false;
        }
        p->height = half;
    }
    return false;
}

static struct panels *panels_create(struct vulkan *v, const struct buffer *x, struct error *err)
{
    struct panels *p = memory_alloc(sizeof(*p), err);
    if (!p)
        return NULL;
    *p = (struct panels){
        .rows = x->rows, .cols = x->cols, .stride = (x->cols + 3) / 4 * 4, .dtype = x->dtype
    };
    if (x->rows && x->cols && !take_panels(v, p, err)) {
        memory_free(p);
        return NULL;
    }
    return p;
}

bool panels_alloc(struct backend *b, struct buffer *x, struct error *err)
{
    struct vulkan *v = (struct vulkan *)b;
    struct panels *p = panels_create(v, x, err);
    x->memory = p;
    bool ok = p != NULL;
    for (size_t i = 0; ok && i < p->n; i++)
        ok = vulkan_zero(v, &p->blocks[i], 0, p->blocks[i].size, err);
    if (p && !ok)
        panels_release(x);
    return ok;
}

bool panels_load(struct backend *b, struct matrix_view from, struct buffer *x, struct error *err)
{
    struct vulkan *v = (struct vulkan *)b;
    struct panels *p = panels_create(v, x, err);
    x->memory = p;
    bool ok = p != NULL;
    for (size_t i = 0; ok && i < p->n; i++) {
        struct matrix_view rows = matrix_block(from, i * p->height, 0, panels_rows(p, i), p->cols);
        ok = vulkan_write_rows(v, rows, &p->blocks[i], 0, p->stride, true, err);
    }
    if (p && !ok)
        panels_release(x);
    return ok;
}

bool panels_read(const struct buffer *x, struct matrix_view to, struct error *err)
{
    const struct panels *p = panels_of(x);
    bool ok = true;
    for (size_t i = 0; ok && i < p->n; i++)
        ok = vulkan_read_rows(vulkan_of(x), &p->blocks[i], 0, p->stride,
                              matrix_block(to, i * p->height, 0, panels_rows(p, i), p->cols), err);
    return ok;
}

void panels_release(struct buffer *x)
{
    free_blocks(vulkan_of(x), panels_of(x));
    memory_free(x->memory);
    x->memory = NULL;
}
