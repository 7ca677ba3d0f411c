#pragma once

#include "model.h"

#include <stdio.h>

/* A session as text: "# eigenscope session 1", then one line of `:` commands per line
 * (docs/file-formats.md). It holds names and parameters: no pixel, no spectrum, nothing
 * of a matrix. UI thread only. */

/* What `show` sets and sessions keep of the panes: rows over struct model. */
extern const struct param_table session_rows;

void session_reset(struct model *m); /* parameters and panes to their defaults, no marks */

/* anywhere: the file's path from the root, so that it is found from every folder. */
void session_print(const struct model *m, bool anywhere, FILE *out);

/* Appears whole or not at all; replaces sessions, and nothing else. "": the last one. */
bool session_write(const struct model *m, const char *path, struct error *err);

/* Runs its lines. One that fails is passed over; the message line then names the first
 * of them. Lines of the commands named in `without` (NULL-terminated; NULL: none) are left
 * out. Fails where the file cannot be read or is no session; the model is then as it was. */
bool session_read(struct model *m, const char *path, const char *const *without, struct error *err);
/* The FILE[::NAME] that it opens; false: it opens none, or cannot be read. */
bool session_opens(const char *path, char *out, size_t size);

/* $XDG_STATE_HOME/eigenscope/last.session, ~/.local/state without that; make: its folder, too. */
bool session_path(char *out, size_t size, bool make, struct error *err);

/* The whole text of a session; memory_free it. Fails with ERROR_READ or ERROR_FORMAT. */
char *session_load(const char *path, struct error *err);
