/* What a release costs: the curve against 20 digits from mpmath, tables, the
 * side to which everything rounds, the paper's own noise, zCDP, sensitivities by drawing. */
#include "gaussian_dp.h"

#include "check.h"
#include "classical.h"
#include "price.h"
#include "random.h"
#include "zcdp.h"

#include <stdlib.h>

#define COUNT(x) (sizeof(x) / sizeof((x)[0]))

static uint32_t draws;

/* Uniform in (0, 1). */
static double unit(void)
{
    struct philox p = philox_block(7, draws++, 0, STREAM_TEST, 0);
    return ((double)(p.word[0] >> 5) * 0x1p26 + (double)(p.word[1] >> 6) + 0.5) * 0x1p-53;
}

static double between(double low, double high)
{
    return low + (high - low) * unit();
}

/* Eight settings, rows of norm 1: mu to 20 digits by mpmath, the rest to the digits of a table. */
static const struct {
    double epsilon, delta;
    const char *mu_exact;
    double mu, replace, add_remove, paper, ratio_replace, ratio_add_remove;
} table[] = {
    { 0.1, 1e-6, "0.027544650243827621651", 0.027545, 36.30469, 25.67129, 74.93638, 2.0641,
      2.9191 },
    { 0.5, 1e-5, "0.14221055866926122322", 0.142211, 7.03183, 4.97225, 13.70318, 1.9487, 2.7559 },
    { 1, 1e-5, "0.26805112321129421922", 0.268051, 3.73063, 2.63795, 6.85159, 1.8366, 2.5973 },
    { 1, 1e-6, "0.23670438066343570913", 0.236704, 4.22468, 2.98730, 7.49364, 1.7738, 2.5085 },
    { 1, 1e-2, "0.53251664850295076976", 0.532517, 1.87788, 1.32786, 4.39468, 2.3402, 3.3096 },
    { 2, 1e-6, "0.44833474039519277438", 0.448335, 2.23048, 1.57718, 3.74682, 1.6798, 2.3756 },
    { 4, 1e-6, "0.83785875708999805635", 0.837859, 1.19352, 0.84395, 1.87341, 1.5697, 2.2198 },
    { 8, 1e-6, "1.5315451175661451262", 1.531545, 0.65294, 0.46170, 0.93670, 1.4346, 2.0288 },
};

/* log delta by mpmath, 60 digits. */
static const double curve[][3] = {
    { 700, 25, -124.27350770637113533 },      { 0, 1e-7, -17.037034184162992992 },
    { 0, 2, -0.38171514630212607227 },        { 0, 60, 0 },
    { 1e-6, 1e-7, -71.671217187080676987 },   { 1, 0.03125, -522.81918781272431699 },
    { 1, 0.25, -12.742464961290054615 },      { 0.5, 1, -1.4337142903236975907 },
    { 3, 2, -1.6938359260827184151 },         { 50, 12, -0.041464957075204454055 },
    { 2536, 72.5, -0.11028069539774132357 },  { 1e5, 440, -29.384132666311977922 },
    { 1e5, 460, -9.7229498508737981379e-37 },
};

static void test_curve(void)
{
    double worst = 0, own = 0;
    for (size_t i = 0; i < COUNT(curve); i++) {
        double off = fabs(gdp_log_delta(curve[i][0], curve[i][1]) - curve[i][2]);
        worst = fmax(worst, off / gdp_doubt(curve[i][0], curve[i][1]));
        own = fmax(own, i > 1 && i < 11 ? off : 0);
    }
    printf("# off by at most %.2g of the doubt, %.2g of delta\n", worst, own);
    CHECK(worst <= 1);
    CHECK(fabs(gdp_delta(700, 25) / 1.068e-54 - 1) < 1e-3);
    /* far out: numbers, and in order */
    bool sane = true;
    for (double e = 1e-300; e < 1e300; e *= 1e7)
        for (double mu = 1e-300; mu < 1e150; mu *= 1e7) {
            double here = gdp_delta(e, mu);
            sane = sane && here >= 0 && here <= 1 + 1e-12 && gdp_delta(2 * e, mu) <= here;
        }
    CHECK(sane);
}

static void test_table(void)
{
    double worst = 0, back = 0, exact = 0;
    bool safe = true;
    for (size_t i = 0; i < COUNT(table); i++) {
        double e = table[i].epsilon, d = table[i].delta, mu = gdp_mu(e, d);
        double true_mu = strtod(table[i].mu_exact, NULL);
        double s = gdp_deviation(MECHANISM_COMPLEX, RELATION_REPLACE, 1, mu);
        double s2 = gdp_deviation(MECHANISM_REAL, RELATION_ADD_REMOVE, 1, mu);
        double paper = classical_deviation(MECHANISM_COMPLEX, 1, e, d);
        const double got[] = { mu, s, s2, paper, paper / s, paper / s2 };
        const double want[] = { table[i].mu,    table[i].replace,       table[i].add_remove,
                                table[i].paper, table[i].ratio_replace, table[i].ratio_add_remove };
        /* half a unit of the last digit printed there */
        const double digit[] = { 5e-7, 5e-6, 5e-6, 5e-6, 5e-5, 5e-5 };
        for (int j = 0; j < 6; j++)
            worst = fmax(worst, fabs(got[j] - want[j]) / (digit[j] * 1.001));
        safe = safe && mu <= true_mu && s >= 1 / true_mu && s2 >= 1 / true_mu / M_SQRT2;
        exact = fmax(exact, 1 - mu / true_mu);
        back = fmax(back, fabs(gdp_delta(e, mu) / d - 1));
    }
    printf("# mu is at most %.2g below its exact value, delta off by %.2g\n", exact, back);
    CHECK(worst <= 1);
    CHECK(safe && exact < 1e-12);
    CHECK(back < 1e-9);
    CHECK_NEAR(1 / gdp_mu(log(3), 1e-5), 3.424662, 2e-7);
}

static void test_sides(void)
{
    double back = 0, least = 1, most = 0;
    bool safe = true;
    for (int i = 0; i < 300; i++) {
        double e = exp(between(log(1e-4), log(300))), d = exp(between(log(1e-14), log(0.4)));
        double mu = gdp_mu(e, d), again = gdp_epsilon(mu, d);
        double s = gdp_deviation(MECHANISM_REAL, RELATION_REPLACE, 1, mu);
        double s_mu = gdp_mu_of_deviation(MECHANISM_REAL, RELATION_REPLACE, 1, s);
        /* towards more noise, by less than 1e-9 of it */
        safe = safe && gdp_delta(e, mu) <= d && gdp_delta(e, mu * (1 + 1e-9)) > d;
        safe = safe && again <= e * (1 + 1e-12) && gdp_delta(again, mu) <= d;
        safe = safe && (again <= 1e-9 || gdp_delta(again * (1 - 1e-9) - 1e-9, mu) > d);
        safe = safe && s >= 1 / mu && s_mu >= 1 / s;
        back = fmax(back, again > 0 ? fabs(gdp_epsilon(s_mu, d) / e - 1) : 0);
        least = fmin(least, mu), most = fmax(most, mu);
    }
    printf("# mu from %.2g to %.2g, s -> epsilon off by %.2g\n", least, most, back);
    CHECK(safe);
    CHECK(back < 1e-8);
    const double exact[][3] = { { 0.01, 1e-6, 0.033673780130806475216 },
                                { 0.236704, 1e-6, 0.99999826660424160027 },
                                { 1, 1e-5, 4.3771780956812246086 },
                                { 5, 1e-9, 41.833375080550519874 },
                                { 30, 1e-2, 518.82761740696810387 } };
    bool near = true;
    for (size_t i = 0; i < COUNT(exact); i++) {
        double e = gdp_epsilon(exact[i][0], exact[i][1]);
        near = near && e >= exact[i][2] && e <= exact[i][2] * (1 + 1e-11);
    }
    CHECK(near);
    CHECK(gdp_epsilon(0, 1e-6) == 0 && gdp_epsilon(1e-9, 1e-6) == 0);
    CHECK(isinf(gdp_epsilon((double)NAN, 1e-6)) && isinf(gdp_epsilon((double)INFINITY, 1e-6)));
}

static void test_refusals(void)
{
    const double bad[][3] = { { 0, 1e-6, 1 },
                              { -1, 1e-6, 1 },
                              { (double)NAN, 1e-6, 1 },
                              { (double)INFINITY, 1e-6, 1 },
                              { 1e6, 1e-6, 1 },
                              { 1, 0, 1 },
                              { 1, 1, 1 },
                              { 1, -1e-6, 1 },
                              { 1, (double)NAN, 1 },
                              { 1, 1e-6, 0 },
                              { 1, 1e-6, -1 },
                              { 1, 1e-6, (double)NAN },
                              { 1, 1e-6, 1e200 },
                              { 1, 1e-6, 1e-200 },
                              { 1, 1e-301, 1 } };
    size_t refused = 0;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct error err = { 0 };
        refused += !gdp_check(bad[i][0], bad[i][1], bad[i][2], &err) && err.code == ERROR_USAGE &&
                   (bad[i][2] != 1 || gdp_mu(bad[i][0], bad[i][1]) == 0);
    }
    CHECK(refused == COUNT(bad));
    struct error err = { 0 };
    CHECK(gdp_check(GDP_EPSILON_MOST, GDP_DELTA_LEAST, 1e-100, &err));
    CHECK(gdp_mu(GDP_EPSILON_MOST, GDP_DELTA_LEAST) > 400 && gdp_mu(1e-300, 1e-300) > 0);
}

static void test_composition(void)
{
    const double k[][2] = { { 2, 1.455 }, { 10, 3.525 }, { 100, 13.51 }, { 1000, 62.8 } };
    const double digit[] = { 5e-4, 5e-4, 5e-3, 5e-2 };
    double mu[1000], one = gdp_mu(1, 1e-6);
    bool same = true, fits = true;
    for (int i = 0; i < 1000; i++)
        mu[i] = one;
    for (int i = 0; i < 4; i++) {
        double e = gdp_epsilon(gdp_compose(mu, (size_t)k[i][0]), 1e-6);
        same = same && fabs(e - k[i][1]) <= digit[i] * 1.001;
    }
    CHECK(same);
    CHECK(gdp_compose(mu, 0) == 0 && gdp_compose(mu, 1) == one);
    double two = gdp_compose(mu, 2);
    CHECK(two >= M_SQRT2 * one && two < M_SQRT2 * one * (1 + 1e-12));
    for (int i = 0; i < 1000; i++) {
        double most = exp(between(-5, 5)), spent = most * pow(unit(), 8);
        double pair[] = { spent, gdp_left(most, spent) }, more[] = { spent, pair[1] * 1.001 };
        fits = fits && gdp_compose(pair, 2) <= most;
        fits = fits && (pair[1] < 1e-5 * most || gdp_compose(more, 2) > most);
    }
    CHECK(fits);
    CHECK(gdp_left(1, 1) == 0 && gdp_left(1, 2) == 0 && gdp_left(1, 0) == 1);
    mu[1] = (double)NAN;
    CHECK(isinf(gdp_compose(mu, 2)));
}

static void test_conversion(void)
{
    enum relation r = RELATION_REPLACE, a = RELATION_ADD_REMOVE;
    for (enum mechanism m = MECHANISM_COMPLEX; m < MECHANISMS; m++) {
        /* one noise, both neighbours */
        double mu_r = gdp_mu_of_deviation(m, r, 1.5, 3), mu_a = gdp_mu_of_deviation(m, a, 1.5, 3);
        CHECK_NEAR(gdp_convert(m, mu_a, a, r), mu_r, 1e-14);
        CHECK_NEAR(gdp_convert(m, mu_r, r, a), mu_a, 1e-14);
        CHECK(gdp_convert(m, mu_a, a, r) >= M_SQRT2 * mu_a && gdp_convert(m, 2, a, a) == 2);
    }
    CHECK(gdp_convert(MECHANISM_FOREIGN, 3, a, r) == 6);
    CHECK(isinf(gdp_convert(MECHANISM_FOREIGN, 3, r, a)));
    CHECK(gdp_convert(MECHANISM_FOREIGN, 3, r, r) == 3);
}

/* E4, E5: what the paper's constant truly is. */
static void test_paper(void)
{
    enum relation r = RELATION_REPLACE, a = RELATION_ADD_REMOVE;
    enum mechanism c = MECHANISM_COMPLEX, iid = MECHANISM_IID;
    CHECK_NEAR(classical_epsilon(c, r, 1, 1e-6), 0.540, 0.0005);
    CHECK_NEAR(classical_epsilon(c, a, 1, 1e-6), 0.373, 0.0005);
    CHECK_NEAR(classical_epsilon(iid, r, 1, 1e-6), 1.138, 0.0005);
    CHECK_NEAR(gdp_delta(1, classical_mu(iid, r, 1, 1e-6)), 9.3e-6, 5e-8);
    CHECK(fabs(classical_limit(iid, r, 1e-6) - 0.17) < 0.01);
    const double limits[][2] = { { 1e-5, 37.3 }, { 1e-6, 42.9 }, { 1e-9, 59.7 } };
    for (int i = 0; i < 3; i++) {
        double d = limits[i][0], e = classical_limit(c, r, d);
        printf("# the paper's constant holds up to epsilon %.4f at delta %g\n", e, d);
        CHECK(fabs(e - limits[i][1]) < 0.1);
        CHECK(gdp_delta(e, classical_mu(c, r, e, d)) <= d);
        CHECK(gdp_delta(e * 1.0001, classical_mu(c, r, e * 1.0001, d)) > d);
    }
    CHECK(classical_epsilon(c, r, 45, 1e-6) > 45 && classical_epsilon(c, r, 40, 1e-6) < 40);
    CHECK_NEAR(classical_deviation(c, 3, 1, 1e-6), 9 * sqrt(2 * classical_time(1, 1e-6)), 1e-14);
}

static void test_zcdp(void)
{
    const double more[][2] = { { 0.1, 1.087 }, { 1, 1.073 }, { 8, 1.056 } };
    for (int i = 0; i < 3; i++)
        CHECK(fabs(gdp_mu(more[i][0], 1e-6) / sqrt(2 * zcdp_rho_for(more[i][0], 1e-6)) -
                   more[i][1]) < 6e-4);
    CHECK(fabs(gdp_mu(1, 1e-6) / sqrt(2 * zcdp_simple_rho_for(1, 1e-6)) - 1.266) < 6e-4);
    bool least = true, back = true;
    double spread = 0;
    for (int i = 0; i < 200; i++) {
        double rho = exp(between(log(1e-6), log(50))), d = exp(between(log(1e-12), log(0.1)));
        double e = zcdp_epsilon(rho, d), by_hand = (double)INFINITY;
        for (double u = -5; u < 16; u += 0.002) {
            double x = exp(u), alpha = 1 + x;
            by_hand = fmin(by_hand, alpha * rho + log1p(-1 / alpha) - log(alpha * d) / x);
        }
        spread = fmax(spread, e > 0 ? fabs(by_hand - e) / e : 0);
        least = least && e <= fmax(by_hand, 0) * (1 + 1e-12) && e <= zcdp_simple_epsilon(rho, d);
        /* Gaussian noise is no worse than what is concluded from rho alone */
        least = least && gdp_epsilon(sqrt(2 * rho), d) <= e;
        double r = e > 1e-9 ? zcdp_rho_for(e, d) : 0;
        back = back && zcdp_epsilon(r, d) <= e + (e > 1e-9 ? 0 : 1) && r < rho * (1 + 1e-9);
    }
    printf("# the least over 10,500 orders is within %.1g\n", spread);
    CHECK(least && spread < 1e-4);
    CHECK(back);
    CHECK(zcdp_rho(2) >= 2 && zcdp_rho(2) < 2 + 1e-14);
}

/* A row of norm at most clip: half of them on the sphere. */
static void draw_row(double *x, int d, double clip)
{
    double square = 0, norm = unit() < 0.5 ? 1 : unit();
    for (int i = 0; i < d; i++) {
        x[i] = between(-1, 1);
        square += x[i] * x[i];
    }
    for (int i = 0; i < d; i++)
        x[i] *= clip * norm / sqrt(square) * (1 - 1e-15);
}

/* ||v v^T - u u^T||_F, all entries or those on and above the diagonal. */
static double change(const double *u, const double *v, int d, bool triangle)
{
    double sum = 0;
    for (int i = 0; i < d; i++)
        for (int j = triangle ? i : 0; j < d; j++) {
            double x = v[i] * v[j] - u[i] * u[j];
            sum += x * x;
        }
    return sqrt(sum);
}

static void test_sensitivity(void)
{
    const double clip = 1.7, zero[8] = { 0 };
    double u[8], v[8], most[2] = { 0 }, alone[2] = { 0 };
    for (int i = 0; i < 100000; i++) {
        int d = 1 + i % 8;
        draw_row(u, d, clip);
        draw_row(v, d, clip);
        for (int t = 0; t < 2; t++) {
            most[t] = fmax(most[t], change(u, v, d, t));
            alone[t] = fmax(alone[t], change(zero, v, d, t));
        }
    }
    double replace = gdp_sensitivity(RELATION_REPLACE, clip);
    double add = gdp_sensitivity(RELATION_ADD_REMOVE, clip);
    printf("# replacing: %.4f of %.4f, adding: %.4f of %.4f\n", most[0], replace, alone[0], add);
    CHECK(most[0] <= replace && alone[0] <= add && most[0] > 0.99 * replace &&
          alone[0] > 0.999 * add);
    CHECK(replace <= M_SQRT2 * clip * clip * (1 + 1e-12) && add <= clip * clip * (1 + 1e-12));
    double t = gdp_triangle_sensitivity(RELATION_REPLACE, clip);
    CHECK(most[1] <= t && alone[1] <= gdp_triangle_sensitivity(RELATION_ADD_REMOVE, clip));
    const double e1[2] = { clip, 0 }, e2[2] = { 0, clip };
    CHECK(change(e1, e2, 2, false) > 1.40 * clip * clip &&
          change(e1, e2, 2, true) > 1.40 * clip * clip);
    CHECK_NEAR(change(e1, e2, 2, true), t, 1e-14);
}

/* Rows less their mean: A^T A moves by more than clip^2. */
static void test_centred(void)
{
    const double known[][2] = {
        { 0, 1.414 }, { 0.25, 1.93 }, { 0.5, 2.49 }, { 0.75, 3.12 }, { 1, 4 }
    };
    bool below = true, reached = true, same = true;
    double p[3], q[3];
    for (int i = 0; i < 5; i++) {
        double g = known[i][0], bound = gdp_centred_sensitivity(RELATION_REPLACE, 1, g, 0),
               most = 0;
        for (int j = 0; j < 20000; j++) {
            draw_row(p, 3, 1);
            draw_row(q, 3, 1);
            p[0] += g, q[0] += g;
            below = below && change(p, q, 3, false) <= bound;
        }
        for (double a = 0; a < 6.3; a += 0.02)
            for (double b = 0; b < 6.3; b += 0.02) {
                p[0] = g + cos(a), p[1] = sin(a), q[0] = g + cos(b), q[1] = sin(b);
                most = fmax(most, change(p, q, 2, false));
            }
        below = below && most <= bound;
        reached = reached && most > bound * (1 - 1e-3);
        same = same && fabs(bound - known[i][1]) < 6e-3;
    }
    CHECK(below);
    CHECK(reached);
    CHECK(same);
    CHECK_NEAR(gdp_centred_sensitivity(RELATION_ADD_REMOVE, 2, 1, 0), 16, 1e-14);
    CHECK_NEAR(gdp_centred_sensitivity(RELATION_ADD_REMOVE, 2, 1, 3), 12, 1e-14);
    CHECK_NEAR(gdp_centred_sensitivity(RELATION_REPLACE, 2, 1, 4), 12, 1e-14);
}

static void test_price(void)
{
    struct error err = { 0 };
    struct price p;
    struct price_terms t = { MECHANISM_IID, RELATION_REPLACE, 1, 1e-6, 2 };
    CHECK(price_of(&t, &p, &err));
    CHECK_NEAR(p.s, M_SQRT2 * 4 / gdp_mu(1, 1e-6), 1e-13);
    CHECK(p.diagonal == p.s);
    CHECK_NEAR(p.paper_epsilon, 1.138, 0.0005);
    t.mechanism = MECHANISM_COMPLEX;
    CHECK(price_of(&t, &p, &err));
    CHECK_NEAR(p.s, 4 * 4.22468, 2e-6);
    CHECK_NEAR(p.diagonal, M_SQRT2 * p.s, 1e-14);
    CHECK_NEAR(p.paper_ratio, 1.7738, 5e-5);
    CHECK_NEAR(p.paper_s, 4 * 7.49364, 2e-6);
    CHECK(fabs(p.zcdp_ratio - 1.073) < 6e-4 && fabs(p.zcdp_simple_ratio - 1.266) < 6e-4);
    CHECK(p.releases[3].n == 1000 && p.releases[3].naive_epsilon == 1000);
    CHECK(fabs(p.releases[3].epsilon - 62.8) < 0.05 && fabs(p.releases[0].epsilon - 1.455) < 6e-4);
    t.epsilon = (double)NAN;
    CHECK(!price_of(&t, &p, &err) && err.code == ERROR_USAGE);
    t = (struct price_terms){ MECHANISM_FOREIGN, RELATION_REPLACE, 1, 1e-6, 1 };
    CHECK(!price_of(&t, &p, &err));
}

int main(void)
{
    test_curve();
    test_table();
    test_sides();
    test_refusals();
    test_composition();
    test_conversion();
    test_paper();
    test_zcdp();
    test_sensitivity();
    test_centred();
    test_price();
    return check_done();
}
