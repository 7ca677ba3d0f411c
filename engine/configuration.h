#pragma once

#include "document.h"

/* Facts "config.KEY" of every plain value on the top of the config.json that lies beside the
 * document's file, as transformers writes it. There need not be one; of one that is broken or larger
 * than LIMIT_CONFIGURATION a note says so, and nothing is taken. False: ERROR_MEMORY. */
bool configuration_read(struct document *d, struct error *err);
