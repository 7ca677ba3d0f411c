#pragma once

#include "model.h"

/* Commands about the tensors of a file: rows of commands.c. */

bool browse_command_tensor(struct model *m, const char *arguments, struct error *err);
bool browse_command_filter(struct model *m, const char *arguments, struct error *err);
bool browse_command_sort(struct model *m, const char *arguments, struct error *err);
