#include "verdict.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

enum { HALF_BYTES = 2, BLOCK = 32, BLOCK_BYTES = 34 };

const char *const verdict_names[] = { "none", "quantize", "factorize", "depends", NULL };

/* The types that are measured, in the order of the lines. */
static const char *const measured[] = { [VERDICT_Q8_0] = "Q8_0", [VERDICT_Q4_0] = "Q4_0" };
enum { MEASURED = sizeof(measured) / sizeof(measured[0]) };

uint64_t verdict_factor_bytes(size_t rows, size_t cols, size_t k)
{
    return (uint64_t)HALF_BYTES * k * ((uint64_t)rows + cols);
}

size_t verdict_rank(size_t rows, size_t cols, uint64_t bytes)
{
    size_t least = rows < cols ? rows : cols;
    if (!least)
        return 0;
    uint64_t k = bytes / (HALF_BYTES * ((uint64_t)rows + cols));
    return k < least ? (size_t)k : least;
}

static uint64_t type_bytes(const struct spectrum *s, size_t type)
{
    uint64_t blocks = ((uint64_t)s->cols + BLOCK - 1) / BLOCK;
    return (uint64_t)s->rows * blocks * block_named(measured[type])->bytes;
}

/* Factors of at least as many numbers as the matrix are no low rank, whatever padding paid for them;
 * rows shorter than a block are padding for the most part. */
static void buy(const struct spectrum *s, struct verdict_line *line)
{
    line->rank = verdict_rank(s->rows, s->cols, line->bytes);
    bool fewer = (double)line->rank * ((double)s->rows + (double)s->cols) <
                 (double)s->rows * (double)s->cols;
    bool low = fewer && s->cols >= BLOCK && s->n > 0 && line->rank <= s->n;
    line->low_rank = low ? spectrum_tail(s, line->rank) : (double)NAN;
}

static bool known(const struct verdict_line *line)
{
    return line->type && !isnan(line->rounding) && !isnan(line->low_rank);
}

/* 1: low rank leaves less, -1: rounding does, 0: there is no telling. */
static int winner(const struct verdict_line *line)
{
    double low_rank = fmax(line->low_rank, VERDICT_FLOOR);
    double rounding = fmax(line->rounding, VERDICT_FLOOR);
    return (low_rank < rounding) - (low_rank > rounding);
}

static double gain(const struct verdict_line *line)
{
    return fmax(line->rounding, VERDICT_FLOOR) / fmax(line->low_rank, VERDICT_FLOOR);
}

/* Two digits; what is below the rounding of factors to half precision is not told apart. */
static const char *percent(double x, char out[16])
{
    if (x < VERDICT_FLOOR)
        return "under 0.05 %";
    snprintf(out, 16, x >= 0.0995 ? "%.0f %%" : x >= 0.00995 ? "%.1f %%" : "%.2f %%", 100 * x);
    return out;
}

/* A source that was rounded in blocks: what that cost is behind us, and its bytes are what counts.
 * Rounding it once more would be judged on its own grid. */
static void judge_rounded(struct verdict *v)
{
    const struct verdict_line *own = &v->lines[VERDICT_OWN];
    char a[16], b[16];
    bool won = winner(own) > 0;
    v->answer = won ? VERDICT_FACTORIZE : VERDICT_QUANTIZE;
    v->gain = gain(own);
    snprintf(v->text, sizeof(v->text),
             won ? "its rounding to %s cost about %s; rank %zu at the same bytes would leave out "
                   "only %s: factorize"
                 : "its rounding to %s cost about %s; rank %zu at the same bytes would leave out "
                   "%s: keep it",
             own->type, percent(own->rounding, a), own->rank, percent(own->low_rank, b));
}

static void judge(struct verdict *v)
{
    const struct verdict_line *four = &v->lines[VERDICT_Q4_0], *eight = &v->lines[VERDICT_Q8_0];
    char a[16], b[16], c[16], d[16];
    const struct verdict_line *line = winner(four) ? four : eight; /* that which decides */
    const char *rounding = percent(line->rounding, a), *low_rank = percent(line->low_rank, b);
    int won = winner(line), bits = line == four ? 4 : 8;
    v->gain = gain(four);
    if (!won) {
        snprintf(v->text, sizeof(v->text),
                 "plain rounding and low rank both leave %s at the same bytes: either will do",
                 low_rank);
        return;
    }
    if (winner(four) * winner(eight) < 0) {
        v->answer = VERDICT_DEPENDS;
        snprintf(v->text, sizeof(v->text),
                 "at 4 bits an entry rank %zu leaves %s and rounding %s, at 8 bits %s and %s: it "
                 "depends on the size",
                 four->rank, low_rank, rounding, percent(eight->low_rank, c),
                 percent(eight->rounding, d));
        return;
    }
    v->answer = won > 0 ? VERDICT_FACTORIZE : VERDICT_QUANTIZE;
    snprintf(v->text, sizeof(v->text),
             won > 0 ? "plain %d-bit rounding leaves %s; rank %zu at the same bytes only %s: "
                       "factorize"
                     : "plain %d-bit rounding leaves %s; low rank (%zu) at the same bytes %s: "
                       "quantize",
             bits, rounding, line->rank, low_rank);
}

void verdict_of(const struct spectrum *s, const double rounding[2], const struct verdict_line *own,
                struct verdict *out)
{
    struct verdict v = { .gain = (double)NAN };
    for (size_t i = 0; i < MEASURED; i++) {
        v.lines[i] = (struct verdict_line){ .type = measured[i],
                                            .bytes = type_bytes(s, i),
                                            .rounding = rounding[i] };
        buy(s, &v.lines[i]);
    }
    struct verdict_line *mine = &v.lines[VERDICT_OWN];
    *mine = own ? *own : (struct verdict_line){ .rounding = (double)NAN };
    if (mine->type)
        buy(s, mine);
    else
        mine->low_rank = (double)NAN;
    if (s->n && !(s->norm > 0))
        snprintf(v.text, sizeof(v.text), "all entries are zero");
    else if (mine->estimated && known(mine))
        judge_rounded(&v);
    else if (known(&v.lines[VERDICT_Q4_0]) && known(&v.lines[VERDICT_Q8_0]))
        judge(&v);
    else if (s->n && !isnan(rounding[VERDICT_Q8_0]) && !isnan(rounding[VERDICT_Q4_0]))
        snprintf(v.text, sizeof(v.text),
                 "too narrow: the bytes of blocks of %d hold factors as large as the matrix",
                 BLOCK);
    *out = v;
}

static void round_block(const struct block_type *type, struct matrix_view block, double *lost,
                        double *whole)
{
    float x[BLOCK] = { 0 }, y[BLOCK];
    uint8_t bytes[BLOCK_BYTES];
    double sum = 0, square = 0;
    matrix_copy(block, (struct matrix_view){ x, 1, block.cols, BLOCK, 1, DTYPE_F32 });
    block_encode(type, x, bytes);
    block_decode(type, bytes, y);
    for (size_t k = 0; k < block.cols; k++) {
        double difference = (double)x[k] - (double)y[k];
        sum += difference * difference;
        square += (double)x[k] * (double)x[k];
    }
    *lost += sum;
    *whole += square;
}

void verdict_round(struct matrix_view a, const char *type, double *lost, double *whole)
{
    const struct block_type *t = block_named(type);
    assert(t && t->pack && t->elements == BLOCK && t->bytes <= BLOCK_BYTES);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j += BLOCK) {
            size_t n = a.cols - j < BLOCK ? a.cols - j : BLOCK;
            round_block(t, matrix_block(a, i, j, 1, n), lost, whole);
        }
}

double verdict_rounding(double lost, double whole)
{
    if (!isfinite(lost) || !isfinite(whole))
        return (double)NAN;
    return whole > 0 ? sqrt(lost / whole) : 0;
}
