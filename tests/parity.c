/* The command that `y` copies, run by a shell in another folder than the program's, writes
 * byte for byte what an export from the workbench's model writes, in random states and from
 * files with odd names. Argument: the program. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions.h"
#include "blas.h"
#include "check.h"
#include "export.h"
#include "memory.h"
#include "reproduce.h"

enum { STATES = 24 };

static const char *const odd_names[] = { "it's a (b) $HOME;`x`\\ #1.png", "-r.png", "\xff\xfe.png",
                                         "a\033[201~\n'b\\\xc2\x9b c\t.png" };
static struct study *study;

static void take(void *context, struct outcome *o)
{
    if (!o->ok)
        printf("# %s\n", o->error.text);
    model_accept(context, o);
}

static void settle(struct model *m)
{
    struct request r;
    for (int i = 0; i < 10 && model_want(m, true, &r); i++) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
    }
}

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

/* The whole file; NULL: there is none. */
static char *read_all(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    *n = 0;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        *n = (size_t)ftell(f);
        rewind(f);
        bytes = malloc(*n + 1);
        *n = bytes ? fread(bytes, 1, *n, f) : 0;
    }
    if (f)
        fclose(f);
    return bytes;
}

static bool same_files(const char *a, const char *b)
{
    size_t n, k;
    char *x = read_all(a, &n), *y = read_all(b, &k);
    bool same = x && y && n == k && n > 100 && !memcmp(x, y, n);
    free(x);
    free(y);
    return same;
}

/* What the quantizer would refuse: other numbers of bits than it has, dither of several at once. */
static void accept_quantizer(const struct param_table *t, void *params)
{
    const struct param *row = param_find(t, "quantizer");
    const struct quantizer *q = row ? quantizer_at((int)param_get(row, params)) : NULL;
    for (size_t r = 0; q && r < t->n; r++) {
        const struct param *p = &t->rows[r];
        if (!strcmp(p->unit, "bits"))
            param_put(p, params, fmin(fmax(param_get(p, params), q->min_bits), q->max_bits));
        if (!strcmp(p->key, "rounding") && q->group)
            param_put(p, params, 0);
    }
}

static void shake(struct model *m)
{
    model_set_method(m, methods[(size_t)rand() % model_methods()]);
    for (size_t r = 0; r < m->method->params.n; r++) {
        const struct param *p = &m->method->params.rows[r];
        bool rank = !strcmp(p->key, "rank"), rounds = !strcmp(p->key, "rounds");
        double most = rank ? 40 : rounds ? 3 : fmin(p->max, 1000);
        double at = p->min + (most - p->min) * (rand() % 1000) / 999.0;
        if (rand() % 2 || rank || rounds)
            param_put(p, model_params(m), p->kind == PARAM_REAL ? at : floor(at));
    }
    accept_quantizer(&m->method->params, model_params(m));
    m->planes = (enum planes)(rand() % 2);
    m->dtype = rand() % 4 ? DTYPE_F32 : DTYPE_F64;
    struct error err; /* every other of a size that is held; where it cannot be it is as it was */
    command_run(m, rand() % 2 ? "budget 0.8" : "budget off", &err);
    model_changed(m);
}

/* Exports from the model as a.png or a.npy, then by the command as the name it gives. */
static bool reproduces(struct model *m)
{
    char name[MODEL_LINE], line[sizeof(m->copy) + 16], target[MODEL_LINE + 16];
    struct stat there;
    action_press(m, "y", 'y');
    snprintf(line, sizeof(line), "%s >log 2>&1", m->copy);
    if (!m->copy[0] || m->message_is_error)
        return false;
    for (const char *c = m->copy; *c; c++) /* pasted, it would be keys */
        if ((unsigned char)*c < ' ')
            return false;
    reproduce_name(m, name, sizeof(name));
    snprintf(target, sizeof(target), "export a%s", strrchr(name, '.'));
    bool ok = command(m, target);
    settle(m);
    ok = ok && !m->message_is_error && stat(name, &there) != 0;
    int status = system(line);
    ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0 && same_files(target + 7, name);
    if (!ok)
        printf("# not the same: %s\n# %s\n", line, m->message);
    unlink(target + 7);
    unlink(name[0] == '/' ? "" : name);
    unlink("log");
    return ok;
}

/* A picture of its own under this name. */
static bool make(struct model *m, const char *name)
{
    char path[64] = "made.png";
    bool ok = command(m, "open demo:phantom256; method truncated-svd; k 20");
    settle(m);
    ok = ok && command(m, "export made.png");
    settle(m);
    return ok && rename(path, name) == 0;
}

static bool open_named(struct model *m, const char *name)
{
    struct error err;
    struct document *d = document_open(name, &err);
    if (!d)
        printf("# %s\n", err.text);
    if (d)
        model_open(m, d, "");
    document_unref(d);
    return d != NULL;
}

static void test_states(struct model *m)
{
    static const char *const opened[] = { "open demo:photo", "open demo:phantom256",
                                          "open demo:photo::g" };
    int wrong = 0;
    srand(8);
    for (int i = 0; i < STATES; i++) {
        bool ok = command(m, opened[i % 3]);
        shake(m);
        settle(m); /* what the screen shows goes before, as it does under the fingers */
        wrong += !ok || !reproduces(m);
    }
    printf("# %d states, %d not the same\n", STATES, wrong);
    CHECK(command(m, "budget off"));
    CHECK(wrong == 0);
}

static void test_names(struct model *m)
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof(odd_names) / sizeof(odd_names[0]); i++) {
        bool ok = make(m, odd_names[i]) && open_named(m, odd_names[i]) &&
                  command(m, "method naive");
        settle(m);
        wrong += !ok || !reproduces(m);
        unlink(odd_names[i]);
    }
    CHECK(wrong == 0);
}

/* What an export writes is what stood when it was asked for, whatever follows on the line. */
static void test_waiting(struct model *m)
{
    struct error err;
    struct request r;
    CHECK(command(m, "planes rgb; open demo:phantom256; method truncated-svd; k 5"));
    settle(m);
    CHECK(command(m, "export a.png; k 9; method naive"));
    CHECK(!command_run(m, "export b.png", &err) && err.code == ERROR_USAGE);
    CHECK(!command_run(m, "open demo:photo", &err) && !command_run(m, "planes ycbcr", &err));
    CHECK(model_want(m, true, &r) && r.kind == REQUEST_EXPORT && !strcmp(r.path, "a.png"));
    CHECK(!strcmp(r.method->name, "truncated-svd") &&
          param_get(param_find(&r.method->params, "rank"), &r.params) == 5);
    study_run(study, &r, NULL, NULL, take, m);
    request_finish(&r);
    CHECK(unlink("a.png") == 0 && command(m, "open demo:photo"));
}

/* A rank beyond the matrix, left from a larger one, and a matrix that is no picture. */
static void test_small(struct model *m)
{
    CHECK(command(m, "open demo:photo; method lplr; k 300; open demo:phantom256"));
    settle(m);
    CHECK(reproduces(m));
    CHECK(command(m, "method truncated-svd; k 9; export t.npy"));
    settle(m);
    CHECK(command(m, "open t.npy"));
    settle(m);
    CHECK(reproduces(m));
    unlink("t.npy");
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/eigenscope-parity-XXXXXX", path[4096], *program;
    struct error err;
    static struct model m;
    if (argc < 2 || !(program = realpath(argv[1], NULL)) || !mkdtemp(folder) || chdir(folder))
        return 2;
    *strrchr(program, '/') = 0;
    snprintf(path, sizeof(path), "%s:%s", program, getenv("PATH"));
    setenv("PATH", path, 1);
    free(program);
    struct backend *backend = backend_open("cpu", NULL, &err);
    study = backend ? study_create(backend, &err) : NULL;
    CHECK(study && model_init(&m, &err));
    blas_threads(1); /* sums depend on how many there are */
    snprintf(m.flags, sizeof(m.flags), " --backend cpu --threads 1");
    test_states(&m);
    test_names(&m);
    test_small(&m);
    test_waiting(&m);
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    CHECK(chdir("/") == 0 && rmdir(folder) == 0);
    return check_done();
}
