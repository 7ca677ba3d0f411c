#pragma once

#include "error.h"

/* Which file stands for a folder, and where files beside one are. */

bool folder_is(const char *path); /* a folder, not a file */
/* The model in it: its safetensors index, else its only .safetensors or .gguf (of a split one the
 * first part). The caller's, from memory.h. ERROR_READ: there is none, or several. */
char *folder_model(const char *path, struct error *err);
/* The path of NAME beside FILE; the caller's. */
char *folder_beside(const char *file, const char *name, struct error *err);
/* Whether FILE is a link whose target lies outside of the folder that FILE is in. */
bool folder_left(const char *file);
