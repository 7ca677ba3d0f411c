#pragma once

#include "family.h"
#include "joint_null.h"

/* What the worker is asked about one group of matrices, and what it finds. */

enum {
    GROUP_PROFILE = 1 << 0, /* the errors at every rank */
    GROUP_NULL = 1 << 1,    /* of the stack against random rotations, at every rank */
    GROUP_ANGLES = 1 << 2,  /* principal angles at `rank` */
    GROUP_MAPS = 1 << 3,    /* W, its part of `rank`, and what is left, as maps */
};

struct group_wish {
    uint64_t id; /* of the group, for as long as the document is open */
    unsigned what;
    struct group group;
    int balance; /* enum balance */
    size_t rank;
    size_t draws;
    uint64_t seed;
    int wide, high; /* of the maps */
};

enum { GROUP_MAP_WHOLE, GROUP_MAP_KEPT, GROUP_MAP_LEFT, GROUP_MAPS_N };

/* Parts that were not asked for are empty. */
struct group_found {
    struct group_wish wish;
    struct joint_profile profile;
    double
        rounding; /* mean square of what rounding did to the entries (document_noise); NAN: nothing */
    struct joint_null *null; /* owned; wish.draws draws; [k - 1] is of rank k */
    size_t n_null;
    double *cosines; /* owned; GROUP_MEMBERS blocks of n_cosines, the first of them empty */
    size_t n_cosines;
    struct matrix map[GROUP_MAPS_N]; /* F32, mean |entry| of blocks, members below each other */
};
void group_found_destroy(struct group_found *f); /* NULL is fine */
