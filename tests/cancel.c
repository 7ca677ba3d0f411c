/* What takes long asks between its pieces whether it is to end: with a flag that is set, each fails
 * with ERROR_CANCELLED and keeps nothing; with one that is not, its bits are those without. */

#include "cancel.h"
#include "check.h"
#include "lab.h"
#include "rotation.h"

enum { ROWS = 300, COLS = 200 };

static struct matrix a, wide, out;

static bool product(struct error *err)
{
    return blas_gemm_wide(matrix_transposed(a.view), matrix_block(a.view, 0, 0, ROWS, COLS),
                          matrix_block(wide.view, 0, 0, COLS, COLS), err);
}

static bool gram(struct error *err)
{
    return blas_gram(a.view, matrix_block(wide.view, 0, 0, COLS, COLS), err);
}

static bool residual(struct error *err)
{
    struct lab l;
    struct buffer x = { 0 };
    double norm = 0;
    lab_open(&l);
    bool ok = backend_load(l.backend, a.view, &x, err) && backend_residual(&x, NULL, 0, &norm, err);
    matrix_put(wide.view, 0, 0, norm);
    lab_close(&l);
    return ok;
}

static bool code_with(const char *quantizer, enum clip clip, enum scales scales, struct error *err)
{
    const struct quantizer *q = quantizer_find(quantizer);
    const struct coding c = {
        .quantizer = q, .bits = 2, .clip = clip, .scales = scales, .symmetric = q->symmetric
    };
    struct coded x = { 0 };
    bool ok = coding_encode(&c, a.view, &x, err) && coding_decode(&x, out.view, err);
    coded_finish(&x);
    return ok;
}

static bool code_plain(struct error *err)
{
    return code_with("uniform", CLIP_NONE, SCALES_TENSOR, err);
}

static bool code_searched(struct error *err)
{
    return code_with("lloyd-max", CLIP_SEARCH, SCALES_BLOCK, err);
}

static bool code_groups(struct error *err)
{
    return code_with("e8p", CLIP_SEARCH, SCALES_VECTOR, err);
}

/* COLS is 8 * 25: a product with cosines. */
static bool rotate(struct error *err)
{
    uint8_t *signs = NULL;
    matrix_copy(a.view, out.view);
    bool ok = rotation_signs(5, 1, COLS, &signs, err) &&
              rotation_apply(out.view, signs, false, err);
    memory_free(signs);
    return ok;
}

/* A prime that is too large for cosines. */
static bool rotate_large(struct error *err)
{
    enum { LARGE = 2 * 1187 };
    uint8_t *signs = NULL;
    struct matrix x = lab_matrix(DTYPE_F32, 8, LARGE);
    random_fill(SKETCH_GAUSSIAN, 3, STREAM_TEST, 0, 1, x.view);
    bool ok = rotation_signs(5, 1, LARGE, &signs, err) && rotation_apply(x.view, signs, false, err);
    if (ok)
        matrix_copy(matrix_block(x.view, 0, 0, 8, COLS), matrix_block(out.view, 0, 0, 8, COLS));
    memory_free(signs);
    matrix_finish(&x);
    return ok;
}

static const struct {
    const char *name;
    bool (*work)(struct error *err);
} works[] = {
    { "a product in double precision", product },
    { "a Gram matrix", gram },
    { "a residual", residual },
    { "codes", code_plain },
    { "codes with searched ranges", code_searched },
    { "codes of groups", code_groups },
    { "a rotation", rotate },
    { "a rotation of a large prime", rotate_large },
};

/* FNV-1a of what the work wrote. */
static uint64_t traces(void)
{
    uint64_t hash = 14695981039346656037u;
    const struct matrix *all[] = { &wide, &out };
    for (size_t k = 0; k < 2; k++) {
        const unsigned char *p = all[k]->view.data;
        for (size_t i = 0; i < ROWS * COLS * dtype_size(all[k]->view.dtype); i++)
            hash = (hash ^ p[i]) * 1099511628211u;
    }
    return hash;
}

static bool is_cancelled(size_t i)
{
    struct error err = { 0 };
    return !works[i].work(&err) && err.code == ERROR_CANCELLED;
}

static bool is_done(size_t i)
{
    struct error err = { 0 };
    return works[i].work(&err);
}

/* Of another job's part inside: the flag is that of the innermost, and then the former's again. */
static void test_flags(void)
{
    atomic_bool yes = true, no = false;
    struct error err = { 0 };
    CHECK(!cancel_asked() && cancel_none(&err));
    CHECK(cancel_watch(&yes) == NULL && cancel_asked());
    CHECK(cancel_watch(&no) == &yes && !cancel_asked());
    CHECK(cancel_watch(NULL) == &no && !cancel_asked());
}

/* A whole job, cancelled by its own progress. */
static atomic_bool asked;

static void ask(void *context, double done, const char *stage)
{
    (void)context, (void)done;
    if (strcmp(stage, "rounding") == 0)
        atomic_store(&asked, true);
}

static void test_job(void)
{
    struct lab l;
    struct approximation got = { 0 };
    struct error err = { 0 };
    const struct method *naive = method_find("naive");
    struct params_any params = lab_params(naive, false, "");
    struct inputs in = { &a.view, 1, NULL };
    lab_open(&l);
    l.job.cancel = &asked;
    l.job.progress = ask;
    CHECK(!approximate(&l.job, naive, params.bytes, &in, &got, &err) &&
          err.code == ERROR_CANCELLED);
    CHECK(!cancel_asked());
    approximation_finish(&got);
    lab_close(&l);
}

int main(void)
{
    a = lab_matrix(DTYPE_F32, ROWS, COLS);
    random_fill(SKETCH_GAUSSIAN, 2, STREAM_TEST, 0, 1, a.view);
    size_t before = memory_used();
    wide = lab_matrix(DTYPE_F64, ROWS, COLS);
    out = lab_matrix(DTYPE_F32, ROWS, COLS);
    test_flags();
    atomic_bool yes = true, no = false;
    int deaf = 0, changed = 0;
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        bool fine = is_done(i);
        uint64_t want = traces();
        cancel_watch(&yes);
        bool stopped = is_cancelled(i);
        cancel_watch(&no);
        fine &= is_done(i) && traces() == want;
        cancel_watch(NULL);
        deaf += !stopped;
        changed += !fine;
        if (!stopped || !fine)
            printf("# %s: %s\n", works[i].name, stopped ? "its bits changed" : "goes on");
    }
    CHECK(deaf == 0);
    CHECK(changed == 0);
    test_job();
    matrix_finish(&wide);
    matrix_finish(&out);
    CHECK(memory_used() == before);
    matrix_finish(&a);
    return check_done();
}
