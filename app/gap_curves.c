#include "gap_curves.h"

#include "bulk.h"
#include "gap_tables.h"
#include "memory.h"

#include <math.h>

static const enum field fields[] = { FIELD_REAL, FIELD_COMPLEX };
static const char *const field_names[] = { "real", "complex" };

void gap_curves_finish(struct gap_curves *g)
{
    memory_free(g->sigma);
    monte_carlo_finish(&g->found);
    for (size_t f = 0; f < 2; f++)
        memory_free(g->scree[f]);
    *g = (struct gap_curves){ 0 };
}

/* NAN after the last: there is nothing to part from. */
static double gap(const struct gap_curves *g, size_t k)
{
    return k < g->d ? g->sigma[k - 1] - g->sigma[k] : (double)NAN;
}

static double paper_gap(const struct gap_curves *g)
{
    return perturbation_paper_gap(g->p.deviation, g->d);
}

/* ---- for people ---- */

static void print_cell(FILE *out, int width, double x)
{
    if (isfinite(x))
        fprintf(out, "  %*.5g", width, x);
    else
        fprintf(out, "  %*s", width, "-");
}

static void print_head(FILE *out, const struct gap_curves *g)
{
    struct error plain;
    const struct simulation *n = &g->noise;
    double s = g->p.deviation;
    fprintf(out, "%s: covariance %zu x %zu, %s\n", report_plain(g->file, &plain), g->d, g->d,
            SIMULATION_MARK);
    fprintf(out, "  noise            sigma %.6g off the diagonal, T = %.6g; mu %.6g\n", s,
            s * s / 2, n->mu);
    fprintf(out, "  price            epsilon %g, delta %g, neighbours by %s, clip %g", n->epsilon,
            n->delta, relation_names[n->relation], n->clip);
    if (n->calibration == SIMULATION_CLASSICAL)
        fprintf(out, "; classical noise: true epsilon %.6g", n->true_epsilon);
    size_t met = 0;
    for (size_t k = 1; k < g->d; k++)
        met += gap(g, k) >= paper_gap(g);
    fprintf(out,
            "\n  paper's gap      %.6g, its sufficient condition, no cliff: met at %zu of %zu "
            "ranks\n",
            paper_gap(g), met, g->d - 1);
    for (size_t f = 0; f < 2; f++) {
        struct perturbation_band top = perturbation_top(fields[f], s, g->d);
        fprintf(out,
                "  %-7s noise    a spike over zeros shows from %.6g; noise alone reaches %.6g "
                "+- %.2g\n",
                field_names[f], perturbation_outlier(fields[f], s, g->d), top.mean, top.deviation);
    }
    fprintf(out, "  nothing cut      ||E|| = %.6g real: a rank with more error is worth nothing\n",
            perturbation_whole(FIELD_REAL, s, g->d));
}

static void print_errors(FILE *out, const struct gap_curves *g)
{
    double worst = 0;
    fprintf(out, "  %5s  %9s  %9s   %9s  %6s  %9s", "k", "sigma_k", "gap", "1st order", "doubt",
            "paper's");
    for (size_t x = 0; x < PERTURBED_COUNT && g->found.runs; x++)
        fprintf(out, "  %9s", perturbed_names[x]);
    fprintf(out, "\n");
    for (size_t i = 0; i < g->n_ranks; i++) {
        size_t k = g->ranks[i];
        fprintf(out, "  %5zu", k);
        print_cell(out, 9, g->sigma[k - 1]);
        print_cell(out, 9, gap(g, k));
        fputs(gap(g, k) >= paper_gap(g) ? "*" : " ", out);
        print_cell(out, 9, perturbation_error(&g->p, PERTURBED_Y, k));
        fprintf(out, "  %6.2f", perturbation_doubt(&g->p, FIELD_REAL, k));
        print_cell(out, 9, perturbation_paper_error(&g->p, k));
        for (size_t x = 0; x < PERTURBED_COUNT && g->found.runs; x++) {
            const struct monte_carlo_band *b = monte_carlo_error(&g->found, (enum perturbed)x, i);
            print_cell(out, 9, b->rms);
            worst = fmax(worst, b->rms_error / b->rms);
        }
        fprintf(out, "\n");
    }
    fprintf(out, "  errors ||X - M_k||; * meets the paper's condition");
    if (g->found.runs)
        fprintf(out, "; %zu runs, standard errors up to %.1f %%", g->found.runs, 100 * worst);
    fprintf(out, "\n");
}

static void print_values(FILE *out, const struct gap_curves *g)
{
    fprintf(out, "  %5s  %9s  %9s  %21s  %9s  %21s\n", "i", "sigma_i", "real: sum",
            "5 to 95 of 100", "complex", "5 to 95 of 100");
    for (size_t i = 0; i < g->d && i < 8; i++) {
        fprintf(out, "  %5zu", i + 1);
        print_cell(out, 9, g->sigma[i]);
        for (size_t f = 0; f < 2; f++) {
            print_cell(out, 9, g->scree[f][i]);
            print_cell(out, 10, g->found.runs ? g->found.values[f][i].low : (double)NAN);
            print_cell(out, 9, g->found.runs ? g->found.values[f][i].high : (double)NAN);
        }
        fprintf(out, "\n");
    }
    fprintf(out, "  noisy eigenvalues by the free sum%s", g->found.runs ? " and as drawn" : "");
    fprintf(out, g->d > 8 ? "; %zu more in --json\n" : "\n", g->d - 8);
}

void gap_curves_print(FILE *out, const struct gap_curves *g)
{
    print_head(out, g);
    print_errors(out, g);
    print_values(out, g);
}

/* ---- JSON ---- */

static void put_noise(struct report *r, const struct gap_curves *g)
{
    const struct simulation *n = &g->noise;
    report_number(r, "epsilon", n->epsilon);
    report_number(r, "delta", n->delta);
    report_number(r, "true_epsilon", n->true_epsilon);
    report_text(r, "relation", relation_names[n->relation]);
    report_text(r, "calibration", simulation_calibration_names[n->calibration]);
    report_number(r, "clip", n->clip);
    report_number(r, "mu", n->mu);
    report_number(r, "noise", g->p.deviation);
    report_number(r, "T", g->p.deviation * g->p.deviation / 2);
}

static void put_field(struct report *r, const struct gap_curves *g, size_t f)
{
    double s = g->p.deviation;
    struct perturbation_band top = perturbation_top(fields[f], s, g->d);
    struct bulk b = { g->sigma, g->d, perturbation_variance(fields[f], s) * (double)g->d };
    report_object(r, field_names[f]);
    report_number(r, "outlier", perturbation_outlier(fields[f], s, g->d));
    report_number(r, "edge", perturbation_edge(fields[f], s, g->d));
    report_number(r, "top", top.mean);
    report_number(r, "top_deviation", top.deviation);
    report_number(r, "whole", perturbation_whole(fields[f], s, g->d));
    report_number(r, "lower", bulk_lower(&b));
    report_number(r, "upper", bulk_upper(&b));
    report_numbers(r, "scree", g->scree[f], g->d);
    report_array(r, "law");
    for (size_t i = 0; i < g->d; i++)
        report_number(r, NULL, perturbation_eigenvalue(&g->p, fields[f], i).mean);
    report_end(r);
    report_array(r, "drawn");
    for (size_t i = 0; i < g->d && g->found.runs; i++)
        gap_put_band(r, NULL, &g->found.values[f][i]);
    report_end(r);
    if (g->found.runs)
        gap_put_band(r, "overlap", &g->found.overlap[f]);
    report_end(r);
}

static void put_rank(struct report *r, const struct gap_curves *g, size_t i)
{
    size_t k = g->ranks[i];
    report_object(r, NULL);
    report_count(r, "k", k);
    report_number(r, "sigma", g->sigma[k - 1]);
    report_number(r, "gap", gap(g, k));
    report_bool(r, "paper_condition", gap(g, k) >= paper_gap(g));
    report_number(r, "paper", perturbation_paper_error(&g->p, k));
    report_object(r, "first_order");
    for (size_t x = 0; x < PERTURBED_COUNT; x++)
        report_number(r, perturbed_names[x], perturbation_error(&g->p, (enum perturbed)x, k));
    report_end(r);
    report_object(r, "doubt");
    for (size_t f = 0; f < 2; f++)
        report_number(r, field_names[f], perturbation_doubt(&g->p, fields[f], k));
    report_end(r);
    report_object(r, "drawn");
    for (size_t x = 0; x < PERTURBED_COUNT && g->found.runs; x++)
        gap_put_band(r, perturbed_names[x], monte_carlo_error(&g->found, (enum perturbed)x, i));
    report_end(r);
    report_end(r);
}

bool gap_curves_json(FILE *out, const struct gap_curves *g, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    gap_put_mark(r);
    report_text(r, "file", g->file);
    report_text(r, "matrix", g->name);
    report_count(r, "rows", g->rows);
    report_count(r, "side", g->d);
    put_noise(r, g);
    report_numbers(r, "eigenvalues", g->sigma, g->d);
    report_array(r, "gaps");
    for (size_t k = 1; k < g->d; k++)
        report_number(r, NULL, gap(g, k));
    report_end(r);
    report_number(r, "paper_gap", paper_gap(g));
    for (size_t f = 0; f < 2; f++)
        put_field(r, g, f);
    report_count(r, "runs", g->found.runs);
    report_array(r, "ranks");
    for (size_t i = 0; i < g->n_ranks; i++)
        put_rank(r, g, i);
    report_end(r);
    report_text(r, "backend", g->backend);
    report_text(r, "device", g->device);
    bool ok = report_print(r, out, err);
    report_destroy(r);
    return ok;
}
