#include "report.h"

#include <jansson.h>
#include <time.h>
#include <unistd.h>

static const double noisy_above = 0.05; /* share of the processors in other hands */

struct report {
    json_t *root, *devices, *results;
};

struct report *report_create(void)
{
    struct error err;
    struct report *r = memory_alloc(sizeof(*r), &err);
    const char *git = getenv("BENCH_GIT");
    char stamp[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    struct backend *cpu = backend_open("cpu", NULL, &err);
    if (!r || !cpu)
        exit(1);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    r->devices = json_array();
    r->results = json_array();
    r->root = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:I, s:i, s:s}, s:o, s:o}", "schema",
                        "bench/1", "version", EIGENSCOPE_VERSION, "git", git ? git : "", "time",
                        stamp, "host", "cpu", backend_device(cpu), "cores",
                        (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "threads", blas_threads_now(),
                        "blas", blas_name(), "devices", r->devices, "results", r->results);
    printf("%s, %ld processors, %d threads; %s\n", backend_device(cpu),
           sysconf(_SC_NPROCESSORS_ONLN), blas_threads_now(), blas_name());
    backend_close(cpu);
    return r;
}

void report_device(struct report *r, const struct bench *b, const struct bench_limits *limits)
{
    struct backend *device = b->lab.backend;
    printf("\n%s: %s%s\n", backend_name(device), backend_device(device),
           b->software ? " -- SOFTWARE DEVICE: correctness only, its times say nothing" : "");
    printf("limits: product %.1f GFLOP/s, memcpy on one core %.1f GB/s, wait %.0f us\n",
           limits->gemm, limits->copy, limits->submit);
    printf("%-30s %3s %9s %9s %9s %9s %8s %6s %9s\n", "case", "n", "min ms", "median", "p95",
           "GFLOP/s", "GB/s", "limit", "error");
    json_array_append_new(r->devices,
                          json_pack("{s:s, s:s, s:b, s:{s:f, s:f, s:f}}", "backend",
                                    backend_name(device), "name", backend_device(device),
                                    "software", b->software, "limits", "gemm_gflops", limits->gemm,
                                    "copy_gbs", limits->copy, "submit_us", limits->submit));
}

static void column(double value, int width, int digits)
{
    if (value > 0)
        printf(" %*.*f", width, digits, value);
    else
        printf(" %*s", width, "-");
}

static json_t *number_or_null(double x)
{
    return isfinite(x) && x > 0 ? json_real(x) : json_null();
}

void report_case(struct report *r, const struct bench *b, const struct bench_limits *limits,
                 const struct bench_times *t, double error)
{
    double gflops = b->flops / t->median / 1e6, gbs = b->bytes / t->median / 1e6;
    double share = b->flops > 0 ? gflops / limits->gemm : gbs / limits->copy;
    bool noisy = t->foreign > noisy_above;
    printf("%-30s %3d %9.3f %9.3f %9.3f", b->c->name, t->n, t->least, t->median, t->p95);
    column(gflops, 9, 1);
    column(gbs, 8, 2);
    column(share, 6, 3);
    printf(" %9.2e%s\n", error, noisy ? "  noisy" : "");
    fflush(stdout);
    json_array_append_new(
        r->results,
        json_pack("{s:s, s:s, s:b, s:s, s:i, s:{s:f, s:f, s:f}, s:f, s:f, s:o, s:o, s:o, s:f, s:f, "
                  "s:b}",
                  "case", b->c->name, "backend", backend_name(b->lab.backend), "software",
                  b->software, "dtype", "f32", "n", t->n, "ms", "min", t->least, "median",
                  t->median, "p95", t->p95, "gflop", b->flops / 1e9, "gbyte", b->bytes / 1e9,
                  "gflops", number_or_null(gflops), "gbs", number_or_null(gbs), "frac_limit",
                  number_or_null(share), "error", error, "foreign_cpu", t->foreign, "noisy",
                  noisy));
}

bool report_finish(struct report *r, const char *path)
{
    bool ok = !path || json_dump_file(r->root, path, JSON_INDENT(1)) == 0;
    if (!ok)
        fprintf(stderr, "bench: %s cannot be written\n", path);
    json_decref(r->root);
    memory_free(r);
    return ok;
}
