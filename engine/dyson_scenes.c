/* The scenes: what one watches to see eigenvalues repel. A scene is a row of the table at the foot. */

#include "dyson.h"
#include "memory.h"

static double nothing(size_t i)
{
    (void)i;
    return 0;
}

/* Far above the edge of the noise, 4 sqrt(32) = 22.6: the gap of the two at t is that of a 2 x 2
 * noise matrix, sqrt(8 t) times a chi of beta + 1 degrees. */
static double twins(size_t i)
{
    return i < 2 ? 60 : 0;
}

/* 1.2 sqrt(d) with d = 64: at t theta / sqrt(t d) is 1.2 / sqrt t, 4 at t = .09, 2 (where complex noise
 * loses the direction) at .36, sqrt 2 (where real noise does) at .72. */
static double spike(size_t i)
{
    return i == 0 ? 9.6 : 0;
}

static double fence(size_t i)
{
    return 23 - 2 * (double)i;
}

const struct dyson_scene dyson_scenes[] = {
    {
        .name = "repulsion",
        .title = "Noise alone",
        .help = "Six equal eigenvalues spread like sqrt t and never meet; complex noise (right) "
                "keeps them further apart than real noise (left). Figure 1 of Mangoubi, Vishnoi "
                "2023.",
        .look = DYSON_PATHS,
        .d = 6,
        .frames = 300,
        .duration = 3,
        .start = nothing,
    },
    {
        .name = "twins",
        .title = "A double eigenvalue splits",
        .help = "Two equal eigenvalues far above the rest part at once: at t = 1 by 3.5 on "
                "average under real noise, 4.5 under complex.",
        .look = DYSON_PATHS,
        .d = 32,
        .frames = 240,
        .duration = 1,
        .start = twins,
    },
    {
        .name = "spike",
        .title = "A direction is lost",
        .help = "One eigenvalue of 1.2 sqrt(d) over zeros. Its vector keeps to the true one while "
                "it is above 2 sqrt(t d) under complex noise, sqrt(2 t d) under real.",
        .look = DYSON_OVERLAP,
        .d = 64,
        .frames = 240,
        .duration = 1,
        .start = spike,
    },
    {
        .name = "fence",
        .title = "Gaps of a picket fence",
        .help =
            "Equal gaps at the start; log10 of each over t. Bright spots are near misses: rarer "
            "and paler under complex noise.",
        .look = DYSON_GAPS,
        .d = 24,
        .frames = 240,
        .duration = 2,
        .start = fence,
    },
    { 0 },
};

size_t dyson_scene_count(void)
{
    return sizeof(dyson_scenes) / sizeof(dyson_scenes[0]) - 1;
}

bool dyson_scene_draw(const struct dyson_scene *s, enum field field, uint64_t seed, uint32_t path,
                      struct dyson_path *out, struct error *err)
{
    double *start = memory_alloc(s->d * sizeof(*start), err);
    for (size_t i = 0; start && i < s->d; i++)
        start[i] = s->start(i);
    bool ok = start && dyson_path_draw(out, field, start, s->d, s->duration / (double)s->frames,
                                       s->frames, s->look == DYSON_OVERLAP, seed, path, err);
    memory_free(start);
    return ok;
}
