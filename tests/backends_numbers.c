/* Random numbers: the same bits everywhere. */

#include "backends.h"

#include "memory.h"

#include <string.h>

/* Where bits may differ: normals of a real graphics processor, whose square root is not exact. */
static double allowed(const struct backend *b, enum sketch_kind kind)
{
    const struct backend *s = b->seat;
    bool exact = !s->host || !s->ops->software || s->ops->software(s);
    return kind == SKETCH_GAUSSIAN && !exact ? tolerances.normals : 0;
}

static double fill_excess(struct backend *b, enum dtype dtype, enum sketch_kind kind, size_t rows,
                          size_t cols, uint32_t matrix, double scale)
{
    struct error err = { 0 };
    struct matrix want = filled(dtype, rows, cols, 0);
    bool ok = true;
    struct buffer out = output(b, dtype, rows, cols, &ok);
    random_fill(kind, SEED + ((uint64_t)7 << 40), STREAM_SKETCH, matrix, scale, want.view);
    for (int i = 0; ok && i < 2; i++)
        ok = fine(backend_fill(kind, SEED + ((uint64_t)7 << 40), STREAM_SKETCH, matrix, scale, &out,
                               &err),
                  &err);
    struct matrix got = fetched(&out, &ok);
    double worst = ok ? 0 : 1, ulps = allowed(b, kind) * epsilon(DTYPE_F32);
    for (size_t i = 0; ok && i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double w = matrix_at(want.view, i, j), g = matrix_at(got.view, i, j);
            exceed(&worst, fabs(g - w) - ulps * fabs(w));
        }
    if (worst > 0)
        printf("# %s, %zu x %zu, scale %g: over by %g\n", sketch_names[kind], rows, cols, scale,
               worst);
    backend_release_all(b);
    matrix_finish(&want);
    matrix_finish(&got);
    return worst;
}

static double fills(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][2] = { { 33, 21 }, { 1, 1 },   { 2, 3 },    { 257, 4 },
                                        { 129, 5 }, { 8, 129 }, { 31, 257 }, { 0, 5 } };
    static const double scales[] = { .25, 1, 1 / 3.0, -1e-3 };
    double worst = 0;
    for (int kind = 0; sketch_names[kind]; kind++)
        for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
            exceed(&worst,
                   fill_excess(b, dtype, (enum sketch_kind)kind, shapes[s][0], fit(shapes[s][1]),
                               s % 2 ? 9 : UINT32_MAX, scales[(s + (size_t)kind) % 4]));
    return worst;
}

static double fill_many(struct backend *b, enum dtype dtype)
{
    size_t cols = fit(509);
    return fill_excess(b, dtype, SKETCH_GAUSSIAN, (1 << 18) / cols + 1, cols, 3, 1);
}

/* Random123's first known answer is a fill: counter and key zero. Of its four words a fill tells
 * how many bits they have, and the first of them. */
static double known_answer(struct backend *b, enum dtype dtype)
{
    static const uint32_t words[] = { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 };
    struct error err = { 0 };
    bool ok = true;
    struct buffer bits = output(b, dtype, 1, 4, &ok), signs = output(b, dtype, 1, 4, &ok);
    ok = ok && fine(backend_fill(SKETCH_POPCOUNT, 0, (enum stream)0, 0, 1, &bits, &err), &err) &&
         fine(backend_fill(SKETCH_RADEMACHER, 0, (enum stream)0, 0, 1, &signs, &err), &err);
    struct matrix p = fetched(&bits, &ok), s = fetched(&signs, &ok);
    size_t wrong = 0;
    for (size_t i = 0; ok && i < 4; i++) {
        double set = matrix_at(p.view, 0, i) / (double)0.35355339f + 16;
        wrong += fabs(set - __builtin_popcount(words[i])) > 1e-5;
        wrong += (matrix_at(s.view, 0, i) < 0) != (words[i] >> 31);
    }
    backend_release_all(b);
    matrix_finish(&p);
    matrix_finish(&s);
    return ok ? (double)wrong : 1;
}

const struct trial trials_numbers[] = {
    { OP_FILL, "sketches of every kind", fills, false },
    { OP_FILL, "2^18 normals", fill_many, false },
    { OP_FILL, "Philox' known answer", known_answer, false },
    { 0 },
};
