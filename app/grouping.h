#pragma once

#include "group_found.h"
#include "joint_plan.h"
#include "study.h"

/* The groups view's part of the model: the groups of what is open, a rank for each, and what the worker
 * found. Profiles come one after the other while the view is looked at, the chosen group's first; all
 * numbers of a rank are looked up in them. UI thread only. */

struct model;

struct grouped {
    uint64_t id; /* for as long as the document is open */
    struct group group;
    struct joint_shape shape;
    uint64_t bytes; /* of its entries, in the file */
    bool counted;   /* in the account: no tensor of it is in a group before it */
    size_t asked;   /* by the rule, before rounding */
    size_t rank;    /* 0: left dense */

    struct joint_profile profile; /* owned; r 0: not there yet */
    double rounding;              /* mean square of the source's own rounding; NAN */
    struct joint_null *null;      /* owned; [k - 1] is of rank k; NULL: not tested */
    size_t n_null;
    char why[160]; /* it could not be looked at; "" otherwise */
};

/* What the plot shows; a large screen shows the ones after it as well. */
enum group_page {
    GROUP_PAGE_PARAMETERS, /* error against parameters: joint, separate */
    GROUP_PAGE_SPECTRUM,
    GROUP_PAGE_ENERGY,
    GROUP_PAGE_OVERLAP, /* of the members' leading spaces, against chance */
    GROUP_PAGE_NULL,    /* the error, in deviations of random rotations */
    GROUP_PAGE_ANGLES,
    GROUP_PAGE_MAPS, /* W, W_k, W - W_k */
    GROUP_PAGES
};
extern const char *const group_page_names[]; /* NULL-terminated, in enum order */

enum group_focus { GROUP_FOCUS_LIST, GROUP_FOCUS_PLOT, GROUP_FOCUS_NUMBERS, GROUP_FOCUS_COUNT };
extern const char *const group_focus_names[];

enum { GROUP_MULTIPLE = 32 /* of ranks, where factors will be rounded in blocks */ };

struct grouping {
    struct grouped *of; /* owned */
    size_t n, room, at;
    bool begun;
    char notice[240];    /* what the model has that could not be grouped; "" */
    uint64_t ids, model; /* handed out; parameters of all tensors */

    /* How ranks are chosen: joint_plan.h. */
    int rule;        /* enum joint_rule */
    double value;    /* the rule's */
    bool whole;      /* ranks are multiples of GROUP_MULTIPLE */
    int balance;     /* enum balance */
    bool rule_waits; /* for the profiles that it needs */
    /* What the ranks are of: a session may have said something else since. */
    struct grouping_set {
        int rule, balance;
        double value;
        bool whole;
    } set;
    struct joint_account account;

    int page, focus;           /* enum group_page, group_focus */
    struct group_found *extra; /* owned; angles and maps of one group at one rank; NULL */
    size_t draws;              /* of a null test; 0: JOINT_NULL_DRAWS */
    uint64_t test;             /* the group whose null test is wanted; 0: none */
    bool test_all;             /* of every group */
    bool stopped;              /* by hand or by a failure, until something is asked for */
    struct group_wish out;     /* what is out, or was out last */
};

/* How the view is laid out in so many cells; full: the focused pane alone. */
enum { GROUP_PLOTS = 4 };
struct group_layout {
    int list_wide, numbers_high; /* 0: one pane alone */
    int columns, rows;           /* of plots: page, page + 1, ... downwards */
};
struct group_layout group_layout(bool full, int width, int height);

/* Finds the groups of what is open, unless that was done. */
void grouping_begin(struct model *m);
void grouping_forget(struct model *m);
size_t grouping_known(const struct grouping *g);        /* how many were looked at */
struct grouped *grouping_chosen(const struct model *m); /* NULL: there is none */

/* A group by hand, behind the chosen one, which it becomes; or no longer that one. */
bool grouping_add(struct model *m, const char *text, struct error *err);
void grouping_drop(struct model *m);

/* "blk.0.qk"; of one by hand what its members are: "blk.0.attn_q+attn_v". */
void grouping_name(const struct model *m, const struct grouped *g, char *out, size_t size);
/* A member in a word: its module, or the last part of its name. */
void grouping_member(const struct model *m, const struct member *member, char *out, size_t size);
/* The group's members, as group_parse reads them. */
void grouping_text(const struct model *m, const struct grouped *g, char *out, size_t size);

/* For the model: whether a request is wanted, what it says, and its answers. */
bool grouping_want(struct model *m);
void grouping_request(struct model *m, struct request *out);
void grouping_accept(struct model *m, struct outcome *o);
void grouping_failed(struct model *m, const struct error *why);
/* Its null test, as soon as nothing else is to be done; or that of all. */
void grouping_test(struct model *m, bool all);
void grouping_balance(struct model *m, enum balance balance); /* profiles come anew */
/* What a session changed of rule and balance takes effect. */
void grouping_follow(struct model *m);
void grouping_stop(struct model *m);
void grouping_go_on(struct model *m);

/* ---- ranks (grouping_ranks.c) ---- */

/* Ranks by the rule anew; a rule whose profiles are not all there yet waits for them. */
void grouping_plan(struct model *m);
/* Another rule. Fails with ERROR_USAGE, and nothing changes, for what no rank reaches. */
bool grouping_rule(struct model *m, enum joint_rule rule, double value, struct error *err);
/* The chosen group's rank, clamped to 1..min(n, S); from now on ranks are set by hand. */
void grouping_rank(struct model *m, double rank);
/* "prune 10%", "rank 24", "energy 0.9", "greedy 10%", "keep 80%", "edge", "multiple 32|1". */
bool grouping_words(struct model *m, const char *text, struct error *err);
/* The rule, in words: "prune 10 %". */
void grouping_rule_text(const struct grouping *g, char *out, size_t size);

/* What `rank` keeps of a group's parameters: k (n + S) / (n S). */
double grouped_keep(const struct grouped *g);
/* Separate ranks that take as many parameters, one share for all members; and of least error. false: no
 * profile, or the group is left dense. */
bool grouped_separate(const struct grouped *g, bool greedy, size_t ranks[GROUP_MEMBERS]);
/* Over all counted groups with a rank, root of the sums of squares; NAN: not all are known. */
double grouping_error(const struct grouping *g);
const struct joint_null *grouped_null(const struct grouped *g); /* at its rank; NULL: not tested */
