#include "vulkan/vulkan.h"

enum { LEAST_BLOCK = 16 };

static const VkMemoryPropertyFlags reach = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                           VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

/* Of other kinds (protected, AMD's uncached) some may only be taken with features that are off. */
static const VkMemoryPropertyFlags usual = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT |
                                           VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                           VK_MEMORY_PROPERTY_HOST_COHERENT_BIT |
                                           VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

/* The first type among `bits` that has all the flags; -1: none. */
static int find_type(const struct vulkan *v, uint32_t bits, VkMemoryPropertyFlags flags)
{
    for (uint32_t i = 0; i < v->memory.memoryTypeCount; i++) {
        VkMemoryPropertyFlags has = v->memory.memoryTypes[i].propertyFlags;
        if (bits >> i & 1 && (has & flags) == flags && !(has & ~usual))
            return (int)i;
    }
    return -1;
}

static uint64_t heap_of(const struct vulkan *v, int type)
{
    return v->memory.memoryHeaps[v->memory.memoryTypes[type].heapIndex].size;
}

/* Device memory that the processor can write to, where all of it is like that (one memory for
 * both, or a window onto the whole); else device memory; else anything. */
static int device_type(const struct vulkan *v, uint32_t bits)
{
    int plain = find_type(v, bits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    int direct = find_type(
        v, bits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | reach | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    if (direct < 0)
        direct = find_type(v, bits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | reach);
    if (direct >= 0 && !vulkan_testing.no_direct && heap_of(v, direct) >= heap_of(v, plain))
        return direct;
    return plain >= 0 ? plain : find_type(v, bits, 0);
}

static int staging_type(const struct vulkan *v, uint32_t bits)
{
    int type = find_type(v, bits, reach | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    return type >= 0 ? type : find_type(v, bits, reach);
}

static bool create_buffer(struct vulkan *v, struct block *b, struct error *err)
{
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = b->size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    };
    return vulkan_ok(v, VULKAN_CALL(v->api.CreateBuffer, v->device, &info, NULL, &b->buffer),
                     "making a buffer", err);
}

static bool take_memory(struct vulkan *v, struct block *b, bool staging, struct error *err)
{
    VkMemoryRequirements need;
    v->api.GetBufferMemoryRequirements(v->device, b->buffer, &need);
    int type = (staging ? staging_type : device_type)(v, need.memoryTypeBits);
    if (type < 0)
        return fail(err, ERROR_DEVICE, "%s has no memory of the kind needed", v->name);
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = need.size,
        .memoryTypeIndex = (uint32_t)type,
    };
    VkResult r = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    bool fits = v->used + b->size <= v->heap &&
                (!vulkan_testing.piece || b->size <= vulkan_testing.piece);
    if (staging || fits)
        r = VULKAN_CALL(v->api.AllocateMemory, v->device, &info, NULL, &b->memory);
    if (!vulkan_ok(v, r, "allocating memory", err)) {
        b->memory = VK_NULL_HANDLE;
        return false;
    }
    v->used += b->size;
    VkMemoryPropertyFlags flags = v->memory.memoryTypes[type].propertyFlags;
    b->cached = flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    if (!vulkan_ok(v, VULKAN_CALL(v->api.BindBufferMemory, v->device, b->buffer, b->memory, 0),
                   "binding memory", err))
        return false;
    if ((flags & reach) != reach || (!staging && vulkan_testing.no_direct))
        return true;
    return vulkan_ok(
        v, VULKAN_CALL(v->api.MapMemory, v->device, b->memory, 0, VK_WHOLE_SIZE, 0, &b->mapped),
        "mapping memory", err);
}

static bool try_block(struct vulkan *v, uint64_t size, bool staging, struct block *out,
                      struct error *err)
{
    struct block b = { .size = (size + LEAST_BLOCK - 1) / LEAST_BLOCK * LEAST_BLOCK };
    if (b.size == 0)
        b.size = LEAST_BLOCK;
    if (v->lost)
        return fail(err, ERROR_DEVICE, "Vulkan, %s: the device is lost", v->name);
    if (!create_buffer(v, &b, err))
        return false;
    if (!take_memory(v, &b, staging, err)) {
        block_finish(v, &b);
        return false;
    }
    *out = b;
    return true;
}

bool block_init(struct vulkan *v, uint64_t least, uint64_t size, struct block *out,
                struct error *err)
{
    struct error why = { 0 };
    if (size < least)
        size = least;
    if (try_block(v, size, false, out, &why))
        return true;
    /* What is buried may be all that is missing. */
    if (v->full && !v->lost && vulkan_finish(v, &why) && try_block(v, size, false, out, &why))
        return true;
    while (v->full && !v->lost && size > least) {
        size = size / 2 > least ? size / 2 : least;
        if (try_block(v, size, false, out, &why))
            return true;
    }
    if (err)
        *err = why;
    return false;
}

bool block_init_staging(struct vulkan *v, uint64_t size, struct block *out, struct error *err)
{
    return try_block(v, size, true, out, err);
}

void block_finish(struct vulkan *v, struct block *b)
{
    if (b->memory)
        v->used -= b->size;
    if (b->mapped && !v->hung)
        v->api.UnmapMemory(v->device, b->memory);
    if (b->buffer && !v->hung)
        v->api.DestroyBuffer(v->device, b->buffer, NULL);
    if (b->memory && !v->hung)
        v->api.FreeMemory(v->device, b->memory, NULL);
    *b = (struct block){ 0 };
}

bool vulkan_scratch(struct vulkan *v, enum scratch slot, uint64_t least, uint64_t size,
                    struct block **out, struct error *err)
{
    struct block *b = &v->scratch[slot];
    if (b->size < size || !b->buffer) {
        vulkan_bury(v, b);
        if (!block_init(v, least, size, b, err))
            return false;
    }
    *out = b;
    return true;
}
