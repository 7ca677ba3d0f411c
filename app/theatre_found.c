#include "theatre_found.h"

#include <string.h>

#include "memory.h"
#include "random.h"

static const char *const relation_words[] = { "replace", "add-remove", NULL };
static const char *const scene_words[] = { "open", NULL };

static const struct param rows[] = {
    { PARAM(struct theatre_setting, epsilon), .title = "Epsilon", .shorthand = "epsilon",
      .unit = "", .help = "The promise: less is more private.", .source = "", .logarithmic = true,
      .min = 0.01, .max = 100, .def = 1, .paper = 1 },
    { PARAM(struct theatre_setting, delta), .title = "Delta", .shorthand = "delta", .unit = "",
      .help = "How much of the promise may fail; far below 1/n.", .source = "", .logarithmic = true,
      .min = 1e-12, .max = 1e-2, .def = 1e-6, .paper = 1e-6 },
    { PARAM(struct theatre_setting, rank), .title = "Rank", .shorthand = "rank k", .unit = "",
      .help = "Eigenvalues that are kept.", .source = "", .min = 1, .max = 512, .def = 3,
      .paper = 3 },
    { PARAM(struct theatre_setting, t), .title = "Time", .shorthand = "t / T", .unit = "",
      .help = "How much of the noise is there: at 1 all that epsilon asks for.", .source = "",
      .min = 0, .max = 1, .def = 1, .paper = 1 },
    { PARAM(struct theatre_setting, clip), .title = "Clip", .shorthand = "clip C", .unit = "",
      .help = "Rows are at most that long; a public number, never read off the data.", .source = "",
      .logarithmic = true, .min = 1e-3, .max = 1e3, .def = 1, .paper = 1 },
    { PARAM(struct theatre_setting, relation), .title = "Neighbours", .shorthand = "relation",
      .unit = "", .help = "Tables that are told apart: one row is another, or one is there or not.",
      .source = "", .max = 1, .choices = relation_words },
    { PARAM(struct theatre_setting, scene), .title = "Scene", .shorthand = "scene", .unit = "",
      .help = "The covariance of what is open, or a scene whose matrix is made up.", .source = "",
      .max = 0, .choices = scene_words },
    { PARAM(struct theatre_setting, runs), .title = "Runs", .shorthand = "runs", .unit = "",
      .help = "Simulated releases behind a band.", .source = "", .logarithmic = true, .min = 8,
      .max = 1024, .def = 32, .paper = 32 },
    { PARAM(struct theatre_setting, seed), .title = "Seed", .shorthand = "seed", .unit = "",
      .help = "Of the simulated noise.", .source = "", .def = 1, .paper = 1 },
};
const struct param_table theatre_rows = PARAM_TABLE(struct theatre_setting, rows);

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

uint64_t theatre_seed(const struct theatre_setting *s)
{
    const uint64_t parts[] = { bits_of(s->epsilon), bits_of(s->delta), bits_of(s->clip),
                               (uint64_t)s->relation, (uint64_t)s->scene };
    uint64_t seed = s->seed;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct philox x = philox_block(seed, (uint32_t)parts[i], (uint32_t)(parts[i] >> 32),
                                       STREAM_NOISE, (uint32_t)i);
        seed = (uint64_t)x.word[1] << 32 | x.word[0];
    }
    return seed;
}

void theatre_matrix_destroy(struct theatre_matrix *x)
{
    if (x)
        memory_free(x->sigma);
    memory_free(x);
}

void theatre_paths_destroy(struct theatre_paths *x)
{
    for (int i = 0; x && i < THEATRE_FIELDS; i++)
        memory_free(x->values[i]);
    memory_free(x);
}
