#pragma once

#include "joint.h"

/* Ranks for all groups of a model by one rule, and what they come to. No data is needed where the
 * rule asks for none: then `profile` may be NULL. */

enum joint_rule {
    JOINT_PRUNE, /* value: share of the whole model's parameters to go; one keep ratio for all groups */
    JOINT_KEEP,   /* value: share of every group's parameters that stays */
    JOINT_RANK,   /* value: the same rank everywhere */
    JOINT_ENERGY, /* value: share of the squared stack that every group keeps; needs profiles */
    JOINT_BUDGET, /* value: parameters that all groups may take together, dealt out by
                   * sigma^2 / (n + S), largest first; needs profiles */
    JOINT_EDGE,   /* singular values above the Marchenko-Pastur edge of the stack; needs profiles */
    JOINT_MANUAL, /* the ranks that stand in `asked` */
};
extern const char *const joint_rule_names[]; /* "prune", ...; NULL-terminated, in enum order */

struct joint_choice {
    struct joint_shape shape;
    const struct joint_profile *profile; /* borrowed; NULL: sizes alone */
    size_t asked;                        /* by the rule, before rounding */
    size_t rank; /* rounded; 0: left dense, as factors would not be smaller */
};

struct joint_goal {
    enum joint_rule rule;
    double value;
    size_t multiple; /* ranks are rounded down to multiples of this, at least one; 0 and 1: not */
};

/* Parameters, of a plan as rounded and as asked. */
struct joint_account {
    uint64_t model;        /* of all tensors, as it was */
    uint64_t dense;        /* of the groups, as they were */
    uint64_t left;         /* of the groups, with the factors */
    double prune, modules; /* 1 - what is left over what was: of the model, of the groups alone */
    uint64_t left_asked;   /* before ranks were rounded to the multiple */
    double prune_asked, modules_asked;
    double ceiling; /* dense / model: no rank prunes more of the model */
};

/* Fills asked and rank of every choice. ERROR_USAGE with the reason for what no rank reaches (a prune ratio
 * beyond the ceiling) and for a rule without its profiles. */
bool joint_plan(const struct joint_goal *goal, uint64_t model, struct joint_choice *groups,
                size_t n, struct joint_account *out, struct error *err);

/* The same sums of ranks that stand already. */
struct joint_account joint_account_of(uint64_t model, const struct joint_choice *groups, size_t n);
