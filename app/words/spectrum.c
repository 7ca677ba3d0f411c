/* spectrum: singular values and what they say about the matrix. */
#include "anatomy.h"
#include "cli.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What is said about one matrix. */
struct reading {
    const char *name;
    struct anatomy a;
    bool exact; /* entries as they are: a numerical rank means something */
};

static bool look(struct job *job, const struct selection *s, size_t i, struct matrix_view a,
                 struct reading *out, struct error *err)
{
    const struct anatomy_options o = { .dtype = a.dtype, .exact = true, .rounding = true };
    const struct entry *e = s->entries[i];
    struct verdict_line own = anatomy_own(e);
    double deviation = nan("");
    if ((e && !anatomy_rounding(s->document, e, &deviation, err)) ||
        !anatomy_of_matrix(job, a, deviation, &own, &o, &out->a, err))
        return false;
    if (out->a.spectrum.n || !a.rows || !a.cols)
        return true;
    return fail(err, ERROR_FORMAT, "%s",
                out->a.statistics.nonfinite ? out->a.verdict.text
                                            : "the norm of the matrix is beyond the largest "
                                              "number (1.8e308)");
}

static void put_statistics(struct report *r, const struct anatomy_statistics *s)
{
    report_object(r, "statistics");
    report_number(r, "min", s->min);
    report_number(r, "max", s->max);
    report_number(r, "mean", s->mean);
    report_number(r, "deviation", s->deviation);
    report_number(r, "kurtosis", s->kurtosis);
    report_count(r, "zeros", s->zeros);
    report_count(r, "outliers", s->outliers);
    report_end(r);
}

static void put_verdict(struct report *r, const struct verdict *v)
{
    report_object(r, "verdict");
    report_text(r, "answer", verdict_names[v->answer]);
    report_text(r, "text", *v->text ? v->text : NULL);
    report_number(r, "gain", v->gain);
    report_array(r, "at_bytes_of");
    for (size_t i = 0; i < VERDICT_LINES; i++) {
        const struct verdict_line *line = &v->lines[i];
        if (!line->type)
            continue;
        report_object(r, NULL);
        report_text(r, "type", line->type);
        report_count(r, "bytes", line->bytes);
        report_number(r, "rounding", line->rounding);
        report_bool(r, "estimated", line->estimated);
        report_count(r, "rank", line->rank);
        report_number(r, "low_rank", line->low_rank);
        report_end(r);
    }
    report_end(r);
    report_end(r);
}

static void put(struct report *r, const struct call *c, const struct reading *x)
{
    const struct spectrum *s = &x->a.spectrum;
    report_text(r, "file", c->o.arguments[0]);
    report_text(r, "matrix", x->name);
    report_count(r, "rows", s->rows);
    report_count(r, "cols", s->cols);
    report_numbers(r, "sigma", s->sigma, s->n);
    report_array(r, "gaps");
    for (size_t i = 0; i + 1 < s->n; i++)
        report_number(r, NULL, s->sigma[i] - s->sigma[i + 1]);
    report_end(r);
    if (x->exact)
        report_count(r, "numerical_rank", spectrum_numerical_rank(s));
    else
        report_null(r, "numerical_rank");
    report_number(r, "frobenius", s->norm);
    report_number(r, "stable_rank", spectrum_stable_rank(s));
    report_number(r, "effective_rank", spectrum_effective_rank(s));
    report_object(r, "energy_rank");
    report_count(r, "0.9", spectrum_energy_rank(s, 0.9));
    report_count(r, "0.99", spectrum_energy_rank(s, 0.99));
    report_count(r, "0.999", spectrum_energy_rank(s, 0.999));
    report_end(r);
    struct marchenko_pastur mp = spectrum_marchenko_pastur(s);
    report_object(r, "marchenko_pastur");
    report_number(r, "sigma", mp.sigma);
    report_number(r, "edge", mp.edge);
    report_count(r, "above", mp.above);
    report_end(r);
    struct power_law law = spectrum_power_law(s);
    report_object(r, "power_law");
    report_number(r, "alpha", law.alpha);
    report_number(r, "xmin", law.xmin);
    report_number(r, "ks", law.ks);
    report_end(r);
    report_number(r, "noise_floor", x->a.rounding_edge);
    put_statistics(r, &x->a.statistics);
    put_verdict(r, &x->a.verdict);
    report_text(r, "precision", x->exact ? "f64" : "f32");
}

static bool print_json(struct call *c, const struct reading *x, size_t n, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    if (n == 1)
        put(r, c, x);
    else {
        report_text(r, "file", c->o.arguments[0]);
        report_array(r, "matrices");
        for (size_t i = 0; i < n; i++) {
            report_object(r, NULL);
            put(r, c, &x[i]);
            report_end(r);
        }
        report_end(r);
    }
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static void print_text(FILE *out, const struct reading *x)
{
    const struct spectrum *s = &x->a.spectrum;
    struct error plain;
    struct marchenko_pastur mp = spectrum_marchenko_pastur(s);
    struct power_law law = spectrum_power_law(s);
    fprintf(out, "%s: %zu x %zu\n", report_plain(x->name, &plain), s->rows, s->cols);
    if (x->exact)
        fprintf(out, "  numerical rank   %zu of %zu\n", spectrum_numerical_rank(s), s->n);
    fprintf(out, "  Frobenius norm   %.9g\n", s->norm);
    fprintf(out, "  stable rank      %.4g\n", spectrum_stable_rank(s));
    fprintf(out, "  effective rank   %.4g\n", spectrum_effective_rank(s));
    fprintf(out, "  energy ranks     %zu for 90 %%, %zu for 99 %%, %zu for 99.9 %%\n",
            spectrum_energy_rank(s, 0.9), spectrum_energy_rank(s, 0.99),
            spectrum_energy_rank(s, 0.999));
    fprintf(out, "  noise (Marchenko-Pastur)  %.4g an entry, edge %.4g, %zu values above\n",
            mp.sigma, mp.edge, mp.above);
    if (isfinite(law.alpha))
        fprintf(out, "  power law        alpha %.3g above %.4g, KS distance %.3g\n", law.alpha,
                law.xmin, law.ks);
    if (isfinite(x->a.rounding_edge))
        fprintf(out, "  noise floor      %.4g, from the rounding of the source; %zu values below\n",
                x->a.rounding_edge, x->a.below_rounding);
    if (*x->a.verdict.text)
        fprintf(out, "  %s\n", x->a.verdict.text);
    fprintf(out, "  %6s  %14s  %14s  %14s\n", "k", "sigma_k", "gap to next", "error at rank k");
    for (size_t k = 0; k < s->n && k < 16; k++)
        fprintf(out, "  %6zu  %14.6g  %14.6g  %14.6g\n", k + 1, s->sigma[k],
                k + 1 < s->n ? s->sigma[k] - s->sigma[k + 1] : nan(""), spectrum_tail(s, k + 1));
    if (s->n > 16)
        fprintf(out, "  ... %zu more; --json has all\n", s->n - 16);
}

bool spectrum_word(struct call *c, struct error *err)
{
    struct selection s = { 0 };
    struct matrix a[SELECTION_MAX] = { 0 };
    struct reading x[SELECTION_MAX] = { 0 };
    struct job job = { .cancel = &cli_cancel };
    bool single = options_given(&c->o, "precision") && c->o.common.precision == DTYPE_F32;
    bool ok = selection_open(c->o.arguments[0], (enum planes)c->o.picture.planes, &s, err) &&
              selection_read(&s, single ? DTYPE_F32 : DTYPE_F64,
                             (enum nonfinite)c->o.common.nonfinite, a, err);
    for (size_t i = 0; ok && i < s.n; i++) {
        x[i] = (struct reading){ .name = s.names[i], .exact = !single };
        ok = look(&job, &s, i, a[i].view, &x[i], err);
        matrix_finish(&a[i]);
    }
    if (ok && c->o.common.json)
        ok = print_json(c, x, s.n, err);
    for (size_t i = 0; ok && !c->o.common.json && i < s.n; i++)
        print_text(c->out, &x[i]);
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        anatomy_finish(&x[i].a);
        matrix_finish(&a[i]);
    }
    selection_finish(&s);
    return ok;
}
