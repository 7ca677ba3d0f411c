/* Every file of tests/corpus against what its folder's expected.txt says (written by
 * make.py there, an independent reader of the specifications); every prefix of
 * every good file; every allocation failing once; and writing what was read. */
#include "decode.h"
#include "export.h"
#include "factors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "dense.h"
#include "memory.h"

enum { TRUNCATIONS_MOST = 4000, ALLOCATIONS_MOST = 2000 };
static const double tolerance = 1e-12; /* of a checksum, relative to the sum of magnitudes */

/* A file opened as what it is: a document, or packed factors with their expansion. */
struct opened {
    struct document *document;
    struct factors factors;
};

static bool is_factors(const char *name)
{
    const char *ending = ".factors.safetensors";
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

static bool open_source(const char *name, struct source *s, struct opened *o, struct error *err)
{
    if (!s || !is_factors(name)) {
        o->document = s ? document_open_source(s, err) : NULL;
        return o->document;
    }
    bool ok = factors_read(s, &o->factors, err);
    source_close(s);
    return ok;
}

static void close_opened(struct opened *o)
{
    document_unref(o->document);
    factors_finish(&o->factors);
    *o = (struct opened){ 0 };
}

/* The matrix of that name, as F64. */
static bool read_matrix(const struct opened *o, const char *name, struct matrix *m,
                        struct error *err)
{
    if (o->document) {
        const struct entry *e = document_entry(o->document, name);
        return e ? matrix_init(m, DTYPE_F64, e->rows, e->cols, err) &&
                       document_read(o->document, e, m->view, err)
                 : fail(err, ERROR_USAGE, "no matrix %s", name);
    }
    for (size_t i = 0; i < o->factors.n; i++) {
        const struct measure *shape = &o->factors.results[i].measures[0];
        if (!strcmp(o->factors.names[i], name))
            return matrix_init(m, DTYPE_F64, shape->rows, shape->cols, err) &&
                   result_expand(&o->factors.results[i], 0, m->view, err);
    }
    return fail(err, ERROR_USAGE, "no matrix %s", name);
}

static bool read_all(const struct opened *o, struct error *err)
{
    size_t n = o->document ? o->document->n : o->factors.n;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        struct matrix m = { 0 };
        ok = read_matrix(o, o->document ? o->document->entries[i].name : o->factors.names[i], &m,
                         err);
        matrix_finish(&m);
    }
    return ok;
}

/* ok NAME ROWS COLS CHECKSUM */
static bool as_told(const struct opened *o, char *told)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    char *rest = NULL;
    const char *name = strtok_r(told, " ", &rest);
    size_t rows = strtoul(strtok_r(NULL, " ", &rest), NULL, 10);
    size_t cols = strtoul(strtok_r(NULL, " ", &rest), NULL, 10);
    double want = strtod(rest, NULL), sum = 0, size = 1, k = 0;
    if (!read_matrix(o, name, &m, &err)) {
        printf("# %s\n", err.text);
        return false;
    }
    for (size_t i = 0; i < m.view.rows; i++)
        for (size_t j = 0; j < m.view.cols; j++) {
            sum += ++k * matrix_at(m.view, i, j);
            size += k * fabs(matrix_at(m.view, i, j));
        }
    bool ok = m.view.rows == rows && m.view.cols == cols && fabs(sum - want) <= tolerance * size;
    if (!ok)
        printf("# %s: %zu x %zu, checksum %.17g\n", name, m.view.rows, m.view.cols, sum);
    matrix_finish(&m);
    return ok;
}

/* fact KEY VALUE */
static bool tells(const struct document *d, char *told)
{
    char *value = strchr(told, ' ');
    *value++ = '\0';
    const char *ours = document_fact(d, told);
    if (!ours || strcmp(ours, value) != 0)
        printf("# tells %s: %s\n", told, ours ? ours : "nothing");
    return ours && !strcmp(ours, value);
}

static bool refused_as_told(bool opened, const struct error *err, const char *told)
{
    const char *text = strchr(told, ' ') + 1;
    enum error_code code = told[0] == 'l' ? ERROR_LIMIT : ERROR_FORMAT;
    if (!opened && err->code == code && strstr(err->text, text))
        return true;
    printf("# %s\n", opened ? "was accepted" : err->text);
    return false;
}

/* One line of expected.txt. */
static bool holds(const char *path, char *told)
{
    struct error err = { 0 };
    struct opened o = { 0 };
    bool ok, opened = open_source(path, source_open_file(path, &err), &o, &err);
    if (!strncmp(told, "ok ", 3))
        ok = opened && as_told(&o, told + 3);
    else if (!strncmp(told, "notice ", 7))
        ok = opened && strstr(o.document->notice, told + 7);
    else if (!strncmp(told, "fact ", 5))
        ok = opened && tells(o.document, told + 5);
    else if (!strcmp(told, "lax"))
        ok = opened;
    else
        ok = refused_as_told(opened, &err, told);
    if (!ok)
        printf("# %s%s%s\n", path, opened ? "" : ": ", opened ? "" : err.text);
    close_opened(&o);
    return ok;
}

static unsigned char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    unsigned char *data = NULL;
    *n = 0;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        *n = (size_t)ftell(f);
        rewind(f);
        data = malloc(*n + 1);
        *n = fread(data, 1, *n, f);
    }
    if (f)
        fclose(f);
    return data;
}

/* A copy of the first n bytes, exactly, so that the sanitizer sees one too many. */
static bool opens(const char *path, const unsigned char *data, size_t n, struct error *err)
{
    unsigned char *copy = malloc(n ? n : 1);
    struct opened o = { 0 };
    memcpy(copy, data, n);
    bool ok = open_source(path, source_open_memory(path, copy, n, err), &o, err) &&
              read_all(&o, err);
    close_opened(&o);
    free(copy);
    return ok;
}

static bool prefixes_refused(const char *path)
{
    size_t n;
    unsigned char *data = slurp(path, &n);
    bool ok = data;
    for (size_t i = 0; i < n && ok; i += 1 + n / TRUNCATIONS_MOST) {
        struct error err = { 0 };
        ok = !opens(path, data, i, &err) && err.code == ERROR_FORMAT;
        if (!ok)
            printf("# %s: %zu of %zu bytes: %s\n", path, i, n, err.text);
    }
    free(data);
    return ok;
}

static bool allocations_fail_well(const char *path)
{
    size_t n, before = memory_used();
    unsigned char *data = slurp(path, &n);
    bool done = false, ok = data;
    for (long i = 0; i < ALLOCATIONS_MOST && ok && !done; i++) {
        struct error err = { 0 };
        memory_fail_after(i);
        done = opens(path, data, n, &err);
        memory_fail_after(-1);
        ok = (done || err.code == ERROR_MEMORY) && memory_used() == before;
        if (!ok)
            printf("# %s: allocation %ld: %s\n", path, i, err.text);
    }
    free(data);
    return ok && done;
}

struct tally {
    const char *folder, *file;
    size_t lines, wrong, files, refused, prefixes_wrong, memory_wrong;
};

/* Once a file, for good ones. */
static void try_harder(struct tally *t, const char *path, bool lax)
{
    t->files++;
    t->prefixes_wrong += !lax && !prefixes_refused(path);
    t->memory_wrong += !allocations_fail_well(path);
}

static void check_line(struct tally *t, char *line, const char *all)
{
    static char last[256];
    char path[512], lax[300], *told = strchr(line, '\t');
    *told++ = '\0';
    snprintf(path, sizeof(path), "%s/%s", t->folder, line);
    snprintf(lax, sizeof(lax), "%s\tlax", line);
    bool good = !strncmp(told, "ok ", 3) || !strcmp(told, "lax"), first = strcmp(last, line);
    t->lines++;
    t->refused += !good && first;
    t->wrong += !holds(path, told);
    if (good && first)
        try_harder(t, path, strstr(all, lax));
    snprintf(last, sizeof(last), "%s", line);
}

/* Files that expected.txt does not know. */
static int strangers(const char *folder, const char *all)
{
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char key[300];
        snprintf(key, sizeof(key), "%s\t", e->d_name);
        bool known = e->d_name[0] == '.' || !strcmp(e->d_name, "expected.txt") || strstr(all, key);
        n += !known;
        if (!known)
            printf("# nobody says what to expect of %s/%s\n", folder, e->d_name);
    }
    if (d)
        closedir(d);
    return n;
}

static void check_folder(const char *corpus, const char *name)
{
    char folder[300], path[400], *rest = NULL;
    size_t n, before = memory_used();
    snprintf(folder, sizeof(folder), "%s/%s", corpus, name);
    snprintf(path, sizeof(path), "%s/expected.txt", folder);
    struct tally t = { .folder = folder };
    char *all = (char *)slurp(path, &n);
    CHECK(all != NULL);
    if (!all)
        return;
    all[n] = '\0';
    char *lines = strdup(all);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        check_line(&t, line, all);
    printf("# %s: %zu lines, %zu good files, %zu refused\n", name, t.lines, t.files, t.refused);
    bool header = !strcmp(name, "gguf") || !strcmp(name, "safetensors");
    CHECK(!header || t.refused >= 25);
    CHECK(t.lines > 0 && t.wrong == 0);
    CHECK(t.files > 0 && t.prefixes_wrong == 0);
    CHECK(t.memory_wrong == 0);
    CHECK(strangers(folder, all) == 0);
    CHECK(memory_used() == before);
    free(lines);
    free(all);
}

static char folder[] = "/tmp/eigenscope-formats-XXXXXX";

static bool same_matrix(const struct matrix *a, const struct matrix *b, enum dtype dtype)
{
    bool same = a->view.rows == b->view.rows && a->view.cols == b->view.cols;
    for (size_t i = 0; same && i < a->view.rows; i++)
        for (size_t j = 0; same && j < a->view.cols; j++) {
            double x = matrix_at(a->view, i, j), y = matrix_at(b->view, i, j);
            same = dtype == DTYPE_F32 ? (float)x == (float)y : x == y;
        }
    return same;
}

/* SOURCE's whole selection, written as ENDING and read again: the same numbers. */
static void round_trip(const char *source, enum planes planes, const char *ending, enum dtype dtype,
                       int depth)
{
    char path[300];
    struct error err = { 0 };
    struct selection s = { 0 }, t = { 0 };
    struct matrix m[SELECTION_MAX] = { 0 }, back[SELECTION_MAX] = { 0 };
    struct result r[SELECTION_MAX] = { 0 };
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "%s/x%s", folder, ending);
    bool ok = selection_open(source, planes, &s, &err) &&
              selection_read(&s, DTYPE_F64, NONFINITE_REFUSE, m, &err);
    for (size_t i = 0; i < s.n && ok; i++)
        make_dense(&r[i], &m[i]);
    struct export_request request = { .results = r,
                                      .n_results = s.n,
                                      .names = (const char(*)[NAME_TEXT])s.names,
                                      .n = s.n,
                                      .picture = s.picture,
                                      .planes = planes,
                                      .depth = depth,
                                      .dtype = dtype,
                                      .like = ok ? s.document->raster : NULL };
    ok = ok && export_write(&request, path, &bytes, &err) &&
         selection_open(path, planes, &t, &err) && t.n == s.n &&
         document_size(t.document) == bytes &&
         selection_read(&t, DTYPE_F64, NONFINITE_REFUSE, back, &err);
    CHECK(ok);
    if (!ok)
        printf("# %s -> %s: %s\n", source, ending, err.text);
    for (size_t i = 0; i < s.n; i++) {
        CHECK(ok && same_matrix(&m[i], &back[i], dtype));
        result_finish(&r[i]);
        matrix_finish(&m[i]);
        matrix_finish(&back[i]);
    }
    selection_finish(&s);
    selection_finish(&t);
    unlink(path);
}

static void test_nonfinite(void)
{
    static const char file[] = "\x93NUMPY\1\0\x3f\0{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (2, 2), }   \n"
                               "\0\0\x80\x3f\0\0\x80\x7f\0\0\xc0\x7f\0\0\0\0";
    struct error err = { 0 };
    struct source *bytes = source_open_memory("x.npy", file, sizeof(file) - 1, &err);
    struct document *d = bytes ? document_open_source(bytes, &err) : NULL;
    struct selection s = { 0 };
    struct matrix m = { 0 };
    CHECK(d && selection_of(d, NULL, PLANES_RGB, &s, &err));
    if (!d) {
        printf("# %s\n", err.text);
        return;
    }
    CHECK(!selection_read(&s, DTYPE_F32, NONFINITE_REFUSE, &m, &err) && err.code == ERROR_FORMAT &&
          strstr(err.text, "x[0, 1] is +infinity, counted from 0; 2 of 4 entries"));
    CHECK(selection_read(&s, DTYPE_F32, NONFINITE_ZERO, &m, &err));
    CHECK(matrix_at(m.view, 0, 0) == 1 && matrix_at(m.view, 0, 1) == 0 &&
          matrix_at(m.view, 1, 0) == 0);
    matrix_finish(&m);
    CHECK(selection_read(&s, DTYPE_F64, NONFINITE_KEEP, &m, &err));
    CHECK(isinf(matrix_at(m.view, 0, 1)) && isnan(matrix_at(m.view, 1, 0)));
    matrix_finish(&m);
    selection_finish(&s);
    document_unref(d);
}

/* A file that changes between opening and reading is not half of each. */
static void test_changed(const char *corpus)
{
    char from[300], path[300];
    struct error err = { 0 };
    struct selection s = { 0 };
    struct matrix m = { 0 };
    size_t n;
    snprintf(from, sizeof(from), "%s/npy/le_f4.npy", corpus);
    snprintf(path, sizeof(path), "%s/x.npy", folder);
    unsigned char *data = slurp(from, &n);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
    struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    CHECK(utimensat(AT_FDCWD, path, long_ago, 0) == 0); /* clocks of file systems are coarse */
    CHECK(selection_open(path, PLANES_RGB, &s, &err));
    CHECK(truncate(path, (off_t)n - 8) == 0);
    CHECK(!selection_read(&s, DTYPE_F32, NONFINITE_KEEP, &m, &err) && err.code == ERROR_READ &&
          strstr(err.text, "became shorter while being read"));
    CHECK(truncate(path, (off_t)n) == 0);
    CHECK(!selection_read(&s, DTYPE_F32, NONFINITE_KEEP, &m, &err) && err.code == ERROR_READ &&
          strstr(err.text, "changed while being read"));
    selection_finish(&s);
    unlink(path);
    free(data);
}

static bool open_in(const char *corpus, const char *name, enum planes planes, struct selection *s,
                    struct error *err)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", corpus, name);
    return selection_open(path, planes, s, err);
}

static void test_picking(const char *corpus)
{
    struct error err = { 0 };
    struct selection s = { 0 };
    CHECK(!open_in(corpus, "safetensors/several.safetensors", PLANES_RGB, &s, &err) &&
          err.code == ERROR_USAGE &&
          strstr(err.text, "holds 2 matrices; pick one with FILE::NAME"));
    CHECK(open_in(corpus, "safetensors/several.safetensors::i", PLANES_RGB, &s, &err) &&
          s.rows == 1 && s.cols == 2 && !s.picture);
    selection_finish(&s);
    CHECK(!open_in(corpus, "safetensors/several.safetensors::b", PLANES_RGB, &s, &err) &&
          err.code == ERROR_USAGE && strstr(err.text, "no matrix named b; it has: w, i"));
    CHECK(!open_in(corpus, "safetensors/many.safetensors", PLANES_RGB, &s, &err) &&
          strstr(err.text, "t04, t05, ..."));
    CHECK(!open_in(corpus, "safetensors/nothing.safetensors", PLANES_RGB, &s, &err) &&
          err.code == ERROR_FORMAT && strstr(err.text, "holds no matrix"));
    CHECK(open_in(corpus, "png/palette4.png", PLANES_RGB, &s, &err) && s.n == 3 && s.picture);
    selection_finish(&s);
    CHECK(open_in(corpus, "png/grey_alpha8.png", PLANES_YCBCR, &s, &err) && s.n == 1 &&
          s.planes == PLANES_RGB);
    selection_finish(&s);
}

/* Y of a picture is its grey; the planes turn back into its colours. */
static void test_ycbcr(void)
{
    struct error err = { 0 };
    struct selection colour = { 0 }, grey = { 0 };
    struct matrix m[3] = { 0 }, y = { 0 };
    bool ok = selection_open("demo:photo", PLANES_YCBCR, &colour, &err) &&
              selection_open("demo:photo::grey", PLANES_YCBCR, &grey, &err) &&
              selection_read(&colour, DTYPE_F64, NONFINITE_REFUSE, m, &err) &&
              selection_read(&grey, DTYPE_F64, NONFINITE_REFUSE, &y, &err);
    CHECK(ok && colour.n == 3 && !strcmp(colour.names[1], "cb") && grey.n == 1);
    double worst = 0, worst_colour = 0;
    if (ok)
        raster_from_ycbcr((struct matrix_view[]){ m[0].view, m[1].view, m[2].view });
    for (size_t i = 0; ok && i < y.view.rows; i++)
        for (size_t j = 0; j < y.view.cols; j++) {
            double r = matrix_at(m[0].view, i, j) * 255, g = matrix_at(m[1].view, i, j) * 255;
            double luma = 0.299 * r + 0.587 * g + 0.114 * 255 * matrix_at(m[2].view, i, j);
            worst = fmax(worst, fabs(luma / 255 - matrix_at(y.view, i, j)));
            worst_colour = fmax(worst_colour, fabs(g - round(g)));
        }
    CHECK_NEAR(worst, 0, 1e-13);
    CHECK_NEAR(worst_colour, 0, 1e-10);
    for (int i = 0; i < 3; i++)
        matrix_finish(&m[i]);
    matrix_finish(&y);
    selection_finish(&colour);
    selection_finish(&grey);
}

/* FILE as a PNG again; what names its colours must come along, or not. */
static void carries(const char *corpus, const char *name, double gamma, int srgb, bool icc)
{
    char path[300];
    struct error err = { 0 };
    struct selection s = { 0 };
    struct matrix m[3] = { 0 };
    struct result r[3] = { 0 };
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "%s/x.png", folder);
    bool ok = open_in(corpus, name, PLANES_RGB, &s, &err) &&
              selection_read(&s, DTYPE_F64, NONFINITE_REFUSE, m, &err);
    for (size_t i = 0; i < s.n && ok; i++)
        make_dense(&r[i], &m[i]);
    struct export_request request = { .results = r,
                                      .n_results = s.n,
                                      .names = (const char(*)[NAME_TEXT])s.names,
                                      .n = s.n,
                                      .picture = true,
                                      .depth = 8,
                                      .like = ok ? s.document->raster : NULL };
    ok = ok && export_write(&request, path, &bytes, &err);
    struct document *d = ok ? document_open(path, &err) : NULL;
    CHECK(d && fabs(d->raster->gamma - gamma) < 1e-9 && d->raster->srgb_intent == srgb &&
          (d->raster->icc != NULL) == icc);
    if (!d)
        printf("# %s: %s\n", name, err.text);
    if (d && icc)
        CHECK(d->raster->icc_size == s.document->raster->icc_size &&
              !memcmp(d->raster->icc, s.document->raster->icc, d->raster->icc_size));
    CHECK(!export_write(&request, "/dev/full", &bytes, &err) && err.code == ERROR_USAGE);
    document_unref(d);
    for (size_t i = 0; i < s.n; i++) {
        result_finish(&r[i]);
        matrix_finish(&m[i]);
    }
    selection_finish(&s);
    unlink(path);
}

/* The disk is full in the middle of a picture. */
static void test_full(void)
{
    char path[300];
    struct error err = { 0 };
    struct matrix m = { 0 };
    struct result r = { 0 };
    uint64_t bytes = 0;
    snprintf(path, sizeof(path), "%s/full.png", folder);
    CHECK(symlink("/dev/full", path) == 0 && matrix_init(&m, DTYPE_F64, 300, 300, &err));
    for (size_t i = 0; i < 300 * 300; i++) /* noise, so that the file outgrows the sink's buffer */
        matrix_put(m.view, i / 300, i % 300, (double)(i * 2654435761u % 65536) / 65536);
    make_dense(&r, &m);
    struct export_request request = { .results = &r,
                                      .n_results = 1,
                                      .names = (const char[1][NAME_TEXT]){ "grey" },
                                      .n = 1,
                                      .picture = true,
                                      .depth = 16 };
    CHECK(!export_write(&request, path, &bytes, &err) && err.code == ERROR_WRITE &&
          strstr(err.text, "No space left"));
    result_finish(&r);
    matrix_finish(&m);
    unlink(path);
}

int main(int argc, char **argv)
{
    confine_serve(argc, argv, decode_works);
    if (argc != 2 || !mkdtemp(folder)) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; formats[i]; i++)
        check_folder(argv[1], formats[i]->name);
    check_folder(argv[1], "index");
    round_trip("demo:photo", PLANES_RGB, ".png", DTYPE_F32, 8);
    round_trip("demo:photo", PLANES_YCBCR, ".png", DTYPE_F32, 8);
    round_trip("demo:photo::b", PLANES_RGB, ".safetensors", DTYPE_F32, 8);
    round_trip("demo:phantom256", PLANES_RGB, ".gguf", DTYPE_F32, 8);
    round_trip("demo:photo::g", PLANES_RGB, ".png", DTYPE_F64, 8);
    round_trip("demo:photo::g", PLANES_RGB, ".npy", DTYPE_F64, 8);
    round_trip("demo:phantom256", PLANES_RGB, ".npy", DTYPE_F32, 8);
    char deep[400];
    snprintf(deep, sizeof(deep), "%s/png/rgb16.png", argv[1]);
    round_trip(deep, PLANES_RGB, ".png", DTYPE_F32, 16);
    round_trip(deep, PLANES_RGB, ".ppm", DTYPE_F32, 16);
    round_trip(deep, PLANES_RGB, ".pam", DTYPE_F64, 16);
    round_trip("demo:photo", PLANES_YCBCR, ".ppm", DTYPE_F32, 8);
    round_trip("demo:photo", PLANES_RGB, ".pam", DTYPE_F32, 8);
    round_trip("demo:photo::g", PLANES_RGB, ".pgm", DTYPE_F64, 8);
    round_trip("demo:photo::g", PLANES_RGB, ".pam", DTYPE_F64, 8);
    test_picking(argv[1]);
    test_ycbcr();
    carries(argv[1], "png/gamma.png", 0.45455, -1, false);
    carries(argv[1], "png/srgb.png", 0.45455, 0, false); /* libpng: sRGB implies this gamma */
    carries(argv[1], "png/icc.png", 0, -1, true);
    carries(argv[1], "png/icc.png::r", 0, -1, false); /* no RGB profile in a grey picture */
    test_full();
    test_nonfinite();
    test_changed(argv[1]);
    CHECK(rmdir(folder) == 0);
    CHECK(memory_used() == 0);
    return check_done();
}
