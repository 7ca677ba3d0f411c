#pragma once

#include "source.h"

/* model.safetensors.index.json: which file of a folder holds which tensor
 * (huggingface.co/docs/safetensors, "Sharded checkpoints"). */

struct shard_tensor {
    char *name;   /* owned; not checked for what a tensor's name may be: its shard's header is */
    size_t shard; /* of files */
    bool found;   /* for whoever looks for it */
};

struct shards {
    char **files; /* owned, with their names: no paths, ending in .safetensors */
    size_t n_files;
    struct shard_tensor *tensors; /* owned; sorted by name, none twice */
    size_t n;
    uint64_t total_size; /* bytes, as the index has it; 0: it does not say */
};

/* ERROR_FORMAT, ERROR_LIMIT: one sentence with the offset. */
bool shards_read(const struct source *s, struct shards *out, struct error *err);
void shards_finish(struct shards *x);                                         /* {0} is fine */
struct shard_tensor *shards_find(const struct shards *x, const char *tensor); /* NULL: none */
