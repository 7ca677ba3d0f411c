#pragma once

#include "family.h"
#include "joint_null.h"
#include "joint_plan.h"
#include "options.h"

/* Every group of a model under one rule for its ranks: what stands behind `groups`. Main thread. */

/* What is known of one group; in the order of the groups. */
struct plan_line {
    bool known;             /* profile and errors: the entries were read */
    bool factored;          /* its rank leaves less than its matrices */
    double joint, separate; /* relative errors, over all of its members */
    double greedy;
    size_t
        kept[JOINT_MEMBERS]; /* separate ranks of the same parameters, one share of each matrix */
    size_t dealt[JOINT_MEMBERS]; /* likewise, component by component */
    bool tested;
    struct joint_null null;
};

struct plan {
    struct document *document;      /* owned reference */
    struct groups groups;           /* owned */
    uint64_t parameters;            /* of all tensors */
    struct joint_choice *choices;   /* owned; of every group */
    struct joint_profile *profiles; /* owned; without entries {0} */
    struct plan_line *lines;        /* owned */
    bool ruled;                     /* a rule was given; else neither ranks nor account */
    struct joint_goal goal;
    struct joint_account account;
};

/* The file's groups, or --group's, and the rule that the flags give. p is {0}, and finished also on
 * failure. Reads no entries. */
bool plan_open(struct plan *p, const struct options *o, struct error *err);
/* Reads every group, one after the other, and keeps what its Gram matrices tell. */
bool plan_measure(struct plan *p, const struct options *o, struct job *job, struct error *err);
/* Ranks by the rule, and, where entries were read, errors at them. */
bool plan_settle(struct plan *p, struct error *err);
/* Random rotations of every factored group of several members. */
bool plan_test(struct plan *p, size_t draws, uint64_t seed, struct job *job, struct error *err);
void plan_close(struct plan *p);

/* Root of the sum of squares over groups of a kind (GROUP_KINDS: all), relative; NAN where one is not
 * known. */
double plan_together(const struct plan *p, enum group_kind kind, size_t field);
