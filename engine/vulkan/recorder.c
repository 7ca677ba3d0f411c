/* Work is recorded into one of two command buffers; while one runs, the other fills. A
 * timeline semaphore counts what was submitted. Every step waits for the one before it: the
 * operations depend on each other anyway. */

#include "memory.h"
#include "vulkan/vulkan.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <time.h>

enum { BATCHES = 2, GRAVES = 64, STEPS = 256, STAGING = 8 << 20 };

struct batch {
    VkCommandBuffer commands;
    uint64_t value;        /* of the timeline when it has ended */
    double cost[2], begun; /* in single and in double precision */
    bool alone;            /* nothing ran when it was submitted */
    struct block staging;
    uint64_t filled; /* bytes of staging */
};

struct grave {
    struct block block;
    uint64_t value; /* of the timeline when nothing uses it any more */
};

struct recorder {
    VkCommandPool pool;
    VkSemaphore timeline;
    struct batch batches[BATCHES];
    struct batch *now;
    bool open;   /* `now` is being recorded */
    bool broken; /* recorded work was lost: nothing can be trusted until the device is renewed */
    size_t steps;
    uint64_t submitted, completed;
    double rate[2]; /* floating-point operations a second, at least; the same two */
    struct grave graves[GRAVES];
    size_t n_graves;
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool recorder_init(struct vulkan *v, struct error *err)
{
    struct recorder *r = v->recorder = memory_alloc(sizeof(*r), err);
    if (!r)
        return false;
    r->now = r->batches;
    r->rate[0] = v->software ? 2e9 : 2e11;
    r->rate[1] = v->software ? 2e9 : 5e10;
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = v->family,
    };
    VkSemaphoreTypeCreateInfo counts = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    VkSemaphoreCreateInfo semaphore = { VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &counts, 0 };
    const char *what = "preparing the queue";
    if (!vulkan_ok(v, VULKAN_CALL(v->api.CreateCommandPool, v->device, &pool, NULL, &r->pool), what,
                   err) ||
        !vulkan_ok(v,
                   VULKAN_CALL(v->api.CreateSemaphore, v->device, &semaphore, NULL, &r->timeline),
                   what, err))
        return false;
    VkCommandBuffer commands[BATCHES] = { 0 };
    VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = r->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = BATCHES,
    };
    if (!vulkan_ok(v, VULKAN_CALL(v->api.AllocateCommandBuffers, v->device, &info, commands), what,
                   err))
        return false;
    for (size_t i = 0; i < BATCHES; i++)
        r->batches[i].commands = commands[i];
    return true;
}

static void reap(struct vulkan *v)
{
    struct recorder *r = v->recorder;
    for (size_t i = r->n_graves; i-- > 0;)
        if (r->graves[i].value <= r->completed) {
            block_finish(v, &r->graves[i].block);
            r->graves[i] = r->graves[--r->n_graves];
        }
}

/* What one batch took, if it ran alone, says how fast the device is at least. */
static void learn(struct recorder *r, const struct batch *b)
{
    double took = seconds() - b->begun;
    for (int i = 0; i < 2; i++)
        if (b->alone && b->cost[i] > 1e7 && took > 0 && b->cost[i] / took > r->rate[i])
            r->rate[i] = b->cost[i] / took;
}

static bool wait_for(struct vulkan *v, uint64_t value, struct error *err)
{
    struct recorder *r = v->recorder;
    if (r->completed >= value)
        return true;
    VkSemaphoreWaitInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                 .semaphoreCount = 1,
                                 .pSemaphores = &r->timeline,
                                 .pValues = &value };
    uint64_t patience = (v->software ? 120ull : 30ull) * 1000000000ull;
    if (!vulkan_ok(v, VULKAN_CALL(v->api.WaitSemaphores, v->device, &info, patience),
                   "waiting for the device", err))
        return false;
    r->completed = value;
    for (size_t i = 0; i < BATCHES; i++)
        if (r->batches[i].value == value)
            learn(r, &r->batches[i]);
    reap(v);
    return true;
}

static bool begin(struct vulkan *v, struct error *err)
{
    struct recorder *r = v->recorder;
    if (v->lost || r->broken)
        return fail(err, ERROR_DEVICE, "Vulkan, %s: what was recorded is lost", v->name);
    if (r->open)
        return true;
    struct batch *b = r->now == r->batches ? r->batches + 1 : r->batches;
    VkCommandBufferBeginInfo info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT };
    const char *what = "recording work";
    if (!wait_for(v, b->value, err) ||
        !vulkan_ok(v, VULKAN_CALL(v->api.ResetCommandBuffer, b->commands, 0), what, err) ||
        !vulkan_ok(v, VULKAN_CALL(v->api.BeginCommandBuffer, b->commands, &info), what, err))
        return false;
    b->cost[0] = b->cost[1] = 0;
    b->filled = 0;
    r->steps = 0;
    r->now = b;
    r->open = true;
    return true;
}

static bool submit(struct vulkan *v, struct error *err)
{
    struct recorder *r = v->recorder;
    if (v->lost || r->broken)
        return fail(err, ERROR_DEVICE, "Vulkan, %s: what was recorded is lost", v->name);
    if (!r->open)
        return true;
    struct batch *b = r->now;
    uint64_t value = r->submitted + 1;
    VkTimelineSemaphoreSubmitInfo timeline = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &value,
    };
    VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = &timeline,
        .commandBufferCount = 1,
        .pCommandBuffers = &b->commands,
        .signalSemaphoreCount = 1,
        .pSignalSemaphores = &r->timeline,
    };
    const char *what = "submitting work";
    r->open = false;
    r->broken = true; /* unless it goes well */
    if (!vulkan_ok(v, VULKAN_CALL(v->api.EndCommandBuffer, b->commands), what, err) ||
        !vulkan_ok(v, VULKAN_CALL(v->api.QueueSubmit, v->queue, 1, &info, VK_NULL_HANDLE), what,
                   err))
        return false;
    r->broken = false;
    b->alone = r->completed == r->submitted;
    b->begun = seconds();
    b->value = r->submitted = value;
    return true;
}

/* After every recorded step. */
static bool step(struct vulkan *v, double cost, bool wide, struct error *err)
{
    struct recorder *r = v->recorder;
    const double *costs = r->now->cost;
    VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT |
                         VK_ACCESS_HOST_READ_BIT,
    };
    VkPipelineStageFlags work = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT |
                                VK_PIPELINE_STAGE_TRANSFER_BIT;
    v->api.CmdPipelineBarrier(r->now->commands, work, work | VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                              &barrier, 0, NULL, 0, NULL);
    r->now->cost[wide] += cost;
    bool room = costs[0] / r->rate[0] + costs[1] / r->rate[1] < 0.2;
    return (++r->steps < STEPS && room) || submit(v, err);
}

size_t vulkan_share(const struct vulkan *v, size_t n, double each, bool wide)
{
    double most = 0.05 * v->recorder->rate[wide] / (each > 1 ? each : 1);
    most = fmax(most, v->cores);
    return most < (double)n ? (size_t)most : n;
}

bool vulkan_dispatch(struct vulkan *v, const struct dispatch *d, struct error *err)
{
    uint32_t n = 0, groups[3];
    VkDescriptorBufferInfo buffers[VULKAN_BLOCKS];
    VkWriteDescriptorSet writes[VULKAN_BLOCKS];
    for (; n < VULKAN_BLOCKS && d->blocks[n]; n++) {
        buffers[n] = (VkDescriptorBufferInfo){ d->blocks[n]->buffer, 0, d->blocks[n]->size };
        writes[n] = (VkWriteDescriptorSet){
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstBinding = n,
            .descriptorCount = 1,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .pBufferInfo = &buffers[n],
        };
    }
    for (int i = 0; i < 3; i++) {
        groups[i] = d->groups[i] ? d->groups[i] : 1;
        assert(groups[i] <= v->max_groups);
    }
    assert(d->push_size <= VULKAN_PUSH && d->push_size % 4 == 0);
    const struct pipeline *p = vulkan_pipeline(v, d, n, err);
    if (!p || !begin(v, err))
        return false;
    VkCommandBuffer commands = v->recorder->now->commands;
    v->api.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->pipeline);
    v->api.CmdPushDescriptorSetKHR(commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, n,
                                   writes);
    if (d->push_size)
        v->api.CmdPushConstants(commands, p->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                (uint32_t)d->push_size, d->push);
    v->api.CmdDispatch(commands, groups[0], groups[1], groups[2]);
    return step(v, d->cost, d->wide, err);
}

bool vulkan_copy(struct vulkan *v, const struct block *from, uint64_t from_offset,
                 const struct block *to, uint64_t to_offset, uint64_t size, struct error *err)
{
    if (!begin(v, err))
        return false;
    VkBufferCopy region = { from_offset, to_offset, size };
    v->api.CmdCopyBuffer(v->recorder->now->commands, from->buffer, to->buffer, 1, &region);
    return step(v, (double)size / 4, false, err);
}

bool vulkan_zero(struct vulkan *v, const struct block *b, uint64_t offset, uint64_t size,
                 struct error *err)
{
    if (!begin(v, err))
        return false;
    v->api.CmdFillBuffer(v->recorder->now->commands, b->buffer, offset, size, 0);
    return step(v, (double)size / 4, false, err);
}

bool vulkan_finish(struct vulkan *v, struct error *err)
{
    return submit(v, err) && wait_for(v, v->recorder->submitted, err);
}

/* `size` bytes of the staging memory of the batch being recorded; where it is full, of the next. */
static bool stage(struct vulkan *v, uint64_t size, struct block **staging, uint64_t *offset,
                  struct error *err)
{
    struct recorder *r = v->recorder;
    if (!begin(v, err))
        return false;
    if (r->now->filled && r->now->filled + size > r->now->staging.size &&
        (!submit(v, err) || !begin(v, err)))
        return false;
    struct batch *b = r->now;
    if (b->staging.size < size) {
        vulkan_bury(v, &b->staging);
        if (!block_init_staging(v, size > STAGING ? size : STAGING, &b->staging, err))
            return false;
    }
    *staging = &b->staging;
    *offset = b->filled;
    b->filled += (size + 15) / 16 * 16;
    return true;
}

void vulkan_wipe(struct vulkan *v)
{
    for (size_t i = 0; i < BATCHES; i++) {
        struct block *b = &v->recorder->batches[i].staging;
        if (b->mapped)
            explicit_bzero(b->mapped, b->size);
    }
}

static struct matrix_view view_of(const struct block *b, uint64_t offset, size_t stride,
                                  struct matrix_view like)
{
    like.data = (char *)b->mapped + offset;
    like.row_stride = stride;
    like.col_stride = 1;
    return like;
}

/* Rows that pass through staging at a time. */
static size_t rows_at_once(size_t rows, uint64_t row)
{
    uint64_t n = STAGING / row;
    return n < 1 ? 1 : n < rows ? (size_t)n : rows;
}

bool vulkan_write_rows(struct vulkan *v, struct matrix_view from, const struct block *to,
                       size_t first, size_t stride, bool fresh, struct error *err)
{
    uint64_t row = (uint64_t)stride * dtype_size(from.dtype), offset = first * row;
    if (from.rows == 0 || from.cols == 0)
        return true;
    if (fresh && to->mapped) {
        matrix_copy(from, view_of(to, offset, stride, from));
        return true;
    }
    size_t n = rows_at_once(from.rows, row);
    for (size_t i = 0; i < from.rows; i += n) {
        struct matrix_view part = matrix_block(from, i, 0, from.rows - i < n ? from.rows - i : n,
                                               from.cols);
        struct block *staging;
        uint64_t at;
        if (!stage(v, part.rows * row, &staging, &at, err))
            return false;
        matrix_copy(part, view_of(staging, at, stride, part));
        if (!vulkan_copy(v, staging, at, to, offset + i * row, part.rows * row, err))
            return false;
    }
    return true;
}

bool vulkan_read_rows(struct vulkan *v, const struct block *from, size_t first, size_t stride,
                      struct matrix_view to, struct error *err)
{
    uint64_t row = (uint64_t)stride * dtype_size(to.dtype), offset = first * row;
    if (to.rows == 0 || to.cols == 0)
        return true;
    if (from->mapped && from->cached) {
        if (!vulkan_finish(v, err))
            return false;
        matrix_copy(view_of(from, offset, stride, to), to);
        return true;
    }
    size_t n = rows_at_once(to.rows, row);
    for (size_t i = 0; i < to.rows; i += n) {
        struct matrix_view part = matrix_block(to, i, 0, to.rows - i < n ? to.rows - i : n,
                                               to.cols);
        struct block *staging;
        uint64_t at;
        if (!stage(v, part.rows * row, &staging, &at, err) ||
            !vulkan_copy(v, from, offset + i * row, staging, at, part.rows * row, err) ||
            !vulkan_finish(v, err))
            return false;
        matrix_copy(view_of(staging, at, stride, part), part);
    }
    return true;
}

bool vulkan_write(struct vulkan *v, const void *from, const struct block *to, uint64_t offset,
                  uint64_t size, struct error *err)
{
    assert(offset % 4 == 0 && size % 4 == 0);
    for (uint64_t i = 0, n; i < size; i += n) {
        struct block *staging;
        uint64_t at;
        n = size - i < STAGING ? size - i : STAGING;
        if (!stage(v, n, &staging, &at, err))
            return false;
        memcpy((char *)staging->mapped + at, (const char *)from + i, n);
        if (!vulkan_copy(v, staging, at, to, offset + i, n, err))
            return false;
    }
    return true;
}

bool vulkan_read(struct vulkan *v, const struct block *from, uint64_t offset, void *to,
                 uint64_t size, struct error *err)
{
    assert(offset % 4 == 0 && size % 4 == 0);
    if (size && from->mapped && from->cached) {
        if (!vulkan_finish(v, err))
            return false;
        memcpy(to, (const char *)from->mapped + offset, size);
        return true;
    }
    for (uint64_t i = 0, n; i < size; i += n) {
        struct block *staging;
        uint64_t at;
        n = size - i < STAGING ? size - i : STAGING;
        if (!stage(v, n, &staging, &at, err) ||
            !vulkan_copy(v, from, offset + i, staging, at, n, err) || !vulkan_finish(v, err))
            return false;
        memcpy((char *)to + i, (const char *)staging->mapped + at, n);
    }
    return true;
}

void vulkan_bury(struct vulkan *v, struct block *b)
{
    struct recorder *r = v->recorder;
    uint64_t value = r->submitted + r->open;
    if (!b->buffer)
        return;
    if (r->n_graves == GRAVES) { /* waiting makes room, and so does a device that will never end */
        struct error ignored = { 0 };
        if (!vulkan_finish(v, &ignored) && recorder_settle(v)) {
            r->completed = UINT64_MAX;
            reap(v);
            r->completed = r->submitted;
        }
    }
    if (r->n_graves < GRAVES && value > r->completed)
        r->graves[r->n_graves++] = (struct grave){ *b, value };
    else
        block_finish(v, b);
    *b = (struct block){ 0 };
}

bool recorder_settle(struct vulkan *v)
{
    struct recorder *r = v->recorder;
    if (v->hung || !r || !r->timeline || r->submitted == 0)
        return !v->hung;
    VkSemaphoreWaitInfo info = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                 .semaphoreCount = 1,
                                 .pSemaphores = &r->timeline,
                                 .pValues = &r->submitted };
    /* Not through VULKAN_CALL: a failure that a test asks for did not stop the device. */
    VkResult result = v->api.WaitSemaphores(v->device, &info, 10000000000ull);
    v->hung = vulkan_testing.hung || (result != VK_SUCCESS && result != VK_ERROR_DEVICE_LOST);
    return !v->hung;
}

bool recorder_repair(struct vulkan *v)
{
    struct recorder *r = v->recorder;
    if (!r->broken && !r->open)
        return true;
    if (!recorder_settle(v))
        return false;
    r->completed = r->submitted;
    reap(v);
    r->broken = r->open = false;
    return true;
}

void recorder_finish(struct vulkan *v)
{
    struct recorder *r = v->recorder;
    if (!r)
        return;
    for (size_t i = 0; i < r->n_graves; i++)
        block_finish(v, &r->graves[i].block);
    for (size_t i = 0; i < BATCHES; i++)
        block_finish(v, &r->batches[i].staging);
    if (r->timeline && !v->hung)
        v->api.DestroySemaphore(v->device, r->timeline, NULL);
    if (r->pool && !v->hung)
        v->api.DestroyCommandPool(v->device, r->pool, NULL);
    memory_free(r);
    v->recorder = NULL;
}
