#pragma once

/* What libraries and drivers print by themselves: it may enter neither the results on stdout nor
 * the screen. Descriptors; called from the main thread. */

/* Whatever is written to stdout goes to stderr from now on; where results go instead. Called again
 * it says the same; -1: none is left. */
int stray_stdout(void);

/* While the screen is up: keeps what is written to stderr, if that is a terminal. */
void stray_hold(void);
void stray_tell(void); /* and writes it there, at the end */
