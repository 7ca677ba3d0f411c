#include "simulated.h"

#include "blas.h"
#include "linalg.h"
#include "memory.h"

#include <math.h>
#include <string.h>

enum { SIDE_MOST = 1024 }; /* beyond, eigenvectors for the account alone take too long */

static bool read_covariance(const struct document *d, const struct entry *e, struct matrix_view to,
                            struct error *err)
{
    (void)e;
    (void)err;
    matrix_copy(d->generated.view, to);
    return true;
}

static const struct format covariance = {
    .name = "covariance",
    .title = "Covariance",
    .summary = "A^T A of rows that were read.",
    .specification = "",
    .read = read_covariance,
};

/* FILE::NAME as one name, where FILE alone would mean something else. */
static struct document *name_document(const struct selection *rows, struct error *err)
{
    char name[LIMIT_NAME + 2 * NAME_TEXT];
    bool named = rows->document->n > 1;
    snprintf(name, sizeof(name), "%s%s%s", rows->document->name, named ? "::" : "",
             named ? rows->names[0] : "");
    return document_new(name, err);
}

static struct document *document_of(const struct selection *rows, struct matrix_view a,
                                    const struct covariance_terms *terms, struct error *err)
{
    struct document *d = name_document(rows, err);
    char name[NAME_TEXT + 16];
    snprintf(name, sizeof(name), "%s%s", rows->names[0], terms->ready ? "" : ".covariance");
    if (!d)
        return NULL;
    d->format = &covariance;
    d->derived = true;
    bool ok = matrix_init(&d->generated, DTYPE_F64, a.cols, a.cols, err) &&
              covariance_of(a, terms, d->generated.view, err) &&
              document_add(d, name, a.cols, a.cols, "f8", 0, 0, 0, err);
    if (ok) {
        document_set_raw(d, RAW_F64);
        if (*rows->document->notice)
            document_note(d, "%s", rows->document->notice);
        return d;
    }
    document_unref(d);
    return NULL;
}

bool simulated_selection(const struct selection *rows, enum dtype dtype, enum nonfinite nonfinite,
                         const struct covariance_terms *terms, struct selection *out,
                         struct error *err)
{
    struct matrix a = { 0 };
    if (rows->n != 1 || rows->stack)
        return fail(err, ERROR_USAGE,
                    "%s: a mechanism takes one matrix of rows, these are %zu; take FILE::%s",
                    rows->document->name, rows->n, rows->names[0]);
    bool ok = selection_read(rows, dtype, nonfinite, &a, err);
    struct document *d = ok ? document_of(rows, a.view, terms, err) : NULL;
    matrix_finish(&a);
    ok = d && selection_of(d, NULL, PLANES_RGB, out, err);
    document_unref(d);
    return ok;
}

/* M_k, by sign; vectors: the rows of eigenvectors, ascending. */
static bool top_of(struct matrix_view vectors, const double *values, size_t k,
                   struct matrix_view out, struct error *err)
{
    struct matrix weighted = { 0 };
    size_t d = vectors.rows;
    struct matrix_view top = matrix_block(vectors, d - k, 0, k, d);
    if (!matrix_init(&weighted, DTYPE_F64, k, d, err))
        return false;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < d; j++)
            matrix_put(weighted.view, i, j, values[d - k + i] * matrix_at(top, i, j));
    blas_gemm(matrix_transposed(top), weighted.view, out);
    matrix_finish(&weighted);
    return true;
}

static double apart(struct matrix_view a, struct matrix_view b)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(a, i, j, matrix_at(a, i, j) - matrix_at(b, i, j));
    return matrix_norm(a);
}

bool simulated_measure(struct account *a, struct matrix_view m, const struct result *r,
                       struct error *err)
{
    struct matrix vectors = { 0 }, top = { 0 }, y = { 0 };
    size_t d = m.rows;
    a->simulated.distance = a->simulated.gap = nan("");
    if (!a->method->simulated || d > SIDE_MOST)
        return true;
    size_t rank = (size_t)param_get(param_find(&a->method->params, "rank"), a->params.bytes);
    size_t k = rank < d ? rank : d;
    double *values = memory_alloc(d * sizeof(*values), err);
    bool ok = values && matrix_init(&vectors, DTYPE_F64, d, d, err) &&
              matrix_init(&top, DTYPE_F64, d, d, err) && matrix_init(&y, DTYPE_F64, d, d, err);
    if (ok) {
        matrix_copy(m, vectors.view);
        ok = linalg_eigen(vectors.view, values, err) &&
             top_of(vectors.view, values, k, top.view, err) && result_expand(r, 0, y.view, err);
    }
    if (ok)
        a->simulated.distance = apart(y.view, top.view);
    if (ok && k < d)
        a->simulated.gap = values[d - k] - values[d - k - 1];
    memory_free(values);
    matrix_finish(&vectors);
    matrix_finish(&top);
    matrix_finish(&y);
    return ok;
}

void simulated_put(struct report *r, const struct account *a, bool done)
{
    struct simulation s;
    if (!a->method->simulated)
        return;
    a->method->simulated(a->params.bytes, &s);
    report_bool(r, "private", false);
    report_object(r, "simulated");
    report_text(r, "note", SIMULATION_MARK);
    report_text(r, "mechanism", mechanism_name(s.mechanism));
    report_text(r, "relation", relation_names[s.relation]);
    report_text(r, "calibration", simulation_calibration_names[s.calibration]);
    report_number(r, "clip", s.clip);
    report_number(r, "epsilon", s.epsilon);
    report_number(r, "delta", s.delta);
    report_number(r, "true_epsilon", s.true_epsilon);
    report_number(r, "mu", s.mu);
    report_number(r, "sigma", s.s);
    report_number(r, "diagonal", s.diagonal);
    if (s.mechanism == MECHANISM_COMPLEX)
        report_number(r, "theorem_gap", simulation_theorem_gap(&s, a->selection->cols));
    report_number(r, "gap", done ? a->simulated.gap : nan(""));
    report_number(r, "distance", done ? a->simulated.distance : nan(""));
    report_end(r);
}

void simulated_print(const struct account *a, FILE *out)
{
    struct simulation s;
    if (!a->method->simulated)
        return;
    a->method->simulated(a->params.bytes, &s);
    fprintf(out, "  %s\n", SIMULATION_MARK);
    fprintf(out, "  noise            sigma %.6g off the diagonal, %.6g on it; mu %.6g\n", s.s,
            s.diagonal, s.mu);
    fprintf(out, "  epsilon          %.6g at delta %.3g, neighbours by %s", s.epsilon, s.delta,
            relation_names[s.relation]);
    if (s.calibration != SIMULATION_TIGHT)
        fprintf(out, "; truly %.6g", s.true_epsilon);
    fputc('\n', out);
    if (isfinite(a->simulated.distance))
        fprintf(out, "  to the top k     %.6g, the gap there %.6g\n", a->simulated.distance,
                a->simulated.gap);
    if (s.mechanism == MECHANISM_COMPLEX)
        fprintf(out, "  the theorem      asks for a gap of %.6g there\n",
                simulation_theorem_gap(&s, a->total.cols));
}
