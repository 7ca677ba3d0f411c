#include "theatre_found.h"

#include <math.h>
#include <string.h>

#include "classical.h"
#include "gaussian_dp.h"
#include "memory.h"
#include "random.h"

enum { SCENES = 12 };
static const char *scene_words[SCENES + 2] = { "open" }; /* theatre_rows_begin */
static const char *const calibration_words[] = { "tight", "classical", NULL };
static const char *const data_words[] = { "rows", "covariance", NULL };

/* clang-format off */
static const struct param rows[] = {
    { PARAM(struct theatre_setting, epsilon), .title = "Epsilon", .shorthand = "epsilon",
      .help = "The promise: less is more private, and more noise.", .logarithmic = true,
      .min = 0.01, .max = 100, .def = 1 },
    { PARAM(struct theatre_setting, delta), .title = "Delta", .shorthand = "delta",
      .help = "The part of the promise that may fail: far below one over the number of rows.",
      .logarithmic = true, .min = 1e-12, .max = 1e-2, .def = 1e-6 },
    { PARAM(struct theatre_setting, rank), .title = "Rank", .shorthand = "rank k",
      .help = "How many eigenvalues are kept.", .min = 1, .max = THEATRE_D, .def = 3 },
    { PARAM(struct theatre_setting, t), .title = "Time", .shorthand = "t / T",
      .help = "How much of the noise is there; at 1 all of it.", .max = 1, .def = 1 },
    { PARAM(struct theatre_setting, clip), .title = "Clip", .shorthand = "clip C",
      .help = "Rows are cut to this length: a public number, never read off the data.",
      .logarithmic = true, .min = 1e-3, .max = 1e3, .def = 1 },
    { PARAM(struct theatre_setting, relation), .title = "Neighbours", .shorthand = "relation",
      .help = "Which tables are not told apart: one row is another, or one more is there.",
      .max = RELATIONS - 1, .choices = relation_names },
    { PARAM(struct theatre_setting, calibration), .title = "Calibration", .shorthand = "noise",
      .help = "As little noise as the promise needs, or as much as Algorithm 1 takes.",
      .max = THEATRE_CLASSICAL, .choices = calibration_words },
    { PARAM(struct theatre_setting, scene), .title = "Scene", .shorthand = "scene",
      .help = "What is open, or a matrix made up to watch its eigenvalues.",
      .max = SCENES, .choices = scene_words },
    { PARAM(struct theatre_setting, data), .title = "Data", .shorthand = "data",
      .help = "Whether what is open has people as rows, or is a covariance already.",
      .max = 1, .choices = data_words },
    { PARAM(struct theatre_setting, runs), .title = "Runs", .shorthand = "runs",
      .help = "Simulated releases behind a band.", .logarithmic = true,
      .min = 8, .max = 1024, .def = 32 },
    { PARAM(struct theatre_setting, seed), .title = "Seed", .shorthand = "seed",
      .help = "Of the simulated noise.", .def = 1 },
};
/* clang-format on */
const struct param_table theatre_rows = PARAM_TABLE(struct theatre_setting, rows);

void theatre_rows_begin(void)
{
    for (size_t i = 0; i < dyson_scene_count() && i < SCENES; i++)
        scene_words[i + 1] = dyson_scenes[i].name;
}

const struct dyson_scene *theatre_scene(const struct theatre_setting *s)
{
    return s->scene > 0 && (size_t)s->scene <= dyson_scene_count() ? &dyson_scenes[s->scene - 1]
                                                                   : NULL;
}

double theatre_deviation(const struct theatre_setting *s)
{
    const struct dyson_scene *scene = theatre_scene(s);
    if (scene)
        return sqrt(2 * scene->duration);
    if (s->calibration == THEATRE_CLASSICAL)
        return classical_deviation(MECHANISM_REAL, s->clip, s->epsilon, s->delta);
    return gdp_deviation(MECHANISM_REAL, (enum relation)s->relation, s->clip,
                         gdp_mu(s->epsilon, s->delta));
}

bool theatre_same_matrix(const struct theatre_setting *a, const struct theatre_setting *b)
{
    return a->scene == b->scene && (a->scene || (a->clip == b->clip && a->data == b->data));
}

bool theatre_same_noise(const struct theatre_setting *a, const struct theatre_setting *b)
{
    return theatre_same_matrix(a, b) && a->seed == b->seed &&
           (a->scene || (a->epsilon == b->epsilon && a->delta == b->delta &&
                         a->relation == b->relation && a->calibration == b->calibration));
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

uint64_t theatre_seed(const struct theatre_setting *s)
{
    const uint64_t parts[] = {
        bits_of(s->epsilon),   bits_of(s->delta),        bits_of(s->clip),
        (uint64_t)s->relation, (uint64_t)s->calibration, (uint64_t)s->scene
    };
    uint64_t seed = s->seed;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct philox x = philox_block(seed, (uint32_t)parts[i], (uint32_t)(parts[i] >> 32),
                                       STREAM_NOISE, (uint32_t)i);
        seed = (uint64_t)x.word[1] << 32 | x.word[0];
    }
    return seed;
}

void theatre_wish_finish(struct theatre_wish *w)
{
    memory_free(w->sigma);
    w->sigma = NULL;
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
        dyson_path_finish(&x->of[i]);
    memory_free(x);
}

void theatre_bands_destroy(struct theatre_bands *x)
{
    if (x)
        monte_carlo_finish(&x->found);
    memory_free(x);
}

void theatre_found_destroy(struct theatre_found *f)
{
    if (!f)
        return;
    theatre_matrix_destroy(f->matrix);
    theatre_paths_destroy(f->paths);
    theatre_bands_destroy(f->bands);
    memory_free(f->tally);
    memory_free(f);
}

void theatre_found_follow(struct theatre_found *newer, struct theatre_found *older)
{
    if (!newer || !older || newer->matrix)
        return;
    newer->matrix = older->matrix;
    older->matrix = NULL;
}
