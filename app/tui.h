#pragma once

#include "model.h"
#include "term.h"

/* The workbench: loop of key or outcome -> model -> draw. Returns when the user
 * quits; false with *err when the terminal or the worker could not be had. After it,
 * m->abandoned says that the process has to end without freeing the model. */
bool tui_run(struct model *m, struct backend *backend, const struct term_options *o,
             struct error *err);
