#include "joint.h"
#include "check.h"
#include "document.h"
#include "lab.h"

/* One shared right factor for several matrices: joint-rank's algebra against an SVD of the stack, bounds that
 * hold for any matrices, and a real model (EIGENSCOPE_DATA). */

static struct matrix noise(size_t rows, size_t cols, uint32_t number)
{
    struct matrix m = lab_matrix(DTYPE_F64, rows, cols);
    random_fill(SKETCH_GAUSSIAN, 16, STREAM_TEST, number, 1, m.view);
    return m;
}

static struct joint_profile profile(struct lab *l, const struct matrix *members, size_t p,
                                    enum balance balance, unsigned flags)
{
    struct joint_profile g;
    struct error err = { 0 };
    struct matrix_view views[JOINT_MEMBERS];
    for (size_t i = 0; i < p; i++)
        views[i] = members[i].view;
    if (!joint_profile_init(&g, &l->job, views, p, balance, flags, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return g;
}

/* The members on top of each other, each times its weight. */
static struct matrix stacked(const struct matrix *members, size_t p, const double *weight)
{
    size_t rows = 0, at = 0;
    for (size_t i = 0; i < p; i++)
        rows += members[i].view.rows;
    struct matrix m = lab_matrix(DTYPE_F64, rows, members[0].view.cols);
    for (size_t i = 0; i < p; i++)
        for (size_t r = 0; r < members[i].view.rows; r++, at++)
            for (size_t c = 0; c < m.view.cols; c++)
                matrix_put(m.view, at, c, weight[i] * matrix_at(members[i].view, r, c));
    return m;
}

/* ||V_k V_k^T - W_k W_k^T||_F of rows of vt. */
static double projectors_apart(struct matrix_view a, struct matrix_view b, size_t k)
{
    size_t n = a.cols;
    struct matrix x = lab_matrix(DTYPE_F64, n, n), y = lab_matrix(DTYPE_F64, n, n);
    struct matrix_view ak = matrix_block(a, 0, 0, k, n), bk = matrix_block(b, 0, 0, k, n);
    blas_gemm(matrix_transposed(ak), ak, x.view);
    blas_gemm(matrix_transposed(bk), bk, y.view);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix_put(x.view, i, j, matrix_at(x.view, i, j) - matrix_at(y.view, i, j));
    double norm = matrix_norm(x.view);
    matrix_finish(&x);
    matrix_finish(&y);
    return norm;
}

/* ||W - W V_k V_k^T||_F / ||W||_F, by subtraction. */
static double subtracted(struct matrix_view w, struct matrix_view vt, size_t k)
{
    struct matrix a = lab_matrix(DTYPE_F64, w.rows, k),
                  rest = lab_matrix(DTYPE_F64, w.rows, w.cols);
    struct matrix_view vk = matrix_block(vt, 0, 0, k, w.cols);
    matrix_copy(w, rest.view);
    if (k) {
        blas_gemm(w, matrix_transposed(vk), a.view);
        blas_gemm_add(-1, a.view, vk, rest.view);
    }
    double error = matrix_norm(rest.view) / matrix_norm(w);
    matrix_finish(&a);
    matrix_finish(&rest);
    return error;
}

/* The Gram matrices' road against an SVD of the stack itself, members of unlike heights. */
static void same_as_stack(struct lab *l, enum balance balance)
{
    struct matrix m[3] = { noise(56, 64, 1), noise(40, 64, 2), noise(7, 64, 3) };
    struct joint_profile g = profile(l, m, 3, balance, JOINT_VECTORS | JOINT_ANGLES);
    struct matrix stack = stacked(m, 3, g.weight);
    struct svd s = lab_svd(stack.view);
    double sigma = 0, projector = 0, errors = 0, group = 0, energy = 0;
    for (size_t k = 0; k <= g.r; k++) {
        double sum = 0, whole = 0, tail = 0, all = 0;
        for (size_t i = 0; i < 3; i++) {
            double e = subtracted(m[i].view, s.vt.view, k), norm = matrix_norm(m[i].view);
            errors = fmax(errors, fabs(joint_member_error(&g, i, k) - e));
            sum += e * e * norm * norm;
            whole += norm * norm;
        }
        group = fmax(group, fabs(joint_error(&g, k) - sqrt(sum / whole)));
        for (size_t j = 0; j < g.r; j++) {
            all += s.sigma[j] * s.sigma[j];
            tail += j < k ? 0 : s.sigma[j] * s.sigma[j];
        }
        energy = fmax(energy, fabs(joint_energy(&g, k) - 1 + tail / all));
        if (k < g.r)
            sigma = fmax(sigma, fabs(g.sigma[k] / s.sigma[k] - 1));
        if (k > 0 && k < g.r)
            projector = fmax(projector, projectors_apart(g.vt.view, s.vt.view, k));
    }
    printf("# balance %s: sigma %.2g, projectors %.2g, errors %.2g, of the group %.2g\n",
           balance_names[balance], sigma, projector, errors, group);
    CHECK(g.r == 64 && s.n == 64);
    CHECK(sigma < 1e-12);
    CHECK(projector < 1e-10);
    CHECK(errors < 1e-7 && group < 1e-7); /* the root of 1e-14, at full rank */
    CHECK(energy < 1e-12);
    svd_finish(&s);
    matrix_finish(&stack);
    joint_profile_finish(&g);
    for (size_t i = 0; i < 3; i++)
        matrix_finish(&m[i]);
}

/* Members by themselves: singular values, errors, weights, angles. */
static void members_alone(struct lab *l)
{
    struct matrix m[2] = { noise(30, 24, 4), noise(10, 24, 5) };
    struct joint_profile g = profile(l, m, 2, BALANCE_SPECTRAL, JOINT_ANGLES);
    struct svd s[2] = { lab_svd(m[0].view), lab_svd(m[1].view) };
    double sigma = 0, errors = 0, overlap = 0, angles = 0;
    for (size_t i = 0; i < 2; i++) {
        struct spectrum sp = { s[i].sigma, s[i].n, m[i].view.rows, 24, s[i].norm };
        for (size_t k = 0; k < s[i].n; k++) {
            sigma = fmax(sigma, fabs(g.alone[i * g.r + k] - s[i].sigma[k]));
            errors = fmax(errors, fabs(separate_member_error(&g, i, k) - spectrum_tail(&sp, k)));
        }
        CHECK_NEAR(g.weight[i] * s[i].sigma[0], 1, 1e-12);
        CHECK(g.alone[i * g.r + 10] > 0 || i == 1);
    }
    for (size_t k = 1; k <= 10; k++) {
        double cosines[10], sum = 0, squares = 0;
        struct error err = { 0 };
        struct matrix c = lab_matrix(DTYPE_F64, k, k);
        blas_gemm(matrix_block(s[0].vt.view, 0, 0, k, 24),
                  matrix_transposed(matrix_block(s[1].vt.view, 0, 0, k, 24)), c.view);
        squares = matrix_norm(c.view) * matrix_norm(c.view) / (double)k;
        CHECK(joint_angles(&g, 1, k, cosines, &err));
        for (size_t j = 0; j < k; j++)
            sum += cosines[j] * cosines[j] / (double)k;
        overlap = fmax(overlap, fabs(g.overlap[g.r + 1 + k] - squares));
        angles = fmax(angles, fabs(sum - squares));
        matrix_finish(&c);
    }
    printf("# alone: sigma %.2g, errors %.2g, overlap %.2g, angles %.2g\n", sigma, errors, overlap,
           angles);
    CHECK(sigma < 1e-10 && errors < 1e-7 && overlap < 1e-10 && angles < 1e-10);
    CHECK(isnan(g.overlap[g.r + 1]) && isnan(g.overlap[g.r + 1 + 11]));
    CHECK_NEAR(g.overlap[24], 1, 1e-12); /* a member and itself */
    for (size_t i = 0; i < 2; i++) {
        svd_finish(&s[i]);
        matrix_finish(&m[i]);
    }
    joint_profile_finish(&g);
}

static double falling(size_t i)
{
    return pow(.9, (double)i);
}

/* Eckart, Young 1936: the method's measured error is what the stack's spectrum leaves. */
static void optimal(struct lab *l)
{
    static const size_t ranks[] = { 1, 10, 60, 119 };
    static const double most[] = { [DTYPE_F32] = 1e-6, [DTYPE_F64] = 1e-12 };
    const struct method *m = method_find("joint-rank");
    double sum = 0;
    for (size_t j = 1; j <= 120; j++)
        sum += falling(j) * falling(j);
    for (int type = DTYPE_F32; type <= DTYPE_F64; type++) {
        struct matrix a = lab_spectrum((enum dtype)type, 200, 120, 5, falling);
        struct matrix_view parts[] = { matrix_block(a.view, 0, 0, 130, 120),
                                       matrix_block(a.view, 130, 0, 70, 120) };
        double worst[2] = { 0 };
        for (size_t i = 0; i < 4; i++)
            for (size_t n = 1; n <= 2; n++) {
                char text[32];
                double tail = 0;
                snprintf(text, sizeof(text), "rank=%zu", ranks[i]);
                struct params_any params = lab_params(m, false, text);
                struct inputs in = { n == 1 ? &a.view : parts, n, NULL };
                struct approximation out = { 0 };
                struct error err = { 0 };
                for (size_t j = 120; j > ranks[i]; j--)
                    tail += falling(j) * falling(j);
                if (!approximate(&l->job, m, params.bytes, &in, &out, &err))
                    printf("Bail out! %s\n", err.text);
                worst[n - 1] = fmax(worst[n - 1], fabs(out.error - sqrt(tail / sum)));
                approximation_finish(&out);
            }
        printf("# f%d: off Eckart and Young by %.2g alone, %.2g together\n",
               type == DTYPE_F64 ? 64 : 32, worst[0], worst[1]);
        CHECK(worst[0] < most[type] && worst[1] < most[type]);
        matrix_finish(&a);
    }
}

/* E_sep(k)^2 <= E_joint(k)^2, as the SVD is best, and E_joint(p k)^2 <= E_sep(k)^2, as the p subspaces
 * together are one choice. Counts violations beyond 1e-9. */
static size_t violations(const struct joint_profile *g)
{
    size_t n = 0, ranks[JOINT_MEMBERS];
    for (size_t k = 1; k < g->r; k++) {
        for (size_t i = 0; i < g->shape.p; i++)
            ranks[i] = k;
        double separate = separate_error(g, ranks), joint = joint_error(g, k),
               together = joint_error(g, g->shape.p * k);
        n += separate * separate > joint * joint + 1e-9;
        n += together * together > separate * separate + 1e-9;
    }
    return n;
}

/* No worse than the best of all pairs of ranks by more than the largest component left out (Dantzig 1957:
 * what fills a knapsack by density). */
static void greedy(struct lab *l)
{
    struct matrix m[2] = { noise(12, 16, 6), noise(9, 16, 7) };
    struct joint_profile g = profile(l, m, 2, BALANCE_NONE, 0);
    double worst = -1, apart = 0;
    bool fits = true;
    for (uint64_t budget = 0; budget < 700; budget += 13) {
        size_t ranks[2], all[2];
        double best = 1;
        separate_ranks_greedy(&g, budget, ranks);
        fits = fits && 28 * ranks[0] + 25 * ranks[1] <= budget;
        for (all[0] = 0; all[0] <= 12; all[0]++)
            for (all[1] = 0; all[1] <= 9; all[1]++)
                if (28 * all[0] + 25 * all[1] <= budget)
                    best = fmin(best, separate_error(&g, all));
        double own = separate_error(&g, ranks), next = 0;
        for (size_t i = 0; i < 2; i++)
            if (ranks[i] < g.r)
                next = fmax(next, g.alone[i * g.r + ranks[i]] / g.total);
        worst = fmax(worst, own * own - best * best - next * next);
        apart = fmax(apart, own - best);
    }
    printf("# greedy ranks: errors at most %.3g above the best of all\n", apart);
    CHECK(fits);
    CHECK(worst < 1e-9);
    joint_profile_finish(&g);
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
}

/* Entries whose squares leave double precision, zeros, a member alone. */
static void ends(struct lab *l)
{
    struct matrix m[2] = { noise(6, 5, 8), noise(4, 5, 9) },
                  large[2] = { noise(6, 5, 8), noise(4, 5, 9) };
    double most = 0;
    for (int power = -300; power <= 300; power += 600) {
        for (size_t i = 0; i < 2; i++)
            for (size_t r = 0; r < m[i].view.rows; r++)
                for (size_t c = 0; c < 5; c++)
                    matrix_put(large[i].view, r, c, ldexp(matrix_at(m[i].view, r, c), 3 * power));
        struct joint_profile g = profile(l, m, 2, BALANCE_NONE, 0),
                             h = profile(l, large, 2, BALANCE_NONE, 0);
        for (size_t k = 0; k <= 5; k++)
            most = fmax(most, fabs(joint_error(&g, k) - joint_error(&h, k)));
        most = fmax(most, fabs(ldexp(h.sigma[0], -3 * power) / g.sigma[0] - 1));
        joint_profile_finish(&g);
        joint_profile_finish(&h);
    }
    CHECK(most < 1e-7);
    for (size_t i = 0; i < 2; i++)
        matrix_finish(&large[i]);
    large[0] = lab_matrix(DTYPE_F64, 6, 5);
    large[1] = lab_matrix(DTYPE_F64, 3, 5);
    for (int b = BALANCE_NONE; b <= BALANCE_SPECTRAL; b++) {
        struct joint_profile g = profile(l, large, 2, (enum balance)b, JOINT_ANGLES);
        CHECK(joint_error(&g, 0) == 0 && joint_energy(&g, 1) == 1 && g.weight[0] == 1);
        joint_profile_finish(&g);
    }
    for (size_t i = 0; i < 2; i++) {
        matrix_finish(&m[i]);
        matrix_finish(&large[i]);
    }
}

static void refusals(struct lab *l)
{
    struct matrix m[2] = { noise(6, 5, 8), noise(6, 4, 9) };
    struct matrix_view views[2] = { m[0].view, m[1].view };
    struct joint_profile g;
    struct error err = { 0 };
    size_t before = memory_used();
    CHECK(!joint_profile_init(&g, &l->job, views, 2, BALANCE_NONE, 0, &err) &&
          err.code == ERROR_USAGE);
    matrix_put(m[0].view, 1, 1, (double)NAN);
    CHECK(!joint_profile_init(&g, &l->job, views, 1, BALANCE_NONE, 0, &err) &&
          err.code == ERROR_FORMAT);
    matrix_put(m[0].view, 1, 1, 0);
    bool right = true, done = false;
    for (long n = 0; !done && n < 200; n++) {
        err = (struct error){ 0 };
        memory_fail_after(n);
        done = joint_profile_init(&g, &l->job, views, 1, BALANCE_NONE, JOINT_VECTORS | JOINT_ANGLES,
                                  &err);
        memory_fail_after(-1);
        joint_profile_finish(&g);
        right = right && (done || err.code == ERROR_MEMORY) && memory_used() == before;
    }
    CHECK(done && right);
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
}

/* Two tensors of layer `layer`, "attn_q" and so on. */
static struct joint_profile layer_pair(struct lab *l, struct document *d, int layer,
                                       const char *const names[2])
{
    struct matrix m[2] = { 0 };
    struct error err = { 0 };
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof(name), "blk.%d.%s.weight", layer, names[i]);
        const struct entry *e = document_entry(d, name);
        m[i] = lab_matrix(DTYPE_F32, e ? e->rows : 1, e ? e->cols : 1);
        if (!e || !document_read(d, e, m[i].view, &err)) {
            printf("Bail out! %s: %s\n", name, err.text);
            exit(1);
        }
    }
    struct joint_profile g = profile(l, m, 2, BALANCE_NONE, JOINT_ANGLES);
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
    return g;
}

static const char *const pairs[3][2] = { { "attn_q", "attn_k" },
                                         { "ffn_gate", "ffn_up" },
                                         { "attn_q", "attn_v" } };

static void near_all(const double *got, const double *want, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs(got[i] - want[i]));
    CHECK(worst < 6e-6);
}

/* Layer 0 of the model, as numpy computed it in double precision. */
static void anchors(struct lab *l, struct document *d)
{
    static const double q[] = { 10.80045, 4.63763, 3.79525, 3.22841 },
                        k[] = { 8.31896, 3.31114, 1.91364 }, gate[] = { 4.73880, 2.84359 },
                        up[] = { 3.53527, 2.43129 }, qk[] = { 12.65417, 6.58366, 4.32357, 3.45946 },
                        gate_up[] = { 5.82156, 3.42335, 3.27960 },
                        norms[] = { 15.11033, 10.24001, 13.33069, 12.13072 };
    struct joint_profile a = layer_pair(l, d, 0, pairs[0]), f = layer_pair(l, d, 0, pairs[1]);
    near_all(a.alone, q, 4);
    near_all(a.alone + a.r, k, 3);
    near_all(f.alone, gate, 2);
    near_all(f.alone + f.r, up, 2);
    near_all(a.sigma, qk, 4);
    near_all(f.sigma, gate_up, 3);
    near_all((double[]){ a.norm[0], a.norm[1], f.norm[0], f.norm[1] }, norms, 4);
    CHECK_NEAR(joint_error(&a, 24), .226704, 2e-6);
    CHECK_NEAR(joint_error(&f, 43), .386987, 2e-6);
    joint_profile_finish(&a);
    joint_profile_finish(&f);
}

static void layers(struct lab *l, struct document *d)
{
    size_t bad = 0, cases = 0;
    double least = 1, most = 0;
    for (int layer = 0; layer < 5; layer++)
        for (size_t p = 0; p < 3; p++) {
            struct joint_profile g = layer_pair(l, d, layer, pairs[p]);
            bad += violations(&g);
            cases += g.r - 1;
            if (p == 0) {
                least = fmin(least, g.overlap[g.r + 1 + 24]);
                most = fmax(most, g.overlap[g.r + 1 + 24]);
            }
            joint_profile_finish(&g);
        }
    printf("# %zu violations in %zu cases; overlap of Q and K at rank 24: %.3f to %.3f, chance "
           "%.3f\n",
           bad, cases, least, most, 24.0 / 64);
    CHECK(cases == 5 * 3 * 63 && bad == 0);
    CHECK(least > .435 && most < .505);
}

/* At equal parameters, as numpy counted: how often joint loses less, of five layers, and the range of
 * either error. A win is no law, and no sign of structure: noise wins too. */
static void equal_parameters(struct lab *l, struct document *d)
{
    static const int wins[2][5] = { { 0, 1, 0, 0, 0 }, { 0, 5, 3, 5, 5 } };
    static const double keeps[] = { .5, .6, .7, .8, .9 };
    double joint[2][5][2], separate[2][5][2], mean[2] = { 0 };
    bool same = true;
    for (int p = 0; p < 2; p++)
        for (int k = 0; k < 5; k++) {
            int won = 0;
            double *j = joint[p][k], *s = separate[p][k];
            j[0] = s[0] = 1;
            j[1] = s[1] = 0;
            for (int layer = 0; layer < 5; layer++) {
                size_t ranks[2];
                struct joint_profile g = layer_pair(l, d, layer, pairs[p]);
                separate_ranks_kept(&g.shape, keeps[k], ranks);
                double a = joint_error(&g, joint_rank_kept(&g.shape, keeps[k])),
                       b = separate_error(&g, ranks);
                won += a < b;
                j[0] = fmin(j[0], a);
                j[1] = fmax(j[1], a);
                s[0] = fmin(s[0], b);
                s[1] = fmax(s[1], b);
                if (p == 1 && k == 3) {
                    mean[0] += a / 5;
                    mean[1] += b / 5;
                }
                joint_profile_finish(&g);
            }
            printf("# %s, keep %.1f: joint %.3f-%.3f, separate %.3f-%.3f, joint wins %d of 5\n",
                   p ? "gate and up" : "Q and K", keeps[k], j[0], j[1], s[0], s[1], won);
            same = same && won == wins[p][k];
        }
    CHECK(same);
    CHECK(fabs(joint[0][3][0] - .176) < 6e-4 && fabs(joint[0][3][1] - .225) < 6e-4);
    CHECK(fabs(separate[0][3][0] - .172) < 6e-4 && fabs(separate[0][3][1] - .215) < 6e-4);
    CHECK(fabs(joint[1][4][0] - .299) < 6e-4 && fabs(joint[1][4][1] - .323) < 6e-4);
    CHECK(fabs(separate[1][4][0] - .326) < 6e-4 && fabs(separate[1][4][1] - .345) < 6e-4);
    CHECK(fabs(mean[0] - .375) < 6e-4 && fabs(mean[1] - .388) < 6e-4);
}

/* Noise in the shapes of gate and up: the joint form wins at keep .9, by its higher break-even alone. */
static void noise_wins(struct lab *l)
{
    enum { DRAWS = 10 };
    double joint = 0, separate = 0;
    int won = 0;
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        struct matrix m[2] = { noise(172, 64, 20 + 2 * draw), noise(172, 64, 21 + 2 * draw) };
        struct joint_profile g = profile(l, m, 2, BALANCE_NONE, 0);
        size_t ranks[2];
        separate_ranks_kept(&g.shape, .9, ranks);
        double a = joint_error(&g, joint_rank_kept(&g.shape, .9)), b = separate_error(&g, ranks);
        joint += a / DRAWS;
        separate += b / DRAWS;
        won += a < b;
        joint_profile_finish(&g);
        matrix_finish(&m[0]);
        matrix_finish(&m[1]);
    }
    printf("# noise, keep .9: joint %.4f, separate %.4f on average\n", joint, separate);
    CHECK(won == DRAWS);
    CHECK(fabs(joint - .352) < .005 && fabs(separate - .378) < .005);
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
    anchors(l, d);
    layers(l, d);
    equal_parameters(l, d);
    document_unref(d);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    size_t before = memory_used();
    same_as_stack(&l, BALANCE_NONE);
    same_as_stack(&l, BALANCE_FROBENIUS);
    same_as_stack(&l, BALANCE_SPECTRAL);
    members_alone(&l);
    optimal(&l);
    greedy(&l);
    noise_wins(&l);
    ends(&l);
    refusals(&l);
    model(&l);
    CHECK(memory_used() == before);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
