#pragma once

#include "model.h"

/* The way from what is shown to a file without a screen. */

/* The name that an export has unless another is typed: "photo-lplr-k24.png". */
void reproduce_name(const struct model *m, char *out, size_t size);

/* The shell's command that writes, byte for byte, the file that an export by this name
 * writes: "eigenscope run lplr ... -o photo-lplr-k24.png". Fails with ERROR_USAGE where
 * nothing is open, ERROR_LIMIT where it does not fit. */
bool reproduce_command(const struct model *m, char *out, size_t size, struct error *err);

/* For the weights view: "eigenscope spectrum FILE::NAME" of the matrix one is on, else "eigenscope list
 * FILE". */
bool reproduce_look(const struct model *m, char *out, size_t size, struct error *err);

/* The same for what the compare view shows: "eigenscope compare FILE --bits-per-entry 1 ...". */
bool reproduce_compare(const struct model *m, char *out, size_t size, struct error *err);
/* The privacy view's beyond its sandbox: the release, which that asks about, too; or a frame of what was
 * released. */
bool reproduce_world(const struct model *m, char *out, size_t size, struct error *err);
/* The run of the group that the groups view has chosen. */
bool reproduce_groups(const struct model *m, char *out, size_t size, struct error *err);
/* Of the privacy view's sandbox a frame, since what it draws is not written to a file. */
bool reproduce_privacy(const struct model *m, char *out, size_t size, struct error *err);
