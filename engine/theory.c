/* Saha, Srivastava, Pilanci 2023, Theorem 3.2, and what its argument gives for factors of an SVD. */

#include "theory.h"

#include "coding_table.h"
#include "memory.h"

#include <math.h>

/* What the codes of a result say of its components: of either factor in units of its largest
 * magnitude, so that no square leaves the range. */
struct components {
    const struct coded *left, *right;
    size_t n; /* the rank */
    double left_unit, right_unit;
    double *left_square, *right_square; /* owned; mean squared step of a column, a row */
    double *norm_square;                /* owned; of a column of the left factor as it decodes */
};

static void components_finish(struct components *c)
{
    memory_free(c->left_square);
    memory_free(c->right_square);
    memory_free(c->norm_square);
}

/* The largest gap between two levels as a share of the range. */
static bool largest_gap(const struct coding *c, double *gap)
{
    struct error ignored = { 0 };
    struct coding_levels l = { 0 };
    if (!coding_levels_init(&l, c, &ignored))
        return false;
    *gap = l.at ? 0 : 1.0 / l.last;
    for (uint32_t i = 0; l.at && i < l.last; i++)
        *gap = fmax(*gap, 0.5 * (l.at[i + 1] - l.at[i]));
    coding_levels_finish(&l);
    return true;
}

/* The mean of the squared steps over the entries of each column (left factor) or row. */
static double *squared_steps(const struct coded *x, double unit)
{
    struct error ignored = { 0 };
    struct coding_table t = { 0 };
    const struct coding *c = &x->coding;
    size_t n = c->by_column ? x->cols : x->rows, length = c->by_column ? x->rows : x->cols;
    double gap, *out = memory_alloc(n * sizeof(*out), &ignored);
    bool ok = out && largest_gap(c, &gap) && coding_table_init(&t, c, x->rows, x->cols, &ignored);
    if (ok)
        coding_table_read(x, &t);
    const struct coding_grid *g = &t.grid;
    size_t blocks = c->by_column ? g->rows : g->cols, along = c->by_column ? g->down : g->across;
    for (size_t i = 0; ok && i < n; i++)
        for (size_t b = 0; b < blocks; b++) {
            bool tensor = c->scales == SCALES_TENSOR;
            size_t at = tensor ? 0 : c->by_column ? b * g->cols + i : i * g->cols + b;
            size_t entries = length - b * along < along ? length - b * along : along;
            double step = gap * (t.high[at] / unit - t.low[at] / unit);
            out[i] += step * step * (double)entries / (double)length;
        }
    coding_table_finish(&t);
    if (ok)
        return out;
    memory_free(out);
    return NULL;
}

static double *squared_norms(const struct coded *x, double unit)
{
    struct error ignored = { 0 };
    struct matrix z = { 0 };
    double *out = memory_alloc(x->cols * sizeof(*out), &ignored);
    bool ok = out && matrix_init(&z, DTYPE_F64, x->rows, x->cols, &ignored) &&
              coding_decode(x, z.view, &ignored);
    for (size_t i = 0; ok && i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) {
            double v = matrix_at(z.view, i, j) / unit;
            out[j] += v * v;
        }
    matrix_finish(&z);
    if (ok)
        return out;
    memory_free(out);
    return NULL;
}

/* The only term of an input, if it is a product of two coded parts. */
static bool factors_of(const struct result *r, size_t matrix, struct components *c)
{
    size_t found = 0;
    for (size_t i = 0; i < r->n_terms; i++) {
        const struct term *t = &r->terms[i];
        if (t->matrix != matrix)
            continue;
        if (found++ || t->right == TERM_DENSE || !r->parts[t->left].coded ||
            !r->parts[t->right].coded)
            return false;
        c->left = &r->parts[t->left].codes;
        c->right = &r->parts[t->right].codes;
    }
    c->n = found ? c->left->cols : 0;
    return c->n > 0 && c->left->coding.quantizer->group == 0 &&
           c->right->coding.quantizer->group == 0;
}

static double unit_of(const struct coded *x)
{
    double range, step;
    coding_extent(x, &range, &step);
    return range > 0 ? range : 1;
}

static bool components_of(const struct result *r, size_t matrix, struct components *c)
{
    if (!factors_of(r, matrix, c))
        return false;
    c->left_unit = unit_of(c->left);
    c->right_unit = unit_of(c->right);
    c->left_square = squared_steps(c->left, c->left_unit);
    c->right_square = squared_steps(c->right, c->right_unit);
    c->norm_square = squared_norms(c->left, c->left_unit);
    return c->left_square && c->right_square && c->norm_square;
}

/* The ranges of bound.h that have these steps: R = step (2^B - 1) / 2. */
static struct bound_lplr bound_of(const struct components *c)
{
    double left = 0, right = 0, norm = 0;
    for (size_t i = 0; i < c->n; i++) {
        left += c->left_square[i] / (double)c->n;
        right += c->right_square[i] * c->norm_square[i];
        norm += c->norm_square[i];
    }
    int b = c->left->coding.bits, b2 = c->right->coding.bits;
    return (struct bound_lplr){
        .n = c->left->rows,
        .d = c->right->cols,
        .m = c->n,
        .left_bits = b,
        .right_bits = b2,
        .left_range = sqrt(left) * c->left_unit / 2 * (ldexp(1, b) - 1),
        .right_range = norm > 0 ? sqrt(right / norm) * c->right_unit / 2 * (ldexp(1, b2) - 1) : 0,
        .left_norm = sqrt(norm) * c->left_unit,
    };
}

bool theory_lplr(const struct spectrum *s, const struct result *r, size_t matrix,
                 const size_t *ranks, size_t n, struct theory *out)
{
    struct components c = { 0 };
    bool any = false;
    if (components_of(r, matrix, &c)) {
        const struct bound_lplr here = bound_of(&c);
        for (size_t i = 0; i < n; i++) {
            struct bound_lplr b = here;
            b.m = ranks[i];
            b.left_range *= sqrt((double)here.m / (double)b.m);
            out[i].error = (double)NAN;
            any |= bound_lplr_parts(&b, s, &out[i]);
        }
    }
    components_finish(&c);
    return any;
}

/* Component i's squared step; beyond the result's rank as the last that stands, or, where
 * components have ranges of their own, falling with the entries. */
static double square_at(const struct spectrum *s, const double *square, size_t n, size_t i,
                        const struct coding *c, double power)
{
    if (i < n)
        return square[i];
    if (c->scales == SCALES_TENSOR || !(s->sigma[n - 1] > 0))
        return square[n - 1];
    return square[n - 1] * pow(s->sigma[i] / s->sigma[n - 1], 2 * power);
}

/* What component i adds to the squared error, over ||A||^2. */
static void add_component(const struct spectrum *s, const struct components *c, size_t i,
                          double split, double *left, double *right)
{
    double rows = (double)c->left->rows, cols = (double)c->right->cols, sigma = s->sigma[i];
    double d = square_at(s, c->left_square, c->n, i, &c->left->coding, split);
    double d2 = square_at(s, c->right_square, c->n, i, &c->right->coding, 1 - split);
    double column = pow(sigma, split) / c->left_unit; /* of L before rounding */
    double norm = i < c->n ? c->norm_square[i] : column * column + rows * d / 4;
    double unit = c->left_unit / s->norm, row = pow(sigma, 1 - split) * unit;
    *left += rows * d / 4 * row * row;
    *right += cols * d2 / 4 * norm * (unit * c->right_unit) * (unit * c->right_unit);
}

bool theory_svd(const struct spectrum *s, const struct result *r, size_t matrix, double split,
                const size_t *ranks, size_t n, struct theory *out)
{
    struct components c = { 0 };
    double left = 0, right = 0, optimal = r->measures[matrix].optimal;
    bool complete = s->n == (s->rows < s->cols ? s->rows : s->cols), any = false;
    bool ok = s->norm > 0 && components_of(r, matrix, &c);
    for (size_t i = 0, at = 0; ok && i < n; i++) {
        out[i].error = (double)NAN;
        if (ranks[i] > s->n || (!complete && (ranks[i] != c.n || isnan(optimal))))
            continue;
        for (; at < ranks[i]; at++)
            add_component(s, &c, at, split, &left, &right);
        double tail = complete ? spectrum_tail(s, ranks[i]) : optimal;
        out[i].tail = tail;
        out[i].left = sqrt(left);
        out[i].right = sqrt(right);
        out[i].error = sqrt(tail * tail + left + right);
        any = true;
    }
    components_finish(&c);
    return any;
}

const char *theory_doubt(const struct result *r, size_t matrix, bool one_range, bool gaussian)
{
    struct components c = { 0 };
    if (!factors_of(r, matrix, &c))
        return "not two coded factors";
    const struct coding *l = &c.left->coding, *w = &c.right->coding;
    const struct {
        bool fails;
        const char *words;
    } doubts[] = {
        { l->rounding != ROUNDING_DITHERED || w->rounding != ROUNDING_DITHERED,
          "nearest rounding" },
        { coding_clip(l) != CLIP_NONE || coding_clip(w) != CLIP_NONE, "clipped ranges" },
        { one_range && (l->scales != SCALES_TENSOR || w->scales != SCALES_TENSOR),
          "several ranges" },
        { one_range && (!l->symmetric || !w->symmetric), "range not symmetric" },
        { one_range && (l->quantizer->codebook || w->quantizer->codebook), "levels not uniform" },
        { !gaussian, "sketch not Gaussian" },
        { r->rounds != 1, "several rounds" },
    };
    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
        if (doubts[i].fails)
            return doubts[i].words;
    return NULL;
}

void theory_claim(const char *doubt, const struct result *r, const size_t *ranks, size_t n,
                  struct theory *out)
{
    for (size_t i = 0; i < n; i++) {
        bool own = ranks[i] == r->rank;
        out[i].proved = !doubt && own;
        out[i].unproved = !doubt && !own ? "ranges of another rank" : doubt;
    }
}
