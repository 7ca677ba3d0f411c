#pragma once

#include "study.h"

/* Two places to keep a setting in, to compare it with others: its method, its
 * parameters, its picture and its numbers. The model owns them; UI thread only.
 * An empty A stands for what is shown now, an empty B for the original. */

struct model;

enum { SLOT_A, SLOT_B, SLOT_COUNT };

struct slot {
    const struct method *method; /* NULL: empty */
    struct params_any params;
    struct shown *shown;    /* one reference; NULL: not computed yet */
    struct numbers numbers; /* of `shown` */
    /* The picture asked for last, so that what failed or was stopped is not asked for again. */
    bool asked;
    int wide, high;
    struct region region;
};

void slot_clear(struct slot *s);

/* Keeps what the parameters say now; what is not computed yet is asked for. */
void slot_keep(struct model *m, int i);

/* Keeps another setting, likewise. */
void slot_put(struct model *m, int i, const struct method *method, const struct params_any *params);

/* Whether its picture is of this size and region. */
bool slot_sharp(const struct slot *s, int wide, int high, struct region region);

/* The slot whose picture is needed on the screen and not there, nor asked for; -1: none. */
int slots_want(const struct model *m, int wide, int high, struct region region);

/* After a new picture: slots of the same settings, or of the same nested method, take it. */
void slots_follow(struct model *m);

/* A picture for a slot: taken over if its settings are still the slot's. */
void slots_accept(struct model *m, struct outcome *o);
