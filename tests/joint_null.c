#include "joint_null.h"
#include "check.h"
#include "document.h"
#include "lab.h"

/* Shared structure against matrices turned at random: the law of the draws, made-up pairs with and without
 * it, and a real model (EIGENSCOPE_DATA). */

static struct matrix noise(size_t rows, size_t cols, uint32_t number)
{
    struct matrix m = lab_matrix(DTYPE_F64, rows, cols);
    random_fill(SKETCH_GAUSSIAN, 26, STREAM_TEST, number, 1, m.view);
    return m;
}

static struct joint_profile profile(struct lab *l, const struct matrix *m, size_t p,
                                    enum balance balance)
{
    struct joint_profile g;
    struct error err = { 0 };
    struct matrix_view views[3];
    for (size_t i = 0; i < p; i++)
        views[i] = m[i].view;
    if (!joint_profile_init(&g, &l->job, views, p, balance, 0, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return g;
}

static struct joint_null null_of(struct lab *l, const struct joint_profile *g, size_t rank,
                                 size_t draws, uint64_t seed)
{
    struct joint_null out;
    struct error err = { 0 };
    if (!joint_null(&l->job, g, &rank, 1, draws, seed, &out, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return out;
}

/* As it is defined: every member but the first times an orthogonal matrix, and the profile of that. */
static void by_definition(struct lab *l)
{
    enum { DRAWS = 300, N = 18, RANK = 5 };
    struct matrix m[3] = { noise(9, N, 1), noise(30, N, 2), noise(6, N, 3) };
    struct error err = { 0 };
    for (size_t i = 0; i < 3; i++) /* unlike spectra */
        for (size_t c = 0; c < N; c++)
            for (size_t r = 0; r < m[i].view.rows; r++)
                matrix_put(m[i].view, r, c,
                           matrix_at(m[i].view, r, c) * pow(.8, (double)(c * (i + 1))));
    struct joint_profile g = profile(l, m, 3, BALANCE_FROBENIUS);
    struct joint_null own = null_of(l, &g, RANK, DRAWS, 1);
    double mean = 0, squares = 0;
    for (uint32_t d = 0; d < DRAWS; d++) {
        struct matrix turned[3] = { m[0] };
        for (size_t i = 1; i < 3; i++) {
            struct matrix q = noise(N, N, 100 + 2 * d + (uint32_t)i);
            turned[i] = lab_matrix(DTYPE_F64, m[i].view.rows, N);
            if (!linalg_orthonormalize(q.view, &err))
                printf("Bail out! %s\n", err.text);
            blas_gemm(m[i].view, q.view, turned[i].view);
            matrix_finish(&q);
        }
        struct joint_profile t = profile(l, turned, 3, BALANCE_FROBENIUS);
        double e = sqrt(1 - joint_energy(&t, RANK));
        mean += e / DRAWS;
        squares += e * e / DRAWS;
        joint_profile_finish(&t);
        matrix_finish(&turned[1]);
        matrix_finish(&turned[2]);
    }
    double deviation = sqrt((squares - mean * mean) * DRAWS / (DRAWS - 1)),
           off = (own.mean - mean) / (deviation * sqrt(2.0 / DRAWS));
    printf("# mean %.5f, by definition %.5f (%.2f standard errors); deviation %.5f, %.5f\n",
           own.mean, mean, off, own.deviation, deviation);
    CHECK(fabs(off) < 3.5);
    CHECK(fabs(own.deviation / deviation - 1) < .2);
    CHECK(own.least < own.mean && own.mean < own.most && own.draws == DRAWS);
    joint_profile_finish(&g);
    for (size_t i = 0; i < 3; i++)
        matrix_finish(&m[i]);
}

/* Pairs of noise share nothing, a pair that does share does; each by its z. */
static void made_up(struct lab *l)
{
    double most = 0;
    for (uint32_t pair = 0; pair < 5; pair++) {
        struct matrix m[2] = { noise(172, 64, 10 + 2 * pair), noise(172, 64, 11 + 2 * pair) };
        struct joint_profile g = profile(l, m, 2, BALANCE_NONE);
        struct joint_null x = null_of(l, &g, 43, 50, 7);
        printf("# noise: %.5f against %.5f +- %.5f, z %.2f\n", x.error, x.mean, x.deviation, x.z);
        most = fmax(most, fabs(x.z));
        joint_profile_finish(&g);
        matrix_finish(&m[0]);
        matrix_finish(&m[1]);
    }
    CHECK(most < 3);
    struct matrix shared = noise(6, 64, 30), m[2] = { noise(50, 64, 31), noise(30, 64, 32) };
    for (size_t i = 0; i < 2; i++) {
        struct matrix left = noise(m[i].view.rows, 6, 33 + (uint32_t)i);
        blas_gemm_add(.5, left.view, shared.view, m[i].view);
        matrix_finish(&left);
    }
    struct joint_profile g = profile(l, m, 2, BALANCE_NONE);
    struct joint_null x = null_of(l, &g, 6, 50, 7);
    printf("# six directions shared: %.5f against %.5f +- %.5f, z %.2f\n", x.error, x.mean,
           x.deviation, x.z);
    CHECK(x.z < JOINT_NULL_SHARED);
    joint_profile_finish(&g);
    matrix_finish(&shared);
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
}

struct trip {
    atomic_bool flag;
    int steps, at;
};

static void count_step(void *context, double done, const char *stage)
{
    struct trip *t = context;
    (void)stage;
    if (done >= 0 && done <= 1 && ++t->steps == t->at)
        atomic_store(&t->flag, true);
}

/* Many ranks from one set of draws; seeds; what stops it; full rank; what cannot be asked. */
static void laws(struct lab *l)
{
    static const size_t ranks[] = { 0, 3, 8, 12 };
    struct matrix m[2] = { noise(9, 12, 40), noise(7, 12, 41) };
    struct joint_profile g = profile(l, m, 2, BALANCE_NONE), one = profile(l, m, 1, BALANCE_NONE);
    struct joint_null out[4], again = null_of(l, &g, 8, 20, 3), other = null_of(l, &g, 8, 20, 4);
    struct error err = { 0 };
    size_t before = memory_used();
    CHECK(joint_null(&l->job, &g, ranks, 4, 20, 3, out, &err));
    CHECK(out[2].mean == again.mean && out[2].z == again.z && other.mean != again.mean);
    CHECK(fabs(out[0].mean - 1) < 1e-12 && isnan(out[0].z) && out[3].mean == 0 && isnan(out[3].z));
    CHECK_NEAR(out[1].error, joint_error(&g, 3), 1e-12);
    CHECK(out[1].mean > out[2].mean && out[1].rank == 3);
    CHECK(!joint_null(&l->job, &one, ranks, 4, 20, 3, out, &err) && err.code == ERROR_USAGE);
    CHECK(!joint_null(&l->job, &g, ranks, 4, 1, 3, out, &err) && err.code == ERROR_USAGE);
    bool done = false, right = true;
    for (long k = 0; !done && k < 500; k++) {
        err = (struct error){ 0 };
        memory_fail_after(k);
        done = joint_null(&l->job, &g, ranks, 4, 3, 3, out, &err);
        memory_fail_after(-1);
        right = right && (done || err.code == ERROR_MEMORY) && memory_used() == before;
    }
    CHECK(done && right);
    struct trip t = { .at = 5 };
    l->job.progress = count_step;
    l->job.context = &t;
    l->job.cancel = &t.flag;
    CHECK(!joint_null(&l->job, &g, ranks, 4, 20, 3, out, &err) && err.code == ERROR_CANCELLED &&
          t.steps == 5 && memory_used() == before);
    l->job = (struct job){ .backend = l->backend, .scratch = &l->scratch };
    joint_profile_finish(&g);
    joint_profile_finish(&one);
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
}

/* Two tensors of a layer: Q and K share structure, gate and up of layer 0 do not. */
static struct joint_null layer(struct lab *l, struct document *d, int number, const char *first,
                               const char *second, size_t rank, size_t draws)
{
    struct matrix m[2] = { 0 };
    struct error err = { 0 };
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof(name), "blk.%d.%s.weight", number, i ? second : first);
        const struct entry *e = document_entry(d, name);
        m[i] = lab_matrix(DTYPE_F32, e ? e->rows : 1, e ? e->cols : 1);
        if (!e || !document_read(d, e, m[i].view, &err))
            printf("Bail out! %s: %s\n", name, err.text);
    }
    struct joint_profile g = profile(l, m, 2, BALANCE_NONE);
    struct joint_null x = null_of(l, &g, rank, draws, 7);
    printf("# layer %d, %s and %s: %.4f against %.4f +- %.4f, z %.1f\n", number, first, second,
           x.error, x.mean, x.deviation, x.z);
    joint_profile_finish(&g);
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
    return x;
}

static void model(struct lab *l)
{
    const char *data = getenv("EIGENSCOPE_DATA");
    char path[400];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/stories260K.gguf", data ? data : "");
    struct document *d = data ? document_open(path, &err) : NULL;
    if (!d) {
        printf("ok %d - pairs of a real model # SKIP stories260K is not there\n", ++checks);
        return;
    }
    enum { MANY = 600, NUMPY = 5000 };
    struct joint_null qk = layer(l, d, 0, "attn_q", "attn_k", 24, MANY),
                      ffn = layer(l, d, 0, "ffn_gate", "ffn_up", 43, MANY);
    double most = -HUGE_VAL;
    CHECK(qk.z < -5 && fabs(ffn.z) < 3);
    /* numpy drew 5000 of its own, W_1^T W_1 + Q W_2^T W_2 Q^T: means and deviations of two such samples,
     * each within four of their own deviations, which are sigma / sqrt(n) and sigma / sqrt(2 n) */
    double off = 4 * sqrt(1.0 / MANY + 1.0 / NUMPY);
    CHECK(fabs(qk.mean - .243416) < .001964 * off && fabs(ffn.mean - .388766) < .001933 * off);
    CHECK(fabs(qk.deviation / .001964 - 1) < off / sqrt(2) &&
          fabs(ffn.deviation / .001933 - 1) < off / sqrt(2));
    for (int i = 1; i < 5; i++)
        most = fmax(most, fmax(layer(l, d, i, "attn_q", "attn_k", 24, JOINT_NULL_DRAWS).z,
                               layer(l, d, i, "ffn_gate", "ffn_up", 43, JOINT_NULL_DRAWS).z));
    CHECK(most < JOINT_NULL_SHARED);
    document_unref(d);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    size_t before = memory_used();
    by_definition(&l);
    made_up(&l);
    laws(&l);
    model(&l);
    CHECK(memory_used() == before);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
