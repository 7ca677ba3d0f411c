/* Screen-resolution pictures against full reconstructions, and picture quality
 * against its definition. */

#include "preview.h"
#include "check.h"
#include "memory.h"
#include "quality.h"
#include "random.h"
#include "rotation.h"

static struct error err;

static struct matrix make(enum dtype dtype, size_t rows, size_t cols)
{
    struct matrix m = { 0 };
    if (!matrix_init(&m, dtype, rows, cols, &err))
        printf("Bail out! %s\n", err.text);
    return m;
}

static double difference(struct matrix_view a, struct matrix_view b)
{
    double worst = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            worst = fmax(worst, fabs(matrix_at(a, i, j) - matrix_at(b, i, j)));
    return worst;
}

/* The definition: the mean over the box of source pixels under one target pixel. */
static double box_mean(struct matrix_view a, struct matrix_view out, size_t i, size_t j)
{
    double sum = 0, area = 0;
    double r0 = (double)(i * a.rows) / (double)out.rows,
           r1 = (double)((i + 1) * a.rows) / (double)out.rows;
    double c0 = (double)(j * a.cols) / (double)out.cols,
           c1 = (double)((j + 1) * a.cols) / (double)out.cols;
    for (size_t r = 0; r < a.rows; r++)
        for (size_t c = 0; c < a.cols; c++) {
            double h = fmin(r1, (double)r + 1) - fmax(r0, (double)r);
            double w = fmin(c1, (double)c + 1) - fmax(c0, (double)c);
            if (h > 0 && w > 0) {
                sum += h * w * matrix_at(a, r, c);
                area += h * w;
            }
        }
    return sum / area;
}

static void resampling(void)
{
    static const size_t sizes[][4] = {
        { 40, 30, 7, 11 }, { 5, 9, 17, 4 }, { 6, 6, 6, 6 }, { 1, 8, 3, 3 }
    };
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        struct matrix a = make(DTYPE_F64, sizes[k][0], sizes[k][1]);
        struct matrix out = make(DTYPE_F32, sizes[k][2], sizes[k][3]);
        random_fill(SKETCH_GAUSSIAN, 1, STREAM_TEST, (uint32_t)k, 1, a.view);
        CHECK(preview_resample(a.view, out.view, &err));
        double worst = 0;
        for (size_t i = 0; i < out.view.rows; i++)
            for (size_t j = 0; j < out.view.cols; j++)
                worst = fmax(worst,
                             fabs(matrix_at(out.view, i, j) - box_mean(a.view, out.view, i, j)));
        CHECK(worst < 1e-6);
        matrix_finish(&a);
        matrix_finish(&out);
    }
}

/* Every rank of the preview equals the averaged reconstruction at that rank. */
static void ranks(void)
{
    enum { ROWS = 60, COLS = 45, H = 13, W = 17 };
    struct matrix a = make(DTYPE_F32, ROWS, COLS), full = make(DTYPE_F32, ROWS, COLS);
    struct matrix small = make(DTYPE_F32, H, W), shown = make(DTYPE_F32, H, W);
    random_fill(SKETCH_GAUSSIAN, 2, STREAM_TEST, 0, 1, a.view);
    struct svd s = { 0 };
    struct preview p = { 0 };
    CHECK(linalg_svd(a.view, &s, &err) && preview_of_svd(&s, (struct region){ 0 }, H, W, &p, &err));
    for (size_t rank = 0; rank <= COLS; rank += 9) {
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = 0; j < COLS; j++) {
                double sum = 0;
                for (size_t k = 0; k < rank; k++)
                    sum += matrix_at(s.u.view, i, k) * s.sigma[k] * matrix_at(s.vt.view, k, j);
                matrix_put(full.view, i, j, sum);
            }
        CHECK(preview_resample(full.view, small.view, &err));
        preview_render(&p, rank, shown.view);
        CHECK(difference(small.view, shown.view) < 1e-5);
    }
    preview_finish(&p);
    svd_finish(&s);
    matrix_finish(&a);
    matrix_finish(&full);
    matrix_finish(&small);
    matrix_finish(&shown);
}

/* A dense term and two products of one result, beside a term of another input; either may stand
 * within a frame. */
static void terms(bool shifted, bool rotated)
{
    struct result r = { 0 };
    struct matrix part[5] = { make(DTYPE_F32, 20, 16), make(DTYPE_F64, 20, 2),
                              make(DTYPE_F64, 2, 16), make(DTYPE_F32, 20, 3),
                              make(DTYPE_F32, 3, 16) };
    size_t at[5];
    bool ok = result_init(&r, 2, &err);
    for (uint32_t i = 0; i < 5; i++) {
        random_fill(SKETCH_GAUSSIAN, 3, STREAM_TEST, i, 1, part[i].view);
        ok = ok && result_add_plain(&r, "part", &part[i], &at[i], &err);
    }
    ok = ok && result_add_term(&r, 0, at[0], TERM_DENSE, &err) &&
         result_add_term(&r, 0, at[1], at[2], &err) && result_add_term(&r, 1, at[3], at[4], &err) &&
         result_add_term(&r, 0, at[3], at[4], &err);
    for (size_t i = 0; i < 2; i++) { /* the sizes that a run sets first */
        struct frame *f = &r.frames[i];
        r.measures[i].rows = 20;
        r.measures[i].cols = 16;
        if (shifted)
            *f = (struct frame){ .shifted = true, .scale = 1.5, .shift = 0.25 + (double)i };
        f->rotated_cols = rotated && rotation_signs(3, 1, 16, &f->col_signs, &err);
        f->rotated_rows = rotated && i && rotation_signs(3, 0, 20, &f->row_signs, &err);
    }
    CHECK(ok);
    struct matrix full = make(DTYPE_F32, 20, 16), small = make(DTYPE_F32, 6, 5),
                  shown = make(DTYPE_F32, 6, 5);
    for (size_t matrix = 0; matrix < 2; matrix++) {
        struct preview p = { 0 };
        CHECK(result_expand(&r, matrix, full.view, &err) &&
              preview_resample(full.view, small.view, &err));
        CHECK(preview_of_result(&r, matrix, (struct region){ 0 }, 6, 5, &p, &err));
        CHECK(p.rank == (matrix ? 3 : 5));
        preview_render(&p, p.rank, shown.view);
        CHECK(difference(small.view, shown.view) < 1e-5);
        preview_finish(&p);
    }
    result_finish(&r);
    matrix_finish(&full);
    matrix_finish(&small);
    matrix_finish(&shown);
}

/* The mean over a box whose borders cut through entries, in the plainest loops. */
static double part_mean(struct matrix_view a, struct region part, size_t h, size_t w, size_t i,
                        size_t j)
{
    double sum = 0, area = 0, dr = part.rows / (double)h, dc = part.cols / (double)w;
    double top = part.row + (double)i * dr, left = part.col + (double)j * dc;
    for (size_t r = 0; r < a.rows; r++)
        for (size_t c = 0; c < a.cols; c++) {
            double y = fmin(top + dr, (double)r + 1) - fmax(top, (double)r);
            double x = fmin(left + dc, (double)c + 1) - fmax(left, (double)c);
            if (y > 0 && x > 0) {
                sum += y * x * matrix_at(a, r, c);
                area += y * x;
            }
        }
    return sum / area;
}

static double part_difference(struct matrix_view a, struct region part, struct matrix_view got)
{
    double worst = 0;
    for (size_t i = 0; i < got.rows; i++)
        for (size_t j = 0; j < got.cols; j++)
            worst = fmax(worst,
                         fabs(matrix_at(got, i, j) - part_mean(a, part, got.rows, got.cols, i, j)));
    return worst;
}

/* A region, of the matrix and of its factors, is what its own pixels say, at every
 * zoom; and it is the same as a cut out of the whole where their boxes are the same. */
static void regions(void)
{
    enum { ROWS = 60, COLS = 45, H = 12, W = 15 };
    static const struct region parts[] = {
        { 0, 0, ROWS, COLS }, { 7, 5, 24, 30 },      { 0.25, 3.5, 10.75, 9.3 },
        { 48, 30, H, W },     { 56.5, 43.75, 1, 1 }, { 59.9, 0, 0.1, 45 },
    };
    struct matrix a = make(DTYPE_F32, ROWS, COLS), got = make(DTYPE_F32, H, W);
    struct matrix fine = make(DTYPE_F32, ROWS, COLS);
    random_fill(SKETCH_GAUSSIAN, 4, STREAM_TEST, 0, 1, a.view);
    struct svd s = { 0 };
    double resampled = 0, factors = 0;
    CHECK(linalg_svd(a.view, &s, &err));
    for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
        struct preview p = { 0 };
        matrix_finish(&got);
        got = make(DTYPE_F32, H, W);
        CHECK(preview_resample_region(a.view, parts[k], got.view, &err));
        resampled = fmax(resampled, part_difference(a.view, parts[k], got.view));
        CHECK(preview_of_svd(&s, parts[k], H, W, &p, &err));
        preview_render(&p, p.rank, got.view);
        factors = fmax(factors, part_difference(a.view, parts[k], got.view));
        preview_finish(&p);
    }
    printf("# worst difference: %.1e resampled, %.1e of factors\n", resampled, factors);
    CHECK(resampled < 1e-5 && factors < 2e-5);

    struct preview whole = { 0 }, part = { 0 }; /* one entry a pixel in both */
    CHECK(preview_of_svd(&s, (struct region){ 0 }, ROWS, COLS, &whole, &err) &&
          preview_of_svd(&s, parts[3], H, W, &part, &err));
    preview_render(&whole, 9, fine.view);
    preview_render(&part, 9, got.view);
    CHECK(difference(matrix_block(fine.view, 48, 30, H, W), got.view) < 1e-5);
    preview_finish(&whole);
    preview_finish(&part);
    svd_finish(&s);
    matrix_finish(&a);
    matrix_finish(&got);
    matrix_finish(&fine);
}

/* SSIM by its definition, window by window, in the plainest loops. */
static double ssim_plain(struct matrix_view a, struct matrix_view b)
{
    double weight[11][11], sum = 0, total = 0, count = 0;
    for (int i = 0; i < 11; i++)
        for (int j = 0; j < 11; j++)
            sum += weight[i][j] = exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / 4.5);
    for (size_t r = 0; r + 11 <= a.rows; r++)
        for (size_t c = 0; c + 11 <= a.cols; c++) {
            double m[5] = { 0 };
            for (size_t i = 0; i < 11; i++)
                for (size_t j = 0; j < 11; j++) {
                    double w = weight[i][j] / sum, x = matrix_at(a, r + i, c + j);
                    double y = fmin(1, fmax(0, matrix_at(b, r + i, c + j)));
                    m[0] += w * x, m[1] += w * y, m[2] += w * x * x, m[3] += w * y * y,
                        m[4] += w * x * y;
                }
            double vx = m[2] - m[0] * m[0], vy = m[3] - m[1] * m[1], vxy = m[4] - m[0] * m[1];
            total += (2 * m[0] * m[1] + 1e-4) * (2 * vxy + 9e-4) /
                     ((m[0] * m[0] + m[1] * m[1] + 1e-4) * (vx + vy + 9e-4));
            count++;
        }
    return total / count;
}

static void qualities(void)
{
    struct matrix a = make(DTYPE_F64, 20, 26), b = make(DTYPE_F32, 20, 26);
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j < 26; j++) {
            matrix_put(a.view, i, j, (double)(i * j % 7) / 6);
            matrix_put(b.view, i, j, (double)(i * j % 7) / 6 * 1.3 - 0.1); /* leaves [0, 1] */
        }
    double sum = 0, ssim = 0;
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j < 26; j++)
            sum += pow(matrix_at(a.view, i, j) - fmin(1, fmax(0, matrix_at(b.view, i, j))), 2);
    CHECK_NEAR(quality_psnr(&a.view, &b.view, 1), -10 * log10(sum / 520), 1e-12);
    CHECK(isinf(quality_psnr(&a.view, &a.view, 1)));
    CHECK(quality_ssim(&a.view, &b.view, 1, &ssim, &err));
    CHECK_NEAR(ssim, ssim_plain(a.view, b.view), 1e-10);
    CHECK(quality_ssim(&a.view, &a.view, 1, &ssim, &err));
    CHECK_NEAR(ssim, 1, 1e-12);
    struct matrix_view slim = matrix_block(a.view, 0, 0, 10, 26);
    CHECK(quality_ssim(&slim, &slim, 1, &ssim, &err) && isnan(ssim));
    matrix_put(b.view, 0, 0, (double)NAN);
    CHECK(isnan(quality_psnr(&a.view, &b.view, 1)));
    matrix_finish(&a);
    matrix_finish(&b);
}

int main(void)
{
    resampling();
    ranks();
    terms(false, false);
    terms(true, false);
    terms(false, true);
    terms(true, true);
    regions();
    qualities();
    CHECK(memory_used() == 0);
    return check_done();
}
