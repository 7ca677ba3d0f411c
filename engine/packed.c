#include "packed.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "limit.h"
#include "memory.h"

const char *const packed_dtypes[] = { "F32", "F64", NULL };

static const char *yes(bool flag)
{
    return flag ? "yes" : "no";
}

void packed_picture_line(const struct packed_picture *f, char *out)
{
    char srgb[12] = "none";
    if (f->srgb_intent >= 0)
        snprintf(srgb, sizeof(srgb), "%d", f->srgb_intent);
    /* gamma in hundred-thousandths, as in a PNG: no decimal point, whatever the locale */
    snprintf(out, PACKED_LINE, "picture=%s planes=%s depth=%d dtype=%s gamma=%ld srgb=%s",
             yes(f->picture), planes_names[f->planes], f->depth, packed_dtypes[f->dtype],
             lround(f->gamma * PACKED_GAMMA), srgb);
}

void packed_result_line(const struct result *r, char *out)
{
    snprintf(out, PACKED_LINE, "matrices=%zu parts=%zu terms=%zu rank=%zu dead=%zu rounds=%zu",
             r->n_measures, r->n_parts, r->n_terms, r->rank, r->dead, r->rounds);
}

void packed_matrix_line(size_t rows, size_t cols, const char *name, char *out)
{
    snprintf(out, PACKED_LINE, "rows=%zu cols=%zu name=%s", rows, cols, name);
}

void packed_frame_line(const struct frame *f, char *out)
{
    snprintf(out, PACKED_LINE, "rows=%s cols=%s shifted=%s", yes(f->rotated_rows),
             yes(f->rotated_cols), yes(f->shifted));
}

void packed_part_line(const struct part *p, char *out)
{
    const struct coding *c = &p->codes.coding;
    int n = snprintf(out, PACKED_LINE, "name=%s rows=%zu cols=%zu ", p->name, part_rows(p),
                     part_cols(p));
    if (p->coded)
        snprintf(out + n, (size_t)(PACKED_LINE - n),
                 "bits=%d quantizer=%s rounding=%s scales=%s symmetric=%s by_column=%s", c->bits,
                 c->quantizer->name, rounding_names[c->rounding], scales_names[c->scales],
                 yes(c->symmetric), yes(c->by_column));
    else
        snprintf(out + n, (size_t)(PACKED_LINE - n), "dtype=%s",
                 packed_dtypes[p->plain.view.dtype]);
}

void packed_term_line(const struct term *t, char *out)
{
    if (t->right == TERM_DENSE)
        snprintf(out, PACKED_LINE, "matrix=%zu dense=%zu", t->matrix, t->left);
    else
        snprintf(out, PACKED_LINE, "matrix=%zu left=%zu right=%zu", t->matrix, t->left, t->right);
}

/* A line is a row of NAME=VALUE; `bad` sticks. */
struct line {
    const char *at;
    bool bad;
};

static void take_key(struct line *l, const char *key)
{
    size_t n = strlen(key);
    if (*l->at == ' ')
        l->at++;
    l->bad = l->bad || strncmp(l->at, key, n) != 0 || l->at[n] != '=';
    if (!l->bad)
        l->at += n + 1;
}

static uint64_t take_count(struct line *l, const char *key)
{
    uint64_t n = 0;
    take_key(l, key);
    for (; !l->bad && *l->at >= '0' && *l->at <= '9'; l->at++)
        l->bad = !size_mul(n, 10, &n) || !size_add(n, (uint64_t)(*l->at - '0'), &n);
    return l->bad ? 0 : n;
}

static void take_word(struct line *l, const char *key, char *out, size_t size)
{
    size_t n = 0;
    take_key(l, key);
    while (!l->bad && l->at[n] && l->at[n] != ' ')
        n++;
    l->bad = l->bad || n >= size;
    if (!l->bad)
        memcpy(out, l->at, n);
    out[l->bad ? 0 : n] = '\0';
    if (!l->bad)
        l->at += n;
}

static int take_choice(struct line *l, const char *key, const char *const *names)
{
    char word[32];
    take_word(l, key, word, sizeof(word));
    for (int i = 0; names[i]; i++)
        if (!strcmp(word, names[i]))
            return i;
    l->bad = true;
    return 0;
}

static const char *const no_yes[] = { "no", "yes", NULL };

/* What was understood, printed, must be the text again: no blanks, no leading zeros. */
static bool same(const struct line *l, const char *printed, const char *text)
{
    return !l->bad && !strcmp(text, printed);
}

bool packed_parse_count(const char *text, size_t *out)
{
    uint64_t n = 0;
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; i < digits && n <= PACKED_MOST; i++)
        n = 10 * n + (uint64_t)(text[i] - '0');
    *out = (size_t)n;
    return digits && !text[digits] && text[0] != '0' && n <= PACKED_MOST;
}

bool packed_parse_picture(const char *text, struct packed_picture *p)
{
    struct line l = { text, strlen(text) >= PACKED_LINE };
    char srgb[12], printed[PACKED_LINE];
    *p = (struct packed_picture){ .picture = take_choice(&l, "picture", no_yes) };
    p->planes = (enum planes)take_choice(&l, "planes", planes_names);
    uint64_t depth = take_count(&l, "depth");
    p->dtype = (enum dtype)take_choice(&l, "dtype", packed_dtypes);
    uint64_t gamma = take_count(&l, "gamma");
    take_word(&l, "srgb", srgb, sizeof(srgb));
    l.bad = l.bad || (depth != 8 && depth != 16) || gamma > INT32_MAX;
    p->depth = depth == 16 ? 16 : 8;
    p->gamma = l.bad ? 0 : (double)gamma / PACKED_GAMMA;
    p->srgb_intent = srgb[0] >= '0' && srgb[0] <= '3' ? srgb[0] - '0' : -1;
    packed_picture_line(p, printed);
    return same(&l, printed, text);
}

bool packed_parse_result(const char *text, struct result *r)
{
    struct line l = { text, strlen(text) >= PACKED_LINE };
    char printed[PACKED_LINE];
    *r = (struct result){ .n_measures = take_count(&l, "matrices") };
    r->n_parts = take_count(&l, "parts");
    r->n_terms = take_count(&l, "terms");
    r->rank = take_count(&l, "rank");
    r->dead = take_count(&l, "dead");
    r->rounds = take_count(&l, "rounds");
    packed_result_line(r, printed);
    return same(&l, printed, text) && r->n_measures <= PACKED_MOST && r->n_parts <= PACKED_MOST &&
           r->n_terms <= PACKED_MOST;
}

static bool shape_fits(uint64_t rows, uint64_t cols)
{
    return rows <= LIMIT_DIMENSION && cols <= LIMIT_DIMENSION &&
           (!cols || rows <= LIMIT_ELEMENTS / cols);
}

bool packed_parse_matrix(const char *text, size_t *rows, size_t *cols, char *name)
{
    struct line l = { text, strlen(text) >= PACKED_LINE };
    char printed[PACKED_LINE];
    *rows = take_count(&l, "rows");
    *cols = take_count(&l, "cols");
    take_key(&l, "name");
    l.bad = l.bad || !shape_fits(*rows, *cols) || strlen(l.at) >= PACKED_NAME;
    if (!l.bad)
        memcpy(name, l.at, strlen(l.at) + 1);
    packed_matrix_line(*rows, *cols, name, printed);
    return same(&l, printed, text);
}

bool packed_parse_frame(const char *text, struct frame *f)
{
    struct line l = { text, strlen(text) >= PACKED_LINE };
    char printed[PACKED_LINE];
    f->rotated_rows = take_choice(&l, "rows", no_yes);
    f->rotated_cols = take_choice(&l, "cols", no_yes);
    f->shifted = take_choice(&l, "shifted", no_yes);
    packed_frame_line(f, printed);
    return same(&l, printed, text) && !frame_plain(f);
}

static bool take_coding(struct line *l, struct coding *c)
{
    char quantizer[32];
    uint64_t bits = take_count(l, "bits");
    take_word(l, "quantizer", quantizer, sizeof(quantizer));
    c->quantizer = quantizer_find(quantizer);
    c->rounding = (enum rounding)take_choice(l, "rounding", rounding_names);
    c->scales = (enum scales)take_choice(l, "scales", scales_names);
    c->symmetric = take_choice(l, "symmetric", no_yes);
    c->by_column = take_choice(l, "by_column", no_yes);
    if (l->bad || !c->quantizer || bits < 1 || bits > CODING_BITS_MAX)
        return false;
    c->bits = (int)bits;
    return c->bits >= c->quantizer->min_bits && c->bits <= c->quantizer->max_bits &&
           coding_symmetric(c->symmetric, c->quantizer) == c->symmetric &&
           !(c->quantizer->group && c->rounding == ROUNDING_DITHERED);
}

bool packed_parse_part(const char *text, char *name, struct part *p)
{
    struct line l = { text, strlen(text) >= PACKED_LINE };
    char printed[PACKED_LINE];
    take_word(&l, "name", name, PACKED_PART_NAME);
    uint64_t rows = take_count(&l, "rows"), cols = take_count(&l, "cols");
    *p = (struct part){ .name = name, .coded = !strncmp(l.at, " bits=", 6) };
    if (l.bad || !name[0] || !shape_fits(rows, cols))
        return false;
    if (p->coded) {
        p->codes.rows = (size_t)rows;
        p->codes.cols = (size_t)cols;
        if (!take_coding(&l, &p->codes.coding))
            return false;
    } else {
        p->plain.view.rows = (size_t)rows;
        p->plain.view.cols = (size_t)cols;
        p->plain.view.dtype = (enum dtype)take_choice(&l, "dtype", packed_dtypes);
    }
    packed_part_line(p, printed);
    return same(&l, printed, text);
}

bool packed_parse_term(const char *text, struct term *t)
{
    struct line l = { text, strlen(text) >= PACKED_LINE };
    char printed[PACKED_LINE];
    t->matrix = take_count(&l, "matrix");
    bool dense = !strncmp(l.at, " dense=", 7);
    t->left = take_count(&l, dense ? "dense" : "left");
    t->right = dense ? TERM_DENSE : take_count(&l, "right");
    packed_term_line(t, printed);
    return same(&l, printed, text);
}

/* The name of matrix i; its number behind '#' where the same stood there before. */
static void name_matrix(const char (*names)[NAME_TEXT], size_t i, char *out, size_t size)
{
    bool again = false;
    for (size_t j = 0; j < i; j++)
        again = again || !strcmp(names[j], names[i]);
    snprintf(out, size, again ? "%s#%zu" : "%s", names[i], i);
}

/* "r.left" of "r.left.codes": the matrix, or "all" where one result stands for
 * several, and the part; a number behind '#' where the same stood there before. */
static void name_prefix(const struct result *results, size_t n_results,
                        const char (*names)[NAME_TEXT], size_t n, size_t i, size_t p, char *out,
                        size_t size)
{
    char matrix[NAME_TEXT + 24] = "all", part[64];
    bool again = false;
    if (n_results == n)
        name_matrix(names, i, matrix, sizeof(matrix));
    else if (n_results > 1)
        snprintf(matrix, sizeof(matrix), "all#%zu", i);
    const struct part *parts = results[i].parts;
    for (size_t j = 0; j < p; j++)
        again = again || !strcmp(parts[j].name, parts[p].name);
    snprintf(part, sizeof(part), again ? "%s#%zu" : "%s", parts[p].name, p);
    snprintf(out, size, "%s.%s", matrix, part);
}

static bool wants(const struct part *p, enum packed_kind kind)
{
    if (!p->coded)
        return kind == PACKED_VALUES;
    bool tensor = p->codes.coding.scales == SCALES_TENSOR;
    return kind == PACKED_CODES ||
           (tensor ? kind == PACKED_RANGE : kind == PACKED_UNIT || kind == PACKED_RANGES);
}

static void describe(const struct part *p, enum packed_kind kind, struct packed_tensor *t)
{
    const struct coding *c = &p->codes.coding;
    uint64_t numbers = c->symmetric ? 1 : 2, rows = part_rows(p), cols = part_cols(p);
    t->kind = kind;
    t->dims = 1;
    t->dtype = "F64";
    t->shape[0] = kind == PACKED_RANGE ? numbers : 1;
    t->size = 8 * t->shape[0];
    if (kind == PACKED_VALUES) {
        t->dims = 2;
        t->dtype = packed_dtypes[p->plain.view.dtype];
        t->shape[0] = rows;
        t->shape[1] = cols;
        t->size = rows * cols * dtype_size(p->plain.view.dtype);
    } else if (kind == PACKED_RANGES) {
        t->dims = 2;
        t->dtype = "F16";
        t->shape[0] = coding_ranges(c, (size_t)rows, (size_t)cols);
        t->shape[1] = numbers;
        t->size = 2 * t->shape[0] * numbers;
    } else if (kind == PACKED_CODES) {
        t->dtype = "U8";
        t->size = t->shape[0] = coding_codes_size(c, (size_t)rows, (size_t)cols);
    }
}

/* Tensors under construction. */
struct list {
    const struct result *results;
    size_t n_results;
    const char (*names)[NAME_TEXT];
    size_t n; /* matrices */
    struct packed_tensor *at;
    size_t used;
};

static void add_parts(struct list *l, enum packed_kind kind, enum dtype plain)
{
    static const char *const endings[] = { "range", "unit", "values", "ranges", "codes" };
    for (size_t i = 0; i < l->n_results; i++)
        for (size_t p = 0; p < l->results[i].n_parts; p++) {
            const struct part *part = &l->results[i].parts[p];
            if (!wants(part, kind) || (kind == PACKED_VALUES && part->plain.view.dtype != plain))
                continue;
            struct packed_tensor *t = &l->at[l->used++];
            char prefix[NAME_TEXT + 104];
            name_prefix(l->results, l->n_results, l->names, l->n, i, p, prefix, sizeof(prefix));
            snprintf(t->name, sizeof(t->name), "%s.%s", prefix, endings[kind]);
            t->result = i;
            t->part = p;
            describe(part, kind, t);
        }
}

static void add_frames(struct list *l, enum packed_kind kind)
{
    size_t matrix = 0;
    for (size_t i = 0; i < l->n_results; i++)
        for (size_t k = 0; k < l->results[i].n_measures; k++, matrix++) {
            const struct frame *f = &l->results[i].frames[k];
            const struct measure *m = &l->results[i].measures[k];
            bool affine = kind == PACKED_AFFINE, rows = kind == PACKED_ROW_SIGNS;
            uint64_t bytes = ((uint64_t)(rows ? m->rows : m->cols) + 7) / 8;
            char name[NAME_TEXT + 24];
            if (!(affine ? f->shifted : rows ? f->rotated_rows : f->rotated_cols))
                continue;
            name_matrix(l->names, matrix, name, sizeof(name));
            struct packed_tensor *t = &l->at[l->used++];
            *t = (struct packed_tensor){ .kind = kind,
                                         .result = i,
                                         .part = k,
                                         .dtype = affine ? "F64" : "U8",
                                         .shape = { affine ? 2 : bytes },
                                         .size = affine ? 2 * sizeof(double) : bytes,
                                         .dims = 1 };
            snprintf(t->name, sizeof(t->name), "%s.%s", name,
                     affine ? "affine"
                     : rows ? "row_signs"
                            : "col_signs");
        }
}

bool packed_tensors(const struct result *results, size_t n_results, const char (*names)[NAME_TEXT],
                    size_t n, size_t icc_size, struct packed_tensor **out, size_t *n_out,
                    struct error *err)
{
    struct list l = { results, n_results, names, n, NULL, 0 };
    size_t parts = 0;
    for (size_t i = 0; i < n_results; i++)
        parts += results[i].n_parts;
    l.at = memory_alloc((3 * parts + 3 * n + 1) * sizeof(*l.at), err);
    if (!l.at)
        return false;
    /* F64 first, then F32, F16, U8 */
    add_parts(&l, PACKED_RANGE, DTYPE_F64);
    add_parts(&l, PACKED_UNIT, DTYPE_F64);
    add_parts(&l, PACKED_VALUES, DTYPE_F64);
    add_frames(&l, PACKED_AFFINE);
    add_parts(&l, PACKED_VALUES, DTYPE_F32);
    add_parts(&l, PACKED_RANGES, DTYPE_F64);
    add_parts(&l, PACKED_CODES, DTYPE_F64);
    add_frames(&l, PACKED_ROW_SIGNS);
    add_frames(&l, PACKED_COL_SIGNS);
    if (icc_size)
        l.at[l.used++] = (struct packed_tensor){ .name = "icc",
                                                 .kind = PACKED_ICC,
                                                 .dtype = "U8",
                                                 .shape = { icc_size },
                                                 .size = icc_size,
                                                 .dims = 1 };
    *out = l.at;
    *n_out = l.used;
    return true;
}
