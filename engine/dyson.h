#pragma once

#include "ensemble.h"

/* Eigenvalues of M + B(t), B(t) = W(t) + W(t)^* a Hermitian Brownian motion (Mangoubi, Vishnoi, COLT 2023,
 * section 3), drawn exactly: a frame adds sqrt(dt) (W + W^*) and finds the eigenvalues anew, so that
 * every frame has the law of t, whatever dt. The deviation of a real or imaginary part off the diagonal
 * is sqrt(2 t), and Algorithm 1 with noise scale T is t = T. Law and eigenvalues depend on the
 * spectrum of M alone. Simulated: seeded, never for a release, and t = 0 shows M's own spectrum.
 *
 * By Ito's formula they also follow d x_i = 2 dw_i + 2 beta sum_j dt / (x_i - x_j): the printed drift, eq.
 * (3), lacks the factor 2 that this B has (dyson_sde.h). One thread at a time; nothing shared. */

struct dyson {
    enum field field;
    size_t d, frame; /* frames drawn so far */
    double t, dt;
    double *values; /* d, descending; ours */
    /* <top eigenvector of M + B(t), top eigenvector of M>^2, from eigenvalues alone; NAN unless asked for */
    double overlap;
    bool overlaps;
    uint64_t seed;
    uint32_t path;
    struct matrix sum, noise, work; /* as ensemble.h has them, one matrix each */
};

/* start: d eigenvalues of M, descending, d >= 1. Frame n of path `path` depends on seed, field,
 * path, dt and n alone: paths below 2^15 share no number, frames below 2^16 neither. A frame at d = 64
 * takes some milliseconds, twice that with overlaps. Fails with ERROR_MEMORY, ERROR_LIMIT. */
bool dyson_init(struct dyson *x, enum field field, const double *start, size_t d, double dt,
                bool overlaps, uint64_t seed, uint32_t path, struct error *err);
/* One frame; after a failure (ERROR_NUMERIC, ERROR_MEMORY) nothing has moved. */
bool dyson_step(struct dyson *x, struct error *err);
void dyson_finish(struct dyson *x); /* {0} is fine */

/* A whole path, kept: what a screen plays back and forth. */
struct dyson_path {
    enum field field;
    size_t d, frames; /* rows of values less one: row 0 is M */
    double dt;
    double *values; /* (frames + 1) x d, each row descending */
    double
        *overlap; /* frames + 1, or NULL; the first is 1 where M's top value is single, else NAN */
};

/* Fails as above, and with ERROR_CANCELLED between two frames (cancel.h). */
bool dyson_path_draw(struct dyson_path *out, enum field field, const double *start, size_t d,
                     double dt, size_t frames, bool overlaps, uint64_t seed, uint32_t path,
                     struct error *err);
void dyson_path_finish(struct dyson_path *p); /* {0} is fine */

static inline const double *dyson_path_at(const struct dyson_path *p, size_t frame)
{
    return p->values + frame * p->d;
}

/* A near miss: a gap smaller than in the frames before and after. `s` is in Lemma 4's unit, gap /
 * sqrt(t / d): in the middle of the spectrum of B alone P(gap <= s) ~ s^2 / 24 real, s^3 / (72 pi)
 * complex (spacing_small_centre). */
struct dyson_miss {
    size_t frame, i; /* between values i and i + 1, counted from 0 */
    double t, gap, s;
};

/* Those with s <= most_s, in the order of time, at most `room` of them, the smallest s first to stay;
 * returns how many there are in out. Frame 0 and the last frame are none. */
size_t dyson_near_misses(const struct dyson_path *p, double most_s, struct dyson_miss *out,
                         size_t room);
/* The first after `frame`, in a list in the order of time; NULL: none. */
const struct dyson_miss *dyson_next_miss(const struct dyson_miss *misses, size_t n, size_t frame);

/* What a scene is best drawn as. */
enum dyson_look {
    DYSON_PATHS,   /* values over t */
    DYSON_OVERLAP, /* values over t, and the top vector's overlap with its law */
    DYSON_GAPS,    /* log10 of each gap over t, a strip each */
};

/* One scene, both fields side by side: a row of a table, adding one is a row there. */
struct dyson_scene {
    const char *name;  /* "repulsion": a word for commands */
    const char *title; /* for the pane's border, ASCII */
    const char *help;  /* what to look at; one or two sentences, ASCII */
    enum dyson_look look;
    size_t d, frames;          /* frames of the whole scene */
    double duration;           /* t of the last frame */
    double (*start)(size_t i); /* value i of M, descending, i from 0 */
};
extern const struct dyson_scene dyson_scenes[]; /* ends with {0} */
size_t dyson_scene_count(void);

/* The scene's path in one field; `path` reseeds it. Fails as dyson_path_draw. */
bool dyson_scene_draw(const struct dyson_scene *s, enum field field, uint64_t seed, uint32_t path,
                      struct dyson_path *out, struct error *err);
