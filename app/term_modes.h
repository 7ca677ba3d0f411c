#pragma once

#include <stdbool.h>
#include <termios.h>

/* What is switched in a terminal past curses: keys that say what they are, the mouse,
 * pasting; and the bytes that switch all of it back. Terminfo is loaded. */

void term_modes_say(const char *bytes);       /* written at once */
void term_modes_enter(bool mice, bool mouse); /* mice: it has any; mouse: it is ours */
void term_modes_leave(bool mice);
void term_modes_mouse(bool on);

/* What fatal signals write. */
void term_modes_restore(bool mice, bool synchronized, const struct termios *shell);
