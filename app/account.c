#include "account.h"

#include "report.h"
#include "simulated.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void account_params(struct report *r, const struct method *m, const struct params_any *params)
{
    report_object(r, "params");
    for (size_t i = 0; i < m->params.n; i++) {
        const struct param *p = &m->params.rows[i];
        char text[64];
        param_format(p, params, text, sizeof(text));
        uint64_t seed = 0;
        if (p->kind == PARAM_SEED)
            memcpy(&seed, params->bytes + p->offset, sizeof(seed));
        if (p->choices)
            report_text(r, p->key, text);
        else if (p->kind == PARAM_BOOL)
            report_bool(r, p->key, param_get(p, params) != 0);
        else if (p->kind == PARAM_SEED)
            report_count(r, p->key, seed);
        else if (p->kind == PARAM_INT)
            report_whole(r, p->key, (int64_t)param_get(p, params));
        else
            report_number(r, p->key, param_get(p, params));
    }
    report_end(r);
}

static void put_counts(struct report *r, const char *key, const unsigned long *counts)
{
    report_object(r, key);
    for (size_t i = 0; i < OP_COUNT; i++)
        if (counts[i])
            report_count(r, backend_op_names[i], counts[i]);
    report_end(r);
}

static void picture_sentence(const struct account *a, char *out, size_t size)
{
    char source[32], written[32], factors[32];
    bool png = !strcmp(format_for_output(a->options->output)->name, "png");
    const char *what = png ? "PNG" : "picture file";
    report_bytes(document_size(a->selection->document), source, sizeof(source));
    report_bytes(a->written, written, sizeof(written));
    report_bytes(a->total.bytes, factors, sizeof(factors));
    snprintf(out, size,
             "The %s shows the picture, the factors file is the compression: source %s, "
             "this %s %s, factors %s.",
             what, document_size(a->selection->document) ? source : "generated", what, written,
             factors);
}

static void put_output(struct report *r, const struct account *a)
{
    const char *path = a->written ? a->options->output : NULL;
    if (!path) {
        report_null(r, "output");
        return;
    }
    const struct format *format = format_for_output(path);
    report_object(r, "output");
    report_text(r, "path", path);
    report_text(r, "format", format->name);
    report_count(r, "bytes", a->written);
    if (format->needs_picture) {
        char sentence[240];
        picture_sentence(a, sentence, sizeof(sentence));
        if (document_size(a->selection->document))
            report_count(r, "source_bytes", document_size(a->selection->document));
        else
            report_null(r, "source_bytes");
        if (!strcmp(format->name, "png"))
            report_count(r, "png_bytes", a->written);
        report_count(r, "factors_bytes", a->total.bytes);
        report_text(r, "sentence", sentence);
    }
    report_end(r);
}

/* What the fit to a left factor leaves beyond the best of its rank. */
static double left_loss(const struct account_line *x)
{
    double square = x->fitted * x->fitted - x->optimal * x->optimal;
    return square > 0 || isnan(square) ? sqrt(square) : 0;
}

/* Three parts of the error, relative to the norm; their squares add up to its square. Saha,
 * Srivastava, Pilanci 2023: the normal equations of Algorithm 1, step 4. */
static void put_loss(struct report *r, const struct account_line *x)
{
    report_object(r, "loss");
    report_number(r, "tail", x->optimal);
    report_number(r, "left", left_loss(x));
    report_number(r, "right", x->right_loss);
    report_end(r);
}

/* Of how the bound of the mean comes about, or what it is a guess for. */
static void put_theory(struct report *r, const struct theory *t)
{
    if (isnan(t->error)) {
        report_null(r, "theory");
        return;
    }
    report_object(r, "theory");
    report_number(r, "error", t->error);
    report_number(r, "tail", t->tail);
    report_number(r, "left", t->left);
    report_number(r, "right", t->right);
    report_bool(r, "proved", t->proved);
    report_text(r, "assumption", t->unproved);
    report_end(r);
}

static void put_line(struct report *r, const struct account *a, const struct account_line *x)
{
    double entries = (double)x->entries;
    report_text(r, "matrix", x->name);
    report_count(r, "rows", x->rows);
    report_count(r, "cols", x->cols);
    account_params(r, a->method, &a->params);
    if (x->rank)
        report_count(r, "rank", x->rank);
    else
        report_null(r, "rank");
    report_number(r, "relative_error", x->error);
    report_number(r, "optimal_error", x->optimal);
    if (isfinite(x->numerical_rank))
        report_count(r, "numerical_rank", (uint64_t)x->numerical_rank);
    else
        report_null(r, "numerical_rank");
    report_number(r, "bound", x->bound);
    put_loss(r, x);
    put_theory(r, &x->theory);
    report_number(r, "psnr_db", x->psnr);
    report_number(r, "ssim", x->ssim);
    report_object(r, "bits");
    report_count(r, "paper", x->bits_paper);
    report_count(r, "true", x->bits_true);
    report_end(r);
    report_object(r, "bits_per_entry");
    report_number(r, "paper", (double)x->bits_paper / entries);
    report_number(r, "true", (double)x->bits_true / entries);
    report_end(r);
    if (x->shared_true) {
        report_object(r, "shared_bits");
        report_count(r, "paper", x->shared_paper);
        report_count(r, "true", x->shared_true);
        report_end(r);
    }
    if (x->bytes)
        report_count(r, "bytes", x->bytes);
    else
        report_null(r, "bytes");
    report_count(r, "dead_columns", x->dead);
    report_count(r, "rounds", x->rounds);
    report_number(r, "seconds", x->seconds);
}

/* Of a stack the file alone: the name of the matrix stands beside it. */
static const char *file_of(const struct account *a, size_t i)
{
    return a->selection->stack ? selection_file(a->selection, i)->name : a->options->arguments[0];
}

/* What is the same for every matrix of a file. */
static void put_head(struct report *r, const struct account *a, size_t i)
{
    report_text(r, "version", EIGENSCOPE_VERSION);
    report_text(r, "method", a->method->name);
    report_text(r, "file", file_of(a, i));
    if (*a->group)
        report_text(r, "group", a->group);
}

/* The same but for the counts. */
static void put_tail(struct report *r, const struct account *a, const struct account_line *x)
{
    report_text(r, "backend", a->backend);
    report_text(r, "device", a->device);
    put_counts(r, "dispatches", x->counts.device);
    put_counts(r, "fallbacks", x->counts.fallback);
    report_text(r, "precision", a->dtype == DTYPE_F64 ? "f64" : "f32");
    report_text(r, "notice", *a->notice ? a->notice : NULL);
    report_text(r, "trouble", *a->trouble ? a->trouble : NULL);
    put_output(r, a);
}

void account_put(struct report *r, const struct account *a)
{
    put_head(r, a, 0);
    simulated_put(r, a, true);
    put_line(r, a, &a->total);
    put_tail(r, a, &a->total);
    if (a->selection->n > 1) {
        report_text(r, "planes", a->selection->picture ? planes_names[a->selection->planes] : NULL);
        report_array(r, "matrices");
        for (size_t i = 0; i < a->selection->n; i++) {
            report_object(r, NULL);
            put_head(r, a, i);
            put_line(r, a, &a->lines[i]);
            put_tail(r, a, &a->lines[i]);
            report_end(r);
        }
        report_end(r);
        report_object(r, "total");
        put_line(r, a, &a->total);
        report_end(r);
    }
}

bool account_json(const struct account *a, FILE *out, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    account_put(r, a);
    bool ok = report_print(r, out, err);
    report_destroy(r);
    return ok;
}

static void print_line(FILE *out, const struct account_line *x, bool shape)
{
    double entries = (double)x->entries;
    struct error plain;
    if (x->name)
        fprintf(out, "  %s", report_plain(x->name, &plain));
    if (x->name && shape)
        fprintf(out, ", %zu x %zu", x->rows, x->cols);
    if (x->name)
        fputc('\n', out);
    if (x->rank)
        fprintf(out, "  rank             %zu%s", x->rank, x->dead ? "" : "\n");
    if (x->rank && x->dead)
        fprintf(out, ", of which %zu columns carry nothing\n", x->dead);
    fprintf(out, "  relative error   %.6g", x->error);
    if (isfinite(x->optimal))
        fprintf(out, ", optimal at this rank %.6g", x->optimal);
    if (isfinite(x->bound))
        fprintf(out, ", bound on the mean %.6g", x->bound);
    fputc('\n', out);
    if (isfinite(x->optimal) && isfinite(x->right_loss))
        fprintf(out, "  of which         %.6g the rank, %.6g the left factor, %.6g the right one\n",
                x->optimal, left_loss(x), x->right_loss);
    if (!isnan(x->psnr))
        fprintf(out, "  PSNR             %.2f dB", x->psnr);
    if (!isnan(x->psnr) && isfinite(x->ssim))
        fprintf(out, ", SSIM %.4f", x->ssim);
    if (!isnan(x->psnr))
        fputc('\n', out);
    fprintf(out, "  bits per entry   %.4f; %.4f as papers count\n", (double)x->bits_true / entries,
            (double)x->bits_paper / entries);
    if (x->shared_true)
        fprintf(out, "  shared           %.1f %% of the bits\n",
                100 * (double)x->shared_true / (double)x->bits_true);
}

/* "gemm 4, code 2"; no line where there is none. */
static void print_counts(FILE *out, const char *title, const unsigned long *counts)
{
    bool first = true;
    for (size_t i = 0; i < OP_COUNT; i++) {
        if (!counts[i])
            continue;
        if (first)
            fprintf(out, "  %-16s ", title);
        fprintf(out, "%s%s %lu", first ? "" : ", ", backend_op_names[i], counts[i]);
        first = false;
    }
    if (!first)
        fputc('\n', out);
}

/* ", plane by plane", and what becomes of other sets of matrices. */
static void how_taken(const struct account *a, char *out, size_t size)
{
    size_t n = a->selection->n;
    if (n == 1)
        out[0] = '\0';
    else if (a->method->flags & METHOD_MANY)
        snprintf(out, size, ", %zu %s with one right factor", n,
                 a->selection->stack ? "matrices" : "planes");
    else if (a->selection->stack)
        snprintf(out, size, ", %zu matrices one by one", n);
    else
        snprintf(out, size, ", plane by plane");
}

void account_print(const struct account *a, FILE *out)
{
    struct error plain;
    char size[32], sentence[240], how[64];
    how_taken(a, how, sizeof(how));
    fprintf(out, "%s of %s, %zu x %zu%s, %s on %s: %s\n", a->method->title,
            report_plain(*a->group ? a->group : file_of(a, 0), &plain), a->total.rows,
            a->total.cols, how, a->dtype == DTYPE_F64 ? "f64" : "f32", a->backend, a->device);
    simulated_print(a, out);
    if (a->selection->n > 1)
        for (size_t i = 0; i < a->selection->n; i++)
            print_line(out, &a->lines[i], a->selection->stack);
    if (a->selection->n > 1)
        fprintf(out, "  all together\n");
    struct account_line total = a->total;
    total.name = NULL;
    print_line(out, &total, false);
    report_bytes(a->total.bytes, size, sizeof(size));
    fprintf(out, "  factors file     %s (%" PRIu64 " bytes)\n", size, a->total.bytes);
    fprintf(out, "  time             %.3g s\n", a->total.seconds);
    print_counts(out, "on the device", a->total.counts.device);
    print_counts(out, "by the processor", a->total.counts.fallback);
    if (*a->notice)
        fprintf(out, "  note             %s\n", a->notice);
    if (!a->options->output)
        return;
    report_bytes(a->written, size, sizeof(size));
    fprintf(out, "  wrote            %s, %s\n", report_plain(a->options->output, &plain), size);
    if (format_for_output(a->options->output)->needs_picture) {
        picture_sentence(a, sentence, sizeof(sentence));
        fprintf(out, "                   %s\n", sentence);
    }
}
