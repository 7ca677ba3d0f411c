#pragma once

#include "classical.h"
#include "covariance.h"
#include "mechanism.h"
#include "method.h"

/* A private mechanism played through with seeded noise: what the sandbox's methods are made of beside
 * their rows, and all that is promised of none of them. No function turns what comes of this into a
 * release. Pure functions but for the run. */

/* What stands on whatever the sandbox writes or shows. */
#define SIMULATION_MARK "simulated, not private"

enum simulation_calibration { SIMULATION_TIGHT, SIMULATION_CLASSICAL };
extern const char *const simulation_calibration_names[]; /* "tight", "classical", NULL */
enum simulation_input { SIMULATION_ROWS, SIMULATION_COVARIANCE };
extern const char *const simulation_input_names[]; /* "rows", "covariance", NULL */

struct simulation_params {
    int rank;
    double epsilon, delta, clip, centre;
    int relation, calibration, input;
    int form; /* of complex noise alone */
    bool shrink, clamp;
    uint64_t seed;
};

/* Public numbers of one setting; none of them from the data. */
struct simulation {
    enum mechanism mechanism;
    enum relation relation;
    enum simulation_calibration calibration;
    double epsilon, delta, clip; /* nominal */
    double s;                    /* deviation of a real number off the diagonal */
    double diagonal;             /* and on it */
    double mu;                   /* of that noise under the relation */
    double true_epsilon;         /* what it keeps at delta */
    struct covariance_terms covariance;
};
void simulation_of(enum mechanism m, const struct simulation_params *p, struct simulation *out);

/* The gap after which Theorem 1 of Mangoubi, Vishnoi 2023 asks, 4 sqrt(T d) with T = s^2 / 2; sufficient,
 * to a factor of about 2. */
double simulation_theorem_gap(const struct simulation *s, size_t d);

/* method.bits and .run of a mechanism. What is run on is the covariance itself: ERROR_FORMAT unless it
 * is symmetric. The result's rank is that of what is stored: of complex noise and form y min(2 k, d). */
uint64_t simulation_bits(enum mechanism m, const struct simulation_params *p, enum dtype dtype,
                         size_t d);
bool simulation_run(struct job *job, enum mechanism m, const struct inputs *in,
                    const struct simulation_params *p, struct result *out, struct error *err);
