/* doctor: what was found on this machine, and what to do about gaps. */
#include "blas.h"
#include "cli.h"
#include "limit.h"
#include "memory.h"
#include "registry.h"
#include "report.h"
#include "stray.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GAPS = 16 };

struct findings {
    const char *terminal, *colorterm, *encoding, *blas;
    bool tty_in, tty_out, true_color;
    long processors, processors_online;
    uint64_t memory, memory_free;
    int threads;
    char gaps[GAPS][ERROR_TEXT + 64];
    size_t n_gaps;
};

static void gap(struct findings *f, const char *format, ...) PRINTF_LIKE(2, 3);
static void gap(struct findings *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (f->n_gaps < GAPS)
        vsnprintf(f->gaps[f->n_gaps++], sizeof(f->gaps[0]), format, args);
    va_end(args);
}

static void look_at_terminal(struct findings *f)
{
    const char *term = getenv("TERM"), *color = getenv("COLORTERM");
    setlocale(LC_CTYPE, ""); /* as the workbench does; numbers stay as they are */
    f->encoding = nl_langinfo(CODESET);
    f->terminal = term ? term : "";
    f->colorterm = color ? color : "";
    f->tty_in = isatty(STDIN_FILENO);
    f->tty_out = isatty(stray_stdout());
    f->true_color = !strcmp(f->colorterm, "truecolor") || !strcmp(f->colorterm, "24bit");
    if (!f->tty_in || !f->tty_out)
        gap(f, "This is no terminal: the workbench needs one; `frame` and the other words do not.");
    if (!*f->terminal || !strcmp(f->terminal, "dumb"))
        gap(f, "TERM is %s: set it to what the terminal is, xterm-256color for most.",
            *f->terminal ? f->terminal : "not set");
    if (!f->true_color)
        gap(f, "COLORTERM does not say truecolor: if the terminal can, run with --color 24bit or "
               "export COLORTERM=truecolor (ssh and sudo drop it).");
    if (strcmp(f->encoding, "UTF-8") != 0)
        gap(f,
            "The locale's encoding is %s: pictures get half the rows and frames are ASCII; export "
            "LC_ALL=C.UTF-8.",
            f->encoding);
}

static void look_at_machine(struct findings *f)
{
    long page = sysconf(_SC_PAGESIZE);
    f->processors = sysconf(_SC_NPROCESSORS_CONF);
    f->processors_online = sysconf(_SC_NPROCESSORS_ONLN);
    f->memory = memory_machine();
    f->memory_free = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)page;
    f->blas = blas_name();
    f->threads = blas_threads_now();
    if (f->processors_online < f->processors)
        gap(f, "%ld of %ld processors are online.", f->processors_online, f->processors);
    if (f->threads < f->processors_online)
        gap(f,
            "OpenBLAS uses %d of %ld processors: --threads or OPENBLAS_NUM_THREADS holds it back.",
            f->threads, f->processors_online);
    if (f->memory_free < (uint64_t)512 << 20)
        gap(f, "Less than 512 MiB of memory are free: --max-memory refuses early instead of "
               "swapping.");
}

static const struct limit {
    const char *name, *unit;
    uint64_t value;
} limits[] = {
    { "dimension", "rows or columns", LIMIT_DIMENSION },
    { "elements", "entries of a matrix", LIMIT_ELEMENTS },
    { "picture_side", "pixels", LIMIT_PICTURE_SIDE },
    { "picture_pixels", "pixels", LIMIT_PICTURE_PIXELS },
    { "png_chunk", "bytes", LIMIT_PNG_CHUNK },
    { "decoded_file", "bytes", LIMIT_DECODED_FILE },
    { "npy_header", "bytes", LIMIT_NPY_HEADER },
    { "json_header", "bytes", LIMIT_JSON_HEADER },
    { "tensors", "tensors in a file", LIMIT_TENSORS },
    { "name", "bytes of a name", LIMIT_NAME },
};

static const char *const libraries[] = { LIBRARY_VERSIONS };

/* Where one list of devices goes. */
struct survey {
    struct report *r; /* NULL: as text to `out` */
    FILE *out;
    bool processor, tried; /* of the processor itself; auto, which opens one alone, is past it */
    size_t real, any;
};

/* Whether auto computes there, and why or why not. */
static bool auto_takes(struct survey *s, const struct device_facts *d, const char **why)
{
    bool takes = s->processor || (!d->unusable && !d->software && d->f64 && !s->tried);
    *why = d->unusable    ? d->unusable
           : s->processor ? "unless a device is done sooner"
           : d->software  ? "never a software device"
           : s->tried     ? "another comes first"
           : !d->f64      ? "it has no double precision"
                          : "where it is done sooner than the processor";
    return takes;
}

static void tell_json(struct report *r, const struct device_facts *d, bool takes, const char *why)
{
    report_object(r, NULL);
    report_count(r, "number", d->number);
    report_text(r, "name", d->name);
    report_text(r, "type", d->type);
    report_text(r, "driver", *d->driver ? d->driver : NULL);
    report_text(r, "api", *d->api ? d->api : NULL);
    report_count(r, "binding", d->binding);
    report_count(r, "memory", d->memory);
    report_bool(r, "f64", d->f64);
    report_bool(r, "auto", takes);
    report_text(r, "auto_reason", why);
    report_end(r);
}

static void tell_text(FILE *out, const struct device_facts *d, bool takes, const char *why)
{
    struct error name, driver;
    char binding[32], memory[32];
    report_bytes(d->binding, binding, sizeof(binding));
    report_bytes(d->memory, memory, sizeof(memory));
    fprintf(out, "    %u: %s: %s%s%s%s%s, %sdouble precision\n", d->number,
            report_plain(d->name, &name), d->type, *d->driver ? ", " : "",
            report_plain(d->driver, &driver), *d->api ? ", Vulkan " : "", d->api,
            d->f64 ? "" : "no ");
    fprintf(out, "       memory %s, %s at once; auto: %s, %s\n", memory, binding,
            takes ? "yes" : "no", why);
}

static void tell(void *context, const struct device_facts *d)
{
    struct survey *s = context;
    const char *why;
    bool takes = auto_takes(s, d, &why);
    s->tried |= !d->unusable;
    s->any++;
    s->real += !d->software && !d->unusable;
    if (s->r)
        tell_json(s->r, d, takes, why);
    else
        tell_text(s->out, d, takes, why);
}

static void put_devices(struct report *r, FILE *out, const struct backend_ops *ops,
                        struct findings *f)
{
    struct survey s = { .r = r, .out = out, .processor = !strcmp(ops->name, "cpu") };
    struct error ignored;
    if (r)
        report_array(r, "devices");
    if (ops->survey)
        ops->survey(tell, &s, &ignored); /* opening it has said why there is none */
    if (r)
        report_end(r);
    if (s.any && !s.real)
        gap(f,
            "Backend %s has no device but software, which is slower than the processor: if there "
            "is a graphics processor here, its maker's driver is missing.",
            ops->name);
}

/* The device named if this backend has it, otherwise its best. NULL: it does not open at all. */
static struct backend *open_backend(const char *name, const char *device, bool *named,
                                    struct error *err)
{
    struct backend *b = backend_open(name, device, err);
    *named |= b != NULL;
    return b || !device || err->code != ERROR_USAGE ? b : backend_open(name, NULL, err);
}

/* Opens every backend to see its device, and lists those there are. */
static void put_backends(struct report *r, FILE *out, const struct options *o, struct findings *f)
{
    size_t i = 0;
    bool named = false;
    for (; backends[i]; i++) {
        struct error err = { 0 };
        struct backend *b = open_backend(backends[i]->name, o->device, &named, &err);
        const char *device = b ? backend_device(b) : NULL;
        if (r) {
            report_object(r, NULL);
            report_text(r, "name", backends[i]->name);
            report_text(r, "device", device);
            report_text(r, "error", b ? NULL : err.text);
        } else {
            fprintf(out, "  %-10s %s\n", backends[i]->name, b ? device : err.text);
        }
        if (!b)
            gap(f, "Backend %s does not open: %s.", backends[i]->name, err.text);
        backend_close(b);
        put_devices(r, out, backends[i], f);
        if (r)
            report_end(r);
    }
    if (o->device && !named)
        gap(f, "No device is called \"%s\".", o->device);
    if (i == 1)
        gap(f, "This program was built without Vulkan: building needs its headers, glslc and "
               "spirv-val (Debian: libvulkan-dev glslc spirv-tools).");
}

static bool print_json(struct call *c, struct findings *f, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "version", EIGENSCOPE_VERSION);
    report_array(r, "backends");
    put_backends(r, c->out, &c->o, f);
    report_end(r);
    report_text(r, "blas", f->blas);
    report_count(r, "threads", (uint64_t)f->threads);
    report_count(r, "processors", (uint64_t)f->processors_online);
    report_count(r, "memory", f->memory);
    report_count(r, "memory_free", f->memory_free);
    report_count(r, "max_memory", memory_most());
    report_array(r, "libraries");
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
        report_text(r, NULL, libraries[i]);
    report_end(r);
    report_object(r, "terminal");
    report_text(r, "term", f->terminal);
    report_text(r, "colorterm", f->colorterm);
    report_text(r, "encoding", f->encoding);
    report_bool(r, "stdin_is_terminal", f->tty_in);
    report_bool(r, "stdout_is_terminal", f->tty_out);
    report_bool(r, "true_color", f->true_color);
    report_end(r);
    report_object(r, "limits");
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        report_count(r, limits[i].name, limits[i].value);
    report_end(r);
    report_array(r, "gaps");
    for (size_t i = 0; i < f->n_gaps; i++)
        report_text(r, NULL, f->gaps[i]);
    report_end(r);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static void print_text(struct call *c, struct findings *f)
{
    FILE *out = c->out;
    char total[32], unused[32], most[32];
    struct error term, color;
    report_bytes(f->memory, total, sizeof(total));
    report_bytes(f->memory_free, unused, sizeof(unused));
    report_bytes(memory_most(), most, sizeof(most));
    fprintf(out, "eigenscope %s\n\nBackends\n", EIGENSCOPE_VERSION);
    put_backends(NULL, out, &c->o, f);
    fprintf(out,
            "\nMachine\n  processors %ld\n  memory     %s, %s free, %s for this program "
            "(--max-memory)\n  BLAS       %s\n"
            "  threads    %d\n",
            f->processors_online, total, unused, most, f->blas, f->threads);
    fprintf(out, "\nLibraries\n");
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
        fprintf(out, "  %s\n", libraries[i]);
    fprintf(out, "\nTerminal\n  TERM       %s\n  COLORTERM  %s\n  encoding   %s\n",
            *f->terminal ? report_plain(f->terminal, &term) : "not set",
            *f->colorterm ? report_plain(f->colorterm, &color) : "not set", f->encoding);
    fprintf(out, "\nLimits\n");
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        fprintf(out, "  %-16s %14llu %s\n", limits[i].name, (unsigned long long)limits[i].value,
                limits[i].unit);
    fprintf(out, "\nWhat to do\n");
    for (size_t i = 0; i < f->n_gaps; i++)
        fprintf(out, "  %s\n", f->gaps[i]);
    if (!f->n_gaps)
        fprintf(out, "  Nothing.\n");
}

bool doctor_word(struct call *c, struct error *err)
{
    struct findings f = { 0 };
    look_at_terminal(&f);
    look_at_machine(&f);
    if (c->o.common.json)
        return print_json(c, &f, err);
    print_text(c, &f);
    return true;
}
