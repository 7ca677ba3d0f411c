/* A release on disk: a safetensors file, whose facts say which world it is of. */

#include "release_draw.h"

#include "document.h"
#include "safetensors.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 40, TENSORS = 4 };
static const char world[] = "release", file_version[] = "1";

/* ---- the facts ---- */

/* Each fact of a release, a text: how it is written, and read back; false: it is no such text. */
struct row {
    const char *key;
    void (*put)(const struct row *row, const void *field, char out[VALUE]);
    bool (*take)(const struct row *row, const char *text, void *field);
    size_t offset;
    const char *const *words; /* of an enum or a bool */
    double least, most;       /* of a number; above least, where that is 0 and the number is real */
};

/* As short as it reads back. */
static void put_real(const struct row *row, const void *field, char out[VALUE])
{
    double x;
    (void)row;
    memcpy(&x, field, sizeof(x));
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, VALUE, "%.*g", digits, x);
        if (strtod(out, NULL) == x)
            break;
    }
}

static bool take_real(const struct row *row, const char *text, void *field)
{
    char *end;
    double x = strtod(text, &end);
    memcpy(field, &x, sizeof(x));
    return end != text && !*end && isfinite(x) && x > row->least && x <= row->most;
}

static void put_size(const struct row *row, const void *field, char out[VALUE])
{
    size_t x;
    (void)row;
    memcpy(&x, field, sizeof(x));
    snprintf(out, VALUE, "%zu", x);
}

static bool take_size(const struct row *row, const char *text, void *field)
{
    size_t n = strspn(text, "0123456789"), x = n && n < 16 ? strtoull(text, NULL, 10) : 0;
    memcpy(field, &x, sizeof(x));
    return n && n < 16 && !text[n] && (double)x >= row->least && (double)x <= row->most;
}

static void put_bits(const struct row *row, const void *field, char out[VALUE])
{
    unsigned x;
    memcpy(&x, field, sizeof(x));
    put_size(row, &(size_t){ x }, out);
}

static bool take_bits(const struct row *row, const char *text, void *field)
{
    size_t x;
    bool ok = take_size(row, text, &x);
    memcpy(field, &(unsigned){ (unsigned)x }, sizeof(unsigned));
    return ok;
}

static void put_word(const struct row *row, const void *field, char out[VALUE])
{
    unsigned x;
    memcpy(&x, field, sizeof(x));
    snprintf(out, VALUE, "%s", row->words[x]);
}

static bool take_word(const struct row *row, const char *text, void *field)
{
    unsigned i = 0;
    while (row->words[i] && strcmp(row->words[i], text) != 0)
        i++;
    memcpy(field, &i, sizeof(i));
    return row->words[i];
}

static const char *const yes_words[] = { "no", "yes", NULL };

static void put_yes(const struct row *row, const void *field, char out[VALUE])
{
    const bool *yes = field;
    (void)row;
    snprintf(out, VALUE, "%s", yes_words[*yes]);
}

static bool take_yes(const struct row *row, const char *text, void *field)
{
    bool *yes = field;
    (void)row;
    *yes = !strcmp(text, yes_words[1]);
    return *yes || !strcmp(text, yes_words[0]);
}

/* clang-format off */
#define WORDS(member, list) put_word, take_word, offsetof(struct release, member), list, 0, 0
#define REAL(member, most) put_real, take_real, offsetof(struct release, member), NULL, 0, most
#define SIZE(member, least, most) put_size, take_size, offsetof(struct release, member), NULL, least, most
#define YES(member) put_yes, take_yes, offsetof(struct release, member), NULL, 0, 0
/* clang-format on */

static const struct row rows[] = {
    { "eigenscope.mechanism", WORDS(mechanism, mechanism_names) },
    { "eigenscope.relation", WORDS(relation, relation_names) },
    { "eigenscope.form", WORDS(form, mechanism_form_names) },
    { "eigenscope.epsilon", REAL(epsilon, GDP_EPSILON_MOST) },
    { "eigenscope.delta", REAL(delta, 1) },
    { "eigenscope.mu", REAL(mu, DBL_MAX) },
    { "eigenscope.view", REAL(view, DBL_MAX) },
    { "eigenscope.s", REAL(deviation, DBL_MAX) },
    { "eigenscope.lattice", REAL(lattice, DBL_MAX) },
    { "eigenscope.clip", REAL(clip, DBL_MAX) },
    { "eigenscope.bits", put_bits, take_bits, offsetof(struct release, bits), NULL,
      RELEASE_BITS_LEAST, RELEASE_BITS_MOST },
    { "eigenscope.d", SIZE(d, 1, RELEASE_SIDE) },
    { "eigenscope.rank", SIZE(rank, 1, RELEASE_SIDE) },
    { "eigenscope.rank_of_y", SIZE(draw.rank, 0, RELEASE_SIDE) },
    { "eigenscope.shrink", YES(shrink) },
    { "eigenscope.clamp", YES(clamp) },
    { "eigenscope.centred", YES(centred) },
    { "eigenscope.n", SIZE(n, 0, (double)LIMIT_DIMENSION) }, /* last: under replacement alone */
};
enum { ROWS = sizeof(rows) / sizeof(*rows), EXTRA = 3 };

/* Which of the rows a release has: all, or all but its n. */
static size_t rows_of(enum relation relation)
{
    return relation == RELATION_REPLACE ? ROWS : ROWS - 1;
}

/* ---- writing ---- */

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

/* What `expand` reads is another thing. */
static bool is_whole(const char *path)
{
    return ends_in(path, ".safetensors") && !ends_in(path, ".factors.safetensors");
}

bool release_fits(const char *path, struct error *err)
{
    return is_whole(path) || ends_in(path, ".npy") ||
           fail(err, ERROR_USAGE,
                "%s: a release is written as .safetensors, or its matrix alone as .npy", path);
}

/* The tensors in the order of the file; a complex release has one more. */
static size_t list_tensors(const struct release *r, struct matrix_view views[TENSORS],
                           struct tensor tensors[TENSORS])
{
    static char names[TENSORS][16] = { "noisy", "y", "eigenvalues", "imaginary" };
    size_t d = r->d, n = r->mechanism == MECHANISM_COMPLEX ? TENSORS : TENSORS - 1;
    views[0] = r->draw.noisy.view;
    views[1] = r->draw.y.view;
    views[2] = (struct matrix_view){ r->draw.values, 1, d, d, 1, DTYPE_F64 };
    views[3] = r->draw.imaginary.view;
    for (size_t i = 0; i < n; i++)
        tensors[i] = (struct tensor){ .name = names[i],
                                      .dtype = "F64",
                                      .shape = { d, d },
                                      .dims = views[i].rows == 1 && i == 2 ? 1 : 2,
                                      .size = 8 * (uint64_t)views[i].rows * d };
    return n;
}

static bool write_whole(const struct release *r, struct sink *to, struct error *err)
{
    struct fact facts[ROWS + EXTRA] = { { "eigenscope.world", world },
                                        { "eigenscope.release", file_version },
                                        { "eigenscope.version", r->version } };
    char values[ROWS][VALUE];
    struct tensor tensors[TENSORS];
    struct matrix_view views[TENSORS];
    size_t n = rows_of(r->relation), m = list_tensors(r, views, tensors);
    for (size_t i = 0; i < n; i++) {
        rows[i].put(&rows[i], (const char *)r + rows[i].offset, values[i]);
        facts[EXTRA + i] = (struct fact){ rows[i].key, values[i] };
    }
    bool ok = safetensors_write_header(tensors, m, facts, EXTRA + n, to, err);
    for (size_t i = 0; ok && i < m; i++)
        ok = raw_write(views[i], to, err);
    return ok;
}

static bool write_array(const struct release *r, struct sink *to, struct error *err)
{
    struct export x = { .matrices = &r->draw.y.view, .n = 1, .dtype = DTYPE_F64, .ending = "" };
    return format_for_output("y.npy")->write(&x, to, err);
}

/* The whole file at most: its head, with all the facts, takes less than HEAD. */
static uint64_t bytes_of(const char *path, enum mechanism m, size_t d)
{
    enum { HEAD = 8192 };
    uint64_t squares = !is_whole(path) ? 1 : m == MECHANISM_COMPLEX ? 3 : 2;
    return HEAD + 8 * (uint64_t)d * (squares * d + 1);
}

struct sink *release_create(const char *path, enum mechanism m, size_t d, bool force,
                            struct error *err)
{
    return release_fits(path, err) ? sink_create(path, force, bytes_of(path, m, d), err) : NULL;
}

bool release_commit(const struct release *r, const char *path, struct sink *to, struct error *err)
{
    if ((is_whole(path) ? write_whole : write_array)(r, to, err))
        return sink_commit(to, err);
    sink_abandon(to);
    return false;
}

bool release_write(const struct release *r, const char *path, bool force, struct error *err)
{
    struct sink *to = release_create(path, r->mechanism, r->d, force, err);
    return to && release_commit(r, path, to, err);
}

/* ---- reading ---- */

static bool read_facts(const struct source *s, const struct safetensors *h, struct release *r,
                       struct error *err)
{
    const char *told = safetensors_metadata(h, "eigenscope.world");
    const char *version = safetensors_metadata(h, "eigenscope.release");
    const char *program = safetensors_metadata(h, "eigenscope.version");
    if (!told || strcmp(told, world) != 0)
        return source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                           "this is not a release; its world is '%.40s'", told ? told : "not told");
    if (!version || strcmp(version, file_version) != 0)
        return source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                           "a release of a kind that this program does not know");
    for (size_t i = 0; i < rows_of(r->relation); i++) {
        const char *text = safetensors_metadata(h, rows[i].key);
        if (!text || !rows[i].take(&rows[i], text, (char *)r + rows[i].offset))
            return source_fail(s, NO_OFFSET, err, ERROR_FORMAT, "'%s' is %s", rows[i].key,
                               text ? "no such value" : "missing");
    }
    snprintf(r->version, sizeof(r->version), "%s", program ? program : "");
    return true;
}

/* dims times d entries a side; NULL: it is not there like that. */
static const struct tensor *find(const struct source *s, const struct safetensors *h,
                                 const char *name, size_t dims, size_t d, struct error *err)
{
    const struct tensor *t = safetensors_find(h, name);
    bool ok = t && !strcmp(t->dtype, "F64") && t->dims == dims;
    for (size_t i = 0; ok && i < dims; i++)
        ok = t->shape[i] == d;
    if (!ok)
        source_fail(s, NO_OFFSET, err, ERROR_FORMAT, "'%s' is missing or of another shape", name);
    return ok ? t : NULL;
}

static bool read_tensor(const struct source *s, const struct safetensors *h, const char *name,
                        size_t dims, struct matrix_view to, struct error *err)
{
    const struct tensor *t = find(s, h, name, dims, to.cols, err);
    size_t row, col;
    return t && raw_read(s, t->offset, RAW_F64, false, to, err) &&
           (!matrix_nonfinite(to, &row, &col) ||
            source_fail(s, NO_OFFSET, err, ERROR_FORMAT, "'%s' has an entry that is no number",
                        name));
}

/* sign 1: symmetric; -1: antisymmetric. */
static bool check_mirror(const struct source *s, struct matrix_view a, double sign,
                         struct error *err)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j <= i; j++)
            if (matrix_at(a, i, j) != sign * matrix_at(a, j, i))
                return source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                                   "a matrix in it is not symmetric");
    return true;
}

static bool read_draw(const struct source *s, const struct safetensors *h, struct release *r,
                      struct error *err)
{
    struct release_draw *w = &r->draw;
    size_t d = r->d, rank = w->rank;
    if (r->rank > d || rank > d)
        return source_fail(s, NO_OFFSET, err, ERROR_FORMAT, "a rank in it is beyond its side");
    if (!find(s, h, "noisy", 2, d, err) || !release_draw_init(w, r->mechanism, d, err))
        return false;
    struct matrix_view values = { w->values, 1, d, d, 1, DTYPE_F64 };
    w->rank = rank;
    return read_tensor(s, h, "noisy", 2, w->noisy.view, err) &&
           read_tensor(s, h, "y", 2, w->y.view, err) &&
           read_tensor(s, h, "eigenvalues", 1, values, err) &&
           check_mirror(s, w->noisy.view, 1, err) && check_mirror(s, w->y.view, 1, err) &&
           (r->mechanism != MECHANISM_COMPLEX ||
            (read_tensor(s, h, "imaginary", 2, w->imaginary.view, err) &&
             check_mirror(s, w->imaginary.view, -1, err)));
}

bool release_read_source(const struct source *s, struct release *out, struct error *err)
{
    struct safetensors h = { 0 };
    struct release r = { 0 };
    bool ok = safetensors_read(s, &h, err) && read_facts(s, &h, &r, err) &&
              read_draw(s, &h, &r, err);
    safetensors_finish(&h);
    if (ok)
        *out = r;
    else
        release_finish(&r);
    return ok;
}

bool release_read(const char *path, struct release *out, struct error *err)
{
    struct source *s = source_open_file(path, err);
    bool ok = s && release_read_source(s, out, err);
    source_close(s);
    return ok;
}
