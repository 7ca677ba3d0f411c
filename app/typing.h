#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line of text being typed: UTF-8, the cursor a byte offset between characters. */

/* Takes an editing key (Left, Right, Home, End, Backspace, Delete, C-u) or, text
 * not 0, a character. false: not for a line. */
bool typing_key(char *line, size_t size, size_t *at, const char *key, uint32_t text);

/* The character that a key of this name types: of "x" and "Space"; 0 for "Enter", "C-l".
 * false: no key is named like that. */
bool typing_text(const char *key, uint32_t *text);
