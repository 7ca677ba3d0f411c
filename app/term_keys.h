#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The name of a key as curses gives it: a code of its own (`code`), or a character.
 * *text: the character, 0 for others. false: a key without a name here. */
bool term_keys_name(bool code, uint32_t c, char *name, int size, uint32_t *text);
