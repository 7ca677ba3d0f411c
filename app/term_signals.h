#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* Signals while the workbench has the terminal: those that tell something wake the
 * loop through a pipe, those that kill restore the terminal first. */

bool term_signals_open(void); /* the pipe; false: errno says why */
void term_signals_close(void);
int term_signals_fd(void); /* readable when something was told */

void term_signals_catch(void);
void term_signals_release(void);
void term_signals_raise(int number); /* as if it had come */

/* What a fatal signal writes and sets before it goes on; n 0: nothing. Copied. */
void term_signals_restore(const char *bytes, size_t n, const struct termios *shell);

/* What was told since, all of it at once. */
struct told {
    bool quit, stop, woken;
};
struct told term_signals_take(void);
