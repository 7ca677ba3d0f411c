#include "runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "hold.h"
#include "memory.h"
#include "view.h"

static const double bits_least = 0.01, bits_usual = 2;

/* Of an entry as its file has it: a larger result is no size to start from. */
static double bits_of_original(const struct model *m, double rows, double cols)
{
    const struct entry *e = document_entry(m->document, m->entry);
    if (document_is_picture(m->document))
        return m->document->raster ? m->document->raster->source_depth : 8;
    return e && e->size > 0 ? 8 * (double)e->size / (rows * cols)
                            : 8 * (double)dtype_size(m->dtype);
}

double runs_at_hand(const struct model *m)
{
    double rows, cols;
    struct params_any params = *model_params_const(m);
    if (!model_shape(m, &rows, &cols))
        return 0;
    if (hold_on(m))
        return m->budget;
    model_clamp(m, &params);
    size_t planes = model_planes(m);
    double bits = (double)budget_bits_of(m->method, &params, m->dtype, (size_t)rows, (size_t)cols,
                                         planes, false);
    double size = ceil(bits / ((double)planes * rows * cols) * 1e4) /
                  1e4; /* as it is shown; what is there fits */
    return size < bits_of_original(m, rows, cols) ? fmax(bits_least, size) : bits_usual;
}

/* What is out is of another size, or less urgent. */
static void overtake(struct model *m)
{
    m->runs.serial = 0;
    if (m->busy && m->out == REQUEST_COMPARE) {
        m->busy = false;
        m->cancel = true;
    }
}

static void begin(struct model *m, double bits)
{
    struct runs *r = &m->runs;
    if (bits != r->asked)
        r->reason[0] = 0;
    r->bits = r->asked = bits;
    r->begun = r->table = true;
    r->stopped = false;
    if (!r->grid_out)
        overtake(m);
}

bool runs_begin(struct model *m, double bits, struct error *err)
{
    if (!model_needs_one(m, "compare", err))
        return false;
    if (!(bits >= bits_least && bits <= RUNS_BITS_MOST))
        return fail(err, ERROR_USAGE, "%.6g bits per entry: a comparison is at %g to %d", bits,
                    bits_least, RUNS_BITS_MOST);
    begin(m, bits);
    return true;
}

void runs_grid(struct model *m)
{
    struct runs *r = &m->runs;
    if (!model_chosen(m) || (m->method->flags & (METHOD_MANY | METHOD_SANDBOX))) {
        model_say(m, true, "there is no grid of that");
        return;
    }
    r->grid_method = m->method;
    r->grid_params = *model_params(m);
    model_clamp(m, &r->grid_params);
    r->begun = r->grid = true;
    r->stopped = false;
    overtake(m);
    model_say(m, false, "a grid of %s about its setting", m->method->name);
}

void runs_go_on(struct model *m)
{
    struct runs *r = &m->runs;
    struct error err;
    if (r->stopped && (r->table || r->grid)) {
        r->stopped = false;
        return;
    }
    if (r->table || r->grid)
        model_say(m, false, "it is being compared - C-c stops");
    else if (!runs_begin(m, runs_at_hand(m), &err))
        model_say(m, true, "%s", err.text);
}

void runs_stop(struct model *m)
{
    m->runs.stopped |= m->runs.table || m->runs.grid;
}

void runs_forget(struct model *m)
{
    struct runs *r = &m->runs;
    run_list_finish(&r->list);
    *r = (struct runs){ .by_size = r->by_size, .plot = r->plot, .held = r->held };
}

const struct run_row *runs_chosen(const struct model *m)
{
    const struct runs *r = &m->runs;
    return r->at < r->list.n ? &r->list.of[r->at] : NULL;
}

static int words(const struct run_row *x, const struct run_row *y)
{
    char a[96], b[96];
    runs_name(x, a, sizeof(a));
    runs_name(y, b, sizeof(b));
    int by_name = strcmp(a, b);
    runs_setting(x, a, sizeof(a));
    runs_setting(y, b, sizeof(b));
    return by_name ? by_name : strcmp(a, b);
}

static int order(const struct run_row *x, const struct run_row *y, bool by_size)
{
    double size = run_size(x) - run_size(y), error = x->numbers.error - y->numbers.error;
    double first = by_size ? size : error, second = by_size ? error : size;
    return first != 0 ? (first < 0 ? -1 : 1) : second != 0 ? (second < 0 ? -1 : 1) : words(x, y);
}

static int by_error(const void *a, const void *b)
{
    return order(a, b, false);
}

static int by_size(const void *a, const void *b)
{
    return order(a, b, true);
}

bool runs_take(struct model *m)
{
    const struct run_row *row = runs_chosen(m);
    struct params_any params = row->params;
    model_set_method(m, row->method);
    *model_params(m) = params;
    hold_refit(m);
    bool frees = hold_on(m) && !param_equal(&m->method->params, &params, model_params(m));
    if (frees)
        m->budget = 0;
    *model_params(m) = params;
    model_changed(m);
    return frees;
}

/* This row stays chosen, or, where it is gone, its place; on the first one stays with the best. */
static void sort_about(struct runs *r, const struct run_row *chosen)
{
    if (r->list.n)
        qsort(r->list.of, r->list.n, sizeof(*r->list.of), r->by_size ? by_size : by_error);
    for (size_t i = 0; r->at && i < r->list.n; i++)
        if (run_same(&r->list.of[i], chosen)) {
            r->at = i;
            break;
        }
    if (r->at >= r->list.n)
        r->at = r->list.n ? r->list.n - 1 : 0;
}

static struct run_row chosen_row(const struct model *m)
{
    const struct run_row *row = runs_chosen(m);
    return row ? *row : (struct run_row){ 0 };
}

void runs_sort(struct model *m)
{
    const struct run_row chosen = chosen_row(m);
    sort_about(&m->runs, &chosen);
}

static bool counts(const struct run_row *row)
{
    return row->final && row->method;
}

/* Of settings alone: no reference is a low rank. */
static void mark_front(struct run_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct run_row *x = &l->of[i];
        x->front = counts(x);
        for (size_t j = 0; j < l->n && x->front; j++) {
            const struct run_row *y = &l->of[j];
            double size = run_size(x) - run_size(y), error = x->numbers.error - y->numbers.error;
            x->front = !(counts(y) && size >= 0 && error >= 0 && (size > 0 || error > 0));
        }
    }
}

static bool at_size(const struct runs *r, const struct run_row *row)
{
    return counts(row) && row->origin != RUN_GRID && row->bits == r->bits;
}

/* Of the rows at this size: compare.h wants them by error. */
static void find_reason(struct runs *r)
{
    struct error unused;
    struct compare_table t = { 0 };
    r->reason[0] = 0;
    t.rows = r->list.n ? memory_alloc(r->list.n * sizeof(*t.rows), &unused) : NULL;
    for (size_t i = 0; t.rows && i < r->list.n; i++) {
        const struct run_row *x = &r->list.of[i];
        size_t j = t.n;
        if (!at_size(r, x))
            continue;
        for (; j > 0 && t.rows[j - 1].numbers.error > x->numbers.error; j--)
            t.rows[j] = t.rows[j - 1];
        t.rows[j] = (struct compare_row){
            .method = x->method, .params = x->params, .final = true, .numbers = x->numbers
        };
        t.n++;
    }
    if (t.n)
        compare_reason(&t, r->reason, sizeof(r->reason));
    compare_finish(&t);
}

static void arrange(struct runs *r, const struct run_row *chosen)
{
    mark_front(&r->list);
    sort_about(r, chosen);
    find_reason(r);
}

void runs_drop(struct model *m)
{
    struct run_list *l = &m->runs.list;
    size_t at = m->runs.at;
    if (at >= l->n)
        return;
    memmove(&l->of[at], &l->of[at + 1], (l->n - at - 1) * sizeof(*l->of));
    l->n--;
    const struct run_row next = chosen_row(m);
    arrange(&m->runs, &next);
}

void runs_name(const struct run_row *row, char *out, size_t size)
{
    if (row->method)
        snprintf(out, size, "%s%s", row->method->name, row->origin == RUN_SOURCE ? ", paper" : "");
    else
        snprintf(out, size, "%s", row->name);
}

void runs_setting(const struct run_row *row, char *out, size_t size)
{
    if (row->method)
        compare_setting(row->method, &row->params, row->origin == RUN_SOURCE, out, size);
    else
        snprintf(out, size, "%s", row->setting);
}

bool runs_want(struct model *m)
{
    struct runs *r = &m->runs;
    if (m->busy || !model_chosen(m) || r->held)
        return false;
    bool other = r->bits > 0 && r->bits != r->asked; /* a session says so */
    if (m->view->runs && (!r->begun || other))
        begin(m, r->bits > 0 ? r->bits : runs_at_hand(m));
    return (r->table || r->grid) && !r->stopped;
}

void runs_request(struct model *m, struct request *out)
{
    struct runs *r = &m->runs;
    r->grid_out = r->grid;
    r->serial = out->serial;
    out->bits = r->bits;
    out->grid = r->grid;
    if (r->grid) {
        out->method = r->grid_method;
        out->params = r->grid_params;
    }
}

/* What an older answer looked at and a newer one does not is gone; all that was run stays. */
static void drop_looks(struct run_list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->of[i].final)
            l->of[n++] = l->of[i];
    l->n = n;
}

void runs_accept(struct model *m, struct outcome *o)
{
    struct runs *r = &m->runs;
    struct error err = { 0 };
    const struct run_row chosen = chosen_row(m);
    drop_looks(&r->list);
    for (size_t i = 0; i < o->runs.n; i++)
        if (!run_list_put(&r->list, &o->runs.of[i], &err))
            model_say(m, true, "%s", err.text);
    if (o->final && o->serial == r->serial) {
        r->table &= r->grid_out;
        r->grid &= !r->grid_out;
        r->grid_out = false;
    }
    arrange(r, &chosen);
}

void runs_failed(struct model *m)
{
    m->runs.stopped = true;
}
