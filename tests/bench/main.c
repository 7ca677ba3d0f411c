#include "report.h"

#include <fnmatch.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 30, LEAST = 3 };
static const double enough = 0.5; /* seconds of runs, beyond the least number of them */

struct options {
    const char *glob, *backend, *device, *json;
    bool large;
};

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool bench_wait(struct backend *b, struct error *err)
{
    float entry[16];
    struct matrix_view tiny = { entry, 4, 4, 4, 1, DTYPE_F32 };
    struct buffer x = { 0 }, y = { 0 };
    bool ok = backend_alloc(b, DTYPE_F32, 4, 4, &x, err) &&
              backend_alloc(b, DTYPE_F32, 4, 4, &y, err) &&
              backend_gemm(&x, false, &x, false, &y, err) && backend_read(&y, tiny, err);
    backend_release(&x);
    backend_release(&y);
    return ok;
}

/* Seconds that all processors worked, from /proc/stat, and that we did. */
static void worked(double *all, double *ours)
{
    double user = 0, nice = 0, system = 0, tick = (double)sysconf(_SC_CLK_TCK);
    FILE *f = fopen("/proc/stat", "re");
    if (f) {
        if (fscanf(f, "cpu %lf %lf %lf", &user, &nice, &system) != 3)
            user = nice = system = 0;
        fclose(f);
    }
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    *all = (user + nice + system) / tick;
    *ours = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
            1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One run, in milliseconds. */
static bool once(struct bench *b, double *ms, struct error *err)
{
    b->seconds = -1;
    if (b->c->kind->begin && !b->c->kind->begin(b, err))
        return false;
    double begin = bench_now();
    if (!b->c->kind->run(b, err) || (b->seconds < 0 && !bench_wait(b->lab.backend, err)))
        return false;
    *ms = 1e3 * (b->seconds < 0 ? bench_now() - begin : b->seconds);
    return true;
}

static bool repeat(struct bench *b, struct bench_times *t, struct error *err)
{
    double ms[RUNS], spent = 0, all[2], ours[2];
    if (!once(b, &ms[0], err)) /* builds shaders, wakes threads, touches pages */
        return false;
    worked(&all[0], &ours[0]);
    double begin = bench_now();
    for (t->n = 0; t->n < RUNS && (t->n < LEAST || spent < enough); t->n++) {
        if (!once(b, &ms[t->n], err))
            return false;
        spent = bench_now() - begin;
    }
    worked(&all[1], &ours[1]);
    qsort(ms, (size_t)t->n, sizeof(ms[0]), ascending);
    t->least = ms[0];
    t->median = t->n % 2 ? ms[t->n / 2] : (ms[t->n / 2 - 1] + ms[t->n / 2]) / 2;
    t->p95 = ms[(t->n * 95 + 99) / 100 - 1];
    double foreign = all[1] - all[0] - (ours[1] - ours[0]);
    t->foreign = fmax(0, foreign) / (spent * (double)sysconf(_SC_NPROCESSORS_ONLN));
    return true;
}

static void forget(struct bench *b)
{
    backend_release_all(b->lab.backend);
    coded_finish(&b->codes);
    arena_finish(&b->arena);
    b->ba = b->bx = b->by = b->bv = b->bw = (struct buffer){ 0 };
    b->flops = b->bytes = 0;
}

static bool measure(struct bench *b, struct bench_times *t, double *error, struct error *err)
{
    const struct bench_kind *kind = b->c->kind;
    if (!kind->prepare(b, err) || !repeat(b, t, err))
        return false;
    *error = b->error;
    return !kind->check || kind->check(b, error, err);
}

static bool run_case(struct bench *b, struct report *r, const struct bench_limits *limits)
{
    struct bench_times t;
    struct error err = { 0 };
    double error;
    bool ok = measure(b, &t, &error, &err);
    if (ok)
        report_case(r, b, limits, &t, error);
    else
        printf("%-30s failed: %s\n", b->c->name, err.text);
    forget(b);
    return ok;
}

/* One round of all three; keeps the best. */
static bool try_limits(struct bench *b, const struct buffer *x, struct buffer *y, void *to,
                       const void *from, size_t bytes, struct bench_limits *out, struct error *err)
{
    double begin = bench_now();
    if (!backend_gemm(x, false, x, false, y, err) || !bench_wait(b->lab.backend, err))
        return false;
    double done = bench_now();
    if (!bench_wait(b->lab.backend, err))
        return false;
    double waited = bench_now();
    memcpy(to, from, bytes);
    double copied = bench_now();
    out->gemm = fmax(out->gemm, 2 * pow((double)x->rows, 3) / (done - begin) / 1e9);
    out->submit = fmin(out->submit, 1e6 * (waited - done));
    out->copy = fmax(out->copy, 2 * (double)bytes / (copied - waited) / 1e9);
    return true;
}

/* What nothing here should beat by much: the best within a second or two, as others may be
 * at work, too. A device is given a product that fills it. */
static bool find_limits(struct bench *b, struct bench_limits *out, struct error *err)
{
    size_t side = b->software ? 512 : b->lab.backend->host ? 4096 : 1024, mib = 1 << 20;
    struct matrix_view from, to;
    struct buffer x = { 0 }, y = { 0 };
    *out = (struct bench_limits){ .submit = HUGE_VAL };
    bool ok = arena_matrix(&b->arena, DTYPE_F32, 16 * mib / 1024, 1024, &from, err) &&
              arena_matrix(&b->arena, DTYPE_F32, 16 * mib / 1024, 1024, &to, err) &&
              backend_alloc(b->lab.backend, DTYPE_F32, side, side, &x, err) &&
              backend_alloc(b->lab.backend, DTYPE_F32, side, side, &y, err);
    double begin = bench_now();
    for (int i = 0; ok && (i < 4 || (i < 50 && bench_now() - begin < 1.5)); i++)
        ok = try_limits(b, &x, &y, to.data, from.data, 64 * mib, out, err);
    forget(b);
    return ok;
}

static bool open_bench(struct bench *b, const char *name, const char *device)
{
    struct error err = { 0 };
    *b = (struct bench){ 0 };
    b->lab.backend = backend_open(name, device, &err);
    if (!b->lab.backend) {
        printf("\n%s: %s\n", name, err.text);
        return false;
    }
    const struct backend_ops *ops = b->lab.backend->ops;
    b->lab.job = (struct job){ .backend = b->lab.backend };
    b->software = ops->software && ops->software(b->lab.backend);
    return true;
}

/* How many cases failed. */
static int run_backend(const char *name, const struct options *o, struct report *r)
{
    struct bench b;
    struct bench_limits limits;
    struct error err = { 0 };
    int failed = 0;
    if (!open_bench(&b, name, o->device))
        return o->backend != NULL;
    b.lab.job.scratch = &b.lab.scratch;
    if (!find_limits(&b, &limits, &err)) {
        printf("\n%s: %s\n", name, err.text);
        failed++;
    } else {
        report_device(r, &b, &limits);
        for (b.c = bench_cases; b.c->name; b.c++)
            if (fnmatch(o->glob, b.c->name, 0) == 0 && (!b.c->large || (o->large && !b.software)) &&
                (!b.c->kind->device_only || b.lab.backend->host))
                failed += !run_case(&b, r, &limits);
    }
    lab_close(&b.lab);
    return failed;
}

static bool parse(int argc, char **argv, struct options *o)
{
    struct {
        const char *flag, **value;
    } const flags[] = { { "--case", &o->glob },
                        { "--backend", &o->backend },
                        { "--device", &o->device },
                        { "--json", &o->json } };
    *o = (struct options){ .glob = "*" };
    for (int i = 1; i < argc; i++) {
        size_t f = 0;
        if (strcmp(argv[i], "--large") == 0) {
            o->large = true;
            continue;
        }
        while (f < 4 && strcmp(argv[i], flags[f].flag) != 0)
            f++;
        if (f == 4 || i + 1 == argc)
            return false;
        *flags[f].value = argv[++i];
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o;
    int failed = 0;
    if (!parse(argc, argv, &o)) {
        fprintf(stderr, "usage: bench [--case GLOB] [--backend NAME] [--device D] [--large] "
                        "[--json FILE]\n");
        return 2;
    }
    struct report *r = report_create();
    for (size_t i = 0; backends[i]; i++)
        if (!o.backend || strcmp(o.backend, backends[i]->name) == 0)
            failed += run_backend(backends[i]->name, &o, r);
    return !report_finish(r, o.json) || failed;
}
