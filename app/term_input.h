#pragma once

#include "input.h"

/* Reading the terminal: events from standard input, and how long to wait for the rest
 * of one that has begun. */

void term_input_open(bool utf8);
void term_input_await(bool answers); /* whether answers are on their way */

/* ms until what was begun is taken as it is; 0: now; -1: nothing was begun. */
int term_input_patience(void);
bool term_input_gone(void);            /* the terminal was closed */
bool term_input_next(struct event *e); /* never waits; false: none */
