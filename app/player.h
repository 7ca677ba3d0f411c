#pragma once

#include "model.h"

/* Sessions with time in them. A recorder writes what is pressed as lines of `:`
 * commands with `wait SECONDS` between them, a bare `wait` where the answer was there;
 * a player runs them through the functions that the keys run. UI thread only. */

/* Starts with what m shows. force: replaces an existing file. */
struct recorder *recorder_open(const char *path, bool force, const struct model *m,
                               struct error *err);
/* The model's clock runs from here on: the first wait is counted from now, and not from the start of the clock. */
void recorder_begin(struct recorder *r, const struct model *m);
/* NULL is fine. Fails with ERROR_WRITE. */
bool recorder_close(struct recorder *r, const struct model *m, struct error *err);
/* Before the key does anything. action: its name, where the key means one; else NULL. "" and
 * NULL: only what changed before is written. */
void recorder_key(struct recorder *r, const struct model *m, const char *key, const char *action);
/* Before and after the pointer does something that is no key: what it changed of the panes. */
void recorder_before(struct recorder *r, const struct model *m);
void recorder_after(struct recorder *r, const struct model *m);

struct player *player_open(const char *path, double speed, struct error *err);
void player_close(struct player *p); /* NULL is fine */
/* Milliseconds until its next line is due, <= 0: now; HUGE_VAL: when the model has its answer. */
double player_left(const struct player *p, const struct model *m, double now_ms);
/* Runs the next line. After the last one m->player is NULL: the user's hands again. */
void player_step(struct player *p, struct model *m, double now_ms);
/* The hands are the user's from here on, and what is not to be confirmed by half a hand is closed. */
void player_end(struct model *m);

/* The command `wait`: alone, where nobody plays, there is nothing to wait for. Fails with ERROR_USAGE. */
bool player_wait(struct model *m, const char *arguments, struct error *err);
