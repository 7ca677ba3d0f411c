/* The params of a rounded matrix and a pair of rounded factors, as a plan, a size and a run; and theory. */

#include "remainder_method.h"

#include "blas.h"
#include "coding_rows.h"
#include "quarter_circle.h"

#include <math.h>

/* Beyond these the places of levels matter little, and tables of them grow long. */
enum { BITS_TABULATED = 8 };

static const struct quantizer *with_bits(const struct quantizer *q, int least, int most,
                                         enum rounding rounding)
{
    bool fits = least >= q->min_bits && most <= q->max_bits && most <= BITS_TABULATED &&
                !(q->group && rounding == ROUNDING_DITHERED);
    return fits ? q : quantizer_find("uniform");
}

struct remainder remainder_method_of(const struct remainder_params *p, size_t rows, size_t cols)
{
    struct pair pair = PAIR_OF(p);
    pair.persist = p->persist;
    const struct quantizer *q = with_bits(pair.quantizer, p->bits, p->bits, pair.rounding);
    int less = pair.left_bits < pair.right_bits ? pair.left_bits : pair.right_bits;
    int more = pair.left_bits + pair.right_bits - less;
    pair.quantizer = with_bits(pair.quantizer, less, more, pair.rounding);
    return (struct remainder){ .dense = { .quantizer = q,
                                          .bits = p->bits,
                                          .rounding = pair.rounding,
                                          .clip = pair.clip,
                                          .scales = pair.scales,
                                          .symmetric = coding_symmetric(pair.symmetric, q),
                                          .seed = pair.seed,
                                          .stream = STREAM_DITHER_DENSE },
                               .pair = pair,
                               .rank = rank_clamped(p->rank, rows, cols),
                               .rounds = p->rounds ? p->rounds : 1,
                               .persist = p->persist,
                               .inner_rounds = p->inner_rounds,
                               .lr_first = p->order == REMAINDER_LR_FIRST,
                               .restart = p->restart,
                               .downdate = p->downdate,
                               .rotate = p->hadamard };
}

uint64_t remainder_method_bits(const void *params, enum dtype dtype, size_t rows, size_t cols,
                               bool paper)
{
    struct remainder r = remainder_method_of(params, rows, cols);
    (void)dtype;
    return remainder_bits(&r, rows, cols, paper);
}

double remainder_method_flops(const void *params, size_t rows, size_t cols)
{
    struct remainder r = remainder_method_of(params, rows, cols);
    return remainder_flops(&r, rows, cols);
}

bool remainder_method_run(struct job *job, const struct inputs *in, const void *params,
                          struct result *out, struct error *err)
{
    struct matrix_view a = in->matrices[0];
    struct remainder r = remainder_method_of(params, a.rows, a.cols);
    return remainder_fit(job, &r, in, out, err);
}

/* ||L R||_F^2 over `unit` squared, by the Gram matrices of L and R^T. */
static bool product_square(const struct part *left, const struct part *right, double unit,
                           double *square)
{
    struct error ignored = { 0 };
    struct arena scratch = { 0 };
    struct matrix_view l, r, g, h;
    size_t k = part_cols(left);
    bool ok = arena_matrix(&scratch, DTYPE_F64, part_rows(left), k, &l, &ignored) &&
              arena_matrix(&scratch, DTYPE_F64, k, part_cols(right), &r, &ignored) &&
              arena_matrix(&scratch, DTYPE_F64, k, k, &g, &ignored) &&
              arena_matrix(&scratch, DTYPE_F64, k, k, &h, &ignored) &&
              part_decode(left, l, &ignored) && part_decode(right, r, &ignored);
    if (ok) { /* each by a root of the unit, so that no square leaves the range */
        for (size_t i = 0; i < l.rows; i++)
            for (size_t j = 0; j < k; j++)
                matrix_put(l, i, j, matrix_at(l, i, j) / sqrt(unit));
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < r.cols; j++)
                matrix_put(r, i, j, matrix_at(r, i, j) / sqrt(unit));
        blas_gemm(matrix_transposed(l), l, g);
        blas_gemm(r, matrix_transposed(r), h);
        *square = 0;
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++)
                *square += matrix_at(g, i, j) * matrix_at(h, i, j);
    }
    arena_finish(&scratch);
    return ok;
}

bool remainder_method_theory(const void *params, const struct spectrum *s, const struct result *r,
                             size_t matrix, const size_t *ranks, size_t n, struct theory *out)
{
    (void)params;
    const struct measure *m = &r->measures[matrix];
    const struct term *pair = NULL;
    double square = 0;
    for (size_t i = 0; i < r->n_terms; i++)
        if (r->terms[i].matrix == matrix && r->terms[i].right != TERM_DENSE)
            pair = &r->terms[i];
    if (!pair || !(m->norm > 0) || !isfinite(m->error) ||
        !product_square(&r->parts[pair->left], &r->parts[pair->right], m->norm, &square))
        return false;
    for (size_t i = 0; i < n; i++) {
        double tail = sqrt((m->error * m->error + square) *
                           quarter_circle_tail(s->rows, s->cols, ranks[i]));
        out[i] = (struct theory){ .tail = tail,
                                  .error = tail,
                                  .unproved = "an error of Q like noise" };
    }
    return true;
}
