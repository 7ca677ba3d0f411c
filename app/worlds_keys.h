#pragma once

#include "model.h"

/* Keys and commands of worlds.h: rows of the privacy view's actions, and of commands.c. */

void worlds_key_release(struct model *m); /* its price, in the release */
void worlds_key_explore(struct model *m);
void worlds_key_sandbox(struct model *m);
void worlds_key_leave(struct model *m); /* to what was released, or to the sandbox */
void worlds_key_ledger(struct model *m);
void worlds_key_confirm(struct model *m);
void worlds_key_type(struct model *m);
void worlds_key_write(struct model *m); /* what is looked at, to a file */
void worlds_key_row(struct model *m, int by);
void worlds_key_value(struct model *m, int by);  /* so many small steps */
void worlds_key_coarse(struct model *m, int by); /* so many large ones */
void worlds_key_least(struct model *m);
void worlds_key_most(struct model *m);

/* The pointer on a row of the world's form; slides: so far along its bar, 0 to 1. */
void worlds_point(struct model *m, size_t row, bool slides, double along);

bool worlds_command_release(struct model *m, const char *arguments, struct error *err);
bool worlds_command_explore(struct model *m, const char *arguments, struct error *err);
