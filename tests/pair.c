#include "pair.h"
#include "check.h"
#include "lab.h"
#include "split.h"

/* Pairs whose columns have bits of their own: the same factors as one group where the bits are the
 * same, sizes to the bit, and one fit over all columns. In f64 unless said. */

static double decaying(size_t i)
{
    return 1 / (double)i;
}

enum { ROWS = 60, COLS = 50, RANK = 12 };

/* A fit to U Sigma, measured against its input, as approximate does it. */
static struct result fitted(struct lab *l, const struct pair *p, struct matrix_view a, int rounds)
{
    struct result r = { 0 };
    struct error err = { 0 };
    struct svd s = lab_svd(a);
    struct buffer whole = { 0 }, start = { 0 };
    struct matrix u = lab_matrix(a.dtype, a.rows, RANK),
                  rest = lab_matrix(DTYPE_F64, a.rows, a.cols);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < RANK; j++)
            matrix_put(u.view, i, j, matrix_at(s.u.view, i, j) * s.sigma[j]);
    bool ok = result_init(&r, 1, &err);
    r.measures[0].norm = matrix_norm(a);
    ok = ok && backend_load(l->backend, a, &whole, &err) &&
         backend_load(l->backend, u.view, &start, &err) &&
         pair_fit(&l->job, p, &whole, &start, rounds, &r, &err) &&
         result_expand(&r, 0, rest.view, &err);
    if (!ok)
        printf("Bail out! %s\n", err.text);
    backend_release(&whole);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(rest.view, i, j, matrix_at(a, i, j) - matrix_at(rest.view, i, j));
    r.measures[0].residual = matrix_norm(rest.view);
    matrix_finish(&rest);
    matrix_finish(&u);
    svd_finish(&s);
    return r;
}

static const struct pair_group uneven[] = { { 3, 8, 9 }, { 1, 6, 3 }, { 8, 3, 4 } };
static const struct pair_group even[] = { { 3, 5, 6 }, { 1, 5, 6 }, { 8, 5, 6 } };

static struct pair pair_of(const struct pair_group *groups, enum rounding rounding)
{
    return (struct pair){ .quantizer = quantizer_at(0),
                          .groups = groups,
                          .n_groups = groups ? 3 : 0,
                          .left_bits = 5,
                          .right_bits = 6,
                          .rounding = rounding,
                          .scales = SCALES_VECTOR,
                          .seed = 7 };
}

/* With ranges of its own every column is coded alike, alone or in company. */
static void company(struct lab *l, struct matrix_view a)
{
    struct pair apart = pair_of(even, ROUNDING_NEAREST), whole = pair_of(NULL, ROUNDING_NEAREST);
    struct result x = fitted(l, &apart, a, 4), y = fitted(l, &whole, a, 4);
    printf("# residual of three groups %.17g, of one %.17g\n", x.measures[0].residual,
           y.measures[0].residual);
    CHECK(x.n_terms == 3 && y.n_terms == 1 && x.rank == RANK && y.rank == RANK);
    CHECK_NEAR(x.measures[0].residual / y.measures[0].residual, 1, 1e-3); /* units differ */
    CHECK(!strcmp(y.parts[0].name, "left") && !strcmp(y.parts[1].name, "right"));
    CHECK(!strcmp(x.parts[0].name, "left1") && !strcmp(x.parts[5].name, "right3"));
    result_finish(&x);
    result_finish(&y);
}

static void sizes(struct lab *l, struct matrix_view a)
{
    struct pair p = pair_of(uneven, ROUNDING_NEAREST);
    struct result r = fitted(l, &p, a, 1);
    uint64_t codes = ROWS * (3 * 8 + 6 + 8 * 3) + COLS * (3 * 9 + 3 + 8 * 4);
    CHECK(pair_bits(&p, ROWS, COLS, 0, true) == codes && result_bits_paper(&r) == codes);
    uint64_t all = codes + 2 * 32 * RANK + 2 * 64 * 3; /* ranges, and a unit for each part */
    CHECK(pair_bits(&p, ROWS, COLS, 0, false) == all && result_bits_true(&r) == all);
    for (size_t g = 0; g < 3; g++) {
        CHECK(r.parts[2 * g].codes.coding.bits == uneven[g].left_bits);
        CHECK(r.parts[2 * g + 1].codes.coding.bits == uneven[g].right_bits);
    }
    result_finish(&r);
}

/* One least-squares fit over all groups, dithered or not. */
static void identities(struct lab *l)
{
    static const double allowed[] = { [DTYPE_F32] = 1e-5, [DTYPE_F64] = 1e-9 };
    for (int type = 0; type < 4; type++) {
        enum dtype dtype = type % 2 ? DTYPE_F64 : DTYPE_F32;
        struct matrix a = lab_spectrum(dtype, ROWS, COLS, 3, decaying);
        struct pair p = pair_of(uneven, type / 2 ? ROUNDING_DITHERED : ROUNDING_NEAREST);
        struct result r = fitted(l, &p, a.view, 1 + type);
        struct split s = split_of(&r, a.view);
        printf("# groups, f%d, %d rounds: gap %.1e, told %.1e, farthest %.4f\n",
               dtype == DTYPE_F64 ? 64 : 32, 1 + type, s.gap, s.told, s.farthest);
        CHECK(fabs(s.gap) <= allowed[dtype]);
        CHECK(s.told <= allowed[dtype]);
        CHECK(s.farthest <= 1 + 1e-2);
        result_finish(&r);
        matrix_finish(&a);
    }
}

/* A quantizer of the group's own. */
static void quantizers_apart(struct lab *l, struct matrix_view a)
{
    struct pair_group own[] = { { 4, 5, 6, NULL, NULL }, { 8, 5, 6, NULL, NULL } };
    struct quantizer other = *quantizer_at(0);
    other.name = "other";
    own[1].left_quantizer = &other;
    struct pair p = pair_of(own, ROUNDING_NEAREST);
    p.n_groups = 2;
    struct result r = fitted(l, &p, a, 2);
    CHECK(r.parts[1].codes.coding.quantizer == quantizer_at(0));
    CHECK(r.parts[2].codes.coding.quantizer == &other);
    CHECK(r.parts[3].codes.coding.quantizer == quantizer_at(0));
    result_finish(&r);
}

static void releasing(struct lab *l, struct matrix_view a)
{
    size_t before = memory_used();
    struct pair p = pair_of(uneven, ROUNDING_NEAREST);
    struct result r = fitted(l, &p, a, 3);
    result_finish(&r);
    CHECK(memory_used() == before);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    struct matrix a = lab_spectrum(DTYPE_F64, ROWS, COLS, 3, decaying);
    company(&l, a.view);
    sizes(&l, a.view);
    identities(&l);
    quantizers_apart(&l, a.view);
    releasing(&l, a.view);
    matrix_finish(&a);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
