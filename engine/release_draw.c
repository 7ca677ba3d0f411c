#include "release_draw.h"

#include "exact.h"
#include "memory.h"
#include "release_noise.h"

void release_draw_finish(struct release_draw *w)
{
    matrix_finish(&w->noisy);
    matrix_finish(&w->imaginary);
    matrix_finish(&w->y);
    memory_free(w->values);
    *w = (struct release_draw){ 0 };
}

bool release_draw_init(struct release_draw *w, enum mechanism m, size_t d, struct error *err)
{
    *w = (struct release_draw){ 0 };
    w->values = memory_alloc(d * sizeof(*w->values), err);
    if (w->values && matrix_init(&w->noisy, DTYPE_F64, d, d, err) &&
        matrix_init(&w->y, DTYPE_F64, d, d, err) &&
        (m != MECHANISM_COMPLEX || matrix_init(&w->imaginary, DTYPE_F64, d, d, err)))
        return true;
    release_draw_finish(w);
    return false;
}

/* It depends on no data, and so protects and costs nothing: any generator will do, under a key of
 * its own. */
bool release_draw_imaginary(double deviation, uint64_t key, struct matrix_view out,
                            struct error *err)
{
    struct matrix whole = { 0 };
    size_t d = out.rows;
    if (!matrix_init(&whole, DTYPE_F64, d, 2 * d, err))
        return false;
    ensemble_noise(FIELD_COMPLEX, key, 0, deviation, whole.view);
    matrix_copy(matrix_block(whole.view, 0, d, d, d), out);
    matrix_finish(&whole);
    return true;
}

/* Top k, real part, shrunk, clamped: from what was drawn and public facts. */
static bool process(const struct release_terms *t, double deviation, struct matrix_view whole,
                    struct release_draw *w, struct error *err)
{
    struct mechanism_output o = { 0 };
    struct mechanism_wish wish = {
        .field = t->mechanism == MECHANISM_COMPLEX ? FIELD_COMPLEX : FIELD_REAL,
        .rank = t->rank,
        .form = t->form,
        .shrink = t->shrink,
        .clamp = t->clamp,
        .deviation = deviation,
    };
    bool ok = mechanism_process(whole, &wish, &o, err) && mechanism_matrix(&o, w->y.view, err);
    for (size_t i = 0; ok && i < w->y.view.rows; i++)
        w->values[i] = o.values[i];
    w->rank = o.rank;
    mechanism_finish(&o);
    return ok;
}

bool release_draw_follow(const struct release_terms *t, double deviation, struct release_draw *w,
                         struct error *err)
{
    size_t d = w->noisy.view.rows;
    struct matrix whole = { 0 };
    if (t->mechanism != MECHANISM_COMPLEX)
        return process(t, deviation, w->noisy.view, w, err);
    bool ok = matrix_init(&whole, DTYPE_F64, d, 2 * d, err);
    if (ok) {
        matrix_copy(w->noisy.view, matrix_block(whole.view, 0, 0, d, d));
        matrix_copy(w->imaginary.view, matrix_block(whole.view, 0, d, d, d));
        ok = process(t, deviation, whole.view, w, err);
    }
    matrix_finish(&whole);
    return ok;
}

void release_draw_put(const int64_t *noisy, double lattice, struct matrix_view out)
{
    for (size_t i = 0; i < out.rows; i++)
        for (size_t j = 0; j < out.cols; j++)
            matrix_put(out, i, j, (double)noisy[i * out.cols + j] * lattice);
}

bool release_draw_make(const struct release_terms *t, const struct release_price *p,
                       const int64_t *noisy, struct chacha *from, struct release_draw *w,
                       struct error *err)
{
    release_draw_put(noisy, p->lattice, w->noisy.view);
    if (t->mechanism == MECHANISM_COMPLEX &&
        !release_draw_imaginary(p->deviation, chacha_word(from), w->imaginary.view, err))
        return false;
    return release_draw_follow(t, p->deviation, w, err);
}

bool release_try_noisy(const int32_t *rows, size_t n, size_t d, const struct release_price *p,
                       struct chacha *from, int64_t *out, struct error *err)
{
    struct release_deviation steps = { p->grid_deviation, p->grid_diagonal };
    exact_gram(rows, n, d, out);
    return release_noise(out, d, &steps, from, out, err);
}

bool release_try(const int32_t *rows, size_t n, size_t d, const struct release_terms *t,
                 const struct release_price *p, struct chacha *from, struct release_draw *w,
                 struct error *err)
{
    int64_t *sums = memory_alloc(d * d * sizeof(*sums), err);
    bool ok = sums && release_try_noisy(rows, n, d, p, from, sums, err) &&
              release_draw_make(t, p, sums, from, w, err);
    memory_free(sums);
    return ok;
}
